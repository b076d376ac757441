//! `backstop approve`. Approves a request, in a terminal of your own.
//! Two screens, two records; it makes no backup and does not decide what is owed.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::evidence::{BackupState, Evidence, Shown};
use super::human::{self, Human};
use super::screens;
use super::settings::{self, StateArgs, Trouble};
use super::wiring::Wired;
use crate::model::approval::{Approval, Request, RequestId, RequestState, Strength};
use crate::model::target::TargetKey;
use crate::store::{self, ApprovalRules, Store, StoreError};

/// How often a running backup is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What a human types where no backup can be made.
const WAIVER: &str = "no backup";

/// Approves a request, in a terminal of your own.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the request; not needed when one is pending.
    pub id: Option<String>,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    let wired = Wired::new(args.state.state.clone());
    run_with(args, &wired, &wired.rules())
}

/// Runs the command with a catalog to look into and the rules of policy.
pub fn run_with(args: &Args, evidence: &dyn Evidence, rules: &ApprovalRules) -> u8 {
    match attempt(args, evidence, rules) {
        Ok(()) => 0,
        Err(trouble) => trouble.tell(1),
    }
}

fn attempt(args: &Args, evidence: &dyn Evidence, rules: &ApprovalRules) -> Result<(), Trouble> {
    let store = settings::open(&args.state)?;
    let given = match &args.id {
        Some(text) => Some(store::request_id(text)?),
        None => None,
    };
    let human = human::present(&store, given.as_ref())?;
    let id = match given {
        Some(id) => id,
        None => only_pending(&store)?,
    };
    Sitting {
        store: &store,
        evidence,
        rules,
        human,
        id,
    }
    .hold()
}

fn only_pending(store: &Store) -> Result<RequestId, Trouble> {
    let (requests, _) = store.requests(usize::MAX, Timestamp::now())?;
    let mut pending = requests
        .into_iter()
        .filter(|request| request.state == RequestState::Pending);
    match (pending.next(), pending.next()) {
        (None, _) => Err(Trouble::new(
            "no request is pending",
            "`backstop requests` lists them all",
        )),
        (Some(only), None) => Ok(only.id),
        (Some(_), Some(_)) => Err(Trouble::new(
            "more than one request is pending",
            "`backstop requests` lists them; name one: `backstop approve ID`",
        )),
    }
}

/// One human before one request.
struct Sitting<'a> {
    store: &'a Store,
    evidence: &'a dyn Evidence,
    rules: &'a ApprovalRules,
    human: Human,
    id: RequestId,
}

impl Sitting<'_> {
    fn hold(&mut self) -> Result<(), Trouble> {
        let request = self.store.request(&self.id, Timestamp::now())?;
        let need = request.requirement.approvals;
        let mut step = self.opening(&request)?;
        let shown = self.watch_newest(&request)?;
        self.human.terminal.say(&screens::first(&request, &shown))?;
        if step == 1 {
            self.ask_first(&request, &shown)?;
            self.evidence.agreed(&request);
            step = 2;
        }
        while step <= need {
            if step > 1 && self.has_to_part(step)? {
                return Ok(());
            }
            self.ask_second(&request, step)?;
            step += 1;
        }
        let now = self.store.request(&self.id, Timestamp::now())?;
        let left = self.evidence.refresh(&now).gaps;
        let ttl = screens::age(self.rules.ttl_s);
        let done = match left.as_slice() {
            [] => format!("\nApproved. The agent may run it once within {ttl}.\n"),
            gaps => {
                let gaps: Vec<_> = gaps.iter().map(|gap| screens::visible(gap)).collect();
                format!(
                    "\nApproved for {ttl}, but the call stays held until this is mended: {}.\n",
                    gaps.join("; ")
                )
            }
        };
        Ok(self.human.terminal.say(&done)?)
    }

    /// The step at which this sitting begins: the first, unless the rules split the approvals between sittings.
    fn opening(&self, request: &Request) -> Result<u8, Trouble> {
        match request.state {
            RequestState::Pending => {}
            state => {
                let id = &request.id.0;
                let help = match state {
                    RequestState::Rejected => format!("`backstop revoke {id}` opens it again"),
                    RequestState::Approved => format!(
                        "the agent may run it; `backstop revoke {id}` takes the approvals back"
                    ),
                    _ => "`backstop requests` lists what is pending".to_owned(),
                };
                return Err(Trouble::new(
                    format!("request `{id}` is {}", state.name()),
                    help,
                ));
            }
        }
        if request.requirement.approvals == 0 {
            return Err(Trouble::new(
                format!("request `{}` needs no approval", request.id.0),
                "",
            ));
        }
        if !self.is_split() {
            return Ok(1);
        }
        let next = self
            .store
            .next_step(&self.id, self.rules, Timestamp::now())?;
        Ok(next.unwrap_or(1))
    }

    const fn is_split(&self) -> bool {
        self.rules.two_people || self.rules.pause_s > 0
    }

    /// When the rules forbid that this approval follows in the same sitting, says so.
    fn has_to_part(&mut self, step: u8) -> Result<bool, Trouble> {
        if !self.is_split() {
            return Ok(false);
        }
        let request = self.store.request(&self.id, Timestamp::now())?;
        let Some(last) = request.approvals.last() else {
            return Ok(false);
        };
        let same = self.rules.two_people && last.by == self.human.by;
        let gone = last
            .at
            .parse::<Timestamp>()
            .map_or(0, |at| Timestamp::now().as_second() - at.as_second());
        let early = gone < i64::try_from(self.rules.pause_s).unwrap_or(i64::MAX);
        let why = match (same, early) {
            (true, _) => "policy wants another person for the next one".to_owned(),
            (false, true) => format!("policy wants {} s between two", self.rules.pause_s),
            (false, false) => return Ok(false),
        };
        let text = format!("\nApproval {} is recorded; {why}.\n", step - 1);
        self.human.terminal.say(&text)?;
        Ok(true)
    }

    fn ask_first(&mut self, request: &Request, shown: &Shown) -> Result<(), Trouble> {
        let answer = self.human.terminal.ask("approve? [y/N] ")?;
        let yes =
            answer.is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "y" | "yes"));
        if !yes {
            return Err(self.refused("the answer was no")?);
        }
        self.record(request, 1, shown, Vec::new())
    }

    fn ask_second(&mut self, request: &Request, step: u8) -> Result<(), Trouble> {
        let shown = self.watch(request)?;
        let screen = screens::second(request, &shown, self.rules.ttl_s);
        self.human.terminal.say(&screen)?;
        let name = screens::visible(&request.confirm);
        let typed = self.human.terminal.ask(&format!("type {name}: "))?;
        let right = typed.is_some_and(|typed| {
            !typed.is_empty() && (typed == name.trim() || typed == request.confirm.trim())
        });
        if !right {
            return Err(self.refused("another name was typed")?);
        }
        let waived = self.ask_waivers(request, &shown)?;
        self.record(request, step, &shown, waived)
    }

    fn ask_waivers(&mut self, request: &Request, shown: &Shown) -> Result<Vec<TargetKey>, Trouble> {
        let mut waived = Vec::new();
        let impossible = request
            .requirement
            .waivers
            .iter()
            .map(|one| (one, "is possible"));
        let backups = shown.backups.iter().filter(|_| self.rules.waives_failed);
        let failed = backups
            .filter_map(|one| one.failed.as_ref())
            .map(|one| (one, "could be made"));
        for ((target, reason), which) in impossible.chain(failed) {
            let text = format!(
                "No backup of {} {which}: {}.\n",
                screens::visible(&target.locator),
                screens::visible(reason)
            );
            self.human.terminal.say(&text)?;
            let typed = self.human.terminal.ask(&format!("type {WAIVER}: "))?;
            if typed.as_deref() != Some(WAIVER) {
                return Err(self.refused("the waiver was not typed")?);
            }
            waived.push(target.clone());
        }
        Ok(waived)
    }

    fn record(
        &self,
        request: &Request,
        step: u8,
        shown: &Shown,
        waived: Vec<TargetKey>,
    ) -> Result<(), Trouble> {
        let approval = Approval {
            at: String::new(),
            strength: Strength::Terminal,
            by: self.human.by.clone(),
            step,
            nonce: store::nonce()?,
            backups: shown
                .backups
                .iter()
                .filter(|backup| backup.state != BackupState::Failed)
                .map(|backup| backup.id.clone())
                .collect(),
            waived,
        };
        let now = Timestamp::now();
        if !self.human.marks.is_empty() {
            let body = json!({"id": request.id, "step": step, "marks": self.human.marks});
            self.store.record("marks", &body, now)?;
        }
        let approved = self
            .store
            .approve(&request.id, approval, self.rules, Timestamp::now());
        match approved {
            Ok(_) => Ok(()),
            // This sitting saw it recorded: nothing but time takes it away.
            Err(StoreError::Order { expected: 1, .. }) if step > 1 => Err(self.too_late(request)),
            Err(error) => Err(error.into()),
        }
    }

    /// The second approval came when the first did not count any more.
    fn too_late(&self, request: &Request) -> Trouble {
        let is_there = |request: &Request| !request.approvals.is_empty();
        let now = self.store.request(&self.id, Timestamp::now());
        if !now.as_ref().is_ok_and(is_there) {
            return Trouble::new(
                "the first approval was taken back meanwhile; nothing is approved",
                format!("`backstop approve {}` starts again", request.id.0),
            );
        }
        let is_done = |request: &Request| {
            matches!(request.state, RequestState::Approved | RequestState::Used)
        };
        if now.as_ref().is_ok_and(is_done) {
            return Trouble::new(
                "somebody else approved it meanwhile; nothing was added",
                format!(
                    "the agent may run it once; `backstop revoke {}` takes the approvals back",
                    request.id.0
                ),
            );
        }
        Trouble::new(
            format!(
                "the first approval has expired while the second was waited for: it counts for {}; nothing is approved",
                screens::age(self.rules.ttl_s)
            ),
            format!(
                "start again: `backstop approve {}` asks for both",
                request.id.0
            ),
        )
    }

    fn refused(&self, reason: &str) -> Result<Trouble, Trouble> {
        let (id, human) = (&self.id, &self.human);
        let now = Timestamp::now();
        self.store
            .refuse(Some(id), reason, &human.marks, &human.by, now)?;
        Ok(Trouble::new(
            format!("not approved: {reason}"),
            format!("nothing runs; `backstop approve {}` asks again", id.0),
        ))
    }

    /// Waits while a backup is being made, and shows how far it is.
    /// Waits for backups that hold what is there now. One that was under way already when the human sat down may be overtaken by the time it is done:
    /// it is renewed then, once, so that a target that is always written to does not keep the human waiting.
    fn watch_newest(&mut self, request: &Request) -> Result<Shown, Trouble> {
        let is_newest = self.evidence.renew(request);
        let shown = self.watch(request)?;
        let is_overtaken = shown.backups.iter().any(|backup| backup.changed.is_some());
        if is_newest || !is_overtaken || !self.evidence.renew(request) {
            return Ok(shown);
        }
        self.watch(request)
    }

    fn watch(&mut self, request: &Request) -> Result<Shown, Trouble> {
        let mut shown = self.evidence.refresh(request);
        let mut waited = false;
        let over = self.human.terminal.escapes();
        while shown.is_running() {
            let state = self.store.request(&self.id, Timestamp::now())?.state;
            if !matches!(state, RequestState::Pending | RequestState::Approved) {
                return Err(Trouble::new(
                    format!("request `{}` is {} by now", self.id.0, state.name()),
                    "",
                ));
            }
            // Where a line cannot be written over, one is enough.
            if over {
                self.human
                    .terminal
                    .say(&format!("\r\u{1b}[K{}", progress(&shown)))?;
            } else if !waited {
                self.human.terminal.say("The backup is being made.\n")?;
            }
            waited = true;
            std::thread::sleep(LOOK);
            shown = self.evidence.refresh(request);
        }
        if waited && over {
            self.human.terminal.say("\r\u{1b}[K")?;
        }
        Ok(shown)
    }
}

fn progress(shown: &Shown) -> String {
    const BAR: u64 = 30;
    let running = shown
        .backups
        .iter()
        .filter(|backup| backup.state == BackupState::Running);
    let (mut done, mut all) = (0_u64, Some(0_u64));
    for backup in running {
        done = done.saturating_add(backup.bytes);
        all = all
            .zip(backup.expected)
            .map(|(sum, more)| sum.saturating_add(more));
    }
    let bar = match all.filter(|all| *all > 0) {
        Some(all) => {
            let full = (done.min(all).saturating_mul(BAR) / all) as usize;
            let rest = (BAR as usize).saturating_sub(full);
            format!(" [{}{}]", "#".repeat(full), ".".repeat(rest))
        }
        None => String::new(),
    };
    format!("The backup is being made:{bar} {}", screens::bytes(done))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::evidence::BackupShown;

    fn running(bytes: u64, expected: Option<u64>) -> BackupShown {
        BackupShown {
            id: "b".into(),
            state: BackupState::Running,
            verified: "none".into(),
            age_s: None,
            bytes,
            expected,
            recovery: Vec::new(),
            changed: None,
            failed: None,
        }
    }

    fn bar(backups: Vec<BackupShown>) -> String {
        progress(&Shown {
            backups,
            ..Shown::default()
        })
    }

    #[test]
    fn progress_is_a_bar_where_the_end_is_known() {
        let half = bar(vec![running(50, Some(100))]);
        assert!(
            half.contains("[###############...............] 50 B"),
            "{half}"
        );
        let over = bar(vec![running(300, Some(100))]);
        assert_eq!(over.matches('#').count(), 30);
        let unknown = bar(vec![running(50, Some(100)), running(5, None)]);
        assert!(!unknown.contains('[') || unknown.matches('[').count() == 1);
        assert!(unknown.ends_with("55 B"), "{unknown}");
    }
}
