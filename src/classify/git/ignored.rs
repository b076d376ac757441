//! Ignored files that a commit's files are written over when another branch is checked out, merged or picked.
//! Git asks nobody about those: what it is told to ignore counts as not worth keeping.

use super::tree::{self, Before};
use super::{Git, clean, course};
use crate::classify::files::{Args, Valued};
use crate::model::fact::Answer;
use crate::model::git::{GitAbout, Since};
use crate::model::word::Word;

/// Words of these steps go on with something, or end it.
const STEPS: [&str; 7] = [
    "--abort",
    "--quit",
    "--continue",
    "--skip",
    "--edit-todo",
    "--show-current-patch",
    "--dry-run",
];
/// Commits of one command that are looked at.
const COMMITS_MAX: usize = 8;

/// Judges a change to the commit that the first operand names.
pub fn changed_to(git: &mut Git<'_, '_>, args: &Args<'_>) {
    let commit = args.operands.first().and_then(|word| word.text());
    if let Some(commit) = commit.filter(|commit| !matches!(commit.as_str(), "HEAD" | "@")) {
        judge(git, args, &commit, Since::Nothing);
    }
}

/// Judges a merge; without an operand git takes the upstream.
pub fn merged(git: &mut Git<'_, '_>) {
    let args = git.args(course::MERGE);
    let ours = args.value(&["-s", "--strategy"]) == Some("ours");
    if args.has(&STEPS) || ours {
        return;
    }
    let commits = texts(args.operands.iter().copied());
    let commits = match args.operands.is_empty() {
        true => vec!["@{upstream}".to_owned()],
        false => commits,
    };
    for commit in commits {
        judge(git, &args, &commit, Since::Fork);
    }
}

/// Judges a pull by what has been fetched of the branch before.
pub fn pulled(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "josXS",
        long: &[
            "--depth",
            "--deepen",
            "--upload-pack",
            "--strategy",
            "--strategy-option",
        ],
    });
    if args.has(&STEPS) || args.value(&["-s", "--strategy"]) == Some("ours") {
        return;
    }
    let named = texts(args.operands.iter().copied());
    let commit = match named.as_slice() {
        [] => "@{upstream}".to_owned(),
        [remote, branch, ..] if remote != "." => {
            let from = branch.trim_start_matches('+').split(':').next();
            format!("{remote}/{}", from.unwrap_or_default())
        }
        [_, branch, ..] => branch.clone(),
        [_] => "@{upstream}".to_owned(),
    };
    judge(git, &args, &commit, Since::Fork);
}

/// Judges a rebase: it starts from the other commit's files.
pub fn rebased(git: &mut Git<'_, '_>) {
    let args = git.args(course::REBASE);
    if args.has(&STEPS) {
        return;
    }
    let anew = [
        "-f",
        "--force-rebase",
        "--no-ff",
        "-i",
        "--interactive",
        "--root",
        "-x",
        "--exec",
    ];
    let since = match args.has(&anew) || args.operands.len() > 1 {
        true => Since::Nothing,
        false => Since::Unmerged,
    };
    let onto = args.value(&["--onto"]).map(str::to_owned);
    let onto = onto.or_else(|| args.operands.first().and_then(|word| word.text()));
    let onto = onto.unwrap_or_else(|| "@{upstream}".to_owned());
    judge(git, &args, &onto, since);
    // The branch that is named second is checked out.
    if let Some(branch) = args.operands.get(1).and_then(|word| word.text()) {
        judge(git, &args, &branch, Since::Nothing);
    }
}

/// Judges commits that are picked or taken back.
pub fn picked(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "mSXs",
        long: &[
            "--mainline",
            "--strategy",
            "--strategy-option",
            "--cleanup",
            "--empty",
        ],
    });
    if args.has(&STEPS) {
        return;
    }
    let back = git.invocation.subcommand == "revert";
    for commit in texts(args.operands.iter().copied()) {
        let (from, to) = match commit.split_once("..") {
            Some((from, to)) => (from.to_owned(), to.trim_start_matches('.').to_owned()),
            None => (format!("{commit}^"), commit),
        };
        match back {
            true => judge(git, &args, &from, Since::Commit(to)),
            false => judge(git, &args, &to, Since::Commit(from)),
        }
    }
}

fn texts<'a>(words: impl Iterator<Item = &'a Word>) -> Vec<String> {
    let known = words.filter_map(Word::text).filter(|text| !text.is_empty());
    known.take(COMMITS_MAX).collect()
}

fn judge(git: &mut Git<'_, '_>, args: &Args<'_>, commit: &str, since: Since) {
    if args.has(&["--no-overwrite-ignore"]) || commit.starts_with('-') && commit != "-" {
        return;
    }
    let commit = match commit {
        "-" => "@{-1}".to_owned(),
        _ => commit.to_owned(),
    };
    let about = GitAbout::OverIgnored { commit, since };
    let Some(Answer::Glob(names)) = tree::question(git, about) else {
        return;
    };
    let folder = git.invocation.dir.clone().unwrap_or_default();
    let before = Before::read(&course::earlier(git));
    if names.is_empty() || before.saved_ignored || clean::lost(git, &folder, names) == 0 {
        return;
    }
    tree::written_over(git, names);
}
