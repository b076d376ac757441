//! Scenes in `fixtures/scenes/`: a whole folder of projects, repositories, remotes and data, and calls in it whose outcome was proven by running each
//! of them in a copy. Here they are only judged, the world being asked; all wrong ones are told at once.
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

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

/// Fewer cases than this mean that a file was lost.
const LEAST: usize = 500;

/// One call in the scene; `@SCENE@` stands for its folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    cwd: String,
    tool: String,
    input: Value,
    /// Something is lost by it.
    lost: bool,
}

fn placed(value: &Value, scene: &str) -> Value {
    serde_json::from_str(&value.to_string().replace("@SCENE@", scene)).unwrap()
}

fn build(script: &Path, scene: &Path) {
    let done = Command::new("bash")
        .arg(script)
        .arg(scene)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn every_call_in_the_scene_of_trees_is_judged_as_it_turned_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenes/trees");
    let dir = tempfile::tempdir_in(house::place()).unwrap();
    let scene = dir.path().canonicalize().unwrap().join("scene");
    build(&folder.join("scene.sh"), &scene);
    let shown = scene.to_string_lossy().into_owned();
    let text = fs::read_to_string(folder.join("cases.jsonl")).unwrap();
    let cases: Vec<Case> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(cases.len() >= LEAST, "only {} cases", cases.len());
    let mut child = Command::new(env!("CARGO_BIN_EXE_backstop"))
        .args(["check", "--batch", "--facts", "here"])
        .env_clear()
        .env("HOME", scene.join("home"))
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: Vec<String> = cases
        .iter()
        .map(|case| {
            let cwd = scene.join(&case.cwd);
            let input = placed(&case.input, &shown);
            json!({"tool_name": case.tool, "tool_input": input, "cwd": cwd}).to_string()
        })
        .collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(stdin, "{line}").unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let results: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), cases.len(), "one result a line");
    let wrong: Vec<String> = cases
        .iter()
        .zip(&results)
        .filter(|(case, result)| (result["verdict"] != "allow") != case.lost)
        .map(|(case, result)| {
            let fault = if case.lost {
                "passes"
            } else {
                "is held for nothing"
            };
            format!("in {} {fault}: {}\n  {result}", case.cwd, case.input)
        })
        .collect();
    println!("{} calls, {} wrong", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
