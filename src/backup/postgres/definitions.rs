//! Definitions that a call took from a living database: found by comparing what pg_dump says of the backup and of the living one.
//! Tables, their rows and columns are the business of `missing`; what still differs at the end is said by name.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Instant;

use super::lexer::{Lexer, Listener};
use super::load::{io, look, run};
use super::missing::Missing;
use super::scan::{Listed, announced};
use super::snapshot::fault;
use crate::adapters::postgres::session::literal;
use crate::adapters::postgres::way::Way;
use crate::backup::error::{BackupError, ScanError};
use crate::model::backup::Definition;
use crate::plan::coverage::last_part;
use crate::plan::restore::Restored;

const CHUNK: usize = 1 << 18;
/// Longest list of definitions that is compared.
const MAX_ENTRIES: usize = 200_000;
/// What comes back with its relation, or follows from it.
const ELSEWHERE: [&str; 8] = [
    "TABLE",
    "FOREIGN TABLE",
    "SEQUENCE",
    "MATERIALIZED VIEW",
    "DEFAULT",
    "SEQUENCE OWNED BY",
    "TABLE ATTACH",
    "DATABASE",
];
/// What is there under its name may say something else: it is said again.
const SAID_AGAIN: [&str; 6] = [
    "ACL",
    "DEFAULT ACL",
    "COMMENT",
    "FUNCTION",
    "PROCEDURE",
    "VIEW",
];

/// One entry of a dump: what it is, and its statements.
type Entries = BTreeMap<(String, String, String), String>;

#[derive(Default)]
struct Reading {
    entries: Entries,
    at: Option<(String, String, String)>,
}

impl Listener for Reading {
    fn statement(&mut self, text: &[u8], _whole: bool) -> Result<bool, ScanError> {
        let text = String::from_utf8_lossy(text);
        let text = text.trim();
        let is_setting =
            text.starts_with("SET ") || text.starts_with("SELECT pg_catalog.set_config");
        if let Some(at) = self.at.as_ref().filter(|_| !is_setting)
            && self.entries.len() < MAX_ENTRIES
        {
            let entry = self.entries.entry(at.clone()).or_default();
            entry.push_str(text);
            entry.push_str(if text.ends_with(';') { "\n" } else { ";\n" });
        }
        Ok(false)
    }
    fn comment(&mut self, line: &[u8]) -> Result<(), ScanError> {
        if let Some(Listed { kind, schema, name }) = announced(line) {
            self.at = Some((kind, schema, name));
        }
        Ok(())
    }
    fn meta(&mut self, _line: &[u8]) -> Result<(), ScanError> {
        Ok(())
    }
    fn block(&mut self, _rows: u64) -> Result<(), ScanError> {
        Ok(())
    }
}

fn read(way: &Way, job: &Missing<'_>) -> Result<Entries, BackupError> {
    let args = ["--schema-only", "--no-password"].map(str::to_owned);
    let deadline = Instant::now() + job.control.left();
    let mut dump = way
        .start("pg_dump", &args, job.major, deadline)
        .map_err(fault)?;
    dump.close_input().map_err(|error| io(&error))?;
    let (mut lexer, mut reading) = (Lexer::new(false), Reading::default());
    let mut buffer = vec![0; CHUNK];
    loop {
        job.control.check()?;
        let read = dump.read(&mut buffer).map_err(|error| io(&error))?;
        if read == 0 {
            break;
        }
        lexer.feed(buffer.get(..read).unwrap_or_default(), &mut reading)?;
    }
    Ok(reading.entries)
}

/// What is in the backup, and not or not so in the living database; of what the call named, and what speaks of it.
struct Lost {
    title: String,
    /// It is there and says something else.
    differs: bool,
    text: String,
}

fn lost(job: &Missing<'_>) -> Result<Vec<Lost>, BackupError> {
    let had = read(job.scratch, job)?;
    let has = read(job.live, job)?;
    let mut found = Vec::new();
    for (key, text) in had {
        let (kind, schema, name) = &key;
        let now = has.get(&key);
        let is_same = now.is_some_and(|now| same(now, &text));
        let is_open = now.is_some() && !SAID_AGAIN.contains(&kind.as_str());
        if is_same || is_open || ELSEWHERE.contains(&kind.as_str()) || !concerns(job, name, &text) {
            continue;
        }
        let schema = match schema.as_str() {
            "" => String::new(),
            schema => format!("{schema}."),
        };
        found.push(Lost {
            title: format!("the {} `{schema}{name}`", kind.to_lowercase()),
            differs: now.is_some(),
            text,
        });
    }
    Ok(found)
}

/// Tells whether two entries say the same; the order of grants does not count.
fn same(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    one == other || sorted(one) == sorted(other)
}

/// Tells whether a call that named these would have taken an entry.
fn concerns(job: &Missing<'_>, name: &str, text: &str) -> bool {
    let mut wanted = job.definitions.iter().map(|one| last_part(&one.name));
    let mut tables = job.wanted.iter().map(|(_, table)| table.clone());
    let is = |one: &String| {
        let bare = name.split_once('(').map_or(name, |(bare, _)| bare);
        bare == one || bare.ends_with(&format!(" {one}")) || speaks_of(text, one)
    };
    (job.wanted.is_empty() && job.definitions.is_empty())
        || wanted.any(|one| is(&one))
        || tables.any(|one| is(&one))
}

fn speaks_of(text: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).any(|(at, found)| {
        let before = text.get(..at).and_then(|part| part.chars().next_back());
        let after = text
            .get(at + found.len()..)
            .and_then(|part| part.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Returns the statements with which something is said over what is there.
fn over(text: &str) -> String {
    let kinds = ["FUNCTION", "PROCEDURE", "VIEW"];
    let create = |kind: &&str| text.starts_with(&format!("CREATE {kind} "));
    match kinds.iter().find(|kind| create(kind)) {
        Some(kind) => text.replacen(
            &format!("CREATE {kind} "),
            &format!("CREATE OR REPLACE {kind} "),
            1,
        ),
        None => text.to_owned(),
    }
}

/// Says which definitions would come back.
pub(super) fn foresee(job: &Missing<'_>) -> Result<Vec<String>, BackupError> {
    if !job.follow {
        return Ok(Vec::new());
    }
    Ok(lost(job)?.into_iter().map(|one| one.title).collect())
}

/// Says the lost definitions again, each for itself; what is still lost afterwards is listed with the reason.
pub(super) fn bring_back(job: &Missing<'_>, restored: &mut Restored) -> Result<(), BackupError> {
    if !job.follow {
        return Ok(());
    }
    let mut waiting = lost(job)?;
    let mut reasons = BTreeMap::new();
    // What needs another one that comes later is tried again, as long as anything comes back.
    loop {
        let before = waiting.len();
        let mut rest = Vec::new();
        for one in waiting {
            job.control.check()?;
            let text = match one.differs {
                true => over(&one.text),
                false => one.text.clone(),
            };
            let whole = format!(
                "BEGIN;\nSET LOCAL lock_timeout = '10s';\nSET LOCAL check_function_bodies = off;\nSET LOCAL search_path = '';\n{text}COMMIT;\n"
            );
            match run(job.live, &whole, job.control) {
                Ok(_) => restored.done.push(format!("created {} again", one.title)),
                Err(error) => {
                    reasons.insert(one.title.clone(), error.to_string());
                    rest.push(one);
                }
            }
        }
        waiting = rest;
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    for one in lost(job)? {
        let reason = reasons.get(&one.title).map_or("it differs", String::as_str);
        restored.left.push(format!("{}: {reason}", one.title));
    }
    of_the_server(job, restored)
}

/// Roles and what else lies outside of the database, or has no entry of its own.
fn of_the_server(job: &Missing<'_>, restored: &mut Restored) -> Result<(), BackupError> {
    let mut live = look(job.live, job.control)?;
    for Definition { kind, name } in job.definitions {
        let last = literal(&last_part(name));
        let query = match kind.as_str() {
            "role" => format!("SELECT 1 FROM pg_roles WHERE rolname = {last}"),
            "tablespace" => format!("SELECT 1 FROM pg_tablespace WHERE spcname = {last}"),
            "extension" => format!("SELECT 1 FROM pg_extension WHERE extname = {last}"),
            "large object" => {
                format!("SELECT 1 FROM pg_largeobject_metadata WHERE oid::text = {last}")
            }
            "schema" => format!("SELECT 1 FROM pg_namespace WHERE nspname = {last}"),
            _ => continue,
        };
        if live.rows(&query).map_err(fault)?.is_empty() {
            restored.left.push(format!("the {kind} `{name}`"));
        }
    }
    Ok(())
}
