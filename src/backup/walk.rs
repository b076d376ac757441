//! Walks a tree by descriptors, never through a link, in a fixed order, and takes its marks.
//! It reads no content; who needs it opens entries by the descriptor that the walk holds.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use sha2::{Digest as _, Sha256};

use super::control::Control;
use super::error::BackupError;
use super::files::hex;
use crate::model::backup::Marks;

/// Deepest folder that is entered: each level holds a descriptor.
const MAX_DEPTH: usize = 400;
/// Most entries of one tree.
pub const MAX_ENTRIES: u64 = 20_000_000;

/// What a walk may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub max_entries: u64,
    /// Go into other file systems that are mounted below.
    pub cross_mounts: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_entries: MAX_ENTRIES,
            cross_mounts: false,
        }
    }
}

/// The numbers of one entry, in the same types on every system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub device: u64,
    pub inode: u64,
    pub mode: u32,
    pub links: u64,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    pub blocks: u64,
    pub special: u64,
    pub mtime: (i64, u32),
    pub ctime: (i64, u32),
}

impl Facts {
    /// Returns the facts of a stat.
    #[allow(
        clippy::unnecessary_cast,
        trivial_numeric_casts,
        reason = "the widths differ between systems"
    )]
    pub fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            mode: stat.st_mode as u32,
            links: stat.st_nlink as u64,
            uid: stat.st_uid as u32,
            gid: stat.st_gid as u32,
            size: stat.st_size as u64,
            blocks: stat.st_blocks as u64,
            special: stat.st_rdev as u64,
            mtime: (stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            ctime: (stat.st_ctime as i64, stat.st_ctime_nsec as u32),
        }
    }

    /// Returns what the entry is.
    pub fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode as rustix::fs::RawMode)
    }

    /// Tells whether the content can have changed between two looks.
    pub fn same_content(&self, other: &Self) -> bool {
        (self.device, self.inode, self.size, self.mtime, self.ctime)
            == (
                other.device,
                other.inode,
                other.size,
                other.mtime,
                other.ctime,
            )
    }
}

/// One entry as the walk meets it.
#[derive(Debug)]
pub struct Item<'a> {
    /// The folder that holds it.
    pub folder: BorrowedFd<'a>,
    pub name: &'a CStr,
    /// Path from the folder of the root; begins with the root's own name.
    pub path: &'a [u8],
    pub facts: Facts,
    /// The entry itself, when it is a folder.
    pub opened: Option<BorrowedFd<'a>>,
    /// Another file system is mounted here and is not entered.
    pub foreign: bool,
}

/// Where a tree begins: the folder above it, held open, and its name there.
#[derive(Debug)]
pub struct Root {
    pub parent: OwnedFd,
    pub parent_path: PathBuf,
    pub name: CString,
    pub facts: Facts,
}

impl Root {
    /// Opens the folder above a path and looks at the path itself, not through a link.
    ///
    /// # Errors
    /// `NotFound` when nothing is there, `Unreachable` for a path without a name (`/`).
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let (parent_path, name) = split(path)?;
        let parent = rustix::fs::open(
            &parent_path,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(|error| absent_or(path, error))?;
        let stat = rustix::fs::statat(&parent, name.as_c_str(), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| absent_or(path, error))?;
        Ok(Self {
            parent,
            parent_path,
            name,
            facts: Facts::of(&stat),
        })
    }
}

/// Splits a path into the folder above and the name.
///
/// # Errors
/// `Unreachable` for a path without a name.
pub fn split(path: &Path) -> Result<(PathBuf, CString), BackupError> {
    let unnamed =
        || BackupError::Unreachable(format!("`{}` has no name of its own", path.display()));
    let name = path.file_name().ok_or_else(unnamed)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let name = CString::new(name.as_bytes()).map_err(|_| unnamed())?;
    Ok((parent.unwrap_or(Path::new(".")).to_path_buf(), name))
}

fn absent_or(path: &Path, error: rustix::io::Errno) -> BackupError {
    match error {
        rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => {
            BackupError::NotFound(format!("`{}` does not exist", path.display()))
        }
        error => BackupError::io("look at", path, error.into()),
    }
}

/// Visits the root and everything below it, a folder before what it holds, names in byte order.
///
/// # Errors
/// What a visit returns, an unreadable folder, or a limit.
pub fn walk(
    root: &Root,
    limits: Limits,
    control: &Control,
    visit: &mut dyn FnMut(&Item<'_>) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let mut walker = Walker {
        root,
        limits,
        control,
        visit,
        entries: 0,
        path: Vec::new(),
    };
    walker.enter(root.parent.as_fd(), &root.name, 0)
}

struct Walker<'a> {
    root: &'a Root,
    limits: Limits,
    control: &'a Control,
    visit: &'a mut dyn FnMut(&Item<'_>) -> Result<(), BackupError>,
    entries: u64,
    path: Vec<u8>,
}

impl Walker<'_> {
    fn enter(
        &mut self,
        folder: BorrowedFd<'_>,
        name: &CStr,
        depth: usize,
    ) -> Result<(), BackupError> {
        self.control.check()?;
        self.entries += 1;
        if self.entries > self.limits.max_entries || depth > MAX_DEPTH {
            return Err(BackupError::Limit(format!(
                "`{}` has more than {} entries or {MAX_DEPTH} levels",
                self.root
                    .parent_path
                    .join(os(self.root.name.as_c_str()))
                    .display(),
                self.limits.max_entries
            )));
        }
        let stat = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // Gone since the folder was listed; a root that is gone has failed before.
            Err(rustix::io::Errno::NOENT) if depth > 0 => return Ok(()),
            Err(error) => return Err(self.failed("look at", name, error)),
        };
        let length = self.path.len();
        if length > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name.to_bytes());
        let visited = self.visit(folder, name, Facts::of(&stat), depth);
        self.path.truncate(length);
        visited
    }

    fn visit(
        &mut self,
        folder: BorrowedFd<'_>,
        name: &CStr,
        facts: Facts,
        depth: usize,
    ) -> Result<(), BackupError> {
        let foreign = facts.device != self.root.facts.device && !self.limits.cross_mounts;
        let is_folder = facts.kind() == FileType::Directory;
        let opened = (is_folder && !foreign)
            .then(|| open_folder(folder, name))
            .transpose()
            .map_err(|error| self.failed("open", name, error))?;
        let item = Item {
            folder,
            name,
            path: &self.path,
            facts,
            opened: opened.as_ref().map(|opened| opened.as_fd()),
            foreign,
        };
        (self.visit)(&item)?;
        let Some(opened) = opened else {
            return Ok(());
        };
        for child in self.children(&opened, name)? {
            self.enter(opened.as_fd(), &child, depth + 1)?;
        }
        Ok(())
    }

    fn children(&self, folder: &OwnedFd, name: &CStr) -> Result<Vec<CString>, BackupError> {
        let listing = Dir::read_from(folder).map_err(|error| self.failed("list", name, error))?;
        let mut names = Vec::new();
        for entry in listing {
            let entry = entry.map_err(|error| self.failed("list", name, error))?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                names.push(entry.file_name().to_owned());
            }
            if names.len() as u64 > self.limits.max_entries {
                break;
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn failed(&self, what: &'static str, name: &CStr, error: rustix::io::Errno) -> BackupError {
        let mut path = self.root.parent_path.join(os_bytes(&self.path));
        if self.path.is_empty() || path.file_name() != Some(os(name)) {
            path = path.join(os(name));
        }
        BackupError::io(what, &path, error.into())
    }
}

fn os(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}

fn os_bytes(path: &[u8]) -> &OsStr {
    OsStr::from_bytes(path)
}

/// Opens a folder by its name in a held folder, never through a link.
///
/// # Errors
/// When it is none.
pub fn open_folder(folder: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(
        folder,
        name,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// Collects the marks of entries as they are met.
#[derive(Clone, Debug)]
pub struct Marker(Sha256);

impl Default for Marker {
    fn default() -> Self {
        Self(Sha256::new_with_prefix(b"backstop.marks/1\0"))
    }
}

impl Marker {
    /// Adds one entry.
    pub fn add(&mut self, path: &[u8], facts: &Facts) {
        self.0.update((path.len() as u64).to_le_bytes());
        self.0.update(path);
        for number in [
            u64::from(facts.mode),
            facts.inode,
            facts.size,
            facts.mtime.0 as u64,
            u64::from(facts.mtime.1),
            facts.ctime.0 as u64,
            u64::from(facts.ctime.1),
        ] {
            self.0.update(number.to_le_bytes());
        }
    }

    /// Returns the marks.
    pub fn finish(self) -> Marks {
        Marks {
            digest: hex(&self.0.finalize()),
            position: String::new(),
        }
    }
}

/// Takes the marks of a path: what size, times and inode say about everything at and below it.
///
/// # Errors
/// `NotFound` when nothing is there, or when a part cannot be looked at.
pub fn marks(path: &Path, limits: Limits, control: &Control) -> Result<Marks, BackupError> {
    let root = Root::open(path)?;
    let mut marker = Marker::default();
    walk(&root, limits, control, &mut |item| {
        marker.add(item.path, &item.facts);
        Ok(())
    })?;
    Ok(marker.finish())
}

/// Writes a path of bytes as text: what is not UTF-8 or not printable is escaped, and so is the backslash then.
pub fn shown(path: &[u8]) -> String {
    match std::str::from_utf8(path) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => path.escape_ascii().to_string(),
    }
}

/// Returns the path of a name below a folder, as bytes allow it.
pub fn below(folder: &Path, path: &[u8]) -> PathBuf {
    folder.join(PathBuf::from(std::ffi::OsString::from_vec(path.to_vec())))
}
