//! `backstop git pre-commit`: judges what is staged, from the index and not from the work tree.
//! It backs nothing up and opens no request: nothing is lost by a commit, so it only stops it and says why.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::findings::{self, Deed};
use crate::cli::{say_error, scan};
use crate::examine;
use crate::examine::changes::{Repository, Which};
use crate::model::scanned::Report;
use crate::policy::builtin;

/// The words that git gives its pre-commit hook.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the hook and returns the exit code.
pub fn run(_args: &Args, state: Option<&Path>) -> u8 {
    std::panic::set_hook(Box::new(|_| {}));
    match std::panic::catch_unwind(|| judged(state)) {
        Ok(Ok(None)) => 0,
        Ok(Ok(Some(why))) => {
            let _ = std::io::stderr().lock().write_all(why.as_bytes());
            1
        }
        Ok(Err(what)) => {
            say_error(
                &format!("backstop cannot judge this commit: {what}"),
                WAY_ON,
            );
            1
        }
        Err(_) => {
            say_error("backstop failed inside while judging this commit", WAY_ON);
            1
        }
    }
}

/// What a person can do about a commit that is stopped.
const WAY_ON: &str = "a person who has looked at it runs `git commit --no-verify`; an agent does not, and does not look for another way";

const DEED: Deed = Deed {
    name: "commit",
    place: "staged",
    more: "backstop scan --staged",
    way_on: WAY_ON,
};

/// Returns why the commit is stopped: by what the guard would hold, not by what it would only snapshot.
fn judged(state: Option<&Path>) -> Result<Option<String>, String> {
    let (root, report) = staged()?;
    findings::stop(&report, DEED, state, &root)
}

fn staged() -> Result<(PathBuf, Report), String> {
    let here = std::env::current_dir()
        .map_err(|error| format!("the working directory cannot be read: {error}"))?;
    let policy = builtin::default_policy();
    let repository = Repository::open(&here, &policy.tool_dirs, Which::Staged)
        .map_err(|error| error.to_string())?;
    let root = top(&here, &repository);
    let report = scan::with_desk(&root, |desk| examine::changed(&repository, desk))
        .map_err(|error| error.to_string())?;
    Ok((root, report))
}

/// Git starts its hooks at the top of the work tree; asked by hand, the top may lie above.
fn top(here: &Path, repository: &Repository) -> PathBuf {
    let is_top = here.join(".git").symlink_metadata().is_ok();
    if is_top {
        return here.to_path_buf();
    }
    repository.top().unwrap_or_else(|| here.to_path_buf())
}
