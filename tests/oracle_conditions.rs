//! Real bash says whether the end of a line is reached after a variable may have been changed; where it is, the loss there must be found.
//! `fixtures/oracle/conditions.txt` holds the changes, one a line; bash runs them in a scratch folder with a harmless word in the place of the loss.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests may unwrap and print"
)]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What is done to `V`, which is `a` before.
const CHANGES: &str = include_str!("../fixtures/oracle/conditions.txt");

/// Ends of the line; each reaches `LOSS` when `V` is `b`.
const ENDS: &[&str] = &[
    r#"[ "$V" = b ] && LOSS"#,
    r#"if [ "$V" = b ]; then LOSS; fi"#,
    "[[ $V == b ]] && LOSS",
    "case $V in b) LOSS;; esac",
    r#"[ "$V" != b ] || LOSS"#,
    "case $V in a) ;; *) LOSS;; esac",
    r#"if [ "$V" = a ]; then :; else LOSS; fi"#,
    "[[ -n x && $V == b ]] && LOSS",
    "[[ $V == c || ! $V == a ]] && LOSS",
    r#"while [ "$V" = b ]; do LOSS; break; done"#,
    r#"until [ "$V" != b ]; do LOSS; V=c; done"#,
    r#"printf 'x\ny\n' | while read -r l; do [ "$V" = b ] && LOSS; done"#,
    "for ((n = 0; n < 2; n++)); do [[ $V == b ]] && LOSS; done",
];

/// Loops in which a later round reaches the end, because an earlier one has made the change.
const ROUNDS: &[&str] = &[
    "ls | while IFS= read -r l; do END; CHANGE; done",
    "while read -r l; do CHANGE; END; done < <(ls)",
    "for l in $(ls); do END; CHANGE; done",
    "h() { CHANGE; }; while read -r l; do END; h; done < <(ls)",
    "g() { END; }; while read -r l; do g; CHANGE; done < <(ls)",
    "g() { local V=$V; END; }; while read -r l; do g; CHANGE; done < <(ls)",
    r#"g() { V=$1; END; }; W=a; while read -r l; do g "$W"; V=$W; CHANGE; W=$V; done < <(ls)"#,
    r#"run() { "$@"; }; h() { CHANGE; }; while read -r l; do END; run h; done < <(ls)"#,
];

/// Fewest ends that bash has to reach, so that the test says something.
const REACHED_MIN: usize = 2_000;

fn lines() -> Vec<String> {
    let changes = CHANGES.lines().filter(|line| !line.is_empty());
    changes
        .flat_map(|change| ENDS.iter().map(move |end| format!("V=a; {change}; {end}")))
        .collect()
}

fn rounds() -> Vec<String> {
    let mut lines = Vec::new();
    for change in CHANGES.lines().filter(|line| !line.is_empty()) {
        for (at, round) in ROUNDS.iter().enumerate() {
            // Each loop with other ends: all of them together would take minutes.
            for end in ENDS.iter().skip(at % 3).step_by(3) {
                let line = round.replace("CHANGE", change).replace("END", end);
                lines.push(format!("V=a; {line}"));
            }
        }
    }
    lines
}

/// Runs the lines in one bash, each as a bash of its own; returns the numbers of those that reach their end.
fn reached(lines: &[String]) -> HashSet<usize> {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("env"), "V=b\n").unwrap();
    fs::write(place.path().join("valb"), "b\n").unwrap();
    let mut script = String::new();
    for (at, line) in lines.iter().enumerate() {
        let line = line.replace("LOSS", &format!("builtin echo {at} >&9"));
        let quoted = line.replace('\'', r"'\''");
        writeln!(script, "timeout 5 bash -c '{quoted}'").unwrap();
    }
    let output = place.path().join("reached");
    let told = fs::File::create(&output).unwrap();
    let mut bash = Command::new("bash")
        .args(["-c", "exec 9>&1 >/dev/null; . /dev/stdin"])
        .current_dir(place.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", place.path())
        .stdin(Stdio::piped())
        .stdout(told)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The lines read their input too: the script is no part of it.
    let script = script.replace("bash -c", "</dev/null bash -c");
    bash.stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    bash.wait().unwrap();
    let told = fs::read_to_string(&output).unwrap();
    told.lines().map(|line| line.parse().unwrap()).collect()
}

/// Returns the verdicts of all lines, in order.
fn verdicts(lines: &[String]) -> Vec<String> {
    let mut input = String::new();
    for line in lines {
        let command = line.replace("LOSS", "rm -rf /srv/precious");
        let call = serde_json::json!({"tool_name": "Bash", "tool_input": {"command": command}});
        writeln!(input, "{call}").unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), input).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_backstop"))
        .args(["check", "--batch", "--facts", "none", "--cwd", "/srv/app"])
        .stdin(fs::File::open(file.path()).unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let verdict = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["verdict"].as_str().unwrap().to_owned()
    };
    text.lines().map(verdict).collect()
}

/// Compares what bash reaches with what is found.
fn compare(lines: &[String], least: usize) {
    let reached = reached(lines);
    let verdicts = verdicts(lines);
    assert_eq!(verdicts.len(), lines.len());
    let missed = |at: &usize| verdicts[*at] == "allow";
    let missed: Vec<&String> = reached
        .iter()
        .filter(|at| missed(at))
        .map(|at| &lines[*at])
        .collect();
    eprintln!(
        "{} lines, {} reached, {} missed",
        lines.len(),
        reached.len(),
        missed.len()
    );
    assert!(reached.len() >= least, "{}", reached.len());
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_loss_that_bash_reaches_is_found_whatever_changed_the_variable() {
    compare(&lines(), REACHED_MIN);
}

#[test]
fn a_loss_that_a_later_round_of_a_loop_reaches_is_found() {
    compare(&rounds(), REACHED_MIN);
}
