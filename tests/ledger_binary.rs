//! The record as the built program keeps it: the clock, death at every step of a use, repair at a terminal, and a million records.
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

mod house;
mod support;

use std::io::Write as _;
use std::process::Stdio;

use backstop::model::approval::{Approval, RequestId, Strength};
use backstop::store::{ApprovalRules, Store};
use house::House;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// Both approvals, given at another moment than now.
fn approve_at(house: &House, id: &str, now: Timestamp) {
    let store = Store::open(&house.state()).unwrap();
    for step in [1, 2] {
        let approval = Approval {
            at: backstop::store::stamp(now),
            strength: Strength::Terminal,
            by: "tester (0)".to_owned(),
            step,
            nonce: format!("nonce-{step}-{}", now.as_nanosecond()),
            backups: vec![],
            waived: vec![],
        };
        let rules = ApprovalRules::default();
        store
            .approve(&RequestId(id.to_owned()), approval, &rules, now)
            .unwrap();
    }
}

#[test]
fn row_15_a_clock_before_the_approval_opens_nothing_and_says_so() {
    let house = House::new("clock");
    let command = "rm -rf data";
    let held = house.held(command);
    approve_at(
        &house,
        &held.id,
        Timestamp::now() + SignedDuration::from_mins(10),
    );
    for _ in 0..2 {
        let answer = house.bash(command);
        answer.must_block();
        assert!(answer.stderr.contains("clock"), "{answer:?}");
    }
    assert!(house.records("used").is_empty());
    assert!(house.data().exists());
}

/// How often one passing call comes to a place of the store.
fn times(point: &str) -> u64 {
    for count in 1..20 {
        let house = House::new("count");
        let command = "rm -rf data";
        let held = house.held(command);
        house.approve(&held.id);
        let payload = house.payload("Bash", &json!({"command": command}));
        let told = format!("{point}#{count}=kill");
        if house
            .send_with(&payload, &[("BACKSTOP_FAILPOINT", &told)])
            .code
            == Some(0)
        {
            return count - 1;
        }
    }
    panic!("{point} is reached very often");
}

#[test]
fn a_kill_at_every_step_of_every_record_of_a_use_gives_at_most_one_run() {
    for point in [
        "store.append.before",
        "store.append.half",
        "store.append.written",
        "store.append.synced",
        "store.head.before",
        "store.head.after",
    ] {
        let reached = times(point);
        assert!(reached >= 2, "{point}: a hold and a use at least");
        for count in 1..=reached {
            let house = House::new("usekill");
            let command = "rm -rf data";
            let held = house.held(command);
            house.approve(&held.id);
            let payload = house.payload("Bash", &json!({"command": command}));
            let told = format!("{point}#{count}=kill");
            let killed = house.send_with(&payload, &[("BACKSTOP_FAILPOINT", &told)]);
            assert_ne!(killed.code, Some(0), "{told}");
            let spent = house.ledger().matches("\"kind\":\"used\"").count();
            let after: Vec<_> = (0..2).map(|_| house.bash(command).code).collect();
            let passed = after.iter().filter(|code| **code == Some(0)).count();
            let used = house.ledger().matches("\"kind\":\"used\"").count();
            assert!(
                used <= 1 && spent + passed <= 2 && passed <= 1,
                "{told}: {after:?}"
            );
            // A use that was wholly written before the kill is spent; one that was not still opens once.
            let whole = spent == 1 && point != "store.append.half";
            assert_eq!(passed, usize::from(!whole), "{told}: {after:?}");
            let verified = house.backstop(&["ledger", "verify"]);
            assert_eq!(verified.code, Some(0), "{told}: {verified:?}");
        }
    }
}

#[test]
fn records_behind_the_end_that_continue_nothing_are_set_aside_by_a_person_only() {
    let house = House::new("repair");
    let held = house.held("rm -rf data");
    let file = house.state().join("ledger.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    let first = whole.lines().next().unwrap();
    // A second copy of a whole record behind the end: no crash writes that.
    std::fs::write(&file, format!("{whole}{first}\n{{\"half")).unwrap();
    house.bash("rm -rf data").must_block();
    let alone = house.backstop(&["ledger", "repair"]);
    assert_eq!(alone.code, Some(1), "{alone:?}");
    let mut terminal = house.terminal(&["ledger", "repair"]);
    terminal.wait_for("repair? [y/N] ").type_line("n");
    assert_eq!(terminal.end().0, 0);
    assert_ne!(std::fs::read_to_string(&file).unwrap(), whole);
    let mut terminal = house.terminal(&["ledger", "repair"]);
    terminal.wait_for("repair? [y/N] ").type_line("y");
    let (code, seen) = terminal.end();
    assert!(code == 0 && seen.contains("were set aside"), "{seen}");
    let repaired = std::fs::read_to_string(&file).unwrap();
    assert!(repaired.starts_with(&whole) && repaired.contains("\"kind\":\"repaired\""));
    assert_eq!(house.backstop(&["ledger", "verify"]).code, Some(0));
    house.approved(&held);
    house.passes_and_runs(&held);

    // What the head knows cannot be mended: changed, and cut.
    let good = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n") + "\n";
    for damaged in [
        good.replacen("\"kind\":\"requested\"", "\"kind\":\"requestee\"", 1),
        cut,
    ] {
        std::fs::write(&file, &damaged).unwrap();
        let refused = house.backstop(&["ledger", "repair"]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("cannot be mended"), "{refused:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged);
    }
}

/// Appends records as the store would write them, the chain whole, without keeping them in memory.
fn grow(house: &House, records: usize) {
    let path = house.state().join("ledger.jsonl");
    for _ in 0..records.div_ceil(100_000) {
        let store = Store::open(&house.state()).unwrap();
        let last = store.last_records(1).unwrap().pop().unwrap();
        let (mut seq, mut prev) = (last.seq, last.hash);
        let file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        let mut file = std::io::BufWriter::new(file);
        for _ in 0..100_000.min(records) {
            seq += 1;
            let start = format!(
                r#"{{"v":1,"seq":{seq},"at":"2100-01-01T00:00:00.000000Z","kind":"observed","prev":"{prev}","body":{{"text":"{seq:->100}"}}"#
            );
            let hash = Sha256::digest([b"backstop.ledger/1\n", start.as_bytes()].concat());
            prev = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(file, "{start},\"hash\":\"{prev}\"}}").unwrap();
        }
        file.into_inner().unwrap();
        store
            .record("observed", &json!({}), Timestamp::now())
            .unwrap();
    }
}

/// Bytes that one held call of the hook reads from files, by the kernel's count.
fn read_by_a_call(house: &House, command: &str) -> u64 {
    let mut child = house
        .hook()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let payload = house.payload("Bash", &json!({"command": command}));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(payload.to_string().as_bytes()).unwrap();
    drop(stdin);
    let process = format!("/proc/{}", child.id());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    // Ended and not yet waited for: its counts still stand there.
    while !std::fs::read_to_string(format!("{process}/stat"))
        .unwrap()
        .contains(") Z ")
    {
        assert!(std::time::Instant::now() < until);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let counts = std::fs::read_to_string(format!("{process}/io")).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let line = counts
        .lines()
        .find(|line| line.starts_with("rchar:"))
        .unwrap();
    line.trim_start_matches("rchar:").trim().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_call_reads_no_more_of_a_ledger_of_a_million_records_than_of_one_of_ten() {
    let cost = |records: usize| {
        let house = House::new("million");
        let held = house.held("rm -rf data");
        grow(&house, records);
        house.bash("rm -rf data").must_block();
        let bytes = std::fs::metadata(house.state().join("ledger.jsonl"))
            .unwrap()
            .len();
        assert!(bytes > records as u64 * 300);
        let read = read_by_a_call(&house, "rm -rf data");
        house.approve(&held.id);
        house.passes_and_runs(&held);
        read
    };
    let (small, large) = (cost(10), cost(1_000_000));
    println!("a held call reads {small} bytes with 10 records and {large} with 1,000,000");
    assert!(large < small + 4096, "{small} {large}");
}
