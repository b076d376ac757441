//! The closing check of one table: after its rows were written, those of the backup are compared with what is there.
//! A trigger, a rule or a column that others made another one keeps values out without an error; here it is counted, not mended.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::chosen::Chosen;
use super::missing::Both;
use super::rows::RowJob;
use super::snapshot::{fault, text};
use crate::adapters::postgres::session::{Session, identifier, literal};
use crate::backup::error::BackupError;
use crate::plan::restore::counted;

/// What others have made of a column since the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    Generated,
    /// The server computed it, and writes nothing into it now.
    Plain,
    OtherType,
}

/// A column of which the living table may not hold the values of the backup.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) name: String,
    /// Type that it had, or text where that type is no longer known.
    kind: String,
    became: Became,
    /// Whether it was generated in the backup too is not known: only values that the backup has are compared.
    only_known: bool,
}

/// The column of the copied rows that holds the value as it was.
pub(super) fn name(number: usize) -> String {
    format!("backstop_w{number}")
}

impl Watched {
    pub(super) fn empty(&self, number: usize) -> String {
        format!("NULL::{} AS {}", self.kind, name(number))
    }

    pub(super) fn picked(&self) -> String {
        let column = identifier(&self.name);
        match self.kind == "text" {
            true => format!("{column}::text"),
            false => column,
        }
    }

    pub(super) fn left(&self, full: &str, count: u64) -> String {
        let rows = counted(count, "row");
        let why = match self.became {
            Became::Generated => "others have made it a generated column since the backup",
            Became::Plain => "it was a generated column in the backup",
            Became::OtherType => {
                "others have given it another type since the backup, which does not hold them"
            }
        };
        format!("values of `{}` in {rows} of `{full}`: {why}", self.name)
    }

    /// Returns the value now and the value of the backup, as they are compared.
    fn pair(&self, number: usize, of: &str) -> (String, String) {
        let column = identifier(&self.name);
        (
            format!("ROW({of}.{column}::{})::text", self.kind),
            format!("ROW(b.{})::text", name(number)),
        )
    }
}

/// Columns that were generated and are written now.
pub(super) fn written_now(watched: &[Watched]) -> Vec<(String, String)> {
    let plain = watched.iter().filter(|one| one.became == Became::Plain);
    plain
        .map(|one| (one.name.clone(), one.kind.clone()))
        .collect()
}

/// Returns the columns that others have made another one, but for those that come back themselves.
pub(super) fn watched(
    both: &mut Both,
    full: &str,
    added: &BTreeSet<String>,
    copied: bool,
) -> Result<Vec<Watched>, BackupError> {
    let had = columns(both.scratch.as_mut(), full)?;
    let has = columns(both.live.as_mut(), full)?;
    let mut found = Vec::new();
    for (column, (was, was_generated)) in had {
        let Some((is, is_generated)) = has.get(&column) else {
            continue;
        };
        let became = match (was_generated, is_generated) {
            (true, true) if !copied => continue,
            (_, true) => Became::Generated,
            (true, false) => Became::Plain,
            (false, false) if was == *is => continue,
            (false, false) => Became::OtherType,
        };
        if added.contains(&column) {
            continue;
        }
        // The old type may be gone, or nothing may lead back to it.
        let probe = format!("SELECT NULL::{is}::{was}");
        let known = both.live.rows(&probe).is_ok();
        found.push(Watched {
            name: column,
            kind: if known { was } else { "text".to_owned() },
            became,
            only_known: copied,
        });
    }
    Ok(found)
}

/// Types of columns, and whether the server computes them.
fn columns(
    session: &mut dyn Session,
    full: &str,
) -> Result<BTreeMap<String, (String, bool)>, BackupError> {
    let rows = session
        .rows(&format!(
            "SELECT attname, format_type(atttypid, atttypmod), attgenerated <> '' FROM pg_attribute \
             WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped",
            literal(full)
        ))
        .map_err(fault)?;
    let column = |row: &Vec<Option<String>>| (text(row, 0), (text(row, 1), text(row, 2) == "t"));
    Ok(rows.iter().map(column).collect())
}

impl RowJob {
    /// Of rows that were changed only those columns are watched that the call changed, or may have.
    pub(super) fn watch(&mut self, chosen: Option<&Chosen>) {
        let Some(chosen) = chosen.filter(|one| !one.deletes && !one.all) else {
            return;
        };
        let is_set = |one: &Watched| {
            let column = identifier(&one.name);
            chosen.sets.iter().any(|(set, _)| *set == column)
        };
        self.watched
            .retain(|one| one.became == Became::Plain || is_set(one));
    }

    /// Of columns that are gone those are told whose values the call changed: those of deleted rows come back with their columns.
    pub(super) fn drop_only(&mut self, chosen: &Chosen) {
        let is_set = |one: &String| chosen.sets.iter().any(|(set, _)| set == one);
        match chosen.deletes {
            true => self.dropped.clear(),
            false if chosen.all => {}
            false => {
                // Without the backup's own list of columns, what the call has set tells them.
                let known = |one: &String| {
                    self.columns.contains(one)
                        || self.dropped.contains(one)
                        || self
                            .watched
                            .iter()
                            .any(|seen| identifier(&seen.name) == *one)
                };
                let more = chosen.sets.iter().map(|(one, _)| one.clone());
                let more: Vec<String> = more.filter(|one| !known(one)).collect();
                self.dropped.retain(is_set);
                self.dropped.extend(more);
            }
        }
    }

    /// Returns the watched columns with their numbers; a plan writes nothing, and has nothing to compare.
    pub(super) fn seen(&self, look: bool) -> impl Iterator<Item = (usize, &Watched)> {
        let all = self.watched.iter().enumerate();
        all.filter(move |_| !look)
    }
}

impl Change<'_> {
    /// Tells, of a row without a key, whether the command made another one of it.
    pub(super) fn made_another(&self) -> String {
        match self.left() {
            Some(left) => format!("{} IS DISTINCT FROM {left}", self.row(self.overwrite, "b")),
            None => "true".to_owned(),
        }
    }

    /// Counts the rows of the backup of which no equal one is there, with one more column where it is asked for.
    pub(super) fn unlike(&self, more: Option<(&str, &str)>) -> String {
        let (now, then) = more.unwrap_or(("''", "''"));
        let lost = match self.inserts {
            true => "true".to_owned(),
            false => self.made_another(),
        };
        format!(
            "SELECT count(*) FROM (SELECT {}, {then} FROM pg_temp.backstop_rows b WHERE {lost} EXCEPT ALL SELECT {}, {now} FROM {} o) x",
            self.row(self.columns, "b"),
            self.row(self.columns, "o"),
            self.of
        )
    }

    /// Counts, behind all that was written, what is not as in the backup.
    pub(super) fn closing(&self) -> String {
        let at = self.at;
        let mut text = String::new();
        if !self.key.is_empty() {
            text.push_str(&self.closing_by_key());
        } else if self.overwrite.is_empty() || self.after > 0 || self.compares {
            text.push_str(&format!("SELECT 'out', {at}, ({});\n", self.unlike(None)));
        }
        for (number, one) in self.watched {
            let known = match one.only_known {
                true => format!("b.{} IS NOT NULL", name(*number)),
                false => "true".to_owned(),
            };
            let count = if one.became == Became::OtherType {
                // What was written is what the copied rows hold in the new type.
                let (now, then) = one.pair(*number, "b");
                format!(
                    "SELECT count(*) FROM pg_temp.backstop_rows b WHERE {now} IS DISTINCT FROM {then}"
                )
            } else if self.key.is_empty() {
                let (now, then) = one.pair(*number, "o");
                let count = self.unlike(Some((&now, &then)));
                format!(
                    "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_temp.backstop_rows b WHERE {known}) THEN ({count}) ELSE 0 END"
                )
            } else {
                let (now, then) = one.pair(*number, "o");
                format!(
                    "SELECT count(*) FROM pg_temp.backstop_rows b JOIN {} o ON {} WHERE {known} AND {now} IS DISTINCT FROM {then}",
                    self.of,
                    self.same()
                )
            };
            text.push_str(&format!("SELECT 'watched', {at}, {number}, ({count});\n"));
        }
        text
    }

    fn closing_by_key(&self) -> String {
        let (at, of, same) = (self.at, self.of, self.same());
        let mut text = String::new();
        if self.inserts {
            text.push_str(&format!(
                "SELECT 'out', {at}, count(*) FROM pg_temp.backstop_rows b WHERE NOT EXISTS (SELECT 1 FROM {of} o WHERE {same});\n"
            ));
        }
        let columns = match self.compares {
            true => self.columns,
            false => self.overwrite,
        };
        if !columns.is_empty() {
            text.push_str(&format!(
                "SELECT 'still', {at}, count(*) FROM pg_temp.backstop_rows b JOIN {of} o ON {same} WHERE {} IS DISTINCT FROM {};\n",
                self.row(columns, "b"),
                self.row(columns, "o")
            ));
        }
        text
    }
}
