//! `check --facts here`: what calls would lose of the files, repositories and databases that are there.
//! Only the scenes are built; what is judged is never run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "tests may unwrap and print"
)]

#[path = "../house/mod.rs"]
mod house;
#[path = "../scene/mod.rs"]
mod scene;
#[path = "../support/mod.rs"]
mod support;

mod files;
mod git;
mod left;
mod node;
mod node_odd;
mod python;
mod python_odd;
mod python_strange;
mod reached;
mod scripts;
mod told;
