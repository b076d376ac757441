//! Reads CREATE (what it replaces), COPY, and statements that administer a server.
//! Bodies of routines are deferred: they lose data when they are called.

use sqlparser::tokenizer::Token;

use crate::model::effect::{Bound, ObjectKind, Verb};

use super::read::{Note, Reader};

/// What a CREATE makes that was not there before, for the statements behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub kind: ObjectKind,
    /// As the server looks it up, in lower case.
    pub name: String,
    /// The same without a change of its letters.
    pub exact: String,
    pub temporary: bool,
    /// It ends with the transaction.
    pub until_commit: bool,
}

impl Reader<'_> {
    /// Reads a CREATE: with OR REPLACE it may stand over something that holds data.
    pub fn create(&mut self, from: usize, to: usize) {
        let behind = self.skip(from + 1, &["OR", "REPLACE"]);
        if self.is(behind, "RULE") {
            return self.rule(behind, to);
        }
        if self.scheduled(from, to) {
            return;
        }
        if behind == from + 1 {
            return;
        }
        let mut index = behind;
        while self.any(
            index,
            &[
                "TEMPORARY",
                "TEMP",
                "TRANSIENT",
                "EXTERNAL",
                "DYNAMIC",
                "HYBRID",
            ],
        ) {
            if self.any(index, &["TEMPORARY", "TEMP"]) {
                return;
            }
            index += 1;
        }
        let Some((kind, index)) = self.drop_kind(index) else {
            return;
        };
        if !matches!(
            kind,
            ObjectKind::Table
                | ObjectKind::MaterializedView
                | ObjectKind::Database
                | ObjectKind::Schema
                | ObjectKind::Tablespace
                | ObjectKind::Sequence
        ) {
            return;
        }
        let name = self.name(index, to).map(|(name, _)| name);
        self.note(Note::new(Verb::CreateOver, kind).named(name), from, to);
    }

    /// `CREATE RULE … ON INSERT TO t DO ALSO DELETE FROM u`: from now on the one does the other. What stands in for a DELETE is asked for each time.
    fn rule(&mut self, from: usize, to: usize) {
        let event = self.find_word(from, to, "ON").map_or(to, |on| on + 1);
        let (Some(deed), false) = (self.find_word(event, to, "DO"), self.is(event, "DELETE"))
        else {
            return;
        };
        let deletes = |reader: &Self, at: usize| reader.any(at, &["DELETE", "TRUNCATE"]);
        let mut at = deed + 1;
        while let Some(start) = (at..to).find(|at| deletes(self, *at)) {
            let ends = |reader: &Self, at: usize| reader.token(at, &Token::SemiColon);
            let end = (start..to).find(|at| ends(self, *at)).unwrap_or(to);
            self.statement(start, end);
            at = end.max(start + 1);
        }
    }

    /// `CREATE EVENT e ON SCHEDULE … DO DELETE …`, `ALTER EVENT e … DO …`; tells whether it was one.
    pub fn scheduled(&mut self, from: usize, to: usize) -> bool {
        let near = from + 1..(from + 6).min(to);
        let Some(event) = near.clone().find(|at| self.is(*at, "EVENT")) else {
            return false;
        };
        // `DEFINER = u EVENT`; a table of that name stands behind another word.
        if (from + 1..event).any(|at| self.any(at, &["TABLE", "INDEX", "VIEW", "TRIGGER", "ON"])) {
            return false;
        }
        let Some(deed) = self.find_word(event, to, "DO") else {
            return false;
        };
        if self.is(deed + 1, "BEGIN") {
            self.loose(deed + 2, to);
        } else {
            self.statement(deed + 1, to);
        }
        true
    }

    /// Returns what a CREATE makes; nothing when it could have been there already.
    pub fn made(&self, from: usize, to: usize) -> Option<Made> {
        let mut index = from + 1;
        let mut temporary = false;
        while self.any(
            index,
            &["GLOBAL", "LOCAL", "TEMPORARY", "TEMP", "UNLOGGED", "UNIQUE"],
        ) {
            temporary |= self.any(index, &["TEMPORARY", "TEMP"]);
            index += 1;
        }
        if !self.is(from, "CREATE") {
            return None;
        }
        let (kind, index) = self.drop_kind(index)?;
        let behind = self.skip(index, &["IF", "NOT", "EXISTS"]);
        if behind > index && !temporary {
            return None;
        }
        let (name, _) = self.name(behind, to).filter(|(name, _)| !name.hole)?;
        Some(Made {
            kind,
            temporary: temporary || name.lookup.starts_with('#'),
            name: name.lookup.to_lowercase(),
            until_commit: (behind..to).any(|at| {
                self.is(at, "ON") && self.is(at + 1, "COMMIT") && self.is(at + 2, "DROP")
            }),
            exact: name.lookup,
        })
    }

    pub fn copy(&mut self, from: usize, to: usize) {
        if self.token(from + 1, &Token::LParen) {
            let close = self.closing(from + 1, to);
            self.statement(from + 2, close);
        }
        let program = self.find_word(from, to, "PROGRAM");
        let text = program.and_then(|at| self.at(at + 1)?.string());
        if program.is_some() && !text.is_some_and(passes_rows_on) {
            self.note(Note::new(Verb::Program, ObjectKind::Other), from, to);
        }
        // Snowflake removes the files of the stage once they are loaded.
        let purges = |at: usize| {
            self.is(at, "PURGE") && self.token(at + 1, &Token::Eq) && self.is(at + 2, "TRUE")
        };
        if (from..to).any(purges) {
            self.note(Note::new(Verb::Drop, ObjectKind::Tablespace), from, to);
        }
    }

    /// `VACUUM FULL` writes a table anew; Delta Lake's `VACUUM t RETAIN 0 HOURS` takes the files of all earlier versions.
    fn vacuum(&self, next: usize, to: usize) -> Option<Note> {
        let named = |at: usize| self.name(at, to).map(|(name, _)| name);
        let retained = self.find_word(next, to, "RETAIN");
        let dry = |at: usize| self.is(at, "DRY") && self.is(at + 1, "RUN");
        let rehearses = (next..to).any(dry);
        if !rehearses && retained.is_some_and(|at| self.is_zero(at + 1)) {
            return Some(Note::new(Verb::Drop, ObjectKind::Partition).named(named(next)));
        }
        let options = if self.token(next, &Token::LParen) {
            self.closing(next, to)
        } else {
            next
        };
        (next..=options)
            .any(|at| self.is(at, "FULL") && !self.is(at + 1, "FALSE"))
            .then(|| Note::new(Verb::Rewrite, ObjectKind::Table).named(named(options + 1)))
    }

    /// FLASHBACK of Oracle and TiDB, behind whose moment everything goes, and ClickHouse's `OPTIMIZE … DEDUPLICATE`.
    fn turns_back_or_thins(&self, word: &str, next: usize, to: usize) -> Option<Note> {
        let named = |at: usize| self.name(at, to).map(|(name, _)| name);
        if word == "OPTIMIZE" {
            self.find_word(next, to, "DEDUPLICATE")?;
            let at = self.skip(next, &["TABLE"]);
            return Some(Note::new(Verb::Delete, ObjectKind::Table).named(named(at)));
        }
        // Without a moment, what was dropped comes back, beside what is there or under a new name.
        let moments = ["TIMESTAMP", "SCN", "RESTORE", "TSO", "BEFORE"];
        let back = self.find_word(next, to, "TO").filter(|at| {
            self.any(at + 1, &moments) && !(self.is(at + 1, "BEFORE") && self.is(at + 2, "DROP"))
        });
        let turned = ["DATABASE", "PLUGGABLE", "TABLE", "CLUSTER"];
        if !self.any(next, &turned) || back.is_none() {
            return None;
        }
        Some(if self.is(next, "TABLE") {
            Note::new(Verb::AlterRewrite, ObjectKind::Table).named(named(next + 1))
        } else {
            Note::new(Verb::Server, ObjectKind::Database)
        })
    }

    /// Reads statements that administer a server; tells whether the word was one of them.
    pub fn administers(&mut self, word: &str, from: usize, to: usize) -> bool {
        let next = from + 1;
        let named = |reader: &Self, at: usize| reader.name(at, to).map(|(name, _)| name);
        let note = match word {
            "REVOKE" | "DENY" => {
                let on = self.find_word(from, to, "ON").map_or(to, |on| on + 1);
                let on = (self.drop_kind(on)).map_or(on, |(_, behind)| behind);
                Note::new(Verb::Revoke, ObjectKind::Role).named(named(self, on))
            }
            "REASSIGN" if self.is(next, "OWNED") => {
                Note::new(Verb::Revoke, ObjectKind::Everything).named(named(self, next + 2))
            }
            "VACUUM" => match self.vacuum(next, to) {
                Some(note) => note,
                None => return true,
            },
            "CLUSTER" if to > next => {
                Note::new(Verb::Rewrite, ObjectKind::Table).named(named(self, next))
            }
            "RESET" if self.any(next, &["MASTER", "SLAVE", "REPLICA", "BINARY"]) => {
                Note::new(Verb::Server, ObjectKind::Other)
            }
            "PURGE" => {
                if self.any(next, &["BINARY", "MASTER"]) {
                    Note::new(Verb::Server, ObjectKind::Other)
                } else {
                    let (kind, at) = self
                        .drop_kind(next)
                        .unwrap_or((ObjectKind::Everything, next));
                    Note::new(Verb::Drop, kind).named(named(self, at))
                }
            }
            "FLASHBACK" | "OPTIMIZE" => match self.turns_back_or_thins(word, next, to) {
                Some(note) => note,
                None => return false,
            },
            "SHUTDOWN" => Note::new(Verb::Server, ObjectKind::Other),
            "RESTORE" if self.any(next, &["DATABASE", "LOG"]) => Note {
                bound: Bound::All,
                ..Note::new(Verb::Replace, ObjectKind::Database).named(named(self, next + 1))
            },
            "REMOVE" | "RM" if self.token(next, &Token::AtSign) => {
                Note::new(Verb::Drop, ObjectKind::Tablespace)
            }
            "SYSTEM"
                if self.is(next, "UNFREEZE")
                    || self.is(next, "DROP") && self.any(next + 1, &["REPLICA", "DATABASE"]) =>
            {
                Note::new(Verb::Server, ObjectKind::Other)
            }
            "PRAGMA" if self.is(next, "writable_schema") && self.turns_on(next + 1, to) => {
                Note::new(Verb::Server, ObjectKind::Schema)
            }
            "DETACH" if self.dialect == crate::model::effect::Dialect::Clickhouse => {
                let (kind, at) = self.drop_kind(next).unwrap_or((ObjectKind::Table, next));
                Note::new(Verb::Detach, kind).named(named(self, at))
            }
            _ => return false,
        };
        self.note(note, from, to);
        true
    }

    /// `= on`, `(1)`.
    fn turns_on(&self, from: usize, to: usize) -> bool {
        (from..to).any(|at| {
            self.any(at, &["ON", "TRUE", "YES", "RESET"])
                || self.token(at, &Token::Number("1".to_owned(), false))
        })
    }
}

const FILTERS: [&str; 24] = [
    "gzip",
    "gunzip",
    "zcat",
    "cat",
    "pigz",
    "bzip2",
    "bzcat",
    "xz",
    "xzcat",
    "zstd",
    "zstdcat",
    "lz4",
    "lzop",
    "wc",
    "head",
    "tail",
    "sort",
    "uniq",
    "cut",
    "tr",
    "grep",
    "sha256sum",
    "md5sum",
    "base64",
];
const DATA: [&str; 13] = [
    ".gz", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".zst", ".xz", ".bz2", ".lz4", ".out",
    ".dat", ".copy",
];
const SYSTEM: [&str; 8] = [
    "/etc/",
    "/var/lib/",
    "/usr/",
    "/bin/",
    "/root/",
    "/boot/",
    "/dev/",
    "/proc/",
];

/// Tells whether a program of `COPY … PROGRAM` only passes rows on: filters, and a file of data that is written.
fn passes_rows_on(text: &str) -> bool {
    if text.contains([';', '&', '`', '$', '\n', '(']) || text.contains("..") {
        return false;
    }
    let filters = |part: &str| {
        let mut words = part.split_whitespace();
        let program = words.next().unwrap_or_default();
        let name = program.rsplit('/').next().unwrap_or_default();
        let fetches = name == "curl"
            && words.clone().all(|word| {
                !word.starts_with("-")
                    || word == "-s"
                    || word == "-sS"
                    || word == "-fsSL"
                    || word == "-sL"
            });
        let output = words.any(|word| word.starts_with("-o") || word.starts_with("--output"));
        fetches || FILTERS.contains(&name) && !output
    };
    let written = |file: &str| {
        let file = file.trim_start_matches('>').trim().trim_matches('"');
        let data = DATA.iter().any(|end| file.ends_with(end));
        file == "/dev/null"
            || !file.contains(' ')
                && (file.starts_with("/tmp/") || data)
                && !SYSTEM.iter().any(|place| file.starts_with(place))
    };
    text.split('|').all(|part| match part.split_once('>') {
        Some((command, file)) => filters(command) && written(file),
        None => filters(part),
    })
}
