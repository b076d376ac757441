//! Commands that let something run later by what they are: copies into places that are run, schedulers, aliases of git, scripts of packages.
//! Files that are written by a redirection are the work of the room above.

use std::path::Path;

use crate::classify::Context;
use crate::classify::opaque::names;
use crate::model::command::{Command, Cwd, Unfolding};
use crate::model::fact::Needs;
use crate::model::finding::Finding;
use crate::model::word::Word;

use super::places::{self, Place};
use super::texts::Task;
use super::{Site, file_text, judged, judged_task};

/// Scripts that a package manager runs by itself.
const LIFECYCLE: [&str; 10] = [
    "preinstall",
    "install",
    "postinstall",
    "prepare",
    "prepublish",
    "prepublishOnly",
    "prepack",
    "postpack",
    "predeploy",
    "dependencies",
];

/// Names under which people expect something that only looks, or keeps what they have.
const HIDING: [&str; 33] = [
    "a", "aa", "add", "b", "br", "branch", "c", "ci", "cm", "co", "commit", "cp", "d", "df",
    "diff", "f", "fetch", "l", "last", "lg", "ll", "log", "ls", "pull", "push", "s", "show", "ss",
    "st", "status", "sw", "switch", "up",
];

/// Returns what a command would let run later.
pub fn findings(
    command: &Command,
    unfolding: &Unfolding,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    let name = program
        .rsplit(['\\', '/'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    match name.trim_end_matches(".exe") {
        "cp" | "mv" | "ln" | "install" | "copy-item" | "move-item" => {
            copied(command, unfolding, context, needs)
        }
        "at" => from_file(command, unfolding, context, needs),
        "git" => alias(command, context),
        "npm" | "pnpm" | "yarn" => lifecycle(command, context),
        "schtasks" => scheduled(command, context),
        "new-scheduledtaskaction" => action(command, context),
        _ => super::windows::findings(command, context),
    }
}

fn site<'a>(path: &'a Path, command: &Command) -> Site<'a> {
    Site {
        path,
        words: command.told(),
        via: names(&command.via),
        origin: Some(command.origin.clone()),
    }
}

fn operands(command: &Command) -> Vec<&Word> {
    let mut words = command.args().iter();
    let mut all = Vec::new();
    while let Some(word) = words.next() {
        match word.prefix().as_str() {
            "-m" | "-o" | "-g" | "-t" | "--mode" | "--owner" | "--group" => {
                words.next();
            }
            text if text.starts_with('-') => {}
            _ => all.push(word),
        }
    }
    all
}

/// `cp job.sh .git/hooks/post-commit`: what is copied will run.
fn copied(
    command: &Command,
    unfolding: &Unfolding,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let all = operands(command);
    let (Some((to, from)), Cwd::Known(cwd)) = (all.split_last(), &command.cwd) else {
        return Vec::new();
    };
    let Some(to) = to.text() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for word in from {
        let Some(name) = word.text() else { continue };
        let base = name.rsplit('/').next().unwrap_or_default();
        let whole = cwd.join(&to);
        let inside = whole.join(base);
        let place =
            places::place(&whole, context.scene).or_else(|| places::place(&inside, context.scene));
        let Some(place) = place else { continue };
        if let Some(text) = file_text(word, command, unfolding, context, needs) {
            findings.extend(judged(&place, &text, &site(&whole, command), context));
        }
    }
    findings
}

/// `at -f job.sh 03:00`.
fn from_file(
    command: &Command,
    unfolding: &Unfolding,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut words = command.args().iter();
    let file = words
        .by_ref()
        .find(|word| word.text().as_deref() == Some("-f"))
        .and_then(|_| words.next());
    let text = file.and_then(|word| file_text(word, command, unfolding, context, needs));
    text.map(|text| {
        judged(
            &places::SCHEDULED,
            &text,
            &site(Path::new("at"), command),
            context,
        )
    })
    .unwrap_or_default()
}

/// `git config alias.x '!…'`: the alias starts it under a name that says nothing.
fn alias(command: &Command, context: &Context<'_>) -> Vec<Finding> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    if words.first().map(String::as_str) != Some("config") {
        return Vec::new();
    }
    let at = words.iter().position(|word| {
        word.starts_with("alias.")
            || matches!(
                word.as_str(),
                "core.pager"
                    | "core.editor"
                    | "core.fsmonitor"
                    | "core.sshCommand"
                    | "sequence.editor"
            )
    });
    let key = at.and_then(|at| words.get(at));
    let Some((key, value)) = key.zip(at.and_then(|at| words.get(at + 1))) else {
        return Vec::new();
    };
    let text = match (value.strip_prefix('!'), key.strip_prefix("alias.")) {
        (None, Some(_)) => format!("git {value}"),
        (text, _) => text.unwrap_or(value).to_owned(),
    };
    let open = key.strip_prefix("alias.").is_some_and(|name| {
        let git = text.trim_start().starts_with("git ");
        git && !HIDING.contains(&name) && !text.contains([';', '|', '&'])
    });
    if open {
        // It runs when somebody calls it, and says so in its name.
        return Vec::new();
    }
    told(
        &places::TOLD,
        Task::Shell(text),
        "git config",
        command,
        context,
    )
}

/// `npm pkg set scripts.postinstall=…`.
fn lifecycle(command: &Command, context: &Context<'_>) -> Vec<Finding> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    if words.first().map(String::as_str) != Some("pkg")
        || words.get(1).map(String::as_str) != Some("set")
    {
        return Vec::new();
    }
    let mut all = Vec::new();
    for word in &words {
        let text = word
            .strip_prefix("scripts.")
            .and_then(|rest| rest.split_once('='))
            .filter(|(name, _)| LIFECYCLE.contains(name));
        if let Some((_, text)) = text {
            all.extend(told(
                &places::LIFECYCLE,
                Task::Shell(text.to_owned()),
                "package.json",
                command,
                context,
            ));
        }
    }
    all
}

/// `schtasks /create /tr "…"`.
fn scheduled(command: &Command, context: &Context<'_>) -> Vec<Finding> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let has = |wanted: &str| {
        words
            .iter()
            .position(|word| word.eq_ignore_ascii_case(wanted))
    };
    if has("/create").or_else(|| has("/change")).is_none() {
        return Vec::new();
    }
    let text = has("/tr").and_then(|at| words.get(at + 1));
    text.map(|text| {
        told(
            &places::SCHEDULED,
            Task::Cmd(text.trim_matches('"').to_owned()),
            "the task scheduler",
            command,
            context,
        )
    })
    .unwrap_or_default()
}

/// `New-ScheduledTaskAction -Execute cmd.exe -Argument '/c …'`.
fn action(command: &Command, context: &Context<'_>) -> Vec<Finding> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let after = |names: &[&str]| {
        let at = words
            .iter()
            .position(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name)))?;
        words.get(at + 1).cloned()
    };
    let Some(program) = after(&["-Execute"])
        .or_else(|| words.first().filter(|word| !word.starts_with('-')).cloned())
    else {
        return Vec::new();
    };
    let text = format!("{program} {}", after(&["-Argument"]).unwrap_or_default());
    told(
        &places::SCHEDULED,
        Task::Cmd(text),
        "the task scheduler",
        command,
        context,
    )
}

fn told(
    place: &Place,
    task: Task,
    name: &str,
    command: &Command,
    context: &Context<'_>,
) -> Vec<Finding> {
    judged_task(
        place,
        place.runs,
        &task,
        &site(Path::new(name), command),
        context,
    )
}
