//! One table of a SQLite backup: by what a row is the same row, and the queries that compare it with the living one.
//! It writes queries and runs none.

use crate::adapters::sqlite::quote;

/// A table of the backup, `o` in queries; the living one is `m`.
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<String>,
    /// Columns by which a row is the same row; empty means the rowid alone.
    pub key: Vec<String>,
    /// The name by which the rowid can be spoken of; none WITHOUT ROWID.
    pub rowid: Option<&'static str>,
    /// ` AND …`: which rows `o` of the backup are looked at; empty for all.
    pub limit: String,
}

impl Table {
    pub fn same_row(&self) -> String {
        match (self.key.is_empty(), self.rowid) {
            (true, Some(rowid)) => format!("m.{rowid} = o.{rowid}"),
            _ => self
                .key
                .iter()
                .map(|column| format!("m.{0} IS o.{0}", quote(column)))
                .collect::<Vec<_>>()
                .join(" AND "),
        }
    }

    /// Selects the row of the living table that is the same row as `o`.
    pub fn twin(&self) -> String {
        format!(
            "SELECT 1 FROM main.{} AS m WHERE {}",
            quote(&self.name),
            self.same_row()
        )
    }

    /// The rows that are in both with different values.
    pub fn differing(&self) -> String {
        let name = quote(&self.name);
        let other = self
            .columns
            .iter()
            .map(|column| format!("o.{0} IS NOT m.{0}", quote(column)))
            .collect::<Vec<_>>()
            .join(" OR ");
        format!(
            "old.{name} AS o JOIN main.{name} AS m ON {} WHERE ({other}){}",
            self.same_row(),
            self.limit
        )
    }

    /// Inserts missing rows: first those whose rowid is free, with it, then the others with a new one.
    pub fn inserts(&self) -> Vec<String> {
        let name = quote(&self.name);
        let columns = self
            .columns
            .iter()
            .map(|column| quote(column))
            .collect::<Vec<_>>()
            .join(", ");
        let from = format!(
            "FROM old.{name} AS o WHERE NOT EXISTS ({}){}",
            self.twin(),
            self.limit
        );
        let plain = format!("INSERT OR IGNORE INTO main.{name}({columns}) SELECT {columns} {from}");
        match self.rowid {
            Some(rowid) => {
                let free = format!(
                    "NOT EXISTS (SELECT 1 FROM main.{name} AS r WHERE r.{rowid} = o.{rowid})"
                );
                let kept = format!(
                    "INSERT OR IGNORE INTO main.{name}({rowid}, {columns}) SELECT o.{rowid}, {columns} {from} AND {free}"
                );
                if self.key.is_empty() {
                    vec![kept]
                } else {
                    vec![kept, plain]
                }
            }
            None => vec![plain],
        }
    }
}
