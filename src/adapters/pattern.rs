//! One name of a shell pattern: `*`, `?`, `[a-z]`, `\` before what is meant literally.
//! It compares names as characters and as bytes, since the shell's locale is not known; it reads no folder.

use crate::model::name;

/// Extended patterns are nested this deep, and no further.
const NESTED: usize = 8;
/// Levels of trying: a name has at most 255 bytes, and each takes one.
const LEVELS: usize = 600;
/// Steps of one match in which extended patterns are tried in every way.
const STEPS: usize = 100_000;

/// The pattern of one name.
#[derive(Clone, Debug)]
pub struct Pattern {
    bytes: Vec<Part>,
    chars: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Unit(u32),
    One,
    Any,
    Set {
        negated: bool,
        ranges: Vec<(u32, u32)>,
    },
    /// `!(a|b)` and its kin: the sign before it, and what stands between its bars.
    Ways(u32, Vec<Vec<Self>>),
}

impl Pattern {
    /// Reads a pattern.
    pub fn new(text: &str) -> Self {
        let bytes: Vec<u32> = name::bytes(text).iter().copied().map(u32::from).collect();
        let chars: Vec<u32> = text.chars().map(u32::from).collect();
        Self {
            bytes: parts(&bytes, NESTED),
            chars: parts(&chars, NESTED),
        }
    }

    /// Tells whether this is `**`.
    pub fn is_any_depth(&self) -> bool {
        self.bytes == [Part::Any, Part::Any]
    }

    /// Returns the name when no part is a pattern.
    pub fn literal(&self) -> Option<std::ffi::OsString> {
        use std::os::unix::ffi::OsStringExt;
        let mut name = Vec::with_capacity(self.bytes.len());
        for part in &self.bytes {
            match part {
                Part::Unit(unit) => name.push(u8::try_from(*unit).ok()?),
                Part::One | Part::Any | Part::Set { .. } | Part::Ways(..) => return None,
            }
        }
        Some(std::ffi::OsString::from_vec(name))
    }

    /// Tells whether a name has this form; a dot at its start must be written.
    pub fn matches(&self, name: &[u8]) -> bool {
        let hidden = name.first() == Some(&b'.');
        if hidden && self.bytes.first() != Some(&Part::Unit(u32::from(b'.'))) {
            return false;
        }
        if name == b"." || name == b".." {
            return false;
        }
        self.matches_hidden(name)
    }

    /// Tells whether a name has this form, a dot at its start being a character like any other.
    pub fn matches_hidden(&self, name: &[u8]) -> bool {
        let bytes: Vec<u32> = name.iter().copied().map(u32::from).collect();
        fits(&self.bytes, &bytes) || (!name.is_ascii() && self.fits_by_characters(name))
    }

    /// In a locale of UTF-8 `?` is one character; a byte that is none stands for itself.
    fn fits_by_characters(&self, name: &[u8]) -> bool {
        let chars: Vec<u32> = name::text(name).chars().map(u32::from).collect();
        fits(&self.chars, &chars)
    }
}

fn parts(units: &[u32], depth: usize) -> Vec<Part> {
    const BACKSLASH: u32 = b'\\' as u32;
    const STAR: u32 = b'*' as u32;
    const QUESTION: u32 = b'?' as u32;
    const OPEN: u32 = b'[' as u32;
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(&unit) = units.get(at) {
        at += 1;
        if let Some((part, after)) = ways(units, at, depth) {
            parts.push(part);
            at = after;
            continue;
        }
        match unit {
            BACKSLASH => {
                if let Some(&next) = units.get(at) {
                    parts.push(Part::Unit(next));
                    at += 1;
                }
            }
            STAR => parts.push(Part::Any),
            QUESTION => parts.push(Part::One),
            OPEN => match set(units, at) {
                Some((part, after)) => {
                    parts.push(part);
                    at = after;
                }
                None => parts.push(Part::Unit(unit)),
            },
            _ => parts.push(Part::Unit(unit)),
        }
    }
    parts
}

/// Reads `!(a|b)` from behind its sign; nothing when there is none, or it never ends.
fn ways(units: &[u32], at: usize, depth: usize) -> Option<(Part, usize)> {
    let is = |at: usize, wanted: u8| units.get(at) == Some(&u32::from(wanted));
    let sign = *units.get(at.checked_sub(1)?)?;
    let signs = [b'!', b'?', b'*', b'+', b'@'].map(u32::from);
    let depth = depth.checked_sub(1)?;
    if !is(at, b'(') || !signs.contains(&sign) {
        return None;
    }
    let mut all = Vec::new();
    let (mut open, mut from, mut here) = (0_usize, at + 1, at + 1);
    loop {
        let unit = *units.get(here)?;
        if unit == u32::from(b'\\') {
            here += 1;
        } else if unit == u32::from(b'(') {
            open += 1;
        } else if open > 0 && unit == u32::from(b')') {
            open -= 1;
        } else if open == 0 && (unit == u32::from(b'|') || unit == u32::from(b')')) {
            all.push(parts(units.get(from..here)?, depth));
            from = here + 1;
            if unit == u32::from(b')') {
                return Some((Part::Ways(sign, all), here + 1));
            }
        }
        here += 1;
    }
}

/// Tries every way to divide a name among parts; out of steps it says yes, so that nothing is missed.
fn divided(parts: &[Part], name: &[u32], depth: usize, steps: &mut usize) -> bool {
    *steps += 1;
    let Some(deeper) = depth.checked_sub(1) else {
        return true;
    };
    if *steps > STEPS {
        return true;
    }
    let Some((part, rest)) = parts.split_first() else {
        return name.is_empty();
    };
    let mut any_cut = |fits: &mut dyn FnMut(&[u32], &mut usize) -> bool| {
        (0..=name.len()).any(|cut| {
            let (head, tail) = name.split_at_checked(cut).unwrap_or((name, &[]));
            fits(head, steps) && divided(rest, tail, deeper, steps)
        })
    };
    match part {
        Part::Any => any_cut(&mut |_, _| true),
        Part::Ways(sign, all) => {
            let sign = char::from_u32(*sign).unwrap_or('@');
            any_cut(&mut |head, steps| {
                let one = |head: &[u32], steps: &mut usize| {
                    all.iter().any(|way| divided(way, head, deeper, steps))
                };
                match sign {
                    '!' => !one(head, steps),
                    '?' => head.is_empty() || one(head, steps),
                    '@' => one(head, steps),
                    _ if head.is_empty() => sign == '*' || one(head, steps),
                    _ => repeated(all, head, deeper, steps),
                }
            })
        }
        one => name
            .split_first()
            .is_some_and(|(first, tail)| one.takes(*first) && divided(rest, tail, deeper, steps)),
    }
}

/// Tells whether a stretch is made of one or more of the ways.
fn repeated(all: &[Vec<Part>], name: &[u32], depth: usize, steps: &mut usize) -> bool {
    *steps += 1;
    let Some(deeper) = depth.checked_sub(1) else {
        return true;
    };
    if *steps > STEPS {
        return true;
    }
    (1..=name.len()).any(|cut| {
        let (head, tail) = name.split_at_checked(cut).unwrap_or((name, &[]));
        all.iter().any(|way| divided(way, head, deeper, steps))
            && (tail.is_empty() || repeated(all, tail, deeper, steps))
    })
}

/// Greedy match with one way back: linear in practice, at worst name times pattern.
fn fits(parts: &[Part], name: &[u32]) -> bool {
    if parts.iter().any(|part| matches!(part, Part::Ways(..))) {
        return divided(parts, name, LEVELS, &mut 0);
    }
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
    fn takes(&self, byte: u32) -> bool {
        match self {
            Self::Unit(wanted) => *wanted == byte,
            Self::One | Self::Any | Self::Ways(..) => true,
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
fn set(units: &[u32], start: usize) -> Option<(Part, usize)> {
    let is = |at: usize, wanted: u8| units.get(at) == Some(&u32::from(wanted));
    let mut at = start;
    let negated = is(at, b'!') || is(at, b'^');
    at += usize::from(negated);
    let mut ranges = Vec::new();
    let first = at;
    loop {
        let unit = *units.get(at)?;
        if is(at, b']') && at > first {
            return Some((Part::Set { negated, ranges }, at + 1));
        }
        let mark = [b':', b'=', b'.']
            .into_iter()
            .find(|mark| is(at + 1, *mark));
        if let Some(mark) = mark.filter(|_| is(at, b'[')) {
            let rest = units.get(at + 2..)?;
            let length = rest.iter().position(|&unit| unit == u32::from(mark))?;
            let name: String = rest
                .get(..length)?
                .iter()
                .filter_map(|&unit| char::from_u32(unit))
                .collect();
            ranges.extend(class(if mark == b':' { &name } else { "" }, negated));
            at += length + 4;
            continue;
        }
        let upper = units.get(at + 2).copied();
        match upper.filter(|_| is(at + 1, b'-') && !is(at + 2, b']')) {
            Some(upper) => {
                ranges.push((unit, upper));
                at += 3;
            }
            None => {
                ranges.push((unit, unit));
                at += 1;
            }
        }
    }
}

/// What a class takes; where the locale decides, the set around it is to take too much rather than too little.
fn class(name: &str, negated: bool) -> Vec<(u32, u32)> {
    let range = |from: char, to: char| (u32::from(from), u32::from(to));
    let mut ranges = match name {
        "digit" => return vec![range('0', '9')],
        "lower" => vec![range('a', 'z')],
        "upper" => vec![range('A', 'Z')],
        "alpha" => vec![range('a', 'z'), range('A', 'Z')],
        "alnum" => vec![range('a', 'z'), range('A', 'Z'), range('0', '9')],
        "space" => vec![range(' ', ' '), range('\t', '\r')],
        _ if negated => Vec::new(),
        _ => vec![(0, u32::MAX)],
    };
    if !negated {
        ranges.push((0x80, u32::MAX));
    }
    ranges
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
    fn a_character_of_several_bytes_is_one_or_several() {
        assert!(is("caf?", "caf\u{e9}") && is("caf??", "caf\u{e9}"));
        assert!(is("caf[\u{e9}]", "caf\u{e9}") && !is("caf[e]", "caf\u{e9}"));
        assert!(is("[[:alpha:]]", "\u{e9}") && is("[^[:alpha:]]", "\u{e9}"));
        assert!(is("[[=e=]]", "\u{e9}") && !is("?", "ab"));
    }

    #[test]
    fn a_byte_that_is_no_text_is_matched_as_itself() {
        let carried = name::text(b"d\xff");
        assert!(Pattern::new(&format!("{carried}*")).matches(b"d\xff1"));
        assert!(Pattern::new("d?").matches(b"d\xff"));
        assert!(Pattern::new(&format!("d[{}]", name::text(b"\xff"))).matches(b"d\xff"));
        assert!(!Pattern::new(&format!("{carried}*")).matches(b"d\xfe1"));
    }

    #[test]
    fn a_dot_at_the_start_must_be_written() {
        assert!(!is("*", ".env") && is(".*", ".env") && !is(".*", "..") && !is("?env", ".env"));
    }

    #[test]
    fn extended_patterns_take_what_bash_takes() {
        assert!(is("!(a.py|b.txt)", "c.py") && !is("!(a.py|b.txt)", "a.py"));
        assert!(is("!(*.py)", "c.txt") && !is("!(*.py)", "c.py") && is("a!(b)c", "axc"));
        assert!(is("*.@(jpg|png)", "x.png") && !is("*.@(jpg|png)", "x.gif"));
        assert!(is("a?(b)c", "ac") && is("a?(b)c", "abc") && !is("a?(b)c", "abbc"));
        assert!(is("+(ab)", "abab") && !is("+(ab)", "aba") && is("*(ab)x", "x"));
        assert!(is("a+\\(b)", "a+(b)") && is("a(b)", "a(b)") && !is("!(x)", ".env"));
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        let pattern = "*a".repeat(60);
        let name = "a".repeat(20_000);
        assert!(!is(&format!("{pattern}b"), &name));
    }
}
