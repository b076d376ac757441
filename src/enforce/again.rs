//! A request looked at again, outside the call that was held: what it would lose now, and backups that a human's decision starts.
//! It records nothing; whether the call may pass is decided when it comes again.

use std::path::PathBuf;
use std::process::Child;

use jiff::Timestamp;

use super::{House, absolute, drift, evidence, judge, packs, worker};
use crate::adapters::environment;
use crate::backup::catalog;
use crate::decide::fingerprint;
use crate::gather;
use crate::guard::Judgement;
use crate::model::approval::{Fingerprint, Request};
use crate::model::backup::Freshness;
use crate::model::evidence::{BackupFound, Evidence};
use crate::model::fact::Scene;
use crate::model::policy::{BackupNeed, Drift, Policy};
use crate::model::request::Asked;
use crate::model::secret::Secret;
use crate::model::target::Reach;

/// A held call as it stands now: judged again, with the evidence of this moment.
#[derive(Debug)]
pub struct Again {
    pub judgement: Judgement,
    pub evidence: Evidence,
    /// Where the backups are.
    pub backups: PathBuf,
}

/// Judges the text again; nothing when that gives another fingerprint.
fn judged(
    request: &Request,
    scene: &Scene,
    policy: &Policy,
    house: &House,
) -> Option<(Judgement, Fingerprint)> {
    let asked = Asked::Shell {
        kind: crate::model::request::ShellKind::Posix,
        text: request.command.clone(),
    };
    let books = packs::books(&scene.project, house.state().ok().as_deref());
    let judgement = judge(
        &asked,
        scene,
        (policy, books.rules),
        house,
        !request.approvals.is_empty(),
    )
    .ok()?;
    let fingerprint = fingerprint::fingerprint(&fingerprint::Parts {
        tool: &request.tool,
        asked: &asked,
        input: &serde_json::Value::Null,
        unfolding: &judgement.unfolding,
        findings: &judgement.findings,
        cwd: &scene.cwd,
        project: &scene.project,
    });
    if fingerprint != request.fingerprint {
        return None;
    }
    Some((judgement, fingerprint))
}

/// Judges the call of a request again; nothing when its text or its place is not what was held (hidden secrets, another fingerprint).
/// What changes all the time has the backup that was begun after `since`.
pub fn look_again(request: &Request, house: &House, since: Option<Timestamp>) -> Option<Again> {
    if !matches!(request.tool.as_str(), "Bash" | "Monitor") {
        return None;
    }
    let cwd = PathBuf::from(&request.cwd);
    let own = house.own();
    let scene = gather::scene(&gather::Place {
        cwd: &cwd,
        scratchpad: None,
        own: &own,
        assumed: false,
    });
    let policy = house.policy(&scene.project, None).ok()?;
    let (judgement, fingerprint) = judged(request, &scene, &policy, house)?;
    let backups = house.backups(&policy).ok()?;
    let store = house.store_if_there();
    let place = evidence::Where {
        backups: Some(&backups),
        store: store.as_ref(),
        now: Timestamp::now(),
        since: since.filter(|_| policy.drift != Drift::None),
    };
    let mut evidence = evidence::gather(
        &judgement.requirement,
        &fingerprint,
        &judgement.facts,
        &policy,
        &place,
    );
    let look = drift::Look {
        backups: &backups,
        facts: &judgement.facts,
        policy: &policy,
        elsewhere: !request.approvals.is_empty(),
        until: house.deadline,
    };
    drift::note(&mut evidence, &look);
    Some(Again {
        judgement,
        evidence,
        backups,
    })
}

/// Starts the backups of targets elsewhere, after a human agreed to contact them. Passwords come from this process's environment.
/// Returns the worker that makes them, if there is anything to make.
pub fn start_remote(request: &Request, house: &House) -> Option<Child> {
    let policy = house.policy(&PathBuf::from(&request.cwd), None).ok()?;
    let backups = house.backups(&policy).ok().map(absolute)?;
    // What could be reached without asking has its backup by now; a second one would only be in the way of the call.
    let is_there = |need: &BackupNeed| {
        let key = need.target.key();
        let made = request.backups.iter();
        made.filter_map(|id| catalog::load(&backups, id).ok())
            .any(|entry| entry.manifest.target == key)
    };
    let needs = request.requirement.backups.iter();
    let jobs: Vec<_> = needs
        .filter(|need| {
            let reach = &need.target.reach;
            matches!(reach, Reach::Postgres(_) | Reach::GitRemote(_)) && !is_there(need)
        })
        .map(|need| {
            let mut need = need.clone();
            if let Reach::Postgres(reach) = &mut need.target.reach
                && reach.password.is_none()
            {
                reach.password = environment::pgpassword().map(Secret::new);
            }
            worker::Job::new(
                need,
                Some(request.fingerprint.0.clone()),
                Some(request.id.0.clone()),
            )
        })
        .collect();
    start(&policy, backups, jobs)
}

/// Starts newer backups of what changed after the ones that are there, so that whoever approves sees them.
/// Returns the worker that makes them, if there is anything to make.
pub fn renew(request: &Request, house: &House) -> Option<Child> {
    let again = look_again(request, house, None)?;
    let cwd = PathBuf::from(&request.cwd);
    let policy = house.policy(&cwd, None).ok()?;
    let is_overtaken = |found: &&BackupFound| {
        matches!(found.freshness, Freshness::Changed(_) | Freshness::Stale(_))
            || (found.drift.is_some() && policy.drift != Drift::Shown)
    };
    let found = again.evidence.backups.iter().filter(is_overtaken);
    let jobs: Vec<_> = found
        .map(|found| {
            worker::Job::new(
                found.need.clone(),
                Some(request.fingerprint.0.clone()),
                Some(request.id.0.clone()),
            )
        })
        .collect();
    start(&policy, absolute(again.backups), jobs)
}

fn start(policy: &Policy, backups: PathBuf, jobs: Vec<worker::Job>) -> Option<Child> {
    if jobs.is_empty() {
        return None;
    }
    worker::start(&worker::Work::new(policy, backups, jobs)).ok()
}
