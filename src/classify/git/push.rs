//! `git push`: remote refs that are deleted, or moved to where the old tip is no longer reachable.
//! It asks no remote; whether an old tip is known is read from the local repository.

use super::{Git, Repository};
use crate::classify::files::Valued;
use crate::classify::files::report::Loss;
use crate::model::fact::{Answer, Question};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;

const VALUED: Valued = Valued {
    short: "o",
    long: &[
        "--repo",
        "--receive-pack",
        "--exec",
        "--push-option",
        "--recurse-submodules",
    ],
};

/// What happens to one remote ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Forced,
    Deleted,
}

/// Reads a push.
pub fn read(git: &mut Git<'_, '_>) {
    let args = git.args(VALUED);
    if args.has(&["-n", "--dry-run"]) {
        return;
    }
    let mut operands = args.operands.iter().copied();
    let remote = match args.value(&["--repo"]) {
        Some(remote) => remote.to_owned(),
        None => operands
            .next()
            .map_or_else(|| "origin".to_owned(), Word::shown),
    };
    let specs: Vec<&Word> = operands.collect();
    if args.has(&["--mirror"]) {
        return lose(git, "git.push-mirror", &remote, "refs/*", Reach::NoDriver);
    }
    if args.has(&["--prune"]) {
        lose(
            git,
            "git.push-delete",
            &remote,
            "refs/heads/*",
            Reach::NoDriver,
        );
    }
    let deletes = args.has(&["-d", "--delete"]);
    let forced = args.may_have(&["-f", "--force", "--force-with-lease"]);
    if deletes {
        for spec in &specs {
            one(git, &remote, spec, Fate::Deleted);
        }
        return;
    }
    if specs.is_empty() && forced {
        return current(git, &remote, args.has(&["--all", "--tags", "--branches"]));
    }
    for spec in specs {
        let text = spec.shown();
        if text.starts_with(':') && text.len() > 1 {
            one(git, &remote, spec, Fate::Deleted);
        } else if forced || text.starts_with('+') {
            one(git, &remote, spec, Fate::Forced);
        }
    }
}

/// A forced push without a refspec goes to the branch that is checked out.
fn current(git: &mut Git<'_, '_>, remote: &str, several: bool) {
    let branch = match git.ask(Vec::new()) {
        Repository::Known(fact) if !several => fact.branch.clone(),
        Repository::Known(_) | Repository::Unknown => None,
        Repository::Absent => return,
    };
    match branch {
        Some(branch) => named(git, remote, &branch, Fate::Forced),
        None => lose(
            git,
            "git.push-force",
            remote,
            "the current branch",
            Reach::NoDriver,
        ),
    }
}

fn one(git: &mut Git<'_, '_>, remote: &str, spec: &Word, fate: Fate) {
    let text = spec.shown();
    let text = text.trim_start_matches('+');
    let name = text.rsplit(':').next().unwrap_or(text);
    if spec.has_hole() {
        let rule = match fate {
            Fate::Forced => "git.push-force",
            Fate::Deleted => "git.push-delete",
        };
        return lose(git, rule, remote, name, Reach::NoDriver);
    }
    if matches!(name, "HEAD" | "@") {
        return current(git, remote, false);
    }
    named(git, remote, name, fate);
}

fn named(git: &mut Git<'_, '_>, remote: &str, name: &str, fate: Fate) {
    let branch = name.strip_prefix("refs/heads/").unwrap_or(name);
    // Without facts a name that says a version is a tag's.
    let version = git.context.facts.assumed && is_version(branch);
    let tag = name.starts_with("refs/tags/") || version;
    let reach = tip(git, remote, branch);
    let small = !tag && !is_protected(branch) && reach.is_some();
    let rule = match (fate, small) {
        (Fate::Forced, true) => "git.push-force-branch",
        (Fate::Forced, false) => "git.push-force",
        (Fate::Deleted, true) => "git.push-delete-branch",
        (Fate::Deleted, false) => "git.push-delete",
    };
    let full = if name.starts_with("refs/") {
        name.to_owned()
    } else {
        format!("refs/heads/{name}")
    };
    lose(git, rule, remote, &full, reach.unwrap_or(Reach::NoDriver));
}

/// Tells whether a name is a version alone: `v1.0.0`, `2.3`.
fn is_version(name: &str) -> bool {
    let digits = name.strip_prefix(['v', 'V']).unwrap_or(name);
    digits.contains('.')
        && digits.starts_with(|letter: char| letter.is_ascii_digit())
        && !digits.contains('/')
}

/// Branches that others build on.
fn is_protected(branch: &str) -> bool {
    const NAMES: &[&str] = &[
        "main",
        "master",
        "trunk",
        "develop",
        "development",
        "dev",
        "production",
        "prod",
        "staging",
        "stable",
        "release",
        "default",
        "gh-pages",
        "HEAD",
    ];
    const STARTS: &[&str] = &[
        "release/",
        "releases/",
        "release-",
        "hotfix/",
        "stable/",
        "production/",
    ];
    NAMES.contains(&branch)
        || branch.contains('*')
        || STARTS.iter().any(|start| branch.starts_with(start))
}

/// Returns where the old tip of a remote branch is known locally, so that it can be put back.
fn tip(git: &mut Git<'_, '_>, remote: &str, branch: &str) -> Option<Reach> {
    let dir = git.invocation.dir.clone();
    if git.context.facts.assumed {
        return Some(dir.map_or(Reach::NoDriver, |dir| Reach::Path(dir.join(".git"))));
    }
    let Repository::Known(fact) = git.ask(Vec::new()) else {
        return None;
    };
    let name = format!("refs/remotes/{remote}/{branch}");
    let here = || Some(Reach::Path(fact.git_dir.clone()));
    let loose = Question::Entry(fact.git_dir.join(&name));
    if let Some(Answer::Entry(_)) = git.context.facts.ask(loose, git.needs) {
        return here();
    }
    let packed = Question::Text(fact.git_dir.join("packed-refs"));
    match git.context.facts.ask(packed, git.needs) {
        Some(Answer::Text { text, .. }) => text
            .lines()
            .any(|line| line.split(' ').nth(1) == Some(&name))
            .then(here)
            .flatten(),
        _ => None,
    }
}

fn lose(git: &mut Git<'_, '_>, rule: &'static str, remote: &str, name: &str, reach: Reach) {
    let target = Target {
        kind: TargetKind::GitRemote,
        locator: format!("{remote}/{name}"),
        object: None,
        reach,
    };
    git.losses.push(Loss::new(rule, target));
}
