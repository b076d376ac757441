//! The database that a code, or one statement of it, is for: what its connections are given, and what may stand there instead.

use crate::classify::Context;
use crate::classify::sql::reach::{self, Place, Reading, Server};
use crate::model::command::Command;
use crate::model::fact::Needs;
use crate::model::finding::Finding;
use crate::model::target::TargetKind;
use crate::model::word::Word;
use crate::sql::HOLE;

use super::calls::{Deeds, Sent};
use super::{drivers, values};

/// Calls by which a file comes to stand under another name.
const MOVES: [&str; 10] = [
    "os.rename",
    "os.replace",
    "shutil.move",
    "os.link",
    "os.symlink",
    ".rename(",
    "symlink_to",
    "hardlink_to",
    "renameSync",
    "FileUtils.mv",
];

/// Returns the database that a statement is for: that of its own connection, where the code has several.
pub(super) fn place_of(
    sent: &Sent,
    (deeds, code): (&Deeds, &str),
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Place {
    match sent.over.as_ref().filter(|_| deeds.has_several()) {
        Some(over) => {
            let own = std::slice::from_ref(over);
            place_on(own, (deeds, code), command, context, needs)
        }
        None => place((deeds, code), command, context, needs),
    }
}

/// Tells whether a file of SQLite is named from a folder to which the code changes: where that leads is not known.
fn leads_elsewhere(name: &str, code: &str) -> bool {
    let name = sqlite_source(name).unwrap_or(name);
    let relative = !name.starts_with('/') && !name.contains(['=', ':']);
    relative && code.contains("sqlite") && code.contains("chdir(")
}

/// Returns the database that the code connects to, when its text says so.
pub(super) fn place(
    (deeds, code): (&Deeds, &str),
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Place {
    place_on(&deeds.connections, (deeds, code), command, context, needs)
}

fn place_on(
    connections: &[String],
    (deeds, code): (&Deeds, &str),
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Place {
    let nowhere = Place::nowhere(
        TargetKind::Database,
        "unknown",
        "the code does not say which database it connects to",
    );
    let mut connections: Vec<&String> = connections.iter().collect();
    connections.dedup();
    let mut memory = nowhere.clone();
    memory.scratch = Some("the database is kept in memory".to_owned());
    if attaches(deeds) || connections.iter().any(|text| leads_elsewhere(text, code)) {
        return nowhere;
    }
    let unwritten = |text: &&String| text.contains(":memory:") || is_read_only(text);
    if !connections.is_empty() && connections.iter().all(unwritten) {
        memory.scratch = Some("the database is only read, or kept in memory".to_owned());
        return memory;
    }
    let [text] = connections.as_slice() else {
        return match connections.is_empty() && drivers::in_memory(code) {
            true => memory,
            false => nowhere,
        };
    };
    let text = text.as_str();
    if text.starts_with(values::FRESH) {
        memory.scratch = Some("the database is a temporary file of this code".to_owned());
        return memory;
    }
    let mut reading = Reading {
        command,
        context,
        needs,
        implicit: false,
        unknown: false,
    };
    let text = sqlite_source(text).unwrap_or(text);
    let empty = text.is_empty() && code.contains("sqlite") && !code.contains("libsql");
    if empty || text.contains(":memory:") {
        return memory;
    }
    if text.starts_with("postgres") || text.contains("dbname=") {
        let server = Server {
            database: Some(Word::literal(text, command.origin.clone())),
            ..Server::default()
        };
        return reach::postgres(&server, &mut reading);
    }
    let in_memory = text.contains(":memory:")
        || text.contains("mode=memory")
        || text.starts_with("sqlite") && text.ends_with("://");
    if in_memory {
        return memory;
    }
    if let Some(file) = sqlite_file(text) {
        let word = Word::literal(file, command.origin.clone());
        return reach::sqlite(&word, &mut reading).unwrap_or(memory);
    }
    nowhere
}

/// Returns the file of SQLite that a connection names.
fn sqlite_file(text: &str) -> Option<&str> {
    let file = text
        .strip_prefix("sqlite:///")
        .or_else(|| text.strip_prefix("sqlite:"))
        .unwrap_or(text);
    let is_file = [".db", ".sqlite", ".sqlite3", ".db3"]
        .iter()
        .any(|end| file.ends_with(end));
    let named = is_file || text.starts_with("sqlite:") || file == ":memory:";
    (named && !file.contains(HOLE)).then_some(file)
}

/// A database in memory that takes in a file works on that file.
fn attaches(deeds: &Deeds) -> bool {
    deeds.sql.iter().any(|sent| {
        let head = sent.text.trim_start().get(..7).unwrap_or_default();
        head.eq_ignore_ascii_case("attach ") && !sent.text.contains(":memory:")
    })
}

/// Tells whether SQLite is told to open a file for reading only; without URIs the whole text names another file.
fn is_read_only(text: &str) -> bool {
    let told = ["mode=ro", "immutable=1"]
        .iter()
        .any(|word| text.contains(word));
    text.starts_with("file:") && told && !text.contains([HOLE, '%'])
}

/// Returns the file that a data source of Perl, Java or .NET names for SQLite (`dbi:SQLite:dbname=a.db`, `jdbc:sqlite:a.db`).
fn sqlite_source(text: &str) -> Option<&str> {
    let after = |text: &'_ str, front: &str| {
        text.get(..front.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(front))
            .then_some(front.len())
    };
    for front in ["dbi:SQLite:", "jdbc:sqlite:", "Data Source="] {
        let Some(rest) = after(text, front).and_then(|length| text.get(length..)) else {
            continue;
        };
        let first = rest.split(';').next().unwrap_or(rest);
        let named = ["dbname=", "database=", "uri="]
            .iter()
            .find_map(|name| first.strip_prefix(name));
        return Some(named.unwrap_or(first));
    }
    None
}

/// Tells whether a code of Python takes over a name that it gives a value itself: `from local import *`, `from conf import DB`.
fn rebinds(text: &str) -> bool {
    let assigned = |name: &str| {
        let mut lines = text.lines().map(str::trim_start);
        lines.any(|line| {
            let rest = line.strip_prefix(name).map(str::trim_start);
            rest.is_some_and(|rest| rest.starts_with('=') && !rest.starts_with("=="))
        })
    };
    let mut imports = text.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("from ")?;
        rest.split_once(" import ")
    });
    imports.any(|(_, names)| {
        let mut names = names
            .split(',')
            .map(|name| name.trim().trim_matches(['(', ')']));
        names.any(|name| name == "*" || !name.is_empty() && assigned(name))
    })
}

/// Takes back what is said of databases that a code may have put in the place of others: what is not there, or empty, before it moves files may be something else by then.
pub(super) fn doubt(code: &str, findings: &mut [Finding]) {
    if MOVES.iter().any(|word| code.contains(word)) || rebinds(code) {
        findings.iter_mut().for_each(take_back);
    }
}

fn take_back(finding: &mut Finding) {
    let absent =
        |reason: &String| reason.contains("does not exist") || reason.contains("holds no rows");
    if finding.exempt.as_ref().is_some_and(absent) {
        finding.exempt = None;
        let line = "the code moves files or takes names over: another database may be meant";
        finding.blast.lines.push(line.to_owned());
    }
}
