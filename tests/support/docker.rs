//! A private Docker engine with a PostgreSQL image that is made from this machine's own files; no registry is asked.
//! One engine at a time on a machine: a lock is held by the watcher until the engine of this process has stopped.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::postgres::{bin, left_out};

/// A running engine; `DOCKER_HOST` of a program under test is `host`.
#[derive(Debug)]
pub struct Docker {
    pub folder: PathBuf,
    pub host: String,
    _watcher: Child,
}

/// Returns the engine of this process, or nothing (said aloud) where none can run.
pub fn docker() -> Option<&'static Docker> {
    static DOCKER: OnceLock<Result<Docker, String>> = OnceLock::new();
    match DOCKER.get_or_init(start) {
        Ok(docker) => Some(docker),
        Err(why) => {
            left_out(why);
            None
        }
    }
}

fn start() -> Result<Docker, String> {
    if !rustix::process::geteuid().is_root() {
        return Err("a private Docker engine needs root".to_owned());
    }
    let daemon = ["/usr/sbin/dockerd", "/usr/bin/dockerd"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .ok_or("no dockerd is installed")?;
    let server = bin().ok_or("no PostgreSQL server is installed to make an image of")?;
    let folder = PathBuf::from(format!("/tmp/bs-docker-{}", std::process::id()));
    std::fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let script = r#"
        D=$1
        exec 9>/tmp/bs-docker.lock
        flock 9 || exit 1
        : >"$D/locked"
        "$2" -H "unix://$D/s" --data-root "$D/data" --exec-root "$D/exec" --pidfile "$D/pid" </dev/null >"$D/log" 2>&1 9>&- &
        P=$!
        cat >/dev/null
        DOCKER_HOST="unix://$D/s" docker ps -q 2>/dev/null | DOCKER_HOST="unix://$D/s" xargs -r docker kill >/dev/null 2>&1
        kill $P; wait $P; rm -rf "$D"
    "#;
    let watcher = Command::new("/bin/sh")
        .args(["-c", script, "sh"])
        .arg(&folder)
        .arg(daemon)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let docker = Docker {
        host: format!("unix://{}/s", folder.display()),
        folder,
        _watcher: watcher,
    };
    wait("the turn of this process", Duration::from_secs(900), || {
        docker.folder.join("locked").exists()
    })?;
    wait("the engine", Duration::from_secs(90), || {
        docker.try_run(&["info"]).status.success()
    })
    .map_err(|why| {
        format!(
            "{why}: {}",
            std::fs::read_to_string(docker.folder.join("log")).unwrap_or_default()
        )
    })?;
    docker.image(&server);
    Ok(docker)
}

fn wait(what: &str, time: Duration, test: impl Fn() -> bool) -> Result<(), String> {
    let until = Instant::now() + time;
    while !test() {
        if Instant::now() > until {
            return Err(format!("{what} did not come within {} s", time.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Makes a root folder out of the installed server and imports it.
const IMAGE: &str = include_str!("image.sh");

impl Docker {
    fn image(&self, server: &Path) {
        let done = Command::new("/bin/bash")
            .args(["-c", IMAGE, "bash"])
            .arg(server.parent().unwrap())
            .arg(&self.folder)
            .env("DOCKER_HOST", &self.host)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// Runs the docker client against this engine.
    pub fn try_run(&self, args: &[&str]) -> Output {
        Command::new("docker")
            .args(args)
            .env("DOCKER_HOST", &self.host)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs the docker client and expects success; returns what it says.
    pub fn run(&self, args: &[&str]) -> String {
        let done = self.try_run(args);
        assert!(
            done.status.success(),
            "docker {args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
    }

    /// Starts a PostgreSQL container and waits until it answers. `more` are options of `docker run`.
    pub fn postgres(&self, name: &str, more: &[&str]) {
        let mut args = vec!["run", "-d", "--name", name];
        args.extend_from_slice(more);
        args.push("pgtest:1");
        self.run(&args);
        // The server that initdb starts for itself listens on no network: ask over TCP.
        wait(
            "PostgreSQL in the container",
            Duration::from_secs(90),
            || {
                self.try_run(&["exec", name, "pg_isready", "-q", "-h", "127.0.0.1"])
                    .status
                    .success()
            },
        )
        .unwrap_or_else(|why| {
            panic!(
                "{why}: {}",
                String::from_utf8_lossy(&self.try_run(&["logs", name]).stderr)
            )
        });
    }

    /// Runs SQL inside the container.
    pub fn sql(&self, name: &str, database: &str, text: &str) -> String {
        let mut child = Command::new("docker")
            .args([
                "exec",
                "-i",
                name,
                "psql",
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                database,
            ])
            .env("DOCKER_HOST", &self.host)
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
}
