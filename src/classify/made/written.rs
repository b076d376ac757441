//! Files that the call itself writes over: what a removal takes afterwards is the call's own text.
//! It holds for `--facts none` alone, where a plain overwrite is no finding; files that are only added to and folders do not count.

use crate::classify::files::{Args, Valued};
use crate::model::command::{Command, WriteMode};
use crate::model::word::Word;

use super::things::Thing;

/// Devices, and descriptors by their names.
const NO_FILES: &str = "/dev/";

/// Returns the files that the command has emptied or made if it ran at all: the shell opens them before it starts.
pub fn opened(command: &Command) -> Vec<Thing> {
    if !command.is_here() {
        return Vec::new();
    }
    let anew = |mode: WriteMode| mode == WriteMode::Truncate;
    let redirected = command.writes.iter().filter(|write| anew(write.mode));
    let mut files: Vec<Word> = redirected.map(|write| write.file.clone()).collect();
    if command.program().as_deref() == Some("tee") {
        let args = Args::read(command.args(), Valued::NONE);
        if !args.has(&["-a", "--append"]) && !args.any_flag {
            files.extend(args.operands.into_iter().cloned());
        }
    }
    known(files)
}

/// Returns the files whose content is the command's own if it succeeded.
pub fn replaced(command: &Command) -> Vec<Thing> {
    if !command.is_here() {
        return Vec::new();
    }
    let files = match command.program().as_deref() {
        Some("cp" | "install") => copied(command),
        Some("curl") => valued(command, ("-o", "--output"), &["-C", "--continue-at"]),
        Some("wget") => valued(command, ("-O", "--output-document"), &[]),
        Some("sort" | "gcc" | "cc" | "clang" | "g++" | "rustc") => {
            valued(command, ("-o", "--output"), &[])
        }
        _ => Vec::new(),
    };
    let named = super::outputs::files(command);
    known(files.into_iter().chain(named).collect())
        .into_iter()
        .map(|thing| match thing {
            Thing::Written(file) => Thing::Replaced(file),
            other => other,
        })
        .collect()
}

fn known(files: Vec<Word>) -> Vec<Thing> {
    let one = |word: &Word| !word.many && !word.has_glob() && !word.prefix().starts_with(NO_FILES);
    files.into_iter().filter(one).map(Thing::Written).collect()
}

/// `cp a b`: options may say that what is there stays, or where the copy goes.
fn copied(command: &Command) -> Vec<Word> {
    let args = Args::read(
        command.args(),
        Valued {
            short: "m",
            long: &["--mode"],
        },
    );
    let other = [
        "-n",
        "--no-clobber",
        "-i",
        "--interactive",
        "-u",
        "--update",
        "-t",
        "--target-directory",
        "-r",
        "-R",
        "-a",
        "-d",
        "--directory",
    ];
    match args.operands.as_slice() {
        [_, to] if !args.any_flag && !args.has(&other) => vec![(*to).clone()],
        _ => Vec::new(),
    }
}

/// The value of one option, given as a word of its own or behind `=`.
fn valued(command: &Command, (short, long): (&str, &str), partial: &[&str]) -> Vec<Word> {
    let args = command.args();
    let text = |word: &Word| word.text().unwrap_or_default();
    if args
        .iter()
        .any(|word| partial.contains(&text(word).as_str()))
    {
        return Vec::new();
    }
    let named = |word: &Word| {
        let text = text(word);
        let bundle = text.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        // Bundles of letters that take no value: `-sSLo`, `-qO`.
        let bundled = bundle.is_some_and(|letters| {
            letters.len() <= 6
                && short
                    .strip_prefix('-')
                    .is_some_and(|last| letters.ends_with(last))
                && letters
                    .chars()
                    .rev()
                    .skip(1)
                    .all(|letter| "fsSLkqvng4".contains(letter))
        });
        text == long || bundled
    };
    let pairs = args.iter().zip(args.iter().skip(1));
    pairs
        .filter(|(word, _)| named(word))
        .map(|(_, value)| value.clone())
        .collect()
}
