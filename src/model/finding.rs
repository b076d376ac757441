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
    /// The rows that a DELETE takes or an UPDATE changes, as far as the statement alone says it: an undo brings back these and no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowsLost>,
}

/// Rows of one table that a statement takes or changes; a later look at a backup can find them again.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowsLost {
    /// The table as the server looks it up, quotes undone.
    pub table: String,
    /// The name by which the condition speaks of the table, where it has another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The condition: it asks only the row itself, and gives the same answer at any time; nothing means all rows.
    pub predicate: Option<String>,
    /// Rows go; otherwise they get other values.
    pub deletes: bool,
    /// Columns that get other values; empty for a deletion, and where they could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<Setting>,
}

impl RowsLost {
    /// Puts several losses of one table together, as the rows that any of them names; nothing where that cannot be said.
    pub fn joined(losses: &[&Self]) -> Option<Self> {
        let (first, more) = losses.split_first()?;
        if more.is_empty() {
            return Some((*first).clone());
        }
        let mut whole = Self {
            table: first.table.clone(),
            alias: first.alias.clone(),
            ..Self::default()
        };
        let mut conditions = Vec::new();
        for loss in losses {
            if loss.alias != whole.alias || !loss.deletes && loss.sets.is_empty() {
                return None;
            }
            whole.deletes |= loss.deletes;
            conditions.push(loss.predicate.as_ref().map(|text| format!("({text}\n)")));
            for one in &loss.sets {
                if whole.sets.iter().all(|other| other.column != one.column) {
                    // A later statement may see what an earlier one wrote: the value is not known.
                    whole.sets.push(Setting {
                        column: one.column.clone(),
                        value: None,
                    });
                }
            }
        }
        let conditions: Option<Vec<String>> = conditions.into_iter().collect();
        whole.predicate = conditions.map(|all| all.join(" OR "));
        Some(whole)
    }

    /// Leaves out what holds a secret; without its condition an undo looks at all rows.
    pub fn hide(&mut self, redact: impl Fn(&str) -> String) {
        let secret = |text: &str| redact(text) != text;
        self.predicate = self.predicate.take().filter(|text| !secret(text));
        for one in &mut self.sets {
            let Setting { column, value } = one;
            let said = |text: &String| secret(&format!("{column}={text}"));
            *value = value.take().filter(|text| !said(text));
        }
    }
}

/// One column that an UPDATE sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Quotes undone, as the server looks it up.
    pub column: String,
    /// The new value as an expression over the old row; nothing when it cannot be computed again.
    pub value: Option<String>,
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
