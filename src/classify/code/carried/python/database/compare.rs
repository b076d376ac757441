//! What a database held and does not hold any more: rows, tables, columns, views, indices and triggers.
//! Both stand in memory; nothing is said where they cannot be read to the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Connection;

/// Rows of all tables that are compared.
const MAX_ROWS: usize = 60_000;
/// Numbers of rows that are written one by one.
const MAX_NUMBERS: usize = 1_000;
/// Names by which the number of a row is asked for.
const NUMBERS: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// Something that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Rows by their numbers: gone, and changed in this column.
    Rows {
        table: String,
        gone: BTreeSet<i64>,
        changed: BTreeSet<i64>,
        column: String,
    },
    /// Rows of a table that numbers none: gone, or only changed.
    Some {
        table: String,
        gone: bool,
        column: String,
    },
    Table(String),
    Column(String, String),
    /// A view, an index or a trigger.
    Object,
}

/// Returns what of the first one is missing in the second; nothing where that is not known.
pub(super) fn lost(before: &[u8], now: &[u8]) -> Option<Vec<Loss>> {
    if before.is_empty() {
        return Some(Vec::new());
    }
    let (old, new) = (opened(before)?, opened(now)?);
    let (objects, others) = (objects(&old)?, objects(&new)?);
    let mut left = MAX_ROWS;
    let mut all = Vec::new();
    for (kind, name, sql) in &objects {
        if kind != "table" {
            // What is said anew is another one.
            if !others
                .iter()
                .any(|(_, other, text)| other == name && text == sql)
            {
                all.push(Loss::Object);
            }
            continue;
        }
        let columns = columns(&old, name)?;
        let rows = rows(&old, name, &columns, &mut left)?;
        if rows.is_empty() {
            continue;
        }
        let Some(there) = counterpart(&new, name, &columns, &objects, &others)? else {
            all.push(Loss::Table(name.clone()));
            continue;
        };
        let now = self::columns(&new, &there)?;
        if let Some(column) = columns.iter().find(|column| !now.contains(column)) {
            all.push(Loss::Column(name.clone(), column.clone()));
            continue;
        }
        let now = self::rows(&new, &there, &columns, &mut left)?;
        all.extend(missing(name, &columns, rows, now));
    }
    Some(all)
}

/// Returns the table that holds what another one held: the one of that name, or one that has got a new name.
fn counterpart(
    new: &Connection,
    name: &str,
    columns: &[String],
    before: &[(String, String, String)],
    after: &[(String, String, String)],
) -> Option<Option<String>> {
    let tables = after.iter().filter(|(kind, ..)| kind == "table");
    if tables.clone().any(|(_, other, _)| other == name) {
        return Some(Some(name.to_owned()));
    }
    let mut found = Vec::new();
    for (_, other, _) in tables {
        let fresh = !before.iter().any(|(_, old, _)| old == other);
        if fresh && self::columns(new, other)? == columns {
            found.push(other.clone());
        }
    }
    Some(match found.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    })
}

/// A row: its number, and its cells as they are told.
struct Row {
    number: Option<i64>,
    cells: Vec<String>,
}

/// Compares the rows of one table.
fn missing(table: &str, columns: &[String], old: Vec<Row>, new: Vec<Row>) -> Option<Loss> {
    let numbered = old.iter().chain(&new).all(|row| row.number.is_some());
    let mut there: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut count: HashMap<Vec<String>, Vec<Option<i64>>> = HashMap::new();
    let (before, after) = (old.len(), new.len());
    for row in new {
        if let Some(number) = row.number {
            there.insert(number, row.cells.clone());
        }
        count.entry(row.cells).or_default().push(row.number);
    }
    // A row that stands where it stood is itself; others may have got a new number.
    let mut rest = Vec::new();
    for row in old {
        let own = count.get_mut(&row.cells).and_then(|numbers| {
            let at = numbers.iter().position(|number| *number == row.number)?;
            row.number.map(|_| numbers.swap_remove(at))
        });
        if own.is_none() {
            rest.push(row);
        }
    }
    rest.retain(|row| count.get_mut(&row.cells).and_then(Vec::pop).is_none());
    let first = rest.first()?;
    let spare: BTreeSet<i64> = count.into_values().flatten().flatten().collect();
    let other = first.number.and_then(|number| there.get(&number));
    let column = columns
        .iter()
        .enumerate()
        .find(|(at, _)| other.is_none_or(|other| other.get(*at) != first.cells.get(*at)))
        .map(|(_, column)| column.clone())?;
    if !numbered {
        return Some(Loss::Some {
            table: table.to_owned(),
            gone: after < before,
            column,
        });
    }
    let numbers = rest.iter().filter_map(|row| row.number);
    let (changed, gone) = numbers.partition(|number| spare.contains(number));
    Some(Loss::Rows {
        table: table.to_owned(),
        gone,
        changed,
        column,
    })
}

impl Loss {
    /// Takes out what was told before, and remembers the rest.
    pub fn untold(self, told: &mut BTreeSet<(String, i64, bool)>) -> Option<Self> {
        let Self::Rows {
            table,
            mut gone,
            mut changed,
            column,
        } = self
        else {
            return Some(self);
        };
        gone.retain(|number| told.insert((table.clone(), *number, true)));
        changed.retain(|number| {
            !told.contains(&(table.clone(), *number, true))
                && told.insert((table.clone(), *number, false))
        });
        let none = gone.is_empty() && changed.is_empty();
        (!none).then_some(Self::Rows {
            table,
            gone,
            changed,
            column,
        })
    }

    /// Says it again on what the database held in the beginning.
    pub fn statements(&self) -> Vec<String> {
        let delete = |table: &str| format!("DELETE FROM {}", quoted(table));
        let update = |table: &str, column: &str| {
            format!("UPDATE {} SET {} = NULL", quoted(table), quoted(column))
        };
        match self {
            Self::Object => Vec::new(),
            Self::Table(table) => vec![format!("DROP TABLE {}", quoted(table))],
            Self::Column(table, column) => vec![format!(
                "ALTER TABLE {} DROP COLUMN {}",
                quoted(table),
                quoted(column)
            )],
            Self::Some {
                table,
                gone,
                column,
            } => vec![match gone {
                true => delete(table),
                false => update(table, column),
            }],
            Self::Rows {
                table,
                gone,
                changed,
                column,
            } => {
                let gone = those(gone).map(|those| format!("{} {those}", delete(table)));
                let changed =
                    those(changed).map(|those| format!("{} {those}", update(table, column)));
                gone.into_iter().chain(changed).collect()
            }
        }
    }
}

/// Returns the condition that names rows by their numbers.
fn those(numbers: &BTreeSet<i64>) -> Option<String> {
    let (first, last) = (numbers.first()?, numbers.last()?);
    if numbers.len() > MAX_NUMBERS {
        return Some(format!("WHERE rowid BETWEEN {first} AND {last}"));
    }
    let all: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Some(format!("WHERE rowid IN ({})", all.join(", ")))
}

fn opened(pages: &[u8]) -> Option<Connection> {
    let mut live = Connection::open_in_memory().ok()?;
    if !pages.is_empty() {
        live.deserialize_read_exact("main", pages, pages.len(), true)
            .ok()?;
    }
    Some(live)
}

fn objects(live: &Connection) -> Option<Vec<(String, String, String)>> {
    let mut query = live.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").ok()?;
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .ok()?;
    rows.collect::<Result<_, _>>().ok()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn columns(live: &Connection, table: &str) -> Option<Vec<String>> {
    let mut query = live
        .prepare("SELECT name FROM pragma_table_info(?1)")
        .ok()?;
    let rows = query.query_map([table], |row| row.get(0)).ok()?;
    rows.collect::<Result<_, _>>().ok()
}

fn rows(live: &Connection, table: &str, columns: &[String], left: &mut usize) -> Option<Vec<Row>> {
    let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    let odd = |column: &String| NUMBERS.iter().any(|name| column.eq_ignore_ascii_case(name));
    let ask = |number: &str| {
        let names = names.join(", ");
        live.prepare(&format!("SELECT {number}, {names} FROM {}", quoted(table)))
    };
    let numbered = if columns.iter().any(odd) {
        None
    } else {
        ask("rowid").ok()
    };
    let mut query = match numbered {
        Some(query) => query,
        None => ask("NULL").ok()?,
    };
    let mut rows = query.query([]).ok()?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().ok()? {
        *left = left.checked_sub(1)?;
        let mut cells = Vec::new();
        for at in 1..=columns.len() {
            cells.push(format!("{:?}", row.get_ref(at).ok()?));
        }
        let number = row.get(0).ok()?;
        all.push(Row { number, cells });
    }
    Some(all)
}
