//! `backstop drill`. Restores the newest backup of each target into a scratch place, compares, and drops the scratch.
//! Originals are never touched.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::backup::{Common, Format, fail, say_json, target, tell, verified};
use crate::backup::{BackupError, catalog};
use crate::model::backup::{Entry, Level};

/// Restores into a scratch place, compares and drops the scratch.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these targets; none means every target that has a backup.
    targets: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    go(args).unwrap_or_else(|error| fail(&error))
}

fn go(args: &Args) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let entries = chosen(args, &dir)?;
    let control = args.common.control();
    let found: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let found = verified(entry, Level::Restored, &control);
            tell(entry, found, Level::Restored, args.common.format)
        })
        .collect();
    let broken = found
        .iter()
        .any(|one| one.get("ok") != Some(&Value::Bool(true)));
    if args.common.format == Format::Json {
        say_json(&json!({"schema": "backstop.drill/1", "backups": found}));
    }
    Ok(u8::from(broken))
}

fn chosen(args: &Args, dir: &std::path::Path) -> Result<Vec<Entry>, BackupError> {
    let mut seen = BTreeSet::new();
    let mut entries = catalog::list(dir)?.entries;
    if !args.targets.is_empty() {
        let locators: Vec<String> = args
            .targets
            .iter()
            .map(|word| target(word).map(|target| target.locator))
            .collect::<Result<_, _>>()?;
        entries.retain(|entry| {
            let locator = &entry.manifest.target.locator;
            locators.contains(locator) || args.targets.contains(locator)
        });
    }
    entries.retain(|entry| seen.insert(entry.manifest.target.clone()));
    match entries.is_empty() {
        true => Err(BackupError::NotFound(
            "there is no backup to rehearse".into(),
        )),
        false => Ok(entries),
    }
}
