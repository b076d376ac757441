//! Makes, verifies, lists and restores backups.
//! It decides neither what is owed nor whether a backup counts as evidence: `decide` and `plan` do.

pub mod control;
pub mod engine;
pub mod error;
pub mod files;
pub mod pipeline;
pub mod postgres;
pub mod readback;
mod stream;

pub use error::BackupError;
