//! `backstop undo`. Brings back what the losses of a request took, after a backup of the present state.
//! Which backups a request relied on is read from the backups themselves.

use serde_json::json;

use super::backup::{Common, Format, fail, say_json, visible};
use super::restore::done;
use super::say;
use crate::backup::control::Control;
use crate::backup::{BackupError, catalog, restore};
use crate::model::backup::Entry;

/// Brings back what a used request lost.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the request, its fingerprint, or id of a backup; none means the newest request that has backups.
    id: Option<String>,
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
    let undone = restore::undo(&entries, &dir, &Control::default())?;
    if args.common.format == Format::Json {
        let rows: Vec<_> = undone
            .iter()
            .map(|(entry, restored)| {
                json!({"backup": entry.manifest.id, "target": entry.manifest.target.locator, "result": restored})
            })
            .collect();
        say_json(&json!({"schema": "backstop.undo/1", "restored": rows}));
        return Ok(0);
    }
    for (entry, restored) in &undone {
        say(&format!(
            "{} from {}\n",
            visible(&entry.manifest.target.locator),
            entry.manifest.id
        ));
        if restored.done.is_empty() {
            say("nothing is missing, nothing was done\n");
        }
        say(&done(restored));
    }
    Ok(0)
}

fn chosen(args: &Args, dir: &std::path::Path) -> Result<Vec<Entry>, BackupError> {
    let request = match &args.id {
        Some(id) if catalog::is_backup_name(id) => return Ok(vec![catalog::load(dir, id)?]),
        Some(id) => id.clone(),
        None => catalog::list(dir)?
            .entries
            .into_iter()
            .find_map(|entry| entry.manifest.request)
            .ok_or_else(|| BackupError::NotFound("no request has a backup here".into()))?,
    };
    let entries = restore::of_request(dir, &request)?;
    match entries.is_empty() {
        true => Err(BackupError::NotFound(format!(
            "there is no backup of the request `{request}`"
        ))),
        false => Ok(entries),
    }
}
