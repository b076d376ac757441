//! A repository with a bare remote, and git's own pre-push hook that calls the built program.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::house::{Answer, House};

/// A home with a repository, its bare remote, and git's own hook that calls the built program.
pub struct Scene {
    pub house: House,
    pub repo: PathBuf,
    pub remote: PathBuf,
}

impl Scene {
    pub fn new(name: &str) -> Self {
        Self::with(name, "sha1")
    }

    pub fn with(name: &str, format: &str) -> Self {
        let house = House::new(&format!("push-{name}"));
        let (repo, remote) = (house.home.join("repo"), house.home.join("remote.git"));
        let scene = Self {
            house,
            repo,
            remote,
        };
        let format = format!("--object-format={format}");
        let home = scene.house.home.clone();
        scene.git(
            &home,
            &["init", "-q", "--bare", "-b", "main", &format, "remote.git"],
        );
        scene.git(&home, &["init", "-q", "-b", "main", &format, "repo"]);
        scene.here(&["remote", "add", "origin", scene.remote.to_str().unwrap()]);
        scene.commit("one");
        scene.commit("two");
        scene.here(&["push", "-q", "-u", "origin", "main"]);
        scene.hook(&scene.repo.join(".git/hooks"));
        scene
    }

    pub fn hook(&self, hooks: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::create_dir_all(hooks).unwrap();
        let text = format!(
            "#!/bin/sh\nexec '{}' git pre-push \"$@\"\n",
            self.house.binary().display()
        );
        let path = hooks.join("pre-push");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn command(&self, dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(args)
            .env_clear()
            .envs(self.house.env())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ana")
            .env("GIT_AUTHOR_EMAIL", "ana@example.org")
            .env("GIT_COMMITTER_NAME", "Ana")
            .env("GIT_COMMITTER_EMAIL", "ana@example.org")
            .current_dir(dir)
            .stdin(Stdio::null());
        command
    }

    pub fn try_git(&self, dir: &Path, args: &[&str]) -> Answer {
        answer(&mut self.command(dir, args))
    }

    #[track_caller]
    pub fn git(&self, dir: &Path, args: &[&str]) -> String {
        let said = self.try_git(dir, args);
        assert_eq!(said.code, Some(0), "git {args:?}: {said:?}");
        said.stdout.trim_end().to_owned()
    }

    #[track_caller]
    pub fn here(&self, args: &[&str]) -> String {
        self.git(&self.repo, args)
    }

    pub fn push(&self, args: &[&str]) -> Answer {
        let mut words = vec!["push"];
        words.extend(args);
        self.try_git(&self.repo, &words)
    }

    pub fn commit(&self, what: &str) -> String {
        std::fs::write(self.repo.join("file.txt"), what).unwrap();
        self.here(&["add", "-A"]);
        self.here(&["commit", "-q", "-m", what]);
        self.here(&["rev-parse", "HEAD"])
    }

    /// What the remote has; nothing where the ref is gone.
    pub fn tip(&self, name: &str) -> String {
        let said = self.try_git(&self.remote, &["rev-parse", "-q", "--verify", name]);
        said.stdout.trim().to_owned()
    }

    /// A branch that is on the remote and then rewritten here; returns its old tip.
    pub fn rewritten(&self, branch: &str) -> String {
        self.here(&["checkout", "-q", "-B", branch]);
        let old = self.commit(&format!("{branch} as it was"));
        self.here(&["push", "-q", "--no-verify", "origin", branch]);
        self.here(&["reset", "-q", "--hard", "HEAD~1"]);
        self.commit(&format!("{branch} rewritten"));
        old
    }

    pub fn untouched(&self) -> bool {
        !self.house.state().exists()
            || !self.house.ledger().contains("\"requested\"")
                && !self.house.ledger().contains("\"snapshot\"")
    }

    pub fn backups(&self) -> Vec<serde_json::Value> {
        let said = self.house.backstop(&["backup", "list", "--format", "json"]);
        let all: serde_json::Value =
            serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
        all["backups"].as_array().cloned().unwrap_or_default()
    }

    /// Holds, approves in a terminal, and returns the id of the request.
    #[track_caller]
    pub fn approved(&self, args: &[&str]) -> String {
        let held = self.push(args);
        assert_ne!(held.code, Some(0), "{held:?}");
        let id = held.request();
        assert!(!id.is_empty(), "{held:?}");
        self.house.approve_in_a_terminal(&id);
        id
    }
}

pub fn answer(command: &mut Command) -> Answer {
    let output = command.output().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
