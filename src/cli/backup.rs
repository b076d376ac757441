//! `backstop backup`. Makes, lists, shows, verifies and prunes backups by hand.
//! What counts as evidence for a call is not decided here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::password::with_password;
use super::{say, say_error};
use crate::backup::control::Control;
use crate::backup::engine::Order;
use crate::backup::pipeline::Codec;
use crate::backup::{BackupError, catalog, make, verify};
use crate::enforce::House;
use crate::model::backup::{BackupType, Entry, Freshness, Level, Manifest};
use crate::model::policy::BackupNeed;
use crate::model::target::{PostgresReach, Reach, Route, Target, TargetKind};
use crate::plan::restore::counted;

/// Makes, lists, shows, verifies and prunes backups.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Backs up paths, SQLite files and databases now.
    Run(RunArgs),
    /// Lists backups, newest first.
    List(ListArgs),
    /// Shows one backup with its commands for restoring by hand.
    Show(OneArgs),
    /// Reads backups back and compares.
    Verify(VerifyArgs),
    /// Removes backups that nothing needs any more.
    Prune(super::prune::Args),
    /// Says what is there, what runs, and what crashes left.
    Status(ListArgs),
}

/// Where backups lie and how output looks.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// Folder of the backups.
    #[arg(long, value_name = "DIR")]
    pub backup_dir: Option<PathBuf>,
    /// State directory.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// How the result is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    /// Lines that a shell can read.
    Env,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Guard,
    PreDeploy,
    Scheduled,
    Manual,
    Emergency,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Depth {
    Digest,
    Readable,
    Restored,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Packing {
    Zstd,
    Gzip,
    None,
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Paths, SQLite files, `postgres://` URLs, `docker:CONTAINER/DATABASE`.
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
    #[command(flatten)]
    common: Common,
    /// Why it is made; decides how long it is kept.
    #[arg(long = "type", value_enum, default_value = "manual")]
    kind: Kind,
    /// A passing backup of a development target: kept for days, as `--type pre-deploy`, and not for months.
    #[arg(long, conflicts_with = "kind")]
    dev: bool,
    /// Make a new one whatever is there, and share no archive with one that holds the same.
    #[arg(long)]
    force: bool,
    /// Make none where a verified backup of the unchanged target, at most an hour old, is there; say that one.
    #[arg(long, conflicts_with = "force")]
    quick: bool,
    /// How artefacts are packed; without it `backup.codec` of the policy.
    #[arg(long, value_enum)]
    codec: Option<Packing>,
    /// Largest source, in GB.
    #[arg(long, default_value_t = 20.0)]
    max_gb: f64,
    /// Longest time, in minutes.
    #[arg(long, default_value_t = 15)]
    max_minutes: u64,
    /// Go into other file systems that are mounted below.
    #[arg(long)]
    cross_mounts: bool,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only backups of these targets.
    targets: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct OneArgs {
    /// Id of a backup, or an end or beginning of it.
    backup: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// Ids of backups; none means all.
    backups: Vec<String>,
    #[command(flatten)]
    common: Common,
    /// How deep.
    #[arg(long, value_enum, default_value = "readable")]
    level: Depth,
    /// Sizes and checksums only, as `--level digest`.
    #[arg(long)]
    quick: bool,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    let done = match &args.task {
        Task::Run(args) => make_all(args),
        Task::List(args) => list(args),
        Task::Show(args) => show(args),
        Task::Verify(args) => verify_all(args),
        Task::Prune(args) => super::prune::go(args),
        Task::Status(args) => status(args),
    };
    done.unwrap_or_else(|error| fail(&error))
}

/// Says an error with its help and returns the exit code.
pub fn fail(error: &BackupError) -> u8 {
    say_error(&error.to_string(), error.help());
    1
}

impl Common {
    /// Returns the folder of the backups.
    ///
    /// # Errors
    /// When there is neither an option nor a home.
    pub fn dir(&self) -> Result<PathBuf, BackupError> {
        let (house, policy) = self.house();
        let dir = house
            .backups(&policy)
            .map_err(|error| BackupError::NotFound(error.to_string()))?;
        std::path::absolute(&dir).map_err(|error| BackupError::io("find", &dir, error))
    }

    /// Returns a control without limits that knows where the owner says that programs lie.
    pub fn control(&self) -> Control {
        Control {
            tool_dirs: self.house().1.tool_dirs.into(),
            ..Control::default()
        }
    }

    /// Returns the policy in force here.
    pub fn policy(&self) -> crate::model::policy::Policy {
        self.house().1
    }

    fn house(&self) -> (House, crate::model::policy::Policy) {
        let mut house = House::new(self.state.clone(), std::time::Instant::now());
        house.named_backups.clone_from(&self.backup_dir);
        let cwd = std::env::current_dir().unwrap_or_default();
        let policy = house
            .policy(&cwd, None)
            .unwrap_or_else(|_| crate::policy::builtin::default_policy());
        (house, policy)
    }
}

/// Returns the target that a word on the command line names.
///
/// # Errors
/// When it names nothing that could be backed up.
pub fn target(word: &str) -> Result<Target, BackupError> {
    if let Some(rest) = word.strip_prefix("docker:") {
        let (name, database) = rest.split_once('/').unwrap_or((rest, "postgres"));
        let reach = PostgresReach {
            route: Route::Container {
                engine: "docker".to_owned(),
                name: name.to_owned(),
                user: None,
            },
            host: None,
            port: None,
            user: Some("postgres".to_owned()),
            database: Some(database.to_owned()),
            password: None,
            implicit: false,
        };
        return Ok(Target {
            kind: TargetKind::Postgres,
            locator: word.to_owned(),
            object: None,
            reach: Reach::Postgres(reach),
        });
    }
    if ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| word.starts_with(scheme))
        || word.contains("dbname=")
    {
        return super::wiring::server_target(word).ok_or_else(|| {
            BackupError::NotFound(format!(
                "`{}` names no server",
                crate::render::redact::redact(word)
            ))
        });
    }
    let path = resolved(Path::new(word))?;
    let locator = crate::model::name::shown(path.as_os_str());
    let is_database = crate::adapters::sqlite::Shape::of(&path).is_ok_and(|shape| shape.bytes > 0);
    Ok(Target {
        kind: if is_database {
            TargetKind::Sqlite
        } else {
            TargetKind::Path
        },
        locator,
        object: None,
        reach: if is_database {
            Reach::Sqlite(path)
        } else {
            Reach::Path(path)
        },
    })
}

/// Returns an absolute path without `.` and `..`; a link that `..` steps out of is followed, as the system does.
fn resolved(word: &Path) -> Result<PathBuf, BackupError> {
    let absolute =
        std::path::absolute(word).map_err(|error| BackupError::io("find", word, error))?;
    let mut path = PathBuf::new();
    for part in absolute.components() {
        if part != std::path::Component::ParentDir {
            path.push(part);
            continue;
        }
        if path.is_symlink() {
            path = path
                .canonicalize()
                .map_err(|error| BackupError::io("find", word, error))?;
        }
        path.pop();
    }
    Ok(path)
}

fn make_all(args: &RunArgs) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let mut made = Vec::new();
    let mut code = 0;
    for word in &args.targets {
        match target(word).and_then(|target| make_one(args, target, &dir)) {
            Ok(manifest) => {
                if args.common.format != Format::Json {
                    say(&told(&dir, &manifest, args.common.format));
                }
                made.push(manifest);
            }
            Err(error) => code = fail(&error),
        }
    }
    if args.common.format == Format::Json {
        let backups: Vec<Value> = made.iter().map(|one| as_json(&dir, one)).collect();
        say_json(&json!({"schema": "backstop.backup-run/1", "backups": backups}));
    }
    Ok(code)
}

fn make_one(args: &RunArgs, target: Target, dir: &Path) -> Result<Manifest, BackupError> {
    if args.quick
        && let Some(there) = standing(&target, dir, &args.common.control())
    {
        return Ok(there);
    }
    let mut reach = target.reach.clone();
    with_password(&mut reach, |reach| {
        let reach = reach.clone();
        make::run(&order(
            args,
            Target {
                reach,
                ..target.clone()
            },
            dir,
        ))
    })
}

/// Returns the backup that would count for a loss of the whole target now; of a server it is the age alone that counts.
fn standing(target: &Target, dir: &Path, control: &Control) -> Option<Manifest> {
    const FRESH_S: u64 = 3600;
    let need = BackupNeed {
        target: target.clone(),
        max_age_s: FRESH_S,
        verify: Level::Readable,
        objects: Vec::new(),
        definitions: Vec::new(),
    };
    let identity = make::identity_now(&target.reach);
    let marks = make::marks_now(&target.reach, control);
    let (entry, found) =
        catalog::evidence(dir, &need, identity.as_ref(), marks.as_ref(), control).ok()?;
    let compared = marks.is_some() || matches!(target.reach, Reach::Postgres(_));
    (compared && found == Freshness::Fresh)
        .then(|| entry.map(|entry| entry.manifest))
        .flatten()
}

/// Verifies a backup; restoring it into a scratch place of its server may need a password.
pub fn verified(entry: &Entry, level: Level, control: &Control) -> Result<Manifest, BackupError> {
    let mut entry = entry.clone();
    let mut reach = entry.manifest.reach.clone();
    with_password(&mut reach, |reach| {
        entry.manifest.reach = reach.clone();
        verify::run(&entry, level, control)
    })
}

/// A policy that cannot be read keeps nobody from a backup.
fn codec_of_policy(args: &RunArgs) -> Codec {
    let house = House::new(args.common.state.clone(), std::time::Instant::now());
    let policy = std::env::current_dir()
        .ok()
        .and_then(|dir| house.policy(&dir, None).ok());
    policy
        .and_then(|policy| Codec::named(&policy.codec))
        .unwrap_or(Codec::ZSTD)
}

fn order(args: &RunArgs, target: Target, dir: &Path) -> Order {
    let order = Order::new(target, kind_of(args), dir.to_path_buf());
    let limits = Control::within(Duration::from_secs(args.max_minutes.saturating_mul(60)));
    Order {
        codec: match args.codec {
            Some(Packing::Zstd) => Codec::ZSTD,
            Some(Packing::Gzip) => Codec::GZIP,
            Some(Packing::None) => Codec::Plain,
            None => codec_of_policy(args),
        },
        control: Control {
            deadline: limits.deadline,
            tool_dirs: args.common.control().tool_dirs,
            max_bytes: (args.max_gb.max(0.0) * 1e9) as u64,
            ..order.control
        },
        cross_mounts: args.cross_mounts,
        force: args.force,
        ..order
    }
}

fn kind_of(args: &RunArgs) -> BackupType {
    match args.dev {
        true => BackupType::PreDeploy,
        false => args.kind.into(),
    }
}

impl From<Kind> for BackupType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Guard => Self::Guard,
            Kind::PreDeploy => Self::PreDeploy,
            Kind::Scheduled => Self::Scheduled,
            Kind::Manual => Self::Manual,
            Kind::Emergency => Self::Emergency,
        }
    }
}

/// Returns the entries of a folder, of these targets if any are named.
fn chosen(dir: &Path, words: &[String]) -> Result<catalog::Shelf, BackupError> {
    let mut shelf = catalog::list(dir)?;
    if !words.is_empty() {
        let locators: Vec<String> = words
            .iter()
            .map(|word| target(word).map(|target| target.locator))
            .collect::<Result<_, _>>()?;
        shelf.entries.retain(|entry| {
            let locator = &entry.manifest.target.locator;
            locators.contains(locator) || words.contains(locator)
        });
    }
    Ok(shelf)
}

fn list(args: &ListArgs) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let shelf = chosen(&dir, &args.targets)?;
    match args.common.format {
        Format::Json => {
            let backups: Vec<Value> = shelf
                .entries
                .iter()
                .map(|one| as_json(&dir, &one.manifest))
                .collect();
            say_json(
                &json!({"schema": "backstop.backup-list/1", "backup_dir": dir.to_string_lossy(), "backups": backups}),
            );
        }
        Format::Env => {
            for entry in &shelf.entries {
                say(&told(&dir, &entry.manifest, Format::Env));
            }
        }
        Format::Text if shelf.entries.is_empty() => {
            let of = match args.targets.is_empty() {
                true => String::new(),
                false => format!(" of {}", visible(&args.targets.join(", "))),
            };
            say(&format!("No backups{of} in {}.\n", dir.display()));
        }
        Format::Text => say(&listed(&shelf.entries)),
    }
    Ok(0)
}

/// Returns one line for each backup, in columns.
fn listed(entries: &[Entry]) -> String {
    let widest = |of: &dyn Fn(&Entry) -> usize| entries.iter().map(of).max().unwrap_or_default();
    let id = widest(&|entry| entry.manifest.id.len());
    let kind = widest(&|entry| entry.manifest.target.kind.name().len());
    let lines = entries.iter().map(|entry| {
        let one = &entry.manifest;
        format!(
            "{}  {:>9}  {:<9}  {:<id$}  {:<kind$} {}\n",
            seconds(&one.snapshot_at),
            size(one.bytes()),
            one.verification.level.name(),
            one.id,
            one.target.kind.name(),
            visible(&one.target.locator)
        )
    });
    lines.collect()
}

/// Returns a time for people: whole seconds, in UTC.
fn seconds(at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(
        |_| visible(at),
        |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

fn show(args: &OneArgs) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let entry = catalog::find(&dir, &args.backup)?;
    match args.common.format {
        Format::Json => {
            let manifest = serde_json::to_value(&entry.manifest).unwrap_or_default();
            say_json(
                &json!({"schema": "backstop.backup-show/1", "folder": entry.folder.to_string_lossy(), "manifest": manifest}),
            );
        }
        format => say(&told(&dir, &entry.manifest, format)),
    }
    Ok(0)
}

/// Says what a backup is: several lines for people, assignments for a shell.
pub fn told(dir: &Path, manifest: &Manifest, format: Format) -> String {
    let folder = dir.join(&manifest.id);
    if format == Format::Env {
        let all = [
            ("ID", manifest.id.clone()),
            ("FOLDER", folder.to_string_lossy().into_owned()),
            ("TARGET", manifest.target.locator.clone()),
            ("BYTES", manifest.bytes().to_string()),
            ("VERIFIED", manifest.verification.level.name().to_owned()),
            ("SNAPSHOT_AT", manifest.snapshot_at.clone()),
        ];
        return assignments("BACKSTOP_BACKUP", &all);
    }
    let mut text = format!(
        "{}\n  of        {} {}\n  taken     {}\n  size      {} ({} before compression)\n  verified  {} at {}\n",
        manifest.id,
        manifest.target.kind.name(),
        visible(&manifest.target.locator),
        seconds(&manifest.snapshot_at),
        size(manifest.bytes()),
        size(manifest.artefacts.iter().map(|one| one.plain_bytes).sum()),
        manifest.verification.level.name(),
        seconds(&manifest.verification.at),
    );
    for note in &manifest.verification.notes {
        text.push_str(&format!("            {note}\n"));
    }
    for warning in &manifest.warnings {
        text.push_str(&format!("  warning   {}\n", visible(warning)));
    }
    text.push_str("  by hand\n");
    for line in &manifest.recovery {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// Makes control characters of names visible.
pub fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let hidden = letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let shown: Vec<char> = if hidden { letter.escape_unicode().collect() } else { vec![letter] };
            shown
        })
        .collect()
}

/// Returns a size for people.
pub fn size(bytes: u64) -> String {
    const STEPS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1000, "kB"),
    ];
    match STEPS.iter().find(|(step, _)| bytes >= *step) {
        Some((step, unit)) => format!("{}.{} {unit}", bytes / step, bytes % step * 10 / step),
        None => format!("{bytes} B"),
    }
}

fn as_json(dir: &Path, manifest: &Manifest) -> Value {
    let age = crate::plan::coverage::age(manifest, Timestamp::now());
    json!({
        "id": manifest.id,
        "type": manifest.kind.name(),
        "folder": dir.join(&manifest.id).to_string_lossy(),
        "target": {"kind": manifest.target.kind.name(), "locator": manifest.target.locator},
        "snapshot_at": manifest.snapshot_at,
        "age_s": age,
        "bytes": manifest.bytes(),
        "verified": manifest.verification.level.name(),
        "verified_at": manifest.verification.at,
        "request": manifest.request,
        "recovery": manifest.recovery,
        "warnings": manifest.warnings,
    })
}

/// Writes a value as one line of JSON.
pub fn say_json(value: &Value) {
    say(&format!("{value}\n"));
}

fn verify_all(args: &VerifyArgs) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let entries = match args.backups.as_slice() {
        [] => catalog::list(&dir)?.entries,
        words => words
            .iter()
            .map(|word| catalog::find(&dir, word))
            .collect::<Result<_, _>>()?,
    };
    let level = match (args.quick, args.level) {
        (true, _) | (false, Depth::Digest) => Level::Digest,
        (false, Depth::Readable) => Level::Readable,
        (false, Depth::Restored) => Level::Restored,
    };
    let control = args.common.control();
    let found: Vec<Value> = entries
        .iter()
        .map(|entry| {
            tell(
                entry,
                verified(entry, level, &control),
                level,
                args.common.format,
            )
        })
        .collect();
    let broken = found
        .iter()
        .any(|one| one.get("ok") != Some(&Value::Bool(true)));
    if args.common.format == Format::Json {
        say_json(
            &json!({"schema": "backstop.backup-verify/1", "level": level.name(), "backups": found}),
        );
    }
    Ok(u8::from(broken))
}

/// Says how one verification went, and returns it for JSON.
pub fn tell(
    entry: &Entry,
    found: Result<Manifest, BackupError>,
    level: Level,
    format: Format,
) -> Value {
    let id = &entry.manifest.id;
    match found {
        Ok(manifest) => {
            if format != Format::Json {
                say(&format!("ok      {id}  {}\n", level.name()));
            }
            json!({"id": id, "ok": true, "notes": manifest.verification.notes})
        }
        Err(error) => {
            if format != Format::Json {
                say(&format!("broken  {id}  {error}\n"));
            }
            json!({"id": id, "ok": false, "error": error.to_string()})
        }
    }
}

fn status(args: &ListArgs) -> Result<u8, BackupError> {
    let dir = args.common.dir()?;
    let missing = if dir.is_dir() {
        catalog::reindex(&dir)?
    } else {
        0
    };
    let mut shelf = chosen(&dir, &args.targets)?;
    let damaged = shelf
        .entries
        .iter()
        .filter_map(|entry| catalog::damage(entry).map(|why| (entry.folder.clone(), why)));
    shelf.broken.extend(damaged.collect::<Vec<_>>());
    let bytes: u64 = shelf
        .entries
        .iter()
        .map(|entry| entry.manifest.bytes())
        .sum();
    let free = fs2::available_space(&dir).ok();
    if args.common.format == Format::Json {
        say_json(&status_json(&dir, &shelf, bytes, free));
        return Ok(u8::from(!shelf.broken.is_empty()));
    }
    if args.common.format == Format::Env {
        say(&status_env(&dir, &shelf, bytes, free));
        return Ok(u8::from(!shelf.broken.is_empty()));
    }
    say(&status_text(&dir, &shelf, bytes, free));
    if missing > 0 {
        let were = if missing == 1 {
            "was missing and has"
        } else {
            "were missing and have"
        };
        say(&format!(
            "{} of the index {were} been written.\n",
            counted(missing, "note")
        ));
    }
    Ok(u8::from(!shelf.broken.is_empty()))
}

/// Returns the same for people.
fn status_text(dir: &Path, shelf: &catalog::Shelf, bytes: u64, free: Option<u64>) -> String {
    let count = shelf.entries.len() as u64;
    let mut text = format!(
        "{}, {} in {}\n",
        counted(count, "backup"),
        size(bytes),
        dir.display()
    );
    if let Some(free) = free {
        text.push_str(&format!("{} are free there\n", size(free)));
    }
    if let Some(entry) = shelf.entries.first() {
        let locator = visible(&entry.manifest.target.locator);
        text.push_str(&format!("newest: {} of {locator}\n", entry.manifest.id));
    }
    for path in &shelf.running {
        text.push_str(&format!("running: {}\n", path.display()));
    }
    for path in &shelf.aside {
        text.push_str(&format!(
            "left by a crash, never counted: {}\n",
            path.display()
        ));
    }
    for (path, why) in &shelf.broken {
        text.push_str(&format!("broken: {}: {why}\n", path.display()));
    }
    text
}

/// Returns the same as assignments for a shell; what is not there is empty.
fn status_env(dir: &Path, shelf: &catalog::Shelf, bytes: u64, free: Option<u64>) -> String {
    let newest = shelf.entries.first().map(|entry| &entry.manifest);
    let of = |part: &dyn Fn(&Manifest) -> String| newest.map(part).unwrap_or_default();
    let age = |one: &Manifest| {
        let age = crate::plan::coverage::age(one, Timestamp::now());
        age.map(|age| age.to_string()).unwrap_or_default()
    };
    assignments(
        "BACKSTOP_STATUS",
        &[
            ("DIR", dir.to_string_lossy().into_owned()),
            ("BACKUPS", shelf.entries.len().to_string()),
            ("BYTES", bytes.to_string()),
            (
                "FREE_BYTES",
                free.map(|free| free.to_string()).unwrap_or_default(),
            ),
            ("NEWEST", of(&|one| one.id.clone())),
            ("NEWEST_TARGET", of(&|one| one.target.locator.clone())),
            (
                "NEWEST_VERIFIED",
                of(&|one| one.verification.level.name().to_owned()),
            ),
            ("NEWEST_SNAPSHOT_AT", of(&|one| one.snapshot_at.clone())),
            ("NEWEST_AGE_S", of(&age)),
            ("RUNNING", shelf.running.len().to_string()),
            ("ASIDE", shelf.aside.len().to_string()),
            ("BROKEN", shelf.broken.len().to_string()),
        ],
    )
}

/// Writes assignments that a shell reads as they are.
fn assignments(start: &str, all: &[(&str, String)]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    all.iter()
        .map(|(name, value)| format!("{start}_{name}={}\n", quoted(value)))
        .collect()
}

fn status_json(dir: &Path, shelf: &catalog::Shelf, bytes: u64, free: Option<u64>) -> Value {
    let names = |paths: &[PathBuf]| -> Vec<String> {
        let name = |path: &PathBuf| path.to_string_lossy().into_owned();
        paths.iter().map(name).collect()
    };
    let broken: Vec<Value> = shelf
        .broken
        .iter()
        .map(|(path, why)| json!({"folder": path.to_string_lossy(), "error": why}))
        .collect();
    json!({
        "schema": "backstop.backup-status/1",
        "backup_dir": dir.to_string_lossy(),
        "backups": shelf.entries.len(),
        "bytes": bytes,
        "free_bytes": free,
        "newest": shelf.entries.first().map(|entry| as_json(dir, &entry.manifest)),
        "running": names(&shelf.running),
        "aside": names(&shelf.aside),
        "broken": broken,
    })
}
