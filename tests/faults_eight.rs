//! Faults of an eighth look: odd files in the guard's own places, lines that nobody wrote, tools named to `check`, ids of any size.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "tests may unwrap"
)]

mod house;
mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use house::{Answer, House};
use serde_json::{Value, json};

/// Runs the program with bytes on its input, and ends it when it hangs (exit code 124).
fn bounded(house: &House, words: &[&str], input: &[u8]) -> Answer {
    let mut child = Command::new("timeout")
        .args(["-k", "1", "40"])
        .arg(house.binary())
        .args(words)
        .env_clear()
        .envs(house.env())
        .current_dir(house.project())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn pipe(path: &Path) {
    let _ = std::fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_text_for_an_mcp_tool_is_judged_as_its_string() {
    let house = House::new("eight-mcp");
    for (tool, text, code) in [
        ("mcp__x", "DROP TABLE t", 1),
        ("mcp__db__query", "DROP TABLE t", 1),
        (
            "mcp__db__query",
            r#"{"a": ["DELETE FROM t WHERE id = 1"]}"#,
            1,
        ),
        ("mcp__db__query", "SELECT * FROM t", 0),
        ("mcp__db__query", r#"{"sql": "SELECT 1", "limit": 3}"#, 0),
        ("mcp__notes__add", "please drop the table reservation", 0),
    ] {
        let said = house.backstop(&["check", "--tool", tool, text]);
        assert_eq!(said.code, Some(code), "{tool} {text}: {said:?}");
    }
    let said = house.backstop(&[
        "check",
        "--tool",
        "mcp__x",
        "--format",
        "json",
        "DROP TABLE t",
    ]);
    let value: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        value["findings"][0]["rule"],
        json!("sql.drop-table"),
        "{value}"
    );
}

#[test]
fn an_id_is_echoed_as_it_was_written() {
    let house = House::new("eight-id");
    let ids = [
        "9007199254740993",
        "-123456789012345678901234567890",
        "1.0",
        "1e400",
        "\"a\\u00e9\"",
        "null",
        "[9007199254740993,{\"x\":0.10}]",
    ];
    let mut input = String::new();
    for id in ids {
        input.push_str(&format!(
            "{{\"id\":{id},\"tool_name\":\"Bash\",\"tool_input\":{{\"command\":\"ls\"}}}}\n"
        ));
    }
    input.push_str("{\"id\":18446744073709551617,\"tool_name\":7}\n");
    let said = bounded(
        &house,
        &["check", "--batch", "--facts", "none"],
        input.as_bytes(),
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), ids.len() + 1, "{said:?}");
    for (line, id) in lines.iter().zip(ids) {
        assert!(line.contains(&format!("\"id\":{id},")), "{id}: {line}");
    }
    let last = lines.last().unwrap();
    assert!(
        last.contains("\"id\":18446744073709551617,") && last.contains("\"error\""),
        "{last}"
    );
}

#[test]
fn a_pipe_where_a_file_of_ours_belongs_is_named_and_nobody_hangs() {
    let payload = |house: &House| house.payload("Bash", &json!({"command": "rm -rf data"}));
    let places: [(&str, &str); 5] = [
        ("ledger", ".local/state/backstop/ledger.jsonl"),
        ("head", ".local/state/backstop/head"),
        ("lock", ".local/state/backstop/lock"),
        ("policy", ".config/backstop/policy.toml"),
        ("project", "project/.backstop/policy.toml"),
    ];
    for (name, place) in places {
        let house = House::new(&format!("eight-pipe-{name}"));
        let path = house.home.join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        pipe(&path);
        let said = bounded(&house, &["doctor"], b"");
        assert_eq!(said.code, Some(1), "{place}: {said:?}");
        assert!(said.stdout.contains("named pipe"), "{place}: {said:?}");
        let state = house.state().display().to_string();
        let hook = ["hook", "claude", "--state", &state];
        let held = bounded(&house, &hook, payload(&house).to_string().as_bytes());
        held.must_block();
        assert!(held.stderr.contains("named pipe"), "{place}: {held:?}");
        let harmless = house.payload("Bash", &json!({"command": "ls"}));
        bounded(&house, &hook, harmless.to_string().as_bytes()).must_pass();
    }
    let house = House::new("eight-pipe-settings");
    pipe(
        &house
            .project()
            .join(".claude/settings.json")
            .parent()
            .map(|dir| {
                std::fs::create_dir_all(dir).unwrap();
                dir.join("settings.json")
            })
            .unwrap(),
    );
    let said = bounded(&house, &["doctor"], b"");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("named pipe"), "{said:?}");
    let said = bounded(
        &house,
        &["install", "claude", "--scope", "project", "--yes"],
        b"",
    );
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("named pipe"), "{said:?}");
}

#[test]
fn a_complete_line_that_is_not_ours_is_damage_with_a_way_back() {
    let house = House::new("eight-foreign");
    let held = house.held("rm -rf data");
    let file = house.state().join("ledger.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    for line in ["not ours\n", "{\"v\":1,\"seq\":99,\"kind\":\"approved\"}\n"] {
        std::fs::write(&file, format!("{whole}{line}")).unwrap();
        let said = house.bash("rm -rf data");
        said.must_block();
        assert!(
            said.stderr.contains("complete and none of ours"),
            "{said:?}"
        );
        assert!(said.stderr.contains("backstop ledger repair"), "{said:?}");
        let verified = house.backstop(&["ledger", "verify"]);
        assert_eq!(verified.code, Some(1), "{verified:?}");
        let told = format!("{}{}", verified.stdout, verified.stderr);
        assert!(told.contains("complete and none of ours"), "{verified:?}");
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            format!("{whole}{line}")
        );
    }
    let mut terminal = house.terminal(&["ledger", "repair"]);
    terminal.wait_for("repair? [y/N] ").type_line("y");
    let (code, seen) = terminal.end();
    assert!(code == 0 && seen.contains("were set aside"), "{seen}");
    assert_eq!(house.backstop(&["ledger", "verify"]).code, Some(0));
    // What a crash leaves still mends itself: half a line, and blocks that were never written.
    for torn in ["{\"v\":1,\"seq\":", "\0\0\0\0\"}\n"] {
        let good = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{good}{torn}")).unwrap();
        house.bash("rm -rf data").must_block();
        assert_eq!(
            house.backstop(&["ledger", "verify"]).code,
            Some(0),
            "{torn:?}"
        );
    }
    house.approved(&held);
    house.passes_and_runs(&held);
}

#[test]
fn a_sqlite_file_put_back_by_hand_keeps_what_stood_beside_it() {
    let house = House::new("eight-sqlite");
    let db = house.project().join("app.db");
    let sqlite = |sql: &str| {
        let done = Command::new("sqlite3").arg(&db).arg(sql).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    sqlite("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2);");
    house.lose("sqlite3 app.db 'DROP TABLE t'");
    let wal = house.project().join("app.db-wal");
    std::fs::write(&wal, "what a crash left").unwrap();
    let list = house.backstop(&["backup", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let id = list["backups"][0]["id"].as_str().unwrap().to_owned();
    let shown = house.backstop(&["backup", "show", &id]).stdout;
    assert!(!shown.contains("rm -f"), "{shown}");
    let line = shown
        .lines()
        .find(|line| line.contains("app.db-wal"))
        .unwrap();
    let line = line.trim().trim_start_matches("recovery:").trim();
    let ran = house.run_for_real(line);
    assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    assert_eq!(sqlite("SELECT count(*) FROM t"), "2");
    let aside = std::fs::read_dir(house.project()).unwrap().flatten();
    let mut aside = aside.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("app.db-wal.aside-")
    });
    let kept = std::fs::read_to_string(aside.next().unwrap().path()).unwrap();
    assert_eq!(kept, "what a crash left");
}

#[test]
fn two_different_guards_are_named_by_the_doctor() {
    let house = House::new("eight-scopes");
    let copy = house.home.join("other/backstop");
    assert!(
        Command::new("cp")
            .arg(house.binary())
            .arg(&copy)
            .status()
            .unwrap()
            .success()
    );
    let same = house.backstop(&["install", "claude", "--scope", "project", "--yes"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(
        !house
            .backstop(&["doctor"])
            .stdout
            .contains("different guards")
    );
    let gone = house.backstop(&["uninstall", "claude", "--scope", "project", "--yes"]);
    assert_eq!(gone.code, Some(0), "{gone:?}");
    let other = Command::new(&copy)
        .args(["install", "claude", "--scope", "project", "--yes"])
        .env_clear()
        .envs(house.env())
        .current_dir(house.project())
        .output()
        .unwrap();
    assert!(other.status.success(), "{other:?}");
    let said = house.backstop(&["doctor"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.stdout.contains("different guards stand in"),
        "{said:?}"
    );
}
