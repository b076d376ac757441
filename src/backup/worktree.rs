//! Backs up, verifies and restores what no commit of a work tree holds: changed files, staged contents, untracked and ignored files.
//! What that is, git says (`adapters::git::loose`); archives and merging are those of trees.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::contents;
use super::control::Control;
use super::engine::{Engine, Estimate, Order, Snapshot};
use super::error::BackupError;
use super::files::{hex, make_folder, now, write_small};
use super::pack::TreeScan;
use super::pipeline::{Job, produce_artefact, read_artefact};
use super::tarball::{self, Kind};
use super::tree::{self, Scratch, Tree};
use super::unpack::Unpacker;
use super::walk::{self, Chosen, Limits, Root, shown, walk_chosen};
use crate::adapters::failpoint;
use crate::adapters::git::loose::{self, Loose, Staged};
use crate::model::backup::{Artefact, Entry, Level, Marks};
use crate::model::database::Identity;
use crate::model::target::{Reach, WorktreeReach};
use crate::plan::restore::{RestorePlan, Restored, Step, Wish};

/// What was staged, for staging it again.
const STAGED: &str = "metadata/staged.json";
/// Folder of the staged contents in their archive.
const FOLDER: &[u8] = b"staged";

/// Work trees of git repositories.
#[derive(Clone, Copy, Debug)]
pub struct Worktree;

fn reach_of(reach: &Reach) -> Result<&WorktreeReach, BackupError> {
    match reach {
        Reach::Worktree(reach) => Ok(reach),
        _ => Err(BackupError::Unreachable("this is no work tree".into())),
    }
}

fn unasked(root: &Path) -> impl Fn(std::io::Error) -> BackupError {
    move |error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            BackupError::NotFound(format!("`{}` is no work tree: {error}", root.display()))
        }
        std::io::ErrorKind::TimedOut => BackupError::Deadline,
        _ => BackupError::Source(format!("git in `{}`: {error}", root.display())),
    }
}

/// What would be lost, as it stands now.
struct Look {
    root: Root,
    loose: Loose,
    chosen: Chosen,
}

impl Look {
    fn take(reach: &WorktreeReach, control: &Control) -> Result<Self, BackupError> {
        let loose = loose::loose(reach, &control.tool_dirs, control.left())
            .map_err(unasked(&reach.root))?;
        Ok(Self {
            root: Root::open(&reach.root)?,
            chosen: Chosen::of(loose.files.iter().map(Vec::as_slice)),
            loose,
        })
    }

    /// The scope and the index, which no walk sees.
    fn beside(&self, reach: &WorktreeReach) -> Vec<u8> {
        let scope = [reach.changed, reach.untracked, reach.ignored].map(u8::from);
        let mut all = scope.to_vec();
        for path in &reach.paths {
            all.extend_from_slice(path.as_os_str().as_bytes());
            all.push(0);
        }
        for staged in &self.loose.staged {
            all.push(1);
            all.extend_from_slice(format!("{} {} ", staged.mode, staged.id).as_bytes());
            all.extend_from_slice(&staged.path);
            all.push(0);
        }
        all
    }

    fn marks(&self, reach: &WorktreeReach, walked: &Marks) -> Marks {
        let mut hash = Sha256::new_with_prefix(b"backstop.worktree-marks/1\0");
        hash.update(&walked.digest);
        hash.update(self.beside(reach));
        Marks {
            digest: hex(&hash.finalize()),
            position: String::new(),
        }
    }

    /// A backup among what it backs up would be lost with it.
    fn outside(&self, order: &Order, root: &Path) -> Result<(), BackupError> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let dir = real(&order.backup_dir);
        let Ok(inside) = dir.strip_prefix(real(root)) else {
            return Ok(());
        };
        let lost = self.loose.files.iter().any(|file| {
            let file = PathBuf::from(std::ffi::OsString::from_vec(file.clone()));
            file.starts_with(inside) || inside.starts_with(&file)
        });
        match lost {
            true => Err(BackupError::Unreachable(format!(
                "the backups themselves lie among what would be lost in `{}`; name another folder with --backup-dir",
                root.display()
            ))),
            false => Ok(()),
        }
    }
}

/// Takes the marks of what would be lost in a work tree.
///
/// # Errors
/// When git cannot be asked, or a part cannot be looked at.
pub fn marks(reach: &WorktreeReach, control: &Control) -> Result<Marks, BackupError> {
    let look = Look::take(reach, control)?;
    let walked = walk::marks_of(&look.root, &look.chosen, Limits::default(), control)?;
    Ok(look.marks(reach, &walked))
}

impl Engine for Worktree {
    fn estimate(&self, order: &Order) -> Result<Estimate, BackupError> {
        let reach = reach_of(&order.target.reach)?;
        let look = Look::take(reach, &order.control)?;
        look.outside(order, &reach.root)?;
        let mut bytes = 0_u64;
        let limits = tree::limits(order);
        walk_chosen(
            &look.root,
            &look.chosen,
            limits,
            &order.control,
            &mut |item| {
                let is_file = item.facts.kind() == FileType::RegularFile;
                bytes = bytes.saturating_add(512 + if is_file { item.facts.size } else { 0 });
                Ok(())
            },
        )?;
        Ok(Estimate {
            source_bytes: bytes,
            disk_bytes: bytes,
        })
    }

    fn make(&self, order: &Order, folder: &Path) -> Result<Snapshot, BackupError> {
        let reach = reach_of(&order.target.reach)?;
        let snapshot_at = now();
        let look = Look::take(reach, &order.control)?;
        let weighed = contents::weigh(&look.root, &look.chosen, &order.control)?
            .map(|weighed| weighed.with(&look.beside(reach)));
        let mut warnings = Vec::new();
        let shared = weighed
            .as_ref()
            .and_then(|weighed| Some((contents::again(order, folder, weighed)?, weighed)));
        let (artefacts, walked, notes) = match shared {
            Some(((artefacts, note), weighed)) => (artefacts, weighed.marks.clone(), vec![note]),
            None => {
                let (tree, packed) = tree::write(order, folder, &look.root, &look.chosen)?;
                let notes = tree::notes(&packed);
                warnings = packed.warnings;
                let staged = write_staged(order, folder, &look, &reach.root)?;
                let artefacts = [tree].into_iter().chain(staged).collect();
                (artefacts, packed.marks, notes)
            }
        };
        put_down(folder, &look.loose.staged)?;
        if let Some(weighed) = weighed.filter(|weighed| weighed.marks == walked) {
            contents::put_down(folder, &weighed)?;
        }
        Ok(Snapshot {
            snapshot_at,
            identity: Identity::Tree {
                device: look.root.facts.device,
                inode: look.root.facts.inode,
            },
            marks: look.marks(reach, &walked),
            tool: format!("backstop {}", env!("CARGO_PKG_VERSION")),
            server_version: String::new(),
            recovery: by_hand(&artefacts, &look.root.parent_path),
            artefacts,
            level: Level::Readable,
            notes,
            warnings,
            same_disk: tree::same_disk(folder, look.root.facts.device),
            reach: order.target.reach.clone(),
        })
    }

    fn verify(
        &self,
        entry: &Entry,
        level: Level,
        control: &Control,
    ) -> Result<Vec<String>, BackupError> {
        Tree.verify(entry, level, control)
    }

    fn plan(
        &self,
        entry: &Entry,
        wish: &Wish,
        control: &Control,
    ) -> Result<RestorePlan, BackupError> {
        let (artefact, place) = tree::aim(entry, wish)?;
        if wish.to.is_some() || fs::symlink_metadata(&place).is_err() {
            let mut plan = Tree.plan(entry, wish, control)?;
            if wish.to.is_none() && wish.only.is_empty() && !staged_of(entry)?.is_empty() {
                plan.left.push(unstaged(&place));
            }
            return Ok(plan);
        }
        let mut plan = RestorePlan {
            backup: entry.manifest.id.clone(),
            notes: entry.manifest.warnings.clone(),
            ..RestorePlan::default()
        };
        plan.steps.push(Step::SavePresent {
            what: format!("what is not committed in `{}`", place.display()),
        });
        let at = (place.as_path(), wish.leave_present);
        let standing = super::standing::said(entry, artefact, at, control)?;
        plan.rows.extend(standing);
        plan.steps.push(Step::MergeTree {
            path: place,
            entries: artefact.contents_total,
        });
        let files = listed(entry, control)?.len() as u64;
        if files > 0 && wish.only.is_empty() {
            // Where the work tree was moved away, git would take the one around for it.
            let root = reach_of(&entry.manifest.reach)?.root.clone();
            match fs::symlink_metadata(root.join(".git")).is_ok() {
                true => plan.steps.push(Step::Stage { files }),
                false => plan.left.push(unstaged(&root)),
            }
        }
        Ok(plan)
    }

    fn apply(
        &self,
        entry: &Entry,
        wish: &Wish,
        plan: &RestorePlan,
        control: &Control,
    ) -> Result<Restored, BackupError> {
        let mut restored = Tree.apply(entry, wish, plan, control)?;
        for step in &plan.steps {
            if let Step::Stage { .. } = step {
                failpoint::reach("restore.worktree.merged")
                    .map_err(|error| BackupError::io("stage in", &entry.folder, error))?;
                let notes = stage(entry, control)?;
                restored.done.push(step.sentence());
                restored.notes.extend(notes);
            }
        }
        Ok(restored)
    }
}

/// Returns what the present state of a work tree is saved as before a restore: everything that the restore may write over.
pub fn whole(reach: &WorktreeReach) -> WorktreeReach {
    WorktreeReach {
        paths: Vec::new(),
        changed: true,
        untracked: true,
        ..reach.clone()
    }
}

fn by_hand(artefacts: &[Artefact], parent: &Path) -> Vec<String> {
    artefacts
        .iter()
        .map(|artefact| match artefact.role.as_str() {
            // Staged contents have no place in the work tree: they are unpacked for a look, beside their archive.
            "staged" => {
                tree::by_hand(artefact, Path::new("{folder}")).replace("'{folder}'", "{folder}")
            }
            _ => tree::by_hand(artefact, parent),
        })
        .collect()
}

/// Writes the staged contents that stand in no file into an archive of their own, under the paths of their files.
fn write_staged(
    order: &Order,
    folder: &Path,
    look: &Look,
    root: &Path,
) -> Result<Option<Artefact>, BackupError> {
    let apart: Vec<&Staged> = look
        .loose
        .staged
        .iter()
        .filter(|staged| staged.apart && !staged.goes())
        .collect();
    if apart.is_empty() {
        return Ok(None);
    }
    let ids: BTreeSet<String> = apart.iter().map(|staged| staged.id.clone()).collect();
    let control = &order.control;
    let blobs =
        loose::blobs(root, &ids, &control.tool_dirs, control.left()).map_err(unasked(root))?;
    let file = format!("files/staged.tar{}", order.codec.ending());
    let job = Job {
        folder,
        path: &file,
        role: "staged",
        format: "tar",
        codec: order.codec,
        control,
    };
    let mut archive = Vec::new();
    let mut folders = BTreeSet::new();
    for staged in apart {
        let path = [FOLDER, b"/", &staged.path].concat();
        for (at, byte) in path.iter().enumerate() {
            let above = path.get(..at).unwrap_or_default();
            if *byte == b'/' && folders.insert(above.to_vec()) {
                archive.extend(header(above, Kind::Directory, 0o700, 0));
            }
        }
        let blob = blobs.get(&staged.id).map(Vec::as_slice).unwrap_or_default();
        archive.extend(header(&path, Kind::File, 0o600, blob.len() as u64));
        archive.extend_from_slice(blob);
        let padding = tarball::padding(blob.len() as u64);
        archive.extend_from_slice(tarball::END.get(..padding).unwrap_or_default());
    }
    archive.extend_from_slice(&tarball::END);
    let scan = Box::new(TreeScan::default());
    produce_artefact(&job, scan, |feed| {
        control.read(archive.len() as u64)?;
        std::io::Write::write_all(feed, &archive)
            .map_err(|error| BackupError::Source(format!("cannot hand on the archive: {error}")))
    })
    .map(Some)
}

fn header(path: &[u8], kind: Kind, mode: u32, size: u64) -> Vec<u8> {
    tarball::Entry {
        path: path.to_vec(),
        kind,
        mode,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        size,
        ..tarball::Entry::default()
    }
    .encode()
}

/// One staged entry on disk; a path that is not UTF-8 stands in hex beside its readable form.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<Vec<u8>>,
    mode: String,
    id: String,
    apart: bool,
}

fn put_down(folder: &Path, staged: &[Staged]) -> Result<(), BackupError> {
    if staged.is_empty() {
        return Ok(());
    }
    let lines: Vec<Line> = staged
        .iter()
        .map(|staged| {
            let path = shown(&staged.path);
            Line {
                bytes: (path.as_bytes() != staged.path).then(|| staged.path.clone()),
                path,
                mode: staged.mode.clone(),
                id: staged.id.clone(),
                apart: staged.apart,
            }
        })
        .collect();
    let text = serde_json::to_vec(&lines)
        .map_err(|error| BackupError::Source(format!("cannot write what is staged: {error}")))?;
    make_folder(&folder.join("metadata"))?;
    write_small(&folder.join(STAGED), &text)
}

fn unstaged(root: &Path) -> String {
    format!(
        "what was staged: `{}` is no work tree any more; its files are unpacked there, `git worktree list` says where it went",
        root.display()
    )
}

fn staged_of(entry: &Entry) -> Result<Vec<Staged>, BackupError> {
    let place = entry.folder.join(STAGED);
    let text = match fs::read(&place) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::io("read", &place, error)),
    };
    let lines: Vec<Line> = serde_json::from_slice(&text)
        .map_err(|error| BackupError::NotIntact(format!("what was staged: {error}")))?;
    Ok(lines
        .into_iter()
        .map(|line| Staged {
            path: line.bytes.unwrap_or_else(|| line.path.into_bytes()),
            mode: line.mode,
            id: line.id,
            apart: line.apart,
        })
        .collect())
}

/// Returns what the index had: what was staged, and changed files that the command itself staged to go (`git rm -f`).
fn listed(entry: &Entry, control: &Control) -> Result<Vec<Staged>, BackupError> {
    let mut staged = staged_of(entry)?;
    let reach = reach_of(&entry.manifest.reach)?;
    if !reach.changed {
        return Ok(staged);
    }
    let trees = entry.manifest.artefacts.iter();
    let files = trees
        .filter(|artefact| artefact.role == "tree")
        .flat_map(|artefact| &artefact.contents)
        .filter(|content| content.kind != "directory");
    let mut paths: BTreeSet<Vec<u8>> = files
        .filter_map(|content| Some(content.name.split_once('/')?.1.as_bytes().to_vec()))
        .collect();
    for one in &staged {
        paths.remove(&one.path);
    }
    if !paths.is_empty() {
        let gone = loose::unlisted(&reach.root, &paths, &control.tool_dirs, control.left());
        staged.extend(gone.map_err(unasked(&reach.root))?);
    }
    Ok(staged)
}

/// Stages again what was staged; contents that stand in no file come from their archive.
fn stage(entry: &Entry, control: &Control) -> Result<Vec<String>, BackupError> {
    let root = &reach_of(&entry.manifest.reach)?.root;
    let staged = listed(entry, control)?;
    let scratch = Scratch::beside(&entry.folder.join("staged"), entry)?;
    let archive = entry
        .manifest
        .artefacts
        .iter()
        .find(|artefact| artefact.role == "staged");
    if let Some(artefact) = archive {
        use std::os::fd::AsFd as _;
        let unpacker = Box::new(Unpacker::new(scratch.folder.as_fd(), Vec::new()));
        read_artefact(&entry.folder, artefact, unpacker, control)?;
    }
    let contents: Vec<PathBuf> = staged
        .iter()
        .filter(|staged| !staged.goes())
        .map(|staged| match staged.apart {
            true => walk::below(&scratch.path, &[FOLDER, b"/", &staged.path].concat()),
            false => walk::below(root, &staged.path),
        })
        .filter(|path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file()))
        .collect();
    let (_, notes) = loose::stage(root, &staged, &contents, &control.tool_dirs, control.left())
        .map_err(unasked(root))?;
    Ok(notes)
}
