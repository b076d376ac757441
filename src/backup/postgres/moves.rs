//! Rows whose keys a command changed: found under the new key, given the old one back, and what refers to them with them.
//! Keys whose new values cannot be computed again are not followed; that is said.

use std::collections::BTreeMap;

use super::chosen::Chosen;
use super::links::Link;
use super::missing::Both;
use super::parts::Parts;
use crate::adapters::postgres::session::identifier;

/// Longest chain of references that is followed from changed keys.
const DEPTH: usize = 8;

/// Follows changed columns to the rows that refer to them and were changed along.
pub(super) fn follow(
    both: &Both,
    parts: &Parts,
    links: &[&Link],
    found: &mut BTreeMap<u32, Chosen>,
) {
    for _ in 0..DEPTH {
        let mut more: BTreeMap<u32, Chosen> = BTreeMap::new();
        let changes = |link: &&&Link| matches!(link.on_update.as_str(), "c" | "n" | "d");
        for link in links.iter().filter(changes) {
            let Some(parent) = found.get(&link.parent) else {
                continue;
            };
            let moved = link.parent_columns.iter().any(|column| {
                let column = identifier(column);
                parent.sets.iter().any(|(one, _)| *one == column)
            });
            let child = both.had.iter().find(|one| one.oid == link.child);
            let (true, Some(child)) = (moved && !found.contains_key(&link.child), child) else {
                continue;
            };
            more.entry(link.child)
                .or_insert_with(|| referring(link, &parts.scope(child), parent));
        }
        if more.is_empty() {
            return;
        }
        found.append(&mut more);
    }
}

fn referring(link: &Link, child: &str, parent: &Chosen) -> Chosen {
    let pairs = link.pairs();
    let value = |column: &str| match link.on_update.as_str() {
        "n" => Some("NULL".to_owned()),
        "d" => None,
        _ => {
            let column = identifier(column);
            let set = parent.sets.iter().find(|(one, _)| *one == column);
            let new = match set {
                Some((_, value)) => value.clone()?,
                None => column,
            };
            Some(format!(
                "(SELECT backstop_v FROM (SELECT *, {new} AS backstop_v {}) backstop_p WHERE {pairs})",
                parent.from
            ))
        }
    };
    Chosen {
        from: format!(
            "FROM {child} AS backstop_c WHERE EXISTS (SELECT 1 FROM (SELECT * {}) backstop_p WHERE {pairs})",
            parent.from
        ),
        sets: link
            .child_columns
            .iter()
            .zip(&link.parent_columns)
            .map(|(mine, theirs)| (identifier(mine), value(theirs)))
            .collect(),
        ..Chosen::default()
    }
}

/// One table whose rows stand under other keys, with its rows of the backup at hand.
pub(super) struct Moves<'a> {
    pub at: usize,
    pub full: &'a str,
    /// Its own rows alone, or those of all its partitions too.
    pub of: &'a str,
    pub columns: &'a [String],
    pub key: &'a [String],
    /// For each column of the key that was changed, its number among the copied values.
    pub changed: &'a [(String, usize)],
    /// The server keeps references itself: rows are changed in place.
    pub in_place: bool,
}

impl Moves<'_> {
    /// Returns the key that the command gave, as an expression over a copied row.
    fn given(&self, column: &str, of: &str) -> String {
        match self.changed.iter().find(|(one, _)| one == column) {
            Some((_, number)) => format!("{of}.backstop_m{number}"),
            None => format!("{of}.{column}"),
        }
    }

    fn all(&self, make: impl Fn(&String) -> String, between: &str) -> String {
        self.key.iter().map(make).collect::<Vec<_>>().join(between)
    }

    /// Returns the statements; with `look` they only count.
    pub fn sql(&self, look: bool) -> String {
        let (at, full, of) = (self.at, self.full, self.of);
        let given = self.all(|one| self.given(one, "b"), ", ");
        let old = self.all(|one| format!("b.{one}"), ", ");
        let found = self.all(|one| format!("o.{one} = {}", self.given(one, "b")), " AND ");
        let taken = self.all(|one| format!("t.{one} = b.{one}"), " AND ");
        let mine = self.all(|one| format!("t.{one} = {}", self.given(one, "m")), " AND ");
        // A row that somebody put under the old key since stays.
        let which = format!(
            "{found} AND ROW({given}) IS DISTINCT FROM ROW({old}) AND NOT EXISTS (SELECT 1 FROM {of} t WHERE {taken} \
             AND NOT EXISTS (SELECT 1 FROM pg_temp.backstop_rows m WHERE {mine}))"
        );
        let count = format!(
            "SELECT 'moved', {at}, count(*) FROM {of} o, pg_temp.backstop_rows b WHERE {which};\n"
        );
        if look {
            return count;
        }
        if self.in_place {
            let set = self
                .changed
                .iter()
                .map(|(one, _)| format!("{one} = b.{one}"));
            let set = set.collect::<Vec<_>>().join(", ");
            return format!(
                "{count}UPDATE {of} o SET {set} FROM pg_temp.backstop_rows b WHERE {which};\n{}",
                self.stuck()
            );
        }
        let columns = self.columns.join(", ");
        let picked: Vec<String> = self
            .columns
            .iter()
            .map(|one| match self.key.contains(one) {
                true => format!("b.{one}"),
                false => format!("o.{one}"),
            })
            .collect();
        // All go before any comes: the keys of one may be the old ones of another.
        format!(
            "{count}CREATE TEMP TABLE backstop_moved AS SELECT {}, o.tableoid AS backstop_o, o.ctid AS backstop_c FROM {of} o, pg_temp.backstop_rows b WHERE {which};\n\
             DELETE FROM {of} o USING pg_temp.backstop_moved m WHERE o.ctid = m.backstop_c AND o.tableoid = m.backstop_o;\n\
             INSERT INTO {full} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM pg_temp.backstop_moved;\n\
             DROP TABLE pg_temp.backstop_moved;\n{}",
            picked.join(", "),
            self.stuck()
        )
    }

    /// Counts the rows that still stand under the keys that the command gave.
    fn stuck(&self) -> String {
        let given = self.all(|one| self.given(one, "b"), ", ");
        let old = self.all(|one| format!("b.{one}"), ", ");
        let found = self.all(|one| format!("o.{one} = {}", self.given(one, "b")), " AND ");
        let mine = self.all(|one| format!("m.{one} = o.{one}"), " AND ");
        format!(
            "SELECT 'stuck', {}, count(*) FROM {} o, pg_temp.backstop_rows b WHERE {found} AND ROW({given}) IS DISTINCT FROM ROW({old}) \
             AND NOT EXISTS (SELECT 1 FROM pg_temp.backstop_rows m WHERE {mine});\n",
            self.at, self.of
        )
    }
}
