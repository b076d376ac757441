//! A repository as a place to copy refs and objects from and to: the user's own one, a remote, or a bare store of backstop.
//! Hooks, fsmonitor, pagers, prompts and remote helpers are off; which objects matter is not decided here.

use crate::adapters::regular;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::packed;
use super::run::program;
use crate::adapters::environment;

/// Bytes of one answer of git.
const OUTPUT_MAX: u64 = 256 << 20;
/// Bytes of complaints that are kept.
const COMPLAINT_MAX: u64 = 64 << 10;
/// Settings for every run.
const ALWAYS: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.pager=cat",
    "core.askPass=false",
    "core.fsync=committed,loose-object",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "push.gpgSign=false",
    "push.followTags=false",
    "advice.detachedHead=false",
];
/// Writes refs through to the disk.
const SYNCED: [&str; 2] = ["-c", "core.fsync=committed,loose-object,reference"];
/// Refs that are synced one by one.
const FEW_REFS: usize = 32;
/// Settings for runs that contact nobody.
const ALONE: &[&str] = &[
    "core.sshCommand=false",
    "core.gitProxy=false",
    "credential.helper=",
    "protocol.allow=never",
];
/// What a transport may need of the user's own environment.
const TRANSPORT: &[&str] = &[
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_NO_VERIFY",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "USER",
    "LOGNAME",
];
/// Protocols over which a remote is contacted; `ext` and other helpers start programs.
const PROTOCOLS: &str = "file:git:http:https:ssh";

/// What a run of git said.
#[derive(Clone, Debug)]
pub struct Said {
    /// The exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: String,
}

impl Said {
    /// Returns the output as lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        std::str::from_utf8(&self.out).unwrap_or_default().lines()
    }

    /// Returns the last line of the complaint.
    pub fn complaint(&self) -> String {
        let lines = self.err.lines().map(str::trim);
        let told = lines
            .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
            .collect::<Vec<_>>();
        let fatal = told.iter().find(|line| line.starts_with("fatal:"));
        let line = fatal.or(told.last()).copied().unwrap_or("no reason given");
        line.chars().take(300).collect()
    }
}

/// A repository and the git program that works on it.
#[derive(Clone, Debug)]
pub struct Repo {
    program: PathBuf,
    /// The git directory; of a linked work tree its own.
    pub dir: PathBuf,
    /// The directory that holds refs and objects.
    pub common: PathBuf,
    end: Instant,
    /// Where more objects lie, as the environment of a git hook says.
    objects: Vec<(&'static str, std::ffi::OsString)>,
}

impl Repo {
    /// Opens a git directory that is there.
    ///
    /// # Errors
    /// When there is none, or no git program in a system folder.
    pub fn open(dir: &Path, tool_dirs: &[PathBuf], end: Instant) -> io::Result<Self> {
        if !super::is_git_dir(dir) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("`{}` is no git directory", dir.display()),
            ));
        }
        let dir = std::fs::canonicalize(dir)?;
        let common = match regular::text(&dir.join("commondir")) {
            Ok(text) => std::fs::canonicalize(dir.join(text.trim_end_matches('\n')))?,
            Err(_) => dir.clone(),
        };
        Ok(Self {
            common,
            ..Self::at(&dir, tool_dirs, end)?
        })
    }

    fn at(dir: &Path, tool_dirs: &[PathBuf], end: Instant) -> io::Result<Self> {
        let program = program(tool_dirs)
            .ok_or_else(|| io::Error::other("the program git is not in a system folder"))?;
        Ok(Self {
            program,
            dir: dir.to_path_buf(),
            common: dir.to_path_buf(),
            end,
            objects: Vec::new(),
        })
    }

    /// Opens the repository that git runs its hook for.
    ///
    /// # Errors
    /// When there is none.
    pub fn of_hook(cwd: &Path, tool_dirs: &[PathBuf], end: Instant) -> io::Result<Self> {
        let named = environment::variable("GIT_DIR").map(|dir| cwd.join(dir));
        let dir = match named {
            Some(dir) => dir,
            None if super::is_git_dir(cwd) => cwd.to_path_buf(),
            None => {
                super::discover(cwd)
                    .ok_or_else(|| io::Error::other("this is no git repository"))?
                    .git_dir
            }
        };
        let mut repo = Self::open(&dir, tool_dirs, end)?;
        for name in ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"] {
            repo.objects
                .extend(environment::variable(name).map(|value| (name, value)));
        }
        Ok(repo)
    }

    /// Makes a bare repository that others cannot read.
    ///
    /// # Errors
    /// When git or the disk says so.
    pub fn create(
        place: &Path,
        format: &str,
        tool_dirs: &[PathBuf],
        end: Instant,
    ) -> io::Result<Self> {
        let blank = Self::at(place, tool_dirs, end)?;
        let format = format!("--object-format={format}");
        let mut command = blank.command(None);
        command.env_remove("GIT_DIR").current_dir("/");
        command.args([
            "init",
            "-q",
            "--bare",
            "--shared=0600",
            "--template=",
            &format,
        ]);
        command.arg(place);
        let said = blank.finish(&mut command, Vec::new())?;
        if said.code != Some(0) {
            return Err(io::Error::other(said.complaint()));
        }
        Self::open(place, tool_dirs, end)
    }

    /// Returns the top of the work tree that belongs to a git directory named `.git`.
    pub fn root(&self) -> Option<PathBuf> {
        let named = self.dir.file_name().is_some_and(|name| name == ".git");
        if named {
            return self.dir.parent().map(Path::to_path_buf);
        }
        let text = regular::text(&self.dir.join("gitdir")).ok()?;
        Path::new(text.trim()).parent().map(Path::to_path_buf)
    }

    fn command(&self, contact: Option<Contact>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/local/bin")
            .env("LC_ALL", "C")
            .env("GIT_DIR", &self.dir)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_PAGER", "cat")
            .envs(self.objects.iter().cloned())
            .current_dir(&self.dir)
            .arg("--no-pager");
        if let Some(home) = environment::home() {
            command.env("HOME", home);
        }
        if let Some(config) = environment::variable("XDG_CONFIG_HOME") {
            command.env("XDG_CONFIG_HOME", config);
        }
        let mut settings = ALWAYS.to_vec();
        match contact {
            None => {
                command.env("GIT_ALLOW_PROTOCOL", "none");
                settings.extend(ALONE);
            }
            Some(Contact) => {
                command.env("GIT_ALLOW_PROTOCOL", PROTOCOLS);
                for name in TRANSPORT {
                    if let Some(value) = environment::variable(name) {
                        command.env(name, value);
                    }
                }
            }
        }
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        command
    }

    /// Runs git without contacting anybody.
    ///
    /// # Errors
    /// When it cannot be started or takes too long.
    pub fn ask(&self, args: &[&str], input: Vec<u8>) -> io::Result<Said> {
        let mut command = self.command(None);
        command.args(args);
        self.finish(&mut command, input)
    }

    /// Runs git in a work tree of this repository.
    ///
    /// # Errors
    /// As `ask`.
    pub fn ask_in(&self, root: &Path, args: &[&str]) -> io::Result<Said> {
        let mut command = self.command(None);
        command
            .args(args)
            .env("GIT_WORK_TREE", root)
            .env_remove("GIT_OPTIONAL_LOCKS")
            .current_dir(root);
        self.finish(&mut command, Vec::new())
    }

    /// Runs git with the user's own transports.
    ///
    /// # Errors
    /// As `ask`.
    pub fn contact(&self, args: &[&str], input: Vec<u8>) -> io::Result<Said> {
        let mut command = self.command(Some(Contact));
        command.args(args);
        self.finish(&mut command, input)
    }

    /// Runs git, and fails with its own words when it does.
    ///
    /// # Errors
    /// As `ask`, and when git fails.
    pub fn must(&self, args: &[&str], input: Vec<u8>) -> io::Result<Said> {
        good(self.ask(args, input)?)
    }

    fn finish(&self, command: &mut Command, input: Vec<u8>) -> io::Result<Said> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        feed(child.stdin.take(), input);
        let out = read(child.stdout.take(), OUTPUT_MAX);
        let err = read(child.stderr.take(), COMPLAINT_MAX);
        let code = self.wait(&mut child)?;
        Ok(Said {
            code,
            out: out.and_then(|read| read.join().ok()).unwrap_or_default(),
            err: String::from_utf8_lossy(
                &err.and_then(|read| read.join().ok()).unwrap_or_default(),
            )
            .into_owned(),
        })
    }

    fn wait(&self, child: &mut Child) -> io::Result<Option<i32>> {
        let mut pause = Duration::from_micros(200);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.code());
            }
            if Instant::now() > self.end {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::new(io::ErrorKind::TimedOut, "git took too long"));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }

    /// Returns the name of the hash: `sha1` or `sha256`.
    pub fn format(&self) -> String {
        let config = regular::text(&self.common.join("config")).unwrap_or_default();
        let line = config.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            key.trim()
                .eq_ignore_ascii_case("objectformat")
                .then(|| value.trim().to_ascii_lowercase())
        });
        line.unwrap_or_else(|| "sha1".to_owned())
    }

    /// Returns where history was cut off by a shallow clone; nothing when it is whole.
    pub fn shallow(&self) -> Option<Vec<u8>> {
        let text = regular::read(&self.common.join("shallow")).ok()?;
        (!text.is_empty()).then_some(text)
    }

    /// Tells whether the repository leaves objects with the remote that it was cloned from.
    pub fn is_partial(&self) -> bool {
        let config = regular::text(&self.common.join("config")).unwrap_or_default();
        let config = config.to_ascii_lowercase();
        config.contains("promisor") || config.contains("partialclone")
    }

    /// Lets a repository of ours hold what a partial clone holds, and no more.
    ///
    /// # Errors
    /// When git refuses.
    pub fn make_partial(&self) -> io::Result<()> {
        for (key, value) in [
            ("core.repositoryformatversion", "1"),
            ("extensions.partialClone", "origin"),
            ("remote.origin.promisor", "true"),
            ("remote.origin.url", "/nonexistent"),
        ] {
            self.must(&["config", key, value], Vec::new())?;
        }
        Ok(())
    }

    /// Returns refs (name to object) below a prefix; symbolic ones are left out.
    ///
    /// # Errors
    /// When git fails.
    pub fn refs(&self, prefix: &str) -> io::Result<BTreeMap<String, String>> {
        let format = "--format=%(objectname) %(refname) %(symref)";
        // An empty pattern would fit nothing.
        let pattern = if prefix.is_empty() { "refs/" } else { prefix };
        let said = self.must(&["for-each-ref", format, pattern], Vec::new())?;
        Ok(said
            .lines()
            .filter_map(|line| {
                let mut fields = line.split(' ');
                let (oid, name) = (fields.next()?, fields.next()?);
                let symbolic = fields.next().is_some_and(|to| !to.is_empty());
                (!symbolic).then(|| (name.to_owned(), oid.to_owned()))
            })
            .collect())
    }

    /// Returns those of the objects that are there, with their types.
    ///
    /// # Errors
    /// When git fails.
    pub fn present<'o>(
        &self,
        oids: impl Iterator<Item = &'o String>,
    ) -> io::Result<BTreeMap<String, String>> {
        let input: String = oids.flat_map(|oid| [oid.as_str(), "\n"]).collect();
        if input.is_empty() {
            return Ok(BTreeMap::new());
        }
        let check = "--batch-check=%(objectname) %(objecttype)";
        let said = self.must(&["cat-file", check], input.into_bytes())?;
        let found = said.lines().filter_map(|line| line.split_once(' '));
        Ok(found
            .filter(|(_, kind)| matches!(*kind, "commit" | "tag" | "tree" | "blob"))
            .map(|(oid, kind)| (oid.to_owned(), kind.to_owned()))
            .collect())
    }

    /// Tells whether `old` is reachable from `new`; false also where nobody can say.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn is_ancestor(&self, old: &str, new: &str) -> io::Result<bool> {
        let said = self.ask(&["merge-base", "--is-ancestor", old, new], Vec::new())?;
        Ok(said.code == Some(0))
    }

    /// Copies the objects that these tips hold into another repository, those left out that `to` holds with its refs.
    ///
    /// # Errors
    /// When an object is missing on the way, or git fails.
    pub fn give(&self, to: &Self, tips: &BTreeSet<String>) -> io::Result<()> {
        let held: BTreeSet<String> = to.refs("")?.into_values().collect();
        let wanted: Vec<&String> = tips.iter().filter(|tip| !held.contains(*tip)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let common = self.present(held.iter())?;
        let mut revs: String = wanted.iter().flat_map(|tip| [tip.as_str(), "\n"]).collect();
        revs.extend(common.keys().flat_map(|oid| ["^", oid.as_str(), "\n"]));
        let mut packing = self.command(None);
        packing.args([
            "pack-objects",
            "--revs",
            "--stdout",
            "--thin",
            "--delta-base-offset",
            "-q",
        ]);
        let mut filing = to.command(None);
        filing.args(["index-pack", "--stdin", "--fix-thin"]);
        if self.is_partial() {
            packing.arg("--missing=allow-promisor");
            filing.arg("--promisor=backstop");
        }
        self.pipe(&mut packing, revs.into_bytes(), &mut filing, to)?;
        to.connected(&wanted, common.keys())
    }

    fn pipe(
        &self,
        from: &mut Command,
        input: Vec<u8>,
        into: &mut Command,
        to: &Self,
    ) -> io::Result<()> {
        let mut source = from
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        feed(source.stdin.take(), input);
        let complaint = read(source.stderr.take(), COMPLAINT_MAX);
        let Some(pack) = source.stdout.take() else {
            return Err(io::Error::other("a child without pipes"));
        };
        let mut sink = into
            .stdin(Stdio::from(pack))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let told = read(sink.stderr.take(), COMPLAINT_MAX);
        let filed = to.wait(&mut sink);
        if filed.is_err() {
            let _ = source.kill();
        }
        let packed = self.wait(&mut source)?;
        for (code, words) in [(packed, complaint), (filed?, told)] {
            let err = words.and_then(|read| read.join().ok()).unwrap_or_default();
            good(Said {
                code,
                out: Vec::new(),
                err: String::from_utf8_lossy(&err).into_owned(),
            })?;
        }
        Ok(())
    }

    /// Makes sure that everything behind these tips is there.
    fn connected<'o>(
        &self,
        tips: &[&String],
        known: impl Iterator<Item = &'o String>,
    ) -> io::Result<()> {
        let mut input: String = tips.iter().flat_map(|tip| [tip.as_str(), "\n"]).collect();
        input.extend(known.flat_map(|oid| ["^", oid.as_str(), "\n"]));
        let mut args = vec!["rev-list", "--objects", "--quiet", "--stdin"];
        if self.is_partial() {
            args.push("--exclude-promisor-objects");
        }
        self.must(&args, input.into_bytes()).map(|_| ())
    }

    /// Creates refs that must not be there yet, all or none; when it returns they are on disk.
    ///
    /// # Errors
    /// When git refuses.
    pub fn create_refs<'r>(
        &self,
        refs: impl Iterator<Item = (String, &'r String)>,
    ) -> io::Result<()> {
        let refs: BTreeMap<String, &String> = refs.collect();
        if refs.is_empty() {
            return Ok(());
        }
        if refs.len() > FEW_REFS {
            return packed::add(&self.common, &refs);
        }
        let lines: String = refs
            .iter()
            .map(|(name, oid)| format!("create {name} {oid}\n"))
            .collect();
        let args = [SYNCED[0], SYNCED[1], "update-ref", "--stdin"];
        self.must(&args, lines.into_bytes()).map(|_| ())
    }

    /// Removes every ref below a prefix; only in a store of backstop.
    ///
    /// # Errors
    /// When the disk says so.
    pub fn remove_refs(&self, prefix: &str) -> io::Result<()> {
        packed::remove(&self.common, prefix)
    }

    /// Reads the repository through; `full` hashes every object again, otherwise only what is missing is found.
    /// Returns how many old objects are oddly written, which git has always let pass.
    ///
    /// # Errors
    /// When an object is missing or not what its name says.
    pub fn check(&self, full: bool) -> io::Result<usize> {
        let depth = if full {
            "--full"
        } else {
            "--connectivity-only"
        };
        let args = [
            "fsck",
            depth,
            "--no-dangling",
            "--no-progress",
            "--no-reflogs",
        ];
        let said = self.ask(&args, Vec::new())?;
        let out = String::from_utf8_lossy(&said.out).into_owned();
        let lines = said.err.lines().chain(out.lines());
        let odd = |line: &str| line.starts_with("error in ") || line.starts_with("warning in ");
        let harmless = |line: &str| {
            line.trim().is_empty() || line.starts_with("notice:") || line.starts_with("hint:")
        };
        let mut oddities = 0;
        for line in lines {
            if odd(line) {
                oddities += 1;
            } else if said.code != Some(0) && !harmless(line) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, line.to_owned()));
            }
        }
        match said.code {
            Some(0) => Ok(oddities),
            Some(_) if oddities > 0 => Ok(oddities),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, said.complaint())),
        }
    }

    /// Asks a remote for its refs; `HEAD` and peeled tags are left out. No repository's configuration has a say in it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn remote_refs(
        url: &str,
        tool_dirs: &[PathBuf],
        end: Instant,
    ) -> io::Result<BTreeMap<String, String>> {
        let nowhere = Self::at(Path::new("/"), tool_dirs, end)?;
        let mut command = nowhere.command(Some(Contact));
        command.env_remove("GIT_DIR");
        command.args(["ls-remote", "--quiet", "--", url]);
        let said = good(nowhere.finish(&mut command, Vec::new())?)?;
        let pairs = said.lines().filter_map(|line| line.split_once('\t'));
        Ok(pairs
            .filter(|(_, name)| name.starts_with("refs/") && !name.ends_with("^{}"))
            .map(|(oid, name)| (name.to_owned(), oid.to_owned()))
            .collect())
    }

    /// Fetches the objects of a remote's refs, and sets no ref.
    ///
    /// # Errors
    /// When it cannot be reached or refuses.
    pub fn fetch(&self, url: &str, names: &[&String]) -> io::Result<()> {
        let specs: String = names
            .iter()
            .flat_map(|name| [name.as_str(), "\n"])
            .collect();
        let args = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--stdin",
            "--",
            url,
        ];
        good(self.contact(&args, specs.into_bytes())?).map(|_| ())
    }

    /// Tells whether pushes to a remote are set to make it a mirror.
    pub fn is_mirror(&self, remote: &str) -> bool {
        let config = regular::text(&self.common.join("config")).unwrap_or_default();
        let config = config.to_ascii_lowercase();
        if !config.contains("mirror") && !config.contains("[include") {
            return false;
        }
        let name = format!("remote.{remote}.mirror");
        let said = self.ask(&["config", "--type=bool", "--get", &name], Vec::new());
        said.is_ok_and(|said| said.lines().next() == Some("true"))
    }

    /// Returns the address to which a remote of this repository is pushed; the word itself when it names none.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn push_address(&self, remote: &str) -> io::Result<String> {
        let said = self.ask(&["remote", "get-url", "--push", "--", remote], Vec::new())?;
        let named = (said.code == Some(0)).then(|| said.lines().next().map(str::to_owned));
        Ok(named.flatten().unwrap_or_else(|| remote.to_owned()))
    }

    /// Returns the branch that a remote has checked out, as far as it was seen here.
    pub fn default_branch(&self, remote: &str) -> Option<String> {
        let name = format!("refs/remotes/{remote}/HEAD");
        let said = self
            .ask(&["symbolic-ref", "--quiet", "--", &name], Vec::new())
            .ok()?;
        let start = format!("refs/remotes/{remote}/");
        said.lines().next()?.strip_prefix(&start).map(str::to_owned)
    }
}

/// Says that a remote may be contacted in this run.
#[derive(Clone, Copy, Debug)]
struct Contact;

/// Returns what git said, or its complaint as an error.
///
/// # Errors
/// When its exit code is not 0.
pub fn good(said: Said) -> io::Result<Said> {
    match said.code {
        Some(0) => Ok(said),
        _ => Err(io::Error::other(said.complaint())),
    }
}

fn feed(stdin: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        std::thread::spawn(move || {
            // A reader that ends early has its reasons; its exit code tells.
            let _ = stdin.write_all(&input);
        });
    }
}

fn read(
    pipe: Option<impl Read + Send + 'static>,
    most: u64,
) -> Option<std::thread::JoinHandle<Vec<u8>>> {
    pipe.map(|pipe| {
        std::thread::spawn(move || {
            let mut all = Vec::new();
            let mut pipe = pipe;
            let _ = (&mut pipe).take(most).read_to_end(&mut all);
            // What is beyond is read and dropped, so that the writer can end.
            let _ = io::copy(&mut pipe, &mut io::sink());
            all
        })
    })
}
