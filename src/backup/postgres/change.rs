//! The statements that put rows of a backup back into one living table, and what they say they did.
//! Which rows those are has been decided: they stand in `pg_temp.backstop_rows`.

use std::collections::BTreeMap;

use super::closing::Watched;
use crate::plan::restore::counted;

/// Most rows that are listed for one table.
const LISTED: usize = 10;

/// One table, with its rows of the backup at hand.
pub(super) struct Change<'a> {
    /// Number of the table in the report.
    pub at: usize,
    pub full: &'a str,
    /// Its own rows alone (`ONLY shop.t`), or those of all its partitions too.
    pub of: &'a str,
    pub columns: &'a [String],
    pub key: &'a [String],
    /// Columns of rows that are there which get the values of the backup.
    pub overwrite: &'a [String],
    /// How many of these have a column `backstop_aN` with the value that the command gave them: all or none.
    pub after: usize,
    /// Rows that are there with other values are counted.
    pub compares: bool,
    /// Rows that are missing are inserted.
    pub inserts: bool,
    pub over: bool,
    /// Keys were changed: rows that are not found may stand under another one.
    pub moves: bool,
    /// Columns that may not hold the values of the backup any more, with their numbers.
    pub watched: &'a [(usize, &'a Watched)],
}

impl Change<'_> {
    /// Returns the statements; with `look` they only count and list.
    pub fn sql(&self, look: bool) -> String {
        let mut text = match (self.overwrite.is_empty(), self.key.is_empty()) {
            (true, _) => String::new(),
            (false, false) => self.update(look),
            (false, true) if self.after > 0 || self.compares => self.update_keyless(look),
            // Rows of which no equal one is there.
            (false, true) => format!(
                "SELECT 'keyless', {}, count(*) FROM (SELECT {} FROM pg_temp.backstop_rows b EXCEPT ALL SELECT {} FROM {} o) x;\n",
                self.at,
                self.row(self.overwrite, "b"),
                self.row(self.overwrite, "o"),
                self.of
            ),
        };
        text.push_str(&self.insert(look));
        if !look {
            text.push_str(&self.closing());
        }
        text.push_str("DROP TABLE pg_temp.backstop_rows;\n");
        text
    }

    fn each(list: &[String], between: &str, make: impl Fn(&String) -> String) -> String {
        list.iter().map(make).collect::<Vec<_>>().join(between)
    }

    pub fn same(&self) -> String {
        Self::each(self.key, " AND ", |one| format!("o.{one} = b.{one}"))
    }

    pub fn row(&self, list: &[String], of: &str) -> String {
        format!(
            "ROW({})::text",
            Self::each(list, ", ", |one| format!("{of}.{one}"))
        )
    }

    /// The values that the command left, as one text; nothing where they are not known.
    pub fn left(&self) -> Option<String> {
        let columns: Vec<String> = (0..self.after)
            .map(|number| format!("b.backstop_a{number}"))
            .collect();
        (!columns.is_empty()).then(|| format!("ROW({})::text", columns.join(", ")))
    }

    /// Gives rows that are there the values of the backup, those that were changed again excepted.
    fn update(&self, look: bool) -> String {
        let (at, of, same) = (self.at, self.of, self.same());
        let (new, old) = (self.row(self.overwrite, "b"), self.row(self.overwrite, "o"));
        let differs = format!("{new} IS DISTINCT FROM {old}");
        let again = match self.left() {
            Some(left) => format!("{old} IS DISTINCT FROM {left}"),
            None => "false".to_owned(),
        };
        let taken = match self.over {
            true => "true".to_owned(),
            false => format!("NOT ({again})"),
        };
        let from = format!("FROM pg_temp.backstop_rows b JOIN {of} o ON {same} WHERE {differs}");
        let key = self.row(self.key, "b");
        let mut text =
            format!("SELECT 'kept', {at}, count(*) {from} AND {again} AND NOT ({taken});\n");
        text.push_str(&listed(
            "keptrow",
            at,
            &key,
            &old,
            &new,
            &format!("{from} AND NOT ({taken})"),
        ));
        if look {
            text.push_str(&format!(
                "SELECT 'updated', {at}, count(*) {from} AND {taken};\n"
            ));
            text.push_str(&listed(
                "row",
                at,
                &key,
                &old,
                &new,
                &format!("{from} AND {taken}"),
            ));
            return text;
        }
        let set = Self::each(self.overwrite, ", ", |one| format!("{one} = b.{one}"));
        text.push_str(&format!(
            "WITH backstop_up AS (UPDATE {of} o SET {set} FROM pg_temp.backstop_rows b WHERE {same} AND {differs} AND {taken} RETURNING 1) \
             SELECT 'updated', {at}, count(*) FROM backstop_up;\n"
        ));
        text
    }

    /// Without a key a row is found by what the command made of it; of equal rows as many as there were.
    fn update_keyless(&self, look: bool) -> String {
        let (at, of) = (self.at, self.of);
        // What became of a column that comes back may not be known: then its rows are told apart by the others.
        let rest = |column: &&String| self.after > 0 || !self.overwrite.contains(column);
        let rest: Vec<String> = self.columns.iter().filter(rest).cloned().collect();
        let whole = Self::each(&rest, ", ", |column| {
            match self.overwrite.iter().position(|one| one == column) {
                Some(number) => format!("b.backstop_a{number}"),
                None => format!("b.{column}"),
            }
        });
        let now = self.row(&rest, "o");
        let differs = self.made_another();
        let pairs = format!(
            "FROM (SELECT b.*, ROW({whole})::text AS backstop_t, row_number() OVER (PARTITION BY ROW({whole})::text) AS backstop_n FROM pg_temp.backstop_rows b \
             WHERE {differs}) b \
             JOIN (SELECT o.tableoid AS backstop_o, o.ctid AS backstop_c, {now} AS backstop_t, row_number() OVER (PARTITION BY {now}) AS backstop_n FROM {of} o) o USING (backstop_t, backstop_n)"
        );
        if look {
            // Those that are not found would not be there as in the backup.
            return format!(
                "SELECT 'updated', {at}, count(*) {pairs};\nSELECT 'out', {at}, greatest(0, ({}) - (SELECT count(*) {pairs}));\n",
                self.unlike(None)
            );
        }
        let set = Self::each(self.overwrite, ", ", |one| format!("{one} = p.{one}"));
        format!(
            "WITH backstop_up AS (UPDATE {of} t SET {set} FROM (SELECT b.*, o.backstop_o, o.backstop_c {pairs}) p WHERE t.ctid = p.backstop_c AND t.tableoid = p.backstop_o RETURNING 1) \
             SELECT 'updated', {at}, count(*) FROM backstop_up;\n"
        )
    }

    fn insert(&self, look: bool) -> String {
        let (at, full, of) = (self.at, self.full, self.of);
        let columns = self.columns.join(", ");
        let picked = Self::each(self.columns, ", ", |one| format!("b.{one}"));
        let missing = if self.key.is_empty() {
            // Without a key two equal rows are two rows: as many come back as are missing.
            format!(
                "SELECT {picked} FROM (SELECT {columns}, row_number() OVER (PARTITION BY ROW({columns})::text) AS backstop_n FROM pg_temp.backstop_rows) b \
                 LEFT JOIN (SELECT ROW({columns})::text AS backstop_t, count(*) AS backstop_c FROM {of} GROUP BY 1) o \
                 ON o.backstop_t = ROW({picked})::text WHERE b.backstop_n > coalesce(o.backstop_c, 0)"
            )
        } else {
            format!(
                "SELECT {picked} FROM pg_temp.backstop_rows b WHERE NOT EXISTS (SELECT 1 FROM {of} o WHERE {})",
                self.same()
            )
        };
        let mut text = String::new();
        if self.compares && !self.key.is_empty() {
            let (new, old) = (self.row(self.columns, "b"), self.row(self.columns, "o"));
            text.push_str(&format!(
                "SELECT 'differ', {at}, count(*) FILTER (WHERE {new} IS DISTINCT FROM {old}), count(*) FILTER (WHERE {new} IS NOT DISTINCT FROM {old}) \
                 FROM pg_temp.backstop_rows b JOIN {of} o ON {};\n",
                self.same()
            ));
        }
        if !self.inserts {
            // Rows that an UPDATE changed and somebody deleted since were not lost by it.
            if !self.key.is_empty() && !self.moves {
                text.push_str(&format!(
                    "SELECT 'gone', {at}, count(*) FROM ({missing}) s;\n"
                ));
            }
        } else if look {
            text.push_str(&format!(
                "SELECT 'inserted', {at}, count(*) FROM ({missing}) s;\n"
            ));
        } else {
            text.push_str(&format!(
                "WITH backstop_in AS (INSERT INTO {full} ({columns}) OVERRIDING SYSTEM VALUE {missing} RETURNING 1) \
                 SELECT 'inserted', {at}, count(*) FROM backstop_in;\n"
            ));
        }
        text
    }
}

/// Lists rows, one a line: key, values now, values of the backup, each on one line and not longer than a line.
fn listed(word: &str, at: usize, key: &str, old: &str, new: &str, from: &str) -> String {
    let short = |text: &str| format!("left(translate({text}, E'\\n\\r|', '   '), 120)");
    format!(
        "SELECT '{word}', {at}, {}, {}, {} {from} ORDER BY {key} LIMIT {LISTED};\n",
        short(key),
        short(old),
        short(new)
    )
}

/// What the statements of one table said.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub inserted: u64,
    pub updated: u64,
    pub kept: u64,
    pub moved: u64,
    pub differ: u64,
    /// Rows that are there as in the backup.
    pub same: u64,
    /// Rows that should be there at the end and are not.
    pub out: u64,
    /// Rows that are there at the end with other values.
    pub still: u64,
    /// Rows under the keys that the call gave, at the end.
    pub stuck: u64,
    /// By number of the watched column, rows without its value.
    pub watched: BTreeMap<usize, u64>,
    pub gone: u64,
    keyless: u64,
    rows: Vec<(String, String, String)>,
    kept_rows: Vec<(String, String, String)>,
}

impl Said {
    pub fn of(at: usize, text: &str) -> Self {
        let mut said = Self::default();
        let at = at.to_string();
        for line in text.lines() {
            let parts: Vec<&str> = line.split('|').collect();
            match parts.as_slice() {
                [word, number, count] if *number == at => {
                    let count = count.parse().unwrap_or_default();
                    match *word {
                        "inserted" => said.inserted = count,
                        "updated" => said.updated = count,
                        "kept" => said.kept = count,
                        "moved" => said.moved = count,
                        "out" => said.out = count,
                        "still" => said.still = count,
                        "stuck" => said.stuck = count,
                        "gone" => said.gone = count,
                        "keyless" => said.keyless = count,
                        _ => {}
                    }
                }
                ["differ", number, differ, same] if *number == at => {
                    said.differ = differ.parse().unwrap_or_default();
                    said.same = same.parse().unwrap_or_default();
                }
                ["watched", number, column, count] if *number == at => {
                    if let (Ok(column), Ok(count)) = (column.parse(), count.parse()) {
                        said.watched.insert(column, count);
                    }
                }
                [word, number, key, old, new] if *number == at => {
                    let row = ((*key).to_owned(), (*old).to_owned(), (*new).to_owned());
                    match *word {
                        "row" => said.rows.push(row),
                        "keptrow" => said.kept_rows.push(row),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        said
    }

    pub const fn changed(&self) -> bool {
        self.inserted + self.updated + self.moved > 0
    }

    /// Lists the rows that would get other values.
    pub fn rows(&self, full: &str) -> Vec<String> {
        let mut notes: Vec<String> = self
            .rows
            .iter()
            .map(|(key, old, new)| format!("row {key} of `{full}`: {old} now, {new} in the backup"))
            .collect();
        let more = self.updated.saturating_sub(self.rows.len() as u64);
        if more > 0 && !self.rows.is_empty() {
            notes.push(format!("and {} more of `{full}`", counted(more, "row")));
        }
        notes
    }

    /// Lists the rows that were changed again since, and stay.
    pub fn again(&self, full: &str) -> Vec<String> {
        let mut notes: Vec<String> = self
            .kept_rows
            .iter()
            .map(|(key, old, new)| {
                format!("row {key} of `{full}` was changed again since: {old} now, {new} in the backup; it stays as it is")
            })
            .collect();
        let more = self.kept.saturating_sub(self.kept_rows.len() as u64);
        if more > 0 {
            notes.push(format!(
                "{} more of `{full}` changed again since: as they are",
                counted(more, "row")
            ));
        }
        notes
    }

    /// Says that changed rows cannot be found.
    pub fn keyless(&self, full: &str) -> Option<String> {
        (self.keyless > 0).then(|| {
            format!("rows of `{full}`: it has no key, so that its changed rows cannot be told apart and stay as they are")
        })
    }

    /// Says what differs and stays.
    pub fn notes(&self, full: &str, certain: bool, differ_told: bool) -> Vec<String> {
        let mut notes = Vec::new();
        let verb = |count: u64, one: &str, many: &str| {
            if count == 1 {
                one.to_owned()
            } else {
                many.to_owned()
            }
        };
        if self.differ > 0 && !differ_told {
            notes.push(format!(
                "{} of `{full}` {} there with other values than in the backup, and {} as {}",
                counted(self.differ, "row"),
                verb(self.differ, "is", "are"),
                verb(self.differ, "stays", "stay"),
                verb(self.differ, "it is", "they are")
            ));
        }
        if self.gone > 0 {
            notes.push(format!(
                "{} of `{full}` {} deleted by somebody else since, and {} not inserted",
                counted(self.gone, "row"),
                verb(self.gone, "was", "were"),
                verb(self.gone, "is", "are")
            ));
        }
        if self.updated > 0 && !certain {
            notes.push(format!(
                "whether somebody else has changed rows of `{full}` since cannot be told; the state before is saved"
            ));
        }
        notes
    }
}
