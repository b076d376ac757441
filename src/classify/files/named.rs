//! Places that earlier commands of the call name, and so may make: the world does not show them yet.
//! Whether they come to stand over something is for `copies`.

use std::path::{Path, PathBuf};

use super::place::lexical;
use crate::classify::Context;
use crate::model::command::Command;

/// Programs that make nothing at the places that they name.
const MAKES_NOTHING: [&str; 22] = [
    "rm", "rmdir", "unlink", "shred", "ls", "cat", "test", "[", "[[", "echo", "printf", "grep",
    "head", "tail", "wc", "stat", "file", "du", "diff", "cd", "mkdir", "chmod",
];

/// Returns the places strictly below a folder that earlier commands of the call name.
pub fn below(dir: &Path, context: &Context<'_>) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for command in context.earlier.iter().filter(|one| one.is_here()) {
        for path in places(command) {
            if path != dir && path.starts_with(dir) && !all.contains(&path) {
                all.push(path);
            }
        }
    }
    all
}

fn places(command: &Command) -> Vec<PathBuf> {
    let words = command.args().iter();
    let makes = !command.is_any(&MAKES_NOTHING);
    let words = words
        .filter(|_| makes)
        .filter_map(crate::model::word::Word::text);
    let left = command.leaves().into_iter();
    let left = left.filter_map(|(file, _)| file.text());
    words
        .chain(left)
        .filter(|name| !name.starts_with('-') && !name.is_empty())
        .filter_map(|name| crate::classify::place_of(&name, command))
        .map(|path| lexical(&path))
        .collect()
}
