//! Reads one statement: finds its verb, opens what hides another statement, and notes each loss.
//! Transactions and objects made in the same text are the work of `session`.

use std::collections::BTreeMap;

use sqlparser::tokenizer::Token;

use crate::model::effect::{Bound, Dialect, Effect, ObjectKind, Verb};
use crate::model::finding::RowsLost;
use crate::model::span::Span;

use super::lex::{self, Lexeme};
use super::name::{self, Name};
use super::session::{Frame, Loss};

/// Statements inside statements (EXPLAIN of PREPARE of a string of …) are followed this deep.
const MAX_DEPTH: usize = 12;

/// Words of an EXPLAIN in front of what it explains.
const EXPLAINED_MAX: usize = 32;

/// How far behind UPDATE its SET is looked for where a statement may start anywhere.
const NEAR: usize = 64;

/// Texts of variables and parameters, by their names in lower case.
pub(super) type Values = BTreeMap<String, String>;

/// Reads statements of one text.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// The text with holes replaced by letters.
    pub text: &'a str,
    pub lexemes: &'a [Lexeme],
    pub dialect: Dialect,
    /// The body of a block of a procedural language: EXECUTE takes text there.
    pub block: bool,
    pub depth: usize,
    pub values: Values,
    /// The session ends with the text.
    pub ends: bool,
    pub out: Vec<Loss>,
}

/// What is known about a loss before its place is added.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub verb: Verb,
    pub kind: ObjectKind,
    pub name: Option<Name>,
    pub part: Option<String>,
    pub bound: Bound,
    pub cascade: bool,
    pub only: bool,
    pub if_exists: bool,
    pub opaque: bool,
    pub rows: Option<RowsLost>,
}

impl Note {
    pub fn new(verb: Verb, kind: ObjectKind) -> Self {
        Self {
            verb,
            kind,
            name: None,
            part: None,
            bound: Bound::NotApplicable,
            cascade: false,
            only: false,
            if_exists: false,
            opaque: false,
            rows: None,
        }
    }

    pub fn named(mut self, name: Option<Name>) -> Self {
        self.name = name;
        self
    }
}

impl<'a> Reader<'a> {
    pub fn at(&self, index: usize) -> Option<&'a Lexeme> {
        self.lexemes.get(index)
    }

    pub fn is(&self, index: usize, word: &str) -> bool {
        self.at(index).is_some_and(|lexeme| lexeme.is(word))
    }

    pub fn any(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(index, word))
    }

    pub fn token(&self, index: usize, token: &Token) -> bool {
        self.at(index)
            .is_some_and(|lexeme| lexeme.token.token == *token)
    }

    /// Returns the index behind `words` when they stand at `index` one after the other.
    pub fn skip(&self, index: usize, words: &[&str]) -> usize {
        let there = words
            .iter()
            .enumerate()
            .all(|(offset, word)| self.is(index + offset, word));
        if there { index + words.len() } else { index }
    }

    pub fn name(&self, index: usize, to: usize) -> Option<(Name, usize)> {
        if index >= to {
            return None;
        }
        name::read(self.lexemes, index, self.dialect)
    }

    /// Returns the index of the parenthesis that closes the one at `open`, or `to`.
    pub fn closing(&self, open: usize, to: usize) -> usize {
        let mut depth = 0_usize;
        for index in open..to {
            if self.token(index, &Token::LParen) {
                depth += 1;
            } else if self.token(index, &Token::RParen) {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
        }
        to
    }

    /// Returns the first index at the parenthesis depth of `from` where `found` holds.
    pub fn find(&self, from: usize, to: usize, found: impl Fn(usize) -> bool) -> Option<usize> {
        let mut depth = 0_i64;
        for index in from..to {
            match self.at(index).map(|lexeme| &lexeme.token.token) {
                Some(Token::LParen) => depth += 1,
                Some(Token::RParen) => depth -= 1,
                _ if depth == 0 && found(index) => return Some(index),
                _ => {}
            }
        }
        None
    }

    pub fn find_word(&self, from: usize, to: usize, word: &str) -> Option<usize> {
        self.find(from, to, |index| self.is(index, word))
    }

    pub fn span(&self, from: usize, to: usize) -> Span {
        let start = self.at(from).map_or(self.text.len(), |lexeme| lexeme.start);
        let end = to
            .checked_sub(1)
            .filter(|last| *last >= from)
            .and_then(|last| self.at(last))
            .map_or(start, |lexeme| lexeme.end);
        Span::new(start, end)
    }

    pub fn note(&mut self, note: Note, from: usize, to: usize) {
        // The dialect is unknown where the pieces of a T-SQL text are read.
        let tsql = matches!(self.dialect, Dialect::Mssql | Dialect::Unknown);
        let of_session = tsql && note.name.as_ref().is_some_and(Name::is_of_session)
            || note
                .name
                .as_ref()
                .is_some_and(|name| name.is_temporary(self.dialect));
        let parts = note.name.as_ref().filter(|name| !name.hole);
        let parts = parts.map(|name| name.parts.clone()).unwrap_or_default();
        let (object, lookup, hole) = match note.name {
            Some(name) if !name.hole => (Some(name.written), Some(name.lookup), false),
            Some(_) => (None, None, true),
            None => (None, None, false),
        };
        let effect = Effect {
            verb: note.verb,
            kind: note.kind,
            object,
            part: note.part,
            bound: note.bound,
            cascade: note.cascade,
            only: note.only,
            if_exists: note.if_exists,
            opaque: note.opaque || hole,
            span: self.span(from, to),
        };
        let table = lookup.clone().filter(|_| !self.block);
        let rows = note
            .rows
            .zip(table)
            .map(|(rows, table)| RowsLost { table, ..rows });
        self.out.push(Loss {
            effect,
            lookup,
            parts,
            rows,
            created: of_session,
            temporary: of_session,
            lasting: false,
        });
    }

    /// Reads the statement in `from..to`.
    pub fn statement(&mut self, from: usize, to: usize) {
        if self.depth >= MAX_DEPTH {
            return self.opaque(from, to);
        }
        self.depth += 1;
        self.dispatch(from, to);
        self.depth -= 1;
    }

    fn dispatch(&mut self, from: usize, to: usize) {
        let Some(first) = self.at(from).filter(|_| from < to) else {
            return;
        };
        if first.has_hole() {
            self.opaque(from, to);
            return self.loose(from + 1, to);
        }
        if first.token.token == Token::LParen {
            return self.statement(from + 1, to);
        }
        let word = first.bare().unwrap_or_default().to_ascii_uppercase();
        if self.manipulates(&word, from, to)
            || self.administers(&word, from, to)
            || self.keeps_up(&word, from, to)
        {
            return;
        }
        match word.as_str() {
            "CREATE" => self.create(from, to),
            "DO" => self.block_of_do(from, to),
            "EXECUTE" | "EXEC" => self.execute(from, to),
            "PREPARE" => self.prepare(from, to),
            "CALL" => self.call(from, to),
            "EXPLAIN" | "DESCRIBE" | "DESC" | "ANALYZE" => self.explain(from, to),
            "COPY" => self.copy(from, to),
            "WITH" => {
                self.functions(from, to);
                self.with(from, to);
            }
            "SELECT" | "VALUES" | "TABLE" | "SET" | "PERFORM" | "FROM" => {
                self.functions(from, to);
                if self.dialect == Dialect::Mssql || self.block {
                    self.loose(from + 1, to);
                }
            }
            "BEGIN" | "IF" | "WHILE" | "DECLARE" | "LOOP" | "FOR" | "FOREACH" | "ELSE" | "THEN"
            | "ELSIF" | "ELSEIF" | "CASE" | "EXCEPTION" | "WHEN" | "RETURN" | "USE" | "END"
            | "PRINT" | "OPEN" => {
                self.functions(from, to);
                self.loose(from + 1, to);
            }
            // A batch of T-SQL needs no semicolons, and its first routine no EXEC.
            _ if self.dialect == Dialect::Mssql => {
                if super::dynamic::is_effectful(&word) {
                    self.called(from, (from, to));
                }
                self.loose(from, to);
            }
            _ => {}
        }
    }

    /// Reads statements that change rows or objects; tells whether the word was one of them.
    fn manipulates(&mut self, word: &str, from: usize, to: usize) -> bool {
        match word {
            "DROP" => self.drop(from, to),
            "TRUNCATE" => self.truncate(from, to),
            "ALTER" if self.scheduled(from, to) => {}
            "ALTER" => self.alter(from, to),
            "DELETE" => self.delete(from, to),
            "UPDATE" => self.update(from, to),
            "MERGE" => self.merge(from, to),
            "REPLACE" => self.replace(from, to),
            "INSERT" => self.insert(from, to),
            "LOAD" | "IMPORT" if self.replaces_rows(from, to) => {
                let into = self.find_word(from, to, "INTO").map_or(to, |at| at + 1);
                let name = self.name(into, to).map(|(name, _)| name);
                let note = Note::new(Verb::Truncate, ObjectKind::Table).named(name);
                self.note(note, from, to);
            }
            "LOAD" => self.load(from, to),
            _ => return false,
        }
        if matches!(word, "DELETE" | "UPDATE" | "INSERT" | "MERGE") {
            self.functions(from, to);
        }
        if self.dialect == Dialect::Mssql {
            self.loose(from + 1, to);
        }
        true
    }

    /// Db2's `LOAD FROM f OF DEL REPLACE INTO t`: the rows that were there go.
    fn replaces_rows(&self, from: usize, to: usize) -> bool {
        let of = self.find_word(from, to, "OF");
        of.is_some_and(|at| self.any(at + 1, &["DEL", "IXF", "ASC", "CURSOR", "WSF"]))
            && self
                .find_word(from, to, "REPLACE")
                .is_some_and(|at| (at..to).any(|at| self.is(at, "INTO")))
    }

    /// Reads a `WITH`: statements inside its members and the one behind them.
    fn with(&mut self, from: usize, to: usize) {
        let mut index = from + 1;
        while index < to {
            let opens = self.token(index - 1, &Token::LParen);
            let closes = self.token(index - 1, &Token::RParen);
            let verb = self.any(index, &["DELETE", "UPDATE", "MERGE", "INSERT", "REPLACE"]);
            if verb && opens {
                let close = self.closing(index - 1, to);
                self.statement(index, close);
            } else if verb && closes {
                return self.statement(index, to);
            }
            index += 1;
        }
    }

    /// Reads an `EXPLAIN`: only with ANALYZE does it run what it explains. MariaDB's `ANALYZE` runs it as well.
    fn explain(&mut self, from: usize, to: usize) {
        let mut index = from + 1;
        let mut runs = false;
        while index < to {
            index =
                if self.token(index, &Token::LParen) && !self.any(index + 1, &["SELECT", "WITH"]) {
                    let close = self.closing(index, to);
                    runs |= (index..close).any(|at| self.analyzes(at));
                    close + 1
                } else if self.any(index, &["ANALYZE", "ANALYSE", "VERBOSE"]) {
                    runs |= !self.is(index, "VERBOSE");
                    index + 1
                } else if self.is(index, "FORMAT") && self.token(index + 1, &Token::Eq) {
                    index + 3
                } else {
                    break;
                };
        }
        let changes = self.any(index, &["DELETE", "UPDATE", "INSERT", "REPLACE", "WITH"]);
        if runs || changes && self.is(from, "ANALYZE") {
            self.statement(index, to);
        }
    }

    /// `ANALYZE` among the options of an EXPLAIN, not switched off.
    fn analyzes(&self, at: usize) -> bool {
        self.any(at, &["ANALYZE", "ANALYSE"])
            && !self.any(at + 1, &["OFF", "FALSE"])
            && !self.token(at + 1, &Token::Number("0".to_owned(), false))
    }

    /// Tells whether the EXECUTE at this place is only explained.
    pub fn is_explained(&self, at: usize) -> bool {
        let first = (0..at).rev().take(EXPLAINED_MAX).take_while(|before| {
            !self.token(*before, &Token::SemiColon) && !self.analyzes(*before)
        });
        first.last().is_some_and(|first| {
            let opens = first == 0 || self.token(first - 1, &Token::SemiColon);
            opens && self.any(first, &["EXPLAIN", "DESCRIBE", "DESC"])
        })
    }

    /// Reads text in which a statement may start anywhere: blocks, and what follows a hole.
    pub fn loose(&mut self, from: usize, to: usize) {
        let starts: Vec<usize> = (from..to).filter(|index| self.starts(*index, to)).collect();
        for (place, start) in starts.iter().enumerate() {
            let end = starts.get(place + 1).copied().unwrap_or(to);
            let dialect = self.dialect;
            // The pieces were cut already: a T-SQL statement must not be cut again.
            if dialect == Dialect::Mssql {
                self.dialect = Dialect::Unknown;
            }
            self.statement(*start, end);
            self.dialect = dialect;
        }
    }

    /// Tells whether a statement that matters starts here, by its shape.
    fn starts(&self, index: usize, to: usize) -> bool {
        if index >= to
            || index
                .checked_sub(1)
                .is_some_and(|before| self.disarms(before))
        {
            return false;
        }
        let next = index + 1;
        let named = self.name(next, to).is_some();
        let Some(word) = self.at(index).and_then(Lexeme::bare) else {
            return false;
        };
        match word.to_ascii_uppercase().as_str() {
            "DROP" => self.drop_kind(next).is_some(),
            "TRUNCATE" => named,
            "DELETE" => self.any(next, &["FROM", "TOP"]),
            "UPDATE" => named && self.find_word(next, to.min(next + NEAR), "SET").is_some(),
            "MERGE" | "REPLACE" => self.is(next, "INTO"),
            "ALTER" => self.any(next, &["TABLE", "SYSTEM", "TYPE", "DOMAIN"]),
            "EXECUTE" => self.block || self.is(next, "IMMEDIATE"),
            "EXEC" | "CALL" => named || self.token(next, &Token::LParen),
            "RESTORE" | "BACKUP" => self.any(next, &["DATABASE", "LOG"]),
            "DBCC" => self.any(next, &["CHECKDB", "CHECKTABLE", "CHECKALLOC", "WRITEPAGE"]),
            _ => false,
        }
    }

    /// Tells whether the word before a verb makes it a part of something else.
    fn disarms(&self, before: usize) -> bool {
        self.token(before, &Token::Period)
            || self.token(before, &Token::Comma)
            || self.any(
                before,
                &[
                    "ON", "OR", "BEFORE", "AFTER", "OF", "KEY", "NO", "GRANT", "REVOKE", "DENY",
                    "SELECT", "CREATE",
                ],
            )
            || (self.is(before, "FOR") && !self.block)
    }

    /// Returns a reader of a text inside this one (a string, a dollar-quoted body) with its own lexemes.
    pub fn inner(&mut self, text: &str, block: bool) -> Vec<Loss> {
        if self.depth >= MAX_DEPTH {
            return vec![Loss::opaque(Span::new(0, text.len()))];
        }
        let frame = Frame {
            block,
            depth: self.depth + 1,
            values: self.values.clone(),
            ..Frame::default()
        };
        super::session::read_in(text, self.dialect, frame)
    }

    /// Judges a string literal as SQL; its losses get the place of the statement inside, where it is exact.
    pub fn string(&mut self, index: usize, block: bool) -> usize {
        let Some(lexeme) = self.at(index) else {
            return 0;
        };
        let Some(raw) = lexeme.string() else {
            return 0;
        };
        let plain = raw.replace("''", "'");
        let whole = Span::new(lexeme.start, lexeme.end);
        let exact = (plain.len() == raw.len())
            .then(|| self.text.get(lexeme.start..lexeme.end))
            .flatten()
            .and_then(|token| token.find(raw))
            .map(|offset| lexeme.start + offset);
        let found = self.inner(&plain, block);
        let count = found.len();
        for mut loss in found {
            loss.effect.span = match exact {
                Some(start) => {
                    let span = loss.effect.span;
                    Span::new(start + span.start, start + span.end)
                }
                None => whole,
            };
            self.out.push(loss);
        }
        count
    }
}

/// Tells whether a text holds a word with which a loss could begin; without one it need not be tokenized.
pub(super) fn is_suspicious(text: &str) -> bool {
    const WORDS: [&str; 40] = [
        "alter",
        "backup",
        "call",
        "cluster",
        "copy",
        "delete",
        "deny",
        "detach",
        "do",
        "drop",
        "exec",
        "execute",
        "flush",
        "insert",
        "kill",
        "load",
        "merge",
        "overwrite",
        "pragma",
        "prepare",
        "purge",
        "reassign",
        "remove",
        "replace",
        "reset",
        "restore",
        "revoke",
        "shutdown",
        "system",
        "truncate",
        "update",
        "vacuum",
        "exchange",
        "flashback",
        "optimize",
        "import",
        "dbcc",
        "repair",
        "unload",
        "export",
    ];
    if text.contains(lex::HOLE_LETTER) || text.contains("/*") && text.contains('!') {
        return true;
    }
    text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        .any(|word| {
            (2..=9).contains(&word.len()) && WORDS.iter().any(|one| word.eq_ignore_ascii_case(one))
                || word.len() > 9 && super::dynamic::is_effectful(word)
                || word.eq_ignore_ascii_case("schedule")
                || word.eq_ignore_ascii_case("lowrite")
                || word.contains('_') && super::dynamic::is_effectful(word)
        })
}
