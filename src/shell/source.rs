//! A text together with the places its bytes come from: the call itself, a file, or words that were joined.
//! It maps spans back; it does not parse.

use std::path::{Path, PathBuf};

use crate::model::span::{FilePos, Origin, Span};
use crate::model::word::{Hole, Part, Piece, Word};

/// Holes and globs inside a nested text are written as one private-use character each.
const FIRST_MARK: u32 = 0x10_F000;
/// More unknown stretches than this in one text are all read as the last one.
const MAX_MARKS: usize = 4_000;

/// A text and where it comes from.
#[derive(Clone, Debug)]
pub struct Source {
    pub text: String,
    stretches: Vec<Stretch>,
    /// What stands for a mark, and where it came from.
    marks: Vec<Piece>,
    file: Option<Lines>,
}

#[derive(Clone, Debug)]
struct Stretch {
    at: usize,
    origin: Origin,
    exact: bool,
}

#[derive(Clone, Debug)]
struct Lines {
    path: PathBuf,
    starts: Vec<usize>,
}

impl Source {
    /// Returns the deciding text itself.
    pub fn top(text: &str) -> Self {
        let origin = Origin::Text(Span::new(0, text.len()));
        Self {
            text: text.to_owned(),
            stretches: vec![Stretch {
                at: 0,
                origin,
                exact: true,
            }],
            marks: Vec::new(),
            file: None,
        }
    }

    /// Returns the text of a file.
    pub fn file(path: &Path, text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self {
            text: text.to_owned(),
            stretches: Vec::new(),
            marks: Vec::new(),
            file: Some(Lines {
                path: path.to_owned(),
                starts,
            }),
        }
    }

    /// Returns an empty text to which words are added.
    pub fn joined() -> Self {
        Self {
            text: String::new(),
            stretches: Vec::new(),
            marks: Vec::new(),
            file: None,
        }
    }

    /// Returns the text that these words make when joined by blanks.
    pub fn from_words(words: &[Word]) -> Self {
        let mut source = Self::joined();
        for word in words {
            if !source.text.is_empty() {
                source.text.push(' ');
            }
            source.push(&word.pieces);
        }
        source
    }

    /// Adds pieces; holes and globs become marks.
    pub fn push(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            let at = self.text.len();
            let mut exact = false;
            match &piece.part {
                Part::Literal(text) => {
                    exact = match &piece.origin {
                        Origin::Text(span) => span.len() == text.len(),
                        Origin::File(_) => true,
                    };
                    self.text.push_str(text);
                }
                Part::Glob(_) | Part::Hole(_) => {
                    if self.marks.len() < MAX_MARKS {
                        self.marks.push(piece.clone());
                    }
                    let index = u32::try_from(self.marks.len()).unwrap_or(1) - 1;
                    self.text
                        .push(char::from_u32(FIRST_MARK + index).unwrap_or('?'));
                }
            }
            self.stretches.push(Stretch {
                at,
                origin: piece.origin.clone(),
                exact,
            });
        }
    }

    /// Adds a stretch of another source as written.
    pub fn push_raw(&mut self, other: &Self, span: Span) {
        let text = other.text.get(span.start..span.end).unwrap_or_default();
        let origin = other.origin(span);
        let exact = match &origin {
            Origin::Text(place) => place.len() == text.len(),
            Origin::File(_) => true,
        };
        if other.marks.is_empty() {
            let at = self.text.len();
            self.text.push_str(text);
            self.stretches.push(Stretch { at, origin, exact });
        } else {
            let pieces = other.pieces(text, origin);
            self.push(&pieces);
        }
    }

    /// Returns where a span of this text stands.
    pub fn origin(&self, span: Span) -> Origin {
        if let Some(lines) = &self.file {
            return Origin::File(lines.place(span.start));
        }
        let first = self.stretch(span.start);
        let last = self.stretch(span.end.saturating_sub(1).max(span.start));
        match (first, last) {
            (Some(first), Some(last)) => {
                let start = first.place(span);
                if first.at == last.at {
                    return start;
                }
                match (start, last.place(span)) {
                    (Origin::Text(a), Origin::Text(b)) => Origin::Text(a.join(b)),
                    (start, _) => start,
                }
            }
            _ => Origin::Text(Span::default()),
        }
    }

    fn stretch(&self, at: usize) -> Option<&Stretch> {
        let index = self.stretches.partition_point(|stretch| stretch.at <= at);
        self.stretches
            .get(index.saturating_sub(1))
            .or_else(|| self.stretches.last())
    }

    /// Returns literal text as pieces, with marks turned back into what they stand for.
    pub fn pieces(&self, text: &str, origin: Origin) -> Vec<Piece> {
        if self.marks.is_empty() || memchr::memchr(0xF4, text.as_bytes()).is_none() {
            return vec![Piece {
                part: Part::Literal(text.to_owned()),
                origin,
            }];
        }
        let mut all = Vec::new();
        let mut known = String::new();
        for c in text.chars() {
            match self.mark(c) {
                Some(piece) => {
                    if !known.is_empty() {
                        all.push(Piece {
                            part: Part::Literal(std::mem::take(&mut known)),
                            origin: origin.clone(),
                        });
                    }
                    all.push(piece.clone());
                }
                None => known.push(c),
            }
        }
        if !known.is_empty() || all.is_empty() {
            all.push(Piece {
                part: Part::Literal(known),
                origin,
            });
        }
        all
    }

    /// Returns the text of a span, as written.
    pub fn at(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Tells whether the text holds anything but unknown stretches and blanks.
    pub fn has_known_text(&self) -> bool {
        self.text
            .chars()
            .any(|c| !c.is_whitespace() && self.mark(c).is_none())
    }

    fn mark(&self, c: char) -> Option<&Piece> {
        let index = (c as u32).checked_sub(FIRST_MARK)?;
        self.marks.get(usize::try_from(index).ok()?)
    }

    /// Returns the text for a person: marks become `$?`.
    pub fn shown(&self) -> String {
        if self.marks.is_empty() {
            return self.text.clone();
        }
        let mut all = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            match self.mark(c).map(|piece| &piece.part) {
                Some(Part::Glob(text) | Part::Literal(text)) => all.push_str(text),
                Some(Part::Hole(Hole::Inherited(name))) => {
                    all.push('$');
                    all.push_str(name);
                }
                Some(Part::Hole(Hole::Unknown | Hole::Name)) => all.push_str("$?"),
                None => all.push(c),
            }
        }
        all
    }
}

impl Stretch {
    fn place(&self, span: Span) -> Origin {
        if !self.exact {
            return self.origin.clone();
        }
        let offset = span.start.saturating_sub(self.at);
        match &self.origin {
            Origin::Text(place) => {
                let start = (place.start + offset).min(place.end);
                let end = (place.start + span.end.saturating_sub(self.at)).min(place.end);
                let start = if span.start < self.at {
                    place.start
                } else {
                    start
                };
                Origin::Text(Span::new(start, end.max(start)))
            }
            Origin::File(place) => Origin::File(FilePos {
                file: place.file.clone(),
                line: place.line,
                column: place.column + offset,
            }),
        }
    }
}

impl Lines {
    fn place(&self, at: usize) -> FilePos {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied();
        FilePos {
            file: self.path.clone(),
            line: line.max(1),
            column: at.saturating_sub(start.unwrap_or_default()) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_in_a_joined_text_points_at_the_word_it_came_from() {
        let word = Word::literal("rm -rf x", Origin::Text(Span::new(10, 18)));
        let source = Source::from_words(&[word]);
        let origin = source.origin(Span::new(7, 8));
        assert_eq!(origin, Origin::Text(Span::new(17, 18)));
    }

    #[test]
    fn a_hole_survives_inside_a_nested_text() {
        let hole = Word::hole(Hole::Unknown, false, Origin::Text(Span::new(3, 5)));
        let mut source = Source::joined();
        source.push(&Word::literal("rm ", Origin::Text(Span::new(0, 3))).pieces);
        source.push(&hole.pieces);
        let pieces = source.pieces(&source.text, Origin::Text(Span::new(0, 5)));
        assert_eq!(
            pieces.get(1).map(|piece| &piece.part),
            Some(&Part::Hole(Hole::Unknown))
        );
    }

    #[test]
    fn a_place_in_a_file_has_line_and_column() {
        let source = Source::file(Path::new("/x.sh"), "a\nrm x\n");
        match source.origin(Span::new(5, 6)) {
            Origin::File(place) => assert_eq!((place.line, place.column), (2, 4)),
            Origin::Text(span) => panic!("a text span {span:?}"),
        }
    }
}
