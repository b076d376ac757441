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
