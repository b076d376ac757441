//! Which rule names a loss, and how a tree is told: tables and words over facts that were found.
//! It asks nothing and judges nothing.

use std::path::{Path, PathBuf};

use super::judge::{How, Over, SMALL_FILE};
use super::kinds;
use super::report::{bytes, counted};
use crate::model::fact::TreeFact;
use crate::model::finding::Measured;

const TEMPORARY: &[&str] = &[
    "/tmp",
    "/var/tmp",
    "/private/tmp",
    "/private/var/tmp",
    "/var/folders",
    "/private/var/folders",
    "/dev/shm",
];

/// Tells whether a path lies strictly inside a temporary directory.
pub fn is_temporary(path: &Path, temporary: &[PathBuf]) -> bool {
    let strictly = |dir: &Path| path.starts_with(dir) && path != dir;
    temporary.iter().any(|dir| strictly(dir))
        || TEMPORARY.iter().any(|dir| strictly(Path::new(dir)))
}

pub fn is_temporary_root(path: &Path, temporary: &[PathBuf]) -> bool {
    temporary.iter().any(|dir| dir == path) || TEMPORARY.iter().any(|dir| Path::new(dir) == path)
}

/// Tells whether a folder holds nothing: no files, or only such as have nothing in them.
pub fn is_empty(tree: &TreeFact) -> bool {
    let nothing = tree.bytes == 0 && tree.repositories.is_empty();
    (tree.files == tree.links || nothing) && !tree.more && !tree.mounts && tree.unreadable == 0
}

/// Returns the size of a tree that was counted to its end and holds no database and no repository.
pub fn measured(tree: &TreeFact) -> Option<Measured> {
    let whole = !tree.more && !tree.mounts && tree.unreadable == 0;
    let plain = tree.databases.is_empty() && tree.repositories.is_empty();
    (whole && plain).then_some(Measured {
        files: tree.files,
        bytes: tree.bytes,
        rows: 0,
    })
}

/// Returns the size of one file.
pub fn one_file(bytes: u64) -> Measured {
    Measured {
        files: 1,
        bytes,
        rows: 0,
    }
}

pub fn tree_lines(tree: &TreeFact) -> Vec<String> {
    let size = format!(
        "{}, {}",
        counted(tree.files, "file", "files"),
        bytes(tree.bytes)
    );
    let mut lines = vec![match (tree.more, tree.files) {
        (false, _) => size,
        (true, 0) => "files that were not counted: it is deeper or larger than is looked through before a call".to_owned(),
        (true, _) => format!("more than {size}: it is deeper or larger than is looked through before a call"),
    }];
    if !tree.databases.is_empty() {
        let count = u64::try_from(tree.databases.len()).unwrap_or(u64::MAX);
        lines.push(format!(
            "{} among them",
            counted(count, "SQLite database", "SQLite databases")
        ));
    }
    if !tree.repositories.is_empty() {
        let count = u64::try_from(tree.repositories.len()).unwrap_or(u64::MAX);
        lines.push(format!(
            "{} among them",
            counted(count, "git repository", "git repositories")
        ));
    }
    if tree.mounts {
        lines.push("another file system is mounted below".to_owned());
    }
    if tree.unreadable > 0 {
        lines.push(format!(
            "{} could not be read",
            counted(tree.unreadable, "entry", "entries")
        ));
    }
    lines
}

pub fn usual(how: How, path: &Path) -> &'static str {
    match how.rule {
        Some(rule) => rule,
        None if how.recursive => folder_rule(path),
        None => file_rule(path, "", 0),
    }
}

pub fn folder_rule(path: &Path) -> &'static str {
    if kinds::guarded_folder(path).is_some() || kinds::guarded(path, "").is_some() {
        "files.delete-guarded"
    } else {
        "files.recursive-delete"
    }
}

pub fn file_rule(path: &Path, magic: &str, bytes: u64) -> &'static str {
    if kinds::guarded(path, magic).is_some() {
        "files.delete-guarded"
    } else if bytes > SMALL_FILE {
        "files.delete-many"
    } else {
        "files.delete"
    }
}

/// A database or key that is moved to a place that does not last is lost as by `rm`, and a folder as by `rm -r`.
pub fn moved_rule(rule: &'static str, path: &Path, magic: &str, directory: bool) -> &'static str {
    if rule != "files.move-away" {
        rule
    } else if kinds::guarded(path, magic).is_some() {
        "files.delete-guarded"
    } else if directory {
        "files.move-away-folder"
    } else {
        rule
    }
}

/// Tells by its name alone whether a path is a folder: it has no ending, or is a pattern for everything.
pub fn may_be_folder(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_none_or(|name| {
        let plain = name.trim_start_matches('.');
        matches!(plain, "*" | "**") || (!plain.contains('.') && !kinds::is_plain_file(plain))
    })
}

pub fn over_rule(path: &Path, magic: &str, over: Over) -> &'static str {
    if !over.edit && kinds::guarded(path, magic).is_some() {
        "files.overwrite-guarded"
    } else if !over.edit && (kinds::is_setting(path) || over.emptied && kinds::is_system_log(path))
    {
        "files.overwrite-system"
    } else {
        "files.overwrite"
    }
}

/// Returns the rule, and what kind of thing it is, when new content loses something by the name of its file alone.
pub fn over_by_name(path: &Path, over: Over) -> Option<(&'static str, Option<&'static str>)> {
    let Some(kind) = kinds::guarded(path, "") else {
        let rule = over_rule(path, "", over);
        return (over.nulled || rule == "files.overwrite-system").then_some((rule, None));
    };
    if kind == kinds::Guarded::Backup && over.anew && !over.emptied {
        return kinds::is_last_backup(path).then_some(("files.overwrite", Some(kind.name())));
    }
    let counts = match kind {
        kinds::Guarded::Database => !over.edit,
        kinds::Guarded::Backup => over.emptied,
        kinds::Guarded::Key => !over.edit && !over.provided,
        kinds::Guarded::System => {
            !over.edit
                && !path.starts_with("/usr/bin")
                && !path.starts_with("/proc")
                && !path.starts_with("/sys")
        }
    };
    counts.then_some(("files.overwrite-guarded", Some(kind.name())))
}

/// Tells whether text is put over a dump or a packed backup among others of its kind: it cannot be one itself.
pub fn is_no_backup(path: &Path, text: &str) -> bool {
    const PACKED: [&str; 7] = [
        ".dump", ".pgdump", ".sql.gz", ".sql.zst", ".sql.xz", ".sql.bz2", ".tar.gz",
    ];
    let name = path.file_name().and_then(|name| name.to_str());
    let packed = name.is_some_and(|name| PACKED.iter().any(|end| name.ends_with(end)));
    let mut folders = path.ancestors().skip(1);
    let among = folders.any(|dir| kinds::guarded_folder(dir) == Some(kinds::Guarded::Backup));
    packed && among && !text.starts_with("PGDMP") && !text.starts_with("--")
}

pub fn far_rule(path: &Path, how: How) -> &'static str {
    if how.recursive && kinds::is_catastrophic(path, None) {
        return "files.wipe-elsewhere";
    }
    usual(how, path)
}
