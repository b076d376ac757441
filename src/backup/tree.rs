//! Backs up, verifies and restores files and trees of files.
//! Walking, packing and unpacking live in rooms of their own; servers and databases are not known here.

use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use super::contents;
use super::control::Control;
use super::engine::{Engine, Estimate, Order, Snapshot};
use super::error::BackupError;
use super::files::{make_folder, now, remove_folder, sync_folder};
use super::pack::{Load, Packed, TreeScan, pack};
use super::passing::Passing;
use super::pipeline::{Codec, Job, Scanned, digest_artefact, produce_artefact, read_artefact};
use super::unpack::Unpacker;
use super::walk::{self, Chosen, Limits, Root, shown, walk};
use crate::adapters::failpoint;
use crate::model::backup::{Artefact, Entry, Level, Marks};
use crate::model::database::Identity;
use crate::model::target::Reach;
use crate::plan::restore::{RestorePlan, Restored, Step, Wish};

/// Files and trees.
#[derive(Clone, Copy, Debug)]
pub struct Tree;

pub(super) fn path_of(reach: &Reach) -> Result<&Path, BackupError> {
    match reach {
        Reach::Path(path) | Reach::Sqlite(path) => Ok(path),
        Reach::Worktree(reach) => Ok(&reach.root),
        _ => Err(BackupError::Unreachable("this is no path".into())),
    }
}

/// Takes the marks of a path as the backup of it does.
///
/// # Errors
/// As `walk::marks`.
pub fn marks(path: &Path, limits: Limits, control: &Control) -> Result<Marks, BackupError> {
    walk::marks(path, limits, control)
}

/// Returns which file or folder stands at the path.
///
/// # Errors
/// `NotFound` when none does.
pub fn identity(path: &Path) -> Result<Identity, BackupError> {
    let root = Root::open(path)?;
    Ok(Identity::Tree {
        device: root.facts.device,
        inode: root.facts.inode,
    })
}

impl Engine for Tree {
    fn estimate(&self, order: &Order) -> Result<Estimate, BackupError> {
        let root = Root::open(path_of(&order.target.reach)?)?;
        outside(order)?;
        let limits = limits(order);
        let mut bytes = 0_u64;
        walk(&root, limits, &order.control, &mut |item| {
            let data = item
                .facts
                .size
                .min(item.facts.blocks.saturating_mul(512).max(512));
            bytes = bytes.saturating_add(512);
            if item.facts.kind() == FileType::RegularFile {
                bytes = bytes.saturating_add(data);
            }
            Ok(())
        })?;
        Ok(Estimate {
            source_bytes: bytes,
            disk_bytes: bytes,
        })
    }

    fn make(&self, order: &Order, folder: &Path) -> Result<Snapshot, BackupError> {
        let path = path_of(&order.target.reach)?;
        let snapshot_at = now();
        let root = Root::open(path)?;
        let file = root.facts.kind() == FileType::RegularFile;
        let weighed = file
            .then(|| contents::weigh(&root, &Chosen::Whole, &order.control))
            .transpose()?
            .flatten();
        let mut snapshot = Snapshot {
            snapshot_at,
            identity: Identity::Tree {
                device: root.facts.device,
                inode: root.facts.inode,
            },
            marks: Marks::default(),
            tool: format!("backstop {}", env!("CARGO_PKG_VERSION")),
            server_version: String::new(),
            recovery: Vec::new(),
            artefacts: Vec::new(),
            level: Level::Readable,
            notes: Vec::new(),
            warnings: Vec::new(),
            same_disk: same_disk(folder, root.facts.device),
            reach: order.target.reach.clone(),
        };
        if let Some(weighed) = &weighed
            && let Some((artefacts, note)) = contents::again(order, folder, weighed)
        {
            snapshot.marks.clone_from(&weighed.marks);
            snapshot.notes.push(note);
            snapshot.artefacts = artefacts;
        } else {
            let (artefact, packed) = write(order, folder, &root, &Chosen::Whole)?;
            snapshot.notes = notes(&packed);
            snapshot.marks = packed.marks;
            snapshot.warnings = packed.warnings;
            snapshot.artefacts.push(artefact);
        }
        if let Some(weighed) = weighed.filter(|weighed| weighed.marks == snapshot.marks) {
            contents::put_down(folder, &weighed)?;
        }
        let lines = snapshot.artefacts.iter();
        snapshot.recovery = lines
            .map(|artefact| by_hand(artefact, &root.parent_path))
            .collect();
        Ok(snapshot)
    }

    fn verify(
        &self,
        entry: &Entry,
        level: Level,
        control: &Control,
    ) -> Result<Vec<String>, BackupError> {
        let mut notes = Vec::new();
        for artefact in &entry.manifest.artefacts {
            match level {
                Level::None | Level::Digest => digest_artefact(&entry.folder, artefact, control)?,
                Level::Readable | Level::Restored => {
                    let scan = Box::new(TreeScan::default());
                    let scanned = read_artefact(&entry.folder, artefact, scan, control)?;
                    compare(artefact, &scanned)?;
                    notes.push(format!(
                        "{} entries as in the manifest",
                        scanned.contents_total
                    ));
                }
            }
        }
        if level == Level::Restored {
            notes.push(rehearse(entry, control)?);
        }
        Ok(notes)
    }

    fn plan(
        &self,
        entry: &Entry,
        wish: &Wish,
        control: &Control,
    ) -> Result<RestorePlan, BackupError> {
        let (artefact, place) = aim(entry, wish)?;
        let mut plan = RestorePlan {
            backup: entry.manifest.id.clone(),
            notes: entry.manifest.warnings.clone(),
            ..RestorePlan::default()
        };
        plan.steps.extend(super::restore::parents(&place)?);
        let entries = counted(artefact, entry, wish);
        let moved =
            super::move_back::plan(wish, &place, || contents::is_back(entry, &place, control));
        plan.left.extend(moved.left);
        if fs::symlink_metadata(&place).is_err() {
            plan.steps.push(Step::PlaceTree {
                path: place,
                entries,
            });
            return Ok(plan);
        }
        if wish.to.is_some() {
            return Err(BackupError::Taken(format!(
                "`{}` is there already",
                place.display()
            )));
        }
        if !wish.only.is_empty() {
            return Err(BackupError::Taken(format!(
                "`{}` is there; parts of a tree are restored beside it, with --to DIR",
                place.display()
            )));
        }
        plan.steps.push(Step::SavePresent {
            what: format!("`{}`", place.display()),
        });
        if let Some(step) = moved.step {
            plan.steps.push(step);
            plan.steps.push(Step::PlaceTree {
                path: place,
                entries,
            });
            return Ok(plan);
        }
        plan.steps.push(if wish.missing_only {
            let at = (place.as_path(), wish.leave_present);
            let standing = super::standing::said(entry, artefact, at, control)?;
            plan.rows.extend(standing);
            Step::MergeTree {
                path: place,
                entries,
            }
        } else {
            Step::ReplaceTree {
                path: place,
                entries,
            }
        });
        Ok(plan)
    }

    fn apply(
        &self,
        entry: &Entry,
        wish: &Wish,
        plan: &RestorePlan,
        control: &Control,
    ) -> Result<Restored, BackupError> {
        let mut restored = Restored {
            notes: plan.notes.clone(),
            left: plan.left.clone(),
            ..Restored::default()
        };
        let mut stays = false;
        for step in &plan.steps {
            match step {
                Step::MakeParents { path } => super::restore::make_parents(path)?,
                Step::MoveBack { .. } => {
                    stays = !super::move_back::apply(entry.backups(), step, &mut restored);
                    continue;
                }
                Step::PlaceTree { path, .. }
                | Step::ReplaceTree { path, .. }
                | Step::MergeTree { path, .. } => {
                    let scratch = Scratch::beside(path, entry)?;
                    restored
                        .notes
                        .extend(fill(entry, &scratch, &wish.only, control)?);
                    failpoint::reach("restore.tree.filled")
                        .map_err(|error| BackupError::io("fill", &scratch.path, error))?;
                    let others = super::in_place::other_names(entry, path)
                        .filter(|_| !wish.leave_present && !stays);
                    match step {
                        _ if let Some(others) = others => {
                            scratch.fill_in(path, others, &mut restored)?;
                        }
                        Step::ReplaceTree { .. } => scratch.swap(path)?,
                        _ if stays => scratch.swap(path)?,
                        Step::MergeTree { .. } => restored
                            .notes
                            .extend(scratch.merge(path, wish.leave_present)?),
                        _ => scratch.place(path)?,
                    }
                }
                _ => continue,
            }
            restored.done.push(step.sentence());
        }
        Ok(restored)
    }
}

/// A backup inside of what it backs up would be lost with it.
fn outside(order: &Order) -> Result<(), BackupError> {
    let path = path_of(&order.target.reach)?;
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
        && real(&order.backup_dir).starts_with(real(path))
    {
        return Err(BackupError::Unreachable(format!(
            "the backups themselves lie inside `{}` and would be lost with it; name another folder with --backup-dir",
            path.display()
        )));
    }
    Ok(())
}

pub(super) fn limits(order: &Order) -> Limits {
    Limits {
        cross_mounts: order.cross_mounts,
        ..Limits::default()
    }
}

pub(super) fn same_disk(folder: &Path, device: u64) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(folder).is_ok_and(|meta| meta.dev() == device)
}

/// Says what was checked while a tree was packed.
pub(super) fn notes(packed: &Packed) -> Vec<String> {
    let mut notes = vec![format!(
        "{} entries decompressed and parsed to the end of the archive, every header as it was read",
        packed.entries
    )];
    if packed.databases > 0 {
        notes.push(format!(
            "{} SQLite databases were copied by SQLite, what waits in their logs included, and quick_check passed on the copies",
            packed.databases
        ));
    }
    if !packed.warnings.is_empty() {
        notes.push(format!("{} warnings", packed.warnings.len()));
    }
    notes
}

pub(super) fn write(
    order: &Order,
    folder: &Path,
    root: &Root,
    chosen: &Chosen,
) -> Result<(Artefact, Packed), BackupError> {
    let file = format!("files/tree.tar{}", order.codec.ending());
    let job = Job {
        folder,
        path: &file,
        role: "tree",
        format: "tar",
        codec: order.codec,
        control: &order.control,
    };
    let load = Load {
        root,
        chosen,
        limits: limits(order),
        scratch: Some(folder),
    };
    let mut packed = Packed::default();
    let mut listing = String::new();
    let scan = Box::new(Listed(TreeScan::default(), &mut listing));
    let artefact = produce_artefact(&job, scan, |feed| {
        packed = pack(&load, &order.control, feed)?;
        Ok(())
    })?;
    if listing != packed.listing || artefact.contents_total != packed.entries {
        return Err(BackupError::NotIntact(
            "the archive does not list what was read".into(),
        ));
    }
    if packed.databases > 0 {
        // Reading a database may leave files of SQLite's own beside it: these are the marks with them.
        let after = walk::mark(root, chosen, limits(order), &order.control)?;
        if after.of_files() == packed.files {
            packed.marks = after.finish();
        }
    }
    Ok((artefact, packed))
}

/// Hands the digest of the listing out of a scan that the pipeline consumes.
struct Listed<'a>(TreeScan, &'a mut String);

impl super::pipeline::Scan for Listed<'_> {
    fn feed(&mut self, plain: &[u8]) -> Result<(), super::error::ScanError> {
        self.0.feed(plain)
    }

    fn finish(self: Box<Self>) -> Result<Scanned, super::error::ScanError> {
        let this = *self;
        let scanned = Box::new(this.0).finish()?;
        *this.1 = scanned.notes.first().cloned().unwrap_or_default();
        Ok(scanned)
    }
}

/// Compares what an artefact holds with what its manifest says.
pub(super) fn compare(artefact: &Artefact, scanned: &Scanned) -> Result<(), BackupError> {
    if scanned.contents_total != artefact.contents_total || scanned.contents != artefact.contents {
        return Err(BackupError::NotIntact(format!(
            "`{}` holds other entries than its manifest says",
            artefact.path
        )));
    }
    Ok(())
}

pub(super) fn by_hand(artefact: &Artefact, parent: &Path) -> String {
    let codec = Codec::named(&artefact.codec).unwrap_or(Codec::ZSTD);
    format!(
        "{} {{folder}}/{} | tar -C {} -xpf - --xattrs --xattrs-include='*'",
        codec.by_hand(),
        artefact.path,
        super::files::quoted(parent)
    )
}

/// Returns the artefact and the place where it goes.
pub(super) fn aim<'e>(
    entry: &'e Entry,
    wish: &Wish,
) -> Result<(&'e Artefact, PathBuf), BackupError> {
    let artefact = artefact(entry)?;
    let from = path_of(&entry.manifest.reach)?;
    let place = match &wish.to {
        None => from.to_path_buf(),
        Some(folder) => Path::new(folder).join(from.file_name().unwrap_or_default()),
    };
    if !place.is_absolute() {
        return Err(BackupError::Unreachable(format!(
            "`{}` is no absolute path",
            place.display()
        )));
    }
    Ok((artefact, place))
}

/// Returns how many entries come back: all, or those at and below the wished paths, as far as the manifest lists them.
fn counted(artefact: &Artefact, entry: &Entry, wish: &Wish) -> u64 {
    if wish.only.is_empty() || artefact.contents_total != artefact.contents.len() as u64 {
        return artefact.contents_total;
    }
    let Ok(from) = path_of(&entry.manifest.reach) else {
        return artefact.contents_total;
    };
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    let is_wished = |content: &&crate::model::backup::Content| {
        let inner = content.name.strip_prefix(&*name).unwrap_or_default();
        let inner = inner.trim_start_matches('/');
        wish.only.iter().any(|only| {
            let only = only.trim_matches('/');
            let only = only
                .strip_prefix(&*name)
                .filter(|rest| rest.is_empty() || rest.starts_with('/'))
                .unwrap_or(only)
                .trim_start_matches('/');
            let rest = inner.strip_prefix(only);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || only.is_empty())
        })
    };
    artefact.contents.iter().filter(is_wished).count() as u64
}

fn artefact(entry: &Entry) -> Result<&Artefact, BackupError> {
    entry
        .manifest
        .artefacts
        .iter()
        .find(|artefact| artefact.format == "tar")
        .ok_or_else(|| BackupError::NotIntact("the manifest names no archive".into()))
}

/// Unpacks an archive into a scratch place; its digest and form are checked to the end before anything is renamed.
pub(super) fn fill(
    entry: &Entry,
    scratch: &Scratch,
    only: &[String],
    control: &Control,
) -> Result<Vec<String>, BackupError> {
    let name = path_of(&entry.manifest.reach)?
        .file_name()
        .unwrap_or_default();
    let only: Vec<Vec<u8>> = only
        .iter()
        .map(|path| {
            let path = path.trim_matches('/').as_bytes();
            let mut whole = name.as_bytes().to_vec();
            whole.push(b'/');
            if path == name.as_bytes() || path.starts_with(&whole) {
                return path.to_vec();
            }
            whole.extend_from_slice(path);
            whole
        })
        .collect();
    let wanted = !only.is_empty();
    let unpacker = Box::new(Unpacker::new(scratch.folder.as_fd(), only));
    let artefact = artefact(entry)?;
    let scanned = read_artefact(&entry.folder, artefact, unpacker, control)?;
    if !wanted && scanned.contents_total != artefact.contents_total {
        return Err(BackupError::NotIntact(
            "not every entry was unpacked".into(),
        ));
    }
    contents::dress(entry, &scratch.path)?;
    sync_all(&scratch.folder);
    Ok(scanned.notes)
}

/// Restores into a scratch place beside the backups, compares and removes it.
fn rehearse(entry: &Entry, control: &Control) -> Result<String, BackupError> {
    let name = path_of(&entry.manifest.reach)?
        .file_name()
        .unwrap_or_default();
    let scratch = Scratch::beside(&entry.folder.join("rehearsal"), entry)?;
    let notes = fill(entry, &scratch, &[], control)?;
    let root = Root::open(&scratch.path.join(name))?;
    let mut entries = 0_u64;
    walk(&root, Limits::default(), control, &mut |_| {
        entries += 1;
        Ok(())
    })?;
    let expected = artefact(entry)?.contents_total;
    let databases = examine_all(&scratch.path, control)?;
    if entries != expected && entry.manifest.warnings.is_empty() && notes.is_empty() {
        return Err(BackupError::NotIntact(format!(
            "{entries} entries came back and {expected} should have"
        )));
    }
    Ok(match databases {
        0 => format!("{entries} entries came back in a scratch folder"),
        some => format!(
            "{entries} entries came back in a scratch folder, and integrity_check passed on {some} SQLite databases"
        ),
    })
}

/// Lets SQLite check every database of a scratch folder that has no log of its own; returns how many there are.
fn examine_all(folder: &Path, control: &Control) -> Result<u64, BackupError> {
    let mut found = std::collections::BTreeSet::new();
    walk(
        &Root::open(folder)?,
        Limits::default(),
        control,
        &mut |item| {
            if item.facts.kind() == FileType::RegularFile {
                found.insert(item.path.to_vec());
            }
            Ok(())
        },
    )?;
    let parent = folder.parent().unwrap_or(folder);
    let mut databases = 0;
    for path in &found {
        let file = walk::below(parent, path);
        let raw = ["-wal", "-journal"]
            .iter()
            .any(|ending| found.contains(&[path.as_slice(), ending.as_bytes()].concat()));
        let is_database =
            crate::adapters::sqlite::Shape::of(&file).is_ok_and(|shape| shape.bytes > 0);
        if is_database && !raw {
            super::sqlite::examine(&file, "integrity_check", control)?;
            databases += 1;
        }
    }
    Ok(databases)
}

#[cfg(target_os = "linux")]
fn sync_all(folder: &OwnedFd) {
    let _ = rustix::fs::syncfs(folder);
}

#[cfg(not(target_os = "linux"))]
fn sync_all(_folder: &OwnedFd) {
    rustix::fs::sync();
}

/// A folder beside the place that is restored, removed when it is let go.
#[derive(Debug)]
pub(super) struct Scratch {
    pub path: PathBuf,
    pub folder: OwnedFd,
    parent: PathBuf,
    /// Goes last.
    #[expect(dead_code, reason = "held, not read")]
    passing: Passing,
}

impl Scratch {
    /// Makes a folder beside a place; the folder of the backup says where that is noted.
    pub(super) fn beside(place: &Path, entry: &Entry) -> Result<Self, BackupError> {
        let parent = place.parent().unwrap_or(Path::new("/")).to_path_buf();
        let path = parent.join(format!(".backstop-restore-{}", super::files::random_name()));
        let mut passing = Passing::announce(entry.backups(), &path)?;
        make_folder(&path)?;
        passing.made()?;
        let folder = rustix::fs::open(
            &path,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(|error| BackupError::io("open", &path, error.into()))?;
        Ok(Self {
            path,
            folder,
            parent,
            passing,
        })
    }

    fn names(&self, place: &Path) -> Result<(OwnedFd, CString), BackupError> {
        let root = walk::split(place)?;
        let parent = rustix::fs::open(
            &root.0,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(|error| BackupError::io("open", &root.0, error.into()))?;
        Ok((parent, root.1))
    }

    /// Writes the content back into the file, for all its names; where that fails, for the one name that was lost.
    fn fill_in(
        &self,
        place: &Path,
        others: u64,
        restored: &mut Restored,
    ) -> Result<(), BackupError> {
        let file = self.path.join(place.file_name().unwrap_or_default());
        match super::in_place::write(&file, place, others) {
            Ok(notes) => restored.notes.extend(notes),
            Err(error) => {
                self.swap(place)?;
                restored.left.push(format!(
                    "the other names of `{}`: {error}; it came back as a file of its own",
                    place.display()
                ));
            }
        }
        Ok(())
    }

    /// Renames the unpacked tree into its place, where nothing stands.
    pub(super) fn place(&self, place: &Path) -> Result<(), BackupError> {
        let (parent, name) = self.names(place)?;
        rename_new(&self.folder, &name, &parent, &name).map_err(|error| match error {
            rustix::io::Errno::EXIST => super::restore::come_back(place),
            error => BackupError::io("rename into place", place, error.into()),
        })?;
        sync_folder(&self.parent)
    }

    /// Exchanges the unpacked tree and what stands in its place in one step; the old one goes with the scratch.
    fn swap(&self, place: &Path) -> Result<(), BackupError> {
        let (parent, name) = self.names(place)?;
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        let swapped = rustix::fs::renameat_with(&self.folder, &name, &parent, &name, flags);
        match swapped {
            Ok(()) => {}
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                let aside = CString::new("replaced").unwrap_or_default();
                rustix::fs::renameat(&parent, &name, &self.folder, &aside)
                    .and_then(|()| rustix::fs::renameat(&self.folder, &name, &parent, &name))
                    .map_err(|error| BackupError::io("rename into place", place, error.into()))?;
            }
            Err(error) => return Err(BackupError::io("rename into place", place, error.into())),
        }
        sync_folder(&self.parent)
    }

    /// Puts back what is missing or differs, and leaves what only stands there now; with `leave` all that stands there.
    pub(super) fn merge(&self, place: &Path, leave: bool) -> Result<Vec<String>, BackupError> {
        let (parent, name) = self.names(place)?;
        let mut notes = Vec::new();
        super::merge::merge(&self.folder, &parent, &name, leave, &mut notes)
            .map_err(|error| match error {
                rustix::io::Errno::LOOP => BackupError::Wish(format!(
                    "`{}` stands there, and it has folders inside each other more than {} deep: `backstop restore BACKUP --to DIR` puts it beside what is there now",
                    place.display(),
                    super::merge::MAX_DEPTH
                )),
                error => BackupError::io("put back", place, error.into()),
            })?;
        sync_folder(&self.parent)?;
        Ok(notes)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = remove_folder(&self.path);
    }
}

fn rename_new(
    from: &OwnedFd,
    name: &CString,
    to: &OwnedFd,
    new: &CString,
) -> rustix::io::Result<()> {
    let flags = rustix::fs::RenameFlags::NOREPLACE;
    match rustix::fs::renameat_with(from, name, to, new, flags) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            match rustix::fs::statat(to, new, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Err(rustix::io::Errno::EXIST),
                Err(_) => rustix::fs::renameat(from, name, to, new),
            }
        }
        renamed => renamed,
    }
}

/// Returns the word for a path in notes.
pub(super) fn word(path: &[u8]) -> String {
    shown(path)
}
