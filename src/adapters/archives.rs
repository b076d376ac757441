//! Names of what an archive holds: tar (plain, gzip, zstd) and zip.
//! It unpacks nothing, and an archive that is too large or of another kind is not known.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::files;
use crate::model::fact::Answer;

/// Bytes that are read (packed archives: after unpacking) before an archive counts as too large.
const BYTES_MAX: u64 = 64 << 20;
/// Members that are named.
const MEMBERS_MAX: usize = 20_000;
/// Bytes of a name or of the records in front of a member.
const NAME_MAX: u64 = 64 << 10;
/// One block of a tar file.
const BLOCK: usize = 512;
/// The end of a zip file in which its table of contents is looked for.
const ZIP_TAIL: u64 = 66 << 10;

/// Answers which files an archive holds, by their names in it.
pub fn members(path: &Path) -> Answer {
    match read(path) {
        Ok(Some(names)) => Answer::Glob(names),
        Ok(None) => Answer::Unknown(format!("`{}` is no archive that is read", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Answer::Absent,
        Err(error) => Answer::Unknown(format!("`{}`: {error}", path.display())),
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<PathBuf>>> {
    let mut file = files::regular(path)?;
    let mut head = [0_u8; BLOCK];
    let mut got = 0;
    while let Some(rest) = head.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            count => got += count,
        }
    }
    file.rewind()?;
    let starts = |magic: &[u8]| head.starts_with(magic);
    if starts(b"PK\x03\x04") {
        zip(file)
    } else if starts(&[0x1f, 0x8b]) {
        tar(Packed(flate2::read::MultiGzDecoder::new(file)))
    } else if starts(&[0x28, 0xb5, 0x2f, 0xfd]) {
        tar(Packed(zstd::stream::read::Decoder::new(file)?))
    } else if head.get(257..262) == Some(b"ustar") {
        tar(file)
    } else {
        Ok(None)
    }
}

/// A stream in which a stretch can be passed over.
trait Passing: Read {
    fn pass(&mut self, bytes: u64) -> io::Result<()>;
    /// What passing over costs of the budget.
    fn cost(bytes: u64) -> u64;
}

impl Passing for File {
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = i64::try_from(bytes).map_err(io::Error::other)?;
        self.seek(SeekFrom::Current(bytes)).map(drop)
    }

    fn cost(_: u64) -> u64 {
        0
    }
}

/// A stream that has to be unpacked to be passed over.
struct Packed<R>(R);

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Passing for Packed<R> {
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        io::copy(&mut self.0.by_ref().take(bytes), &mut io::sink()).map(drop)
    }

    fn cost(bytes: u64) -> u64 {
        bytes
    }
}

fn tar<P: Passing>(mut input: P) -> io::Result<Option<Vec<PathBuf>>> {
    let mut names = Vec::new();
    let mut long: Option<Vec<u8>> = None;
    let mut left = BYTES_MAX;
    let mut block = [0_u8; BLOCK];
    while names.len() < MEMBERS_MAX {
        match input.read_exact(&mut block) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Some(names)),
            Err(error) => return Err(error),
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(Some(names));
        }
        let Some(size) = size_of(&block) else {
            return Ok(None);
        };
        let padded = size.next_multiple_of(BLOCK as u64);
        let spent = P::cost(padded).saturating_add(BLOCK as u64);
        let Some(rest) = left.checked_sub(spent) else {
            return Ok(None);
        };
        left = rest;
        let kind = block.get(156).copied().unwrap_or(0);
        if matches!(kind, b'L' | b'x') && size <= NAME_MAX {
            let mut data = Vec::new();
            input.by_ref().take(size).read_to_end(&mut data)?;
            input.pass(padded - size)?;
            long = match kind {
                b'L' => Some(until_nul(&data).to_vec()),
                _ => pax_path(&data).or(long),
            };
            continue;
        }
        input.pass(padded)?;
        if matches!(kind, 0 | b'0' | b'1' | b'2' | b'7') {
            let full = long.take().unwrap_or_else(|| short_name(&block));
            names.push(PathBuf::from(OsStr::from_bytes(&full)));
        } else if kind != b'g' {
            long = None;
        }
    }
    Ok(None)
}

fn field(block: &[u8], from: usize, length: usize) -> &[u8] {
    until_nul(block.get(from..from + length).unwrap_or_default())
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn size_of(block: &[u8]) -> Option<u64> {
    let raw = block.get(124..136)?;
    if raw.first().is_some_and(|byte| byte & 0x80 != 0) {
        let tail: [u8; 8] = raw.get(4..12)?.try_into().ok()?;
        return Some(u64::from_be_bytes(tail)).filter(|size| *size < 1 << 62);
    }
    let text = std::str::from_utf8(until_nul(raw)).ok()?.trim();
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(text, 8).ok()
}

fn short_name(block: &[u8]) -> Vec<u8> {
    let name = field(block, 0, 100);
    let prefix = field(block, 345, 155);
    // GNU's own form has no prefix there.
    if prefix.is_empty() || block.get(257..263) != Some(b"ustar\0") {
        return name.to_vec();
    }
    [prefix, b"/", name].concat()
}

/// Returns the `path` of the records in front of a member: `LENGTH key=value\n`.
fn pax_path(data: &[u8]) -> Option<Vec<u8>> {
    data.split(|byte| *byte == b'\n').find_map(|line| {
        let space = line.iter().position(|byte| *byte == b' ')?;
        line.get(space + 1..)?
            .strip_prefix(b"path=")
            .map(<[u8]>::to_vec)
    })
}

fn zip(mut file: File) -> io::Result<Option<Vec<PathBuf>>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(ZIP_TAIL)))?;
    let mut tail = Vec::new();
    file.by_ref().take(ZIP_TAIL).read_to_end(&mut tail)?;
    let end = tail.windows(4).rposition(|bytes| bytes == b"PK\x05\x06");
    let Some(end) = end.and_then(|at| tail.get(at..)) else {
        return Ok(None);
    };
    let (Some(size), Some(start)) = (little(end, 12, 4), little(end, 16, 4)) else {
        return Ok(None);
    };
    if size > BYTES_MAX || start > length {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(start))?;
    let mut table = Vec::new();
    file.take(size).read_to_end(&mut table)?;
    let mut names = Vec::new();
    let mut rest = table.as_slice();
    while rest.starts_with(b"PK\x01\x02") {
        if names.len() >= MEMBERS_MAX {
            return Ok(None);
        }
        let lengths = [28, 30, 32].map(|at| little(rest, at, 2).unwrap_or(0));
        let [name, extra, comment] = lengths.map(|length| usize::try_from(length).unwrap_or(0));
        let text = rest.get(46..46 + name).unwrap_or_default();
        if !text.ends_with(b"/") {
            names.push(PathBuf::from(OsStr::from_bytes(text)));
        }
        rest = rest.get(46 + name + extra + comment..).unwrap_or_default();
    }
    Ok(Some(names))
}

fn little(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + width)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |all, byte| all << 8 | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(name: &str, kind: u8, size: usize) -> Vec<u8> {
        let mut block = vec![0_u8; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[156] = kind;
        block[257..263].copy_from_slice(b"ustar\0");
        block
    }

    #[test]
    fn a_tar_names_its_files_with_long_names_and_without_folders() {
        let mut bytes = block("d/", b'5', 0);
        bytes.extend(block("d/a.txt", b'0', 3));
        bytes.extend([b'x'; BLOCK]);
        let record = b"16 path=d/long\nx";
        bytes.extend(block("pax", b'x', record.len()));
        bytes.extend(record);
        bytes.extend(vec![0; BLOCK - record.len()]);
        bytes.extend(block("short", b'0', 0));
        bytes.extend([0; 2 * BLOCK]);
        let names = tar(Packed(bytes.as_slice())).unwrap().unwrap();
        assert_eq!(names, [PathBuf::from("d/a.txt"), PathBuf::from("d/long")]);
    }

    #[test]
    fn what_is_no_tar_names_nothing() {
        let bytes = vec![b'x'; 2 * BLOCK];
        assert!(tar(Packed(bytes.as_slice())).unwrap().is_none());
    }

    #[test]
    fn a_zip_names_its_files_by_its_table_at_the_end() {
        let mut bytes = b"PK\x03\x04data".to_vec();
        let start = u32::try_from(bytes.len()).unwrap();
        for name in ["d/", "d/a.txt"] {
            let mut entry = vec![0_u8; 46];
            entry[..4].copy_from_slice(b"PK\x01\x02");
            entry[28] = u8::try_from(name.len()).unwrap();
            bytes.extend(entry);
            bytes.extend(name.as_bytes());
        }
        let size = u32::try_from(bytes.len()).unwrap() - start;
        bytes.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
        bytes.extend(size.to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0, 0]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.zip");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(members(&path), Answer::Glob(vec!["d/a.txt".into()]));
    }
}
