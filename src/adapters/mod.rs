//! The world: file system, git, servers, containers, terminals, processes, environment.
//! Adapters answer and act; they do not decide.

pub mod environment;
pub mod failpoint;
pub mod files;
pub mod git;
pub mod mounts;
pub mod pattern;
