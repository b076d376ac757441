//! Texts that a code puts together from constants: `'rm' + 'tree'`, `''.join([...])`, `chr(114)`, a name that was given one.
//! It looks a bounded way, runs nothing, and says nothing where a part is not known.

use super::{Language, Token};

/// Tokens that one such expression is made of.
pub(super) const REACH: usize = 96;
/// Tokens that are looked through for what a name was given.
const GIVEN: usize = 400;

/// Cuts tokens at the commas that stand in no bracket.
pub(super) fn parted(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0_usize;
    tokens
        .split(|token| {
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && *token == Token::Sign(',')
        })
        .collect()
}

pub(super) fn name_at(all: &[Token], at: Option<usize>) -> Option<&str> {
    match all.get(at?)? {
        Token::Name { name, .. } => Some(name),
        _ => None,
    }
}

/// Returns what a name was given last, when that is a constant.
pub(super) fn given(all: &[Token], name: &str, language: Language, depth: usize) -> Option<String> {
    let from = all.len().saturating_sub(GIVEN);
    let at = (from..all.len()).rev().find(|at| {
        name_at(all, Some(*at)) == Some(name)
            && all.get(at + 1) == Some(&Token::Sign('='))
            && all.get(at + 2) != Some(&Token::Sign('='))
    })?;
    let rest = all.get(at + 2..)?;
    let end = rest
        .iter()
        .position(|token| matches!(token, Token::Sign(';') | Token::Line))
        .unwrap_or(rest.len());
    let value = rest.get(..end.min(REACH))?;
    match value {
        [
            Token::Sign('\\'),
            Token::Sign('&'),
            Token::Name { name, .. },
        ] => Some(name.clone()),
        _ => constant(all, value, language, depth.checked_sub(1)?),
    }
}

/// Returns the text that an expression stands for, when it is put together from constants only.
pub(super) fn constant(
    all: &[Token],
    part: &[Token],
    language: Language,
    depth: usize,
) -> Option<String> {
    let mut text = String::new();
    let mut rest = part;
    loop {
        let (piece, behind) = term(all, rest, language, depth)?;
        text.push_str(&piece);
        rest = match (language, behind) {
            (_, []) => return Some(text),
            (Language::Lua, [Token::Sign('.'), Token::Sign('.'), more @ ..])
            | (Language::Php | Language::Perl, [Token::Sign('.'), more @ ..])
            | (_, [Token::Sign('+'), more @ ..]) => more,
            (Language::Python, more @ [Token::Text { .. }, ..]) => more,
            _ => return None,
        };
    }
}

type Term<'t> = (String, &'t [Token]);

fn term<'t>(
    all: &[Token],
    part: &'t [Token],
    language: Language,
    depth: usize,
) -> Option<Term<'t>> {
    match part {
        [Token::Text { text, holes, .. }, rest @ ..] if holes.is_empty() => {
            Some(behind_text(text, rest, language))
        }
        // `:name` of Ruby.
        [Token::Sign(':'), Token::Name { name, .. }, rest @ ..] => Some((name.clone(), rest)),
        [Token::Sign('['), ..] => {
            let end = closing(part)?;
            let items = items(part.get(1..end)?, language);
            match part.get(end + 1..)? {
                [
                    Token::Name { name, .. },
                    Token::Sign('('),
                    Token::Text { text, .. },
                    Token::Sign(')'),
                    rest @ ..,
                ] if name == ".join" => Some((items?.join(text), rest)),
                _ => None,
            }
        }
        [Token::Name { name, .. }, Token::Sign('('), ..] => made(all, name, part, language, depth),
        [Token::Name { name, .. }, rest @ ..] => {
            given(all, name, language, depth.checked_sub(1)?).map(|text| (text, rest))
        }
        _ => None,
    }
}

/// What is done to a text where it stands.
fn behind_text<'t>(text: &str, rest: &'t [Token], language: Language) -> Term<'t> {
    let plain = text.to_owned();
    match rest {
        [
            Token::Sign('['),
            Token::Sign(':'),
            Token::Sign(':'),
            Token::Sign('-'),
            Token::Sign('1'),
            Token::Sign(']'),
            rest @ ..,
        ] => (text.chars().rev().collect(), rest),
        [Token::Sign('%'), Token::Text { text: value, .. }, rest @ ..]
            if language == Language::Python =>
        {
            (text.replacen("%s", value, 1), rest)
        }
        [Token::Name { name, .. }, rest @ ..]
            if name == ".reverse" && language == Language::Ruby =>
        {
            (text.chars().rev().collect(), rest)
        }
        [Token::Name { name, .. }, Token::Sign('('), ..] if name == ".join" => {
            let listed = closing(rest.get(1..).unwrap_or_default()).and_then(|end| {
                let inner = rest.get(2..=end)?;
                let [Token::Sign('[' | '('), inner @ .., Token::Sign(']' | ')')] = inner else {
                    return None;
                };
                Some((items(inner, language)?, rest.get(end + 2..)?))
            });
            match listed {
                Some((items, rest)) => (items.join(text), rest),
                None => (plain, rest),
            }
        }
        [
            Token::Name { name, .. },
            Token::Sign('('),
            Token::Sign(')'),
            rest @ ..,
        ] if matches!(name.as_str(), ".lower" | ".toLowerCase" | ".downcase") => {
            (text.to_lowercase(), rest)
        }
        _ => (plain, rest),
    }
}

/// `chr(115)`, `String.fromCharCode(114, 109)`, `bytes([115, 121]).decode()`, `strrev('metsys')`.
fn made<'t>(
    all: &[Token],
    name: &str,
    part: &'t [Token],
    language: Language,
    depth: usize,
) -> Option<Term<'t>> {
    let end = closing(part.get(1..)?)? + 1;
    let inner = part.get(2..end)?;
    let rest = part.get(end + 1..)?;
    let letters = |inner: &[Token]| -> Option<String> {
        let numbers = parted(inner).into_iter().map(|digits| {
            let digits = digits.iter().map(|token| match token {
                Token::Sign(digit) => Some(*digit),
                _ => None,
            });
            let digits: Option<String> = digits.collect();
            digits?.parse::<u32>().ok().and_then(char::from_u32)
        });
        numbers.collect()
    };
    match name {
        "chr" | "String.fromCharCode" | "string.char" => Some((letters(inner)?, rest)),
        "bytes" | "bytearray" => {
            let [Token::Sign('['), inner @ .., Token::Sign(']')] = inner else {
                return None;
            };
            let text = letters(inner)?;
            match rest {
                [Token::Name { name, .. }, Token::Sign('('), ..] if name == ".decode" => {
                    let end = closing(rest.get(1..)?)? + 1;
                    Some((text, rest.get(end + 1..)?))
                }
                _ => Some((text, rest)),
            }
        }
        "strrev" => {
            let text = constant(all, inner, language, depth.checked_sub(1)?)?;
            Some((text.chars().rev().collect(), rest))
        }
        "str" | "String" | "Symbol" => {
            Some((constant(all, inner, language, depth.checked_sub(1)?)?, rest))
        }
        _ => None,
    }
}

/// Returns the place of the bracket that closes the first token.
fn closing(part: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in part.iter().enumerate().take(REACH) {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns the texts of a list that holds nothing else.
fn items(inner: &[Token], _language: Language) -> Option<Vec<String>> {
    parted(inner)
        .into_iter()
        .map(|item| match item {
            [Token::Text { text, holes, .. }] if holes.is_empty() => Some(text.clone()),
            _ => None,
        })
        .collect()
}
