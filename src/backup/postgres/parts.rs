//! Partitioned tables whose rows are looked at as one table: a row that a call changed may lie in another partition since.
//! Where partitions were lost or taken off since the backup each is looked at alone; no row is read here.

use std::collections::{BTreeMap, BTreeSet};

use super::missing::Both;
use super::scan::Name;
use super::snapshot::{Relation, fault, number, text};
use crate::adapters::postgres::session::{Session, identifier, literal};
use crate::backup::error::BackupError;

/// One partitioned table that is looked at as a whole.
#[derive(Debug)]
struct Whole {
    /// Columns that find a row in all of it; none where a partition has no key either.
    key: Vec<String>,
    below: BTreeSet<u32>,
}

/// Which tables inherit from which, and which partitioned ones are whole.
#[derive(Debug, Default)]
pub(super) struct Parts {
    heirs: BTreeMap<u32, BTreeSet<u32>>,
    whole: BTreeMap<u32, Whole>,
    /// The rows of the backup lie in copies beside the living tables.
    copied: bool,
}

impl Parts {
    pub fn read(both: &mut Both, copied: bool) -> Result<Self, BackupError> {
        let had = edges(both.scratch.as_mut())?;
        let has: BTreeSet<(Name, Name)> = edges(both.live.as_mut())?
            .into_iter()
            .map(|(_, names)| names)
            .collect();
        let mut below: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for ((parent, child), _) in &had {
            below.entry(*parent).or_default().insert(*child);
        }
        let mut parts = Self {
            copied,
            ..Self::default()
        };
        for parent in below.keys() {
            parts.heirs.insert(*parent, all_below(*parent, &below));
        }
        let tables: Vec<Relation> = both
            .had
            .iter()
            .filter(|one| one.kind == 'p')
            .cloned()
            .collect();
        for table in tables {
            let below = parts.below(table.oid);
            if !is_as_it_was(both, &table, &below, &had, &has) {
                continue;
            }
            if let Some(key) = key(both, &table)? {
                parts.whole.insert(table.oid, Whole { key, below });
            }
        }
        Ok(parts)
    }

    /// Returns what inherits from a table, at all depths.
    pub fn below(&self, table: u32) -> BTreeSet<u32> {
        self.heirs.get(&table).cloned().unwrap_or_default()
    }

    pub fn is_whole(&self, table: u32) -> bool {
        self.whole.contains_key(&table)
    }

    /// Returns the columns that find a row in a whole table.
    pub fn key(&self, table: u32) -> Option<&[String]> {
        self.whole.get(&table).map(|one| one.key.as_slice())
    }

    /// Tells whether a table is a partition of one that is looked at as a whole.
    pub fn is_inside(&self, table: u32) -> bool {
        self.whole.values().any(|one| one.below.contains(&table))
    }

    /// Tells whether the rows of the backup lie in copies beside the living tables.
    pub const fn copied(&self) -> bool {
        self.copied
    }

    /// Returns how the rows that a table had are named.
    pub fn scope(&self, table: &Relation) -> String {
        match self.copied {
            true => super::copies::name(table.oid),
            false => self.living(table),
        }
    }

    /// Returns how the rows of a living table are named: its own alone, or those of all its partitions.
    pub fn living(&self, table: &Relation) -> String {
        match self.is_whole(table.oid) {
            true => table.full.clone(),
            false => format!("ONLY {}", table.full),
        }
    }

    /// Takes the partitions out of a list that has the whole table; those that were named by themselves stay.
    pub fn fold(&self, wanted: &mut BTreeSet<u32>, named: impl Fn(u32) -> bool) {
        let inner: BTreeSet<u32> = wanted
            .iter()
            .filter_map(|oid| self.whole.get(oid))
            .flat_map(|one| one.below.iter().copied())
            .filter(|oid| !named(*oid))
            .collect();
        wanted.retain(|oid| !inner.contains(oid));
    }
}

type Edge = ((u32, u32), (Name, Name));

fn edges(session: &mut dyn Session) -> Result<Vec<Edge>, BackupError> {
    let rows = session
        .rows(
            "SELECT i.inhparent, i.inhrelid, pn.nspname, p.relname, cn.nspname, c.relname FROM pg_inherits i \
             JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace \
             JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace WHERE p.relkind IN ('r', 'p', 'f')",
        )
        .map_err(fault)?;
    let edge = |row: &Vec<Option<String>>| {
        let parent = (text(row, 2), text(row, 3));
        let child = (text(row, 4), text(row, 5));
        ((number(row, 0), number(row, 1)), (parent, child))
    };
    Ok(rows.iter().map(edge).collect())
}

fn all_below(table: u32, children: &BTreeMap<u32, BTreeSet<u32>>) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    let mut waiting = vec![table];
    while let Some(one) = waiting.pop() {
        for child in children.get(&one).into_iter().flatten() {
            if all.insert(*child) {
                waiting.push(*child);
            }
        }
    }
    all
}

/// Tells whether a living table has the partitions of the backup, none of them elsewhere; ones that were added since only hold more rows.
fn is_as_it_was(
    both: &Both,
    table: &Relation,
    below: &BTreeSet<u32>,
    had: &[Edge],
    has: &BTreeSet<(Name, Name)>,
) -> bool {
    let is_mine = |oid: &u32| *oid == table.oid || below.contains(oid);
    let mine: BTreeSet<&(Name, Name)> = had
        .iter()
        .filter(|((parent, _), _)| is_mine(parent))
        .map(|(_, names)| names)
        .collect();
    let inside: BTreeSet<&Name> = both
        .had
        .iter()
        .filter(|one| is_mine(&one.oid))
        .map(|one| &one.name)
        .collect();
    let now: BTreeSet<&(Name, Name)> = has
        .iter()
        .filter(|(parent, _)| inside.contains(parent))
        .collect();
    let lives = |one: &Relation| {
        let kind = both.has.get(&one.name).map(|live| live.kind);
        kind == Some(one.kind) && one.kind != 'f'
    };
    mine.is_subset(&now) && both.had.iter().filter(|one| is_mine(&one.oid)).all(lives)
}

/// Returns the key of a whole table: its own, or that of its partitions with the columns that tell them apart.
/// Nothing where the partitions have keys that do not find a row in all of it.
fn key(both: &mut Both, table: &Relation) -> Result<Option<Vec<String>>, BackupError> {
    let best = "(SELECT array_agg(a.attname ORDER BY a.attname) FROM (SELECT i.indkey, i.indrelid FROM pg_index i WHERE i.indrelid = t.relid \
         AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey) k \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k WHERE NOT a.attnotnull) ORDER BY i.indisprimary DESC, i.indnatts LIMIT 1) x \
         JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey))";
    let split = "(SELECT CASE WHEN bool_and(coalesce(a.attnotnull, false)) THEN json_agg(a.attname) END FROM pg_partitioned_table p \
         CROSS JOIN unnest(p.partattrs::int2[]) n LEFT JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = n AND n > 0 WHERE p.partrelid = t.relid)";
    let rows = both
        .live
        .rows(&format!(
            "SELECT t.level, t.isleaf, to_json({best}), {split} FROM pg_partition_tree({}::regclass) t ORDER BY t.level",
            literal(&table.full)
        ))
        .map_err(fault)?;
    let list = |text: String| serde_json::from_str::<Vec<String>>(&text).unwrap_or_default();
    let quoted = |all: BTreeSet<String>| all.iter().map(|one| identifier(one)).collect();
    let own = rows.iter().find(|row| number::<u32>(row, 0) == 0);
    let own: BTreeSet<String> = own
        .map(|row| list(text(row, 2)))
        .into_iter()
        .flatten()
        .collect();
    if !own.is_empty() {
        return Ok(Some(quoted(own)));
    }
    let leaves: BTreeSet<Vec<String>> = rows
        .iter()
        .filter(|row| text(row, 1) == "t" && number::<u32>(row, 0) > 0)
        .map(|row| list(text(row, 2)))
        .collect();
    if leaves.iter().any(Vec::is_empty) || leaves.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let splits: Vec<Vec<String>> = rows
        .iter()
        .filter(|row| text(row, 1) != "t")
        .map(|row| list(text(row, 3)))
        .collect();
    if leaves.len() != 1 || splits.iter().any(Vec::is_empty) {
        return Ok(None);
    }
    Ok(Some(quoted(
        leaves
            .into_iter()
            .flatten()
            .chain(splits.into_iter().flatten())
            .collect(),
    )))
}
