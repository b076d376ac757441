//! Files of the state directory: its lock, whole-or-nothing writes, counted reads.
//! It knows neither records nor requests.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::StoreError;
use crate::adapters::{failpoint, regular};

/// How long a call waits for the lock: longer than any healthy holder needs, shorter than the hook's own deadline.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Files of the index are small; a larger one is not ours.
const MAX_FILE: u64 = 64 << 20;

/// The exclusive right to change the state directory; given back when dropped, also by a kill.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Waits for the one lock of the state directory.
pub fn lock(dir: &Path) -> Result<Lock, StoreError> {
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file =
        regular::unlinked(options.mode(0o600), &path).map_err(StoreError::io("open", &path))?;
    let begun = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        match fs2::FileExt::try_lock_exclusive(&file) {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StoreError::io("lock", &path)(error)),
        }
        if begun.elapsed() > LOCK_WAIT {
            return Err(StoreError::Busy {
                path: dir.to_path_buf(),
                seconds: LOCK_WAIT.as_secs(),
            });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Checks that the directory is there, ours, and closed to other accounts.
pub fn check_dir(dir: &Path) -> Result<(), StoreError> {
    let facts = match fs::metadata(dir) {
        Ok(facts) => facts,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::Missing(dir.to_path_buf()));
        }
        Err(error) => return Err(StoreError::io("look at", dir)(error)),
    };
    if !facts.is_dir() {
        return Err(StoreError::NotDirectory(dir.to_path_buf()));
    }
    let uid = rustix::process::geteuid().as_raw();
    if facts.uid() != uid {
        return Err(StoreError::Owner {
            path: dir.to_path_buf(),
            owner: facts.uid(),
            uid,
        });
    }
    if facts.mode() & 0o022 != 0 {
        return Err(StoreError::Loose(dir.to_path_buf()));
    }
    if facts.mode() & 0o077 != 0 {
        let tight = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(dir, tight).map_err(StoreError::io("close", dir))?;
    }
    Ok(())
}

/// Creates a directory with mode 0700, parents included; one that is there is left alone.
pub fn make_dir(dir: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(StoreError::io("create", dir))
}

/// Replaces a file as a whole: a temporary name, synced, renamed. `label` names its fail points.
pub fn replace(dir: &Path, name: &str, bytes: &[u8], label: &str) -> Result<(), StoreError> {
    let path = dir.join(name);
    let temporary = dir.join(format!(".{name}.tmp"));
    let outcome = (|| {
        failpoint::reach(&format!("store.{label}.before"))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        failpoint::reach(&format!("store.{label}.written"))?;
        fs::rename(&temporary, &path)?;
        failpoint::reach(&format!("store.{label}.after"))
    })();
    outcome.map_err(StoreError::io("write", &path))
}

/// Makes the names in a directory survive a power cut.
pub fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|handle| handle.sync_all())
        .map_err(StoreError::io("sync", dir))
}

/// Reads a small file as a whole; nothing when it does not exist.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match regular::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(StoreError::io("read", path))?;
    if bytes.len() as u64 > MAX_FILE {
        let large = io::Error::other("the file is too large");
        return Err(StoreError::io("read", path)(large));
    }
    Ok(Some(bytes))
}

/// Reads exactly `len` bytes at `offset`.
pub fn read_at(file: &File, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}
