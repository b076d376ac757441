//! `backstop git pre-commit`: judges what is staged, from the index and not from the work tree.
//! It backs nothing up and opens no request: nothing is lost by a commit, so it only stops it and says why.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use annotate_snippets::Renderer;

use crate::adapters::environment;
use crate::cli::{say_error, scan};
use crate::examine;
use crate::examine::changes::{Repository, Which};
use crate::model::policy::Demand;
use crate::model::scanned::{Remark, Report};
use crate::policy::builtin;
use crate::render::scan as render;

/// Findings that are shown whole; the rest is counted.
const SHOWN: usize = 20;

/// The words that git gives its pre-commit hook.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the hook and returns the exit code.
pub fn run(_args: &Args, _state: Option<&Path>) -> u8 {
    std::panic::set_hook(Box::new(|_| {}));
    match std::panic::catch_unwind(staged) {
        Ok(Ok(report)) => answer(&report),
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

fn staged() -> Result<Report, String> {
    let here = std::env::current_dir()
        .map_err(|error| format!("the working directory cannot be read: {error}"))?;
    let policy = builtin::default_policy();
    let repository = Repository::open(&here, &policy.tool_dirs, Which::Staged)
        .map_err(|error| error.to_string())?;
    let root = top(&here, &repository);
    scan::with_desk(&root, |desk| examine::changed(&repository, desk))
        .map_err(|error| error.to_string())
}

/// Git starts its hooks at the top of the work tree; asked by hand, the top may lie above.
fn top(here: &Path, repository: &Repository) -> PathBuf {
    let is_top = here.join(".git").symlink_metadata().is_ok();
    if is_top {
        return here.to_path_buf();
    }
    repository.top().unwrap_or_else(|| here.to_path_buf())
}

/// Says what was found, and whether the commit is stopped: by what the guard would hold, not by what it would only snapshot.
fn answer(report: &Report) -> u8 {
    let policy = builtin::default_policy();
    let holds = |remark: &&Remark| {
        let demand = policy.demands.get(&remark.severity);
        remark.counts() && matches!(demand, None | Some(Demand::Hold | Demand::Deny))
    };
    let held: Vec<&Remark> = report.remarks.iter().filter(holds).collect();
    if held.is_empty() {
        return 0;
    }
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text(&held, report).as_bytes());
    1
}

fn text(held: &[&Remark], report: &Report) -> String {
    let colour = std::io::stderr().is_terminal() && !environment::no_color();
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let what = if held.len() == 1 {
        "1 finding".to_owned()
    } else {
        format!("{} findings", held.len())
    };
    let mut out = format!("backstop: this commit is stopped: {what} in what is staged\n");
    for remark in held.iter().take(SHOWN) {
        out.push_str(&render::shown(remark, &renderer));
    }
    if held.len() > SHOWN {
        out.push_str(&format!(
            "and {} more: run `backstop scan --staged`\n",
            held.len() - SHOWN
        ));
    }
    for note in &report.notes {
        out.push_str(&render::line(note));
    }
    out.push_str("next: take the statement out, or have a person review it\n");
    out.push_str("  reviewed: a comment `backstop:allow RULE until=YYYY-MM-DD reason=\"...\"` above the line keeps later scans quiet;\n");
    out.push_str("  a new one is shown by itself, because whoever writes the statement can write the comment too\n");
    out.push_str(&format!("  to commit it as it is, {WAY_ON}\n"));
    out
}
