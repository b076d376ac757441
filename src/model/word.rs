//! A word of a command after evaluation: known bytes, glob characters and holes.
//! It does not evaluate anything; the shell room does.

use super::span::Origin;

/// Why a part of a word is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hole {
    /// An inherited variable: the hook's value, empty and unknown are all possible; the worst counts.
    Inherited(String),
    /// Unknown text of any form.
    Unknown,
    /// Unknown text that is not empty and holds neither `/` nor `..` (a loop item, `basename`, `mktemp`'s random part).
    Name,
}

/// One part of a word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Known text.
    Literal(String),
    /// Unquoted pattern text as written, such as `*`, `?` or `[a-z]`.
    Glob(String),
    /// Text that cannot be known here.
    Hole(Hole),
}

/// One part of a word and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    pub part: Part,
    pub origin: Origin,
}

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    pub pieces: Vec<Piece>,
    /// The whole word as written.
    pub origin: Origin,
    /// Set when the word may stand for any number of fields (unquoted hole, `$@`); a glob is told by its part.
    pub many: bool,
    /// Set when any part of the word was quoted or escaped (then it is no reserved word, alias or tilde).
    pub quoted: bool,
}

impl Word {
    /// Returns a fully known word.
    pub fn literal(text: impl Into<String>, origin: Origin) -> Self {
        let piece = Piece {
            part: Part::Literal(text.into()),
            origin: origin.clone(),
        };
        Self {
            pieces: vec![piece],
            origin,
            many: false,
            quoted: false,
        }
    }

    /// Returns a word of which nothing is known.
    pub fn hole(hole: Hole, many: bool, origin: Origin) -> Self {
        let piece = Piece {
            part: Part::Hole(hole),
            origin: origin.clone(),
        };
        Self {
            pieces: vec![piece],
            origin,
            many,
            quoted: false,
        }
    }

    /// Returns the text of a word that is one literal piece, as nearly every word is.
    pub fn plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [
                Piece {
                    part: Part::Literal(text),
                    ..
                },
            ] => Some(text),
            _ => None,
        }
    }

    /// Returns the text when every piece is literal.
    pub fn text(&self) -> Option<String> {
        if let Some(text) = self.plain() {
            return Some(text.to_owned());
        }
        let mut all = String::new();
        for piece in &self.pieces {
            match &piece.part {
                Part::Literal(text) => all.push_str(text),
                Part::Glob(_) | Part::Hole(_) => return None,
            }
        }
        Some(all)
    }

    /// Returns the known text before the first glob or hole.
    pub fn prefix(&self) -> String {
        let mut all = String::new();
        for piece in &self.pieces {
            match &piece.part {
                Part::Literal(text) => all.push_str(text),
                Part::Glob(_) | Part::Hole(_) => break,
            }
        }
        all
    }

    /// Tells whether the known text before the first glob or hole starts so.
    pub fn prefix_starts(&self, start: &str) -> bool {
        let mut left = start;
        for piece in &self.pieces {
            let Part::Literal(text) = &piece.part else {
                break;
            };
            match left.strip_prefix(text.as_str()) {
                Some(rest) => left = rest,
                None => return text.starts_with(left),
            }
        }
        left.is_empty() && !self.pieces.is_empty()
    }

    /// Tells whether every piece is literal.
    pub fn is_literal(&self) -> bool {
        self.pieces
            .iter()
            .all(|piece| matches!(piece.part, Part::Literal(_)))
    }

    /// Tells whether any piece is a hole.
    pub fn has_hole(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece.part, Part::Hole(_)))
    }

    /// Tells whether any piece is an active glob.
    pub fn has_glob(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece.part, Part::Glob(_)))
    }

    /// Returns a readable form: literals and globs as they are, holes as `$NAME` or `$?`.
    pub fn shown(&self) -> String {
        let mut all = String::new();
        for piece in &self.pieces {
            match &piece.part {
                Part::Literal(text) | Part::Glob(text) => all.push_str(text),
                Part::Hole(Hole::Inherited(name)) => {
                    all.push('$');
                    all.push_str(name);
                }
                Part::Hole(Hole::Unknown | Hole::Name) => all.push_str("$?"),
            }
        }
        all
    }
}
