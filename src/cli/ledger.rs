//! `backstop ledger`. Shows, verifies and exports the record.
//! Only `repair` changes it, and only behind the last record that counts.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::human;
use super::screens;
use super::settings::{self, Format, StateArgs, Trouble};
use crate::store::{self, Checked, Fault, Record, Store};

/// Shows, verifies and exports the record.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub task: Task,
    /// Output for people or for programs.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
    #[command(flatten)]
    pub state: StateArgs,
}

/// What is done with the ledger.
#[derive(Debug, clap::Subcommand)]
pub enum Task {
    /// Shows the last records.
    Show {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        /// Only those that name this request or lease.
        #[arg(long)]
        id: Option<String>,
    },
    /// Checks every record, the chain and the head; exit 1 names the first that is wrong.
    Verify,
    /// Sets aside what stands behind the last record and does not continue the chain; a person runs it at a terminal.
    Repair,
    /// Copies the ledger as it is.
    Export {
        /// A new file; without it standard output.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    match answer(args) {
        Ok((text, code)) => {
            super::say(&text);
            code
        }
        Err(trouble) => trouble.tell(1),
    }
}

fn answer(args: &Args) -> Result<(String, u8), Trouble> {
    let store = settings::open(&args.state)?;
    match &args.task {
        Task::Show { limit, id } => {
            show(&store, *limit, id.as_deref(), args.format).map(|text| (text, 0))
        }
        Task::Verify => verify(&store, args.format),
        Task::Repair => repair(&store).map(|text| (text, 0)),
        Task::Export { to } => export(&store, to.as_ref()).map(|text| (text, 0)),
    }
}

fn show(store: &Store, limit: usize, id: Option<&str>, format: Format) -> Result<String, Trouble> {
    let records = match id {
        None => store.last_records(limit)?,
        Some(text) => about(store, limit, text)?,
    };
    if format == Format::Json {
        let document = json!({"schema": "backstop.ledger/1", "records": records});
        return Ok(format!("{document}\n"));
    }
    let mut out = String::new();
    for record in &records {
        let _ = writeln!(
            out,
            "{:>6}  {:.19}Z  {:<13} {}",
            record.seq,
            record.at,
            record.kind,
            summary(record)
        );
    }
    Ok(out)
}

/// Reads the whole ledger, keeping the last ones that name the id.
fn about(store: &Store, limit: usize, text: &str) -> Result<Vec<Record>, Trouble> {
    let name = text.trim().to_ascii_uppercase();
    let id = if name.starts_with("L-") {
        name
    } else {
        store::request_id(&name)?.0
    };
    let mut kept = std::collections::VecDeque::new();
    store.records(|record| {
        let lease = record.body.get("lease").and_then(|lease| lease.get("id"));
        let names = [record.body.get("id"), lease];
        if names.into_iter().flatten().any(|value| *value == *id) {
            kept.push_back(record);
            if kept.len() > limit {
                kept.pop_front();
            }
        }
        true
    })?;
    Ok(kept.into())
}

fn summary(record: &Record) -> String {
    let body = &record.body;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let inner = |outer: &str, name: &str| {
        let value = body.get(outer).and_then(|value| value.get(name));
        match value {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        }
    };
    let line = match record.kind.as_str() {
        "requested" => format!("{}  {}", text("id"), inner("request", "command")),
        "approved" => format!(
            "{}  approval {} by {} ({})",
            text("id"),
            inner("approval", "step"),
            inner("approval", "by"),
            inner("approval", "strength")
        ),
        "leased" => format!("{}  {}", inner("lease", "id"), inner("lease", "reason")),
        "refused" | "rejected" | "revoked" | "lease-revoked" => {
            format!("{}  by {}: {}", text("id"), text("by"), text("reason"))
        }
        "held" | "used" => text("id").to_owned(),
        _ => body.to_string(),
    };
    let line = screens::visible(line.trim());
    line.chars().take(100).collect()
}

fn verify(store: &Store, format: Format) -> Result<(String, u8), Trouble> {
    let checked = store.verify()?;
    let code = u8::from(checked.fault.is_some());
    if format == Format::Json {
        let document = json!({
            "schema": "backstop.ledger-verify/1",
            "intact": checked.fault.is_none(),
            "records": checked.records,
            "head": checked.hash,
            "fault": checked.fault.as_ref().map(ToString::to_string),
            "torn_bytes": checked.torn,
        });
        return Ok((format!("{document}\n"), code));
    }
    let mut text = match &checked.fault {
        None => format!(
            "The ledger is intact: {} records, the last one has the hash {}\n",
            checked.records, checked.hash
        ),
        Some(fault) => format!(
            "The ledger is not intact: {fault}; the {} records before it are.\n",
            checked.records
        ),
    };
    if checked.torn > 0 {
        let _ = writeln!(
            text,
            "A crash left {} bytes of a record that never counted; the next change sets them aside.",
            checked.torn
        );
    }
    Ok((text, code))
}

fn repair(store: &Store) -> Result<String, Trouble> {
    const HELP: &str = "keep the state directory for a look, and begin anew with another one; approvals are then given again";
    let checked = store.verify()?;
    if let Some(
        fault @ (Fault::Changed(_)
        | Fault::Removed(_)
        | Fault::Reordered { .. }
        | Fault::Cut { .. }
        | Fault::Head(_)),
    ) = &checked.fault
        && !behind(store, &checked)
    {
        return Err(Trouble::new(
            format!("this cannot be mended: {fault}"),
            HELP,
        ));
    }
    let mut terminal = human::at_terminal()?;
    terminal.say("What stands behind the last record that counts and does not continue the chain will be set aside in a file of its own.\n")?;
    let answer = terminal.ask("repair? [y/N] ")?;
    if !answer.is_some_and(|answer| matches!(answer.as_str(), "y" | "Y" | "yes")) {
        return Ok("Nothing was changed.\n".to_owned());
    }
    Ok(match store.repair(Timestamp::now())? {
        Some((bytes, file)) => format!("{bytes} bytes were set aside in `{file}`.\n"),
        None => "There was nothing to set aside.\n".to_owned(),
    })
}

/// Tells whether all records that count are whole, so that only what follows them is wrong.
fn behind(store: &Store, checked: &Checked) -> bool {
    store.head_seq().is_ok_and(|seq| checked.records >= seq)
}

fn export(store: &Store, to: Option<&PathBuf>) -> Result<String, Trouble> {
    let now = Timestamp::now();
    match to {
        None => {
            store.export(&mut io::stdout().lock(), now)?;
            Ok(String::new())
        }
        Some(name) => {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(name)
                .map_err(|error| {
                    Trouble::new(
                        format!("cannot create `{}`: {error}", name.display()),
                        "name a file that does not exist yet",
                    )
                })?;
            let bytes = store.export(&mut file, now)?;
            file.sync_all()?;
            Ok(format!("{} were written.\n", screens::bytes(bytes)))
        }
    }
}
