//! `backstop policy`. Lists, explains, tests and validates rules and policy.
//! What a rule says is printed from the tables that classification reads; there is no second description.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::enforce::{House, packs};
use crate::examine;
use crate::gather::{self, Elsewhere};
use crate::guard::{self, Setting};
use crate::intake::{self, Strictness};
use crate::model::request::{Asked, ShellKind};
use crate::model::rule::{Rule, RuleBook};
use crate::policy::builtin::{default_policy, rules};
use crate::policy::custom::{self, PackText};
use crate::policy::{LayerText, Place, load};
use crate::scan::removals;

use super::{say, say_error};

/// Lists, explains, tests and validates rules and policy.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Lists every rule with its severity.
    List {
        #[command(flatten)]
        output: Output,
        /// Only rules of this family.
        #[arg(long)]
        family: Option<String>,
    },
    /// Says what a rule sees, what is lost, why it is that grave and what to do instead.
    Explain {
        /// The rule, such as `sql.drop-table`.
        rule: String,
        #[command(flatten)]
        output: Output,
    },
    /// Runs the examples of every rule.
    Test {
        #[command(flatten)]
        output: Output,
    },
    /// Checks policy files, by default those of all layers that are there.
    Validate {
        /// Policy files; read as the owner's, unless `--project` is given.
        files: Vec<PathBuf>,
        /// Reads the files as a project's, which may only tighten.
        #[arg(long)]
        project: bool,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, clap::Args)]
struct Output {
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Judges a command line as `check --facts none` would, and returns the ids of the rules that it finds.
pub type Judge<'a> = &'a dyn Fn(&str) -> Vec<String>;

/// One example has as long as a call has.
const LIMIT: Duration = Duration::from_secs(19);

/// Stack of the thread that judges the examples: as for `check`, deep texts need room.
const STACK: usize = 64 << 20;

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    std::thread::scope(|scope| {
        let judging = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || run_with(args, Some(&judged)));
        judging.map_or(1, |thread| thread.join().unwrap_or(1))
    })
}

/// Returns the rules that the real pipeline finds in an example.
fn judged(example: &str) -> Vec<String> {
    judged_by(books().rules, example)
}

/// Returns the rules in force here: those that were compiled in, and those of the packs that are there.
fn books() -> packs::Books {
    let cwd = std::env::current_dir().unwrap_or_default();
    packs::books(&cwd, None)
}

/// Returns every rule, those of packs last.
fn all_rules() -> impl Iterator<Item = &'static Rule> {
    rules().iter().chain(books().rules.added()).copied()
}

/// Judges an example with these rules, the world not asked; an example may be hook JSON.
fn judged_by(rules: &dyn RuleBook, example: &str) -> Vec<String> {
    let shell = || Asked::Shell {
        kind: ShellKind::Posix,
        text: example.to_owned(),
    };
    let asked = if example.starts_with("{\"") {
        intake::read(example.as_bytes(), Strictness::Check)
            .map_or_else(|_| shell(), |call| call.asked)
    } else {
        shell()
    };
    let deadline = Instant::now() + LIMIT;
    let own = House::new(None, deadline).own();
    let place = gather::Place {
        cwd: Path::new("/srv/app"),
        scratchpad: None,
        own: &own,
        assumed: true,
    };
    let setting = Setting {
        policy: &default_policy(),
        rules,
        scene: &gather::scene(&place),
        world: &Elsewhere { deadline },
        now_s: jiff::Timestamp::now().as_second(),
    };
    match guard::judge(&asked, &setting) {
        Ok(judgement) => judgement
            .findings
            .into_iter()
            .map(|finding| finding.rule)
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Returns the rules that a scan finds in an example of its own: `deleted PATH`, or a path with the content of the new file below it.
fn scanned(example: &str) -> Vec<String> {
    let (path, content) = example.split_once('\n').unwrap_or((example, ""));
    if let Some(path) = path.strip_prefix("deleted ") {
        return removals::rule(path)
            .into_iter()
            .map(ToOwned::to_owned)
            .collect();
    }
    let file = examine::File {
        path: path.to_owned(),
        content: examine::Content::Bytes(content.as_bytes().to_vec()),
        added: Some(vec![examine::changes::EVERY_LINE]),
    };
    let own = House::new(None, Instant::now() + LIMIT).own();
    let desk = examine::Desk {
        root: Path::new("/srv/app"),
        own: &own,
        policy: &default_policy(),
        rules: books().rules,
        others: &examine::Others::Tree(&|_| None),
        now: jiff::Timestamp::now(),
    };
    let report = examine::examine(&[file], &desk);
    report
        .remarks
        .into_iter()
        .map(|remark| remark.rule)
        .collect()
}

/// Runs the command with the judge that `policy test` asks.
pub fn run_with(args: &Args, judge: Option<Judge<'_>>) -> u8 {
    match &args.task {
        Task::List { output, family } => list(output.format, family.as_deref()),
        Task::Explain { rule, output } => explain(rule, output.format),
        Task::Test { output } => match judge {
            Some(judge) => test(judge, output.format),
            None => {
                say_error("`policy test` has nothing to judge with", "");
                1
            }
        },
        Task::Validate {
            files,
            project,
            output,
        } => validate(files, *project, output.format),
    }
}

fn print(value: &serde_json::Value) {
    say(&format!("{value}\n"));
}

fn list(format: Format, family: Option<&str>) -> u8 {
    let wanted =
        |rule: &&Rule| family.is_none_or(|family| rule.id.split('.').next() == Some(family));
    let chosen: Vec<&Rule> = all_rules().filter(wanted).collect();
    match format {
        Format::Json => {
            let rules: Vec<_> = chosen.iter().map(|rule| json(rule)).collect();
            print(&serde_json::json!({"schema": "backstop.rules/1", "rules": rules}));
        }
        Format::Text => {
            let width = chosen
                .iter()
                .map(|rule| rule.id.len())
                .max()
                .unwrap_or_default();
            let mut text = String::new();
            for rule in &chosen {
                let _ = writeln!(
                    text,
                    "{:width$}  {:12}  {}",
                    rule.id,
                    rule.severity.name(),
                    rule.summary
                );
            }
            say(&text);
        }
    }
    u8::from(chosen.is_empty())
}

fn json(rule: &Rule) -> serde_json::Value {
    let examples = |found: bool| -> Vec<&str> {
        let mut examples = Vec::new();
        examples.extend(
            rule.examples
                .iter()
                .filter(|example| example.found == found)
                .map(|example| example.command),
        );
        examples
    };
    serde_json::json!({
        "id": rule.id,
        "severity": rule.severity.name(),
        "demand": demand(rule),
        "summary": rule.summary,
        "lost": rule.lost,
        "why": rule.why,
        "instead": rule.instead,
        "source": rule.source,
        "found": examples(true),
        "not_found": examples(false),
    })
}

/// Returns what the default profile asks for a rule.
fn demand(rule: &Rule) -> &'static str {
    use crate::model::policy::Demand;
    match default_policy().demands.get(&rule.severity) {
        Some(Demand::Allow) => "allow",
        Some(Demand::Snapshot) => "snapshot",
        Some(Demand::Deny) => "deny",
        Some(Demand::Hold) | None => "hold",
    }
}

fn explain(id: &str, format: Format) -> u8 {
    let Some(rule) = books().rules.rule(id) else {
        let near = all_rules()
            .filter(|rule| rule.id.contains(id))
            .map(|rule| rule.id);
        let near: Vec<&str> = near.take(8).collect();
        let help = if near.is_empty() {
            "`backstop policy list` names every rule".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        say_error(&format!("there is no rule `{id}`"), &help);
        return 1;
    };
    match format {
        Format::Json => {
            let mut value = json(rule);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("schema".to_owned(), "backstop.rule/1".into());
            }
            print(&value);
        }
        Format::Text => say(&explanation(rule)),
    }
    0
}

fn explanation(rule: &Rule) -> String {
    let mut text = format!("{}: {}\n\n", rule.id, rule.summary);
    let lines = [
        (
            "severity",
            format!("{}, by default: {}", rule.severity.name(), demand(rule)),
        ),
        ("lost", rule.lost.to_owned()),
        ("why", rule.why.to_owned()),
        ("instead", rule.instead.to_owned()),
        ("source", rule.source.to_owned()),
    ];
    for (name, line) in lines.iter().filter(|(_, line)| !line.is_empty()) {
        let _ = writeln!(text, "{name:>8}: {line}");
    }
    for (title, found) in [("found", true), ("not found", false)] {
        let _ = writeln!(text, "\n{title}:");
        for example in rule
            .examples
            .iter()
            .filter(|example| example.found == found)
        {
            let _ = writeln!(text, "  {}", example.command);
        }
    }
    text
}

/// An example that was not judged as its rule says.
struct Miss {
    rule: &'static str,
    command: &'static str,
    expected: bool,
    found: Vec<String>,
}

fn test(judge: Judge<'_>, format: Format) -> u8 {
    let mut misses = Vec::new();
    let mut judged = 0_usize;
    for rule in all_rules() {
        for example in rule.examples {
            judged += 1;
            let found = if rule.id.starts_with("scan.") {
                scanned(example.command)
            } else {
                judge(example.command)
            };
            if found.iter().any(|id| id == rule.id) != example.found {
                misses.push(Miss {
                    rule: rule.id,
                    command: example.command,
                    expected: example.found,
                    found,
                });
            }
        }
        let found = judge(rule.instead);
        if !found.is_empty() {
            misses.push(Miss {
                rule: rule.id,
                command: rule.instead,
                expected: false,
                found,
            });
        }
    }
    report(&misses, judged, format);
    if let Some(faults) = books().faults {
        say_error(
            &format!("a pack of rules is broken: {faults}"),
            "`backstop policy validate` names every fault",
        );
        return 1;
    }
    u8::from(!misses.is_empty())
}

/// Checks packs: their form, and every example of a rule that is well-formed.
fn check_packs(files: &[PathBuf], problems: &mut Vec<serde_json::Value>) -> Vec<PathBuf> {
    let problem = |file: &Path, line: Option<usize>, column: Option<usize>, message: String| serde_json::json!({"file": file, "line": line, "column": column, "message": message});
    let mut texts = Vec::new();
    for file in files {
        match std::fs::read_to_string(file) {
            Ok(text) => texts.push(PackText {
                file: file.clone(),
                text,
            }),
            Err(error) => {
                problems.push(problem(
                    file,
                    None,
                    None,
                    format!("cannot be read: {error}"),
                ));
            }
        }
    }
    let (kept, errors) = custom::read(&texts);
    for error in errors {
        let (line, column) = (Some(error.line), Some(error.column));
        problems.push(problem(&error.file, line, column, error.message));
    }
    let book = custom::book(kept);
    for rule in book.added() {
        let file = texts
            .iter()
            .find(|one| one.text.contains(&format!("\"{}\"", rule.id)))
            .map_or_else(PathBuf::new, |one| one.file.clone());
        for example in rule.examples {
            let found = judged_by(book, example.command);
            if found.iter().any(|id| id == rule.id) != example.found {
                let word = if example.found {
                    "is not found"
                } else {
                    "is found"
                };
                let text = format!("`{}`: `{}` {word}", rule.id, example.command);
                problems.push(problem(&file, None, None, text));
            }
        }
    }
    texts.into_iter().map(|one| one.file).collect()
}

/// A file of rules and no layer: it lies in a folder of packs, or says which families it holds.
fn is_pack(file: &Path) -> bool {
    let folder = file.parent().and_then(Path::file_name);
    folder.is_some_and(|name| name == "packs")
        || std::fs::read_to_string(file).is_ok_and(|text| {
            text.lines()
                .any(|line| line.trim_start().starts_with("families"))
        })
}

fn report(misses: &[Miss], judged: usize, format: Format) {
    match format {
        Format::Json => {
            let failures: Vec<_> = misses
                .iter()
                .map(|miss| serde_json::json!({"rule": miss.rule, "command": miss.command, "expected": miss.expected, "found": miss.found}))
                .collect();
            print(&serde_json::json!({
                "schema": "backstop.policy-test/1", "rules": all_rules().count(), "examples": judged, "failures": failures,
            }));
        }
        Format::Text => {
            let mut text = String::new();
            for miss in misses {
                let word = if miss.expected {
                    "is not found"
                } else {
                    "is found"
                };
                let _ = writeln!(
                    text,
                    "{}: `{}` {word} (found: {})",
                    miss.rule,
                    miss.command,
                    miss.found.join(", ")
                );
            }
            let _ = writeln!(
                text,
                "{} rules, {judged} examples, {} failures.",
                all_rules().count(),
                misses.len()
            );
            say(&text);
        }
    }
}

fn validate(files: &[PathBuf], project: bool, format: Format) -> u8 {
    let place = if project { Place::Project } else { Place::User };
    let mut layers = Vec::new();
    let mut problems = Vec::new();
    let (packs, given): (Vec<PathBuf>, Vec<(Place, PathBuf)>) = if files.is_empty() {
        let cwd = std::env::current_dir().unwrap_or_default();
        let (packs, faults) = packs::files(&cwd);
        problems.extend(faults.into_iter().map(|fault| {
            serde_json::json!({"file": "packs", "line": null, "column": null, "message": fault})
        }));
        (packs, standing())
    } else {
        let (packs, layers): (Vec<_>, Vec<_>) =
            files.iter().cloned().partition(|file| is_pack(file));
        (
            packs,
            layers.into_iter().map(|file| (place, file)).collect(),
        )
    };
    let packs = check_packs(&packs, &mut problems);
    for (place, file) in given {
        match std::fs::read_to_string(&file) {
            Ok(text) => layers.push(LayerText { place, file, text }),
            Err(error) if files.is_empty() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => problems.push(serde_json::json!({
                "file": file, "line": null, "column": null, "message": format!("cannot be read: {error}"),
            })),
        }
    }
    if let Err(errors) = load(&layers) {
        problems.extend(errors.iter().map(|error| {
            serde_json::json!({"file": error.file, "line": error.line, "column": error.column, "message": error.message})
        }));
    }
    let read: Vec<&PathBuf> = layers
        .iter()
        .map(|layer| &layer.file)
        .chain(&packs)
        .collect();
    match format {
        Format::Json => print(&serde_json::json!({
            "schema": "backstop.policy-validate/1", "files": read, "errors": problems,
        })),
        Format::Text => say(&validation(&read, &problems)),
    }
    u8::from(!problems.is_empty())
}

/// The layers' files of this machine, user and project, whether they are there or not.
fn standing() -> Vec<(Place, PathBuf)> {
    let mut all = vec![(Place::Machine, PathBuf::from("/etc/backstop/policy.toml"))];
    if let Some(dir) = crate::adapters::environment::config_dir() {
        all.push((Place::User, dir.join("policy.toml")));
    }
    all.push((Place::Project, PathBuf::from(".backstop/policy.toml")));
    all
}

fn validation(read: &[&PathBuf], problems: &[serde_json::Value]) -> String {
    let mut text = String::new();
    let word = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let field =
        |problem: &serde_json::Value, name: &str| problem.get(name).map(word).unwrap_or_default();
    for problem in problems {
        let place = match problem.get("line").and_then(serde_json::Value::as_u64) {
            Some(line) => format!(
                "{}:{line}:{}",
                field(problem, "file"),
                field(problem, "column")
            ),
            None => field(problem, "file"),
        };
        let _ = writeln!(text, "{place}: {}", field(problem, "message"));
    }
    if problems.is_empty() {
        let files = read.len();
        let _ = match files {
            0 => writeln!(
                text,
                "No policy file is there; the built-in default is in force."
            ),
            1 => writeln!(text, "1 policy file, nothing wrong."),
            _ => writeln!(text, "{files} policy files, nothing wrong."),
        };
    }
    text
}
