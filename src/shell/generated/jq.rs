//! What jq prints by the strings of its program: the last stage that says something of its own.
//! It selects nothing and reads no document.

use crate::model::word::Word;

use super::super::options::options;
use super::super::unfold::Job;
use super::Line;
use super::says::{FUEL, Reading, lines, text_of};
use super::tokens::{Token, Tongue, tokens};

/// Groups inside groups.
const MAX_DEPTH: usize = 12;

/// Returns the lines that a program of jq gives; nothing when no string of it is printed.
pub(super) fn output(program: &str, job: &Job) -> Option<Vec<Line>> {
    let valued = "--indent --tab -L -f --from-file -o --output-format -p --input-format";
    let mut operands: Vec<Word> = Vec::new();
    let mut values: Vec<(String, Line)> = Vec::new();
    let mut rest = job.args();
    let mut raw = program == "yq";
    while !rest.is_empty() {
        let first = rest.first().and_then(Word::text).unwrap_or_default();
        if matches!(first.as_str(), "--arg" | "--argjson") {
            if let (Some(name), Some(value)) = (rest.get(1).and_then(Word::text), rest.get(2)) {
                values.push((format!("${name}"), value.pieces.clone()));
            }
            rest = rest.get(3..).unwrap_or_default();
            continue;
        }
        if let Some(found) = rest
            .first()
            .filter(|word| word.prefix().starts_with('-') && word.prefix().len() > 1)
        {
            let one = options(std::slice::from_ref(found), "");
            let raw_names = ["-r", "-j", "--raw-output", "--join-output", "--raw-output0"];
            raw |= raw_names.iter().any(|name| one.has(name));
            let takes = valued.split(' ').any(|name| name == first);
            rest = rest.get(1 + usize::from(takes)..).unwrap_or_default();
            continue;
        }
        operands.extend(rest.first().cloned());
        rest = rest.get(1..).unwrap_or_default();
    }
    let mut at = 0;
    if program == "yq"
        && operands
            .first()
            .and_then(Word::text)
            .is_some_and(|text| matches!(text.as_str(), "e" | "eval" | "ea" | "eval-all"))
    {
        at = 1;
    }
    let filter = operands.get(at).filter(|_| raw)?;
    said(filter, values)
}

/// Returns the lines that a filter gives.
pub(super) fn said(filter: &Word, values: Vec<(String, Line)>) -> Option<Vec<Line>> {
    let tokens = tokens(&text_of(filter), Tongue::Jq);
    let reading = Reading {
        tokens: &tokens,
        tongue: Tongue::Jq,
        origin: filter.origin.clone(),
        values,
        input: None,
        fuel: std::cell::Cell::new(FUEL),
    };
    let all: Vec<Line> = stages(&reading, 0, tokens.len(), 0)
        .into_iter()
        .flat_map(lines)
        .collect();
    all.iter().any(|line| super::shows(line)).then_some(all)
}

/// Returns what the last stage with text of its own gives.
fn stages(reading: &Reading<'_>, from: usize, to: usize, depth: usize) -> Vec<Line> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    let mut cuts = vec![from];
    let mut at = from;
    while at < to {
        match reading.token(at) {
            Some(Token::Sign('(' | '[' | '{')) => at = reading.closed(at),
            Some(Token::Sign('|')) => {
                at += 1;
                cuts.push(at);
            }
            _ => at += 1,
        }
    }
    for (index, start) in cuts.iter().enumerate().rev() {
        let end = cuts.get(index + 1).map_or(to, |next| next - 1);
        let all = stage(reading, *start, end, depth);
        if all.iter().any(|line| super::shows(line)) {
            return all;
        }
    }
    Vec::new()
}

/// Returns what the alternatives of one stage give.
fn stage(reading: &Reading<'_>, from: usize, to: usize, depth: usize) -> Vec<Line> {
    let mut all = Vec::new();
    let mut at = from;
    while at < to {
        match reading.token(at) {
            Some(Token::Sign(',' | '\n')) => at += 1,
            Some(Token::Sign('@')) => at += 2,
            Some(Token::Name(name)) if matches!(name.as_str(), "if" | "elif") => {
                while at < to && !matches!(reading.named(at), Some("then")) {
                    at += 1;
                }
            }
            Some(Token::Name(name)) if matches!(name.as_str(), "then" | "else" | "end") => at += 1,
            Some(Token::Sign('(' | '[')) => {
                let end = reading.closed(at);
                all.extend(stages(reading, at + 1, end.saturating_sub(1), depth + 1));
                at = end;
            }
            Some(Token::Name(name))
                if matches!(name.as_str(), "map" | "join") && reading.is(at + 1, '(') =>
            {
                let end = reading.closed(at + 1);
                if name == "map" {
                    all.extend(stages(reading, at + 2, end.saturating_sub(1), depth + 1));
                }
                at = end;
            }
            Some(Token::Sign('{')) => at = reading.closed(at),
            Some(_) => {
                let (forms, end) = reading.expression(at, 0);
                all.extend(forms);
                at = end.max(at + 1);
            }
            None => break,
        }
    }
    all
}
