//! Reads artefacts back: size, SHA-256, decompression to the end, and a scan of the plain bytes.
//! It trusts nothing but the manifest it is given; whether that one is enough is decided elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

use super::control::Control;
use super::error::BackupError;
use super::files::hex;
use super::pipeline::{Codec, NoScan, Scan, Scanned};
use super::stream::BUFFER;
use crate::model::backup::Artefact;

pub(super) fn unpack<'a>(
    codec: Codec,
    packed: impl Read + 'a,
) -> Result<Box<dyn Read + 'a>, BackupError> {
    Ok(match codec {
        Codec::Zstd(_) => Box::new(zstd::stream::read::Decoder::new(packed).map_err(unreadable)?),
        Codec::Gzip(_) => Box::new(flate2::read::MultiGzDecoder::new(packed)),
        Codec::Plain => Box::new(packed),
    })
}

fn unreadable(error: io::Error) -> BackupError {
    BackupError::NotIntact(format!("it does not decompress: {error}"))
}

pub(super) fn feed_all(
    plain: &mut dyn Read,
    scan: &mut dyn Scan,
    control: &Control,
) -> Result<u64, BackupError> {
    let mut buffer = vec![0; BUFFER];
    let mut bytes = 0_u64;
    loop {
        control.check()?;
        let read = match plain.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        scan.feed(buffer.get(..read).unwrap_or_default())?;
        bytes = bytes.saturating_add(read as u64);
    }
}

/// The plain bytes of an artefact on disk; only `finish` says whether they were the right ones.
pub struct Plain {
    inner: Box<dyn Read>,
    seal: Arc<Mutex<Seal>>,
    expected: Artefact,
    plain: u64,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plain")
            .field("of", &self.expected.path)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Seal {
    hash: Sha256,
    bytes: u64,
}

struct Sealed {
    file: File,
    seal: Arc<Mutex<Seal>>,
}

impl Read for Sealed {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(to)?;
        let mut seal = self
            .seal
            .lock()
            .map_err(|_| io::Error::other("a reader panicked"))?;
        seal.hash.update(to.get(..read).unwrap_or_default());
        seal.bytes = seal.bytes.saturating_add(read as u64);
        Ok(read)
    }
}

impl Plain {
    /// Opens an artefact for reading.
    ///
    /// # Errors
    /// When it is not there, is no regular file, has another size or an unknown codec.
    pub fn open(folder: &Path, artefact: &Artefact) -> Result<Self, BackupError> {
        let path = inside(folder, &artefact.path)?;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(&path)
            .map_err(|error| BackupError::io("open", &path, error))?;
        let meta = file
            .metadata()
            .map_err(|error| BackupError::io("stat", &path, error))?;
        if !meta.is_file() || meta.len() != artefact.bytes {
            return Err(BackupError::NotIntact(format!(
                "`{}` has {} bytes and should have {}",
                artefact.path,
                meta.len(),
                artefact.bytes
            )));
        }
        let codec = Codec::named(&artefact.codec)
            .ok_or_else(|| BackupError::NotIntact(format!("unknown codec `{}`", artefact.codec)))?;
        let seal = Arc::<Mutex<Seal>>::default();
        let sealed = Sealed {
            file,
            seal: Arc::clone(&seal),
        };
        let inner = unpack(codec, io::BufReader::with_capacity(BUFFER, sealed))?;
        Ok(Self {
            inner,
            seal,
            expected: artefact.clone(),
            plain: 0,
        })
    }

    /// Reads what is left and compares sizes and digest with the manifest.
    ///
    /// # Errors
    /// `NotIntact` when anything differs.
    pub fn finish(mut self) -> Result<(), BackupError> {
        let rest = io::copy(&mut self.inner, &mut io::sink()).map_err(unreadable)?;
        let plain = self.plain.saturating_add(rest);
        drop(self.inner);
        let seal = Arc::into_inner(self.seal)
            .and_then(|seal| seal.into_inner().ok())
            .ok_or_else(|| BackupError::NotIntact("a reader panicked".into()))?;
        let digest = hex(&seal.hash.finalize());
        if seal.bytes != self.expected.bytes || digest != self.expected.sha256 {
            return Err(BackupError::NotIntact(format!(
                "`{}` has another SHA-256 than its manifest says",
                self.expected.path
            )));
        }
        if plain != self.expected.plain_bytes {
            return Err(BackupError::NotIntact(format!(
                "`{}` holds {plain} bytes and should hold {}",
                self.expected.path, self.expected.plain_bytes
            )));
        }
        Ok(())
    }
}

impl Read for Plain {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(to)?;
        self.plain = self.plain.saturating_add(read as u64);
        Ok(read)
    }
}

/// Joins a path of a manifest to the backup's folder; a manifest cannot lead outside.
fn inside(folder: &Path, path: &str) -> Result<PathBuf, BackupError> {
    use std::path::Component;
    let relative = Path::new(path);
    if path.is_empty()
        || !relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
    {
        return Err(BackupError::NotIntact(format!(
            "`{path}` is not a path inside the backup"
        )));
    }
    Ok(folder.join(relative))
}

/// Reads an artefact back to the level `readable`: size, digest, decompression to the end, and the scan.
///
/// # Errors
/// When the artefact is not what its manifest says.
pub fn read_artefact(
    folder: &Path,
    artefact: &Artefact,
    mut scan: Box<dyn Scan + '_>,
    control: &Control,
) -> Result<Scanned, BackupError> {
    let mut plain = Plain::open(folder, artefact)?;
    feed_all(&mut plain, scan.as_mut(), control)?;
    plain.finish()?;
    Ok(scan.finish()?)
}

/// Reads an artefact back to the level `digest`: size and SHA-256 only.
///
/// # Errors
/// When the artefact is not what its manifest says.
pub fn digest_artefact(
    folder: &Path,
    artefact: &Artefact,
    control: &Control,
) -> Result<(), BackupError> {
    let bytes_only = Artefact {
        codec: Codec::Plain.name().to_owned(),
        plain_bytes: artefact.bytes,
        ..artefact.clone()
    };
    read_artefact(folder, &bytes_only, Box::new(NoScan), control).map(|_| ())
}
