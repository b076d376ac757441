//! `backstop replay`: judges the calls of past transcripts and tells what would have been held, by rule.
//! It runs nothing, records nothing and changes nothing; approvals and requests are not made.

mod files;
mod show;
mod tally;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead, BufReader, Read as _};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::intake::transcript;
use crate::model::policy::Mode;
use crate::model::request::{Asked, ToolCall};

use super::check::{self, LINE_CAP, Manner, STACK, WhichFacts};
use super::settings::Format;
use super::{say, say_error};

use tally::{Place, Tally};

/// Calls that are remembered to be counted once; beyond that a repeated one counts again, and the report says so.
const REMEMBERED: usize = 2_000_000;

/// Judges past transcripts of Claude Code: what would have been held, by rule.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Transcripts, or folders with transcripts (`*.jsonl`); without any those of this account: `~/.claude/projects`.
    paths: Vec<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// A built-in policy (`default`, `strict`, `relaxed`) instead of the one in force.
    #[arg(long)]
    profile: Option<String>,
    /// Whether the world is asked as it is today (`here`), or everything named is taken to exist (`none`).
    #[arg(long, value_enum, default_value = "none")]
    facts: WhichFacts,
    /// Folder for calls whose transcript names none.
    #[arg(long)]
    cwd: Option<PathBuf>,
    /// Every place of every rule in the text.
    #[arg(long)]
    all: bool,
    /// State directory.
    #[arg(long)]
    state: Option<PathBuf>,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    let args = args.clone();
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || replay(&args));
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(text))) => {
            say(&text);
            0
        }
        Ok(Ok(Err(what))) => {
            say_error(&what, "run `backstop replay --help`");
            2
        }
        Ok(Err(_)) => {
            say_error("failed inside while reading transcripts", "");
            2
        }
        Err(error) => {
            say_error(&format!("no thread could be started: {error}"), "");
            2
        }
    }
}

fn replay(args: &Args) -> Result<String, String> {
    let started = Instant::now();
    let mut replay = Replay {
        manner: Manner {
            facts: args.facts,
            profile: args.profile.clone(),
            state: args.state.clone(),
            cwd: args.cwd.clone(),
            // What would be held is asked for, also by those who observe only.
            mode: Some(Mode::Enforce),
        },
        seen: HashSet::new(),
        tally: Tally::default(),
    };
    let found = files::transcripts(&args.paths)?;
    replay.tally.troubles(found.troubles);
    for file in &found.files {
        replay.file(file);
    }
    replay.tally.took = started.elapsed();
    let report = show::Report {
        tally: &replay.tally,
        places: &found.places,
        facts: match args.facts {
            WhichFacts::Here => "here",
            WhichFacts::None => "none",
        },
        all: args.all,
    };
    Ok(match args.format {
        Format::Text => report.text(),
        Format::Json => format!("{}\n", report.json()),
    })
}

/// One run over all transcripts.
struct Replay {
    manner: Manner,
    /// Calls that were counted, by id, tool and input: a resumed session repeats them.
    seen: HashSet<u64>,
    tally: Tally,
}

impl Replay {
    fn file(&mut self, path: &Path) {
        let opened = std::fs::File::open(path).and_then(|file| {
            let is_file = file.metadata()?.is_file();
            is_file
                .then_some(file)
                .ok_or_else(|| std::io::Error::other("not an ordinary file"))
        });
        let mut reader = match opened {
            Ok(file) => BufReader::with_capacity(256 * 1024, file),
            Err(error) => return self.tally.file_trouble(path, &error.to_string()),
        };
        self.tally.files += 1;
        let mut cwd = None;
        let mut line = Vec::new();
        for number in 1.. {
            let length = match next(&mut reader, &mut line) {
                Ok(length) => length,
                Err(error) => return self.tally.file_trouble(path, &error.to_string()),
            };
            let place = Place { path, number };
            match length {
                Length::End => return,
                Length::Beyond => {
                    self.tally.lines += 1;
                    self.tally.trouble(place, "the line is longer than 8 MiB");
                }
                Length::Within => self.line(&line, place, &mut cwd),
            }
        }
    }

    fn line(&mut self, bytes: &[u8], place: Place<'_>, cwd: &mut Option<PathBuf>) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.tally.lines += 1;
        let line = match transcript::line(bytes) {
            Ok(line) => line,
            Err(what) => return self.tally.trouble(place, &what),
        };
        if line.cwd.is_some() {
            *cwd = line.cwd;
        }
        for call in line.calls {
            match call {
                Ok(call) => self.call(call, place, cwd.as_ref(), line.sidechain),
                Err(what) => self.tally.trouble(place, &what),
            }
        }
    }

    fn call(
        &mut self,
        mut call: ToolCall,
        place: Place<'_>,
        cwd: Option<&PathBuf>,
        sidechain: bool,
    ) {
        if self.is_repeated(&call) {
            self.tally.repeated += 1;
            return;
        }
        self.tally.tool(&call.tool, sidechain);
        if call.asked == Asked::Nothing {
            self.tally.others += 1;
            return;
        }
        call.cwd = call.cwd.or_else(|| cwd.cloned());
        let start = Instant::now();
        let judged =
            std::panic::catch_unwind(AssertUnwindSafe(|| check::verdict(&call, &self.manner)));
        let elapsed = start.elapsed();
        self.tally.time(elapsed, place);
        match judged {
            Ok(Ok((verdict, _))) => self.tally.judged(&call, &verdict, place),
            Ok(Err(what)) => self.tally.unjudged(&call, &what, place),
            Err(_) => self
                .tally
                .unjudged(&call, "failed inside while judging", place),
        }
    }

    fn is_repeated(&mut self, call: &ToolCall) -> bool {
        let Some(id) = &call.tool_use_id else {
            return false;
        };
        let mut hasher = DefaultHasher::new();
        (id, &call.tool, call.input.to_string()).hash(&mut hasher);
        let key = hasher.finish();
        if self.seen.len() < REMEMBERED {
            !self.seen.insert(key)
        } else {
            self.tally.forgets = true;
            self.seen.contains(&key)
        }
    }
}

enum Length {
    Within,
    Beyond,
    End,
}

/// Reads the next line; of one beyond the cap nothing is kept.
fn next(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Length> {
    line.clear();
    let cap = u64::try_from(LINE_CAP).unwrap_or(u64::MAX);
    let count = reader.by_ref().take(cap + 1).read_until(b'\n', line)?;
    if count == 0 {
        return Ok(Length::End);
    }
    if line.len() <= LINE_CAP || line.ends_with(b"\n") {
        return Ok(Length::Within);
    }
    line.clear();
    reader.skip_until(b'\n')?;
    Ok(Length::Beyond)
}
