//! Finds in the backup the rows that a command took or changed, and what it made of them.
//! Where the command cannot be followed to its rows, the table is left to the comparison of all rows.

use std::collections::{BTreeMap, BTreeSet};

use super::links::Link;
use super::missing::{Both, Missing};
use super::names;
use super::parts::Parts;
use super::scan::Name;
use super::snapshot::{Relation, fault, number, text};
use crate::adapters::postgres::session::{identifier, literal};
use crate::backup::error::BackupError;
use crate::model::finding::RowsLost;

/// Deepest chain of foreign keys that is followed from deleted rows.
const DEPTH: usize = 8;
/// The search path under which a condition is read: that of the command is not known any more.
pub(super) const OWN_PATH: &str = "\"$user\", public";

/// The rows of one table that were lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    /// What stands behind SELECT and its columns: `FROM ONLY shop.t AS x WHERE (…)`.
    pub from: String,
    /// Rows that are missing are inserted.
    pub deletes: bool,
    /// Columns that got other values, with the value as an expression over the row of the backup.
    pub sets: Vec<(String, Option<String>)>,
    /// Rows get all values back that can be written: which ones changed is not known.
    pub all: bool,
    /// Which columns were changed could not be read: it may have been those of the key.
    pub blind: bool,
}

/// Returns the lost rows by table, for the tables where they are known.
pub(super) fn chosen(
    job: &Missing<'_>,
    both: &mut Both,
    links: &[Link],
    parts: &Parts,
    behind: &BTreeSet<u32>,
) -> Result<BTreeMap<u32, Chosen>, BackupError> {
    let mut found = BTreeMap::new();
    let all: Vec<Relation> = both.had.clone();
    let names: Vec<_> = all.iter().map(|one| one.name.clone()).collect();
    for table in all.iter().filter(|one| matches!(one.kind, 'r' | 'p')) {
        let losses: Vec<&RowsLost> = job
            .rows
            .iter()
            .filter(|one| names::resolve(&names, &one.table).contains(&table.name))
            .collect();
        let Some(loss) = RowsLost::joined(&losses) else {
            continue;
        };
        let mut heirs = BTreeSet::from([table.oid]);
        if !parts.is_whole(table.oid) {
            heirs.extend(parts.below(table.oid));
        }
        for heir in heirs {
            let Some(one) = all.iter().find(|one| one.oid == heir) else {
                continue;
            };
            if let Some(chosen) = of_table(both, parts, (one, table), &loss)? {
                found.insert(heir, chosen);
            }
        }
    }
    // What a key of the whole child says, its partitions say again.
    let links: Vec<&Link> = links
        .iter()
        .filter(|one| !parts.is_inside(one.child))
        .collect();
    let links = links.as_slice();
    through_views(job, both, parts, (&names, behind), &mut found);
    children(both, parts, links, &mut found);
    super::moves::follow(both, parts, links, &mut found);
    let whole = whole(job, both, links, behind, &found);
    unlinked(both, parts, links, &whole, &mut found);
    written(job, both, parts, &whole, &mut found)?;
    Ok(found)
}

/// Tables whose rows were changed by the name of a view: which of its columns is which of theirs is not known, so that all values come back.
fn through_views(
    job: &Missing<'_>,
    both: &Both,
    parts: &Parts,
    (names, behind): (&[Name], &BTreeSet<u32>),
    found: &mut BTreeMap<u32, Chosen>,
) {
    let views = both.had.iter().filter(|one| one.kind == 'v');
    let views: BTreeSet<&Name> = views.map(|one| &one.name).collect();
    let is_view = |loss: &&RowsLost| {
        let meant = names::resolve(names, &loss.table);
        meant.iter().any(|name| views.contains(name))
    };
    let losses: Vec<&RowsLost> = job.rows.iter().filter(is_view).collect();
    if losses.iter().all(|one| one.deletes && one.sets.is_empty()) {
        return;
    }
    let tables = both.had.iter().filter(|one| behind.contains(&one.oid));
    for table in tables.filter(|one| matches!(one.kind, 'r' | 'p')) {
        let mut all = BTreeSet::from([table.oid]);
        if !parts.is_whole(table.oid) {
            all.extend(parts.below(table.oid));
        }
        for one in both.had.iter().filter(|one| all.contains(&one.oid)) {
            found.entry(one.oid).or_insert_with(|| Chosen {
                from: format!("FROM {}", parts.scope(one)),
                deletes: losses.iter().any(|loss| loss.deletes),
                all: true,
                ..Chosen::default()
            });
        }
    }
}

/// Living tables of which any row may have gone: the named ones whose rows are not known, and those that cascade from them.
fn whole(
    job: &Missing<'_>,
    both: &Both,
    links: &[&Link],
    behind: &BTreeSet<u32>,
    found: &BTreeMap<u32, Chosen>,
) -> BTreeSet<u32> {
    let lives = |one: &&Relation| both.has.contains_key(&one.name) && !found.contains_key(&one.oid);
    let named = both.had.iter().filter(lives);
    let mut waiting: Vec<u32> = named
        .filter(|one| job.wanted.contains(&one.name) || behind.contains(&one.oid))
        .map(|one| one.oid)
        .collect();
    let mut all = BTreeSet::new();
    while let Some(one) = waiting.pop() {
        if all.insert(one) {
            let below = links
                .iter()
                .filter(|link| link.parent == one && link.act == "c");
            waiting.extend(
                below
                    .map(|link| link.child)
                    .filter(|child| !found.contains_key(child)),
            );
        }
    }
    all
}

/// Rows that lost their reference when any row of the parent may have gone.
fn unlinked(
    both: &Both,
    parts: &Parts,
    links: &[&Link],
    whole: &BTreeSet<u32>,
    found: &mut BTreeMap<u32, Chosen>,
) {
    let cut =
        |link: &&&Link| matches!(link.act.as_str(), "n" | "d") && whole.contains(&link.parent);
    let mut more: BTreeMap<u32, Chosen> = BTreeMap::new();
    for link in links.iter().filter(cut) {
        let Some(child) = both.had.iter().find(|one| one.oid == link.child) else {
            continue;
        };
        if found.contains_key(&link.child) {
            continue;
        }
        // With several references it is not known which of them was cut.
        let cuts = links.iter().filter(cut);
        let is_alone = cuts
            .filter(|one| one.child == link.child)
            .all(|one| one.child_columns == link.child_columns && one.act == link.act);
        let value = (is_alone && link.act == "n").then(|| "NULL".to_owned());
        let chosen = more.entry(link.child).or_insert_with(|| Chosen {
            from: format!("FROM {}", parts.scope(child)),
            deletes: whole.contains(&link.child),
            ..Chosen::default()
        });
        let columns = link.child_columns.iter().map(|one| identifier(one));
        for column in columns {
            if chosen.sets.iter().all(|(one, _)| *one != column) {
                chosen.sets.push((column, value.clone()));
            }
        }
    }
    found.append(&mut more);
}

/// Tables to which a trigger that fired may have written: its function names them behind UPDATE, DELETE FROM or INTO.
fn written(
    job: &Missing<'_>,
    both: &mut Both,
    parts: &Parts,
    whole: &BTreeSet<u32>,
    found: &mut BTreeMap<u32, Chosen>,
) -> Result<(), BackupError> {
    let mut fired: BTreeMap<u32, u32> = BTreeMap::new();
    for oid in whole {
        fired.insert(*oid, if job.overwrite { 8 | 16 | 32 } else { 8 | 32 });
    }
    for (oid, chosen) in found.iter() {
        let changes = chosen.all || !chosen.sets.is_empty();
        let bits = if chosen.deletes { 8 } else { 0 } | if changes { 16 } else { 0 };
        fired.insert(*oid, bits);
    }
    if fired.is_empty() {
        return Ok(());
    }
    for (oid, bits) in fired.clone() {
        for heir in parts.below(oid) {
            *fired.entry(heir).or_default() |= bits;
        }
    }
    let rows = both
        .scratch
        .rows(
            "SELECT t.tgrelid, t.tgtype::int, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid \
             WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')",
        )
        .map_err(fault)?;
    let mut words = BTreeSet::new();
    for row in &rows {
        let (of, bits): (u32, u32) = (number(row, 0), number(row, 1));
        if fired.get(&of).is_some_and(|fired| fired & bits != 0) {
            words.extend(names_written(&text(row, 2)));
        }
    }
    for table in both.had.iter().filter(|one| matches!(one.kind, 'r' | 'p')) {
        let lives = both.has.contains_key(&table.name);
        let named = words.contains(&table.name.1.to_lowercase());
        if lives && named && !whole.contains(&table.oid) {
            found.entry(table.oid).or_insert_with(|| Chosen {
                from: format!("FROM {}", parts.scope(table)),
                deletes: true,
                all: true,
                ..Chosen::default()
            });
        }
    }
    Ok(())
}

/// Returns the last parts of the names that stand behind UPDATE, DELETE FROM, INTO or TRUNCATE, in lower case.
fn names_written(source: &str) -> BTreeSet<String> {
    let is_word = |letter: char| letter.is_alphanumeric() || "_.\"$".contains(letter);
    let lower = source.to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter| !is_word(letter))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = BTreeSet::new();
    let is = |at: usize, some: &[&str]| words.get(at).is_some_and(|word| some.contains(word));
    for at in 0..words.len() {
        let deletes = is(at, &["delete"]) && is(at + 1, &["from"]);
        if !deletes && !is(at, &["update", "into", "truncate"]) {
            continue;
        }
        let mut behind = at + 1 + usize::from(deletes);
        behind += usize::from(is(behind, &["table"]));
        behind += usize::from(is(behind, &["only"]));
        if let Some(name) = words.get(behind) {
            let last = name.rsplit_once('.').map_or(*name, |(_, last)| last);
            found.insert(last.trim_matches('"').to_owned());
        }
    }
    found
}

fn of_table(
    both: &mut Both,
    parts: &Parts,
    (one, named): (&Relation, &Relation),
    loss: &RowsLost,
) -> Result<Option<Chosen>, BackupError> {
    let alias = match &loss.alias {
        Some(alias) => format!(" AS {}", identifier(alias)),
        None if one.oid != named.oid || parts.copied() => {
            format!(" AS {}", identifier(&named.name.1))
        }
        None => String::new(),
    };
    let condition = loss
        .predicate
        .as_ref()
        .map_or(String::new(), |text| format!(" WHERE (\n{text}\n)"));
    let rest = format!("{alias}{condition}");
    // A copy is filled later: the living table has its columns.
    let asked = format!("FROM {}{rest}", parts.living(one));
    let from = format!("FROM {}{rest}", parts.scope(one));
    let triggers = triggers(both, parts, one)?;
    // A trigger may have taken or changed rows that the condition does not name.
    if loss.deletes && triggers & 8 != 0 || !reads(both, "1", &asked)? {
        return Ok(None);
    }
    let changes = !loss.deletes || !loss.sets.is_empty();
    let all = changes && (loss.sets.is_empty() || triggers & 16 != 0);
    let mut sets = Vec::new();
    for setting in &loss.sets {
        let typed = typed(both, one, &setting.column)?;
        let mut value = None;
        if let (Some(kind), Some(text)) = (typed, &setting.value) {
            let cast = format!("((\n{text}\n)::{kind})");
            value = reads(both, &cast, &asked)?.then_some(cast);
        }
        sets.push((identifier(&setting.column), value));
    }
    Ok(Some(Chosen {
        from,
        deletes: loss.deletes,
        sets,
        all,
        blind: changes && loss.sets.is_empty(),
    }))
}

/// Returns the kinds of triggers that a table has: bit 8 for DELETE, 16 for UPDATE.
fn triggers(both: &mut Both, parts: &Parts, one: &Relation) -> Result<u32, BackupError> {
    let mut all = vec![one.oid];
    if parts.is_whole(one.oid) {
        all.extend(parts.below(one.oid));
    }
    let all: Vec<String> = all.iter().map(u32::to_string).collect();
    let rows = both
        .scratch
        .rows(&format!(
            "SELECT coalesce(bit_or(tgtype::int), 0) FROM pg_trigger WHERE tgrelid IN ({}) AND NOT tgisinternal",
            all.join(", ")
        ))
        .map_err(fault)?;
    Ok(rows.first().map_or(0, |row| number(row, 0)))
}

fn typed(both: &mut Both, one: &Relation, column: &str) -> Result<Option<String>, BackupError> {
    let rows = both
        .scratch
        .rows(&format!(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = {} AND attname = {} AND attnum > 0",
            one.oid,
            literal(column)
        ))
        .map_err(fault)?;
    Ok(rows.first().map(|row| text(row, 0)))
}

/// Tells whether the backup can be asked so.
fn reads(both: &mut Both, what: &str, from: &str) -> Result<bool, BackupError> {
    let path = format!(
        "SELECT pg_catalog.set_config('search_path', {}, false)",
        literal(OWN_PATH)
    );
    let back = "SET search_path = pg_catalog";
    // Every row is evaluated: what would fail later must fail here.
    let query = format!("SELECT count(v) FROM (SELECT {what} AS v {from}) s");
    let read = both.scratch.rows_between(&path, &query, back);
    both.scratch.run(back).map_err(fault)?;
    Ok(read.is_ok())
}

/// Follows foreign keys from deleted rows to those that went with them or lost their reference.
fn children(both: &Both, parts: &Parts, links: &[&Link], found: &mut BTreeMap<u32, Chosen>) {
    let full = |oid: u32| {
        both.had
            .iter()
            .find(|one| one.oid == oid)
            .map(|one| parts.scope(one))
    };
    for _ in 0..DEPTH {
        let mut more = BTreeMap::new();
        for link in links
            .iter()
            .filter(|link| matches!(link.act.as_str(), "c" | "n" | "d"))
        {
            if found.contains_key(&link.child)
                || more.contains_key(&link.child)
                || link.child == link.parent
            {
                continue;
            }
            let into: Vec<&&Link> = links
                .iter()
                .filter(|other| {
                    other.child == link.child && matches!(other.act.as_str(), "c" | "n" | "d")
                })
                .filter(|other| {
                    found
                        .get(&other.parent)
                        .is_some_and(|parent| parent.deletes)
                })
                .collect();
            // Two ways into one table: rows may have met both fates, so that all are compared.
            let ([only], Some(child)) = (into.as_slice(), full(link.child)) else {
                continue;
            };
            if let Some(parent) = found.get(&only.parent) {
                more.insert(link.child, of_child(only, &child, parent));
            }
        }
        if more.is_empty() {
            break;
        }
        found.append(&mut more);
    }
    // A table that refers to itself loses rows that no condition names.
    for link in links.iter().filter(|link| link.child == link.parent) {
        let deletes = found.get(&link.child).is_some_and(|one| one.deletes);
        if deletes && matches!(link.act.as_str(), "c" | "n" | "d") {
            found.clear();
            return;
        }
    }
}

fn of_child(link: &Link, child: &str, parent: &Chosen) -> Chosen {
    let from = format!(
        "FROM {child} AS backstop_c WHERE EXISTS (SELECT 1 FROM (SELECT * {}) backstop_p WHERE {})",
        parent.from,
        link.pairs()
    );
    match link.act.as_str() {
        "c" => Chosen {
            from,
            deletes: true,
            ..Chosen::default()
        },
        act => Chosen {
            from,
            sets: link
                .child_columns
                .iter()
                .map(|one| (identifier(one), (act == "n").then(|| "NULL".to_owned())))
                .collect(),
            ..Chosen::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::names_written;

    #[test]
    fn the_source_of_a_trigger_names_the_tables_that_it_writes_to() {
        let found = names_written(
            "BEGIN UPDATE shop.\"Stats\" SET n = 1; DELETE FROM ONLY log; INSERT INTO public.mirror(id) SELECT 1 FROM seen; TRUNCATE TABLE old; RETURN OLD; END",
        );
        for name in ["stats", "log", "mirror", "old"] {
            assert!(found.contains(name), "{name} is missing in {found:?}");
        }
        assert!(!found.contains("seen"), "{found:?}");
    }
}
