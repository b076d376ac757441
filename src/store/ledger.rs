//! The ledger file: appending, repair after a crash, reading single records and the tail.
//! What a record means for requests and leases is the index's business.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::StoreError;
use super::head::Head;
use super::record::{MAX_LINE, Position, Record};
use super::{Store, files, head, record};
use crate::adapters::{failpoint, regular};

/// Name of the file in the state directory.
pub const NAME: &str = "ledger.jsonl";

/// The most that is read in one go behind the head or behind a position; more means damage, not a crash.
const MAX_TAIL: u64 = 128 << 20;

/// The right to append: the lock is held, and what a crash left behind was repaired.
#[derive(Debug)]
pub struct Writer<'store> {
    pub store: &'store Store,
    _lock: files::Lock,
    file: File,
    pub head: Head,
    /// A human asked for it: records that continue nothing are set aside too.
    forced: bool,
    /// What was set aside, and where it lies.
    pub aside: Option<(usize, String)>,
}

impl<'store> Writer<'store> {
    /// Takes the lock and catches up with what was appended but not filed.
    pub fn begin(store: &'store Store, now: Timestamp) -> Result<Self, StoreError> {
        Self::open(store, now, false)
    }

    /// As `begin`, and sets everything behind the head aside that does not continue the chain.
    pub fn repairing(store: &'store Store, now: Timestamp) -> Result<Self, StoreError> {
        Self::open(store, now, true)
    }

    fn open(store: &'store Store, now: Timestamp, forced: bool) -> Result<Self, StoreError> {
        let lock = files::lock(&store.dir)?;
        let path = path(&store.dir);
        let file = open(&path, true)?;
        let head = known_head(&store.dir)?;
        let mut writer = Self {
            store,
            _lock: lock,
            file,
            head,
            forced,
            aside: None,
        };
        writer.catch_up(now)?;
        Ok(writer)
    }

    /// Writes a record and syncs it, files it, and moves the head.
    pub fn append(
        &mut self,
        now: Timestamp,
        kind: &str,
        body: &Value,
    ) -> Result<(Record, Position), StoreError> {
        let at = stamp(now);
        let seq = self.head.seq + 1;
        let (mut line, hash) = record::write(seq, &at, kind, &self.head.hash, body)?;
        if line.len() > MAX_LINE {
            return Err(StoreError::TooLarge {
                bytes: line.len(),
                limit: MAX_LINE,
            });
        }
        let position = Position {
            seq,
            offset: self.head.end,
            len: line.len() as u64,
            hash: hash.clone(),
        };
        line.push('\n');
        self.write_synced(line.as_bytes())?;
        let record = Record {
            v: 1,
            seq,
            at,
            kind: kind.to_owned(),
            prev: self.head.hash.clone(),
            body: body.clone(),
            hash,
        };
        self.file_away(&record, &position)?;
        Ok((record, position))
    }

    fn write_synced(&mut self, line: &[u8]) -> Result<(), StoreError> {
        let start = self.head.end;
        let outcome = (|| {
            failpoint::reach("store.append.before")?;
            self.file.seek(SeekFrom::Start(start))?;
            // Two halves, so that a test can die between them.
            let (first, second) = line.split_at(line.len() / 2);
            self.file.write_all(first)?;
            failpoint::reach("store.append.half")?;
            self.file.write_all(second)?;
            failpoint::reach("store.append.written")?;
            self.file.sync_data()?;
            failpoint::reach("store.append.synced")
        })();
        self.store.count_written(line.len() as u64);
        outcome.map_err(|error| {
            // A full disk leaves half a line: take it back now if that works, else the next writer repairs it.
            let _ = self.file.set_len(start);
            StoreError::io("append to", path(&self.store.dir))(error)
        })
    }

    fn file_away(&mut self, record: &Record, position: &Position) -> Result<(), StoreError> {
        self.apply(record, position)?;
        head::store(&self.store.dir, &self.head)
    }

    fn apply(&mut self, record: &Record, position: &Position) -> Result<(), StoreError> {
        super::index::apply(self.store, record, position)?;
        self.head = Head {
            v: 1,
            seq: record.seq,
            hash: record.hash.clone(),
            start: position.offset,
            end: position.offset + position.len + 1,
            at: record.at.clone(),
        };
        Ok(())
    }

    fn catch_up(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let size = size(&self.file, &self.store.dir)?;
        if size < self.head.end {
            return Err(cut(&self.head, size));
        }
        self.check_last()?;
        if size == self.head.end {
            return Ok(());
        }
        let tail = self.store.read_range(&self.file, self.head.end, size)?;
        self.finish(&tail, size)?;
        let mut rest = tail.as_slice();
        while let Some((line, next)) = first_line(rest) {
            let Some(found) = record::read(line).filter(|found| self.follows(found)) else {
                break;
            };
            let position = Position {
                seq: found.seq,
                offset: self.head.end,
                len: line.len() as u64,
                hash: found.hash.clone(),
            };
            self.apply(&found, &position)?;
            rest = next;
        }
        head::store(&self.store.dir, &self.head)?;
        if rest.is_empty() {
            return Ok(());
        }
        self.set_aside(rest, now)
    }

    /// The last record has to be the one that the head knows; otherwise nothing is appended to it.
    fn check_last(&self) -> Result<(), StoreError> {
        let Head {
            seq, start, end, ..
        } = self.head;
        if seq == 0 {
            return Ok(());
        }
        let bytes = self.store.read_range(&self.file, start, end)?;
        let last = bytes.strip_suffix(b"\n").and_then(record::read);
        match last {
            Some(last) if last.seq == seq && last.hash == self.head.hash => Ok(()),
            _ => Err(StoreError::Damaged(format!(
                "record {seq}, its last one, was changed or moved"
            ))),
        }
    }

    fn follows(&self, record: &Record) -> bool {
        record.seq == self.head.seq + 1 && record.prev == self.head.hash
    }

    /// A complete record that only lacks its line feed gets it; the one who wrote the tail may not have synced it.
    fn finish(&mut self, tail: &[u8], size: u64) -> Result<(), StoreError> {
        let last = tail.rsplit(|byte| *byte == b'\n').next();
        let outcome = (|| {
            if last.is_some_and(|line| record::read(line).is_some()) {
                self.file.seek(SeekFrom::Start(size))?;
                self.file.write_all(b"\n")?;
            }
            self.file.sync_data()
        })();
        outcome.map_err(StoreError::io("repair", path(&self.store.dir)))
    }

    fn set_aside(&mut self, torn: &[u8], now: Timestamp) -> Result<(), StoreError> {
        // INVARIANT: what stands behind the head and does not continue it never counted for anybody.
        if !self.forced
            && torn
                .split(|byte| *byte == b'\n')
                .any(|line| record::read(line).is_some())
        {
            return Err(StoreError::Damaged(format!(
                "what follows record {} does not continue the chain",
                self.head.seq
            )));
        }
        if !self.forced && torn.split_inclusive(|byte| *byte == b'\n').any(is_foreign) {
            return Err(StoreError::Damaged(format!(
                "a line stands behind record {} that is complete and none of ours; a person sets it aside with `backstop ledger repair`",
                self.head.seq
            )));
        }
        let name = format!("ledger.torn-{}-{}", self.head.seq + 1, torn.len());
        files::replace(&self.store.dir, &name, torn, "torn")?;
        files::sync_dir(&self.store.dir)?;
        let outcome = (|| {
            self.file.set_len(self.head.end)?;
            failpoint::reach("store.torn.cut")?;
            self.file.sync_data()
        })();
        outcome.map_err(StoreError::io("repair", path(&self.store.dir)))?;
        let body = json!({"bytes": torn.len(), "file": name, "forced": self.forced});
        self.aside = Some((torn.len(), name));
        self.append(now, "repaired", &body).map(|_| ())
    }
}

impl Store {
    /// Sets everything behind the head aside that does not continue the chain; returns its bytes and its file, if there was any.
    ///
    /// # Errors
    /// `Damaged` when what the head knows is itself changed or cut: nothing can mend that.
    pub fn repair(&self, now: Timestamp) -> Result<Option<(usize, String)>, StoreError> {
        Writer::repairing(self, now).map(|writer| writer.aside)
    }
}

fn cut(head: &Head, size: u64) -> StoreError {
    StoreError::Damaged(format!(
        "its end was cut off: record {} ended at byte {}, and the file has {size}",
        head.seq, head.end
    ))
}

/// Tells whether a line that is no record is more than a crash leaves: what was torn has no line feed, or blocks that were never written.
pub fn is_foreign(line: &[u8]) -> bool {
    line.ends_with(b"\n") && !line.contains(&0) && line.len() > 1
}

/// Returns the first line and what follows its line feed.
fn first_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line, rest.get(1..).unwrap_or_default()))
}

/// Returns the time as it is written in records.
pub fn stamp(now: Timestamp) -> String {
    format!("{now:.6}")
}

pub fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// Opens the ledger; one that is gone is damage, since its head is still there.
pub fn open(path: &Path, write: bool) -> Result<File, StoreError> {
    let opened = regular::unlinked(OpenOptions::new().read(true).write(write), path);
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::Damaged("the file is missing".to_owned()),
        _ => StoreError::io("open", path)(error),
    })
}

pub fn known_head(dir: &Path) -> Result<Head, StoreError> {
    head::load(dir)?.ok_or_else(|| StoreError::Damaged("its file `head` is missing".to_owned()))
}

fn size(file: &File, dir: &Path) -> Result<u64, StoreError> {
    Ok(file
        .metadata()
        .map_err(StoreError::io("look at", path(dir)))?
        .len())
}

/// What the ledger has from some place on.
#[derive(Debug, Default)]
pub(super) struct Since {
    /// The records that were asked for.
    pub records: Vec<Record>,
    /// The latest time of any record: the last one has an earlier time after the clock was set back.
    pub latest: Option<Timestamp>,
}

/// Reads the time of a line without the rest of it; half a line has none.
fn time_of(line: &[u8]) -> Option<Timestamp> {
    const MARK: &[u8] = br#","at":""#;
    let at = memchr::memmem::find(line, MARK)?;
    let text = line.get(at + MARK.len()..)?;
    let end = memchr::memchr(b'"', text)?;
    std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()
}

impl Store {
    /// Walks over the records that the head knows, each with its place.
    pub(super) fn placed(
        &self,
        head: &Head,
        mut visit: impl FnMut(&Record, &Position) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let path = path(&self.dir);
        let file = io::Read::take(open(&path, false)?, head.end);
        let mut reader = io::BufReader::with_capacity(1 << 16, file);
        let (mut line, mut offset) = (Vec::new(), 0_u64);
        loop {
            line.clear();
            let read = io::Read::take(&mut reader, MAX_LINE as u64 + 2)
                .read_until(b'\n', &mut line)
                .map_err(StoreError::io("read", &path))?;
            if read == 0 {
                return Ok(());
            }
            self.count_read(read as u64);
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let Some(record) = record::read(text) else {
                return Err(StoreError::Damaged(format!(
                    "the index is gone, and the record at byte {offset} cannot be read"
                )));
            };
            let position = Position {
                seq: record.seq,
                offset,
                len: text.len() as u64,
                hash: record.hash.clone(),
            };
            visit(&record, &position)?;
            offset += read as u64;
        }
    }

    /// Reads a stretch of the ledger.
    pub(super) fn read_range(
        &self,
        file: &File,
        from: u64,
        to: u64,
    ) -> Result<Vec<u8>, StoreError> {
        let len = to.saturating_sub(from);
        if len > MAX_TAIL {
            return Err(StoreError::Damaged(format!(
                "{len} bytes would have to be read behind byte {from}"
            )));
        }
        self.count_read(len);
        files::read_at(file, from, usize::try_from(len).unwrap_or(usize::MAX))
            .map_err(StoreError::io("read", path(&self.dir)))
    }

    /// Reads the record at a noted position again; nothing when it is not the one that was noted.
    pub(super) fn record_at(&self, position: &Position) -> Result<Option<Record>, StoreError> {
        if position.len > MAX_LINE as u64 {
            return Ok(None);
        }
        let file = open(&path(&self.dir), false)?;
        let end = position.offset.saturating_add(position.len);
        if end >= size(&file, &self.dir)? {
            return Ok(None);
        }
        let line = self.read_range(&file, position.offset, end)?;
        Ok(record::read(&line)
            .filter(|found| found.seq == position.seq && found.hash == position.hash))
    }

    /// Returns the records from a byte offset to the end that hold `word`; of the others only the time is read.
    pub(super) fn records_naming(
        &self,
        from: u64,
        word: &str,
    ) -> Result<Option<Since>, StoreError> {
        let file = open(&path(&self.dir), false)?;
        let end = size(&file, &self.dir)?;
        if end.saturating_sub(from) > MAX_TAIL {
            return Ok(None);
        }
        let bytes = self.read_range(&file, from, end)?;
        let finder = memchr::memmem::Finder::new(word.as_bytes());
        let mut since = Since::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            since.latest = since.latest.max(time_of(line));
            if finder.find(line).is_none() {
                continue;
            }
            since.records.push(record::read(line).ok_or_else(|| {
                StoreError::Damaged(format!("a record behind byte {from} was changed"))
            })?);
        }
        Ok(Some(since))
    }

    /// Makes sure that everything that was appended is filed; cheap when it is.
    pub(super) fn settle(&self, now: Timestamp) -> Result<Head, StoreError> {
        let head = known_head(&self.dir)?;
        let file = open(&path(&self.dir), false)?;
        if size(&file, &self.dir)? == head.end {
            return Ok(head);
        }
        Ok(Writer::begin(self, now)?.head)
    }

    /// Calls `each` for every whole record, oldest first, until it returns false.
    pub fn records(&self, mut each: impl FnMut(Record) -> bool) -> Result<(), StoreError> {
        let path = path(&self.dir);
        let file = open(&path, false)?;
        let mut reader = io::BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = io::Read::take(&mut reader, MAX_LINE as u64 + 1)
                .read_until(b'\n', &mut line)
                .map_err(StoreError::io("read", &path))?;
            if read == 0 {
                return Ok(());
            }
            self.count_read(read as u64);
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            if let Some(record) = record::read(text)
                && !each(record)
            {
                return Ok(());
            }
        }
    }

    /// Copies the ledger as it is now, without half a line that is just being written.
    ///
    /// # Errors
    /// Fails when it cannot be read or the copy cannot be written.
    pub fn export(&self, to: &mut dyn io::Write, now: Timestamp) -> Result<u64, StoreError> {
        let head = self.settle(now)?;
        let path = path(&self.dir);
        let file = open(&path, false)?;
        io::copy(&mut io::Read::take(file, head.end), to).map_err(StoreError::io("copy", &path))
    }

    /// Returns the last records, oldest first, reading from the end.
    pub fn last_records(&self, limit: usize) -> Result<Vec<Record>, StoreError> {
        let file = open(&path(&self.dir), false)?;
        let end = size(&file, &self.dir)?;
        let mut span = 1_u64 << 16;
        loop {
            let from = end.saturating_sub(span);
            let bytes = self.read_range(&file, from, end)?;
            let lines: Vec<&[u8]> = bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .collect();
            // The first line may have been entered in its middle.
            if from == 0 || lines.len() > limit || span >= MAX_TAIL {
                let first = lines.len().saturating_sub(limit);
                return Ok(lines
                    .iter()
                    .skip(first)
                    .filter_map(|line| record::read(line))
                    .collect());
            }
            span = (span * 4).min(MAX_TAIL);
        }
    }
}
