//! Plans of restores and retention, and whether a backup covers a loss, as values.
//! Nothing is read, written or asked here; `now` is a parameter.

pub mod coverage;
pub mod hooks;
pub mod json;
pub mod refs;
pub mod restore;
pub mod retention;
pub mod settings;
