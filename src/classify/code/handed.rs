//! The words that a code is handed on the command line: what stands behind its script, or behind its own text.

use crate::model::command::Command;
use crate::sql::HOLE;

use super::given::{Code, takes_value};
use super::tokens::Language;

/// Interpreters whose first operand is the script, whatever it is called.
const FIRST: [&str; 10] = [
    "python", "pypy", "ruby", "perl", "node", "nodejs", "php", "lua", "luajit", "Rscript",
];

/// Returns where the words begin that a code is given: behind its script, its `-`, or its own text.
fn begin(command: &Command, code: &Code) -> Option<usize> {
    let program = command.program()?;
    let base = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    let is_file = [
        ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".rb", ".pl", ".php",
    ]
    .iter()
    .any(|ending| program.ends_with(ending));
    // `./tools/clean.py data`: the program is the script.
    if is_file && !code.inline {
        return Some(0);
    }
    let args = command.args();
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let text = word.prefix();
        at += 1;
        if code.inline {
            match text.as_str() {
                "-" => return Some(at),
                "-c" | "-e" | "--eval" | "-r" => return Some(at + 1),
                _ => {}
            }
        } else if text == "-m" && code.language == Language::Python {
            return Some(at + 1);
        } else if takes_value(base, &text) {
            at += 1;
        } else if !text.starts_with('-')
            && (text.contains('.') || FIRST.contains(&base) && text != "inspect")
        {
            return Some(at);
        }
    }
    None
}

/// Returns the words that a code is given.
pub(super) fn arguments(command: &Command, code: &Code) -> Option<Vec<String>> {
    let args = command.args();
    let rest = args.get(begin(command, code)?..).unwrap_or_default();
    Some(
        rest.iter()
            .map(|word| word.text().unwrap_or_else(|| HOLE.to_string()))
            .filter(|text| text != "--")
            .collect(),
    )
}
