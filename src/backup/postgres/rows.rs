//! Inserts rows that a living table lacks: parents before children, by key where there is one, else as whole rows.
//! Rows that differ are counted and stay; user triggers stay quiet and foreign keys are checked before the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Instant;

use super::chosen::{self, Chosen};
use super::closing::{self, Watched};
use super::columns::{self, Column};
use super::copies::Copies;
use super::links::{self, Link, parents_first};
use super::load::io;
use super::missing::{Both, ENCODING, Missing, feed};
use super::parts::Parts;
use super::scan::Name;
use super::snapshot::{Relation, fault, number, text};
use super::strayed;
use crate::adapters::postgres::session::{identifier, literal};
use crate::adapters::tools::Program;
use crate::backup::error::BackupError;

const CHUNK: usize = 1 << 18;
/// Views over views that are followed.
const VIEWS_DEEP: usize = 8;

/// What is to be done for one living table.
#[derive(Debug)]
pub(super) struct RowJob {
    pub full: String,
    /// Its own rows alone (`ONLY shop.t`), or those of all its partitions too.
    of: String,
    /// All rows of the backup, as a SELECT names them.
    had: String,
    /// They lie in a copy beside the living table.
    copied: bool,
    /// Quoted names of the columns that can be written.
    pub columns: Vec<String>,
    pub key: Vec<String>,
    /// Sequence, its value in the backup, and whether it was called.
    sequences: Vec<(String, String, String)>,
    /// Conditions that find a row without its parent, by name of the foreign key.
    orphans: Vec<(String, String)>,
    quiet: bool,
    /// Columns that get the values of the backup in rows that are there.
    pub overwrite: Vec<String>,
    /// The rows that were lost, where they are known; otherwise all are compared.
    pub chosen: Option<Chosen>,
    /// How many of `overwrite` are columns that were lost and are added again: nobody can have changed those.
    pub added: usize,
    /// Rows that were changed again get the values of the backup too.
    over: bool,
    /// Columns of the key that were changed, with the values that the command gave them.
    pub moves: Vec<(String, String)>,
    /// Keys were changed in a way that cannot be followed.
    pub lost_keys: bool,
    /// Rows were changed that are not known one by one: with new keys they stand beside the old ones.
    pub beside: bool,
    /// The call named the table, and more than that is not known of the rows that it took.
    pub named: bool,
    /// None of its rows stayed.
    pub emptied: bool,
    /// Columns that may not hold the values of the backup any more.
    pub watched: Vec<Watched>,
    /// Columns that the call changed, or may have, and that the living table has no longer.
    pub dropped: Vec<String>,
}

/// Finds the tables whose rows may be missing and puts them into an order, parents first; with what cannot be followed.
pub(super) fn work(
    job: &Missing<'_>,
    both: &mut Both,
    lost: &[Column],
) -> Result<(Vec<RowJob>, Copies, Vec<String>), BackupError> {
    let links = links::read(both)?;
    let names: BTreeMap<u32, Name> = both
        .had
        .iter()
        .map(|one| (one.oid, one.name.clone()))
        .collect();
    let parts = Parts::read(both, job.copies.is_some())?;
    let behind = behind(job, both)?;
    let mut chosen = chosen::chosen(job, both, &links, &parts, &behind)?;
    let mut wanted = with_children(job, both, &behind, &links, &parts, &chosen);
    let strayed = strayed::said(job, both, &wanted, &parts, &chosen);
    let added = added(both, &parts, lost);
    let gave = values_of_columns(both, &parts, &added);
    let without = without(job, both, lost)?;
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
    let copies = copies(job, both, &parts, &tables, &chosen)?;
    let superuser = super::quiet::is_superuser(both)?;
    let all: Vec<Name> = names.values().cloned().collect();
    let emptied = job.emptied.iter();
    let emptied: BTreeSet<Name> = emptied
        .flat_map(|one| super::names::resolve(&all, one))
        .collect();
    let mut jobs = Vec::new();
    for table in parents_first(&tables, &links) {
        let added = added.get(&table.oid).map_or(&[][..], Vec::as_slice);
        let about = (&links[..], &names, &parts);
        if let Some(mut one) = row_job(both, &table, about, (superuser, job.look), added)? {
            one.named = job.follow && !job.redefine && job.wanted.contains(&table.name);
            one.emptied = job.follow && emptied.contains(&table.name);
            let chosen = chosen.remove(&table.oid);
            let back = job.undone || without.contains(&table.name);
            let own = job.columns_only && back;
            bounded((job, own), both, &mut one, chosen, gave.get(&table.oid))?;
            jobs.push(one);
        }
    }
    Ok((jobs, copies, strayed))
}

/// Tables to which columns come back.
fn without(
    job: &Missing<'_>,
    both: &mut Both,
    lost: &[Column],
) -> Result<BTreeSet<Name>, BackupError> {
    // A plan has no columns yet into which values would go.
    let all = match job.look && job.columns_only {
        true => columns::lost(job, both)?,
        false => lost.to_vec(),
    };
    Ok(all.into_iter().map(|one| one.table).collect())
}

/// The copies that take the place of a scratch database: of every table that is looked at, or asked on the way to one.
fn copies(
    job: &Missing<'_>,
    both: &Both,
    parts: &Parts,
    tables: &[Relation],
    chosen: &BTreeMap<u32, Chosen>,
) -> Result<Copies, BackupError> {
    let mut copies = Copies::default();
    if job.copies.is_none() {
        return Ok(copies);
    }
    let copied = |one: &&Relation| tables.contains(one) || chosen.contains_key(&one.oid);
    for table in both.had.iter().filter(copied) {
        let below = match parts.is_whole(table.oid) {
            true => parts.below(table.oid),
            false => BTreeSet::new(),
        };
        let inside = both.had.iter().filter(|one| below.contains(&one.oid));
        copies.add(table, &inside.collect::<Vec<_>>())?;
    }
    Ok(copies)
}

/// Bounds the work on one table to the rows that were lost, as far as they are known.
fn bounded(
    (job, columns_only): (&Missing<'_>, bool),
    both: &mut Both,
    one: &mut RowJob,
    chosen: Option<Chosen>,
    gave: Option<&Chosen>,
) -> Result<(), BackupError> {
    one.over = job.over;
    one.watch(chosen.as_ref());
    match (chosen, gave) {
        (Some(chosen), _) => one.only(both, chosen),
        (None, Some(gave)) if one.key.is_empty() => {
            let deletes = true;
            let chosen = Chosen {
                deletes,
                ..gave.clone()
            };
            one.only(both, chosen)
        }
        (None, _) if job.overwrite && !columns_only => {
            one.beside = job.follow && !job.redefine && !one.key.is_empty();
            one.overwrite_all(both)
        }
        (None, _) => Ok(()),
    }
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

/// Conditions that find a row of a table without its parent, by name of the foreign key.
fn orphans(table: &Relation, links: &[Link], names: &BTreeMap<u32, Name>) -> Vec<(String, String)> {
    links
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
        .collect()
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
    let watched = closing::watched(both, &table.full, &added, parts.copied())?;
    let mut had = columns(both, &table.full, false)?;
    had.extend(closing::written_now(&watched));
    let absent = |column: &str| !live.contains_key(column) && !added.contains(column);
    let dropped = had.iter().map(|(column, _)| column);
    let dropped =
        dropped.filter(|one| absent(one) && watched.iter().all(|seen| seen.name != **one));
    let dropped = dropped.map(|one| identifier(one)).collect();
    let columns: Vec<String> = had
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
    let mut orphans = orphans(table, links, names);
    // A foreign key that others dropped binds nobody any more.
    let keys = both.live.rows(&format!(
        "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = {}::regclass",
        literal(&table.full)
    ));
    let keys: BTreeSet<String> = keys
        .map_err(fault)?
        .iter()
        .map(|row| text(row, 0))
        .collect();
    orphans.retain(|(name, _)| keys.contains(name));
    Ok(Some(RowJob {
        full: table.full.clone(),
        of: parts.living(table),
        had: parts.scope(table),
        copied: parts.copied(),
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
        named: false,
        emptied: false,
        watched,
        dropped,
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
    /// Tells whether rows of all its partitions are looked at.
    pub(super) fn is_whole(&self) -> bool {
        self.of == self.full
    }

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
        self.drop_only(&chosen);
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
    pub(super) fn after(&self) -> Vec<&str> {
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
        for (number, one) in self.seen(job.look) {
            copied.push(one.empty(number));
            columns.push(closing::name(number));
        }
        text.push_str(&format!(
            "CREATE TEMP TABLE backstop_rows AS SELECT {} FROM {full} WITH NO DATA;\n",
            copied.join(", ")
        ));
        feed(psql, &text)?;
        self.fill(job, &columns, psql)?;
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
        let watched: Vec<(usize, &Watched)> = self.seen(job.look).collect();
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
            watched: &watched,
        };
        feed(psql, &change.sql(job.look))?;
        if !job.look {
            feed(psql, &self.afterwards())?;
        }
        Ok(())
    }

    /// Brings the rows of the backup to hand.
    fn fill(
        &self,
        job: &Missing<'_>,
        columns: &[String],
        psql: &mut Box<dyn Program>,
    ) -> Result<(), BackupError> {
        if self.copied {
            return feed(psql, &self.take(job.look, columns));
        }
        let columns = columns.join(", ");
        feed(
            psql,
            &format!("COPY pg_temp.backstop_rows ({columns}) FROM stdin;\n"),
        )?;
        self.copy(job, psql)
    }

    /// The lost rows with what the command made of them.
    fn select(&self, look: bool) -> String {
        let from = match &self.chosen {
            Some(chosen) => chosen.from.clone(),
            None => format!("FROM {}", self.had),
        };
        let mut picked = self.columns.clone();
        picked.extend(self.after().iter().map(|one| (*one).to_owned()));
        picked.extend(self.moves.iter().map(|(_, value)| value.clone()));
        picked.extend(self.seen(look).map(|(_, one)| one.picked()));
        format!("SELECT {} {from}", picked.join(", "))
    }

    /// Takes the lost rows out of the copy.
    fn take(&self, look: bool, columns: &[String]) -> String {
        format!(
            "SET LOCAL search_path = {};\nINSERT INTO pg_temp.backstop_rows ({}) {};\nSET LOCAL search_path = pg_catalog;\n",
            chosen::OWN_PATH,
            columns.join(", "),
            self.select(look)
        )
    }

    /// Takes what the backup says of the sequences of the table.
    pub(super) fn with_sequences(&mut self, said: &BTreeMap<String, (String, String)>) {
        for (name, value, called) in &mut self.sequences {
            if let Some((had, was)) = said.get(name) {
                value.clone_from(had);
                called.clone_from(was);
            }
        }
    }

    /// Streams the rows of the scratch database; the block is closed only when all of them came.
    fn copy(&self, job: &Missing<'_>, psql: &mut Box<dyn Program>) -> Result<(), BackupError> {
        let mut args = ["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-c"]
            .map(str::to_owned)
            .to_vec();
        args.extend([ENCODING.to_owned(), "-c".to_owned()]);
        if self.chosen.is_some() {
            let path = format!("SET search_path = {}", chosen::OWN_PATH);
            args.extend([path, "-c".to_owned()]);
        }
        args.push(format!("COPY ({}) TO STDOUT", self.select(job.look)));
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
                "SELECT 'sequence', setval({}, greatest(s.last_value, {value}), CASE WHEN s.last_value > {value} THEN s.is_called ELSE s.is_called AND s.last_value = {value} OR {1} END) FROM {name} s \
                 WHERE s.last_value < {value} OR s.last_value = {value} AND NOT s.is_called AND {1};\n",
                literal(name),
                literal(called)
            ));
        }
        if self.quiet {
            text.push_str("SET LOCAL session_replication_role = origin;\n");
            for (name, condition) in &self.orphans {
                let message = literal(&format!(
                    "rows of {full} would have no parent (foreign key {name}): others have removed rows to which it leads since, which have to come back first"
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
