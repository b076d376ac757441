//! Tests of the project that the call runs: `TEST_DB=var/app.db python3 -m unittest tests.test_store`.
//! Of them only the rows count that they take from a database of SQLite which is there; whatever else a test does is its own.

use std::path::PathBuf;

use crate::classify::Context;
use crate::model::command::Command;
use crate::model::fact::{Answer, Needs, Question};
use crate::model::finding::Finding;
use crate::model::target::Reach;
use crate::model::word::Word;

use super::given::{Code, variables};
use super::reads;
use super::tokens::Language;
use crate::classify::sql::source::Source;

/// Files of tests that are read for one command.
const MAX_FILES: usize = 24;

/// Which tests are asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Modules by their names, or files.
    Named(Vec<String>),
    /// All files of this pattern below a folder.
    Found { folder: String, pattern: String },
}

/// Returns the tests of the project that a command runs.
pub(super) fn codes(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Code> {
    if context.facts.assumed || !command.is_here() {
        return Vec::new();
    }
    let files = match asked(command) {
        Some(Asked::Named(names)) => named(&names, command, context, needs),
        Some(Asked::Found { folder, pattern }) => {
            let Some(dir) = crate::classify::place_of(&folder, command) else {
                return Vec::new();
            };
            match context.facts.ask(Question::Glob { dir, pattern }, needs) {
                Some(Answer::Glob(files)) => files.iter().take(MAX_FILES).cloned().collect(),
                _ => Vec::new(),
            }
        }
        None => Vec::new(),
    };
    let read = |path: PathBuf| match context.facts.ask(Question::Text(path.clone()), needs) {
        Some(Answer::Text { text, .. }) => Some(Code {
            inline: false,
            test: true,
            env: variables(command),
            ..Code::inline(Source::of_file(&path, text), Language::Python)
        }),
        _ => None,
    };
    let all: Vec<Code> = files.into_iter().filter_map(read).collect();
    let mut filled = Vec::new();
    for mut code in all {
        code.settings = reads::settings(&code, command, context, needs);
        filled.push(code);
    }
    filled
}

/// Leaves what a test takes from a database that is there.
pub(super) fn counts(finding: &Finding) -> bool {
    finding
        .targets
        .iter()
        .any(|target| matches!(target.reach, Reach::Sqlite(_)))
}

/// Reads the words of a runner of tests; nothing where only some of the tests are chosen by their names.
fn asked(command: &Command) -> Option<Asked> {
    let program = command.program()?;
    let base = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let args: Vec<String> = command
        .args()
        .iter()
        .map(Word::text)
        .collect::<Option<_>>()?;
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let chosen =
        |word: &&str| word.starts_with("-k") || matches!(*word, "-h" | "--help" | "--collect-only");
    match (base, words.as_slice()) {
        (_, all) if all.iter().any(chosen) => None,
        ("python" | "pypy", ["-m", "unittest", rest @ ..]) => Some(of_unittest(rest)),
        ("python" | "pypy", ["-m", "pytest", rest @ ..]) | ("pytest" | "py.test", rest) => {
            let files = rest.iter().filter(|word| word.ends_with(".py"));
            Some(Asked::Named(files.map(|word| (*word).to_owned()).collect()))
        }
        _ => None,
    }
}

fn of_unittest(words: &[&str]) -> Asked {
    let operands: Vec<String> = words
        .iter()
        .filter(|word| !word.starts_with('-'))
        .map(|word| (*word).to_owned())
        .collect();
    if operands.first().is_some_and(|first| first != "discover") {
        return Asked::Named(operands);
    }
    let value = |names: [&str; 2]| {
        let at = words.iter().position(|word| names.contains(word))?;
        words.get(at + 1).map(|word| (*word).to_owned())
    };
    let of_options: Vec<String> = [
        ["-s", "--start-directory"],
        ["-p", "--pattern"],
        ["-t", "--top-level-directory"],
    ]
    .into_iter()
    .filter_map(value)
    .collect();
    let mut bare = operands
        .iter()
        .skip(1)
        .filter(|word| !of_options.contains(word));
    let folder = value(["-s", "--start-directory"]).or_else(|| bare.next().cloned());
    let pattern = value(["-p", "--pattern"]).or_else(|| bare.next().cloned());
    Asked::Found {
        folder: folder.unwrap_or_else(|| ".".to_owned()),
        pattern: pattern.unwrap_or_else(|| "test*.py".to_owned()),
    }
}

/// Returns the files of modules, classes and methods that are named: `tests.test_store.StoreTest.test_insert`.
fn named(
    names: &[String],
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<PathBuf> {
    const ABOVE: usize = 3;
    let mut all = Vec::new();
    for name in names.iter().take(MAX_FILES) {
        let file = name.split("::").next().unwrap_or(name);
        let mut tries = vec![file.to_owned()];
        if !file.ends_with(".py") {
            let parts: Vec<&str> = file.split('.').collect();
            let heads = (0..ABOVE).filter_map(|less| parts.get(..parts.len().checked_sub(less)?));
            tries = heads
                .map(|parts| format!("{}.py", parts.join("/")))
                .collect();
        }
        for one in tries {
            let Some(path) = crate::classify::place_of(&one, command) else {
                continue;
            };
            if let Some(Answer::Text { .. }) =
                context.facts.ask(Question::Text(path.clone()), needs)
            {
                all.push(path);
                break;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_unittest_say_which_files_are_meant() {
        let found = |folder: &str, pattern: &str| Asked::Found {
            folder: folder.to_owned(),
            pattern: pattern.to_owned(),
        };
        assert_eq!(
            of_unittest(&["-q", "tests.test_a"]),
            Asked::Named(vec!["tests.test_a".to_owned()])
        );
        assert_eq!(of_unittest(&[]), found(".", "test*.py"));
        assert_eq!(
            of_unittest(&["discover", "-q", "-s", "tests", "-t", "."]),
            found("tests", "test*.py")
        );
        assert_eq!(
            of_unittest(&["discover", "tests", "*_live.py"]),
            found("tests", "*_live.py")
        );
    }
}
