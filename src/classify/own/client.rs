//! The agent's own client, and package managers: hooks that are switched off, a guard that is uninstalled, an agent started without it.
//! Files that hold settings are the file `settings`.

use super::{NAME, itself};
use crate::classify::files::report::Loss;
use crate::model::command::Command;
use crate::model::word::Word;

/// Ways to switch hooks off through the client.
pub fn against(command: &Command, program: &str) -> Option<Loss> {
    if program != "claude" {
        return None;
    }
    let texts: Vec<String> = command.args().iter().map(Word::shown).collect();
    let hooks_off = texts.first().is_some_and(|text| text == "edit-hook")
        || texts.iter().any(|text| text.contains("disableAllHooks"))
        || unset_hooks(&texts)
        || takes_out(&texts, &["disable", "uninstall", "remove"]);
    if hooks_off {
        return Some(Loss::new("own.tamper", itself("hooks")));
    }
    starts_unguarded(command, &texts).then(|| Loss::new("own.unguarded", itself("hooks")))
}

/// Tools with which an agent loses nothing, or only what version control has.
const KEEPING: [&str; 7] = [
    "Read",
    "Grep",
    "Glob",
    "LS",
    "Edit",
    "WebFetch",
    "WebSearch",
];

/// `claude --bare -p …`: a second agent that no hook watches.
fn starts_unguarded(command: &Command, texts: &[String]) -> bool {
    const ASKS: [&str; 12] = [
        "--help",
        "-h",
        "--version",
        "-v",
        "mcp",
        "plugin",
        "doctor",
        "update",
        "install",
        "auth",
        "config",
        "agents",
    ];
    let first = texts.iter().find(|text| !text.starts_with('-'));
    let asks = texts
        .iter()
        .any(|text| text.starts_with('-') && ASKS.contains(&text.as_str()))
        || first.is_some_and(|text| ASKS.contains(&text.as_str()));
    let set = |name: &str| {
        let value = command.env_value(name).map(Word::shown);
        value.is_some_and(|text| !matches!(text.as_str(), "" | "0" | "false"))
    };
    let told = texts
        .iter()
        .take_while(|text| *text != "--")
        .any(|text| text == "--bare" || text == "--safe-mode");
    let without =
        value_of(texts, "--setting-sources").is_some_and(|sources| !sources.contains("user"));
    let toolless = value_of(texts, "--tools").is_some_and(|tools| {
        let mut named = tools.split([',', ' ']).filter(|tool| !tool.is_empty());
        named.all(|tool| KEEPING.contains(&tool))
    });
    let off = told || without || set("CLAUDE_CODE_SIMPLE") || set("CLAUDE_CODE_SAFE_MODE");
    off && !asks && !toolless
}

fn value_of<'a>(texts: &'a [String], option: &str) -> Option<&'a str> {
    let attached = texts.iter().find_map(|text| {
        text.strip_prefix(option)
            .and_then(|rest| rest.strip_prefix('='))
    });
    let at = texts.iter().position(|text| text == option);
    attached.or_else(|| at.and_then(|at| texts.get(at + 1)).map(String::as_str))
}

/// `claude config remove hooks`, `claude config set hooks '{}'`.
fn unset_hooks(texts: &[String]) -> bool {
    let text = |at: usize| texts.get(at).map(String::as_str);
    let config = text(0) == Some("config");
    let plain: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .filter(|text| !text.starts_with('-'))
        .collect();
    let changes = plain
        .get(1)
        .is_some_and(|verb| matches!(*verb, "remove" | "rm" | "unset" | "delete" | "set"));
    let hooks = plain
        .get(2)
        .is_some_and(|key| *key == "hooks" || key.starts_with("hooks."));
    config && changes && hooks && !plain.iter().skip(3).any(|value| value.contains(NAME))
}

fn takes_out(texts: &[String], verbs: &[&str]) -> bool {
    let at = texts.iter().position(|text| verbs.contains(&text.as_str()));
    at.is_some_and(|at| {
        texts.iter().skip(at + 1).any(|text| {
            text == NAME || text.starts_with("backstop@") || text.ends_with("/backstop")
        })
    })
}

/// `cargo uninstall backstop`: the hook would find no program.
pub fn against_install(command: &Command, program: &str) -> Option<Loss> {
    if !matches!(
        program,
        "cargo"
            | "brew"
            | "apt"
            | "apt-get"
            | "dnf"
            | "yum"
            | "pacman"
            | "npm"
            | "pnpm"
            | "yarn"
            | "scoop"
            | "winget"
            | "mise"
            | "dpkg"
            | "zypper"
            | "apk"
            | "snap"
            | "port"
            | "nix-env"
    ) {
        return None;
    }
    let texts: Vec<String> = command.args().iter().map(Word::shown).collect();
    let verbs = [
        "uninstall",
        "remove",
        "purge",
        "rm",
        "autoremove",
        "-R",
        "-Rs",
        "-Rns",
        "-e",
        "-r",
        "-P",
        "--remove",
        "--purge",
        "--uninstall",
        "del",
    ];
    takes_out(&texts, &verbs).then(|| Loss::new("own.tamper", itself("binary")))
}
