//! Which ignored files git writes a commit's files over: it asks nobody about those.
//! What is compared is the index, trees and names; the work tree is read only where a file stands in the way.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use crate::model::git::Since;

use super::deed::Asked;

impl Asked<'_> {
    /// Returns ignored files that git writes a commit's files over without a word.
    pub(super) fn over_ignored(&self, commit: &str, since: &Since) -> io::Result<Vec<PathBuf>> {
        if *since == Since::Unmerged && self.is_led_to(commit)? {
            return Ok(Vec::new());
        }
        let mut found = self.over(commit, &[])?;
        let root = self.place.root.as_os_str().as_bytes();
        if found.is_empty() || root.contains(&0) {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for path in &found {
            names.extend(path.as_os_str().as_bytes());
            names.push(0);
        }
        let args = ["check-ignore", "-z", "--stdin"];
        let (_, output) = self.runner.run(&args, &[], names)?;
        let ignored: BTreeSet<&[u8]> = output.split(|&byte| byte == 0).collect();
        found.retain(|path| ignored.contains(path.as_os_str().as_bytes()));
        let base = match since {
            Since::Nothing | Since::Unmerged => None,
            Since::Fork => self.fork(commit)?,
            Since::Commit(base) => Some(base.clone()),
        };
        if let (Some(base), false) = (base, found.is_empty()) {
            let brought = self.brought(&base, commit)?;
            // A file of the commit may stand below what is in its way.
            found.retain(|path| brought.iter().any(|one| one.starts_with(path)));
        }
        Ok(found)
    }

    fn is_led_to(&self, commit: &str) -> io::Result<bool> {
        let args = [
            "merge-base",
            "--is-ancestor",
            "--end-of-options",
            commit,
            "HEAD",
        ];
        Ok(self.runner.run(&args, &[], Vec::new())?.0)
    }

    /// Returns the commit from which two lines come; nothing where they have none.
    fn fork(&self, commit: &str) -> io::Result<Option<String>> {
        let args = ["merge-base", "--end-of-options", "HEAD", commit];
        let (known, output) = self.runner.run(&args, &[], Vec::new())?;
        let id = String::from_utf8_lossy(output.trim_ascii()).into_owned();
        Ok((known && !id.is_empty()).then_some(id))
    }

    /// Returns the files of a commit that differ from those of another.
    fn brought(&self, base: &str, commit: &str) -> io::Result<Vec<PathBuf>> {
        let (Some(base), Some(tree)) = (self.tree_of(base)?, self.tree_of(commit)?) else {
            return Ok(Vec::new());
        };
        let args = [
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            "--diff-filter=d",
        ];
        let args: Vec<&str> = args.into_iter().chain([base.as_str(), &tree]).collect();
        let (success, output) = self.runner.run(&args, &[], Vec::new())?;
        if !success {
            return Err(io::Error::other("two commits could not be compared"));
        }
        let names = output.split(|&byte| byte == 0);
        let path = |name: &[u8]| self.place.root.join(OsString::from_vec(name.to_vec()));
        Ok(names.filter(|name| !name.is_empty()).map(path).collect())
    }
}
