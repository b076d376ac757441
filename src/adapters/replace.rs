//! Replaces a whole file at once: a reader sees the old or the new content, never a part.
//! It follows a link to the real file, keeps its mode, and syncs before it renames.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Writes `content` to `path`; a new file gets `mode`.
///
/// # Errors
/// Returns the error of the step that failed; the old content then still stands.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let real = path.canonicalize().unwrap_or_else(|_| named(path));
    let folder = real
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_else(|| PathBuf::from("."));
    let name = real
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let mode = real.metadata().map_or(mode, |old| old.mode() & 0o7777);
    let written = write(&temporary, content, mode).and_then(|()| fs::rename(&temporary, &real));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written?;
    File::open(&folder)?.sync_all()
}

/// Longest chain of links that is followed to a file that is not there yet.
const LINKS_MAX: usize = 40;

/// Returns the file that a link names though it is not there yet; the path itself where it is no link.
pub fn named(path: &Path) -> PathBuf {
    let mut at = path.to_path_buf();
    for _ in 0..LINKS_MAX {
        let Ok(next) = fs::read_link(&at) else {
            return at;
        };
        at = match at.parent() {
            Some(folder) => folder.join(next),
            None => next,
        };
    }
    path.to_path_buf()
}

fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()
}
