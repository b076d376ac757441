//! Backs up, verifies and restores what git would forget: refs, stashes and reflogs here, refs of remotes.
//! Objects go into bare stores beside the backups; work trees are not this engine's business.

mod local;
mod parts;
mod remote;
mod store;
mod undo;

use std::path::Path;
use std::time::{Duration, Instant};

use super::control::Control;
use super::engine::{Engine, Estimate, Order, Snapshot};
use super::error::BackupError;
use super::files::now;
use super::pipeline::digest_artefact;
use crate::adapters::git::repo::Repo;
use crate::model::backup::{Entry, Level, Marks};
use crate::model::database::Identity;
use crate::model::target::Reach;
use crate::plan::restore::{RestorePlan, Restored, Wish};

pub use remote::{is_near, remote_identity, tips};
pub use store::{forget, present};

use store::{Kept, Store};

/// Refs, stashes and reflogs of a local repository, and refs of remotes.
#[derive(Clone, Copy, Debug)]
pub struct Git;

/// Longest run of git without a limit of its own.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

fn end(control: &Control) -> Instant {
    let now = Instant::now();
    now.checked_add(control.left().min(LONGEST)).unwrap_or(now)
}

fn source(error: std::io::Error) -> BackupError {
    match error.kind() {
        std::io::ErrorKind::TimedOut => BackupError::Deadline,
        std::io::ErrorKind::NotFound => BackupError::NotFound(error.to_string()),
        std::io::ErrorKind::InvalidData => BackupError::NotIntact(error.to_string()),
        _ => BackupError::Source(error.to_string()),
    }
}

/// Takes the marks of refs as the backup of them does; nothing where a host elsewhere would have to be asked.
///
/// # Errors
/// When the repository cannot be read.
pub fn marks(reach: &Reach, control: &Control) -> Result<Option<Marks>, BackupError> {
    match reach {
        Reach::GitRefs(dir) => {
            let repo = Repo::open(dir, &[], end(control)).map_err(source)?;
            local::marks(&repo).map(Some)
        }
        Reach::GitRemote(remote) => remote::marks(remote, control),
        Reach::Path(_)
        | Reach::Sqlite(_)
        | Reach::Worktree(_)
        | Reach::Postgres(_)
        | Reach::Unreachable(_)
        | Reach::NoDriver => Ok(None),
    }
}

/// Returns which repository is meant.
///
/// # Errors
/// When it is not there.
pub fn identity(reach: &Reach) -> Result<Identity, BackupError> {
    match reach {
        Reach::GitRefs(dir) => {
            let end = Instant::now() + Duration::from_secs(5);
            let repo = Repo::open(dir, &[], end).map_err(source)?;
            super::tree::identity(&repo.common)
        }
        Reach::GitRemote(reach) => remote::identity(reach),
        Reach::Path(_)
        | Reach::Sqlite(_)
        | Reach::Worktree(_)
        | Reach::Postgres(_)
        | Reach::Unreachable(_)
        | Reach::NoDriver => Err(no_repository()),
    }
}

fn no_repository() -> BackupError {
    BackupError::Unreachable("this is no git repository".into())
}

impl Engine for Git {
    /// What is new to the store is not known before; the free space that has to remain is looked at all the same.
    fn estimate(&self, order: &Order) -> Result<Estimate, BackupError> {
        match &order.target.reach {
            Reach::GitRefs(dir) => {
                Repo::open(dir, &[], end(&order.control)).map_err(source)?;
            }
            // A remote may outlive the repository that pushed to it.
            Reach::GitRemote(_) => {}
            _ => return Err(no_repository()),
        }
        Ok(Estimate::default())
    }

    fn make(&self, order: &Order, folder: &Path) -> Result<Snapshot, BackupError> {
        let snapshot_at = now();
        let id = store::id_of(folder)?;
        let made = match &order.target.reach {
            Reach::GitRefs(dir) => local::make(order, dir, &id),
            Reach::GitRemote(reach) => remote::make(order, reach, &id),
            _ => Err(no_repository()),
        };
        let taken = made?;
        let filed = parts::write(folder, &taken);
        let artefacts = match filed {
            Ok(artefacts) => artefacts,
            Err(error) => {
                let _ = taken.store.repo.remove_refs(&store::prefix(&id));
                return Err(error);
            }
        };
        Ok(Snapshot {
            snapshot_at,
            identity: taken.identity,
            marks: Marks {
                position: taken.store.position(),
                ..taken.marks
            },
            tool: format!("backstop {}", env!("CARGO_PKG_VERSION")),
            server_version: String::new(),
            artefacts,
            level: Level::Readable,
            notes: taken.notes,
            recovery: taken.recovery,
            warnings: taken.warnings,
            same_disk: taken.same_disk,
            reach: order.target.reach.clone(),
        })
    }

    fn verify(
        &self,
        entry: &Entry,
        level: Level,
        control: &Control,
    ) -> Result<Vec<String>, BackupError> {
        for artefact in &entry.manifest.artefacts {
            digest_artefact(&entry.folder, artefact, control)?;
        }
        let kept = Kept::read(entry)?;
        let store = Store::of(entry, end(control))?;
        store.holds(&entry.manifest.id, &kept)?;
        let mut notes = vec![format!("{} refs as in the manifest", kept.refs.len())];
        if level >= Level::Readable {
            let odd = store.repo.check(true).map_err(source)?;
            notes.push("every object of the store hashed again by git fsck".to_owned());
            notes.extend(store::oddities(odd));
        }
        if level == Level::Restored {
            notes.push(store.rehearse(&kept, end(control))?);
        }
        Ok(notes)
    }

    fn plan(
        &self,
        entry: &Entry,
        wish: &Wish,
        control: &Control,
    ) -> Result<RestorePlan, BackupError> {
        match (&wish.to, &entry.manifest.reach) {
            (Some(to), _) => undo::plan_copy(entry, to),
            (None, Reach::GitRefs(dir)) => undo::Undo::new(entry, dir, wish, end(control))?.plan(),
            (None, Reach::GitRemote(reach)) => remote::plan(entry, reach, end(control)),
            (None, _) => Err(no_repository()),
        }
    }

    fn apply(
        &self,
        entry: &Entry,
        wish: &Wish,
        _plan: &RestorePlan,
        control: &Control,
    ) -> Result<Restored, BackupError> {
        match (&wish.to, &entry.manifest.reach) {
            (Some(to), _) => undo::copy(entry, to, end(control)),
            (None, Reach::GitRefs(dir)) => undo::Undo::new(entry, dir, wish, end(control))?.apply(),
            (None, Reach::GitRemote(reach)) => remote::apply(entry, reach, end(control)),
            (None, _) => Err(no_repository()),
        }
    }
}
