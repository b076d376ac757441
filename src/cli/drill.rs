//! `backstop drill`. Restores into a scratch place, compares and drops the scratch.

/// Restores into a scratch place, compares and drops the scratch.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`drill` is not built yet", "see CHANGELOG.md for what is");
    2
}
