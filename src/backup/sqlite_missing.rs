//! Missing rows of a SQLite backup, as they go back into a living table: under their own number, or under another where theirs was handed out again.
//! Rows that are there are not touched; changed rows are the business of `sqlite_chosen`.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::BackupError;
use super::sqlite::failed;
use super::sqlite_restore::Living;
use super::sqlite_table::Table;
use crate::adapters::sqlite::quote;
use crate::plan::restore::{RestorePlan, Restored, Step, counted};

/// Most conflicting rows that are listed for one table.
const MAX_LISTED: u32 = 10;

impl Living {
    pub(super) fn missing_rows(
        &self,
        name: &str,
        plan: &mut RestorePlan,
    ) -> Result<Option<Step>, BackupError> {
        let table = self.table(name)?;
        let here: BTreeSet<String> = self
            .columns("main", name)?
            .into_iter()
            .map(|(name, _)| name.to_lowercase())
            .collect();
        let gone: Vec<&str> = table
            .columns
            .iter()
            .filter(|column| !here.contains(&column.to_lowercase()))
            .map(String::as_str)
            .collect();
        if !gone.is_empty() {
            plan.left.push(format!(
                "the rows of `{name}`: the table there now lacks the columns {}; `backstop restore {} --table {}` brings it back as it was",
                gone.join(", "),
                plan.backup,
                crate::backup::files::quoted(Path::new(name))
            ));
            return Ok(None);
        }
        let mut rows = self.count(&table.missing())?;
        let mut conflicts = self.count(&table.differing())?;
        if self.renumbers(&table) {
            rows += self.number(&table.owed_rows())?;
            conflicts = 0;
        }
        Ok((rows > 0 || conflicts > 0).then(|| Step::InsertRows {
            table: name.to_owned(),
            rows,
            conflicts,
        }))
    }

    /// Tells whether all rows that a restore looks at were taken away for sure, and changed in no other way.
    fn took(&self, table: &Table) -> bool {
        let name = table.name.to_lowercase();
        let chosen = self.chosen.get(&name);
        self.emptied.contains(&name)
            || chosen.is_some_and(|chosen| chosen.deletes && !chosen.changes())
    }

    /// Tells whether rows come back under another number where theirs was handed out again.
    fn renumbers(&self, table: &Table) -> bool {
        table.key.is_empty() && (table.rowid.is_none() || self.took(table))
    }

    pub(super) fn insert(&self, name: &str, restored: &mut Restored) -> Result<u64, BackupError> {
        let said = failed("insert rows");
        if self.is_virtual(name)? && self.is_only_less(name)? {
            self.copy_shadows(name)?;
            return self.count(&format!("old.{}", quote(name)));
        }
        let table = self.table(name)?;
        if !self.renumbers(&table) {
            self.list_conflicts(&table, restored)?;
        }
        let wanted = self.count(&table.missing())?;
        let is_virtual = self.is_virtual(name)?;
        let mut inserted = 0_u64;
        for (into, select) in table.inserts() {
            inserted += match is_virtual {
                true => self.insert_read(&into, &select).map_err(&said)?,
                false => {
                    let text = format!("{into} {select}");
                    self.connection.execute(&text, []).map_err(&said)? as u64
                }
            };
        }
        let mut owed = 0;
        if self.renumbers(&table) {
            owed = self.number(&table.owed_rows())?;
        }
        if owed > 0 {
            let (into, select) = table.renumbering();
            inserted += self.insert_read(&into, &select).map_err(&said)?;
        }
        let lost = (wanted + owed).saturating_sub(inserted);
        if lost > 0 {
            restored.left.push(format!(
                "{} of `{name}`: rows that are there now clash with them; the backup holds them",
                counted(lost, "row")
            ));
        }
        Ok(inserted)
    }

    /// Inserts what a query finds, all of which is read first: the query looks at the table that is written to, and some modules refuse both at once.
    fn insert_read(&self, into: &str, select: &str) -> rusqlite::Result<u64> {
        let run = |text: &str| self.connection.execute(text, []);
        run(&format!("CREATE TEMP TABLE \"backstop rows\" AS {select}"))?;
        let inserted = run(&format!("{into} SELECT * FROM temp.\"backstop rows\""));
        run("DROP TABLE temp.\"backstop rows\"")?;
        inserted.map(|rows| rows as u64)
    }

    fn list_conflicts(&self, table: &Table, restored: &mut Restored) -> Result<(), BackupError> {
        let said = failed("compare rows");
        let key = match (table.key.is_empty(), table.rowid) {
            (true, Some(rowid)) => format!("o.{rowid}"),
            (true, None) => return Ok(()),
            (false, _) => table
                .key
                .iter()
                .map(|column| format!("coalesce(o.{}, 'NULL')", quote(column)))
                .collect::<Vec<_>>()
                .join(" || ', ' || "),
        };
        let text = format!(
            "SELECT cast({key} AS TEXT) FROM {} LIMIT {MAX_LISTED}",
            table.differing()
        );
        let mut query = self.connection.prepare(&text).map_err(&said)?;
        let keys = query
            .query_map([], |row| row.get::<_, Option<String>>(0))
            .map_err(&said)?
            .collect::<rusqlite::Result<Vec<_>>>()
            .map_err(&said)?;
        let rest = match self.took(table) {
            true => self
                .count(&table.differing())?
                .saturating_sub(keys.len() as u64),
            false => 0,
        };
        for key in keys {
            let key = key.unwrap_or_default();
            let name = &table.name;
            // What was taken away has not come back when something else stands under its key.
            match self.took(table) {
                true => restored.left.push(format!(
                    "row {key} of `{name}`: another row stands under its key by now, and stays; the backup holds the old one"
                )),
                false => restored.conflicts.push(format!(
                    "row {key} of `{name}` is there with other values and was left as it is"
                )),
            }
        }
        if rest > 0 {
            restored.left.push(format!(
                "{rest} more of `{}`, under whose keys other rows stand",
                table.name
            ));
        }
        Ok(())
    }

    /// Lets AUTOINCREMENT go on where the backup had got to, never lower.
    pub(super) fn sequences(&self) -> Result<(), BackupError> {
        if !self.has_sequences("old")? || !self.has_sequences("main")? {
            return Ok(());
        }
        self.connection
            .execute_batch(
                "UPDATE main.sqlite_sequence SET seq = max(seq, (SELECT o.seq FROM old.sqlite_sequence o WHERE o.name = main.sqlite_sequence.name))
                   WHERE name IN (SELECT name FROM old.sqlite_sequence);
                 INSERT INTO main.sqlite_sequence(name, seq) SELECT name, seq FROM old.sqlite_sequence
                   WHERE name NOT IN (SELECT name FROM main.sqlite_sequence) AND name IN (SELECT name FROM main.sqlite_master WHERE type = 'table')",
            )
            .map_err(failed("set the sequences"))
    }

    pub(super) fn has_sequences(&self, schema: &str) -> Result<bool, BackupError> {
        let text =
            format!("SELECT count(*) FROM {schema}.sqlite_master WHERE name = 'sqlite_sequence'");
        self.connection
            .query_row(&text, [], |row| row.get::<_, i64>(0))
            .map(|found| found > 0)
            .map_err(failed("look for sequences"))
    }
}
