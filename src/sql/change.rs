//! Reads statements that change rows: DELETE, UPDATE, MERGE, REPLACE, INSERT that replaces, LOAD DATA.
//! How far a WHERE reaches is decided in `bound`.

use sqlparser::tokenizer::Token;

use crate::model::effect::{Bound, ObjectKind, Verb};

use super::bound;
use super::name::Name;
use super::read::{Note, Reader};

/// Words that end a WHERE at its own depth.
pub(super) const ENDS_WHERE: [&str; 7] = [
    "RETURNING",
    "ORDER",
    "LIMIT",
    "OPTION",
    "SETTINGS",
    "WHEN",
    "GO",
];

impl Reader<'_> {
    pub fn delete(&mut self, from: usize, to: usize) {
        let mut index = from + 1;
        while self.any(index, &["LOW_PRIORITY", "QUICK", "IGNORE"]) {
            index += 1;
        }
        index = self.behind_top(index, to);
        let has_from = self.is(index, "FROM");
        let only = self.is(index + 1, "ONLY");
        let start = if has_from {
            index + 1 + usize::from(only)
        } else {
            index
        };
        let start = start + usize::from(only && self.token(start, &Token::LParen));
        let names = self.deleted_tables(start, to, has_from);
        let bound = self.bound(index, to);
        let rows = match names.as_slice() {
            [Some(_)] => self.rows_deleted(start, to, &bound),
            _ => None,
        };
        for name in names {
            let mut note = Note::new(Verb::Delete, ObjectKind::Table).named(name);
            note.bound = bound.clone();
            note.only = only;
            note.rows.clone_from(&rows);
            self.note(note, from, to);
        }
    }

    /// Returns the tables that lose rows; one nameless table when none can be read.
    fn deleted_tables(&self, start: usize, to: usize, has_from: bool) -> Vec<Option<Name>> {
        let mut names = Vec::new();
        let mut index = start;
        let listed = !has_from || self.find_word(start, to, "USING").is_some();
        // `DELETE a, b FROM a JOIN b` and `DELETE FROM a, b USING a JOIN b` name several.
        while let Some((name, behind)) = self.name(index, to) {
            names.push(Some(name));
            index = behind;
            if self.token(index, &Token::Period) && self.token(index + 1, &Token::Mul) {
                index += 2;
            }
            if !listed || !self.token(index, &Token::Comma) {
                break;
            }
            index += 1;
        }
        if names.is_empty() {
            names.push(None);
        }
        names
    }

    /// Skips `TOP (10) PERCENT` of T-SQL.
    fn behind_top(&self, index: usize, to: usize) -> usize {
        if !self.is(index, "TOP") {
            return index;
        }
        let behind = if self.token(index + 1, &Token::LParen) {
            self.closing(index + 1, to) + 1
        } else {
            index + 2
        };
        self.skip(behind, &["PERCENT"])
    }

    pub fn update(&mut self, from: usize, to: usize) {
        let mut index = from + 1;
        let replaces = self.is(index, "OR") && self.is(index + 1, "REPLACE");
        if self.is(index, "OR") {
            index += 2;
        }
        while self.any(index, &["LOW_PRIORITY", "IGNORE"]) {
            index += 1;
        }
        index = self.behind_top(index, to);
        let only = self.is(index, "ONLY");
        let start = index + usize::from(only);
        let Some((name, behind)) = self.name(start, to) else {
            return;
        };
        let set = self.find_word(behind, to, "SET");
        if set.is_none() && !(from..to).any(|at| self.at(at).is_some_and(|one| one.has_hole())) {
            return;
        }
        let mut note = Note::new(Verb::Update, ObjectKind::Table).named(Some(name));
        note.only = only;
        note.opaque = set.is_none();
        note.bound = self.bound(set.unwrap_or(behind), to);
        note.part = set.and_then(|set| self.set_columns(set + 1, to));
        note.rows = set
            // OR REPLACE takes rows away as well, which no condition names.
            .filter(|_| !replaces)
            .and_then(|set| self.rows_updated(behind, set, to, &note.bound));
        self.note(note, from, to);
    }

    /// Returns the columns behind SET, with commas between; nothing where they cannot all be told.
    fn set_columns(&self, from: usize, to: usize) -> Option<String> {
        let end = self
            .find(from, to, |index| {
                self.any(index, &["WHERE", "FROM"]) || self.any(index, &ENDS_WHERE)
            })
            .unwrap_or(to);
        let mut columns = Vec::new();
        let mut index = from;
        while index < end {
            let (name, behind) = self.name(index, end)?;
            let last = name.written.rsplit('.').next()?.to_owned();
            // `(a, b) = …` and what has a comma or a hole in its name is not read.
            if !self.token(behind, &Token::Eq) || last.contains([',', crate::sql::HOLE]) {
                return None;
            }
            columns.push(last);
            index = self
                .find(behind, end, |at| self.token(at, &Token::Comma))
                .map_or(end, |comma| comma + 1);
        }
        (!columns.is_empty()).then(|| columns.join(","))
    }

    /// Returns how far a statement reaches, from the WHERE at the depth of `from`.
    pub fn bound(&self, from: usize, to: usize) -> Bound {
        let Some(at) = self.find(from, to, |index| self.any(index, &["WHERE", "PREWHERE"])) else {
            return Bound::All;
        };
        let end = self
            .find(at + 1, to, |index| self.any(index, &ENDS_WHERE))
            .unwrap_or(to);
        bound::judge(self, at + 1, end)
    }

    pub fn merge(&mut self, from: usize, to: usize) {
        let index = self.behind_top(from + 1, to);
        let index = self.skip(index, &["INTO"]);
        let index = self.skip(index, &["ONLY"]);
        let replaces = (from..to).any(|at| {
            self.is(at, "THEN") && self.any(at + 1, &["DELETE", "UPDATE"])
                || self.at(at).is_some_and(|one| one.has_hole())
        });
        let deletes = (from..to).any(|at| self.is(at, "THEN") && self.is(at + 1, "DELETE"));
        if !replaces {
            return;
        }
        let name = self.name(index, to).map(|(name, _)| name);
        let verb = if deletes { Verb::Delete } else { Verb::Replace };
        let mut note = Note::new(verb, ObjectKind::Table).named(name);
        if deletes {
            note.bound = Bound::Where {
                predicate: "the merge matches".to_owned(),
                pure: false,
            };
        }
        self.note(note, from, to);
    }

    pub fn replace(&mut self, from: usize, to: usize) {
        let mut index = from + 1;
        while self.any(index, &["LOW_PRIORITY", "DELAYED", "INTO"]) {
            index += 1;
        }
        if let Some((name, _)) = self.name(index, to) {
            let note = Note::new(Verb::Replace, ObjectKind::Table).named(Some(name));
            self.note(note, from, to);
        }
    }

    pub fn insert(&mut self, from: usize, to: usize) {
        let mut note = Note::new(Verb::Replace, ObjectKind::Table);
        let index = if self.is(from + 1, "OR") && self.is(from + 2, "REPLACE") {
            self.skip(from + 3, &["INTO"])
        } else if self.is(from + 1, "OVERWRITE") {
            if self.any(from + 2, &["DIRECTORY", "LOCAL"]) {
                return;
            }
            note.bound = Bound::All;
            let behind = self.skip(from + 2, &["INTO"]);
            self.skip(behind, &["TABLE"])
        } else {
            if let Some(name) = self.emptied_index(from, to) {
                let mut note = Note::new(Verb::Truncate, ObjectKind::Table).named(Some(name));
                note.bound = Bound::All;
                self.note(note, from, to);
            }
            return self.in_parentheses(from, to);
        };
        note.name = self.name(index, to).map(|(name, _)| name);
        self.note(note, from, to);
    }

    /// `INSERT INTO t(t) VALUES('delete-all')` of SQLite's full-text tables: a contentless one has its content nowhere else.
    fn emptied_index(&self, from: usize, to: usize) -> Option<Name> {
        let (name, open) = self.name(self.skip(from + 1, &["INTO"]), to)?;
        let listed = self.token(open, &Token::LParen);
        let (column, close) = self.name(open + 1, to).filter(|_| listed)?;
        let last = |name: &Name| {
            let last = name.written.rsplit('.').next().unwrap_or_default();
            last.trim_matches(['"', '`', '[', ']']).to_ascii_lowercase()
        };
        let one = self.token(close, &Token::RParen)
            && self.is(close + 1, "VALUES")
            && self.token(close + 2, &Token::LParen);
        let told = self.at(close + 3).is_some_and(
            |lexeme| matches!(&lexeme.token.token, Token::SingleQuotedString(text) if text == "delete-all"),
        );
        (one && told && last(&name) == last(&column)).then_some(name)
    }

    /// Statements inside a `WITH` of an INSERT … WITH x AS (DELETE …) SELECT.
    fn in_parentheses(&mut self, from: usize, to: usize) {
        let with = self.find_word(from, to, "WITH");
        if let Some(at) = with {
            self.statement(at, to);
        }
    }

    pub fn load(&mut self, from: usize, to: usize) {
        if !self.any(from + 1, &["DATA", "XML"]) {
            return;
        }
        let Some(at) = self.find(from, to, |at| self.any(at, &["REPLACE", "OVERWRITE"])) else {
            return;
        };
        let table = self
            .find_word(at, to, "TABLE")
            .map_or(to, |table| table + 1);
        let name = self.name(table, to).map(|(name, _)| name);
        let mut note = Note::new(Verb::Replace, ObjectKind::Table).named(name);
        if self.is(at, "OVERWRITE") {
            note.bound = Bound::All;
        }
        self.note(note, from, to);
    }
}
