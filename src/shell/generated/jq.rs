//! What jq prints by the strings of its program: the last stage that says something of its own.
//! It selects nothing and reads no document.

use crate::model::word::Word;

use super::super::options::options;
use super::super::unfold::Job;
use super::says::{FUEL, Reading, known, lines, text_of};
use super::tokens::{Bit, Token, Tongue, tokens};
use super::{Line, literal_piece};

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
    let filter = operands.get(at)?;
    if filter.prefix().contains("@base64d") {
        return None;
    }
    let mut all = said(filter, values)?;
    if filter.prefix().trim_end().ends_with("@sh") {
        all = vec![for_shell(&all, filter)?];
    }
    // Without `-r` strings are printed in quotes; an object is one either way.
    let shown = |line: &Line| {
        let text = super::super::state::word_of(line.clone(), None).prefix();
        raw || text.starts_with('{')
    };
    let all: Vec<Line> = all.into_iter().filter(shown).collect();
    (!all.is_empty()).then_some(all)
}

/// `["rm", "x"] | @sh`: the words of one line, each in quotes.
fn for_shell(words: &[Line], filter: &Word) -> Option<Line> {
    let quoted = |line: &Line| {
        let text = super::super::state::literal(line)?;
        Some(format!("'{}'", text.replace('\'', r"'\''")))
    };
    let all: Vec<String> = words.iter().map(quoted).collect::<Option<_>>()?;
    Some(vec![literal_piece(&all.join(" "), &filter.origin)])
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

/// Returns an object or list of strings and numbers as it is printed; nothing where a value is not known.
fn object(reading: &Reading<'_>, at: usize) -> Option<String> {
    let mut text = String::new();
    let mut depth = 0_usize;
    let mut here = at;
    loop {
        let key = reading.is(here + 1, ':') && text.ends_with(['{', ',']);
        match reading.token(here)? {
            Token::Sign(sign @ ('{' | '[')) => {
                depth += 1;
                text.push(*sign);
            }
            Token::Sign(sign @ ('}' | ']')) => {
                depth = depth.checked_sub(1)?;
                text.push(*sign);
            }
            Token::Sign(sign @ (':' | ',')) => text.push(*sign),
            Token::Sign('\n') => {}
            Token::Text(bits) => text.push_str(&quoted(bits)?),
            Token::Name(name) if key => text.push_str(&format!("\"{name}\"")),
            Token::Name(name) if matches!(name.as_str(), "true" | "false" | "null") => {
                text.push_str(name);
            }
            Token::Number(number) => text.push_str(number),
            _ => return None,
        }
        if depth == 0 {
            return Some(text);
        }
        here += 1;
    }
}

fn quoted(bits: &[Bit]) -> Option<String> {
    let mut all = String::new();
    for bit in bits {
        match bit {
            Bit::Text(text) => all.push_str(text),
            Bit::Hole => return None,
        }
    }
    serde_json::to_string(&all).ok()
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
            Some(Token::Sign('{')) => {
                let end = reading.closed(at);
                all.extend(object(reading, at).map(|text| known(&text, &reading.origin)));
                at = end;
            }
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
