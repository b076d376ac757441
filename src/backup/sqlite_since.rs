//! What others have done to the tables of a living SQLite database since the backup, as a restore tells it.
//! It counts and says; nothing is changed here.

use std::collections::BTreeMap;

use super::error::BackupError;
use super::sqlite_restore::Living;
use super::sqlite_table::Table;
use crate::adapters::sqlite::quote;
use crate::plan::restore::{Step, counted};

impl Living {
    /// Says of a table whose rows are told by their keys that it has these no longer.
    pub(super) fn lacks_key(&self, name: &str) -> Result<Option<String>, BackupError> {
        let table = self.table(name)?;
        let gone: Vec<&str> = table
            .key
            .iter()
            .filter(|one| table.lacks(one))
            .map(String::as_str)
            .collect();
        let chosen = self.chosen.contains_key(&name.to_lowercase());
        Ok((chosen && !gone.is_empty()).then(|| {
            format!(
                "the rows of `{name}`: others have dropped or renamed its key since ({})",
                gone.join(", ")
            )
        }))
    }

    /// Says what of a table that is replaced is not in the backup: columns, rows, and values.
    pub(super) fn not_kept(&self, name: &str) -> Result<Vec<String>, BackupError> {
        let table = self.table(name)?;
        let mut said = Vec::new();
        for (column, _) in self.columns("main", name)? {
            let had = |one: &String| one.eq_ignore_ascii_case(&column);
            if !table.columns.iter().any(had) {
                said.push(format!(
                    "column `{column}` of `{name}` is not in the backup and not kept: only the state that is saved before has it"
                ));
            }
        }
        let later = self.later_rows(&table)?;
        said.extend((later > 0).then(|| {
            let (rows, go) = match later {
                1 => ("1 row".to_owned(), "is"),
                many => (format!("{many} rows"), "are"),
            };
            format!("{rows} of `{name}` {go} not in the backup and not kept: only the state that is saved before has them")
        }));
        let both: Vec<String> = table
            .columns
            .iter()
            .filter(|one| !table.lacks(one))
            .map(|one| quote(one))
            .collect();
        if both.is_empty() {
            return Ok(said);
        }
        let (both, table) = (both.join(", "), quote(name));
        let other = self.count(&format!(
            "(SELECT {both} FROM main.{table} EXCEPT SELECT {both} FROM old.{table})"
        ))?;
        let changed = other.saturating_sub(later);
        said.extend((changed > 0).then(|| {
            let rows = counted(changed, "row");
            format!("{rows} of `{name}` with values that are not in the backup, which are not kept: only the state that is saved before has them")
        }));
        Ok(said)
    }

    /// Counts the rows that are not in the backup, as far as their keys tell.
    fn later_rows(&self, table: &Table) -> Result<u64, BackupError> {
        if table.key.is_empty() || table.key.iter().any(|one| table.lacks(one)) {
            return Ok(0);
        }
        let same: Vec<String> = table
            .key
            .iter()
            .map(|key| format!("o.{0} IS n.{0}", quote(key)))
            .collect();
        self.count(&format!(
            "main.{0} AS n WHERE NOT EXISTS (SELECT 1 FROM old.{0} AS o WHERE {1})",
            quote(&table.name),
            same.join(" AND ")
        ))
    }

    /// Counts, by table and parent, the rows of the tables of these steps whose foreign key leads nowhere.
    pub(super) fn hanging(&self, steps: &[Step]) -> BTreeMap<(String, String), u64> {
        let mut found = BTreeMap::new();
        for step in steps {
            let (Step::InsertRows { table, .. }
            | Step::UpdateRows { table, .. }
            | Step::ReplaceTable { table, .. }) = step
            else {
                continue;
            };
            let text = "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check(?1) GROUP BY 1, 2";
            // A key that does not fit its parent says nothing about rows.
            let Ok(mut query) = self.connection.prepare(text) else {
                continue;
            };
            let rows = query.query_map([table], |row| {
                Ok(((row.get(0)?, row.get(1)?), row.get::<_, i64>(2)?))
            });
            for (tables, count) in rows.into_iter().flatten().flatten() {
                found.insert(tables, u64::try_from(count).unwrap_or(0));
            }
        }
        found
    }
}

/// Returns the sentence for a step that was done, with the rows that it really put back; none where it put back none.
pub(super) fn as_done(step: &Step, rows: Option<u64>) -> Option<String> {
    let mut step = step.clone();
    match (&mut step, rows) {
        (_, Some(0)) => return None,
        (Step::InsertRows { rows, .. }, Some(now)) => *rows = now,
        (Step::UpdateRows { rows, .. }, Some(now)) => *rows = Some(now),
        _ => {}
    }
    Some(step.sentence())
}
