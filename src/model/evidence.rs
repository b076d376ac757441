//! What was found for a requirement: backups, approvals, leases, waivers.
//! Only `gather` makes evidence; deciding over it is done elsewhere.

use super::backup::Freshness;
use super::policy::BackupNeed;
use super::target::TargetKey;

/// What the catalog holds for one needed backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFound {
    pub need: BackupNeed,
    pub freshness: Freshness,
    /// Id of the best backup, fresh or not.
    pub id: Option<String>,
    /// Age of that backup in seconds, from the start of its snapshot.
    pub age_s: Option<u64>,
    pub bytes: u64,
    /// Commands that restore it without backstop.
    pub recovery: Vec<String>,
    /// What the worker says: running, or why it failed.
    pub progress: Option<String>,
    /// The last try failed: policy may let the second approval do without.
    pub has_failed: bool,
    /// What was written to the target since this backup was begun; looked at only where it matters.
    pub drift: Option<String>,
}

/// Everything found for one call.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Evidence {
    pub backups: Vec<BackupFound>,
    /// Valid approvals: distinct, unexpired, unspent.
    pub approvals: u8,
    /// Why approvals that are on record do not count (expired, clock).
    pub refused: Vec<String>,
    /// Targets for which a human typed a waiver.
    pub waived: Vec<TargetKey>,
    /// Targets under a running lease.
    pub leased: Vec<TargetKey>,
}
