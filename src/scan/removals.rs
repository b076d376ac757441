//! Files whose deletion is itself a loss: backups, and backstop's own files.
//! It goes by names alone; the content of a deleted file is in the history that is left.

/// The rule of a deleted backup.
pub const BACKUP: &str = "scan.deletes-backup";

/// The rule of a deleted file of backstop's own.
pub const OWN: &str = "scan.deletes-own";

/// Endings of dumps, whatever the folder.
const DUMPS: [&str; 16] = [
    ".dump",
    ".pgdump",
    ".sql.gz",
    ".sql.zst",
    ".sql.xz",
    ".sql.bz2",
    ".sql.zip",
    ".dump.gz",
    ".dump.zst",
    ".bak",
    ".backup",
    ".rdb",
    ".bson.gz",
    ".sqlite.bak",
    ".db.bak",
    ".sqlite3.bak",
];

/// Endings that are an archive of something; a backup when the name or folder says so.
const ARCHIVES: [&str; 13] = [
    ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".zip", ".7z", ".gz", ".zst", ".sql", ".db",
    ".sqlite", ".sqlite3",
];

/// Returns the rule that the deletion of this file breaks.
pub fn rule(path: &str) -> Option<&'static str> {
    let lower = path.to_ascii_lowercase();
    let mut parts: Vec<&str> = lower.split('/').collect();
    let name = parts.pop()?;
    if parts.contains(&".backstop") {
        return Some(OWN);
    }
    let made_here = parts.iter().any(|part| part.contains("-backup-2"));
    let is_dump = DUMPS.iter().any(|end| name.ends_with(end));
    let is_archive = ARCHIVES.iter().any(|end| name.ends_with(end));
    let kept = |part: &str| {
        matches!(
            part,
            "backup" | "backups" | "dumps" | "snapshots" | "db-backups" | "db_backups"
        )
    };
    let named =
        parts.iter().any(|part| kept(part)) || name.contains("backup") || name.contains("dump");
    // A script or a migration that speaks of backups is no backup.
    let migration = parts.iter().any(|part| part.contains("migrat"));
    (made_here || is_dump || is_archive && named && !migration).then_some(BACKUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_are_told_from_files_that_speak_of_them() {
        for path in [
            "backups/a.tar.gz",
            "x/shop.sql.gz",
            "db_dump_2026.sql",
            "dumps/shop.sql",
            "old.bak",
        ] {
            assert_eq!(rule(path), Some(BACKUP), "{path}");
        }
        for path in [
            "src/backup.rs",
            "backup.sh",
            "db/migrate/2_add_backup.sql",
            "assets/a.svg.gz",
            "vendor/lib.zip",
        ] {
            assert_eq!(rule(path), None, "{path}");
        }
    }
}
