//! One line of the ledger: how it is written, read and chained.
//! It touches no file.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Goes into every hash, so that no other use of SHA-256 gives the same one.
const DOMAIN: &[u8] = b"backstop.ledger/1\n";

/// `prev` of the first record.
pub const ROOT: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The end of every line: `,"hash":"`, 64 hex digits, `"}`.
const SEAL: usize = 9 + 64 + 2;

/// The largest line: a call of 8 MiB, escaped twice over, still fits.
pub const MAX_LINE: usize = 48 << 20;

/// One record, as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub v: u32,
    pub seq: u64,
    /// RFC 3339.
    pub at: String,
    pub kind: String,
    pub prev: String,
    pub body: Value,
    #[serde(default)]
    pub hash: String,
}

/// Where a record stands in `ledger.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub seq: u64,
    pub offset: u64,
    /// Bytes, without the line feed.
    pub len: u64,
    pub hash: String,
}

/// Returns the bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn digest(head: &[u8]) -> String {
    let mut sum = Sha256::new();
    sum.update(DOMAIN);
    sum.update(head);
    hex(&sum.finalize())
}

/// Writes a record as one line without its line feed; returns the line and its hash.
pub fn write(
    seq: u64,
    at: &str,
    kind: &str,
    prev: &str,
    body: &Value,
) -> Result<(String, String), serde_json::Error> {
    let mut line = format!(
        r#"{{"v":1,"seq":{seq},"at":{},"kind":{},"prev":"{prev}","body":{}"#,
        serde_json::to_string(at)?,
        serde_json::to_string(kind)?,
        serde_json::to_string(body)?,
    );
    let hash = digest(line.as_bytes());
    let _ = write!(line, r#","hash":"{hash}"}}"#);
    Ok((line, hash))
}

/// Reads a line; nothing when it is not a whole record or any byte of it was changed.
pub fn read(line: &[u8]) -> Option<Record> {
    let (head, seal) = line.split_at_checked(line.len().checked_sub(SEAL)?)?;
    let hash = seal.strip_prefix(br#","hash":""#)?.strip_suffix(br#""}"#)?;
    if digest(head).as_bytes() != hash {
        return None;
    }
    let record: Record = serde_json::from_slice(line).ok()?;
    (record.v == 1).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> String {
        let body = serde_json::json!({"id": "7F3K", "text": "quote \" and\nline feed"});
        write(7, "2026-11-21T10:00:00Z", "held", ROOT, &body)
            .unwrap()
            .0
    }

    #[test]
    fn a_record_reads_back_as_written_on_one_line() {
        let line = line();
        let record = read(line.as_bytes()).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!((record.seq, record.kind.as_str()), (7, "held"));
        assert_eq!(record.body["text"], "quote \" and\nline feed");
    }

    #[test]
    fn a_change_of_any_bit_or_a_cut_at_any_byte_is_seen() {
        let line = line().into_bytes();
        for place in 0..line.len() {
            assert!(read(&line[..place]).is_none(), "cut at {place}");
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[place] ^= 1 << bit;
                assert!(read(&changed).is_none(), "bit {bit} of byte {place}");
            }
        }
    }
}
