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
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use house::{Answer, House};
use serde_json::json;

/// A home with a repository, its bare remote, and git's own hook that calls the built program.
struct Scene {
    house: House,
    repo: PathBuf,
    remote: PathBuf,
}

impl Scene {
    fn new(name: &str) -> Self {
        Self::with(name, "sha1")
    }

    fn with(name: &str, format: &str) -> Self {
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

    fn hook(&self, hooks: &Path) {
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

    fn command(&self, dir: &Path, args: &[&str]) -> Command {
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

    fn try_git(&self, dir: &Path, args: &[&str]) -> Answer {
        answer(&mut self.command(dir, args))
    }

    #[track_caller]
    fn git(&self, dir: &Path, args: &[&str]) -> String {
        let said = self.try_git(dir, args);
        assert_eq!(said.code, Some(0), "git {args:?}: {said:?}");
        said.stdout.trim_end().to_owned()
    }

    #[track_caller]
    fn here(&self, args: &[&str]) -> String {
        self.git(&self.repo, args)
    }

    fn push(&self, args: &[&str]) -> Answer {
        let mut words = vec!["push"];
        words.extend(args);
        self.try_git(&self.repo, &words)
    }

    fn commit(&self, what: &str) -> String {
        std::fs::write(self.repo.join("file.txt"), what).unwrap();
        self.here(&["add", "-A"]);
        self.here(&["commit", "-q", "-m", what]);
        self.here(&["rev-parse", "HEAD"])
    }

    /// What the remote has; nothing where the ref is gone.
    fn tip(&self, name: &str) -> String {
        let said = self.try_git(&self.remote, &["rev-parse", "-q", "--verify", name]);
        said.stdout.trim().to_owned()
    }

    /// A branch that is on the remote and then rewritten here; returns its old tip.
    fn rewritten(&self, branch: &str) -> String {
        self.here(&["checkout", "-q", "-B", branch]);
        let old = self.commit(&format!("{branch} as it was"));
        self.here(&["push", "-q", "--no-verify", "origin", branch]);
        self.here(&["reset", "-q", "--hard", "HEAD~1"]);
        self.commit(&format!("{branch} rewritten"));
        old
    }

    fn untouched(&self) -> bool {
        !self.house.state().exists()
            || !self.house.ledger().contains("\"requested\"")
                && !self.house.ledger().contains("\"snapshot\"")
    }

    fn backups(&self) -> Vec<serde_json::Value> {
        let said = self.house.backstop(&["backup", "list", "--format", "json"]);
        let all: serde_json::Value =
            serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
        all["backups"].as_array().cloned().unwrap_or_default()
    }

    /// Holds, approves in a terminal, and returns the id of the request.
    #[track_caller]
    fn approved(&self, args: &[&str]) -> String {
        let held = self.push(args);
        assert_ne!(held.code, Some(0), "{held:?}");
        let id = held.request();
        assert!(!id.is_empty(), "{held:?}");
        self.house.approve_in_a_terminal(&id);
        id
    }
}

fn answer(command: &mut Command) -> Answer {
    let output = command.output().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

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
    assert!(contacted());
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
    for (from, to, code) in [(&old, &new, 1), (&format!("{new}~1"), &new, 0)] {
        let from = scene.here(&["rev-parse", from]);
        let all = env(&from, to);
        let all: Vec<(&str, &str)> = all
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let said = hook(&scene, &[], "", &all);
        assert_eq!(said.code, Some(code), "{said:?}");
        assert_eq!(said.stderr.contains("one ref only"), code == 1, "{said:?}");
    }
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

const DROP: &str = "DROP TABLE customers;\n";

impl Scene {
    /// Commits one file on the branch that is checked out.
    fn adds(&self, path: &str, text: &str) -> String {
        let file = self.repo.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        self.here(&["add", "-A"]);
        self.here(&["commit", "-q", "-m", path]);
        self.here(&["rev-parse", "HEAD"])
    }

    #[track_caller]
    fn passes(&self, args: &[&str]) {
        let said = self.push(args);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{args:?}");
    }

    #[track_caller]
    fn is_stopped(&self, args: &[&str], place: &str) {
        let said = self.push(args);
        assert_ne!(said.code, Some(0), "{args:?}: {said:?}");
        for word in ["this push is stopped", place, "--no-verify"] {
            assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
        }
        assert!(self.untouched(), "{}", self.house.ledger());
    }
}

#[test]
fn what_a_push_brings_stops_it_with_file_and_line_and_a_human_goes_by() {
    let scene = Scene::new("brings");
    let before = scene.tip("main");
    scene.adds(
        "migrations/0001_shop.sql",
        &format!("CREATE TABLE a (b int);\n{DROP}"),
    );
    scene.commit("something else on top");
    let place = "migrations/0001_shop.sql:2";
    scene.is_stopped(&["origin", "main"], place);
    scene.is_stopped(&["origin", "HEAD~1:refs/heads/new"], place);
    scene.is_stopped(&["origin", "HEAD:refs/tags/v1"], place);
    scene.here(&["tag", "-a", "v2", "-m", "two"]);
    scene.is_stopped(&["origin", "v2"], place);
    scene.here(&["branch", "clean", "HEAD~2"]);
    scene.is_stopped(&["origin", "clean", "main"], place);
    scene.is_stopped(&["--mirror", "origin"], place);
    assert_eq!(scene.tip("main"), before);
    scene.passes(&["-q", "origin", "clean"]);
    scene.passes(&["-q", "--no-verify", "origin", "main"]);
    // From here on the line is on the remote, and nobody is asked again.
    scene.commit("after");
    scene.passes(&["-q", "origin", "main", "v2", "HEAD:refs/heads/new"]);
    scene.adds(
        "migrations/0001_shop.sql",
        &format!("CREATE TABLE a (b int);\n{DROP}SELECT 1;\n"),
    );
    scene.passes(&["-q", "origin", "main"]);
}

#[test]
fn what_is_gone_again_or_came_from_the_remote_stops_no_push() {
    let scene = Scene::new("theirs");
    scene.here(&["checkout", "-q", "-b", "topic"]);
    scene.adds("drop.sql", DROP);
    scene.adds("drop.sql", "SELECT 1;\n");
    scene.passes(&["-q", "origin", "topic"]);
    // Somebody else's statement, which is on the remote's main.
    scene.here(&["checkout", "-q", "main"]);
    scene.adds("theirs.sql", DROP);
    scene.here(&["push", "-q", "--no-verify", "origin", "main"]);
    scene.here(&["checkout", "-q", "topic"]);
    scene.here(&["merge", "-q", "--no-edit", "main"]);
    scene.passes(&["-q", "origin", "topic"]);
    scene.here(&["checkout", "-q", "-b", "other", "main~1"]);
    scene.commit("work");
    scene.here(&["push", "-q", "--no-verify", "origin", "other"]);
    scene.here(&["rebase", "-q", "main"]);
    scene.adds("mine.sql", "SELECT 2;\n");
    let said = scene.push(&["-q", "--force", "origin", "other"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    // A merge that adds a statement of its own is judged by it.
    scene.here(&["checkout", "-q", "topic"]);
    scene.here(&[
        "merge",
        "-q",
        "--no-commit",
        "--no-ff",
        "other",
        "-X",
        "ours",
    ]);
    scene.adds("merged.sql", DROP);
    let said = scene.push(&["origin", "topic"]);
    assert_ne!(said.code, Some(0), "{said:?}");
    assert!(
        said.stderr.contains("merged.sql:1") && !said.stderr.contains("theirs.sql"),
        "{said:?}"
    );
}

#[test]
fn a_remote_of_which_nothing_is_known_is_judged_by_what_others_have() {
    let scene = Scene::new("second");
    scene.adds("old.sql", DROP);
    scene.here(&["push", "-q", "--no-verify", "origin", "main"]);
    let home = scene.house.home.clone();
    scene.git(&home, &["init", "-q", "--bare", "-b", "main", "second.git"]);
    let second = home.join("second.git");
    scene.passes(&["-q", second.to_str().unwrap(), "main"]);
    scene.here(&["remote", "add", "second", second.to_str().unwrap()]);
    scene.adds("new.sql", DROP);
    let said = scene.push(&["second", "main"]);
    assert!(
        said.code != Some(0) && said.stderr.contains("new.sql:1"),
        "{said:?}"
    );
    assert!(!said.stderr.contains("old.sql"), "{said:?}");
    // Without any remote that was seen everything is new.
    scene.here(&["remote", "remove", "origin"]);
    scene.git(&home, &["init", "-q", "--bare", "third.git"]);
    let said = scene.push(&[home.join("third.git").to_str().unwrap(), "main"]);
    assert!(
        said.code != Some(0) && said.stderr.contains("old.sql:1"),
        "{said:?}"
    );
}

#[test]
fn a_push_that_is_stopped_by_what_it_brings_uses_no_approval_up() {
    let scene = Scene::new("unspent");
    scene.rewritten("main");
    let id = scene.approved(&["--force", "origin", "main"]);
    scene.adds("drop.sql", DROP);
    let said = scene.push(&["--force", "origin", "main"]);
    assert!(
        said.code != Some(0) && said.stderr.contains("drop.sql:1"),
        "{said:?}"
    );
    scene.here(&["reset", "-q", "--hard", "HEAD~1"]);
    let said = scene.push(&["-q", "--force", "origin", "main"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{id}");
}

#[test]
fn an_owner_who_only_observes_is_not_stopped_by_what_a_push_brings() {
    let scene = Scene::new("observed");
    let config = scene.house.home.join(".config/backstop");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("policy.toml"), "mode = \"observe\"\n").unwrap();
    scene.adds("drop.sql", DROP);
    scene.passes(&["-q", "origin", "main"]);
}
