//! The single use of approvals: granted under the lock, recorded and synced before anyone hears of it.
//! Whether backups are good enough was decided before; here only approvals, time and uses count.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::approvals::ApprovalRules;
use super::error::{SpendError, StoreError};
use super::index::{self, Filed};
use super::ledger::{self, Writer};
use super::record::{Position, Record};
use super::requests::{self, CLOCK_SLACK_S};
use super::{Store, requests::is_fresh};
use crate::model::approval::{Approval, Fingerprint, Request, RequestId, RequestState};

/// What is asked for: one run of one command.
#[derive(Clone, Debug)]
pub struct Spending<'a> {
    pub id: &'a RequestId,
    pub fingerprint: &'a Fingerprint,
    /// Approvals that are owed now; 0 for a snapshot or a lease.
    pub approvals: u8,
    pub rules: ApprovalRules,
    /// Backups that are relied on.
    pub backups: &'a [String],
    /// Anything else worth recording: the lease, the call's id, the ages of the backups.
    pub facts: Value,
}

/// A recorded use: the call may run once.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub request: Request,
    pub approvals: Vec<Approval>,
    pub at: String,
    pub position: Position,
}

impl Store {
    /// Uses the approvals of a request up. When this returns a use, it is on disk, and nobody else gets one.
    ///
    /// # Errors
    /// Fails when anything that is owed is not there, and when the use cannot be recorded.
    pub fn spend(&self, spending: &Spending<'_>, now: Timestamp) -> Result<Use, SpendError> {
        let mut writer = Writer::begin(self, now)?;
        writer.mend(spending.id)?;
        let filed = self.filed(spending.id)?;
        check_request(&filed, spending, now)?;
        check_clock(&writer.head.at, CLOCK_SLACK_S, now)?;
        let course = self.history(&filed)?;
        let approvals = course.approvals;
        if let Some(latest) = course.latest.filter(|_| spending.approvals > 0) {
            check_clock(&ledger::stamp(latest), CLOCK_SLACK_S, now)?;
        }
        let ttl_s = course.ttl_s.unwrap_or(u64::MAX).min(spending.rules.ttl_s);
        check_approvals(&approvals, spending, ttl_s, (now, course.latest))?;
        let nonces: Vec<&str> = approvals.iter().map(|one| one.nonce.as_str()).collect();
        let body = json!({
            "id": filed.request.id,
            "fingerprint": filed.request.fingerprint,
            "nonces": nonces,
            "backups": spending.backups,
            "facts": spending.facts,
        });
        let (record, position) = writer.append(now, "used", &body)?;
        Ok(Use {
            request: self.filed(spending.id)?.request,
            approvals,
            at: record.at,
            position,
        })
    }

    /// Follows the request through the ledger from its first approval on: the index only says where that is.
    /// An index that was lost, set back or edited can hide approvals, but never a use or a revocation.
    fn history(&self, filed: &Filed) -> Result<Course, SpendError> {
        let first = filed.approvals.first().unwrap_or(&filed.requested);
        if self.record_at(first)?.is_none() {
            return Err(StoreError::Mismatch(filed.request.id.0.clone()).into());
        }
        let word = format!("\"{}\"", filed.request.id.0);
        let Some(since) = self.records_naming(first.offset, &word)? else {
            return Err(SpendError::TooFarBack);
        };
        let mut course = Course::default();
        for record in &since.records {
            if requests::names(record, &filed.request) {
                follow(&mut course, record, &filed.request)?;
            }
        }
        if course.rejected {
            return Err(SpendError::Rejected(filed.request.id.clone()));
        }
        course.latest = since.latest;
        Ok(course)
    }
}

/// Where the records of a request lead.
#[derive(Default)]
struct Course {
    approvals: Vec<Approval>,
    /// How long they count by what policy said when they were given; a longer word since does not bring them back.
    ttl_s: Option<u64>,
    rejected: bool,
    /// The latest time of any record since the first approval, whatever call it is about.
    latest: Option<Timestamp>,
}

fn follow(course: &mut Course, record: &Record, request: &Request) -> Result<(), SpendError> {
    match record.kind.as_str() {
        "approved" => {
            let approval: Approval = index::part(record, "approval")?;
            if approval.step <= 1 {
                course.approvals.clear();
                course.ttl_s = None;
            }
            if record.body.get("ttl_s").is_some() {
                let given: u64 = index::part(record, "ttl_s")?;
                course.ttl_s = Some(course.ttl_s.unwrap_or(given).min(given));
            }
            // The record's own time counts, not what its body says.
            course.approvals.push(Approval {
                at: record.at.clone(),
                ..approval
            });
        }
        "revoked" => *course = Course::default(),
        "rejected" => {
            *course = Course {
                rejected: true,
                ..Course::default()
            }
        }
        "used" => return Err(SpendError::Used(request.id.clone())),
        _ => {}
    }
    Ok(())
}

fn check_request(filed: &Filed, spending: &Spending<'_>, now: Timestamp) -> Result<(), SpendError> {
    let request = &filed.request;
    let id = request.id.clone();
    if request.fingerprint != *spending.fingerprint {
        return Err(SpendError::Fingerprint(id));
    }
    match request.state {
        RequestState::Used => return Err(SpendError::Used(id)),
        RequestState::Rejected => return Err(SpendError::Rejected(id)),
        RequestState::Expired => return Err(SpendError::RequestExpired(id)),
        RequestState::Pending | RequestState::Approved => {}
    }
    if now >= requests::time(&request.expires_at)? {
        return Err(SpendError::RequestExpired(id));
    }
    check_clock(&request.created_at, CLOCK_SLACK_S, now)
}

fn check_approvals(
    approvals: &[Approval],
    spending: &Spending<'_>,
    ttl_s: u64,
    (now, latest): (Timestamp, Option<Timestamp>),
) -> Result<(), SpendError> {
    let need = spending.approvals;
    if need == 0 {
        return Ok(());
    }
    for approval in approvals {
        check_clock(&approval.at, 0, now)?;
    }
    let rules = &spending.rules;
    let counted: Vec<&Approval> = approvals
        .iter()
        .filter(|one| one.strength >= rules.strength)
        .collect();
    let mut nonces: Vec<&str> = counted.iter().map(|one| one.nonce.as_str()).collect();
    nonces.sort_unstable();
    nonces.dedup();
    let have = u8::try_from(nonces.len()).unwrap_or(u8::MAX);
    let in_order = (1..=need).all(|step| counted.iter().any(|one| one.step == step));
    if have < need || !in_order {
        return Err(SpendError::Approvals {
            have: have.min(need.saturating_sub(1)),
            need,
        });
    }
    // What had expired by the time of any record since has expired.
    let now = latest.map_or(now, |latest| latest.max(now));
    if counted.iter().any(|one| !is_fresh(&one.at, ttl_s, now)) {
        return Err(SpendError::ApprovalsExpired { ttl_s });
    }
    Ok(())
}

fn check_clock(at: &str, slack_s: i64, now: Timestamp) -> Result<(), SpendError> {
    let last = requests::time(at)?;
    let slack = slack_s.saturating_mul(1_000_000);
    if now.as_microsecond().saturating_add(slack) < last.as_microsecond() {
        return Err(SpendError::Clock {
            now: ledger::stamp(now),
            last: at.to_owned(),
        });
    }
    Ok(())
}
