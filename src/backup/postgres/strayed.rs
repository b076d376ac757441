//! What an undo of rows cannot follow, because others have changed the tables since the backup: tables that are gone, and partitions
//! that were taken off while rows moved between them. It is said, never passed over; nothing is changed here.

use std::collections::{BTreeMap, BTreeSet};

use super::chosen::Chosen;
use super::missing::{Both, Missing, lost};
use super::parts::Parts;

/// Returns what is to be said of tables whose rows are wanted.
pub(super) fn said(
    job: &Missing<'_>,
    both: &Both,
    wanted: &BTreeSet<u32>,
    parts: &Parts,
    chosen: &BTreeMap<u32, Chosen>,
) -> Vec<String> {
    let created: BTreeSet<u32> = lost(both).iter().map(|one| one.oid).collect();
    let mut all = Vec::new();
    for table in both.had.iter().filter(|one| wanted.contains(&one.oid)) {
        let lives = both.has.get(&table.name).map(|one| one.kind);
        let holds_rows = table.kind == 'r' || parts.is_whole(table.oid);
        if holds_rows
            && !table.extension
            && lives != Some(table.kind)
            && !created.contains(&table.oid)
        {
            all.push(format!(
                "rows of `{}`: others have dropped or replaced the table since the backup",
                table.full
            ));
        }
        let changes = job.overwrite
            || parts
                .below(table.oid)
                .iter()
                .chain([&table.oid])
                .filter_map(|oid| chosen.get(oid))
                .any(|one| one.all || one.blind || !one.sets.is_empty());
        if table.kind == 'p' && lives == Some('p') && !parts.is_whole(table.oid) && changes {
            all.push(format!(
                "rows that the command moved between partitions of `{}`: others have detached or dropped partitions since the backup",
                table.full
            ));
        }
    }
    all
}
