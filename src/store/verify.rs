//! Reads the whole ledger and names the first record that was changed, removed, reordered or cut off.
//! It repairs nothing.

use std::fs::File;
use std::io::{self, BufRead as _};

use super::error::StoreError;
use super::head::Head;
use super::record::{self, MAX_LINE, Record};
use super::{Store, files, ledger};

/// What a check of the whole ledger found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Records that follow one another without a gap from the first.
    pub records: u64,
    /// Hash of the last of them.
    pub hash: String,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
    /// Bytes of a line that a crash left half written; the next change sets them aside.
    pub torn: u64,
}

/// What is wrong, and with which record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("record {0} was changed")]
    Changed(u64),
    #[error("record {0} was removed")]
    Removed(u64),
    #[error("record {found} stands where record {wanted} belongs")]
    Reordered { wanted: u64, found: u64 },
    #[error("record {0} does not continue the chain: it, or all before it, was written anew")]
    Chain(u64),
    #[error("the end was cut off: records {from} to {to} are missing")]
    Cut { from: u64, to: u64 },
    #[error("record {0} is not the one that the file `head` knows")]
    Head(u64),
    #[error("a line stands behind record {0} that is complete and none of ours")]
    Foreign(u64),
}

impl Store {
    /// Checks every record, the chain and the head.
    pub fn verify(&self) -> Result<Checked, StoreError> {
        let path = ledger::path(&self.dir);
        let file = ledger::open(&path, false)?;
        let (head, size) = self.still(&file)?;
        let mut reader = io::BufReader::with_capacity(1 << 16, io::Read::take(file, size));
        let mut walk = Walk::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = io::Read::take(&mut reader, MAX_LINE as u64 + 2)
                .read_until(b'\n', &mut line)
                .map_err(StoreError::io("read", &path))?;
            if read == 0 {
                break;
            }
            self.count_read(read as u64);
            walk.step(&line, &head);
        }
        Ok(walk.end(&head))
    }

    /// Returns the number of the last record that counts.
    pub fn head_seq(&self) -> Result<u64, StoreError> {
        ledger::known_head(&self.dir).map(|head| head.seq)
    }

    /// Head and size of one moment. What stands there then is never changed again, so the lock is not held for the walk.
    fn still(&self, file: &File) -> Result<(Head, u64), StoreError> {
        let _lock = files::lock(&self.dir)?;
        let head = ledger::known_head(&self.dir)?;
        let facts = file
            .metadata()
            .map_err(StoreError::io("look at", ledger::path(&self.dir)))?;
        Ok((head, facts.len()))
    }
}

struct Walk {
    checked: Checked,
    offset: u64,
    /// A record is wanted that was not where it belongs; whether it comes later decides the word.
    missing: Option<(u64, u64)>,
}

impl Walk {
    fn new() -> Self {
        Self {
            checked: Checked {
                records: 0,
                hash: record::ROOT.to_owned(),
                fault: None,
                torn: 0,
            },
            offset: 0,
            missing: None,
        }
    }

    fn step(&mut self, line: &[u8], head: &Head) {
        let start = self.offset;
        self.offset += line.len() as u64;
        if self.checked.fault.is_some() {
            return;
        }
        let record = record::read(line.strip_suffix(b"\n").unwrap_or(line));
        if self.missing.is_some() {
            self.search(record.as_ref());
            return;
        }
        match record {
            Some(record) => self.follow(&record, head),
            None if start >= head.end && ledger::is_foreign(line) => {
                self.checked.fault = Some(Fault::Foreign(self.checked.records));
            }
            // Behind the head only a crash leaves half a line.
            None if start >= head.end => self.checked.torn += line.len() as u64,
            None => self.checked.fault = Some(Fault::Changed(self.checked.records + 1)),
        }
    }

    fn follow(&mut self, record: &Record, head: &Head) {
        let wanted = self.checked.records + 1;
        if record.seq != wanted {
            self.missing = Some((wanted, record.seq));
            return;
        }
        if record.prev != self.checked.hash {
            self.checked.fault = Some(Fault::Chain(wanted));
            return;
        }
        self.checked.records = wanted;
        self.checked.hash.clone_from(&record.hash);
        if wanted == head.seq && record.hash != head.hash {
            self.checked.fault = Some(Fault::Head(wanted));
        }
    }

    fn search(&mut self, record: Option<&Record>) {
        if let Some((wanted, found)) = self.missing
            && record.is_some_and(|record| record.seq == wanted)
        {
            self.checked.fault = Some(Fault::Reordered { wanted, found });
        }
    }

    fn end(mut self, head: &Head) -> Checked {
        if self.checked.fault.is_none() {
            self.checked.fault = match self.missing {
                Some((wanted, _)) => Some(Fault::Removed(wanted)),
                None if self.checked.records < head.seq => Some(Fault::Cut {
                    from: self.checked.records + 1,
                    to: head.seq,
                }),
                None => None,
            };
        }
        self.checked
    }
}
