//! Brace expansion over the parts of a word: lists and ranges, nested.
//! It never fails: a brace that opens nothing is an ordinary character.

use std::collections::HashMap;

use crate::model::span::Span;

use super::ast::{PartKind, RawPart};

/// Braces nested deeper than this are left as they are.
const MAX_DEPTH: usize = 16;

/// Characters that one word may grow to in all its forms; behind that braces stay as they are.
const MAX_CHARS: usize = 1 << 18;
/// Forms of a word that are carried on when it has grown out of all measure.
const FORMS_KEPT: usize = 4;

/// A character of unquoted text or a whole other part.
#[derive(Clone, Debug)]
enum Token {
    Char(char, Span),
    Part(RawPart),
}

/// Tells whether the word may hold a brace expansion.
pub fn present(parts: &[RawPart]) -> bool {
    parts
        .iter()
        .any(|part| matches!(&part.kind, PartKind::Plain(text) if text.contains('{')))
}

/// Returns the words that a word gives, at most `limit`, and whether these are all of them.
pub fn expand(parts: &[RawPart], limit: usize) -> (Vec<Vec<RawPart>>, bool) {
    let tokens = tokens(parts);
    let mut whole = true;
    let all = alternatives(&tokens, limit, 0, &mut whole);
    (all.into_iter().map(rebuilt).collect(), whole)
}

fn tokens(parts: &[RawPart]) -> Vec<Token> {
    let mut all = Vec::new();
    for part in parts {
        match &part.kind {
            PartKind::Plain(text) => {
                let exact = part.span.len() == text.len();
                for (at, c) in text.char_indices() {
                    let span = if exact {
                        Span::new(part.span.start + at, part.span.start + at + c.len_utf8())
                    } else {
                        part.span
                    };
                    all.push(Token::Char(c, span));
                }
            }
            _ => all.push(Token::Part(part.clone())),
        }
    }
    all
}

fn rebuilt(tokens: Vec<Token>) -> Vec<RawPart> {
    let mut parts: Vec<RawPart> = Vec::new();
    for token in tokens {
        match token {
            Token::Part(part) => parts.push(part),
            Token::Char(c, span) => {
                if let Some(RawPart {
                    kind: PartKind::Plain(text),
                    span: place,
                }) = parts.last_mut()
                    && place.end == span.start
                {
                    text.push(c);
                    *place = place.join(span);
                } else {
                    parts.push(RawPart {
                        kind: PartKind::Plain(c.to_string()),
                        span,
                    });
                }
            }
        }
    }
    parts
}

fn alternatives(tokens: &[Token], limit: usize, depth: usize, whole: &mut bool) -> Vec<Vec<Token>> {
    let mut results: Vec<Vec<Token>> = vec![Vec::new()];
    let mut at = 0;
    let mut left = MAX_CHARS;
    let pairs = pairs(tokens);
    while let Some(token) = tokens.get(at) {
        if is_char(token, '{')
            && depth < MAX_DEPTH
            && left > 0
            && let Some((options, end)) = group(tokens, at, &pairs, (limit, depth), whole)
        {
            let mut next = Vec::new();
            'all: for head in &results {
                for option in &options {
                    if next.len() >= limit {
                        *whole = false;
                        break 'all;
                    }
                    left = left.saturating_sub(head.len() + option.len());
                    let mut joined = head.clone();
                    joined.extend(option.iter().cloned());
                    next.push(joined);
                }
            }
            results = next;
            if left == 0 {
                results.truncate(FORMS_KEPT);
                *whole = false;
            }
            at = end;
            continue;
        }
        for result in &mut results {
            result.push(token.clone());
        }
        at += 1;
    }
    results
}

/// Opening braces with their closings and the commas between them, all found in one walk.
type Pairs = HashMap<usize, (usize, Vec<usize>)>;

fn pairs(tokens: &[Token]) -> Pairs {
    let mut all = Pairs::new();
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if is_char(token, '{') {
            open.push((at, Vec::new()));
        } else if is_char(token, ',') {
            if let Some((_, commas)) = open.last_mut() {
                commas.push(at);
            }
        } else if is_char(token, '}')
            && let Some((from, commas)) = open.pop()
        {
            all.insert(from, (at, commas));
        }
    }
    all
}

fn group(
    tokens: &[Token],
    open: usize,
    pairs: &Pairs,
    (limit, depth): (usize, usize),
    whole: &mut bool,
) -> Option<(Vec<Vec<Token>>, usize)> {
    let (close, mut commas) = pairs.get(&open)?.clone();
    if commas.is_empty() {
        let body = tokens.get(open + 1..close)?;
        let all = range(body, limit)?;
        *whole &= all.len() < limit;
        return Some((all, close + 1));
    }
    let mut options = Vec::new();
    let mut from = open + 1;
    commas.push(close);
    for comma in commas {
        let body = tokens.get(from..comma).unwrap_or_default();
        options.extend(alternatives(body, limit, depth + 1, whole));
        from = comma + 1;
        if options.len() > limit {
            *whole = false;
            break;
        }
    }
    Some((options, close + 1))
}

fn range(body: &[Token], limit: usize) -> Option<Vec<Vec<Token>>> {
    let mut text = String::new();
    let mut place: Option<Span> = None;
    for token in body {
        match token {
            Token::Char(c, span) => {
                text.push(*c);
                place = Some(place.map_or(*span, |all| all.join(*span)));
            }
            Token::Part(_) => return None,
        }
    }
    let place = place?;
    let mut fields = text.split("..");
    let (first, last) = (fields.next()?, fields.next()?);
    let step = match fields.next() {
        Some(step) => step.parse::<i64>().ok()?.unsigned_abs().max(1),
        None => 1,
    };
    if fields.next().is_some() {
        return None;
    }
    let words = match (first.parse::<i64>(), last.parse::<i64>()) {
        (Ok(a), Ok(b)) => numbers(a, b, step, padding(first, last), limit),
        _ => letters(first, last, step)?,
    };
    let part = |text: String| {
        vec![Token::Part(RawPart {
            kind: PartKind::Plain(text),
            span: place,
        })]
    };
    Some(words.into_iter().map(part).collect())
}

fn padding(first: &str, last: &str) -> usize {
    let padded = |text: &str| {
        let digits = text.trim_start_matches('-');
        digits.len() > 1 && digits.starts_with('0')
    };
    if padded(first) || padded(last) {
        first.len().max(last.len())
    } else {
        0
    }
}

fn numbers(from: i64, to: i64, step: u64, width: usize, limit: usize) -> Vec<String> {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let mut all = Vec::new();
    let mut now = from;
    while all.len() < limit && ((from <= to && now <= to) || (from > to && now >= to)) {
        all.push(format!("{now:0width$}"));
        let next = if from <= to {
            now.checked_add(step)
        } else {
            now.checked_sub(step)
        };
        match next {
            Some(value) => now = value,
            None => break,
        }
    }
    all
}

fn letters(first: &str, last: &str, step: u64) -> Option<Vec<String>> {
    let (a, b) = (first.as_bytes(), last.as_bytes());
    let ([a], [b]) = (a, b) else { return None };
    if !a.is_ascii_alphabetic() || !b.is_ascii_alphabetic() {
        return None;
    }
    let step = usize::try_from(step).ok()?.max(1);
    let bytes: Vec<u8> = if a <= b {
        (*a..=*b).step_by(step).collect()
    } else {
        (*b..=*a).rev().step_by(step).collect()
    };
    Some(
        bytes
            .into_iter()
            .map(|b| char::from(b).to_string())
            .collect(),
    )
}

const fn is_char(token: &Token, wanted: char) -> bool {
    matches!(token, Token::Char(c, _) if *c == wanted)
}

/// Returns the words of an operand of `declare`: `{A,B}=1` is two assignments, `A={1,2}` is one.
pub fn of_names(parts: &[RawPart]) -> Vec<Vec<RawPart>> {
    const MAX_NAMES: usize = 64;
    let assigns = match parts.first().map(|part| &part.kind) {
        Some(PartKind::Plain(text)) => text
            .split('{')
            .next()
            .is_some_and(|head| head.contains('=')),
        _ => false,
    };
    match present(parts) && !assigns {
        true => expand(parts, MAX_NAMES).0,
        false => vec![parts.to_vec()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let part = RawPart {
            kind: PartKind::Plain(text.to_owned()),
            span: Span::new(0, text.len()),
        };
        let plain = |parts: Vec<RawPart>| {
            let text = |part: RawPart| match part.kind {
                PartKind::Plain(text) => text,
                _ => String::new(),
            };
            parts.into_iter().map(text).collect::<String>()
        };
        expand(&[part], 100).0.into_iter().map(plain).collect()
    }

    #[test]
    fn lists_nest_and_multiply() {
        assert_eq!(words("a{b,c{d,e}}f"), ["abf", "acdf", "acef"]);
        assert_eq!(words("{a,b}{1,2}"), ["a1", "a2", "b1", "b2"]);
        assert_eq!(words("{,x}y"), ["y", "xy"]);
    }

    #[test]
    fn ranges_count_both_ways_and_keep_their_width() {
        assert_eq!(words("{1..3}"), ["1", "2", "3"]);
        assert_eq!(words("{03..1}"), ["03", "02", "01"]);
        assert_eq!(words("{a..e..2}"), ["a", "c", "e"]);
    }

    #[test]
    fn more_words_than_the_limit_are_said_to_be_cut() {
        let part = |text: &str| RawPart {
            kind: PartKind::Plain(text.to_owned()),
            span: Span::new(0, text.len()),
        };
        assert!(expand(&[part("{1..50}")], 100).1);
        assert!(!expand(&[part("{1..500}")], 100).1);
        assert!(!expand(&[part("{1..50}{a,b,c}")], 100).1);
    }

    #[test]
    fn a_brace_that_opens_nothing_is_a_character() {
        assert_eq!(words("{a,b"), ["{a,b"]);
        assert_eq!(words("{}"), ["{}"]);
        assert_eq!(words("{abc}"), ["{abc}"]);
    }
}
