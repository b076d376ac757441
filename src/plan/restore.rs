//! What a restore would do, step by step; a dry run prints the very plan that would be applied.
//! Plans are made by the engines, which look at the world; this module only holds and words them.

use std::path::PathBuf;

use serde::Serialize;

/// What the caller wants back.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Wish {
    /// Only these tables (or paths inside a tree); empty means everything.
    pub only: Vec<String>,
    /// Another place: a path for trees and SQLite files, a database for servers.
    pub to: Option<String>,
    /// Puts back what is missing into the living target and touches nothing that is there.
    pub missing_only: bool,
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
                format!("unpack {entries} entries to {}", path.display())
            }
            Self::ReplaceTree { path, entries } => {
                format!(
                    "replace {} with the {entries} entries of the backup",
                    path.display()
                )
            }
            Self::MergeTree { path, entries } => format!(
                "put back into {} what is missing or differs of the {entries} entries of the backup",
                path.display()
            ),
            Self::Stage { files } => format!("stage {files} files again as they were staged"),
            Self::PlaceDatabase { path } => format!("write the database file {}", path.display()),
            Self::ReplaceDatabase { path } => {
                format!(
                    "replace the content of the living database {}",
                    path.display()
                )
            }
            Self::Create { kind, name } => format!("create the {kind} `{name}` again"),
            Self::ReplaceTable { table, rows } => {
                format!("replace the table `{table}` with the {rows} rows of the backup")
            }
            Self::InsertRows {
                table,
                rows,
                conflicts: 0,
            } => format!("insert {rows} missing rows into `{table}`"),
            Self::InsertRows {
                table,
                rows,
                conflicts,
            } => format!(
                "insert {rows} missing rows into `{table}`; {conflicts} rows are there with other values and stay as they are"
            ),
            Self::Server { verb, what } => format!("{verb} {what}"),
        }
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
}
