//! Lists the files below a path: as git sees them in a repository, else by walking.
//! It opens none of them.

use std::path::{Path, PathBuf};

use crate::model::scanned::Note;

use super::git::Git;
use super::{Content, File};

/// Folders inside folders.
const DEPTH: usize = 64;

/// Files below one path; a larger tree is told by a note.
const FILES: usize = 1_000_000;

/// Folders that hold no files of the project.
const SKIPPED: [&str; 7] = [
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "node_modules",
    ".venv",
    "__pycache__",
];

/// What stands below a path.
#[derive(Debug, Default)]
pub struct Found {
    pub files: Vec<File>,
    pub notes: Vec<Note>,
}

/// Lists a file, or the files below a folder, with paths relative to `root`.
///
/// # Errors
/// When the path itself cannot be read.
pub fn list(root: &Path, path: &Path, tool_dirs: &[PathBuf]) -> std::io::Result<Found> {
    let mut found = Found::default();
    let stat = path.metadata()?;
    if !stat.is_dir() {
        found.push(root, path.to_path_buf());
        return Ok(found);
    }
    match of_git(path, tool_dirs) {
        Some(names) if !names.is_empty() => {
            for name in names {
                let file = path.join(&name);
                if name.ends_with('/') || file.symlink_metadata().is_ok_and(|stat| stat.is_dir()) {
                    found.notes.push(submodule(root, &file));
                } else {
                    found.push(root, file);
                }
            }
        }
        _ => walk(root, path, 0, &mut found)?,
    }
    Ok(found)
}

impl Found {
    fn push(&mut self, root: &Path, path: PathBuf) {
        self.files.push(File {
            path: relative(root, &path),
            content: Content::Disk(path),
            added: None,
        });
    }
}

/// Returns a path relative to the root, parted by `/`.
pub fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    inside.to_string_lossy().into_owned()
}

fn submodule(root: &Path, path: &Path) -> Note {
    Note {
        name: "scan.submodule".to_owned(),
        file: relative(root, path),
        line: 0,
        column: 0,
        text: "a repository of its own; it was not looked into".to_owned(),
    }
}

/// Returns the tracked and the new files below a folder, ignored ones left out; nothing outside a repository.
fn of_git(folder: &Path, tool_dirs: &[PathBuf]) -> Option<Vec<String>> {
    let inside = folder
        .ancestors()
        .take(DEPTH)
        .any(|dir| dir.join(".git").symlink_metadata().is_ok());
    if !inside {
        return None;
    }
    let git = Git::find(folder, tool_dirs, false).ok()?;
    let output = git
        .run(&[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        ])
        .ok()?;
    let mut names: Vec<String> = output
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    names.sort();
    names.dedup();
    // Tracked files that are deleted in the work tree are not there to be read.
    names.retain(|name| folder.join(name).symlink_metadata().is_ok());
    Some(names)
}

fn walk(root: &Path, folder: &Path, depth: usize, found: &mut Found) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let name = entry.file_name();
        if kind.is_file() && found.files.len() < FILES {
            found.push(root, entry.path());
        } else if kind.is_dir()
            && depth < DEPTH
            && !SKIPPED.iter().any(|skipped| name == *skipped)
            && let Err(error) = walk(root, &entry.path(), depth + 1, found)
        {
            found.notes.push(Note {
                name: "scan.unreadable".to_owned(),
                file: relative(root, &entry.path()),
                line: 0,
                column: 0,
                text: format!("this folder cannot be read: {error}"),
            });
        }
    }
    Ok(())
}
