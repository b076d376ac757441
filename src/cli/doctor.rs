//! `backstop doctor`. Says what is wrong, why it matters and what mends it.

/// Says what is wrong, why it matters and what mends it.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`doctor` is not built yet", "see CHANGELOG.md for what is");
    2
}
