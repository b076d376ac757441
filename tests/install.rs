//! `install claude` and `uninstall claude` against real settings files: scopes, merging, twice, byte for byte, no terminal.
//! The doctor's opinion of the result stands at the end.
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

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

const OTHERS: &str = "{\n    \"model\": \"opus\",\n    \"hooks\": {\n        \"PreToolUse\": [{\"matcher\": \"Bash\", \"hooks\": [{\"type\": \"command\", \"command\": \"lint.sh\"}]}]\n    },\n    \"unknown\": {\"b\": 1, \"a\": [1.50, 2]}\n}";

struct Scratch {
    home: PathBuf,
}

impl Scratch {
    fn new(name: &str) -> Self {
        let home = house::place().join(format!("install-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(home.join("project/.git")).unwrap();
        std::fs::create_dir_all(home.join("project/src")).unwrap();
        Self { home }
    }

    fn run(&self, words: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_backstop"))
            .args(words)
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.home.join("project/src"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap(), text)
    }

    fn user(&self) -> PathBuf {
        self.home.join(".claude/settings.json")
    }

    fn write(&self, text: &str) {
        std::fs::create_dir_all(self.home.join(".claude")).unwrap();
        std::fs::write(self.user(), text).unwrap();
    }

    fn read(&self) -> String {
        std::fs::read_to_string(self.user()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

#[test]
fn others_keep_their_bytes_and_uninstall_gives_the_file_back() {
    let scratch = Scratch::new("bytes");
    scratch.write(OTHERS);
    let (code, shown) = scratch.run(&["install", "claude", "--yes"]);
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("  + ") && shown.contains("\"onFailure\": \"block\""),
        "the exact change is shown: {shown}"
    );
    let value: Value = serde_json::from_str(&scratch.read()).unwrap();
    let list = value["hooks"]["PreToolUse"].as_array().unwrap();
    assert_eq!(list[0]["hooks"][0]["command"], "lint.sh");
    let ours = &list[1]["hooks"][0];
    assert_eq!(ours["args"][0], "hook");
    assert_eq!(ours["args"][2], "--state");
    assert!(ours["command"].as_str().unwrap().starts_with('/'));
    assert_eq!(
        (ours["timeout"].as_u64(), ours["onFailure"].as_str()),
        (Some(30), Some("block"))
    );
    assert!(list[1].get("matcher").is_none());

    let once = scratch.read();
    assert_eq!(scratch.run(&["install", "claude", "--yes"]).0, 0);
    assert_eq!(scratch.read(), once, "twice is once");

    let (code, shown) = scratch.run(&["uninstall", "claude", "--yes"]);
    assert_eq!(code, 0, "{shown}");
    assert_eq!(scratch.read(), OTHERS);
}

#[test]
fn a_file_that_others_changed_meanwhile_loses_only_our_entries() {
    let scratch = Scratch::new("changed");
    scratch.write(OTHERS);
    scratch.run(&["install", "claude", "--yes"]);
    let changed = scratch.read().replace("\"opus\"", "\"sonnet\"");
    std::fs::write(scratch.user(), changed).unwrap();
    assert_eq!(scratch.run(&["uninstall", "claude", "--yes"]).0, 0);
    assert_eq!(scratch.read(), OTHERS.replace("\"opus\"", "\"sonnet\""));
}

#[test]
fn a_file_that_we_made_goes_again() {
    let scratch = Scratch::new("made");
    assert_eq!(scratch.run(&["install", "claude", "--yes"]).0, 0);
    assert!(scratch.user().exists());
    assert_eq!(scratch.run(&["uninstall", "claude", "--yes"]).0, 0);
    assert!(!scratch.user().exists());
}

#[test]
fn without_a_terminal_and_without_yes_nothing_changes() {
    let scratch = Scratch::new("asks");
    scratch.write(OTHERS);
    for words in [
        &["install", "claude"][..],
        &["install", "claude", "--dry-run"],
    ] {
        let (code, shown) = scratch.run(words);
        assert_eq!(code, i32::from(words.len() == 2), "{shown}");
        assert_eq!(scratch.read(), OTHERS);
    }
    assert!(
        !scratch.home.join(".local").exists(),
        "not even a state directory"
    );
}

#[test]
fn project_and_local_scopes_write_into_the_top_of_the_work_tree() {
    let scratch = Scratch::new("scopes");
    for (scope, name) in [
        ("project", "settings.json"),
        ("local", "settings.local.json"),
    ] {
        assert_eq!(
            scratch
                .run(&["install", "claude", "--scope", scope, "--yes"])
                .0,
            0
        );
        assert!(scratch.home.join("project/.claude").join(name).exists());
        assert_eq!(
            scratch
                .run(&["uninstall", "claude", "--scope", scope, "--yes"])
                .0,
            0
        );
        assert!(!scratch.home.join("project/.claude").join(name).exists());
    }
    assert!(!scratch.user().exists());
}

#[test]
fn a_broken_settings_file_is_refused_and_kept() {
    let scratch = Scratch::new("broken");
    scratch.write("{ \"hooks\": [");
    let (code, shown) = scratch.run(&["install", "claude", "--yes"]);
    assert_eq!(code, 1, "{shown}");
    assert!(
        shown.contains("settings.json") && shown.contains("help:"),
        "{shown}"
    );
    assert_eq!(scratch.read(), "{ \"hooks\": [");
}

#[test]
fn the_shell_form_fails_closed_for_old_clients() {
    let scratch = Scratch::new("shell");
    assert_eq!(
        scratch
            .run(&["install", "claude", "--shell-form", "--yes"])
            .0,
        0
    );
    let value: Value = serde_json::from_str(&scratch.read()).unwrap();
    let command = value["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(command.ends_with("|| exit 2"), "{command}");
}

#[test]
fn the_doctor_sees_a_sound_installation_and_a_broken_one() {
    let scratch = Scratch::new("doctor");
    scratch.run(&["install", "claude", "--yes"]);
    let (_, sound) = scratch.run(&["doctor"]);
    assert!(sound.contains("ok  live proof"), "{sound}");
    assert!(sound.contains("ok  guard in"), "{sound}");
    let narrowed = scratch
        .read()
        .replacen(
            "\"hooks\": [\n          {",
            "\"matcher\": \"Bash\",\n        \"hooks\": [\n          {",
            1,
        )
        .replace("\"onFailure\": \"block\"", "\"onFailure\": \"continue\"");
    std::fs::write(scratch.user(), narrowed).unwrap();
    let (code, broken) = scratch.run(&["doctor"]);
    assert_eq!(code, 1);
    assert!(
        broken.contains("`onFailure` is not `block`") && broken.contains("mend:"),
        "{broken}"
    );
    std::fs::write(scratch.user(), "{ not json").unwrap();
    let (code, broken) = scratch.run(&["doctor"]);
    assert_eq!(code, 1);
    assert!(broken.contains("is not valid JSON"), "{broken}");
}

#[test]
fn the_folder_that_two_scopes_share_goes_with_the_last_of_them() {
    let scratch = Scratch::new("shared-folder");
    for order in [["project", "local"], ["local", "project"]] {
        for (verb, scopes) in [("install", ["project", "local"]), ("uninstall", order)] {
            for scope in scopes {
                let (code, said) = scratch.run(&[verb, "claude", "--scope", scope, "--yes"]);
                assert_eq!(code, 0, "{said}");
            }
        }
        assert!(!scratch.home.join("project/.claude").exists(), "{order:?}");
    }
}
