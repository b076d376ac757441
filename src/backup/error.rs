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
                _ if source.raw_os_error() == Some(libc::EPERM) => {
                    "the file or its folder may not be changed: `lsattr -d` shows whether it is marked so, and `chattr -i` ends that"
                }
                io::ErrorKind::PermissionDenied => "run it as the account that owns these files",
                io::ErrorKind::ReadOnlyFilesystem => {
                    "the disk takes no writes: mount it for writing, then run the same command again"
                }
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
            Self::Source(text) | Self::Unreachable(text) => mend(text),
            Self::Wish(_) | Self::Cancelled | Self::Broken => "",
        }
    }
}

/// What a server, SQLite or git says when something stands in the way, and what ends that.
const MENDS: [(&str, &str); 16] = [
    (
        "lock timeout",
        "another session holds what is needed: `SELECT pid, query FROM pg_stat_activity` shows it; run the same command again when it has ended",
    ),
    (
        "statement timeout",
        "the server ends statements early: `ALTER DATABASE NAME RESET statement_timeout`, or the same for the role, then run the same command again",
    ),
    (
        "deadlock detected",
        "another session wrote to the same rows; run the same command again",
    ),
    (
        "in a read-only transaction",
        "the database takes no writes: `ALTER DATABASE NAME RESET default_transaction_read_only` ends that, on a standby only its primary does; then run the same command again",
    ),
    (
        "not permitted to log in",
        "let a superuser run `ALTER ROLE NAME LOGIN` for as long as this takes, then run the same command again",
    ),
    (
        "too many connections",
        "wait until other sessions have ended, or raise the limit with `ALTER ROLE` or `ALTER DATABASE NAME CONNECTION LIMIT`",
    ),
    (
        "database or disk is full",
        "free some space on the disk of the database, then run the same command again",
    ),
    (
        "No space left on device",
        "free some space there, then run the same command again",
    ),
    (
        "readonly database",
        "the file or its folder takes no writes: make both writable, then run the same command again",
    ),
    (
        ".lock': File exists",
        "another git works there, or one has died: when none does, remove the file that is named, then run the same command again",
    ),
    (
        "violates not-null constraint",
        "others have made a column that has to have a value: give it a DEFAULT, or drop its NOT NULL, then run the same command again",
    ),
    (
        "violates check constraint",
        "others have set a condition that rows of the backup do not meet: drop it, run the same command again, and set it anew",
    ),
    (
        "violates unique constraint",
        "others have put rows there that hold the same values: change or remove these, then run the same command again",
    ),
    (
        "violates exclusion constraint",
        "others have put rows there that exclude these: change or remove them, then run the same command again",
    ),
    (
        "must be owner of",
        "run it as the role that owns this, or as a superuser",
    ),
    (
        "permission denied for",
        "let the owner or a superuser grant this to the role, then run the same command again",
    ),
];

fn mend(text: &str) -> &'static str {
    let mut found = MENDS.iter().filter(|(said, _)| text.contains(said));
    found.next().map_or("", |(_, mend)| mend)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way_is_told_with_what_ends_it() {
        let source = |text: &str| BackupError::Source(text.to_owned());
        for (text, part) in [
            (
                "canceling statement due to lock timeout",
                "pg_stat_activity",
            ),
            (
                "cannot execute DELETE in a read-only transaction",
                "RESET default_transaction_read_only",
            ),
            (
                "cannot put rows back: database or disk is full; the backup",
                "free some space",
            ),
            (
                "Unable to create '/p/.git/refs/heads/x.lock': File exists.",
                "remove the file",
            ),
        ] {
            assert!(source(text).help().contains(part), "{text}");
        }
        let refused = BackupError::Unreachable("role \"app\" is not permitted to log in".into());
        assert!(refused.help().contains("LOGIN"));
        assert_eq!(source("syntax error").help(), "");
        let marked = io::Error::from_raw_os_error(libc::EPERM);
        let marked = BackupError::io("create", Path::new("/p"), marked);
        assert!(marked.help().contains("chattr -i"));
    }
}
