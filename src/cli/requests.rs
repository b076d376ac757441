//! `backstop requests`. Lists held calls, or shows one.
//! It changes nothing, and agents may run it.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::evidence::{Evidence, Shown};
use super::screens;
use super::settings::{self, Format, StateArgs, Trouble};
use super::wiring::Wired;
use crate::adapters::terminal;
use crate::model::approval::{Request, RequestState};
use crate::store::{self, Store};

/// Lists held calls, or shows one.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub task: Option<Task>,
    /// Output for people or for programs.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
    /// How many are listed at most, newest first.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    #[command(flatten)]
    pub state: StateArgs,
}

/// What is done with one request.
#[derive(Debug, clap::Subcommand)]
pub enum Task {
    /// Shows one request as it is shown to the approver.
    Show {
        /// Id of the request.
        id: String,
        /// Prints the held command and nothing else.
        #[arg(long)]
        command: bool,
    },
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    run_with(args, &Wired::new(args.state.state.clone()))
}

/// Runs the command with a catalog to look into.
pub fn run_with(args: &Args, evidence: &dyn Evidence) -> u8 {
    match text_of(args, evidence) {
        Ok(text) => {
            super::say(&text);
            0
        }
        Err(trouble) => trouble.tell(1),
    }
}

fn text_of(args: &Args, evidence: &dyn Evidence) -> Result<String, Trouble> {
    let store = settings::open(&args.state)?;
    let now = Timestamp::now();
    match &args.task {
        None => list(&store, args, evidence, now),
        Some(Task::Show { id, command }) => {
            let request = store.request(&store::request_id(id)?, now)?;
            if *command {
                return Ok(only_command(&request));
            }
            Ok(match args.format {
                Format::Json => document(&[(evidence.refresh(&request), request)]),
                Format::Text => one(&request, &evidence.refresh(&request)),
            })
        }
    }
}

/// On a terminal nothing may move the cursor; into a file or a pipe the command goes as it is.
fn only_command(request: &Request) -> String {
    if rustix::termios::isatty(std::io::stdout()) {
        let lines: Vec<String> = request.command.split('\n').map(screens::visible).collect();
        return lines.join("\n") + "\n";
    }
    format!("{}\n", request.command)
}

fn list(
    store: &Store,
    args: &Args,
    evidence: &dyn Evidence,
    now: Timestamp,
) -> Result<String, Trouble> {
    let (requests, bad) = store.requests(args.limit, now)?;
    if !bad.is_empty() {
        super::say_error(
            &format!("{} requests do not agree with the ledger", bad.len()),
            "`backstop doctor` names them",
        );
    }
    if args.format == Format::Json {
        let pairs: Vec<(Shown, Request)> = requests
            .into_iter()
            .map(|request| (evidence.refresh(&request), request))
            .collect();
        return Ok(document(&pairs));
    }
    if requests.is_empty() && !bad.is_empty() {
        return Ok(String::new());
    }
    Ok(table(&requests, now, terminal::stdout_colours()))
}

fn table(requests: &[Request], now: Timestamp, colours: bool) -> String {
    if requests.is_empty() {
        return "No call was held.\n".to_owned();
    }
    let mut out = format!(
        "{:<6} {:<9} {:>5} {:>8}  COMMAND\n",
        "ID", "STATE", "HELD", "AGE"
    );
    for request in requests {
        let seconds = request
            .created_at
            .parse::<Timestamp>()
            .map_or(0, |at| now.as_second().saturating_sub(at.as_second()));
        let line: String = screens::visible(&request.command)
            .chars()
            .take(80)
            .collect();
        let _ = writeln!(
            out,
            "{:<6} {} {:>5} {:>8}  {line}",
            request.id.0,
            state(request.state, colours),
            request.held,
            screens::age(u64::try_from(seconds).unwrap_or(0)),
        );
    }
    out
}

fn state(state: RequestState, colours: bool) -> String {
    let word = format!("{:<9}", state.name());
    if !colours {
        return word;
    }
    let colour = match state {
        RequestState::Pending => "33",
        RequestState::Approved => "32",
        RequestState::Rejected => "31",
        RequestState::Used | RequestState::Expired => "2",
    };
    format!("\u{1b}[{colour}m{word}\u{1b}[0m")
}

fn one(request: &Request, shown: &Shown) -> String {
    let mut out = screens::first(request, shown);
    let _ = writeln!(
        out,
        "State: {}, {}.",
        request.state.name(),
        screens::counted_approvals(request)
    );
    for approval in &request.approvals {
        let note = match approval.strength {
            crate::model::approval::Strength::Terminal => " (unattested)",
            _ => "",
        };
        let _ = writeln!(
            out,
            "  - {} by {}, {}{note}",
            approval.at,
            screens::visible(&approval.by),
            approval.strength.name()
        );
    }
    match &request.used_at {
        Some(at) => {
            let _ = writeln!(out, "Used at {at}.");
        }
        None => {
            let _ = writeln!(out, "Expires at {}.", request.expires_at);
        }
    }
    out
}

fn document(pairs: &[(Shown, Request)]) -> String {
    let requests: Vec<Value> = pairs
        .iter()
        .map(|(shown, request)| object(request, shown))
        .collect();
    let document = json!({"schema": "backstop.requests/1", "requests": requests});
    format!("{document}\n")
}

fn object(request: &Request, shown: &Shown) -> Value {
    let approvals: Vec<Value> = request
        .approvals
        .iter()
        .map(|one| json!({"at": one.at, "strength": one.strength, "by": one.by, "step": one.step}))
        .collect();
    let backup = shown.backups.last().map(|backup| {
        json!({
            "id": backup.id,
            "state": backup.state.name(),
            "verified": backup.verified,
            "age_s": backup.age_s,
            "recovery": backup.recovery,
        })
    });
    json!({
        "id": request.id,
        "state": request.state,
        "command": request.command,
        "cwd": request.cwd,
        "tool": request.tool,
        "findings": request.findings.iter().map(crate::render::json::finding).collect::<Vec<_>>(),
        "confirm": request.confirm,
        "needed": request.requirement.approvals,
        "approvals": approvals,
        "backup": backup,
        "gaps": shown.gaps,
        "held": request.held,
        "created_at": request.created_at,
        "expires_at": request.expires_at,
        "used_at": request.used_at,
        "outcome": request.outcome,
    })
}
