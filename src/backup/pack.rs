//! Turns a tree into a tar stream: entries as the walk meets them, content read by descriptor, changes while reading noticed.
//! It decides nothing about places: where the stream goes is the pipeline's business.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};
use sha2::{Digest as _, Sha256};

use super::control::Control;
use super::error::{BackupError, ScanError};
use super::files::hex;
use super::pipeline::{Scan, Scanned};
use super::tarball::{self, Entry, Kind, Parser, Sink};
use super::walk::{Chosen, Facts, Item, Limits, Marker, Root, shown, walk_chosen};
use crate::model::backup::{Content, Marks};

/// Files up to this size are read whole before their header is written, so that a change while reading can be undone by reading again.
const SMALL: u64 = 256 << 10;
/// Size of the pieces in which larger files are read.
const PIECE: usize = 256 << 10;
/// Largest list of extended attribute names, and largest value.
const MAX_XATTR: usize = 64 << 10;
/// Most databases of one tree that SQLite copies; what is beyond is packed as files.
const MAX_DATABASES: usize = 256;
/// Most warnings of one kind that are written out.
const MAX_WARNINGS: usize = 50;
/// Most contents that a manifest lists; the artefact itself holds the whole list.
pub const MAX_CONTENTS: usize = 1000;

/// What packing learned.
#[derive(Debug, Default)]
pub struct Packed {
    pub marks: Marks,
    /// Digest over all headers: a scan of the artefact must come to the same.
    pub listing: String,
    pub entries: u64,
    /// Databases that were copied by SQLite itself, and the marks of the files alone, taken before.
    pub databases: usize,
    pub files: String,
    pub warnings: Vec<String>,
}

/// What is packed.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    pub root: &'a Root,
    pub chosen: &'a Chosen,
    pub limits: Limits,
    /// Where copies of databases may lie while they are packed; without, databases are packed as the files that they are.
    pub scratch: Option<&'a Path>,
}

/// Packs a tree into a stream.
///
/// # Errors
/// When a part cannot be read, or the stream cannot be written.
pub fn pack(
    load: &Load<'_>,
    control: &Control,
    out: &mut dyn Write,
) -> Result<Packed, BackupError> {
    let mut packer = Packer {
        load: *load,
        neighbours: HashSet::new(),
        databases: 0,
        out,
        control,
        seen: HashMap::new(),
        listing: Listing::default(),
        marker: Marker::default(),
        warnings: Vec::new(),
        left_out: 0,
    };
    walk_chosen(load.root, load.chosen, load.limits, control, &mut |item| {
        packer.item(item)
    })?;
    packer.put(&tarball::END)?;
    packer.warn_of_links();
    let mut warnings = packer.warnings;
    if packer.left_out > 0 {
        warnings.push(format!("and {} more warnings", packer.left_out));
    }
    Ok(Packed {
        files: packer.marker.of_files(),
        databases: packer.databases,
        marks: packer.marker.finish(),
        entries: packer.listing.entries,
        listing: packer.listing.finish(),
        warnings,
    })
}

struct Packer<'a> {
    load: Load<'a>,
    /// Files beside a database whose content is in its copy already.
    neighbours: HashSet<Vec<u8>>,
    databases: usize,
    out: &'a mut dyn Write,
    control: &'a Control,
    /// First path of every inode that has several names, and how many of them were not met.
    seen: HashMap<(u64, u64), (Vec<u8>, u64)>,
    listing: Listing,
    marker: Marker,
    warnings: Vec<String>,
    left_out: u64,
}

/// Returns what an entry is in the archive; nothing for a socket.
fn kind_of(item: &Item<'_>) -> Option<Kind> {
    Some(match item.facts.kind() {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo => Kind::Fifo,
        FileType::CharacterDevice => Kind::Char,
        FileType::BlockDevice => Kind::Block,
        _ => return None,
    })
}

impl Packer<'_> {
    fn warn(&mut self, text: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(text);
        } else {
            self.left_out += 1;
        }
    }

    /// Names of a file outside of the tree are not in the archive: what is unpacked is a file of its own.
    fn warn_of_links(&mut self) {
        let outside = self.seen.values().filter(|(_, more)| *more > 0);
        let Some(first) = outside.clone().map(|(path, _)| path).min() else {
            return;
        };
        let first = shown(first);
        let text = match outside.count() {
            1 => format!(
                "`{first}` has other names outside (hard links): what is unpacked is a file of its own"
            ),
            many => format!(
                "{many} files, `{first}` the first, have other names outside (hard links): what is unpacked are files of their own"
            ),
        };
        self.warn(text);
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.out
            .write_all(bytes)
            .map_err(|error| BackupError::Source(format!("cannot hand on the archive: {error}")))
    }

    fn item(&mut self, item: &Item<'_>) -> Result<(), BackupError> {
        self.marker.meet(item);
        if self.neighbours.remove(item.path) {
            return Ok(());
        }
        let Some(kind) = kind_of(item) else {
            self.warn(format!(
                "`{}` is a socket and was left out",
                shown(item.path)
            ));
            return Ok(());
        };
        if item.foreign {
            self.warn(format!(
                "`{}` is another file system and its content was left out",
                shown(item.path)
            ));
        }
        let mut entry = entry(item.path, kind, &item.facts);
        if kind != Kind::Directory && item.facts.links > 1 {
            let id = (item.facts.device, item.facts.inode);
            if let Some((first, more)) = self.seen.get_mut(&id) {
                entry.kind = Kind::HardLink;
                entry.link.clone_from(first);
                *more = more.saturating_sub(1);
                entry.size = 0;
                return self.header(&entry);
            }
            let more = item.facts.links - 1;
            self.seen.insert(id, (item.path.to_vec(), more));
        }
        match kind {
            Kind::File => self.file(item, entry),
            Kind::Symlink => {
                let link = rustix::fs::readlinkat(item.folder, item.name, Vec::new())
                    .map_err(|error| failed("read the link", item, error))?;
                entry.link = link.into_bytes();
                self.header(&entry)
            }
            Kind::Directory => {
                if let Some(opened) = item.opened {
                    entry.xattrs = xattrs(opened)
                        .map_err(|error| failed("read the attributes of", item, error))?;
                }
                self.header(&entry)
            }
            Kind::Char | Kind::Block => {
                entry.device = (
                    rustix::fs::major(item.facts.special as rustix::fs::Dev),
                    rustix::fs::minor(item.facts.special as rustix::fs::Dev),
                );
                self.header(&entry)
            }
            Kind::Fifo | Kind::HardLink => self.header(&entry),
        }
    }

    fn header(&mut self, entry: &Entry) -> Result<(), BackupError> {
        self.listing.add(entry);
        self.put(&entry.encode())
    }

    /// Packs a file; one that changes while it is read is read once more, then named.
    fn file(&mut self, item: &Item<'_>, entry: Entry) -> Result<(), BackupError> {
        for attempt in 0..2 {
            let Some((file, facts)) = open(item)? else {
                self.warn(format!(
                    "`{}` vanished while the tree was read",
                    shown(item.path)
                ));
                return Ok(());
            };
            let mut entry = self::entry(&entry.path, Kind::File, &facts);
            entry.xattrs =
                xattrs(&file).map_err(|error| failed("read the attributes of", item, error))?;
            if is_database(&file, &facts) && self.database(item, &entry)? {
                return Ok(());
            }
            let steady = if facts.size <= SMALL && !has_holes(&facts) {
                match self.small(item, &file, &entry, attempt > 0)? {
                    Some(steady) => steady,
                    None => continue,
                }
            } else {
                self.large(item, file, entry)?
            };
            if steady {
                return Ok(());
            }
        }
        self.warn(format!("`{}` changed while it was read", shown(item.path)));
        Ok(())
    }

    /// Returns nothing when the file changed and may be read again.
    fn small(
        &mut self,
        item: &Item<'_>,
        file: &File,
        entry: &Entry,
        last: bool,
    ) -> Result<Option<bool>, BackupError> {
        let mut data = Vec::with_capacity(entry.size as usize + 1);
        file.take(SMALL * 2)
            .read_to_end(&mut data)
            .map_err(|error| unread(item, error))?;
        let now = stat(file).map_err(|error| failed("look at", item, error))?;
        let steady = data.len() as u64 == entry.size
            && (now.mtime, now.size) == ((entry.seconds, entry.nanos), entry.size);
        if !steady && !last {
            return Ok(None);
        }
        let entry = Entry {
            size: data.len() as u64,
            ..entry.clone()
        };
        self.header(&entry)?;
        data.resize(data.len() + tarball::padding(data.len() as u64), 0);
        self.put(&data)?;
        Ok(Some(steady))
    }

    /// Packs a copy of a database that SQLite made and checked, in place of the file and its neighbours; says whether it could.
    fn database(&mut self, item: &Item<'_>, entry: &Entry) -> Result<bool, BackupError> {
        let path = super::walk::below(&self.load.root.parent_path, item.path);
        let twin = match self.load.scratch {
            Some(scratch) if self.databases < MAX_DATABASES => super::sqlite::twin(
                &path,
                (item.facts.device, item.facts.inode),
                scratch,
                self.control,
            ),
            _ => Err(BackupError::Limit(format!(
                "only {MAX_DATABASES} databases of a tree are copied by SQLite"
            ))),
        };
        let twin = match twin {
            Ok(twin) => twin,
            Err(error @ (BackupError::Deadline | BackupError::Cancelled)) => return Err(error),
            Err(error) => {
                self.warn(format!(
                    "`{}` is a SQLite database; it was copied as a file, which is whole only if nobody was writing to it ({error})",
                    shown(item.path)
                ));
                return Ok(false);
            }
        };
        let unread = |error| BackupError::io("read", &twin.file, error);
        let copy = File::open(&twin.file).map_err(unread)?;
        let size = copy.metadata().map_err(unread)?.len();
        self.header(&Entry {
            size,
            segments: None,
            ..entry.clone()
        })?;
        let mut copy = copy.take(size);
        let mut buffer = vec![0; PIECE];
        loop {
            self.control.check()?;
            let read = copy.read(&mut buffer).map_err(unread)?;
            if read == 0 {
                break;
            }
            self.out
                .write_all(buffer.get(..read).unwrap_or_default())
                .map_err(|error| {
                    BackupError::Source(format!("cannot hand on the archive: {error}"))
                })?;
        }
        self.put(
            tarball::END
                .get(..tarball::padding(size))
                .unwrap_or_default(),
        )?;
        self.databases += 1;
        for ending in ["-wal", "-shm", "-journal"] {
            self.neighbours
                .insert([item.path, ending.as_bytes()].concat());
        }
        Ok(true)
    }

    /// Streams a file segment by segment; what is missing at its end is filled with zeros.
    fn large(
        &mut self,
        item: &Item<'_>,
        mut file: File,
        mut entry: Entry,
    ) -> Result<bool, BackupError> {
        let before = stat(&file).map_err(|error| failed("look at", item, error))?;
        let segments = if has_holes(&before) {
            segments(&file, entry.size)
        } else {
            None
        };
        entry.segments.clone_from(&segments);
        self.header(&entry)?;
        let mut whole = true;
        for (offset, length) in segments.unwrap_or_else(|| vec![(0, entry.size)]) {
            file.seek(SeekFrom::Start(offset))
                .map_err(|error| unread(item, error))?;
            whole &= self.segment(item, &mut file, length)?;
        }
        let padding = tarball::padding(entry.stored());
        self.put(tarball::END.get(..padding).unwrap_or_default())?;
        let after = stat(&file).map_err(|error| failed("look at", item, error))?;
        Ok(whole && before.same_content(&after))
    }

    fn segment(
        &mut self,
        item: &Item<'_>,
        file: &mut File,
        length: u64,
    ) -> Result<bool, BackupError> {
        let mut buffer = vec![0; PIECE];
        let mut left = length;
        let mut whole = true;
        while left > 0 {
            self.control.check()?;
            let room = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let piece = buffer.get_mut(..room).unwrap_or_default();
            let read = if whole {
                file.read(piece).map_err(|error| unread(item, error))?
            } else {
                room
            };
            if read == 0 {
                whole = false;
                buffer.fill(0);
                continue;
            }
            let got = buffer.get(..read).unwrap_or_default();
            self.out.write_all(got).map_err(|error| {
                BackupError::Source(format!("cannot hand on the archive: {error}"))
            })?;
            left -= read as u64;
        }
        Ok(whole)
    }
}

const SQLITE: &[u8] = b"SQLite format 3\0";

/// Tells by its first bytes whether a file is a SQLite database.
fn is_database(file: &File, facts: &Facts) -> bool {
    use std::os::unix::fs::FileExt as _;
    let mut head = [0; SQLITE.len()];
    facts.size >= 512 && file.read_exact_at(&mut head, 0).is_ok() && head == SQLITE
}

fn entry(path: &[u8], kind: Kind, facts: &Facts) -> Entry {
    Entry {
        path: path.to_vec(),
        kind,
        mode: facts.mode & 0o7777,
        uid: facts.uid,
        gid: facts.gid,
        size: if kind == Kind::File { facts.size } else { 0 },
        seconds: facts.mtime.0,
        nanos: facts.mtime.1,
        ..Entry::default()
    }
}

fn failed(what: &'static str, item: &Item<'_>, error: rustix::io::Errno) -> BackupError {
    BackupError::io(what, std::path::Path::new(&shown(item.path)), error.into())
}

fn unread(item: &Item<'_>, error: std::io::Error) -> BackupError {
    BackupError::io("read", std::path::Path::new(&shown(item.path)), error)
}

fn stat(file: &File) -> rustix::io::Result<Facts> {
    rustix::fs::fstat(file).map(|stat| Facts::of(&stat))
}

/// Opens a regular file by its name in the held folder; nothing when it is gone or something else now.
pub(super) fn open(item: &Item<'_>) -> Result<Option<(File, Facts)>, BackupError> {
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened: OwnedFd = match rustix::fs::openat(item.folder, item.name, flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP) => return Ok(None),
        Err(error) => return Err(failed("open", item, error)),
    };
    let file = File::from(opened);
    let facts = stat(&file).map_err(|error| failed("look at", item, error))?;
    Ok((facts.kind() == FileType::RegularFile).then_some((file, facts)))
}

const fn has_holes(facts: &Facts) -> bool {
    facts.size > 0 && facts.blocks.saturating_mul(512) < facts.size
}

/// Returns where the data of a sparse file lies; nothing when the system does not say.
#[cfg(not(target_os = "macos"))]
fn segments(file: &File, size: u64) -> Option<Vec<(u64, u64)>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < size {
        let start = match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(rustix::io::Errno::NXIO) => break,
            Err(_) => return None,
        };
        let end = rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(start))
            .ok()?
            .min(size);
        if end <= start || out.len() >= tarball::MAX_SEGMENTS {
            return None;
        }
        out.push((start, end - start));
        at = end;
    }
    Some(out)
}

#[cfg(target_os = "macos")]
fn segments(_file: &File, _size: u64) -> Option<Vec<(u64, u64)>> {
    None
}

/// Reads all extended attributes; a file system without them has none.
pub(super) fn xattrs(of: impl AsFd) -> rustix::io::Result<Vec<tarball::Pair>> {
    use rustix::io::Errno;
    let of = of.as_fd();
    // Most files have none: one call with no buffer tells.
    match rustix::fs::flistxattr_query(of) {
        Ok(0) | Err(Errno::NOTSUP | Errno::NOSYS | Errno::PERM | Errno::ACCESS) => {
            return Ok(Vec::new());
        }
        Ok(_) => {}
        Err(error) => return Err(error),
    }
    let mut names = vec![0_u8; MAX_XATTR];
    let length = rustix::fs::flistxattr(of, names.as_mut_slice())?;
    let mut out = Vec::new();
    for name in names
        .get(..length)
        .unwrap_or_default()
        .split(|byte| *byte == 0)
    {
        if name.is_empty() {
            continue;
        }
        let mut value = vec![0_u8; MAX_XATTR];
        match rustix::fs::fgetxattr(of, name, value.as_mut_slice()) {
            Ok(length) => {
                value.truncate(length);
                out.push((name.to_vec(), value));
            }
            Err(Errno::NODATA | Errno::PERM | Errno::ACCESS | Errno::NOTSUP) => {}
            Err(error) => return Err(error),
        }
    }
    out.sort();
    Ok(out)
}

/// Digest and count over the headers of an archive.
#[derive(Clone, Debug, Default)]
struct Listing {
    hash: Sha256,
    entries: u64,
}

impl Listing {
    fn add(&mut self, entry: &Entry) {
        self.hash.update(entry.encode());
        self.entries += 1;
    }

    fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

/// Reads an archive to its end and lists what it holds.
#[derive(Debug, Default)]
pub struct TreeScan {
    parser: Parser,
    seen: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    listing: Listing,
    contents: Vec<Content>,
    size: u64,
    got: u64,
}

impl Sink for Seen {
    fn entry(&mut self, entry: Entry) -> Result<(), ScanError> {
        self.listing.add(&entry);
        self.size = entry.stored();
        self.got = 0;
        if self.contents.len() < MAX_CONTENTS {
            self.contents.push(Content {
                kind: entry.kind.name().to_owned(),
                name: shown(&entry.path),
                count: (entry.kind == Kind::File).then_some(entry.size),
            });
        }
        Ok(())
    }

    fn data(&mut self, _offset: u64, bytes: &[u8]) -> Result<(), ScanError> {
        self.got = self.got.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn end(&mut self) -> Result<(), ScanError> {
        if self.got != self.size {
            return Err(ScanError::new(
                "a file of the archive is shorter than its header says",
            ));
        }
        Ok(())
    }
}

impl Scan for TreeScan {
    fn feed(&mut self, plain: &[u8]) -> Result<(), ScanError> {
        self.parser.feed(plain, &mut self.seen)
    }

    fn finish(self: Box<Self>) -> Result<Scanned, ScanError> {
        self.parser.finish()?;
        if self.seen.listing.entries == 0 {
            return Err(ScanError::new("the archive holds nothing"));
        }
        Ok(Scanned {
            contents: self.seen.contents,
            contents_total: self.seen.listing.entries,
            notes: vec![self.seen.listing.finish()],
        })
    }
}
