//! `backstop check`: the same path as the hook, without any side effect.
//! It opens state and catalog for reading only, and only when something was found.

use std::io::{BufRead as _, BufWriter, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::ser::SerializeMap as _;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::adapters::environment;
use crate::decide::{self, fingerprint};
use crate::enforce::{House, evidence, packs};
use crate::gather::{self, Elsewhere, Here};
use crate::guard::{self, Judgement, Setting};
use crate::intake::{self, Strictness};
use crate::model::effect::Dialect;
use crate::model::evidence::Evidence;
use crate::model::fact::Scene;
use crate::model::policy::{Mode, Policy};
use crate::model::request::{Asked, Event, ShellKind, ToolCall};
use crate::model::verdict::Verdict;
use crate::policy::builtin;
use crate::ports::World;
use crate::render::{json, text};

use super::{say, say_error};

/// Longest line of `--batch` or of a transcript, in bytes; a longer one is not read.
pub(super) const LINE_CAP: usize = 8 * 1024 * 1024;

/// Stack of the thread that judges: address space, not memory.
pub(super) const STACK: usize = 64 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum WhichFacts {
    /// The world is asked.
    Here,
    /// The command is meant for somewhere else: everything named exists and holds data.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DialectName {
    #[value(alias = "postgresql")]
    Postgres,
    Mysql,
    Mariadb,
    Sqlite,
    #[value(aliases = ["tsql", "sqlserver"])]
    Mssql,
    Oracle,
    Clickhouse,
    Snowflake,
    Bigquery,
    Duckdb,
    Redshift,
    Hive,
    #[value(alias = "generic")]
    Unknown,
}

/// Judges a command, a hook payload or SQL without any side effect.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The command; `-` reads it from stdin.
    command: Option<String>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Working directory of the command.
    #[arg(long)]
    cwd: Option<PathBuf>,
    /// Tool that would run it: `Bash`, `PowerShell`, …
    #[arg(long, default_value = "Bash")]
    tool: String,
    /// A built-in policy (`default`, `strict`, `relaxed`) instead of the one in force.
    #[arg(long)]
    profile: Option<String>,
    /// Whether the world is asked.
    #[arg(long, value_enum, default_value = "here")]
    facts: WhichFacts,
    /// Hook JSON on stdin.
    #[arg(long, conflicts_with_all = ["batch", "sql", "command"])]
    hook: bool,
    /// One JSON object a line on stdin, one result a line on stdout.
    #[arg(long, conflicts_with_all = ["sql", "command"])]
    batch: bool,
    /// The text is SQL.
    #[arg(long)]
    sql: bool,
    /// Syntax of the SQL; unknown tries several and takes the worst.
    #[arg(long, value_enum, default_value = "unknown", requires = "sql")]
    dialect: DialectName,
    /// Reads the SQL from a file.
    #[arg(long, requires = "sql", conflicts_with = "command")]
    file: Option<PathBuf>,
    /// State directory.
    #[arg(long)]
    state: Option<PathBuf>,
}

/// How a call is judged, besides its words.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub facts: WhichFacts,
    pub profile: Option<String>,
    pub state: Option<PathBuf>,
    /// Where a call without a folder runs.
    pub cwd: Option<PathBuf>,
    /// Another mode than the policy's.
    pub mode: Option<Mode>,
}

impl Args {
    fn manner(&self) -> Manner {
        Manner {
            facts: self.facts,
            profile: self.profile.clone(),
            state: self.state.clone(),
            cwd: self.cwd.clone(),
            mode: None,
        }
    }
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    let args = args.clone();
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || check(&args));
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(code))) => code,
        Ok(Ok(Err(what))) => {
            let help = match what.starts_with("the policy is broken") {
                true => {
                    "`backstop policy validate` names every fault with its line; `--profile default` judges without your policy"
                }
                false => "run `backstop check --help`",
            };
            say_error(&what, help);
            2
        }
        Ok(Err(_)) => {
            say_error(
                "failed inside while judging; the hook would block this call",
                "please report it with the command",
            );
            2
        }
        Err(error) => {
            say_error(&format!("no thread could be started: {error}"), "");
            2
        }
    }
}

fn check(args: &Args) -> Result<u8, String> {
    if args.batch {
        return batch(args);
    }
    let call = call(args)?;
    let start = Instant::now();
    let (verdict, policy) = verdict(&call, &args.manner())?;
    let elapsed = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    let found = !verdict.findings.is_empty();
    match args.format {
        Format::Json => say(&format!(
            "{}\n",
            json::check(&verdict, &call.id, mode_name(policy.mode), elapsed)
        )),
        Format::Text => {
            let colour = std::io::stdout().is_terminal() && !environment::is_plain();
            let shown = match &call.asked {
                Asked::Shell { text, .. } | Asked::Sql { text, .. } => text.as_str(),
                Asked::Write { .. } | Asked::Mcp { .. } | Asked::Nothing => "",
            };
            say(&text::report(
                shown,
                &verdict,
                mode_name(policy.mode),
                colour,
            ));
        }
    }
    Ok(u8::from(found))
}

/// Returns the word for a mode.
pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforce",
        Mode::SnapshotOnly => "snapshot-only",
        Mode::Observe => "observe",
    }
}

/// Reads the one call that is asked about.
fn call(args: &Args) -> Result<ToolCall, String> {
    if args.hook {
        return intake::read(&stdin()?, Strictness::Check).map_err(|error| error.to_string());
    }
    let text = match (&args.file, args.command.as_deref()) {
        (Some(file), _) => std::fs::read_to_string(file)
            .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?,
        (None, Some("-")) => {
            String::from_utf8(stdin()?).map_err(|_| "stdin is not UTF-8".to_owned())?
        }
        (None, Some(text)) => text.to_owned(),
        (None, None) => return Err("nothing to check: give a command, or `-` for stdin".to_owned()),
    };
    if !args.sql && args.tool.starts_with("mcp__") {
        return of_mcp(&args.tool, &text);
    }
    let asked = if args.sql {
        Asked::Sql {
            dialect: dialect(args.dialect),
            text,
        }
    } else {
        let kind = if args.tool == "PowerShell" {
            ShellKind::PowerShell
        } else {
            ShellKind::Posix
        };
        Asked::Shell { kind, text }
    };
    Ok(plain(asked, &args.tool))
}

/// A text for an MCP tool is its input where it is a JSON object, else the value of its one string.
fn of_mcp(tool: &str, text: &str) -> Result<ToolCall, String> {
    let input = serde_json::from_str::<Value>(text).ok();
    let input = input.filter(Value::is_object);
    let input = input.unwrap_or_else(|| serde_json::json!({"query": text}));
    let call = serde_json::json!({"tool_name": tool, "tool_input": input});
    intake::read(call.to_string().as_bytes(), Strictness::Check).map_err(|error| error.to_string())
}

fn plain(asked: Asked, tool: &str) -> ToolCall {
    ToolCall {
        event: Event::PreToolUse,
        tool: tool.to_owned(),
        asked,
        input: Value::Null,
        cwd: None,
        session: None,
        tool_use_id: None,
        agent_id: None,
        permission_mode: None,
        scratchpad: None,
        file_path: None,
        id: Value::Null,
    }
}

fn stdin() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let cap = u64::try_from(LINE_CAP).unwrap_or(u64::MAX);
    std::io::stdin()
        .lock()
        .take(cap + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("stdin cannot be read: {error}"))?;
    if bytes.len() > LINE_CAP {
        Err("stdin is larger than 8 MiB".to_owned())
    } else {
        Ok(bytes)
    }
}

fn dialect(name: DialectName) -> Dialect {
    match name {
        DialectName::Postgres => Dialect::Postgres,
        DialectName::Mysql | DialectName::Mariadb => Dialect::Mysql,
        DialectName::Sqlite => Dialect::Sqlite,
        DialectName::Mssql => Dialect::Mssql,
        DialectName::Oracle => Dialect::Oracle,
        DialectName::Clickhouse => Dialect::Clickhouse,
        DialectName::Snowflake => Dialect::Snowflake,
        DialectName::Bigquery => Dialect::Bigquery,
        DialectName::Duckdb => Dialect::Duckdb,
        DialectName::Redshift => Dialect::Redshift,
        DialectName::Hive => Dialect::Hive,
        DialectName::Unknown => Dialect::Unknown,
    }
}

/// Judges every line of stdin.
fn batch(args: &Args) -> Result<u8, String> {
    let mut input = std::io::stdin().lock();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    let manner = args.manner();
    loop {
        line.clear();
        let count = input
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("stdin cannot be read: {error}"))?;
        if count == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let result = one_line(&line, &manner);
        let echoed = Echoed {
            result: &result,
            id: written_id(&line),
        };
        let written = serde_json::to_writer(&mut out, &echoed)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"));
        written.map_err(|error| format!("stdout cannot be written: {error}"))?;
    }
    out.flush()
        .map_err(|error| format!("stdout cannot be written: {error}"))?;
    Ok(0)
}

/// Returns the `id` of a line as it is written there: a number may be larger than any that we could hold.
fn written_id(line: &[u8]) -> Option<&RawValue> {
    #[derive(serde::Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        id: Option<&'a RawValue>,
    }
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let named: Named<'_> = serde_json::from_slice(line).ok()?;
    named.id.filter(|id| !id.get().contains('\r'))
}

/// A result that carries the `id` of its line as it was written.
struct Echoed<'a> {
    result: &'a Value,
    id: Option<&'a RawValue>,
}

impl serde::Serialize for Echoed<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (Some(fields), Some(id)) = (self.result.as_object(), self.id) else {
            return self.result.serialize(serializer);
        };
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (name, value) in fields {
            match name.as_str() {
                "id" => map.serialize_entry(name, id)?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

fn one_line(line: &[u8], manner: &Manner) -> Value {
    let id = || {
        serde_json::from_slice::<Value>(line)
            .ok()
            .and_then(|value| value.get("id").cloned())
            .unwrap_or(Value::Null)
    };
    if line.len() > LINE_CAP {
        return json::failed(&Value::Null, "the line is larger than 8 MiB");
    }
    let start = Instant::now();
    let judged = std::panic::catch_unwind(|| {
        let call = intake::read(line, Strictness::Check).map_err(|error| error.to_string())?;
        let (verdict, policy) = verdict(&call, manner)?;
        let elapsed = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        Ok::<_, String>(json::check(
            &verdict,
            &call.id,
            mode_name(policy.mode),
            elapsed,
        ))
    });
    match judged {
        Ok(Ok(result)) => result,
        Ok(Err(what)) => json::failed(&id(), &what),
        Err(_) => json::failed(&id(), "failed inside while judging"),
    }
}

/// Judges one call the way the hook does, and looks for evidence without leaving a trace.
pub(super) fn verdict(call: &ToolCall, manner: &Manner) -> Result<(Verdict, Policy), String> {
    let house = House::new(
        manner.state.clone(),
        Instant::now() + Duration::from_secs(19),
    );
    let assumed = manner.facts == WhichFacts::None;
    let cwd = cwd(call, manner)?;
    let own = house.own();
    let scene = gather::scene(&gather::Place {
        cwd: &cwd,
        scratchpad: call.scratchpad.as_deref(),
        own: &own,
        assumed,
    });
    let mut policy = policy(&house, &scene.project, manner)?;
    policy.mode = manner.mode.unwrap_or(policy.mode);
    if call.event != Event::PreToolUse {
        return Ok((nothing_owed(policy.mode), policy));
    }
    let here = Here {
        deadline: house.deadline,
        tool_dirs: policy.tool_dirs.clone(),
        elsewhere: false,
    };
    let elsewhere = Elsewhere {
        deadline: house.deadline,
    };
    let world: &dyn World = if assumed { &elsewhere } else { &here };
    let now = Timestamp::now();
    let state = house.state().ok();
    let books = packs::books(&scene.project, state.as_deref());
    let setting = Setting {
        policy: &policy,
        rules: books.rules,
        scene: &scene,
        world,
        now_s: now.as_second(),
    };
    let judgement = guard::judge(&call.asked, &setting).map_err(|error| error.to_string())?;
    if let Some(faults) = books.faults.filter(|_| judgement.seen) {
        return Err(format!("a pack of rules is broken: {faults}"));
    }
    let evidence = if assumed || judgement.findings.is_empty() {
        Evidence::default()
    } else {
        look(call, &judgement, &scene, &policy, &house)
    };
    Ok((
        decide::decide(
            judgement.findings,
            judgement.requirement,
            &evidence,
            policy.mode,
        ),
        policy,
    ))
}

/// The verdict over an event that starts nothing.
fn nothing_owed(mode: crate::model::policy::Mode) -> Verdict {
    let owed = crate::model::policy::Requirement {
        demand: crate::model::policy::Demand::Allow,
        backups: vec![],
        approvals: 0,
        waivers: vec![],
    };
    decide::decide(Vec::new(), owed, &Evidence::default(), mode)
}

fn policy(house: &House, project: &Path, manner: &Manner) -> Result<Policy, String> {
    if manner.facts == WhichFacts::None && manner.profile.is_none() {
        return Ok(builtin::default_policy());
    }
    house
        .policy(project, manner.profile.as_deref())
        .map_err(|error| error.to_string())
}

fn cwd(call: &ToolCall, manner: &Manner) -> Result<PathBuf, String> {
    let own = || {
        std::env::current_dir()
            .map_err(|error| format!("the working directory cannot be read: {error}"))
    };
    let named = call.cwd.clone().or_else(|| manner.cwd.clone());
    match named {
        Some(dir) if dir.is_absolute() => Ok(dir),
        Some(dir) => Ok(own()?.join(dir)),
        None => own(),
    }
}

/// Looks for evidence in what is there already.
fn look(
    call: &ToolCall,
    judgement: &Judgement,
    scene: &Scene,
    policy: &Policy,
    house: &House,
) -> Evidence {
    let fingerprint = fingerprint::fingerprint(&fingerprint::Parts {
        tool: &call.tool,
        asked: &call.asked,
        input: &call.input,
        unfolding: &judgement.unfolding,
        findings: &judgement.findings,
        cwd: &scene.cwd,
        project: &scene.project,
    });
    let store = house.store_if_there();
    let backups = house.backups(policy).ok().filter(|dir| dir.is_dir());
    let place = evidence::Where {
        backups: backups.as_deref(),
        store: store.as_ref(),
        now: Timestamp::now(),
        since: None,
    };
    evidence::gather(
        &judgement.requirement,
        &fingerprint,
        &judgement.facts,
        policy,
        &place,
    )
}
