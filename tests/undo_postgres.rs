//! Undo of every kind of loss in a rich PostgreSQL database: the statement really runs, and after undo a dump says what it said before.
//! Where something does not come back, undo says what, how to get at it, and ends with a code that is not 0.
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

use std::sync::Mutex;

use house::House;
use postgres::{Cluster, cluster};

const RICH: &str = r#"
    CREATE SCHEMA s2;
    CREATE SCHEMA "My ""Schema";
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
    CREATE DOMAIN pos AS integer CHECK (VALUE > 0);
    CREATE TYPE "My ""Schema".pair AS (a int, b text);
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(new, old); END $$;
    CREATE TABLE users(id int PRIMARY KEY, name text NOT NULL UNIQUE, city text DEFAULT 'Lima');
    CREATE TABLE orders(id serial PRIMARY KEY, u int REFERENCES users(id) ON DELETE CASCADE ON UPDATE CASCADE, amount numeric CHECK (amount >= 0));
    CREATE TABLE n(id int PRIMARY KEY, u int REFERENCES users(id) ON DELETE SET NULL ON UPDATE CASCADE);
    CREATE TABLE q(id int PRIMARY KEY);
    CREATE TABLE d(id int PRIMARY KEY, u int DEFAULT 99 REFERENCES q(id) ON DELETE SET DEFAULT ON UPDATE CASCADE);
    CREATE TABLE twice(a int, q int REFERENCES q(id) ON DELETE CASCADE ON UPDATE CASCADE, v text, PRIMARY KEY (a, q));
    CREATE TABLE o(id int, t text);
    CREATE TABLE g(id int PRIMARY KEY, m mood DEFAULT 'ok', p pos, t text);
    CREATE TABLE keyless(t text, m mood);
    CREATE TABLE pub(id int PRIMARY KEY, x "My ""Schema".pair);
    CREATE TABLE "My ""Schema"."T t"(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
    CREATE TABLE s2.users(id int PRIMARY KEY, note text);
    CREATE TABLE m(id int, at date, v text, PRIMARY KEY(id, at)) PARTITION BY RANGE(at);
    CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE m2 PARTITION OF m FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
    CREATE INDEX m_v ON m(v);
    CREATE TABLE l(id int PRIMARY KEY, o oid);
    CREATE TABLE narrow(id int PRIMARY KEY, a text, b int);
    CREATE TABLE back(id int PRIMARY KEY, t text);
    CREATE TABLE log(id int PRIMARY KEY, t text);
    CREATE FUNCTION rt() RETURNS SETOF users LANGUAGE sql AS 'SELECT * FROM users';
    CREATE FUNCTION clean() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM log WHERE id = old.id; RETURN old; END $$;
    CREATE TRIGGER clean AFTER DELETE ON back FOR EACH ROW EXECUTE FUNCTION clean();
    CREATE TRIGGER noted BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION noted();
    CREATE VIEW v AS SELECT id, name FROM users WHERE id > 0;
    CREATE VIEW vv AS SELECT name FROM v;
    CREATE VIEW through AS SELECT * FROM rt();
    CREATE VIEW ruled AS SELECT * FROM users;
    CREATE RULE ruled_del AS ON DELETE TO ruled DO INSTEAD DELETE FROM users;
    CREATE MATERIALIZED VIEW sums AS SELECT u, sum(amount) AS total FROM orders GROUP BY u;
    CREATE INDEX sums_u ON sums(u);
    CREATE INDEX users_city ON users(lower(city)) WHERE city IS NOT NULL;
    CREATE STATISTICS users_stat ON name, city FROM users;
    CREATE PUBLICATION news FOR TABLE users, orders;
    ALTER TABLE users ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON users USING (name = current_user);
    COMMENT ON TABLE users IS 'people';
    COMMENT ON COLUMN users.city IS 'where';
    COMMENT ON INDEX users_city IS 'fast';
    COMMENT ON TRIGGER noted ON users IS 'it''s noted';
    GRANT SELECT ON users, o, v TO PUBLIC;
    GRANT UPDATE (city) ON users TO PUBLIC;
    INSERT INTO users VALUES (1, 'Ana', 'Lima'), (2, 'Bo', 'Oslo'), (3, 'Cem', NULL);
    INSERT INTO orders(u, amount) VALUES (1, 10), (2, 20), (2, 30);
    INSERT INTO n VALUES (1, 1), (2, 2), (3, NULL);
    INSERT INTO q VALUES (1), (2), (3), (99);
    INSERT INTO d VALUES (1, 3), (2, 2), (3, NULL);
    INSERT INTO twice VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'c');
    INSERT INTO g VALUES (1, 'sad', 5, 'a'), (2, 'happy', 6, 'b'), (3, NULL, NULL, NULL);
    INSERT INTO keyless VALUES ('x', 'sad'), ('x', 'sad'), ('y', NULL);
    INSERT INTO pub VALUES (1, (1, 'one')), (2, NULL);
    INSERT INTO "My ""Schema"."T t"(v) VALUES ('a'), ('b');
    INSERT INTO s2.users VALUES (7, 'other');
    INSERT INTO m VALUES (1, '2026-01-05', 'a'), (2, '2026-01-06', 'b'), (3, '2026-02-07', 'c');
    INSERT INTO narrow VALUES (1, 'long text', 5), (2, 'ab', 6);
    INSERT INTO back VALUES (1, 'a'), (2, 'b');
    INSERT INTO log VALUES (1, 'a'), (2, 'b'), (3, 'c');
    INSERT INTO l SELECT i, lo_from_bytea(0, decode(repeat('0a5c27ff', 100000 * i), 'hex')) FROM generate_series(1, 2) i;
    INSERT INTO l VALUES (3, lo_from_bytea(0, ''));
    REFRESH MATERIALIZED VIEW sums;
"#;

/// Statements that lose something, each alone: everything has to come back.
const LOSSES: &[&str] = &[
    "DROP TABLE m1",
    "DROP TABLE m",
    "ALTER TABLE m DETACH PARTITION m1",
    "ALTER TABLE narrow ALTER COLUMN a TYPE varchar(3) USING left(a,3)",
    "ALTER TABLE narrow ALTER COLUMN b TYPE boolean USING b > 5",
    "SELECT lo_unlink(o) FROM l",
    "SELECT lo_truncate(lo_open(o, 131072), 3) FROM l",
    "SELECT lo_truncate64(lo_open(o, 131072), 0) FROM l WHERE id = 2",
    "DELETE FROM ruled",
    "DELETE FROM v WHERE id = 2",
    "DROP TYPE mood CASCADE",
    "DROP DOMAIN pos CASCADE",
    "DROP SCHEMA \\\"My \\\"\\\"Schema\\\" CASCADE",
    "DROP SCHEMA s2 CASCADE",
    "DELETE FROM users",
    "DELETE FROM users WHERE id < 3",
    "UPDATE users SET id = id + 10",
    "UPDATE users SET id = 30, city = 'X' WHERE id = 3",
    "DELETE FROM q WHERE id < 99",
    "UPDATE q SET id = 50 - id WHERE id < 4",
    "UPDATE m SET at = at + 1",
    "DROP TABLE keyless, o",
    "DROP TABLE users CASCADE",
    "DROP TABLE users, orders, n, d CASCADE",
    "TRUNCATE users CASCADE",
    "SET search_path = s2; DROP TABLE users",
    "SET search_path TO s2, public; DELETE FROM users",
    "DROP INDEX users_city",
    "DROP TRIGGER noted ON users",
    "DROP FUNCTION noted() CASCADE",
    "DROP FUNCTION rt() CASCADE",
    "DROP VIEW v CASCADE",
    "DROP MATERIALIZED VIEW sums",
    "DROP STATISTICS users_stat",
    "DROP PUBLICATION news",
    "DROP POLICY own ON users",
    "DROP RULE ruled_del ON ruled",
    "ALTER TABLE orders DROP CONSTRAINT orders_u_fkey",
    "ALTER TABLE orders DROP CONSTRAINT orders_amount_check",
    "ALTER TABLE users DROP CONSTRAINT users_name_key",
    "ALTER TABLE narrow DROP COLUMN b",
    "ALTER TABLE keyless DROP COLUMN m",
    "ALTER TABLE users DROP COLUMN name CASCADE",
    "DROP SEQUENCE orders_id_seq CASCADE",
    "DELETE FROM back",
    "REVOKE ALL ON users FROM PUBLIC",
    "DROP TABLE log; DELETE FROM keyless; DROP INDEX m_v",
];

fn dump(cluster: &Cluster, database: &str) -> Vec<String> {
    let output = std::process::Command::new(cluster.bin.join("pg_dump"))
        .args([
            "-h",
            cluster.folder.to_str().unwrap(),
            "-p",
            &cluster.port.to_string(),
        ])
        .args(["-U", "postgres", "--inserts", "-b", database])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines: Vec<String> = text
        .lines()
        // The order of columns and of rows may be another one afterwards.
        .map(|line| line.trim().trim_end_matches(',').to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with("--") && !line.starts_with('\\'))
        .map(|line| {
            match line.starts_with("INSERT INTO") || line.starts_with("CREATE STATISTICS") {
                true => {
                    let mut words: Vec<&str> = line.split([' ', ',', '(', ')', ';']).collect();
                    words.sort_unstable();
                    words.join(" ")
                }
                false => line,
            }
        })
        .collect();
    lines.sort();
    lines
}

fn difference(one: &[String], other: &[String], sign: char) -> String {
    let mut rest = other.to_vec();
    let mut text = String::new();
    for line in one {
        match rest.iter().position(|two| two == line) {
            Some(at) => {
                rest.remove(at);
            }
            None => text.push_str(&format!(
                "  {sign} {}\n",
                line.chars().take(300).collect::<String>()
            )),
        }
    }
    text
}

/// The call is held and approved, or let through with a snapshot; then it really runs.
fn lose(house: &House, command: &str) {
    let answer = house.settled(command);
    if answer.code == Some(2) {
        let held = house.held(command);
        house.approve(&held.id);
        house.passes_and_runs(&held);
    } else {
        answer.must_pass();
        let ran = house.run_for_real(command);
        assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
        house.tell_ran(command);
    }
}

/// Returns what is wrong after the undo of one statement.
fn fault(cluster: &Cluster, name: &str, (first, env): (&str, &str), sql: &str) -> Option<String> {
    let database = cluster.database(&format!("lost_{name}"));
    cluster.sql(&database, RICH);
    cluster.sql(&database, &first.replace("THIS", &database));
    let house = House::new(&format!("pg-all-{name}"));
    let before = dump(cluster, &database);
    let command = format!(
        "{env}psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U postgres -d {database} -c \"{sql}\"",
        cluster.folder.display(),
        cluster.port
    );
    lose(&house, &command);
    if dump(cluster, &database) == before {
        return Some(format!("{sql}: lost nothing"));
    }
    let plan = house.backstop(&["undo", "--dry-run"]);
    let undone = house.backstop(&["undo"]);
    let after = dump(cluster, &database);
    let right = plan.code == Some(0) && undone.code == Some(0) && after == before;
    (!right).then(|| {
        format!(
            "{sql}: plan {:?} undo {:?}\n{}{}\n{}{}\n{}{}",
            plan.code,
            undone.code,
            plan.stdout,
            plan.stderr,
            undone.stdout,
            undone.stderr,
            difference(&before, &after, '-'),
            difference(&after, &before, '+'),
        )
    })
}

#[test]
fn every_loss_of_a_rich_database_is_undone() {
    let Some(cluster) = cluster() else { return };
    let only = std::env::var("ONLY_LOSS").ok();
    let chosen = |sql: &str| only.as_deref().is_none_or(|only| sql.contains(only));
    let work = Mutex::new(LOSSES.iter().enumerate().filter(|(_, sql)| chosen(sql)));
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let next = work.lock().unwrap().next();
                    let Some((at, sql)) = next else { break };
                    let found =
                        std::panic::catch_unwind(|| fault(cluster, &at.to_string(), ("", ""), sql));
                    let found = found.unwrap_or_else(|why| {
                        let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
                        Some(format!("{sql}: panicked: {why}"))
                    });
                    faults.lock().unwrap().extend(found);
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        LOSSES.len(),
        faults.join("\n")
    );
}

#[test]
fn a_killed_undo_leaves_no_copy_of_the_data_on_the_server_once_it_is_done_again() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database("lost_killed");
    cluster.sql(
        &database,
        "CREATE TABLE t(n int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)",
    );
    let mut house = House::new("pg-killed");
    let command = format!(
        "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U postgres -d {database} -c 'DROP TABLE t'",
        cluster.folder.display(),
        cluster.port
    );
    let held = house.lose(&command);
    let copies = || {
        let known = std::fs::read_dir(
            house_of("pg-killed").join(".local/share/backstop/backups/passing-databases"),
        );
        let folders = known.into_iter().flatten().flatten();
        let notes = folders.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten());
        let names: Vec<String> = notes
            .map(|note| note.file_name().into_string().unwrap())
            .collect();
        let there = |name: &String| {
            let query = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
            cluster.sql("postgres", &query).trim() == "1"
        };
        names.into_iter().filter(there).count()
    };
    house.more = vec![(
        "BACKSTOP_FAILPOINT".to_owned(),
        "restore.postgres.loaded=kill".to_owned(),
    )];
    let killed = house.backstop(&["undo", &held.id, "--yes"]);
    house.more = Vec::new();
    assert_eq!((killed.code, copies()), (None, 1), "{killed:?}");
    house.undo(&held.id);
    assert_eq!(copies(), 0);
    assert_eq!(
        cluster.sql(&database, "SELECT count(*) FROM t").trim(),
        "100"
    );
}

fn house_of(name: &str) -> std::path::PathBuf {
    house::place().join(format!("house-{name}-{}", std::process::id()))
}

#[test]
fn large_objects_that_others_wrote_since_stay_unless_they_are_asked_for() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database("lost_large");
    cluster.sql(
        &database,
        "SELECT lo_from_bytea(4001, repeat('a', 700000)::bytea), lo_from_bytea(4002, 'second'), lo_from_bytea(4003, 'third')",
    );
    let house = House::new("pg-large");
    let content = |number: u32| {
        cluster.sql(
            &database,
            &format!("SELECT md5(lo_get({number})), length(lo_get({number}))"),
        )
    };
    let before = [4001, 4002, 4003].map(content);
    let command = format!(
        "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U postgres -d {database} -c 'SELECT lo_unlink(4001), lo_unlink(4003)'",
        cluster.folder.display(),
        cluster.port
    );
    let held = house.lose(&command);
    cluster.sql(
        &database,
        "SELECT lo_from_bytea(4001, 'another'), lo_put(4002, 0, 'SECOND')",
    );
    let undone = house.undo(&held.id);
    for part in [
        "created 1 large object again",
        "large object 4001 is there with other content and was left as it is",
        "large object 4002 is there with other content and was left as it is",
    ] {
        assert!(undone.stdout.contains(part), "{part}: {undone:?}");
    }
    assert_ne!(content(4001), before[0]);
    assert_ne!(content(4002), before[1]);
    assert_eq!(content(4003), before[2]);
    let over = house.backstop(&["undo", &held.id, "--yes", "--also-changed"]);
    assert_eq!(over.code, Some(0), "{over:?}");
    assert_eq!([4001, 4002, 4003].map(content), before);
}

/// What is there before, what stands in front of the command, and the statement.
const PATHS: &[(&str, &str, &str)] = &[
    ("", "PGOPTIONS='-c search_path=s2' ", "DROP TABLE users"),
    (
        "",
        "PGOPTIONS='-c search_path=s2,public' ",
        "DELETE FROM users WHERE id = 7",
    ),
    (
        "ALTER DATABASE THIS SET search_path = s2, public;",
        "",
        "DROP TABLE users",
    ),
    (
        "ALTER DATABASE THIS SET search_path = s2, public;",
        "",
        "DELETE FROM users",
    ),
    (
        "CREATE SCHEMA postgres; CREATE TABLE postgres.users(id int PRIMARY KEY, v text); INSERT INTO postgres.users VALUES (1, 'a');",
        "",
        "UPDATE users SET v = 'x'",
    ),
    (
        "",
        "",
        "BEGIN; SET LOCAL search_path = s2; DELETE FROM users; COMMIT",
    ),
    (
        "",
        "",
        "SELECT set_config('search_path', 's2', false); DROP TABLE users",
    ),
];

#[test]
fn a_bare_name_is_looked_up_where_the_server_would() {
    let Some(cluster) = cluster() else { return };
    let mut faults = Vec::new();
    for (at, (first, env, sql)) in PATHS.iter().enumerate() {
        faults.extend(fault(cluster, &format!("path_{at}"), (first, env), sql));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_does_not_come_back_is_said_with_a_way_to_get_at_it() {
    let Some(cluster) = cluster() else { return };
    let said = fault(
        cluster,
        "unknown",
        ("", ""),
        "UPDATE users SET id = (SELECT 100 + max(id) FROM q) WHERE id = 3",
    );
    let said = said.expect("the new key cannot be computed again");
    assert!(said.contains("undo Some(1)"), "{said}");
    assert!(
        said.contains("not brought back: keys of `public.users`"),
        "{said}"
    );
    assert!(said.contains("backstop restore guard-"), "{said}");
    assert!(!said.contains("nothing is missing"), "{said}");
}
