//! Losses of definitions through the gate: every kind of DROP is held, covered by the backup that the hook makes, and passes once approved.
//! What a table loses is tested elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "tests may unwrap and print"
)]

mod house;
mod support;

#[path = "support/postgres.rs"]
mod postgres;

use std::process::Command;

use house::House;
use postgres::{Cluster, cluster};
use serde_json::json;

const ALL: &str = r#"
    CREATE TABLE users(id int PRIMARY KEY, name text, born date);
    CREATE TABLE "odd table"("a b" int);
    CREATE TABLE "x.y"(n int);
    INSERT INTO users VALUES (1, 'Anna', '2000-01-01');
    INSERT INTO "odd table" VALUES (1);
    INSERT INTO "x.y" VALUES (1);
    CREATE INDEX by_name ON users(name);
    CREATE INDEX "Odd "" index" ON users(born);
    CREATE STATISTICS both_columns ON id, name FROM users;
    CREATE VIEW names AS SELECT name FROM users;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM users;
    CREATE SEQUENCE tickets;
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
    CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE together(text) (SFUNC = textcat, STYPE = text);
    CREATE TRIGGER noted AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION noted();
    CREATE TRIGGER "my trigger" AFTER INSERT ON "odd table" FOR EACH ROW EXECUTE FUNCTION noted();
    CREATE RULE quiet AS ON DELETE TO users DO INSTEAD NOTHING;
    CREATE POLICY everyone ON users USING (true);
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE TYPE pair AS (a int, b int);
    CREATE SCHEMA empty;
    CREATE SCHEMA full_one;
    CREATE TABLE full_one.t(n int);
    INSERT INTO full_one.t VALUES (1);
    CREATE PUBLICATION news FOR TABLE users;
    CREATE COLLATION other FROM "C";
    CREATE CAST (mood AS text) WITH INOUT;
    CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
    CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
    CREATE FOREIGN DATA WRAPPER nowhere;
    CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
    CREATE USER MAPPING FOR postgres SERVER far;
    CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
    CREATE EVENT TRIGGER watching ON ddl_command_start EXECUTE FUNCTION watch();
    SELECT lo_create(4242);
"#;

/// Statements that lose a definition that is there.
const LOSSES: &[&str] = &[
    "DROP INDEX by_name",
    "DROP INDEX CONCURRENTLY public.by_name",
    "DROP INDEX \"Odd \"\" index\"",
    "DROP STATISTICS both_columns",
    "DROP VIEW names",
    "DROP MATERIALIZED VIEW counted",
    "DROP SEQUENCE tickets",
    "DROP FUNCTION twice(int)",
    "DROP FUNCTION public.twice",
    "DROP PROCEDURE nothing()",
    "DROP AGGREGATE together(text)",
    "DROP TRIGGER noted ON users",
    "DROP TRIGGER noted ON public.users",
    "DROP TRIGGER \"my trigger\" ON \"odd table\"",
    "DROP RULE quiet ON users",
    "DROP POLICY everyone ON users",
    "DROP TYPE mood CASCADE",
    "DROP DOMAIN positive",
    "DROP TYPE pair",
    "DROP SCHEMA empty",
    "DROP SCHEMA full_one CASCADE",
    "DROP SCHEMA public CASCADE",
    "DROP PUBLICATION news",
    "DROP COLLATION other",
    "DROP CAST (mood AS text)",
    "DROP OPERATOR === (int, int)",
    "DROP TEXT SEARCH CONFIGURATION words",
    "DROP FOREIGN DATA WRAPPER nowhere CASCADE",
    "DROP SERVER far CASCADE",
    "DROP USER MAPPING FOR postgres SERVER far",
    "DROP EVENT TRIGGER watching",
    "DROP EXTENSION plpgsql CASCADE",
    "DROP OWNED BY lost_role",
    "DROP ROLE lost_role",
    "DROP USER \"Lost Role\"",
    "DROP TABLE \"x.y\"",
    "ALTER TABLE users DROP CONSTRAINT users_pkey",
    "ALTER TABLE users DROP COLUMN born",
    "REVOKE ALL ON users FROM lost_role",
    "REASSIGN OWNED BY lost_role TO postgres",
    "SELECT lo_unlink(4242)",
];

struct Scene {
    house: House,
    cluster: &'static Cluster,
    name: String,
}

impl Scene {
    fn new(name: &str) -> Option<Self> {
        let cluster = cluster()?;
        let base = cluster.database(&format!("definitions_{name}"));
        for role in ["lost_role", "Lost Role"] {
            let make = format!(
                "DO $$BEGIN CREATE ROLE \"{role}\"; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
            );
            cluster.sql("postgres", &make);
        }
        cluster.sql(&base, ALL);
        Some(Self {
            house: House::new(&format!("def-{name}")),
            cluster,
            name: base,
        })
    }

    fn psql(&self, sql: &str) -> String {
        format!(
            "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U postgres -d {} -c '{}'",
            self.cluster.folder.display(),
            self.cluster.port,
            self.name,
            sql.replace('\'', "'\\''")
        )
    }
}

#[test]
fn every_kind_of_drop_is_covered_by_the_backup_that_the_hook_makes() {
    let Some(scene) = Scene::new("kinds") else {
        return;
    };
    let mut wrong = Vec::new();
    for loss in LOSSES {
        let command = scene.psql(loss);
        let answer = scene.house.settled(&command);
        // Small losses are saved inside the call.
        let is_saved = answer.code == Some(0)
            && scene.house.records("snapshot").last().is_some_and(|last| {
                last["body"]["command"] == json!(command) && last["body"]["backups"][0].is_string()
            });
        let covered = is_saved
            || answer.code == Some(2)
                && !answer.stderr.contains("no verified backup")
                && !answer.stderr.contains("no backup of")
                && answer.stderr.contains("2 of 2 approvals missing");
        if !covered {
            wrong.push(format!("{loss}\n    {:?} {}", answer.code, answer.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_there_is_no_loss() {
    let Some(scene) = Scene::new("absent") else {
        return;
    };
    for harmless in [
        "DROP INDEX IF EXISTS nobody",
        "DROP TRIGGER IF EXISTS nobody ON users",
        "DROP TRIGGER IF EXISTS noted ON \"odd table\"",
        "DROP POLICY IF EXISTS nobody ON users",
        "DROP EVENT TRIGGER IF EXISTS noted",
        "DROP FUNCTION IF EXISTS nobody()",
        "DROP TYPE IF EXISTS nobody",
        "DROP ROLE IF EXISTS nobody_at_all",
        "DROP SCHEMA IF EXISTS nobody",
    ] {
        scene.house.bash(&scene.psql(harmless)).must_pass();
        assert!(scene.house.records("snapshot").is_empty(), "{harmless}");
    }
}

#[test]
fn a_replication_slot_is_in_no_backup_and_approvals_alone_open_it() {
    let Some(scene) = Scene::new("slot") else {
        return;
    };
    let command = scene.psql("SELECT pg_drop_replication_slot('s1')");
    let answer = scene.house.settled(&command);
    answer.must_block();
    assert!(
        answer.stderr.contains("no backup holds a replication slot")
            && answer.stderr.contains("waive")
            && !answer.stderr.contains("no verified backup"),
        "{answer:?}"
    );
}

#[test]
fn definitions_pass_once_they_are_approved() {
    let Some(scene) = Scene::new("passes") else {
        return;
    };
    scene.house.policy("profile = \"strict\"\n");
    for loss in [
        "DROP INDEX by_name",
        "DROP TRIGGER noted ON users",
        "DROP FUNCTION twice(int)",
        "DROP ROLE lost_role",
    ] {
        if loss == "DROP ROLE lost_role" {
            scene.cluster.sql("postgres", "CREATE ROLE lost_later");
        }
        let loss = loss.replace("lost_role", "lost_later");
        scene.house.lose(&scene.psql(&loss));
    }
}

fn sqlite(house: &House, sql: &str) {
    let done = Command::new("sqlite3")
        .args(["-batch", "-bail", "app.db", sql])
        .current_dir(house.project())
        .status()
        .expect("sqlite3 is installed");
    assert!(done.success());
}

#[test]
fn definitions_of_sqlite_pass_once_they_are_approved() {
    let house = House::new("def-sqlite");
    sqlite(
        &house,
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name); INSERT INTO users(name) VALUES ('Anna');
         CREATE UNIQUE INDEX ui ON users(name); CREATE INDEX \"odd index\" ON users(id, name);
         CREATE VIEW names AS SELECT name FROM users; CREATE TABLE log(x);
         CREATE TRIGGER noted AFTER INSERT ON users BEGIN INSERT INTO log VALUES (new.id); END;",
    );
    house.policy("profile = \"strict\"\n");
    for loss in [
        "DROP INDEX ui",
        "DROP INDEX main.\"odd index\"",
        "DROP TRIGGER noted",
        "DROP VIEW names",
    ] {
        house.lose(&format!("sqlite3 app.db '{loss}'"));
    }
}
