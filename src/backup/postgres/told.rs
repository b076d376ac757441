//! What an undo of rows says: done, foreseen, and left, from what the statements of each table counted.
//! Nothing is asked of a server here.

use std::collections::BTreeSet;

use super::change::Said;
use super::reach::unquoted;
use super::rows::RowJob;
use crate::plan::restore::{RestorePlan, Restored, Step, counted};

/// Returns the tables that got rows, or other values.
pub(super) fn changed(jobs: &[RowJob], said: &str) -> BTreeSet<String> {
    let of = |at: usize| Said::of(at, said);
    let jobs = jobs.iter().enumerate();
    jobs.filter(|(at, _)| of(*at).changed())
        .map(|(_, job)| job.full.clone())
        .collect()
}

/// Puts what psql said about each table into the report.
pub(super) fn report(jobs: &[RowJob], said: &str, restored: &mut Restored) {
    for (at, job) in jobs.iter().enumerate() {
        let said = Said::of(at, said);
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
        restored.left.extend(job.not_as_before(&said));
        let notes = said.notes(full, job.is_certain(), job.stands_elsewhere(&said));
        restored.conflicts.extend(notes);
    }
}

/// Says as steps of a plan what psql counted for each table.
pub(super) fn foresee(jobs: &[RowJob], said: &str, plan: &mut RestorePlan) {
    for (at, job) in jobs.iter().enumerate() {
        let said = Said::of(at, said);
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
        let notes = said.notes(&job.full, job.is_certain(), job.stands_elsewhere(&said));
        plan.notes.extend(notes);
        plan.left.extend(said.keyless(&job.full));
        plan.left.extend(job.not_as_before(&said));
    }
}

impl RowJob {
    /// Says that rows may stand under keys that are not known.
    fn keys_left(&self, said: &Said) -> Option<String> {
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

    /// Tells whether rows that stand with other values took the place of those that the call deleted.
    fn stands_elsewhere(&self, said: &Said) -> bool {
        match &self.chosen {
            Some(one) => one.deletes && !one.all && one.sets.is_empty(),
            // Of rows that are not known one by one all are gone when none is there as it was.
            None => self.overwrite.is_empty() && (self.emptied || self.named && said.same == 0),
        }
    }

    /// Says which rows and values the closing check did not find as in the backup.
    fn not_as_before(&self, said: &Said) -> Vec<String> {
        let full = &self.full;
        let mut left = Vec::new();
        if self.stands_elsewhere(said) && said.differ > 0 {
            let rows = counted(said.differ, "row");
            left.push(format!(
                "{rows} of `{full}`: another row stands under its key"
            ));
        }
        if said.out > 0 {
            let rows = counted(said.out, "row");
            left.push(match self.key.is_empty() {
                true => format!(
                    "{rows} of `{full}`: not there as in the backup; the table has no key to find a row that others changed since, or a trigger or rule keeps it out"
                ),
                false => format!(
                    "{rows} of `{full}`: a trigger, a rule or a policy of the table keeps them out"
                ),
            });
        }
        let before = match self.overwrite.len() == self.added {
            true => said.differ,
            false => said.kept,
        };
        let still = said.still.saturating_sub(before);
        if still > 0 {
            let rows = counted(still, "row");
            left.push(format!(
                "{rows} of `{full}`: a trigger, a rule or a policy of the table keeps the values of the backup out"
            ));
        }
        if said.stuck > 0 {
            let rows = counted(said.stuck, "row");
            left.push(format!(
                "keys of `{full}`: {rows} under the keys that the call gave; another row stands under the old one, or a trigger or rule keeps it out"
            ));
        }
        let gone = self.chosen.iter().flat_map(|_| &self.dropped);
        left.extend(gone.map(|column| {
            format!("values of `{}` of `{full}`: others have dropped or renamed the column since the backup", unquoted(column))
        }));
        for (at, one) in self.watched.iter().enumerate() {
            let count = said.watched.get(&at).copied().unwrap_or_default();
            // Rows that are not there at all have been told without their columns.
            if count > 0 && !(self.key.is_empty() && said.out > 0) {
                left.push(one.left(full, count));
            }
        }
        left
    }
}
