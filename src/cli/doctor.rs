//! `backstop doctor`: says what is wrong, why it matters, and the command that mends it.
//! It changes nothing; its live proof sends hook payloads to the installed command line and runs none of what they name.

mod git;
mod live;
mod settings;

use crate::adapters::regular;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::backup::passing;
use crate::enforce::House;
use crate::model::policy::{Mode, Policy};
use crate::store::{Store, StoreError};

use super::say;

/// How bad a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Ok,
    Warn,
    Fail,
}

impl Grade {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
struct Point {
    grade: Grade,
    what: String,
    /// Why it matters; empty when all is well.
    why: String,
    /// The command or step that mends it; empty when all is well.
    mend: String,
}

impl Point {
    fn ok(what: impl Into<String>) -> Self {
        Self {
            grade: Grade::Ok,
            what: what.into(),
            why: String::new(),
            mend: String::new(),
        }
    }

    fn new(
        grade: Grade,
        what: impl Into<String>,
        why: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            grade,
            what: what.into(),
            why: why.into(),
            mend: mend.into(),
        }
    }
}

/// Says what is wrong, why it matters and what mends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `text` or `json`.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
    /// State directory.
    #[arg(long)]
    state: Option<PathBuf>,
}

/// Runs the command and returns the exit code: 1 when something fails.
pub fn run(args: &Args) -> u8 {
    let mut points = vec![version()];
    let cwd = std::env::current_dir().unwrap_or_default();
    let project = crate::gather::scene(&crate::gather::Place {
        cwd: &cwd,
        scratchpad: None,
        own: &[],
        assumed: false,
    })
    .project;
    let (settings, entries) = settings::points(&project);
    let houses = houses(args, &entries);
    points.extend(houses.iter().flat_map(state));
    if let Some(house) = houses.first() {
        points.extend(policy(house, &project));
    }
    points.extend(settings);
    points.extend(houses.iter().flat_map(binaries));
    let observes = houses.first().is_some_and(|house| {
        let policy = house.policy(Path::new("/"), None);
        policy.is_ok_and(|policy| policy.mode == Mode::Observe)
    });
    points.extend(live::points(&entries, observes));
    points.extend(git::points(&houses, &cwd));
    points.push(heartbeat(&houses));
    points.push(Point::new(
        Grade::Warn,
        "advisory: state and approvals live under the same account as the agent",
        "a determined agent under your account could write them itself; see THREAT_MODEL.md",
        "keep the agent under another account than the one that owns the state directory",
    ));
    // Several scopes share a binary: what holds of it is said once.
    let mut seen = std::collections::BTreeSet::new();
    points.retain(|point| seen.insert(point.what.clone()));
    let worst = points
        .iter()
        .map(|point| point.grade)
        .max()
        .unwrap_or(Grade::Ok);
    say(&if args.format == "json" {
        as_json(&points)
    } else {
        as_text(&points)
    });
    u8::from(worst == Grade::Fail)
}

/// Returns the houses that are in use: the named one, else those that the installed lines name, else the usual one.
fn houses(args: &Args, entries: &[settings::Entry]) -> Vec<House> {
    let until = Instant::now() + Duration::from_secs(60);
    let named = entries.iter().map(|(_, entry)| settings::state_of(entry));
    let mut states: Vec<Option<PathBuf>> = match &args.state {
        Some(dir) => vec![Some(dir.clone())],
        None => named.collect(),
    };
    states.dedup();
    if states.is_empty() {
        states.push(None);
    }
    let house = |state| House::new(state, until);
    states.into_iter().map(house).collect()
}

fn as_text(points: &[Point]) -> String {
    let mut text = String::new();
    for point in points {
        text.push_str(&format!("{:>4}  {}\n", point.grade.name(), point.what));
        if !point.why.is_empty() {
            text.push_str(&format!("      why: {}\n", point.why));
        }
        if !point.mend.is_empty() {
            text.push_str(&format!("      mend: {}\n", point.mend));
        }
    }
    text
}

fn as_json(points: &[Point]) -> String {
    let list: Vec<_> = points
        .iter()
        .map(|point| json!({"grade": point.grade.name().to_lowercase(), "what": point.what, "why": point.why, "mend": point.mend}))
        .collect();
    format!(
        "{}\n",
        json!({"schema": "backstop.doctor/1", "points": list})
    )
}

/// Oldest Claude Code that knows `onFailure`.
const ON_FAILURE: (u32, u32, u32) = (2, 1, 295);

fn version() -> Point {
    let why = "before 2.1.295 a crash, a timeout or a missing binary lets the call run";
    let Some(text) = live::claude_version() else {
        return Point::new(
            Grade::Warn,
            "Claude Code: version unknown (`claude --version` did not answer)",
            why,
            "install Claude Code 2.1.295 or newer",
        );
    };
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse::<u32>().ok());
    let found = (
        numbers.next().unwrap_or(0),
        numbers.next().unwrap_or(0),
        numbers.next().unwrap_or(0),
    );
    let shown = format!("Claude Code {}.{}.{}", found.0, found.1, found.2);
    if found >= ON_FAILURE {
        Point::ok(shown)
    } else {
        Point::new(
            Grade::Fail,
            shown,
            why,
            "update Claude Code, or `backstop install claude --shell-form`",
        )
    }
}

fn state(house: &House) -> Vec<Point> {
    let dir = match house.state() {
        Ok(dir) => dir,
        Err(error) => {
            return vec![Point::new(
                Grade::Fail,
                error.to_string(),
                "calls with findings are held, and nothing can be approved",
                "set HOME, or pass `--state DIR`",
            )];
        }
    };
    let why = "calls with findings are held, and nothing can be approved";
    let store = match Store::open(&dir) {
        Ok(store) => store,
        Err(error) => {
            return vec![Point::new(
                Grade::Fail,
                format!("the state directory {}: {error}", dir.display()),
                why,
                mend(&error, &dir),
            )];
        }
    };
    if let Some(error) = not_writable(&dir) {
        return vec![Point::new(
            Grade::Fail,
            error.to_string(),
            why,
            mend(&error, &dir),
        )];
    }
    let mut points = vec![match store.verify() {
        Ok(checked) => match checked.fault {
            None => Point::ok(format!(
                "state {} ({} in the ledger, chain intact)",
                dir.display(),
                crate::plan::restore::counted(checked.records, "record")
            )),
            Some(fault) => Point::new(
                Grade::Fail,
                format!("the ledger's chain is broken: {fault}"),
                "something other than backstop wrote to the record; what it says of the past cannot be relied on",
                anew(&dir),
            ),
        },
        Err(error) => Point::new(Grade::Fail, error.to_string(), why, mend(&error, &dir)),
    }];
    points.extend(disagreeing(&store));
    points
}

/// Most requests that are compared with the ledger, newest first.
const COMPARED: usize = 200;

/// Requests whose files do not agree with the ledger, although they were made again from it.
fn disagreeing(store: &Store) -> Option<Point> {
    let (_, bad) = store.requests(COMPARED, jiff::Timestamp::now()).ok()?;
    let files: Vec<String> = bad
        .iter()
        .map(|id| quoted(&store.dir().join("requests").join(format!("{id}.json"))))
        .collect();
    (!files.is_empty()).then(|| {
        Point::new(
            Grade::Fail,
            format!(
                "the files of these requests do not agree with the ledger: {}",
                bad.join(", ")
            ),
            "their calls are held, and cannot be approved",
            format!("rm {}", files.join(" ")),
        )
    })
}

/// Requests, the record and what is set aside while a file is replaced need about this much.
const LEAST_SPACE: u64 = 256 * 1024;

/// Names the first part of the state directory that cannot be written to: reading it alone would not show that.
fn not_writable(dir: &Path) -> Option<StoreError> {
    let fault = |path: std::path::PathBuf, source: std::io::Error| StoreError::Io {
        doing: "write to",
        path,
        source,
    };
    if fs2::available_space(dir).is_ok_and(|free| free < LEAST_SPACE) {
        let full = std::io::ErrorKind::StorageFull;
        return Some(fault(dir.to_path_buf(), full.into()));
    }
    let parts = ["ledger.jsonl", "head", "lock", "requests", "fingerprints"];
    let parts = parts.iter().map(|part| dir.join(part));
    std::iter::once(dir.to_path_buf())
        .chain(parts)
        .filter(|path| path.exists())
        .find_map(|path| {
            let denied = rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).err()?;
            Some(fault(path, denied.into()))
        })
}

/// Returns what mends a store that cannot be used.
fn mend(error: &StoreError, dir: &Path) -> String {
    let shown = quoted(dir);
    match error {
        StoreError::Missing(_) => format!("backstop install claude --state {shown}"),
        StoreError::Loose(_) => format!("chmod go-w {shown}"),
        StoreError::Owner { uid, .. } => format!(
            "chown -R {uid} {shown} as root, or another place: `backstop install claude --state DIR`"
        ),
        StoreError::NotDirectory(_) => {
            format!("mv {shown} {shown}.aside && backstop install claude --state {shown}")
        }
        StoreError::Damaged(_) | StoreError::Mismatch(_) => anew(dir),
        StoreError::Io { source, path, .. } => match source.kind() {
            kind if is_odd(path)
                || matches!(
                    kind,
                    std::io::ErrorKind::IsADirectory
                        | std::io::ErrorKind::NotADirectory
                        | std::io::ErrorKind::AlreadyExists
                ) =>
            {
                let path = quoted(path);
                format!(
                    "something else stands there: mv {path} {path}.aside && backstop install claude --state {shown}"
                )
            }
            _ if source.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error()) => format!(
                "take the attribute away that keeps it from being written, as root: chattr -R -ia {shown}"
            ),
            std::io::ErrorKind::ReadOnlyFilesystem => format!(
                "make the file system of {shown} writable again, or another place: `backstop install claude --state DIR`"
            ),
            std::io::ErrorKind::StorageFull => {
                format!("free space on the file system of {shown}")
            }
            _ => format!(
                "make {shown} readable and writable for this account: chmod -R u+rwX {shown}"
            ),
        },
        _ => error.help().to_owned(),
    }
}

/// Tells whether neither a file nor a folder stands there, but a pipe, say: no right to it helps.
fn is_odd(path: &Path) -> bool {
    let meta = path.symlink_metadata();
    meta.is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// Begins a new ledger; the old one stays for a look.
fn anew(dir: &Path) -> String {
    let ledger = quoted(&dir.join("ledger.jsonl"));
    let aside = quoted(&dir.join("ledger.damaged"));
    let state = quoted(dir);
    if dir.join("ledger.jsonl").exists() {
        format!("mv {ledger} {aside} && backstop install claude --state {state}")
    } else {
        format!("backstop install claude --state {state}")
    }
}

fn quoted(path: &Path) -> String {
    crate::backup::files::quoted(path)
}

fn policy(house: &House, project: &Path) -> Vec<Point> {
    match house.policy(project, None) {
        Err(error) => vec![Point::new(
            Grade::Fail,
            error.to_string(),
            "a broken policy blocks every call that has a finding",
            "backstop policy validate",
        )],
        Ok(policy) => {
            let mut points = vec![mode(&policy), space(house, &policy)];
            points.extend(left(house, &policy));
            points
        }
    }
}

/// What restores that were ended left beside the places that they were to fill.
fn left(house: &House, policy: &Policy) -> Option<Point> {
    let left = passing::left(&house.backups(policy).ok()?);
    let first = left.first()?;
    let more = match left.len() {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    Some(Point::new(
        Grade::Warn,
        format!(
            "an undo or restore was ended and left {}{more}",
            first.display()
        ),
        "it takes space; nothing needs it",
        "backstop backup prune",
    ))
}

fn mode(policy: &Policy) -> Point {
    let name = super::check::mode_name(policy.mode);
    match policy.mode {
        Mode::Enforce => Point::ok(format!("mode {name}, profile {}", policy.profile)),
        Mode::SnapshotOnly | Mode::Observe => Point::new(
            Grade::Warn,
            format!("MODE {}: calls are not held", name.to_uppercase()),
            "what loses data runs without approvals in this mode",
            "set `mode = \"enforce\"` in your policy",
        ),
    }
}

fn space(house: &House, policy: &Policy) -> Point {
    let Ok(dir) = house.backups(policy) else {
        return Point::new(
            Grade::Fail,
            "there is no place for backups",
            "every hold stays without a backup",
            "set `backup.dir` in your policy",
        );
    };
    let unusable = |why: String| {
        Point::new(
            Grade::Fail,
            why,
            "every hold stays without a backup",
            "make it a folder that can be written, or set `backup.dir` in your policy",
        )
    };
    if let Some(why) = crate::enforce::evidence::no_place(&dir) {
        return unusable(why);
    }
    let there = dir.ancestors().find(|dir| dir.exists()).unwrap_or(&dir);
    if let Err(error) = rustix::fs::access(there, rustix::fs::Access::WRITE_OK) {
        let error = std::io::Error::from(error);
        return unusable(format!(
            "backups {}: {} cannot be written ({error})",
            dir.display(),
            there.display()
        ));
    }
    match fs2::available_space(there) {
        Ok(free) if free < policy.limits.free_bytes => Point::new(
            Grade::Fail,
            format!(
                "backups {}: {} free",
                dir.display(),
                crate::plan::restore::sized(free)
            ),
            "no backup starts below the floor of free space, so every hold stays",
            "make room there, or name another disk with `backup.dir` in your policy",
        ),
        Ok(free) => Point::ok(format!(
            "backups {} ({} GB free)",
            dir.display(),
            free / 1_000_000_000
        )),
        Err(error) => Point::new(
            Grade::Fail,
            format!("backups {}: {error}", dir.display()),
            "no backup can be made",
            "make the folder writable",
        ),
    }
}

/// The installed binaries are the ones that were installed, and run.
fn binaries(house: &House) -> Vec<Point> {
    let Ok(state) = house.state() else {
        return Vec::new();
    };
    let mut points = Vec::new();
    for record in super::install::all(&state) {
        let shown = record.binary.display().to_string();
        let mend = format!(
            "backstop install {} --scope {}",
            record.agent,
            format!("{:?}", record.scope).to_lowercase()
        );
        points.push(match regular::read(&record.binary) {
            Err(error) => Point::new(
                Grade::Fail,
                format!("the installed binary {shown} cannot be read: {error}"),
                "every call is blocked without it",
                mend,
            ),
            Ok(bytes) if crate::decide::fingerprint::sha256(&bytes) != record.binary_sha256 => {
                Point::new(
                    Grade::Fail,
                    format!("{shown} is not the binary that was installed"),
                    "something replaced the guard, or it was updated",
                    mend,
                )
            }
            Ok(_) if rustix::fs::access(&record.binary, rustix::fs::Access::WRITE_OK).is_ok() => {
                Point::new(
                    Grade::Warn,
                    format!("{shown} can be written by this account"),
                    "the agent runs under this account and could replace the guard",
                    "install the binary where only root can write, such as /usr/local/bin",
                )
            }
            Ok(_) => Point::ok(format!("binary {shown}")),
        });
    }
    points
}

fn heartbeat(houses: &[House]) -> Point {
    let Some(session) = crate::adapters::environment::claude_session() else {
        return Point::ok("heartbeat: not inside an agent session, nothing to compare");
    };
    let has_seen = |house: &House| {
        let sessions = house
            .store_if_there()
            .and_then(|store| store.sessions().ok());
        sessions.is_some_and(|list| list.iter().any(|one| one.session == session))
    };
    let seen = houses.iter().any(has_seen);
    if seen {
        Point::ok("heartbeat: the hook has seen this session")
    } else {
        Point::new(
            Grade::Fail,
            "heartbeat: the hook has never seen this session",
            "hooks are not running: the guard is installed elsewhere, or hooks are switched off",
            "restart the session; then look at `/hooks`",
        )
    }
}
