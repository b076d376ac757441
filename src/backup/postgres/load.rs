//! Loads a backup into a scratch database beside the original, and compares what arrived.
//! The original is not touched here.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Instant;

use super::lexer::{Lexer, Listener};
use super::passing;
use super::scan::{Name, parse_name, quoted};
use super::snapshot::{count, fault, patience, relations, text};
use crate::adapters::failpoint;
use crate::adapters::postgres::session::{self, Session, identifier, literal};
use crate::adapters::postgres::way::Way;
use crate::adapters::tools::Program;
use crate::backup::control::Control;
use crate::backup::error::{BackupError, ScanError};
use crate::backup::readback::Plain;
use crate::model::backup::Entry;
use crate::model::database::Identity;

const CHUNK: usize = 1 << 20;
/// Databases in which commands about databases are run.
const ADMIN: [&str; 2] = ["postgres", "template1"];

/// The name of the database that a backup is of.
pub(super) fn database_of(entry: &Entry) -> Result<String, BackupError> {
    match &entry.manifest.identity {
        Identity::Postgres { database, .. } => Ok(database.clone()),
        _ => Err(BackupError::NotIntact(
            "the manifest does not name a PostgreSQL database".to_owned(),
        )),
    }
}

/// Starts psql for statements that change things; it stops at the first error.
pub(super) fn client(
    way: &Way,
    quiet: bool,
    control: &Control,
) -> Result<Box<dyn Program>, BackupError> {
    let mut args = ["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"]
        .map(str::to_owned)
        .to_vec();
    if quiet {
        args.extend(["-o".to_owned(), "/dev/null".to_owned()]);
    }
    way.start("psql", &args, 0, Instant::now() + control.left())
        .map_err(fault)
}

pub(super) fn io(error: &std::io::Error) -> BackupError {
    BackupError::Source(error.to_string())
}

/// Runs statements in the given database and returns what they say.
pub(super) fn run(way: &Way, text: &str, control: &Control) -> Result<String, BackupError> {
    let mut psql = client(way, false, control)?;
    psql.feed(text.as_bytes()).map_err(|error| io(&error))?;
    psql.close_input().map_err(|error| io(&error))?;
    let mut said = String::new();
    psql.read_to_string(&mut said).map_err(|error| io(&error))?;
    Ok(said)
}

/// Opens a read-only session in a database of the same server; `None` where there is no such database.
pub(super) fn look(way: &Way, control: &Control) -> Result<Box<dyn Session>, BackupError> {
    let mut session = session::open(way, patience(control)).map_err(fault)?;
    session.run("SET search_path = pg_catalog").map_err(fault)?;
    Ok(session)
}

/// Returns the way to a database from which others can be made and renamed.
pub(super) fn admin(way: &Way, control: &Control) -> Result<Way, BackupError> {
    let mut last = None;
    for name in ADMIN {
        let there = way.to_database(name);
        match look(&there, control) {
            Ok(_open) => return Ok(there),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or(BackupError::Broken))
}

/// Tells whether the server has a database of this name.
pub(super) fn exists(admin: &Way, name: &str, control: &Control) -> Result<bool, BackupError> {
    let query = format!(
        "SELECT 1 FROM pg_database WHERE datname = {}",
        literal(name)
    );
    Ok(!look(admin, control)?
        .rows(&query)
        .map_err(fault)?
        .is_empty())
}

/// A scratch database that goes when this value does, unless it is kept.
#[derive(Debug)]
pub(super) struct Scratch {
    pub name: String,
    pub way: Way,
    admin: Way,
    control: Control,
    kept: bool,
    noted: passing::Noted,
}

impl Scratch {
    /// Makes a scratch database from the backup and compares its rows with the manifest.
    pub(super) fn load(entry: &Entry, admin: &Way, control: &Control) -> Result<Self, BackupError> {
        may_make(entry, admin, control)?;
        let nonce = jiff::Timestamp::now().as_microsecond();
        let name = format!("{}{nonce:x}_{}", passing::START, std::process::id());
        let (backups, key) = (entry.backups(), &entry.manifest.target);
        for left in passing::dead(backups, key) {
            // One that cannot be dropped now is tried again by the next restore.
            if drop_database(admin, &left.database, control).is_ok() {
                left.end();
            }
        }
        let noted = passing::Noted::begin(backups, key, &name)?;
        let old = database_of(entry)?;
        let first = creation(entry)?
            .into_iter()
            .find(|statement| statement.starts_with("CREATE DATABASE "))
            .unwrap_or_else(|| format!("CREATE DATABASE {} TEMPLATE template0", quoted(&old)));
        let statement = format!("{};\n", super::restore::renamed(&first, &old, &name));
        let scratch = Self {
            way: admin.to_database(&name),
            name,
            admin: admin.clone(),
            control: control.clone(),
            kept: false,
            noted,
        };
        run(admin, &statement, control)?;
        feed(entry, &scratch.way, control)?;
        scratch.compare(entry)?;
        failpoint::reach("restore.postgres.loaded")
            .map_err(|error| BackupError::Source(error.to_string()))?;
        Ok(scratch)
    }

    /// Gives the database away: it stays.
    pub(super) fn keep(mut self) -> String {
        self.kept = true;
        self.noted.end();
        self.name.clone()
    }

    fn compare(&self, entry: &Entry) -> Result<(), BackupError> {
        let mut session = look(&self.way, &self.control)?;
        let there = relations(session.as_mut())?;
        let wanted = rows_of(entry);
        let tables: Vec<_> = there
            .into_iter()
            .filter(|one| wanted.contains_key(&one.name))
            .collect();
        let counted = count(session.as_mut(), &tables)?;
        match wanted
            .iter()
            .find(|(name, rows)| counted.get(*name) != Some(*rows))
        {
            Some((name, rows)) => Err(BackupError::NotIntact(format!(
                "table `{}.{}` has {} rows after the restore instead of {rows}",
                name.0,
                name.1,
                counted.get(name).map_or("no".to_owned(), u64::to_string)
            ))),
            None => Ok(()),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept && drop_database(&self.admin, &self.name, &self.control).is_ok() {
            self.noted.end();
        }
    }
}

/// Says what mends it where the role may make no scratch database.
fn may_make(entry: &Entry, admin: &Way, control: &Control) -> Result<(), BackupError> {
    let query = format!(
        "SELECT quote_ident(current_user), r.rolsuper OR r.rolcreatedb, r.rolsuper OR coalesce((SELECT pg_has_role(d.datdba, 'MEMBER') FROM pg_database d \
         WHERE d.datname = {}), true), (SELECT quote_ident(pg_get_userbyid(d.datdba)) FROM pg_database d WHERE d.datname = {0}) FROM pg_roles r WHERE r.rolname = current_user",
        literal(&database_of(entry)?)
    );
    let rows = look(admin, control)?.rows(&query).map_err(fault)?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let role = text(row, 0);
    let mend = match (text(row, 1) == "t", text(row, 2) == "t") {
        (true, true) => return Ok(()),
        (false, true) => format!("`ALTER ROLE {role} CREATEDB`"),
        (true, false) => format!("`GRANT {} TO {role}`", text(row, 3)),
        (false, false) => format!(
            "`ALTER ROLE {role} CREATEDB` and `GRANT {} TO {role}`",
            text(row, 3)
        ),
    };
    Err(BackupError::Unreachable(format!(
        "role `{role}` may not make the database that the backup is loaded into first: let a superuser run {mend} for as long as this takes, \
         or run, as a superuser, the commands that `backstop backup show {}` prints",
        entry.manifest.id
    )))
}

/// Ends the sessions of a scratch database and drops it.
fn drop_database(admin: &Way, name: &str, control: &Control) -> Result<(), BackupError> {
    let text = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = {} AND pid <> pg_catalog.pg_backend_pid();\n\
         DROP DATABASE IF EXISTS {};\n",
        literal(name),
        identifier(name)
    );
    run(admin, &text, control).map(drop)
}

/// Rows by table as the manifest says.
pub(super) fn rows_of(entry: &Entry) -> BTreeMap<Name, u64> {
    entry
        .manifest
        .artefacts
        .iter()
        .filter(|artefact| artefact.role == "data")
        .flat_map(|artefact| &artefact.contents)
        .filter_map(|content| Some((parse_name(&content.name)?, content.count?)))
        .collect()
}

/// Feeds definitions, rows and again definitions to psql; every digest is checked before the last word.
fn feed(entry: &Entry, way: &Way, control: &Control) -> Result<(), BackupError> {
    let mut psql = client(way, true, control)?;
    let sections = entry
        .manifest
        .artefacts
        .iter()
        .filter(|artefact| matches!(artefact.role.as_str(), "schema" | "data"));
    let mut buffer = vec![0; CHUNK];
    for artefact in sections {
        let mut plain = Plain::open(&entry.folder, artefact)?;
        loop {
            control.check()?;
            let read = plain
                .read(&mut buffer)
                .map_err(|error| BackupError::NotIntact(error.to_string()))?;
            if read == 0 {
                break;
            }
            psql.feed(buffer.get(..read).unwrap_or_default())
                .map_err(|error| io(&error))?;
        }
        plain.finish()?;
    }
    psql.finish().map_err(|error| io(&error))
}

/// Collects statements.
#[derive(Default)]
struct Statements(Vec<String>);

impl Listener for Statements {
    fn statement(&mut self, text: &[u8], _whole: bool) -> Result<bool, ScanError> {
        let text = String::from_utf8_lossy(text);
        self.0.push(text.trim_end_matches(';').to_owned());
        Ok(false)
    }
    fn comment(&mut self, _line: &[u8]) -> Result<(), ScanError> {
        Ok(())
    }
    fn meta(&mut self, _line: &[u8]) -> Result<(), ScanError> {
        Ok(())
    }
    fn block(&mut self, _rows: u64) -> Result<(), ScanError> {
        Ok(())
    }
}

/// Returns the statements that make the empty database again.
pub(super) fn creation(entry: &Entry) -> Result<Vec<String>, BackupError> {
    statements(entry, "create")
}

/// Returns the statements of the one artefact that has this role; none where the backup has no such artefact.
pub(super) fn statements(entry: &Entry, role: &str) -> Result<Vec<String>, BackupError> {
    let mut all = entry.manifest.artefacts.iter();
    let Some(artefact) = all.find(|one| one.role == role) else {
        return Ok(Vec::new());
    };
    let mut plain = Plain::open(&entry.folder, artefact)?;
    let mut text = Vec::new();
    plain
        .read_to_end(&mut text)
        .map_err(|error| BackupError::NotIntact(error.to_string()))?;
    plain.finish()?;
    let (mut lexer, mut statements) = (Lexer::new(false), Statements::default());
    lexer.feed(&text, &mut statements)?;
    Ok(statements.0)
}
