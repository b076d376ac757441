//! Real SQL in bulk: PostgreSQL's own regression scripts, judged here and by PostgreSQL's own parser (libpg_query), statement by statement.
//! The scripts come from a Debian source package and the parser from PyPI when the test runs; a part that cannot be had is named and left out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "tests may unwrap and print"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use backstop::model::effect::{Bound, Dialect, Effect, ObjectKind, Verb};
use backstop::model::span::Span;
use backstop::sql::client::{Client, Piece, pieces};
use backstop::sql::{Loss, losses};
use serde::Deserialize;

const PGLAST: &str = "8.8";
/// Source packages of PostgreSQL, the first that the machine's package sources know.
const POSTGRES: [&str; 5] = [
    "postgresql-15",
    "postgresql-17",
    "postgresql-18",
    "postgresql-16",
    "postgresql-14",
];

/// What the parser says that a statement does to one object.
#[derive(Debug, Deserialize)]
struct Seen {
    verb: String,
    object: Option<String>,
    #[serde(rename = "where")]
    bounded: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Statement {
    file: String,
    start: usize,
    end: usize,
    text: String,
    /// Inside a transaction that the script rolls back.
    undone: bool,
    /// Calls a routine that the script defined before.
    calls: bool,
    /// Changes a table for which the script defined a trigger that waits for this.
    fires: bool,
    /// Nothing where the parser refuses the text.
    kinds: Option<Vec<String>>,
    found: Vec<Seen>,
}

fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools")
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/oracle_sql")
        .join(name)
}

fn succeeds(program: &Path, words: &[&str]) -> bool {
    let status = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn left_out(why: &str) {
    assert_ne!(
        std::env::var("CI").as_deref(),
        Ok("true"),
        "{why}, and CI=true"
    );
    eprintln!("left out: {why}");
}

/// Returns the folder with parts of a source package, fetched when it is not there.
fn source(packages: &[&str], patterns: &[&str]) -> Option<PathBuf> {
    static ONE: Mutex<()> = Mutex::new(());
    let _alone = ONE.lock();
    let folder = cache().join("sources");
    let fetch = beside("fetch");
    for package in packages {
        let words = [&[folder.to_str().unwrap(), package], patterns].concat();
        if succeeds(&fetch, &words) {
            return Some(folder.join(package));
        }
    }
    left_out(&format!(
        "the source package {} could not be fetched",
        packages[0]
    ));
    None
}

/// Returns the Python that has pglast.
fn parser() -> Option<PathBuf> {
    let folder = cache().join(format!("pglast-{PGLAST}"));
    let python = folder.join("bin/python");
    let wanted = format!("pglast=={PGLAST}");
    let has = |python: &Path| succeeds(python, &["-c", "import pglast"]);
    if !has(&python) {
        let made = succeeds(
            Path::new("python3"),
            &["-m", "venv", folder.to_str().unwrap()],
        );
        let _ = made && succeeds(&python, &["-m", "pip", "install", "-q", &wanted]);
    }
    if has(&python) {
        return Some(python);
    }
    left_out("pglast could not be installed");
    None
}

/// Returns the folder of the scripts and every statement in them as the parser sees it.
fn statements() -> Option<&'static (PathBuf, Vec<Statement>)> {
    static ALL: OnceLock<Option<(PathBuf, Vec<Statement>)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let scripts = source(&POSTGRES, &["*/sql/*.sql"])?;
        let python = parser()?;
        let output = Command::new(python)
            .arg(beside("kinds.py"))
            .arg(&scripts)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        let all = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        Some((scripts, all))
    })
    .as_ref()
}

/// Cases of a fault, counted by class, with a few of each.
#[derive(Default)]
struct Faults {
    count: usize,
    classes: BTreeMap<String, Vec<String>>,
}

impl Faults {
    fn add(&mut self, class: &str, statement: &Statement) {
        self.count += 1;
        let line: String = statement.text.chars().take(300).collect();
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let file = statement.file.rsplit('/').next().unwrap_or_default();
        let class = self.classes.entry(class.to_owned()).or_default();
        class.push(format!("{file}@{}: {line}", statement.start));
    }

    fn told(&self, name: &str) -> String {
        let shown = std::env::var("ORACLE_SHOWN").map_or(8, |text| text.parse().unwrap());
        let mut told = format!("{name}: {}\n", self.count);
        for (class, cases) in &self.classes {
            told += &format!("  {class}: {}\n", cases.len());
            for case in cases.iter().take(shown) {
                told += &format!("    {case}\n");
            }
        }
        told
    }

    fn outside(&self, named: &[&str]) -> usize {
        let outside = self
            .classes
            .iter()
            .filter(|(class, _)| !named.contains(&class.as_str()));
        outside.map(|(_, cases)| cases.len()).sum()
    }
}

/// Tells whether one effect is what the parser saw.
fn is_same(seen: &Seen, loss: &Loss) -> bool {
    let effect = &loss.effect;
    let verb = match seen.verb.as_str() {
        "drop-table" => effect.verb == Verb::Drop && effect.kind == ObjectKind::Table,
        "drop-index" => effect.verb == Verb::Drop && effect.kind == ObjectKind::Index,
        "drop-view" => effect.verb == Verb::Drop && effect.kind == ObjectKind::View,
        "drop-matview" => effect.verb == Verb::Drop && effect.kind == ObjectKind::MaterializedView,
        "drop-sequence" => effect.verb == Verb::Drop && effect.kind == ObjectKind::Sequence,
        "drop-schema" => effect.verb == Verb::Drop && effect.kind == ObjectKind::Schema,
        "drop-database" => effect.verb == Verb::Drop && effect.kind == ObjectKind::Database,
        "drop-owned" => effect.verb == Verb::Drop && effect.kind == ObjectKind::Everything,
        "drop-other" => effect.verb == Verb::Drop,
        "truncate" => effect.verb == Verb::Truncate,
        "delete" => effect.verb == Verb::Delete && is_bound(seen, effect),
        "update" => effect.verb == Verb::Update && is_bound(seen, effect),
        "merge" => matches!(effect.verb, Verb::Replace | Verb::Delete),
        "alter-drop" => effect.verb == Verb::AlterDrop,
        "alter-rewrite" => effect.verb == Verb::AlterRewrite,
        "detach" => effect.verb == Verb::Detach,
        "revoke" => effect.verb == Verb::Revoke,
        "rewrite" => effect.verb == Verb::Rewrite,
        "program" => effect.verb == Verb::Program,
        "server" => effect.verb == Verb::Server,
        _ => true,
    };
    let named = seen
        .object
        .as_ref()
        .is_none_or(|name| loss.lookup.as_ref() == Some(name));
    verb && named
}

fn is_bound(seen: &Seen, effect: &Effect) -> bool {
    seen.bounded == Some(effect.bound != Bound::All)
}

/// Kinds in which what runs is another routine's or language's, so that nobody can tell from the text.
const UNKNOWABLE: [&str; 1] = ["do-other"];

/// A function whose name says what it does (`truncate_…`) is taken at its word.
const TELLING: &str = "SelectStmt Opaque";
/// A WITH that changes rows inside a subquery: PostgreSQL's grammar takes it, the server refuses it, here it is opaque.
const MISPLACED: &str = "SelectStmt update";
/// A call of a routine that the script defined, with a body that changes rows.
const FOLLOWED: &str = "calls a routine of the script";
/// The same, with a body that runs the text of an argument.
const FOLLOWED_TEXT: &str = "calls a routine of the script that runs text";
/// A change of a table that fires a trigger of the script, whose routine changes rows.
const FIRED: &str = "fires a trigger of the script";

fn class(statement: &Statement) -> String {
    let mut verbs: Vec<&str> = (statement.found.iter())
        .map(|seen| seen.verb.as_str())
        .collect();
    verbs.dedup();
    verbs.truncate(3);
    let kinds = statement.kinds.clone().unwrap_or_default().join("+");
    format!("{kinds} {}", verbs.join(","))
}

/// What a rule or an event does runs later and is judged where it is given; the other views count what runs now.
fn acts_later(text: &str) -> bool {
    let words: Vec<String> = text
        .split_whitespace()
        .take(8)
        .map(str::to_uppercase)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(words.first(), Some(&"CREATE" | &"ALTER"))
        && words.iter().any(|word| matches!(*word, "RULE" | "EVENT"))
}

#[test]
fn every_statement_alone_is_judged_as_postgresqls_parser_names_it() {
    let Some((_, all)) = statements() else {
        return;
    };
    let (mut missed, mut held, mut blurred) =
        (Faults::default(), Faults::default(), Faults::default());
    let (mut dangerous, mut harmless, mut refused) = (0, 0, 0);
    for statement in all {
        let Some(kinds) = &statement.kinds else {
            refused += 1;
            continue;
        };
        let ours = losses(&statement.text, Dialect::Postgres);
        let unknowable = !statement.found.is_empty()
            && (statement.found.iter()).all(|seen| UNKNOWABLE.contains(&seen.verb.as_str()));
        if unknowable {
            continue;
        }
        if acts_later(&statement.text) {
            continue;
        }
        if statement.found.is_empty() {
            harmless += 1;
            if let Some(first) = ours.first() {
                held.add(
                    &format!("{} {:?}", kinds.join("+"), first.effect.verb),
                    statement,
                );
            }
            continue;
        }
        dangerous += 1;
        if ours.is_empty() {
            missed.add(&class(statement), statement);
        } else if !statement
            .found
            .iter()
            .all(|seen| ours.iter().any(|loss| is_same(seen, loss)))
        {
            blurred.add(&class(statement), statement);
        }
    }
    let told = format!(
        "{dangerous} dangerous, {harmless} harmless, {refused} refused by the parser\n{}{}{}",
        missed.told("missed"),
        held.told("held"),
        blurred.told("blurred")
    );
    println!("{told}");
    assert!(dangerous > 4_000 && harmless > 30_000, "{told}");
    assert_eq!(missed.count, 0, "{told}");
    assert!(held.count <= 5, "{told}");
    assert_eq!(held.outside(&[TELLING]), 0, "{told}");
    assert_eq!(blurred.outside(&[MISPLACED]), 0, "{told}");
}

/// Returns the places in a script where a loss stands, as the client's session would run it, with what is lost.
fn places(text: &str) -> Vec<(usize, Verb)> {
    let mut all = Vec::new();
    for piece in pieces(Client::Psql, text) {
        if let Piece::Sql(sql) = piece {
            let found = losses(&sql.text, Dialect::Postgres);
            all.extend(
                found
                    .iter()
                    .map(|loss| (sql.source_span(loss.effect.span).start, loss.effect.verb)),
            );
        }
    }
    all.sort_unstable();
    all
}

#[test]
fn whole_scripts_are_cut_where_psql_cuts_them() {
    let Some((folder, all)) = statements() else {
        return;
    };
    let mut scripts: BTreeMap<&str, Vec<&Statement>> = BTreeMap::new();
    for statement in all {
        scripts.entry(&statement.file).or_default().push(statement);
    }
    let (mut missed, mut held, mut undone, mut fired) = (
        Faults::default(),
        Faults::default(),
        Faults::default(),
        Faults::default(),
    );
    for (file, statements) in &scripts {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let found = places(&text);
        for statement in statements {
            let Some(kinds) = &statement.kinds else {
                continue;
            };
            let from = found.partition_point(|(place, _)| *place < statement.start);
            let here = found.get(from).filter(|(place, _)| *place < statement.end);
            let unknowable =
                (statement.found.iter()).any(|seen| UNKNOWABLE.contains(&seen.verb.as_str()));
            if unknowable || acts_later(&statement.text) {
                continue;
            }
            match (statement.found.is_empty(), here) {
                (false, None) if !statement.undone => missed.add(&class(statement), statement),
                (true, Some((_, Verb::Opaque))) if statement.calls => {
                    held.add(FOLLOWED_TEXT, statement);
                }
                (true, Some(_)) if statement.calls => {
                    held.add(FOLLOWED, statement);
                }
                (true, Some(_)) if statement.fires => fired.add(FIRED, statement),
                (true, Some((_, verb))) => {
                    held.add(&format!("{} {verb:?}", kinds.join("+")), statement);
                }
                (false, Some(_)) if statement.undone => undone.add(&class(statement), statement),
                _ => {}
            }
        }
    }
    let told = format!(
        "{} scripts\n{}{}{}{}",
        scripts.len(),
        missed.told("missed"),
        held.told("held"),
        fired.told("fires"),
        undone.told("rolled back and held")
    );
    println!("{told}");
    assert!(scripts.len() > 300, "{told}");
    assert_eq!(missed.count, 0, "{told}");
    assert!(held.count <= 40, "{told}");
    assert!((1..=60).contains(&fired.count), "{told}");
    assert_eq!(held.outside(&[FOLLOWED, FOLLOWED_TEXT]), 0, "{told}");
}

/// Changes a statement a little: cut short, opened, doubled, with a stray character.
fn mutated(text: &str, seed: usize) -> String {
    const STRAY: [&str; 12] = [
        "'", "\"", "`", "(", ")", "/*", "$$", "\\", ";", "--", "|>", "\u{FFFC}",
    ];
    let mut at = (seed * 7_919) % (text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let (head, tail) = text.split_at(at);
    match seed % 4 {
        0 => head.to_owned(),
        1 => format!("{head}{}{tail}", STRAY[seed / 4 % STRAY.len()]),
        2 => format!("{tail} {head}"),
        _ => format!("{head}{tail}{tail}"),
    }
}

/// What one text may take: a second in an optimised build; an unoptimised one, on a machine that others use too, gets more.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
/// Texts of this size are put together from changed statements.
const SIZE: usize = 64 << 10;

#[test]
fn changed_statements_neither_panic_nor_take_long() {
    const DIALECTS: [Dialect; 6] = [
        Dialect::Postgres,
        Dialect::Mysql,
        Dialect::Sqlite,
        Dialect::Mssql,
        Dialect::Oracle,
        Dialect::Unknown,
    ];
    const CLIENTS: [Client; 6] = [
        Client::Psql,
        Client::Mysql,
        Client::Sqlite,
        Client::Sqlcmd,
        Client::Sqlplus,
        Client::Hive,
    ];
    let Some((_, all)) = statements() else {
        return;
    };
    let mut text = String::new();
    let mut slowest = (Duration::ZERO, Dialect::Postgres, String::new());
    let mut texts = 0;
    for (seed, statement) in all.iter().enumerate() {
        text += &mutated(&statement.text, seed);
        text += ";\n";
        if text.len() < SIZE {
            continue;
        }
        let (dialect, client) = (DIALECTS[texts % 6], CLIENTS[texts % 6]);
        texts += 1;
        let began = Instant::now();
        let found = losses(&text, dialect);
        for piece in pieces(client, &text) {
            if let Piece::Sql(sql) = piece {
                let _ = sql.source_span(Span::new(0, sql.text.len()));
            }
        }
        let took = began.elapsed();
        assert!(
            found.iter().all(|loss| loss.effect.span.end <= text.len()),
            "{dialect:?}"
        );
        let start: String = text.chars().take(80).collect();
        assert!(took < LIMIT, "{took:?} with {dialect:?}: {start}");
        if took > slowest.0 {
            slowest = (took, dialect, start);
        }
        text.clear();
    }
    println!("{texts} texts, slowest {slowest:?}");
    assert!(texts > 30);
}

/// A statement of which the first words say whether it loses something.
#[derive(Debug, Deserialize)]
struct Worded {
    file: String,
    text: String,
    loses: bool,
}

/// Judges the test scripts of another server by the first words of their statements.
fn worded(package: &[&str], pattern: &str, name: &str, dialect: Dialect, least: usize) {
    let Some(scripts) = source(package, &[pattern]) else {
        return;
    };
    let output = Command::new("python3")
        .arg(beside("words.py"))
        .arg(&scripts)
        .arg(name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (mut missed, mut held) = (Faults::default(), Faults::default());
    let (mut losing, mut keeping) = (0, 0);
    for line in text.lines() {
        let one: Worded = serde_json::from_str(line).unwrap();
        if acts_later(&one.text) {
            continue;
        }
        let found = losses(&one.text, dialect);
        let first: Vec<&str> = one.text.split_whitespace().take(2).collect();
        let first = first.join(" ").to_uppercase();
        let statement = Statement {
            file: one.file,
            start: 0,
            end: one.text.len(),
            text: one.text,
            undone: false,
            calls: false,
            fires: false,
            kinds: None,
            found: Vec::new(),
        };
        if one.loses {
            losing += 1;
            if found.is_empty() {
                missed.add(&first, &statement);
            }
        } else {
            keeping += 1;
            if let Some(loss) = found.first() {
                held.add(&format!("{first} {:?}", loss.effect.verb), &statement);
            }
        }
    }
    let told = format!(
        "{name}: {losing} statements that lose, {keeping} that do not\n{}{}",
        missed.told("missed"),
        held.told("held")
    );
    println!("{told}");
    assert!(losing + keeping > least, "{told}");
    assert_eq!((missed.count, held.count), (0, 0), "{told}");
}

#[test]
fn statements_of_mariadbs_tests_are_judged_as_their_first_words_say() {
    let packages = ["mariadb", "mariadb-10.11"];
    let pattern = "*/mysql-test/main/*.test";
    worded(&packages, pattern, "mysql", Dialect::Mysql, 30_000);
}

#[test]
fn statements_of_sqlites_tests_are_judged_as_their_first_words_say() {
    worded(
        &["sqlite3"],
        "*/test/*.test",
        "sqlite",
        Dialect::Sqlite,
        20_000,
    );
}
