//! A file that the same call has put aside under another name before it writes over it: `cp a.txt a.txt.old && … > a.txt`, `mv app.log app.log.1 && : > app.log`.
//! What stood there is still there, unless another command of the call, this one included, comes near the second name:
//! `mv a g && echo new > g` loses `a`.

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::classify::files::kinds;
use crate::classify::files::place::lexical;
use crate::model::command::{Command, Cwd, Proven, Unfolding};
use crate::model::finding::Finding;
use crate::model::target::{Reach, Target};
use crate::model::word::Word;

/// Commands of a call up to which it is looked at.
const MAX_COMMANDS: usize = 64;

/// Tells whether all that a finding says is lost stands under another name, as the call proves.
pub(super) fn is_aside(
    finding: &Finding,
    at: usize,
    proven: &Proven,
    unfolding: &Unfolding,
    context: &Context<'_>,
) -> bool {
    if finding.rule != "files.overwrite"
        || context.facts.assumed
        || !unfolding.opaque.is_empty()
        || unfolding.commands.len() > MAX_COMMANDS
        || finding.targets.is_empty()
    {
        return false;
    }
    let copies: Vec<(usize, PathBuf, PathBuf)> = proven
        .places()
        .into_iter()
        .filter_map(|place| {
            let (from, to) = copied(unfolding.commands.get(place)?)?;
            Some((place, from, to))
        })
        .collect();
    let kept = |path: &Path| {
        copies.iter().any(|(place, from, to)| {
            from == path
                && !passes(to, context)
                && unfolding
                    .commands
                    .iter()
                    .enumerate()
                    .all(|(other, command)| {
                        other == *place
                            || other != at && is_moved_on(command, to, context)
                            || !is_near(command, to, other < *place)
                    })
        })
    };
    finding
        .targets
        .iter()
        .all(|target: &Target| match &target.reach {
            Reach::Path(path) => kept(path),
            _ => false,
        })
}

/// Returns the two names of a plain copy or move of one file on this machine.
fn copied(command: &Command) -> Option<(PathBuf, PathBuf)> {
    if !command.is_any(&["cp", "mv"]) || !command.is_here() {
        return None;
    }
    let Cwd::Known(cwd) = &command.cwd else {
        return None;
    };
    let mut names = Vec::new();
    for word in command.args() {
        let text = word.text()?;
        match text.as_str() {
            "-a" | "-p" | "-f" | "-v" | "--" | "-pf" | "-av" | "-vf" | "-fv" | "--preserve" => {}
            option if option.starts_with('-') => return None,
            _ if word.has_glob() => return None,
            _ => names.push(lexical(&cwd.join(&text))),
        }
    }
    match names.as_slice() {
        [from, to] if from != to => Some((from.clone(), to.clone())),
        _ => None,
    }
}

/// Tells whether a command moves what was put aside on to another name: `mv a .swap && mv b a && mv .swap b`. What that writes over is looked at by itself.
fn is_moved_on(command: &Command, path: &Path, context: &Context<'_>) -> bool {
    command.is_any(&["mv"])
        && copied(command).is_some_and(|(from, to)| from == path && !passes(&to, context))
}

/// Tells whether what stands at a place is not there to stay.
fn passes(path: &Path, context: &Context<'_>) -> bool {
    let scene = context.scene;
    let temporary = scene.temporary.iter().any(|place| path.starts_with(place));
    temporary
        || kinds::is_package_cache(path, scene.home.as_deref())
        || kinds::regenerable(path, &scene.project, context.regenerable).is_some()
}

/// Tells whether a command may touch a file, or a folder above it; what ran before the copy only where it runs again.
fn is_near(command: &Command, path: &Path, before: bool) -> bool {
    const READS: [&str; 12] = [
        ":", "cat", "cd", "echo", "grep", "head", "ls", "printf", "pwd", "tail", "test", "wc",
    ];
    let reads = command.is_any(&READS) || command.is_any(&["[", "touch", "chmod", "mkdir", "set"]);
    if before || reads && command.writes.is_empty() {
        return false;
    }
    let Cwd::Known(cwd) = &command.cwd else {
        return true;
    };
    let written = command.writes.iter().map(|write| &write.file);
    let mut words = command.args().iter().filter(|_| !reads).chain(written);
    words.any(|word: &Word| match word.text() {
        Some(_) if word.has_glob() => true,
        Some(text) => path.starts_with(lexical(&cwd.join(&text))),
        None => true,
    })
}
