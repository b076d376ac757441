//! Exactly what an approval binds to, as one hash.
//! White space, comments and quoting of a parsed line do not count; one different word does.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::model::approval::Fingerprint;
use crate::model::command::Unfolding;
use crate::model::finding::Finding;
use crate::model::request::Asked;

/// Domain of the hash; a new form of the content gets a new number.
const DOMAIN: &str = "backstop.fingerprint/1";

/// What the fingerprint is made from.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    pub tool: &'a str,
    pub asked: &'a Asked,
    /// `tool_input` as received: all of it counts for MCP calls and file writes.
    pub input: &'a Value,
    pub unfolding: &'a Unfolding,
    pub findings: &'a [Finding],
    pub cwd: &'a Path,
    pub project: &'a Path,
}

/// Returns the fingerprint of a call.
pub fn fingerprint(parts: &Parts<'_>) -> Fingerprint {
    let mut hash = Sha256::new();
    field(&mut hash, DOMAIN.as_bytes());
    field(&mut hash, parts.tool.as_bytes());
    match parts.asked {
        Asked::Shell { .. } => field(&mut hash, parts.unfolding.canonical.as_bytes()),
        Asked::Sql { text, .. } => field(&mut hash, text.as_bytes()),
        Asked::Write { .. } | Asked::Mcp { .. } | Asked::Nothing => {
            field(&mut hash, sorted(parts.input).to_string().as_bytes())
        }
    }
    field(&mut hash, parts.cwd.as_os_str().as_encoded_bytes());
    field(&mut hash, parts.project.as_os_str().as_encoded_bytes());
    for target in parts.findings.iter().flat_map(|finding| &finding.targets) {
        field(&mut hash, target.kind.name().as_bytes());
        field(&mut hash, target.locator.as_bytes());
        field(
            &mut hash,
            target.object.as_deref().unwrap_or_default().as_bytes(),
        );
    }
    let mut read: Vec<_> = parts.unfolding.read.iter().collect();
    read.sort();
    for (path, sha256) in read {
        field(&mut hash, path.as_os_str().as_encoded_bytes());
        field(&mut hash, sha256.as_bytes());
    }
    Fingerprint(hex(&hash.finalize()))
}

/// Adds one field with its length in front, so that no two lists of fields give the same bytes.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(bytes);
}

/// Returns the value with the keys of every object in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Returns bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the SHA-256 of bytes as lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
