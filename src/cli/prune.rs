//! `backstop backup prune`. Says of every backup why it stays or goes, and removes what goes.
//! What may go is one pure decision (`plan::retention`); what requests rely on is read from the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::backup::{Common, Format, fail, say_json, visible};
use super::say;
use crate::backup::{BackupError, catalog, passing};
use crate::enforce::House;
use crate::model::approval::RequestState;
use crate::model::backup::Entry;
use crate::model::target::Reach;
use crate::plan::retention::{self, Keep, Standing};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Say what would go, with reasons, and remove nothing.
    #[arg(long)]
    dry_run: bool,
    /// Most bytes that all backups together may take.
    #[arg(long)]
    total_bytes: Option<u64>,
}

/// Decides about every backup, says why, and removes what may go.
pub fn go(args: &Args) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let entries = catalog::list(&dir)?.entries;
    let policy = args.common.policy();
    let keep = Keep {
        guard_days: days(policy.keep_guard_s),
        undo_days: days(policy.undo_window_s),
        total_bytes: args.total_bytes.unwrap_or(u64::MAX),
        wanted_bytes: wanted(&dir, policy.limits.free_bytes),
        ..Keep::default()
    };
    let reliance = Reliance::read(args.common.state.clone());
    let decisions = retention::decide(
        &entries,
        |entry| reliance.standing(entry),
        &keep,
        Timestamp::now(),
    );
    let mut rows = Vec::new();
    let mut code = 0;
    for (decision, entry) in decisions.iter().zip(&entries) {
        let word = if decision.keep { "keep" } else { "drop" };
        if args.common.format != Format::Json {
            say(&format!("{word}  {}  {}\n", decision.id, decision.reason));
        }
        rows.push(json!({"id": decision.id, "decision": word, "reason": decision.reason}));
        if !decision.keep
            && !args.dry_run
            && let Err(error) = catalog::remove(&dir, entry)
        {
            code = fail(&error);
        }
    }
    let left = match args.dry_run {
        true => passing::left(&dir),
        false => passing::tidy(&dir),
    };
    if args.common.format == Format::Json {
        let left: Vec<_> = left.iter().map(|path| path.to_string_lossy()).collect();
        say_json(
            &json!({"schema": "backstop.backup-prune/1", "dry_run": args.dry_run, "backups": rows, "left": left}),
        );
        return Ok(code);
    }
    for path in &left {
        say(&format!(
            "drop  {}  a restore that was ended left it\n",
            visible(&path.to_string_lossy())
        ));
    }
    Ok(code)
}

/// Returns the space that is missing to the floor of free space.
fn wanted(dir: &Path, floor: u64) -> u64 {
    fs2::available_space(dir).map_or(0, |free| floor.saturating_sub(free))
}

/// A part of a day counts as a whole one.
fn days(seconds: u64) -> u32 {
    u32::try_from(seconds.div_ceil(24 * 3600)).unwrap_or(u32::MAX)
}

/// Which backups open requests rely on, and when used ones relied on theirs.
struct Reliance {
    open: BTreeSet<String>,
    used: BTreeMap<String, Timestamp>,
    /// The ledger was read: what is in neither list is relied on by nobody.
    known: bool,
}

impl Reliance {
    /// Most requests that are looked at; older ones are long past their undo window.
    const REQUESTS: usize = 10_000;

    fn read(state: Option<PathBuf>) -> Self {
        let mut all = Self {
            open: BTreeSet::new(),
            used: BTreeMap::new(),
            known: false,
        };
        let Some(store) = House::new(state, std::time::Instant::now()).store_if_there() else {
            return all;
        };
        let Ok((requests, unreadable)) = store.requests(Self::REQUESTS, Timestamp::now()) else {
            return all;
        };
        all.known = unreadable.is_empty();
        for request in requests {
            match request.state {
                RequestState::Pending | RequestState::Approved => all.open.extend(request.backups),
                RequestState::Used => {
                    let at = request
                        .used_at
                        .as_deref()
                        .and_then(|at| at.parse().ok())
                        .unwrap_or_else(Timestamp::now);
                    all.used
                        .extend(request.backups.into_iter().map(|id| (id, at)));
                }
                RequestState::Rejected | RequestState::Expired => {}
            }
        }
        all
    }

    fn standing(&self, entry: &Entry) -> Standing {
        let gone = match &entry.manifest.reach {
            Reach::Path(path) | Reach::Sqlite(path) | Reach::GitRefs(path) => {
                matches!(fs::symlink_metadata(path), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
            }
            Reach::Worktree(reach) => {
                matches!(fs::symlink_metadata(&reach.root), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
            }
            Reach::Postgres(_) | Reach::GitRemote(_) | Reach::Unreachable(_) | Reach::NoDriver => {
                false
            }
        };
        let id = &entry.manifest.id;
        // Without the ledger a backup of a request counts as used when it was finished.
        let assumed = || {
            entry
                .manifest
                .request
                .as_ref()
                .and_then(|_| entry.manifest.finished_at.parse().ok())
        };
        let used_at = if self.known {
            self.used.get(id).copied()
        } else {
            assumed()
        };
        Standing {
            target_gone: gone,
            open: self.open.contains(id),
            used_at,
        }
    }
}
