//! Conditions that the world answers: `[ -d releases ]`, `test -s plan.txt`, and lists that a loop reads from a file.
//! It answers only what no part of the call can have changed before; what cannot be asked stays open.

use std::path::PathBuf;

use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, EntryKind, Question};
use crate::model::word::Word;

use super::ast::{NodeKind, PartKind, RedirectOp, Redirection};
use super::state::{Feed, State, lexical, nowhere};
use super::unfold::{Frame, Unfolder};

/// Programs that change no file, whatever their words are.
const STILL: [&str; 62] = [
    "echo",
    "printf",
    "grep",
    "egrep",
    "tr",
    "basename",
    "dirname",
    "sleep",
    "true",
    "false",
    "test",
    "[",
    "expr",
    "seq",
    "cut",
    "wc",
    "uname",
    "date",
    "whoami",
    "id",
    "which",
    "ls",
    "cat",
    "head",
    "tail",
    "stat",
    "du",
    "df",
    "pwd",
    "realpath",
    "readlink",
    "hostname",
    "tput",
    "clear",
    "getent",
    "nproc",
    "env",
    "printenv",
    "pgrep",
    "ps",
    "free",
    "uptime",
    "cmp",
    "diff",
    "file",
    "md5sum",
    "sha256sum",
    "jq",
    "rev",
    "tac",
    "nl",
    "logger",
    "tty",
    "arch",
    "groups",
    "yes",
    // The scripts that they run are commands of their own.
    "npm",
    "pnpm",
    "yarn",
    "make",
    "just",
    "bun",
];

impl Unfolder<'_> {
    /// Tells what `test` finds at a path, where that is certain.
    pub(super) fn stands(&mut self, op: &str, path: &str, st: &State) -> Option<bool> {
        let kinds = ["-e", "-a", "-f", "-d", "-s", "-L", "-h", "-r", "-w", "-x"];
        if !kinds.contains(&op) || path.is_empty() {
            return None;
        }
        let place = self.steady(path, st)?;
        match self.facts.ask(Question::Entry(place), self.needs)? {
            Answer::Absent => Some(false),
            Answer::Entry(entry) => match (entry.kind, op) {
                (EntryKind::File | EntryKind::Directory, "-e" | "-a") => {
                    Some(!path.ends_with('/') || entry.kind == EntryKind::Directory)
                }
                (EntryKind::File, "-f") | (EntryKind::Directory, "-d") => {
                    Some(!path.ends_with('/') || entry.kind == EntryKind::Directory)
                }
                (EntryKind::File, "-d") | (EntryKind::Directory, "-f") => Some(false),
                (EntryKind::File, "-s") => Some(entry.bytes > 0 && !path.ends_with('/')),
                (EntryKind::Link, "-L" | "-h") => Some(true),
                (EntryKind::File | EntryKind::Directory, "-L" | "-h") => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the place of a path that nothing of the call can have changed so far.
    fn steady(&mut self, path: &str, st: &State) -> Option<PathBuf> {
        if self.facts.assumed || st.far || self.beside > 0 || !self.is_still() {
            return None;
        }
        // What stands behind a link and `..` is elsewhere.
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        if path.starts_with('/') {
            return Some(lexical("/".as_ref(), path));
        }
        Some(lexical(st.known_cwd()?, path))
    }

    /// Tells whether nothing that was started so far changes files.
    pub(super) fn is_still(&mut self) -> bool {
        while let Some(command) = self.out.commands.get(self.still) {
            if !is_still(command) {
                let folders = folders_made(command);
                if !folders.is_some_and(|folders| self.are_folders(folders)) {
                    return false;
                }
            }
            self.still += 1;
        }
        self.out.opaque.is_empty()
    }

    /// Tells whether folders stand at all these places already: who makes them makes nothing.
    fn are_folders(&mut self, places: Vec<PathBuf>) -> bool {
        !self.facts.assumed
            && places.into_iter().all(|place| {
                let answer = self.facts.ask(Question::Entry(place), self.needs);
                matches!(answer, Some(Answer::Entry(entry)) if entry.kind == EntryKind::Directory)
            })
    }

    /// Tells whether a loop whose input this is may be given its lines one by one.
    pub(super) const fn is_list_reader(kind: &NodeKind) -> bool {
        matches!(kind, NodeKind::While { .. })
    }

    /// Notes that a builtin takes a line of the input; of a second one, or behind a program that reads, no answer is certain.
    pub(super) fn takes_line(&mut self, fr: &Frame) {
        let Feed::Text { pieces, .. } = &fr.stdin else {
            return;
        };
        let text = super::state::literal(pieces);
        let endless = text.is_some_and(|text| {
            let mut lines = text.lines();
            let first = lines.next();
            lines.clone().count() >= 3 && lines.all(|line| Some(line) == first)
        });
        let was_read = self.taken.contains(&fr.stdin);
        if was_read && !endless || !self.reads_still(fr) {
            self.unsure += 1;
        }
        if !was_read {
            self.taken.push(fr.stdin.clone());
        }
    }

    /// Tells whether no program before may have read this input.
    fn reads_still(&self, fr: &Frame) -> bool {
        let input = fr.stdin.stdin();
        let quiet = [
            "echo", "printf", "ls", "date", "basename", "dirname", "pwd", "test", "[",
        ];
        self.out.commands.iter().rev().take(256).all(|command| {
            let name = command.words.first().and_then(Word::text);
            command.stdin != input
                || name.is_some_and(|name| quiet.contains(&name.as_str()))
                || super::readers::reads_files(command)
        })
    }
}

/// Tells whether a program of this name changes no file, redirections aside.
pub(super) fn is_silent(name: &str) -> bool {
    STILL.contains(&name)
}

/// Tells whether a command changes no file.
pub(super) fn is_still(command: &Command) -> bool {
    let name = command.words.first().and_then(Word::text);
    let name = name.unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    let only_opens = name == ":" && command.words.len() == 1;
    command.writes.is_empty() && (STILL.contains(&name) || only_opens)
}

/// Returns the folders that a command makes, and nothing else.
fn folders_made(command: &Command) -> Option<Vec<PathBuf>> {
    let Cwd::Known(here) = &command.cwd else {
        return None;
    };
    if !command.writes.is_empty() || !command.is_here() || !command.is_any(&["mkdir"]) {
        return None;
    }
    let words: Option<Vec<String>> = command.args().iter().map(Word::text).collect();
    let words = words?;
    let (flags, places): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| word.starts_with('-'));
    let plain = (flags.iter()).all(|flag| matches!(flag.as_str(), "-p" | "-v" | "-pv" | "--"));
    let places = places.into_iter().map(|place| lexical(here, place));
    plain.then(|| places.collect())
}

/// Tells whether redirections leave the status of a condition alone.
pub(super) fn is_plain(redirects: &[Redirection]) -> bool {
    redirects.iter().all(|redirect| {
        let null = matches!(redirect.target.parts.as_slice(), [part]
            if matches!(&part.kind, PartKind::Plain(text) if text == "/dev/null"));
        null && matches!(
            redirect.op,
            RedirectOp::Out | RedirectOp::Append | RedirectOp::OutBoth
        ) || redirect.op == RedirectOp::DupOut
    })
}

/// What `getopts` does next.
pub(super) struct Taken {
    pub name: String,
    pub argument: Option<String>,
}

/// Reads all options of `getopts` at once, with the number of words that they take; nothing where one is not known.
pub(super) fn taken(spec: &str, words: &[Word]) -> Option<(Vec<(Taken, usize)>, usize)> {
    let silent = spec.starts_with(':');
    let spec = spec.strip_prefix(':').unwrap_or(spec);
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word.many || word.has_glob() {
            return None;
        }
        let text = word.text()?;
        if text == "--" {
            return Some((all, at + 1));
        }
        let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        let mut rest = letters.chars();
        at += 1;
        while let Some(letter) = rest.next() {
            let known = spec.find(letter).filter(|_| letter != ':');
            let valued = known.is_some_and(|place| {
                let end = place + letter.len_utf8();
                spec.get(end..).is_some_and(|after| after.starts_with(':'))
            });
            let mut found = Taken {
                name: letter.to_string(),
                argument: None,
            };
            if known.is_none() {
                found.name = "?".to_owned();
                found.argument = silent.then(|| letter.to_string());
            } else if valued {
                let inside = rest.as_str().to_owned();
                rest = "".chars();
                if !inside.is_empty() {
                    found.argument = Some(inside);
                } else if let Some(value) = words.get(at) {
                    if value.many || value.has_glob() {
                        return None;
                    }
                    found.argument = Some(value.text()?);
                    at += 1;
                } else {
                    found.name = if silent { ":" } else { "?" }.to_owned();
                    found.argument = silent.then(|| letter.to_string());
                }
            }
            let inner = usize::from(!rest.as_str().is_empty());
            all.push((found, at + 1 - inner));
        }
    }
    Some((all, at))
}

/// A word of this text that stands nowhere.
pub(super) fn said(text: &str) -> super::state::Value {
    super::state::Value::Text(vec![super::expand::literal_piece(text, &nowhere())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(spec: &str, words: &[&str]) -> Option<(Vec<String>, usize)> {
        let words: Vec<Word> = words
            .iter()
            .map(|word| Word::literal(*word, nowhere()))
            .collect();
        let (all, end) = taken(spec, &words)?;
        let shown = |(found, _): &(Taken, usize)| match &found.argument {
            Some(argument) => format!("{}={argument}", found.name),
            None => found.name.clone(),
        };
        Some((all.iter().map(shown).collect(), end))
    }

    #[test]
    fn options_are_read_as_getopts_reads_them() {
        let of = |spec: &str, words: &[&str]| read(spec, words).unwrap();
        assert_eq!(
            of("nfk:", &["-fn", "-k", "3", "dir", "-n"]),
            (vec!["f".into(), "n".into(), "k=3".into()], 3)
        );
        assert_eq!(
            of("nk:", &["-nk3", "--", "-n"]),
            (vec!["n".into(), "k=3".into()], 2)
        );
        assert_eq!(of("n", &["-x", "dir"]), (vec!["?".into()], 1));
        assert_eq!(of(":k:", &["-k"]), (vec![":=k".into()], 1));
        assert_eq!(of("n", &["-", "-n"]), (vec![], 0));
    }

    #[test]
    fn words_that_are_not_known_give_no_options() {
        let hole = Word::hole(crate::model::word::Hole::Unknown, true, nowhere());
        assert!(taken("n", &[hole]).is_none());
    }
}
