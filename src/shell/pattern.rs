//! Matches shell patterns against known text, and cuts and replaces by them.
//! Extended globs are not followed; a text or pattern beyond the limits gives no answer.

/// Longer texts than this are not matched: trying every cut is quadratic.
const MAX_TEXT: usize = 8_192;
/// Steps for one operation.
const MAX_STEPS: usize = 2_000_000;

/// A pattern: characters, wildcards and classes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pattern {
    atoms: Vec<Atom>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Atom {
    Char(char),
    Any,
    Star,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    /// Adds text that stands for itself.
    pub fn push_literal(&mut self, text: &str) {
        self.atoms.extend(text.chars().map(Atom::Char));
    }

    /// Adds text whose wildcards are active.
    pub fn push_active(&mut self, text: &str) {
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        while let Some(c) = chars.get(at) {
            at += 1;
            match c {
                '*' => self.atoms.push(Atom::Star),
                '?' => self.atoms.push(Atom::Any),
                '[' => match class(&chars, at) {
                    Some((atom, end)) => {
                        self.atoms.push(atom);
                        at = end;
                    }
                    None => self.atoms.push(Atom::Char('[')),
                },
                '\\' => {
                    if let Some(next) = chars.get(at) {
                        self.atoms.push(Atom::Char(*next));
                        at += 1;
                    }
                }
                other => self.atoms.push(Atom::Char(*other)),
            }
        }
    }

    /// Returns the text when nothing in the pattern is active.
    fn plain(&self) -> Option<String> {
        self.atoms
            .iter()
            .map(|atom| match atom {
                Atom::Char(c) => Some(*c),
                Atom::Any | Atom::Star | Atom::Class { .. } => None,
            })
            .collect()
    }

    /// Tells whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.matches_chars(&chars, &mut 0)
    }

    fn matches_chars(&self, text: &[char], steps: &mut usize) -> bool {
        let (mut p, mut t) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            *steps += 1;
            if *steps > MAX_STEPS {
                return false;
            }
            match (self.atoms.get(p), text.get(t)) {
                (Some(Atom::Star), _) => {
                    star = Some((p, t));
                    p += 1;
                    continue;
                }
                (Some(atom), Some(c)) if atom.takes(*c) => {
                    p += 1;
                    t += 1;
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            match star {
                Some((at, from)) if from < text.len() => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                _ => return false,
            }
        }
    }

    /// Removes the shortest or longest match from the start or the end.
    pub fn cut(&self, text: &str, start: bool, longest: bool) -> Option<String> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let chars: Vec<char> = text.chars().collect();
        let length = chars.len();
        let mut steps = 0;
        let ascending = start != longest;
        for step in 0..=length {
            let at = if ascending { step } else { length - step };
            let (head, tail) = chars.split_at_checked(at)?;
            let (tried, kept) = if start { (head, tail) } else { (tail, head) };
            if self.matches_chars(tried, &mut steps) {
                return Some(kept.iter().collect());
            }
            if steps > MAX_STEPS {
                return None;
            }
        }
        Some(text.to_owned())
    }

    /// Replaces matches; `anchor` is `#`, `%` or a blank.
    pub fn replace(&self, text: &str, with: &str, all: bool, anchor: char) -> Option<String> {
        if self.atoms.is_empty() {
            // `${x/#/data/}`: nothing stands at the beginning of every text.
            return Some(match anchor {
                '#' => format!("{with}{text}"),
                '%' => format!("{text}{with}"),
                _ => text.to_owned(),
            });
        }
        if anchor == ' '
            && let Some(plain) = self.plain()
        {
            return Some(if all {
                text.replace(&plain, with)
            } else {
                text.replacen(&plain, with, 1)
            });
        }
        if text.len() > MAX_TEXT {
            return None;
        }
        let chars: Vec<char> = text.chars().collect();
        let mut out = String::new();
        let mut at = 0;
        let mut steps = 0;
        let mut done = false;
        while at <= chars.len() {
            let rest = chars.get(at..).unwrap_or_default();
            let length = if done || (anchor == '#' && at > 0) {
                None
            } else {
                self.longest(rest, anchor == '%', &mut steps)?
            };
            match length {
                Some(length) if length > 0 => {
                    out.push_str(with);
                    at += length;
                    done = !all;
                }
                _ => {
                    out.extend(rest.first());
                    at += 1;
                }
            }
        }
        Some(out)
    }

    #[expect(clippy::option_option, reason = "no answer and no match are different")]
    fn longest(&self, text: &[char], to_end: bool, steps: &mut usize) -> Option<Option<usize>> {
        let shortest = if to_end { text.len() } else { 1 };
        for length in (shortest..=text.len()).rev() {
            let head = text.get(..length).unwrap_or_default();
            if self.matches_chars(head, steps) {
                return Some(Some(length));
            }
            if *steps > MAX_STEPS {
                return None;
            }
        }
        Some(None)
    }
}

impl Atom {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(wanted) => *wanted == c,
            Self::Any => true,
            Self::Star => false,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(a, b)| *a <= c && c <= *b) != *negated
            }
        }
    }
}

fn class(chars: &[char], mut at: usize) -> Option<(Atom, usize)> {
    let negated = matches!(chars.get(at), Some('!' | '^'));
    if negated {
        at += 1;
    }
    let mut ranges = Vec::new();
    let mut first = true;
    loop {
        let c = *chars.get(at)?;
        at += 1;
        if c == ']' && !first {
            return Some((Atom::Class { negated, ranges }, at));
        }
        first = false;
        if c == '[' && chars.get(at) == Some(&':') {
            let end = at + chars.get(at..)?.iter().position(|c| *c == ']')?;
            let name: String = chars.get(at + 1..end.saturating_sub(1))?.iter().collect();
            named(&name, &mut ranges);
            at = end + 1;
        } else if chars.get(at) == Some(&'-') && chars.get(at + 1).is_some_and(|c| *c != ']') {
            ranges.push((c, *chars.get(at + 1)?));
            at += 2;
        } else {
            ranges.push((c, c));
        }
    }
}

fn named(name: &str, ranges: &mut Vec<(char, char)>) {
    match name {
        "digit" => ranges.push(('0', '9')),
        "lower" => ranges.push(('a', 'z')),
        "upper" => ranges.push(('A', 'Z')),
        "alpha" => ranges.extend([('a', 'z'), ('A', 'Z')]),
        "alnum" => ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9')]),
        "space" => ranges.extend([(' ', ' '), ('\t', '\r')]),
        "blank" => ranges.extend([(' ', ' '), ('\t', '\t')]),
        "punct" => ranges.extend([('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Pattern {
        let mut pattern = Pattern::default();
        pattern.push_active(text);
        pattern
    }

    #[test]
    fn cuts_shortest_and_longest_from_both_ends() {
        let slash = of("*/");
        assert_eq!(slash.cut("a/b/c", true, false).as_deref(), Some("b/c"));
        assert_eq!(slash.cut("a/b/c", true, true).as_deref(), Some("c"));
        let dot = of(".*");
        assert_eq!(dot.cut("a.b.c", false, false).as_deref(), Some("a.b"));
        assert_eq!(dot.cut("a.b.c", false, true).as_deref(), Some("a"));
    }

    #[test]
    fn replaces_once_everywhere_and_at_the_anchors() {
        let x = of("x?");
        assert_eq!(x.replace("xaxb", "_", false, ' ').as_deref(), Some("_xb"));
        assert_eq!(x.replace("xaxb", "_", true, ' ').as_deref(), Some("__"));
        assert_eq!(x.replace("xaxb", "_", false, '%').as_deref(), Some("xa_"));
        assert_eq!(x.replace("axb", "_", false, '#').as_deref(), Some("axb"));
        let nothing = of("");
        assert_eq!(
            nothing.replace("a", "b/", false, '#').as_deref(),
            Some("b/a")
        );
        assert_eq!(
            nothing.replace("a", ".b", false, '%').as_deref(),
            Some("a.b")
        );
        assert_eq!(nothing.replace("a", "b", true, ' ').as_deref(), Some("a"));
    }

    #[test]
    fn classes_match_ranges_names_and_negations() {
        assert!(of("[a-c]x[!0-9]").matches("bxz"));
        assert!(of("[[:digit:]]*").matches("7up"));
        assert!(!of("[^a]").matches("a"));
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = of(&"*a".repeat(200));
        let text = "a".repeat(150) + "b";
        assert!(!pattern.matches(&text));
    }
}
