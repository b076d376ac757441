//! The answer to a call, with its reasons attached.
//! Nothing here turns a verdict into an exit code; render and the command line do.

use super::finding::Finding;
use super::policy::Requirement;

/// What happens to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    Allow,
    Snapshot,
    Hold,
    Deny,
}

impl Answer {
    /// Returns the word used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Snapshot => "snapshot",
            Self::Hold => "hold",
            Self::Deny => "deny",
        }
    }
}

/// The answer to one call and everything that led to it.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub answer: Answer,
    pub findings: Vec<Finding>,
    pub requirement: Requirement,
    /// What is missing, as sentences without full stop.
    pub gaps: Vec<String>,
}
