//! What git would do in a repository: where it is, and which of the questions is asked of it.
//! Dry runs and lists only; nothing is written, and nothing that the repository configures is started.

use crate::adapters::regular;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::model::fact::Answer;
use crate::model::git::{GitAbout, GitQuestion};
use crate::model::name;

use super::run::Runner;
use super::walk::Walk;
use super::{LEVELS_MAX, Place, is_git_dir, pointed};

/// Paths of one answer; where more would go, only so many are named.
pub(super) const PATHS_MAX: usize = 4096;

/// Answers what git would do.
pub fn answer(question: &GitQuestion, tool_dirs: &[PathBuf], time: Duration) -> Answer {
    let end = Instant::now() + time;
    let place = match find(question) {
        Ok(Some(place)) => place,
        Ok(None) => {
            return match &question.about {
                // The account's own configuration is read everywhere.
                GitAbout::Alias { name, told } => {
                    alias(&nowhere(&question.dir), name, told, (tool_dirs, end))
                }
                _ => Answer::Absent,
            };
        }
        Err(error) => return Answer::Unknown(error.to_string()),
    };
    if let GitAbout::Alias { name, told } = &question.about {
        return alias(&place, name, told, (tool_dirs, end));
    }
    let Some(runner) = Runner::find(&place.git_dir, &place.root, tool_dirs, end) else {
        return Answer::Unknown("the program git is not in a system folder".to_owned());
    };
    let asked = Asked {
        place: &place,
        runner: &runner,
        dir: &question.dir,
    };
    let said = match &question.about {
        GitAbout::Refs { steps, judged } => Walk::over(&place, &runner)
            .and_then(|mut walk| walk.through(steps, *judged))
            .map(Answer::Refs),
        GitAbout::Clean(words) => asked.clean(words).map(Answer::Glob),
        GitAbout::Over { commit, specs } => asked.over(commit, specs).map(Answer::Glob),
        GitAbout::OverIgnored { commit, since } => {
            asked.over_ignored(commit, since).map(Answer::Glob)
        }
        GitAbout::Edited(specs) => asked.edited(specs).map(Answer::Glob),
        GitAbout::Stopped(operation) => asked.stopped(*operation).map(Answer::Glob),
        GitAbout::Pushed(push) => asked.pushed(push).map(Answer::Glob),
        GitAbout::Tracked(specs) => asked.tracked(specs).map(Answer::Glob),
        GitAbout::Listed(words) => asked.listed(words).map(Answer::Glob),
        GitAbout::Unreachable { logs } => asked.unreachable(*logs).map(Answer::Glob),
        GitAbout::Alias { .. } => return Answer::Absent,
    };
    said.unwrap_or_else(|error| {
        Answer::Unknown(format!("git in `{}`: {error}", place.root.display()))
    })
}

/// Stands for the repository where there is none.
fn nowhere(dir: &Path) -> Place {
    let none = PathBuf::from("/dev/null");
    Place {
        root: dir.to_path_buf(),
        common: none.clone(),
        git_dir: none,
    }
}

/// Returns what an alias stands for: git itself reads its configuration, with all that it includes.
fn alias(
    place: &Place,
    name: &str,
    told: &[(String, String)],
    (tool_dirs, end): (&[PathBuf], Instant),
) -> Answer {
    let Some(runner) = Runner::find(&place.git_dir, &place.root, tool_dirs, end) else {
        return Answer::Unknown("the program git is not in a system folder".to_owned());
    };
    match runner.setting(&format!("alias.{name}"), told) {
        Ok(Some(value)) => Answer::Variable(value),
        Ok(None) => Answer::Absent,
        Err(error) => Answer::Unknown(error.to_string()),
    }
}

/// Finds the repository that git would work on, bare ones too; one that is there and cannot be read is an error.
fn find(question: &GitQuestion) -> io::Result<Option<Place>> {
    let start = question
        .dir
        .ancestors()
        .take(LEVELS_MAX)
        .find_map(|dir| std::fs::canonicalize(dir).ok());
    let Some(start) = start else {
        return Ok(None);
    };
    if let Some(named) = &question.git_dir {
        let Ok(git_dir) = std::fs::canonicalize(named) else {
            return unreadable(named).map_or(Ok(None), Err);
        };
        return Ok(is_git_dir(&git_dir).then(|| place(&start, git_dir)));
    }
    for root in start.ancestors().take(LEVELS_MAX) {
        let dot = root.join(".git");
        if is_git_dir(&dot) {
            return Ok(Some(place(root, dot)));
        }
        if let Some(elsewhere) = pointed(&dot, root) {
            return Ok(Some(place(root, elsewhere)));
        }
        if let Some(error) = unreadable(&dot) {
            return Err(error);
        }
        if is_git_dir(root) {
            return Ok(Some(place(root, root.to_path_buf())));
        }
    }
    Ok(None)
}

/// Tells why a path cannot be looked at, when something may be there.
fn unreadable(path: &Path) -> Option<io::Error> {
    let error = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => std::fs::read_dir(path).err()?,
        Ok(_) => std::fs::File::open(path).err()?,
        Err(error) => error,
    };
    let gone = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    );
    (!gone).then_some(error)
}

fn place(root: &Path, git_dir: PathBuf) -> Place {
    let common = regular::text(&git_dir.join("commondir")).map_or_else(
        |_| git_dir.clone(),
        |text| git_dir.join(text.trim_end_matches('\n')),
    );
    Place {
        root: root.to_path_buf(),
        common: common.canonicalize().unwrap_or(common),
        git_dir,
    }
}

/// One question while it is answered.
pub(super) struct Asked<'a> {
    pub(super) place: &'a Place,
    pub(super) runner: &'a Runner,
    dir: &'a Path,
}

impl Asked<'_> {
    pub(super) fn run(&self, before: &[&str], words: &[String]) -> io::Result<(bool, Vec<u8>)> {
        let mut args: Vec<OsString> = before.iter().map(OsString::from).collect();
        let real = |word: &String| name::real(Path::new(word)).into_owned().into_os_string();
        args.extend(words.iter().map(real));
        self.runner.run_in(self.dir, &args, Vec::new())
    }

    /// Returns what a dry run of `git clean` names.
    fn clean(&self, words: &[String]) -> io::Result<Vec<PathBuf>> {
        let before = ["-c", "core.quotePath=false", "clean", "-n"];
        let (success, output) = self.run(&before, words)?;
        if !success {
            return Err(io::Error::other("the dry run of `git clean` failed"));
        }
        let lines = output.split(|&byte| byte == b'\n');
        let named = lines.filter_map(|line| line.strip_prefix(b"Would remove "));
        Ok(named
            .take(PATHS_MAX)
            .map(|name| self.absolute(&unquoted(name)))
            .collect())
    }

    fn absolute(&self, name: &[u8]) -> PathBuf {
        let plain = name.strip_suffix(b"/").unwrap_or(name);
        self.dir.join(OsString::from_vec(plain.to_vec()))
    }

    /// Returns tracked files that pathspecs name.
    fn tracked(&self, specs: &[String]) -> io::Result<Vec<PathBuf>> {
        let before = ["ls-files", "-z", "--cached", "--"];
        let (success, output) = self.run(&before, specs)?;
        if !success {
            return Err(io::Error::other("tracked files could not be listed"));
        }
        let names = output
            .split(|&byte| byte == 0)
            .filter(|name| !name.is_empty());
        let mut all: Vec<PathBuf> = names
            .take(PATHS_MAX)
            .map(|name| self.absolute(name))
            .collect();
        all.dedup();
        Ok(all)
    }

    /// Returns what `git ls-files` names: the index alone and names in the work tree, no content.
    fn listed(&self, words: &[String]) -> io::Result<Vec<PathBuf>> {
        let (success, output) = self.run(&["ls-files", "-z"], words)?;
        if !success {
            return Err(io::Error::other("files could not be listed"));
        }
        let names = output.split(|&byte| byte == 0);
        let names = names.filter(|name| !name.is_empty());
        Ok(names
            .take(PATHS_MAX)
            .map(|name| self.absolute(name))
            .collect())
    }

    /// Returns files in the way of a commit's tree that are in no index, and hold something else.
    pub(super) fn over(&self, commit: &str, specs: &[String]) -> io::Result<Vec<PathBuf>> {
        if commit.starts_with('-') {
            return Err(io::Error::other("a commit cannot begin with a dash"));
        }
        let Some(tree) = self.tree_of(commit)? else {
            return Ok(Vec::new());
        };
        let before = [
            "diff-index",
            "--cached",
            "--raw",
            "-z",
            "--diff-filter=D",
            "--no-renames",
            "--no-abbrev",
            "--no-ext-diff",
            "--no-textconv",
            &tree,
            "--",
        ];
        let (success, output) = self.run(&before, specs)?;
        if !success {
            return Err(io::Error::other("the commit's tree could not be compared"));
        }
        let fields: Vec<&[u8]> = output.split(|&byte| byte == 0).collect();
        let mut found = Vec::new();
        for pair in fields.chunks_exact(2) {
            let [head, name] = pair else {
                continue;
            };
            if let Some(way) = self.in_the_way(head, name)
                && found.last() != Some(&way)
            {
                found.push(way);
            }
            if found.len() >= PATHS_MAX {
                break;
            }
        }
        Ok(found)
    }

    /// Returns what stands where a file of the tree would go; nothing where that is the same, or nothing.
    pub(super) fn in_the_way(&self, head: &[u8], name: &[u8]) -> Option<PathBuf> {
        let path = self.place.root.join(OsString::from_vec(name.to_vec()));
        let meta = match path.symlink_metadata() {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                let mut above = path.ancestors().skip(1).take(LEVELS_MAX);
                return above
                    .find(|path| path.symlink_metadata().is_ok_and(|meta| !meta.is_dir()))
                    .map(Path::to_path_buf);
            }
            Err(_) => return None,
        };
        let mut words = head.split(|&byte| byte == b' ');
        let (mode, id) = (words.next()?.strip_prefix(b":")?, words.nth(1)?);
        if mode == b"160000" {
            return None;
        }
        if meta.is_dir() {
            let holds = std::fs::read_dir(&path).map_or(true, |mut list| list.next().is_some());
            return holds.then_some(path);
        }
        if !meta.is_file() || !mode.starts_with(b"100") || name.contains(&b'\n') {
            return Some(path);
        }
        let text = [path.as_os_str().as_bytes(), b"\n"].concat();
        let args = ["hash-object", "--no-filters", "--stdin-paths"];
        let (success, output) = self.runner.run(&args, &[], text).ok()?;
        let same = success && output.trim_ascii_end() == id;
        (!same).then_some(path)
    }

    /// Tells whether this repository is set to empty its reflogs at once.
    fn forgets_logs(&self) -> io::Result<bool> {
        let args = ["config", "--get-regexp", "^gc\\.(.*\\.)?reflogexpire"];
        let (_, output) = self.runner.run(&args, &[], Vec::new())?;
        let text = String::from_utf8_lossy(&output);
        let at_once = |line: &str| matches!(line.split(' ').nth(1), Some("now" | "all" | "0"));
        Ok(text.lines().any(at_once))
    }

    /// Returns objects that no ref, no index and no reflog leads to, as paths of their names.
    fn unreachable(&self, logs: bool) -> io::Result<Vec<PathBuf>> {
        let mut args = vec![
            "fsck",
            "--unreachable",
            "--connectivity-only",
            "--no-progress",
            "--no-dangling",
        ];
        if logs || self.forgets_logs()? {
            args.push("--no-reflogs");
        }
        let (success, output) = self.runner.run(&args, &[], Vec::new())?;
        if !success {
            return Err(io::Error::other("`git fsck` did not come to its end"));
        }
        let lines = output.split(|&byte| byte == b'\n');
        let named = lines.filter_map(|line| line.strip_prefix(b"unreachable "));
        Ok(named
            .take(PATHS_MAX)
            .map(|name| PathBuf::from(OsString::from_vec(name.to_vec())))
            .collect())
    }
}

/// Undoes the quotes that git puts around odd names.
fn unquoted(name: &[u8]) -> Vec<u8> {
    let Some(inner) = name
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
    else {
        return name.to_vec();
    };
    let mut all = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            all.push(byte);
            continue;
        }
        all.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'v') => 11,
            Some(b'f') => 12,
            Some(first @ b'0'..=b'7') => {
                let digit = |byte: Option<u8>| byte.unwrap_or(b'0').wrapping_sub(b'0') & 7;
                let (one, two, three) =
                    (digit(Some(first)), digit(rest.next()), digit(rest.next()));
                (one << 6) | (two << 3) | three
            }
            Some(other) => other,
            None => b'\\',
        });
    }
    all
}
