//! Containers that a call means without naming them: a service of a Compose project, a host of a network.
//! Nothing here looks which containers there are.

use std::path::PathBuf;

use super::secret::Secret;
use super::word::Word;

/// The words from which Compose finds its project.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Project {
    /// `-p`.
    pub name: Option<Word>,
    /// `-f`, in order.
    pub files: Vec<Word>,
    /// `--project-directory`.
    pub folder: Option<Word>,
    /// `--env-file`, in order.
    pub env_files: Vec<Word>,
    /// Where Compose is started; nothing when that is not known.
    pub cwd: Option<PathBuf>,
    /// What the text sets for it.
    pub env: Vec<(String, Word)>,
    /// It also has what the hook inherits.
    pub inherits: bool,
}

/// The same with every word read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct ProjectPlace {
    pub name: Option<String>,
    /// Absolute.
    pub files: Vec<PathBuf>,
    pub folder: Option<PathBuf>,
    pub env_files: Vec<PathBuf>,
    pub cwd: PathBuf,
    pub env: Vec<(String, String)>,
    pub inherits: bool,
}

/// Which container is meant?
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerQuestion {
    /// `docker`, or the address of an engine.
    pub engine: String,
    pub wanted: Wanted,
}

/// How the container is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// The running container of a service; `index` is its number among several.
    Service {
        project: ProjectPlace,
        service: String,
        index: Option<u32>,
    },
    /// The one of this name; asked for what is set in it.
    Name(String),
    /// The one that has this name on a network of the engine.
    Host { network: String, host: String },
}

/// The container that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFound {
    pub name: String,
    /// The hook's own environment was needed to tell.
    pub implicit: bool,
    /// What is set for the programs inside, as far as the engine says; may hold secrets, and is written nowhere.
    pub env: Vec<(String, Secret)>,
}

impl ContainerFound {
    /// Returns what a variable is set to inside.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let set = self.env.iter().rev().find(|(key, _)| key == name);
        set.map(|(_, value)| value.expose())
    }
}
