//! Many refs of a bare store at once, in the one file that git keeps packed refs in: as single files they would cost seconds.
//! Only stores of backstop are written to, never a user's repository.

use crate::adapters::regular;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest wait for another process that writes the file.
const WAIT: Duration = Duration::from_secs(10);

/// Adds refs that are not there yet.
///
/// # Errors
/// When one is there already, or the disk says so.
pub fn add(common: &Path, refs: &BTreeMap<String, &String>) -> io::Result<()> {
    change(common, |all| {
        for (name, oid) in refs {
            let line = format!("{oid} {name}\n");
            if all.insert(name.clone(), line).is_some() {
                let text = format!("`{name}` is there already");
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
            }
        }
        Ok(())
    })
}

/// Removes every ref below a prefix, packed or not.
///
/// # Errors
/// When the disk says so.
pub fn remove(common: &Path, prefix: &str) -> io::Result<()> {
    change(common, |all| {
        all.retain(|name, _| !name.starts_with(prefix));
        Ok(())
    })?;
    match fs::remove_dir_all(common.join(prefix)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Rewrites the file as git does: under its lock, whole or not at all.
fn change(
    common: &Path,
    with: impl FnOnce(&mut BTreeMap<String, String>) -> io::Result<()>,
) -> io::Result<()> {
    let place = common.join("packed-refs");
    let draft = common.join("packed-refs.lock");
    let mut file = lock(&draft)?;
    let written = (|| {
        let text = match regular::text(&place) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut all = read(&text);
        with(&mut all)?;
        // Without further words in its head git looks itself at what a tag points to.
        let mut out = String::from("# pack-refs with: sorted \n");
        out.extend(all.values().map(String::as_str));
        file.write_all(out.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &place)?;
        File::open(common)?.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

fn lock(draft: &PathBuf) -> io::Result<File> {
    let until = Instant::now() + WAIT;
    loop {
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(draft);
        match made {
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists && Instant::now() < until =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            made => return made,
        }
    }
}

/// Reads the file: each name with its line, and the line behind it that tells what a tag points to.
fn read(text: &str) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in text.split_inclusive('\n') {
        if line.starts_with('#') {
            continue;
        }
        if line.starts_with('^') {
            if let Some(whole) = last.as_ref().and_then(|name| all.get_mut(name)) {
                whole.push_str(line);
            }
            continue;
        }
        if let Some((_, name)) = line.trim_end().split_once(' ') {
            last = Some(name.to_owned());
            all.insert(name.to_owned(), line.to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_are_added_once_and_removed_by_prefix_and_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let old =
            format!("# pack-refs with: peeled fully-peeled sorted \n{one} refs/a/tag\n^{two}\n");
        fs::write(dir.path().join("packed-refs"), &old).unwrap();
        let new = BTreeMap::from([("refs/b/x".to_owned(), &two), ("refs/b/y".to_owned(), &one)]);
        add(dir.path(), &new).unwrap();
        assert!(add(dir.path(), &new).is_err());
        let text = fs::read_to_string(dir.path().join("packed-refs")).unwrap();
        assert_eq!(
            text,
            format!(
                "# pack-refs with: sorted \n{one} refs/a/tag\n^{two}\n{two} refs/b/x\n{one} refs/b/y\n"
            )
        );
        remove(dir.path(), "refs/b/").unwrap();
        let text = fs::read_to_string(dir.path().join("packed-refs")).unwrap();
        assert_eq!(
            text,
            format!("# pack-refs with: sorted \n{one} refs/a/tag\n^{two}\n")
        );
        assert!(!dir.path().join("packed-refs.lock").exists());
    }
}
