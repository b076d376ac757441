//! `backstop hook claude`: one hook call. Exit 0 without output means "no opinion", 2 means "blocked", and there is no third.
//! It catches every ending it can; what the call loses and what is owed is decided behind it.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::adapters::{failpoint, signals};
use crate::enforce::{self, House, Reply};
use crate::intake::{self, Strictness};

/// The guard's own deadline; the registered timeout of the hook is 30 s.
const DEADLINE: Duration = Duration::from_secs(20);

/// Largest hook payload, in bytes.
pub const INPUT_CAP: usize = 8 * 1024 * 1024;

/// Longest wait for stdin to end.
const INPUT_WAIT: Duration = Duration::from_secs(10);

/// Stack of the thread that judges: address space, not memory.
const STACK: usize = 64 * 1024 * 1024;

/// `--help` of this command only; the hook itself reads its words without clap, because that is the path every call takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `claude`.
    pub agent: String,
    /// State directory (the installed line names it).
    #[arg(long)]
    pub state: Option<PathBuf>,
}

/// Runs the command when clap has read the words; they go the same way as without clap.
pub fn run(args: &Args) -> u8 {
    let mut words = vec![OsString::from(&args.agent)];
    if let Some(state) = &args.state {
        words.extend([OsString::from("--state"), state.clone().into_os_string()]);
    }
    entry(&words)
}

/// Runs one hook call; `words` are those after `hook`. Returns 0 or 2, never anything else.
pub fn entry(words: &[OsString]) -> u8 {
    let start = Instant::now();
    signals::die_closed();
    signals::deadline(u64::try_from(DEADLINE.as_millis()).unwrap_or(20_000));
    std::panic::set_hook(Box::new(|_| {}));
    let words = words.to_vec();
    std::panic::catch_unwind(|| judged(words, start)).unwrap_or_else(|_| block(BROKEN))
}

const BROKEN: &str = "backstop: failed inside while judging this call, so the call is blocked; please report it with the command\n";

fn judged(words: Vec<OsString>, start: Instant) -> u8 {
    let judging = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || call(&words, start));
    if failpoint::reach("hook.main").is_err() {
        return block("backstop: blocked: a test asked for it\n");
    }
    match judging.map(std::thread::JoinHandle::join) {
        Ok(Ok(Reply::Silent)) => 0,
        Ok(Ok(Reply::Block(reason))) => block(&reason),
        Ok(Err(_)) => block(BROKEN),
        Err(error) => block(&format!(
            "backstop: no thread could be started ({error}), so the call is blocked\n"
        )),
    }
}

fn block(reason: &str) -> u8 {
    let _ = std::io::stderr().lock().write_all(reason.as_bytes());
    2
}

fn blocked(what: &str, help: &str) -> Reply {
    Reply::Block(format!("backstop: blocked: {what}\n  next: {help}\n"))
}

fn call(words: &[OsString], start: Instant) -> Reply {
    if failpoint::reach("hook.start").is_err() {
        return blocked("a test asked for it", "remove the fail point");
    }
    let state = match state(words) {
        Ok(state) => state,
        Err(what) => {
            return blocked(
                &what,
                "run `backstop install claude` again; it writes the right line",
            );
        }
    };
    let bytes = match read_all() {
        Ok(bytes) => bytes,
        Err(what) => {
            return blocked(
                &what,
                "send the call again, in smaller parts when it is large",
            );
        }
    };
    match intake::read(&bytes, Strictness::Hook) {
        Err(error) => blocked(
            &error.to_string(),
            "tell your user; a hook payload that cannot be read is never let through",
        ),
        Ok(call) => {
            let house = House::new(
                state,
                start + DEADLINE.saturating_sub(Duration::from_secs(1)),
            );
            enforce::event(&call, &house)
        }
    }
}

/// Reads the words after `hook`: the agent, and `--state DIR`.
fn state(words: &[OsString]) -> Result<Option<PathBuf>, String> {
    let mut words = words.iter();
    match words.next().and_then(|word| word.to_str()) {
        Some("claude") => {}
        Some(other) => return Err(format!("`hook {other}` is not known")),
        None => return Err("`hook` needs the name of an agent".to_owned()),
    }
    let mut state = None;
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--state") => {
                state = Some(PathBuf::from(
                    words.next().ok_or("`--state` needs a directory")?,
                ))
            }
            Some(text) if text.starts_with("--state=") => {
                state = text.strip_prefix("--state=").map(PathBuf::from)
            }
            _ => {
                return Err(format!(
                    "`{}` is not known after `hook claude`",
                    word.display()
                ));
            }
        }
    }
    Ok(state)
}

/// Reads stdin to its end, within a size and a time.
fn read_all() -> Result<Vec<u8>, String> {
    let until = Instant::now() + INPUT_WAIT;
    let mut input = std::io::stdin().lock();
    let mut bytes = Vec::new();
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        wait_readable(until)?;
        match input.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("the hook input cannot be read: {error}")),
        }
        if bytes.len() > INPUT_CAP {
            return Err("the hook input is larger than 8 MiB".to_owned());
        }
    }
}

fn wait_readable(until: Instant) -> Result<(), String> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let stdin = std::io::stdin();
        let mut list = [PollFd::new(&stdin, PollFlags::IN)];
        let time = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(10),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut list, Some(&time)) {
            Ok(0) => return Err("the hook input did not end in time".to_owned()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("the hook input cannot be read: {error}")),
        }
    }
}
