//! Plans of restores and retention, and whether a backup covers a loss, as values.
//! Nothing is read, written or asked here; `now` is a parameter.

pub mod coverage;
pub mod restore;
pub mod retention;
