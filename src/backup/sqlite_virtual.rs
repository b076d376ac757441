//! Virtual tables of a SQLite backup: their rows where they can be read, else the tables in which the module keeps them.
//! A module that is not built in here cannot be asked; what it holds is said not to come back.

use std::collections::BTreeSet;

use super::error::BackupError;
use super::sqlite::failed;
use super::sqlite_reach::Touch;
use super::sqlite_restore::Living;
use crate::adapters::sqlite::quote;
use crate::plan::coverage::same_name;
use crate::plan::restore::{RestorePlan, Step, Wish};

/// Where a virtual table has its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Keeps {
    /// In tables of its own, which can be read through it.
    Rows,
    /// It holds an index alone, whose rows cannot be read.
    Index,
    /// In another table; it holds their index.
    Of(String),
}

impl Living {
    pub(super) fn is_virtual(&self, name: &str) -> Result<bool, BackupError> {
        let text = "SELECT count(*) FROM old.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE \
                    AND upper(ltrim(sql, char(9, 10, 13, 32))) LIKE 'CREATE VIRTUAL%'";
        self.connection
            .query_row(text, [name], |row| row.get::<_, i64>(0))
            .map(|found| found > 0)
            .map_err(failed("list the tables"))
    }

    /// Returns the tables of virtual ones: they come and go with those.
    pub(super) fn shadows(&self) -> Result<BTreeSet<String>, BackupError> {
        let text = "SELECT name FROM pragma_table_list WHERE schema = 'old' AND type = 'shadow'";
        self.strings(text, [])
    }

    fn strings(
        &self,
        text: &str,
        values: impl rusqlite::Params,
    ) -> Result<BTreeSet<String>, BackupError> {
        let said = failed("list the tables");
        let mut query = self.connection.prepare(text).map_err(&said)?;
        let rows = query.query_map(values, |row| row.get(0)).map_err(&said)?;
        rows.collect::<rusqlite::Result<_>>().map_err(said)
    }

    /// Returns the tables in which one virtual table keeps what it holds.
    fn shadows_of(&self, name: &str) -> Result<Vec<String>, BackupError> {
        let others = self.strings(
            "SELECT lower(name) || '_' FROM old.sqlite_master WHERE type = 'table' AND sql LIKE '%VIRTUAL%'",
            [],
        )?;
        let own = format!("{}_", name.to_lowercase());
        let mut found: Vec<String> = self.shadows()?.into_iter().collect();
        found.retain(|shadow| {
            let shadow = shadow.to_lowercase();
            let nearer = |other: &String| other.len() > own.len() && shadow.starts_with(other);
            shadow.starts_with(&own) && !others.iter().any(nearer)
        });
        Ok(found)
    }

    /// Tells whether the first column of a virtual table is the number of its row: R*Trees have it so.
    pub(super) fn has_id(&self, name: &str) -> Result<bool, BackupError> {
        let node = format!("{}_node", name.to_lowercase());
        let is_node = |one: &String| one.to_lowercase() == node;
        Ok(self.is_virtual(name)? && self.shadows_of(name)?.iter().any(is_node))
    }

    fn keeps(&self, name: &str) -> Result<Keeps, BackupError> {
        let text =
            "SELECT sql FROM old.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
        let sql: String = self
            .connection
            .query_row(text, [name], |row| row.get(0))
            .map_err(failed("read the definition"))?;
        Ok(match content(&sql) {
            Some(table) if !table.is_empty() => Keeps::Of(table),
            Some(_) => Keeps::Index,
            None => Keeps::Rows,
        })
    }

    /// Plans what a virtual table needs; `touch` is nothing where the loss did not reach it.
    pub(super) fn virtual_steps(
        &self,
        name: &str,
        touch: Option<Touch>,
        steps: &mut Vec<Step>,
        wish: &Wish,
        plan: &mut RestorePlan,
    ) -> Result<(), BackupError> {
        let keeps = self.keeps(name)?;
        let content = match &keeps {
            Keeps::Of(table) => Some(table),
            _ => None,
        };
        let below = content.is_some_and(|table| self.touched.contains_key(&table.to_lowercase()));
        if touch.is_none() && !below {
            return Ok(());
        }
        if let Err(error) = self
            .connection
            .prepare(&format!("SELECT * FROM old.{}", quote(name)))
        {
            plan.left.push(format!(
                "the virtual table `{name}` ({error}); `backstop restore {} --to FOLDER` writes the whole database as a file of its own",
                plan.backup
            ));
            return Ok(());
        }
        let rows = self.count(&format!("old.{}", quote(name))).unwrap_or(0);
        let fill = || Step::InsertRows {
            table: name.to_owned(),
            rows,
            conflicts: 0,
        };
        if !self.exists("table", name)? {
            let kind = "virtual table".to_owned();
            steps.push(Step::Create {
                kind,
                name: name.to_owned(),
            });
            steps.push(match content {
                Some(_) => Step::Reindex {
                    table: name.to_owned(),
                },
                None => fill(),
            });
            return Ok(());
        }
        if self.has_same_shadows(name)? {
            return Ok(());
        }
        self.living_virtual(name, (keeps, rows), steps, wish, plan)
    }

    /// Plans what a virtual table needs that is there and holds something else.
    fn living_virtual(
        &self,
        name: &str,
        (keeps, rows): (Keeps, u64),
        steps: &mut Vec<Step>,
        wish: &Wish,
        plan: &mut RestorePlan,
    ) -> Result<(), BackupError> {
        match keeps {
            Keeps::Of(_) => steps.push(Step::Reindex {
                table: name.to_owned(),
            }),
            Keeps::Index => {
                plan.notes.push(format!(
                    "`{name}` keeps an index without rows, which comes back as a whole; what was added to it since is only in the saved state"
                ));
                steps.push(Step::ReplaceTable {
                    table: name.to_owned(),
                    rows,
                });
            }
            Keeps::Rows if self.whole.contains(&name.to_lowercase()) => {
                steps.push(Step::ReplaceTable {
                    table: name.to_owned(),
                    rows,
                });
            }
            Keeps::Rows => {
                let chosen = self.chosen.get(&name.to_lowercase());
                if let Some(chosen) = chosen {
                    steps.extend(self.moved_rows(name, chosen)?);
                }
                steps.extend(self.missing_rows(name, plan)?);
                if let Some(chosen) = chosen {
                    steps.extend(self.changed_rows(name, chosen, wish.over, plan)?);
                }
            }
        }
        Ok(())
    }

    /// Tells whether the living virtual table lacks rows of the backup, and differs in nothing else.
    pub(super) fn is_only_less(&self, name: &str) -> Result<bool, BackupError> {
        if self.keeps(name)? != Keeps::Rows {
            return Ok(true);
        }
        let table = self.table(name)?;
        let more = format!(
            "main.{0} AS m WHERE NOT EXISTS (SELECT 1 FROM old.{0} AS o WHERE {1})",
            quote(name),
            table.same_row()
        );
        let differing = self.count(&table.differing())?;
        let is_limited = !table.limit.is_empty();
        Ok(!is_limited && differing == 0 && self.count(&more)? == 0)
    }

    fn has_same_shadows(&self, name: &str) -> Result<bool, BackupError> {
        for shadow in self.shadows_of(name)? {
            if !self.exists("table", &shadow)? {
                return Ok(false);
            }
            let shadow = quote(&shadow);
            for (one, other) in [("old", "main"), ("main", "old")] {
                let more = format!(
                    "(SELECT * FROM {one}.{shadow} EXCEPT SELECT * FROM {other}.{shadow} LIMIT 1)"
                );
                if self.count(&more)? > 0 {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Gives a virtual table everything that the backup's has.
    pub(super) fn copy_shadows(&self, name: &str) -> Result<(), BackupError> {
        let said = failed("fill the virtual table again");
        for shadow in self.shadows_of(name)? {
            let shadow = quote(&shadow);
            self.connection
                .execute_batch(&format!(
                    "DELETE FROM main.{shadow}; INSERT INTO main.{shadow} SELECT * FROM old.{shadow}"
                ))
                .map_err(&said)?;
        }
        Ok(())
    }

    /// Makes an index agree with the rows of the other table: as it was where those are as they were, else anew.
    pub(super) fn reindex(&self, name: &str) -> Result<(), BackupError> {
        let Keeps::Of(content) = self.keeps(name)? else {
            return self.copy_shadows(name);
        };
        if self.is_unchanged(&content).unwrap_or(false) {
            return self.copy_shadows(name);
        }
        let name = quote(name);
        self.connection
            .execute_batch(&format!(
                "INSERT INTO main.{name}({name}) VALUES ('rebuild')"
            ))
            .map_err(failed("make the index anew"))
    }

    fn is_unchanged(&self, table: &str) -> Result<bool, BackupError> {
        let rowids = match self.table(table)?.rowid {
            Some(rowid) => format!("{rowid}, "),
            None => String::new(),
        };
        let table = quote(table);
        for (one, other) in [("old", "main"), ("main", "old")] {
            let more = format!(
                "(SELECT {rowids}* FROM {one}.{table} EXCEPT SELECT {rowids}* FROM {other}.{table} LIMIT 1)"
            );
            if self.count(&more)? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells whether rows of a table can be compared one by one.
    pub(super) fn is_compared(&self, name: &str) -> Result<bool, BackupError> {
        Ok(self.exists_in("old", "table", name)?
            && self.exists("table", name)?
            && !self.shadows()?.iter().any(|one| same_name(one, name))
            && !self.whole.contains(name))
    }
}

/// Returns the value of the option `content`: empty means an index without rows.
fn content(sql: &str) -> Option<String> {
    let arguments = sql.split_once('(')?.1.trim_end();
    let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
    arguments.split(',').find_map(|argument| {
        let (name, value) = argument.split_once('=')?;
        let quotes = ['"', '\'', '`', '[', ']'];
        let value = value.trim().trim_matches(quotes);
        name.trim()
            .eq_ignore_ascii_case("content")
            .then(|| value.to_owned())
    })
}
