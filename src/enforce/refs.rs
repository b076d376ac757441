//! Local refs under protection: a transaction that takes one away is held, one that moves it back goes on.
//! It sees what git is about to write; whose command that was, and what a push would do elsewhere, is not known here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::{Gate, House, Reply, push};
use crate::adapters::git::refs::{Refs, Standing, Tip};
use crate::backup::{catalog, git};
use crate::decide::fingerprint;
use crate::gather;
use crate::guard::Judgement;
use crate::model::approval::{Fingerprint, Request, RequestState};
use crate::model::command::Unfolding;
use crate::model::fact::Facts;
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::policy::{Demand, Mode, Policy};
use crate::model::request::{Asked, Event, ShellKind, ToolCall};
use crate::model::target::{Reach, Target, TargetKind};
use crate::plan::refs::{Update, Value};
use crate::policy::{self, builtin};
use crate::store::{Record, Store};

/// git prepares the deletion of one ref twice (packed, then loose); a use covers the same tips for this long.
const SAME_CHANGE_S: i64 = 10;

/// Newest records among which the cover of this very change is looked for.
const LAST: usize = 16;

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
    let protection = match &policy {
        Ok(policy) => policy.protection.clone(),
        Err(_) => builtin::default_policy().protection,
    };
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let defaults: Vec<String> = refs
        .default_branches()
        .iter()
        .map(|name| text(name))
        .collect();
    let mut tips = Vec::new();
    for update in touched.filter(|update| protection.covers_local(&text(&update.name), &defaults)) {
        match moved(&update, &refs) {
            Ok(tip) => tips.extend(tip),
            Err(error) => {
                let name = text(&update.name);
                return blocked(&format!("what `{name}` holds now cannot be read: {error}"));
            }
        }
    }
    // What moves on under its own log, like every amended commit, needs no question to git.
    if !tips.iter().any(|tip| is_held(tip, &refs)) {
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
        // The commits stay, under the new name.
        Value::Zeros if refs.is_renaming() => return Ok(None),
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

/// Returns the name of a branch or tag as people type it.
fn short(name: &str) -> &str {
    let short = ["refs/heads/", "refs/tags/"];
    let mut short = short.iter().filter_map(|start| name.strip_prefix(start));
    short.next().unwrap_or(name)
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
    fn answer(self) -> Reply {
        let mut findings = self.findings();
        let now = Timestamp::now();
        let requirement = policy::require(&mut findings, &self.policy, now.as_second());
        if findings.is_empty() {
            return Reply::Silent;
        }
        let fingerprint = self.fingerprint();
        let held = self.policy.mode == Mode::Enforce && requirement.demand == Demand::Hold;
        if held
            && let Some(store) = self.house.store_if_there()
            && (self.passed_just_now(&store, &fingerprint, now)
                || self.covered(&store, &fingerprint, now))
        {
            return Reply::Silent;
        }
        let own = self.house.own();
        let scene = gather::scene(&gather::Place {
            cwd: &self.root,
            scratchpad: None,
            own: &own,
            assumed: false,
        });
        Gate {
            call: &self.call(),
            house: self.house,
            scene,
            rules: builtin::book(),
            judgement: Judgement {
                findings,
                seen: true,
                requirement,
                unfolding: Unfolding::default(),
                facts: Facts::new(false),
            },
            policy: self.policy,
            fingerprint,
            now,
        }
        .answer()
    }

    /// The change as a call: there is no tool behind it.
    fn call(&self) -> ToolCall {
        ToolCall {
            event: Event::PreToolUse,
            tool: TOOL.to_owned(),
            asked: Asked::Shell {
                kind: ShellKind::Posix,
                text: self.command(),
            },
            input: serde_json::Value::Null,
            cwd: Some(self.root.clone()),
            session: crate::adapters::environment::claude_session(),
            tool_use_id: None,
            agent_id: None,
            permission_mode: None,
            scratchpad: None,
            file_path: None,
            id: serde_json::Value::Null,
        }
    }

    /// Tells whether this very change was let through a moment ago: git asks once for packed refs and once for loose ones.
    fn passed_just_now(&self, store: &Store, fingerprint: &Fingerprint, now: Timestamp) -> bool {
        let just_now = |at: Option<&str>| {
            let at = at.and_then(|at| at.parse::<Timestamp>().ok());
            at.is_some_and(|at| (0..=SAME_CHANGE_S).contains(&(now.as_second() - at.as_second())))
        };
        let spent = store.by_fingerprint(fingerprint, now).ok().flatten();
        let spent = spent.is_some_and(|request| {
            request.state == RequestState::Used && just_now(request.used_at.as_deref())
        });
        let is_cover = |record: &Record| {
            let covers = record
                .body
                .pointer("/facts/change")
                .and_then(|text| text.as_str());
            record.kind == "covered" && covers == Some(&fingerprint.0) && just_now(Some(&record.at))
        };
        spent
            || store
                .last_records(LAST)
                .is_ok_and(|last| last.iter().any(is_cover))
    }

    /// Tells whether a use that was spent for an agent's command is for this very change, and uses that up too.
    fn covered(&self, store: &Store, fingerprint: &Fingerprint, now: Timestamp) -> bool {
        let Ok(dir) = self.house.backups(&self.policy) else {
            return false;
        };
        let (requests, _) = store.requests(push::NEWEST, now).unwrap_or_default();
        let found = requests.iter().find(|request| {
            let of_a_hook = [TOOL, push::TOOL].contains(&request.tool.as_str());
            let fresh = request.state == RequestState::Used && push::is_recent(request, now);
            !of_a_hook && fresh && self.is_meant(request, &dir)
        });
        let Some(request) = found else {
            return false;
        };
        let facts = json!({"change": fingerprint, "refs": self.command()});
        // A use that covered a change before covers no other one: then this one is held like any other.
        let cover = store.cover(&request.id, push::COVER_S, &facts, Timestamp::now());
        cover.is_ok()
    }

    /// Tells whether a request named every ref of this change, and its backups hold them as they are now.
    fn is_meant(&self, request: &Request, dir: &Path) -> bool {
        let mut kept = BTreeMap::new();
        let entries = request
            .backups
            .iter()
            .filter_map(|id| catalog::load(dir, id).ok());
        for entry in entries {
            if let Reach::GitRefs(at) = &entry.manifest.reach
                && push::common(at) == self.common
            {
                kept.extend(git::tips(&entry).unwrap_or_default());
            }
        }
        let targets = || request.findings.iter().flat_map(|finding| &finding.targets);
        let named = |name: &str| {
            targets().any(|target| {
                let here =
                    matches!(&target.reach, Reach::GitRefs(at) if push::common(at) == self.common);
                let object = target.object.as_deref().unwrap_or_default();
                here && (object == name || object == short(name))
            })
        };
        self.tips.iter().all(|tip| {
            let name = String::from_utf8_lossy(&tip.name);
            kept.get(name.as_ref()) == Some(&tip.object) && named(&name)
        })
    }

    fn findings(&self) -> Vec<Finding> {
        self.tips.iter().map(|tip| self.finding(tip)).collect()
    }

    fn finding(&self, tip: &Tip) -> Finding {
        let name = String::from_utf8_lossy(&tip.name).into_owned();
        let oid: String = tip.object.chars().take(12).collect();
        let deed = if tip.next.is_some() {
            "moves"
        } else {
            "deletes"
        };
        let instead = format!("git branch keep-{oid} {oid}");
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
                object: Some(short(&name).to_owned()),
                reach: Reach::GitRefs(self.common.clone()),
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
