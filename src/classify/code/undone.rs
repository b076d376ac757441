//! Stretches of a code whose changed rows come back: a transaction that ends in a rollback, or in an exception that nobody catches inside.
//! It covers rows only: what a server does outside of transactions (files, buckets, most DROPs) stays a loss.

use super::index::{Given, Index, Part};
use super::tokens::{Language, Token};
use super::values::Reader;

/// A stretch that is rolled back.
#[derive(Debug)]
pub(super) struct Undone {
    part: Part,
    /// The transaction through which a call has to go.
    owner: Option<String>,
    /// How deep the rollback stands: a deeper one may not be reached.
    nest: u16,
    /// Nothing of it reaches a database at all: `DB::pretend`.
    pub whole: bool,
}

impl Undone {
    /// Nothing of the code is ever committed.
    pub const fn unsaved(index: &Index) -> Self {
        Self {
            part: Part::new(0, index.tokens.len()),
            owner: None,
            nest: 0,
            whole: false,
        }
    }

    /// Tells whether calls have to name the transaction.
    pub const fn is_named(&self) -> bool {
        self.owner.is_some()
    }

    /// Tells whether the call at this place is rolled back.
    pub fn covers(&self, index: &Index, at: usize) -> bool {
        if !(self.part.from..self.part.to).contains(&at) || index.nest(at) < self.nest {
            return false;
        }
        let Some(owner) = &self.owner else {
            return true;
        };
        let to = index.after(at + 1).min(at + MAX_CALL);
        let says = |name: &str| {
            name == owner
                || name
                    .strip_prefix(owner.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        (index.chain(at)..to)
            .filter_map(|at| index.name(at))
            .any(says)
    }
}

/// Tokens of one call that are looked at.
const MAX_CALL: usize = 400;
/// Transactions of one code.
const MAX_PARTS: usize = 40;
/// Ways to another database than the one that the transaction is on.
const ELSEWHERE: [&str; 11] = [
    "redis",
    "Redis",
    "connects_to",
    "connected_to",
    "establish_connection",
    ".using(",
    "using=",
    "connection('",
    "connection(\"",
    "dblink",
    "AUTONOMOUS_TRANSACTION",
];

/// Returns the stretches of a code that are rolled back.
pub(super) fn parts(reader: &Reader<'_>, text: &str) -> Vec<Undone> {
    let index = reader.index;
    let words = [
        "ollback", "ollBack", "OLLBACK", "abort", "raise", "throw", "pretend",
    ];
    if !words.iter().any(|word| text.contains(word))
        || ELSEWHERE.iter().any(|word| text.contains(word))
    {
        return Vec::new();
    }
    if commits_by_itself(text) || defines_things(index, text) || connections(index) > 1 {
        return Vec::new();
    }
    let mut all = Vec::new();
    for at in 0..index.main_end() {
        if all.len() >= MAX_PARTS {
            break;
        }
        let Some(name) = index.name(at) else { continue };
        all.extend(match index.language {
            Language::Python if name == "with" => {
                with_block(reader, text, at).or_else(|| connection_block(reader, text, at))
            }
            Language::Ruby if last_of(name) == "transaction" => {
                ruby_block(index, at).or_else(|| elixir_block(index, at))
            }
            Language::Php | Language::Javascript => callback(index, name, at),
            _ => None,
        });
        all.extend(ended(index, name, text, at));
        all.extend(spoken(index, name, text, at));
    }
    all
}

/// Tells whether statements are committed one by one, as far as the text says.
fn commits_by_itself(text: &str) -> bool {
    let mut bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    bare.make_ascii_lowercase();
    for off in [
        "autocommit=>0",
        "autocommit=false",
        "autocommit(false)",
        "autocommit:false",
    ] {
        bare = bare.replace(off, "");
    }
    bare.contains("autocommit")
}

/// Statements that end a transaction by themselves, everywhere but in PostgreSQL and SQLite.
fn defines_things(index: &Index, text: &str) -> bool {
    const VERBS: [&str; 11] = [
        "create ",
        "alter ",
        "drop ",
        "truncate ",
        "rename ",
        "grant ",
        "revoke ",
        "lock ",
        "analyze ",
        "optimize ",
        "call ",
    ];
    const KEEPS: [&str; 11] = [
        "psycopg",
        "sqlite",
        "SQLite",
        "dbi:Pg",
        "asyncpg",
        "pg8000",
        "\"pg\"",
        "'pg'",
        "pgsql:",
        "pg_connect",
        "PG.connect",
    ];
    if KEEPS.iter().any(|word| text.contains(word)) {
        return false;
    }
    index.tokens.iter().any(|token| match token {
        Token::Text { text, .. } => {
            let head: String = text.trim_start().chars().take(10).collect();
            let head = head.to_ascii_lowercase();
            VERBS.iter().any(|verb| head.starts_with(verb))
        }
        Token::Name { name, .. } => name.starts_with("Schema.") || last_of(name) == "truncate",
        _ => false,
    })
}

/// Counts the calls that connect.
fn connections(index: &Index) -> usize {
    let connects = |name: &str| {
        matches!(
            last_of(name),
            "connect" | "create_engine" | "createConnection" | "PDO" | "DataSource"
        )
    };
    let calls = (0..index.main_end()).filter(|at| index.is_sign(at + 1, '('));
    calls
        .filter_map(|at| index.name(at))
        .filter(|name| connects(name))
        .count()
}

/// Tells whether something in a stretch commits, or leaves it before its end.
fn breaks_out(index: &Index, part: Part) -> bool {
    (part.from..part.to).any(|at| match index.token(at) {
        Some(Token::Name { name, .. }) => {
            let last = last_of(name).to_ascii_lowercase();
            last.contains("commit")
                || matches!(
                    last.as_str(),
                    "return"
                        | "break"
                        | "continue"
                        | "next"
                        | "rescue"
                        | "catch"
                        | "thread.new"
                        | "fork"
                )
        }
        Some(Token::Text { text, .. }) => text.to_ascii_lowercase().contains("commit"),
        _ => false,
    })
}

/// `with transaction.atomic(): … raise`, `… transaction.set_rollback(True)`, `with conn.transaction(force_rollback=True):`.
fn with_block(reader: &Reader<'_>, text: &str, at: usize) -> Option<Undone> {
    let index = reader.index;
    let colon = reader.colon(at)?;
    let indent = reader.indent(text, line_start(index, at))?;
    let opens = |name: &str| {
        matches!(
            last_of(name),
            "atomic" | "transaction" | "begin" | "begin_nested" | "in_transaction"
        )
    };
    let place =
        (at..colon).find(|at| index.name(*at).is_some_and(opens) && index.is_sign(*at + 1, '('))?;
    let body = reader.body(text, colon, indent);
    // `with transaction.atomic() if dry else nullcontext():`.
    if breaks_out(index, body) || (at..colon).any(|at| index.name(at) == Some("if")) {
        return None;
    }
    let forced = (at..colon)
        .any(|at| index.name(at) == Some("force_rollback") && index.name(at + 2) == Some("True"));
    let starts: Vec<usize> = (body.from..body.to)
        .filter(|at| {
            (*at == body.from || reader.begins(*at)) && index.token(*at) != Some(&Token::Line)
        })
        .collect();
    let level = starts.first().and_then(|at| reader.indent(text, *at));
    let same: Vec<usize> = starts
        .into_iter()
        .filter(|at| level.is_some() && reader.indent(text, *at) == level)
        .collect();
    let sets = |at: usize| {
        index
            .name(at)
            .is_some_and(|name| last_of(name) == "set_rollback")
            && index.name(at + 2) == Some("True")
            && index.is_sign(at + 3, ')')
    };
    let last = same.last().copied()?;
    let owners: Vec<&str> = (at..colon).filter_map(|at| index.name(at)).collect();
    let rolls = |name: &str| {
        let (owner, last) = name.rsplit_once('.').unwrap_or(("", name));
        last == "rollback"
            && owners.iter().any(|own| {
                *own == owner || own.rsplit_once('.').is_some_and(|(root, _)| root == owner)
            })
    };
    let ends = index
        .name(last)
        .is_some_and(|name| name == "raise" || rolls(name));
    // An inner block of the same kind that takes the rollback upon itself.
    let inner = (body.from..body.to).any(|at| index.name(at) == Some("with") && !forced);
    let _ = place;
    (forced || !inner && (ends || same.iter().any(|at| sets(*at)))).then_some(Undone {
        part: body,
        owner: None,
        nest: 0,
        whole: false,
    })
}

/// Returns the first token of the line of a statement: `async with` begins one word earlier.
fn line_start(index: &Index, at: usize) -> usize {
    match at.checked_sub(1) {
        Some(before) if index.name(before) == Some("async") => before,
        _ => at,
    }
}

/// `ActiveRecord::Base.transaction do … raise ActiveRecord::Rollback end`.
fn ruby_block(index: &Index, at: usize) -> Option<Undone> {
    let all = (0..index.main_end()).filter_map(|at| index.name(at));
    let opened = all
        .filter(|name| matches!(last_of(name), "transaction" | "with_lock"))
        .count();
    let behind = if index.is_sign(at + 1, '(') {
        index.after(at + 1)
    } else {
        at + 1
    };
    let body = if index.is_sign(behind, '{') {
        index.inside(behind)?
    } else if index.name(behind) == Some("do") {
        Part::new(behind + 1, ruby_end(index, behind)?)
    } else {
        return None;
    };
    // An inner transaction joins the outer one, which commits.
    let last = last_statement(index, body)?;
    let raises = index.name(last) == Some("raise")
        && !(last..body.to).any(|at| matches!(index.name(at), Some("if" | "unless")));
    (opened == 1 && raises && !breaks_out(index, body)).then_some(Undone {
        part: body,
        owner: None,
        nest: 0,
        whole: false,
    })
}

/// `Repo.transaction(fn -> … Repo.rollback(:dry_run) end)` of Ecto.
fn elixir_block(index: &Index, at: usize) -> Option<Undone> {
    let inside = index
        .inside(at + 1)
        .filter(|_| index.is_sign(at + 1, '('))?;
    if index.name(inside.from) != Some("fn") {
        return None;
    }
    let end = (inside.from..inside.to)
        .rev()
        .find(|at| index.name(*at) == Some("end"))?;
    let body = Part::new(inside.from + 1, end);
    let last = last_statement(index, body)?;
    let names = |part: Part, words: &[&str]| {
        let all = (part.from..part.to).filter_map(|at| index.name(at));
        all.filter(|name| words.contains(name)).count()
    };
    let before = Part::new(body.from, last);
    let outermost = names(before, &["do", "fn"]) == names(before, &["end"]);
    let rolls = index
        .name(last)
        .is_some_and(|name| name.ends_with("Repo.rollback"));
    (rolls && outermost && !breaks_out(index, body)).then_some(Undone {
        part: body,
        owner: None,
        nest: 0,
        whole: false,
    })
}

/// Returns the `end` that belongs to a `do`.
fn ruby_end(index: &Index, from: usize) -> Option<usize> {
    let begins = |at: usize| {
        let before = at.checked_sub(1);
        before.is_none_or(|before| {
            matches!(
                index.token(before),
                Some(Token::Line | Token::Sign(';' | '=' | '{' | '|' | '('))
            )
        })
    };
    let mut depth = 0_usize;
    for at in from..index.main_end() {
        match index.name(at) {
            Some("do") => depth += 1,
            Some("if" | "unless" | "case" | "begin" | "def" | "class" | "module") if begins(at) => {
                depth += 1
            }
            // The `do` of a loop's head counts for it.
            Some("while" | "until" | "for") if begins(at) => return None,
            Some("end") => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns where the last statement of a block begins, brackets taken whole.
fn last_statement(index: &Index, body: Part) -> Option<usize> {
    let mut at = body.from;
    let mut start = None;
    let mut fresh = true;
    while at < body.to {
        match index.token(at) {
            Some(Token::Line | Token::Sign(';' | '}')) => fresh = true,
            Some(_) if fresh => {
                start = Some(at);
                fresh = false;
            }
            _ => {}
        }
        at = index.after(at);
    }
    start
}

/// `DB::transaction(function () { … throw …; })`, `knex.transaction(async (trx) => { …; throw … })`, `DB::pretend(…)`.
fn callback(index: &Index, name: &str, at: usize) -> Option<Undone> {
    let inside = index
        .inside(at + 1)
        .filter(|_| index.is_sign(at + 1, '('))?;
    let php = index.language == Language::Php;
    if php && name == "DB.pretend" {
        return Some(Undone {
            part: inside,
            owner: None,
            nest: 0,
            whole: true,
        });
    }
    if !matches!(last_of(name), "transaction" | "$transaction") || php && name != "DB.transaction" {
        return None;
    }
    let close = (inside.from..inside.to)
        .rev()
        .find(|at| index.is_sign(*at, '}'))?;
    let open = index.pair(close)?;
    let body = index.inside(open)?;
    let owner = match php {
        true => None,
        false => Some(index.block_name(at + 1)?.0),
    };
    let last = last_statement(index, body)?;
    let ends = |name: &str| {
        let through = owner
            .as_ref()
            .is_some_and(|owner| name.strip_prefix(owner.as_str()) == Some(".rollback"));
        name == "throw" || through
    };
    let word = match index.name(last) {
        Some("await" | "return") => index.name(last + 1),
        word => word,
    };
    let left = breaks_out(index, Part::new(body.from, last));
    (word.is_some_and(ends) && !left).then_some(Undone {
        part: body,
        owner,
        nest: 0,
        whole: false,
    })
}

/// A call that rolls back what stands before it, in a code that nowhere commits.
fn ended(index: &Index, name: &str, text: &str, at: usize) -> Option<Undone> {
    let (owner, last) = name.rsplit_once('.')?;
    let called =
        index.is_sign(at + 1, '(') || matches!(index.language, Language::Perl | Language::Ruby);
    let rolls = matches!(
        last,
        "rollback"
            | "rollBack"
            | "rollbackTransaction"
            | "rollback_transaction"
            | "rollback_db_transaction"
            | "abortTransaction"
            | "abort_transaction"
    );
    let lower = text.to_ascii_lowercase().replace("autocommit", "");
    if !rolls || !called || lower.contains("commit") {
        return None;
    }
    let from = match index.language {
        Language::Python => python_begin(index, owner, last, text, at)?,
        Language::Perl => {
            let off = text.contains("AutoCommit");
            if off {
                0
            } else {
                opened(index, owner, &["begin_work"], at)?
            }
        }
        Language::Php => opened(index, owner, &["beginTransaction", "begin_transaction"], at)?,
        Language::Ruby => opened(
            index,
            owner,
            &["begin_transaction", "begin_db_transaction"],
            at,
        )?,
        Language::Javascript => script_begin(index, owner, at)?,
        _ => return None,
    };
    let models = owner == "DB" || owner == "transaction" || index.language == Language::Ruby;
    Some(Undone {
        part: Part::new(from, at),
        owner: (!models).then(|| owner.to_owned()),
        nest: index.nest(at),
        whole: false,
    })
}

/// `client.query("BEGIN") … client.query("ROLLBACK")` on one connection; of a pool each statement may get another one.
fn spoken(index: &Index, name: &str, text: &str, at: usize) -> Option<Undone> {
    const ASKS: [&str; 6] = ["query", "execute", "exec", "run", "raw", "unsafe"];
    let (owner, last) = name.rsplit_once('.')?;
    let says = |at: usize, verbs: &[&str]| match index.token(at + 2) {
        Some(Token::Text { text, .. }) if index.is_sign(at + 1, '(') => {
            let text = text.trim().trim_end_matches(';').to_ascii_lowercase();
            verbs.contains(&text.as_str())
        }
        _ => false,
    };
    let lower = text.to_ascii_lowercase().replace("autocommit", "");
    let several = lower.contains("pool") || lower.contains("commit");
    if !ASKS.contains(&last) || !says(at, &["rollback", "rollback transaction"]) || several {
        return None;
    }
    let begins = ["begin", "begin transaction", "start transaction"];
    let from = (0..at).rev().find(|from| {
        index.name(*from) == Some(name)
            && says(*from, &begins)
            && index.nest(*from) == index.nest(at)
            && index.comes_behind(*from, at)
            && index.is_plain(at)
    })?;
    Some(Undone {
        part: Part::new(from, at),
        owner: Some(owner.to_owned()),
        nest: index.nest(at),
        whole: false,
    })
}

/// Sessions of SQLAlchemy begin by themselves; Django has to be told to.
fn python_begin(index: &Index, owner: &str, last: &str, text: &str, at: usize) -> Option<usize> {
    if last == "abort_transaction" {
        return opened(index, owner, &["start_transaction"], at);
    }
    if owner == "transaction" {
        return opened(index, owner, &["set_autocommit"], at);
    }
    // What `begin` opens commits at its end, unless its own name is rolled back.
    let given = |wanted: &dyn Fn(&str) -> bool| {
        index
            .bindings(owner)
            .iter()
            .any(|binding| match binding.given {
                Given::Is(part, _) => {
                    let mut names = (part.from..part.to).filter_map(|at| index.name(at));
                    names.any(wanted)
                }
                _ => false,
            })
    };
    let makes = |name: &str| {
        last_of(name).ends_with("Session")
            || last_of(name).contains("SessionLocal")
            || last_of(name).ends_with("session_factory")
    };
    // A handler is not reached where all goes well.
    let handled = (0..at).any(|at| index.name(at) == Some("except"));
    if handled || text.contains("begin(") || text.contains("begin_nested(") {
        return None;
    }
    let session = last_of(owner).to_ascii_lowercase().ends_with("session") || given(&makes);
    session.then_some(0)
}

/// Calls that open a connection which begins a transaction by itself.
const DRIVERS: [&str; 8] = [
    "psycopg.connect",
    "psycopg2.connect",
    "sqlite3.connect",
    "pymysql.connect",
    "MySQLdb.connect",
    "mysql.connector.connect",
    "oracledb.connect",
    "pyodbc.connect",
];
/// Words with which changes are kept in another way, or are made where the block does not say so.
const KEPT: [&str; 8] = [
    "isolation_level",
    "executescript",
    "set_session",
    "dblink",
    "transaction(",
    "commit",
    "yield",
    "await",
];

/// `with psycopg.connect(…) as c: … c.rollback()`: the block keeps only what comes behind.
fn connection_block(reader: &Reader<'_>, text: &str, at: usize) -> Option<Undone> {
    let index = reader.index;
    let indent = reader.indent(text, at)?;
    let lower = text.to_ascii_lowercase().replace("autocommit=false", "");
    let opens = index
        .name(at + 1)
        .is_some_and(|name| DRIVERS.contains(&name))
        && index.is_sign(at + 2, '(');
    let behind = index.after(at + 2);
    if !opens || index.name(behind) != Some("as") || KEPT.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let owner = index.name(behind + 1)?;
    let colon = reader.colon(at).filter(|colon| *colon == behind + 2)?;
    let body = reader.body(text, colon, indent);
    let starts = |at: &usize| reader.begins(*at) && index.token(*at) != Some(&Token::Line);
    let level = (body.from..body.to)
        .find(starts)
        .and_then(|at| reader.indent(text, at))?;
    let ends = (body.from..body.to).filter(starts).find(|at| {
        let name = index.name(*at).and_then(|name| name.rsplit_once('.'));
        name == Some((owner, "rollback"))
            && index.is_sign(at + 1, '(')
            && reader.indent(text, *at) == Some(level)
    })?;
    let part = Part::new(body.from, ends);
    let inner = (part.from..part.to).filter_map(|at| index.name(at));
    let turns = ["with", "def", "class", "lambda", "try"];
    let straight = !inner.into_iter().any(|name| turns.contains(&name));
    (straight && !breaks_out(index, part)).then_some(Undone {
        part,
        owner: None,
        nest: 0,
        whole: false,
    })
}

/// Returns where a transaction is opened on the same owner, on the same level.
fn opened(index: &Index, owner: &str, verbs: &[&str], to: usize) -> Option<usize> {
    (0..to).rev().find(|at| {
        let name = index.name(*at).and_then(|name| name.rsplit_once('.'));
        name.is_some_and(|(own, last)| own == owner && verbs.contains(&last))
            && index.nest(*at) == index.nest(to)
            // Both run, or neither: not each under a condition of its own.
            && index.comes_behind(*at, to)
            && index.is_plain(to)
    })
}

/// `const trx = await knex.transaction()`, `qr.startTransaction()`.
fn script_begin(index: &Index, owner: &str, to: usize) -> Option<usize> {
    let begun = index
        .bindings(owner)
        .iter()
        .find_map(|binding| match binding.given {
            Given::Is(part, _) => {
                let mut names = (part.from..part.to).filter_map(|at| index.name(at));
                let opens =
                    names.any(|name| matches!(last_of(name), "transaction" | "startTransaction"));
                (opens && binding.at < to && index.nest(binding.at) == index.nest(to))
                    .then_some(binding.at)
            }
            _ => None,
        });
    begun.or_else(|| opened(index, owner, &["startTransaction"], to))
}

fn last_of(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
