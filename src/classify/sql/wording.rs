//! From an effect to the rule that names it and the words of its finding.
//! Severities are looked up in the registry, with a floor here for ids that it does not hold.

use crate::model::database::{ObjectFact, Rows};
use crate::model::effect::{Bound, Effect, ObjectKind, Verb};

/// Returns the id of the rule for an effect.
pub(in crate::classify) fn rule(effect: &Effect) -> &'static str {
    match effect.verb {
        Verb::Drop => dropped(effect.kind),
        Verb::Truncate => "sql.truncate",
        Verb::Delete => match effect.bound {
            Bound::Where { .. } => "sql.delete-where",
            _ => "sql.delete-all",
        },
        Verb::Update if effect.kind == ObjectKind::LargeObject => "sql.update-large-object",
        Verb::Update => match effect.bound {
            Bound::Where { .. } => "sql.update-where",
            _ => "sql.update-all",
        },
        Verb::AlterDrop => match effect.kind {
            ObjectKind::Column => "sql.alter-drop-column",
            ObjectKind::Partition => "sql.alter-drop-partition",
            ObjectKind::Index => "sql.drop-index",
            _ => "sql.alter-drop-constraint",
        },
        Verb::AlterRewrite => "sql.alter-rewrite",
        Verb::Detach => "sql.detach",
        Verb::Replace if effect.bound == Bound::All => "sql.overwrite",
        Verb::Replace => "sql.replace",
        Verb::CreateOver => "sql.create-over",
        Verb::Rewrite => "sql.rewrite",
        Verb::Program => "sql.run-program",
        Verb::Revoke => "sql.revoke",
        Verb::Server => "sql.server-state",
        Verb::Opaque => "sql.opaque",
    }
}

fn dropped(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Table | ObjectKind::Partition | ObjectKind::Column => "sql.drop-table",
        ObjectKind::View => "sql.drop-view",
        ObjectKind::MaterializedView => "sql.drop-materialized-view",
        ObjectKind::Index => "sql.drop-index",
        ObjectKind::Schema => "sql.drop-schema",
        ObjectKind::Database | ObjectKind::Tablespace => "sql.drop-database",
        ObjectKind::Everything => "sql.drop-owned",
        ObjectKind::Role => "sql.drop-role",
        ObjectKind::LargeObject => "sql.drop-large-object",
        ObjectKind::Extension | ObjectKind::Type => "sql.drop-type",
        ObjectKind::Sequence
        | ObjectKind::Constraint
        | ObjectKind::Function
        | ObjectKind::Trigger
        | ObjectKind::Policy
        | ObjectKind::Publication
        | ObjectKind::Subscription
        | ObjectKind::ReplicationSlot
        | ObjectKind::Other => "sql.drop-object",
    }
}

/// Returns the kind as people say it.
pub(in crate::classify) const fn kind_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Table => "table",
        ObjectKind::View => "view",
        ObjectKind::MaterializedView => "materialized view",
        ObjectKind::Index => "index",
        ObjectKind::Sequence => "sequence",
        ObjectKind::Schema => "schema",
        ObjectKind::Database => "database",
        ObjectKind::Column => "column",
        ObjectKind::Constraint => "constraint",
        ObjectKind::Partition => "partition",
        ObjectKind::Function => "function",
        ObjectKind::Trigger => "trigger",
        ObjectKind::Type => "type",
        ObjectKind::Role => "role",
        ObjectKind::Extension => "extension",
        ObjectKind::Policy => "policy",
        ObjectKind::Publication => "publication",
        ObjectKind::Subscription => "subscription",
        ObjectKind::ReplicationSlot => "replication slot",
        ObjectKind::Tablespace => "tablespace",
        ObjectKind::LargeObject => "large object",
        ObjectKind::Other => "object",
        ObjectKind::Everything => "everything",
    }
}

/// Returns what happens, lower case, without a full stop.
pub(in crate::classify) fn summary(effect: &Effect) -> String {
    let kind = kind_name(effect.kind);
    let object = effect.object.as_deref().unwrap_or("of unknown name");
    let part = effect.part.as_deref().unwrap_or("of unknown name");
    let cascade = if effect.cascade {
        " and what depends on it"
    } else {
        ""
    };
    match (&effect.verb, &effect.bound) {
        (Verb::Drop, _) if effect.kind == ObjectKind::Everything => {
            format!("drops everything that {object} owns")
        }
        (Verb::Drop, _) => match &effect.part {
            Some(part) => format!("drops {kind} {part} of {object}{cascade}"),
            None => format!("drops {kind} {object}{cascade}"),
        },
        (Verb::Truncate, _) => format!("empties {kind} {object}{cascade}"),
        (Verb::Delete, Bound::Where { predicate, .. }) => {
            format!("deletes rows of {object} where {}", short(predicate))
        }
        (Verb::Delete, Bound::AlwaysTrue) => {
            format!("deletes all rows of {object}: its WHERE is always true")
        }
        (Verb::Delete, _) => format!("deletes all rows of {object}"),
        (Verb::Update, _) if effect.kind == ObjectKind::LargeObject => {
            "writes over content of a large object".to_owned()
        }
        (Verb::Update, Bound::Where { predicate, .. }) => {
            format!("changes rows of {object} where {}", short(predicate))
        }
        (Verb::Update, Bound::AlwaysTrue) => {
            format!("changes all rows of {object}: its WHERE is always true")
        }
        (Verb::Update, _) => format!("changes all rows of {object}"),
        (Verb::AlterDrop, _) => format!("drops {kind} {part} of {object}{cascade}"),
        (Verb::AlterRewrite, _) => format!("converts {kind} {part} of {object}"),
        (Verb::Detach, _) => format!("detaches {kind} {part} from {object}"),
        (Verb::Replace, Bound::All) => format!("overwrites {kind} {object}"),
        (Verb::Replace, _) => format!("replaces rows of {object}"),
        (Verb::CreateOver, _) => format!("creates {kind} {object} over the one that is there"),
        (Verb::Rewrite, _) => format!("rewrites {object} under an exclusive lock"),
        (Verb::Program, _) => "lets the server run a program or write a file".to_owned(),
        (Verb::Revoke, _) => format!("takes rights away ({object})"),
        (Verb::Server, _) => format!("changes the state of the server ({kind})"),
        (Verb::Opaque, _) => "runs SQL that cannot be known here".to_owned(),
    }
}

/// Longest predicate that is shown whole.
const SHOWN: usize = 80;

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let mut cut: String = line.chars().take(SHOWN).collect();
    cut.push('…');
    cut
}

/// Returns the sentences about one object: rows, size, dependants, notes.
pub(in crate::classify) fn blast(fact: &ObjectFact) -> Vec<String> {
    let mut lines = Vec::new();
    let size = (fact.bytes > 0).then(|| bytes(fact.bytes));
    let amount = match (rows(fact.rows), size) {
        (Some(rows), Some(size)) => Some(format!("{rows}, {size}")),
        (rows, size) => rows.or(size),
    };
    if let Some(amount) = amount {
        lines.push(format!("{amount} in `{}`", fact.name));
    }
    for one in &fact.dependants {
        let rows = rows(one.rows)
            .map(|rows| format!("{rows} of "))
            .unwrap_or_default();
        lines.push(if rows.is_empty() {
            format!("{} `{}` {}", one.kind, one.name, one.how)
        } else {
            format!("{rows}`{}`: {}", one.name, one.how)
        });
    }
    lines.extend(fact.notes.iter().cloned());
    lines
}

fn rows(rows: Rows) -> Option<String> {
    let unit = |count: u64| if count == 1 { "row" } else { "rows" };
    Some(match rows {
        Rows::Exactly(count) => format!("{} {}", grouped(count), unit(count)),
        Rows::MoreThan(count) => format!("more than {} {}", grouped(count), unit(count)),
        Rows::About(count) => format!("about {} {}", grouped(count), unit(count)),
        Rows::Unknown => return None,
    })
}

/// `1204` as `1,204`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    UNITS.iter().find(|(size, _)| count >= *size).map_or_else(
        || format!("{count} bytes"),
        |(size, unit)| format!("{} {unit}", count / size),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_sizes_short() {
        assert_eq!(grouped(1_204), "1,204");
        assert_eq!(grouped(12), "12");
        assert_eq!(bytes(98_304), "96 kB");
    }
}
