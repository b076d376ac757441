//! Things that could be lost, and how they are reached from here.
//! Targets are values; nothing here looks whether they exist.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::name;
use super::secret::Secret;

/// The kind of a target; its name is part of the JSON contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    Postgres,
    Mysql,
    Sqlite,
    /// A database of another or unknown kind.
    Database,
    Redis,
    Mongo,
    /// A file or a tree of files.
    Path,
    /// The work tree of a git repository (uncommitted changes).
    GitWorktree,
    /// A ref, stash or reflog of a local repository.
    GitRef,
    /// A ref of a remote repository.
    GitRemote,
    DockerVolume,
    Container,
    Image,
    /// A resource of a cloud or of another tool's remote state.
    Resource,
    /// Nothing that can be named.
    Unknown,
}

impl TargetKind {
    /// Returns the name used in JSON, texts and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
            Self::Database => "database",
            Self::Redis => "redis",
            Self::Mongo => "mongo",
            Self::Path => "path",
            Self::GitWorktree => "git-worktree",
            Self::GitRef => "git-ref",
            Self::GitRemote => "git-remote",
            Self::DockerVolume => "docker-volume",
            Self::Container => "container",
            Self::Image => "image",
            Self::Resource => "resource",
            Self::Unknown => "unknown",
        }
    }
}

/// The way by which questions and dumps reach a server; it is the way the command itself takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// A client on this machine, as this account.
    Direct,
    /// A client on this machine as another account (`sudo -n -u USER`).
    As { user: String },
    /// A client inside a running container, through the engine's API.
    Container {
        engine: String,
        name: String,
        user: Option<String>,
    },
}

/// How a PostgreSQL database is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PostgresReach {
    pub route: Route,
    /// Host name, address, or absolute path of the socket folder; nothing means the client's default.
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub database: Option<String>,
    /// Never written to disk: stripped before a target is stored.
    #[serde(skip)]
    pub password: Option<Secret>,
    /// Set when any part came from the hook's environment instead of the words.
    pub implicit: bool,
}

/// What of a git work tree would be lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WorktreeReach {
    /// Top of the work tree, absolute.
    #[serde(with = "super::name::path")]
    pub root: PathBuf,
    /// Absolute paths to which the loss is bound; none means the whole work tree.
    #[serde(default, with = "super::name::paths")]
    pub paths: Vec<PathBuf>,
    /// Changed tracked files, and what is staged.
    pub changed: bool,
    pub untracked: bool,
    pub ignored: bool,
}

/// How refs of a remote repository are reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GitRemoteReach {
    /// Git directory of the local repository that pushes, absolute.
    #[serde(with = "super::name::path")]
    pub repository: PathBuf,
    /// Name of the remote, or its address where it has no name.
    pub remote: String,
    /// Where it is, without a password; nothing when only the repository's configuration knows.
    pub address: Option<String>,
    /// The address as git uses it; may hold a password, so that it is never written to disk.
    #[serde(skip)]
    pub url: Option<Secret>,
    /// Refs that would be lost; empty means all refs of the remote.
    pub refs: Vec<RemoteRef>,
    /// The old tips are in the local repository: nobody has to be asked for them.
    pub known: bool,
}

/// One ref of a remote.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RemoteRef {
    /// Full name: `refs/heads/main`.
    pub name: String,
    /// Object that the remote has there, when it was told.
    pub old: Option<String>,
    /// Object that the push writes there; nothing when it is not known, all zeros for a deletion.
    pub new: Option<String>,
}

/// How a target is reached from here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// A path on this machine, absolute.
    Path(#[serde(with = "super::name::path")] PathBuf),
    /// A SQLite file on this machine, absolute.
    Sqlite(#[serde(with = "super::name::path")] PathBuf),
    /// What is not committed in a work tree on this machine.
    Worktree(WorktreeReach),
    Postgres(PostgresReach),
    /// The refs, stashes and reflogs of a local repository: its git directory, absolute.
    GitRefs(#[serde(with = "super::name::path")] PathBuf),
    /// Refs of a remote repository.
    GitRemote(GitRemoteReach),
    /// Nothing here can reach it, with the reason as a sentence without full stop.
    Unreachable(String),
    /// No driver exists for this kind of target.
    NoDriver,
}

impl Reach {
    fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Path(path) | Self::Sqlite(path) | Self::GitRefs(path) => vec![path],
            Self::Worktree(reach) => {
                let mut all = vec![&mut reach.root];
                all.extend(&mut reach.paths);
                all
            }
            Self::GitRemote(reach) => vec![&mut reach.repository],
            Self::Postgres(_) | Self::Unreachable(_) | Self::NoDriver => Vec::new(),
        }
    }

    /// Changes paths as the pure rooms carry them into those that the world knows.
    pub fn make_real(&mut self) {
        for path in self.paths() {
            if let std::borrow::Cow::Owned(real) = name::real(path) {
                *path = real;
            }
        }
    }
}

/// What would be lost, and where it lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    pub kind: TargetKind,
    /// Where it lives: `docker:NAME/DB`, `HOST:PORT/DB`, `/socket/folder:PORT/DB`, an absolute path, `origin/refs/heads/x`.
    pub locator: String,
    /// What is lost inside it: a table, a schema, a column; nothing means all of it.
    pub object: Option<String>,
    pub reach: Reach,
}

impl Target {
    /// Returns the key under which backups of this target are found: kind and locator, never the object.
    pub fn key(&self) -> TargetKey {
        TargetKey {
            kind: self.kind,
            locator: self.locator.clone(),
        }
    }

    /// Returns the name that a human types at the second approval: the object, or the last part of the locator.
    pub fn confirm(&self) -> String {
        match &self.object {
            Some(object) => object.clone(),
            None => {
                let locator = self.locator.trim_end_matches('/');
                locator
                    .rsplit('/')
                    .next()
                    .filter(|name| !name.is_empty())
                    .unwrap_or(locator)
                    .to_owned()
            }
        }
    }
}

/// Kind and locator: what a backup, a lease and a schedule are filed under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TargetKey {
    pub kind: TargetKind,
    pub locator: String,
}
