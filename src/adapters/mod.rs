//! The world: file system, git, servers, containers, terminals, processes, environment.
//! Adapters answer and act; they do not decide.

pub mod archives;
pub mod compose;
pub mod containers;
pub mod docker;
pub mod environment;
pub mod failpoint;
pub mod files;
pub mod find;
pub mod git;
pub mod mounts;
pub mod pattern;
pub mod postgres;
pub mod process;
pub mod regular;
pub mod replace;
pub mod signals;
pub mod sqlite;
pub mod terminal;
pub mod tools;
