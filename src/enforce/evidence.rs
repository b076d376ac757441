//! Evidence for a requirement, from the catalog, the store and the world as it is now.
//! It decides nothing; `decide` reads what is found here.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::backup::control::Control;
use crate::backup::{catalog, make};
use crate::model::approval::{Fingerprint, Request};
use crate::model::backup::{Entry, Freshness};
use crate::model::database::Identity;
use crate::model::evidence::{BackupFound, Evidence};
use crate::model::fact::{Answer, Facts, Question};
use crate::model::policy::{BackupNeed, Policy, Requirement, Waiver};
use crate::model::target::{Reach, Target, TargetKey};
use crate::plan::coverage;
use crate::store::Store;

/// Where evidence is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Where<'a> {
    pub backups: Option<&'a Path>,
    pub store: Option<&'a Store>,
    pub now: Timestamp,
    /// A backup that was begun after this moment counts although its target was written to since: no younger one is to be had
    /// of what is written to all the time. Nothing where policy wants that nothing was written.
    pub since: Option<Timestamp>,
}

/// Returns the evidence for a requirement.
pub fn gather(
    owed: &Requirement,
    fingerprint: &Fingerprint,
    facts: &Facts,
    policy: &Policy,
    place: &Where<'_>,
) -> Evidence {
    let mut evidence = Evidence {
        backups: owed
            .backups
            .iter()
            .map(|need| large_enough(found(need, facts, place), policy))
            .collect(),
        ..Evidence::default()
    };
    let Some(store) = place.store else {
        return evidence;
    };
    if let Ok(Some(request)) = store.by_fingerprint(fingerprint, place.now) {
        approvals(&request, owed, policy, place.now, &mut evidence);
    }
    for need in &owed.backups {
        let identity = identity(&need.target, facts);
        if let Ok(Some(lease)) = store.lease_for(&need.target.key(), identity.as_ref(), place.now) {
            evidence.leased.push(lease.target);
        }
    }
    evidence
}

/// A backup below the least size of policy does not count.
fn large_enough(mut found: BackupFound, policy: &Policy) -> BackupFound {
    if found.freshness == Freshness::Fresh && found.bytes < policy.min_bytes {
        found.freshness = Freshness::WrongTarget(format!(
            "it has {} bytes, and policy wants {} at least",
            found.bytes, policy.min_bytes
        ));
    }
    found
}

/// Longest look at one target: walking a tree for its marks has to end before the call's own deadline.
const PATIENCE: Duration = Duration::from_secs(10);

fn none(need: &BackupNeed) -> BackupFound {
    BackupFound {
        need: need.clone(),
        freshness: Freshness::Missing,
        id: None,
        age_s: None,
        bytes: 0,
        recovery: Vec::new(),
        progress: None,
        has_failed: false,
        drift: None,
    }
}

/// Returns the best backup for one need.
fn found(need: &BackupNeed, facts: &Facts, place: &Where<'_>) -> BackupFound {
    let mut best = none(need);
    let Some(dir) = place.backups else {
        return best;
    };
    (best.progress, best.has_failed) = progress(dir, need);
    if let Some(why) = no_place(dir) {
        (best.progress, best.has_failed) = (Some(why), true);
        return best;
    }
    let control = Control::within(PATIENCE);
    let key = need.target.key();
    if !catalog::newest(dir, &key).is_ok_and(|mut entries| entries.next().is_some()) {
        return best;
    }
    let identity = identity(&need.target, facts).or_else(|| make::identity_now(&need.target.reach));
    let marks = make::marks_now(&need.target.reach, &control);
    if marks.is_none()
        && matches!(
            need.target.reach,
            Reach::Path(_) | Reach::Sqlite(_) | Reach::Worktree(_) | Reach::GitRefs(_)
        )
    {
        best.freshness = Freshness::Changed(
            "the target could not be compared with what the backup saw".to_owned(),
        );
        return best;
    }
    if identity.is_none() && matches!(need.target.reach, Reach::Postgres(_) | Reach::GitRemote(_)) {
        best.freshness = Freshness::WrongTarget(
            "the server cannot be asked which database or repository it is".to_owned(),
        );
        return best;
    }
    let Ok((entry, freshness)) =
        catalog::evidence(dir, need, identity.as_ref(), marks.as_ref(), &control)
    else {
        return best;
    };
    let overtaken = matches!(freshness, Freshness::Changed(_))
        .then(|| begun_since(dir, need, identity.as_ref(), place.since, &control))
        .flatten();
    match overtaken {
        Some(entry) => {
            best.drift =
                Some("it was written to while this backup was made, and may be still".to_owned());
            best.is(Some(entry), Freshness::Fresh, place.now);
        }
        None => best.is(entry, freshness, place.now),
    }
    best
}

impl BackupFound {
    fn is(&mut self, entry: Option<Entry>, freshness: Freshness, now: Timestamp) {
        if freshness == Freshness::Fresh {
            (self.progress, self.has_failed) = (None, false);
        }
        let Some(entry) = entry else {
            return;
        };
        self.age_s = coverage::age(&entry.manifest, now);
        self.bytes = entry.manifest.bytes();
        self.recovery = entry.manifest.recovery.clone();
        self.id = Some(entry.manifest.id);
        self.freshness = freshness;
    }
}

/// Returns the backup of this very file or tree that was begun after a moment; what was written to it since does not count.
fn begun_since(
    dir: &Path,
    need: &BackupNeed,
    identity: Option<&Identity>,
    since: Option<Timestamp>,
    control: &Control,
) -> Option<Entry> {
    let is_local = matches!(
        need.target.reach,
        Reach::Path(_) | Reach::Sqlite(_) | Reach::Worktree(_)
    );
    let since = since.filter(|_| is_local && identity.is_some())?;
    let (entry, found) = catalog::evidence(dir, need, identity, None, control).ok()?;
    let entry = entry.filter(|_| found == Freshness::Fresh)?;
    let begun: Timestamp = entry.manifest.snapshot_at.parse().ok()?;
    (begun >= since).then_some(entry)
}

/// Says why a place is no folder for backups, as far as looking tells; nothing where it is one or can be made.
pub fn no_place(dir: &Path) -> Option<String> {
    let there = dir.ancestors().find(|at| at.symlink_metadata().is_ok())?;
    let why = match there.metadata() {
        Ok(meta) if meta.is_dir() => return None,
        Ok(_) => "is no folder".to_owned(),
        Err(error) => format!("cannot be looked at: {error}"),
    };
    Some(format!(
        "no backup can be kept in `{}`: `{}` {why}; `backup.dir` in the owner's policy names another place",
        dir.display(),
        there.display()
    ))
}

/// Says why nothing can be kept, for the targets of which no maker of a backup said anything.
pub fn without_a_place(mut evidence: Evidence, dir: &Path, why: &str) -> Evidence {
    for found in &mut evidence.backups {
        let is_told =
            found.progress.is_some() || make::progress(dir, &found.need.target.key()).is_some();
        if !is_told && found.freshness != Freshness::Fresh {
            found.has_failed = true;
            found.progress = Some(format!(
                "no backup can be kept: {why}; `backup.dir` in the owner's policy names another place, and `backstop doctor` looks at it"
            ));
        }
    }
    evidence
}

/// Returns what the last maker of a backup says, when that is not simply "done", and whether it failed.
fn progress(dir: &Path, need: &BackupNeed) -> (Option<String>, bool) {
    if let Some(why) = failure(dir, need) {
        return (Some(format!("the last try failed: {why}")), true);
    }
    let last = make::progress(dir, &need.target.key());
    let is_running = last.is_some_and(|last| last.state == "running");
    (
        is_running.then(|| "a backup is being made".to_owned()),
        false,
    )
}

/// Returns why the last try to back this up failed; nothing when it did not.
pub fn failure(dir: &Path, need: &BackupNeed) -> Option<String> {
    let last = make::progress(dir, &need.target.key())?;
    (last.state == "failed").then(|| last.error.unwrap_or_default())
}

/// Returns which database answered for this target while the call was judged.
pub fn identity(target: &Target, facts: &Facts) -> Option<Identity> {
    facts
        .iter()
        .find_map(|(question, answer)| match (question, answer) {
            (Question::Database(asked), Answer::Database(fact)) if asked.reach == target.reach => {
                Some(fact.identity.clone())
            }
            _ => None,
        })
}

/// What can be backed up is waived only where the owner said `impossible`; whether a try failed is looked at in the verdict.
fn may_waive(key: &TargetKey, owed: &Requirement, rule: Waiver) -> bool {
    match rule {
        Waiver::Never => false,
        Waiver::NoDriver => owed.waivers.iter().any(|(target, _)| target == key),
        Waiver::Impossible => true,
    }
}

fn approvals(
    request: &Request,
    owed: &Requirement,
    policy: &Policy,
    now: Timestamp,
    evidence: &mut Evidence,
) {
    use crate::model::approval::RequestState;
    if !matches!(
        request.state,
        RequestState::Pending | RequestState::Approved
    ) {
        return;
    }
    let ttl = i64::try_from(policy.approval_ttl_s).unwrap_or(i64::MAX);
    for approval in &request.approvals {
        let age = approval
            .at
            .parse::<Timestamp>()
            .map(|at| now.as_second() - at.as_second());
        match age {
            Ok(age) if age >= 0 && age < ttl => {
                evidence.approvals = evidence.approvals.saturating_add(1);
                let waived = approval.waived.iter();
                let allowed = waived.filter(|key| may_waive(key, owed, policy.waiver));
                evidence.waived.extend(allowed.cloned());
            }
            Ok(age) if age < 0 => evidence
                .refused
                .push("the clock is before the approval's time".to_owned()),
            Ok(_) | Err(_) => evidence.refused.push("an approval has expired".to_owned()),
        }
    }
}
