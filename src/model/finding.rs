//! What would be lost, by which rule, and how grave that is.
//! Findings do not know what is owed for them; policy says that.

use serde::{Deserialize, Serialize};

use super::span::{FilePos, Span};
use super::target::Target;

/// How grave a loss is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    None,
    Moderate,
    High,
    Critical,
    Catastrophic,
}

impl Severity {
    /// Returns the word used in JSON, policy files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Catastrophic => "catastrophic",
        }
    }
}

/// How much would be lost, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Blast {
    /// Sentences without full stop, most important first: "1,204 rows, 96 kB", "view `active_users` breaks".
    pub lines: Vec<String>,
    /// Set only for a loss that policy may call small: files inside the project, rows of a DELETE that its WHERE bounds.
    #[serde(default)]
    pub measured: Option<Measured>,
    /// Further tables whose rows go along (`public.items` under TRUNCATE … CASCADE): a backup has to hold them, and an undo brings them back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// What is lost as a definition (an index, a trigger, a role): the backup has to hold these instead of the named object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<super::backup::Definition>,
}

/// The counted size of a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Measured {
    pub files: u64,
    pub bytes: u64,
    pub rows: u64,
}

/// One loss that the call would cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `family.kebab-case`.
    pub rule: String,
    pub severity: Severity,
    /// What happens, lower case, no full stop: "drops table customers".
    pub summary: String,
    pub command: Vec<String>,
    /// Byte offsets into the deciding string; nothing when it stands in a file.
    pub span: Option<Span>,
    pub file: Option<FilePos>,
    /// Names of the wrappers that lead there, outermost first.
    pub via: Vec<String>,
    pub targets: Vec<Target>,
    pub opaque: bool,
    pub instead: Option<String>,
    #[serde(default)]
    pub blast: Blast,
    /// Why nothing is lost after all (regenerable, temporary, absent, empty); `require` lowers such findings to `none`.
    #[serde(default)]
    pub exempt: Option<String>,
}
