//! Hooks of git that can be backstop's: switched off for one call or for good, and their files.
//! What a hook would run is the family `later`; `--no-verify` is the family `git`.

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::classify::files::report::Loss;
use crate::classify::files::world;
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;

use super::NAME;
use super::settings::{Change, drops_line};

const RULE: &str = "git.bypass-hooks";
const HOOKS: [&str; 3] = ["pre-commit", "pre-push", "reference-transaction"];

/// Files of a project that can name backstop for git.
const HOLDERS: [&str; 9] = [
    ".git/hooks/pre-commit",
    ".git/hooks/pre-push",
    ".git/hooks/reference-transaction",
    ".husky/pre-commit",
    ".husky/pre-push",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    "lefthook.yaml",
    ".lefthook.yml",
];

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

/// Returns the loss when a command goes around hooks that can be backstop's.
pub fn bypass(
    command: &Command,
    program: &str,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Loss> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    if words.iter().any(|word| word == "--help") {
        return None;
    }
    let mut dir = match &command.cwd {
        Cwd::Known(dir) => Some(dir.clone()),
        Cwd::Temporary => return None,
        Cwd::Unknown => None,
    };
    let around = if program == "git" {
        let call = Call::read(&words);
        dir = match (dir, &call.dir) {
            (Some(dir), Some(other)) => Some(dir.join(other)),
            (dir, _) => dir,
        };
        call.goes_around(command)
    } else {
        uninstalls(program, &words)
    };
    (around && ours(dir.as_deref(), context, needs)).then(|| {
        let target = Target {
            kind: TargetKind::Resource,
            locator: format!("{NAME}:hooks"),
            object: None,
            reach: Reach::Unreachable("it is the guard itself".to_owned()),
        };
        Loss::new(RULE, target)
    })
}

/// A call of git, as far as its hooks go.
struct Call {
    dir: Option<PathBuf>,
    settings: Vec<(String, String)>,
    subcommand: String,
    rest: Vec<String>,
}

impl Call {
    fn read(words: &[String]) -> Self {
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

    fn goes_around(&self, command: &Command) -> bool {
        if self.subcommand == "config" {
            return self.sets_elsewhere();
        }
        if !FIRING.contains(&self.subcommand.as_str()) {
            return false;
        }
        let settings = self.settings.iter().cloned().chain(given(command));
        switched_off(command) || settings.into_iter().any(|(key, value)| off(&key, &value))
    }

    /// `git config core.hooksPath /dev/null`, `git config --unset core.hooksPath`.
    fn sets_elsewhere(&self) -> bool {
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
}

fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, "true"));
    (key.to_owned(), value.to_owned())
}

/// Returns the settings that the environment hands to git.
fn given(command: &Command) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, key) in &command.env {
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
fn off(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase();
    if key.starts_with("hook.") && key.ends_with(".enabled") {
        return matches!(value, "false" | "0" | "no" | "off");
    }
    key == "core.hookspath" && !is_hook_folder(value)
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

/// Tells whether variables that hook managers read switch them off.
fn switched_off(command: &Command) -> bool {
    let value = |name: &str| command.env_value(name).map(Word::shown);
    let is = |name: &str, values: &[&str]| {
        value(name).is_some_and(|text| values.contains(&text.as_str()))
    };
    let names_us = |name: &str| value(name).is_some_and(|text| text.contains(NAME));
    is("HUSKY", &["0"])
        || is("HUSKY_SKIP_HOOKS", &["1", "true"])
        || is("LEFTHOOK", &["0", "false"])
        || is("PRE_COMMIT_ALLOW_NO_CONFIG", &["1", "true"])
        || names_us("SKIP")
        || names_us("LEFTHOOK_EXCLUDE")
}

/// `lefthook uninstall`, `npx husky uninstall`, `pre-commit uninstall -t pre-push`.
fn uninstalls(program: &str, words: &[String]) -> bool {
    const MANAGERS: [&str; 4] = ["husky", "lefthook", "pre-commit", "prek"];
    const RUNNERS: [&str; 8] = ["npx", "pnpx", "bunx", "yarn", "pnpm", "npm", "uvx", "pipx"];
    let mut plain = words.iter().map(String::as_str);
    let managed = MANAGERS.contains(&program)
        || (RUNNERS.contains(&program)
            && plain
                .by_ref()
                .find(|word| !word.starts_with('-') && !matches!(*word, "exec" | "dlx" | "run"))
                .is_some_and(|word| MANAGERS.contains(&word)));
    if !managed || plain.find(|word| !word.starts_with('-')) != Some("uninstall") {
        return false;
    }
    let mut kinds = words
        .iter()
        .zip(words.iter().skip(1))
        .filter(|(flag, _)| matches!(flag.as_str(), "-t" | "--hook-type"))
        .map(|(_, kind)| kind.as_str())
        .peekable();
    kinds.peek().is_none() || kinds.any(|kind| HOOKS.contains(&kind))
}

/// Tells whether backstop is, or without facts may be, among the hooks of a project.
fn ours(dir: Option<&Path>, context: &Context<'_>, needs: &mut Needs) -> bool {
    let Some(dir) = dir else {
        return context.facts.assumed;
    };
    let mut roots = vec![dir.to_path_buf()];
    if dir != context.scene.project && dir.starts_with(&context.scene.project) {
        roots.push(context.scene.project.clone());
    }
    let mut known = false;
    for path in roots
        .iter()
        .flat_map(|root| HOLDERS.iter().map(|name| root.join(name)))
    {
        match context.facts.ask(Question::Text(path), needs) {
            Some(Answer::Text { text, .. }) if text.contains(NAME) => return true,
            Some(Answer::Text { .. }) => known = true,
            Some(_) | None => {}
        }
    }
    context.facts.assumed && !known
}

/// Returns the hook files that a path stands for; a folder that goes whole stands for all in it.
fn hook_files(path: &Path, change: Change<'_>) -> Vec<PathBuf> {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let names = |folder: &Path| -> Option<&'static [&'static str]> {
        let inner = name(folder)?;
        let git = inner == "hooks" && folder.to_string_lossy().contains("/.git/");
        if git {
            return Some(&HOOKS);
        }
        (inner == ".husky").then_some(&["pre-commit", "pre-push"])
    };
    if let (Change::Gone, Some(all)) = (change, names(path)) {
        return all.iter().map(|hook| path.join(hook)).collect();
    }
    let (Some(folder), Some(own)) = (path.parent(), name(path)) else {
        return Vec::new();
    };
    match names(folder) {
        Some(all) if all.contains(&own.as_str()) => vec![path.to_path_buf()],
        Some(_) | None => Vec::new(),
    }
}

/// Tells whether a path may be a hook of backstop's, without asking.
pub fn is_near(path: &Path) -> bool {
    !hook_files(path, Change::Unknown).is_empty()
}

/// Returns the loss when a change takes backstop out of a hook file.
pub fn against(
    path: &Path,
    change: Change<'_>,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Loss> {
    let hit = hook_files(path, change).into_iter().any(|file| {
        match context.facts.ask(Question::Text(file.clone()), needs) {
            Some(Answer::Text { text, .. }) => text.contains(NAME) && drops(change, true),
            Some(Answer::Unknown(_)) => drops(change, true),
            Some(_) => context.facts.assumed && drops(change, in_git(&file) && !is_text(change)),
            None => false,
        }
    });
    hit.then(|| Loss::new(RULE, world::path_target(path)))
}

fn in_git(file: &Path) -> bool {
    file.to_string_lossy().contains("/.git/")
}

fn is_text(change: Change<'_>) -> bool {
    matches!(
        change,
        Change::Whole(_) | Change::Edits(_) | Change::Unknown
    )
}

/// Tells whether a change takes backstop out of a hook; `held` when it is known, or likely, to be in it.
fn drops(change: Change<'_>, held: bool) -> bool {
    match change {
        Change::Gone => true,
        Change::Rights(off) => off,
        Change::Unknown => held,
        Change::Script(text) => {
            held || text.contains(NAME) || text.contains("exit 0") || text == "d"
        }
        Change::Whole(text) => (held && !text.contains(NAME)) || is_inert(text),
        Change::Edits(edits) => drops_line(edits) || edits.iter().any(|(_, new)| early(new)),
    }
}

/// Tells whether a text ends before anything was run.
fn early(text: &str) -> bool {
    text.starts_with("#!") && is_inert(text) && text.contains("exit")
}

/// Tells whether a hook of this text does nothing.
fn is_inert(text: &str) -> bool {
    // A first line alone is how a hook is begun (`echo '#!/bin/sh' > f`, and more behind it).
    let begins = text.starts_with("#!") && text.lines().count() == 1;
    !begins
        && text.lines().map(str::trim).all(|line| {
            line.is_empty()
                || line.starts_with('#')
                || matches!(line, "exit" | "exit 0" | "true" | ":")
        })
}
