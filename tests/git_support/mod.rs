//! Scratch repositories for the git hooks, outside every temporary directory, with an account of their own.
//! Hooks can be pointed at a recorder instead of the program, to see what reaches it.
#![allow(dead_code)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder with a home, an empty PATH of tools, and repositories.
pub struct Scratch {
    pub home: PathBuf,
    /// Put in front of PATH.
    pub tools: Vec<PathBuf>,
    pub more: Vec<(String, String)>,
}

/// What a program answered.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub text: String,
}

impl Said {
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!(self.code, 0, "{}", self.text);
        self.text
    }

    #[track_caller]
    pub fn bad(self) -> String {
        assert_ne!(self.code, 0, "{}", self.text);
        self.text
    }
}

impl Scratch {
    pub fn new(name: &str) -> Self {
        let home = crate::house::place().join(format!("git {name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).unwrap();
        Self {
            home,
            tools: Vec::new(),
            more: Vec::new(),
        }
    }

    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, cwd: &Path) -> Command {
        let mut path: Vec<PathBuf> = self.tools.clone();
        path.extend(["/usr/bin", "/bin", "/usr/local/bin"].map(PathBuf::from));
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("GIT_AUTHOR_NAME", "Ana")
            .env("GIT_AUTHOR_EMAIL", "ana@example.org")
            .env("GIT_COMMITTER_NAME", "Ana")
            .env("GIT_COMMITTER_EMAIL", "ana@example.org")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(self.more.iter().cloned())
            .current_dir(cwd)
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, program: impl AsRef<std::ffi::OsStr>, cwd: &Path, words: &[&str]) -> Said {
        said(self.command(program, cwd).args(words))
    }

    pub fn git(&self, cwd: &Path, words: &[&str]) -> Said {
        self.run("git", cwd, words)
    }

    pub fn backstop(&self, cwd: &Path, words: &[&str]) -> Said {
        self.run(env!("CARGO_BIN_EXE_backstop"), cwd, words)
    }

    /// A repository with one commit on main.
    pub fn repository(&self, name: &str) -> PathBuf {
        let dir = self.home.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        self.git(&dir, &["init", "-q", "-b", "main"]).good();
        self.commit(&dir, "first");
        dir
    }

    pub fn commit(&self, dir: &Path, name: &str) -> String {
        std::fs::write(dir.join(name), name).unwrap();
        self.git(dir, &["add", name]).good();
        self.git(dir, &["commit", "-q", "-m", name]).good();
        self.head(dir)
    }

    pub fn head(&self, dir: &Path) -> String {
        self.git(dir, &["rev-parse", "HEAD"])
            .good()
            .trim()
            .to_owned()
    }

    /// A bare remote named origin.
    pub fn remote(&self, dir: &Path) -> PathBuf {
        let remote = self.home.join("remote.git");
        self.git(
            &self.home,
            &["init", "-q", "--bare", remote.to_str().unwrap()],
        )
        .good();
        self.git(dir, &["remote", "add", "origin", remote.to_str().unwrap()])
            .good();
        remote
    }

    /// Points every hook of ours below a folder at a script that notes its words and its input, and ends with the code in the file `code`.
    pub fn record(&self, folder: &Path) {
        let recorder = self.home.join("recorder");
        let log = self.log_path();
        let body = format!(
            "#!/bin/sh\n{{ echo \"ours $*\"; case \"$2\" in pre-commit) ;; *) cat ;; esac; }} >> '{}'\n[ ! -e '{}' ] || exit \"$(cat '{}')\"\n",
            log.display(),
            self.home.join("code").display(),
            self.home.join("code").display()
        );
        script(&recorder, &body);
        for file in files(folder) {
            let Ok(text) = std::fs::read_to_string(&file) else {
                continue;
            };
            if !text
                .lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("# backstop-hook"))
            {
                continue;
            }
            let lines = text
                .lines()
                .map(|line| match line.starts_with("backstop='") {
                    true => format!("backstop='{}'", recorder.display()),
                    false => line.to_owned(),
                });
            std::fs::write(&file, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
        }
    }

    /// Works with the hooks as they are installed: daily work passes, and each hook stops what is its own. Needs `origin`, and main checked out.
    #[track_caller]
    pub fn guarded_by_all_three(&self, dir: &Path) {
        let ours = |said: Said| {
            let text = said.good();
            assert!(!text.contains("backstop: "), "{text}");
        };
        std::fs::write(dir.join("shop.sql"), "CREATE TABLE a (b int);\n").unwrap();
        self.git(dir, &["add", "shop.sql"]).good();
        ours(self.git(dir, &["commit", "-q", "-m", "harmless"]));
        ours(self.git(dir, &["push", "-q", "-u", "origin", "main"]));
        ours(self.git(dir, &["commit", "-q", "--amend", "-m", "better"]));

        std::fs::write(dir.join("drops.sql"), "DROP TABLE customers;\n").unwrap();
        self.git(dir, &["add", "drops.sql"]).good();
        let said = self.git(dir, &["commit", "-q", "-m", "drops"]).bad();
        let stopped = "backstop: this commit is stopped: 1 finding";
        assert!(
            said.contains(stopped) && said.contains("drops.sql:1"),
            "{said}"
        );
        self.git(dir, &["commit", "-q", "--no-verify", "-m", "drops"])
            .good();
        let branch = "HEAD:refs/heads/topic";
        let said = self.git(dir, &["push", "origin", branch]).bad();
        let stopped = "backstop: this push is stopped: 1 finding";
        assert!(
            said.contains(stopped) && said.contains("drops.sql:1"),
            "{said}"
        );
        self.git(dir, &["reset", "-q", "--hard", "HEAD~1"]).good();
        // Nothing in the files tells a push back or a deletion apart from no push at all.
        self.git(
            dir,
            &["push", "-q", "origin", "origin/main:refs/heads/release/1"],
        )
        .good();
        let said = self.git(dir, &["push", "origin", "--delete", "release/1"]);
        let said = said.bad();
        assert!(
            said.contains("backstop: held") && said.contains("(request "),
            "{said}"
        );

        let said = self.git(dir, &["push", "--force", "origin", "main"]).bad();
        assert!(
            said.contains("backstop: held") && said.contains("(request "),
            "{said}"
        );
        let amended = self.head(dir);
        self.git(dir, &["checkout", "-q", "-b", "topic", "HEAD~1"])
            .good();
        let said = self.git(dir, &["branch", "-D", "main"]).bad();
        assert!(
            said.contains("backstop: held") && said.contains("(request "),
            "{said}"
        );
        let main = self.git(dir, &["rev-parse", "main"]).good();
        assert_eq!(main.trim(), amended);
        ours(self.git(dir, &["push", "-q", "origin", "topic"]));
        ours(self.git(dir, &["checkout", "-q", "main"]));
        ours(self.git(dir, &["branch", "-q", "-D", "topic"]));
    }

    pub fn log_path(&self) -> PathBuf {
        self.home.join("log")
    }

    /// What was noted since the last look.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let _ = std::fs::remove_file(self.log_path());
        text
    }

    /// The recorder's exit code from now on.
    pub fn answer(&self, code: i32) {
        std::fs::write(self.home.join("code"), code.to_string()).unwrap();
    }

    /// A hook of somebody else that notes its words and its input, and ends with a code.
    pub fn theirs(&self, path: &Path, code: i32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let body = format!(
            "#!/bin/sh\n{{ echo \"theirs $*\"; cat; }} >> '{}'\nexit {code}\n",
            self.log_path().display()
        );
        script(path, &body);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

pub fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        text: String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr),
    }
}

pub fn script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push(entry.path());
        }
    }
    all.sort();
    all
}

/// Names, kinds, mode bits, link targets and contents of everything below a folder.
pub fn picture(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let one = |path: PathBuf| {
        let entry = path.symlink_metadata().unwrap();
        let content = if entry.is_symlink() {
            std::fs::read_link(&path)
                .unwrap()
                .into_os_string()
                .into_encoded_bytes()
        } else {
            std::fs::read(&path).unwrap()
        };
        (path, entry.permissions().mode(), content)
    };
    files(folder).into_iter().map(one).collect()
}
