//! Values of awk: texts that are numbers where they look like them, and regular expressions as the `regex` crate writes them.

use std::cmp::Ordering;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Of a name that nothing has set: both zero and the empty text.
    Unset,
    Number(f64),
    Text(String),
    /// Text of the input, which compares as a number where it looks like one.
    Input(String),
}

impl Value {
    /// Returns the value as a number, read as far as it is one.
    pub(super) fn number(&self) -> f64 {
        match self {
            Self::Unset => 0.0,
            Self::Number(number) => *number,
            Self::Text(text) | Self::Input(text) => {
                let text = text.trim_start();
                let end = number_end(text);
                text.get(..end)
                    .and_then(|head| head.parse().ok())
                    .unwrap_or(0.0)
            }
        }
    }

    /// Returns the value as a text; nothing where awks write the number differently.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Unset => Some(String::new()),
            Self::Number(number) => written(*number),
            Self::Text(text) | Self::Input(text) => Some(text.clone()),
        }
    }

    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Unset => false,
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Input(text) => match looks_like_number(text) {
                true => self.number() != 0.0,
                false => !text.is_empty(),
            },
        }
    }

    fn is_numeric(&self) -> bool {
        match self {
            Self::Unset | Self::Number(_) => true,
            Self::Text(_) => false,
            Self::Input(text) => looks_like_number(text),
        }
    }

    /// Compares as numbers where both are, else as texts.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.is_numeric() && other.is_numeric() {
            return self.number().partial_cmp(&other.number());
        }
        let (left, right) = (self.text()?, other.text()?);
        // The order of other letters depends on the locale, and so does that of cases for `<` and `>`.
        let plain = left.is_ascii() && right.is_ascii();
        (plain || left == right).then(|| left.cmp(&right))
    }
}

fn looks_like_number(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && number_end(text) == text.len()
}

/// Returns where a decimal number at the beginning of a text ends.
pub(super) fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(sign);
    let mut end = sign + whole;
    if bytes.get(end) == Some(&b'.') {
        let part = digits(end + 1);
        if whole + part == 0 {
            return 0;
        }
        end += 1 + part;
    } else if whole == 0 {
        return 0;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let power = digits(end + 1 + sign);
        if power > 0 {
            end += 1 + sign + power;
        }
    }
    end
}

/// Writes a number as a text: whole ones in full, others as `%.6g`.
fn written(number: f64) -> Option<String> {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some(match number == 0.0 {
            true => "0".to_owned(),
            false => format!("{number:.0}"),
        });
    }
    // Very great and very small ones are written with a power.
    let size = number.abs();
    if !(1e-4..1e6).contains(&size) {
        return None;
    }
    let before = if size < 1.0 {
        0
    } else {
        size.log10().floor() as usize + 1
    };
    let mut zeros = 0;
    let mut small = size;
    while small < 0.1 && zeros < 4 {
        small *= 10.0;
        zeros += 1;
    }
    let text = format!("{number:.*}", 6 - before + zeros);
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    Some(text)
}

/// Longest pattern, once it is compiled, in bytes.
const MAX_PATTERN: usize = 1 << 20;

/// Writes an extended regular expression as the crate reads it; nothing for what awks read differently.
pub(super) fn pattern(text: &str) -> Option<regex::Regex> {
    let mut all = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                '/' => all.push('/'),
                '"' => all.push('"'),
                '&' => all.push('&'),
                'n' => all.push('\n'),
                't' => all.push('\t'),
                // Ends of words, of which not every awk knows.
                '<' | '>' | '`' | '\'' => return None,
                other if other.is_ascii_punctuation() => {
                    all.push('\\');
                    all.push(other);
                }
                _ => return None,
            },
            '[' => class(&mut chars, &mut all)?,
            '{' | '}' => return None,
            _ => all.push(c),
        }
    }
    regex::RegexBuilder::new(&all)
        .size_limit(MAX_PATTERN)
        .dot_matches_new_line(true)
        .build()
        .ok()
}

/// Copies `[…]`, of which the opening bracket has been read.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, all: &mut String) -> Option<()> {
    all.push('[');
    if chars.next_if_eq(&'^').is_some() {
        all.push('^');
    }
    if chars.next_if_eq(&']').is_some() {
        all.push_str("\\]");
    }
    loop {
        match chars.next()? {
            ']' => {
                all.push(']');
                return Some(());
            }
            '[' if chars.peek() == Some(&':') => {
                all.push('[');
                for inner in chars.by_ref() {
                    all.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '\\' => {
                let next = chars.next()?;
                match next {
                    't' => all.push('\t'),
                    'n' => all.push('\n'),
                    _ if next.is_ascii_punctuation() => {
                        all.push('\\');
                        all.push(next);
                    }
                    _ => return None,
                }
            }
            c @ ('[' | '&' | '~') => {
                all.push('\\');
                all.push(c);
            }
            c => all.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_awk_writes_them() {
        let of = |number: f64| written(number).unwrap_or_default();
        assert_eq!(of(3.0), "3");
        assert_eq!(of(-0.0), "0");
        assert_eq!(of(-12.0), "-12");
        assert_eq!(of(3.5), "3.5");
        assert_eq!(of(0.1), "0.1");
        assert_eq!(of(0.05), "0.05");
        assert_eq!(of(1.0 / 3.0), "0.333333");
        assert_eq!(of(123.456_789), "123.457");
        assert_eq!(written(1.5e9), Some("1500000000".to_owned()));
        assert_eq!(written(1_234_567.8), None);
    }

    #[test]
    fn texts_of_the_input_compare_as_numbers_where_they_look_like_them() {
        let input = |text: &str| Value::Input(text.to_owned());
        assert_eq!(
            input("10").compare(&Value::Number(9.0)),
            Some(Ordering::Greater)
        );
        assert_eq!(input("10").compare(&input("9")), Some(Ordering::Greater));
        assert_eq!(
            input("10").compare(&Value::Text("9".to_owned())),
            Some(Ordering::Less)
        );
        assert_eq!(input("x10").number(), 0.0);
        assert_eq!(input("12kB").number(), 12.0);
        assert!(!input("0").holds() && Value::Text("0".to_owned()).holds());
    }

    #[test]
    fn patterns_are_those_of_awk() {
        let holds = |of: &str, text: &str| pattern(of).map(|regex| regex.is_match(text));
        assert_eq!(holds("^[[:space:]]*#", "  # x"), Some(true));
        assert_eq!(holds("[]x]", "a]"), Some(true));
        assert_eq!(holds("a\\/b", "a/b"), Some(true));
        assert_eq!(holds("[a&&b]", "&"), Some(true));
        assert_eq!(holds("a{2}", "aa"), None);
        assert_eq!(holds("\\<a", "a"), None);
    }
}
