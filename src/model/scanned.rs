//! What a scan says about files: remarks with their places, what relieves them, and notes that fail nothing.
//! Finding and judging are done elsewhere; nothing here reads a file.

use serde::{Deserialize, Serialize};

use super::finding::Severity;

/// Which half of a migration a statement stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Up,
    /// Runs only when the migration is taken back: a note, never a failure.
    Down,
}

impl Part {
    /// Returns the word used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// A stretch of a file; lines and columns count from 1, columns in characters, the end is behind the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot {
    /// Relative to the root of the scan, parted by `/`.
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// A reviewed exception that relieves a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relief {
    /// Last day on which it counts, as written.
    pub until: String,
    pub reason: String,
    pub line: usize,
}

/// One loss that a file would cause when it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub rule: String,
    pub severity: Severity,
    /// What happens, lower case, no full stop.
    pub summary: String,
    pub spot: Spot,
    pub part: Option<Part>,
    /// What stands there, on one line.
    pub snippet: String,
    /// The line of the file, for showing the place.
    pub source: String,
    pub instead: Option<String>,
    pub opaque: bool,
    pub excepted: Option<Relief>,
    pub baselined: bool,
    /// What a baseline remembers it by: rule, path, normalised snippet and its number among equal ones.
    pub key: String,
}

impl Remark {
    /// Tells whether it makes the scan fail.
    pub fn counts(&self) -> bool {
        self.part != Some(Part::Down) && self.excepted.is_none() && !self.baselined
    }
}

/// Something worth saying that fails nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// `scan.unused-exception`, `scan.too-large`, …
    pub name: String,
    pub file: String,
    /// 0 when it is about the whole file.
    pub line: usize,
    pub column: usize,
    /// A sentence without full stop.
    pub text: String,
}

/// Everything that one scan says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub remarks: Vec<Remark>,
    pub notes: Vec<Note>,
    /// Files that were looked at.
    pub files: usize,
    /// Files of a kind that is judged.
    pub judged: usize,
}

impl Report {
    /// Returns how many remarks make the scan fail.
    pub fn failing(&self) -> usize {
        self.remarks.iter().filter(|remark| remark.counts()).count()
    }
}
