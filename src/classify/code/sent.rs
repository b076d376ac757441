//! What the SQL loses that a code sends: statement by statement, with what the code has made before, and without what it takes back.

use std::collections::HashMap;

use crate::classify::Context;
use crate::model::effect::{Dialect, Verb};
use crate::model::span::Span;
use crate::sql::{self, Loss};

use super::calls::{Deeds, Sent};
use super::given::Code;
use super::{drivers, tokens, unsaved};

/// Bytes of statements that make something, kept for the statements behind them.
const MAX_MADE: usize = 10_000;

/// Statements that make something, in their order, by the connection that made it: what is made over one is not there over another.
struct Made<'a> {
    text: &'a str,
    several: bool,
    all: HashMap<Option<&'a String>, Vec<&'a Sent>>,
}

impl<'a> Made<'a> {
    fn new(code: &'a Code, deeds: &Deeds) -> Self {
        Self {
            text: &code.source.text,
            several: deeds.has_several(),
            all: HashMap::new(),
        }
    }

    /// Returns the connection that counts for a statement; none where it is not known which of several.
    fn connection(&self, sent: &'a Sent) -> Option<Option<&'a String>> {
        match (&sent.over, self.several) {
            (_, false) => Some(None),
            (over, true) => over.as_ref().map(Some),
        }
    }

    /// Returns what is there for certain when a statement is sent.
    fn before(&self, sent: &'a Sent) -> String {
        let connection = self.connection(sent);
        let made = connection.and_then(|connection| self.all.get(&connection));
        let mut all = String::new();
        for one in made.into_iter().flatten() {
            let length = all.len() + one.text.len();
            if length < MAX_MADE && !self.may_be_caught(one.span, sent.span) {
                all.push_str(one.text.trim_end_matches([';', ' ', '\n']));
                all.push_str(";\n");
            }
        }
        all
    }

    /// What one call makes is known to those behind it.
    fn note(&mut self, sent: &'a Sent) {
        let head = sent.text.trim_start().get(..7).unwrap_or_default();
        let makes = head.eq_ignore_ascii_case("create ") && !sent.choice;
        if let Some(connection) = self.connection(sent).filter(|_| makes) {
            self.all.entry(connection).or_default().push(sent);
        }
    }

    /// Tells whether the code may go on to a later statement although an earlier one failed: what it makes was there already then.
    fn may_be_caught(&self, made: Span, later: Span) -> bool {
        /// Bytes before a statement in which a block that swallows may begin.
        const NEAR: usize = 120;
        let text = self.text;
        let from = text.floor_char_boundary(made.start.saturating_sub(NEAR));
        let before = text.get(from..made.start);
        let between = text.get(made.end..later.start);
        let catches = |text: &str| {
            let caught = ["except", "rescue", "catch"];
            caught.iter().any(|word| text.contains(word))
        };
        let swallows = |text: &str| text.contains("suppress(") || text.contains("eval {");
        between.is_none_or(catches) || before.is_none_or(swallows)
    }
}

/// Returns what the SQL loses that a code sends, with the text of each.
pub(super) fn losses<'a>(
    code: &'a Code,
    deeds: &'a Deeds,
    context: &Context<'_>,
) -> Vec<(Loss, &'a Sent)> {
    let text = &code.source.text;
    let dialect = dialect(text);
    let serves = !code.inline && drivers::serves(text);
    let rolled = rolls_back(text, code.language);
    // SQLite's module goes by the first word alone when it opens a transaction.
    let by_word = text.contains("sqlite3.connect") && !text.to_ascii_lowercase().contains("begin");
    let begun = |sent: &Sent| {
        code.language != tokens::Language::Python || !by_word || unsaved::begins_inside(&sent.text)
    };
    let mut made = Made::new(code, deeds);
    let mut all = Vec::new();
    for sent in &deeds.sql {
        let taken = (rolled || deeds.undone.contains(&sent.span)) && begun(sent);
        let undone = code.sandboxed || taken;
        let losses = match sent.perhaps {
            // A driver's `%s` stands for a value.
            true => sql::losses_in_prose(&sent.text.replace("%s", "$1"), dialect),
            false => {
                let losses = of_statement(sent, &made.before(sent), dialect, deeds, context);
                made.note(sent);
                losses
            }
        };
        let fills = !deeds.is_steady(sent);
        let doubted = losses.into_iter().map(|loss| match fills {
            true => loss.asked_alone(),
            false => loss,
        });
        let kept = doubted.filter(|loss| {
            // Rows that a request takes are not taken by starting what waits for it.
            let rows = matches!(loss.effect.verb, Verb::Delete | Verb::Update);
            // PostgreSQL takes back tables and columns as well.
            let things = matches!(
                loss.effect.verb,
                Verb::Drop | Verb::Truncate | Verb::AlterDrop
            );
            let whole = dialect == Dialect::Postgres && deeds.undone.contains(&sent.span);
            let rows = rows || things && whole;
            !loss.created && !(rows && (serves || undone))
        });
        all.extend(kept.map(|loss| (loss, sent)));
    }
    all
}

/// Returns what a statement loses, with the values put in that it is sent with where the rows can be asked.
fn of_statement(
    sent: &Sent,
    made: &str,
    dialect: Dialect,
    deeds: &Deeds,
    context: &Context<'_>,
) -> Vec<Loss> {
    let ask = !context.facts.assumed && deeds.is_steady(sent);
    let texts = match ask && !sent.bound.is_empty() {
        true => sent.bound.as_slice(),
        false => std::slice::from_ref(&sent.text),
    };
    let losses = texts
        .iter()
        .flat_map(|text| losses_behind(made, text, dialect));
    losses.collect()
}

/// Returns what a statement loses behind those that make something.
fn losses_behind(made: &str, text: &str, dialect: Dialect) -> Vec<Loss> {
    let from = made.len();
    let mut losses = sql::losses(&format!("{made}{text}"), dialect);
    losses.retain(|loss| from == 0 || loss.effect.span.start >= from);
    losses
}

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
