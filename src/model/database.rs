//! What is asked of a database before something in it is lost, and what it answers.
//! No query text stands here; the adapters know how each engine is asked.

use serde::{Deserialize, Serialize};

use super::effect::Effect;
use super::target::Reach;

/// A question to one database about the losses that a call would cause in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DatabaseQuestion {
    pub reach: Reach,
    pub effects: Vec<Effect>,
    pub path: SearchPath,
}

/// Where the session of a call looks up names without a schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum SearchPath {
    /// Where any session of this account does.
    #[default]
    Own,
    /// The call sets it first, in these words.
    Set(String),
    /// The call sets it in a way that is not followed: any schema may be meant.
    Anywhere,
}

/// Which database answered; two backups are of the same database only when these agree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "engine")]
pub enum Identity {
    Postgres {
        system_identifier: String,
        timeline: u32,
        database_oid: u32,
        database: String,
        server_version: String,
    },
    Sqlite {
        device: u64,
        inode: u64,
    },
    Tree {
        device: u64,
        inode: u64,
    },
    /// A remote repository: SHA-256 over its address without the account.
    GitRemote {
        repository: String,
    },
}

/// How many rows, and how well that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    Exactly(u64),
    /// Counting stopped here.
    MoreThan(u64),
    /// From statistics.
    About(u64),
    Unknown,
}

impl Rows {
    /// Tells whether it is proven that there are none.
    pub const fn is_proven_empty(self) -> bool {
        matches!(self, Self::Exactly(0))
    }
}

/// Something else that goes, breaks or blocks when an object is lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dependant {
    /// `view`, `table`, `function`, `foreign-key`, …
    pub kind: String,
    pub name: String,
    /// `cascades`, `dropped with it`, `breaks`, `blocks`, `set null`.
    pub how: String,
    pub rows: Rows,
}

/// What the database says about one effect, in the order of the question.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectFact {
    /// The full name (`public.users`), or the name as asked when it does not exist.
    pub name: String,
    pub exists: bool,
    /// Rows that would be lost by this effect.
    pub rows: Rows,
    pub bytes: u64,
    pub dependants: Vec<Dependant>,
    /// Tables whose rows go with it; a backup has to hold each of these to cover the loss.
    pub tables: Vec<String>,
    /// Things worth saying: triggers exist, the server would refuse, bodies are not followed.
    pub notes: Vec<String>,
}

/// What a database answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFact {
    pub identity: Identity,
    /// The server lives on this machine (socket, loopback that says so itself, container of the local engine, file).
    pub local: bool,
    pub objects: Vec<ObjectFact>,
}
