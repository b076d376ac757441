//! Programs that a call would start: words, environment, standard input, wrappers, working directory.
//! This file only describes them; it knows neither rules nor losses.

use std::path::PathBuf;
use std::sync::Arc;

use super::service::Project;
use super::span::Origin;
use super::word::Word;

/// What a program would read on its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// The terminal or whatever the agent's shell has (Claude Code: `/dev/null`).
    Inherited,
    /// Nothing.
    Null,
    /// Text known in full or in part: here-document, here-string, `echo …|`, `cat file|` with a file that was read.
    Text(Word),
    /// A file, by name.
    File(Word),
    /// Output of a program that cannot be computed here; `from` names it (`curl`).
    Opaque { from: String },
}

/// How a redirection opens its file for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteMode {
    /// `>`: the old content is lost.
    Truncate,
    /// `>>`: the old content stays.
    Append,
    /// `<>`.
    ReadWrite,
}

/// A file that the command writes through a redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    pub mode: WriteMode,
    pub file: Word,
    /// Known text that goes there (`echo x > f`), when it can be computed.
    pub content: Option<Word>,
    /// The file whose whole content goes there (`cat FILE > f`).
    pub whole: Option<Word>,
}

/// How a wrapper changes where and as whom a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Same machine, same file system, same account (`env`, `nohup`, `sh -c`, `xargs`, a script file).
    Plain,
    /// Another account on this machine (`sudo -u U`, `su U -c`); no word means root.
    User { user: Option<Word> },
    /// Inside a running container (`docker exec`); `env` are `-e` assignments, `stdin` whether `-i` was given.
    Container {
        engine: String,
        name: Word,
        user: Option<Word>,
        env: Vec<(String, Word)>,
        stdin: bool,
    },
    /// Inside a compose service; `env` are `-e` assignments.
    Service {
        engine: String,
        project: Box<Project>,
        service: Word,
        /// `--index`: its number among several containers.
        index: Option<Word>,
        user: Option<Word>,
        env: Vec<(String, Word)>,
        /// A new container of the service (`run`), beside those that run.
        fresh: bool,
    },
    /// A new container (`docker run`): its file system is its own, except for the mounts, written `source:target`.
    Fresh {
        engine: String,
        mounts: Vec<Word>,
        /// `--network`, where it is given.
        network: Option<Word>,
    },
    /// Another machine or pod (`ssh`, `kubectl exec`).
    Remote { host: Word },
    /// Another root directory or name space (`chroot`, `nsenter`).
    Root,
}

/// A program that runs another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapper {
    /// As people say it: `sudo`, `docker exec`, `bash -c`, `script deploy.sh`.
    pub name: String,
    pub passage: Passage,
}

/// The working directory of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cwd {
    /// An absolute path on this machine (or inside the container, when a wrapper leads there).
    Known(PathBuf),
    /// Made by `mktemp -d` in the same text: a fresh place under the temporary directory.
    Temporary,
    /// Cannot be known.
    Unknown,
}

/// Words of one command that a finding tells.
const MAX_TOLD_WORDS: usize = 100;
/// Bytes of them.
const MAX_TOLD_BYTES: usize = 4 * 1024;

/// One program with its words, as it would be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Program first. Never empty.
    pub words: Vec<Word>,
    /// Environment set for it in the text: own assignments, `env X=y`, exported variables; neighbours share one.
    pub env: Arc<Vec<(String, Word)>>,
    /// Set when the inherited environment was dropped (`env -i`).
    pub env_cleared: bool,
    pub stdin: Stdin,
    pub writes: Vec<Redirect>,
    /// Wrappers that lead to it, outermost first.
    pub via: Vec<Wrapper>,
    pub cwd: Cwd,
    /// The whole command as written.
    pub origin: Origin,
    /// Text of the code file that an interpreter would run (`python x.py`), when it was read.
    pub script: Option<Word>,
}

/// Clients that stand on a system in several versions, each under its own name (`psql-15`, `mysql8`).
const VERSIONED: [&str; 22] = [
    "psql",
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "pg_basebackup",
    "pg_ctl",
    "dropdb",
    "createdb",
    "dropuser",
    "vacuumdb",
    "vacuumlo",
    "initdb",
    "mysql",
    "mysqladmin",
    "mysqldump",
    "mariadb",
    "mongo",
    "mongosh",
    "cqlsh",
    "redis-cli",
    "sqlcmd",
    "sqlite3",
];

/// Returns the base name of a program, of a database's client without its version.
fn base(text: &str) -> &str {
    let from = text.bytes().rposition(|byte| byte == b'/');
    let name = from.map_or(text, |slash| text.get(slash + 1..).unwrap_or_default());
    if !name.ends_with(|last: char| last.is_ascii_digit()) || VERSIONED.contains(&name) {
        return name;
    }
    let short = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
    VERSIONED
        .into_iter()
        .find(|known| {
            *known == short
                || name
                    .strip_prefix(known)
                    .is_some_and(|rest| rest.starts_with(['.', '-']) && known.starts_with(short))
        })
        .unwrap_or(name)
}

impl Command {
    /// Returns the base name of the program when it is known (`/usr/bin/rm` gives `rm`).
    pub fn program(&self) -> Option<String> {
        let word = self.words.first()?;
        if let Some(text) = word.plain() {
            return Some(base(text).to_owned());
        }
        let text = word.text()?;
        Some(base(&text).to_owned())
    }

    /// Tells whether the program is one of these, without copying its name.
    pub fn is_any(&self, names: &[&str]) -> bool {
        let among = |text: &str| names.contains(&base(text));
        self.words.first().is_some_and(|word| match word.plain() {
            Some(text) => among(text),
            None => word.text().is_some_and(|text| among(&text)),
        })
    }

    /// Tells whether it sets the shell, or runs a script whose lines are commands of their own: by itself it changes nothing.
    pub fn steers(&self) -> bool {
        const STEERS: [&str; 20] = [
            ".", ":", "[[", "bash", "dash", "declare", "export", "getopt", "getopts", "local",
            "mapfile", "read", "readonly", "set", "sh", "shift", "shopt", "source", "unset", "zsh",
        ];
        self.is_any(&STEERS) || self.program().is_some_and(|name| name.ends_with(".sh"))
    }

    /// Returns the words after the program.
    pub fn args(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Returns the value that the text gives to an environment variable, the last one winning.
    pub fn env_value(&self, name: &str) -> Option<&Word> {
        self.env
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Tells whether paths of this command are paths of this machine's file system.
    pub fn is_here(&self) -> bool {
        self.via
            .iter()
            .all(|wrapper| matches!(wrapper.passage, Passage::Plain | Passage::User { .. }))
    }

    /// Returns the files that it leaves behind, with what stands in them where that is known: of its redirections, and of `tee FILE…`.
    pub fn leaves(&self) -> Vec<(&Word, Option<&Word>)> {
        let redirected = self.writes.iter();
        let mut all: Vec<(&Word, Option<&Word>)> = redirected
            .map(|write| (&write.file, write.content.as_ref()))
            .collect();
        if self.is_any(&["tee", "sponge"])
            && let Stdin::Text(text) = &self.stdin
        {
            let files = self.args().iter();
            let files = files.filter(|word| !word.prefix().starts_with('-'));
            all.extend(files.map(|file| (file, Some(text))));
        }
        all
    }

    /// Returns the words as a person reads them.
    pub fn shown(&self) -> Vec<String> {
        self.words.iter().map(Word::shown).collect()
    }

    /// Returns the words as a finding tells them: of a very long command its beginning, because each of its findings does.
    pub fn told(&self) -> Vec<String> {
        let mut all = Vec::with_capacity(self.words.len().min(MAX_TOLD_WORDS));
        let mut left = MAX_TOLD_BYTES;
        for word in &self.words {
            let mut text = word.shown();
            let fits = text.len() <= left;
            if all.len() < MAX_TOLD_WORDS && fits {
                left -= text.len();
                all.push(text);
                continue;
            }
            // INVARIANT: cut between what blanks part, so that no half of a secret stays unrecognised.
            let head = text.get(..text.floor_char_boundary(left));
            let end = head.and_then(|head| head.rfind(char::is_whitespace));
            text.truncate(end.unwrap_or(0));
            text.push('…');
            all.push(text);
            break;
        }
        all
    }
}

/// A stretch of the call whose meaning could not be determined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    pub origin: Origin,
    /// One sentence without full stop: "the program is the value of `$CMD`".
    pub reason: String,
    /// Words that can be seen in or around it; decides whether a guarded family is within reach.
    pub words: Vec<String>,
    pub kind: OpaqueKind,
    pub via: Vec<Wrapper>,
}

/// What kind of stretch is opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpaqueKind {
    /// The program word is unknown.
    Program,
    /// The text does not parse from here on.
    Syntax,
    /// A shell or interpreter runs text that is not known (`curl … | sh`, `eval "$x"`).
    Payload,
    /// A script that is there but unreadable, too large, too deep or not parsable.
    Script,
    /// A budget of the unfolding was spent.
    Budget,
}

/// Everything that one call would start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unfolding {
    pub commands: Vec<Command>,
    pub opaque: Vec<Opaque>,
    /// Files whose content decided what runs, with the SHA-256 of that content (goes into the fingerprint).
    pub read: Vec<(PathBuf, String)>,
    /// Files written by this very call with the text that goes there, in order; a client that reads one gets this text.
    pub written: Vec<(PathBuf, Word)>,
    /// The text; once something was found, the parsed line printed one way where nothing is opaque (goes into the fingerprint).
    pub canonical: String,
    /// Where unknown text arose that the call invented itself (`$$`, `$RANDOM`, `$(uuidgen)`), once for each time.
    pub invented: Vec<Origin>,
    /// For each of the commands: which earlier ones are proven to have succeeded when it runs.
    pub proven: Vec<Proven>,
}

/// Commands of one call that are proven to have run or to have succeeded, by their places among its commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proven(Option<Arc<Proof>>);

/// One command that ran or succeeded, and those before it.
#[derive(Debug, PartialEq, Eq)]
struct Proof {
    index: usize,
    success: bool,
    count: usize,
    before: Proven,
}

/// Proofs that are remembered at one place; further ones are not.
const MAX_PROVEN: usize = 512;

impl Proof {
    /// A later command ranks higher, and its success above its start.
    const fn rank(&self) -> (usize, bool) {
        (self.index, self.success)
    }
}

impl Proven {
    /// Tells whether nothing is proven.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns these and one more success, which must come after them.
    #[must_use]
    pub fn and(&self, index: usize) -> Self {
        self.with(index, true)
    }

    /// Returns these and one more command that ran, whatever its status was; it must come after them.
    #[must_use]
    pub fn and_ran(&self, index: usize) -> Self {
        self.with(index, false)
    }

    fn with(&self, index: usize, success: bool) -> Self {
        let count = self.0.as_ref().map_or(0, |proof| proof.count) + 1;
        if count > MAX_PROVEN {
            return self.clone();
        }
        let before = self.clone();
        Self(Some(Arc::new(Proof {
            index,
            success,
            count,
            before,
        })))
    }

    /// Returns what is proven on both of two ways that lead here.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self, other);
        while let (Some(a), Some(b)) = (&ours.0, &theirs.0) {
            if Arc::ptr_eq(a, b) {
                return ours.clone();
            }
            if a.rank() >= b.rank() {
                ours = &a.before;
            } else {
                theirs = &b.before;
            }
        }
        Self::default()
    }

    /// Returns the places of those that succeeded, the newest first.
    pub fn places(&self) -> Vec<usize> {
        self.all(true)
    }

    /// Returns the places of those that ran, the newest first.
    pub fn ran(&self) -> Vec<usize> {
        self.all(false)
    }

    fn all(&self, success: bool) -> Vec<usize> {
        let mut all = Vec::new();
        let mut next = self;
        while let Some(proof) = &next.0 {
            if proof.success == success {
                all.push(proof.index);
            }
            next = &proof.before;
        }
        all
    }
}
