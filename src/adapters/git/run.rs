//! Runs git as a reader: from fixed places, with an empty environment, and with everything off that starts a program.
//! What the answers mean is not known here.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::index::Entry;
use crate::adapters::environment;

/// Where the system keeps its programs; the agent's `PATH` is never asked.
const PLACES: &[&str] = &[
    "/usr/bin",
    "/usr/local/bin",
    "/bin",
    "/opt/homebrew/bin",
    "/Library/Developer/CommandLineTools/usr/bin",
    "/run/current-system/sw/bin",
];
/// Bytes of one answer of git.
const OUTPUT_MAX: u64 = 256 << 20;
/// Settings that could start a program, each sent to nowhere.
pub const OFF: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "core.askPass=false",
    "credential.helper=",
    "diff.external=",
    "protocol.allow=never",
    "submodule.recurse=false",
];

/// Variables that say which configuration git reads.
const CONFIGURED: [&str; 3] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
];

/// Finds git in the given folders, as the one that runs this hook, or in the system's places.
pub fn program(tool_dirs: &[PathBuf]) -> Option<PathBuf> {
    let in_folder = |dir: &PathBuf| Some(dir.join("git")).filter(|path| path.is_file());
    let named = tool_dirs.iter().find_map(in_folder);
    let places = || PLACES.iter().map(PathBuf::from);
    named
        .or_else(caller)
        .or_else(|| places().find_map(|dir| in_folder(&dir)))
}

/// The git that runs the hook, when it comes from the system: an older one beside it may not know the form of the refs.
fn caller() -> Option<PathBuf> {
    let folder = PathBuf::from(environment::variable("GIT_EXEC_PATH")?);
    let program = folder.canonicalize().ok()?.join("git");
    (is_system(&program) && program.is_file()).then_some(program)
}

/// A git program bound to one repository.
#[derive(Debug)]
pub struct Runner {
    program: PathBuf,
    git_dir: PathBuf,
    root: PathBuf,
    end: Instant,
}

impl Runner {
    /// Finds git in the given folders and the system's places.
    pub fn find(git_dir: &Path, root: &Path, tool_dirs: &[PathBuf], end: Instant) -> Option<Self> {
        Some(Self {
            program: program(tool_dirs)?,
            git_dir: git_dir.to_path_buf(),
            root: root.to_path_buf(),
            end,
        })
    }

    /// Returns a reader of another repository on this machine.
    pub fn beside(&self, git_dir: &Path) -> Self {
        Self {
            program: self.program.clone(),
            git_dir: git_dir.to_path_buf(),
            root: git_dir.to_path_buf(),
            end: self.end,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("GIT_DIR", &self.git_dir)
            .env("GIT_WORK_TREE", &self.root)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_GRAFT_FILE", "/dev/null")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_PAGER", "cat")
            .current_dir(&self.root)
            .arg("--no-pager");
        if let Some(home) = environment::home() {
            command.env("HOME", home);
        }
        if let Some(config) = environment::variable("XDG_CONFIG_HOME") {
            command.env("XDG_CONFIG_HOME", config);
        }
        for setting in OFF {
            command.arg("-c").arg(setting);
        }
        command
    }

    /// Runs git and returns whether it succeeded, and what it said.
    pub fn run(
        &self,
        args: &[&str],
        scopes: &[Vec<u8>],
        input: Vec<u8>,
    ) -> io::Result<(bool, Vec<u8>)> {
        let mut command = self.command();
        if !scopes.is_empty() {
            command.arg("--literal-pathspecs");
        }
        command.args(args);
        if !scopes.is_empty() {
            command.arg("--");
            for scope in scopes {
                let path = if scope.is_empty() {
                    b".".as_slice()
                } else {
                    scope
                };
                command.arg(OsStr::from_bytes(path));
            }
        }
        self.finish(command, input)
    }

    /// Runs git in a folder of the work tree, with words as they are, and returns whether it succeeded, and what it said.
    pub fn run_in(
        &self,
        dir: &Path,
        args: &[OsString],
        input: Vec<u8>,
    ) -> io::Result<(bool, Vec<u8>)> {
        let mut command = self.command();
        command.current_dir(dir).args(args);
        self.finish(command, input)
    }

    /// Returns the value of a setting; the caller's variables and those told besides say which configuration is read.
    pub fn setting(&self, name: &str, told: &[(String, String)]) -> io::Result<Option<String>> {
        let mut command = self.command();
        let inherited = CONFIGURED
            .iter()
            .filter_map(|name| Some((name, environment::variable(name)?)));
        command
            .envs(inherited)
            .envs(told.iter().map(|(name, value)| (name, value)))
            .args(["config", "-z", "--get", name]);
        let (success, output) = self.finish(command, Vec::new())?;
        let value = String::from_utf8_lossy(&output);
        Ok(success.then(|| value.trim_end_matches('\0').to_owned()))
    }

    fn finish(&self, mut command: Command, input: Vec<u8>) -> io::Result<(bool, Vec<u8>)> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let writer = child.stdin.take().map(|mut stdin| {
            std::thread::spawn(move || {
                // A reader that ends early has its reasons; its exit code tells.
                let _ = stdin.write_all(&input);
            })
        });
        let reader = child.stdout.take().map(|stdout| {
            std::thread::spawn(move || {
                let mut all = Vec::new();
                stdout.take(OUTPUT_MAX).read_to_end(&mut all).map(|_| all)
            })
        });
        let success = self.wait(&mut child)?;
        if let Some(writer) = writer {
            let _ = writer.join();
        }
        let output = match reader.map(std::thread::JoinHandle::join) {
            Some(Ok(output)) => output?,
            Some(Err(_)) | None => return Err(io::Error::other("its output was lost")),
        };
        Ok((success, output))
    }

    fn wait(&self, child: &mut Child) -> io::Result<bool> {
        let mut pause = Duration::from_micros(200);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            if Instant::now() > self.end {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::new(io::ErrorKind::TimedOut, "it took too long"));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }

    /// Returns the fields, parted by zero bytes, of one run.
    pub fn fields(&self, args: &[&str], scopes: &[Vec<u8>]) -> io::Result<(bool, Vec<Vec<u8>>)> {
        let (success, output) = self.run(args, scopes, Vec::new())?;
        Ok((success, split(&output)))
    }

    /// Returns the names that one run lists.
    pub fn list(&self, args: &[&str], scopes: &[Vec<u8>]) -> io::Result<Vec<Vec<u8>>> {
        let outside = scopes.iter().any(|scope| scope.starts_with(b"../"));
        let inside: Vec<Vec<u8>> = scopes
            .iter()
            .filter(|scope| !scope.starts_with(b"../"))
            .cloned()
            .collect();
        if outside && inside.is_empty() {
            return Ok(Vec::new());
        }
        let (success, names) = self.fields(args, &inside)?;
        if success {
            Ok(names)
        } else {
            Err(io::Error::other("files could not be listed"))
        }
    }

    /// Returns those of the paths that ignore rules cover.
    pub fn ignored(&self, scopes: &[Vec<u8>]) -> io::Result<BTreeSet<Vec<u8>>> {
        let input = scopes
            .iter()
            .filter(|scope| !scope.is_empty() && !scope.starts_with(b"../"))
            // `./` keeps a name that starts with `:` from being read as more than a name.
            .flat_map(|scope| b"./".iter().chain(scope).copied().chain([0]))
            .collect();
        let (_, output) = self.run(&["check-ignore", "-z", "--stdin"], &[], input)?;
        let plain = |name: Vec<u8>| {
            name.strip_prefix(b"./")
                .map_or(name.clone(), <[u8]>::to_vec)
        };
        Ok(split(&output).into_iter().map(plain).collect())
    }

    /// Returns the blob names that files would have, their content taken as it is.
    pub fn hashes<'e>(&self, entries: &[&'e Entry]) -> io::Result<HashMap<&'e [u8], String>> {
        if entries.is_empty() {
            return Ok(HashMap::new());
        }
        let input = entries
            .iter()
            .flat_map(|entry| entry.path.iter().copied().chain([b'\n']))
            .collect();
        let (success, output) = self.run(
            &["hash-object", "--no-filters", "--stdin-paths"],
            &[],
            input,
        )?;
        if !success {
            return Ok(HashMap::new());
        }
        let names = output
            .split(|&byte| byte == b'\n')
            .map(|line| String::from_utf8_lossy(line).into_owned());
        Ok(entries
            .iter()
            .map(|entry| entry.path.as_slice())
            .zip(names)
            .collect())
    }
}

/// Below these only the system's own accounts install programs.
const SYSTEM: [&str; 5] = [
    "/usr/",
    "/opt/",
    "/nix/store/",
    "/Library/",
    "/run/current-system/",
];

/// Tells whether a program comes from the system: where several gits are, an older one may not know the form of a repository.
pub(super) fn is_system(program: &Path) -> bool {
    SYSTEM.iter().any(|place| program.starts_with(place))
}

fn split(output: &[u8]) -> Vec<Vec<u8>> {
    output
        .split(|&byte| byte == 0)
        .filter(|field| !field.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}
