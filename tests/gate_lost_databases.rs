//! SQLite files that are lost as files: removed, moved away, written over, alone or in a folder, with a write-ahead log that holds the newest rows.
//! What comes back is checked by SQLite, not by name.
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

use std::path::Path;

use house::House;
use rusqlite::Connection;
use serde_json::Value;

/// Makes a database whose last rows stand only in its write-ahead log; whoever holds the connection keeps them there.
fn database(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;
             CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);
             INSERT INTO users VALUES (1, 'ana'), (2, 'bo');
             PRAGMA wal_checkpoint(TRUNCATE);
             INSERT INTO users VALUES (3, 'only in the log');",
        )
        .unwrap();
    assert!(std::fs::metadata(wal(path)).unwrap().len() > 0);
    connection
}

fn wal(path: &Path) -> std::path::PathBuf {
    std::path::PathBuf::from(format!("{}-wal", path.display()))
}

/// Leaves the log behind as a crash does: the file and its neighbours are copied while they are open.
fn crashed(path: &Path) {
    let live = path.with_extension("live");
    let connection = database(&live);
    std::fs::copy(&live, path).unwrap();
    std::fs::copy(wal(&live), wal(path)).unwrap();
    drop(connection);
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", live.display()));
    }
}

#[track_caller]
fn has_all_rows(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let rows: i64 = connection
        .query_row("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 3, "{}", path.display());
    let checked: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(checked, "ok");
}

fn check(house: &House, command: &str) -> Value {
    let answer = house.backstop(&[
        "check",
        "--format",
        "json",
        "--cwd",
        house.project().to_str().unwrap(),
        command,
    ]);
    serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{answer:?}"))
}

#[test]
fn a_database_that_is_removed_moved_away_or_written_over_comes_back_with_its_log() {
    for command in [
        "rm app.store",
        "rm -f app.store app.store-wal app.store-shm",
        "mv app.store /tmp/backstop-moved-away",
        "> app.store",
        "cp other.txt app.store",
        "cp other.store app.store",
        "cat other.txt > app.store",
        "truncate -s 0 app.store",
    ] {
        let house = House::new("lostdb");
        let app = house.project().join("app.store");
        crashed(&app);
        std::fs::write(
            house.project().join("other.txt"),
            "no database\n".repeat(200),
        )
        .unwrap();
        let other = house.project().join("other.store");
        Connection::open(&other)
            .unwrap()
            .execute_batch("CREATE TABLE strangers(id); CREATE TABLE users(other)")
            .unwrap();
        let judged = check(&house, command);
        assert_eq!(judged["verdict"], "hold", "{command}: {judged}");
        assert_eq!(
            judged["findings"][0]["severity"], "high",
            "{command}: {judged}"
        );
        let held = house.lose(command);
        let manifest = house.backstop(&["backup", "list", "--format", "json"]);
        assert!(
            manifest.stdout.contains("databases/db-app.store"),
            "{command}: {manifest:?}"
        );
        house.undo(&held.id);
        has_all_rows(&app);
        let strangers = Connection::open(&app)
            .unwrap()
            .query_row(
                "SELECT count(*) FROM sqlite_master WHERE name = 'strangers'",
                [],
                |row| row.get::<_, i64>(0),
            )
            .unwrap();
        assert_eq!(
            strangers, 0,
            "{command}: what was written over it is gone again"
        );
        house.is_sound(&[]);
    }
    let _ = std::fs::remove_file("/tmp/backstop-moved-away");
}

#[test]
fn a_folder_with_databases_is_copied_by_sqlite_and_comes_back_whole() {
    let house = House::new("folderdb");
    let crash = house.data().join("inner/crashed.bin");
    crashed(&crash);
    let live = house.data().join("live.db");
    let connection = database(&live);
    std::fs::write(house.data().join("fake.db"), "not a database at all").unwrap();
    let held = house.held("rm -rf data");
    let list = house.backstop(&["backup", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let id = list["backups"][0]["id"].as_str().unwrap().to_owned();
    let restored = house.backstop(&["backup", "verify", &id, "--level", "restored"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    house.approved(&held);
    house.passes_and_runs(&held);
    drop(connection);
    assert!(!house.data().exists());
    house.undo(&held.id);
    has_all_rows(&crash);
    has_all_rows(&live);
    assert_eq!(
        std::fs::read_to_string(house.data().join("fake.db")).unwrap(),
        "not a database at all"
    );
    house.is_sound(&[]);
}

#[test]
fn a_database_that_comes_back_into_a_living_folder_is_not_spoiled_by_the_log_of_another() {
    let house = House::new("stalelog");
    let app = house.data().join("app.db");
    crashed(&app);
    let held = house.lose("rm -rf data");
    // Another database of the same name, with a log of its own, stands there by now.
    std::fs::create_dir_all(house.data()).unwrap();
    let stranger = house.data().join("stranger.db");
    let connection = Connection::open(&stranger).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; CREATE TABLE users(id, name, more);
             INSERT INTO users VALUES (9, 'x', 'y')",
        )
        .unwrap();
    std::fs::copy(&stranger, &app).unwrap();
    std::fs::copy(wal(&stranger), wal(&app)).unwrap();
    drop(connection);
    house.undo(&held.id);
    has_all_rows(&app);
}

#[test]
fn rows_that_only_the_log_got_since_the_backup_are_a_change_at_use() {
    let house = House::new("walmarks");
    let app = house.project().join("app.db");
    let connection = database(&app);
    let held = house.held("rm app.db app.db-wal app.db-shm");
    let newest = |house: &House| {
        let list = house.backstop(&["backup", "list", "--format", "json"]);
        let list: Value = serde_json::from_str(&list.stdout).unwrap();
        list["backups"].as_array().unwrap().len()
    };
    let before = newest(&house);
    connection
        .execute_batch("INSERT INTO users VALUES (4, 'after the backup')")
        .unwrap();
    house.approved(&held);
    house.passes_and_runs(&held);
    drop(connection);
    assert!(newest(&house) > before);
    house.undo(&held.id);
    let rows: i64 = Connection::open(&app)
        .unwrap()
        .query_row("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 4);
}
