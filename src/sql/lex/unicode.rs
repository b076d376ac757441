//! Names written with escapes: `U&"d\0061ta"`, `U&"d!0061ta" UESCAPE '!'` (PostgreSQL 15, 4.1.1).

use sqlparser::tokenizer::{Token, Word};

use super::{HOLE_LETTER, Lexed, Lexeme};

/// Puts the prefix, the quoted name and what says its escape together to the name that is meant.
pub(super) fn named(text: &str, mut all: Lexed) -> Lexed {
    let written = ["U&\"", "u&\""].iter().any(|front| text.contains(front));
    if !written {
        return all;
    }
    let mut kept: Vec<Lexeme> = Vec::with_capacity(all.lexemes.len());
    let mut rest = all.lexemes.as_slice();
    while let [first, behind @ ..] = rest {
        let Some((name, used)) = name_of(rest) else {
            kept.push(first.clone());
            rest = behind;
            continue;
        };
        kept.push(name);
        rest = rest.get(used..).unwrap_or_default();
    }
    all.lexemes = kept;
    all
}

/// Returns the name at the front, and how many lexemes say it.
fn name_of(all: &[Lexeme]) -> Option<(Lexeme, usize)> {
    let [prefix, sign, name, behind @ ..] = all else {
        return None;
    };
    let joined = prefix.end == sign.start && sign.end == name.start;
    if !joined || !prefix.is("U") || sign.token.token != Token::Ampersand {
        return None;
    }
    let Token::Word(word) = &name.token.token else {
        return None;
    };
    word.quote_style.filter(|quote| *quote == '"')?;
    let told = match behind {
        [said, sign, ..] if said.is("UESCAPE") => {
            sign.string().map(|sign| (sign, sign_end(behind)))
        }
        _ => None,
    };
    let (escape, end) = match told {
        Some((sign, end)) => (sign.chars().next()?, end?),
        None => ('\\', name.end),
    };
    let mut whole = name.clone();
    whole.token.token = Token::Word(Word {
        value: decoded(&word.value, escape).unwrap_or_else(|| HOLE_LETTER.to_string()),
        ..word.clone()
    });
    whole.start = prefix.start;
    whole.end = end;
    Some((whole, if told.is_some() { 5 } else { 3 }))
}

fn sign_end(behind: &[Lexeme]) -> Option<usize> {
    behind.get(1).map(|sign| sign.end)
}

/// `\0061` and `\+000061` are characters, two escapes are one.
fn decoded(text: &str, escape: char) -> Option<String> {
    let mut all = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(escape) {
        all.push_str(before);
        if let Some(behind) = behind.strip_prefix(escape) {
            all.push(escape);
            rest = behind;
            continue;
        }
        let (digits, behind) = match behind.strip_prefix('+') {
            Some(long) => (long.get(..6)?, long.get(6..)?),
            None => (behind.get(..4)?, behind.get(4..)?),
        };
        all.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = behind;
    }
    all.push_str(rest);
    Some(all)
}
