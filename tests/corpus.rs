//! The corpora in `fixtures/corpus/`: every case judged by the program itself, in one batch, the world not asked.
//! A wrong case is named with what was expected and what was found; all wrong cases are told at once.
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

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

/// Where the commands stand when a case names no other place.
const CWD: &str = "/srv/app";
/// Fewer cases than this mean that a file was lost.
const LEAST: usize = 1_500;

/// One file: cases of one family.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "case")]
    cases: Vec<Group>,
}

/// Commands of which the same is expected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    /// Rules that must be found in each of them; nothing means that nothing may be found.
    #[serde(default)]
    rules: Vec<String>,
    /// The verdict of each of them, where it is not told by the folder.
    verdict: Option<String>,
    cwd: Option<String>,
    tool: Option<String>,
    /// A command line, or a whole `tool_input` where it begins with `{"`.
    commands: Vec<String>,
}

struct Case {
    file: String,
    folder: String,
    command: String,
    rules: Vec<String>,
    verdict: Option<String>,
    asked: Value,
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "toml") {
            all.push(path);
        }
    }
    all.sort();
    all
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    let mut all = Vec::new();
    for path in files(&root) {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let folder = name.split('/').next().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for group in file.cases {
            for command in group.commands {
                let tool = group.tool.as_deref().unwrap_or("Bash");
                let input = if command.starts_with("{\"") {
                    serde_json::from_str(&command).unwrap()
                } else {
                    json!({ "command": command })
                };
                let cwd = group.cwd.as_deref().unwrap_or(CWD);
                let asked =
                    json!({"id": all.len(), "tool_name": tool, "tool_input": input, "cwd": cwd});
                all.push(Case {
                    file: name.clone(),
                    folder: folder.clone(),
                    command,
                    rules: group.rules.clone(),
                    verdict: group.verdict.clone(),
                    asked,
                });
            }
        }
    }
    all
}

/// Judges all cases in one run, with a home that is not there.
fn judged(cases: &[Case]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_backstop"))
        .args(["check", "--batch", "--facts", "none"])
        .env_clear()
        .env("HOME", "/home/nobody-here")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: Vec<String> = cases.iter().map(|case| case.asked.to_string()).collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(stdin, "{line}").unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn wrong(case: &Case, result: &Value) -> Option<String> {
    let verdict = result["verdict"].as_str().unwrap_or("none");
    let findings = result["findings"].as_array().cloned().unwrap_or_default();
    let found: Vec<&str> = findings
        .iter()
        .filter_map(|finding| finding["rule"].as_str())
        .collect();
    let missing: Vec<&String> = case
        .rules
        .iter()
        .filter(|rule| !found.contains(&rule.as_str()))
        .collect();
    let passes = case.rules.is_empty()
        && case
            .verdict
            .as_deref()
            .is_none_or(|verdict| verdict == "allow");
    let as_said = match &case.verdict {
        Some(wanted) => wanted == verdict,
        None => (verdict == "allow") == passes,
    };
    let is_error = result.get("error").is_some_and(|error| !error.is_null());
    if as_said && missing.is_empty() && !is_error {
        return None;
    }
    let wanted = if passes {
        "allow".to_owned()
    } else {
        format!(
            "{} {}",
            case.verdict.as_deref().unwrap_or("a finding"),
            case.rules.join(" ")
        )
    };
    Some(format!(
        "{}: `{}`\n    wanted {wanted}, found {verdict} {}",
        case.file,
        case.command,
        found.join(" ")
    ))
}

#[test]
fn every_case_is_judged_as_it_says() {
    let cases = cases();
    let results = judged(&cases);
    assert_eq!(results.len(), cases.len(), "one answer for each case");
    let mut report = String::new();
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (case, result) in cases.iter().zip(&results) {
        let (all, bad) = tally.entry(&case.folder).or_default();
        *all += 1;
        if let Some(line) = wrong(case, result) {
            *bad += 1;
            writeln!(report, "{line}").unwrap();
        }
    }
    for (folder, (all, bad)) in &tally {
        writeln!(report, "{folder}: {all} cases, {bad} wrong").unwrap();
    }
    let wrong: usize = tally.values().map(|(_, bad)| bad).sum();
    assert!(wrong == 0, "{wrong} cases are judged wrongly:\n{report}");
    assert!(cases.len() >= LEAST, "only {} cases are there", cases.len());
}

#[test]
fn every_example_of_every_rule_is_judged_as_its_pack_says() {
    let output = Command::new(env!("CARGO_BIN_EXE_backstop"))
        .args(["policy", "test"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains(" 0 failures."), "{text}");
}
