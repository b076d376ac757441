//! `backstop undo`. Brings back what the losses of a request took, after a backup of the present state.
//! Which backups a use relied on is read from the ledger; without a ledger, from the backups themselves.

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;

use super::backup::{Common, Format, fail, say_json, visible};
use super::restore::done;
use super::say;
use crate::backup::{BackupError, catalog, restore};
use crate::enforce::House;
use crate::model::approval::Request;
use crate::model::backup::Entry;
use crate::model::policy::BackupNeed;
use crate::model::target::Reach;
use crate::plan::restore::Wish;

/// Brings back what a used request lost.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the request, its fingerprint, or id of a backup; none means the newest request that has backups.
    id: Option<String>,
    /// Applies without asking.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    common: Common,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    go(args).unwrap_or_else(|error| fail(&error))
}

fn go(args: &Args) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let request = relied_on(args);
    let entries = match &request {
        Some(request) => of_use(request, &dir)?,
        None => chosen(args, &dir)?,
    };
    let mut wishes: Vec<(Entry, Wish)> = entries
        .into_iter()
        .map(|entry| {
            let wish = wish(&entry, request.as_ref());
            (entry, wish)
        })
        .collect();
    let control = args.common.control();
    for (entry, wish) in &mut wishes {
        if matches!(entry.manifest.reach, Reach::Postgres(_)) {
            let _ = super::restore::unlocked(entry, wish, &control)?;
        }
    }
    if !super::restore::agreed(args.yes, &wishes, &control)? {
        say("Nothing was changed.\n");
        return Ok(1);
    }
    let undone = restore::undo(&wishes, &dir, &control)?;
    record(args, request.as_ref(), &undone);
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

/// Returns the request, as the ledger has it: the named one, or the newest that was used.
fn relied_on(args: &Args) -> Option<Request> {
    let store = House::new(args.common.state.clone(), Instant::now()).store_if_there()?;
    let now = Timestamp::now();
    match &args.id {
        Some(id) => store.request(&crate::store::request_id(id).ok()?, now).ok(),
        None => {
            let (requests, _) = store.requests(1000, now).ok()?;
            requests
                .into_iter()
                .filter(|request| request.used_at.is_some())
                .max_by(|one, other| one.used_at.cmp(&other.used_at))
        }
    }
    .filter(|request| !request.backups.is_empty())
}

/// Returns the backups that the use of a request relied on; none of them may be missing.
fn of_use(request: &Request, dir: &Path) -> Result<Vec<Entry>, BackupError> {
    request
        .backups
        .iter()
        .map(|id| catalog::load(dir, id))
        .collect()
}

/// What has to come back: the objects that the call threatened, values too where it changed them.
fn wish(entry: &Entry, request: Option<&Request>) -> Wish {
    let Some(request) = request else {
        return Wish {
            missing_only: true,
            ..Wish::default()
        };
    };
    let key = &entry.manifest.target;
    let need = request
        .requirement
        .backups
        .iter()
        .find(|need| need.target.key() == *key);
    let changes = |rule: &str| {
        ["sql.update", "sql.replace", "sql.alter"]
            .iter()
            .any(|start| rule.starts_with(start))
    };
    let changed = request.findings.iter().any(|finding| {
        changes(&finding.rule) && finding.targets.iter().any(|target| target.key() == *key)
    });
    // A database that was removed, moved away or written over as a file comes back as a whole.
    let whole = need.is_some_and(|need| matches!(need.target.reach, Reach::Sqlite(_)))
        && request.findings.iter().any(|finding| {
            finding.rule.starts_with("files.")
                && finding.targets.iter().any(|target| target.key() == *key)
        });
    if whole {
        return Wish::default();
    }
    let only: Vec<String> = need.map(BackupNeed::names).unwrap_or_default();
    Wish {
        missing_only: !changed || only.is_empty(),
        only,
        to: None,
    }
}

/// Notes the undo in the ledger; what came back stays even when that fails.
fn record(
    args: &Args,
    request: Option<&Request>,
    undone: &[(Entry, crate::plan::restore::Restored)],
) {
    let house = House::new(args.common.state.clone(), Instant::now());
    if let (Some(request), Some(store)) = (request, house.store_if_there()) {
        for (entry, _) in undone {
            if let Err(error) = store.undone(&request.id, &entry.manifest.id, Timestamp::now()) {
                super::say_error(&format!("the undo could not be recorded: {error}"), "");
            }
        }
    }
}

fn chosen(args: &Args, dir: &Path) -> Result<Vec<Entry>, BackupError> {
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
