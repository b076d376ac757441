//! What was written to a database since a backup's snapshot: transactions, then rows and definitions.
//! It counts and says; whether that matters is decided elsewhere.

use super::facts::{number, text};
use super::session::{self, SessionError, literal};
use super::way::Way;
use super::{Limits, connect};
use crate::model::target::PostgresReach;

/// Tables that one comparison reads; more are not compared.
const TABLES: usize = 200;
/// Transactions that were running when the snapshot was taken; more are not compared one by one.
const RUNNING: usize = 1000;

/// What a backup saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `749:752:750`: oldest running transaction, next one, those running.
    pub snapshot: String,
    /// Tables that matter, as the server writes their names, with the rows that the backup holds.
    pub tables: Vec<(String, u64)>,
}

/// What changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Proven: nothing.
    None,
    /// Sentences without full stop.
    Written(Vec<String>),
    /// It could not be found out, with the reason.
    Unknown(String),
}

/// Compares the database with what a backup saw of it.
pub fn drift(reach: &PostgresReach, seen: &Seen, limits: &Limits) -> Drift {
    match compare(reach, seen, limits) {
        Ok(drift) => drift,
        Err(error) => Drift::Unknown(session::without(
            &error.to_string(),
            reach.password.as_ref(),
        )),
    }
}

fn compare(reach: &PostgresReach, seen: &Seen, limits: &Limits) -> Result<Drift, SessionError> {
    let Some(then) = Snapshot::read(&seen.snapshot) else {
        return Ok(Drift::Unknown(
            "the backup does not say which transactions it saw".to_owned(),
        ));
    };
    let way = Way::new(reach, &limits.tool_dirs);
    let mut session = connect(&way, limits)?;
    let rows = session.rows("SELECT pg_catalog.txid_current_snapshot()")?;
    let now = rows.first().map(|row| text(row, 0)).unwrap_or_default();
    if now == seen.snapshot {
        return Ok(Drift::None);
    }
    if seen.tables.len() > TABLES || then.running.len() > RUNNING {
        return Ok(Drift::Unknown(
            "more tables than are compared one by one".to_owned(),
        ));
    }
    let mut sets = session.batch(&["SET search_path = pg_catalog", &question(seen, &then)])?;
    let mut said = Vec::new();
    for row in sets.pop().unwrap_or_default() {
        let at: usize = number(&row, 0);
        let (rows, new): (u64, u64) = (number(&row, 1), number(&row, 2));
        match seen.tables.get(at) {
            Some((table, held)) => said.extend(told(table, *held, rows, new)),
            None if new > 0 => said.push(format!("{new} definitions were changed since")),
            None => {}
        }
    }
    Ok(if said.is_empty() {
        Drift::None
    } else {
        Drift::Written(said)
    })
}

/// Says what differs in one table.
fn told(table: &str, held: u64, rows: u64, new: u64) -> Option<String> {
    let gone = held.saturating_sub(rows.saturating_sub(new));
    let unit = |count: u64| if count == 1 { "row" } else { "rows" };
    let was = |count: u64| if count == 1 { "was" } else { "were" };
    match (new, gone) {
        (0, 0) => None,
        (0, gone) => Some(format!(
            "{gone} {} of `{table}` {} deleted since",
            unit(gone),
            was(gone)
        )),
        (new, _) => Some(format!(
            "{new} {} of `{table}` {} written since ({held} are in the backup, {rows} are there now)",
            unit(new),
            was(new)
        )),
    }
}

/// Rows whose version is younger than the snapshot: from its next transaction on, or of one that was running then.
fn question(seen: &Seen, then: &Snapshot) -> String {
    // A row knows the lower half of its transaction's number; ages compare that rightly.
    let next = then.next & u64::from(u32::MAX);
    let mut young = format!("age(xmin) <= age('{next}'::xid)");
    if !then.running.is_empty() {
        let running: Vec<String> = then
            .running
            .iter()
            .map(|one| literal(&(one & u64::from(u32::MAX)).to_string()))
            .collect();
        young.push_str(&format!(" OR xmin::text IN ({})", running.join(", ")));
    }
    let mut parts: Vec<String> = seen
        .tables
        .iter()
        .enumerate()
        .map(|(at, (table, _))| {
            format!("SELECT {at}, count(*), count(*) FILTER (WHERE {young}) FROM ONLY {table}")
        })
        .collect();
    let catalogs = [
        "pg_class WHERE relpersistence <> 't' AND",
        "pg_proc WHERE",
        "pg_trigger WHERE",
        "pg_rewrite WHERE",
        "pg_policy WHERE",
        "pg_constraint WHERE",
        "pg_attrdef WHERE",
        "pg_enum WHERE",
        "pg_namespace WHERE nspname !~ '^pg_' AND",
    ];
    let definitions: Vec<String> = catalogs
        .iter()
        .map(|one| format!("(SELECT count(*) FROM {one} ({young}))"))
        .collect();
    parts.push(format!("SELECT {TABLES}, 0, {}", definitions.join(" + ")));
    parts.join("\nUNION ALL ")
}

/// A snapshot as the server writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Snapshot {
    next: u64,
    running: Vec<u64>,
}

impl Snapshot {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let _oldest: u64 = parts.next()?.parse().ok()?;
        let next = parts.next()?.parse().ok()?;
        let running = parts.next()?.split(',').filter(|one| !one.is_empty());
        let running = running.map(str::parse).collect::<Result<_, _>>().ok()?;
        parts.next().is_none().then_some(Self { next, running })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_whole_or_not_at_all() {
        let read = |text| Snapshot::read(text).map(|one| (one.next, one.running));
        assert_eq!(read("749:752:750,751"), Some((752, vec![750, 751])));
        assert_eq!(read("749:749:"), Some((749, Vec::new())));
        for bad in ["", "749", "749:752", "a:b:c", "1:2:3:4", "1:2:x"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_differs_is_told_in_rows() {
        assert_eq!(told("t", 5, 5, 0), None);
        assert_eq!(
            told("t", 5, 4, 0).unwrap(),
            "1 row of `t` was deleted since"
        );
        assert_eq!(
            told("t", 1000, 3000, 2000).unwrap(),
            "2000 rows of `t` were written since (1000 are in the backup, 3000 are there now)"
        );
        // An update leaves the number alone.
        assert!(
            told("t", 5, 5, 5)
                .unwrap()
                .starts_with("5 rows of `t` were written")
        );
    }
}
