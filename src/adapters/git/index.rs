//! The file `index` of a repository: what git believes about each tracked file.
//! It is read here, because git itself would run filters when it compares.

use crate::adapters::regular;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Stat};

/// Bytes of an index that are read; a larger one cannot be asked.
const INDEX_MAX: u64 = 512 << 20;
/// Modes as the index writes them.
const LINK: u32 = 0o120_000;
const GITLINK: u32 = 0o160_000;
const KIND: u32 = 0o170_000;

/// One tracked file.
#[derive(Debug)]
pub struct Entry {
    pub path: Vec<u8>,
    /// Name of the blob.
    id: Vec<u8>,
    mode: u32,
    ctime: (u32, u32),
    mtime: (u32, u32),
    inode: u32,
    size: u32,
    /// `assume-unchanged`, `skip-worktree` or `intent-to-add`: what it says about the file is not to be trusted.
    marked: bool,
}

impl Entry {
    /// Returns the name of the blob in hex.
    pub fn id(&self) -> String {
        use std::fmt::Write;
        self.id.iter().fold(String::new(), |mut all, byte| {
            let _ = write!(all, "{byte:02x}");
            all
        })
    }

    /// Returns the mode as the index writes it.
    pub const fn mode(&self) -> u32 {
        self.mode
    }

    /// Tells whether it is another repository inside of this one: its content is not this one's.
    pub const fn is_repository(&self) -> bool {
        self.mode & KIND == GITLINK
    }

    /// Tells whether it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.mode & KIND == LINK
    }
}

/// The whole index.
#[derive(Debug, Default)]
pub struct Index {
    pub entries: Vec<Entry>,
    /// When the index was written; files as young as that may have changed unseen.
    written: (i64, i64),
}

/// How a file compares with its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Missing,
    Same,
    Different,
    /// Only its content can say.
    Unsure,
}

impl Index {
    /// Reads the index; a repository without one tracks nothing.
    pub fn read(git_dir: &Path, common: &Path) -> io::Result<Self> {
        let path = git_dir.join("index");
        let bytes = match std::fs::metadata(&path) {
            Ok(meta) if meta.len() > INDEX_MAX => {
                return Err(io::Error::other("the index is too large"));
            }
            Ok(_) => regular::read(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let stat = rustix::fs::statat(CWD, &path, AtFlags::empty())?;
        let config = regular::text(&common.join("config")).unwrap_or_default();
        let wide = config
            .to_ascii_lowercase()
            .contains("objectformat = sha256");
        let mut reader = Reader {
            bytes: &bytes,
            at: 0,
        };
        let entries = reader
            .entries(if wide { 32 } else { 20 })
            .ok_or_else(|| io::Error::other("the index could not be read"))?;
        if reader.is_split() {
            return Err(io::Error::other("the index is split"));
        }
        Ok(Self {
            entries,
            written: modified(&stat),
        })
    }

    /// Compares an entry with the file in the work tree.
    pub fn compare(&self, entry: &Entry, root: &Path) -> State {
        let path = root.join(OsString::from_vec(entry.path.clone()));
        let Ok(stat) = rustix::fs::statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW) else {
            return State::Missing;
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        let expected = match entry.mode & KIND {
            LINK => FileType::Symlink,
            GITLINK => FileType::Directory,
            _ => FileType::RegularFile,
        };
        if kind != expected {
            return State::Different;
        }
        if entry.mode & KIND == GITLINK {
            let empty = std::fs::read_dir(&path).is_ok_and(|mut list| list.next().is_none());
            return if empty {
                State::Missing
            } else {
                State::Different
            };
        }
        if entry.marked || !self.agrees(entry, &stat) {
            return if entry.is_link() {
                State::Different
            } else {
                State::Unsure
            };
        }
        State::Same
    }

    fn agrees(&self, entry: &Entry, stat: &Stat) -> bool {
        let (seconds, nanos) = modified(stat);
        let size = u64::try_from(stat.st_size).unwrap_or(0) & u64::from(u32::MAX);
        let inode = stat.st_ino & u64::from(u32::MAX);
        let young = (seconds, nanos) >= self.written;
        // The time of change cannot be set back, the time of writing can.
        let same_time = same(entry.mtime, (seconds, nanos)) && same(entry.ctime, touched(stat));
        !young
            && same_time
            && u64::from(entry.size) == size
            && (entry.inode == 0 || u64::from(entry.inode) == inode)
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "the width and sign differ between systems"
)]
fn modified(stat: &Stat) -> (i64, i64) {
    (
        i64::try_from(stat.st_mtime).unwrap_or(0),
        i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
    )
}

#[allow(
    clippy::useless_conversion,
    reason = "the width and sign differ between systems"
)]
fn touched(stat: &Stat) -> (i64, i64) {
    (
        i64::try_from(stat.st_ctime).unwrap_or(0),
        i64::try_from(stat.st_ctime_nsec).unwrap_or(0),
    )
}

/// Compares a time of the index, which may lack nanoseconds, with one of a file.
fn same(index: (u32, u32), file: (i64, i64)) -> bool {
    i64::from(index.0) == file.0 & i64::from(u32::MAX)
        && (index.1 == 0 || i64::from(index.1) == file.1)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let part = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(part)
    }

    fn word(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn half(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn entries(&mut self, id_bytes: usize) -> Option<Vec<Entry>> {
        if self.take(4)? != b"DIRC" {
            return None;
        }
        let version = self.word()?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let total = usize::try_from(self.word()?).ok()?;
        let mut entries: Vec<Entry> = Vec::new();
        for _ in 0..total {
            let before = entries
                .last()
                .map_or(&[][..], |entry| entry.path.as_slice());
            let entry = self.entry(version, id_bytes, before)?;
            entries.push(entry);
        }
        Some(entries)
    }

    fn entry(&mut self, version: u32, id_bytes: usize, before: &[u8]) -> Option<Entry> {
        let start = self.at;
        let ctime = (self.word()?, self.word()?);
        let mtime = (self.word()?, self.word()?);
        self.word()?;
        let inode = self.word()?;
        let mode = self.word()?;
        self.take(8)?;
        let size = self.word()?;
        let id = self.take(id_bytes)?.to_vec();
        let flags = self.half()?;
        let more = if flags & 0x4000 != 0 { self.half()? } else { 0 };
        let path = if version == 4 {
            self.compressed(before)?
        } else {
            self.padded(start)?
        };
        Some(Entry {
            path,
            id,
            mode,
            ctime,
            mtime,
            inode,
            size,
            marked: flags & 0x8000 != 0 || more & 0x6000 != 0,
        })
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = memchr::memchr(0, rest)?;
        let name = rest.get(..end)?;
        self.at += end + 1;
        Some(name)
    }

    /// Versions 2 and 3: the name, then zeros up to a multiple of eight.
    fn padded(&mut self, start: usize) -> Option<Vec<u8>> {
        let name = self.name()?.to_vec();
        let length = self.at - start;
        self.at = start + length.div_ceil(8) * 8;
        Some(name)
    }

    /// Version 4: how much of the last name to cut, then what follows.
    fn compressed(&mut self, before: &[u8]) -> Option<Vec<u8>> {
        let mut byte = *self.take(1)?.first()?;
        let mut cut = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *self.take(1)?.first()?;
            cut = cut
                .checked_add(1)?
                .checked_mul(128)?
                .checked_add(usize::from(byte & 0x7f))?;
        }
        let keep = before.len().checked_sub(cut)?;
        let mut name = before.get(..keep)?.to_vec();
        name.extend_from_slice(self.name()?);
        Some(name)
    }

    /// Tells whether the extension `link` says that most entries lie in another file.
    fn is_split(&mut self) -> bool {
        while let Some(name) = self.take(4) {
            if name == b"link" {
                return true;
            }
            let Some(length) = self.word().and_then(|length| usize::try_from(length).ok()) else {
                return false;
            };
            if self.take(length).is_none() {
                return false;
            }
        }
        false
    }
}
