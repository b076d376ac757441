//! Refs, stashes and reflogs of a local repository: what an agent's git command forgets is kept in a store first and comes back.

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

/// A home with one repository in it.
struct Scene {
    house: House,
    repo: PathBuf,
}

impl Scene {
    fn new(name: &str) -> Self {
        let house = House::new(&format!("refs-{name}"));
        let repo = house.home.join("repo");
        let scene = Self { house, repo };
        let home = scene.house.home.clone();
        scene.git(&home, &["init", "-q", "-b", "main", "repo"]);
        for what in ["one", "two", "three"] {
            scene.commit(what);
        }
        scene
    }

    fn try_git(&self, dir: &Path, args: &[&str]) -> Answer {
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
        let output = command.output().unwrap();
        Answer {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
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

    fn commit(&self, what: &str) -> String {
        std::fs::write(self.repo.join("file.txt"), what).unwrap();
        self.here(&["add", "-A"]);
        self.here(&["commit", "-q", "-m", what]);
        self.here(&["rev-parse", "HEAD"])
    }

    /// A branch with one commit that no other ref keeps.
    fn branch_alone(&self, name: &str) {
        let tip = self.here(&["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", name]);
        self.here(&["branch", name, &tip]);
    }

    fn tip(&self, name: &str) -> String {
        let said = self.try_git(&self.repo, &["rev-parse", "-q", "--verify", name]);
        said.stdout.trim().to_owned()
    }

    /// The agent's call, which a snapshot lets through; then the command itself. Returns the newest backup.
    #[track_caller]
    fn lose(&self, args: &[&str]) -> String {
        let line = format!("git -C {} {}", self.repo.display(), args.join(" "));
        self.house.bash(&line).must_pass();
        let ids = self.backups();
        self.here(args);
        ids.first()
            .cloned()
            .unwrap_or_else(|| panic!("no backup for {line}"))
    }

    /// Held, approved in a terminal, and run. Returns the id of the request.
    #[track_caller]
    fn lose_approved(&self, args: &[&str]) -> String {
        let line = format!("git -C {} {}", self.repo.display(), args.join(" "));
        let held = self.house.bash(&line);
        held.must_block();
        let id = held.request();
        self.house.approve_in_a_terminal(&id);
        self.house.bash(&line).must_pass();
        self.here(args);
        id
    }

    fn backups(&self) -> Vec<String> {
        let said = self.house.backstop(&["backup", "list", "--format", "json"]);
        let all: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let list = all["backups"].as_array().unwrap();
        list.iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    }

    #[track_caller]
    fn undo(&self, id: &str) -> String {
        let said = self.house.backstop(&["undo", id, "--yes"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        said.stdout
    }
}

#[test]
fn a_deleted_branch_comes_back_with_its_reflog() {
    let scene = Scene::new("branch");
    scene.here(&["checkout", "-q", "-b", "topic"]);
    let old = scene.commit("only on topic");
    scene.here(&["checkout", "-q", "main"]);
    let reflog = scene.here(&["reflog", "show", "topic"]);
    let id = scene.lose(&["branch", "-D", "topic"]);
    scene.here(&["reflog", "expire", "--expire=now", "--all"]);
    scene.here(&["gc", "-q", "--prune=now"]);
    assert_eq!(scene.tip("topic"), "");
    assert!(scene.try_git(&scene.repo, &["cat-file", "-e", &old]).code != Some(0));
    scene.undo(&id);
    assert_eq!(scene.tip("topic"), old);
    assert!(
        scene
            .here(&["reflog", "show", "topic"])
            .contains(reflog.lines().next().unwrap().split_once(": ").unwrap().1)
    );
    // The rest of the repository is as it was.
    assert_eq!(scene.here(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    scene.here(&["fsck"]);
}

#[test]
fn a_deleted_annotated_tag_comes_back_as_the_object_that_it_was() {
    let scene = Scene::new("tag");
    scene.here(&["tag", "-a", "v1", "-m", "first"]);
    let old = scene.tip("refs/tags/v1");
    let id = scene.lose(&["tag", "-d", "v1"]);
    scene.here(&["gc", "-q", "--prune=now"]);
    scene.undo(&id);
    assert_eq!(scene.tip("refs/tags/v1"), old);
    assert_eq!(scene.here(&["cat-file", "-t", "v1"]), "tag");
}

#[test]
fn a_dropped_stash_comes_back_with_its_words_and_files() {
    let scene = Scene::new("stash");
    for what in ["first", "second"] {
        std::fs::write(scene.repo.join("file.txt"), what).unwrap();
        std::fs::write(scene.repo.join("new.txt"), what).unwrap();
        scene.here(&["stash", "push", "-q", "-u", "-m", what]);
    }
    let id = scene.lose(&["stash", "drop", "-q", "stash@{1}"]);
    scene.here(&["gc", "-q", "--prune=now"]);
    scene.undo(&id);
    let list = scene.here(&["stash", "list"]);
    assert!(list.contains("first") && list.contains("second"), "{list}");
    scene.here(&["stash", "apply", "-q", "stash@{1}"]);
    assert_eq!(
        std::fs::read_to_string(scene.repo.join("new.txt")).unwrap(),
        "first"
    );
}

#[test]
fn every_stash_of_a_cleared_list_comes_back_in_order() {
    let scene = Scene::new("clear");
    for what in ["first", "second", "third"] {
        std::fs::write(scene.repo.join("file.txt"), what).unwrap();
        scene.here(&["stash", "push", "-q", "-m", what]);
    }
    let before = scene.here(&["stash", "list"]);
    let id = scene.lose_approved(&["stash", "clear"]);
    assert_eq!(scene.here(&["stash", "list"]), "");
    scene.here(&["gc", "-q", "--prune=now"]);
    scene.undo(&id);
    assert_eq!(scene.here(&["stash", "list"]), before);
}

#[test]
fn commits_that_a_reset_left_behind_come_back_with_their_files() {
    let scene = Scene::new("reset");
    let old = scene.tip("HEAD");
    let id = scene.lose(&["reset", "-q", "--hard", "HEAD~2"]);
    assert_eq!(
        std::fs::read_to_string(scene.repo.join("file.txt")).unwrap(),
        "one"
    );
    scene.undo(&id);
    assert_eq!(scene.tip("main"), old);
    assert_eq!(
        std::fs::read_to_string(scene.repo.join("file.txt")).unwrap(),
        "three"
    );
    assert_eq!(scene.here(&["status", "--porcelain"]), "");
}

#[test]
fn expired_reflogs_and_pruned_objects_come_back() {
    let scene = Scene::new("prune");
    let left = scene.commit("left behind");
    scene.here(&["reset", "-q", "--hard", "HEAD~1"]);
    let id = scene.lose_approved(&["reflog", "expire", "--expire=now", "--all"]);
    assert_eq!(scene.here(&["reflog"]), "");
    // Now nothing names the commit any more: pruning is the next loss.
    let pruned = scene.lose_approved(&["gc", "-q", "--prune=now"]);
    assert!(scene.try_git(&scene.repo, &["cat-file", "-e", &left]).code != Some(0));
    scene.undo(&pruned);
    scene.here(&["cat-file", "-e", &left]);
    scene.undo(&id);
    assert!(scene.here(&["reflog"]).contains("left behind"));
    scene.here(&["gc", "-q", "--prune=now"]);
    scene.here(&["cat-file", "-e", &left]);
}

#[test]
fn a_moved_branch_and_a_deleted_ref_come_back() {
    let scene = Scene::new("moved");
    scene.branch_alone("work");
    let old = scene.tip("work");
    let id = scene.lose(&["branch", "-f", "work", "HEAD~2"]);
    scene.undo(&id);
    assert_eq!(scene.tip("work"), old);
    scene.here(&["update-ref", "refs/notes/mine", &old]);
    scene.here(&["branch", "-f", "work", "HEAD"]);
    let id = scene.lose(&["update-ref", "-d", "refs/notes/mine"]);
    scene.undo(&id);
    assert_eq!(scene.tip("refs/notes/mine"), old);
}

#[test]
fn the_store_outlives_the_repository_and_can_be_cloned_by_hand() {
    let scene = Scene::new("gone");
    scene.here(&["checkout", "-q", "-b", "topic"]);
    let old = scene.commit("only on topic");
    scene.here(&["checkout", "-q", "main"]);
    let id = scene.lose(&["branch", "-D", "topic"]);
    std::fs::remove_dir_all(&scene.repo).unwrap();
    let checked = scene
        .house
        .backstop(&["backup", "verify", &id, "--level", "restored"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let refused = scene.house.backstop(&["undo", &id, "--yes"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("git clone --mirror"), "{refused:?}");
    let to = scene.house.home.join("again.git");
    let said = scene
        .house
        .backstop(&["restore", &id, "--to", to.to_str().unwrap(), "--yes"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(scene.git(&to, &["rev-parse", "refs/heads/topic"]), old);
}

#[test]
fn a_second_snapshot_copies_only_what_is_new() {
    let scene = Scene::new("cheap");
    let stores = scene.house.home.join(".local/share/backstop/backups/git");
    let size = || -> u64 {
        let packs = std::fs::read_dir(&stores)
            .unwrap()
            .flatten()
            .map(|entry| entry.path().join("objects/pack"));
        let files = packs
            .filter_map(|dir| std::fs::read_dir(dir).ok())
            .flatten()
            .flatten();
        files
            .filter(|file| file.path().extension().is_some_and(|end| end == "pack"))
            .map(|file| file.metadata().unwrap().len())
            .sum()
    };
    let noise: Vec<u8> = (0..1_000_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    std::fs::write(scene.repo.join("large.bin"), noise).unwrap();
    scene.commit("large");
    for branch in ["a", "b"] {
        scene.branch_alone(branch);
    }
    scene.lose(&["branch", "-D", "a"]);
    let first = size();
    scene.commit("small");
    scene.lose(&["branch", "-D", "b"]);
    assert!(size() - first < 5_000, "{} more", size() - first);
    assert_eq!(
        std::fs::read_dir(&stores)
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "git"))
            .count(),
        1
    );
}

#[test]
fn a_damaged_store_is_no_backup() {
    let scene = Scene::new("damaged");
    scene.branch_alone("topic");
    let id = scene.lose(&["branch", "-D", "topic"]);
    let stores = scene.house.home.join(".local/share/backstop/backups/git");
    let packs = std::fs::read_dir(&stores)
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("objects/pack"));
    let pack = packs
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flatten()
        .flatten()
        .map(|file| file.path())
        .find(|path| path.extension().is_some_and(|end| end == "pack"))
        .unwrap();
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&pack, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&pack, bytes).unwrap();
    let checked = scene.house.backstop(&["backup", "verify", &id]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
}

#[test]
fn a_partial_clone_keeps_what_it_holds() {
    let scene = Scene::new("partial");
    let home = scene.house.home.clone();
    scene.here(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", scene.repo.display());
    scene.git(
        &home,
        &["clone", "-q", "--filter=blob:none", &url, "partial"],
    );
    let scene = Scene {
        repo: home.join("partial"),
        house: scene.house,
    };
    scene.here(&["checkout", "-q", "-b", "topic"]);
    let old = scene.commit("only on topic");
    scene.here(&["checkout", "-q", "main"]);
    let id = scene.lose(&["branch", "-D", "topic"]);
    let shown = scene.house.backstop(&["backup", "show", &id]);
    assert!(shown.stdout.contains("partial clone"), "{shown:?}");
    scene.here(&["reflog", "expire", "--expire=now", "--all"]);
    scene.here(&["gc", "-q", "--prune=now"]);
    scene.undo(&id);
    assert_eq!(scene.tip("topic"), old);
    assert_eq!(scene.here(&["show", "topic:file.txt"]), "only on topic");
}

#[test]
fn a_removed_backup_lets_its_objects_go_and_others_stay_whole() {
    let scene = Scene::new("forget");
    let dir = scene.house.home.join(".local/share/backstop/backups");
    scene.here(&["checkout", "-q", "-b", "a"]);
    let lost = scene.commit("only on a");
    scene.here(&["checkout", "-q", "main"]);
    let first = scene.lose(&["branch", "-D", "a"]);
    scene.here(&["reflog", "expire", "--expire=now", "--all"]);
    scene.here(&["gc", "-q", "--prune=now"]);
    scene.branch_alone("b");
    let second = scene.lose(&["branch", "-D", "b"]);
    let entry = backstop::backup::catalog::load(&dir, &first).unwrap();
    backstop::backup::catalog::remove(&dir, &entry).unwrap();
    let store = std::fs::read_dir(dir.join("git"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "git"))
        .unwrap();
    assert!(scene.try_git(&store, &["cat-file", "-e", &lost]).code != Some(0));
    let refs = scene.git(&store, &["for-each-ref", "--format=%(refname)"]);
    assert!(!refs.contains(&first) && refs.contains(&second), "{refs}");
    let checked = scene.house.backstop(&["backup", "verify", &second]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}
