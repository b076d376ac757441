//! `backstop scan`: what files would lose when they run, with file, line and column.
//! The files are judged by the same pipeline as a command; nothing is run and nothing but a baseline is written.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;

use crate::adapters::environment;
use crate::enforce::House;
use crate::examine::changes::{Repository, Which};
use crate::examine::{self, Desk, Others, walk};
use crate::model::scanned::Report;
use crate::policy::builtin;
use crate::render::scan as render;
use crate::scan::baseline;

use super::{say, say_error};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
    Github,
}

/// Scans migrations, scripts, build and CI files for what they would lose.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Files and folders; the working directory when none is named.
    paths: Vec<PathBuf>,
    /// What is staged: the lines that the next commit adds.
    #[arg(long, conflicts_with_all = ["paths", "range"])]
    staged: bool,
    /// What the commits of a range add: `A..B`.
    #[arg(
        long,
        value_name = "A..B",
        conflicts_with = "paths",
        allow_hyphen_values = true
    )]
    range: Option<String>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Findings that this file knows do not fail the scan.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Writes the findings of this scan to a baseline file and succeeds.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    match scan(args) {
        Ok(code) => code,
        Err(what) => {
            say_error(&what, "run `backstop scan --help`");
            2
        }
    }
}

fn scan(args: &Args) -> Result<u8, String> {
    let start = Instant::now();
    let known = args.baseline.as_deref().map(read_baseline).transpose()?;
    let mut report = match which(args)? {
        Some(which) => changed(which)?,
        None => standing(&args.paths)?,
    };
    if let Some(known) = &known {
        let whole = args.paths.is_empty() && !args.staged && args.range.is_none();
        let stale = baseline::apply(known, &mut report.remarks, whole);
        report.notes.extend(stale);
    }
    if let Some(file) = &args.write_baseline {
        write_baseline(file, &report)?;
        return Ok(0);
    }
    let elapsed = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    print(&report, args.format, elapsed);
    Ok(u8::from(report.failing() > 0))
}

fn print(report: &Report, format: Format, elapsed: u64) {
    match format {
        Format::Text => {
            let colour = std::io::stdout().is_terminal() && !environment::is_plain();
            say(&render::text(report, colour));
        }
        Format::Json => say(&format!("{}\n", render::json(report, elapsed))),
        Format::Sarif => {
            let version = env!("CARGO_PKG_VERSION");
            let rules = |id: &str| builtin::book().rule(id);
            say(&format!("{:#}\n", render::sarif(report, version, &rules)));
        }
        Format::Github => say(&render::github(report)),
    }
}

fn which(args: &Args) -> Result<Option<Which>, String> {
    if args.staged {
        return Ok(Some(Which::Staged));
    }
    let Some(range) = &args.range else {
        return Ok(None);
    };
    let (from, to) = range
        .split_once("...")
        .or_else(|| range.split_once(".."))
        .ok_or_else(|| format!("`{range}` is no range: write A..B"))?;
    if from.starts_with('-') || to.starts_with('-') {
        return Err(format!(
            "`{range}` is no range: a commit begins with no hyphen"
        ));
    }
    let or_head = |end: &str| if end.is_empty() { "HEAD" } else { end }.to_owned();
    Ok(Some(Which::Range {
        from: or_head(from),
        to: or_head(to),
    }))
}

/// Scans what an index or a range changes.
fn changed(which: Which) -> Result<Report, String> {
    let here = cwd()?;
    let policy = builtin::default_policy();
    let repository =
        Repository::open(&here, &policy.tool_dirs, which).map_err(|error| error.to_string())?;
    let root = repository.top().unwrap_or(here);
    with_desk(&root, |desk| examine::changed(&repository, desk)).map_err(|error| error.to_string())
}

/// Makes what files are examined with: the rules and the policy that are built in, as `check --facts none` has them.
pub(super) fn with_desk<T>(root: &Path, work: impl FnOnce(&Desk<'_>) -> T) -> T {
    let own = House::new(None, Instant::now()).own();
    let policy = builtin::default_policy();
    work(&Desk {
        root,
        own: &own,
        policy: &policy,
        rules: builtin::book(),
        others: &Others::Disk,
        now: Timestamp::now(),
    })
}

/// Scans files and folders as they stand.
fn standing(paths: &[PathBuf]) -> Result<Report, String> {
    let here = cwd()?;
    let only_here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &only_here } else { paths };
    let mut inside = Vec::new();
    let mut all = Report::default();
    for path in paths {
        let full = path
            .canonicalize()
            .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
        if full.starts_with(&here) {
            inside.extend(list(&here, &full, &mut all)?);
            continue;
        }
        let root = if full.is_dir() {
            full.clone()
        } else {
            full.parent().unwrap_or(&full).to_path_buf()
        };
        let files = list(&root, &full, &mut all)?;
        let mut report = with_desk(&root, |desk| examine::examine(&files, desk));
        prefix(&mut report, &root);
        join(&mut all, report);
    }
    inside.sort_by(|a: &examine::File, b| a.path.cmp(&b.path));
    inside.dedup_by(|a, b| a.path == b.path);
    let report = with_desk(&here, |desk| examine::examine(&inside, desk));
    join(&mut all, report);
    Ok(all)
}

fn list(root: &Path, path: &Path, all: &mut Report) -> Result<Vec<examine::File>, String> {
    let found = walk::list(root, path, &[])
        .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    all.notes.extend(found.notes);
    Ok(found.files)
}

/// Names files outside the working directory by their whole path.
fn prefix(report: &mut Report, root: &Path) {
    let whole = |file: &mut String| *file = root.join(&*file).to_string_lossy().into_owned();
    report
        .remarks
        .iter_mut()
        .for_each(|remark| whole(&mut remark.spot.file));
    report
        .notes
        .iter_mut()
        .for_each(|note| whole(&mut note.file));
}

fn join(all: &mut Report, one: Report) {
    all.remarks.extend(one.remarks);
    all.notes.extend(one.notes);
    all.files += one.files;
    all.judged += one.judged;
}

fn cwd() -> Result<PathBuf, String> {
    std::env::current_dir()
        .and_then(|dir| dir.canonicalize())
        .map_err(|error| format!("the working directory cannot be read: {error}"))
}

fn read_baseline(file: &Path) -> Result<baseline::Baseline, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
    baseline::parse(&text).map_err(|error| format!("`{}`: {error}", file.display()))
}

fn write_baseline(file: &Path, report: &Report) -> Result<(), String> {
    let known = baseline::of(&report.remarks);
    let text = serde_json::to_string_pretty(&known).map_err(|error| error.to_string())?;
    std::fs::write(file, format!("{text}\n"))
        .map_err(|error| format!("`{}` cannot be written: {error}", file.display()))?;
    say(&format!(
        "{} findings written to {}.\n",
        known.entries.len(),
        file.display()
    ));
    Ok(())
}
