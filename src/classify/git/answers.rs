//! What `checkout -p`, `restore -p` and `clean -i` ask is answered by what is piped into them; a side of a conflict is taken over what
//! somebody has made of it. Where nobody answers, nothing is lost.

use super::tree::{self, Extent, Source};
use super::{Git, Repository, bound};
use crate::classify::files::Args;
use crate::classify::files::report::Loss;
use crate::model::command::Stdin;
use crate::model::fact::Answer;
use crate::model::git::GitAbout;
use crate::model::target::TargetKind;
use crate::model::word::Word;

/// Tells whether a line of the standard input may begin with one of these letters.
pub fn given(git: &Git<'_, '_>, letters: &[char]) -> bool {
    match &git.command.stdin {
        Stdin::Inherited | Stdin::Null => false,
        Stdin::File(word) => word.text().as_deref() != Some("/dev/null"),
        Stdin::Opaque { .. } => true,
        Stdin::Text(word) => match word.text() {
            Some(text) => text
                .lines()
                .any(|line| line.trim_start().to_ascii_lowercase().starts_with(letters)),
            None => true,
        },
    }
}

/// Judges `checkout -p` and `restore -p`, where answers are given: a hunk that is taken back is gone from the file.
pub fn patched(git: &mut Git<'_, '_>, args: &Args<'_>, source: Source) {
    if !given(git, &['y', 'a', 's', 'e']) {
        return;
    }
    let words = &git.invocation.args;
    let dashes = words
        .iter()
        .position(|word| word.text().as_deref() == Some("--"));
    let operands = args.operands.clone();
    let named: Vec<&Word> = match dashes {
        Some(at) => words.iter().skip(at + 1).collect(),
        None if git.invocation.subcommand == "restore" => operands,
        None => {
            // The first word may be a commit.
            let first = operands.first().filter(|word| git.is_path(word)).copied();
            first
                .into_iter()
                .chain(operands.iter().skip(1).copied())
                .collect()
        }
    };
    let extent = tree::extent(git, &named, args);
    tree::discard(git, "git.discard-changes", extent, source);
}

/// Judges `--ours`, `--theirs` and the conflict made anew: both sides stay in the index, what was made of them by hand does not.
pub fn sided(git: &mut Git<'_, '_>, words: &[&Word], args: &Args<'_>) {
    let extent = tree::extent(git, words, args);
    if extent == Extent::Nothing {
        return;
    }
    let Some(specs) = tree::specs(git, &extent) else {
        return;
    };
    let names = match tree::question(git, GitAbout::Edited(specs)) {
        Some(Answer::Glob(names)) if !names.is_empty() => names,
        Some(Answer::Unknown(_)) => {
            return git.lose("git.discard-changes", TargetKind::GitWorktree, None);
        }
        _ => return,
    };
    let repository = git.ask(names.clone());
    let target = git.target(&repository, TargetKind::GitWorktree, None);
    let target = bound(target, names, (true, false, false));
    let loss = Loss::new("git.discard-changes", target);
    git.losses.push(match repository {
        Repository::Absent => loss.exempt("no repository"),
        Repository::Known(_) | Repository::Unknown => {
            loss.line(format!("{} changed by hand", names.len()))
        }
    });
}
