//! Whether a forced push takes anything away: where the remote's branch stands, and whether what is pushed leads to it.
//! A remote elsewhere is never contacted; where it stands is known only as far as the push itself insists on it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::git::Pushed;

use super::address;
use super::deed::Asked;
use super::is_git_dir;
use super::run::Runner;

/// Refs of one push that are compared; beyond, each counts as lost.
const REFS_MAX: usize = 256;

impl Asked<'_> {
    /// Returns the ref that would lead to less; none where the push only adds, or cannot succeed.
    pub(super) fn pushed(&self, push: &Pushed) -> io::Result<Vec<PathBuf>> {
        let lost = || Ok(vec![PathBuf::from(&push.name)]);
        if push.remote.starts_with('-') {
            return lost();
        }
        let address = self.address(&push.remote)?;
        let Some(source) = push.source.as_deref().filter(|name| !name.starts_with('-')) else {
            return match (&push.source, address::place(&address, &self.place.root)) {
                (None, address::Place::Path(path)) => self.deleted(&path, push),
                _ => lost(),
            };
        };
        if push.name.ends_with("/*") {
            return match address::place(&address, &self.place.root) {
                address::Place::Path(path) => self.all_pushed(&path, push),
                _ => lost(),
            };
        }
        let old = match address::place(&address, &self.place.root) {
            address::Place::Path(path) => match self.of_neighbour(&path, &push.name)? {
                Some(old) => old,
                None => return Ok(Vec::new()),
            },
            _ if push.leased => match self.last_seen(push)? {
                Some(old) => old,
                None => return lost(),
            },
            _ => return lost(),
        };
        let args = ["merge-base", "--is-ancestor", &old, source];
        match self.runner.run(&args, &[], Vec::new())? {
            (true, _) => Ok(Vec::new()),
            (false, _) => lost(),
        }
    }

    fn address(&self, remote: &str) -> io::Result<String> {
        let args = ["remote", "get-url", "--push", "--", remote];
        let (known, output) = self.runner.run(&args, &[], Vec::new())?;
        let text = String::from_utf8_lossy(output.trim_ascii_end()).into_owned();
        let mut lines = text.lines();
        Ok(match (known, lines.next(), lines.next()) {
            (true, Some(one), None) => one.to_owned(),
            // Pushed to several: none of them is looked at.
            (true, _, Some(_)) => "several::".to_owned(),
            _ => remote.to_owned(),
        })
    }

    /// Returns the branch that goes, unless the remote does not have it or another branch of its own leads to all of it.
    fn deleted(&self, path: &Path, push: &Pushed) -> io::Result<Vec<PathBuf>> {
        let lost = || Ok(vec![PathBuf::from(&push.name)]);
        let Some(runner) = self.neighbour(path)? else {
            return Ok(Vec::new());
        };
        let plain = push.name.trim_start_matches("refs/heads/");
        // A name alone may mean a tag.
        if verified(&runner, &format!("refs/tags/{plain}"))?.is_some() {
            return lost();
        }
        let Some(old) = verified(&runner, &push.name)? else {
            return Ok(Vec::new());
        };
        let (_, head) = runner.run(&["symbolic-ref", "--quiet", "HEAD"], &[], Vec::new())?;
        if !push.name.starts_with("refs/heads/") || head.trim_ascii() == push.name.as_bytes() {
            return lost();
        }
        let contains = format!("--contains={old}");
        let args = [
            "for-each-ref",
            &contains,
            "--format=%(refname)",
            "refs/heads",
        ];
        let (known, output) = runner.run(&args, &[], Vec::new())?;
        let mut names = output.split(|&byte| byte == b'\n');
        let other = |name: &[u8]| !name.is_empty() && name != push.name.as_bytes();
        match known && names.any(other) {
            true => Ok(Vec::new()),
            false => lost(),
        }
    }

    /// Returns those refs of a kind that the remote has, and that what stands here under their names does not lead to.
    fn all_pushed(&self, path: &Path, push: &Pushed) -> io::Result<Vec<PathBuf>> {
        let Some(theirs) = self.neighbour(path)? else {
            return Ok(Vec::new());
        };
        let kind = push.name.trim_end_matches('*');
        let old = listed(&theirs, kind)?;
        let mut lost = Vec::new();
        let mine = listed(self.runner, kind)?;
        let moved = mine.into_iter().filter_map(|(name, new)| {
            let old = old.get(&name).filter(|old| **old != new)?;
            Some((name, new, old))
        });
        for (count, (name, new, old)) in moved.enumerate() {
            let args = ["merge-base", "--is-ancestor", old, &new];
            let adds = kind == "refs/heads/"
                && count < REFS_MAX
                && self.runner.run(&args, &[], Vec::new())?.0;
            if !adds {
                lost.push(PathBuf::from(name));
            }
        }
        Ok(lost)
    }

    /// Returns where a branch of a repository on this machine stands; nothing where it has none, or is none.
    fn of_neighbour(&self, path: &Path, name: &str) -> io::Result<Option<String>> {
        match self.neighbour(path)? {
            Some(runner) => verified(&runner, name),
            None => Ok(None),
        }
    }

    /// Returns what asks a repository on this machine; nothing where there is none.
    fn neighbour(&self, path: &Path) -> io::Result<Option<Runner>> {
        let inside = path.join(".git");
        let git_dir = match is_git_dir(&inside) {
            true => inside,
            false if is_git_dir(path) => path.to_path_buf(),
            false if path.symlink_metadata().is_err() => return Ok(None),
            false => return Err(io::Error::other("the remote cannot be read")),
        };
        Ok(Some(self.runner.beside(&git_dir)))
    }

    /// Returns where the remote's branch was last seen.
    fn last_seen(&self, push: &Pushed) -> io::Result<Option<String>> {
        let Some(branch) = push.name.strip_prefix("refs/heads/") else {
            return Ok(None);
        };
        let name = format!("refs/remotes/{}/{branch}", push.remote);
        verified(self.runner, &name)
    }
}

/// Returns refs of a kind with what they hold.
fn listed(runner: &Runner, kind: &str) -> io::Result<BTreeMap<String, String>> {
    let args = ["for-each-ref", "--format=%(objectname) %(refname)", kind];
    let (known, output) = runner.run(&args, &[], Vec::new())?;
    if !known {
        return Err(io::Error::other("refs could not be listed"));
    }
    let text = String::from_utf8_lossy(&output).into_owned();
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    Ok(lines
        .map(|(object, name)| (name.to_owned(), object.to_owned()))
        .collect())
}

fn verified(runner: &Runner, name: &str) -> io::Result<Option<String>> {
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", name];
    let (known, output) = runner.run(&args, &[], Vec::new())?;
    let id = String::from_utf8_lossy(output.trim_ascii()).into_owned();
    Ok((known && !id.is_empty()).then_some(id))
}
