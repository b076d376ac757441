//! Undo of every kind of loss in a rich SQLite database: the statement really runs, and what stands there after undo is what stood there before.
//! Definitions, rows, search indexes and their own checks are compared; what cannot come back is said with an exit code.
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

use std::process::Command;
use std::sync::Mutex;

use house::{Answer, House};

const RICH: &str = "
    CREATE TABLE p(id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE gone(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) ON DELETE CASCADE ON UPDATE CASCADE, t TEXT);
    CREATE TABLE below(id INTEGER PRIMARY KEY, gone INTEGER REFERENCES gone(id) ON DELETE SET NULL);
    CREATE TABLE nulled(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) ON DELETE SET NULL ON UPDATE SET NULL, t TEXT);
    CREATE TABLE q(id INTEGER PRIMARY KEY);
    CREATE TABLE dflt(id INTEGER PRIMARY KEY, q INTEGER DEFAULT 99 REFERENCES q ON DELETE SET DEFAULT ON UPDATE CASCADE);
    CREATE TABLE named(k TEXT PRIMARY KEY, p TEXT REFERENCES p(name) ON DELETE SET NULL ON UPDATE CASCADE) WITHOUT ROWID;
    CREATE TABLE tree(id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree(id) ON DELETE SET NULL);
    CREATE TABLE two(a TEXT, b INTEGER, v BLOB, PRIMARY KEY(a, b)) WITHOUT ROWID, STRICT;
    CREATE TABLE made(id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER, twice INTEGER GENERATED ALWAYS AS (a * 2) STORED, thrice AS (a * 3));
    CREATE TABLE loose(t TEXT, n INTEGER);
    CREATE TABLE stats(id INTEGER PRIMARY KEY, deleted INTEGER, changed INTEGER);
    CREATE TABLE watched(id INTEGER PRIMARY KEY, t TEXT);
    CREATE TABLE mirror(id INTEGER PRIMARY KEY, t TEXT);
    CREATE TABLE post(id INTEGER PRIMARY KEY, body TEXT);
    CREATE VIRTUAL TABLE plain5 USING fts5(t, u UNINDEXED);
    CREATE VIRTUAL TABLE post5 USING fts5(body, content='post', content_rowid='id');
    CREATE VIRTUAL TABLE bare5 USING fts5(t, content='');
    CREATE VIRTUAL TABLE four USING fts4(t, tokenize=porter);
    CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1, +tag TEXT);
    CREATE INDEX p_part ON p(n) WHERE n > 1;
    CREATE INDEX p_expr ON p(lower(name));
    CREATE INDEX loose_t ON loose(t);
    CREATE VIEW v AS SELECT id, name FROM p WHERE n > 0;
    CREATE VIEW vv AS SELECT * FROM v;
    CREATE TRIGGER v_del INSTEAD OF DELETE ON v BEGIN DELETE FROM p WHERE id = old.id; END;
    CREATE TRIGGER w_del AFTER DELETE ON watched BEGIN UPDATE stats SET deleted = deleted + 1 WHERE id = 1; DELETE FROM mirror WHERE id = old.id; END;
    CREATE TRIGGER w_upd AFTER UPDATE ON watched BEGIN UPDATE stats SET changed = changed + 1 WHERE id = 1; END;
    CREATE TRIGGER post_ins AFTER INSERT ON post BEGIN INSERT INTO post5(rowid, body) VALUES (new.id, new.body); END;
    CREATE TRIGGER post_del AFTER DELETE ON post BEGIN INSERT INTO post5(post5, rowid, body) VALUES ('delete', old.id, old.body); END;
    CREATE TRIGGER post_upd AFTER UPDATE ON post BEGIN INSERT INTO post5(post5, rowid, body) VALUES ('delete', old.id, old.body); INSERT INTO post5(rowid, body) VALUES (new.id, new.body); END;
    INSERT INTO p VALUES (1, 'Ana', 1), (2, 'Bo', 2), (3, 'Cem', 3);
    INSERT INTO q VALUES (1), (3), (99);
    INSERT INTO gone VALUES (10, 1, 'a'), (11, 2, 'b'), (12, 2, 'c');
    INSERT INTO below VALUES (1, 10), (2, 12), (3, NULL);
    INSERT INTO nulled VALUES (20, 1, 'x'), (21, 2, 'y'), (22, NULL, 'z');
    INSERT INTO dflt VALUES (30, 1), (31, 99), (32, 3);
    INSERT INTO named VALUES ('k1', 'Ana'), ('k2', 'Bo'), ('k3', NULL);
    INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 1), (4, 2);
    INSERT INTO two VALUES ('a', 1, x'00ff'), ('a', 2, NULL), ('b', 1, x'');
    INSERT INTO made(a) VALUES (1), (2), (3); DELETE FROM made WHERE a = 3;
    INSERT INTO loose VALUES ('x', 1), ('x', 1), (NULL, 2);
    INSERT INTO stats VALUES (1, 5, 6), (2, 7, 8);
    INSERT INTO watched VALUES (1, 'one'), (2, 'two'), (3, 'three');
    INSERT INTO mirror SELECT * FROM watched;
    INSERT INTO post VALUES (1, 'red fox'), (2, 'blue whale'), (3, 'red panda');
    INSERT INTO plain5(rowid, t, u) VALUES (1, 'green tea', 'u1'), (5, 'black tea', 'u5'), (9, 'coffee', NULL);
    INSERT INTO bare5(rowid, t) VALUES (1, 'iron gate'), (2, 'wooden gate');
    INSERT INTO four(docid, t) VALUES (3, 'running dogs'), (4, 'sleeping cats');
    INSERT INTO boxes VALUES (1, 0, 1, 0, 1, 'small'), (2, 5, 50.25, 5, 50.5, 'large');
";

/// What is compared: definitions, rows of ordinary tables in any order, and what virtual tables answer.
const PICTURE: &str = "
    SELECT 'def', type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 2, 3;
    SELECT 'seq', * FROM sqlite_sequence ORDER BY 2;
    SELECT 'p', * FROM p ORDER BY 2; SELECT 'gone', * FROM gone ORDER BY 2; SELECT 'below', * FROM below ORDER BY 2;
    SELECT 'nulled', * FROM nulled ORDER BY 2; SELECT 'q', * FROM q ORDER BY 2; SELECT 'dflt', * FROM dflt ORDER BY 2; SELECT 'named', * FROM named ORDER BY 2;
    SELECT 'tree', * FROM tree ORDER BY 2; SELECT 'two', a, b, quote(v) FROM two ORDER BY 2, 3; SELECT 'made', * FROM made ORDER BY 2;
    SELECT 'loose', rowid, * FROM loose ORDER BY 2; SELECT 'stats', * FROM stats ORDER BY 2; SELECT 'watched', * FROM watched ORDER BY 2;
    SELECT 'mirror', * FROM mirror ORDER BY 2; SELECT 'post', * FROM post ORDER BY 2; SELECT 'v', * FROM v ORDER BY 2; SELECT 'vv', * FROM vv ORDER BY 2;
    SELECT 'plain5', rowid, t, quote(u) FROM plain5 ORDER BY 2; SELECT 'tea', rowid FROM plain5 WHERE plain5 MATCH 'tea' ORDER BY 2;
    SELECT 'red', rowid FROM post5 WHERE post5 MATCH 'red' ORDER BY 2; SELECT 'whale', rowid FROM post5 WHERE post5 MATCH 'whale';
    SELECT 'gate', rowid FROM bare5 WHERE bare5 MATCH 'gate' ORDER BY 2; SELECT 'iron', rowid FROM bare5 WHERE bare5 MATCH 'iron';
    SELECT 'four', docid, t FROM four ORDER BY 2; SELECT 'run', docid FROM four WHERE four MATCH 'run';
    SELECT 'boxes', * FROM boxes ORDER BY 2; SELECT 'within', id FROM boxes WHERE x1 < 2;
    SELECT rtreecheck('boxes');
    INSERT INTO plain5(plain5) VALUES ('integrity-check'); INSERT INTO post5(post5, rank) VALUES ('integrity-check', 1);
    INSERT INTO bare5(bare5) VALUES ('integrity-check'); INSERT INTO four(four) VALUES ('integrity-check');
    PRAGMA integrity_check; PRAGMA foreign_key_check;
";

/// Statements that lose something; each alone, with foreign keys switched on.
const LOSSES: &[&str] = &[
    "DELETE FROM p",
    "DELETE FROM p WHERE id = 1",
    "DELETE FROM p WHERE id IN (SELECT p FROM gone)",
    "DELETE FROM v WHERE id = 2",
    "DROP TABLE p",
    "DROP TABLE gone",
    "DROP TABLE nulled",
    "UPDATE p SET name = upper(name)",
    "UPDATE p SET name = 'x' || id WHERE id < 3",
    "UPDATE p SET id = id + 100",
    "DELETE FROM q WHERE id < 99",
    "DELETE FROM q WHERE id IN (SELECT q FROM dflt WHERE id = 30)",
    "UPDATE q SET id = id + 5 WHERE id < 99",
    "UPDATE q SET id = (SELECT max(id) FROM dflt) WHERE id = 1",
    "UPDATE p SET id = id + 1 WHERE id = 3",
    "UPDATE p SET id = 7, n = 9 WHERE id = 1",
    "UPDATE p SET n = 0",
    "REPLACE INTO p(id, name) VALUES (1, 'Zoe')",
    "DELETE FROM gone",
    "DELETE FROM tree WHERE id = 1",
    "DELETE FROM tree",
    "DELETE FROM two",
    "UPDATE two SET v = x'11' WHERE a = 'a'",
    "UPDATE two SET b = b + 10 WHERE a = 'a'",
    "DROP TABLE two",
    "DELETE FROM made",
    "DROP TABLE made",
    "UPDATE made SET a = 0",
    "DELETE FROM loose WHERE t = 'x'",
    "UPDATE loose SET n = NULL",
    "DROP TABLE loose",
    "DELETE FROM watched",
    "DELETE FROM watched WHERE id = 2",
    "UPDATE watched SET t = 'same'",
    "DROP TABLE watched",
    "DROP TABLE stats",
    "DELETE FROM post",
    "DELETE FROM post WHERE id = 1",
    "UPDATE post SET body = 'grey' WHERE id < 3",
    "DROP TABLE post5",
    "DROP TABLE post",
    "DELETE FROM post WHERE id = 3; INSERT INTO post5(post5) VALUES ('delete-all')",
    "DELETE FROM plain5",
    "DELETE FROM plain5 WHERE rowid = 1",
    "DELETE FROM plain5 WHERE plain5 MATCH 'tea'",
    "UPDATE plain5 SET t = 'water'",
    "UPDATE plain5 SET t = 'water' WHERE rowid = 5",
    "UPDATE plain5 SET rowid = rowid + 100",
    "UPDATE loose SET rowid = rowid + 50 WHERE n = 1",
    "UPDATE four SET docid = docid + 50",
    "DROP TABLE plain5",
    "DROP TABLE bare5",
    "DELETE FROM four",
    "UPDATE four SET t = 'x' WHERE docid = 3",
    "DROP TABLE four",
    "DELETE FROM boxes",
    "DELETE FROM boxes WHERE id = 2",
    "UPDATE boxes SET x1 = 99, tag = 'wide' WHERE id = 1",
    "UPDATE boxes SET id = id + 10",
    "DROP TABLE boxes",
    "DROP INDEX p_part",
    "DROP INDEX p_expr; DROP INDEX loose_t",
    "DROP VIEW v",
    "DROP VIEW vv",
    "DROP TRIGGER w_del",
    "DROP TRIGGER v_del; DROP TRIGGER post_upd",
    "DROP VIEW vv; CREATE VIEW vv AS SELECT 1 AS id, 2 AS name",
    "DROP INDEX loose_t; ALTER TABLE loose DROP COLUMN t",
    "ALTER TABLE nulled DROP COLUMN t",
    "DROP TABLE gone; DROP TABLE below; DELETE FROM nulled; DROP TRIGGER w_upd",
];

/// A call, what others do after it, and what has to be there after the undo besides what was there before.
const SINCE: &[(&str, &str, &[&str])] = &[
    (
        "DELETE FROM plain5",
        "INSERT INTO plain5(rowid, t, u) VALUES (20, 'green leaf', 'new')",
        &["plain5|20|green leaf|'new'"],
    ),
    (
        "DELETE FROM post",
        "INSERT INTO post VALUES (50, 'red rose')",
        &["post|50|red rose", "red|50"],
    ),
    (
        "DELETE FROM four WHERE docid = 3",
        "INSERT INTO four(docid, t) VALUES (9, 'run again')",
        &["four|9|run again", "run|9"],
    ),
    (
        "DELETE FROM boxes",
        "INSERT INTO boxes VALUES (7, 1, 1.5, 1, 1, 'new')",
        &["boxes|7|1.0|1.5|1.0|1.0|new", "within|7"],
    ),
    (
        "DELETE FROM p WHERE id = 1",
        "INSERT INTO nulled VALUES (70, NULL, 'mine'); INSERT INTO p VALUES (8, 'Eve', 0)",
        &["p|8|Eve|0", "nulled|70||mine"],
    ),
];

fn sqlite(house: &House, text: &str) -> Answer {
    let output = Command::new("sqlite3")
        .args(["-batch", "-bail", "app.db", text])
        .current_dir(house.project())
        .output()
        .expect("sqlite3 is installed");
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn rich(name: &str) -> House {
    let house = House::new(name);
    let made = sqlite(&house, RICH);
    assert_eq!(made.code, Some(0), "{made:?}");
    house
}

/// The call is held and approved, or let through with a snapshot; then it really runs.
fn lose(house: &House, sql: &str) {
    let command = format!("sqlite3 -bail app.db \"PRAGMA foreign_keys=ON; {sql}\"");
    let answer = house.bash(&command);
    if answer.code == Some(2) {
        let held = house.held(&command);
        house.approve(&held.id);
        house.passes_and_runs(&held);
    } else {
        answer.must_pass();
        let ran = house.run_for_real(&command);
        assert_eq!(ran.code, Some(0), "{sql}: {ran:?}");
        house.tell_ran(&command);
    }
}

/// Returns what is wrong after the undo of one statement.
fn fault(at: usize, sql: &str) -> Option<String> {
    let house = rich(&format!("all-{at}"));
    let before = sqlite(&house, PICTURE);
    assert_eq!(before.code, Some(0), "{before:?}");
    lose(&house, sql);
    let lost = sqlite(&house, PICTURE);
    if lost.stdout == before.stdout {
        return Some(format!("{sql}: lost nothing"));
    }
    let undone = house.backstop(&["undo"]);
    let after = sqlite(&house, PICTURE);
    let right = undone.code == Some(0) && after.code == Some(0) && after.stdout == before.stdout;
    (!right).then(|| {
        let changed = |one: &str, other: &str, sign: &str| {
            let lines = one
                .lines()
                .filter(|line| !other.lines().any(|two| two == *line));
            lines
                .map(|line| format!("  {sign} {line}\n"))
                .collect::<String>()
        };
        format!(
            "{sql}: {:?}\n{}{}{}{}{}",
            undone.code,
            undone.stdout,
            undone.stderr,
            after.stderr,
            changed(&before.stdout, &after.stdout, "-"),
            changed(&after.stdout, &before.stdout, "+"),
        )
    })
}

#[test]
fn every_loss_of_a_rich_database_is_undone() {
    let work = Mutex::new(LOSSES.iter().enumerate());
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let next = work.lock().unwrap().next();
                    let Some((at, sql)) = next else { break };
                    let found = std::panic::catch_unwind(|| fault(at, sql));
                    let found = found.unwrap_or_else(|_| Some(format!("{sql}: panicked")));
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
fn what_others_wrote_since_stays_and_indexes_agree_with_it() {
    for (at, (sql, since, more)) in SINCE.iter().enumerate() {
        let house = rich(&format!("since-{at}"));
        let before = sqlite(&house, PICTURE);
        lose(&house, sql);
        let others = sqlite(&house, since);
        assert_eq!(others.code, Some(0), "{others:?}");
        let undone = house.backstop(&["undo"]);
        assert_eq!(undone.code, Some(0), "{sql}: {undone:?}");
        let after = sqlite(&house, PICTURE);
        assert_eq!(after.code, Some(0), "{sql}: {undone:?} {after:?}");
        let added: Vec<&str> = after
            .stdout
            .lines()
            .filter(|line| !before.stdout.lines().any(|one| one == *line))
            .collect();
        assert_eq!(&added, more, "{sql}: {undone:?}");
        for line in before.stdout.lines() {
            assert!(after.stdout.contains(line), "{sql}: {line} is missing");
        }
    }
}

#[test]
fn a_nulled_reference_that_somebody_set_anew_stays() {
    let house = rich("set-anew");
    lose(&house, "DELETE FROM p WHERE id = 1");
    let others = sqlite(&house, "UPDATE nulled SET p = 3 WHERE id = 20");
    assert_eq!(others.code, Some(0), "{others:?}");
    let undone = house.backstop(&["undo"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert!(undone.stdout.contains("changed again since"), "{undone:?}");
    let seen = sqlite(
        &house,
        "SELECT p FROM nulled WHERE id = 20; SELECT name FROM p WHERE id = 1",
    );
    assert_eq!(seen.stdout, "3\nAna\n");
}

#[test]
fn what_does_not_come_back_is_said_with_an_exit_code() {
    let house = rich("clash");
    lose(&house, "DELETE FROM p WHERE id = 2; DROP INDEX loose_t");
    let others = sqlite(
        &house,
        "INSERT INTO p VALUES (8, 'Bo', 0); CREATE TABLE loose_t(n)",
    );
    assert_eq!(others.code, Some(0), "{others:?}");
    let undone = house.backstop(&["undo"]);
    assert_eq!(undone.code, Some(1), "{undone:?}");
    for part in [
        "not brought back: 1 row of `p`",
        "not brought back: the index `loose_t`",
    ] {
        assert!(
            undone.stdout.contains(part),
            "{part} is missing in {undone:?}"
        );
    }
    assert!(!undone.stdout.contains("nothing was done"), "{undone:?}");
}

#[test]
fn what_was_moved_over_something_goes_back_to_where_it_lay() {
    for (at, command) in ["mv data/a data/b", "cd data && mv -f a b"]
        .iter()
        .enumerate()
    {
        let house = House::new(&format!("moved-{at}"));
        let data = house.project().join("data");
        std::fs::write(data.join("a"), "was a").unwrap();
        std::fs::write(data.join("b"), "was b").unwrap();
        let answer = house.bash(command);
        if answer.code == Some(2) {
            let held = house.held(command);
            house.approve(&held.id);
            house.passes_and_runs(&held);
        } else {
            answer.must_pass();
            assert_eq!(house.run_for_real(command).code, Some(0));
            house.tell_ran(command);
        }
        let undone = house.backstop(&["undo"]);
        assert_eq!(undone.code, Some(0), "{undone:?}");
        let text = |name: &str| std::fs::read_to_string(data.join(name)).unwrap_or_default();
        assert_eq!(
            (text("a").as_str(), text("b").as_str()),
            ("was a", "was b"),
            "{undone:?}"
        );
    }
}

#[test]
fn a_name_of_a_file_outside_of_the_tree_is_said_to_be_cut() {
    let house = House::new("linked");
    let data = house.project().join("data");
    std::fs::write(data.join("one"), "x").unwrap();
    std::fs::hard_link(data.join("one"), data.join("two")).unwrap();
    std::fs::write(house.project().join("outside"), "y").unwrap();
    std::fs::hard_link(house.project().join("outside"), data.join("inside")).unwrap();
    let held = house.held("rm -rf data");
    house.approve(&held.id);
    house.passes_and_runs(&held);
    let undone = house.backstop(&["undo"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert!(
        undone
            .stdout
            .contains("`data/inside` has other names outside"),
        "{undone:?}"
    );
    assert!(!undone.stdout.contains("data/one"), "{undone:?}");
}

#[test]
fn a_virtual_table_of_a_module_that_is_not_here_is_said_to_be_missing() {
    let house = rich("module");
    let made = sqlite(&house, "CREATE VIRTUAL TABLE packed USING zipfile('x.zip')");
    assert_eq!(made.code, Some(0), "{made:?}");
    lose(&house, "DROP TABLE packed; DELETE FROM loose");
    let undone = house.backstop(&["undo"]);
    assert_eq!(undone.code, Some(1), "{undone:?}");
    for part in [
        "not brought back: the virtual table `packed`",
        "backstop restore ",
        "insert 3 missing rows into `loose`",
    ] {
        assert!(
            undone.stdout.contains(part),
            "{part} is missing in {undone:?}"
        );
    }
}
