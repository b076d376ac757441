//! Splits what a SQL client reads into SQL, programs that it starts, files that it includes and changes of connection.
//! It opens no file and judges no SQL.

mod mysql;
mod plain;
mod psql;
mod sqlcmd;
mod sqlite;
mod sqlplus;

use std::collections::BTreeMap;

use crate::model::effect::Dialect;
use crate::model::span::Span;

/// A program that reads SQL together with commands of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// psql, and clients that read its backslash commands (pgcli, usql).
    Psql,
    /// mysql, mariadb, mycli.
    Mysql,
    /// sqlite3, litecli, duckdb: dot commands.
    Sqlite,
    /// sqlcmd: `:r`, `!!`, `GO`.
    Sqlcmd,
    /// snowsql: `!source`, `!system`.
    Snowsql,
    /// sqlplus and SQLcl: `SET`, `HOST`, `@file`, `/`.
    Sqlplus,
    /// hive, beeline, spark-sql: `!cmd`, `dfs`, `source`, `!run`.
    Hive,
    /// cqlsh: `SOURCE 'file'`.
    Cqlsh,
    /// SQL only.
    Plain,
}

/// SQL as the server gets it, with the way back to the text that the client read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sql {
    pub text: String,
    /// Offsets into `text` where a copied stretch begins, with its offset in the source.
    anchors: Vec<(usize, usize)>,
    /// Places in `text` from which on the client opens a transaction for every statement, or does not.
    pub opens: Vec<(usize, bool)>,
    /// Files that are read between the statements: the place in `text`, and the name with whether it is looked for beside the including file.
    pub includes: Vec<(usize, String, bool)>,
}

impl Sql {
    /// Appends a stretch of the source.
    fn copy(&mut self, source: &str, from: usize, to: usize) {
        let Some(stretch) = source.get(from..to).filter(|stretch| !stretch.is_empty()) else {
            return;
        };
        let at = self.text.len();
        let continues = self
            .anchors
            .last()
            .is_some_and(|(text, start)| at - text == from.wrapping_sub(*start));
        if !continues {
            self.anchors.push((at, from));
        }
        self.text.push_str(stretch);
    }

    /// Drops what stands from `at` on.
    fn truncate(&mut self, at: usize) {
        self.text.truncate(at);
        self.anchors.retain(|(text, _)| *text < at);
        for (place, _) in &mut self.opens {
            *place = (*place).min(at);
        }
        for (place, ..) in &mut self.includes {
            *place = (*place).min(at);
        }
    }

    /// Appends text that stands for the place `from` in the source.
    fn insert(&mut self, text: &str, from: usize) {
        self.anchors.push((self.text.len(), from));
        self.text.push_str(text);
    }

    /// Returns the place in the source of a place in the text.
    pub fn source(&self, at: usize) -> usize {
        let index = self.anchors.partition_point(|(text, _)| *text <= at);
        match index
            .checked_sub(1)
            .and_then(|index| self.anchors.get(index))
        {
            Some((text, source)) => source + (at - text),
            None => at,
        }
    }

    /// Returns the place in the source of a span of the text.
    pub fn source_span(&self, span: Span) -> Span {
        let end = span
            .end
            .checked_sub(1)
            .map_or(0, |last| self.source(last) + 1);
        let start = self.source(span.start);
        Span::new(start, end.max(start))
    }
}

/// One part of what a client reads; spans are offsets into the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Sql(Sql),
    /// A command line for the shell of the client's machine.
    Program {
        text: String,
        span: Span,
    },
    /// A file that is read as if it stood here; `beside` when it is looked for beside the including file.
    Include {
        file: String,
        beside: bool,
        span: Span,
    },
    /// Another database from here on: the arguments as written (psql `\c`, sqlite `.open`, mysql `use`).
    Connect {
        arguments: Vec<String>,
        span: Span,
    },
    /// The whole database is replaced by the content of a file.
    Restore {
        span: Span,
    },
    /// A file of the client's machine that is written from its start; `copies` when it becomes a copy of the database.
    Writes {
        file: String,
        copies: bool,
        span: Span,
    },
    /// What runs here cannot be known; a sentence without full stop.
    Opaque {
        reason: String,
        span: Span,
    },
}

/// Variables of psql and sqlcmd that are set on the command line (`-v name=value`); `HOLE` marks unknown values.
pub type Variables = BTreeMap<String, String>;

/// Splits what a client reads.
pub fn pieces(client: Client, text: &str) -> Vec<Piece> {
    pieces_with(client, text, &mut Variables::new())
}

/// Splits what a client reads, with variables set before; leaves them as they are at the end.
pub fn pieces_with(client: Client, text: &str, variables: &mut Variables) -> Vec<Piece> {
    match client {
        Client::Psql => psql::pieces(text, variables),
        Client::Mysql => mysql::pieces(text),
        Client::Sqlite => sqlite::pieces(text),
        Client::Sqlcmd => sqlcmd::pieces(text, variables),
        Client::Sqlplus => sqlplus::pieces(text),
        Client::Snowsql | Client::Cqlsh | Client::Hive => plain::pieces(client, text),
        Client::Plain => plain::dotted(text),
    }
}

/// Collects pieces in their order.
#[derive(Debug, Default)]
struct Collector {
    sql: Sql,
    pieces: Vec<Piece>,
}

impl Collector {
    /// Ends the session: what follows goes to another connection.
    fn connect(&mut self, arguments: Vec<String>, span: Span) {
        self.flush();
        self.pieces.push(Piece::Connect { arguments, span });
    }

    /// Notes a file that is read as if it stood here.
    fn include(&mut self, file: String, beside: bool, span: Span) {
        let place = self.sql.text.len();
        self.sql.includes.push((place, file.clone(), beside));
        self.pieces.push(Piece::Include { file, beside, span });
    }

    /// Notes a file that is written, unless the word names a stream or switches something off.
    fn writes(&mut self, file: &str, copies: bool, span: Span) {
        let stream = matches!(
            file,
            "" | "-" | "off" | "on" | "stdout" | "stderr" | "0" | "1"
        );
        if !stream && !file.starts_with(['|', '-']) && !file.contains(super::HOLE) {
            self.pieces.push(Piece::Writes {
                file: file.to_owned(),
                copies,
                span,
            });
        }
    }

    fn flush(&mut self) {
        let sql = std::mem::take(&mut self.sql);
        if !sql.text.trim().is_empty() {
            self.pieces.push(Piece::Sql(sql));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.flush();
        self.pieces
    }
}

/// Returns the index of the byte behind the quoted text that starts at `at` (its first byte is the quote).
fn behind_quote(bytes: &[u8], at: usize, backslash: bool) -> usize {
    let Some(quote) = bytes.get(at).copied() else {
        return at;
    };
    let mut index = at + 1;
    while let Some(byte) = bytes.get(index) {
        if *byte == b'\\' && backslash {
            index += 2;
        } else if *byte == quote {
            return index + 1;
        } else {
            index += 1;
        }
    }
    bytes.len()
}

/// Returns the index of the newline at or behind `at`, or the end.
fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(bytes.len(), |offset| at + offset)
}

/// Returns the index behind the comment that starts at `at`.
fn behind_comment(bytes: &[u8], at: usize, nests: bool) -> usize {
    let mut depth = 1_usize;
    let mut index = at + 2;
    while let Some(byte) = bytes.get(index) {
        let next = bytes.get(index + 1);
        if *byte == b'*' && next == Some(&b'/') {
            depth -= 1;
            index += 2;
            if depth == 0 {
                return index;
            }
        } else if nests && *byte == b'/' && next == Some(&b'*') {
            depth += 1;
            index += 2;
        } else {
            index += 1;
        }
    }
    bytes.len()
}

/// Cuts the arguments of a client's own command at blanks, quotes undone.
fn arguments(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut current: Option<String> = None;
    let mut quote: Option<char> = None;
    for char in text.chars() {
        match quote {
            Some(open) if char == open => quote = None,
            Some(_) => current.get_or_insert_default().push(char),
            None if matches!(char, '\'' | '"') => {
                quote = Some(char);
                current.get_or_insert_default();
            }
            None if char.is_whitespace() => all.extend(current.take()),
            None => current.get_or_insert_default().push(char),
        }
    }
    all.extend(current);
    all
}

/// Returns the line of a program that gets what a client prints.
fn fed(client: &str, program: &str) -> String {
    format!("{client} | {program}")
}

/// Returns the dialect that a client speaks.
pub const fn dialect_of(client: Client) -> Dialect {
    match client {
        Client::Psql => Dialect::Postgres,
        Client::Mysql => Dialect::Mysql,
        Client::Sqlite => Dialect::Sqlite,
        Client::Sqlcmd => Dialect::Mssql,
        Client::Snowsql => Dialect::Snowflake,
        Client::Sqlplus => Dialect::Oracle,
        Client::Hive => Dialect::Hive,
        Client::Cqlsh | Client::Plain => Dialect::Unknown,
    }
}
