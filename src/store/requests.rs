//! Requests: held, found again, approved, rejected, revoked, and what became of them.
//! Granting a use is done next door, since it alone opens the gate.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::StoreError;
use super::index::{self, Filed};
use super::ledger::{self, Writer};
use super::record::Record;
use super::{Store, files, names};
use crate::adapters::regular;
use crate::model::approval::{Approval, Fingerprint, Outcome, Request, RequestId, RequestState};
use crate::model::finding::Finding;
use crate::model::policy::{Demand, Requirement};

/// How far a clock may lie behind the last record: two processes read their clocks before they queue for the lock.
pub(super) const CLOCK_SLACK_S: i64 = 15;

/// How much of the list of requests is read at most: about thirteen thousand of the newest.
const LIST_TAIL: u64 = 1 << 16;

/// A held call that has no id yet. Secrets were redacted by the caller; nothing is redacted here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub fingerprint: Fingerprint,
    pub tool: String,
    /// The command as shown: redacted.
    pub command: String,
    pub cwd: String,
    pub session: Option<String>,
    pub findings: Vec<Finding>,
    pub requirement: Requirement,
    /// What the second approval has to type.
    pub confirm: String,
    pub backups: Vec<String>,
    pub request_ttl_s: u64,
    pub approval_ttl_s: u64,
}

/// One undo of a used request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    pub at: String,
    pub backup: String,
    /// Something did not come back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

/// A person's no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    pub at: String,
    pub by: String,
    pub reason: String,
}

impl Store {
    /// Finds the open request of a fingerprint again, or creates one; counts and records the hold.
    ///
    /// # Errors
    /// Fails when the hold cannot be recorded.
    pub fn hold(&self, draft: &Draft, now: Timestamp) -> Result<Request, StoreError> {
        let mut writer = Writer::begin(self, now)?;
        if let Some(id) = index::find(self, &draft.fingerprint)? {
            writer.mend(&id)?;
        }
        if let Some(filed) = self.open_filed(&draft.fingerprint, now)? {
            let id = filed.request.id.clone();
            let mut body = json!({"id": id, "session": draft.session});
            let same = filed.request.findings == draft.findings
                && filed.request.requirement == draft.requirement;
            if !same && let Some(object) = body.as_object_mut() {
                object.insert("findings".into(), serde_json::to_value(&draft.findings)?);
                object.insert(
                    "requirement".into(),
                    serde_json::to_value(&draft.requirement)?,
                );
            }
            writer.append(now, "held", &body)?;
            return self.present(&id, now);
        }
        let id = RequestId(names::fresh(|name| self.is_taken(name))?);
        let request = request_of(draft, id.clone(), now)?;
        let body = json!({
            "id": id,
            "fingerprint": draft.fingerprint,
            "approval_ttl_s": draft.approval_ttl_s,
            "request": request,
        });
        writer.append(now, "requested", &body)?;
        Ok(request)
    }

    /// Returns a request as it stands now; its approvals were read again from the ledger.
    ///
    /// # Errors
    /// Fails when it does not exist or its file does not agree with the ledger.
    pub fn request(&self, id: &RequestId, now: Timestamp) -> Result<Request, StoreError> {
        self.settle(now)?;
        self.mended(id, now)
    }

    /// Returns the newest request of a fingerprint, whatever its state.
    ///
    /// # Errors
    /// Fails when the index cannot be read or does not agree with the ledger.
    pub fn by_fingerprint(
        &self,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<Request>, StoreError> {
        self.settle(now)?;
        match index::find(self, fingerprint)? {
            Some(id) => self.mended(&id, now).map(Some),
            None => Ok(None),
        }
    }

    /// Returns the newest requests, newest first, and the ids of those whose files cannot be believed.
    ///
    /// # Errors
    /// Fails when the list cannot be read.
    pub fn requests(
        &self,
        limit: usize,
        now: Timestamp,
    ) -> Result<(Vec<Request>, Vec<String>), StoreError> {
        self.settle(now)?;
        let mut good = Vec::new();
        let mut bad = Vec::new();
        for id in self.newest_ids()? {
            if good.len() >= limit {
                break;
            }
            match self.mended(&id, now) {
                Ok(request) => good.push(request),
                Err(_) => bad.push(id.0),
            }
        }
        Ok((good, bad))
    }

    /// Returns the times at which a request was undone.
    ///
    /// # Errors
    /// Fails when the request cannot be read.
    pub fn undone_of(&self, id: &RequestId) -> Result<Vec<Undone>, StoreError> {
        Ok(self.filed(id)?.undone)
    }

    /// Returns who rejected a request, when and why; nothing while it is not rejected.
    ///
    /// # Errors
    /// Fails when the request cannot be read.
    pub fn rejection_of(&self, id: &RequestId) -> Result<Option<Rejected>, StoreError> {
        Ok(self.filed(id)?.rejected)
    }

    /// Notes which backups belong to a request.
    ///
    /// # Errors
    /// Fails when it cannot be recorded.
    pub fn set_backups(
        &self,
        id: &RequestId,
        backups: &[String],
        now: Timestamp,
    ) -> Result<Request, StoreError> {
        let mut writer = Writer::begin(self, now)?;
        writer.mend(id)?;
        let filed = self.filed(id)?;
        if filed.request.backups != backups {
            let body = json!({"id": filed.request.id, "backups": backups});
            writer.append(now, "backups", &body)?;
        }
        self.present(id, now)
    }

    /// Records a person's no; the same call stays rejected until the request expires.
    ///
    /// # Errors
    /// Fails when the request is no longer open.
    pub fn reject(
        &self,
        id: &RequestId,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Request, StoreError> {
        let mut writer = Writer::begin(self, now)?;
        writer.mend(id)?;
        let filed = self.filed(id)?;
        self.check_open(&filed, now)?;
        let body = json!({"id": filed.request.id, "by": by, "reason": reason});
        writer.append(now, "rejected", &body)?;
        self.present(id, now)
    }

    /// Takes approvals or a rejection back: the request is pending again.
    ///
    /// # Errors
    /// Fails when the request was used or has expired.
    pub fn revoke(
        &self,
        id: &RequestId,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Request, StoreError> {
        let mut writer = Writer::begin(self, now)?;
        writer.mend(id)?;
        let filed = self.filed(id)?;
        let state = state_at(&filed, now);
        if matches!(state, RequestState::Used | RequestState::Expired) {
            return Err(StoreError::State {
                id: filed.request.id,
                state,
            });
        }
        let body = json!({"id": filed.request.id, "by": by, "reason": reason});
        writer.append(now, "revoked", &body)?;
        self.present(id, now)
    }

    /// Records what became of a use.
    ///
    /// # Errors
    /// Fails when the request was not used.
    pub fn outcome(
        &self,
        id: &RequestId,
        outcome: Outcome,
        note: &str,
        now: Timestamp,
    ) -> Result<Request, StoreError> {
        let body = json!({"id": id, "outcome": outcome, "note": note});
        self.after_use(id, "outcome", &body, now)
    }

    /// Records that the loss of a use was undone from a backup.
    ///
    /// # Errors
    /// Fails when the request was not used.
    pub fn undone(
        &self,
        id: &RequestId,
        (backup, left): (&str, bool),
        now: Timestamp,
    ) -> Result<Request, StoreError> {
        let body = match left {
            true => json!({"id": id, "backup": backup, "left": true}),
            false => json!({"id": id, "backup": backup}),
        };
        self.after_use(id, "undone", &body, now)
    }

    fn after_use(
        &self,
        id: &RequestId,
        kind: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<Request, StoreError> {
        let mut writer = Writer::begin(self, now)?;
        writer.mend(id)?;
        let filed = self.filed(id)?;
        let state = state_at(&filed, now);
        if state != RequestState::Used {
            return Err(StoreError::State {
                id: filed.request.id,
                state,
            });
        }
        writer.append(now, kind, body)?;
        self.present(id, now)
    }

    pub(super) fn filed(&self, id: &RequestId) -> Result<Filed, StoreError> {
        index::load(self, id)?.ok_or_else(|| StoreError::UnknownRequest(id.clone()))
    }

    pub(super) fn present(&self, id: &RequestId, now: Timestamp) -> Result<Request, StoreError> {
        let filed = self.filed(id)?;
        self.standing(&filed)?;
        if let Some(used) = &filed.used {
            self.believed(&filed, used, "used")?;
        }
        let state = state_at(&filed, now);
        Ok(Request {
            state,
            ..filed.request
        })
    }

    /// Returns a request as it stands; a file that does not agree with the ledger is made again from it.
    fn mended(&self, id: &RequestId, now: Timestamp) -> Result<Request, StoreError> {
        match self.present(id, now) {
            Err(StoreError::Mismatch(_)) => {
                Writer::begin(self, now)?.mend(id)?;
                self.present(id, now)
            }
            found => found,
        }
    }

    /// Reads the approvals again from the ledger; any that it does not carry is a disagreement.
    pub(super) fn standing(&self, filed: &Filed) -> Result<Vec<Approval>, StoreError> {
        let mut standing = Vec::new();
        for position in &filed.approvals {
            let record = self.believed(filed, position, "approved")?;
            standing.push(index::part::<Approval>(&record, "approval")?);
        }
        if standing == filed.request.approvals {
            Ok(standing)
        } else {
            Err(StoreError::Mismatch(filed.request.id.0.clone()))
        }
    }

    fn believed(
        &self,
        filed: &Filed,
        position: &super::Position,
        kind: &str,
    ) -> Result<Record, StoreError> {
        self.record_at(position)?
            .filter(|record| record.kind == kind && names(record, &filed.request))
            .ok_or_else(|| StoreError::Mismatch(filed.request.id.0.clone()))
    }

    fn open_filed(
        &self,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<Filed>, StoreError> {
        let Some(id) = index::find(self, fingerprint)? else {
            return Ok(None);
        };
        let Some(filed) = index::load(self, &id)? else {
            return Ok(None);
        };
        let open = filed.request.fingerprint == *fingerprint
            && filed.request.state != RequestState::Used
            && !is_past(&filed.request.expires_at, now);
        Ok(open.then_some(filed))
    }

    pub(super) fn check_open(&self, filed: &Filed, now: Timestamp) -> Result<(), StoreError> {
        let id = filed.request.id.clone();
        match state_at(filed, now) {
            RequestState::Pending | RequestState::Approved => {}
            state => return Err(StoreError::State { id, state }),
        }
        if filed.request.requirement.demand == Demand::Deny {
            return Err(StoreError::Denied(id));
        }
        Ok(())
    }

    fn is_taken(&self, name: &str) -> bool {
        let path = self.dir.join(index::REQUESTS).join(format!("{name}.json"));
        // What cannot be looked at counts as taken.
        path.try_exists().unwrap_or(true)
    }

    fn newest_ids(&self) -> Result<Vec<RequestId>, StoreError> {
        let path = self.dir.join(index::ORDER);
        let file = match regular::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io("read", &path)(error)),
        };
        let outcome = (|| {
            let size = file.metadata()?.len();
            let from = size.saturating_sub(LIST_TAIL);
            let len = usize::try_from(size - from).unwrap_or(0);
            Ok((from, files::read_at(&file, from, len)?))
        })();
        let (from, bytes) = outcome.map_err(StoreError::io("read", &path))?;
        let text = String::from_utf8_lossy(&bytes);
        let mut seen = BTreeSet::new();
        Ok(text
            .lines()
            .skip(usize::from(from > 0))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .filter_map(|line| names::request_id(line).ok())
            .filter(|id| seen.insert(id.0.clone()))
            .collect())
    }
}

impl Writer<'_> {
    /// Makes the file of a request again where it does not agree with the ledger: an index is never worth more than what it is made from.
    pub(super) fn mend(&self, id: &RequestId) -> Result<(), StoreError> {
        match self.store.present(id, Timestamp::UNIX_EPOCH) {
            Err(StoreError::Mismatch(name)) => match index::anew(self.store, &self.head, id)? {
                true => Ok(()),
                false => Err(StoreError::Mismatch(name)),
            },
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn request_of(draft: &Draft, id: RequestId, now: Timestamp) -> Result<Request, StoreError> {
    let ttl = jiff::SignedDuration::from_secs(i64::try_from(draft.request_ttl_s).unwrap_or(0));
    let expires = now
        .checked_add(ttl)
        .map_err(|_| StoreError::BadTime(format!("{now} and {} s", draft.request_ttl_s)))?;
    Ok(Request {
        id,
        fingerprint: draft.fingerprint.clone(),
        state: RequestState::Pending,
        tool: draft.tool.clone(),
        command: draft.command.clone(),
        cwd: draft.cwd.clone(),
        session: draft.session.clone(),
        findings: draft.findings.clone(),
        requirement: draft.requirement.clone(),
        confirm: draft.confirm.clone(),
        approvals: Vec::new(),
        backups: draft.backups.clone(),
        created_at: ledger::stamp(now),
        expires_at: ledger::stamp(expires),
        held: 1,
        used_at: None,
        outcome: None,
    })
}

/// Tells whether a record is about this very request.
pub(super) fn names(record: &Record, request: &Request) -> bool {
    let id = record.body.get("id").and_then(Value::as_str);
    let fingerprint = record.body.get("fingerprint").and_then(Value::as_str);
    id == Some(&request.id.0) && fingerprint.is_none_or(|text| text == request.fingerprint.0)
}

pub(super) fn time(text: &str) -> Result<Timestamp, StoreError> {
    text.parse()
        .map_err(|_| StoreError::BadTime(text.chars().take(60).collect()))
}

/// A time that cannot be read has passed.
fn is_past(text: &str, now: Timestamp) -> bool {
    time(text).map_or(true, |time| now >= time)
}

/// Tells whether something of that time still counts; nothing counts from the future.
pub(super) fn is_fresh(at: &str, ttl_s: u64, now: Timestamp) -> bool {
    time(at).is_ok_and(|at| {
        let age = now.as_microsecond().saturating_sub(at.as_microsecond());
        let ttl = i64::try_from(ttl_s.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        age >= 0 && age < ttl
    })
}

fn state_at(filed: &Filed, now: Timestamp) -> RequestState {
    let request = &filed.request;
    if matches!(request.state, RequestState::Used | RequestState::Rejected) {
        return request.state;
    }
    if is_past(&request.expires_at, now) {
        return RequestState::Expired;
    }
    let fresh = request
        .approvals
        .iter()
        .filter(|approval| is_fresh(&approval.at, filed.ttl_s(), now))
        .count();
    let need = usize::from(request.requirement.approvals);
    if need > 0 && fresh >= need {
        RequestState::Approved
    } else {
        RequestState::Pending
    }
}
