//! `backstop hook`. One hook call: JSON on stdin, exit 0 without output (no opinion) or 2 (block) with the reason on stderr.

/// One hook call: JSON on stdin, exit 0 without output (no opinion) or 2 (block) with the reason on stderr.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    super::say_error("`hook` is not built yet", "see CHANGELOG.md for what is");
    2
}
