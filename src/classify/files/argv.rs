//! Splits the words of a program into flags and operands, as getopt would.
//! It knows no program: the options that take a value are the caller's.

use crate::model::word::{Hole, Part, Word};

/// Parts of the names of variables that hold flags, without a plural's `S`.
const FLAG_NAMES: [&str; 10] = [
    "ARG", "FLAG", "FORCE", "FORCED", "HARD", "MODE", "OPT", "OPTION", "PARAM", "SWITCH",
];

/// Options of a program that take a value.
#[derive(Clone, Copy, Debug)]
pub struct Valued {
    /// Short letters, such as `"st"`.
    pub short: &'static str,
    /// Long names with their dashes.
    pub long: &'static [&'static str],
}

impl Valued {
    /// A program none of whose options takes a value.
    pub const NONE: Self = Self {
        short: "",
        long: &[],
    };
}

/// Flags and operands of one program.
#[derive(Debug, Default)]
pub struct Args<'a> {
    /// Short flags as `-x`, long ones as `--name`, each with its value.
    flags: Vec<(String, Option<String>)>,
    pub operands: Vec<&'a Word>,
    /// A word that is not known stands where flags could.
    pub any_flag: bool,
    /// Such a word is a variable whose name says that it holds flags.
    pub told_flag: bool,
    /// Long names that are written out, and not cut short.
    whole: &'static [&'static str],
}

impl<'a> Args<'a> {
    /// Reads the words after the program.
    pub fn read(words: &'a [Word], valued: Valued) -> Self {
        let mut args = Self {
            whole: valued.long,
            ..Self::default()
        };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = word.text();
            match text.as_deref() {
                Some("--") => {
                    args.operands.extend(rest);
                    break;
                }
                Some(text) if text.starts_with("--") => {
                    args.long(text, valued, &mut rest);
                }
                Some(text) if text.starts_with('-') && text.len() > 1 => {
                    args.short(text, valued, &mut rest);
                }
                Some(_) => args.operands.push(word),
                None => args.unknown(word),
            }
        }
        args
    }

    fn unknown(&mut self, word: &'a Word) {
        let starts_open = matches!(
            word.pieces.first().map(|piece| &piece.part),
            Some(Part::Hole(_))
        );
        let prefix = word.prefix();
        if let Some(name) = prefix.strip_prefix("--").filter(|name| !name.is_empty()) {
            let name = name.split('=').next().unwrap_or(name);
            return self.flags.push((format!("--{name}"), None));
        }
        if prefix.starts_with('-') && prefix.len() > 1 {
            for letter in prefix.chars().skip(1) {
                self.flags.push((format!("-{letter}"), None));
            }
            self.any_flag = true;
            self.told_flag = true;
            return;
        }
        if starts_open && word.many {
            self.any_flag = true;
            self.told_flag |= names_flags(word);
        }
        self.operands.push(word);
    }

    fn long(&mut self, text: &str, valued: Valued, rest: &mut impl Iterator<Item = &'a Word>) {
        if let Some((name, value)) = text.split_once('=') {
            return self.flags.push((name.to_owned(), Some(value.to_owned())));
        }
        let exact = valued.long.contains(&text);
        let cut = !exact && text.len() > 5 && {
            let mut names = valued.long.iter().filter(|name| name.starts_with(text));
            names.next().is_some() && names.next().is_none()
        };
        let value = (exact || cut)
            .then(|| rest.next().map(Word::shown))
            .flatten();
        self.flags.push((text.to_owned(), value));
    }

    fn short(&mut self, text: &str, valued: Valued, rest: &mut impl Iterator<Item = &'a Word>) {
        let mut letters = text.chars().skip(1);
        while let Some(letter) = letters.next() {
            let name = format!("-{letter}");
            if !valued.short.contains(letter) {
                self.flags.push((name, None));
                continue;
            }
            let attached: String = letters.by_ref().collect();
            let value = if attached.is_empty() {
                rest.next().map(Word::shown)
            } else {
                Some(attached)
            };
            self.flags.push((name, value));
        }
    }

    /// Tells whether any of these flags is there; long names may be cut short (`--recurs`).
    pub fn has(&self, names: &[&str]) -> bool {
        names
            .iter()
            .any(|name| self.flags.iter().any(|(flag, _)| self.means(flag, name)))
    }

    /// Tells whether a flag is this one, or is it cut short; a name that is whole is no other cut short (`--file`, `--files-from`).
    fn means(&self, flag: &str, name: &str) -> bool {
        flag == name
            || flag.len() > 4
                && name.starts_with("--")
                && name.starts_with(flag)
                && !self.whole.contains(&flag)
    }

    /// Tells whether the last word on it says that nothing is done: `-n`, or `--dry-run` as git reads it, without `--no-dry-run` behind.
    pub fn rehearses(&self, names: &[&str]) -> bool {
        let said = self.flags.iter().rev().find_map(|(flag, _)| {
            let off = flag.len() > 6 && "--no-dry-run".starts_with(flag.as_str());
            let on = names.iter().any(|name| {
                flag == name
                    || flag.len() > 4 && name.starts_with("--") && name.starts_with(flag.as_str())
            });
            (on || off).then_some(on && !off)
        });
        said.unwrap_or(false)
    }

    /// Tells whether any of these flags is there, or may be.
    pub fn may_have(&self, names: &[&str]) -> bool {
        self.any_flag || self.has(names)
    }

    /// Tells whether any of these flags is there, or a variable stands there that is named for flags.
    ///
    /// For programs that lose nothing without the flag: an unknown word is the value of its place there.
    pub fn told(&self, names: &[&str]) -> bool {
        self.told_flag || self.has(names)
    }

    /// Returns the value of the last of these flags.
    pub fn value(&self, names: &[&str]) -> Option<&str> {
        self.flags
            .iter()
            .rev()
            .find(|(flag, _)| names.iter().any(|name| self.means(flag, name)))
            .and_then(|(_, value)| value.as_deref())
    }

    /// Returns every flag.
    pub fn flags(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.flags
            .iter()
            .map(|(flag, value)| (flag.as_str(), value.as_deref()))
    }
}

/// Tells whether a word is a variable with a name such as `OPTS`, `PUSH_FLAGS` or `force`.
fn names_flags(word: &Word) -> bool {
    word.pieces.iter().any(|piece| match &piece.part {
        Part::Hole(Hole::Inherited(name)) => name
            .to_ascii_uppercase()
            .split('_')
            .any(|part| FLAG_NAMES.contains(&part.trim_end_matches('S'))),
        Part::Hole(Hole::Unknown | Hole::Name) | Part::Literal(_) | Part::Glob(_) => false,
    })
}
