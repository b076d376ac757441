//! What to do instead of a statement: another statement for the same object, in the dialect of its client.
//! Where none is known that loses nothing and acts on nothing else, nothing is said.

use crate::model::effect::{Bound, Dialect, ObjectKind, Verb};
use crate::model::target::TargetKind;
use crate::sql::{self, Loss};

/// Longest condition that is said again.
const LONGEST: usize = 300;

/// Returns what to do instead; nothing when there is no alternative that can be pasted as it stands.
pub(super) fn instead(loss: &Loss, kind: TargetKind) -> Option<String> {
    let dialect = match kind {
        TargetKind::Postgres => Dialect::Postgres,
        TargetKind::Mysql => Dialect::Mysql,
        TargetKind::Sqlite => Dialect::Sqlite,
        _ => Dialect::Unknown,
    };
    let effect = &loss.effect;
    let parts = loss.parts.as_slice();
    let (last, above) = parts.split_last()?;
    let name = sql::quoted(parts, dialect)?;
    let retired = |part: &str| sql::quoted(&[format!("{part}_retired")], dialect);
    let postgres = dialect == Dialect::Postgres;
    match (effect.verb, effect.kind) {
        (Verb::Drop, ObjectKind::Table) if effect.part.is_none() => {
            let new = new_name(last, above, dialect)?;
            Some(format!(
                "rename it first: ALTER TABLE {name} RENAME TO {new}"
            ))
        }
        (Verb::Drop, ObjectKind::Schema) if postgres => Some(format!(
            "rename it first: ALTER SCHEMA {name} RENAME TO {}",
            retired(last)?
        )),
        (Verb::Drop, ObjectKind::Database) if postgres => Some(format!(
            "rename it first: ALTER DATABASE {name} RENAME TO {}",
            retired(last)?
        )),
        (Verb::Drop, ObjectKind::Role) if postgres => {
            Some(format!("lock it out first: ALTER ROLE {name} NOLOGIN"))
        }
        (Verb::AlterDrop, ObjectKind::Column) => {
            let part = effect.part.as_deref()?;
            // Quotes of a column are not kept apart: what folds is left alone.
            let column = sql::quoted(&[part.to_owned()], Dialect::Unknown)
                .filter(|_| !postgres || !part.chars().any(|one| one.is_ascii_uppercase()))?;
            Some(format!(
                "rename it first: ALTER TABLE {name} RENAME COLUMN {column} TO {}",
                retired(part)?
            ))
        }
        (Verb::Truncate, _) => {
            let mut copy = above.to_vec();
            copy.push(format!("{last}_copy"));
            let copy = sql::quoted(&copy, dialect)?;
            Some(format!(
                "keep a copy first: CREATE TABLE {copy} AS SELECT * FROM {name}"
            ))
        }
        (_, ObjectKind::LargeObject) => None,
        (Verb::Delete | Verb::Update, _) => count(loss, &name),
        (Verb::Rewrite, ObjectKind::Table) if postgres => {
            Some(format!("VACUUM ANALYZE {name} does without that lock"))
        }
        _ => None,
    }
}

/// Returns the name under which a table stays where it is.
fn new_name(last: &str, above: &[String], dialect: Dialect) -> Option<String> {
    let retired = format!("{last}_retired");
    match dialect {
        // A bare new name would mean the database in use.
        Dialect::Mysql => sql::quoted(&[above, &[retired]].concat(), dialect),
        Dialect::Unknown if !above.is_empty() => None,
        _ => sql::quoted(&[retired], dialect),
    }
}

/// Counts what the condition meets, where the condition can be said again word by word.
fn count(loss: &Loss, name: &str) -> Option<String> {
    let Bound::Where { predicate, .. } = &loss.effect.bound else {
        return Some(format!("look first: SELECT count(*) FROM {name}"));
    };
    let rows = loss.rows.as_ref()?;
    let speaks = predicate.len() <= LONGEST
        && !predicate.contains(['\n', '\r', '\u{FFFC}'])
        && !["--", "/*", "#"]
            .iter()
            .any(|mark| predicate.contains(mark));
    let alias = match &rows.alias {
        None => String::new(),
        Some(alias) => format!(
            " AS {}",
            sql::quoted(std::slice::from_ref(alias), Dialect::Unknown)?
        ),
    };
    speaks.then(|| format!("look first: SELECT count(*) FROM {name}{alias} WHERE {predicate}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, kind: TargetKind, dialect: Dialect) -> Option<String> {
        instead(sql::losses(text, dialect).first()?, kind)
    }

    #[test]
    fn names_are_quoted_as_the_server_of_the_client_wants_them() {
        let postgres = |text: &str| said(text, TargetKind::Postgres, Dialect::Postgres);
        let sqlite = |text: &str| said(text, TargetKind::Sqlite, Dialect::Sqlite);
        let mysql = |text: &str| said(text, TargetKind::Mysql, Dialect::Mysql);
        for (found, wanted) in [
            (
                postgres("DROP TABLE customers"),
                "rename it first: ALTER TABLE customers RENAME TO customers_retired",
            ),
            (
                postgres("DROP TABLE \"Customers\""),
                "rename it first: ALTER TABLE \"Customers\" RENAME TO \"Customers_retired\"",
            ),
            (
                postgres("DROP TABLE CUSTOMERS"),
                "rename it first: ALTER TABLE customers RENAME TO customers_retired",
            ),
            (
                postgres("DROP TABLE \"Sales Dept\".\"we\"\"ird; --'x\""),
                "rename it first: ALTER TABLE \"Sales Dept\".\"we\"\"ird; --'x\" RENAME TO \"we\"\"ird; --'x_retired\"",
            ),
            (
                sqlite("DROP TABLE \"x.y\""),
                "rename it first: ALTER TABLE \"x.y\" RENAME TO \"x.y_retired\"",
            ),
            (
                sqlite("DROP TABLE [a b]"),
                "rename it first: ALTER TABLE \"a b\" RENAME TO \"a b_retired\"",
            ),
            (
                mysql("DROP TABLE shop.`order`"),
                "rename it first: ALTER TABLE shop.`order` RENAME TO shop.order_retired",
            ),
            (
                postgres("DROP DATABASE \"Shop-1\""),
                "rename it first: ALTER DATABASE \"Shop-1\" RENAME TO \"Shop-1_retired\"",
            ),
            (
                postgres("DELETE FROM a.b AS x WHERE x.id = 2"),
                "look first: SELECT count(*) FROM a.b AS x WHERE x.id = 2",
            ),
            (
                sqlite("DELETE FROM \"select\""),
                "look first: SELECT count(*) FROM \"select\"",
            ),
            (
                postgres("TRUNCATE s.t"),
                "keep a copy first: CREATE TABLE s.t_copy AS SELECT * FROM s.t",
            ),
        ] {
            assert_eq!(found.as_deref(), Some(wanted));
            let (_, statement) = wanted.split_once(": ").unwrap();
            for dialect in [Dialect::Postgres, Dialect::Sqlite, Dialect::Mysql] {
                assert_eq!(sql::judge(statement, dialect), Vec::new(), "{statement}");
            }
        }
    }

    #[test]
    fn nothing_is_said_rather_than_something_wrong() {
        for (text, kind, dialect) in [
            ("DROP INDEX i", TargetKind::Sqlite, Dialect::Sqlite),
            ("DROP SCHEMA s", TargetKind::Mysql, Dialect::Mysql),
            ("DROP TABLE \"A\".b", TargetKind::Database, Dialect::Unknown),
            (
                "DELETE FROM t WHERE id IN (SELECT x FROM u)",
                TargetKind::Postgres,
                Dialect::Postgres,
            ),
            (
                "DELETE FROM t WHERE a = 1 -- all\n AND b = 2",
                TargetKind::Postgres,
                Dialect::Postgres,
            ),
            (
                "ALTER TABLE t DROP COLUMN \"A\"",
                TargetKind::Postgres,
                Dialect::Postgres,
            ),
            ("DROP VIEW v", TargetKind::Postgres, Dialect::Postgres),
        ] {
            assert_eq!(said(text, kind, dialect), None, "{text}");
        }
    }
}
