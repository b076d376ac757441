//! Where transcripts are: named files, and every `*.jsonl` below named folders or below Claude Code's own.
//! It opens no transcript.

use std::path::{Path, PathBuf};

use crate::adapters::environment;

/// Folders below one another; Claude Code uses four.
const DEPTH: usize = 32;

/// Transcripts in one run.
const FILES: usize = 200_000;

/// The transcripts of one run.
#[derive(Debug, Default)]
pub struct Found {
    /// In a stable order, each once.
    pub files: Vec<PathBuf>,
    /// Where was looked.
    pub places: Vec<PathBuf>,
    /// Folders that could not be read, with the reason.
    pub troubles: Vec<(PathBuf, String)>,
}

/// Returns the transcripts that are meant.
///
/// # Errors
/// Fails when a named path is not there, and when nothing says where Claude Code keeps them.
pub fn transcripts(named: &[PathBuf]) -> Result<Found, String> {
    let mut found = Found::default();
    if named.is_empty() {
        let folder = own().ok_or("neither `CLAUDE_CONFIG_DIR` nor `HOME` says where transcripts are: name a file or folder")?;
        found.places.push(folder);
    } else {
        found.places = named.to_vec();
    }
    for place in found.places.clone() {
        match std::fs::metadata(&place) {
            Ok(entry) if entry.is_dir() => walk(&place, DEPTH, &mut found),
            Ok(_) => found.files.push(place),
            Err(error) if !named.is_empty() => {
                return Err(format!("`{}` cannot be read: {error}", place.display()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => found.troubles.push((place, error.to_string())),
        }
    }
    found.files.sort();
    found.files.dedup();
    Ok(found)
}

/// `$CLAUDE_CONFIG_DIR/projects`, else `~/.claude/projects`.
fn own() -> Option<PathBuf> {
    environment::claude_config_dir()
        .or_else(|| environment::home().map(|home| home.join(".claude")))
        .map(|dir| dir.join("projects"))
}

/// Collects `*.jsonl`; links to folders are not followed, so there is no circle.
fn walk(dir: &Path, depth: usize, found: &mut Found) {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) if depth > 0 => entries,
        Ok(_) => return found.trouble(dir, "too many folders below one another"),
        Err(error) => return found.trouble(dir, &error.to_string()),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_transcript = path.extension().is_some_and(|end| end == "jsonl");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, depth - 1, found);
        } else if is_transcript && found.files.len() < FILES {
            found.files.push(path);
        } else if is_transcript {
            return found.trouble(
                dir,
                "more transcripts than one run reads: the rest is left out",
            );
        }
    }
}

impl Found {
    fn trouble(&mut self, path: &Path, what: &str) {
        self.troubles.push((path.to_path_buf(), what.to_owned()));
    }
}
