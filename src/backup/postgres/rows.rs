//! Inserts rows that a living table lacks: parents before children, by key where there is one, else as whole rows.
//! Rows that differ are counted and stay; user triggers stay quiet and foreign keys are checked before the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Instant;

use super::columns::Column;
use super::load::io;
use super::missing::{Both, Missing, feed};
use super::scan::Name;
use super::snapshot::{Relation, fault, number, text};
use crate::adapters::postgres::session::{identifier, literal};
use crate::adapters::tools::Program;
use crate::backup::error::BackupError;
use crate::plan::restore::Restored;

const CHUNK: usize = 1 << 18;

/// What is to be done for one living table.
#[derive(Debug)]
pub(super) struct RowJob {
    full: String,
    /// Quoted names of the columns that can be written.
    columns: Vec<String>,
    key: Vec<String>,
    /// Sequence, its value in the backup, and whether it was called.
    sequences: Vec<(String, String, String)>,
    /// Conditions that find a row without its parent, by name of the foreign key.
    orphans: Vec<(String, String)>,
    quiet: bool,
    /// Columns that get the values of the backup in rows that are there.
    overwrite: Vec<String>,
}

/// Finds the tables whose rows may be missing and puts them into an order: parents first.
pub(super) fn work(
    job: &Missing<'_>,
    both: &mut Both,
    lost: &[Column],
) -> Result<Vec<RowJob>, BackupError> {
    let links = links(both)?;
    let names: BTreeMap<u32, Name> = both
        .had
        .iter()
        .map(|one| (one.oid, one.name.clone()))
        .collect();
    let wanted = with_children(job, both, &links)?;
    let tables: Vec<Relation> = both
        .had
        .iter()
        .filter(|one| one.kind == 'r' && !one.extension && wanted.contains(&one.oid))
        .filter(|one| both.has.get(&one.name).is_some_and(|live| live.kind == 'r'))
        .cloned()
        .collect();
    let superuser = both
        .live
        .rows("SELECT current_setting('is_superuser')")
        .map_err(fault)?
        .first()
        .is_some_and(|row| text(row, 0) == "on");
    let mut jobs = Vec::new();
    for table in parents_first(&tables, &links) {
        if let Some(mut one) = row_job(both, &table, &links, &names, superuser, lost)? {
            if job.overwrite {
                one.overwrite_all(both)?;
            }
            jobs.push(one);
        }
    }
    Ok(jobs)
}

/// A foreign key of the backup: child, parent, what a deletion does, and the names to compare.
struct Link {
    child: u32,
    parent: u32,
    act: String,
    name: String,
    child_columns: Vec<String>,
    parent_columns: Vec<String>,
}

fn links(both: &mut Both) -> Result<Vec<Link>, BackupError> {
    let names = |key: &str, relation: &str| {
        format!(
            "(SELECT json_agg(a.attname ORDER BY u.o) FROM unnest(k.{key}) WITH ORDINALITY u(n,o) JOIN pg_attribute a \
             ON a.attrelid=k.{relation} AND a.attnum=u.n)"
        )
    };
    let rows = both
        .scratch
        .rows(&format!(
            "SELECT k.conrelid, k.confrelid, k.confdeltype, k.conname, {}, {} FROM pg_constraint k WHERE k.contype = 'f'",
            names("conkey", "conrelid"),
            names("confkey", "confrelid")
        ))
        .map_err(fault)?;
    let list = |text: String| serde_json::from_str::<Vec<String>>(&text).unwrap_or_default();
    Ok(rows
        .iter()
        .map(|row| Link {
            child: number(row, 0),
            parent: number(row, 1),
            act: text(row, 2),
            name: text(row, 3),
            child_columns: list(text(row, 4)),
            parent_columns: list(text(row, 5)),
        })
        .collect())
}

/// The named tables with their partitions and heirs, and the tables whose rows go or change with theirs.
fn with_children(
    job: &Missing<'_>,
    both: &mut Both,
    links: &[Link],
) -> Result<BTreeSet<u32>, BackupError> {
    if job.wanted.is_empty() {
        return Ok(both.had.iter().map(|one| one.oid).collect());
    }
    let inherits: Vec<(u32, u32)> = both
        .scratch
        .rows("SELECT inhparent, inhrelid FROM pg_inherits")
        .map_err(fault)?
        .iter()
        .map(|row| (number(row, 0), number(row, 1)))
        .collect();
    let mut below: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (parent, child) in inherits {
        below.entry(parent).or_default().push(child);
    }
    for link in links
        .iter()
        .filter(|link| matches!(link.act.as_str(), "c" | "n" | "d"))
    {
        below.entry(link.parent).or_default().push(link.child);
    }
    let mut wanted = BTreeSet::new();
    let mut waiting: Vec<u32> = both
        .had
        .iter()
        .filter(|one| job.wanted.contains(&one.name))
        .map(|one| one.oid)
        .collect();
    while let Some(one) = waiting.pop() {
        if wanted.insert(one) {
            waiting.extend(below.get(&one).into_iter().flatten());
        }
    }
    Ok(wanted)
}

/// Orders tables so that parents come first; tables in a circle come in any order.
fn parents_first(tables: &[Relation], links: &[Link]) -> Vec<Relation> {
    let among: BTreeSet<u32> = tables.iter().map(|one| one.oid).collect();
    let mut parents: BTreeMap<u32, usize> = among.iter().map(|oid| (*oid, 0)).collect();
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for link in links {
        if link.child != link.parent && among.contains(&link.child) && among.contains(&link.parent)
        {
            *parents.entry(link.child).or_default() += 1;
            children.entry(link.parent).or_default().push(link.child);
        }
    }
    let mut ready: Vec<u32> = parents
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(oid, _)| *oid)
        .collect();
    let mut order = Vec::new();
    let mut placed = BTreeSet::new();
    while let Some(oid) = ready.pop() {
        placed.insert(oid);
        order.push(oid);
        for child in children.get(&oid).into_iter().flatten() {
            if let Some(count) = parents.get_mut(child) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(*child);
                }
            }
        }
    }
    order.extend(among.difference(&placed));
    let by_oid: BTreeMap<u32, &Relation> = tables.iter().map(|one| (one.oid, one)).collect();
    order
        .iter()
        .filter_map(|oid| by_oid.get(oid).copied().cloned())
        .collect()
}

fn columns(both: &mut Both, full: &str, live: bool) -> Result<Vec<String>, BackupError> {
    let session = if live {
        &mut both.live
    } else {
        &mut both.scratch
    };
    let rows = session
        .rows(&format!(
            "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped \
             AND a.attgenerated = '' ORDER BY a.attnum",
            literal(full)
        ))
        .map_err(fault)?;
    Ok(rows.iter().map(|row| text(row, 0)).collect())
}

/// The columns of the best unique index without NULLs; none where there is none or a column of it is lost.
fn key(both: &mut Both, table: &Relation, columns: &[String]) -> Result<Vec<String>, BackupError> {
    let key = both
        .live
        .rows(&format!(
            "SELECT a.attname FROM (SELECT i.indkey, i.indrelid FROM pg_index i WHERE i.indrelid = {}::regclass AND i.indisunique AND i.indisvalid \
             AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey) k JOIN pg_attribute a ON a.attrelid = i.indrelid \
             AND a.attnum = k WHERE NOT a.attnotnull) ORDER BY i.indisprimary DESC, i.indnatts LIMIT 1) x \
             JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)",
            literal(&table.full)
        ))
        .map_err(fault)?
        .iter()
        .map(|row| identifier(&text(row, 0)))
        .collect::<Vec<_>>();
    Ok(if key.iter().all(|one| columns.contains(one)) {
        key
    } else {
        Vec::new()
    })
}

fn row_job(
    both: &mut Both,
    table: &Relation,
    links: &[Link],
    names: &BTreeMap<u32, Name>,
    quiet: bool,
    lost: &[Column],
) -> Result<Option<RowJob>, BackupError> {
    let added: BTreeSet<String> = lost
        .iter()
        .filter(|one| one.table == table.name && !one.generated)
        .map(|one| one.name.clone())
        .collect();
    let mut live: BTreeSet<String> = columns(both, &table.full, true)?.into_iter().collect();
    live.extend(added.iter().cloned());
    let columns: Vec<String> = columns(both, &table.full, false)?
        .into_iter()
        .filter(|column| live.contains(column))
        .map(|column| identifier(&column))
        .collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let key = key(both, table, &columns)?;
    let sequences = sequences(both, table)?;
    let orphans = links
        .iter()
        .filter(|link| link.child == table.oid)
        .filter_map(|link| {
            let parent = names.get(&link.parent)?;
            let pairs = link.child_columns.iter().zip(&link.parent_columns);
            let full = pairs
                .clone()
                .map(|(child, _)| format!("c.{} IS NOT NULL", identifier(child)));
            let equal = pairs.map(|(child, parent)| {
                format!("p.{} = c.{}", identifier(parent), identifier(child))
            });
            Some((
                link.name.clone(),
                format!(
                    "{} AND NOT EXISTS (SELECT 1 FROM {}.{} p WHERE {})",
                    full.collect::<Vec<_>>().join(" AND "),
                    identifier(&parent.0),
                    identifier(&parent.1),
                    equal.collect::<Vec<_>>().join(" AND ")
                ),
            ))
        })
        .collect();
    Ok(Some(RowJob {
        full: table.full.clone(),
        columns,
        key,
        sequences,
        orphans,
        quiet,
        overwrite: added.iter().map(|one| identifier(one)).collect(),
    }))
}

/// Sequences that serve a table, with the values they had.
fn sequences(
    both: &mut Both,
    table: &Relation,
) -> Result<Vec<(String, String, String)>, BackupError> {
    let rows = both
        .scratch
        .rows(&format!(
            "SELECT DISTINCT s.full FROM (SELECT format('%I.%I', n.nspname, c.relname) AS full FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE d.classid = 'pg_class'::regclass AND d.refobjid = {0} AND d.deptype IN ('a', 'i') \
             UNION ALL SELECT format('%I.%I', n.nspname, c.relname) FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid \
             JOIN pg_class c ON c.oid = d.refobjid AND c.relkind = 'S' JOIN pg_namespace n ON n.oid = c.relnamespace WHERE f.adrelid = {0}) s",
            table.oid
        ))
        .map_err(fault)?;
    let mut found = Vec::new();
    for row in rows {
        let name = text(&row, 0);
        let there = both
            .live
            .rows(&format!(
                "SELECT 1 FROM pg_class WHERE oid = to_regclass({})",
                literal(&name)
            ))
            .map_err(fault)?;
        if there.is_empty() {
            continue;
        }
        let value = both
            .scratch
            .rows(&format!("SELECT last_value, is_called FROM {name}"))
            .map_err(fault)?;
        if let Some(value) = value.first() {
            found.push((name, text(value, 0), text(value, 1)));
        }
    }
    Ok(found)
}

impl RowJob {
    /// Lets every column but those of the key and those that the server fills take the backup's value.
    fn overwrite_all(&mut self, both: &mut Both) -> Result<(), BackupError> {
        let filled: BTreeSet<String> = both
            .live
            .rows(&format!(
                "SELECT attname FROM pg_attribute WHERE attrelid = {}::regclass AND attidentity = 'a'",
                literal(&self.full)
            ))
            .map_err(fault)?
            .iter()
            .map(|row| identifier(&text(row, 0)))
            .collect();
        self.overwrite = self
            .columns
            .iter()
            .filter(|one| !self.key.contains(one) && !filled.contains(*one))
            .cloned()
            .collect();
        Ok(())
    }

    /// Gives rows that are there the values of the backup.
    fn update(&self) -> String {
        if self.overwrite.is_empty() || self.key.is_empty() {
            return String::new();
        }
        let full = &self.full;
        let each = |make: &dyn Fn(&String) -> String, list: &[String], between: &str| {
            list.iter().map(make).collect::<Vec<_>>().join(between)
        };
        let set = each(&|one| format!("{one} = b.{one}"), &self.overwrite, ", ");
        let same = each(&|one| format!("o.{one} = b.{one}"), &self.key, " AND ");
        let new = each(&|one| format!("b.{one}"), &self.overwrite, ", ");
        let old = each(&|one| format!("o.{one}"), &self.overwrite, ", ");
        format!(
            "WITH backstop_up AS (UPDATE ONLY {full} o SET {set} FROM pg_temp.backstop_rows b WHERE {same} \
             AND ROW({new})::text IS DISTINCT FROM ROW({old})::text RETURNING 1) SELECT 'updated', count(*) FROM backstop_up;\n"
        )
    }

    /// Feeds everything for this table: its rows of the backup, the insertion, sequences and checks.
    pub(super) fn feed(
        &self,
        job: &Missing<'_>,
        psql: &mut Box<dyn Program>,
    ) -> Result<(), BackupError> {
        let (full, columns) = (&self.full, self.columns.join(", "));
        let mut text = String::new();
        if self.quiet {
            text.push_str("SET LOCAL session_replication_role = replica;\n");
        }
        text.push_str(&format!(
            "CREATE TEMP TABLE backstop_rows AS SELECT {columns} FROM {full} WITH NO DATA;\nCOPY pg_temp.backstop_rows ({columns}) FROM stdin;\n"
        ));
        feed(psql, &text)?;
        self.copy(job, psql)?;
        feed(psql, &self.insert(&columns))
    }

    /// Streams the rows of the scratch database; the block is closed only when all of them came.
    fn copy(&self, job: &Missing<'_>, psql: &mut Box<dyn Program>) -> Result<(), BackupError> {
        let mut args = ["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-c"]
            .map(str::to_owned)
            .to_vec();
        args.push(format!(
            "COPY (SELECT {} FROM ONLY {}) TO STDOUT",
            self.columns.join(", "),
            self.full
        ));
        let deadline = Instant::now() + job.control.left();
        let mut source = job
            .scratch
            .start("psql", &args, 0, deadline)
            .map_err(fault)?;
        source.close_input().map_err(|error| io(&error))?;
        let mut buffer = vec![0; CHUNK];
        loop {
            job.control.check()?;
            let read = source.read(&mut buffer).map_err(|error| io(&error))?;
            if read == 0 {
                break;
            }
            psql.feed(buffer.get(..read).unwrap_or_default())
                .map_err(|error| io(&error))?;
        }
        feed(psql, "\\.\n")
    }

    fn insert(&self, columns: &str) -> String {
        let full = &self.full;
        let picked = self
            .columns
            .iter()
            .map(|one| format!("b.{one}"))
            .collect::<Vec<_>>()
            .join(", ");
        let old = self
            .columns
            .iter()
            .map(|one| format!("o.{one}"))
            .collect::<Vec<_>>()
            .join(", ");
        let (missing, differ) = if self.key.is_empty() {
            // Without a key two equal rows are two rows: as many come back as are missing.
            (
                format!(
                    "SELECT {picked} FROM (SELECT {columns}, row_number() OVER (PARTITION BY ROW({columns})::text) AS backstop_n FROM pg_temp.backstop_rows) b \
                     LEFT JOIN (SELECT ROW({columns})::text AS backstop_t, count(*) AS backstop_c FROM ONLY {full} GROUP BY 1) o \
                     ON o.backstop_t = ROW({picked})::text WHERE b.backstop_n > coalesce(o.backstop_c, 0)"
                ),
                "SELECT 0".to_owned(),
            )
        } else {
            let same = self
                .key
                .iter()
                .map(|one| format!("o.{one} = b.{one}"))
                .collect::<Vec<_>>()
                .join(" AND ");
            (
                format!(
                    "SELECT {picked} FROM pg_temp.backstop_rows b WHERE NOT EXISTS (SELECT 1 FROM ONLY {full} o WHERE {same})"
                ),
                format!(
                    "SELECT count(*) FROM pg_temp.backstop_rows b JOIN ONLY {full} o ON {same} WHERE ROW({picked})::text IS DISTINCT FROM ROW({old})::text"
                ),
            )
        };
        let mut text = format!(
            "{}SELECT 'differ', ({differ});\nWITH backstop_in AS (INSERT INTO {full} ({columns}) OVERRIDING SYSTEM VALUE {missing} RETURNING 1) \
             SELECT 'inserted', count(*) FROM backstop_in;\nDROP TABLE pg_temp.backstop_rows;\n",
            self.update()
        );
        text.push_str(&self.afterwards());
        text
    }

    /// Sequences go to the greater of both values; foreign keys that were quiet are checked.
    fn afterwards(&self) -> String {
        let full = &self.full;
        let mut text = String::new();
        for (name, value, called) in &self.sequences {
            text.push_str(&format!(
                "SELECT 'sequence', setval({}, greatest(s.last_value, {value}), CASE WHEN s.last_value > {value} THEN s.is_called ELSE s.is_called AND s.last_value = {value} OR {} END) FROM {name} s;\n",
                literal(name),
                literal(called)
            ));
        }
        if self.quiet {
            text.push_str("SET LOCAL session_replication_role = origin;\n");
            for (name, condition) in &self.orphans {
                let message = literal(&format!(
                    "rows of {full} would have no parent (foreign key {name})"
                ));
                let body = format!(
                    "BEGIN IF EXISTS (SELECT 1 FROM ONLY {full} c WHERE {condition}) THEN RAISE EXCEPTION USING MESSAGE = {message}; END IF; END"
                );
                text.push_str(&format!("DO {};\n", literal(&body)));
            }
        }
        text
    }
}

/// Puts what psql said about each table into the report.
pub(super) fn report(jobs: &[RowJob], said: &str, restored: &mut Restored) {
    let numbers = |word: &str| {
        let start = format!("{word}|");
        said.lines()
            .filter_map(move |line| line.strip_prefix(&start)?.parse::<u64>().ok())
            .collect::<Vec<_>>()
    };
    let (inserted, differ) = (numbers("inserted"), numbers("differ"));
    for (at, job) in jobs.iter().enumerate() {
        match inserted.get(at) {
            Some(0) | None => {}
            Some(rows) => restored
                .done
                .push(format!("inserted {rows} missing rows into `{}`", job.full)),
        }
        if let Some(rows) = differ.get(at).filter(|rows| **rows > 0) {
            restored.conflicts.push(format!(
                "{rows} rows of `{}` are there with other values than in the backup, and stay as they are",
                job.full
            ));
        }
    }
}
