//! Local refs under protection: a transaction that takes one away is held, one that moves it back goes on.
//! It sees what git is about to write; whose command that was, and what a push would do elsewhere, is not known here.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use crate::adapters::git::refs::{Refs, Standing, Tip};
use crate::decide::{self, fingerprint};
use crate::model::approval::{Fingerprint, Request, RequestState};
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::policy::{Demand, Mode, Policy, Requirement};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::verdict::Answer;
use crate::plan::refs::{PROTECTED, Protected, Update, Value};
use crate::policy;
use crate::render::text::{self, Hold};
use crate::store::{Draft, Spending, Store};

use super::{House, Reply, evidence, rules};

/// git prepares the deletion of one ref twice (packed, then loose); a use covers the same tips for this long.
const SAME_CHANGE_S: i64 = 10;

/// What a request about refs calls its tool.
pub const TOOL: &str = "git reference-transaction";

/// Judges the lines of a prepared transaction; silent in every case in which nothing protected is lost.
pub fn prepared(updates: impl Iterator<Item = Update>, cwd: &Path, house: &House) -> Reply {
    let mut touched = updates
        .filter(|update| update.old != update.new || update.new == Value::Zeros)
        .filter(|update| may_be_protected(&update.name))
        .peekable();
    if touched.peek().is_none() {
        return Reply::Silent;
    }
    let Some(refs) = Refs::find(cwd) else {
        return blocked("the repository of this change cannot be found");
    };
    let root = root_of(&refs);
    let policy = house.policy(&root, None);
    let protected = Protected::new(PROTECTED, refs.default_branches());
    let mut tips = Vec::new();
    for update in touched.filter(|update| protected.holds(&update.name)) {
        match moved(&update, &refs) {
            Ok(tip) => tips.extend(tip),
            Err(error) => {
                let name = String::from_utf8_lossy(&update.name).into_owned();
                return blocked(&format!("what `{name}` holds now cannot be read: {error}"));
            }
        }
    }
    if tips.is_empty() {
        return Reply::Silent;
    }
    let standings = match refs.standings(&tips) {
        Ok(standings) => standings,
        Err(error) => {
            return blocked(&format!(
                "whether commits would be lost cannot be found out: {error}"
            ));
        }
    };
    let lost: Vec<Tip> = tips
        .into_iter()
        .zip(standings)
        .filter(|(tip, standing)| *standing == Standing::Lost && is_held(tip, &refs))
        .map(|(tip, _)| tip)
        .collect();
    if lost.is_empty() {
        return Reply::Silent;
    }
    match policy {
        Err(error) => blocked(&format!(
            "{error} (the policy is needed, because this change loses a protected ref)"
        )),
        Ok(policy) => Change {
            tips: lost,
            common: refs.common,
            root,
            policy,
            house,
        }
        .answer(),
    }
}

/// A cheap look before anything of the repository is read: what git keeps for itself is never protected.
fn may_be_protected(name: &[u8]) -> bool {
    name.starts_with(b"refs/") && !name.starts_with(b"refs/remotes/") && name != b"refs/stash"
}

/// Returns the tip that the ref is taken away from; nothing when it is new, stays, or only grows.
fn moved(update: &Update, refs: &Refs) -> std::io::Result<Option<Tip>> {
    let old = match &update.old {
        Value::Object(old) => Some(old.clone()),
        // "No old value was given": a creation, and also every forced change.
        Value::Zeros | Value::Symbolic(_) => refs.current(&update.name)?,
    };
    let Some(old) = old.filter(|old| !old.starts_with("ref:")) else {
        return Ok(None);
    };
    let next = match &update.new {
        Value::Object(new) if *new == old || refs.is_parent(&old, new) => return Ok(None),
        Value::Object(new) => Some(new.clone()),
        Value::Zeros if update.old != Value::Zeros && refs.is_pruning(&update.name, &old) => {
            return Ok(None);
        }
        Value::Zeros | Value::Symbolic(_) => None,
    };
    Ok(Some(Tip {
        name: update.name.clone(),
        object: old,
        next,
    }))
}

/// A ref that goes is held; one that moves goes on while its own log keeps the old tip, because amending and rebasing are daily work.
fn is_held(tip: &Tip, refs: &Refs) -> bool {
    tip.next.is_none() || !(refs.has_log(&tip.name) || tip.name.starts_with(b"refs/tags/"))
}

fn root_of(refs: &Refs) -> PathBuf {
    let is_plain = refs.common.file_name().is_some_and(|name| name == ".git");
    let parent = refs.common.parent().filter(|_| is_plain);
    parent.unwrap_or(&refs.common).to_path_buf()
}

fn blocked(what: &str) -> Reply {
    Reply::Block(format!(
        "backstop: held: {what}\n  next: run `backstop doctor`; `backstop uninstall git` takes the hooks out again.\n"
    ))
}

/// A transaction that loses protected refs.
struct Change<'a> {
    tips: Vec<Tip>,
    common: PathBuf,
    root: PathBuf,
    policy: Policy,
    house: &'a House,
}

impl Change<'_> {
    fn answer(&self) -> Reply {
        let mut findings = self.findings();
        let now = Timestamp::now();
        let owed = policy::require(&mut findings, &self.policy, now.as_second());
        if findings.is_empty() {
            return Reply::Silent;
        }
        // The commits stay in the repository until it is packed again, so what is owed is people's word, not a copy.
        let owed = Requirement {
            demand: owed.demand,
            backups: Vec::new(),
            approvals: self.policy.approvals,
            waivers: Vec::new(),
        };
        let summary = json!({
            "tool": TOOL, "command": self.command(), "cwd": self.root, "fingerprint": self.fingerprint(),
            "findings": findings.iter().map(crate::render::json::finding).collect::<Vec<_>>(),
        });
        let store = self.house.store();
        match (self.policy.mode, owed.demand) {
            (_, Demand::Allow) => Reply::Silent,
            (Mode::Observe, _) | (Mode::SnapshotOnly, Demand::Snapshot | Demand::Hold) => {
                if let Ok(store) = store {
                    let _ = store.record("observed", &summary, now);
                }
                Reply::Silent
            }
            (Mode::Enforce, Demand::Snapshot) => Reply::Silent,
            (Mode::Enforce | Mode::SnapshotOnly, Demand::Hold | Demand::Deny) => match store {
                Ok(store) => self
                    .hold(&store, findings, owed, now)
                    .unwrap_or_else(|error| blocked(&error)),
                Err(error) => blocked(&format!(
                    "{}, and nothing can be recorded: {error}",
                    self.command()
                )),
            },
        }
    }

    fn hold(
        &self,
        store: &Store,
        findings: Vec<Finding>,
        owed: Requirement,
        now: Timestamp,
    ) -> Result<Reply, String> {
        let fingerprint = self.fingerprint();
        if self.is_spent_just_now(store, &fingerprint, now) {
            return Ok(Reply::Silent);
        }
        let confirm = findings
            .iter()
            .flat_map(|finding| &finding.targets)
            .next()
            .map(Target::confirm)
            .unwrap_or_default();
        let draft = Draft {
            fingerprint: fingerprint.clone(),
            tool: TOOL.to_owned(),
            command: self.command(),
            cwd: self.root.display().to_string(),
            session: crate::adapters::environment::claude_session(),
            findings: findings.clone(),
            requirement: owed.clone(),
            confirm,
            backups: Vec::new(),
            request_ttl_s: self.policy.request_ttl_s,
            approval_ttl_s: self.policy.approval_ttl_s,
        };
        let request = store.hold(&draft, now).map_err(|error| error.to_string())?;
        let place = evidence::Where {
            backups: None,
            store: Some(store),
            now,
        };
        let facts = crate::model::fact::Facts::new(false);
        let found = evidence::gather(&owed, &fingerprint, &facts, &self.policy, &place);
        let mut verdict = decide::decide(findings, owed, &found, self.policy.mode);
        if verdict.answer == Answer::Allow {
            match self.spend(store, &request, &fingerprint, verdict.requirement.approvals) {
                Ok(()) => return Ok(Reply::Silent),
                Err(why) => verdict.gaps = vec![why],
            }
        }
        verdict.answer = Answer::Hold;
        let hold = Hold {
            text: "",
            id: Some(&request.id.0),
            repeated: request.held > 1,
            backups: &[],
            lease: None,
        };
        Ok(Reply::Block(text::reason(&verdict, &hold)))
    }

    fn spend(
        &self,
        store: &Store,
        request: &Request,
        fingerprint: &Fingerprint,
        approvals: u8,
    ) -> Result<(), String> {
        let spending = Spending {
            id: &request.id,
            fingerprint,
            approvals,
            rules: rules(&self.policy),
            backups: &[],
            facts: json!({"refs": self.command()}),
        };
        store
            .spend(&spending, Timestamp::now())
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    /// Tells whether this very change was let through a moment ago: git asks once for packed refs and once for loose ones.
    fn is_spent_just_now(&self, store: &Store, fingerprint: &Fingerprint, now: Timestamp) -> bool {
        let Ok(Some(request)) = store.by_fingerprint(fingerprint, now) else {
            return false;
        };
        let used = request
            .used_at
            .as_deref()
            .and_then(|at| at.parse::<Timestamp>().ok());
        let age = used.map(|at| now.as_second() - at.as_second());
        request.state == RequestState::Used
            && age.is_some_and(|age| (0..=SAME_CHANGE_S).contains(&age))
    }

    fn findings(&self) -> Vec<Finding> {
        self.tips.iter().map(|tip| self.finding(tip)).collect()
    }

    fn finding(&self, tip: &Tip) -> Finding {
        let name = String::from_utf8_lossy(&tip.name).into_owned();
        let short: String = tip.object.chars().take(12).collect();
        let deed = if tip.next.is_some() {
            "moves"
        } else {
            "deletes"
        };
        let instead = format!("git branch keep-{short} {short}");
        Finding {
            rule: "git.ref-delete".to_owned(),
            severity: Severity::High,
            summary: format!(
                "{deed} the protected ref {name}, and no other ref leads to its commits"
            ),
            command: vec![
                "git".to_owned(),
                "reference-transaction".to_owned(),
                name.clone(),
            ],
            span: None,
            file: None,
            via: Vec::new(),
            targets: vec![Target {
                kind: TargetKind::GitRef,
                locator: self.root.to_string_lossy().into_owned(),
                object: Some(
                    name.trim_start_matches("refs/heads/")
                        .trim_start_matches("refs/tags/")
                        .to_owned(),
                ),
                reach: Reach::NoDriver,
            }],
            opaque: false,
            instead: Some(instead),
            blast: Blast {
                lines: vec![format!(
                    "its tip {}; `git update-ref {name} {}` brings it back while git still has the commits",
                    tip.object, tip.object
                )],
                ..Blast::default()
            },
            exempt: None,
        }
    }

    /// The change as people get to see it.
    fn command(&self) -> String {
        let lines = self.tips.iter().map(|tip| {
            let name = String::from_utf8_lossy(&tip.name);
            match &tip.next {
                Some(next) => format!("{name}: {} -> {next}", tip.object),
                None => format!("{name}: {} -> gone", tip.object),
            }
        });
        format!("git: {}", lines.collect::<Vec<_>>().join("; "))
    }

    /// Repository, refs, old and new tips: nothing else counts, and all of it does.
    fn fingerprint(&self) -> Fingerprint {
        let mut tips: Vec<_> = self
            .tips
            .iter()
            .map(|tip| (&tip.name, &tip.object, &tip.next))
            .collect();
        tips.sort();
        let text = json!({"domain": "backstop.ref-change/1", "repository": self.common.as_os_str().as_encoded_bytes(), "tips": tips});
        Fingerprint(fingerprint::sha256(text.to_string().as_bytes()))
    }
}
