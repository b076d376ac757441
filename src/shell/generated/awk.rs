//! What awk prints, pipes and writes: the strings of its `print` statements with holes for its fields.
//! Patterns and conditions are not decided; each statement may run for each line.

use crate::model::word::Word;

use super::super::expand::literal_piece;
use super::super::state::nowhere;
use super::Line;
use super::says::{FUEL, Reading, hole, known, lines, text_of};
use super::tokens::{Bit, Token, Tongue, percents, tokens};

/// What a program of awk gives.
#[derive(Default)]
pub(super) struct Said {
    pub printed: Vec<Line>,
    /// `print … | "command"`.
    pub piped: Vec<(Line, Vec<Line>)>,
    /// `command | getline`.
    pub started: Vec<Line>,
    /// `print … > "file"`.
    pub written: Vec<(String, Vec<Line>)>,
}

/// Where a `print` sends its line.
enum Way {
    Out,
    Pipe(Line),
    File(String),
    Unknown,
}

/// Returns what a program gives for these lines.
pub(super) fn output(program: &Word, values: &[(String, Word)], input: &[Line]) -> Said {
    let tokens = tokens(&text_of(program), Tongue::Awk);
    let mut said = Said::default();
    let values: Vec<(String, Line)> = values
        .iter()
        .map(|(name, word)| (name.clone(), word.pieces.clone()))
        .collect();
    for line in input {
        let reading = Reading {
            tokens: &tokens,
            tongue: Tongue::Awk,
            origin: program.origin.clone(),
            values: values.clone(),
            input: Some(line.clone()),
            fuel: std::cell::Cell::new(FUEL),
        };
        read(&reading, line, &mut said);
    }
    said
}

fn read(reading: &Reading<'_>, line: &Line, said: &mut Said) {
    let mut at = 0;
    let mut blocks = false;
    let mut changed: Vec<Line> = Vec::new();
    while let Some(token) = reading.token(at) {
        at = match token {
            Token::Name(name) if matches!(name.as_str(), "print" | "printf") => {
                printed(reading, at, name == "printf", said)
            }
            Token::Name(name) if matches!(name.as_str(), "sub" | "gsub") => {
                changed.extend(substituted(reading, at, line));
                at + 1
            }
            Token::Sign('$') if reading.is(at + 2, '=') && !reading.is(at + 3, '=') => {
                let whole = matches!(reading.token(at + 1), Some(Token::Number(n)) if n == "0");
                for mut form in reading.expression(at + 3, 0).0 {
                    if !whole {
                        form.push(hole(&reading.origin));
                    }
                    changed.push(form);
                }
                at + 3
            }
            Token::Sign('|') if reading.named(at + 1) == Some("getline") => {
                said.started.extend(before_pipe(reading, at));
                at + 1
            }
            Token::Sign('{') => {
                blocks = true;
                at + 1
            }
            _ => at + 1,
        };
    }
    // `1`, `NF`, `!seen[$0]++`, `{ … } 1`: the line itself, or what was made of it.
    let last = reading
        .tokens
        .iter()
        .rev()
        .find(|token| **token != Token::Sign('\n'));
    let bare = !blocks || last != Some(&Token::Sign('}'));
    if bare || !changed.is_empty() {
        said.printed.extend(if changed.is_empty() {
            vec![line.clone()]
        } else {
            changed
        });
    }
}

/// `sub(/^/, "text")`: what the line begins or ends with then.
fn substituted(reading: &Reading<'_>, at: usize, line: &Line) -> Vec<Line> {
    let (Some(Token::Regex(pattern)), true) = (reading.token(at + 2), reading.is(at + 3, ','))
    else {
        return Vec::new();
    };
    let Some(Token::Text(bits)) = reading.token(at + 4) else {
        return Vec::new();
    };
    let to: String = bits
        .iter()
        .map(|bit| match bit {
            Bit::Text(text) => text.as_str(),
            Bit::Hole => "",
        })
        .collect();
    let all = reading.named(at) == Some("gsub");
    let change = super::sed::Change {
        from: pattern,
        to: &to,
        flags: if all { "g" } else { "" },
        extended: true,
    };
    super::sed::replaced(&change, line, &reading.origin)
}

/// Reads the expression in front of `| getline`: a string, a name, or several in brackets.
fn before_pipe(reading: &Reading<'_>, pipe: usize) -> Vec<Line> {
    let mut from = pipe;
    while let Some(before) = from.checked_sub(1) {
        match reading.token(before) {
            Some(Token::Sign('{' | ';' | '\n' | '=' | '(' | '}' | ',') | Token::Regex(_))
            | None => break,
            Some(_) => from = before,
        }
    }
    reading.expression(from, 0).0
}

fn printed(reading: &Reading<'_>, at: usize, format: bool, said: &mut Said) -> usize {
    let grouped = reading.is(at + 1, '(') && {
        let end = reading.closed(at + 1);
        matches!(
            reading.token(end),
            None | Some(Token::Sign('}' | ';' | '\n' | '|' | '>'))
        )
    };
    let from = at + 1 + usize::from(grouped);
    let (forms, mut end) = match reading.token(from) {
        Some(Token::Text(bits)) if format => formatted(reading, bits, from + 1),
        _ => listed(reading, from),
    };
    let all: Vec<Line> = forms.into_iter().flat_map(lines).collect();
    end += usize::from(grouped && reading.is(end, ')'));
    let (way, end) = way(reading, end);
    match way {
        Way::Out => said.printed.extend(all),
        Way::Pipe(command) => match said.piped.iter_mut().find(|(known, _)| *known == command) {
            Some((_, lines)) => lines.extend(all),
            None => said.piped.push((command, all)),
        },
        Way::File(file) => match said.written.iter_mut().find(|(known, _)| *known == file) {
            Some((_, lines)) => lines.extend(all),
            None => said.written.push((file, all)),
        },
        Way::Unknown => {}
    }
    end.max(at + 1)
}

/// Reads what `printf FORMAT, ARGUMENTS` prints; the arguments begin at a place.
fn formatted(reading: &Reading<'_>, bits: &[Bit], at: usize) -> (Vec<Line>, usize) {
    let text: String = bits
        .iter()
        .map(|bit| match bit {
            Bit::Text(text) => text.as_str(),
            Bit::Hole => "",
        })
        .collect();
    let (given, end) = arguments(reading, at);
    let mut given = given.into_iter();
    let mut line: Line = Vec::new();
    for bit in percents(&text, false) {
        match bit {
            Bit::Text(text) => line.extend(known(&text, &reading.origin)),
            Bit::Hole => match given.next() {
                Some(argument) => line.extend(argument),
                None => line.push(hole(&reading.origin)),
            },
        }
    }
    (vec![line], end)
}

/// Reads what `print A, B` prints; without a word it is the line itself.
fn listed(reading: &Reading<'_>, from: usize) -> (Vec<Line>, usize) {
    let (mut forms, end) = reading.expression(from, 0);
    let (rest, end) = arguments(reading, end);
    let mut tail: Line = Vec::new();
    for argument in rest {
        tail.push(literal_piece(" ", &nowhere()));
        tail.extend(argument);
    }
    if forms.is_empty() {
        forms.push(reading.input.clone().unwrap_or_default());
    }
    for form in &mut forms {
        form.extend(tail.iter().cloned());
    }
    (forms, end)
}

/// Reads `, a, b`.
fn arguments(reading: &Reading<'_>, from: usize) -> (Vec<Line>, usize) {
    let mut all = Vec::new();
    let mut at = from;
    while reading.is(at, ',') {
        let (forms, end) = reading.expression(at + 1, 0);
        all.push(forms.into_iter().next().unwrap_or_default());
        at = end.max(at + 1);
    }
    (all, at)
}

/// Reads where a `print` goes: `| "command"`, `> "file"`.
fn way(reading: &Reading<'_>, at: usize) -> (Way, usize) {
    if reading.is(at, '|') {
        let (forms, end) = reading.expression(at + 1 + usize::from(reading.is(at + 1, '&')), 0);
        return match forms.into_iter().next() {
            Some(command) => (Way::Pipe(command), end),
            None => (Way::Unknown, end),
        };
    }
    if reading.is(at, '>') {
        let from = at + 1 + usize::from(reading.is(at + 1, '>'));
        let (forms, end) = reading.expression(from, 0);
        let name = forms
            .first()
            .and_then(|line| super::super::state::literal(line));
        return match name.as_deref() {
            Some("/dev/stdout") => (Way::Out, end),
            Some(name) => (Way::File(name.to_owned()), end),
            None => (Way::Unknown, end),
        };
    }
    (Way::Out, at)
}
