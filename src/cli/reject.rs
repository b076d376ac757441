//! `backstop reject`. Rejects a request.
//! A rejection opens nothing, so it asks for no terminal.

use jiff::Timestamp;

use super::settings::{self, StateArgs, Trouble};
use crate::adapters::process;
use crate::store;

/// Rejects a request.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the request.
    pub id: String,
    /// Why; the agent reads it.
    #[arg(long, default_value = "")]
    pub reason: String,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    match reject(args) {
        Ok(text) => {
            super::say(&text);
            0
        }
        Err(trouble) => trouble.tell(1),
    }
}

fn reject(args: &Args) -> Result<String, Trouble> {
    let store = settings::open(&args.state)?;
    let id = store::request_id(&args.id)?;
    let request = store.reject(&id, &process::account(), &args.reason, Timestamp::now())?;
    Ok(format!("Request {} is rejected.\n", request.id.0))
}
