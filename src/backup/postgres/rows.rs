//! Inserts rows that a living table lacks: parents before children, by key where there is one, else as whole rows.
//! Rows that differ are counted and stay; user triggers stay quiet and foreign keys are checked before the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Instant;

use super::chosen::{self, Chosen};
use super::columns::Column;
use super::load::io;
use super::missing::{Both, ENCODING, Missing, feed};
use super::parts::Parts;
use super::scan::Name;
use super::snapshot::{Relation, fault, number, text};
use crate::adapters::postgres::session::{identifier, literal};
use crate::adapters::tools::Program;
use crate::backup::error::BackupError;
use crate::plan::restore::{RestorePlan, Restored, Step, counted};

const CHUNK: usize = 1 << 18;
/// Views over views that are followed.
const VIEWS_DEEP: usize = 8;

/// What is to be done for one living table.
#[derive(Debug)]
pub(super) struct RowJob {
    full: String,
    /// Its own rows alone (`ONLY shop.t`), or those of all its partitions too.
    of: String,
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
    /// The rows that were lost, where they are known; otherwise all are compared.
    chosen: Option<Chosen>,
    /// How many of `overwrite` are columns that were lost and are added again: nobody can have changed those.
    added: usize,
    /// Rows that were changed again get the values of the backup too.
    over: bool,
    /// Columns of the key that were changed, with the values that the command gave them.
    moves: Vec<(String, String)>,
    /// Keys were changed in a way that cannot be followed.
    lost_keys: bool,
    /// Rows were changed that are not known one by one: with new keys they stand beside the old ones.
    beside: bool,
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
    let parts = Parts::read(both)?;
    let behind = behind(job, both)?;
    let mut chosen = chosen::chosen(job, both, &links, &parts, &behind)?;
    let mut wanted = with_children(job, both, &behind, &links, &parts, &chosen);
    let added = added(both, &parts, lost);
    let gave = values_of_columns(both, &parts, &added);
    for (oid, column) in &gave {
        // Of a table that only lost a column nothing but its values comes back.
        if wanted.insert(*oid) {
            chosen.insert(*oid, column.clone());
        }
    }
    let tables: Vec<Relation> = both
        .had
        .iter()
        .filter(|one| one.kind == 'r' || parts.is_whole(one.oid))
        .filter(|one| !one.extension && wanted.contains(&one.oid))
        .filter(|one| {
            both.has
                .get(&one.name)
                .is_some_and(|live| live.kind == one.kind)
        })
        .cloned()
        .collect();
    let superuser = is_superuser(both)?;
    let mut jobs = Vec::new();
    for table in parents_first(&tables, &links) {
        let added = added.get(&table.oid).map_or(&[][..], Vec::as_slice);
        let about = (&links[..], &names, &parts);
        if let Some(mut one) = row_job(both, &table, about, (superuser, job.look), added)? {
            one.over = job.over;
            match (chosen.remove(&table.oid), gave.get(&table.oid)) {
                (Some(chosen), _) => one.only(both, chosen)?,
                (None, Some(gave)) if one.key.is_empty() => {
                    let deletes = true;
                    one.only(
                        both,
                        Chosen {
                            deletes,
                            ..gave.clone()
                        },
                    )?;
                }
                (None, _) if job.overwrite => {
                    one.beside = job.follow && !job.redefine && !one.key.is_empty();
                    one.overwrite_all(both)?;
                }
                (None, _) => {}
            }
            jobs.push(one);
        }
    }
    Ok(jobs)
}

fn is_superuser(both: &mut Both) -> Result<bool, BackupError> {
    let rows = both
        .live
        .rows("SELECT current_setting('is_superuser')")
        .map_err(fault)?;
    Ok(rows.first().is_some_and(|row| text(row, 0) == "on"))
}

/// A foreign key of the backup: child, parent, what a deletion does, and the names to compare.
pub(super) struct Link {
    pub child: u32,
    pub parent: u32,
    pub act: String,
    /// What a change of the parent's key does.
    pub on_update: String,
    name: String,
    /// The server's own copy for one partition of the parent: the key itself speaks of all of them.
    copy: bool,
    pub child_columns: Vec<String>,
    pub parent_columns: Vec<String>,
}

impl Link {
    /// The condition under which a row `backstop_c` of the child speaks of a row `backstop_p` of the parent.
    pub fn pairs(&self) -> String {
        let pairs = self.child_columns.iter().zip(&self.parent_columns);
        let pairs: Vec<String> = pairs
            .map(|(mine, theirs)| {
                format!(
                    "backstop_p.{} = backstop_c.{}",
                    identifier(theirs),
                    identifier(mine)
                )
            })
            .collect();
        pairs.join(" AND ")
    }
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
            "SELECT k.conrelid, k.confrelid, k.confdeltype, k.confupdtype, k.conname, {}, {}, p.confrelid <> k.confrelid FROM pg_constraint k \
             LEFT JOIN pg_constraint p ON p.oid = k.conparentid WHERE k.contype = 'f'",
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
            on_update: text(row, 3),
            name: text(row, 4),
            child_columns: list(text(row, 5)),
            parent_columns: list(text(row, 6)),
            copy: text(row, 7) == "t",
        })
        .collect())
}

/// Columns that come back, by the tables whose rows get their values: their own, and those that inherit from it.
fn added<'c>(both: &Both, parts: &Parts, lost: &'c [Column]) -> BTreeMap<u32, Vec<&'c Column>> {
    let mut found: BTreeMap<u32, Vec<&Column>> = BTreeMap::new();
    for column in lost.iter().filter(|one| !one.generated) {
        let Some(table) = both.had.iter().find(|one| one.name == column.table) else {
            continue;
        };
        let mut all = vec![table.oid];
        if !parts.is_whole(table.oid) {
            all.extend(parts.below(table.oid));
        }
        for oid in all {
            let mine = found.entry(oid).or_default();
            if mine.iter().all(|one| one.name != column.name) {
                mine.push(column);
            }
        }
    }
    found
}

/// The rows of tables that lost columns: with what an added column holds until it has its values.
fn values_of_columns(
    both: &Both,
    parts: &Parts,
    added: &BTreeMap<u32, Vec<&Column>>,
) -> BTreeMap<u32, Chosen> {
    let mut found: BTreeMap<u32, Chosen> = BTreeMap::new();
    for (oid, columns) in added {
        let Some(table) = both.had.iter().find(|one| one.oid == *oid) else {
            continue;
        };
        let value = |column: &Column| match &column.default {
            _ if column.there => None,
            None => Some("NULL".to_owned()),
            Some(text) => (!text.contains('(')).then(|| text.clone()),
        };
        let sets = columns
            .iter()
            .map(|one| (identifier(&one.name), value(one)));
        let chosen = Chosen {
            from: format!("FROM {}", parts.scope(table)),
            sets: sets.collect(),
            ..Chosen::default()
        };
        found.insert(*oid, chosen);
    }
    found
}

/// Tables that a call on views takes rows from: what their rules speak of, and what stands in the text of their triggers.
fn behind(job: &Missing<'_>, both: &mut Both) -> Result<BTreeSet<u32>, BackupError> {
    let mut all = BTreeSet::new();
    if job.redefine || job.is_all() {
        return Ok(all);
    }
    let names: BTreeSet<String> = job.names.iter().map(|one| one.to_lowercase()).collect();
    let named = |one: &&Relation| {
        one.kind == 'v' && (job.names.contains(&one.name.1) || names.contains(&one.name.1))
    };
    let mut waiting: Vec<u32> = both.had.iter().filter(named).map(|one| one.oid).collect();
    for _ in 0..VIEWS_DEEP {
        let some: Vec<String> = waiting.iter().map(u32::to_string).collect();
        if some.is_empty() {
            break;
        }
        let some = some.join(", ");
        let rows = both
            .scratch
            .rows(&format!(
                "SELECT d.refobjid FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid \
                 AND d.refclassid = 'pg_class'::regclass WHERE r.ev_class IN ({some}) \
                 UNION SELECT c.oid FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.relkind IN ('r', 'p') AND c.oid >= 16384 \
                 AND p.prosrc ~* ('\\m' || regexp_replace(c.relname, '(\\W)', '\\\\\\1', 'g') || '\\M') JOIN pg_class v ON v.oid = t.tgrelid AND v.relkind = 'v' \
                 WHERE NOT t.tgisinternal AND t.tgrelid IN ({some})"
            ))
            .map_err(fault)?;
        let met = rows.iter().map(|row| number::<u32>(row, 0));
        waiting = met.filter(|oid| all.insert(*oid)).collect();
    }
    Ok(all)
}

/// The named tables with their partitions and heirs, and the tables whose rows go or change with theirs.
fn with_children(
    job: &Missing<'_>,
    both: &Both,
    behind: &BTreeSet<u32>,
    links: &[Link],
    parts: &Parts,
    chosen: &BTreeMap<u32, Chosen>,
) -> BTreeSet<u32> {
    if job.is_all() {
        let mut all = both.had.iter().map(|one| one.oid).collect();
        parts.fold(&mut all, |_| false);
        return all;
    }
    let mut below: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let keeps = |oid: u32| chosen.get(&oid).is_some_and(|one| !one.deletes);
    for link in links
        .iter()
        .filter(|link| matches!(link.act.as_str(), "c" | "n" | "d"))
        .filter(|link| !keeps(link.parent))
    {
        below.entry(link.parent).or_default().push(link.child);
    }
    let mut wanted = BTreeSet::new();
    let mut waiting: Vec<u32> = both
        .had
        .iter()
        .filter(|one| job.wanted.contains(&one.name) || behind.contains(&one.oid))
        .map(|one| one.oid)
        .collect();
    while let Some(one) = waiting.pop() {
        if wanted.insert(one) {
            waiting.extend(below.get(&one).into_iter().flatten());
            if !parts.is_whole(one) {
                waiting.extend(parts.below(one));
            }
        }
    }
    wanted.extend(chosen.keys());
    let named = |oid| chosen.contains_key(&oid);
    parts.fold(&mut wanted, named);
    wanted
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

/// Returns names and types of the columns that can be written.
fn columns(both: &mut Both, full: &str, live: bool) -> Result<Vec<(String, String)>, BackupError> {
    let session = if live {
        &mut both.live
    } else {
        &mut both.scratch
    };
    let rows = session
        .rows(&format!(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped \
             AND a.attgenerated = '' ORDER BY a.attnum",
            literal(full)
        ))
        .map_err(fault)?;
    Ok(rows
        .iter()
        .map(|row| (text(row, 0), text(row, 1)))
        .collect())
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
    (links, names, parts): (&[Link], &BTreeMap<u32, Name>, &Parts),
    (quiet, look): (bool, bool),
    lost: &[&Column],
) -> Result<Option<RowJob>, BackupError> {
    let added: BTreeSet<String> = lost.iter().map(|one| one.name.clone()).collect();
    let live: BTreeMap<String, String> = columns(both, &table.full, true)?.into_iter().collect();
    let columns: Vec<String> = columns(both, &table.full, false)?
        .into_iter()
        .filter(|(column, kind)| {
            // A plan does not give a column its type back, and cannot show its values.
            added.contains(column) || live.get(column).is_some_and(|now| !look || now == kind)
        })
        .map(|(column, _)| identifier(&column))
        .collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let key = match parts.key(table.oid) {
        Some(key) if key.iter().all(|one| columns.contains(one)) => key.to_vec(),
        Some(_) => Vec::new(),
        None => key(both, table, &columns)?,
    };
    let sequences = sequences(both, table)?;
    let orphans = links
        .iter()
        .filter(|link| link.child == table.oid && !link.copy)
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
        of: parts.scope(table),
        columns,
        key,
        sequences,
        orphans,
        quiet,
        overwrite: added.iter().map(|one| identifier(one)).collect(),
        chosen: None,
        added: added.len(),
        over: false,
        moves: Vec::new(),
        lost_keys: false,
        beside: false,
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

    /// Bounds the work to the rows that were lost, and to the columns that were changed in them.
    fn only(&mut self, both: &mut Both, mut chosen: Chosen) -> Result<(), BackupError> {
        chosen
            .sets
            .retain(|(column, _)| self.columns.contains(column));
        let key = chosen.sets.iter().filter(|(one, _)| self.key.contains(one));
        let moves: Vec<_> = key.cloned().collect();
        if !moves.is_empty() && !chosen.deletes {
            let known = moves
                .iter()
                .map(|(one, value)| Some((one.clone(), value.clone()?)));
            match known.collect::<Option<Vec<_>>>() {
                Some(known) => self.moves = known,
                None => self.lost_keys = true,
            }
            chosen.sets.retain(|(column, _)| !self.key.contains(column));
        } else if !moves.is_empty() {
            // Rows whose key was changed are found no more: they are missing under the old one.
            chosen.all = true;
        }
        if chosen.all {
            self.overwrite_all(both)?;
            chosen.sets.clear();
        } else {
            let more = chosen.sets.iter().map(|(column, _)| column.clone());
            let more: Vec<String> = more.filter(|one| !self.overwrite.contains(one)).collect();
            self.overwrite.extend(more);
        }
        self.chosen = Some(chosen);
        Ok(())
    }

    /// The values that the command gave the columns that come back, as columns of the copied rows; nothing when one is not known.
    fn after(&self) -> Vec<&str> {
        let sets = self.chosen.as_ref().map_or(&[][..], |one| &one.sets);
        let values: Option<Vec<&str>> = self
            .overwrite
            .iter()
            .map(|column| {
                let set = sets.iter().find(|(name, _)| name == column)?;
                set.1.as_deref()
            })
            .collect();
        values.unwrap_or_default()
    }

    /// Feeds everything for this table: its rows of the backup, the changes, sequences and checks.
    pub(super) fn feed(
        &self,
        at: usize,
        job: &Missing<'_>,
        psql: &mut Box<dyn Program>,
    ) -> Result<(), BackupError> {
        let full = &self.full;
        let mut text = String::new();
        if self.quiet && !job.look {
            text.push_str("SET LOCAL session_replication_role = replica;\n");
        }
        let mut columns = self.columns.clone();
        let mut copied = columns.clone();
        for (number, _) in self.after().iter().enumerate() {
            let column = self.overwrite.get(number).cloned().unwrap_or_default();
            copied.push(format!("{column} AS backstop_a{number}"));
            columns.push(format!("backstop_a{number}"));
        }
        for (number, (column, _)) in self.moves.iter().enumerate() {
            copied.push(format!("{column} AS backstop_m{number}"));
            columns.push(format!("backstop_m{number}"));
        }
        text.push_str(&format!(
            "CREATE TEMP TABLE backstop_rows AS SELECT {} FROM {full} WITH NO DATA;\nCOPY pg_temp.backstop_rows ({}) FROM stdin;\n",
            copied.join(", "),
            columns.join(", ")
        ));
        feed(psql, &text)?;
        self.copy(job, psql)?;
        if !self.moves.is_empty() {
            let changed = self.moves.iter().enumerate();
            let changed: Vec<_> = changed.map(|(at, (one, _))| (one.clone(), at)).collect();
            let moves = super::moves::Moves {
                at,
                full,
                of: &self.of,
                columns: &self.columns,
                key: &self.key,
                changed: &changed,
                in_place: !self.quiet,
            };
            feed(psql, &moves.sql(job.look))?;
        }
        let change = super::change::Change {
            at,
            full,
            of: &self.of,
            columns: &self.columns,
            key: &self.key,
            overwrite: &self.overwrite,
            after: self.after().len(),
            compares: self.overwrite.len() == self.added,
            moves: !self.moves.is_empty() || self.lost_keys,
            inserts: self.chosen.as_ref().is_none_or(|one| one.deletes),
            over: self.over,
        };
        feed(psql, &change.sql(job.look))?;
        if !job.look {
            feed(psql, &self.afterwards())?;
        }
        Ok(())
    }

    /// Streams the rows of the scratch database; the block is closed only when all of them came.
    fn copy(&self, job: &Missing<'_>, psql: &mut Box<dyn Program>) -> Result<(), BackupError> {
        let mut args = ["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-c"]
            .map(str::to_owned)
            .to_vec();
        args.extend([ENCODING.to_owned(), "-c".to_owned()]);
        let from = match &self.chosen {
            Some(chosen) => {
                let path = format!("SET search_path = {}", chosen::OWN_PATH);
                args.extend([path, "-c".to_owned()]);
                chosen.from.clone()
            }
            None => format!("FROM {}", self.of),
        };
        let mut picked = self.columns.clone();
        picked.extend(self.after().iter().map(|one| (*one).to_owned()));
        picked.extend(self.moves.iter().map(|(_, value)| value.clone()));
        args.push(format!(
            "COPY (SELECT {} {from}) TO STDOUT",
            picked.join(", ")
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
                    "BEGIN IF EXISTS (SELECT 1 FROM {} c WHERE {condition}) THEN RAISE EXCEPTION USING MESSAGE = {message}; END IF; END",
                    self.of
                );
                text.push_str(&format!("DO {};\n", literal(&body)));
            }
        }
        text
    }
}

/// Puts what psql said about each table into the report.
pub(super) fn report(jobs: &[RowJob], said: &str, restored: &mut Restored) {
    for (at, job) in jobs.iter().enumerate() {
        let said = super::change::Said::of(at, said);
        let full = &job.full;
        if said.inserted > 0 {
            let rows = counted(said.inserted, "missing row");
            restored.done.push(format!("inserted {rows} into `{full}`"));
        }
        if said.updated > 0 {
            let rows = counted(said.updated, "row");
            restored.done.push(format!(
                "gave {rows} of `{full}` back the values of the backup"
            ));
        }
        if said.moved > 0 {
            let rows = counted(said.moved, "row");
            restored
                .done
                .push(format!("gave {rows} of `{full}` their keys back"));
        }
        restored.left.extend(job.keys_left(&said));
        restored.conflicts.extend(said.again(full));
        restored.left.extend(said.keyless(full));
        restored
            .conflicts
            .extend(said.notes(full, job.is_certain()));
    }
}

/// Says as steps of a plan what psql counted for each table.
pub(super) fn foresee(jobs: &[RowJob], said: &str, plan: &mut RestorePlan) {
    for (at, job) in jobs.iter().enumerate() {
        let said = super::change::Said::of(at, said);
        if said.inserted > 0 {
            plan.steps.push(Step::InsertRows {
                table: job.full.clone(),
                rows: said.inserted,
                conflicts: 0,
            });
        }
        if said.updated > 0 {
            plan.steps.push(Step::UpdateRows {
                table: job.full.clone(),
                columns: job.changed_columns(),
                rows: Some(said.updated),
                conflicts: said.kept,
            });
        }
        if said.moved > 0 {
            plan.steps.push(Step::UpdateRows {
                table: job.full.clone(),
                columns: job.moves.iter().map(|(one, _)| one.clone()).collect(),
                rows: Some(said.moved),
                conflicts: 0,
            });
        }
        plan.left.extend(job.keys_left(&said));
        plan.again += said.kept;
        plan.rows.extend(said.rows(&job.full));
        plan.rows.extend(said.again(&job.full));
        plan.notes.extend(said.notes(&job.full, job.is_certain()));
        plan.left.extend(said.keyless(&job.full));
    }
}

impl RowJob {
    /// Says that rows may stand under keys that are not known.
    fn keys_left(&self, said: &super::change::Said) -> Option<String> {
        let full = &self.full;
        let blind = self.chosen.as_ref().is_some_and(|one| one.blind);
        if self.lost_keys {
            return Some(format!(
                "keys of `{full}`: the call changed them, and to what cannot be computed again"
            ));
        }
        if blind && said.gone > 0 {
            let rows = counted(said.gone, "row");
            return Some(format!(
                "{rows} of `{full}`: not found under the keys of the backup; the call may have changed those"
            ));
        }
        (self.beside && said.inserted > 0).then(|| {
            let rows = counted(said.inserted, "row");
            format!("keys of `{full}`: {rows} came back beside what is there; if the call changed keys, the rows under the new ones have to go")
        })
    }

    /// Tells whether rows that somebody else changed since would have been seen.
    fn is_certain(&self) -> bool {
        !self.after().is_empty() || self.overwrite.len() == self.added
    }

    fn changed_columns(&self) -> Vec<String> {
        match &self.chosen {
            Some(chosen) if !chosen.all => self.overwrite.clone(),
            _ => Vec::new(),
        }
    }
}
