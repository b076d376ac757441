//! Regular expressions of scripts in the words of the library that is at hand: classes written out, letters of both cases.
//! What the library cannot say gives none.

use regex::{Regex, RegexBuilder};

/// Bytes of one pattern that is made ready.
const MAX_SIZE: usize = 64 << 10;
const SPACES: &str = " \\t\\n\\r\\x0c\\x0b";
const WORDS: &str = "0-9A-Za-z_";

/// Returns a pattern; `folds` where letters of both cases are meant.
pub(super) fn pattern(text: &str, flags: &str) -> Option<Regex> {
    let known: String = flags.chars().filter(|flag| "msx".contains(*flag)).collect();
    let folds = flags.contains('i');
    let mut all = String::new();
    if !known.is_empty() {
        all = format!("(?{known})");
    }
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => all.push_str(&behind_slash(chars.next()?)?),
            '[' => {
                let mut inside = String::new();
                let negated = chars.next_if_eq(&'^').is_some();
                if let Some(first) = chars.next_if_eq(&']') {
                    inside.push('\\');
                    inside.push(first);
                }
                class(&mut chars, &mut inside)?;
                if folds {
                    inside = both_cases(&inside);
                }
                all.push_str(if negated { "[^" } else { "[" });
                all.push_str(&inside);
                all.push(']');
            }
            char if folds && char.is_ascii_alphabetic() => {
                all.push('[');
                all.push(char.to_ascii_lowercase());
                all.push(char.to_ascii_uppercase());
                all.push(']');
            }
            '(' => {
                all.push('(');
                if chars.peek() == Some(&'?') {
                    chars.next();
                    all.push('?');
                    match chars.next()? {
                        ':' => all.push(':'),
                        // `(?<name>…)`; what looks around is not known.
                        '<' if chars.peek().is_some_and(char::is_ascii_alphabetic) => {
                            all.push_str("P<");
                            while let Some(next) = chars.next_if(|c| *c != '>') {
                                all.push(next);
                            }
                        }
                        _ => return None,
                    }
                }
            }
            other => all.push(other),
        }
    }
    RegexBuilder::new(&all).size_limit(MAX_SIZE).build().ok()
}

fn behind_slash(char: char) -> Option<String> {
    Some(match char {
        'd' => "[0-9]".to_owned(),
        'D' => "[^0-9]".to_owned(),
        'w' => format!("[{WORDS}]"),
        'W' => format!("[^{WORDS}]"),
        's' => format!("[{SPACES}]"),
        'S' => format!("[^{SPACES}]"),
        'b' => "(?-u:\\b)".to_owned(),
        'h' => "[ \\t]".to_owned(),
        'n' | 't' | 'r' | 'z' | 'A' => format!("\\{char}"),
        other if other.is_ascii_alphanumeric() => return None,
        '/' | '\'' | '"' | '@' | ':' | '%' | ',' | '=' | '<' | '>' | '!' | '`' | ';' | '_' => {
            regex::escape(&char.to_string())
        }
        other => format!("\\{other}"),
    })
}

/// Reads a class up to its end.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, inside: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            ']' => return Some(()),
            '[' => inside.push_str("\\["),
            '\\' => match chars.next()? {
                'd' => inside.push_str("0-9"),
                'w' => inside.push_str(WORDS),
                's' => inside.push_str(SPACES),
                other @ ('n' | 't' | 'r') => inside.extend(['\\', other]),
                other if other.is_ascii_alphanumeric() => return None,
                other => inside.extend(['\\', other]),
            },
            other @ ('&' | '~') => inside.extend(['\\', other]),
            other => inside.push(other),
        }
    }
}

/// A class with the letters of the other case.
fn both_cases(inside: &str) -> String {
    let turned = |char: char| match char.is_ascii_lowercase() {
        true => char.to_ascii_uppercase(),
        false => char.to_ascii_lowercase(),
    };
    let mut all = inside.to_owned();
    let chars: Vec<char> = inside.chars().collect();
    let mut at = 0;
    while let Some(char) = chars.get(at) {
        at += 1;
        if *char == '\\' {
            at += 1;
        } else if char.is_ascii_alphabetic() {
            all.push(turned(*char));
            if chars.get(at) == Some(&'-')
                && let Some(end) = chars.get(at + 1).filter(|end| end.is_ascii_alphabetic())
            {
                all.push('-');
                all.push(turned(*end));
                at += 2;
            }
        }
    }
    all
}
