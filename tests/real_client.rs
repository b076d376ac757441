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

use house::House;
use model_server::Step;
use model_server::client::{client, drive};
use serde_json::json;

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
