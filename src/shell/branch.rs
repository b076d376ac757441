//! Which branch is checked out, where a call asks git for it: `git branch --show-current`, `git rev-parse --abbrev-ref HEAD`,
//! `git symbolic-ref HEAD`. It is read from `HEAD` itself, and only while nothing of the call can have changed it.

use std::path::{Path, PathBuf};

use crate::model::command::Command;
use crate::model::fact::{Answer, EntryKind, Question};
use crate::model::word::Word;

use super::ast::{NodeKind, Script};
use super::state::{State, lexical};
use super::truth::plain;
use super::unfold::{Job, Unfolder};
use super::world::{is_plain, is_still};

/// Subcommands of git after which the same branch is checked out.
const STAYS: [&str; 14] = [
    "add",
    "blame",
    "cat-file",
    "describe",
    "diff",
    "fetch",
    "grep",
    "log",
    "ls-files",
    "rev-list",
    "rev-parse",
    "show",
    "shortlog",
    "status",
];
/// Variables that name another repository.
const ELSEWHERE: [&str; 3] = ["GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE"];

/// In which form git says the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// `topic`, and nothing where no branch is checked out.
    Current,
    /// `topic`, as long as no tag is called so.
    Short,
    /// `refs/heads/topic`.
    Full,
}

impl Said {
    fn of(words: &[&str]) -> Option<Self> {
        match words {
            ["branch", "--show-current"] => Some(Self::Current),
            ["rev-parse", "--abbrev-ref", "HEAD" | "@"] => Some(Self::Short),
            ["symbolic-ref", flags @ .., "HEAD"] => {
                let quiet = |flag: &&str| matches!(*flag, "-q" | "--quiet" | "--short");
                let form = match flags.contains(&"--short") {
                    true => Self::Short,
                    false => Self::Full,
                };
                flags.iter().all(quiet).then_some(form)
            }
            _ => None,
        }
    }

    /// The same of words behind `git`; `-C` names a folder.
    fn behind(mut words: &[&str]) -> Option<Self> {
        while let ["-C", _, rest @ ..] = words {
            words = rest;
        }
        Self::of(words)
    }
}

/// Tells whether a command only asks which branch is checked out.
pub(super) fn asks(command: &Command) -> bool {
    let words: Option<Vec<String>> = command.args().iter().map(Word::text).collect();
    let words = words.unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    command.writes.is_empty()
        && command.program().as_deref() == Some("git")
        && Said::behind(&words).is_some()
}

/// Tells whether a substitution does nothing else.
pub(super) fn only_asks(script: &Script) -> bool {
    let [item] = script.items.as_slice() else {
        return false;
    };
    let [node] = item.first.nodes.as_slice() else {
        return false;
    };
    let NodeKind::Simple { assigns, words } = &node.kind else {
        return false;
    };
    let words: Option<Vec<&str>> = words.iter().map(plain).collect();
    item.rest.is_empty()
        && !item.background
        && assigns.is_empty()
        && is_plain(&node.redirects)
        && matches!(words.as_deref(), Some(["git", rest @ ..]) if Said::behind(rest).is_some())
}

impl Unfolder<'_> {
    /// Returns what git says of the branch that is checked out; nothing where it is not asked for that, or is not known.
    pub(super) fn checked_out(
        &mut self,
        dir: &Path,
        words: &[String],
        job: &Job,
        st: &State,
    ) -> Option<String> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = Said::of(&words)?;
        if self.facts.assumed || st.far || self.beside > 0 || !self.stays_there() {
            return None;
        }
        let told = self.environment(job, st);
        if told
            .iter()
            .any(|(name, _)| ELSEWHERE.contains(&name.as_str()))
        {
            return None;
        }
        let top = self.top(dir)?;
        let git_dir = self.git_dir(&top)?;
        let Answer::Text { text, .. } = self.read(git_dir.join("HEAD"))? else {
            return None;
        };
        let Some(full) = text.strip_prefix("ref: ").map(str::trim_end) else {
            // No branch: one of the questions has an answer all the same.
            return (said == Said::Current && is_id(text.trim_end())).then(String::new);
        };
        let name = full.strip_prefix("refs/heads/")?;
        // In another format of refs this file only stands for one.
        if name.starts_with('.') || said == Said::Short && !self.means_branch(&git_dir, name)? {
            return None;
        }
        Some(format!(
            "{}\n",
            if said == Said::Full { full } else { name }
        ))
    }

    /// Tells whether nothing so far can have checked out something else, or given the branch another name.
    fn stays_there(&self) -> bool {
        self.out.opaque.is_empty()
            && self
                .out
                .commands
                .iter()
                .all(|one| is_still(one) || looks(one))
    }

    /// Returns git's own folder of a work tree, a linked one's too.
    fn git_dir(&mut self, top: &Path) -> Option<PathBuf> {
        let dot = top.join(".git");
        let Answer::Entry(entry) = self.facts.ask(Question::Entry(dot.clone()), self.needs)? else {
            return None;
        };
        match entry.kind {
            EntryKind::Directory => Some(dot),
            EntryKind::File => match self.read(dot)? {
                Answer::Text { text, .. } => {
                    Some(lexical(top, text.strip_prefix("gitdir: ")?.trim_end()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Tells whether a short name means the branch: that it has a commit, and that no tag is called the same.
    fn means_branch(&mut self, git_dir: &Path, name: &str) -> Option<bool> {
        let packed = match self.read(git_dir.join("packed-refs"))? {
            Answer::Text { text, .. } => text,
            Answer::Absent => String::new(),
            _ => return None,
        };
        let mut stands = |full: &str| {
            let loose = Question::Entry(git_dir.join(full));
            let loose = self.facts.ask(loose, self.needs)?;
            let line = |line: &str| line.ends_with(&format!(" {full}"));
            Some(matches!(loose, Answer::Entry(_)) || packed.lines().any(line))
        };
        let branch = stands(&format!("refs/heads/{name}"))?;
        let tag = stands(&format!("refs/tags/{name}"))?;
        Some(branch && !tag)
    }
}

fn looks(command: &Command) -> bool {
    let first = command.args().first().and_then(Word::text);
    let stays = first.is_some_and(|first| STAYS.contains(&first.as_str()));
    let git = command.program().as_deref() == Some("git");
    asks(command) || git && stays && command.writes.is_empty()
}

fn is_id(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
