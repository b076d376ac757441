//! Agent sessions that the hook has seen: process and start time, so that a reused number is not mistaken.
//! Finding the processes is the adapters' business.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::ledger::Writer;
use super::record::Record;
use super::{Store, files, index};

/// Folder with one file a process number.
pub const DIR: &str = "sessions";

/// A process that is, or was, an agent session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub session: String,
    pub pid: u32,
    /// Start time of the process as the system tells it; compared, never computed with.
    pub started: String,
}

impl Store {
    /// Remembers a session's process; one that is known costs one small read.
    ///
    /// # Errors
    /// Fails when it cannot be written.
    pub fn session_seen(
        &self,
        session: &str,
        pid: u32,
        started: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let seen = Session {
            session: session.to_owned(),
            pid,
            started: started.to_owned(),
        };
        if self.session_of(pid, started)?.as_ref() == Some(&seen) {
            return Ok(());
        }
        let mut writer = Writer::begin(self, now)?;
        writer
            .append(now, "session", &serde_json::to_value(&seen)?)
            .map(|_| ())
    }

    /// Returns the session that this very process is, if it was seen.
    ///
    /// # Errors
    /// Fails when the file is there and cannot be read.
    pub fn session_of(&self, pid: u32, started: &str) -> Result<Option<Session>, StoreError> {
        let path = self.dir.join(DIR).join(format!("{pid}.json"));
        let Some(bytes) = files::read(&path)? else {
            return Ok(None);
        };
        let seen: Session = serde_json::from_slice(&bytes)
            .map_err(|_| StoreError::Mismatch(format!("{DIR}/{pid}")))?;
        Ok((seen.pid == pid && seen.started == started).then_some(seen))
    }

    /// Returns every session that is remembered.
    ///
    /// # Errors
    /// Fails when the folder cannot be read.
    pub fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        let dir = self.dir.join(DIR);
        let mut sessions = Vec::new();
        let entries = std::fs::read_dir(&dir).map_err(StoreError::io("read", &dir))?;
        for entry in entries {
            let entry = entry.map_err(StoreError::io("read", &dir))?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            if let Some(bytes) = files::read(&entry.path())?
                && let Ok(session) = serde_json::from_slice(&bytes)
            {
                sessions.push(session);
            }
        }
        sessions.sort_by_key(|session: &Session| session.pid);
        Ok(sessions)
    }
}

/// Files a session; called with the lock held.
pub fn apply(store: &Store, record: &Record) -> Result<(), StoreError> {
    let seen = Session {
        session: index::part(record, "session")?,
        pid: index::part(record, "pid")?,
        started: index::part(record, "started")?,
    };
    let bytes = serde_json::to_vec(&seen)?;
    let name = format!("{}.json", seen.pid);
    files::replace(&store.dir.join(DIR), &name, &bytes, "session")
}
