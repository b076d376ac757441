//! The examples of the SQL packs, from the shell line to the finding.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)]

use backstop::classify::{Context, code, sql};
use backstop::model::fact::{Facts, Needs, Scene};
use backstop::model::request::ShellKind;
use backstop::policy::builtin;
use backstop::shell::unfold::unfold;

fn scene() -> Scene {
    Scene {
        cwd: "/proj/app".into(),
        home: Some("/home/me".into()),
        user: Some("me".into()),
        project: "/proj/app".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: true,
    }
}

/// Rules of the findings that are not exempt, with everything assumed.
fn rules(line: &str) -> Vec<String> {
    let scene = scene();
    let facts = Facts::new(true);
    let mut needs = Needs::default();
    let unfolding = unfold(ShellKind::Posix, line, &scene, &facts, &mut needs);
    let context = Context {
        regenerable: &[],
        behind: const { &std::collections::BTreeMap::new() },
        protected: &backstop::model::push::UNPROTECTED,
        earlier: &[],
        after: &[],
        aliases: None,
        scene: &scene,
        facts: &facts,
        rules: builtin::book(),
    };
    let mut all = Vec::new();
    for command in &unfolding.commands {
        let mut found = sql::findings(command, &context, &mut needs);
        found.extend(code::findings(command, &context, &mut needs));
        all.extend(
            found
                .into_iter()
                .filter(|one| one.exempt.is_none())
                .map(|one| one.rule),
        );
    }
    all
}

#[test]
fn examples_of_the_packs_hold_from_the_shell_line_on() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for rule in builtin::rules() {
        let family = rule.id.split('.').next().unwrap();
        if !matches!(family, "sql" | "postgres" | "sqlite" | "code") || !rule.argv.is_empty() {
            continue;
        }
        for example in rule.examples {
            count += 1;
            let found = rules(example.command);
            if found.iter().any(|id| id == rule.id) != example.found {
                wrong.push(format!("{}: {} gives {found:?}", rule.id, example.command));
            }
        }
    }
    assert!(count > 100, "{count} examples");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn harmless_lines_give_nothing() {
    for line in [
        "psql -U app -d shop -c \"\\dt+\" -c 'select count(*) from orders'",
        "psql \"$DATABASE_URL\" -c 'select 1'",
        "psql -tAc \"SELECT 1 FROM pg_database WHERE datname='shop'\"",
        "pg_dump -Fc shop > /tmp/shop.dump",
        "mysqldump shop | gzip > shop.sql.gz",
        "sqlite3 app.db .schema",
        "sqlite3 -json app.db \"select * from deleted_items where action = 'delete'\"",
        "docker exec -it db psql -U postgres -c '\\l'",
        "echo 'DROP TABLE users;' > migrations/001_down.sql",
        "grep -rn 'DROP TABLE' migrations/",
        "git commit -m 'drop table users; delete from x'",
        "psql shop <<'EOF'\n-- drop table users\nSELECT 'delete from users';\nEOF",
        "python3 -c 'import sqlite3; print(sqlite3.connect(\"a.db\").execute(\"select 1\").fetchall())'",
        "node -e 'console.log(process.env.DROP)'",
        "psql shop -c \"INSERT INTO log(msg) VALUES ('truncate me')\"",
        "psql shop -c 'CREATE TABLE IF NOT EXISTS t (id int); CREATE INDEX IF NOT EXISTS i ON t (id)'",
        "psql -c \"SELECT 'CREATE DATABASE shop' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'shop')\\gexec\"",
        "psql shop -f /dev/null",
        "mysql -e 'show databases'",
        "mysqladmin ping",
        "f=$(mktemp); sqlite3 \"$f\" 'DROP TABLE t'",
        "d=$(mktemp -d); cd $d && sqlite3 x.db 'DELETE FROM t'",
        "duckdb -c \"select * from 'x.parquet'\"",
    ] {
        assert!(rules(line).is_empty(), "{line}: {:?}", rules(line));
    }
}

#[test]
fn losses_are_found_through_wrappers_and_data_flow() {
    for (line, rule) in [
        (
            "docker exec db psql -U postgres -d app -c 'TRUNCATE t'",
            "sql.truncate",
        ),
        (
            "docker exec -i db psql -U postgres app <<< 'DROP TABLE t'",
            "sql.drop-table",
        ),
        (
            "docker compose exec -T db psql -U postgres -c 'DROP SCHEMA public CASCADE'",
            "sql.drop-schema",
        ),
        (
            "sudo -u postgres psql -c 'DROP DATABASE shop'",
            "sql.drop-database",
        ),
        ("ssh host \"psql -c 'DROP TABLE t'\"", "sql.drop-table"),
        (
            "kubectl exec -it db-0 -- psql -c 'DROP TABLE t'",
            "sql.drop-table",
        ),
        ("echo 'DROP TABLE t' | psql shop", "sql.drop-table"),
        (
            "psql shop <<EOF\nSELECT 1;\nDELETE FROM users;\nEOF",
            "sql.delete-all",
        ),
        (
            "for t in a b; do psql shop -c \"DROP TABLE $t\"; done",
            "sql.drop-table",
        ),
        ("T=users; psql shop -c \"TRUNCATE $T\"", "sql.truncate"),
        (
            "PGPASSWORD=x psql -h localhost shop -c 'DELETE FROM t'",
            "sql.delete-all",
        ),
        (
            "bash -c \"sqlite3 app.db 'DROP TABLE t'\"",
            "sql.drop-table",
        ),
        (
            "sqlite3 app.db < /dev/stdin <<< 'DROP TABLE t'",
            "sql.drop-table",
        ),
        (
            "cat <<EOF | mysql shop\nDROP TABLE t;\nEOF",
            "sql.drop-table",
        ),
        ("gunzip -c x.sql.gz | psql shop", "sql.opaque"),
        (
            "python3 -c 'import sqlite3; sqlite3.connect(\"a.db\").execute(\"DROP TABLE t\")'",
            "sql.drop-table",
        ),
        (
            "python3 - <<'EOF'\nimport psycopg2\ncur.execute('DELETE FROM t')\nEOF",
            "sql.delete-all",
        ),
        ("node -e \"client.query('DROP TABLE t')\"", "sql.drop-table"),
    ] {
        assert!(
            rules(line).iter().any(|id| id == rule),
            "{line}: {:?}",
            rules(line)
        );
    }
}
