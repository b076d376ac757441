//! Makes a backup: limits first, one run per target, a folder that gets its name only when it is whole and verified.
//! How a target is read is its engine's business.

use crate::adapters::regular;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::catalog;
use super::contents;
use super::control::Control;
use super::engine::{Engine, Estimate, Order, Snapshot};
use super::error::BackupError;
use super::files::{make_folder, now, quoted, random_name, sync_folder, write_passing};
use super::sqlite::Sqlite;
use super::tree::Tree;
use super::worktree::Worktree;
use crate::adapters::failpoint;
use crate::model::backup::{Level, Manifest, Verification};
use crate::model::policy::BackupNeed;
use crate::model::target::{Reach, TargetKey};
use crate::plan::coverage;
use crate::plan::restore::sized;

/// How often progress is written and a lock is tried.
const TICK: Duration = Duration::from_millis(200);

/// Returns the engine that reads this kind of target.
///
/// # Errors
/// `Unreachable` when there is none.
pub fn engine(reach: &Reach) -> Result<Box<dyn Engine>, BackupError> {
    match reach {
        Reach::Path(_) => Ok(Box::new(Tree)),
        Reach::Sqlite(_) => Ok(Box::new(Sqlite)),
        Reach::Worktree(_) => Ok(Box::new(Worktree)),
        Reach::Postgres(_) => Ok(Box::new(super::postgres::Postgres)),
        Reach::GitRefs(_) | Reach::GitRemote(_) => Ok(Box::new(super::git::Git)),
        Reach::Unreachable(why) => Err(BackupError::Unreachable(why.clone())),
        Reach::NoDriver => Err(BackupError::Unreachable(
            "there is no engine for this kind of target".into(),
        )),
    }
}

/// How far a running backup is; a small file beside the backups that anyone may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub schema: String,
    pub target: TargetKey,
    /// `running`, `done` or `failed`.
    pub state: String,
    pub started_at: String,
    pub estimate_bytes: u64,
    pub read_bytes: u64,
    pub written_bytes: u64,
    /// The backup, once it is done.
    pub backup: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

fn progress_file(dir: &Path, key: &TargetKey) -> PathBuf {
    dir.join("progress")
        .join(format!("{}.json", catalog::key_name(key)))
}

/// Returns how far the last backup of a target is; one whose maker is gone has failed.
pub fn progress(dir: &Path, key: &TargetKey) -> Option<Progress> {
    let told = || -> Option<Progress> {
        serde_json::from_slice(&regular::read(&progress_file(dir, key)).ok()?).ok()
    };
    let progress = told()?;
    if progress.state != "running" {
        return Some(progress);
    }
    let Ok(Some(_lock)) = Lock::try_take(dir, key) else {
        return Some(progress);
    };
    // It may have ended well between the two looks; nobody writes while this lock is held.
    let mut progress = told()?;
    if progress.state == "running" {
        progress.state = "failed".into();
        progress.error = Some("the process that made it ended".into());
    }
    Some(progress)
}

/// One run at a time for each target.
#[derive(Debug)]
struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    fn open(dir: &Path, key: &TargetKey) -> Result<File, BackupError> {
        let folder = dir.join("locks");
        make_folder(&folder)?;
        let place = folder.join(format!("{}.lock", catalog::key_name(key)));
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&place)
            .map_err(|error| BackupError::io("open", &place, error))
    }

    fn try_take(dir: &Path, key: &TargetKey) -> Result<Option<Self>, BackupError> {
        let file = Self::open(dir, key)?;
        match fs2::FileExt::try_lock_exclusive(&file) {
            Ok(()) => Ok(Some(Self(file))),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(BackupError::io("lock", dir, error)),
        }
    }

    /// Takes the lock, and says whether another run had it before.
    fn take(dir: &Path, key: &TargetKey, control: &Control) -> Result<(Self, bool), BackupError> {
        let mut waited = false;
        loop {
            if let Some(lock) = Self::try_take(dir, key)? {
                return Ok((lock, waited));
            }
            waited = true;
            control.check()?;
            std::thread::sleep(TICK.min(control.left()));
        }
    }
}

/// Makes a backup, or returns the one that another process made while this one waited for it.
///
/// # Errors
/// When the target cannot be read, a limit is met, or what was written does not verify; nothing that counts is left then.
pub fn run(order: &Order) -> Result<Manifest, BackupError> {
    let engine = engine(&order.target.reach)?;
    let dir = &order.backup_dir;
    make_folder(dir)?;
    catalog::set_aside(dir)?;
    super::passing::tidy(dir);
    let key = order.target.key();
    let since = jiff::Timestamp::now();
    let (_lock, waited) = Lock::take(dir, &key, &order.control)?;
    let made = (waited && !order.force)
        .then(|| shared(order, since))
        .flatten();
    if let Some(made) = made {
        return Ok(made);
    }
    let mut progress = Progress {
        schema: "backstop.progress/1".into(),
        target: key.clone(),
        state: "running".into(),
        started_at: now(),
        estimate_bytes: 0,
        read_bytes: 0,
        written_bytes: 0,
        backup: None,
        error: None,
    };
    let made = attempt(order, engine.as_ref(), &mut progress);
    match &made {
        Ok(manifest) => {
            progress.state = "done".into();
            progress.backup = Some(manifest.id.clone());
        }
        Err(error) => {
            progress.state = "failed".into();
            progress.error = Some(error.to_string());
        }
    }
    report(order, &progress);
    made
}

/// Returns a backup that was finished while this run waited, if it covers the same.
fn shared(order: &Order, since: jiff::Timestamp) -> Option<Manifest> {
    let need = BackupNeed {
        target: order.target.clone(),
        max_age_s: Order::MAX_SECONDS,
        verify: Level::Readable,
        objects: order.objects.clone(),
        definitions: order.definitions.clone(),
    };
    let marks = marks_now(&order.target.reach, &order.control);
    let mut entries = catalog::newest_for(&order.backup_dir, &order.target.key()).ok()?;
    entries.retain(|entry| {
        let finished = entry.manifest.finished_at.parse::<jiff::Timestamp>();
        finished.is_ok_and(|finished| finished >= since)
    });
    let now = jiff::Timestamp::now();
    let (entry, found) = coverage::best(&entries, &need, None, marks.as_ref(), now);
    (found == crate::model::backup::Freshness::Fresh)
        .then(|| entry.map(|entry| entry.manifest.clone()))
        .flatten()
}

/// Takes the marks of a local target as they are now; nothing for servers.
pub fn marks_now(reach: &Reach, control: &Control) -> Option<crate::model::backup::Marks> {
    match reach {
        Reach::Path(path) => super::tree::marks(path, super::walk::Limits::default(), control).ok(),
        Reach::Sqlite(path) => super::sqlite::marks(path).ok(),
        Reach::Worktree(reach) => super::worktree::marks(reach, control).ok(),
        Reach::GitRefs(_) | Reach::GitRemote(_) => super::git::marks(reach, control).ok().flatten(),
        Reach::Postgres(_) | Reach::Unreachable(_) | Reach::NoDriver => None,
    }
}

/// Returns which local file or tree stands there now; nothing for servers and for what is gone.
pub fn identity_now(reach: &Reach) -> Option<crate::model::database::Identity> {
    match reach {
        Reach::Path(path) => super::tree::identity(path).ok(),
        Reach::Worktree(reach) => super::tree::identity(&reach.root).ok(),
        Reach::Sqlite(path) => crate::adapters::sqlite::Shape::of(path)
            .ok()
            .map(|shape| shape.identity()),
        Reach::GitRefs(_) | Reach::GitRemote(_) => super::git::identity(reach).ok(),
        Reach::Postgres(_) | Reach::Unreachable(_) | Reach::NoDriver => None,
    }
}

fn report(order: &Order, progress: &Progress) {
    let place = progress_file(&order.backup_dir, &progress.target);
    if let (Some(folder), Ok(text)) = (place.parent(), serde_json::to_vec(progress)) {
        // Progress is a courtesy: a backup does not fail because it cannot be shown.
        let _ = make_folder(folder).and_then(|()| write_passing(&place, &text));
    }
}

fn attempt(
    order: &Order,
    engine: &dyn Engine,
    progress: &mut Progress,
) -> Result<Manifest, BackupError> {
    let estimate = engine.estimate(order)?;
    progress.estimate_bytes = estimate.source_bytes;
    allowed(order, estimate)?;
    let id = free_id(order);
    let held = catalog::Held::begin(&order.backup_dir, &id)?;
    let partial = &held.path;
    let made = step("backup.started", partial)
        .and_then(|()| watched(order, engine, partial, progress))
        .and_then(|snapshot| publish(order, &id, partial, snapshot));
    if made.is_err() {
        let _ = fs::remove_dir_all(partial);
    }
    made
}

fn step(name: &str, place: &Path) -> Result<(), BackupError> {
    failpoint::reach(name).map_err(|error| BackupError::io("write", place, error))
}

fn allowed(order: &Order, estimate: Estimate) -> Result<(), BackupError> {
    let control = &order.control;
    if estimate.source_bytes > control.max_bytes {
        return Err(BackupError::Limit(format!(
            "the source holds about {}, more than the limit of {}: `backup.max_bytes` in your policy raises it",
            sized(estimate.source_bytes),
            sized(control.max_bytes)
        )));
    }
    let dir = &order.backup_dir;
    let free = fs2::available_space(dir)
        .map_err(|error| BackupError::io("ask for the free space of", dir, error))?;
    if free < estimate.disk_bytes.saturating_add(control.keep_free) {
        return Err(BackupError::Limit(format!(
            "the backup may need {} in `{}`, {} are free and {} have to stay free: make room there, or name another disk with `backup.dir` in your policy",
            sized(estimate.disk_bytes),
            dir.display(),
            sized(free),
            sized(control.keep_free)
        )));
    }
    Ok(())
}

/// Most names that are tried: two backups of one request in one second differ by their random end alone.
const MAX_NAMES: usize = 100;

/// Returns a name that nothing in the folder of the backups bears.
fn free_id(order: &Order) -> String {
    let is_free = |id: &String| {
        ["", catalog::PARTIAL, catalog::ASIDE].iter().all(|start| {
            fs::symlink_metadata(order.backup_dir.join(format!("{start}{id}"))).is_err()
        })
    };
    let mut tried = (0..MAX_NAMES).map(|_| id_of(order));
    tried.find(is_free).unwrap_or_else(|| id_of(order))
}

fn id_of(order: &Order) -> String {
    let time = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let kind = order.kind.name();
    let random = random_name();
    let tail = random.get(..4).unwrap_or_default();
    match &order.request_id {
        Some(request) if request.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            format!("{kind}-backup-{time}-{request}-{tail}")
        }
        _ => format!("{kind}-backup-{time}-{tail}"),
    }
}

/// Runs the engine while another thread writes down how far it is.
fn watched(
    order: &Order,
    engine: &dyn Engine,
    partial: &Path,
    progress: &mut Progress,
) -> Result<Snapshot, BackupError> {
    let ended = AtomicBool::new(false);
    let counters = &order.control.counters;
    report(order, progress);
    let mut shown = progress.clone();
    let made = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                std::thread::park_timeout(TICK);
                shown.read_bytes = counters.plain.load(Ordering::Relaxed);
                shown.written_bytes = counters.written.load(Ordering::Relaxed);
                report(order, &shown);
            }
        });
        let made = engine.make(order, partial);
        ended.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        let _ = watcher.join();
        made
    });
    progress.read_bytes = counters.plain.load(Ordering::Relaxed);
    progress.written_bytes = counters.written.load(Ordering::Relaxed);
    made
}

/// Writes the manifest, notes the backup down and gives the folder its name.
fn publish(
    order: &Order,
    id: &str,
    partial: &Path,
    snapshot: Snapshot,
) -> Result<Manifest, BackupError> {
    let folder = order.backup_dir.join(id);
    let manifest = manifest(order, id, &folder, snapshot);
    missing(order, &manifest)?;
    catalog::write_manifest(partial, &manifest)?;
    let draft = crate::model::backup::Entry {
        folder: partial.to_path_buf(),
        manifest,
    };
    catalog::seal(&draft)?;
    step("backup.manifest-written", partial)?;
    sync_folder(partial)?;
    catalog::index(&order.backup_dir, &draft.manifest.target, id)?;
    step("backup.indexed", partial)?;
    fs::rename(partial, &folder).map_err(|error| BackupError::io("rename", partial, error))?;
    step("backup.renamed", &folder)?;
    sync_folder(&order.backup_dir)?;
    contents::index(&order.backup_dir, &folder, &draft.manifest);
    Ok(draft.manifest)
}

/// The backup has to hold what was ordered, or it is none.
fn missing(order: &Order, manifest: &Manifest) -> Result<(), BackupError> {
    match coverage::lacks(manifest, &order.objects, &order.definitions) {
        Some(what) => Err(BackupError::NotIntact(format!(
            "{what} is not in the table of contents"
        ))),
        None => Ok(()),
    }
}

fn manifest(order: &Order, id: &str, folder: &Path, snapshot: Snapshot) -> Manifest {
    let place = quoted(folder);
    let finished_at = now();
    Manifest {
        format: 1,
        id: id.to_owned(),
        kind: order.kind,
        snapshot_at: snapshot.snapshot_at,
        target: order.target.key(),
        reach: snapshot.reach,
        identity: snapshot.identity,
        marks: snapshot.marks,
        tool: snapshot.tool,
        server_version: snapshot.server_version,
        artefacts: snapshot.artefacts,
        verification: Verification {
            level: snapshot.level,
            at: finished_at.clone(),
            notes: snapshot.notes,
        },
        finished_at,
        request: order.request.clone(),
        recovery: snapshot
            .recovery
            .iter()
            .map(|line| line.replace("{folder}", &place))
            .collect(),
        same_disk: snapshot.same_disk,
        warnings: snapshot.warnings,
    }
}
