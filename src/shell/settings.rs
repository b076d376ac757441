//! Tools that print settings for the shell that evaluates them: agents, version managers, completions.
//! What they print is not read; it is known by who prints it.

use crate::model::word::Word;

use super::unfold::Job;

/// What `eval "$(ssh-agent -s)"` runs: settings for a shell, printed by a tool that is there for it.
pub(super) const SETTINGS: &str = "settings for the shell";

/// Tools whose whole output is settings for a shell.
const PRINTERS: [&str; 20] = [
    "brew",
    "dircolors",
    "direnv",
    "docker-machine",
    "fnm",
    "gpg-agent",
    "jenv",
    "keychain",
    "lesspipe",
    "locale",
    "luarocks",
    "nodenv",
    "oh-my-posh",
    "register-python-argcomplete",
    "resize",
    "ssh-agent",
    "stty",
    "thefuck",
    "tset",
    "getopt",
];

/// First words by which tools of many kinds print completions and settings.
const PRINTING: [&str; 22] = [
    "completion",
    "completions",
    "--completion",
    "--completions",
    "shell-completion",
    "generate-shell-completion",
    "init",
    "hook",
    "shellenv",
    "env",
    "activate",
    "shell-init",
    "shell",
    "shell.bash",
    "shell.zsh",
    "docker-env",
    "podman-env",
    "setup",
    "export",
    "--bash",
    "--zsh",
    "local-lib",
];

/// Programs that pass on text of others, whatever their first word is.
const PASSES_ON: [&str; 15] = [
    "curl", "wget", "cat", "head", "tail", "base64", "gunzip", "zcat", "nc", "ssh", "docker",
    "python", "python3", "node", "git",
];

/// Tells whether a program prints settings for the shell.
pub(super) fn prints(program: &str, job: &Job) -> bool {
    if PRINTERS.contains(&program) {
        return true;
    }
    let mut words = job.args().iter().filter_map(Word::text);
    let first = words.find(|word| !word.starts_with("-p") && word != "self" && word != "generate");
    let prints = first.is_some_and(|word| {
        PRINTING.contains(&word.as_str())
            || word.starts_with("-Mlocal::lib")
            || word.starts_with("-I")
    });
    prints && !(PASSES_ON.contains(&program) && first_is_plain(job))
}

/// `docker completion bash` is a setting too: only what is no completion is passed on.
fn first_is_plain(job: &Job) -> bool {
    job.args()
        .first()
        .and_then(Word::text)
        .is_none_or(|word| !word.contains("completion"))
}
