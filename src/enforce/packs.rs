//! The packs of this machine, this user and this project, read through a cache, so that a call without a finding parses no TOML.
//! What a pack says is the policy room's business; a pack that cannot be read is named, and never passed over.

use crate::adapters::regular;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::adapters::environment;
use crate::model::rule::RuleBook;
use crate::policy::builtin;
use crate::policy::custom::{self, Kept, MAX_BYTES, PackText};

/// Most packs of one folder.
const MAX_PACKS: usize = 200;
/// Largest cache that is read.
const MAX_CACHE: u64 = 16 << 20;
/// Folder of the cache in the state directory.
const CACHE: &str = "packs";

/// What identifies a pack as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Cached {
    version: String,
    stamps: Vec<Stamp>,
    rules: Vec<Kept>,
}

/// The rules in force, and what is wrong with the packs.
#[derive(Clone, Copy, Debug)]
pub struct Books {
    pub rules: &'static dyn RuleBook,
    /// The first faults, each with file and line; a call with a finding is blocked on them.
    pub faults: Option<&'static str>,
}

impl Books {
    /// Returns what to say to a call with a finding while a pack is broken.
    pub fn trouble(&self) -> Option<String> {
        let faults = self.faults?;
        Some(format!(
            "a pack of rules is broken: {faults} (the rules are needed, because this call has a finding)"
        ))
    }
}

/// Returns the folders in which packs may lie.
pub fn folders(project: &Path) -> Vec<PathBuf> {
    let mut all = vec![PathBuf::from("/etc/backstop/packs")];
    all.extend(environment::config_dir().map(|dir| dir.join("packs")));
    all.push(project.join(".backstop/packs"));
    all
}

/// Returns the packs that are there, in a fixed order, and why folders could not be read.
pub fn files(project: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for folder in folders(project) {
        match std::fs::read_dir(&folder) {
            Ok(listing) => {
                let mut here: Vec<PathBuf> = listing
                    .take(MAX_PACKS * 4)
                    .flatten()
                    .map(|entry| entry.path())
                    .filter(|path| path.extension().is_some_and(|end| end == "toml"))
                    .collect();
                here.sort();
                if here.len() > MAX_PACKS {
                    faults.push(format!(
                        "`{}` holds more than {MAX_PACKS} packs",
                        folder.display()
                    ));
                }
                files.extend(here.into_iter().take(MAX_PACKS));
            }
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => faults.push(format!("`{}` cannot be read: {error}", folder.display())),
        }
    }
    (files, faults)
}

/// Returns the rules in force for a project; `state` is where the cache lies, if there is one.
pub fn books(project: &Path, state: Option<&Path>) -> Books {
    let (files, faults) = files(project);
    if files.is_empty() && faults.is_empty() {
        return Books {
            rules: builtin::book(),
            faults: None,
        };
    }
    let stamps: Option<Vec<Stamp>> = files.iter().map(|file| stamp(file)).collect();
    // Rules live until the program ends: a program that judges many calls lays each set only once.
    static LAST: Mutex<Option<(Vec<Stamp>, Books)>> = Mutex::new(None);
    let mut last = LAST
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let (Some((known, books)), Some(stamps)) = (last.as_ref(), &stamps)
        && faults.is_empty()
        && known == stamps
    {
        return *books;
    }
    let books = fresh(project, state, files, stamps.clone(), faults);
    if let Some(stamps) = stamps {
        *last = Some((stamps, books));
    }
    books
}

/// Reads the packs, from the cache where that is what stands on the disk.
fn fresh(
    project: &Path,
    state: Option<&Path>,
    files: Vec<PathBuf>,
    stamps: Option<Vec<Stamp>>,
    mut faults: Vec<String>,
) -> Books {
    let place = state.map(|state| place(state, project));
    if let (Some(place), Some(stamps)) = (&place, &stamps)
        && faults.is_empty()
        && let Some(rules) = cached(place, stamps)
    {
        return Books {
            rules: custom::book(rules),
            faults: None,
        };
    }
    let mut packs = Vec::new();
    for file in files {
        match text(&file) {
            Ok(text) => packs.push(PackText { file, text }),
            Err(why) => faults.push(format!("`{}` cannot be read: {why}", file.display())),
        }
    }
    let (rules, errors) = custom::read(&packs);
    faults.extend(errors.iter().map(ToString::to_string));
    if let (Some(place), Some(stamps)) = (&place, stamps)
        && faults.is_empty()
        && packs
            .iter()
            .all(|pack| stamp(&pack.file).is_some_and(|now| stamps.contains(&now)))
    {
        keep(place, stamps, &rules);
    }
    faults.truncate(5);
    Books {
        rules: custom::book(rules),
        faults: (!faults.is_empty()).then(|| &*Box::leak(faults.join("; ").into_boxed_str())),
    }
}

fn text(file: &Path) -> Result<String, String> {
    let meta = std::fs::metadata(file).map_err(|error| error.to_string())?;
    if !meta.is_file() || meta.len() > MAX_BYTES {
        return Err(format!("it is no file of at most {MAX_BYTES} bytes"));
    }
    regular::text(file).map_err(|error| error.to_string())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    Some(Stamp {
        path: path.to_path_buf(),
        device: meta.dev(),
        inode: meta.ino(),
        size: meta.size(),
        mtime: (meta.mtime(), meta.mtime_nsec()),
        ctime: (meta.ctime(), meta.ctime_nsec()),
    })
}

/// One file for each project: its packs differ.
fn place(state: &Path, project: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    // FNV-1a: two projects of one name only push each other out of the cache.
    let hash = project
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    state.join(CACHE).join(format!("{hash:016x}.json"))
}

/// What is not exactly what was kept is read anew: a cache can make a call slower, never pass it.
fn cached(place: &Path, stamps: &[Stamp]) -> Option<Vec<Kept>> {
    let meta = std::fs::symlink_metadata(place).ok()?;
    if !meta.is_file() || meta.len() > MAX_CACHE || meta.mode() & 0o022 != 0 {
        return None;
    }
    let cached: Cached = serde_json::from_slice(&regular::read(place).ok()?).ok()?;
    (cached.version == env!("CARGO_PKG_VERSION") && cached.stamps == stamps).then_some(cached.rules)
}

/// Writes the cache where a state directory is there; without one every call reads the packs themselves.
fn keep(place: &Path, stamps: Vec<Stamp>, rules: &[Kept]) {
    use std::io::Write as _;
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let cached = Cached {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        stamps,
        rules: rules.to_vec(),
    };
    let (Some(folder), Ok(text)) = (place.parent(), serde_json::to_vec(&cached)) else {
        return;
    };
    let _ = std::fs::DirBuilder::new().mode(0o700).create(folder);
    let draft = place.with_extension(format!("{}.draft", std::process::id()));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(&text));
    if written.is_err() || std::fs::rename(&draft, place).is_err() {
        let _ = std::fs::remove_file(&draft);
    }
}
