//! Processes: who started whom, and when; and which account this is.
//! It does not know which of them are agents.

use std::fs;
use std::io;

/// Longer chains do not exist outside an attack; the rest is not looked at.
const MAX_DEPTH: usize = 64;

/// One process, told apart from a later one with the same number by its start time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    /// As the system tells it; to be compared only.
    pub started: String,
}

/// Returns a process.
///
/// # Errors
/// Fails when it does not exist or the system does not tell.
pub fn look(pid: u32) -> io::Result<Process> {
    system::look(pid)
}

/// Returns this process's parent.
pub fn parent() -> Option<u32> {
    let parent = rustix::process::getppid()?;
    u32::try_from(parent.as_raw_nonzero().get()).ok()
}

/// Returns the processes above this one, nearest first.
///
/// # Errors
/// Fails when one of them cannot be looked at; one that ended meanwhile or is hidden ends the chain.
pub fn ancestors() -> io::Result<Vec<Process>> {
    let mut chain = Vec::new();
    let mut next = parent().unwrap_or(0);
    while next > 0 && chain.len() < MAX_DEPTH {
        let process = match look(next) {
            Ok(process) => process,
            // Another account's process may be hidden; an agent session of this account is not.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                ) =>
            {
                break;
            }
            Err(error) => return Err(error),
        };
        next = process.parent;
        chain.push(process);
    }
    Ok(chain)
}

/// Returns the words with which a process was started; nothing when the system does not tell.
pub fn words(pid: u32) -> Option<Vec<String>> {
    system::words(pid)
}

/// Returns the account that acts: its name, with the real uid in parentheses.
pub fn account() -> String {
    let uid = rustix::process::getuid().as_raw();
    let name = fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|text| name_of(&text, uid))
        .or_else(super::environment::user)
        .unwrap_or_else(|| "unknown".to_owned());
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    format!("{name} ({uid})")
}

fn name_of(passwd: &str, uid: u32) -> Option<String> {
    let wanted = uid.to_string();
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == wanted && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(not(target_os = "macos"))]
mod system {
    use std::fs;
    use std::io;

    use super::Process;

    pub fn look(pid: u32) -> io::Result<Process> {
        let bytes = fs::read(format!("/proc/{pid}/stat")).map_err(ended)?;
        let text = String::from_utf8_lossy(&bytes);
        // Ticks since the start of the system repeat after the next start.
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        parse(pid, &text, boot.trim())
            .ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat cannot be read")))
    }

    pub fn words(pid: u32) -> Option<Vec<String>> {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words = bytes.split(|byte| *byte == 0);
        Some(
            words
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect(),
        )
    }

    fn ended(error: io::Error) -> io::Error {
        match error.raw_os_error() {
            Some(libc::ESRCH) => io::Error::from(io::ErrorKind::NotFound),
            _ => error,
        }
    }

    /// The name may hold spaces and parentheses: fields count from behind the last one.
    pub fn parse(pid: u32, stat: &str, boot: &str) -> Option<Process> {
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let ticks: u64 = fields.nth(17)?.parse().ok()?;
        Some(Process {
            pid,
            parent,
            started: format!("{ticks}@{boot}"),
        })
    }
}

#[cfg(target_os = "macos")]
mod system {
    use std::io;
    use std::process::{Command, Stdio};

    use super::Process;

    pub fn words(pid: u32) -> Option<Vec<String>> {
        let output = Command::new("/bin/ps")
            .env_clear()
            .args(["-o", "args=", "-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Some(text.split_ascii_whitespace().map(str::to_owned).collect())
    }

    pub fn look(pid: u32) -> io::Result<Process> {
        let output = Command::new("/bin/ps")
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .args(["-o", "ppid=,lstart=", "-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut fields = text.split_ascii_whitespace();
        let Some(parent) = fields.next() else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        let parent = parent
            .parse()
            .map_err(|_| io::Error::other("ps answered something else"))?;
        Ok(Process {
            pid,
            parent,
            started: fields.collect::<Vec<_>>().join(" "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_and_those_above_it_are_found() {
        let me = look(std::process::id()).unwrap();
        assert_eq!(Some(me.parent), parent());
        assert_eq!(me, look(std::process::id()).unwrap());
        let chain = ancestors().unwrap();
        assert_eq!(chain.first().map(|process| process.pid), parent());
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn a_process_name_with_parentheses_and_spaces_moves_no_field() {
        let stat = "7 (a) R 1 2) S 42 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";
        let process = system::parse(7, stat, "b").unwrap();
        assert_eq!((process.parent, process.started.as_str()), (42, "98765@b"));
    }

    #[test]
    fn a_process_that_does_not_exist_is_not_found() {
        let error = look(u32::MAX - 7).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn accounts_are_named_by_their_uid() {
        let text = "root:x:0:0::/:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of(text, 1000).as_deref(), Some("ada"));
        assert_eq!(name_of(text, 10), None);
        assert!(account().ends_with(')'));
    }
}
