//! `backstop demo`. The whole story in a scratch directory: hold, backup, approvals, loss, undo.

/// The whole story in a scratch directory: hold, backup, approvals, loss, undo.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`demo` is not built yet", "see CHANGELOG.md for what is");
    2
}
