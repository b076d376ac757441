//! `backstop approve`. Approves a request, in a terminal of your own.

/// Approves a request, in a terminal of your own.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`approve` is not built yet", "see CHANGELOG.md for what is");
    2
}
