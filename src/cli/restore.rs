//! `backstop restore`. Restores a backup.

/// Restores a backup.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`restore` is not built yet", "see CHANGELOG.md for what is");
    2
}
