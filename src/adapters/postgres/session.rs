//! One connection that answers questions with rows of text, however it is reached.
//! It does not know what is asked, and it never waits for ever.

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::psql::Psql;
use super::way::Way;
use crate::model::secret::Secret;
use crate::model::target::Route;

/// One row; nothing stands for NULL.
pub type Row = Vec<Option<String>>;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    #[error("{0}")]
    Unreachable(String),
    #[error("the server refused the connection: {message}")]
    Denied { code: String, message: String },
    /// One statement failed; the session goes on.
    #[error("the server refused: {message}")]
    Refused { code: String, message: String },
    #[error("the connection was lost: {0}")]
    Lost(String),
    #[error("the server did not answer in time")]
    Late,
    #[error("no `{program}` of major version {major} or newer is installed here")]
    NoTool { program: String, major: u32 },
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub connect: Duration,
    /// For one statement; the server is told, and waited for a little longer.
    pub statement: Duration,
    /// For the whole session.
    pub until: Instant,
}

/// A connection that answers with rows of text.
pub trait Session: Send {
    /// Returns the rows of one query.
    ///
    /// # Errors
    /// Fails when the server refuses it or does not answer.
    fn rows(&mut self, query: &str) -> Result<Vec<Row>, SessionError>;

    /// Runs settings before the next question, or along with it.
    ///
    /// # Errors
    /// Fails when the server refuses them or does not answer; where they travel along, the question fails.
    fn prepare(&mut self, settings: &str) -> Result<(), SessionError> {
        self.run(settings)
    }

    /// Runs one statement that gives no rows.
    ///
    /// # Errors
    /// Fails when the server refuses it or does not answer.
    fn run(&mut self, statement: &str) -> Result<(), SessionError>;

    /// Returns the rows of a query between a setting that answers with one row and its end.
    ///
    /// # Errors
    /// As `rows`; the setting may then still be in force.
    fn rows_between(
        &mut self,
        setting: &str,
        query: &str,
        end: &str,
    ) -> Result<Vec<Row>, SessionError> {
        self.run(setting)?;
        let rows = self.rows(query);
        self.run(end)?;
        rows
    }

    /// Returns the rows of several statements, a set for each, in as few round trips as the route allows.
    ///
    /// # Errors
    /// As `rows`; an error of one is the error of all.
    fn batch(&mut self, statements: &[&str]) -> Result<Vec<Vec<Row>>, SessionError> {
        statements
            .iter()
            .map(|one| {
                if one.starts_with("SELECT") || one.starts_with("WITH") {
                    self.rows(one)
                } else {
                    self.run(one).map(|()| Vec::new())
                }
            })
            .collect()
    }
}

impl fmt::Debug for dyn Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// Opens a read-only session along the way's own route.
///
/// # Errors
/// Fails when the server cannot be reached or refuses.
pub fn open(way: &Way, patience: Patience) -> Result<Box<dyn Session>, SessionError> {
    let mut session: Box<dyn Session> = match way.route {
        Route::Direct => match Direct::open(way, patience) {
            Ok(direct) => Box::new(direct),
            // The library here speaks no TLS; the client program does.
            Err(error) if wants_tls(&error) => Box::new(Psql::open(way, patience)?),
            Err(error) => return Err(error),
        },
        Route::As { .. } | Route::Container { .. } => Box::new(Psql::open(way, patience)?),
    };
    let statement = patience.statement.as_millis();
    // `row_security` off: a policy that hides rows must be an error here, never a smaller number. `jit` is there since version 11.
    // It travels with the first question: each round trip costs a wake-up of two processes, and a hold waits for them all.
    session.prepare(&format!(
        "SET default_transaction_read_only = on; SET statement_timeout = {statement}; SET lock_timeout = 1000; \
         SET row_security = off; SET standard_conforming_strings = on; SET client_encoding = 'UTF8'; SET jit = off"
    ))?;
    Ok(session)
}

fn wants_tls(error: &SessionError) -> bool {
    match error {
        SessionError::Denied { code, message } => {
            code == "28000" && (message.contains("no encryption") || message.contains("SSL off"))
        }
        _ => false,
    }
}

/// Writes a text as a literal of SQL.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Writes a name as a quoted identifier of SQL.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What the thread that owns the connection is asked to do.
enum Job {
    Sets(String),
}

/// One set of rows for each statement.
type Sets = Vec<Vec<Row>>;

/// A connection of our own, owned by a thread, so that a server that hangs cannot make us hang.
struct Direct {
    ask: Sender<Job>,
    answers: Receiver<Result<Sets, SessionError>>,
    patience: Patience,
    /// Settings that no question has carried yet, and how many statements they are.
    ahead: Option<(String, usize)>,
}

impl Direct {
    fn open(way: &Way, patience: Patience) -> Result<Self, SessionError> {
        let mut config = Config::new();
        config.host(way.host.as_deref().unwrap_or("localhost"));
        config.port(way.port.unwrap_or(5432));
        config.user(way.user.as_deref().unwrap_or("postgres"));
        if let Some(database) = &way.database {
            config.dbname(database);
        }
        if let Some(password) = &way.password {
            config.password(password.expose());
        }
        config.application_name("backstop");
        config.connect_timeout(patience.connect);
        let place = format!(
            "{}:{}",
            way.host.as_deref().unwrap_or("localhost"),
            way.port.unwrap_or(5432)
        );
        let (ask, jobs) = channel();
        let (reply, answers) = channel();
        thread::spawn(move || serve(&config, &place, &jobs, &reply));
        let direct = Self {
            ask,
            answers,
            patience,
            ahead: None,
        };
        direct.wait(patience.connect + Duration::from_secs(1))?;
        Ok(direct)
    }

    fn wait(&self, time: Duration) -> Result<Sets, SessionError> {
        let left = self
            .patience
            .until
            .saturating_duration_since(Instant::now());
        match self.answers.recv_timeout(time.min(left)) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(SessionError::Late),
            Err(RecvTimeoutError::Disconnected) => {
                Err(SessionError::Lost("it was closed".to_owned()))
            }
        }
    }
}

impl Direct {
    /// Sends statements as one message; the server runs them as one transaction.
    fn sets(&mut self, text: &str) -> Result<Sets, SessionError> {
        let (text, ahead) = match &self.ahead {
            Some((settings, count)) => (format!("{settings}; {text}"), *count),
            None => (text.to_owned(), 0),
        };
        self.ask
            .send(Job::Sets(text))
            .map_err(|_gone| SessionError::Lost("it was closed".to_owned()))?;
        let mut sets = self.wait(self.patience.statement + Duration::from_secs(1))?;
        // A failed message takes its settings back: only now are they in force.
        self.ahead = None;
        sets.drain(..ahead.min(sets.len()));
        Ok(sets)
    }
}

impl Session for Direct {
    fn prepare(&mut self, settings: &str) -> Result<(), SessionError> {
        let count = settings.matches(';').count() + 1;
        self.ahead = Some((settings.to_owned(), count));
        Ok(())
    }

    fn rows(&mut self, query: &str) -> Result<Vec<Row>, SessionError> {
        Ok(self.sets(query)?.into_iter().flatten().collect())
    }

    fn batch(&mut self, statements: &[&str]) -> Result<Vec<Vec<Row>>, SessionError> {
        self.sets(&statements.join("; "))
    }

    fn run(&mut self, statement: &str) -> Result<(), SessionError> {
        self.rows(statement).map(|_none| ())
    }

    /// One round trip; when the query fails, the server takes the setting back with the rest.
    fn rows_between(
        &mut self,
        setting: &str,
        query: &str,
        end: &str,
    ) -> Result<Vec<Row>, SessionError> {
        let mut rows = self.rows(&format!("{setting}; {query}; {end}"))?;
        if !rows.is_empty() {
            rows.remove(0);
        }
        Ok(rows)
    }
}

fn serve(
    config: &Config,
    place: &str,
    jobs: &Receiver<Job>,
    reply: &Sender<Result<Sets, SessionError>>,
) {
    let mut client = match config.connect(NoTls) {
        Ok(client) => client,
        Err(error) => {
            let _ = reply.send(Err(not_connected(place, &error)));
            return;
        }
    };
    if reply.send(Ok(Vec::new())).is_err() {
        return;
    }
    for Job::Sets(query) in jobs {
        if reply.send(ask(&mut client, &query)).is_err() {
            return;
        }
    }
}

fn ask(client: &mut Client, query: &str) -> Result<Sets, SessionError> {
    let messages = client
        .simple_query(query)
        .map_err(|error| match error.as_db_error() {
            // After a FATAL message (shut down, terminated) there is no session any more.
            Some(db) if db.severity() == "FATAL" => SessionError::Lost(db.message().to_owned()),
            Some(db) => SessionError::Refused {
                code: db.code().code().to_owned(),
                message: db.message().to_owned(),
            },
            None => SessionError::Lost(error.to_string()),
        })?;
    let mut sets = Vec::new();
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => rows.push(
                (0..row.len())
                    .map(|at| row.get(at).map(str::to_owned))
                    .collect(),
            ),
            SimpleQueryMessage::CommandComplete(_) => sets.push(std::mem::take(&mut rows)),
            _ => {}
        }
    }
    Ok(sets)
}

fn not_connected(place: &str, error: &postgres::Error) -> SessionError {
    if let Some(db) = error.as_db_error() {
        return SessionError::Denied {
            code: db.code().code().to_owned(),
            message: db.message().to_owned(),
        };
    }
    let why = std::error::Error::source(error).map_or_else(
        || error.to_string(),
        |source| {
            // The library's own word is the same for all; its source says which.
            source.to_string()
        },
    );
    if why.contains("password missing") {
        return SessionError::Denied {
            code: "28P01".to_owned(),
            message: "a password is needed and none is known; a line in `~/.pgpass` gives it"
                .to_owned(),
        };
    }
    SessionError::Unreachable(format!("no PostgreSQL server answers at `{place}`: {why}"))
}

/// Returns a word that no data contains by accident.
pub(super) fn nonce() -> String {
    let mut bytes = [0_u8; 12];
    let read = std::fs::File::open("/dev/urandom")
        .and_then(|mut source| std::io::Read::read_exact(&mut source, &mut bytes));
    if read.is_err() {
        let now = jiff::Timestamp::now().as_nanosecond().to_le_bytes();
        bytes
            .iter_mut()
            .zip(now)
            .for_each(|(byte, new)| *byte = new);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps a password out of any message that a server or a program may echo.
pub fn without(message: &str, password: Option<&Secret>) -> String {
    match password {
        Some(secret) if !secret.expose().is_empty() => message.replace(secret.expose(), "***"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn a_password_does_not_come_back_in_a_message() {
        assert_eq!(
            without("bad hunter2", Some(&Secret::new("hunter2"))),
            "bad ***"
        );
    }
}
