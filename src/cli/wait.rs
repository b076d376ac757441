//! `backstop wait`. Waits until a request is decided.

/// Waits until a request is decided.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`wait` is not built yet", "see CHANGELOG.md for what is");
    2
}
