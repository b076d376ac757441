//! Approvals: recorded one after the other, each checked against the rules of policy.
//! Who may be a human is found out at the terminal; here only records, order and time count.

use jiff::Timestamp;
use serde_json::json;

use super::Store;
use super::error::StoreError;
use super::index::Filed;
use super::ledger::{self, Writer};
use super::requests::{CLOCK_SLACK_S, is_fresh, time};
use crate::model::approval::{Approval, Request, RequestId, Strength};

/// What policy demands of approvals, beside their number, which the request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalRules {
    pub ttl_s: u64,
    /// Seconds between two approvals.
    pub pause_s: u64,
    pub two_people: bool,
    pub strength: Strength,
    /// The second approval may do without a backup that was tried and failed.
    pub waives_failed: bool,
}

impl Default for ApprovalRules {
    fn default() -> Self {
        Self {
            ttl_s: 15 * 60,
            pause_s: 0,
            two_people: false,
            strength: Strength::Terminal,
            waives_failed: false,
        }
    }
}

impl Store {
    /// Records one approval. Its time is set here; step 1 begins anew and drops approvals that were there.
    ///
    /// # Errors
    /// Fails when the request is not open, the step is out of order, or a rule is not met.
    pub fn approve(
        &self,
        id: &RequestId,
        approval: Approval,
        rules: &ApprovalRules,
        now: Timestamp,
    ) -> Result<Request, StoreError> {
        let mut writer = Writer::begin(self, now)?;
        check_clock(&writer, now)?;
        writer.mend(id)?;
        let filed = self.filed(id)?;
        self.check_open(&filed, now)?;
        let approval = Approval {
            at: ledger::stamp(now),
            ..approval
        };
        let standing = self.standing(&filed)?;
        let latest = self.latest(&filed, now)?;
        check_approval(&filed, &standing, &approval, rules, (now, latest))?;
        let body = json!({
            "id": filed.request.id,
            "fingerprint": filed.request.fingerprint,
            "approval": approval,
            "ttl_s": rules.ttl_s.min(filed.approval_ttl_s),
        });
        writer.append(now, "approved", &body)?;
        self.present(id, now)
    }

    /// Returns which approval is next: 1 when none counts any more, nothing when all are there.
    ///
    /// # Errors
    /// Fails when the request cannot be read.
    pub fn next_step(
        &self,
        id: &RequestId,
        rules: &ApprovalRules,
        now: Timestamp,
    ) -> Result<Option<u8>, StoreError> {
        let filed = self.filed(id)?;
        let standing = self.standing(&filed)?;
        let ttl_s = rules.ttl_s.min(filed.ttl_s());
        let now = self.latest(&filed, now)?;
        let fresh = standing
            .iter()
            .filter(|one| is_fresh(&one.at, ttl_s, now))
            .count();
        let next = u8::try_from(fresh + 1).unwrap_or(u8::MAX);
        Ok((next <= filed.request.requirement.approvals).then_some(next))
    }

    /// Returns the latest time that is known since the first approval of a request: now, or that of a record from before the clock was set back.
    fn latest(&self, filed: &Filed, now: Timestamp) -> Result<Timestamp, StoreError> {
        let Some(first) = filed.approvals.first() else {
            return Ok(now);
        };
        let word = format!("\"{}\"", filed.request.id.0);
        let since = self.records_naming(first.offset, &word)?;
        let latest = since.and_then(|since| since.latest);
        Ok(latest.map_or(now, |latest| latest.max(now)))
    }

    /// Records that an attempt to approve was refused.
    ///
    /// # Errors
    /// Fails when it cannot be recorded.
    pub fn refuse(
        &self,
        id: Option<&RequestId>,
        reason: &str,
        marks: &[String],
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let body = json!({"id": id, "reason": reason, "marks": marks, "by": by});
        self.record("refused", &body, now).map(|_| ())
    }
}

fn check_clock(writer: &Writer<'_>, now: Timestamp) -> Result<(), StoreError> {
    let last = time(&writer.head.at)?;
    if now.as_second() + CLOCK_SLACK_S < last.as_second() {
        return Err(StoreError::Clock {
            now: ledger::stamp(now),
            last: writer.head.at.clone(),
        });
    }
    Ok(())
}

fn check_approval(
    filed: &Filed,
    standing: &[Approval],
    approval: &Approval,
    rules: &ApprovalRules,
    (now, latest): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let fresh: Vec<&Approval> = standing
        .iter()
        .filter(|one| is_fresh(&one.at, rules.ttl_s.min(filed.ttl_s()), latest))
        .collect();
    let need = filed.request.requirement.approvals.max(1);
    let next = u8::try_from(fresh.len() + 1).unwrap_or(u8::MAX);
    let in_order = approval.step == 1 || (approval.step == next && approval.step <= need);
    if !in_order {
        return Err(StoreError::Order {
            id: filed.request.id.clone(),
            given: approval.step,
            expected: if next > need { 1 } else { next },
        });
    }
    if approval.nonce.len() < 8 || standing.iter().any(|one| one.nonce == approval.nonce) {
        return Err(StoreError::Repeated);
    }
    if approval.strength < rules.strength {
        return Err(StoreError::Weak {
            wanted: rules.strength,
            given: approval.strength,
        });
    }
    match fresh.last() {
        Some(last) if approval.step > 1 => check_pair(last, approval, rules, now),
        _ => Ok(()),
    }
}

fn check_pair(
    last: &Approval,
    approval: &Approval,
    rules: &ApprovalRules,
    now: Timestamp,
) -> Result<(), StoreError> {
    if rules.two_people && person(&last.by) == person(&approval.by) {
        return Err(StoreError::SamePerson(last.by.clone()));
    }
    let gone = now.as_second().saturating_sub(time(&last.at)?.as_second());
    let gone = u64::try_from(gone).unwrap_or(0);
    if gone < rules.pause_s {
        return Err(StoreError::Pause {
            wanted: rules.pause_s,
            left: rules.pause_s - gone,
        });
    }
    Ok(())
}

/// The uid in parentheses identifies a person; the name before it is a label.
fn person(by: &str) -> &str {
    by.rsplit_once('(').map_or(by, |(_, uid)| uid)
}
