//! `fd` as the one who says which names a remover gets: an extension, a glob, or an expression for a whole name.
//! A looser pattern says nothing about whole names, so that the remover is judged as it stands.

use crate::model::command::Command;
use crate::model::word::Word;

use super::find::Narrowing;

/// Options whose value is the next word.
const VALUED: &[&str] = &[
    "-e",
    "--extension",
    "-t",
    "--type",
    "-d",
    "--max-depth",
    "--min-depth",
    "--exact-depth",
    "-E",
    "--exclude",
    "-S",
    "--size",
    "-j",
    "--threads",
    "-o",
    "--owner",
    "--changed-within",
    "--changed-before",
    "--base-directory",
    "--search-path",
    "--ignore-file",
    "--max-results",
];

/// Returns where an `fd` starts and the names it lets through; nothing when it is not sure of whole names.
pub fn narrowing(command: &Command) -> Option<Narrowing> {
    let asked = Asked::read(command);
    let mut operands = asked.operands.iter();
    let pattern = operands.next().map(|word| word.shown());
    if asked.elsewhere {
        return None;
    }
    let names = match pattern.filter(|text| !text.is_empty() && text != ".") {
        Some(text) if asked.glob => vec![text],
        Some(text) if asked.extensions.is_empty() => vec![whole(&text)?],
        Some(_) | None => asked.extensions.clone(),
    };
    if names.is_empty() {
        return None;
    }
    let mut starts: Vec<Word> = operands.map(|word| (*word).clone()).collect();
    if starts.is_empty() {
        starts.push(Word::literal(".", command.origin.clone()));
    }
    Some(Narrowing {
        starts,
        names,
        empty: false,
        links: false,
        through: None,
        tests: None,
        narrowed: true,
    })
}

#[derive(Default)]
struct Asked<'c> {
    operands: Vec<&'c Word>,
    extensions: Vec<String>,
    glob: bool,
    /// It starts in a place that no operand names, or looks at whole paths.
    elsewhere: bool,
}

impl<'c> Asked<'c> {
    fn read(command: &'c Command) -> Self {
        let mut asked = Self::default();
        let mut words = command.args().iter();
        while let Some(word) = words.next() {
            let text = word.shown();
            let (name, given) = match text.split_once('=').filter(|_| text.starts_with("--")) {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (text.clone(), None),
            };
            match name.as_str() {
                "-x" | "-X" | "--exec" | "--exec-batch" => break,
                "-g" | "--glob" => asked.glob = true,
                "-p" | "--full-path" | "--base-directory" | "--search-path" | "-L" | "--follow" => {
                    asked.elsewhere = true;
                }
                _ => {}
            }
            if !name.starts_with('-') {
                asked.operands.push(word);
            } else if VALUED.contains(&name.as_str()) {
                let value = given.or_else(|| words.next().map(Word::shown));
                if let (Some(value), "-e" | "--extension") = (value, name.as_str()) {
                    asked
                        .extensions
                        .push(format!("*.{}", value.trim_start_matches('.')));
                }
            }
        }
        asked
    }
}

/// Returns the name that an expression stands for when it stands for one whole name.
fn whole(expression: &str) -> Option<String> {
    let inner = expression.strip_prefix('^')?.strip_suffix('$')?;
    let name = inner.replace("\\.", ".");
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    (plain && inner.matches('.').count() == inner.matches("\\.").count()).then_some(name)
}
