//! Leases: for some hours, calls that lose only one target need no approvals.
//! Whether a call loses only that target is decided elsewhere.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::StoreError;
use super::ledger::{self, Writer};
use super::record::{Position, Record};
use super::requests::time;
use super::{Store, files, index, names};
use crate::model::approval::{Approval, Lease};
use crate::model::database::Identity;
use crate::model::target::TargetKey;

/// A lease lasts at most 8 h: one working day, never a standing permission.
pub const MAX_LEASE_S: u64 = 8 * 3600;

pub const NAME: &str = "leases.json";

/// A lease that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLease {
    pub target: TargetKey,
    pub identity: Option<Identity>,
    pub reason: String,
    pub seconds: u64,
    pub by: String,
}

/// `leases.json`: the leases that have not ended when the file was last written.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Filed {
    v: u32,
    leases: Vec<Held>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Held {
    position: Position,
    lease: Lease,
}

impl Store {
    /// Records a lease with its two approvals.
    ///
    /// # Errors
    /// Fails when it is too long, the approvals are not two distinct ones, or it cannot be recorded.
    pub fn grant_lease(
        &self,
        new: NewLease,
        approvals: &[Approval],
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        if new.seconds == 0 || new.seconds > MAX_LEASE_S {
            return Err(StoreError::LeaseTooLong(MAX_LEASE_S / 3600));
        }
        match approvals {
            [first, second]
                if first.nonce != second.nonce && (first.step, second.step) == (1, 2) => {}
            _ => return Err(StoreError::LeaseApprovals),
        }
        let mut writer = Writer::begin(self, now)?;
        mend(&writer)?;
        let name = names::random(6)?;
        let until = now
            .checked_add(SignedDuration::from_secs(
                i64::try_from(new.seconds).unwrap_or(0),
            ))
            .map_err(|_| StoreError::BadTime(now.to_string()))?;
        let lease = Lease {
            id: format!("L-{name}"),
            target: new.target,
            identity: new.identity,
            reason: new.reason,
            from: ledger::stamp(now),
            until: ledger::stamp(until),
            by: new.by,
            revoked: false,
        };
        let body = json!({"lease": lease, "approvals": approvals});
        writer.append(now, "leased", &body)?;
        Ok(lease)
    }

    /// Ends a lease.
    ///
    /// # Errors
    /// Fails when there is no such lease, or the end cannot be recorded.
    pub fn revoke_lease(
        &self,
        id: &str,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        let mut writer = Writer::begin(self, now)?;
        mend(&writer)?;
        let wanted = id.trim().to_ascii_uppercase();
        let held = load(self)?
            .leases
            .into_iter()
            .find(|held| held.lease.id == wanted)
            .ok_or_else(|| StoreError::UnknownLease(wanted.chars().take(40).collect()))?;
        let body = json!({"id": held.lease.id, "by": by, "reason": reason});
        writer.append(now, "lease-revoked", &body)?;
        Ok(Lease {
            revoked: true,
            ..held.lease
        })
    }

    /// Returns the leases that have not ended, the revoked ones among them.
    ///
    /// # Errors
    /// Fails when the file cannot be read.
    pub fn leases(&self, now: Timestamp) -> Result<Vec<Lease>, StoreError> {
        self.settle(now)?;
        let mut leases: Vec<Lease> = mended(self, now)?
            .leases
            .into_iter()
            .map(|held| held.lease)
            .collect();
        leases.retain(|lease| runs(lease, now));
        Ok(leases)
    }

    /// Returns the lease that relieves calls on this very target now; the ledger has to carry it, unrevoked.
    ///
    /// # Errors
    /// Fails when the files cannot be read or do not agree.
    pub fn lease_for(
        &self,
        target: &TargetKey,
        identity: Option<&Identity>,
        now: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        self.settle(now)?;
        for held in mended(self, now)?.leases {
            let lease = &held.lease;
            let fits = lease.target == *target
                && !lease.revoked
                && runs(lease, now)
                && same_place(lease.identity.as_ref(), identity);
            if fits && self.is_carried(&held, now)? {
                return Ok(Some(held.lease));
            }
        }
        Ok(None)
    }

    /// Tells whether the ledger has the lease, no end of it, and no record of a time at which it had ended.
    fn is_carried(&self, held: &Held, now: Timestamp) -> Result<bool, StoreError> {
        let Some(record) = self.record_at(&held.position)? else {
            return Err(StoreError::Mismatch(held.lease.id.clone()));
        };
        if record.kind != "leased" || index::part::<Lease>(&record, "lease")? != held.lease {
            return Err(StoreError::Mismatch(held.lease.id.clone()));
        }
        let word = format!("\"{}\"", held.lease.id);
        let Some(since) = self.records_naming(held.position.offset, &word)? else {
            return Ok(false);
        };
        let is_revoked = since
            .records
            .iter()
            .any(|record| record.kind == "lease-revoked");
        // A clock that was set back does not make a lease longer.
        let now = since.latest.map_or(now, |latest| latest.max(now));
        Ok(!is_revoked && runs(&held.lease, now))
    }
}

fn runs(lease: &Lease, now: Timestamp) -> bool {
    match (time(&lease.from), time(&lease.until)) {
        (Ok(from), Ok(until)) => from <= now && now < until,
        _ => false,
    }
}

/// A lease on a known server or database holds for no other; a server's version may change meanwhile.
fn same_place(bound: Option<&Identity>, asked: Option<&Identity>) -> bool {
    match (bound, asked) {
        (None, _) => true,
        (Some(_), None) => false,
        (
            Some(Identity::Postgres {
                system_identifier,
                database_oid,
                database,
                ..
            }),
            Some(Identity::Postgres {
                system_identifier: other_system,
                database_oid: other_oid,
                database: other_name,
                ..
            }),
        ) => {
            system_identifier == other_system && database_oid == other_oid && database == other_name
        }
        (Some(bound), Some(asked)) => bound == asked,
    }
}

/// Files a granted or revoked lease; called with the lock held.
pub fn apply(store: &Store, record: &Record, position: &Position) -> Result<(), StoreError> {
    let mut filed = load(store)?;
    change(&mut filed, record, position)?;
    save(store, &filed)
}

fn change(filed: &mut Filed, record: &Record, position: &Position) -> Result<(), StoreError> {
    if record.kind == "leased" {
        let lease: Lease = index::part(record, "lease")?;
        let now = time(&record.at)?;
        filed
            .leases
            .retain(|held| held.lease.id != lease.id && runs(&held.lease, now));
        filed.leases.push(Held {
            position: position.clone(),
            lease,
        });
    } else {
        let id: String = index::part(record, "id")?;
        filed.leases.retain(|held| held.lease.id != id);
    }
    Ok(())
}

fn save(store: &Store, filed: &Filed) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(filed)?;
    files::replace(&store.dir, NAME, &bytes, "leases")?;
    files::sync_dir(&store.dir)
}

/// Reads the leases; a file that says nothing readable is made again.
fn mended(store: &Store, now: Timestamp) -> Result<Filed, StoreError> {
    match load(store) {
        Err(StoreError::Mismatch(_)) => {
            mend(&Writer::begin(store, now)?)?;
            load(store)
        }
        found => found,
    }
}

/// Makes the file of the leases again from the ledger where it says nothing readable; called with the lock held.
fn mend(writer: &Writer<'_>) -> Result<(), StoreError> {
    let Err(StoreError::Mismatch(_)) = load(writer.store) else {
        return Ok(());
    };
    let mut filed = Filed {
        v: 1,
        leases: Vec::new(),
    };
    writer.store.placed(&writer.head, |record, position| {
        match record.kind.as_str() {
            "leased" | "lease-revoked" => change(&mut filed, record, position),
            _ => Ok(()),
        }
    })?;
    save(writer.store, &filed)
}

fn load(store: &Store) -> Result<Filed, StoreError> {
    match files::read(&store.dir.join(NAME))? {
        None => Ok(Filed {
            v: 1,
            leases: Vec::new(),
        }),
        Some(bytes) => {
            serde_json::from_slice(&bytes).map_err(|_| StoreError::Mismatch(NAME.to_owned()))
        }
    }
}
