//! Which rows TRUNCATE, DELETE, UPDATE and rewrites would touch, and whose rows go with them.
//! A predicate is evaluated only when it is pure, in a read-only transaction, under a timeout.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Ask, Table, absent, number, text};
use super::session::{Row, SessionError, identifier};
use crate::model::database::{Dependant, ObjectFact, Rows};
use crate::model::effect::{Bound, Effect, Verb};

/// Tables that a closure may have.
const CLOSURE: usize = 20_000;
/// Steps of a cascade that are counted exactly.
const CASCADE: usize = 16;

const SHAPE: &str = "t.oid, format('%I.%I', n.nspname, c.relname), c.relkind, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(t.oid)";

/// Answers for TRUNCATE: partitions and heirs, and with CASCADE every table that refers to one of them.
pub(super) fn truncated(ask: &mut Ask<'_>, effect: &Effect) -> Result<ObjectFact, SessionError> {
    let name = effect.object.clone().unwrap_or_default();
    let Some(oid) = ask.relation(&name)? else {
        return Ok(absent(&name));
    };
    let mut roots = vec![oid];
    for other in ask.effects {
        if other.verb == Verb::Truncate
            && let Some(found) = other
                .object
                .as_deref()
                .map(|name| ask.relation(name))
                .transpose()?
        {
            roots.extend(found);
        }
    }
    let closure = |from: &[u32], cascade: bool| {
        let list = from
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        format!(
            "WITH RECURSIVE t(oid, via, behind) AS (SELECT c, false, false FROM unnest(ARRAY[{list}]::oid[]) c UNION SELECT * FROM (WITH w AS (SELECT * FROM t) \
             SELECT i.inhrelid, true, w.behind FROM w JOIN pg_inherits i ON i.inhparent=w.oid WHERE NOT {} OR w.via OR w.behind \
             UNION ALL SELECT k.conrelid, true, true FROM w JOIN pg_constraint k ON k.contype='f' AND k.confrelid=w.oid WHERE {cascade}) x)",
            effect.only
        )
    };
    let rows = ask.session.rows(&format!(
        "{} SELECT DISTINCT ON (t.oid) {SHAPE}, t.behind FROM t JOIN pg_class c ON c.oid=t.oid JOIN pg_namespace n ON n.oid=c.relnamespace ORDER BY t.oid, t.behind LIMIT {CLOSURE}",
        closure(&[oid], effect.cascade)
    ))?;
    let is_behind = |row: &&Row| text(row, 5) == "t";
    let own: Vec<Table> = rows
        .iter()
        .filter(|row| !is_behind(row))
        .map(Table::read)
        .collect();
    let behind: Vec<Table> = rows.iter().filter(is_behind).map(Table::read).collect();
    let mut fact = fact(ask, oid, &own)?;
    fact.dependants = cascaded(ask, &behind)?;
    fact.tables.extend(
        behind
            .iter()
            .filter(|table| table.kind == "r")
            .map(|table| table.name.clone()),
    );
    fact.tables.sort();
    fact.tables.dedup();
    if !effect.cascade {
        let blocking = ask.session.rows(&format!(
            "{} SELECT DISTINCT k.conrelid::regclass FROM t JOIN pg_constraint k ON k.contype='f' AND k.confrelid=t.oid \
             WHERE k.conrelid NOT IN (SELECT oid FROM t) LIMIT 20",
            closure(&roots, false)
        ))?;
        refuse(&mut fact, &blocking);
    }
    Ok(fact)
}

/// The tables that are emptied along, each with its own rows, counted up to the limit.
fn cascaded(ask: &mut Ask<'_>, tables: &[Table]) -> Result<Vec<Dependant>, SessionError> {
    let counted = match ask.counting(tables) {
        Some(query) => match ask.session.rows(&query) {
            Ok(rows) => rows,
            Err(SessionError::Refused { .. }) => Vec::new(),
            Err(error) => return Err(error),
        },
        None => Vec::new(),
    };
    let limit = ask.limits.rows;
    let mut counts = counted.iter().map(|row| number::<u64>(row, 0));
    let dependant = |(at, table): (usize, &Table)| {
        let count = (table.holds_rows() && at < ask.limits.tables)
            .then(|| counts.next())
            .flatten();
        Dependant {
            kind: "table".to_owned(),
            name: table.name.clone(),
            how: "cascades".to_owned(),
            rows: match count {
                Some(rows) if rows <= limit => Rows::Exactly(rows),
                Some(_) => Rows::About(table.estimate.max(limit)),
                None => Rows::Unknown,
            },
        }
    };
    Ok(tables.iter().enumerate().map(dependant).collect())
}

fn refuse(fact: &mut ObjectFact, blocking: &[Row]) {
    for row in blocking {
        fact.dependants.push(Dependant {
            kind: "table".to_owned(),
            name: text(row, 0),
            how: "blocks".to_owned(),
            rows: Rows::Unknown,
        });
    }
    if let Some(first) = blocking.first() {
        fact.notes.push(format!(
            "the server would refuse: table `{}` refers to it",
            text(first, 0)
        ));
    }
}

/// Answers for rewrites and for partitions that leave: all rows of the table and its heirs.
pub(super) fn rewritten(ask: &mut Ask<'_>, effect: &Effect) -> Result<ObjectFact, SessionError> {
    let name = effect.object.clone().unwrap_or_default();
    let Some(oid) = ask.relation(&name)? else {
        return Ok(absent(&name));
    };
    let tables = heirs(ask, oid, effect.only)?;
    fact(ask, oid, &tables)
}

fn fact(ask: &mut Ask<'_>, oid: u32, tables: &[Table]) -> Result<ObjectFact, SessionError> {
    let rows = ask.count(tables)?;
    let notes = ask.triggers(tables)?;
    let mut names: Vec<String> = tables
        .iter()
        .filter(|table| table.kind == "r")
        .map(|table| table.name.clone())
        .collect();
    names.sort();
    Ok(ObjectFact {
        name: tables
            .iter()
            .find(|table| table.oid == oid)
            .map(|table| table.name.clone())
            .unwrap_or_default(),
        exists: true,
        // Where nothing of the closure holds rows by itself (a view, a foreign table), nothing was counted.
        rows: if tables
            .iter()
            .any(|table| !matches!(table.kind.as_str(), "r" | "p" | "m"))
        {
            Rows::Unknown
        } else {
            rows
        },
        bytes: tables.iter().map(|table| table.bytes).sum(),
        dependants: Vec::new(),
        tables: names,
        notes,
    })
}

/// The relation with its partitions and heirs; for a view also the tables below it.
fn heirs(ask: &mut Ask<'_>, oid: u32, only: bool) -> Result<Vec<Table>, SessionError> {
    let rows = ask.session.rows(&format!(
        "WITH RECURSIVE t(oid) AS (SELECT {oid}::oid UNION SELECT * FROM (WITH w AS (SELECT * FROM t) \
         SELECT i.inhrelid FROM w JOIN pg_inherits i ON i.inhparent=w.oid WHERE NOT {only} \
         UNION ALL SELECT d.refobjid FROM w JOIN pg_rewrite r ON r.ev_class=w.oid JOIN pg_depend d ON d.classid='pg_rewrite'::regclass \
         AND d.objid=r.oid AND d.refclassid='pg_class'::regclass WHERE EXISTS (SELECT 1 FROM pg_class v WHERE v.oid=w.oid AND v.relkind='v')) x) \
         SELECT {SHAPE} FROM t JOIN pg_class c ON c.oid=t.oid JOIN pg_namespace n ON n.oid=c.relnamespace LIMIT {CLOSURE}"
    ))?;
    Ok(rows.iter().map(Table::read).collect())
}

/// A foreign key below the target.
struct Link {
    parent: String,
    child: String,
    name: String,
    act: String,
    child_columns: Vec<String>,
    parent_columns: Vec<String>,
    child_oid: u32,
}

/// Answers for DELETE, UPDATE and the like.
pub(super) fn changed(ask: &mut Ask<'_>, effect: &Effect) -> Result<ObjectFact, SessionError> {
    let name = effect.object.clone().unwrap_or_default();
    let Some(oid) = ask.relation(&name)? else {
        return Ok(absent(&name));
    };
    let own = heirs(ask, oid, effect.only)?;
    let mut fact = fact(ask, oid, &own)?;
    let deletes = effect.verb != Verb::Update;
    let mut links = links(ask, oid, effect.only, deletes)?;
    if let (false, Some(changed)) = (deletes, &effect.part) {
        // Only what a child holds can change it; further links hang on those.
        let holds = |link: &Link| {
            changed.split(',').any(|name| {
                link.parent_columns
                    .iter()
                    .any(|column| column.trim_matches('"').eq_ignore_ascii_case(name))
            })
        };
        let is_near = |link: &Link| {
            own.iter().any(|table| table.name == link.parent) || link.parent == fact.name
        };
        if !links.iter().any(|link| is_near(link) && holds(link)) {
            links.clear();
        }
        links.retain(|link| !is_near(link) || holds(link));
    }
    let mut counts = BTreeMap::new();
    if let Bound::Where { predicate, pure } = &effect.bound {
        let steps = if deletes {
            cascade(&fact.name, &own, &links)
        } else {
            Vec::new()
        };
        let counted = if *pure && is_one_expression(predicate) {
            hits(ask, &fact.name, effect.only, predicate, &steps)?
        } else {
            None
        };
        match counted {
            Some((rows, of)) => {
                fact.rows = rows;
                counts = of;
            }
            None => fact.notes.push(
                "which rows the condition meets was not asked; all are taken to be lost".to_owned(),
            ),
        }
    }
    follow(ask, &mut fact, &links, &counts, deletes)?;
    Ok(fact)
}

/// Adds the tables behind foreign keys: those that lose or change rows, and those that stand in the way.
fn follow(
    ask: &mut Ask<'_>,
    fact: &mut ObjectFact,
    links: &[Link],
    counts: &BTreeMap<String, Rows>,
    deletes: bool,
) -> Result<(), SessionError> {
    let mut more = Vec::new();
    for link in links {
        let how = match link.act.as_str() {
            "c" if deletes => "cascades",
            "c" => "may change",
            "n" => "set null",
            "d" => "set default",
            _ if deletes => "blocks",
            _ => continue,
        };
        if how != "blocks" {
            more.push(link.child_oid);
        }
        fact.dependants.push(Dependant {
            kind: "table".to_owned(),
            name: link.child.clone(),
            how: how.to_owned(),
            rows: counts
                .get(&link.name_in(how))
                .copied()
                .unwrap_or(Rows::Unknown),
        });
    }
    let below = with_parts(ask, &more)?;
    fact.notes.extend(ask.triggers(&below)?);
    let mut names: BTreeSet<String> = fact.tables.drain(..).collect();
    names.extend(
        below
            .into_iter()
            .filter(|table| table.kind == "r")
            .map(|table| table.name),
    );
    fact.tables = names.into_iter().collect();
    Ok(())
}

impl Link {
    fn name_in(&self, how: &str) -> String {
        if how == "cascades" {
            self.child.clone()
        } else {
            self.name.clone()
        }
    }
}

fn with_parts(ask: &mut Ask<'_>, roots: &[u32]) -> Result<Vec<Table>, SessionError> {
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let list = roots
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let rows = ask.session.rows(&format!(
        "WITH RECURSIVE t(oid) AS (SELECT unnest(ARRAY[{list}]::oid[]) UNION SELECT i.inhrelid FROM t JOIN pg_inherits i ON i.inhparent=t.oid) \
         SELECT {SHAPE} FROM t JOIN pg_class c ON c.oid=t.oid JOIN pg_namespace n ON n.oid=c.relnamespace LIMIT {CLOSURE}"
    ))?;
    Ok(rows.iter().map(Table::read).collect())
}

fn links(
    ask: &mut Ask<'_>,
    oid: u32,
    only: bool,
    deletes: bool,
) -> Result<Vec<Link>, SessionError> {
    let act = if deletes {
        "confdeltype"
    } else {
        "confupdtype"
    };
    let names = |key: &str, relation: &str| {
        format!(
            "(SELECT string_agg(quote_ident(a.attname), ',' ORDER BY u.o) FROM unnest(k.{key}) WITH ORDINALITY u(n,o) \
             JOIN pg_attribute a ON a.attrelid=k.{relation} AND a.attnum=u.n)"
        )
    };
    let rows = ask.session.rows(&format!(
        "WITH RECURSIVE inh(rel) AS (SELECT {oid}::oid UNION SELECT i.inhrelid FROM inh JOIN pg_inherits i ON i.inhparent=inh.rel WHERE NOT {only}), \
         t(rel) AS (SELECT rel FROM inh UNION SELECT relid::oid FROM pg_partition_ancestors({oid}::oid::regclass) UNION SELECT x.rel FROM t \
         JOIN pg_constraint k ON k.contype='f' AND k.conparentid=0 AND k.{act}='c' AND k.confrelid=t.rel, \
         LATERAL (SELECT k.conrelid UNION SELECT relid::oid FROM pg_partition_ancestors(k.conrelid) UNION SELECT relid::oid FROM pg_partition_tree(k.conrelid)) x(rel)) \
         SELECT k.confrelid::regclass, k.conrelid::regclass, k.conname, k.{act}, {}, {}, k.conrelid FROM t \
         JOIN pg_constraint k ON k.contype='f' AND k.conparentid=0 AND k.confrelid=t.rel ORDER BY 2, 3 LIMIT {CLOSURE}",
        names("conkey", "conrelid"),
        names("confkey", "confrelid")
    ))?;
    Ok(rows
        .iter()
        .map(|row| Link {
            parent: text(row, 0),
            child: text(row, 1),
            name: text(row, 2),
            act: text(row, 3),
            child_columns: split_names(&text(row, 4)),
            parent_columns: split_names(&text(row, 5)),
            child_oid: number(row, 6),
        })
        .collect())
}

/// Splits a list of quoted names at the commas outside quotes.
fn split_names(list: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    for one in list.chars() {
        quoted ^= one == '"';
        match names.last_mut() {
            Some(last) if one != ',' || quoted => last.push(one),
            _ => names.push(String::new()),
        }
    }
    names
}

type Counted = (Rows, BTreeMap<String, Rows>);

/// Counts what a condition meets, and what goes with those rows; nothing when the server cannot say.
fn hits(
    ask: &mut Ask<'_>,
    target: &str,
    only: bool,
    predicate: &str,
    steps: &[CascadeStep],
) -> Result<Option<Counted>, SessionError> {
    let only = if only { "ONLY " } else { "" };
    let mut alias = None;
    for _attempt in 0..2 {
        let named = alias.as_ref().map_or(String::new(), |alias: &String| {
            format!(" AS {}", identifier(alias))
        });
        let query = counting(
            &format!("SELECT * FROM {only}{target}{named} WHERE (\n{predicate}\n)"),
            steps,
        );
        match ask.under_own_path(&query) {
            Ok(rows) => {
                let count = |row: &Row| {
                    let rows: u64 = number(row, 0);
                    // A guessed alias may be another table of the statement: then the number is a hint, and 0 proves nothing.
                    match (&alias, rows) {
                        (None, rows) => Rows::Exactly(rows),
                        (Some(_), 0) => Rows::Unknown,
                        (Some(_), rows) => Rows::About(rows),
                    }
                };
                let mut counts = rows.iter().map(count);
                let first = counts.next().unwrap_or(Rows::Unknown);
                let of = steps
                    .iter()
                    .map(|step| step.child.clone())
                    .zip(counts)
                    .collect();
                return Ok(Some((first, of)));
            }
            Err(SessionError::Refused { code, message }) if code == "42P01" && alias.is_none() => {
                alias = message.split('"').nth(1).map(str::to_owned);
                if alias.is_none() {
                    return Ok(None);
                }
            }
            Err(SessionError::Refused { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn counting(first: &str, steps: &[CascadeStep]) -> String {
    let mut query = format!("WITH d0 AS ({first})");
    let mut counts = vec!["SELECT count(*) FROM d0".to_owned()];
    for (at, step) in steps.iter().enumerate() {
        let number = at + 1;
        query.push_str(&format!(
            ", d{number} AS (SELECT c.* FROM {} c WHERE {})",
            step.child, step.condition
        ));
        counts.push(format!("SELECT count(*) FROM d{number}"));
    }
    format!("{query} {}", counts.join(" UNION ALL "))
}

/// One table whose rows go by cascade, with the condition that finds them.
struct CascadeStep {
    child: String,
    condition: String,
}

/// Puts the cascading tables in an order in which each comes after all its parents; those in circles are left out.
fn cascade(target: &str, own: &[Table], links: &[Link]) -> Vec<CascadeStep> {
    let mut known: BTreeMap<String, usize> = own
        .iter()
        .map(|table| (table.name.clone(), 0))
        .chain([(target.to_owned(), 0)])
        .collect();
    let cascading: Vec<&Link> = links.iter().filter(|link| link.act == "c").collect();
    let mut waiting: BTreeSet<&str> = cascading
        .iter()
        .map(|link| link.child.as_str())
        .filter(|child| !known.contains_key(*child))
        .collect();
    let mut steps = Vec::new();
    while steps.len() < CASCADE {
        let ready = waiting.iter().copied().find(|child| {
            cascading
                .iter()
                .filter(|link| link.child == **child)
                .all(|link| known.contains_key(&link.parent))
        });
        let Some(child) = ready else { break };
        waiting.remove(child);
        let conditions: Vec<String> = cascading
            .iter()
            .filter(|link| link.child == child)
            .filter_map(|link| {
                let columns = link
                    .child_columns
                    .iter()
                    .zip(&link.parent_columns)
                    .map(|(child, parent)| format!("c.{child} = p.{parent}"))
                    .collect::<Vec<_>>()
                    .join(" AND ");
                let parent = known.get(&link.parent)?;
                Some(format!(
                    "EXISTS (SELECT 1 FROM d{parent} p WHERE {columns})"
                ))
            })
            .collect();
        steps.push(CascadeStep {
            child: child.to_owned(),
            condition: conditions.join(" OR "),
        });
        known.insert(child.to_owned(), steps.len());
    }
    steps
}

/// Tells whether a text can only be one expression: nothing in it closes what we put around it.
pub(super) fn is_one_expression(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut quote = None;
    let mut before = ' ';
    for one in text.chars() {
        match quote {
            Some(open) => {
                if one == '\\' {
                    // What a backslash does in a string depends on settings.
                    return false;
                }
                if one == open {
                    quote = None;
                }
            }
            None => match one {
                '\'' | '"' => quote = Some(one),
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                ';' | '\\' | '$' | '\0' | '{' | '}' => return false,
                '-' if before == '-' => return false,
                '*' if before == '/' => return false,
                _ => {}
            },
        }
        if depth < 0 {
            return false;
        }
        before = one;
    }
    depth == 0 && quote.is_none() && !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_expression_is_put_to_the_server() {
        for fine in [
            "id = 5",
            "name = 'a;b--(' AND x IN (1, 2)",
            "a[1] = 2",
            "n = 'it''s'",
        ] {
            assert!(is_one_expression(fine), "{fine}");
        }
        for bad in [
            "true); DROP TABLE x; --",
            "true) OR (false",
            "a -- b",
            "a /* b",
            "x = 'open",
            r"x = E'\''); DROP TABLE y; --'",
            "x = $$ ) $$",
            "",
        ] {
            assert!(!is_one_expression(bad), "{bad}");
        }
    }

    #[test]
    fn names_are_split_outside_quotes() {
        assert_eq!(split_names(r#"a,"b,c",d"#), ["a", r#""b,c""#, "d"]);
    }

    #[test]
    fn a_cascade_is_counted_parents_first_and_circles_are_left_out() {
        let link = |parent: &str, child: &str| Link {
            parent: parent.into(),
            child: child.into(),
            name: format!("{child}_{parent}"),
            act: "c".into(),
            child_columns: vec!["p".into()],
            parent_columns: vec!["id".into()],
            child_oid: 1,
        };
        let links = [
            link("b", "c"),
            link("t", "b"),
            link("t", "c"),
            link("x", "y"),
            link("y", "x"),
        ];
        let steps = cascade("t", &[], &links);
        let order: Vec<&str> = steps.iter().map(|step| step.child.as_str()).collect();
        assert_eq!(order, ["b", "c"]);
    }
}
