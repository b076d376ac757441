//! Losses that an examiner got through or could not bring back: links of the call, encodings, roles, new names for old ones,
//! large objects, working folders, settings with a reader's own lines. Every loss is a real one.
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
use serde_json::json;

fn sqlite(house: &House, file: &str, sql: &str) -> String {
    let done = Command::new("sqlite3")
        .args(["-batch", "-bail", file, sql])
        .current_dir(house.project())
        .output()
        .expect("sqlite3 is installed");
    assert!(done.status.success(), "{sql}: {done:?}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

#[test]
fn a_database_behind_a_link_that_the_call_makes_is_backed_up_where_it_stands() {
    for command in [
        "ln -s app.db w.db && sqlite3 w.db 'DROP TABLE t'",
        "ln app.db w.db && sqlite3 w.db 'DELETE FROM t'",
        "mkdir sub && ln -s ../app.db sub/ && cd sub && sqlite3 app.db 'DROP TABLE t'",
        "ln -s $PWD here && sqlite3 here/app.db 'DROP TABLE t'",
        "ln -sf app.db taken.db && sqlite3 taken.db 'DROP TABLE t'",
    ] {
        let house = House::new("behind-link");
        sqlite(
            &house,
            "app.db",
            "CREATE TABLE t(a); INSERT INTO t VALUES (1),(2);",
        );
        let held = house.lose(command);
        assert!(held.reason.contains("2 rows"), "{command}: {}", held.reason);
        house.undo(&held.id);
        assert_eq!(
            sqlite(&house, "app.db", "SELECT a FROM t"),
            "1\n2",
            "{command}"
        );
        house.is_sound(&[]);
    }
}

#[test]
fn a_link_that_cannot_be_made_leaves_what_stands_there_to_be_lost() {
    let house = House::new("link-taken");
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(a); INSERT INTO t VALUES (1);",
    );
    sqlite(
        &house,
        "w.db",
        "CREATE TABLE t(a); INSERT INTO t VALUES (7);",
    );
    let held = house.lose("ln -s app.db w.db; sqlite3 w.db 'DELETE FROM t'");
    assert_eq!(sqlite(&house, "app.db", "SELECT a FROM t"), "1");
    house.undo(&held.id);
    assert_eq!(sqlite(&house, "w.db", "SELECT a FROM t"), "7");
}

#[test]
fn what_is_restored_by_hand_is_not_written_over_by_a_log_that_a_crash_left() {
    let house = House::new("by-hand-wal");
    sqlite(
        &house,
        "app.db",
        "PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES (1),(2);",
    );
    let held = house.held("sqlite3 app.db 'DROP TABLE t'");
    let recovery = house.request(&held.id)["backup"]["recovery"].clone();
    house.approved(&held);
    house.bash(&held.command).must_pass();
    // A program that dies after the loss leaves its log beside the file.
    let crash = "import os, sqlite3; c = sqlite3.connect('app.db'); c.execute('DROP TABLE t'); c.commit(); os._exit(9)";
    let done = Command::new("python3")
        .args(["-c", crash])
        .current_dir(house.project())
        .status()
        .unwrap();
    assert_eq!(done.code(), Some(9));
    assert!(house.project().join("app.db-wal").exists());
    for line in recovery.as_array().unwrap() {
        let ran = house.run_for_real(line.as_str().unwrap());
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
    assert_eq!(sqlite(&house, "app.db", "SELECT a FROM t"), "1\n2");
}

/// One loss in a database of its own; `picture` has to be the same after the undo.
fn back_again(name: &str, options: &str, setup: &str, lines: &[&str], picture: &str) {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    for (number, line) in lines.iter().enumerate() {
        let house = House::new(&format!("f7-{name}-{number}"));
        let database = format!("f7_{}_{number}", name.replace('-', "_"));
        cluster.sql(
            "postgres",
            &format!("CREATE DATABASE {database} TEMPLATE template0 {options}"),
        );
        cluster.sql(&database, setup);
        let before = cluster.sql(&database, picture);
        let reach = format!(
            "-h {} -p {} -U postgres",
            cluster.folder.display(),
            cluster.port
        );
        let command = line
            .replace("{C}", &format!("-X -v ON_ERROR_STOP=1 {reach}"))
            .replace("{D}", &database);
        let asked = house.bash(&command);
        let held = match asked.code {
            Some(0) => {
                assert!(!house.records("snapshot").is_empty(), "{command}");
                let ran = house.run_for_real(&command);
                assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
                house.tell_ran(&command);
                None
            }
            _ => Some(house.lose(&command)),
        };
        let words: Vec<&str> = match &held {
            Some(held) => vec!["undo", &held.id, "--yes"],
            None => vec!["undo", "--yes"],
        };
        let undone = house.backstop(&words);
        assert_eq!(undone.code, Some(0), "{command}: {undone:?}");
        assert_eq!(
            cluster.sql(&database, picture),
            before,
            "{command}: {undone:?}"
        );
        house.is_sound(&[]);
    }
}

#[test]
fn rows_and_tables_of_databases_in_other_encodings_come_back() {
    for (name, options) in [
        ("latin1", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"),
        ("ascii", "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"),
    ] {
        back_again(
            name,
            options,
            "CREATE TABLE l(id int PRIMARY KEY, a text); INSERT INTO l VALUES (1, E'caf\\351'), (2, 'b');",
            &[
                "psql {C} -d {D} -c 'DELETE FROM l WHERE id = 1'",
                "psql {C} -d {D} -c \"UPDATE l SET a = 'x'\"",
                "psql {C} -d {D} -c 'DROP TABLE l'",
            ],
            "SELECT id, a::bytea FROM l ORDER BY id",
        );
    }
    back_again(
        "latin1-names",
        "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
        "SET client_encoding = 'UTF8'; CREATE TABLE \"café\"(id int PRIMARY KEY, \"é\" text); INSERT INTO \"café\" VALUES (1, 'ü');",
        &[
            "PGCLIENTENCODING=UTF8 psql {C} -d {D} -c 'DROP TABLE \"café\"'",
            "PGCLIENTENCODING=UTF8 psql {C} -d {D} -c 'DELETE FROM \"café\"'",
        ],
        "SET client_encoding = 'UTF8'; SELECT * FROM \"café\"",
    );
}

#[test]
fn roles_that_the_call_dropped_come_back_before_what_they_owned() {
    back_again(
        "roles",
        "",
        "DROP ROLE IF EXISTS \"Ann 7\"; DROP ROLE IF EXISTS bob7; CREATE ROLE \"Ann 7\" LOGIN; CREATE ROLE bob7; GRANT bob7 TO \"Ann 7\"; \
         CREATE TABLE o(a int); INSERT INTO o VALUES (4); ALTER TABLE o OWNER TO \"Ann 7\";",
        &["psql {C} -d {D} -c 'DROP OWNED BY \"Ann 7\" CASCADE; DROP ROLE \"Ann 7\"'"],
        "SELECT a FROM o; SELECT tableowner FROM pg_tables WHERE tablename = 'o'; \
         SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname IN ('Ann 7', 'bob7') ORDER BY 1; SELECT count(*) FROM pg_auth_members WHERE roleid = 'bob7'::regrole",
    );
    back_again(
        "role-alone",
        "",
        "DROP ROLE IF EXISTS eve7; CREATE ROLE eve7 LOGIN CREATEDB;",
        &["psql {C} -d {D} -c 'DROP ROLE eve7'"],
        "SELECT rolcanlogin, rolcreatedb FROM pg_roles WHERE rolname = 'eve7'",
    );
}

#[test]
fn what_gets_a_name_before_the_name_is_dropped_comes_back() {
    back_again(
        "schema",
        "",
        "CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1), (2); CREATE SCHEMA z; CREATE TABLE u(a int); INSERT INTO u VALUES (3);",
        &[
            "psql {C} -d {D} -c 'ALTER TABLE t SET SCHEMA z; DROP SCHEMA z CASCADE'",
            "psql {C} -d {D} -c 'DROP TABLE u; ALTER TABLE t SET SCHEMA z; DROP SCHEMA z CASCADE'",
        ],
        "SELECT * FROM t ORDER BY id; SELECT * FROM u",
    );
    back_again(
        "swap",
        "",
        "CREATE TABLE t(a int); INSERT INTO t VALUES (1); CREATE TABLE u(b int); INSERT INTO u VALUES (2);",
        &[
            "psql {C} -d {D} -c 'ALTER TABLE t RENAME TO x; ALTER TABLE u RENAME TO t; DROP TABLE t'",
        ],
        "SELECT b FROM u",
    );
    let house = House::new("f7-swap");
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(a); INSERT INTO t VALUES (1); CREATE TABLE u(b); INSERT INTO u VALUES (2);",
    );
    let held = house.lose(
        "sqlite3 app.db 'ALTER TABLE t RENAME TO x; ALTER TABLE u RENAME TO t; DROP TABLE t'",
    );
    house.undo(&held.id);
    assert_eq!(sqlite(&house, "app.db", "SELECT b FROM u"), "2");
}

#[test]
fn a_database_that_gets_a_quoted_name_first_is_backed_up_under_its_old_one() {
    back_again(
        "renamed",
        "",
        "CREATE TABLE t(a int); INSERT INTO t VALUES (5);",
        &[
            "psql {C} -d postgres -c 'ALTER DATABASE {D} RENAME TO \"Old 1\"' -c 'DROP DATABASE \"Old 1\"'",
            "psql {C} -d postgres -c 'alter database \"{D}\" rename to OLD2' -c 'drop database old2'",
        ],
        "SELECT a FROM t",
    );
}

#[test]
fn large_objects_that_are_written_over_come_back() {
    back_again(
        "large",
        "",
        "SELECT lo_from_bytea(173, 'hello'); SELECT lo_from_bytea(174, 'other');",
        &[
            "psql {C} -d {D} -c \"SELECT lo_put(173, 0, 'XX')\"",
            "psql {C} -d {D} -c \"BEGIN; SELECT lowrite(lo_open(173, 131072), 'XX'); COMMIT\"",
            "psql {C} -d {D} -c 'SELECT lo_unlink(173)'",
        ],
        "SELECT lo_get(173), lo_get(174)",
    );
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let house = House::new("f7-large-none");
    let database = cluster.database("f7_large_none");
    let reach = format!(
        "-h {} -p {} -U postgres -d {database}",
        cluster.folder.display(),
        cluster.port
    );
    for sql in [
        "SELECT lo_put(lo_create(0), 0, 'x')",
        "SELECT lo_unlink(999)",
        "SELECT lo_get(1)",
    ] {
        house
            .bash(&format!("psql {reach} -c \"{sql}\""))
            .must_pass();
    }
    assert!(house.records("snapshot").is_empty(), "{}", house.ledger());
}

#[test]
fn a_folder_of_the_call_that_is_relative_or_gone_makes_nothing_absent() {
    let house = House::new("f7-cwd");
    for cwd in [
        json!("."),
        json!(""),
        json!("/no/such/folder"),
        json!("data/.."),
    ] {
        let mut payload = house.payload("Bash", &json!({"command": "rm -rf data"}));
        payload["cwd"] = cwd.clone();
        let answer = house.send(payload.to_string().as_bytes());
        answer.must_block();
        let data = house.data().display().to_string();
        assert!(answer.stderr.contains(&data), "{cwd}: {answer:?}");
    }
    let mut payload = house.payload("Bash", &json!({"command": "rm -rf data"}));
    payload["cwd"] = json!("data/inner");
    house.send(payload.to_string().as_bytes()).must_pass();
}

#[test]
fn a_settings_file_behind_a_link_that_leads_nowhere_yet_keeps_its_link() {
    let house = House::new("f7-dangling");
    let gone = house.backstop(&["uninstall", "claude", "--yes"]);
    assert_eq!(gone.code, Some(0), "{gone:?}");
    let settings = house.settings();
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("../dotfiles/settings.json", &settings).unwrap();
    let installed = house.backstop(&["install", "claude", "--yes"]);
    assert_eq!(installed.code, Some(0), "{installed:?}");
    assert!(settings.is_symlink());
    assert!(house.home.join("dotfiles/settings.json").is_file());
    house.bash("rm -rf data").must_block();
    let out = house.backstop(&["uninstall", "claude", "--yes"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    assert!(settings.is_symlink() && !house.home.join("dotfiles").exists());
}

#[test]
fn hooks_that_only_mention_the_guard_stay_where_they_are() {
    let house = House::new("f7-mention");
    house.backstop(&["uninstall", "claude", "--yes"]);
    let before = "\u{feff}{\"hooks\":{\"PostToolUse\":[{\"matcher\":\"\",\"hooks\":[{\"type\":\"command\",\"command\":\"logger 'backstop hook claude ran'\"}]}]}}\r\n";
    std::fs::create_dir_all(house.settings().parent().unwrap()).unwrap();
    std::fs::write(house.settings(), before).unwrap();
    for _ in 0..2 {
        let installed = house.backstop(&["install", "claude", "--yes"]);
        assert_eq!(installed.code, Some(0), "{installed:?}");
    }
    let after = std::fs::read_to_string(house.settings()).unwrap();
    assert!(
        after.contains("logger 'backstop hook claude ran'"),
        "{after}"
    );
    assert_eq!(after.matches("\"PreToolUse\"").count(), 1, "{after}");
    let out = house.backstop(&["uninstall", "claude", "--yes"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    assert_eq!(std::fs::read_to_string(house.settings()).unwrap(), before);
}

#[test]
fn a_used_request_shows_the_backup_that_it_relied_on() {
    let house = House::new("f7-used");
    let held = house.lose("rm -rf data");
    let shown = house.backstop(&["requests", "show", &held.id]);
    assert!(shown.stdout.contains("verified to `readable`"), "{shown:?}");
    assert!(!shown.stdout.contains("Missing:"), "{shown:?}");
    assert_eq!(house.request(&held.id)["backup"]["state"], json!("ready"));
    assert_eq!(house.request(&held.id)["gaps"], json!([]));
}

#[test]
fn the_slower_of_two_sittings_is_told_that_the_other_one_approved() {
    let house = House::new("f7-sittings");
    let held = house.held("rm -rf data");
    let confirm = house.request(&held.id)["confirm"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut one = house.terminal(&["approve", &held.id]);
    let mut other = house.terminal(&["approve", &held.id]);
    for terminal in [&mut one, &mut other] {
        terminal.wait_for("approve? [y/N] ").type_line("y");
        terminal.wait_for(&format!("type {confirm}: "));
    }
    one.type_line(&confirm);
    let (first, _) = one.end();
    other.type_line(&confirm);
    let (second, seen) = other.end();
    assert_eq!((first, second), (0, 1), "{seen}");
    assert!(
        seen.contains("somebody else approved it meanwhile"),
        "{seen}"
    );
    assert_eq!(house.request(&held.id)["state"], json!("approved"));
}

#[test]
fn a_state_directory_that_cannot_be_written_is_named_by_doctor() {
    use std::os::unix::fs::PermissionsExt as _;
    if rustix::process::geteuid().is_root() {
        // Root writes whatever the modes say; a folder in the place of a file stops it too.
        let house = House::new("f7-doctor");
        let lock = house.state().join("lock");
        let _ = std::fs::remove_file(&lock);
        std::fs::create_dir(&lock).unwrap();
        let said = house.backstop(&["doctor"]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.stdout.contains("lock.aside"), "{said:?}");
        return;
    }
    let house = House::new("f7-doctor");
    let ledger = house.state().join("ledger.jsonl");
    std::fs::set_permissions(&ledger, std::fs::Permissions::from_mode(0o400)).unwrap();
    let said = house.backstop(&["doctor"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("cannot write to"), "{said:?}");
}

#[test]
fn a_secret_that_was_read_as_a_name_or_a_port_is_written_nowhere() {
    let house = House::new("f7-secrets");
    let secret = "hunter2-xK7w";
    for command in [
        "sqlcmd -S s -U sa -P {} -Q 'DROP DATABASE x'",
        "sqlcmd -S s -U sa -P{} -Q 'DROP DATABASE x'",
        "mysqladmin -u root -p{} drop shop",
        "snowsql -a x -u u -p {} -q 'DROP TABLE t'",
        "beeline -u jdbc:hive2://h -n u -p {} -e 'DROP TABLE t'",
        "trino --password {} --execute 'DROP TABLE t'",
        "sqlplus scott/{}@orcl <<< 'DROP TABLE t;'",
        "mysqlsh root:{}@h --sql -e 'DROP TABLE t'",
        "mysql -e \"SET PASSWORD FOR x = PASSWORD('{}'); DROP TABLE t\"",
        "redis-cli --pass {} FLUSHALL",
        "REDISCLI_AUTH={} redis-cli FLUSHALL",
        "nomad job stop -purge -token {} x",
        "curl -XDELETE 'http://h/db?api_key={}'",
        "echo {} | sudo -S rm -rf data",
        "sudo -S rm -rf / <<< x; PGPASSWORD={} psql -c 'DROP TABLE t'",
    ] {
        let answer = house.bash(&command.replace("{}", secret));
        answer.must_block();
        assert!(!answer.stderr.contains(secret), "{command}: {answer:?}");
    }
    let shown = house.backstop(&["requests", "--format", "json"]);
    assert!(!shown.stdout.contains(secret), "{shown:?}");
    house.is_sound(&[secret]);
}
