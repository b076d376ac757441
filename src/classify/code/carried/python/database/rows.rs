//! Statements of a script carried out on a database in memory: what they give, change, and refuse.
//! Transactions begin and end as the module `sqlite3` has them.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Batch, Connection, Error, ErrorCode};

use crate::sql::HOLE;

use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Clock, Kind, Outcome, Stop, Value};
use super::watch::Seen;
use super::{Cursor, Store, doubt};

/// Statements before which a transaction begins.
const CHANGES: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "REPLACE"];
/// Statements that begin and end transactions.
const ENDS: [&str; 6] = ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];

/// Keeps a statement in mind that has changed something, until it is committed.
fn noted(store: &Store, word: &str, told: &str, autocommit: bool) {
    let mut pending = store.pending.borrow_mut();
    if word == "ROLLBACK" && autocommit {
        pending.clear();
    } else if word != "PRAGMA" && !ENDS.contains(&word) {
        pending.push(told.trim().trim_end_matches(';').to_owned());
    }
}

/// Returns the first word of a statement.
fn head(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_uppercase()
}

impl Player<'_> {
    pub fn cursor_method(
        &mut self,
        cursor: &Rc<Cursor>,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        if name != "close" {
            self.check_open(&cursor.connection)?;
        }
        match name {
            "execute" => {
                let text = given.need("sql")?.as_text()?;
                let values = given.take("parameters");
                given.end()?;
                self.execute(cursor, &text, values.as_ref())?;
            }
            "executemany" => {
                let text = given.need("sql")?.as_text()?;
                let all = given.need("parameters")?;
                given.end()?;
                if !CHANGES.contains(&head(&text).as_str()) {
                    return Err(self.raise(
                        "sqlite3.ProgrammingError",
                        "executemany() can only execute DML statements.",
                    ));
                }
                let mut count = 0;
                let last = cursor.last.borrow().clone();
                for values in self.items(&all)? {
                    self.execute(cursor, &text, Some(&values))?;
                    count += cursor.count.get();
                }
                cursor.count.set(count);
                *cursor.last.borrow_mut() = last;
            }
            "executescript" => {
                let text = given.need("sql_script")?.as_text()?;
                given.end()?;
                let store = Rc::clone(&cursor.connection.store);
                self.commit(&store)?;
                self.script(cursor, &text)?;
            }
            "fetchone" => return Ok(self.next_row(cursor)?.unwrap_or(Value::None)),
            "fetchall" => {
                self.looked_again(cursor)?;
                let all = std::mem::take(&mut *cursor.rows.borrow_mut());
                return Ok(Value::list(all.into()));
            }
            "fetchmany" => {
                self.looked_again(cursor)?;
                let size = given.take("size").map_or(Ok(1), |size| size.whole())?;
                let mut rows = cursor.rows.borrow_mut();
                let size = usize::try_from(size)
                    .map_err(|_| Stop::Lost)?
                    .min(rows.len());
                return Ok(Value::list(rows.drain(..size).collect()));
            }
            "close" => return Ok(Value::None),
            _ => return Err(Stop::Lost),
        }
        Ok(Value::Cursor(Rc::clone(cursor)))
    }

    pub fn next_row(&mut self, cursor: &Rc<Cursor>) -> Outcome<Option<Value>> {
        self.looked_again(cursor)?;
        Ok(cursor.rows.borrow_mut().pop_front())
    }

    /// Rows that are still to come are looked up only then: what was changed meanwhile may be seen or not.
    fn looked_again(&mut self, cursor: &Rc<Cursor>) -> Outcome<()> {
        let store = &cursor.connection.store;
        let mark = store.mark();
        if cursor.mark.get() == mark || cursor.rows.borrow().is_empty() {
            return Ok(());
        }
        let (turns, changes) = cursor.mark.get();
        let touched = store.has_touched(&cursor.reads.borrow(), changes);
        if turns != mark.0 {
            return Err(Stop::Lost);
        }
        if touched {
            let live = store.live.borrow();
            let text = cursor.query.borrow().clone();
            let mut statement = live.prepare(&text).map_err(|_| Stop::Lost)?;
            let Ok(rows) = self.rows_of(cursor, &mut statement, 4) else {
                return Err(Stop::Lost);
            };
            let left = cursor.rows.borrow().clone();
            let gone = rows.len().checked_sub(left.len()).ok_or(Stop::Lost)?;
            for (one, other) in rows.iter().skip(gone).zip(&left) {
                if !self.equal(one, other)? {
                    return Err(Stop::Lost);
                }
            }
        }
        cursor.mark.set(mark);
        Ok(())
    }

    fn execute(&mut self, cursor: &Rc<Cursor>, text: &str, values: Option<&Value>) -> Outcome<()> {
        self.worked(5 + text.len() / 64)?;
        let connection = Rc::clone(&cursor.connection);
        let store = Rc::clone(&connection.store);
        let word = head(text);
        if word.is_empty() && !text.trim().is_empty() || text.contains('\0') {
            return Err(Stop::Lost);
        }
        if word == "VACUUM" {
            return self.vacuumed(&store, text);
        }
        if word == "PRAGMA" {
            store.settled.set(true);
        }
        self.same_zone(text)?;
        if CHANGES.contains(&word.as_str()) && connection.begins.get() {
            let live = store.live.borrow();
            if live.is_autocommit() {
                live.execute_batch("BEGIN").map_err(|_| Stop::Lost)?;
            }
        }
        if self.world.waits {
            return Ok(());
        }
        let outcome = self.run_one(cursor, &store, text, values);
        match outcome {
            Ok(()) => {}
            Err(Fault::Sql(error)) => return Err(self.refused(&store, &error)),
            Err(Fault::Stop(stop)) => return Err(stop),
        }
        let told = store.live.borrow().is_autocommit();
        if told { self.committed(&store) } else { Ok(()) }
    }

    /// It loses nothing, and needs a second database here.
    fn vacuumed(&mut self, store: &Store, text: &str) -> Outcome<()> {
        let alone = text
            .trim()
            .trim_end_matches(';')
            .eq_ignore_ascii_case("vacuum");
        let open = !store.live.borrow().is_autocommit();
        match (alone, open) {
            (false, _) => Err(Stop::Lost),
            (true, true) => Err(self.raise(
                "sqlite3.OperationalError",
                "cannot VACUUM from within a transaction",
            )),
            (true, false) => Ok(()),
        }
    }

    /// Carries out one statement.
    fn run_one(
        &mut self,
        cursor: &Cursor,
        store: &Rc<Store>,
        text: &str,
        values: Option<&Value>,
    ) -> Result<(), Fault> {
        let live = store.live.borrow();
        store.watch.taken();
        let mut batch = Batch::new(&live, text);
        let Some(mut statement) = batch.next()? else {
            return Ok(());
        };
        let several = text.trim_end().trim_end_matches(';').contains(';');
        if several && Batch::new(&live, text).nth(1)?.is_some() {
            let told = "You can only execute one statement at a time.";
            return Err(Fault::Stop(self.raise("sqlite3.ProgrammingError", told)));
        }
        let unknown = self.bind_values(&mut statement, text, values)?;
        let word = head(text);
        let doubts = match unknown.is_empty() {
            true => Vec::new(),
            false => doubted(store, text, &statement, &unknown)?,
        };
        let before = live.total_changes();
        let told = statement.expanded_sql().unwrap_or_else(|| text.to_owned());
        let mut rows = self.rows_of(cursor, &mut statement, 1)?;
        let reads = statement.readonly();
        let asks = reads && statement.column_count() > 0;
        let seen = store.watch.taken();
        if seen.odd && word == "PRAGMA" {
            rows = VecDeque::from([Value::tuple(vec![Value::Unknown(Kind::Any)])]);
        } else if seen.odd {
            return Err(Stop::Lost.into());
        }
        self.weighed(store, &live, &seen, &told, (reads, asks))?;
        let dml = CHANGES.contains(&word.as_str());
        if !reads && (!dml || live.total_changes() > before) {
            store.has_written(&seen, dml);
            noted(store, &word, &told, live.is_autocommit());
        }
        store.doubts.borrow_mut().extend(doubts);
        let count = if dml { i128::from(live.changes()) } else { -1 };
        cursor.count.set(count);
        let own = cursor.connection.turn.get() == Some(store.turns.get());
        let last = i128::from(live.last_insert_rowid());
        *cursor.last.borrow_mut() = match own || live.total_changes() > before {
            true => Value::Int(last),
            false => Value::Unknown(Kind::Any),
        };
        *cursor.reads.borrow_mut() = seen.reads.into_iter().map(|(table, _)| table).collect();
        *cursor.query.borrow_mut() = told;
        cursor.mark.set(store.mark());
        *cursor.rows.borrow_mut() = rows;
        Ok(())
    }

    /// Ends the attempt where a statement reads what is not known, or what another SQLite may read otherwise.
    fn weighed(
        &mut self,
        store: &Store,
        live: &Connection,
        seen: &Seen,
        text: &str,
        (reads, asks): (bool, bool),
    ) -> Outcome<()> {
        let word = head(bare(text));
        let dml = CHANGES.contains(&word.as_str());
        let doubts = store.doubts.borrow();
        let builds = !reads && !dml && !ENDS.contains(&word.as_str());
        let meets = seen.reads.iter().any(|read| doubts.contains(read));
        if meets || !doubts.is_empty() && (builds || word == "PRAGMA" && asks) {
            return Err(Stop::Lost);
        }
        if !seen.likes {
            return Ok(());
        }
        let bytes = |(table, column): &(String, String)| {
            let (table, column) = (table.replace('"', "\"\""), column.replace('"', "\"\""));
            let ask =
                format!("SELECT count(*) FROM \"{table}\" WHERE typeof(\"{column}\") = 'blob'");
            live.query_row(&ask, [], |row| row.get::<_, i64>(0))
        };
        for read in seen.reads.iter().filter(|(_, column)| !column.is_empty()) {
            self.worked(5)?;
            if bytes(read).map_err(|_| Stop::Lost)? > 0 {
                return Err(Stop::Lost);
            }
        }
        // So may a text of bytes in the statement itself.
        match text.to_ascii_lowercase().contains("x'") {
            true => Err(Stop::Lost),
            false => Ok(()),
        }
    }

    /// What is local time is said by the environment of the script.
    fn same_zone(&mut self, text: &str) -> Outcome<()> {
        let zone = self.environment.borrow().named("TZ").is_some();
        let local = ["localtime", "utc"].iter().any(|word| text.contains(word));
        match zone && local {
            true => Err(Stop::Lost),
            false => Ok(()),
        }
    }

    /// Returns the rows that a statement gives.
    fn rows_of(
        &mut self,
        cursor: &Cursor,
        statement: &mut rusqlite::Statement<'_>,
        times: usize,
    ) -> Result<VecDeque<Value>, Fault> {
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let own = cursor.connection.named_rows.get();
        let named = cursor.named_rows.get().unwrap_or(own);
        let mut all = VecDeque::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if all.len() % times == 0 {
                self.worked(2 + names.len())?;
            }
            let mut values = Vec::new();
            for at in 0..names.len() {
                values.push(self.of_cell(row.get_ref(at)?)?);
            }
            let values = Value::tuple(values);
            all.push_back(match named {
                true => {
                    let names = Value::texts(&names);
                    self.special("Row", vec![("#values", values), ("#names", names)])
                }
                false => values,
            });
        }
        *cursor.columns.borrow_mut() = names;
        Ok(all)
    }

    /// A script of statements: each commits by itself.
    fn script(&mut self, cursor: &Rc<Cursor>, text: &str) -> Outcome<()> {
        if self.world.waits {
            return Ok(());
        }
        self.same_zone(text)?;
        let store = Rc::clone(&cursor.connection.store);
        let outcome = self.run_script(&store, text);
        if let Err(fault) = outcome {
            let autocommit = store.live.borrow().is_autocommit();
            if autocommit {
                self.committed(&store)?;
            }
            return Err(match fault {
                Fault::Sql(error) => self.refused(&store, &error),
                Fault::Stop(stop) => stop,
            });
        }
        let autocommit = store.live.borrow().is_autocommit();
        if autocommit {
            self.committed(&store)
        } else {
            Ok(())
        }
    }

    fn run_script(&mut self, store: &Rc<Store>, text: &str) -> Result<(), Fault> {
        let live = store.live.borrow();
        store.watch.taken();
        let mut batch = Batch::new(&live, text);
        while let Some(mut statement) = batch.next()? {
            self.worked(10)?;
            let told = statement.expanded_sql().unwrap_or_default();
            let told = told.trim().trim_end_matches(';').to_owned();
            let word = head(bare(&told));
            let reads = statement.readonly();
            let before = live.total_changes();
            {
                let mut rows = statement.raw_query();
                while rows.next()?.is_some() {
                    self.worked(1)?;
                }
            }
            let dml = CHANGES.contains(&word.as_str());
            let seen = store.watch.taken();
            self.weighed(store, &live, &seen, &told, (reads, false))?;
            if word == "PRAGMA" {
                store.settled.set(true);
            }
            if word == "ROLLBACK" {
                store.has_written(&seen, false);
            }
            if !reads && (!dml || live.total_changes() > before) {
                store.has_written(&seen, dml);
                noted(store, &word, &told, live.is_autocommit());
            }
        }
        Ok(())
    }

    fn bind_values(
        &mut self,
        statement: &mut rusqlite::Statement<'_>,
        text: &str,
        values: Option<&Value>,
    ) -> Result<BTreeSet<usize>, Fault> {
        let mut unknown = BTreeSet::new();
        let wanted = statement.parameter_count();
        let wrong = |player: &mut Self| {
            Fault::Stop(player.raise(
                "sqlite3.ProgrammingError",
                "Incorrect number of bindings supplied.",
            ))
        };
        match values {
            None if wanted == 0 => {}
            None => return Err(wrong(self)),
            Some(Value::Dict(map)) => {
                for at in 1..=wanted {
                    let name = statement
                        .parameter_name(at)
                        .and_then(|name| name.get(1..))
                        .map(str::to_owned);
                    let value = name.and_then(|name| map.borrow().named(&name));
                    let Some(value) = value else {
                        return Err(wrong(self));
                    };
                    let cell = self.cell(&value, text)?;
                    if is_unknown(&value) {
                        unknown.insert(at);
                    }
                    statement.raw_bind_parameter(at, cell)?;
                }
            }
            Some(all) => {
                if (1..=wanted).any(|at| {
                    statement
                        .parameter_name(at)
                        .is_some_and(|name| name.starts_with([':', '@', '$']))
                }) {
                    return Err(Stop::Lost.into());
                }
                let all = self.items(all)?;
                if all.len() != wanted {
                    return Err(wrong(self));
                }
                for (at, value) in all.iter().enumerate() {
                    let cell = self.cell(value, text)?;
                    if is_unknown(value) {
                        unknown.insert(at + 1);
                    }
                    statement.raw_bind_parameter(at + 1, cell)?;
                }
            }
        }
        Ok(unknown)
    }

    fn cell(&mut self, value: &Value, text: &str) -> Result<Cell, Fault> {
        Ok(match value {
            Value::None => Cell::Null,
            Value::Bool(is) => Cell::Integer(i64::from(*is)),
            Value::Int(number) => Cell::Integer(i64::try_from(*number).map_err(|_| Stop::Lost)?),
            Value::Float(number) => Cell::Real(*number),
            Value::Text(text) => Cell::Text(text.to_string()),
            Value::Bytes(bytes) => Cell::Blob(bytes.to_vec()),
            // A new row may say what is not known; whatever reads it later is not known either.
            value if is_unknown(value) && ["INSERT", "REPLACE"].contains(&head(text).as_str()) => {
                Cell::Text(HOLE.to_string())
            }
            Value::Unknown(_) | Value::Time(..) | Value::Date(..) | Value::Object(_) => {
                return Err(Stop::Lost.into());
            }
            _ => {
                return Err(Fault::Stop(self.raise(
                    "sqlite3.ProgrammingError",
                    "Error binding parameter: type is not supported",
                )));
            }
        })
    }

    fn of_cell(&mut self, cell: ValueRef<'_>) -> Outcome<Value> {
        Ok(match cell {
            ValueRef::Null => Value::None,
            ValueRef::Integer(number) => Value::Int(i128::from(number)),
            ValueRef::Real(number) => Value::Float(number),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.text(text)?,
                Err(_) => return Err(Stop::Lost),
            },
            ValueRef::Blob(bytes) => {
                self.worked(bytes.len() / 64)?;
                Value::Bytes(Rc::from(bytes))
            }
        })
    }

    /// Returns the exception for what SQLite refuses.
    fn refused(&mut self, store: &Store, error: &Error) -> Stop {
        if store.watch.has_denied() {
            return Stop::Lost;
        }
        let (code, told) = match error {
            Error::SqlInputError { error, msg, .. } => (error.code, msg.clone()),
            Error::SqliteFailure(error, Some(told)) => (error.code, told.clone()),
            _ => return Stop::Lost,
        };
        match code {
            ErrorCode::ConstraintViolation => self.raise("sqlite3.IntegrityError", &told),
            ErrorCode::ReadOnly | ErrorCode::Unknown if is_every_ones(&told) => {
                self.raise("sqlite3.OperationalError", &told)
            }
            _ => Stop::Lost,
        }
    }
}

/// Tells whether every SQLite refuses this: what is written otherwise may be what this one does not know.
fn is_every_ones(told: &str) -> bool {
    const REFUSED: [&str; 12] = [
        "no such table: ",
        "no such column: ",
        "no such index: ",
        "no such view: ",
        "no such trigger: ",
        "no such savepoint: ",
        "duplicate column name: ",
        "cannot start a transaction within a transaction",
        "cannot commit - no transaction is active",
        "cannot rollback - no transaction is active",
        "attempt to write a readonly database",
        "Cannot add a ",
    ];
    const OBJECTS: [&str; 4] = ["table ", "index ", "view ", "trigger "];
    let there = |front: &&str| {
        told.starts_with(*front)
            && (told.ends_with(" already exists")
                || told.ends_with(" values were supplied")
                || told.contains(" has no column named "))
    };
    REFUSED.iter().any(|front| told.starts_with(front)) || OBJECTS.iter().any(there)
}

/// Tells whether statements take on the database as it was what they take one after the other: all of one kind, and none that makes rows.
pub(super) fn are_plain(statements: &[String]) -> bool {
    let heads: BTreeSet<String> = statements.iter().map(|text| head(bare(text))).collect();
    let plain = ["DELETE", "UPDATE", "DROP", "ALTER"];
    let replaces = |text: &String| text.to_ascii_uppercase().contains("REPLACE");
    heads.len() == 1
        && heads.iter().all(|head| plain.contains(&head.as_str()))
        && !statements.iter().any(replaces)
}

/// A value that is not known, but is one.
const fn is_unknown(value: &Value) -> bool {
    matches!(
        value,
        Value::Unknown(Kind::Text | Kind::Number) | Value::Time(_, Clock::Number | Clock::Moment)
    )
}

/// Returns the columns of new rows that get values which are not known, where these decide nothing.
fn doubted(
    store: &Store,
    text: &str,
    statement: &rusqlite::Statement<'_>,
    unknown: &BTreeSet<usize>,
) -> Result<Vec<(String, String)>, Fault> {
    let place = |name: &str| statement.parameter_index(name).ok().flatten();
    let live = store.live.borrow();
    let (table, columns) = doubt::columns(&live, text, unknown, &place)?;
    let mut all = Vec::new();
    for column in columns {
        let one = (table.clone(), column);
        // What was found before stays so: nothing is built while it is not known.
        if !store.doubts.borrow().contains(&one) && !doubt::is_free(&live, &table, &one.1)? {
            return Err(Stop::Lost.into());
        }
        all.push(one);
    }
    Ok(all)
}

/// Passes over comments before a statement.
fn bare(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment
                .split_once('\n')
                .map_or("", |(_, rest)| rest)
                .trim_start()
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment
                .split_once("*/")
                .map_or("", |(_, rest)| rest)
                .trim_start()
        } else {
            return rest;
        };
    }
}

/// Why a statement does not end.
enum Fault {
    Sql(Error),
    Stop(Stop),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}
