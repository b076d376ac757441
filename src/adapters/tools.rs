//! Finds the database clients of this machine in fixed system places and runs them under a deadline.
//! It never looks at `PATH`, and it does not know what the programs are asked to do.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::model::secret::Secret;

/// How much of a program's complaints is kept; the rest is read and dropped.
const COMPLAINT_LIMIT: usize = 16 * 1024;
/// How long after the end of a program its last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// Folders with one subfolder per major version: before and after the number.
const VERSIONED: [(&str, &str); 6] = [
    ("/usr/lib/postgresql/", "/bin"),
    ("/usr/pgsql-", "/bin"),
    ("/usr/libexec/postgresql", ""),
    ("/opt/homebrew/opt/postgresql@", "/bin"),
    ("/usr/local/opt/postgresql@", "/bin"),
    ("/Applications/Postgres.app/Contents/Versions/", "/bin"),
];
/// Folders whose version has to be asked.
const PLAIN: [&str; 5] = [
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/libpq/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
    "/bin",
];

/// A program that runs somewhere: what it says is read, what it needs is fed, and its end is judged.
///
/// Reading gives the end of the stream only after the program ended with success; anything else is an error.
pub trait Program: Read + Send {
    /// Writes to the program's input.
    ///
    /// # Errors
    /// Fails when the program no longer reads or time is up.
    fn feed(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Tells the program that its input has ended.
    ///
    /// # Errors
    /// Fails when the connection to the program is gone.
    fn close_input(&mut self) -> io::Result<()>;

    /// Ends the program without letting it see the end of its input.
    fn kill(&mut self);

    /// Returns what the program said on its error output so far.
    fn complaint(&self) -> String;

    /// Closes the input, drops what is still said, and waits for a good end.
    ///
    /// # Errors
    /// Fails when the program did, or when time is up.
    fn finish(&mut self) -> io::Result<()> {
        self.close_input()?;
        let mut buffer = [0_u8; 8192];
        while self.read(&mut buffer)? > 0 {}
        Ok(())
    }
}

impl fmt::Debug for dyn Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Program")
    }
}

/// A client program and its major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    pub path: PathBuf,
    pub major: u32,
}

/// Returns the oldest installed client that is at least as new as `at_least`; `extra` folders of the owner come first.
pub fn find(name: &str, at_least: u32, extra: &[PathBuf]) -> Option<Tool> {
    let owners = extra.iter().filter_map(|folder| asked(&folder.join(name)));
    if let Some(tool) = owners
        .filter(|tool| tool.major >= at_least)
        .min_by_key(|tool| tool.major)
    {
        return Some(tool);
    }
    versioned(name)
        .into_iter()
        .filter(|tool| tool.major >= at_least)
        .min_by_key(|tool| tool.major)
        .or_else(|| {
            PLAIN
                .iter()
                .filter_map(|folder| asked(&Path::new(folder).join(name)))
                .find(|tool| tool.major >= at_least)
        })
}

/// Returns the newest installed client.
pub fn newest(name: &str, extra: &[PathBuf]) -> Option<Tool> {
    let owners = extra.iter().filter_map(|folder| asked(&folder.join(name)));
    owners
        .chain(versioned(name))
        .max_by_key(|tool| tool.major)
        .or_else(|| find(name, 0, &[]))
}

/// Returns a program of the system (`sudo`) from its fixed place.
pub fn system(name: &str) -> Option<PathBuf> {
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
}

fn versioned(name: &str) -> Vec<Tool> {
    let mut found = Vec::new();
    for (before, after) in VERSIONED {
        let (folder, prefix) = match before.rfind('/') {
            Some(at) => before.split_at(at + 1),
            None => continue,
        };
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let file_name = entry.file_name();
            let Some(major) = file_name
                .to_str()
                .and_then(|text| text.strip_prefix(prefix))
                .and_then(|text| text.parse::<u32>().ok())
            else {
                continue;
            };
            let path = PathBuf::from(format!("{folder}{prefix}{major}{after}")).join(name);
            if path.is_file() {
                found.push(Tool { path, major });
            }
        }
    }
    found
}

fn asked(path: &Path) -> Option<Tool> {
    if !path.is_file() {
        return None;
    }
    let launch = Launch {
        program: path.to_path_buf(),
        args: vec!["--version".into()],
        env: Vec::new(),
        deadline: Instant::now() + Duration::from_secs(3),
    };
    let mut text = String::new();
    Running::start(&launch)
        .ok()?
        .take(4096)
        .read_to_string(&mut text)
        .ok()?;
    Some(Tool {
        path: path.to_path_buf(),
        major: major(&text)?,
    })
}

/// Reads the major version out of `psql (PostgreSQL) 15.18 (Debian …)`.
fn major(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("(PostgreSQL) ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What is started, with what, and until when.
#[derive(Clone, Debug)]
pub struct Launch {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// The whole environment of the program; nothing is inherited.
    pub env: Vec<(String, Secret)>,
    pub deadline: Instant,
}

/// A child of this process, in its own process group, killed at its deadline.
pub struct Running {
    child: Child,
    pid: Pid,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    complaint: Arc<Mutex<Vec<u8>>>,
    last_words: mpsc::Receiver<()>,
    watch: Arc<Watch>,
    name: String,
    ended: Option<ExitStatus>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("name", &self.name).finish()
    }
}

/// What the watchdog and the owner of a child share.
struct Watch {
    state: Mutex<WatchState>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WatchState {
    Runs,
    /// Reaped, or about to be: its number may belong to somebody else.
    Ended,
    Late,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Running {
    /// Starts a program with pipes on all three streams.
    ///
    /// # Errors
    /// Fails when it cannot be started.
    pub fn start(launch: &Launch) -> io::Result<Self> {
        let name = launch.program.file_name().map_or_else(
            || launch.program.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        let mut child = Command::new(&launch.program)
            .args(&launch.args)
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/bin:/bin")
            .envs(launch.env.iter().map(|(key, value)| (key, value.expose())))
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::other(format!("`{name}` does not start: {error}")))?;
        let (stdout, stderr) = match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), Some(stderr)) => (stdout, stderr),
            _ => return Err(io::Error::other("a child without pipes")),
        };
        widen(&stdout);
        let pid = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| io::Error::other("a child without a number"))?;
        let complaint = Arc::new(Mutex::new(Vec::new()));
        let last_words = listen(stderr, Arc::clone(&complaint));
        let watch = Arc::new(Watch {
            state: Mutex::new(WatchState::Runs),
            changed: Condvar::new(),
        });
        guard(Arc::clone(&watch), pid, launch.deadline);
        Ok(Self {
            stdin: child.stdin.take(),
            stdout,
            child,
            pid,
            complaint,
            last_words,
            watch,
            name,
            ended: None,
        })
    }

    /// Waits for the end and says whether it was a good one.
    fn end(&mut self) -> io::Result<()> {
        self.stdin = None;
        let status = match self.ended {
            Some(status) => status,
            None => {
                // Not reaped yet: until the watchdog is told, the number must stay ours.
                while let Err(error) = waitid(
                    WaitId::Pid(self.pid),
                    WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
                ) {
                    if error != rustix::io::Errno::INTR {
                        return Err(error.into());
                    }
                }
                let late = self.dismiss();
                let status = self.child.wait()?;
                self.ended = Some(status);
                let _ = self.last_words.recv_timeout(LAST_WORDS);
                if late {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        format!("`{}` ran out of time and was ended", self.name),
                    ));
                }
                status
            }
        };
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "`{}` failed ({status}){}",
            self.name,
            said(&self.complaint())
        )))
    }

    /// Tells the watchdog that its work is done; answers whether it had to step in.
    fn dismiss(&self) -> bool {
        let mut state = locked(&self.watch.state);
        let late = *state == WatchState::Late;
        if !late {
            *state = WatchState::Ended;
        }
        self.watch.changed.notify_all();
        late
    }
}

/// Asks for a wider pipe, so that producer and consumer wake each other less often.
fn widen(stdout: &ChildStdout) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(stdout, 1 << 20);
    #[cfg(not(target_os = "linux"))]
    let _ = stdout;
}

/// Puts a program's complaint behind a colon, one line, or nothing.
pub fn said(complaint: &str) -> String {
    let line = complaint
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(3)
        .collect::<Vec<_>>()
        .join("; ");
    if line.is_empty() {
        line
    } else {
        format!(": {line}")
    }
}

fn listen(
    mut stderr: impl Read + Send + 'static,
    complaint: Arc<Mutex<Vec<u8>>>,
) -> mpsc::Receiver<()> {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0_u8; 4096];
        while let Ok(count) = stderr.read(&mut buffer) {
            if count == 0 {
                break;
            }
            let mut kept = locked(&complaint);
            let room = COMPLAINT_LIMIT.saturating_sub(kept.len()).min(count);
            kept.extend(buffer.iter().take(room));
        }
        let _ = done.send(());
    });
    ended
}

fn guard(watch: Arc<Watch>, pid: Pid, deadline: Instant) {
    thread::spawn(move || {
        let mut state = locked(&watch.state);
        while *state == WatchState::Runs {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                *state = WatchState::Late;
                let _ = kill_process_group(pid, Signal::KILL);
                return;
            }
            state = watch
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    });
}

impl Read for Running {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stdout.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            self.end()?;
        }
        Ok(count)
    }
}

impl Program for Running {
    fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(stdin) = self.stdin.as_mut() else {
            return Err(io::Error::other("the input is closed"));
        };
        match stdin.write_all(bytes).and_then(|()| stdin.flush()) {
            Ok(()) => Ok(()),
            // Its exit code and its complaint say more than "broken pipe".
            Err(error) => Err(self.end().err().unwrap_or(error)),
        }
    }

    fn close_input(&mut self) -> io::Result<()> {
        self.stdin = None;
        Ok(())
    }

    fn kill(&mut self) {
        let state = locked(&self.watch.state);
        if *state == WatchState::Runs {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }

    fn complaint(&self) -> String {
        String::from_utf8_lossy(&locked(&self.complaint)).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.kill();
            self.dismiss();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, seconds: u64) -> Running {
        Running::start(&Launch {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            env: vec![("GIVEN".into(), Secret::new("yes"))],
            deadline: Instant::now() + Duration::from_secs(seconds),
        })
        .unwrap()
    }

    #[test]
    fn the_end_of_the_output_is_given_only_for_a_good_end() {
        let mut text = String::new();
        sh("echo all", 5).read_to_string(&mut text).unwrap();
        assert_eq!(text, "all\n");

        let mut text = String::new();
        let error = sh("echo part; echo why >&2; exit 3", 5)
            .read_to_string(&mut text)
            .unwrap_err();
        assert_eq!(text, "part\n");
        assert!(error.to_string().contains("why"), "{error}");
    }

    #[test]
    fn a_program_past_its_deadline_is_ended_with_its_children() {
        let begin = Instant::now();
        let error = sh("sleep 600 & sleep 600", 1)
            .read_to_string(&mut String::new())
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begin.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn nothing_of_the_environment_is_inherited() {
        let mut text = String::new();
        sh("echo $GIVEN-$HOME-$USER", 5)
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "yes--\n");
    }

    #[test]
    fn what_is_fed_is_read_to_its_end() {
        let mut cat = sh("cat", 5);
        cat.feed(b"one\n").unwrap();
        cat.close_input().unwrap();
        let mut text = String::new();
        cat.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\n");
    }

    #[test]
    fn the_major_version_is_read_from_the_programs_own_words() {
        assert_eq!(
            major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major("psql (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("something else"), None);
    }
}
