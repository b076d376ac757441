//! git: uncommitted changes, untracked files, refs, stashes, reflogs and remote history that a command would lose.
//! Hooks and aliases that start other programs are unfolded elsewhere; nothing here asks a remote.

mod answers;
mod clean;
mod course;
mod ignored;
mod invocation;
mod push;
pub mod pushed;
mod refs;
mod stash;
mod stopped;
#[cfg(test)]
mod tests;
mod tree;
mod trees;
mod written;

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::classify::files::report::{self, Loss};
use crate::classify::files::{Args, Valued};
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, EntryKind, GitFact, GitPathFact, Needs, Question};
use crate::model::finding::Finding;
use crate::model::git::{GitAbout, RefDeed};
use crate::model::target::{Reach, Target, TargetKind, WorktreeReach};
use crate::model::word::{Hole, Part, Piece, Word};

pub(super) use invocation::Invocation;
pub use refs::{Told, told};
use tree::{Extent, Source};

/// What a repository is called whose folder the words do not tell.
const UNKNOWN: &str = "unknown repository";

const CHECKOUT: Valued = Valued {
    short: "bB",
    long: &["--orphan", "--conflict", "--pathspec-from-file"],
};
const SWITCH: Valued = Valued {
    short: "cC",
    long: &["--create", "--force-create", "--orphan", "--conflict"],
};
/// What is taken of a conflict: both sides are still in the index and in the commits.
const SIDES: [&str; 4] = ["--ours", "--theirs", "-2", "-3"];
/// The conflict is made anew.
const ANEW: [&str; 3] = ["-m", "--merge", "--conflict"];
const RESTORE: Valued = Valued {
    short: "s",
    long: &["--source", "--pathspec-from-file"],
};

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
    let losses = told_once(git.losses);
    report::of(losses, command, context)
}

/// What is lost in one way is not also told to be kept in another.
fn told_once(mut losses: Vec<Loss>) -> Vec<Loss> {
    let key = |loss: &Loss| {
        (
            loss.rule,
            loss.target.locator.clone(),
            loss.target.object.clone(),
        )
    };
    let lost: Vec<_> = losses
        .iter()
        .filter(|loss| loss.exempt.is_none())
        .map(key)
        .collect();
    losses.retain(|loss| loss.exempt.is_none() || !lost.contains(&key(loss)));
    losses
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
            "clean" => clean::judge(self),
            "stash" => stash::judge(self),
            "branch" => refs::branch(self),
            "tag" => refs::tag(self),
            "symbolic-ref" => refs::symbolic(self),
            "notes" => refs::notes(self),
            "replace" => refs::replace(self),
            "fetch" => refs::fetch(self),
            "pull" => {
                refs::fetch(self);
                ignored::pulled(self);
            }
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
            "mv" => tree::renamed(self),
            "apply" => tree::applied_back(self),
            "rebase" => {
                refs::rebase(self);
                stopped::given_up(self);
                ignored::rebased(self);
            }
            "merge" => {
                stopped::given_up(self);
                ignored::merged(self);
            }
            "cherry-pick" | "revert" => {
                stopped::given_up(self);
                ignored::picked(self);
            }
            "am" => stopped::given_up(self),
            "read-tree" => self.read_tree(),
            "checkout-index" => self.checkout_index(),
            "unpack" => written::unpacked(self),
            "bundle" | "archive" | "diff" | "log" | "show" => written::judge(self),
            _ => {}
        }
    }

    /// A repository below a temporary place is one to play with; on this machine its own state is asked instead.
    fn is_scratch(&self) -> bool {
        // The repository lies elsewhere: only its work tree is one to play with.
        let of_files = ["checkout-index", "read-tree", "clean"];
        if self.invocation.git_dir.is_some()
            && !of_files.contains(&self.invocation.subcommand.as_str())
        {
            return false;
        }
        if let (None, Some(word)) = (&self.invocation.dir, &self.invocation.partly) {
            return self.is_below_temporary(word) && !self.is_shared();
        }
        match (&self.invocation.dir, &self.command.cwd) {
            (None, Cwd::Temporary) => !self.is_shared(),
            (Some(dir), _) if self.context.facts.assumed => {
                let dir = crate::classify::files::place::lexical(dir);
                let mut places = self.context.scene.temporary.iter();
                places.any(|place| dir != *place && dir.starts_with(place))
            }
            _ => false,
        }
    }

    /// A work tree in a temporary place may have its refs and stashes in a repository of elsewhere.
    fn is_shared(&self) -> bool {
        const OF_ALL: [&str; 11] = [
            "branch",
            "tag",
            "stash",
            "reflog",
            "gc",
            "prune",
            "filter-branch",
            "filter-repo",
            "update-ref",
            "push",
            "remote",
        ];
        let leads = |one: &Command| {
            let mut files = one.writes.iter().map(|write| write.file.shown());
            if files.any(|file| file.ends_with("/.git")) {
                return true;
            }
            if !one.is_any(&["git", "ln"]) {
                return false;
            }
            let words: Vec<String> = one.args().iter().map(Word::prefix).collect();
            let added = |pair: &[String]| matches!(pair, [a, b] if a == "worktree" && b == "add");
            let apart = |word: &String| word.starts_with("--separate-git-dir");
            match one.is_any(&["ln"]) {
                true => words.iter().any(|word| word.contains(".git")),
                false => words.windows(2).any(added) || words.iter().any(apart),
            }
        };
        OF_ALL.contains(&self.invocation.subcommand.as_str())
            && self.context.earlier.iter().any(leads)
    }

    /// `-C "$(mktemp -d)/clone"`: the part that is not known is one name.
    fn is_below_temporary(&self, word: &Word) -> bool {
        let known = |piece: &Piece| match &piece.part {
            Part::Literal(text) => !text.split('/').any(|part| part == ".."),
            Part::Hole(hole) => *hole == Hole::Name,
            Part::Glob(_) => false,
        };
        let prefix = word.prefix();
        let mut places = self.context.scene.temporary.iter();
        let below = places.any(|place| {
            let rest = prefix.strip_prefix(&*place.to_string_lossy());
            rest.is_some_and(|rest| rest.starts_with('/'))
        });
        below && word.pieces.iter().all(known)
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

    /// Names what a command loses in a repository.
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
            locator: match root.as_os_str().is_empty() {
                true => UNKNOWN.to_owned(),
                false => root.to_string_lossy().into_owned(),
            },
            object,
            reach,
        }
    }

    fn paths(&mut self, words: &[&Word]) -> Option<Vec<PathBuf>> {
        paths_below(self.invocation.dir.as_deref()?, words)
    }

    fn reset(&mut self) {
        let args = self.args(Valued::NONE);
        // `--keep` gives up rather than lose a change, and `--merge` drops what is staged.
        let keeps = args.has(&["--keep"]) && !args.has(&["--hard", "--h", "--ha", "--merge"]);
        if !keeps && !args.told(&["--hard", "--h", "--ha", "--merge"]) {
            return;
        }
        let commit = args.operands.first().map(|word| word.text());
        if !keeps {
            self.discard(Extent::Whole);
            tree::over(self, commit.clone().flatten(), &Extent::Whole);
            trees::recursed(self, &args);
        }
        let Some(commit) = commit else {
            return;
        };
        let same = |commit: &String| matches!(commit.as_str(), "HEAD" | "@" | "HEAD~0");
        if commit.as_ref().is_some_and(same) {
            return;
        }
        let odd = commit.is_none() || commit.as_deref() == Some("ORIG_HEAD");
        if odd && self.context.facts.assumed {
            return;
        }
        let deeds = vec![RefDeed::Move { to: commit }];
        let stand = course::stand(self, deeds);
        let object = Some("HEAD".to_owned());
        course::lose(self, "git.drop-commits", object, None, stand);
    }

    fn discard(&mut self, extent: Extent) {
        tree::discard(self, "git.discard-changes", extent, Source::Commit);
    }

    fn checkout(&mut self) {
        let args = self.args(CHECKOUT);
        refs::started_over(self, &["-B"], CHECKOUT);
        if args.has(&["-p", "--patch"]) && !args.has(&["-f", "--force"]) {
            let source = Source::of(!args.operands.is_empty());
            return answers::patched(self, &args, source);
        }
        if args.has(&["-b", "-B", "--orphan"]) && !args.has(&["-f", "--force"]) {
            return ignored::changed_to(self, &args);
        }
        let words = &self.invocation.args;
        let dashes = words
            .iter()
            .position(|word| word.text().as_deref() == Some("--"));
        let from_file = args.value(&["--pathspec-from-file"]).is_some();
        let after = words.iter().skip(dashes.map_or(words.len(), |at| at + 1));
        let after: Vec<&Word> = after.collect();
        if !after.is_empty() || from_file {
            let before = args.operands.len().saturating_sub(after.len());
            let commit = args.operands.first().filter(|_| before > 0);
            let source = Source::of(commit.is_some());
            let commit = commit.and_then(|word| word.text());
            return self.checkout_paths(commit, source, &after, &args);
        }
        if args.has(&["-f", "--force"]) {
            self.discard(Extent::Whole);
            let commit = args.operands.first().and_then(|word| word.text());
            tree::over(self, commit, &Extent::Whole);
            return trees::recursed(self, &args);
        }
        let operands: Vec<&Word> = args.operands.clone();
        if args.has(&["-t", "--track", "-d", "--detach"]) {
            return ignored::changed_to(self, &args);
        }
        // Behind a first word that is a commit (or a path itself) git takes every other for a path.
        let several = operands.len() > 1;
        let rest = operands.get(usize::from(several)..).unwrap_or_default();
        let no_path = dashes.is_some() && !several;
        if no_path || !several && !rest.iter().any(|word| self.is_path(word)) {
            return ignored::changed_to(self, &args);
        }
        let commit = operands.first().filter(|_| several);
        let commit = commit.and_then(|word| word.text());
        self.checkout_paths(commit, Source::of(several), rest, &args);
    }

    /// Files are taken from the index or from a commit.
    fn checkout_paths(
        &mut self,
        commit: Option<String>,
        source: Source,
        words: &[&Word],
        args: &Args<'_>,
    ) {
        let asked = !self.context.facts.assumed && self.command.is_here();
        if args.has(&SIDES) || asked && args.has(&ANEW) {
            return answers::sided(self, words, args);
        }
        let extent = tree::extent(self, words, args);
        tree::discard(self, "git.discard-changes", extent.clone(), source);
        tree::over(self, commit, &extent);
        trees::recursed(self, args);
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
        let args = self.args(RESTORE);
        let index_only = args.has(&["-S", "--staged"]) && !args.has(&["-W", "--worktree"]);
        if index_only {
            return;
        }
        if args.has(&["-p", "--patch"]) {
            let source = Source::of(args.has(&["-s", "--source", "-S", "--staged"]));
            return answers::patched(self, &args, source);
        }
        let operands = args.operands.clone();
        let listed = args.value(&["--pathspec-from-file"]).is_some();
        if operands.is_empty() && !args.any_flag && !listed {
            return;
        }
        let commit = args.value(&["-s", "--source"]).map(str::to_owned);
        let staged = args.has(&["-S", "--staged"]);
        let source = Source::of(commit.is_some() || staged);
        let commit = commit.filter(|commit| !commit.contains('$'));
        self.checkout_paths(commit, source, &operands, &args);
    }

    fn switch(&mut self) {
        refs::started_over(self, &["-C", "--force-create"], SWITCH);
        let args = self.args(SWITCH);
        if args.has(&["-f", "--force", "--discard-changes"]) {
            self.discard(Extent::Whole);
            let commit = args.operands.first().and_then(|word| word.text());
            tree::over(self, commit, &Extent::Whole);
            return trees::recursed(self, &args);
        }
        ignored::changed_to(self, &args);
    }

    fn reflog(&mut self) {
        let args = self.args(Valued::NONE);
        if args.rehearses(&["-n", "--dry-run"]) {
            return;
        }
        let step = args.operands.first().and_then(|word| word.text());
        if matches!(step.as_deref(), Some("expire" | "delete")) {
            let object = Some("reflog".to_owned());
            let named = |word: &&Word| word.text().is_none_or(|text| text.contains("stash"));
            let stashes = args.has(&["--all"]) || args.operands.iter().skip(1).any(named);
            let stand = course::stand(self, vec![RefDeed::ExpireLogs { stashes }]);
            course::lose(self, "git.reflog-expire", object, None, stand);
        }
    }

    fn prune(&mut self) {
        let args = self.args(Valued::NONE);
        if args.rehearses(&["-n", "--dry-run"]) {
            return;
        }
        let at_once = |value: &str| matches!(value, "now" | "all" | "0");
        let set = |name: &str| self.invocation.setting(name).is_some_and(at_once);
        let logs = set("gc.reflogexpireunreachable") || set("gc.reflogexpire");
        let whole = logs
            || set("gc.pruneexpire")
            || self.invocation.subcommand == "prune"
            || args
                .flags()
                .any(|(flag, value)| flag == "--prune" && value.is_some_and(at_once));
        if whole {
            self.lose_unreachable(logs);
        }
    }

    /// Objects go that nothing leads to; what the call let go before is none that git can name yet.
    fn lose_unreachable(&mut self, logs: bool) {
        let object = Some("unreachable objects".to_owned());
        let earlier = course::earlier(self);
        let emptied = earlier
            .iter()
            .any(|one| one.invocation.subcommand == "reflog");
        let moved = earlier
            .iter()
            .any(|one| !course::deeds(&one.invocation, Some(one.command)).is_empty());
        let logs = logs || emptied;
        if !moved
            && let Some(Answer::Glob(names)) = tree::question(self, GitAbout::Unreachable { logs })
            && names.is_empty()
        {
            let target = self.target(&Repository::Absent, TargetKind::GitRef, object);
            let loss = Loss::new("git.prune", target);
            return self.losses.push(loss.exempt("everything there is led to"));
        }
        self.lose("git.prune", TargetKind::GitRef, object);
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
        if args.has(&["--cached"])
            || args.rehearses(&["-n", "--dry-run"])
            || !args.may_have(&["-f", "--force"])
        {
            return;
        }
        let operands = args.operands.clone();
        let extent = tree::extent(self, &operands, &args);
        if let Extent::Paths(paths) = &extent {
            trees::removed(self, &paths.clone());
        }
        self.discard(extent);
    }

    fn read_tree(&mut self) {
        let args = self.args(Valued::NONE);
        if args.has(&["--reset"]) && args.has(&["-u"]) && !args.rehearses(&["-n", "--dry-run"]) {
            self.discard(Extent::Whole);
            let commit = args.operands.first().and_then(|word| word.text());
            tree::over(self, commit, &Extent::Whole);
        }
    }

    fn checkout_index(&mut self) {
        let args = self.args(Valued {
            short: "",
            long: &["--prefix", "--stage"],
        });
        if args.has(&["-f", "--force"]) && !self.goes_elsewhere() {
            let operands = args.operands.clone();
            let extent = tree::extent(self, &operands, &args);
            self.discard(extent);
        }
    }

    /// `--prefix=/tmp/x/`: what the index holds is written there. A prefix that may be nothing, or this folder, changes nothing.
    fn goes_elsewhere(&self) -> bool {
        let args = self.command.args();
        let at = args
            .iter()
            .rposition(|word| word.prefix().starts_with("--prefix"));
        let Some(at) = at else { return false };
        let Some(word) = args.get(at) else {
            return false;
        };
        let word = match word.prefix().strip_prefix("--prefix=") {
            Some(_) => word.clone(),
            None => match args.get(at + 1) {
                Some(value) => value.clone(),
                None => return false,
            },
        };
        let head = word.prefix();
        let head = head.strip_prefix("--prefix=").unwrap_or(&head);
        let here = self
            .invocation
            .dir
            .as_deref()
            .is_some_and(|dir| crate::classify::sql::reach::normal(&dir.join(head)) == *dir);
        !head.is_empty() && !here && (word.is_literal() || head.trim_end_matches('/').len() > 4)
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
    // The files of a submodule are not touched from above.
    let changed = |path: &GitPathFact| path.changed.saturating_sub(path.submodules);
    fact.paths.iter().map(changed).sum()
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
