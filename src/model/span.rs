//! Places in texts: where a word, a statement or a finding stands.
//! A span never owns text; it does not know how to print itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A half-open range of byte offsets into the text as it was received.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// Returns the span from `start` up to, not including, `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Returns the smallest span that holds both.
    pub fn join(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Returns the number of bytes.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Tells whether the span holds no byte.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

/// A position in a file that was read to judge the call; `line` and `column` count from 1, `column` in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FilePos {
    pub file: PathBuf,
    pub line: usize,
    pub column: usize,
}

/// Where something stands: in the deciding text, or in a file that the call would run or feed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// Byte offsets into the deciding string as received.
    Text(Span),
    /// A place in a file.
    File(FilePos),
}

impl Origin {
    /// Returns the span in the deciding text, or nothing when the place is in a file.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Text(span) => Some(*span),
            Self::File(_) => None,
        }
    }
}
