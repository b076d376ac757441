//! Opens SQLite files without leaving a trace beside them, and says what a loss would take from one.
//! It writes nothing; making and restoring backups is the backup room's work.

pub mod trigger;

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::model::database::{
    DatabaseFact, DatabaseQuestion, Dependant, Identity, ObjectFact, Rows,
};
use crate::model::effect::{Bound, Effect, ObjectKind, Verb};
use crate::model::fact::{Answer, Pages};
use crate::model::target::Reach;

/// Rows are counted up to here; beyond it stands "more than".
const MAX_COUNT: u64 = 1_000_000;
/// Time for all questions to one file.
const MAX_TIME: Duration = Duration::from_secs(2);
/// Bytes of a database that is read whole.
const MAX_PAGES: u64 = 4 << 20;
/// How long a writer that holds the file is waited for.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// Most tables whose foreign keys are looked at.
const MAX_TABLES: usize = 5000;

/// Why a file could not be opened as a database.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{}` does not exist", .0.display())]
    Absent(PathBuf),
    #[error("`{}` is not a SQLite database, or it is encrypted", .0.display())]
    NotSqlite(PathBuf),
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot open the database `{}`: {source}", path.display())]
    Sqlite {
        path: PathBuf,
        source: rusqlite::Error,
    },
}

/// What the first bytes and the neighbours of a database file say.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Every link resolved: the neighbours stand beside this one.
    pub real: PathBuf,
    pub device: u64,
    pub inode: u64,
    pub bytes: u64,
    /// Write-ahead mode.
    pub wal: bool,
    /// Bytes in `-wal` and in `-journal`.
    pub wal_bytes: u64,
    pub journal_bytes: u64,
}

impl Shape {
    /// Looks at a database file without opening it as one.
    ///
    /// # Errors
    /// When it is not there, not readable or no SQLite database.
    pub fn of(path: &Path) -> Result<Self, OpenError> {
        let io = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => OpenError::Absent(path.to_path_buf()),
            _ => OpenError::Io {
                path: path.to_path_buf(),
                source,
            },
        };
        let real = fs::canonicalize(path).map_err(io)?;
        let meta = fs::metadata(&real).map_err(io)?;
        if !meta.is_file() {
            return Err(OpenError::NotSqlite(path.to_path_buf()));
        }
        let mut head = Vec::new();
        File::open(&real)
            .and_then(|file| file.take(100).read_to_end(&mut head))
            .map_err(io)?;
        if meta.len() > 0 && !head.starts_with(b"SQLite format 3\0") {
            return Err(OpenError::NotSqlite(path.to_path_buf()));
        }
        let size =
            |ending: &str| fs::metadata(neighbour(&real, ending)).map_or(0, |meta| meta.len());
        Ok(Self {
            device: meta.dev(),
            inode: meta.ino(),
            bytes: meta.len(),
            wal: head.get(18) == Some(&2),
            wal_bytes: size("-wal"),
            journal_bytes: size("-journal"),
            real,
        })
    }

    /// Reading as it stands needs no lock and leaves nothing beside it.
    pub const fn is_quiet(&self) -> bool {
        self.wal && self.wal_bytes == 0
    }

    /// Returns which file it is.
    pub const fn identity(&self) -> Identity {
        Identity::Sqlite {
            device: self.device,
            inode: self.inode,
        }
    }
}

/// Returns the path of a neighbour (`-wal`, `-shm`, `-journal`).
pub fn neighbour(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn uri(path: &Path, immutable: bool) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri.push_str(if immutable {
        "?immutable=1"
    } else {
        "?mode=ro"
    });
    uri
}

/// Opens a file for reading only. `immutable` reads it without locks and makes no file beside it.
///
/// # Errors
/// When SQLite cannot open it.
pub fn open(path: &Path, immutable: bool) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |source| OpenError::Sqlite {
        path: path.to_path_buf(),
        source,
    };
    let connection = Connection::open_with_flags(uri(path, immutable), flags).map_err(failed)?;
    connection.busy_timeout(MAX_WAIT).map_err(failed)?;
    Ok(connection)
}

/// Answers a question about a SQLite file. What cannot be read is unknown, never absent.
pub fn answer(question: &DatabaseQuestion) -> Answer {
    let Reach::Sqlite(path) = &question.reach else {
        return Answer::Unknown("this is no SQLite file".into());
    };
    let shape = match Shape::of(path) {
        Ok(shape) => shape,
        Err(OpenError::Absent(_)) => return Answer::Absent,
        Err(error) => return Answer::Unknown(error.to_string()),
    };
    match facts(&shape, &question.effects) {
        Ok(fact) => Answer::Database(fact),
        Err(error) => Answer::Unknown(error),
    }
}

/// Returns the pages of a SQLite file as they stand after its last commit.
pub fn pages(path: &Path) -> Answer {
    let shape = match Shape::of(path) {
        Ok(shape) => shape,
        Err(OpenError::Absent(_)) => return Answer::Absent,
        Err(error) => return Answer::Unknown(error.to_string()),
    };
    if shape.bytes + shape.wal_bytes > MAX_PAGES {
        return Answer::Unknown("the database is too large to be read whole".to_owned());
    }
    match copied(&shape) {
        Ok(pages) => Answer::Pages(Pages(pages.into())),
        Err(error) => Answer::Unknown(format!("cannot read `{}`: {error}", shape.real.display())),
    }
}

fn copied(shape: &Shape) -> Result<Vec<u8>, String> {
    let said = |error: rusqlite::Error| error.to_string();
    let source = open(&shape.real, shape.is_quiet()).map_err(|error| error.to_string())?;
    let mut copy = Connection::open_in_memory().map_err(said)?;
    rusqlite::backup::Backup::new(&source, &mut copy)
        .and_then(|backup| backup.step(-1))
        .map_err(said)?;
    let mut pages = copy.serialize("main").map_err(said)?.to_vec();
    // In memory there is no file beside the pages to be written ahead to.
    if let Some(head) = pages.get_mut(18..20) {
        head.fill(1);
    }
    Ok(pages)
}

fn facts(shape: &Shape, effects: &[Effect]) -> Result<DatabaseFact, String> {
    let mut connection = open(&shape.real, shape.is_quiet()).map_err(|error| error.to_string())?;
    let said = |error: rusqlite::Error| format!("cannot read `{}`: {error}", shape.real.display());
    let until = Instant::now() + MAX_TIME;
    connection
        .progress_handler(10_000, Some(move || Instant::now() >= until))
        .map_err(said)?;
    let asker = Asker {
        schema: Schema::read(&connection).map_err(said)?,
        connection,
    };
    let objects = effects
        .iter()
        .map(|effect| asker.object(effect))
        .collect::<Result<_, _>>()
        .map_err(said)?;
    Ok(DatabaseFact {
        identity: shape.identity(),
        local: true,
        objects,
    })
}

struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

struct Edge {
    child: String,
    parent: String,
    on_delete: String,
    on_update: String,
    /// Columns of the child with those of the parent that they hold; of the parent's key where none are named.
    columns: Vec<(String, String)>,
}

impl Edge {
    fn names_no_columns(&self) -> bool {
        self.columns.iter().any(|(_, to)| to.is_empty())
    }

    /// A foreign key without columns of the parent means its primary key.
    fn name_key(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut query = connection
            .prepare_cached("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?;
        let names = query.query_map([&self.parent], |row| row.get::<_, String>(0))?;
        for ((_, to), name) in self.columns.iter_mut().zip(names) {
            *to = name?;
        }
        Ok(())
    }

    /// Tells whether one of these columns of the parent is what the child holds; what is not known is.
    fn touches(&self, changed: Option<&str>) -> bool {
        changed.is_none_or(|changed| {
            changed.split(',').any(|name| {
                self.columns
                    .iter()
                    .any(|(_, to)| to.eq_ignore_ascii_case(name.trim()))
            })
        })
    }

    /// Returns what selects the child's rows that hold one of the chosen parent's rows.
    fn hits(&self, condition: &str) -> String {
        let pairs: Vec<String> = self
            .columns
            .iter()
            .map(|(from, to)| {
                format!(
                    "backstop_child.{} = backstop_parent.{}",
                    quote(from),
                    quote(to)
                )
            })
            .collect();
        format!(
            "{} AS backstop_child WHERE EXISTS (SELECT 1 FROM (SELECT * FROM {} WHERE ({condition}\n)) AS backstop_parent WHERE {})",
            quote(&self.child),
            quote(&self.parent),
            pairs.join(" AND ")
        )
    }
}

struct Schema {
    objects: Vec<Object>,
    edges: Vec<Edge>,
}

impl Schema {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut query = connection
            .prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master")?;
        let objects = query
            .query_map([], |row| {
                Ok(Object {
                    kind: row.get(0)?,
                    name: row.get(1)?,
                    table: row.get(2)?,
                    sql: row.get(3)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut edges = Vec::new();
        let mut keys =
            connection.prepare("SELECT id, \"table\", on_delete, on_update, \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq")?;
        for object in objects
            .iter()
            .filter(|object| object.kind == "table")
            .take(MAX_TABLES)
        {
            let mut last = None;
            let mut rows = keys.query([&object.name])?;
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                if last != Some(id) {
                    last = Some(id);
                    edges.push(Edge {
                        child: object.name.clone(),
                        parent: row.get(1)?,
                        on_delete: row.get(2)?,
                        on_update: row.get(3)?,
                        columns: Vec::new(),
                    });
                }
                if let Some(edge) = edges.last_mut() {
                    let to: Option<String> = row.get(5)?;
                    edge.columns.push((row.get(4)?, to.unwrap_or_default()));
                }
            }
        }
        for edge in edges.iter_mut().filter(|edge| edge.names_no_columns()) {
            edge.name_key(connection)?;
        }
        Ok(Self { objects, edges })
    }

    fn find(&self, kind: ObjectKind, name: &str) -> Option<&Object> {
        let wanted: &[&str] = match kind {
            ObjectKind::View | ObjectKind::MaterializedView => &["view"],
            ObjectKind::Index => &["index"],
            ObjectKind::Trigger => &["trigger"],
            _ => &["table", "view"],
        };
        self.objects.iter().find(|object| {
            wanted.contains(&object.kind.as_str()) && object.name.eq_ignore_ascii_case(name)
        })
    }

    /// Returns the tables whose rows go with those of a table, by foreign keys that cascade.
    fn cascade(&self, table: &str) -> Vec<String> {
        let mut tables = vec![table.to_owned()];
        let mut at = 0;
        while let Some(parent) = tables.get(at).cloned() {
            at += 1;
            for edge in &self.edges {
                let new = edge.parent.eq_ignore_ascii_case(&parent)
                    && edge.on_delete.eq_ignore_ascii_case("CASCADE")
                    && !tables
                        .iter()
                        .any(|table| table.eq_ignore_ascii_case(&edge.child));
                if new {
                    tables.push(edge.child.clone());
                }
            }
        }
        tables
    }
}

struct Asker {
    schema: Schema,
    connection: Connection,
}

impl Asker {
    fn object(&self, effect: &Effect) -> rusqlite::Result<ObjectFact> {
        let Some(asked) = &effect.object else {
            return Ok(self.everything());
        };
        let name = plain_name(asked);
        let Some(object) = self.schema.find(effect.kind, name) else {
            return Ok(ObjectFact {
                name: asked.clone(),
                exists: false,
                rows: Rows::Exactly(0),
                bytes: 0,
                dependants: Vec::new(),
                tables: Vec::new(),
                notes: Vec::new(),
            });
        };
        if object.kind != "table" {
            return Ok(self.definition(object));
        }
        let rows = self.rows(&object.name, effect);
        let tables = match effect.verb {
            Verb::Drop | Verb::Delete | Verb::Truncate | Verb::Replace | Verb::CreateOver => {
                self.schema.cascade(&object.name)
            }
            _ => vec![object.name.clone()],
        };
        let mut notes = Vec::new();
        if tables.len() > 1 {
            notes.push("cascades act only where the client switches foreign keys on".to_owned());
        }
        Ok(ObjectFact {
            exists: true,
            rows,
            bytes: self.bytes(&object.name),
            dependants: self.dependants(&object.name, effect),
            tables,
            notes,
            name: object.name.clone(),
        })
    }

    fn everything(&self) -> ObjectFact {
        let tables: Vec<String> = self
            .schema
            .objects
            .iter()
            .filter(|object| object.kind == "table" && !object.name.starts_with("sqlite_"))
            .map(|object| object.name.clone())
            .collect();
        ObjectFact {
            name: "everything".into(),
            exists: !self.schema.objects.is_empty(),
            rows: if tables.iter().all(|table| self.holds_no_row(table)) {
                Rows::Exactly(0)
            } else {
                Rows::Unknown
            },
            bytes: 0,
            dependants: Vec::new(),
            tables,
            notes: Vec::new(),
        }
    }

    /// Tells whether a table is proven to hold no row; one that cannot be asked is not.
    fn holds_no_row(&self, table: &str) -> bool {
        let text = format!("SELECT EXISTS (SELECT 1 FROM {})", quote(table));
        let found = self
            .connection
            .query_row(&text, [], |row| row.get::<_, bool>(0));
        matches!(found, Ok(false))
    }

    fn definition(&self, object: &Object) -> ObjectFact {
        let dependants = match object.kind.as_str() {
            "view" => self.mentions(&object.name),
            _ => Vec::new(),
        };
        ObjectFact {
            name: object.name.clone(),
            exists: true,
            rows: Rows::Unknown,
            bytes: 0,
            dependants,
            tables: Vec::new(),
            notes: vec![format!(
                "{} {} holds no rows of its own",
                if object.kind == "index" { "an" } else { "a" },
                object.kind
            )],
        }
    }

    fn rows(&self, table: &str, effect: &Effect) -> Rows {
        let table = quote(table);
        match (&effect.verb, &effect.bound) {
            (
                Verb::Delete | Verb::Update,
                Bound::Where {
                    predicate,
                    pure: true,
                },
            ) => self.count(&format!("{table} WHERE ({predicate}\n)")),
            (Verb::Delete | Verb::Update, Bound::Where { pure: false, .. }) => Rows::Unknown,
            (Verb::AlterDrop, _) => match &effect.part {
                Some(column) if self.has_column(&table, column) => {
                    self.count(&format!("{table} WHERE {} IS NOT NULL", quote(column)))
                }
                Some(_) => Rows::Exactly(0),
                None => self.count(&table),
            },
            _ => self.count(&table),
        }
    }

    fn has_column(&self, table: &str, column: &str) -> bool {
        // A quoted name that is no column would be read as a string; a qualified one is not.
        let text = format!("SELECT {table}.{} FROM {table} LIMIT 0", quote(column));
        self.connection.prepare(&text).is_ok()
    }

    fn count(&self, from: &str) -> Rows {
        let limit = MAX_COUNT + 1;
        let text = format!("SELECT count(*) FROM (SELECT 1 FROM {from} LIMIT {limit})");
        let counted = self
            .connection
            .query_row(&text, [], |row| row.get::<_, i64>(0));
        match counted.map(u64::try_from) {
            Ok(Ok(rows)) if rows <= MAX_COUNT => Rows::Exactly(rows),
            Ok(Ok(_)) => Rows::MoreThan(MAX_COUNT),
            _ => Rows::Unknown,
        }
    }

    fn bytes(&self, table: &str) -> u64 {
        let text = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE aggregate = 1 AND name IN \
                    (SELECT name FROM sqlite_master WHERE tbl_name = ?1)";
        self.connection
            .query_row(text, [table], |row| row.get::<_, i64>(0))
            .ok()
            .and_then(|bytes| u64::try_from(bytes).ok())
            .unwrap_or(0)
    }

    fn dependants(&self, table: &str, effect: &Effect) -> Vec<Dependant> {
        let verb = effect.verb;
        let gone = matches!(verb, Verb::Drop | Verb::CreateOver);
        let mut found = Vec::new();
        // A definition that changes takes no row of another table along.
        let keeps_rows = matches!(verb, Verb::AlterDrop | Verb::AlterRewrite | Verb::Rewrite);
        for edge in self.schema.edges.iter().filter(|_| !keeps_rows) {
            if edge.parent.eq_ignore_ascii_case(table) && !edge.child.eq_ignore_ascii_case(table) {
                found.extend(self.behind(edge, effect));
            }
        }
        for object in &self.schema.objects {
            let owned = object.table.eq_ignore_ascii_case(table)
                && object.kind != "table"
                && !object.sql.is_empty();
            let fires = object.kind == "trigger" && trigger::fires(&object.sql, verb);
            if owned && (gone || fires) {
                found.push(Dependant {
                    kind: object.kind.clone(),
                    name: object.name.clone(),
                    how: if gone { "dropped with it" } else { "fires" }.into(),
                    rows: Rows::Unknown,
                });
            }
        }
        if gone {
            found.extend(self.mentions(table));
        }
        found
    }

    /// Returns what happens to the rows behind a foreign key; nothing where it is not touched.
    fn behind(&self, edge: &Edge, effect: &Effect) -> Option<Dependant> {
        let updates = effect.verb == Verb::Update;
        if updates && !edge.touches(effect.part.as_deref()) {
            return None;
        }
        let act = if updates {
            &edge.on_update
        } else {
            &edge.on_delete
        };
        let how = match (act.to_ascii_uppercase().as_str(), updates) {
            ("CASCADE", false) => "cascades",
            ("CASCADE", true) => "may change",
            ("SET NULL" | "SET DEFAULT", _) => "set null",
            _ => "blocks",
        };
        let rows = match &effect.bound {
            Bound::Where {
                predicate,
                pure: true,
            } => self.count(&edge.hits(predicate)),
            Bound::Where { pure: false, .. } => Rows::Unknown,
            Bound::NotApplicable | Bound::All | Bound::AlwaysTrue => {
                self.count(&quote(&edge.child))
            }
        };
        Some(Dependant {
            kind: "foreign-key".into(),
            name: edge.child.clone(),
            how: how.into(),
            rows,
        })
    }

    /// Returns views and triggers of other tables whose text names this object.
    fn mentions(&self, name: &str) -> Vec<Dependant> {
        self.schema
            .objects
            .iter()
            .filter(|object| {
                matches!(object.kind.as_str(), "view" | "trigger")
                    && !object.table.eq_ignore_ascii_case(name)
                    && names(&object.sql, name)
            })
            .map(|object| Dependant {
                kind: object.kind.clone(),
                name: object.name.clone(),
                how: "breaks".into(),
                rows: Rows::Unknown,
            })
            .collect()
    }
}

/// Takes the name of the main database off: `main.users` is `users`.
fn plain_name(name: &str) -> &str {
    match name.split_once('.') {
        Some((database, rest)) if database.eq_ignore_ascii_case("main") => rest,
        _ => name,
    }
}

/// Tells whether a text names an object, as a whole word.
fn names(sql: &str, name: &str) -> bool {
    let (sql, name) = (sql.to_lowercase(), name.to_lowercase());
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    sql.match_indices(&name).any(|(at, found)| {
        let before = sql.get(..at).and_then(|text| text.chars().next_back());
        let after = sql
            .get(at + found.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Quotes a name for SQL.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::database::SearchPath;
    use crate::model::span::Span;

    fn effect(verb: Verb, object: &str, bound: Bound) -> Effect {
        Effect {
            verb,
            kind: ObjectKind::Table,
            object: Some(object.into()),
            part: None,
            bound,
            cascade: false,
            only: false,
            if_exists: false,
            opaque: false,
            span: Span { start: 0, end: 0 },
        }
    }

    fn database(wal: bool) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a ?#%.db");
        let connection = Connection::open(&path).unwrap();
        if wal {
            connection
                .pragma_update(None, "journal_mode", "wal")
                .unwrap();
        }
        connection
            .execute_batch(
                "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);
                 CREATE TABLE orders(id INTEGER PRIMARY KEY, user REFERENCES users ON DELETE CASCADE);
                 CREATE TABLE notes(user REFERENCES users);
                 CREATE TABLE lines(o REFERENCES orders ON DELETE CASCADE);
                 CREATE TABLE empty(x);
                 CREATE VIEW names AS SELECT name FROM users;
                 CREATE VIEW others AS SELECT * FROM users2;
                 CREATE INDEX by_name ON users(name);
                 INSERT INTO users(name) VALUES ('a'),('b'),('c');
                 INSERT INTO orders VALUES (1,1),(2,1);",
            )
            .unwrap();
        (dir, path)
    }

    fn ask(path: &Path, effects: Vec<Effect>) -> Answer {
        answer(&DatabaseQuestion {
            reach: Reach::Sqlite(path.to_path_buf()),
            effects,
            path: SearchPath::Own,
        })
    }

    fn fact(path: &Path, effect: Effect) -> ObjectFact {
        match ask(path, vec![effect]) {
            Answer::Database(mut fact) => fact.objects.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_dropped_table_is_named_with_rows_bytes_and_what_hangs_on_it() {
        let (_dir, path) = database(false);
        let fact = fact(
            &path,
            effect(Verb::Drop, "MAIN.Users", Bound::NotApplicable),
        );
        assert_eq!((fact.name.as_str(), fact.rows), ("users", Rows::Exactly(3)));
        assert!(fact.exists && fact.bytes >= 8192, "{fact:?}");
        assert_eq!(fact.tables, ["users", "orders", "lines"]);
        let said: Vec<_> = fact
            .dependants
            .iter()
            .map(|one| (one.kind.as_str(), one.name.as_str(), one.how.as_str()))
            .collect();
        let expected = [
            ("foreign-key", "orders", "cascades"),
            ("foreign-key", "notes", "blocks"),
            ("index", "by_name", "dropped with it"),
            ("view", "names", "breaks"),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn a_delete_is_counted_by_its_predicate_when_that_is_pure() {
        let (_dir, path) = database(false);
        let bound = |predicate: &str, pure| Bound::Where {
            predicate: predicate.into(),
            pure,
        };
        let rows = |bound| fact(&path, effect(Verb::Delete, "users", bound)).rows;
        assert_eq!(rows(bound("id > 1", true)), Rows::Exactly(2));
        assert_eq!(rows(bound("id > 1 -- why", true)), Rows::Exactly(2));
        assert_eq!(rows(bound("id > 9", true)), Rows::Exactly(0));
        assert_eq!(rows(bound("nonsense(", true)), Rows::Unknown);
        assert_eq!(rows(bound("f(id)", false)), Rows::Unknown);
        assert_eq!(rows(Bound::All), Rows::Exactly(3));
    }

    #[test]
    fn what_does_not_exist_or_holds_nothing_is_proven() {
        let (dir, path) = database(false);
        let missing = fact(&path, effect(Verb::Drop, "nobody", Bound::NotApplicable));
        assert!(!missing.exists);
        let empty = fact(&path, effect(Verb::Drop, "empty", Bound::NotApplicable));
        assert!(empty.exists && empty.rows.is_proven_empty());
        assert_eq!(ask(&dir.path().join("no.db"), Vec::new()), Answer::Absent);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_database_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        fs::write(&path, "encrypted or whatever").unwrap();
        assert!(matches!(ask(&path, Vec::new()), Answer::Unknown(_)));
        assert!(matches!(ask(dir.path(), Vec::new()), Answer::Unknown(_)));
    }

    #[test]
    fn asking_leaves_nothing_beside_a_write_ahead_database() {
        let (dir, path) = database(true);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        let fact = fact(&path, effect(Verb::Drop, "users", Bound::NotApplicable));
        assert_eq!(fact.rows, Rows::Exactly(3));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    }

    #[test]
    fn rows_that_stand_only_in_the_write_ahead_log_are_counted() {
        let (_dir, path) = database(true);
        let writer = Connection::open(&path).unwrap();
        writer
            .execute("INSERT INTO users(name) VALUES ('d')", [])
            .unwrap();
        let fact = fact(&path, effect(Verb::Drop, "users", Bound::NotApplicable));
        assert_eq!(fact.rows, Rows::Exactly(4));
        drop(writer);
    }
}
