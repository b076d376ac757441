//! `backstop worker`. Makes the backups of one request in the background (started by the hook).

/// Makes the backups of one request in the background (started by the hook).
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`worker` is not built yet", "see CHANGELOG.md for what is");
    2
}
