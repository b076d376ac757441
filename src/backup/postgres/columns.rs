//! Columns that a living table has lost, or has with another type: added or changed back; their values come back by key.
//! Tables that are gone whole are the business of `missing`.

use std::collections::{BTreeMap, BTreeSet};

use super::missing::{Both, Missing};
use super::scan::Name;
use super::snapshot::{fault, number, text};
use crate::adapters::postgres::session::{identifier, literal};
use crate::backup::error::BackupError;

/// A column that is in the backup and no longer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub table: Name,
    pub full: String,
    pub name: String,
    /// Type, collation and default or generation, as SQL.
    definition: String,
    /// Type and collation.
    typed: String,
    /// Type alone.
    kind: String,
    /// What the server puts into a row that has no value of its own.
    pub default: Option<String>,
    not_null: bool,
    pub generated: bool,
    /// It is there, and of another type.
    pub there: bool,
}

impl Column {
    /// Returns the statement that adds it, without values, or gives it its type back.
    pub(super) fn add(&self, at: usize) -> String {
        if self.there {
            return self.change_back(at);
        }
        format!(
            "ALTER TABLE {} ADD COLUMN {} {};\n",
            self.full,
            identifier(&self.name),
            self.definition
        )
    }

    /// By way of text where both types are written alike, else as the server casts one to the other.
    /// Where neither goes it is emptied first, and the rows of the backup bring their values.
    fn change_back(&self, at: usize) -> String {
        let (full, typed, kind) = (&self.full, &self.typed, &self.kind);
        let name = identifier(&self.name);
        let nullable = match self.not_null {
            true => format!("ALTER TABLE {full} ALTER COLUMN {name} DROP NOT NULL;\n"),
            false => String::new(),
        };
        let default = match &self.default {
            Some(text) => format!("ALTER TABLE {full} ALTER COLUMN {name} SET DEFAULT {text};\n"),
            None => String::new(),
        };
        format!(
            "ALTER TABLE {full} ALTER COLUMN {name} DROP DEFAULT;\n\\set ON_ERROR_ROLLBACK on\n\\set ON_ERROR_STOP off\n\
             ALTER TABLE {full} ALTER COLUMN {name} TYPE {typed} USING {name}::text::{kind};\n\
             \\if :ERROR\nALTER TABLE {full} ALTER COLUMN {name} TYPE {typed} USING {name}::{kind};\n\\endif\n\
             \\if :ERROR\n\\set ON_ERROR_STOP on\n{nullable}ALTER TABLE {full} ALTER COLUMN {name} TYPE {typed} USING NULL::{kind};\n\\echo {EMPTIED}{at}\n\\endif\n\
             \\set ON_ERROR_STOP on\n\\set ON_ERROR_ROLLBACK off\n{default}"
        )
    }

    pub(super) fn title(&self) -> String {
        format!("`{}` of `{}`", self.name, self.full)
    }

    pub(super) fn done(&self) -> String {
        match self.there {
            true => format!("gave column {} its type back", self.title()),
            false => format!("added column {} again", self.title()),
        }
    }

    /// Returns the statement that forbids NULL in it again, once the values are back.
    pub(super) fn not_null(&self) -> Option<String> {
        (self.not_null && !self.generated).then(|| {
            format!(
                "ALTER TABLE {} ALTER COLUMN {} SET NOT NULL;",
                self.full,
                identifier(&self.name)
            )
        })
    }
}

/// What the client says of a column whose values could not be turned into its old type; its number follows.
const EMPTIED: &str = "backstop-emptied ";
/// What it says of rows that have no value there now; number and count follow.
const EMPTY: &str = "backstop-empty";

/// Counts, behind the rows, where columns of their old type have no value.
pub(super) fn empty(columns: &[Column]) -> String {
    let changed = columns.iter().enumerate().filter(|(_, one)| one.there);
    let mut text = String::new();
    for (at, one) in changed {
        text.push_str(&format!(
            "SELECT '{EMPTY}', {at}, count(*) FROM {} WHERE {} IS NULL;\n",
            one.full,
            identifier(&one.name)
        ));
    }
    text
}

/// Says of which columns values that were written since the backup are gone.
pub(super) fn emptied(
    columns: &[Column],
    said: &str,
    both: &mut Both,
) -> Result<Vec<String>, BackupError> {
    let mut left = Vec::new();
    for (at, one) in columns.iter().enumerate() {
        let marker = format!("{EMPTIED}{at}");
        let start = format!("{EMPTY}|{at}|");
        let now = said.lines().find_map(|line| line.strip_prefix(&start));
        let (true, Some(now)) = (said.lines().any(|line| line == marker), now) else {
            continue;
        };
        let query = format!(
            "SELECT count(*) FROM {} WHERE {} IS NULL",
            one.full,
            identifier(&one.name)
        );
        let rows = both.scratch.rows(&query).map_err(fault)?;
        let had: u64 = rows.first().map_or(0, |row| number(row, 0));
        let more = now.parse::<u64>().unwrap_or(u64::MAX).saturating_sub(had);
        if more > 0 {
            left.push(format!(
                "column {}: {} that are not in the backup have no value there now, because it could not be turned into `{}`",
                one.title(),
                crate::plan::restore::counted(more, "row"),
                one.kind
            ));
        }
    }
    Ok(left)
}

/// Finds lost columns of the named tables, and of others those that depended on what was named; those of heirs come with their parent's.
pub(super) fn lost(job: &Missing<'_>, both: &mut Both) -> Result<Vec<Column>, BackupError> {
    let mut found = Vec::new();
    let names: Vec<Name> = both.had.iter().map(|one| one.name.clone()).collect();
    let tables: Vec<_> = both
        .had
        .iter()
        .filter(|one| matches!(one.kind, 'r' | 'p') && !one.extension)
        .filter(|one| !only_changed(job, &names, &one.name))
        .filter(|one| both.reached.relation(one.oid) || both.reached.has_column_of(one.oid))
        .filter(|one| both.has.contains_key(&one.name))
        .cloned()
        .collect();
    for table in tables {
        let query = format!(
            "SELECT a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), coalesce((SELECT ' COLLATE ' || c.oid::regcollation FROM pg_collation c \
             JOIN pg_type t ON t.oid = a.atttypid WHERE c.oid = a.attcollation AND a.attcollation <> t.typcollation), ''), \
             CASE WHEN a.attgenerated = 's' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED' \
             WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY' WHEN a.attidentity = 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' \
             WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END, a.attnotnull, a.attgenerated <> '', \
             CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END \
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attislocal ORDER BY a.attnum",
            literal(&table.full)
        );
        let has: BTreeMap<String, String> = both
            .live
            .rows(&query)
            .map_err(fault)?
            .iter()
            .map(|row| (text(row, 0), text(row, 2)))
            .collect();
        let named = job.is_all() || job.wanted.contains(&table.name);
        for row in both.scratch.rows(&query).map_err(fault)? {
            let now = has.get(&text(&row, 0));
            let generated = text(&row, 6) == "t";
            let retyped =
                now.is_some_and(|kind| *kind != text(&row, 2)) && !generated && job.redefine;
            if (now.is_some() && !retyped)
                || !(named || both.reached.column(table.oid, number(&row, 1)))
            {
                continue;
            }
            found.push(Column {
                table: table.name.clone(),
                full: table.full.clone(),
                name: text(&row, 0),
                definition: format!("{}{}{}", text(&row, 2), text(&row, 3), text(&row, 4)),
                typed: format!("{}{}", text(&row, 2), text(&row, 3)),
                kind: text(&row, 2),
                default: row.get(7).cloned().flatten(),
                not_null: text(&row, 5) == "t",
                generated,
                there: now.is_some(),
            });
        }
    }
    Ok(found)
}

/// Tells whether the call only changed rows of a table: a column that others dropped since would come back without values in all others.
fn only_changed(job: &Missing<'_>, names: &[Name], table: &Name) -> bool {
    let mut losses = job
        .rows
        .iter()
        .filter(|one| super::names::resolve(names, &one.table).contains(table))
        .peekable();
    !job.redefine && losses.peek().is_some() && losses.all(|one| !one.deletes)
}

/// Finds conditions that a living table has lost, with the statements that set them again.
pub(super) fn checks(
    job: &Missing<'_>,
    both: &mut Both,
) -> Result<Vec<(String, String)>, BackupError> {
    if !job.redefine {
        return Ok(Vec::new());
    }
    let query = "SELECT c.oid, n.nspname, c.relname, quote_ident(k.conname) || ' on ' || format('%I.%I', n.nspname, c.relname), \
        format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s;', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)) \
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'c' AND k.conislocal";
    let has = both.live.rows(query).map_err(fault)?;
    let has: BTreeSet<String> = has.iter().map(|row| text(row, 3)).collect();
    let had = both.scratch.rows(query).map_err(fault)?;
    let mine = had.iter().filter(|row| {
        both.reached.relation(number(row, 0))
            && both.has.contains_key(&(text(row, 1), text(row, 2)))
            && !has.contains(&text(row, 3))
    });
    Ok(mine.map(|row| (text(row, 3), text(row, 4))).collect())
}
