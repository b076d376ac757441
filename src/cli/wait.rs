//! `backstop wait`. Waits until a request is decided.
//! It decides nothing, and agents may run it.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::settings::{self, StateArgs, Trouble};
use crate::model::approval::{Request, RequestId, RequestState};
use crate::store::{self, Store};

/// How often the request's file is looked at: cheap, and quick enough for a person who waits.
const LOOK: Duration = Duration::from_millis(200);

/// Waits until a request is decided.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the request.
    pub id: String,
    /// Ends after that many seconds; without it when the request is decided or expires.
    #[arg(long, value_name = "S")]
    pub timeout: Option<u64>,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    match until_decided(args) {
        Ok((text, code)) => {
            super::say(&text);
            code
        }
        Err(trouble) => trouble.tell(1),
    }
}

fn until_decided(args: &Args) -> Result<(String, u8), Trouble> {
    let store = settings::open(&args.state)?;
    let id = store::request_id(&args.id)?;
    let begun = Instant::now();
    let limit = args.timeout.map(Duration::from_secs);
    loop {
        let request = look(&store, &id)?;
        if let Some(answer) = decided(&request) {
            return Ok(answer);
        }
        if limit.is_some_and(|limit| begun.elapsed() >= limit) {
            let text = format!(
                "Request {} is still pending: {}.\n",
                id.0,
                super::screens::counted_approvals(&request)
            );
            return Ok((text, 1));
        }
        let left = limit.map_or(LOOK, |limit| limit.saturating_sub(begun.elapsed()));
        std::thread::sleep(LOOK.min(left));
    }
}

fn look(store: &Store, id: &RequestId) -> Result<Request, Trouble> {
    Ok(store.request(id, Timestamp::now())?)
}

fn decided(request: &Request) -> Option<(String, u8)> {
    let id = &request.id.0;
    match request.state {
        RequestState::Pending => None,
        RequestState::Approved => Some((
            format!("Request {id} is approved: run exactly the same command again.\n"),
            0,
        )),
        RequestState::Rejected => Some((
            format!("Request {id} was rejected: do not look for another way, ask the user.\n"),
            1,
        )),
        RequestState::Used => Some((format!("Request {id} was already used.\n"), 1)),
        RequestState::Expired => Some((format!("Request {id} has expired.\n"), 1)),
    }
}
