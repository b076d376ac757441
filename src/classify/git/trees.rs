//! Linked work trees and submodules: what is not committed there goes with the folder.
//! Commits that only its HEAD holds and files that it ignores go too, and git says nothing of them.

use std::path::{Path, PathBuf};

use super::{Git, Repository, bound, course};
use crate::classify::files::place::lexical;
use crate::classify::files::report::Loss;
use crate::classify::files::world::{self, comes_from_elsewhere};
use crate::classify::files::{Args, Valued};
use crate::model::fact::{Answer, GitFact, Question};
use crate::model::git::{GitAbout, GitQuestion, RefDeed, RefStep, Sureness};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;

/// Submodules of one command that are asked about one by one.
const SUBMODULES_MAX: usize = 64;

/// `git worktree remove`: by force with what is changed; without, git itself refuses unless all is clean.
pub fn worktree(git: &mut Git<'_, '_>) {
    let args = git.args(Valued::NONE);
    let step = args.operands.first().and_then(|word| word.text());
    if step.as_deref() == Some("add") && !git.context.facts.assumed {
        let deeds = super::course::deeds(git.invocation, None);
        if let Some(RefDeed::Set { name, .. }) = deeds.first().cloned() {
            super::refs::overwrite(git, deeds, &[name]);
        }
        return;
    }
    let forced = args.has(&["-f", "--force"]);
    if step.as_deref() != Some("remove") || !forced && git.context.facts.assumed {
        return;
    }
    let Some(word) = args.operands.get(1).copied() else {
        return;
    };
    let rule = "git.worktree-remove";
    let path = match located(git, word) {
        Located::At(path) => path,
        Located::Absent(path) => {
            let loss = Loss::new(rule, folder(git, Some(&path), word));
            return git.losses.push(loss.exempt("does not exist"));
        }
        Located::Unknown => return unlocated(git, rule, word, forced),
    };
    let loss = Loss::new(rule, folder(git, Some(&path), word));
    if is_temporary(git, &path) {
        return git.losses.push(loss.exempt("in a temporary directory"));
    }
    match below(git, &path) {
        Repository::Absent => git.losses.push(loss.exempt("no repository")),
        Repository::Known(fact)
            if fact.root == path && fact.dirty + fact.untracked + fact.submodules == 0 =>
        {
            let headless = fact.branch.is_none();
            let loss = match ignored(git, &path) {
                0 => loss.exempt("nothing is changed there"),
                count => loss.line(format!("{count} files or folders that git ignores")),
            };
            git.losses.push(loss);
            if headless && !course::names_head_of(git, &path) {
                lose_head(git, rule, &path);
            }
        }
        Repository::Known(_) if !forced => {}
        Repository::Known(_) => {
            git.losses.push(loss);
            // Its HEAD and index lie in the repository, and go with it.
            if let Some(own) = own_folder(git, &path) {
                git.losses.push(Loss::new(rule, world::path_target(&own)));
            }
        }
        Repository::Unknown if !forced => {}
        Repository::Unknown => git.losses.push(loss),
    }
}

/// A work tree below what `mktemp` gives has nothing of before in it; of any other nothing is known.
fn unlocated(git: &mut Git<'_, '_>, rule: &'static str, word: &Word, forced: bool) {
    let loss = Loss::new(rule, folder(git, None, word));
    if git.is_below_temporary(word) {
        git.losses.push(loss.exempt("in a temporary directory"));
    } else if forced {
        git.losses.push(loss);
    }
}

/// Returns how much of what git ignores in a work tree would be a loss.
fn ignored(git: &mut Git<'_, '_>, path: &Path) -> usize {
    let words = ["-d", "-X", "-f", "--"].map(str::to_owned).to_vec();
    let question = Question::GitDeed(GitQuestion {
        dir: path.to_path_buf(),
        git_dir: None,
        about: GitAbout::Clean(words),
    });
    match git.context.facts.ask(question, git.needs) {
        Some(Answer::Glob(named)) => super::clean::lost(git, path, named),
        _ => 0,
    }
}

/// Commits that only this work tree has checked out go with its `HEAD`.
fn lose_head(git: &mut Git<'_, '_>, rule: &'static str, path: &Path) {
    let step = RefStep {
        deed: RefDeed::Move { to: None },
        sure: Sureness::Done,
    };
    let question = Question::GitDeed(GitQuestion {
        dir: path.to_path_buf(),
        git_dir: None,
        about: GitAbout::Refs {
            steps: vec![step],
            judged: 1,
        },
    });
    let git_dir = match git.context.facts.ask(question, git.needs) {
        Some(Answer::Refs(fact)) if fact.is_held() => None,
        Some(Answer::Refs(fact)) => Some(fact.git_dir.clone()),
        Some(_) => own_folder(git, path),
        None => None,
    };
    if let Some(git_dir) = git_dir {
        let target = git.target(
            &Repository::Unknown,
            TargetKind::GitRef,
            Some("HEAD".to_owned()),
        );
        let reach = Reach::GitRefs(git_dir);
        git.losses.push(Loss::new(rule, Target { reach, ..target }));
    }
}

/// What is known of the place of a work tree.
enum Located {
    At(PathBuf),
    Absent(PathBuf),
    Unknown,
}

/// Finds the folder of a work tree, by its path or by the name that git gave it.
fn located(git: &mut Git<'_, '_>, word: &Word) -> Located {
    let (Some(text), Some(dir)) = (word.text(), git.invocation.dir.clone()) else {
        return Located::Unknown;
    };
    let path = lexical(&dir.join(&text));
    if git.context.facts.assumed || !git.command.is_here() {
        return Located::At(path);
    }
    let question = Question::Entry(path.clone());
    match git.context.facts.ask(question, git.needs) {
        Some(Answer::Entry(entry)) => Located::At(entry.resolved.clone()),
        Some(Answer::Absent) if comes_from_elsewhere(&path, git.context) => Located::Unknown,
        Some(Answer::Absent) => match named(git, &text) {
            Some(named) => Located::At(named),
            None => Located::Absent(path),
        },
        _ => Located::At(path),
    }
}

fn named(git: &mut Git<'_, '_>, text: &str) -> Option<PathBuf> {
    let Repository::Known(fact) = git.ask(Vec::new()) else {
        return None;
    };
    let name = Path::new(text).file_name()?;
    let common = super::refs::common_dir(&fact.git_dir);
    let file = common.join("worktrees").join(name).join("gitdir");
    let Some(Answer::Text { text, .. }) = git.context.facts.ask(Question::Text(file), git.needs)
    else {
        return None;
    };
    let place = Path::new(text.trim()).parent()?;
    place.is_absolute().then(|| place.to_path_buf())
}

/// The folder in the repository to which the `.git` of a work tree points.
fn own_folder(git: &mut Git<'_, '_>, path: &Path) -> Option<PathBuf> {
    let question = Question::Text(path.join(".git"));
    let Some(Answer::Text { text, .. }) = git.context.facts.ask(question, git.needs) else {
        return None;
    };
    let to = text.strip_prefix("gitdir:")?.trim();
    Some(lexical(&path.join(to)))
}

fn below<'a>(git: &mut Git<'a, '_>, path: &Path) -> Repository<'a> {
    if git.context.facts.assumed || !git.command.is_here() {
        return Repository::Unknown;
    }
    let question = Question::Git {
        dir: path.to_path_buf(),
        paths: Vec::new(),
    };
    match git.context.facts.ask(question, git.needs) {
        Some(Answer::Git(fact)) => Repository::Known(fact),
        Some(Answer::Absent) => Repository::Absent,
        _ => Repository::Unknown,
    }
}

fn is_temporary(git: &Git<'_, '_>, path: &Path) -> bool {
    let mut places = git.context.scene.temporary.iter();
    places.any(|place| path != place && path.starts_with(place))
}

fn folder(git: &Git<'_, '_>, path: Option<&Path>, word: &Word) -> Target {
    let unreachable = |reason: &str| Reach::Unreachable(reason.to_owned());
    let locator = path.map_or_else(|| word.shown(), |path| path.to_string_lossy().into_owned());
    let reach = match path {
        _ if !git.command.is_here() => unreachable("the repository lies elsewhere"),
        None => unreachable("which folder is meant is not known"),
        Some(path) => Reach::Path(path.to_path_buf()),
    };
    Target {
        kind: TargetKind::GitWorktree,
        locator,
        object: None,
        reach,
    }
}

/// What a step does to the files of a submodule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The whole folder is emptied.
    Deinit,
    /// Changed files become what the commit has.
    Update,
}

/// `git submodule deinit --force` and `git submodule update --force`.
pub fn submodule(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "j",
        long: &["--reference", "--depth", "--jobs", "--filter"],
    });
    let step = args.operands.first().and_then(|word| word.text());
    let step = match step.as_deref() {
        Some("deinit") => Step::Deinit,
        Some("update") => Step::Update,
        Some(_) | None => return,
    };
    if !args.has(&["-f", "--force"]) {
        return;
    }
    let words: Vec<&Word> = args.operands.iter().skip(1).copied().collect();
    let Repository::Known(fact) = git.ask(Vec::new()) else {
        return unasked(git, &words);
    };
    let names = git
        .paths(&words)
        .filter(|paths| !paths.is_empty() && !paths.contains(&fact.root));
    let mut open = match names {
        Some(paths) => paths,
        None => listed(git, &fact.root),
    };
    let deeper = args.has(&["--recursive"]);
    let mut at = 0;
    while let Some(path) = open.get(at).cloned() {
        at += 1;
        if at > SUBMODULES_MAX {
            let target = git.target(&Repository::Known(fact), TargetKind::GitWorktree, None);
            return git.losses.push(Loss::new("git.submodule-deinit", target));
        }
        one(git, fact, &path, step);
        if deeper {
            open.extend(listed(git, &path));
        }
    }
}

/// A command that goes on into the submodules where it is told to.
pub fn recursed(git: &mut Git<'_, '_>, args: &Args<'_>) {
    let told = args.has(&["--recurse-submodules"])
        || git.invocation.setting("submodule.recurse") == Some("true");
    if !told {
        return;
    }
    let Repository::Known(fact) = git.ask(Vec::new()) else {
        return;
    };
    for path in listed(git, &fact.root).into_iter().take(SUBMODULES_MAX) {
        one(git, fact, &path, Step::Update);
    }
}

/// Submodules that `git rm -f` takes away with their files.
pub fn removed(git: &mut Git<'_, '_>, paths: &[PathBuf]) {
    if git.context.facts.assumed {
        return;
    }
    let Repository::Known(fact) = git.ask(Vec::new()) else {
        return;
    };
    for path in listed(git, &fact.root).into_iter().take(SUBMODULES_MAX) {
        if paths.iter().any(|above| path.starts_with(above)) {
            one(git, fact, &path, Step::Deinit);
        }
    }
}

fn one(git: &mut Git<'_, '_>, above: &GitFact, path: &Path, step: Step) {
    let rule = "git.submodule-deinit";
    let mut target = Target {
        kind: TargetKind::GitWorktree,
        locator: path.to_string_lossy().into_owned(),
        object: None,
        reach: Reach::Path(path.to_path_buf()),
    };
    let Repository::Known(fact) = below(git, path) else {
        return git.losses.push(Loss::new(rule, target));
    };
    if fact.git_dir == above.git_dir {
        let loss = Loss::new(rule, target).exempt("no submodule is checked out there");
        return git.losses.push(loss);
    }
    let count = match step {
        Step::Deinit => fact.dirty.saturating_add(fact.untracked),
        Step::Update => fact.dirty,
    };
    if step == Step::Update {
        target = bound(target, &[], (true, false, false));
    }
    let loss = Loss::new(rule, target);
    git.losses.push(match count {
        0 => loss.exempt("nothing is changed there"),
        1 => loss.line("1 changed file"),
        count => loss.line(format!("{count} changed files")),
    });
}

/// Returns the folders that `.gitmodules` of a work tree names.
fn listed(git: &mut Git<'_, '_>, root: &Path) -> Vec<PathBuf> {
    let question = Question::Text(root.join(".gitmodules"));
    let Some(Answer::Text { text, .. }) = git.context.facts.ask(question, git.needs) else {
        return Vec::new();
    };
    let path = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim() == "path" && !value.is_empty()).then(|| lexical(&root.join(value)))
    };
    let inside = |path: &PathBuf| path.starts_with(root) && path != root;
    text.lines()
        .filter_map(path)
        .filter(inside)
        .take(SUBMODULES_MAX + 1)
        .collect()
}

/// Without facts the words say which submodule is meant, or all of them are.
fn unasked(git: &mut Git<'_, '_>, words: &[&Word]) {
    let rule = "git.submodule-deinit";
    let dir = git.invocation.dir.clone();
    let mut any = false;
    for word in words {
        let path = dir
            .as_deref()
            .zip(word.text())
            .map(|(dir, text)| lexical(&dir.join(text)));
        let loss = Loss::new(rule, folder(git, path.as_deref(), word));
        any = true;
        git.losses.push(loss);
    }
    if !any {
        git.lose(rule, TargetKind::GitWorktree, None);
    }
}
