//! Results as JSON for programs; the schemas are described in `docs/formats.md`.
//! Fields are only ever added.

use serde_json::{Value, json};

use crate::model::finding::Finding;
use crate::model::policy::Requirement;
use crate::model::verdict::Verdict;

use super::redact::{redact, words};

/// Returns the result object `backstop.check/1`.
pub fn check(verdict: &Verdict, id: &Value, mode: &str, elapsed_us: u64) -> Value {
    let mut object = json!({
        "schema": "backstop.check/1",
        "id": id,
        "verdict": verdict.answer.name(),
        "findings": verdict.findings.iter().map(finding).collect::<Vec<_>>(),
        "requirement": requirement(&verdict.requirement),
        "gaps": verdict.gaps,
        "elapsed_us": elapsed_us,
    });
    if mode != "enforce"
        && let Some(map) = object.as_object_mut()
    {
        map.insert("mode".to_owned(), json!(mode));
    }
    object
}

/// Returns the object for input that could not be judged.
pub fn failed(id: &Value, error: &str) -> Value {
    json!({
        "schema": "backstop.check/1", "id": id, "verdict": "hold", "findings": [],
        "requirement": {"backups": [], "approvals": 0}, "gaps": [], "error": error, "elapsed_us": 0,
    })
}

/// Returns one finding.
pub fn finding(finding: &Finding) -> Value {
    let targets: Vec<Value> = finding
        .targets
        .iter()
        .map(|target| json!({"kind": target.kind.name(), "locator": redact(&target.locator), "object": target.object}))
        .collect();
    let command = words(&finding.command);
    let mut object = json!({
        "rule": finding.rule, "severity": finding.severity.name(), "summary": redact(&finding.summary), "command": command,
        "span": finding.span, "file": finding.file.as_ref().map(|at| at.file.display().to_string()), "via": finding.via,
        "targets": targets, "opaque": finding.opaque, "instead": finding.instead, "blast": finding.blast.lines,
    });
    if let (Some(at), Some(map)) = (&finding.file, object.as_object_mut()) {
        map.insert("line".to_owned(), json!(at.line));
        map.insert("column".to_owned(), json!(at.column));
    }
    object
}

/// Returns what is owed.
pub fn requirement(owed: &Requirement) -> Value {
    let backups: Vec<Value> = owed
        .backups
        .iter()
        .map(|need| json!({"target": redact(&need.target.locator), "max_age_s": need.max_age_s, "verify": need.verify.name()}))
        .collect();
    json!({"backups": backups, "approvals": owed.approvals})
}
