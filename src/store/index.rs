//! The index: one file a request, found by id and by fingerprint, made from the records of the ledger.
//! Applying a record twice changes nothing, so a crash is repaired by applying the tail again.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::StoreError;
use super::head::Head;
use super::record::{Position, Record};
use super::requests::{Rejected, Undone};
use super::{Store, files, leases, sessions};
use crate::adapters::{failpoint, regular};
use crate::model::approval::{Approval, Fingerprint, Outcome, Request, RequestId, RequestState};

/// Folder with one file a request.
pub const REQUESTS: &str = "requests";

/// Folder with one file a fingerprint, holding the id of its newest request.
pub const FINGERPRINTS: &str = "fingerprints";

/// The ids in the order in which they came up, one a line.
pub const ORDER: &str = "requests.list";

/// `requests/<ID>.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    pub v: u32,
    /// Sequence number of the last record that is contained.
    pub seq: u64,
    /// How long an approval of it counts, by what policy said when it was held.
    pub approval_ttl_s: u64,
    /// How long the approvals that are there count, by what policy said when they were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_ttl_s: Option<u64>,
    pub requested: Position,
    /// Where the ledger carries the approvals, in their order.
    pub approvals: Vec<Position>,
    pub used: Option<Position>,
    #[serde(default)]
    pub undone: Vec<Undone>,
    /// Who said no, while that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Rejected>,
    pub request: Request,
}

impl Filed {
    /// Returns how long the approvals that are there count.
    pub fn ttl_s(&self) -> u64 {
        self.given_ttl_s
            .unwrap_or(self.approval_ttl_s)
            .min(self.approval_ttl_s)
    }
}

/// Kinds of records that change the request which they name.
const CHANGES: [&str; 8] = [
    "held", "backups", "approved", "rejected", "revoked", "used", "outcome", "undone",
];

/// Files a record: the lock is held, the record is in the ledger and synced.
pub fn apply(store: &Store, record: &Record, position: &Position) -> Result<(), StoreError> {
    match record.kind.as_str() {
        "requested" => requested(store, record, position),
        "session" => sessions::apply(store, record),
        "leased" | "lease-revoked" => leases::apply(store, record, position),
        kind if CHANGES.contains(&kind) => changed(store, record, position),
        _ => Ok(()),
    }
}

fn requested(store: &Store, record: &Record, position: &Position) -> Result<(), StoreError> {
    let request: Request = part(record, "request")?;
    let filed = begun(record, position, request)?;
    // Not an early return: a crash may have come between this file and the two below.
    let there = match load(store, &filed.request.id) {
        Err(StoreError::Mismatch(_)) => None,
        there => there?,
    };
    if there.is_none_or(|old| old.seq < record.seq) {
        save(store, &filed)?;
        files::sync_dir(&store.dir.join(REQUESTS))?;
    }
    list(store, &filed.request.id)?;
    let name = file_name(&filed.request.fingerprint)?;
    let id = format!("{}\n", filed.request.id.0);
    let dir = store.dir.join(FINGERPRINTS);
    files::replace(&dir, &name, id.as_bytes(), "fingerprint")?;
    files::sync_dir(&dir)
}

fn begun(record: &Record, position: &Position, request: Request) -> Result<Filed, StoreError> {
    Ok(Filed {
        v: 1,
        seq: record.seq,
        approval_ttl_s: part(record, "approval_ttl_s")?,
        given_ttl_s: None,
        requested: position.clone(),
        approvals: Vec::new(),
        used: None,
        undone: Vec::new(),
        rejected: None,
        request,
    })
}

fn changed(store: &Store, record: &Record, position: &Position) -> Result<(), StoreError> {
    let id: RequestId = part(record, "id")?;
    let mut filed = match load(store, &id) {
        Ok(Some(filed)) => filed,
        Ok(None) => return Err(StoreError::Mismatch(id.0)),
        // Whoever needs it makes it again from the ledger, this record included.
        Err(StoreError::Mismatch(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    if filed.seq >= record.seq {
        return Ok(());
    }
    change(&mut filed, record, position)?;
    filed.seq = record.seq;
    save(store, &filed)?;
    if record.kind == "held" {
        return Ok(());
    }
    files::sync_dir(&store.dir.join(REQUESTS))
}

fn change(filed: &mut Filed, record: &Record, position: &Position) -> Result<(), StoreError> {
    let request = &mut filed.request;
    match record.kind.as_str() {
        "held" => {
            request.held += 1;
            if record.body.get("findings").is_some() {
                request.findings = part(record, "findings")?;
                request.requirement = part(record, "requirement")?;
            }
        }
        "backups" => request.backups = part(record, "backups")?,
        "approved" => approved(filed, record, position)?,
        "rejected" => {
            request.state = RequestState::Rejected;
            filed.rejected = Some(Rejected {
                at: record.at.clone(),
                by: part(record, "by").unwrap_or_default(),
                reason: part(record, "reason").unwrap_or_default(),
            });
            request.approvals.clear();
            filed.approvals.clear();
        }
        "revoked" => {
            request.state = RequestState::Pending;
            filed.rejected = None;
            request.approvals.clear();
            filed.approvals.clear();
        }
        "used" => {
            request.state = RequestState::Used;
            request.used_at = Some(record.at.clone());
            request.outcome = Some(Outcome::Passed);
            if let Ok(backups) = part::<Vec<String>>(record, "backups")
                && !backups.is_empty()
            {
                request.backups = backups;
            }
            filed.used = Some(position.clone());
        }
        "outcome" => request.outcome = Some(part(record, "outcome")?),
        "undone" => filed.undone.push(Undone {
            at: record.at.clone(),
            backup: part(record, "backup")?,
            left: part(record, "left").unwrap_or_default(),
        }),
        _ => {}
    }
    Ok(())
}

fn approved(filed: &mut Filed, record: &Record, position: &Position) -> Result<(), StoreError> {
    let request = &mut filed.request;
    let approval: Approval = part(record, "approval")?;
    if approval.step <= 1 {
        request.approvals.clear();
        filed.approvals.clear();
    }
    if record.body.get("ttl_s").is_some() {
        let given: u64 = part(record, "ttl_s")?;
        let before = filed.given_ttl_s.filter(|_| approval.step > 1);
        filed.given_ttl_s = Some(before.unwrap_or(given).min(given));
    }
    request.approvals.push(approval);
    filed.approvals.push(position.clone());
    if request.approvals.len() >= usize::from(request.requirement.approvals) {
        request.state = RequestState::Approved;
    }
    Ok(())
}

/// Returns one value of a record's body.
pub fn part<T: serde::de::DeserializeOwned>(record: &Record, name: &str) -> Result<T, StoreError> {
    let value = record.body.get(name).unwrap_or(&Value::Null);
    T::deserialize(value).map_err(|error| {
        StoreError::Damaged(format!(
            "record {} says nothing readable about `{name}`: {error}",
            record.seq
        ))
    })
}

/// Reads a request's file as it stands.
pub fn load(store: &Store, id: &RequestId) -> Result<Option<Filed>, StoreError> {
    let id = super::names::request_id(&id.0)?;
    let path = store.dir.join(REQUESTS).join(format!("{}.json", id.0));
    let Some(bytes) = files::read(&path)? else {
        return Ok(None);
    };
    match serde_json::from_slice::<Filed>(&bytes) {
        Ok(filed) if filed.v == 1 && filed.request.id == id => Ok(Some(filed)),
        _ => Err(StoreError::Mismatch(id.0)),
    }
}

/// Makes the file of a request again from the records of the ledger; false when those name no such request. The lock is held.
pub fn anew(store: &Store, head: &Head, id: &RequestId) -> Result<bool, StoreError> {
    let mut filed: Option<Filed> = None;
    store.placed(head, |record, position| {
        if record.kind == "requested" {
            let request: Request = part(record, "request")?;
            if request.id == *id {
                filed = Some(begun(record, position, request)?);
            }
        } else if let Some(filed) = &mut filed
            && CHANGES.contains(&record.kind.as_str())
            && part::<RequestId>(record, "id")? == *id
        {
            change(filed, record, position)?;
            filed.seq = record.seq;
        }
        Ok(())
    })?;
    let Some(filed) = filed else {
        return Ok(false);
    };
    save(store, &filed)?;
    files::sync_dir(&store.dir.join(REQUESTS))?;
    Ok(true)
}

/// Returns the id that a fingerprint leads to; what is no id leads nowhere.
pub fn find(store: &Store, fingerprint: &Fingerprint) -> Result<Option<RequestId>, StoreError> {
    let path = store.dir.join(FINGERPRINTS).join(file_name(fingerprint)?);
    let Some(bytes) = files::read(&path)? else {
        return Ok(None);
    };
    Ok(super::names::request_id(&String::from_utf8_lossy(&bytes)).ok())
}

fn save(store: &Store, filed: &Filed) -> Result<(), StoreError> {
    let name = format!("{}.json", filed.request.id.0);
    let bytes = serde_json::to_vec(filed)?;
    files::replace(&store.dir.join(REQUESTS), &name, &bytes, "request")
}

fn list(store: &Store, id: &RequestId) -> Result<(), StoreError> {
    let path = store.dir.join(ORDER);
    let outcome = (|| {
        failpoint::reach("store.list.before")?;
        let mut options = OpenOptions::new();
        let mut file = regular::unlinked(options.append(true).create(true).mode(0o600), &path)?;
        file.write_all(format!("{}\n", id.0).as_bytes())?;
        failpoint::reach("store.list.after")
    })();
    outcome.map_err(StoreError::io("append to", &path))
}

fn file_name(fingerprint: &Fingerprint) -> Result<String, StoreError> {
    let name = &fingerprint.0;
    let fits =
        (16..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(StoreError::BadName(name.chars().take(40).collect()))
    }
}
