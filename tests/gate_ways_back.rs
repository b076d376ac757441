//! Ways back and ways out that a person is told of: each of them works, and says what it does.
//! Rejected calls, lost and damaged state, losers of a race, names that a call gives anew.
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

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use house::House;
use postgres::cluster;

const LOSS: &str = "rm -rf data";

fn sqlite(house: &House, sql: &str) {
    let done = Command::new("sqlite3")
        .args(["-batch", "-bail", "app.db", sql])
        .current_dir(house.project())
        .status()
        .expect("sqlite3 is installed");
    assert!(done.success());
}

#[test]
fn a_rejected_call_says_who_said_no_and_what_opens_it_again() {
    let house = House::new("back-reject");
    let held = house.held(LOSS);
    let done = house.backstop(&[
        "reject",
        &held.id,
        "--reason",
        "the photos are still needed",
    ]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let again = house.bash(LOSS);
    again.must_block();
    for part in [
        "rejected it at",
        "the photos are still needed",
        &format!("backstop revoke {}", held.id),
    ] {
        assert!(
            again.stderr.contains(part),
            "{part} is missing in {again:?}"
        );
    }
    for part in ["approvals missing", "backstop approve", "backstop wait"] {
        assert!(!again.stderr.contains(part), "{part} stands in {again:?}");
    }
    assert_eq!(house.backstop(&["revoke", &held.id]).code, Some(0));
    assert!(house.bash(LOSS).stderr.contains("2 of 2 approvals missing"));
}

#[test]
fn of_many_hooks_at_once_one_passes_and_the_others_say_why() {
    let house = House::new("back-race");
    let held = house.held(LOSS);
    house.approve(&held.id);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..6).map(|_| scope.spawn(|| house.bash(LOSS))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let (passed, held): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.code == Some(0));
    assert_eq!(passed.len(), 1, "{answers:?}");
    for loser in held {
        loser.must_block();
        assert!(!loser.stderr.contains("os error"), "{loser:?}");
    }
    house.is_sound(&[]);
}

#[test]
fn a_lost_index_is_made_again_from_the_ledger() {
    for name in ["requests", "fingerprints", "sessions", "all"] {
        let house = House::new(&format!("back-index-{name}"));
        let held = house.held(LOSS);
        house.approve(&held.id);
        for folder in ["requests", "fingerprints", "sessions"] {
            if name == folder || name == "all" {
                std::fs::remove_dir_all(house.state().join(folder)).unwrap();
            }
        }
        house.bash(LOSS).must_pass();
        house.bash(LOSS).must_block();
        assert_eq!(house.request(&held.id)["state"], "used", "{name}");
        house.is_sound(&[]);
    }
}

#[test]
fn a_damaged_ledger_has_the_way_back_that_is_documented() {
    let house = House::new("back-ledger");
    let held = house.held(LOSS);
    house.approve(&held.id);
    let place = house.state().join("ledger.jsonl");
    let text = house.ledger();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&place, format!("{}\n", lines[..lines.len() - 1].join("\n"))).unwrap();
    house.bash(LOSS).must_block();
    let doctor = house.backstop(&["doctor"]);
    assert_eq!(doctor.code, Some(1));
    let mend = doctor
        .stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("mend: mv "))
        .unwrap_or_else(|| panic!("{doctor:?}"));
    let words: Vec<&str> = mend.split(" && ").collect();
    let moved = house.run_for_real(&format!("mv {}", words[0]));
    assert_eq!(moved.code, Some(0), "{moved:?}");
    let install = words[1].strip_prefix("backstop ").unwrap();
    let install: Vec<&str> = install
        .split(' ')
        .map(|word| word.trim_matches('\''))
        .collect();
    let mended = house.backstop(&[install.as_slice(), &["--yes"]].concat());
    assert_eq!(mended.code, Some(0), "{mended:?}");
    assert!(
        mended.stdout.contains("A new ledger has begun"),
        "{mended:?}"
    );
    // The approvals are gone with the record, and everything works again.
    house.lose(LOSS);
    house.is_sound(&[]);
    assert_eq!(house.backstop(&["ledger", "verify"]).code, Some(0));
}

#[test]
fn doctor_says_why_the_state_cannot_be_used() {
    let house = House::new("back-doctor");
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(house.state(), open).unwrap();
    let doctor = house.backstop(&["doctor"]);
    for part in ["other accounts can write", "mend: chmod go-w"] {
        assert!(
            doctor.stdout.contains(part),
            "{part} is missing in {doctor:?}"
        );
    }
}

#[test]
fn a_hold_without_state_knows_the_backup_that_is_there() {
    let house = House::new("back-stateless");
    house.held(LOSS);
    std::fs::write(house.state().join("head"), "nonsense").unwrap();
    let answer = house.bash(LOSS);
    answer.must_block();
    assert!(
        answer.stderr.contains("nothing can be recorded")
            && !answer.stderr.contains("no verified backup"),
        "{answer:?}"
    );
}

#[test]
fn what_a_call_renames_first_is_no_new_thing() {
    let house = House::new("back-rename");
    sqlite(
        &house,
        "CREATE TABLE users(n); INSERT INTO users VALUES (1); CREATE TABLE empty(n);",
    );
    for loss in [
        "sqlite3 app.db 'ALTER TABLE users RENAME TO u2; DROP TABLE u2'",
        "sqlite3 app.db 'ALTER TABLE users RENAME TO u2' && sqlite3 app.db 'DROP TABLE u2'",
        "sqlite3 app.db 'ALTER TABLE empty RENAME TO e2; ALTER TABLE users RENAME TO empty; DROP TABLE empty'",
        "sqlite3 app.db \"DROP TABLE $(cat name)\"",
    ] {
        let held = house.held(loss);
        assert_eq!(
            house.request(&held.id)["backup"]["state"],
            "ready",
            "{loss}"
        );
    }
    for harmless in [
        "sqlite3 app.db 'ALTER TABLE users RENAME COLUMN n TO m; DROP TABLE IF EXISTS nobody'",
        "sqlite3 app.db 'DROP TABLE empty'",
    ] {
        house.bash(harmless).must_pass();
    }
}

#[test]
fn what_an_update_does_not_touch_is_not_listed() {
    let house = House::new("back-cascade");
    sqlite(
        &house,
        "CREATE TABLE users(id INTEGER PRIMARY KEY, n); INSERT INTO users(n) VALUES (1), (2), (3);
         CREATE TABLE orders(id INTEGER PRIMARY KEY, user REFERENCES users(id) ON DELETE CASCADE ON UPDATE CASCADE);
         INSERT INTO orders(user) VALUES (1), (2), (2), (3);
         CREATE TRIGGER tr AFTER DELETE ON users BEGIN SELECT 1; END;",
    );
    for (loss, has, lacks) in [
        ("UPDATE users SET n = 1", "3 rows", "orders"),
        (
            "UPDATE users SET id = id + 1",
            "`orders`: may change",
            "cascades",
        ),
        (
            "DELETE FROM users WHERE id = 1",
            "1 row of `orders`: cascades",
            "4 rows",
        ),
        (
            "DELETE FROM users WHERE id < 3",
            "3 rows of `orders`: cascades",
            "4 rows",
        ),
        ("ALTER TABLE users DROP COLUMN n", "3 rows", "orders"),
        ("ALTER TABLE users DROP COLUMN n", "3 rows", "fires"),
    ] {
        let held = house.bash(&format!("sqlite3 app.db 'PRAGMA user_version; {loss}'"));
        held.must_block();
        let shown = house.request(&held.request())["findings"].to_string();
        assert!(
            shown.contains(has) && !shown.contains(lacks),
            "{loss}: {shown}"
        );
    }
}

#[test]
fn postgres_counts_what_really_goes_along() {
    let Some(cluster) = cluster() else { return };
    let base = cluster.database("counts");
    cluster.sql(
        &base,
        "CREATE TABLE customers(id int PRIMARY KEY, n int); INSERT INTO customers SELECT g, 0 FROM generate_series(1, 1000) g;
         CREATE TABLE orders(id int, customer int REFERENCES customers ON DELETE CASCADE ON UPDATE CASCADE) WITH (autovacuum_enabled = off);
         INSERT INTO orders SELECT g, 1 + g % 1000 FROM generate_series(1, 3000) g;
         CREATE SCHEMA attic; CREATE TABLE attic.hidden(n int); INSERT INTO attic.hidden VALUES (1);",
    );
    let house = House::new("back-counts");
    let psql = |sql: &str| {
        format!(
            "psql -X -h {} -p {} -U postgres -d {base} -c '{sql}'",
            cluster.folder.display(),
            cluster.port
        )
    };
    for (loss, has, lacks) in [
        (
            "TRUNCATE customers CASCADE",
            "3,000 rows of `public.orders`: cascades",
            "4,000 rows",
        ),
        ("TRUNCATE customers CASCADE", "1,000 rows", "about 0"),
        ("UPDATE customers SET n = 1", "1,000 rows", "orders"),
        (
            "UPDATE customers SET id = id + 5000",
            "`public.orders` may change",
            "cascades",
        ),
        (
            "DELETE FROM customers WHERE id = 1",
            "3 rows of `public.orders`: cascades",
            "3,000",
        ),
        (
            "DROP TABLE customers CASCADE",
            "foreign-key",
            "RI_Constraint",
        ),
    ] {
        let held = house.bash(&psql(loss));
        held.must_block();
        let shown = house.request(&held.request())["findings"].to_string();
        assert!(
            shown.contains(has) && !shown.contains(lacks),
            "{loss}: {shown}"
        );
    }
    // Bare names under another search path, and moved tables, are not proven to be absent.
    for loss in [
        "SET search_path = attic; DROP TABLE hidden",
        "ALTER TABLE customers RENAME TO c2; DROP TABLE c2 CASCADE",
        "ALTER TABLE customers SET SCHEMA attic; DROP TABLE attic.customers CASCADE",
        "ALTER SCHEMA attic RENAME TO cellar; DROP SCHEMA cellar CASCADE",
    ] {
        house.held(&psql(loss));
    }
    house
        .bash(&psql(
            "SET search_path = attic; DROP TABLE IF EXISTS public.nobody",
        ))
        .must_pass();
    // The words name the server, and its own list has no such database.
    let nowhere = psql("DROP TABLE customers").replace(&base, "no_such_database");
    house.bash(&nowhere).must_pass();
    // Without them the shell may reach another server than the hook does: that proves nothing, but it is said.
    let mut house = house;
    house.more = vec![("PGHOST".to_owned(), cluster.folder.display().to_string())];
    let held = house.settled(&format!(
        "psql -X -p {} -U postgres -d no_such_database -c 'DROP TABLE customers'",
        cluster.port
    ));
    held.must_block();
    assert!(
        held.stderr
            .contains("database \"no_such_database\" does not exist"),
        "{held:?}"
    );
}

#[test]
fn an_implicit_server_is_named_and_labelled() {
    let Some(cluster) = cluster() else { return };
    let base = cluster.database("implicit");
    cluster.sql(&base, "CREATE TABLE t(n int); INSERT INTO t VALUES (1)");
    let mut house = House::new("back-implicit");
    house.more = vec![
        ("PGHOST".to_owned(), cluster.folder.display().to_string()),
        ("PGPORT".to_owned(), cluster.port.to_string()),
        ("PGUSER".to_owned(), "postgres".to_owned()),
        ("PGDATABASE".to_owned(), base.clone()),
    ];
    let held = house.bash("psql -X -c 'DROP TABLE t'");
    held.must_block();
    assert!(
        held.stderr.contains("implicit: ") && held.stderr.contains(&base),
        "{held:?}"
    );
}

#[test]
fn a_server_elsewhere_is_said_not_to_be_contacted() {
    let house = House::new("back-elsewhere");
    let held = house.bash("psql -h db.example.test -d shop -c 'DROP TABLE users'");
    held.must_block();
    assert!(
        held.stderr.contains("on another host")
            && held.stderr.contains("the first approval starts the backup"),
        "{held:?}"
    );
}
