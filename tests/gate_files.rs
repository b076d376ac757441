//! Files and trees through the gate, end to end: held, backed up, approved twice at a terminal, lost for real, undone.
//! Every call goes to the installed command line; every loss is a real one.
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

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use house::House;
use house::story::picture;
use serde_json::json;

/// A tree with everything that a careless copy loses.
fn furnish(root: &Path) {
    std::fs::create_dir_all(root.join("inner/deep/er")).unwrap();
    std::fs::create_dir_all(root.join("empty/also empty")).unwrap();
    std::fs::write(root.join("inner/a"), "precious").unwrap();
    std::fs::write(root.join("inner/deep/er/big"), vec![7_u8; 300_000]).unwrap();
    std::fs::write(root.join("zero"), "").unwrap();
    for name in [
        "-rf",
        " leading",
        "new\nline",
        "quote'\"`$(x)",
        "grün 数据",
        "*",
        "\\back",
        "tab\there",
    ] {
        std::fs::write(root.join(name), name).unwrap();
    }
    std::fs::write(root.join(OsStr::from_bytes(b"not-\xff-utf8")), "bytes").unwrap();
    std::fs::write(root.join("n".repeat(250)), "long").unwrap();
    symlink("inner/a", root.join("link")).unwrap();
    symlink("/nowhere/at all", root.join("dangling")).unwrap();
    symlink("../other", root.join("out")).unwrap();
    std::fs::hard_link(root.join("inner/a"), root.join("same")).unwrap();
    let mode = |name: &str, mode| {
        std::fs::set_permissions(root.join(name), PermissionsExt::from_mode(mode)).unwrap()
    };
    mode("zero", 0o400);
    mode("*", 0o4751);
    mode("empty", 0o1777);
    mode("inner/deep", 0o700);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_007, 123_456_789);
    for name in ["inner/a", "inner", "empty", ""] {
        std::fs::File::open(root.join(name))
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
    }
}

#[test]
fn a_removed_tree_comes_back_as_it_was() {
    let house = House::new("tree");
    furnish(&house.data());
    let before = picture(&house.project());
    let held = house.held("rm -rf data");
    for part in [
        "files.recursive-delete",
        "lost: ",
        "files",
        "backup: guard-backup-",
        "(verified",
        "backstop approve",
        "backstop wait",
    ] {
        assert!(
            held.reason.contains(part),
            "{part} is missing in {}",
            held.reason
        );
    }
    let again = house.bash("rm -rf data");
    again.must_block();
    assert_eq!(
        again.stderr.lines().count(),
        1,
        "a repeated hold is short: {}",
        again.stderr
    );
    let seen = house.approved(&held);
    for part in ["rm -rf data", "guard-backup-", "files"] {
        assert!(seen.contains(part), "{part} is missing in {seen}");
    }
    house.passes_and_runs(&held);
    assert!(!house.data().exists());
    house.undo(&held.id);
    let after = picture(&house.project());
    // The folder above was written to by the removal itself.
    let differs = |name: &Path| name != Path::new("") && before.get(name) != after.get(name);
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let wrong: Vec<_> = names
        .into_iter()
        .filter(|name| differs(name))
        .map(|name| (name, before.get(name), after.get(name)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    house.undo(&held.id);
    assert_eq!(picture(&house.data()).len(), before.len() - 1);
    assert_eq!(house.records("undone").len(), 2);
    house.is_sound(&[]);
}

/// `rm -rf` empties what is mounted in the tree; its backup holds that too.
#[test]
fn what_is_mounted_in_a_tree_is_in_its_backup() {
    let house = House::new("mounted");
    let place = house.data().join("mnt");
    std::fs::create_dir(&place).unwrap();
    let mount = |words: &[&str]| {
        let done = std::process::Command::new(words[0])
            .args(&words[1..])
            .arg(&place)
            .status();
        done.is_ok_and(|status| status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=1m", "none"]) {
        eprintln!("left out: nothing can be mounted here");
        return;
    }
    std::fs::write(place.join("kept"), "on another file system").unwrap();
    let held = house.held("rm -rf data");
    let listed = house.backstop(&["backup", "list", "--format", "json"]);
    assert!(mount(&["umount"]));
    let words: Vec<&str> = listed.stdout.split('"').collect();
    let backup = words.iter().find(|word| word.starts_with("guard-backup-"));
    let to = house.project().join("again");
    let restored = house.backstop(&["restore", backup.unwrap(), "--to", to.to_str().unwrap()]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(held.reason.contains("another file system is mounted there"));
    let back = picture(&to)
        .into_keys()
        .any(|name| name.ends_with("mnt/kept"));
    assert!(back, "{:?}", picture(&to).keys());
}

/// Alone they would be no loss; beside one they are in its backup.
#[test]
fn links_and_empty_things_come_back_with_what_went_beside_them() {
    for command in [
        "rm -rf data/*",
        "find data -mindepth 1 -maxdepth 1 -exec rm -rf {} +",
        "cd data && rm -rf inner link nowhere zero empty",
    ] {
        let house = House::new("bare");
        let root = house.data();
        std::fs::write(root.join("zero"), "").unwrap();
        std::fs::create_dir(root.join("empty")).unwrap();
        std::os::unix::fs::symlink("inner", root.join("link")).unwrap();
        std::os::unix::fs::symlink("gone/away", root.join("nowhere")).unwrap();
        for (name, mode) in [("zero", 0o600), ("empty", 0o710)] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(root.join(name), mode).unwrap();
        }
        let mut before = picture(&root);
        let held = house.lose(command);
        assert!(!root.join("inner").exists(), "{command}");
        assert!(!root.join("zero").exists() && !root.join("empty").exists());
        house.undo(&held.id);
        let mut after = picture(&root);
        before.remove(Path::new(""));
        after.remove(Path::new(""));
        assert_eq!(after, before, "{command}");
        house.is_sound(&[]);
    }
    let house = House::new("bare-alone");
    std::fs::write(house.data().join("zero"), "").unwrap();
    house.bash("rm data/zero").must_pass();
}

#[test]
fn every_spelling_of_a_removal_is_held_and_comes_back() {
    for command in [
        "rm -rf data/*",
        "find data -mindepth 1 -delete",
        "cd data && rm -r -- inner",
        "rm -rf data/inner other-name 2>/dev/null; true",
        "bash -c 'rm -rf ./data'",
    ] {
        let house = House::new("spelling");
        std::fs::write(house.data().join("b"), "two").unwrap();
        let before = picture(&house.data()).into_keys().collect::<Vec<_>>();
        let held = house.lose(command);
        assert!(!house.data().join("inner/a").exists(), "{command}");
        house.undo(&held.id);
        assert_eq!(
            picture(&house.data()).into_keys().collect::<Vec<_>>(),
            before,
            "{command}"
        );
        assert_eq!(
            std::fs::read_to_string(house.data().join("inner/a")).unwrap(),
            "precious",
            "{command}"
        );
    }
}

#[test]
fn names_that_are_no_text_are_seen_kept_and_brought_back() {
    for command in [
        r"rm -rf data$'\xff'",
        r"rm -rf data$(printf '\377')",
        "rm -rf data?",
        "rm -rf data?/*",
        r"rm -rf dat[a-b]$'\xff'*",
        r"rm -rf data[$'\xff']",
        r"cd data$'\xff' && rm -rf *",
        "find data? -mindepth 1 -delete",
    ] {
        let house = House::new("bytes");
        let folder = house.project().join(OsStr::from_bytes(b"data\xff"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a"), "precious").unwrap();
        std::fs::write(folder.join(OsStr::from_bytes(b"not-\xff-utf8")), "bytes").unwrap();
        std::fs::create_dir(folder.join(OsStr::from_bytes(b"in\xfe"))).unwrap();
        std::fs::write(folder.join(OsStr::from_bytes(b"in\xfe/x")), "deep").unwrap();
        let before = picture(&folder).into_keys().collect::<Vec<_>>();
        let held = house.lose(command);
        assert!(
            held.reason.contains(r"data\xff"),
            "{command}: {}",
            held.reason
        );
        assert!(!folder.join("a").exists(), "{command}");
        house.undo(&held.id);
        assert_eq!(
            picture(&folder).into_keys().collect::<Vec<_>>(),
            before,
            "{command}"
        );
        house.is_sound(&[]);
    }
}

#[test]
fn a_question_mark_is_one_character_of_the_name() {
    for command in ["rm -rf caf?", "rm -rf [[:alpha:]]*", "rm -rf caf[é]"] {
        let house = House::new("characters");
        let folder = house.project().join("café");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a"), "precious").unwrap();
        let held = house.held(command);
        assert!(held.reason.contains("café"), "{command}: {}", held.reason);
    }
}

#[test]
fn a_small_file_with_a_name_that_is_no_text_is_snapshotted() {
    let house = House::new("small-bytes");
    let name = OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::write(house.project().join(name), "one untracked file").unwrap();
    house.bash(r"rm $'caf\xe9.txt'").must_pass();
    let snapshots = house.records("snapshot");
    assert_eq!(snapshots.len(), 1, "{}", house.ledger());
    let backup = snapshots[0]["body"]["backups"][0].as_str().unwrap();
    house.run_for_real(r"rm $'caf\xe9.txt'");
    assert!(!house.project().join(name).exists());
    house.undo(backup);
    assert!(house.project().join(name).exists());
    house.is_sound(&[]);
}

#[test]
fn a_private_character_is_not_taken_for_a_byte() {
    let house = House::new("private");
    let name = format!("data{}", char::from_u32(0x0010_FFFF).unwrap());
    std::fs::create_dir(house.project().join(&name)).unwrap();
    let answer = house.bash(&format!("rm -rf {name}"));
    answer.must_block();
    assert!(
        answer.stderr.contains("private character"),
        "{}",
        answer.stderr
    );
}

#[test]
fn many_small_losses_are_no_small_one() {
    let house = House::new("many");
    for n in 0..30 {
        std::fs::write(house.data().join(format!("n{n}")), "untracked").unwrap();
    }
    house.bash("rm -rf data/n*").must_block();
    house.bash("rm data/n1 data/n2 data/n3").must_pass();
}

#[test]
fn what_changed_after_the_backup_is_backed_up_anew_before_the_use() {
    let house = House::new("drift");
    let held = house.held("rm -rf data");
    house.approved(&held);
    std::fs::write(house.data().join("late"), "written after the approval").unwrap();
    let until = std::time::Instant::now() + Duration::from_secs(60);
    // The new backup is made inside the call; where it takes longer than a hold waits, the call is held and passes later.
    loop {
        let answer = house.bash("rm -rf data");
        if answer.code == Some(0) {
            break;
        }
        assert!(
            answer.stderr.contains("no verified backup") || answer.stderr.contains("changed"),
            "{answer:?}"
        );
        assert!(std::time::Instant::now() < until, "{answer:?}");
    }
    std::fs::remove_dir_all(house.data()).unwrap();
    house.undo(&held.id);
    assert_eq!(
        std::fs::read_to_string(house.data().join("late")).unwrap(),
        "written after the approval"
    );
    assert_eq!(
        std::fs::read_to_string(house.data().join("inner/a")).unwrap(),
        "precious"
    );
}

#[test]
fn a_link_that_is_swapped_after_the_approval_leads_to_no_other_folder() {
    let house = House::new("swap");
    for name in ["one", "two"] {
        std::fs::create_dir_all(house.project().join(name).join("uploads")).unwrap();
        std::fs::write(house.project().join(name).join("uploads/file"), name).unwrap();
    }
    let link = house.project().join("current");
    symlink("one", &link).unwrap();
    let held = house.held("rm -rf current/uploads");
    house.approved(&held);
    std::fs::remove_file(&link).unwrap();
    symlink("two", &link).unwrap();
    let swapped = house.bash("rm -rf current/uploads");
    swapped.must_block();
    assert_ne!(
        swapped.request(),
        held.id,
        "another folder is another request"
    );
    std::fs::remove_file(&link).unwrap();
    symlink("one", &link).unwrap();
    house.passes_and_runs(&held);
    assert!(house.project().join("two/uploads/file").exists());
}

#[test]
fn a_folder_that_is_swapped_for_another_is_not_the_one_that_was_backed_up() {
    let house = House::new("inode");
    let held = house.held("rm -rf data");
    house.approved(&held);
    std::fs::rename(house.data(), house.project().join("aside")).unwrap();
    std::fs::create_dir_all(house.data()).unwrap();
    std::fs::write(house.data().join("other"), "never seen by the backup").unwrap();
    let answer = house.bash("rm -rf data");
    if answer.code == Some(0) {
        std::fs::remove_dir_all(house.data()).unwrap();
        house.undo(&held.id);
        assert_eq!(
            std::fs::read_to_string(house.data().join("other")).unwrap(),
            "never seen by the backup"
        );
    } else {
        answer.must_block();
    }
}

#[test]
fn approvals_expire() {
    let house = House::new("expiry");
    house.policy("[approvals]\nlifetime = \"2s\"\n");
    let held = house.held("rm -rf data");
    house.approve_in_a_terminal(&held.id);
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while house.request(&held.id)["state"] != json!("pending") {
        assert!(
            std::time::Instant::now() < until,
            "{}",
            house.request(&held.id)
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let late = house.bash("rm -rf data");
    late.must_block();
    assert!(
        late.stderr.contains("2 of 2 approvals missing") || late.stderr.contains("expired"),
        "{late:?}"
    );
    assert!(house.records("used").is_empty());
}

#[test]
fn a_rejected_call_stays_held_and_a_revoked_approval_counts_no_more() {
    let house = House::new("reject");
    let held = house.held("rm -rf data");
    house.approved(&held);
    let mut revoke = house.terminal(&["revoke", &held.id]);
    let _ = &mut revoke;
    let (code, seen) = revoke.end();
    assert_eq!(code, 0, "{seen}");
    house.bash("rm -rf data").must_block();
    let (code, seen) = house.terminal(&["reject", &held.id]).end();
    assert_eq!(code, 0, "{seen}");
    let waited = house.backstop(&["wait", &held.id]);
    assert_eq!(waited.code, Some(1), "{waited:?}");
    house.bash("rm -rf data").must_block();
    assert!(house.records("used").is_empty());
}

#[test]
fn a_small_loss_is_snapshotted_inside_the_call_and_passes() {
    let house = House::new("snapshot");
    std::fs::write(house.project().join("notes.txt"), "one untracked file").unwrap();
    house.bash("rm notes.txt").must_pass();
    let snapshots = house.records("snapshot");
    assert_eq!(snapshots.len(), 1, "{}", house.ledger());
    let backup = snapshots[0]["body"]["backups"][0]
        .as_str()
        .unwrap()
        .to_owned();
    house.run_for_real("rm notes.txt");
    assert!(!house.project().join("notes.txt").exists());
    house.undo(&backup);
    assert_eq!(
        std::fs::read_to_string(house.project().join("notes.txt")).unwrap(),
        "one untracked file"
    );
    assert!(house.records("requested").is_empty());
    house.is_sound(&[]);
}

#[test]
fn the_modes_do_what_they_say() {
    let house = House::new("observe");
    house.policy("mode = \"observe\"\n");
    house.bash("rm -rf data").must_pass();
    assert_eq!(house.records("observed").len(), 1);
    assert!(house.records("requested").is_empty());
    house.policy("mode = \"snapshot-only\"\n");
    house.bash("rm -rf data").must_pass();
    let snapshots = house.records("snapshot");
    let backup = snapshots[0]["body"]["backups"][0]
        .as_str()
        .unwrap()
        .to_owned();
    house.run_for_real("rm -rf data");
    house.undo(&backup);
    assert_eq!(
        std::fs::read_to_string(house.data().join("inner/a")).unwrap(),
        "precious"
    );
    house.policy("mode = \"enforce\"\n");
    house.bash("rm -rf data").must_block();
}

#[test]
fn the_strict_profile_holds_small_losses_and_the_relaxed_one_snapshots_larger_ones() {
    let house = House::new("profiles");
    std::fs::write(house.project().join("notes.txt"), "one untracked file").unwrap();
    house.policy("profile = \"strict\"\n");
    house.bash("rm notes.txt").must_block();
    house.policy("profile = \"relaxed\"\n");
    house.bash("rm -rf data").must_pass();
    assert_eq!(house.records("snapshot").len(), 1, "{}", house.ledger());
}

#[test]
fn an_agent_restores_nothing_and_decides_nothing_by_itself() {
    let house = House::new("own");
    let held = house.lose("rm -rf data");
    let binary = house.binary().display().to_string();
    let state = house.state().display().to_string();
    for program in ["backstop", binary.as_str()] {
        for words in [
            format!("undo {}", held.id),
            format!("undo {} --state {state} --yes", held.id),
            "restore guard-backup-x --yes".to_owned(),
        ] {
            let answer = house.bash(&format!("{program} {words}"));
            answer.must_block();
            assert!(
                answer.stderr.starts_with("backstop: held: "),
                "{program} {words}: {answer:?}"
            );
        }
        for words in [
            "approve",
            "reject X",
            "revoke X",
            "lease /x --reason y",
            "backup prune",
            "install claude",
            "uninstall claude --yes",
        ] {
            for more in ["", &format!(" --state {state}")] {
                let answer = house.bash(&format!("{program} {words}{more}"));
                answer.must_block();
                assert!(
                    answer.stderr.starts_with("backstop: denied: "),
                    "{program} {words}: {answer:?}"
                );
            }
        }
        for words in [
            "check 'rm -rf x'",
            "requests",
            "wait X",
            "ledger show",
            "ledger verify",
            "policy list",
            "doctor",
            "backup list",
            "backup status",
        ] {
            house.bash(&format!("{program} {words}")).must_pass();
        }
    }
    assert!(!house.data().exists());
    for own in [
        house.state(),
        house.home.join(".local/share/backstop/backups"),
        house.home.join(".config/backstop"),
    ] {
        let answer = house.bash(&format!("rm -rf {}", own.display()));
        answer.must_block();
        assert!(
            answer.stderr.starts_with("backstop: denied: "),
            "{answer:?}"
        );
    }
}

#[test]
fn an_undo_uses_what_the_use_relied_on_and_no_newer_backup() {
    let house = House::new("which");
    let held = house.lose("rm -rf data");
    std::fs::create_dir_all(house.data()).unwrap();
    std::fs::write(house.data().join("new"), "made after the loss").unwrap();
    let second = house.held("rm -rf data");
    assert_ne!(second.id, held.id);
    house.undo(&held.id);
    assert_eq!(
        std::fs::read_to_string(house.data().join("inner/a")).unwrap(),
        "precious"
    );
    assert_eq!(
        std::fs::read_to_string(house.data().join("new")).unwrap(),
        "made after the loss"
    );
}

#[test]
fn what_is_nobodys_loss_is_never_touched() {
    let house = House::new("calm");
    let git = |words: &str| {
        let done = house.run_for_real(&format!(
            "git -c init.defaultBranch=main -c user.name=t -c user.email=t@t {words}"
        ));
        assert_eq!(done.code, Some(0), "{done:?}");
    };
    git("init -q .");
    std::fs::write(house.project().join(".gitignore"), "target/\n").unwrap();
    std::fs::create_dir_all(house.project().join("target/debug")).unwrap();
    std::fs::write(house.project().join("target/debug/x"), "object").unwrap();
    git("add -A");
    git("commit -qm all");
    let before = house.ledger();
    for command in [
        "rm -rf target",
        "rm -rf data",
        "rm -rf not-there",
        "git reset --hard",
        "rm -rf /tmp/some/thing",
        "echo 'rm -rf data'",
        "git commit -m 'rm -rf /'",
        "D=$(mktemp -d); rm -rf \"$D\"",
        "grep -rn 'DROP TABLE' .",
    ] {
        house.bash(command).must_pass();
    }
    assert_eq!(house.ledger(), before);
    std::fs::write(house.data().join("inner/a"), "changed").unwrap();
    house
        .bash("rm -rf data && git commit -am gone")
        .must_block();
}

#[test]
fn a_backup_by_hand_is_packed_as_policy_says() {
    let house = House::new("codec");
    house.policy("[backup]\ncodec = \"gzip\"\n");
    let made = house.backstop(&["backup", "run", "data"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stdout.contains("tree.tar.gz"), "{}", made.stdout);
    let other = house.backstop(&["backup", "run", "data", "--codec", "zstd", "--force"]);
    assert!(other.stdout.contains("tree.tar.zst"), "{}", other.stdout);
}

#[test]
fn a_plan_names_what_others_put_where_a_folder_was() {
    let house = House::new("standing");
    house.lose("rm -rf data");
    std::fs::create_dir_all(house.data().join("inner")).unwrap();
    std::fs::write(house.data().join("inner/a"), "theirs").unwrap();
    std::fs::write(house.data().join("new"), "theirs too").unwrap();
    let plan = house.backstop(&["undo", "--dry-run"]);
    let named = "`data/inner/a` stands there with other content and is replaced; it is saved first";
    assert!(plan.stdout.contains(named), "{plan:?}");
    assert!(!plan.stdout.contains("data/new"), "{plan:?}");
    let undone = house.backstop(&["undo", "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert!(
        undone.stdout.contains("`a` stood there with other content"),
        "{undone:?}"
    );
    let plan = house.backstop(&["undo", "--dry-run", &backup_of(&undone.stdout)]);
    assert!(!plan.stdout.contains("stands there"), "{plan:?}");
}

/// The backup that an undo has worked from.
fn backup_of(said: &str) -> String {
    let id = said.split(" from ").nth(1).unwrap_or_default();
    id.lines().next().unwrap_or_default().to_owned()
}
