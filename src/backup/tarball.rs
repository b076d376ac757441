//! The tar form of trees: pax headers with nanoseconds, extended attributes, sparse files and names as bytes.
//! It encodes and parses headers; it opens no file. What it reads is what it writes, nothing wider.

use super::error::ScanError;

/// Size of a tar block.
pub const BLOCK: usize = 512;
/// Largest pax header that is read: extended attributes are at most 64 KiB each on Linux.
const MAX_PAX: u64 = 16 << 20;
/// Most data segments of one sparse file; a file with more is stored whole.
pub const MAX_SEGMENTS: usize = 10_000;
/// Largest map of a sparse file: two numbers of 20 digits for each segment.
const MAX_MAP: usize = (MAX_SEGMENTS + 2) * 42 + BLOCK;
/// Largest number that the octal fields of the header hold.
const MAX_SIZE: u64 = 0o77_777_777_777;
const MAX_OWNER: u32 = 0o7_777_777;

/// A name and its value, as bytes.
pub type Pair = (Vec<u8>, Vec<u8>);

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    File,
    HardLink,
    Symlink,
    Char,
    Block,
    Directory,
    Fifo,
}

impl Kind {
    const fn flag(self) -> u8 {
        match self {
            Self::File => b'0',
            Self::HardLink => b'1',
            Self::Symlink => b'2',
            Self::Char => b'3',
            Self::Block => b'4',
            Self::Directory => b'5',
            Self::Fifo => b'6',
        }
    }

    const fn of(flag: u8) -> Option<Self> {
        Some(match flag {
            b'0' | 0 => Self::File,
            b'1' => Self::HardLink,
            b'2' => Self::Symlink,
            b'3' => Self::Char,
            b'4' => Self::Block,
            b'5' => Self::Directory,
            b'6' => Self::Fifo,
            _ => return None,
        })
    }

    /// Returns the word in a table of contents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::HardLink => "hard-link",
            Self::Symlink => "link",
            Self::Char | Self::Block => "device",
            Self::Directory => "directory",
            Self::Fifo => "fifo",
        }
    }
}

/// One entry of the archive, its data aside.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Entry {
    /// Path from the archive's root, without a slash at the end.
    pub path: Vec<u8>,
    pub kind: Kind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Length of the file as it was, holes included.
    pub size: u64,
    pub seconds: i64,
    pub nanos: u32,
    /// Where a link leads; for a hard link a path of this archive.
    pub link: Vec<u8>,
    pub device: (u32, u32),
    pub xattrs: Vec<Pair>,
    /// Offsets and lengths of the data of a sparse file.
    pub segments: Option<Vec<(u64, u64)>>,
}

impl Entry {
    /// Returns the map that stands before the data of a sparse file.
    fn map(&self) -> Vec<u8> {
        let Some(segments) = &self.segments else {
            return Vec::new();
        };
        let mut map = format!("{}\n", segments.len() + 1);
        for (offset, length) in segments {
            map.push_str(&format!("{offset}\n{length}\n"));
        }
        // GNU tar ends the map with an empty segment at the file's end.
        map.push_str(&format!("{}\n0\n", self.size));
        let mut map = map.into_bytes();
        pad(&mut map);
        map
    }

    /// Returns the bytes of data that follow the headers, padding and map of a sparse file aside.
    pub fn stored(&self) -> u64 {
        match (&self.segments, self.kind) {
            (Some(segments), Kind::File) => segments.iter().map(|(_, length)| length).sum(),
            (None, Kind::File) => self.size,
            _ => 0,
        }
    }

    /// Returns the headers of the entry, the map of a sparse file included.
    pub fn encode(&self) -> Vec<u8> {
        let map = self.map();
        let length = self.stored().saturating_add(map.len() as u64);
        let records = self.records(length);
        let mut out = Vec::with_capacity(3 * BLOCK + records.len());
        if !records.is_empty() {
            let header = Header {
                name: b"PaxHeaders/entry",
                flag: b'x',
                mode: 0o644,
                size: records.len() as u64,
                ..Header::default()
            };
            out.extend_from_slice(&header.encode());
            out.extend_from_slice(&records);
            pad(&mut out);
        }
        let mut name = if self.segments.is_some() {
            b"GNUSparseFile.0/entry".to_vec()
        } else {
            self.path.clone()
        };
        if self.kind == Kind::Directory {
            name.push(b'/');
        }
        let header = Header {
            name: &name,
            flag: self.kind.flag(),
            mode: self.mode,
            uid: self.uid.min(MAX_OWNER),
            gid: self.gid.min(MAX_OWNER),
            size: if length > MAX_SIZE { 0 } else { length },
            seconds: u64::try_from(self.seconds).unwrap_or(0).min(MAX_SIZE),
            link: &self.link,
            device: self.device,
        };
        out.extend_from_slice(&header.encode());
        out.extend_from_slice(&map);
        out
    }

    fn records(&self, length: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut path = self.path.clone();
        if self.kind == Kind::Directory {
            path.push(b'/');
        }
        if self.segments.is_some() {
            record(&mut out, b"GNU.sparse.major", b"1");
            record(&mut out, b"GNU.sparse.minor", b"0");
            record(&mut out, b"GNU.sparse.name", &path);
            let size = self.size.to_string();
            record(&mut out, b"GNU.sparse.realsize", size.as_bytes());
        } else if path.len() > 100 {
            record(&mut out, b"path", &path);
        }
        if self.link.len() > 100 {
            record(&mut out, b"linkpath", &self.link);
        }
        if length > MAX_SIZE {
            record(&mut out, b"size", length.to_string().as_bytes());
        }
        if self.uid > MAX_OWNER {
            record(&mut out, b"uid", self.uid.to_string().as_bytes());
        }
        if self.gid > MAX_OWNER {
            record(&mut out, b"gid", self.gid.to_string().as_bytes());
        }
        if self.nanos != 0 || self.seconds < 0 || self.seconds > MAX_SIZE as i64 {
            record(
                &mut out,
                b"mtime",
                time(self.seconds, self.nanos).as_bytes(),
            );
        }
        for (name, value) in &self.xattrs {
            let mut key = b"SCHILY.xattr.".to_vec();
            for byte in name {
                match byte {
                    b'=' => key.extend_from_slice(b"%3D"),
                    b'%' => key.extend_from_slice(b"%25"),
                    byte => key.push(*byte),
                }
            }
            record(&mut out, &key, value);
        }
        out
    }
}

/// Writes seconds and nanoseconds as a decimal number; before 1970 both together are negative.
fn time(seconds: i64, nanos: u32) -> String {
    if seconds < 0 && nanos > 0 {
        let whole = (seconds + 1).unsigned_abs();
        return format!("-{whole}.{:09}", 1_000_000_000 - nanos);
    }
    format!("{seconds}.{nanos:09}")
}

fn parse_time(text: &str) -> Option<(i64, u32)> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let seconds: i64 = whole.parse().ok()?;
    let mut nanos = 0_u32;
    for place in 0..9 {
        let digit = part.as_bytes().get(place).map_or(Some(0), |byte| {
            byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
        })?;
        nanos = nanos * 10 + digit;
    }
    if negative && nanos > 0 {
        return Some((seconds.checked_sub(1)?, 1_000_000_000 - nanos));
    }
    Some((seconds, nanos))
}

/// Appends one pax record; its length counts itself.
fn record(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(length.to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(key);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
}

/// Returns the zeros that fill the last block of so many bytes.
pub fn padding(bytes: u64) -> usize {
    let used = (bytes % BLOCK as u64) as usize;
    if used == 0 { 0 } else { BLOCK - used }
}

/// The two zero blocks that end an archive.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

#[derive(Default)]
struct Header<'a> {
    name: &'a [u8],
    flag: u8,
    mode: u32,
    uid: u32,
    gid: u32,
    size: u64,
    seconds: u64,
    link: &'a [u8],
    device: (u32, u32),
}

impl Header<'_> {
    fn encode(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        put(&mut block, 0, 100, self.name);
        octal(&mut block, 100, 8, u64::from(self.mode));
        octal(&mut block, 108, 8, u64::from(self.uid));
        octal(&mut block, 116, 8, u64::from(self.gid));
        octal(&mut block, 124, 12, self.size);
        octal(&mut block, 136, 12, self.seconds);
        put(&mut block, 148, 8, b"        ");
        put(&mut block, 156, 1, &[self.flag]);
        put(&mut block, 157, 100, self.link);
        put(&mut block, 257, 8, b"ustar\x0000");
        octal(&mut block, 329, 8, u64::from(self.device.0));
        octal(&mut block, 337, 8, u64::from(self.device.1));
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        put(&mut block, 148, 8, format!("{sum:06o}\0 ").as_bytes());
        block
    }
}

/// Copies as much of a value as the field holds.
fn put(block: &mut [u8; BLOCK], at: usize, width: usize, value: &[u8]) {
    let length = value.len().min(width);
    if let (Some(field), Some(value)) = (block.get_mut(at..at + length), value.get(..length)) {
        field.copy_from_slice(value);
    }
}

fn octal(block: &mut [u8; BLOCK], at: usize, width: usize, value: u64) {
    put(
        block,
        at,
        width,
        format!("{value:0digits$o}\0", digits = width - 1).as_bytes(),
    );
}

/// Gets what a parser finds, in the order of the archive.
pub trait Sink {
    /// A new entry begins.
    ///
    /// # Errors
    /// When the entry cannot be taken.
    fn entry(&mut self, entry: Entry) -> Result<(), ScanError>;
    /// Data of the entry, at its place in the file.
    ///
    /// # Errors
    /// When the data cannot be taken.
    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<(), ScanError>;
    /// The entry has ended.
    ///
    /// # Errors
    /// When it cannot be completed.
    fn end(&mut self) -> Result<(), ScanError>;
}

enum State {
    Header,
    Pax(u64),
    Map(Box<Entry>, u64),
    Data,
    Skip(usize),
    Zero,
    Done,
}

/// Parses an archive that is fed to it piece by piece.
pub struct Parser {
    state: State,
    held: Vec<u8>,
    pax: Vec<Pair>,
    /// Segments of data still to come, in reverse order; the last is the current one.
    segments: Vec<(u64, u64)>,
    padding: usize,
}

impl std::fmt::Debug for Parser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parser")
    }
}

impl Default for Parser {
    fn default() -> Self {
        Self {
            state: State::Header,
            held: Vec::new(),
            pax: Vec::new(),
            segments: Vec::new(),
            padding: 0,
        }
    }
}

impl Parser {
    /// Takes the next bytes of the archive.
    ///
    /// # Errors
    /// When they are no archive as this module writes it, or the sink refuses.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) -> Result<(), ScanError> {
        while !bytes.is_empty() {
            bytes = match &mut self.state {
                State::Data => self.data(bytes, sink)?,
                State::Skip(left) => {
                    let taken = bytes.len().min(*left);
                    *left -= taken;
                    if *left == 0 {
                        self.state = State::Header;
                    }
                    bytes.get(taken..).unwrap_or_default()
                }
                State::Done => {
                    return Err(ScanError::new("bytes stand after the end of the archive"));
                }
                State::Header | State::Pax(_) | State::Map(..) | State::Zero => {
                    let (taken, block) = self.hold(bytes);
                    if block {
                        self.block(sink)?;
                    }
                    bytes.get(taken..).unwrap_or_default()
                }
            };
        }
        Ok(())
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// When its two zero blocks have not been seen.
    pub fn finish(&self) -> Result<(), ScanError> {
        match self.state {
            State::Done => Ok(()),
            _ => Err(ScanError::new("the archive is cut: its end is missing")),
        }
    }

    /// Collects up to the next border of a block.
    fn hold(&mut self, bytes: &[u8]) -> (usize, bool) {
        let room = BLOCK - self.held.len() % BLOCK;
        let taken = room.min(bytes.len());
        self.held
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        (taken, taken == room)
    }

    fn block(&mut self, sink: &mut dyn Sink) -> Result<(), ScanError> {
        match std::mem::replace(&mut self.state, State::Header) {
            State::Header => self.header(sink),
            State::Zero => {
                if self.held.iter().any(|byte| *byte != 0) {
                    return Err(ScanError::new("a zero block stands inside the archive"));
                }
                self.state = State::Done;
                Ok(())
            }
            State::Pax(length) => {
                if (self.held.len() as u64) < length {
                    self.state = State::Pax(length);
                    return Ok(());
                }
                let held = std::mem::take(&mut self.held);
                self.pax = records(held.get(..length as usize).unwrap_or_default())?;
                Ok(())
            }
            State::Map(entry, length) => self.map(entry, length, sink),
            other => {
                self.state = other;
                Ok(())
            }
        }
    }

    fn header(&mut self, sink: &mut dyn Sink) -> Result<(), ScanError> {
        let held = std::mem::take(&mut self.held);
        if held.iter().all(|byte| *byte == 0) {
            self.state = State::Zero;
            return Ok(());
        }
        check_sum(&held)?;
        let flag = held.get(156).copied().unwrap_or(0);
        let size = number(&held, 124, 12)?;
        if flag == b'x' {
            if size > MAX_PAX {
                return Err(ScanError::new("an extended header is too large"));
            }
            self.state = State::Pax(size);
            return Ok(());
        }
        let (entry, length) = self.entry(&held, flag, size)?;
        let sparse = self.pax.iter().any(|(key, _)| key == b"GNU.sparse.major");
        self.pax.clear();
        if sparse {
            self.state = State::Map(Box::new(entry), length);
            return Ok(());
        }
        let segments = match entry.kind {
            Kind::File => vec![(0, length)],
            _ if length == 0 => Vec::new(),
            _ => return Err(ScanError::new("an entry without data has a length")),
        };
        self.begin(entry, segments, length, sink)
    }

    fn begin(
        &mut self,
        entry: Entry,
        segments: Vec<(u64, u64)>,
        length: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), ScanError> {
        sink.entry(entry)?;
        self.padding = padding(length);
        self.segments = segments;
        self.segments.retain(|(_, length)| *length > 0);
        self.segments.reverse();
        self.after_data(sink)
    }

    fn after_data(&mut self, sink: &mut dyn Sink) -> Result<(), ScanError> {
        if !self.segments.is_empty() {
            self.state = State::Data;
            return Ok(());
        }
        sink.end()?;
        self.state = match self.padding {
            0 => State::Header,
            left => State::Skip(left),
        };
        Ok(())
    }

    fn data<'b>(&mut self, bytes: &'b [u8], sink: &mut dyn Sink) -> Result<&'b [u8], ScanError> {
        let Some((offset, left)) = self.segments.last_mut() else {
            self.after_data(sink)?;
            return Ok(bytes);
        };
        let taken = usize::try_from(*left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        sink.data(*offset, bytes.get(..taken).unwrap_or_default())?;
        *offset = offset.saturating_add(taken as u64);
        *left -= taken as u64;
        if *left == 0 {
            self.segments.pop();
            self.after_data(sink)?;
        }
        Ok(bytes.get(taken..).unwrap_or_default())
    }

    /// Reads the map of a sparse file, block by block until it is whole.
    fn map(
        &mut self,
        mut entry: Box<Entry>,
        length: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), ScanError> {
        let Some(segments) = segments(&self.held)? else {
            if self.held.len() > MAX_MAP {
                return Err(ScanError::new("the map of a sparse file is too large"));
            }
            self.state = State::Map(entry, length);
            return Ok(());
        };
        let map = std::mem::take(&mut self.held).len() as u64;
        let stored: u64 = segments.iter().map(|(_, length)| *length).sum();
        let end = segments
            .iter()
            .map(|(offset, length)| offset.saturating_add(*length))
            .max();
        if map.saturating_add(stored) != length || end.unwrap_or(0) > entry.size {
            return Err(ScanError::new(
                "the map of a sparse file does not fit its data",
            ));
        }
        entry.segments = Some(
            segments
                .iter()
                .copied()
                .filter(|(_, length)| *length > 0)
                .collect(),
        );
        self.begin(*entry, segments, stored, sink)
    }

    fn entry(&self, held: &[u8], flag: u8, size: u64) -> Result<(Entry, u64), ScanError> {
        let kind = Kind::of(flag)
            .ok_or_else(|| ScanError::new(format!("an entry has the unknown type {flag}")))?;
        let mut length = size;
        let mut entry = Entry {
            path: text(held, 0, 100),
            kind,
            mode: small(held, 100, 8)?,
            uid: small(held, 108, 8)?,
            gid: small(held, 116, 8)?,
            size,
            seconds: number(held, 136, 12)?.try_into().unwrap_or(0),
            link: text(held, 157, 100),
            device: match kind {
                Kind::Char | Kind::Block => (small(held, 329, 8)?, small(held, 337, 8)?),
                _ => (0, 0),
            },
            ..Entry::default()
        };
        let mut real = None;
        for (key, value) in &self.pax {
            let decimal = || {
                std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse::<u64>().ok())
                    .ok_or_else(|| ScanError::new("an extended header holds no number"))
            };
            match key.as_slice() {
                b"path" | b"GNU.sparse.name" => entry.path.clone_from(value),
                b"linkpath" => entry.link.clone_from(value),
                b"size" => length = decimal()?,
                b"uid" => entry.uid = decimal()?.try_into().unwrap_or(u32::MAX),
                b"gid" => entry.gid = decimal()?.try_into().unwrap_or(u32::MAX),
                b"GNU.sparse.realsize" => real = Some(decimal()?),
                b"mtime" => {
                    (entry.seconds, entry.nanos) = std::str::from_utf8(value)
                        .ok()
                        .and_then(parse_time)
                        .ok_or_else(|| ScanError::new("an entry has no readable time"))?;
                }
                key => {
                    if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                        entry.xattrs.push((unescape(name), value.clone()));
                    }
                }
            }
        }
        entry.size = real.unwrap_or(length);
        if kind == Kind::Directory && entry.path.last() == Some(&b'/') {
            entry.path.pop();
        }
        Ok((entry, length))
    }
}

fn unescape(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"%3D") {
            out.push(b'=');
            rest = after;
        } else if let Some(after) = rest.strip_prefix(b"%25") {
            out.push(b'%');
            rest = after;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

fn records(mut bytes: &[u8]) -> Result<Vec<Pair>, ScanError> {
    let broken = || ScanError::new("an extended header is broken");
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let space = memchr::memchr(b' ', bytes).ok_or_else(broken)?;
        let length: usize = bytes
            .get(..space)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(broken)?;
        let one = bytes.get(space + 1..length).ok_or_else(broken)?;
        let one = one.strip_suffix(b"\n").ok_or_else(broken)?;
        let equals = memchr::memchr(b'=', one).ok_or_else(broken)?;
        let (key, value) = one.split_at_checked(equals).ok_or_else(broken)?;
        out.push((key.to_vec(), value.get(1..).unwrap_or_default().to_vec()));
        bytes = bytes.get(length..).ok_or_else(broken)?;
    }
    Ok(out)
}

/// Returns the segments of a map, or nothing while it is not whole.
fn segments(map: &[u8]) -> Result<Option<Vec<(u64, u64)>>, ScanError> {
    let broken = || ScanError::new("the map of a sparse file is broken");
    let lines = map.iter().filter(|byte| **byte == b'\n').count();
    let mut numbers = map.split(|byte| *byte == b'\n').map(|digits| {
        std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<u64>().ok())
            .ok_or_else(broken)
    });
    if lines == 0 {
        return Ok(None);
    }
    let count = numbers.next().ok_or_else(broken)??;
    let count = usize::try_from(count).map_err(|_| broken())?;
    if count > MAX_SEGMENTS + 1 {
        return Err(broken());
    }
    if lines < count * 2 + 1 {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        let offset = numbers.next().ok_or_else(broken)??;
        let length = numbers.next().ok_or_else(broken)??;
        out.push((offset, length));
    }
    Ok(Some(out))
}

fn check_sum(block: &[u8]) -> Result<(), ScanError> {
    let sum: u64 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u64::from(*byte)
            }
        })
        .sum();
    if number(block, 148, 8)? != sum {
        return Err(ScanError::new("the checksum of an entry is wrong"));
    }
    Ok(())
}

fn text(block: &[u8], at: usize, width: usize) -> Vec<u8> {
    let field = block.get(at..at + width).unwrap_or_default();
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    field.get(..end).unwrap_or_default().to_vec()
}

fn number(block: &[u8], at: usize, width: usize) -> Result<u64, ScanError> {
    let field = block.get(at..at + width).unwrap_or_default();
    let digits = field
        .split(|byte| matches!(byte, 0 | b' '))
        .next()
        .unwrap_or_default();
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| u64::from_str_radix(digits, 8).ok())
        .ok_or_else(|| ScanError::new("an entry holds no readable number"))
}

fn small(block: &[u8], at: usize, width: usize) -> Result<u32, ScanError> {
    number(block, at, width)?
        .try_into()
        .map_err(|_| ScanError::new("an entry holds a number that is too large"))
}

#[cfg(test)]
mod tests;
