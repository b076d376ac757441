//! From findings to what is owed: backups, approvals, waivers.
//! It does not look whether any of it is there; evidence and verdict come later.

use std::collections::{HashMap, HashSet};

use crate::model::backup::Definition;
use crate::model::finding::{Finding, Severity};
use crate::model::pattern::is_like;
use crate::model::policy::{BackupNeed, Demand, Policy, Requirement, Waiver};
use crate::model::target::{Reach, Target, TargetKey, TargetKind};

/// Lowers what the facts or the owner's exceptions make harmless to `none` and drops it; returns what the rest owes.
///
/// ```
/// use backstop::model::policy::Demand;
/// use backstop::policy::{builtin, require};
///
/// let owed = require(&mut Vec::new(), &builtin::default_policy(), 0);
/// assert_eq!((owed.demand, owed.approvals), (Demand::Allow, 0));
/// ```
pub fn require(findings: &mut Vec<Finding>, policy: &Policy, now_s: i64) -> Requirement {
    for finding in findings.iter_mut() {
        finding.severity = severity(finding, policy, now_s);
    }
    findings.retain(|finding| finding.severity > Severity::None);
    let mut debts = Debts {
        owed: Requirement {
            demand: Demand::Allow,
            backups: Vec::new(),
            approvals: 0,
            waivers: Vec::new(),
        },
        places: HashMap::new(),
        waived: HashSet::new(),
        objects: HashSet::new(),
        joined: HashSet::new(),
    };
    for finding in findings.iter() {
        let demand = demand(finding, policy);
        debts.owed.demand = debts.owed.demand.max(demand);
        if demand > Demand::Allow {
            for target in &finding.targets {
                debts.owe(finding, target, policy);
            }
        }
    }
    let mut owed = debts.owed;
    // INVARIANT: a loss that no backup can cover cannot be snapshotted either; a human has to know.
    if owed.demand == Demand::Snapshot && (!owed.waivers.is_empty() || owed.backups.is_empty()) {
        owed.demand = Demand::Hold;
    }
    if owed.demand >= Demand::Hold {
        owed.approvals = policy.approvals;
    }
    owed
}

/// Returns the severity that counts: the layer's own, `none` for what is exempt or excepted.
fn severity(finding: &Finding, policy: &Policy, now_s: i64) -> Severity {
    if finding.exempt.is_some() || is_excepted(finding, policy, now_s) {
        return Severity::None;
    }
    match policy.severities.get(&finding.rule) {
        // Facts may have lowered or raised the finding's own severity; a layer's word replaces that of the rule.
        Some(severity) => *severity,
        None if is_small(finding, policy) => finding.severity.min(Severity::Moderate),
        None => finding.severity,
    }
}

/// Tells whether the profile snapshots a loss of this size instead of holding it.
fn is_small(finding: &Finding, policy: &Policy) -> bool {
    let limits = &policy.limits;
    let backed = |target: &Target| {
        matches!(
            target.reach,
            Reach::Path(_)
                | Reach::Sqlite(_)
                | Reach::Postgres(_)
                | Reach::GitRefs(_)
                | Reach::GitRemote(_)
        )
    };
    policy.relax_small
        && finding.severity <= Severity::High
        && !finding.opaque
        && finding.targets.iter().all(backed)
        && finding.blast.measured.is_some_and(|size| {
            size.files <= limits.small_files
                && size.bytes <= limits.small_bytes
                && size.rows <= limits.small_rows
        })
}

/// Tells whether exceptions that have not expired cover every target of a finding. Nothing opens a catastrophe.
fn is_excepted(finding: &Finding, policy: &Policy, now_s: i64) -> bool {
    let mut exceptions = policy
        .exceptions
        .iter()
        .filter(|exception| exception.rule == finding.rule && now_s < exception.expires);
    if finding.severity == Severity::Catastrophic || finding.opaque {
        return false;
    }
    let covers = |pattern: &Option<String>, target: &Target| {
        pattern
            .as_ref()
            .is_none_or(|pattern| is_like(pattern, &target.locator))
    };
    if finding.targets.is_empty() {
        return exceptions.any(|exception| exception.target.is_none());
    }
    let exceptions: Vec<_> = exceptions.collect();
    finding.targets.iter().all(|target| {
        exceptions
            .iter()
            .any(|exception| covers(&exception.target, target))
    })
}

fn demand(finding: &Finding, policy: &Policy) -> Demand {
    let fallback = match finding.severity {
        Severity::None => Demand::Allow,
        Severity::Moderate | Severity::High | Severity::Critical => Demand::Hold,
        Severity::Catastrophic => Demand::Deny,
    };
    let demand = policy
        .demands
        .get(&finding.severity)
        .copied()
        .unwrap_or(fallback);
    if finding.opaque && demand == Demand::Snapshot {
        // There is nothing to back up, so that only approvals can answer for it.
        return Demand::Hold;
    }
    demand
}

/// What is owed so far, and where in it everything stands: a call may name thousands of targets.
struct Debts {
    owed: Requirement,
    places: HashMap<TargetKey, usize>,
    waived: HashSet<TargetKey>,
    /// Objects that the backup at a place has to hold.
    objects: HashSet<(usize, String)>,
    /// Places at which losses were joined already; their paths are in order.
    joined: HashSet<usize>,
}

impl Debts {
    /// Adds what one target of a finding owes.
    fn owe(&mut self, finding: &Finding, target: &Target, policy: &Policy) {
        if finding.opaque {
            // What would be lost is not known, but where: there a backup of everything holds it.
            if matches!(target.reach, Reach::Sqlite(_) | Reach::Postgres(_)) {
                let whole = Target {
                    object: None,
                    ..target.clone()
                };
                self.add(&whole, &[], policy);
            }
            return;
        }
        self.add(target, &finding.blast.definitions, policy);
        self.widen(target, &finding.blast.tables);
    }

    /// Adds what one target owes: a backup, or a waiver where nothing can make one.
    fn add(&mut self, target: &Target, definitions: &[Definition], policy: &Policy) {
        let reason = match &target.reach {
            Reach::Path(_)
            | Reach::Sqlite(_)
            | Reach::Worktree(_)
            | Reach::Postgres(_)
            | Reach::GitRefs(_)
            | Reach::GitRemote(_) => {
                return self.need(target, definitions, policy);
            }
            Reach::NoDriver => format!("nothing can back up {}", kind_words(target.kind)),
            Reach::Unreachable(reason) => reason.clone(),
        };
        let key = target.key();
        if !self.waived.insert(key.clone()) {
            return;
        }
        let reason = match policy.waiver {
            Waiver::Never => format!("{reason}, and policy allows no waiver"),
            Waiver::NoDriver | Waiver::Impossible => reason,
        };
        self.owed.waivers.push((key, reason));
    }

    /// Joins the objects of one target; a loss of the whole target takes them all in.
    fn need(&mut self, target: &Target, definitions: &[Definition], policy: &Policy) {
        // What is lost as a definition is looked for as one; a table that it belongs to is named by it.
        let object = target.object.clone().filter(|_| definitions.is_empty());
        let is_whole = target.object.is_none();
        let next = self.owed.backups.len();
        let place = *self.places.entry(target.key()).or_insert(next);
        let fresh = object.filter(|object| self.objects.insert((place, object.clone())));
        let Some(need) = self.owed.backups.get_mut(place) else {
            return self.owed.backups.push(BackupNeed {
                target: target.clone(),
                max_age_s: policy.max_age_s,
                verify: policy.level,
                objects: fresh.into_iter().collect(),
                definitions: if is_whole {
                    Vec::new()
                } else {
                    definitions.to_vec()
                },
            });
        };
        let first = self.joined.insert(place);
        join(&mut need.target.reach, &target.reach, first);
        if need.is_whole() {
            return;
        }
        if is_whole {
            need.objects.clear();
            need.definitions.clear();
            need.target.object = None;
            return;
        }
        need.objects.extend(fresh);
        for one in definitions {
            if !need.definitions.contains(one) {
                need.definitions.push(one.clone());
            }
        }
    }

    /// Tables that go along with the named object belong to the same backup and the same undo.
    fn widen(&mut self, target: &Target, tables: &[String]) {
        if tables.is_empty() {
            return;
        }
        let Some(place) = self.places.get(&target.key()).copied() else {
            return;
        };
        let need = self.owed.backups.get_mut(place);
        if let Some(need) = need.filter(|need| !need.is_whole()) {
            for table in tables {
                if self.objects.insert((place, table.clone())) {
                    need.objects.push(table.clone());
                }
            }
        }
    }
}

/// One backup of a work tree takes what all losses of it take together.
fn join(reach: &mut Reach, other: &Reach, first: bool) {
    let (Reach::Worktree(reach), Reach::Worktree(other)) = (reach, other) else {
        return;
    };
    reach.changed |= other.changed;
    reach.untracked |= other.untracked;
    reach.ignored |= other.ignored;
    if other.paths.is_empty() {
        reach.paths.clear();
    }
    if first {
        reach.paths.sort();
        reach.paths.dedup();
    }
    if !reach.paths.is_empty() {
        for path in &other.paths {
            if let Err(at) = reach.paths.binary_search(path) {
                reach.paths.insert(at, path.clone());
            }
        }
    }
}

const fn kind_words(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Postgres => "this PostgreSQL database",
        TargetKind::Mysql => "a MySQL database",
        TargetKind::Sqlite => "this SQLite database",
        TargetKind::Database => "a database of this kind",
        TargetKind::Redis => "a Redis server",
        TargetKind::Mongo => "a MongoDB server",
        TargetKind::Path => "this path",
        TargetKind::GitWorktree => "this work tree",
        TargetKind::GitRef => "this ref",
        TargetKind::GitRemote => "a remote repository",
        TargetKind::DockerVolume => "a Docker volume",
        TargetKind::Container => "a container",
        TargetKind::Image => "an image",
        TargetKind::Resource => "a resource that another service keeps",
        TargetKind::Unknown => "what is not named",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Blast;
    use crate::model::policy::Exception;
    use crate::policy::builtin::{default_policy, profile};

    fn target(reach: Reach, locator: &str, object: Option<&str>) -> Target {
        Target {
            kind: TargetKind::Path,
            locator: locator.to_owned(),
            object: object.map(str::to_owned),
            reach,
        }
    }

    fn finding(severity: Severity, targets: Vec<Target>) -> Finding {
        Finding {
            rule: "kubectl.delete-namespace".to_owned(),
            severity,
            summary: "deletes".to_owned(),
            command: Vec::new(),
            span: None,
            file: None,
            via: Vec::new(),
            targets,
            opaque: false,
            instead: None,
            blast: Blast::default(),
            exempt: None,
        }
    }

    fn here(object: Option<&str>) -> Target {
        target(Reach::Path("/srv/a".into()), "/srv/a", object)
    }

    #[test]
    fn nothing_found_owes_nothing() {
        let owed = require(&mut Vec::new(), &default_policy(), 0);
        assert_eq!(
            (owed.demand, owed.approvals, owed.backups.len()),
            (Demand::Allow, 0, 0)
        );
    }

    #[test]
    fn a_small_loss_is_snapshotted_and_held_by_the_strict_profile() {
        let mut found = vec![finding(Severity::Moderate, vec![here(None)])];
        let owed = require(&mut found.clone(), &default_policy(), 0);
        assert_eq!(
            (owed.demand, owed.approvals, owed.backups.len()),
            (Demand::Snapshot, 0, 1)
        );
        let owed = require(&mut found, &profile("strict").unwrap(), 0);
        assert_eq!((owed.demand, owed.approvals), (Demand::Hold, 2));
        assert_eq!(owed.backups[0].max_age_s, 900);
    }

    #[test]
    fn a_small_loss_without_a_driver_is_held() {
        let mut found = vec![finding(
            Severity::Moderate,
            vec![target(Reach::NoDriver, "x", None)],
        )];
        let owed = require(&mut found, &default_policy(), 0);
        assert_eq!(
            (owed.demand, owed.approvals, owed.waivers.len()),
            (Demand::Hold, 2, 1)
        );
    }

    #[test]
    fn objects_of_one_target_are_joined_and_a_whole_loss_takes_them_in() {
        let policy = default_policy();
        let mut found = vec![finding(
            Severity::High,
            vec![here(Some("a")), here(Some("b")), here(Some("a"))],
        )];
        let owed = require(&mut found, &policy, 0);
        assert_eq!(owed.backups[0].objects, ["a", "b"]);
        found.push(finding(Severity::High, vec![here(None)]));
        found.push(finding(Severity::High, vec![here(Some("c"))]));
        let owed = require(&mut found, &policy, 0);
        assert_eq!((owed.backups.len(), owed.backups[0].objects.len()), (1, 0));
    }

    #[test]
    fn exempt_findings_are_dropped() {
        let mut found = vec![finding(Severity::High, vec![here(None)])];
        found[0].exempt = Some("it is temporary".to_owned());
        let owed = require(&mut found, &default_policy(), 0);
        assert_eq!((found.len(), owed.demand), (0, Demand::Allow));
    }

    #[test]
    fn an_opaque_finding_owes_approvals_only() {
        let mut found = vec![finding(Severity::Moderate, vec![here(None)])];
        found[0].opaque = true;
        let owed = require(&mut found, &default_policy(), 0);
        assert_eq!(
            (owed.demand, owed.approvals, owed.backups.len()),
            (Demand::Hold, 2, 0)
        );
    }

    #[test]
    fn an_exception_counts_until_it_expires_and_only_for_its_targets() {
        let mut policy = default_policy();
        policy.exceptions.push(Exception {
            rule: "kubectl.delete-namespace".to_owned(),
            target: Some("/srv/*".to_owned()),
            reason: "scratch".to_owned(),
            expires: 100,
        });
        let found = vec![finding(Severity::High, vec![here(None)])];
        assert_eq!(
            require(&mut found.clone(), &policy, 99).demand,
            Demand::Allow
        );
        assert_eq!(
            require(&mut found.clone(), &policy, 100).demand,
            Demand::Hold
        );
        let other = target(Reach::Path("/home/x".into()), "/home/x", None);
        let mut both = vec![finding(Severity::High, vec![here(None), other])];
        assert_eq!(require(&mut both, &policy, 99).demand, Demand::Hold);
        let mut grave = vec![finding(Severity::Catastrophic, vec![here(None)])];
        assert_eq!(require(&mut grave, &policy, 99).demand, Demand::Deny);
    }

    #[test]
    fn a_severity_of_a_layer_replaces_the_rules() {
        let mut policy = default_policy();
        policy
            .severities
            .insert("kubectl.delete-namespace".to_owned(), Severity::None);
        let mut found = vec![finding(Severity::High, vec![here(None)])];
        assert_eq!(require(&mut found, &policy, 0).demand, Demand::Allow);
        assert!(found.is_empty());
    }

    #[test]
    fn the_relaxed_profile_snapshots_measured_small_losses_only() {
        use crate::model::finding::Measured;
        let relaxed = profile("relaxed").unwrap();
        let mut small = finding(Severity::High, vec![here(None)]);
        assert_eq!(
            require(&mut vec![small.clone()], &relaxed, 0).demand,
            Demand::Hold
        );
        small.blast.measured = Some(Measured {
            files: 3,
            bytes: 4096,
            rows: 0,
        });
        assert_eq!(
            require(&mut vec![small.clone()], &relaxed, 0).demand,
            Demand::Snapshot
        );
        assert_eq!(
            require(&mut vec![small.clone()], &default_policy(), 0).demand,
            Demand::Hold
        );
        small.severity = Severity::Critical;
        assert_eq!(
            require(&mut vec![small.clone()], &relaxed, 0).demand,
            Demand::Hold
        );
        small.severity = Severity::High;
        small.blast.measured = Some(Measured {
            files: 3,
            bytes: u64::MAX,
            rows: 0,
        });
        assert_eq!(require(&mut vec![small], &relaxed, 0).demand, Demand::Hold);
    }
}
