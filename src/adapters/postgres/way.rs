//! How a database is reached: defaults filled in, password found, client programs started along the command's own route.
//! It starts programs; what they are asked and what they answer is none of its business.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::pgpass::{Wanted, look_up};
use super::session::SessionError;
use crate::adapters::docker::{self, Engine, ExecOrder};
use crate::adapters::environment;
use crate::adapters::tools::{self, Launch, Program, Running};
use crate::model::secret::Secret;
use crate::model::target::{PostgresReach, Route};

/// Where servers put their sockets: Debian and most packages first, then the upstream default.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
const DEFAULT_PORT: u16 = 5432;

/// A resolved way to one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    pub route: Route,
    /// Host name, address or socket folder; nothing only where the client inside a container or of another account decides.
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub database: Option<String>,
    pub password: Option<Secret>,
    /// The owner's folders of client programs.
    pub tool_dirs: Vec<PathBuf>,
}

impl Way {
    /// Fills in what the client would take by default, and finds the password.
    pub fn new(reach: &PostgresReach, tool_dirs: &[PathBuf]) -> Self {
        let mut way = Self {
            route: reach.route.clone(),
            host: reach.host.clone(),
            port: reach.port,
            user: reach.user.clone(),
            database: reach.database.clone(),
            password: reach.password.clone(),
            tool_dirs: tool_dirs.to_vec(),
        };
        if way.route == Route::Direct {
            way.fill_in();
        }
        way
    }

    fn fill_in(&mut self) {
        let port = *self.port.get_or_insert(DEFAULT_PORT);
        if self.host.is_none() {
            let folder = SOCKET_FOLDERS
                .iter()
                .find(|folder| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists())
                .unwrap_or(&"/var/run/postgresql");
            self.host = Some((*folder).to_owned());
        }
        if self.user.is_none() {
            self.user = account();
        }
        if self.database.is_none() {
            self.database = self.user.clone();
        }
        if self.password.is_none() {
            self.password = self.filed_password();
        }
    }

    fn filed_password(&self) -> Option<Secret> {
        let host = self.host.as_deref()?;
        let usual = SOCKET_FOLDERS.contains(&host);
        let wanted = Wanted {
            host: if usual { "localhost" } else { host },
            port: self.port?,
            database: self.database.as_deref()?,
            user: self.user.as_deref()?,
        };
        look_up(&environment::pgpass()?, &wanted)
    }

    /// Returns the same way to another database of the same server.
    #[must_use]
    pub fn to_database(&self, name: &str) -> Self {
        Self {
            database: Some(name.to_owned()),
            ..self.clone()
        }
    }

    /// Tells whether the words name this machine (what the server says about itself is asked later).
    pub fn looks_local(&self) -> bool {
        match &self.route {
            Route::Container { engine, .. } => docker::place(engine).starts_with("unix://"),
            Route::Direct | Route::As { .. } => match self.host.as_deref() {
                None => true,
                Some(host) if host.starts_with('/') || host.starts_with('@') => true,
                Some(host) => is_loopback(host),
            },
        }
    }

    /// Starts a client program along the route; `major` is the least version that will do.
    ///
    /// # Errors
    /// Fails when the program is not installed, or the container or account cannot be used.
    pub fn start(
        &self,
        program: &str,
        args: &[String],
        major: u32,
        deadline: Instant,
    ) -> Result<Box<dyn Program>, SessionError> {
        match &self.route {
            Route::Container { engine, name, user } => {
                let mut command = vec![program.to_owned()];
                command.extend_from_slice(args);
                let order = ExecOrder {
                    container: name.clone(),
                    command,
                    env: self.environment(),
                    user: user.clone(),
                    deadline,
                };
                let exec = Engine::connect(&docker::place(engine))
                    .and_then(|engine| engine.exec(&order))
                    .map_err(|error| SessionError::Unreachable(error.to_string()))?;
                Ok(Box::new(exec))
            }
            Route::Direct => {
                let tool = self.tool(program, major)?;
                self.launch(tool, args.iter().map(Into::into).collect(), deadline)
            }
            Route::As { user } => {
                let sudo = tools::system("sudo").ok_or_else(|| {
                    SessionError::Unreachable("`sudo` is not installed here".to_owned())
                })?;
                let tool = self.tool(program, major)?;
                let all = self.sudo_words(user, &tool, args);
                self.launch(sudo, all, deadline)
            }
        }
    }

    fn tool(&self, program: &str, major: u32) -> Result<PathBuf, SessionError> {
        let found = if major == 0 {
            tools::newest(program, &self.tool_dirs)
        } else {
            tools::find(program, major, &self.tool_dirs)
        };
        found
            .map(|tool| tool.path)
            .ok_or_else(|| SessionError::NoTool {
                program: program.to_owned(),
                major,
            })
    }

    fn launch(
        &self,
        program: PathBuf,
        args: Vec<OsString>,
        deadline: Instant,
    ) -> Result<Box<dyn Program>, SessionError> {
        let launch = Launch {
            program,
            args,
            env: self.environment(),
            deadline,
        };
        let running = Running::start(&launch)
            .map_err(|error| SessionError::Unreachable(error.to_string()))?;
        Ok(Box::new(running))
    }

    /// sudo clears the environment, so the connection goes as variables that `env` sets; a password only by sudo's leave.
    fn sudo_words(&self, user: &str, tool: &Path, args: &[String]) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["-n".into(), "-u".into(), user.into()];
        if self.password.is_some() {
            words.push("--preserve-env=PGPASSWORD".into());
        }
        words.push("--".into());
        words.push("/usr/bin/env".into());
        for (key, value) in self.environment() {
            if key != "PGPASSWORD" {
                words.push(format!("{key}={}", value.expose()).into());
            }
        }
        words.push(tool.into());
        words.extend(args.iter().map(OsString::from));
        words
    }

    /// Returns the client's whole configuration as its environment: nothing stands on a command line.
    fn environment(&self) -> Vec<(String, Secret)> {
        let mut all = vec![
            ("PGCONNECT_TIMEOUT".to_owned(), Secret::new("5")),
            ("LC_MESSAGES".to_owned(), Secret::new("C")),
            ("PGOPTIONS".to_owned(), Secret::new("")),
            ("PGAPPNAME".to_owned(), Secret::new("backstop")),
        ];
        let mut put = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                all.push((key.to_owned(), Secret::new(value)));
            }
        };
        put("PGHOST", self.host.as_deref());
        put("PGPORT", self.port.map(|port| port.to_string()).as_deref());
        put("PGUSER", self.user.as_deref());
        put("PGDATABASE", self.database.as_deref());
        put("PGPASSWORD", self.password.as_ref().map(Secret::expose));
        all
    }
}

/// Tells whether a host name or address is this machine by its very words.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

/// The name of the account that runs us, as the client library would find it.
fn account() -> Option<String> {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    passwd
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == uid).then(|| name.to_owned())
        })
        .or_else(environment::user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(host: Option<&str>) -> PostgresReach {
        PostgresReach {
            route: Route::Direct,
            host: host.map(str::to_owned),
            port: None,
            user: Some("ann".to_owned()),
            database: None,
            password: Some(Secret::new("geheim")),
            implicit: false,
        }
    }

    #[test]
    fn the_database_defaults_to_the_users_name() {
        let way = Way::new(&reach(Some("db")), &[]);
        assert_eq!(way.database.as_deref(), Some("ann"));
        assert_eq!(way.port, Some(5432));
    }

    #[test]
    fn only_sockets_and_loopback_look_local() {
        for host in [
            None,
            Some("/run/x"),
            Some("localhost"),
            Some("127.1.2.3"),
            Some("::1"),
            Some("::ffff:127.0.0.1"),
        ] {
            assert!(Way::new(&reach(host), &[]).looks_local(), "{host:?}");
        }
        for host in [
            "db.example.org",
            "10.0.0.1",
            "127.0.0.1.example.org",
            "localhost.evil",
        ] {
            assert!(!Way::new(&reach(Some(host)), &[]).looks_local(), "{host}");
        }
    }

    #[test]
    fn no_password_reaches_a_command_line() {
        let way = Way::new(&reach(None), &[]);
        let words = way.sudo_words("postgres", Path::new("/usr/bin/psql"), &["-X".to_owned()]);
        assert!(
            words
                .iter()
                .all(|word| !word.to_string_lossy().contains("geheim"))
        );
        assert!(words.contains(&"--preserve-env=PGPASSWORD".into()));
    }
}
