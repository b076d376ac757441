//! One name of a shell pattern: `*`, `?`, `[a-z]`, `\` before what is meant literally.
//! It compares names as bytes; it reads no folder.

/// The pattern of one name.
#[derive(Clone, Debug)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Byte(u8),
    One,
    Any,
    Set {
        negated: bool,
        ranges: Vec<(u8, u8)>,
    },
}

impl Pattern {
    /// Reads a pattern.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'\\' => {
                    if let Some(&next) = bytes.get(at) {
                        parts.push(Part::Byte(next));
                        at += 1;
                    }
                }
                b'*' => parts.push(Part::Any),
                b'?' => parts.push(Part::One),
                b'[' => match set(bytes, at) {
                    Some((part, after)) => {
                        parts.push(part);
                        at = after;
                    }
                    None => parts.push(Part::Byte(byte)),
                },
                _ => parts.push(Part::Byte(byte)),
            }
        }
        Self { parts }
    }

    /// Tells whether this is `**`.
    pub fn is_any_depth(&self) -> bool {
        self.parts == [Part::Any, Part::Any]
    }

    /// Returns the name when no part is a pattern.
    pub fn literal(&self) -> Option<std::ffi::OsString> {
        use std::os::unix::ffi::OsStringExt;
        let mut name = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                Part::Byte(byte) => name.push(*byte),
                Part::One | Part::Any | Part::Set { .. } => return None,
            }
        }
        Some(std::ffi::OsString::from_vec(name))
    }

    /// Tells whether a name has this form; a dot at its start must be written.
    pub fn matches(&self, name: &[u8]) -> bool {
        let hidden = name.first() == Some(&b'.');
        if hidden && self.parts.first() != Some(&Part::Byte(b'.')) {
            return false;
        }
        if name == b"." || name == b".." {
            return false;
        }
        fits(&self.parts, name)
    }
}

/// Greedy match with one way back: linear in practice, at worst name times pattern.
fn fits(parts: &[Part], name: &[u8]) -> bool {
    let (mut part, mut byte) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while byte < name.len() {
        let here = name.get(byte).copied().unwrap_or_default();
        match parts.get(part) {
            Some(Part::Any) => {
                back = Some((part, byte));
                part += 1;
                continue;
            }
            Some(one) if one.takes(here) => {
                part += 1;
                byte += 1;
                continue;
            }
            Some(_) | None => {}
        }
        let Some((star, from)) = back else {
            return false;
        };
        part = star + 1;
        byte = from + 1;
        back = Some((star, from + 1));
    }
    parts
        .get(part..)
        .unwrap_or_default()
        .iter()
        .all(|part| *part == Part::Any)
}

impl Part {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(wanted) => *wanted == byte,
            Self::One | Self::Any => true,
            Self::Set { negated, ranges } => {
                let inside = ranges
                    .iter()
                    .any(|(from, to)| (*from..=*to).contains(&byte));
                inside != *negated
            }
        }
    }
}

/// Reads a set after its `[`; nothing when it never ends.
fn set(bytes: &[u8], start: usize) -> Option<(Part, usize)> {
    let mut at = start;
    let negated = matches!(bytes.get(at), Some(b'!' | b'^'));
    at += usize::from(negated);
    let mut ranges = Vec::new();
    let first = at;
    loop {
        let byte = *bytes.get(at)?;
        if byte == b']' && at > first {
            return Some((Part::Set { negated, ranges }, at + 1));
        }
        if byte == b'[' && bytes.get(at + 1) == Some(&b':') {
            let end = at + 2 + bytes.get(at + 2..)?.iter().position(|&byte| byte == b':')?;
            ranges.extend(class(bytes.get(at + 2..end)?));
            at = end + 2;
            continue;
        }
        let upper = *bytes.get(at + 2).unwrap_or(&b']');
        if bytes.get(at + 1) == Some(&b'-') && upper != b']' {
            ranges.push((byte, upper));
            at += 3;
        } else {
            ranges.push((byte, byte));
            at += 1;
        }
    }
}

fn class(name: &[u8]) -> Vec<(u8, u8)> {
    match name {
        b"digit" => vec![(b'0', b'9')],
        b"lower" => vec![(b'a', b'z')],
        b"upper" => vec![(b'A', b'Z')],
        b"alpha" => vec![(b'a', b'z'), (b'A', b'Z')],
        b"alnum" => vec![(b'a', b'z'), (b'A', b'Z'), (b'0', b'9')],
        b"space" => vec![(b' ', b' '), (b'\t', b'\r')],
        // A class that is not known takes everything: too much is judged rather than too little.
        _ => vec![(0, 255)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(pattern: &str, name: &str) -> bool {
        Pattern::new(pattern).matches(name.as_bytes())
    }

    #[test]
    fn stars_questions_and_sets_take_what_the_shell_takes() {
        assert!(is("*.log", "a.log") && !is("*.log", "a.txt"));
        assert!(is("a?c", "abc") && !is("a?c", "ac"));
        assert!(is("[a-c]x", "bx") && !is("[!a-c]x", "bx") && is("[]]", "]"));
        assert!(is("[[:digit:]]", "7") && !is("[[:digit:]]", "x"));
        assert!(is("a*b*c", "axxbyyc") && !is("a*b*c", "axxbyy"));
        assert!(is("\\*", "*") && !is("\\*", "x"));
    }

    #[test]
    fn a_dot_at_the_start_must_be_written() {
        assert!(!is("*", ".env") && is(".*", ".env") && !is(".*", "..") && !is("?env", ".env"));
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        let pattern = "*a".repeat(60);
        let name = "a".repeat(20_000);
        assert!(!is(&format!("{pattern}b"), &name));
    }
}
