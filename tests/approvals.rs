//! Approvals through a real terminal, and everything that must not count as one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::print_stderr,
    reason = "a test may stop with a panic"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use backstop::adapters::process;
use backstop::model::approval::{Fingerprint, Request, RequestState, Strength};
use backstop::model::finding::{Blast, Finding, Severity};
use backstop::model::policy::{Demand, Requirement};
use backstop::model::span::Span;
use backstop::model::target::{Reach, Target, TargetKey, TargetKind};
use backstop::store::{ApprovalRules, Draft, SpendError, Spending, Store};
use jiff::Timestamp;
use serde_json::{Value, json};
use support::pty::Terminal;

/// A state directory with one held call.
struct Scene {
    dir: tempfile::TempDir,
    store: Store,
    request: Request,
}

impl Scene {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Draft)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("state")).unwrap();
        let mut draft = draft();
        change(&mut draft);
        let request = store.hold(&draft, Timestamp::now()).unwrap();
        Self {
            dir,
            store,
            request,
        }
    }

    fn home(&self) -> &Path {
        self.dir.path()
    }

    fn state(&self) -> PathBuf {
        self.store.dir().to_path_buf()
    }

    fn terminal(&self, words: &[&str], env: &[(&str, &str)]) -> Terminal {
        let state = self.state();
        let mut all = words.to_vec();
        all.extend(["--state", state.to_str().unwrap()]);
        Terminal::start(self.home(), &all, env)
    }

    fn run(&self, words: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
        let state = self.state();
        let mut all = words.to_vec();
        all.extend(["--state", state.to_str().unwrap()]);
        let output = support::run(self.home(), &all, env);
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    fn now(&self) -> Request {
        self.store
            .request(&self.request.id, Timestamp::now())
            .unwrap()
    }

    fn refusals(&self) -> Vec<Value> {
        let mut found = Vec::new();
        self.store
            .records(|record| {
                if record.kind == "refused" {
                    found.push(record.body);
                }
                true
            })
            .unwrap();
        found
    }

    fn approve(&self) {
        let mut terminal = self.terminal(&["approve"], &[]);
        terminal.wait_for("approve? [y/N] ").type_line("y");
        terminal.wait_for("type users: ").type_line("users");
        let (code, seen) = terminal.end();
        assert_eq!(code, 0, "{seen}");
    }

    fn spend(&self) -> Result<(), SpendError> {
        self.store
            .spend(
                &Spending {
                    id: &self.request.id,
                    fingerprint: &self.request.fingerprint,
                    approvals: 2,
                    rules: ApprovalRules::default(),
                    backups: &[],
                    facts: json!({}),
                },
                Timestamp::now(),
            )
            .map(drop)
    }
}

fn draft() -> Draft {
    Draft {
        fingerprint: Fingerprint("ab".repeat(32)),
        tool: "Bash".into(),
        command: "sqlite3 app.db 'DROP TABLE users' # \u{202e}sresu".into(),
        cwd: "/srv/app".into(),
        session: None,
        findings: vec![Finding {
            rule: "sql.drop-table".into(),
            severity: Severity::High,
            summary: "drops table users".into(),
            command: vec!["sqlite3".into(), "app.db".into(), "DROP TABLE users".into()],
            span: Some(Span::new(16, 32)),
            file: None,
            via: Vec::new(),
            targets: vec![Target {
                kind: TargetKind::Sqlite,
                locator: "/srv/app/app.db".into(),
                object: Some("users".into()),
                reach: Reach::Sqlite("/srv/app/app.db".into()),
            }],
            opaque: false,
            instead: None,
            blast: Blast {
                lines: vec!["1,204 rows, 96 kB".into()],
                ..Blast::default()
            },
            exempt: None,
        }],
        requirement: Requirement {
            demand: Demand::Hold,
            backups: Vec::new(),
            approvals: 2,
            waivers: Vec::new(),
        },
        confirm: "users".into(),
        backups: vec!["guard-backup-1".into()],
        request_ttl_s: 86_400,
        approval_ttl_s: 900,
    }
}

#[test]
fn two_screens_at_a_terminal_give_two_records_and_one_run() {
    let scene = Scene::new();
    let id = scene.request.id.0.clone();
    let mut terminal = scene.terminal(&["approve", &id.to_lowercase()], &[]);
    terminal.wait_for("approve? [y/N] ");
    let first = terminal.seen().to_owned();
    for part in [
        "DROP TABLE users",
        "<U+202E>",
        "/srv/app/app.db: users",
        "1,204 rows, 96 kB",
        "guard-backup-1",
        "sql.drop-table",
    ] {
        assert!(first.contains(part), "{part} is missing in\n{first}");
    }
    assert!(!first.contains('\u{202e}'));
    assert_eq!(scene.now().approvals.len(), 0);
    terminal.type_line("y").wait_for("type users: ");
    assert!(terminal.seen().contains("Consequences:"));
    assert_eq!(scene.now().approvals.len(), 1);
    assert_eq!(scene.now().state, RequestState::Pending);
    terminal.type_line("users");
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    let request = scene.now();
    assert_eq!(request.state, RequestState::Approved);
    let steps: Vec<u8> = request.approvals.iter().map(|one| one.step).collect();
    assert_eq!(steps, [1, 2]);
    assert_ne!(request.approvals[0].nonce, request.approvals[1].nonce);
    assert_eq!(request.approvals[0].strength, Strength::Terminal);
    assert_eq!(request.approvals[0].by, process::account());
    assert_eq!(request.approvals[0].backups, ["guard-backup-1"]);
    scene.spend().unwrap();
    assert!(matches!(scene.spend(), Err(SpendError::Used(_))));
    let (code, text, _) = scene.run(&["ledger", "verify"], &[]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_no_an_empty_line_and_an_end_of_input_approve_nothing() {
    for answer in ["n", "", "yess", "\u{4}"] {
        let scene = Scene::new();
        let mut terminal = scene.terminal(&["approve"], &[]);
        terminal.wait_for("approve? [y/N] ").type_line(answer);
        let (code, seen) = terminal.end();
        assert_eq!(code, 1, "{answer:?} {seen}");
        assert!(scene.now().approvals.is_empty());
        assert_eq!(scene.refusals().len(), 1);
    }
}

#[test]
fn another_name_than_the_one_that_is_asked_for_approves_nothing() {
    for answer in ["user", "Users", "y", "", "users2"] {
        let scene = Scene::new();
        let mut terminal = scene.terminal(&["approve"], &[]);
        terminal.wait_for("approve? [y/N] ").type_line("y");
        terminal.wait_for("type users: ").type_line(answer);
        let (code, seen) = terminal.end();
        assert_eq!(code, 1, "{answer:?} {seen}");
        assert_eq!(scene.now().state, RequestState::Pending);
        assert!(scene.spend().is_err());
        assert_eq!(scene.refusals()[0]["reason"], "another name was typed");
    }
}

#[test]
fn a_broken_off_sitting_begins_at_the_first_screen_again() {
    let scene = Scene::new();
    let mut terminal = scene.terminal(&["approve"], &[]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal.wait_for("type users: ");
    drop(terminal);
    assert_eq!(scene.now().approvals.len(), 1);
    scene.approve();
    assert_eq!(scene.now().state, RequestState::Approved);
    assert_eq!(scene.now().approvals.len(), 2);
}

#[test]
fn without_a_terminal_an_approval_is_refused_and_recorded() {
    let scene = Scene::new();
    let (code, _, told) = scene.run(&["approve", &scene.request.id.0], &[]);
    assert_eq!(code, 1);
    assert!(told.contains("needs a terminal"), "{told}");
    let refusals = scene.refusals();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0]["id"], scene.request.id.0);
    // Answers through a pipe are no terminal either.
    let state = scene.state();
    let mut child = support::clean(support::backstop(), scene.home())
        .args(["approve", "--state", state.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    {
        use std::io::Write as _;
        let _ = child.stdin.take().unwrap().write_all(b"y\nusers\n");
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(scene.refusals().len(), 2);
    assert!(scene.now().approvals.is_empty());
}

#[test]
fn marks_of_an_agent_are_refused_and_recorded_even_at_a_terminal() {
    for mark in ["CLAUDE_CODE_CHILD_SESSION", "GEMINI_CLI", "CODEX_SANDBOX"] {
        let scene = Scene::new();
        let (code, seen) = scene.terminal(&["approve"], &[(mark, "1")]).end();
        assert_eq!(code, 1, "{seen}");
        assert!(!seen.contains("approve?"), "{seen}");
        let refusals = scene.refusals();
        assert_eq!(refusals[0]["marks"][0], mark);
        assert!(scene.now().approvals.is_empty());
    }
}

#[test]
fn marks_that_people_have_in_their_terminals_too_are_only_recorded() {
    let scene = Scene::new();
    let mut terminal = scene.terminal(&["approve"], &[("CLAUDECODE", "1")]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal.wait_for("type users: ").type_line("users");
    assert_eq!(terminal.end().0, 0);
    let mut marks = 0;
    scene
        .store
        .records(|record| {
            marks += usize::from(record.kind == "marks" && record.body["marks"][0] == "CLAUDECODE");
            true
        })
        .unwrap();
    assert_eq!(marks, 2);
}

#[test]
fn below_a_recorded_agent_session_an_approval_is_refused_and_recorded() {
    let scene = Scene::new();
    let me = process::look(std::process::id()).unwrap();
    scene
        .store
        .session_seen("s1", me.pid, &me.started, Timestamp::now())
        .unwrap();
    let (code, seen) = scene.terminal(&["approve"], &[]).end();
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("agent session"), "{seen}");
    assert_eq!(scene.refusals().len(), 1);
    assert!(scene.now().approvals.is_empty());
}

#[test]
fn a_process_that_only_has_the_number_of_an_old_session_is_no_reason() {
    let scene = Scene::new();
    scene
        .store
        .session_seen("s1", std::process::id(), "another start", Timestamp::now())
        .unwrap();
    scene.approve();
}

#[test]
fn what_is_decided_or_over_is_not_asked_again() {
    let scene = Scene::new();
    let id = scene.request.id.0.clone();
    let (code, _, _) = scene.run(&["reject", &id, "--reason", "not now"], &[]);
    assert_eq!(code, 0);
    let (code, seen) = scene.terminal(&["approve", &id], &[]).end();
    assert_eq!(code, 1);
    assert!(seen.contains("is rejected"), "{seen}");
    let (code, seen) = scene.terminal(&["approve"], &[]).end();
    assert!(
        code == 1 && seen.contains("no request is pending"),
        "{seen}"
    );
    assert_eq!(scene.run(&["revoke", &id], &[]).0, 0);
    scene.approve();
    assert_eq!(scene.run(&["revoke", &id], &[]).0, 0);
    assert!(scene.spend().is_err());

    let old = Scene::with(|draft| draft.request_ttl_s = 0);
    let (code, seen) = old.terminal(&["approve", &old.request.id.0], &[]).end();
    assert!(code == 1 && seen.contains("is expired"), "{seen}");
}

#[test]
fn an_approval_that_is_too_old_counts_no_more() {
    let scene = Scene::with(|draft| draft.approval_ttl_s = 0);
    scene.approve_but_expect_failure();
}

impl Scene {
    /// With a life of no seconds the first approval is gone when the second comes.
    fn approve_but_expect_failure(&self) {
        let mut terminal = self.terminal(&["approve"], &[]);
        terminal.wait_for("approve? [y/N] ").type_line("y");
        terminal.wait_for("type users: ").type_line("users");
        let (code, seen) = terminal.end();
        assert_eq!(code, 1, "{seen}");
        assert_eq!(self.now().state, RequestState::Pending);
    }
}

#[test]
fn where_no_backup_can_be_made_the_waiver_is_typed_and_recorded() {
    let target = TargetKey {
        kind: TargetKind::Resource,
        locator: "aws:bucket/logs".into(),
    };
    let scene = Scene::with(|draft| {
        draft.requirement.waivers = vec![(target.clone(), "no driver exists".into())];
    });
    let mut terminal = scene.terminal(&["approve"], &[]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal.wait_for("type users: ").type_line("users");
    terminal.wait_for("type no backup: ").type_line("ok");
    assert_eq!(terminal.end().0, 1);
    let mut terminal = scene.terminal(&["approve"], &[]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal.wait_for("type users: ").type_line("users");
    terminal.wait_for("type no backup: ").type_line("no backup");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(scene.now().approvals[1].waived, [target]);
}

#[test]
fn wait_ends_when_a_human_has_decided() {
    let scene = Scene::new();
    let id = scene.request.id.0.clone();
    let (code, text, _) = scene.run(&["wait", &id, "--timeout", "0"], &[]);
    assert_eq!(code, 1);
    assert_eq!(text.lines().count(), 1, "{text}");
    let state = scene.state();
    let waiting = support::clean(support::backstop(), scene.home())
        .args(["wait", &id, "--timeout", "60"])
        .args(["--state", state.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    scene.approve();
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    scene.spend().unwrap();
    assert_eq!(scene.run(&["wait", &id], &[]).0, 1, "used");
    assert_eq!(scene.run(&["wait", "ZZZZ"], &[]).0, 1, "unknown");
}

#[test]
fn requests_are_listed_for_programs_and_for_people() {
    let scene = Scene::new();
    let id = scene.request.id.0.clone();
    scene.approve();
    let (code, text, _) = scene.run(&["requests", "--format", "json"], &[]);
    assert_eq!(code, 0);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "backstop.requests/1");
    let one = &document["requests"][0];
    assert_eq!(one["id"], id);
    assert_eq!(one["state"], "approved");
    assert_eq!(one["confirm"], "users");
    assert_eq!(one["approvals"][1]["strength"], "terminal");
    assert_eq!(one["findings"][0]["targets"][0]["object"], "users");
    assert_eq!(one["backup"]["id"], "guard-backup-1");
    let (_, same, _) = scene.run(&["requests", "show", &id, "--format", "json"], &[]);
    assert_eq!(serde_json::from_str::<Value>(&same).unwrap(), document);
    let (_, text, _) = scene.run(&["requests", "show", &id, "--command"], &[]);
    assert_eq!(text, format!("{}\n", scene.request.command));
    let (_, text, _) = scene.run(&["requests"], &[]);
    assert!(text.contains(&id) && !text.contains('\u{1b}') && !text.contains('\u{202e}'));
}

#[test]
fn a_lease_is_granted_at_a_terminal_with_the_same_two_screens() {
    let scene = Scene::new();
    let scratch = scene.home().canonicalize().unwrap().join("scratch.db");
    std::fs::write(&scratch, b"SQLite format 3\0 and so on").unwrap();
    let path = scratch.to_str().unwrap();
    let words = ["lease", path, "--for", "2h", "--reason", "import tests"];
    let (code, _, told) = scene.run(&words, &[]);
    assert!(code == 1 && told.contains("needs a terminal"), "{told}");
    let mut terminal = scene.terminal(&words, &[]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal
        .wait_for("type scratch.db: ")
        .type_line("scratch.db");
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    let (_, text, _) = scene.run(&["lease", "list", "--format", "json"], &[]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let lease = &document["leases"][0];
    assert_eq!(lease["target"]["locator"], path);
    assert_eq!(lease["identity"]["engine"], "sqlite");
    let id = lease["id"].as_str().unwrap();
    assert_eq!(scene.run(&["revoke", id], &[]).0, 0);
    let (_, text, _) = scene.run(&["lease", "list"], &[]);
    assert_eq!(text, "No lease runs.\n");
    let mut terminal = scene.terminal(&words, &[]);
    terminal.wait_for("approve? [y/N] ").type_line("n");
    assert_eq!(terminal.end().0, 1);
}

#[test]
fn the_ledger_is_shown_exported_and_its_damage_named() {
    let scene = Scene::new();
    scene.approve();
    let (code, text, _) = scene.run(&["ledger", "show", "--format", "json"], &[]);
    assert_eq!(code, 0);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "backstop.ledger/1");
    let (_, few, _) = scene.run(&["ledger", "show", "--limit", "1"], &[]);
    assert!(
        few.lines().count() == 1 && few.contains("approval 2"),
        "{few}"
    );
    let id = scene.request.id.0.clone();
    let (_, own, _) = scene.run(&["ledger", "show", "--id", &id], &[]);
    assert_eq!(own.lines().count(), 3, "{own}");
    let copy = scene.home().join("copy.jsonl");
    let to = copy.to_str().unwrap();
    assert_eq!(scene.run(&["ledger", "export", "--to", to], &[]).0, 0);
    assert_eq!(scene.run(&["ledger", "export", "--to", to], &[]).0, 1);
    let ledger = scene.state().join("ledger.jsonl");
    let bytes = std::fs::read(&ledger).unwrap();
    assert_eq!(std::fs::read(&copy).unwrap(), bytes);
    let changed = String::from_utf8(bytes)
        .unwrap()
        .replacen("\"step\":1", "\"step\":9", 1);
    std::fs::write(&ledger, changed).unwrap();
    let (code, text, _) = scene.run(&["ledger", "verify"], &[]);
    assert!(code == 1 && text.contains("record 3 was changed"), "{text}");
    assert!(scene.spend().is_err());
}

#[test]
fn a_missing_state_directory_is_said_and_never_made() {
    let dir = tempfile::tempdir().unwrap();
    let gone = dir.path().join("gone");
    let name = gone.to_str().unwrap();
    for words in [["requests"], ["approve"]] {
        let output = support::run(dir.path(), &[words[0], "--state", name], &[]);
        assert_eq!(output.status.code(), Some(1));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("is missing"), "{told}");
    }
    assert!(!gone.exists());
}
