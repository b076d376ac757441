//! Build files of tox, Ant, Gradle, sbt and doit, and scripts that the same call puts into a package: what their tasks run, as shell lines.
//! It reads words and brackets of such files, runs nothing, and knows only the tasks that are asked for.

mod ant;
mod groovy;
mod package;
mod scripts;
mod tox;

use std::path::Path;

use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::span::Span;
use crate::model::word::Word;

use super::Context;
use super::packs;
use super::sql::Started;
use super::sql::reach;
use super::sql::source::Source;

/// Bytes of a build file beyond which it is not read.
const MAX_BYTES: usize = 256 << 10;
/// Tasks that one call may reach.
const MAX_TASKS: usize = 64;

/// One task of a build file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Task {
    name: String,
    needs: Vec<String>,
    /// Its lines, with the place of each in the file.
    lines: Vec<(usize, String)>,
}

/// Returns what a build tool starts besides itself.
pub fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let program = command.program().unwrap_or_default();
    match program.as_str() {
        "npm" | "pnpm" | "yarn" | "bun" | "composer" => {
            package::started(&program, command, context)
        }
        "tox" => tox::started(command, context, needs),
        "ant" => ant::started(command, context, needs),
        "gradle" | "gradlew" | "gradlew.bat" | "sbt" => {
            groovy::started(&program, command, context, needs)
        }
        "grunt" | "gulp" => scripts::started(&program, command, context, needs),
        "doit" => groovy::listed(command, context, needs),
        _ => Vec::new(),
    }
}

/// Reads the first of these files beside the command: one that the call has written, or one that is there.
fn read(
    names: &[&str],
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Source> {
    let Cwd::Known(folder) = &command.cwd else {
        return None;
    };
    if !command.is_here() {
        return None;
    }
    let found = names.iter().find_map(|name| {
        let path = reach::normal(&folder.join(Path::new(name)));
        if let Some(word) = packs::written(&path, context) {
            return Some(Source::of_word(&word));
        }
        match context.facts.ask(Question::Text(path.clone()), needs) {
            Some(Answer::Text { text, .. }) => Some(Source::of_file(&path, text)),
            _ => None,
        }
    });
    found.filter(|source| source.text.len() <= MAX_BYTES)
}

/// Returns the lines of the wanted tasks with all they need, needs first.
fn lines(tasks: &[Task], wanted: Vec<String>, source: &Source, command: &Command) -> Vec<Started> {
    let mut all: Vec<&Task> = Vec::new();
    let mut queue = wanted;
    while let Some(name) = queue.pop() {
        if all.len() >= MAX_TASKS || all.iter().any(|task| task.name == name) {
            continue;
        }
        for task in tasks.iter().filter(|task| task.name == name) {
            queue.extend(task.needs.iter().cloned());
            all.push(task);
        }
    }
    all.iter()
        .rev()
        .flat_map(|task| &task.lines)
        .map(|(at, text)| Started {
            text: text.clone(),
            origin: source.origin(Span::new(*at, at + 1), &command.origin),
        })
        .collect()
}

/// Returns the words that are no options, without the values of those that take one.
fn operands(command: &Command, valued: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    let mut words = command.args().iter().map(Word::shown);
    while let Some(word) = words.next() {
        if valued.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') && !word.contains('=') {
            all.push(word);
        }
    }
    all
}

/// Returns the value of an option, `-f x`, `-fx` or `--file=x`.
fn value(command: &Command, names: &[&str]) -> Option<String> {
    let mut words = command.args().iter().map(Word::shown);
    while let Some(word) = words.next() {
        if names.contains(&word.as_str()) {
            return words.next();
        }
        for name in names {
            let rest = word.strip_prefix(name);
            let long = name.starts_with("--");
            match rest {
                Some(rest) if long && rest.starts_with('=') => {
                    return rest.get(1..).map(str::to_owned);
                }
                Some(rest) if !long && name.len() == 2 => return Some(rest.to_owned()),
                _ => {}
            }
        }
    }
    None
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Folders and files that no build makes.
const KEPT: [&str; 16] = [
    "uploads",
    "upload",
    "data",
    "database",
    "databases",
    "db",
    "storage",
    "media",
    "content",
    "posts",
    "backups",
    "backup",
    "users",
    "customers",
    "invoices",
    "attachments",
];

/// Tells whether a path names what people or programs have put down, and no build has made.
pub(super) fn is_kept(path: &str) -> bool {
    let ends = [".db", ".sqlite", ".sqlite3", ".sql", ".dump"];
    let path = path.to_ascii_lowercase();
    let inside_build = [
        "dist", "build", "out", "public", ".tmp", "tmp", "target", "coverage",
    ];
    let mut parts = path.split('/').filter(|part| !matches!(*part, "." | ""));
    let first = parts.clone().next().unwrap_or_default();
    !inside_build.contains(&first)
        && (parts.any(|part| KEPT.contains(&part)) || ends.iter().any(|end| path.ends_with(end)))
}

/// Returns the line that removes a path; a task that cleans removes what the build makes, as long as it lies in the project.
fn removal(path: &str, task: &str) -> Option<String> {
    let outside = path.starts_with(['/', '~']) || path.split('/').any(|part| part == "..");
    let cleans = task.to_ascii_lowercase().contains("clean");
    let known = !path.is_empty() && !path.contains(['$', '{']);
    (known && (outside || !cleans || is_kept(path))).then(|| {
        // Patterns live on for the shell.
        let text = path.trim_end_matches("/**").replace("**/", "");
        if text.contains('*') {
            format!("rm -rf -- {}", text.replace(' ', "\\ "))
        } else {
            format!("rm -rf -- {}", quoted(&text))
        }
    })
}
