//! What a restore would do, step by step; a dry run prints the very plan that would be applied.
//! Plans are made by the engines, which look at the world; this module only holds and words them.

use std::path::PathBuf;

use serde::Serialize;

use crate::model::backup::Definition;
use crate::model::finding::RowsLost;

/// What the caller wants back.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Wish {
    /// Only these tables (or paths inside a tree); empty means everything.
    pub only: Vec<String>,
    /// Another place: a path for trees and SQLite files, a database for servers.
    pub to: Option<String>,
    /// Puts back what is missing into the living target and touches nothing that is there.
    pub missing_only: bool,
    /// What stands there now stays as it is: the loss wrote nothing, or a person wants only what is missing.
    pub leave_present: bool,
    /// Rows that were lost one by one: of their tables only these come back.
    pub rows: Vec<RowsLost>,
    /// Tables that were dropped or emptied: none of their rows stayed.
    pub emptied: Vec<String>,
    /// Rows that somebody changed again after the loss get the values of the backup too.
    pub over: bool,
    /// What the loss took along or changed through foreign keys and triggers comes back too.
    pub follow: bool,
    /// Definitions without rows were lost: these, and what a server takes along with them or with a table.
    pub redefine: bool,
    pub definitions: Vec<Definition>,
    /// Where what stands at the target now lay before the loss; it goes back there.
    pub moved_from: Option<PathBuf>,
    /// When the call was let through.
    pub lost_at: Option<jiff::Timestamp>,
    /// Of tables that changed, the call only dropped columns: what else is in their rows is not its doing.
    pub columns_only: bool,
    /// It was undone before: the columns have their values again.
    pub undone: bool,
    /// An undo before this one left something behind: what is still missing is looked for again.
    pub again: bool,
    /// The plan counts and lists rows even where that takes a scratch database.
    pub look: bool,
}

impl Wish {
    /// Returns which rows of a table were lost, when that is known; `is` tells whether a name means the table.
    pub fn rows_of(&self, is: impl Fn(&str) -> bool) -> Vec<&RowsLost> {
        self.rows.iter().filter(|one| is(&one.table)).collect()
    }
}

/// One step of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// The present state is backed up before anything is touched.
    SavePresent { what: String },
    /// Missing parent folders are made again.
    MakeParents {
        #[serde(with = "crate::model::name::path")]
        path: PathBuf,
    },
    /// A tree or file is unpacked beside its place and renamed into it.
    PlaceTree {
        #[serde(with = "crate::model::name::path")]
        path: PathBuf,
        entries: u64,
    },
    /// What stands at a place now is moved aside first, and removed once the new one is in place.
    ReplaceTree {
        #[serde(with = "crate::model::name::path")]
        path: PathBuf,
        entries: u64,
    },
    /// What is missing or differs comes back into a living tree; what is only there now stays.
    MergeTree {
        #[serde(with = "crate::model::name::path")]
        path: PathBuf,
        entries: u64,
    },
    /// What was staged is staged again, where nothing else is staged by now.
    Stage { files: u64 },
    /// What was moved over something goes back to where it lay.
    MoveBack {
        #[serde(with = "crate::model::name::path")]
        from: PathBuf,
        #[serde(with = "crate::model::name::path")]
        to: PathBuf,
    },
    /// A database file is written beside its place and renamed into it.
    PlaceDatabase {
        #[serde(with = "crate::model::name::path")]
        path: PathBuf,
    },
    /// The content of a living database file is replaced through the database itself.
    ReplaceDatabase {
        #[serde(with = "crate::model::name::path")]
        path: PathBuf,
    },
    /// A missing table, view, index or trigger is created again.
    Create { kind: String, name: String },
    /// A table becomes again what it was, rows that are there now included.
    ReplaceTable { table: String, rows: u64 },
    /// Rows whose key is missing are inserted; rows that differ are listed, never overwritten.
    InsertRows {
        table: String,
        rows: u64,
        conflicts: u64,
    },
    /// Rows get back the values that a command changed; rows that were changed again are listed, and stay unless asked for.
    UpdateRows {
        table: String,
        /// None means all that can be written.
        columns: Vec<String>,
        /// None where they are counted while it is done.
        rows: Option<u64>,
        conflicts: u64,
    },
    /// Rows that stand under a key which the command gave them go, and come back under the one that they had.
    RemoveRows { table: String, rows: u64 },
    /// The index of a virtual table is made to agree with the rows again.
    Reindex { table: String },
    /// A step of a server's engine, in its own words.
    Server { verb: String, what: String },
}

impl Step {
    /// Returns the step as a sentence without full stop.
    pub fn sentence(&self) -> String {
        match self {
            Self::SavePresent { what } => format!("back up the present state of {what}"),
            Self::MakeParents { path } => format!("make the missing folder {}", path.display()),
            Self::PlaceTree { path, entries } => {
                format!("unpack {} to {}", entries_of(*entries), path.display())
            }
            Self::ReplaceTree { path, entries } => {
                format!(
                    "replace {} with the {} of the backup",
                    path.display(),
                    entries_of(*entries)
                )
            }
            Self::MergeTree { path, entries } => format!(
                "put back into {} what is missing or differs of the {} of the backup",
                path.display(),
                entries_of(*entries)
            ),
            Self::MoveBack { from, to } => {
                format!("move {} back to {}", from.display(), to.display())
            }
            Self::Stage { files } => {
                format!("stage {} again as staged before", counted(*files, "file"))
            }
            Self::PlaceDatabase { path } => format!("write the database file {}", path.display()),
            Self::ReplaceDatabase { path } => {
                format!(
                    "replace the content of the living database {}",
                    path.display()
                )
            }
            Self::Create { kind, name } => format!("create the {kind} `{name}` again"),
            Self::ReplaceTable { table, rows } => {
                format!(
                    "replace the table `{table}` with the {} of the backup",
                    counted(*rows, "row")
                )
            }
            Self::InsertRows {
                table,
                rows,
                conflicts,
            } => inserted(table, *rows, *conflicts),
            Self::UpdateRows {
                table,
                columns,
                rows,
                conflicts,
            } => updated(table, columns, *rows, *conflicts),
            Self::RemoveRows { table, rows } => format!(
                "take {} of `{table}` from the key that the command gave",
                counted(*rows, "row")
            ),
            Self::Reindex { table } => {
                format!("make the index of the virtual table `{table}` agree with its rows again")
            }
            Self::Server { verb, what } => format!("{verb} {what}"),
        }
    }
}

fn entries_of(number: u64) -> String {
    match number {
        1 => "1 entry".to_owned(),
        many => format!("{many} entries"),
    }
}

fn inserted(table: &str, rows: u64, conflicts: u64) -> String {
    let stay = match conflicts {
        0 => String::new(),
        1 => "; 1 row is there with other values and stays as it is".to_owned(),
        many => format!("; {many} rows are there with other values and stay as they are"),
    };
    let rows = counted(rows, "missing row");
    format!("insert {rows} into `{table}`{stay}")
}

fn updated(table: &str, columns: &[String], rows: Option<u64>, conflicts: u64) -> String {
    let which = match rows {
        Some(rows) => counted(rows, "row"),
        None => "the rows".to_owned(),
    };
    let what = match columns {
        [] => "all values".to_owned(),
        columns => format!("the values of {}", columns.join(", ")),
    };
    let stay = match conflicts {
        0 => String::new(),
        1 => "; 1 row was changed again since and stays as it is".to_owned(),
        many => format!("; {many} rows were changed again since and stay as they are"),
    };
    format!("give {which} of `{table}` back {what} that the backup has{stay}")
}

/// Returns a size for people.
pub fn sized(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut rest = number;
    let mut name = "B";
    let mut tenths = 0;
    for unit in UNITS {
        if rest < 1000 {
            break;
        }
        tenths = (rest % 1000) / 100;
        rest /= 1000;
        name = unit;
    }
    format!("{rest}.{tenths} {name}")
}

/// Returns a number with its noun: `1 row`, `2 rows`.
pub fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}

/// What a restore would do; nothing to do when there are no steps.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct RestorePlan {
    pub backup: String,
    pub steps: Vec<Step>,
    /// Things to know before it is applied, as sentences without full stop.
    pub notes: Vec<String>,
    /// What the loss took and this plan does not bring back, with the way to do it by hand; sentences without full stop.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// The first of the rows that get other values, or that were changed again and stay, and names that are written over, as sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<String>,
    /// Rows that were changed again after the loss, and stay unless they are asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub again: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Restored {
    /// Backup of the state before, when there was one.
    pub saved: Option<String>,
    /// Steps that were applied, in the words of the plan.
    pub done: Vec<String>,
    /// What differs and was left as it is, as sentences.
    pub conflicts: Vec<String>,
    pub notes: Vec<String>,
    /// What did not come back, with the way to do it by hand, as sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}
