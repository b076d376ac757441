//! Runs git as a reader in the repository that git's own hooks or the working directory name.
//! The variables that say which repository and index are meant are kept; whatever could start a program is off.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::adapters::{environment, git};
use crate::scan::FILE_CAP;

/// What git's hooks and users set to name the repository; everything else of git's environment is dropped.
const KEPT: [&str; 15] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "HOME",
    "XDG_CONFIG_HOME",
    "USER",
];

/// Bytes of one answer of git.
const OUTPUT_MAX: u64 = 256 << 20;

/// Why git did not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git is not installed in a place of the system")]
    Missing,
    #[error("git could not be started: {0}")]
    Start(#[source] io::Error),
    #[error("git's answer could not be read: {0}")]
    Answer(#[from] io::Error),
    #[error("git says: {0}")]
    Said(String),
}

/// A git program in one folder.
#[derive(Clone, Debug)]
pub struct Git {
    program: PathBuf,
    folder: PathBuf,
    environment: Vec<(&'static str, OsString)>,
}

impl Git {
    /// Finds git. `inherits` keeps the variables that name a repository, as a hook gets them.
    pub fn find(folder: &Path, tool_dirs: &[PathBuf], inherits: bool) -> Result<Self, GitError> {
        let program = git::program(tool_dirs).ok_or(GitError::Missing)?;
        let environment = KEPT
            .iter()
            .filter(|name| inherits || !name.starts_with("GIT_") || name.starts_with("GIT_CONFIG"))
            .filter_map(|name| Some((*name, environment::variable(name)?)))
            .collect();
        Ok(Self {
            program,
            folder: folder.to_path_buf(),
            environment,
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_PAGER", "cat")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .arg("--no-pager");
        for setting in git::OFF {
            command.arg("-c").arg(setting);
        }
        command
    }

    /// Runs git and returns what it prints.
    pub fn run(&self, args: &[&str]) -> Result<Vec<u8>, GitError> {
        let mut child = self
            .command()
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(GitError::Start)?;
        let errors = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                // Its first words are enough for a message.
                let _ = (&mut stderr).take(4096).read_to_end(&mut text);
                let _ = io::copy(&mut stderr, &mut io::sink());
                text
            })
        });
        let mut output = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(OUTPUT_MAX).read_to_end(&mut output)?;
        }
        let status = child.wait()?;
        if status.success() {
            return Ok(output);
        }
        let text = errors
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let first = text.lines().next().unwrap_or("no reason given");
        Err(GitError::Said(first.to_owned()))
    }

    /// Starts a process that answers with objects.
    pub fn objects(&self) -> Result<Objects, GitError> {
        let mut child = self
            .command()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(GitError::Start)?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(BufReader::new);
        Ok(Objects {
            child,
            stdin,
            stdout,
        })
    }
}

/// A running `git cat-file --batch`.
#[derive(Debug)]
pub struct Objects {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
}

/// An object as git gave it.
#[derive(Debug)]
pub enum Object {
    Blob(Vec<u8>),
    TooLarge(u64),
    /// Not there, or no blob.
    None,
}

impl Objects {
    /// Returns one object, by its id, `:path` or `commit:path`.
    pub fn get(&mut self, name: &str) -> Result<Object, GitError> {
        if name.contains('\n') {
            return Ok(Object::None);
        }
        let (Some(stdin), Some(stdout)) = (&mut self.stdin, &mut self.stdout) else {
            return Ok(Object::None);
        };
        stdin.write_all(format!("{name}\n").as_bytes())?;
        stdin.flush()?;
        let mut head = String::new();
        stdout.read_line(&mut head)?;
        if head.is_empty() {
            return Err(GitError::Said("cat-file ended early".to_owned()));
        }
        let mut words = head.trim_end().rsplit(' ');
        let (size, kind) = (words.next().unwrap_or_default(), words.next());
        let Ok(size) = size.parse::<u64>() else {
            // `NAME missing`, `NAME ambiguous`.
            return Ok(Object::None);
        };
        let cap = u64::try_from(FILE_CAP).unwrap_or(u64::MAX);
        let keep = kind == Some("blob") && size <= cap;
        let mut bytes = Vec::new();
        let mut body = stdout.by_ref().take(size);
        if keep {
            body.read_to_end(&mut bytes)?;
        } else {
            io::copy(&mut body, &mut io::sink())?;
        }
        let mut end = [0];
        stdout.read_exact(&mut end)?;
        Ok(match kind {
            Some("blob") if keep => Object::Blob(bytes),
            Some("blob") => Object::TooLarge(size),
            _ => Object::None,
        })
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        drop(self.stdin.take());
        drop(self.stdout.take());
        let _ = self.child.wait();
    }
}
