//! Stashes that a command drops: those that were there before, and those that the same call made of the work tree.
//! What lies in an older stash is not looked at; of a new one the work tree tells, which is asked before the call.

use std::path::{Path, PathBuf};

use super::course::{self, Stand};
use super::invocation::Invocation;
use super::{Git, Repository, bound, changed_in, paths_below, untracked_in};
use crate::classify::files::report::Loss;
use crate::classify::files::{Args, Valued};
use crate::model::git::RefDeed;
use crate::model::target::TargetKind;
use crate::model::word::Word;

/// Commands before a drop that are looked at; a longer call counts as one whose stashes were there before.
const EARLIER_MAX: usize = 1000;
/// Steps of `git stash` among them.
const STEPS_MAX: usize = 64;

pub const PUSH: Valued = Valued {
    short: "m",
    long: &["--message", "--pathspec-from-file"],
};

/// What one stash of the call has taken out of the work tree.
#[derive(Clone, Debug, Default)]
struct Taken {
    /// None means all of it.
    paths: Vec<PathBuf>,
    untracked: bool,
    ignored: bool,
    /// It lies in the work tree as well.
    applied: bool,
}

/// Stashes as the call has made them so far.
#[derive(Debug, Default)]
struct Pile {
    /// Newest first.
    own: Vec<Taken>,
    /// Older ones that were applied, counted from the newest that was there before, or in their words.
    applied: Vec<String>,
}

/// `git stash drop` and `git stash clear`.
pub fn judge(git: &mut Git<'_, '_>) {
    let args = git.args(Valued::NONE);
    let step = args.operands.first().and_then(|word| word.text());
    let named = args.operands.get(1).copied();
    match step.as_deref() {
        Some("drop") => drop_one(git, named),
        Some("clear") => {
            let pile = Pile::before(git);
            lose_own(git, &pile.fresh());
            lose_older(git, "git.stash-clear", named);
        }
        Some(_) | None => {}
    }
}

fn drop_one(git: &mut Git<'_, '_>, named: Option<&Word>) {
    let pile = Pile::before(git);
    let own = number(named).and_then(|at| pile.own.get(at));
    if own.is_some_and(|own| own.applied) || own.is_none() && pile.was_applied(named) {
        return;
    }
    if own.is_some() || number(named).is_none() {
        lose_own(git, &pile.fresh());
    }
    // A stash of nothing makes none: then it is an older one that goes.
    lose_older(git, "git.stash-drop", named);
}

/// `git update-ref -d refs/stash` takes the newest stash, and the list with it.
pub fn unnamed(git: &mut Git<'_, '_>) {
    let pile = Pile::before(git);
    lose_own(git, &pile.fresh());
}

/// Stashes that were there before: where the call makes none of its own, it can be said which ones, and whether others hold them.
fn lose_older(git: &mut Git<'_, '_>, rule: &'static str, named: Option<&Word>) {
    let makes = course::earlier(git).iter().any(|one| {
        let deeds = course::deeds(&one.invocation, None);
        deeds.contains(&RefDeed::Stash)
    });
    if makes {
        return lose_any(git, rule, named);
    }
    let deed = match (rule, number(named)) {
        ("git.stash-drop", Some(at)) => RefDeed::DropStash(at),
        _ => RefDeed::ClearStashes,
    };
    let stand = course::stand(git, vec![deed]);
    match stand {
        Stand::Known(_) => course::lose(git, rule, Some(object(named)), None, stand),
        Stand::Absent | Stand::Unknown | Stand::Pending => lose_any(git, rule, named),
    }
}

fn object(named: Option<&Word>) -> String {
    // An undo looks for the stash by this name.
    match (named, number(named)) {
        (Some(_), Some(at)) => format!("stash@{{{at}}}"),
        (Some(word), None) => word.text().unwrap_or_else(|| "stash".to_owned()),
        (None, _) => "stash".to_owned(),
    }
}

fn lose_any(git: &mut Git<'_, '_>, rule: &'static str, named: Option<&Word>) {
    let object = Some(object(named));
    let repository = git.ask(Vec::new());
    let loss = Loss::new(rule, git.target(&repository, TargetKind::GitRef, object));
    let loss = match repository {
        Repository::Absent => loss.exempt("no repository"),
        Repository::Known(fact) if fact.stashes == 0 => loss.exempt("there is no stash"),
        Repository::Known(_) | Repository::Unknown => loss,
    };
    git.losses.push(loss);
}

/// What the call itself stashed and then drops is what stands in the work tree before it.
fn lose_own(git: &mut Git<'_, '_>, fresh: &[Taken]) {
    if fresh.is_empty() {
        return;
    }
    let mut paths = Vec::new();
    if fresh.iter().all(|taken| !taken.paths.is_empty()) {
        paths.extend(fresh.iter().flat_map(|taken| taken.paths.iter().cloned()));
        paths.sort();
        paths.dedup();
    }
    // What was staged is stashed, whether it was tracked before or not.
    let staged = super::tree::stages(git);
    let untracked = staged.is_some() || fresh.iter().any(|taken| taken.untracked);
    let ignored = staged == Some(true) || fresh.iter().any(|taken| taken.ignored);
    let repository = git.ask(paths.clone());
    let target = git.target(&repository, TargetKind::GitWorktree, None);
    let target = bound(target, &paths, (true, untracked, ignored));
    let loss = Loss::new("git.discard-changes", target);
    let loss = match repository {
        Repository::Absent => loss.exempt("no repository"),
        Repository::Unknown => loss,
        Repository::Known(fact) => {
            let others = if untracked {
                untracked_in(fact, &paths)
            } else {
                0
            };
            match changed_in(fact, &paths).saturating_add(others) {
                0 if !ignored => loss.exempt("nothing is changed there"),
                0 => loss,
                1 => loss.line("1 changed file"),
                count => loss.line(format!("{count} changed files")),
            }
        }
    };
    let line = "the same call puts them into the stash that it drops";
    git.losses.push(loss.line(line));
}

impl Pile {
    /// Reads the commands of the call that come before.
    fn before(git: &Git<'_, '_>) -> Self {
        let mut pile = Self::default();
        let earlier = git.context.earlier;
        let from = earlier.len().saturating_sub(EARLIER_MAX);
        let near = earlier.get(from..).unwrap_or_default().iter();
        let named = |word: &Word| word.prefix_starts("stash");
        let steps: Vec<_> = near
            .filter(|command| command.words.iter().skip(1).any(named))
            .filter(|command| command.is_here() == git.command.is_here())
            .collect();
        for command in steps.iter().skip(steps.len().saturating_sub(STEPS_MAX)) {
            let other = Invocation::read(command).filter(|other| {
                other.subcommand == "stash"
                    && !other.is_help()
                    && may_be_same(other.dir.as_deref(), git.invocation.dir.as_deref())
            });
            if let Some(other) = other {
                pile.step(&other);
            }
        }
        pile
    }

    fn step(&mut self, other: &Invocation) {
        let args = Args::read(&other.args, PUSH);
        let first = other.args.first().and_then(Word::text).unwrap_or_default();
        let named = args.operands.get(1).copied();
        match first.as_str() {
            "push" => self.push(other, &args, args.operands.get(1..).unwrap_or_default()),
            "save" => self.push(other, &args, &[]),
            // The work tree is left as it is.
            "store" => self.own.insert(
                0,
                Taken {
                    applied: true,
                    ..Taken::default()
                },
            ),
            "apply" => match number(named).and_then(|at| self.own.get_mut(at)) {
                Some(own) => own.applied = true,
                None => self.applied.push(self.older(named)),
            },
            "pop" | "drop" => self.take(named),
            "branch" => self.take(args.operands.get(2).copied()),
            "clear" => *self = Self::default(),
            text if text.is_empty() && !other.args.is_empty() => {
                // Which of the steps it is cannot be read; the worst of them makes a stash.
                self.push(other, &args, &[]);
            }
            text if text.is_empty() || text.starts_with('-') => {
                self.push(other, &args, &args.operands);
            }
            _ => {}
        }
    }

    fn push(&mut self, other: &Invocation, args: &Args<'_>, paths: &[&Word]) {
        let dir = other.dir.as_deref();
        let known = dir.and_then(|dir| paths_below(dir, paths));
        self.own.insert(
            0,
            Taken {
                paths: known.unwrap_or_default(),
                untracked: args.may_have(&["-u", "--include-untracked", "-a", "--all"]),
                ignored: args.has(&["-a", "--all"]),
                applied: false,
            },
        );
    }

    fn take(&mut self, named: Option<&Word>) {
        match number(named) {
            Some(at) if at < self.own.len() => drop(self.own.remove(at)),
            Some(_) | None => self.applied.clear(),
        }
    }

    fn older(&self, named: Option<&Word>) -> String {
        match (number(named), named) {
            (Some(at), _) => at.saturating_sub(self.own.len()).to_string(),
            (None, Some(word)) => word.shown(),
            (None, None) => String::new(),
        }
    }

    fn was_applied(&self, named: Option<&Word>) -> bool {
        self.applied.contains(&self.older(named))
    }

    /// Stashes of the call that are nowhere else.
    fn fresh(&self) -> Vec<Taken> {
        let fresh = self.own.iter().filter(|own| !own.applied);
        fresh.cloned().collect()
    }
}

/// Returns which stash is meant, counted from the newest; nothing where the word does not say it.
pub fn number(word: Option<&Word>) -> Option<usize> {
    let Some(word) = word else {
        return Some(0);
    };
    let text = word.text()?;
    let plain = text.strip_prefix("refs/").unwrap_or(&text);
    if plain == "stash" {
        return Some(0);
    }
    let inner = plain.strip_prefix("stash@{");
    let number = inner.and_then(|rest| rest.strip_suffix('}'));
    number.unwrap_or(plain).parse().ok()
}

/// Tells whether two folders may lie in one repository.
fn may_be_same(one: Option<&Path>, other: Option<&Path>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
        (None, _) | (_, None) => true,
    }
}
