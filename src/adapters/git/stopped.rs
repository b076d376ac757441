//! Which files hold work of somebody when a merge, a rebase or a pick that has stopped is given up: those that differ from what git itself put there.
//! Nothing is written; where git has not kept what it put there, the last commit stands for it.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::model::git::Operation;

use super::deed::{Asked, PATHS_MAX};

/// Files in git's folder that say what has stopped.
fn marks(operation: Operation) -> &'static [&'static str] {
    match operation {
        Operation::Merge => &["MERGE_HEAD"],
        Operation::Rebase => &["rebase-merge", "rebase-apply/rebasing"],
        Operation::Pick => &["CHERRY_PICK_HEAD", "sequencer"],
        Operation::Revert => &["REVERT_HEAD", "sequencer"],
        Operation::Apply => &["rebase-apply/applying"],
    }
}

impl Asked<'_> {
    /// Returns files whose content is nowhere else once the operation is given up; none where it is not under way.
    pub(super) fn stopped(&self, operation: Operation) -> io::Result<Vec<PathBuf>> {
        let git_dir = &self.place.git_dir;
        let mut marks = marks(operation).iter();
        if !marks.any(|mark| git_dir.join(mark).symlink_metadata().is_ok()) {
            return Ok(Vec::new());
        }
        // What git put there itself, its marks of conflicts included.
        let made = git_dir.join("AUTO_MERGE").symlink_metadata().is_ok();
        let base = if made { "AUTO_MERGE^{tree}" } else { "HEAD" };
        let changed = self.compared(&["--raw", "--no-abbrev", base])?;
        let staged = match operation {
            // Everything goes.
            Operation::Rebase => None,
            // A change that is not in the index was there before, and stays.
            Operation::Merge | Operation::Pick | Operation::Revert | Operation::Apply => {
                Some(self.compared(&["--cached", "--name-only", "HEAD"])?)
            }
        };
        let mut found = Vec::new();
        for pair in changed.chunks_exact(2) {
            let [head, name] = pair else {
                continue;
            };
            let goes = staged.as_ref().is_none_or(|staged| staged.contains(name));
            // An unmerged file stands there twice.
            if goes && let Some(path) = self.in_the_way(head, name) {
                found.push(path);
            }
            if found.len() >= PATHS_MAX {
                break;
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Returns files among these that somebody has changed: since a merge put them there, else since they were staged.
    pub(super) fn edited(&self, specs: &[String]) -> io::Result<Vec<PathBuf>> {
        let merged = self.place.git_dir.join("AUTO_MERGE");
        let fields = match merged.symlink_metadata().is_ok() {
            true => self.differing(&["diff-index", "--raw", "AUTO_MERGE^{tree}", "--"], specs)?,
            false => self.differing(&["diff-files", "--raw", "--"], specs)?,
        };
        let open = self.differing(&["diff-files", "--name-only", "--"], specs)?;
        let mut found = Vec::new();
        for pair in fields.chunks_exact(2) {
            let [head, name] = pair else {
                continue;
            };
            // What is unmerged without a trace of what git wrote there is not known.
            let known = !head.ends_with(b" U");
            if known
                && open.contains(name)
                && found.len() < PATHS_MAX
                && let Some(path) = self.in_the_way(head, name)
            {
                found.push(path);
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn differing(&self, words: &[&str], specs: &[String]) -> io::Result<Vec<Vec<u8>>> {
        let mut before: Vec<&str> = words.to_vec();
        let at = before.len().min(1);
        let plain = [
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
        ];
        before.splice(at..at, plain);
        let (success, output) = self.run(&before, specs)?;
        if !success {
            return Err(io::Error::other("the index could not be compared"));
        }
        let fields = output.split(|&byte| byte == 0);
        Ok(fields.map(<[u8]>::to_vec).collect())
    }

    fn compared(&self, words: &[&str]) -> io::Result<Vec<Vec<u8>>> {
        let mut args = vec!["diff-index", "-z", "--no-renames"];
        args.extend(["--no-ext-diff", "--no-textconv"]);
        args.extend(words);
        let (success, output) = self.runner.run(&args, &[], Vec::new())?;
        if !success {
            return Err(io::Error::other("the index could not be compared"));
        }
        let fields = output.split(|&byte| byte == 0);
        Ok(fields.map(<[u8]>::to_vec).collect())
    }

    /// Returns the tree of a commit: by its name where git knows it, else of the branch of the one remote that has it.
    pub(super) fn tree_of(&self, name: &str) -> io::Result<Option<String>> {
        let verify = |name: &str| {
            let tree = format!("{name}^{{tree}}");
            let args = ["rev-parse", "--verify", "--quiet", &tree];
            let (known, output) = self.runner.run(&args, &[], Vec::new())?;
            let id = String::from_utf8_lossy(output.trim_ascii()).into_owned();
            Ok::<_, io::Error>(known.then_some(id))
        };
        if let Some(id) = verify(name)? {
            return Ok(Some(id));
        }
        let pattern = format!("refs/remotes/*/{name}");
        let args = ["for-each-ref", "--format=%(tree)", &pattern];
        let (_, output) = self.runner.run(&args, &[], Vec::new())?;
        let text = OsString::from_vec(output);
        let mut lines = text
            .to_string_lossy()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        lines.dedup();
        Ok((lines.len() == 1).then(|| lines.remove(0)))
    }
}
