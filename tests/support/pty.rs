//! A terminal of one's own: the program runs in a new session with a pseudo-terminal as its controlling one.
//! Nothing here knows what the program asks; tests wait for a prompt and type.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::pty::OpenptFlags;

/// Longer than any prompt takes on a loaded machine; only a failing test waits that long.
const DEADLINE: Duration = Duration::from_secs(60);

const SLAVE: &str = "BACKSTOP_TEST_PTY";
const LINE: &str = "BACKSTOP_TEST_LINE";
const GIVEN: &str = "BACKSTOP_TEST_GIVEN";

/// A program in a terminal of its own.
#[derive(Debug)]
pub struct Terminal {
    master: File,
    child: Child,
    seen: String,
    /// Up to here the output was waited for.
    read: usize,
}

impl Terminal {
    /// Starts the built program with these words and this environment, and nothing else inherited.
    pub fn start(home: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_program(super::backstop(), home, args, env)
    }

    /// Starts any program like that.
    pub fn start_program(program: &Path, home: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master: OwnedFd = rustix::pty::openpt(flags).unwrap();
        rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let slave = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        let mut line = vec![program.to_str().unwrap()];
        line.extend(args);
        let given: Vec<String> = env
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        // The test program starts itself; `terminal_child` takes the terminal and becomes the program.
        let child = super::clean(&std::env::current_exe().unwrap(), home)
            .args([
                "--exact",
                "support::pty::terminal_child",
                "--test-threads=1",
            ])
            .env(SLAVE, slave.to_str().unwrap())
            .env(LINE, line.join("\u{1f}"))
            .env(GIVEN, given.join("\u{1f}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            master: File::from(master),
            child,
            seen: String::new(),
            read: 0,
        }
    }

    /// Waits until this text was written behind the text that was waited for last.
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        let begun = Instant::now();
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return self;
            }
            let alive = self.take();
            assert!(
                alive && begun.elapsed() < DEADLINE,
                "`{text}` was not written; this was:\n{}",
                self.seen
            );
        }
    }

    /// Types a line.
    pub fn type_line(&mut self, text: &str) -> &mut Self {
        self.master.write_all(text.as_bytes()).unwrap();
        self.master.write_all(b"\n").unwrap();
        self
    }

    /// Everything that was written so far.
    pub fn seen(&self) -> &str {
        &self.seen
    }

    /// Waits for the end; returns the exit code and everything that was written.
    pub fn end(mut self) -> (i32, String) {
        let begun = Instant::now();
        loop {
            let alive = self.take();
            if let Some(status) = self.child.try_wait().unwrap() {
                while self.take() {}
                return (status.code().unwrap_or(-1), std::mem::take(&mut self.seen));
            }
            if begun.elapsed() > DEADLINE {
                panic!("it did not end; this was written:\n{}", self.seen);
            }
            if !alive {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Reads what is there, waiting a moment; false when the other side is closed.
    fn take(&mut self) -> bool {
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 50_000_000,
        };
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        if rustix::event::poll(&mut fds, Some(&wait)).unwrap_or(0) == 0 {
            return self.child.try_wait().unwrap().is_none();
        }
        let ready = fds[0].revents();
        if !ready.contains(PollFlags::IN) {
            // Hung up: before the child has opened its side as well as after it has closed it.
            if self.child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(2));
                return true;
            }
            return false;
        }
        let mut bytes = [0; 4096];
        match self.master.read(&mut bytes) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.seen
                    .push_str(&String::from_utf8_lossy(&bytes[..count]));
                true
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: the process between the test and the program. It takes the terminal in a new session and becomes the program.
#[test]
fn terminal_child() {
    let Ok(slave) = std::env::var(SLAVE) else {
        return;
    };
    let line = std::env::var(LINE).unwrap();
    let given = std::env::var(GIVEN).unwrap();
    rustix::process::setsid().unwrap();
    let open = || {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(&slave)
            .unwrap()
    };
    let terminal = open();
    // Opening has taken it already on Linux; elsewhere it has to be said.
    let _ = rustix::process::ioctl_tiocsctty(&terminal);
    let words: Vec<&str> = line.split('\u{1f}').collect();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .env_remove(SLAVE)
        .env_remove(LINE)
        .env_remove(GIVEN)
        .stdin(terminal)
        .stdout(open())
        .stderr(open());
    for pair in given.split('\u{1f}').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        command.env(name, value);
    }
    let error = command.exec();
    panic!("cannot start `{}`: {error}", words[0]);
}
