//! Foreign keys of a backup, and the order of tables in which parents come before their children.
//! Which rows they lead to is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::missing::Both;
use super::snapshot::{Relation, fault, number, text};
use crate::adapters::postgres::session::identifier;
use crate::backup::error::BackupError;

/// A foreign key of the backup: child, parent, what a deletion does, and the names to compare.
pub(super) struct Link {
    pub child: u32,
    pub parent: u32,
    pub act: String,
    /// What a change of the parent's key does.
    pub on_update: String,
    pub name: String,
    /// The server's own copy for one partition of the parent: the key itself speaks of all of them.
    pub copy: bool,
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

pub(super) fn read(both: &mut Both) -> Result<Vec<Link>, BackupError> {
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

/// Orders tables so that parents come first; tables in a circle come in any order.
pub(super) fn parents_first(tables: &[Relation], links: &[Link]) -> Vec<Relation> {
    let (order, ring) = ordered(tables, links);
    let by_oid: BTreeMap<u32, &Relation> = tables.iter().map(|one| (one.oid, one)).collect();
    let all = order.iter().chain(&ring);
    all.filter_map(|oid| by_oid.get(oid).copied().cloned())
        .collect()
}

/// Returns the tables that refer to each other in a circle, or hang on one.
pub(super) fn circle(tables: &[Relation], links: &[Link]) -> BTreeSet<u32> {
    ordered(tables, links).1
}

/// Returns tables with parents first, and those of which none comes first.
fn ordered(tables: &[Relation], links: &[Link]) -> (Vec<u32>, BTreeSet<u32>) {
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
    let ring = among.difference(&placed).copied().collect();
    (order, ring)
}
