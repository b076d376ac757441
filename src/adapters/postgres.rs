//! Asks PostgreSQL servers: which one it is, whether it lives here, and what a statement would lose.
//! It asks read-only, on one connection, within a deadline; it neither changes anything nor decides what follows.

pub mod drift;
mod facts;
mod objects;
mod pgpass;
pub mod psql;
mod rows;
pub mod session;
pub mod way;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::model::database::{DatabaseFact, DatabaseQuestion, SearchPath};
use crate::model::fact::Answer;
use crate::model::target::{PostgresReach, Reach};
pub use facts::{About, about, is_convertible, size};
use session::{Patience, Session, SessionError, without};
use way::Way;

/// How far a question may go.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For the whole answer.
    pub time: Duration,
    /// Rows are counted exactly up to here.
    pub rows: u64,
    /// Tables whose rows are counted; of further ones only statistics are told.
    pub tables: usize,
    /// Servers elsewhere may be asked (a human said so).
    pub elsewhere: bool,
    /// The owner's folders of client programs.
    pub tool_dirs: Vec<PathBuf>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(4),
            rows: 10_000,
            tables: 64,
            elsewhere: false,
            tool_dirs: Vec::new(),
        }
    }
}

/// Answers what the losses of a question are. `Absent` is a database that its own server does not list;
/// what cannot be asked is `Unknown` with a sentence.
pub fn answer(question: &DatabaseQuestion, limits: &Limits) -> Answer {
    let Reach::Postgres(reach) = &question.reach else {
        return Answer::Unknown("this is not a PostgreSQL database".to_owned());
    };
    match look(reach, question, limits) {
        Ok(fact) => Answer::Database(fact),
        Err(SessionError::Denied { .. }) if !reach.implicit && is_absent(reach, limits) => {
            Answer::Absent
        }
        Err(error) => Answer::Unknown(without(&error.to_string(), reach.password.as_ref())),
    }
}

/// Databases that every server has, as a rule.
const ALWAYS_THERE: [&str; 2] = ["postgres", "template1"];

/// Asks the server's own list. That a connection was refused proves nothing: a pooler refuses names that it does not serve.
fn is_absent(reach: &PostgresReach, limits: &Limits) -> bool {
    let way = Way::new(reach, &limits.tool_dirs);
    let Some(name) = way.database.as_deref() else {
        return false;
    };
    let question = format!(
        "SELECT 1 FROM pg_catalog.pg_database WHERE datname = {}",
        session::literal(name)
    );
    let others = ALWAYS_THERE.iter().filter(|other| **other != name);
    let answers = others.filter_map(|other| {
        let mut session = connect(&way.to_database(other), limits).ok()?;
        session.rows(&question).ok()
    });
    answers.take(1).any(|rows| rows.is_empty())
}

fn look(
    reach: &PostgresReach,
    question: &DatabaseQuestion,
    limits: &Limits,
) -> Result<DatabaseFact, SessionError> {
    let way = Way::new(reach, &limits.tool_dirs);
    let mut session = connect(&way, limits)?;
    let mut about = about(session.as_mut(), &way)?;
    if let SearchPath::Set(path) = &question.path {
        about.search_path.clone_from(path);
    }
    let objects = facts::objects(session.as_mut(), &way, &about, question, limits)?;
    Ok(DatabaseFact {
        identity: about.identity,
        local: about.local,
        objects,
    })
}

/// Opens a session for questions, unless the words name another host and nobody allowed that.
///
/// # Errors
/// Fails when the server may not be asked, cannot be reached, or refuses.
pub fn connect(way: &Way, limits: &Limits) -> Result<Box<dyn Session>, SessionError> {
    if !limits.elsewhere && !way.looks_local() {
        return Err(SessionError::Unreachable(format!(
            "`{}` is not this machine; nothing is asked there until a human said so",
            way.host.as_deref().unwrap_or("the Docker engine")
        )));
    }
    let half = limits.time / 2;
    session::open(
        way,
        Patience {
            connect: half,
            statement: half,
            until: Instant::now() + limits.time,
        },
    )
}
