//! Lays the files of all layers over the built-in profile and turns the settings into a policy.
//! It reads no file: the texts are given to it, with the places where they stood.

use std::fmt;
use std::path::PathBuf;

use crate::model::backup::Level;
use crate::model::finding::Severity;
use crate::model::policy::{Demand, Drift, Exception, Limits, Mode, Policy, Waiver};
use crate::model::push::Protection;
use crate::model::target::{TargetKey, TargetKind};

use super::builtin;
use super::layer::{self, Author, GRADES, PROFILES, Settings};
use super::reading::{At, Faults, place};

/// Where a layer comes from; later ones are laid over earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Machine,
    User,
    /// May only tighten: an agent can edit it.
    Project,
}

/// The text of one layer and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerText {
    pub place: Place,
    pub file: PathBuf,
    pub text: String,
}

/// What is wrong with a policy file, and where; line and column count from 1, the column in bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    pub file: PathBuf,
    pub line: usize,
    pub column: usize,
    /// Lower case, no full stop.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            message,
        } = self;
        write!(f, "{}:{line}:{column}: {message}", file.display())
    }
}

/// Lays the layers over the built-in profile, machine first and project last; returns every fault of every file at once.
///
/// ```
/// use backstop::policy::{LayerText, Place, load};
///
/// let text = "[backup]\nmax_age = \"30m\"\n".to_owned();
/// let layer = LayerText { place: Place::Project, file: ".backstop/policy.toml".into(), text };
/// assert_eq!(load(&[layer]).unwrap().max_age_s, 1_800);
/// ```
pub fn load(layers: &[LayerText]) -> Result<Policy, Vec<PolicyError>> {
    let mut order: Vec<&LayerText> = layers.iter().collect();
    order.sort_by_key(|layer| layer.place);
    let profile = order
        .iter()
        .filter(|layer| layer.place != Place::Project)
        .filter_map(|layer| layer::profile(&layer.text))
        .next_back();
    let mut settings = builtin::settings(profile.unwrap_or_else(|| place_of(&PROFILES, "default")));
    let mut errors = Vec::new();
    let mut exceptions = Vec::new();
    for layer in order {
        let mut faults = Faults::default();
        let author = match layer.place {
            Place::Machine | Place::User => Author::Owner,
            Place::Project => Author::Project,
        };
        layer::overlay(&layer.text, author, &grade, &mut settings, &mut faults);
        exceptions.extend(reliefs(&mut settings, &mut faults));
        for fault in faults.sorted() {
            let (line, column) = place(&layer.text, fault.at);
            let (file, message) = (layer.file.clone(), fault.message);
            errors.push(PolicyError {
                file,
                line,
                column,
                message,
            });
        }
    }
    if errors.is_empty() {
        Ok(policy(settings, exceptions))
    } else {
        Err(errors)
    }
}

fn place_of(words: &[&str], word: &str) -> usize {
    words
        .iter()
        .position(|known| *known == word)
        .unwrap_or_default()
}

/// Returns the severity that a rule was built with, as a place in `GRADES`.
fn grade(id: &str) -> Option<usize> {
    builtin::book()
        .rule(id)
        .map(|rule| place_of(&GRADES, rule.severity.name()))
}

/// Takes the exceptions of the layer that was read last, with their last days as points in time.
fn reliefs(settings: &mut Settings, faults: &mut Faults) -> Vec<Exception> {
    let mut all = Vec::new();
    for relief in settings.exceptions.drain(..) {
        if relief.expires.value.is_empty() {
            continue;
        }
        match expiry(&relief.expires) {
            Some(expires) => all.push(Exception {
                rule: relief.rule,
                target: relief.target,
                reason: relief.reason,
                expires,
            }),
            None => faults.add(
                relief.expires.at,
                format!("`{}` is no date: write the last day on which the exception holds, as \"2026-12-31\"", relief.expires.value),
            ),
        }
    }
    all
}

/// Returns the end of a day (UTC), or the point in time that an RFC 3339 text names.
fn expiry(text: &At<String>) -> Option<i64> {
    if let Ok(point) = text.value.parse::<jiff::Timestamp>() {
        return Some(point.as_second());
    }
    let day: jiff::civil::Date = text.value.parse().ok()?;
    let next = day.tomorrow().ok()?;
    let zoned = next.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

/// Turns settings into the policy that every other room reads.
pub(super) fn policy(settings: Settings, exceptions: Vec<Exception>) -> Policy {
    let word = |words: &'static [&'static str], place: usize| {
        words.get(place).copied().unwrap_or_default()
    };
    let grades = [
        Severity::Moderate,
        Severity::High,
        Severity::Critical,
        Severity::Catastrophic,
    ];
    let demands = grades
        .into_iter()
        .zip(settings.demands)
        .chain([(Severity::None, 0)])
        .map(|(severity, place)| (severity, demand(place)))
        .collect();
    let severities = settings
        .severities
        .iter()
        .map(|(rule, place)| (rule.clone(), severity(*place)))
        .collect();
    Policy {
        profile: word(&PROFILES, settings.profile).to_owned(),
        mode: mode(settings.mode),
        demands,
        severities,
        max_age_s: settings.max_age_s,
        level: level(settings.verify),
        approvals: u8::try_from(settings.approvals).unwrap_or(u8::MAX),
        approval_ttl_s: settings.approval_ttl_s,
        request_ttl_s: settings.request_ttl_s,
        pause_s: settings.pause_s,
        two_people: settings.two_people,
        strength: word(&layer::STRENGTHS, settings.strength).to_owned(),
        min_bytes: settings.min_bytes,
        waiver: waiver(settings.waiver),
        drift: drift(settings.drift),
        limits: limits(&settings),
        regenerable: settings.regenerable,
        protection: Protection {
            branches: settings.protected,
            tags: settings.protected_tags,
        },
        backup_dir: (!settings.dir.is_empty()).then(|| settings.dir.into()),
        codec: word(&layer::CODECS, settings.codec).to_owned(),
        tool_dirs: settings.tool_dirs.into_iter().map(PathBuf::from).collect(),
        exceptions,
        enrolled: settings
            .enrolled
            .into_iter()
            .map(|(kind, locator)| key(&kind, locator))
            .collect(),
        relax_small: settings.small_snapshot,
        keep_guard_s: settings.keep_guard_s,
        undo_window_s: settings.undo_window_s,
        mcp: settings.mcp,
    }
}

const fn limits(settings: &Settings) -> Limits {
    Limits {
        backup_bytes: settings.backup_bytes,
        backup_seconds: settings.backup_seconds,
        hold_wait_ms: settings.hold_wait_ms,
        snapshot_wait_ms: settings.snapshot_wait_ms,
        deadline_ms: settings.deadline_ms,
        small_files: settings.small_files,
        small_bytes: settings.small_bytes,
        small_rows: settings.small_rows,
        free_bytes: settings.free_bytes,
    }
}

fn key(kind: &str, locator: String) -> TargetKey {
    let kind = KINDS
        .into_iter()
        .find(|known| known.name() == kind)
        .unwrap_or(TargetKind::Unknown);
    TargetKey { kind, locator }
}

const KINDS: [TargetKind; 15] = [
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
    TargetKind::Image,
    TargetKind::Resource,
    TargetKind::Unknown,
];

/// A place outside the list cannot come out of `layer`; it would count as the strictest.
const fn demand(place: usize) -> Demand {
    match place {
        0 => Demand::Allow,
        1 => Demand::Snapshot,
        2 => Demand::Hold,
        _ => Demand::Deny,
    }
}

const fn severity(place: usize) -> Severity {
    match place {
        0 => Severity::None,
        1 => Severity::Moderate,
        2 => Severity::High,
        3 => Severity::Critical,
        _ => Severity::Catastrophic,
    }
}

const fn level(place: usize) -> Level {
    match place {
        0 => Level::None,
        1 => Level::Digest,
        2 => Level::Readable,
        _ => Level::Restored,
    }
}

const fn mode(place: usize) -> Mode {
    match place {
        0 => Mode::Observe,
        1 => Mode::SnapshotOnly,
        _ => Mode::Enforce,
    }
}

const fn drift(place: usize) -> Drift {
    match place {
        0 => Drift::Shown,
        1 => Drift::Renew,
        _ => Drift::None,
    }
}

const fn waiver(place: usize) -> Waiver {
    match place {
        0 => Waiver::Impossible,
        1 => Waiver::NoDriver,
        _ => Waiver::Never,
    }
}
