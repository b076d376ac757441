//! What comes to stand where something is written over, and names that are known in part: the world says whether anything is lost at all.
//! Content is compared up to a limit; beyond it, it counts as other content.

use std::path::{Path, PathBuf};

use super::{How, Judge, Over, PATHS_MAX, Seen};
use crate::classify::files::place::{Place, lexical};
use crate::classify::files::rules::{is_temporary, is_temporary_root};
use crate::model::command::Command;
use crate::model::database::{DatabaseQuestion, SearchPath};
use crate::model::effect::{ObjectKind, Verb};
use crate::model::fact::{Answer, EntryFact, EntryKind, Question};
use crate::model::span::Span;
use crate::model::target::Reach;

/// Files up to this size are compared.
const COMPARED: u64 = 1 << 20;

/// What comes to stand in the place of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    /// The content of this file.
    File(PathBuf),
    /// The same, read while it is written: a file that is read into itself is emptied.
    Stream(PathBuf),
    /// This text.
    Text(String),
}

impl<'a> Judge<'a, '_> {
    /// Judges new content that is known over what stands at a place.
    pub fn replace(&mut self, place: &Place, over: Over, new: Option<New>) {
        self.new = new;
        self.overwrite(place, over);
        self.new = None;
    }

    /// Judges a file that gets another size: one that grows, or stays, loses nothing.
    pub fn resize(&mut self, place: &Place, over: Over, bytes: u64) {
        if let Place::At { path, .. } = place
            && !self.is_assumed()
            && let Some(entry) = self.followed(&lexical(path))
            && entry.kind == EntryKind::File
            && entry.bytes <= bytes
            && !self.is_changed_before()
        {
            return;
        }
        self.overwrite(place, over);
    }

    /// Tells whether what is written over has the very content that comes there, or is the same file.
    pub(super) fn is_the_same(&mut self, entry: &EntryFact) -> bool {
        match self.new.clone() {
            None => false,
            Some(New::Text(text)) => {
                let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
                length == entry.bytes
                    && length <= COMPARED
                    && matches!(
                        self.ask(Question::Text(entry.resolved.clone())),
                        Some(Answer::Text { text: old, .. }) if *old == text
                    )
            }
            Some(New::File(path)) => self.holds_the_same(&path, entry, false),
            Some(New::Stream(path)) => self.holds_the_same(&path, entry, true),
        }
    }

    fn holds_the_same(&mut self, path: &Path, entry: &EntryFact, streams: bool) -> bool {
        let Some(other) = self.followed(path) else {
            return false;
        };
        if (other.device, other.inode) == (entry.device, entry.inode) {
            // A name may stand for something else by now.
            let moves = |command: &Command| command.is_any(&["mv", "gmv", "rename", "ln"]);
            return !streams && !self.context.earlier.iter().any(moves);
        }
        if other.bytes != entry.bytes || entry.bytes > COMPARED {
            return false;
        }
        if self.may_be_changed(&[path, &other.resolved, &entry.resolved]) {
            return false;
        }
        let mut hash = |path: &Path| match self.ask(Question::Text(path.to_path_buf())) {
            Some(Answer::Text { sha256, .. }) => Some(sha256.clone()),
            _ => None,
        };
        let hashes = (hash(path), hash(&entry.resolved));
        matches!(hashes, (Some(new), Some(old)) if new == old)
    }

    /// Returns the facts of what a path leads to.
    pub fn followed(&mut self, path: &Path) -> Option<&'a EntryFact> {
        match self.entry(path) {
            Seen::There(entry) if entry.kind == EntryKind::Link => {
                match self.entry(&entry.resolved) {
                    Seen::There(real) => Some(real),
                    Seen::Absent | Seen::Unknown => None,
                }
            }
            Seen::There(entry) => Some(entry),
            Seen::Absent | Seen::Unknown => None,
        }
    }

    /// Returns what lies around the command.
    pub const fn context(&self) -> &'a crate::classify::Context<'a> {
        self.context
    }

    /// Tells whether an earlier command of the call may have made or changed something.
    pub fn is_changed_before(&self) -> bool {
        let quiet = |command: &Command| {
            command.writes.is_empty()
                && command.is_any(&crate::classify::inert::PROGRAMS)
                && command.is_here()
        };
        !self.context.earlier.iter().all(quiet)
    }

    /// Tells whether an earlier command of the call may have changed one of these files: copies that go elsewhere have not.
    fn may_be_changed(&self, files: &[&Path]) -> bool {
        let quiet = |command: &Command| {
            command.writes.is_empty()
                && command.is_here()
                && (command.is_any(&crate::classify::inert::PROGRAMS)
                    || command.is_any(&["cmp", "[[", "mkdir", "touch", "chmod", ":", "set"])
                    || copied_to(command)
                        .is_some_and(|to| !files.iter().any(|file| meets(file, &to))))
        };
        !self.context.earlier.iter().all(quiet)
    }

    pub(super) fn is_temporary_itself(&self, path: &Path) -> bool {
        is_temporary_root(path, &self.context.scene.temporary)
    }

    pub(super) fn is_scratch_or_temporary(&self, path: &Path) -> bool {
        is_temporary(path, &self.context.scene.temporary)
    }

    /// Tells whether an earlier command of the call may have brought rows into a database: it names the file, or is not followed.
    fn may_be_filled(&self, file: &Path) -> bool {
        const QUIET: [&str; 4] = ["mkdir", "readlink", "rm", "unlink"];
        const CLIENTS: [&str; 6] = ["sqlite3", "psql", "mysql", "mariadb", "sed", "awk"];
        let name = file.file_name().map(std::ffi::OsStr::to_string_lossy);
        let fills = |command: &Command| {
            let named = |word: &crate::model::word::Word| {
                let text = word.shown();
                word.has_hole()
                    || name
                        .as_ref()
                        .is_none_or(|name| text.contains(name.as_ref()))
            };
            if command.writes.iter().any(|write| named(&write.file)) {
                return true;
            }
            let asks = command.is_any(&crate::classify::inert::PROGRAMS);
            if command.steers() || asks || command.is_any(&QUIET) {
                return false;
            }
            if command.is_any(&["cp", "gcp"]) {
                return copied_to(command).is_none_or(|to| meets(file, &to));
            }
            !command.is_any(&CLIENTS) || command.args().iter().any(named)
        };
        self.context.earlier.iter().any(fills)
    }

    /// Tells whether a SQLite file, as it stands and as the call leaves it, has tables without rows only.
    pub(super) fn holds_no_rows(&mut self, one: &super::Pending) -> bool {
        if !one.database || one.directory || self.assumed() || self.may_be_filled(&one.path) {
            return false;
        }
        let mut everything = crate::sql::Loss::opaque(Span::default()).effect;
        (everything.verb, everything.kind) = (Verb::Drop, ObjectKind::Database);
        let question = Question::Database(DatabaseQuestion {
            reach: Reach::Sqlite(one.path.clone()),
            effects: vec![everything],
            path: SearchPath::default(),
        });
        let Some(Answer::Database(fact)) = self.ask(question) else {
            return false;
        };
        fact.objects.iter().all(|all| all.rows.is_proven_empty())
    }

    /// Judges the removal of a name that is unknown in parts by what has such a name; tells whether it could.
    pub(super) fn removal_named(&mut self, dir: &Path, pattern: Option<&str>, how: How) -> bool {
        let Some(pattern) = pattern.filter(|_| !self.assumed()) else {
            return false;
        };
        // A name that `mktemp` or `$$` gives is none of those that are there.
        let place = lexical(dir);
        if self.is_scratch_or_temporary(&place) || self.is_temporary_itself(&place) {
            return false;
        }
        let moves = |command: &Command| command.is_any(&["mv", "ln", "rename"]);
        if self.context.earlier.iter().any(moves) {
            return false;
        }
        let question = Question::Glob {
            dir: dir.to_path_buf(),
            // Some that print names print them with the folders below.
            pattern: format!("**/{pattern}"),
        };
        let plain = lexical(dir);
        match self.ask(question) {
            Some(Answer::Glob(paths))
                if paths.len() <= PATHS_MAX
                    && paths.iter().all(|path| path.parent() == Some(&plain)) =>
            {
                for path in paths {
                    self.removal_at(path, false, how);
                }
                true
            }
            // Not asked yet: nothing is said in this round.
            None => true,
            Some(Answer::Absent) => true,
            Some(_) => false,
        }
    }

    /// A pattern that gives nothing stays as it is written: a file of that very name goes.
    pub(super) fn removal_of_pattern(&mut self, dir: &Path, pattern: &str, how: How) {
        if !pattern.contains('[') {
            return;
        }
        let mut name = String::new();
        let mut letters = pattern.chars();
        while let Some(letter) = letters.next() {
            name.extend(match letter {
                '\\' => letters.next(),
                other => Some(other),
            });
        }
        let path = lexical(&dir.join(name));
        if matches!(self.entry(&path), Seen::There(_)) {
            self.removal_at(&path, false, how);
        }
    }
}

/// Returns where a copy of this machine goes, when its words are all known.
fn copied_to(command: &Command) -> Option<PathBuf> {
    let crate::model::command::Cwd::Known(cwd) = &command.cwd else {
        return None;
    };
    let plain = |word: &&crate::model::word::Word| {
        word.text().is_some_and(|text| {
            matches!(
                text.as_str(),
                "-a" | "-p" | "-f" | "-v" | "-r" | "-R" | "-n" | "--"
            )
        })
    };
    if !command.is_any(&["cp", "gcp"]) {
        return None;
    }
    let operands: Vec<_> = command.args().iter().filter(|word| !plain(word)).collect();
    let (last, sources) = operands.split_last()?;
    if sources.is_empty()
        || sources
            .iter()
            .any(|word| word.text().is_none_or(|text| text.starts_with('-')))
    {
        return None;
    }
    Some(lexical(
        &cwd.join(last.text().filter(|text| !text.starts_with('-'))?),
    ))
}

fn meets(file: &Path, other: &Path) -> bool {
    file.starts_with(other) || other.starts_with(file)
}
