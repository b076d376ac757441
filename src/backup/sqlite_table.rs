//! One table of a SQLite backup: by what a row is the same row, and the queries that compare it with the living one.
//! It writes queries and runs none.

use crate::adapters::sqlite::quote;

/// A table of the backup, `o` in queries; the living one is `m`.
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<String>,
    /// Those of them that the living table has no longer.
    pub gone: Vec<String>,
    /// Columns by which a row is the same row; empty means the rowid alone.
    pub key: Vec<String>,
    /// The name by which the rowid can be spoken of; none WITHOUT ROWID.
    pub rowid: Option<&'static str>,
    /// ` AND …`: which rows `o` of the backup are looked at; empty for all.
    pub limit: String,
}

impl Table {
    /// Tells whether the living table has a column no longer.
    pub fn lacks(&self, column: &str) -> bool {
        self.gone.iter().any(|one| one.eq_ignore_ascii_case(column))
    }

    pub fn same_row(&self) -> String {
        match (self.key.is_empty(), self.rowid) {
            (true, Some(rowid)) => format!("m.{rowid} = o.{rowid}"),
            // Columns of its own have all names of the rowid: nothing but its values tells a row.
            (true, None) => self.same_values(),
            (false, _) => self
                .key
                .iter()
                .map(|column| format!("m.{0} IS o.{0}", quote(column)))
                .collect::<Vec<_>>()
                .join(" AND "),
        }
    }

    fn same_values(&self) -> String {
        let pairs = self.columns.iter();
        pairs
            .map(|column| format!("m.{0} IS o.{0}", quote(column)))
            .collect::<Vec<_>>()
            .join(" AND ")
    }

    /// All values of a row as one text, which keeps apart what compares as equal: 1 and 1.0, 'a' and 'A'.
    fn signature(&self, of: &str) -> String {
        let values = self.columns.iter().map(|column| {
            let column = format!("{of}.{}", quote(column));
            format!("CASE typeof({column}) WHEN 'text' THEN 't' || hex({column}) ELSE quote({column}) END")
        });
        values.collect::<Vec<_>>().join(" || ',' || ")
    }

    /// The lost rows whose number another row has by now. A rowid that no key gives a name is handed out again, so it tells no row from another.
    fn renumbered(&self) -> String {
        match self.rowid {
            Some(_) => self.differing(),
            None => format!(
                "old.{0} AS o WHERE EXISTS ({1}){2}",
                quote(&self.name),
                self.twin(),
                self.limit
            ),
        }
    }

    /// Of the values of those rows, how many more there were than there are, or come back under their own number: `s`, `n`.
    fn owed(&self) -> String {
        let name = quote(&self.name);
        let counted = |what: &str, from: &str| {
            format!("SELECT s, count(*) AS n FROM (SELECT {what} AS s FROM {from}) GROUP BY s")
        };
        let missing = format!("{} AS s FROM {}", self.signature("o"), self.missing());
        let here = format!(
            "SELECT s, count(*) AS n FROM (SELECT {} AS s FROM main.{name} AS m UNION ALL SELECT {missing}) GROUP BY s",
            self.signature("m")
        );
        format!(
            "SELECT d.s AS s, min(d.n, a.n - coalesce(b.n, 0)) AS n FROM ({}) AS d JOIN ({}) AS a ON a.s = d.s LEFT JOIN ({here}) AS b ON b.s = d.s \
             WHERE a.n > coalesce(b.n, 0)",
            counted(&self.signature("o"), &self.renumbered()),
            counted(&self.signature("x"), &format!("old.{name} AS x")),
        )
    }

    /// Counts the rows that come back under another number.
    pub fn owed_rows(&self) -> String {
        format!("SELECT coalesce(sum(n), 0) FROM ({})", self.owed())
    }

    /// The query for the rows that come back under another number.
    fn owed_values(&self) -> String {
        let columns = self.listed("r.");
        format!(
            "SELECT {columns} FROM (SELECT {}, {signature} AS \"s \", row_number() OVER (PARTITION BY {signature}) AS \"n \" FROM {}) AS r \
             JOIN ({}) AS w ON w.s = r.\"s \" WHERE r.\"n \" <= w.n",
            self.listed("o."),
            self.renumbered(),
            self.owed(),
            signature = self.signature("o"),
        )
    }

    /// Its columns for a list.
    pub fn listed(&self, of: &str) -> String {
        let columns = self.columns.iter();
        columns
            .map(|column| format!("{of}{}", quote(column)))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The rows of the backup that the living table does not have.
    pub fn missing(&self) -> String {
        format!(
            "old.{} AS o WHERE NOT EXISTS ({}){}",
            quote(&self.name),
            self.twin(),
            self.limit
        )
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

    /// Inserts missing rows: first those whose rowid is free, with it, then the others with a new one. Each is what it goes into, and the query.
    pub fn inserts(&self) -> Vec<(String, String)> {
        let name = quote(&self.name);
        let columns = self.listed("");
        let from = format!("FROM {}", self.missing());
        let plain = (self.into(), format!("SELECT {columns} {from}"));
        match self.rowid {
            Some(rowid) => {
                let free = format!(
                    "NOT EXISTS (SELECT 1 FROM main.{name} AS r WHERE r.{rowid} = o.{rowid})"
                );
                let kept = (
                    format!("INSERT OR IGNORE INTO main.{name}({rowid}, {columns})"),
                    format!("SELECT o.{rowid}, {columns} {from} AND {free}"),
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

    /// Inserts the rows that come back under another number.
    pub fn renumbering(&self) -> (String, String) {
        (self.into(), self.owed_values())
    }

    fn into(&self) -> String {
        let columns = self.listed("");
        format!(
            "INSERT OR IGNORE INTO main.{}({columns})",
            quote(&self.name)
        )
    }
}
