//! What a work tree loses: changed files, files that were only staged, and untracked ones that a commit's files are written over.
//! What the call put away before is not lost; refs are judged elsewhere.

use std::path::{Path, PathBuf};

use super::course::{self, Earlier, Stand};
use super::{Git, Repository, bound, changed_in, untracked_in};
use crate::classify::files::report::Loss;
use crate::classify::files::{Args, Valued};
use crate::model::command::Stdin;
use crate::model::fact::{Answer, EntryKind, GitFact, GitPathFact, Question};
use crate::model::git::{GitAbout, GitQuestion, RefDeed, Sureness};
use crate::model::target::TargetKind;
use crate::model::word::Word;

pub const COMMIT: Valued = Valued {
    short: "mFCct",
    long: &[
        "--message",
        "--file",
        "--reuse-message",
        "--reedit-message",
        "--fixup",
        "--author",
        "--date",
    ],
};
const ADD: Valued = Valued {
    short: "",
    long: &["--chmod", "--pathspec-from-file"],
};
/// Tracked files of one pathspec that are asked about one by one.
const NAMED_MAX: usize = 512;

/// Which paths of a work tree a command means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    Paths(Vec<PathBuf>),
    /// Pathspecs that say more than a path.
    Specs(Vec<String>),
    /// None that is there.
    Nothing,
}

/// Where files are taken from that are written over those of the work tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What is staged stays staged.
    Index,
    Commit,
}

impl Source {
    /// Returns the source of a command that does or does not name a commit.
    pub fn of(commit: bool) -> Self {
        match commit {
            true => Self::Commit,
            false => Self::Index,
        }
    }
}

/// What the call has done to the work tree before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Changes of tracked files are in a commit or a stash.
    pub saved: bool,
    /// Untracked files are, too.
    pub saved_untracked: bool,
    /// Ignored files are, too.
    pub saved_ignored: bool,
    /// Untracked files were staged; none means that they were not, an empty list that all were.
    pub added: Option<Vec<PathBuf>>,
    /// Ignored ones, too.
    pub forced: bool,
    /// They were at some time, whatever came after.
    ever: bool,
    /// Tracked files were taken out of the index.
    pub uncached: bool,
    /// Stashes that the call has made so far.
    stashed: usize,
    /// A stash that was there before lies in the work tree, and nowhere else.
    pub popped: bool,
    /// The branch was moved and the files were left: they are all that is there of its commits.
    pub moved: Vec<RefDeed>,
}

impl Before {
    /// Reads the git commands of the call that come before.
    pub fn read(all: &[Earlier<'_>]) -> Self {
        let mut before = Self::default();
        for one in all.iter().filter(|one| one.same) {
            before.step(one);
        }
        before
    }

    fn step(&mut self, one: &Earlier<'_>) {
        let done = one.sure == Sureness::Done;
        let words = &one.invocation.args;
        match one.invocation.subcommand.as_str() {
            "add" | "stage" => self.add(one),
            "commit" => {
                let args = Args::read(words, COMMIT);
                let whole = args.operands.is_empty() && !args.has(&["-p", "--patch", "--dry-run"]);
                if done {
                    self.moved.clear();
                }
                if done && whole {
                    let staged = self.added.as_ref().is_some_and(Vec::is_empty);
                    self.saved |= args.has(&["-a", "--all"]) || staged;
                    self.saved_untracked |= staged;
                    self.added = None;
                }
            }
            "stash" => self.stash(words, done),
            "reset" => self.reset(one, done),
            "rm" if Args::read(words, Valued::NONE).has(&["--cached"]) => self.uncached = true,
            _ => {}
        }
    }

    fn add(&mut self, one: &Earlier<'_>) {
        let args = Args::read(&one.invocation.args, ADD);
        const LESS: [&str; 10] = [
            "-n",
            "--dry-run",
            "-N",
            "--intent-to-add",
            "-u",
            "--update",
            "--refresh",
            "-p",
            "--patch",
            "-i",
        ];
        if args.has(&LESS) {
            return;
        }
        self.forced |= args.has(&["-f", "--force"]);
        self.ever = true;
        let dir = one.invocation.dir.as_deref();
        let paths = dir.and_then(|dir| super::paths_below(dir, &args.operands));
        let all = paths.unwrap_or_default();
        let whole = all.is_empty() || all.iter().any(|path| Some(path.as_path()) == dir);
        match (&mut self.added, whole) {
            (_, true) => self.added = Some(Vec::new()),
            (Some(known), false) if known.is_empty() => {}
            (Some(known), false) => known.extend(all),
            (None, false) => self.added = Some(all),
        }
    }

    fn stash(&mut self, words: &[Word], done: bool) {
        let args = Args::read(words, super::stash::PUSH);
        let first = words.first().and_then(Word::text).unwrap_or_default();
        match first.as_str() {
            "pop" | "apply" | "branch" => {
                (self.saved, self.saved_untracked) = (false, false);
                self.saved_ignored = false;
                self.popped |= first == "pop" && self.stashed == 0;
                if first == "pop" {
                    self.stashed = self.stashed.saturating_sub(1);
                }
            }
            "drop" | "clear" | "list" | "show" | "create" | "store" => {}
            "push" | "save" | "" => {
                let operands = args.operands.len();
                let whole = operands <= usize::from(!first.is_empty()) || first == "save";
                self.put_away(&args, whole && done);
            }
            text if text.starts_with('-') => self.put_away(&args, args.operands.is_empty() && done),
            _ => {}
        }
    }

    fn put_away(&mut self, args: &Args<'_>, whole: bool) {
        self.stashed += 1;
        self.popped = false;
        if !whole || args.has(&["-p", "--patch", "-S", "--staged"]) {
            return;
        }
        self.saved = true;
        self.saved_untracked |= args.has(&["-u", "--include-untracked", "-a", "--all"]);
        self.saved_ignored |= args.has(&["-a", "--all"]);
        self.added = None;
    }

    /// A reset that leaves the files as they are.
    fn reset(&mut self, one: &Earlier<'_>, done: bool) {
        let args = Args::read(&one.invocation.args, Valued::NONE);
        if args.has(&["--hard", "--h", "--ha", "--merge", "--keep"]) {
            return;
        }
        if args.operands.is_empty() && !args.has(&["--soft"]) && done {
            self.added = None;
        }
        let moves = course::deeds(&one.invocation, None);
        self.moved.extend(moves);
    }
}

/// Tells whether the call has staged files that were not tracked, and whether ignored ones may be among them.
pub fn stages(git: &Git<'_, '_>) -> Option<bool> {
    let before = Before::read(&course::earlier(git));
    before.ever.then_some(before.forced)
}

/// Judges the loss of changed files in the whole work tree or in a part of it.
pub fn discard(git: &mut Git<'_, '_>, rule: &'static str, extent: Extent, source: Source) {
    let earlier = course::earlier(git);
    let before = Before::read(&earlier);
    // What git did before in the call may have taken out of the index what only the index had.
    let from_index = source == Source::Index && earlier.iter().all(only_looks);
    judge_moved(git, &before);
    judge_popped(git, &before);
    let Some(paths) = paths(git, extent) else {
        return;
    };
    let added = before.added.clone();
    let mut asked = paths.clone();
    if let Some(added) = &added
        && !paths.is_empty()
    {
        asked.extend(added.iter().cloned());
        asked.sort();
        asked.dedup();
    }
    let asked = match (&added, paths.is_empty()) {
        (Some(added), true) if before.forced || !added.is_empty() => added.clone(),
        _ => asked,
    };
    // Of the whole tree its changes count, and what was staged of it by name.
    let several = paths.is_empty() && !asked.is_empty();
    let repository = git.ask(if several { Vec::new() } else { asked.clone() });
    let staged = added.is_some();
    let target = git.target(&repository, TargetKind::GitWorktree, None);
    let target = bound(target, &paths, (true, staged, before.forced));
    let loss = Loss::new(rule, target);
    let loss = match repository {
        Repository::Absent => loss.exempt("no repository"),
        Repository::Unknown => loss,
        Repository::Known(fact) => {
            let changed = if before.saved {
                0
            } else {
                changed_for(fact, &paths, from_index)
            };
            let others = match (&added, several) {
                (None, _) => 0,
                (Some(_), true) => match git.ask(asked) {
                    Repository::Known(fact) => staged_in(fact, before.forced),
                    Repository::Absent | Repository::Unknown => 1,
                },
                (Some(_), false) => {
                    let ignored = if before.forced { ignored_in(fact) } else { 0 };
                    untracked_in(fact, &asked).saturating_add(ignored)
                }
            };
            match changed.saturating_add(others) {
                0 if before.saved => loss.exempt("the same call has put the changes away"),
                0 => loss.exempt("nothing is changed there"),
                1 => loss.line("1 changed file"),
                count => loss.line(format!("{count} changed files")),
            }
        }
    };
    git.losses.push(loss);
}

fn only_looks(one: &Earlier<'_>) -> bool {
    const LOOKS: [&str; 8] = [
        "status",
        "diff",
        "log",
        "show",
        "fetch",
        "ls-files",
        "rev-parse",
        "blame",
    ];
    LOOKS.contains(&one.invocation.subcommand.as_str())
}

/// Counts what is changed; where files come from the index, only what differs from it.
fn changed_for(fact: &GitFact, paths: &[PathBuf], from_index: bool) -> u64 {
    match from_index && !paths.is_empty() {
        true => fact.paths.iter().map(|path| path.unstaged).sum(),
        false => changed_in(fact, paths),
    }
}

fn staged_in(fact: &GitFact, forced: bool) -> u64 {
    let untracked: u64 = fact.paths.iter().map(|path| path.untracked).sum();
    untracked.saturating_add(if forced { ignored_in(fact) } else { 0 })
}

fn ignored_in(fact: &GitFact) -> u64 {
    fact.paths.iter().map(|path| path.ignored).sum()
}

/// A branch that the call moved back before: once the files go too, only a reflog knows of its commits.
fn judge_moved(git: &mut Git<'_, '_>, before: &Before) {
    if before.moved.is_empty() || git.context.facts.assumed {
        return;
    }
    // The steps are gone through again from the first of them, as if they came last.
    let stand = course::stand_since_reset(git);
    if let Stand::Known(fact) = stand
        && !fact.is_held()
    {
        course::lose(
            git,
            "git.drop-commits",
            Some("HEAD".to_owned()),
            None,
            stand,
        );
    }
}

/// A stash that the call took out before goes with the files that it was put into.
fn judge_popped(git: &mut Git<'_, '_>, before: &Before) {
    if !before.popped || git.context.facts.assumed {
        return;
    }
    let repository = git.ask(Vec::new());
    let object = Some("stash@{0}".to_owned());
    let loss = Loss::new(
        "git.stash-drop",
        git.target(&repository, TargetKind::GitRef, object),
    );
    git.losses.push(match repository {
        Repository::Absent => loss.exempt("no repository"),
        Repository::Known(fact) if fact.stashes == 0 => loss.exempt("there is no stash"),
        Repository::Known(_) | Repository::Unknown => {
            loss.line("the same call takes it out of the list and then discards the files")
        }
    });
}

/// What the call committed and then drops is what stands in the work tree before it.
pub fn lose_own(git: &mut Git<'_, '_>) {
    let repository = git.ask(Vec::new());
    let target = git.target(&repository, TargetKind::GitWorktree, None);
    let loss = Loss::new(
        "git.discard-changes",
        bound(target, &[], (true, true, false)),
    );
    let loss = match repository {
        Repository::Absent => loss.exempt("no repository"),
        Repository::Unknown => loss,
        Repository::Known(fact) if fact.dirty.saturating_add(fact.untracked) == 0 => {
            loss.exempt("nothing is changed there")
        }
        Repository::Known(_) => loss,
    };
    let line = "the same call puts them into the commit that it drops";
    git.losses.push(loss.line(line));
}

/// Returns the paths that are asked about; none of them means the whole tree. Nothing where no path is there.
fn paths(git: &mut Git<'_, '_>, extent: Extent) -> Option<Vec<PathBuf>> {
    match extent {
        Extent::Whole => Some(Vec::new()),
        Extent::Paths(paths) => Some(paths),
        Extent::Nothing => None,
        Extent::Specs(specs) => match question(git, GitAbout::Tracked(specs)) {
            Some(Answer::Glob(names)) if names.is_empty() => None,
            Some(Answer::Glob(names)) if names.len() <= NAMED_MAX => {
                let mut names = names.clone();
                names.sort();
                Some(names)
            }
            _ => Some(Vec::new()),
        },
    }
}

/// Asks the repository; nothing without facts.
pub fn question<'a>(git: &mut Git<'a, '_>, about: GitAbout) -> Option<&'a Answer> {
    if git.context.facts.assumed || !git.command.is_here() {
        return None;
    }
    let question = Question::GitDeed(GitQuestion {
        dir: git.invocation.dir.clone()?,
        git_dir: git.invocation.git_dir.clone(),
        about,
    });
    git.context.facts.ask(question, git.needs)
}

/// Returns pathspecs that mean the same, none for the whole tree; nothing where no path of the repository is meant.
pub fn specs(git: &mut Git<'_, '_>, extent: &Extent) -> Option<Vec<String>> {
    let paths = match extent {
        Extent::Whole => return Some(Vec::new()),
        Extent::Nothing => return None,
        Extent::Specs(specs) => return Some(specs.clone()),
        Extent::Paths(paths) => paths,
    };
    let root = question_root(git)?;
    let inside = paths
        .iter()
        .filter_map(|path| path.strip_prefix(&root).ok());
    let word = |path: &Path| format!(":(top,literal){}", path.to_string_lossy());
    let specs: Vec<String> = inside.map(word).collect();
    (!specs.is_empty()).then_some(specs)
}

/// Judges untracked files that the files of a commit are written over.
pub fn over(git: &mut Git<'_, '_>, commit: Option<String>, extent: &Extent) {
    let Some(commit) = commit else {
        return;
    };
    let Some(specs) = specs(git, extent) else {
        return;
    };
    let Some(Answer::Glob(names)) = question(git, GitAbout::Over { commit, specs }) else {
        return;
    };
    let before = Before::read(&course::earlier(git));
    if !before.saved_untracked {
        written_over(git, names);
    }
}

pub fn written_over(git: &mut Git<'_, '_>, names: &[PathBuf]) {
    if names.is_empty() {
        return;
    }
    let repository = git.ask(names.to_vec());
    let target = git.target(&repository, TargetKind::GitWorktree, None);
    let target = bound(target, names, (true, true, true));
    let loss = Loss::new("git.discard-changes", target);
    let count = names.len();
    git.losses.push(loss.line(format!(
        "the commit's files are written over {count} that git does not track"
    )));
}

fn question_root(git: &mut Git<'_, '_>) -> Option<PathBuf> {
    match git.ask(Vec::new()) {
        Repository::Known(fact) => Some(fact.root.clone()),
        Repository::Absent | Repository::Unknown => None,
    }
}

/// Returns what pathspecs mean: those on the line, else those in the file that an option names.
pub fn extent(git: &mut Git<'_, '_>, words: &[&Word], args: &Args<'_>) -> Extent {
    if let Some(file) = args.value(&["--pathspec-from-file"]).map(str::to_owned) {
        let zeros = args.has(&["--pathspec-file-nul"]);
        let Some(text) = listed(git, &file) else {
            return Extent::Whole;
        };
        let part = |letter: char| letter == '\n' && !zeros || letter == '\0';
        let lines = text.split(part).map(|line| line.trim_end_matches('\r'));
        let specs: Vec<String> = lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        return match specs.is_empty() {
            true => Extent::Nothing,
            false => Extent::Specs(specs),
        };
    }
    if words.is_empty() {
        return Extent::Whole;
    }
    if let Some(dir) = git.invocation.dir.as_deref()
        && let Some(paths) = super::paths_below(dir, words)
    {
        return Extent::Paths(paths);
    }
    let spec = |word: &&Word| (!word.has_hole()).then(|| word.shown());
    match words.iter().map(spec).collect::<Option<Vec<String>>>() {
        Some(specs) => Extent::Specs(specs),
        None => Extent::Whole,
    }
}

fn listed(git: &mut Git<'_, '_>, file: &str) -> Option<String> {
    if file == "-" {
        return match &git.command.stdin {
            Stdin::Text(word) => word.text(),
            _ => None,
        };
    }
    let path = git.invocation.dir.as_deref()?.join(file);
    match git.context.facts.ask(Question::Text(path), git.needs) {
        Some(Answer::Text { text, .. }) => Some(text.clone()),
        _ => None,
    }
}

/// `git mv -f` over files that git does not track, or that are changed.
pub fn renamed(git: &mut Git<'_, '_>) {
    let args = git.args(Valued::NONE);
    if !args.has(&["-f", "--force"])
        || args.rehearses(&["-n", "--dry-run"])
        || git.context.facts.assumed
    {
        return;
    }
    let Some((to, from)) = args
        .operands
        .split_last()
        .filter(|(_, from)| !from.is_empty())
    else {
        return;
    };
    let Some(dir) = git.invocation.dir.clone() else {
        return;
    };
    let (Some(to), Some(from)) = (
        super::paths_below(&dir, &[to]),
        super::paths_below(&dir, from),
    ) else {
        return;
    };
    let Some(to) = to.into_iter().next() else {
        return;
    };
    let question = Question::Entry(to.clone());
    let paths = match git.context.facts.ask(question, git.needs) {
        Some(Answer::Entry(entry)) if entry.kind == EntryKind::Directory => {
            let below = |from: &PathBuf| from.file_name().map(|name| to.join(name));
            from.iter().filter_map(below).collect()
        }
        Some(Answer::Absent) => return,
        _ => vec![to],
    };
    let repository = git.ask(paths.clone());
    let target = git.target(&repository, TargetKind::GitWorktree, None);
    let loss = Loss::new(
        "git.discard-changes",
        bound(target, &paths, (true, true, true)),
    );
    let lost = |path: &GitPathFact| path.changed + path.untracked + path.ignored > 0;
    git.losses.push(match repository {
        Repository::Absent => loss.exempt("no repository"),
        Repository::Known(fact) if !fact.paths.iter().any(lost) => {
            loss.exempt("nothing is changed there")
        }
        Repository::Known(_) | Repository::Unknown => loss.line("another file is put over it"),
    });
}

/// `git diff | git apply -R` takes changes out of the work tree that are nowhere else.
pub fn applied_back(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "pCi",
        long: &[
            "--directory",
            "--exclude",
            "--include",
            "--whitespace",
            "--strip",
            "--input",
        ],
    });
    let piped = matches!(&git.command.stdin, Stdin::Opaque { from } if from == "git");
    let own = args
        .operands
        .iter()
        .all(|word| word.text().as_deref() == Some("-"));
    if !args.has(&["-R", "--reverse"])
        || args.has(&["--check", "--stat", "--cached"])
        || !piped
        || !own
    {
        return;
    }
    let all = course::earlier(git);
    let Some(diff) = all
        .iter()
        .rev()
        .find(|one| one.invocation.subcommand == "diff")
    else {
        return;
    };
    let words = &diff.invocation.args;
    let shown = Args::read(words, Valued::NONE);
    let commits = shown.operands.iter().filter_map(|word| word.text());
    if commits.clone().any(|text| text.contains("..")) || shown.has(&["--cached", "--staged"]) {
        return;
    }
    let dashes = words
        .iter()
        .position(|word| word.text().as_deref() == Some("--"));
    let named: Vec<&Word> = match dashes {
        Some(at) => words.iter().skip(at + 1).collect(),
        None => {
            let is_path = |word: &&&Word| git.is_path(word);
            shown.operands.iter().filter(is_path).copied().collect()
        }
    };
    if shown.operands.len().saturating_sub(named.len()) > 1 {
        // Between two commits: what is taken back stays in them.
        return;
    }
    let extent = extent(git, &named, &Args::default());
    discard(git, "git.discard-changes", extent, Source::Commit);
}
