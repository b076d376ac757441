//! The text of small files that are there, where it decides what a program is told: `$(cat FILE)`, `xargs < FILE`, `while read … < FILE`.
//! Files that the call itself writes are known elsewhere; nothing is read for a program that only shows it.

use crate::model::fact::{Answer, Question};
use crate::model::word::{Hole, Word};

use super::ast::Node;
use super::expand::literal_piece;
use super::flow::{first_word, lines_of};
use super::scripts::SHELLS;
use super::state::{Feed, State, word_of};
use super::unfold::{Job, Unfolder};

/// Longer lists are not read out: what stands in them is not known.
const MAX_LISTED: usize = 64 * 1024;
/// A text with a zero byte comes back cut; one as long as this may be.
const CUT: usize = 512;
/// Names that a search gives one by one.
const MAX_SEARCHED: usize = 64;
/// Commands before it that are looked through for one that may have written the file.
const MAX_BEFORE: usize = 256;

/// Programs that show what they read, and neither run it nor take it for names.
const SHOWS: &[&str] = &[
    "head",
    "tail",
    "wc",
    "sort",
    "uniq",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "less",
    "more",
    "cat",
    "cut",
    "tr",
    "nl",
    "fold",
    "column",
    "jq",
    "yq",
    "diff",
    "cmp",
    "tee",
    "sed",
    "awk",
    "bat",
    "md5sum",
    "sha256sum",
    "base64",
    "xxd",
    "od",
    "hexdump",
    "gzip",
    "ag",
    "pbcopy",
    "xclip",
];

/// Programs that leave no file with other content behind, or whose files are followed.
const QUIET: &[&str] = &[
    ":", "[", "awk", "basename", "cat", "cd", "chmod", "chown", "cmp", "command", "comm", "cp",
    "cut", "date", "df", "diff", "dirname", "du", "echo", "env", "export", "false", "file", "find",
    "grep", "head", "hostname", "id", "jq", "kill", "ls", "mapfile", "mkdir", "mv", "nl", "printf",
    "pwd", "read", "readlink", "realpath", "rg", "rm", "rmdir", "sed", "seq", "set", "shopt",
    "sleep", "sort", "stat", "sync", "tail", "tee", "test", "tr", "true", "type", "uname", "uniq",
    "unlink", "wc", "which", "whoami", "xargs",
];

/// Subcommands of git that change no file of the work tree.
const QUIET_GIT: &[&str] = &[
    "add",
    "branch",
    "commit",
    "config",
    "describe",
    "diff",
    "fetch",
    "log",
    "ls-files",
    "push",
    "remote",
    "rev-parse",
    "show",
    "status",
    "tag",
];

impl Unfolder<'_> {
    /// Returns the text of a file that flows, where it is there and short, and nothing before it in the call can have changed it.
    pub(super) fn listed(&mut self, feed: Feed, st: &State) -> Feed {
        match self.read_out(&feed, st) {
            Some((text, true)) => text,
            Some((_, false)) | None => feed,
        }
    }

    /// Returns the lines of a file that flows, and any other line besides where something before may have changed it.
    pub(super) fn listed_or_more(&mut self, feed: Feed, st: &State) -> Feed {
        match self.read_out(&feed, st) {
            Some((text, true)) => text,
            Some((text, false)) => {
                let mut items: Vec<Word> = lines_of(&text)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|line| word_of(line, None))
                    .collect();
                let origin = match &feed {
                    Feed::File(file) => file.origin.clone(),
                    _ => super::state::nowhere(),
                };
                items.push(Word::hole(Hole::Unknown, true, origin));
                Feed::Items(items)
            }
            None => feed,
        }
    }

    /// Returns what a file that flows holds, and whether it still does when it is read.
    fn read_out(&mut self, feed: &Feed, st: &State) -> Option<(Feed, bool)> {
        let Feed::File(file) = feed else {
            return None;
        };
        if self.facts.assumed && !self.hungry {
            return None;
        }
        let path = self.here_path(file, st)?;
        let certain = self.is_untouched();
        match self.read(path)? {
            Answer::Text { text, .. } => {
                let whole = text.len() < CUT || !text.contains('\0');
                let fits = whole && text.len() <= MAX_LISTED && !super::scripts::is_compiled(&text);
                let pieces = if text.is_empty() {
                    Vec::new()
                } else {
                    vec![literal_piece(&text, &file.origin)]
                };
                fits.then(|| (Feed::text(pieces), certain))
            }
            Answer::Absent if certain && !self.facts.assumed => Some((Feed::Null, true)),
            _ => None,
        }
    }

    /// Returns what a `find` prints for a program that does more with it than showing it: the world carries out its tests.
    pub(super) fn searched(&mut self, job: &Job, starts: &[Word], st: &State) -> Option<Feed> {
        if self.facts.assumed || !self.hungry || st.far || !self.is_untouched() {
            return None;
        }
        let texts: Vec<String> = job.args().iter().map(Word::text).collect::<Option<_>>()?;
        let from = texts
            .iter()
            .position(|text| text.starts_with(['-', '(', '!', ')']))
            .unwrap_or(texts.len());
        let tests = texts.get(from..).unwrap_or_default().to_vec();
        let acts = |text: &String| {
            matches!(
                text.as_str(),
                "-H" | "-L" | "-P" | "-follow" | "-delete" | "-printf"
            ) || text.starts_with("-exec")
                || text.starts_with("-ok")
                || text.starts_with("-fprint")
        };
        if tests.iter().any(acts) {
            return None;
        }
        let mut items = Vec::new();
        for start in starts {
            let shown = start.text()?;
            let path = self.here_path(start, st)?;
            let question = Question::Find {
                start: path.clone(),
                shown: shown.clone(),
                tests: tests.clone(),
            };
            match self.facts.ask(question, self.needs)? {
                Answer::Glob(paths) if items.len() + paths.len() <= MAX_SEARCHED => {
                    for found in paths {
                        let rest = found.strip_prefix(&path).ok()?;
                        let text = match rest.as_os_str().is_empty() {
                            true => shown.clone(),
                            false => format!("{}/{}", shown.trim_end_matches('/'), rest.to_str()?),
                        };
                        items.push(Word::literal(text, start.origin.clone()));
                    }
                }
                Answer::Absent => {}
                _ => return None,
            }
        }
        // A name with a line end in it is no line of its own.
        let plain = |word: &Word| word.plain().is_some_and(|text| !text.contains('\n'));
        if !items.iter().all(plain) {
            return None;
        }
        match items.is_empty() {
            true => Some(Feed::nothing()),
            false => Some(Feed::Items(items)),
        }
    }

    /// Tells whether no program before can have left other content in a file than is followed.
    fn is_untouched(&self) -> bool {
        let commands = &self.out.commands;
        let from = commands.len().saturating_sub(MAX_BEFORE);
        from == 0
            && commands.iter().all(|command| {
                let Some(name) = command.program() else {
                    return false;
                };
                let sub = || command.args().first().and_then(Word::text);
                QUIET.contains(&name.as_str())
                    || name == "git" && sub().is_some_and(|sub| QUIET_GIT.contains(&sub.as_str()))
            })
    }

    /// Returns the place of the last part of a pipe that does more with what it reads than showing it.
    pub(super) fn consumer(&self, nodes: &[Node]) -> Option<usize> {
        nodes.iter().rposition(|node| match first_word(node) {
            Some(name) if self.facts.assumed => {
                let name = name.rsplit('/').next().unwrap_or(name);
                SHELLS.contains(&name)
                    || super::start::interpreter(name).is_some()
                    || matches!(name, "sqlite3" | "psql" | "mysql" | "mariadb" | "duckdb")
            }
            Some(name) => !SHOWS.contains(&name.rsplit('/').next().unwrap_or(name)),
            None => !self.facts.assumed,
        })
    }
}
