//! SQLite through the gate, end to end: held, backed up, approved twice at a terminal, lost for real, undone.
//! The losses are made by the real `sqlite3`; what it says before and after is compared.
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

use std::time::{Duration, Instant};

use house::House;
use serde_json::json;

const SHOP: &str = "
    PRAGMA user_version = 7;
    CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE, photo BLOB, score REAL);
    CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id) ON DELETE CASCADE, total NUMERIC CHECK (total >= 0));
    CREATE TABLE plain(a, b DEFAULT 'x');
    CREATE TABLE strict_one(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;
    CREATE TABLE \"odd \"\"name\"\"\"(\"a b\" TEXT, c INTEGER GENERATED ALWAYS AS (length(\"a b\")) STORED);
    CREATE INDEX by_name ON users(name) WHERE score > 0;
    CREATE UNIQUE INDEX by_total ON orders(user_id, total DESC);
    CREATE VIEW rich AS SELECT users.name, sum(total) AS sum FROM users JOIN orders ON orders.user_id = users.id GROUP BY users.id;
    CREATE TRIGGER noted AFTER INSERT ON orders BEGIN UPDATE users SET score = coalesce(score, 0) + 1 WHERE id = new.user_id; END;
    INSERT INTO users(name, photo, score) VALUES ('Anna', x'00ff10', 1.5), ('Björn', NULL, -0.0), ('数据', zeroblob(2000), 1e300);
    INSERT INTO orders VALUES (1, 1, 10), (2, 1, 20.25), (3, 3, 30);
    INSERT INTO plain(rowid, a) VALUES (5, 'five'), (900, NULL);
    INSERT INTO strict_one VALUES ('k', 1), ('l', 'text');
    INSERT INTO \"odd \"\"name\"\"\"(\"a b\") VALUES ('it''s');
";

/// A house with a shop in it.
fn shop(name: &str) -> House {
    let house = House::new(name);
    sqlite(&house, SHOP);
    house
}

fn sqlite(house: &House, sql: &str) -> String {
    let mut child = std::process::Command::new("sqlite3")
        .args(["-batch", "-bail", "app.db"])
        .current_dir(house.project())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("sqlite3 is installed");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), sql.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Everything that the database says about itself, row ids included.
fn dump(house: &House) -> String {
    let more = "PRAGMA integrity_check; PRAGMA foreign_key_check; PRAGMA user_version; SELECT rowid, * FROM plain ORDER BY 1; SELECT * FROM rich;";
    let all = sqlite(house, &format!(".dump\n{more}"));
    // The order in which a schema lists its objects is nobody's data.
    let mut lines: Vec<&str> = all.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn a_dropped_table_comes_back_with_all_that_hung_on_it() {
    let house = shop("drop");
    let before = dump(&house);
    let held = house.held("sqlite3 app.db \"DROP TABLE users\"");
    for part in [
        "drops table users",
        "sql.drop-table",
        "3 rows",
        "of `orders`",
        "view `rich` breaks",
        "backup: guard-backup-",
        "(verified",
        "backstop wait",
    ] {
        assert!(
            held.reason.contains(part),
            "{part} is missing in {}",
            held.reason
        );
    }
    let seen = house.approved(&held);
    for part in [
        "DROP TABLE users",
        "3 rows",
        "rich",
        "verified to `readable`",
        "restores: ",
    ] {
        assert!(seen.contains(part), "{part} is missing in {seen}");
    }
    house.passes_and_runs(&held);
    house.bash(&held.command).must_pass(); // What is gone cannot be lost.
    house.undo(&held.id);
    assert_eq!(dump(&house), before);
    house.bash(&held.command).must_block();
    house.is_sound(&[]);
}

#[test]
fn an_approval_binds_to_the_sql_that_a_file_held() {
    for command in [
        "sqlite3 app.db < b.sql",
        "cat b.sql | sqlite3 app.db",
        "sqlite3 app.db '.read b.sql'",
        "sqlite3 -init b.sql app.db 'SELECT 1'",
    ] {
        let house = shop("file");
        let file = house.project().join("b.sql");
        std::fs::write(
            &file,
            "DELETE FROM users WHERE id = 1;\nDELETE FROM users WHERE id > 1;\nDELETE FROM users;",
        )
        .unwrap();
        let held = house.held(command);
        let _ = house.approved(&held);
        std::fs::write(&file, "DELETE FROM users;").unwrap();
        let other = house.bash(command);
        other.must_block();
        assert_ne!(other.request(), held.id, "{command}: {}", other.stderr);
        std::fs::write(
            &file,
            "DELETE FROM users WHERE id = 1;\nDELETE FROM users WHERE id > 1;\nDELETE FROM users;",
        )
        .unwrap();
        house.bash(command).must_pass();
    }
}

#[test]
fn a_database_whose_name_is_no_text_is_held_and_comes_back() {
    use std::os::unix::ffi::OsStrExt as _;
    let house = shop("bytes");
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.db");
    std::fs::rename(house.project().join("app.db"), house.project().join(name)).unwrap();
    let held = house.lose(r"sqlite3 $'caf\xe9.db' 'DROP TABLE users'");
    assert!(held.reason.contains(r"caf\xe9.db"), "{}", held.reason);
    house.undo(&held.id);
    std::fs::rename(house.project().join(name), house.project().join("app.db")).unwrap();
    assert!(dump(&house).contains("users"), "{}", dump(&house));
    house.is_sound(&[]);
}

#[test]
fn every_kind_of_loss_comes_back() {
    let losses = [
        "sqlite3 app.db 'DELETE FROM users'",
        "sqlite3 app.db 'DELETE FROM users WHERE id < 3'",
        "sqlite3 app.db 'PRAGMA foreign_keys=ON; DELETE FROM users WHERE id = 1'",
        "sqlite3 app.db 'PRAGMA foreign_keys=ON; DELETE FROM users'",
        "sqlite3 app.db 'DELETE FROM plain; DELETE FROM strict_one; DROP TABLE \"odd \"\"name\"\"\"'",
        "sqlite3 app.db 'DROP VIEW rich; DROP TABLE orders; DROP TABLE users'",
        "sqlite3 app.db 'ALTER TABLE users DROP COLUMN photo'",
        "sqlite3 app.db <<'SQL'\nBEGIN;\nDELETE FROM orders\n  WHERE total > 15;\nCOMMIT;\nSQL",
        "echo 'DROP TABLE strict_one;' | sqlite3 app.db",
        "rm app.db",
        "rm -f ./app.db*",
        ": > app.db",
    ];
    for command in losses {
        let house = shop("losses");
        let before = dump(&house);
        let held = house.lose(command);
        house.undo(&held.id);
        assert_eq!(dump(&house), before, "{command}");
    }
}

#[test]
fn a_database_that_is_moved_to_a_place_that_does_not_last_is_held_as_if_it_were_removed() {
    let house = shop("moved");
    let before = dump(&house);
    let held = house.held("mv app.db /tmp/");
    house.approved(&held);
    house.bash("mv app.db /tmp/").must_pass();
    std::fs::remove_file(house.project().join("app.db")).unwrap();
    house.undo(&held.id);
    assert_eq!(dump(&house), before);
}

#[test]
fn an_undo_leaves_alone_what_was_written_meanwhile() {
    let house = shop("meanwhile");
    let held = house.lose("sqlite3 app.db 'DELETE FROM users WHERE id = 1'");
    sqlite(
        &house,
        "INSERT INTO users(name) VALUES ('later'); INSERT INTO plain VALUES ('later', 1); UPDATE users SET name = 'renamed' WHERE id = 2;",
    );
    house.undo(&held.id);
    let names = sqlite(
        &house,
        "SELECT id, name FROM users ORDER BY id; SELECT count(*) FROM plain;",
    );
    assert_eq!(names, "1|Anna\n2|renamed\n3|数据\n4|later\n3\n");
}

#[test]
fn an_undo_uses_what_the_use_relied_on_and_no_newer_backup() {
    let house = shop("which");
    let before = sqlite(&house, "SELECT * FROM orders ORDER BY id;");
    let first = house.lose("sqlite3 app.db 'DELETE FROM orders'");
    sqlite(&house, "INSERT INTO orders VALUES (99, 2, 1);");
    let second = house.held("sqlite3 app.db 'DELETE FROM orders'");
    assert_ne!(first.id, second.id);
    house.undo(&first.id);
    assert_eq!(
        sqlite(&house, "SELECT * FROM orders ORDER BY id;"),
        format!("{before}99|2|1\n")
    );
}

#[test]
fn a_backup_that_another_request_made_serves_and_its_undo_finds_it() {
    let house = shop("shared");
    let before = dump(&house);
    let one = house.held("sqlite3 app.db 'DROP TABLE plain'");
    let other = house.held("sqlite3 app.db 'DELETE FROM strict_one'");
    assert_ne!(one.id, other.id);
    house.approved(&other);
    house.passes_and_runs(&other);
    house.undo(&other.id);
    assert_eq!(dump(&house), before);
}

#[test]
fn rows_written_after_the_backup_are_in_the_one_that_the_use_relies_on() {
    let house = shop("drift");
    let held = house.held("sqlite3 app.db 'DELETE FROM orders'");
    house.approved(&held);
    sqlite(&house, "INSERT INTO orders VALUES (77, 2, 7);");
    let before = dump(&house);
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = house.bash(&held.command);
        if answer.code == Some(0) {
            break;
        }
        answer.must_block();
        assert!(!answer.stderr.contains("approvals missing"), "{answer:?}");
        assert!(Instant::now() < until, "{answer:?}");
    }
    house.run_for_real(&held.command);
    house.undo(&held.id);
    assert_eq!(dump(&house), before);
}

#[test]
fn a_database_that_the_call_itself_puts_under_a_free_name_is_no_absent_one() {
    let house = shop("moved-first");
    for command in [
        "mv app.db n.db && sqlite3 n.db 'DROP TABLE users'",
        "mkdir d && mv app.db d/ && sqlite3 d/app.db 'DELETE FROM users'",
        "ln -s app.db l.db; sqlite3 l.db 'DROP TABLE users'",
    ] {
        let answer = house.bash(command);
        answer.must_block();
        assert!(answer.stderr.starts_with("backstop: held: "), "{answer:?}");
    }
    house
        .bash("cp app.db n.db && sqlite3 n.db 'DROP TABLE users'")
        .must_pass();
}

#[test]
fn another_file_in_the_place_of_the_approved_one_is_not_covered() {
    let house = shop("swapped");
    let held = house.held("sqlite3 app.db 'DROP TABLE orders'");
    house.approved(&held);
    let file = house.project().join("app.db");
    std::fs::rename(&file, house.project().join("aside.db")).unwrap();
    sqlite(
        &house,
        "CREATE TABLE orders(id, secret); INSERT INTO orders VALUES (1, 'never seen');",
    );
    let answer = house.bash(&held.command);
    if answer.code == Some(0) {
        house.run_for_real(&held.command);
        house.undo(&held.id);
        assert_eq!(sqlite(&house, "SELECT * FROM orders;"), "1|never seen\n");
    } else {
        answer.must_block();
    }
}

#[test]
fn a_lease_lets_a_scratch_database_go_with_its_backup_and_ends_when_revoked() {
    let house = shop("lease");
    let file = house.project().join("app.db");
    let path = file.to_str().unwrap();
    let before = dump(&house);
    let mut held = house.held("sqlite3 app.db 'DROP TABLE orders'");
    let second = house.bash("sqlite3 app.db 'DROP TABLE users'");
    assert!(second.stderr.contains("backstop lease"), "{second:?}");
    let mut terminal = house.terminal(&[
        "lease",
        path,
        "--for",
        "1h",
        "--reason",
        "rebuilt forty times a day",
    ]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal.wait_for("type app.db: ").type_line("app.db");
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    house.passes_and_runs(&held);
    house.undo(&held.id);
    assert_eq!(dump(&house), before);
    held.command = "sqlite3 app.db 'DELETE FROM users'".to_owned();
    let until = Instant::now() + Duration::from_secs(60);
    while house.bash(&held.command).code != Some(0) {
        assert!(
            Instant::now() < until,
            "a leased call passes with its backup"
        );
    }
    house.run_for_real(&held.command);
    let last = house.records("used").pop().unwrap();
    assert_eq!(last["body"]["facts"]["leased"], json!(true));
    assert!(
        !last["body"]["backups"].as_array().unwrap().is_empty(),
        "{last}"
    );
    house.undo(last["body"]["id"].as_str().unwrap());
    assert_eq!(dump(&house), before);
    // Another target, and this one together with another, are not leased.
    house.bash("rm -rf data").must_block();
    house
        .bash("sqlite3 app.db 'DROP TABLE orders'; rm -rf data")
        .must_block();
    let leases = house.backstop(&["lease", "list", "--format", "json"]);
    let leases: serde_json::Value = serde_json::from_str(&leases.stdout).unwrap();
    let id = leases["leases"][0]["id"].as_str().unwrap();
    assert_eq!(house.terminal(&["revoke", id]).end().0, 0);
    house.bash("sqlite3 app.db 'DROP TABLE users'").must_block();
    house.is_sound(&[]);
}

#[test]
fn the_relaxed_profile_snapshots_a_bounded_delete_and_holds_the_rest() {
    let house = shop("relaxed");
    house.policy("profile = \"relaxed\"\n");
    let before = dump(&house);
    house
        .bash("sqlite3 app.db 'DELETE FROM orders WHERE id = 2'")
        .must_pass();
    let snapshot = house.records("snapshot").pop().unwrap();
    house.run_for_real("sqlite3 app.db 'DELETE FROM orders WHERE id = 2'");
    house.undo(snapshot["body"]["backups"][0].as_str().unwrap());
    assert_eq!(dump(&house), before);
    for command in [
        "sqlite3 app.db 'DELETE FROM orders'",
        "sqlite3 app.db 'DROP TABLE orders'",
        "sqlite3 app.db 'DELETE FROM orders WHERE 1'",
    ] {
        house.bash(command).must_block();
    }
}

#[test]
fn a_write_ahead_log_is_part_of_the_database() {
    let house = shop("wal");
    let keeper = rusqlite::Connection::open(house.project().join("app.db")).unwrap();
    keeper.pragma_update(None, "journal_mode", "wal").unwrap();
    keeper
        .execute_batch(
            "INSERT INTO plain VALUES ('only in the log', 1); PRAGMA wal_autocheckpoint = 0;",
        )
        .unwrap();
    let before = dump(&house);
    let held = house.held("sqlite3 app.db 'DELETE FROM plain'");
    house.approved(&held);
    house.passes_and_runs(&held);
    house.undo(&held.id);
    assert_eq!(dump(&house), before);
    drop(keeper);
}

#[test]
fn reads_new_objects_and_empty_ones_are_nobodys_loss() {
    let house = shop("reads");
    sqlite(&house, "CREATE TABLE nothing_in_it(a);");
    let before = house.ledger();
    for command in [
        "sqlite3 app.db 'SELECT * FROM users'",
        "sqlite3 app.db .schema",
        "sqlite3 app.db \"INSERT INTO plain VALUES ('DROP TABLE users', 1)\"",
        "sqlite3 app.db 'DROP TABLE IF EXISTS not_there'",
        "sqlite3 app.db 'DROP TABLE nothing_in_it'",
        "sqlite3 app.db 'DELETE FROM users WHERE id = 12345'",
        "sqlite3 :memory: 'CREATE TABLE t(a); DROP TABLE t'",
        "sqlite3 not-there.db 'DROP TABLE users'",
    ] {
        house.bash(command).must_pass();
    }
    assert_eq!(house.ledger(), before);
}

#[test]
fn a_broken_database_or_a_full_disk_is_held_with_a_sentence() {
    let house = shop("broken");
    let held = house.bash(&format!(
        "sqlite3 {} 'DROP TABLE users'",
        house.home.join("shop.db").display()
    ));
    held.must_block();
    house.policy("[backup]\nfree_bytes = \"1000000 GB\"\n");
    let full = house.bash("sqlite3 app.db 'DROP TABLE users'");
    full.must_block();
    assert!(full.stderr.contains("no verified backup"), "{full:?}");
    house.policy("[backup]\nmax_bytes = \"1 kB\"\n");
    let large = house.bash("sqlite3 app.db 'DROP TABLE orders'");
    large.must_block();
    assert!(large.stderr.contains("no verified backup"), "{large:?}");
}

/// A page of the table is no page any more: the backup is tried and fails.
fn damaged(name: &str) -> House {
    let house = House::new(name);
    let place = house.project().join("app.db");
    sqlite(
        &house,
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);
         WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000) INSERT INTO users SELECT x, hex(randomblob(50)) FROM c;",
    );
    let mut bytes = std::fs::read(&place).unwrap();
    bytes[20 * 4096..21 * 4096].fill(0xa5);
    std::fs::write(&place, bytes).unwrap();
    house
}

const LOSS: &str = r#"sqlite3 app.db "DROP TABLE users""#;

#[test]
fn without_the_owners_word_a_failed_backup_holds_whatever_is_approved() {
    let house = damaged("failed");
    let answer = house.settled(LOSS);
    assert!(answer.stderr.contains("the last try failed"), "{answer:?}");
    let seen = house.approve_in_a_terminal(&answer.request());
    assert!(!seen.contains("type no backup"), "{seen}");
    assert!(seen.contains("but the call stays held until"), "{seen}");
    house.bash(LOSS).must_block();
}

#[test]
fn where_the_owner_said_impossible_the_second_approval_waives_a_backup_that_failed() {
    let house = damaged("impossible");
    house.policy("[approvals]\nwaiver = \"impossible\"\n");
    let id = house.settled(LOSS).request();
    let mut terminal = house.terminal(&["approve", &id]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal.wait_for("type users: ").type_line("users");
    terminal.wait_for("could be made: ");
    terminal.wait_for("type no backup: ").type_line("no backup");
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    house.bash(LOSS).must_pass();
    house.bash(LOSS).must_block();
    let approved = house.records("approved");
    let waived = &approved.last().unwrap()["body"]["approval"]["waived"];
    assert_eq!(waived.as_array().unwrap().len(), 1, "{waived}");
    // The policy is read when the call comes again: without the owner's word the waiver is none.
    house.policy("[approvals]\nwaiver = \"no-driver\"\n");
    let id = house.settled(LOSS).request();
    house.approve_in_a_terminal(&id);
    house.bash(LOSS).must_block();
}
