//! One file per command. This room reads words, wires ports to adapters and returns exit codes.
//! It decides nothing: the stages behind it do.

pub mod approve;
pub mod backup;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod drill;
pub mod evidence;
pub mod git;
pub mod hook;
pub mod human;
pub mod install;
pub mod lease;
pub mod ledger;
mod lost;
mod moved;
pub mod password;
mod policy;
mod prune;
pub mod reject;
pub mod replay;
pub mod requests;
pub mod restore;
pub mod revoke;
pub mod scan;
pub mod screens;
pub mod settings;
pub mod undo;
pub mod uninstall;
pub mod wait;
pub mod wiring;
pub mod worker;

use std::io::Write as _;

use clap::Parser as _;

/// What `--version` says of this build.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const TESTED: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nLinux x86_64: the system on which the whole test suite runs"
);
/// What `--version` says of this build.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
const TESTED: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nthis system: linked by the release script, not run by its makers; the test suite runs on Linux x86_64"
);

/// backstop: no loss without a verified backup and two human approvals.
#[derive(Debug, clap::Parser)]
#[command(name = "backstop", version, long_version = TESTED, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// One hook call: JSON on stdin, exit 0 without output (no opinion) or 2 (block) with the reason on stderr.
    Hook(hook::Args),
    /// Judges a command, a hook payload or SQL without any side effect.
    Check(check::Args),
    /// Scans migrations, scripts, build and CI files for what they would lose.
    Scan(scan::Args),
    /// Lists held calls, or shows one.
    Requests(requests::Args),
    /// Waits until a request is decided.
    Wait(wait::Args),
    /// Approves a request, in a terminal of your own.
    Approve(approve::Args),
    /// Rejects a request.
    Reject(reject::Args),
    /// Takes approvals or a lease back.
    Revoke(revoke::Args),
    /// Relieves calls that lose only one target of approvals, for some hours.
    Lease(lease::Args),
    /// Makes, lists, shows, verifies and prunes backups.
    Backup(backup::Args),
    /// Restores a backup.
    Restore(restore::Args),
    /// Brings back what a used request lost.
    Undo(undo::Args),
    /// Restores into a scratch place, compares and drops the scratch.
    Drill(drill::Args),
    /// Judges past transcripts of Claude Code: what would have been held, by rule.
    Replay(replay::Args),
    /// Shows, verifies and exports the record.
    Ledger(ledger::Args),
    /// Lists, explains, tests and validates rules and policy.
    Policy(policy::Args),
    /// The commands that git's own hooks call.
    Git(git::Args),
    /// Installs the guard into an agent.
    Install(install::Args),
    /// Takes the guard out of an agent.
    Uninstall(install::Args),
    /// Says what is wrong, why it matters and what mends it.
    Doctor(doctor::Args),
    /// The whole story in a scratch directory: hold, backup, approvals, loss, undo.
    Demo(demo::Args),
    /// Makes the backups of one request in the background (started by the hook).
    #[command(hide = true)]
    Worker(worker::Args),
}

/// Runs the command line and returns the exit code.
pub fn run() -> u8 {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    match line.task {
        Some(Task::Hook(args)) => hook::run(&args),
        Some(Task::Check(args)) => check::run(&args),
        Some(Task::Scan(args)) => scan::run(&args),
        Some(Task::Requests(args)) => requests::run(&args),
        Some(Task::Wait(args)) => wait::run(&args),
        Some(Task::Approve(args)) => approve::run(&args),
        Some(Task::Reject(args)) => reject::run(&args),
        Some(Task::Revoke(args)) => revoke::run(&args),
        Some(Task::Lease(args)) => lease::run(&args),
        Some(Task::Backup(args)) => backup::run(&args),
        Some(Task::Restore(args)) => restore::run(&args),
        Some(Task::Undo(args)) => undo::run(&args),
        Some(Task::Drill(args)) => drill::run(&args),
        Some(Task::Replay(args)) => replay::run(&args),
        Some(Task::Ledger(args)) => ledger::run(&args),
        Some(Task::Policy(args)) => policy::run(&args),
        Some(Task::Git(args)) => git::run(&args),
        Some(Task::Install(args)) => install::run(&args),
        Some(Task::Uninstall(args)) => uninstall::run(&args),
        Some(Task::Doctor(args)) => doctor::run(&args),
        Some(Task::Demo(args)) => demo::run(&args),
        Some(Task::Worker(args)) => worker::run(&args),
        None => {
            let _ = <Line as clap::CommandFactory>::command().print_help();
            2
        }
    }
}

/// Writes to stdout; a closed stdout is not an error.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Writes an error and its help line to stderr.
pub(crate) fn say_error(text: &str, help: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "error: {text}");
    if !help.is_empty() {
        let _ = writeln!(out, "help: {help}");
    }
}
