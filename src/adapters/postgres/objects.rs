//! What a DROP would take: the object, what belongs to it, and with CASCADE all that depends on it.
//! Rows of TRUNCATE, DELETE and UPDATE are the business of `rows`.

use std::collections::BTreeSet;

use super::facts::{Ask, Table, absent, number, readings, text};
use super::session::{Row, SessionError, literal};
use crate::model::database::{Dependant, ObjectFact, Rows};
use crate::model::effect::{Effect, ObjectKind, Verb};

/// Dependants that are named; the rest is a number.
const NAMED: usize = 200;
/// Objects that one walk may give.
const WALK: usize = 20_000;

/// An object as the dependency catalog knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Root {
    /// Name of the catalog: `pg_class`.
    class: &'static str,
    oid: u32,
    part: i32,
}

/// One object of a walk.
struct Met {
    kind: String,
    identity: String,
    /// Goes without CASCADE too.
    own: bool,
    is_root: bool,
    part: i32,
    table: Option<Table>,
}

/// Answers for DROP of anything.
pub(super) fn dropped(ask: &mut Ask<'_>, effect: &Effect) -> Result<ObjectFact, SessionError> {
    let name = effect.object.clone().unwrap_or_default();
    let Some(roots) = roots(ask, effect)? else {
        return Ok(ObjectFact {
            exists: true,
            rows: Rows::Unknown,
            ..absent(&name)
        });
    };
    if roots.is_empty() {
        return Ok(absent(&name));
    }
    if roots.iter().all(|root| root.class.is_empty()) {
        return Ok(ObjectFact {
            exists: true,
            rows: Rows::Unknown,
            ..absent(&name)
        });
    }
    let mut others = Vec::new();
    for other in ask.effects {
        if other.verb == Verb::Drop && other.object != effect.object {
            others.extend(self::roots(ask, other)?.unwrap_or_default());
        }
    }
    let met = walk(ask, &roots, &others)?;
    describe(ask, effect, &name, &met)
}

/// Answers for ALTER TABLE … DROP COLUMN: the column in the table and in every heir that has it from there alone.
pub(super) fn column(ask: &mut Ask<'_>, effect: &Effect) -> Result<ObjectFact, SessionError> {
    let name = effect.object.clone().unwrap_or_default();
    let part = effect.part.clone().unwrap_or_default();
    let Some(oid) = ask.relation(&name)? else {
        return Ok(absent(&name));
    };
    let columns = ask.session.rows(&format!(
        "WITH RECURSIVE c(o) AS (SELECT {oid}::oid UNION SELECT i.inhrelid FROM c JOIN pg_inherits i ON i.inhparent=c.o) \
         SELECT a.attrelid, a.attnum, a.attrelid::regclass, c.relkind, quote_ident(a.attname), pg_total_relation_size(c.oid) FROM c h(o) \
         JOIN pg_attribute a ON a.attrelid=h.o AND a.attname IN ({}, {}) AND NOT a.attisdropped JOIN pg_class c ON c.oid=a.attrelid \
         WHERE a.attrelid={oid} OR (NOT a.attislocal AND a.attinhcount=1)",
        literal(&part),
        literal(&part.to_lowercase())
    ))?;
    if columns.is_empty() {
        return Ok(absent(&format!("{name}.{part}")));
    }
    let roots: Vec<Root> = columns
        .iter()
        .map(|row| Root {
            class: "pg_class",
            oid: number(row, 0),
            part: number(row, 1),
        })
        .collect();
    let met = walk(ask, &roots, &[])?;
    let mut fact = describe(ask, effect, &name, &met)?;
    let held: Vec<&Row> = columns.iter().filter(|row| text(row, 3) == "r").collect();
    fact.name = columns.first().map_or(name, |row| text(row, 2));
    fact.tables = held.iter().map(|row| text(row, 2)).collect();
    fact.tables.sort();
    fact.bytes = held.iter().map(|row| number::<u64>(row, 5)).sum();
    fact.rows = values(ask, &held)?;
    Ok(fact)
}

/// Counts the values that are not NULL.
fn values(ask: &mut Ask<'_>, columns: &[&Row]) -> Result<Rows, SessionError> {
    let limit = ask.limits.rows;
    let mut total = 0;
    for row in columns.iter().take(ask.limits.tables) {
        let query = format!(
            "SELECT count(*) FROM (SELECT 1 FROM ONLY {} WHERE {} IS NOT NULL LIMIT {}) s",
            text(row, 2),
            text(row, 4),
            limit + 1
        );
        match ask.session.rows(&query) {
            Ok(rows) => total += rows.first().map_or(0, |row| number::<u64>(row, 0)),
            Err(SessionError::Refused { .. }) => return Ok(Rows::Unknown),
            Err(error) => return Err(error),
        }
    }
    Ok(if total > limit || columns.len() > ask.limits.tables {
        Rows::MoreThan(total.min(limit))
    } else {
        Rows::Exactly(total)
    })
}

/// Answers for dropping a constraint or partition, and for DETACH.
pub(super) fn altered(ask: &mut Ask<'_>, effect: &Effect) -> Result<ObjectFact, SessionError> {
    let name = effect.object.clone().unwrap_or_default();
    let part = effect.part.clone().unwrap_or_default();
    let Some(oid) = ask.relation(&name)? else {
        return Ok(absent(&name));
    };
    if effect.kind == ObjectKind::Partition || effect.verb == Verb::Detach {
        let inside = Effect {
            object: Some(part),
            ..effect.clone()
        };
        return super::rows::rewritten(ask, &inside);
    }
    let found = ask.session.rows(&format!(
        "SELECT oid FROM pg_constraint WHERE conrelid = {oid} AND conname IN ({}, {})",
        literal(&part),
        literal(&part.to_lowercase())
    ))?;
    let roots: Vec<Root> = found
        .iter()
        .map(|row| Root {
            class: "pg_constraint",
            oid: number(row, 0),
            part: 0,
        })
        .collect();
    if effect.kind == ObjectKind::Constraint && roots.is_empty() {
        return Ok(absent(&format!("{name}.{part}")));
    }
    let met = if roots.is_empty() {
        Vec::new()
    } else {
        walk(ask, &roots, &[])?
    };
    let mut fact = describe(ask, effect, &name, &met)?;
    fact.rows = Rows::Unknown;
    Ok(fact)
}

/// Finds the object; nothing when this kind cannot be looked up, an empty list when it is proven not to be there.
fn roots(ask: &mut Ask<'_>, effect: &Effect) -> Result<Option<Vec<Root>>, SessionError> {
    let Some(name) = effect.object.as_deref() else {
        return Ok(None);
    };
    let root = |class, oid| Root {
        class,
        oid,
        part: 0,
    };
    match effect.kind {
        ObjectKind::Index => {
            let found = ask.relation(name)?.map(|oid| root("pg_class", oid));
            match found {
                Some(index) => Ok(Some(vec![index])),
                // `DROP STATISTICS` is read as that of an index.
                None => named_in(ask, name, &STATISTICS).map(Some),
            }
        }
        ObjectKind::Trigger => match on_table(ask, effect)? {
            Some(table) => named_on(ask, effect, table, &TRIGGERS).map(Some),
            None if effect.part.is_some() => Ok(Some(Vec::new())),
            None => named_in(ask, name, &EVENT_TRIGGERS).map(Some),
        },
        ObjectKind::Policy => match on_table(ask, effect)? {
            Some(table) => named_on(ask, effect, table, &POLICIES).map(Some),
            None => Ok(Some(Vec::new())),
        },
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sequence
        | ObjectKind::Partition
        | ObjectKind::Column => {
            let found = ask.relation(name)?;
            Ok(Some(
                found.map(|oid| root("pg_class", oid)).into_iter().collect(),
            ))
        }
        ObjectKind::Type => type_root(ask, name).map(Some),
        kind => {
            let Some((class, question)) = catalog(kind) else {
                return Ok(None);
            };
            let last = name.rsplit('.').next().unwrap_or(name);
            let found = ask.session.rows(&format!(
                "{question} IN ({}, {}, {}, {})",
                literal(name),
                literal(&name.to_lowercase()),
                literal(last),
                literal(&last.to_lowercase())
            ))?;
            Ok(Some(
                found
                    .iter()
                    .map(|row| root(class, number(row, 0)))
                    .collect(),
            ))
        }
    }
}

/// Catalogs in which something has a name: catalog, column of the name, column of the table it stands on.
type Catalogs = [(&'static str, &'static str, &'static str)];

const TRIGGERS: [(&str, &str, &str); 2] = [
    ("pg_trigger", "tgname", "tgrelid"),
    ("pg_rewrite", "rulename", "ev_class"),
];
const POLICIES: [(&str, &str, &str); 1] = [("pg_policy", "polname", "polrelid")];
const EVENT_TRIGGERS: [(&str, &str, &str); 1] = [("pg_event_trigger", "evtname", "")];
const STATISTICS: [(&str, &str, &str); 1] = [("pg_statistic_ext", "stxname", "")];

/// Returns the table behind ON.
fn on_table(ask: &mut Ask<'_>, effect: &Effect) -> Result<Option<u32>, SessionError> {
    match (&effect.part, effect.object.as_deref()) {
        (Some(_), Some(table)) => ask.relation(table),
        _ => Ok(None),
    }
}

/// Finds what stands on a table under the name of the effect's part.
fn named_on(
    ask: &mut Ask<'_>,
    effect: &Effect,
    table: u32,
    catalogs: &Catalogs,
) -> Result<Vec<Root>, SessionError> {
    let part = effect.part.clone().unwrap_or_default();
    let mut found = Vec::new();
    for (class, column, on) in catalogs {
        let rows = ask.session.rows(&format!(
            "SELECT oid FROM {class} WHERE {on} = {table} AND {column} IN ({}, {})",
            literal(&part),
            literal(&part.to_lowercase())
        ))?;
        found.extend(rows.iter().map(|row| Root {
            class,
            oid: number(row, 0),
            part: 0,
        }));
    }
    Ok(found)
}

/// Finds what has a name of its own, in whatever schema.
fn named_in(ask: &mut Ask<'_>, name: &str, catalogs: &Catalogs) -> Result<Vec<Root>, SessionError> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let mut found = Vec::new();
    for (class, column, _) in catalogs {
        let rows = ask.session.rows(&format!(
            "SELECT oid FROM {class} WHERE {column} IN ({}, {}, {}, {})",
            literal(name),
            literal(&name.to_lowercase()),
            literal(last),
            literal(&last.to_lowercase())
        ))?;
        found.extend(rows.iter().map(|row| Root {
            class,
            oid: number(row, 0),
            part: 0,
        }));
    }
    Ok(found)
}

/// The catalog of a kind of object and the question for its oid; without a catalog, only whether it exists is asked.
const fn catalog(kind: ObjectKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        ObjectKind::Schema => ("pg_namespace", "SELECT oid FROM pg_namespace WHERE nspname"),
        ObjectKind::Function => (
            "pg_proc",
            "SELECT oid FROM pg_proc WHERE oid >= 16384 AND proname",
        ),
        ObjectKind::Extension => ("pg_extension", "SELECT oid FROM pg_extension WHERE extname"),
        ObjectKind::Publication => (
            "pg_publication",
            "SELECT oid FROM pg_publication WHERE pubname",
        ),
        ObjectKind::Constraint => (
            "pg_constraint",
            "SELECT oid FROM pg_constraint WHERE conname",
        ),
        ObjectKind::Role => ("", "SELECT 1 FROM pg_roles WHERE rolname"),
        ObjectKind::Tablespace => ("", "SELECT 1 FROM pg_tablespace WHERE spcname"),
        ObjectKind::ReplicationSlot => ("", "SELECT 1 FROM pg_replication_slots WHERE slot_name"),
        ObjectKind::LargeObject => ("", "SELECT 1 FROM pg_largeobject_metadata WHERE oid::text"),
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Index
        | ObjectKind::Sequence
        | ObjectKind::Partition
        | ObjectKind::Column
        | ObjectKind::Type
        | ObjectKind::Trigger
        | ObjectKind::Policy
        | ObjectKind::Subscription
        | ObjectKind::Database
        | ObjectKind::Other
        | ObjectKind::Everything => return None,
    })
}

/// Finds a type; that of a relation goes with the relation.
fn type_root(ask: &mut Ask<'_>, name: &str) -> Result<Vec<Root>, SessionError> {
    for reading in readings(name, &ask.about.database) {
        let query = format!(
            "SELECT coalesce(nullif(t.typrelid, 0), t.oid), t.typrelid FROM pg_catalog.pg_type t WHERE t.oid = pg_catalog.to_regtype({})",
            literal(&reading)
        );
        if let Some(row) = ask.under_own_path(&query)?.first() {
            let of_relation = number::<u32>(row, 1) != 0;
            return Ok(vec![Root {
                class: if of_relation { "pg_class" } else { "pg_type" },
                oid: number(row, 0),
                part: 0,
            }]);
        }
    }
    Ok(Vec::new())
}

fn values_of(roots: &[Root]) -> String {
    roots
        .iter()
        .filter(|root| !root.class.is_empty())
        .map(|root| {
            format!(
                "('pg_catalog.{}'::regclass::oid, {}::oid, {}::int)",
                root.class, root.oid, root.part
            )
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// Everything that goes with the roots; `own` marks what goes without CASCADE, counting what the same call drops itself.
/// One walk for both: `reach` says that a root leads there, `own` that a path leads there without an ordinary dependency.
fn walk(ask: &mut Ask<'_>, roots: &[Root], others: &[Root]) -> Result<Vec<Met>, SessionError> {
    let seeds = values_of(roots);
    let query = format!(
        "WITH RECURSIVE walk(classid,objid,objsubid,reach,own) AS (SELECT v.*, true, true FROM (VALUES {seeds}) v(a,b,c){} \
         UNION (WITH w AS (SELECT * FROM walk) \
         SELECT d.classid, d.objid, d.objsubid, w.reach, w.own AND d.deptype<>'n' FROM w JOIN pg_depend d ON d.refclassid=w.classid AND d.refobjid=w.objid \
         AND (w.objsubid=0 OR d.refobjsubid=w.objsubid) WHERE d.deptype IN ('n','a','i','P','S','x','e') AND (w.reach OR d.deptype<>'n') \
         UNION ALL SELECT d.refclassid, d.refobjid, d.refobjsubid, w.reach, w.own FROM w JOIN pg_depend d ON d.classid=w.classid AND d.objid=w.objid \
         AND d.objsubid=w.objsubid WHERE d.deptype='i')), \
         met AS (SELECT classid, objid, objsubid, bool_or(reach) AS reach, bool_or(own) AS own FROM walk GROUP BY 1,2,3), \
         o AS (SELECT *, bool_or(reach) FILTER (WHERE objsubid=0) OVER w AS whole, bool_or(own) FILTER (WHERE objsubid=0) OVER w AS whole_own \
         FROM met WINDOW w AS (PARTITION BY classid, objid)) \
         SELECT i.type, i.identity, o.own OR coalesce(o.whole_own, false), (o.classid,o.objid,o.objsubid) IN (VALUES {seeds}), o.objsubid, \
         c.oid, CASE WHEN c.oid IS NOT NULL THEN format('%I.%I', n.nspname, c.relname) END, c.relkind, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid) \
         FROM o CROSS JOIN LATERAL pg_identify_object(o.classid,o.objid,o.objsubid) i \
         LEFT JOIN pg_class c ON o.classid='pg_class'::regclass AND c.oid=o.objid AND o.objsubid=0 LEFT JOIN pg_namespace n ON n.oid=c.relnamespace \
         WHERE o.reach AND (o.objsubid=0 OR o.whole IS NOT TRUE) LIMIT {WALK}",
        if others.iter().any(|other| !other.class.is_empty()) {
            format!(
                " UNION ALL SELECT v.*, false, true FROM (VALUES {}) v(a,b,c)",
                values_of(others)
            )
        } else {
            String::new()
        }
    );
    let rows = ask.by_index(&query)?;
    Ok(rows
        .iter()
        .map(|row| Met {
            kind: text(row, 0),
            identity: text(row, 1),
            own: text(row, 2) == "t",
            is_root: text(row, 3) == "t",
            part: number(row, 4),
            table: row
                .get(5)
                .cloned()
                .flatten()
                .map(|_some| Table::read(&row.get(5..).map(<[_]>::to_vec).unwrap_or_default())),
        })
        .collect())
}

fn describe(
    ask: &mut Ask<'_>,
    effect: &Effect,
    name: &str,
    met: &[Met],
) -> Result<ObjectFact, SessionError> {
    let lost: Vec<&Met> = met.iter().filter(|one| effect.cascade || one.own).collect();
    let tables: Vec<Table> = lost
        .iter()
        .filter(|one| one.part == 0)
        // What a materialized view holds is computed from what is lost or stays.
        .filter(|one| one.is_root || one.kind != "materialized view")
        .filter_map(|one| one.table.clone())
        .filter(Table::holds_rows)
        .collect();
    let (dependants, mut notes) = going(effect, met);
    let (functions, rows) = counted_with_functions(ask, &tables)?;
    notes.extend(functions);
    let takes_more = lost
        .iter()
        .any(|one| !one.is_root && shown(one).is_some() && !is_own_part(one));
    let is_data = matches!(
        effect.kind,
        ObjectKind::Table
            | ObjectKind::MaterializedView
            | ObjectKind::Partition
            | ObjectKind::Schema
    );
    let mut names: Vec<String> = tables
        .iter()
        .filter(|table| table.kind == "r")
        .map(|table| table.name.clone())
        .collect();
    names.sort();
    Ok(ObjectFact {
        name: full_name(met).unwrap_or_else(|| name.to_owned()),
        exists: true,
        // "No rows" must not be read as "nothing is lost" where definitions go.
        rows: if rows.is_proven_empty() && (!is_data || takes_more) {
            Rows::Unknown
        } else {
            rows
        },
        bytes: tables.iter().map(|table| table.bytes).sum(),
        dependants,
        tables: names,
        notes,
    })
}

fn full_name(met: &[Met]) -> Option<String> {
    let root = met.iter().find(|one| one.is_root)?;
    Some(match &root.table {
        Some(table) => table.name.clone(),
        None => root.identity.clone(),
    })
}

/// What goes with the object or stands in its way, and sentences about it.
fn going(effect: &Effect, met: &[Met]) -> (Vec<Dependant>, Vec<String>) {
    let relations: BTreeSet<&str> = met
        .iter()
        .filter(|one| one.table.is_some())
        .map(|one| one.identity.as_str())
        .collect();
    let mut dependants = Vec::new();
    let mut folded = 0_usize;
    let mut blocked = Vec::new();
    for one in met.iter().filter(|one| !one.is_root) {
        if belongs(one, &relations) {
            continue;
        }
        // The triggers of a foreign key stand on both tables, so that the catalog calls it a part of either.
        let foreign = is_elsewhere(one, &relations);
        let kind = if foreign {
            Some("foreign-key")
        } else {
            shown(one)
        };
        let Some(kind) = kind else {
            folded += usize::from(!one.own);
            continue;
        };
        let blocks = !effect.cascade && (foreign || !one.own);
        if blocks {
            blocked.push(format!("{kind} `{}`", one.identity));
        }
        if dependants.len() >= NAMED {
            folded += 1;
            continue;
        }
        let table = one.table.as_ref().filter(|table| table.holds_rows());
        dependants.push(Dependant {
            kind: kind.to_owned(),
            name: one.identity.clone(),
            how: if blocks { "blocks" } else { "dropped with it" }.to_owned(),
            rows: table.map_or(Rows::Unknown, |table| Rows::About(table.estimate)),
        });
    }
    dependants.sort_by_key(|one| rank(&one.kind));
    let mut notes = Vec::new();
    if !blocked.is_empty() {
        blocked.truncate(3);
        notes.push(format!(
            "the server would refuse: {} depends on it",
            blocked.join(", ")
        ));
    }
    if folded > 0 {
        notes.push(format!("{folded} further objects depend on it"));
    }
    let is_foreign = |table: &Table| table.kind == "f";
    if met
        .iter()
        .any(|one| one.table.as_ref().is_some_and(is_foreign))
    {
        notes.push("rows of foreign tables live elsewhere and are in no dump".to_owned());
    }
    (dependants, notes)
}

/// Counts the rows and names the functions that mention the tables, in one round trip where nothing is refused.
fn counted_with_functions(
    ask: &mut Ask<'_>,
    tables: &[Table],
) -> Result<(Vec<String>, Rows), SessionError> {
    let Some(counting) = ask.counting(tables) else {
        return Ok((Vec::new(), ask.count(tables)?));
    };
    let functions = functions_of(tables);
    match ask.session.batch(&[&functions, &counting]) {
        Ok(mut sets) => {
            let counts = sets.pop().unwrap_or_default();
            let mentions = mentions(&sets.pop().unwrap_or_default());
            Ok((mentions, ask.counted(tables, Ok(Some(counts)))?))
        }
        // Not allowed to count: the functions are asked for alone.
        Err(SessionError::Refused { .. }) => {
            let rows = ask.session.rows(&functions)?;
            Ok((mentions(&rows), ask.count(tables)?))
        }
        Err(error) => Err(error),
    }
}

/// The question for functions whose bodies are text: they have no dependencies in the catalog.
fn functions_of(tables: &[Table]) -> String {
    let names: Vec<String> = tables
        .iter()
        .take(16)
        .filter_map(|table| table.name.rsplit('.').next())
        .map(|name| {
            format!(
                "p.prosrc ~* {}",
                literal(&format!("\\m{}\\M", escaped(name)))
            )
        })
        .collect();
    // The order lets the server read the functions of users by index instead of all of its own.
    format!(
        "SELECT p.oid::regprocedure FROM (SELECT oid, prosrc, prolang FROM pg_proc WHERE oid >= 16384 ORDER BY oid) p \
         JOIN pg_language l ON l.oid = p.prolang WHERE l.lanname IN ('sql', 'plpgsql') AND ({}) LIMIT 5",
        names.join(" OR ")
    )
}

fn mentions(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .map(|row| format!("function `{}` mentions it and may break", text(row, 0)))
        .collect()
}

fn escaped(name: &str) -> String {
    name.trim_matches('"')
        .chars()
        .flat_map(|one| {
            let plain = one.is_alphanumeric() || one == '_';
            (!plain).then_some('\\').into_iter().chain([one])
        })
        .collect()
}

/// Other people's tables first, the object's own sequences last.
fn rank(kind: &str) -> u8 {
    match kind {
        "foreign-key" => 0,
        "table" => 1,
        "view" | "materialized-view" => 2,
        "sequence" => 4,
        _ => 3,
    }
}

/// Tells whether this is a constraint of a table that stays.
fn is_elsewhere(met: &Met, relations: &BTreeSet<&str>) -> bool {
    let table = met.identity.rsplit_once(" on ").map(|(_, table)| table);
    met.kind == "table constraint" && table.is_some_and(|table| !relations.contains(table))
}

/// Rules, row types and arrays that exist only because a relation does.
fn belongs(met: &Met, relations: &BTreeSet<&str>) -> bool {
    match met.kind.as_str() {
        "rule" => true,
        // The server's own means to keep a foreign key.
        "trigger" => met.identity.starts_with("\"RI_ConstraintTrigger_"),
        "type" => met.identity.ends_with("[]") || relations.contains(met.identity.as_str()),
        _ => false,
    }
}

/// Sequences and constraints that belong to the object itself.
fn is_own_part(met: &Met) -> bool {
    met.own && matches!(met.kind.as_str(), "sequence" | "table" | "table column")
}

/// Kinds that people care about, in our words; the others are folded into a number.
fn shown(met: &Met) -> Option<&'static str> {
    Some(match met.kind.as_str() {
        "table" | "foreign table" => "table",
        "view" => "view",
        "materialized view" => "materialized-view",
        "sequence" => "sequence",
        "function" | "procedure" | "aggregate" => "function",
        "table column" => "column",
        "table constraint" if !met.own => "foreign-key",
        "trigger" if !met.own => "trigger",
        "type" if !met.own && !met.identity.ends_with("[]") => "type",
        _ => return None,
    })
}
