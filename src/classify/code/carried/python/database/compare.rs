//! Whether everything that a database held is still in another one: its rows, tables, views, indices and triggers.
//! Both stand in memory; what cannot be read is taken to be lost.

use std::collections::HashMap;

use rusqlite::Connection;

/// Rows of all tables that are compared.
const MAX_ROWS: usize = 60_000;

/// Tells whether nothing of the first one is missing in the second.
pub(super) fn is_kept(before: &[u8], now: &[u8]) -> bool {
    kept(before, now).unwrap_or(false)
}

fn kept(before: &[u8], now: &[u8]) -> Option<bool> {
    if before.is_empty() {
        return Some(true);
    }
    let (old, new) = (opened(before)?, opened(now)?);
    let (objects, others) = (objects(&old)?, objects(&new)?);
    let mut left = MAX_ROWS;
    for (kind, name, sql) in &objects {
        if kind != "table" {
            // What is said anew is another one.
            if !others
                .iter()
                .any(|(_, other, text)| other == name && text == sql)
            {
                return Some(false);
            }
            continue;
        }
        let columns = columns(&old, name)?;
        let missing = columns.is_empty() || !others.iter().any(|(_, other, _)| other == name);
        let rows = rows(&old, name, &columns, &mut left)?;
        if rows.is_empty() && missing {
            continue;
        }
        if missing {
            return Some(false);
        }
        let there = self::columns(&new, name)?;
        if columns.iter().any(|column| !there.contains(column)) {
            if rows.is_empty() {
                continue;
            }
            return Some(false);
        }
        let mut count: HashMap<String, i64> = HashMap::new();
        for row in self::rows(&new, name, &columns, &mut left)? {
            *count.entry(row).or_default() += 1;
        }
        for row in rows {
            let left = count.get_mut(&row)?;
            *left -= 1;
            if *left < 0 {
                return Some(false);
            }
        }
    }
    Some(true)
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

fn rows(
    live: &Connection,
    table: &str,
    columns: &[String],
    left: &mut usize,
) -> Option<Vec<String>> {
    if columns.is_empty() {
        return Some(Vec::new());
    }
    let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    let mut query = live
        .prepare(&format!(
            "SELECT {} FROM {}",
            names.join(", "),
            quoted(table)
        ))
        .ok()?;
    let mut rows = query.query([]).ok()?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().ok()? {
        *left = left.checked_sub(1)?;
        let mut told = String::new();
        for at in 0..columns.len() {
            let value = row.get_ref(at).ok()?;
            told.push_str(&format!("{value:?}|"));
        }
        all.push(told);
    }
    Some(all)
}
