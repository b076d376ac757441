//! `backstop revoke`. Takes approvals or a lease back.

/// Takes approvals or a lease back.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`revoke` is not built yet", "see CHANGELOG.md for what is");
    2
}
