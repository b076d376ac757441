//! Whether a forced push takes anything away: where the remote's branch stands, and whether what is pushed leads to it.
//! A remote elsewhere is never contacted; where it stands is known only as far as the push itself insists on it.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::git::Pushed;

use super::address;
use super::deed::Asked;
use super::is_git_dir;
use super::run::Runner;

impl Asked<'_> {
    /// Returns the ref that would lead to less; none where the push only adds, or cannot succeed.
    pub(super) fn pushed(&self, push: &Pushed) -> io::Result<Vec<PathBuf>> {
        let lost = || Ok(vec![PathBuf::from(&push.name)]);
        let Some(source) = &push.source else {
            return lost();
        };
        if push.remote.starts_with('-') || source.starts_with('-') {
            return lost();
        }
        let address = self.address(&push.remote)?;
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

    /// Returns where a branch of a repository on this machine stands; nothing where it has none, or is none.
    fn of_neighbour(&self, path: &Path, name: &str) -> io::Result<Option<String>> {
        let inside = path.join(".git");
        let git_dir = match is_git_dir(&inside) {
            true => inside,
            false if is_git_dir(path) => path.to_path_buf(),
            false if path.symlink_metadata().is_err() => return Ok(None),
            false => return Err(io::Error::other("the remote cannot be read")),
        };
        let runner = self.runner.beside(&git_dir);
        verified(&runner, name)
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

fn verified(runner: &Runner, name: &str) -> io::Result<Option<String>> {
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", name];
    let (known, output) = runner.run(&args, &[], Vec::new())?;
    let id = String::from_utf8_lossy(output.trim_ascii()).into_owned();
    Ok((known && !id.is_empty()).then_some(id))
}
