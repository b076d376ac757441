//! husky 9, lefthook and pre-commit, the real tools at fixed versions: backstop beside them, and after each has written its hooks anew.
//! A tool that cannot be fetched from its registry is named and left out; with `CI=true` that is a failure.
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
use std::process::{Command, Stdio};

use git_support::{Scratch, picture};

const INSTALL: &[&str] = &["install", "git", "--yes"];
const UNINSTALL: &[&str] = &["uninstall", "git", "--yes"];

fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools")
}

/// Returns a tool from the cache, fetched by its registry's own client when it is not there; says so when it cannot be had.
fn tool(name: &str, program: &Path, fetch: &[&[&str]]) -> Option<PathBuf> {
    if !program.exists() {
        for words in fetch {
            let folder = cache();
            std::fs::create_dir_all(&folder).unwrap();
            let status = Command::new(words[0])
                .args(&words[1..])
                .current_dir(&folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if !status.is_ok_and(|status| status.success()) {
                break;
            }
        }
    }
    if program.exists() {
        return Some(program.to_path_buf());
    }
    assert_ne!(
        std::env::var("CI").as_deref(),
        Ok("true"),
        "{name} is missing, and CI=true"
    );
    eprintln!(
        "left out: {name} is not in {} and could not be fetched",
        cache().display()
    );
    None
}

/// A package of npm. Its scripts stay off: lefthook's own would install hooks into the repository around the cache.
fn npm(package: &str, version: &str) -> Option<PathBuf> {
    let folder = format!("{package}-{version}");
    let program = cache()
        .join(&folder)
        .join("node_modules/.bin")
        .join(package);
    let wanted = format!("{package}@{version}");
    tool(
        package,
        &program,
        &[&[
            "npm",
            "install",
            "--no-fund",
            "--no-audit",
            "--silent",
            "--ignore-scripts",
            "--prefix",
            &folder,
            &wanted,
        ]],
    )
}

fn pre_commit() -> Option<PathBuf> {
    let folder = "pre-commit-4.7.0";
    let pip = cache().join(folder).join("bin/pip");
    let program = cache().join(folder).join("bin/pre-commit");
    tool(
        "pre-commit",
        &program,
        &[
            &["python3", "-m", "venv", folder],
            &[pip.to_str().unwrap(), "install", "-q", "pre-commit==4.7.0"],
        ],
    )
}

/// A repository with a remote, in a scratch home in which the tool is on PATH.
fn start(name: &str, tool: &Path) -> (Scratch, PathBuf) {
    let mut scratch = Scratch::new(name);
    scratch.tools.push(tool.parent().unwrap().to_path_buf());
    // Tools that are scripts of node or python need those.
    let path = std::env::var_os("PATH").unwrap_or_default();
    for program in ["node", "python3"] {
        let found = std::env::split_paths(&path).find(|dir| dir.join(program).is_file());
        scratch.tools.extend(found);
    }
    let dir = scratch.repository("r");
    scratch.remote(&dir);
    (scratch, dir)
}

/// Pushes a new commit; says what reached the hooks.
fn push(scratch: &Scratch, dir: &Path, name: &str) -> (i32, String) {
    std::fs::write(dir.join(name), name).unwrap();
    scratch.git(dir, &["add", name]).good();
    scratch.git(dir, &["commit", "-q", "-m", name]).good();
    let said = scratch.git(
        dir,
        &["push", "-q", "origin", &format!("HEAD:refs/heads/{name}")],
    );
    (said.code, scratch.log())
}

/// The same managers with the program itself behind the hooks.
#[test]
fn under_every_manager_each_hook_stops_what_is_its_own() {
    type Prepare = fn(&Scratch, &Path, &Path);
    let husky: Prepare = |scratch, dir, program| {
        std::fs::write(dir.join("package.json"), "{\"name\": \"x\"}\n").unwrap();
        scratch.run(program, dir, &[]).good();
    };
    let lefthook: Prepare = |scratch, dir, program| {
        std::fs::write(
            dir.join("lefthook.yml"),
            "pre-push:\n  commands:\n    check:\n      run: \"true\"\n",
        )
        .unwrap();
        scratch.run(program, dir, &["install"]).good();
    };
    let framework: Prepare = |scratch, dir, program| {
        std::fs::write(dir.join(".pre-commit-config.yaml"), FRAMEWORK).unwrap();
        let words = ["install", "-t", "pre-commit", "-t", "pre-push"];
        scratch.run(program, dir, &words).good();
    };
    let managers = [
        ("husky", npm("husky", "9.1.7"), husky),
        ("lefthook", npm("lefthook", "2.2.2"), lefthook),
        ("framework", pre_commit(), framework),
    ];
    for (name, program, prepare) in managers {
        let Some(program) = program else { continue };
        let (scratch, dir) = start(&format!("real-{name}"), &program);
        prepare(&scratch, &dir, &program);
        scratch.git(&dir, &["add", "."]).good();
        scratch.git(&dir, &["commit", "-q", "-m", name]).good();
        scratch.backstop(&dir, INSTALL).good();
        // What the installer writes for the team belongs to the repository.
        scratch.git(&dir, &["add", "."]).good();
        scratch
            .git(&dir, &["commit", "-q", "--allow-empty", "-m", "hooks"])
            .good();
        scratch.guarded_by_all_three(&dir);
    }
}

/// What has to reach ours for a push of the current commit to this branch.
fn line(scratch: &Scratch, dir: &Path, name: &str) -> String {
    format!(
        "HEAD {} refs/heads/{name} {}\n",
        scratch.head(dir),
        "0".repeat(40)
    )
}

#[track_caller]
fn doctor_says(scratch: &Scratch, dir: &Path, what: &str) {
    let shown = scratch.backstop(dir, &["doctor"]).text;
    assert!(shown.contains(what), "{what}: {shown}");
}

#[test]
fn husky_calls_backstop_and_goes_on_after_it_is_prepared_again() {
    let Some(husky) = npm("husky", "9.1.7") else {
        return;
    };
    let (scratch, dir) = start("husky", &husky);
    std::fs::write(
        dir.join("package.json"),
        "{\"name\": \"x\", \"scripts\": {\"prepare\": \"husky\"}}\n",
    )
    .unwrap();
    scratch.run(&husky, &dir, &[]).good();
    let theirs = format!(
        "{{ echo \"theirs $*\"; cat; }} >> '{}'\n",
        scratch.log_path().display()
    );
    std::fs::write(dir.join(".husky/pre-push"), &theirs).unwrap();
    scratch.git(&dir, &["add", "."]).good();
    scratch.git(&dir, &["commit", "-q", "-m", "husky"]).good();
    let before = picture(&dir.join(".husky"));

    let shown = scratch.backstop(&dir, INSTALL).good();
    assert!(
        shown.contains("/.husky/pre-push (changed)")
            && shown.contains("/.husky/pre-commit (new file)"),
        "{shown}"
    );
    assert!(
        !std::fs::read_to_string(dir.join(".husky/pre-push"))
            .unwrap()
            .contains("/srv"),
        "no path of this machine is committed"
    );
    assert!(
        scratch
            .backstop(&dir, INSTALL)
            .good()
            .contains("already stands")
    );
    doctor_says(
        &scratch,
        &dir,
        "ok  git hooks pre-commit, pre-push, reference-transaction",
    );
    scratch.record(&dir.join(".husky/_"));
    for round in ["one", "two"] {
        scratch.log();
        let (code, log) = push(&scratch, &dir, round);
        let lines = line(&scratch, &dir, round);
        assert_eq!(code, 0, "{log}");
        let theirs = log.find(&format!(
            "theirs origin {}\n{lines}",
            scratch.home.join("remote.git").display()
        ));
        let ours = log.find("ours git pre-push --state ");
        assert!(
            theirs.is_some() && ours > theirs && log.contains(&format!("remote.git\n{lines}")),
            "{log}"
        );
        assert!(
            log.contains("ours git pre-commit") && log.contains("ours git reference-transaction"),
            "{log}"
        );
        // npm's `prepare` writes husky's folder anew.
        scratch.run(&husky, &dir, &[]).good();
    }
    std::fs::write(
        dir.join(".husky/pre-push"),
        std::fs::read_to_string(dir.join(".husky/pre-push")).unwrap() + "exit 5\n",
    )
    .unwrap();
    let (code, log) = push(&scratch, &dir, "three");
    assert!(
        code != 0 && !log.contains("ours git pre-push"),
        "their no stays a no: {log}"
    );
    std::fs::write(
        dir.join(".husky/pre-push"),
        std::fs::read_to_string(dir.join(".husky/pre-push"))
            .unwrap()
            .replace("exit 5\n", ""),
    )
    .unwrap();
    std::fs::write(scratch.home.join("code"), "1").unwrap();
    std::fs::remove_file(dir.join(".husky/_/reference-transaction")).unwrap();
    std::fs::remove_file(dir.join(".husky/_/backstop-pre-commit")).unwrap();
    let (code, _) = push(&scratch, &dir, "four");
    assert_ne!(code, 0, "ours stops the push under husky");
    doctor_says(&scratch, &dir, "backstop-pre-commit is gone");

    scratch.backstop(&dir, INSTALL).good();
    scratch.backstop(&dir, UNINSTALL).good();
    assert_eq!(picture(&dir.join(".husky")), before);
    assert_eq!(scratch.git(&dir, &["status", "--porcelain"]).good(), "");
}

#[test]
fn a_clone_without_backstop_is_not_troubled_by_huskys_line() {
    let Some(husky) = npm("husky", "9.1.7") else {
        return;
    };
    let (scratch, dir) = start("husky-clone", &husky);
    scratch.run(&husky, &dir, &[]).good();
    scratch.backstop(&dir, INSTALL).good();
    std::fs::remove_file(dir.join(".husky/_/reference-transaction")).unwrap();
    scratch.git(&dir, &["add", ".husky"]).good();
    scratch
        .git(&dir, &["commit", "-q", "--no-verify", "-m", "husky"])
        .good();
    let clone = scratch.home.join("clone");
    scratch
        .git(
            &scratch.home,
            &[
                "clone",
                "-q",
                dir.to_str().unwrap(),
                clone.to_str().unwrap(),
            ],
        )
        .good();
    scratch.run(&husky, &clone, &[]).good();
    scratch.commit(&clone, "more");
    scratch
        .git(&clone, &["push", "-q", "origin", "HEAD:refs/heads/more"])
        .good();
}

#[test]
fn lefthook_calls_backstop_and_goes_on_after_it_is_installed_again() {
    let Some(lefthook) = npm("lefthook", "2.2.2") else {
        return;
    };
    let (scratch, dir) = start("lefthook", &lefthook);
    let theirs = format!(
        "cat >> '{}'; echo theirs {{1}} >> '{}'",
        scratch.log_path().display(),
        scratch.log_path().display()
    );
    let config =
        format!("pre-push:\n  commands:\n    check:\n      run: {theirs}\n      use_stdin: true\n");
    std::fs::write(dir.join("lefthook.yml"), config).unwrap();
    scratch.run(&lefthook, &dir, &["install"]).good();
    let before = picture(&dir.join(".git/hooks"));

    let shown = scratch.backstop(&dir, INSTALL).good();
    assert!(
        shown.contains("lefthook-local.yml (new file)")
            && shown.contains("hooks/pre-commit (new file)"),
        "{shown}"
    );
    assert!(
        scratch
            .backstop(&dir, INSTALL)
            .good()
            .contains("already stands")
    );
    doctor_says(
        &scratch,
        &dir,
        "ok  git hooks pre-commit, pre-push, reference-transaction",
    );
    scratch.record(&dir.join(".git/hooks"));
    for round in ["one", "two"] {
        scratch.log();
        let (code, log) = push(&scratch, &dir, round);
        let lines = line(&scratch, &dir, round);
        assert_eq!(code, 0, "{log}");
        assert!(log.contains(&format!("{lines}theirs origin\n")), "{log}");
        assert!(
            log.contains(&format!(
                "-- origin {}\n{lines}",
                scratch.home.join("remote.git").display()
            )),
            "{log}"
        );
        assert!(
            log.contains("ours git pre-commit") && log.contains("ours git reference-transaction"),
            "{log}"
        );
        scratch.run(&lefthook, &dir, &["install"]).good();
    }
    std::fs::remove_file(dir.join(".git/hooks/reference-transaction")).unwrap();
    std::fs::remove_file(dir.join(".git/hooks/pre-commit")).unwrap();
    std::fs::write(scratch.home.join("code"), "1").unwrap();
    assert_ne!(
        push(&scratch, &dir, "three").0,
        0,
        "ours stops the push under lefthook"
    );

    // A hook that lefthook takes over later: it puts ours aside and never calls it.
    std::fs::remove_file(scratch.home.join("code")).unwrap();
    scratch.backstop(&dir, INSTALL).good();
    let more = std::fs::read_to_string(dir.join("lefthook.yml")).unwrap()
        + "pre-commit:\n  commands:\n    check:\n      run: echo\n";
    std::fs::write(dir.join("lefthook.yml"), more).unwrap();
    scratch.run(&lefthook, &dir, &["install"]).good();
    doctor_says(
        &scratch,
        &dir,
        "git hook pre-commit: lefthook runs its own script there",
    );
    scratch.backstop(&dir, INSTALL).good();
    doctor_says(
        &scratch,
        &dir,
        "ok  git hooks pre-commit, pre-push, reference-transaction",
    );
    scratch.record(&dir.join(".git/hooks"));
    assert!(
        push(&scratch, &dir, "four")
            .1
            .contains("ours git pre-commit")
    );

    scratch.backstop(&dir, UNINSTALL).good();
    assert!(!dir.join("lefthook-local.yml").exists());
    let after = picture(&dir.join(".git/hooks"));
    let names =
        |list: &[(PathBuf, u32, Vec<u8>)]| list.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
    let mut wanted = names(&before);
    wanted.push(dir.join(".git/hooks/pre-commit"));
    wanted.sort();
    assert_eq!(
        names(&after),
        wanted,
        "lefthook's own scripts stay, ours go"
    );
}

#[test]
fn a_local_file_of_lefthook_that_says_more_is_kept() {
    let Some(lefthook) = npm("lefthook", "2.2.2") else {
        return;
    };
    let (scratch, dir) = start("lefthook-local", &lefthook);
    std::fs::write(
        dir.join("lefthook.yml"),
        "pre-push:\n  commands:\n    check:\n      run: echo\n",
    )
    .unwrap();
    let local = "# mine\npost-merge:\n  commands:\n    note:\n      run: echo\n";
    std::fs::write(dir.join("lefthook-local.yml"), local).unwrap();
    scratch.run(&lefthook, &dir, &["install"]).good();
    scratch.backstop(&dir, INSTALL).good();
    assert!(
        std::fs::read_to_string(dir.join("lefthook-local.yml"))
            .unwrap()
            .starts_with(local)
    );
    scratch.backstop(&dir, UNINSTALL).good();
    assert_eq!(
        std::fs::read_to_string(dir.join("lefthook-local.yml")).unwrap(),
        local
    );

    std::fs::write(
        dir.join("lefthook-local.yml"),
        "pre-push:\n  commands:\n    mine:\n      run: echo\n",
    )
    .unwrap();
    let before = picture(&dir.join(".git/hooks"));
    let shown = scratch.backstop(&dir, INSTALL).bad();
    assert!(
        shown.contains("by hand") && shown.contains("use_stdin: true"),
        "{shown}"
    );
    assert_eq!(picture(&dir.join(".git/hooks")), before);
}

const FRAMEWORK: &str = "repos:\n- repo: local\n  hooks:\n  - {id: t, name: t, entry: sh -c 'echo theirs >> \"$HOME/log\"', language: system, always_run: true, pass_filenames: false, stages: [pre-commit, pre-push]}\n";

#[test]
fn the_framework_pre_commit_calls_backstop_in_either_order() {
    let Some(program) = pre_commit() else { return };
    for first in ["theirs", "ours"] {
        let (scratch, dir) = start(&format!("framework-{first}"), &program);
        std::fs::write(dir.join(".pre-commit-config.yaml"), FRAMEWORK).unwrap();
        scratch.git(&dir, &["add", "."]).good();
        scratch.git(&dir, &["commit", "-q", "-m", "config"]).good();
        let framework = ["install", "-t", "pre-commit", "-t", "pre-push"];
        let run_framework = || scratch.run(&program, &dir, &framework).good();
        if first == "theirs" {
            run_framework();
        }
        let before = picture(&dir.join(".git/hooks"));
        scratch.backstop(&dir, INSTALL).good();
        if first == "ours" {
            run_framework();
        }
        assert!(
            scratch
                .backstop(&dir, INSTALL)
                .good()
                .contains("already stands")
        );
        doctor_says(
            &scratch,
            &dir,
            "ok  git hooks pre-commit, pre-push, reference-transaction",
        );
        scratch.record(&dir.join(".git/hooks"));
        for round in ["one", "two"] {
            scratch.log();
            let (code, log) = push(&scratch, &dir, round);
            let lines = line(&scratch, &dir, round);
            assert_eq!(code, 0, "{log}");
            assert!(
                log.contains(&format!("remote.git\n{lines}")),
                "the framework hands all lines to the legacy hook: {log}"
            );
            assert!(
                log.contains("ours git pre-commit") && log.matches("theirs\n").count() == 2,
                "{log}"
            );
            run_framework();
        }
        // `-f` throws the legacy hook away.
        scratch
            .run(&program, &dir, &["install", "-f", "-t", "pre-push"])
            .good();
        doctor_says(
            &scratch,
            &dir,
            "git hook pre-push: the framework pre-commit wrote its own script over ours",
        );
        scratch.backstop(&dir, INSTALL).good();
        doctor_says(
            &scratch,
            &dir,
            "ok  git hooks pre-commit, pre-push, reference-transaction",
        );
        scratch.backstop(&dir, UNINSTALL).good();
        if first == "ours" {
            scratch
                .run(
                    &program,
                    &dir,
                    &["uninstall", "-t", "pre-commit", "-t", "pre-push"],
                )
                .good();
        }
        assert_eq!(picture(&dir.join(".git/hooks")), before, "{first}");
    }
}

#[test]
fn a_hook_before_the_framework_and_before_us_is_still_run_and_comes_back() {
    let Some(program) = pre_commit() else { return };
    let (scratch, dir) = start("framework-three", &program);
    std::fs::write(dir.join(".pre-commit-config.yaml"), FRAMEWORK).unwrap();
    scratch.git(&dir, &["add", "."]).good();
    scratch.git(&dir, &["commit", "-q", "-m", "config"]).good();
    scratch.theirs(&dir.join(".git/hooks/pre-push"), 0);
    let before = picture(&dir.join(".git/hooks"));
    scratch.backstop(&dir, INSTALL).good();
    scratch
        .run(&program, &dir, &["install", "-t", "pre-push"])
        .good();
    scratch.record(&dir.join(".git/hooks"));
    scratch.log();
    let (_, log) = push(&scratch, &dir, "one");
    let url = scratch.home.join("remote.git");
    assert!(
        log.contains(&format!(
            "theirs origin {}\n{}ours git pre-push",
            url.display(),
            line(&scratch, &dir, "one")
        )),
        "{log}"
    );
    assert!(log.contains("theirs\n"), "and the framework's own: {log}");
    scratch
        .run(&program, &dir, &["uninstall", "-t", "pre-push"])
        .good();
    scratch.backstop(&dir, UNINSTALL).good();
    assert_eq!(picture(&dir.join(".git/hooks")), before);
}
