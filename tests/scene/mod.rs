//! A scene: files and repositories in a folder that is nobody's temporary one, and the judgement of calls in it.
//! Only the scene is built; what is judged is never run.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::house::place;

/// What git and the shell find around them while a scene is built.
const AROUND: [(&str, &str); 9] = [
    ("PATH", "/usr/bin:/bin"),
    ("LC_ALL", "C"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_EDITOR", "true"),
    ("GIT_AUTHOR_NAME", "ana"),
    ("GIT_AUTHOR_EMAIL", "ana@example.org"),
    ("GIT_COMMITTER_NAME", "ana"),
    ("GIT_COMMITTER_EMAIL", "ana@example.org"),
];

pub struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    pub fn empty() -> Self {
        Self {
            dir: tempfile::tempdir_in(place()).unwrap(),
        }
    }

    /// Builds a scene with lines of shell.
    pub fn built(script: &str) -> Self {
        let scene = Self::empty();
        let done = Command::new("bash")
            .args(["-eu", "-c", script])
            .current_dir(scene.root())
            .env_clear()
            .envs(AROUND)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        scene
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn writes(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            self.write(name, text);
        }
    }

    /// Runs lines of git words, parted by `;`.
    pub fn git(&self, folder: &str, lines: &str) {
        for line in lines.split(';').map(str::trim) {
            let done = Command::new("git")
                .args(["-c", "protocol.file.allow=always"])
                .args(line.split(' '))
                .current_dir(self.path(folder))
                .env_clear()
                .envs(AROUND)
                .output()
                .unwrap();
            assert!(done.status.success(), "{folder}: {line}: {done:?}");
        }
    }

    /// A repository with one commit, and a bare remote that has it.
    pub fn repository(&self, name: &str) {
        let bare = format!("{name}.git");
        fs::create_dir_all(self.path(name)).unwrap();
        fs::create_dir_all(self.path(&bare)).unwrap();
        self.git(&bare, "init -q --bare -b main");
        self.git(name, "init -q -b main");
        let remote = format!("remote add origin {}", self.path(&bare).display());
        self.git(name, &remote);
        self.commit(name, "a.txt");
        self.git(name, "push -q -u origin main");
    }

    pub fn commit(&self, name: &str, file: &str) {
        let text = format!("{file} of {name}, {}", self.dir.path().display());
        self.write(&format!("{name}/{file}"), &text);
        self.git(name, &format!("add -f {file}; commit -q -m {file}"));
    }

    /// Judges lines of a batch in a folder of the scene, the world being asked.
    pub fn verdicts(&self, folder: &str, lines: &[Value]) -> Vec<Value> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_backstop"))
            .args(["check", "--batch", "--facts", "here", "--cwd"])
            .arg(self.path(folder))
            .env_clear()
            .env("HOME", place())
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for line in lines {
            writeln!(stdin, "{line}").unwrap();
        }
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let results: Vec<Value> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(results.len(), lines.len(), "one result a line");
        results
    }

    pub fn judged(&self, folder: &str, commands: &[&str]) -> Vec<Value> {
        let lines: Vec<Value> = commands
            .iter()
            .map(|command| json!({"tool_name": "Bash", "tool_input": {"command": command}}))
            .collect();
        self.verdicts(folder, &lines)
    }

    #[track_caller]
    pub fn loses(&self, folder: &str, commands: &[&str]) {
        self.all(folder, commands, "passes", |result| {
            result["verdict"] != "allow"
        });
    }

    #[track_caller]
    pub fn keeps(&self, folder: &str, commands: &[&str]) {
        self.all(folder, commands, "is held for nothing", |result| {
            result["verdict"] == "allow"
        });
    }

    #[track_caller]
    pub fn finds(&self, folder: &str, rule: &str, commands: &[&str]) {
        let found = |result: &Value| {
            let findings = result["findings"].as_array().unwrap();
            findings.iter().any(|finding| finding["rule"] == rule)
        };
        self.all(folder, commands, &format!("is not found as {rule}"), found);
    }

    #[track_caller]
    fn all(&self, folder: &str, commands: &[&str], fault: &str, right: impl Fn(&Value) -> bool) {
        let wrong: Vec<String> = self
            .judged(folder, commands)
            .iter()
            .zip(commands)
            .filter(|(result, _)| !right(result))
            .map(|(result, command)| format!("in {folder} {fault}: {command}: {result}"))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
