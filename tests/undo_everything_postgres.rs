//! Undo of every kind of loss in a rich PostgreSQL database: the statement really runs, and pg_dump says afterwards what it said before.
//! What cannot come back in place is said by name, with an exit code.
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
use std::sync::Mutex;

use house::House;
use postgres::{Cluster, cluster};

const RICH: &str = r#"
    CREATE TABLE p(id int PRIMARY KEY, name text UNIQUE, n int NOT NULL DEFAULT 0, CONSTRAINT p_small CHECK (n < 1000));
    CREATE TABLE gone(id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE, t text);
    CREATE TABLE nulled(id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL, t text);
    CREATE TABLE dflt(id int PRIMARY KEY, q int DEFAULT NULL REFERENCES p ON DELETE SET DEFAULT);
    CREATE TABLE tree(id int PRIMARY KEY, up int REFERENCES tree ON DELETE SET NULL);
    CREATE TABLE stats(id int PRIMARY KEY, deleted int, changed int);
    CREATE TABLE mirror(id int PRIMARY KEY, t text);
    CREATE TABLE watched(id int PRIMARY KEY, t text);
    CREATE TABLE serial(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED);
    CREATE SCHEMA other; CREATE TABLE other.t(n int); CREATE INDEX t_n ON other.t(n); CREATE VIEW other.seen AS SELECT n FROM other.t;
    INSERT INTO p VALUES (1, 'Ana', 1), (2, 'Bo', 2), (3, 'Cem', 3);
    INSERT INTO gone VALUES (10, 1, 'a'), (11, 2, 'b');
    INSERT INTO nulled VALUES (20, 1, 'x'), (21, 2, 'y'), (22, NULL, 'z');
    INSERT INTO dflt VALUES (30, 1), (31, NULL);
    INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2);
    INSERT INTO stats VALUES (1, 5, 6), (2, 7, 8);
    INSERT INTO watched VALUES (1, 'one'), (2, 'two');
    INSERT INTO mirror SELECT * FROM watched;
    INSERT INTO serial(a) VALUES (1), (2);
    INSERT INTO other.t VALUES (1), (2);
    CREATE INDEX by_n ON p(n) WHERE n > 1;
    CREATE INDEX "Odd "" index" ON p(lower(name));
    CREATE STATISTICS both_columns ON id, name FROM p;
    CREATE VIEW names AS SELECT name FROM p;
    CREATE VIEW more AS SELECT name || '!' AS loud FROM names;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM p;
    CREATE SEQUENCE tickets START 5; SELECT nextval('tickets');
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
    CREATE FUNCTION count_deletes() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE stats SET deleted = deleted + 1 WHERE id = 1; DELETE FROM mirror WHERE id = OLD.id; RETURN OLD; END$$;
    CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE stats SET changed = changed + 1 WHERE id = 1; RETURN NEW; END$$;
    CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE together(text) (SFUNC = textcat, STYPE = text);
    CREATE TRIGGER deletes AFTER DELETE ON watched FOR EACH ROW EXECUTE FUNCTION count_deletes();
    CREATE TRIGGER changes AFTER UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION count_changes();
    CREATE RULE quiet AS ON DELETE TO names DO INSTEAD NOTHING;
    CREATE POLICY everyone ON p USING (true); COMMENT ON POLICY everyone ON p IS 'all';
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE TYPE pair AS (a int, b int);
    CREATE SCHEMA empty;
    CREATE PUBLICATION news FOR TABLE p;
    CREATE COLLATION c_like FROM "C";
    CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
    CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
    GRANT SELECT, UPDATE ON p TO undo_role; GRANT USAGE ON SCHEMA other TO undo_role;
    COMMENT ON TABLE p IS 'people';
"#;

const LOSSES: &[&str] = &[
    "DELETE FROM p",
    "DELETE FROM p WHERE id = 1",
    "DELETE FROM p WHERE id IN (SELECT p FROM gone)",
    "TRUNCATE p CASCADE",
    "DROP TABLE p CASCADE",
    "DROP TABLE nulled",
    "DELETE FROM tree WHERE id = 1",
    "DELETE FROM tree",
    "UPDATE p SET name = upper(name)",
    "DELETE FROM watched",
    "DELETE FROM watched WHERE id = 2",
    "UPDATE watched SET t = 'same'",
    "DELETE FROM serial",
    "DROP INDEX by_n",
    "DROP INDEX \"Odd \"\" index\"",
    "DROP INDEX other.t_n",
    "DROP STATISTICS both_columns",
    "DROP VIEW more",
    "DROP VIEW names CASCADE",
    "DROP VIEW other.seen",
    "DROP MATERIALIZED VIEW counted",
    "DROP SEQUENCE tickets",
    "DROP FUNCTION twice(int)",
    "DROP FUNCTION count_deletes() CASCADE",
    "DROP PROCEDURE nothing()",
    "DROP AGGREGATE together(text)",
    "DROP TRIGGER deletes ON watched",
    "DROP RULE quiet ON names",
    "DROP POLICY everyone ON p",
    "DROP TYPE mood",
    "DROP DOMAIN positive",
    "DROP TYPE pair",
    "DROP SCHEMA empty",
    "DROP SCHEMA other CASCADE",
    "DROP PUBLICATION news",
    "DROP COLLATION c_like",
    "DROP OPERATOR === (int, int)",
    "DROP TEXT SEARCH CONFIGURATION words",
    "ALTER TABLE p DROP CONSTRAINT p_small",
    "ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE",
    "ALTER TABLE nulled DROP CONSTRAINT nulled_p_fkey",
    "REVOKE ALL ON p FROM undo_role",
    "DROP OWNED BY undo_role",
    "DROP OWNED BY undo_role; DROP TABLE gone",
    "DROP INDEX by_n; DROP TRIGGER changes ON watched; DELETE FROM gone",
];

/// What is not inside of the database, and comes back beside it.
const BESIDE: &[&str] = &["DROP ROLE undo_lost"];

struct Scene {
    house: House,
    cluster: &'static Cluster,
    name: String,
}

impl Scene {
    fn new(cluster: &'static Cluster, rich: &str, at: usize) -> Self {
        let name = format!("every_{at}");
        cluster.sql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE {rich}"),
        );
        Self {
            house: House::new(&format!("every-pg-{at}")),
            cluster,
            name,
        }
    }

    fn lose(&self, sql: &str) {
        let command = format!(
            "psql -X -q -v ON_ERROR_STOP=1 -h {} -p {} -U postgres -d {} -c '{}'",
            self.cluster.folder.display(),
            self.cluster.port,
            self.name,
            sql.replace('\'', "'\\''")
        );
        let answer = self.house.settled(&command);
        if answer.code == Some(2) {
            let held = self.house.held(&command);
            self.house.approve(&held.id);
            self.house.passes_and_runs(&held);
        } else {
            answer.must_pass();
            let ran = self.house.run_for_real(&command);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            self.house.tell_ran(&command);
        }
    }

    /// Everything that pg_dump says, in lines without order.
    fn picture(&self) -> Vec<String> {
        let output = Command::new(self.cluster.bin.join("pg_dump"))
            .args(["-h", &self.cluster.folder.display().to_string()])
            .args(["-p", &self.cluster.port.to_string(), "-U", "postgres"])
            .arg(&self.name)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| !line.starts_with("--") && !line.starts_with('\\') && !line.is_empty())
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }
}

fn fault(cluster: &'static Cluster, rich: &str, at: usize, sql: &str) -> Option<String> {
    let scene = Scene::new(cluster, rich, at);
    let before = scene.picture();
    scene.lose(sql);
    if scene.picture() == before {
        return Some(format!("{sql}: lost nothing"));
    }
    let undone = scene.house.backstop(&["undo"]);
    let after = scene.picture();
    if undone.code == Some(0) && after == before {
        return None;
    }
    let changed = |one: &[String], other: &[String], sign: &str| {
        let lines = one.iter().filter(|line| !other.contains(line));
        lines
            .map(|line| format!("  {sign} {line}\n"))
            .collect::<String>()
    };
    Some(format!(
        "{sql}: {:?}\n{}{}{}{}",
        undone.code,
        undone.stdout,
        undone.stderr,
        changed(&before, &after, "-"),
        changed(&after, &before, "+"),
    ))
}

fn rich() -> Option<(&'static Cluster, String)> {
    let cluster = cluster()?;
    for role in ["undo_role", "undo_lost"] {
        let make = format!(
            "DO $$BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
        );
        cluster.sql("postgres", &make);
    }
    Some((cluster, cluster.database("every_rich")))
}

#[test]
fn every_loss_of_a_rich_database_is_undone() {
    let Some((cluster, rich)) = rich() else {
        return;
    };
    cluster.sql(&rich, RICH);
    let work = Mutex::new(LOSSES.iter().enumerate());
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let next = work.lock().unwrap().next();
                    let Some((at, sql)) = next else { break };
                    let found = std::panic::catch_unwind(|| fault(cluster, &rich, at, sql));
                    let found = found.unwrap_or_else(|_| Some(format!("{sql}: panicked")));
                    faults.lock().unwrap().extend(found);
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    let number = LOSSES.len();
    assert!(
        faults.is_empty(),
        "{} of {number}:\n{}",
        faults.len(),
        faults.join("\n")
    );
    for (at, sql) in BESIDE.iter().enumerate() {
        let scene = Scene::new(cluster, &rich, 900 + at);
        scene.lose(sql);
        let undone = scene.house.backstop(&["undo"]);
        assert_eq!(undone.code, Some(0), "{sql}: {undone:?}");
        assert!(
            undone
                .stdout
                .contains("done: made the role `undo_lost` again"),
            "{undone:?}"
        );
        let known = "SELECT count(*) FROM pg_roles WHERE rolname = 'undo_lost'";
        assert_eq!(cluster.sql("postgres", known).trim(), "1", "{sql}");
    }
}
