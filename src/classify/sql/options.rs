//! Reads a client's words into options and operands, as getopt does.
//! It knows no client; `shapes` says which options take a value.

use crate::model::span::{Origin, Span};
use crate::model::word::{Part, Piece, Word};

/// How a client writes its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::classify) enum Style {
    /// `-Atc SQL`, `-cSQL`, `--command=SQL`, long options may be cut short.
    Gnu,
    /// `-cmd SQL` and `--cmd SQL` are the same.
    Words,
}

/// Options in their order, and operands.
#[derive(Debug, Default)]
pub(in crate::classify) struct Options {
    pub options: Vec<(String, Option<Word>)>,
    pub operands: Vec<Word>,
}

impl Options {
    /// Returns the value of the last option with one of these names.
    pub fn value(&self, names: &[&str]) -> Option<&Word> {
        self.options
            .iter()
            .rev()
            .find(|(name, _)| names.contains(&name.as_str()))
            .and_then(|(_, value)| value.as_ref())
    }

    /// Tells whether one of these options is there.
    pub fn has(&self, names: &[&str]) -> bool {
        self.options
            .iter()
            .any(|(name, _)| names.contains(&name.as_str()))
    }
}

/// Reads words; `valued` lists options with a value, short ones as `-c`, long ones as `--command`; `-p?` has one only where it is attached.
pub(in crate::classify) fn read(words: &[Word], style: Style, valued: &[&str]) -> Options {
    let mut all = Options::default();
    let mut rest = words.iter();
    let mut ended = false;
    while let Some(word) = rest.next() {
        let start = word.prefix();
        if ended || !start.starts_with('-') || start == "-" {
            all.operands.push(word.clone());
        } else if start == "--" && word.is_literal() {
            ended = true;
        } else if start.starts_with("--") || style == Style::Words {
            long(word, &start, style, valued, &mut rest, &mut all);
        } else {
            cluster(word, &start, valued, &mut rest, &mut all);
        }
    }
    all
}

fn long<'a>(
    word: &Word,
    start: &str,
    style: Style,
    valued: &[&str],
    rest: &mut impl Iterator<Item = &'a Word>,
    all: &mut Options,
) {
    let name = start.trim_start_matches('-');
    let (name, value) = match name.split_once('=') {
        Some((name, _)) => {
            let cut = start.len() - start.trim_start_matches('-').len() + name.len() + 1;
            (name, Some(tail(word, cut)))
        }
        None => (name, None),
    };
    let dashes = if style == Style::Words { "-" } else { "--" };
    let written = format!("{dashes}{name}");
    // The underscore form is the same option for mysql and bq.
    let full = valued
        .iter()
        .find(|one| **one == written || one.replace('-', "_") == written.replace('-', "_"))
        .or_else(|| {
            let cut_short =
                |one: &&&str| style == Style::Gnu && one.starts_with(&written) && name.len() > 2;
            valued.iter().find(cut_short)
        });
    let value = value.or_else(|| full.and_then(|_| rest.next().cloned()));
    let name = full.map_or(written, |full| (*full).to_owned());
    all.options.push((name, value));
}

fn cluster<'a>(
    word: &Word,
    start: &str,
    valued: &[&str],
    rest: &mut impl Iterator<Item = &'a Word>,
    all: &mut Options,
) {
    for (index, letter) in start.char_indices().skip(1) {
        let name = format!("-{letter}");
        if valued.contains(&name.as_str()) {
            let behind = index + letter.len_utf8();
            let attached = behind < start.len() || !word.is_literal();
            let value = if attached {
                Some(tail(word, behind))
            } else {
                rest.next().cloned()
            };
            all.options.push((name, value));
            return;
        }
        if valued.contains(&format!("{name}?").as_str()) {
            all.options
                .push((name, Some(tail(word, index + letter.len_utf8()))));
            return;
        }
        all.options.push((name, None));
    }
}

/// Returns the word without its first bytes.
pub(in crate::classify) fn tail(word: &Word, bytes: usize) -> Word {
    let mut left = bytes;
    let mut pieces = Vec::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(text) if left > 0 => {
                let cut = left.min(text.len());
                left -= cut;
                let kept = text.get(cut..).unwrap_or_default();
                if !kept.is_empty() {
                    pieces.push(Piece {
                        part: Part::Literal(kept.to_owned()),
                        origin: shifted(&piece.origin, cut, text.len()),
                    });
                }
            }
            _ => pieces.push(piece.clone()),
        }
    }
    Word {
        pieces,
        origin: word.origin.clone(),
        many: word.many,
        quoted: word.quoted,
    }
}

fn shifted(origin: &Origin, by: usize, length: usize) -> Origin {
    match origin {
        Origin::Text(span) if span.len() == length => {
            Origin::Text(Span::new(span.start + by, span.end))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(all: &[&str]) -> Vec<Word> {
        all.iter()
            .map(|text| Word::literal(*text, Origin::Text(Span::new(0, text.len()))))
            .collect()
    }

    #[test]
    fn clusters_attached_values_and_cut_short_names_are_read() {
        let read = read(
            &words(&[
                "-Atc",
                "a",
                "-cb",
                "--command=c",
                "--comm",
                "d",
                "x",
                "--",
                "-c",
            ]),
            Style::Gnu,
            &["-c", "--command"],
        );
        let values: Vec<String> = read
            .options
            .iter()
            .filter_map(|(_, value)| value.as_ref()?.text())
            .collect();
        assert_eq!(values, ["a", "b", "c", "d"]);
        assert_eq!(read.operands.len(), 2);
    }
}
