//! `backstop restore`. Says what a restore would do, and does it.
//! Who may restore is decided elsewhere.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use serde_json::json;

use super::backup::{Common, Format, fail, say_json, visible};
use super::password::with_password;
use super::say;
use crate::backup::control::Control;
use crate::backup::{BackupError, catalog, restore};
use crate::model::backup::Entry;
use crate::plan::restore::{RestorePlan, Restored, Wish};

/// Restores a backup.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of a backup, or an end or beginning of it.
    backup: String,
    /// Only this table (SQLite, PostgreSQL) or path (trees); may be given several times.
    #[arg(long = "table", alias = "target", alias = "path", value_name = "NAME")]
    only: Vec<String>,
    /// Into another database of the same server.
    #[arg(long, value_name = "DB", conflicts_with = "to")]
    into: Option<String>,
    /// To another folder; nothing is written over.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Put back only what is missing, and leave what is there.
    #[arg(long)]
    missing: bool,
    /// Print the plan and change nothing.
    #[arg(long)]
    dry_run: bool,
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

/// Shows what an undo would do, and asks on a terminal; elsewhere the caller has decided.
pub fn agreed(yes: bool, wishes: &[(Entry, Wish)], control: &Control) -> Result<bool, BackupError> {
    if yes || !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    for (entry, wish) in wishes {
        say(&planned(&restore::plan(entry, wish, control)?));
    }
    Ok(confirmed(false))
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

/// Asks on a terminal; a script has decided by calling.
fn confirmed(yes: bool) -> bool {
    if yes || !std::io::stdin().is_terminal() {
        return true;
    }
    say("apply? [y/N] ");
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes")
}

fn go(args: &Args) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let mut entry = catalog::find(&dir, &args.backup)?;
    let to = match &args.to {
        Some(to) => Some(
            std::path::absolute(to)
                .map_err(|error| BackupError::io("find", to, error))?
                .to_string_lossy()
                .into_owned(),
        ),
        None => args.into.clone(),
    };
    let wish = Wish {
        only: args.only.clone(),
        to,
        missing_only: args.missing,
    };
    let control = args.common.control();
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
    Ok(0)
}

/// Says a plan for people.
pub fn planned(plan: &RestorePlan) -> String {
    let mut text = format!("plan for {}\n", plan.backup);
    if plan.steps.is_empty() {
        text.push_str("  nothing is missing, nothing to do\n");
    }
    for (at, step) in plan.steps.iter().enumerate() {
        text.push_str(&format!("  {}. {}\n", at + 1, visible(&step.sentence())));
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
    for note in restored.conflicts.iter().chain(&restored.notes) {
        text.push_str(&format!("note: {}\n", visible(note)));
    }
    text
}
