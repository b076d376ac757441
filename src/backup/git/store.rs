//! Bare repositories beside the backups, one for each repository and form of its history: objects are copied, never borrowed.
//! A backup keeps its objects alive with refs of its own, `refs/backstop/ID/…`; nothing here knows what a loss is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::parts;
use super::source;
use crate::adapters::git::repo::Repo;
use crate::backup::catalog;
use crate::backup::error::BackupError;
use crate::backup::files::{hex, make_folder, quoted, random_name, sync_folder};
use crate::model::backup::Entry;

/// Folder of the stores, in the folder of the backups.
const STORES: &str = "git";
/// Below this size every object is hashed again after each backup; a larger store is checked for what is missing.
const SMALL: u64 = 64 << 20;
/// Packs of a store before they are put together.
const MANY_PACKS: usize = 50;
/// Loose refs before they are packed.
const MANY_REFS: usize = 200;

/// Which store is meant: each form of a repository's history has its own.
#[derive(Clone, Debug)]
pub struct Form {
    pub format: String,
    /// Where a shallow clone cut its history off.
    pub shallow: Option<Vec<u8>>,
    /// A partial clone: some objects are only with its remote.
    pub partial: bool,
}

impl Form {
    /// Returns the form of a repository.
    pub fn of(repo: &Repo) -> Self {
        Self {
            format: repo.format(),
            shallow: repo.shallow(),
            partial: repo.is_partial(),
        }
    }

    /// Returns the form of a whole repository.
    pub fn whole(format: &str) -> Self {
        Self {
            format: format.to_owned(),
            shallow: None,
            partial: false,
        }
    }

    /// Says what is not in the backup because it is not in the repository.
    pub fn warning(&self) -> Option<String> {
        let text = "a partial clone: what only its remote holds is not in the backup";
        self.partial.then(|| text.to_owned())
    }

    /// Makes a bare repository of this form.
    fn create(&self, place: &Path, end: Instant) -> Result<Repo, BackupError> {
        let fresh = Repo::create(place, &self.format, &[], end).map_err(source)?;
        if let Some(cut) = &self.shallow {
            std::fs::write(place.join("shallow"), cut)
                .map_err(|error| BackupError::io("write", place, error))?;
        }
        if self.partial {
            fresh.make_partial().map_err(source)?;
        }
        Ok(fresh)
    }
}

/// What a backup keeps: names as they were in the repository, or `stash/N`, `lost/OBJECT`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub refs: BTreeMap<String, String>,
    /// `HEAD` to `refs/heads/main`.
    pub symbolic: BTreeMap<String, String>,
    /// What the call would have lost, in the words of its targets.
    pub threatened: Vec<String>,
    /// Reflogs, by the name of their ref.
    pub logs: BTreeMap<String, Vec<u8>>,
}

impl Kept {
    /// Reads what a backup says that it keeps.
    pub fn read(entry: &Entry) -> Result<Self, BackupError> {
        let mut kept = Self::default();
        let text = parts::read(entry, parts::REFS)?;
        for line in String::from_utf8_lossy(&text).lines() {
            let Some((oid, name)) = line.split_once(' ') else {
                return Err(BackupError::NotIntact(
                    "its list of refs cannot be read".into(),
                ));
            };
            match (oid, oid.strip_prefix("ref:")) {
                ("for:", _) => kept.threatened.push(name.to_owned()),
                (_, Some(to)) => drop(kept.symbolic.insert(name.to_owned(), to.to_owned())),
                (_, None) => drop(kept.refs.insert(name.to_owned(), oid.to_owned())),
            }
        }
        let mut name = String::new();
        for line in parts::read(entry, parts::LOGS)?.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_prefix(b"== ") {
                Some(rest) => {
                    name = String::from_utf8_lossy(rest).trim_end().to_owned();
                    kept.logs.entry(name.clone()).or_default();
                }
                None => {
                    let log = kept.logs.entry(name.clone()).or_default();
                    log.extend_from_slice(line);
                }
            }
        }
        Ok(kept)
    }

    /// Returns every object that is kept.
    pub fn tips(&self) -> BTreeSet<String> {
        self.refs.values().cloned().collect()
    }
}

/// Where a backup's refs are in its store.
pub fn prefix(id: &str) -> String {
    format!("refs/backstop/{id}/")
}

/// Returns the id of the backup that is being made in a folder.
pub fn id_of(folder: &Path) -> Result<String, BackupError> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let id = name.map(|name| name.strip_prefix(catalog::PARTIAL).unwrap_or(name));
    id.filter(|id| !id.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| BackupError::Source("the backup has no name".into()))
}

/// One bare store, in use: it is not cleaned up meanwhile.
#[derive(Debug)]
pub struct Store {
    pub repo: Repo,
    name: String,
    _lock: File,
}

impl Store {
    /// Opens the store of a repository, or makes it.
    pub fn open(
        backup_dir: &Path,
        repository: &str,
        form: &Form,
        end: Instant,
    ) -> Result<Self, BackupError> {
        let mut hash = Sha256::new_with_prefix(b"backstop.git-store/1\0");
        let partial: &[u8] = if form.partial { b"partial" } else { b"" };
        let shallow = form.shallow.as_deref().unwrap_or_default();
        for part in [
            repository.as_bytes(),
            form.format.as_bytes(),
            shallow,
            partial,
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hex(&hash.finalize());
        let name = format!("{}.git", digest.get(..32).unwrap_or(&digest));
        let stores = backup_dir.join(STORES);
        make_folder(&stores)?;
        let lock = lock(&stores, &name, false)?;
        let place = stores.join(&name);
        if !place.join("HEAD").is_file() {
            Self::create(&stores, &place, form, end)?;
        }
        Ok(Self {
            repo: Repo::open(&place, &[], end).map_err(source)?,
            name,
            _lock: lock,
        })
    }

    fn create(stores: &Path, place: &Path, form: &Form, end: Instant) -> Result<(), BackupError> {
        let draft = stores.join(format!(".new-{}", random_name()));
        let made = form.create(&draft, end);
        let placed = made.and_then(|_| match std::fs::rename(&draft, place) {
            // Another process was faster.
            Err(_) if place.join("HEAD").is_file() => Ok(()),
            renamed => renamed.map_err(|error| BackupError::io("rename", &draft, error)),
        });
        if draft.exists() {
            let _ = std::fs::remove_dir_all(&draft);
        }
        placed?;
        sync_folder(stores)
    }

    /// Opens the store that a backup names.
    pub fn of(entry: &Entry, end: Instant) -> Result<Self, BackupError> {
        let (stores, name) = place_of(entry)?;
        let lock = lock(&stores, &name, false)?;
        let repo = Repo::open(&stores.join(&name), &[], end).map_err(|error| {
            BackupError::NotIntact(format!("its store cannot be opened: {error}"))
        })?;
        Ok(Self {
            repo,
            name,
            _lock: lock,
        })
    }

    /// Returns the store's folder relative to that of the backups, for the manifest.
    pub fn position(&self) -> String {
        format!("{STORES}/{}", self.name)
    }

    /// Returns the store's path, quoted for a shell.
    pub fn shown(&self) -> String {
        quoted(&self.repo.dir)
    }

    /// Keeps objects that are in the store under the names of one backup, and checks it; `deep` hashes a small store again as a whole. Returns what was compared.
    pub fn keep(&self, id: &str, kept: &Kept, deep: bool) -> Result<Vec<String>, BackupError> {
        let prefix = prefix(id);
        let there = self.repo.refs(&prefix).map_err(source)?;
        let all = kept.refs.iter();
        let refs = all
            .map(|(name, oid)| (format!("{prefix}{name}"), oid))
            .filter(|(name, _)| !there.contains_key(name));
        self.repo.create_refs(refs).map_err(source)?;
        self.checked(id, kept, deep).inspect_err(|_| {
            let _ = self.repo.remove_refs(&prefix);
        })
    }

    /// Checks the store and the refs of one backup.
    pub fn checked(&self, id: &str, kept: &Kept, deep: bool) -> Result<Vec<String>, BackupError> {
        self.holds(id, kept)?;
        let full = deep && self.bytes() <= SMALL;
        let odd = self.repo.check(full).map_err(source)?;
        let depth = if full {
            "every object of the store hashed again by git fsck"
        } else {
            "the store checked for missing objects by git fsck; new ones were hashed as they came in"
        };
        let mut notes = vec![
            format!("{} refs kept and compared", kept.refs.len()),
            depth.to_owned(),
        ];
        notes.extend(oddities(odd));
        self.tidy();
        Ok(notes)
    }

    /// Compares the refs in the store with what the backup says.
    pub fn holds(&self, id: &str, kept: &Kept) -> Result<(), BackupError> {
        let prefix = prefix(id);
        let there = self.repo.refs(&prefix).map_err(source)?;
        let there: BTreeMap<String, String> = there
            .into_iter()
            .filter_map(|(name, oid)| Some((name.strip_prefix(&prefix)?.to_owned(), oid)))
            .collect();
        if there == kept.refs {
            return Ok(());
        }
        let wrong = kept
            .refs
            .iter()
            .find(|(name, oid)| there.get(*name) != Some(oid));
        Err(BackupError::NotIntact(match wrong {
            Some((name, _)) => format!("the store does not hold `{name}` as the backup says"),
            None => "the store holds other refs than the backup says".to_owned(),
        }))
    }

    fn bytes(&self) -> u64 {
        let list = |path: &str| {
            std::fs::read_dir(self.repo.dir.join(path))
                .into_iter()
                .flatten()
        };
        list("objects/pack")
            .flatten()
            .filter_map(|entry| entry.metadata().ok())
            .map(|meta| meta.len())
            .sum()
    }

    /// Keeps later runs fast. A store that stays untidy is still whole.
    fn tidy(&self) {
        let packs = std::fs::read_dir(self.repo.dir.join("objects/pack"));
        let packs = packs.into_iter().flatten().flatten();
        if packs
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "pack"))
            .count()
            > MANY_PACKS
        {
            let _ = self
                .repo
                .ask(&["repack", "-d", "-q", "--geometric=2"], Vec::new());
        }
        let loose = std::fs::read_dir(self.repo.dir.join("refs/backstop"))
            .into_iter()
            .flatten();
        if loose.count() > MANY_REFS {
            let _ = self.repo.ask(&["pack-refs", "--all"], Vec::new());
        }
    }

    /// Copies what is kept into a fresh repository, compares and removes it.
    pub fn rehearse(&self, kept: &Kept, end: Instant) -> Result<String, BackupError> {
        let stores = self.repo.dir.parent().unwrap_or(&self.repo.dir);
        let place = stores.join(format!(".rehearsal-{}", random_name()));
        let done = self.fill_new(&place, kept, end);
        let _ = std::fs::remove_dir_all(&place);
        done?;
        Ok(format!(
            "{} refs came back in a scratch repository",
            kept.refs.len()
        ))
    }

    /// Makes a bare repository that holds what is kept, names as they were.
    pub fn fill_new(&self, place: &Path, kept: &Kept, end: Instant) -> Result<(), BackupError> {
        let fresh = Form::of(&self.repo).create(place, end)?;
        self.repo.give(&fresh, &kept.tips()).map_err(source)?;
        let named = kept
            .refs
            .iter()
            .map(|(name, oid)| match name.strip_prefix("refs/") {
                Some(_) => (name.clone(), oid),
                None => (format!("refs/backstop/{name}"), oid),
            });
        fresh.create_refs(named).map_err(source)?;
        if let Some(to) = kept.symbolic.get("HEAD") {
            let _ = fresh.ask(&["symbolic-ref", "HEAD", to], Vec::new());
        }
        fresh.check(false).map_err(source).map(|_| ())
    }
}

/// Says that git found oddly written objects.
pub fn oddities(count: usize) -> Option<String> {
    (count > 0).then(|| format!("{count} objects are oddly written, as they were in the source"))
}

fn place_of(entry: &Entry) -> Result<(PathBuf, String), BackupError> {
    let position = &entry.manifest.marks.position;
    let name = position.strip_prefix("git/").filter(|name| {
        name.len() == 36
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    });
    let parent = entry.folder.parent();
    match (name, parent) {
        (Some(name), Some(parent)) => Ok((parent.join(STORES), name.to_owned())),
        _ => Err(BackupError::NotIntact("its manifest names no store".into())),
    }
}

/// Taken together by all who use a store, alone by whoever removes from it.
fn lock(stores: &Path, name: &str, alone: bool) -> Result<File, BackupError> {
    let place = stores.join(format!("{name}.lock"));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&place)
        .map_err(|error| BackupError::io("open", &place, error))?;
    let locked = if alone {
        fs2::FileExt::try_lock_exclusive(&file)
    } else {
        fs2::FileExt::lock_shared(&file)
    };
    locked.map_err(|error| BackupError::io("lock", &place, error))?;
    Ok(file)
}

/// Makes sure that the store still holds what a backup keeps; backups of other kinds have no store.
///
/// # Errors
/// `NotIntact` when it does not.
pub fn present(entry: &Entry) -> Result<(), BackupError> {
    if !is_git(entry) {
        return Ok(());
    }
    let end = Instant::now() + Duration::from_secs(10);
    Store::of(entry, end)?.holds(&entry.manifest.id, &Kept::read(entry)?)
}

fn is_git(entry: &Entry) -> bool {
    let mut artefacts = entry.manifest.artefacts.iter();
    artefacts.any(|artefact| artefact.format == "git-refs")
}

/// Lets a removed backup's objects go, and those of backups that are no longer there. What cannot be cleaned up now is the next one's work.
pub fn forget(backup_dir: &Path, entry: &Entry) {
    if !is_git(entry) {
        return;
    }
    let Ok((stores, name)) = place_of(entry) else {
        return;
    };
    let end = Instant::now() + Duration::from_secs(600);
    let Ok(_lock) = lock(&stores, &name, true) else {
        return;
    };
    let Ok(repo) = Repo::open(&stores.join(&name), &[], end) else {
        return;
    };
    let ids: BTreeSet<String> = repo
        .refs("refs/backstop/")
        .unwrap_or_default()
        .keys()
        .filter_map(|name| name.split('/').nth(2).map(str::to_owned))
        .collect();
    let stands = |id: &String| {
        let partial = format!("{}{id}", catalog::PARTIAL);
        *id != entry.manifest.id
            && (backup_dir.join(id).exists() || backup_dir.join(partial).exists())
    };
    for id in ids.iter().filter(|id| !stands(id)) {
        let _ = repo.remove_refs(&prefix(id));
    }
    let _ = repo.ask(&["gc", "--quiet", "--prune=now"], Vec::new());
}
