//! git: uncommitted changes, untracked files, refs, stashes, reflogs and remote history that a command would lose.
//! Hooks and aliases that start other programs are unfolded elsewhere; nothing here asks a remote.

mod invocation;
mod push;
pub mod pushed;
mod refs;
mod stash;
#[cfg(test)]
mod tests;
mod trees;

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::classify::files::report::{self, Loss};
use crate::classify::files::{Args, Valued};
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, EntryKind, GitFact, Needs, Question};
use crate::model::finding::Finding;
use crate::model::target::{Reach, Target, TargetKind, WorktreeReach};
use crate::model::word::Word;

pub(super) use invocation::Invocation;
pub use refs::{Alias, aliases};

/// Returns what a git command would lose.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let Some(mut invocation) = Invocation::read(command) else {
        return Vec::new();
    };
    invocation.learn(refs::earlier_aliases(context));
    let mut git = Git {
        command,
        context,
        needs,
        invocation: &invocation,
        losses: Vec::new(),
    };
    git.judge();
    report::of(git.losses, command, context)
}

/// One git command while it is judged.
#[derive(Debug)]
struct Git<'a, 'n> {
    command: &'a Command,
    context: &'a Context<'a>,
    needs: &'n mut Needs,
    invocation: &'a Invocation,
    losses: Vec<Loss>,
}

/// What is known of the repository.
#[derive(Debug)]
enum Repository<'a> {
    Known(&'a GitFact),
    /// There is none: nothing can be lost in it.
    Absent,
    Unknown,
}

impl<'a> Git<'a, '_> {
    fn judge(&mut self) {
        if self.invocation.is_help() {
            return;
        }
        self.bypass();
        if self.is_scratch() && self.invocation.subcommand != "push" {
            return;
        }
        match self.invocation.subcommand.as_str() {
            "reset" => self.reset(),
            "checkout" => self.checkout(),
            "restore" => self.restore(),
            "switch" => self.switch(),
            "clean" => self.clean(),
            "stash" => stash::judge(self),
            "branch" => refs::branch(self),
            "tag" => refs::tag(self),
            "symbolic-ref" => refs::symbolic(self),
            "notes" => refs::notes(self),
            "replace" => refs::replace(self),
            "fetch" | "pull" => refs::fetch(self),
            "fast-import" => self.fast_import(),
            "lfs" => self.lfs(),
            "push" => push::read(self),
            "reflog" => self.reflog(),
            "gc" | "prune" => self.prune(),
            "update-ref" => refs::update(self),
            "filter-branch" | "filter-repo" => self.rewrite(),
            "worktree" => trees::worktree(self),
            "submodule" => trees::submodule(self),
            "rm" => self.rm(),
            "read-tree" => self.read_tree(),
            "checkout-index" => self.checkout_index(),
            _ => {}
        }
    }

    /// A repository below a temporary place is one to play with; on this machine its own state is asked instead.
    fn is_scratch(&self) -> bool {
        match (&self.invocation.dir, &self.command.cwd) {
            (None, Cwd::Temporary) => true,
            (Some(dir), _) if self.context.facts.assumed => {
                let dir = crate::classify::files::place::lexical(dir);
                let mut places = self.context.scene.temporary.iter();
                places.any(|place| dir != *place && dir.starts_with(place))
            }
            _ => false,
        }
    }

    fn args(&self, valued: Valued) -> Args<'a> {
        Args::read(&self.invocation.args, valued)
    }

    fn ask(&mut self, paths: Vec<PathBuf>) -> Repository<'a> {
        if self.context.facts.assumed || !self.command.is_here() {
            return Repository::Unknown;
        }
        let Some(dir) = self.invocation.dir.clone() else {
            return Repository::Unknown;
        };
        match self
            .context
            .facts
            .ask(Question::Git { dir, paths }, self.needs)
        {
            Some(Answer::Git(fact)) => Repository::Known(fact),
            Some(Answer::Absent) => Repository::Absent,
            _ => Repository::Unknown,
        }
    }

    /// Adds a loss in the repository; none where there is no repository.
    fn lose(&mut self, rule: &'static str, kind: TargetKind, object: Option<String>) {
        let repository = self.ask(Vec::new());
        let loss = Loss::new(rule, self.target(&repository, kind, object));
        let loss = match repository {
            Repository::Absent => loss.exempt("no repository"),
            Repository::Known(_) | Repository::Unknown => loss,
        };
        self.losses.push(loss);
    }

    fn target(
        &self,
        repository: &Repository<'_>,
        kind: TargetKind,
        object: Option<String>,
    ) -> Target {
        let (root, git_dir) = match repository {
            Repository::Known(fact) => (fact.root.clone(), fact.git_dir.clone()),
            Repository::Absent | Repository::Unknown => {
                let dir = self.invocation.dir.clone().unwrap_or_default();
                let git_dir = dir.join(".git");
                (dir, git_dir)
            }
        };
        let reach = if !self.command.is_here() {
            Reach::Unreachable("the repository lies elsewhere".to_owned())
        } else if self.invocation.dir.is_none() {
            Reach::Unreachable("which repository is meant is not known".to_owned())
        } else if kind == TargetKind::GitWorktree {
            Reach::Path(root.clone())
        } else {
            Reach::GitRefs(git_dir)
        };
        Target {
            kind,
            locator: root.to_string_lossy().into_owned(),
            object,
            reach,
        }
    }

    /// Judges the loss of what is not committed, in the whole work tree or in some paths.
    fn discard(&mut self, rule: &'static str, paths: Vec<PathBuf>, untracked: bool) {
        let repository = self.ask(paths.clone());
        let target = self.target(&repository, TargetKind::GitWorktree, None);
        let target = bound(target, &paths, (!untracked, untracked, false));
        let loss = Loss::new(rule, target);
        let loss = match repository {
            Repository::Absent => loss.exempt("no repository"),
            Repository::Unknown => loss,
            Repository::Known(fact) => {
                let (count, what) = if untracked {
                    (untracked_in(fact, &paths), "untracked file")
                } else {
                    (changed_in(fact, &paths), "changed file")
                };
                if count == 0 {
                    loss.exempt("nothing is changed there")
                } else {
                    loss.line(format!(
                        "{count} {what}{}",
                        if count == 1 { "" } else { "s" }
                    ))
                }
            }
        };
        self.losses.push(loss);
    }

    fn paths(&mut self, words: &[&Word]) -> Option<Vec<PathBuf>> {
        paths_below(self.invocation.dir.as_deref()?, words)
    }

    fn reset(&mut self) {
        let args = self.args(Valued::NONE);
        // `--keep` gives up rather than lose a change, and `--merge` drops what is staged.
        let keeps = args.has(&["--keep"]) && !args.has(&["--hard", "--merge"]);
        if !keeps && !args.told(&["--hard", "--merge"]) {
            return;
        }
        let commit = args.operands.first().and_then(|word| word.text());
        if !keeps {
            self.discard("git.discard-changes", Vec::new(), false);
        }
        let Some(commit) = commit else {
            return;
        };
        if matches!(commit.as_str(), "HEAD" | "@" | "HEAD~0" | "ORIG_HEAD") {
            return;
        }
        let repository = self.ask(Vec::new());
        if let Repository::Known(fact) = &repository
            && fact.branch.as_deref() == Some(commit.as_str())
        {
            return;
        }
        if matches!(repository, Repository::Absent) {
            return;
        }
        let target = self.target(&repository, TargetKind::GitRef, Some("HEAD".to_owned()));
        self.losses.push(Loss::new("git.drop-commits", target));
    }

    fn checkout(&mut self) {
        // Taking one side of a conflict: the other side is still in the index and in the commits.
        if self.args(Valued::NONE).has(&["--ours", "--theirs"]) {
            return;
        }
        let valued = Valued {
            short: "bB",
            long: &["--orphan", "--conflict", "--pathspec-from-file"],
        };
        let args = self.args(valued);
        refs::started_over(self, &["-B"], valued);
        if args.has(&["-b", "-B", "--orphan", "-p", "--patch"]) && !args.has(&["-f", "--force"]) {
            return;
        }
        let dashes = self
            .invocation
            .args
            .iter()
            .position(|word| word.text().as_deref() == Some("--"));
        if let Some(index) = dashes {
            let after: Vec<&Word> = self.invocation.args.iter().skip(index + 1).collect();
            if after.is_empty() {
                return;
            }
            let paths = self.paths(&after).unwrap_or_default();
            return self.discard("git.discard-changes", paths, false);
        }
        if args.has(&["-f", "--force"]) {
            return self.discard("git.discard-changes", Vec::new(), false);
        }
        let operands: Vec<&Word> = args.operands.clone();
        if args.has(&["-t", "--track", "-d", "--detach"]) {
            return;
        }
        // Behind a first word that is a commit (or a path itself) git takes every other for a path.
        let several = operands.len() > 1;
        let rest = operands.get(usize::from(several)..).unwrap_or_default();
        if !several && !rest.iter().any(|word| self.is_path(word)) {
            return;
        }
        let paths = self.paths(rest).unwrap_or_default();
        self.discard("git.discard-changes", paths, false);
    }

    /// Tells whether an operand of `checkout` is a path and not a branch.
    fn is_path(&mut self, word: &Word) -> bool {
        if word.has_glob() {
            return true;
        }
        let Some(text) = word.text() else {
            return false;
        };
        if text == "."
            || text == ".."
            || text.starts_with("./")
            || text.starts_with("../")
            || text.starts_with(':')
        {
            return true;
        }
        let Some(dir) = &self.invocation.dir else {
            return false;
        };
        if self.context.facts.assumed {
            return is_file_name(&text);
        }
        let question = Question::Entry(dir.join(&text));
        match self.context.facts.ask(question, self.needs) {
            Some(Answer::Entry(entry)) => entry.kind != EntryKind::Device,
            _ => false,
        }
    }

    fn restore(&mut self) {
        let valued = Valued {
            short: "s",
            long: &["--source", "--pathspec-from-file"],
        };
        let args = self.args(valued);
        let index_only = args.has(&["-S", "--staged"]) && !args.has(&["-W", "--worktree"]);
        if index_only || args.has(&["-p", "--patch"]) {
            return;
        }
        let operands = args.operands.clone();
        if operands.is_empty() && !args.any_flag {
            return;
        }
        let paths = self.paths(&operands).unwrap_or_default();
        self.discard("git.discard-changes", paths, false);
    }

    fn switch(&mut self) {
        let valued = Valued {
            short: "cC",
            long: &["--create", "--force-create", "--orphan", "--conflict"],
        };
        refs::started_over(self, &["-C", "--force-create"], valued);
        if self
            .args(valued)
            .has(&["-f", "--force", "--discard-changes"])
        {
            self.discard("git.discard-changes", Vec::new(), false);
        }
    }

    fn clean(&mut self) {
        let valued = Valued {
            short: "e",
            long: &["--exclude"],
        };
        let args = self.args(valued);
        let forced = args.told(&["-f", "--force"])
            || self.invocation.setting("clean.requireforce") == Some("false");
        if !forced || args.has(&["-n", "--dry-run", "-i", "--interactive"]) {
            return;
        }
        let operands = args.operands.clone();
        if args.told(&["-x", "-X"]) {
            return self.clean_ignored(&operands, args.told(&["-x"]));
        }
        let paths = self.paths(&operands).unwrap_or_default();
        self.discard("git.clean", paths, true);
    }

    /// `clean -x` takes ignored files too; in a scratch folder or of regenerable names that is nothing.
    fn clean_ignored(&mut self, operands: &[&Word], untracked: bool) {
        let regenerable = !operands.is_empty()
            && operands.iter().all(|word| {
                let text = word.text().unwrap_or_default();
                let path = Path::new(&text);
                crate::classify::files::kinds::regenerable(
                    path,
                    Path::new(""),
                    self.context.regenerable,
                )
                .is_some()
            });
        if regenerable {
            return;
        }
        let paths = self.paths(operands).unwrap_or_default();
        let repository = self.ask(paths.clone());
        let target = self.target(&repository, TargetKind::GitWorktree, None);
        let target = bound(target, &paths, (false, untracked, true));
        let loss = Loss::new("git.clean-ignored", target);
        let loss = match &repository {
            Repository::Absent => loss.exempt("no repository"),
            Repository::Known(fact)
                if !paths.is_empty()
                    && fact
                        .paths
                        .iter()
                        .all(|path| path.untracked + path.ignored == 0) =>
            {
                loss.exempt("nothing there is untracked or ignored")
            }
            Repository::Known(_) | Repository::Unknown => loss,
        };
        self.losses.push(loss);
    }

    fn reflog(&mut self) {
        let args = self.args(Valued::NONE);
        if args.has(&["-n", "--dry-run"]) {
            return;
        }
        let step = args.operands.first().and_then(|word| word.text());
        if matches!(step.as_deref(), Some("expire" | "delete")) {
            self.lose(
                "git.reflog-expire",
                TargetKind::GitRef,
                Some("reflog".to_owned()),
            );
        }
    }

    fn prune(&mut self) {
        let args = self.args(Valued::NONE);
        if args.has(&["-n", "--dry-run"]) {
            return;
        }
        let at_once = |value: &str| matches!(value, "now" | "all" | "0");
        let set = [
            "gc.pruneexpire",
            "gc.reflogexpireunreachable",
            "gc.reflogexpire",
        ]
        .iter()
        .any(|name| self.invocation.setting(name).is_some_and(at_once));
        let whole = set
            || self.invocation.subcommand == "prune"
            || args
                .flags()
                .any(|(flag, value)| flag == "--prune" && value.is_some_and(at_once));
        if whole {
            self.lose(
                "git.prune",
                TargetKind::GitRef,
                Some("unreachable objects".to_owned()),
            );
        }
    }

    fn rewrite(&mut self) {
        let args = self.args(Valued::NONE);
        if !args.has(&["--analyze", "--dry-run"]) {
            self.lose(
                "git.rewrite-history",
                TargetKind::GitRef,
                Some("history".to_owned()),
            );
        }
    }

    /// `fast-import --force` puts branches where the stream says.
    fn fast_import(&mut self) {
        if self.args(Valued::NONE).has(&["--force"]) {
            let name = Some("branches that the stream names".to_owned());
            self.lose("git.ref-overwrite", TargetKind::GitRef, name);
        }
    }

    /// `git lfs migrate import|export` writes the history anew.
    fn lfs(&mut self) {
        let args = self.args(Valued {
            short: "IX",
            long: &[
                "--include",
                "--exclude",
                "--include-ref",
                "--exclude-ref",
                "--above",
            ],
        });
        let steps: Vec<String> = args.operands.iter().map(|word| word.shown()).collect();
        if let [first, second, ..] = steps.as_slice()
            && first == "migrate"
            && matches!(second.as_str(), "import" | "export")
            && !args.has(&["--no-rewrite"])
        {
            let name = Some("history".to_owned());
            self.lose("git.rewrite-history", TargetKind::GitRef, name);
        }
    }

    /// Without `-f` git refuses to remove what differs from HEAD.
    fn rm(&mut self) {
        let args = self.args(Valued {
            short: "",
            long: &["--pathspec-from-file"],
        });
        if args.has(&["--cached", "-n", "--dry-run"]) || !args.may_have(&["-f", "--force"]) {
            return;
        }
        let operands = args.operands.clone();
        let paths = self.paths(&operands).unwrap_or_default();
        self.discard("git.discard-changes", paths, false);
    }

    fn read_tree(&mut self) {
        let args = self.args(Valued::NONE);
        if args.has(&["--reset"]) && args.has(&["-u"]) && !args.has(&["-n", "--dry-run"]) {
            self.discard("git.discard-changes", Vec::new(), false);
        }
    }

    fn checkout_index(&mut self) {
        let args = self.args(Valued {
            short: "",
            long: &["--prefix", "--stage"],
        });
        if args.has(&["-f", "--force"]) && args.value(&["--prefix"]).is_none() {
            self.discard("git.discard-changes", Vec::new(), false);
        }
    }

    /// A call that goes around backstop's own git hooks.
    fn bypass(&mut self) {
        let args = self.args(Valued {
            short: "mFCct",
            long: &["--message", "--file"],
        });
        let hooks: &[&str] = match self.invocation.subcommand.as_str() {
            "commit" if args.has(&["--no-verify", "-n"]) => &["pre-commit"],
            "merge" | "am" | "rebase" if args.has(&["--no-verify"]) => &["pre-commit"],
            "push" if args.has(&["--no-verify"]) => &["pre-push"],
            _ if self.moves_hooks(&args) => &["pre-commit", "pre-push", "reference-transaction"],
            _ => return,
        };
        let Some(dir) = self.invocation.dir.clone() else {
            return;
        };
        let ours = hooks.iter().any(|hook| {
            let path = dir.join(".git/hooks").join(hook);
            let answer = self.context.facts.ask(Question::Text(path), self.needs);
            matches!(answer, Some(Answer::Text { text, .. }) if text.contains("backstop"))
        });
        if ours || (self.context.facts.assumed && self.hooks_off(&args)) {
            self.lose(
                "git.bypass-hooks",
                TargetKind::GitRef,
                Some("hooks".to_owned()),
            );
        }
    }

    /// Tells whether the hooks are sent to nowhere.
    fn hooks_off(&self, args: &Args<'_>) -> bool {
        let nowhere = |text: &str| text.is_empty() || text == "/dev/null";
        match self.invocation.setting("core.hookspath") {
            Some(value) => nowhere(value),
            None => {
                self.moves_hooks(args)
                    && args
                        .operands
                        .last()
                        .is_some_and(|word| nowhere(&word.shown()))
            }
        }
    }

    fn moves_hooks(&self, args: &Args<'_>) -> bool {
        if self.invocation.setting("core.hookspath").is_some() {
            return true;
        }
        let reads = args.has(&["--get", "--get-all", "--list", "-l", "--get-regexp"]);
        self.invocation.subcommand == "config"
            && !reads
            && args.operands.len() > 1
            && args
                .operands
                .iter()
                .any(|word| word.shown().eq_ignore_ascii_case("core.hooksPath"))
            && args
                .operands
                .first()
                .and_then(|word| word.text())
                .as_deref()
                != Some("get")
    }
}

/// Returns the absolute paths of words that are plain paths.
fn paths_below(dir: &Path, words: &[&Word]) -> Option<Vec<PathBuf>> {
    let mut all = Vec::new();
    for word in words {
        let text = word.text()?;
        if text.starts_with(':') || text.contains(['*', '?', '[']) {
            return None;
        }
        all.push(crate::classify::files::place::lexical(&dir.join(text)));
    }
    all.sort();
    Some(all)
}

fn changed_in(fact: &GitFact, paths: &[PathBuf]) -> u64 {
    if paths.is_empty() {
        return fact.dirty;
    }
    fact.paths.iter().map(|path| path.changed).sum()
}

/// Binds the loss of a work tree to what the command takes: changed files, untracked files, ignored files.
fn bound(target: Target, paths: &[PathBuf], takes: (bool, bool, bool)) -> Target {
    let (changed, untracked, ignored) = takes;
    let reach = match target.reach {
        Reach::Path(root) => Reach::Worktree(WorktreeReach {
            root,
            paths: paths.to_vec(),
            changed,
            untracked,
            ignored,
        }),
        reach => reach,
    };
    Target { reach, ..target }
}

fn untracked_in(fact: &GitFact, paths: &[PathBuf]) -> u64 {
    if paths.is_empty() {
        return fact.untracked;
    }
    fact.paths.iter().map(|path| path.untracked).sum()
}

/// Tells by its letters alone whether an operand of `checkout` is a file: by its ending, unless it reads as a version.
fn is_file_name(text: &str) -> bool {
    const BRANCHES: [&str; 12] = [
        "x", "y", "z", "dev", "rc", "next", "fix", "wip", "lts", "beta", "alpha", "final",
    ];
    let name = Path::new(text).file_name().and_then(|name| name.to_str());
    let Some((stem, end)) = name.and_then(|name| name.rsplit_once('.')) else {
        return false;
    };
    let end = end.to_ascii_lowercase();
    let version = stem
        .trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || "-_".contains(letter))
        .chars()
        .all(|letter| letter.is_ascii_digit() || letter == '.');
    let end = end.split('-').next().unwrap_or_default();
    let serial = version && end.starts_with("rc");
    !stem.is_empty()
        && end.len() <= 5
        && end.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && !serial
        && !BRANCHES.contains(&end)
}
