//! Work trees of git and single files through the gate: what exactly is copied, what it costs the second time, what undo puts back.
//! Every loss is a real one, by the real git.
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

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use house::House;
use serde_json::{Value, json};

fn git(house: &House, words: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=ana", "-c", "user.email=ana@example.org"])
        .args(words)
        .current_dir(house.project())
        .env("HOME", &house.home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn write(house: &House, name: &str, text: &str) {
    let place = house.project().join(name);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, text).unwrap();
}

fn read(house: &House, name: &str) -> String {
    std::fs::read_to_string(house.project().join(name)).unwrap()
}

/// A repository with a commit, changes of every kind, and build output that is ignored.
fn repository(name: &str) -> House {
    let house = House::new(name);
    git(&house, &["init", "-q"]);
    for (name, text) in [
        (".gitignore", "target/\n*.log\n"),
        ("kept.txt", "kept"),
        ("changed.txt", "one"),
        ("deep/er/changed.txt", "one"),
        ("both.txt", "one"),
        ("staged.txt", "one"),
        ("goes.txt", "one"),
    ] {
        write(&house, name, text);
    }
    git(&house, &["add", ".gitignore", "*.txt", "deep"]);
    git(&house, &["commit", "-qm", "first"]);
    write(&house, "changed.txt", "two: never committed");
    write(&house, "deep/er/changed.txt", "two: deep");
    write(&house, "both.txt", "two: staged only");
    write(&house, "staged.txt", "two: staged");
    write(&house, "added.txt", "new and staged");
    git(&house, &["add", "both.txt", "staged.txt", "added.txt"]);
    git(&house, &["rm", "-q", "goes.txt"]);
    write(&house, "both.txt", "three: in the work tree only");
    write(&house, "notes.md", "untracked");
    write(&house, "folder/inner/notes.md", "untracked too");
    write(&house, "target/debug/large", &"x".repeat(2_000_000));
    write(&house, "run.log", "ignored");
    house
}

fn backups(house: &House) -> Vec<Value> {
    let answer = house.backstop(&["backup", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{answer:?}"));
    list["backups"].as_array().unwrap().clone()
}

fn folder_of(house: &House, id: &str) -> PathBuf {
    let shown = house.backstop(&["backup", "show", id, "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{shown:?}"));
    PathBuf::from(shown["folder"].as_str().unwrap())
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("metadata/manifest.json")).unwrap()).unwrap()
}

fn names(manifest: &Value) -> Vec<String> {
    let artefacts = manifest["artefacts"].as_array().unwrap().iter();
    artefacts
        .flat_map(|artefact| artefact["contents"].as_array().unwrap())
        .filter(|content| content["kind"] != "directory")
        .map(|content| {
            let name = content["name"].as_str().unwrap();
            name.split_once('/')
                .map_or(name, |(_, rest)| rest)
                .to_owned()
        })
        .collect()
}

/// Lets a snapshot be taken, loses for real, and returns the newest backup's id.
#[track_caller]
fn snapshot_and_lose(house: &House, command: &str) -> String {
    house.bash(command).must_pass();
    let ran = house.run_for_real(command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    backups(house)[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_hard_reset_copies_what_is_changed_and_staged_and_nothing_else_and_undo_puts_it_back() {
    let house = repository("reset");
    let before = git(&house, &["status", "--porcelain=v2"]);
    let id = snapshot_and_lose(&house, "git reset --hard");
    assert_eq!(read(&house, "changed.txt"), "one");
    let folder = folder_of(&house, &id);
    let mut held = names(&manifest(&folder));
    held.sort();
    let expected = [
        "added.txt",
        "both.txt",
        "both.txt",
        "changed.txt",
        "deep/er/changed.txt",
        "staged.txt",
    ];
    assert_eq!(held, expected, "no build output, no untracked file");
    let undone = house.backstop(&["undo", &id, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    for (name, text) in [
        ("changed.txt", "two: never committed"),
        ("deep/er/changed.txt", "two: deep"),
        ("both.txt", "three: in the work tree only"),
        ("staged.txt", "two: staged"),
        ("added.txt", "new and staged"),
        ("kept.txt", "kept"),
    ] {
        assert_eq!(read(&house, name), text, "{name}");
    }
    assert_eq!(git(&house, &["show", ":both.txt"]), "two: staged only");
    let after = git(&house, &["status", "--porcelain=v2"]);
    let plain = |text: &str| -> Vec<String> {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.retain(|line| !line.contains("goes.txt"));
        lines
    };
    assert_eq!(plain(&before), plain(&after), "the index is as it was");
}

#[test]
fn the_staged_contents_come_from_the_backup_even_after_git_threw_its_own_away() {
    let house = repository("staged");
    let id = snapshot_and_lose(&house, "git reset --hard");
    git(&house, &["reflog", "expire", "--expire=now", "--all"]);
    git(&house, &["gc", "-q", "--prune=now"]);
    let undone = house.backstop(&["undo", &id, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(git(&house, &["show", ":both.txt"]), "two: staged only");
    assert_eq!(git(&house, &["show", ":added.txt"]), "new and staged");
}

#[test]
fn a_clean_copies_untracked_files_and_ignored_ones_only_when_it_takes_them() {
    let house = repository("clean");
    let id = snapshot_and_lose(&house, "git clean -fd -- notes.md folder");
    let held = names(&manifest(&folder_of(&house, &id)));
    assert_eq!(held, ["folder/inner/notes.md", "notes.md"]);
    assert!(!house.project().join("folder").exists());
    let undone = house.backstop(&["undo", &id, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(read(&house, "folder/inner/notes.md"), "untracked too");
    assert_eq!(read(&house, "both.txt"), "three: in the work tree only");

    let held = house.bash("git clean -fdx -- run.log");
    let id = backups(&house)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        names(&manifest(&folder_of(&house, &id))),
        ["run.log"],
        "{held:?}"
    );
}

#[test]
fn the_archive_of_a_work_tree_is_restored_by_hand_with_the_printed_command() {
    let house = repository("byhand");
    let id = snapshot_and_lose(&house, "git checkout -- .");
    assert_eq!(read(&house, "changed.txt"), "one");
    let manifest = manifest(&folder_of(&house, &id));
    let line = manifest["recovery"][0].as_str().unwrap();
    let by_hand = std::process::Command::new("sh")
        .args(["-c", line])
        .output()
        .unwrap();
    assert!(by_hand.status.success(), "{line}: {by_hand:?}");
    assert_eq!(read(&house, "changed.txt"), "two: never committed");
    assert_eq!(read(&house, "both.txt"), "three: in the work tree only");
    for line in manifest["recovery"].as_array().unwrap().iter().skip(1) {
        let looked = std::process::Command::new("sh")
            .args(["-c", line.as_str().unwrap()])
            .output()
            .unwrap();
        assert!(looked.status.success(), "{line}: {looked:?}");
    }
}

#[test]
fn a_change_between_hold_and_use_is_copied_anew_and_build_output_is_not_a_change() {
    let house = repository("marks");
    house.policy("profile = \"strict\"\n");
    let held = house.held("git reset --hard");
    let first = backups(&house)[0]["id"].clone();
    write(&house, "target/debug/other", "built meanwhile");
    house.bash("git reset --hard").must_block();
    assert_eq!(
        backups(&house)[0]["id"],
        first,
        "build output is not part of it"
    );
    write(&house, "changed.txt", "two and a half");
    house.approved(&held);
    house.passes_and_runs(&held);
    assert_ne!(backups(&house)[0]["id"], first);
    house.undo(&held.id);
    assert_eq!(read(&house, "changed.txt"), "two and a half");
}

#[test]
fn the_same_content_again_shares_its_archive_and_comes_back_with_its_own_times() {
    let house = House::new("again");
    write(&house, "out.csv", &"a,b,c\n".repeat(10_000));
    let mut inodes = std::collections::BTreeSet::new();
    let mut last = String::new();
    for _ in 0..5 {
        house.bash("echo new > out.csv").must_pass();
        last = backups(&house)[0]["id"].as_str().unwrap().to_owned();
        let folder = folder_of(&house, &last);
        let artefact = folder.join("files/tree.tar.zst");
        inodes.insert(std::fs::metadata(artefact).unwrap().ino());
        // The generator writes the same again: another time, perhaps another file.
        std::fs::remove_file(house.project().join("out.csv")).unwrap();
        write(&house, "out.csv", &"a,b,c\n".repeat(10_000));
    }
    assert_eq!(backups(&house).len(), 5);
    assert_eq!(inodes.len(), 1, "one archive for five backups");
    for backup in backups(&house) {
        let id = backup["id"].as_str().unwrap();
        let verified = house.backstop(&["backup", "verify", id]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
    }
    write(&house, "out.csv", "new");
    let undone = house.backstop(&["undo", &last, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(read(&house, "out.csv"), "a,b,c\n".repeat(10_000));
    // Other content is another archive.
    write(&house, "out.csv", "something else altogether");
    house.bash("echo new > out.csv").must_pass();
    let folder = folder_of(&house, backups(&house)[0]["id"].as_str().unwrap());
    let inode = std::fs::metadata(folder.join("files/tree.tar.zst"))
        .unwrap()
        .ino();
    assert!(inodes.insert(inode));
}

#[test]
fn a_damaged_archive_is_never_shared() {
    let house = House::new("damaged");
    write(&house, "out.csv", "precious");
    house.bash("echo new > out.csv").must_pass();
    let first = folder_of(&house, backups(&house)[0]["id"].as_str().unwrap());
    let artefact = first.join("files/tree.tar.zst");
    let mut bytes = std::fs::read(&artefact).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&artefact, bytes).unwrap();
    house.bash("echo new > out.csv").must_pass();
    let second = folder_of(&house, backups(&house)[0]["id"].as_str().unwrap());
    assert_ne!(first, second);
    let ino = |folder: &Path| {
        std::fs::metadata(folder.join("files/tree.tar.zst"))
            .unwrap()
            .ino()
    };
    assert_ne!(ino(&first), ino(&second));
    let _ = json!(null);
}

#[test]
fn a_large_repository_costs_what_is_changed_in_it() {
    let house = House::new("large");
    git(&house, &["init", "-q"]);
    for number in 0..3000 {
        write(&house, &format!("src/{}/{number}.txt", number % 50), "text");
    }
    write(&house, ".gitignore", "target/\n");
    git(&house, &["add", "src", ".gitignore"]);
    git(&house, &["commit", "-qm", "first"]);
    write(&house, "target/big", &"y".repeat(30_000_000));
    write(&house, "src/0/0.txt", "changed");
    let id = snapshot_and_lose(&house, "git reset --hard");
    let manifest = manifest(&folder_of(&house, &id));
    assert_eq!(names(&manifest), ["src/0/0.txt"]);
    let plain = manifest["artefacts"][0]["plain_bytes"].as_u64().unwrap();
    assert!(plain < 20_000, "{plain}");
}

#[test]
fn what_was_staged_in_a_work_tree_that_has_moved_is_staged_nowhere_else() {
    let house = repository("moved");
    git(&house, &["worktree", "add", "-q", "-b", "feat", "wt"]);
    write(&house, "wt/d", "dirty");
    git(&house, &["-C", "wt", "add", "d"]);
    let id = snapshot_and_lose(&house, "git -C wt reset --hard");
    git(&house, &["worktree", "move", "wt", "wt2"]);
    let before = git(&house, &["diff", "--cached", "--name-only"]);
    for _ in 0..2 {
        let undo = house.backstop(&["undo", &id, "--yes"]);
        assert_eq!(undo.code, Some(1), "{undo:?}");
        assert!(undo.stdout.contains("no work tree any more"), "{undo:?}");
    }
    assert_eq!(read(&house, "wt/d"), "dirty");
    assert_eq!(git(&house, &["diff", "--cached", "--name-only"]), before);
}
