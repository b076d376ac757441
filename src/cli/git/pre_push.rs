//! `backstop git pre-push`.

use std::path::Path;

use crate::cli::say_error;

/// The words that git gives its pre-push hook.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the remote, or its URL.
    pub remote: String,
    /// URL of the remote.
    pub url: String,
}

/// Runs the hook and returns the exit code.
pub fn run(_args: &Args, _state: Option<&Path>) -> u8 {
    say_error("the pre-push hook is not built in this version", "");
    1
}
