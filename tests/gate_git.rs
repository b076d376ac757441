//! Losses of git that one call prepares and then causes, and folders of git that lie apart: stashes, linked work trees, submodules.
//! Every loss is a real one, by the real git, and is undone for real.
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

use std::path::Path;

use house::House;

fn git_in(house: &House, dir: &Path, words: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args(["-c", "protocol.file.allow=always"])
        .args(words)
        .current_dir(dir)
        .env_clear()
        .envs(house.env())
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn git(house: &House, words: &[&str]) -> String {
    git_in(house, &house.project(), words)
}

fn write(house: &House, name: &str, text: &str) {
    let place = house.project().join(name);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, text).unwrap();
}

fn read(house: &House, name: &str) -> String {
    std::fs::read_to_string(house.project().join(name)).unwrap_or_default()
}

/// A repository with two branches; its tree is clean.
fn repository(name: &str) -> House {
    let mut house = House::new(name);
    for (name, value) in [
        ("GIT_AUTHOR_NAME", "Ana"),
        ("GIT_AUTHOR_EMAIL", "ana@example.org"),
        ("GIT_COMMITTER_NAME", "Ana"),
        ("GIT_COMMITTER_EMAIL", "ana@example.org"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
    ] {
        house.more.push((name.into(), value.into()));
    }
    git(&house, &["init", "-q", "-b", "main"]);
    for name in ["a.txt", "b.txt", "src/c.txt"] {
        write(&house, name, "committed");
    }
    write(&house, ".gitignore", "data/\n*.log\n");
    git(&house, &["add", "."]);
    git(&house, &["commit", "-qm", "first"]);
    git(&house, &["branch", "other"]);
    house
}

fn dirty(house: &House) {
    write(house, "a.txt", "changed, never committed");
    write(house, "b.txt", "staged, never committed");
    git(house, &["add", "b.txt"]);
    write(house, "new/untracked.txt", "never added");
}

/// The call passes with a snapshot, and is run for real.
#[track_caller]
fn passes_and_runs(house: &House, command: &str) {
    house.bash(command).must_pass();
    let ran = house.run_for_real(command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    house.tell_ran(command);
}

#[track_caller]
fn undo(house: &House) -> String {
    let undone = house.backstop(&["undo", "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    undone.stdout
}

#[test]
fn a_dirty_tree_that_is_stashed_and_dropped_in_one_call_comes_back() {
    let house = repository("stash");
    let all = [
        "git stash -q -u && git stash drop",
        "git stash push -q -u -m x && git stash clear",
        "git stash -q -u; git stash drop -q",
        "git stash -q -u && git checkout -q other && git stash drop && git checkout -q main",
        "git stash -q -a && git update-ref -d refs/stash",
    ];
    for command in all {
        dirty(&house);
        let before = git(&house, &["status", "--porcelain"]);
        passes_and_runs(&house, command);
        assert_eq!(read(&house, "a.txt"), "committed", "{command}");
        assert!(
            !house.project().join("new/untracked.txt").exists(),
            "{command}"
        );
        let said = undo(&house);
        assert_eq!(read(&house, "a.txt"), "changed, never committed", "{said}");
        assert_eq!(read(&house, "b.txt"), "staged, never committed", "{said}");
        assert_eq!(read(&house, "new/untracked.txt"), "never added", "{said}");
        assert_eq!(git(&house, &["status", "--porcelain"]), before, "{command}");
    }
    house.is_sound(&[]);
}

#[test]
fn a_stash_that_is_dropped_beside_older_ones_leaves_no_change_behind() {
    let house = repository("older");
    write(&house, "a.txt", "put aside before");
    git(&house, &["stash", "push", "-q", "-m", "before"]);
    dirty(&house);
    passes_and_runs(&house, "git stash -q && git stash drop");
    undo(&house);
    assert_eq!(read(&house, "a.txt"), "changed, never committed");
    assert_eq!(git(&house, &["stash", "list"]).lines().count(), 1);
}

#[test]
fn stashes_that_come_back_by_themselves_are_not_touched() {
    let house = repository("harmless");
    dirty(&house);
    for command in [
        "git stash -u && git checkout other && git checkout main && git stash pop",
        "git stash; git stash pop",
        "git stash && git stash apply && git stash drop",
    ] {
        let checked = house.backstop(&[
            "check",
            "--cwd",
            &house.project().display().to_string(),
            command,
        ]);
        assert_eq!(checked.code, Some(0), "{command}: {checked:?}");
        house.bash(command).must_pass();
    }
    assert!(house.records("snapshot").is_empty(), "{}", house.ledger());
}

#[test]
fn the_list_of_stashes_comes_back_after_reflogs_were_expired_and_pruned() {
    let house = repository("reflog");
    for what in ["first", "second", "third"] {
        write(&house, "a.txt", what);
        git(&house, &["stash", "push", "-q", "-m", what]);
    }
    let before = git(&house, &["stash", "list"]);
    let command = "git reflog expire --expire=now --all && git gc -q --prune=now";
    let held = house.lose(command);
    assert_eq!(git(&house, &["stash", "list"]), "");
    house.undo(&held.id);
    assert_eq!(git(&house, &["stash", "list"]), before);
    git(&house, &["gc", "-q", "--prune=now"]);
    git(&house, &["stash", "apply", "-q", "stash@{1}"]);
    assert_eq!(read(&house, "a.txt"), "second");
    git(&house, &["fsck", "--strict"]);
}

#[test]
fn a_dropped_stash_has_its_old_place_and_later_ones_stay() {
    let house = repository("place");
    for what in ["first", "second", "third"] {
        write(&house, "a.txt", what);
        git(&house, &["stash", "push", "-q", "-m", what]);
    }
    let before = git(&house, &["stash", "list"]);
    passes_and_runs(&house, "git stash drop stash@{1}");
    undo(&house);
    assert_eq!(git(&house, &["stash", "list"]), before);
    passes_and_runs(&house, "git stash drop -q 2");
    write(&house, "a.txt", "fourth");
    git(&house, &["stash", "push", "-q", "-m", "fourth"]);
    undo(&house);
    let list = git(&house, &["stash", "list"]);
    let words: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split(": ").nth(2))
        .collect();
    assert_eq!(words, ["fourth", "third", "second", "first"], "{list}");
    git(&house, &["stash", "drop", "-q", "stash@{1}"]);
    git(&house, &["stash", "apply", "-q", "stash@{2}"]);
    assert_eq!(read(&house, "a.txt"), "first");
}

#[test]
fn a_removed_work_tree_comes_back_with_its_branch_and_what_was_staged() {
    let house = repository("trees");
    git(&house, &["worktree", "add", "-q", "../wt", "other"]);
    let tree = house.home.join("wt");
    std::fs::write(tree.join("a.txt"), "changed in the work tree").unwrap();
    std::fs::write(tree.join("new.txt"), "untracked there").unwrap();
    git_in(&house, &tree, &["add", "a.txt"]);
    let before = git_in(&house, &tree, &["status", "--porcelain", "-b"]);
    let listed = git(&house, &["worktree", "list"]);
    passes_and_runs(&house, "git worktree remove --force ../wt");
    assert!(!tree.exists());
    undo(&house);
    assert_eq!(
        git_in(&house, &tree, &["status", "--porcelain", "-b"]),
        before
    );
    assert_eq!(git(&house, &["worktree", "list"]), listed);
    // By the name that git gave it, and clean.
    git_in(&house, &tree, &["reset", "-q", "--hard"]);
    git_in(&house, &tree, &["clean", "-qfd"]);
    let snapshots = house.records("snapshot").len();
    passes_and_runs(&house, "git worktree remove --force wt");
    assert_eq!(house.records("snapshot").len(), snapshots);
}

#[test]
fn files_of_a_submodule_come_back_in_their_place() {
    let house = repository("module");
    let other = house.home.join("library");
    std::fs::create_dir_all(&other).unwrap();
    git_in(&house, &other, &["init", "-q", "-b", "main"]);
    std::fs::write(other.join("l.txt"), "committed").unwrap();
    git_in(&house, &other, &["add", "."]);
    git_in(&house, &other, &["commit", "-qm", "library"]);
    git(
        &house,
        &[
            "submodule",
            "--quiet",
            "add",
            &other.display().to_string(),
            "sm",
        ],
    );
    git(&house, &["commit", "-qm", "module"]);
    let clean = house.records("snapshot").len();
    passes_and_runs(&house, "git submodule --quiet update --init --force");
    assert_eq!(
        house.records("snapshot").len(),
        clean,
        "nothing was changed in it"
    );
    for command in [
        "git submodule --quiet deinit -f sm",
        "git submodule --quiet deinit -f --all",
    ] {
        write(&house, "sm/l.txt", "changed in the module");
        write(&house, "sm/deep/new.txt", "untracked in the module");
        passes_and_runs(&house, command);
        assert!(!house.project().join("sm/deep").exists());
        let said = undo(&house);
        assert_eq!(read(&house, "sm/l.txt"), "changed in the module", "{said}");
        assert_eq!(read(&house, "sm/deep/new.txt"), "untracked in the module");
        git(&house, &["submodule", "--quiet", "init"]);
        let status = git_in(
            &house,
            &house.project().join("sm"),
            &["status", "--porcelain"],
        );
        assert_eq!(status, " M l.txt\n?? deep/\n");
    }
    passes_and_runs(&house, "git submodule --quiet update --force");
    assert_eq!(read(&house, "sm/l.txt"), "committed");
    undo(&house);
    assert_eq!(read(&house, "sm/l.txt"), "changed in the module");
}

#[test]
fn files_that_git_rm_took_out_of_the_index_are_in_it_again() {
    let house = repository("rm");
    write(&house, "src/c.txt", "changed only");
    write(&house, "src/d.txt", "staged anew");
    git(&house, &["add", "src/d.txt"]);
    write(&house, "src/d.txt", "changed after that");
    let before = git(&house, &["status", "--porcelain"]);
    passes_and_runs(&house, "git rm -rfq src");
    let said = undo(&house);
    assert!(!said.contains("staged anew and stays"), "{said}");
    assert_eq!(git(&house, &["status", "--porcelain"]), before, "{said}");
    assert_eq!(git(&house, &["show", ":src/d.txt"]), "staged anew");
    assert_eq!(read(&house, "src/c.txt"), "changed only");
}

#[test]
fn commits_of_others_that_an_undo_takes_off_a_branch_are_named() {
    let house = repository("git-others");
    write(&house, "a.txt", "second");
    git(&house, &["commit", "-qam", "second"]);
    passes_and_runs(&house, "git reset --hard HEAD~1");
    let plan = house.backstop(&["undo", "--dry-run"]);
    assert!(!plan.stdout.contains("since the backup"), "{plan:?}");
    write(&house, "theirs.txt", "theirs");
    git(&house, &["add", "."]);
    git(&house, &["commit", "-qm", "theirs"]);
    let theirs = git(&house, &["rev-parse", "--short=12", "HEAD"]);
    let plan = house.backstop(&["undo", "--dry-run"]);
    let way = format!("`git branch NAME {}`", theirs.trim());
    for said in [plan.stdout, undo(&house)] {
        assert!(
            said.contains("1 commit came to refs/heads/main") && said.contains(&way),
            "{said}"
        );
    }

    git(&house, &["clone", "-q", "--bare", ".", "../remote.git"]);
    git(&house, &["remote", "add", "origin", "../remote.git"]);
    git(&house, &["fetch", "-q", "origin"]);
    let command = "git push -q --force origin other:main";
    let held = house.held(command);
    house.approve(&held.id);
    house.passes_and_runs(&held);
    git(
        &house,
        &["clone", "-q", "-b", "main", "../remote.git", "../theirs"],
    );
    let elsewhere = house.project().join("../theirs");
    git_in(
        &house,
        &elsewhere,
        &["commit", "-q", "--allow-empty", "-m", "more"],
    );
    git_in(&house, &elsewhere, &["push", "-q"]);
    let theirs = git_in(&house, &elsewhere, &["rev-parse", "--short=12", "HEAD"]);
    let plan = house.backstop(&["undo", "--dry-run"]);
    let named = format!("others have pushed {}", theirs.trim());
    for said in [plan.stdout, undo(&house)] {
        assert!(
            said.contains(&named) && said.contains("backup show"),
            "{said}"
        );
    }
}
