//! `sqlite3`: databases of files, carried in memory with their rows, and what of them a script has taken away at each commit.
//! The file itself is not touched: its pages are an answer of the world, and only what is committed and lost becomes a step.

mod compare;
mod rows;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use super::super::super::steps::{Setting, word};
use super::super::world::Found;
use super::calls::Given;
use super::play::Player;
use super::value::{Outcome, Stop, Value};

/// Steps of the machine of SQLite in one script, in thousands.
const MAX_STEPS: usize = 150;
/// Bytes of one value of a row.
const MAX_VALUE: i32 = 32 << 10;
/// Pages that a database may grow to.
const MAX_PAGES: usize = 8_192;
/// Databases of one script.
const MAX_STORES: usize = 8;
/// Functions whose answer is another one each time, or that reach out of the database.
const UNSTEADY: [&str; 9] = [
    "random",
    "randomblob",
    "load_extension",
    "readfile",
    "writefile",
    "edit",
    "zeroblob",
    "fts3_tokenizer",
    "eval",
];

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

    pub fn is_changed(&self, path: &Path) -> bool {
        self.changed.iter().any(|other| other.starts_with(path))
    }
}

/// One database.
pub(super) struct Store {
    /// Nothing for one in memory.
    path: Option<PathBuf>,
    live: RefCell<rusqlite::Connection>,
    /// What it held when a loss was last told.
    before: RefCell<Vec<u8>>,
    /// Statements that have changed something and are not committed.
    pending: RefCell<Vec<String>>,
    /// Something was asked for that cannot be carried out here.
    denied: Arc<AtomicBool>,
    /// A value that is not known stands in it.
    doubted: Cell<bool>,
    gone: Cell<bool>,
    /// The connection that was made last, and whether one has changed settings of its own.
    owner: Cell<usize>,
    settled: Cell<bool>,
}

impl Store {
    /// A new connection begins with the settings of the module.
    fn taken_over(&self, number: usize) -> Outcome<()> {
        let live = self.live.borrow();
        if !live.is_autocommit() {
            return Err(Stop::Lost);
        }
        self.owner.set(number);
        live.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF")
            .map_err(|_| Stop::Lost)
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
}

/// What `execute` gives.
pub(super) struct Cursor {
    connection: Rc<Connection>,
    rows: RefCell<VecDeque<Value>>,
    count: Cell<i128>,
    last: Cell<i128>,
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
        store.taken_over(self.numbers)?;
        Ok(Value::Database(Rc::new(Connection {
            number: self.numbers,
            store,
            begins: Cell::new(!matches!(level, Some(Value::None))),
            reads_only,
            named_rows: Cell::new(false),
            open: Cell::new(true),
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
        let denied = Arc::new(AtomicBool::new(false));
        let live = opened(&pages, &denied, &self.stores.steps).ok_or(Stop::Lost)?;
        Ok(Rc::new(Store {
            path,
            live: RefCell::new(live),
            before: RefCell::new(pages),
            pending: RefCell::default(),
            denied,
            doubted: Cell::new(false),
            gone: Cell::new(false),
            owner: Cell::new(0),
            settled: Cell::new(false),
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
        let quiet = store.live.borrow().is_autocommit();
        if connection.open.get() && !quiet {
            if store.owner.get() != connection.number {
                return Err(Stop::Lost);
            }
            self.roll_back(store)?;
        }
        connection.open.set(false);
        Ok(Value::None)
    }

    fn check_open(&mut self, connection: &Rc<Connection>) -> Outcome<()> {
        let store = &connection.store;
        let other = store.owner.get() != connection.number;
        let open = !store.live.borrow().is_autocommit();
        // Two connections see each other's changes only when they are committed, and have settings of their own.
        if store.gone.get() || self.world.has_run() || other && (open || store.settled.get()) {
            return Err(Stop::Lost);
        }
        match connection.open.get() {
            true => Ok(()),
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
            count: Cell::new(-1),
            last: Cell::new(0),
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
        let pages = serialized(&mut from.store.live.borrow_mut()).ok_or(Stop::Lost)?;
        let old = serialized(&mut to.store.live.borrow_mut()).ok_or(Stop::Lost)?;
        self.worked((pages.len() + old.len()) / 512)?;
        // What the other one held before goes.
        if !compare::is_kept(&to.store.before.borrow(), &[])
            || !to.store.pending.borrow().is_empty()
        {
            return Err(Stop::Lost);
        }
        let live = opened(&pages, &to.store.denied, &self.stores.steps).ok_or(Stop::Lost)?;
        *to.store.live.borrow_mut() = live;
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
        if store.gone.get() || store.denied.load(Ordering::Relaxed) {
            return Err(Stop::Lost);
        }
        self.stores.changed.insert(path.clone());
        let now = serialized(&mut store.live.borrow_mut()).ok_or(Stop::Lost)?;
        self.worked((now.len() + store.before.borrow().len()) / 512 + 20)?;
        if compare::is_kept(&store.before.borrow(), &now) {
            return Ok(());
        }
        *store.before.borrow_mut() = now;
        if pending
            .iter()
            .any(|statement| statement.contains("\n.") || statement.contains('\0'))
        {
            return Err(Stop::Lost);
        }
        let input = pending.join(";\n") + ";";
        let setting = Setting {
            input: Some(input),
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
            "in_transaction" => Some(Value::Bool(!connection.store.live.borrow().is_autocommit())),
            "total_changes" => Some(Value::Int(i128::from(
                connection.store.live.borrow().total_changes(),
            ))),
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
            "lastrowid" => Some(Value::Int(cursor.last.get())),
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
    denied: &Arc<AtomicBool>,
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
    let told = Arc::clone(denied);
    live.authorizer(Some(move |asked: AuthContext<'_>| {
        let allowed = match asked.action {
            AuthAction::Attach { .. }
            | AuthAction::Detach { .. }
            | AuthAction::CreateVtable { .. }
            | AuthAction::DropVtable { .. }
            | AuthAction::Unknown { .. } => false,
            AuthAction::Function { function_name } => !UNSTEADY
                .iter()
                .any(|name| function_name.eq_ignore_ascii_case(name)),
            AuthAction::Pragma { pragma_name, .. } => rows::is_known(pragma_name),
            _ => true,
        };
        if allowed {
            return Authorization::Allow;
        }
        told.store(true, Ordering::Relaxed);
        Authorization::Deny
    }))
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
