//! What a verdict leads to: requests, backups, the single use, and the words for the agent.
//! It judges nothing; `guard` does. Every failure in here blocks the call.

pub mod again;
mod contact;
pub mod drift;
pub mod evidence;
pub mod house;
pub mod outcome;
pub mod packs;
pub mod push;
pub mod refs;
pub mod worker;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use crate::adapters::failpoint;
use crate::backup::catalog;
use crate::decide::{self, fingerprint};
use crate::gather::{self, Here};
use crate::guard::{self, Judgement, Setting};
use crate::model::approval::{Fingerprint, Request, RequestState};
use crate::model::backup::Freshness;
use crate::model::evidence::Evidence;
use crate::model::fact::Scene;
use crate::model::policy::{BackupNeed, Demand, Drift, Mode, Policy, Waiver};
use crate::model::request::{Asked, Event, ToolCall};
use crate::model::rule::RuleBook;
use crate::model::target::{GitRemoteReach, Reach};
use crate::model::verdict::{Answer, Verdict};
use crate::policy::builtin;
use crate::render::redact::{self, redact};
use crate::render::text::{self, Hold};
use crate::store::{ApprovalRules, Draft, Rejected, Spending, Store};

pub use again::{Again, look_again, renew, start_remote};
pub use house::{House, HouseError};

/// The answer of the hook.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// No opinion: exit 0 and not a word.
    Silent,
    /// Blocked: exit 2 and the reason on stderr.
    Block(String),
}

/// Answers one hook event.
pub fn event(call: &ToolCall, house: &House) -> Reply {
    match &call.event {
        Event::PreToolUse => gate(call, house),
        Event::PostToolUse => outcome::ran(call, house),
        Event::PostToolUseFailure => outcome::failed(call, house),
        Event::SessionStart => outcome::session(call, house),
        Event::ConfigChange => outcome::config(call, house),
        Event::Other(_) => Reply::Silent,
    }
}

fn blocked(what: &str) -> Reply {
    let next = "tell your user; they can run `backstop doctor`, or run the command in their own terminal. Do not look for another way.";
    Reply::Block(format!("backstop: held: {what}\n  next: {next}\n"))
}

/// One call on its way through the gate.
struct Gate<'a> {
    call: &'a ToolCall,
    house: &'a House,
    scene: Scene,
    policy: Policy,
    rules: &'static dyn RuleBook,
    judgement: Judgement,
    fingerprint: Fingerprint,
    now: Timestamp,
}

/// Judges a call, and lets it run only when nothing is lost or nothing is missing.
fn gate(call: &ToolCall, house: &House) -> Reply {
    if matches!(call.asked, Asked::Nothing) {
        return Reply::Silent;
    }
    let Some(cwd) = house::folder(call) else {
        return blocked("the working directory of the call is not known");
    };
    let own = house.own();
    let place = gather::Place {
        cwd: &cwd,
        scratchpad: call.scratchpad.as_deref(),
        own: &own,
        assumed: false,
    };
    let scene = gather::scene(&place);
    let now = Timestamp::now();
    let books = packs::books(&scene.project, house.state().ok().as_deref());
    let ask = |policy: &Policy| judge(&call.asked, &scene, (policy, books.rules), house, false);
    let quick = match ask(&builtin::default_policy()) {
        Ok(judgement) => judgement,
        Err(error) => return blocked(&error.to_string()),
    };
    if !quick.seen {
        return Reply::Silent;
    }
    if let Some(trouble) = books.trouble() {
        return blocked(&trouble);
    }
    let policy = match house.policy(&scene.project, None) {
        Ok(policy) => policy,
        Err(error) => {
            return blocked(&format!(
                "{error} (the policy is needed, because this call has a finding)"
            ));
        }
    };
    let judgement = if policy == builtin::default_policy() {
        Ok(quick)
    } else {
        ask(&policy)
    };
    let judgement = match judgement {
        Ok(judgement) => judgement,
        Err(error) => return blocked(&error.to_string()),
    };
    if judgement.findings.is_empty() {
        return Reply::Silent;
    }
    let fingerprint = fingerprint_of(call, &judgement, &scene);
    Gate {
        call,
        house,
        scene,
        policy,
        rules: books.rules,
        judgement,
        fingerprint,
        now,
    }
    .answer()
}

fn fingerprint_of(call: &ToolCall, judgement: &Judgement, scene: &Scene) -> Fingerprint {
    fingerprint::fingerprint(&fingerprint::Parts {
        tool: &call.tool,
        asked: &call.asked,
        input: &call.input,
        unfolding: &judgement.unfolding,
        findings: &judgement.findings,
        cwd: &scene.cwd,
        project: &scene.project,
    })
}

fn judge(
    asked: &Asked,
    scene: &Scene,
    (policy, rules): (&Policy, &'static dyn RuleBook),
    house: &House,
    elsewhere: bool,
) -> Result<Judgement, guard::GuardError> {
    let world = Here {
        deadline: house.deadline,
        tool_dirs: policy.tool_dirs.clone(),
        elsewhere,
    };
    let setting = Setting {
        policy,
        rules,
        scene,
        world: &world,
        now_s: Timestamp::now().as_second(),
    };
    guard::judge(asked, &setting)
}

impl Gate<'_> {
    fn answer(self) -> Reply {
        let store = match self.house.store() {
            Ok(store) => store,
            Err(_) if self.policy.mode == Mode::Observe => return Reply::Silent,
            Err(error) => return self.without_store(&error),
        };
        outcome::note_session(self.call, &store, self.now);
        match (self.policy.mode, self.judgement.requirement.demand) {
            (_, Demand::Allow) => Reply::Silent,
            (Mode::Observe, Demand::Snapshot | Demand::Hold | Demand::Deny) => {
                let _ = store.record("observed", &self.summary(), self.now);
                Reply::Silent
            }
            (Mode::Enforce | Mode::SnapshotOnly, Demand::Deny) => {
                let _ = store.record("denied", &self.summary(), self.now);
                let verdict = self.verdict(&Evidence::default());
                Reply::Block(text::reason(
                    &verdict,
                    &Hold {
                        text: self.text(),
                        ..Hold::default()
                    },
                ))
            }
            (Mode::Enforce | Mode::SnapshotOnly, Demand::Snapshot)
            | (Mode::SnapshotOnly, Demand::Hold) => self.snapshot(&store),
            (Mode::Enforce, Demand::Hold) => self.hold(&store),
        }
    }

    /// Held without a request: nothing can be recorded, so nothing can be approved.
    fn without_store(&self, error: &HouseError) -> Reply {
        let mut verdict = self.verdict(&self.evidence(None));
        verdict
            .gaps
            .insert(0, format!("nothing can be recorded: {error}"));
        Reply::Block(text::reason(
            &verdict,
            &Hold {
                text: self.text(),
                state: &self.house.state_option(),
                ..Hold::default()
            },
        ))
    }

    fn verdict(&self, evidence: &Evidence) -> Verdict {
        decide::decide(
            self.judgement.findings.clone(),
            self.judgement.requirement.clone(),
            evidence,
            self.policy.mode,
        )
    }

    fn text(&self) -> &str {
        match &self.call.asked {
            Asked::Shell { text, .. } | Asked::Sql { text, .. } => text,
            Asked::Write { .. } | Asked::Mcp { .. } | Asked::Nothing => "",
        }
    }

    /// What is recorded about the call, secrets hidden.
    fn summary(&self) -> serde_json::Value {
        let findings: Vec<_> = self
            .cleaned()
            .map(|finding| crate::render::json::finding(&finding))
            .collect();
        json!({
            "tool": self.call.tool, "command": self.shown(), "cwd": self.scene.cwd, "session": self.call.session,
            "agent": self.call.agent_id, "fingerprint": self.fingerprint, "findings": findings,
        })
    }

    /// The command as people get to see it.
    fn shown(&self) -> String {
        match &self.call.asked {
            Asked::Shell { text, .. } | Asked::Sql { text, .. } => redact(text),
            Asked::Write { path, .. } => format!("{} {}", self.call.tool, path.display()),
            Asked::Mcp { .. } | Asked::Nothing => format!(
                "{} {}",
                self.call.tool,
                redact(&self.call.input.to_string())
            ),
        }
    }

    fn evidence(&self, store: Option<&Store>) -> Evidence {
        let backups = self.house.backups(&self.policy).ok();
        let place = evidence::Where {
            backups: backups.as_deref(),
            store,
            now: Timestamp::now(),
            since: (self.policy.drift != Drift::None).then_some(self.now),
        };
        evidence::gather(
            &self.judgement.requirement,
            &self.fingerprint,
            &self.judgement.facts,
            &self.policy,
            &place,
        )
    }

    /// Takes and verifies the backup inside the call; what does not fit in the time is held.
    fn snapshot(mut self, store: &Store) -> Reply {
        let wait = self.policy.limits.snapshot_wait_ms;
        let evidence = self.backed_up(store, None, wait);
        let evidence = self.current(store, None, evidence);
        let fresh = evidence
            .backups
            .iter()
            .all(|found| found.freshness == Freshness::Fresh);
        let owed = &self.judgement.requirement;
        // Nothing to back up is no reason to let a loss run, unless the owner asked for backups only.
        let unwaived = owed.waivers.is_empty()
            && (!owed.backups.is_empty() || self.policy.mode == Mode::SnapshotOnly);
        if fresh && unwaived {
            let ids: Vec<_> = evidence
                .backups
                .iter()
                .filter_map(|found| found.id.clone())
                .collect();
            let mut body = self.summary();
            if let Some(map) = body.as_object_mut() {
                map.insert("backups".to_owned(), json!(ids));
                map.insert("drift".to_owned(), json!(drifts(&evidence)));
                let lost: Vec<_> = self.cleaned().collect();
                map.insert("lost".to_owned(), json!(lost));
                let owed = clean_requirement(&self.judgement.requirement);
                map.insert("requirement".to_owned(), json!(owed));
            }
            if let Err(error) = self.changes() {
                return blocked(&error);
            }
            return match store.record("snapshot", &body, Timestamp::now()) {
                Ok(_) => Reply::Silent,
                Err(error) => blocked(&error.to_string()),
            };
        }
        // It failed or did not fit in the time: from here on the call is held like any other.
        self.policy.mode = Mode::Enforce;
        self.judgement.requirement.demand = Demand::Hold;
        self.judgement.requirement.approvals = self.policy.approvals;
        self.hold(store)
    }

    /// Holds the call until the backup and the approvals are there; then uses them up.
    fn hold(mut self, store: &Store) -> Reply {
        let request = match store.hold(&self.draft(), Timestamp::now()) {
            Ok(request) => request,
            Err(error) => return self.without_store(&error.into()),
        };
        self.ask_elsewhere(&request);
        // A call that is approved may take as long as one that is let run with a backup of its own.
        let is_approved =
            request.approvals.len() >= usize::from(self.judgement.requirement.approvals);
        let wait = if is_approved {
            self.policy.limits.snapshot_wait_ms
        } else {
            self.policy.limits.hold_wait_ms
        };
        let mut evidence = self.backed_up(store, Some(&request), wait);
        self.say_not_contacted(&request, &mut evidence);
        if self.verdict(&evidence).answer == Answer::Allow {
            evidence = self.current(store, Some(&request), evidence);
        }
        let ids: Vec<String> = evidence
            .backups
            .iter()
            .filter_map(|found| found.id.clone())
            .collect();
        if request.backups != ids
            && let Err(error) = store.set_backups(&request.id, &ids, Timestamp::now())
        {
            return self.without_store(&error.into());
        }
        let mut verdict = self.verdict(&evidence);
        if verdict.answer == Answer::Allow {
            match self.spend(store, &request, &evidence, &ids) {
                Ok(()) => return Reply::Silent,
                Err(why) => {
                    verdict.answer = Answer::Hold;
                    verdict.gaps = vec![why];
                }
            }
        }
        verdict.answer = Answer::Hold;
        let instead = self.instead(store, &request, &evidence, &mut verdict);
        let backups: Vec<String> = evidence.backups.iter().filter_map(describe).collect();
        let lease = self
            .was_held_before(store, &request)
            .then(|| self.lease_line())
            .flatten();
        let hold = Hold {
            text: self.text(),
            id: Some(&request.id.0),
            repeated: request.held > 1,
            backups: &backups,
            lease: lease.as_deref().filter(|_| instead.is_none()),
            instead: instead.as_deref(),
            state: &self.house.state_option(),
        };
        Reply::Block(text::reason(&verdict, &hold))
    }

    /// A human has agreed to contact the server elsewhere; what it says never changes what was approved.
    fn ask_elsewhere(&mut self, request: &Request) {
        if !request.approvals.is_empty()
            && self.has_remote()
            && let Ok(asked) = judge(
                &self.call.asked,
                &self.scene,
                (&self.policy, self.rules),
                self.house,
                true,
            )
        {
            self.judgement.facts = asked.facts;
        }
    }

    fn say_not_contacted(&self, request: &Request, evidence: &mut Evidence) {
        for found in &mut evidence.backups {
            if found.freshness != Freshness::Fresh && !self.may_contact(&found.need, Some(request))
            {
                found.progress = Some(contact::refused(&found.need, &self.judgement.facts));
            }
        }
    }

    /// Says what is next where no approval is waited for: it was rejected, or it is approved already.
    fn instead(
        &self,
        store: &Store,
        request: &Request,
        evidence: &Evidence,
        verdict: &mut Verdict,
    ) -> Option<String> {
        let id = format!("{}{}", request.id.0, self.house.state_option());
        if request.state == RequestState::Rejected {
            let no = store.rejection_of(&request.id).ok().flatten();
            verdict.gaps = vec![rejection(no.as_ref())];
            return Some(format!(
                "ask your user whether they think otherwise by now: `backstop revoke {id}` opens it again, and nothing else does"
            ));
        }
        let owed = self.judgement.requirement.approvals;
        let waits =
            |found: &crate::model::evidence::BackupFound| found.freshness != Freshness::Fresh;
        let is_approved = owed > 0 && evidence.approvals >= owed;
        (is_approved && evidence.backups.iter().any(waits)).then(|| {
            format!(
                "it is approved: run exactly this command again once the backup is there, while the approvals count; `backstop requests show {id}` tells what your user can do where it fails, and `backstop doctor` looks at the rest"
            )
        })
    }

    /// The findings as they may be stored.
    fn cleaned(&self) -> impl Iterator<Item = crate::model::finding::Finding> {
        let values = redact::values(self.text());
        let findings = self.judgement.findings.iter();
        findings.map(move |finding| clean(finding, &values))
    }

    fn draft(&self) -> Draft {
        Draft {
            fingerprint: self.fingerprint.clone(),
            tool: self.call.tool.clone(),
            command: self.shown(),
            cwd: self.scene.cwd.display().to_string(),
            session: self.call.session.clone(),
            findings: self.cleaned().collect(),
            requirement: clean_requirement(&self.judgement.requirement),
            confirm: confirm(&self.judgement),
            backups: Vec::new(),
            request_ttl_s: self.policy.request_ttl_s,
            approval_ttl_s: self.policy.approval_ttl_s,
        }
    }

    /// Looks for the backups, starts a worker for what is missing, and waits a little for it.
    fn backed_up(&self, store: &Store, request: Option<&Request>, wait_ms: u64) -> Evidence {
        self.completed(store, request, self.evidence(Some(store)), wait_ms)
    }

    /// Starts a worker for what does not count, waits a little for it, and looks again.
    fn completed(
        &self,
        store: &Store,
        request: Option<&Request>,
        evidence: Evidence,
        wait_ms: u64,
    ) -> Evidence {
        let missing: Vec<_> = evidence
            .backups
            .iter()
            .filter(|found| {
                found.freshness != Freshness::Fresh
                    && !evidence.waived.contains(&found.need.target.key())
            })
            .filter(|found| self.may_contact(&found.need, request))
            .map(|found| {
                worker::Job::new(
                    found.need.clone(),
                    Some(self.fingerprint.0.clone()),
                    request.map(|request| request.id.0.clone()),
                )
            })
            .collect();
        if missing.is_empty() {
            return evidence;
        }
        let until = (Instant::now() + Duration::from_millis(wait_ms)).min(self.house.deadline);
        let Ok(backups) = self.house.backups(&self.policy) else {
            return evidence;
        };
        let place = absolute(backups);
        let work = worker::Work::new(&self.policy, place.clone(), missing);
        // The worker says why it failed beside the backups: where that cannot be, it is said here.
        let mut child = match worker::begin(&work) {
            Ok(child) => child,
            Err(error) => return evidence::without_a_place(evidence, &place, &error),
        };
        let mut ended = None;
        while Instant::now() < until && ended.is_none() {
            match child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Ok(Some(status)) => ended = Some(status),
                Err(_) => break,
            }
        }
        let found = self.evidence(Some(store));
        match ended.filter(|status| !status.success()) {
            Some(status) => {
                evidence::without_a_place(found, &place, &format!("its maker ended ({status})"))
            }
            None => found,
        }
    }

    /// Compares the targets of a call that is about to pass with what their backups saw, and has newer ones made of what was written to.
    fn current(
        &self,
        store: &Store,
        request: Option<&Request>,
        mut evidence: Evidence,
    ) -> Evidence {
        let Ok(backups) = self.house.backups(&self.policy) else {
            return evidence;
        };
        let look = drift::Look {
            backups: &backups,
            facts: &self.judgement.facts,
            policy: &self.policy,
            elsewhere: request.is_some_and(|request| !request.approvals.is_empty()),
            until: self.house.deadline,
        };
        let wait_ms = self.policy.limits.snapshot_wait_ms;
        let found = |evidence: &Evidence| {
            let mut all = drift::overtaken(evidence, &look, Duration::from_millis(wait_ms));
            all.retain(|one| self.policy.drift == Drift::None || !one.is_as_young_as_can_be);
            all
        };
        if self.policy.drift == Drift::Shown {
            return evidence;
        }
        let overtaken = found(&evidence);
        if overtaken.is_empty() {
            return evidence;
        }
        discount(&mut evidence, &overtaken);
        let mut newer = self.completed(store, request, evidence, wait_ms);
        discount(&mut newer, &overtaken);
        if self.policy.drift == Drift::None {
            let again = found(&newer);
            discount(&mut newer, &again);
        }
        newer
    }

    /// Records the single use, synced, before the call may run.
    fn spend(
        &self,
        store: &Store,
        request: &Request,
        evidence: &Evidence,
        backups: &[String],
    ) -> Result<(), String> {
        failpoint::reach("hook.before-use").map_err(|error| error.to_string())?;
        self.changes()?;
        let leased = !evidence.leased.is_empty()
            && evidence.approvals < self.judgement.requirement.approvals;
        let spending = Spending {
            id: &request.id,
            fingerprint: &self.fingerprint,
            approvals: if leased {
                0
            } else {
                self.judgement.requirement.approvals
            },
            rules: rules(&self.policy),
            backups,
            facts: json!({
                "tool_use_id": self.call.tool_use_id, "session": self.call.session, "leased": leased,
                "drift": drifts(evidence),
            }),
        };
        let used = store
            .spend(&spending, Timestamp::now())
            .map_err(|error| error.to_string())?;
        failpoint::reach("hook.after-use").map_err(|error| error.to_string())?;
        outcome::expect(self.call, self.house, &used.request.id);
        Ok(())
    }

    /// Notes in the catalog that the targets change now: the next loss needs a backup of its own.
    fn changes(&self) -> Result<(), String> {
        let dir = self
            .house
            .backups(&self.policy)
            .map_err(|error| error.to_string())?;
        for need in &self.judgement.requirement.backups {
            catalog::changes(&dir, &need.target.key()).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn has_remote(&self) -> bool {
        self.judgement
            .requirement
            .backups
            .iter()
            .any(|need| !contact::is_local(need, &self.judgement.facts))
    }

    /// What is not on this machine is contacted only after a human said so: by a first approval, or in the owner's policy.
    fn may_contact(&self, need: &BackupNeed, request: Option<&Request>) -> bool {
        let agreed = request.is_some_and(|request| !request.approvals.is_empty());
        agreed
            || contact::is_local(need, &self.judgement.facts)
            || self.policy.enrolled.contains(&need.target.key())
    }

    /// Tells whether another of the newest requests was held for the same target: then a lease is worth offering.
    fn was_held_before(&self, store: &Store, request: &Request) -> bool {
        const NEWEST: usize = 16;
        let Some(need) = self.judgement.requirement.backups.first() else {
            return false;
        };
        let (others, _) = store.requests(NEWEST, Timestamp::now()).unwrap_or_default();
        let key = need.target.key();
        others.iter().any(|other| {
            other.id != request.id
                && other
                    .requirement
                    .backups
                    .iter()
                    .any(|need| need.target.key() == key)
        })
    }

    fn lease_line(&self) -> Option<String> {
        let need = self.judgement.requirement.backups.first()?;
        Some(format!(
            "backstop lease '{}:{}' --for 2h --reason '…'{}",
            need.target.kind.name(),
            need.target.locator,
            self.house.state_option()
        ))
    }
}

/// Says who said no, and why.
fn rejection(no: Option<&Rejected>) -> String {
    let Some(no) = no else {
        return "a person rejected it".to_owned();
    };
    let time = no.at.get(..16).unwrap_or(&no.at);
    let why = if no.reason.is_empty() {
        String::new()
    } else {
        format!(": {}", crate::render::visible::visible(&redact(&no.reason)))
    };
    format!("{} rejected it at {time}Z{why}", no.by)
}

/// Takes what was overtaken out of what counts.
fn discount(evidence: &mut Evidence, overtaken: &[drift::Overtaken]) {
    for found in &mut evidence.backups {
        let is_it = |one: &&drift::Overtaken| found.id.as_ref() == Some(&one.id);
        if let Some(one) = overtaken.iter().find(is_it) {
            found.freshness = Freshness::Changed(format!("{} is overtaken: {}", one.id, one.said));
        }
    }
}

/// Returns what policy demands of approvals.
pub fn rules(policy: &Policy) -> ApprovalRules {
    use crate::model::approval::Strength;
    let strength = match policy.strength.as_str() {
        "password" => Strength::Password,
        "key" => Strength::Key,
        "hardware" => Strength::Hardware,
        "second-person" => Strength::SecondPerson,
        _ => Strength::Terminal,
    };
    ApprovalRules {
        ttl_s: policy.approval_ttl_s,
        pause_s: policy.pause_s,
        two_people: policy.two_people,
        strength,
        waives_failed: policy.waiver == Waiver::Impossible,
    }
}

/// Returns the state of one backup as a sentence; nothing when there is none.
fn describe(found: &crate::model::evidence::BackupFound) -> Option<String> {
    let id = found.id.as_ref()?;
    let age = found.age_s.map(decide::age).unwrap_or_default();
    let state = if found.freshness == Freshness::Fresh {
        "verified"
    } else {
        "does not count"
    };
    let drift = found.drift.as_ref().filter(|_| state == "verified");
    let drift = drift.map(|said| format!("; {said}")).unwrap_or_default();
    Some(format!(
        "{id} ({state}, {age} old, {} bytes{drift})",
        found.bytes
    ))
}

/// Returns what was written to the targets since their backups were begun, for the record.
fn drifts(evidence: &Evidence) -> Vec<serde_json::Value> {
    let drift = |found: &crate::model::evidence::BackupFound| {
        let said = found.drift.as_ref()?;
        Some(json!({"backup": found.id, "said": said}))
    };
    evidence.backups.iter().filter_map(drift).collect()
}

/// Returns a finding as it may be stored: secrets hidden.
fn clean(
    finding: &crate::model::finding::Finding,
    values: &[String],
) -> crate::model::finding::Finding {
    let mut clean = finding.clone();
    clean.command = crate::render::redact::words(&clean.command);
    for word in &mut clean.command {
        *word = redact::blot(word, values);
    }
    clean.summary = redact(&clean.summary);
    for target in &mut clean.targets {
        target.locator = redact(&target.locator);
    }
    if let Some(rows) = &mut clean.blast.rows {
        rows.hide(redact);
    }
    clean
}

fn clean_requirement(
    owed: &crate::model::policy::Requirement,
) -> crate::model::policy::Requirement {
    let mut clean = owed.clone();
    for need in &mut clean.backups {
        need.target.locator = redact(&need.target.locator);
    }
    clean
}

/// Returns what the second approval has to type: the first target's name; server and database where they were not in the words.
fn confirm(judgement: &Judgement) -> String {
    let target = judgement
        .findings
        .iter()
        .flat_map(|finding| &finding.targets)
        .next();
    let name = match target {
        Some(target) => match &target.reach {
            Reach::Postgres(reach) if reach.implicit => target.locator.clone(),
            Reach::GitRemote(reach) => remote_name(reach),
            Reach::Postgres(_)
            | Reach::Path(_)
            | Reach::Sqlite(_)
            | Reach::Worktree(_)
            | Reach::GitRefs(_)
            | Reach::Unreachable(_)
            | Reach::NoDriver => target.confirm(),
        },
        None => String::new(),
    };
    match name.is_empty() {
        false => name,
        true => judgement
            .findings
            .first()
            .map(|finding| finding.rule.clone())
            .unwrap_or_default(),
    }
}

/// One ref by the name that people use; several by that of their remote.
fn remote_name(reach: &GitRemoteReach) -> String {
    match reach.refs.as_slice() {
        [one] => ["refs/heads/", "refs/tags/"]
            .iter()
            .find_map(|start| one.name.strip_prefix(start))
            .unwrap_or(&one.name)
            .to_owned(),
        _ => reach.remote.clone(),
    }
}

/// A path that nobody can mistake for a relative one.
pub fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
