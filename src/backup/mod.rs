//! Makes, verifies, lists and restores backups.
//! It decides neither what is owed nor whether a backup counts as evidence: `decide` and `plan` do.

pub mod catalog;
mod contents;
pub mod control;
pub mod engine;
pub mod error;
pub mod files;
pub mod git;
mod in_place;
pub mod make;
mod merge;
mod move_back;
pub mod pack;
pub mod passing;
pub mod pipeline;
pub mod postgres;
pub mod readback;
pub mod restore;
pub mod sqlite;
mod sqlite_chosen;
mod sqlite_missing;
mod sqlite_reach;
mod sqlite_restore;
mod sqlite_since;
mod sqlite_table;
mod sqlite_virtual;
mod standing;
mod stream;
pub mod tarball;
pub mod tree;
mod unpack;
pub mod verify;
pub mod walk;
pub mod worktree;

pub use error::BackupError;
