//! What git's own hooks say about findings in files: which of them stop git, and the words for them.
//! It backs nothing up and opens no request, because nothing is lost by a commit or by what it carries.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use annotate_snippets::Renderer;
use jiff::Timestamp;
use serde_json::json;

use crate::adapters::environment;
use crate::enforce::House;
use crate::model::policy::{Demand, Mode, Policy};
use crate::model::scanned::{Remark, Report};
use crate::render::scan as render;

/// Findings that are shown whole; the rest is counted.
const SHOWN: usize = 20;
/// Time for reading the policy.
const POLICY: Duration = Duration::from_secs(10);

/// What git is about to do, as the words of a stop name it.
#[derive(Clone, Copy, Debug)]
pub struct Deed {
    /// `commit` or `push`.
    pub name: &'static str,
    /// Where the findings are.
    pub place: &'static str,
    /// What shows all of them.
    pub more: &'static str,
    /// What a person can do.
    pub way_on: &'static str,
}

/// Returns why git is stopped; nothing when nothing counts, or when the owner only observes.
///
/// # Errors
/// When something was found and the policy cannot be read.
pub fn stop(
    report: &Report,
    deed: Deed,
    state: Option<&Path>,
    root: &Path,
) -> Result<Option<String>, String> {
    if !report.remarks.iter().any(Remark::counts) {
        return Ok(None);
    }
    let house = House::new(state.map(Path::to_path_buf), Instant::now() + POLICY);
    let policy = house
        .policy(root, None)
        .map_err(|error| format!("{error} (the policy is needed, because there is a finding)"))?;
    let held: Vec<&Remark> = report
        .remarks
        .iter()
        .filter(|remark| remark.counts() && is_held(remark, &policy))
        .collect();
    if held.is_empty() {
        return Ok(None);
    }
    if policy.mode != Mode::Enforce {
        note(&held, deed, &house, root);
        return Ok(None);
    }
    Ok(Some(text(&held, report, deed)))
}

/// Tells whether the guard would hold it; what it would only snapshot stops neither a commit nor a push.
fn is_held(remark: &Remark, policy: &Policy) -> bool {
    let severity = policy.severities.get(&remark.rule);
    let severity = severity.unwrap_or(&remark.severity);
    let demand = policy.demands.get(severity);
    matches!(demand, None | Some(Demand::Hold | Demand::Deny))
}

/// Records what an owner who only observes, or only wants backups, would not want stopped.
fn note(held: &[&Remark], deed: Deed, house: &House, root: &Path) {
    let Some(store) = house.store_if_there() else {
        return;
    };
    let one = |remark: &&&Remark| json!({"rule": remark.rule, "severity": remark.severity, "file": remark.spot.file, "line": remark.spot.line});
    let all: Vec<_> = held.iter().take(SHOWN).map(|remark| one(&remark)).collect();
    let body = json!({"tool": format!("git pre-{}", deed.name), "cwd": PathBuf::from(root), "findings": all});
    let _ = store.record("observed", &body, Timestamp::now());
}

fn text(held: &[&Remark], report: &Report, deed: Deed) -> String {
    let colour = std::io::stderr().is_terminal() && !environment::is_plain();
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
    let Deed {
        name,
        place,
        more,
        way_on,
    } = deed;
    let mut out = format!("backstop: this {name} is stopped: {what} in what is {place}\n");
    for remark in held.iter().take(SHOWN) {
        out.push_str(&render::shown(remark, &renderer));
    }
    if held.len() > SHOWN {
        out.push_str(&format!("and {} more: run `{more}`\n", held.len() - SHOWN));
    }
    for note in &report.notes {
        out.push_str(&render::line(note));
    }
    out.push_str("next: take the statement out, or have a person review it\n");
    out.push_str("  reviewed: a comment `backstop:allow RULE until=YYYY-MM-DD reason=\"...\"` above the line keeps later scans quiet;\n");
    out.push_str("  a new one is shown by itself, because whoever writes the statement can write the comment too\n");
    out.push_str(&format!("  to {name} it as it is, {way_on}\n"));
    out
}
