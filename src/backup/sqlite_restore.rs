//! Brings a SQLite database back: the whole file, or what is missing into a living one.
//! Rows that are there with other values are listed and never overwritten; the state before has been backed up by the caller.

use crate::adapters::regular;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::control::Control;
use super::error::BackupError;
use super::files::{random_name, rename_free, sync_folder};
use super::move_back::{self, Attributes};
use super::passing::Passing;
use super::restore::come_back;
use super::sqlite::{
    ATTRIBUTES, Scratch, database, examine, failed, is_listed, is_readable, path_of, transfer,
    unpack,
};
use super::sqlite_chosen::Chosen;
use super::sqlite_reach::Touch;
use super::sqlite_since::as_done;
use super::sqlite_table::Table;
use crate::adapters::failpoint;
use crate::adapters::sqlite::{Shape, neighbour, open, quote};
use crate::model::backup::Entry;
use crate::plan::coverage::same_name;
use crate::plan::restore::{RestorePlan, Restored, Step, Wish, counted};

/// How long another process that holds the living database is waited for.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Where SQLite keeps what AUTOINCREMENT has got to.
const SEQUENCES: &str = "sqlite_sequence";

/// Where a restore goes.
enum Place {
    /// A file that is not there yet.
    New(PathBuf),
    /// A living database.
    Living(PathBuf),
}

fn place(entry: &Entry, wish: &Wish) -> Result<Place, BackupError> {
    let from = path_of(&entry.manifest.reach)?;
    let Some(to) = &wish.to else {
        let what = match fs::symlink_metadata(from) {
            Ok(meta) if meta.is_dir() => Some("a folder"),
            Ok(meta) if meta.is_symlink() && !from.exists() => Some("a link that leads nowhere"),
            _ => None,
        };
        if let Some(what) = what {
            return Err(BackupError::Wish(format!(
                "{what} stands at `{}`, where the database was: move it away and run the same command again, or name another place with `backstop restore {} --into FILE`",
                from.display(),
                entry.manifest.id
            )));
        }
        return Ok(match from.exists() {
            true => Place::Living(from.to_path_buf()),
            false => Place::New(from.to_path_buf()),
        });
    };
    let mut to = PathBuf::from(to);
    if to.is_dir() {
        to = to.join(from.file_name().unwrap_or_default());
    }
    if fs::symlink_metadata(&to).is_ok() {
        return Err(BackupError::Taken(format!(
            "`{}` is there already",
            to.display()
        )));
    }
    Ok(Place::New(to))
}

/// The backup's database, unpacked and checked, in a scratch folder of its own.
struct Copy {
    scratch: Scratch,
}

impl Copy {
    fn of(entry: &Entry, control: &Control) -> Result<Self, BackupError> {
        let scratch = Scratch::near(&entry.folder)?;
        let copy = Self { scratch };
        unpack(entry, database(entry)?, &copy.file(), control)?;
        if !is_listed(
            &examine(&copy.file(), "quick_check", control)?,
            database(entry)?,
        ) {
            return Err(BackupError::NotIntact(
                "the database does not hold what the manifest says".into(),
            ));
        }
        Ok(copy)
    }

    fn file(&self) -> PathBuf {
        self.scratch.path.join("copy")
    }
}

/// Says what a restore would do.
pub(super) fn plan(
    entry: &Entry,
    wish: &Wish,
    control: &Control,
) -> Result<RestorePlan, BackupError> {
    let mut plan = RestorePlan {
        backup: entry.manifest.id.clone(),
        ..RestorePlan::default()
    };
    let there = place(entry, wish)?;
    let (Place::New(path) | Place::Living(path)) = &there;
    let mut moved = move_back::plan(wish, path, || is_back(entry, path));
    plan.left.extend(moved.left.take());
    let path = match there {
        Place::New(path) => {
            if !wish.only.is_empty() {
                plan.notes.push(
                    "the whole database is written: there is none to put single tables into".into(),
                );
            }
            plan.steps.extend(super::restore::parents(&path)?);
            plan.steps.push(Step::PlaceDatabase { path });
            return Ok(plan);
        }
        Place::Living(path) => path,
    };
    let mut steps = Vec::new();
    // What waits in a log beside it belongs to the file that would go.
    let moves = !neighbour(&path, "-wal").exists() && !neighbour(&path, "-journal").exists();
    if let Some(step) = moved.step.filter(|_| moves) {
        steps.push(step);
        steps.push(Step::PlaceDatabase { path: path.clone() });
    } else if !is_readable(&path) && wish.leave_present {
        return Err(BackupError::Taken(format!(
            "`{}` is there and is no database that can be read: nothing can be put into it, and with `--missing` it stays",
            path.display()
        )));
    } else if !is_readable(&path) {
        // What stands there now is no database, or none any more: the file is replaced, not its content.
        steps.push(Step::PlaceDatabase { path: path.clone() });
    } else if wish.missing_only || !wish.only.is_empty() {
        let copy = Copy::of(entry, control)?;
        let mut living = Living::open(&path, &copy, false)?;
        living.choose(wish)?;
        steps = living.steps(wish, &mut plan)?;
    } else {
        steps.push(Step::ReplaceDatabase { path: path.clone() });
    }
    if !steps.is_empty() {
        plan.steps.push(Step::SavePresent {
            what: format!("`{}`", path.display()),
        });
        plan.steps.append(&mut steps);
    }
    Ok(plan)
}

/// Tells whether the file has the time that the backup's has: it came back before.
fn is_back(entry: &Entry, path: &Path) -> bool {
    let noted = regular::read(&entry.folder.join(ATTRIBUTES)).unwrap_or_default();
    let noted = serde_json::from_slice::<Attributes>(&noted).ok();
    let had = noted.and_then(|one| one.mtime);
    had.is_some() && Attributes::of(path).ok().and_then(|one| one.mtime) == had
}

/// Applies a plan.
pub(super) fn apply(
    entry: &Entry,
    wish: &Wish,
    plan: &RestorePlan,
    control: &Control,
) -> Result<Restored, BackupError> {
    let mut restored = Restored::default();
    let copy = Copy::of(entry, control)?;
    let path = path_of(&entry.manifest.reach)?;
    let mut rows = Vec::new();
    for step in &plan.steps {
        match step {
            Step::MakeParents { path } => super::restore::make_parents(path)?,
            Step::MoveBack { .. } => {
                move_back::apply(entry.backups(), step, &mut restored);
                continue;
            }
            Step::PlaceDatabase { path } => {
                // Only what was saved may be written over.
                let saved = |step: &Step| matches!(step, Step::SavePresent { .. });
                let notes = place_new(entry, &copy, path, plan.steps.iter().any(saved))?;
                restored.notes.extend(notes);
            }
            Step::ReplaceDatabase { path } => {
                let notes = replace(entry, &copy, path, control)?;
                restored.notes.extend(notes);
            }
            Step::Create { .. }
            | Step::InsertRows { .. }
            | Step::UpdateRows { .. }
            | Step::RemoveRows { .. }
            | Step::Reindex { .. }
            | Step::ReplaceTable { .. } => {
                rows.push(step.clone());
                continue;
            }
            _ => continue,
        }
        restored.done.push(step.sentence());
    }
    if !rows.is_empty() {
        let mut living = Living::open(path, &copy, true)?;
        living.choose(wish)?;
        living.apply(&rows, wish, &mut restored)?;
        restored.notes.extend(plan.notes.iter().cloned());
    }
    restored.left.extend(plan.left.iter().cloned());
    Ok(restored)
}

/// Writes the database beside its place, moves stale neighbours aside and renames it in.
fn place_new(
    entry: &Entry,
    copy: &Copy,
    path: &Path,
    over: bool,
) -> Result<Vec<String>, BackupError> {
    if !over && fs::symlink_metadata(path).is_ok() {
        return Err(come_back(path));
    }
    let parent = path.parent().unwrap_or(Path::new("/"));
    let tail = random_name();
    let draft = neighbour(path, &format!(".backstop-{tail}"));
    let mut passing = Passing::announce(entry.backups(), &draft)?;
    let written = |error| BackupError::io("write", &draft, error);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(written)?;
    passing.made()?;
    let filled = fs::File::open(copy.file()).and_then(|mut copy| {
        std::io::copy(&mut copy, &mut file)?;
        let notes = dress(entry, &file);
        file.sync_all().map(|()| notes)
    });
    let notes = filled.map_err(|error| {
        let _ = fs::remove_file(&draft);
        written(error)
    })?;
    // A log of a database that is gone would be played into the restored one.
    for ending in ["-wal", "-shm", "-journal"] {
        let stale = neighbour(path, ending);
        if fs::symlink_metadata(&stale).is_ok() {
            fs::rename(&stale, neighbour(&stale, &format!(".aside-{tail}")))
                .map_err(|error| BackupError::io("move aside", &stale, error))?;
        }
    }
    failpoint::reach("restore.sqlite.written")
        .map_err(|error| BackupError::io("write", &draft, error))?;
    if let Err(error) = rename(&draft, path, over) {
        let _ = fs::remove_file(&draft);
        return Err(match error.kind() {
            std::io::ErrorKind::AlreadyExists => come_back(path),
            _ => BackupError::io("rename into place", path, error),
        });
    }
    sync_folder(parent)?;
    Ok(notes)
}

/// Renames; what has come to the place meanwhile is written over only where that was saved.
fn rename(from: &Path, to: &Path, over: bool) -> std::io::Result<()> {
    match over {
        true => fs::rename(from, to),
        false => rename_free(from, to),
    }
}

/// Gives the file what it had beside its content, and says what cannot be set.
fn dress(entry: &Entry, file: &fs::File) -> Vec<String> {
    let noted = regular::read(&entry.folder.join(ATTRIBUTES)).unwrap_or_default();
    let noted = serde_json::from_slice::<Attributes>(&noted);
    noted.map_or_else(|_| Vec::new(), |attributes| attributes.dress(file))
}

/// Replaces the content of a living database through itself, so that those who have it open go on with it.
fn replace(
    entry: &Entry,
    copy: &Copy,
    path: &Path,
    control: &Control,
) -> Result<Vec<String>, BackupError> {
    let source = open(&copy.file(), true)?;
    let living = Shape::of(path).and_then(|_| {
        Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(|source| crate::adapters::sqlite::OpenError::Sqlite {
            path: path.to_path_buf(),
            source,
        })
    });
    let replaced = match living {
        Ok(mut target) => {
            target
                .busy_timeout(MAX_WAIT.min(control.left()))
                .map_err(failed("open the database"))?;
            transfer(&source, &mut target, control)
        }
        Err(error) => Err(error.into()),
    };
    match replaced {
        // No database any more, or one of another page size in write-ahead mode: the file itself is exchanged.
        Err(BackupError::Source(_) | BackupError::Unreachable(_)) => {
            let aside = neighbour(path, &format!(".aside-{}", random_name()));
            fs::rename(path, &aside).map_err(|error| BackupError::io("move aside", path, error))?;
            place_new(entry, copy, path, false)
        }
        replaced => replaced.map(|()| Vec::new()),
    }
}

/// A living database with the backup's copy attached as `old`.
pub(super) struct Living {
    pub(super) connection: Connection,
    /// The rows that were lost one by one, by name of the table in lower case.
    pub(super) chosen: BTreeMap<String, Chosen>,
    /// Tables that become again what they were, because the rows of the loss cannot be told from others; in lower case.
    pub(super) whole: BTreeSet<String>,
    /// What the loss may have reached, by name in lower case.
    pub(super) touched: BTreeMap<String, Touch>,
    /// Rows whose foreign key was changed with their parent, by table.
    pub(super) acted: Vec<(String, Chosen)>,
    /// Tables that were dropped or emptied, in lower case: none of their rows stayed.
    pub(super) emptied: BTreeSet<String>,
}

impl Living {
    fn open(path: &Path, copy: &Copy, write: bool) -> Result<Self, BackupError> {
        let said = failed("open the living database");
        Shape::of(path)?;
        let mode = if write {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        } else {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        };
        let flags = mode | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(&said)?;
        connection.busy_timeout(MAX_WAIT).map_err(&said)?;
        connection
            .pragma_update(None, "foreign_keys", false)
            .map_err(&said)?;
        connection
            .set_db_config(
                rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
                false,
            )
            .map_err(&said)?;
        let old = copy.file();
        let uri = format!("file:{}?immutable=1", percent(&old));
        connection
            .execute("ATTACH ?1 AS old", [uri])
            .map_err(&said)?;
        Ok(Self {
            connection,
            chosen: BTreeMap::new(),
            whole: BTreeSet::new(),
            touched: BTreeMap::new(),
            acted: Vec::new(),
            emptied: BTreeSet::new(),
        })
    }

    pub(super) fn names(
        &self,
        schema: &str,
        kinds: &str,
    ) -> Result<Vec<(String, String, String)>, BackupError> {
        let said = failed("list the tables");
        let text = format!(
            "SELECT type, name, sql FROM {schema}.sqlite_master WHERE sql IS NOT NULL AND type IN ({kinds}) \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
        );
        let mut query = self.connection.prepare(&text).map_err(&said)?;
        let rows = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .map_err(&said)?;
        rows.collect::<rusqlite::Result<_>>().map_err(said)
    }

    fn steps(&self, wish: &Wish, plan: &mut RestorePlan) -> Result<Vec<Step>, BackupError> {
        let shadows = self.shadows()?;
        let named = |name: &str| wish.only.iter().any(|one| same_name(name, one));
        let (mut creates, mut fills) = (Vec::new(), Vec::new());
        for (table, chosen) in &self.acted {
            creates.extend(self.changed_rows(table, chosen, wish.over, plan)?);
        }
        let mut virtuals = Vec::new();
        for (_, name, _) in self.names("old", "'table'")? {
            let touch = self.touched.get(&name.to_lowercase());
            if self.is_virtual(&name)? {
                virtuals.push((name, touch.copied()));
                continue;
            }
            let Some(touch) = touch.filter(|_| named(&name) || !shadows.contains(&name)) else {
                continue;
            };
            if !self.exists("table", &name)? {
                // Before anything is changed, so that rows which lost their reference find its parent.
                creates.insert(
                    0,
                    Step::Create {
                        kind: "table".into(),
                        name: name.clone(),
                    },
                );
                let limit = self.table(&name)?.limit;
                let rows = self.count(&format!("old.{} AS o WHERE 1{limit}", quote(&name)))?;
                fills.extend(insert_all(&name, rows));
            } else if self.whole.contains(&name.to_lowercase()) {
                let rows = self.count(&format!("old.{}", quote(&name)))?;
                plan.notes.extend(self.not_kept(&name)?);
                fills.push(Step::ReplaceTable { table: name, rows });
            } else if let Some(left) = self.lacks_key(&name)? {
                plan.left.push(left);
            } else if let Some(chosen) = self.chosen.get(&name.to_lowercase()) {
                fills.extend(self.moved_rows(&name, chosen)?);
                if chosen.deletes {
                    fills.extend(self.missing_rows(&name, plan)?);
                }
                fills.extend(self.changed_rows(&name, chosen, wish.over, plan)?);
            } else if touch.deletes {
                fills.extend(self.missing_rows(&name, plan)?);
            }
        }
        creates.append(&mut fills);
        for (name, touch) in virtuals {
            self.virtual_steps(&name, touch, &mut creates, wish, plan)?;
        }
        self.definitions(wish, plan, &mut creates)?;
        Ok(creates)
    }

    /// Indexes, views and triggers that are gone with their table, or that the loss names.
    fn definitions(
        &self,
        wish: &Wish,
        plan: &mut RestorePlan,
        steps: &mut Vec<Step>,
    ) -> Result<(), BackupError> {
        let mut named: BTreeSet<&String> = wish.only.iter().collect();
        named.retain(|one| !self.touched.keys().any(|name| same_name(name, one)));
        for kinds in ["'view'", "'index'", "'trigger'"] {
            for (kind, name, sql) in self.names("old", kinds)? {
                let owner = self.owner(&kind, &name)?.to_lowercase();
                let is_named = wish.only.iter().any(|one| same_name(&name, one));
                named.retain(|one| !same_name(&name, one));
                let goes = kind != "view" && self.whole.contains(&owner);
                let own = wish.only.is_empty() || is_named || self.touched.contains_key(&owner);
                let differs = || -> Result<bool, BackupError> {
                    Ok(is_named && self.definition("main", &kind, &name)? != sql)
                };
                if own && (goes || !self.exists(&kind, &name)? || differs()?) {
                    steps.push(Step::Create { kind, name });
                }
            }
        }
        for name in named {
            let own = name.to_lowercase();
            if own == SEQUENCES && self.exists("table", SEQUENCES)? {
                self.sequence_steps(steps)?;
            } else if own.starts_with("sqlite_stat") && self.exists("table", &own)? {
                steps.extend(self.missing_rows(&own, plan)?);
            } else {
                plan.left
                    .push(format!("`{name}`: the backup does not hold it"));
            }
        }
        Ok(())
    }

    /// What AUTOINCREMENT has got to, where that is lost or lower now, and the table is there.
    fn sequence_steps(&self, steps: &mut Vec<Step>) -> Result<(), BackupError> {
        let of = "old.sqlite_sequence AS o WHERE EXISTS (SELECT 1 FROM main.sqlite_master AS t WHERE t.type = 'table' AND t.name = o.name)";
        let here = "SELECT 1 FROM main.sqlite_sequence AS n WHERE n.name = o.name";
        let gone = self.count(&format!("{of} AND NOT EXISTS ({here})"))?;
        let lower = self.count(&format!("{of} AND EXISTS ({here} AND n.seq < o.seq)"))?;
        steps.extend(insert_all(SEQUENCES, gone));
        steps.extend((lower > 0).then(|| Step::UpdateRows {
            table: SEQUENCES.to_owned(),
            columns: vec!["seq".to_owned()],
            rows: Some(lower),
            conflicts: 0,
        }));
        Ok(())
    }

    pub(super) fn owner(&self, kind: &str, name: &str) -> Result<String, BackupError> {
        self.connection
            .query_row(
                "SELECT tbl_name FROM old.sqlite_master WHERE type = ?1 AND name = ?2",
                [kind, name],
                |row| row.get(0),
            )
            .map_err(failed("list the tables"))
    }

    pub(super) fn exists(&self, kind: &str, name: &str) -> Result<bool, BackupError> {
        self.exists_in("main", kind, name)
    }

    pub(super) fn exists_in(
        &self,
        schema: &str,
        kind: &str,
        name: &str,
    ) -> Result<bool, BackupError> {
        let text = format!(
            "SELECT count(*) FROM {schema}.sqlite_master WHERE type = ?1 AND name = ?2 COLLATE NOCASE"
        );
        self.connection
            .query_row(&text, [kind, name], |row| row.get::<_, i64>(0))
            .map(|found| found > 0)
            .map_err(failed("list the tables"))
    }

    pub(super) fn count(&self, from: &str) -> Result<u64, BackupError> {
        self.connection
            .query_row(&format!("SELECT count(*) FROM {from}"), [], |row| {
                row.get::<_, i64>(0)
            })
            .map(|rows| u64::try_from(rows).unwrap_or(0))
            .map_err(failed("count rows"))
    }

    pub(super) fn number(&self, query: &str) -> Result<u64, BackupError> {
        let said = failed("count rows");
        let number = self
            .connection
            .query_row(query, [], |row| row.get::<_, i64>(0));
        number
            .map(|rows| u64::try_from(rows).unwrap_or(0))
            .map_err(said)
    }

    pub(super) fn columns(
        &self,
        schema: &str,
        table: &str,
    ) -> Result<Vec<(String, i64)>, BackupError> {
        let said = failed("list the columns");
        let mut query = self
            .connection
            .prepare(
                "SELECT name, pk FROM pragma_table_xinfo(?1, ?2) WHERE hidden = 0 ORDER BY cid",
            )
            .map_err(&said)?;
        let rows = query
            .query_map([table, schema], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(&said)?;
        rows.collect::<rusqlite::Result<_>>().map_err(said)
    }

    pub(super) fn table(&self, name: &str) -> Result<Table, BackupError> {
        let columns = self.columns("old", name)?;
        let mut key: Vec<(i64, String)> = columns
            .iter()
            .filter(|(_, pk)| *pk > 0)
            .map(|(name, pk)| (*pk, name.clone()))
            .collect();
        key.sort();
        if let (Some((first, _)), true) = (columns.first(), self.has_id(name)?) {
            key = vec![(1, first.clone())];
        }
        let taken = |alias: &str| {
            columns
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(alias))
        };
        let reads = |schema: &str, alias: &str| {
            let text = format!("SELECT {alias} FROM {schema}.{} LIMIT 0", quote(name));
            self.connection.prepare(&text).is_ok()
        };
        // Others may have made it a table without rowid since.
        let here = self.exists("table", name)?;
        let rowid = ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|alias| !taken(alias) && reads("old", alias) && (!here || reads("main", alias)));
        let now = match here {
            true => self.columns("main", name)?,
            false => columns.clone(),
        };
        let is_gone = |column: &str| now.iter().all(|(one, _)| !one.eq_ignore_ascii_case(column));
        let gone = columns.iter().map(|(column, _)| column);
        Ok(Table {
            name: name.to_owned(),
            gone: gone.filter(|one| is_gone(one)).cloned().collect(),
            columns: columns.into_iter().map(|(name, _)| name).collect(),
            key: key.into_iter().map(|(_, name)| name).collect(),
            rowid,
            limit: self
                .chosen
                .get(&name.to_lowercase())
                .filter(|chosen| chosen.deletes)
                .map_or(String::new(), |chosen| {
                    format!(" AND {}", chosen.limit("o"))
                }),
        })
    }

    /// Applies creations and insertions in one transaction.
    fn apply(
        &mut self,
        steps: &[Step],
        wish: &Wish,
        restored: &mut Restored,
    ) -> Result<(), BackupError> {
        let said = failed("put rows back");
        self.connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(&said)?;
        let hanging = self.hanging(steps);
        for step in steps {
            let mut rows = None;
            match step {
                Step::Create { kind, name } => {
                    self.create(kind.trim_start_matches("virtual "), name, restored)?
                }
                // `sequences` does it, after all rows are there.
                Step::InsertRows { table, .. } | Step::UpdateRows { table, .. }
                    if table == SEQUENCES => {}
                Step::InsertRows { table, .. } => rows = Some(self.insert(table, restored)?),
                Step::UpdateRows { table, columns, .. } => {
                    rows = Some(self.change_rows(table, columns, wish.over, restored)?);
                }
                Step::RemoveRows { table, .. } => self.take_moved(table)?,
                Step::Reindex { table } => self.reindex(table)?,
                Step::ReplaceTable { table, .. } => {
                    let drop = format!("DROP TABLE main.{}", quote(table));
                    self.connection.execute_batch(&drop).map_err(&said)?;
                    self.create("table", table, restored)?;
                    self.insert(table, restored)?;
                }
                _ => {}
            }
            restored.done.extend(as_done(step, rows));
        }
        self.sequences()?;
        for (tables, now) in self.hanging(steps) {
            let more = now.saturating_sub(hanging.get(&tables).copied().unwrap_or_default());
            let (table, parent) = tables;
            if more > 0 {
                let rows = counted(more, "row");
                restored.conflicts.push(format!(
                    "{rows} of `{table}` that came back refer by a foreign key to rows of `{parent}` that are not there"
                ));
            }
        }
        failpoint::reach("restore.sqlite.inserted")
            .map_err(|error| BackupError::Source(error.to_string()))?;
        self.connection.execute_batch("COMMIT").map_err(said)
    }

    fn create(&self, kind: &str, name: &str, restored: &mut Restored) -> Result<(), BackupError> {
        let sql = self.definition("old", kind, name)?;
        if kind != "table" && self.exists(kind, name)? {
            let drop = format!("DROP {kind} main.{}", quote(name));
            self.connection
                .execute_batch(&drop)
                .map_err(failed("replace a definition"))?;
        }
        match self.connection.execute_batch(&sql) {
            Ok(()) => Ok(()),
            Err(error) if kind == "table" => Err(failed("create the table again")(error)),
            Err(error) => {
                restored.left.push(format!(
                    "the {kind} `{name}` cannot be created again: {error}"
                ));
                Ok(())
            }
        }
    }

    /// Returns the text that made something; empty where it is not there.
    pub(super) fn definition(
        &self,
        schema: &str,
        kind: &str,
        name: &str,
    ) -> Result<String, BackupError> {
        let text = format!(
            "SELECT coalesce(max(sql), '') FROM {schema}.sqlite_master WHERE type = ?1 AND name = ?2 COLLATE NOCASE"
        );
        self.connection
            .query_row(&text, [kind, name], |row| row.get(0))
            .map_err(failed("read the definition"))
    }
}

fn insert_all(table: &str, rows: u64) -> Option<Step> {
    (rows > 0).then(|| Step::InsertRows {
        table: table.to_owned(),
        rows,
        conflicts: 0,
    })
}

fn percent(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str()
        .as_bytes()
        .iter()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) => {
                char::from(*byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
