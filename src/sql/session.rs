//! Reads a text as one session: its statements in order, transactions that roll back, objects it made itself.
//! What one statement means is decided in `read`.

mod own;

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Statement, Visit, Visitor};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use crate::model::effect::{Bound, Dialect, Effect, ObjectKind, Verb};
use crate::model::finding::RowsLost;
use crate::model::span::Span;

use super::create::Made;
use super::lex::{self, HOLE_LETTER, Lexed, Range};
use super::read::{self, Reader, Values};

/// More losses of one text than this are not listed; the rest adds nothing to the answer.
const MAX_LOSSES: usize = 2_000;
/// Longer statements are judged by their lexemes alone: a tree of them could overflow the stack.
const MAX_PARSED_BYTES: usize = 64 * 1024;
const MAX_PARSED_TOKENS: usize = 20_000;

/// One loss, with what only the reader of the text knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub effect: Effect,
    /// The object's name as the server looks it up (PostgreSQL folds bare names).
    pub lookup: Option<String>,
    /// The parts of that name.
    pub parts: Vec<String>,
    /// Which rows go or change, where the statement alone says it.
    pub rows: Option<RowsLost>,
    /// The object was made earlier in the same text, unconditionally.
    pub created: bool,
    /// Made as a temporary object: no other object of that name is meant.
    pub temporary: bool,
    /// Happens on another connection: what is rolled back here does not take it back.
    pub lasting: bool,
}

/// How the one who sends a text goes about transactions.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// Places from which on every statement opens a transaction where none is open, or does not.
    pub opens: Vec<(usize, bool)>,
    /// The session ends with the text: what is open then is taken back.
    pub forgets: bool,
    /// The server knows no transactions.
    pub keeps: bool,
    /// Every statement is sent by itself, and is its own transaction where none is open.
    pub alone: bool,
    /// Places where a file stands that may end the transaction.
    pub breaks: Vec<usize>,
}

impl Habits {
    /// Tells whether a statement at this place opens a transaction by itself; nothing where the client says nothing.
    fn opens_at(&self, place: usize) -> Option<bool> {
        let before = self.opens.iter().rev().find(|(from, _)| *from <= place);
        before.map(|(_, opens)| *opens)
    }
}

impl Loss {
    /// Returns it as one whose rows are not known, where its condition asks another table: that may be filled before.
    #[must_use]
    pub fn asked_alone(mut self) -> Self {
        if let Bound::Where { predicate, pure } = &mut self.effect.bound {
            let mut words = predicate.split(|c: char| !c.is_ascii_alphabetic());
            *pure &= !words.any(|word| word.eq_ignore_ascii_case("select"));
        }
        self
    }

    /// Returns a loss of which only the place is known.
    pub fn opaque(span: Span) -> Self {
        Self {
            effect: Effect {
                verb: Verb::Opaque,
                kind: ObjectKind::Other,
                object: None,
                part: None,
                bound: Bound::NotApplicable,
                cascade: false,
                only: false,
                if_exists: false,
                opaque: true,
                span,
            },
            lookup: None,
            parts: Vec::new(),
            rows: None,
            created: false,
            temporary: false,
            lasting: false,
        }
    }
}

/// Returns the losses of a text, those of objects that it made itself included.
pub fn losses(text: &str, dialect: Dialect) -> Vec<Loss> {
    losses_of(text, dialect, &Habits::default())
}

/// Returns the losses of a text whose sender goes about transactions in a way of its own.
pub fn losses_of(text: &str, dialect: Dialect, habits: &Habits) -> Vec<Loss> {
    let text = text.replace(super::HOLE, &HOLE_LETTER.to_string());
    if !read::is_suspicious(&text) {
        return Vec::new();
    }
    let (first, others): (Dialect, &[Dialect]) = match dialect {
        Dialect::Unknown => (Dialect::Postgres, &[Dialect::Mysql, Dialect::Sqlite]),
        _ => (dialect, &[]),
    };
    let frame = || Frame {
        habits: habits.clone(),
        ..Frame::default()
    };
    let mut all = read_in(&text, first, frame());
    for other in others {
        add_new(&mut all, read_in(&text, *other, frame()));
    }
    if matches!(first, Dialect::Postgres | Dialect::Redshift) && turns_escapes(&text) {
        let lexed = lex::lex_escaping(&text);
        add_new(&mut all, read_lexed(&text, &lexed, first, frame()));
    }
    all.sort_by_key(|loss| loss.effect.span.start);
    all
}

/// Tells whether a text names the setting that makes backslashes in PostgreSQL's plain strings escapes.
fn turns_escapes(text: &str) -> bool {
    text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        .any(|word| word.eq_ignore_ascii_case("standard_conforming_strings"))
}

/// Tells whether a text ends in no open string or comment, so that another may follow it.
pub fn is_closed(text: &str, dialect: Dialect) -> bool {
    lex::lex(text, dialect).stopped.is_none()
}

/// Returns the files that SQLite attaches, with the names they get; a path that is no literal is nothing.
pub fn attached(text: &str) -> Vec<(String, Option<String>)> {
    let lexed = lex::lex(text, Dialect::Sqlite);
    let lexemes = &lexed.lexemes;
    let mut all = Vec::new();
    for (index, lexeme) in lexemes.iter().enumerate() {
        if !lexeme.is("ATTACH") || all.len() > MAX_LOSSES {
            continue;
        }
        let at =
            index + 1 + usize::from(lexemes.get(index + 1).is_some_and(|one| one.is("DATABASE")));
        let plain = lexemes.get(at + 1).is_some_and(|one| one.is("AS"));
        let path = lexemes
            .get(at)
            .and_then(|one| super::name::read(std::slice::from_ref(one), 0, Dialect::Sqlite))
            .filter(|(name, _)| plain && !name.hole);
        let alias = lexemes
            .iter()
            .enumerate()
            .skip(at)
            .take(16)
            .find(|(_, one)| one.is("AS"));
        let name =
            alias.and_then(|(index, _)| super::name::read(lexemes, index + 1, Dialect::Sqlite));
        if let Some((name, _)) = name {
            all.push((name.written, path.map(|(path, _)| path.written)));
        }
    }
    all
}

/// Adds the losses that no other dialect saw.
fn add_new(all: &mut Vec<Loss>, more: Vec<Loss>) {
    let key = |loss: &Loss| {
        let effect = &loss.effect;
        (
            effect.verb,
            effect.object.clone(),
            effect.part.clone(),
            effect.span.start,
        )
    };
    let seen: HashSet<_> = all.iter().map(key).collect();
    all.extend(more.into_iter().filter(|loss| !seen.contains(&key(loss))));
}

/// Where a text stands inside another one.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub block: bool,
    pub depth: usize,
    /// What is known of the variables outside.
    pub values: Values,
    pub habits: Habits,
}

/// Reads a text in which holes are letters, as a part of another one.
pub(super) fn read_in(text: &str, dialect: Dialect, frame: Frame) -> Vec<Loss> {
    let unwrapped;
    let text = if dialect == Dialect::Mysql && text.contains("/*M!") {
        // MariaDB's own comments run; written as MySQL's, at the same length.
        unwrapped = text.replace("/*M!", " /*!");
        &unwrapped
    } else {
        text
    };
    read_lexed(text, &lex::lex(text, dialect), dialect, frame)
}

fn read_lexed(text: &str, lexed: &Lexed, dialect: Dialect, frame: Frame) -> Vec<Loss> {
    let mut reader = Reader {
        text,
        lexemes: &lexed.lexemes,
        dialect,
        block: frame.block,
        depth: frame.depth,
        values: frame.values,
        ends: frame.habits.forgets,
        out: Vec::new(),
    };
    reader.settle();
    let mut session = Session {
        reader,
        open: None,
        savepoints: Vec::new(),
        by_savepoint: false,
        made: Vec::new(),
        windows: Vec::new(),
        temporary_behind: false,
        triggers: Vec::new(),
        routines: Vec::new(),
        followed: 0,
        fills: false,
        looks: false,
        habits: frame.habits,
        opens: false,
        blocks: 0,
    };
    for range in lex::statements(&lexed.lexemes, dialect) {
        if session.reader.out.len() > MAX_LOSSES {
            break;
        }
        for (part, perhaps) in session.reader.steered(range) {
            session.statement(part, perhaps);
        }
    }
    if session.habits.forgets {
        session.undo();
    }
    let mut out = session.reader.out;
    out.extend(unread(text, lexed));
    out
}

/// What could not be tokenized counts as a loss when a destructive verb is visible in it.
fn unread(text: &str, lexed: &Lexed) -> Option<Loss> {
    const VERBS: [&str; 8] = [
        "drop", "truncate", "delete", "update", "alter", "replace", "detach", "reassign",
    ];
    let from = lexed.stopped?;
    let rest = text.get(from..)?;
    let visible = rest
        .split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        .any(|word| VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb)));
    visible.then(|| Loss::opaque(Span::new(from, text.len())))
}

/// An open transaction: where losses and made objects stood at its start.
#[derive(Debug, Clone, Copy)]
struct Open {
    losses: usize,
    made: usize,
}

struct Session<'a> {
    reader: Reader<'a>,
    open: Option<Open>,
    /// Savepoints of the open transaction by their names.
    savepoints: Vec<(String, Open)>,
    /// The transaction was begun by a savepoint, and ends with it.
    by_savepoint: bool,
    made: Vec<Made>,
    /// Views, foreign tables and their like: what is taken away through them is not their own.
    windows: Vec<String>,
    /// A search path has what stands in the schema of the session behind other schemas.
    temporary_behind: bool,
    /// Triggers that the text defines.
    triggers: Vec<own::Trigger>,
    /// Routines that the text defines: name, and the statement that holds the body.
    routines: Vec<(String, Range)>,
    /// Bytes of bodies that were read for calls.
    followed: usize,
    /// A statement before may have filled tables.
    fills: bool,
    /// Nothing is run until further notice.
    looks: bool,
    habits: Habits,
    /// Every statement opens a transaction where none is open.
    opens: bool,
    /// T-SQL's `BEGIN … END` around this place: what stands there may not run.
    blocks: usize,
}

/// More routines of one text than this are not followed when they are called.
const MAX_ROUTINES: usize = 256;
/// Savepoints of one transaction that are remembered.
const MAX_SAVEPOINTS: usize = 256;
/// Bodies are read again for every call; behind this many bytes a call cannot be known.
const MAX_FOLLOWED: usize = 4 * 1024 * 1024;

impl Session<'_> {
    /// Reads one statement; `perhaps` when a condition stands in front of it.
    fn statement(&mut self, range: Range, perhaps: bool) {
        let Range { from, to } = range;
        self.broken_off(range);
        if let Some(on) = self.only_looks(from, to) {
            self.looks = on;
            return;
        }
        if self.looks {
            return;
        }
        let perhaps = perhaps || self.blocks > 0;
        self.blocks = self.reader.blocks_behind(self.blocks, range);
        if !self.reader.block && self.control(from, to, perhaps) {
            return;
        }
        self.open_by_itself(range);
        let before = self.reader.out.len();
        self.reader.statement(from, to);
        self.follow_calls(range);
        self.follow_triggers(range);
        if self.reader.out.len() == before && self.is_missed(range) {
            self.reader.opaque(from, to);
        }
        if self.fills {
            let found = self.reader.out.split_off(before.min(self.reader.out.len()));
            let found = found.into_iter().map(Loss::asked_alone);
            self.reader.out.extend(found);
        }
        let fills = [
            "INSERT", "REPLACE", "UPDATE", "MERGE", "COPY", "LOAD", "WITH", "CALL", "EXEC",
            "EXECUTE", "DO", "IMPORT", "ATTACH",
        ];
        self.fills |= self.reader.any(from, &fills);
        self.mark_made(before);
        self.remember(from, to);
    }

    /// `SET NOEXEC ON` of T-SQL and its kin: what follows is compiled or explained, and not run.
    fn only_looks(&self, from: usize, to: usize) -> Option<bool> {
        let reader = &self.reader;
        let tsql = matches!(reader.dialect, Dialect::Mssql | Dialect::Unknown);
        let modes = [
            "NOEXEC",
            "PARSEONLY",
            "FMTONLY",
            "SHOWPLAN_ALL",
            "SHOWPLAN_TEXT",
            "SHOWPLAN_XML",
        ];
        let sets = tsql
            && to == from + 3
            && reader.is(from, "SET")
            && reader.any(from + 1, &modes)
            && reader.any(from + 2, &["ON", "OFF"]);
        sets.then(|| reader.is(from + 2, "ON"))
    }

    /// Opens a transaction where the client or a setting has every statement do so.
    fn open_by_itself(&mut self, range: Range) {
        let place = self.reader.span(range.from, range.to).start;
        let by_client = self.habits.opens_at(place);
        if let Some(opens) = self.reader.switches(range) {
            // What was open is committed by MySQL, and stays open for T-SQL: at the worst it is committed.
            self.open = self.open.filter(|_| opens);
            self.opens = opens;
            return;
        }
        if !by_client.unwrap_or(self.opens) || self.reader.block {
            return;
        }
        if self.reader.may_commit(range) {
            self.open = None;
        } else if self.open.is_none() && !self.stands_alone(range) {
            self.open = Some(self.now());
            self.savepoints.clear();
            self.by_savepoint = false;
        }
    }

    fn stands_alone(&self, range: Range) -> bool {
        self.reader.commits(range.from) || self.reader.is_outside(range)
    }

    /// Handles the statements that open, close and undo a transaction.
    fn control(&mut self, from: usize, to: usize, perhaps: bool) -> bool {
        let reader = &self.reader;
        let alone = to == from + 1;
        let modes = [
            "WORK",
            "TRANSACTION",
            "TRAN",
            "DEFERRED",
            "IMMEDIATE",
            "EXCLUSIVE",
            "ISOLATION",
            "READ",
        ];
        let plain = alone || reader.any(from + 1, &modes);
        if reader.is(from, "BEGIN") && plain
            || reader.is(from, "START") && reader.is(from + 1, "TRANSACTION")
        {
            let transactional = !perhaps
                && !self.habits.keeps
                && !matches!(reader.dialect, Dialect::Clickhouse | Dialect::Hive);
            self.open = transactional.then(|| self.now());
            self.savepoints.clear();
            self.by_savepoint = false;
            return true;
        }
        if reader.any(from, &["ROLLBACK", "ABORT"]) {
            let part = (from..to).any(|at| reader.any(at, &["TO", "PREPARED"]));
            if !perhaps {
                self.roll_back(to, part);
            }
            return true;
        }
        let blocks = matches!(reader.dialect, Dialect::Oracle | Dialect::Mssql);
        if reader.is(from, "COMMIT") || reader.is(from, "END") && plain && !blocks {
            self.open = None;
            self.end_with_transaction();
            return true;
        }
        if self.saves(from, to) {
            return true;
        }
        if self.reader.commits(from) {
            self.open = None;
        }
        false
    }

    const fn now(&self) -> Open {
        Open {
            losses: self.reader.out.len(),
            made: self.made.len(),
        }
    }

    /// `SAVEPOINT a`, `SAVE TRAN a`, `RELEASE SAVEPOINT a`.
    fn saves(&mut self, from: usize, to: usize) -> bool {
        let reader = &self.reader;
        let sets = reader.is(from, "SAVEPOINT")
            || reader.is(from, "SAVE") && reader.any(from + 1, &["TRAN", "TRANSACTION"]);
        let releases = reader.is(from, "RELEASE");
        let name = to.checked_sub(1).filter(|at| *at > from);
        let name = name.and_then(|at| Some(reader.at(at)?.bare()?.to_lowercase()));
        if releases {
            let known = name.and_then(|name| self.saved(&name));
            // What was released cannot be gone back to; an unknown name may be any.
            self.savepoints.truncate(known.unwrap_or(0));
            if self.by_savepoint && self.savepoints.is_empty() {
                self.open = None;
                self.by_savepoint = false;
            }
            return true;
        }
        if !sets {
            return false;
        }
        // SQLite begins a transaction by a savepoint where none is open.
        if self.open.is_none() && self.reader.dialect == Dialect::Sqlite {
            self.open = Some(self.now());
            self.savepoints.clear();
            self.by_savepoint = true;
        }
        if self.open.is_some()
            && self.savepoints.len() < MAX_SAVEPOINTS
            && let Some(name) = name
        {
            self.savepoints.push((name, self.now()));
        }
        true
    }

    fn saved(&self, name: &str) -> Option<usize> {
        self.savepoints.iter().rposition(|(known, _)| known == name)
    }

    /// Goes back to a savepoint (`part`, or by a name that is known), or to the start.
    fn roll_back(&mut self, to: usize, part: bool) {
        let last = to.checked_sub(1).and_then(|at| self.reader.at(at)?.bare());
        let place = last.and_then(|name| self.saved(&name.to_lowercase()));
        let saved = place
            .and_then(|at| self.savepoints.get(at))
            .map(|(_, open)| *open);
        match saved.filter(|_| self.open.is_some()) {
            Some(open) => {
                self.savepoints.truncate(place.map_or(0, |at| at + 1));
                self.undo_from(open);
            }
            None if part => self.made.clear(),
            None => {
                self.undo();
                self.end_with_transaction();
            }
        }
    }

    /// The body of a routine that the same text defines counts where it is called.
    fn follow_calls(&mut self, range: Range) {
        let Range { from, to } = range;
        if self.reader.is(from, "CREATE") {
            if self.routines.len() < MAX_ROUTINES
                && let Some(name) = self.reader.routine(from, to)
            {
                self.routines.push((name, range));
            }
            return;
        }
        if self.routines.is_empty()
            || !self
                .reader
                .any(from, &["CALL", "SELECT", "EXEC", "EXECUTE"])
        {
            return;
        }
        let named = self.reader.is(from, "SELECT");
        let calls: Vec<(usize, String)> = (from + 1..to)
            .filter(|at| !named || self.reader.token(at + 1, &Token::LParen))
            .filter_map(|at| Some((at, self.reader.at(at)?.bare()?.to_lowercase())))
            .collect();
        let called: Vec<(Range, usize)> = (self.routines.iter())
            .filter_map(|(name, body)| {
                let (at, _) = calls.iter().find(|(_, called)| called == name)?;
                Some((*body, *at))
            })
            .collect();
        let span = self.reader.span(from, to);
        for (body, at) in called {
            let before = self.reader.out.len();
            self.followed += self.reader.span(body.from, body.to).len();
            if self.followed > MAX_FOLLOWED {
                return self.reader.opaque(from, to);
            }
            let arguments = self.reader.arguments((body.from, body.to), at + 1, to);
            self.reader.body(body.from, body.to, arguments);
            for loss in self.reader.out.iter_mut().skip(before) {
                loss.effect.span = span;
            }
        }
    }

    fn undo(&mut self) {
        if let Some(open) = self.open.take() {
            self.undo_from(open);
        }
    }

    fn undo_from(&mut self, open: Open) {
        self.made.truncate(open.made);
        let mut index = 0;
        self.reader.out.retain(|loss| {
            let inside = index >= open.losses;
            index += 1;
            !inside
                || loss.lasting
                || matches!(
                    loss.effect.verb,
                    Verb::Program | Verb::Server | Verb::Opaque
                )
        });
    }

    /// Asks the grammar when the lexemes gave nothing although a destructive word stands bare in the statement.
    fn is_missed(&self, range: Range) -> bool {
        let Range { from, to } = range;
        let reader = &self.reader;
        let words = ["DROP", "TRUNCATE", "DELETE", "UPDATE", "MERGE"];
        let leading = [
            "CREATE", "GRANT", "REVOKE", "EXPLAIN", "COMMENT", "ALTER", "DESCRIBE", "DESC",
        ];
        let small =
            to - from <= MAX_PARSED_TOKENS && reader.span(from, to).len() <= MAX_PARSED_BYTES;
        let forgotten = reader.is(from, "PREPARE") && reader.is_forgotten(from, to);
        if !small
            || forgotten
            || reader.any(from, &leading)
            || !(from..to).any(|at| reader.any(at, &words))
        {
            return false;
        }
        parse(reader, range).is_some_and(|statement| statement.visit(&mut Destructive).is_break())
    }
}

/// Returns the tree of a statement when the grammar takes all of it.
pub(super) fn parse(reader: &Reader<'_>, range: Range) -> Option<Statement> {
    let lexemes = reader.lexemes.get(range.from..range.to)?;
    let tokens = lexemes.iter().map(|lexeme| lexeme.token.clone()).collect();
    let mut parser = Parser::new(lex::parser_of(reader.dialect)).with_tokens_with_locations(tokens);
    let statement = parser.parse_statement().ok()?;
    (parser.peek_token_ref().token == Token::EOF).then_some(statement)
}

/// Breaks at the first statement that loses something by itself.
struct Destructive;

impl Visitor for Destructive {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        match statement {
            Statement::Delete(_)
            | Statement::Update(_)
            | Statement::Truncate(_)
            | Statement::Drop { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
