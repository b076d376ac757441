//! Programs of which a condition may be made: they read, print and change nothing, so that their output can be looked at twice.

use crate::model::command::Command;
use crate::model::word::Word;

use super::ast::{NodeKind, Script};
use super::awk;
use super::options::options;
use super::truth::plain;
use super::world::is_plain;

/// Programs that write nothing, whatever they are told.
const READERS: [&str; 14] = [
    "cat", "head", "tail", "cut", "tr", "grep", "egrep", "fgrep", "wc", "basename", "dirname",
    "nl", "rev", "tac",
];

const AWKS: [&str; 4] = ["awk", "gawk", "mawk", "nawk"];

/// Tells whether a command only reads and prints.
pub(super) fn only_reads(command: &Command) -> bool {
    let Some(program) = command.program() else {
        return false;
    };
    let words: Option<Vec<String>> = command.args().iter().map(Word::text).collect();
    command.writes.is_empty() && words.is_some_and(|words| reads(&program, command.args(), &words))
}

fn reads(program: &str, args: &[Word], words: &[String]) -> bool {
    if READERS.contains(&program) {
        return true;
    }
    if AWKS.contains(&program) {
        let found = options(args, "-F -v --assign --field-separator");
        let known = |name: &str| matches!(name, "-F" | "-v" | "--assign" | "--field-separator");
        return found.list.iter().all(|(name, _)| known(name))
            && words.get(found.rest).is_some_and(|text| awk::is_pure(text));
    }
    match (program, words) {
        ("sort", words) => !words
            .iter()
            .any(|word| word.starts_with("-o") || word.starts_with("--o")),
        ("uniq", words) => words.iter().filter(|word| !word.starts_with('-')).count() < 2,
        ("sed", [option, script, ..])
            if matches!(option.as_str(), "-n" | "-E" | "-nE" | "-r" | "-nr" | "-ne") =>
        {
            is_idle_sed(script)
        }
        ("sed", [script, ..]) => is_idle_sed(script),
        _ => false,
    }
}

/// Tells whether a command reads the files that it names, and so leaves its standard input to others.
pub(super) fn reads_files(command: &Command) -> bool {
    let (valued, least) = match command.program().as_deref() {
        Some("cat") => ("", 1),
        Some("awk" | "gawk" | "mawk" | "nawk") => ("-F -v --assign --field-separator", 2),
        Some("grep" | "egrep" | "fgrep") => ("-m -A -B -C", 2),
        Some("sqlite3") => ("-cmd -init -separator -nullvalue -newline", 2),
        _ => return false,
    };
    let operands = command
        .args()
        .get(options(command.args(), valued).rest..)
        .unwrap_or_default();
    let is_file = |word: &Word| {
        word.text()
            .is_some_and(|text| !text.starts_with('-') && !text.starts_with("/dev/"))
    };
    operands.len() >= least && operands.iter().all(is_file)
}

/// Tells whether a script of sed only chooses lines or replaces in them: `s/^x=//p`, `/^x/d`, `3q`.
fn is_idle_sed(script: &str) -> bool {
    let place = |text: &str| {
        let ends = |c: char| !(c.is_ascii_digit() || matches!(c, '$' | ','));
        text.trim_start_matches(|c| !ends(c)).to_owned()
    };
    let rest = match script
        .strip_prefix('/')
        .and_then(|rest| rest.split_once('/'))
    {
        Some((pattern, rest)) if !pattern.ends_with('\\') => rest.to_owned(),
        Some(_) => return false,
        None => place(script),
    };
    if matches!(rest.as_str(), "p" | "d" | "q" | "!d" | "!p") {
        return true;
    }
    let Some(change) = rest.strip_prefix('s') else {
        return false;
    };
    let Some(by) = change.chars().next().filter(char::is_ascii_punctuation) else {
        return false;
    };
    let mut parts = change.split(by).skip(1);
    let (Some(from), Some(to), Some(flags), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    by != '\\'
        && !from.ends_with('\\')
        && !to.ends_with('\\')
        && flags
            .chars()
            .all(|flag| matches!(flag, 'g' | 'p' | 'I' | '1'..='9'))
}

/// Tells whether a substitution is made of such programs, word by word as it stands there.
pub(super) fn is_made_of_readers(script: &Script) -> bool {
    let [item] = script.items.as_slice() else {
        return false;
    };
    let simple = item.first.nodes.iter().all(|node| {
        let NodeKind::Simple { assigns, words } = &node.kind else {
            return false;
        };
        assigns.is_empty()
            && is_plain(&node.redirects)
            && words
                .first()
                .and_then(plain)
                .is_some_and(|program| READERS.contains(&program))
    });
    simple && item.rest.is_empty() && !item.background
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_of_sed_that_only_chooses_or_replaces_is_idle() {
        for script in [
            "s/^path *= *//p",
            "/^x=/d",
            "3q",
            "s|a|b|g",
            "/x/s/a/b/2p",
            "1,3p",
            "$d",
        ] {
            assert!(is_idle_sed(script), "{script}");
        }
        for script in [
            "s/a/b/w out",
            "s/a/rm x/e",
            "w out",
            "r in",
            "s/a/b/;e rm",
            "1e rm",
            "s/a\\/b/c/",
            "/a\\/b/d",
        ] {
            assert!(!is_idle_sed(script), "{script}");
        }
    }
}
