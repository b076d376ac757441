//! `backstop replay` over transcripts: written ones with every shape and fault, and one of the real Claude Code.
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
mod model_server;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use house::House;
use model_server::Step;
use model_server::client::{client, drive};
use serde_json::{Value, json};

/// A folder of transcripts, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let dir = house::place().join(format!("replay-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn write(&self, file: &str, lines: &[String]) -> PathBuf {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn said(words: &[&str], home: &Path, env: &[(&str, &Path)]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_backstop"))
        .arg("replay")
        .args(words)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .envs(env.iter().copied())
        .current_dir(home)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn report(words: &[&str], home: &Path) -> Value {
    let mut all = words.to_vec();
    all.extend(["--format", "json"]);
    let (code, out, err) = said(&all, home, &[]);
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).unwrap()
}

fn call(id: &str, tool: &str, input: &Value) -> String {
    json!({"type": "assistant", "uuid": "u", "sessionId": "s", "isSidechain": false, "cwd": "/srv/app",
        "message": {"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": tool, "input": input}]}})
    .to_string()
}

fn bash(id: &str, command: &str) -> String {
    call(id, "Bash", &json!({"command": command}))
}

fn rules(report: &Value) -> Vec<(&str, u64)> {
    let rules = report["rules"].as_array().unwrap().iter();
    rules
        .map(|rule| {
            (
                rule["rule"].as_str().unwrap(),
                rule["calls"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn calls_are_counted_by_rule_and_verdict_with_their_lines() {
    let place = Place::new("rules");
    place.write(
        "projects/p/s.jsonl",
        &[
            json!({"type": "user", "cwd": "/srv/app", "message": {"content": "go"}}).to_string(),
            bash("t1", "ls -la"),
            bash("t2", "rm -rf data"),
            bash("t3", "cargo test && rm -rf data"),
            call(
                "t4",
                "PowerShell",
                &json!({"command": "Remove-Item -Recurse -Force data"}),
            ),
            call("t5", "mcp__db__query", &json!({"sql": "DROP TABLE users"})),
            call("t6", "Read", &json!({"file_path": "/srv/app/a"})),
            call(
                "t7",
                "Write",
                &json!({"file_path": "/srv/app/a", "content": "rm -rf /"}),
            ),
            bash("t8", "rm -rf /"),
            bash("t9", "git checkout -- ."),
            call(
                "t10",
                "Monitor",
                &json!({"command": "tail -f log", "description": "d"}),
            ),
            call(
                "t11",
                "NotebookEdit",
                &json!({"notebook_path": "/srv/app/a.ipynb", "new_source": "1"}),
            ),
        ],
    );
    let report = report(&["projects"], &place.0);
    assert_eq!(report["schema"], "backstop.replay/1");
    let calls = &report["calls"];
    assert_eq!(
        (
            calls["judged"].as_u64(),
            calls["silent"].as_u64(),
            calls["deny"].as_u64(),
            calls["others"].as_u64()
        ),
        (Some(10), Some(4), Some(1), Some(1)),
        "{calls}"
    );
    assert_eq!(
        calls["hold"].as_u64().unwrap() + calls["snapshot"].as_u64().unwrap(),
        5,
        "{calls}"
    );
    let removed = report["hits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|hit| hit["line"] == 4)
        .unwrap();
    let finding = &removed["findings"][0];
    assert_eq!(removed["verdict"], "hold");
    assert!(
        finding["excerpt"].as_str().unwrap().contains("rm -rf data"),
        "{finding}"
    );
    let rules = rules(&report);
    assert!(
        rules.iter().any(|(_, calls)| *calls == 3),
        "rm twice and Remove-Item: {rules:?}"
    );
    assert_eq!(report["tools"]["Bash"], 5);
}

#[test]
fn the_text_names_rule_line_and_place_and_shows_the_same_line_once() {
    let place = Place::new("text");
    place.write(
        "s.jsonl",
        &[
            bash("t1", "rm -rf data"),
            bash("t2", "rm -rf data"),
            bash("t3", "ls"),
        ],
    );
    let (code, out, _) = said(&["."], &place.0, &[]);
    assert_eq!(code, Some(0));
    assert!(out.contains("rm -rf data (2 times)"), "{out}");
    assert!(out.contains("./s.jsonl:1"), "{out}");
    assert!(
        out.contains("1 would have passed in silence (33.3 %)"),
        "{out}"
    );
    assert!(out.contains("calls per second"), "{out}");
}

#[test]
fn broken_lines_and_unknown_shapes_are_counted_and_named() {
    let place = Place::new("broken");
    place.write(
        "s.jsonl",
        &[
            "{".to_owned(),
            "[]".to_owned(),
            String::new(),
            "\u{0}\u{0}\u{0}".to_owned(),
            json!({"type": "a-kind-of-the-future", "x": 1}).to_string(),
            json!({"type": "assistant", "message": {"content": [{"type": "tool_use", "name": "Bash", "input": 7}, {"type": 7}, 7]}}).to_string(),
            json!({"type": "assistant", "message": {"content": 7}}).to_string(),
            "[".repeat(500_000),
            bash("t1", "rm -rf data"),
        ],
    );
    std::fs::write(place.0.join("bytes.jsonl"), b"\xff\xfe\n").unwrap();
    std::fs::write(place.0.join("empty.jsonl"), b"").unwrap();
    let report = report(&["."], &place.0);
    assert_eq!(report["not_read"]["count"], 7, "{}", report["not_read"]);
    assert_eq!(report["not_read"]["places"][1]["place"], "./s.jsonl:1");
    assert_eq!(report["calls"]["hold"], 1);
    assert_eq!(report["files"], 3);
}

#[test]
fn a_line_beyond_the_cap_is_left_out_and_the_next_one_is_read() {
    let place = Place::new("huge");
    let huge = bash("t0", &format!("echo {}", "x".repeat(9 * 1024 * 1024)));
    place.write("s.jsonl", &[huge, bash("t1", "rm -rf data")]);
    let report = report(&["s.jsonl"], &place.0);
    assert_eq!(report["not_read"]["count"], 1);
    assert_eq!(report["calls"]["judged"], 1);
    assert_eq!(report["hits"][0]["line"], 2);
}

#[test]
fn a_resumed_session_repeats_calls_that_count_once() {
    let place = Place::new("resumed");
    let first = [bash("t1", "rm -rf data"), bash("t2", "ls")];
    place.write("p/one.jsonl", &first);
    let mut second = first.to_vec();
    second.push(bash("t3", "rm -rf data"));
    second.push(bash("t1", "rm -rf other"));
    place.write("p/two.jsonl", &second);
    let report = report(&["p"], &place.0);
    assert_eq!(report["calls"]["repeated"], 2);
    assert_eq!(
        report["calls"]["judged"], 4,
        "another call under a known id is another call"
    );
}

#[test]
fn transcripts_of_sub_agents_are_read_wherever_they_stand() {
    let place = Place::new("agents");
    place.write("p/s/subagents/agent-a.jsonl", &[bash("t1", "rm -rf data")]);
    let side = bash("t2", "rm -rf data").replace("\"isSidechain\":false", "\"isSidechain\":true");
    let inner: Value = serde_json::from_str(&bash("t3", "rm -rf data")).unwrap();
    let progress =
        json!({"type": "progress", "data": {"type": "agent_progress", "message": inner}});
    place.write("p/s.jsonl", &[side, progress.to_string()]);
    let report = report(&["p"], &place.0);
    assert_eq!(report["calls"]["hold"], 3);
    assert_eq!(report["calls"]["by_sub_agents"], 2);
}

#[test]
fn a_relative_path_is_judged_in_the_folder_of_the_call() {
    let place = Place::new("cwd");
    let inside = |cwd: &str, id: &str| {
        bash(id, "rm -rf data").replace("\"/srv/app\"", &format!("\"{cwd}\""))
    };
    let without = bash("t3", "rm -rf data").replace("\"cwd\":\"/srv/app\",", "");
    place.write(
        "s.jsonl",
        &[inside("/srv/app", "t1"), inside("/tmp/work", "t2"), without],
    );
    let report = report(&["s.jsonl"], &place.0);
    assert_eq!(
        report["calls"]["hold"], 1,
        "the last known folder counts: {report}"
    );
    assert_eq!(report["calls"]["silent"], 2);
}

#[test]
fn secrets_are_hidden_and_control_characters_are_shown() {
    let place = Place::new("secrets");
    place.write(
        "s\u{7}.jsonl",
        &[bash(
            "t1",
            "PGPASSWORD=hunter2 psql -h db -c 'DROP TABLE \u{1b}[31musers\u{202e}'",
        )],
    );
    for format in ["text", "json"] {
        let (_, out, _) = said(&[".", "--format", format], &place.0, &[]);
        assert!(out.contains("DROP TABLE"), "{out}");
        assert!(!out.contains("hunter2"), "{out}");
        assert!(
            !out.contains('\u{1b}') && !out.contains('\u{202e}') && !out.contains('\u{7}'),
            "{out:?}"
        );
    }
}

#[test]
fn without_paths_the_account_s_own_transcripts_are_read() {
    let place = Place::new("own");
    place.write(".claude/projects/p/s.jsonl", &[bash("t1", "ls")]);
    place.write(
        "other/projects/p/s.jsonl",
        &[bash("t1", "ls"), bash("t2", "rm -rf data")],
    );
    let (_, out, _) = said(&["--format", "json"], &place.0, &[]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["calls"]["judged"], 1);
    let other = place.0.join("other");
    let (_, out, _) = said(
        &["--format", "json"],
        &place.0,
        &[("CLAUDE_CONFIG_DIR", &other)],
    );
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["calls"]["judged"], 2);
}

#[test]
fn no_transcripts_are_no_failure_and_a_missing_path_is_one() {
    let place = Place::new("none");
    let (code, out, _) = said(&[], &place.0, &[]);
    assert_eq!(code, Some(0));
    assert!(out.contains("no transcripts under"), "{out}");
    let (code, _, err) = said(&["nowhere"], &place.0, &[]);
    assert_eq!(code, Some(2));
    assert!(err.contains("`nowhere` cannot be read"), "{err}");
}

#[test]
fn facts_here_ask_the_world_and_a_profile_changes_the_verdict() {
    let place = Place::new("facts");
    let cwd = place.0.display().to_string();
    std::fs::write(place.0.join("kept"), "x").unwrap();
    let lines: Vec<String> = [("t1", "rm -r absent"), ("t2", "rm -r kept")]
        .iter()
        .map(|(id, command)| bash(id, command).replace("/srv/app", &cwd))
        .collect();
    place.write("s.jsonl", &lines);
    assert_eq!(report(&["s.jsonl"], &place.0)["calls"]["silent"], 0);
    let here = report(&["s.jsonl", "--facts", "here"], &place.0);
    assert_eq!(
        here["calls"]["silent"], 1,
        "what is not there cannot be lost: {here}"
    );
    let strict = report(
        &["s.jsonl", "--facts", "here", "--profile", "strict"],
        &place.0,
    );
    assert_eq!(strict["calls"]["hold"], 1, "{strict}");
    assert!(
        !place.0.join(".local").exists(),
        "a replay leaves no state behind"
    );
}

#[test]
fn a_transcript_of_the_real_client_gives_the_calls_that_it_made() {
    let Some(client) = client() else { return };
    let house = House::new("replay");
    let steps = vec![
        Step::Tool {
            name: "Bash",
            input: json!({"command": "mkdir -p sub && cd sub && ls", "description": "a step"}),
        },
        Step::Tool {
            name: "Bash",
            input: json!({"command": "rm -rf data", "description": "a step"}),
        },
        Step::Tool {
            name: "Write",
            input: json!({"file_path": house.project().join("new.txt"), "content": "x"}),
        },
        Step::Tool {
            name: "mcp__db__query",
            input: json!({"sql": "DROP TABLE users"}),
        },
        Step::Text("done"),
    ];
    let (told, _) = drive(&client, &house, steps);
    assert_eq!(told.len(), 4, "{told:?}");
    let report = report(&[], &house.home);
    assert_eq!(report["not_read"]["count"], 0, "{report}");
    assert_eq!(report["calls"]["judged"], 4, "{report}");
    assert_eq!(report["calls"]["silent"], 2, "{report}");
    assert_eq!(report["calls"]["hold"], 2, "{report}");
    let cwd = report["hits"][0]["cwd"].as_str().unwrap();
    assert_eq!(Path::new(cwd), house.project().join("sub"));
}
