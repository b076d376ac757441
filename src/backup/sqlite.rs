//! Backs up and verifies SQLite databases: one read transaction, the backup API, counts of that very moment.
//! Restores live in `sqlite_restore`; the file is never copied byte by byte while others may write to it.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use sha2::{Digest as _, Sha256};

use super::control::Control;
use super::engine::{Engine, Estimate, Order, Snapshot};
use super::error::{BackupError, ScanError};
use super::files::{hex, make_folder, now, quoted, random_name, write_small};
use super::move_back::Attributes;
use super::passing::Passing;
use super::pipeline::{Job, Plain, Scan, Scanned, digest_artefact, write_artefact};
use super::sqlite_restore;
use crate::adapters::sqlite::{OpenError, Shape, neighbour, open, quote};
use crate::model::backup::{Artefact, Content, Entry, Level, Marks};
use crate::model::target::Reach;
use crate::plan::restore::{RestorePlan, Restored, Wish, counted};

/// Pages copied between two looks at the clock.
const PAGES: i32 = 1000;
/// How long a writer that holds the file is waited for.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// What the file has beside its content, for restoring it where it is gone.
pub(super) const ATTRIBUTES: &str = "metadata/attributes.json";

/// SQLite databases.
#[derive(Clone, Copy, Debug)]
pub struct Sqlite;

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        match &error {
            OpenError::Absent(_) => Self::NotFound(error.to_string()),
            OpenError::NotSqlite(path) => Self::Unreachable(format!(
                "{error}; back it up as a file with its neighbours while no process has it open: backstop backup run {}; {WAIVED}",
                quoted(path)
            )),
            OpenError::Io { .. } | OpenError::Sqlite { .. } => Self::Source(error.to_string()),
        }
    }
}

/// What lets a call pass of which no verified backup can be made.
const WAIVED: &str = "with such a copy the second approval can stand in for a verified backup, where `approvals.waiver = \"impossible\"` is in the owner's policy";

/// Says what can be done about a database that is not sound.
fn damaged(error: BackupError, reach: &Reach) -> BackupError {
    match (error, reach) {
        (BackupError::NotIntact(text) | BackupError::Source(text), Reach::Sqlite(path)) => {
            BackupError::NotIntact(format!(
                "{text}; `sqlite3 {file} .recover` reads what can be read of it, and a copy keeps it as it is: cp -a {file} ELSEWHERE; {WAIVED}",
                file = quoted(path)
            ))
        }
        (error, _) => error,
    }
}

pub(super) fn failed(what: &str) -> impl Fn(rusqlite::Error) -> BackupError {
    move |error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            BackupError::Busy(format!(
                "cannot {what}: another process holds the database ({error})"
            ))
        }
        Some(rusqlite::ErrorCode::OperationInterrupted) => BackupError::Deadline,
        _ => BackupError::Source(format!("cannot {what}: {error}")),
    }
}

pub(super) fn path_of(reach: &Reach) -> Result<&Path, BackupError> {
    match reach {
        Reach::Sqlite(path) => Ok(path),
        _ => Err(BackupError::Unreachable("this is no SQLite file".into())),
    }
}

/// Takes the marks of a database: its file, and the write-ahead log where that holds anything.
///
/// # Errors
/// When there is no such file.
pub fn marks(path: &Path) -> Result<Marks, BackupError> {
    let shape = Shape::of(path)?;
    let mut hash = Sha256::new_with_prefix(b"backstop.sqlite-marks/1\0");
    for ending in ["", "-wal", "-journal"] {
        let file = neighbour(&shape.real, ending);
        let Ok(meta) = fs::metadata(&file) else {
            continue;
        };
        if !ending.is_empty() && meta.len() == 0 {
            continue;
        }
        hash.update(ending);
        for number in [meta.dev(), meta.ino(), meta.size()] {
            hash.update(number.to_le_bytes());
        }
        for number in [meta.mtime(), meta.mtime_nsec()] {
            hash.update(number.to_le_bytes());
        }
        if ending == "-wal" {
            let mut head = Vec::new();
            let _ = fs::File::open(&file).and_then(|file| file.take(32).read_to_end(&mut head));
            hash.update(head.get(16..24).unwrap_or_default());
        }
    }
    Ok(Marks {
        digest: hex(&hash.finalize()),
        position: String::new(),
    })
}

/// A copy of a database that was checked, in a private folder that goes with it.
#[derive(Debug)]
pub(super) struct Twin {
    pub file: PathBuf,
    #[expect(dead_code, reason = "held, not read")]
    scratch: Scratch,
}

/// Copies a database that lies in a tree, as one read transaction sees it, and checks the copy.
pub(super) fn twin(
    path: &Path,
    identity: (u64, u64),
    folder: &Path,
    control: &Control,
) -> Result<Twin, BackupError> {
    let shape = Shape::of(path)?;
    if (shape.device, shape.inode) != identity {
        return Err(BackupError::Busy("another file stands there now".into()));
    }
    let marks = marks(path)?;
    let scratch = Scratch::inside(folder)?;
    let file = scratch.path.join("copy");
    let contents = copy_of(path, &shape, &marks, &file, &scratch, control)?;
    if examine(&file, "quick_check", control)? != contents {
        return Err(BackupError::NotIntact(
            "the copy does not hold what the snapshot held".into(),
        ));
    }
    Ok(Twin { file, scratch })
}

/// Tells whether what stands at a path can be read as a database.
pub(super) fn is_readable(path: &Path) -> bool {
    Shape::of(path)
        .and_then(|shape| open(&shape.real, shape.is_quiet()))
        .is_ok_and(|connection| match inventory(&connection) {
            // Held by somebody: alive.
            Ok(_) | Err(BackupError::Busy(_)) => true,
            Err(_) => false,
        })
}

/// Lists what a database holds: tables with their rows, views, indexes, triggers.
///
/// # Errors
/// When it cannot be read.
pub(super) fn inventory(connection: &Connection) -> Result<Vec<Content>, BackupError> {
    let said = failed("list the tables");
    let mut query = connection
        .prepare(
            "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             OR name IN ('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat3', 'sqlite_stat4') ORDER BY type, name",
        )
        .map_err(&said)?;
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(&said)?;
    let mut contents = Vec::new();
    for row in rows {
        let (kind, name): (String, String) = row.map_err(&said)?;
        let count = match kind.as_str() {
            "table" => count(connection, &name)?,
            _ => None,
        };
        contents.push(Content { kind, name, count });
    }
    Ok(contents)
}

/// Tells whether a database holds what the manifest lists; the tables of SQLite's own were not always listed.
pub(super) fn is_listed(found: &[Content], artefact: &Artefact) -> bool {
    let noted = &artefact.contents;
    let own = |content: &Content| content.name.starts_with("sqlite_");
    let lists_own = noted.iter().any(own);
    let found = found.iter().filter(|one| lists_own || !own(one));
    found.eq(noted)
}

/// Counts rows; nothing for a virtual table whose module is not here.
fn count(connection: &Connection, table: &str) -> Result<Option<u64>, BackupError> {
    let text = format!("SELECT count(*) FROM {}", quote(table));
    match connection.query_row(&text, [], |row| row.get::<_, i64>(0)) {
        Ok(rows) => Ok(u64::try_from(rows).ok()),
        Err(error) if error.to_string().contains("no such module") => Ok(None),
        Err(error) => Err(failed("count rows")(error)),
    }
}

impl Engine for Sqlite {
    fn estimate(&self, order: &Order) -> Result<Estimate, BackupError> {
        let shape = Shape::of(path_of(&order.target.reach)?)?;
        let bytes = shape.bytes.saturating_add(shape.wal_bytes);
        Ok(Estimate {
            source_bytes: bytes,
            disk_bytes: bytes.saturating_mul(2),
        })
    }

    fn make(&self, order: &Order, folder: &Path) -> Result<Snapshot, BackupError> {
        let path = path_of(&order.target.reach)?;
        let snapshot_at = now();
        let shape = Shape::of(path)?;
        let marks = marks(path)?;
        let scratch = Scratch::inside(folder)?;
        let copy = scratch.path.join("copy");
        let contents =
            copy_of(path, &shape, &marks, &copy, &scratch, &order.control).map_err(|error| {
                match error.to_string().contains("malformed") {
                    true => damaged(error, &order.target.reach),
                    false => error,
                }
            })?;
        let read = examine(&copy, "quick_check", &order.control)
            .map_err(|error| damaged(error, &order.target.reach))?;
        if read != contents {
            return Err(BackupError::NotIntact(
                "the copy does not hold what the snapshot held".into(),
            ));
        }
        let artefact = write(order, folder, path, &copy, contents)?;
        drop(scratch);
        attributes(folder, &shape)?;
        let tables = artefact
            .contents
            .iter()
            .filter(|one| one.kind == "table")
            .count();
        Ok(Snapshot {
            snapshot_at,
            identity: shape.identity(),
            marks,
            tool: format!("backstop {}", env!("CARGO_PKG_VERSION")),
            server_version: format!("SQLite {}", rusqlite::version()),
            recovery: vec![by_hand(order.codec.by_hand(), &artefact.path, path)],
            artefacts: vec![artefact],
            level: Level::Readable,
            notes: vec![format!(
                "quick_check passed on the copy, with as many rows in {} as the snapshot counted",
                counted(tables as u64, "table")
            )],
            warnings: Vec::new(),
            same_disk: fs::metadata(folder).is_ok_and(|meta| meta.dev() == shape.device),
            reach: order.target.reach.clone(),
        })
    }

    fn verify(
        &self,
        entry: &Entry,
        level: Level,
        control: &Control,
    ) -> Result<Vec<String>, BackupError> {
        let artefact = database(entry)?;
        if level <= Level::Digest {
            digest_artefact(&entry.folder, artefact, control)?;
            return Ok(Vec::new());
        }
        let check = if level == Level::Restored {
            "integrity_check"
        } else {
            "quick_check"
        };
        let scratch = Scratch::near(&entry.folder)?;
        let copy = scratch.path.join("copy");
        unpack(entry, artefact, &copy, control)?;
        if !is_listed(&examine(&copy, check, control)?, artefact) {
            return Err(BackupError::NotIntact(
                "the database does not hold what the manifest says".into(),
            ));
        }
        let mut notes = vec![format!(
            "{check} passed, tables and rows as in the manifest"
        )];
        if level == Level::Restored {
            notes.push(foreign_keys(&copy)?);
        }
        Ok(notes)
    }

    fn plan(
        &self,
        entry: &Entry,
        wish: &Wish,
        control: &Control,
    ) -> Result<RestorePlan, BackupError> {
        sqlite_restore::plan(entry, wish, control)
    }

    fn apply(
        &self,
        entry: &Entry,
        wish: &Wish,
        plan: &RestorePlan,
        control: &Control,
    ) -> Result<Restored, BackupError> {
        sqlite_restore::apply(entry, wish, plan, control)
    }
}

/// Returns the artefact that is the database.
pub(super) fn database(entry: &Entry) -> Result<&Artefact, BackupError> {
    entry
        .manifest
        .artefacts
        .iter()
        .find(|artefact| artefact.format == "sqlite")
        .ok_or_else(|| BackupError::NotIntact("the manifest names no database".into()))
}

/// Copies the database as one read transaction sees it; returns what that transaction counted.
fn copy_of(
    path: &Path,
    shape: &Shape,
    marks: &Marks,
    copy: &Path,
    scratch: &Scratch,
    control: &Control,
) -> Result<Vec<Content>, BackupError> {
    if shape.is_quiet() {
        let contents = copy_from(&open(&shape.real, true)?, copy, control)?;
        if self::marks(path)? == *marks {
            return Ok(contents);
        }
        let _ = fs::remove_file(copy);
    }
    if shape.wal && shape.wal_bytes > 0 && !neighbour(&shape.real, "-shm").exists() {
        // A log that a crash left: opening it would put an index beside it, a file that was not there when the call was judged.
        return cold(path, shape, copy, scratch, control);
    }
    match copy_from(&open(&shape.real, false)?, copy, control) {
        Err(BackupError::Source(_)) if shape.journal_bytes > 0 || shape.wal_bytes > 0 => {
            let _ = fs::remove_file(copy);
            cold(path, shape, copy, scratch, control)
        }
        copied => copied,
    }
}

/// What a crash left (a hot journal) is rolled back on a copy: reading alone must not repair the original.
fn cold(
    path: &Path,
    shape: &Shape,
    copy: &Path,
    scratch: &Scratch,
    control: &Control,
) -> Result<Vec<Content>, BackupError> {
    let before = marks(path)?;
    let twin = scratch.path.join("twin");
    for ending in ["", "-journal", "-wal"] {
        let from = neighbour(&shape.real, ending);
        if from.exists() {
            fs::copy(&from, neighbour(&twin, ending))
                .map_err(|error| BackupError::io("copy", &from, error))?;
        }
    }
    if marks(path)? != before {
        return Err(BackupError::Busy(format!(
            "`{}` is being written while its journal waits to be rolled back",
            path.display()
        )));
    }
    let source = Connection::open(&twin).map_err(failed("open a copy of the database"))?;
    copy_from(&source, copy, control)
}

fn copy_from(
    source: &Connection,
    copy: &Path,
    control: &Control,
) -> Result<Vec<Content>, BackupError> {
    let wait = MAX_WAIT.min(control.left());
    source
        .busy_timeout(wait)
        .map_err(failed("open the database"))?;
    source
        .execute_batch("BEGIN; SELECT count(*) FROM sqlite_master")
        .map_err(failed("read the database"))?;
    let contents = inventory(source)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(copy)
        .map_err(|error| BackupError::io("create", copy, error))?;
    let mut target = Connection::open(copy).map_err(failed("make the copy"))?;
    target
        .execute_batch("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
        .map_err(failed("make the copy"))?;
    transfer(source, &mut target, control)?;
    Ok(contents)
}

/// Copies page by page from one connection to another.
pub(super) fn transfer(
    source: &Connection,
    target: &mut Connection,
    control: &Control,
) -> Result<(), BackupError> {
    let said = failed("copy the database");
    let backup = Backup::new(source, target).map_err(&said)?;
    let mut waited = Duration::ZERO;
    loop {
        control.check()?;
        match backup.step(PAGES).map_err(&said)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ if waited >= MAX_WAIT => {
                return Err(BackupError::Busy(
                    "another process holds the database".into(),
                ));
            }
            _ => {
                let pause = Duration::from_millis(20);
                std::thread::sleep(pause);
                waited += pause;
            }
        }
    }
}

/// Checks a database file that nobody else has open, and lists what it holds.
pub(super) fn examine(
    copy: &Path,
    check: &str,
    control: &Control,
) -> Result<Vec<Content>, BackupError> {
    let mut connection = open(copy, true)?;
    let control = control.clone();
    connection
        .progress_handler(100_000, Some(move || control.check().is_err()))
        .map_err(failed("check the copy"))?;
    let broken = |error: rusqlite::Error| {
        BackupError::NotIntact(format!("the database cannot be read: {error}"))
    };
    let said: String = connection
        .query_row(&format!("PRAGMA {check}(1)"), [], |row| row.get(0))
        .map_err(broken)?;
    if said != "ok" {
        return Err(BackupError::NotIntact(format!("{check} says: {said}")));
    }
    inventory(&connection)
}

fn foreign_keys(copy: &Path) -> Result<String, BackupError> {
    let connection = open(copy, true)?;
    let violations: i64 = connection
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })
        .unwrap_or(0);
    Ok(match violations {
        0 => "no foreign key is violated".into(),
        some => format!("{some} foreign keys are violated, as they were in the original"),
    })
}

fn write(
    order: &Order,
    folder: &Path,
    path: &Path,
    copy: &Path,
    contents: Vec<Content>,
) -> Result<Artefact, BackupError> {
    let name: String = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "._-".contains(letter) {
                letter
            } else {
                '_'
            }
        })
        .take(100)
        .collect();
    let file = format!("databases/db-{name}{}", order.codec.ending());
    let job = Job {
        folder,
        path: &file,
        role: "database",
        format: "sqlite",
        codec: order.codec,
        control: &order.control,
    };
    let mut source = Hashed {
        inner: fs::File::open(copy).map_err(|error| BackupError::io("open", copy, error))?,
        hash: Sha256::new(),
    };
    let total = contents.len() as u64;
    let artefact = write_artefact(&job, &mut source, Box::new(SqliteScan::new(contents)))?;
    let mut again = Hashed {
        inner: Plain::open(folder, &artefact)?,
        hash: Sha256::new(),
    };
    std::io::copy(&mut again, &mut std::io::sink())
        .map_err(|error| BackupError::NotIntact(format!("it cannot be read back: {error}")))?;
    again.inner.finish()?;
    if again.hash.finalize() != source.hash.finalize() {
        return Err(BackupError::NotIntact(
            "what was written reads back differently".into(),
        ));
    }
    Ok(Artefact {
        contents_total: total,
        ..artefact
    })
}

struct Hashed<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(to)?;
        self.hash.update(to.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Checks the header and the length of a database as it streams by.
#[derive(Debug)]
struct SqliteScan {
    head: Vec<u8>,
    bytes: u64,
    contents: Vec<Content>,
}

impl SqliteScan {
    const fn new(contents: Vec<Content>) -> Self {
        Self {
            head: Vec::new(),
            bytes: 0,
            contents,
        }
    }
}

impl Scan for SqliteScan {
    fn feed(&mut self, plain: &[u8]) -> Result<(), ScanError> {
        let room = 100_usize.saturating_sub(self.head.len());
        self.head.extend(plain.iter().take(room));
        self.bytes = self.bytes.saturating_add(plain.len() as u64);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Scanned, ScanError> {
        if self.bytes > 0 && !self.head.starts_with(b"SQLite format 3\0") {
            return Err(ScanError::new("it does not begin like a SQLite database"));
        }
        let number = |at: usize, width: usize| {
            let bytes = self.head.get(at..at + width).unwrap_or_default();
            bytes
                .iter()
                .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let page = match number(16, 2) {
            1 => 65536,
            page => page,
        };
        if self.bytes > 0 && number(28, 4) * page != self.bytes {
            return Err(ScanError::new(
                "the database is not as long as its header says",
            ));
        }
        Ok(Scanned {
            contents_total: self.contents.len() as u64,
            contents: self.contents,
            notes: Vec::new(),
        })
    }
}

/// Decompresses the database of a backup into a file; its digest has matched when this returns.
pub(super) fn unpack(
    entry: &Entry,
    artefact: &Artefact,
    to: &Path,
    control: &Control,
) -> Result<(), BackupError> {
    let mut plain = Plain::open(&entry.folder, artefact)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|error| BackupError::io("create", to, error))?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        control.check()?;
        let read = plain
            .read(&mut buffer)
            .map_err(|error| BackupError::NotIntact(format!("it does not decompress: {error}")))?;
        if read == 0 {
            break;
        }
        std::io::Write::write_all(&mut file, buffer.get(..read).unwrap_or_default())
            .map_err(|error| BackupError::io("write", to, error))?;
    }
    plain.finish()?;
    file.sync_all()
        .map_err(|error| BackupError::io("sync", to, error))
}

/// Returns the command that restores by hand. A log or journal that a crash left beside the file belongs to what stood there:
/// SQLite would play it into what is restored.
fn by_hand(reader: &str, artefact: &str, path: &Path) -> String {
    let beside = ["-wal", "-shm", "-journal"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let old = quoted(Path::new(&name));
        format!("{{ [ ! -e {old} ] || mv -- {old} {old}.aside-$(date +%s); }} && ")
    });
    format!(
        "{}{reader} {{folder}}/{artefact} > {}",
        beside.concat(),
        quoted(path)
    )
}

fn attributes(folder: &Path, shape: &Shape) -> Result<(), BackupError> {
    let attributes = Attributes::of(&shape.real)
        .map_err(|error| BackupError::io("look at", &shape.real, error))?;
    let text = serde_json::to_vec(&attributes)
        .map_err(|error| BackupError::Source(format!("cannot write the attributes: {error}")))?;
    make_folder(&folder.join("metadata"))?;
    write_small(&folder.join(ATTRIBUTES), &text)
}

/// A private folder that goes when it is let go.
#[derive(Debug)]
pub(super) struct Scratch {
    pub path: PathBuf,
    /// Goes last; inside of a backup that is being made there is none.
    #[expect(dead_code, reason = "held, not read")]
    passing: Option<Passing>,
}

impl Scratch {
    fn inside(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join("scratch");
        make_folder(&path)?;
        Ok(Self {
            path,
            passing: None,
        })
    }

    /// Makes a folder beside a backup's, on the disk of the backups.
    pub fn near(folder: &Path) -> Result<Self, BackupError> {
        let parent = folder.parent().unwrap_or(folder);
        let path = parent.join(format!(".scratch-{}", random_name()));
        let mut passing = Passing::announce(parent, &path)?;
        make_folder(&path)?;
        passing.made()?;
        Ok(Self {
            path,
            passing: Some(passing),
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
