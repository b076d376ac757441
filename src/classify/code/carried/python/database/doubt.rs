//! New rows with values that are not known: in which columns they stand, and whether they could meet what is there.
//! Where such a value could decide whether the row is taken, nothing is said.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use regex::Regex;
use rusqlite::Connection;

use super::super::value::{Outcome, Stop};

/// Words of a table by which a value decides whether its row is taken.
const CHOOSY: [&str; 4] = ["CHECK", "STRICT", "GENERATED", "AS ("];

/// An INSERT of one row: its table, its columns, its values.
const PLAIN_INSERT: &str = r#"(?is)^\s*(?:INSERT(?:\s+OR\s+\w+)?|REPLACE)\s+INTO\s+["`\[]?(\w+)["`\]]?\s*(?:\(([^()]*)\))?\s*VALUES\s*\(([^()]*)\)\s*;?\s*$"#;
/// A value that is handed over, or one that is written there.
const PLAIN_VALUE: &str =
    r"(?i)^(?:\?|[:@$]\w+|-?\d+(?:\.\d+)?|'[^']*'|NULL|CURRENT_(?:TIMESTAMP|DATE|TIME))$";

static SHAPE: OnceLock<Option<Regex>> = OnceLock::new();
static ITEM: OnceLock<Option<Regex>> = OnceLock::new();

fn made(place: &'static OnceLock<Option<Regex>>, pattern: &str) -> Option<&'static Regex> {
    place.get_or_init(|| Regex::new(pattern).ok()).as_ref()
}

/// Returns the table of a plain INSERT and the columns that get the values of these places.
pub(super) fn columns(
    live: &Connection,
    text: &str,
    places: &BTreeSet<usize>,
    place: &dyn Fn(&str) -> Option<usize>,
) -> Outcome<(String, Vec<String>)> {
    let (Some(shape), Some(item)) = (made(&SHAPE, PLAIN_INSERT), made(&ITEM, PLAIN_VALUE)) else {
        return Err(Stop::Lost);
    };
    let found = shape.captures(text).ok_or(Stop::Lost)?;
    let part = |at: usize| found.get(at).map(|part| part.as_str());
    let table = part(1).ok_or(Stop::Lost)?.to_ascii_lowercase();
    let names: Vec<String> = match part(2) {
        Some(names) => names
            .split(',')
            .map(|name| {
                name.trim()
                    .trim_matches(['"', '`', '[', ']'])
                    .to_ascii_lowercase()
            })
            .collect(),
        None => listed(
            live,
            "SELECT lower(name) FROM pragma_table_info(?1)",
            &table,
        )?,
    };
    let values: Vec<&str> = part(3)
        .ok_or(Stop::Lost)?
        .split(',')
        .map(str::trim)
        .collect();
    if names.len() != values.len() || !values.iter().all(|value| item.is_match(value)) {
        return Err(Stop::Lost);
    }
    let mut unknown = Vec::new();
    let mut count = 0;
    for (name, value) in names.into_iter().zip(values) {
        let at = match value.chars().next() {
            Some('?') => {
                count += 1;
                Some(count)
            }
            Some(':' | '@' | '$') => Some(place(value).ok_or(Stop::Lost)?),
            _ => None,
        };
        if at.is_some_and(|at| places.contains(&at)) {
            unknown.push(name);
        }
    }
    match unknown.is_empty() {
        true => Err(Stop::Lost),
        false => Ok((table, unknown)),
    }
}

/// Tells whether a value that is not known decides nothing in this column.
pub(super) fn is_free(live: &Connection, table: &str, column: &str) -> Outcome<bool> {
    let said = listed(
        live,
        "SELECT upper(sql) FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
        table,
    )?;
    let [said] = said.as_slice() else {
        return Ok(false);
    };
    let asks = [
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE",
        "SELECT name FROM sqlite_temp_master WHERE tbl_name = ?1 COLLATE NOCASE",
        "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND partial",
    ];
    for ask in asks {
        if !listed(live, ask, table)?.is_empty() {
            return Ok(false);
        }
    }
    let bound = [
        "SELECT lower(name) FROM pragma_table_info(?1) WHERE pk > 0",
        "SELECT lower(coalesce(part.name, '*')) FROM pragma_index_list(?1) AS one, pragma_index_info(one.name) AS part WHERE one.\"unique\"",
        "SELECT lower(\"from\") FROM pragma_foreign_key_list(?1)",
    ];
    let mut decides = BTreeSet::new();
    for ask in bound {
        decides.extend(listed(live, ask, table)?);
    }
    let choosy = CHOOSY.iter().any(|word| said.contains(word));
    Ok(!choosy && !decides.contains(column) && !decides.contains("*"))
}

/// Tells whether a statement of its own, or a rule of a table, takes rows away that no statement of the script names.
pub(super) fn acts_by_itself(live: &Connection) -> Outcome<bool> {
    let ask = "SELECT name FROM sqlite_master WHERE type = 'trigger' OR upper(sql) LIKE '%ON CONFLICT%' UNION ALL SELECT name FROM sqlite_temp_master WHERE ?1 <> ''";
    Ok(!listed(live, ask, "any")?.is_empty())
}

fn listed(live: &Connection, ask: &str, name: &str) -> Outcome<Vec<String>> {
    let told = || -> rusqlite::Result<Vec<String>> {
        let mut query = live.prepare(ask)?;
        query.query_map([name], |row| row.get(0))?.collect()
    };
    told().map_err(|_| Stop::Lost)
}
