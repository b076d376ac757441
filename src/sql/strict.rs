//! Finds losses in a text that may be prose: only statements that are SQL to the last word count.
//! It never looks at texts that are known to be SQL; those go to `losses`.

use crate::model::effect::{Dialect, Verb};

use super::lex::{self, HOLE_LETTER, Range};
use super::read::{self, Reader};
use super::session::{self, Loss};
use sqlparser::tokenizer::Token;

/// Returns the losses of statements in a text that nothing but its looks makes SQL.
pub fn losses_in_prose(text: &str, dialect: Dialect) -> Vec<Loss> {
    let letters = text.replace(super::HOLE, &HOLE_LETTER.to_string());
    if !read::is_suspicious(&letters) {
        return Vec::new();
    }
    let dialects: &[Dialect] = match dialect {
        Dialect::Unknown => &[Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite],
        _ => std::slice::from_ref(&dialect),
    };
    let mut all: Vec<Loss> = Vec::new();
    for dialect in dialects {
        for loss in sure_losses(&letters, *dialect) {
            let known = all.iter().any(|one| {
                one.effect.span.start == loss.effect.span.start
                    && one.effect.object == loss.effect.object
            });
            if !known {
                all.push(loss);
            }
        }
    }
    all
}

fn sure_losses(text: &str, dialect: Dialect) -> Vec<Loss> {
    let found = session::read_in(text, dialect, session::Frame::default());
    if found.is_empty() {
        return found;
    }
    let lexed = lex::lex(text, dialect);
    let reader = Reader {
        text,
        lexemes: &lexed.lexemes,
        dialect,
        block: false,
        depth: 0,
        values: read::Values::new(),
        ends: false,
        out: Vec::new(),
    };
    let ranges = lex::statements(&lexed.lexemes, dialect);
    found
        .into_iter()
        .filter(|loss| loss.effect.verb != Verb::Opaque)
        .filter(|loss| {
            let start = loss.effect.span.start;
            ranges
                .iter()
                .find(|range| {
                    let span = reader.span(range.from, range.to);
                    span.start <= start && start < span.end
                })
                .is_some_and(|range| is_sql(&reader, *range))
        })
        .collect()
}

/// Tells whether a statement is SQL and not a sentence that begins like it.
fn is_sql(reader: &Reader<'_>, range: Range) -> bool {
    let Range { from, to } = range;
    let Some(first) = reader.at(from).and_then(|one| one.bare()) else {
        return false;
    };
    let mut letters = first.chars();
    let title = letters.next().is_some_and(char::is_uppercase) && letters.any(char::is_lowercase);
    let ended = reader.at(to).is_some();
    let several = ["BY", "TABLE", "WITH", "DATABASE", "PARTITION"];
    if title && !ended {
        return false;
    }
    if reader.is(from, "TRUNCATE") && !reader.is(from + 1, "TABLE") && !ended && first != "TRUNCATE"
    {
        return false;
    }
    if session::parse(reader, range).is_some() {
        return true;
    }
    // Forms that the grammar does not know are SQL when nothing but names and such words follow.
    let known = reader.is(from, "DO")
        || reader.any(from, &["REASSIGN", "DROP"]) && reader.is(from + 1, "OWNED")
        || reader.is(from, "DROP")
            && reader.is(from + 1, "DATABASE")
            && reader.is(from + 3, "WITH")
        || reader.is(from, "ALTER") && reader.find_word(from, to, "DETACH").is_some()
        || is_partition_or_mutation(reader, from, to)
        || is_drop_with_clauses(reader, from, to)
        || reader.is(from, "DELETE")
            && reader.is(from + 1, "TOP")
            && reader.token(from + 2, &Token::LParen)
        || ended && reader.any(from + 1, &several) && to - from <= 8;
    known && lexed_cleanly(reader, from, to)
}

/// `ALTER TABLE t DROP PARTITION …`, `ALTER TABLE t DELETE WHERE …`: ClickHouse, Hive and MySQL.
fn is_partition_or_mutation(reader: &Reader<'_>, from: usize, to: usize) -> bool {
    let follows = |verb: &str, next: &[&str]| {
        let at = reader.find_word(from + 3, to, verb);
        at.is_some_and(|at| reader.any(at + 1, next))
    };
    reader.is(from, "ALTER")
        && reader.is(from + 1, "TABLE")
        && (follows("DELETE", &["WHERE", "IN"])
            || follows("DROP", &["PARTITION", "PART", "DETACHED"])
            || follows("CLEAR", &["COLUMN"])
            || reader.find_word(from + 3, to, "UPDATE").is_some()
                && reader.find_word(from + 3, to, "WHERE").is_some())
}

/// `DROP TABLE IF EXISTS a.b ON CLUSTER c SYNC`, `DROP TABLE a CASCADE CONSTRAINTS PURGE`: a name, and nothing but clauses behind it.
fn is_drop_with_clauses(reader: &Reader<'_>, from: usize, to: usize) -> bool {
    const OBJECTS: [&str; 14] = [
        "TABLE",
        "DATABASE",
        "SCHEMA",
        "VIEW",
        "DICTIONARY",
        "TABLESPACE",
        "KEYSPACE",
        "USER",
        "ROLE",
        "INDEX",
        "STAGE",
        "STREAM",
        "WAREHOUSE",
        "FUNCTION",
    ];
    const CLAUSES: [&str; 17] = [
        "SYNC",
        "ASYNC",
        "NO",
        "DELAY",
        "PURGE",
        "CASCADE",
        "CONSTRAINTS",
        "RESTRICT",
        "FORCE",
        "PERMANENTLY",
        "INCLUDING",
        "CONTENTS",
        "AND",
        "DATAFILES",
        "IMMEDIATE",
        "KEEP",
        "DEFERRED",
    ];
    if !reader.any(from, &["DROP", "TRUNCATE"]) || !reader.any(from + 1, &OBJECTS) {
        return false;
    }
    let mut at = from + 2;
    if reader.is(at, "IF") && reader.is(at + 1, "EXISTS") {
        at += 2;
    }
    // A name, with dots between its parts.
    at += 1;
    while reader.token(at, &Token::Period) {
        at += 2;
    }
    if at >= to {
        return false;
    }
    while at < to {
        at += match () {
            () if reader.is(at, "ON") && reader.is(at + 1, "CLUSTER") => 3,
            () if reader.any(at, &CLAUSES) => 1,
            () => return false,
        };
    }
    true
}

fn lexed_cleanly(reader: &Reader<'_>, from: usize, to: usize) -> bool {
    (from..to).all(|index| {
        reader
            .at(index)
            .is_some_and(|one| !matches!(one.token.token, Token::Char(_)))
    })
}
