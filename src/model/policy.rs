//! What policy demands: severities to requirements, limits, names; and a requirement itself.
//! This is the validated form; reading and merging files is done in the policy room.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::backup::Level;
use super::finding::Severity;
use super::target::TargetKey;

/// What a severity leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    Allow,
    Snapshot,
    Hold,
    Deny,
}

/// How much of its judgement the guard enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Holds what has to be held.
    Enforce,
    /// Makes the backups and lets the calls run.
    SnapshotOnly,
    /// Records what would have been held and lets it run.
    Observe,
}

/// Limits that keep the guard's own work bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub backup_bytes: u64,
    pub backup_seconds: u64,
    pub hold_wait_ms: u64,
    pub snapshot_wait_ms: u64,
    pub deadline_ms: u64,
    pub small_files: u64,
    pub small_bytes: u64,
    pub small_rows: u64,
    /// Free space that must remain, in bytes.
    pub free_bytes: u64,
}

/// A named relief with reason and expiry; only from the owner's layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub rule: String,
    /// Glob over the locator; nothing means any target.
    pub target: Option<String>,
    pub reason: String,
    /// Seconds since 1970.
    pub expires: i64,
}

/// The policy in force after all layers were merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub profile: String,
    pub mode: Mode,
    /// What each severity leads to.
    pub demands: BTreeMap<Severity, Demand>,
    /// Severity of single rules, changed by a layer.
    pub severities: BTreeMap<String, Severity>,
    pub max_age_s: u64,
    pub level: Level,
    pub approvals: u8,
    pub approval_ttl_s: u64,
    pub request_ttl_s: u64,
    pub pause_s: u64,
    pub two_people: bool,
    pub strength: String,
    pub min_bytes: u64,
    pub waiver: Waiver,
    pub drift: Drift,
    pub limits: Limits,
    /// Names of folders that hold regenerable output.
    pub regenerable: Vec<String>,
    /// Refs of remotes that others build on.
    pub protection: super::push::Protection,
    pub backup_dir: Option<PathBuf>,
    pub codec: String,
    pub tool_dirs: Vec<PathBuf>,
    pub exceptions: Vec<Exception>,
    /// Remote targets the owner enrolled: they may be contacted.
    pub enrolled: Vec<TargetKey>,
    /// Small losses that `relaxed` snapshots instead of holding.
    pub relax_small: bool,
    pub keep_guard_s: u64,
    pub undo_window_s: u64,
    /// Databases behind MCP servers: server name to connection text.
    pub mcp: BTreeMap<String, String>,
}

/// What follows when a server's data was written to after its backup was begun; files are always compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// The approver is told, and the call may pass.
    Shown,
    /// A newer backup is made in the call; where that takes longer than a call may wait, the next try relies on it.
    Renew,
    /// Nothing may have been written.
    None,
}

/// When the second approval may stand in for a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiver {
    /// Never.
    Never,
    /// Only where no driver exists or none can reach the target.
    NoDriver,
    /// Also where a backup was tried and failed.
    Impossible,
}

/// A backup that is owed for one target before the call may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupNeed {
    pub target: super::target::Target,
    pub max_age_s: u64,
    pub verify: Level,
    /// Objects that the backup has to hold (`public.users`).
    pub objects: Vec<String>,
    /// Definitions that the backup has to hold; without these and without objects the whole target is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<super::backup::Definition>,
}

impl BackupNeed {
    /// Tells whether the backup has to hold everything of the target.
    pub const fn is_whole(&self) -> bool {
        self.objects.is_empty() && self.definitions.is_empty()
    }

    /// Returns the names of everything that the backup has to hold; none means the whole target.
    pub fn names(&self) -> Vec<String> {
        let definitions = self.definitions.iter().map(|one| one.name.clone());
        self.objects.iter().cloned().chain(definitions).collect()
    }
}

/// What is owed before a call may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    pub demand: Demand,
    pub backups: Vec<BackupNeed>,
    pub approvals: u8,
    /// Targets that no backup can cover, with the reason; the second approval has to carry a waiver for them.
    pub waivers: Vec<(TargetKey, String)>,
}
