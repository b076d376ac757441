//! Where the down half of a migration stands: by the names that the frameworks give its functions.
//! It knows indentation and braces, not the languages.

use crate::classify::code::tokens::Token;

use super::calls::Call;
use super::{Placed, Range, Sent, merged};
use crate::scan::kinds::Tongue;

/// Tokens between a function's parentheses and its body: a return type.
const TYPE: usize = 24;

/// What does not belong to the up half.
#[derive(Default)]
pub struct Halves {
    pub down: Vec<Range>,
    /// SQL that only takes back, given to the call that also holds the other half.
    pub reverse: Vec<Sent>,
    /// What never reaches a database.
    pub neither: Vec<Range>,
}

/// Finds the down half.
pub fn halves(tongue: Tongue, text: &str, tokens: &[Placed]) -> Halves {
    let mut found = match tongue {
        Tongue::Python => python(text, tokens),
        Tongue::Ruby => Halves {
            down: ruby(text, tokens),
            ..Halves::default()
        },
        Tongue::Php | Tongue::Javascript => Halves {
            down: braces(text, tokens),
            ..Halves::default()
        },
    };
    found.down = merged(found.down);
    found
}

fn name(tokens: &[Placed], at: usize) -> Option<&str> {
    match tokens.get(at) {
        Some((Token::Name { name, .. }, _)) => Some(name),
        _ => None,
    }
}

fn sign(tokens: &[Placed], at: usize) -> Option<char> {
    match tokens.get(at) {
        Some((Token::Sign(sign), _)) => Some(*sign),
        _ => None,
    }
}

fn python(text: &str, tokens: &[Placed]) -> Halves {
    let mut halves = Halves::default();
    let mut names = vec!["downgrade".to_owned(), "backwards".to_owned()];
    for index in 0..tokens.len() {
        let last = name(tokens, index)
            .and_then(|name| name.rsplit('.').next())
            .unwrap_or_default();
        if !matches!(last, "RunPython" | "RunSQL" | "SeparateDatabaseAndState") {
            continue;
        }
        let Some(call) = Call::read(tokens, index, Tongue::Python) else {
            continue;
        };
        for (place, argument) in call.arguments.iter().enumerate() {
            let key = argument.key.as_deref();
            match last {
                "RunPython" if key == Some("reverse_code") || key.is_none() && place == 1 => {
                    names.extend(argument.names.iter().cloned());
                }
                "RunSQL" if key == Some("reverse_sql") || key.is_none() && place == 1 => {
                    halves.down.push(argument.range);
                    halves.reverse.push(Sent {
                        sql: argument.values.join(";\n"),
                        range: argument.range,
                    });
                }
                "RunSQL" | "SeparateDatabaseAndState" if key == Some("state_operations") => {
                    halves.neither.push(argument.range)
                }
                _ => {}
            }
        }
    }
    for index in 0..tokens.len() {
        if name(tokens, index) == Some("def")
            && name(tokens, index + 1).is_some_and(|name| names.iter().any(|known| known == name))
            && let Some((_, at)) = tokens.get(index)
        {
            halves.down.push((*at, indented(text, tokens, *at)));
        }
    }
    halves
}

/// Returns where the block that begins on this line ends: at the next line that is indented no deeper and stands in no string.
fn indented(text: &str, tokens: &[Placed], at: usize) -> usize {
    let start = text
        .get(..at)
        .and_then(|head| head.rfind('\n'))
        .map_or(0, |line| line + 1);
    let depth = at - start;
    let mut line_start = start;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let from = line_start;
        line_start += line.len();
        let indent = line.len() - line.trim_start().len();
        let closes = line.trim_start().starts_with([')', '#']);
        if from > start
            && !line.trim().is_empty()
            && indent <= depth
            && !closes
            && !in_string(tokens, from)
        {
            return from;
        }
    }
    text.len()
}

fn in_string(tokens: &[Placed], at: usize) -> bool {
    let index = tokens.partition_point(|(_, start)| *start < at);
    index.checked_sub(1).and_then(|index| tokens.get(index)).is_some_and(
        |(token, _)| matches!(token, Token::Text { start, end, .. } if (*start..*end).contains(&at)),
    )
}

fn ruby(text: &str, tokens: &[Placed]) -> Vec<Range> {
    let mut all = Vec::new();
    for index in 0..tokens.len() {
        let Some((_, at)) = tokens.get(index) else {
            continue;
        };
        let word = name(tokens, index).unwrap_or_default();
        let next = name(tokens, index + 1);
        if word == "def" && matches!(next, Some("down" | "self.down")) {
            all.push((*at, ended(text, *at)));
        } else if word == "down" || word.ends_with(".down") {
            if sign(tokens, index + 1) == Some('{') {
                all.push((*at, closed(text, tokens, index + 1)));
            } else if next == Some("do") {
                all.push((*at, ended(text, *at)));
            }
        }
    }
    all
}

/// Returns where a block of Ruby ends: at the `end` with the indentation of the line that begins it.
fn ended(text: &str, at: usize) -> usize {
    let start = text
        .get(..at)
        .and_then(|head| head.rfind('\n'))
        .map_or(0, |line| line + 1);
    let mut lines = text.get(start..).unwrap_or_default().split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let indent = first.len() - first.trim_start().len();
    if first.trim_end().ends_with(" end") || first.trim_end().ends_with(";end") {
        return start + first.len();
    }
    let mut end = start + first.len();
    for line in lines {
        end += line.len();
        let here = line.len() - line.trim_start().len();
        if here <= indent && line.trim_start().starts_with("end") {
            return end;
        }
    }
    text.len()
}

fn braces(text: &str, tokens: &[Placed]) -> Vec<Range> {
    let mut all = Vec::new();
    for index in 0..tokens.len() {
        let Some((_, at)) = tokens.get(index) else {
            continue;
        };
        let word = name(tokens, index).unwrap_or_default();
        let is_down = matches!(word, "down" | "exports.down" | "module.exports.down");
        let text_key = matches!(tokens.get(index), Some((Token::Text { text, .. }, _)) if text == "down")
            && sign(tokens, index + 1) == Some(':');
        if !is_down && !text_key {
            continue;
        }
        let end = match sign(tokens, index + 1) {
            Some('(') => method(text, tokens, index + 1),
            Some('=' | ':') => Some(expression(text, tokens, index + 2)),
            _ => None,
        };
        all.extend(end.map(|end| (*at, end)));
    }
    all
}

/// Returns where a method ends whose parentheses open here; nothing for a call.
fn method(text: &str, tokens: &[Placed], open: usize) -> Option<usize> {
    let close = matching(tokens, open, '(', ')')?;
    for at in close + 1..(close + 1 + TYPE).min(tokens.len()) {
        match tokens.get(at) {
            Some((Token::Sign('{'), _)) => return Some(closed(text, tokens, at)),
            Some((Token::Sign(':' | '<' | '>' | '|' | '[' | ']' | '?'), _)) => {}
            Some((Token::Name { name, .. }, _)) if !name.starts_with('.') => {}
            Some((Token::Line, _)) => {}
            _ => return None,
        }
    }
    None
}

/// Returns where the value of `down = …` or `down: …` ends.
fn expression(text: &str, tokens: &[Placed], from: usize) -> usize {
    let mut depth = 0_usize;
    for at in from..tokens.len() {
        let Some((token, place)) = tokens.get(at) else {
            break;
        };
        match token {
            Token::Sign('(' | '[') => depth += 1,
            Token::Sign(')' | ']') if depth > 0 => depth -= 1,
            Token::Sign('{') if depth == 0 => return closed(text, tokens, at),
            Token::Sign(';' | ',' | '}' | ')' | ']') if depth == 0 => return *place,
            Token::Name { name, .. } if depth == 0 && name.starts_with("exports.") => {
                return *place;
            }
            _ => {}
        }
    }
    text.len()
}

/// Returns the offset behind the brace that closes the one that stands here.
fn closed(text: &str, tokens: &[Placed], open: usize) -> usize {
    matching(tokens, open, '{', '}')
        .and_then(|at| tokens.get(at))
        .map_or(text.len(), |(_, place)| place + 1)
}

fn matching(tokens: &[Placed], open: usize, opens: char, closes: char) -> Option<usize> {
    let mut depth = 0_usize;
    for at in open..tokens.len() {
        match sign(tokens, at) {
            Some(sign) if sign == opens => depth += 1,
            Some(sign) if sign == closes => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
