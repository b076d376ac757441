//! Makes a catalog entry out of what the PostgreSQL engine wrote, without the catalog.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::Path;
use std::time::Duration;

use backstop::backup::BackupError;
use backstop::backup::control::Control;
use backstop::backup::engine::{Engine, Order};
use backstop::backup::postgres::Postgres;
use backstop::model::backup::{BackupType, Entry, Level, Manifest, Verification};
use backstop::model::target::{PostgresReach, Reach, Target, TargetKind};
use backstop::plan::restore::{Restored, Wish};

pub fn control() -> Control {
    Control::within(Duration::from_secs(120))
}

pub fn order(reach: PostgresReach, folder: &Path) -> Order {
    let target = Target {
        kind: TargetKind::Postgres,
        locator: "test".into(),
        object: None,
        reach: Reach::Postgres(reach),
    };
    Order::new(target, BackupType::Guard, folder.to_path_buf())
}

pub fn make(order: &Order, folder: &Path) -> Result<Entry, BackupError> {
    let made = Postgres.make(order, folder)?;
    let quoted = folder.display().to_string();
    Ok(Entry {
        folder: folder.to_path_buf(),
        manifest: Manifest {
            format: 1,
            id: "guard-backup-test".into(),
            kind: BackupType::Guard,
            snapshot_at: made.snapshot_at.clone(),
            finished_at: made.snapshot_at,
            target: order.target.key(),
            reach: made.reach,
            identity: made.identity,
            marks: made.marks,
            tool: made.tool,
            server_version: made.server_version,
            artefacts: made.artefacts,
            verification: Verification {
                level: made.level,
                at: String::new(),
                notes: made.notes,
            },
            request: None,
            recovery: made
                .recovery
                .iter()
                .map(|line| line.replace("{folder}", &quoted))
                .collect(),
            same_disk: false,
            warnings: made.warnings,
        },
    })
}

pub fn verify(entry: &Entry, level: Level) -> Result<Vec<String>, BackupError> {
    Postgres.verify(entry, level, &control())
}

pub fn restore(entry: &Entry, wish: &Wish) -> Result<Restored, BackupError> {
    let plan = Postgres.plan(entry, wish, &control())?;
    Postgres.apply(entry, wish, &plan, &control())
}

pub fn undo(entry: &Entry, objects: &[&str]) -> Restored {
    let wish = Wish {
        only: objects.iter().map(|name| (*name).to_owned()).collect(),
        missing_only: true,
        ..Wish::default()
    };
    restore(entry, &wish).unwrap()
}
