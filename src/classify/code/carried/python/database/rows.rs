//! Statements of a script carried out on a database in memory: what they give, change, and refuse.
//! Transactions begin and end as the module `sqlite3` has them.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Batch, Error, ErrorCode};

use crate::sql::HOLE;

use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Kind, Outcome, Stop, Value};
use super::{Cursor, Store};

/// Settings of SQLite that change no row.
const PRAGMAS: &[&str] = &[
    "foreign_keys",
    "user_version",
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "busy_timeout",
    "cache_size",
    "temp_store",
    "integrity_check",
    "quick_check",
    "foreign_key_check",
    "query_only",
    "wal_checkpoint",
    "optimize",
    "page_count",
    "page_size",
    "freelist_count",
    "foreign_key_list",
    "encoding",
    "application_id",
    "recursive_triggers",
    "case_sensitive_like",
    "journal_mode",
    "synchronous",
    "defer_foreign_keys",
    "locking_mode",
    "mmap_size",
    "incremental_vacuum",
    "auto_vacuum",
    "secure_delete",
];

pub(super) fn is_known(pragma: &str) -> bool {
    PRAGMAS.iter().any(|one| one.eq_ignore_ascii_case(pragma))
}

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
                for values in self.items(&all)? {
                    self.execute(cursor, &text, Some(&values))?;
                    count += cursor.count.get();
                }
                cursor.count.set(count);
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
                let all = std::mem::take(&mut *cursor.rows.borrow_mut());
                return Ok(Value::list(all.into()));
            }
            "fetchmany" => {
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
        Ok(cursor.rows.borrow_mut().pop_front())
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
        let changes = CHANGES.contains(&word.as_str());
        {
            let live = store.live.borrow();
            live.execute_batch(&format!(
                "PRAGMA query_only = {}",
                u8::from(connection.reads_only)
            ))
            .map_err(|_| Stop::Lost)?;
            if changes && connection.begins.get() && live.is_autocommit() {
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
        let mut batch = Batch::new(&live, text);
        let Some(mut statement) = batch.next()? else {
            return Ok(());
        };
        let several = text.trim_end().trim_end_matches(';').contains(';');
        if several && Batch::new(&live, text).nth(1)?.is_some() {
            let told = "You can only execute one statement at a time.";
            return Err(Fault::Stop(self.raise("sqlite3.ProgrammingError", told)));
        }
        self.bind_values(&mut statement, store, text, values)?;
        let before = live.total_changes();
        let told = statement.expanded_sql().unwrap_or_else(|| text.to_owned());
        let word = head(text);
        let mut rows = self.rows_of(cursor, &mut statement)?;
        let odd = ["journal_mode", "synchronous", "locking_mode", "mmap_size"];
        if word == "PRAGMA" && odd.iter().any(|name| text.contains(name)) {
            rows = VecDeque::from([Value::tuple(vec![Value::Unknown(Kind::Any)])]);
        }
        let dml = CHANGES.contains(&word.as_str());
        let reads = statement.readonly();
        let asks = reads && statement.column_count() > 0;
        // What is made of a value that is not known is not known either.
        if store.doubted.get() && (asks || !reads && !dml && !ENDS.contains(&word.as_str())) {
            return Err(Stop::Lost.into());
        }
        if !reads && (!dml || live.total_changes() > before) {
            noted(store, &word, &told, live.is_autocommit());
        }
        let count = if dml { i128::from(live.changes()) } else { -1 };
        cursor.count.set(count);
        cursor.last.set(i128::from(live.last_insert_rowid()));
        *cursor.rows.borrow_mut() = rows;
        Ok(())
    }

    /// Returns the rows that a statement gives.
    fn rows_of(
        &mut self,
        cursor: &Cursor,
        statement: &mut rusqlite::Statement<'_>,
    ) -> Result<VecDeque<Value>, Fault> {
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let own = cursor.connection.named_rows.get();
        let named = cursor.named_rows.get().unwrap_or(own);
        let mut all = VecDeque::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            self.worked(2 + names.len())?;
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
            if word == "PRAGMA" {
                store.settled.set(true);
            }
            if !reads && (!dml || live.total_changes() > before) {
                noted(store, &word, &told, live.is_autocommit());
            }
        }
        Ok(())
    }

    fn bind_values(
        &mut self,
        statement: &mut rusqlite::Statement<'_>,
        store: &Store,
        text: &str,
        values: Option<&Value>,
    ) -> Result<(), Fault> {
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
                    let cell = self.cell(&value, store, text)?;
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
                    let cell = self.cell(value, store, text)?;
                    statement.raw_bind_parameter(at + 1, cell)?;
                }
            }
        }
        Ok(())
    }

    fn cell(&mut self, value: &Value, store: &Store, text: &str) -> Result<Cell, Fault> {
        Ok(match value {
            Value::None => Cell::Null,
            Value::Bool(is) => Cell::Integer(i64::from(*is)),
            Value::Int(number) => Cell::Integer(i64::try_from(*number).map_err(|_| Stop::Lost)?),
            Value::Float(number) => Cell::Real(*number),
            Value::Text(text) => Cell::Text(text.to_string()),
            Value::Bytes(bytes) => Cell::Blob(bytes.to_vec()),
            // A new row may say what is not known; whatever reads it later is not known either.
            Value::Unknown(_) | Value::Time(..)
                if head(text) == "INSERT" && !text.to_ascii_uppercase().contains("CONFLICT") =>
            {
                store.doubted.set(true);
                Cell::Text(HOLE.to_string())
            }
            Value::Unknown(_) | Value::Time(..) | Value::Object(_) => return Err(Stop::Lost.into()),
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
        if store.denied.load(Ordering::Relaxed) {
            return Stop::Lost;
        }
        let told = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => self.raise("sqlite3.IntegrityError", &told),
            Some(ErrorCode::ReadOnly | ErrorCode::Unknown) => {
                self.raise("sqlite3.OperationalError", &told)
            }
            _ => match error {
                Error::SqlInputError { .. } => self.raise("sqlite3.OperationalError", &told),
                _ => Stop::Lost,
            },
        }
    }
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
