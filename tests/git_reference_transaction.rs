//! The hook of local refs with real git: daily work passes without a word, the end of a protected ref that nothing else holds does not.
//! Files and reftable, SHA-1 and SHA-256, bare and linked, packed and loose.
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

mod git_support;
mod house;
mod support;

use std::path::{Path, PathBuf};

use backstop::model::approval::{Approval, RequestId, Strength};
use backstop::store::{ApprovalRules, Store};
use git_support::Scratch;
use jiff::Timestamp;

fn state(scratch: &Scratch) -> PathBuf {
    scratch.home.join(".local/state/backstop")
}

fn install(scratch: &Scratch, dir: &Path) {
    scratch
        .backstop(
            dir,
            &["install", "git", "--hook", "reference-transaction", "--yes"],
        )
        .good();
}

/// The folder of a git that can make this form of a repository, when the first one on PATH may be too old for it.
fn git_for(init: &[&str]) -> Option<PathBuf> {
    let places = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    let can = |dir: &PathBuf| {
        let version = std::process::Command::new(dir.join("git"))
            .arg("version")
            .output();
        let text = version
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default();
        let minor = text
            .split('.')
            .nth(1)
            .and_then(|minor| minor.parse::<u32>().ok())
            .unwrap_or(0);
        text.starts_with("git version 2.") && minor >= 45
    };
    init.iter()
        .any(|word| word.contains("reftable"))
        .then(|| places.into_iter().find(can))
        .flatten()
}

/// The forms of a repository that some git here can make; the others are named.
fn forms() -> Vec<Vec<&'static str>> {
    let mut forms = vec![vec![], vec!["--object-format=sha256"]];
    let reftable = vec!["--ref-format=reftable"];
    if git_for(&reftable).is_some() {
        forms.push(reftable);
    } else {
        eprintln!("left out: no git here knows reftables (2.45 and newer do)");
    }
    forms
}

/// A repository on main with the hook in place.
fn guarded(name: &str, init: &[&str]) -> (Scratch, PathBuf) {
    let mut scratch = Scratch::new(name);
    scratch.tools.extend(git_for(init));
    let dir = scratch.home.join("r");
    let words = [
        &["init", "-q", "-b", "main"],
        init,
        &[dir.to_str().unwrap()],
    ]
    .concat();
    scratch.git(&scratch.home, &words).good();
    scratch.commit(&dir, "first");
    install(&scratch, &dir);
    (scratch, dir)
}

fn approve(scratch: &Scratch, id: &str) {
    let store = Store::open(&state(scratch)).unwrap();
    for step in [1, 2] {
        let now = Timestamp::now();
        let approval = Approval {
            at: backstop::store::stamp(now),
            strength: Strength::Terminal,
            by: "tester (0)".to_owned(),
            step,
            nonce: format!("nonce-{step}-{}", now.as_nanosecond()),
            backups: vec![],
            waived: vec![],
        };
        store
            .approve(
                &RequestId(id.to_owned()),
                approval,
                &ApprovalRules::default(),
                now,
            )
            .unwrap();
    }
}

fn request(said: &str) -> String {
    let after = said
        .split("(request ")
        .nth(1)
        .unwrap_or_else(|| panic!("{said}"));
    after.split(')').next().unwrap().to_owned()
}

/// Runs git, which has to succeed without a word of ours.
#[track_caller]
fn silent(scratch: &Scratch, dir: &Path, words: &[&str]) {
    let said = scratch.git(dir, words).good();
    assert!(!said.contains("backstop"), "{words:?}: {said}");
}

#[track_caller]
fn held(scratch: &Scratch, dir: &Path, words: &[&str]) -> String {
    let said = scratch.git(dir, words).bad();
    assert!(
        said.contains("backstop: held") && said.contains("(request "),
        "{words:?}: {said}"
    );
    said
}

#[test]
fn the_days_work_on_main_passes_without_a_word() {
    for init in forms() {
        let (scratch, dir) = guarded("work", &init);
        scratch.commit(&dir, "second");
        let work: &[&[&str]] = &[
            &["commit", "-q", "--amend", "-m", "better"],
            &["commit", "-q", "--allow-empty", "-m", "third"],
            &["reset", "-q", "--hard", "HEAD~1"],
            &["branch", "topic"],
            &["branch", "-f", "topic", "HEAD~1"],
            &["tag", "v1"],
            &["tag", "-f", "v1", "HEAD~1"],
            &["tag", "-a", "v2", "-m", "two"],
            &["tag", "-d", "v1"],
            &["checkout", "-q", "-b", "side", "HEAD~1"],
            &["commit", "-q", "--allow-empty", "-m", "aside"],
            &["checkout", "-q", "main"],
            &["rebase", "-q", "side"],
            &["merge", "-q", "--no-edit", "topic"],
            &["branch", "-D", "side"],
            &["pack-refs", "--all"],
            &["commit", "-q", "--allow-empty", "-m", "after packing"],
            &["pack-refs", "--all", "--prune"],
            &["gc", "-q"],
            &["branch", "-m", "topic", "topic-2"],
            &["symbolic-ref", "refs/heads/alias", "refs/heads/topic-2"],
            &["update-ref", "refs/heads/main", "HEAD~1"],
            &["reflog", "expire", "--expire=now", "--all"],
        ];
        for words in work {
            silent(&scratch, &dir, words);
        }
        std::fs::write(dir.join("first"), "changed").unwrap();
        silent(&scratch, &dir, &["stash", "-q"]);
        silent(&scratch, &dir, &["stash", "drop", "-q"]);
        let other = scratch.home.join("linked");
        silent(
            &scratch,
            &dir,
            &["worktree", "add", "-q", other.to_str().unwrap(), "-b", "w"],
        );
        scratch.commit(&other, "there");
        silent(
            &scratch,
            &other,
            &["commit", "-q", "--amend", "-m", "again"],
        );
        silent(
            &scratch,
            &dir,
            &["worktree", "remove", "--force", other.to_str().unwrap()],
        );
        silent(&scratch, &dir, &["branch", "-D", "w"]);
    }
}

#[test]
fn the_end_of_a_protected_branch_is_held_until_two_people_said_yes_and_passes_once() {
    for init in forms() {
        let (scratch, dir) = guarded("end", &init);
        silent(&scratch, &dir, &["checkout", "-q", "-b", "topic"]);
        silent(&scratch, &dir, &["checkout", "-q", "main"]);
        let tip = scratch.commit(&dir, "second");
        silent(&scratch, &dir, &["checkout", "-q", "topic"]);
        let said = held(&scratch, &dir, &["branch", "-D", "main"]);
        assert!(
            said.contains("refs/heads/main") && said.contains(&tip),
            "{said}"
        );
        assert_eq!(scratch.git(&dir, &["rev-parse", "main"]).good().trim(), tip);
        let id = request(&said);
        assert_eq!(
            request(&held(
                &scratch,
                &dir,
                &["update-ref", "-d", "refs/heads/main"]
            )),
            id,
            "by any command it is one request"
        );
        let listed = scratch.backstop(&dir, &["requests"]).good();
        assert!(listed.contains(&id), "{listed}");
        approve(&scratch, &id);
        silent(&scratch, &dir, &["branch", "-q", "-D", "main"]);
        scratch
            .git(&dir, &["rev-parse", "--verify", "-q", "main"])
            .bad();

        silent(&scratch, &dir, &["branch", "main", &tip]);
        let ledger = std::fs::read_to_string(state(&scratch).join("ledger.jsonl")).unwrap();
        assert_eq!(ledger.matches("\"used\"").count(), 1, "{ledger}");
        let moved = scratch
            .git(
                &dir,
                &[
                    "commit-tree",
                    "-p",
                    &tip,
                    "-m",
                    "more",
                    &format!("{tip}^{{tree}}"),
                ],
            )
            .good();
        silent(
            &scratch,
            &dir,
            &["update-ref", "refs/heads/main", moved.trim()],
        );
        let again = request(&held(&scratch, &dir, &["branch", "-D", "main"]));
        assert_ne!(again, id, "another tip is another request");
    }
}

fn policy(scratch: &Scratch, text: &str) {
    let file = scratch.home.join(".config/backstop/policy.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[test]
fn what_was_approved_is_kept_first_and_undo_brings_it_back() {
    let (scratch, dir) = guarded("kept", &[]);
    silent(&scratch, &dir, &["branch", "topic"]);
    let tip = scratch.commit(&dir, "second");
    silent(&scratch, &dir, &["checkout", "-q", "topic"]);
    let id = request(&held(&scratch, &dir, &["branch", "-D", "main"]));
    approve(&scratch, &id);
    silent(&scratch, &dir, &["branch", "-q", "-D", "main"]);
    silent(
        &scratch,
        &dir,
        &["reflog", "expire", "--expire=now", "--all"],
    );
    silent(&scratch, &dir, &["gc", "-q", "--prune=now"]);
    scratch.git(&dir, &["cat-file", "-e", &tip]).bad();
    scratch.backstop(&dir, &["undo", &id, "--yes"]).good();
    assert_eq!(scratch.git(&dir, &["rev-parse", "main"]).good().trim(), tip);
    silent(&scratch, &dir, &["fsck", "--connectivity-only"]);
}

#[test]
fn the_policy_says_which_refs_are_protected() {
    let (scratch, dir) = guarded("patterns", &[]);
    policy(
        &scratch,
        "[git]\nprotected = [\"main\", \"prod/*\"]\nprotected_tags = [\"v*\"]\n",
    );
    for name in ["prod/eu", "master", "nightly"] {
        silent(&scratch, &dir, &["checkout", "-q", "-b", name, "main"]);
        scratch.commit(&dir, &name.replace('/', "-"));
    }
    silent(&scratch, &dir, &["tag", "build-7"]);
    silent(&scratch, &dir, &["checkout", "-q", "main"]);
    silent(&scratch, &dir, &["branch", "-D", "nightly"]);
    silent(&scratch, &dir, &["tag", "-d", "build-7"]);
    silent(&scratch, &dir, &["branch", "-D", "master"]);
    held(&scratch, &dir, &["branch", "-D", "prod/eu"]);
}

#[test]
fn a_use_spent_for_an_agents_command_covers_that_one_change_once() {
    let (scratch, dir) = guarded("cover", &[]);
    policy(&scratch, "[severities]\n\"git.branch-delete\" = \"high\"\n");
    silent(&scratch, &dir, &["branch", "topic"]);
    let tip = scratch.commit(&dir, "second");
    silent(&scratch, &dir, &["pack-refs", "--all"]);
    silent(&scratch, &dir, &["checkout", "-q", "topic"]);
    scratch
        .backstop(&scratch.home, &["install", "claude", "--yes"])
        .good();
    let call = |command: &str| {
        use std::io::Write as _;
        let event = serde_json::json!({
            "session_id": "s", "cwd": dir, "hook_event_name": "PreToolUse", "tool_name": "Bash",
            "tool_use_id": "t", "tool_input": {"command": command},
        });
        let mut hook = scratch.command(env!("CARGO_BIN_EXE_backstop"), &dir);
        let state = state(&scratch);
        hook.args(["hook", "claude", "--state", state.to_str().unwrap()]);
        hook.stdin(std::process::Stdio::piped());
        hook.stderr(std::process::Stdio::piped());
        let mut child = hook.spawn().unwrap();
        let text = event.to_string();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code().unwrap(), said)
    };
    let (code, said) = call("git branch -D main");
    assert_eq!(code, 2, "{said}");
    approve(&scratch, &request(&said));
    let (code, said) = call("git branch -D main");
    assert_eq!(code, 0, "{said}");
    // Another protected ref than the approved one is not covered.
    silent(&scratch, &dir, &["checkout", "-q", "-b", "release/1"]);
    scratch.commit(&dir, "released");
    silent(&scratch, &dir, &["checkout", "-q", "topic"]);
    held(&scratch, &dir, &["branch", "-D", "release/1"]);
    silent(&scratch, &dir, &["branch", "-q", "-D", "main"]);
    let covered = || {
        let ledger = std::fs::read_to_string(state(&scratch).join("ledger.jsonl")).unwrap();
        ledger.matches("\"kind\":\"covered\"").count()
    };
    assert_eq!(covered(), 1);
    // Nor is the next tip of the same name.
    silent(&scratch, &dir, &["checkout", "-q", "-b", "main", &tip]);
    scratch.commit(&dir, "third");
    silent(&scratch, &dir, &["checkout", "-q", "topic"]);
    held(&scratch, &dir, &["branch", "-D", "main"]);
    assert_eq!(covered(), 1);
}

#[test]
fn packed_and_forced_ways_to_the_same_end_are_held() {
    let (scratch, dir) = guarded("ways", &[]);
    silent(&scratch, &dir, &["checkout", "-q", "-b", "topic"]);
    for name in ["main", "master", "release/1.2"] {
        silent(&scratch, &dir, &["checkout", "-q", "-B", name, "topic"]);
        scratch.commit(&dir, &name.replace('/', "-"));
    }
    silent(&scratch, &dir, &["checkout", "-q", "topic"]);
    held(&scratch, &dir, &["branch", "-D", "master"]);
    silent(&scratch, &dir, &["pack-refs", "--all"]);
    held(&scratch, &dir, &["branch", "-D", "release/1.2"]);
    held(
        &scratch,
        &dir,
        &["update-ref", "--no-deref", "-d", "refs/heads/main"],
    );
    let said = held(
        &scratch,
        &dir,
        &["branch", "-D", "main", "master", "release/1.2"],
    );
    assert!(said.contains("refs/heads/main"), "{said}");
    let heads = scratch
        .git(
            &dir,
            &["for-each-ref", "--format=%(refname:short)", "refs/heads"],
        )
        .good();
    assert_eq!(heads, "main\nmaster\nrelease/1.2\ntopic\n");
    let git_dir = dir.join(".git");
    let said = scratch.git(
        &scratch.home,
        &[
            "--git-dir",
            git_dir.to_str().unwrap(),
            "branch",
            "-D",
            "main",
        ],
    );
    assert!(
        said.bad().contains("backstop: held"),
        "GIT_DIR is inherited"
    );
}

#[test]
fn a_new_name_for_the_main_branch_is_no_end_of_it() {
    for init in [vec![], vec!["--object-format=sha256"]] {
        let (scratch, dir) = guarded(&format!("rename-{}", init.len()), &init);
        silent(&scratch, &dir, &["branch", "-m", "main", "master"]);
        silent(&scratch, &dir, &["branch", "-M", "main"]);
        // Afterwards the end of it is one again.
        silent(&scratch, &dir, &["checkout", "-q", "--orphan", "none"]);
        held(&scratch, &dir, &["branch", "-D", "main"]);
    }
}

#[test]
fn what_another_ref_holds_may_go() {
    let (scratch, dir) = guarded("held-elsewhere", &[]);
    scratch.remote(&dir);
    scratch.commit(&dir, "second");
    silent(&scratch, &dir, &["checkout", "-q", "-b", "topic"]);
    silent(&scratch, &dir, &["branch", "-D", "main"]);
    silent(&scratch, &dir, &["checkout", "-q", "-b", "main"]);
    scratch.commit(&dir, "third");
    silent(&scratch, &dir, &["push", "-q", "origin", "main"]);
    silent(&scratch, &dir, &["fetch", "-q", "origin"]);
    silent(&scratch, &dir, &["checkout", "-q", "topic"]);
    silent(&scratch, &dir, &["branch", "-D", "main"]);
    silent(&scratch, &dir, &["tag", "-a", "v1", "-m", "one"]);
    silent(&scratch, &dir, &["tag", "-d", "v1"]);
    silent(&scratch, &dir, &["push", "-q", "origin", "topic"]);
    scratch
        .git(
            &scratch.home.join("remote.git"),
            &["update-ref", "-d", "refs/heads/topic"],
        )
        .good();
    silent(&scratch, &dir, &["fetch", "-q", "--prune", "origin"]);
}

#[test]
fn a_tag_that_alone_holds_commits_is_held() {
    let (scratch, dir) = guarded("tag", &[]);
    silent(&scratch, &dir, &["checkout", "-q", "--detach"]);
    scratch.commit(&dir, "alone");
    silent(&scratch, &dir, &["tag", "-a", "v1", "-m", "one"]);
    silent(&scratch, &dir, &["checkout", "-q", "main"]);
    held(&scratch, &dir, &["tag", "-d", "v1"]);
    silent(&scratch, &dir, &["branch", "keep", "v1"]);
    silent(&scratch, &dir, &["tag", "-d", "v1"]);
}

#[test]
fn the_default_branch_of_a_remote_is_protected_whatever_its_name() {
    let scratch = Scratch::new("default");
    let origin = scratch.home.join("origin");
    scratch
        .git(
            &scratch.home,
            &["init", "-q", "-b", "line", origin.to_str().unwrap()],
        )
        .good();
    scratch.commit(&origin, "first");
    let dir = scratch.home.join("clone");
    scratch
        .git(
            &scratch.home,
            &[
                "clone",
                "-q",
                origin.to_str().unwrap(),
                dir.to_str().unwrap(),
            ],
        )
        .good();
    install(&scratch, &dir);
    scratch.commit(&dir, "second");
    silent(&scratch, &dir, &["checkout", "-q", "-b", "other", "HEAD~1"]);
    scratch.commit(&dir, "third");
    silent(&scratch, &dir, &["checkout", "-q", "--detach", "HEAD~1"]);
    held(&scratch, &dir, &["branch", "-D", "line"]);
    silent(&scratch, &dir, &["branch", "-D", "other"]);
}

#[test]
fn a_bare_repository_without_logs_holds_a_forced_push_to_main() {
    let scratch = Scratch::new("bare");
    let dir = scratch.repository("r");
    let remote = scratch.remote(&dir);
    install(&scratch, &remote);
    scratch.commit(&dir, "second");
    silent(
        &scratch,
        &dir,
        &["push", "-q", "origin", "main", "main:topic"],
    );
    silent(&scratch, &dir, &["reset", "-q", "--hard", "HEAD~1"]);
    silent(&scratch, &dir, &["push", "-q", "--force", "origin", "main"]);
    silent(
        &scratch,
        &dir,
        &["push", "-q", "--delete", "origin", "topic"],
    );
    scratch.commit(&dir, "third");
    silent(&scratch, &dir, &["push", "-q", "origin", "main"]);
    silent(&scratch, &dir, &["commit", "-q", "--amend", "-m", "other"]);
    let said = scratch
        .git(&dir, &["push", "--force", "origin", "main"])
        .bad();
    assert!(said.contains("backstop: held"), "{said}");
    silent(
        &scratch,
        &dir,
        &["commit", "-q", "--allow-empty", "-m", "more"],
    );
    silent(&scratch, &dir, &["push", "-q", "origin", "HEAD:topic"]);
}

#[test]
fn thousands_of_refs_in_one_transaction_stay_quick_and_silent() {
    let (scratch, dir) = guarded("many", &[]);
    let tip = scratch.head(&dir);
    let feed = |lines: String| {
        use std::io::Write as _;
        let mut command = scratch.command("git", &dir);
        let mut child = command
            .args(["update-ref", "--stdin"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(lines.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success());
    };
    let start = std::time::Instant::now();
    feed(
        (0..5000)
            .map(|n| format!("create refs/tags/t{n} {tip}\n"))
            .collect(),
    );
    feed(
        (0..5000)
            .map(|n| format!("delete refs/tags/t{n}\n"))
            .collect(),
    );
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    // git packs in one transaction and drops each loose copy in one of its own.
    feed(
        (0..40)
            .map(|n| format!("create refs/tags/t{n} {tip}\n"))
            .collect(),
    );
    silent(&scratch, &dir, &["pack-refs", "--all"]);
    let clone = scratch.home.join("clone");
    silent(
        &scratch,
        &scratch.home,
        &[
            "clone",
            "-q",
            dir.to_str().unwrap(),
            clone.to_str().unwrap(),
        ],
    );
}

#[test]
fn a_policy_that_only_observes_lets_the_deletion_run_and_notes_it() {
    let (scratch, dir) = guarded("observe", &[]);
    let policy = scratch.home.join(".config/backstop/policy.toml");
    std::fs::create_dir_all(policy.parent().unwrap()).unwrap();
    std::fs::write(&policy, "mode = \"observe\"\n").unwrap();
    silent(&scratch, &dir, &["checkout", "-q", "-b", "topic"]);
    scratch.commit(&dir, "second");
    silent(&scratch, &dir, &["branch", "release/1"]);
    silent(&scratch, &dir, &["checkout", "-q", "main"]);
    silent(&scratch, &dir, &["branch", "-D", "topic"]);
    silent(&scratch, &dir, &["branch", "-D", "release/1"]);
    let ledger = std::fs::read_to_string(state(&scratch).join("ledger.jsonl")).unwrap();
    assert!(
        ledger.contains("\"observed\"") && ledger.contains("release/1"),
        "{ledger}"
    );
    std::fs::write(&policy, "mode = ").unwrap();
    silent(
        &scratch,
        &dir,
        &[
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "work goes on under a broken policy",
        ],
    );
    silent(&scratch, &dir, &["checkout", "-q", "--detach"]);
    let said = scratch.git(&dir, &["branch", "-D", "main"]).bad();
    assert!(
        said.contains("backstop: held: the policy is broken"),
        "{said}"
    );
}

#[test]
fn without_a_state_directory_work_goes_on_and_the_end_of_main_does_not() {
    let (scratch, dir) = guarded("no-state", &[]);
    std::fs::remove_dir_all(state(&scratch)).unwrap();
    scratch.commit(&dir, "second");
    silent(&scratch, &dir, &["checkout", "-q", "--detach", "HEAD~1"]);
    let said = scratch.git(&dir, &["branch", "-D", "main"]).bad();
    assert!(
        said.contains("backstop: held") && said.contains("recorded"),
        "{said}"
    );
}

#[test]
fn lines_that_are_not_gits_stop_the_change() {
    let (scratch, dir) = guarded("lines", &[]);
    let run = |input: &str, phase: &str| {
        use std::io::Write as _;
        let mut command = scratch.command(env!("CARGO_BIN_EXE_backstop"), &dir);
        command
            .args(["git", "reference-transaction", "--state"])
            .arg(state(&scratch))
            .arg(phase);
        let mut child = command
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert_eq!(run("", "prepared"), (0, String::new()));
    assert_eq!(run("nonsense\n", "committed"), (0, String::new()));
    assert_eq!(run("nonsense\n", "preparing"), (0, String::new()));
    for bad in ["nonsense\n", "0000 1111 refs/heads/main\n", "\u{1b}[31m\n"] {
        let (code, said) = run(bad, "prepared");
        assert!(
            code == 1 && said.contains("is not understood") && !said.contains('\u{1b}'),
            "{code} {said}"
        );
    }
    let tip = scratch.head(&dir);
    let zeros = "0".repeat(40);
    assert_eq!(
        run(
            &format!("{zeros} {zeros} refs/heads/nowhere\n{zeros} {tip} refs/heads/new\n"),
            "prepared"
        ),
        (0, String::new())
    );
}
