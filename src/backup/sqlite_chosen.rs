//! The rows of a SQLite backup that a command took or changed, and how they go back into the living table.
//! Where a condition cannot be followed to its rows, the table is left to the comparison of all rows.

use super::error::BackupError;
use super::sqlite::failed;
use super::sqlite_reach::Link;
use super::sqlite_restore::Living;
use super::sqlite_table::Table;
use crate::adapters::sqlite::{quote, trigger};
use crate::model::effect::Verb;
use crate::model::finding::RowsLost;
use crate::plan::coverage::same_name;
use crate::plan::restore::{RestorePlan, Restored, Step, Wish, counted};

/// Most rows that are listed for one table.
const LISTED: usize = 10;
/// Longest value that is shown.
const SHOWN: usize = 120;
/// Deepest chain of foreign keys that is followed from deleted rows.
const DEPTH: usize = 8;

/// The rows of one table that were lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    /// A query over the backup: the key of each lost row as `k0`, `k1`, and the values it was given as `s0`, `s1`.
    pub hits: String,
    /// Expressions of the key.
    pub key: Vec<String>,
    /// Rows that are missing are inserted.
    pub deletes: bool,
    /// Columns that got other values, and whether `hits` gives the value; empty with `all` means every column.
    pub sets: Vec<(String, bool)>,
    pub all: bool,
    /// Columns of the key that got other values, which `hits` gives as `n0`, `n1`; empty where they are not known.
    pub moves: Vec<String>,
}

impl Chosen {
    /// Returns the condition that `alias`, a row of the backup, is one of the lost ones.
    pub fn limit(&self, alias: &str) -> String {
        format!(
            "EXISTS (SELECT 1 FROM ({}) AS h WHERE {})",
            self.hits,
            self.joins(alias)
        )
    }

    pub fn joins(&self, alias: &str) -> String {
        let pairs = self.key.iter().enumerate();
        let pairs = pairs.map(|(at, column)| format!("h.k{at} IS {alias}.{column}"));
        pairs.collect::<Vec<_>>().join(" AND ")
    }

    pub fn changes(&self) -> bool {
        self.all || !self.sets.is_empty()
    }

    /// Returns the name in `hits` of the value that a column was given, when that is known.
    pub fn given(&self, column: &str) -> Option<String> {
        let same = |one: &str| one.eq_ignore_ascii_case(column);
        let moved = self.moves.iter().position(|one| same(one));
        let set = || {
            self.sets
                .iter()
                .position(|(one, known)| *known && same(one))
        };
        moved
            .map(|at| format!("n{at}"))
            .or_else(|| set().map(|at| format!("s{at}")))
    }

    /// All rows of a table, which may hold other values in any column.
    pub fn whole(table: &Table) -> Self {
        let key = key_of(table);
        Self {
            hits: format!(
                "SELECT {} FROM old.{}",
                keys(&key, "").join(", "),
                quote(&table.name)
            ),
            key,
            deletes: true,
            all: true,
            ..Self::default()
        }
    }
}

pub(super) fn key_of(table: &Table) -> Vec<String> {
    match (table.key.is_empty(), table.rowid) {
        (true, Some(rowid)) => vec![rowid.to_owned()],
        _ => table.key.iter().map(|one| quote(one)).collect(),
    }
}

pub(super) fn keys(key: &[String], of: &str) -> Vec<String> {
    let number = key.iter().enumerate();
    number
        .map(|(at, column)| format!("{of}{column} AS k{at}"))
        .collect()
}

impl Living {
    /// Finds the rows that were lost, for the tables where they are known.
    pub(super) fn choose(&mut self, wish: &Wish) -> Result<(), BackupError> {
        self.emptied = wish.emptied.iter().map(|one| one.to_lowercase()).collect();
        for (_, name, _) in self.names("old", "'table'")? {
            let losses = wish.rows_of(|table| same_name(&name, table));
            let Some(loss) = RowsLost::joined(&losses) else {
                continue;
            };
            match self.chosen_rows(&name, &loss)? {
                Some(chosen) => {
                    self.chosen.insert(name.to_lowercase(), chosen);
                }
                None if !loss.deletes || !loss.sets.is_empty() => {
                    self.whole.insert(name.to_lowercase());
                }
                None => {}
            }
        }
        self.choose_children()?;
        self.follow(wish)
    }

    /// Tells whether a table has a trigger for this.
    fn fires(&self, name: &str, verb: Verb) -> Result<bool, BackupError> {
        for (kind, trigger, sql) in self.names("old", "'trigger'")? {
            if same_name(&self.owner(&kind, &trigger)?, name) && trigger::fires(&sql, verb) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether a constraint of a table deletes rows that stand in the way of others.
    fn replaces(&self, name: &str) -> Result<bool, BackupError> {
        let sql = self.definition("old", "table", name)?;
        let words: Vec<String> = sql.split_whitespace().map(str::to_uppercase).collect();
        let is_clause = |three: &[String]| matches!(three, [on, conflict, act] if on.ends_with("ON") && conflict == "CONFLICT" && act.starts_with("REPLACE"));
        Ok(words.windows(3).any(is_clause))
    }

    fn chosen_rows(&self, name: &str, loss: &RowsLost) -> Result<Option<Chosen>, BackupError> {
        let changes = !loss.deletes || !loss.sets.is_empty();
        // A column that replaces on conflict takes other rows away, which no condition names.
        if loss.deletes && self.fires(name, Verb::Delete)? || changes && self.replaces(name)? {
            return Ok(None);
        }
        let table = self.table(name)?;
        let key = key_of(&table);
        let alias = loss
            .alias
            .as_ref()
            .map_or(String::new(), |alias| format!(" AS {}", quote(alias)));
        let condition = loss
            .predicate
            .as_ref()
            .map_or(String::new(), |text| format!(" WHERE (\n{text}\n)"));
        let from = format!("FROM old.{}{alias}{condition}", quote(name));
        let reads = |what: &str| {
            self.count(&format!("(SELECT {what} AS v {from}) WHERE v IS 0"))
                .is_ok()
        };
        if key.is_empty() || !reads("1") {
            return Ok(None);
        }
        let of_key = |column: &str| table.key.iter().any(|one| one.eq_ignore_ascii_case(column));
        let moves = loss.sets.iter().any(|one| of_key(&one.column));
        let all = changes && (moves || loss.sets.is_empty() || self.fires(name, Verb::Update)?);
        let mut picked = keys(&key, "");
        let mut moved = Vec::new();
        for setting in loss.sets.iter().filter(|one| moves && of_key(&one.column)) {
            let Some(value) = setting.value.as_ref().map(|text| format!("(\n{text}\n)")) else {
                return Ok(None);
            };
            if !reads(&value) {
                return Ok(None);
            }
            picked.push(format!("{value} AS n{}", moved.len()));
            moved.push(setting.column.clone());
        }
        let mut sets = Vec::new();
        for setting in loss.sets.iter().filter(|_| !all) {
            let same = |one: &&String| one.eq_ignore_ascii_case(&setting.column);
            let Some(column) = table.columns.iter().find(same) else {
                return Ok(None);
            };
            let value = setting.value.as_ref().map(|text| format!("(\n{text}\n)"));
            let value = value.filter(|text| reads(text));
            if let Some(value) = &value {
                picked.push(format!("{value} AS s{}", sets.len()));
            }
            sets.push((column.clone(), value.is_some()));
        }
        Ok(Some(Chosen {
            hits: format!("SELECT {} {from}", picked.join(", ")),
            key,
            deletes: loss.deletes || moves,
            sets,
            all,
            moves: moved,
        }))
    }

    /// Follows foreign keys from deleted rows to those that went with them.
    fn choose_children(&mut self) -> Result<(), BackupError> {
        if self.chosen.is_empty() {
            return Ok(());
        }
        let links: Vec<Link> = self.links()?;
        let links: Vec<&Link> = links.iter().filter(|link| link.act == "CASCADE").collect();
        let deletes = |living: &Self, name: &str| {
            living
                .chosen
                .get(&name.to_lowercase())
                .is_some_and(|one| one.deletes)
        };
        for _ in 0..DEPTH {
            let mut more = Vec::new();
            for link in &links {
                let child = link.child.to_lowercase();
                let into = links.iter().filter(|other| {
                    same_name(&other.child, &link.child) && deletes(self, &other.parent)
                });
                // Two ways into one table: rows may have met both fates, so that all are compared.
                let only = into.count() == 1 && deletes(self, &link.parent);
                let is_told = !key_of(&self.table(&link.child)?).is_empty();
                if only && is_told && !self.chosen.contains_key(&child) {
                    more.push((child, self.child(link)?));
                }
            }
            if more.is_empty() {
                break;
            }
            self.chosen.extend(more);
        }
        // A table that refers to itself loses rows that no condition names.
        let circular = |link: &&&Link| same_name(&link.child, &link.parent);
        if links
            .iter()
            .filter(circular)
            .any(|link| deletes(self, &link.child))
        {
            self.chosen.retain(|_, one| !one.deletes);
        }
        Ok(())
    }

    fn child(&self, link: &Link) -> Result<Chosen, BackupError> {
        let key = key_of(&self.table(&link.child)?);
        let parent = self.chosen.get(&link.parent.to_lowercase());
        let limit = parent.map_or_else(|| "0".to_owned(), |parent| parent.limit("o"));
        let pairs: Vec<String> = link
            .pairs
            .iter()
            .map(|(from, to)| format!("o.{} = c.{}", quote(to), quote(from)))
            .collect();
        let hits = format!(
            "SELECT {} FROM old.{} AS c WHERE EXISTS (SELECT 1 FROM old.{} AS o WHERE {limit} AND {})",
            keys(&key, "c.").join(", "),
            quote(&link.child),
            quote(&link.parent),
            pairs.join(" AND ")
        );
        Ok(Chosen {
            hits,
            key,
            deletes: true,
            ..Chosen::default()
        })
    }

    /// Says which rows would get their values back, and which were changed again since.
    pub(super) fn changed_rows(
        &self,
        name: &str,
        chosen: &Chosen,
        over: bool,
        plan: &mut RestorePlan,
    ) -> Result<Option<Step>, BackupError> {
        if !chosen.changes() {
            return Ok(None);
        }
        let change = Change::of(self.table(name)?, chosen, over);
        let rows = self.count(&change.taken())?;
        let again = self.count(&change.kept())?;
        plan.again += again;
        plan.rows
            .extend(
                self.listed(&change, &change.taken())?
                    .into_iter()
                    .map(|(key, now, had)| {
                        format!("row {key} of `{name}`: {now} now, {had} in the backup")
                    }),
            );
        if rows > LISTED as u64 {
            plan.rows.push(format!(
                "and {} more of `{name}`",
                counted(rows - LISTED as u64, "row")
            ));
        }
        let kept = self.kept_notes(&change, again)?;
        match rows {
            0 => plan.notes.extend(kept),
            _ => plan.rows.extend(kept),
        }
        if rows > 0 && !change.is_certain() {
            plan.notes.push(format!(
                "whether somebody else has changed rows of `{name}` since cannot be told; the state before is saved"
            ));
        }
        let gone = self.count(&change.gone())?;
        if gone > 0 && !chosen.deletes && change.is_by_values() {
            plan.left.push(format!(
                "{} of `{name}`, which has no key: others have changed, removed or renumbered rows since, so that they are not told from others",
                counted(gone, "row")
            ));
        } else if gone > 0 && !chosen.deletes {
            plan.notes.push(format!(
                "{} of `{name}` deleted by somebody else since: not inserted",
                counted(gone, "row")
            ));
        }
        plan.left.extend(change.dropped());
        let step = Step::UpdateRows {
            table: name.to_owned(),
            columns: change.named(),
            rows: Some(rows),
            conflicts: again,
        };
        Ok((rows > 0).then_some(step))
    }

    /// Gives rows back the values that they had in these columns.
    pub(super) fn change_rows(
        &self,
        name: &str,
        columns: &[String],
        over: bool,
        restored: &mut Restored,
    ) -> Result<u64, BackupError> {
        let mut rows = 0;
        let own = self.chosen.get(&name.to_lowercase());
        let acted = self.acted.iter().filter(|(table, _)| table == name);
        for chosen in own.into_iter().chain(acted.map(|(_, chosen)| chosen)) {
            let change = Change::of(self.table(name)?, chosen, over);
            if change.named() != columns {
                continue;
            }
            let again = self.count(&change.kept())?;
            restored.conflicts.extend(self.kept_notes(&change, again)?);
            rows += self
                .connection
                .execute(&change.update(), [])
                .map_err(failed("give rows their values back"))? as u64;
        }
        Ok(rows)
    }

    /// The living rows that stand under a key which the command gave to other rows.
    fn moved(&self, name: &str, chosen: &Chosen) -> Result<String, BackupError> {
        let table = self.table(name)?;
        let key = key_of(&table);
        let pairs = key
            .iter()
            .zip(&chosen.key)
            .enumerate()
            .map(|(at, (column, _))| {
                let bare = table.key.get(at).map_or(column.as_str(), String::as_str);
                let given = chosen.given(bare).unwrap_or_else(|| format!("k{at}"));
                format!("m.{column} IS h.{given}")
            });
        Ok(format!(
            "main.{0} AS m WHERE EXISTS (SELECT 1 FROM ({1}) AS h WHERE {2}) AND NOT EXISTS (SELECT 1 FROM old.{0} AS o WHERE {3})",
            quote(name),
            chosen.hits,
            pairs.collect::<Vec<_>>().join(" AND "),
            table.same_row()
        ))
    }

    /// Says which rows stand under a key that the command gave them.
    pub(super) fn moved_rows(
        &self,
        name: &str,
        chosen: &Chosen,
    ) -> Result<Option<Step>, BackupError> {
        if chosen.moves.is_empty() {
            return Ok(None);
        }
        let rows = self.count(&self.moved(name, chosen)?)?;
        Ok((rows > 0).then(|| Step::RemoveRows {
            table: name.to_owned(),
            rows,
        }))
    }

    /// Takes the rows away that come back under their own key.
    pub(super) fn take_moved(&self, name: &str) -> Result<(), BackupError> {
        let Some(chosen) = self.chosen.get(&name.to_lowercase()) else {
            return Ok(());
        };
        self.connection
            .execute(&format!("DELETE FROM {}", self.moved(name, chosen)?), [])
            .map(|_| ())
            .map_err(failed("take moved rows away"))
    }

    fn kept_notes(&self, change: &Change<'_>, again: u64) -> Result<Vec<String>, BackupError> {
        let name = &change.table.name;
        let kept = self.listed(change, &change.kept())?;
        let more = again.saturating_sub(kept.len() as u64);
        let mut notes: Vec<String> = kept
            .into_iter()
            .map(|(key, now, had)| {
                format!("row {key} of `{name}` was changed again since: {now} now, {had} in the backup; it stays as it is")
            })
            .collect();
        if more > 0 {
            notes.push(format!(
                "{} more of `{name}` changed again since: as they are",
                counted(more, "row")
            ));
        }
        Ok(notes)
    }

    fn listed(
        &self,
        change: &Change<'_>,
        from: &str,
    ) -> Result<Vec<(String, String, String)>, BackupError> {
        let said = failed("compare rows");
        let joined = |list: Vec<String>| match list.is_empty() {
            true => "''".to_owned(),
            false => format!("substr({}, 1, {SHOWN})", list.join(" || ', ' || ")),
        };
        let of = |alias: &str, columns: &[String]| {
            joined(
                columns
                    .iter()
                    .map(|one| format!("quote({alias}.{one})"))
                    .collect(),
            )
        };
        let columns: Vec<String> = change.columns.iter().map(|one| quote(one)).collect();
        let text = format!(
            "SELECT {}, {}, {} FROM {from} LIMIT {LISTED}",
            of("o", &change.chosen.key),
            of("m", &columns),
            of("o", &columns)
        );
        let mut query = self.connection.prepare(&text).map_err(&said)?;
        let rows = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .map_err(&said)?;
        rows.collect::<rusqlite::Result<_>>().map_err(said)
    }
}

/// The rows of one table that get values back.
struct Change<'a> {
    table: Table,
    chosen: &'a Chosen,
    columns: Vec<String>,
    over: bool,
}

impl<'a> Change<'a> {
    fn of(table: Table, chosen: &'a Chosen, over: bool) -> Self {
        let is_key = |column: &&String| !table.key.contains(*column);
        let mut columns: Vec<String> = match chosen.all {
            true => table.columns.iter().filter(is_key).cloned().collect(),
            false => chosen
                .sets
                .iter()
                .map(|(column, _)| column.clone())
                .collect(),
        };
        columns.retain(|one| !table.lacks(one));
        Self {
            table,
            chosen,
            columns,
            over,
        }
    }

    /// The columns that get values back; none means all.
    fn named(&self) -> Vec<String> {
        match self.chosen.sets.is_empty() {
            true => Vec::new(),
            false => self.columns.iter().map(|one| quote(one)).collect(),
        }
    }

    /// Says which changed columns others have dropped or renamed since.
    fn dropped(&self) -> Vec<String> {
        let is_set = |column: &String| {
            let mut sets = self.chosen.sets.iter();
            self.chosen.all || sets.any(|(one, _)| one.eq_ignore_ascii_case(column))
        };
        let gone = self.table.gone.iter().filter(|one| is_set(one));
        gone.map(|column| {
            format!(
                "values of `{column}` of `{}`: others have dropped or renamed the column since the backup",
                self.table.name
            )
        })
        .collect()
    }

    fn is_certain(&self) -> bool {
        !self.chosen.sets.is_empty() && self.chosen.sets.iter().all(|(_, known)| *known)
    }

    /// A rowid that no key gives a name is handed out again and changed by VACUUM: the other values have to be those of the backup too.
    fn is_by_values(&self) -> bool {
        self.table.key.is_empty() && !self.chosen.all
    }

    fn same(&self) -> String {
        let mut same = self.table.same_row();
        if self.is_by_values() {
            let other = |one: &&String| {
                let mut sets = self.chosen.sets.iter().map(|(set, _)| set);
                !self.table.lacks(one) && !sets.any(|set| set.eq_ignore_ascii_case(one))
            };
            for column in self.table.columns.iter().filter(other) {
                same.push_str(&format!(" AND m.{0} IS o.{0}", quote(column)));
            }
        }
        same
    }

    fn differs(&self) -> String {
        let columns = self.columns.iter();
        let each = columns.map(|one| format!("o.{0} IS NOT m.{0}", quote(one)));
        format!(
            "({})",
            each.chain(["0".to_owned()])
                .collect::<Vec<_>>()
                .join(" OR ")
        )
    }

    /// Somebody changed the row after the command did.
    fn again(&self) -> String {
        if !self.is_certain() {
            return "0".to_owned();
        }
        let columns = self.chosen.sets.iter().map(|(one, _)| one).enumerate();
        let columns = columns.filter(|(_, one)| !self.table.lacks(one));
        let each = columns.map(|(at, one)| format!("m.{} IS NOT h.s{at}", quote(one)));
        let none = std::iter::once("0".to_owned());
        format!("({})", each.chain(none).collect::<Vec<_>>().join(" OR "))
    }

    fn both(&self) -> String {
        format!(
            "old.{0} AS o JOIN ({1}) AS h ON {2} JOIN main.{0} AS m ON {3}",
            quote(&self.table.name),
            self.chosen.hits,
            self.chosen.joins("o"),
            self.same()
        )
    }

    fn taken(&self) -> String {
        let bound = if self.over {
            "0".to_owned()
        } else {
            self.again()
        };
        format!("{} WHERE {} AND NOT {bound}", self.both(), self.differs())
    }

    fn kept(&self) -> String {
        let bound = if self.over {
            "0".to_owned()
        } else {
            self.again()
        };
        format!("{} WHERE {} AND {bound}", self.both(), self.differs())
    }

    fn gone(&self) -> String {
        let name = quote(&self.table.name);
        format!(
            "old.{name} AS o WHERE {} AND NOT EXISTS (SELECT 1 FROM main.{name} AS m WHERE {})",
            self.chosen.limit("o"),
            self.same()
        )
    }

    fn update(&self) -> String {
        let sets = self
            .columns
            .iter()
            .map(|one| format!("{0} = o.{0}", quote(one)));
        let bound = if self.over {
            "0".to_owned()
        } else {
            self.again()
        };
        format!(
            "UPDATE main.{0} AS m SET {1} FROM old.{0} AS o JOIN ({2}) AS h ON {3} WHERE {4} AND {5} AND NOT {bound}",
            quote(&self.table.name),
            sets.collect::<Vec<_>>().join(", "),
            self.chosen.hits,
            self.chosen.joins("o"),
            self.same(),
            self.differs()
        )
    }
}
