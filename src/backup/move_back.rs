//! Moves what a call put over the target back to where it lay, onto another file system too.
//! The present state was saved by the caller; nothing that stands at the other place is written over.

use std::fs::{self, File, OpenOptions};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};
use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::files::{random_name, sync_folder};
use super::passing::Passing;
use crate::adapters::sqlite::neighbour;
use crate::plan::restore::{Restored, Step, Wish};

/// What becomes of the thing that was moved.
#[derive(Debug, Default)]
pub(super) struct Return {
    pub step: Option<Step>,
    /// Why it does not come back, as a sentence.
    pub left: Option<String>,
}

/// Says whether it goes back, or why it cannot; `is_back` tells whether the backup's own content stands at the place again.
pub(super) fn plan(wish: &Wish, place: &Path, is_back: impl Fn() -> bool) -> Return {
    let mut found = Return::default();
    let Some(to) = wish.moved_from.as_ref() else {
        return found;
    };
    let (from, lay) = (place.display(), to.display());
    let said = |why: String| Some(format!("what lay at `{lay}` before: {why}"));
    let at = |path: &Path| fs::symlink_metadata(path).ok();
    let (here, there) = (at(place), at(to));
    // What is older than the call and stands where it lay was put back by others.
    let came_back = there
        .as_ref()
        .is_some_and(|meta| !written_since(wish, meta));
    let (moved, back) = match &here {
        Some(meta) => (!written_since(wish, meta), is_back()),
        None => (false, false),
    };
    found.left = match (&there, moved && !back) {
        (None, true) if to.parent().is_some_and(Path::is_dir) => {
            found.step = Some(Step::MoveBack {
                from: place.to_path_buf(),
                to: to.clone(),
            });
            None
        }
        (None, true) => said(format!(
            "the folder around it is gone; it stands at `{from}` and is in the state that is saved first"
        )),
        (Some(_), true) => said(format!(
            "something else stands there by now; it stands at `{from}` and is in the state that is saved first"
        )),
        (Some(_), false) if came_back || back && !wish.again => None,
        (_, false) if here.is_some() && !back => said(format!(
            "`{from}`, where the call put it, was written to since, by others or by the call itself; what stands there now is in the state that is saved first"
        )),
        (_, false) if back => said(format!(
            "it is no longer at `{from}`, where the call put it; a state that was saved since may have it, `backstop backup list` shows them"
        )),
        (_, false) => said(format!(
            "it is no longer at `{from}`, where the call put it: others have moved or removed it since"
        )),
    };
    found
}

/// Tells whether a file was written after the call; a folder is written to by whatever comes into it.
fn written_since(wish: &Wish, meta: &fs::Metadata) -> bool {
    let call = wish.lost_at.as_ref().map(|at| at.as_nanosecond());
    let written = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    !meta.is_dir() && call.is_some_and(|call| written > call)
}

/// Applies such a step. What cannot be moved keeps nothing else from coming back: it is in the saved state, and gives way.
pub(super) fn apply(backups: &Path, step: &Step, restored: &mut Restored) -> bool {
    let Step::MoveBack { from, to } = step else {
        return false;
    };
    let moved = moved(backups, from, to);
    match &moved {
        Ok(()) => restored.done.push(step.sentence()),
        Err(error) => restored.left.push(format!(
            "what lay at `{}` before: {error}; it is in the state that was saved just now",
            to.display()
        )),
    }
    moved.is_ok()
}

fn moved(backups: &Path, from: &Path, to: &Path) -> Result<(), BackupError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Taken(format!(
            "`{}` is there already",
            to.display()
        )));
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            carry(backups, from, to)
        }
        renamed => renamed.map_err(|error| BackupError::io("move back", from, error)),
    }
}

/// Copies a file or link to another file system, and takes the first one away once the second is on disk.
fn carry(backups: &Path, from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::io("move back", from, error);
    let kind = fs::symlink_metadata(from).map_err(failed)?.file_type();
    if kind.is_symlink() {
        let target = fs::read_link(from).map_err(failed)?;
        std::os::unix::fs::symlink(target, to)
            .map_err(|error| BackupError::io("make", to, error))?;
    } else if kind.is_file() {
        copy(backups, from, to)?;
    } else {
        let error = std::io::ErrorKind::CrossesDevices.into();
        return Err(BackupError::io("move back", from, error));
    }
    sync_folder(to.parent().unwrap_or(Path::new("/")))?;
    fs::remove_file(from).map_err(failed)
}

fn copy(backups: &Path, from: &Path, to: &Path) -> Result<(), BackupError> {
    let draft = neighbour(to, &format!(".backstop-{}", random_name()));
    let written = |error| BackupError::io("write", &draft, error);
    let mut passing = Passing::announce(backups, &draft)?;
    let mut source = File::open(from).map_err(|error| BackupError::io("read", from, error))?;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(written)?;
    passing.made()?;
    let filled = std::io::copy(&mut source, &mut file)
        .and_then(|_| Attributes::of(from))
        // What cannot be set on that file system stays as it is there.
        .map(|attributes| attributes.dress(&file))
        .and_then(|_| file.sync_all())
        .and_then(|()| super::files::rename_free(&draft, to));
    filled.map_err(|error| {
        let _ = fs::remove_file(&draft);
        BackupError::io("write", to, error)
    })
}

/// What a file has beside its content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds and nanoseconds; backups of an earlier version have none.
    #[serde(default)]
    pub mtime: Option<(i64, i64)>,
    /// Names and values of extended attributes, access lists among them.
    #[serde(default)]
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Attributes {
    /// Reads them. The file is not opened: closing it would let go of the locks that SQLite has on it in this process.
    pub fn of(path: &Path) -> std::io::Result<Self> {
        let meta = fs::metadata(path)?;
        Ok(Self {
            mode: meta.mode() & 0o7777,
            uid: meta.uid(),
            gid: meta.gid(),
            mtime: Some((meta.mtime(), meta.mtime_nsec())),
            xattrs: xattrs(path)?,
        })
    }

    /// Sets them in the order in which none undoes another, and says what could not be set.
    pub fn dress(&self, file: &File) -> Vec<String> {
        let file = file.as_fd();
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        let mut done = vec![("owner", rustix::fs::fchown(file, Some(uid), Some(gid)))];
        for (name, value) in &self.xattrs {
            let set = rustix::fs::fsetxattr(file, name.as_slice(), value, XattrFlags::empty());
            done.push(("extended attributes", set));
        }
        let mode = Mode::from_raw_mode(self.mode as rustix::fs::RawMode);
        done.push(("mode", rustix::fs::fchmod(file, mode)));
        if let Some((tv_sec, tv_nsec)) = self.mtime {
            let time = Timespec { tv_sec, tv_nsec };
            let times = Timestamps {
                last_access: time,
                last_modification: time,
            };
            done.push(("time", rustix::fs::futimens(file, &times)));
        }
        let failed = done.into_iter().filter_map(|(what, set)| {
            let error = std::io::Error::from(set.err()?);
            Some(format!("the {what} could not be set: {error}"))
        });
        failed.collect()
    }
}

/// Largest list of names, and largest value, that Linux gives.
const MAX_XATTR: usize = 64 << 10;

/// Reads all extended attributes of what stands at a path; a file system without them has none.
fn xattrs(path: &Path) -> std::io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    use rustix::io::Errno;
    let mut names = vec![0_u8; MAX_XATTR];
    let length = match rustix::fs::listxattr(path, names.as_mut_slice()) {
        Err(Errno::NOTSUP | Errno::NOSYS | Errno::PERM | Errno::ACCESS) => 0,
        length => length?,
    };
    let names = names.get(..length).unwrap_or_default();
    let mut found = Vec::new();
    for name in names.split(|byte| *byte == 0).filter(|one| !one.is_empty()) {
        let mut value = vec![0_u8; MAX_XATTR];
        match rustix::fs::getxattr(path, name, value.as_mut_slice()) {
            Ok(length) => {
                value.truncate(length);
                found.push((name.to_vec(), value));
            }
            Err(Errno::NODATA | Errno::PERM | Errno::ACCESS | Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    found.sort();
    Ok(found)
}
