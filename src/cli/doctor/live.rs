//! The live proof: payloads go to the installed command line, exactly as it stands, and its answers are compared.
//! Nothing that the payloads name is run; the destructive one names the root directory, which no approval opens.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::settings::Entry;
use super::{Grade, Point};

/// Longest wait for one answer.
const WAIT: Duration = Duration::from_secs(25);

/// Returns what `claude --version` prints; nothing when it does not answer.
pub fn claude_version() -> Option<String> {
    let output = Command::new("claude")
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns one point for each installed entry.
pub fn points(entries: &[Entry], observes: bool) -> Vec<Point> {
    entries.iter().map(|entry| prove(entry, observes)).collect()
}

/// In the mode that only observes, what can be judged passes.
fn prove((file, entry): &Entry, observes: bool) -> Point {
    let blocks = if observes { 0 } else { 2 };
    let file = file.display();
    let shell = |command: &str| payload(&json!({"command": command}), "Bash");
    let vectors = [
        ("a harmless call", shell("ls -la"), 0),
        ("the removal of everything", shell("rm -rf /"), blocks),
        ("input that cannot be read", "{".to_owned(), 2),
        (
            "a tool that is not known, with a command",
            payload(&json!({"command": "rm -rf /*"}), "BackstopProbe"),
            blocks,
        ),
    ];
    for (what, input, wanted) in vectors {
        match answer(entry, &input) {
            Ok((code, reason))
                if code == Some(wanted) && (wanted == 0 || !reason.trim().is_empty()) => {}
            Ok((code, _)) => {
                let code = code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
                return Point::new(
                    Grade::Fail,
                    format!(
                        "live proof: {what} gave {code} instead of {wanted}, by the line in {file}"
                    ),
                    "the installed line does not guard",
                    "backstop install claude",
                );
            }
            Err(error) => {
                return Point::new(
                    Grade::Fail,
                    format!("live proof: the line in {file} does not start: {error}"),
                    "every call is blocked, or passes, without a judgement",
                    "backstop install claude",
                );
            }
        }
    }
    Point::ok(match observes {
        true => format!(
            "live proof: the line in {file} answers; in mode observe it records and blocks nothing"
        ),
        false => {
            format!("live proof: the line in {file} passes what is harmless and blocks what is not")
        }
    })
}

fn payload(input: &Value, tool: &str) -> String {
    json!({"hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "cwd": "/", "session_id": "backstop-doctor"}).to_string()
}

/// Runs an installed entry as the client would.
fn answer(entry: &Value, input: &str) -> std::io::Result<(Option<i32>, String)> {
    let program = entry
        .get("command")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut command = match entry.get("args").and_then(Value::as_array) {
        Some(args) => {
            let mut command = Command::new(program);
            command.args(args.iter().filter_map(Value::as_str));
            command
        }
        None => {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", program]);
            command
        }
    };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(input.as_bytes());
    }
    let until = Instant::now() + WAIT;
    while child.try_wait()?.is_none() {
        if Instant::now() > until {
            child.kill()?;
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output()?;
    Ok((
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    ))
}
