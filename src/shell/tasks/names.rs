//! Words that package managers take for commands of their own.
//! What else follows a package manager is a script or a program of the project, and the words for it.

use crate::model::word::{Piece, Word};

use super::literal_piece;

/// Returns a word as a script is given it: one word stays one.
pub(super) fn handed_on(word: &Word) -> Vec<Piece> {
    match word
        .text()
        .filter(|text| text.contains(char::is_whitespace))
    {
        Some(text) => {
            let text = format!("'{}'", text.replace('\'', "'\\''"));
            vec![literal_piece(&text, &word.origin)]
        }
        None => word.pieces.clone(),
    }
}

/// Returns the words that a script is given: npm keeps options for itself up to `--`.
pub(super) fn for_script(program: &str, words: &[Word]) -> Vec<Word> {
    const VALUED: [&str; 8] = [
        "--prefix",
        "-C",
        "-w",
        "--workspace",
        "--loglevel",
        "--userconfig",
        "--cache",
        "--script-shell",
    ];
    let text = |word: &Word| word.text().unwrap_or_default();
    let end = words.iter().position(|word| text(word) == "--");
    let (own, rest) = match end {
        Some(end) => (words.get(..end), words.get(end + 1..)),
        None => (Some(words), None),
    };
    let (own, rest) = (own.unwrap_or_default(), rest.unwrap_or_default());
    if program != "npm" {
        return own.iter().chain(rest).cloned().collect();
    }
    let mut all = Vec::new();
    let mut is_value = false;
    for word in own {
        let text = text(word);
        if !is_value && !text.starts_with('-') {
            all.push(word.clone());
        }
        is_value = VALUED.contains(&text.as_str());
    }
    all.extend(rest.iter().cloned());
    all
}

/// Commands of yarn, pnpm and bun that are no scripts.
pub(super) const OWN_COMMANDS: &[&str] = &[
    "add",
    "install",
    "i",
    "remove",
    "rm",
    "uninstall",
    "un",
    "up",
    "update",
    "upgrade",
    "dlx",
    "exec",
    "x",
    "why",
    "list",
    "ls",
    "ll",
    "link",
    "unlink",
    "init",
    "create",
    "publish",
    "pack",
    "config",
    "cache",
    "store",
    "audit",
    "outdated",
    "info",
    "login",
    "logout",
    "whoami",
    "version",
    "global",
    "workspace",
    "workspaces",
    "import",
    "prune",
    "rebuild",
    "fetch",
    "patch",
    "patch-commit",
    "deploy",
    "node",
    "set",
    "plugin",
    "constraints",
    "dedupe",
    "npm",
    "bin",
    "root",
    "help",
    "pm",
    "build",
    "upgrade-interactive",
    "unplug",
    "server",
    "setup",
    "env",
    "recursive",
    "c",
    "ci",
    "view",
    "licenses",
    "policies",
];
