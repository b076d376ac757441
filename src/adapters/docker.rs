//! Talks to the local Docker engine: looks at containers and runs programs inside them, behind blocking functions.
//! The only file with async code; it never contacts an engine on another machine and starts no container.

use super::regular;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ContainerSummary;
use bollard::query_parameters::ListContainersOptions;
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::runtime::Runtime;

use super::environment;
use super::tools::{Program, said};
use crate::model::secret::Secret;

/// The longest name of a container that is asked about.
const NAME_LIMIT: usize = 255;
/// How much of a program's complaints is kept.
const COMPLAINT_LIMIT: usize = 16 * 1024;
/// How long an exit code may be missing after the output has ended.
const CODE_WAIT: Duration = Duration::from_secs(1);
/// The engine's answer to a question that moves no data.
const QUESTION: Duration = Duration::from_secs(5);

/// Why a container could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    #[error("the Docker engine at `{0}` is not on this machine")]
    Elsewhere(String),
    #[error("no Docker engine answers at `{place}`: {why}")]
    NoEngine { place: String, why: String },
    #[error("the Docker engine knows no container `{0}`")]
    NoContainer(String),
    #[error("`{0}` is not a container's name")]
    BadName(String),
    #[error("container `{name}` is {state}")]
    NotRunning { name: String, state: String },
    #[error("the Docker engine did not answer in time")]
    Late,
    #[error("the Docker engine refused: {0}")]
    Refused(String),
}

/// What the engine says about a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFact {
    pub id: String,
    pub name: String,
    /// `running`, `paused`, `exited`, …
    pub state: String,
    /// Addresses on the engine's networks.
    pub addresses: Vec<String>,
    /// (port inside, address outside, port outside).
    pub published: Vec<(u16, String, u16)>,
    pub shares_host_network: bool,
    /// What is set for the programs inside.
    pub env: Vec<(String, Secret)>,
}

impl ContainerFact {
    /// Tells whether programs can be run inside now.
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }
}

/// The label by which Compose marks the service of a container.
pub const SERVICE: &str = "com.docker.compose.service";

/// A container in a list, with what Compose wrote on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    pub state: String,
    pub project: String,
    pub service: String,
    /// Its number among those of the service.
    pub number: Option<u32>,
    /// Made for one command (`docker compose run`).
    pub once: bool,
    /// Folder and files of the project, as Compose saw them.
    pub folder: String,
    pub files: String,
    pub networks: Vec<String>,
}

impl Listed {
    /// Tells whether programs can be run inside now.
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    fn of(container: ContainerSummary) -> Option<Self> {
        let labels = container.labels.unwrap_or_default();
        let label = |name: &str| {
            let value = labels.get(&format!("com.docker.compose.{name}"));
            value.cloned().unwrap_or_default()
        };
        // A link to another container stands there with that one's name in front.
        let own = |name: &String| !name.trim_start_matches('/').contains('/');
        let name = container.names?.into_iter().find(own)?;
        let networks = container.network_settings.and_then(|all| all.networks);
        Some(Self {
            name: name.trim_start_matches('/').to_owned(),
            state: container.state.map(|state| state.to_string())?,
            project: label("project"),
            service: label("service"),
            number: label("container-number").parse().ok(),
            once: label("oneoff").eq_ignore_ascii_case("true"),
            folder: label("project.working_dir"),
            files: label("project.config_files"),
            networks: networks.unwrap_or_default().into_keys().collect(),
        })
    }
}

/// A connection to one local engine.
pub struct Engine {
    runtime: Runtime,
    docker: Docker,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

/// Podman keeps a socket of its own; a Docker engine beside it knows other containers.
fn podman() -> String {
    if let Some(host) = environment::container_host() {
        return host;
    }
    let own = environment::runtime_dir().map(|dir| dir.join("podman/podman.sock"));
    let socket = own.filter(|path| path.exists());
    let socket = socket.unwrap_or_else(|| "/run/podman/podman.sock".into());
    format!("unix://{}", socket.display())
}

/// Largest file of the Docker client's configuration that is read.
const CONFIG_MAX: u64 = 1 << 20;
/// Contexts that are looked through.
const CONTEXTS_MAX: usize = 200;

/// Returns the engine of the context that the client uses, where it is not the default one. A context that cannot be read is
/// somewhere, but not known to be here.
fn in_context() -> Option<String> {
    let folder = environment::docker_config()?;
    let named = environment::docker_context().or_else(|| {
        let config = json(&folder.join("config.json"))?;
        Some(config.get("currentContext")?.as_str()?.to_owned())
    })?;
    if named.is_empty() || named == "default" {
        return None;
    }
    let all = std::fs::read_dir(folder.join("contexts/meta")).ok();
    let host = all
        .into_iter()
        .flatten()
        .flatten()
        .take(CONTEXTS_MAX)
        .filter_map(|entry| json(&entry.path().join("meta.json")))
        .find(|meta| meta.get("Name").and_then(|name| name.as_str()) == Some(&named))
        .and_then(|meta| Some(meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned()));
    Some(host.unwrap_or_else(|| format!("context://{named}")))
}

fn json(path: &Path) -> Option<serde_json::Value> {
    let facts = std::fs::metadata(path).ok()?;
    if !facts.is_file() || facts.len() > CONFIG_MAX {
        return None;
    }
    serde_json::from_slice(&regular::read(path).ok()?).ok()
}

/// Returns the place of the engine: `named` if it says one, else `DOCKER_HOST`, else the usual sockets.
pub fn place(named: &str) -> String {
    if named.contains("://") {
        return named.to_owned();
    }
    if named.starts_with('/') {
        return format!("unix://{named}");
    }
    if named == "podman" {
        return podman();
    }
    if let Some(host) = environment::docker_host() {
        return host;
    }
    if let Some(host) = in_context() {
        return host;
    }
    let usual = [
        environment::runtime_dir().map(|dir| dir.join("docker.sock")),
        environment::home().map(|home| home.join(".docker/run/docker.sock")),
    ];
    let system = Path::new("/var/run/docker.sock");
    let socket = if system.exists() {
        None
    } else {
        usual.into_iter().flatten().find(|path| path.exists())
    };
    format!("unix://{}", socket.as_deref().unwrap_or(system).display())
}

fn refused(error: bollard::errors::Error) -> DockerError {
    DockerError::Refused(error.to_string())
}

/// Waits for an answer of the engine, but not for ever.
fn within<T>(
    runtime: &Runtime,
    time: Duration,
    work: impl Future<Output = T>,
) -> Result<T, DockerError> {
    runtime
        .block_on(async { tokio::time::timeout(time, work).await })
        .map_err(|_late| DockerError::Late)
}

impl Engine {
    /// Connects to the engine at this place (see [`place`]) and agrees on a version.
    ///
    /// # Errors
    /// Fails when it is elsewhere or does not answer.
    pub fn connect(place: &str) -> Result<Self, DockerError> {
        if !place.starts_with("unix://") {
            return Err(DockerError::Elsewhere(place.to_owned()));
        }
        let no_engine = |why: String| DockerError::NoEngine {
            place: place.to_owned(),
            why,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| no_engine(error.to_string()))?;
        let docker = Docker::connect_with_unix(place, 3600, bollard::API_DEFAULT_VERSION)
            .map_err(|error| no_engine(error.to_string()))?;
        let docker = within(&runtime, QUESTION, docker.negotiate_version())
            .map_err(|error| no_engine(error.to_string()))?
            .map_err(|error| no_engine(error.to_string()))?;
        Ok(Self { runtime, docker })
    }

    /// Returns what the engine knows about a container.
    ///
    /// # Errors
    /// Fails when there is none of that name or the engine does not answer.
    pub fn inspect(&self, name: &str) -> Result<ContainerFact, DockerError> {
        checked(name)?;
        let question = self.docker.inspect_container(name, None);
        let answer = within(&self.runtime, QUESTION, question)?.map_err(|error| match error {
            bollard::errors::Error::DockerResponseServerError {
                status_code: 404, ..
            } => DockerError::NoContainer(name.to_owned()),
            other => refused(other),
        })?;
        let state = answer
            .state
            .and_then(|state| state.status)
            .map(|status| status.to_string())
            .unwrap_or_default();
        let network = answer.network_settings.unwrap_or_default();
        let mut addresses = Vec::new();
        for endpoint in network.networks.unwrap_or_default().into_values() {
            addresses.extend(endpoint.ip_address.filter(|address| !address.is_empty()));
        }
        let mut published = Vec::new();
        for (inside, outside) in network.ports.unwrap_or_default() {
            let Some(inside) = inside
                .strip_suffix("/tcp")
                .and_then(|port| port.parse().ok())
            else {
                continue;
            };
            for binding in outside.unwrap_or_default() {
                let port = binding.host_port.and_then(|port| port.parse().ok());
                if let Some(port) = port {
                    published.push((inside, binding.host_ip.unwrap_or_default(), port));
                }
            }
        }
        let shares_host_network = answer
            .host_config
            .and_then(|config| config.network_mode)
            .is_some_and(|mode| mode == "host");
        let env = answer.config.and_then(|config| config.env);
        let env = env.unwrap_or_default().into_iter();
        let set = env.filter_map(|one| {
            let (name, value) = one.split_once('=')?;
            Some((name.to_owned(), Secret::new(value)))
        });
        Ok(ContainerFact {
            env: set.collect(),
            id: answer.id.unwrap_or_default(),
            name: name.to_owned(),
            state,
            addresses,
            published,
            shares_host_network,
        })
    }

    /// Returns the running container that publishes this port of the machine.
    ///
    /// # Errors
    /// Fails when the engine does not answer.
    pub fn publisher(&self, port: u16) -> Result<Option<ContainerFact>, DockerError> {
        let list =
            within(&self.runtime, QUESTION, self.docker.list_containers(None))?.map_err(refused)?;
        for container in list {
            let publishes = container
                .ports
                .unwrap_or_default()
                .iter()
                .any(|one| one.public_port == Some(port));
            if let (true, Some(id)) = (publishes, container.id) {
                return self.inspect(&id).map(Some);
            }
        }
        Ok(None)
    }

    /// Lists containers, stopped ones too; of those with this label only, where one is named.
    ///
    /// # Errors
    /// Fails when the engine does not answer.
    pub fn list(&self, label: &str) -> Result<Vec<Listed>, DockerError> {
        let filters = (!label.is_empty())
            .then(|| HashMap::from([("label".to_owned(), vec![label.to_owned()])]));
        let options = ListContainersOptions {
            all: true,
            filters,
            ..ListContainersOptions::default()
        };
        let list = self.docker.list_containers(Some(options));
        let list = within(&self.runtime, QUESTION, list)?.map_err(refused)?;
        Ok(list.into_iter().filter_map(Listed::of).collect())
    }

    /// Starts a program inside a running container.
    ///
    /// # Errors
    /// Fails when the container does not run or the engine refuses.
    pub fn exec(self, order: &ExecOrder) -> Result<Exec, DockerError> {
        let container = self.inspect(&order.container)?;
        if !container.is_running() {
            return Err(DockerError::NotRunning {
                name: order.container.clone(),
                state: container.state,
            });
        }
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(false),
            env: Some(
                order
                    .env
                    .iter()
                    .map(|(key, value)| format!("{key}={}", value.expose()))
                    .collect(),
            ),
            cmd: Some(order.command.clone()),
            user: order.user.clone(),
            ..CreateExecOptions::default()
        };
        let create = self.docker.create_exec(&container.id, options);
        let id = within(&self.runtime, QUESTION, create)?
            .map_err(refused)?
            .id;
        let attach = StartExecOptions {
            detach: false,
            tty: false,
            output_capacity: Some(64 * 1024),
        };
        let start = self.docker.start_exec(&id, Some(attach));
        match within(&self.runtime, QUESTION, start)?.map_err(refused)? {
            StartExecResults::Attached { output, input } => Ok(Exec {
                name: format!(
                    "{} in container {}",
                    order.command.first().map_or("program", String::as_str),
                    order.container
                ),
                id,
                output: Some(output),
                input: Some(input),
                pending: Vec::new(),
                taken: 0,
                complaint: Vec::new(),
                deadline: order.deadline,
                end: None,
                engine: self,
            }),
            StartExecResults::Detached => Err(DockerError::Refused("not attached".to_owned())),
        }
    }
}

/// Refuses a name that would be something else inside the engine's URL.
fn checked(name: &str) -> Result<(), DockerError> {
    let fits = name.len() <= NAME_LIMIT
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || "_.-".contains(one));
    if fits {
        Ok(())
    } else {
        Err(DockerError::BadName(name.to_owned()))
    }
}

/// What is run inside which container, and until when.
#[derive(Clone, Debug)]
pub struct ExecOrder {
    pub container: String,
    pub command: Vec<String>,
    pub env: Vec<(String, Secret)>,
    pub user: Option<String>,
    pub deadline: Instant,
}

type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;
type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// A program inside a container. Its end is good only when the engine itself says that it ended with code 0.
pub struct Exec {
    engine: Engine,
    id: String,
    name: String,
    output: Option<Output>,
    input: Option<Input>,
    /// Output that was read and not yet handed on, from `taken`.
    pending: Vec<u8>,
    taken: usize,
    complaint: Vec<u8>,
    deadline: Instant,
    end: Option<Result<(), String>>,
}

impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exec").field("name", &self.name).finish()
    }
}

/// What came next out of the stream.
enum Next {
    Bytes,
    Ended,
}

impl Exec {
    fn late(&self) -> io::Error {
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!("`{}` ran out of time", self.name),
        )
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn take(&mut self, item: LogOutput) -> io::Result<()> {
        match item {
            LogOutput::StdOut { message } => {
                if self.taken == self.pending.len() {
                    self.pending.clear();
                    self.taken = 0;
                }
                self.pending.extend_from_slice(&message);
                Ok(())
            }
            LogOutput::StdErr { message } => {
                let room = COMPLAINT_LIMIT.saturating_sub(self.complaint.len());
                self.complaint.extend(message.iter().take(room));
                Ok(())
            }
            // Without a terminal this is the rest of a torn frame, which the library hands out as if it were whole.
            LogOutput::StdIn { .. } | LogOutput::Console { .. } => Err(io::Error::other(format!(
                "the stream of `{}` was torn",
                self.name
            ))),
        }
    }

    fn next(&mut self) -> io::Result<Next> {
        let (left, late) = (self.left(), self.late());
        let Some(output) = self.output.as_mut() else {
            return Ok(Next::Ended);
        };
        let item = self
            .engine
            .runtime
            .block_on(async { tokio::time::timeout(left, output.next()).await })
            .map_err(|_elapsed| late)?;
        match item {
            Some(Ok(item)) => self.take(item).map(|()| Next::Bytes),
            Some(Err(error)) => Err(io::Error::other(format!(
                "the stream of `{}` broke: {error}",
                self.name
            ))),
            None => {
                self.output = None;
                Ok(Next::Ended)
            }
        }
    }

    /// Asks the engine how the program ended; a stream that merely stopped proves nothing.
    fn judge(&mut self) -> Result<(), String> {
        let until = Instant::now() + CODE_WAIT;
        loop {
            let question = self.engine.docker.inspect_exec(&self.id);
            let answer = within(&self.engine.runtime, QUESTION, question)
                .map_err(|error| format!("how `{}` ended is not known: {error}", self.name))?
                .map_err(|error| format!("how `{}` ended is not known: {error}", self.name))?;
            match (answer.running, answer.exit_code) {
                (Some(false), Some(0)) => return Ok(()),
                (Some(false), Some(code)) => {
                    let mut words = said(&self.complaint());
                    if words.is_empty() && matches!(code, 126 | 127) {
                        ": the program is not there".clone_into(&mut words);
                    }
                    return Err(format!("`{}` failed (exit code {code}){words}", self.name));
                }
                _ if Instant::now() < until => {
                    let pause = tokio::time::sleep(Duration::from_millis(10));
                    let _ = within(&self.engine.runtime, CODE_WAIT, pause);
                }
                _ => return Err(format!("`{}` has no exit code", self.name)),
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let verdict = match self.end.take() {
            Some(known) => known,
            None => self.judge(),
        };
        self.end = Some(verdict.clone());
        verdict.map_err(io::Error::other)
    }
}

impl Read for Exec {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.taken == self.pending.len() {
            if let Next::Ended = self.next()? {
                return self.end().map(|()| 0);
            }
        }
        let mut rest = self.pending.get(self.taken..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

impl Program for Exec {
    fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (left, late) = (self.left(), self.late());
            let (Some(input), Some(output)) = (self.input.as_mut(), self.output.as_mut()) else {
                return Err(io::Error::other("the input is closed"));
            };
            // Output is taken while writing: a program that talks would otherwise stop reading.
            let step = self.engine.runtime.block_on(async {
                tokio::time::timeout(left, async {
                    tokio::select! {
                        written = input.write(rest) => Step::Written(written),
                        item = output.next() => Step::Read(item),
                    }
                })
                .await
            });
            match step.map_err(|_elapsed| late)? {
                Step::Written(written) => rest = rest.get(written?..).unwrap_or_default(),
                Step::Read(Some(Ok(item))) => self.take(item)?,
                Step::Read(Some(Err(error))) => return Err(io::Error::other(error.to_string())),
                Step::Read(None) => {
                    self.output = None;
                    let ended = self.end();
                    return Err(ended
                        .err()
                        .unwrap_or_else(|| io::Error::other("the program no longer reads")));
                }
            }
        }
        let (left, late) = (self.left(), self.late());
        match self.input.as_mut() {
            Some(input) => self
                .engine
                .runtime
                .block_on(async { tokio::time::timeout(left, input.flush()).await })
                .map_err(|_elapsed| late)?,
            None => Ok(()),
        }
    }

    fn close_input(&mut self) -> io::Result<()> {
        let (left, late) = (self.left(), self.late());
        match self.input.take() {
            Some(mut input) => self
                .engine
                .runtime
                .block_on(async { tokio::time::timeout(left, input.shutdown()).await })
                .map_err(|_elapsed| late)?,
            None => Ok(()),
        }
    }

    fn kill(&mut self) {
        // The engine ends a program whose attached client is gone.
        self.output = None;
        self.input = None;
        self.end = Some(Err(format!("`{}` was ended", self.name)));
    }

    fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.complaint).into_owned()
    }
}

enum Step {
    Written(io::Result<usize>),
    Read(Option<Result<LogOutput, bollard::errors::Error>>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_elsewhere_is_never_contacted() {
        for place in ["tcp://10.0.0.1:2375", "ssh://host", "https://host"] {
            assert!(matches!(
                Engine::connect(place),
                Err(DockerError::Elsewhere(_))
            ));
        }
    }

    #[test]
    fn a_name_cannot_become_another_question_to_the_engine() {
        for name in ["../images/json?", "a/b", "", "-x", "a?b", "a%2f"] {
            assert!(checked(name).is_err(), "{name}");
        }
        assert!(checked("supabase-ai-db_1.x").is_ok());
    }

    #[test]
    fn an_engine_that_is_not_there_is_named() {
        let error = Engine::connect("unix:///nonexistent/docker.sock").unwrap_err();
        assert!(error.to_string().contains("/nonexistent/docker.sock"));
    }
}
