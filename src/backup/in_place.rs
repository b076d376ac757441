//! Writes a file's content back into the file itself, where other names lead to it: they lost it too, and a new file would leave them behind.
//! It knows no plan; the present state was saved by the caller.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::error::BackupError;
use super::move_back::Attributes;
use crate::model::backup::Entry;
use crate::model::database::Identity;

/// Returns how many other names lead to the very file that was backed up; nothing where it is another file by now, or has one name.
pub(super) fn other_names(entry: &Entry, place: &Path) -> Option<u64> {
    let meta = fs::symlink_metadata(place).ok()?;
    let is_it = matches!(
        entry.manifest.identity,
        Identity::Tree { device, inode } if (device, inode) == (meta.dev(), meta.ino())
    );
    (meta.is_file() && is_it && meta.nlink() > 1).then(|| meta.nlink() - 1)
}

/// Writes the content and attributes of one file into another; returns what is to be known.
///
/// # Errors
/// When the disk says so. What was written is not taken back: the same command once more writes it again.
pub(super) fn write(from: &Path, place: &Path, others: u64) -> Result<Vec<String>, BackupError> {
    let failed = |error| BackupError::io("write", place, error);
    let mut source = File::open(from).map_err(|error| BackupError::io("read", from, error))?;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .custom_flags(flags)
        .open(place)
        .map_err(failed)?;
    let length = std::io::copy(&mut source, &mut file).map_err(failed)?;
    file.set_len(length).map_err(failed)?;
    let mut notes = Attributes::of(from).map_err(failed)?.dress(&file);
    file.sync_all().map_err(failed)?;
    let names = match others {
        1 => "1 other name, which leads".to_owned(),
        many => format!("{many} other names, which lead"),
    };
    notes.push(format!(
        "`{}` has {names} to the same file: its content was written back into it, and they have it too",
        place.display()
    ));
    Ok(notes)
}
