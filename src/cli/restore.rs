//! `backstop restore`. Says what a restore would do, and does it.
//! Who may restore is decided elsewhere.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::backup::{Common, Format, fail, say_json, visible};
use super::password::with_password;
use super::say;
use crate::backup::control::Control;
use crate::backup::restore::Turn;
use crate::backup::{BackupError, catalog, restore};
use crate::model::backup::Entry;
use crate::model::target::Reach;
use crate::plan::coverage;
use crate::plan::restore::{RestorePlan, Restored, Wish};

/// Most tables that are named when one is not found.
const LISTED: usize = 8;

/// Restores a backup.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of a backup, or an end or beginning of it.
    backup: String,
    /// Only this table (SQLite, PostgreSQL) or path (trees); may be given several times.
    #[arg(long = "table", alias = "target", alias = "path", value_name = "NAME")]
    only: Vec<String>,
    /// Into another database of the same server; for a SQLite file, another file.
    #[arg(long, value_name = "DB", conflicts_with = "to")]
    into: Option<String>,
    /// To another folder (files, trees, SQLite files); nothing is written over.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Put back only what is missing, and leave what is there.
    #[arg(long)]
    missing: bool,
    /// Print the plan and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Applies without asking; where there is no terminal nothing is asked anyway, and the present state is saved first.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    common: Common,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    go(args).unwrap_or_else(|error| fail(&error))
}

/// Tells whether a human is there to be asked; elsewhere the caller has decided.
pub fn asks(yes: bool) -> bool {
    !yes && std::io::stdin().is_terminal()
}

/// Plans a restore, and leaves the password that its server wanted in the entry's reach, in memory only.
pub fn unlocked(
    entry: &mut Entry,
    wish: &Wish,
    control: &Control,
) -> Result<RestorePlan, BackupError> {
    let mut reach = entry.manifest.reach.clone();
    let plan = with_password(&mut reach, |reach| {
        let mut entry = entry.clone();
        entry.manifest.reach = reach.clone();
        restore::plan(&entry, wish, control)
    });
    entry.manifest.reach = reach;
    plan
}

/// Waits for the turn to restore what a backup holds: what is planned has to be what is there when it is done.
pub fn turn(dir: &Path, entry: &Entry, control: &Control) -> Result<Turn, BackupError> {
    let key = &entry.manifest.target;
    restore::turn(dir, key, control, || {
        let locator = visible(&key.locator);
        super::say_error(
            &format!("another undo or restore of {locator} is running; this one waits for it"),
            "",
        );
    })
}

/// Asks on a terminal; a script has decided by calling.
pub fn confirmed(yes: bool) -> bool {
    !asks(yes) || yes_to("apply? [y/N] ")
}

/// Asks one question; anything but a clear yes is a no.
pub fn yes_to(question: &str) -> bool {
    say(question);
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Returns another place to restore to: a folder for files, the name of a database for servers.
fn elsewhere(args: &Args, entry: &Entry) -> Result<Option<String>, BackupError> {
    let server = matches!(entry.manifest.reach, Reach::Postgres(_));
    if args.to.is_some() && server {
        return Err(BackupError::Wish(
            "`--to` names a folder, and this is the backup of a database: `--into NAME` restores it as a database of that name"
                .into(),
        ));
    }
    let is_database = server || matches!(entry.manifest.reach, Reach::Sqlite(_));
    if args.into.is_some() && !is_database {
        return Err(BackupError::Wish(
            "`--into` names a database, and this is a backup of files: `--to DIR` restores them into another folder".into(),
        ));
    }
    let path = match (&args.to, &args.into) {
        (Some(folder), _) => match &entry.manifest.reach {
            // The file keeps its name in the folder, which is made where it is missing.
            Reach::Sqlite(file) => folder.join(file.file_name().unwrap_or_default()),
            _ => folder.clone(),
        },
        (None, Some(name)) if server => return Ok(Some(name.clone())),
        (None, Some(name)) => PathBuf::from(name),
        (None, None) => return Ok(None),
    };
    let path = std::path::absolute(&path).map_err(|error| BackupError::io("find", &path, error))?;
    Ok(Some(path.to_string_lossy().into_owned()))
}

/// Refuses names of tables or paths that the backup does not hold.
fn held(args: &Args, entry: &Entry) -> Result<(), BackupError> {
    let manifest = &entry.manifest;
    let Some(name) = args
        .only
        .iter()
        .find(|name| !coverage::names(manifest, name))
    else {
        return Ok(());
    };
    let tables: Vec<String> = manifest
        .artefacts
        .iter()
        .flat_map(|artefact| &artefact.contents)
        .filter(|content| content.kind == "table")
        .map(|content| format!("`{}`", visible(&content.name)))
        .collect();
    let what = match tables.len() {
        0 => String::new(),
        1..=LISTED => format!("; it holds {}", tables.join(", ")),
        more => format!(
            "; it holds {} and {} more",
            tables.get(..LISTED).unwrap_or_default().join(", "),
            more - LISTED
        ),
    };
    Err(BackupError::Wish(format!(
        "`{}` is not in {}{what}",
        visible(name),
        manifest.id
    )))
}

fn go(args: &Args) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let mut entry = catalog::find(&dir, &args.backup)?;
    held(args, &entry)?;
    let wish = Wish {
        only: args.only.clone(),
        to: elsewhere(args, &entry)?,
        missing_only: args.missing,
        leave_present: args.missing,
        look: args.dry_run || asks(args.yes),
        ..Wish::default()
    };
    let control = args.common.control();
    let _turn = match args.dry_run {
        true => None,
        false => Some(turn(&dir, &entry, &control)?),
    };
    let plan = unlocked(&mut entry, &wish, &control)?;
    if args.common.format != Format::Json {
        say(&planned(&plan));
    }
    if args.dry_run {
        if args.common.format == Format::Json {
            say_json(
                &json!({"schema": "backstop.restore/1", "dry_run": true, "plan": plan, "by_hand": entry.manifest.recovery}),
            );
        } else {
            for line in &entry.manifest.recovery {
                say(&format!("by hand: {line}\n"));
            }
        }
        return Ok(0);
    }
    if !confirmed(args.yes) {
        say("Nothing was changed.\n");
        return Ok(1);
    }
    let restored = restore::apply(&entry, &wish, &plan, &dir, &control)?;
    match args.common.format {
        Format::Json => {
            say_json(
                &json!({"schema": "backstop.restore/1", "dry_run": false, "plan": plan, "result": restored}),
            );
        }
        _ => say(&done(&restored)),
    }
    Ok(u8::from(!restored.left.is_empty()))
}

/// Says a plan for people.
pub fn planned(plan: &RestorePlan) -> String {
    let mut text = format!("plan for {}\n", plan.backup);
    if plan.steps.is_empty() && plan.left.is_empty() {
        text.push_str("  nothing is missing, nothing to do\n");
    }
    for (at, step) in plan.steps.iter().enumerate() {
        text.push_str(&format!("  {}. {}\n", at + 1, visible(&step.sentence())));
    }
    for row in &plan.rows {
        text.push_str(&format!("     {}\n", visible(row)));
    }
    for left in &plan.left {
        text.push_str(&format!("  does not come back: {}\n", visible(left)));
    }
    for note in &plan.notes {
        text.push_str(&format!("  note: {}\n", visible(note)));
    }
    text
}

/// Says for people what a restore did.
pub fn done(restored: &Restored) -> String {
    let mut text = String::new();
    if let Some(saved) = &restored.saved {
        text.push_str(&format!("the state before is saved as {saved}\n"));
    }
    for step in &restored.done {
        text.push_str(&format!("done: {}\n", visible(step)));
    }
    for left in &restored.left {
        text.push_str(&format!("not brought back: {}\n", visible(left)));
    }
    for note in restored.conflicts.iter().chain(&restored.notes) {
        text.push_str(&format!("note: {}\n", visible(note)));
    }
    text
}
