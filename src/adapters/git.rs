//! Questions about a git repository: branch, stashes, and which files are tracked, changed, untracked or ignored.
//! It never runs what a repository configures, and never writes into it.

pub mod address;
mod deed;
mod ignored;
mod index;
pub mod loose;
mod packed;
pub mod place;
mod pushed;
pub mod refs;
pub mod repo;
mod run;
mod stopped;
mod walk;

use super::regular;
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::model::fact::{Answer, GitFact, GitPathFact};

pub use deed::answer as deed;
use index::{Entry, Index};
use run::Runner;
pub use run::{OFF, program};

/// Folders above a path that are looked at for a repository.
const LEVELS_MAX: usize = 256;
/// Files whose content is compared in one question; beyond, they count as changed.
const HASHED_MAX: usize = 20_000;

const UNTRACKED: &[&str] = &[
    "ls-files",
    "-z",
    "-o",
    "--exclude-standard",
    "--directory",
    "--no-empty-directory",
];
const IGNORED: &[&str] = &[
    "ls-files",
    "-z",
    "-o",
    "-i",
    "--exclude-standard",
    "--directory",
];

/// Answers what git knows about the repository that holds `dir`, and about these absolute paths in it.
/// With paths, only they are looked at, and the counts of the whole are lower bounds.
/// `tool_dirs` come before the system's places when the program git is looked for; `PATH` is never asked.
pub fn git(dir: &Path, paths: &[PathBuf], tool_dirs: &[PathBuf], time: Duration) -> Answer {
    let Some(place) = discover(dir) else {
        return Answer::Absent;
    };
    let Some(runner) = Runner::find(
        &place.git_dir,
        &place.root,
        tool_dirs,
        Instant::now() + time,
    ) else {
        return Answer::Unknown("the program git is not in a system folder".to_owned());
    };
    match ask(&place, paths, &runner) {
        Ok(fact) => Answer::Git(fact),
        Err(error) => Answer::Unknown(format!("git in `{}`: {error}", place.root.display())),
    }
}

/// A repository as found on disk.
struct Place {
    root: PathBuf,
    git_dir: PathBuf,
    common: PathBuf,
}

fn discover(dir: &Path) -> Option<Place> {
    let start = dir
        .ancestors()
        .take(LEVELS_MAX)
        .find_map(|dir| std::fs::canonicalize(dir).ok())?;
    for root in start.ancestors().take(LEVELS_MAX) {
        let dot = root.join(".git");
        let git_dir = if is_git_dir(&dot) {
            dot
        } else if let Some(elsewhere) = pointed(&dot, root) {
            elsewhere
        } else {
            continue;
        };
        let common = regular::text(&git_dir.join("commondir")).map_or_else(
            |_| git_dir.clone(),
            |text| git_dir.join(text.trim_end_matches('\n')),
        );
        return Some(Place {
            root: root.to_path_buf(),
            git_dir,
            common,
        });
    }
    None
}

fn is_git_dir(dir: &Path) -> bool {
    dir.join("HEAD").is_file() && (dir.join("objects").is_dir() || dir.join("commondir").is_file())
}

/// Follows a `.git` file (`gitdir: …`) of a linked work tree or a submodule.
fn pointed(dot: &Path, root: &Path) -> Option<PathBuf> {
    let text = regular::text(dot).ok()?;
    let dir = root.join(text.strip_prefix("gitdir:")?.trim());
    is_git_dir(&dir).then_some(dir)
}

fn ask(place: &Place, paths: &[PathBuf], runner: &Runner) -> io::Result<GitFact> {
    let scopes: Vec<Vec<u8>> = paths
        .iter()
        .map(|path| relative(path, &place.root))
        .collect();
    let index = Index::read(&place.git_dir, &place.common)?;
    let within: Vec<&Entry> = index
        .entries
        .iter()
        .filter(|entry| scopes.is_empty() || scopes.iter().any(|scope| covers(scope, &entry.path)))
        .collect();
    let staged = staged(runner, &scopes)?;
    let has_head = staged.is_some();
    let differs = differing(&within, &index, place, runner)?;
    let changed = |entry: &Entry| {
        differs.contains(&entry.path)
            || staged
                .as_ref()
                .is_none_or(|staged| staged.contains(&entry.path))
    };
    let others = listed(runner, UNTRACKED, &scopes)?;
    let mut fact = GitFact {
        root: place.root.clone(),
        git_dir: place.git_dir.clone(),
        branch: branch(&place.git_dir),
        has_head,
        dirty: count(
            within
                .iter()
                .filter(|entry| !entry.is_repository() && changed(entry))
                .count(),
        ),
        submodules: count(
            within
                .iter()
                .filter(|entry| entry.is_repository() && changed(entry))
                .count(),
        ),
        untracked: count(others.len()),
        stashes: stashes(&place.common),
        paths: Vec::new(),
    };
    fact.dirty += staged.as_ref().map_or(0, |staged| gone(staged, &within));
    if paths.is_empty() {
        return Ok(fact);
    }
    let look = Look {
        within: &within,
        others: &others,
        hidden: &listed(runner, IGNORED, &scopes)?,
        ignored: &runner.ignored(&scopes)?,
    };
    for (path, scope) in paths.iter().zip(&scopes) {
        let unstaged = |entry: &Entry| differs.contains(&entry.path);
        fact.paths.push(look.at(path, scope, changed, unstaged));
    }
    Ok(fact)
}

/// Returns what git does not track or ignores, folders as a whole where they are. Of a file deep in an ignored folder git says that it has
/// made a mistake (2.47: "directory entry not superset of prefix"); then it is asked for each file.
fn listed(runner: &Runner, args: &[&str], scopes: &[Vec<u8>]) -> io::Result<Vec<Vec<u8>>> {
    runner.list(args, scopes).or_else(|_| {
        let each: Vec<&str> = args
            .iter()
            .copied()
            .filter(|word| *word != "--directory")
            .collect();
        runner.list(&each, scopes)
    })
}

/// What was found, to be told apart by path.
struct Look<'a> {
    within: &'a [&'a Entry],
    others: &'a [Vec<u8>],
    hidden: &'a [Vec<u8>],
    ignored: &'a BTreeSet<Vec<u8>>,
}

impl Look<'_> {
    fn at(
        &self,
        path: &Path,
        scope: &[u8],
        changed: impl Fn(&Entry) -> bool,
        unstaged: impl Fn(&Entry) -> bool,
    ) -> GitPathFact {
        let mut one = GitPathFact {
            path: path.to_path_buf(),
            untracked: touching(self.others, scope),
            ignored: touching(self.hidden, scope),
            is_ignored: self.ignored.contains(scope),
            ..GitPathFact::default()
        };
        for entry in self
            .within
            .iter()
            .filter(|entry| covers(scope, &entry.path))
        {
            one.tracked += 1;
            let is_changed = changed(entry);
            one.changed += u64::from(is_changed);
            one.unstaged += u64::from(unstaged(entry) && !entry.is_repository());
            one.submodules += u64::from(is_changed && entry.is_repository());
        }
        one
    }
}

/// Counts paths of HEAD that the index no longer has.
fn gone(staged: &BTreeSet<Vec<u8>>, within: &[&Entry]) -> u64 {
    let known: BTreeSet<&[u8]> = within.iter().map(|entry| entry.path.as_slice()).collect();
    count(
        staged
            .iter()
            .filter(|path| !known.contains(path.as_slice()))
            .count(),
    )
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Returns the path below the root as git writes it; empty for the root itself.
fn relative(path: &Path, root: &Path) -> Vec<u8> {
    let real = match (
        path.parent().and_then(|up| std::fs::canonicalize(up).ok()),
        path.file_name(),
    ) {
        (Some(parent), Some(name)) if path != root => parent.join(name),
        _ => path.to_path_buf(),
    };
    match real.strip_prefix(root) {
        Ok(rest) => rest.as_os_str().as_bytes().to_vec(),
        // Outside the work tree: a path that no entry can have.
        Err(_) => b"../outside".to_vec(),
    }
}

/// Tells whether `path` is `scope` or lies below it.
fn covers(scope: &[u8], path: &[u8]) -> bool {
    scope.is_empty()
        || path
            .strip_prefix(scope)
            .is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
}

/// Counts listed names in or around a scope (a listed folder stands for all that it holds).
fn touching(names: &[Vec<u8>], scope: &[u8]) -> u64 {
    let hit = |name: &&Vec<u8>| {
        let plain = name.strip_suffix(b"/").unwrap_or(name);
        covers(scope, plain) || (name.ends_with(b"/") && covers(plain, scope))
    };
    count(names.iter().filter(hit).count())
}

/// Returns paths whose entry in the index is not that of HEAD; nothing when there is no HEAD.
fn staged(runner: &Runner, scopes: &[Vec<u8>]) -> io::Result<Option<BTreeSet<Vec<u8>>>> {
    let args = [
        "diff-index",
        "--cached",
        "--raw",
        "-z",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=none",
        "HEAD",
    ];
    let (success, fields) = runner.fields(&args, scopes)?;
    if !success {
        let (head, _) =
            runner.fields(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], &[])?;
        if head {
            return Err(io::Error::other(
                "the index could not be compared with HEAD",
            ));
        }
        return Ok(None);
    }
    Ok(Some(fields.into_iter().skip(1).step_by(2).collect()))
}

/// Returns entries whose file is there and is not what the index says.
fn differing(
    within: &[&Entry],
    index: &Index,
    place: &Place,
    runner: &Runner,
) -> io::Result<BTreeSet<Vec<u8>>> {
    let converts = converts(place, index);
    let mut differs = BTreeSet::new();
    let mut unsure: Vec<&Entry> = Vec::new();
    for entry in within {
        match index.compare(entry, &place.root) {
            index::State::Missing => {}
            index::State::Same if !converts || entry.is_link() => {}
            index::State::Same | index::State::Unsure => unsure.push(entry),
            index::State::Different => {
                differs.insert(entry.path.clone());
            }
        }
    }
    if unsure.len() > HASHED_MAX {
        differs.extend(unsure.iter().map(|entry| entry.path.clone()));
        return Ok(differs);
    }
    let plain: Vec<&Entry> = unsure
        .iter()
        .copied()
        .filter(|entry| !entry.path.contains(&b'\n'))
        .collect();
    let hashes: HashMap<&[u8], String> = runner.hashes(&plain)?;
    for entry in unsure {
        if hashes.get(entry.path.as_slice()) != Some(&entry.id()) {
            differs.insert(entry.path.clone());
        }
    }
    Ok(differs)
}

/// Tells whether files may differ from their blobs although the index says "unchanged" (filters, line ends, encodings).
fn converts(place: &Place, index: &Index) -> bool {
    const MARKS: &[&str] = &["filter=", "eol=crlf", "working-tree-encoding", "ident"];
    let mut files: Vec<PathBuf> = index
        .entries
        .iter()
        .filter(|entry| entry.path.ends_with(b".gitattributes"))
        .map(|entry| {
            place
                .root
                .join(std::ffi::OsString::from_vec(entry.path.clone()))
        })
        .collect();
    files.push(place.root.join(".gitattributes"));
    files.push(place.common.join("info/attributes"));
    let marked = files.iter().any(|file| {
        regular::text(file).is_ok_and(|text| MARKS.iter().any(|mark| text.contains(mark)))
    });
    let config = regular::text(&place.common.join("config")).unwrap_or_default();
    marked || config.to_ascii_lowercase().contains("autocrlf = true")
}

fn branch(git_dir: &Path) -> Option<String> {
    let head = regular::text(&git_dir.join("HEAD")).ok()?;
    let name = head.trim_end().strip_prefix("ref: refs/heads/")?;
    Some(name.to_owned())
}

fn stashes(common: &Path) -> u64 {
    let log = regular::read(&common.join("logs/refs/stash")).unwrap_or_default();
    let lines = count(memchr::memchr_iter(b'\n', &log).count());
    if lines == 0 && common.join("refs/stash").is_file() {
        return 1;
    }
    lines
}
