//! Questions about what git would do in a repository, and the answers: refs that a call moves, files that it takes.
//! They are values; neither the words of a command nor the repository is read here.

use std::path::PathBuf;

/// One question to a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GitQuestion {
    /// Where git starts to look for the repository, absolute.
    pub dir: PathBuf,
    /// What `--git-dir` says, absolute.
    pub git_dir: Option<PathBuf>,
    pub about: GitAbout,
}

/// What is asked of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GitAbout {
    /// Which tips does no other ref lead to once these steps are through? Only those that the last `judged` steps leave.
    Refs { steps: Vec<RefStep>, judged: usize },
    /// Which paths would `git clean` take with these words?
    Clean(Vec<String>),
    /// Which files that git does not track would the tree of this commit be written over?
    Over { commit: String, specs: Vec<String> },
    /// What does the configuration give the alias of this name? Variables that the call sets for git say which one is read.
    Alias {
        name: String,
        told: Vec<(String, String)>,
    },
    /// What does `git ls-files` name with these words?
    Listed(Vec<String>),
    /// Which files that git ignores would this commit's files be written over, when it comes in this way?
    OverIgnored { commit: String, since: Since },
    /// Which of these files hold something else than git put there, and than the index holds?
    Edited(Vec<String>),
    /// Which files hold what nobody else has, once what has stopped is given up?
    Stopped(Operation),
    /// Which refs of the remote would lead to less once this has been pushed?
    Pushed(Pushed),
    /// Which tracked files do these pathspecs name?
    Tracked(Vec<String>),
    /// Which objects does nothing lead to? Without `logs` the reflogs count as leading to theirs.
    Unreachable { logs: bool },
}

/// Which files of a commit git writes into the work tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Since {
    /// All that the index does not have yet.
    Nothing,
    /// The same, unless `HEAD` leads to the commit already.
    Unmerged,
    /// What was changed since the commit and `HEAD` parted.
    Fork,
    /// What differs from this commit.
    Commit(String),
}

/// What git can stop in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    Merge,
    Rebase,
    Pick,
    Revert,
    /// `git am`.
    Apply,
}

/// One forced push of one branch, or of all of a kind (`refs/heads/*`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pushed {
    /// As it is named: a remote of the configuration, or an address.
    pub remote: String,
    /// What is pushed; nothing where the branch goes.
    pub source: Option<String>,
    /// Full name of the ref over there.
    pub name: String,
    /// The remote refuses unless it stands where it was last seen (`--force-with-lease`).
    pub leased: bool,
}

/// How sure it is that a step has been taken when the judged one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sureness {
    /// It has succeeded.
    Done,
    /// It has run, whatever came of it.
    Ran,
    /// It may have run.
    Open,
}

/// One step over the refs of a repository. A commit is named in git's own words; nothing where they are not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefStep {
    pub deed: RefDeed,
    pub sure: Sureness,
}

/// What a step does to refs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RefDeed {
    /// A ref gets a value, whatever it had.
    Set {
        name: String,
        to: Option<String>,
    },
    /// A ref is made, and nothing happens where it is there already.
    Create {
        name: String,
        to: Option<String>,
    },
    Delete {
        name: String,
    },
    /// Refs below this prefix go, and which ones is not known.
    DeleteSome {
        prefix: String,
    },
    /// `HEAD` goes to a branch or a commit.
    Switch {
        to: Option<String>,
    },
    /// `HEAD` goes to a branch that has no commit yet.
    Unborn {
        branch: String,
    },
    /// The branch that is checked out gets another value.
    Move {
        to: Option<String>,
    },
    /// A branch (the one that is checked out where none is named) gets another name.
    Rename {
        from: Option<String>,
        to: String,
    },
    /// The branch that is checked out gets one commit more.
    Commit,
    /// The branch that is checked out gets commits that also lead to this one.
    Join {
        with: Option<String>,
    },
    /// The branch that is checked out is written anew on top of this commit.
    Rewrite {
        onto: Option<String>,
    },
    /// `rebase --onto`: what leads to `upstream` is left out.
    Rebase {
        onto: Option<String>,
        upstream: Option<String>,
        branch: Option<String>,
    },
    /// A remote took a branch: what is known here of the remote follows. No name means the usual one.
    Push {
        remote: Option<String>,
        source: Option<String>,
        to: Option<String>,
    },
    /// Remote-tracking refs of branches that the remote no longer has go.
    Prune,
    /// Tags that the remote does not have go.
    PruneTags {
        remote: Option<String>,
    },
    /// A stash goes, counted from the newest.
    DropStash(usize),
    /// Every stash goes.
    ClearStashes,
    /// A stash is made.
    Stash,
    /// Reflogs are emptied; the list of the stashes is one of them.
    ExpireLogs {
        stashes: bool,
    },
    /// Refs may be anything after it.
    Unknown,
}

/// What is lost with a tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Every commit of it stays on another ref.
    Held,
    /// The commits stay; the tag's own object (message, signature) does not.
    TagObject,
    /// No other ref leads to it.
    Lost,
    /// A commit that the same call makes, and no ref leads to it.
    Own,
}

/// One tip that a step leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TipFact {
    /// The ref that held it, or what stands for it: `HEAD`, `stash@{1}`, `reflog`.
    pub name: String,
    pub object: String,
    pub standing: Standing,
}

/// What becomes of the tips that the judged steps leave.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefsFact {
    /// Top of the work tree; of a bare repository the repository itself.
    pub root: PathBuf,
    pub git_dir: PathBuf,
    pub tips: Vec<TipFact>,
}

impl RefsFact {
    /// Tells whether every tip stays on another ref.
    pub fn is_held(&self) -> bool {
        self.tips.iter().all(|tip| tip.standing == Standing::Held)
    }
}
