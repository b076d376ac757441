//! `backstop git reference-transaction`.

use std::path::Path;

use crate::cli::say_error;

/// The words that git gives its reference-transaction hook.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `preparing`, `prepared`, `committed` or `aborted`.
    pub phase: String,
}

/// Runs the hook and returns the exit code.
pub fn run(_args: &Args, _state: Option<&Path>) -> u8 {
    say_error(
        "the reference-transaction hook is not built in this version",
        "",
    );
    1
}
