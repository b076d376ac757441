//! What paths are by their names: system folders, databases, backups, keys, regenerable output.
//! Names only; facts are weighed elsewhere.

use std::path::{Component, Path, PathBuf};

/// Names of regenerable output where policy gives no list of its own.
pub const REGENERABLE: &[&str] = &[
    "node_modules",
    "bower_components",
    "target",
    "dist",
    "build",
    "out",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".output",
    ".turbo",
    ".parcel-cache",
    ".vite",
    ".angular",
    ".venv",
    "venv",
    "__pycache__",
    "*.pyc",
    "*.pyo",
    "*.pyd",
    "*.egg-info",
    ".eggs",
    ".tox",
    ".nox",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".cache",
    ".gradle",
    ".eslintcache",
    "*.tsbuildinfo",
    "coverage",
    ".coverage",
    "htmlcov",
    ".nyc_output",
    "cmake-build-*",
    "CMakeFiles",
    "CMakeCache.txt",
    ".terraform",
    ".dart_tool",
    "DerivedData",
    "*.o",
    "*.obj",
    "*.class",
    ".DS_Store",
    "Thumbs.db",
];

/// Folders that are the system itself: losing one of them whole is losing the machine.
const SYSTEM: &[&str] = &[
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
    "/mnt",
    "/media",
    "/Applications",
    "/Library",
    "/Network",
    "/System",
    "/Users",
    "/Volumes",
    "/private",
    "/private/etc",
    "/private/var",
    "/cores",
];

/// Folders whose files the system needs to start or to let people in.
const SYSTEM_BELOW: &[&str] = &[
    "/boot",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/sbin",
    "/usr/sbin",
    "/bin",
    "/usr/bin",
    "/System",
    "/sys",
    "/proc",
];

const SYSTEM_FILES: &[&str] = &[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/fstab",
    "/etc/crypttab",
    "/etc/master.passwd",
    "/etc/pam.conf",
    "/etc/ld.so.preload",
];

/// Caches of package managers outside projects: their content comes back by itself.
const PACKAGE_CACHES: &[&str] = &["/var/lib/apt/lists"];

/// Folders of the system below which things come again by themselves: caches, and what running programs leave until the next start.
const PASSING: &[&str] = &["/var/cache", "/private/var/cache", "/run", "/var/run"];

/// Folders below those in which somebody keeps backups all the same: rsnapshot does by default.
const KEPT: &[&str] = &["/var/cache/rsnapshot"];

/// Folders below those in which file systems of others are mounted.
const MOUNTED: &[&str] = &["/run/media", "/run/mount", "/run/user", "/var/run/media"];

const HOME_CACHES: &[&str] = &[
    ".cache/pip",
    ".cache/uv",
    ".cache/yarn",
    ".cache/go-build",
    ".cache/ms-playwright",
    ".cache/pre-commit",
    ".cache/typescript",
    ".cache/node",
    ".cache/pnpm",
    ".cache/mypy",
    ".cache/ruff",
    ".cache/puppeteer",
    ".cache/Cypress",
    ".npm/_cacache",
    ".npm/_npx",
    ".npm/_logs",
    ".cargo/registry/cache",
    ".cargo/registry/src",
    "Library/Caches",
];

/// A kind of thing that is worth a hold even when only one file of it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    Database,
    Backup,
    Key,
    System,
}

impl Guarded {
    /// Returns how people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "a database file",
            Self::Backup => "a backup",
            Self::Key => "a key",
            Self::System => "a file of the system",
        }
    }
}

/// Tells whether this folder is the system, a home, or a folder of homes.
pub fn is_catastrophic(path: &Path, home: Option<&Path>) -> bool {
    let text = path.to_string_lossy();
    if SYSTEM.contains(&text.as_ref()) {
        return true;
    }
    if let Some(home) = home
        && home.starts_with(path)
    {
        return true;
    }
    let mut parts = path.components().skip(1);
    let first = parts.next().map(Component::as_os_str);
    let is_home = matches!(first.and_then(|name| name.to_str()), Some("home" | "Users"));
    is_home && parts.next().is_some() && parts.next().is_none()
}

/// Names what this file is, when its kind is guarded.
pub fn guarded(path: &Path, magic: &str) -> Option<Guarded> {
    if magic == "sqlite" {
        return Some(Guarded::Database);
    }
    if magic == "pgdump" {
        return Some(Guarded::Backup);
    }
    let text = path.to_string_lossy();
    if SYSTEM_FILES.contains(&text.as_ref())
        || SYSTEM_BELOW.iter().any(|dir| path.starts_with(dir))
        || path.starts_with("/etc/sudoers.d")
        || path.starts_with("/etc/pam.d")
    {
        return Some(Guarded::System);
    }
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    by_name(path, &name)
}

fn by_name(path: &Path, name: &str) -> Option<Guarded> {
    const DATABASE: &[&str] = &[
        ".db",
        ".sqlite",
        ".sqlite3",
        ".db3",
        ".s3db",
        ".mdb",
        ".accdb",
        ".duckdb",
        ".rdb",
        ".aof",
        ".ibd",
        ".frm",
        ".mdf",
        ".ldf",
        ".fdb",
        ".realm",
        ".kdbx",
        ".db-wal",
        ".sqlite-wal",
        ".sqlite3-wal",
    ];
    const BACKUP: &[&str] = &[
        ".bak", ".backup", ".dump", ".pgdump", ".sql.gz", ".sql.zst", ".sql.xz", ".sql.bz2", ".bkp",
    ];
    const KEY: &[&str] = &[
        ".pem",
        ".key",
        ".p12",
        ".pfx",
        ".jks",
        ".keystore",
        ".gpg",
        ".age",
        ".ppk",
    ];
    const KEY_NAMES: &[&str] = &[
        "id_rsa",
        "id_ed25519",
        "id_ecdsa",
        "id_dsa",
        "authorized_keys",
    ];
    if DATABASE.iter().any(|end| name.ends_with(end)) && name != "thumbs.db" {
        return Some(Guarded::Database);
    }
    if BACKUP.iter().any(|end| name.ends_with(end)) || named_backup(path, name) {
        return Some(Guarded::Backup);
    }
    let key = KEY.iter().any(|end| name.ends_with(end))
        && !is_certificate(name)
        && !is_handed_out(path, name);
    if key || KEY_NAMES.contains(&name) || is_identity(path, name) {
        return Some(Guarded::Key);
    }
    is_of_cluster(path, name).then_some(Guarded::Database)
}

/// Tells whether a file is somebody's private key by its place: `.ssh/id_work`, `sops/age/keys.txt`.
pub fn is_identity(path: &Path, name: &str) -> bool {
    let folder = path.parent().and_then(Path::file_name);
    let folder = folder.and_then(|name| name.to_str()).unwrap_or_default();
    let ssh = folder == ".ssh" && name.starts_with("id_") && !name.ends_with(".pub");
    ssh || folder == "age" && name == "keys.txt"
}

/// Tells whether a file belongs to the data of a database server; settings, logs and marks of running servers do not.
fn is_of_cluster(path: &Path, name: &str) -> bool {
    const PASSING: &[&str] = &[
        ".conf", ".cnf", ".log", ".pid", ".sock", ".lock", ".opts", ".signal", ".sql", ".sh",
        ".err",
    ];
    let below = |dir: &str| {
        path.strip_prefix(dir)
            .ok()
            .map(|rest| rest.components().count())
    };
    let inside = below("/var/lib/mysql").is_some_and(|count| count > 0)
        || below("/var/lib/postgresql").is_some_and(|count| count > 1)
        || below("/var/lib/pgsql").is_some_and(|count| count > 1)
        || below("/var/lib/mongodb").is_some_and(|count| count > 0);
    inside && !name.starts_with('.') && !PASSING.iter().any(|end| name.ends_with(end))
}

/// Tells whether a name without an ending is that of a file: a key, or a file of the system.
pub fn is_file_by_name(path: &Path) -> bool {
    const SETTINGS: &[&str] = &[
        "/etc/hosts",
        "/etc/exports",
        "/etc/environment",
        "/etc/crontab",
        "/etc/profile",
        "/etc/services",
        "/etc/shells",
    ];
    let text = path.to_string_lossy();
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default().to_ascii_lowercase();
    SYSTEM_FILES.contains(&text.as_ref())
        || SETTINGS.contains(&text.as_ref())
        || by_name(path, &name) == Some(Guarded::Key)
}

/// Tells whether a `.pem` calls itself a certificate or a chain of them: anybody may have those, and they come again.
fn is_certificate(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".pem") else {
        return false;
    };
    let mut parts = stem.split(|letter: char| !letter.is_ascii_alphanumeric());
    let says = parts.any(|part| {
        matches!(
            part,
            "ca" | "cacert" | "cacerts" | "crt" | "csr" | "bundle" | "pub" | "public"
        ) || part.ends_with("chain")
            || part.ends_with("cert")
            || part.ends_with("certs")
            || part.starts_with("certificate")
            || part.starts_with("dhparam")
    });
    says && !stem.contains("key") && !stem.contains("priv")
}

/// Tells whether a file holds public keys or certificates by where it lies: those of package archives, or of a certificate store.
fn is_handed_out(path: &Path, name: &str) -> bool {
    let mut folders = path
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .filter_map(|part| part.as_os_str().to_str());
    if name.ends_with(".gpg") {
        return name.contains("keyring")
            || folders.any(|part| matches!(part, "keyrings" | "trusted.gpg.d"));
    }
    name.ends_with(".pem")
        && folders.any(|part| matches!(part, "certs" | "ca-certificates"))
        && !name.contains("key")
}

/// Tells whether an archive or dump calls itself a backup, or lies in a folder that does.
fn named_backup(path: &Path, name: &str) -> bool {
    const ARCHIVE: &[&str] = &[
        ".sql", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".zip", ".gz", ".zst", ".img",
        ".7z",
    ];
    if !ARCHIVE.iter().any(|end| name.ends_with(end)) {
        return false;
    }
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("backup") || text.contains("dump") || text.contains("snapshot")
    };
    says(name)
        || path
            .parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
            .is_some_and(says)
}

/// Tells whether a name is one under which the last backup stands: in a folder of backups or called the latest, and without a date.
pub fn is_last_backup(path: &Path) -> bool {
    const LAST: &[&str] = &["latest", "last", "current", "newest"];
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(name) = name.map(str::to_ascii_lowercase) else {
        return false;
    };
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let holds = |part: &std::ffi::OsStr| {
        let part = part.to_string_lossy().to_ascii_lowercase();
        part.contains("backup") || matches!(part.as_str(), "bak" | "bkp")
    };
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    guarded(path, "") == Some(Guarded::Backup)
        && digits < 6
        && (path.parent().is_some_and(|folder| folder.iter().any(holds))
            || words.any(|word| LAST.contains(&word)))
}

/// Tells whether a folder is, or lies in, that in which a database server keeps its data.
pub fn is_database_folder(path: &Path) -> bool {
    const FOLDERS: &[&str] = &[
        "/var/lib/postgresql",
        "/var/lib/pgsql",
        "/var/lib/mysql",
        "/var/lib/mongodb",
        "/var/lib/redis",
        "/var/lib/etcd",
    ];
    let text = path.to_string_lossy();
    FOLDERS.iter().any(|dir| text.starts_with(dir))
}

/// Tells whether a whole folder is guarded by its name (a cluster's files, a folder of backups or keys).
pub fn guarded_folder(path: &Path) -> Option<Guarded> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    if matches!(name.as_str(), ".ssh" | ".gnupg" | ".aws" | ".kube") {
        return Some(Guarded::Key);
    }
    const ENGINES: &[&str] = &["/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet"];
    let engine = ENGINES
        .iter()
        .any(|dir| path.to_string_lossy().starts_with(dir));
    if is_database_folder(path) || engine || name == "pgdata" {
        return Some(Guarded::Database);
    }
    matches!(name.as_str(), "backups" | "backup" | "db_backups").then_some(Guarded::Backup)
}

/// Tells whether the path is a setting of the system, other than one that packages expect to be dropped in.
pub fn is_setting(path: &Path) -> bool {
    const DROPPED: &[&str] = &[
        "sites-available",
        "sites-enabled",
        "conf-available",
        "conf-enabled",
        "mods-enabled",
        "keyrings",
        "certs",
        "private",
        "letsencrypt",
        "alternatives",
        "skel",
    ];
    const NEW: &[&str] = &[
        "localtime",
        "timezone",
        "hostname",
        "machine-id",
        "mtab",
        "daemon.json",
    ];
    let below = [
        "/etc",
        "/private/etc",
        "/usr/local/etc",
        "/opt/homebrew/etc",
    ];
    let inside = below
        .iter()
        .any(|dir| path.starts_with(dir) && path != Path::new(dir));
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let parts = || {
        path.components()
            .filter_map(|part| part.as_os_str().to_str())
    };
    // Units are written by whoever deploys; what they would run is judged where units are read.
    let unit = ["/etc/systemd/system", "/etc/systemd/user"]
        .iter()
        .any(|dir| path.starts_with(dir));
    let dropped = unit || parts().any(|part| DROPPED.contains(&part) || NEW.contains(&part));
    let drops = path.parent().is_some_and(|dir| {
        dir.components()
            .any(|part| part.as_os_str().to_string_lossy().ends_with(".d"))
    });
    let aside = [".new", ".tmp", ".orig", ".dist", "~"]
        .iter()
        .any(|end| name.ends_with(end));
    inside && !dropped && !drops && !aside && !name.contains(['*', '?'])
}

/// Tells whether the path is a log that the system or its services keep.
pub fn is_system_log(path: &Path) -> bool {
    ["/var/log", "/private/var/log"]
        .iter()
        .any(|dir| path.starts_with(dir))
}

/// Tells whether the name is that of a log.
pub fn is_log(name: &str) -> bool {
    [".log", ".out", ".err"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Endings of files that people and programs keep something in: data, settings, documents and source.
const CONTENT: [&str; 70] = [
    "csv",
    "tsv",
    "json",
    "jsonl",
    "ndjson",
    "geojson",
    "xml",
    "yaml",
    "yml",
    "toml",
    "ini",
    "conf",
    "cfg",
    "env",
    "properties",
    "xlsx",
    "xls",
    "ods",
    "parquet",
    "feather",
    "avro",
    "sql",
    "md",
    "rst",
    "tex",
    "bib",
    "docx",
    "odt",
    "pdf",
    "ics",
    "vcf",
    "mbox",
    "eml",
    "py",
    "ipynb",
    "rs",
    "go",
    "ts",
    "tsx",
    "js",
    "jsx",
    "java",
    "kt",
    "rb",
    "php",
    "c",
    "h",
    "cc",
    "cpp",
    "hpp",
    "cs",
    "swift",
    "scala",
    "ex",
    "exs",
    "erl",
    "hs",
    "clj",
    "lua",
    "r",
    "jl",
    "ps1",
    "tf",
    "tfvars",
    "html",
    "css",
    "scss",
    "vue",
    "svelte",
    "enc",
];

/// Folders whose files are somebody's messages or jobs.
const SPOOLS: &[&str] = &["/var/mail", "/var/spool"];

/// Tells whether a name says that something stands in the file: it is no log, and no mark that is empty by design.
pub fn is_content(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let ending = path.extension().and_then(|ending| ending.to_str());
    let empty = name.is_some_and(|name| matches!(name, "__init__.py" | "conftest.py"));
    let kept = || SPOOLS.iter().any(|dir| path.starts_with(dir));
    !empty && ending.is_some_and(|ending| CONTENT.contains(&ending.to_lowercase().as_str()))
        || kept()
}

/// Tells whether somebody keeps backups there, whatever the folder is called.
pub fn is_kept(path: &Path) -> bool {
    KEPT.iter().any(|dir| path.starts_with(dir))
}

/// Tells whether the path is a cache that package managers fill again, or strictly inside what a system keeps for the moment.
pub fn is_package_cache(path: &Path, home: Option<&Path>) -> bool {
    let inside = |dirs: &[&str]| {
        dirs.iter()
            .any(|dir| path.starts_with(dir) && path != Path::new(dir))
    };
    let mounted = MOUNTED.iter().any(|dir| path.starts_with(dir)) || is_kept(path);
    if PACKAGE_CACHES.iter().any(|dir| path.starts_with(dir)) || (inside(PASSING) && !mounted) {
        return true;
    }
    let mut homes = home.into_iter().chain([Path::new("/root")]);
    homes.any(|home| {
        let below = path.strip_prefix(home).ok();
        below.is_some_and(|rest| HOME_CACHES.iter().any(|dir| rest.starts_with(dir)))
    })
}

/// Tells whether writing to this device file changes nothing that lasts.
pub fn is_harmless_device(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let Some(name) = text.strip_prefix("/dev/") else {
        return false;
    };
    matches!(
        name,
        "null"
            | "zero"
            | "full"
            | "tty"
            | "stdin"
            | "stdout"
            | "stderr"
            | "random"
            | "urandom"
            | "ptmx"
            | "console"
            | "kmsg"
    ) || ["fd/", "pts/", "shm/", "tty", "mqueue/", "tcp/", "udp/"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Tells whether the path names a disk, a partition or a volume.
pub fn is_disk(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let Some(name) = text.strip_prefix("/dev/") else {
        return false;
    };
    const STARTS: &[&str] = &[
        "sd", "hd", "vd", "xvd", "nvme", "mmcblk", "disk", "rdisk", "mapper/", "md", "dm-", "loop",
        "nbd", "sr", "mem", "kmem", "port", "mtd", "zd", "bcache", "ram", "zvol/", "vg",
    ];
    STARTS.iter().any(|start| name.starts_with(start))
}

/// Tells whether the path is a lock that a git which died left in its repository, or a sample that git puts among the hooks.
pub fn is_git_litter(path: &Path) -> bool {
    let ends = |end: &str| path.extension().is_some_and(|own| own == end);
    let mut folders = path.parent().into_iter().flat_map(Path::components);
    let among_hooks = path.parent().is_some_and(|up| up.ends_with(".git/hooks"));
    ends("lock") && folders.any(|part| part.as_os_str() == ".git") || ends("sample") && among_hooks
}

/// Tells whether the path names a tape: what is written there goes over the rest of the tape.
pub fn is_tape(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let Some(name) = text.strip_prefix("/dev/") else {
        return false;
    };
    let plain = name.trim_start_matches('n').trim_start_matches('r');
    let numbered = ["st", "sa", "osst", "mt/", "mt"].iter().any(|start| {
        plain
            .strip_prefix(start)
            .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    });
    numbered || matches!(name, "tape" | "ntape") || name.starts_with("tape/")
}

/// Tells whether a name without an ending is that of a file by custom (`Makefile`, `LICENSE`).
pub fn is_plain_file(name: &str) -> bool {
    const PLAIN: [&str; 14] = [
        "makefile",
        "dockerfile",
        "license",
        "licence",
        "copying",
        "readme",
        "changelog",
        "authors",
        "gemfile",
        "rakefile",
        "procfile",
        "vagrantfile",
        "jenkinsfile",
        "nohup",
    ];
    PLAIN.contains(&name.to_ascii_lowercase().as_str())
}

/// Returns the outermost part of the path, strictly below `root`, whose name is regenerable.
pub fn regenerable(path: &Path, root: &Path, names: &[String]) -> Option<PathBuf> {
    let rest = path.strip_prefix(root).ok()?;
    let mut all = root.to_path_buf();
    for part in rest.components() {
        let Component::Normal(name) = part else {
            return None;
        };
        all.push(name);
        if name
            .to_str()
            .is_some_and(|name| is_regenerable_name(name, names))
        {
            return Some(all);
        }
    }
    None
}

/// Tells whether policy lists this name.
pub fn is_regenerable_name(name: &str, names: &[String]) -> bool {
    names.iter().any(|pattern| like(name, pattern))
}

/// Tells whether a name has the form of a pattern in which `*` stands for any text.
pub fn like(name: &str, pattern: &str) -> bool {
    // Every removed path is held against every name of the policy: the first letter settles most of them.
    let first = pattern.as_bytes().first();
    if first != Some(&b'*') && first != name.as_bytes().first() {
        return false;
    }
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, end)) if !end.contains('*') => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        Some((start, rest)) => {
            let Some(after) = name.strip_prefix(start) else {
                return false;
            };
            let middle = rest.split('*').next().unwrap_or_default();
            after.contains(middle)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_and_system_folders_are_the_machine_and_what_lies_in_them_is_not() {
        let home = Some(Path::new("/home/ann"));
        for path in ["/", "/home", "/home/ann", "/home/bob", "/usr", "/Users/x"] {
            assert!(is_catastrophic(Path::new(path), home), "{path}");
        }
        for path in ["/home/ann/shop", "/srv/data", "/etc/nginx"] {
            assert!(!is_catastrophic(Path::new(path), home), "{path}");
        }
    }

    #[test]
    fn databases_backups_and_keys_are_told_by_name_or_first_bytes() {
        assert_eq!(guarded(Path::new("/a/app.db"), ""), Some(Guarded::Database));
        assert_eq!(
            guarded(Path::new("/a/data"), "sqlite"),
            Some(Guarded::Database)
        );
        assert_eq!(
            guarded(Path::new("/a/backups/x.tar.gz"), ""),
            Some(Guarded::Backup)
        );
        assert_eq!(guarded(Path::new("/a/x.tar.gz"), ""), None);
        assert_eq!(guarded(Path::new("/h/.ssh/id_rsa"), ""), Some(Guarded::Key));
        assert_eq!(guarded(Path::new("/etc/nginx/conf.d/x.conf"), ""), None);
    }

    #[test]
    fn a_regenerable_name_counts_at_any_depth_below_the_project() {
        let names: Vec<String> = REGENERABLE.iter().map(|&name| name.to_owned()).collect();
        let root = Path::new("/p");
        let found = |path: &str| regenerable(Path::new(path), root, &names);
        assert_eq!(
            found("/p/web/node_modules/x"),
            Some("/p/web/node_modules".into())
        );
        assert_eq!(found("/p/a/b.pyc"), Some("/p/a/b.pyc".into()));
        assert_eq!(found("/p/src"), None);
        assert_eq!(found("/q/dist"), None);
    }
}
