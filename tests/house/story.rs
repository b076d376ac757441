//! One loss from the held call to the undo, with nothing left out: real hook calls, a real terminal, the real command.
//! Suites say what is lost and what has to be there again.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Answer, House};

/// Longer than any backup of these tests takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A call that was held, with its verified backup.
#[derive(Debug)]
pub struct Held {
    pub id: String,
    /// The whole first reason.
    pub reason: String,
    pub command: String,
}

impl House {
    /// The call is held, and its backup is made.
    #[track_caller]
    pub fn held(&self, command: &str) -> Held {
        let first = self.bash(command);
        first.must_block();
        assert!(first.stderr.starts_with("backstop: held: "), "{first:?}");
        assert!(first.stderr.len() < 2000, "{first:?}");
        let id = first.request();
        assert!(!id.is_empty(), "{first:?}");
        let mut last = first.stderr.clone();
        let until = Instant::now() + PATIENCE;
        while last.contains("no verified backup") {
            assert!(Instant::now() < until && !last.contains("failed"), "{last}");
            let again = self.bash(command);
            again.must_block();
            last = again.stderr;
        }
        assert!(last.contains("2 of 2 approvals missing"), "{last}");
        Held {
            id,
            reason: first.stderr,
            command: command.to_owned(),
        }
    }

    /// The answer once no backup is being made any more.
    pub fn settled(&self, command: &str) -> Answer {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.bash(command);
            let is_made = answer.stderr.contains("a backup is being made");
            if !is_made || Instant::now() > until {
                return answer;
            }
        }
    }

    /// Both approvals at a real terminal, while somebody waits; the wait ends well.
    #[track_caller]
    pub fn approved(&self, held: &Held) -> String {
        let mut waiting = Command::new(self.binary());
        let mut waiting = waiting
            .args(["wait", &held.id])
            .env_clear()
            .envs(self.env())
            .current_dir(self.project())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let seen = self.approve_in_a_terminal(&held.id);
        let until = Instant::now() + PATIENCE;
        while waiting.try_wait().unwrap().is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = waiting.kill();
        let output = waiting.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        seen
    }

    /// The same call passes once; then it is really run, and the outcome is told to the hook.
    #[track_caller]
    pub fn passes_and_runs(&self, held: &Held) -> Answer {
        self.bash(&held.command).must_pass();
        let ran = self.run_for_real(&held.command);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        self.tell_ran(&held.command);
        self.outcome_is(&held.id, "ran");
        ran
    }

    /// PostToolUse of a Bash call.
    pub fn tell_ran(&self, command: &str) {
        let mut payload = self.payload("Bash", &json!({"command": command}));
        payload["hook_event_name"] = json!("PostToolUse");
        payload["tool_response"] = json!({"stdout": "", "stderr": "", "interrupted": false});
        self.send(payload.to_string().as_bytes()).must_pass();
    }

    #[track_caller]
    pub fn outcome_is(&self, id: &str, wanted: &str) {
        let last = self
            .records("outcome")
            .into_iter()
            .rfind(|record| record["body"]["id"] == json!(id));
        let found = last.unwrap_or_else(|| panic!("no outcome of {id} in {}", self.ledger()));
        assert_eq!(found["body"]["outcome"], json!(wanted), "{found}");
    }

    /// The whole way: held, backed up, approved twice, passed once, run, recorded. Returns the request.
    #[track_caller]
    pub fn lose(&self, command: &str) -> Held {
        let held = self.held(command);
        self.approved(&held);
        self.passes_and_runs(&held);
        held
    }

    /// The agent's shell runs the command: nothing of backstop is in between.
    pub fn run_for_real(&self, command: &str) -> Answer {
        let output = Command::new("/bin/bash")
            .args(["-c", command])
            .env_clear()
            .envs(self.env())
            .current_dir(self.project())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Answer {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Records of one kind in the ledger.
    pub fn records(&self, kind: &str) -> Vec<Value> {
        let ledger = self.ledger();
        let records = ledger
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        records
            .filter(|record| record["kind"] == json!(kind))
            .collect()
    }

    /// The owner's policy from now on.
    pub fn policy(&self, text: &str) {
        let file = self.home.join(".config/backstop/policy.toml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// The ledger holds together, and nothing of a secret lies anywhere in state or backups.
    #[track_caller]
    pub fn is_sound(&self, secrets: &[&str]) {
        let verified = self.backstop(&["ledger", "verify"]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
        for secret in secrets {
            for file in files_below(&self.home.join(".local")) {
                let bytes = std::fs::read(&file).unwrap_or_default();
                let found = bytes
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes());
                assert!(!found, "`{secret}` stands in {}", file.display());
            }
        }
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Everything about a tree that has to be there again: kinds, modes, times, links, content.
pub fn picture(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    draw(root, root, &mut all);
    all
}

fn draw(root: &Path, path: &Path, all: &mut BTreeMap<PathBuf, String>) {
    let Ok(facts) = std::fs::symlink_metadata(path) else {
        return;
    };
    let content = match facts.file_type() {
        kind if kind.is_symlink() => format!("-> {}", std::fs::read_link(path).unwrap().display()),
        kind if kind.is_dir() => "directory".to_owned(),
        _ => format!("{:?}", std::fs::read(path)),
    };
    let links = if facts.is_dir() { 0 } else { facts.nlink() };
    let line = format!(
        "{:o} {}:{} {}.{:09} links {links} {content}",
        facts.mode(),
        facts.uid(),
        facts.gid(),
        facts.mtime(),
        facts.mtime_nsec()
    );
    all.insert(path.strip_prefix(root).unwrap().to_owned(), line);
    if facts.is_dir() {
        for entry in std::fs::read_dir(path).unwrap().flatten() {
            draw(root, &entry.path(), all);
        }
    }
}
