//! Walks a tree by descriptors, never through a link, in a fixed order, and takes its marks.
//! It reads no content; who needs it opens entries by the descriptor that the walk holds.

use std::collections::BTreeMap;
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

/// Deepest folder that is entered.
const MAX_DEPTH: usize = 4096;
/// Folders that are held open at once; those above are opened again on the way back.
const MAX_OPEN: usize = 64;
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
            cross_mounts: true,
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
    /// A folder that is met only because something chosen lies below it.
    pub on_the_way: bool,
}

/// Which parts of a tree are visited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// An entry and everything below it.
    Whole,
    /// A folder, and of what it holds only these.
    Parts(BTreeMap<CString, Chosen>),
}

impl Chosen {
    /// Returns the choice of these paths, relative to the root and with plain parts; other paths choose nothing.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut all = Self::Parts(BTreeMap::new());
        for path in paths {
            let parts: Option<Vec<CString>> = path
                .strip_suffix(b"/")
                .unwrap_or(path)
                .split(|byte| *byte == b'/')
                .map(|part| match part {
                    b"" | b"." | b".." => None,
                    part => CString::new(part).ok(),
                })
                .collect();
            if let Some(parts) = parts.filter(|parts| parts.len() < MAX_DEPTH) {
                all.add(parts);
            }
        }
        all
    }

    fn add(&mut self, parts: Vec<CString>) {
        let mut place = self;
        let last = parts.len();
        for (at, part) in parts.into_iter().enumerate() {
            let Self::Parts(names) = place else {
                return;
            };
            let inner = names
                .entry(part)
                .or_insert_with(|| Self::Parts(BTreeMap::new()));
            if at + 1 == last {
                *inner = Self::Whole;
            }
            place = inner;
        }
    }

    /// Tells whether nothing is chosen.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Parts(names) if names.is_empty())
    }
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
    walk_chosen(root, &Chosen::Whole, limits, control, visit)
}

/// Visits the root, the chosen parts below it, and the folders on the way to them; what is not there is passed over.
///
/// # Errors
/// As `walk`.
pub fn walk_chosen(
    root: &Root,
    chosen: &Chosen,
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
    walker.run(chosen)
}

/// A folder whose entries are being visited.
struct Frame<'c> {
    /// Closed while the walk is far below.
    opened: Option<OwnedFd>,
    identity: (u64, u64),
    /// Length of the path without its name.
    above: usize,
    rest: std::vec::IntoIter<(CString, &'c Chosen)>,
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
    /// Keeps its place in a list of its own: neither the stack nor the open files of a process bound the depth of a tree.
    fn run(&mut self, chosen: &Chosen) -> Result<(), BackupError> {
        let root = self.root;
        let mut frames: Vec<Frame<'_>> = Vec::new();
        frames.extend(self.enter(root.parent.as_fd(), &root.name, chosen, 0)?);
        loop {
            let depth = frames.len();
            let Some(frame) = frames.last_mut() else {
                return Ok(());
            };
            let Some((name, chosen)) = frame.rest.next() else {
                self.leave(&mut frames)?;
                continue;
            };
            let Some(folder) = &frame.opened else {
                return Err(BackupError::Source("a folder is not open".into()));
            };
            let entered = self.enter(folder.as_fd(), &name, chosen, depth)?;
            if entered.is_some() {
                frames.extend(entered);
                let far = frames.len().checked_sub(MAX_OPEN + 1);
                if let Some(frame) = far.and_then(|far| frames.get_mut(far)) {
                    frame.opened = None;
                }
            }
        }
    }

    /// Goes back to the folder above, which is opened again where it was closed: it has to be the same.
    fn leave(&mut self, frames: &mut Vec<Frame<'_>>) -> Result<(), BackupError> {
        let Some(done) = frames.pop() else {
            return Ok(());
        };
        self.path.truncate(done.above);
        let (Some(above), Some(below)) = (frames.last_mut(), &done.opened) else {
            return Ok(());
        };
        if above.opened.is_some() {
            return Ok(());
        }
        let opened =
            open_folder(below.as_fd(), c"..").map_err(|error| self.failed("open", c"", error))?;
        let stat = rustix::fs::fstat(&opened);
        let facts = Facts::of(&stat.map_err(|error| self.failed("look at", c"", error))?);
        if (facts.device, facts.inode) != above.identity {
            let place = self.root.parent_path.join(os_bytes(&self.path));
            return Err(BackupError::Busy(format!(
                "`{}` was moved while it was read",
                place.display()
            )));
        }
        above.opened = Some(opened);
        Ok(())
    }

    /// Visits one entry; returns the frame of a folder, whose name stays at the end of the path until it is left.
    fn enter<'c>(
        &mut self,
        folder: BorrowedFd<'_>,
        name: &CStr,
        chosen: &'c Chosen,
        depth: usize,
    ) -> Result<Option<Frame<'c>>, BackupError> {
        self.control.check()?;
        self.entries += 1;
        self.within(depth)?;
        let stat = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // Gone since the folder was listed; a root that is gone has failed before.
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) if depth > 0 => {
                return Ok(None);
            }
            Err(error) => return Err(self.failed("look at", name, error)),
        };
        let above = self.path.len();
        if above > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name.to_bytes());
        let facts = Facts::of(&stat);
        let opened = self.meet((folder, name), facts, chosen)?;
        let Some(opened) = opened else {
            self.path.truncate(above);
            return Ok(None);
        };
        let rest: Vec<(CString, &'c Chosen)> = match chosen {
            Chosen::Parts(names) => names
                .iter()
                .map(|(name, chosen)| (name.clone(), chosen))
                .collect(),
            Chosen::Whole => {
                let names = self.children(&opened, name)?;
                names
                    .into_iter()
                    .map(|name| (name, &Chosen::Whole))
                    .collect()
            }
        };
        Ok(Some(Frame {
            opened: Some(opened),
            identity: (facts.device, facts.inode),
            above,
            rest: rest.into_iter(),
        }))
    }

    fn within(&self, depth: usize) -> Result<(), BackupError> {
        let place = || self.root.parent_path.join(os(self.root.name.as_c_str()));
        if self.entries > self.limits.max_entries {
            return Err(BackupError::Limit(format!(
                "`{}` has more than {} entries",
                place().display(),
                self.limits.max_entries
            )));
        }
        if depth > MAX_DEPTH {
            return Err(BackupError::Limit(format!(
                "`{}` has folders inside each other more than {MAX_DEPTH} deep",
                place().display()
            )));
        }
        Ok(())
    }

    /// Shows an entry to the visitor; returns it opened when it is a folder that is entered.
    fn meet(
        &mut self,
        (folder, name): (BorrowedFd<'_>, &CStr),
        facts: Facts,
        chosen: &Chosen,
    ) -> Result<Option<OwnedFd>, BackupError> {
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
            on_the_way: is_folder && matches!(chosen, Chosen::Parts(_)),
        };
        (self.visit)(&item)?;
        Ok(opened)
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
        if !name.is_empty() && (self.path.is_empty() || path.file_name() != Some(os(name))) {
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
pub struct Marker {
    all: Sha256,
    /// The same without folders, whose times change when a reader of a database puts its own files there.
    files: Sha256,
}

impl Default for Marker {
    fn default() -> Self {
        Self {
            all: Sha256::new_with_prefix(b"backstop.marks/1\0"),
            files: Sha256::new_with_prefix(b"backstop.marks/1\0"),
        }
    }
}

impl Marker {
    /// Adds one entry as the walk meets it.
    pub fn meet(&mut self, item: &Item<'_>) {
        // Folders on the way change with everything that is not chosen; the index of a write-ahead log changes with every reader.
        if item.on_the_way || item.path.ends_with(b"-shm") {
            return;
        }
        add(&mut self.all, item.path, &item.facts);
        if item.facts.kind() != FileType::Directory {
            add(&mut self.files, item.path, &item.facts);
        }
    }

    /// Returns the marks of the files alone.
    pub fn of_files(&self) -> String {
        hex(&self.files.clone().finalize())
    }

    /// Returns the marks.
    pub fn finish(self) -> Marks {
        Marks {
            digest: hex(&self.all.finalize()),
            position: String::new(),
        }
    }
}

fn add(hash: &mut Sha256, path: &[u8], facts: &Facts) {
    hash.update((path.len() as u64).to_le_bytes());
    hash.update(path);
    for number in [
        u64::from(facts.mode),
        facts.inode,
        facts.size,
        facts.mtime.0 as u64,
        u64::from(facts.mtime.1),
        facts.ctime.0 as u64,
        u64::from(facts.ctime.1),
    ] {
        hash.update(number.to_le_bytes());
    }
}

/// Takes the marks of a path: what size, times and inode say about everything at and below it.
///
/// # Errors
/// `NotFound` when nothing is there, or when a part cannot be looked at.
pub fn marks(path: &Path, limits: Limits, control: &Control) -> Result<Marks, BackupError> {
    marks_of(&Root::open(path)?, &Chosen::Whole, limits, control)
}

/// Takes the marks of the chosen parts of a tree.
///
/// # Errors
/// As `marks`.
pub fn marks_of(
    root: &Root,
    chosen: &Chosen,
    limits: Limits,
    control: &Control,
) -> Result<Marks, BackupError> {
    mark(root, chosen, limits, control).map(Marker::finish)
}

/// Looks at the chosen parts of a tree for their marks.
///
/// # Errors
/// As `marks`.
pub fn mark(
    root: &Root,
    chosen: &Chosen,
    limits: Limits,
    control: &Control,
) -> Result<Marker, BackupError> {
    let mut marker = Marker::default();
    walk_chosen(root, chosen, limits, control, &mut |item| {
        marker.meet(item);
        Ok(())
    })?;
    Ok(marker)
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
