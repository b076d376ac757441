//! Backs PostgreSQL databases up, verifies the backups and brings lost things back.
//! Where backups are kept and whether one counts as evidence is decided elsewhere.

mod change;
mod chosen;
mod closing;
mod columns;
mod copies;
mod dump;
mod entries;
mod itself;
mod large;
mod lexer;
mod links;
mod load;
mod missing;
mod moves;
mod names;
mod parts;
mod passing;
mod quiet;
mod reach;
mod restore;
mod roles;
mod route;
mod rows;
pub mod scan;
mod snapshot;
mod strayed;
mod told;

use std::path::Path;

use crate::adapters::postgres::session;
use crate::adapters::postgres::size;
use crate::adapters::postgres::way::Way;
use crate::backup::control::Control;
use crate::backup::engine::{Engine, Estimate, Order, Snapshot};
use crate::backup::error::BackupError;
use crate::backup::pipeline::NoScan;
use crate::backup::readback::{digest_artefact, read_artefact};
use crate::model::backup::{Entry, Level};
use crate::model::target::{PostgresReach, Reach};
use crate::plan::restore::{RestorePlan, Restored, Wish};
use scan::{Expectation, Expected, Section, SectionScan};

/// The engine for PostgreSQL databases, on this machine, in containers and elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

fn reach_of(order: &Order) -> Result<&PostgresReach, BackupError> {
    match &order.target.reach {
        Reach::Postgres(reach) => Ok(reach),
        Reach::Unreachable(why) => Err(BackupError::Unreachable(why.clone())),
        _ => Err(BackupError::Unreachable(
            "this is not a PostgreSQL database".to_owned(),
        )),
    }
}

impl Engine for Postgres {
    fn estimate(&self, order: &Order) -> Result<Estimate, BackupError> {
        let way = Way::new(reach_of(order)?, &order.control.tool_dirs);
        let mut session =
            session::open(&way, snapshot::patience(&order.control)).map_err(snapshot::fault)?;
        let bytes = size(session.as_mut()).map_err(snapshot::fault)?;
        // Where the whole is too large, the rows of the threatened tables alone may do, or none; `make` finds out.
        let source = if order.objects.is_empty() && order.definitions.is_empty() {
            bytes
        } else {
            bytes.min(order.control.max_bytes)
        };
        Ok(Estimate {
            source_bytes: source,
            disk_bytes: source / 2,
        })
    }

    fn make(&self, order: &Order, folder: &Path) -> Result<Snapshot, BackupError> {
        dump::make(order, folder, reach_of(order)?)
    }

    fn verify(
        &self,
        entry: &Entry,
        level: Level,
        control: &Control,
    ) -> Result<Vec<String>, BackupError> {
        let mut notes = Vec::new();
        match level {
            Level::None => {}
            Level::Digest => {
                for artefact in &entry.manifest.artefacts {
                    digest_artefact(&entry.folder, artefact, control)?;
                }
                notes.push("sizes and SHA-256 of all files read back".to_owned());
            }
            Level::Readable => notes = check(entry, control)?,
            Level::Restored => {
                notes = check(entry, control)?;
                let admin = load::admin(&restore::way(entry, control)?, control)?;
                let scratch = load::Scratch::load(entry, &admin, control)?;
                notes.push(format!(
                    "restored into a scratch database; {} tables have the rows that the snapshot counted",
                    load::rows_of(entry).len()
                ));
                drop(scratch);
            }
        }
        Ok(notes)
    }

    fn plan(
        &self,
        entry: &Entry,
        wish: &Wish,
        control: &Control,
    ) -> Result<RestorePlan, BackupError> {
        restore::plan(entry, wish, control)
    }

    fn apply(
        &self,
        entry: &Entry,
        wish: &Wish,
        plan: &RestorePlan,
        control: &Control,
    ) -> Result<Restored, BackupError> {
        restore::apply(entry, wish, plan, control)
    }
}

/// Reads every artefact back from disk and compares tables and rows with the manifest.
pub(super) fn check(entry: &Entry, control: &Control) -> Result<Vec<String>, BackupError> {
    let mut rows = 0;
    let mut roles = std::collections::BTreeSet::new();
    for artefact in &entry.manifest.artefacts {
        roles.insert(artefact.role.as_str());
        let scan: Box<dyn crate::backup::pipeline::Scan> = match artefact.role.as_str() {
            "data" => {
                let expected = Expected {
                    rows: artefact
                        .contents
                        .iter()
                        .filter_map(|content| {
                            Some((scan::parse_name(&content.name)?, content.count?))
                        })
                        .collect(),
                    ..Expected::default()
                };
                rows += expected.rows.values().sum::<u64>();
                let expected: Expectation<'_> = Box::new(move || Ok(expected));
                Box::new(SectionScan::new(Section::Data, Some(expected)))
            }
            "schema" | "globals" => Box::new(SectionScan::new(Section::Definitions, None)),
            _ => Box::new(NoScan),
        };
        read_artefact(&entry.folder, artefact, scan, control)?;
    }
    if !roles.contains("data") || !roles.contains("schema") {
        return Err(BackupError::NotIntact(
            "definitions or rows are missing from the manifest".to_owned(),
        ));
    }
    Ok(vec![format!(
        "read to the end; {rows} rows as in the manifest"
    )])
}
