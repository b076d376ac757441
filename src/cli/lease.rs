//! `backstop lease`. Relieves calls that lose only one target of approvals, for some hours.

/// Relieves calls that lose only one target of approvals, for some hours.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`lease` is not built yet", "see CHANGELOG.md for what is");
    2
}
