//! Small acts on the disk that every part of this room needs: folders, drafts, whole small files.
//! Nothing here knows what a backup is.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
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

/// Removes a folder of our own with all that is in it, however deep: what lies deeper is moved up first, one level at a time.
///
/// # Errors
/// When something in it cannot be moved or removed.
pub fn remove_folder(folder: &Path) -> std::io::Result<()> {
    let meta = fs::symlink_metadata(folder)?;
    if !meta.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    open_up(folder)?;
    let mut names = 0_u64;
    loop {
        let mut is_empty = true;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            is_empty = false;
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
                continue;
            }
            open_up(&entry.path())?;
            for inner in fs::read_dir(entry.path())? {
                let inner = inner?;
                if !inner.file_type()?.is_dir() {
                    fs::remove_file(inner.path())?;
                    continue;
                }
                // A folder that is moved to another one is written to: `..` changes.
                open_up(&inner.path())?;
                while fs::symlink_metadata(folder.join(names.to_string())).is_ok() {
                    names += 1;
                }
                fs::rename(inner.path(), folder.join(names.to_string()))?;
            }
            fs::remove_dir(entry.path())?;
        }
        if is_empty {
            return fs::remove_dir(folder);
        }
    }
}

/// Gives a folder the rights that emptying it needs.
fn open_up(folder: &Path) -> std::io::Result<()> {
    if fs::symlink_metadata(folder)?.permissions().mode() & 0o700 != 0o700 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
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
    // Two processes may write the same file: each has a draft of its own, and the last one to finish wins.
    let draft =
        draft_of(place).with_extension(format!("draft-{}-{}", std::process::id(), random_name()));
    let io = |what| move |error| BackupError::io(what, place, error);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
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

/// Writes a small file that may be lost in a crash: whole for its readers, but not synced.
///
/// # Errors
/// When the disk says so.
pub fn write_passing(place: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let draft = draft_of(place);
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| BackupError::io("write", &draft, error))?;
    fs::rename(&draft, place).map_err(|error| BackupError::io("rename", &draft, error))
}

/// Returns the time now, RFC 3339 in UTC with microseconds.
pub fn now() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Microsecond)
        .unwrap_or_else(|_| jiff::Timestamp::now())
        .to_string()
}

/// Returns a word of 8 random letters and digits.
pub fn random_name() -> String {
    let mut bytes = [0_u8; 4];
    // Where there is no such device the clock still makes names differ; names are created exclusively anyway.
    let read = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
    if read.is_err() {
        let now = jiff::Timestamp::now().subsec_nanosecond();
        bytes = now.to_le_bytes();
    }
    hex(&bytes)
}

/// Quotes a path for a POSIX shell; bytes that are not UTF-8 or not printable stand as `$'\xNN'`.
pub fn quoted(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = path.as_os_str().as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:@%,=".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
        _ => {
            let escaped: String = bytes
                .iter()
                .map(|byte| match byte {
                    b'\'' => "\\'".to_owned(),
                    b'\\' => "\\\\".to_owned(),
                    b' '..=b'~' => char::from(*byte).to_string(),
                    byte => format!("\\x{byte:02x}"),
                })
                .collect();
            format!("$'{escaped}'")
        }
    }
}

/// Renames to a place where nothing stands.
///
/// # Errors
/// `AlreadyExists` when something does, or the disk says so.
pub fn rename_free(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            match fs::symlink_metadata(to) {
                Ok(_) => Err(std::io::ErrorKind::AlreadyExists.into()),
                Err(_) => fs::rename(from, to),
            }
        }
        renamed => renamed.map_err(std::io::Error::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_however_deep_it_is_and_a_link_in_it_leads_nowhere() {
        let dir = std::env::temp_dir().join(format!("files-remove-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("kept/inner")).unwrap();
        let goes = dir.join("goes");
        // Built from the bottom: no path is ever long.
        fs::create_dir(dir.join("top")).unwrap();
        fs::write(dir.join("top/file"), "x").unwrap();
        for _ in 0..3000 {
            fs::create_dir(&goes).unwrap();
            fs::rename(dir.join("top"), goes.join("0")).unwrap();
            fs::rename(&goes, dir.join("top")).unwrap();
        }
        fs::rename(dir.join("top"), &goes).unwrap();
        std::os::unix::fs::symlink(dir.join("kept"), goes.join("link")).unwrap();
        fs::create_dir_all(goes.join("shut/in")).unwrap();
        fs::set_permissions(goes.join("shut"), fs::Permissions::from_mode(0o000)).unwrap();
        remove_folder(&goes).unwrap();
        assert!(!goes.exists() && dir.join("kept/inner").is_dir());
        fs::remove_dir_all(&dir).unwrap();
    }
}
