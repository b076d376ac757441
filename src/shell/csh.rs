//! Reads texts of csh and tcsh as the bash text that does the same: `set`, `setenv`, `if ( … )`, `foreach`, `while`.
//! Grammar: the manual of tcsh (`man tcsh`). What it does not know stays as it is, and bash's parser then says so.

use crate::model::span::Span;
use crate::model::word::{Part, Piece};

use super::source::Source;

/// A condition whose answer nobody knows.
const UNDECIDED: &str = "[ \"$BACKSTOP_UNDECIDED\" ]";

/// Returns the text in bash's words; each statement points to where it stood.
pub(super) fn in_bash(source: &Source) -> Source {
    let mut all = Source::joined();
    for (span, end) in statements(&source.text) {
        match translated(source.at(span)) {
            Some(text) => all.push(&[Piece {
                part: Part::Literal(text),
                origin: source.origin(span),
            }]),
            None => all.push_raw(source, span),
        }
        all.push_raw(source, Span::new(span.end, end));
    }
    all
}

/// Returns the statements, each with the end of what parts it from the next one.
fn statements(text: &str) -> Vec<(Span, usize)> {
    let mut all = Vec::new();
    let mut start = 0;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        let here = std::mem::take(&mut escaped);
        match quote {
            _ if here => {}
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '\\' => escaped = true,
            None if matches!(letter, '\'' | '"' | '`') => quote = Some(letter),
            None if matches!(letter, ';' | '\n') => {
                all.push((Span::new(start, at), at + 1));
                start = at + 1;
            }
            None => {}
        }
    }
    all.push((Span::new(start, text.len()), text.len()));
    all
}

/// Returns a statement in bash's words; nothing where it says the same there.
fn translated(text: &str) -> Option<String> {
    let text = text.trim();
    let (word, rest) = match text.split_once([' ', '\t', '(']) {
        Some((word, _)) => (word, text.get(word.len()..)?.trim()),
        None => (text, ""),
    };
    match word {
        "set" => set(rest),
        "setenv" => {
            let (name, value) = rest.split_once([' ', '\t']).unwrap_or((rest, "''"));
            is_name(name).then(|| format!("export {name}={}", value.trim()))
        }
        "@" => Some(":".to_owned()),
        "foreach" => {
            let (name, list) = rest.split_once('(')?;
            let list = list.trim_end().strip_suffix(')')?;
            is_name(name.trim()).then(|| format!("for {} in {list}; do :", name.trim()))
        }
        "while" => Some(format!("while {UNDECIDED}; do :")),
        "end" => Some("done".to_owned()),
        "endif" => Some("fi".to_owned()),
        "else" if rest.starts_with("if") => Some(format!("elif {UNDECIDED}; then :")),
        "if" => {
            let (condition, command) = condition(rest)?;
            let asked = asked(condition);
            match command.trim() {
                "then" => Some(format!("if {asked}; then :")),
                command => {
                    let command = translated(command).unwrap_or_else(|| command.to_owned());
                    Some(format!("if {asked}; then {command}; fi"))
                }
            }
        }
        _ => None,
    }
}

/// `set NAME = VALUE`, `set NAME = ( A B )`.
fn set(rest: &str) -> Option<String> {
    let (name, value) = rest.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if !is_name(name) {
        return None;
    }
    let list = value
        .strip_prefix('(')
        .and_then(|list| list.strip_suffix(')'));
    Some(match list {
        Some(list) => format!("{name}=({list})"),
        None => format!("{name}={value}"),
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns a condition without its brackets, and what stands behind them.
fn condition(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('(')?;
    let mut depth = 1;
    for (at, letter) in rest.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((rest.get(..at)?, rest.get(at + 1..)?));
        }
    }
    None
}

/// `-d PATH`, `"$a" == b`; any other condition is left open.
fn asked(condition: &str) -> String {
    let words: Vec<&str> = condition.split_whitespace().collect();
    match words.as_slice() {
        ["-e" | "-f" | "-d", path] if !path.contains(['|', '&']) => {
            format!("[ {} {path} ]", words.first().copied().unwrap_or_default())
        }
        [left, "==", right] => format!("[ {left} = {right} ]"),
        [left, "!=", right] => format!("[ {left} != {right} ]"),
        _ => UNDECIDED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse::parse;

    fn bash(text: &str) -> String {
        in_bash(&Source::top(text)).text.clone()
    }

    #[test]
    fn statements_of_csh_become_those_of_bash() {
        for (text, wanted) in [
            ("set d = data; rm -rf $d", "d=data; rm -rf $d"),
            ("setenv A b", "export A=b"),
            (
                "foreach f (a b)\nrm $f\nend",
                "for f in a b; do :\nrm $f\ndone",
            ),
            ("if ( -d x ) rm -rf x", "if [ -d x ]; then rm -rf x; fi"),
            ("rm -rf 'a;b'", "rm -rf 'a;b'"),
        ] {
            assert_eq!(bash(text), wanted, "{text}");
            assert!(parse(&bash(text)).is_ok(), "{text}");
        }
    }
}
