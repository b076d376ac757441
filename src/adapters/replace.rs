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
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
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
