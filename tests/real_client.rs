//! The real Claude Code, driven in `-p` mode against a scripted model server on loopback, with backstop installed by its own `install claude`.
//! Without the client the suite says so; with `CI=true` that is a failure.
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

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use house::House;
use model_server::{ModelServer, Step};
use serde_json::{Value, json};

/// Returns the client, or says why the suite is left out.
fn client() -> Option<PathBuf> {
    let found = std::env::var_os("BACKSTOP_TEST_CLAUDE")
        .map(PathBuf::from)
        .filter(|path| path.exists());
    if found.is_none() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "the real client is missing, and CI=true"
        );
        eprintln!("left out: BACKSTOP_TEST_CLAUDE names no Claude Code; `scripts/test` fetches it");
    }
    found
}

/// One run of the client over a script; returns what it was told after each call, and its own result.
fn drive(client: &PathBuf, house: &House, steps: Vec<Step>) -> (Vec<String>, Value) {
    let server = ModelServer::start(steps);
    let config = house.home.join("mcp.json");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/mcp-server.js");
    std::fs::write(
        &config,
        json!({"mcpServers": {"db": {"command": "node", "args": [script]}}}).to_string(),
    )
    .unwrap();
    let mut child = Command::new(client)
        .args(["-p", "go", "--output-format", "json", "--mcp-config"])
        .arg(&config)
        .args(["--allowedTools", "Bash", "Write", "Edit", "mcp__db__query"])
        .env_clear()
        .envs(house.env())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("ANTHROPIC_BASE_URL", server.url())
        .env("ANTHROPIC_API_KEY", "none")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("DISABLE_TELEMETRY", "1")
        .env("DISABLE_ERROR_REPORTING", "1")
        .current_dir(house.project())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = server.told();
    let result = serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!(
            "{text}\n{}\n{told:?}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (told, result)
}

fn bash(command: &str) -> Step {
    Step::Tool {
        name: "Bash",
        input: json!({"command": command, "description": "a step"}),
    }
}

#[test]
fn the_real_client_is_held_reads_why_and_passes_once_after_two_approvals() {
    let Some(client) = client() else { return };
    let house = House::with_copy("client");
    let steps = vec![
        bash("ls -la"),
        bash("rm -rf data"),
        Step::Tool {
            name: "mcp__db__query",
            input: json!({"sql": "DROP TABLE users"}),
        },
        Step::Tool {
            name: "mcp__db__query",
            input: json!({"sql": "SELECT 1"}),
        },
        Step::Text("done"),
    ];
    let (told, result) = drive(&client, &house, steps);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(
        told[0].contains("data"),
        "the harmless call runs: {}",
        told[0]
    );
    assert!(
        told[1].contains("backstop: held") && told[1].contains("backstop approve"),
        "{}",
        told[1]
    );
    assert!(
        house.data().join("inner/a").exists(),
        "the held call must not run"
    );
    assert!(told[2].contains("backstop: held"), "{}", told[2]);
    assert!(told[3].contains("the server ran: SELECT 1"), "{}", told[3]);
    assert!(result["is_error"] == json!(false), "{result}");

    let id = told[1]
        .split("(request ")
        .nth(1)
        .and_then(|rest| rest.split(')').next())
        .unwrap()
        .to_owned();
    house.approve_in_a_terminal(&id);
    let steps = vec![
        bash("rm -rf data"),
        bash("mkdir -p data/inner && echo again > data/inner/a"),
        bash("rm -rf data"),
        Step::Text("done"),
    ];
    let (told, _) = drive(&client, &house, steps);
    assert!(!told[0].contains("backstop"), "approved: {}", told[0]);
    assert!(!told[1].contains("backstop"), "{}", told[1]);
    assert!(
        told[2].contains("backstop: held"),
        "a second use needs new approvals: {}",
        told[2]
    );
    assert_eq!(
        std::fs::read_to_string(house.data().join("inner/a")).unwrap(),
        "again\n"
    );
    let ledger = house.ledger();
    assert!(
        ledger.contains("\"outcome\":\"ran\""),
        "PostToolUse is recorded: {ledger}"
    );

    house.undo(&id);
    assert_eq!(
        std::fs::read_to_string(house.data().join("inner/a")).unwrap(),
        "precious"
    );
}

#[test]
fn a_missing_binary_blocks_every_call() {
    let Some(client) = client() else { return };
    let house = House::with_copy("gone");
    std::fs::remove_file(house.binary()).unwrap();
    let (told, _) = drive(
        &client,
        &house,
        vec![bash("echo it-ran"), Step::Text("done")],
    );
    assert!(
        !told[0].contains("it-ran\n") && told[0].to_lowercase().contains("hook"),
        "{}",
        told[0]
    );
}
