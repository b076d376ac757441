//! Entry point: a hook call goes its short way, everything else through the command line room.

use std::ffi::OsString;

fn main() {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let code = match words.split_first() {
        Some((first, rest))
            if first == "hook" && !rest.iter().any(|word| word == "--help" || word == "-h") =>
        {
            backstop::cli::hook::entry(rest)
        }
        _ => backstop::cli::run(),
    };
    std::process::exit(i32::from(code));
}
