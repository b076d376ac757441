//! Files of settings that a code reads: what they say when it starts, and whether anything before it in the call may write them.
//! Which files those are, and what the code makes of them, is read elsewhere.

use std::path::PathBuf;

use crate::classify::Context;
use crate::classify::packs;
use crate::classify::sql::source::Source;
use crate::model::command::Command;
use crate::model::fact::{Answer, Needs, Question};
use crate::model::word::Word;

use super::calls;
use super::given::Code;
use super::steps::{Kind, Step};
use super::values::{STAR, Setting, may_read};

/// Rounds in which a file of settings names the next.
const ROUNDS: usize = 3;
/// Files of SQL of one pattern.
const MAX_STATEMENTS: usize = 40;
/// Bytes of a code beyond which its settings are not looked for.
const MAX_CODE: usize = 256 << 10;
/// Programs that write no file by themselves, nor by what they start.
const READERS: [&str; 37] = [
    "echo", "printf", "cat", "ls", "cd", "mkdir", "export", "test", "[", "[[", "true", "false",
    ":", "grep", "head", "tail", "set", "sleep", "date", "pwd", "which", "wc", "rm", "rmdir",
    "diff", "stat", "file", "du", "df", "id", "whoami", "basename", "dirname", "realpath",
    "readlink", "touch", "chmod",
];

/// Returns what the files of settings say that a code reads.
pub(super) fn settings(
    code: &Code,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Setting> {
    let mut all: Vec<Setting> = Vec::new();
    if code.source.text.len() > MAX_CODE || !may_read(&code.source.text) || !command.is_here() {
        return all;
    }
    // What the code does is read only where it names a file of settings.
    let mut own: Option<Vec<Step>> = None;
    for _ in 0..ROUNDS {
        let names = calls::settings(&code.source.text, code.language, code.standing(&all));
        let before = all.len();
        for name in names {
            if all.iter().any(|one| one.name == name) {
                continue;
            }
            if name.contains(STAR) {
                all.extend(statements(&name, code, command, context, needs));
            } else {
                let own = own.get_or_insert_with(|| code.deeds().steps);
                all.extend(setting(name, (code, own), command, context, needs));
            }
        }
        if all.len() == before {
            break;
        }
    }
    all
}

/// Returns the files of SQL that a pattern names; those stay out whose names the code excludes.
fn statements(
    name: &str,
    code: &Code,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Setting> {
    let (folder, pattern) = name.rsplit_once('/').unwrap_or((".", name));
    let Some(dir) = crate::classify::place_of(folder, command).filter(|_| !folder.contains(STAR))
    else {
        return Vec::new();
    };
    let mut pattern = pattern.replace(STAR, "*");
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    // `glob("[0-9]*.sql")`: the pattern keeps no classes.
    let numbered = pattern.starts_with('*') && code.source.text.contains("[0-9]*");
    let found = match context.facts.ask(Question::Glob { dir, pattern }, needs) {
        Some(Answer::Glob(found)) => found,
        _ => return Vec::new(),
    };
    let left_out = excluded(&code.source.text);
    let kept = found.iter().filter(|path| {
        let digit = path.file_name().is_some_and(|name| {
            name.to_string_lossy()
                .starts_with(|c: char| c.is_ascii_digit())
        });
        let path = path.to_string_lossy();
        (digit || !numbered) && !left_out.iter().any(|end| path.ends_with(end.as_str()))
    });
    let read = |path: &PathBuf| match context.facts.ask(Question::Text(path.clone()), needs) {
        Some(Answer::Text { text, .. }) => Some(Setting {
            name: name.to_owned(),
            text: text.clone(),
            certain: false,
        }),
        _ => None,
    };
    kept.take(MAX_STATEMENTS).filter_map(read).collect()
}

/// `and not f.name.endswith(".down.sql")`: the ends of names that a code excludes.
fn excluded(text: &str) -> Vec<String> {
    let ends = text.split("endswith(").collect::<Vec<_>>();
    let pairs = ends.windows(2).filter_map(|pair| match pair {
        [before, after] => {
            let line = before.rsplit(['\n', '(']).next()?;
            let words: Vec<&str> = line.split_whitespace().collect();
            let turned = words.len() > 1 && words.get(words.len() - 2) == Some(&"not");
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let end = after.get(1..)?.split(quote).next()?;
            (turned && !end.is_empty()).then(|| end.to_owned())
        }
        _ => None,
    });
    pairs.collect()
}

fn setting(
    name: String,
    (code, own): (&Code, &[Step]),
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Setting> {
    let path = crate::classify::place_of(&name, command)?;
    let touched = |earlier: &Command| {
        let writes = earlier.leaves().into_iter();
        let mut writes = writes.filter_map(|(file, _)| file.text());
        writes.any(|file| crate::classify::place_of(&file, earlier).is_none_or(|at| at == path))
    };
    let last = context.earlier.iter().rposition(touched);
    let behind = last.map_or(0, |at| at + 1);
    let later = context.earlier.get(behind..).unwrap_or_default();
    let spared = |other: &Command| spares(other, command, code);
    // In a loop what stands behind runs before the next round.
    // Elsewhere the same name is another file.
    let stays = !code.source.text.contains("chdir");
    let own_file =
        |file: &str| crate::classify::place_of(file, command).is_none_or(|at| at == path);
    let certain = stays
        && own.iter().all(|step| leaves_alone(step, own_file))
        && later.iter().all(spared)
        && context
            .after
            .iter()
            .all(|other| spared(other) && !touched(other));
    let text = match last {
        Some(at) => match packs::written(&path, context) {
            Some(word) => Source::of_word(&word).text,
            None => changed_by_jq(context.earlier.get(at)?, context, needs)?,
        },
        None => match context.facts.ask(Question::Text(path), needs) {
            Some(Answer::Text { text, .. }) => text.clone(),
            _ => return None,
        },
    };
    Some(Setting {
        name,
        text,
        certain,
    })
}

/// `jq '.dryRun = false' OLD > NEW`: what the old file says, with the keys that are given something else.
fn changed_by_jq(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<String> {
    let [filter, file] = command.args() else {
        return None;
    };
    if command.program().as_deref() != Some("jq") {
        return None;
    }
    let (filter, file) = (filter.text()?, file.text()?);
    let path = crate::classify::place_of(&file, command)?;
    let names = |earlier: &Command| {
        let words = earlier.words.iter();
        let files = earlier.leaves().into_iter().map(|(file, _)| file);
        words.chain(files).any(|word| {
            let place = word
                .text()
                .map(|name| crate::classify::place_of(&name, earlier));
            place.is_none_or(|place| place.as_ref() == Some(&path))
        })
    };
    // The old file may be a work of the call too.
    if context
        .earlier
        .iter()
        .filter(|one| *one != command)
        .any(names)
    {
        return None;
    }
    let Some(Answer::Text { text, .. }) = context.facts.ask(Question::Text(path.clone()), needs)
    else {
        return None;
    };
    given_anew(text, &filter)
}

/// Carries out `.a.b = VALUE | .c = VALUE`; nothing where the filter does anything else.
fn given_anew(text: &str, filter: &str) -> Option<String> {
    let mut all: serde_json::Value = serde_json::from_str(text).ok()?;
    for part in filter.split('|') {
        let (place, value) = part.trim().split_once('=')?;
        let value = serde_json::from_str(value.trim()).ok()?;
        let mut at = &mut all;
        for key in place.trim().strip_prefix('.')?.split('.') {
            let plain = key
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || char == '_');
            let holds = at.is_object() || at.is_null();
            if key.is_empty() || !plain || !holds {
                return None;
            }
            at = at
                .as_object_mut()?
                .entry(key)
                .or_insert(serde_json::Value::Null);
        }
        *at = value;
    }
    Some(all.to_string())
}

/// Tells whether what a code does itself leaves a file as it is; a program that it starts may write any.
fn leaves_alone(step: &Step, is_file: impl Fn(&str) -> bool) -> bool {
    match &step.kind {
        Kind::Goes => false,
        Kind::Writes(file) | Kind::Adds(file) => {
            !file.contains([crate::sql::HOLE, super::values::STAR]) && !is_file(file)
        }
        Kind::Runs => {
            let program = step.text.split_whitespace().next().unwrap_or_default();
            let program = program.trim_matches(['\'', '"']);
            READERS.contains(&program) && !step.text.contains('>')
        }
    }
}

/// Tells whether a command that comes before leaves a file as it is.
/// A program that runs a code of its own may write any file; the code that is judged is known, and may have run before.
fn spares(earlier: &Command, command: &Command, code: &Code) -> bool {
    const WRITES: [&str; 5] = ["write", "dump", "open(", "rename", "copy"];
    if earlier
        .leaves()
        .iter()
        .any(|(file, _)| file.text().is_none())
    {
        return false;
    }
    let program = earlier.program().unwrap_or_default();
    if READERS.contains(&program.as_str()) {
        return true;
    }
    let script = |command: &Command| {
        command
            .words
            .get(..2)
            .map(|words| words.iter().map(Word::text).collect::<Vec<_>>())
    };
    let same = !code.inline && earlier.cwd == command.cwd && script(earlier) == script(command);
    let text = &code.source.text;
    same && !WRITES.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_that_a_code_excludes_stand_behind_not() {
        let ends = excluded("if n > 1 and not f.name.endswith(\".down.sql\"):\n    pass\n");
        assert_eq!(ends, [".down.sql"]);
        assert!(excluded("if f.name.endswith('.down.sql'):\n    pass\n").is_empty());
    }

    #[test]
    fn a_filter_gives_keys_something_else() {
        let text = r#"{"dir": "a", "deep": {"keep": 3}, "dry": true}"#;
        assert_eq!(
            given_anew(text, ".dry = false | .deep.keep = 1").unwrap(),
            r#"{"dir":"a","deep":{"keep":1},"dry":false}"#
        );
        for other in [
            "del(.dry)",
            ".dry |= not",
            ".dry = .dir",
            ". = {}",
            ".a[0] = 1",
            ".dry == false",
        ] {
            assert_eq!(given_anew(text, other), None, "{other}");
        }
    }
}
