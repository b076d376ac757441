//! Ledger, requests, approvals and catalog on disk.
