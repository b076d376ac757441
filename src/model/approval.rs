//! Requests that wait for people, what people decided, and single uses.
//! Storing them and checking who decides is done elsewhere.

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::policy::Requirement;
use super::target::TargetKey;

/// Exactly what an approval binds to: a SHA-256 in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

/// A short random name of a request, such as `7F3K`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub String);

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestState {
    Pending,
    Approved,
    Rejected,
    Used,
    Expired,
}

impl RequestState {
    /// Returns the word used in JSON and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Used => "used",
            Self::Expired => "expired",
        }
    }
}

/// How an approval was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// A terminal that is not under an agent; unattested.
    Terminal,
    Password,
    Key,
    Hardware,
    SecondPerson,
}

impl Strength {
    /// Returns the word used in JSON, policy files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Password => "password",
            Self::Key => "key",
            Self::Hardware => "hardware",
            Self::SecondPerson => "second-person",
        }
    }
}

/// One recorded decision of a human for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// RFC 3339.
    pub at: String,
    pub strength: Strength,
    /// Account name, with the uid in parentheses.
    pub by: String,
    /// 1: saw backup and impact; 2: saw consequences and typed the name.
    pub step: u8,
    /// Random; makes two records distinct.
    pub nonce: String,
    /// Backups that the human was shown.
    pub backups: Vec<String>,
    /// Targets for which the human typed a waiver.
    pub waived: Vec<TargetKey>,
}

/// Everything that is known about one held call; secrets are redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    pub fingerprint: Fingerprint,
    pub state: RequestState,
    pub tool: String,
    /// The command as shown: redacted.
    pub command: String,
    pub cwd: String,
    pub session: Option<String>,
    pub findings: Vec<Finding>,
    pub requirement: Requirement,
    /// What the second approval has to type.
    pub confirm: String,
    pub approvals: Vec<Approval>,
    /// Backups that were relied on at use, or are the newest known.
    pub backups: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    pub expires_at: String,
    /// How often the call was held.
    pub held: u64,
    pub used_at: Option<String>,
    pub outcome: Option<Outcome>,
}

/// What became of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Exit 0 was given.
    Passed,
    /// PostToolUse was seen with the same input.
    Ran,
    Unknown,
}

/// A time-boxed relief of approvals for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub id: String,
    pub target: TargetKey,
    /// Identity of the server and database it is bound to, as JSON of `Identity`, when it has one.
    pub identity: Option<super::database::Identity>,
    pub reason: String,
    /// RFC 3339.
    pub from: String,
    pub until: String,
    pub by: String,
    pub revoked: bool,
}
