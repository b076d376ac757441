//! What the commits of a push bring, with real git and its own hook: what is new to the remote is judged, the rest is not.

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

use push_scene::Scene;

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
