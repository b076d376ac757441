//! Pushes between repositories that the call has made in a folder of `mktemp`: what is written over there was not there before.
//! The remotes of such a repository are what the call says; all of them have to lie in that folder too.

use crate::classify::Context;
use crate::classify::git::Invocation;
use crate::model::command::{Command, Cwd};
use crate::model::fact::Needs;
use crate::model::word::Word;

use super::scratch::is_temporary;

/// Programs that may bring a repository of before, with its remotes.
const BRINGS: [&str; 12] = [
    "gh", "glab", "hub", "cp", "rsync", "tar", "unzip", "mv", "ln", "scp", "jj", "repo",
];

/// What a command does to the remotes of the repositories around.
enum Remotes<'a> {
    Untouched,
    /// They are taken from here.
    From(&'a Word),
    Unknown,
}

/// Tells whether a push goes to no other place than the call's own.
pub(super) fn stays(
    command: &Command,
    commands: &[Command],
    context: &Context<'_>,
    needs: &mut Needs,
) -> bool {
    let Some(invocation) = Invocation::read(command) else {
        return false;
    };
    if invocation.subcommand != "push" || command.cwd != Cwd::Temporary || is_placed(command) {
        return false;
    }
    let mut operands = invocation.args.iter();
    let remote = operands.find(|word| !word.prefix().starts_with('-'));
    let elsewhere = remote.is_some_and(|word| {
        is_address(word)
            || word.shown().contains('/') && !is_temporary(word, command, context, needs)
    });
    if elsewhere || commands.iter().any(|one| one.is_any(&BRINGS)) {
        return false;
    }
    let mut sources = 0;
    for one in commands {
        let Some(git) = Invocation::read(one) else {
            continue;
        };
        match remotes(&git) {
            Remotes::Untouched => {}
            Remotes::From(source) if is_near(source, one, context, needs) => sources += 1,
            Remotes::From(_) | Remotes::Unknown => return false,
        }
    }
    sources > 0
}

/// Tells whether words or variables say which repository is meant, whatever the folder is.
fn is_placed(command: &Command) -> bool {
    let by_word = command.args().iter().any(|word| {
        let text = word.prefix();
        text.starts_with("--git-dir")
            || text.starts_with("--work-tree")
            || text.starts_with("-C")
            || text.starts_with("-c")
            || text.starts_with("--config-env")
    });
    let mut variables = command.env.iter();
    by_word || variables.any(|(name, _)| name.starts_with("GIT_"))
}

fn is_address(word: &Word) -> bool {
    word.shown().contains([':', '@'])
}

/// A path from a temporary folder that stays in it, or one of a temporary folder.
fn is_near(source: &Word, command: &Command, context: &Context<'_>, needs: &mut Needs) -> bool {
    let inside = |text: String| !text.starts_with(['/', '~']) && !text.contains("..");
    let relative = command.cwd == Cwd::Temporary && source.text().is_some_and(inside);
    !is_address(source) && (relative || is_temporary(source, command, context, needs))
}

fn remotes<'a>(git: &'a Invocation) -> Remotes<'a> {
    let verb = git.args.first().and_then(Word::text);
    let skip = match (git.subcommand.as_str(), verb.as_deref()) {
        ("clone", _) => 0,
        ("remote", Some("add" | "set-url")) => 2,
        ("config", _) if git.args.iter().all(is_of_person) => return Remotes::Untouched,
        ("config" | "submodule", _) => return Remotes::Unknown,
        _ => return Remotes::Untouched,
    };
    let mut named = git.args.iter().skip(skip);
    match named.find(|word| !word.prefix().starts_with('-')) {
        Some(source) => Remotes::From(source),
        None => Remotes::Unknown,
    }
}

/// Words of `git config` that say who somebody is, and nothing about where a repository is.
fn is_of_person(word: &Word) -> bool {
    let text = word.shown().to_ascii_lowercase();
    !text.contains('.')
        || ["user.", "advice.", "init.", "commit.gpgsign"]
            .iter()
            .any(|front| text.starts_with(front))
        || text.contains('@')
}
