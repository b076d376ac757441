//! `backstop git pre-commit`, `scan --staged` and `scan --range` with real git: what counts is what the commit adds.
//! The hook is the file that git itself runs; nothing here calls it in another way.
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

mod house;
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_backstop");

/// A repository with the hook, outside every other repository and every temporary directory.
struct Repository {
    home: PathBuf,
    top: PathBuf,
}

impl Repository {
    fn new(name: &str) -> Self {
        Self::with(name, &[])
    }

    fn with(name: &str, init: &[&str]) -> Self {
        let home = house::place().join(format!("pre-commit-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        let top = home.join("work");
        std::fs::create_dir_all(&top).unwrap();
        let repository = Self { home, top };
        repository.must(&[&["init", "-q", "-b", "main"], init].concat());
        repository.hook(&repository.top.join(".git/hooks"));
        repository
    }

    fn hook(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        let file = folder.join("pre-commit");
        std::fs::write(
            &file,
            format!("#!/bin/sh\nexec '{BINARY}' git pre-commit\n"),
        )
        .unwrap();
        let mut mode = std::fs::metadata(&file).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        std::fs::set_permissions(&file, mode).unwrap();
    }

    fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ana")
            .env("GIT_AUTHOR_EMAIL", "ana@example.org")
            .env("GIT_COMMITTER_NAME", "Ana")
            .env("GIT_COMMITTER_EMAIL", "ana@example.org")
            .current_dir(dir);
        command
    }

    fn git(&self, args: &[&str]) -> Output {
        self.command("git", &self.top).args(args).output().unwrap()
    }

    #[track_caller]
    fn must(&self, args: &[&str]) -> String {
        let output = self.git(args);
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let file = self.top.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// Commits without the hook.
    fn history(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.write(path, bytes);
        self.must(&["add", "-A"]);
        self.must(&["commit", "-q", "--no-verify", "-m", path]);
    }

    /// Commits what is staged, with the hook: whether it went through, and what the hook said.
    fn commit(&self) -> (bool, String) {
        let output = self.git(&["commit", "-q", "-m", "change"]);
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    #[track_caller]
    fn must_stop(&self, rule: &str, place: &str) -> String {
        let (passed, said) = self.commit();
        assert!(!passed, "the commit went through");
        assert!(said.contains(rule) && said.contains(place), "{said}");
        assert!(said.contains("--no-verify"), "{said}");
        said
    }

    #[track_caller]
    fn must_pass(&self) {
        let (passed, said) = self.commit();
        assert!(passed, "{said}");
        assert_eq!(said, "");
    }

    fn scan(&self, args: &[&str]) -> (i32, Vec<String>) {
        self.scan_in(&self.top, args)
    }

    fn scan_in(&self, dir: &Path, args: &[&str]) -> (i32, Vec<String>) {
        let output = self
            .command(BINARY, dir)
            .arg("scan")
            .args(args)
            .args(["--format", "json"])
            .output()
            .unwrap();
        let code = output.status.code().unwrap();
        let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
            return (
                code,
                vec![String::from_utf8_lossy(&output.stderr).into_owned()],
            );
        };
        let all = report["findings"].as_array().unwrap();
        let line = |finding: &Value| {
            format!(
                "{} {}:{}",
                finding["rule"].as_str().unwrap(),
                finding["file"].as_str().unwrap(),
                finding["line"]
            )
        };
        (code, all.iter().map(line).collect())
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

#[test]
fn a_first_commit_is_judged_whole() {
    let repository = Repository::new("first");
    repository.write("db/1.sql", "DROP TABLE users;\n");
    repository.must(&["add", "."]);
    repository.must_stop("sql.drop-table", "db/1.sql:1:1");
    repository.write("db/1.sql", "CREATE TABLE users (id int);\n");
    repository.must(&["add", "."]);
    repository.must_pass();
}

#[test]
fn an_old_line_is_not_this_commits() {
    let repository = Repository::new("old-line");
    repository.history("db/1.sql", "SELECT 1;\nDROP TABLE old;\nSELECT 2;\n");
    repository.write(
        "db/1.sql",
        "SELECT 0;\nSELECT 1;\nDROP TABLE old;\nSELECT 2;\nSELECT 3;\n",
    );
    repository.must(&["add", "."]);
    repository.must_pass();
    repository.write(
        "db/1.sql",
        "SELECT 0;\nSELECT 1;\nDROP TABLE old;\nSELECT 2;\nTRUNCATE t;\n",
    );
    repository.must(&["add", "."]);
    let said = repository.must_stop("sql.truncate", "db/1.sql:5:1");
    assert!(!said.contains("drop-table"), "{said}");
}

#[test]
fn the_index_counts_and_not_the_work_tree() {
    let repository = Repository::new("index");
    repository.history("README.md", "x\n");
    repository.write("a.sh", "psql -h prod shop -c 'DROP TABLE t'\n");
    repository.must(&["add", "a.sh"]);
    repository.write("a.sh", "echo harmless\n");
    repository.must_stop("sql.drop-table", "a.sh:1");
    std::fs::remove_file(repository.top.join("a.sh")).unwrap();
    repository.must_stop("sql.drop-table", "a.sh:1");
    repository.write("a.sh", "echo harmless\n");
    repository.must(&["add", "a.sh"]);
    repository.write("a.sh", "rm -rf /srv/data\n");
    repository.must_pass();
}

#[test]
fn a_script_is_judged_with_what_the_index_holds_of_the_files_that_it_runs() {
    let repository = Repository::new("runs");
    repository.history("ops/wipe.sql", "SELECT 1;\n");
    repository.write("deploy.sh", "psql shop -f ops/wipe.sql\n");
    repository.must(&["add", "deploy.sh"]);
    repository.write("ops/wipe.sql", "DROP TABLE t;\n");
    repository.must_pass();
}

#[test]
fn a_rename_keeps_old_lines_old_unless_the_file_now_means_something_else() {
    let repository = Repository::new("rename");
    let body = format!("{}DROP TABLE t;\n", "SELECT 1;\n".repeat(20));
    repository.history("db/1.sql", &body);
    repository.must(&["mv", "db/1.sql", "db/2.sql"]);
    repository.must_pass();
    repository.write("db/2.sql", format!("{body}TRUNCATE u;\n"));
    repository.must(&["add", "."]);
    repository.must(&["mv", "db/2.sql", "db/3.sql"]);
    repository.must_stop("sql.truncate", "db/3.sql:22:1");
    repository.must(&["reset", "-q", "--hard"]);
    repository.history(
        "notes.txt",
        format!("{}rm -rf /srv/data\n", "# plan\n".repeat(20)),
    );
    repository.must(&["mv", "notes.txt", "deploy.sh"]);
    repository.must_stop("files.recursive-delete", "deploy.sh:21:1");
}

#[test]
fn deleted_backups_and_policies_are_reported() {
    let repository = Repository::new("deleted");
    repository.history("backups/shop.dump", "x");
    repository.history(".backstop/policy.toml", "# tighter\n");
    repository.history("src/backup.rs", "x");
    repository.must(&["rm", "-q", "src/backup.rs"]);
    repository.must_pass();
    repository.must(&["rm", "-q", "backups/shop.dump"]);
    repository.must_stop("scan.deletes-backup", "backups/shop.dump");
    repository.must(&["reset", "-q", "--hard"]);
    repository.must(&["mv", ".backstop/policy.toml", "old.toml"]);
    repository.must_stop("scan.deletes-own", ".backstop/policy.toml");
}

#[test]
fn a_new_exception_is_shown_by_itself_and_an_old_one_relieves() {
    let repository = Repository::new("exception");
    let allow = "-- backstop:allow sql.drop-table until=2099-01-01 reason=\"moved\"\n";
    repository.write("db/1.sql", format!("{allow}DROP TABLE t;\n"));
    repository.must(&["add", "."]);
    let said = repository.must_stop("scan.new-exception", "db/1.sql:1:4");
    assert!(!said.contains("drops table t"), "{said}");
    repository.must(&["commit", "-q", "--no-verify", "-m", "reviewed"]);
    repository.write("db/1.sql", format!("{allow}DROP TABLE t CASCADE;\n"));
    repository.must(&["add", "."]);
    repository.must_pass();
    repository.write(
        "db/1.sql",
        format!("{}DROP TABLE t CASCADE;\n", allow.replace("2099", "2098")),
    );
    repository.must(&["add", "."]);
    repository.must_stop("scan.new-exception", "db/1.sql:1:4");
}

#[test]
fn what_the_guard_would_only_snapshot_does_not_stop_a_commit() {
    let repository = Repository::new("moderate");
    repository.write("db/1.sql", "UPDATE t SET a = 1 WHERE id = 2;\n");
    repository.must(&["add", "."]);
    let (code, found) = repository.scan(&["--staged"]);
    assert_eq!((code, found.len()), (1, 1), "{found:?}");
    repository.must_pass();
}

#[test]
fn down_parts_binary_files_links_and_submodules_stop_nothing() {
    let repository = Repository::new("others");
    let inner = Repository::new("inner");
    inner.history("db/1.sql", "DROP TABLE t;\n");
    repository.write(
        "db/1.sql",
        "-- migrate:up\nCREATE TABLE t (a int);\n-- migrate:down\nDROP TABLE t;\n",
    );
    repository.write("db/2.down.sql", "DROP TABLE t;\n");
    repository.write("db/3.sql", b"DROP TABLE t;\0\0");
    std::os::unix::fs::symlink("/srv/wipe.sql", repository.top.join("db/4.sql")).unwrap();
    let url = inner.top.to_str().unwrap();
    repository.must(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        url,
        "inner",
    ]);
    repository.must(&["add", "."]);
    repository.must_pass();
    let (code, found) = repository.scan(&[]);
    assert_eq!(code, 0, "{found:?}");
}

#[test]
fn every_encoding_has_its_added_lines_in_place() {
    let repository = Repository::new("encodings");
    let wide = |text: &str| -> Vec<u8> {
        [0xFF, 0xFE]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect()
    };
    repository.write("crlf.sql", "SELECT 1;\r\nDROP TABLE old;\r\n");
    repository.history("wide.sql", wide("SELECT 1;\nDROP TABLE old;\n"));
    repository.write(
        "crlf.sql",
        "SELECT 1;\r\nDROP TABLE old;\r\n TRUNCATE t;\r\n",
    );
    repository.write(
        "wide.sql",
        wide("SELECT 1;\nDROP TABLE old;\n TRUNCATE t;\n"),
    );
    repository.must(&["add", "."]);
    assert_eq!(
        repository.scan(&["--staged"]).1,
        ["sql.truncate crlf.sql:3", "sql.truncate wide.sql:3"]
    );
    repository.must_stop("sql.truncate", "wide.sql:3:2");
}

#[test]
fn odd_names_are_told_as_they_are() {
    let repository = Repository::new("names");
    repository.write("db/a b\té'\".sql", "DROP TABLE t;\n");
    repository.write("-x.sh", "rm -rf /srv/data\n");
    repository.must(&["add", "--", "."]);
    assert_eq!(
        repository.scan(&["--staged"]).1,
        [
            "files.recursive-delete -x.sh:1",
            "sql.drop-table db/a b\té'\".sql:1"
        ]
    );
    assert!(!repository.commit().0);
}

#[test]
fn a_range_counts_from_the_common_ancestor() {
    let repository = Repository::new("range");
    repository.history("a.sql", "SELECT 1;\n");
    repository.must(&["checkout", "-q", "-b", "topic"]);
    repository.history("b.sql", "DROP TABLE b;\n");
    repository.must(&["checkout", "-q", "main"]);
    repository.history("c.sql", "DROP TABLE c;\n");
    assert_eq!(
        repository.scan(&["--range", "main..topic"]),
        (1, vec!["sql.drop-table b.sql:1".to_owned()])
    );
    assert_eq!(
        repository.scan(&["--range", "topic..main"]).1,
        ["sql.drop-table c.sql:1"]
    );
    assert_eq!(repository.scan(&["--range", "main..main"]), (0, vec![]));
    let zeros = "0".repeat(40);
    let all = repository.scan(&["--range", &format!("{zeros}..topic")]).1;
    assert_eq!(all, ["sql.drop-table b.sql:1"]);
    assert_eq!(repository.scan(&["--range", "main..nowhere"]).0, 2);
    assert_eq!(repository.scan(&["--range", "--output=x..main"]).0, 2);
}

#[test]
fn a_repository_of_sha256_is_read_like_any_other() {
    let repository = Repository::with("sha256", &["--object-format=sha256"]);
    repository.write("a.sql", "DROP TABLE t;\n");
    repository.must(&["add", "."]);
    repository.must_stop("sql.drop-table", "a.sql:1:1");
    repository.must(&["commit", "-q", "--no-verify", "-m", "x"]);
    let zeros = "0".repeat(64);
    assert_eq!(
        repository.scan(&["--range", &format!("{zeros}..HEAD")]).1,
        ["sql.drop-table a.sql:1"]
    );
}

#[test]
fn a_shallow_clone_is_judged_with_what_it_has() {
    let repository = Repository::new("shallow");
    repository.history("a.sql", "SELECT 1;\n");
    repository.history("b.sql", "SELECT 2;\n");
    let url = format!("file://{}", repository.top.display());
    let clone = repository.home.join("clone");
    repository.must(&["clone", "-q", "--depth", "1", &url, clone.to_str().unwrap()]);
    std::fs::write(clone.join("c.sql"), "DROP TABLE t;\n").unwrap();
    let add = repository
        .command("git", &clone)
        .args(["add", "."])
        .status()
        .unwrap();
    assert!(add.success());
    assert_eq!(
        repository.scan_in(&clone, &["--staged"]).1,
        ["sql.drop-table c.sql:1"]
    );
    let (code, said) = repository.scan_in(&clone, &["--range", "HEAD~1..HEAD"]);
    assert_eq!(code, 2, "{said:?}");
}

#[test]
fn a_linked_work_tree_and_partial_commits_hand_their_own_index_over() {
    let repository = Repository::new("linked");
    repository.history("a.sql", "SELECT 1;\n");
    let linked = repository.home.join("linked");
    repository.must(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    std::fs::write(linked.join("b.sql"), "DROP TABLE t;\n").unwrap();
    let run = |args: &[&str]| {
        repository
            .command("git", &linked)
            .args(args)
            .output()
            .unwrap()
    };
    assert!(run(&["add", "."]).status.success());
    let output = run(&["commit", "-m", "x"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("b.sql:1:1"),
        "{said}"
    );
    // `commit PATH` and `commit -a` judge an index of their own, not the one that stands there.
    repository.write("bad.sql", "DROP TABLE t;\n");
    repository.write("a.sql", "SELECT 2;\n");
    repository.must(&["add", "bad.sql"]);
    let only = repository.git(&["commit", "-q", "-m", "x", "a.sql"]);
    assert!(
        only.status.success(),
        "{}",
        String::from_utf8_lossy(&only.stderr)
    );
    repository.must(&["reset", "-q", "--hard"]);
    repository.write("a.sql", "TRUNCATE t;\n");
    let all = repository.git(&["commit", "-q", "-a", "-m", "x"]);
    let said = String::from_utf8_lossy(&all.stderr);
    assert!(
        !all.status.success() && said.contains("sql.truncate"),
        "{said}"
    );
}

#[test]
fn a_hook_started_below_the_top_and_variables_of_git_lead_to_the_right_repository() {
    let repository = Repository::new("variables");
    let other = Repository::new("elsewhere");
    repository.history("sub/a.sql", "SELECT 1;\n");
    other.write("x.sql", "DROP TABLE x;\n");
    other.must(&["add", "."]);
    repository.write("sub/b.sql", "TRUNCATE t;\n");
    repository.must(&["add", "."]);
    let sub = repository.top.join("sub");
    assert_eq!(
        repository.scan_in(&sub, &["--staged"]).1,
        ["sql.truncate sub/b.sql:1"]
    );
    let output = repository
        .command(BINARY, &sub)
        .env("GIT_DIR", other.top.join(".git"))
        .env("GIT_WORK_TREE", &other.top)
        .env("GIT_INDEX_FILE", other.top.join(".git/index"))
        .args(["git", "pre-commit"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("x.sql:1:1") && !said.contains("truncate"),
        "{said}"
    );
}

#[test]
fn settings_of_the_repository_start_no_program() {
    let repository = Repository::new("hostile");
    repository.history("a.sql", "SELECT 1;\n");
    let mark = repository.home.join("mark");
    let touch = format!("touch {}", mark.display());
    for key in [
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.clean",
        "filter.x.smudge",
    ] {
        repository.must(&["config", key, &touch]);
    }
    repository.write(".gitattributes", "*.sql diff=x filter=x\n");
    repository.write("b.sql", "DROP TABLE t;\n");
    let _ = repository.git(&[
        "-c",
        "core.fsmonitor=false",
        "-c",
        "filter.x.clean=cat",
        "add",
        ".",
    ]);
    let _ = std::fs::remove_file(&mark);
    assert_eq!(repository.scan(&["--staged"]).0, 1);
    assert_eq!(repository.scan(&[]).0, 1);
    assert!(!mark.exists());
}

#[test]
fn without_a_repository_the_hook_stops_and_says_why() {
    let repository = Repository::new("none");
    let outside = repository.home.join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    let output = repository
        .command(BINARY, &outside)
        .args(["git", "pre-commit"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("git says"), "{said}");
    assert_eq!(repository.scan_in(&outside, &["--staged"]).0, 2);
}

#[test]
fn the_walk_leaves_out_what_git_ignores() {
    let repository = Repository::new("walk");
    repository.history(".gitignore", "build/\n*.log.sql\n");
    repository.write("build/a.sql", "DROP TABLE a;\n");
    repository.write("x.log.sql", "DROP TABLE x;\n");
    repository.write("new.sql", "DROP TABLE b;\n");
    assert_eq!(repository.scan(&[]).1, ["sql.drop-table new.sql:1"]);
    assert_eq!(
        repository.scan(&["build"]).1,
        ["sql.drop-table build/a.sql:1"]
    );
    assert_eq!(
        repository.scan(&["x.log.sql"]).1,
        ["sql.drop-table x.log.sql:1"]
    );
}
