//! Backups in the background: a worker that outlives the hook makes what a hold or a snapshot needs.
//! Jobs travel through a pipe, never through arguments or files, because they may carry a password.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::backup::files::make_folder;
use crate::model::policy::{BackupNeed, Policy};
use crate::model::secret::Secret;
use crate::model::target::Reach;

/// One backup that the worker has to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub need: BackupNeed,
    /// Kept apart, because a reach is never stored with it: a password, or the address of a remote that may hold one.
    password: Option<Secret>,
    pub fingerprint: Option<String>,
    pub request_id: Option<String>,
}

impl Job {
    /// Returns the job for one need.
    pub fn new(need: BackupNeed, fingerprint: Option<String>, request_id: Option<String>) -> Self {
        let password = match &need.target.reach {
            Reach::Postgres(reach) => reach.password.clone(),
            Reach::GitRemote(reach) => reach.url.clone(),
            Reach::Path(_)
            | Reach::Sqlite(_)
            | Reach::Worktree(_)
            | Reach::GitRefs(_)
            | Reach::Unreachable(_)
            | Reach::NoDriver => None,
        };
        Self {
            need,
            password,
            fingerprint,
            request_id,
        }
    }

    /// Returns the need with its password put back.
    pub fn need(&self) -> BackupNeed {
        let mut need = self.need.clone();
        match &mut need.target.reach {
            Reach::Postgres(reach) => reach.password = self.password.clone(),
            Reach::GitRemote(reach) => reach.url = self.password.clone(),
            Reach::Path(_)
            | Reach::Sqlite(_)
            | Reach::Worktree(_)
            | Reach::GitRefs(_)
            | Reach::Unreachable(_)
            | Reach::NoDriver => {}
        }
        need
    }
}

/// Everything one worker gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Work {
    pub backups: PathBuf,
    pub max_bytes: u64,
    pub max_seconds: u64,
    pub keep_free: u64,
    pub codec: String,
    /// Where the owner says that programs lie.
    #[serde(default)]
    pub tool_dirs: Vec<PathBuf>,
    pub jobs: Vec<Job>,
}

impl Work {
    /// Returns the work for these jobs within the limits of policy.
    pub fn new(policy: &Policy, backups: PathBuf, jobs: Vec<Job>) -> Self {
        Self {
            backups,
            max_bytes: policy.limits.backup_bytes,
            max_seconds: policy.limits.backup_seconds,
            keep_free: policy.limits.free_bytes,
            codec: policy.codec.clone(),
            tool_dirs: policy.tool_dirs.clone(),
            jobs,
        }
    }
}

/// Starts a worker for these jobs.
///
/// # Errors
/// Returns why it could not be started.
pub fn start(work: &Work) -> std::io::Result<Child> {
    let program = std::env::current_exe()?;
    let mut child = Command::new(program)
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()?;
    let text = serde_json::to_vec(work)?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(&text)?;
    }
    Ok(child)
}

/// Starts the worker, once the folder for what it makes is there.
///
/// # Errors
/// Says why nothing can be made.
pub fn begin(work: &Work) -> Result<Child, String> {
    make_folder(&work.backups).map_err(|error| error.to_string())?;
    start(work).map_err(|error| error.to_string())
}

/// Reads the work that the hook sent.
///
/// # Errors
/// Returns what is wrong with it.
pub fn receive() -> std::io::Result<Work> {
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
