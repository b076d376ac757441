//! A private PostgreSQL cluster for one test binary: started once, stopped and removed when the test process ends.
//! Nothing outside its own folder is touched; no server that is already there is used.
#![allow(
    dead_code,
    clippy::too_many_lines,
    reason = "each test binary uses its own part"
)]

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Says aloud why a test is left out; where CI runs that is a failure.
pub fn left_out(why: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "left out, and CI is set: {why}"
    );
    let _ = writeln!(std::io::stderr(), "test left out: {why}");
}

/// A running server, reached by its socket folder (trust) and by loopback TCP (password for role `app`, trust for `postgres`).
#[derive(Debug)]
pub struct Cluster {
    pub folder: PathBuf,
    pub port: u16,
    pub bin: PathBuf,
    _watcher: Child,
}

/// Folder of the newest installed server.
pub fn bin() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Returns the cluster of this process, or nothing (said aloud) where PostgreSQL is not installed.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| bin().map(|bin| Cluster::start(&bin)));
    if cluster.is_none() {
        left_out("no PostgreSQL server is installed in /usr/lib/postgresql");
    }
    cluster.as_ref()
}

/// Returns a server of its own for tests that stop it.
pub fn another() -> Option<Cluster> {
    bin().map(|bin| Cluster::start(&bin))
}

impl Cluster {
    /// Makes and starts a cluster. A watcher stops it and removes the folder when our end of its input closes.
    fn start(bin: &Path) -> Self {
        // Sockets have short names: not below a deep `TMPDIR`.
        let folder = PathBuf::from(format!("/tmp/bs-pg-{}-{}", std::process::id(), free_port()));
        std::fs::create_dir(&folder).unwrap();
        let root = rustix::process::geteuid().is_root();
        if root {
            let done = Command::new("chown")
                .arg("postgres")
                .arg(&folder)
                .status()
                .unwrap();
            assert!(done.success());
        }
        let port = free_port();
        let script = r#"
            D=$1; B=$2; PORT=$3; shift 3
            "$@" "$B/initdb" -D "$D/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 >"$D/log" 2>&1 || exit 1
            printf 'local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n' >"$D/data/pg_hba.conf"
            "$@" "$B/postgres" -D "$D/data" -k "$D" -p "$PORT" -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c max_connections=60 </dev/null >>"$D/log" 2>&1 &
            P=$!
            cat >/dev/null
            kill -INT $P; wait $P; rm -rf "$D"
        "#;
        let mut watcher = Command::new("/bin/sh");
        watcher
            .args(["-c", script, "sh"])
            .arg(&folder)
            .arg(bin)
            .arg(port.to_string());
        if root {
            watcher.args([
                "setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
            ]);
        } else {
            watcher.arg("env");
        }
        let watcher = watcher
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cluster = Self {
            folder,
            port,
            bin: bin.to_path_buf(),
            _watcher: watcher,
        };
        let until = Instant::now() + Duration::from_secs(120);
        while !cluster.answers() {
            assert!(
                Instant::now() < until,
                "the cluster does not start: {}",
                std::fs::read_to_string(cluster.folder.join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        cluster
    }

    fn answers(&self) -> bool {
        self.psql("postgres")
            .args(["-c", "SELECT 1"])
            .output()
            .is_ok_and(|done| done.status.success())
    }

    /// A psql of its own, with nothing inherited.
    pub fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.env_clear()
            .env("PATH", "/usr/bin:/bin")
            .args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-h"])
            .arg(&self.folder)
            .args([
                "-p",
                &self.port.to_string(),
                "-U",
                "postgres",
                "-d",
                database,
            ]);
        psql
    }

    /// Runs SQL and returns what it says; fails the test when the server refuses.
    pub fn sql(&self, database: &str, text: &str) -> String {
        let mut child = self
            .psql(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(
            done.status.success(),
            "{text}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
    }

    /// Makes a fresh database with a name of its own.
    pub fn database(&self, name: &str) -> String {
        self.sql(
            "postgres",
            &format!("CREATE DATABASE \"{name}\" TEMPLATE template0"),
        );
        name.to_owned()
    }

    /// Ends the server at once, as a crash would.
    pub fn crash(&self) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid: i32 = pid.lines().next().unwrap().parse().unwrap();
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(pid).unwrap(),
            rustix::process::Signal::QUIT,
        )
        .unwrap();
        while self.answers() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
