//! Local refs as a reference transaction finds them: what they hold now, which branches are default ones, and which tips nothing else holds.
//! It reads files where it can, starts git only for ancestry, and never writes.

use crate::adapters::regular;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::adapters::environment;

use super::run;

/// Ends of a commit's head: tree, parents; no commit that people make has more in front of its author line.
const HEAD_BYTES: u64 = 64 << 10;
/// Remotes whose default branch is looked at.
const REMOTES_MAX: usize = 64;
/// Bytes of one list of refs or commits.
const LIST_MAX: u64 = 256 << 20;

/// The refs of one repository, while a transaction over them is prepared.
#[derive(Debug)]
pub struct Refs {
    /// The folder that all work trees share.
    pub common: PathBuf,
    objects: Vec<PathBuf>,
    packed: OnceCell<HashMap<Vec<u8>, String>>,
}

/// A tip that a change takes a ref away from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    pub name: Vec<u8>,
    pub object: String,
    /// What the ref is to hold next; nothing when it goes.
    pub next: Option<String>,
}

/// What is lost with a tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Every commit of it stays on another branch, tag or remote-tracking ref, or on the ref's new tip.
    Held,
    /// The commits stay; the tag's own object (message, signature) does not.
    TagObject,
    /// No other ref leads to it.
    Lost,
}

impl Refs {
    /// Finds the repository as git's hooks are told of it: `GIT_DIR`, else upwards from the folder.
    pub fn find(cwd: &Path) -> Option<Self> {
        let git_dir = match environment::variable("GIT_DIR") {
            Some(dir) => cwd.join(dir),
            None => super::discover(cwd)
                .map(|place| place.git_dir)
                .or_else(|| {
                    // A bare repository: git starts its hooks there.
                    super::is_git_dir(cwd).then(|| cwd.to_path_buf())
                })?,
        };
        let common = environment::variable("GIT_COMMON_DIR").map_or_else(
            || match regular::text(&git_dir.join("commondir")) {
                Ok(text) => git_dir.join(text.trim_end_matches('\n')),
                Err(_) => git_dir.clone(),
            },
            |dir| cwd.join(dir),
        );
        let common = common.canonicalize().ok()?;
        let quarantine = environment::variable("GIT_OBJECT_DIRECTORY").map(|dir| cwd.join(dir));
        let objects = quarantine
            .into_iter()
            .chain([common.join("objects")])
            .collect();
        Some(Self {
            common,
            objects,
            packed: OnceCell::new(),
        })
    }

    /// Tells whether the refs lie in files that can be read here; a reftable is asked through git.
    fn in_files(&self) -> bool {
        !self.common.join("reftable").is_dir()
    }

    /// Returns what a ref holds now: an object, or `ref: NAME`; nothing when it does not exist.
    ///
    /// # Errors
    /// Fails when that cannot be found out.
    pub fn current(&self, name: &[u8]) -> io::Result<Option<String>> {
        if !self.in_files() {
            return self.asked(name);
        }
        let path = self.common.join(std::ffi::OsStr::from_bytes(name));
        match regular::text(&path) {
            Ok(text) => Ok(Some(text.trim_end().to_owned())),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::NotADirectory
                        | io::ErrorKind::IsADirectory
                ) =>
            {
                Ok(self.packed()?.get(name).cloned())
            }
            Err(error) => Err(error),
        }
    }

    fn asked(&self, name: &[u8]) -> io::Result<Option<String>> {
        let mut command = self.git()?;
        command.args(["for-each-ref", "--format=%(objectname)", "--"]);
        let text = output(command.arg(std::ffi::OsStr::from_bytes(name)), b"")?;
        // The name is a prefix pattern too: a ref below it cannot exist beside it.
        Ok(text.lines().next().map(str::to_owned))
    }

    fn packed(&self) -> io::Result<&HashMap<Vec<u8>, String>> {
        if let Some(packed) = self.packed.get() {
            return Ok(packed);
        }
        let bytes = match regular::read(&self.common.join("packed-refs")) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let lines = bytes.split(|byte| *byte == b'\n');
        let named = lines.filter_map(|line| {
            let space = line.iter().position(|byte| *byte == b' ')?;
            let (object, name) = (line.get(..space)?, line.get(space + 1..)?);
            let is_entry = matches!(object.len(), 40 | 64);
            is_entry.then(|| (name.to_vec(), String::from_utf8_lossy(object).into_owned()))
        });
        Ok(self.packed.get_or_init(|| named.collect()))
    }

    /// Tells whether a "deletion" only drops the loose copy of a ref that was packed a moment ago.
    ///
    /// git locks `packed-refs` for as long as it deletes a ref for good; without the lock the packed one stays.
    pub fn is_pruning(&self, name: &[u8], old: &str) -> bool {
        self.in_files()
            && !self.common.join("packed-refs.lock").exists()
            && self
                .packed()
                .is_ok_and(|packed| packed.get(name).is_some_and(|object| object == old))
    }

    /// Tells whether git is giving a ref another name: it takes the old name down first, with the log put aside under this name.
    pub fn is_renaming(&self) -> bool {
        self.in_files() && self.common.join("logs/refs/.tmp-renamed-log").exists()
    }

    /// Returns the default branches of the remotes, as far as they are known here.
    pub fn default_branches(&self) -> Vec<Vec<u8>> {
        if !self.in_files() {
            return self.default_branches_asked().unwrap_or_default();
        }
        let remotes = std::fs::read_dir(self.common.join("refs/remotes"));
        let heads = remotes.into_iter().flatten().flatten().take(REMOTES_MAX);
        let read = heads.filter_map(|remote| {
            let text = regular::read(&remote.path().join("HEAD")).ok()?;
            let prefix = [b"ref: refs/remotes/", remote.file_name().as_bytes(), b"/"].concat();
            Some(
                text.trim_ascii_end()
                    .strip_prefix(prefix.as_slice())?
                    .to_vec(),
            )
        });
        read.collect()
    }

    fn default_branches_asked(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut command = self.git()?;
        command.args([
            "for-each-ref",
            "--format=%(symref:lstrip=3)",
            "refs/remotes/*/HEAD",
        ]);
        let text = output(&mut command, b"")?;
        let names = text.lines().filter(|line| !line.is_empty());
        Ok(names.map(|line| line.as_bytes().to_vec()).collect())
    }

    /// Tells whether `old` is a parent of the commit `new`, from its loose object alone; "no" means only "not seen here".
    pub fn is_parent(&self, old: &str, new: &str) -> bool {
        self.objects
            .iter()
            .any(|objects| names_parent(objects, old, new).unwrap_or(false))
    }

    /// Tells for each tip whether other refs still lead to it once the transaction is through.
    ///
    /// # Errors
    /// Fails when git cannot be asked; then nothing is known.
    pub fn standings(&self, tips: &[Tip]) -> io::Result<Vec<Standing>> {
        let changed: HashSet<&[u8]> = tips.iter().map(|tip| tip.name.as_slice()).collect();
        let mut command = self.git()?;
        command.args([
            "for-each-ref",
            "--format=%(objectname) %(*objectname) %(refname)",
        ]);
        let refs = output(
            command.args(["refs/heads", "refs/remotes", "refs/tags"]),
            b"",
        )?;
        let mut peeled: HashMap<&[u8], &str> = HashMap::new();
        let mut input = String::new();
        for line in refs.lines() {
            let mut parts = line.splitn(3, ' ');
            let (Some(object), Some(inner), Some(name)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if changed.contains(name.as_bytes()) {
                if !inner.is_empty() {
                    peeled.insert(name.as_bytes(), inner);
                }
            } else {
                input.push_str(&format!("^{object}\n"));
            }
        }
        for next in tips.iter().filter_map(|tip| tip.next.as_ref()) {
            input.push_str(&format!("^{next}\n"));
        }
        for tip in tips {
            input.push_str(&format!("{}\n", tip.object));
        }
        let mut command = self.git()?;
        command.args(["rev-list", "--ignore-missing", "--stdin"]);
        if tips.len() == 1 {
            // Whatever is left over, the tip itself is: all that a held tip leads to is held.
            command.arg("--max-count=1");
        }
        let left = output(&mut command, input.as_bytes())?;
        let left: HashSet<&str> = left.lines().collect();
        let standing = |tip: &Tip| {
            let inner = peeled.get(tip.name.as_slice()).copied();
            let commit = inner.unwrap_or(&tip.object);
            let is_lost = if tips.len() == 1 {
                !left.is_empty()
            } else {
                left.contains(commit)
            };
            match (is_lost, inner) {
                (true, _) => Standing::Lost,
                (false, Some(_)) => Standing::TagObject,
                (false, None) => Standing::Held,
            }
        };
        Ok(tips.iter().map(standing).collect())
    }

    /// Tells whether the ref's own log will hold its old tip after this transaction.
    pub fn has_log(&self, name: &[u8]) -> bool {
        let name = std::ffi::OsStr::from_bytes(name);
        if self.in_files() {
            return self.common.join("logs").join(name).is_file();
        }
        self.git().is_ok_and(|mut command| {
            command.args(["reflog", "exists"]).arg(name);
            output(&mut command, b"").is_ok()
        })
    }

    /// git for this transaction: the quarantine of objects that git gave stays, everything that starts a program goes.
    fn git(&self) -> io::Result<Command> {
        let missing = || {
            let what = "the program git is not in a system folder";
            io::Error::new(io::ErrorKind::NotFound, what)
        };
        let program = run::program(&[]).ok_or_else(missing)?;
        let mut command = Command::new(program);
        command.env_clear();
        for name in KEPT {
            if let Some(value) = environment::variable(name) {
                command.env(name, value);
            }
        }
        command
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("GIT_DIR", &self.common)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .current_dir(&self.common)
            .args(["--no-pager", "-c", "core.hooksPath=/dev/null"]);
        // Without a home git refuses a repository that another account owns, where the user's settings allow it.
        for name in ["HOME", "XDG_CONFIG_HOME"] {
            if let Some(value) = environment::variable(name) {
                command.env(name, value);
            }
        }
        Ok(command)
    }
}

/// What is kept of the hook's environment: where the objects of this transaction are.
const KEPT: &[&str] = &[
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
];

fn names_parent(objects: &Path, old: &str, new: &str) -> Option<bool> {
    let file = objects.join(new.get(..2)?).join(new.get(2..)?);
    let mut text = Vec::new();
    let inflated = flate2::read::ZlibDecoder::new(std::fs::File::open(file).ok()?);
    inflated.take(HEAD_BYTES).read_to_end(&mut text).ok()?;
    let start = text.iter().position(|byte| *byte == 0)? + 1;
    if !text.starts_with(b"commit ") {
        return Some(false);
    }
    let mut lines = text.get(start..)?.split(|byte| *byte == b'\n');
    let tree = lines.next()?;
    let mut parents = lines.map_while(|line| line.strip_prefix(b"parent "));
    Some(tree.starts_with(b"tree ") && parents.any(|parent| parent == old.as_bytes()))
}

/// Runs git with this input and returns what it said.
fn output(command: &mut Command, input: &[u8]) -> io::Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let input = input.to_vec();
    let writer = child.stdin.take().map(|mut stdin| {
        std::thread::spawn(move || {
            // A reader that ends early has its reasons; its exit code tells.
            let _ = stdin.write_all(&input);
        })
    });
    let mut text = Vec::new();
    let read = child
        .stdout
        .take()
        .map_or(Ok(0), |out| out.take(LIST_MAX).read_to_end(&mut text));
    let status = child.wait()?;
    if let Some(writer) = writer {
        let _ = writer.join();
    }
    read?;
    if !status.success() {
        return Err(io::Error::other(format!("git ended with {status}")));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
