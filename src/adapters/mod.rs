//! The world: file system, git, servers, containers, terminals, processes, environment.
//! Adapters answer and act; they do not decide.

pub mod docker;
pub mod environment;
pub mod failpoint;
pub mod postgres;
pub mod sqlite;
pub mod tools;
