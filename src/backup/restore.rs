//! Restores and undoes: a plan first, then a backup of the present state, then the steps of the plan.
//! How a step is done is the engine's business; who may ask for it is decided elsewhere.

use std::path::Path;

use super::catalog;
use super::control::Control;
use super::engine::Order;
use super::error::BackupError;
use super::make::{self, engine};
use super::worktree;
use crate::adapters::failpoint;
use crate::model::backup::{BackupType, Entry, Level};
use crate::model::target::{Reach, Target};
use crate::plan::restore::{RestorePlan, Restored, Step, Wish};

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
    // A restore that failed half way has changed something too.
    catalog::changes(backup_dir, &entry.manifest.target)?;
    let mut restored = applied?;
    restored.saved = saved;
    Ok(restored)
}

/// Moves what a call put over the target back to where it lay, when that place is free.
pub(super) fn move_back(wish: &Wish, place: &Path) -> Option<Step> {
    let to = wish.moved_from.as_ref()?;
    let is_there = |path: &Path| std::fs::symlink_metadata(path).is_ok();
    let free = to.parent().is_some_and(Path::is_dir) && !is_there(to);
    (free && is_there(place)).then(|| Step::MoveBack {
        from: place.to_path_buf(),
        to: to.clone(),
    })
}

/// Applies such a step; what has come to that place meanwhile is not written over.
pub(super) fn apply_move(from: &Path, to: &Path) -> Result<(), BackupError> {
    if std::fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Taken(format!(
            "`{}` is there already",
            to.display()
        )));
    }
    std::fs::rename(from, to).map_err(|error| BackupError::io("move back", from, error))
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
