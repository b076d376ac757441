//! The verdict over what was found and what is owed. Pure: it asks nothing and records nothing.
//! An approval never replaces a backup, and a backup never replaces an approval.

pub mod fingerprint;

use crate::model::backup::Freshness;
use crate::model::evidence::{BackupFound, Evidence};
use crate::model::finding::Finding;
use crate::model::policy::{Demand, Mode, Requirement};
use crate::model::target::TargetKey;
use crate::model::verdict::{Answer, Verdict};

/// Decides over one call.
///
/// ```
/// use backstop::decide::decide;
/// use backstop::model::policy::{Demand, Mode, Requirement};
/// use backstop::model::verdict::Answer;
/// let owed = Requirement { demand: Demand::Hold, backups: vec![], approvals: 2, waivers: vec![] };
/// let verdict = decide(vec![], owed, &Default::default(), Mode::Enforce);
/// assert_eq!((verdict.answer, verdict.gaps.len()), (Answer::Hold, 1));
/// ```
pub fn decide(
    findings: Vec<Finding>,
    requirement: Requirement,
    evidence: &Evidence,
    mode: Mode,
) -> Verdict {
    let gaps = gaps(&requirement, evidence);
    let answer = match (mode, requirement.demand) {
        (_, Demand::Allow) | (Mode::Observe, Demand::Snapshot | Demand::Hold | Demand::Deny) => {
            Answer::Allow
        }
        (Mode::Enforce | Mode::SnapshotOnly, Demand::Deny) => Answer::Deny,
        (Mode::Enforce | Mode::SnapshotOnly, Demand::Snapshot)
        | (Mode::SnapshotOnly, Demand::Hold) => Answer::Snapshot,
        (Mode::Enforce, Demand::Hold) if gaps.is_empty() => Answer::Allow,
        (Mode::Enforce, Demand::Hold) => Answer::Hold,
    };
    Verdict {
        answer,
        findings,
        requirement,
        gaps,
    }
}

/// Returns what is missing, as sentences without full stop; backups first.
pub fn gaps(requirement: &Requirement, evidence: &Evidence) -> Vec<String> {
    if matches!(requirement.demand, Demand::Allow | Demand::Deny) {
        return Vec::new();
    }
    let mut gaps: Vec<String> = requirement
        .backups
        .iter()
        .filter_map(|need| {
            let found = evidence.backups.iter().find(|found| found.need == *need);
            backup_gap(need, found, &evidence.waived)
        })
        .collect();
    let unwaived = requirement
        .waivers
        .iter()
        .filter(|(key, _)| !evidence.waived.contains(key));
    gaps.extend(unwaived.map(|(key, reason)| {
        format!(
            "no backup of {} can be made: {reason}; the approval has to waive it",
            key.locator
        )
    }));
    let relieved = is_leased(requirement, evidence);
    if !relieved && evidence.approvals < requirement.approvals {
        let missing = requirement.approvals - evidence.approvals;
        gaps.push(format!(
            "{missing} of {} approvals missing",
            requirement.approvals
        ));
        gaps.extend(evidence.refused.iter().cloned());
    }
    gaps
}

/// Tells whether every target of the requirement is under a lease.
fn is_leased(requirement: &Requirement, evidence: &Evidence) -> bool {
    !requirement.backups.is_empty()
        && requirement.waivers.is_empty()
        && requirement
            .backups
            .iter()
            .all(|need| evidence.leased.contains(&need.target.key()))
}

fn backup_gap(
    need: &crate::model::policy::BackupNeed,
    found: Option<&BackupFound>,
    waived: &[TargetKey],
) -> Option<String> {
    let locator = &need.target.locator;
    let wanted = format!(
        "no verified backup of {locator} younger than {}",
        age(need.max_age_s)
    );
    let Some(found) = found else {
        return Some(wanted);
    };
    if found.has_failed && waived.contains(&need.target.key()) {
        return None;
    }
    let detail = match &found.freshness {
        Freshness::Fresh => return None,
        Freshness::Stale(seconds) => format!(" (newest: {})", age(*seconds)),
        Freshness::Unverified(level) => format!(
            " (newest is verified to `{}` only, `{}` is needed)",
            level.name(),
            need.verify.name()
        ),
        Freshness::WrongTarget(why) | Freshness::Changed(why) => format!(" ({why})"),
        Freshness::Missing => String::new(),
    };
    let progress = found
        .progress
        .as_ref()
        .map(|text| format!("; {text}"))
        .unwrap_or_default();
    Some(format!("{wanted}{detail}{progress}"))
}

/// Returns a length of time as people say it; seconds, minutes, hours or days.
pub fn age(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=3599 => format!("{} min", seconds / 60),
        3600..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::model::backup::Level;
    use crate::model::policy::BackupNeed;
    use crate::model::target::{Reach, Target, TargetKind};

    fn need() -> BackupNeed {
        let path = PathBuf::from("/srv/data");
        let target = Target {
            kind: TargetKind::Path,
            locator: "/srv/data".into(),
            object: None,
            reach: Reach::Path(path),
        };
        BackupNeed {
            target,
            max_age_s: 3600,
            verify: Level::Readable,
            objects: vec![],
            definitions: Vec::new(),
        }
    }

    fn owed(demand: Demand) -> Requirement {
        Requirement {
            demand,
            backups: vec![need()],
            approvals: 2,
            waivers: vec![],
        }
    }

    fn found(freshness: Freshness) -> BackupFound {
        BackupFound {
            has_failed: false,
            need: need(),
            freshness,
            id: None,
            age_s: None,
            bytes: 0,
            recovery: vec![],
            progress: None,
            drift: None,
        }
    }

    #[test]
    fn a_fresh_backup_and_two_approvals_allow() {
        let evidence = Evidence {
            backups: vec![found(Freshness::Fresh)],
            approvals: 2,
            ..Evidence::default()
        };
        assert_eq!(
            decide(vec![], owed(Demand::Hold), &evidence, Mode::Enforce).answer,
            Answer::Allow
        );
    }

    #[test]
    fn approvals_alone_and_a_backup_alone_hold() {
        let approved = Evidence {
            approvals: 2,
            ..Evidence::default()
        };
        assert_eq!(
            decide(vec![], owed(Demand::Hold), &approved, Mode::Enforce).answer,
            Answer::Hold
        );
        let backed = Evidence {
            backups: vec![found(Freshness::Fresh)],
            approvals: 1,
            ..Evidence::default()
        };
        assert_eq!(
            decide(vec![], owed(Demand::Hold), &backed, Mode::Enforce).answer,
            Answer::Hold
        );
    }

    #[test]
    fn a_lease_replaces_approvals_but_not_the_backup() {
        let leased = vec![need().target.key()];
        let with = Evidence {
            backups: vec![found(Freshness::Fresh)],
            leased: leased.clone(),
            ..Evidence::default()
        };
        assert_eq!(
            decide(vec![], owed(Demand::Hold), &with, Mode::Enforce).answer,
            Answer::Allow
        );
        let without = Evidence {
            leased,
            ..Evidence::default()
        };
        assert_eq!(
            decide(vec![], owed(Demand::Hold), &without, Mode::Enforce).answer,
            Answer::Hold
        );
    }

    #[test]
    fn no_evidence_opens_a_denied_call() {
        let evidence = Evidence {
            backups: vec![found(Freshness::Fresh)],
            approvals: 9,
            ..Evidence::default()
        };
        for mode in [Mode::Enforce, Mode::SnapshotOnly] {
            assert_eq!(
                decide(vec![], owed(Demand::Deny), &evidence, mode).answer,
                Answer::Deny
            );
        }
    }

    #[test]
    fn gaps_name_what_is_missing() {
        let evidence = Evidence {
            backups: vec![found(Freshness::Stale(93_600))],
            ..Evidence::default()
        };
        let verdict = decide(vec![], owed(Demand::Hold), &evidence, Mode::Enforce);
        assert_eq!(
            verdict.gaps,
            [
                "no verified backup of /srv/data younger than 1 h (newest: 26 h)",
                "2 of 2 approvals missing"
            ]
        );
    }

    #[test]
    fn observing_lets_everything_run_and_snapshot_only_asks_for_no_approval() {
        assert_eq!(
            decide(
                vec![],
                owed(Demand::Hold),
                &Evidence::default(),
                Mode::Observe
            )
            .answer,
            Answer::Allow
        );
        assert_eq!(
            decide(
                vec![],
                owed(Demand::Hold),
                &Evidence::default(),
                Mode::SnapshotOnly
            )
            .answer,
            Answer::Snapshot
        );
    }
}
