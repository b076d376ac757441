//! `install git` and `uninstall git` in real repositories: chains, links and mode bits, work trees, bare ones, folders of hooks, accounts.
//! What the hooks judge is tested elsewhere; here a recorder stands in the program's place.
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

use std::os::unix::fs::PermissionsExt as _;

use git_support::{Scratch, picture, script};

const INSTALL: &[&str] = &["install", "git", "--yes"];
const UNINSTALL: &[&str] = &["uninstall", "git", "--yes"];

#[test]
fn three_hooks_stand_after_installing_twice_and_go_to_the_byte() {
    let scratch = Scratch::new("plain");
    let dir = scratch.repository("it's a repository");
    let before = picture(&dir.join(".git/hooks"));
    let shown = scratch.backstop(&dir, INSTALL).good();
    for name in ["pre-commit", "pre-push", "reference-transaction"] {
        let file = dir.join(".git/hooks").join(name);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert!(
            shown.contains(&format!("hooks/{name} (new file)")),
            "{shown}"
        );
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("backstop='/") && text.contains("/.local/state/backstop'"),
            "{text}"
        );
    }
    let once = picture(&dir.join(".git/hooks"));
    assert!(
        scratch
            .backstop(&dir, INSTALL)
            .good()
            .contains("already stands")
    );
    assert_eq!(picture(&dir.join(".git/hooks")), once, "twice is once");
    scratch.backstop(&dir, UNINSTALL).good();
    assert_eq!(picture(&dir.join(".git/hooks")), before);
    assert!(
        scratch
            .backstop(&dir, UNINSTALL)
            .good()
            .contains("does not stand")
    );
}

#[test]
fn the_three_hooks_as_installed_let_daily_work_pass_and_stop_what_is_theirs() {
    let scratch = Scratch::new("real");
    let dir = scratch.repository("r");
    scratch.remote(&dir);
    scratch.theirs(&dir.join(".git/hooks/pre-push"), 0);
    scratch.backstop(&dir, INSTALL).good();
    scratch.guarded_by_all_three(&dir);
    assert!(
        scratch.log().contains("theirs origin "),
        "the chained hook saw the pushes"
    );
}

#[test]
fn single_hooks_come_and_go_by_name() {
    let scratch = Scratch::new("names");
    let dir = scratch.repository("r");
    scratch
        .backstop(
            &dir,
            &[
                "install",
                "git",
                "--hook",
                "pre-push",
                "--hook",
                "reference-transaction",
                "--yes",
            ],
        )
        .good();
    let hooks = dir.join(".git/hooks");
    assert!(
        hooks.join("pre-push").exists()
            && hooks.join("reference-transaction").exists()
            && !hooks.join("pre-commit").exists()
    );
    scratch
        .backstop(&dir, &["uninstall", "git", "--hook", "pre-push", "--yes"])
        .good();
    assert!(!hooks.join("pre-push").exists() && hooks.join("reference-transaction").exists());
    assert!(
        scratch
            .backstop(&dir, &["install", "git", "--hook", "post-commit", "--yes"])
            .bad()
            .contains("post-commit")
    );
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_mends_it() {
    let scratch = Scratch::new("doctor");
    let dir = scratch.repository("r");
    let says = |what: &[&str]| {
        let shown = scratch.backstop(&dir, &["doctor"]).text;
        for what in what {
            assert!(shown.contains(what), "{what}: {shown}");
        }
    };
    says(&[
        "warn  git hooks: backstop stands behind none",
        "mend: backstop install git",
    ]);
    scratch.backstop(&dir, INSTALL).good();
    says(&["ok  git hooks pre-commit, pre-push, reference-transaction"]);
    let push = dir.join(".git/hooks/pre-push");
    std::fs::set_permissions(&push, std::fs::Permissions::from_mode(0o644)).unwrap();
    says(&[
        "FAIL  git hook pre-push:",
        "not executable",
        "mend: chmod +x",
        "ok  git hooks pre-commit, reference-transaction",
    ]);
    scratch.backstop(&dir, INSTALL).good();
    std::fs::remove_file(&push).unwrap();
    says(&["pre-push is gone", "mend: backstop install git\n"]);
    scratch.theirs(&push, 0);
    says(&["written by somebody else"]);
    std::fs::remove_file(&push).unwrap();
    scratch
        .backstop(&dir, &["uninstall", "git", "--hook", "pre-push", "--yes"])
        .good();
    says(&["ok  git hooks pre-commit, reference-transaction"]);
    let text = std::fs::read_to_string(dir.join(".git/hooks/pre-commit")).unwrap();
    let lines = text.lines().map(|line| {
        if line.starts_with("backstop='") {
            "backstop='/gone/backstop'"
        } else {
            line
        }
    });
    script(
        &dir.join(".git/hooks/pre-commit"),
        &(lines.collect::<Vec<_>>().join("\n") + "\n"),
    );
    says(&["its program /gone/backstop cannot be read"]);
    scratch
        .git(&dir, &["config", "core.hooksPath", "elsewhere"])
        .good();
    says(&[
        "`core.hooksPath` is `elsewhere` in git's local settings",
        "are never run",
    ]);
    scratch.backstop(&dir, UNINSTALL).good();
    assert!(
        !dir.join(".git/hooks/pre-commit").exists(),
        "ours goes although git looks elsewhere now"
    );
}

#[test]
fn nothing_changes_without_a_yes() {
    let scratch = Scratch::new("asks");
    let dir = scratch.repository("r");
    let before = picture(&dir);
    let shown = scratch.backstop(&dir, &["install", "git"]);
    assert_eq!(shown.code, 1, "{}", shown.text);
    assert!(
        shown.text.contains("no terminal") && shown.text.contains("pre-push (new file)"),
        "{}",
        shown.text
    );
    scratch
        .backstop(&dir, &["install", "git", "--dry-run"])
        .good();
    assert_eq!(picture(&dir), before);
    assert!(
        !scratch.home.join(".local").exists(),
        "not even a state directory"
    );
    scratch.backstop(&dir, INSTALL).good();
    let installed = picture(&dir);
    assert_eq!(scratch.backstop(&dir, &["uninstall", "git"]).code, 1);
    scratch
        .backstop(&dir, &["uninstall", "git", "--dry-run"])
        .good();
    assert_eq!(picture(&dir), installed);
}

#[test]
fn outside_a_repository_the_way_out_is_named() {
    let scratch = Scratch::new("nowhere");
    let shown = scratch.backstop(&scratch.home, INSTALL).bad();
    assert!(
        shown.contains("no git repository") && shown.contains("--global"),
        "{shown}"
    );
}

#[test]
fn a_chained_push_hook_gets_the_same_words_and_lines_and_keeps_its_code() {
    let scratch = Scratch::new("chain");
    let dir = scratch.repository("r");
    let remote = scratch.remote(&dir);
    scratch.theirs(&dir.join(".git/hooks/pre-push"), 0);
    let before = picture(&dir.join(".git/hooks"));
    scratch.backstop(&dir, INSTALL).good();
    scratch.record(&dir.join(".git/hooks"));
    let tip = scratch.head(&dir);
    scratch.log();

    scratch
        .git(
            &dir,
            &["push", "-q", "origin", "main", "main:refs/heads/other"],
        )
        .good();
    let log = scratch.log();
    let zeros = "0".repeat(40);
    let url = remote.display();
    let lines = format!(
        "refs/heads/main {tip} refs/heads/main {zeros}\nrefs/heads/main {tip} refs/heads/other {zeros}\n"
    );
    let state = scratch.home.join(".local/state/backstop");
    let wanted = format!(
        "theirs origin {url}\n{lines}ours git pre-push --state {} -- origin {url}\n{lines}",
        state.display()
    );
    assert!(log.starts_with(&wanted), "{log}\n---\n{wanted}");

    scratch.git(&dir, &["push", "-q", "origin", "main"]).good();
    assert!(
        scratch
            .log()
            .starts_with(&format!("theirs origin {url}\nours git pre-push")),
        "an empty list stays empty"
    );

    scratch.answer(1);
    scratch
        .backstop(&dir, &["install", "git", "--hook", "pre-push", "--yes"])
        .good();
    scratch.record(&dir.join(".git/hooks"));
    std::fs::remove_file(dir.join(".git/hooks/reference-transaction")).unwrap();
    scratch
        .git(&dir, &["push", "-q", "origin", "main:third"])
        .bad();
    assert!(scratch.log().contains("ours "), "our no stops the push");

    scratch.answer(0);
    scratch.theirs(&dir.join(".git/hooks/pre-push.before-backstop"), 7);
    scratch
        .git(&dir, &["push", "-q", "origin", "main:fourth"])
        .bad();
    let log = scratch.log();
    assert!(
        log.contains("theirs ") && !log.contains("ours "),
        "their no comes first, and nothing of ours is used up: {log}"
    );
    let direct = scratch.run(dir.join(".git/hooks/pre-push"), &dir, &["origin", "url"]);
    assert_eq!(direct.code, 7, "the code itself is kept");

    scratch.theirs(&dir.join(".git/hooks/pre-push.before-backstop"), 0);
    scratch.backstop(&dir, UNINSTALL).good();
    assert_eq!(picture(&dir.join(".git/hooks")), before);
}

#[test]
fn links_mode_bits_and_hooks_that_are_switched_off_come_back_as_they_were() {
    let scratch = Scratch::new("links");
    let dir = scratch.repository("r");
    let hooks = dir.join(".git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    scratch.theirs(&dir.join("tools/push-hook"), 3);
    std::os::unix::fs::symlink("../../tools/push-hook", hooks.join("pre-push")).unwrap();
    std::fs::write(hooks.join("pre-commit"), "#!/bin/sh\nexit 9\n").unwrap();
    std::fs::set_permissions(
        hooks.join("pre-commit"),
        std::fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", hooks.join("reference-transaction")).unwrap();
    let before = picture(&hooks);
    scratch.backstop(&dir, INSTALL).good();
    scratch.record(&hooks);
    scratch
        .git(&dir, &["commit", "-q", "--allow-empty", "-m", "x"])
        .good();
    let log = scratch.log();
    assert!(
        log.contains("ours git pre-commit") && log.contains("ours git reference-transaction"),
        "{log}"
    );
    assert_eq!(
        scratch.run(hooks.join("pre-push"), &dir, &["a", "b"]).code,
        3,
        "a linked hook is run"
    );
    scratch.backstop(&dir, UNINSTALL).good();
    assert_eq!(picture(&hooks), before);
}

#[test]
fn every_phase_reaches_the_chained_hook_and_only_prepared_reaches_ours() {
    let scratch = Scratch::new("phases");
    let dir = scratch.repository("r");
    scratch.theirs(&dir.join(".git/hooks/reference-transaction"), 0);
    scratch.backstop(&dir, INSTALL).good();
    scratch.record(&dir.join(".git/hooks"));
    scratch.log();
    scratch.git(&dir, &["branch", "topic"]).good();
    let log = scratch.log();
    let line = format!(
        "{} {} refs/heads/topic\n",
        "0".repeat(40),
        scratch.head(&dir)
    );
    assert!(
        log.contains(&format!(
            "theirs prepared\n{line}ours git reference-transaction"
        )),
        "{log}"
    );
    assert!(
        log.contains(&format!("prepared\n{line}theirs committed\n{line}")) && log.ends_with(&line),
        "{log}"
    );
    assert_eq!(log.matches("ours ").count(), 1, "{log}");
}

#[test]
fn linked_work_trees_share_the_hooks_and_a_bare_repository_has_its_own() {
    let scratch = Scratch::new("trees");
    let dir = scratch.repository("r");
    let linked = scratch.home.join("linked tree");
    scratch
        .git(
            &dir,
            &[
                "worktree",
                "add",
                "-q",
                linked.to_str().unwrap(),
                "-b",
                "side",
            ],
        )
        .good();
    scratch.backstop(&linked, INSTALL).good();
    assert!(dir.join(".git/hooks/pre-commit").exists());
    scratch.record(&dir.join(".git/hooks"));
    scratch.commit(&linked, "there");
    assert!(scratch.log().contains("ours git pre-commit"));
    scratch.backstop(&dir, UNINSTALL).good();
    assert!(!dir.join(".git/hooks/pre-commit").exists());

    let bare = scratch.home.join("bare.git");
    scratch
        .git(
            &scratch.home,
            &["init", "-q", "--bare", bare.to_str().unwrap()],
        )
        .good();
    scratch.backstop(&bare, INSTALL).good();
    scratch.record(&bare.join("hooks"));
    scratch
        .git(&dir, &["push", "-q", bare.to_str().unwrap(), "main"])
        .good();
    assert!(scratch.log().contains("refs/heads/main\n"));
    scratch.backstop(&bare, UNINSTALL).good();
    assert!(!bare.join("hooks/reference-transaction").exists());
}

#[test]
fn a_folder_of_hooks_outside_the_work_tree_is_used_in_place() {
    let scratch = Scratch::new("path");
    let dir = scratch.repository("r");
    let hooks = scratch.home.join("my hooks");
    scratch.theirs(&hooks.join("pre-commit"), 0);
    scratch
        .git(&dir, &["config", "core.hooksPath", hooks.to_str().unwrap()])
        .good();
    let before = picture(&hooks);
    scratch.backstop(&dir, INSTALL).good();
    scratch.record(&hooks);
    scratch.commit(&dir, "second");
    let log = scratch.log();
    assert!(
        log.contains("theirs ") && log.contains("ours git pre-commit"),
        "{log}"
    );
    scratch.backstop(&dir, UNINSTALL).good();
    assert_eq!(picture(&hooks), before);
}

#[test]
fn a_checked_out_folder_of_hooks_is_not_touched() {
    let scratch = Scratch::new("checked");
    let dir = scratch.repository("r");
    for name in ["pre-commit", "commit-msg"] {
        scratch.theirs(&dir.join(".githooks").join(name), 0);
    }
    scratch.git(&dir, &["add", "."]).good();
    scratch.git(&dir, &["commit", "-q", "-m", "hooks"]).good();
    scratch
        .git(&dir, &["config", "core.hooksPath", ".githooks"])
        .good();
    let (config, theirs) = (
        std::fs::read(dir.join(".git/config")).unwrap(),
        picture(&dir.join(".githooks")),
    );
    scratch.backstop(&dir, INSTALL).good();
    assert_eq!(picture(&dir.join(".githooks")), theirs);
    assert!(
        scratch
            .backstop(&dir, INSTALL)
            .good()
            .contains("already stands")
    );
    scratch.record(&dir.join(".git/backstop-hooks"));
    scratch.log();
    scratch.commit(&dir, "second");
    let log = scratch.log();
    assert!(
        log.contains("theirs \n")
            && log.contains("theirs .git/COMMIT_EDITMSG")
            && log.contains("ours git pre-commit"),
        "{log}"
    );
    assert_eq!(scratch.git(&dir, &["status", "--porcelain"]).good(), "");
    scratch.backstop(&dir, UNINSTALL).good();
    assert_eq!(std::fs::read(dir.join(".git/config")).unwrap(), config);
    assert!(!dir.join(".git/backstop-hooks").exists());
}

#[test]
fn what_is_not_understood_is_refused_and_kept() {
    let scratch = Scratch::new("refused");
    let dir = scratch.repository("r");
    let hooks = dir.join(".git/hooks");
    let refused = |what: &str| {
        let before = picture(&dir.join(".git"));
        let shown = scratch.backstop(&dir, INSTALL).bad();
        assert!(shown.contains(what) && shown.contains("help:"), "{shown}");
        assert_eq!(picture(&dir.join(".git")), before);
    };
    std::fs::create_dir_all(hooks.join("pre-push")).unwrap();
    refused("is no file");
    std::fs::remove_dir(hooks.join("pre-push")).unwrap();
    scratch.theirs(&hooks.join("pre-push"), 0);
    scratch.theirs(&hooks.join("pre-push.before-backstop"), 0);
    refused("earlier installation");
    std::fs::remove_file(hooks.join("pre-push.before-backstop")).unwrap();
    scratch
        .git(&dir, &["config", "core.hooksPath", "/dev/null"])
        .good();
    refused("switched off");
    scratch
        .git(&dir, &["config", "--unset", "core.hooksPath"])
        .good();
    scratch
        .git(
            &dir,
            &[
                "config",
                "--global",
                "core.hooksPath",
                scratch.home.join("all").to_str().unwrap(),
            ],
        )
        .good();
    refused("--global");
}

#[test]
fn an_account_gets_a_folder_that_passes_on_to_every_repository() {
    let scratch = Scratch::new("account");
    let dir = scratch.repository("r");
    let other = scratch.repository("other");
    for name in ["pre-commit", "commit-msg"] {
        scratch.theirs(&dir.join(".git/hooks").join(name), 0);
    }
    let settings = "[user]\n\tname = Ana # a comment\n[core]\n";
    std::fs::write(scratch.home.join(".gitconfig"), settings).unwrap();
    scratch
        .backstop(&scratch.home, &["install", "git", "--global", "--yes"])
        .good();
    assert!(
        scratch
            .backstop(&dir, &["install", "git", "--global", "--yes"])
            .good()
            .contains("already stands")
    );
    let own = scratch.home.join(".local/state/backstop/git-hooks");
    scratch.record(&own);
    scratch.log();
    scratch.commit(&dir, "second");
    let log = scratch.log();
    assert!(
        log.contains("theirs \nours git pre-commit") && log.contains("theirs .git/COMMIT_EDITMSG"),
        "{log}"
    );
    scratch.commit(&other, "second");
    let log = scratch.log();
    assert!(
        log.contains("ours git pre-commit")
            && log.contains("ours git reference-transaction")
            && !log.contains("theirs"),
        "{log}"
    );
    let linked = scratch.home.join("linked");
    scratch
        .git(&dir, &["worktree", "add", "-q", linked.to_str().unwrap()])
        .good();
    scratch.log();
    scratch.commit(&linked, "third");
    assert!(
        scratch.log().contains("theirs \nours git pre-commit"),
        "a linked work tree finds the hooks of its repository"
    );
    scratch
        .backstop(&dir, &["uninstall", "git", "--global", "--yes"])
        .good();
    assert_eq!(
        std::fs::read_to_string(scratch.home.join(".gitconfig")).unwrap(),
        settings
    );
    assert!(!own.exists());
}

#[test]
fn an_account_that_has_a_folder_of_hooks_keeps_it() {
    let scratch = Scratch::new("own-folder");
    let dir = scratch.repository("r");
    let hooks = scratch.home.join("all hooks");
    scratch.theirs(&hooks.join("pre-commit"), 0);
    scratch
        .git(
            &dir,
            &["config", "--global", "core.hooksPath", "~/all hooks"],
        )
        .good();
    let before = (
        picture(&hooks),
        std::fs::read(scratch.home.join(".gitconfig")).unwrap(),
    );
    scratch
        .backstop(&dir, &["install", "git", "--scope", "user", "--yes"])
        .good();
    scratch.record(&hooks);
    scratch.commit(&dir, "second");
    assert!(scratch.log().contains("theirs \nours git pre-commit"));
    scratch
        .backstop(&dir, &["uninstall", "git", "--global", "--yes"])
        .good();
    assert_eq!(
        (
            picture(&hooks),
            std::fs::read(scratch.home.join(".gitconfig")).unwrap()
        ),
        before
    );
}

#[test]
fn a_missing_program_stops_what_would_be_judged_and_names_the_way_out() {
    let scratch = Scratch::new("gone");
    let dir = scratch.repository("r");
    scratch.remote(&dir);
    scratch.git(&dir, &["branch", "topic"]).good();
    scratch.git(&dir, &["tag", "v1"]).good();
    scratch.backstop(&dir, INSTALL).good();
    let hooks = dir.join(".git/hooks");
    for name in ["pre-commit", "pre-push", "reference-transaction"] {
        let text = std::fs::read_to_string(hooks.join(name)).unwrap();
        let lines = text.lines().map(|line| {
            if line.starts_with("backstop='") {
                "backstop='/gone/backstop'"
            } else {
                line
            }
        });
        script(
            &hooks.join(name),
            &(lines.collect::<Vec<_>>().join("\n") + "\n"),
        );
    }
    for words in [
        &["commit", "--allow-empty", "-m", "x"][..],
        &["push", "origin", "main"],
        &["tag", "-d", "v1"],
    ] {
        let shown = scratch.git(&dir, words).bad();
        assert!(
            shown.contains("/gone/backstop is gone")
                && shown.contains("next: put the program back"),
            "{shown}"
        );
    }
    for words in [
        &["branch", "-D", "topic"][..],
        &["branch", "next"],
        &["pack-refs", "--all"],
        &["gc", "-q"],
        &["commit", "-q", "--no-verify", "--allow-empty", "-m", "x"],
    ] {
        scratch.git(&dir, words).good();
    }
}
