//! What Windows is told to run at every start or login: values of its `Run` keys, and services.
//! Scheduled tasks are told to a scheduler, and files are written; both are read elsewhere.

use std::path::Path;

use crate::classify::Context;
use crate::classify::opaque::names;
use crate::model::command::Command;
use crate::model::finding::Finding;
use crate::model::word::Word;

use super::places::{self, Place};
use super::texts::Task;
use super::{Site, judged_task};

const START: Place = Place {
    rule: "later.service",
    name: "the next login",
    ..places::SCHEDULED
};

/// Programs that are looked at here.
const PROGRAMS: [&str; 6] = [
    "new-itemproperty",
    "set-itemproperty",
    "sp",
    "reg",
    "sc",
    "new-service",
];

/// Returns what a command would let Windows run later.
pub fn findings(command: &Command, context: &Context<'_>) -> Vec<Finding> {
    let Some(name) = named(command) else {
        return Vec::new();
    };
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let text = match name {
        "new-itemproperty" | "set-itemproperty" | "sp" => {
            let key = after(&words, &["-path", "-literalpath"]).or_else(|| words.first().cloned());
            key.filter(|key| starts_programs(key))
                .and_then(|_| after(&words, &["-value"]))
        }
        "reg" if is(&words, 0, "add") => words
            .get(1)
            .filter(|key| starts_programs(key))
            .and_then(|_| after(&words, &["/d"])),
        "sc" if is(&words, 0, "create") || is(&words, 0, "config") => after(&words, &["binpath="])
            .or_else(|| {
                let glued = |word: &String| {
                    let lower = word.to_ascii_lowercase();
                    lower
                        .starts_with("binpath=")
                        .then(|| word.chars().skip("binpath=".len()).collect::<String>())
                };
                words.iter().find_map(glued).filter(|text| !text.is_empty())
            }),
        "new-service" => after(&words, &["-binarypathname"]),
        _ => None,
    };
    let Some(text) = text else {
        return Vec::new();
    };
    let site = Site {
        path: Path::new("the registry"),
        words: command.told(),
        via: names(&command.via),
        origin: Some(command.origin.clone()),
    };
    let task = Task::Cmd(text.trim_matches(['"', '\'']).to_owned());
    judged_task(&START, START.runs, &task, &site, context)
}

/// Returns which of the programs that are looked at here this is.
fn named(command: &Command) -> Option<&'static str> {
    let name = command.program()?;
    let base = name.rsplit('\\').next()?;
    let base = base
        .get(..base.len().saturating_sub(".exe".len()))
        .filter(|bare| {
            base.strip_prefix(*bare)
                .is_some_and(|end| end.eq_ignore_ascii_case(".exe"))
        })
        .unwrap_or(base);
    PROGRAMS
        .into_iter()
        .find(|known| base.eq_ignore_ascii_case(known))
}

fn is(words: &[String], at: usize, wanted: &str) -> bool {
    words
        .get(at)
        .is_some_and(|word| word.eq_ignore_ascii_case(wanted))
}

fn after(words: &[String], names: &[&str]) -> Option<String> {
    let at = words
        .iter()
        .position(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name)))?;
    words.get(at + 1).cloned()
}

/// `…\CurrentVersion\Run`, `…\RunOnce`, `…\Winlogon`.
fn starts_programs(key: &str) -> bool {
    let lower = key.to_ascii_lowercase().replace('/', "\\");
    let last = lower.trim_end_matches('\\').rsplit('\\').next();
    lower.contains("currentversion")
        && matches!(last, Some("run" | "runonce" | "runservices" | "winlogon"))
}
