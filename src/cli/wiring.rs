//! Ports to adapters: what the human's commands need to see of catalog, policy and the present loss.
//! It shows and starts; it decides nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::backup::{catalog, control::Control, make};
use crate::decide;
use crate::enforce::{self, House, evidence as found};
use crate::gather::{self, Elsewhere, Here};
use crate::guard;
use crate::model::approval::{Request, RequestState};
use crate::model::backup::Freshness;
use crate::model::database::{DatabaseQuestion, Identity, SearchPath};
use crate::model::evidence::BackupFound;
use crate::model::fact::{Answer, Question};
use crate::model::policy::BackupNeed;
use crate::model::request::{Asked, ShellKind};
use crate::model::target::{Reach, Target, TargetKey};
use crate::policy::builtin;
use crate::ports::World as _;
use crate::store::ApprovalRules;

use super::evidence::{BackupShown, BackupState, Evidence, NoEvidence, Shown};
use super::lease::Identify;

/// Longest look at the present state before a human decides.
const PATIENCE: Duration = Duration::from_secs(30);

/// The catalog and the world, as the approver sees them.
#[derive(Debug)]
pub struct Wired {
    state: Option<PathBuf>,
    /// What was started here and has not ended.
    workers: RefCell<Vec<Child>>,
    /// When newer backups were started here.
    renewed: Cell<Option<jiff::Timestamp>>,
}

impl Wired {
    /// Looks in this state directory, or in the usual one.
    pub const fn new(state: Option<PathBuf>) -> Self {
        Self {
            state,
            workers: RefCell::new(Vec::new()),
            renewed: Cell::new(None),
        }
    }

    fn house(&self) -> House {
        House::new(self.state.clone(), Instant::now() + PATIENCE)
    }

    /// Returns what policy demands of approvals.
    pub fn rules(&self) -> ApprovalRules {
        let cwd = std::env::current_dir().unwrap_or_default();
        self.house().policy(&cwd, None).map_or_else(
            |_| ApprovalRules::default(),
            |policy| enforce::rules(&policy),
        )
    }
}

impl Evidence for Wired {
    fn refresh(&self, request: &Request) -> Shown {
        let was_made = self.is_made(request);
        let mut seen = self.look(request);
        if was_made && !seen.is_running() {
            seen.is_made = self.is_made(request);
            if !seen.is_made {
                // It was finished during the look, which may have begun with the backup before.
                seen = self.look(request);
            }
        }
        seen
    }

    fn renew(&self, request: &Request) -> bool {
        self.renewed.set(Some(jiff::Timestamp::now()));
        let worker = enforce::renew(request, &self.house());
        let is_started = worker.is_some();
        self.workers.borrow_mut().extend(worker);
        is_started
    }

    fn agreed(&self, request: &Request) {
        let worker = enforce::start_remote(request, &self.house());
        self.workers.borrow_mut().extend(worker);
    }
}

/// The approvals themselves are not a gap to the person who is giving them.
fn backup_gaps(again: &enforce::Again) -> Vec<String> {
    let gaps = decide::gaps(&again.judgement.requirement, &again.evidence);
    gaps.into_iter()
        .filter(|gap| !gap.ends_with("approvals missing"))
        .collect()
}

impl Wired {
    /// Tells whether a backup that the request needs is being made at this moment, or waits for another one to end.
    fn is_made(&self, request: &Request) -> bool {
        let mut workers = self.workers.borrow_mut();
        workers.retain_mut(|worker| matches!(worker.try_wait(), Ok(None)));
        if !workers.is_empty() {
            return true;
        }
        let house = self.house();
        let policy = house.policy(&PathBuf::from(&request.cwd), None).ok();
        let Some(dir) = policy.and_then(|policy| house.backups(&policy).ok()) else {
            return false;
        };
        let mut needs = request.requirement.backups.iter();
        needs.any(|need| {
            make::progress(&dir, &need.target.key()).is_some_and(|last| last.state == "running")
        })
    }

    /// What a call that has passed relied on; what became of its target since says nothing against it.
    fn as_used(&self, request: &Request) -> Shown {
        let house = self.house();
        let policy = house.policy(&PathBuf::from(&request.cwd), None).ok();
        let dir = policy.and_then(|policy| house.backups(&policy).ok());
        let now = jiff::Timestamp::now();
        let one = |id: &String| {
            let entry = catalog::load(dir.as_deref()?, id).ok()?;
            let taken: Option<jiff::Timestamp> = entry.manifest.snapshot_at.parse().ok();
            let age = taken.map(|taken| now.duration_since(taken).as_secs().max(0));
            Some(BackupShown {
                id: id.clone(),
                state: BackupState::Ready,
                verified: entry.manifest.verification.level.name().to_owned(),
                age_s: age.and_then(|age| u64::try_from(age).ok()),
                bytes: entry.manifest.bytes(),
                expected: None,
                recovery: entry.manifest.recovery,
                changed: None,
                failed: None,
            })
        };
        let recorded = NoEvidence.refresh(request).backups;
        let found = recorded
            .into_iter()
            .map(|other| one(&other.id).unwrap_or(other));
        Shown {
            backups: found.collect(),
            ..Shown::default()
        }
    }

    fn look(&self, request: &Request) -> Shown {
        if request.state == RequestState::Used {
            return self.as_used(request);
        }
        let house = self.house();
        let mut seen = match enforce::look_again(request, &house, self.renewed.get()) {
            Some(again) => Shown {
                backups: again
                    .evidence
                    .backups
                    .iter()
                    .map(|one| shown(one, &again.backups))
                    .collect(),
                blast_now: again
                    .judgement
                    .findings
                    .iter()
                    .flat_map(|finding| finding.blast.lines.clone())
                    .collect(),
                unseen: None,
                gaps: backup_gaps(&again),
                is_made: false,
            },
            None => self.as_catalogued(request, &house),
        };
        if seen
            .backups
            .iter()
            .all(|one| one.state != BackupState::Ready)
        {
            // What the ledger names and the catalog does not know is shown as just that.
            let recorded = NoEvidence.refresh(request).backups;
            let unknown: Vec<_> = recorded
                .into_iter()
                .filter(|one| seen.backups.iter().all(|other| other.id != one.id))
                .collect();
            seen.backups.splice(0..0, unknown);
        }
        seen
    }

    /// Looks into the catalog only: the command cannot be judged again here (its secrets were hidden, or its folder is gone).
    fn as_catalogued(&self, request: &Request, house: &House) -> Shown {
        let cwd = PathBuf::from(&request.cwd);
        let Some(dir) = house
            .policy(&cwd, None)
            .ok()
            .and_then(|policy| house.backups(&policy).ok())
        else {
            return Shown::default();
        };
        let control = Control::within(PATIENCE);
        let backups = request
            .requirement
            .backups
            .iter()
            .map(|need| catalogued(need, &dir, &control))
            .collect();
        Shown {
            backups,
            unseen: Some(
                "it was not looked at again: a secret of the command was hidden when it was recorded, or its place or its files changed"
                    .to_owned(),
            ),
            ..Shown::default()
        }
    }
}

fn catalogued(need: &BackupNeed, dir: &std::path::Path, control: &Control) -> BackupShown {
    let marks = make::marks_now(&need.target.reach, control);
    let identity = make::identity_now(&need.target.reach);
    let (entry, freshness) =
        catalog::evidence(dir, need, identity.as_ref(), marks.as_ref(), control)
            .unwrap_or((None, Freshness::Missing));
    let now = jiff::Timestamp::now();
    let found = BackupFound {
        need: need.clone(),
        age_s: entry
            .as_ref()
            .and_then(|entry| crate::plan::coverage::age(&entry.manifest, now)),
        bytes: entry.as_ref().map_or(0, |entry| entry.manifest.bytes()),
        recovery: entry
            .as_ref()
            .map(|entry| entry.manifest.recovery.clone())
            .unwrap_or_default(),
        id: entry.map(|entry| entry.manifest.id),
        freshness,
        progress: None,
        has_failed: false,
        drift: None,
    };
    shown(&found, dir)
}

/// Returns one backup as the approver sees it.
fn shown(found: &BackupFound, dir: &std::path::Path) -> BackupShown {
    let progress = make::progress(dir, &found.need.target.key());
    let state = match (&found.freshness, &progress) {
        (Freshness::Fresh, Some(progress))
            if found.drift.is_some() && progress.state == "running" =>
        {
            BackupState::Running
        }
        (Freshness::Fresh, _) => BackupState::Ready,
        (_, Some(progress)) if progress.state == "running" => BackupState::Running,
        (Freshness::Missing, None) => BackupState::Unknown,
        _ => BackupState::Failed,
    };
    let changed = match &found.freshness {
        Freshness::Fresh => found.drift.clone(),
        Freshness::Stale(age) => Some(format!("it is {} old", decide::age(*age))),
        Freshness::Unverified(level) => Some(format!("it is verified to `{}` only", level.name())),
        Freshness::WrongTarget(why) | Freshness::Changed(why) => Some(why.clone()),
        Freshness::Missing => progress
            .as_ref()
            .and_then(|progress| progress.error.clone()),
    };
    let level = found
        .id
        .as_ref()
        .and_then(|id| catalog::load(dir, id).ok())
        .map(|entry| entry.manifest.verification.level.name().to_owned());
    BackupShown {
        id: found
            .id
            .clone()
            .unwrap_or_else(|| format!("of {}", found.need.target.locator)),
        state,
        verified: level.unwrap_or_else(|| "none".to_owned()),
        age_s: found.age_s,
        bytes: progress
            .as_ref()
            .filter(|_| state == BackupState::Running)
            .map_or(found.bytes, |progress| progress.written_bytes),
        expected: progress
            .filter(|_| state == BackupState::Running)
            .map(|progress| progress.estimate_bytes),
        recovery: found.recovery.clone(),
        changed,
        failed: found::failure(dir, &found.need)
            .filter(|_| state == BackupState::Failed)
            .map(|why| (found.need.target.key(), why)),
    }
}

/// Returns the target of a PostgreSQL URL or conninfo string, found the way the hook finds it, so that both file backups alike.
pub fn server_target(text: &str) -> Option<Target> {
    let cwd = std::env::current_dir().unwrap_or_default();
    let scene = gather::scene(&gather::Place {
        cwd: &cwd,
        scratchpad: None,
        own: &[],
        assumed: true,
    });
    let policy = builtin::default_policy();
    let world = Elsewhere {
        deadline: Instant::now() + PATIENCE,
    };
    let setting = guard::Setting {
        policy: &policy,
        rules: builtin::book(),
        scene: &scene,
        world: &world,
        now_s: 0,
    };
    let line = format!(
        "psql '{}' -c 'TRUNCATE backstop'",
        text.replace('\'', "'\\''")
    );
    let judged = guard::judge(
        &Asked::Shell {
            kind: ShellKind::Posix,
            text: line,
        },
        &setting,
    )
    .ok()?;
    let target = judged
        .findings
        .into_iter()
        .flat_map(|finding| finding.targets)
        .next()?;
    Some(Target {
        object: None,
        ..target
    })
}

impl Identify for Wired {
    fn identity(&self, target: &TargetKey) -> Result<Option<Identity>, String> {
        let Some(reach) = self.reach_of(target) else {
            return super::lease::FilesOnly.identity(target);
        };
        if !matches!(reach, Reach::Postgres(_)) {
            return super::lease::FilesOnly.identity(target);
        }
        let world = Here {
            deadline: Instant::now() + PATIENCE,
            tool_dirs: Vec::new(),
            elsewhere: true,
        };
        match world.answer(&Question::Database(DatabaseQuestion {
            reach,
            effects: Vec::new(),
            path: SearchPath::Own,
        })) {
            Answer::Database(fact) => Ok(Some(fact.identity)),
            Answer::Unknown(why) => Err(format!(
                "the server of `{}` cannot be asked: {why}",
                target.locator
            )),
            _ => Err(format!("`{}` is not there", target.locator)),
        }
    }
}

impl Wired {
    /// Returns how a target was reached when a call that would lose it was held.
    fn reach_of(&self, target: &TargetKey) -> Option<Reach> {
        let store = self.house().store_if_there()?;
        let (requests, _) = store.requests(200, jiff::Timestamp::now()).ok()?;
        let targets = requests
            .into_iter()
            .flat_map(|request| request.findings)
            .flat_map(|finding| finding.targets);
        let known: BTreeMap<TargetKey, Reach> = targets.map(|one| (one.key(), one.reach)).collect();
        known.get(target).cloned()
    }
}
