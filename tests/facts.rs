//! Answers about files and repositories, against real folders and a real git.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use backstop::adapters::files::{self, Limits};
use backstop::adapters::git;
use backstop::model::fact::{Answer, EntryFact, EntryKind, GitFact, TreeFact};

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = dir.path().canonicalize().unwrap();
    (dir, path)
}

fn entry(path: &Path) -> EntryFact {
    match files::entry(path, None) {
        Answer::Entry(fact) => fact,
        other => panic!("{other:?}"),
    }
}

fn tree(path: &Path) -> TreeFact {
    match files::tree(path, Limits::default()) {
        Answer::Tree(fact) => fact,
        other => panic!("{other:?}"),
    }
}

fn run(dir: &Path, args: &[&str]) {
    let status = Command::new("git")
        .current_dir(dir)
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .env_remove("GIT_DIR")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{args:?}");
}

fn places() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect()
}

fn ask(dir: &Path, paths: &[PathBuf]) -> GitFact {
    match git::git(dir, paths, &places(), Duration::from_secs(20)) {
        Answer::Git(fact) => fact,
        other => panic!("{other:?}"),
    }
}

fn repository(root: &Path) {
    run(root, &["init", "-q", "-b", "main"]);
    fs::write(root.join(".gitignore"), "node_modules/\n*.log\n").unwrap();
    fs::create_dir(root.join("src")).unwrap();
    fs::write(root.join("src/a.txt"), "a").unwrap();
    fs::write(root.join("src/b.txt"), "b").unwrap();
    run(root, &["add", "."]);
    run(root, &["commit", "-q", "-m", "x"]);
}

#[test]
fn a_link_is_a_link_and_says_where_it_leads() {
    let (_keep, dir) = scratch();
    fs::create_dir(dir.join("real")).unwrap();
    symlink("real", dir.join("link")).unwrap();
    symlink("nowhere", dir.join("dangling")).unwrap();
    fs::write(dir.join("real/f"), "x").unwrap();
    assert_eq!(entry(&dir.join("link")).kind, EntryKind::Link);
    assert_eq!(entry(&dir.join("link")).resolved, dir.join("real"));
    assert_eq!(entry(&dir.join("link/f")).resolved, dir.join("real/f"));
    assert_eq!(entry(&dir.join("dangling")).resolved, dir.join("dangling"));
    assert_eq!(entry(&dir.join("real/../real")).resolved, dir.join("real"));
    assert_eq!(files::entry(&dir.join("none"), None), Answer::Absent);
    assert_eq!(files::entry(&dir.join("real/f/x"), None), Answer::Absent);
}

#[test]
fn the_root_the_home_and_first_bytes_are_recognised() {
    let (_keep, dir) = scratch();
    assert!(entry(Path::new("/")).is_root);
    match files::entry(&dir, Some(&dir)) {
        Answer::Entry(fact) => assert!(fact.is_home && fact.kind == EntryKind::Directory),
        other => panic!("{other:?}"),
    }
    fs::write(dir.join("data"), b"SQLite format 3\0rest").unwrap();
    assert_eq!(entry(&dir.join("data")).magic, "sqlite");
}

#[test]
fn a_tree_is_counted_without_following_links() {
    let (_keep, dir) = scratch();
    let top = dir.join("top");
    fs::create_dir_all(top.join("a/.git")).unwrap();
    fs::create_dir(dir.join("other")).unwrap();
    fs::write(dir.join("other/big"), vec![0; 4096]).unwrap();
    fs::write(top.join("a/f"), "12345").unwrap();
    symlink(dir.join("other"), top.join("link")).unwrap();
    let mut page = b"SQLite format 3\0".to_vec();
    page.resize(512, 0);
    fs::write(top.join("app.db"), page).unwrap();
    let fact = tree(&top);
    assert_eq!((fact.files, fact.directories, fact.bytes), (3, 2, 517));
    assert_eq!(fact.databases, [top.join("app.db")]);
    assert_eq!(fact.repositories, [top.join("a/.git")]);
    assert!(!fact.more && !fact.mounts && fact.proof.is_empty());
}

#[test]
fn a_walk_stops_at_its_limit_and_says_so() {
    let (_keep, dir) = scratch();
    for name in 0..40 {
        fs::write(dir.join(name.to_string()), "x").unwrap();
    }
    let limits = Limits {
        entries: 10,
        ..Limits::default()
    };
    match files::tree(&dir, limits) {
        Answer::Tree(fact) => assert!(fact.more && fact.files < 40),
        other => panic!("{other:?}"),
    }
    let deep = dir.join("d/".repeat(600));
    fs::create_dir_all(&deep).unwrap();
    assert!(tree(&dir).more);
}

#[test]
fn build_output_is_proven_by_its_content() {
    let (_keep, dir) = scratch();
    let make = |name: &str, file: &str, text: &str| {
        fs::create_dir_all(dir.join(name)).unwrap();
        fs::write(dir.join(name).join(file), text).unwrap();
        tree(&dir.join(name)).proof
    };
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n";
    assert_eq!(make("target", "CACHEDIR.TAG", tag), "CACHEDIR.TAG");
    assert_eq!(make("fake", "CACHEDIR.TAG", "no"), "");
    assert_eq!(make("venv", "pyvenv.cfg", ""), "pyvenv.cfg");
    assert_eq!(make("__pycache__", "a.pyc", "x"), "only .pyc");
    assert_eq!(make("node_modules", "x", "x"), "");
    fs::write(dir.join("package-lock.json"), "{}").unwrap();
    assert_eq!(
        make("node_modules", "x", "x"),
        "package-lock.json beside it"
    );
}

#[test]
fn a_pipe_without_a_writer_does_not_hang_the_reader() {
    let (_keep, dir) = scratch();
    let pipe = dir.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(entry(&pipe).kind, EntryKind::Other);
    assert!(matches!(files::text(&pipe, 100), Answer::Unknown(_)));
    assert_eq!(tree(&dir).files, 1);
}

#[test]
fn text_is_bounded_and_a_compiled_program_shows_only_its_beginning() {
    let (_keep, dir) = scratch();
    fs::write(dir.join("s.sh"), "echo hi\n").unwrap();
    fs::write(dir.join("big"), "x".repeat(200)).unwrap();
    fs::write(dir.join("prog"), b"\x7fELF\0\0\0\0").unwrap();
    match files::text(&dir.join("s.sh"), 100) {
        Answer::Text { text, sha256 } => assert!(text == "echo hi\n" && sha256.len() == 64),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        files::text(&dir.join("big"), 100),
        Answer::Unknown(_)
    ));
    assert_eq!(files::text(&dir.join("none"), 100), Answer::Absent);
    match files::text(&dir.join("prog"), 4) {
        Answer::Text { text, .. } => assert!(text.starts_with("\u{7f}ELF")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn patterns_give_what_the_shell_gives() {
    let (_keep, dir) = scratch();
    for path in ["a.log", "b.log", ".c.log", "sub/d.log", "sub/deep/e.log"] {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    let glob = |pattern: &str| match files::glob(&dir, pattern, Limits::default()) {
        Answer::Glob(paths) => paths
            .iter()
            .map(|path| {
                path.strip_prefix(&dir)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(glob("*.log"), ["a.log", "b.log"]);
    assert_eq!(glob(".*.log"), [".c.log"]);
    assert_eq!(glob("*/*.log"), ["sub/d.log"]);
    assert_eq!(
        glob("**/*.log"),
        ["a.log", "b.log", "sub/d.log", "sub/deep/e.log"]
    );
    assert_eq!(glob("s?b/"), ["sub"]);
    assert!(glob("*.txt").is_empty());
    assert_eq!(
        files::glob(&dir.join("none"), "*", Limits::default()),
        Answer::Absent
    );
}

#[test]
fn git_tells_tracked_changed_untracked_and_ignored_apart() {
    let (_keep, dir) = scratch();
    repository(&dir);
    let src = dir.join("src");
    let fact = ask(&dir, std::slice::from_ref(&src));
    assert_eq!(fact.branch.as_deref(), Some("main"));
    let path = &fact.paths[0];
    assert_eq!(
        (path.tracked, path.changed, path.untracked, path.ignored),
        (2, 0, 0, 0)
    );
    fs::write(src.join("a.txt"), "z").unwrap();
    fs::write(src.join("new.txt"), "n").unwrap();
    fs::write(src.join("x.log"), "n").unwrap();
    fs::create_dir(dir.join("node_modules")).unwrap();
    fs::write(dir.join("node_modules/m"), "n").unwrap();
    let modules = dir.join("node_modules");
    let fact = ask(&src, &[modules, src.clone()]);
    assert!(fact.paths[0].is_ignored && fact.paths[0].tracked == 0 && fact.paths[0].ignored > 0);
    let path = &fact.paths[1];
    assert_eq!(
        (path.tracked, path.changed, path.untracked, path.ignored),
        (2, 1, 1, 1)
    );
    let whole = ask(&dir, &[]);
    assert_eq!((whole.dirty, whole.untracked, whole.stashes), (1, 1, 0));
    run(&dir, &["stash", "-q"]);
    let whole = ask(&dir, &[]);
    assert_eq!((whole.dirty, whole.stashes), (0, 1));
}

#[test]
fn a_change_that_keeps_size_and_time_is_still_seen() {
    let (_keep, dir) = scratch();
    repository(&dir);
    let file = dir.join("src/a.txt");
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, "z").unwrap();
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(before)
        .unwrap();
    assert_eq!(ask(&dir, &[file]).paths[0].changed, 1);
}

#[test]
fn a_staged_change_and_a_file_without_a_commit_are_not_head() {
    let (_keep, dir) = scratch();
    run(&dir, &["init", "-q", "-b", "main"]);
    fs::write(dir.join("a"), "a").unwrap();
    run(&dir, &["add", "a"]);
    let fact = ask(&dir, &[dir.join("a")]);
    assert!(!fact.has_head && fact.paths[0].changed == 1);
    run(&dir, &["commit", "-q", "-m", "x"]);
    fs::write(dir.join("a"), "b").unwrap();
    run(&dir, &["add", "a"]);
    assert_eq!(ask(&dir, &[dir.join("a")]).paths[0].changed, 1);
}

#[test]
fn a_file_that_git_is_told_to_assume_unchanged_is_compared_by_content() {
    let (_keep, dir) = scratch();
    repository(&dir);
    run(&dir, &["update-index", "--assume-unchanged", "src/a.txt"]);
    fs::write(dir.join("src/a.txt"), "other").unwrap();
    assert_eq!(ask(&dir, &[dir.join("src")]).paths[0].changed, 1);
}

#[test]
fn other_index_versions_and_a_linked_work_tree_are_read() {
    let (_keep, dir) = scratch();
    let main = dir.join("main");
    fs::create_dir(&main).unwrap();
    repository(&main);
    run(&main, &["update-index", "--index-version", "4"]);
    let path = &ask(&main, &[main.join("src")]).paths[0];
    assert_eq!((path.tracked, path.changed), (2, 0));
    run(&main, &["worktree", "add", "-q", "../side"]);
    let side = dir.join("side");
    let fact = ask(&side, &[side.join("src")]);
    assert_eq!(
        (fact.root, fact.paths[0].tracked, fact.paths[0].changed),
        (side, 2, 0)
    );
}

#[test]
fn no_repository_is_absent() {
    let dir = tempfile::tempdir().unwrap();
    let answer = git::git(dir.path(), &[], &places(), Duration::from_secs(5));
    assert_eq!(answer, Answer::Absent);
}

/// Every setting known to start a program points to one that leaves a mark.
#[test]
fn a_hostile_repository_starts_no_program() {
    let (_keep, dir) = scratch();
    let root = dir.join("repository");
    fs::create_dir(&root).unwrap();
    repository(&root);
    let mark = dir.join("mark");
    let trap = dir.join("trap");
    fs::write(
        &trap,
        format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", mark.display()),
    )
    .unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    let trap = trap.to_string_lossy().into_owned();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "core.askPass",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "credential.helper",
        "core.gitProxy",
        "pager.diff-index",
        "pager.ls-files",
        "core.alternateRefsCommand",
    ] {
        run(&root, &["config", key, &trap]);
    }
    fs::write(
        root.join(".git/info/attributes"),
        "* filter=evil diff=evil\n",
    )
    .unwrap();
    for hook in ["post-index-change", "fsmonitor-watchman", "pre-commit"] {
        fs::copy(&trap, root.join(".git/hooks").join(hook)).unwrap();
    }
    fs::write(root.join("src/a.txt"), "zz").unwrap();
    let fact = ask(&root, &[root.join("src")]);
    assert_eq!((fact.paths[0].tracked, fact.paths[0].changed), (2, 1));
    let _ = ask(&root, &[]);
    assert!(!mark.exists(), "{}", fs::read_to_string(&mark).unwrap());
}
