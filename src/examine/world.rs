//! The world of an examined file: nothing is asked but the texts that it runs or feeds to a client.
//! Those come from where the file comes from: the work tree, an index or a commit.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use crate::gather::Elsewhere;
use crate::model::fact::{Answer, Question};
use crate::model::scanned::Report;
use crate::ports::World;
use crate::scan::place::decode;
use crate::scan::{FILE_CAP, kinds};

use super::{Content, File, too_large};

/// Where files are read that an examined one runs.
#[allow(missing_debug_implementations, reason = "a closure has none")]
pub enum Others<'a> {
    /// From the disk.
    Disk,
    /// From an index or a commit: the content of a path relative to the root, or nothing when it is not there.
    Tree(&'a (dyn Fn(&str) -> Option<Vec<u8>> + Sync)),
}

/// Answers for one text.
pub struct Overlay<'a> {
    /// The folder that holds the files.
    pub base: &'a Path,
    /// The folder as the text sees it; differs for a checkout below a temporary directory.
    pub shown: &'a Path,
    /// The examined file itself, as its programs read it.
    pub feed: Option<(PathBuf, &'a str)>,
    pub others: &'a Others<'a>,
    pub deadline: Instant,
}

impl World for Overlay<'_> {
    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Text(path) => self.text(path),
            Question::Variable(_)
            | Question::Entry(_)
            | Question::Tree(_)
            | Question::Members(_)
            | Question::Pages(_)
            | Question::Find { .. }
            | Question::Glob { .. }
            | Question::Git { .. }
            | Question::GitDeed(_)
            | Question::Database(_)
            | Question::Container(_)
            | Question::Clock => Answer::Assumed,
        }
    }

    fn out_of_time(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

impl Overlay<'_> {
    fn text(&self, path: &Path) -> Answer {
        let path = plain(path);
        if let Some((feed, text)) = &self.feed
            && plain(feed) == path
        {
            return answer((*text).to_owned());
        }
        let Ok(inside) = path.strip_prefix(self.shown) else {
            return self.disk(&path);
        };
        match self.others {
            Others::Disk => self.disk(&self.base.join(inside)),
            Others::Tree(read) => inside
                .to_str()
                .and_then(read)
                .map_or(Answer::Absent, |bytes| {
                    decode(&bytes).map_or_else(
                        || Answer::Unknown("it is a compiled program".to_owned()),
                        answer,
                    )
                }),
        }
    }

    fn disk(&self, path: &Path) -> Answer {
        Elsewhere {
            deadline: self.deadline,
        }
        .answer(&Question::Text(path.to_owned()))
    }

    /// Returns another file that the text led to: its path relative to the root, and its text.
    pub fn opened(&self, path: &Path) -> Option<(String, String)> {
        let path = plain(path);
        let inside = path.strip_prefix(self.shown).ok()?.to_str()?.to_owned();
        match self.text(&path) {
            Answer::Text { text, .. } => Some((inside, text)),
            _ => None,
        }
    }
}

fn answer(text: String) -> Answer {
    let sha256 = Sha256::digest(&text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Answer::Text { text, sha256 }
}

/// Takes `.` and `..` out of an absolute path, by its words alone.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Reads a file from the disk: a report in place of the bytes when it is too large or cannot be read, nothing when it is none of ours.
pub fn bytes(path: &Path, file: &File) -> Result<Vec<u8>, Option<Report>> {
    let guess = kinds::guess(&file.path);
    if guess == kinds::Guess::No {
        return Err(None);
    }
    let Content::Disk(_) = &file.content else {
        return Err(None);
    };
    let read = || -> std::io::Result<Result<Vec<u8>, u64>> {
        let stat = path.symlink_metadata()?;
        if !stat.is_file() {
            return Ok(Ok(Vec::new()));
        }
        let cap = u64::try_from(FILE_CAP).unwrap_or(u64::MAX);
        let mut handle = std::fs::File::open(path)?;
        let mut head = Vec::new();
        // Most files without a telling name are none of ours: their first line says so.
        if guess == kinds::Guess::Perhaps && !path_tells(&file.path) {
            (&mut handle).take(2).read_to_end(&mut head)?;
            if head != b"#!" {
                return Ok(Ok(Vec::new()));
            }
        }
        if stat.len() > cap {
            return Ok(Err(stat.len()));
        }
        handle.take(cap + 1).read_to_end(&mut head)?;
        Ok(Ok(head))
    };
    match read() {
        Ok(Ok(bytes)) if bytes.is_empty() => Err(None),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(size)) => Err(Some(too_large(file, size))),
        Err(error) => {
            let note = crate::model::scanned::Note {
                name: "scan.unreadable".to_owned(),
                file: file.path.clone(),
                line: 0,
                column: 0,
                text: format!("this file cannot be read: {error}"),
            };
            Err(Some(Report {
                notes: vec![note],
                ..Report::default()
            }))
        }
    }
}

/// Tells whether the path alone makes a file worth reading to its end.
fn path_tells(path: &str) -> bool {
    kinds::recognise(path, "").is_some() || kinds::is_code(path)
}
