//! `backstop uninstall`. Takes the guard out of an agent.

/// Takes the guard out of an agent.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error(
        "`uninstall` is not built yet",
        "see CHANGELOG.md for what is",
    );
    2
}
