//! backstop stands between a coding agent and the data it could destroy.
//! The rooms and the arrows between them are described in `ARCHITECTURE.md`.

pub mod adapters;
pub mod backup;
pub mod classify;
pub mod cli;
pub mod decide;
pub mod enforce;
pub mod examine;
pub mod gather;
pub mod guard;
pub mod intake;
pub mod model;
pub mod plan;
pub mod policy;
pub mod ports;
pub mod render;
pub mod scan;
pub mod shell;
pub mod sql;
pub mod store;
