//! One connection that holds a snapshot open while it is dumped, and says what the dumped state holds.
//! It writes nothing, neither to the server nor to disk.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::scan::Name;
use crate::adapters::postgres::session::{self, Patience, Row, Session, SessionError};
use crate::adapters::postgres::way::Way;
use crate::adapters::postgres::{About, about, size};
use crate::backup::control::Control;
use crate::backup::error::BackupError;
use crate::model::backup::Content;

/// Tables that one question counts.
const COUNT_AT_ONCE: usize = 100;
/// Relations of one database that are taken.
const RELATIONS: usize = 500_000;

/// A relation of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub oid: u32,
    pub name: Name,
    /// As the server quotes it.
    pub full: String,
    pub kind: char,
    pub bytes: u64,
    /// A materialized view that has been filled.
    pub populated: bool,
    /// Belongs to an extension, which makes it again.
    pub extension: bool,
    /// Of an extension, but its rows are dumped.
    pub configuration: bool,
    /// A policy hides rows of it from this role.
    pub hidden: bool,
    /// The table whose identity column this sequence serves.
    pub identity_of: Option<u32>,
}

/// An open snapshot.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub session: Box<dyn Session>,
    pub id: String,
    pub about: About,
    /// Of the whole database.
    pub bytes: u64,
    /// Position in the write-ahead log, and which transactions are seen.
    pub position: String,
    pub at: String,
    pub relations: Vec<Relation>,
    pub given: Vec<Content>,
    pub large_objects: u64,
    /// Statements that make the empty database again.
    pub create: Vec<String>,
}

/// Turns a session's error into this room's.
pub(super) fn fault(error: SessionError) -> BackupError {
    match error {
        SessionError::Unreachable(_) | SessionError::Denied { .. } if wants_password(&error) => {
            BackupError::Password(error.to_string())
        }
        SessionError::Unreachable(_)
        | SessionError::Denied { .. }
        | SessionError::NoTool { .. } => BackupError::Unreachable(error.to_string()),
        SessionError::Late => BackupError::Source("the server did not answer in time".to_owned()),
        SessionError::Refused { .. } | SessionError::Lost(_) => {
            BackupError::Source(error.to_string())
        }
    }
}

/// The server and the client library have words of their own for it; a socket that trusts nobody has others.
fn wants_password(error: &SessionError) -> bool {
    match error {
        SessionError::Denied { code, message } => {
            code == "28P01" || (code.is_empty() && message.contains("password"))
        }
        other => {
            let text = other.to_string();
            text.contains("password authentication failed")
                || text.contains("no password supplied")
                || text.contains("password missing")
        }
    }
}

pub(super) fn patience(control: &Control) -> Patience {
    let left = control.left();
    Patience {
        connect: Duration::from_secs(5).min(left),
        statement: left,
        until: Instant::now() + left,
    }
}

pub(super) fn text(row: &Row, at: usize) -> String {
    row.get(at).cloned().flatten().unwrap_or_default()
}

pub(super) fn number<T: std::str::FromStr + Default>(row: &Row, at: usize) -> T {
    text(row, at).parse().unwrap_or_default()
}

impl Snapshot {
    /// Opens a snapshot and asks what it holds (not yet how many rows).
    pub(super) fn open(way: &Way, control: &Control) -> Result<Self, BackupError> {
        let mut session = session::open(way, patience(control)).map_err(fault)?;
        let at = jiff::Timestamp::now().to_string();
        session
            .run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .map_err(fault)?;
        session
            .run("SET LOCAL lock_timeout = 5000")
            .map_err(fault)?;
        let about = about(session.as_mut(), way).map_err(fault)?;
        let bytes = size(session.as_mut()).map_err(fault)?;
        let first = |session: &mut dyn Session, query: &str| {
            let rows = session.rows(query).map_err(fault)?;
            Ok::<_, BackupError>(rows.first().map(|row| text(row, 0)).unwrap_or_default())
        };
        let id = first(session.as_mut(), "SELECT pg_catalog.pg_export_snapshot()")?;
        let position = first(
            session.as_mut(),
            if about.in_recovery {
                "SELECT pg_catalog.pg_last_wal_replay_lsn() || ' ' || pg_catalog.txid_current_snapshot()"
            } else {
                "SELECT pg_catalog.pg_current_wal_lsn() || ' ' || pg_catalog.txid_current_snapshot()"
            },
        )?;
        let large_objects = first(
            session.as_mut(),
            "SELECT count(*) FROM pg_largeobject_metadata",
        )?
        .parse()
        .unwrap_or_default();
        let relations = relations(session.as_mut())?;
        let given = given(session.as_mut())?;
        let create = create(session.as_mut())?;
        Ok(Self {
            session,
            id,
            about,
            bytes,
            position,
            at,
            relations,
            given,
            large_objects,
            create,
        })
    }

    /// Returns the tables whose rows a dump of everything holds.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Relation> {
        self.relations
            .iter()
            .filter(|one| one.kind == 'r' && !one.extension)
    }

    /// Counts the rows of these tables in the snapshot.
    pub(super) fn count(
        &mut self,
        tables: &[Relation],
    ) -> Result<BTreeMap<Name, u64>, BackupError> {
        count(self.session.as_mut(), tables)
    }
}

/// Counts the rows of these tables themselves.
pub(super) fn count(
    session: &mut dyn Session,
    tables: &[Relation],
) -> Result<BTreeMap<Name, u64>, BackupError> {
    let mut all = BTreeMap::new();
    for some in tables.chunks(COUNT_AT_ONCE) {
        let query = some
            .iter()
            .enumerate()
            .map(|(at, table)| format!("SELECT {at}, (SELECT count(*) FROM ONLY {})", table.full))
            .collect::<Vec<_>>()
            .join("\nUNION ALL ");
        for row in session.rows(&query).map_err(fault)? {
            if let Some(table) = some.get(number::<usize>(&row, 0)) {
                all.insert(table.name.clone(), number(&row, 1));
            }
        }
    }
    Ok(all)
}

/// Lists the relations that a dump covers.
pub(super) fn relations(session: &mut dyn Session) -> Result<Vec<Relation>, BackupError> {
    let rows = session
        .rows(&format!(
            "SELECT c.oid, n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), c.relkind, pg_total_relation_size(c.oid), \
             EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'), \
             EXISTS (SELECT 1 FROM pg_extension e WHERE c.oid = ANY (e.extconfig)), c.relrowsecurity AND row_security_active(c.oid), \
             (SELECT d.refobjid FROM pg_depend d WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i' LIMIT 1), c.relispopulated \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') \
             AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 2, 3 LIMIT {RELATIONS}"
        ))
        .map_err(fault)?;
    if rows.len() >= RELATIONS {
        return Err(BackupError::Limit(format!(
            "the database has more than {RELATIONS} relations"
        )));
    }
    Ok(rows
        .iter()
        .map(|row| Relation {
            oid: number(row, 0),
            name: (text(row, 1), text(row, 2)),
            full: text(row, 3),
            kind: text(row, 4).chars().next().unwrap_or('?'),
            bytes: number(row, 5),
            extension: text(row, 6) == "t",
            configuration: text(row, 7) == "t",
            hidden: text(row, 8) == "t",
            identity_of: row
                .get(9)
                .cloned()
                .flatten()
                .and_then(|oid| oid.parse().ok()),
            populated: text(row, 10) == "t",
        })
        .collect())
}

/// Lists what a dump does not announce because every database has it: `public`, and extensions that come with the server.
fn given(session: &mut dyn Session) -> Result<Vec<Content>, BackupError> {
    let rows = session
        .rows(
            "SELECT 'schema', quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \
             UNION ALL SELECT 'extension', quote_ident(extname) FROM pg_extension WHERE oid < 16384",
        )
        .map_err(fault)?;
    Ok(rows
        .iter()
        .map(|row| Content {
            kind: text(row, 0),
            name: text(row, 1),
            count: None,
        })
        .collect())
}

/// Statements for what a dump of one database leaves out: the database itself, its owner, settings, comment and grants.
pub(super) fn create(session: &mut dyn Session) -> Result<Vec<String>, BackupError> {
    let rows = session
        .rows(
            "SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L OWNER %I', d.datname, \
             pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, pg_get_userbyid(d.datdba)) \
             FROM pg_database d WHERE d.datname = current_database() \
             UNION ALL SELECT format('COMMENT ON DATABASE %I IS %L', d.datname, shobj_description(d.oid, 'pg_database')) FROM pg_database d \
             WHERE d.datname = current_database() AND shobj_description(d.oid, 'pg_database') IS NOT NULL \
             UNION ALL SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', d.datname, d.datconnlimit) FROM pg_database d \
             WHERE d.datname = current_database() AND d.datconnlimit <> -1 \
             UNION ALL SELECT format('ALTER DATABASE %I IS_TEMPLATE true', d.datname) FROM pg_database d WHERE d.datname = current_database() AND d.datistemplate \
             UNION ALL SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', d.datname) FROM pg_database d \
             WHERE d.datname = current_database() AND d.datacl IS NOT NULL \
             UNION ALL SELECT format(CASE WHEN a.grantee = 0 THEN 'GRANT %s ON DATABASE %I TO PUBLIC' ELSE 'GRANT %s ON DATABASE %I TO %I' END \
             || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, a.privilege_type, d.datname, CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END) \
             FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database() AND a.grantee <> d.datdba \
             UNION ALL SELECT format('ALTER DATABASE %I SET %I = %L', current_database(), split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)) \
             FROM pg_db_role_setting r, unnest(r.setconfig) s WHERE r.setrole = 0 AND r.setdatabase = \
             (SELECT oid FROM pg_database WHERE datname = current_database()) AND split_part(s, '=', 1) NOT LIKE '%search_path%' \
             UNION ALL SELECT format('ALTER DATABASE %I SET %I = %s', current_database(), split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)) \
             FROM pg_db_role_setting r, unnest(r.setconfig) s WHERE r.setrole = 0 AND r.setdatabase = \
             (SELECT oid FROM pg_database WHERE datname = current_database()) AND split_part(s, '=', 1) LIKE '%search_path%' \
             UNION ALL SELECT format(CASE WHEN split_part(s, '=', 1) LIKE '%search_path%' THEN 'ALTER ROLE %I IN DATABASE %I SET %I = %s' \
             ELSE 'ALTER ROLE %I IN DATABASE %I SET %I = %L' END, pg_get_userbyid(r.setrole), current_database(), split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)) \
             FROM pg_db_role_setting r, unnest(r.setconfig) s WHERE r.setrole <> 0 AND r.setdatabase = \
             (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .map_err(fault)?;
    Ok(rows.iter().map(|row| text(row, 0)).collect())
}
