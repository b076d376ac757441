//! Scratch databases that a restore makes on a server, noted beside the backups, so that a later one can drop what a killed one left.
//! A name alone proves nothing: the note says which database it was, and whoever made it holds the note locked.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::backup::catalog::key_name;
use crate::backup::error::BackupError;
use crate::backup::files::make_folder;
use crate::backup::passing::is_closed;
use crate::model::target::TargetKey;

/// Where the notes lie, in the folder of the backups, by target.
const NOTES: &str = "passing-databases";
/// How the name of every scratch database begins.
pub(super) const START: &str = "backstop_scratch_";
/// Most notes that one run looks at.
const MAX_NOTES: usize = 100;
/// Largest note that is read.
const MAX_NOTE: u64 = 4096;

#[derive(Debug, Serialize, Deserialize)]
struct Told {
    database: String,
}

/// The note of one scratch database; none where the folder of the backups cannot be written.
#[derive(Debug)]
pub(super) struct Noted(Option<(PathBuf, File)>);

impl Noted {
    /// Notes that a database of this name is about to be made on the server of a target.
    pub fn begin(backups: &Path, key: &TargetKey, name: &str) -> Result<Self, BackupError> {
        let folder = backups.join(NOTES).join(key_name(key));
        let note = folder.join(name);
        let begun = make_folder(&folder).and_then(|()| {
            write(&note, name).map_err(|error| BackupError::io("write", &note, error))
        });
        match begun {
            Ok(lock) => Ok(Self(Some((note, lock)))),
            Err(BackupError::Io { source, .. }) if is_closed(&source) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// The database is gone, or it was given away.
    pub fn end(&mut self) {
        if let Some((note, _lock)) = self.0.take() {
            let _ = fs::remove_file(note);
        }
    }
}

/// The name of a note says enough, should its maker be killed before it is locked: an empty one is left alone.
fn write(note: &Path, name: &str) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    let mut lock = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(note)?;
    fs2::FileExt::lock_exclusive(&lock)?;
    let told = Told {
        database: name.to_owned(),
    };
    lock.write_all(&serde_json::to_vec(&told)?)?;
    lock.sync_all()?;
    Ok(lock)
}

/// A database that a killed run left on the server of a target.
#[derive(Debug)]
pub(super) struct Dead {
    pub database: String,
    noted: Noted,
}

impl Dead {
    /// It was dropped.
    pub fn end(mut self) {
        self.noted.end();
    }
}

/// Returns what killed runs left on the server of a target, each held until it is let go.
pub(super) fn dead(backups: &Path, key: &TargetKey) -> Vec<Dead> {
    let listing = fs::read_dir(backups.join(NOTES).join(key_name(key)));
    let notes = listing.into_iter().flatten().flatten().take(MAX_NOTES);
    notes
        .filter_map(|entry| {
            let note = entry.path();
            let lock = File::open(&note).ok()?;
            fs2::FileExt::try_lock_exclusive(&lock).ok()?;
            let mut text = Vec::new();
            (&lock).take(MAX_NOTE).read_to_end(&mut text).ok()?;
            let told: Told = serde_json::from_slice(&text).ok()?;
            told.database.starts_with(START).then(|| Dead {
                database: told.database,
                noted: Noted(Some((note, lock))),
            })
        })
        .collect()
}
