//! What `getopt` of util-linux prints: the words of a script in order, quoted for the `eval set --` that follows.
//! Rules: getopt(1) and getopt_long(3). An option that is not known makes it fail, and is not computed.

use crate::model::word::Word;

use super::expand::literal_piece;
use super::state::{Feed, nowhere};

/// Whether an option takes an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Argument,
    /// Only one that is joined to it: `-oX`, `--option=X`.
    Perhaps,
}

/// What the call says of the options that a script takes.
#[derive(Default)]
struct Known {
    short: Vec<(char, Takes)>,
    long: Vec<(String, Takes)>,
    /// The first word that is no option ends them.
    stops: bool,
}

impl Known {
    fn add_short(&mut self, text: &str) -> Option<()> {
        let rest = text.strip_prefix('+');
        self.stops |= rest.is_some();
        let mut letters = rest.unwrap_or(text).chars().peekable();
        while let Some(letter) = letters.next() {
            // A `-` in front gives the words in their order; it is rare, and not followed.
            if !letter.is_ascii_alphanumeric() {
                return None;
            }
            let mut colons = 0;
            while letters.next_if_eq(&':').is_some() {
                colons += 1;
            }
            self.short.push((letter, takes(colons)?));
        }
        Some(())
    }

    fn add_long(&mut self, text: &str) -> Option<()> {
        let names = text.split([',', ' ', '\t', '\n']);
        for name in names.filter(|name| !name.is_empty()) {
            let plain = name.trim_end_matches(':');
            self.long
                .push((plain.to_owned(), takes(name.len() - plain.len())?));
        }
        Some(())
    }

    fn short(&self, letter: char) -> Option<Takes> {
        let found = self.short.iter().find(|(known, _)| *known == letter);
        found.map(|(_, takes)| *takes)
    }

    /// Returns the option of this name, or the only one that begins with it.
    fn long(&self, name: &str) -> Option<(&str, Takes)> {
        let exact = self.long.iter().find(|(known, _)| known == name);
        let mut begun = self
            .long
            .iter()
            .filter(|(known, _)| known.starts_with(name));
        let found = match (exact, begun.next(), begun.next()) {
            (Some(exact), ..) => exact,
            (None, Some(one), None) => one,
            _ => return None,
        };
        Some((&found.0, found.1))
    }
}

const fn takes(colons: usize) -> Option<Takes> {
    match colons {
        0 => Some(Takes::Nothing),
        1 => Some(Takes::Argument),
        2 => Some(Takes::Perhaps),
        _ => None,
    }
}

/// Returns what `getopt` prints for words that are all known; nothing where it would fail or is not followed.
pub(super) fn feed(args: &[Word]) -> Option<Feed> {
    let words: Vec<String> = args.iter().map(Word::text).collect::<Option<_>>()?;
    let origin = args
        .first()
        .map_or_else(nowhere, |word| word.origin.clone());
    let text = printed(&words)?;
    Some(Feed::text(vec![literal_piece(&text, &origin)]))
}

fn printed(words: &[String]) -> Option<String> {
    let mut known = Known::default();
    let mut rest = words.iter();
    let mut given = false;
    loop {
        let word = rest.next()?;
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => (name, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        match name {
            "--" => break,
            "-o" | "--options" => {
                known.add_short(&joined.or_else(|| rest.next().cloned())?)?;
                given = true;
            }
            "-l" | "--long" | "--longoptions" => {
                known.add_long(&joined.or_else(|| rest.next().cloned())?)?;
            }
            "-n" | "--name" => {
                joined.or_else(|| rest.next().cloned())?;
            }
            "-q" | "--quiet" => {}
            // The old form: `getopt ab: "$@"`, which quotes nothing.
            _ => return None,
        }
    }
    if !given {
        return None;
    }
    let (options, others) = ordered(&known, rest.as_slice())?;
    let mut text = String::new();
    for option in options {
        text.push(' ');
        text.push_str(&option);
    }
    text.push_str(" --");
    for word in others {
        text.push(' ');
        text.push_str(&quoted(word));
    }
    text.push('\n');
    Some(text)
}

/// Returns the options as they are printed, and the words that are none.
fn ordered<'w>(known: &Known, words: &'w [String]) -> Option<(Vec<String>, Vec<&'w String>)> {
    let (mut options, mut others) = (Vec::new(), Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            others.extend(rest);
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            let (name, joined) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let (name, takes) = known.long(name)?;
            options.push(format!("--{name}"));
            match (takes, joined) {
                (Takes::Nothing, None) => {}
                (Takes::Nothing, Some(_)) => return None,
                (Takes::Perhaps, value) => options.push(quoted(value.unwrap_or_default())),
                (Takes::Argument, Some(value)) => options.push(quoted(value)),
                (Takes::Argument, None) => options.push(quoted(rest.next()?)),
            }
        } else if let Some(letters) = word.strip_prefix('-').filter(|text| !text.is_empty()) {
            bundle(known, letters, &mut rest, &mut options)?;
        } else {
            others.push(word);
            if known.stops {
                others.extend(rest);
                break;
            }
        }
    }
    Some((options, others))
}

/// `-vk3`: flags, and at most one argument behind them.
fn bundle<'w>(
    known: &Known,
    letters: &str,
    rest: &mut impl Iterator<Item = &'w String>,
    options: &mut Vec<String>,
) -> Option<()> {
    let mut left = letters.chars();
    while let Some(letter) = left.next() {
        options.push(format!("-{letter}"));
        let joined = left.as_str();
        match known.short(letter)? {
            Takes::Nothing => continue,
            Takes::Perhaps => options.push(quoted(joined)),
            Takes::Argument if joined.is_empty() => options.push(quoted(rest.next()?)),
            Takes::Argument => options.push(quoted(joined)),
        }
        break;
    }
    Some(())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(line: &[&str]) -> Option<String> {
        let words: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        printed(&words)
    }

    #[test]
    fn options_come_first_and_every_word_is_quoted() {
        let spec = ["-o", "d:k:nh", "--long", "dir:,keep:,dry-run,color::", "--"];
        let of = |words: &[&str]| print(&[&spec, words].concat());
        let said = |text: &str| Some(format!("{text}\n"));
        assert_eq!(of(&[]), said(" --"));
        assert_eq!(of(&["-nk3", "x"]), said(" -n -k '3' -- 'x'"));
        assert_eq!(of(&["x", "--keep", "3"]), said(" --keep '3' -- 'x'"));
        assert_eq!(of(&["--dry"]), said(" --dry-run --"));
        assert_eq!(of(&["--dir=it's"]), said(" --dir 'it'\\''s' --"));
        assert_eq!(
            of(&["--color", "-d", "a b"]),
            said(" --color '' -d 'a b' --")
        );
        assert_eq!(of(&["-n", "--", "-k"]), said(" -n -- '-k'"));
        assert_eq!(of(&["--d"]), None);
        assert_eq!(of(&["-x"]), None);
        assert_eq!(of(&["-k"]), None);
        assert_eq!(of(&["--dry-run=1"]), None);
        assert_eq!(print(&["ab:", "-a"]), None);
        assert_eq!(
            print(&["-o", "+n", "-n", "tool", "--", "x", "-n"]),
            said(" -- 'x' '-n'")
        );
    }
}
