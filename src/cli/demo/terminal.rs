//! A terminal of the demo's own, in which the human's part is typed: the real `approve` sees a real terminal.
//! It serves only state directories that the demo itself has made.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// File that marks a state directory of the demo.
pub const MARK: &str = "DEMO";

/// What came on the terminal, and how the program ended.
#[derive(Debug)]
pub struct Transcript {
    pub output: String,
    pub code: Option<i32>,
}

/// Runs `approve` in a terminal and types `y`, then the name that is asked for.
///
/// # Errors
/// When no terminal can be made, or the program does not end in time.
pub fn approve(
    mut command: Command,
    id: &str,
    state: &Path,
    patience: Duration,
) -> io::Result<Transcript> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = OsString::from_vec(ptsname(&master, Vec::new())?.into_bytes());
    command
        .arg("demo")
        .arg("--in-terminal")
        .arg(&slave)
        .arg("--approve")
        .arg(id)
        .arg("--dir")
        .arg(state);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut terminal = File::from(master);
    let until = Instant::now() + patience;
    let mut output = Vec::new();
    let mut answered = 0;
    while Instant::now() < until {
        if !read_some(&mut terminal, &mut output) && child.try_wait()?.is_some() {
            break;
        }
        let text = String::from_utf8_lossy(&output).into_owned();
        let open = text.get(answered..).unwrap_or_default();
        if let Some(answer) = answer(open) {
            answered = text.len();
            terminal.write_all(answer.as_bytes())?;
            terminal.write_all(b"\n")?;
        }
    }
    if child.try_wait()?.is_none() {
        child.kill()?;
    }
    let code = child.wait()?.code();
    Ok(Transcript {
        output: String::from_utf8_lossy(&output).into_owned(),
        code,
    })
}

/// Returns what the human types at a prompt: yes to the first screen, the name to the second.
fn answer(text: &str) -> Option<String> {
    let line = text.rsplit('\n').next().unwrap_or_default();
    if line.ends_with("approve? [y/N] ") {
        return Some("y".to_owned());
    }
    let name = line.strip_suffix(": ")?.strip_prefix("type ")?;
    Some(name.to_owned())
}

/// Reads what is there within a moment; says whether anything came.
fn read_some(terminal: &mut File, output: &mut Vec<u8>) -> bool {
    let moment = Timespec {
        tv_sec: 0,
        tv_nsec: 20_000_000,
    };
    let ready = poll(&mut [PollFd::new(&*terminal, PollFlags::IN)], Some(&moment));
    if !matches!(ready, Ok(count) if count > 0) {
        return false;
    }
    let mut buffer = [0_u8; 4096];
    match terminal.read(&mut buffer) {
        Ok(count) if count > 0 => {
            output.extend_from_slice(buffer.get(..count).unwrap_or_default());
            true
        }
        Ok(_) | Err(_) => false,
    }
}

/// The other side: takes the terminal as its own and becomes `approve`. Returns only when that fails.
pub fn become_approve(slave: &Path, id: &str, state: &Path) -> u8 {
    let taken = take(slave);
    let own = state.join(MARK).is_file();
    if taken.is_err() || !own {
        return 1;
    }
    let Ok(program) = std::env::current_exe() else {
        return 1;
    };
    let _ = Command::new(program)
        .arg("approve")
        .arg(id)
        .arg("--state")
        .arg(state)
        .exec();
    1
}

fn take(slave: &Path) -> io::Result<()> {
    rustix::process::setsid()?;
    let terminal = File::options().read(true).write(true).open(slave)?;
    // The first terminal that a session leader opens becomes its own on Linux; macOS wants to be told.
    let _ = rustix::process::ioctl_tiocsctty(&terminal);
    rustix::stdio::dup2_stdin(&terminal)?;
    rustix::stdio::dup2_stdout(&terminal)?;
    rustix::stdio::dup2_stderr(&terminal)?;
    Ok(())
}
