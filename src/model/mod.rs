//! The nouns of the program: plain values that every other room speaks in.
//! Nothing here decides, reads or writes anything, and nothing of ours is imported.

pub mod address;
pub mod approval;
pub mod backup;
pub mod command;
pub mod database;
pub mod effect;
pub mod evidence;
pub mod fact;
pub mod finding;
pub mod git;
pub mod name;
pub mod pattern;
pub mod policy;
pub mod push;
pub mod request;
pub mod rule;
pub mod scanned;
pub mod secret;
pub mod service;
pub mod span;
pub mod target;
pub mod verdict;
pub mod word;
