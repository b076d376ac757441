//! From a client's words and wrappers to the database it talks to, and the way there.
//! It asks for inherited variables only; whether the server answers is asked elsewhere.

use std::path::{Component, Path, PathBuf};

use crate::classify::Context;
use crate::model::command::{Command, Cwd, Passage};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::secret::Secret;
use crate::model::target::{PostgresReach, Reach, Route, TargetKind};
use crate::model::word::{Hole, Part, Word};

use super::conninfo::{self, Conninfo};
use super::service::{self, Named};

/// Where a client's statements go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::classify) struct Place {
    pub kind: TargetKind,
    pub locator: String,
    pub reach: Reach,
    /// Why nothing that lives there is a loss.
    pub scratch: Option<String>,
    /// The place itself is not known.
    pub opaque: bool,
}

impl Place {
    pub fn nowhere(kind: TargetKind, locator: impl Into<String>, reason: &str) -> Self {
        Self {
            kind,
            locator: locator.into(),
            reach: Reach::Unreachable(reason.to_owned()),
            scratch: None,
            opaque: false,
        }
    }
}

/// The way that the wrappers lead.
#[derive(Clone, Debug)]
pub(in crate::classify) enum Way {
    Here(Route),
    /// Prefix of the locator, and why it cannot be gone.
    Elsewhere(String, String),
}

/// What the words of a client say about a server.
#[derive(Clone, Debug, Default)]
pub(in crate::classify) struct Server {
    pub host: Option<Word>,
    pub port: Option<Word>,
    pub user: Option<Word>,
    pub database: Option<Word>,
    pub socket: Option<Word>,
}

/// Reads values of words, asking for inherited variables.
pub(in crate::classify) struct Reading<'a, 'n> {
    pub command: &'a Command,
    pub context: &'a Context<'a>,
    pub needs: &'n mut Needs,
    pub implicit: bool,
    pub unknown: bool,
}

impl Reading<'_, '_> {
    /// Returns the text of a word, inherited variables filled in.
    pub fn text(&mut self, word: &Word) -> Option<String> {
        self.filled(word, Self::inner)
    }

    /// Returns the text of a word that the shell outside of every container has read.
    pub fn outer_text(&mut self, word: &Word) -> Option<String> {
        self.filled(word, |reading, name| {
            reading.variable(name).map(|value| (value, true))
        })
    }

    /// Returns a variable as the shell nearest to the command may see it, and whether it is the hook's own.
    /// Which shell fills it in is not known here: where both have it, they have to agree.
    fn inner(&mut self, name: &str) -> Option<(String, bool)> {
        let ours = self.variable(name);
        let inside = service::around(self);
        match (inside.as_ref().and_then(|one| one.variable(name)), ours) {
            (Some(theirs), Some(ours)) if theirs != ours => None,
            (Some(theirs), _) => Some((theirs.to_owned(), false)),
            (None, ours) => ours.map(|ours| (ours, true)),
        }
    }

    fn filled(
        &mut self,
        word: &Word,
        value: impl Fn(&mut Self, &str) -> Option<(String, bool)>,
    ) -> Option<String> {
        let mut all = String::new();
        for piece in &word.pieces {
            match &piece.part {
                Part::Literal(text) => all.push_str(text),
                Part::Hole(Hole::Inherited(name)) => match value(self, name) {
                    Some((value, ours)) => {
                        self.implicit |= ours;
                        all.push_str(&value);
                    }
                    None => {
                        self.unknown = true;
                        return None;
                    }
                },
                Part::Glob(_) | Part::Hole(_) => {
                    self.unknown = true;
                    return None;
                }
            }
        }
        Some(all)
    }

    fn variable(&mut self, name: &str) -> Option<String> {
        if self.context.facts.assumed || self.context.scene.assumed {
            return None;
        }
        let question = Question::Variable(name.to_owned());
        match self.context.facts.ask(question, self.needs) {
            Some(Answer::Variable(value)) => Some(value.clone()),
            _ => None,
        }
    }

    /// Returns what the environment gives to the client: the text's assignments, the container's, then the hook's own.
    fn environment(&mut self, name: &str) -> Option<String> {
        if let Some(word) = self.command.env_value(name) {
            return self.text(&word.clone());
        }
        let mut inherits = !self.command.env_cleared;
        let mut inside = false;
        for wrapper in &self.command.via {
            match &wrapper.passage {
                Passage::Plain => {}
                Passage::Container { env, .. } | Passage::Service { env, .. } => {
                    inherits = false;
                    inside = true;
                    if let Some((_, word)) = env.iter().rev().find(|(key, _)| key == name) {
                        return self.outer_text(&word.clone());
                    }
                }
                _ => (inherits, inside) = (false, false),
            }
        }
        if inside && !self.command.env_cleared {
            let around = service::around(self)?;
            let set = around.variable(name).filter(|value| !value.is_empty());
            return set.map(str::to_owned);
        }
        let value = inherits.then(|| self.variable(name)).flatten()?;
        if value.is_empty() {
            return None;
        }
        self.implicit = true;
        Some(value)
    }

    fn given(&mut self, word: Option<&Word>) -> Option<String> {
        word.and_then(|word| self.text(word))
            .filter(|text| !text.is_empty())
    }
}

/// Follows the wrappers from this machine to where the client runs.
pub(in crate::classify) fn way(command: &Command) -> Way {
    let mut route = Route::Direct;
    for wrapper in &command.via {
        match step(&wrapper.passage, route) {
            Way::Here(next) => route = next,
            elsewhere => return elsewhere,
        }
    }
    Way::Here(route)
}

/// Follows one wrapper.
fn step(passage: &Passage, route: Route) -> Way {
    let elsewhere = |prefix: String, reason: &str| Way::Elsewhere(prefix, reason.to_owned());
    match passage {
        Passage::Plain => Way::Here(route),
        Passage::User { user } => other_account(user.as_ref(), route),
        Passage::Container {
            engine, name, user, ..
        } => into_container(engine, name, user.as_ref(), &route),
        Passage::Service { service, .. } => elsewhere(
            format!("compose:{}", service.shown()),
            "the container of the compose service is not known here",
        ),
        Passage::Fresh { engine, .. } => elsewhere(
            format!("{engine}-run:?"),
            "it is reached from a new container: if the server is in one that runs, `docker exec NAME psql ...` leads there",
        ),
        Passage::Remote { host } => elsewhere(
            format!("remote:{}", host.shown()),
            "it is reached from another machine",
        ),
        Passage::Root => elsewhere(
            "root:?".to_owned(),
            "it is reached from another root directory",
        ),
    }
}

/// Follows the wrappers as well, and asks which containers they mean that they do not name.
fn asked_way(reading: &mut Reading<'_, '_>) -> Way {
    let command = reading.command;
    let mut route = Route::Direct;
    for wrapper in &command.via {
        let way = match &wrapper.passage {
            Passage::Service { fresh: false, .. } => {
                into_service(&wrapper.passage, &route, reading)
            }
            passage => step(passage, route),
        };
        match way {
            Way::Here(next) => route = next,
            elsewhere => return elsewhere,
        }
    }
    Way::Here(route)
}

fn into_service(passage: &Passage, route: &Route, reading: &mut Reading<'_, '_>) -> Way {
    let nowhere = step(passage, route.clone());
    let Passage::Service {
        engine,
        project,
        service: name,
        index,
        user,
        ..
    } = passage
    else {
        return nowhere;
    };
    let Way::Elsewhere(prefix, _) = nowhere else {
        return nowhere;
    };
    let Some(text) = name.text() else {
        return Way::Elsewhere(prefix, "the name of the service is not known".to_owned());
    };
    // Another account has an environment of its own.
    let mut project = project.clone();
    project.inherits &= *route == Route::Direct;
    match service::of_service((engine, &project), (&text, index.as_ref()), reading) {
        Named::Found(found) => {
            let name = Word::literal(found.name, name.origin.clone());
            into_container(engine, &name, user.as_ref(), route)
        }
        Named::Not(reason) => Way::Elsewhere(prefix, reason),
    }
}

/// Returns the way to a server beside the container: the service or the one that its network calls so, or this machine where it shares that network.
/// Of a container found, its own socket is taken: the name is none inside.
fn beside(
    host: &mut Option<String>,
    reading: &mut Reading<'_, '_>,
) -> Option<Result<Route, String>> {
    let command = reading.command;
    let mut others = (command.via.iter()).filter(|one| !matches!(one.passage, Passage::Plain));
    let (passage, None) = (&others.next()?.passage, others.next()) else {
        return None;
    };
    let named = host.clone()?;
    let (engine, found) = match passage {
        Passage::Fresh {
            engine,
            network: Some(network),
            ..
        } => match (network.plain(), is_local(Some(&named))) {
            (Some("host"), true) if !named.starts_with(['/', '@']) => {
                return Some(Ok(Route::Direct));
            }
            (Some(name), true) => {
                let name = name.strip_prefix("container:")?.to_owned();
                return Some(Ok(container(engine, name, None)));
            }
            (_, true) => return None,
            _ => (engine, service::of_host(engine, network, &named, reading)),
        },
        Passage::Service {
            engine, project, ..
        } if !is_local(Some(&named)) => {
            let found = service::of_service((engine, project), (&named, None), reading);
            (engine, found)
        }
        _ => return None,
    };
    Some(match found {
        Named::Found(found) => {
            *host = None;
            Ok(container(engine, found.name, None))
        }
        Named::Not(reason) => Err(reason),
    })
}

fn other_account(user: Option<&Word>, route: Route) -> Way {
    let Some(user) = user.map_or(Some("root".to_owned()), Word::text) else {
        return Way::Elsewhere("as:?".to_owned(), "the account is not known".to_owned());
    };
    Way::Here(match route {
        Route::Container { engine, name, .. } => Route::Container {
            engine,
            name,
            user: Some(user),
        },
        Route::Direct | Route::As { .. } => Route::As { user },
    })
}

fn into_container(engine: &str, name: &Word, user: Option<&Word>, route: &Route) -> Way {
    let reason = match (name.text(), route) {
        (None, _) => "the name of the container is not known",
        (Some(name), Route::Direct) => return Way::Here(container(engine, name, user)),
        // `sudo docker exec` talks to the same engine.
        (Some(name), Route::As { user: account }) if account == "root" => {
            return Way::Here(container(engine, name, user));
        }
        (Some(_), _) => "the container is inside another place",
    };
    Way::Elsewhere(format!("{engine}:{}", name.shown()), reason.to_owned())
}

fn container(engine: &str, name: String, user: Option<&Word>) -> Route {
    Route::Container {
        engine: engine.to_owned(),
        name,
        user: user.and_then(Word::text),
    }
}

/// Returns the PostgreSQL database that a client talks to.
pub(in crate::classify) fn postgres(server: &Server, reading: &mut Reading<'_, '_>) -> Place {
    let mut parts = Conninfo {
        host: environment_host(reading, server),
        ..Conninfo::default()
    };
    let fill = |given: &Option<Word>, name: &str, reading: &mut Reading<'_, '_>| match given {
        Some(word) => reading.given(Some(word)),
        None => reading.environment(name),
    };
    parts.port = fill(&server.port, "PGPORT", reading);
    parts.user = fill(&server.user, "PGUSER", reading);
    let database = fill(&server.database, "PGDATABASE", reading);
    let given = conninfo::read(database.as_deref().unwrap_or_default());
    parts.take(given.clone());
    if parts.password.is_none() {
        parts.password = reading.environment("PGPASSWORD");
    }
    if parts.service.is_none() && parts.host.is_none() && database.is_none() {
        parts.service = reading.environment("PGSERVICE");
    }
    serve(&mut parts, &given, server, reading);
    place(parts, reading)
}

/// Fills in what a service of the account's own file says; the words of the command go before it, and it before the environment.
fn serve(parts: &mut Conninfo, given: &Conninfo, server: &Server, reading: &mut Reading<'_, '_>) {
    let Some(name) = parts.service.clone() else {
        return;
    };
    if !matches!(way(reading.command), Way::Here(Route::Direct)) {
        return;
    }
    let home = reading.context.scene.home.clone();
    let file = match reading.environment("PGSERVICEFILE") {
        Some(file) => Some(reading.context.scene.cwd.join(file)),
        None => home.map(|home| home.join(".pg_service.conf")),
    };
    let Some(file) = file.filter(|_| !reading.context.scene.assumed) else {
        return;
    };
    let said = reading
        .context
        .facts
        .ask(Question::Text(file), reading.needs);
    let Some(Answer::Text { text, .. }) = said else {
        return;
    };
    let Some(found) = conninfo::service(text, &name) else {
        return;
    };
    let fill = |mine: &mut Option<String>, theirs: Option<String>, is_given: bool| {
        if !is_given && theirs.is_some() {
            *mine = theirs;
        }
    };
    let is_given = |word: &Option<Word>, text: &Option<String>| word.is_some() || text.is_some();
    fill(
        &mut parts.host,
        found.host,
        is_given(&server.host, &given.host),
    );
    fill(
        &mut parts.port,
        found.port,
        is_given(&server.port, &given.port),
    );
    fill(
        &mut parts.user,
        found.user,
        is_given(&server.user, &given.user),
    );
    fill(
        &mut parts.password,
        found.password,
        given.password.is_some(),
    );
    fill(
        &mut parts.database,
        found.database,
        given.database.is_some(),
    );
    parts.service = None;
    reading.implicit = true;
}

fn environment_host(reading: &mut Reading<'_, '_>, server: &Server) -> Option<String> {
    match &server.host {
        Some(word) => reading.given(Some(word)),
        None => reading
            .environment("PGHOSTADDR")
            .or_else(|| reading.environment("PGHOST")),
    }
}

/// Tells whether a host is this machine by its name alone.
pub(in crate::classify) fn is_local(host: Option<&str>) -> bool {
    host.is_none_or(|host| {
        host.starts_with('/')
            || host.starts_with('@')
            || host.eq_ignore_ascii_case("localhost")
            || host == "::1"
            || host.starts_with("127.")
    })
}

/// Returns the account that a client takes for its user where none is said.
fn account(way: &Way, reading: &Reading<'_, '_>) -> Option<String> {
    match way {
        Way::Here(Route::Direct) => reading.context.scene.user.clone(),
        Way::Here(Route::As { user }) => Some(user.clone()),
        Way::Here(Route::Container { user, .. }) => {
            Some(user.clone().unwrap_or_else(|| "root".to_owned()))
        }
        Way::Elsewhere(..) => None,
    }
}

fn place(mut parts: Conninfo, reading: &mut Reading<'_, '_>) -> Place {
    let way = match beside(&mut parts.host, reading) {
        Some(Ok(route)) => Way::Here(route),
        Some(Err(reason)) => Way::Elsewhere("?".to_owned(), reason),
        None => asked_way(reading),
    };
    let user = parts.user.or_else(|| account(&way, reading));
    let database = parts.database.or_else(|| user.clone());
    let name = database.clone().unwrap_or_else(|| "?".to_owned());
    let port = parts.port.as_deref().unwrap_or("5432");
    let host = parts.host.clone();
    let service = parts.service.as_ref().map(|name| format!("service {name}"));
    let shown_host = host.as_deref().or(service.as_deref()).unwrap_or("local");
    let (route, locator) = match way {
        Way::Elsewhere(prefix, reason) => {
            let locator = if is_local(host.as_deref()) {
                format!("{prefix}/{name}")
            } else {
                format!("{shown_host}:{port}/{name}")
            };
            return Place::nowhere(TargetKind::Postgres, locator, &reason);
        }
        Way::Here(Route::Container {
            engine,
            name: container,
            user,
        }) => {
            if !is_local(host.as_deref()) {
                let locator = format!("{shown_host}:{port}/{name}");
                let reason = "the server is another host, reached from inside a container";
                return Place::nowhere(TargetKind::Postgres, locator, reason);
            }
            let locator = format!("{engine}:{container}/{name}");
            let route = Route::Container {
                engine,
                name: container,
                user,
            };
            (route, locator)
        }
        Way::Here(route) => (route, format!("{shown_host}:{port}/{name}")),
    };
    let mut place = Place::nowhere(TargetKind::Postgres, locator, "");
    place.opaque = reading.unknown;
    place.reach = match unusable(&parts.service, host.as_deref(), port, reading.unknown) {
        Some(reason) => Reach::Unreachable(reason),
        None => Reach::Postgres(PostgresReach {
            route,
            host,
            port: parts.port.as_deref().and_then(|port| port.parse().ok()),
            user,
            database,
            password: parts.password.map(Secret::new),
            implicit: reading.implicit,
        }),
    };
    place
}

/// Returns why a connection cannot be repeated from here.
fn unusable(
    service: &Option<String>,
    host: Option<&str>,
    port: &str,
    unknown: bool,
) -> Option<String> {
    if unknown {
        return Some("a part of the connection is not known".to_owned());
    }
    if let Some(service) = service {
        return Some(format!(
            "the connection is named by the service `{service}`"
        ));
    }
    if host.is_some_and(|host| host.contains(',')) {
        return Some("the connection names several hosts".to_owned());
    }
    port.parse::<u16>()
        .is_err()
        .then(|| format!("`{port}` is no port"))
}

/// Returns the same server with another database (`\c name`, `DROP DATABASE name`).
pub(in crate::classify) fn other_database(place: &Place, name: &str) -> Place {
    let mut other = place.clone();
    if let Some((server, _)) = place.locator.rsplit_once('/') {
        other.locator = format!("{server}/{name}");
    }
    if let Reach::Postgres(reach) = &mut other.reach {
        reach.database = Some(name.to_owned());
    }
    other
}

/// Returns the database of a client for which no driver exists.
pub(in crate::classify) fn undriven(
    kind: TargetKind,
    port: &str,
    server: &Server,
    reading: &mut Reading<'_, '_>,
) -> Place {
    let host = reading.given(server.host.as_ref());
    let socket = reading.given(server.socket.as_ref());
    let port = reading
        .given(server.port.as_ref())
        .unwrap_or_else(|| port.to_owned());
    let name = reading
        .given(server.database.as_ref())
        .unwrap_or_else(|| "?".to_owned());
    let locator = match (way(reading.command), &host) {
        (
            Way::Here(Route::Container {
                engine,
                name: container,
                ..
            }),
            host,
        ) if is_local(host.as_deref()) => {
            format!("{engine}:{container}/{name}")
        }
        (Way::Elsewhere(prefix, _), host) if is_local(host.as_deref()) => {
            format!("{prefix}/{name}")
        }
        (_, host) => {
            let host = host
                .clone()
                .or(socket)
                .unwrap_or_else(|| "local".to_owned());
            format!("{host}:{port}/{name}")
        }
    };
    Place {
        kind,
        locator,
        reach: Reach::NoDriver,
        scratch: None,
        opaque: reading.unknown,
    }
}

/// Returns the SQLite database in a file; nothing when the client keeps it in memory.
pub(in crate::classify) fn sqlite(file: &Word, reading: &mut Reading<'_, '_>) -> Option<Place> {
    let kind = TargetKind::Sqlite;
    let Some(written) = reading.text(file) else {
        let reason = "the path of the database is not known";
        let mut place = Place::nowhere(kind, file.shown(), reason);
        place.opaque = true;
        place.scratch = is_scratch(file, reading)
            .then(|| "the database is in a temporary directory".to_owned());
        return Some(place);
    };
    let path = written
        .strip_prefix("file:")
        .map_or(written.as_str(), |uri| {
            uri.split('?').next().unwrap_or_default()
        });
    if path.is_empty() || path == ":memory:" || written.contains("mode=memory") {
        return None;
    }
    if written.starts_with("file:") && is_read_only(&written) {
        return None;
    }
    if !reading.command.is_here() {
        let (prefix, reason) = match way(reading.command) {
            Way::Elsewhere(prefix, reason) => (prefix, reason),
            Way::Here(Route::Container { engine, name, .. }) => (
                format!("{engine}:{name}"),
                "the file is inside a container".to_owned(),
            ),
            Way::Here(_) => ("?".to_owned(), "the file is not here".to_owned()),
        };
        let mut place = Place::nowhere(kind, format!("{prefix}/{path}"), &reason);
        place.scratch = below_temporary(Path::new(path))
            .then(|| "the database is in a temporary directory".to_owned());
        return Some(place);
    }
    Some(sqlite_file(path, reading))
}

/// Tells whether the parameters of an address let nothing be changed.
fn is_read_only(address: &str) -> bool {
    let parameters = address.split_once('?').map_or("", |(_, rest)| rest);
    parameters
        .split('#')
        .next()
        .unwrap_or_default()
        .split('&')
        .any(|one| matches!(one, "mode=ro" | "immutable=1"))
}

/// Tells whether a path of another file system is strictly inside a temporary directory.
fn below_temporary(path: &Path) -> bool {
    let full = normal(path);
    ["/tmp", "/var/tmp", "/dev/shm"]
        .iter()
        .any(|folder| full.starts_with(folder) && full != Path::new(folder))
}

/// Tells whether a word that is known in part can only be below a temporary directory (`mktemp`).
fn is_scratch(file: &Word, reading: &Reading<'_, '_>) -> bool {
    let start = file.prefix();
    let plain = |part: &Part| !matches!(part, Part::Hole(Hole::Inherited(_) | Hole::Unknown));
    let folders = &reading.context.scene.temporary;
    reading.command.is_here()
        && file.pieces.iter().all(|piece| plain(&piece.part))
        && !file.shown().contains("..")
        && (folders.iter()).any(|folder| Path::new(&start).starts_with(folder))
}

fn sqlite_file(path: &str, reading: &Reading<'_, '_>) -> Place {
    let kind = TargetKind::Sqlite;
    let full = match (&reading.command.cwd, Path::new(path).is_absolute()) {
        (_, true) => PathBuf::from(path),
        (Cwd::Known(folder), false) => folder.join(path),
        (Cwd::Temporary, false) => {
            let mut place = Place::nowhere(kind, path, "the folder is made by the command itself");
            place.scratch = Some("the database is in a folder that the command makes".to_owned());
            return place;
        }
        (Cwd::Unknown, false) => {
            let mut place = Place::nowhere(kind, path, "the working directory is not known");
            place.opaque = true;
            return place;
        }
    };
    let full = normal(&full);
    let scratch = (reading.context.scene.temporary.iter())
        .any(|folder| full.starts_with(folder) && full != *folder)
        .then(|| "the database is in a temporary directory".to_owned());
    Place {
        kind,
        locator: full.to_string_lossy().into_owned(),
        reach: Reach::Sqlite(full),
        scratch,
        opaque: false,
    }
}

/// Removes `.` and `..` by their names.
pub(in crate::classify) fn normal(path: &Path) -> PathBuf {
    let mut all = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                all.pop();
            }
            Component::CurDir => {}
            part => all.push(part),
        }
    }
    all
}
