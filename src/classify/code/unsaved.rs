//! Rows that a code of Python changes and never commits: `if args.commit: con.commit()` where nobody asks for that.
//! It holds for drivers that open a transaction by themselves, and for a code in which nothing else could end one.

use super::imported::STANDARD;
use super::index::{Index, Part};
use super::modules;
use super::tokens::{Language, Token};
use super::values::{Reader, Value, When};

/// Drivers that begin a transaction before the first change, and drop it where nobody commits.
const DRIVERS: [&str; 3] = ["sqlite3", "psycopg2", "psycopg"];
/// Modules beside the standard ones that reach no database, or that only run what is in this text.
const OTHERS: [&str; 12] = [
    "contextlib",
    "configparser",
    "tomllib",
    "pprint",
    "string",
    "textwrap",
    "uuid",
    "decimal",
    "enum",
    "dataclasses",
    "operator",
    "traceback",
];
/// Modules of the standard list that send statements or start code.
const SENDERS: [&str; 6] = ["pandas", "django", "torch", "numpy", "sqlalchemy", "peewee"];
/// Words with which a transaction ends in another way, or with which code may run that does not stand here.
const ENDS: [&str; 18] = [
    "isolation_level",
    "autocommit",
    "executescript",
    "set_session",
    "enter_context",
    "ExitStack",
    "__enter__",
    "__exit__",
    "getattr(",
    "eval(",
    "exec(",
    "__import__",
    "importlib",
    "runpy",
    "dblink",
    "methodcaller",
    "attrgetter",
    "factory=",
];
/// Statements that a driver runs inside of its transaction, and that end none.
const INSIDE: [&str; 7] = [
    "select", "insert", "update", "delete", "replace", "pragma", "explain",
];

/// Tells whether no row that the code changes is ever committed.
pub(super) fn is_unsaved(reader: &Reader<'_>, text: &str) -> bool {
    let index = reader.index;
    let used = DRIVERS.iter().any(|driver| {
        let named = |at: usize| index.name(at).is_some_and(|name| name == *driver);
        text.contains(driver) && (0..index.main_end()).any(named)
    });
    index.language == Language::Python
        && used
        && text.contains("commit")
        && !ENDS.iter().any(|word| text.contains(word))
        && imports_nothing_else(text)
        && !(0..index.tokens.len()).any(|at| reader.runs(at) && may_commit(reader, at))
}

/// Tells whether all that is imported is known to commit nothing.
fn imports_nothing_else(text: &str) -> bool {
    let known: Vec<&str> = STANDARD
        .iter()
        .chain(&DRIVERS)
        .chain(&OTHERS)
        .filter(|name| !SENDERS.contains(*name))
        .copied()
        .collect();
    let relative = text
        .lines()
        .any(|line| line.trim_start().starts_with("from ."));
    !relative && modules::imports(text, Language::Python, &known).is_empty()
}

/// Tells whether a place of the code may commit: a call, the name of one, a block of a connection, a statement.
fn may_commit(reader: &Reader<'_>, at: usize) -> bool {
    let index = reader.index;
    if let Some(Token::Text { text, .. }) = index.token(at) {
        return !is_help(index, at) && ends_by_word(text);
    }
    let Some(name) = index.name(at) else {
        return false;
    };
    let (owner, last) = name.rsplit_once('.').unwrap_or(("", name));
    if last == "with" {
        return !with_is_harmless(reader, at);
    }
    if matches!(last, "execute" | "executemany") && index.is_sign(at + 1, '(') {
        return !statement_is_harmless(reader, at);
    }
    // Under another name it may be given anything.
    if matches!(last, "execute" | "executemany") {
        return true;
    }
    if last == "connect" && index.is_sign(at + 1, '(') {
        return !connects_plainly(index, at + 1);
    }
    if last.to_ascii_lowercase().contains("commit") {
        let part = Part::new(at, at + 1);
        let option =
            !index.is_sign(at + 1, '(') && !owner.is_empty() && reader.sure(part, 0).is_some();
        let named =
            index.is_sign(at + 1, '=') || index.bindings(name).iter().any(|one| one.at == at);
        return !option && (!named || !owner.is_empty());
    }
    // Other clients, and other ways into this one.
    matches!(
        last,
        "to_sql" | "system" | "callproc" | "Thread" | "copy_expert"
    ) || last.ends_with("begin")
}

/// Tells whether a connection is opened without a say about transactions: by place that is the fourth argument of sqlite3.
fn connects_plainly(index: &Index, open: usize) -> bool {
    let Some(inside) = index.inside(open) else {
        return false;
    };
    let arguments = index.split(inside, ',');
    let spread = |part: &Part| index.is_sign(part.from, '*');
    let named = |part: &Part| index.is_sign(part.from + 1, '=');
    let placed = arguments.iter().filter(|part| !named(part)).count();
    placed <= 3 && !arguments.iter().any(spread)
}

/// `help="commit the changes"`.
fn is_help(index: &Index, at: usize) -> bool {
    let back = |by: usize| at.checked_sub(by);
    let given = back(1).is_some_and(|at| index.is_sign(at, '='));
    given && back(2).and_then(|at| index.name(at)) == Some("help")
}

/// Tells whether a text is a statement that ends or opens a transaction.
fn ends_by_word(text: &str) -> bool {
    const WORDS: [&str; 5] = ["commit", "end", "release", "savepoint", "begin"];
    let head = text.trim_start();
    let word: String = head.chars().take_while(char::is_ascii_alphabetic).collect();
    WORDS.contains(&word.to_ascii_lowercase().as_str())
}

/// `with open(x) as f`, `with closing(sqlite3.connect(x)) as con`, `with con.cursor() as cur`: none of them commits.
fn with_is_harmless(reader: &Reader<'_>, at: usize) -> bool {
    let index = reader.index;
    let Some(colon) = reader.colon(at) else {
        return false;
    };
    let head = Part::new(at + 1, colon);
    let items = index.split(head, ',');
    !items.is_empty()
        && items.into_iter().all(|item| {
            let name = index.name(item.from).unwrap_or_default();
            let full = reader.full(name);
            let last = full.rsplit('.').next().unwrap_or_default();
            let known = matches!(
                last,
                "open" | "closing" | "cursor" | "TemporaryDirectory" | "suppress"
            );
            known && index.is_sign(item.from + 1, '(')
        })
}

/// Tells whether a statement is known and ends no transaction.
fn statement_is_harmless(reader: &Reader<'_>, at: usize) -> bool {
    let arguments = reader.arguments(at);
    let Some(first) = arguments.positional.first() else {
        return false;
    };
    let values = reader.read(*first, When::at(at));
    // A client of PostgreSQL sends several statements at once.
    let several = reader
        .imports
        .values()
        .any(|name| name.starts_with("psycopg"));
    values.iter().all(|value| {
        let Value::Text(text) = value else {
            return false;
        };
        begins_inside(text) && !(several && text.contains(crate::sql::HOLE))
    })
}

/// Tells whether a text is one statement of those that a driver runs inside of its transaction: it goes by the first word itself.
pub(super) fn begins_inside(text: &str) -> bool {
    let head = text.trim_start();
    let word: String = head.chars().take_while(char::is_ascii_alphabetic).collect();
    let word = word.to_ascii_lowercase();
    let body = text.trim_end().trim_end_matches(';');
    INSIDE.contains(&word.as_str()) && !body.contains(';')
}

#[cfg(test)]
mod tests {
    use super::super::calls::{Standing, deeds};
    use super::super::tokens::Language;

    fn undone(text: &str, args: &str) -> bool {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        let standing = Standing {
            args: Some(&args),
            ..Standing::inline()
        };
        let text = format!(
            "import argparse, sqlite3\np = argparse.ArgumentParser()\n\
             p.add_argument('--commit', action='store_true', help='commit it')\n\
             a = p.parse_args()\ncon = sqlite3.connect('a.db')\n{text}\n"
        );
        let deeds = deeds(&text, Language::Python, standing);
        let mut sent = deeds
            .sql
            .iter()
            .filter(|one| one.text.starts_with("DELETE"));
        sent.all(|one| deeds.undone.contains(&one.span))
    }

    const DELETE: &str = "con.execute('DELETE FROM t WHERE a = 1')\n";

    #[test]
    fn rows_come_back_where_nobody_asks_for_the_commit() {
        for end in [
            "if a.commit:\n    con.commit()\nelse:\n    con.rollback()",
            "con.commit() if a.commit else con.rollback()",
            "if not a.commit:\n    raise SystemExit(0)\ncon.commit()",
            "a.commit and con.commit()",
            "def finish(c):\n    c.commit()\nif a.commit:\n    finish(con)",
        ] {
            assert!(undone(&format!("{DELETE}{end}"), ""), "{end}");
            assert!(!undone(&format!("{DELETE}{end}"), "--commit"), "{end}");
        }
    }

    #[test]
    fn whatever_else_may_commit_keeps_the_loss() {
        let end = "if a.commit:\n    con.commit()";
        for other in [
            "with con:\n    con.execute('INSERT INTO t VALUES (1)')",
            "with sqlite3.connect('a.db') as two:\n    pass",
            "con.isolation_level = None",
            "con.executescript('SELECT 1')",
            "con.execute('COMMIT')",
            "con.execute('END')",
            "run = con.execute\nrun('COMMIT')",
            "con.execute(input())",
            "import atexit\natexit.register(con.commit)",
            "con.commit()",
            "import pandas\nframe.to_sql('t', con)",
            "from mine import finish\nfinish(con)",
            "getattr(con, 'com' + 'mit')()",
            "for way in ('one', 'two'):\n    if way == 'two':\n        con.commit()",
            "con.execute('ALTER TABLE t ADD x')",
        ] {
            assert!(!undone(&format!("{DELETE}{other}\n{end}"), ""), "{other}");
        }
    }
}
