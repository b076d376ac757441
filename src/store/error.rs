//! What can go wrong in the store, in words for people.
//! It does not decide what follows from an error; whoever asked treats every one of them as "not allowed".

use std::path::{Path, PathBuf};

use crate::model::approval::{RequestId, RequestState, Strength};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the state directory `{}` is missing", .0.display())]
    Missing(PathBuf),
    #[error("`{}` is not a directory", .0.display())]
    NotDirectory(PathBuf),
    #[error("the state directory `{}` belongs to uid {owner}, and this process runs as uid {uid}", path.display())]
    Owner { path: PathBuf, owner: u32, uid: u32 },
    #[error("other accounts can write to `{}`", .0.display())]
    Loose(PathBuf),
    #[error("cannot {doing} `{}`: {source}", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("another process has kept the state directory `{}` locked for {seconds} s", path.display())]
    Busy { path: PathBuf, seconds: u64 },
    #[error("the ledger is damaged: {0}")]
    Damaged(String),
    #[error("the file of request `{0}` does not agree with the ledger")]
    Mismatch(String),
    #[error("`{0}` is not the name of a request or lease")]
    BadName(String),
    #[error("there is no request `{}`", .0.0)]
    UnknownRequest(RequestId),
    #[error("there is no lease `{0}`")]
    UnknownLease(String),
    #[error("request `{}` is {}", id.0, state.name())]
    State { id: RequestId, state: RequestState },
    #[error("no approval opens request `{}`: policy denies it", .0.0)]
    Denied(RequestId),
    #[error("approval {given} of request `{}` cannot be recorded: approval {expected} is next", id.0)]
    Order {
        id: RequestId,
        given: u8,
        expected: u8,
    },
    #[error("this approval was recorded before")]
    Repeated,
    #[error("policy wants {wanted} s between two approvals: {left} s are left")]
    Pause { wanted: u64, left: u64 },
    #[error("policy wants approvals of two different people, and `{0}` gave the first")]
    SamePerson(String),
    #[error("policy wants approvals of strength `{}` at least, and this one is `{}`", wanted.name(), given.name())]
    Weak { wanted: Strength, given: Strength },
    #[error("the clock went backwards: it is {now}, and the ledger has a record of {last}")]
    Clock { now: String, last: String },
    #[error("`{0}` is not a time that can be read")]
    BadTime(String),
    #[error("a lease lasts at most {0} h")]
    LeaseTooLong(u64),
    #[error("a lease needs two distinct approvals")]
    LeaseApprovals,
    #[error("records of kind `{0}` are written by their own function only")]
    Reserved(String),
    #[error("a record of {bytes} bytes is larger than the limit of {limit}")]
    TooLarge { bytes: usize, limit: usize },
    #[error("a value cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl StoreError {
    /// Returns what mends it, for the `help:` line; empty when nothing general can be said.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing(_) => {
                "`backstop install claude` creates it; if it was there before, bring it back"
            }
            Self::NotDirectory(_) | Self::Owner { .. } => "name another one with `--state DIR`",
            Self::Loose(_) => "take the right away: `chmod go-w DIR`",
            Self::Mismatch(_) => "`backstop doctor` names the file and what mends it",
            Self::Damaged(_) => {
                "`backstop ledger verify` names the first bad record; `backstop ledger repair`, at a terminal, sets aside what stands behind the last good one; to begin anew, move the state directory aside"
            }
            Self::UnknownRequest(_) | Self::State { .. } | Self::BadName(_) => {
                "`backstop requests` lists them"
            }
            Self::UnknownLease(_) => "`backstop lease list` lists them",
            Self::Busy { .. } => "try again; `fuser` on the file `lock` names the process",
            Self::Weak { .. } => {
                "approvals are given at a terminal so far, and nothing gives a stronger proof: set `approvals.strength = \"terminal\"` in the owner's policy"
            }
            Self::Clock { .. } => "set the clock right, then approve again",
            _ => "",
        }
    }

    pub(super) fn io(
        doing: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

/// Why a use was not granted.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("request `{}` is for another command", .0.0)]
    Fingerprint(RequestId),
    #[error("another call has just used the approvals of request `{}`: they open one run", .0.0)]
    Used(RequestId),
    #[error("request `{}` was rejected", .0.0)]
    Rejected(RequestId),
    #[error("request `{}` has expired", .0.0)]
    RequestExpired(RequestId),
    #[error("{have} of {need} approvals are there")]
    Approvals { have: u8, need: u8 },
    #[error("the approvals are older than {ttl_s} s")]
    ApprovalsExpired { ttl_s: u64 },
    #[error(
        "the clock went backwards: it is {now}, and the ledger has a record of {last}; set it right, or take the approvals back with `backstop revoke` and give them anew"
    )]
    Clock { now: String, last: String },
    #[error("too much was recorded since the approvals; approve again")]
    TooFarBack,
}
