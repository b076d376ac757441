//! What of a work tree no commit holds: changed files, staged contents, untracked and ignored files; and staging again for an undo.
//! It reads no file's content besides what git hashes; only `stage` writes, into the repository's own objects and index.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::index::{Entry, Index, State};
use super::run::Runner;
use super::{IGNORED, Place, differing, discover, relative};
use crate::model::target::WorktreeReach;

/// Every file that is not ignored and not tracked, one by one: what is ignored beside them stays.
const FILES: &[&str] = &["ls-files", "-z", "-o", "--exclude-standard"];
/// Everything that is not tracked, whole folders as one name.
const OTHERS: &[&str] = &["ls-files", "-z", "-o", "--directory"];
const STAGED: &[&str] = &[
    "diff-index",
    "--cached",
    "--raw",
    "-z",
    "--no-renames",
    "--no-abbrev",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=all",
];

/// One entry of the index that is not that of HEAD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    pub path: Vec<u8>,
    /// As git writes it; `000000` for a file that is staged to go.
    pub mode: String,
    /// Name of the blob; zeros for a file that is staged to go.
    pub id: String,
    /// The file in the work tree has another content, or is not there.
    pub apart: bool,
}

impl Staged {
    /// Tells whether the file is staged to go.
    pub fn goes(&self) -> bool {
        self.id.bytes().all(|byte| byte == b'0')
    }
}

/// What no commit holds, paths as git writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loose {
    /// Files in the work tree; a folder ends in a slash.
    pub files: Vec<Vec<u8>>,
    pub staged: Vec<Staged>,
}

fn find(root: &Path, tool_dirs: &[PathBuf], time: Duration) -> io::Result<(Place, Runner)> {
    let place = discover(root)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no repository"))?;
    let end = Instant::now() + time;
    let runner = Runner::find(&place.git_dir, &place.root, tool_dirs, end)
        .ok_or_else(|| io::Error::other("the program git is not in a system folder"))?;
    Ok((place, runner))
}

/// Lists what would be lost.
///
/// # Errors
/// When there is no repository, or git cannot be asked.
pub fn loose(reach: &WorktreeReach, tool_dirs: &[PathBuf], time: Duration) -> io::Result<Loose> {
    let (place, runner) = find(&reach.root, tool_dirs, time)?;
    let scopes: Vec<Vec<u8>> = reach
        .paths
        .iter()
        .map(|path| relative(path, &place.root))
        .collect();
    let mut files = BTreeSet::new();
    let mut staged = Vec::new();
    if reach.changed {
        staged = changed(&place, &runner, &scopes, &mut files)?;
    }
    let lists: &[&[&str]] = match (reach.untracked, reach.ignored) {
        (true, true) => &[OTHERS],
        (true, false) => &[FILES],
        (false, true) => &[IGNORED],
        (false, false) => &[],
    };
    for list in lists {
        files.extend(runner.list(list, &scopes)?);
    }
    Ok(Loose {
        files: files.into_iter().collect(),
        staged,
    })
}

/// Adds the files whose content is not that of HEAD, and returns what is staged.
fn changed(
    place: &Place,
    runner: &Runner,
    scopes: &[Vec<u8>],
    files: &mut BTreeSet<Vec<u8>>,
) -> io::Result<Vec<Staged>> {
    let index = Index::read(&place.git_dir, &place.common)?;
    let within: Vec<&Entry> = index
        .entries
        .iter()
        .filter(|entry| !entry.is_repository())
        .filter(|entry| {
            scopes.is_empty() || scopes.iter().any(|scope| super::covers(scope, &entry.path))
        })
        .collect();
    let differs = differing(&within, &index, place, runner)?;
    let mut staged = staged(runner, scopes, &within)?;
    for one in &mut staged {
        let gone = || {
            let entry = within.iter().find(|entry| entry.path == one.path);
            entry.is_none_or(|entry| index.compare(entry, &place.root) == State::Missing)
        };
        one.apart = differs.contains(&one.path) || gone();
        files.insert(one.path.clone());
    }
    files.extend(differs);
    Ok(staged)
}

/// Returns the entries of the index that are not those of HEAD; all of them where there is no HEAD.
fn staged(runner: &Runner, scopes: &[Vec<u8>], within: &[&Entry]) -> io::Result<Vec<Staged>> {
    let args: Vec<&str> = STAGED.iter().copied().chain(["HEAD"]).collect();
    let (success, fields) = runner.fields(&args, scopes)?;
    if success {
        return Ok(fields
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [what, path] => raw(what, path),
                _ => None,
            })
            .collect());
    }
    let (head, _) = runner.fields(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], &[])?;
    if head {
        return Err(io::Error::other(
            "the index could not be compared with HEAD",
        ));
    }
    Ok(within
        .iter()
        .map(|entry| Staged {
            path: entry.path.clone(),
            mode: format!("{:06o}", entry.mode()),
            id: entry.id(),
            apart: false,
        })
        .collect())
}

/// Reads `:100644 100755 OLD NEW M`; an entry in conflict has no content of its own.
fn raw(what: &[u8], path: &[u8]) -> Option<Staged> {
    let text = std::str::from_utf8(what).ok()?;
    let mut words = text.strip_prefix(':')?.split(' ').skip(1);
    let (mode, id) = (words.next()?, words.nth(1)?);
    let how = words.next()?;
    (!how.starts_with('U') && !mode.starts_with("16")).then(|| Staged {
        path: path.to_vec(),
        mode: mode.to_owned(),
        id: id.to_owned(),
        apart: false,
    })
}

/// Returns the entries of HEAD that are staged to go, of these paths.
///
/// # Errors
/// When git cannot be asked.
pub fn unlisted(
    root: &Path,
    paths: &BTreeSet<Vec<u8>>,
    tool_dirs: &[PathBuf],
    time: Duration,
) -> io::Result<Vec<Staged>> {
    let (_, runner) = find(root, tool_dirs, time)?;
    let args: Vec<&str> = STAGED.iter().copied().chain(["HEAD"]).collect();
    let (success, fields) = runner.fields(&args, &[])?;
    if !success {
        return Ok(Vec::new());
    }
    let entry = |pair: &[Vec<u8>]| {
        let [what, path] = pair else {
            return None;
        };
        let mut words = std::str::from_utf8(what)
            .ok()?
            .strip_prefix(':')?
            .split(' ');
        let (mode, id, how) = (words.next()?, words.nth(1)?, words.nth(1)?);
        (how == "D" && !mode.starts_with("16") && paths.contains(path)).then(|| Staged {
            path: path.clone(),
            mode: mode.to_owned(),
            id: id.to_owned(),
            apart: false,
        })
    };
    Ok(fields.chunks_exact(2).filter_map(entry).collect())
}

/// Reads blobs; every one that was asked for is there.
///
/// # Errors
/// When one is missing.
pub fn blobs(
    root: &Path,
    ids: &BTreeSet<String>,
    tool_dirs: &[PathBuf],
    time: Duration,
) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut all = BTreeMap::new();
    if ids.is_empty() {
        return Ok(all);
    }
    let (_, runner) = find(root, tool_dirs, time)?;
    let input: Vec<u8> = ids
        .iter()
        .flat_map(|id| id.bytes().chain([b'\n']))
        .collect();
    let (_, output) = runner.run(&["cat-file", "--batch"], &[], input)?;
    let mut rest = output.as_slice();
    for id in ids {
        let line = memchr::memchr(b'\n', rest).and_then(|at| rest.split_at_checked(at));
        let missing = || io::Error::other(format!("the staged content {id} is not there"));
        let (line, after) = line.ok_or_else(missing)?;
        let size = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.strip_prefix(id.as_str()))
            .and_then(|line| line.strip_prefix(" blob "))
            .and_then(|size| size.parse::<usize>().ok())
            .ok_or_else(missing)?;
        let body = after.get(1..).unwrap_or_default();
        let (body, after) = body.split_at_checked(size).ok_or_else(missing)?;
        all.insert(id.clone(), body.to_vec());
        rest = after.get(1..).unwrap_or_default();
    }
    Ok(all)
}

/// Stages entries again where nothing else is staged by now; `contents` are files whose content their blobs need.
/// Returns how many were staged, and sentences about the others.
///
/// # Errors
/// When git cannot be asked or says no.
pub fn stage(
    root: &Path,
    entries: &[Staged],
    contents: &[PathBuf],
    tool_dirs: &[PathBuf],
    time: Duration,
) -> io::Result<(u64, Vec<String>)> {
    let (place, runner) = find(root, tool_dirs, time)?;
    let input = contents
        .iter()
        .filter(|path| !path.as_os_str().as_bytes().contains(&b'\n'))
        .flat_map(|path| path.as_os_str().as_bytes().iter().copied().chain([b'\n']))
        .collect();
    let hash = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
    let (written, _) = runner.run(&hash, &[], input)?;
    if !written {
        return Err(io::Error::other("the staged contents could not be written"));
    }
    let index = Index::read(&place.git_dir, &place.common)?;
    let within: Vec<&Entry> = index.entries.iter().collect();
    let now: BTreeMap<Vec<u8>, String> = staged(&runner, &[], &within)?
        .into_iter()
        .map(|staged| (staged.path, staged.id))
        .collect();
    let mut notes = Vec::new();
    let mut lines = Vec::new();
    let mut count = 0;
    for entry in entries {
        match now.get(&entry.path) {
            Some(id) if *id == entry.id => continue,
            // Staged to go holds nothing that could be lost.
            Some(id) if id.bytes().all(|byte| byte == b'0') => {}
            Some(_) => {
                let name = String::from_utf8_lossy(&entry.path);
                notes.push(format!("`{name}` has been staged anew and stays as it is"));
                continue;
            }
            None => {}
        }
        let (there, _) = runner.run(&["cat-file", "-e", &entry.id], &[], Vec::new())?;
        if !there && !entry.goes() {
            let name = String::from_utf8_lossy(&entry.path);
            notes.push(format!("the staged content of `{name}` is no more"));
            continue;
        }
        let mode = if entry.goes() { "0" } else { &entry.mode };
        lines.extend_from_slice(format!("{mode} {}\t", entry.id).as_bytes());
        lines.extend_from_slice(&entry.path);
        lines.push(0);
        count += 1;
    }
    let (staged, _) = runner.run(&["update-index", "-z", "--index-info"], &[], lines)?;
    if !staged {
        return Err(io::Error::other("the index could not be written"));
    }
    Ok((count, notes))
}
