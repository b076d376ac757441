//! What `printf` prints for known formats, and the escapes that it shares with `echo -e`.
//! A format that is not known in full prints something unknown.

use crate::model::name;
use crate::model::word::{Hole, Part, Piece, Word};

use super::expand::literal_piece;
use super::state::Feed;

/// Rounds through a format that is used again for more arguments; a command has no more words.
const MAX_ROUNDS: usize = 8_192;

/// Returns what `printf FORMAT ARGS` prints.
pub(super) fn feed(args: &[Word]) -> Feed {
    let args = match args.first().and_then(Word::text).as_deref() {
        Some("--") => args.get(1..).unwrap_or_default(),
        _ => args,
    };
    let Some((format_word, mut rest)) = args.split_first() else {
        return Feed::nothing();
    };
    let Some(format) = format_word.text() else {
        return Feed::Opaque("printf".to_owned());
    };
    let mut pieces = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let before = rest.len();
        if !round(&format, format_word, &mut rest, &mut pieces) {
            return Feed::Opaque("printf".to_owned());
        }
        if rest.is_empty() || rest.len() == before {
            break;
        }
    }
    Feed::text(pieces)
}

fn round(format: &str, word: &Word, rest: &mut &[Word], pieces: &mut Vec<Piece>) -> bool {
    let mut run = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            run.push(c);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            run.push('%');
            continue;
        }
        let mut flags = String::new();
        while let Some(c) = chars.peek()
            && (c.is_ascii_digit() || matches!(c, '-' | '+' | ' ' | '#' | '.' | '*'))
        {
            flags.push(*c);
            chars.next();
        }
        let Some(kind) = chars.next() else {
            return false;
        };
        if !run.is_empty() {
            pieces.push(literal_piece(&unescaped(&run), &word.origin));
            run.clear();
        }
        let argument = match rest.split_first() {
            Some((first, tail)) => {
                *rest = tail;
                Some(first)
            }
            None => None,
        };
        if !conversion(kind, &flags, argument, pieces) {
            return false;
        }
    }
    if !run.is_empty() {
        pieces.push(literal_piece(&unescaped(&run), &word.origin));
    }
    true
}

fn conversion(kind: char, flags: &str, argument: Option<&Word>, pieces: &mut Vec<Piece>) -> bool {
    let Some(word) = argument else {
        if matches!(kind, 'd' | 'i' | 'u' | 'x' | 'o') {
            pieces.push(literal_piece("0", &super::state::nowhere()));
        }
        return true;
    };
    match kind {
        's' | 'b' | 'q' if flags.is_empty() => {
            for piece in &word.pieces {
                pieces.push(match &piece.part {
                    Part::Literal(text) if kind == 'b' => {
                        literal_piece(&unescaped(text), &piece.origin)
                    }
                    _ => piece.clone(),
                });
            }
            true
        }
        'c' | 's' | 'd' | 'i' | 'u' | 'x' | 'X' | 'o' => match word.text() {
            Some(text) => match formatted(kind, flags, &text) {
                Some(text) => {
                    pieces.push(literal_piece(&text, &word.origin));
                    true
                }
                None => false,
            },
            None => {
                let hole = if kind == 's' {
                    Hole::Unknown
                } else {
                    Hole::Name
                };
                pieces.push(Piece {
                    part: Part::Hole(hole),
                    origin: word.origin.clone(),
                });
                true
            }
        },
        _ => false,
    }
}

fn formatted(kind: char, flags: &str, text: &str) -> Option<String> {
    let (width, precision) = match flags.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse::<usize>().ok()?)),
        None => (flags, None),
    };
    let left = width.starts_with('-');
    let zero = width.starts_with('0');
    let digits = width.trim_start_matches(['-', '+', ' ', '0', '#']);
    let width: usize = if digits.is_empty() {
        0
    } else {
        digits.parse().ok()?
    };
    if width > 4_096 {
        return None;
    }
    let body = match kind {
        's' => text.chars().take(precision.unwrap_or(usize::MAX)).collect(),
        'c' => text.chars().take(1).collect(),
        _ => {
            let number = number(text)?;
            match kind {
                'x' => format!("{number:x}"),
                'X' => format!("{number:X}"),
                'o' => format!("{number:o}"),
                _ => number.to_string(),
            }
        }
    };
    Some(match (left, zero && kind != 's') {
        (true, _) => format!("{body:<width$}"),
        (false, true) => format!("{body:0>width$}"),
        (false, false) => format!("{body:>width$}"),
    })
}

fn number(text: &str) -> Option<i64> {
    if let Some(c) = text.strip_prefix(['\'', '"']) {
        return Some(i64::from(u32::from(c.chars().next()?)));
    }
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Undoes backslash escapes as `printf` formats and `echo -e` do.
pub(super) fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            bytes.extend(c.to_string().bytes());
            continue;
        }
        let Some(c) = chars.next() else {
            bytes.push(b'\\');
            break;
        };
        match c {
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            'r' => bytes.push(b'\r'),
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'e' | 'E' => bytes.push(27),
            'f' => bytes.push(12),
            'v' => bytes.push(11),
            '\\' => bytes.push(b'\\'),
            '"' => bytes.push(b'"'),
            'c' => break,
            'x' => bytes.push(u8::try_from(digits(&mut chars, 16, 2, 0)).unwrap_or(b'?')),
            'u' | 'U' => {
                let limit = if c == 'u' { 4 } else { 8 };
                let code = digits(&mut chars, 16, limit, 0);
                let c = char::from_u32(code).unwrap_or('?');
                bytes.extend(c.to_string().bytes());
            }
            '0'..='7' => {
                let first = c.to_digit(8).unwrap_or_default();
                let limit = if c == '0' { 3 } else { 2 };
                let code = digits(&mut chars, 8, limit, first);
                bytes.push(u8::try_from(code & 0xFF).unwrap_or(b'?'));
            }
            other => {
                bytes.push(b'\\');
                bytes.extend(other.to_string().bytes());
            }
        }
    }
    name::text(&bytes)
}

fn digits(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    radix: u32,
    limit: usize,
    start: u32,
) -> u32 {
    let mut code = start;
    for _ in 0..limit {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else {
            break;
        };
        code = code.saturating_mul(radix).saturating_add(digit);
        chars.next();
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::state::nowhere;

    fn printed(words: &[&str]) -> Option<String> {
        let words: Vec<Word> = words
            .iter()
            .map(|text| Word::literal(*text, nowhere()))
            .collect();
        match feed(&words) {
            Feed::Text { pieces, .. } => super::super::state::literal(&pieces),
            _ => None,
        }
    }

    #[test]
    fn formats_are_used_again_for_more_arguments() {
        assert_eq!(
            printed(&["%s-%s ", "a", "b", "c"]).as_deref(),
            Some("a-b c- ")
        );
    }

    #[test]
    fn escapes_and_octal_bytes_are_undone() {
        assert_eq!(printed(&["\\162\\155 x\\n"]).as_deref(), Some("rm x\n"));
        assert_eq!(printed(&["%b", "\\0162m"]).as_deref(), Some("rm"));
        assert_eq!(
            printed(&["%03d|%-3s|%x", "7", "a", "255"]).as_deref(),
            Some("007|a  |ff")
        );
    }
}
