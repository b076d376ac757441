//! Reads ALTER: what it drops, converts, detaches or empties.
//! ALTER that only adds, renames or sets is no loss and gives nothing.

use sqlparser::tokenizer::Token;

use crate::model::effect::{ObjectKind, Verb};

use super::name::Name;
use super::read::{Note, Reader};

/// Longest list of actions that is read one by one.
const MAX_ACTIONS: usize = 50_000;

impl Reader<'_> {
    pub fn alter(&mut self, from: usize, to: usize) {
        let mut index = from + 1;
        while self.any(
            index,
            &[
                "FOREIGN", "EXTERNAL", "ONLINE", "OFFLINE", "IGNORE", "DYNAMIC",
            ],
        ) {
            index += 1;
        }
        if self.keeps_no_history(index, to)
            || self.is(index, "DATABASE") && self.turns_back(index, to)
        {
            return self.note(Note::new(Verb::Server, ObjectKind::Other), from, to);
        }
        if self.any(index, &["TABLE", "COLUMNFAMILY"]) {
            return self.alter_table(from, index + 1, to);
        }
        let verb = if self.is(index, "SYSTEM") {
            return self.alter_system(from, index + 1, to);
        } else if self.is(index, "DEFAULT") {
            (self.find_word(index, to, "REVOKE").is_some())
                .then_some((Verb::Revoke, ObjectKind::Other))
        } else {
            let acts = |verb: &str, part: &str| {
                self.find(index, to, |at| self.is(at, verb) && self.is(at + 1, part))
                    .is_some()
            };
            let drops = |part: &str| acts("DROP", part);
            match self
                .at(index)
                .and_then(|kind| kind.bare())
                .unwrap_or_default()
            {
                kind if kind.eq_ignore_ascii_case("TYPE")
                    && (drops("ATTRIBUTE") || drops("VALUE")) =>
                {
                    Some((Verb::AlterDrop, ObjectKind::Column))
                }
                kind if kind.eq_ignore_ascii_case("TYPE") && acts("ALTER", "ATTRIBUTE") => {
                    Some((Verb::AlterRewrite, ObjectKind::Column))
                }
                kind if kind.eq_ignore_ascii_case("DOMAIN") && drops("CONSTRAINT") => {
                    Some((Verb::AlterDrop, ObjectKind::Constraint))
                }
                kind if kind.eq_ignore_ascii_case("PUBLICATION")
                    && (drops("TABLE") || drops("TABLES")) =>
                {
                    Some((Verb::AlterDrop, ObjectKind::Publication))
                }
                kind if kind.eq_ignore_ascii_case("EXTENSION") && self.is(index + 2, "DROP") => {
                    Some((Verb::AlterDrop, ObjectKind::Extension))
                }
                kind if kind.eq_ignore_ascii_case("KEYSPACE") => None,
                _ => None,
            }
        };
        if let Some((verb, kind)) = verb {
            let name = self.name(index + 1, to).map(|(name, _)| name);
            self.note(Note::new(verb, kind).named(name), from, to);
        }
    }

    fn alter_system(&mut self, from: usize, at: usize, to: usize) {
        if !self.keeps_system(at) {
            self.note(Note::new(Verb::Server, ObjectKind::Other), from, to);
        }
    }

    /// Oracle's `ALTER SYSTEM FLUSH SHARED_POOL`, `CHECKPOINT`, `SWITCH LOGFILE`: nothing is set and nobody is cut off.
    fn keeps_system(&self, at: usize) -> bool {
        const POOLS: [&str; 4] = [
            "SHARED_POOL",
            "BUFFER_CACHE",
            "GLOBAL",
            "PASSWORDFILE_METADATA_CACHE",
        ];
        self.any(at, &["CHECKPOINT", "REGISTER"])
            || self.is(at, "FLUSH") && self.any(at + 1, &POOLS)
            || self.is(at, "SWITCH") && self.is(at + 1, "LOGFILE")
            || self.is(at, "CHECK") && self.is(at + 1, "DATAFILES")
            || self.is(at, "ARCHIVE") && self.is(at + 1, "LOG") && !self.is(at + 2, "STOP")
    }

    /// Oracle's `OPEN RESETLOGS` ends the way forward, `FLASHBACK OFF` the way back.
    fn turns_back(&self, from: usize, to: usize) -> bool {
        (from..to).any(|at| {
            self.is(at, "RESETLOGS") || self.is(at, "FLASHBACK") && self.is(at + 1, "OFF")
        })
    }

    /// ClickHouse's `MODIFY TTL` and `MATERIALIZE TTL` delete rows by their age; one that only moves or recompresses parts does not.
    fn ages_out(&self, from: usize, to: usize) -> bool {
        !(from..to).any(|at| self.is(at, "TO") && self.any(at + 1, &["DISK", "VOLUME"]))
            && self.find_word(from, to, "RECOMPRESS").is_none()
    }

    /// `SET DATA_RETENTION_TIME_IN_DAYS = 0`: what was there before goes at once.
    /// <https://docs.snowflake.com/en/user-guide/data-time-travel>
    fn keeps_no_history(&self, from: usize, to: usize) -> bool {
        let Some(at) = self.find_word(from, to, "DATA_RETENTION_TIME_IN_DAYS") else {
            return false;
        };
        let value = at + 1 + usize::from(self.token(at + 1, &Token::Eq));
        self.is_zero(value)
    }

    pub(super) fn is_zero(&self, at: usize) -> bool {
        matches!(self.at(at).map(|word| &word.token.token), Some(Token::Number(text, _)) if text == "0")
    }

    fn alter_table(&mut self, from: usize, index: usize, to: usize) {
        let behind = self.skip(index, &["IF", "EXISTS"]);
        let if_exists = behind > index;
        let only = self.is(behind, "ONLY");
        let Some((name, mut index)) = self.name(behind + usize::from(only), to) else {
            let mut note = Note::new(Verb::Opaque, ObjectKind::Table);
            note.opaque = true;
            return self.note(note, from, to);
        };
        if self.token(index, &Token::Mul) {
            index += 1;
        }
        if self.is(index, "ON") && self.is(index + 1, "CLUSTER") {
            index += 3;
        }
        if self.any(index, &["WITH"]) {
            index += 2;
        }
        let mut drops_columns = false;
        for _ in 0..MAX_ACTIONS {
            if index >= to {
                break;
            }
            let end = self
                .find(index, to, |at| self.token(at, &Token::Comma))
                .unwrap_or(to);
            let continues = drops_columns && !self.is_action(index);
            if let Some((verb, kind, part)) = self.action(index, end, continues) {
                drops_columns = verb == Verb::AlterDrop && kind == ObjectKind::Column;
                let mut note = Note::new(verb, kind).named(Some(name.clone()));
                note.part =
                    part.map(|part: Name| part.written.replace(super::lex::HOLE_LETTER, "$?"));
                note.if_exists = if_exists
                    || self.is(index, "DROP")
                        && (index..end).any(|at| self.is(at, "IF") && self.is(at + 1, "EXISTS"));
                note.cascade = self.find_word(index, end, "CASCADE").is_some();
                note.only = only;
                if verb == Verb::Delete || verb == Verb::Update {
                    note.bound = self.bound(index, end);
                }
                self.note(note, from, to);
            } else {
                drops_columns = false;
                self.action_with_hole(index, end, &name, from, to);
            }
            index = end + 1;
        }
    }

    fn action_with_hole(&mut self, index: usize, end: usize, name: &Name, from: usize, to: usize) {
        if self.at(index).is_some_and(|first| first.has_hole()) && index < end {
            let mut note = Note::new(Verb::Opaque, ObjectKind::Table).named(Some(name.clone()));
            note.opaque = true;
            self.note(note, from, to);
        }
    }

    fn is_action(&self, index: usize) -> bool {
        const ACTIONS: [&str; 16] = [
            "ADD",
            "DROP",
            "ALTER",
            "RENAME",
            "SET",
            "MODIFY",
            "CHANGE",
            "ENABLE",
            "DISABLE",
            "VALIDATE",
            "OWNER",
            "CONVERT",
            "ATTACH",
            "DETACH",
            "ENGINE",
            "ALGORITHM",
        ];
        self.any(index, &ACTIONS)
    }

    /// Reads one action of an ALTER TABLE.
    fn action(
        &self,
        index: usize,
        end: usize,
        continues: bool,
    ) -> Option<(Verb, ObjectKind, Option<Name>)> {
        let name = |at: usize| self.name(at, end).map(|(name, _)| name);
        if continues {
            return Some((Verb::AlterDrop, ObjectKind::Column, name(index)));
        }
        let word = self.at(index)?.bare()?.to_ascii_uppercase();
        if let Some(found) = self.action_of_storage(&word, index, end) {
            return Some(found);
        }
        match word.as_str() {
            "DROP" => self.dropped_part(index + 1, end),
            "DETACH" => {
                let behind = self.skip(index + 1, &["PARTITION"]);
                Some((Verb::Detach, ObjectKind::Partition, name(behind)))
            }
            "SWITCH" | "SWAP" | "EXCHANGE" => {
                Some((Verb::Detach, ObjectKind::Partition, name(index + 2)))
            }
            "TRUNCATE" => {
                let behind = self.skip(index + 1, &["PARTITION"]);
                Some((Verb::Truncate, ObjectKind::Partition, name(behind)))
            }
            "DISCARD" => Some((Verb::Truncate, ObjectKind::Table, None)),
            "CLEAR" if self.is(index + 1, "COLUMN") => {
                Some((Verb::AlterDrop, ObjectKind::Column, name(index + 2)))
            }
            "DELETE" if self.is(index + 1, "WHERE") => {
                Some((Verb::Delete, ObjectKind::Table, None))
            }
            "UPDATE" if self.find_word(index, end, "WHERE").is_some() => {
                Some((Verb::Update, ObjectKind::Table, None))
            }
            "MODIFY" | "MATERIALIZE" if self.is(index + 1, "TTL") && self.ages_out(index, end) => {
                Some((Verb::Delete, ObjectKind::Table, None))
            }
            // Oracle's way to drop a column without writing the table anew.
            "SET" if self.is(index + 1, "UNUSED") => {
                let at = self.skip(index + 2, &["COLUMN"]);
                let at = at + usize::from(self.token(at, &Token::LParen));
                Some((Verb::AlterDrop, ObjectKind::Column, name(at)))
            }
            // Db2's way to empty a table at once.
            "ACTIVATE" if self.find_word(index, end, "EMPTY").is_some() => {
                Some((Verb::Truncate, ObjectKind::Table, None))
            }
            "EXECUTE"
                if self
                    .at(index + 1)
                    .and_then(|procedure| procedure.bare())
                    .is_some_and(super::dynamic::is_effectful) =>
            {
                Some((Verb::AlterDrop, ObjectKind::Partition, None))
            }
            "MODIFY" if self.any(index + 1, &["SETTING", "TTL", "COMMENT", "QUERY", "ORDER"]) => {
                None
            }
            "MODIFY" | "CHANGE" => {
                let behind = self.skip(index + 1, &["COLUMN"]);
                Some((Verb::AlterRewrite, ObjectKind::Column, name(behind)))
            }
            "ALTER" => self.altered_column(index + 1, end),
            _ => None,
        }
    }

    /// Actions over how and where rows are kept.
    fn action_of_storage(
        &self,
        word: &str,
        index: usize,
        end: usize,
    ) -> Option<(Verb, ObjectKind, Option<Name>)> {
        let name = |at: usize| self.name(at, end).map(|(name, _)| name);
        if self.expires(word, index, end) {
            return Some((Verb::Delete, ObjectKind::Table, None));
        }
        match word {
            // What such an engine is given is not kept, or not beyond the next start.
            "ENGINE" => {
                let at = index + 1 + usize::from(self.token(index + 1, &Token::Eq));
                self.any(at, &["BLACKHOLE", "MEMORY", "HEAP"]).then_some((
                    Verb::Truncate,
                    ObjectKind::Table,
                    None,
                ))
            }
            "REPLACE" if self.is(index + 1, "PARTITION") => {
                Some((Verb::Truncate, ObjectKind::Partition, name(index + 2)))
            }
            // Hive's: what is not in the new list is gone.
            "REPLACE" if self.is(index + 1, "COLUMNS") => {
                Some((Verb::AlterDrop, ObjectKind::Column, None))
            }
            "MOVE"
                if self.is(index + 1, "PARTITION")
                    && self.find_word(index, end, "TABLE").is_some() =>
            {
                Some((Verb::Detach, ObjectKind::Partition, name(index + 2)))
            }
            "UNFREEZE" => Some((Verb::AlterDrop, ObjectKind::Partition, None)),
            _ => None,
        }
    }

    /// Settings under which rows, or the table, go by themselves once they are old enough.
    fn expires(&self, word: &str, index: usize, end: usize) -> bool {
        const AGES: [&str; 3] = ["ttl_expire_after", "ttl_expiration_expression", "TTL"];
        const ENDS: [&str; 2] = ["expiration_timestamp", "partition_expiration_days"];
        let gives = |names: &[&str]| {
            (index..end).any(|at| {
                self.any(at, names) && self.token(at + 1, &Token::Eq) && !self.is(at + 2, "NULL")
            })
        };
        match word {
            "SET" if self.is(index + 1, "OPTIONS") => gives(&ENDS),
            "SET" if self.token(index + 1, &Token::LParen) => gives(&AGES),
            "TTL" => gives(&["TTL"]),
            "ADD" | "REPLACE" => self.is(index + 1, "ROW") && self.is(index + 2, "DELETION"),
            _ => false,
        }
    }

    fn dropped_part(&self, index: usize, end: usize) -> Option<(Verb, ObjectKind, Option<Name>)> {
        let name = |at: usize| {
            let at = self.skip(at, &["IF", "EXISTS"]);
            let at = at + usize::from(self.token(at, &Token::LParen));
            self.name(at, end).map(|(name, _)| name)
        };
        let index = self.skip(index, &["IF", "EXISTS"]);
        let (kind, at) = match self
            .at(index)?
            .bare()
            .map(str::to_ascii_uppercase)
            .as_deref()
        {
            Some("COLUMN" | "COLUMNS") => (ObjectKind::Column, index + 1),
            Some("CONSTRAINT" | "CHECK") => (ObjectKind::Constraint, index + 1),
            Some("PRIMARY") => return Some((Verb::AlterDrop, ObjectKind::Constraint, None)),
            Some("FOREIGN") => (ObjectKind::Constraint, index + 2),
            Some("INDEX" | "KEY" | "PROJECTION" | "STATISTICS") => (ObjectKind::Index, index + 1),
            Some("PARTITION" | "PART" | "SUBPARTITION") => (ObjectKind::Partition, index + 1),
            Some("DETACHED") => (ObjectKind::Partition, index + 2),
            Some(
                "DEFAULT" | "NOT" | "EXPRESSION" | "IDENTITY" | "PERIOD" | "SYSTEM" | "CLUSTERING"
                | "TAG" | "ROW" | "ALL" | "SEARCH",
            ) => return None,
            _ => (ObjectKind::Column, index),
        };
        Some((Verb::AlterDrop, kind, name(at)))
    }

    /// `ALTER [COLUMN] c TYPE t`, `… SET DATA TYPE t`, and T-SQL's `ALTER COLUMN c t`.
    fn altered_column(&self, index: usize, end: usize) -> Option<(Verb, ObjectKind, Option<Name>)> {
        if self.any(
            index,
            &[
                "CONSTRAINT",
                "INDEX",
                "CHECK",
                "SORTKEY",
                "DISTKEY",
                "DISTSTYLE",
            ],
        ) {
            return None;
        }
        let (name, behind) = self.name(self.skip(index, &["COLUMN"]), end)?;
        let converts = self.is(behind, "TYPE")
            || self.is(behind, "SET") && self.is(behind + 1, "DATA")
            || behind < end
                && !self.any(
                    behind,
                    &[
                        "SET", "DROP", "ADD", "RESTART", "RESET", "RENAME", "COMMENT", "TYPE",
                        "OPTIONS",
                    ],
                );
        converts.then_some((Verb::AlterRewrite, ObjectKind::Column, Some(name)))
    }
}
