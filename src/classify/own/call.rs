//! A call of git, as far as hooks go: what it would run hooks for, and the settings it is given.
//! Whether any of them is backstop's is not known here.

use std::path::PathBuf;

use crate::model::command::Command;
use crate::model::word::Word;

/// Subcommands that run hooks of backstop's, and lose or publish something by themselves.
const FIRING: [&str; 9] = [
    "commit",
    "push",
    "merge",
    "rebase",
    "am",
    "cherry-pick",
    "revert",
    "pull",
    "update-ref",
];

/// A call of git, as far as its hooks go.
#[derive(Debug)]
pub struct Call {
    pub dir: Option<PathBuf>,
    settings: Vec<(String, String)>,
    pub subcommand: String,
    rest: Vec<String>,
}

impl Call {
    pub fn read(words: &[String]) -> Self {
        let mut call = Self {
            dir: None,
            settings: Vec::new(),
            subcommand: String::new(),
            rest: Vec::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-C" => call.dir = words.next().map(PathBuf::from),
                "-c" => call.settings.extend(words.next().map(|text| pair(text))),
                "--git-dir" | "--work-tree" | "--namespace" | "--exec-path" => {
                    words.next();
                }
                _ if word.starts_with('-') => {}
                _ => {
                    call.subcommand.clone_from(word);
                    call.rest = words.cloned().collect();
                    break;
                }
            }
        }
        call
    }

    /// Tells whether hooks of backstop's run when this is done.
    pub fn fires(&self) -> bool {
        FIRING.contains(&self.subcommand.as_str())
    }

    /// `git -c core.hooksPath=/dev/null commit`.
    pub fn sends_away(&self, command: &Command) -> bool {
        let settings = self.settings.iter().cloned().chain(given(command));
        settings.into_iter().any(|(key, value)| off(&key, &value))
    }

    /// Returns the hooks that this leaves out: told so, or because only the porcelain runs them.
    pub fn skips(&self) -> &'static [&'static str] {
        let told = self.rest.iter().any(|word| word == "--no-verify");
        match self.subcommand.as_str() {
            "commit" if told || self.has_letter('n', "mFCct") => &["pre-commit"],
            "commit-tree" => &["pre-commit"],
            "push" if told => &["pre-push"],
            "send-pack" | "http-push" => &["pre-push"],
            _ => &[],
        }
    }

    /// Tells whether a letter stands in a cluster of short options, before one that takes a value.
    fn has_letter(&self, letter: char, valued: &str) -> bool {
        let words = self.rest.iter().take_while(|word| *word != "--");
        let mut clusters = words.filter(|word| !word.starts_with("--"));
        clusters.any(|word| {
            let letters = word.strip_prefix('-').unwrap_or_default().chars();
            letters
                .take_while(|other| !valued.contains(*other))
                .any(|other| other == letter)
        })
    }

    /// `git config core.hooksPath /dev/null`, `git config --unset core.hooksPath`, `git config --remove-section core`.
    pub fn sets_elsewhere(&self) -> bool {
        if self.subcommand != "config" {
            return false;
        }
        if self.drops_section() {
            return true;
        }
        let flag = |names: &[&str]| self.rest.iter().any(|word| names.contains(&word.as_str()));
        let plain: Vec<&str> = self
            .rest
            .iter()
            .map(String::as_str)
            .filter(|word| !word.starts_with('-') && !matches!(*word, "set" | "unset" | "get"))
            .collect();
        let at = plain.iter().position(|word| {
            word.eq_ignore_ascii_case("core.hooksPath") || word.starts_with("hook.")
        });
        let Some((at, key)) = at.and_then(|at| plain.get(at).map(|key| (at, *key))) else {
            return false;
        };
        if flag(&["--unset", "--unset-all"])
            || self.rest.first().is_some_and(|word| word == "unset")
        {
            return key.eq_ignore_ascii_case("core.hooksPath");
        }
        plain.get(at + 1).is_some_and(|value| off(key, value))
    }
    /// `git config --remove-section core`, `git config rename-section core x`.
    fn drops_section(&self) -> bool {
        const DROPS: [&str; 4] = [
            "--remove-section",
            "--rename-section",
            "remove-section",
            "rename-section",
        ];
        let at = self
            .rest
            .iter()
            .position(|word| DROPS.contains(&word.as_str()));
        let section = at.and_then(|at| self.rest.get(at + 1));
        section.is_some_and(|name| name.eq_ignore_ascii_case("core") || name.starts_with("hook."))
    }
}

fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, "true"));
    (key.to_owned(), value.to_owned())
}

/// Returns the settings that the environment hands to git.
fn given(command: &Command) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, key) in command.env.iter() {
        if name == "GIT_CONFIG_PARAMETERS" {
            let text = key.shown().replace('\'', "");
            all.extend(text.split_whitespace().map(pair));
        }
        let Some(number) = name.strip_prefix("GIT_CONFIG_KEY_") else {
            continue;
        };
        let value = command.env_value(&format!("GIT_CONFIG_VALUE_{number}"));
        all.push((key.shown(), value.map(Word::shown).unwrap_or_default()));
    }
    all
}

/// Tells whether a setting of git sends hooks to where none are, or switches one off.
pub fn off(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase();
    if key.starts_with("hook.") && key.ends_with(".enabled") {
        return matches!(value, "false" | "0" | "no" | "off");
    }
    key == "core.hookspath" && !is_hook_folder(value)
}

/// Tells whether nothing of anybody's stands in a file of this name.
pub fn nowhere(path: &str) -> bool {
    ["/tmp/", "/var/tmp/", "/dev/"]
        .iter()
        .any(|start| path.starts_with(start))
        || path.is_empty()
}

/// Tells whether a folder is named as people name one that holds hooks.
fn is_hook_folder(value: &str) -> bool {
    let lower = value.trim_end_matches('/').to_ascii_lowercase();
    let empty = ["nohooks", "no-hooks", "no_hooks", "empty", "disabled"];
    let lost = ["/tmp/", "/var/tmp/", "/dev/"];
    let named =
        lower.ends_with("hooks") || lower.ends_with(".husky") || lower.ends_with(".husky/_");
    named
        && !empty.iter().any(|word| lower.contains(word))
        && !lost.iter().any(|start| lower.starts_with(start))
}
