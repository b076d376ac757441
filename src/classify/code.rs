//! Code of scripting languages, inline or in a script: SQL that it sends, files that it deletes, shells that it starts.
//! It reads strings, values and calls by name, and follows no control flow and no library.

mod asked;
mod blocks;
mod calls;
mod carried;
mod commands;
mod drivers;
mod given;
mod handed;
mod imported;
mod imports;
mod index;
mod linked;
mod magics;
mod modules;
mod reads;
mod steps;
mod suites;
mod tables;
mod taskfiles;
mod tested;
pub mod tokens;
mod undone;
mod unreal;
mod unsaved;
mod unsent;
mod values;

use std::collections::HashMap;

use crate::model::command::{Command, Opaque, OpaqueKind};
use crate::model::effect::{Dialect, Verb};
use crate::model::fact::Needs;
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::span::{Origin, Span};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;
use crate::shell::parse::parse;
use crate::sql::{self, HOLE};

use super::Context;
use super::sql::reach::{self, Place, Reading, Server};
use super::sql::{Located, Started, judged};
use calls::{Deeds, Sent};
use given::{Code, code, payload};
pub use steps::Steps;
use steps::{Kind, Step};

/// Returns the losses that inline code or a script would cause through SQL, and deletions of unknown paths.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    if let Some(payload) = payload(command) {
        return super::opaque::findings(&[payload], context);
    }
    let (all, cut) = codes(command, context, needs);
    let mut findings: Vec<Finding> = all
        .iter()
        .flat_map(|code| losses(code, command, context, needs))
        .collect();
    for code in suites::codes(command, context, needs) {
        let mut taken = losses(&code, command, context, needs);
        taken.retain(suites::counts);
        findings.extend(taken);
    }
    if cut {
        findings.extend(super::opaque::findings(&[unread(command)], context));
    }
    findings
}

/// Says that modules which the call has written were left unread.
fn unread(command: &Command) -> Opaque {
    Opaque {
        origin: command.origin.clone(),
        reason: "it loads more modules that the call has written than are read".to_owned(),
        words: command.shown(),
        kind: OpaqueKind::Script,
        via: command.via.clone(),
    }
}

/// Returns the code that an interpreter is given, and what is loaded beside it.
fn codes(command: &Command, context: &Context<'_>, needs: &mut Needs) -> (Vec<Code>, bool) {
    let mut given = code(command, context, needs);
    // The script itself is carried out, not what is made of it and its modules for reading.
    let carried = given
        .as_ref()
        .and_then(|code| carried::carried(code, command, context, needs));
    if let Some(code) = &mut given
        && carried.as_ref().is_some_and(|carried| carried.certain)
    {
        code.carried = carried;
        return (given.into_iter().collect(), false);
    }
    let linked = given
        .as_ref()
        .and_then(|code| linked::linked(code, command, context, needs));
    let alone = linked.is_none();
    given = linked.or(given);
    if let Some(code) = &mut given {
        code.settings = reads::settings(code, command, context, needs);
        code.carried = carried;
    }
    let beside = imported::beside(given.as_ref(), command, context, needs);
    let others = beside.codes.into_iter().filter(|_| alone);
    let all = given.into_iter().chain(others).collect();
    (all, beside.cut)
}

fn losses(
    code: &Code,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let deeds = code.deeds();
    let dialect = dialect(&code.source.text);
    let own = code.test && tested::has_own_store(code, &deeds.connections);
    let raw = match own {
        true => Vec::new(),
        false => sent_losses(code, &deeds, dialect, context),
    };
    let mut all = Vec::new();
    if !raw.is_empty() {
        let mut located = Vec::new();
        for (loss, sent) in raw {
            located.push(Located {
                loss,
                place: place_of(sent, (&deeds, &code.source.text), command, context, needs),
                origin: code.source.origin(sent.span, &command.origin),
                said: None,
            });
        }
        all = judged(located, command, context, needs);
        let text = &code.source.text;
        if MOVES.iter().any(|word| text.contains(word)) || rebinds(text) {
            for finding in &mut all {
                doubt(finding);
            }
        }
    }
    let scratch = SCRATCH.iter().any(|word| code.source.text.contains(word));
    let counts =
        code.inline || code.test || !is_test(command) && !drivers::serves(&code.source.text);
    if counts && !code.sandboxed {
        let counts = |rule: &str| !own || rule != drivers::DATA;
        let wipes = deeds.wipes.iter().filter(|(rule, ..)| counts(rule));
        all.extend(wipes.map(|(rule, name, span)| {
            let origin = code.source.origin(*span, &command.origin);
            let place = place((&deeds, &code.source.text), command, context, needs);
            taken_away(rule, name, place, &origin, command, context)
        }));
    }
    if code.inline && !scratch {
        let lost = |tail: &Option<String>| {
            let known = |name: &String| context.regenerable.contains(name);
            !tail.as_ref().is_some_and(known)
        };
        let unknown = deeds.unknown.iter().filter(|(_, tail)| lost(tail));
        all.extend(unknown.map(|(span, _)| {
            let origin = code.source.origin(*span, &command.origin);
            unknown_deletion(&origin, command, context)
        }));
    }
    if deeds.cut {
        let origin = code.source.origin(Span::new(0, 0), &command.origin);
        all.push(cut(&origin, command, context));
    }
    all
}

/// Returns what the SQL loses that a code sends, with the text of each.
fn sent_losses<'a>(
    code: &Code,
    deeds: &'a Deeds,
    dialect: Dialect,
    context: &Context<'_>,
) -> Vec<(sql::Loss, &'a Sent)> {
    let text = &code.source.text;
    let serves = !code.inline && drivers::serves(text);
    let rolled = rolls_back(text, code.language);
    // SQLite's module goes by the first word alone when it opens a transaction.
    let by_word = text.contains("sqlite3.connect") && !text.to_ascii_lowercase().contains("begin");
    let begun = |sent: &Sent| {
        code.language != tokens::Language::Python || !by_word || unsaved::begins_inside(&sent.text)
    };
    let mut raw = Vec::new();
    let first = deeds.connections.first();
    let several = deeds.connections.iter().any(|one| Some(one) != first);
    // What is made over one connection is not there over another.
    let mut all_made: HashMap<Option<&String>, String> = HashMap::new();
    for sent in &deeds.sql {
        let mut nothing = String::new();
        let made = match sent.over.is_some() || !several {
            true => all_made
                .entry(sent.over.as_ref().filter(|_| several))
                .or_default(),
            false => &mut nothing,
        };
        let taken = (rolled || deeds.undone.contains(&sent.span)) && begun(sent);
        let undone = code.sandboxed || taken;
        let losses = if sent.perhaps {
            // A driver's `%s` stands for a value.
            sql::losses_in_prose(&sent.text.replace("%s", "$1"), dialect)
        } else {
            let ask = !context.facts.assumed && deeds.is_steady(sent);
            let texts = match ask && !sent.bound.is_empty() {
                true => sent.bound.as_slice(),
                false => std::slice::from_ref(&sent.text),
            };
            let losses = texts
                .iter()
                .flat_map(|text| losses_behind(made, text, dialect));
            let losses: Vec<_> = losses.collect();
            // What one call makes is known to those behind it.
            let head = sent.text.trim_start().get(..7).unwrap_or_default();
            let makes = head.eq_ignore_ascii_case("create ")
                && !sent.choice
                && !may_be_caught(text, sent.span);
            if makes && made.len() + sent.text.len() < MAX_MADE {
                made.push_str(sent.text.trim_end_matches([';', ' ', '\n']));
                made.push_str(";\n");
            }
            losses
        };
        let fills = !deeds.is_steady(sent);
        let doubted = losses.into_iter().map(|loss| match fills {
            true => loss.asked_alone(),
            false => loss,
        });
        let kept = doubted.filter(|loss| {
            // Rows that a request takes are not taken by starting what waits for it.
            let rows = matches!(loss.effect.verb, Verb::Delete | Verb::Update);
            !loss.created && !(rows && (serves || undone))
        });
        raw.extend(kept.map(|loss| (loss, sent)));
    }
    raw
}

/// Returns what a statement loses behind those that make something.
fn losses_behind(made: &str, text: &str, dialect: Dialect) -> Vec<sql::Loss> {
    let from = made.len();
    let mut losses = sql::losses(&format!("{made}{text}"), dialect);
    losses.retain(|loss| from == 0 || loss.effect.span.start >= from);
    losses
}

/// Tells whether the failure of a statement may be caught: what it makes was there already then.
fn may_be_caught(text: &str, span: Span) -> bool {
    let until = |at: usize| {
        (at..at + 4)
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(at)
    };
    let behind = text.get(span.end..until((span.end + 200).min(text.len())));
    let before = text.get(until(span.start.saturating_sub(120))..span.start);
    let caught = ["except", "rescue", "catch"];
    behind.is_none_or(|behind| caught.iter().any(|word| behind.contains(word)))
        || before.is_none_or(|before| before.contains("suppress(") || before.contains("eval {"))
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

/// What is not there, or empty, before a code moves files may be something else by then.
fn doubt(finding: &mut Finding) {
    let absent =
        |reason: &String| reason.contains("does not exist") || reason.contains("holds no rows");
    if finding.exempt.as_ref().is_some_and(absent) {
        finding.exempt = None;
        let line = "the code moves files or takes names over: another database may be meant";
        finding.blast.lines.push(line.to_owned());
    }
}

/// A code that does more than is looked at.
fn cut(origin: &Origin, command: &Command, context: &Context<'_>) -> Finding {
    let id = "opaque.budget";
    let mut finding = unknown_deletion(origin, command, context);
    let rule = context.rules.rule(id);
    finding.rule = id.to_owned();
    finding.severity = rule.map_or(Severity::High, |rule| rule.severity);
    finding.summary = "the code has more steps or values than are looked at".to_owned();
    finding.instead = rule.map(|rule| rule.instead.to_owned());
    finding.targets.clear();
    finding
}

/// Bytes of statements that make something, kept for the statements behind them.
const MAX_MADE: usize = 10_000;

/// Words by which a code says that it works on files of its own making.
const SCRATCH: [&str; 12] = [
    "tempfile",
    "mkdtemp",
    "mkstemp",
    "tmpdir",
    "TemporaryDirectory",
    "mktmpdir",
    "sys_get_temp_dir",
    "tempnam",
    "Tempfile",
    "File::Temp",
    "GetTempPath",
    "tempdir(",
];

/// Tells whether the code rolls back what it changes and nowhere commits: "how many rows would it be".
fn rolls_back(text: &str, language: tokens::Language) -> bool {
    /// Drivers that begin a transaction by themselves and drop it where nobody commits.
    const DRIVERS: [&str; 8] = [
        "psycopg",
        "sqlite3",
        "pymysql",
        "mysqldb",
        "mysql.connector",
        "pyodbc",
        "oracledb",
        "pymssql",
    ];
    /// What begins and ends transactions in other ways.
    const OTHERS: [&str; 7] = [
        "commit",
        "isolation_level",
        "executescript",
        "sqlalchemy",
        "django",
        "peewee",
        "savepoint",
    ];
    let lower = text.to_ascii_lowercase();
    let others = OTHERS.iter().any(|word| lower.contains(word));
    // A connection as a context commits at its end.
    let context = |line: &str| line.trim_start().starts_with("with ") && !line.contains("cursor(");
    // SQLite's module begins by itself and forgets what nobody commits.
    let closed = lower.contains("sqlite3.connect(") && lower.contains(".close()");
    let python = matches!(language, tokens::Language::Python);
    if python && closed && !others && !lower.contains("autocommit") && !lower.lines().any(context) {
        return !lower.contains("import ") || !imports_others(&lower);
    }
    if others || !lower.contains("rollback") {
        return false;
    }
    let said = |word: &str| {
        ['\'', '"', '`']
            .iter()
            .any(|quote| lower.contains(&format!("{quote}{word}")))
    };
    let ends = lower.contains("query('end") || lower.contains("query(\"end");
    if said("begin") && said("rollback") && !ends {
        return true;
    }
    python
        && lower.contains(".rollback()")
        && DRIVERS.iter().any(|driver| lower.contains(driver))
        && !lower.lines().any(context)
}

/// Tells whether modules beside the standard ones are there that may commit.
fn imports_others(lower: &str) -> bool {
    const OWN: [&str; 12] = [
        "sqlite3",
        "sys",
        "os",
        "json",
        "csv",
        "re",
        "time",
        "datetime",
        "pathlib",
        "argparse",
        "contextlib",
        "collections",
    ];
    let imported = lower.split(['\n', ';']).filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("import ")
            .or_else(|| line.strip_prefix("from "))
    });
    let mut names = imported.flat_map(|rest| {
        let head = rest.split(" import ").next().unwrap_or(rest);
        head.split(',')
            .map(|name| name.split_whitespace().next().unwrap_or_default())
    });
    names.any(|name| !OWN.contains(&name.split('.').next().unwrap_or(name)))
}

/// A test makes what it takes away.
fn is_test(command: &Command) -> bool {
    command.args().iter().any(|word| {
        let text = word.shown();
        let name = text.rsplit('/').next().unwrap_or_default();
        name.starts_with("test_")
            || name.contains(".test.")
            || name.contains(".spec.")
            || name.contains("_test.")
            || name.contains("_spec.")
    })
}

/// A call of a driver or a client that takes data away.
fn taken_away(
    id: &'static str,
    name: &str,
    place: Place,
    origin: &Origin,
    command: &Command,
    context: &Context<'_>,
) -> Finding {
    let mut finding = unknown_deletion(origin, command, context);
    let rule = context.rules.rule(id);
    finding.rule = id.to_owned();
    finding.severity = rule.map_or(Severity::High, |rule| rule.severity);
    finding.summary = format!("calls `{name}`, which takes data away");
    finding.instead = rule.map(|rule| rule.instead.to_owned());
    finding.opaque = false;
    finding.exempt = place.scratch;
    finding.targets = vec![Target {
        kind: if id == drivers::DATA {
            place.kind
        } else {
            TargetKind::Resource
        },
        locator: place.locator,
        object: None,
        reach: place.reach,
    }];
    finding
}

/// Returns the shell text that stands for what the code starts, writes and deletes, in its order; what cannot be read stands alone.
pub fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Steps> {
    let (all, _) = codes(command, context, needs);
    all.iter()
        .flat_map(|code| steps_of(code, command, context))
        .collect()
}

fn steps_of(code: &Code, command: &Command, context: &Context<'_>) -> Vec<Steps> {
    let serves = !code.inline && drivers::serves(&code.source.text);
    let deeds = code.deeds();
    let own = |step: &Step| code.test && tested::is_own(step, &deeds, context.facts.assumed);
    let steps: Vec<Step> = deeds
        .steps
        .iter()
        .filter(|step| !serves || !step.text.starts_with("curl -X DELETE"))
        .filter(|step| !own(step))
        .cloned()
        .collect();
    let mut steps = steps;
    if command.is_any(&["ipython", "ipython3", "ptipython"]) {
        steps.extend(magics::steps(&code.source.text));
    }
    let runs = |step: &Step| step.kind == Kind::Runs;
    let counts: Vec<bool> = steps
        .iter()
        .map(|step| match &step.kind {
            Kind::Runs | Kind::Goes => true,
            // Emptied is not written.
            Kind::Writes(_) if step.text.starts_with(": >") => true,
            // What a script writes is its work, as far as nobody looks at what stands there; what it writes to be run counts.
            Kind::Writes(file) | Kind::Adds(file) => {
                let name = file.rsplit('/').next().unwrap_or(file);
                let looked = !context.facts.assumed && !serves;
                code.inline
                    || looked && matches!(step.kind, Kind::Writes(_))
                    || steps
                        .iter()
                        .any(|other| runs(other) && other.text.contains(name))
            }
        })
        .collect();
    let mut alone = Vec::new();
    let mut together = Vec::new();
    for (step, _) in steps.into_iter().zip(counts).filter(|(_, counts)| *counts) {
        let started = Started {
            origin: code.source.origin(step.span, &command.origin),
            text: step.text,
        };
        if parse(&started.text).is_ok() {
            together.push(started);
        } else {
            alone.push(Steps::of(started));
        }
    }
    Steps::join(together).into_iter().chain(alone).collect()
}

/// Returns the dialect that the drivers named in the code speak.
fn dialect(text: &str) -> Dialect {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let postgres = has(&[
        "psycopg", "asyncpg", "postgres", "pg_query", "'pg'", "\"pg\"", "PG.",
    ]);
    let sqlite = has(&["sqlite"]);
    let mysql = has(&["mysql", "mariadb"]);
    match (postgres, sqlite, mysql) {
        (true, false, false) => Dialect::Postgres,
        (false, true, false) => Dialect::Sqlite,
        (false, false, true) => Dialect::Mysql,
        _ => Dialect::Unknown,
    }
}

/// Returns the database that a statement is for: that of its own connection, where the code has several.
fn place_of(
    sent: &Sent,
    (deeds, code): (&Deeds, &str),
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Place {
    let first = deeds.connections.first();
    let several = deeds.connections.iter().any(|one| Some(one) != first);
    match sent.over.as_ref().filter(|_| several) {
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
fn place(
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

fn unknown_deletion(origin: &Origin, command: &Command, context: &Context<'_>) -> Finding {
    let id = "code.delete-files";
    let rule = context.rules.rule(id);
    let (span, file) = match origin {
        Origin::Text(span) => (Some(*span), None),
        Origin::File(position) => (None, Some(position.clone())),
    };
    Finding {
        rule: id.to_owned(),
        severity: rule.map_or(Severity::High, |rule| rule.severity),
        summary: "deletes files whose names are not known here".to_owned(),
        command: command.told(),
        span,
        file,
        via: command
            .via
            .iter()
            .map(|wrapper| wrapper.name.clone())
            .collect(),
        targets: vec![Target {
            kind: TargetKind::Unknown,
            locator: "unknown".to_owned(),
            object: None,
            reach: Reach::Unreachable("the path is not known".to_owned()),
        }],
        opaque: true,
        instead: rule.map(|rule| rule.instead.to_owned()),
        blast: Blast::default(),
        exempt: None,
    }
}

/// Returns the code of the tasks that a task runner is asked for.
pub(in crate::classify) fn of_tasks(
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<super::sql::source::Source> {
    taskfiles::code(command, context, needs).map(|(source, _)| source)
}

#[cfg(test)]
mod tests {
    use super::calls::{Standing, deeds};
    use super::tokens::Language;
    use super::*;
    use crate::model::effect::Dialect;

    fn read(language: Language, text: &str) -> (Vec<String>, Vec<String>, usize) {
        let deeds = deeds(text, language, Standing::inline());
        let losses = deeds.sql.iter().flat_map(|sent| match sent.perhaps {
            true => sql::losses_in_prose(&sent.text, Dialect::Unknown),
            false => sql::losses(&sent.text, Dialect::Unknown),
        });
        let objects = losses
            .map(|loss| loss.effect.object.unwrap_or_default())
            .collect();
        let shells = deeds.steps.into_iter().map(|step| step.text).collect();
        (objects, shells, deeds.unknown.len())
    }

    #[test]
    fn sql_reaches_a_driver_by_literal_by_variable_and_by_template() {
        for (language, text) in [
            (
                Language::Python,
                "import sqlite3; sqlite3.connect('a.db').execute('DROP TABLE t')",
            ),
            (Language::Python, "q = 'DROP TABLE t'\ncur.execute(q)"),
            (
                Language::Python,
                "cur.execute(\"\"\"\n DROP TABLE t\n\"\"\")",
            ),
            (
                Language::Javascript,
                "await prisma.$executeRawUnsafe(`DROP TABLE t`)",
            ),
            (Language::Javascript, "client.query('DROP TABLE t', [])"),
            (Language::Javascript, "await sql`DROP TABLE t`"),
            (
                Language::Ruby,
                "ActiveRecord::Base.connection.execute 'DROP TABLE t'",
            ),
            (Language::Perl, "$dbh->do('DROP TABLE t')"),
            (Language::Php, "$pdo->exec('DROP TABLE t');"),
        ] {
            assert_eq!(read(language, text).0, ["t"], "{text}");
        }
    }

    #[test]
    fn deletions_and_shells_become_shell_texts() {
        for (language, text, expected) in [
            (
                Language::Python,
                "import shutil; shutil.rmtree('data')",
                "rm -rf -- 'data'",
            ),
            (
                Language::Python,
                "os.remove(os.path.join('a', 'b.db'))",
                "rm -f -- 'a/b.db'",
            ),
            (
                Language::Python,
                "d = 'data'\nshutil.rmtree(d, ignore_errors=True)",
                "rm -rf -- 'data'",
            ),
            (Language::Python, "os.system('rm -rf x')", "rm -rf x"),
            (
                Language::Python,
                "subprocess.run(['rm', '-rf', 'x y'])",
                "'rm' '-rf' 'x y'",
            ),
            (
                Language::Python,
                "os.system(f'rm -rf {d}')",
                "rm -rf $UNKNOWN",
            ),
            (
                Language::Javascript,
                "require('fs').rmSync('data', {recursive: true})",
                "rm -rf -- 'data'",
            ),
            (
                Language::Javascript,
                "require('child_process').execSync('rm -rf x')",
                "rm -rf x",
            ),
            (Language::Ruby, "FileUtils.rm_rf 'data'", "rm -rf -- 'data'"),
            (Language::Ruby, "`rm -rf x`", "rm -rf x"),
            (Language::Perl, "unlink 'a.db';", "rm -f -- 'a.db'"),
            (Language::Php, "unlink('a.db');", "rm -f -- 'a.db'"),
        ] {
            assert_eq!(read(language, text).1, [expected], "{text}");
        }
        assert_eq!(read(Language::Python, "shutil.rmtree(sys.argv[1])").2, 1);
    }

    #[test]
    fn words_of_an_api_are_no_losses() {
        for (language, text) in [
            (Language::Python, "env.reset()"),
            (Language::Python, "print('DROP TABLE t')"),
            (Language::Python, "# os.system('rm -rf x')\nx = 1"),
            (Language::Python, "s = 'shutil.rmtree(\"x\")'"),
            (
                Language::Python,
                "df.drop(columns=['a']); d.update({'a': 1}); l.remove('x')",
            ),
            (
                Language::Python,
                "cur.execute('SELECT * FROM t WHERE a = %s', ('DROP TABLE t',))",
            ),
            (
                Language::Javascript,
                "map.delete('x'); app.delete('/users', h); cache.clear()",
            ),
            (Language::Javascript, "await page.query('delete button')"),
            (
                Language::Javascript,
                "/* fs.rmSync('x') */ // rm\nlet a = /re/.exec('x')",
            ),
            (Language::Ruby, "h.delete('a'); puts 'rm -rf x'"),
        ] {
            let (objects, shells, unknown) = read(language, text);
            assert!(objects.is_empty(), "{text}");
            let harmless = shells.iter().all(|shell| !shell.contains("rm"));
            assert!(harmless && unknown == 0, "{text} {shells:?}");
        }
    }
}
