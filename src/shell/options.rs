//! Reads the options in front of a program's operands from a list of those that take a value.
//! It knows no program; the tables of the wrappers do.

use crate::model::word::Word;

/// Options as written and where the operands begin.
#[derive(Debug, Default)]
pub struct Options {
    pub list: Vec<(String, Option<Word>)>,
    /// Index of the first operand.
    pub rest: usize,
}

impl Options {
    /// Tells whether an option was given.
    pub fn has(&self, name: &str) -> bool {
        self.list.iter().any(|(known, _)| known == name)
    }

    /// Tells whether no other option than these was given.
    pub fn only(&self, names: &str) -> bool {
        let known =
            |(name, _): &(String, Option<Word>)| names.split(' ').any(|known| known == name);
        self.list.iter().all(known)
    }

    /// Returns the value of the last of these options.
    pub fn value(&self, names: &str) -> Option<&Word> {
        let of = |known: &str| names.split(' ').any(|name| name == known);
        self.list
            .iter()
            .rev()
            .find(|(known, value)| of(known) && value.is_some())
            .and_then(|(_, value)| value.as_ref())
    }

    /// Returns the values of every one of these options.
    pub fn values(&self, names: &str) -> Vec<&Word> {
        let of = |known: &str| names.split(' ').any(|name| name == known);
        self.list
            .iter()
            .filter(|(known, _)| of(known))
            .filter_map(|(_, value)| value.as_ref())
            .collect()
    }
}

/// Reads options up to the first operand; `valued` names those that take a value.
pub fn options(words: &[Word], valued: &str) -> Options {
    let mut all = Options::default();
    while let Some(word) = words.get(all.rest) {
        let head = word.prefix();
        if head == "--" && word.is_literal() {
            all.rest += 1;
            break;
        }
        let literal = word.is_literal();
        if head.len() < 2 || !(head.starts_with('-') || head.starts_with('+')) {
            break;
        }
        all.rest += 1;
        if head.starts_with("--") {
            long(&mut all, &head, word, words, valued);
        } else if takes(valued, &head) && literal {
            let value = words.get(all.rest).cloned();
            all.rest += usize::from(value.is_some());
            all.list.push((head, value));
        } else {
            cluster(&mut all, &head, word, words, valued);
        }
    }
    all
}

fn takes(valued: &str, name: &str) -> bool {
    valued.split(' ').any(|known| known == name)
}

fn long(all: &mut Options, head: &str, word: &Word, words: &[Word], valued: &str) {
    if let Some((name, _)) = head.split_once('=') {
        let mut value = word.clone();
        value.pieces = super::builtins::after_equals(word);
        all.list.push((name.to_owned(), Some(value)));
    } else if takes(valued, head) {
        let value = words.get(all.rest).cloned();
        all.rest += usize::from(value.is_some());
        all.list.push((head.to_owned(), value));
    } else {
        all.list.push((head.to_owned(), None));
    }
}

fn cluster(all: &mut Options, head: &str, word: &Word, words: &[Word], valued: &str) {
    if head.chars().skip(1).all(|c| c.is_ascii_digit()) {
        all.list.push((head.to_owned(), None));
        return;
    }
    for (at, c) in head.char_indices().skip(1) {
        let name = format!("-{c}");
        if !takes(valued, &name) {
            all.list.push((name, None));
            continue;
        }
        let end = at + c.len_utf8();
        let attached = head.len() > end || !word.is_literal();
        let value = if attached {
            Some(without_front(word, end))
        } else {
            let next = words.get(all.rest).cloned();
            all.rest += usize::from(next.is_some());
            next
        };
        all.list.push((name, value));
        return;
    }
}

/// Returns a word without its first bytes, which are literal.
pub fn without_front(word: &Word, mut bytes: usize) -> Word {
    use crate::model::word::Part;
    let mut copy = word.clone();
    copy.pieces.clear();
    for piece in &word.pieces {
        let Part::Literal(text) = &piece.part else {
            copy.pieces.push(piece.clone());
            continue;
        };
        if bytes >= text.len() {
            bytes -= text.len();
            continue;
        }
        let tail = text.get(bytes..).unwrap_or_default();
        let origin = super::builtins::cut_front(piece, bytes);
        copy.pieces
            .push(super::expand::literal_piece(tail, &origin));
        bytes = 0;
    }
    copy
}
