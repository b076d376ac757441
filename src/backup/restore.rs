//! Restores and undoes: a plan first, then a backup of the present state, then the steps of the plan.
//! How a step is done is the engine's business; who may ask for it is decided elsewhere.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::catalog;
use super::control::Control;
use super::engine::Order;
use super::error::BackupError;
use super::files::make_folder;
use super::make::{self, engine};
use super::passing;
use super::worktree;
use crate::adapters::failpoint;
use crate::model::backup::{BackupType, Entry, Level};
use crate::model::target::{Reach, Target, TargetKey};
use crate::plan::restore::{RestorePlan, Restored, Step, Wish};

/// How often it is looked whether another restore has ended.
const LOOK: Duration = Duration::from_millis(100);

/// Says what a restore would do; nothing is changed.
///
/// # Errors
/// When the wish cannot be met.
pub fn plan(entry: &Entry, wish: &Wish, control: &Control) -> Result<RestorePlan, BackupError> {
    engine(&entry.manifest.reach)?.plan(entry, wish, control)
}

/// Plans and applies a restore.
///
/// # Errors
/// When the backup is not intact, the present state cannot be saved, or a step fails.
pub fn run(
    entry: &Entry,
    wish: &Wish,
    backup_dir: &Path,
    control: &Control,
) -> Result<Restored, BackupError> {
    let plan = plan(entry, wish, control)?;
    apply(entry, wish, &plan, backup_dir, control)
}

/// Applies a plan that was made for the same wish.
///
/// # Errors
/// As `run`.
pub fn apply(
    entry: &Entry,
    wish: &Wish,
    plan: &RestorePlan,
    backup_dir: &Path,
    control: &Control,
) -> Result<Restored, BackupError> {
    let engine = engine(&entry.manifest.reach)?;
    passing::tidy(backup_dir);
    engine.verify(entry, Level::Digest, control)?;
    let saved = match plan
        .steps
        .iter()
        .any(|step| matches!(step, Step::SavePresent { .. }))
    {
        true => Some(save(entry, backup_dir, control)?),
        false => None,
    };
    failpoint::reach("restore.saved")
        .map_err(|error| BackupError::io("save the present state in", backup_dir, error))?;
    let applied = engine.apply(entry, wish, plan, control);
    failpoint::reach("restore.applied")
        .map_err(|error| BackupError::io("note a restore in", backup_dir, error))?;
    // A restore that failed half way has changed something too.
    catalog::changes(backup_dir, &entry.manifest.target)?;
    let mut restored = applied?;
    restored.saved = saved;
    Ok(restored)
}

/// The turn of one restore: no other one of the same target runs meanwhile.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, not read")] Option<File>);

/// Takes the turn for a target, and waits while another restore of it runs; `busy` is called once when it has to wait.
///
/// # Errors
/// When the time is up, or the lock cannot be made.
pub fn turn(
    backup_dir: &Path,
    key: &TargetKey,
    control: &Control,
    busy: impl FnOnce(),
) -> Result<Turn, BackupError> {
    let folder = backup_dir.join("locks");
    let place = folder.join(format!("{}.restore", catalog::key_name(key)));
    let opened = make_folder(&folder).and_then(|()| {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let opened = options.mode(0o600).open(&place);
        opened.map_err(|error| BackupError::io("open", &place, error))
    });
    let file = match opened {
        Ok(file) => file,
        Err(BackupError::Io { source, .. }) if passing::is_closed(&source) => {
            return Ok(Turn(None));
        }
        Err(error) => return Err(error),
    };
    let mut busy = Some(busy);
    loop {
        match fs2::FileExt::try_lock_exclusive(&file) {
            Ok(()) => return Ok(Turn(Some(file))),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(BackupError::io("lock", &place, error)),
        }
        if let Some(busy) = busy.take() {
            busy();
        }
        control.check()?;
        std::thread::sleep(LOOK);
    }
}

/// Says that something came to a place for which the plan had found nothing there.
pub(super) fn come_back(place: &Path) -> BackupError {
    let what = match std::fs::symlink_metadata(place) {
        Ok(meta) if meta.is_dir() => "a folder",
        Ok(meta) if meta.is_symlink() => "a link",
        _ => "a file",
    };
    BackupError::Wish(format!(
        "`{}` is there again: {what} came there after this was planned, and it was left as it is; the same command once more takes it into account",
        place.display()
    ))
}

/// Returns the step that makes the folders above a place, when they are missing.
///
/// # Errors
/// `Wish` when something that is no folder stands in the way.
pub(super) fn parents(place: &Path) -> Result<Option<Step>, BackupError> {
    let Some(parent) = place.parent() else {
        return Ok(None);
    };
    let there = parent
        .ancestors()
        .find(|above| std::fs::symlink_metadata(above).is_ok());
    match there {
        Some(above) if !above.is_dir() => Err(BackupError::Wish(format!(
            "`{}` stands where a folder has to be for `{}`; move it away first, or name another place with `--to DIR`",
            above.display(),
            place.display()
        ))),
        Some(above) if above == parent => Ok(None),
        _ => Ok(Some(Step::MakeParents {
            path: parent.to_path_buf(),
        })),
    }
}

/// Makes the folders above a place.
pub(super) fn make_parents(path: &Path) -> Result<(), BackupError> {
    std::fs::create_dir_all(path).map_err(|error| BackupError::io("create", path, error))
}

/// Backs up what stands there now. A broken database is saved as the file that it is.
fn save(entry: &Entry, backup_dir: &Path, control: &Control) -> Result<String, BackupError> {
    let manifest = &entry.manifest;
    let target = |reach: Reach| Target {
        kind: manifest.target.kind,
        locator: manifest.target.locator.clone(),
        object: None,
        reach,
    };
    let order = |reach: Reach| {
        let order = Order::new(target(reach), BackupType::Guard, backup_dir.to_path_buf());
        Order {
            control: Control {
                deadline: control.deadline,
                cancel: control.cancel.clone(),
                ..order.control
            },
            force: true,
            ..order
        }
    };
    let reach = match &manifest.reach {
        Reach::Worktree(reach) => Reach::Worktree(worktree::whole(reach)),
        reach => as_it_is(reach),
    };
    let made = match (make::run(&order(reach)), &manifest.reach) {
        (
            Err(BackupError::Unreachable(_) | BackupError::NotIntact(_) | BackupError::Source(_)),
            Reach::Sqlite(path),
        ) => make::run(&order(Reach::Path(path.clone()))),
        (made, _) => made,
    };
    made.map(|made| made.id)
}

/// Returns the reach by which the present state is saved: what a remote said at another time is no longer true.
fn as_it_is(reach: &Reach) -> Reach {
    let mut reach = reach.clone();
    if let Reach::GitRemote(remote) = &mut reach {
        remote.known = false;
        for one in &mut remote.refs {
            one.old = None;
        }
    }
    reach
}

/// Returns the backups that were made for a request: by its fingerprint, or by its short id in their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn of_request(backup_dir: &Path, request: &str) -> Result<Vec<Entry>, BackupError> {
    let named = |entry: &Entry| {
        let mut parts = entry.manifest.id.rsplit('-');
        let _random = parts.next();
        parts
            .next()
            .is_some_and(|part| part.eq_ignore_ascii_case(request))
    };
    let mut entries = catalog::list(backup_dir)?.entries;
    entries.retain(|entry| entry.manifest.request.as_deref() == Some(request) || named(entry));
    Ok(entries)
}
