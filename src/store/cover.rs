//! A use that was granted to an agent's `git push` covers that one push in git's own hook, once.
//! Whether it is the same push was compared before; here only the use, its age and its single cover count.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Store;
use super::error::{SpendError, StoreError};
use super::ledger::Writer;
use super::record::Position;
use super::requests::{is_fresh, names};
use crate::model::approval::{RequestId, RequestState};

impl Store {
    /// Records that a use of the last `within_s` seconds covers a push. When this returns, it is on disk, and no other push is covered.
    ///
    /// # Errors
    /// Fails when there is no such use, when it covered a push before, and when it cannot be recorded.
    pub fn cover(
        &self,
        id: &RequestId,
        within_s: u64,
        facts: &Value,
        now: Timestamp,
    ) -> Result<Position, SpendError> {
        let mut writer = Writer::begin(self, now)?;
        writer.mend(id)?;
        let filed = self.filed(id)?;
        let not_used = || StoreError::State {
            id: id.clone(),
            state: filed.request.state,
        };
        let used = filed.used.as_ref().ok_or_else(not_used)?;
        let record = self.record_at(used)?;
        let record = record.filter(|one| one.kind == "used" && names(one, &filed.request));
        let record = record.ok_or_else(|| StoreError::Mismatch(id.0.clone()))?;
        if filed.request.state != RequestState::Used || !is_fresh(&record.at, within_s, now) {
            return Err(not_used().into());
        }
        let word = format!("\"{}\"", id.0);
        let Some(since) = self.records_naming(used.offset, &word)? else {
            return Err(SpendError::TooFarBack);
        };
        let covered = |kind: &str| matches!(kind, "covered" | "undone");
        if since
            .records
            .iter()
            .any(|one| covered(&one.kind) && names(one, &filed.request))
        {
            return Err(SpendError::Used(id.clone()));
        }
        let body = json!({"id": id, "fingerprint": filed.request.fingerprint, "facts": facts});
        Ok(writer.append(now, "covered", &body)?.1)
    }
}
