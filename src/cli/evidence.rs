//! What a human is shown of backups and of the loss as it is now; who reads the catalog implements it.
//! The default reads nothing, so that requests can be shown and decided without a catalog.

use crate::model::approval::Request;
use crate::model::target::TargetKey;

/// How a backup stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupState {
    Running,
    Ready,
    Failed,
    /// Nobody looked.
    Unknown,
}

impl BackupState {
    /// Returns the word used in JSON and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// One backup as the approver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupShown {
    pub id: String,
    pub state: BackupState,
    /// Name of the verification level: `none`, `digest`, `readable`, `restored`.
    pub verified: String,
    pub age_s: Option<u64>,
    pub bytes: u64,
    /// Bytes that are expected in the end, while it runs.
    pub expected: Option<u64>,
    /// Commands that restore it without backstop.
    pub recovery: Vec<String>,
    /// What changed in the target since, as a sentence without full stop.
    pub changed: Option<String>,
    /// The target whose last backup failed, and why.
    pub failed: Option<(TargetKey, String)>,
}

/// Everything that is read again right before a human decides.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Shown {
    pub backups: Vec<BackupShown>,
    /// The loss as it is now; empty when nobody looked.
    pub blast_now: Vec<String>,
    /// Why the loss was not looked at again, as a sentence without full stop.
    pub unseen: Option<String>,
    /// What is missing, as sentences without full stop.
    pub gaps: Vec<String>,
    /// A backup was started that no list shows yet.
    pub is_made: bool,
}

impl Shown {
    /// Tells whether a backup is still being made.
    pub fn is_running(&self) -> bool {
        let mut backups = self.backups.iter();
        self.is_made || backups.any(|backup| backup.state == BackupState::Running)
    }
}

/// Where backups and the present loss are looked up.
pub trait Evidence {
    /// Looks again.
    fn refresh(&self, request: &Request) -> Shown;

    /// Called before a human decides: what changed since it was backed up is backed up anew. Tells whether a backup was started.
    fn renew(&self, _request: &Request) -> bool {
        false
    }

    /// Called when the first approval was recorded: from now on a remote target may be contacted.
    fn agreed(&self, _request: &Request) {}
}

/// Reads nothing: shows the ids that the request carries.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvidence;

impl Evidence for NoEvidence {
    fn refresh(&self, request: &Request) -> Shown {
        let backups = request
            .backups
            .iter()
            .map(|id| BackupShown {
                id: id.clone(),
                state: BackupState::Unknown,
                verified: "none".to_owned(),
                age_s: None,
                bytes: 0,
                expected: None,
                recovery: Vec::new(),
                changed: None,
                failed: None,
            })
            .collect();
        Shown {
            backups,
            ..Shown::default()
        }
    }
}
