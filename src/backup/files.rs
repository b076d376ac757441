//! Small acts on the disk that every part of this room needs: folders, drafts, whole small files.
//! Nothing here knows what a backup is.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::BackupError;

/// Makes a folder and its missing parents, each with mode 0700.
///
/// # Errors
/// When one cannot be made.
pub fn make_folder(folder: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| BackupError::io("create", folder, error))
}

/// Writes a folder's entries through to the disk.
///
/// # Errors
/// When the system says so.
pub fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| BackupError::io("sync", folder, error))
}

pub(super) fn draft_of(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(".draft");
    place.with_file_name(name)
}

/// Writes bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| DIGITS.get(usize::from(nibble)))
        .collect()
}

/// Writes a small file so that a reader sees the old or the new content, never a part.
///
/// # Errors
/// When the disk says so.
pub fn write_small(place: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let draft = draft_of(place);
    let io = |what| move |error| BackupError::io(what, place, error);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(io("create"))?;
    file.set_permissions(fs::Permissions::from_mode(0o600))
        .map_err(io("protect"))?;
    file.write_all(bytes).map_err(io("write"))?;
    file.sync_all().map_err(io("sync"))?;
    fs::rename(&draft, place).map_err(io("rename"))?;
    match place.parent() {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}
