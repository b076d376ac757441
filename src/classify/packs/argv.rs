//! Splits the words of a command into options and operands, the way one program reads them.
//! It knows no program; which options take a value is told by the shape.

use crate::model::rule::{OptionStyle, Shape};
use crate::model::word::{Part, Word};

/// Stands for unknown text inside a word.
pub const HOLE: char = '\u{fffc}';

/// Operands after which a reader is asked whether the rest is of use.
const FIRST_OPERANDS: usize = 8;

/// Values by which an option says that it is off.
const OFF: [&str; 8] = ["false", "none", "no", "off", "0", "never", "disabled", "f"];

/// A text of which parts may be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Holes are written as `HOLE`.
    pub text: String,
    pub hole: bool,
    /// As a person reads it.
    pub shown: String,
}

impl Text {
    /// Returns the text of a word.
    pub fn of(word: &Word) -> Self {
        let mut text = String::new();
        for piece in &word.pieces {
            match &piece.part {
                Part::Literal(part) | Part::Glob(part) => text.push_str(part),
                Part::Hole(_) => text.push(HOLE),
            }
        }
        Self {
            text,
            hole: word.has_hole(),
            shown: word.shown(),
        }
    }

    /// Tells whether nothing of it is known.
    pub fn is_unknown(&self) -> bool {
        self.hole && self.text.chars().all(|char| char == HOLE)
    }

    /// Returns what follows the first `separator`, and what stands before it.
    fn split(&self, separator: char) -> (String, Option<Self>) {
        let Some((name, value)) = self.text.split_once(separator) else {
            return (self.text.clone(), None);
        };
        let shown = self
            .shown
            .split_once(separator)
            .map_or("", |(_, shown)| shown);
        let value = Self {
            text: value.to_owned(),
            hole: value.contains(HOLE),
            shown: shown.to_owned(),
        };
        (name.to_owned(), Some(value))
    }
}

/// An option with its value, if it has one.
#[derive(Clone, Debug)]
pub struct Opt {
    /// `-f`, `--force`; in the style of words always with two dashes.
    pub name: String,
    pub value: Option<Text>,
}

/// A word that is no option.
#[derive(Clone, Debug)]
pub struct Operand {
    pub text: Text,
    /// May stand for options, for nothing, or for many words (`$OPTS`).
    pub loose: bool,
    /// Stands right behind a long option that the shape does not know, and may be its value.
    pub value: bool,
    /// That option does not read like a mere switch.
    pub likely: bool,
}

/// Options and operands of a command.
#[derive(Clone, Debug, Default)]
pub struct Argv {
    pub options: Vec<Opt>,
    pub operands: Vec<Operand>,
}

impl Argv {
    /// Splits the words after the program; nothing when the first operands say that it is in vain.
    pub fn read(
        words: &[Word],
        shape: &Shape,
        goes_on: impl Fn(&[Operand]) -> bool,
    ) -> Option<Self> {
        let mut argv = Self::default();
        let mut rest = words.iter();
        let (mut ended, mut strange, mut names) = (false, false, false);
        while let Some(word) = rest.next() {
            let text = Text::of(word);
            let loose = word.many && !word.quoted && text.is_unknown();
            let operand = ended || loose || !is_option(&text.text, shape);
            let value = std::mem::take(&mut strange);
            if operand {
                let number = text.text.bytes().all(|byte| byte.is_ascii_digit());
                argv.operands.push(Operand {
                    likely: value && (names || number),
                    text,
                    loose,
                    value,
                });
                if argv.operands.len() == FIRST_OPERANDS && !goes_on(&argv.operands) {
                    return None;
                }
            } else if text.text == "--" {
                ended = true;
            } else {
                let long = text.text.starts_with("--") && !text.text.contains('=');
                strange = long && !is_listed(shape, &text.text);
                names = !is_switch(&text.text);
                argv.option(&text, shape, &mut rest);
            }
        }
        Some(argv)
    }

    fn option<'w>(
        &mut self,
        text: &Text,
        shape: &Shape,
        rest: &mut impl Iterator<Item = &'w Word>,
    ) {
        let (name, value) = text.split('=');
        let whole =
            shape.style == OptionStyle::Words || name.starts_with("--") || is_listed(shape, &name);
        if !whole {
            return self.cluster(text, shape, rest);
        }
        let name = canonical(&name, shape.style);
        let takes = value.is_none()
            && shape
                .valued
                .iter()
                .any(|valued| canonical(valued, shape.style) == name);
        let value = if takes {
            rest.next().map(Text::of)
        } else {
            value
        };
        self.options.push(Opt { name, value });
    }

    /// Reads `-rf`, `-n5`, `-Atc TEXT`.
    fn cluster<'w>(
        &mut self,
        text: &Text,
        shape: &Shape,
        rest: &mut impl Iterator<Item = &'w Word>,
    ) {
        for (at, char) in text.text.char_indices().skip(1) {
            let name = format!("-{char}");
            if !shape.valued.contains(&name.as_str()) {
                self.options.push(Opt { name, value: None });
                continue;
            }
            let attached = text.text.get(at + char.len_utf8()..).unwrap_or_default();
            let value = if attached.is_empty() {
                rest.next().map(Text::of)
            } else {
                let attached = attached.strip_prefix('=').unwrap_or(attached);
                Some(Text {
                    text: attached.to_owned(),
                    hole: attached.contains(HOLE),
                    shown: attached.replace(HOLE, "$?"),
                })
            };
            self.options.push(Opt { name, value });
            return;
        }
    }

    /// Tells whether an option that is asked for is there and not switched off, and whether that rests on unknown text.
    pub fn has(&self, wanted: &str, shape: &Shape) -> Presence {
        let (name, value) = wanted
            .split_once('=')
            .map_or((wanted, None), |(name, value)| (name, Some(value)));
        let name = canonical(name, shape.style);
        let negated = name.strip_prefix("--").map(|name| format!("--no-{name}"));
        let mut state = Presence::Absent;
        for option in &self.options {
            if negated.as_ref() == Some(&option.name) {
                state = Presence::Absent;
            } else if option.name == name
                || shape.abbreviates && self.is_short_for(&option.name, &name, shape)
            {
                state = presence(option, value);
            }
        }
        state
    }

    fn is_short_for(&self, written: &str, name: &str, shape: &Shape) -> bool {
        written.len() > 3
            && written.starts_with("--")
            && name.starts_with(written)
            && !is_listed(shape, written)
    }

    /// Returns the values of an option, in order.
    pub fn values<'a>(
        &'a self,
        flag: &'a str,
        style: OptionStyle,
    ) -> impl Iterator<Item = &'a Text> {
        let name = canonical(flag, style);
        self.options
            .iter()
            .filter(move |option| option.name == name)
            .filter_map(|option| option.value.as_ref())
    }
}

/// Tells whether a word is written as an option; `-1` is a number unless the shape says otherwise.
fn is_option(text: &str, shape: &Shape) -> bool {
    let Some(name) = text.strip_prefix('-') else {
        return false;
    };
    let number = name.bytes().all(|byte| byte.is_ascii_digit());
    !name.is_empty() && (!number || is_listed(shape, text))
}

/// Long options that programs have as switches: no value follows.
const SWITCHES: [&str; 38] = [
    "all",
    "assume-yes",
    "batch",
    "bun",
    "debug",
    "detach",
    "dry-run",
    "experimental",
    "force",
    "global",
    "help",
    "insecure",
    "interactive",
    "json",
    "json-output",
    "local",
    "offline",
    "plain",
    "porcelain",
    "pretty",
    "production",
    "quiet",
    "raw",
    "recursive",
    "remote",
    "root",
    "silent",
    "stdin",
    "strict",
    "system",
    "tls",
    "trace",
    "tty",
    "user",
    "verbose",
    "version",
    "watch",
    "yes",
];

/// Tells whether a long option reads like a switch.
fn is_switch(option: &str) -> bool {
    const HEADS: [&str; 9] = [
        "no-", "skip-", "ignore-", "enable-", "disable-", "non-", "allow-", "without-", "assume-",
    ];
    let name = option.trim_start_matches('-');
    SWITCHES.binary_search(&name).is_ok() || HEADS.iter().any(|head| name.starts_with(head))
}

/// Whether an option is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Absent,
    Present,
    /// Its value is not known and decides.
    Unknown,
}

fn presence(option: &Opt, wanted: Option<&str>) -> Presence {
    match (&option.value, wanted) {
        (Some(value), _) if value.hole => Presence::Unknown,
        (Some(value), Some(wanted)) if value.text.eq_ignore_ascii_case(wanted) => Presence::Present,
        (_, Some(_)) => Presence::Absent,
        (Some(value), None) if OFF.contains(&value.text.to_ascii_lowercase().as_str()) => {
            Presence::Absent
        }
        (_, None) => Presence::Present,
    }
}

/// Writes the name of an option one way: in the style of words one dash and two are the same.
fn canonical(name: &str, style: OptionStyle) -> String {
    match style {
        OptionStyle::Gnu => name.to_owned(),
        OptionStyle::Words => format!("--{}", name.trim_start_matches('-')),
    }
}

/// Tells whether a shape names this very option anywhere.
fn is_listed(shape: &Shape, name: &str) -> bool {
    let mut listed = shape
        .valued
        .iter()
        .chain(shape.unless)
        .chain(shape.flags.iter().copied().flatten());
    listed.any(|known| known.split('=').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::builtin;

    #[test]
    fn words_after_a_verdict_on_the_first_operands_are_not_read() {
        let rules = builtin::book().for_program("docker");
        let shape = rules.iter().flat_map(|rule| rule.argv).next().unwrap();
        let origin = crate::model::span::Origin::Text(crate::model::span::Span::new(0, 0));
        let words: Vec<Word> = (0..1_000)
            .map(|at| Word::literal(format!("a{at}"), origin.clone()))
            .collect();
        let asked = std::cell::Cell::new(0);
        let until = |first: &[Operand]| {
            asked.set(asked.get() + first.len());
            false
        };
        assert!(Argv::read(&words, shape, until).is_none());
        assert_eq!(asked.get(), FIRST_OPERANDS);
        let whole = Argv::read(&words, shape, |_| true).unwrap();
        assert_eq!(whole.operands.len(), 1_000);
    }
}
