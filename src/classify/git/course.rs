//! What the git commands of one call do to refs, in their order, and what is lost with those that the judged one leaves.
//! Ancestry is asked of the repository; what a work tree loses is not known here.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::invocation::Invocation;
use super::refs::head;
use super::{Git, Repository};
use crate::classify::Context;
use crate::classify::files::place::lexical;
use crate::classify::files::report::Loss;
use crate::classify::files::{Args, Valued};
use crate::model::command::{Command, Proven, Stdin};
use crate::model::fact::{Answer, Question};
use crate::model::git::{GitAbout, GitQuestion, RefDeed, RefStep, RefsFact, Standing, Sureness};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;

/// Commands before the judged one that are looked at.
const EARLIER_MAX: usize = 1000;
/// Of these, git commands where nobody is asked; what a longer script did before is as good as not proven.
const GIT_MAX: usize = 200;
/// Steps over refs in one call; of a longer one nothing is known.
const STEPS_MAX: usize = 200;

/// A git command that comes before the judged one.
#[derive(Debug)]
pub struct Earlier<'a> {
    pub command: &'a Command,
    pub invocation: Invocation,
    pub sure: Sureness,
    /// It works in the very same folder.
    pub same: bool,
}

/// Returns the git commands of the call that come before the judged one and may work on its repository.
pub fn earlier<'a>(git: &Git<'a, '_>) -> Vec<Earlier<'a>> {
    let context = git.context;
    let from = context.earlier.len().saturating_sub(EARLIER_MAX);
    let mine: Vec<_> = of_git(context).collect();
    if mine.is_empty() {
        return Vec::new();
    }
    // Where the repository is asked, each of them counts.
    let most = if context.facts.assumed {
        GIT_MAX
    } else {
        EARLIER_MAX
    };
    let mine = mine
        .get(mine.len().saturating_sub(most)..)
        .unwrap_or_default();
    let (done, ran) = proven(context, from);
    let own = git.invocation.dir.as_deref().map(lexical);
    let aliases = super::refs::earlier_aliases(context);
    mine.iter()
        .filter_map(|(index, command)| {
            let mut invocation = Invocation::read(command)?;
            invocation.learn(aliases.clone());
            if invocation.is_help() {
                return None;
            }
            let dir = invocation.dir.as_deref().map(lexical);
            let same = own.is_some() && dir == own && invocation.git_dir == git.invocation.git_dir;
            let near = match (&dir, &own) {
                (Some(dir), Some(own)) => dir.starts_with(own) || own.starts_with(dir),
                (None, _) | (_, None) => true,
            };
            let sure = match (done.contains(index), ran.contains(index)) {
                (true, _) if same => Sureness::Done,
                (_, true) if same => Sureness::Ran,
                _ => Sureness::Open,
            };
            (same || near).then_some(Earlier {
                command,
                invocation,
                sure,
                same,
            })
        })
        .collect()
}

fn of_git<'a>(context: &Context<'a>) -> impl Iterator<Item = (usize, &'a Command)> {
    let from = context.earlier.len().saturating_sub(EARLIER_MAX);
    let near = context.earlier.iter().enumerate().skip(from);
    near.filter(|(_, command)| command.is_any(&["git", "hub"]) && command.is_here())
}

/// Tells whether the call makes a ref before in that work tree, or one for a commit that it finds out itself.
pub fn names_head_of(git: &Git<'_, '_>, tree: &Path) -> bool {
    of_git(git.context).any(|(_, command)| {
        let Some(invocation) = Invocation::read(command) else {
            return false;
        };
        let there = invocation.dir.as_deref().map(lexical).as_deref() == Some(tree);
        deeds(&invocation, Some(command))
            .iter()
            .any(|deed| match deed {
                RefDeed::Set { to, .. } | RefDeed::Create { to, .. } => there || to.is_none(),
                RefDeed::Push { .. } => there,
                _ => false,
            })
    })
}

fn proven(context: &Context<'_>, from: usize) -> (HashSet<usize>, HashSet<usize>) {
    let before = context.aliases.map(|told| told.proven.as_slice());
    let mine = before.and_then(|all| all.get(context.earlier.len()));
    let near = |all: Vec<usize>| all.into_iter().take_while(|index| *index >= from).collect();
    mine.map(|mine: &Proven| (near(mine.places()), near(mine.ran())))
        .unwrap_or_default()
}

/// What is known of the tips that a command leaves.
#[derive(Clone, Copy, Debug)]
pub enum Stand<'a> {
    Known(&'a RefsFact),
    /// There is no repository.
    Absent,
    /// Nobody could say, or nobody is asked.
    Unknown,
    /// The question is on its way; what is found now is thrown away.
    Pending,
}

/// Asks what becomes of the tips that these deeds leave, after what the call has done before.
pub fn stand<'a>(git: &mut Git<'a, '_>, deeds: Vec<RefDeed>) -> Stand<'a> {
    if git.context.facts.assumed || !git.command.is_here() || deeds.is_empty() {
        return Stand::Unknown;
    }
    let judged = deeds.len();
    let mut steps = steps(&earlier(git));
    steps.extend(deeds.into_iter().map(|deed| RefStep {
        deed,
        sure: Sureness::Done,
    }));
    ask(git, steps, judged)
}

/// Asks what becomes of the tips that the call has left since it first reset a branch.
pub fn stand_since_reset<'a>(git: &mut Git<'a, '_>) -> Stand<'a> {
    let all = earlier(git);
    let at = all
        .iter()
        .position(|one| one.same && one.invocation.subcommand == "reset");
    let judged = steps(all.get(at.unwrap_or_default()..).unwrap_or_default()).len();
    ask(git, steps(&all), judged)
}

fn ask<'a>(git: &mut Git<'a, '_>, steps: Vec<RefStep>, judged: usize) -> Stand<'a> {
    let Some(dir) = git.invocation.dir.clone() else {
        return Stand::Unknown;
    };
    if steps.len() > STEPS_MAX {
        return Stand::Unknown;
    }
    let question = Question::GitDeed(GitQuestion {
        git_dir: git.invocation.git_dir.clone(),
        dir,
        about: GitAbout::Refs { steps, judged },
    });
    match git.context.facts.ask(question, git.needs) {
        Some(Answer::Refs(fact)) => Stand::Known(fact),
        Some(Answer::Absent) => Stand::Absent,
        Some(_) => Stand::Unknown,
        None => Stand::Pending,
    }
}

fn steps(all: &[Earlier<'_>]) -> Vec<RefStep> {
    let of = |one: &Earlier<'_>| {
        let sure = one.sure;
        let all = deeds(&one.invocation, Some(one.command)).into_iter();
        all.map(move |deed| RefStep { deed, sure })
            .collect::<Vec<_>>()
    };
    all.iter().flat_map(of).collect()
}

/// Adds the loss of a ref (or of whatever the deeds leave) unless what it holds stays on others.
pub fn lose(
    git: &mut Git<'_, '_>,
    rule: &'static str,
    object: Option<String>,
    name: Option<&str>,
    stand: Stand<'_>,
) {
    let fact = match stand {
        Stand::Known(fact) => fact,
        Stand::Unknown => return git.lose(rule, TargetKind::GitRef, object),
        Stand::Pending | Stand::Absent => {
            let target = git.target(&Repository::Absent, TargetKind::GitRef, object);
            let loss = Loss::new(rule, target).exempt("no repository");
            return git.losses.push(loss);
        }
    };
    let loss = Loss::new(rule, target(fact, object));
    let tips: Vec<_> = fact
        .tips
        .iter()
        .filter(|tip| name.is_none_or(|name| tip.name == name))
        .collect();
    let any = |standing| tips.iter().any(|tip| tip.standing == standing);
    if any(Standing::Own) {
        super::tree::lose_own(git);
    }
    git.losses.push(if tips.is_empty() {
        loss.exempt("there is nothing that it holds, or it stays where it is")
    } else if any(Standing::Lost) {
        loss.line("no other ref leads to all of its commits")
    } else if any(Standing::TagObject) {
        loss.line("the tag's own message is on no other ref")
    } else {
        loss.exempt("every commit of it stays on another ref")
    });
}

fn target(fact: &RefsFact, object: Option<String>) -> Target {
    Target {
        kind: TargetKind::GitRef,
        locator: fact.root.to_string_lossy().into_owned(),
        object,
        reach: Reach::GitRefs(fact.git_dir.clone()),
    }
}

/// Returns what a command does to refs, in its order; a command that does nothing to them gives nothing.
pub fn deeds(invocation: &Invocation, command: Option<&Command>) -> Vec<RefDeed> {
    match invocation.subcommand.as_str() {
        "branch" => branch(&invocation.args),
        "tag" => tag(&invocation.args),
        "checkout" => checkout(&invocation.args),
        "switch" => switch(&invocation.args),
        "reset" => reset(&invocation.args),
        "update-ref" => update(&invocation.args, command),
        "symbolic-ref" => symbolic(&invocation.args),
        "commit" => commit(&invocation.args),
        "merge" => merge(&invocation.args),
        "pull" => pull(&invocation.args),
        "cherry-pick" | "revert" | "am" => vec![RefDeed::Join { with: None }],
        "rebase" => rebase(&invocation.args),
        "fetch" => fetch(&invocation.args),
        "push" => push(&invocation.args),
        "stash" => stash(&invocation.args),
        "worktree" => worktree(&invocation.args),
        "remote" => remote(&invocation.args),
        "filter-branch" | "filter-repo" | "fast-import" | "bisect" | "reftable" => {
            vec![RefDeed::Unknown]
        }
        _ => Vec::new(),
    }
}

fn text(word: Option<&&Word>) -> Option<String> {
    word.and_then(|word| word.text())
}

fn or_head(word: Option<&&Word>) -> Option<String> {
    match word {
        Some(word) => word.text(),
        None => Some("HEAD".to_owned()),
    }
}

/// A ref that goes; where its name is not known it may be any of its kind.
fn delete(word: &Word, prefix: &str) -> RefDeed {
    match word.text() {
        Some(name) => RefDeed::Delete {
            name: format!("{prefix}{name}"),
        },
        None => RefDeed::DeleteSome {
            prefix: prefix.to_owned(),
        },
    }
}

fn branch(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, super::refs::BRANCH);
    let remote = args.has(&["-r", "--remotes"]);
    if args.has(&["-d", "-D", "--delete"]) {
        let prefix = if remote {
            "refs/remotes/"
        } else {
            "refs/heads/"
        };
        let gone = args.operands.iter().map(|word| delete(word, prefix));
        return gone.collect();
    }
    if remote || args.has(&["-l", "--list", "--show-current", "-a", "--all"]) {
        return Vec::new();
    }
    let operands = &args.operands;
    let name = |word: &Word| word.text().map(|name| head(&name));
    let (from, to) = match operands.as_slice() {
        [] => return Vec::new(),
        [to] => (None, name(to)),
        [from, to, ..] => (Some(name(from)), name(to)),
    };
    if args.has(&["-m", "-M", "--move"]) {
        return match (from, to) {
            (None, Some(to)) => vec![RefDeed::Rename { from: None, to }],
            (Some(Some(from)), Some(to)) => vec![RefDeed::Rename {
                from: Some(from),
                to,
            }],
            (_, None) | (Some(None), _) => vec![RefDeed::Unknown],
        };
    }
    if args.has(&["-c", "-C", "--copy"]) {
        let source = from.unwrap_or_else(|| Some("HEAD".to_owned()));
        return to.map_or(vec![RefDeed::Unknown], |name| {
            vec![RefDeed::Set { name, to: source }]
        });
    }
    let Some(name) = operands.first().and_then(|word| name(word)) else {
        return Vec::new();
    };
    let to = or_head(operands.get(1));
    match args.has(&["-f", "--force"]) {
        true => vec![RefDeed::Set { name, to }],
        false => vec![RefDeed::Create { name, to }],
    }
}

fn tag(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, super::refs::TAG);
    if args.has(&["-d", "--delete"]) {
        let gone = args.operands.iter().map(|word| delete(word, "refs/tags/"));
        return gone.collect();
    }
    if args.has(&["-l", "--list", "-v", "--verify"]) {
        return Vec::new();
    }
    let Some(name) = text(args.operands.first()).map(|name| format!("refs/tags/{name}")) else {
        return Vec::new();
    };
    let to = or_head(args.operands.get(1));
    match args.has(&["-f", "--force"]) {
        true => vec![RefDeed::Set { name, to }],
        false => vec![RefDeed::Create { name, to }],
    }
}

/// A branch starts (over) and is checked out.
fn start(name: &str, at: Option<String>, over: bool) -> Vec<RefDeed> {
    let (name, to) = (head(name), at);
    let switch = RefDeed::Switch {
        to: Some(name.clone()),
    };
    let made = match over {
        true => RefDeed::Set { name, to },
        false => RefDeed::Create { name, to },
    };
    vec![made, switch]
}

fn checkout(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, super::CHECKOUT);
    let dashes = words
        .iter()
        .any(|word| word.text().as_deref() == Some("--"));
    if let Some(name) = args.value(&["-b", "-B"]) {
        return start(name, or_head(args.operands.first()), args.has(&["-B"]));
    }
    if let Some(name) = args.value(&["--orphan"]) {
        return vec![RefDeed::Unborn { branch: head(name) }];
    }
    if dashes || args.operands.len() != 1 || args.has(&["-p", "--patch", "--ours", "--theirs"]) {
        return Vec::new();
    }
    to(&args)
}

fn to(args: &Args<'_>) -> Vec<RefDeed> {
    let at = text(args.operands.first());
    if !args.has(&["-d", "--detach"]) {
        return vec![RefDeed::Switch { to: at }];
    }
    // A branch's name with `^0` is the commit, and nothing is on a branch then.
    let at = at.unwrap_or_else(|| "HEAD".to_owned());
    vec![RefDeed::Switch {
        to: Some(format!("{at}^0")),
    }]
}

fn switch(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, super::SWITCH);
    if let Some(name) = args.value(&["-c", "--create", "-C", "--force-create"]) {
        let over = args.has(&["-C", "--force-create"]);
        return start(name, or_head(args.operands.first()), over);
    }
    if let Some(name) = args.value(&["--orphan"]) {
        return vec![RefDeed::Unborn { branch: head(name) }];
    }
    if args.operands.is_empty() && !args.has(&["-d", "--detach"]) {
        return Vec::new();
    }
    to(&args)
}

fn reset(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, Valued::NONE);
    let dashes = words
        .iter()
        .position(|word| word.text().as_deref() == Some("--"));
    let paths = dashes.is_some_and(|at| at + 1 < words.len()) || args.operands.len() > 1;
    if paths || args.has(&["-p", "--patch", "--pathspec-from-file"]) {
        return Vec::new();
    }
    match args.operands.first() {
        Some(word) => vec![RefDeed::Move { to: word.text() }],
        None => Vec::new(),
    }
}

fn update(words: &[Word], command: Option<&Command>) -> Vec<RefDeed> {
    let args = Args::read(
        words,
        Valued {
            short: "m",
            long: &[],
        },
    );
    if args.has(&["--stdin"]) {
        let told = command.map(|command| &command.stdin);
        let text = match told {
            Some(Stdin::Text(word)) => word.text(),
            _ => None,
        };
        return text.map_or(vec![RefDeed::Unknown], |text| told_refs(&text));
    }
    let name = text(args.operands.first());
    match (name, args.has(&["-d", "--delete"])) {
        (None, _) => vec![RefDeed::Unknown],
        (Some(name), true) => vec![RefDeed::Delete { name }],
        (Some(name), false) if args.operands.len() > 1 => vec![RefDeed::Set {
            name,
            to: text(args.operands.get(1)),
        }],
        (Some(_), false) => Vec::new(),
    }
}

/// Reads what `update-ref --stdin` is told.
pub fn told_refs(text: &str) -> Vec<RefDeed> {
    let mut all = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["delete", name, ..] => all.push(RefDeed::Delete {
                name: (*name).to_owned(),
            }),
            ["update" | "create", name, to, ..] => all.push(RefDeed::Set {
                name: (*name).to_owned(),
                to: Some((*to).to_owned()),
            }),
            _ => {}
        }
    }
    all
}

fn symbolic(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(
        words,
        Valued {
            short: "m",
            long: &[],
        },
    );
    let name = text(args.operands.first());
    if args.has(&["-d", "--delete"]) {
        return name.map_or(vec![RefDeed::Unknown], |name| {
            vec![RefDeed::Delete { name }]
        });
    }
    match (name.as_deref(), args.operands.get(1)) {
        (Some("HEAD"), Some(word)) => vec![match word.text() {
            Some(branch) => RefDeed::Unborn { branch },
            None => RefDeed::Switch { to: None },
        }],
        // A name for another ref: what it held itself is gone.
        (Some(name), Some(word)) if !name.starts_with("refs/remotes/") => vec![RefDeed::Set {
            name: name.to_owned(),
            to: word.text(),
        }],
        _ => Vec::new(),
    }
}

fn commit(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, super::tree::COMMIT);
    if args.rehearses(&["--dry-run"]) {
        return Vec::new();
    }
    match args.has(&["--amend"]) {
        true => vec![RefDeed::Rewrite {
            onto: Some("HEAD^".to_owned()),
        }],
        false => vec![RefDeed::Commit],
    }
}

pub const MERGE: Valued = Valued {
    short: "mFsXS",
    long: &["--message", "--file", "--strategy", "--strategy-option"],
};

pub const REBASE: Valued = Valued {
    short: "sXxCS",
    long: &[
        "--onto",
        "--exec",
        "--strategy",
        "--strategy-option",
        "--empty",
    ],
};

fn merge(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, MERGE);
    const STAYS: [&str; 5] = ["--abort", "--quit", "--squash", "--no-commit", "--continue"];
    if args.has(&STAYS) {
        return Vec::new();
    }
    let with = text(args.operands.first()).filter(|_| args.operands.len() == 1);
    vec![RefDeed::Join { with }]
}

fn pull(words: &[Word]) -> Vec<RefDeed> {
    let rebases = words.iter().filter_map(Word::text).any(|text| {
        text == "-r"
            || text.starts_with("--rebase") && text != "--rebase=false"
            || text == "--autostash"
    });
    match rebases {
        true => vec![RefDeed::Rewrite {
            onto: Some("@{u}".to_owned()),
        }],
        false => vec![RefDeed::Join {
            with: Some("@{u}".to_owned()),
        }],
    }
}

fn rebase(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, REBASE);
    const STEPS: [&str; 6] = [
        "--abort",
        "--continue",
        "--skip",
        "--quit",
        "--edit-todo",
        "--show-current-patch",
    ];
    if args.has(&STEPS) {
        return vec![RefDeed::Unknown];
    }
    let upstream = args.operands.first().copied();
    let branch = args.operands.get(1).map(|word| word.text());
    if let Some(onto) = args.value(&["--onto"]) {
        return vec![RefDeed::Rebase {
            onto: Some(onto.to_owned()).filter(|onto| !onto.contains('$')),
            upstream: upstream.and_then(Word::text),
            branch: branch.flatten(),
        }];
    }
    let mut all: Vec<RefDeed> = branch
        .map(|to| RefDeed::Switch { to })
        .into_iter()
        .collect();
    all.push(RefDeed::Rewrite {
        onto: match upstream {
            Some(word) => word.text(),
            None => Some("@{u}".to_owned()),
        },
    });
    all
}

fn fetch(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, super::refs::FETCH);
    if args.rehearses(&["--dry-run"]) {
        return Vec::new();
    }
    let mut all = Vec::new();
    if args.has(&["-p", "--prune"]) {
        all.push(RefDeed::Prune);
    }
    let here = args
        .operands
        .first()
        .and_then(|word| word.text())
        .as_deref()
        == Some(".");
    for spec in args.operands.iter().skip(1) {
        let Some(text) = spec.text() else {
            all.push(RefDeed::Unknown);
            continue;
        };
        if let Some((from, to)) = text.trim_start_matches('+').split_once(':')
            && !to.is_empty()
            && !to.contains('*')
        {
            all.push(RefDeed::Set {
                name: head(to),
                to: here.then(|| from.to_owned()),
            });
        }
    }
    all
}

fn push(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, super::push::VALUED);
    if args.rehearses(&["-n", "--dry-run"]) {
        return Vec::new();
    }
    let remote = match args.operands.first() {
        Some(word) => word.text(),
        None => None,
    };
    let deletes = args.has(&["-d", "--delete"]);
    let specs = args.operands.get(1..).unwrap_or_default();
    if specs.is_empty() && !args.has(&["--tags", "--all", "--mirror", "--branches"]) {
        return vec![RefDeed::Push {
            remote,
            source: Some("HEAD".to_owned()),
            to: None,
        }];
    }
    let mut all = Vec::new();
    for spec in specs {
        let Some(text) = spec.text() else {
            all.push(RefDeed::Prune);
            continue;
        };
        let plain = text.trim_start_matches('+');
        let (source, to) = match plain.split_once(':') {
            _ if deletes => ("", plain),
            Some((source, to)) => (source, to),
            None => (plain, plain),
        };
        let own = matches!(to, "HEAD" | "@");
        let source = Some(source.to_owned());
        if remote.as_deref() == Some(".") {
            all.push(local(source.as_deref().unwrap_or_default(), to));
            continue;
        }
        all.push(RefDeed::Push {
            remote: remote.clone(),
            source,
            to: (!own).then(|| to.to_owned()),
        });
    }
    all
}

/// `git push . a:b` moves a ref of this repository.
fn local(source: &str, to: &str) -> RefDeed {
    let name = head(to);
    match source {
        "" => RefDeed::Delete { name },
        source => RefDeed::Set {
            name,
            to: Some(source.to_owned()),
        },
    }
}

fn stash(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(words, super::stash::PUSH);
    let first = words.first().and_then(Word::text).unwrap_or_default();
    let named = args.operands.get(1).copied();
    let at = || super::stash::number(named);
    match first.as_str() {
        "drop" | "pop" => vec![at().map_or(RefDeed::ClearStashes, RefDeed::DropStash)],
        "clear" => vec![RefDeed::ClearStashes],
        "list" | "show" | "apply" | "create" => Vec::new(),
        "branch" => named
            .and_then(Word::text)
            .map(|name| {
                let at = super::stash::number(args.operands.get(2).copied()).unwrap_or_default();
                let (name, to) = (head(&name), Some(format!("stash@{{{at}}}^1")));
                vec![
                    RefDeed::Create {
                        name: name.clone(),
                        to,
                    },
                    RefDeed::Switch { to: Some(name) },
                    RefDeed::DropStash(at),
                ]
            })
            .unwrap_or_default(),
        _ => vec![RefDeed::Stash],
    }
}

fn worktree(words: &[Word]) -> Vec<RefDeed> {
    let args = Args::read(
        words,
        Valued {
            short: "bB",
            long: &["--reason", "--orphan"],
        },
    );
    if text(args.operands.first()).as_deref() != Some("add") {
        return Vec::new();
    }
    let name = args.value(&["-b", "-B"]);
    let to = or_head(args.operands.get(2));
    name.map(|name| match args.has(&["-B"]) {
        true => RefDeed::Set {
            name: head(name),
            to,
        },
        false => RefDeed::Create {
            name: head(name),
            to,
        },
    })
    .into_iter()
    .collect()
}

fn remote(words: &[Word]) -> Vec<RefDeed> {
    match words.first().and_then(Word::text).as_deref() {
        Some("prune" | "rm" | "remove" | "rename") => vec![RefDeed::DeleteSome {
            prefix: match words.get(1).and_then(Word::text) {
                Some(name) => format!("refs/remotes/{name}/"),
                None => "refs/remotes/".to_owned(),
            },
        }],
        Some("update")
            if words
                .iter()
                .any(|word| matches!(word.text().as_deref(), Some("-p" | "--prune"))) =>
        {
            vec![RefDeed::Prune]
        }
        _ => Vec::new(),
    }
}

/// Returns the git directory as a question names it.
pub fn absolute(dir: Option<&Path>, named: &str) -> Option<PathBuf> {
    Some(lexical(&dir?.join(named)))
}
