//! What is noted around a call: the session that asked, the use that ran, the settings that changed.
//! Apart from a changed configuration nothing here blocks: the decision was made before.

use crate::adapters::regular;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::adapters::{environment, process, replace::replace};
use crate::backup::catalog;
use crate::decide::fingerprint::sha256;
use crate::model::approval::{Outcome, RequestId};
use crate::model::request::ToolCall;
use crate::plan::settings;
use crate::store::Store;

use super::{House, Reply, house};

/// A use whose outcome is awaited.
#[derive(Debug, Serialize, Deserialize)]
struct Expected {
    request: RequestId,
    input_sha256: String,
}

fn expected_path(house: &House, call: &ToolCall) -> Option<PathBuf> {
    let id = call.tool_use_id.as_deref()?;
    Some(
        house
            .state()
            .ok()?
            .join("passed")
            .join(format!("{}.json", sha256(id.as_bytes()))),
    )
}

/// Notes that an outcome is awaited for this call. Without a note the outcome stays `passed`.
pub fn expect(call: &ToolCall, house: &House, request: &RequestId) {
    let Some(path) = expected_path(house, call) else {
        return;
    };
    let expected = Expected {
        request: request.clone(),
        input_sha256: sha256(call.input.to_string().as_bytes()),
    };
    if let (Some(folder), Ok(text)) = (path.parent(), serde_json::to_vec(&expected)) {
        let _ = std::fs::create_dir_all(folder);
        let _ =
            std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let _ = replace(&path, &text, 0o600);
    }
}

/// PostToolUse: the call ran; input that differs from what was judged is an alarm.
pub fn ran(call: &ToolCall, house: &House) -> Reply {
    finish(call, house, "the call ran");
    Reply::Silent
}

/// PostToolUseFailure: the call was started and failed.
pub fn failed(call: &ToolCall, house: &House) -> Reply {
    finish(call, house, "the call ran and failed");
    Reply::Silent
}

fn finish(call: &ToolCall, house: &House, note: &str) {
    let Some(path) = expected_path(house, call) else {
        return;
    };
    let Ok(text) = regular::read(&path) else {
        return;
    };
    let (Ok(expected), Ok(store)) = (serde_json::from_slice::<Expected>(&text), house.store())
    else {
        return;
    };
    let now = Timestamp::now();
    if expected.input_sha256 == sha256(call.input.to_string().as_bytes()) {
        let _ = store.outcome(&expected.request, Outcome::Ran, note, now);
        changed(call, house, &store, &expected.request);
    } else {
        let _ = store.outcome(
            &expected.request,
            Outcome::Unknown,
            "ALARM: the input that ran differs from the input that was judged",
            now,
        );
        let _ = store.record(
            "alarm",
            &json!({"id": expected.request, "what": "executed input differs from the judged one"}),
            now,
        );
    }
    let _ = std::fs::remove_file(path);
}

/// A backup that was begun between the use and its end may hold what was before it.
fn changed(call: &ToolCall, house: &House, store: &Store, id: &RequestId) {
    let Ok(request) = store.request(id, Timestamp::now()) else {
        return;
    };
    let project = house::folder(call).unwrap_or_default();
    let policy = house.policy(&project, None);
    let Some(dir) = policy.ok().and_then(|policy| house.backups(&policy).ok()) else {
        return;
    };
    for need in &request.requirement.backups {
        let _ = catalog::changes(&dir, &need.target.key());
    }
}

/// SessionStart: the session and its process are remembered, so that no approval is taken from below it.
pub fn session(call: &ToolCall, house: &House) -> Reply {
    if let Ok(store) = house.store() {
        note_session(call, &store, Timestamp::now());
    }
    Reply::Silent
}

/// Notes which process the agent session is.
pub fn note_session(call: &ToolCall, store: &Store, now: Timestamp) {
    let Some(session) = &call.session else { return };
    if let Some((pid, started)) = agent_process() {
        let _ = store.session_seen(session, pid, &started, now);
    }
}

/// Returns the agent's own process: the one it names itself, when that is really above us.
fn agent_process() -> Option<(u32, String)> {
    let claimed = environment::claude_pid();
    let above = process::ancestors().unwrap_or_default();
    let ours = above.iter().find(|one| Some(one.pid) == claimed)?;
    Some((ours.pid, ours.started.clone()))
}

/// ConfigChange: blocked when a settings file that was installed into no longer holds the guard.
pub fn config(call: &ToolCall, house: &House) -> Reply {
    let Ok(state) = house.state() else {
        return Reply::Silent;
    };
    let lost: Vec<String> = installed_files(&state)
        .into_iter()
        .filter(|file| {
            call.file_path
                .as_ref()
                .is_none_or(|changed| same(changed, file))
        })
        .filter(|file| !holds_guard(file))
        .map(|file| file.display().to_string())
        .collect();
    if lost.is_empty() {
        return Reply::Silent;
    }
    if let Ok(store) = house.store() {
        let _ = store.record(
            "alarm",
            &json!({"what": "the guard was taken out of a settings file", "files": lost}),
            Timestamp::now(),
        );
    }
    Reply::Block(format!(
        "backstop: this change takes the guard out of {}; it does not take effect in this session\n  next: only your user changes that, with `backstop uninstall claude`\n",
        lost.join(", ")
    ))
}

/// Returns the settings files that the guard was installed into.
pub fn installed_files(state: &Path) -> Vec<PathBuf> {
    #[derive(Deserialize)]
    struct Record {
        file: PathBuf,
    }
    let Ok(folder) = std::fs::read_dir(state.join("installed")) else {
        return Vec::new();
    };
    let texts = folder
        .flatten()
        .filter_map(|entry| regular::read(&entry.path()).ok());
    texts
        .filter_map(|text| serde_json::from_slice::<Record>(&text).ok())
        .map(|record| record.file)
        .collect()
}

fn same(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Tells whether a settings file still calls the guard before each tool use.
fn holds_guard(file: &Path) -> bool {
    let Ok(text) = regular::text(file) else {
        return false;
    };
    let Ok(value) = settings::read(&text) else {
        return false;
    };
    let off = value
        .get("disableAllHooks")
        .and_then(serde_json::Value::as_bool)
        .unwrap_or(false);
    let groups = value
        .pointer("/hooks/PreToolUse")
        .and_then(serde_json::Value::as_array);
    let hooks = groups
        .into_iter()
        .flatten()
        .filter(|group| group.get("matcher").is_none());
    let mut entries = hooks
        .filter_map(|group| group.get("hooks").and_then(serde_json::Value::as_array))
        .flatten();
    !off && entries.any(settings::is_ours)
}
