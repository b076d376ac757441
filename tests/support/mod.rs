//! What several suites share: a clean terminal to start the program in, and a way to start it without one.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod pty;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program with nothing inherited: no agent's marks, no home of the person who tests.
pub fn clean(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home)
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm");
    command
}

/// The built program.
pub fn backstop() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_backstop"))
}

/// Runs the built program without a terminal to its end.
pub fn run(home: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    clean(backstop(), home)
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
