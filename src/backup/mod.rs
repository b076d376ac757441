//! Makes, verifies, lists and restores backups.
