//! `git push`: remote refs that are deleted, or moved to where the old tip is no longer reachable.
//! It asks no remote; whether an old tip is known is read from the local repository.

use super::{Git, Repository};
use crate::classify::files::place::lexical;
use crate::classify::files::report::Loss;
use crate::classify::files::{Args, Valued};
use crate::model::address::without_password;
use crate::model::command::Command;
use std::path::Path;

use crate::model::fact::{Answer, GitFact, Question};
use crate::model::git::{GitAbout, Pushed, RefDeed};
use crate::model::secret::Secret;
use crate::model::target::{GitRemoteReach, Reach, RemoteRef, Target, TargetKind};
use crate::model::word::{Hole, Part, Word};

pub const VALUED: Valued = Valued {
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
    if args.rehearses(&["-n", "--dry-run"]) {
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
    if remote == "." {
        return here(git, &args);
    }
    if takes(&args, &specs) && is_scratch(git, &remote) {
        return;
    }
    let configured = match specs.is_empty() {
        true => configured(git, &remote),
        false => Configured::default(),
    };
    if args.has(&["--mirror"]) || configured.mirror {
        return lose(git, "git.push-mirror", &remote, "refs/*", false);
    }
    if args.has(&["--prune"]) {
        lose(git, "git.push-delete", &remote, "refs/heads/*", false);
    }
    let deletes = args.has(&["-d", "--delete"]);
    let forced = args.told(&["-f", "--force", "--force-with-lease"]);
    if deletes {
        for spec in &specs {
            one(git, &remote, spec, Fate::Deleted);
        }
        return;
    }
    if specs.is_empty() && forced && configured.specs.is_empty() {
        let several = args.has(&["--all", "--tags", "--branches"]);
        if several && all_only_add(git, &remote, &args) {
            return;
        }
        return current(git, &remote, several);
    }
    for spec in configured.specs {
        let plain = spec.trim_start_matches('+');
        let name = plain.rsplit(':').next().unwrap_or(plain);
        if plain.starts_with(':') && !name.is_empty() {
            named(git, &remote, name, Fate::Deleted);
        } else if spec.starts_with('+') || forced {
            forced_to(git, &remote, plain, name);
        }
    }
    for spec in specs {
        let text = spec.shown();
        if let Some(name) = deleted_when_empty(spec) {
            named(git, &remote, &name, Fate::Deleted);
        } else if text.starts_with(':') && text.len() > 1 {
            one(git, &remote, spec, Fate::Deleted);
        } else if forced || text.starts_with('+') {
            one(git, &remote, spec, Fate::Forced);
        }
    }
}

/// Tells whether a push may take something away: without such words nothing is asked.
fn takes(args: &Args<'_>, specs: &[&Word]) -> bool {
    const TAKES: [&str; 6] = ["--mirror", "--prune", "-d", "--delete", "-f", "--force"];
    let marked = |word: &&Word| word.has_hole() || word.prefix().starts_with(['+', ':']);
    specs.is_empty()
        || args.may_have(&TAKES)
        || args.told(&["--force-with-lease"])
        || specs.iter().any(marked)
}

/// Tells whether a remote is a repository to play with, below a temporary place: by its address, or by what the call said of it.
fn is_scratch(git: &mut Git<'_, '_>, remote: &str) -> bool {
    let scene = git.context.scene;
    let dir = git.invocation.dir.clone();
    // One step up from below a temporary place leads to another one of them.
    let near = dir.is_none() && git.is_scratch();
    let temporary = |path: &str| {
        let path = path.strip_prefix("file://").unwrap_or(path);
        let beside = path.trim_start_matches("./");
        let beside = beside.strip_prefix("../").unwrap_or(beside);
        if near && path.starts_with('.') && !beside.is_empty() {
            return !beside.split('/').any(|part| part == "..");
        }
        let path = match &dir {
            Some(dir) if path.starts_with('.') => lexical(&dir.join(path)),
            _ => lexical(Path::new(path)),
        };
        let mut places = scene.temporary.iter();
        places.any(|place| path != *place && path.starts_with(place))
    };
    if temporary(remote) || near && knows_only_scratch(git, remote) {
        return true;
    }
    let near = match names(git, "remote") {
        true => super::course::earlier(git),
        false => Vec::new(),
    };
    let told = near.into_iter().rev().find_map(|one| {
        let words: Vec<String> = one.invocation.args.iter().map(Word::shown).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match (one.invocation.subcommand.as_str(), words.as_slice()) {
            ("remote", ["add" | "set-url", .., name, address]) if *name == remote => {
                Some((*address).to_owned())
            }
            _ => None,
        }
    });
    let told = told.or_else(|| cloned_from(git).filter(|_| remote == "origin"));
    let told = told.or_else(|| {
        let section = format!("[remote \"{remote}\"]");
        let text = configuration(git)?;
        // An address that is written anew, or another one for pushes.
        let lower = text.to_ascii_lowercase();
        if lower.contains("insteadof") || lower.contains("pushurl") {
            return None;
        }
        let mut lines = text.lines().map(str::trim);
        lines.find(|line| *line == section)?;
        let mut own = lines.take_while(|line| !line.starts_with('['));
        let url = own.find_map(|line| line.strip_prefix("url"))?;
        Some(url.trim_start().strip_prefix('=')?.trim().to_owned())
    });
    told.is_some_and(|address| temporary(&address))
}

/// Tells whether a repository in a folder that `mktemp` has just given can know no remote but one that lies there too:
/// `git init --bare "$T/o"; git clone "$T/o" "$T/c"; cd "$T/c"; git push --force`.
fn knows_only_scratch(git: &Git<'_, '_>, remote: &str) -> bool {
    const BRINGS: [&str; 9] = [
        "cp", "mv", "rsync", "tar", "unzip", "ln", "gh", "glab", "install",
    ];
    if remote.contains(['/', ':', '$']) {
        return false;
    }
    let earlier = git.context.earlier;
    let mut knows = false;
    for one in earlier {
        // Configuration may be written by hand.
        let writes = one.writes.iter().any(|write| {
            let file = write.file.shown();
            file.ends_with("config") || file.contains(".git")
        });
        if writes || one.is_any(&BRINGS) {
            return false;
        }
        let Some(read) = super::Invocation::read(one) else {
            continue;
        };
        let from = match read.subcommand.as_str() {
            "clone" => read.args.iter().rev().nth(1),
            "remote" => read.args.last(),
            "worktree" | "config" | "submodule" | "subtree" => return false,
            _ => continue,
        };
        if !from.is_some_and(|from| git.is_below_temporary(from)) {
            return false;
        }
        knows = true;
    }
    knows
}

/// Tells whether an earlier git command has this word.
fn names(git: &Git<'_, '_>, word: &str) -> bool {
    git.context.earlier.iter().any(|one| is_named(one, word))
}

fn is_named(command: &Command, wanted: &str) -> bool {
    let mut words = command.args().iter();
    command.is_any(&["git"]) && words.any(|word| word.plain() == Some(wanted))
}

/// Returns what the call cloned into the folder that it pushes from.
fn cloned_from(git: &Git<'_, '_>) -> Option<String> {
    let own = lexical(git.invocation.dir.as_deref()?);
    let clones = |one: &&Command| is_named(one, "clone");
    let mut earlier = git.context.earlier.iter().rev().filter(clones);
    earlier.find_map(|one| {
        let clone = super::Invocation::read(one).filter(|one| one.subcommand == "clone")?;
        let words: Vec<&Word> = clone.args.iter().collect();
        let [.., from, to] = words.as_slice() else {
            return None;
        };
        let to = clone.dir?.join(to.text()?);
        (lexical(&to) == own).then(|| from.text()).flatten()
    })
}

/// `git push . a:b` moves or deletes refs of this repository.
fn here(git: &mut Git<'_, '_>, args: &Args<'_>) {
    let deletes = args.has(&["-d", "--delete"]);
    let forced = args.told(&["-f", "--force", "--force-with-lease"]);
    let mut names = Vec::new();
    for spec in args.operands.iter().skip(1).map(|word| word.shown()) {
        let plain = spec.trim_start_matches('+');
        let goes = deletes || plain.starts_with(':');
        if goes || forced || spec.starts_with('+') {
            let name = plain.rsplit(':').next().unwrap_or(plain);
            names.push((super::refs::head(name), goes));
        }
    }
    let mut deeds = super::course::deeds(git.invocation, None);
    deeds.retain(|deed| match deed {
        RefDeed::Set { name, .. } | RefDeed::Delete { name } => {
            names.iter().any(|(known, _)| known == name)
        }
        _ => false,
    });
    let stand = super::course::stand(git, deeds);
    for (name, goes) in names {
        let rule = match goes {
            true => "git.ref-delete",
            false => "git.ref-overwrite",
        };
        super::course::lose(git, rule, Some(name.clone()), Some(&name), stand);
    }
}

/// What the configuration says of pushes to a remote that name no ref.
#[derive(Debug, Default)]
struct Configured {
    specs: Vec<String>,
    mirror: bool,
}

fn configured(git: &mut Git<'_, '_>, remote: &str) -> Configured {
    let mut all = Configured::default();
    let name = remote.to_ascii_lowercase();
    all.specs.extend(
        git.invocation
            .setting(&format!("remote.{name}.push"))
            .map(str::to_owned),
    );
    all.mirror = git.invocation.setting(&format!("remote.{name}.mirror")) == Some("true");
    let Some(text) = configuration(git) else {
        return all;
    };
    let section = format!("[remote \"{remote}\"]");
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == section;
        } else if inside && let Some((key, value)) = line.split_once('=') {
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "push" => all.specs.push(value.to_owned()),
                "mirror" => all.mirror |= value == "true",
                _ => {}
            }
        }
    }
    all
}

/// Reads the repository's own configuration, where it lies in the usual place.
pub fn configuration<'a>(git: &mut Git<'a, '_>) -> Option<&'a str> {
    if git.context.facts.assumed || !git.command.is_here() {
        return None;
    }
    let dir = git.invocation.dir.clone()?;
    let project = &git.context.scene.project;
    let top = if dir.starts_with(project) {
        project.clone()
    } else {
        dir
    };
    let git_dir = git
        .invocation
        .git_dir
        .clone()
        .unwrap_or_else(|| top.join(".git"));
    let question = Question::Text(git_dir.join("config"));
    match git.context.facts.ask(question, git.needs) {
        Some(Answer::Text { text, .. }) => Some(text),
        _ => None,
    }
}

/// Returns the ref that goes when an inherited variable is empty: `$SOURCE:main` is a deletion then.
fn deleted_when_empty(spec: &Word) -> Option<String> {
    let (first, rest) = spec.pieces.split_first()?;
    let Part::Hole(Hole::Inherited(_)) = &first.part else {
        return None;
    };
    let mut name = String::new();
    for piece in rest {
        let Part::Literal(text) = &piece.part else {
            return None;
        };
        name.push_str(text);
    }
    name.strip_prefix(':')
        .filter(|name| !name.is_empty())
        .map(ToOwned::to_owned)
}

/// A forced push without a refspec goes to the branch that is checked out.
fn current(git: &mut Git<'_, '_>, remote: &str, several: bool) {
    let branch = match git.ask(Vec::new()) {
        Repository::Known(fact) if !several => fact.branch.clone(),
        Repository::Known(_) | Repository::Unknown => None,
        Repository::Absent => return,
    };
    match branch {
        Some(branch) => forced_to(git, remote, "HEAD", &branch),
        None => lose(git, "git.push-force", remote, "the current branch", false),
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
        return lose(git, rule, remote, name, false);
    }
    if matches!(name, "HEAD" | "@") {
        return current(git, remote, false);
    }
    match fate {
        Fate::Forced => forced_to(git, remote, text, name),
        Fate::Deleted => named(git, remote, name, fate),
    }
}

/// A forced push of one branch; nothing is lost where what is pushed leads to what is there.
fn forced_to(git: &mut Git<'_, '_>, remote: &str, spec: &str, name: &str) {
    let source = spec.split(':').next().unwrap_or(spec);
    match only_adds(git, remote, Some(source), &full(name)) {
        true => {
            let loss = target(git, remote, &full(name), true);
            let loss = Loss::new("git.push-force-branch", loss);
            git.losses
                .push(loss.exempt("it only adds to what is there"));
        }
        false => named(git, remote, name, Fate::Forced),
    }
}

/// Tells whether a forced push of all branches or tags leaves everything that the remote has.
fn all_only_add(git: &mut Git<'_, '_>, remote: &str, args: &Args<'_>) -> bool {
    let mut kinds = Vec::new();
    if args.has(&["--all", "--branches"]) {
        kinds.push("refs/heads/*");
    }
    if args.has(&["--tags"]) {
        kinds.push("refs/tags/*");
    }
    let mut add = true;
    for kind in kinds {
        add &= only_adds(git, remote, Some(kind), kind);
    }
    add
}

fn full(name: &str) -> String {
    match name.starts_with("refs/") {
        true => name.to_owned(),
        false => format!("refs/heads/{name}"),
    }
}

/// Tells whether a push leaves everything of the remote's branch (without a source: of the one that goes), as far as that can be known here.
fn only_adds(git: &mut Git<'_, '_>, remote: &str, source: Option<&str>, name: &str) -> bool {
    let before = super::course::earlier(git);
    let steady = |one: &super::course::Earlier<'_>| match one.invocation.subcommand.as_str() {
        // What was seen of the remote may be newer then than what is pushed.
        "fetch" | "pull" | "remote" => false,
        // Another address.
        "config" => !one
            .invocation
            .args
            .iter()
            .any(|word| word.shown().contains("url")),
        "commit" | "merge" => {
            let adds = |deed: &RefDeed| matches!(deed, RefDeed::Commit | RefDeed::Join { .. });
            one.same && super::course::deeds(&one.invocation, None).iter().all(adds)
        }
        _ => super::course::deeds(&one.invocation, Some(one.command)).is_empty(),
    };
    if source.is_some_and(str::is_empty) || !before.iter().all(steady) {
        return false;
    }
    let args = git.args(VALUED);
    let leased = args.has(&["--force-with-lease"])
        && !args.has(&["-f", "--force"])
        && !args
            .operands
            .iter()
            .any(|word| word.shown().starts_with('+'));
    let pushed = Pushed {
        remote: remote.to_owned(),
        source: source.map(str::to_owned),
        name: name.to_owned(),
        leased,
    };
    matches!(
        super::tree::question(git, GitAbout::Pushed(pushed)),
        Some(Answer::Glob(names)) if names.is_empty()
    )
}

fn named(git: &mut Git<'_, '_>, remote: &str, name: &str, fate: Fate) {
    let full = full(name);
    let branch = name.strip_prefix("refs/heads/").unwrap_or(name);
    // Without facts a name that says a version is a tag's.
    let version = git.context.facts.assumed && is_version(branch);
    let known = is_known(git, remote, branch);
    let small = known
        && !version
        && !name.contains('*')
        && !git.context.protected.covers(&full, None)
        && !is_default(git, remote, branch);
    let rule = match (fate, small) {
        (Fate::Forced, true) => "git.push-force-branch",
        (Fate::Forced, false) => "git.push-force",
        (Fate::Deleted, true) => "git.push-delete-branch",
        (Fate::Deleted, false) => "git.push-delete",
    };
    // A branch that others build on is missed under its name, whoever else holds its commits.
    let loose = !name.contains('*') && !git.context.protected.covers(&full, None);
    if fate == Fate::Deleted && loose && only_adds(git, remote, None, &full) {
        let loss = Loss::new(rule, target(git, remote, &full, small));
        let reason = "the remote has nothing of that name, or other branches lead to all of it";
        return git.losses.push(loss.exempt(reason));
    }
    lose(git, rule, remote, &full, small);
}

/// Tells whether a name is a version alone: `v1.0.0`, `2.3`.
fn is_version(name: &str) -> bool {
    let digits = name.strip_prefix(['v', 'V']).unwrap_or(name);
    digits.contains('.')
        && digits.starts_with(|letter: char| letter.is_ascii_digit())
        && !digits.contains('/')
}

/// Tells whether the old tip of a remote branch is known locally, so that it can be put back.
fn is_known(git: &mut Git<'_, '_>, remote: &str, branch: &str) -> bool {
    if git.context.facts.assumed {
        return true;
    }
    let Repository::Known(fact) = git.ask(Vec::new()) else {
        return false;
    };
    let common = common(fact);
    let name = format!("refs/remotes/{remote}/{branch}");
    let loose = Question::Entry(common.join(&name));
    if let Some(Answer::Entry(_)) = git.context.facts.ask(loose, git.needs) {
        return true;
    }
    let packed = Question::Text(common.join("packed-refs"));
    match git.context.facts.ask(packed, git.needs) {
        Some(Answer::Text { text, .. }) => text
            .lines()
            .any(|line| line.split(' ').nth(1) == Some(&name)),
        _ => false,
    }
}

/// Refs of a linked work tree are those of the repository that it belongs to.
fn common(fact: &GitFact) -> &Path {
    match fact.git_dir.parent() {
        Some(worktrees) if worktrees.ends_with(".git/worktrees") => {
            worktrees.parent().unwrap_or(&fact.git_dir)
        }
        _ => &fact.git_dir,
    }
}

/// Tells whether a branch is the one that the remote has checked out, as far as it was seen here.
fn is_default(git: &mut Git<'_, '_>, remote: &str, branch: &str) -> bool {
    if git.context.facts.assumed {
        return false;
    }
    let Repository::Known(fact) = git.ask(Vec::new()) else {
        return false;
    };
    let head = common(fact).join(format!("refs/remotes/{remote}/HEAD"));
    let start = format!("ref: refs/remotes/{remote}/");
    match git.context.facts.ask(Question::Text(head), git.needs) {
        Some(Answer::Text { text, .. }) => text.trim_end().strip_prefix(&start) == Some(branch),
        _ => false,
    }
}

/// Returns how the remote is reached: through the repository that pushes, whose configuration names its address.
fn reach(git: &mut Git<'_, '_>, remote: &str, name: &str, known: bool) -> Reach {
    if !git.command.is_here() {
        return Reach::Unreachable("the repository lies elsewhere".to_owned());
    }
    let repository = match (git.ask(Vec::new()), &git.invocation.dir) {
        (Repository::Known(fact), _) => fact.git_dir.clone(),
        (Repository::Absent | Repository::Unknown, Some(dir)) => dir.join(".git"),
        (Repository::Absent | Repository::Unknown, None) => return Reach::NoDriver,
    };
    let refs = match name {
        // Which refs are meant is not known: all of them are kept.
        _ if name.contains('*') || !name.starts_with("refs/") => Vec::new(),
        _ => vec![RemoteRef {
            name: name.to_owned(),
            old: None,
            new: None,
        }],
    };
    let is_url = remote.contains("://");
    Reach::GitRemote(GitRemoteReach {
        repository,
        remote: without_password(remote),
        address: None,
        url: is_url.then(|| Secret::new(remote)),
        refs,
        known,
    })
}

fn target(git: &mut Git<'_, '_>, remote: &str, name: &str, known: bool) -> Target {
    Target {
        kind: TargetKind::GitRemote,
        locator: format!("{remote}/{name}"),
        object: None,
        reach: reach(git, remote, name, known),
    }
}

fn lose(git: &mut Git<'_, '_>, rule: &'static str, remote: &str, name: &str, known: bool) {
    let target = target(git, remote, name, known);
    git.losses.push(Loss::new(rule, target));
}
