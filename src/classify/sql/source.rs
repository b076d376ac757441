//! SQL text put together from words and files, with the way back to where each byte was written.
//! It judges nothing.

use std::path::{Path, PathBuf};

use crate::model::span::{FilePos, Origin, Span};
use crate::model::word::{Part, Word};
use crate::sql::HOLE;

/// A stretch of the text and where it comes from.
#[derive(Clone, Debug)]
struct Anchor {
    at: usize,
    length: usize,
    origin: Origin,
}

/// A text with its origins.
#[derive(Clone, Debug, Default)]
pub(in crate::classify) struct Source {
    pub text: String,
    anchors: Vec<Anchor>,
    /// The file that holds all of it.
    pub file: Option<PathBuf>,
    /// Texts of other files behind it, and where they begin.
    attached: Vec<(usize, Self)>,
}

impl Source {
    /// Returns the text of a word, holes marked.
    pub fn of_word(word: &Word) -> Self {
        let mut source = Self::default();
        source.add(word);
        source
    }

    /// Returns the text of a file.
    pub fn of_file(path: &Path, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            anchors: Vec::new(),
            file: Some(path.to_owned()),
            attached: Vec::new(),
        }
    }

    pub fn add(&mut self, word: &Word) {
        for piece in &word.pieces {
            let at = self.text.len();
            match &piece.part {
                Part::Literal(text) | Part::Glob(text) => self.text.push_str(text),
                Part::Hole(_) => self.text.push(HOLE),
            }
            self.anchors.push(Anchor {
                at,
                length: self.text.len() - at,
                origin: piece.origin.clone(),
            });
        }
    }

    /// Appends another text behind a line of its own.
    pub fn join(&mut self, other: &Self) {
        self.text.push_str("\n;\n");
        let base = self.text.len();
        self.text.push_str(&other.text);
        self.anchors
            .extend(other.anchors.iter().map(|anchor| Anchor {
                at: anchor.at + base,
                ..anchor.clone()
            }));
    }

    /// Appends another text that keeps its own file.
    pub fn attach(&mut self, other: Self) {
        self.text.push_str("\n\n");
        let base = self.text.len();
        self.text.push_str(&other.text);
        self.attached.push((base, other));
    }

    /// Returns where a span of the text was written.
    pub fn origin(&self, span: Span, fallback: &Origin) -> Origin {
        let mut attached = self.attached.iter().rev();
        if let Some((base, other)) = attached.find(|(base, _)| *base <= span.start) {
            let own = Span::new(span.start - base, span.end.saturating_sub(*base));
            return other.origin(own, fallback);
        }
        if let Some(file) = &self.file {
            return Origin::File(self.position(file, 1, 1, 0, span.start));
        }
        let first = self.anchor(span.start);
        let last = self.anchor(span.end.saturating_sub(1).max(span.start));
        match (first, last) {
            (Some(first), Some(last)) => {
                let start = self.place(first, span.start, false);
                let end = self.place(last, span.end, true);
                match (start, end) {
                    (Origin::Text(start), Origin::Text(end)) => Origin::Text(start.join(end)),
                    (start, _) => start,
                }
            }
            _ => fallback.clone(),
        }
    }

    fn anchor(&self, at: usize) -> Option<&Anchor> {
        let index = self.anchors.partition_point(|anchor| anchor.at <= at);
        self.anchors.get(index.checked_sub(1)?)
    }

    fn place(&self, anchor: &Anchor, at: usize, end: bool) -> Origin {
        match &anchor.origin {
            Origin::Text(span) => {
                // Escapes make the written form longer: then only the whole piece is sure.
                let quotes = span.len().checked_sub(anchor.length);
                let Some(shift) = quotes.filter(|more| *more == 0).map(|_| 0) else {
                    return Origin::Text(*span);
                };
                let offset = at.saturating_sub(anchor.at).min(anchor.length);
                let place = span.start + shift + offset;
                Origin::Text(if end {
                    Span::new(span.start.max(place.saturating_sub(1)), place)
                } else {
                    Span::new(place, place)
                })
            }
            Origin::File(pos) => Origin::File(self.position(
                &pos.file,
                pos.line,
                pos.column,
                anchor.at,
                at.max(anchor.at),
            )),
        }
    }

    /// Counts lines from a known place on.
    fn position(&self, file: &Path, line: usize, column: usize, from: usize, to: usize) -> FilePos {
        let before = self.text.get(from..to).unwrap_or_default();
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        let column = match before.rfind('\n') {
            Some(newline) => before.len() - newline,
            None => column + before.len(),
        };
        FilePos {
            file: file.to_owned(),
            line: line + lines,
            column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_leads_back_to_the_words_bytes() {
        let word = Word::literal("SELECT 1; DROP TABLE t", Origin::Text(Span::new(10, 32)));
        let source = Source::of_word(&word);
        let origin = source.origin(Span::new(10, 22), &word.origin);
        assert_eq!(origin, Origin::Text(Span::new(20, 32)));
    }

    #[test]
    fn an_escaped_piece_gives_its_whole_span() {
        let word = Word::literal("DROP TABLE \"t\"", Origin::Text(Span::new(5, 23)));
        let source = Source::of_word(&word);
        let origin = source.origin(Span::new(0, 14), &word.origin);
        assert_eq!(origin, Origin::Text(Span::new(5, 23)));
    }

    #[test]
    fn a_file_gives_line_and_column() {
        let source = Source::of_file(Path::new("/a.sql"), "SELECT 1;\n  DROP TABLE t;");
        let Origin::File(pos) = source.origin(Span::new(12, 24), &Origin::Text(Span::new(0, 0)))
        else {
            panic!("no file");
        };
        assert_eq!((pos.line, pos.column), (2, 3));
    }
}
