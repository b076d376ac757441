//! `backstop undo`. Brings back what a used request lost.

/// Brings back what a used request lost.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`undo` is not built yet", "see CHANGELOG.md for what is");
    2
}
