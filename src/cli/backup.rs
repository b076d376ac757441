//! `backstop backup`. Makes, lists, shows, verifies and prunes backups.

/// Makes, lists, shows, verifies and prunes backups.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`backup` is not built yet", "see CHANGELOG.md for what is");
    2
}
