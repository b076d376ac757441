//! The head of the ledger, kept apart: the last record that was written, synced and filed.
//! It says where the ledger has to reach at least; it does not read the ledger.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::StoreError;
use super::{files, record};
use crate::adapters::{failpoint, regular};

/// Name of the file in the state directory.
pub const NAME: &str = "head";

/// Two slots of this many bytes are written in turn, so that a torn write leaves the other one whole.
const SLOT: usize = 256;

/// The last record that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub v: u32,
    pub seq: u64,
    pub hash: String,
    /// Where the last record begins in `ledger.jsonl`.
    pub start: u64,
    /// Bytes of `ledger.jsonl` up to and with the last record's line feed.
    pub end: u64,
    /// RFC 3339 time of the last record.
    pub at: String,
}

impl Head {
    /// Returns the head of an empty ledger.
    pub fn empty() -> Self {
        Self {
            v: 1,
            seq: 0,
            hash: record::ROOT.to_owned(),
            start: 0,
            end: 0,
            at: String::new(),
        }
    }

    fn slot(&self) -> Result<Vec<u8>, StoreError> {
        let mut text = serde_json::to_string(self)?;
        text.pop();
        let check = check(text.as_bytes());
        text.push_str(&format!(r#","check":"{check}"}}"#));
        let mut bytes = text.into_bytes();
        bytes.resize(SLOT - 1, b' ');
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn parse(slot: &[u8]) -> Option<Self> {
        let text = slot.trim_ascii_end().strip_suffix(br#""}"#)?;
        let (rest, sum) = text.split_at_checked(text.len().checked_sub(16)?)?;
        let front = rest.strip_suffix(br#","check":""#)?;
        if check(front).as_bytes() != sum {
            return None;
        }
        let whole = [front, b"}"].concat();
        serde_json::from_slice(&whole).ok()
    }
}

fn check(bytes: &[u8]) -> String {
    let sum = record::hex(&Sha256::digest(bytes));
    sum.chars().take(16).collect()
}

/// Writes the first head; both slots are the same.
pub fn create(dir: &Path) -> Result<(), StoreError> {
    let slot = Head::empty().slot()?;
    files::replace(dir, NAME, &slot.repeat(2), "head")?;
    files::sync_dir(dir)
}

/// Reads the newest whole slot; nothing when the file does not exist.
pub fn load(dir: &Path) -> Result<Option<Head>, StoreError> {
    let path = dir.join(NAME);
    let Some(bytes) = files::read(&path)? else {
        return Ok(None);
    };
    bytes
        .chunks(SLOT)
        .filter_map(Head::parse)
        .max_by_key(|head| head.seq)
        .map(Some)
        .ok_or_else(|| StoreError::Damaged("the file `head` cannot be read".to_owned()))
}

/// Writes the head into the slot whose turn it is.
///
/// Not synced: a head that is behind is caught up from the ledger, and the ledger was synced before.
pub fn store(dir: &Path, head: &Head) -> Result<(), StoreError> {
    let path = dir.join(NAME);
    let slot = head.slot()?;
    let place = if head.seq.is_multiple_of(2) {
        0
    } else {
        SLOT as u64
    };
    let outcome = (|| {
        failpoint::reach("store.head.before")?;
        let file: File = regular::unlinked(OpenOptions::new().write(true), &path)?;
        file.write_all_at(&slot, place)?;
        failpoint::reach("store.head.after")
    })();
    outcome.map_err(StoreError::io("write", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_slot_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        create(dir.path()).unwrap();
        for seq in 1..=4 {
            let head = Head {
                seq,
                ..Head::empty()
            };
            store(dir.path(), &head).unwrap();
        }
        let whole = std::fs::read(dir.path().join(NAME)).unwrap();
        assert_eq!(load(dir.path()).unwrap().unwrap().seq, 4);
        for place in 0..150 {
            let mut torn = whole.clone();
            torn[place] = b'#';
            std::fs::write(dir.path().join(NAME), &torn).unwrap();
            assert_eq!(load(dir.path()).unwrap().unwrap().seq, 3, "{place}");
        }
    }

    #[test]
    fn a_head_without_a_whole_slot_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), "nonsense").unwrap();
        assert!(load(dir.path()).is_err());
        std::fs::write(dir.path().join(NAME), "").unwrap();
        assert!(load(dir.path()).is_err());
    }
}
