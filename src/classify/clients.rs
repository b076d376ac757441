//! Reads the command lines of SQL clients: which SQL they run, in which dialect, against which server.
//! It judges no SQL and asks nothing of the world.

mod forms;
mod http;
mod script;

use crate::model::command::{Command, Stdin};
use crate::model::effect::Dialect;
use crate::model::target::TargetKind;
use crate::model::word::Word;
use crate::sql::client::{Client, Variables};

use super::sql::options::{self, Options};
use super::sql::reach::Server;
use forms::{Form, MAIN, OTHERS, Operands};

/// Where a client gets SQL from, in the order in which it runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A word of the command line.
    Words(Word),
    /// A file, by the name that the client opens.
    File(Word),
    /// A file that the shell opens for the client's standard input.
    Redirected(Word),
    /// Standard input with unknown content; names the program that writes it.
    Unknown(String),
}

/// What a client's statements act on.
#[derive(Clone, Debug)]
pub(super) enum Base {
    Postgres(Server),
    /// A file; nothing means in memory.
    Sqlite(Option<Word>),
    Other {
        kind: TargetKind,
        port: &'static str,
        server: Server,
    },
}

/// One start of a SQL client.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub client: Client,
    pub dialect: Dialect,
    pub base: Base,
    pub inputs: Vec<Input>,
    pub variables: Variables,
    /// The client opens the database for reading only.
    pub read_only: bool,
    /// The client commits what is open at its end.
    pub commits: bool,
    /// The program that gets what the client prints.
    pub pipe: Option<Word>,
}

/// Returns the form of a command line, with its words behind the subcommand.
fn form(command: &Command) -> Option<(&'static Form, &[Word])> {
    let program = command.program()?;
    let program = program.strip_suffix(".exe").unwrap_or(&program);
    MAIN.iter()
        .chain(OTHERS)
        .filter(|form| form.names.contains(&program))
        .find_map(|form| {
            let mut words = command.args();
            for step in form.path {
                let at = words
                    .iter()
                    .position(|word| word.text().as_deref() == Some(step))?;
                words = words.get(at + 1..)?;
            }
            // `neonctl connection-string --psql -- -c SQL`: what stands behind is psql's own.
            if let [dash, own, ..] = words
                && !form.path.is_empty()
                && dash.text().as_deref() == Some("--")
                && own.prefix().starts_with('-')
            {
                words = words.get(1..)?;
            }
            Some((form, words))
        })
}

/// Returns the words without options that take a value elsewhere, and here stand in front of one that brings SQL:
/// clients of one name differ (`sqlcmd -b`, `impala-shell -p`), and no value is the name of such an option.
fn without_bare(words: &[Word], form: &Form) -> Vec<Word> {
    let brings = |word: &Word| {
        let text = word.text().unwrap_or_default();
        form.sql.contains(&text.as_str()) || form.files.contains(&text.as_str())
    };
    let takes = |word: &Word| {
        word.text()
            .is_some_and(|text| form.valued.contains(&text.as_str()))
    };
    let kept = words.iter().enumerate().filter(|(at, word)| {
        let next = words.get(at + 1);
        // The value of another option may have such a name.
        let is_value = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(takes);
        is_value || !(takes(word) && next.is_some_and(brings))
    });
    kept.map(|(_, word)| word.clone()).collect()
}

/// Reads the command line of a SQL client; nothing for other programs, and for calls that run no SQL.
pub(super) fn read(command: &Command) -> Option<Call> {
    let Some((form, words)) = form(command) else {
        return http::read(command);
    };
    let valued: Vec<&str> = [form.sql, form.files, form.valued, form.host, form.database].concat();
    let words = without_bare(words, form);
    let options = options::read(&words, form.style, &valued);
    if options.has(form.idle) || form.idle.iter().any(|idle| is_set(idle, &options)) {
        return None;
    }
    if is_of_memory(form, &options) {
        return None;
    }
    let listed = listed_inputs(form, &options);
    let mut inputs = listed.unwrap_or_else(|| given_inputs(form, &options));
    if form.names.contains(&"mysqlsh") && !options.has(&["--sql", "--sqlc", "--sqlx"]) {
        for input in &mut inputs {
            if let Input::Words(word) = input {
                *word = script::sql(word);
            }
        }
    }
    let from_operands = operand_inputs(form, &options);
    // What MySQL is told to begin with does not keep it from its standard input.
    let begins = form.client == Client::Mysql && !options.has(&["-e", "--execute"]);
    let reads_stdin = inputs
        .iter()
        .all(|input| begins || matches!(input, Input::File(_)) && form.client == Client::Sqlite)
        && from_operands.is_empty();
    let runs_after_init = form.client == Client::Sqlite;
    inputs.extend(from_operands);
    let dash = inputs.iter().position(|input| {
        matches!(input, Input::File(word) if matches!(word.text().as_deref(), Some("-" | "/dev/stdin")))
    });
    if let Some(at) = dash {
        inputs.splice(at..=at, stdin(command));
    } else if reads_stdin || (runs_after_init && options.operands.len() <= 1) {
        inputs.extend(stdin(command));
    }
    let read_only = form.client == Client::Sqlite
        && (options.has(&["-readonly"]) || opens_for_reading(&options.operands, &inputs));
    Some(Call {
        client: form.client,
        dialect: form.dialect,
        base: base(form, &options),
        inputs,
        variables: variables(&options, form),
        read_only,
        commits: options
            .options
            .iter()
            .any(|(name, _)| name == "-1" || name.starts_with("--si")),
        pipe: pipe(&options, form),
    })
}

/// `sqlite-utils memory people.csv SQL`: the files are read into a database in memory, unless another one is attached.
fn is_of_memory(form: &Form, options: &Options) -> bool {
    let attaches = |word: &Word| {
        word.text()
            .is_none_or(|text| text.to_ascii_lowercase().contains("attach"))
    };
    let first = options.operands.first().and_then(Word::text);
    form.names.contains(&"sqlite-utils")
        && first.as_deref() == Some("memory")
        && !options.has(&["-attach", "-functions", "-load-extension"])
        && !options.operands.iter().any(attaches)
}

/// Tells whether the database is `file:x.db?mode=ro`, and the texts are known and open no other one.
fn opens_for_reading(operands: &[Word], inputs: &[Input]) -> bool {
    let reads = |word: &Word| {
        let text = word.text().unwrap_or_default();
        let modes: Vec<&str> = text
            .strip_prefix("file:")
            .and_then(|uri| uri.split_once('?'))
            .map(|(_, query)| {
                query
                    .split('&')
                    .filter(|part| part.starts_with("mode="))
                    .collect()
            })
            .unwrap_or_default();
        modes == ["mode=ro"]
    };
    let stays = |input: &Input| match input {
        Input::Words(word) => word.text().is_some_and(|text| {
            let text = text.to_ascii_lowercase();
            !text.contains("attach") && !text.trim_start().starts_with('.')
        }),
        _ => false,
    };
    operands.first().is_some_and(reads) && inputs.iter().all(stays)
}

fn given_inputs(form: &Form, options: &Options) -> Vec<Input> {
    options
        .options
        .iter()
        .filter_map(|(name, value)| {
            let value = value.clone()?;
            if form.sql.contains(&name.as_str()) {
                Some(Input::Words(value))
            } else if form.files.contains(&name.as_str()) {
                Some(Input::File(value))
            } else {
                None
            }
        })
        .collect()
}

fn operand_inputs(form: &Form, options: &Options) -> Vec<Input> {
    let skip = match form.operands {
        Operands::Sql => 0,
        Operands::FileThenSql | Operands::DatabaseThenSql => 1,
        Operands::Database | Operands::Host => usize::MAX,
    };
    // `db2 drop database shop`: its words are one statement.
    if form.names.contains(&"db2") && options.operands.len() > 1 {
        let blank = |word: &Word| Word::literal(" ", word.origin.clone()).pieces;
        let mut whole = options.operands.first().cloned();
        if let Some(whole) = &mut whole {
            for word in options.operands.iter().skip(1) {
                whole.pieces.extend(blank(word));
                whole.pieces.extend(word.pieces.iter().cloned());
            }
        }
        return whole.map(Input::Words).into_iter().collect();
    }
    let mut inputs: Vec<Input> = options
        .operands
        .iter()
        .skip(skip)
        .cloned()
        .map(Input::Words)
        .collect();
    if form.dialect == Dialect::Oracle {
        let scripts = options
            .operands
            .iter()
            .filter(|word| word.prefix().starts_with('@'));
        inputs.extend(scripts.map(|word| Input::File(with_ending(options::tail(word, 1)))));
    }
    inputs
}

/// sqlplus gives a script's name `.sql` where it has no ending.
fn with_ending(mut word: Word) -> Word {
    let name = word.text().unwrap_or_default();
    let bare = name
        .rsplit('/')
        .next()
        .is_some_and(|last| !last.contains('.'));
    if bare && !name.is_empty() {
        let end = Word::literal(".sql", word.origin.clone());
        word.pieces.extend(end.pieces);
    }
    word
}

/// What the client reads on its standard input.
fn stdin(command: &Command) -> Option<Input> {
    match &command.stdin {
        Stdin::Inherited | Stdin::Null => None,
        Stdin::Text(word) => Some(Input::Words(word.clone())),
        Stdin::File(word) => Some(Input::Redirected(word.clone())),
        Stdin::Opaque { from } => Some(Input::Unknown(from.clone())),
    }
}

fn base(form: &Form, options: &Options) -> Base {
    let first = options.operands.first().cloned();
    let database = options.value(form.database).cloned();
    let by_operand = matches!(
        form.operands,
        Operands::Database | Operands::DatabaseThenSql
    );
    let server = Server {
        host: match form.operands {
            Operands::Host => first.clone(),
            _ => options.value(form.host).cloned(),
        },
        port: options.value(&["--port", "-P"]).cloned(),
        user: options
            .value(&["-U", "--username", "-u", "--user"])
            .cloned()
            .or_else(|| {
                options
                    .operands
                    .get(1)
                    .cloned()
                    .filter(|_| form.kind == TargetKind::Postgres)
            }),
        database: database.clone().or(first.clone().filter(|_| by_operand)),
        socket: options.value(&["-S", "--socket"]).cloned(),
    };
    match form.kind {
        TargetKind::Postgres => {
            // `psql -d shop alice`: the first operand is the user then.
            let user = match (&database, &first) {
                (Some(_), Some(user)) => Some(user.clone()),
                _ => None,
            };
            Base::Postgres(Server {
                user: options
                    .value(&["-U", "--username", "-u", "--user"])
                    .cloned()
                    .or(user)
                    .or(server.user),
                port: options.value(&["-p", "--port"]).cloned(),
                ..server
            })
        }
        TargetKind::Sqlite => Base::Sqlite(first),
        kind => Base::Other {
            kind,
            port: form.port,
            server: if form.operands == Operands::FileThenSql {
                Server {
                    database: first,
                    ..Server::default()
                }
            } else {
                server
            },
        },
    }
}

/// `--query-mode=PLAN`: an option with the value under which nothing runs.
fn is_set(idle: &str, options: &Options) -> bool {
    let Some((name, value)) = idle.split_once('=') else {
        return false;
    };
    let given = options.value(&[name]).and_then(Word::text);
    given.is_some_and(|given| given.eq_ignore_ascii_case(value))
}

/// Options of aws that take several values: the words behind the first are statements as well.
const LISTS: [&str; 3] = ["--sqls", "--statements", "--transact-statements"];

/// Returns what an option with several values, or with JSON, says: each statement as an input of its own.
fn listed_inputs(form: &Form, options: &Options) -> Option<Vec<Input>> {
    let name = form.sql.iter().find(|name| LISTS.contains(name))?;
    let first = options.value(&[name])?;
    let all = [first].into_iter().chain(options.operands.iter());
    let inputs = all.flat_map(|word| match word.text() {
        Some(text) if text.trim_start().starts_with(['[', '{']) => {
            let statements = http::statements(&text);
            let named = |text: String| Input::Words(Word::literal(text, word.origin.clone()));
            statements.into_iter().map(named).collect()
        }
        _ => vec![Input::Words(word.clone())],
    });
    Some(inputs.collect())
}

/// `psql -o '|program'`.
fn pipe(options: &Options, form: &Form) -> Option<Word> {
    let word = options.value(&["-o", "--output"])?;
    let piped = form.client == Client::Psql && word.prefix().starts_with('|');
    piped.then(|| options::tail(word, 1))
}

/// psql's and sqlcmd's `-v name=value`.
fn variables(options: &Options, form: &Form) -> Variables {
    let mut all = Variables::new();
    if !matches!(form.client, Client::Psql | Client::Sqlcmd) {
        return all;
    }
    for (name, value) in &options.options {
        let Some(word) = value else {
            continue;
        };
        if matches!(name.as_str(), "-v" | "--set" | "--variable") {
            let text = word.text().unwrap_or_else(|| {
                let name = word.prefix();
                let name = name.split('=').next().unwrap_or_default().to_owned();
                format!("{name}={}", crate::sql::HOLE)
            });
            if let Some((name, value)) = text.split_once('=') {
                // sqlcmd does not tell cases apart.
                let name = match form.client {
                    Client::Sqlcmd => name.to_lowercase(),
                    _ => name.to_owned(),
                };
                all.insert(name, value.to_owned());
            }
        }
    }
    all
}
