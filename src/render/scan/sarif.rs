//! SARIF 2.1.0, as code scanning services read it.
//! It prints nothing itself.

use serde_json::{Value, json};

use crate::model::finding::Severity;
use crate::model::rule::Rule;
use crate::model::scanned::{Note, Part, Remark, Report};
use crate::render::redact::redact;

/// Looks up the words of a rule.
pub type Rules<'a> = &'a dyn Fn(&str) -> Option<&'static Rule>;

/// Returns the report as one run.
pub fn sarif(report: &Report, version: &str, rules: Rules<'_>) -> Value {
    let mut ids: Vec<&str> = report
        .remarks
        .iter()
        .map(|remark| remark.rule.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let results: Vec<Value> = report
        .remarks
        .iter()
        .map(|remark| {
            result(
                remark,
                ids.binary_search(&remark.rule.as_str()).unwrap_or_default(),
            )
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "backstop",
                "semanticVersion": version,
                "version": version,
                "rules": ids.iter().map(|id| rule(id, rules)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the root of the scan"}}},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": report.notes.iter().map(notification).collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    })
}

fn rule(id: &str, rules: Rules<'_>) -> Value {
    let Some(rule) = rules(id) else {
        return json!({"id": id});
    };
    json!({
        "id": id,
        "name": id,
        "shortDescription": {"text": rule.lost},
        "fullDescription": {"text": format!("{} {}", rule.lost, rule.why)},
        "help": {"text": format!("Instead: {}", rule.instead)},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"severity": rule.severity.name(), "security-severity": score(rule.severity)},
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::None => "none",
        Severity::Moderate => "warning",
        Severity::High | Severity::Critical | Severity::Catastrophic => "error",
    }
}

const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::None => "0.0",
        Severity::Moderate => "5.0",
        Severity::High => "7.5",
        Severity::Critical => "9.0",
        Severity::Catastrophic => "10.0",
    }
}

fn result(remark: &Remark, index: usize) -> Value {
    let spot = &remark.spot;
    let level = if remark.part == Some(Part::Down) {
        "note"
    } else {
        level(remark.severity)
    };
    let mut suppressions = Vec::new();
    if let Some(relief) = &remark.excepted {
        let why = format!("until {}: {}", relief.until, relief.reason);
        suppressions.push(json!({"kind": "inSource", "status": "accepted", "justification": why}));
    }
    if remark.baselined {
        suppressions.push(json!({"kind": "external", "status": "accepted", "justification": "known to the baseline"}));
    }
    json!({
        "ruleId": remark.rule,
        "ruleIndex": index,
        "level": level,
        "kind": "fail",
        "message": {"text": message(remark)},
        "locations": [{"physicalLocation": {
            "artifactLocation": artifact(&spot.file),
            "region": {
                "startLine": spot.line, "startColumn": spot.column, "endLine": spot.end_line, "endColumn": spot.end_column,
                "snippet": {"text": redact(&remark.snippet)},
            },
        }}],
        "partialFingerprints": {"backstop/v1": remark.key},
        "suppressions": suppressions,
        "properties": {"severity": remark.severity.name(), "part": remark.part.map(Part::name), "opaque": remark.opaque},
    })
}

fn message(remark: &Remark) -> String {
    let summary = redact(&remark.summary);
    remark.instead.as_ref().map_or(summary.clone(), |instead| {
        format!("{summary}. Instead: {instead}")
    })
}

fn notification(note: &Note) -> Value {
    let mut place = json!({"artifactLocation": artifact(&note.file)});
    if let (true, Some(map)) = (note.line > 0, place.as_object_mut()) {
        map.insert(
            "region".to_owned(),
            json!({"startLine": note.line, "startColumn": note.column}),
        );
    }
    json!({
        "descriptor": {"id": note.name},
        "level": "warning",
        "message": {"text": note.text},
        "locations": [{"physicalLocation": place}],
    })
}

fn artifact(path: &str) -> Value {
    if path.starts_with('/') {
        return json!({"uri": format!("file://{}", uri(path))});
    }
    json!({"uri": uri(path), "uriBaseId": "SRCROOT"})
}

/// Writes a path as a URI reference: what is no plain character is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    // A first segment with a colon would be read as a scheme; the encoding takes care of it.
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("db/ä b:1#.sql"), "db/%C3%A4%20b%3A1%23.sql");
        assert_eq!(artifact("/srv/a.sql")["uri"], "file:///srv/a.sql");
    }
}
