//! `git clean`: what a dry run of it names, each judged like a removal; what is regenerable or empty is no loss.
//! Without facts every untracked (and ignored) file is taken to be there.

use std::path::{Path, PathBuf};

use super::course;
use super::tree::{self, Before};
use super::{Git, Repository, bound, changed_in};
use crate::classify::files::judge::{How, Judge};
use crate::classify::files::place::Place;
use crate::classify::files::report::Loss;
use crate::classify::files::world::World;
use crate::classify::files::{Args, Valued};
use crate::model::command::WriteMode;
use crate::model::fact::Answer;
use crate::model::git::GitAbout;
use crate::model::target::TargetKind;
use crate::model::word::Word;

const WORDS: Valued = Valued {
    short: "e",
    long: &["--exclude"],
};
/// Paths of one clean that are judged one by one; where it takes more, something is lost.
const NAMED_MAX: usize = 512;

/// `git -c clean.requireForce=0 clean`.
fn is_told_loose(git: &Git<'_, '_>) -> bool {
    let said = git.invocation.setting("clean.requireforce");
    matches!(said, Some("false" | "0" | "no" | "off" | ""))
}

/// Judges a clean.
pub fn judge(git: &mut Git<'_, '_>) {
    let args = git.args(WORDS);
    let forced = args.told(&["-f", "--force"]) || is_told_loose(git) || is_set_loose(git);
    // Its menu: `1` and `c` remove, and so does `y` where each is asked about.
    let asks = args.has(&["-i", "--interactive"]);
    let answered = asks && super::answers::given(git, &['1', 'c', 'y']);
    if !(forced || asks) || asks && !answered || args.rehearses(&["-n", "--dry-run"]) {
        return;
    }
    let ignored = args.told(&["-x", "-X"]);
    let untracked = !ignored || args.told(&["-x"]);
    let rule = if ignored {
        "git.clean-ignored"
    } else {
        "git.clean"
    };
    let operands = args.operands.clone();
    let paths = git.paths(&operands).unwrap_or_default();
    if git.context.facts.assumed || !git.command.is_here() || git.invocation.dir.is_none() {
        return unasked(git, rule, &operands, ignored, untracked);
    }
    let before = Before::read(&course::earlier(git));
    if before.uncached {
        lose_uncached(git, rule);
    }
    let target = |git: &mut Git<'_, '_>| {
        let repository = git.ask(Vec::new());
        let target = git.target(&repository, TargetKind::GitWorktree, None);
        bound(target, &paths, (false, untracked, ignored))
    };
    let words = words(&args);
    let named = match tree::question(git, GitAbout::Clean(words)) {
        Some(Answer::Glob(named)) => named,
        Some(Answer::Absent) => return,
        None => return,
        Some(_) => {
            let target = target(git);
            return git.losses.push(Loss::new(rule, target));
        }
    };
    if changes_ignored(git, ignored) {
        let loss = Loss::new(rule, target(git));
        let line = "the same call changes first what git ignores";
        return git.losses.push(loss.line(line));
    }
    if named.is_empty() || !ignored && before.saved_untracked {
        let absent = git.target(&Repository::Absent, TargetKind::GitWorktree, None);
        return git
            .losses
            .push(Loss::new(rule, absent).exempt("there is nothing that it would take"));
    }
    let folder = git.invocation.dir.clone().unwrap_or_default();
    let lost = lost(git, &folder, named);
    let target = target(git);
    let loss = Loss::new(rule, target);
    git.losses.push(match lost {
        0 => loss.exempt("all that it takes can be made again, or is empty"),
        1 => loss.line("1 file or folder that git does not keep"),
        count => loss.line(format!("{count} files or folders that git does not keep")),
    });
}

/// Tells whether the same call may change before what git ignores: what it would take is another then.
/// More names to ignore only leave more where they are, unless the ignored ones go.
fn changes_ignored(git: &Git<'_, '_>, ignored: bool) -> bool {
    const LOOKS: [&str; 10] = [
        "cat", "grep", "rg", "ls", "head", "tail", "test", "[", "echo", "printf",
    ];
    let of_ignored = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.ends_with(".gitignore")
            || text.ends_with("info/exclude")
            || text.contains("core.excludesfile")
    };
    git.context.earlier.iter().any(|command| {
        let counts = |mode: WriteMode| ignored || mode != WriteMode::Append;
        let mut writes = command.writes.iter().filter(|write| counts(write.mode));
        let mut words = command.args().iter();
        let git = crate::classify::git::Invocation::read(command);
        let reads = git.is_some_and(|git| {
            matches!(
                git.subcommand.as_str(),
                "add" | "commit" | "diff" | "log" | "show" | "status" | "check-ignore" | "ls-files"
            )
        });
        writes.any(|write| of_ignored(&write.file.shown()))
            || !reads && !command.is_any(&LOOKS) && words.any(|word| of_ignored(&word.shown()))
    })
}

/// Tells whether the repository itself says that no `-f` is needed.
fn is_set_loose(git: &mut Git<'_, '_>) -> bool {
    let Some(text) = super::push::configuration(git) else {
        return false;
    };
    let mut inside = false;
    for line in text.lines().map(|line| line.trim().to_ascii_lowercase()) {
        if line.starts_with('[') {
            inside = line == "[clean]";
        } else if inside && let Some((key, value)) = line.split_once('=') {
            let off = matches!(value.trim(), "false" | "no" | "off" | "0");
            if key.trim() == "requireforce" && off {
                return true;
            }
        }
    }
    false
}

/// Returns how many of the paths would be a loss.
pub fn lost(git: &mut Git<'_, '_>, folder: &Path, named: &[PathBuf]) -> usize {
    if named.len() > NAMED_MAX {
        return named.len();
    }
    let mut judge = Judge::new(git.context, git.needs, World::Here, folder.to_path_buf());
    for path in named {
        let place = Place::At {
            path: path.clone(),
            follow: false,
        };
        judge.removal(&place, How::plain(true), &path.to_string_lossy());
    }
    let losses = judge.finish();
    losses.iter().filter(|loss| loss.exempt.is_none()).count()
}

/// Returns the words with which the dry run takes the same; what is not known narrows nothing.
fn words(args: &Args<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for (flag, value) in args.flags() {
        match (flag, value) {
            ("-d" | "-x" | "-X" | "-f", _) => all.push(flag.to_owned()),
            ("--force", _) => all.push("-f".to_owned()),
            ("-e" | "--exclude", Some(value)) if !value.contains('$') => {
                all.push(format!("--exclude={value}"));
            }
            _ => {}
        }
    }
    if args.told_flag {
        all.extend(["-d", "-x"].map(str::to_owned));
    }
    let known: Option<Vec<String>> = args
        .operands
        .iter()
        .map(|word| (!word.has_hole()).then(|| word.shown()))
        .collect();
    all.push("--".to_owned());
    all.extend(known.unwrap_or_default());
    all
}

/// Files that were taken out of the index a moment ago are untracked now.
fn lose_uncached(git: &mut Git<'_, '_>, rule: &'static str) {
    let repository = git.ask(Vec::new());
    let target = git.target(&repository, TargetKind::GitWorktree, None);
    let loss = Loss::new(rule, bound(target, &[], (true, true, false)));
    let loss = match repository {
        Repository::Known(fact) if changed_in(fact, &[]) == 0 => {
            loss.exempt("nothing is changed there")
        }
        Repository::Absent => loss.exempt("no repository"),
        Repository::Known(_) | Repository::Unknown => loss,
    };
    git.losses
        .push(loss.line("the same call takes files out of the index first"));
}

/// Nobody is asked: names alone say what is regenerable.
fn unasked(
    git: &mut Git<'_, '_>,
    rule: &'static str,
    operands: &[&Word],
    ignored: bool,
    untracked: bool,
) {
    let regenerable = ignored
        && !operands.is_empty()
        && operands.iter().all(|word| {
            let text = word.text().unwrap_or_default();
            let names = git.context.regenerable;
            crate::classify::files::kinds::regenerable(Path::new(&text), Path::new(""), names)
                .is_some()
        });
    if regenerable {
        return;
    }
    let paths = git.paths(operands).unwrap_or_default();
    let target = git.target(&Repository::Unknown, TargetKind::GitWorktree, None);
    let target = bound(target, &paths, (false, untracked, ignored));
    git.losses.push(Loss::new(rule, target));
}
