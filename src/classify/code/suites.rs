//! Tests of the project that the call runs: `TEST_DB=var/app.db python3 -m unittest tests.test_store`.
//! Of them only the rows count that they take from a database of SQLite which is there, and the files of known names that they remove; whatever else a test does is its own.

use std::path::PathBuf;

use crate::classify::Context;
use crate::model::command::Command;
use crate::model::fact::{Answer, Needs, Question};
use crate::model::finding::Finding;
use crate::model::target::Reach;
use crate::model::word::Word;
use crate::sql::HOLE;

use super::given::{Code, variables};
use super::reads;
use super::steps::{Kind, Step};
use super::tokens::Language;
use crate::classify::sql::source::Source;

/// Files of tests that are read for one command.
const MAX_FILES: usize = 24;

/// Which tests are asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Modules by their names, or files.
    Named(Vec<String>),
    /// All files of these patterns below a folder.
    Found {
        folder: String,
        patterns: Vec<String>,
    },
}

/// Returns the tests of the project that a command runs.
pub(super) fn codes(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Code> {
    if context.facts.assumed || !command.is_here() {
        return Vec::new();
    }
    let files = match asked(command) {
        Some(Asked::Named(names)) => named(&names, command, context, needs),
        Some(Asked::Found { folder, patterns }) => {
            let Some(dir) = crate::classify::place_of(&folder, command) else {
                return Vec::new();
            };
            let mut all = Vec::new();
            for pattern in patterns {
                let dir = dir.clone();
                if let Some(Answer::Glob(files)) =
                    context.facts.ask(Question::Glob { dir, pattern }, needs)
                {
                    all.extend(files.iter().cloned());
                }
            }
            all.truncate(MAX_FILES);
            all
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

/// Tells whether a test removes something whose name is known, or goes to a folder where it may.
pub(super) fn removes(step: &Step) -> bool {
    let unknown = step.text.contains(HOLE) || step.text.contains("$UNKNOWN");
    let removes = step.kind == Kind::Runs && step.text.starts_with("rm -");
    step.kind == Kind::Goes || removes && !unknown
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
            Some(of_pytest(rest))
        }
        _ => None,
    }
}

/// Options of pytest that take the word behind them.
const VALUED: [&str; 16] = [
    "-n",
    "-p",
    "-c",
    "-o",
    "-W",
    "-r",
    "--maxfail",
    "--durations",
    "--tb",
    "--rootdir",
    "--ignore",
    "--deselect",
    "--junitxml",
    "--color",
    "--cov",
    "--log-cli-level",
];

fn of_pytest(words: &[&str]) -> Asked {
    let file = |word: &str| word.ends_with(".py") || word.contains(".py::");
    let files: Vec<String> = words
        .iter()
        .filter(|word| file(word))
        .map(|word| (*word).to_owned())
        .collect();
    if !files.is_empty() {
        return Asked::Named(files);
    }
    // Only tests with a mark.
    if words.contains(&"-m") {
        return Asked::Named(Vec::new());
    }
    let operand = |at: &usize| {
        let word = words.get(*at).copied().unwrap_or_default();
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let value = before.is_some_and(|before| VALUED.contains(before));
        !word.starts_with('-') && !value
    };
    let folder = (0..words.len()).find(operand).and_then(|at| words.get(at));
    let names = ["test_*.py", "*_test.py"];
    let below = |folder: &str| names.map(|name| format!("{folder}**/{name}"));
    match folder {
        Some(folder) => Asked::Found {
            folder: (*folder).to_owned(),
            patterns: below("").to_vec(),
        },
        // Without a word, the places where tests usually stand: not whatever lies below.
        None => Asked::Found {
            folder: ".".to_owned(),
            patterns: [names.map(str::to_owned), below("tests/"), below("test/")].concat(),
        },
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
        patterns: vec![pattern.unwrap_or_else(|| "test*.py".to_owned())],
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
            patterns: vec![pattern.to_owned()],
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
