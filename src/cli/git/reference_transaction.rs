//! `backstop git reference-transaction`: git is about to change local refs.
//! It reads git's lines and gives 0 or 1; what is protected, and what a change loses, is judged behind it.

use std::ffi::OsString;
use std::io::{BufRead as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::adapters::signals;
use crate::enforce::{House, Reply, refs};
use crate::plan::refs::Update;

/// Longest time for one transaction; git holds its locks meanwhile.
const DEADLINE: Duration = Duration::from_secs(60);
/// Longest line: two object ids and a name, which no file system lets grow further.
const LINE_MAX: u64 = 16 << 10;

/// The words that git gives its reference-transaction hook.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `preparing`, `prepared`, `committed` or `aborted`.
    pub phase: String,
}

/// Runs the hook and returns the exit code.
pub fn run(args: &Args, state: Option<&Path>) -> u8 {
    // Only a prepared transaction can still be stopped; the other phases are news.
    if args.phase != "prepared" {
        return 0;
    }
    signals::die_closed();
    signals::deadline(u64::try_from(DEADLINE.as_millis()).unwrap_or(60_000));
    let house = House::new(state.map(Path::to_path_buf), Instant::now() + DEADLINE);
    let answer = std::panic::catch_unwind(|| judged(&house));
    match answer {
        Ok(Reply::Silent) => 0,
        Ok(Reply::Block(reason)) => block(&reason),
        Err(_) => block(
            "backstop: failed inside while judging this change of refs, so it is stopped; please report it\n",
        ),
    }
}

/// Reads the words after `git` without clap, as the installed hook writes them: every change of a ref takes this path.
pub fn entry(words: &[OsString]) -> Option<u8> {
    let mut words = words.iter();
    if words.next()? != "reference-transaction" || words.next()? != "--state" {
        return None;
    }
    let state = PathBuf::from(words.next()?);
    let phase = words.next()?.to_str()?.to_owned();
    words
        .next()
        .is_none()
        .then(|| run(&Args { phase }, Some(&state)))
}

fn judged(house: &House) -> Reply {
    let Ok(cwd) = std::env::current_dir() else {
        return stop("the working directory of this change cannot be read");
    };
    let mut fault = None;
    let input = std::io::stdin().lock();
    let reply = refs::prepared(
        Lines {
            input,
            fault: &mut fault,
        },
        &cwd,
        house,
    );
    fault.map_or(reply, |fault| stop(&fault))
}

fn stop(what: &str) -> Reply {
    Reply::Block(format!(
        "backstop: held: {what}\n  next: run `backstop doctor`; `backstop uninstall git` takes the hooks out again.\n"
    ))
}

fn block(reason: &str) -> u8 {
    let _ = std::io::stderr().lock().write_all(reason.as_bytes());
    1
}

/// The lines of git; the first one that cannot be read ends them and is kept as the fault.
struct Lines<'a, R> {
    input: R,
    fault: &'a mut Option<String>,
}

impl<R: std::io::BufRead> Iterator for Lines<'_, R> {
    type Item = Update;

    fn next(&mut self) -> Option<Update> {
        if self.fault.is_some() {
            return None;
        }
        let mut line = Vec::new();
        let read = (&mut self.input)
            .take(LINE_MAX)
            .read_until(b'\n', &mut line);
        match read {
            Ok(0) => None,
            Ok(_) => {
                let text = line.strip_suffix(b"\n").unwrap_or(&line);
                let update = Update::read(text);
                if update.is_none() {
                    let shown = String::from_utf8_lossy(text);
                    *self.fault = Some(format!(
                        "git's line `{}` is not understood",
                        crate::render::visible::visible(&shown)
                    ));
                }
                update
            }
            Err(error) => {
                *self.fault = Some(format!("git's lines cannot be read: {error}"));
                None
            }
        }
    }
}
