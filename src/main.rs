//! Entry point: a hook call of an agent or of git's refs goes its short way, everything else through the command line room.

use std::ffi::OsString;

fn main() {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let code = match words.split_first() {
        Some((first, rest))
            if first == "hook" && !rest.iter().any(|word| word == "--help" || word == "-h") =>
        {
            backstop::cli::hook::entry(rest)
        }
        Some((first, rest)) if first == "git" => {
            backstop::cli::git::reference_transaction::entry(rest)
                .unwrap_or_else(backstop::cli::run)
        }
        _ => backstop::cli::run(),
    };
    std::process::exit(i32::from(code));
}
