//! The world: file system, git, servers, containers, terminals, processes, environment.
//! Adapters answer and act; they do not decide.

pub mod docker;
pub mod environment;
pub mod failpoint;
pub mod signals;
pub mod process;
pub mod terminal;
pub mod sqlite;
pub mod postgres;
pub mod tools;
pub mod files;
pub mod git;
pub mod mounts;
pub mod pattern;
