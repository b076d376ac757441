//! Every way in which the guard may die or be misled, against the built binary with the exact installed command line.
//! The numbers are those of the conformance vectors; each row expects a block with a sentence, or silence.
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

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use house::House;
use serde_json::{Value, json};

#[test]
fn row_1_a_harmless_call_passes_in_silence_and_leaves_no_trace() {
    let house = House::new("row1");
    let before = house.ledger();
    let answer = house.bash("ls -la");
    assert_eq!(
        (answer.code, answer.stdout.as_str(), answer.stderr.as_str()),
        (Some(0), "", "")
    );
    assert_eq!(house.ledger(), before);
}

#[test]
fn rows_2_to_5_held_then_approved_passes_once_and_only_as_it_was() {
    let house = House::new("row2");
    let command = format!("rm -rf {}", house.data().display());
    let held = house.bash(&command);
    held.must_block();
    let id = held.request();
    assert!(!id.is_empty(), "{}", held.stderr);
    house.approve(&id);
    let changed = house.bash(&format!(
        "rm -rf {} {}",
        house.data().display(),
        house.home.join("other").display()
    ));
    changed.must_block();
    let passed = house.bash(&command);
    assert_eq!(
        (passed.code, passed.stdout.as_str()),
        (Some(0), ""),
        "{}",
        passed.stderr
    );
    let used = house.ledger().matches("\"kind\":\"used\"").count();
    assert_eq!(used, 1);
    house.bash(&command).must_block();
    assert_eq!(house.ledger().matches("\"kind\":\"used\"").count(), 1);
}

#[test]
fn row_6_powershell_is_a_shell() {
    let house = House::new("row6");
    house
        .call(
            "PowerShell",
            &json!({"command": "Remove-Item -Recurse -Force C:\\data"}),
        )
        .must_block();
    house
        .call(
            "PowerShell",
            &json!({"command": format!("Remove-Item -Recurse -Force {}", house.data().display())}),
        )
        .must_block();
    house
        .call("PowerShell", &json!({"command": "Get-ChildItem C:\\data"}))
        .must_pass();
}

#[test]
fn rows_7_to_10_every_tool_that_can_lose_data_is_judged() {
    let house = House::new("row7");
    let data = house.data();
    house
        .call(
            "Monitor",
            &json!({"command": format!("rm -rf {}", data.display()), "description": "x"}),
        )
        .must_block();
    house
        .call(
            "Write",
            &json!({"file_path": house.home.join("shop.db"), "content": "gone"}),
        )
        .must_block();
    let settings = house.settings();
    house
        .call(
            "Edit",
            &json!({"file_path": settings, "old_string": "backstop", "new_string": "true"}),
        )
        .must_block();
    house
        .call("mcp__db__query", &json!({"a": {"b": ["DROP TABLE users"]}}))
        .must_block();
    house
        .call(
            "NewTool",
            &json!({"command": format!("rm -rf {}", data.display())}),
        )
        .must_block();
    house
        .call("NewTool", &json!({"command": "ls -la"}))
        .must_pass();
    house
        .call("Read", &json!({"file_path": house.home.join("shop.db")}))
        .must_pass();
}

#[test]
fn rows_11_to_13_what_cannot_be_read_is_blocked() {
    let house = House::new("row11");
    let whole = house
        .payload("Bash", &json!({"command": "ls -la"}))
        .to_string();
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let bad = [
        String::new(),
        "\n".into(),
        "{".into(),
        "[]".into(),
        "null".into(),
        "7".into(),
        format!("{whole}{whole}"),
        format!("hello {whole}"),
        whole.replace("\"ls -la\"", "\"\\ud800\""),
        whole.replace("\"ls -la\"", &deep),
        whole.replace(
            "\"command\":\"ls -la\"",
            "\"command\":\"rm -rf /\",\"command\":\"ls\"",
        ),
        whole.replace(
            "\"tool_name\":\"Bash\"",
            "\"tool_name\":\"Bash\",\"tool_name\":\"Read\"",
        ),
        whole.replace("\"tool_name\":\"Bash\"", "\"tool_name\":7"),
        whole.replace(
            "\"hook_event_name\":\"PreToolUse\"",
            "\"hook_event_name\":null",
        ),
        whole.replace("\"ls -la\"", "1e400"),
    ];
    for input in bad {
        let answer = house.send(input.as_bytes());
        assert_eq!(answer.code, Some(2), "{input:.80}");
        assert!(!answer.stderr.trim().is_empty(), "{input:.80}");
    }
    let bom = format!("\u{feff}{whole}");
    house.send(bom.as_bytes()).must_pass();
}

#[test]
fn row_14_input_that_is_too_large_is_blocked() {
    let house = House::new("row14");
    let big = "x".repeat(9 * 1024 * 1024);
    let answer = house.call("Bash", &json!({"command": format!("echo {big}")}));
    answer.must_block();
}

#[test]
fn row_14_stdin_that_never_ends_is_blocked_before_the_deadline() {
    let house = House::new("row14b");
    let mut child = house
        .hook()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut open = child.stdin.take().unwrap();
    open.write_all(b"{\"hook_event_name\":").unwrap();
    let start = Instant::now();
    let output = child.wait_with_output().unwrap();
    drop(open);
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.is_empty() && start.elapsed() < Duration::from_secs(20));
}

#[test]
fn row_15_a_state_directory_that_is_gone_blocks_losses_and_nothing_else() {
    let house = House::new("row15");
    std::fs::remove_dir_all(house.state()).unwrap();
    house
        .bash(&format!("rm -rf {}", house.data().display()))
        .must_block();
    house.bash("ls -la").must_pass();
    assert!(
        !house.state().exists(),
        "the hook must not make a new, empty state in its place"
    );
}

#[test]
fn row_15_a_state_that_cannot_be_written_blocks_losses() {
    let house = House::new("row15b");
    for point in [
        "store.append.before=error",
        "store.append.half=error",
        "store.append.written=error",
    ] {
        let answer = house.send_with(
            &house.payload(
                "Bash",
                &json!({"command": format!("rm -rf {}", house.data().display())}),
            ),
            &[("BACKSTOP_FAILPOINT", point)],
        );
        answer.must_block();
    }
    std::fs::write(house.state().join("ledger.jsonl"), "not a ledger\n").unwrap();
    house
        .bash(&format!("rm -rf {}", house.data().display()))
        .must_block();
    house.bash("ls -la").must_pass();
}

#[test]
fn row_16_closed_streams_change_no_answer() {
    let house = House::new("row16");
    let loss = house
        .payload(
            "Bash",
            &json!({"command": format!("rm -rf {}", house.data().display())}),
        )
        .to_string();
    let calm = house
        .payload("Bash", &json!({"command": "ls -la"}))
        .to_string();
    for closed in [">&-", "2>&-", ">&- 2>&-", "> /dev/full", "2> /dev/full"] {
        for (input, wanted) in [(&loss, 2), (&calm, 0)] {
            let line = format!("exec {} {closed}", house.line());
            let mut child = Command::new("/bin/sh")
                .args(["-c", &line])
                .env_clear()
                .envs(house.env())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child
                .stdin
                .take()
                .unwrap()
                .write_all(input.as_bytes())
                .unwrap();
            assert_eq!(
                child.wait_with_output().unwrap().status.code(),
                Some(wanted),
                "{closed} {input:.60}"
            );
        }
    }
}

#[test]
fn rows_17_and_18_panics_signals_and_lost_time_are_blocks() {
    let house = House::new("row17");
    let calm = house.payload("Bash", &json!({"command": "ls -la"}));
    for point in ["hook.start=panic", "hook.start=error", "hook.main=panic"] {
        house
            .send_with(&calm, &[("BACKSTOP_FAILPOINT", point)])
            .must_block();
    }
    let start = Instant::now();
    house
        .send_with(&calm, &[("BACKSTOP_FAILPOINT", "hook.start=sleep:60000")])
        .must_block();
    assert!(
        start.elapsed() < Duration::from_secs(21),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn rows_17_signals_that_kill_are_blocks() {
    let house = House::new("row17s");
    for signal in ["SEGV", "ABRT", "BUS", "ILL", "FPE", "TERM", "HUP", "INT"] {
        let mut child = house
            .hook()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let open = child.stdin.take().unwrap();
        let ready = Instant::now();
        // The handlers stand before the first byte is read: wait until the process sleeps in its read.
        while ready.elapsed() < Duration::from_secs(5) {
            let wchan =
                std::fs::read_to_string(format!("/proc/{}/task/{}/stat", child.id(), child.id()))
                    .unwrap_or_default();
            let threads =
                std::fs::read_dir(format!("/proc/{}/task", child.id())).map_or(0, Iterator::count);
            if wchan.contains(") S ") && threads > 1 {
                break;
            }
            std::thread::yield_now();
        }
        let status = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
        let output = child.wait_with_output().unwrap();
        drop(open);
        assert_eq!(output.status.code(), Some(2), "{signal}");
        assert!(!output.stderr.is_empty(), "{signal}");
    }
}

#[test]
fn rows_19_and_20_subagents_and_modes_change_nothing() {
    let house = House::new("row19");
    let mut payload = house.payload(
        "Bash",
        &json!({"command": format!("rm -rf {}", house.data().display())}),
    );
    payload["agent_id"] = json!("a1");
    house.send(payload.to_string().as_bytes()).must_block();
    for mode in ["bypassPermissions", "dontAsk", "somethingNew"] {
        payload["permission_mode"] = json!(mode);
        house.send(payload.to_string().as_bytes()).must_block();
    }
}

#[test]
fn row_22_a_prompt_is_never_an_approval() {
    let house = House::new("row22");
    let held = house.bash(&format!("rm -rf {}", house.data().display()));
    let before = house.ledger();
    for source in [json!(null), json!("user"), json!("system")] {
        let prompt = json!({"hook_event_name": "UserPromptSubmit", "prompt": format!("approve {}", held.request()), "source": source, "session_id": "s", "cwd": house.home});
        house.send(prompt.to_string().as_bytes()).must_pass();
    }
    assert_eq!(house.ledger(), before);
}

#[test]
fn row_23_a_configuration_without_the_guard_does_not_take_effect() {
    let house = House::new("row23");
    let change = json!({"hook_event_name": "ConfigChange", "source": "user_settings", "file_path": house.settings(), "session_id": "s", "cwd": house.home});
    house.send(change.to_string().as_bytes()).must_pass();
    std::fs::write(house.settings(), "{\"hooks\":{}}").unwrap();
    house.send(change.to_string().as_bytes()).must_block();
    let unnamed = json!({"hook_event_name": "ConfigChange", "source": "user_settings"});
    house.send(unnamed.to_string().as_bytes()).must_block();
}

#[test]
fn an_unknown_agent_or_word_after_hook_blocks() {
    let house = House::new("words");
    for words in [
        &["hook"][..],
        &["hook", "nobody"],
        &["hook", "claude", "--what"],
        &["hook", "claude", "--state"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_backstop"))
            .args(words)
            .env_clear()
            .envs(house.env())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn a_broken_policy_blocks_losses_and_says_where() {
    let house = House::new("policy");
    let file = house.home.join(".config/backstop/policy.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "mode = \"enforce\"\nnonsense = 1\n").unwrap();
    let answer = house.bash(&format!("rm -rf {}", house.data().display()));
    answer.must_block();
    assert!(answer.stderr.contains("policy.toml:2"), "{}", answer.stderr);
    house.bash("ls -la").must_pass();
}

#[test]
fn two_hooks_at_once_on_one_approved_call_let_one_through() {
    let house = House::new("race");
    let command = format!("rm -rf {}", house.data().display());
    let id = house.bash(&command).request();
    house.approve(&id);
    let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
        let hooks: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| house.bash(&command).code))
            .collect();
        hooks.into_iter().map(|hook| hook.join().unwrap()).collect()
    });
    assert_eq!(
        codes.iter().filter(|code| **code == Some(0)).count(),
        1,
        "{codes:?}"
    );
    assert_eq!(
        codes.iter().filter(|code| **code == Some(2)).count(),
        3,
        "{codes:?}"
    );
}

#[test]
fn a_kill_at_any_step_of_the_use_never_gives_two_uses() {
    for point in [
        "hook.before-use",
        "hook.after-use",
        "store.append.before",
        "store.append.half",
        "store.append.written",
        "store.append.synced",
        "store.head.before",
        "store.head.after",
    ] {
        let house = House::new(&format!("kill-{point}"));
        let command = format!("rm -rf {}", house.data().display());
        let id = house.bash(&command).request();
        house.approve(&id);
        let payload = house.payload("Bash", &json!({"command": command}));
        let killed = house.send_with(
            &payload,
            &[("BACKSTOP_FAILPOINT", &format!("{point}=kill"))],
        );
        assert_ne!(killed.code, Some(0), "{point}");
        let next = house.bash(&command).code;
        let last = house.bash(&command).code;
        let passed = [next, last].iter().filter(|code| **code == Some(0)).count();
        assert!(passed <= 1, "{point}: {next:?} {last:?}");
        assert!(
            house.ledger().matches("\"kind\":\"used\"").count() <= 1,
            "{point}"
        );
        let verified = house.backstop(&["ledger", "verify"]);
        assert_eq!(verified.code, Some(0), "{point}: {}", verified.stderr);
    }
}

#[test]
fn the_payload_of_the_hook_is_a_contract() {
    let house = House::new("payload");
    let payload: Value = house.payload("Bash", &json!({"command": "ls"}));
    assert_eq!(payload["hook_event_name"], "PreToolUse");
    assert!(house.line().contains("hook"));
}
