//! The small files of a git backup: the list of refs, and the reflogs as they were.
//! The objects themselves are in the store.

use crate::adapters::regular;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::store::{Kept, Store};
use crate::backup::error::BackupError;
use crate::backup::files::{hex, make_folder, write_small};
use crate::model::backup::{Artefact, Content, Entry, Marks};
use crate::model::database::Identity;

/// Objects and names, one ref a line.
pub const REFS: &str = "files/refs.txt";
/// Every reflog: a line `== NAME`, then its lines.
pub const LOGS: &str = "files/reflogs.txt";
/// Most refs that the manifest lists one by one.
const LISTED: usize = 10_000;
/// Largest list that is read back.
const MAX_TEXT: u64 = 256 << 20;

/// What was put into a store, before it is written down.
#[derive(Debug)]
pub struct Taken {
    pub store: Store,
    pub kept: Kept,
    pub identity: Identity,
    pub marks: Marks,
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
    pub recovery: Vec<String>,
    pub same_disk: bool,
}

/// Writes the lists into the backup's folder.
pub fn write(folder: &Path, taken: &Taken) -> Result<Vec<Artefact>, BackupError> {
    make_folder(&folder.join("files"))?;
    let mut text = String::new();
    for (name, oid) in &taken.kept.refs {
        text.push_str(&format!("{oid} {name}\n"));
    }
    for (name, to) in &taken.kept.symbolic {
        text.push_str(&format!("ref:{to} {name}\n"));
    }
    for object in &taken.kept.threatened {
        text.push_str(&format!("for: {}\n", object.replace('\n', " ")));
    }
    let contents = taken.kept.refs.keys().take(LISTED).map(|name| Content {
        kind: "ref".to_owned(),
        name: name.clone(),
        count: None,
    });
    let mut refs = plain(folder, REFS, "refs", text.as_bytes())?;
    refs.contents = contents.collect();
    refs.contents_total = taken.kept.refs.len() as u64;
    let mut all = vec![refs];
    if !taken.kept.logs.is_empty() {
        let mut bytes = Vec::new();
        for (name, lines) in &taken.kept.logs {
            bytes.extend_from_slice(format!("== {name}\n").as_bytes());
            bytes.extend_from_slice(lines);
            if !lines.ends_with(b"\n") {
                bytes.push(b'\n');
            }
        }
        all.push(plain(folder, LOGS, "reflogs", &bytes)?);
    }
    Ok(all)
}

fn plain(folder: &Path, path: &str, role: &str, bytes: &[u8]) -> Result<Artefact, BackupError> {
    write_small(&folder.join(path), bytes)?;
    Ok(Artefact {
        path: path.to_owned(),
        role: role.to_owned(),
        codec: "none".to_owned(),
        format: "git-refs".to_owned(),
        bytes: bytes.len() as u64,
        sha256: hex(&Sha256::digest(bytes)),
        plain_bytes: bytes.len() as u64,
        contents: Vec::new(),
        contents_total: 0,
    })
}

/// Reads one of the lists back; nothing when the backup has none.
pub fn read(entry: &Entry, path: &str) -> Result<Vec<u8>, BackupError> {
    let listed = entry.manifest.artefacts.iter().any(|one| one.path == path);
    if !listed {
        return Ok(Vec::new());
    }
    let place = entry.folder.join(path);
    let meta = std::fs::symlink_metadata(&place)
        .map_err(|error| BackupError::io("look at", &place, error))?;
    if !meta.is_file() || meta.len() > MAX_TEXT {
        return Err(BackupError::NotIntact(format!("`{path}` is no list")));
    }
    regular::read(&place).map_err(|error| BackupError::io("read", &place, error))
}
