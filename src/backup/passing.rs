//! What a restore puts down for a while, noted beside the backups, so that a later run can tell what a killed one left.
//! Nothing is removed for its name: a note says which file or folder it was, and whoever made it holds the note locked.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::files::{make_folder, random_name, remove_folder};

/// Where the notes lie, in the folder of the backups.
const NOTES: &str = "passing";
/// Most notes that one run looks at.
const MAX_NOTES: usize = 1000;
/// Largest note that is read.
const MAX_NOTE: u64 = 1 << 20;
/// Most times that a note is begun again because a run that tidies up was quicker.
const MAX_BEGUN: usize = 100;

/// One file or folder that goes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    #[serde(with = "crate::model::name::path")]
    path: PathBuf,
    /// Device and inode, once it is made: until then it is empty.
    identity: Option<(u64, u64)>,
}

/// A note that is held for as long as what it tells of may be there; none where the folder of the backups cannot be written.
#[derive(Debug)]
pub struct Passing(Option<Noted>);

#[derive(Debug)]
struct Noted {
    note: PathBuf,
    told: Told,
    lock: File,
}

impl Passing {
    /// Notes that something is about to be made at this path.
    ///
    /// # Errors
    /// When the disk says so.
    pub fn announce(backups: &Path, path: &Path) -> Result<Self, BackupError> {
        let folder = backups.join(NOTES);
        match make_folder(&folder).and_then(|()| Noted::begin(&folder.join(random_name()), path)) {
            Ok(noted) => Ok(Self(Some(noted))),
            Err(BackupError::Io { source, .. }) if is_closed(&source) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// Notes which file or folder was made; what is put into it from now on is known to be ours.
    ///
    /// # Errors
    /// When it is not there, or the disk says so.
    pub fn made(&mut self) -> Result<(), BackupError> {
        let Some(noted) = &mut self.0 else {
            return Ok(());
        };
        let meta = fs::symlink_metadata(&noted.told.path)
            .map_err(|error| BackupError::io("look at", &noted.told.path, error))?;
        noted.told.identity = Some((meta.dev(), meta.ino()));
        noted
            .write()
            .map_err(|error| BackupError::io("write", &noted.note, error))
    }
}

/// Tells whether a folder cannot be written by us at all: backups may lie on a medium that is only read.
pub(super) fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}

impl Noted {
    fn begin(note: &Path, path: &Path) -> Result<Self, BackupError> {
        let io = |error| BackupError::io("write", note, error);
        for _ in 0..MAX_BEGUN {
            let lock = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(note)
                .map_err(io)?;
            fs2::FileExt::lock_exclusive(&lock).map_err(io)?;
            // Between the two steps another run may have seen it unlocked and empty.
            if !is_there(note, &lock) {
                continue;
            }
            let told = Told {
                path: path.to_path_buf(),
                identity: None,
            };
            let note = note.to_path_buf();
            let mut noted = Self { note, told, lock };
            noted
                .write()
                .map_err(|error| BackupError::io("write", &noted.note, error))?;
            return Ok(noted);
        }
        Err(io(std::io::Error::other("it is removed again and again")))
    }

    fn write(&mut self) -> std::io::Result<()> {
        let text = serde_json::to_vec(&self.told)?;
        self.lock.set_len(0)?;
        self.lock.seek(SeekFrom::Start(0))?;
        self.lock.write_all(&text)?;
        self.lock.sync_all()
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        // What could not be removed stays noted for the next run.
        if is_gone(&self.told) {
            let _ = fs::remove_file(&self.note);
        }
    }
}

/// Tells whether what was noted is no longer under its path.
fn is_gone(told: &Told) -> bool {
    match fs::symlink_metadata(&told.path) {
        Ok(meta) => told
            .identity
            .is_some_and(|identity| identity != (meta.dev(), meta.ino())),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

fn is_there(path: &Path, held: &File) -> bool {
    let of = |meta: fs::Metadata| (meta.dev(), meta.ino());
    match (held.metadata(), fs::symlink_metadata(path)) {
        (Ok(held), Ok(there)) => of(held) == of(there),
        _ => false,
    }
}

/// Returns what killed runs left and is still there.
pub fn left(backups: &Path) -> Vec<PathBuf> {
    let dead = dead(backups);
    let there = dead.filter(|(_, _, told)| !is_gone(told));
    there.map(|(_, _, told)| told.path).collect()
}

/// Removes what killed runs left, and only that; returns what was removed.
pub fn tidy(backups: &Path) -> Vec<PathBuf> {
    let mut removed = Vec::new();
    for (note, _lock, told) in dead(backups) {
        if !is_gone(&told) && remove(&told).is_ok() {
            removed.push(told.path.clone());
        }
        if is_gone(&told) {
            let _ = fs::remove_file(&note);
        }
    }
    removed
}

/// Returns the notes that nobody holds, each held until it is let go.
fn dead(backups: &Path) -> impl Iterator<Item = (PathBuf, File, Told)> + use<> {
    let listing = fs::read_dir(backups.join(NOTES)).into_iter().flatten();
    listing.flatten().take(MAX_NOTES).filter_map(|entry| {
        let note = entry.path();
        let lock = OpenOptions::new().read(true).open(&note).ok()?;
        fs2::FileExt::try_lock_exclusive(&lock).ok()?;
        if !is_there(&note, &lock) {
            return None;
        }
        let mut text = Vec::new();
        (&lock).take(MAX_NOTE).read_to_end(&mut text).ok()?;
        match serde_json::from_slice(&text) {
            Ok(told) => Some((note, lock, told)),
            // Its maker ended before it wrote where: nothing was made yet.
            Err(_) => {
                let _ = fs::remove_file(&note);
                None
            }
        }
    })
}

/// What has no identity yet was made and never filled: only what is empty goes.
fn remove(told: &Told) -> std::io::Result<()> {
    let meta = fs::symlink_metadata(&told.path)?;
    match (meta.is_dir(), told.identity) {
        (true, None) => fs::remove_dir(&told.path),
        (true, Some(_)) => remove_folder(&told.path),
        (false, None) if meta.len() > 0 => Err(std::io::Error::other("it is not empty")),
        (false, _) => fs::remove_file(&told.path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("passing-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    /// A note whose maker was killed: the lock goes with the process, the note stays.
    fn killed(mut passing: Passing) {
        let noted = passing.0.as_mut().unwrap();
        noted.told.path = PathBuf::from("/");
        noted.told.identity = None;
    }

    #[test]
    fn what_a_live_run_uses_stays_and_what_a_dead_one_left_goes() {
        let dir = place("live");
        let folder = dir.join("scratch");
        let mut passing = Passing::announce(&dir, &folder).unwrap();
        fs::create_dir(&folder).unwrap();
        passing.made().unwrap();
        fs::write(folder.join("a"), "x").unwrap();
        assert_eq!((tidy(&dir), left(&dir)), (vec![], vec![]));
        killed(passing);
        assert_eq!(left(&dir), vec![folder.clone()]);
        assert_eq!(tidy(&dir), vec![folder.clone()]);
        assert!(!folder.exists() && left(&dir).is_empty());
        assert_eq!(fs::read_dir(dir.join(NOTES)).unwrap().count(), 0);
    }

    #[test]
    fn another_thing_under_the_noted_name_is_not_ours() {
        let dir = place("other");
        let file = dir.join("draft");
        let mut passing = Passing::announce(&dir, &file).unwrap();
        fs::write(&file, "ours").unwrap();
        passing.made().unwrap();
        killed(passing);
        fs::rename(&file, dir.join("kept")).unwrap();
        fs::write(&file, "theirs").unwrap();
        assert_eq!(tidy(&dir), Vec::<PathBuf>::new());
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
    }

    #[test]
    fn what_was_announced_and_never_noted_as_made_goes_only_when_it_is_empty() {
        let dir = place("announced");
        for (content, goes) in [(None, true), (Some("x"), false)] {
            let folder = dir.join("scratch");
            let passing = Passing::announce(&dir, &folder).unwrap();
            fs::create_dir(&folder).unwrap();
            if let Some(content) = content {
                fs::write(folder.join("a"), content).unwrap();
            }
            killed(passing);
            assert_eq!(tidy(&dir).len(), usize::from(goes));
            assert_eq!(folder.exists(), !goes);
        }
    }

    #[test]
    fn a_note_goes_with_what_it_tells_of() {
        let dir = place("done");
        drop(Passing::announce(&dir, &dir.join("never made")).unwrap());
        assert_eq!(fs::read_dir(dir.join(NOTES)).unwrap().count(), 0);
    }
}
