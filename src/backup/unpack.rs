//! Unpacks a tree from its archive into a folder that is held open, through no link, every attribute as it was.
//! It never writes over what stands there: the folder is a fresh scratch place.

use std::ffi::CString;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::io::Errno;

use super::error::ScanError;
use super::pipeline::{Scan, Scanned};
use super::tarball::{Entry, Kind, Parser, Sink};
use super::walk::{open_folder, shown};

/// Most notes about attributes that could not be set.
const MAX_NOTES: usize = 50;

/// Unpacks what is fed to it.
#[derive(Debug)]
pub struct Unpacker<'a> {
    parser: Parser,
    place: Place<'a>,
}

impl<'a> Unpacker<'a> {
    /// Unpacks into this folder; with `only`, just these paths, what lies below them and the folders above.
    pub fn new(into: BorrowedFd<'a>, only: Vec<Vec<u8>>) -> Self {
        Self {
            parser: Parser::default(),
            place: Place {
                into,
                only,
                last: None,
                current: None,
                folders: Vec::new(),
                notes: Vec::new(),
                entries: 0,
            },
        }
    }
}

impl Scan for Unpacker<'_> {
    fn feed(&mut self, plain: &[u8]) -> Result<(), ScanError> {
        self.parser.feed(plain, &mut self.place)
    }

    fn finish(mut self: Box<Self>) -> Result<Scanned, ScanError> {
        self.parser.finish()?;
        self.place.finish()?;
        Ok(Scanned {
            contents: Vec::new(),
            contents_total: self.place.entries,
            notes: self.place.notes,
        })
    }
}

#[derive(Debug)]
struct Place<'a> {
    into: BorrowedFd<'a>,
    only: Vec<Vec<u8>>,
    /// The folder of the entry before, which is nearly always the folder of the next one too.
    last: Option<(Vec<u8>, OwnedFd)>,
    current: Option<(File, Entry)>,
    /// Folders get their attributes at the end, deepest first: entries put into them would change their times.
    folders: Vec<Entry>,
    notes: Vec<String>,
    entries: u64,
}

fn failed(what: &str, path: &[u8], error: impl std::fmt::Display) -> ScanError {
    ScanError::outside(format!("cannot {what} `{}`: {error}", shown(path)))
}

/// Splits a path of the archive into its parts; nothing may lead out of the folder.
fn parts(path: &[u8]) -> Result<Vec<CString>, ScanError> {
    let parts: Option<Vec<CString>> = path
        .split(|byte| *byte == b'/')
        .map(|part| match part {
            b"" | b"." | b".." => None,
            part => CString::new(part).ok(),
        })
        .collect();
    parts.ok_or_else(|| {
        ScanError::new(format!(
            "the archive holds the forbidden path `{}`",
            shown(path)
        ))
    })
}

impl Place<'_> {
    fn wanted(&self, path: &[u8]) -> bool {
        let below = |one: &[u8], other: &[u8]| {
            one == other
                || one
                    .strip_prefix(other)
                    .is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|only| below(path, only) || below(only, path))
    }

    /// Opens the folder of a path, made before by its own entry, and returns it with the last part.
    fn folder(&mut self, path: &[u8]) -> Result<(&OwnedFd, CString), ScanError> {
        let mut parts = parts(path)?;
        let name = parts
            .pop()
            .ok_or_else(|| ScanError::new("an entry has no name"))?;
        let above = path
            .get(..path.len() - name.as_bytes().len())
            .unwrap_or_default();
        let known = self.last.as_ref().is_some_and(|(last, _)| last == above);
        if !known {
            let mut folder = self
                .into
                .try_clone_to_owned()
                .map_err(|error| failed("open the folder of", path, error))?;
            for part in &parts {
                folder = open_folder(folder.as_fd(), part)
                    .map_err(|error| failed("open the folder of", path, error))?;
            }
            self.last = Some((above.to_vec(), folder));
        }
        match &self.last {
            Some((_, folder)) => Ok((folder, name)),
            None => Err(ScanError::new("no folder is open")),
        }
    }

    fn note(&mut self, what: &str, path: &[u8], error: Errno) {
        if self.notes.len() < MAX_NOTES {
            self.notes
                .push(format!("cannot {what} `{}`: {error}", shown(path)));
        }
    }

    fn make(&mut self, entry: &Entry) -> Result<(), ScanError> {
        let path = entry.path.clone();
        let linked = match entry.kind {
            Kind::HardLink => {
                let (folder, name) = self.folder(&entry.link)?;
                let folder = folder
                    .try_clone()
                    .map_err(|error| failed("link", &path, error))?;
                Some((folder, name))
            }
            _ => None,
        };
        let (folder, name) = self.folder(&path)?;
        let made = match (entry.kind, linked) {
            (Kind::HardLink, Some((from, first))) => {
                rustix::fs::linkat(from, first, folder, name, AtFlags::empty())
            }
            (Kind::Symlink, _) => {
                let link = CString::new(entry.link.clone())
                    .map_err(|error| failed("link", &path, error))?;
                rustix::fs::symlinkat(link, folder, name)
            }
            (Kind::Directory, _) => rustix::fs::mkdirat(folder, name, Mode::RWXU),
            _ => special(entry, folder, &name),
        };
        match made {
            Ok(()) => Ok(()),
            Err(error @ (Errno::PERM | Errno::NOTSUP))
                if matches!(entry.kind, Kind::Char | Kind::Block) =>
            {
                self.note("make the device", &path, error);
                Ok(())
            }
            Err(error) => Err(failed("make", &path, error)),
        }
    }

    /// Sets owner, mode and times of something that is no file and no folder.
    fn dress(&mut self, entry: &Entry) -> Result<(), ScanError> {
        let (folder, name) = self.folder(&entry.path)?;
        let owner = rustix::fs::chownat(
            folder,
            &name,
            Some(Uid::from_raw(entry.uid)),
            Some(Gid::from_raw(entry.gid)),
            AtFlags::SYMLINK_NOFOLLOW,
        );
        let mode = match entry.kind {
            Kind::Symlink => Ok(()),
            _ => rustix::fs::chmodat(folder, &name, bits(entry.mode), AtFlags::empty()),
        };
        let times = rustix::fs::utimensat(folder, &name, &times(entry), AtFlags::SYMLINK_NOFOLLOW);
        for (what, outcome) in [
            ("set the owner of", owner),
            ("set the mode of", mode),
            ("set the times of", times),
        ] {
            match outcome {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => self.note(what, &entry.path, error),
            }
        }
        Ok(())
    }

    /// Sets attributes of an open file or folder in the order in which none undoes another.
    fn dress_open(&mut self, opened: BorrowedFd<'_>, entry: &Entry) {
        let owner = rustix::fs::fchown(
            opened,
            Some(Uid::from_raw(entry.uid)),
            Some(Gid::from_raw(entry.gid)),
        );
        if let Err(error) = owner {
            self.note("set the owner of", &entry.path, error);
        }
        for (name, value) in &entry.xattrs {
            let set = rustix::fs::fsetxattr(
                opened,
                name.as_slice(),
                value,
                rustix::fs::XattrFlags::empty(),
            );
            if let Err(error) = set {
                self.note("set an attribute of", &entry.path, error);
            }
        }
        if let Err(error) = rustix::fs::fchmod(opened, bits(entry.mode)) {
            self.note("set the mode of", &entry.path, error);
        }
        if let Err(error) = rustix::fs::futimens(opened, &times(entry)) {
            self.note("set the times of", &entry.path, error);
        }
    }

    fn open_file(&mut self, entry: Entry) -> Result<(), ScanError> {
        let (folder, name) = self.folder(&entry.path)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(folder, &name, flags, Mode::RUSR | Mode::WUSR);
        let opened = match open() {
            // The second reading of a file that changed while it was packed stands for the first.
            Err(Errno::EXIST) => {
                rustix::fs::unlinkat(folder, &name, AtFlags::empty()).and_then(|()| open())
            }
            opened => opened,
        };
        let file = File::from(opened.map_err(|error| failed("make", &entry.path, error))?);
        file.set_len(entry.size)
            .map_err(|error| failed("write", &entry.path, error))?;
        self.current = Some((file, entry));
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ScanError> {
        let folders = std::mem::take(&mut self.folders);
        for entry in folders.iter().rev() {
            self.last = None;
            let (folder, name) = self.folder(&entry.path)?;
            let opened = open_folder(folder.as_fd(), &name)
                .map_err(|error| failed("open", &entry.path, error))?;
            self.dress_open(opened.as_fd(), entry);
        }
        Ok(())
    }
}

impl Sink for Place<'_> {
    fn entry(&mut self, entry: Entry) -> Result<(), ScanError> {
        if !self.wanted(&entry.path) {
            return Ok(());
        }
        self.entries += 1;
        match entry.kind {
            Kind::File => self.open_file(entry),
            Kind::Directory => {
                self.make(&entry)?;
                self.folders.push(entry);
                Ok(())
            }
            Kind::HardLink => self.make(&entry),
            Kind::Symlink | Kind::Char | Kind::Block | Kind::Fifo => {
                self.make(&entry)?;
                self.dress(&entry)
            }
        }
    }

    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<(), ScanError> {
        let Some((file, entry)) = &mut self.current else {
            return Ok(());
        };
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(bytes))
            .map_err(|error| failed("write", &entry.path, error))
    }

    fn end(&mut self) -> Result<(), ScanError> {
        if let Some((file, entry)) = self.current.take() {
            self.dress_open(file.as_fd(), &entry);
        }
        Ok(())
    }
}

fn bits(mode: u32) -> Mode {
    Mode::from_raw_mode(mode as rustix::fs::RawMode)
}

fn times(entry: &Entry) -> Timestamps {
    let time = Timespec {
        tv_sec: entry.seconds,
        tv_nsec: entry.nanos.into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

#[cfg(not(target_os = "macos"))]
fn special(entry: &Entry, folder: &OwnedFd, name: &CString) -> rustix::io::Result<()> {
    use rustix::fs::FileType;
    let (major, minor) = entry.device;
    let kind = match entry.kind {
        Kind::Char => FileType::CharacterDevice,
        Kind::Block => FileType::BlockDevice,
        _ => FileType::Fifo,
    };
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(folder, name, kind, mode, rustix::fs::makedev(major, minor))
}

/// macOS makes neither fifos nor devices by descriptor; they are named in the notes.
#[cfg(target_os = "macos")]
fn special(_entry: &Entry, _folder: &OwnedFd, _name: &CString) -> rustix::io::Result<()> {
    Err(Errno::NOTSUP)
}
