//! `backstop check`. Judges a command, a hook payload or SQL without any side effect.

/// Judges a command, a hook payload or SQL without any side effect.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`check` is not built yet", "see CHANGELOG.md for what is");
    2
}
