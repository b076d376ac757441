//! Questions about the file system: what stands at a path, how much lies below, what a pattern gives, what a file says.
//! It looks and never writes; every answer is bounded in entries, bytes and time.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::mounts::Mounts;
use super::pattern::Pattern;
use crate::model::fact::{Answer, EntryFact, EntryKind, TreeFact};
use crate::model::name;

/// Bounds of one walk.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub entries: u64,
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            time: Duration::from_secs(3),
        }
    }
}

/// Tells whether a path leads up again somewhere.
pub fn steps_back(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

/// Returns where a path with `..` leads once the folders on its way are there: what the call is yet to make
/// (`mkdir w; rm -rf w/../data`) stands where its name says, everything else where links lead.
pub fn stepped(path: &Path) -> PathBuf {
    if !steps_back(path) {
        return path.to_path_buf();
    }
    let mut all = PathBuf::new();
    for part in path.components() {
        if part != Component::ParentDir {
            all.push(part);
            continue;
        }
        match std::fs::canonicalize(&all) {
            Ok(real) => all = real.parent().map_or(real.clone(), Path::to_path_buf),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                all.pop();
            }
            Err(_) => all.push(part),
        }
    }
    all
}

/// Folders that are held open at once; deeper trees are not followed further.
const DEPTH_MAX: usize = 512;
/// Results of one pattern; beyond, the pattern counts as unknown.
const MATCHES_MAX: usize = 10_000;
/// Databases and repositories that are named.
const NAMED_MAX: usize = 16;
/// Entries between two looks at the clock.
const CLOCK_EVERY: u64 = 512;
/// First bytes that tell what a file is.
const MAGIC_BYTES: usize = 512;

/// Answers what is at an absolute path, not following the last link.
pub fn entry(path: &Path, home: Option<&Path>) -> Answer {
    match look(path, home) {
        Ok(fact) => Answer::Entry(fact),
        Err(error) => failed(path, error),
    }
}

pub(super) fn failed(path: &Path, error: Errno) -> Answer {
    if error == Errno::NOENT || error == Errno::NOTDIR {
        return Answer::Absent;
    }
    Answer::Unknown(format!("`{}`: {error}", path.display()))
}

pub(super) fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

fn look(path: &Path, home: Option<&Path>) -> Result<EntryFact, Errno> {
    let stat = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = kind_of(&stat);
    let place = parent_resolved(path)?;
    let resolved = if kind == EntryKind::Link {
        std::fs::canonicalize(path).unwrap_or_else(|_| place.clone())
    } else {
        place.clone()
    };
    let root = rustix::fs::statat(CWD, "/", AtFlags::empty()).ok();
    let home = home.and_then(|home| rustix::fs::statat(CWD, home, AtFlags::empty()).ok());
    let folder = kind == EntryKind::Directory;
    let mounts = folder.then(Mounts::read);
    Ok(EntryFact {
        kind,
        bytes: if kind == EntryKind::File {
            size(&stat)
        } else {
            0
        },
        device: device(&stat),
        inode: stat.st_ino,
        links: links(&stat),
        is_root: folder && root.is_some_and(|root| same(&root, &stat)),
        is_home: folder && home.is_some_and(|home| same(&home, &stat)),
        is_mount: mounts.as_ref().is_some_and(|all| all.at(&place, &stat)),
        mounts_below: mounts.as_ref().is_some_and(|all| all.below(&place)),
        magic: if kind == EntryKind::File {
            magic_at(path)
        } else {
            String::new()
        },
        resolved,
    })
}

/// Resolves every link but the last name.
fn parent_resolved(path: &Path) -> Result<PathBuf, Errno> {
    let whole = || std::fs::canonicalize(path).map_err(|error| errno(&error));
    let Some(name) = path.file_name() else {
        return whole();
    };
    let bytes = path.as_os_str().as_bytes();
    // A slash at the end makes the kernel follow a link, and a removal goes through it.
    if bytes.ends_with(b"/..") || bytes.ends_with(b"/.") || bytes.ends_with(b"/") {
        return whole();
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let parent = std::fs::canonicalize(parent).map_err(|error| errno(&error))?;
    Ok(parent.join(name))
}

pub(super) fn kind_of(stat: &Stat) -> EntryKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        FileType::BlockDevice | FileType::CharacterDevice => EntryKind::Device,
        FileType::Fifo | FileType::Socket | FileType::Unknown => EntryKind::Other,
    }
}

fn same(one: &Stat, other: &Stat) -> bool {
    one.st_dev == other.st_dev && one.st_ino == other.st_ino
}

pub(super) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

#[allow(
    clippy::useless_conversion,
    reason = "the width and sign differ between systems"
)]
pub(super) fn device(stat: &Stat) -> u64 {
    u64::try_from(stat.st_dev).unwrap_or(0)
}

#[allow(
    clippy::useless_conversion,
    reason = "the width and sign differ between systems"
)]
pub(super) fn links(stat: &Stat) -> u64 {
    u64::try_from(stat.st_nlink).unwrap_or(0)
}

#[allow(
    clippy::useless_conversion,
    reason = "the width and sign differ between systems"
)]
fn changed(stat: &Stat) -> i64 {
    i64::try_from(stat.st_mtime).unwrap_or(0)
}

/// Opens for reading without waiting for the other end of a pipe.
fn open(path: &Path, extra: OFlags) -> Result<std::fs::File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY | extra;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?.into())
}

/// Opens a file; anything else that stands there is refused.
pub(super) fn regular(path: &Path) -> io::Result<std::fs::File> {
    let file = open(path, OFlags::empty())?;
    match kind_of(&rustix::fs::fstat(&file)?) {
        EntryKind::File => Ok(file),
        _ => Err(io::Error::other("no file")),
    }
}

fn magic_at(path: &Path) -> String {
    let Ok(file) = open(path, OFlags::NOFOLLOW) else {
        return String::new();
    };
    magic_of(&file).to_owned()
}

fn magic_of(file: &std::fs::File) -> &'static str {
    let regular = rustix::fs::fstat(file).is_ok_and(|stat| kind_of(&stat) == EntryKind::File);
    if !regular {
        return "";
    }
    let mut first = Vec::with_capacity(16);
    if file.take(16).read_to_end(&mut first).is_err() {
        return "";
    }
    recognise(&first)
}

fn recognise(first: &[u8]) -> &'static str {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"SQLite format 3\0", "sqlite"),
        (b"PGDMP", "pgdump"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x1f\x8b", "gzip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"PK\x03\x04", "zip"),
        (b"\x7fELF", "elf"),
        (b"REDIS", "redis"),
        (b"LUKS\xba\xbe", "luks"),
        (b"-----BEGIN ", "pem"),
        (b"QFI\xfb", "qcow2"),
    ];
    KNOWN
        .iter()
        .find(|(start, _)| first.starts_with(start))
        .map_or("", |(_, name)| name)
}

/// Answers what a file says, links followed, up to `cap` bytes.
/// Of a compiled program only the first bytes come back: they say what it is.
pub fn text(path: &Path, cap: u64) -> Answer {
    match read_text(path, cap) {
        Ok(answer) => answer,
        Err(error) => failed(path, errno(&error)),
    }
}

fn read_text(path: &Path, cap: u64) -> io::Result<Answer> {
    let file = open(path, OFlags::empty())?;
    let stat = rustix::fs::fstat(&file)?;
    match kind_of(&stat) {
        EntryKind::File => {}
        EntryKind::Directory => {
            return Ok(Answer::Unknown(format!("`{}` is a folder", path.display())));
        }
        _ => return Ok(Answer::Unknown(format!("`{}` is no file", path.display()))),
    }
    let mut content = Vec::new();
    (&file)
        .take(cap.saturating_add(1))
        .read_to_end(&mut content)?;
    let start = content
        .get(..MAGIC_BYTES.min(content.len()))
        .unwrap_or_default();
    let compiled = start.contains(&0);
    let sha256 = hex(&Sha256::digest(&content));
    if compiled {
        let text = name::text(start);
        return Ok(Answer::Text { text, sha256 });
    }
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > cap {
        let reason = format!("`{}` is larger than {cap} bytes", path.display());
        return Ok(Answer::Unknown(reason));
    }
    let text = name::text(&content);
    Ok(Answer::Text { text, sha256 })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "{byte:02x}");
        all
    })
}

/// Answers how much is below a path, in one walk that follows no link and leaves no file system.
pub fn tree(path: &Path, limits: Limits) -> Answer {
    let stat = match rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(error) => return failed(path, error),
    };
    let mut fact = TreeFact::default();
    if kind_of(&stat) != EntryKind::Directory {
        fact.files = 1;
        fact.bytes = size(&stat);
        fact.newest = changed(&stat);
        return Answer::Tree(fact);
    }
    let mut walk = Walk {
        limits,
        end: Instant::now() + limits.time,
        seen: 0,
        device: device(&stat),
        stack: Vec::new(),
        fact,
        only_pyc: true,
    };
    if let Err(error) = walk.enter(CWD, path.as_os_str(), path.to_path_buf()) {
        return Answer::Unknown(format!("`{}`: {error}", path.display()));
    }
    walk.run();
    let mut fact = walk.fact;
    fact.mounts |= Mounts::read().below(&std::fs::canonicalize(path).unwrap_or_default());
    fact.proof = proof(path, fact.files > 0 && walk.only_pyc && !fact.more);
    Answer::Tree(fact)
}

struct Frame {
    dir: Dir,
    path: PathBuf,
}

struct Walk {
    limits: Limits,
    end: Instant,
    seen: u64,
    device: u64,
    stack: Vec<Frame>,
    fact: TreeFact,
    only_pyc: bool,
}

impl Walk {
    fn enter(
        &mut self,
        at: impl std::os::fd::AsFd,
        name: &OsStr,
        path: PathBuf,
    ) -> Result<(), Errno> {
        // O_NOFOLLOW from an open folder: a link that is swapped in is not followed.
        let flags = OFlags::RDONLY
            | OFlags::DIRECTORY
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(at, name, flags, Mode::empty())?;
        self.stack.push(Frame {
            dir: Dir::new(fd)?,
            path,
        });
        Ok(())
    }

    fn run(&mut self) {
        while let Some(frame) = self.stack.last_mut() {
            self.seen += 1;
            if self.seen > self.limits.entries
                || (self.seen.is_multiple_of(CLOCK_EVERY) && Instant::now() > self.end)
            {
                self.fact.more = true;
                return;
            }
            match frame.dir.read() {
                None => {
                    self.stack.pop();
                }
                Some(Err(_)) => {
                    self.fact.unreadable += 1;
                    self.stack.pop();
                }
                Some(Ok(entry)) => {
                    let name = entry.file_name().to_bytes().to_vec();
                    if name != b"." && name != b".." {
                        self.visit(OsStr::from_bytes(&name));
                    }
                }
            }
        }
    }

    fn visit(&mut self, name: &OsStr) {
        let Some(frame) = self.stack.last() else {
            return;
        };
        let path = frame.path.join(name);
        let stat = frame
            .dir
            .fd()
            .and_then(|fd| rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW));
        let Ok(stat) = stat else {
            self.fact.unreadable += 1;
            return;
        };
        self.fact.newest = self.fact.newest.max(changed(&stat));
        if name == ".git" && self.fact.repositories.len() < NAMED_MAX {
            self.fact.repositories.push(path.clone());
        }
        if kind_of(&stat) == EntryKind::Directory {
            self.descend(name, path, &stat);
        } else {
            self.count(name, path, &stat);
        }
    }

    fn descend(&mut self, name: &OsStr, path: PathBuf, stat: &Stat) {
        self.fact.directories += 1;
        if device(stat) != self.device {
            self.fact.mounts = true;
            return;
        }
        if self.stack.len() >= DEPTH_MAX {
            self.fact.more = true;
            return;
        }
        let Some(frame) = self.stack.last() else {
            return;
        };
        let Ok(fd) = frame.dir.fd().map(|fd| fd.try_clone_to_owned()) else {
            self.fact.unreadable += 1;
            return;
        };
        let entered = fd
            .map_err(|error| errno(&error))
            .and_then(|fd| self.enter(fd, name, path));
        if entered.is_err() {
            self.fact.unreadable += 1;
        }
    }

    fn count(&mut self, name: &OsStr, path: PathBuf, stat: &Stat) {
        self.fact.files += 1;
        self.fact.links += u64::from(kind_of(stat) == EntryKind::Link);
        let bytes = name.as_bytes();
        self.only_pyc &= bytes.ends_with(b".pyc") || bytes.ends_with(b".pyo");
        if kind_of(stat) != EntryKind::File {
            return;
        }
        self.fact.bytes = self.fact.bytes.saturating_add(size(stat));
        if self.fact.databases.len() < NAMED_MAX
            && may_be_database(bytes, size(stat))
            && magic_at(&path) == "sqlite"
        {
            self.fact.databases.push(path);
        }
    }
}

/// Tells whether a file is worth a look at its first bytes: every SQLite file is a whole number of pages.
fn may_be_database(name: &[u8], bytes: u64) -> bool {
    if bytes < 512 || !bytes.is_multiple_of(512) {
        return false;
    }
    let end = name.rsplit(|&byte| byte == b'.').next().unwrap_or(name);
    end.len() == name.len()
        || matches!(
            end.to_ascii_lowercase().as_slice(),
            b"db" | b"db3" | b"sqlite" | b"sqlite3" | b"s3db" | b"sl3" | b"gpkg" | b"dat" | b"data"
        )
}

/// Names the proof that a folder can be made again; empty without.
fn proof(path: &Path, only_pyc: bool) -> String {
    const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55";
    if let Answer::Text { text, .. } = text(&path.join("CACHEDIR.TAG"), 4096)
        && text.starts_with(SIGNATURE)
    {
        return "CACHEDIR.TAG".to_owned();
    }
    if is_file(&path.join("pyvenv.cfg")) {
        return "pyvenv.cfg".to_owned();
    }
    if only_pyc {
        return "only .pyc".to_owned();
    }
    lock_beside(path).map_or_else(String::new, |lock| format!("{lock} beside it"))
}

fn lock_beside(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let locks: &[&'static str] = match name {
        "node_modules" => &[
            "package-lock.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "bun.lockb",
            "npm-shrinkwrap.json",
        ],
        "target" => &["Cargo.lock"],
        ".venv" | "venv" => &["uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock"],
        ".terraform" => &[".terraform.lock.hcl"],
        _ => &[],
    };
    let parent = path.parent()?;
    locks
        .iter()
        .find(|lock| is_file(&parent.join(lock)))
        .copied()
}

fn is_file(path: &Path) -> bool {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| kind_of(&stat) == EntryKind::File)
}

/// Answers which absolute paths a shell pattern gives below a folder; `**/` stands for any number of folders.
pub fn glob(dir: &Path, pattern: &str, limits: Limits) -> Answer {
    let folders_only = pattern.ends_with('/');
    let steps: Vec<Pattern> = pattern
        .split('/')
        .filter(|step| !step.is_empty())
        .map(Pattern::new)
        .collect();
    match rustix::fs::statat(CWD, dir, AtFlags::empty()) {
        Ok(stat) if kind_of(&stat) == EntryKind::Directory => {}
        Ok(_) => return Answer::Absent,
        Err(error) => return failed(dir, error),
    }
    let mut search = Search {
        limits,
        end: Instant::now() + limits.time,
        seen: 0,
        found: Vec::new(),
    };
    match search.run(dir, &steps, folders_only) {
        Ok(()) => {
            search.found.sort();
            search.found.dedup();
            Answer::Glob(search.found)
        }
        Err(reason) => Answer::Unknown(reason),
    }
}

struct Search {
    limits: Limits,
    end: Instant,
    seen: u64,
    found: Vec<PathBuf>,
}

impl Search {
    fn run(&mut self, dir: &Path, steps: &[Pattern], folders_only: bool) -> Result<(), String> {
        let mut open = vec![(dir.to_path_buf(), steps)];
        while let Some((folder, steps)) = open.pop() {
            let Some((step, rest)) = steps.split_first() else {
                continue;
            };
            if step.is_any_depth() && rest.is_empty() {
                self.one(&folder, &Pattern::new("*"), rest, folders_only, &mut open)?;
            } else if step.is_any_depth() {
                self.one(&folder, step, steps, folders_only, &mut open)?;
                open.push((folder, rest));
            } else {
                self.one(&folder, step, rest, folders_only, &mut open)?;
            }
        }
        Ok(())
    }

    /// Reads one folder: what matches is found, or opened for the rest of the pattern.
    fn one<'p>(
        &mut self,
        folder: &Path,
        step: &Pattern,
        rest: &'p [Pattern],
        folders_only: bool,
        open: &mut Vec<(PathBuf, &'p [Pattern])>,
    ) -> Result<(), String> {
        if let Some(name) = step.literal() {
            let path = folder.join(name);
            if rustix::fs::statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
                self.take(path, rest, folders_only, true, open)?;
            }
            return Ok(());
        }
        let listing = match std::fs::read_dir(folder) {
            Ok(listing) => listing,
            Err(error) if errno(&error) == Errno::ACCESS => {
                return Err(format!("`{}`: {error}", folder.display()));
            }
            Err(_) => return Ok(()),
        };
        for entry in listing {
            self.seen += 1;
            let late = self.seen.is_multiple_of(CLOCK_EVERY) && Instant::now() > self.end;
            if self.seen > self.limits.entries || late {
                return Err("the pattern gives too much".to_owned());
            }
            let Ok(entry) = entry else { continue };
            let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if step.is_any_depth() {
                if folder && entry.file_name() != ".git" {
                    open.push((entry.path(), rest));
                }
            } else if step.matches(entry.file_name().as_bytes()) {
                let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
                self.take(entry.path(), rest, folders_only, folder || link, open)?;
            }
        }
        Ok(())
    }

    fn take<'p>(
        &mut self,
        path: PathBuf,
        rest: &'p [Pattern],
        folders_only: bool,
        folder: bool,
        open: &mut Vec<(PathBuf, &'p [Pattern])>,
    ) -> Result<(), String> {
        if rest.is_empty() {
            if folder || !folders_only {
                self.found.push(path);
            }
        } else if folder {
            open.push((path, rest));
        }
        if self.found.len() > MATCHES_MAX {
            return Err(format!("the pattern gives more than {MATCHES_MAX} paths"));
        }
        Ok(())
    }
}
