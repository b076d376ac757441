//! Streams a source through compression, digest, disk and verification at once, and reads artefacts back.
//! It knows neither what the bytes mean (a `Scan` does) nor where backups live.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use sha2::{Digest as _, Sha256};

use super::control::Control;
use super::error::{BackupError, ScanError};
use crate::adapters::failpoint;
use crate::model::backup::{Artefact, Content};

/// Size of the buffers between stages; a pipe gives at most 64 KiB at once, files give it all.
const BUFFER: usize = 1 << 20;
/// Buffers under way between two stages: enough to even out, small enough to bound memory.
const DEPTH: usize = 4;
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
    /// zstd at the level that measured best: no slower than 1 and a little smaller.
    pub const ZSTD: Self = Self::Zstd(3);
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

enum Piece {
    Data(Vec<u8>),
    End,
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

/// The sending end of a bounded channel of recycled buffers.
#[derive(Debug)]
struct Outlet {
    to: SyncSender<Piece>,
    free: Receiver<Vec<u8>>,
    buffer: Vec<u8>,
    used: usize,
}

/// The receiving end of a bounded channel of recycled buffers.
struct Inlet {
    from: Receiver<Piece>,
    free: SyncSender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
    ended: bool,
    /// Set when the sender went away without an end: what came is not the whole.
    torn: Arc<AtomicBool>,
}

fn channel() -> (Outlet, Inlet) {
    let (to, from) = sync_channel(DEPTH);
    let (give, free) = sync_channel(DEPTH + 2);
    let outlet = Outlet {
        to,
        free,
        buffer: vec![0; BUFFER],
        used: 0,
    };
    let inlet = Inlet {
        from,
        free: give,
        current: Vec::new(),
        at: 0,
        ended: false,
        torn: Arc::default(),
    };
    (outlet, inlet)
}

impl Outlet {
    fn room(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.used..).unwrap_or_default()
    }

    fn filled(&mut self, bytes: usize) -> Result<(), BackupError> {
        self.used = self.used.saturating_add(bytes);
        if self.used >= self.buffer.len() {
            self.push()?;
        }
        Ok(())
    }

    fn push(&mut self) -> Result<(), BackupError> {
        if self.used == 0 {
            return Ok(());
        }
        let next = match self.free.try_recv() {
            Ok(buffer) => buffer,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => vec![0; BUFFER],
        };
        let mut full = std::mem::replace(&mut self.buffer, next);
        full.truncate(self.used);
        self.used = 0;
        self.to
            .send(Piece::Data(full))
            .map_err(|_| BackupError::Broken)
    }

    fn end(mut self) -> Result<(), BackupError> {
        self.push()?;
        self.to.send(Piece::End).map_err(|_| BackupError::Broken)
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room();
        let taken = room.len().min(bytes.len());
        if let (Some(to), Some(from)) = (room.get_mut(..taken), bytes.get(..taken)) {
            to.copy_from_slice(from);
        }
        self.filled(taken)
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inlet {
    /// Returns the next whole buffer, nothing at the end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        if self.ended {
            return Ok(None);
        }
        match self.from.recv() {
            Ok(Piece::Data(buffer)) => Ok(Some(buffer)),
            Ok(Piece::End) => {
                self.ended = true;
                Ok(None)
            }
            Err(_) => {
                self.torn.store(true, Ordering::Relaxed);
                Err(BackupError::Broken)
            }
        }
    }

    fn recycle(&self, mut buffer: Vec<u8>) {
        buffer.resize(BUFFER, 0);
        let _ = self.free.try_send(buffer);
    }
}

impl Read for Inlet {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let rest = self.current.get(self.at..).unwrap_or_default();
            if !rest.is_empty() {
                let taken = rest.len().min(to.len());
                if let (Some(to), Some(from)) = (to.get_mut(..taken), rest.get(..taken)) {
                    to.copy_from_slice(from);
                }
                self.at = self.at.saturating_add(taken);
                return Ok(taken);
            }
            let spent = std::mem::take(&mut self.current);
            if spent.capacity() > 0 {
                self.recycle(spent);
            }
            match self.next() {
                Ok(Some(buffer)) => {
                    self.current = buffer;
                    self.at = 0;
                }
                Ok(None) => return Ok(0),
                Err(_) => return Err(io::Error::from(io::ErrorKind::BrokenPipe)),
            }
        }
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

fn draft_of(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(".draft");
    place.with_file_name(name)
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
            "only {free} bytes are free where the backup is written, and {} have to stay free",
            control.keep_free
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

fn unpack<'a>(codec: Codec, packed: impl Read + 'a) -> Result<Box<dyn Read + 'a>, BackupError> {
    Ok(match codec {
        Codec::Zstd(_) => Box::new(zstd::stream::read::Decoder::new(packed).map_err(unreadable)?),
        Codec::Gzip(_) => Box::new(flate2::read::MultiGzDecoder::new(packed)),
        Codec::Plain => Box::new(packed),
    })
}

fn unreadable(error: io::Error) -> BackupError {
    BackupError::NotIntact(format!("it does not decompress: {error}"))
}

fn feed_all(
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
    seal: Arc<std::sync::Mutex<Seal>>,
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
    seal: Arc<std::sync::Mutex<Seal>>,
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
        let seal = Arc::<std::sync::Mutex<Seal>>::default();
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
    let draft = draft_of(place);
    let io = |what| move |error| BackupError::io(what, place, error);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
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
