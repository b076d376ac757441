//! Pushes with real git and its own hook: what is harmless goes through unseen, what loses refs of the remote is kept or held, and comes back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may stop with a panic"
)]

mod house;
mod push_scene;
mod support;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use house::Answer;
use push_scene::{Scene, answer};
use serde_json::json;

#[test]
fn what_loses_nothing_goes_through_in_silence_and_touches_nothing() {
    let scene = Scene::new("harmless");
    scene.commit("three");
    for args in [
        &["-q", "origin", "main"][..],
        &["-q", "origin", "main"],
        &["-q", "origin", "main:refs/heads/new"],
        &["-q", "origin", "HEAD~1:refs/heads/older"],
        &["-q", "--force", "origin", "main"],
        &["-q", "origin", "HEAD:refs/tags/v1"],
        &["-q", "--all", "origin"],
    ] {
        let said = scene.push(args);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
    assert!(scene.untouched(), "{}", scene.house.ledger());
    assert!(scene.backups().is_empty());
}

#[test]
fn harmless_pushes_go_on_with_a_broken_state_and_destructive_ones_do_not() {
    let scene = Scene::new("broken");
    let old = scene.rewritten("main");
    std::fs::remove_dir_all(scene.house.state()).unwrap();
    std::fs::write(scene.house.state(), "no directory").unwrap();
    scene.here(&["branch", "fresh"]);
    let said = scene.push(&["-q", "origin", "fresh"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let said = scene.push(&["--force", "origin", "main"]);
    assert_ne!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("backstop: held"), "{said:?}");
    assert_eq!(scene.tip("main"), old);
    std::fs::remove_file(scene.house.state()).unwrap();
}

#[test]
fn an_unprotected_branch_is_kept_and_goes_on_and_comes_back_after_the_repository_is_gone() {
    let scene = Scene::new("moderate");
    let old = scene.rewritten("topic");
    let said = scene.push(&["-q", "--force", "origin", "topic"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_ne!(scene.tip("topic"), old);
    let backups = scene.backups();
    assert_eq!(backups.len(), 1, "{backups:?}");
    let id = backups[0]["id"].as_str().unwrap().to_owned();
    let shown = scene
        .house
        .backstop(&["backup", "show", &id, "--format", "json"]);
    assert!(shown.stdout.contains("push --force"), "{shown:?}");
    // Nothing of the store leans on the repository or on the remote.
    scene.git(
        &scene.remote,
        &["reflog", "expire", "--expire=now", "--all"],
    );
    scene.git(&scene.remote, &["gc", "-q", "--prune=now"]);
    std::fs::remove_dir_all(scene.repo.join(".git")).unwrap();
    let checked = scene
        .house
        .backstop(&["backup", "verify", &id, "--level", "restored"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let undone = scene.house.backstop(&["undo", &id, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(scene.tip("topic"), old);
}

#[test]
fn a_deleted_unprotected_branch_is_kept_and_the_recovery_command_works_by_hand() {
    let scene = Scene::new("delete-branch");
    scene.here(&["checkout", "-q", "-b", "topic"]);
    let old = scene.commit("topic");
    scene.here(&["push", "-q", "--no-verify", "origin", "topic"]);
    let said = scene.push(&["-q", "origin", "--delete", "topic"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(scene.tip("topic"), "");
    let id = scene.backups()[0]["id"].as_str().unwrap().to_owned();
    let shown = scene
        .house
        .backstop(&["backup", "show", &id, "--format", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let line = find(&shown, "recovery").unwrap()[0]
        .as_str()
        .unwrap()
        .to_owned();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &line])
        .env_clear()
        .envs(scene.house.env())
        .current_dir("/");
    let said = answer(&mut shell);
    assert_eq!(said.code, Some(0), "{line}: {said:?}");
    assert_eq!(scene.tip("topic"), old);
}

/// Finds a field at any depth.
fn find<'v>(value: &'v serde_json::Value, name: &str) -> Option<&'v serde_json::Value> {
    if let Some(found) = value.get(name) {
        return Some(found);
    }
    match value {
        serde_json::Value::Object(map) => map.values().find_map(|one| find(one, name)),
        serde_json::Value::Array(list) => list.iter().find_map(|one| find(one, name)),
        _ => None,
    }
}

#[test]
fn a_protected_branch_is_held_approved_passes_once_and_is_undone() {
    let scene = Scene::new("protected");
    let old = scene.rewritten("main");
    let new = scene.here(&["rev-parse", "HEAD"]);
    let held = scene.push(&["--force", "origin", "main"]);
    assert_ne!(held.code, Some(0));
    assert!(held.stderr.contains("origin/refs/heads/main"), "{held:?}");
    assert_eq!(scene.tip("main"), old);
    let id = held.request();
    let again = scene.push(&["--force", "origin", "main"]);
    assert_eq!(again.request(), id, "{again:?}");
    let seen = scene.house.approve_in_a_terminal(&id);
    assert!(seen.contains("1 commit is no longer reachable"), "{seen}");
    let said = scene.push(&["-q", "--force", "origin", "main"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(scene.tip("main"), new);
    assert_eq!(scene.house.request(&id)["state"], json!("used"));
    // The same push another time is another loss.
    scene.git(&scene.remote, &["update-ref", "refs/heads/main", &old]);
    let second = scene.push(&["--force", "origin", "main"]);
    assert_ne!(second.code, Some(0), "{second:?}");
    scene.git(&scene.remote, &["update-ref", "refs/heads/main", &new]);
    let undone = scene.house.undo(&id);
    assert_eq!(scene.tip("main"), old, "{undone:?}");
    assert!(
        undone.stdout.contains("the state before is saved as"),
        "{undone:?}"
    );
}

#[test]
fn tags_and_deletions_of_protected_refs_are_held_and_undone() {
    let scene = Scene::new("tags");
    scene.here(&["tag", "-a", "v1", "-m", "first"]);
    scene.here(&["push", "-q", "--no-verify", "origin", "v1"]);
    let tag = scene.tip("refs/tags/v1");
    scene.here(&["tag", "-f", "-a", "v1", "-m", "moved", "HEAD~1"]);
    let moved = scene.push(&["--force", "origin", "v1"]);
    assert_ne!(moved.code, Some(0), "{moved:?}");
    let id = scene.approved(&["origin", "--delete", "v1"]);
    let said = scene.push(&["-q", "origin", "--delete", "v1"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(scene.tip("refs/tags/v1"), "");
    scene.house.undo(&id);
    assert_eq!(scene.tip("refs/tags/v1"), tag);
    assert_eq!(scene.git(&scene.remote, &["cat-file", "-t", "v1"]), "tag");
}

#[test]
fn an_earlier_commit_on_a_protected_branch_is_a_rewrite() {
    let scene = Scene::new("earlier");
    let old = scene.tip("main");
    let held = scene.push(&["--force", "origin", "HEAD~1:main"]);
    assert_ne!(held.code, Some(0), "{held:?}");
    assert_eq!(scene.tip("main"), old);
}

#[test]
fn a_tip_that_nobody_here_knows_is_fetched_held_and_undone() {
    let scene = Scene::new("unknown");
    let other = scene.house.home.join("other-clone");
    let home = scene.house.home.clone();
    scene.git(&home, &["clone", "-q", "remote.git", "other-clone"]);
    scene.git(&other, &["checkout", "-q", "-b", "topic"]);
    std::fs::write(other.join("theirs"), "theirs").unwrap();
    scene.git(&other, &["add", "-A"]);
    scene.git(&other, &["commit", "-q", "-m", "theirs"]);
    scene.git(&other, &["push", "-q", "origin", "topic"]);
    let theirs = scene.tip("topic");
    scene.here(&["checkout", "-q", "-b", "topic"]);
    let mine = scene.commit("mine");
    let id = scene.approved(&["--force", "origin", "topic"]);
    let said = scene.push(&["-q", "--force", "origin", "topic"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(scene.tip("topic"), mine);
    std::fs::remove_dir_all(&other).unwrap();
    scene.house.undo(&id);
    assert_eq!(scene.tip("topic"), theirs);
}

#[test]
fn what_others_pushed_since_is_not_overwritten_by_an_undo() {
    let scene = Scene::new("conflict");
    scene.rewritten("topic");
    scene.push(&["-q", "--force", "origin", "topic"]);
    let id = scene.backups()[0]["id"].as_str().unwrap().to_owned();
    let later = scene.commit("later");
    scene.here(&["push", "-q", "--no-verify", "origin", "topic"]);
    let undone = scene.house.backstop(&["undo", &id, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert!(
        undone.stdout.contains("changed by somebody else"),
        "{undone:?}"
    );
    assert_eq!(scene.tip("topic"), later);
}

#[test]
fn a_mirror_that_deletes_is_held_and_all_its_refs_come_back() {
    let scene = Scene::new("mirror");
    for branch in ["a", "b/c"] {
        scene.here(&[
            "push",
            "-q",
            "--no-verify",
            "origin",
            &format!("HEAD:refs/heads/{branch}"),
        ]);
    }
    let before = scene.git(&scene.remote, &["for-each-ref"]);
    scene.here(&["fetch", "-q", "origin"]);
    let id = scene.approved(&["--mirror", "origin"]);
    let said = scene.push(&["-q", "--mirror", "origin"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(scene.tip("refs/heads/b/c"), "");
    scene.house.undo(&id);
    let after = scene.git(&scene.remote, &["for-each-ref"]);
    for line in before.lines() {
        assert!(after.contains(line), "{line} is missing in\n{after}");
    }
}

#[test]
fn a_mirror_that_deletes_nothing_goes_through() {
    let scene = Scene::new("mirror-kept");
    let said = scene.push(&["-q", "--mirror", "origin"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    scene.commit("forward");
    let said = scene.push(&["-q", "--mirror", "origin"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert!(scene.untouched());
    scene.git(&scene.remote, &["update-ref", "refs/heads/theirs", "main"]);
    scene.here(&["config", "remote.origin.mirror", "true"]);
    let held = scene.push(&["origin"]);
    assert_ne!(held.code, Some(0), "{held:?}");
    assert!(held.stderr.contains("theirs"), "{held:?}");
}

#[test]
fn a_sha256_repository_is_guarded_as_well() {
    let scene = Scene::with("sha256", "sha256");
    let said = scene.push(&["-q", "origin", "HEAD:refs/heads/new"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let old = scene.rewritten("main");
    assert_eq!(old.len(), 64);
    let id = scene.approved(&["--force", "origin", "main"]);
    let said = scene.push(&["-q", "--force", "origin", "main"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    scene.house.undo(&id);
    assert_eq!(scene.tip("main"), old);
}

#[test]
fn a_shallow_clone_pushes_forward_in_silence_and_keeps_what_it_overwrites() {
    let scene = Scene::new("shallow");
    let home = scene.house.home.clone();
    let url = format!("file://{}", scene.remote.display());
    scene.git(&home, &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let scene = Scene {
        repo: home.join("shallow"),
        remote: scene.remote.clone(),
        house: scene.house,
    };
    scene.hook(&scene.repo.join(".git/hooks"));
    scene.commit("forward");
    let said = scene.push(&["-q", "origin", "main"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert!(scene.untouched());
    let old = scene.rewritten("topic");
    let said = scene.push(&["-q", "--force", "origin", "topic"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    let id = scene.backups()[0]["id"].as_str().unwrap().to_owned();
    let undone = scene.house.backstop(&["undo", &id, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(scene.tip("topic"), old);
}

/// A host elsewhere: its ssh is a script that runs the command here and notes it down.
fn elsewhere(scene: &mut Scene) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let (script, log) = (
        scene.house.home.join("ssh"),
        scene.house.home.join("ssh.log"),
    );
    let text = format!(
        "#!/bin/sh\nfor word; do :; done\necho \"$word\" >> '{}'\nexec sh -c \"$word\"\n",
        log.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.display().to_string();
    scene.house.more.push(("GIT_SSH_COMMAND".into(), script));
    scene
        .house
        .more
        .push(("GIT_SSH_VARIANT".into(), "simple".into()));
    let url = format!("far.example:{}", scene.remote.display());
    scene.here(&["remote", "set-url", "origin", &url]);
    log
}

#[test]
fn a_remote_elsewhere_is_contacted_only_after_a_human_said_so() {
    let mut scene = Scene::new("far");
    let other = scene.house.home.join("other-clone");
    let home = scene.house.home.clone();
    scene.git(&home, &["clone", "-q", "remote.git", "other-clone"]);
    std::fs::write(other.join("theirs"), "theirs").unwrap();
    scene.git(&other, &["checkout", "-q", "-b", "topic"]);
    scene.git(&other, &["add", "-A"]);
    scene.git(&other, &["commit", "-q", "-m", "theirs"]);
    scene.git(&other, &["push", "-q", "origin", "topic"]);
    let theirs = scene.tip("topic");
    let log = elsewhere(&mut scene);
    let contacted = || {
        std::fs::read_to_string(&log)
            .unwrap_or_default()
            .contains("git-upload-pack")
    };
    scene.here(&["checkout", "-q", "-b", "topic"]);
    let mine = scene.commit("mine");
    let held = scene.push(&["--force", "origin", "topic"]);
    assert_ne!(held.code, Some(0), "{held:?}");
    assert!(held.stderr.contains("after the first approval"), "{held:?}");
    assert!(!contacted());
    let id = held.request();
    scene.house.approve_in_a_terminal(&id);
    // A worker that outlives the approval asks the remote.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !contacted() {
        assert!(std::time::Instant::now() < end, "nobody asked the remote");
        std::thread::yield_now();
    }
    let said = scene.push(&["-q", "--force", "origin", "topic"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(scene.tip("topic"), mine);
    scene.house.undo(&id);
    assert_eq!(scene.tip("topic"), theirs);
}

#[test]
fn what_is_known_here_is_backed_up_without_contacting_the_remote() {
    let mut scene = Scene::new("near");
    let old = scene.rewritten("main");
    let log = elsewhere(&mut scene);
    let held = scene.push(&["--force", "origin", "main"]);
    assert_ne!(held.code, Some(0), "{held:?}");
    assert!(!held.stderr.contains("no verified backup"), "{held:?}");
    assert!(
        !std::fs::read_to_string(&log)
            .unwrap()
            .contains("git-upload-pack")
    );
    scene.house.approve_in_a_terminal(&held.request());
    let said = scene.push(&["-q", "--force", "origin", "main"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_ne!(scene.tip("main"), old);
    assert!(
        !std::fs::read_to_string(&log)
            .unwrap()
            .contains("git-upload-pack")
    );
}

#[test]
fn linked_work_trees_and_an_inherited_git_dir_are_the_same_repository() {
    let scene = Scene::new("worktree");
    let old = scene.rewritten("main");
    scene.here(&["checkout", "-q", "-b", "aside"]);
    let tree = scene.house.home.join("tree");
    scene.here(&["worktree", "add", "-q", tree.to_str().unwrap(), "main"]);
    let held = scene.try_git(&tree, &["push", "--force", "origin", "main"]);
    assert_ne!(held.code, Some(0), "{held:?}");
    let id = held.request();
    let mut command = scene.command(&scene.house.home, &["push", "--force", "origin", "main"]);
    command.env("GIT_DIR", scene.repo.join(".git"));
    let again = answer(&mut command);
    assert_ne!(again.code, Some(0), "{again:?}");
    assert_eq!(again.request(), id, "{again:?}");
    assert_eq!(scene.tip("main"), old);
}

#[test]
fn thousands_of_refs_are_judged_and_kept_in_one_go() {
    const COUNT: usize = 1200;
    let scene = Scene::new("thousands");
    let tip = scene.here(&["rev-parse", "HEAD"]);
    let mut lines: Vec<String> = (0..COUNT)
        .map(|at| format!("{tip} refs/heads/many/{at}\n"))
        .collect();
    lines.push(format!("{tip} refs/heads/main\n"));
    lines.sort_by(|one, other| one[41..].cmp(&other[41..]));
    let packed = format!("# pack-refs with: sorted \n{}", lines.concat());
    std::fs::write(scene.remote.join("packed-refs"), packed).unwrap();
    scene.here(&["fetch", "-q", "origin"]);
    let said = scene.push(&[
        "-q",
        "--prune",
        "origin",
        "refs/heads/main:refs/heads/many/0",
        "refs/heads/many/*:refs/heads/many/*",
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let left = || {
        scene
            .git(&scene.remote, &["for-each-ref", "refs/heads/many"])
            .lines()
            .count()
    };
    assert!(left() <= 1);
    let id = scene.backups()[0]["id"].as_str().unwrap().to_owned();
    let undone = scene.house.backstop(&["undo", &id, "--yes"]);
    assert_eq!(undone.code, Some(0), "{:.300}", undone.stderr);
    assert_eq!(left(), COUNT);
}

/// The hook by itself, with the lines that git would write.
fn hook(scene: &Scene, words: &[&str], lines: &str, env: &[(&str, &str)]) -> Answer {
    use std::io::Write as _;
    let mut command = Command::new(scene.house.binary());
    command
        .args(["git", "pre-push"])
        .args(words)
        .env_clear()
        .envs(scene.house.env())
        .envs(env.iter().copied())
        .current_dir(&scene.repo)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn every_failure_with_refs_at_stake_stops_the_push_with_a_sentence() {
    let scene = Scene::new("closed");
    let one = scene.tip("main");
    let (unknown, zero) = ("1".repeat(40), "0".repeat(40));
    let gone = scene.house.home.join("gone.git").display().to_string();
    let delete = format!("(delete) {zero} refs/heads/main {one}\n");
    let fetch = format!("refs/heads/x {one} refs/heads/x {unknown}\n");
    for (words, lines, env, part) in [
        (
            &["origin", "x"][..],
            "not a line of git\n",
            &[][..],
            "cannot be read",
        ),
        (&[], &delete, &[], "which remote"),
        (
            &["origin", &gone],
            &delete,
            &[("BACKSTOP_FAILPOINT", "push.start=panic")],
            "failed inside",
        ),
        (
            &["origin", &gone],
            &delete,
            &[("BACKSTOP_FAILPOINT", "push.start=error")],
            "failpoint",
        ),
        (&["origin", &gone], &fetch, &[], "cannot be fetched"),
        (&["helper", "ext::sh -c true"], &fetch, &[], "never started"),
        (
            &["origin", &gone, "--state", "/nowhere/at/all"],
            &delete,
            &[],
            "nothing can be recorded",
        ),
    ] {
        let said = hook(&scene, words, lines, env);
        assert_eq!(said.code, Some(1), "{words:?} {lines} {said:?}");
        assert!(said.stderr.contains(part), "{part}: {said:?}");
        assert_eq!(said.stdout, "");
    }
    for lines in ["", &format!("refs/heads/x {one} refs/heads/x {zero}\n")] {
        let said = hook(
            &scene,
            &["origin", &gone, "--state", "/nowhere/at/all"],
            lines,
            &[],
        );
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    }
}

#[test]
fn the_pre_commit_framework_hands_over_one_ref_and_that_one_is_judged() {
    let scene = Scene::new("framework");
    let old = scene.rewritten("main");
    let new = scene.here(&["rev-parse", "HEAD"]);
    let url = scene.remote.display().to_string();
    let env = |from: &str, to: &str| {
        [
            ("PRE_COMMIT".to_owned(), "1".to_owned()),
            ("PRE_COMMIT_FROM_REF".to_owned(), from.to_owned()),
            ("PRE_COMMIT_TO_REF".to_owned(), to.to_owned()),
            ("PRE_COMMIT_REMOTE_NAME".to_owned(), "origin".to_owned()),
            ("PRE_COMMIT_REMOTE_URL".to_owned(), url.clone()),
            (
                "PRE_COMMIT_LOCAL_BRANCH".to_owned(),
                "refs/heads/main".to_owned(),
            ),
            (
                "PRE_COMMIT_REMOTE_BRANCH".to_owned(),
                "refs/heads/main".to_owned(),
            ),
        ]
    };
    let before = scene.here(&["rev-parse", "HEAD~1"]);
    // Run by hand the framework passes on what was typed.
    for (from, to, code) in [
        (old.as_str(), new.as_str(), 1),
        (before.as_str(), new.as_str(), 0),
        (old.as_str(), "HEAD", 1),
        ("HEAD~1", "main", 0),
    ] {
        let all = env(from, to);
        let all: Vec<(&str, &str)> = all
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let said = hook(&scene, &[], "", &all);
        assert_eq!(said.code, Some(code), "{said:?}");
        assert_eq!(said.stderr.contains("one ref only"), code == 1, "{said:?}");
    }
    let unknown = env("nowhere", "HEAD");
    let unknown: Vec<(&str, &str)> = unknown
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let said = hook(&scene, &[], "", &unknown);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("`nowhere`"), "{said:?}");
}

#[test]
fn the_single_use_survives_a_kill_on_either_side() {
    let scene = Scene::new("kill");
    let old = scene.rewritten("main");
    let new = scene.here(&["rev-parse", "HEAD"]);
    scene.approved(&["--force", "origin", "main"]);
    let url = scene.remote.display().to_string();
    let line = format!("refs/heads/main {new} refs/heads/main {old}\n");
    let words = ["origin", url.as_str()];
    let killed = hook(
        &scene,
        &words,
        &line,
        &[("BACKSTOP_FAILPOINT", "hook.before-use=kill")],
    );
    assert_eq!(killed.code, None, "{killed:?}");
    let killed = hook(
        &scene,
        &words,
        &line,
        &[("BACKSTOP_FAILPOINT", "hook.after-use=kill")],
    );
    assert_eq!(killed.code, None, "{killed:?}");
    let later = hook(&scene, &words, &line, &[]);
    assert_eq!(later.code, Some(1), "{later:?}");
    assert_eq!(scene.house.ledger().matches("\"kind\":\"used\"").count(), 1);
}

#[test]
fn of_two_pushes_at_once_on_one_approval_one_runs() {
    let scene = Scene::new("twice");
    let old = scene.rewritten("main");
    let new = scene.here(&["rev-parse", "HEAD"]);
    scene.approved(&["--force", "origin", "main"]);
    let url = scene.remote.display().to_string();
    let line = format!("refs/heads/main {new} refs/heads/main {old}\n");
    let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| hook(&scene, &["origin", &url], &line, &[]).code))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(
        codes.iter().filter(|code| **code == Some(0)).count(),
        1,
        "{codes:?}"
    );
    assert_eq!(scene.house.ledger().matches("\"kind\":\"used\"").count(), 1);
}

#[test]
fn a_use_spent_for_an_agents_push_covers_that_one_push_once() {
    let scene = Scene::new("cover");
    let old = scene.rewritten("main");
    let new = scene.here(&["rev-parse", "HEAD"]);
    let call = format!(
        "git -C {} push -q --force origin main",
        scene.repo.display()
    );
    let held = scene.house.bash(&call);
    held.must_block();
    let id = held.request();
    scene.house.approve_in_a_terminal(&id);
    scene.house.bash(&call).must_pass();
    // Another ref than the one that was approved is not covered.
    let other = scene.push(&["-q", "origin", "+main:release/1"]);
    assert_eq!(other.code, Some(0), "{other:?}");
    let other = scene.push(&["origin", "--delete", "release/1"]);
    assert_ne!(other.code, Some(0), "{other:?}");
    let said = scene.push(&["-q", "--force", "origin", "main"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(scene.tip("main"), new);
    assert_eq!(
        scene.house.ledger().matches("\"kind\":\"covered\"").count(),
        1
    );
    scene.git(&scene.remote, &["update-ref", "refs/heads/main", &old]);
    let again = scene.push(&["--force", "origin", "main"]);
    assert_ne!(again.code, Some(0), "{again:?}");
    scene.git(&scene.remote, &["update-ref", "refs/heads/main", &new]);
    scene.house.undo(&id);
    assert_eq!(scene.tip("main"), old);
}

#[test]
fn an_agents_push_is_not_covered_when_the_remote_moved_meanwhile() {
    let scene = Scene::new("moved");
    let old = scene.rewritten("main");
    let call = format!("git -C {} push --force origin main", scene.repo.display());
    let id = scene.house.bash(&call).request();
    scene.house.approve_in_a_terminal(&id);
    scene.house.bash(&call).must_pass();
    scene.git(
        &scene.remote,
        &["update-ref", "refs/heads/main", &format!("{old}~1")],
    );
    scene.here(&["checkout", "-q", "--orphan", "fresh"]);
    scene.commit("unrelated");
    let said = scene.push(&["--force", "origin", "fresh:main"]);
    assert_ne!(said.code, Some(0), "{said:?}");
    assert_eq!(
        scene.house.ledger().matches("\"kind\":\"covered\"").count(),
        0
    );
}
