//! Finds backups on disk: all of them, one by its id, the newest of a target through a small index.
//! It reads manifests and stats artefacts; it neither makes nor judges backups.

use crate::adapters::regular;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::control::Control;
use super::error::BackupError;
use super::files::{hex, make_folder, sync_folder, write_small};
use super::pipeline::digest_artefact;
use crate::model::backup::{Entry, Freshness, Level, Manifest, Marks};
use crate::model::database::Identity;
use crate::model::policy::BackupNeed;
use crate::model::target::TargetKey;
use crate::plan::coverage;

/// Where the manifest stands in a backup's folder.
pub const MANIFEST: &str = "metadata/manifest.json";
const SEALS: &str = "metadata/seals.json";
const INDEX: &str = "index";
/// Where it is noted which backups of a target are from before its last change.
const BEFORE: &str = "before";
/// Beginning of the name of a folder that is being filled.
pub const PARTIAL: &str = ".partial-";
/// Beginning of the name of a folder that a crash left.
pub const ASIDE: &str = ".aside-";
/// Largest manifest that is read.
const MAX_MANIFEST: u64 = 64 << 20;
/// Most backups of one target that a lookup reads.
const MAX_NEWEST: usize = 16;

/// Everything that lies in a folder of backups.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// What crashes left; never counted, never removed by itself.
    pub aside: Vec<PathBuf>,
    /// Being made right now.
    pub running: Vec<PathBuf>,
    /// Folders that look like backups and cannot be read, with the reason.
    pub broken: Vec<(PathBuf, String)>,
}

/// Returns the name under which a target's things are filed.
pub fn key_name(key: &TargetKey) -> String {
    let mut hash = Sha256::new_with_prefix(b"backstop.target/1\0");
    hash.update(key.kind.name());
    hash.update([0]);
    hash.update(&key.locator);
    hex(&hash.finalize())
}

/// Tells whether a name is that of a finished backup.
pub fn is_backup_name(name: &str) -> bool {
    !name.starts_with('.') && time_of(name).is_some()
}

/// Returns the time part of a backup's id; ids sort by it.
fn time_of(id: &str) -> Option<&str> {
    let (_, rest) = id.split_once("-backup-")?;
    let time = rest.get(..15)?;
    let form = time.bytes().enumerate().all(|(at, byte)| {
        if at == 8 {
            byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    });
    form.then_some(time)
}

/// Reads the whole folder of backups; a missing folder holds none.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(dir: &Path) -> Result<Shelf, BackupError> {
    let mut shelf = Shelf::default();
    for name in names(dir)? {
        let path = dir.join(&name);
        if name.starts_with(ASIDE) {
            shelf.aside.push(path);
        } else if name.starts_with(PARTIAL) {
            if left_by_a_crash(&path).is_some() {
                shelf.aside.push(path);
            } else {
                shelf.running.push(path);
            }
        } else if is_backup_name(&name) {
            match load(dir, &name) {
                Ok(entry) => shelf.entries.push(entry),
                Err(BackupError::NotFound(_)) => {
                    let why =
                        format!("`{MANIFEST}` is missing, so that nothing says what it holds");
                    shelf.broken.push((path, why));
                }
                Err(error) => shelf.broken.push((path, error.to_string())),
            }
        }
    }
    shelf.entries.sort_by(|one, other| {
        let key = |entry: &Entry| {
            (
                entry.manifest.snapshot_at.clone(),
                entry.manifest.id.clone(),
            )
        };
        key(other).cmp(&key(one))
    });
    Ok(shelf)
}

fn names(dir: &Path) -> Result<Vec<String>, BackupError> {
    let listing = match fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::io("list", dir, error)),
    };
    let mut names: Vec<String> = listing
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// Reads one backup by its id.
///
/// # Errors
/// `NotFound`, or `NotIntact` when the manifest cannot be read or is another's.
pub fn load(dir: &Path, id: &str) -> Result<Entry, BackupError> {
    if !is_backup_name(id) || id.contains('/') {
        return Err(BackupError::NotFound(format!(
            "`{id}` is no id of a backup"
        )));
    }
    let folder = dir.join(id);
    let place = folder.join(MANIFEST);
    let meta = fs::symlink_metadata(&place)
        .map_err(|_| BackupError::NotFound(format!("there is no backup `{id}`")))?;
    if !meta.is_file() || meta.len() > MAX_MANIFEST {
        return Err(BackupError::NotIntact(
            "its manifest is no ordinary file".into(),
        ));
    }
    let bytes = regular::read(&place).map_err(|error| BackupError::io("read", &place, error))?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| BackupError::NotIntact(format!("its manifest cannot be read: {error}")))?;
    if manifest.format != 1 || manifest.id != id {
        return Err(BackupError::NotIntact(format!(
            "its manifest is that of `{}`, format {}",
            manifest.id, manifest.format
        )));
    }
    Ok(Entry { folder, manifest })
}

/// Finds a backup by its whole id or by an end or beginning of it that fits only one.
///
/// # Errors
/// `NotFound` when none or several fit.
pub fn find(dir: &Path, word: &str) -> Result<Entry, BackupError> {
    if is_backup_name(word) && dir.join(word).is_dir() {
        return load(dir, word);
    }
    let fits: Vec<String> = names(dir)?
        .into_iter()
        .filter(|name| is_backup_name(name) && (name.ends_with(word) || name.starts_with(word)))
        .collect();
    match fits.as_slice() {
        [one] => load(dir, one),
        [] => Err(BackupError::NotFound(format!(
            "there is no backup `{word}`"
        ))),
        several => Err(BackupError::NotFound(format!(
            "`{word}` fits {} backups, among them `{}`",
            several.len(),
            several.first().map_or("", String::as_str)
        ))),
    }
}

/// Returns the backups of a target, newest first, each read only when it is asked for, that are whole as far as a stat can say.
///
/// # Errors
/// When the index cannot be read.
pub fn newest(
    dir: &Path,
    key: &TargetKey,
) -> Result<impl Iterator<Item = Entry> + use<>, BackupError> {
    if !dir.join(INDEX).is_dir() && dir.is_dir() {
        reindex(dir)?;
    }
    let mut ids = names(&dir.join(INDEX).join(key_name(key)))?;
    // Names tell seconds; of two in the same one the note of the later backup is the younger file.
    let noted = |id: &str| {
        let note = dir.join(INDEX).join(key_name(key)).join(id);
        fs::metadata(note).and_then(|meta| meta.modified()).ok()
    };
    ids.sort_by(|one, other| {
        time_of(other)
            .cmp(&time_of(one))
            .then_with(|| noted(other).cmp(&noted(one)))
            .then_with(|| other.cmp(one))
    });
    let (dir, key) = (dir.to_path_buf(), key.clone());
    Ok(ids
        .into_iter()
        .filter_map(move |id| load(&dir, &id).ok())
        .filter(move |entry| entry.manifest.target == key && is_present(entry))
        .take(MAX_NEWEST))
}

/// Returns the newest backups of a target, newest first.
///
/// # Errors
/// When the index cannot be read.
pub fn newest_for(dir: &Path, key: &TargetKey) -> Result<Vec<Entry>, BackupError> {
    let mut entries: Vec<Entry> = newest(dir, key)?.collect();
    entries.sort_by(|one, other| other.manifest.snapshot_at.cmp(&one.manifest.snapshot_at));
    Ok(entries)
}

/// Finds the backup that counts for a need and was not touched since it was verified, else the one that comes nearest.
///
/// # Errors
/// When the index cannot be read.
pub fn evidence(
    dir: &Path,
    need: &BackupNeed,
    identity_now: Option<&Identity>,
    marks_now: Option<&Marks>,
    control: &Control,
) -> Result<(Option<Entry>, Freshness), BackupError> {
    let now = jiff::Timestamp::now();
    let mut nearest = (None, Freshness::Missing);
    let before = from_before(dir, &need.target.key());
    for entry in newest(dir, &need.target.key())? {
        let mut found = coverage::freshness(&entry, need, identity_now, marks_now, now);
        if found == Freshness::Fresh && before.contains(&entry.manifest.id) {
            found = Freshness::Changed("it is from before a loss or a restore".to_owned());
        }
        if found == Freshness::Fresh {
            match intact(&entry, control) {
                Ok(()) => return Ok((Some(entry), found)),
                Err(_) => found = Freshness::Unverified(Level::None),
            }
        }
        if coverage::rank(&found) > coverage::rank(&nearest.1) {
            nearest = (Some(entry), found);
        }
    }
    Ok(nearest)
}

fn is_present(entry: &Entry) -> bool {
    entry.manifest.artefacts.iter().all(|artefact| {
        fs::symlink_metadata(entry.folder.join(&artefact.path))
            .is_ok_and(|meta| meta.is_file() && meta.len() == artefact.bytes)
    })
}

/// Notes a backup down in the index, before its folder gets its name: a dangling note is harmless, a missing one is not.
///
/// # Errors
/// When the disk says so.
pub fn index(dir: &Path, key: &TargetKey, id: &str) -> Result<(), BackupError> {
    let folder = dir.join(INDEX).join(key_name(key));
    make_folder(&folder)?;
    write_small(&folder.join(id), b"")?;
    sync_folder(&dir.join(INDEX))
}

/// Notes that a target is about to change: the backups that are there now hold what was, and cover no later loss.
///
/// # Errors
/// When the disk says so.
pub fn changes(dir: &Path, key: &TargetKey) -> Result<(), BackupError> {
    let ids = names(&dir.join(INDEX).join(key_name(key)))?;
    if ids.is_empty() {
        return Ok(());
    }
    let folder = dir.join(BEFORE);
    make_folder(&folder)?;
    write_small(&folder.join(key_name(key)), ids.join("\n").as_bytes())
}

fn from_before(dir: &Path, key: &TargetKey) -> BTreeSet<String> {
    let text = regular::text(&dir.join(BEFORE).join(key_name(key))).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Takes a removed backup out of the index.
pub fn unindex(dir: &Path, key: &TargetKey, id: &str) {
    let _ = fs::remove_file(dir.join(INDEX).join(key_name(key)).join(id));
}

/// Removes a backup: first its name goes, so that nothing half removed can count.
///
/// # Errors
/// When the disk says so.
pub fn remove(dir: &Path, entry: &Entry) -> Result<(), BackupError> {
    let id = &entry.manifest.id;
    let going = dir.join(format!("{PARTIAL}{id}"));
    let _held =
        Held::lock(&entry.folder).map_err(|error| BackupError::io("lock", &entry.folder, error))?;
    fs::rename(&entry.folder, &going)
        .map_err(|error| BackupError::io("rename", &entry.folder, error))?;
    unindex(dir, &entry.manifest.target, id);
    fs::remove_dir_all(&going).map_err(|error| BackupError::io("remove", &going, error))?;
    super::git::forget(dir, entry);
    sync_folder(dir)
}

/// Builds the index again from the manifests; returns how many notes were missing.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn reindex(dir: &Path) -> Result<u64, BackupError> {
    make_folder(&dir.join(INDEX))?;
    let mut missing = 0;
    for entry in list(dir)?.entries {
        let (key, id) = (&entry.manifest.target, &entry.manifest.id);
        if !dir.join(INDEX).join(key_name(key)).join(id).exists() {
            index(dir, key, id)?;
            missing += 1;
        }
    }
    Ok(missing)
}

/// Most times that a new folder is begun again because it was set aside before it was locked.
const MAX_BEGUN: usize = 100;

/// A folder that is being filled or emptied, locked for as long as this lives.
#[derive(Debug)]
pub struct Held {
    /// Where it stood when it was locked.
    pub path: PathBuf,
    lock: File,
}

impl Held {
    /// Makes the folder in which a backup is filled, so that no other process takes it for a crash's.
    ///
    /// # Errors
    /// When the disk says so.
    pub fn begin(dir: &Path, id: &str) -> Result<Self, BackupError> {
        let path = dir.join(format!("{PARTIAL}{id}"));
        for _ in 0..MAX_BEGUN {
            make_folder(&path)?;
            // Between the two steps another process may see it unlocked and set it aside.
            match Self::lock(&path) {
                Ok(held) if held.is_there() => return Ok(held),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(BackupError::io("lock", &path, error)),
            }
            // Ours and empty: no crash left it.
            let _ = fs::remove_dir(dir.join(format!("{ASIDE}{id}")));
        }
        let error = std::io::Error::other("it is set aside again and again");
        Err(BackupError::io("lock", &path, error))
    }

    /// Waits only for those that look whether somebody holds it.
    fn lock(path: &Path) -> std::io::Result<Self> {
        let folder = File::open(path)?;
        fs2::FileExt::lock_exclusive(&folder)?;
        Ok(Self {
            path: path.to_path_buf(),
            lock: folder,
        })
    }

    fn is_there(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let of = |meta: fs::Metadata| (meta.dev(), meta.ino());
        match (self.lock.metadata(), fs::symlink_metadata(&self.path)) {
            (Ok(held), Ok(there)) => of(held) == of(there),
            _ => false,
        }
    }
}

/// A folder that is being filled is locked by its maker; what nobody holds was left by a crash.
fn left_by_a_crash(partial: &Path) -> Option<Held> {
    let lock = File::open(partial).ok()?;
    fs2::FileExt::try_lock_exclusive(&lock).ok()?;
    let held = Held {
        path: partial.to_path_buf(),
        lock,
    };
    // Another one may stand under the name by now, and may be in use.
    held.is_there().then_some(held)
}

/// Renames what crashes left, so that it is seen and never taken for something that runs. Nothing is removed.
///
/// # Errors
/// When the folder cannot be read.
pub fn set_aside(dir: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut moved = Vec::new();
    for name in names(dir)? {
        let Some(id) = name.strip_prefix(PARTIAL) else {
            continue;
        };
        let from = dir.join(&name);
        // Held over the rename: who locks it next sees that it is gone from its place.
        let Some(_held) = left_by_a_crash(&from) else {
            continue;
        };
        let to = dir.join(format!("{ASIDE}{id}"));
        if fs::rename(&from, &to).is_ok() {
            moved.push(to);
        }
    }
    Ok(moved)
}

/// What a stat said about an artefact when it had just been verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    path: String,
    inode: u64,
    size: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

fn seals(entry: &Entry) -> Result<Vec<Seal>, BackupError> {
    use std::os::unix::fs::MetadataExt as _;
    let mut seals = Vec::new();
    for artefact in &entry.manifest.artefacts {
        let place = entry.folder.join(&artefact.path);
        let meta = fs::symlink_metadata(&place)
            .map_err(|error| BackupError::io("look at", &place, error))?;
        seals.push(Seal {
            path: artefact.path.clone(),
            inode: meta.ino(),
            size: meta.size(),
            mtime: (meta.mtime(), meta.mtime_nsec()),
            ctime: (meta.ctime(), meta.ctime_nsec()),
        });
    }
    Ok(seals)
}

/// Notes down how the artefacts look now that they have been verified.
///
/// # Errors
/// When the disk says so.
pub fn seal(entry: &Entry) -> Result<(), BackupError> {
    let text = serde_json::to_vec(&seals(entry)?)
        .map_err(|error| BackupError::Source(format!("cannot write the seals: {error}")))?;
    write_small(&entry.folder.join(SEALS), &text)
}

/// Makes sure that no artefact was touched since it was verified: by its stat where that is unchanged, else by its digest.
///
/// # Errors
/// `NotIntact` when one was.
pub fn intact(entry: &Entry, control: &Control) -> Result<(), BackupError> {
    super::git::present(entry)?;
    let noted = regular::read(&entry.folder.join(SEALS)).unwrap_or_default();
    let noted: Vec<Seal> = serde_json::from_slice(&noted).unwrap_or_default();
    if !noted.is_empty() && seals(entry)? == noted {
        return Ok(());
    }
    for artefact in &entry.manifest.artefacts {
        digest_artefact(&entry.folder, artefact, control)?;
    }
    Ok(())
}

/// Returns what a look at names and sizes shows to be wrong; nothing proves that the rest is right.
pub fn damage(entry: &Entry) -> Option<String> {
    entry.manifest.artefacts.iter().find_map(|artefact| {
        match fs::metadata(entry.folder.join(&artefact.path)) {
            Ok(found) if found.len() == artefact.bytes => None,
            Ok(found) => Some(format!(
                "`{}` has {} bytes, {} were written",
                artefact.path,
                found.len(),
                artefact.bytes
            )),
            Err(error) => Some(format!("`{}`: {error}", artefact.path)),
        }
    })
}

/// Writes a manifest into a backup's folder.
///
/// # Errors
/// When the disk says so.
pub fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let mut text = serde_json::to_vec_pretty(manifest)
        .map_err(|error| BackupError::Source(format!("cannot write the manifest: {error}")))?;
    text.push(b'\n');
    make_folder(&folder.join("metadata"))?;
    write_small(&folder.join(MANIFEST), &text)
}
