//! Backups as recorded: manifest, artefacts, verification levels, freshness.
//! The on-disk form is described in `docs/formats.md`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::database::Identity;
use super::target::TargetKey;

/// How deeply a backup was verified; each level includes the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Written, not read back.
    None,
    /// Sizes and checksums were read back.
    Digest,
    /// Decompressed and parsed to the end, contents and counts compared with the snapshot.
    Readable,
    /// Restored into a scratch place and compared.
    Restored,
}

impl Level {
    /// Returns the word used in JSON, policy files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Digest => "digest",
            Self::Readable => "readable",
            Self::Restored => "restored",
        }
    }
}

/// Why a backup was made; decides how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupType {
    Guard,
    PreDeploy,
    Scheduled,
    Manual,
    Emergency,
}

impl BackupType {
    /// Returns the word used in folder names, JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::PreDeploy => "pre-deploy",
            Self::Scheduled => "scheduled",
            Self::Manual => "manual",
            Self::Emergency => "emergency",
        }
    }
}

/// One thing that an artefact holds: a table with its rows, a file, a view.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// `table`, `view`, `sequence`, `file`, `directory`, `link`, …
    pub kind: String,
    /// `public.users`, or a path relative to the root of the tree.
    pub name: String,
    /// Rows of a table, bytes of a file.
    pub count: Option<u64>,
}

/// A definition that a backup has to hold: an index, a trigger, a function, a role, whatever is lost without rows of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Definition {
    /// `index`, `trigger`, `function`, `type`, `role`, `schema`, …; what cannot be looked up by its name is `object`.
    pub kind: String,
    /// As the statement names it; where it belongs to a table, with that in front (`public.users.noted`).
    pub name: String,
}

/// Content whose definition is there and whose rows are not: what marks a backup of some tables only.
pub const WITHOUT_ROWS: &str = "table-definition";

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artefact {
    /// Path relative to the backup's folder.
    pub path: String,
    /// `database`, `tree`, `globals`, `schema`, `data`, …
    pub role: String,
    /// `zstd`, `gzip` or `none`.
    pub codec: String,
    /// `sql`, `sqlite`, `tar`.
    pub format: String,
    pub bytes: u64,
    pub sha256: String,
    pub plain_bytes: u64,
    pub contents: Vec<Content>,
    /// Set when `contents` was cut at its limit (trees of very many files); the total stands here.
    pub contents_total: u64,
}

/// What was checked last, how deeply and when (RFC 3339).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub level: Level,
    pub at: String,
    /// Sentences without full stop: what was compared.
    pub notes: Vec<String>,
}

/// What identifies the state that a backup saw; compared again at use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Marks {
    /// SHA-256 over the marks of every file (size, mtime_ns, ctime_ns, inode) for trees and SQLite; empty for servers.
    pub digest: String,
    /// WAL position for PostgreSQL.
    pub position: String,
}

/// Everything that is known about one backup; `metadata/manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format version, 1.
    pub format: u32,
    /// Folder name: `guard-backup-20261121-101500-7F3K`.
    pub id: String,
    #[serde(rename = "type")]
    pub kind: BackupType,
    /// RFC 3339; start of the snapshot: age counts from here.
    pub snapshot_at: String,
    pub finished_at: String,
    pub target: TargetKey,
    /// How to reach the target again, without secrets.
    pub reach: super::target::Reach,
    pub identity: Identity,
    pub marks: Marks,
    pub tool: String,
    pub server_version: String,
    pub artefacts: Vec<Artefact>,
    pub verification: Verification,
    /// Fingerprint of the request that asked for it.
    pub request: Option<String>,
    /// Commands that restore it without backstop.
    pub recovery: Vec<String>,
    /// The backup lives on the same file system as the target.
    pub same_disk: bool,
    /// Things left out or changed while read, as sentences.
    pub warnings: Vec<String>,
}

impl Manifest {
    /// Returns the sum of the sizes of all artefacts, in bytes.
    pub fn bytes(&self) -> u64 {
        self.artefacts.iter().map(|artefact| artefact.bytes).sum()
    }
}

/// A backup in the catalog: its folder and its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub folder: PathBuf,
    pub manifest: Manifest,
}

impl Entry {
    /// Returns the folder of all backups, in which this one lies.
    pub fn backups(&self) -> &std::path::Path {
        self.folder.parent().unwrap_or(&self.folder)
    }
}

/// Whether a backup counts as evidence for a loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Covers the loss, is young enough and verified deeply enough.
    Fresh,
    /// Too old; age in seconds.
    Stale(u64),
    /// Not verified deeply enough.
    Unverified(Level),
    /// Of another database or tree, or without a threatened object; says which.
    WrongTarget(String),
    /// The target changed since the backup saw it.
    Changed(String),
    /// There is none.
    Missing,
}
