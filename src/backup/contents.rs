//! Knows backups by what they hold: the same content again costs a hash and a few links, not another copy.
//! It decides nothing about freshness; a backup whose archive is shared is a backup of its own, with its own manifest.

use crate::adapters::regular;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Timespec, Timestamps};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::catalog;
use super::control::Control;
use super::engine::Order;
use super::error::BackupError;
use super::files::{hex, make_folder, write_passing, write_small};
use super::pack::{self, xattrs};
use super::walk::{Chosen, Facts, Item, Limits, Marker, Root, below, walk_chosen};
use crate::model::backup::{Artefact, Entry, Level, Manifest, Marks};

/// Where a backup notes what it holds, for the one that comes after it.
const CONTENT: &str = "metadata/content.json";
/// Where it is noted which backup holds a content.
const INDEX: &str = "contents";
/// Entries whose times are written down; a larger content is copied anew.
const MAX_TIMES: usize = 20_000;
const PIECE: usize = 256 << 10;

/// When an entry was last written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Time {
    #[serde(with = "crate::model::name::path")]
    path: PathBuf,
    seconds: i64,
    nanos: u32,
}

/// A content and its digest: names, modes, owners, attributes and bytes, but no times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    pub marks: Marks,
    digest: String,
    times: Vec<Time>,
}

impl Weighed {
    /// Returns the same with something that the walk does not see.
    pub fn with(mut self, more: &[u8]) -> Self {
        let mut hash = Sha256::new_with_prefix(self.digest.as_bytes());
        hash.update(more);
        self.digest = hex(&hash.finalize());
        self
    }
}

/// What a backup notes about its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    digest: String,
    /// Times of the entries, where the archive is shared with a backup that saw others.
    #[serde(default)]
    times: Vec<Time>,
}

/// Hashes the chosen parts of a tree; nothing where something was written to meanwhile, or cannot be told by its bytes.
///
/// # Errors
/// When a part cannot be looked at.
pub fn weigh(
    root: &Root,
    chosen: &Chosen,
    control: &Control,
) -> Result<Option<Weighed>, BackupError> {
    let mut hash = Sha256::new_with_prefix(b"backstop.content/1\0");
    let mut marker = Marker::default();
    let mut times = Vec::new();
    let mut steady = true;
    walk_chosen(root, chosen, Limits::default(), control, &mut |item| {
        marker.meet(item);
        if !steady {
            return Ok(());
        }
        let facts = &item.facts;
        hash.update((item.path.len() as u64).to_le_bytes());
        hash.update(item.path);
        for number in [facts.mode, facts.uid, facts.gid] {
            hash.update(number.to_le_bytes());
        }
        steady = weigh_item(item, &mut hash, control)? && times.len() < MAX_TIMES;
        if facts.kind() != FileType::Directory {
            times.push(Time {
                path: below(Path::new(""), item.path),
                seconds: facts.mtime.0,
                nanos: facts.mtime.1,
            });
        }
        Ok(())
    })?;
    Ok(steady.then(|| Weighed {
        marks: marker.finish(),
        digest: hex(&hash.finalize()),
        times,
    }))
}

fn weigh_item(item: &Item<'_>, hash: &mut Sha256, control: &Control) -> Result<bool, BackupError> {
    let facts = &item.facts;
    match facts.kind() {
        FileType::Directory => {
            let Some(opened) = item.opened else {
                return Ok(false);
            };
            weigh_attributes(opened, hash);
            Ok(true)
        }
        FileType::Symlink => {
            let link = rustix::fs::readlinkat(item.folder, item.name, Vec::new());
            hash.update(link.map(std::ffi::CString::into_bytes).unwrap_or_default());
            Ok(true)
        }
        // A name among several, a device, a socket: no bytes of its own.
        FileType::RegularFile if facts.links == 1 => {
            let Some((mut file, before)) = pack::open(item)? else {
                return Ok(false);
            };
            weigh_attributes(file.as_fd(), hash);
            hash.update(before.size.to_le_bytes());
            let mut buffer = vec![0; PIECE];
            loop {
                control.check()?;
                let Ok(read) = file.read(&mut buffer) else {
                    return Ok(false);
                };
                if read == 0 {
                    break;
                }
                hash.update(buffer.get(..read).unwrap_or_default());
            }
            let after = rustix::fs::fstat(&file).map(|stat| Facts::of(&stat));
            Ok(before.same_content(facts) && after.is_ok_and(|after| after.same_content(facts)))
        }
        _ => Ok(false),
    }
}

fn weigh_attributes(of: std::os::fd::BorrowedFd<'_>, hash: &mut Sha256) {
    for (name, value) in xattrs(of).unwrap_or_default() {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value);
    }
}

/// Links the artefacts of an intact backup of the same target with the same content into a folder, if there is one.
pub fn again(order: &Order, folder: &Path, weighed: &Weighed) -> Option<(Vec<Artefact>, String)> {
    if order.force {
        return None;
    }
    let note = noted(
        &order.backup_dir,
        &catalog::key_name(&order.target.key()),
        &weighed.digest,
    );
    let donor = catalog::load(&order.backup_dir, regular::text(&note).ok()?.trim()).ok()?;
    let manifest = &donor.manifest;
    let fits = manifest.target == order.target.key()
        && manifest.verification.level >= Level::Readable
        && manifest
            .artefacts
            .iter()
            .all(|one| one.codec == order.codec.name())
        && note_of(&donor.folder)?.digest == weighed.digest;
    if !fits || catalog::intact(&donor, &order.control).is_err() {
        return None;
    }
    let linked = manifest.artefacts.iter().try_for_each(|artefact| {
        let place = folder.join(&artefact.path);
        place.parent().map_or(Ok(()), make_folder)?;
        fs::hard_link(donor.folder.join(&artefact.path), &place)
            .map_err(|error| BackupError::io("link", &place, error))
    });
    if linked.is_err() {
        for artefact in &manifest.artefacts {
            let _ = fs::remove_file(folder.join(&artefact.path));
        }
        return None;
    }
    // A link changes the time of change of the file that both share.
    let _ = catalog::seal(&donor);
    let note = format!("the content is, byte for byte, that of {}", manifest.id);
    Some((manifest.artefacts.clone(), note))
}

/// Notes in the folder of a backup what it holds.
///
/// # Errors
/// When the disk says so.
pub fn put_down(folder: &Path, weighed: &Weighed) -> Result<(), BackupError> {
    let note = Note {
        digest: weighed.digest.clone(),
        times: weighed.times.clone(),
    };
    let text = serde_json::to_vec(&note)
        .map_err(|error| BackupError::Source(format!("cannot write the content: {error}")))?;
    make_folder(&folder.join("metadata"))?;
    write_small(&folder.join(CONTENT), &text)
}

/// Returns the times that this backup saw, where its archive is shared with one that saw others.
pub(super) fn times(entry: &Entry) -> BTreeMap<PathBuf, (i64, u32)> {
    let noted = note_of(&entry.folder).into_iter();
    noted
        .flat_map(|note| note.times)
        .map(|time| (time.path, (time.seconds, time.nanos)))
        .collect()
}

/// Tells whether what stands at a place is, byte for byte and with its times, what the backup holds.
pub(super) fn is_back(entry: &Entry, place: &Path, control: &Control) -> bool {
    let Some(note) = note_of(&entry.folder) else {
        return false;
    };
    let weighed = Root::open(place).and_then(|root| weigh(&root, &Chosen::Whole, control));
    let same_times = |weighed: &Weighed| note.times.is_empty() || note.times == weighed.times;
    matches!(weighed, Ok(Some(weighed)) if weighed.digest == note.digest && same_times(&weighed))
}

/// Notes which backup holds a content now. Losing the note costs a copy, nothing else.
pub fn index(dir: &Path, folder: &Path, manifest: &Manifest) {
    if let Some(note) = note_of(folder) {
        let place = noted(dir, &catalog::key_name(&manifest.target), &note.digest);
        let made = place.parent().map_or(Ok(()), make_folder);
        let _ = made.and_then(|()| write_passing(&place, manifest.id.as_bytes()));
    }
}

fn noted(dir: &Path, key: &str, digest: &str) -> PathBuf {
    dir.join(INDEX).join(key).join(digest)
}

fn note_of(folder: &Path) -> Option<Note> {
    serde_json::from_slice(&regular::read(&folder.join(CONTENT)).ok()?).ok()
}

/// Gives what was unpacked into a scratch folder the times that this backup saw.
///
/// # Errors
/// When a time cannot be set.
pub fn dress(entry: &Entry, scratch: &Path) -> Result<(), BackupError> {
    let Some(note) = note_of(&entry.folder) else {
        return Ok(());
    };
    for time in &note.times {
        let inside = time
            .path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if !inside {
            continue;
        }
        let place = scratch.join(&time.path);
        let when = Timespec {
            tv_sec: time.seconds,
            tv_nsec: time.nanos.into(),
        };
        let times = Timestamps {
            last_access: when,
            last_modification: when,
        };
        let set = rustix::fs::utimensat(rustix::fs::CWD, &place, &times, AtFlags::SYMLINK_NOFOLLOW);
        match set {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(BackupError::io("set the times of", &place, error.into())),
        }
    }
    Ok(())
}
