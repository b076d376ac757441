//! What a local repository could forget: its refs, the commits that only a stash or a reflog holds, what nothing holds.
//! The repository is read and never changed.

use crate::adapters::regular;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::parts::Taken;
use super::store::{Form, Kept, Store, prefix};
use super::{end, source};
use crate::adapters::git::repo::Repo;
use crate::backup::engine::Order;
use crate::backup::error::BackupError;
use crate::backup::files::{hex, quoted};
use crate::model::backup::Marks;
use crate::model::push::is_zero;

/// Bytes of all reflogs together.
const LOGS_MAX: u64 = 128 << 20;
/// Reflogs of one repository.
const LOG_FILES_MAX: usize = 50_000;
/// Folders of reflogs inside each other.
const LOG_DEPTH_MAX: usize = 64;
/// Commits that no ref holds and that get names of their own.
const LOST_MAX: usize = 10_000;

/// Takes the marks of refs and reflogs.
pub fn marks(repo: &Repo) -> Result<Marks, BackupError> {
    use std::os::unix::fs::MetadataExt as _;
    let mut hash = Sha256::new_with_prefix(b"backstop.git-marks/1\0");
    for (name, oid) in repo.refs("").map_err(source)? {
        hash.update(format!("{oid} {name}\n"));
    }
    for (name, path) in heads(repo) {
        hash.update(format!("{name} {}\n", text(&path)));
    }
    for (name, path) in log_files(repo)? {
        if let Ok(meta) = std::fs::symlink_metadata(&path) {
            hash.update(format!(
                "{name} {} {} {}\n",
                meta.len(),
                meta.mtime(),
                meta.mtime_nsec()
            ));
        }
    }
    Ok(Marks {
        digest: hex(&hash.finalize()),
        position: String::new(),
    })
}

fn text(path: &Path) -> String {
    regular::text(path).unwrap_or_default()
}

/// Returns the heads of the repository and of its linked work trees, and what a reset left behind.
fn heads(repo: &Repo) -> Vec<(String, PathBuf)> {
    let mut all = vec![
        ("HEAD".to_owned(), repo.common.join("HEAD")),
        ("ORIG_HEAD".to_owned(), repo.common.join("ORIG_HEAD")),
    ];
    let linked = std::fs::read_dir(repo.common.join("worktrees"))
        .into_iter()
        .flatten();
    for entry in linked.flatten() {
        if let Ok(name) = entry.file_name().into_string() {
            for head in ["HEAD", "ORIG_HEAD"] {
                all.push((format!("worktrees/{name}/{head}"), entry.path().join(head)));
            }
        }
    }
    all.sort();
    all
}

/// Returns the reflogs, by the names of their refs.
fn log_files(repo: &Repo) -> Result<BTreeMap<String, PathBuf>, BackupError> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(String::new(), repo.common.join("logs"), 0)];
    let linked = std::fs::read_dir(repo.common.join("worktrees"))
        .into_iter()
        .flatten();
    for entry in linked.flatten() {
        if let Ok(name) = entry.file_name().into_string() {
            folders.push((format!("worktrees/{name}/"), entry.path().join("logs"), 0));
        }
    }
    while let Some((before, folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
                continue;
            };
            let name = format!("{before}{name}");
            if kind.is_dir() && depth < LOG_DEPTH_MAX {
                folders.push((format!("{name}/"), entry.path(), depth + 1));
            } else if kind.is_file() {
                found.insert(name, entry.path());
            }
            if found.len() > LOG_FILES_MAX {
                return Err(BackupError::Limit(format!(
                    "the repository has more than {LOG_FILES_MAX} reflogs"
                )));
            }
        }
    }
    Ok(found)
}

/// Reads the reflogs.
pub fn logs(repo: &Repo) -> Result<BTreeMap<String, Vec<u8>>, BackupError> {
    let mut all = BTreeMap::new();
    let mut bytes = 0;
    for (name, path) in log_files(repo)? {
        let lines = regular::read(&path).map_err(|error| BackupError::io("read", &path, error))?;
        bytes += lines.len() as u64;
        if bytes > LOGS_MAX {
            return Err(BackupError::Limit(format!(
                "the reflogs hold more than {LOGS_MAX} bytes"
            )));
        }
        all.insert(name, lines);
    }
    Ok(all)
}

/// Returns the objects of a reflog line: before and after.
pub fn objects_of(line: &[u8]) -> Option<(String, String)> {
    let line = String::from_utf8_lossy(line.get(..line.len().min(140))?).into_owned();
    let mut fields = line.split(' ');
    let (old, new) = (fields.next()?, fields.next()?);
    let plain = |oid: &str| {
        matches!(oid.len(), 40 | 64) && oid.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    (plain(old) && plain(new)).then(|| (old.to_owned(), new.to_owned()))
}

/// Returns the stash entries, newest first: object and words.
pub fn stashes(logs: &BTreeMap<String, Vec<u8>>) -> Vec<(String, String)> {
    let lines = logs
        .get("refs/stash")
        .map(Vec::as_slice)
        .unwrap_or_default();
    let entries = lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let (_, oid) = objects_of(line)?;
        let words = String::from_utf8_lossy(line).into_owned();
        let words = words.split_once('\t').map(|(_, words)| words.to_owned());
        Some((oid, words.unwrap_or_default()))
    });
    let mut all: Vec<_> = entries.collect();
    all.reverse();
    all
}

/// Reads everything that refs, stashes and reflogs hold; with `unreachable` also what nothing holds.
fn look(repo: &Repo, unreachable: bool) -> Result<(Kept, Vec<String>), BackupError> {
    let mut warnings = Vec::new();
    let mut kept = Kept {
        refs: repo.refs("").map_err(source)?,
        logs: logs(repo)?,
        ..Kept::default()
    };
    let mut candidates = BTreeSet::new();
    for (name, path) in heads(repo) {
        let head = text(&path);
        match head.trim().strip_prefix("ref: ") {
            Some(to) => drop(kept.symbolic.insert(name, to.to_owned())),
            None if name.ends_with("ORIG_HEAD") => drop(candidates.insert(head.trim().to_owned())),
            None if !head.trim().is_empty() => drop(kept.refs.insert(name, head.trim().to_owned())),
            None => {}
        }
    }
    for (at, (oid, _)) in stashes(&kept.logs).into_iter().enumerate() {
        kept.refs.insert(format!("stash/{at}"), oid);
    }
    for line in kept
        .logs
        .values()
        .flat_map(|log| log.split(|byte| *byte == b'\n'))
    {
        candidates.extend(
            objects_of(line)
                .into_iter()
                .flat_map(|(old, new)| [old, new]),
        );
    }
    candidates.retain(|oid| !is_zero(oid) && matches!(oid.len(), 40 | 64));
    if unreachable {
        candidates.extend(dangling(repo)?);
    }
    let there = repo
        .present(candidates.iter().chain(kept.refs.values()))
        .map_err(source)?;
    let gone = kept.refs.len();
    kept.refs.retain(|_, oid| there.contains_key(oid));
    if kept.refs.len() < gone {
        warnings.push(format!(
            "{} refs or stashes name objects that are not there and were left out",
            gone - kept.refs.len()
        ));
    }
    candidates.retain(|oid| there.contains_key(oid));
    for oid in tops(repo, candidates, &there, &kept)? {
        kept.refs.insert(format!("lost/{oid}"), oid);
    }
    Ok((kept, warnings))
}

/// Returns objects that nothing names, not even a reflog or another object.
fn dangling(repo: &Repo) -> Result<Vec<String>, BackupError> {
    let args = ["fsck", "--connectivity-only", "--no-progress"];
    let said = repo.ask(&args, Vec::new()).map_err(source)?;
    let lines = said
        .lines()
        .filter_map(|line| line.strip_prefix("dangling "));
    let found: Vec<String> = lines
        .filter_map(|line| Some(line.split_once(' ')?.1.to_owned()))
        .collect();
    match found.len() > LOST_MAX {
        true => Err(too_many()),
        false => Ok(found),
    }
}

fn too_many() -> BackupError {
    BackupError::Limit(format!("more than {LOST_MAX} commits are held by no ref"))
}

/// Returns the candidates from which every other one can be reached and that no ref holds.
fn tops(
    repo: &Repo,
    candidates: BTreeSet<String>,
    there: &BTreeMap<String, String>,
    kept: &Kept,
) -> Result<BTreeSet<String>, BackupError> {
    let kind = |oid: &String| there.get(oid).map(String::as_str);
    let (commits, mut tops): (BTreeSet<String>, BTreeSet<String>) = candidates
        .into_iter()
        .partition(|oid| kind(oid) == Some("commit"));
    let held = kept.refs.values();
    let mut input: String = commits
        .iter()
        .flat_map(|oid| [oid.as_str(), "\n"])
        .collect();
    let reachable = held.filter(|oid| matches!(kind(oid), Some("commit" | "tag")));
    input.extend(reachable.flat_map(|oid| ["^", oid.as_str(), "\n"]));
    if !commits.is_empty() {
        let args = ["rev-list", "--parents", "--stdin"];
        let said = repo.must(&args, input.into_bytes()).map_err(source)?;
        let mut children = BTreeSet::new();
        let mut parents = BTreeSet::new();
        for line in said.lines() {
            let mut oids = line.split(' ');
            children.extend(oids.next().map(str::to_owned));
            parents.extend(oids.map(str::to_owned));
        }
        tops.extend(children.into_iter().filter(|oid| !parents.contains(oid)));
    }
    match tops.len() > LOST_MAX {
        true => Err(too_many()),
        false => Ok(tops),
    }
}

/// Copies what the repository could forget into its store.
pub fn make(order: &Order, dir: &Path, id: &str) -> Result<Taken, BackupError> {
    let end = end(&order.control);
    let repo = Repo::open(dir, &[], end).map_err(source)?;
    let unreachable = order
        .objects
        .iter()
        .any(|object| object == super::undo::UNREACHABLE);
    let marks = marks(&repo)?;
    let (mut kept, mut warnings) = look(&repo, unreachable)?;
    kept.threatened.clone_from(&order.objects);
    let form = Form::of(&repo);
    warnings.extend(form.warning());
    let name = repo.common.to_string_lossy().into_owned();
    let store = Store::open(&order.backup_dir, &name, &form, end)?;
    repo.give(&store.repo, &kept.tips()).map_err(source)?;
    // It has to fit into a call: every object was hashed when it came in.
    let notes = store.keep(id, &kept, false)?;
    let recovery = by_hand(&store, &repo, id, &kept);
    let identity = crate::backup::tree::identity(&repo.common)?;
    Ok(Taken {
        same_disk: same_disk(&store.repo.dir, &repo.common),
        store,
        kept,
        identity,
        marks,
        notes,
        warnings,
        recovery,
    })
}

fn same_disk(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev()).ok();
    device(one) == device(other)
}

fn by_hand(store: &Store, repo: &Repo, id: &str, kept: &Kept) -> Vec<String> {
    let (store, repo, prefix) = (store.shown(), quoted(&repo.common), prefix(id));
    let mut lines = vec![format!(
        "git --git-dir={repo} fetch {store} '{prefix}refs/heads/NAME:refs/heads/NAME'  # one branch; tags: refs/tags/NAME; all names: git --git-dir={store} for-each-ref {prefix}"
    )];
    if kept.refs.contains_key("stash/0") {
        lines.push(format!(
            "git --git-dir={repo} fetch {store} {prefix}stash/0 && git --git-dir={repo} stash store -m restored FETCH_HEAD"
        ));
    }
    lines.push(format!(
        "git clone --mirror {store} DIR  # where the repository itself is gone"
    ));
    lines
}
