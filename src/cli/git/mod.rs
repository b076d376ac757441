//! `backstop git ...`: the commands that git's own hooks call. One file per hook.
//! What a hook decides is the work of the stages behind it; nothing here judges.

mod findings;
pub mod pre_commit;
pub mod pre_push;
mod pushed;
pub mod reference_transaction;

use std::path::PathBuf;

/// What the git hooks share.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    hook: Hook,
    /// State directory that the installed line names.
    #[arg(long, global = true)]
    state: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Hook {
    /// Judges what a commit stages.
    PreCommit(pre_commit::Args),
    /// Judges what a push would do to the remote's refs; the lines of git on stdin.
    PrePush(pre_push::Args),
    /// Judges a change of local refs; the lines of git on stdin.
    ReferenceTransaction(reference_transaction::Args),
}

/// Runs the hook and returns the exit code: 0, or 1 to stop git.
pub fn run(args: &Args) -> u8 {
    let state = args.state.as_deref();
    match &args.hook {
        Hook::PreCommit(args) => pre_commit::run(args, state),
        Hook::PrePush(args) => pre_push::run(args, state),
        Hook::ReferenceTransaction(args) => reference_transaction::run(args, state),
    }
}
