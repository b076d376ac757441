//! `backstop lease`. Relieves calls that lose only one target of approvals, for some hours.
//! The automatic backups stay owed; only approvals are relieved.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use super::human::{self, Human};
use super::screens;
use super::settings::{self, Format, StateArgs, Trouble};
use super::wiring::Wired;
use crate::model::approval::{Approval, Lease, Strength};
use crate::model::database::Identity;
use crate::model::target::{TargetKey, TargetKind};
use crate::store::{self, MAX_LEASE_S, NewLease, Store};

/// Relieves calls that lose only one target of approvals, for some hours.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `list`, or the target as holds name it: a locator such as `docker:NAME/DB` or `/srv/scratch.db`,
    /// with its kind in front where that is not clear (`postgres:HOST:PORT/DB`).
    #[arg(value_name = "TARGET|list")]
    pub target: String,
    /// How long: `2h`, `90m`; at most 8 h.
    #[arg(long = "for", value_name = "TIME", default_value = "2h")]
    pub time: String,
    /// Why; stands in the record.
    #[arg(long)]
    pub reason: Option<String>,
    /// Output of `list`.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Finds which server and database a target is, so that the lease holds for no other.
pub trait Identify {
    /// Returns the identity of a target, or nothing when it has none.
    ///
    /// # Errors
    /// Fails with a sentence when the target cannot be looked at.
    fn identity(&self, target: &TargetKey) -> Result<Option<Identity>, String>;
}

/// Looks at files; other targets have no identity here.
#[derive(Clone, Copy, Debug, Default)]
pub struct FilesOnly;

impl Identify for FilesOnly {
    fn identity(&self, target: &TargetKey) -> Result<Option<Identity>, String> {
        use std::os::unix::fs::MetadataExt as _;
        if !matches!(target.kind, TargetKind::Sqlite | TargetKind::Path) {
            return Ok(None);
        }
        let facts = std::fs::metadata(&target.locator)
            .map_err(|error| format!("cannot look at `{}`: {error}", target.locator))?;
        let (device, inode) = (facts.dev(), facts.ino());
        Ok(Some(match target.kind {
            TargetKind::Sqlite => Identity::Sqlite { device, inode },
            _ => Identity::Tree { device, inode },
        }))
    }
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    run_with(args, &Wired::new(args.state.state.clone()))
}

/// Runs the command with a way to identify servers.
pub fn run_with(args: &Args, identify: &dyn Identify) -> u8 {
    let outcome = if args.target == "list" {
        list(args)
    } else {
        grant(args, identify)
    };
    match outcome {
        Ok(text) => {
            super::say(&text);
            0
        }
        Err(trouble) => trouble.tell(1),
    }
}

fn list(args: &Args) -> Result<String, Trouble> {
    let store = settings::open(&args.state)?;
    let leases = store.leases(Timestamp::now())?;
    if args.format == Format::Json {
        let document = json!({"schema": "backstop.leases/1", "leases": leases});
        return Ok(format!("{document}\n"));
    }
    if leases.is_empty() {
        return Ok("No lease runs.\n".to_owned());
    }
    let mut out = String::new();
    for lease in leases {
        let _ = writeln!(out, "{}", line(&lease));
    }
    Ok(out)
}

fn line(lease: &Lease) -> String {
    format!(
        "{}  {} {}  until {}  by {}: {}",
        lease.id,
        lease.target.kind.name(),
        screens::visible(&lease.target.locator),
        lease.until,
        screens::visible(&lease.by),
        screens::visible(&lease.reason)
    )
}

fn grant(args: &Args, identify: &dyn Identify) -> Result<String, Trouble> {
    let store = settings::open(&args.state)?;
    let target = target_of(&args.target)?;
    let seconds = seconds_of(&args.time)?;
    if holds_too_much(&target, store.dir()) {
        return Err(Trouble::new(
            format!(
                "a lease on `{}` would cover more than a scratch target",
                screens::visible(&target.locator)
            ),
            "name one database, one file or one folder of scratch data",
        ));
    }
    let reason = match args.reason.as_deref().map(str::trim) {
        Some(reason) if !reason.is_empty() => reason.to_owned(),
        _ => {
            return Err(Trouble::new(
                "a lease needs a reason",
                "say why: `--reason \"the scratch database of the import tests\"`",
            ));
        }
    };
    let mut human = human::present(&store, None)?;
    let identity = identify
        .identity(&target)
        .map_err(|text| Trouble::new(text, ""))?;
    let approvals = ask(&store, &mut human, &target, seconds, &reason)?;
    let new = NewLease {
        target,
        identity,
        reason,
        seconds,
        by: human.by.clone(),
    };
    let lease = store.grant_lease(new, &approvals, Timestamp::now())?;
    Ok(format!("Lease {} runs until {}.\n", lease.id, lease.until))
}

/// The root, the home folder, what is above them, and whatever is or holds the state directory.
fn holds_too_much(target: &TargetKey, state: &std::path::Path) -> bool {
    if !matches!(target.kind, TargetKind::Path | TargetKind::Sqlite) {
        return false;
    }
    let place = std::path::Path::new(&target.locator);
    let home = std::env::home_dir();
    place.parent().is_none()
        || home.is_some_and(|home| home.starts_with(place))
        || state.starts_with(place)
        || place.starts_with(state)
}

fn ask(
    store: &Store,
    human: &mut Human,
    target: &TargetKey,
    seconds: u64,
    reason: &str,
) -> Result<[Approval; 2], Trouble> {
    let place = screens::visible(&target.locator);
    let first = format!(
        "Lease on {} {place}, for {}.\nReason: {}\n\nCalls that lose only this target will need no approvals.\n\n",
        target.kind.name(),
        screens::age(seconds),
        screens::visible(reason)
    );
    human.terminal.say(&first)?;
    let yes = human.terminal.ask("approve? [y/N] ")?;
    if !yes.is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "y" | "yes")) {
        return Err(refused(store, human, "the answer was no")?);
    }
    let one = approval(human, 1)?;
    let name = confirm(target);
    let second = format!(
        "\nConsequences:\n  - everything in {place} can be destroyed again and again without a question\n  \
         - each loss still makes its verified backup first; `backstop revoke` ends the lease\n\n",
    );
    human.terminal.say(&second)?;
    let typed = human.terminal.ask(&format!("type {name}: "))?;
    if typed.as_deref() != Some(name.trim()) {
        return Err(refused(store, human, "another name was typed")?);
    }
    Ok([one, approval(human, 2)?])
}

fn refused(store: &Store, human: &Human, reason: &str) -> Result<Trouble, Trouble> {
    store.refuse(None, reason, &human.marks, &human.by, Timestamp::now())?;
    Ok(Trouble::new(format!("no lease: {reason}"), ""))
}

fn approval(human: &Human, step: u8) -> Result<Approval, Trouble> {
    Ok(Approval {
        at: store::stamp(Timestamp::now()),
        strength: Strength::Terminal,
        by: human.by.clone(),
        step,
        nonce: store::nonce()?,
        backups: Vec::new(),
        waived: Vec::new(),
    })
}

/// The last part of the locator: the database, or the file.
fn confirm(target: &TargetKey) -> String {
    let locator = target.locator.trim_end_matches('/');
    let name = locator.rsplit('/').next().unwrap_or(locator);
    screens::visible(name)
}

fn target_of(text: &str) -> Result<TargetKey, Trouble> {
    const KINDS: [TargetKind; 13] = [
        TargetKind::Postgres,
        TargetKind::Mysql,
        TargetKind::Sqlite,
        TargetKind::Database,
        TargetKind::Redis,
        TargetKind::Mongo,
        TargetKind::Path,
        TargetKind::GitWorktree,
        TargetKind::GitRef,
        TargetKind::GitRemote,
        TargetKind::DockerVolume,
        TargetKind::Container,
        TargetKind::Resource,
    ];
    if let Some((kind, locator)) = text.split_once(':')
        && let Some(kind) = KINDS.into_iter().find(|known| known.name() == kind)
        && !locator.is_empty()
    {
        return Ok(TargetKey {
            kind,
            locator: locator.to_owned(),
        });
    }
    guessed(text)
}

/// A path that is a file with a database's name or begin is SQLite; `…/NAME` behind a host is PostgreSQL.
fn guessed(text: &str) -> Result<TargetKey, Trouble> {
    if let Ok(path) = std::fs::canonicalize(text) {
        let kind = if is_sqlite(&path) {
            TargetKind::Sqlite
        } else {
            TargetKind::Path
        };
        return Ok(TargetKey {
            kind,
            locator: path.to_string_lossy().into_owned(),
        });
    }
    let server = text.rsplit_once('/').is_some_and(|(place, name)| {
        !name.is_empty() && (place.contains(':') || place.starts_with("docker"))
    });
    if server {
        return Ok(TargetKey {
            kind: TargetKind::Postgres,
            locator: text.to_owned(),
        });
    }
    Err(Trouble::new(
        format!("`{}` names no target", screens::visible(text)),
        "take the target from the hold: `backstop requests show ID`",
    ))
}

fn is_sqlite(path: &std::path::Path) -> bool {
    use std::io::Read as _;
    let mut start = [0_u8; 16];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok()
        && start == *b"SQLite format 3\0"
}

fn seconds_of(text: &str) -> Result<u64, Trouble> {
    let text = text.trim();
    let bad = || {
        Trouble::new(
            format!("`{}` is no time span", screens::visible(text)),
            "write hours or minutes: `2h`, `90m`",
        )
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let factor = match unit {
        "h" => 3600,
        "m" | "min" => 60,
        "s" => 1,
        _ => return Err(bad()),
    };
    let number: u64 = digits.parse().map_err(|_| bad())?;
    let seconds = number.saturating_mul(factor);
    if seconds == 0 || seconds > MAX_LEASE_S {
        return Err(Trouble::new(
            format!(
                "a lease lasts at least 1 s and at most {} h",
                MAX_LEASE_S / 3600
            ),
            "",
        ));
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_hours_or_minutes_up_to_a_working_day() {
        assert_eq!(seconds_of("2h").unwrap(), 7200);
        assert_eq!(seconds_of("90m").unwrap(), 5400);
        for bad in [
            "",
            "h",
            "0h",
            "9h",
            "2",
            "2d",
            "-1h",
            "99999999999999999999h",
        ] {
            assert!(seconds_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn targets_are_read_as_holds_name_them() {
        let key = target_of("docker:stack-db/shop").unwrap();
        assert_eq!(
            (key.kind, key.locator.as_str()),
            (TargetKind::Postgres, "docker:stack-db/shop")
        );
        let key = target_of("postgres:localhost:5432/shop").unwrap();
        assert_eq!(key.locator, "localhost:5432/shop");
        assert_eq!(confirm(&key), "shop");
        assert!(target_of("nonsense-that-is-not-there").is_err());
    }
}
