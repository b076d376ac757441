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
use crate::backup::restore::Turn;
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
    /// Applies without asking; where there is no terminal nothing is asked anyway, and the present state is saved first.
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
    let _turns = turns(args, &dir, &entries)?;
    let (mut work, mut failed) = planned_all(args, entries, lost.as_ref())?;
    let interactive = asks(args.yes) || args.dry_run;
    if interactive && !json {
        work.iter().for_each(|one| say(&planned(&one.plan)));
    }
    if args.dry_run {
        if json {
            let plans: Vec<_> = work.iter().map(|one| &one.plan).collect();
            say_json(
                &json!({"schema": "backstop.undo/1", "dry_run": true, "plans": plans, "failed": told(&failed)}),
            );
        }
        return Ok(tell(&failed));
    }
    if asks(args.yes) && !agreed(&mut work, &args.common.control())? {
        say("Nothing was changed.\n");
        return Ok(1);
    }
    let undone = applied_all(&work, &dir, &args.common.control(), &mut failed);
    let did = |restored: &Restored| restored.left.is_empty() || !restored.done.is_empty();
    // A call is undone when all of it is: until then the next undo takes it up again.
    if failed.is_empty() {
        let all_left = undone.iter().any(|(_, restored)| !restored.left.is_empty());
        for (entry, _) in undone.iter().filter(|(_, restored)| did(restored)) {
            record(lost.as_ref(), store.as_ref(), entry, all_left);
        }
    }
    report(&undone, &failed, json);
    let left = |(_, restored): &(&Entry, Restored)| !restored.left.is_empty();
    Ok(tell(&failed).max(u8::from(undone.iter().any(left))))
}

/// Applies every plan; one that fails keeps no other from it.
fn applied_all<'w>(
    work: &'w [Work],
    dir: &Path,
    control: &Control,
    failed: &mut Failed,
) -> Vec<(&'w Entry, Restored)> {
    let mut undone: Vec<(&Entry, Restored)> = Vec::new();
    for one in work {
        if came_along(one, work, &undone) {
            let along = Restored {
                done: vec!["nothing apart: it came back with the folder around it".to_owned()],
                ..Restored::default()
            };
            undone.push((&one.entry, along));
            continue;
        }
        // What was put back, or moved back, before may stand here or around it by now.
        let plan = match undone.is_empty() || place_of(&one.entry).is_none() {
            true => Ok(one.plan.clone()),
            false => restore::plan(&one.entry, &one.wish, control),
        };
        match plan.and_then(|plan| applied(one, &plan, (dir, control))) {
            Ok(restored) => undone.push((&one.entry, restored)),
            // What else was lost comes back all the same.
            Err(error) => failed.push((one.entry.manifest.target.locator.clone(), error)),
        }
    }
    undone
}

fn applied(
    one: &Work,
    plan: &RestorePlan,
    (dir, control): (&Path, &Control),
) -> Result<Restored, BackupError> {
    if plan.steps.is_empty() {
        return Ok(Restored {
            notes: plan.notes.clone(),
            left: plan.left.clone(),
            ..Restored::default()
        });
    }
    restore::apply(&one.entry, &one.wish, plan, dir, control)
        .map_err(|error| with_way_out(error, &one.entry))
}

/// What did not come back, by its target.
type Failed = Vec<(String, BackupError)>;

/// Says what failed and returns the exit code.
fn tell(failed: &Failed) -> u8 {
    for (locator, error) in failed {
        let locator = visible(locator);
        super::say_error(
            &format!("{locator} did not come back: {error}"),
            error.help(),
        );
    }
    u8::from(!failed.is_empty())
}

fn told(failed: &Failed) -> Vec<serde_json::Value> {
    let one = |(locator, error): &(String, BackupError)| json!({"target": locator, "error": error.to_string()});
    failed.iter().map(one).collect()
}

/// Waits for the turn of every target, in one order, so that two that wait for each other cannot be.
fn turns(args: &Args, dir: &Path, entries: &[Entry]) -> Result<Vec<Turn>, BackupError> {
    if args.dry_run {
        return Ok(Vec::new());
    }
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|entry| catalog::key_name(&entry.manifest.target));
    sorted.dedup_by_key(|entry| catalog::key_name(&entry.manifest.target));
    let control = args.common.control();
    sorted
        .into_iter()
        .map(|entry| super::restore::turn(dir, entry, &control))
        .collect()
}

/// Tells whether the backup of a folder around it, which holds it too, was put back just now.
fn came_along(one: &Work, work: &[Work], undone: &[(&Entry, Restored)]) -> bool {
    let Some(place) = place_of(&one.entry) else {
        return false;
    };
    let mut whole = work.iter().filter(|other| {
        matches!(other.entry.manifest.reach, Reach::Path(_))
            && other.wish.only.is_empty()
            && !other.wish.leave_present
            && undone.iter().any(|(entry, _)| **entry == other.entry)
    });
    whole.any(|other| {
        place_of(&other.entry).is_some_and(|around| place != around && place.starts_with(around))
    })
}

fn place_of(entry: &Entry) -> Option<&Path> {
    match &entry.manifest.reach {
        Reach::Path(path) | Reach::Sqlite(path) => Some(path),
        Reach::Worktree(reach) => Some(&reach.root),
        _ => None,
    }
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
) -> Result<(Vec<Work>, Failed), BackupError> {
    let control = args.common.control();
    let mut work: Vec<Work> = Vec::new();
    let mut failed = Failed::new();
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
        match unlocked(&mut entry, &wish, &control) {
            Ok(plan) => work.push(Work { entry, wish, plan }),
            Err(error) => {
                let locator = entry.manifest.target.locator.clone();
                failed.push((locator, with_way_out(error, &entry)));
            }
        }
    }
    if work.is_empty()
        && let Some((_, error)) = failed.pop()
    {
        return Err(error);
    }
    // A folder before what lies in it: what of it comes back for itself is there then already.
    work.sort_by_key(|one| place_of(&one.entry).map_or(0, |path| path.components().count()));
    Ok((work, failed))
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

fn report(undone: &[(&Entry, Restored)], failed: &Failed, json: bool) {
    if json {
        let rows: Vec<_> = undone
            .iter()
            .map(|(entry, restored)| {
                json!({"backup": entry.manifest.id, "target": entry.manifest.target.locator, "result": restored})
            })
            .collect();
        return say_json(
            &json!({"schema": "backstop.undo/1", "restored": rows, "failed": told(failed)}),
        );
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
        Some(id) => match lost::named(store, id) {
            Some(lost) if !lost.has_run => Err(BackupError::NotFound(format!(
                "the call of request `{id}` was never let through, so there is nothing to undo; `backstop restore BACKUP` gives an earlier state back all the same"
            ))),
            found => Ok(found),
        },
        None => lost::newest(store).map(Some).ok_or_else(|| {
            BackupError::NotFound("no call is left that lost something and was not undone".into())
        }),
    }
}

/// Notes the undo in the ledger; what came back stays even when that fails.
fn record(lost: Option<&Lost>, store: Option<&Store>, entry: &Entry, left: bool) {
    if let (Some(lost), Some(store)) = (lost, store)
        && let Err(error) = lost.note(store, &entry.manifest.id, left)
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
