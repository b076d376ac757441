//! Tests that the same call writes and then runs: `cat > test_x.py …; pytest test_x.py`.
//! A test makes what it takes away; what counts is only what it names on other machines and at absolute places.

use crate::classify::Context;
use crate::classify::sql::source::Source;
use crate::model::command::Command;
use crate::model::word::Word;

use super::given::Code;
use super::steps::Step;
use super::tokens::Language;

/// Files of tests that a call may write.
const MAX_FILES: usize = 64;

/// Programs that run tests, some of them among other things.
const RUNNERS: [&str; 20] = [
    "pytest", "py.test", "python", "pypy", "jest", "mocha", "ava", "vitest", "tap", "jasmine",
    "tape", "node", "bun", "deno", "rspec", "rails", "phpunit", "pest", "paratest", "go",
];

/// Returns the test that a runner starts and that an earlier command has written.
pub(super) fn code(command: &Command, context: &Context<'_>) -> Option<Code> {
    let (ends, operands) = runner(command)?;
    let writes = context
        .earlier
        .iter()
        .rev()
        .flat_map(|earlier| earlier.leaves().into_iter().rev());
    for (file, content) in writes.take(MAX_FILES) {
        let (Some(name), Some(content)) = (file.text(), content) else {
            continue;
        };
        let language = language(&name);
        if !ends.iter().any(|end| name.ends_with(end)) || !is_meant(&name, &operands) {
            continue;
        }
        return Some(Code {
            inline: false,
            test: true,
            ..Code::inline(Source::of_word(content), language?)
        });
    }
    None
}

/// Returns the endings of the files that a runner of tests runs, and the operands that name them.
fn runner(command: &Command) -> Option<(&'static [&'static str], Vec<String>)> {
    const PYTHON: &[&str] = &[".py"];
    const SCRIPT: &[&str] = &[".js", ".ts", ".mjs", ".cjs", ".mts", ".tsx", ".jsx"];
    let program = command.program()?;
    let base = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !RUNNERS.contains(&base) {
        return None;
    }
    let args: Vec<String> = command.args().iter().filter_map(Word::text).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let (ends, skip): (&'static [&'static str], usize) = match (base, words.as_slice()) {
        ("pytest" | "py.test", _) => (PYTHON, 0),
        ("python" | "pypy", ["-m", "pytest" | "unittest" | "nose2", ..]) => (PYTHON, 2),
        ("jest" | "mocha" | "ava" | "vitest" | "tap" | "jasmine" | "tape", _) => (SCRIPT, 0),
        ("node", ["--test", ..]) | ("bun" | "deno", ["test", ..]) => (SCRIPT, 1),
        ("rspec", _) => (&[".rb"], 0),
        ("rails", ["test" | "spec", ..]) => (&[".rb"], 1),
        ("phpunit" | "pest" | "paratest", _) => (&[".php"], 0),
        ("go", ["test", ..]) => (&["_test.go"], 1),
        _ => return None,
    };
    let named = words
        .iter()
        .skip(skip)
        .filter(|word| !word.starts_with('-'));
    Some((ends, named.map(|word| (*word).to_owned()).collect()))
}

fn is_meant(name: &str, operands: &[String]) -> bool {
    let bare = |text: &str| text.trim_start_matches("./").to_owned();
    let name = bare(name);
    let stem = name.rsplit('/').next().unwrap_or(&name);
    let stem = stem.split('.').next().unwrap_or(stem);
    let named = operands.iter().any(|operand| bare(operand) == name);
    let tests = ["test", "spec"]
        .iter()
        .any(|word| name.to_ascii_lowercase().contains(word));
    if named || !tests {
        return named;
    }
    operands.is_empty()
        || operands.iter().any(|operand| {
            let file = operand.split("::").next().unwrap_or(operand);
            let file = bare(file);
            file == "..." || file == "." || name.starts_with(&file) || file.contains(stem)
        })
        // `run`, `--runInBand x`: words that name no file.
        || operands.iter().all(|operand| !operand.contains(['.', '/']))
}

fn language(name: &str) -> Option<Language> {
    Some(match name.rsplit_once('.')?.1 {
        "py" => Language::Python,
        "js" | "ts" | "mjs" | "cjs" | "mts" | "tsx" | "jsx" => Language::Javascript,
        "rb" => Language::Ruby,
        "php" => Language::Php,
        "go" => Language::Compiled,
        _ => return None,
    })
}

/// Tells whether a connection leads to another machine.
pub(super) fn is_far(connection: &str) -> bool {
    let host = connection
        .split_once("host=")
        .map(|(_, rest)| rest)
        .or_else(|| {
            let rest = connection.split_once("://")?.1;
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let authority = rest.get(..end)?;
            Some(authority.rsplit('@').next().unwrap_or(authority))
        })
        .unwrap_or_default();
    let end = host.find([' ', ':', ';', '/']).unwrap_or(host.len());
    let host = host.get(..end).unwrap_or_default().to_ascii_lowercase();
    let near = [
        "localhost",
        "127.",
        "::1",
        "[",
        "test",
        "/",
        "postgres",
        "mysql",
        "db",
    ];
    !host.is_empty() && !near.iter().any(|front| host.starts_with(front)) && !host.contains("test")
}

/// Tells whether a step names something outside the project: an absolute place, another machine.
pub(super) fn reaches_out(step: &Step) -> bool {
    let mut words = step.text.split_whitespace();
    words.any(|word| {
        let word = word.trim_start_matches(['\'', '"']);
        let absolute = word.starts_with('/') && word.len() > 1 && !word.starts_with("/dev/");
        absolute && !word.starts_with("/tmp/")
            || word.contains("://")
            || matches!(word, "-h" | "--host" | "ssh")
    })
}
