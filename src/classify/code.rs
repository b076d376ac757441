//! Code of scripting languages, inline or in a script: SQL that it sends, files that it deletes, shells that it starts.
//! It reads strings and calls by name, and follows no control flow and no library.

mod tokens;

use crate::model::command::{Command, Cwd, Stdin};
use crate::model::effect::Dialect;
use crate::model::fact::{Answer, Needs, Question};
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::span::{Origin, Span};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;
use crate::sql::{self, HOLE};

use super::Context;
use super::sql::reach::{self, Place, Reading, Server};
use super::sql::source::Source;
use super::sql::{Located, Started, judged};
use tokens::{Language, Token};

/// Interpreters: names, language, options that carry code.
const INTERPRETERS: &[(&[&str], Language, &[&str])] = &[
    (
        &["python", "python2", "python3", "pypy", "pypy3", "ipython"],
        Language::Python,
        &["-c"],
    ),
    (
        &["node", "nodejs", "bun", "deno", "tsx", "ts-node"],
        Language::Javascript,
        &["-e", "--eval", "-p", "--print", "-pe", "eval"],
    ),
    (&["ruby", "irb"], Language::Ruby, &["-e"]),
    (
        &["perl"],
        Language::Perl,
        &["-e", "-E", "-ne", "-pe", "-le", "-lne", "-we"],
    ),
    (&["php"], Language::Php, &["-r"]),
    (&["lua", "luajit"], Language::Lua, &["-e"]),
];

/// Calls whose first argument is SQL, by the last part of their name.
const EXECUTES: [&str; 17] = [
    "execute",
    "executemany",
    "executescript",
    "execute_sql",
    "exec_query",
    "exec_driver_sql",
    "mysqli_query",
    "pg_query",
    "$executeRawUnsafe",
    "$executeRaw",
    "$queryRawUnsafe",
    "$queryRaw",
    "execute_batch",
    "executeSql",
    "exec_params",
    "exec_update",
    "exec_delete",
];
/// The same names mean other things too: their strings must be SQL to the last word.
const PERHAPS: [&str; 14] = [
    "exec",
    "query",
    "raw",
    "run",
    "do",
    "text",
    "sql",
    "prepare",
    "read_sql",
    "unsafe",
    "all",
    "command",
    "multi_query",
    "statement",
];
/// Calls that delete a file, and calls that delete a tree.
const FILES: [&str; 13] = [
    "os.remove",
    "os.unlink",
    "fs.unlink",
    "fs.unlinkSync",
    "fs.promises.unlink",
    "fsPromises.unlink",
    "File.delete",
    "File.unlink",
    "FileUtils.rm",
    "FileUtils.rm_f",
    "unlink",
    ".unlink",
    ".unlinkSync",
];
const TREES: [&str; 30] = [
    "shutil.rmtree",
    "rmtree",
    "remove_tree",
    "fs.rm",
    "fs.rmSync",
    "fs.promises.rm",
    "fsPromises.rm",
    ".rmSync",
    "fs.rmdirSync",
    "fs.removeSync",
    "fs.remove",
    "fse.remove",
    "fse.removeSync",
    "fs.emptyDirSync",
    "fse.emptyDirSync",
    "rimraf",
    "rimraf.sync",
    "rimrafSync",
    "rmSync",
    "Deno.remove",
    "Deno.removeSync",
    "FileUtils.rm_rf",
    "FileUtils.rm_r",
    "FileUtils.rmtree",
    "FileUtils.remove_dir",
    "FileUtils.remove_entry",
    "FileUtils.remove_entry_secure",
    "File.Path.rmtree",
    "File.Path.remove_tree",
    "del.sync",
];
/// Calls that start a shell or a program.
const SHELLS: [&str; 34] = [
    "os.system",
    "os.popen",
    "subprocess.run",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
    "subprocess.Popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "pty.spawn",
    "child_process.exec",
    "child_process.execSync",
    "child_process.spawn",
    "child_process.spawnSync",
    "child_process.execFile",
    "child_process.execFileSync",
    ".execSync",
    ".spawnSync",
    ".execFileSync",
    "execSync",
    "spawnSync",
    "execFileSync",
    ".exec",
    ".spawn",
    "Bun.spawn",
    "Bun.spawnSync",
    "system",
    "shell_exec",
    "passthru",
    "popen",
    "proc_open",
    "IO.popen",
    "Open3.capture2",
    "os.execute",
];

/// A code text with what is known about it.
struct Code {
    source: Source,
    language: Language,
    /// Written on the command line or its standard input, not in a script file.
    inline: bool,
}

/// What a code does, as far as its calls show.
#[derive(Default)]
struct Deeds {
    /// SQL texts; the flag is set when a text only may be SQL.
    sql: Vec<(String, Span, bool)>,
    shells: Vec<(String, Span)>,
    /// Deletions of paths that are no literals.
    unknown: Vec<Span>,
    /// First strings of calls that connect.
    connections: Vec<String>,
}

/// Returns the losses that inline code or a script would cause through SQL, and deletions of unknown paths.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let Some(code) = code(command, context, needs) else {
        return Vec::new();
    };
    let deeds = deeds(&code);
    let dialect = dialect(&code.source.text);
    let mut raw = Vec::new();
    for (text, span, perhaps) in &deeds.sql {
        let losses = if *perhaps {
            sql::losses_in_prose(text, dialect)
        } else {
            sql::losses(text, dialect)
        };
        raw.extend(
            losses
                .into_iter()
                .filter(|loss| !loss.created)
                .map(|loss| (loss, *span)),
        );
    }
    let mut all = Vec::new();
    if !raw.is_empty() {
        let place = place(&deeds, command, context, needs);
        let located = raw
            .into_iter()
            .map(|(loss, span)| Located {
                loss,
                place: place.clone(),
                origin: code.source.origin(span, &command.origin),
                said: None,
            })
            .collect();
        all = judged(located, command, context, needs);
    }
    let scratch = [
        "tempfile",
        "mkdtemp",
        "tmpdir",
        "TemporaryDirectory",
        "mktmpdir",
    ];
    if code.inline && !scratch.iter().any(|word| code.source.text.contains(word)) {
        all.extend(deeds.unknown.iter().map(|span| {
            let origin = code.source.origin(*span, &command.origin);
            unknown_deletion(&origin, command, context)
        }));
    }
    all
}

/// Returns the shell texts that stand for what the code starts or deletes; paths of deletions are written as `rm`.
pub fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let Some(code) = code(command, context, needs) else {
        return Vec::new();
    };
    deeds(&code)
        .shells
        .into_iter()
        .map(|(text, span)| Started {
            text,
            origin: code.source.origin(span, &command.origin),
        })
        .collect()
}

/// Finds the code that an interpreter would run.
fn code(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Code> {
    let program = command.program()?;
    let base = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    let (_, language, flags) = INTERPRETERS
        .iter()
        .find(|(names, ..)| names.contains(&base) || names.contains(&program.as_str()))?;
    let inline = |source: Source| Code {
        source,
        language: *language,
        inline: true,
    };
    let mut words = command.args().iter();
    let mut pieces: Option<Source> = None;
    while let Some(word) = words.next() {
        let text = word.prefix();
        if flags.contains(&text.as_str()) {
            let Some(value) = words.next() else {
                break;
            };
            match &mut pieces {
                Some(all) => all.join(&Source::of_word(value)),
                None => pieces = Some(Source::of_word(value)),
            }
            if *language == Language::Python {
                break;
            }
        } else if text == "-" {
            break;
        } else if !text.starts_with('-') && pieces.is_none() {
            return script(word, *language, command, context, needs);
        } else if *language == Language::Python
            && matches!(text.as_str(), "-m" | "-V" | "--version")
        {
            return None;
        }
    }
    pieces.map(inline).or_else(|| match &command.stdin {
        Stdin::Text(word) => Some(inline(Source::of_word(word))),
        _ => None,
    })
}

/// Reads a script file; subcommands and modules are no files that can be read.
fn script(
    word: &Word,
    language: Language,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Code> {
    const ENDINGS: [&str; 12] = [
        ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".rb", ".pl", ".php", ".lua", ".pyw", ".tsx",
    ];
    let name = word.text()?;
    if !command.is_here() || !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return None;
    }
    let path = match &command.cwd {
        Cwd::Known(folder) => reach::normal(&folder.join(&name)),
        Cwd::Temporary | Cwd::Unknown if name.starts_with('/') => name.into(),
        Cwd::Temporary | Cwd::Unknown => return None,
    };
    match context.facts.ask(Question::Text(path.clone()), needs) {
        Some(Answer::Text { text, .. }) => Some(Code {
            source: Source::of_file(&path, text),
            language,
            inline: false,
        }),
        _ => None,
    }
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

/// Returns the database that the code connects to, when its text says so.
fn place(deeds: &Deeds, command: &Command, context: &Context<'_>, needs: &mut Needs) -> Place {
    let nowhere = Place::nowhere(
        TargetKind::Database,
        "unknown",
        "the code does not say which database it connects to",
    );
    let [text] = deeds.connections.as_slice() else {
        return nowhere;
    };
    let mut reading = Reading {
        command,
        context,
        needs,
        implicit: false,
        unknown: false,
    };
    if text.starts_with("postgres") || text.contains("dbname=") {
        let server = Server {
            database: Some(Word::literal(text.clone(), command.origin.clone())),
            ..Server::default()
        };
        return reach::postgres(&server, &mut reading);
    }
    let file = text
        .strip_prefix("sqlite:///")
        .or_else(|| text.strip_prefix("sqlite:"))
        .unwrap_or(text);
    let is_file = [".db", ".sqlite", ".sqlite3", ".db3"]
        .iter()
        .any(|end| file.ends_with(end));
    if (is_file || text.starts_with("sqlite:") || file == ":memory:") && !file.contains(HOLE) {
        let word = Word::literal(file, command.origin.clone());
        let mut memory = nowhere;
        memory.scratch = Some("the database is kept in memory".to_owned());
        return reach::sqlite(&word, &mut reading).unwrap_or(memory);
    }
    nowhere
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
        command: command.shown(),
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

/// Reads the calls of a code.
fn deeds(code: &Code) -> Deeds {
    let tokens = tokens::cut(&code.source.text, code.language);
    let mut reader = Calls {
        tokens: &tokens,
        language: code.language,
        deeds: Deeds::default(),
        sends_variable: false,
    };
    for index in 0..tokens.len() {
        reader.token(index);
    }
    let mut deeds = reader.deeds;
    if reader.sends_variable {
        // The SQL stands in a variable: every string that is SQL to the last word may be it.
        for token in &tokens {
            if let Token::Text {
                text, start, end, ..
            } = token
            {
                deeds
                    .sql
                    .push((text.clone(), Span::new(*start, *end), true));
            }
        }
    }
    deeds
}

struct Calls<'a> {
    tokens: &'a [Token],
    language: Language,
    deeds: Deeds,
    sends_variable: bool,
}

/// Arguments longer than this are not read to their end.
const MAX_ARGUMENTS: usize = 400;

impl<'a> Calls<'a> {
    fn token(&mut self, index: usize) {
        match self.tokens.get(index) {
            Some(Token::Name { name, start }) => {
                let name = name.trim_end_matches('!').to_owned();
                self.call(&name, *start, index);
            }
            Some(Token::Text {
                text,
                quote: '`',
                start,
                end,
            }) if matches!(
                self.language,
                Language::Ruby | Language::Perl | Language::Php
            ) =>
            {
                self.shell(text, Span::new(*start, *end));
            }
            _ => {}
        }
    }

    fn call(&mut self, name: &str, start: usize, index: usize) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let sends = EXECUTES.contains(&last);
        let dotted = name.contains('.') || matches!(self.language, Language::Php);
        let perhaps = PERHAPS.contains(&last) && (dotted || matches!(last, "text" | "sql"));
        let deletes = FILES.contains(&name) || TREES.contains(&name);
        let starts = SHELLS.contains(&name) || name == "exec" && self.language != Language::Python;
        let connects = matches!(
            last,
            "connect"
                | "Database"
                | "create_engine"
                | "createConnection"
                | "Client"
                | "Pool"
                | "open"
                | "new"
                | "PDO"
        );
        if !(sends || perhaps || deletes || starts || connects) {
            return;
        }
        let Some(arguments) = self.arguments(index + 1) else {
            return;
        };
        let span = Span::new(start, self.end_of(arguments).max(start));
        let strings = self.strings(arguments);
        if sends || perhaps {
            self.sends(arguments, &strings, !sends);
        }
        if deletes {
            self.deletes(name, arguments, span);
        }
        if starts {
            self.starts(arguments, &strings, span);
        }
        if connects && let Some((text, _)) = strings.first() {
            self.deeds.connections.push(text.clone());
        }
    }

    /// Returns the tokens of a call's arguments: in parentheses, a template, or to the end of the line.
    fn arguments(&self, at: usize) -> Option<&'a [Token]> {
        match self.tokens.get(at)? {
            Token::Sign('(') => {
                let mut depth = 0_usize;
                for (offset, token) in self.tokens.iter().skip(at).take(MAX_ARGUMENTS).enumerate() {
                    match token {
                        Token::Sign('(') => depth += 1,
                        Token::Sign(')') => {
                            depth -= 1;
                            if depth == 0 {
                                return self.tokens.get(at + 1..at + offset);
                            }
                        }
                        _ => {}
                    }
                }
                self.tokens
                    .get(at + 1..(at + MAX_ARGUMENTS).min(self.tokens.len()))
            }
            Token::Text { quote: '`', .. } => self.tokens.get(at..=at),
            Token::Text { .. } | Token::Name { .. }
                if matches!(self.language, Language::Ruby | Language::Perl) =>
            {
                let rest = self.tokens.get(at..)?;
                let end = rest
                    .iter()
                    .take(MAX_ARGUMENTS)
                    .position(|token| matches!(token, Token::Line | Token::Sign(';' | '}')))
                    .unwrap_or(rest.len().min(MAX_ARGUMENTS));
                rest.get(..end)
            }
            _ => None,
        }
    }

    fn strings(&self, arguments: &[Token]) -> Vec<(String, Span)> {
        arguments
            .iter()
            .filter_map(|token| match token {
                Token::Text {
                    text, start, end, ..
                } => Some((text.clone(), Span::new(*start, *end))),
                _ => None,
            })
            .collect()
    }

    fn end_of(&self, arguments: &[Token]) -> usize {
        arguments
            .iter()
            .rev()
            .find_map(|token| match token {
                Token::Text { end, .. } => Some(*end),
                Token::Name { name, start } => Some(start + name.len()),
                _ => None,
            })
            .unwrap_or(0)
    }

    fn sends(&mut self, arguments: &[Token], strings: &[(String, Span)], perhaps: bool) {
        if matches!(arguments.first(), Some(Token::Name { .. })) && strings.is_empty() {
            self.sends_variable = true;
        }
        // Only the first string is SQL; the others are values.
        if let Some((text, span)) = strings.first() {
            self.deeds.sql.push((text.clone(), *span, perhaps));
        }
    }

    fn deletes(&mut self, name: &str, arguments: &[Token], span: Span) {
        let mut path = self.path(arguments);
        if arguments.is_empty() && name.starts_with('.') {
            path = None;
        }
        match path {
            Some(path) => {
                let flags = if TREES.contains(&name) { "-rf" } else { "-f" };
                let text = format!("rm {flags} -- {}", quoted(&path));
                self.deeds.shells.push((text, span));
            }
            None => self.deeds.unknown.push(span),
        }
    }

    /// Returns the path that the first argument spells out.
    fn path(&self, arguments: &[Token]) -> Option<String> {
        const JOINS: [&str; 8] = [
            "os.path.join",
            "path.join",
            "Path",
            "pathlib.Path",
            "str",
            "File.join",
            "os.path.abspath",
            "path.resolve",
        ];
        let mut parts = Vec::new();
        let mut depth = 0_usize;
        for token in arguments {
            match token {
                Token::Text { text, .. } => parts.push(text.clone()),
                Token::Name { name, .. } if JOINS.contains(&name.as_str()) => {}
                Token::Name { name, .. } if depth == 0 && !parts.is_empty() && !name.is_empty() => {
                    break;
                }
                Token::Name { name, .. } => parts.push(self.variable(name)?),
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth = depth.saturating_sub(1),
                Token::Sign(',') if depth == 0 => break,
                Token::Sign(',' | '/') | Token::Line => {}
                Token::Sign(_) => return None,
            }
        }
        let path = parts.join("/");
        (!path.is_empty() && !path.contains(HOLE)).then_some(path)
    }

    /// Returns the literal that the code gives to a name, when it gives one only once.
    fn variable(&self, wanted: &str) -> Option<String> {
        let mut values = self.tokens.windows(3).filter_map(|window| match window {
            [
                Token::Name { name, .. },
                Token::Sign('='),
                Token::Text { text, .. },
            ] if name == wanted => Some(text.clone()),
            _ => None,
        });
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    fn starts(&mut self, arguments: &[Token], strings: &[(String, Span)], span: Span) {
        let listed = arguments.first() == Some(&Token::Sign('['))
            || arguments.get(1) == Some(&Token::Sign(',')) && strings.len() > 1;
        let end = arguments
            .iter()
            .position(|token| *token == Token::Sign(']'))
            .unwrap_or(arguments.len());
        if !listed {
            if let Some((text, place)) = strings
                .first()
                .filter(|_| matches!(arguments.first(), Some(Token::Text { .. })))
            {
                self.shell(&text.clone(), *place);
            }
            return;
        }
        let words: Vec<String> = arguments
            .get(..end)
            .unwrap_or_default()
            .iter()
            .filter_map(|token| match token {
                Token::Text { text, .. } => Some(quoted(text)),
                Token::Name { .. } => Some("\"$UNKNOWN\"".to_owned()),
                _ => None,
            })
            .collect();
        self.deeds.shells.push((words.join(" "), span));
    }

    fn shell(&mut self, text: &str, span: Span) {
        let text = text.replace(HOLE, "$UNKNOWN");
        self.deeds.shells.push((text, span));
    }
}

/// Returns a word as the shell reads it back, holes as unknown variables.
fn quoted(text: &str) -> String {
    let quoted = format!("'{}'", text.replace('\'', "'\\''"));
    quoted.replace(HOLE, "'\"$UNKNOWN\"'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(language: Language, text: &str) -> (Vec<String>, Vec<String>, usize) {
        let word = Word::literal(text, Origin::Text(Span::new(0, text.len())));
        let deeds = deeds(&Code {
            source: Source::of_word(&word),
            language,
            inline: true,
        });
        let losses = deeds.sql.iter().flat_map(|(text, _, perhaps)| {
            if *perhaps {
                sql::losses_in_prose(text, Dialect::Unknown)
            } else {
                sql::losses(text, Dialect::Unknown)
            }
        });
        let objects = losses
            .map(|loss| loss.effect.object.unwrap_or_default())
            .collect();
        let shells = deeds.shells.into_iter().map(|(text, _)| text).collect();
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
