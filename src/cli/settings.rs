//! Settings that several commands share: where the state is, which form the output has.
//! It reads no policy.

use std::path::PathBuf;

use crate::adapters::environment;
use crate::store::{SpendError, Store, StoreError};

/// `--state DIR`, before or behind a subcommand.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct StateArgs {
    /// State directory; without it `$XDG_STATE_HOME/backstop`, else `~/.local/state/backstop`.
    #[arg(long = "state", value_name = "DIR", global = true)]
    pub state: Option<PathBuf>,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// What a command could not do, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub text: String,
    pub help: String,
}

impl Trouble {
    /// Returns a trouble with its help line.
    pub fn new(text: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            help: help.into(),
        }
    }

    /// Writes it to stderr and returns the exit code.
    pub fn tell(&self, code: u8) -> u8 {
        super::say_error(&self.text, &self.help);
        code
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::new(error.to_string(), error.help())
    }
}

impl From<SpendError> for Trouble {
    fn from(error: SpendError) -> Self {
        Self::new(error.to_string(), "")
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string(), "")
    }
}

/// Returns the state directory that is meant.
///
/// # Errors
/// Fails when nothing names one.
pub fn state_dir(args: &StateArgs) -> Result<PathBuf, Trouble> {
    args.state
        .clone()
        .or_else(environment::state_dir)
        .ok_or_else(|| {
            Trouble::new(
                "no state directory is known: neither `--state` nor `HOME` is set",
                "name one with `--state DIR`",
            )
        })
}

/// Opens the store that is meant.
///
/// # Errors
/// Fails when it is missing or cannot be trusted.
pub fn open(args: &StateArgs) -> Result<Store, Trouble> {
    Ok(Store::open(&state_dir(args)?)?)
}
