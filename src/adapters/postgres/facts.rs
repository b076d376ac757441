//! Who the server is, and for each effect what would be lost.
//! How far an effect reaches is worked out in `objects` (what a DROP takes) and `rows` (what TRUNCATE, DELETE and UPDATE take).

use std::collections::BTreeMap;

use super::Limits;
use super::objects;
use super::rows;
use super::session::{self, Row, Session, SessionError, literal};
use super::way::{Way, is_loopback};
use crate::adapters::docker::{self, Engine};
use crate::model::database::{DatabaseQuestion, Dependant, Identity, ObjectFact, Rows, SearchPath};
use crate::model::effect::{Effect, ObjectKind, Verb};
use crate::model::target::Route;

/// Tables that are listed when everything is meant; a database of more is described by its number.
const TABLE_LIST: usize = 20_000;
/// Schemas in which one name is looked at.
const SCHEMAS: usize = 64;

/// What a server says about itself and the open database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub identity: Identity,
    pub local: bool,
    /// `150018` for 15.18.
    pub version: u32,
    pub role: String,
    pub database: String,
    pub superuser: bool,
    /// The role may make databases that belong to whom this one belongs.
    pub makes_databases: bool,
    /// The session's own search path, under which names of the command are resolved.
    pub search_path: String,
    pub in_recovery: bool,
    /// The database's own encoding, as the server names it.
    pub encoding: String,
}

impl About {
    /// Returns the server's major version.
    pub const fn major(&self) -> u32 {
        self.version / 10_000
    }
}

/// Tells whether a dump of a database in this encoding can be written in UTF-8: of two the server knows no way there.
pub fn is_convertible(encoding: &str) -> bool {
    !matches!(encoding, "SQL_ASCII" | "MULE_INTERNAL")
}

const ABOUT: &str = "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()), \
 (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()), d.oid, d.datname, \
 pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num'), \
 pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.pg_is_in_recovery(), \
 current_user, pg_catalog.current_setting('search_path'), pg_catalog.current_setting('is_superuser'), \
 pg_catalog.host(pg_catalog.inet_client_addr()), pg_catalog.current_setting('server_encoding'), \
 (SELECT r.rolsuper OR r.rolcreatedb AND pg_catalog.pg_has_role(d.datdba, 'MEMBER') FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) \
 FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";

/// Asks who the server is, then pins the search path to the catalog.
///
/// # Errors
/// Fails when the server does not answer.
pub fn about(session: &mut dyn Session, way: &Way) -> Result<About, SessionError> {
    let mut sets = session.batch(&[ABOUT, "SET search_path = pg_catalog"])?;
    let row = sets.first_mut().and_then(Vec::pop);
    let row = row
        .as_ref()
        .ok_or_else(|| SessionError::Lost("the server does not know its database".to_owned()))?;
    let address = text(row, 6);
    let about = About {
        identity: Identity::Postgres {
            system_identifier: text(row, 0),
            timeline: number(row, 1),
            database_oid: number(row, 2),
            database: text(row, 3),
            server_version: text(row, 4),
        },
        local: is_local(way, &address, &text(row, 11)),
        version: number(row, 5),
        role: text(row, 8),
        database: text(row, 3),
        superuser: text(row, 10) == "on",
        search_path: text(row, 9),
        in_recovery: text(row, 7) == "t",
        encoding: text(row, 12),
        makes_databases: text(row, 13) == "t",
    };
    Ok(about)
}

/// Asks how large the open database is, in bytes; the server adds up the sizes of all its files.
///
/// # Errors
/// Fails when the server does not answer.
pub fn size(session: &mut dyn Session) -> Result<u64, SessionError> {
    let rows = session.rows("SELECT pg_catalog.pg_database_size(pg_catalog.current_database())")?;
    Ok(rows.first().map(|row| number(row, 0)).unwrap_or_default())
}

/// A loopback port may be forwarded: the server must say itself that it is here, or be a container of the local engine.
fn is_local(way: &Way, server: &str, client: &str) -> bool {
    if !way.looks_local() {
        return false;
    }
    // On a socket the server names no address. One connection within one host has the same address at both ends.
    let here = server.is_empty() || is_loopback(server) || server == client;
    match &way.route {
        Route::Container { engine, .. } => {
            here || owns(&docker::place(engine), |engine| {
                matches!(&way.route, Route::Container { name, .. }
                    if engine.inspect(name).is_ok_and(|one| one.addresses.iter().any(|own| own == server)))
            })
        }
        Route::Direct | Route::As { .. } => {
            let port = way.port.unwrap_or(5432);
            here || owns(&docker::place(""), |engine| {
                engine.publisher(port).is_ok_and(|found| {
                    found.is_some_and(|one| one.addresses.iter().any(|own| own == server))
                })
            })
        }
    }
}

fn owns(place: &str, test: impl Fn(&Engine) -> bool) -> bool {
    Engine::connect(place).is_ok_and(|engine| test(&engine))
}

/// Returns a column as text; empty for NULL.
pub(super) fn text(row: &Row, at: usize) -> String {
    row.get(at).cloned().flatten().unwrap_or_default()
}

/// Returns a column as a number; 0 when it is none.
pub(super) fn number<T: std::str::FromStr + Default>(row: &Row, at: usize) -> T {
    text(row, at).parse().unwrap_or_default()
}

/// Answers every effect, in the order of the question.
pub(super) fn objects(
    session: &mut dyn Session,
    way: &Way,
    about: &About,
    question: &DatabaseQuestion,
    limits: &Limits,
) -> Result<Vec<ObjectFact>, SessionError> {
    let effects = &question.effects;
    let mut ask = Ask {
        session,
        way,
        about,
        limits,
        effects,
        names: BTreeMap::new(),
    };
    let anywhere = question.path == SearchPath::Anywhere;
    effects
        .iter()
        .map(|effect| {
            let mut fact = match anywhere {
                true => ask.anywhere(effect),
                false => ask.one(effect),
            }?;
            if fact.exists && !about.makes_databases && !takes_rows_alone(effect.verb) {
                fact.notes.push(format!(
                    "role `{0}` may not make the database that `backstop undo` loads the backup into: a superuser has to run `ALTER ROLE {1} CREATEDB` before an undo, \
                     or to restore by hand",
                    about.role,
                    session::identifier(&about.role)
                ));
            }
            Ok(fact)
        })
        .collect()
}

/// Tells whether only rows go, which come back without a database of their own.
const fn takes_rows_alone(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::Truncate | Verb::Delete | Verb::Update | Verb::Replace
    )
}

/// The open session with everything that answering needs.
pub(super) struct Ask<'a> {
    pub session: &'a mut dyn Session,
    pub way: &'a Way,
    pub about: &'a About,
    pub limits: &'a Limits,
    pub effects: &'a [Effect],
    names: BTreeMap<String, Option<u32>>,
}

impl Ask<'_> {
    /// Answers for everything that has the name of a relation, in whatever schema.
    fn anywhere(&mut self, effect: &Effect) -> Result<ObjectFact, SessionError> {
        let bare = effect.object.as_ref().filter(|name| !name.contains('.'));
        let Some(name) = bare.filter(|_| !effect.opaque) else {
            return self.one(effect);
        };
        let rows = self.session.rows(&format!(
            "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname IN ({}, {}) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_' \
             AND n.nspname <> 'information_schema' ORDER BY n.nspname <> 'public', 1 LIMIT {SCHEMAS}",
            literal(name),
            literal(&name.to_lowercase())
        ))?;
        let mut found: Vec<ObjectFact> = Vec::new();
        for row in &rows {
            let one = Effect {
                object: Some(text(row, 0)),
                ..effect.clone()
            };
            found.push(self.one(&one)?);
        }
        let mut found = found.into_iter().filter(|one| one.exists);
        let Some(mut all) = found.next() else {
            return self.one(effect);
        };
        let mut names = vec![format!("`{}`", all.name)];
        for one in found {
            names.push(format!("`{}`", one.name));
            all.rows = match (all.rows, one.rows) {
                (Rows::Exactly(first), Rows::Exactly(second)) => Rows::Exactly(first + second),
                _ => Rows::Unknown,
            };
            all.bytes += one.bytes;
            all.dependants.extend(one.dependants);
            all.tables.extend(one.tables);
            all.notes.extend(one.notes);
        }
        if names.len() > 1 {
            all.notes.insert(
                0,
                format!(
                    "the call changes where names are looked up: any of {} may be meant",
                    names.join(", ")
                ),
            );
        }
        Ok(all)
    }

    fn one(&mut self, effect: &Effect) -> Result<ObjectFact, SessionError> {
        let asked = effect.object.clone().unwrap_or_default();
        let answer = match (effect.verb, effect.kind) {
            _ if effect.object.is_none() || effect.opaque => self.everything(&asked),
            (Verb::Opaque | Verb::Program | Verb::Server | Verb::Revoke, _)
            | (_, ObjectKind::Everything) => self.everything(&asked),
            (Verb::Drop, ObjectKind::Database) => self.database(&asked),
            (Verb::Drop | Verb::CreateOver, _) => objects::dropped(self, effect),
            (Verb::AlterDrop, ObjectKind::Column) => objects::column(self, effect),
            (Verb::AlterDrop | Verb::Detach, _) => objects::altered(self, effect),
            (Verb::Truncate, _) => rows::truncated(self, effect),
            (Verb::Delete | Verb::Update | Verb::Replace, _) => rows::changed(self, effect),
            (Verb::AlterRewrite | Verb::Rewrite, _) => rows::rewritten(self, effect),
        };
        match answer {
            // One object that may not be looked at does not make the others unknown, but it is never absent.
            Err(SessionError::Refused { message, .. }) => Ok(ObjectFact {
                name: asked,
                exists: true,
                rows: Rows::Unknown,
                bytes: 0,
                dependants: Vec::new(),
                tables: Vec::new(),
                notes: vec![format!("the server did not answer: {message}")],
            }),
            other => other,
        }
    }

    /// Returns the oid of a relation as the command itself would find it; nothing when there is none.
    pub(super) fn relation(&mut self, name: &str) -> Result<Option<u32>, SessionError> {
        if let Some(known) = self.names.get(name) {
            return Ok(*known);
        }
        let mut found = None;
        for reading in readings(name, &self.about.database) {
            let query = format!("SELECT pg_catalog.to_regclass({})::oid", literal(&reading));
            found = self.under_own_path(&query)?.first().and_then(oid);
            if found.is_some() {
                break;
            }
        }
        self.names.insert(name.to_owned(), found);
        Ok(found)
    }

    /// Asks the catalog by its indexes: a fresh server process reads a few of its pages instead of all of them.
    pub(super) fn by_index(&mut self, query: &str) -> Result<Vec<Row>, SessionError> {
        self.session.rows_between(
            "SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false)",
            query,
            "RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin",
        )
    }

    /// Asks under the search path that the command itself would have.
    pub(super) fn under_own_path(&mut self, query: &str) -> Result<Vec<Row>, SessionError> {
        let path = format!(
            "SELECT pg_catalog.set_config('search_path', {}, false)",
            literal(&self.about.search_path)
        );
        self.session
            .rows_between(&path, query, "SET search_path = pg_catalog")
    }

    fn database(&mut self, name: &str) -> Result<ObjectFact, SessionError> {
        if name == self.about.database || name.to_lowercase() == self.about.database {
            return self.everything(name);
        }
        let query = format!(
            "SELECT d.datname, pg_database_size(d.oid) FROM pg_database d WHERE d.datname IN ({}, {}) ORDER BY d.datname = {} DESC LIMIT 1",
            literal(name),
            literal(&name.to_lowercase()),
            literal(name)
        );
        let rows = self.session.rows(&query)?;
        let Some(row) = rows.first() else {
            return Ok(absent(name));
        };
        let real = text(row, 0);
        let way = self.way.to_database(&real);
        let inside = super::connect(&way, self.limits).and_then(|mut session| {
            let about = about(session.as_mut(), &way)?;
            let mut ask = Ask {
                session: session.as_mut(),
                way: &way,
                about: &about,
                limits: self.limits,
                effects: &[],
                names: BTreeMap::new(),
            };
            ask.everything(&real)
        });
        Ok(inside.unwrap_or_else(|error| ObjectFact {
            exists: true,
            rows: Rows::Unknown,
            bytes: number(row, 1),
            notes: vec![format!("its inside was not looked at: {error}")],
            ..absent(&real)
        }))
    }

    /// Describes the whole open database.
    pub(super) fn everything(&mut self, name: &str) -> Result<ObjectFact, SessionError> {
        let query = format!(
            "SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relkind, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid) \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
             ORDER BY 5 DESC, 2 LIMIT {TABLE_LIST}"
        );
        let listed = self.session.rows(&query)?;
        let tables: Vec<Table> = listed.iter().map(Table::read).collect();
        let rows = self.count(&tables)?;
        let others = self.session.rows(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'S', 'f', 'p') \
             AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
             UNION ALL SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT LIKE 'pg\\_%' \
             AND n.nspname <> 'information_schema' UNION ALL SELECT count(*) FROM pg_largeobject_metadata",
        )?;
        let other: u64 = others.iter().map(|row| number::<u64>(row, 0)).sum();
        // Views, functions and large objects are something to lose even where no table has rows.
        let rows = if rows.is_proven_empty() && (other > 0 || !tables.is_empty()) {
            Rows::Unknown
        } else {
            rows
        };
        Ok(ObjectFact {
            name: if name.is_empty() {
                self.about.database.clone()
            } else {
                name.to_owned()
            },
            exists: true,
            rows,
            bytes: size(self.session)?,
            dependants: Vec::new(),
            tables: tables
                .into_iter()
                .filter(|table| table.kind == "r")
                .map(|table| table.name)
                .collect(),
            notes: vec![format!(
                "{other} views, sequences, functions and large objects besides the tables"
            )],
        })
    }

    /// Counts the rows of these tables themselves (no heirs), exactly up to the limit.
    pub(super) fn count(&mut self, tables: &[Table]) -> Result<Rows, SessionError> {
        let rows = match self.counting(tables) {
            Some(query) => self.session.rows(&query).map(Some),
            None => Ok(None),
        };
        self.counted(tables, rows)
    }

    /// The question behind `count`; nothing where no table holds rows of its own.
    pub(super) fn counting(&self, tables: &[Table]) -> Option<String> {
        let limit = self.limits.rows;
        // One question for all: a round trip costs more than most counts.
        let parts: Vec<String> = tables
            .iter()
            .take(self.limits.tables)
            .filter(|table| table.holds_rows())
            .map(|table| {
                format!(
                    "SELECT (SELECT count(*) FROM (SELECT 1 FROM ONLY {} LIMIT {}) s)",
                    table.name,
                    limit + 1
                )
            })
            .collect();
        (!parts.is_empty()).then(|| parts.join("\nUNION ALL "))
    }

    /// Reads the answer to `counting`.
    pub(super) fn counted(
        &self,
        tables: &[Table],
        answer: Result<Option<Vec<Row>>, SessionError>,
    ) -> Result<Rows, SessionError> {
        let mut total = 0_u64;
        let mut exact = true;
        let (counted, rest) = tables.split_at(tables.len().min(self.limits.tables));
        let limit = self.limits.rows;
        match answer {
            Ok(rows) => {
                for row in rows.iter().flatten() {
                    let count: u64 = number(row, 0);
                    exact &= count <= limit;
                    total += count.min(limit + 1);
                }
            }
            // Not allowed to read, or too slow: how many is not known.
            Err(SessionError::Refused { .. }) => return Ok(Rows::Unknown),
            Err(error) => return Err(error),
        }
        let about: u64 = rest.iter().map(|table| table.estimate).sum();
        Ok(if !rest.is_empty() {
            Rows::About(total + about)
        } else if exact {
            Rows::Exactly(total)
        } else {
            let estimate: u64 = counted.iter().map(|table| table.estimate).sum();
            if estimate > total {
                Rows::About(estimate)
            } else {
                Rows::MoreThan(total.saturating_sub(1))
            }
        })
    }

    /// Notes triggers and rules on these tables: they can do anything.
    pub(super) fn triggers(&mut self, tables: &[Table]) -> Result<Vec<String>, SessionError> {
        if tables.is_empty() {
            return Ok(Vec::new());
        }
        let list = oids(tables);
        let rows = self.session.rows(&format!(
            "SELECT 'trigger', t.tgname, t.tgrelid::regclass FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgrelid IN ({list}) \
             UNION ALL SELECT 'rule', r.rulename, r.ev_class::regclass FROM pg_rewrite r WHERE r.ev_type IN ('2', '4') AND r.ev_class IN ({list}) LIMIT 20"
        ))?;
        Ok(rows
            .iter()
            .map(|row| {
                format!(
                    "{} `{}` on `{}` may do more",
                    text(row, 0),
                    text(row, 1),
                    text(row, 2)
                )
            })
            .collect())
    }
}

/// A relation as the closures list it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub oid: u32,
    /// Quoted where needed, with its schema.
    pub name: String,
    pub kind: String,
    pub estimate: u64,
    pub bytes: u64,
}

impl Table {
    /// Reads oid, name, relkind, estimate and bytes, in this order.
    pub(super) fn read(row: &Row) -> Self {
        Self {
            oid: number(row, 0),
            name: text(row, 1),
            kind: text(row, 2),
            estimate: number(row, 3),
            bytes: number(row, 4),
        }
    }

    pub(super) fn holds_rows(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "m")
    }
}

pub(super) fn oids(tables: &[Table]) -> String {
    tables
        .iter()
        .map(|table| table.oid.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

fn oid(row: &Row) -> Option<u32> {
    row.first()?.as_ref()?.parse().ok()
}

/// The fact of an object that is proven not to be there.
pub(super) fn absent(name: &str) -> ObjectFact {
    ObjectFact {
        name: name.to_owned(),
        exists: false,
        rows: Rows::Exactly(0),
        bytes: 0,
        dependants: Vec::<Dependant>::new(),
        tables: Vec::new(),
        notes: Vec::new(),
    }
}

/// How a dotted name may be meant, quotes being undone: its parts as they stand, the dots as part of a name, bare words folded.
pub(super) fn readings(name: &str, database: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |parts: &[&str]| {
        let quoted = parts
            .iter()
            .map(|part| super::session::identifier(part))
            .collect::<Vec<_>>()
            .join(".");
        if !all.contains(&quoted) {
            all.push(quoted);
        }
    };
    let folded = name.to_lowercase();
    for text in [name, folded.as_str()] {
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            [own, rest @ ..] if rest.len() == 2 && own.eq_ignore_ascii_case(database) => add(rest),
            _ if parts.len() <= 2 => add(&parts),
            _ => {}
        }
        if parts.len() > 1 {
            add(&[text]);
            for at in 1..parts.len().min(8) {
                let (schema, table) = parts.split_at(at);
                add(&[&schema.join("."), &table.join(".")]);
            }
        }
    }
    all.retain(|reading| !reading.contains('\0'));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_tried_as_it_stands_before_it_is_folded() {
        assert_eq!(readings("Users", "shop"), [r#""Users""#, r#""users""#]);
        assert_eq!(
            readings("public.users", "shop"),
            [r#""public"."users""#, r#""public.users""#]
        );
        assert_eq!(
            readings("shop.public.users", "shop")
                .first()
                .map(String::as_str),
            Some(r#""public"."users""#)
        );
    }
}
