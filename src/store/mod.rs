//! Ledger, requests, approvals, uses, leases and sessions on disk, under one lock.
//! It judges no command, asks no human and knows no policy file; secrets are redacted before they come here.
//!
//! The ledger is the truth. Everything else in the state directory is an index that is made from it
//! and caught up by the next writer when a crash came in between; approvals and uses are believed only
//! when the ledger carries them.

mod approvals;
mod cover;
mod error;
mod files;
mod head;
mod index;
mod leases;
mod ledger;
mod names;
mod record;
mod requests;
mod sessions;
mod spend;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

pub use approvals::ApprovalRules;
pub use error::{SpendError, StoreError};
pub use leases::{MAX_LEASE_S, NewLease};
pub use ledger::stamp;
pub use names::{nonce, request_id};
pub use record::{Position, Record};
pub use requests::{Draft, Rejected, Undone};
pub use sessions::Session;
pub use spend::{Spending, Use};
pub use verify::{Checked, Fault};

/// Kinds of records that change what is allowed; only their own functions write them.
const RESERVED: [&str; 15] = [
    "created",
    "repaired",
    "requested",
    "held",
    "backups",
    "approved",
    "rejected",
    "revoked",
    "used",
    "covered",
    "outcome",
    "undone",
    "leased",
    "lease-revoked",
    "session",
];

/// Stands there while the index is made again.
const REBUILDING: &str = "rebuilding";

/// The state directory, opened.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    read: AtomicU64,
    written: AtomicU64,
}

impl Store {
    /// Opens a state directory that is there; an empty one is set up.
    ///
    /// # Errors
    /// Fails when it is missing, not ours, writable for others, or damaged in its head.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        files::check_dir(dir)?;
        let store = Self {
            dir: dir.to_path_buf(),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
        };
        match head::load(dir)? {
            None => store.set_up()?,
            Some(head) if head.seq > 0 && !store.has_index() => store.rebuild()?,
            Some(_) => {}
        }
        Ok(store)
    }

    fn has_index(&self) -> bool {
        let folders = [index::REQUESTS, index::FINGERPRINTS, sessions::DIR];
        folders.iter().all(|name| self.dir.join(name).is_dir())
            && !self.dir.join(REBUILDING).exists()
    }

    /// Makes the index again from the records: it is all that the ledger says, in another order.
    fn rebuild(&self) -> Result<(), StoreError> {
        let _lock = files::lock(&self.dir)?;
        // A crash in between must not leave half an index that looks like a whole one.
        files::replace(&self.dir, REBUILDING, b"", "rebuilding")?;
        for name in [index::REQUESTS, index::FINGERPRINTS, sessions::DIR] {
            files::make_dir(&self.dir.join(name))?;
        }
        let head = ledger::known_head(&self.dir)?;
        self.placed(&head, |record, position| {
            index::apply(self, record, position)
        })?;
        let marker = self.dir.join(REBUILDING);
        std::fs::remove_file(&marker).map_err(StoreError::io("remove", &marker))
    }

    /// Moves everything that belongs to a ledger without its file, or to a file without its head, aside and begins a new one.
    /// Returns the folder where it lies now; nothing when nothing is missing.
    ///
    /// # Errors
    /// Fails when it cannot be moved, or the new one cannot be written.
    pub fn begin_anew(dir: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
        files::check_dir(dir)?;
        let lock = files::lock(dir)?;
        let there = |name: &str| dir.join(name).symlink_metadata().is_ok();
        if there(ledger::NAME) == there(head::NAME) {
            return Ok(None);
        }
        let aside = dir.join(format!("aside-{}", now.strftime("%Y%m%d-%H%M%S")));
        files::make_dir(&aside)?;
        let names = [
            ledger::NAME,
            index::REQUESTS,
            index::FINGERPRINTS,
            index::ORDER,
            sessions::DIR,
            leases::NAME,
            // The head last: without it nothing is taken for a ledger.
            head::NAME,
        ];
        for name in names.into_iter().filter(|name| there(name)) {
            let from = dir.join(name);
            std::fs::rename(&from, aside.join(name)).map_err(StoreError::io("move", &from))?;
        }
        files::sync_dir(dir)?;
        drop(lock);
        let store = Self::open(dir)?;
        let body =
            json!({"aside": aside.file_name().map(|name| name.to_string_lossy().into_owned())});
        store.record("begun-anew", &body, now)?;
        Ok(Some(aside))
    }

    /// Creates the state directory if it is missing, and opens it.
    ///
    /// # Errors
    /// Fails when it cannot be created or opened.
    pub fn create(dir: &Path) -> Result<Self, StoreError> {
        files::make_dir(dir)?;
        Self::open(dir)
    }

    /// Returns the state directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns how many bytes of the ledger this value has read; tests compare it between small and large ledgers.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Returns how many bytes this value has appended to the ledger.
    pub fn bytes_written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn count_read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }

    fn count_written(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Records something that changes no request: a denied call, an alarm, a backup that was taken.
    ///
    /// # Errors
    /// Fails for the kinds that have their own function, and when the record cannot be written.
    pub fn record(&self, kind: &str, body: &Value, now: Timestamp) -> Result<Position, StoreError> {
        if RESERVED.contains(&kind) {
            return Err(StoreError::Reserved(kind.to_owned()));
        }
        let mut writer = ledger::Writer::begin(self, now)?;
        Ok(writer.append(now, kind, body)?.1)
    }

    fn set_up(&self) -> Result<(), StoreError> {
        for name in [index::REQUESTS, index::FINGERPRINTS, sessions::DIR] {
            files::make_dir(&self.dir.join(name))?;
        }
        {
            let _lock = files::lock(&self.dir)?;
            if head::load(&self.dir)?.is_some() {
                return Ok(());
            }
            let path = ledger::path(&self.dir);
            let there = files::read(&path)?;
            if there.is_some_and(|bytes| !bytes.is_empty()) {
                return Err(StoreError::Damaged("its file `head` is missing".to_owned()));
            }
            files::replace(&self.dir, ledger::NAME, b"", "setup")?;
            head::create(&self.dir)?;
        }
        let now = Timestamp::now();
        let mut writer = ledger::Writer::begin(self, now)?;
        if writer.head.seq == 0 {
            let body = json!({"program": "backstop", "version": env!("CARGO_PKG_VERSION")});
            writer.append(now, "created", &body)?;
        }
        Ok(())
    }
}
