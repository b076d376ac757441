//! Examines files: cuts them with `scan`, judges every part through the guard's pipeline with facts `none`, on all cores.
//! Where the files come from (a folder, an index, a range) is the matter of the files beside this one; it prints nothing.

pub mod changes;
mod git;
pub mod walk;
mod world;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::gather;
use crate::guard::{self, Setting};
use crate::model::fact::Scene;
use crate::model::finding::Severity;
use crate::model::policy::Policy;
use crate::model::rule::RuleBook;
use crate::model::scanned::{Note, Remark, Report};
use crate::scan::exceptions::{self, Day};
use crate::scan::unit::{Folder, Unit};
use crate::scan::{self, FILE_CAP, Sheet, kinds, remarks};

pub use git::GitError;
pub use world::Others;

use changes::Repository;
use world::Overlay;

/// Stack of a thread that judges: address space, not memory.
const STACK: usize = 64 * 1024 * 1024;

/// Time for one text; past it the file counts as not judged, which fails the scan.
const UNIT_TIME: Duration = Duration::from_secs(10);

/// The rule of a file that could not be judged.
const UNJUDGED: &str = "scan.unjudged";

/// Ranges of lines, from 1, both ends included.
pub type LineRanges = Vec<(usize, usize)>;

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Bytes(Vec<u8>),
    Disk(PathBuf),
    /// Larger than what is read; its size.
    TooLarge(u64),
}

/// One file to examine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the root, parted by `/`.
    pub path: String,
    pub content: Content,
    /// Lines that are new; a new file is `(1, usize::MAX)`. Nothing: everything counts, and no exception is new.
    pub added: Option<LineRanges>,
}

/// What files are examined with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The folder that paths are relative to.
    pub root: &'a Path,
    /// Paths of backstop itself.
    pub own: &'a [PathBuf],
    pub policy: &'a Policy,
    pub rules: &'a dyn RuleBook,
    /// Where files are read that the examined ones run or feed to a client.
    pub others: &'a Others<'a>,
    pub now: jiff::Timestamp,
}

impl std::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// Examines the files and returns what would be lost by them, in the order of their paths.
pub fn examine(files: &[File], desk: &Desk<'_>) -> Report {
    let scene = scene(desk);
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Report {
        files: files.len(),
        ..Report::default()
    });
    let work = || {
        loop {
            let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            let one = guarded(file, desk, &scene);
            if let (Some(one), Ok(mut all)) = (one, all.lock()) {
                all.remarks.extend(one.remarks);
                all.notes.extend(one.notes);
                all.judged += one.judged;
            }
        }
    };
    let hands = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(files.len().div_ceil(16))
        .max(1);
    let started = std::thread::scope(|scope| {
        (0..hands)
            .filter(|_| {
                std::thread::Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, work)
                    .is_ok()
            })
            .count()
    });
    if started == 0 {
        work();
    }
    let mut report = all.into_inner().unwrap_or_default();
    said_once(&mut report.remarks);
    report.notes.sort();
    report
}

/// Examines what an index or a range of commits changes: new files whole, old ones by their added lines, and deletions.
///
/// # Errors
/// When git does not answer.
pub fn changed(repository: &Repository, desk: &Desk<'_>) -> Result<Report, GitError> {
    let changes = repository.changes()?;
    let removed = changes.removals(desk.rules);
    if changes.files.is_empty() && removed.is_empty() {
        return Ok(Report {
            files: changes.seen,
            notes: changes.notes,
            ..Report::default()
        });
    }
    let read = |path: &str| repository.content(path);
    let others = Others::Tree(&read);
    let desk = Desk {
        others: &others,
        ..*desk
    };
    let mut report = examine(&changes.files, &desk);
    report.files = changes.seen;
    report.notes.extend(changes.notes);
    report.remarks.extend(removed);
    remarks::finish(&mut report.remarks);
    Ok(report)
}

/// A script and the SQL file that it runs both lead to the same statement: one remark, the one that counts.
fn said_once(remarks: &mut Vec<Remark>) {
    remarks.sort_by_key(|remark| !remark.counts());
    let mut seen = HashSet::new();
    remarks.retain(|remark| {
        let spot = &remark.spot;
        seen.insert((
            spot.file.clone(),
            spot.line,
            spot.column,
            remark.rule.clone(),
            remark.summary.clone(),
        ))
    });
    let stated: HashSet<_> = remarks
        .iter()
        .filter(|remark| remark.rule.starts_with("sql."))
        .map(|remark| {
            (
                remark.spot.file.clone(),
                remark.spot.line,
                remark.spot.column,
            )
        })
        .collect();
    // A migration's call is the statement that it stands for; as a driver's call it would be told a second time, and vaguely.
    remarks.retain(|remark| {
        let spot = &remark.spot;
        remark.rule != "code.delete-data"
            || !stated.contains(&(spot.file.clone(), spot.line, spot.column))
    });
    remarks.sort_by(|a, b| (&a.spot, &a.rule, &a.summary).cmp(&(&b.spot, &b.rule, &b.summary)));
}

/// Where the files run. A checkout below a temporary directory is not scratch: its files are meant for somewhere else.
fn scene(desk: &Desk<'_>) -> Scene {
    let place = gather::Place {
        cwd: desk.root,
        scratchpad: None,
        own: desk.own,
        assumed: true,
    };
    let scene = gather::scene(&place);
    let scratch = scene.temporary.iter().any(|dir| desk.root.starts_with(dir));
    if !scratch {
        return scene;
    }
    let name = desk.root.file_name().unwrap_or_default();
    let elsewhere = Path::new("/srv").join(name);
    Scene {
        project: elsewhere.clone(),
        cwd: elsewhere,
        ..scene
    }
}

/// Examines one file; a failure inside is a remark, never silence.
fn guarded(file: &File, desk: &Desk<'_>, scene: &Scene) -> Option<Report> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| one(file, desk, scene)));
    caught.unwrap_or_else(|_| {
        let what = "backstop failed inside while judging this file".to_owned();
        Some(Report {
            remarks: vec![unjudged(&file.path, what, desk)],
            ..Report::default()
        })
    })
}

fn unjudged(path: &str, what: String, desk: &Desk<'_>) -> Remark {
    let severity = desk
        .rules
        .rule(UNJUDGED)
        .map_or(Severity::High, |rule| rule.severity);
    let mut remark = remarks::of_file(path, UNJUDGED, severity, what);
    remark.opaque = true;
    remark
}

fn one(file: &File, desk: &Desk<'_>, scene: &Scene) -> Option<Report> {
    let read;
    let bytes = match &file.content {
        Content::Bytes(bytes) if bytes.len() > FILE_CAP => {
            return Some(too_large(file, bytes.len() as u64));
        }
        Content::Bytes(bytes) => bytes,
        Content::TooLarge(size) => return Some(too_large(file, *size)),
        Content::Disk(path) => match world::bytes(path, file) {
            Ok(bytes) => {
                read = bytes;
                &read
            }
            Err(report) => return report,
        },
    };
    let sheet = scan::read(&file.path, bytes)?;
    let mut report = Report {
        judged: 1,
        ..Report::default()
    };
    for unit in &sheet.units {
        report.remarks.extend(judge(&sheet, unit, desk, scene));
    }
    report.remarks.extend(
        sheet
            .unread
            .iter()
            .map(|what| unjudged(&sheet.path, what.clone(), desk)),
    );
    remarks::finish(&mut report.remarks);
    let today = desk
        .now
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .to_string();
    let knows = |rule: &str| desk.rules.rule(rule).is_some();
    let day = Day {
        today: &today,
        knows: &knows,
    };
    report.notes = exceptions::relieve(&sheet.path, &sheet.exceptions, &mut report.remarks, &day);
    if let Some(added) = &file.added {
        only_added(&sheet, added, desk, &mut report);
    }
    Some(report)
}

/// Keeps what stands on added lines, and reports the exceptions there by themselves.
fn only_added(sheet: &Sheet, added: &[(usize, usize)], desk: &Desk<'_>, report: &mut Report) {
    let is_new = |line: usize| added.iter().any(|(from, to)| (*from..=*to).contains(&line));
    report
        .remarks
        .retain(|remark| remark.spot.file != sheet.path || remarks::touches(remark, added));
    report
        .notes
        .retain(|note| note.line == 0 || is_new(note.line));
    let rule = desk.rules.rule(remarks::NEW_EXCEPTION);
    let severity = rule.map_or(Severity::High, |rule| rule.severity);
    let instead = rule.map_or("", |rule| rule.instead);
    let new = sheet
        .exceptions
        .iter()
        .filter(|exception| is_new(exception.line));
    report.remarks.extend(
        new.filter_map(|exception| remarks::of_exception(sheet, exception, severity, instead)),
    );
    remarks::finish(&mut report.remarks);
}

fn too_large(file: &File, size: u64) -> Report {
    if kinds::guess(&file.path) == kinds::Guess::No {
        return Report::default();
    }
    Report {
        notes: vec![Note {
            name: "scan.too-large".to_owned(),
            file: file.path.clone(),
            line: 0,
            column: 0,
            text: format!(
                "{size} bytes are more than the {FILE_CAP} that are read; this file was not judged"
            ),
        }],
        ..Report::default()
    }
}

/// Judges one text the way `check --facts none` does.
fn judge(sheet: &Sheet, unit: &Unit, desk: &Desk<'_>, scene: &Scene) -> Vec<Remark> {
    let shown = scene.cwd.as_path();
    let in_folder;
    let scene = match (unit.folder, sheet.path.rsplit_once('/')) {
        (Folder::Own, Some((folder, _))) => {
            in_folder = Scene {
                cwd: scene.cwd.join(folder),
                ..scene.clone()
            };
            &in_folder
        }
        _ => scene,
    };
    let world = Overlay {
        base: desk.root,
        shown,
        feed: unit
            .feed
            .as_ref()
            .map(|feed| (scene.cwd.join(&feed.name), feed.text.as_str())),
        others: desk.others,
        deadline: Instant::now() + UNIT_TIME,
    };
    let setting = Setting {
        policy: desk.policy,
        rules: desk.rules,
        scene,
        world: &world,
        now_s: desk.now.as_second(),
    };
    let own = world.shown.join(&sheet.path);
    match guard::judge(&unit.asked, &setting) {
        Ok(judgement) => remarks::of_unit(sheet, unit, &judgement.findings, &own, &|path| {
            world.opened(path)
        }),
        Err(error) => vec![unjudged(&sheet.path, error.to_string(), desk)],
    }
}
