//! Servers that are not simply reached: with a password that nobody stores, as another account by peer authentication, over TLS only.
//! Each is held, backed up, lost and brought back with a real server.
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
#[path = "support/postgres.rs"]
mod postgres;
mod support;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use house::House;
use postgres::{Cluster, another, cluster, left_out};

const SECRET: &str = "kiesel-stein 42";

const TABLES: &str = "CREATE TABLE users(id int PRIMARY KEY, name text);
    INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 50) n;";

/// A house and a database that a role with a password owns.
fn with_password(name: &str, cluster: &Cluster) -> (House, String) {
    let house = House::new(name);
    let name = format!("{name}_{}", std::process::id());
    cluster.database(&name);
    cluster.sql(
        "postgres",
        &format!(
            "DO $$ BEGIN CREATE ROLE app LOGIN SUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
             ALTER ROLE app PASSWORD '{SECRET}'"
        ),
    );
    cluster.sql(&name, TABLES);
    (house, name)
}

fn count(cluster: &Cluster, name: &str) -> String {
    let there = "SELECT count(*) FROM pg_class WHERE relname = 'users' AND relkind = 'r'";
    if cluster.sql(name, there) == "0" {
        return "no table".to_owned();
    }
    cluster.sql(name, "SELECT count(*), sum(id) FROM users")
}

#[test]
fn an_undo_takes_the_password_from_the_environment_the_file_or_the_terminal() {
    let Some(cluster) = cluster() else { return };
    let (mut house, name) = with_password("pwundo", cluster);
    let command = format!(
        "PGPASSWORD='{SECRET}' psql -h 127.0.0.1 -p {} -U app -d {name} -c 'DROP TABLE users'",
        cluster.port
    );
    let before = count(cluster, &name);

    let held = house.lose(&command);
    assert_eq!(count(cluster, &name), "no table");
    let refused = house.backstop(&["undo", &held.id, "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("password") && refused.stderr.contains("PGPASSWORD"),
        "{refused:?}"
    );
    house
        .more
        .push(("PGPASSWORD".to_owned(), SECRET.to_owned()));
    house.undo(&held.id);
    assert_eq!(count(cluster, &name), before, "from the environment");
    house.more.pop();

    let held = house.lose(&command);
    let file = house.home.join(".pgpass");
    std::fs::write(&file, format!("*:*:*:app:{SECRET}\n")).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    house.undo(&held.id);
    assert_eq!(count(cluster, &name), before, "from the file");
    std::fs::remove_file(&file).unwrap();

    let held = house.lose(&command);
    let mut terminal = house.terminal(&["undo", &held.id, "--yes"]);
    terminal
        .wait_for("password of `app`")
        .type_line("a wrong one");
    terminal.wait_for("password of `app`").type_line(SECRET);
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    assert!(
        !seen.contains(SECRET) && !seen.contains("a wrong one"),
        "{seen}"
    );
    assert_eq!(count(cluster, &name), before, "from the terminal");

    let drill = house.backstop(&["drill"]);
    assert_eq!(drill.code, Some(1), "{drill:?}");
    house
        .more
        .push(("PGPASSWORD".to_owned(), SECRET.to_owned()));
    let drill = house.backstop(&["drill"]);
    assert_eq!(drill.code, Some(0), "{drill:?}");
    let url = format!("postgres://app@127.0.0.1:{}/{name}", cluster.port);
    let made = house.backstop(&["backup", "run", &url]);
    assert_eq!(made.code, Some(0), "{made:?}");
    house.is_sound(&[SECRET]);
}

/// A server of its own whose rules for connections are these.
fn ruled(rules: &str) -> Option<Cluster> {
    let cluster = another()?;
    let hba = cluster.folder.join("data/pg_hba.conf");
    std::fs::write(
        &hba,
        format!("{rules}host all postgres 127.0.0.1/32 trust\n"),
    )
    .unwrap();
    Some(cluster)
}

/// Asks over TCP as the superuser: the tests' own way in.
fn ask(cluster: &Cluster, database: &str, text: &str) -> String {
    let mut child = Command::new(cluster.bin.join("psql"))
        .env_clear()
        .args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-w",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
        ])
        .args([
            "-p",
            &cluster.port.to_string(),
            "-U",
            "postgres",
            "-d",
            database,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{text}: {done:?}");
    String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
}

#[test]
fn a_server_that_knows_its_people_by_their_account_is_reached_as_that_account() {
    if !rustix::process::geteuid().is_root() {
        return left_out("becoming another account needs root");
    }
    if !std::path::Path::new("/usr/bin/sudo").exists() {
        return left_out("sudo is not installed");
    }
    let Some(cluster) = ruled("local all postgres peer\nlocal all all reject\n") else {
        return left_out("no PostgreSQL server is installed in /usr/lib/postgresql");
    };
    ask(&cluster, "postgres", "SELECT pg_reload_conf()");
    ask(
        &cluster,
        "postgres",
        "CREATE DATABASE peer TEMPLATE template0",
    );
    ask(&cluster, "peer", TABLES);
    ask(
        &cluster,
        "peer",
        "CREATE VIEW names AS SELECT name FROM users",
    );
    let house = House::new("peer");
    let (folder, port) = (cluster.folder.display(), cluster.port);
    for (command, gone) in [
        (
            format!(
                "sudo -u postgres psql -h {folder} -p {port} -d peer -c 'DROP TABLE users CASCADE'"
            ),
            "SELECT count(*) = 0 FROM pg_class WHERE relname = 'users'",
        ),
        (
            format!("sudo -n -u postgres psql -h {folder} -p {port} peer -c 'DELETE FROM users'"),
            "SELECT count(*) = 0 FROM users",
        ),
    ] {
        let held = house.held(&command);
        assert!(held.reason.contains("50 rows"), "{}", held.reason);
        house.approved(&held);
        house.passes_and_runs(&held);
        assert_eq!(ask(&cluster, "peer", gone), "t", "{command}");
        house.undo(&held.id);
        assert_eq!(
            ask(&cluster, "peer", "SELECT count(*), sum(id) FROM users"),
            "50|1275"
        );
        assert_eq!(ask(&cluster, "peer", "SELECT count(*) FROM names"), "50");
    }
    // Whoever may not become that account learns so, and the call stays held.
    let refused = house.bash(&format!(
        "sudo -u nobody-of-this-name psql -h {folder} -p {port} -d peer -c 'DROP TABLE users'"
    ));
    refused.must_block();
    house.is_sound(&[]);
}

#[test]
fn a_server_that_speaks_tls_only_is_asked_dumped_and_restored_over_tls() {
    let Some(cluster) = ruled("local all all trust\n") else {
        return left_out("no PostgreSQL server is installed in /usr/lib/postgresql");
    };
    let data = cluster.folder.join("data");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=db.example.org",
        ])
        .arg("-keyout")
        .arg(data.join("server.key"))
        .arg("-out")
        .arg(data.join("server.crt"))
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        return left_out("openssl is not installed");
    }
    for name in ["server.key", "server.crt"] {
        let file = data.join(name);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        if rustix::process::geteuid().is_root() {
            let owned = Command::new("chown").arg("postgres").arg(&file).status();
            assert!(owned.unwrap().success());
        }
    }
    let (house, name) = with_password("tls", &cluster);
    let hba = "local all all trust\nhostnossl all app 0.0.0.0/0 reject\nhostssl all app 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(data.join("pg_hba.conf"), hba).unwrap();
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on; ");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while cluster.sql("postgres", "SHOW ssl") != "on" {
        assert!(std::time::Instant::now() < until, "TLS does not start");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let before = count(&cluster, &name);
    let port = cluster.port;
    let file = house.home.join(".pgpass");
    for command in [
        format!(
            "psql 'host=127.0.0.1 port={port} user=app password={SECRET} dbname={name} sslmode=require' -c 'DROP TABLE users'"
        ),
        format!(
            "PGSSLMODE=require PGPASSWORD='{SECRET}' psql -h 127.0.0.1 -p {port} -U app {name} -c 'DELETE FROM users'"
        ),
        format!(
            "psql 'postgres://app@127.0.0.1:{port}/{name}?sslmode=require' -c 'DROP TABLE users'"
        ),
    ] {
        if !command.contains(SECRET) {
            std::fs::write(&file, format!("*:*:*:app:{SECRET}\n")).unwrap();
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        }
        // A single-quoted connection string holds the secret with a space: quote it as libpq wants.
        let command = command.replace(
            &format!("password={SECRET}"),
            "password=\\'kiesel-stein 42\\'",
        );
        let command = command.replace("'host=", "$'host=");
        let held = house.held(&command);
        assert!(
            held.reason.contains("50 rows"),
            "{command}: {}",
            held.reason
        );
        house.approved(&held);
        house.passes_and_runs(&held);
        assert_ne!(count(&cluster, &name), before, "{command}");
        let mut human = Command::new(house.binary());
        let undone = human
            .args(["undo", &held.id, "--yes"])
            .env_clear()
            .envs(house.env())
            .env("PGPASSWORD", SECRET)
            .current_dir(house.project())
            .output()
            .unwrap();
        assert!(undone.status.success(), "{command}: {undone:?}");
        assert_eq!(count(&cluster, &name), before, "{command}");
    }
    house.is_sound(&[SECRET]);
}

#[test]
fn a_hold_names_the_state_directory_where_a_terminal_would_look_elsewhere() {
    let house = House::new("which-state");
    let call = house.payload("Bash", &serde_json::json!({"command": "rm -rf data"}));
    let elsewhere = house.project().display().to_string();
    let default = house.send_with(&call, &[]);
    default.must_block();
    assert!(!default.stderr.contains("--state"), "{default:?}");
    let id = default.request();
    let named = house.send_with(&call, &[("XDG_STATE_HOME", elsewhere.as_str())]);
    let option = format!("--state {}", house.state().display());
    for command in ["approve", "wait"] {
        let line = format!("`backstop {command} {id} {option}`");
        assert!(named.stderr.contains(&line), "{line}: {named:?}");
    }
    let shown = house.backstop(&[
        "requests",
        "show",
        &id,
        "--state",
        house.state().to_str().unwrap(),
    ]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
}
