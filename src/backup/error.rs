//! Why a backup, a verification or a restore could not be done.
//! A backup that does not cover a loss is not an error; `plan::coverage` says that.

use std::io;
use std::path::{Path, PathBuf};

/// What a scan found wrong in the bytes that it was fed.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct ScanError {
    text: String,
    /// Not the bytes are wrong: the place where they are put cannot take them.
    outside: bool,
}

impl ScanError {
    /// Returns the error with this sentence (lower case, no full stop).
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            outside: false,
        }
    }

    /// Returns the error of a place that cannot take what it is given.
    pub fn outside(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            outside: true,
        }
    }
}

/// Why an operation of this room failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("cannot {what} `{}`: {source}", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// The thing to be backed up could not be read, or its program failed.
    #[error("{0}")]
    Source(String),
    /// What was written does not read back as what it should be.
    #[error("the backup is not intact: {0}")]
    NotIntact(String),
    #[error("ran out of time")]
    Deadline,
    #[error("cancelled")]
    Cancelled,
    /// A limit of bytes, entries or space was met; the sentence names it.
    #[error("{0}")]
    Limit(String),
    /// Nothing here can reach or read this target, with the reason.
    #[error("{0}")]
    Unreachable(String),
    /// The server wants a password that is not known, or another one.
    #[error("{0}")]
    Password(String),
    /// Another process holds what is needed.
    #[error("{0}")]
    Busy(String),
    /// The place where something is to be written is taken.
    #[error("{0}")]
    Taken(String),
    /// A wish that does not fit the backup; the sentence says what does.
    #[error("{0}")]
    Wish(String),
    /// Named something that is not there.
    #[error("{0}")]
    NotFound(String),
    /// A later stage of the pipeline ended first; its error is the one that is shown.
    #[error("a later stage ended first")]
    Broken,
}

impl BackupError {
    /// Returns an error of the operating system about one path.
    pub fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_path_buf(),
            source,
        }
    }

    /// Returns what mends it, as a sentence; empty when nothing general can be said.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => "run it as the account that owns these files",
                io::ErrorKind::StorageFull => {
                    "free some space, or name another folder with --backup-dir"
                }
                _ => "",
            },
            Self::Deadline => "give it more time with --max-minutes, or back up a smaller part",
            Self::Limit(_) => {
                "raise the limit with --max-gb, free some space, or name another folder with --backup-dir"
            }
            Self::NotIntact(_) => {
                "do not rely on this backup; make a new one with `backstop backup run`"
            }
            Self::Password(_) => {
                "set PGPASSWORD, add a line to `~/.pgpass`, or run it in a terminal, where it is asked for"
            }
            Self::Busy(_) => "wait until the other process has finished, then try again",
            Self::Taken(_) => "name a place or a database that is not there yet",
            Self::NotFound(_) => "`backstop backup list` shows what is there",
            Self::Wish(_)
            | Self::Source(_)
            | Self::Cancelled
            | Self::Unreachable(_)
            | Self::Broken => "",
        }
    }
}

impl From<ScanError> for BackupError {
    fn from(error: ScanError) -> Self {
        if error.outside {
            Self::Source(format!("{}; the backup itself is as it was", error.text))
        } else {
            Self::NotIntact(error.text)
        }
    }
}
