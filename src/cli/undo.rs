//! `backstop undo`. Brings back what a call lost, after a backup of the present state.
//! Which backups a call relied on is read from the ledger; without a ledger, from the backups themselves.

use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::backup::{Common, Format, fail, say_json, visible};
use super::lost::{self, Lost};
use super::restore::{asks, confirmed, done, planned, unlocked};
use super::say;
use crate::backup::control::Control;
use crate::backup::{BackupError, catalog, restore};
use crate::enforce::House;
use crate::model::backup::Entry;
use crate::model::target::Reach;
use crate::plan::restore::{RestorePlan, Restored, Wish, counted};
use crate::store::Store;

/// Brings back what a call lost.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the request, its fingerprint, or id of a backup; none means the newest call that lost something and was not undone.
    id: Option<String>,
    /// Applies without asking.
    #[arg(long)]
    yes: bool,
    /// Rows that somebody changed again after the loss get the values of the backup too.
    #[arg(long)]
    also_changed: bool,
    /// Print the plan and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

/// One backup with what is to come back from it.
struct Work {
    entry: Entry,
    wish: Wish,
    plan: RestorePlan,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    go(args).unwrap_or_else(|error| fail(&error))
}

fn go(args: &Args) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let store = House::new(args.common.state.clone(), Instant::now()).store_if_there();
    let lost = relied_on(args, store.as_ref())?;
    let json = args.common.format == Format::Json;
    if let Some(lost) = lost.as_ref().filter(|_| !json) {
        say(&format!("undoing: {}\n", visible(&lost.sentence())));
    }
    let entries = match &lost {
        Some(lost) => lost
            .backups
            .iter()
            .map(|id| catalog::load(&dir, id))
            .collect::<Result<_, _>>()?,
        None => chosen(args, &dir)?,
    };
    let mut work = planned_all(args, entries, lost.as_ref())?;
    let interactive = asks(args.yes) || args.dry_run;
    if interactive && !json {
        work.iter().for_each(|one| say(&planned(&one.plan)));
    }
    if args.dry_run {
        if json {
            let plans: Vec<_> = work.iter().map(|one| &one.plan).collect();
            say_json(&json!({"schema": "backstop.undo/1", "dry_run": true, "plans": plans}));
        }
        return Ok(0);
    }
    if asks(args.yes) && !agreed(&mut work, &args.common.control())? {
        say("Nothing was changed.\n");
        return Ok(1);
    }
    let mut undone = Vec::new();
    for one in &work {
        let restored = match one.plan.steps.is_empty() {
            true => Restored {
                notes: one.plan.notes.clone(),
                left: one.plan.left.clone(),
                ..Restored::default()
            },
            false => restore::apply(
                &one.entry,
                &one.wish,
                &one.plan,
                &dir,
                &args.common.control(),
            )
            .map_err(|error| with_way_out(error, &one.entry))?,
        };
        if restored.left.is_empty() || !restored.done.is_empty() {
            record(lost.as_ref(), store.as_ref(), &one.entry);
        }
        undone.push((&one.entry, restored));
    }
    report(&undone, json);
    Ok(u8::from(
        undone.iter().any(|(_, restored)| !restored.left.is_empty()),
    ))
}

/// Asks; rows that were changed again since are asked for apart.
fn agreed(work: &mut [Work], control: &Control) -> Result<bool, BackupError> {
    let again: u64 = work.iter().map(|one| one.plan.again).sum();
    if work.iter().all(|one| one.plan.steps.is_empty()) && again == 0 {
        return Ok(true);
    }
    let rows = counted(again, "row");
    let question =
        format!("give the {rows} that changed again since the values of the backup too? [y/N] ");
    if again > 0 && super::restore::yes_to(&question) {
        for one in work.iter_mut() {
            one.wish.over = true;
            one.plan = restore::plan(&one.entry, &one.wish, control)?;
        }
    }
    Ok(confirmed(false))
}

/// Plans the restores, one for each target; a password that a server wants is asked for here.
fn planned_all(
    args: &Args,
    entries: Vec<Entry>,
    lost: Option<&Lost>,
) -> Result<Vec<Work>, BackupError> {
    let control = args.common.control();
    let mut work: Vec<Work> = Vec::new();
    for mut entry in entries {
        if work
            .iter()
            .any(|one| one.entry.manifest.target == entry.manifest.target)
        {
            continue;
        }
        let all = || Wish {
            missing_only: true,
            redefine: true,
            ..Wish::default()
        };
        let mut wish = lost.map_or_else(all, |lost| lost.wish(&entry));
        wish.over = args.also_changed;
        wish.look = asks(args.yes) || args.dry_run;
        let plan =
            unlocked(&mut entry, &wish, &control).map_err(|error| with_way_out(error, &entry))?;
        work.push(Work { entry, wish, plan });
    }
    Ok(work)
}

/// A step that failed on the server tells nobody what to do next.
fn with_way_out(error: BackupError, entry: &Entry) -> BackupError {
    match error {
        BackupError::Source(text) => BackupError::Source(format!("{text}; {}", way_out(entry))),
        error => error,
    }
}

/// Says how to get by hand at what did not come back.
fn way_out(entry: &Entry) -> String {
    let id = &entry.manifest.id;
    let place = match &entry.manifest.reach {
        Reach::Postgres(_) => "--into DB",
        Reach::Sqlite(_) => "--into FILE",
        _ => "--to DIR",
    };
    format!(
        "the backup has everything: `backstop restore {id} {place}` puts it beside what is there now"
    )
}

fn report(undone: &[(&Entry, Restored)], json: bool) {
    if json {
        let rows: Vec<_> = undone
            .iter()
            .map(|(entry, restored)| {
                json!({"backup": entry.manifest.id, "target": entry.manifest.target.locator, "result": restored})
            })
            .collect();
        return say_json(&json!({"schema": "backstop.undo/1", "restored": rows}));
    }
    for (entry, restored) in undone {
        let locator = visible(&entry.manifest.target.locator);
        say(&format!("{locator} from {}\n", entry.manifest.id));
        if restored.done.is_empty() && restored.left.is_empty() {
            say("nothing is missing, nothing was done\n");
        }
        say(&done(restored));
        if !restored.left.is_empty() {
            say(&format!("{}\n", visible(&way_out(entry))));
        }
    }
}

/// Returns the call as the ledger has it: the named one, or the newest that lost something and was not undone.
fn relied_on(args: &Args, store: Option<&Store>) -> Result<Option<Lost>, BackupError> {
    let Some(store) = store else {
        return Ok(None);
    };
    match &args.id {
        Some(id) => Ok(lost::named(store, id)),
        None => lost::newest(store).map(Some).ok_or_else(|| {
            BackupError::NotFound("no call is left that lost something and was not undone".into())
        }),
    }
}

/// Notes the undo in the ledger; what came back stays even when that fails.
fn record(lost: Option<&Lost>, store: Option<&Store>, entry: &Entry) {
    if let (Some(lost), Some(store)) = (lost, store)
        && let Err(error) = lost.note(store, &entry.manifest.id)
    {
        super::say_error(&format!("the undo could not be recorded: {error}"), "");
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
