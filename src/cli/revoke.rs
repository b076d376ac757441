//! `backstop revoke`. Takes approvals or a lease back.
//! Afterwards less is allowed than before, so it asks for no terminal.

use jiff::Timestamp;

use super::settings::{self, StateArgs, Trouble};
use crate::adapters::process;
use crate::store;

/// Takes approvals, a rejection or a lease back.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the request, or of the lease (`L-…`).
    #[arg(value_name = "ID|LEASE")]
    pub id: String,
    /// Why.
    #[arg(long, default_value = "")]
    pub reason: String,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    match revoke(args) {
        Ok(text) => {
            super::say(&text);
            0
        }
        Err(trouble) => trouble.tell(1),
    }
}

fn revoke(args: &Args) -> Result<String, Trouble> {
    let store = settings::open(&args.state)?;
    let (by, now) = (process::account(), Timestamp::now());
    let name = args.id.trim().to_ascii_uppercase();
    if name.starts_with("L-") {
        let lease = store.revoke_lease(&name, &by, &args.reason, now)?;
        return Ok(format!("Lease {} has ended.\n", lease.id));
    }
    let id = store::request_id(&name)?;
    let request = store.revoke(&id, &by, &args.reason, now)?;
    Ok(format!(
        "Request {} is pending again: approvals that were given count no more.\n",
        request.id.0
    ))
}
