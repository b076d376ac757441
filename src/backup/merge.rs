//! Puts a restored tree back into a living one: what is missing or differs comes back, what is new stays.
//! The state before has been backed up by the caller; nothing is compared with it here.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, RenameFlags, Timespec, Timestamps, Uid,
};
use rustix::io::Errno;

use super::walk::{Facts, open_folder};

/// Deepest folder that is merged: each level holds two descriptors.
pub(super) const MAX_DEPTH: usize = 400;
/// Most notes about entries that were replaced.
const MAX_NOTES: usize = 50;

/// Merges the entry `name` of a restored folder into a living folder.
///
/// # Errors
/// When an entry cannot be renamed or compared.
pub fn merge(
    from: &OwnedFd,
    into: &OwnedFd,
    name: &CStr,
    leave: bool,
    notes: &mut Vec<String>,
) -> rustix::io::Result<()> {
    let mut merge = Merge { leave, notes };
    merge.one(from.as_fd(), into.as_fd(), name, 0)
}

struct Merge<'a> {
    /// What stands there now stays.
    leave: bool,
    notes: &'a mut Vec<String>,
}

impl Merge<'_> {
    fn one(
        &mut self,
        from: BorrowedFd<'_>,
        into: BorrowedFd<'_>,
        name: &CStr,
        depth: usize,
    ) -> rustix::io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(Errno::LOOP);
        }
        let old = look(from, name)?;
        let now = match look(into, name) {
            Err(Errno::NOENT) => return rustix::fs::renameat(from, name, into, name),
            now => now?,
        };
        let folders = (
            old.kind() == FileType::Directory,
            now.kind() == FileType::Directory,
        );
        if folders == (true, true) {
            return self.folder(from, into, name, &old, depth);
        }
        if same(from, into, name, &old, &now)? {
            return Ok(());
        }
        if self.notes.len() < MAX_NOTES {
            let name = super::tree::word(name.to_bytes());
            self.notes.push(match self.leave {
                true => format!("`{name}` stands there with other content and stays as it is"),
                false => format!("`{name}` stood there with other content and was replaced"),
            });
        }
        if self.leave {
            return Ok(());
        }
        match folders {
            (false, false) => rustix::fs::renameat(from, name, into, name),
            _ => rustix::fs::renameat_with(from, name, into, name, RenameFlags::EXCHANGE),
        }
    }

    fn folder(
        &mut self,
        from: BorrowedFd<'_>,
        into: BorrowedFd<'_>,
        name: &CStr,
        old: &Facts,
        depth: usize,
    ) -> rustix::io::Result<()> {
        let (from, into) = (open_folder(from, name)?, open_folder(into, name)?);
        let mut names = Vec::new();
        for entry in Dir::read_from(&from)? {
            let entry = entry?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                names.push(entry.file_name().to_owned());
            }
        }
        for name in &names {
            if !self.leave || look(into.as_fd(), name).is_err() {
                clear(from.as_fd(), into.as_fd(), name, &names)?;
            }
            self.one(from.as_fd(), into.as_fd(), name, depth + 1)?;
        }
        if !self.leave {
            let _ = rustix::fs::fchown(
                &into,
                Some(Uid::from_raw(old.uid)),
                Some(Gid::from_raw(old.gid)),
            );
            rustix::fs::fchmod(&into, Mode::from_raw_mode(old.mode as rustix::fs::RawMode))?;
        }
        let time = Timespec {
            tv_sec: old.mtime.0,
            tv_nsec: old.mtime.1.into(),
        };
        rustix::fs::futimens(
            &into,
            &Timestamps {
                last_access: time,
                last_modification: time,
            },
        )
    }
}

/// A log of another database must not be played into the one that comes back; the state before is saved.
fn clear(
    from: BorrowedFd<'_>,
    into: BorrowedFd<'_>,
    name: &CStr,
    names: &[CString],
) -> rustix::io::Result<()> {
    const HEAD: &[u8] = b"SQLite format 3\0";
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = rustix::fs::openat(from, name, flags, Mode::empty()) else {
        return Ok(());
    };
    let mut head = Vec::new();
    let read = File::from(file).take(16).read_to_end(&mut head);
    if read.is_err() || head != HEAD {
        return Ok(());
    }
    for ending in [&b"-wal"[..], b"-shm", b"-journal"] {
        let Ok(stale) = CString::new([name.to_bytes(), ending].concat()) else {
            continue;
        };
        if !names.contains(&stale) {
            match rustix::fs::unlinkat(into, &stale, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn look(folder: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<Facts> {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| Facts::of(&stat))
}

/// Tells whether both entries hold the same; attributes count too.
fn same(
    from: BorrowedFd<'_>,
    into: BorrowedFd<'_>,
    name: &CStr,
    old: &Facts,
    now: &Facts,
) -> rustix::io::Result<bool> {
    let alike = (old.mode, old.uid, old.gid, old.special, old.mtime)
        == (now.mode, now.uid, now.gid, now.special, now.mtime);
    if !alike || (old.kind() == FileType::RegularFile && old.size != now.size) {
        return Ok(false);
    }
    match old.kind() {
        FileType::RegularFile => same_bytes(from, into, name),
        FileType::Symlink => Ok(rustix::fs::readlinkat(from, name, Vec::new())?
            == rustix::fs::readlinkat(into, name, Vec::new())?),
        _ => Ok(true),
    }
}

fn same_bytes(from: BorrowedFd<'_>, into: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<bool> {
    const PIECE: usize = 256 << 10;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let open = |folder| rustix::fs::openat(folder, name, flags, Mode::empty()).map(File::from);
    let (mut one, mut other) = match (open(from), open(into)) {
        (Ok(one), Ok(other)) => (one, other),
        // Not readable for us: taken to differ, so that what was lost comes back for sure.
        _ => return Ok(false),
    };
    let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let read = one.read(&mut left).map_err(|_| Errno::IO)?;
        let (Some(ours), Some(theirs)) = (left.get(..read), right.get_mut(..read)) else {
            return Ok(false);
        };
        if read == 0 {
            return Ok(true);
        }
        if other.read_exact(theirs).is_err() || ours != &*theirs {
            return Ok(false);
        }
    }
}
