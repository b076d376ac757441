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
