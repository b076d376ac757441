//! How far a loss went: from what the call named, along the dependencies that the backup's catalog knows.
//! It asks the scratch database alone; what of it is still there is the business of others.

use std::collections::BTreeSet;

use super::entries::Entry;
use super::missing::Missing;
use super::snapshot::{Relation, fault, number, text};
use crate::adapters::postgres::session::{Session, literal};
use crate::backup::error::BackupError;
use crate::model::backup::Definition;
use crate::plan::coverage::last_part;

/// Catalogs of what has a name of its own, and the column of the name.
const CATALOGS: [(&str, &str); 19] = [
    ("pg_class", "relname"),
    ("pg_type", "typname"),
    ("pg_proc", "proname"),
    ("pg_namespace", "nspname"),
    ("pg_extension", "extname"),
    ("pg_constraint", "conname"),
    ("pg_trigger", "tgname"),
    ("pg_rewrite", "rulename"),
    ("pg_policy", "polname"),
    ("pg_statistic_ext", "stxname"),
    ("pg_publication", "pubname"),
    ("pg_operator", "oprname"),
    ("pg_opclass", "opcname"),
    ("pg_opfamily", "opfname"),
    ("pg_collation", "collname"),
    ("pg_ts_config", "cfgname"),
    ("pg_foreign_server", "srvname"),
    ("pg_foreign_data_wrapper", "fdwname"),
    ("pg_event_trigger", "evtname"),
];

/// What was met on the way.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Everything is meant.
    all: bool,
    /// Schema (empty where there is none) and name, as a dump announces it.
    tokens: BTreeSet<(String, String)>,
    pub relations: BTreeSet<u32>,
    /// Columns that depend on something that was named.
    columns: BTreeSet<(u32, i32)>,
    /// Named definitions that the backup does not know by name.
    pub unknown: Vec<Definition>,
}

impl Reached {
    pub fn relation(&self, oid: u32) -> bool {
        self.all || self.relations.contains(&oid)
    }

    pub fn column(&self, table: u32, number: i32) -> bool {
        self.all || self.columns.contains(&(table, number))
    }

    pub fn has_column_of(&self, table: u32) -> bool {
        self.columns
            .range((table, 0)..=(table, i32::MAX))
            .next()
            .is_some()
    }

    /// Tells whether an entry of a dump is among what was met, or says something about it.
    pub fn concerns(&self, entry: &Entry) -> bool {
        if self.all {
            return true;
        }
        let has = |name: &str| {
            let name = name.to_owned();
            self.tokens.contains(&(entry.schema.clone(), name.clone()))
                || self.tokens.contains(&(String::new(), name))
        };
        let bare = |name: &str| {
            name.split_once('(')
                .map_or(name, |(bare, _)| bare)
                .to_owned()
        };
        if has(&entry.name) || has(&bare(&entry.name)) {
            return true;
        }
        if !matches!(entry.kind.as_str(), "ACL" | "COMMENT" | "SECURITY LABEL") {
            return false;
        }
        // `TABLE users`, `COLUMN users.name`, `TRIGGER noted ON users`, `MATERIALIZED VIEW sums`.
        let mut rest = entry.name.as_str();
        for _ in 0..3 {
            let Some((_, after)) = rest.split_once(' ') else {
                break;
            };
            rest = after;
            let of_column = rest.rsplit_once('.').map_or(rest, |(table, _)| table);
            let turned = rest
                .rsplit_once(" ON ")
                .map(|(name, table)| format!("{} {}", unquoted(table), unquoted(name)));
            if has(&unquoted(rest))
                || has(&bare(&unquoted(rest)))
                || entry.name.starts_with("COLUMN ") && has(&unquoted(of_column))
                || turned.is_some_and(|name| has(&name))
            {
                return true;
            }
        }
        false
    }
}

pub(super) fn unquoted(name: &str) -> String {
    let inner = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| name.to_owned(), |inner| inner.replace("\"\"", "\""))
}

/// Follows what the call named to what went with it, and to what that needs.
pub(super) fn reached(
    job: &Missing<'_>,
    session: &mut dyn Session,
    had: &[Relation],
) -> Result<Reached, BackupError> {
    if job.wanted.is_empty() && job.names.is_empty() && job.definitions.is_empty() {
        return Ok(Reached {
            all: true,
            ..Reached::default()
        });
    }
    let mut reached = Reached::default();
    let mut roots: Vec<String> = had
        .iter()
        .filter(|one| job.wanted.contains(&one.name))
        .map(|one| format!("('pg_class'::regclass::oid, {}::oid)", one.oid))
        .collect();
    for name in &job.names {
        roots.extend(named(session, name)?);
    }
    for one in job.definitions {
        let found = named(session, &last_part(&one.name))?;
        if found.is_empty() {
            reached.unknown.push(one.clone());
        }
        roots.extend(found);
    }
    roots.sort();
    roots.dedup();
    if !roots.is_empty() {
        walk(session, &roots, &mut reached)?;
    }
    Ok(reached)
}

/// Finds what has a name, in whatever schema and catalog.
fn named(session: &mut dyn Session, name: &str) -> Result<Vec<String>, BackupError> {
    let either = format!("IN ({}, {})", literal(name), literal(&name.to_lowercase()));
    let parts = CATALOGS.iter().map(|(class, column)| {
        let own = match *class {
            "pg_namespace" => "nspname !~ '^pg_'",
            // Extensions that come with the server lie below.
            "pg_extension" => "true",
            _ => "oid >= 16384",
        };
        format!("SELECT '{class}', oid FROM {class} WHERE {column} {either} AND {own}")
    });
    let rows = session
        .rows(&parts.collect::<Vec<_>>().join(" UNION ALL "))
        .map_err(fault)?;
    Ok(rows
        .iter()
        .map(|row| format!("('{}'::regclass::oid, {}::oid)", text(row, 0), text(row, 1)))
        .collect())
}

/// Down to what depends on the roots, then up to the types, functions and schemas that those need.
fn walk(
    session: &mut dyn Session,
    roots: &[String],
    reached: &mut Reached,
) -> Result<(), BackupError> {
    let rows = session
        .rows(&format!(
            "WITH RECURSIVE walk(classid,objid,objsubid) AS (SELECT v.*, 0 FROM (VALUES {}) v(c,o) UNION (WITH w AS (SELECT * FROM walk) \
             SELECT d.classid, d.objid, d.objsubid FROM w JOIN pg_depend d ON d.refclassid=w.classid AND d.refobjid=w.objid \
             AND (w.objsubid = 0 OR d.refobjsubid IN (0, w.objsubid)) WHERE d.deptype IN ('n','a','i','P','S','x','e') \
             UNION ALL SELECT d.refclassid, d.refobjid, d.refobjsubid FROM w JOIN pg_depend d ON d.classid=w.classid AND d.objid=w.objid WHERE d.deptype='i' AND w.objsubid = 0 \
             UNION ALL SELECT d.refclassid, d.refobjid, 0 FROM w JOIN pg_depend d ON d.classid=w.classid AND d.objid=w.objid \
             JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' WHERE d.refclassid='pg_class'::regclass)), \
             up(classid,objid) AS (SELECT classid, objid FROM walk UNION SELECT d.refclassid, d.refobjid FROM up JOIN pg_depend d ON d.classid=up.classid AND d.objid=up.objid \
             WHERE d.refclassid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_namespace'::regclass, 'pg_extension'::regclass, 'pg_collation'::regclass)), \
             m AS (SELECT classid, objid, objsubid AS sub FROM walk UNION SELECT classid, objid, 0 FROM up) \
             SELECT c.oid, m.sub, n.nspname, c.relname FROM m JOIN pg_class c ON m.classid='pg_class'::regclass AND c.oid=m.objid JOIN pg_namespace n ON n.oid=c.relnamespace \
             UNION ALL SELECT 0, 0, coalesce(n.nspname, ''), coalesce(c.relname || ' ', '') || k.conname FROM m JOIN pg_constraint k ON m.classid='pg_constraint'::regclass AND k.oid=m.objid \
             LEFT JOIN pg_class c ON c.oid=k.conrelid LEFT JOIN pg_namespace n ON n.oid=k.connamespace \
             UNION ALL SELECT 0, 0, n.nspname, c.relname || ' ' || t.tgname FROM m JOIN pg_trigger t ON m.classid='pg_trigger'::regclass AND t.oid=m.objid \
             JOIN pg_class c ON c.oid=t.tgrelid JOIN pg_namespace n ON n.oid=c.relnamespace \
             UNION ALL SELECT 0, 0, n.nspname, c.relname || ' ' || t.rulename FROM m JOIN pg_rewrite t ON m.classid='pg_rewrite'::regclass AND t.oid=m.objid \
             JOIN pg_class c ON c.oid=t.ev_class JOIN pg_namespace n ON n.oid=c.relnamespace \
             UNION ALL SELECT 0, 0, n.nspname, c.relname || ' ' || t.polname FROM m JOIN pg_policy t ON m.classid='pg_policy'::regclass AND t.oid=m.objid \
             JOIN pg_class c ON c.oid=t.polrelid JOIN pg_namespace n ON n.oid=c.relnamespace \
             UNION ALL SELECT 0, 0, n.nspname, c.relname || ' ' || a.attname FROM m JOIN pg_attrdef t ON m.classid='pg_attrdef'::regclass AND t.oid=m.objid \
             JOIN pg_class c ON c.oid=t.adrelid JOIN pg_namespace n ON n.oid=c.relnamespace JOIN pg_attribute a ON a.attrelid=t.adrelid AND a.attnum=t.adnum \
             UNION ALL SELECT 0, 0, n.nspname, p.pubname || ' ' || c.relname FROM m JOIN pg_publication_rel t ON m.classid='pg_publication_rel'::regclass AND t.oid=m.objid \
             JOIN pg_publication p ON p.oid=t.prpubid JOIN pg_class c ON c.oid=t.prrelid JOIN pg_namespace n ON n.oid=c.relnamespace \
             UNION ALL SELECT 0, 0, n.nspname, p.proname FROM m JOIN pg_proc p ON m.classid='pg_proc'::regclass AND p.oid=m.objid JOIN pg_namespace n ON n.oid=p.pronamespace \
             UNION ALL SELECT 0, 0, n.nspname, t.typname FROM m JOIN pg_type t ON m.classid='pg_type'::regclass AND t.oid=m.objid JOIN pg_namespace n ON n.oid=t.typnamespace \
             UNION ALL SELECT 0, 0, n.nspname, o.oprname FROM m JOIN pg_operator o ON m.classid='pg_operator'::regclass AND o.oid=m.objid JOIN pg_namespace n ON n.oid=o.oprnamespace \
             UNION ALL SELECT 0, 0, n.nspname, o.opcname FROM m JOIN pg_opclass o ON m.classid='pg_opclass'::regclass AND o.oid=m.objid JOIN pg_namespace n ON n.oid=o.opcnamespace \
             UNION ALL SELECT 0, 0, n.nspname, o.opfname FROM m JOIN pg_opfamily o ON m.classid='pg_opfamily'::regclass AND o.oid=m.objid JOIN pg_namespace n ON n.oid=o.opfnamespace \
             UNION ALL SELECT 0, 0, '', format('CAST (%s AS %s)', format_type(k.castsource, NULL), format_type(k.casttarget, NULL)) FROM m JOIN pg_cast k ON m.classid='pg_cast'::regclass AND k.oid=m.objid \
             UNION ALL SELECT 0, 0, coalesce(n.nspname, ''), 'DEFAULT PRIVILEGES FOR ' || CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' \
             WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END FROM m JOIN pg_default_acl d ON m.classid='pg_default_acl'::regclass AND d.oid=m.objid LEFT JOIN pg_namespace n ON n.oid=d.defaclnamespace \
             UNION ALL SELECT 0, 0, '', 'USER MAPPING ' || u.usename || ' SERVER ' || u.srvname FROM m JOIN pg_user_mappings u ON m.classid='pg_user_mapping'::regclass AND u.umid=m.objid \
             UNION ALL SELECT 0, 0, coalesce(i.schema, ''), coalesce(i.name, i.identity) FROM m CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) i \
             WHERE m.classid NOT IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_policy'::regclass, \
             'pg_attrdef'::regclass, 'pg_publication_rel'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)",
            roots.join(", ")
        ))
        .map_err(fault)?;
    for row in &rows {
        let (oid, part): (u32, i32) = (number(row, 0), number(row, 1));
        if part != 0 {
            reached.columns.insert((oid, part));
            continue;
        }
        if oid != 0 {
            reached.relations.insert(oid);
        }
        // The catalog's own quotes, where it has put them.
        reached
            .tokens
            .insert((unquoted(&text(row, 2)), unquoted(&text(row, 3))));
    }
    Ok(())
}
