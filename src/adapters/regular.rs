//! Opens and reads files that have to be regular ones: a pipe in such a place would keep its reader waiting for ever.
//! What stands in the file is none of its business.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Opens a file for reading.
///
/// # Errors
/// Fails when it cannot be opened, and names what is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    checked(OpenOptions::new().read(true), path)
}

/// Opens a file with these options, which may refuse links too.
///
/// # Errors
/// As for [`open`].
pub fn checked(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // A pipe without a writer opens at once this way; for a regular file it changes nothing.
    let flags = libc::O_NONBLOCK | libc::O_CLOEXEC;
    let file = options.custom_flags(flags).open(path);
    sorted(file, path)
}

/// The same for a file that must not be a link.
///
/// # Errors
/// As for [`open`].
pub fn unlinked(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    let file = options.custom_flags(flags).open(path);
    sorted(file, path)
}

fn sorted(file: io::Result<File>, path: &Path) -> io::Result<File> {
    let kind = match &file {
        Ok(file) => file.metadata()?.file_type(),
        // A socket, and a pipe that nobody reads, cannot be opened at all.
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
            std::fs::symlink_metadata(path)?.file_type()
        }
        Err(_) => return file,
    };
    let what = if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        return file;
    };
    Err(io::Error::other(format!(
        "it is {what}, not a regular file; move it away"
    )))
}

/// Reads a file as a whole.
///
/// # Errors
/// As for [`open`], and when it cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text file as a whole.
///
/// # Errors
/// As for [`read`], and when it is no UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_a_device_and_a_socket_are_named_and_nobody_waits() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let why = |path: &Path| read(path).unwrap_err().to_string();
        assert!(why(&pipe).contains("a named pipe"), "{}", why(&pipe));
        let mut writing = OpenOptions::new();
        let refused = unlinked(writing.write(true), &pipe).unwrap_err();
        assert!(refused.to_string().contains("a named pipe"), "{refused}");
        assert!(why(Path::new("/dev/zero")).contains("a device"));
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(why(&socket).contains("a socket"), "{}", why(&socket));
        let file = dir.path().join("file");
        std::fs::write(&file, "text").unwrap();
        assert_eq!(text(&file).unwrap(), "text");
        let gone = read(&dir.path().join("gone")).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    }
}
