//! Streams a source through compression, digest, disk and verification at once.
//! It knows neither what the bytes mean (a `Scan` does) nor where backups live.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};

use super::control::Control;
use super::error::{BackupError, ScanError};
use super::files::draft_of;
pub use super::files::{hex, make_folder, sync_folder, write_small};
pub use super::readback::{Plain, digest_artefact, read_artefact};
use super::readback::{feed_all, unpack};
use super::stream::{Inlet, Outlet, Piece, channel};
use crate::adapters::failpoint;
use crate::model::backup::{Artefact, Content};

/// Compression workers beside the stages; more would steal from the server that is being dumped.
const WORKERS: u32 = 2;
/// How many written bytes lie between two looks at the free space.
const SPACE_EVERY: u64 = 64 << 20;

/// Reads the plain bytes of an artefact in order and says what they hold.
pub trait Scan: Send {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When the bytes are not what they should be.
    fn feed(&mut self, plain: &[u8]) -> Result<(), ScanError>;
    /// Ends the scan: everything must have been there, trailer included.
    ///
    /// # Errors
    /// When something is missing.
    fn finish(self: Box<Self>) -> Result<Scanned, ScanError>;
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    pub contents: Vec<Content>,
    /// Number of contents even where `contents` was cut at its limit.
    pub contents_total: u64,
    pub notes: Vec<String>,
}

/// How an artefact is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Zstd(i32),
    Gzip(u32),
    Plain,
}

impl Codec {
    /// zstd at the level that measured best: on text level 3 costs twice the time of level 1 for half a percent.
    pub const ZSTD: Self = Self::Zstd(1);
    /// gzip at the level that a hold can afford.
    pub const GZIP: Self = Self::Gzip(1);

    /// Returns the word in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zstd(_) => "zstd",
            Self::Gzip(_) => "gzip",
            Self::Plain => "none",
        }
    }

    /// Returns the ending of file names, with its dot.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Zstd(_) => ".zst",
            Self::Gzip(_) => ".gz",
            Self::Plain => "",
        }
    }

    /// Returns the program and flag that write the plain bytes to stdout.
    pub const fn by_hand(self) -> &'static str {
        match self {
            Self::Zstd(_) => "zstd -dc",
            Self::Gzip(_) => "gzip -dc",
            Self::Plain => "cat",
        }
    }

    /// Returns the codec of a word in a manifest.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "zstd" => Some(Self::ZSTD),
            "gzip" => Some(Self::GZIP),
            "none" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// What one artefact is to become.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The backup's folder.
    pub folder: &'a Path,
    /// Path below the folder, its ending included (`databases/app.sql.zst`).
    pub path: &'a str,
    pub role: &'a str,
    pub format: &'a str,
    pub codec: Codec,
    pub control: &'a Control,
}

/// Where a producer writes the plain bytes of an artefact.
#[derive(Debug)]
pub struct Feed<'a> {
    out: Outlet,
    control: &'a Control,
    fault: Option<BackupError>,
    bytes: u64,
}

impl Feed<'_> {
    fn account(&mut self, bytes: usize) -> io::Result<()> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.control.read(bytes as u64).map_err(|error| {
            let text = error.to_string();
            self.fault = Some(error);
            io::Error::other(text)
        })
    }

    fn copy_from(&mut self, source: &mut dyn Read) -> Result<(), BackupError> {
        loop {
            self.control.check()?;
            let room = self.out.room();
            let read = match source.read(room) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(BackupError::Source(format!(
                        "cannot read the source: {error}"
                    )));
                }
            };
            self.control.read(read as u64)?;
            self.bytes = self.bytes.saturating_add(read as u64);
            self.out.filled(read)?;
        }
    }
}

impl Write for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.account(bytes.len())?;
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a source into an artefact and verifies what is written while it is written.
///
/// The source is read on the calling thread. One that can block for ever (a pipe of a child) has to be ended
/// by its owner when `job.control` says so: between two reads the deadline is seen here.
///
/// # Errors
/// When the source, a limit, the disk or the verification fails; then nothing is left under the artefact's name.
pub fn write_artefact(
    job: &Job<'_>,
    source: &mut dyn Read,
    scan: Box<dyn Scan + '_>,
) -> Result<Artefact, BackupError> {
    produce_artefact(job, scan, |feed| feed.copy_from(source))
}

/// Like `write_artefact`, for sources that write rather than are read.
///
/// # Errors
/// As `write_artefact`.
pub fn produce_artefact(
    job: &Job<'_>,
    scan: Box<dyn Scan + '_>,
    produce: impl FnOnce(&mut Feed<'_>) -> Result<(), BackupError>,
) -> Result<Artefact, BackupError> {
    let place = job.folder.join(job.path);
    let draft = draft_of(&place);
    let file = create(&draft)?;
    let made = run_stages(job, &file, &draft, scan, produce)
        .and_then(|made| publish(&file, &draft, &place).map(|()| made));
    match made {
        Ok(made) => Ok(artefact(job, made)),
        Err(error) => {
            let _ = fs::remove_file(&draft);
            Err(error)
        }
    }
}

struct Made {
    plain_bytes: u64,
    bytes: u64,
    sha256: String,
    scanned: Scanned,
}

fn artefact(job: &Job<'_>, made: Made) -> Artefact {
    Artefact {
        path: job.path.to_owned(),
        role: job.role.to_owned(),
        codec: job.codec.name().to_owned(),
        format: job.format.to_owned(),
        bytes: made.bytes,
        sha256: made.sha256,
        plain_bytes: made.plain_bytes,
        contents: made.scanned.contents,
        contents_total: made.scanned.contents_total,
    }
}

fn create(draft: &Path) -> Result<File, BackupError> {
    if let Some(parent) = draft.parent() {
        make_folder(parent)?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)
        .map_err(|error| BackupError::io("create", draft, error))?;
    failpoint::reach("backup.artefact.created")
        .map_err(|error| BackupError::io("create", draft, error))?;
    Ok(file)
}

fn publish(file: &File, draft: &Path, place: &Path) -> Result<(), BackupError> {
    let step = |what: &'static str, name: &str| {
        failpoint::reach(name).map_err(|error| BackupError::io(what, place, error))
    };
    step("write", "backup.artefact.written")?;
    file.sync_all()
        .map_err(|error| BackupError::io("sync", draft, error))?;
    step("rename", "backup.artefact.synced")?;
    fs::rename(draft, place).map_err(|error| BackupError::io("rename", draft, error))?;
    step("sync", "backup.artefact.renamed")?;
    match place.parent() {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

fn run_stages(
    job: &Job<'_>,
    file: &File,
    draft: &Path,
    scan: Box<dyn Scan + '_>,
    produce: impl FnOnce(&mut Feed<'_>) -> Result<(), BackupError>,
) -> Result<Made, BackupError> {
    let (plain_out, plain_in) = channel();
    let (packed_out, packed_in) = channel();
    let (check_out, check_in) = channel();
    std::thread::scope(|scope| {
        let packer = scope.spawn(move || pack(job.codec, plain_in, packed_out));
        let writer = scope.spawn(move || write(job.control, file, draft, packed_in, check_out));
        let checker = scope.spawn(move || check(job.codec, check_in, scan));
        let mut feed = Feed {
            out: plain_out,
            control: job.control,
            fault: None,
            bytes: 0,
        };
        let produced = produce(&mut feed);
        let (fault, plain_bytes) = (feed.fault.take(), feed.bytes);
        let produced = match (fault, produced) {
            (Some(fault), _) => {
                drop(feed.out);
                Err(fault)
            }
            (None, Ok(())) => feed.out.end(),
            (None, Err(error)) => {
                drop(feed.out);
                Err(error)
            }
        };
        let packed = join(packer.join());
        let written = join(writer.join());
        let checked = join(checker.join());
        settle(produced, packed, written, checked, plain_bytes)
    })
}

fn join<T>(ended: std::thread::Result<Result<T, BackupError>>) -> Result<T, BackupError> {
    ended.unwrap_or_else(|_| {
        Err(BackupError::NotIntact(
            "a stage of the pipeline panicked".into(),
        ))
    })
}

/// Puts the outcomes together; the stage that failed by itself names the reason, not those that it tore down.
fn settle(
    produced: Result<(), BackupError>,
    packed: Result<(), BackupError>,
    written: Result<(u64, String), BackupError>,
    checked: Result<(Scanned, u64), BackupError>,
    plain_bytes: u64,
) -> Result<Made, BackupError> {
    let mut broken = false;
    let mut fault = |error: BackupError| match error {
        BackupError::Broken => {
            broken = true;
            None
        }
        error => Some(error),
    };
    // A producer that only saw its pipe close reports an i/o error of its own: later stages know better then.
    let written = match written {
        Ok(written) => Some(written),
        Err(error) => match fault(error) {
            Some(error) => return Err(error),
            None => None,
        },
    };
    let checked = match checked {
        Ok(checked) => Some(checked),
        Err(error) => match fault(error) {
            Some(error) => return Err(error),
            None => None,
        },
    };
    for outcome in [packed, produced] {
        if let Some(error) = outcome.err().and_then(&mut fault) {
            return Err(error);
        }
    }
    match (written, checked) {
        (Some((bytes, sha256)), Some((scanned, read_back))) if !broken => {
            if read_back != plain_bytes {
                return Err(BackupError::NotIntact(format!(
                    "{plain_bytes} bytes went in and {read_back} came out"
                )));
            }
            Ok(Made {
                plain_bytes,
                bytes,
                sha256,
                scanned,
            })
        }
        _ => Err(BackupError::Broken),
    }
}

/// Compresses what comes in. Ends the frame only when the end of the source was seen.
fn pack(codec: Codec, mut plain: Inlet, out: Outlet) -> Result<(), BackupError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::BrokenPipe => BackupError::Broken,
        _ => BackupError::Source(format!("cannot compress: {error}")),
    };
    match codec {
        Codec::Zstd(level) => {
            let mut encoder = zstd::stream::write::Encoder::new(out, level).map_err(failed)?;
            encoder.include_checksum(true).map_err(failed)?;
            encoder.multithread(WORKERS).map_err(failed)?;
            drain(&mut plain, &mut encoder).map_err(failed)?;
            encoder.finish().map_err(failed)?.end()
        }
        Codec::Gzip(level) => {
            let level = flate2::Compression::new(level);
            let mut encoder = flate2::write::GzEncoder::new(out, level);
            drain(&mut plain, &mut encoder).map_err(failed)?;
            encoder.finish().map_err(failed)?.end()
        }
        Codec::Plain => {
            let mut out = out;
            drain(&mut plain, &mut out).map_err(failed)?;
            out.end()
        }
    }
}

fn drain(from: &mut Inlet, to: &mut dyn Write) -> io::Result<()> {
    while let Some(buffer) = from
        .next()
        .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?
    {
        to.write_all(&buffer)?;
        from.recycle(buffer);
    }
    Ok(())
}

/// Hashes and writes, and hands the very bytes on to the check.
fn write(
    control: &Control,
    mut file: &File,
    draft: &Path,
    mut from: Inlet,
    check: Outlet,
) -> Result<(u64, String), BackupError> {
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    let mut looked = 0_u64;
    while let Some(buffer) = from.next()? {
        if bytes >= looked {
            keep_free(control, draft)?;
            looked = bytes.saturating_add(SPACE_EVERY);
        }
        hash.update(&buffer);
        file.write_all(&buffer)
            .map_err(|error| BackupError::io("write", draft, error))?;
        bytes = bytes.saturating_add(buffer.len() as u64);
        control
            .counters
            .written
            .fetch_add(buffer.len() as u64, Ordering::Relaxed);
        check
            .to
            .send(Piece::Data(buffer))
            .map_err(|_| BackupError::Broken)?;
        if let Ok(buffer) = check.free.try_recv() {
            from.recycle(buffer);
        }
    }
    check.end()?;
    Ok((bytes, hex(&hash.finalize())))
}

fn keep_free(control: &Control, draft: &Path) -> Result<(), BackupError> {
    if control.keep_free == 0 {
        return Ok(());
    }
    let folder = draft.parent().unwrap_or(draft);
    let free = fs2::available_space(folder)
        .map_err(|error| BackupError::io("ask for the free space of", folder, error))?;
    if free < control.keep_free {
        return Err(BackupError::Limit(format!(
            "only {} are free where the backup is written, and {} have to stay free",
            crate::plan::restore::sized(free),
            crate::plan::restore::sized(control.keep_free)
        )));
    }
    Ok(())
}

/// Decompresses what was written and lets the scan read it to the end.
fn check(
    codec: Codec,
    packed: Inlet,
    mut scan: Box<dyn Scan + '_>,
) -> Result<(Scanned, u64), BackupError> {
    let torn = Arc::clone(&packed.torn);
    let fed = unpack(codec, packed)
        .and_then(|mut plain| feed_all(&mut plain, scan.as_mut(), &Control::default()));
    match fed {
        Err(_) if torn.load(Ordering::Relaxed) => Err(BackupError::Broken),
        Err(error) => Err(error),
        Ok(bytes) => Ok((scan.finish()?, bytes)),
    }
}

/// A scan for bytes that have no form of their own: sizes and digests speak for them.
#[derive(Clone, Copy, Debug)]
pub struct NoScan;

impl Scan for NoScan {
    fn feed(&mut self, _plain: &[u8]) -> Result<(), ScanError> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Scanned, ScanError> {
        Ok(Scanned::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::BackupError;
    use std::time::Duration;

    /// Counts bytes and expects the last one to be `!`.
    struct Bang(u64, u8);
    impl Scan for Bang {
        fn feed(&mut self, plain: &[u8]) -> Result<(), ScanError> {
            self.0 += plain.len() as u64;
            self.1 = plain.last().copied().unwrap_or(self.1);
            Ok(())
        }
        fn finish(self: Box<Self>) -> Result<Scanned, ScanError> {
            if self.1 != b'!' {
                return Err(ScanError::new("the end is missing"));
            }
            Ok(Scanned {
                contents_total: self.0,
                ..Scanned::default()
            })
        }
    }

    fn bang() -> Box<dyn Scan> {
        Box::new(Bang(0, 0))
    }

    fn text(bytes: usize) -> Vec<u8> {
        let mut text: Vec<u8> = (0..bytes).map(|n| (n * n / 7) as u8).collect();
        text.push(b'!');
        text
    }

    fn make(
        folder: &Path,
        codec: Codec,
        control: &Control,
        source: &mut dyn Read,
    ) -> Result<Artefact, BackupError> {
        let job = Job {
            folder,
            path: "files/x",
            role: "tree",
            format: "raw",
            codec,
            control,
        };
        write_artefact(&job, source, bang())
    }

    #[test]
    fn what_goes_in_comes_out_with_every_codec() {
        for codec in [Codec::ZSTD, Codec::GZIP, Codec::Plain] {
            for size in [0, 1, 3 << 20] {
                let dir = tempfile::tempdir().unwrap();
                let plain = text(size);
                let made = make(
                    dir.path(),
                    codec,
                    &Control::default(),
                    &mut plain.as_slice(),
                )
                .unwrap();
                assert_eq!(made.plain_bytes, plain.len() as u64);
                let mut back = Vec::new();
                let mut reader = Plain::open(dir.path(), &made).unwrap();
                reader.read_to_end(&mut back).unwrap();
                reader.finish().unwrap();
                assert!(back == plain);
                let again = read_artefact(dir.path(), &made, bang(), &Control::default()).unwrap();
                assert_eq!(again.contents_total, plain.len() as u64);
            }
        }
    }

    #[test]
    fn an_artefact_cut_or_flipped_at_any_byte_is_refused() {
        for codec in [Codec::ZSTD, Codec::GZIP, Codec::Plain] {
            let dir = tempfile::tempdir().unwrap();
            let made = make(
                dir.path(),
                codec,
                &Control::default(),
                &mut text(300).as_slice(),
            );
            let made = made.unwrap();
            let place = dir.path().join(&made.path);
            let whole = fs::read(&place).unwrap();
            for at in 0..whole.len() {
                fs::write(&place, &whole[..at]).unwrap();
                assert!(read_artefact(dir.path(), &made, bang(), &Control::default()).is_err());
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << (at % 8);
                fs::write(&place, &flipped).unwrap();
                assert!(read_artefact(dir.path(), &made, bang(), &Control::default()).is_err());
                assert!(digest_artefact(dir.path(), &made, &Control::default()).is_err());
            }
        }
    }

    struct Dies(usize);
    impl Read for Dies {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("the server went away"));
            }
            let taken = self.0.min(to.len());
            to[..taken].fill(b'!');
            self.0 -= taken;
            Ok(taken)
        }
    }

    #[test]
    fn a_source_that_dies_leaves_nothing_and_says_why() {
        for size in [0, 10, 5 << 20] {
            let dir = tempfile::tempdir().unwrap();
            let error = make(
                dir.path(),
                Codec::ZSTD,
                &Control::default(),
                &mut Dies(size),
            );
            assert!(
                error
                    .unwrap_err()
                    .to_string()
                    .contains("the server went away")
            );
            assert_eq!(fs::read_dir(dir.path().join("files")).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_scan_that_refuses_names_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let error = make(
            dir.path(),
            Codec::ZSTD,
            &Control::default(),
            &mut &b"no end"[..],
        );
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("the end is missing")
        );
        assert!(!dir.path().join("files/x").exists());
    }

    #[test]
    fn limits_of_bytes_and_time_and_cancellation_stop_it() {
        let dir = tempfile::tempdir().unwrap();
        let small = Control {
            max_bytes: 1000,
            ..Control::default()
        };
        let error = make(dir.path(), Codec::ZSTD, &small, &mut Dies(usize::MAX)).unwrap_err();
        assert!(matches!(error, BackupError::Limit(_)), "{error}");
        let short = Control::within(Duration::from_millis(50));
        let error = make(dir.path(), Codec::ZSTD, &short, &mut Dies(usize::MAX)).unwrap_err();
        assert!(matches!(error, BackupError::Deadline), "{error}");
        let stopped = Control::default();
        stopped.cancel.store(true, Ordering::Relaxed);
        let error = make(dir.path(), Codec::ZSTD, &stopped, &mut Dies(usize::MAX)).unwrap_err();
        assert!(matches!(error, BackupError::Cancelled), "{error}");
    }

    #[test]
    fn space_that_has_to_stay_free_is_left_free() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control {
            keep_free: u64::MAX,
            ..Control::default()
        };
        let error = make(dir.path(), Codec::ZSTD, &control, &mut text(10).as_slice()).unwrap_err();
        assert!(matches!(error, BackupError::Limit(_)), "{error}");
    }

    #[test]
    fn a_manifest_cannot_lead_outside_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let made = make(
            dir.path(),
            Codec::Plain,
            &Control::default(),
            &mut text(9).as_slice(),
        );
        let made = made.unwrap();
        for path in ["../files/x", "/etc/hostname", "files/../files/x", ""] {
            let led = Artefact {
                path: path.into(),
                ..made.clone()
            };
            assert!(Plain::open(dir.path(), &led).is_err(), "{path}");
        }
    }
}
