//! Questions that pure steps ask about the world, and the answers.
//! Asking is done elsewhere; an answer that could not be had is an answer too, and never means "absent".

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::database::{DatabaseFact, DatabaseQuestion};
use super::git::{GitQuestion, RefsFact};
use super::service::{ContainerFound, ContainerQuestion};

/// One question about the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// What is at this absolute path (not following the last link)?
    Entry(PathBuf),
    /// How much is below this absolute path? Counting stops at a limit.
    Tree(PathBuf),
    /// Which absolute paths does this pattern give? `pattern` is relative to `dir` and uses shell glob syntax.
    Glob { dir: PathBuf, pattern: String },
    /// What does this file say? (A script, a Makefile, SQL that is fed to a client.)
    Text(PathBuf),
    /// Which files does this archive hold? Answered with a list of paths as they stand in it.
    Members(PathBuf),
    /// What does a `find` give that starts here, its tests and actions as written? `shown` is how its start is written. Answered with a list of paths.
    Find {
        start: PathBuf,
        shown: String,
        tests: Vec<String>,
    },
    /// What value does the hook's own environment give to this variable?
    Variable(String),
    /// What does git know about these paths? All in one question, since one walk answers it.
    Git { dir: PathBuf, paths: Vec<PathBuf> },
    /// What would git do in this repository? Answered with refs, or with a list of absolute paths (of objects: their names).
    GitDeed(GitQuestion),
    /// What does the database hold of what would be lost?
    Database(DatabaseQuestion),
    /// What does this SQLite file hold? Answered with its pages as they stand after its last commit, up to a limit.
    Pages(PathBuf),
    /// Which container does the call mean that does not name it?
    Container(ContainerQuestion),
    /// What time is it? Asked where a script compares a date with today.
    Clock,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    File,
    Directory,
    Link,
    Device,
    Other,
}

/// Facts of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryFact {
    pub kind: EntryKind,
    /// The path with every link resolved (for a dangling link: the link itself).
    pub resolved: PathBuf,
    /// Bytes of a file (0 for anything else).
    pub bytes: u64,
    pub device: u64,
    pub inode: u64,
    pub links: u64,
    /// The same as the file system's root, the home directory, or a mount point.
    pub is_root: bool,
    pub is_home: bool,
    pub is_mount: bool,
    /// Something is mounted below this folder.
    pub mounts_below: bool,
    /// What the first bytes say: `sqlite`, `pgdump`, `zstd`, `gzip`, … ; empty when nothing is recognised.
    pub magic: String,
}

/// Facts of a tree, counted in one bounded walk.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TreeFact {
    pub files: u64,
    /// Links among them.
    pub links: u64,
    pub directories: u64,
    pub bytes: u64,
    /// Seconds since 1970 of the newest change below.
    pub newest: i64,
    /// Counting stopped at a limit: the numbers are lower bounds.
    pub more: bool,
    /// Another file system is mounted below.
    pub mounts: bool,
    /// Folders or files that could not be read.
    pub unreadable: u64,
    /// SQLite files found below (at most 16).
    pub databases: Vec<PathBuf>,
    /// `.git` folders found below (at most 16).
    pub repositories: Vec<PathBuf>,
    /// Proof that this folder is a cache or a build output: `CACHEDIR.TAG`, `pyvenv.cfg`, `only .pyc`; empty without.
    pub proof: String,
}

/// What git says about one path.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct GitPathFact {
    pub path: PathBuf,
    /// Tracked files below (or 1), and whether every one has the content of HEAD.
    pub tracked: u64,
    pub changed: u64,
    /// Of these, files that differ from the index itself.
    pub unstaged: u64,
    /// How many of the changed ones are submodules with something in them: their files are not those of this repository.
    pub submodules: u64,
    /// Files that are neither tracked nor ignored.
    pub untracked: u64,
    pub ignored: u64,
    /// The path itself is covered by an ignore rule.
    pub is_ignored: bool,
}

/// What git says about a repository and some paths in it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct GitFact {
    /// Top of the work tree.
    pub root: PathBuf,
    pub git_dir: PathBuf,
    pub branch: Option<String>,
    pub has_head: bool,
    /// Changed tracked files in the whole work tree, staged ones included and submodules left out.
    pub dirty: u64,
    /// Submodules with something in them.
    pub submodules: u64,
    pub untracked: u64,
    pub stashes: u64,
    pub paths: Vec<GitPathFact>,
}

/// The pages of a database.
#[derive(Clone, PartialEq, Eq)]
pub struct Pages(pub Arc<[u8]>);

impl std::fmt::Debug for Pages {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "Pages({} bytes)", self.0.len())
    }
}

/// An answer about the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Entry(EntryFact),
    Tree(TreeFact),
    Glob(Vec<PathBuf>),
    /// Content of a file and its SHA-256 in hex.
    Text {
        text: String,
        sha256: String,
    },
    Pages(Pages),
    Variable(String),
    Git(GitFact),
    Refs(RefsFact),
    Database(DatabaseFact),
    Container(ContainerFound),
    /// Seconds since 1970: in universal time, and as the clock on the wall of this machine shows them.
    Clock {
        universal: i64,
        local: i64,
    },
    /// Proven not to be there (for a variable: not set; for git: no repository).
    Absent,
    /// Could not be asked: permission, time, size. Never to be read as absent.
    Unknown(String),
    /// `--facts none`: the world is not asked; taken to exist, hold data and be untracked.
    Assumed,
}

/// The answers that are known so far.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    answers: HashMap<Question, Answer>,
    /// Set with `--facts none`: only `Text` is really asked.
    pub assumed: bool,
}

impl Facts {
    /// Returns an empty set of facts.
    pub fn new(assumed: bool) -> Self {
        Self {
            answers: HashMap::new(),
            assumed,
        }
    }

    /// Returns the answer, or notes the question down and returns nothing.
    pub fn ask(&self, question: Question, needs: &mut Needs) -> Option<&Answer> {
        let answer = self.answers.get(&question);
        if answer.is_none() {
            needs.add(question);
        }
        answer
    }

    /// Returns an answer that is already known.
    pub fn known(&self, question: &Question) -> Option<&Answer> {
        self.answers.get(question)
    }

    /// Records an answer.
    pub fn learn(&mut self, question: Question, answer: Answer) {
        self.answers.insert(question, answer);
    }

    /// Returns every question and answer.
    pub fn iter(&self) -> impl Iterator<Item = (&Question, &Answer)> {
        self.answers.iter()
    }
}

/// Questions that a pure step still has, in the order in which they came up.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    list: Vec<Question>,
    seen: BTreeSet<String>,
}

impl Needs {
    /// Adds a question once.
    pub fn add(&mut self, question: Question) {
        if self.seen.insert(format!("{question:?}")) {
            self.list.push(question);
        }
    }

    /// Tells whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the questions.
    pub fn into_questions(self) -> Vec<Question> {
        self.list
    }
}

/// What the caller of a pure step knows about where the call runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Working directory of the call, absolute.
    pub cwd: PathBuf,
    pub home: Option<PathBuf>,
    pub user: Option<String>,
    /// Top of the git work tree that holds `cwd`, else `cwd`.
    pub project: PathBuf,
    /// Resolved temporary directories: what lies inside is scratch.
    pub temporary: Vec<PathBuf>,
    /// Paths of backstop itself (state, backups, configuration, binary) and settings files that hold its hook.
    pub own: Vec<PathBuf>,
    pub assumed: bool,
}
