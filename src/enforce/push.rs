//! The gate of git's own pre-push hook: the same requests, backups and single use as for an agent's call.
//! What the push would lose was found before; git itself does the pushing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;

use super::{Gate, House, Reply, blocked};
use crate::adapters::failpoint;
use crate::adapters::git::address::canonical;
use crate::adapters::git::repo::Repo;
use crate::backup::{catalog, git};
use crate::decide::fingerprint::{self, Parts};
use crate::gather;
use crate::guard::Judgement;
use crate::model::approval::{Request, RequestState};
use crate::model::command::Unfolding;
use crate::model::fact::Facts;
use crate::model::finding::Finding;
use crate::model::policy::{Demand, Mode, Policy};
use crate::model::push::{Fate, Push, PushedRef, is_zero};
use crate::model::request::{Asked, Event, ShellKind, ToolCall};
use crate::model::target::Reach;
use crate::policy;
use crate::store::Store;

/// How a push is named where a call's tool stands.
pub const TOOL: &str = "git pre-push";
/// How long a use that was spent for an agent's `git push` covers the push in git's own hook, in seconds.
pub(super) const COVER_S: u64 = 600;
/// Newest requests among which such a use is looked for.
pub(super) const NEWEST: usize = 32;
/// Refs that the shown command names.
const SHOWN: usize = 20;

/// Lets a push go on only when nothing is lost or nothing is missing.
pub fn gate(push: &Push, mut findings: Vec<Finding>, policy: Policy, house: &House) -> Reply {
    let now = Timestamp::now();
    let requirement = policy::require(&mut findings, &policy, now.as_second());
    if findings.is_empty() {
        return Reply::Silent;
    }
    let held = policy.mode == Mode::Enforce && requirement.demand == Demand::Hold;
    let only_refs = findings
        .iter()
        .all(|finding| finding.rule.starts_with("git.push-"));
    if held && only_refs {
        match covered(push, &policy, house, now) {
            Ok(true) => return Reply::Silent,
            Ok(false) => {}
            Err(error) => return blocked(&error),
        }
    }
    let judgement = Judgement {
        findings,
        seen: true,
        requirement,
        unfolding: Unfolding {
            canonical: exact(push),
            ..Unfolding::default()
        },
        facts: Facts::new(false),
    };
    let own = house.own();
    let scene = gather::scene(&gather::Place {
        cwd: &push.root,
        scratchpad: None,
        own: &own,
        assumed: false,
    });
    let call = call(push);
    let repository = common(&push.git_dir);
    let fingerprint = fingerprint::fingerprint(&Parts {
        tool: TOOL,
        asked: &call.asked,
        input: &call.input,
        unfolding: &judgement.unfolding,
        findings: &judgement.findings,
        cwd: &repository,
        project: &repository,
    });
    Gate {
        call: &call,
        house,
        scene,
        policy,
        rules: crate::policy::builtin::book(),
        judgement,
        fingerprint,
        now,
    }
    .answer()
}

/// The push as a call: there is no session and no tool behind it.
fn call(push: &Push) -> ToolCall {
    ToolCall {
        event: Event::PreToolUse,
        tool: TOOL.to_owned(),
        asked: Asked::Shell {
            kind: ShellKind::Posix,
            text: shown(push),
        },
        input: serde_json::Value::Null,
        cwd: Some(push.root.clone()),
        session: None,
        tool_use_id: None,
        agent_id: None,
        permission_mode: None,
        scratchpad: None,
        file_path: None,
        id: serde_json::Value::Null,
    }
}

fn lost(push: &Push) -> impl Iterator<Item = &PushedRef> {
    push.refs.iter().filter(|one| one.fate != Fate::Kept)
}

/// Returns the push as a command that does the same to the refs that are lost.
fn shown(push: &Push) -> String {
    let mut text = format!("git push {}", push.remote);
    for one in lost(push).take(SHOWN) {
        let new = if is_zero(&one.new) {
            ""
        } else {
            one.new.as_str()
        };
        let _ = write!(text, " +{new}:{}", one.name);
    }
    let more = lost(push).count().saturating_sub(SHOWN);
    if more > 0 {
        let _ = write!(text, " # and {more} more refs");
    }
    text
}

/// Returns everything that makes it this push: where it goes, and every ref with its objects.
fn exact(push: &Push) -> String {
    let mut lines: Vec<String> = push
        .refs
        .iter()
        .map(|one| format!("{} {} {}", one.name, one.old, one.new))
        .collect();
    lines.sort();
    format!(
        "{}\n{}",
        canonical(&push.address, &push.root),
        lines.join("\n")
    )
}

/// Returns the folder that all work trees of a repository share.
pub(super) fn common(git_dir: &Path) -> PathBuf {
    let repo = Repo::open(git_dir, &[], Instant::now());
    repo.map_or_else(|_| git_dir.to_path_buf(), |repo| repo.common)
}

/// Tells whether the use that was spent for an agent's `git push` is for this very push, and uses that up too.
fn covered(push: &Push, policy: &Policy, house: &House, now: Timestamp) -> Result<bool, String> {
    let Some(store) = house.store_if_there() else {
        return Ok(false);
    };
    let Ok(dir) = house.backups(policy) else {
        return Ok(false);
    };
    let (requests, _) = store.requests(NEWEST, now).unwrap_or_default();
    for request in requests {
        let other = request.tool != TOOL && request.state == RequestState::Used;
        if other && is_recent(&request, now) && is_this(push, &request, &dir) {
            return spend(push, &request, &store);
        }
    }
    Ok(false)
}

fn spend(push: &Push, request: &Request, store: &Store) -> Result<bool, String> {
    failpoint::reach("push.before-cover").map_err(|error| error.to_string())?;
    let facts = json!({"push": shown(push), "address": push.address});
    // A use that covered a push before covers no other one: then this one is held like any other.
    let recorded = store.cover(&request.id, COVER_S, &facts, Timestamp::now());
    failpoint::reach("push.after-cover").map_err(|error| error.to_string())?;
    Ok(recorded.is_ok())
}

pub(super) fn is_recent(request: &Request, now: Timestamp) -> bool {
    let used = request.used_at.as_deref();
    let used = used.and_then(|at| at.parse::<Timestamp>().ok());
    used.is_some_and(|at| {
        let age = now.as_second() - at.as_second();
        age >= 0 && age < i64::try_from(COVER_S).unwrap_or(0)
    })
}

/// Compares repository, refs and old objects with what the backups of the use hold.
fn is_this(push: &Push, request: &Request, dir: &Path) -> bool {
    let ours = common(&push.git_dir);
    let mut tips = BTreeMap::new();
    for id in &request.backups {
        let Ok(entry) = catalog::load(dir, id) else {
            continue;
        };
        let Reach::GitRemote(reach) = &entry.manifest.reach else {
            continue;
        };
        if common(&reach.repository) != ours || !same_remote(push, &entry.manifest.identity) {
            continue;
        }
        tips.extend(git::tips(&entry).unwrap_or_default());
    }
    lost(push).all(|one| tips.get(&one.name) == Some(&one.old))
}

fn same_remote(push: &Push, identity: &crate::model::database::Identity) -> bool {
    git::remote_identity(&push.address, &push.root) == *identity
}
