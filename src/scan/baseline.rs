//! The baseline: remarks that an old repository already has, remembered by what they say and not by where they stand.
//! It neither reads nor writes files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::scanned::{Note, Remark};

/// The schema name of a baseline file.
pub const SCHEMA: &str = "backstop.baseline/1";

/// A baseline file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    pub schema: String,
    pub entries: Vec<Entry>,
}

/// One remark that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub key: String,
    pub rule: String,
    pub file: String,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("the baseline is no JSON of the schema {SCHEMA}: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the baseline has the schema `{0}`; this version reads {SCHEMA}")]
    Schema(String),
}

/// Returns what a remark is remembered by; line numbers are no part of it.
pub fn key(rule: &str, file: &str, snippet: &str, ordinal: usize) -> String {
    let mut hash = Sha256::new();
    for part in [
        "backstop.baseline/1",
        rule,
        file,
        snippet,
        &ordinal.to_string(),
    ] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Reads a baseline.
///
/// # Errors
/// Says what is wrong with its form.
pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
    let baseline: Baseline = serde_json::from_str(text)?;
    if baseline.schema == SCHEMA {
        Ok(baseline)
    } else {
        Err(BaselineError::Schema(baseline.schema))
    }
}

/// Returns the baseline of what counts now, or counted before by an older baseline.
pub fn of(remarks: &[Remark]) -> Baseline {
    let known: BTreeMap<&String, &Remark> = remarks
        .iter()
        .filter(|remark| remark.counts() || remark.baselined)
        .map(|remark| (&remark.key, remark))
        .collect();
    let mut entries: Vec<Entry> = known
        .into_values()
        .map(|remark| Entry {
            key: remark.key.clone(),
            rule: remark.rule.clone(),
            file: remark.spot.file.clone(),
        })
        .collect();
    entries.sort_by(|a, b| (&a.file, &a.rule, &a.key).cmp(&(&b.file, &b.rule, &b.key)));
    Baseline {
        schema: SCHEMA.to_owned(),
        entries,
    }
}

/// Marks the remarks that the baseline knows; when the whole tree was seen, returns a note for each entry that matched nothing.
pub fn apply(baseline: &Baseline, remarks: &mut [Remark], whole: bool) -> Vec<Note> {
    let mut open: BTreeMap<&str, &Entry> = baseline
        .entries
        .iter()
        .map(|entry| (entry.key.as_str(), entry))
        .collect();
    for remark in remarks {
        if open.remove(remark.key.as_str()).is_some() {
            remark.baselined = true;
        }
    }
    if !whole {
        return Vec::new();
    }
    open.into_values()
        .map(|entry| Note {
            name: "scan.stale-baseline".to_owned(),
            file: entry.file.clone(),
            line: 0,
            column: 0,
            text: format!(
                "the baseline knows a finding of {} that is not there any more",
                entry.rule
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_statements_in_one_file_have_keys_of_their_own() {
        let first = key("sql.drop-table", "a.sql", "DROP TABLE t", 0);
        assert_ne!(first, key("sql.drop-table", "a.sql", "DROP TABLE t", 1));
        assert_ne!(first, key("sql.drop-table", "b.sql", "DROP TABLE t", 0));
        assert_eq!(first.len(), 64);
    }

    #[test]
    fn a_baseline_of_another_schema_is_refused() {
        assert!(parse(r#"{"schema":"backstop.baseline/2","entries":[]}"#).is_err());
        assert!(parse("[]").is_err());
        assert!(parse(r#"{"schema":"backstop.baseline/1","entries":[]}"#).is_ok());
    }
}
