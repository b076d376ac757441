//! Which backups are kept and which may go, each with its reason.
//! One pure function; nothing is removed here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::backup::{BackupType, Entry, Level};
use crate::model::target::TargetKey;

const DAY_S: i64 = 24 * 3600;

/// How long backups are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    pub guard_days: u32,
    pub pre_deploy_days: u32,
    pub scheduled_days: u32,
    pub manual_days: u32,
    pub emergency_days: u32,
    /// A backup that a used request relied on stays for so long after the use.
    pub undo_days: u32,
    /// Most backups of one type for one target.
    pub per_target: usize,
    /// Scheduled backups beyond their days: the newest of each of the last so many days, weeks, months.
    pub daily: usize,
    pub weekly: usize,
    pub monthly: usize,
    /// All backups together; the oldest go first.
    pub total_bytes: u64,
    /// Space to be won back because the disk is fuller than its floor allows.
    pub wanted_bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            guard_days: 7,
            pre_deploy_days: 7,
            scheduled_days: 30,
            manual_days: 90,
            emergency_days: 180,
            undo_days: 30,
            per_target: 100,
            daily: 7,
            weekly: 4,
            monthly: 12,
            total_bytes: u64::MAX,
            wanted_bytes: 0,
        }
    }
}

impl Keep {
    const fn days(&self, kind: BackupType) -> u32 {
        match kind {
            BackupType::Guard => self.guard_days,
            BackupType::PreDeploy => self.pre_deploy_days,
            BackupType::Scheduled => self.scheduled_days,
            BackupType::Manual => self.manual_days,
            BackupType::Emergency => self.emergency_days,
        }
    }
}

/// What is known about the requests that rely on a backup, and about its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Standing {
    /// Not known counts as being there.
    pub target_gone: bool,
    /// An open request relies on it.
    pub open: bool,
    /// A used request relied on it, and when it was used.
    pub used_at: Option<Timestamp>,
}

/// Keep or drop, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub id: String,
    pub keep: bool,
    /// A sentence without full stop.
    pub reason: String,
}

/// Decides about every backup, in the order given.
pub fn decide(
    entries: &[Entry],
    standing: impl Fn(&Entry) -> Standing,
    keep: &Keep,
    now: Timestamp,
) -> Vec<Decision> {
    let bound = bound(entries, &standing, keep, now);
    let mut ranked: Vec<(&Entry, Timestamp)> = entries
        .iter()
        .map(|entry| (entry, time(entry).unwrap_or(now)))
        .collect();
    ranked.sort_by_key(|one| std::cmp::Reverse(one.1));
    let periods = periods(&ranked, keep);
    let mut counts: BTreeMap<(TargetKey, BackupType), usize> = BTreeMap::new();
    let mut verdicts: BTreeMap<&str, (bool, String)> = BTreeMap::new();
    for (entry, at) in &ranked {
        let id = entry.manifest.id.as_str();
        let kind = entry.manifest.kind;
        let count = counts
            .entry((entry.manifest.target.clone(), kind))
            .or_default();
        *count += 1;
        let from = standing(entry).used_at.unwrap_or(*at).max(*at);
        let age = (now.as_second() - from.as_second()) / DAY_S;
        let verdict = match (bound.get(id), periods.get(id)) {
            (Some(reason), _) => (true, reason.clone()),
            (None, period) => by_age(keep, kind, *count, age, period.copied()),
        };
        verdicts.insert(id, verdict);
    }
    shrink(&ranked, &bound, keep, &mut verdicts);
    entries
        .iter()
        .map(|entry| {
            let (keep, reason) = verdicts
                .get(entry.manifest.id.as_str())
                .cloned()
                .unwrap_or((true, "not judged".into()));
            Decision {
                id: entry.manifest.id.clone(),
                keep,
                reason,
            }
        })
        .collect()
}

/// Judges what nothing binds: by number, by age, and as the newest of a period.
fn by_age(
    keep: &Keep,
    kind: BackupType,
    count: usize,
    age: i64,
    period: Option<&str>,
) -> (bool, String) {
    let (name, days) = (kind.name(), keep.days(kind));
    if count > keep.per_target {
        let most = keep.per_target;
        return (
            false,
            format!("more than {most} of this type for this target"),
        );
    }
    if age < i64::from(days) {
        return (true, format!("{name} backups are kept for {days} days"));
    }
    match period {
        Some(period) => (true, format!("the newest of its {period}")),
        None => (
            false,
            format!("{age} days old, and {name} backups are kept for {days}"),
        ),
    }
}

fn time(entry: &Entry) -> Option<Timestamp> {
    entry.manifest.snapshot_at.parse().ok()
}

/// The backups that never go, whatever their age and size.
fn bound(
    entries: &[Entry],
    standing: &impl Fn(&Entry) -> Standing,
    keep: &Keep,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let mut bound = BTreeMap::new();
    let mut last: BTreeMap<&TargetKey, &Entry> = BTreeMap::new();
    for entry in entries {
        let stands = standing(entry);
        let id = entry.manifest.id.clone();
        if time(entry).is_none() {
            bound.insert(id, "its time cannot be read".to_owned());
            continue;
        }
        if stands.open {
            bound.insert(id.clone(), "an open request relies on it".to_owned());
        } else if stands.used_at.is_some_and(|used| {
            now.as_second() - used.as_second() < i64::from(keep.undo_days) * DAY_S
        }) {
            let reason = format!(
                "a used request may still be undone ({} days)",
                keep.undo_days
            );
            bound.insert(id.clone(), reason);
        }
        if !stands.target_gone && entry.manifest.verification.level >= Level::Readable {
            let newest = last.entry(&entry.manifest.target).or_insert(entry);
            if time(entry) > time(newest) {
                *newest = entry;
            }
        }
    }
    for entry in last.values() {
        bound.entry(entry.manifest.id.clone()).or_insert_with(|| {
            "the last verified backup of a target that is still there".to_owned()
        });
    }
    bound
}

/// The newest scheduled backup of each of the last days, weeks and months, for each target.
fn periods(ranked: &[(&Entry, Timestamp)], keep: &Keep) -> BTreeMap<String, &'static str> {
    let mut kept = BTreeMap::new();
    let mut seen: BTreeSet<(TargetKey, &'static str, i64)> = BTreeSet::new();
    let mut used: BTreeMap<(TargetKey, &'static str), usize> = BTreeMap::new();
    for (entry, at) in ranked {
        let manifest = &entry.manifest;
        if manifest.kind != BackupType::Scheduled || manifest.verification.level < Level::Readable {
            continue;
        }
        let date = at.to_zoned(TimeZone::UTC).date();
        let day = at.as_second().div_euclid(DAY_S);
        let month = i64::from(date.year()) * 12 + i64::from(date.month());
        // Weeks begin on Monday; the first day of 1970 was a Thursday.
        let slots = [
            ("day", day, keep.daily),
            ("week", (day + 3).div_euclid(7), keep.weekly),
            ("month", month, keep.monthly),
        ];
        for (name, slot, limit) in slots {
            let count = used.entry((manifest.target.clone(), name)).or_default();
            if *count < limit && seen.insert((manifest.target.clone(), name, slot)) {
                *count += 1;
                kept.entry(manifest.id.clone()).or_insert(name);
            }
        }
    }
    kept
}

/// Drops the oldest of what is not bound until the sizes fit.
fn shrink(
    ranked: &[(&Entry, Timestamp)],
    bound: &BTreeMap<String, String>,
    keep: &Keep,
    verdicts: &mut BTreeMap<&str, (bool, String)>,
) {
    let size = |entry: &Entry| entry.manifest.bytes();
    let kept: u64 = ranked
        .iter()
        .filter(|(entry, _)| {
            verdicts
                .get(entry.manifest.id.as_str())
                .is_some_and(|verdict| verdict.0)
        })
        .map(|(entry, _)| size(entry))
        .sum();
    let all: u64 = ranked.iter().map(|(entry, _)| size(entry)).sum();
    let mut over = kept.saturating_sub(keep.total_bytes);
    over = over.max(keep.wanted_bytes.saturating_sub(all - kept));
    for (entry, _) in ranked.iter().rev() {
        if over == 0 {
            return;
        }
        if bound.contains_key(&entry.manifest.id) {
            continue;
        }
        if let Some(verdict) = verdicts
            .get_mut(entry.manifest.id.as_str())
            .filter(|verdict| verdict.0)
        {
            *verdict = (
                false,
                "the backups take more space than they may".to_owned(),
            );
            over = over.saturating_sub(size(entry));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::coverage::tests::entry;

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn dropped(
        entries: &[Entry],
        standing: impl Fn(&Entry) -> Standing,
        keep: &Keep,
    ) -> Vec<usize> {
        decide(entries, standing, keep, now())
            .iter()
            .enumerate()
            .filter(|(_, decision)| !decision.keep)
            .map(|(at, _)| at)
            .collect()
    }

    fn none(_: &Entry) -> Standing {
        Standing::default()
    }

    #[test]
    fn old_guard_backups_go_and_the_last_verified_one_stays() {
        let entries = [
            entry("2026-10-01T00:00:00Z"),
            entry("2026-10-02T00:00:00Z"),
            entry("2026-10-03T00:00:00Z"),
        ];
        assert_eq!(dropped(&entries, none, &Keep::default()), [0, 1]);
        let gone = |_: &Entry| Standing {
            target_gone: true,
            ..Standing::default()
        };
        assert_eq!(dropped(&entries, gone, &Keep::default()), [0, 1, 2]);
    }

    #[test]
    fn an_unverified_newer_backup_does_not_release_the_last_verified_one() {
        let mut newer = entry("2026-10-03T00:00:00Z");
        newer.manifest.verification.level = Level::None;
        let entries = [entry("2026-10-01T00:00:00Z"), newer];
        assert_eq!(dropped(&entries, none, &Keep::default()), [1]);
    }

    #[test]
    fn a_used_request_binds_its_backup_for_the_undo_window_and_an_open_one_always() {
        let entries = [entry("2026-06-01T00:00:00Z"), entry("2026-11-20T00:00:00Z")];
        let used = |days: i64| {
            move |_: &Entry| Standing {
                used_at: Some(Timestamp::from_second(now().as_second() - days * DAY_S).unwrap()),
                ..Standing::default()
            }
        };
        assert_eq!(dropped(&entries, used(29), &Keep::default()), [0_usize; 0]);
        assert_eq!(dropped(&entries, used(31), &Keep::default()), [0]);
        let open = |_: &Entry| Standing {
            open: true,
            ..Standing::default()
        };
        assert_eq!(dropped(&entries, open, &Keep::default()), [0_usize; 0]);
    }

    #[test]
    fn scheduled_backups_thin_out_to_days_weeks_and_months() {
        let mut entries = Vec::new();
        for day in 0..400 {
            let at = Timestamp::from_second(now().as_second() - day * DAY_S).unwrap();
            let mut entry = entry(&at.to_string());
            entry.manifest.kind = BackupType::Scheduled;
            entries.push(entry);
        }
        let keep = Keep {
            per_target: 1000,
            ..Keep::default()
        };
        let decisions = decide(&entries, none, &keep, now());
        let kept: Vec<usize> = (0..400).filter(|at| decisions[*at].keep).collect();
        assert_eq!(kept.iter().filter(|at| **at < 30).count(), 30);
        let older = kept.iter().filter(|at| **at >= 30).count();
        assert!((10..=12).contains(&older), "{older}");
        assert!(decisions[kept[kept.len() - 1]].reason.contains("month"));
    }

    #[test]
    fn sizes_drop_the_oldest_first_and_never_the_bound() {
        let entries = [
            entry("2026-11-21T09:00:00Z"),
            entry("2026-11-20T09:00:00Z"),
            entry("2026-11-19T09:00:00Z"),
        ];
        let keep = Keep {
            total_bytes: 200,
            ..Keep::default()
        };
        assert_eq!(dropped(&entries, none, &keep), [2]);
        let keep = Keep {
            wanted_bytes: 1_000_000,
            ..Keep::default()
        };
        assert_eq!(dropped(&entries, none, &keep), [1, 2]);
    }

    #[test]
    fn every_type_has_its_days_and_a_target_its_number() {
        let kinds = [
            (BackupType::Guard, 7),
            (BackupType::PreDeploy, 7),
            (BackupType::Scheduled, 30),
            (BackupType::Manual, 90),
            (BackupType::Emergency, 180),
        ];
        let keep = Keep {
            daily: 0,
            weekly: 0,
            monthly: 0,
            ..Keep::default()
        };
        for (kind, days) in kinds {
            let aged = |days: i64| {
                let at = Timestamp::from_second(now().as_second() - days * DAY_S).unwrap();
                let mut entry = entry(&at.to_string());
                entry.manifest.kind = kind;
                entry
            };
            // The newest is the last verified one and stays anyway.
            let entries = [aged(0), aged(days - 1), aged(days)];
            assert_eq!(dropped(&entries, none, &keep), [2], "{kind:?}");
        }
        let entries: Vec<Entry> = (0..5)
            .map(|hours| entry(&format!("2026-11-21T0{hours}:00:00Z")))
            .collect();
        let keep = Keep {
            per_target: 3,
            ..Keep::default()
        };
        assert_eq!(dropped(&entries, none, &keep), [0, 1]);
    }

    #[test]
    fn every_decision_has_a_reason_and_the_order_of_the_question() {
        let entries = [entry("2026-11-20T09:00:00Z"), entry("2026-01-01T00:00:00Z")];
        let decisions = decide(&entries, none, &Keep::default(), now());
        assert!(decisions.iter().all(|decision| !decision.reason.is_empty()));
        assert_eq!(decisions[1].id, entries[1].manifest.id);
    }
}
