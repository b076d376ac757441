//! `backstop git pre-commit`.

use std::path::Path;

use crate::cli::say_error;

/// The words that git gives its pre-commit hook.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the hook and returns the exit code.
pub fn run(_args: &Args, _state: Option<&Path>) -> u8 {
    say_error("the pre-commit hook is not built in this version", "");
    1
}
