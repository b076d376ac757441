//! Scripts of CMake: `cmake -P x.cmake` with `file(REMOVE_RECURSE …)`, `file(REMOVE …)`, `execute_process(COMMAND …)`.
//! It follows values that are set once in the same script, and decides no condition.

use std::collections::BTreeMap;

use crate::classify::Context;
use crate::classify::sql::Started;
use crate::model::command::{Command, Cwd};
use crate::model::fact::Needs;

use super::texts::{path, quoted, read};

/// Calls of one script.
const MAX_CALLS: usize = 4_000;

/// Returns the shell lines of a script that CMake runs.
pub(super) fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let mut values = BTreeMap::new();
    let mut script = None;
    let mut words = command.args().iter().map(super::shell_text);
    while let Some(word) = words.next() {
        if word == "-P" {
            script = words.next();
        } else if let Some((name, value)) =
            word.strip_prefix("-D").and_then(|set| set.split_once('='))
        {
            let name = name.split(':').next().unwrap_or(name);
            values.insert(name.to_owned(), (value.to_owned(), false));
        }
    }
    let Some(told) = script.and_then(|name| read(&name, command, context, needs)) else {
        return Vec::new();
    };
    if let Cwd::Known(here) = &command.cwd {
        let here = here.to_string_lossy().into_owned();
        for name in [
            "CMAKE_CURRENT_LIST_DIR",
            "CMAKE_SOURCE_DIR",
            "CMAKE_BINARY_DIR",
            "CMAKE_CURRENT_SOURCE_DIR",
        ] {
            values.insert(name.to_owned(), (here.clone(), false));
        }
    }
    lines(&told.text, values)
        .into_iter()
        .map(|line| told.line(line))
        .collect()
}

/// Values by name, and whether they are patterns.
type Values = BTreeMap<String, (String, bool)>;

fn lines(text: &str, mut values: Values) -> Vec<String> {
    let mut all = Vec::new();
    for (name, words) in calls(text) {
        let said: Vec<&str> = words.iter().map(String::as_str).collect();
        let paths = |words: &[&str]| {
            let paths = words.iter().map(|word| {
                let (text, globs) = known(word, &values);
                path(&text, globs)
            });
            paths.collect::<Vec<_>>().join(" ")
        };
        match (name.as_str(), said.as_slice()) {
            ("file", ["REMOVE_RECURSE", rest @ ..]) if !rest.is_empty() => {
                all.push(format!("rm -rf -- {}", paths(rest)));
            }
            ("file", ["REMOVE", rest @ ..]) if !rest.is_empty() => {
                all.push(format!("rm -f -- {}", paths(rest)));
            }
            ("file", ["RENAME", from, to, ..]) => {
                all.push(format!("mv -f -- {}", paths(&[from, to])))
            }
            ("file", ["WRITE", file, ..]) => all.push(format!("printf x > {}", paths(&[file]))),
            ("file", ["GLOB" | "GLOB_RECURSE", name, rest @ ..]) => {
                let pattern = rest.last().map(|word| known(word, &values).0);
                values.insert((*name).to_owned(), (pattern.unwrap_or_default(), true));
            }
            ("set" | "cmake_path", [name, value]) => {
                let value = known(value, &values);
                values.insert((*name).to_owned(), value);
            }
            ("list", ["APPEND", name, value]) if !values.contains_key(*name) => {
                let value = known(value, &values);
                values.insert((*name).to_owned(), value);
            }
            ("foreach", [name, "IN", "LISTS", list]) => {
                let value = values.get(*list).cloned();
                values.insert((*name).to_owned(), value.unwrap_or_else(unknown));
            }
            ("foreach", [name, rest @ ..]) => {
                let items = rest.iter().filter(|word| !matches!(**word, "IN" | "ITEMS"));
                let items: Vec<&&str> = items.collect();
                let value = match items.as_slice() {
                    [one] => known(one, &values),
                    _ => unknown(),
                };
                values.insert((*name).to_owned(), value);
            }
            ("execute_process" | "exec_program", rest) => all.extend(processes(rest, &values)),
            _ => {}
        }
    }
    all
}

fn unknown() -> (String, bool) {
    ("$UNKNOWN".to_owned(), false)
}

/// `execute_process(COMMAND a b COMMAND c WORKING_DIRECTORY d)`.
fn processes(words: &[&str], values: &Values) -> Vec<String> {
    const KEYS: [&str; 16] = [
        "WORKING_DIRECTORY",
        "TIMEOUT",
        "RESULT_VARIABLE",
        "RESULTS_VARIABLE",
        "OUTPUT_VARIABLE",
        "ERROR_VARIABLE",
        "INPUT_FILE",
        "OUTPUT_FILE",
        "ERROR_FILE",
        "OUTPUT_QUIET",
        "ERROR_QUIET",
        "COMMAND_ECHO",
        "ENCODING",
        "COMMAND_ERROR_IS_FATAL",
        "OUTPUT_STRIP_TRAILING_WHITESPACE",
        "ERROR_STRIP_TRAILING_WHITESPACE",
    ];
    let folder = words
        .iter()
        .position(|word| *word == "WORKING_DIRECTORY")
        .and_then(|at| words.get(at + 1))
        .map(|word| path(&known(word, values).0, false));
    let front = folder
        .map(|folder| format!("cd {folder} && "))
        .unwrap_or_default();
    let mut all: Vec<Vec<String>> = Vec::new();
    let mut inside = false;
    for word in words {
        if *word == "COMMAND" {
            inside = true;
            all.push(Vec::new());
        } else if KEYS.contains(word) {
            inside = false;
        } else if inside && let Some(last) = all.last_mut() {
            let (text, globs) = known(word, values);
            last.push(match text.contains("$UNKNOWN") || globs {
                true => path(&text, globs),
                false => quoted(&text),
            });
        }
    }
    let lines = all.into_iter().filter(|words| !words.is_empty());
    lines
        .map(|words| format!("{front}{}", words.join(" ")))
        .collect()
}

/// Returns what a word stands for, and whether it is a pattern.
fn known(word: &str, values: &Values) -> (String, bool) {
    let mut all = String::new();
    let mut globs = false;
    let mut rest = word;
    while let Some(at) = rest.find("${").or_else(|| rest.find("$ENV{")) {
        all.push_str(rest.get(..at).unwrap_or_default());
        let tail = rest.get(at..).unwrap_or_default();
        let (open, behind) = tail.split_once('{').unwrap_or((tail, ""));
        let (name, behind) = behind.split_once('}').unwrap_or((behind, ""));
        match (open, name, values.get(name)) {
            ("$ENV", "HOME", _) => all.push('~'),
            ("$", "CMAKE_COMMAND", _) => all.push_str("cmake"),
            ("$", _, Some((value, is_glob))) => {
                all.push_str(value);
                globs |= is_glob;
            }
            _ => all.push_str("$UNKNOWN"),
        }
        rest = behind;
    }
    all.push_str(rest);
    (all, globs)
}

/// Returns the calls of a script with their words.
fn calls(text: &str) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['#', '(', '"']) {
        let before = rest.get(..at).unwrap_or_default();
        let behind = rest.get(at + 1..).unwrap_or_default();
        if rest.get(at..).unwrap_or_default().starts_with('#') {
            rest = behind
                .find('\n')
                .map_or("", |end| behind.get(end..).unwrap_or_default());
            continue;
        }
        if rest.get(at..).unwrap_or_default().starts_with('"') {
            rest = behind.split_once('"').map_or("", |(_, tail)| tail);
            continue;
        }
        let name = before.split_whitespace().last().unwrap_or_default();
        let (words, left) = arguments(behind);
        all.push((name.to_ascii_lowercase(), words));
        rest = left;
        if all.len() >= MAX_CALLS {
            break;
        }
    }
    all
}

fn arguments(text: &str) -> (Vec<String>, &str) {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quotes = false;
    let mut depth = 0_usize;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' if quotes => {
                quotes = false;
                words.push(std::mem::take(&mut word));
            }
            '"' => quotes = true,
            '\\' => word.extend(letters.next().map(|(_, letter)| letter)),
            letter if quotes => word.push(letter),
            ')' if depth == 0 => {
                if !word.is_empty() {
                    words.push(word);
                }
                return (words, text.get(at + 1..).unwrap_or_default());
            }
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            letter if letter.is_whitespace() || letter == ';' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            letter => word.push(letter),
        }
    }
    (words, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removals_and_programs_become_lines() {
        for (text, wanted) in [
            ("file(REMOVE_RECURSE data)", "rm -rf -- data"),
            ("file(REMOVE a.db \"b c.db\")", "rm -f -- a.db b\\ c.db"),
            (
                "set(d /srv/a)\nfile(REMOVE_RECURSE \"${d}/x\")",
                "rm -rf -- /srv/a/x",
            ),
            (
                "file(GLOB old LIST_DIRECTORIES true \"rec/2022-*\")\nforeach(d IN LISTS old)\n file(REMOVE_RECURSE \"${d}\")\nendforeach()",
                "rm -rf -- rec/2022-*",
            ),
            (
                "execute_process(COMMAND rm -rf data OUTPUT_QUIET)",
                "'rm' '-rf' 'data'",
            ),
            (
                "execute_process(COMMAND rm -rf x WORKING_DIRECTORY /srv)",
                "cd /srv && 'rm' '-rf' 'x'",
            ),
            ("file(REMOVE_RECURSE $ENV{HOME}/x)", "rm -rf -- ~/x"),
        ] {
            assert_eq!(lines(text, Values::new()), [wanted], "{text}");
        }
        for text in [
            "# file(REMOVE_RECURSE data)",
            "message(\"file(REMOVE data)\")",
            "file(READ a b)",
            "list(REMOVE_ITEM a b)",
        ] {
            assert_eq!(lines(text, Values::new()), Vec::<String>::new(), "{text}");
        }
    }
}
