//! What an index or a range of commits changes: files with the lines that are new in them, and what is deleted.
//! It reads objects, never the work tree, and judges nothing.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffTag};

use crate::model::finding::Severity;
use crate::model::rule::RuleBook;
use crate::model::scanned::{Note, Remark};
use crate::scan::{self, kinds, place, remarks, removals};

use super::git::{Git, GitError, Object, Objects};
use super::{Content, File, LineRanges};

/// Time for comparing one file with its old content; what is not compared by then counts as new.
const COMPARE: Duration = Duration::from_secs(2);

/// Every line.
pub const EVERY_LINE: (usize, usize) = (1, usize::MAX);

/// Which changes are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The index against HEAD.
    Staged,
    /// From a commit to another; an id of zeros only is the empty tree.
    Range { from: String, to: String },
}

/// What is changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Files of a kind that is judged.
    pub files: Vec<File>,
    pub deleted: Vec<String>,
    /// Old and new path of what was renamed.
    pub moved: Vec<(String, String)>,
    pub notes: Vec<Note>,
    /// Everything that was looked at.
    pub seen: usize,
}

impl Changes {
    /// Returns a remark for each backup and each file of backstop's own that is deleted.
    pub fn removals(&self, rules: &dyn RuleBook) -> Vec<Remark> {
        let away = |(from, to): &(String, String)| {
            let own = |path: &str| removals::rule(path) == Some(removals::OWN);
            (own(from) && !own(to)).then(|| from.clone())
        };
        let moved = self.moved.iter().filter_map(away);
        let gone = self.deleted.iter().cloned().chain(moved);
        gone.filter_map(|path| {
            let id = removals::rule(&path)?;
            let rule = rules.rule(id);
            let severity = rule.map_or(Severity::High, |rule| rule.severity);
            let what = if id == removals::OWN {
                "a file of backstop's own"
            } else {
                "a backup"
            };
            let mut remark =
                remarks::of_file(&path, id, severity, format!("deletes {what}, {path}"));
            remark.instead = rule.map(|rule| rule.instead.to_owned());
            Some(remark)
        })
        .collect()
    }
}

/// A repository whose changes are read.
#[derive(Debug)]
pub struct Repository {
    git: Git,
    objects: Mutex<Option<Objects>>,
    which: Which,
}

/// One line of `git diff --raw`.
struct Change {
    old_mode: String,
    new_mode: String,
    old: String,
    new: String,
    status: char,
    from: String,
    path: String,
}

impl Repository {
    /// Opens the repository that `folder`, or the environment of a hook, names.
    ///
    /// # Errors
    /// Without git.
    pub fn open(folder: &Path, tool_dirs: &[PathBuf], which: Which) -> Result<Self, GitError> {
        Ok(Self {
            git: Git::find(folder, tool_dirs, true)?,
            objects: Mutex::new(None),
            which,
        })
    }

    /// Returns the top of the work tree; nothing in a bare repository.
    pub fn top(&self) -> Option<PathBuf> {
        let output = self.git.run(&["rev-parse", "--show-toplevel"]).ok()?;
        let text = String::from_utf8(output).ok()?;
        let top = text.trim_end_matches('\n');
        (!top.is_empty()).then(|| PathBuf::from(top))
    }

    /// Reads what is changed.
    ///
    /// # Errors
    /// When git does not answer.
    pub fn changes(&self) -> Result<Changes, GitError> {
        let mut all = Changes::default();
        let list = self.list()?;
        for change in list {
            all.seen += 1;
            if change.status == 'D' {
                all.deleted.push(change.path);
                continue;
            }
            if change.status == 'R' {
                all.moved.push((change.from.clone(), change.path.clone()));
            }
            self.file(change, &mut all)?;
        }
        Ok(all)
    }

    /// Returns the content of a file as it is after the changes, for what another file runs.
    pub fn content(&self, path: &str) -> Option<Vec<u8>> {
        let name = match &self.which {
            Which::Staged => format!(":{path}"),
            Which::Range { to, .. } => format!("{to}:{path}"),
        };
        match self.object(&name) {
            Ok(Object::Blob(bytes)) => Some(bytes),
            Ok(Object::TooLarge(_) | Object::None) | Err(_) => None,
        }
    }

    fn object(&self, name: &str) -> Result<Object, GitError> {
        let Ok(mut objects) = self.objects.lock() else {
            return Ok(Object::None);
        };
        if objects.is_none() {
            *objects = Some(self.git.objects()?);
        }
        objects
            .as_mut()
            .map_or(Ok(Object::None), |objects| objects.get(name))
    }

    fn list(&self) -> Result<Vec<Change>, GitError> {
        let mut args = vec![
            "diff",
            "--raw",
            "-z",
            "--no-abbrev",
            "-M",
            "-l400",
            "--no-relative",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=all",
        ];
        let output = match &self.which {
            Which::Staged => {
                args.push("--cached");
                self.git.run(&args)?
            }
            Which::Range { from, to } if is_zeros(from) => {
                let empty = empty_tree(from.len());
                args.extend(["--end-of-options", empty, to, "--"]);
                self.git.run(&args)?
            }
            Which::Range { from, to } => {
                let three = format!("{from}...{to}");
                let mut since = args.clone();
                since.extend(["--end-of-options", &three, "--"]);
                match self.git.run(&since) {
                    Ok(output) => output,
                    // Without a common ancestor (a shallow clone, unrelated histories): one end against the other.
                    Err(GitError::Said(why)) if why.contains("merge base") => {
                        args.extend(["--end-of-options", from, to, "--"]);
                        self.git.run(&args)?
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        Ok(raw(&output))
    }

    fn file(&self, change: Change, all: &mut Changes) -> Result<(), GitError> {
        let is_file = |mode: &str| mode.starts_with("100");
        let intended = is_zeros(&change.new);
        if !is_file(&change.new_mode) || intended || kinds::guess(&change.path) == kinds::Guess::No
        {
            return Ok(());
        }
        let bytes = match self.object(&change.new)? {
            Object::Blob(bytes) => bytes,
            Object::TooLarge(size) => {
                all.files.push(File {
                    path: change.path,
                    content: Content::TooLarge(size),
                    added: Some(vec![EVERY_LINE]),
                });
                return Ok(());
            }
            Object::None => {
                all.notes.push(missing(&change.path));
                return Ok(());
            }
        };
        if !judged(&change.path, &bytes) {
            return Ok(());
        }
        let existed = is_file(&change.old_mode) && !is_zeros(&change.old);
        let added = if existed && scan::same_role(&change.from, &change.path) {
            self.added(&change, &bytes)?
        } else {
            vec![EVERY_LINE]
        };
        if !added.is_empty() {
            all.files.push(File {
                path: change.path,
                content: Content::Bytes(bytes),
                added: Some(added),
            });
        }
        Ok(())
    }

    fn added(&self, change: &Change, new: &[u8]) -> Result<LineRanges, GitError> {
        if change.old == change.new {
            return Ok(Vec::new());
        }
        let Object::Blob(old) = self.object(&change.old)? else {
            return Ok(vec![EVERY_LINE]);
        };
        Ok(match (place::decode(&old), place::decode(new)) {
            (Some(old), Some(new)) => added_lines(&old, &new),
            _ => vec![EVERY_LINE],
        })
    }
}

/// Tells whether a file with this name and content is cut into units, without cutting it.
fn judged(path: &str, bytes: &[u8]) -> bool {
    place::decode(bytes).is_some_and(|text| kinds::recognise(path, &text).is_some())
}

fn missing(path: &str) -> Note {
    Note {
        name: "scan.unreadable".to_owned(),
        file: path.to_owned(),
        line: 0,
        column: 0,
        text: "its content is not in this clone; it was not judged".to_owned(),
    }
}

/// Returns the ranges of lines of `new` that `old` does not have at their place.
pub fn added_lines(old: &str, new: &str) -> LineRanges {
    let old: Vec<&str> = old.split('\n').collect();
    let new: Vec<&str> = new.split('\n').collect();
    let ops = similar::capture_diff_slices_deadline(
        Algorithm::Myers,
        &old,
        &new,
        Some(Instant::now() + COMPARE),
    );
    ops.iter()
        .filter(|op| matches!(op.tag(), DiffTag::Insert | DiffTag::Replace))
        .map(|op| op.new_range())
        .filter(|range| !range.is_empty())
        .map(|range| (range.start + 1, range.end))
        .collect()
}

/// Tells whether an object id stands for nothing, in SHA-1 and in SHA-256 repositories.
pub fn is_zeros(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte == b'0')
}

/// The id of the empty tree, in the hash of ids of this length.
const fn empty_tree(length: usize) -> &'static str {
    if length > 40 {
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    } else {
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    }
}

fn raw(output: &[u8]) -> Vec<Change> {
    let mut all = Vec::new();
    let mut fields = output
        .split(|byte| *byte == 0)
        .map(|field| String::from_utf8_lossy(field).into_owned());
    while let Some(head) = fields.next().filter(|head| head.starts_with(':')) {
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, status] = words.as_slice() else {
            break;
        };
        let Some(from) = fields.next() else { break };
        let status = status.chars().next().unwrap_or('X');
        let path = if matches!(status, 'R' | 'C') {
            fields.next().unwrap_or_default()
        } else {
            from.clone()
        };
        all.push(Change {
            old_mode: (*old_mode).to_owned(),
            new_mode: (*new_mode).to_owned(),
            old: (*old).to_owned(),
            new: (*new).to_owned(),
            status,
            from,
            path,
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_were_not_there_are_added() {
        assert_eq!(added_lines("a\nb\n", "a\nx\nb\ny\n"), [(2, 2), (4, 4)]);
        assert_eq!(added_lines("a\nb", "a"), []);
        assert_eq!(added_lines("a\nb", "a\nc"), [(2, 2)]);
    }

    #[test]
    fn renames_and_deletions_are_read_from_raw_lines() {
        let text = b":100644 000000 1111 0000 D\0gone.sql\0:100644 100644 1111 2222 R080\0a b.sql\0c.sql\0";
        let all = raw(text);
        assert_eq!((all[0].status, all[0].path.as_str()), ('D', "gone.sql"));
        assert_eq!(
            (all[1].from.as_str(), all[1].path.as_str()),
            ("a b.sql", "c.sql")
        );
    }
}
