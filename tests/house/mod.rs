//! A scratch home with backstop installed by its own `install claude`, outside every temporary directory.
//! Calls go to the exact command line that stands in the settings file.
#![allow(dead_code)]

pub mod story;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use backstop::model::approval::{Approval, RequestId, Strength};
use backstop::store::{ApprovalRules, Store};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::pty::Terminal;

/// What a program answered.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    #[track_caller]
    pub fn must_block(&self) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(!self.stderr.trim().is_empty(), "{self:?}");
        assert!(!self.stdout.contains("allow"), "{self:?}");
    }

    #[track_caller]
    pub fn must_pass(&self) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(0), ""), "{self:?}");
    }

    /// Returns the request id that the reason names.
    pub fn request(&self) -> String {
        let after = self.stderr.split("(request ").nth(1).unwrap_or_default();
        after.split(')').next().unwrap_or_default().to_owned()
    }
}

/// A home directory of its own.
pub struct House {
    pub home: PathBuf,
    binary: PathBuf,
    /// More variables for everything that is started here.
    pub more: Vec<(String, String)>,
}

/// Returns a folder outside every temporary directory and every repository: what lies in those may be nobody's loss.
pub fn place() -> PathBuf {
    let is_temporary = |dir: &PathBuf| {
        ["/tmp", "/var/tmp", "/private/tmp"]
            .iter()
            .any(|tmp| dir.starts_with(tmp))
    };
    let in_a_repository = |dir: &PathBuf| dir.ancestors().any(|above| above.join(".git").exists());
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".backstop-tests"));
    let places = [
        home,
        Some(PathBuf::from("/opt/backstop-tests")),
        Some(PathBuf::from("/var/lib/backstop-tests")),
    ];
    let mut places = places
        .into_iter()
        .flatten()
        .filter(|dir| !is_temporary(dir) && !in_a_repository(dir));
    let place = places
        .find(|dir| std::fs::create_dir_all(dir).is_ok())
        .unwrap();
    place.canonicalize().unwrap()
}

impl House {
    /// Makes the home, some data to lose, and installs.
    pub fn new(name: &str) -> Self {
        Self::build(name, false)
    }

    /// The same with a copy of the binary inside, which the test may take away.
    pub fn with_copy(name: &str) -> Self {
        Self::build(name, true)
    }

    fn build(name: &str, copy: bool) -> Self {
        let home = place().join(format!("house-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(home.join("project/data/inner")).unwrap();
        std::fs::write(home.join("project/data/inner/a"), "precious").unwrap();
        std::fs::create_dir_all(home.join("other")).unwrap();
        std::fs::write(home.join("other/b"), "other").unwrap();
        std::fs::write(home.join("shop.db"), b"SQLite format 3\0and then some").unwrap();
        let home = home.canonicalize().unwrap();
        let mut binary = PathBuf::from(env!("CARGO_BIN_EXE_backstop"));
        if copy {
            std::fs::create_dir_all(home.join("bin")).unwrap();
            // By another process: a test that forks meanwhile would keep the copy open for writing, and it could not be started.
            let copied = Command::new("cp")
                .arg(&binary)
                .arg(home.join("bin/backstop"))
                .status()
                .unwrap();
            assert!(copied.success());
            binary = home.join("bin/backstop");
        }
        let house = Self {
            home,
            binary,
            more: Vec::new(),
        };
        let installed = house.backstop(&["install", "claude", "--yes"]);
        assert_eq!(installed.code, Some(0), "{installed:?}");
        house
    }

    pub fn binary(&self) -> &std::path::Path {
        &self.binary
    }

    pub fn project(&self) -> PathBuf {
        self.home.join("project")
    }

    pub fn data(&self) -> PathBuf {
        self.project().join("data")
    }

    pub fn state(&self) -> PathBuf {
        self.home.join(".local/state/backstop")
    }

    pub fn settings(&self) -> PathBuf {
        self.home.join(".claude/settings.json")
    }

    pub fn ledger(&self) -> String {
        std::fs::read_to_string(self.state().join("ledger.jsonl")).unwrap_or_default()
    }

    /// A clean environment: no agent's marks, nothing inherited.
    pub fn env(&self) -> Vec<(String, String)> {
        let mut all = vec![
            ("HOME".into(), self.home.display().to_string()),
            ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
            ("USER".into(), "tester".into()),
        ];
        all.extend(self.more.iter().cloned());
        all
    }

    fn entry(&self) -> Value {
        let text = std::fs::read_to_string(self.settings()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        value["hooks"]["PreToolUse"][0]["hooks"][0].clone()
    }

    /// The installed command, in exec form.
    pub fn hook(&self) -> Command {
        // The settings may have been broken by the test; the line is the one that was installed.
        let state = self.state().display().to_string();
        let (program, args) = match std::fs::read_to_string(self.settings())
            .ok()
            .filter(|text| text.contains("PreToolUse"))
        {
            Some(_) => {
                let entry = self.entry();
                let args = entry["args"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|arg| arg.as_str().unwrap().to_owned())
                    .collect();
                (entry["command"].as_str().unwrap().to_owned(), args)
            }
            None => (
                self.binary.display().to_string(),
                vec![
                    "hook".to_owned(),
                    "claude".to_owned(),
                    "--state".to_owned(),
                    state,
                ],
            ),
        };
        let mut command = Command::new(program);
        command
            .args::<Vec<String>, String>(args)
            .env_clear()
            .envs(self.env())
            .current_dir(self.project());
        command
    }

    /// The installed command as one shell line.
    pub fn line(&self) -> String {
        let entry = self.entry();
        let args: Vec<String> = entry["args"]
            .as_array()
            .unwrap()
            .iter()
            .map(|arg| format!("'{}'", arg.as_str().unwrap()))
            .collect();
        format!(
            "'{}' {}",
            entry["command"].as_str().unwrap(),
            args.join(" ")
        )
    }

    pub fn payload(&self, tool: &str, input: &Value) -> Value {
        json!({"session_id": "test-session", "transcript_path": "/dev/null", "cwd": self.project(), "permission_mode": "default",
            "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "tool_use_id": "toolu_1"})
    }

    pub fn call(&self, tool: &str, input: &Value) -> Answer {
        self.send(self.payload(tool, input).to_string().as_bytes())
    }

    pub fn bash(&self, command: &str) -> Answer {
        self.call("Bash", &json!({"command": command}))
    }

    pub fn send(&self, input: &[u8]) -> Answer {
        run(self.hook(), input)
    }

    pub fn send_with(&self, payload: &Value, env: &[(&str, &str)]) -> Answer {
        let mut command = self.hook();
        command.envs(env.iter().copied());
        run(command, payload.to_string().as_bytes())
    }

    pub fn backstop(&self, words: &[&str]) -> Answer {
        let mut command = Command::new(&self.binary);
        command
            .args(words)
            .env_clear()
            .envs(self.env())
            .current_dir(self.project());
        run(command, b"")
    }

    /// A terminal of its own in which the built program runs with these words.
    pub fn terminal(&self, words: &[&str]) -> Terminal {
        let env = self.env();
        let env: Vec<(&str, &str)> = env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Terminal::start(&self.home, words, &env)
    }

    /// A request as programs see it.
    pub fn request(&self, id: &str) -> Value {
        let answer = self.backstop(&["requests", "--format", "json"]);
        let all: Value =
            serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{answer:?}"));
        let found = all["requests"]
            .as_array()
            .unwrap()
            .iter()
            .find(|request| request["id"] == json!(id));
        found
            .cloned()
            .unwrap_or_else(|| panic!("no request {id} in {all}"))
    }

    /// Both screens in a real terminal; returns what the human saw.
    pub fn approve_in_a_terminal(&self, id: &str) -> String {
        let confirm =
            backstop::render::visible::visible(self.request(id)["confirm"].as_str().unwrap());
        let mut terminal = self.terminal(&["approve", id]);
        terminal.wait_for("approve? [y/N] ").type_line("y");
        terminal
            .wait_for(&format!("type {confirm}: "))
            .type_line(&confirm);
        let (code, seen) = terminal.end();
        assert_eq!(code, 0, "{seen}");
        seen
    }

    /// Brings back what a request lost.
    pub fn undo(&self, id: &str) -> Answer {
        let answer = self.backstop(&["undo", id, "--yes"]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        answer
    }

    /// Waits for the request's backup, then records two approvals as the terminal does.
    pub fn approve(&self, id: &str) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let store = Store::open(&self.state()).unwrap();
        let id = RequestId(id.to_owned());
        while std::time::Instant::now() < until
            && self
                .backstop(&["backup", "list", "--format", "json"])
                .stdout
                .matches("\"readable\"")
                .count()
                == 0
        {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
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
                .approve(&id, approval, &ApprovalRules::default(), now)
                .unwrap();
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.home);
        }
    }
}

fn run(mut command: Command, input: &[u8]) -> Answer {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
