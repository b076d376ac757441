//! What every engine (tree, SQLite, PostgreSQL) offers to `make`, `verify` and `restore`, and the orders they get.
//! Layout, catalog, locks and limits are not the engines' business: they fill a folder that is given to them.

use std::path::{Path, PathBuf};

use super::control::Control;
use super::error::BackupError;
use super::pipeline::Codec;
use crate::model::backup::{Artefact, BackupType, Definition, Entry, Level, Marks};
use crate::model::database::Identity;
use crate::model::target::{Reach, Target};
use crate::plan::restore::{RestorePlan, Restored, Wish};

/// A backup that is wanted.
#[derive(Clone, Debug)]
pub struct Order {
    pub target: Target,
    /// Objects that the backup has to hold.
    pub objects: Vec<String>,
    /// Definitions that the backup has to hold; without these and without objects the whole target is meant.
    pub definitions: Vec<Definition>,
    pub kind: BackupType,
    /// Fingerprint of the request that asks for it.
    pub request: Option<String>,
    /// Short id of that request, for the folder's name.
    pub request_id: Option<String>,
    pub backup_dir: PathBuf,
    pub codec: Codec,
    pub control: Control,
    /// Trees: go into other file systems that are mounted below.
    pub cross_mounts: bool,
    /// Make a new one even if another process has just made one.
    pub force: bool,
}

impl Order {
    /// Largest backup without asking: a hold has to end.
    pub const MAX_BYTES: u64 = 20_000_000_000;
    /// Longest backup without asking.
    pub const MAX_SECONDS: u64 = 15 * 60;
    /// Space that stays free whatever happens.
    pub const KEEP_FREE: u64 = 256 << 20;

    /// Returns an order with the default limits.
    pub fn new(target: Target, kind: BackupType, backup_dir: PathBuf) -> Self {
        let control = Control {
            max_bytes: Self::MAX_BYTES,
            keep_free: Self::KEEP_FREE,
            ..Control::within(std::time::Duration::from_secs(Self::MAX_SECONDS))
        };
        Self {
            target,
            objects: Vec::new(),
            definitions: Vec::new(),
            kind,
            request: None,
            request_id: None,
            backup_dir,
            codec: Codec::ZSTD,
            control,
            // What removes a tree empties what is mounted in it.
            cross_mounts: kind == BackupType::Guard,
            force: false,
        }
    }
}

/// What a backup will cost, before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Bytes to read from the source; limits are compared with these.
    pub source_bytes: u64,
    /// Bytes needed on the backup's disk at the worst moment, scratch files included.
    pub disk_bytes: u64,
}

/// What an engine put into the folder and learned on the way.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// RFC 3339, start of the snapshot.
    pub snapshot_at: String,
    pub identity: Identity,
    pub marks: Marks,
    /// `backstop 0.1.0`, `pg_dump 15.18`, …
    pub tool: String,
    pub server_version: String,
    pub artefacts: Vec<Artefact>,
    /// Level reached while writing; `Readable` unless the engine had to skip something.
    pub level: Level,
    /// What was compared, for the manifest's verification.
    pub notes: Vec<String>,
    /// Restore commands by hand. `{folder}` stands for the quoted path of the backup's folder.
    pub recovery: Vec<String>,
    pub warnings: Vec<String>,
    pub same_disk: bool,
    /// How the target is reached again, without secrets.
    pub reach: Reach,
}

/// One kind of target that can be backed up.
pub trait Engine {
    /// Looks at the target: how large would the backup be?
    ///
    /// # Errors
    /// When the target cannot be reached or is not there (`NotFound`).
    fn estimate(&self, order: &Order) -> Result<Estimate, BackupError>;

    /// Writes artefacts into the folder, verified to `readable` while they are written.
    ///
    /// # Errors
    /// When anything is missing or not as it should be; the folder is thrown away then.
    fn make(&self, order: &Order, folder: &Path) -> Result<Snapshot, BackupError>;

    /// Verifies a backup to a level and says what was compared. `Restored` restores into a scratch place and drops it.
    ///
    /// # Errors
    /// When the backup does not reach the level.
    fn verify(
        &self,
        entry: &Entry,
        level: Level,
        control: &Control,
    ) -> Result<Vec<String>, BackupError>;

    /// Says what a restore would do. Changes nothing.
    ///
    /// # Errors
    /// When the wish cannot be met.
    fn plan(
        &self,
        entry: &Entry,
        wish: &Wish,
        control: &Control,
    ) -> Result<RestorePlan, BackupError>;

    /// Applies a plan that `plan` gave for the same wish. `SavePresent` has been done by the caller.
    ///
    /// # Errors
    /// When a step fails; what stood there before still stands, or is named in the error.
    fn apply(
        &self,
        entry: &Entry,
        wish: &Wish,
        plan: &RestorePlan,
        control: &Control,
    ) -> Result<Restored, BackupError>;
}
