//! Makes, verifies, lists and restores backups.
//! It decides neither what is owed nor whether a backup counts as evidence: `decide` and `plan` do.

pub mod control;
pub mod error;
pub mod pipeline;

pub use error::BackupError;
