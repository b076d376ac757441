//! Deadline, cancellation, limits and progress of one run, shared by all its stages.
//! It starts and stops nothing by itself: stages ask it at every buffer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::error::BackupError;

/// Numbers of a run that others may look at while it goes on.
#[derive(Debug, Default)]
pub struct Counters {
    /// Bytes read from the source.
    pub plain: AtomicU64,
    /// Bytes written to disk.
    pub written: AtomicU64,
}

/// When a run has to stop, and what it counts.
#[derive(Clone, Debug)]
pub struct Control {
    pub deadline: Option<Instant>,
    pub cancel: Arc<AtomicBool>,
    /// Largest number of bytes that may be read from the source of one run.
    pub max_bytes: u64,
    /// Bytes that have to stay free on the file system of the backups.
    pub keep_free: u64,
    pub counters: Arc<Counters>,
    /// Where the owner says that programs lie; they come before the system's places.
    pub tool_dirs: Arc<[std::path::PathBuf]>,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            deadline: None,
            cancel: Arc::default(),
            max_bytes: u64::MAX,
            keep_free: 0,
            counters: Arc::default(),
            tool_dirs: Arc::default(),
        }
    }
}

impl Control {
    /// Returns a control that stops after this time.
    pub fn within(time: Duration) -> Self {
        Self {
            deadline: Instant::now().checked_add(time),
            ..Self::default()
        }
    }

    /// Fails when the time is up or the run was cancelled.
    ///
    /// # Errors
    /// `Deadline` or `Cancelled`.
    pub fn check(&self) -> Result<(), BackupError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(BackupError::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(BackupError::Deadline),
            _ => Ok(()),
        }
    }

    /// Returns the time that is left; a day when there is no deadline.
    pub fn left(&self) -> Duration {
        const NO_DEADLINE: Duration = Duration::from_secs(24 * 3600);
        self.deadline.map_or(NO_DEADLINE, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        })
    }

    /// Counts bytes read from the source, and fails at the limits.
    ///
    /// # Errors
    /// `Deadline`, `Cancelled` or `Limit`.
    pub fn read(&self, bytes: u64) -> Result<(), BackupError> {
        self.check()?;
        let before = self.counters.plain.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.max_bytes {
            return Err(BackupError::Limit(format!(
                "the source holds more than the limit of {} bytes",
                self.max_bytes
            )));
        }
        Ok(())
    }
}
