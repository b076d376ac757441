//! Types that are in the backup and no longer there, in schemas that are: enums, domains and composite types.
//! Types of schemas that went whole come back with those.

use std::collections::BTreeSet;

use super::missing::{Both, Named};
use super::snapshot::{fault, text};
use crate::backup::error::BackupError;

const LIST: &str = "SELECT format('%I.%I', n.nspname, t.typname), n.nspname, CASE t.typtype \
    WHEN 'e' THEN format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname, \
      (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)) \
    WHEN 'd' THEN format('CREATE DOMAIN %I.%I AS %s%s%s%s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod), \
      coalesce(' DEFAULT ' || t.typdefault, ''), CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END, \
      (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '') FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')) \
    ELSE format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname, \
      (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) \
       FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)) END \
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid \
    WHERE (t.typtype IN ('e', 'd') OR t.typtype = 'c' AND c.relkind = 'c') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') ORDER BY t.oid";

/// Returns the statements that create the missing types again, older ones first.
pub(super) fn lost(both: &mut Both) -> Result<Named, BackupError> {
    let has: BTreeSet<String> = both
        .live
        .rows(LIST)
        .map_err(fault)?
        .iter()
        .map(|row| text(row, 0))
        .collect();
    let schemas: BTreeSet<String> = both
        .live
        .rows("SELECT nspname FROM pg_namespace")
        .map_err(fault)?
        .iter()
        .map(|row| text(row, 0))
        .collect();
    let had = both.scratch.rows(LIST).map_err(fault)?;
    Ok(had
        .iter()
        .filter(|row| !has.contains(&text(row, 0)) && schemas.contains(&text(row, 1)))
        .map(|row| (text(row, 0), text(row, 2)))
        .collect())
}
