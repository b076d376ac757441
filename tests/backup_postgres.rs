//! Backups of a real server: made, cut, flipped, restored; losses done for real and undone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails loudly"
)]

#[path = "support/backup.rs"]
mod backup;
#[path = "support/postgres.rs"]
mod postgres;

use std::fs;
use std::process::Command;

use backstop::model::backup::{Entry, Level};
use backstop::model::database::Identity;
use backstop::model::secret::Secret;
use backstop::model::target::{PostgresReach, Route};
use backstop::plan::restore::Wish;
use backup::{make, order, restore, undo, verify};
use postgres::{Cluster, another, cluster};

fn reach(cluster: &Cluster, database: &str) -> PostgresReach {
    PostgresReach {
        route: Route::Direct,
        host: Some(cluster.folder.display().to_string()),
        port: Some(cluster.port),
        user: Some("postgres".into()),
        database: Some(database.into()),
        password: None,
        implicit: false,
    }
}

const RICH: &str = r#"
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, upper text GENERATED ALWAYS AS (upper(name)) STORED, mood mood);
INSERT INTO customers (name, mood) SELECT E'c\t' || n || E'\n\\.', 'good' FROM generate_series(1, 20) n;
CREATE TABLE orders (id serial PRIMARY KEY, customer int NOT NULL REFERENCES customers ON DELETE CASCADE, total numeric CHECK (total >= 0));
INSERT INTO orders (customer, total) SELECT 1 + n % 20, n FROM generate_series(1, 200) n;
CREATE TABLE items (id int PRIMARY KEY, "order" int REFERENCES orders ON DELETE CASCADE, self int REFERENCES items);
INSERT INTO items SELECT n, 1 + n % 200, nullif(n - 1, 0) FROM generate_series(1, 300) n;
CREATE INDEX orders_total ON orders (total);
CREATE VIEW rich AS SELECT c.name, sum(o.total) AS total FROM customers c JOIN orders o ON o.customer = c.id GROUP BY 1;
CREATE MATERIALIZED VIEW cached AS SELECT count(*) AS n FROM orders;
CREATE TABLE logged (id int, line text);
INSERT INTO logged VALUES (1, 'a'), (1, 'a'), (2, NULL), (3, 'c');
CREATE TABLE "Odd
na""me; --" ("a, b" int, "FROM stdin;" text);
INSERT INTO "Odd
na""me; --" VALUES (1, 'x'), (2, '\.');
CREATE TABLE empty (id int);
CREATE TABLE nocolumns ();
INSERT INTO nocolumns DEFAULT VALUES;
CREATE TABLE parts (k int NOT NULL, v text) PARTITION BY RANGE (k);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO parts SELECT n, 'p' || n FROM generate_series(0, 19) n;
CREATE SCHEMA "Sales";
CREATE TABLE "Sales".deals (id int PRIMARY KEY);
INSERT INTO "Sales".deals SELECT generate_series(1, 5);
CREATE FUNCTION fake() RETURNS text LANGUAGE sql AS $f$ SELECT '
--
-- PostgreSQL database dump complete
--
COPY public.fake (id) FROM stdin;
1
\.
'::text $f$;
CREATE FUNCTION atomic(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT $1 + 1; END;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO logged VALUES (99, 'trigger'); RETURN NEW; END $$;
CREATE TRIGGER noted AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION noted();
SELECT lo_from_bytea(0, 'large'::bytea) \g /dev/null
COMMENT ON TABLE orders IS E'it''s\n-- PostgreSQL database dump complete';
"#;

/// Everything that a restore has to bring back, as text.
fn picture(pg: &Cluster, database: &str) -> String {
    let done = Command::new(pg.bin.join("pg_dump"))
        .env_clear()
        .args([
            "-h",
            &pg.folder.display().to_string(),
            "-p",
            &pg.port.to_string(),
            "-U",
            "postgres",
            "--inserts",
            database,
        ])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let mut lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("restrict "))
        .collect();
    // A restore inserts in another order than the table was filled.
    lines.sort_unstable();
    lines.join("\n")
}

struct Made {
    pg: &'static Cluster,
    db: String,
    entry: Entry,
    before: String,
    _folder: tempfile::TempDir,
}

fn made(name: &str) -> Option<Made> {
    let pg = cluster()?;
    let db = pg.database(name);
    pg.sql(&db, RICH);
    let folder = tempfile::tempdir().unwrap();
    let entry = make(&order(reach(pg, &db), folder.path()), folder.path()).unwrap();
    let before = picture(pg, &db);
    Some(Made {
        pg,
        db,
        entry,
        before,
        _folder: folder,
    })
}

impl Made {
    fn sql(&self, text: &str) -> String {
        self.pg.sql(&self.db, text)
    }

    fn assert_back(&self) {
        let now = picture(self.pg, &self.db);
        for line in self.before.lines() {
            assert!(now.contains(line), "missing after the undo: {line}");
        }
        assert_eq!(now, self.before);
    }
}

fn rows(entry: &Entry, table: &str) -> Option<u64> {
    entry
        .manifest
        .artefacts
        .iter()
        .flat_map(|artefact| &artefact.contents)
        .find(|content| content.name == table && content.kind == "table")
        .and_then(|content| content.count)
}

#[test]
fn a_backup_says_what_it_holds_and_reads_back() {
    let Some(made) = made("bk_holds") else { return };
    let entry = &made.entry;
    assert_eq!(rows(entry, "public.orders"), Some(200));
    assert_eq!(rows(entry, "public.empty"), Some(0));
    assert_eq!(rows(entry, "public.nocolumns"), Some(1));
    assert_eq!(rows(entry, "public.\"Odd\nna\"\"me; --\""), Some(2));
    assert_eq!(rows(entry, "\"Sales\".deals"), Some(5));
    assert_eq!(rows(entry, "public.parts"), None);
    assert_eq!(rows(entry, "public.parts1"), Some(10));
    assert!(entry.manifest.marks.position.contains('/'));
    assert!(
        matches!(&entry.manifest.identity, Identity::Postgres { database, .. } if database == "bk_holds")
    );
    for level in [Level::Digest, Level::Readable, Level::Restored] {
        verify(entry, level).unwrap();
    }
    assert_eq!(
        made.pg.sql(
            "postgres",
            "SELECT count(*) FROM pg_database WHERE datname LIKE 'backstop_scratch%'"
        ),
        "0"
    );
    let text = serde_json::to_string(&entry.manifest).unwrap();
    assert!(!text.contains("password"), "{text}");
}

#[test]
fn the_recovery_commands_work_by_hand() {
    let Some(made) = made("bk_hand") else { return };
    for command in &made.entry.manifest.recovery {
        let done = Command::new("/bin/bash")
            .args(["-o", "pipefail", "-c", command])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", made.pg.bin.display()))
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    assert_eq!(picture(made.pg, "bk_hand_restored"), made.before);
}

#[test]
fn a_cut_or_flipped_artefact_is_no_evidence() {
    let Some(made) = made("bk_cut") else { return };
    for artefact in &made.entry.manifest.artefacts {
        let path = made.entry.folder.join(&artefact.path);
        let whole = fs::read(&path).unwrap();
        let step = (whole.len() / 60).max(1);
        for at in (0..whole.len()).step_by(step) {
            fs::write(&path, &whole[..at]).unwrap();
            assert!(
                verify(&made.entry, Level::Readable).is_err(),
                "{} cut at {at}",
                artefact.path
            );
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(&path, &flipped).unwrap();
            assert!(
                verify(&made.entry, Level::Digest).is_err(),
                "{} flipped at {at}",
                artefact.path
            );
        }
        fs::write(&path, &whole).unwrap();
    }
    verify(&made.entry, Level::Readable).unwrap();
    let mut fewer = made.entry.clone();
    for artefact in &mut fewer.manifest.artefacts {
        if let Some(content) = artefact
            .contents
            .iter_mut()
            .find(|content| content.name == "public.orders")
        {
            content.count = Some(201);
        }
    }
    assert!(verify(&fewer, Level::Readable).is_err());
}

#[test]
fn a_dropped_table_comes_back_with_all_that_went_with_it() {
    let Some(made) = made("bk_drop") else { return };
    made.sql("DROP TABLE orders CASCADE");
    assert_ne!(picture(made.pg, &made.db), made.before);
    let report = undo(&made.entry, &["public.orders"]);
    assert!(
        report.done.iter().any(|line| line.contains("public.rich")),
        "{report:?}"
    );
    assert!(
        report
            .done
            .iter()
            .any(|line| line.contains("items_order_fkey")),
        "{report:?}"
    );
    made.assert_back();
}

#[test]
fn deleted_rows_come_back_and_later_rows_stay() {
    let Some(made) = made("bk_delete") else {
        return;
    };
    made.sql("DELETE FROM items; DELETE FROM customers WHERE id <= 10;");
    undo(&made.entry, &["public.customers", "public.items"]);
    made.assert_back();
    made.sql("DELETE FROM items; DELETE FROM customers WHERE id = 3; INSERT INTO customers (name) VALUES ('later'); UPDATE customers SET name = 'changed' WHERE id = 4;");
    let report = undo(&made.entry, &["public.customers"]);
    assert_eq!(report.conflicts.len(), 1, "{report:?}");
    assert_eq!(made.sql("SELECT count(*), count(*) FILTER (WHERE name = 'later'), count(*) FILTER (WHERE name = 'changed') FROM customers"), "21|1|1");
    assert_eq!(
        made.sql("SELECT count(*) FROM logged WHERE id = 99"),
        "0",
        "user triggers stay quiet"
    );
}

#[test]
fn a_dropped_column_comes_back_with_its_values() {
    let Some(made) = made("bk_column") else {
        return;
    };
    made.sql(
        "ALTER TABLE orders DROP COLUMN customer CASCADE; ALTER TABLE customers DROP COLUMN mood;",
    );
    let report = undo(&made.entry, &["public.orders", "public.customers"]);
    assert!(
        report.done.iter().any(|line| line.contains("`customer`")),
        "{report:?}"
    );
    assert_eq!(
        made.sql("SELECT count(*), count(mood) FROM customers"),
        "20|20"
    );
    assert_eq!(made.sql("SELECT count(*) FROM rich"), "20");
    assert_eq!(
        made.sql("SELECT count(*) FROM orders WHERE customer = 1 + id % 20"),
        "200"
    );
    assert_eq!(
        made.sql("SELECT count(*) FROM pg_constraint WHERE conname = 'orders_customer_fkey'"),
        "1"
    );
    assert_eq!(made.sql("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'customer'"), "t");
}

#[test]
fn a_named_table_is_put_back_to_the_values_it_had() {
    let Some(made) = made("bk_update") else {
        return;
    };
    made.sql("UPDATE orders SET total = 0; UPDATE customers SET name = 'x';");
    let wish = Wish {
        only: vec!["public.orders".into(), "public.customers".into()],
        ..Wish::default()
    };
    restore(&made.entry, &wish).unwrap();
    made.assert_back();
}

#[test]
fn truncated_tables_come_back_with_their_sequences() {
    let Some(made) = made("bk_truncate") else {
        return;
    };
    made.sql(r#"TRUNCATE customers, logged, parts, "Sales".deals RESTART IDENTITY CASCADE"#);
    undo(
        &made.entry,
        &[
            "public.customers",
            "public.logged",
            "public.parts",
            "\"Sales\".deals",
        ],
    );
    made.assert_back();
    assert_eq!(
        made.sql("INSERT INTO customers (name) VALUES ('next') RETURNING id"),
        "21"
    );
}

#[test]
fn a_dropped_schema_and_a_dropped_database_come_back() {
    let Some(made) = made("bk_schema") else {
        return;
    };
    made.sql("DROP SCHEMA \"Sales\" CASCADE; DROP TABLE parts; DROP VIEW rich;");
    undo(&made.entry, &[]);
    made.assert_back();
    made.pg.sql("postgres", "ALTER DATABASE bk_schema SET work_mem = '5MB'; COMMENT ON DATABASE bk_schema IS 'it''s; mine'");
    let folder = tempfile::tempdir().unwrap();
    let again = make(
        &order(reach(made.pg, &made.db), folder.path()),
        folder.path(),
    )
    .unwrap();
    made.pg
        .sql("postgres", "DROP DATABASE bk_schema WITH (FORCE)");
    restore(&again, &Wish::default()).unwrap();
    made.assert_back();
    assert_eq!(made.sql("SHOW work_mem"), "5MB");
    assert_eq!(made.sql("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'bk_schema'"), "it's; mine");
}

#[test]
fn a_whole_restore_keeps_what_stood_there_and_into_makes_another() {
    let Some(made) = made("bk_swap") else { return };
    made.sql("UPDATE customers SET name = 'spoilt'; DROP TABLE items;");
    let report = restore(&made.entry, &Wish::default()).unwrap();
    made.assert_back();
    let old = made.pg.sql(
        "postgres",
        "SELECT datname FROM pg_database WHERE datname LIKE 'bk_swap_old_%'",
    );
    assert!(
        report.notes.iter().any(|note| note.contains(&old)) && !old.is_empty(),
        "{report:?}"
    );
    let into = Wish {
        to: Some("bk_other".into()),
        ..Wish::default()
    };
    restore(&made.entry, &into).unwrap();
    assert_eq!(picture(made.pg, "bk_other"), made.before);
    assert!(
        restore(&made.entry, &into).is_err(),
        "an existing database is never overwritten"
    );
}

#[test]
fn a_torn_backup_restores_nothing() {
    let Some(made) = made("bk_torn") else { return };
    made.sql("DROP TABLE orders CASCADE");
    let data = made
        .entry
        .manifest
        .artefacts
        .iter()
        .find(|one| one.role == "data")
        .unwrap();
    let path = made.entry.folder.join(&data.path);
    let mut bytes = fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half] ^= 1;
    fs::write(&path, bytes).unwrap();
    let before = picture(made.pg, &made.db);
    assert!(
        restore(
            &made.entry,
            &Wish {
                missing_only: true,
                ..Wish::default()
            }
        )
        .is_err()
    );
    assert!(restore(&made.entry, &Wish::default()).is_err());
    assert_eq!(picture(made.pg, &made.db), before);
}

#[test]
fn a_large_database_is_dumped_in_two_streams_of_one_snapshot() {
    let Some(pg) = cluster() else { return };
    let db = pg.database("bk_shards");
    pg.sql(&db, RICH);
    pg.sql(
        &db,
        "CREATE TABLE big1 (id int GENERATED ALWAYS AS IDENTITY, t text); INSERT INTO big1 (t) SELECT repeat(md5(n::text), 20) FROM generate_series(1, 50000) n;
         CREATE TABLE big2 (id serial, t text); INSERT INTO big2 (t) SELECT repeat(md5(n::text), 20) FROM generate_series(1, 50000) n;",
    );
    let folder = tempfile::tempdir().unwrap();
    let entry = make(&order(reach(pg, &db), folder.path()), folder.path()).unwrap();
    assert_eq!(
        entry
            .manifest
            .artefacts
            .iter()
            .filter(|one| one.role == "data")
            .count(),
        2
    );
    assert_eq!(
        (
            rows(&entry, "public.big1"),
            rows(&entry, "public.big2"),
            rows(&entry, "public.orders")
        ),
        (Some(50000), Some(50000), Some(200))
    );
    verify(&entry, Level::Restored).unwrap();
    let before = picture(pg, &db);
    restore(
        &entry,
        &Wish {
            to: Some("bk_shards_back".into()),
            ..Wish::default()
        },
    )
    .unwrap();
    assert_eq!(picture(pg, "bk_shards_back"), before);

    // Too large for the limit: the definitions of all and the rows of the threatened table.
    let folder = tempfile::tempdir().unwrap();
    let mut small = order(reach(pg, &db), folder.path());
    small.control.max_bytes = 10_000_000;
    assert!(make(&small, folder.path()).is_err());
    small.objects = vec!["public.orders".into()];
    let folder = tempfile::tempdir().unwrap();
    let entry = make(&small, folder.path()).unwrap();
    assert_eq!(
        (rows(&entry, "public.orders"), rows(&entry, "public.big1")),
        (Some(200), None)
    );
}

#[test]
fn hidden_rows_wrong_passwords_and_absent_databases_give_no_backup() {
    let Some(pg) = cluster() else { return };
    let db = pg.database("bk_refused");
    pg.sql(
        &db,
        "CREATE ROLE watcher LOGIN PASSWORD 'right'; CREATE TABLE t (id int, who text); INSERT INTO t VALUES (1, 'watcher'), (2, 'other');
         ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON t USING (who = current_user); GRANT SELECT ON t TO watcher;",
    );
    let as_watcher = |password: &str| PostgresReach {
        host: Some("127.0.0.1".into()),
        user: Some("watcher".into()),
        password: Some(Secret::new(password)),
        ..reach(pg, &db)
    };
    let folder = tempfile::tempdir().unwrap();
    let error = make(&order(as_watcher("right"), folder.path()), folder.path()).unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
    let error = make(&order(as_watcher("wrong"), folder.path()), folder.path()).unwrap_err();
    assert!(error.to_string().contains("password"), "{error}");
    let absent = PostgresReach {
        database: Some("no_such".into()),
        ..reach(pg, &db)
    };
    assert!(make(&order(absent, folder.path()), folder.path()).is_err());
}

#[test]
fn a_locked_table_and_a_server_that_dies_give_no_backup() {
    let Some(pg) = another() else { return };
    let db = pg.database("bk_dies");
    pg.sql(&db, "CREATE TABLE t AS SELECT n, repeat(md5(n::text), 30) AS x FROM generate_series(1, 60000) n;");
    let folder = tempfile::tempdir().unwrap();
    let wanted = order(reach(&pg, &db), folder.path());
    std::thread::scope(|scope| {
        let run = scope.spawn(|| make(&wanted, folder.path()));
        // As soon as rows arrive the server goes away in the middle of them.
        while wanted
            .control
            .counters
            .plain
            .load(std::sync::atomic::Ordering::Relaxed)
            < 100_000
            && !run.is_finished()
        {
            std::thread::yield_now();
        }
        pg.crash();
        assert!(run.join().unwrap().is_err());
    });
    let left: Vec<_> = fs::read_dir(folder.path().join("databases"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("data")),
        "{left:?}"
    );
    let error = make(&wanted, folder.path()).unwrap_err();
    assert!(
        error.to_string().contains("no PostgreSQL server answers"),
        "{error}"
    );
}
