//! Reads DROP and TRUNCATE of every kind.
//! ALTER … DROP is read in `alter`.

use sqlparser::tokenizer::Token;

use crate::model::effect::{ObjectKind, Verb};

use super::read::{Note, Reader};

/// Kinds of objects, as words after DROP.
const KINDS: &[(&[&str], ObjectKind)] = &[
    (&["TABLE"], ObjectKind::Table),
    (&["TABLES"], ObjectKind::Table),
    (&["TEMPORARY", "TABLE"], ObjectKind::Table),
    (&["TEMP", "TABLE"], ObjectKind::Table),
    (&["FOREIGN", "TABLE"], ObjectKind::Table),
    (&["EXTERNAL", "TABLE"], ObjectKind::Table),
    (&["DYNAMIC", "TABLE"], ObjectKind::Table),
    (&["COLUMNFAMILY"], ObjectKind::Table),
    (&["MEASUREMENT"], ObjectKind::Table),
    (&["SERIES"], ObjectKind::Table),
    (&["DICTIONARY"], ObjectKind::Other),
    (&["VIEW"], ObjectKind::View),
    (&["VIEWS"], ObjectKind::View),
    (&["MATERIALIZED", "VIEW"], ObjectKind::MaterializedView),
    (&["INDEX", "CONCURRENTLY"], ObjectKind::Index),
    (&["SEARCH", "INDEX"], ObjectKind::Index),
    (&["INDEX"], ObjectKind::Index),
    (&["SEQUENCE"], ObjectKind::Sequence),
    (&["SCHEMA"], ObjectKind::Schema),
    (&["DATABASE"], ObjectKind::Database),
    (&["KEYSPACE"], ObjectKind::Database),
    (&["CATALOG"], ObjectKind::Database),
    (&["BUCKET"], ObjectKind::Database),
    (&["TABLESPACE"], ObjectKind::Tablespace),
    (&["FUNCTION"], ObjectKind::Function),
    (&["PROCEDURE"], ObjectKind::Function),
    (&["ROUTINE"], ObjectKind::Function),
    (&["AGGREGATE"], ObjectKind::Function),
    (&["MACRO"], ObjectKind::Function),
    (&["PACKAGE"], ObjectKind::Function),
    (&["EVENT", "TRIGGER"], ObjectKind::Trigger),
    (&["TRIGGER"], ObjectKind::Trigger),
    (&["RULE"], ObjectKind::Trigger),
    (&["EVENT"], ObjectKind::Trigger),
    (&["TYPE"], ObjectKind::Type),
    (&["DOMAIN"], ObjectKind::Type),
    (&["ROLE"], ObjectKind::Role),
    (&["USER", "MAPPING"], ObjectKind::Other),
    (&["USER"], ObjectKind::Role),
    (&["GROUP"], ObjectKind::Role),
    (&["LOGIN"], ObjectKind::Role),
    (&["EXTENSION"], ObjectKind::Extension),
    (&["ROW", "ACCESS", "POLICY"], ObjectKind::Policy),
    (&["MASKING", "POLICY"], ObjectKind::Policy),
    (&["RETENTION", "POLICY"], ObjectKind::Partition),
    (&["POLICY"], ObjectKind::Policy),
    (&["PUBLICATION"], ObjectKind::Publication),
    (&["SUBSCRIPTION"], ObjectKind::Subscription),
    (&["FOREIGN", "DATA", "WRAPPER"], ObjectKind::Other),
    (&["SERVER"], ObjectKind::Other),
    (&["ACCESS", "METHOD"], ObjectKind::Other),
    (&["CAST"], ObjectKind::Other),
    (&["COLLATION"], ObjectKind::Other),
    (&["CONVERSION"], ObjectKind::Other),
    (&["OPERATOR", "CLASS"], ObjectKind::Other),
    (&["OPERATOR", "FAMILY"], ObjectKind::Other),
    (&["OPERATOR"], ObjectKind::Other),
    (&["STATISTICS"], ObjectKind::Index),
    (&["TEXT", "SEARCH", "CONFIGURATION"], ObjectKind::Other),
    (&["TEXT", "SEARCH", "DICTIONARY"], ObjectKind::Other),
    (&["TEXT", "SEARCH", "PARSER"], ObjectKind::Other),
    (&["TEXT", "SEARCH", "TEMPLATE"], ObjectKind::Other),
    (&["TRANSFORM"], ObjectKind::Other),
    (&["PROCEDURAL", "LANGUAGE"], ObjectKind::Other),
    (&["LANGUAGE"], ObjectKind::Other),
    (&["STAGE"], ObjectKind::Tablespace),
    (&["STREAM"], ObjectKind::Other),
    (&["PIPE"], ObjectKind::Other),
    (&["SYNONYM"], ObjectKind::Other),
    (&["WAREHOUSE"], ObjectKind::Other),
    (&["OWNED", "BY"], ObjectKind::Everything),
];

impl Reader<'_> {
    /// Returns the kind that the words at `index` name, with the index behind them.
    pub fn drop_kind(&self, index: usize) -> Option<(ObjectKind, usize)> {
        KINDS.iter().find_map(|(words, kind)| {
            let behind = self.skip(index, words);
            (behind > index).then_some((*kind, behind))
        })
    }

    pub fn drop(&mut self, from: usize, to: usize) {
        // `DROP PREPARE st` of MySQL only forgets a statement of the session.
        if self.is(from + 1, "PREPARE") {
            return;
        }
        let Some((kind, mut index)) = self.drop_kind(from + 1).filter(|(_, at)| *at <= to) else {
            return self.drop_of_unknown_kind(from, to);
        };
        let behind = self.skip(index, &["IF", "EXISTS"]);
        let if_exists = behind > index;
        index = behind;
        let mut note = Note::new(Verb::Drop, kind);
        note.if_exists = if_exists;
        note.cascade = (index..to).any(|at| self.any(at, &["CASCADE", "CONSTRAINTS"]));
        let mut names = 0_usize;
        while let Some((name, behind)) = self.name(index, to) {
            let mut one = note.clone().named(Some(name));
            index = self.behind_signature(behind, to);
            if self.is(index, "ON") && kind != ObjectKind::Index {
                one.part = one.name.take().map(|name| name.written);
                one.name = self.name(index + 1, to).map(|(name, _)| name);
            }
            self.note(one, from, to);
            names += 1;
            if !self.token(index, &Token::Comma) {
                break;
            }
            index += 1;
        }
        if names == 0 {
            note.opaque = true;
            self.note(note, from, to);
        }
    }

    /// Skips `(integer, text)` behind the name of a function.
    fn behind_signature(&self, index: usize, to: usize) -> usize {
        if self.token(index, &Token::LParen) {
            self.closing(index, to) + 1
        } else {
            index
        }
    }

    /// `DROP` with a hole or a kind that is not in the table.
    fn drop_of_unknown_kind(&mut self, from: usize, to: usize) {
        if to <= from + 1 {
            return;
        }
        let name = self.name(from + 2, to).map(|(name, _)| name);
        let mut note = Note::new(Verb::Drop, ObjectKind::Other).named(name);
        note.opaque = true;
        self.note(note, from, to);
    }

    pub fn truncate(&mut self, from: usize, to: usize) {
        let mut index = from + 1;
        if self.token(index, &Token::LParen) {
            return;
        }
        let mut note = Note::new(Verb::Truncate, ObjectKind::Table);
        if self.is(index, "DATABASE") {
            note.kind = ObjectKind::Database;
        }
        while self.any(index, &["TABLE", "TEMPORARY", "ALL", "TABLES", "DATABASE"]) {
            index += 1;
        }
        let behind = self.skip(index, &["IF", "EXISTS"]);
        note.if_exists = behind > index;
        index = behind;
        note.cascade = self.find_word(index, to, "CASCADE").is_some();
        let mut names = 0_usize;
        loop {
            let only = self.is(index, "ONLY");
            let Some((name, behind)) = self.name(index + usize::from(only), to) else {
                break;
            };
            let mut one = note.clone().named(Some(name));
            one.only = only;
            self.note(one, from, to);
            names += 1;
            index = behind + usize::from(self.token(behind, &Token::Mul));
            if !self.token(index, &Token::Comma) {
                break;
            }
            index += 1;
        }
        if names == 0 && index < to {
            note.opaque = true;
            self.note(note, from, to);
        }
    }
}
