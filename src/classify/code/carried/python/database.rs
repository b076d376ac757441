//! `sqlite3`: databases of files, carried in memory with their rows, and what of them a script has taken away at each commit.
//! The file itself is not touched: its pages are an answer of the world, and only what is committed and lost becomes a step.

mod compare;
mod doubt;
mod rows;
mod watch;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::hooks::AuthContext;
use rusqlite::limits::Limit;

use super::super::super::steps::{Setting, word};
use super::super::world::Found;
use super::calls::Given;
use super::play::Player;
use super::value::{Outcome, Stop, Value};
use compare::Loss;
use watch::Watch;

/// Steps of the machine of SQLite in one script, in thousands.
const MAX_STEPS: usize = 150;
/// Bytes of one value of a row.
const MAX_VALUE: i32 = 32 << 10;
/// Pages that a database may grow to.
const MAX_PAGES: usize = 8_192;
/// Databases of one script.
const MAX_STORES: usize = 8;
/// Stands for all tables.
const EVERY: &str = "*";

/// Databases that the script has opened.
#[derive(Default)]
pub(super) struct Stores {
    known: BTreeMap<PathBuf, Rc<Store>>,
    /// Files whose content is no longer what the world says.
    changed: BTreeSet<PathBuf>,
    steps: Arc<AtomicUsize>,
    count: usize,
}

impl Stores {
    /// Something else stands here now.
    pub fn forget(&mut self, path: &Path) {
        for (_, store) in self
            .known
            .extract_if(.., |other, _| other.starts_with(path))
        {
            store.gone.set(true);
        }
    }

    /// Tells whether what stands here, below or around it is no longer what the world says.
    pub fn is_changed(&self, path: &Path) -> bool {
        let near = |other: &PathBuf| other.starts_with(path) || path.starts_with(other);
        self.changed.iter().any(near)
    }

    /// What has changed stands at another place now, too.
    pub fn carried_over(&mut self, from: &Path, to: &Path) {
        if self.is_changed(from) {
            self.changed.insert(to.to_path_buf());
        }
    }
}

/// One database.
pub(super) struct Store {
    /// Nothing for one in memory.
    path: Option<PathBuf>,
    live: RefCell<rusqlite::Connection>,
    /// What the world has there.
    origin: Vec<u8>,
    /// What it held when a loss was last told.
    before: RefCell<Vec<u8>>,
    /// Rows that were told: their tables, their numbers, and whether they are gone.
    told: RefCell<BTreeSet<(String, i64, bool)>>,
    /// Statements that have changed something and are not committed.
    pending: RefCell<Vec<String>>,
    /// Statements that were committed and not told: they have lost nothing.
    kept: RefCell<Vec<String>>,
    /// Something was committed before.
    committed: Cell<bool>,
    watch: Arc<Watch>,
    /// Columns in which a value stands that is not known, with their tables.
    doubts: RefCell<BTreeSet<(String, String)>>,
    gone: Cell<bool>,
    /// The connection that has it in hand.
    owner: Cell<usize>,
    /// It has changed settings of its own.
    settled: Cell<bool>,
    /// Connections that had something of their own when another one took over.
    spoiled: RefCell<BTreeSet<usize>>,
    /// How often another connection took over, and how often something was changed.
    turns: Cell<usize>,
    changes: Cell<usize>,
    /// When each table was changed last.
    touched: RefCell<BTreeMap<String, usize>>,
}

impl Store {
    /// Another connection goes on: what belongs to one alone does not pass to it.
    fn taken_over(&self, connection: &Connection, steps: &Arc<AtomicUsize>) -> Outcome<()> {
        let number = connection.number;
        if self.owner.get() == number {
            return Ok(());
        }
        let mut live = self.live.borrow_mut();
        if !live.is_autocommit() {
            return Err(Stop::Lost);
        }
        let own = "SELECT count(*) FROM sqlite_temp_master";
        let own: i64 = live
            .query_row(own, [], |row| row.get(0))
            .map_err(|_| Stop::Lost)?;
        if own > 0 || self.settled.get() {
            self.spoiled.borrow_mut().insert(self.owner.get());
        }
        if self.spoiled.borrow().contains(&number) {
            return Err(Stop::Lost);
        }
        let pages = serialized(&mut live).ok_or(Stop::Lost)?;
        *live = opened(&pages, &self.watch, steps).ok_or(Stop::Lost)?;
        self.owner.set(number);
        self.settled.set(false);
        self.turns.set(self.turns.get() + 1);
        // A new connection begins with the settings of the module.
        live.execute_batch(&format!(
            "PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF; PRAGMA query_only = {}",
            u8::from(connection.reads_only)
        ))
        .map_err(|_| Stop::Lost)
    }

    /// Returns how often something else may have changed what a cursor goes through.
    fn mark(&self) -> (usize, usize) {
        (self.turns.get(), self.changes.get())
    }

    fn has_changed(&self) {
        self.changes.set(self.changes.get() + 1);
        self.touched
            .borrow_mut()
            .insert(EVERY.to_owned(), self.changes.get());
    }

    /// A statement has changed rows of these tables, or something else.
    fn has_written(&self, seen: &watch::Seen, rows: bool) {
        if !rows {
            return self.has_changed();
        }
        self.changes.set(self.changes.get() + 1);
        let mut touched = self.touched.borrow_mut();
        for table in &seen.writes {
            touched.insert(table.clone(), self.changes.get());
        }
    }

    /// Tells whether one of these tables was changed since then.
    fn has_touched(&self, tables: &BTreeSet<String>, since: usize) -> bool {
        let touched = self.touched.borrow();
        let late = |table: &str| touched.get(table).is_some_and(|at| *at > since);
        late(EVERY) || tables.iter().any(|table| late(table))
    }
}

/// What `sqlite3.connect` gives.
pub(super) struct Connection {
    store: Rc<Store>,
    /// Transactions begin by themselves.
    begins: Cell<bool>,
    reads_only: bool,
    named_rows: Cell<bool>,
    open: Cell<bool>,
    number: usize,
    /// How often the database had changed hands when it came to this one.
    turn: Cell<Option<usize>>,
}

/// What `execute` gives.
pub(super) struct Cursor {
    connection: Rc<Connection>,
    rows: RefCell<VecDeque<Value>>,
    /// What it has asked, and how far the database had changed by then.
    query: RefCell<String>,
    mark: Cell<(usize, usize)>,
    /// Tables that it reads.
    reads: RefCell<BTreeSet<String>>,
    count: Cell<i128>,
    last: RefCell<Value>,
    columns: RefCell<Vec<String>>,
    named_rows: Cell<Option<bool>>,
}

impl Player<'_> {
    pub fn call_sqlite(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        if name != "sqlite3.connect" {
            return Err(Stop::Lost);
        }
        let first = given.need("database")?;
        let uri = given.flag("uri", false)?;
        let level = given.key("isolation_level");
        if given
            .key("detect_types")
            .is_some_and(|types| !matches!(types, Value::Int(0)))
        {
            return Err(Stop::Lost);
        }
        given.take("timeout");
        given
            .pass(&["check_same_thread", "cached_statements"])
            .end()?;
        if first.is_none() {
            return Err(self.raise("TypeError", "expected str, bytes or os.PathLike"));
        }
        let text = first.as_name()?;
        let (file, mode) = match text.strip_prefix("file:").filter(|_| uri) {
            Some(rest) => {
                let (file, query) = rest.split_once('?').unwrap_or((rest, ""));
                if file.contains('%')
                    || query.contains('%')
                    || file.starts_with("//") && !file.starts_with("///")
                {
                    return Err(Stop::Lost);
                }
                (
                    file.strip_prefix("//").unwrap_or(file).to_owned(),
                    query.to_owned(),
                )
            }
            None => (text.to_string(), String::new()),
        };
        let memory = file == ":memory:" || file.is_empty() || mode.contains("mode=memory");
        if memory && mode.contains("cache=shared") {
            return Err(Stop::Lost);
        }
        let reads_only = mode.contains("mode=ro") || mode.contains("immutable=1");
        let store = match memory {
            true => self.new_store(None, Vec::new())?,
            false => self.store_of(
                &file,
                reads_only || mode.contains("mode=rw") && !mode.contains("mode=rwc"),
            )?,
        };
        self.numbers += 1;
        Ok(Value::Database(Rc::new(Connection {
            number: self.numbers,
            store,
            begins: Cell::new(!matches!(level, Some(Value::None))),
            reads_only,
            named_rows: Cell::new(false),
            open: Cell::new(true),
            turn: Cell::new(None),
        })))
    }

    fn store_of(&mut self, file: &str, must: bool) -> Outcome<Rc<Store>> {
        let whole = self.world.path(file)?;
        let whole = match self.world.found(&whole)? {
            Found::Link { .. } => self.world.resolved(&whole)?,
            _ => whole,
        };
        if let Some(store) = self.stores.known.get(&whole) {
            return Ok(Rc::clone(store));
        }
        let pages = match self.world.found(&whole)? {
            Found::Nothing if self.world.waits => Vec::new(),
            Found::Nothing => {
                let above = whole
                    .parent()
                    .and_then(Path::to_str)
                    .ok_or(Stop::Lost)?
                    .to_owned();
                if must || !self.followed(&above)?.is_folder() {
                    return Err(
                        self.raise("sqlite3.OperationalError", "unable to open database file")
                    );
                }
                self.world.fresh_file(&whole);
                Vec::new()
            }
            Found::Folder | Found::Link { .. } => {
                return Err(self.raise("sqlite3.OperationalError", "unable to open database file"));
            }
            Found::File => {
                if self
                    .files
                    .iter()
                    .any(|file| file.borrow().is_open_at(&whole))
                    || self.stores.is_changed(&whole)
                {
                    return Err(Stop::Lost);
                }
                self.world.pages(&whole)?
            }
        };
        let store = self.new_store(Some(whole.clone()), pages)?;
        self.stores.known.insert(whole, Rc::clone(&store));
        Ok(store)
    }

    fn new_store(&mut self, path: Option<PathBuf>, pages: Vec<u8>) -> Outcome<Rc<Store>> {
        self.stores.count += 1;
        if self.stores.count > MAX_STORES {
            return Err(Stop::Lost);
        }
        self.worked(pages.len() / 512 + 200)?;
        let watch = Arc::new(Watch::default());
        let live = opened(&pages, &watch, &self.stores.steps).ok_or(Stop::Lost)?;
        Ok(Rc::new(Store {
            path,
            live: RefCell::new(live),
            origin: pages.clone(),
            before: RefCell::new(pages),
            told: RefCell::default(),
            pending: RefCell::default(),
            kept: RefCell::default(),
            committed: Cell::new(false),
            watch,
            doubts: RefCell::default(),
            gone: Cell::new(false),
            owner: Cell::new(0),
            settled: Cell::new(false),
            spoiled: RefCell::default(),
            turns: Cell::new(0),
            changes: Cell::new(0),
            touched: RefCell::default(),
        }))
    }

    pub fn connection_method(
        &mut self,
        connection: &Rc<Connection>,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        if name == "close" {
            return self.close_connection(connection);
        }
        self.check_open(connection)?;
        match name {
            "execute" | "executemany" | "executescript" => {
                let cursor = self.new_cursor(connection);
                self.cursor_method(&cursor, name, given)?;
                Ok(Value::Cursor(cursor))
            }
            "cursor" => {
                given.end()?;
                Ok(Value::Cursor(self.new_cursor(connection)))
            }
            "commit" => self.commit(&connection.store).map(|()| Value::None),
            "rollback" => self.roll_back(&connection.store).map(|()| Value::None),
            "set_trace_callback" | "interrupt" => Ok(Value::None),
            "backup" => {
                let to = given.need("target")?;
                given.pass(&["pages", "progress", "name", "sleep"]).end()?;
                self.back_up(connection, &to)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// What is not committed goes with the connection.
    fn close_connection(&mut self, connection: &Rc<Connection>) -> Outcome<Value> {
        let store = &connection.store;
        if connection.open.get() && store.owner.get() == connection.number {
            self.roll_back(store)?;
        }
        connection.open.set(false);
        Ok(Value::None)
    }

    fn check_open(&mut self, connection: &Rc<Connection>) -> Outcome<()> {
        let store = &connection.store;
        if store.gone.get() || self.world.has_run() {
            return Err(Stop::Lost);
        }
        match connection.open.get() {
            true => {
                if store.owner.get() != connection.number {
                    self.worked(store.before.borrow().len() / 4_096 + 10)?;
                    store.taken_over(connection, &self.stores.steps)?;
                }
                if connection.turn.get().is_none() {
                    connection.turn.set(Some(store.turns.get()));
                }
                Ok(())
            }
            false => Err(self.raise(
                "sqlite3.ProgrammingError",
                "Cannot operate on a closed database.",
            )),
        }
    }

    fn new_cursor(&mut self, connection: &Rc<Connection>) -> Rc<Cursor> {
        Rc::new(Cursor {
            connection: Rc::clone(connection),
            rows: RefCell::default(),
            query: RefCell::default(),
            mark: Cell::new((0, 0)),
            reads: RefCell::default(),
            count: Cell::new(-1),
            last: RefCell::new(Value::None),
            columns: RefCell::default(),
            named_rows: Cell::new(None),
        })
    }

    /// Copies a whole database into another one.
    fn back_up(&mut self, from: &Rc<Connection>, to: &Value) -> Outcome<Value> {
        let Value::Database(to) = to else {
            return Err(Stop::Lost);
        };
        self.check_open(to)?;
        // What is not committed is copied, and may still be taken back.
        if Rc::ptr_eq(&from.store, &to.store) || !from.store.live.borrow().is_autocommit() {
            return Err(Stop::Lost);
        }
        let pages = serialized(&mut from.store.live.borrow_mut()).ok_or(Stop::Lost)?;
        let old = serialized(&mut to.store.live.borrow_mut()).ok_or(Stop::Lost)?;
        self.worked((pages.len() + old.len()) / 512)?;
        // What the other one held before goes.
        let lost = compare::lost(&to.store.before.borrow(), &pages);
        if lost.is_none_or(|lost| !lost.is_empty()) || !to.store.pending.borrow().is_empty() {
            return Err(Stop::Lost);
        }
        let live = opened(&pages, &to.store.watch, &self.stores.steps).ok_or(Stop::Lost)?;
        *to.store.live.borrow_mut() = live;
        // The next one who uses it begins with the settings of the module.
        to.store.owner.set(0);
        to.store.has_changed();
        let doubts = from.store.doubts.borrow().clone();
        to.store.doubts.borrow_mut().extend(doubts);
        if let Some(path) = &to.store.path {
            self.stores.changed.insert(path.clone());
        }
        Ok(Value::None)
    }

    /// What happens where a block with a connection ends.
    pub fn left_connection(&mut self, connection: &Rc<Connection>, thrown: bool) -> Outcome<()> {
        if connection.open.get() {
            self.check_open(connection)?;
        }
        if !connection.open.get() && !thrown {
            return Err(self.raise(
                "sqlite3.ProgrammingError",
                "Cannot operate on a closed database.",
            ));
        }
        match (connection.open.get(), thrown) {
            (false, _) => Ok(()),
            (true, true) => self.roll_back(&connection.store),
            (true, false) => self.commit(&connection.store),
        }
    }

    fn roll_back(&mut self, store: &Rc<Store>) -> Outcome<()> {
        store.pending.borrow_mut().clear();
        let live = store.live.borrow();
        if live.is_autocommit() {
            return Ok(());
        }
        store.has_changed();
        live.execute_batch("ROLLBACK").map_err(|_| Stop::Lost)
    }

    pub(super) fn commit(&mut self, store: &Rc<Store>) -> Outcome<()> {
        {
            let live = store.live.borrow();
            if !live.is_autocommit() {
                live.execute_batch("COMMIT").map_err(|_| Stop::Lost)?;
            }
        }
        self.committed(store)
    }

    /// Tells what is lost by what is now committed.
    fn committed(&mut self, store: &Rc<Store>) -> Outcome<()> {
        let pending = std::mem::take(&mut *store.pending.borrow_mut());
        let Some(path) = store.path.clone().filter(|_| !pending.is_empty()) else {
            return Ok(());
        };
        if store.gone.get() || store.watch.has_denied() {
            return Err(Stop::Lost);
        }
        self.stores.changed.insert(path.clone());
        let now = serialized(&mut store.live.borrow_mut()).ok_or(Stop::Lost)?;
        self.worked((now.len() + store.before.borrow().len()) / 512 + 20)?;
        let first = !store.committed.replace(true);
        let plain =
            first && !doubt::acts_by_itself(&store.live.borrow())? && rows::are_plain(&pending);
        let lost = compare::lost(&store.before.borrow(), &now);
        if lost.as_ref().is_some_and(Vec::is_empty) {
            store.kept.borrow_mut().extend(pending);
            return Ok(());
        }
        // On the database as it was, each of the statements takes what it takes here; others are said again on its rows.
        let losses = match (lost, plain) {
            (None, false) => return Err(Stop::Lost),
            (None, true) => Vec::new(),
            (Some(_), _) => compare::lost(&store.origin, &now).ok_or(Stop::Lost)?,
        };
        *store.before.borrow_mut() = now;
        let mut told = store.told.borrow_mut();
        let fresh: Vec<Loss> = losses
            .into_iter()
            .filter_map(|loss| loss.untold(&mut told))
            .collect();
        let lines = match plain || fresh.contains(&Loss::Object) {
            true => pending,
            false => Vec::new(),
        };
        let exact = fresh.iter().filter(|_| !plain).flat_map(Loss::statements);
        let lines: Vec<String> = lines.into_iter().chain(exact).collect();
        self.tell_statements(&path, &lines)
    }

    /// Programs that are started find what was committed before.
    pub fn tell_kept(&mut self) -> Outcome<()> {
        let stores: Vec<Rc<Store>> = self.stores.known.values().map(Rc::clone).collect();
        for store in stores {
            let kept = std::mem::take(&mut *store.kept.borrow_mut());
            if let Some(path) = &store.path {
                self.tell_statements(path, &kept)?;
            }
        }
        Ok(())
    }

    /// Says what is lost in the words of the client of SQLite.
    fn tell_statements(&mut self, path: &Path, lines: &[String]) -> Outcome<()> {
        if lines.is_empty() {
            return Ok(());
        }
        if lines
            .iter()
            .any(|statement| statement.contains("\n.") || statement.contains('\0'))
        {
            return Err(Stop::Lost);
        }
        let setting = Setting {
            input: Some(lines.join(";\n") + ";"),
            ..Setting::default()
        };
        let line = setting.around(&format!(
            "sqlite3 {}",
            word(path.to_str().ok_or(Stop::Lost)?)
        ));
        self.world.told(line, self.span)?;
        Ok(())
    }

    pub fn connection_property(
        &mut self,
        connection: &Rc<Connection>,
        name: &str,
    ) -> Outcome<Option<Value>> {
        Ok(match name {
            "in_transaction" => {
                let own = connection.store.owner.get() == connection.number;
                let open = !connection.store.live.borrow().is_autocommit();
                Some(Value::Bool(own && open))
            }
            "total_changes" => {
                self.check_open(connection)?;
                if connection.turn.get() != Some(connection.store.turns.get()) {
                    return Err(Stop::Lost);
                }
                Some(Value::Int(i128::from(
                    connection.store.live.borrow().total_changes(),
                )))
            }
            "row_factory" | "isolation_level" | "text_factory" => return Err(Stop::Lost),
            _ => None,
        })
    }

    pub fn set_connection(
        &mut self,
        connection: &Rc<Connection>,
        name: &str,
        value: &Value,
    ) -> Outcome<()> {
        match (name, value) {
            ("row_factory", Value::Library("sqlite3.Row")) => connection.named_rows.set(true),
            ("row_factory", Value::None) => connection.named_rows.set(false),
            ("isolation_level", Value::None) => {
                // It commits what is open.
                self.commit(&connection.store)?;
                connection.begins.set(false);
            }
            ("isolation_level", Value::Text(level))
                if matches!(
                    &*level.to_ascii_uppercase(),
                    "" | "DEFERRED" | "IMMEDIATE" | "EXCLUSIVE"
                ) =>
            {
                connection.begins.set(true);
            }
            _ => return Err(Stop::Lost),
        }
        Ok(())
    }

    pub fn cursor_property(&mut self, cursor: &Rc<Cursor>, name: &str) -> Outcome<Option<Value>> {
        Ok(match name {
            "rowcount" => Some(Value::Int(cursor.count.get())),
            "lastrowid" => Some(cursor.last.borrow().clone()),
            "connection" => Some(Value::Database(Rc::clone(&cursor.connection))),
            "description" => {
                let columns = cursor.columns.borrow();
                let column = |name: &String| {
                    Value::tuple(
                        std::iter::once(Value::text(name))
                            .chain(std::iter::repeat_n(Value::None, 6))
                            .collect(),
                    )
                };
                Some(if columns.is_empty() {
                    Value::None
                } else {
                    Value::tuple(columns.iter().map(column).collect())
                })
            }
            _ => None,
        })
    }

    /// `row["name"]` and `row[0]`
    pub fn row_item(&mut self, row: &Rc<super::value::Object>, key: &Value) -> Outcome<Value> {
        let values = row.get("#values").ok_or(Stop::Lost)?;
        let Value::Text(name) = key else {
            return self.item(&values, super::terms::Spot::One(key.clone()));
        };
        let names = row.get("#names").ok_or(Stop::Lost)?;
        for (at, one) in self.items(&names)?.iter().enumerate() {
            if one.as_text()?.eq_ignore_ascii_case(name) {
                return self.item(&values, super::terms::Spot::One(Value::count(at)));
            }
        }
        Err(self.raise("IndexError", "No item with that key"))
    }
}

/// Opens pages in memory; no file, no other database, nothing without an end.
fn opened(
    pages: &[u8],
    watch: &Arc<Watch>,
    steps: &Arc<AtomicUsize>,
) -> Option<rusqlite::Connection> {
    let mut live = rusqlite::Connection::open_in_memory().ok()?;
    if !pages.is_empty() {
        live.deserialize_read_exact("main", pages, pages.len(), false)
            .ok()?;
    }
    live.execute_batch(&format!(
        "PRAGMA temp_store = MEMORY; PRAGMA max_page_count = {MAX_PAGES}"
    ))
    .ok()?;
    live.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE).ok()?;
    live.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0).ok()?;
    live.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 100).ok()?;
    let told = Arc::clone(watch);
    live.authorizer(Some(move |asked: AuthContext<'_>| told.told(&asked)))
        .ok()?;
    let steps = Arc::clone(steps);
    live.progress_handler(
        1_000,
        Some(move || steps.fetch_add(1, Ordering::Relaxed) > MAX_STEPS),
    )
    .ok()?;
    Some(live)
}

fn serialized(live: &mut rusqlite::Connection) -> Option<Vec<u8>> {
    live.serialize("main").ok().map(|data| data.to_vec())
}
