//! Merges, rebases and picks that have stopped and are given up: what was done by hand meanwhile goes with them.
//! Commits that they leave behind are judged with the refs.

use super::course;
use super::tree::{Before, question};
use super::{Git, Repository, bound};
use crate::classify::files::Valued;
use crate::classify::files::report::Loss;
use crate::model::fact::Answer;
use crate::model::git::{GitAbout, Operation};
use crate::model::target::TargetKind;

/// Judges `--abort` and `--skip`; without facts nothing is known to be under way.
pub fn given_up(git: &mut Git<'_, '_>) {
    let args = git.args(Valued::NONE);
    let operation = match git.invocation.subcommand.as_str() {
        "merge" => Operation::Merge,
        "rebase" => Operation::Rebase,
        "cherry-pick" => Operation::Pick,
        "revert" => Operation::Revert,
        "am" => Operation::Apply,
        _ => return,
    };
    let skips = operation != Operation::Merge && args.has(&["--skip"]);
    if !skips && !args.has(&["--abort"]) {
        return;
    }
    let names = match question(git, GitAbout::Stopped(operation)) {
        Some(Answer::Glob(names)) => names,
        Some(Answer::Unknown(_)) => {
            return git.lose("git.discard-changes", TargetKind::GitWorktree, None);
        }
        _ => return,
    };
    let before = Before::read(&course::earlier(git));
    if names.is_empty() || before.saved {
        return;
    }
    let repository = git.ask(names.clone());
    let target = git.target(&repository, TargetKind::GitWorktree, None);
    let loss = Loss::new(
        "git.discard-changes",
        bound(target, names, (true, true, true)),
    );
    let line = match names.len() {
        1 => "1 file was changed by hand since it stopped".to_owned(),
        count => format!("{count} files were changed by hand since it stopped"),
    };
    git.losses.push(match repository {
        Repository::Absent => loss.exempt("no repository"),
        Repository::Known(_) | Repository::Unknown => loss.line(line),
    });
}
