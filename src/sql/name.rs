//! Reads the names of objects: quoted, dotted, with holes.
//! It does not resolve them; the server does.

use sqlparser::tokenizer::Token;

use crate::model::effect::Dialect;

use super::lex::{HOLE_LETTER, Lexeme};

/// A name as it stands in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Quotes undone, parts joined by `.`.
    pub written: String,
    /// The same as the server would look it up (PostgreSQL folds bare names to lower case).
    pub lookup: String,
    /// The parts as the server looks them up.
    pub parts: Vec<String>,
    pub hole: bool,
}

impl Name {
    /// T-SQL's `#name`, `##name` and `@name`: tables that end with the session or the batch.
    pub fn is_of_session(&self) -> bool {
        let last = self.lookup.rsplit('.').next().unwrap_or_default();
        last.starts_with(['#', '@']) && last.len() > 1
    }

    /// PostgreSQL's `pg_temp`, and `temp` of SQLite and DuckDB: what stands there ends with the session.
    pub fn is_temporary(&self, dialect: Dialect) -> bool {
        let first = self.parts.first().map(|part| part.to_ascii_lowercase());
        match first.as_deref() {
            Some("pg_temp") => matches!(
                dialect,
                Dialect::Postgres | Dialect::Redshift | Dialect::Unknown
            ),
            Some("temp") => {
                self.parts.len() > 1 && matches!(dialect, Dialect::Sqlite | Dialect::Duckdb)
            }
            _ => false,
        }
    }
}

/// Most parts a dotted name can have; more is no name.
const MAX_PARTS: usize = 6;

/// Reads a name that starts at `at`; returns it with the index behind it.
pub(super) fn read(lexemes: &[Lexeme], at: usize, dialect: Dialect) -> Option<(Name, usize)> {
    let mut name = part(lexemes.get(at)?, dialect)?;
    let mut next = at + 1;
    for _ in 0..MAX_PARTS {
        let mut dots = 0;
        while is(lexemes, next + dots, &Token::Period) {
            dots += 1;
        }
        let Some(more) = lexemes
            .get(next + dots)
            .filter(|_| dots > 0)
            .and_then(|lexeme| part(lexeme, dialect))
        else {
            break;
        };
        name.written.push('.');
        name.written.push_str(&more.written);
        name.lookup.push('.');
        name.lookup.push_str(&more.lookup);
        name.parts.push(more.lookup);
        name.hole |= more.hole;
        next += dots + 1;
    }
    Some((name, next))
}

fn is(lexemes: &[Lexeme], at: usize, token: &Token) -> bool {
    lexemes
        .get(at)
        .is_some_and(|lexeme| lexeme.token.token == *token)
}

fn part(lexeme: &Lexeme, dialect: Dialect) -> Option<Name> {
    let (written, bare) = match &lexeme.token.token {
        Token::Word(word) => match word.quote_style {
            Some(quote) => (undouble(&word.value, quote), false),
            None => (word.value.clone(), true),
        },
        Token::SingleQuotedString(text) => (undouble(text, '\''), false),
        Token::DoubleQuotedString(text) => (undouble(text, '"'), false),
        Token::Placeholder(text) => (format!("{HOLE_LETTER}{text}"), false),
        Token::Question => (HOLE_LETTER.to_string(), false),
        _ => return None,
    };
    let hole = written.contains(HOLE_LETTER);
    let folds = bare
        && matches!(
            dialect,
            Dialect::Postgres | Dialect::Redshift | Dialect::Unknown
        );
    let lookup = if folds {
        written.to_lowercase()
    } else {
        written.clone()
    };
    Some(Name {
        written,
        parts: vec![lookup.clone()],
        lookup,
        hole,
    })
}

/// Writes the parts of a name so that a server of the dialect looks up just these; nothing where that cannot be said.
pub(super) fn quoted(parts: &[String], dialect: Dialect) -> Option<String> {
    let all: Option<Vec<String>> = parts.iter().map(|part| one_quoted(part, dialect)).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.join("."))
}

fn one_quoted(part: &str, dialect: Dialect) -> Option<String> {
    if part.chars().any(char::is_control) || part.contains(HOLE_LETTER) {
        return None;
    }
    let folds = matches!(dialect, Dialect::Postgres | Dialect::Redshift);
    let plain = part.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && part.chars().all(|letter| {
            letter == '_'
                || letter.is_ascii_digit()
                || letter.is_ascii_lowercase()
                || letter.is_ascii_uppercase() && !folds
        });
    let upper = part.to_ascii_uppercase();
    let is_word = RESERVED.contains(&upper.as_str());
    if plain && !is_word {
        return Some(part.to_owned());
    }
    Some(match dialect {
        Dialect::Mysql | Dialect::Bigquery | Dialect::Hive | Dialect::Clickhouse => {
            format!("`{}`", part.replace('`', "``"))
        }
        Dialect::Mssql => format!("[{}]", part.replace(']', "]]")),
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Sqlite
        | Dialect::Duckdb
        | Dialect::Oracle
        | Dialect::Snowflake => format!("\"{}\"", part.replace('"', "\"\"")),
        // What quotes a name is not known.
        Dialect::Unknown => return None,
    })
}

/// Words that are no names in at least one of the dialects.
const RESERVED: [&str; 76] = [
    "ALL",
    "ANALYSE",
    "ANALYZE",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "BETWEEN",
    "BOTH",
    "BY",
    "CASE",
    "CAST",
    "CHECK",
    "COLLATE",
    "COLUMN",
    "CONSTRAINT",
    "CREATE",
    "CROSS",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DO",
    "DROP",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "FALSE",
    "FETCH",
    "FOR",
    "FOREIGN",
    "FROM",
    "GRANT",
    "GROUP",
    "HAVING",
    "IN",
    "INDEX",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NATURAL",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "PRIMARY",
    "REFERENCES",
    "RIGHT",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "TO",
    "TRUE",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USER",
    "USING",
    "WHERE",
];

fn undouble(text: &str, quote: char) -> String {
    let close = if quote == '[' { ']' } else { quote };
    text.replace(&format!("{close}{close}"), &close.to_string())
}
