//! Code of scripting languages, inline or in a script: SQL that it sends, files that it deletes, shells that it starts.
//! It reads strings, values and calls by name, and follows no control flow and no library.

mod calls;
mod drivers;
mod imports;
mod index;
mod steps;
mod tables;
pub mod tokens;
mod values;

use crate::model::command::{Command, Cwd, Opaque, OpaqueKind, Stdin};
use crate::model::effect::{Dialect, Verb};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::span::Origin;
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;
use crate::shell::parse::parse;
use crate::sql::{self, HOLE};

use super::Context;
use super::sql::options;
use super::sql::reach::{self, Place, Reading, Server};
use super::sql::source::Source;
use super::sql::{Located, Started, judged};
use calls::{Deeds, deeds};
pub use steps::Steps;
use steps::{Kind, Step};
use tokens::Language;

/// Interpreters: names, language, options that carry code.
const INTERPRETERS: &[(&[&str], Language, &[&str])] = &[
    (
        &["python", "python2", "python3", "pypy", "pypy3", "ipython"],
        Language::Python,
        &["-c"],
    ),
    (
        &[
            "node",
            "nodejs",
            "bun",
            "deno",
            "tsx",
            "ts-node",
            "nodemon",
            "ts-node-dev",
            "vite-node",
            "babel-node",
            "zx",
        ],
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
    // Languages whose strings, comments and calls look enough like one of the above.
    (&["Rscript", "R", "littler"], Language::Python, &["-e"]),
    (&["julia"], Language::Julia, &["-e", "--eval", "-E"]),
    (&["elixir", "iex", "mix"], Language::Ruby, &["-e", "--eval"]),
    (&["crystal"], Language::Ruby, &["eval"]),
    (&["groovy"], Language::Groovy, &["-e"]),
    (
        &[
            "scala",
            "jshell",
            "kotlin",
            "kotlinc",
            "swift",
            "csharprepl",
            "dart",
        ],
        Language::Javascript,
        &["-e"],
    ),
    (&["erl"], Language::Ruby, &["-eval"]),
    (&["clojure", "clj", "bb", "lein"], Language::Ruby, &["-e"]),
    (&["osascript"], Language::Lua, &["-e"]),
    (&["tclsh", "expect"], Language::Ruby, &["-c"]),
    (
        &["awk", "gawk", "mawk", "nawk", "goawk"],
        Language::Perl,
        &["-e", "--source"],
    ),
    (&["emacs"], Language::Lua, &["--eval"]),
    (
        &[
            "go",
            "java",
            "rust-script",
            "tcc",
            "cargo",
            "rustrun",
            "dotnet",
            "dotnet-script",
            "zig",
            "nim",
        ],
        Language::Compiled,
        &["--no-such-option"],
    ),
];

/// Program, subcommand, language, options that carry the code.
type Runner = (
    &'static [&'static str],
    &'static [&'static str],
    Language,
    &'static [&'static str],
);

/// Frameworks that run code by a subcommand.
const RUNNERS: &[Runner] = &[
    (
        &["rails", "gitlab-rails"],
        &["runner", "r"],
        Language::Ruby,
        &[],
    ),
    // A console reads its standard input; its operands are no code.
    (
        &["rails", "gitlab-rails"],
        &["console", "c"],
        Language::Ruby,
        &["--eval"],
    ),
    (&["artisan"], &["tinker"], Language::Php, &["--execute"]),
    (
        &["manage.py", "django-admin"],
        &["shell", "shell_plus"],
        Language::Python,
        &["-c", "--command"],
    ),
    (&["flask"], &["shell"], Language::Python, &["-c"]),
    (&["wp"], &["eval"], Language::Php, &[]),
    (
        &["drush"],
        &["php:eval", "ev", "php-eval", "eval"],
        Language::Php,
        &[],
    ),
    (&["mix"], &["run"], Language::Ruby, &["-e", "--eval"]),
    (&["bin/console"], &["tinker"], Language::Php, &["--execute"]),
];

/// A code text with what is known about it.
struct Code {
    source: Source,
    language: Language,
    /// Written on the command line or its standard input, not in a script file.
    inline: bool,
    /// The folder of the script.
    folder: String,
}

impl Code {
    const fn inline(source: Source, language: Language) -> Self {
        Self {
            source,
            language,
            inline: true,
            folder: String::new(),
        }
    }

    fn deeds(&self) -> Deeds {
        let folder = match self.folder.as_str() {
            "" => ".",
            folder => folder,
        };
        deeds(&self.source.text, self.language, folder, self.inline)
    }
}

/// Returns the losses that inline code or a script would cause through SQL, and deletions of unknown paths.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    if let Some(payload) = payload(command) {
        return super::opaque::findings(&[payload], context);
    }
    let Some(code) = code(command, context, needs) else {
        return Vec::new();
    };
    let deeds = code.deeds();
    let dialect = dialect(&code.source.text);
    let serves = !code.inline && drivers::serves(&code.source.text);
    let mut raw = Vec::new();
    for (text, span, perhaps) in &deeds.sql {
        let losses = if *perhaps {
            // A driver's `%s` stands for a value.
            sql::losses_in_prose(&text.replace("%s", "$1"), dialect)
        } else {
            sql::losses(text, dialect)
        };
        raw.extend(
            losses
                .into_iter()
                .filter(|loss| !loss.created)
                // Rows that a request takes are not taken by starting what waits for it.
                .filter(|loss| !serves || !matches!(loss.effect.verb, Verb::Delete | Verb::Update))
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
    let scratch = SCRATCH.iter().any(|word| code.source.text.contains(word));
    if code.inline || !is_test(command) && !drivers::serves(&code.source.text) {
        all.extend(deeds.wipes.iter().map(|(rule, name, span)| {
            let origin = code.source.origin(*span, &command.origin);
            let place = place(&deeds, command, context, needs);
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
    all
}

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
    let Some(code) = code(command, context, needs) else {
        return Vec::new();
    };
    let serves = !code.inline && drivers::serves(&code.source.text);
    let steps: Vec<Step> = code
        .deeds()
        .steps
        .into_iter()
        .filter(|step| !serves || !step.text.starts_with("curl -X DELETE"))
        .collect();
    let runs = |step: &Step| step.kind == Kind::Runs;
    if !code.inline && !steps.iter().any(runs) {
        return Vec::new();
    }
    let counts: Vec<bool> = steps
        .iter()
        .map(|step| match &step.kind {
            Kind::Runs | Kind::Goes => true,
            // What a script writes is its work; what it writes to be run counts.
            Kind::Writes(file) => {
                let name = file.rsplit('/').next().unwrap_or(file);
                code.inline
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

/// Finds the code that an interpreter would run.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each way in which an interpreter is given its code"
)]
fn code(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Code> {
    let program = command.program()?;
    if let Some(code) = framework(command) {
        return Some(code);
    }
    let base = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    let Some((_, language, flags)) = INTERPRETERS
        .iter()
        .find(|(names, ..)| names.contains(&base) || names.contains(&program.as_str()))
    else {
        // `uv run scripts/x.py` starts the file itself.
        let language = match program.rsplit_once('.')?.1 {
            "py" => Language::Python,
            "js" | "mjs" | "cjs" | "ts" | "mts" => Language::Javascript,
            "rb" => Language::Ruby,
            "pl" => Language::Perl,
            "php" => Language::Php,
            _ => return None,
        };
        return script(command.words.first()?, language, command, context, needs);
    };
    let inline = |source: Source| Code::inline(source, *language);
    if only_checks(base, command) {
        return None;
    }
    let mut words = command.args().iter().peekable();
    let mut pieces: Option<Source> = None;
    while let Some(word) = words.next() {
        let text = word.prefix();
        if let Some((flag, _)) = text.split_once('=')
            && flag.starts_with("--")
            && flags.contains(&flag)
        {
            pieces = Some(Source::of_word(&options::tail(word, flag.len() + 1)));
        } else if flags.contains(&text.as_str()) {
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
        } else if *language == Language::Python && text == "-m" {
            // A module of the project is a file of it.
            let name = words.next()?.text()?;
            let file = format!("{}.py", name.replace('.', "/"));
            return script(
                &Word::literal(file, word.origin.clone()),
                *language,
                command,
                context,
                needs,
            );
        } else if text == "-" {
            break;
        } else if matches!(base, "deno" | "bun" | "go" | "cargo" | "dotnet" | "zig")
            && text == "run"
            || matches!(base, "tcc" | "nim") && matches!(text.as_str(), "-run" | "r")
        {
            // The script follows, or `-`.
        } else if matches!(base, "iex" | "elixir") && text == "-S" {
            // `iex -S mix run -e CODE`: the task's own options follow.
            words.next();
            words.next_if(|word| word.text().as_deref() == Some("run"));
        } else if is_awk(base) && matches!(text.as_str(), "-v" | "-F" | "-f") {
            words.next();
        } else if is_awk(base) && !text.starts_with('-') {
            // The first operand of awk is its program.
            pieces = pieces.or_else(|| Some(Source::of_word(word)));
            break;
        } else if !text.starts_with('-') && pieces.is_none() {
            return script(word, *language, command, context, needs);
        } else if *language == Language::Python && matches!(text.as_str(), "-V" | "--version") {
            return None;
        }
    }
    if pieces.is_none() && *language == Language::Compiled {
        let whole = command.words.first()?;
        return command
            .script
            .is_some()
            .then(|| script(whole, *language, command, context, needs))?;
    }
    pieces.map(inline).or_else(|| match &command.stdin {
        Stdin::Text(word) => Some(inline(Source::of_word(word))),
        _ => None,
    })
}

/// Options by which an interpreter looks at a script without running it.
fn only_checks(base: &str, command: &Command) -> bool {
    let flags: &[&str] = match base {
        "node" => &["--check", "-c", "--test"],
        "ruby" | "perl" => &["-c", "-wc", "-cw"],
        "php" => &["-l", "--syntax-check"],
        "deno" => &["check", "lint", "fmt", "doc", "info", "cache", "test"],
        "cargo" | "dotnet" | "zig" | "nim" | "tcc" => return command.script.is_none(),
        "lua" => &["-p"],
        "go" => return command.args().first().and_then(Word::text).as_deref() != Some("run"),
        _ => return false,
    };
    let first = command.args().first().and_then(Word::text);
    first.is_some_and(|first| flags.contains(&first.as_str()))
}

/// An interpreter without a script whose code comes from a program that cannot be computed: `curl … | python3`.
fn payload(command: &Command) -> Option<Opaque> {
    let program = command.program()?;
    let base = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    let known = INTERPRETERS
        .iter()
        .any(|(names, ..)| names.contains(&base) || names.contains(&program.as_str()));
    let bare = command
        .args()
        .iter()
        .all(|word| word.text().as_deref() == Some("-"));
    let Stdin::Opaque { from } = &command.stdin else {
        return None;
    };
    (known && bare && !is_awk(base)).then(|| Opaque {
        origin: command.origin.clone(),
        reason: format!("`{program}` runs the output of `{from}`"),
        words: vec![from.clone()],
        kind: OpaqueKind::Payload,
        via: command.via.clone(),
    })
}

fn is_awk(base: &str) -> bool {
    matches!(base, "awk" | "gawk" | "mawk" | "nawk" | "goawk")
}

/// Finds the code that a framework's own command runs: `rails runner CODE`, `artisan tinker --execute=CODE`.
fn framework(command: &Command) -> Option<Code> {
    let mut words = command.words.iter();
    let mut program = command.program()?;
    words.next();
    // `python manage.py shell -c`, `php artisan tinker`, `ruby bin/rails runner`.
    if matches!(
        program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'),
        "python" | "php" | "ruby"
    ) {
        let script = words.next()?.text()?;
        script.rsplit('/').next()?.clone_into(&mut program);
    }
    let subcommand = words.next()?.text()?;
    let (.., language, flags) = RUNNERS.iter().find(|(programs, subcommands, ..)| {
        programs.contains(&program.as_str()) && subcommands.contains(&subcommand.as_str())
    })?;
    let mut source: Option<Source> = None;
    while let Some(word) = words.next() {
        let text = word.prefix();
        let given = match text.split_once('=') {
            Some((flag, _)) if flags.contains(&flag) => Some(options::tail(word, flag.len() + 1)),
            _ if flags.contains(&text.as_str()) => words.next().cloned(),
            _ if flags.is_empty() && !text.starts_with('-') => Some(word.clone()),
            _ => None,
        };
        if let Some(given) = given {
            source = Some(Source::of_word(&given));
            break;
        }
    }
    let source = match (source, &command.stdin) {
        (Some(source), _) => source,
        (None, Stdin::Text(word)) => Source::of_word(word),
        (None, _) => return None,
    };
    Some(Code::inline(source, *language))
}

/// Reads a script file; subcommands and modules are no files that can be read.
fn script(
    word: &Word,
    language: Language,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Code> {
    const ENDINGS: [&str; 14] = [
        ".go", ".java", ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".rb", ".pl", ".php", ".lua",
        ".pyw", ".tsx",
    ];
    let folder = |name: &str| match name.rsplit_once('/') {
        Some((folder, _)) => folder.to_owned(),
        None => String::new(),
    };
    if let Some(read) = &command.script {
        return Some(Code {
            source: Source::of_word(read),
            language,
            inline: false,
            folder: folder(&word.text().unwrap_or_default()),
        });
    }
    let name = word.text()?;
    if !command.is_here() || !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return None;
    }
    let path = match &command.cwd {
        Cwd::Known(folder) => reach::normal(&folder.join(&name)),
        Cwd::Temporary | Cwd::Unknown if name.starts_with('/') => name.clone().into(),
        Cwd::Temporary | Cwd::Unknown => return None,
    };
    match context.facts.ask(Question::Text(path.clone()), needs) {
        Some(Answer::Text { text, .. }) => Some(Code {
            source: Source::of_file(&path, text),
            language,
            inline: false,
            folder: folder(&name),
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
    let mut connections: Vec<&String> = deeds.connections.iter().collect();
    connections.dedup();
    let [text] = connections.as_slice() else {
        return nowhere;
    };
    let text = text.as_str();
    if text.starts_with(values::FRESH) {
        let mut fresh = nowhere;
        fresh.scratch = Some("the database is a temporary file of this code".to_owned());
        return fresh;
    }
    let mut reading = Reading {
        command,
        context,
        needs,
        implicit: false,
        unknown: false,
    };
    if text.starts_with("postgres") || text.contains("dbname=") {
        let server = Server {
            database: Some(Word::literal(text, command.origin.clone())),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(language: Language, text: &str) -> (Vec<String>, Vec<String>, usize) {
        let deeds = deeds(text, language, ".", true);
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
