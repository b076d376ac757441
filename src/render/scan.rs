//! The report of a scan: for people, for programs, and for the places that show findings beside code.
//! It prints nothing itself and decides nothing.

mod github;
mod sarif;

pub use github::github;
pub use sarif::{Rules, sarif};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::model::scanned::{Note, Part, Remark, Report};

use super::redact::{mask, redact};
use super::visible::visible;

/// Most bytes of a line that are shown on either side of a place.
const AROUND: usize = 60;

/// Returns the object `backstop.scan/1`.
pub fn json(report: &Report, elapsed_us: u64) -> Value {
    json!({
        "schema": "backstop.scan/1",
        "findings": report.remarks.iter().map(remark).collect::<Vec<_>>(),
        "notes": report.notes.iter().map(note).collect::<Vec<_>>(),
        "files": report.files,
        "judged": report.judged,
        "failing": report.failing(),
        "elapsed_us": elapsed_us,
    })
}

fn remark(remark: &Remark) -> Value {
    let excepted = remark
        .excepted
        .as_ref()
        .map(|relief| json!({"until": relief.until, "reason": relief.reason, "line": relief.line}));
    json!({
        "rule": remark.rule, "severity": remark.severity.name(), "summary": redact(&remark.summary),
        "file": remark.spot.file, "line": remark.spot.line, "column": remark.spot.column,
        "end": {"line": remark.spot.end_line, "column": remark.spot.end_column},
        "part": remark.part.map(Part::name), "snippet": redact(&remark.snippet), "instead": remark.instead,
        "opaque": remark.opaque, "excepted": excepted, "baselined": remark.baselined, "fails": remark.counts(),
        "key": remark.key,
    })
}

fn note(note: &Note) -> Value {
    let place = |number: usize| (number > 0).then_some(number);
    json!({"note": note.name, "file": note.file, "line": place(note.line), "column": place(note.column), "text": note.text})
}

/// Returns the report for people.
pub fn text(report: &Report, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for remark in &report.remarks {
        out.push_str(&shown(remark, &renderer));
    }
    for note in &report.notes {
        out.push_str(&line(note));
    }
    out.push_str(&summary(report));
    out
}

/// Returns one remark with its place and what to do instead.
pub fn shown(remark: &Remark, renderer: &Renderer) -> String {
    let (level, name) = if remark.counts() {
        (Level::ERROR, remark.severity.name())
    } else {
        (Level::NOTE, "note")
    };
    let head = level
        .with_name(name)
        .primary_title(visible(&redact(&remark.summary)))
        .id(remark.rule.clone());
    let (source, start, end) = excerpt(remark);
    let file = visible(&remark.spot.file);
    let mark = AnnotationKind::Primary.span(start..end).label("here");
    let snippet = Snippet::source(source.as_str())
        .line_start(remark.spot.line)
        .path(format!(
            "{file}:{}:{}",
            remark.spot.line, remark.spot.column
        ));
    let mut out = if source.trim().is_empty() {
        let plain = renderer.render(&[annotate_snippets::Group::with_title(head)]);
        format!(
            "{plain}\n  --> {file}:{}:{}",
            remark.spot.line, remark.spot.column
        )
    } else {
        // The path of the snippet would name the column of the excerpt; the place is written once, as it is in the file.
        let text = renderer.render(&[head.element(snippet.annotation(mark))]);
        unplaced(
            &text,
            &format!("{file}:{}:{}", remark.spot.line, remark.spot.column),
        )
    };
    out.push('\n');
    for line in reasons(remark) {
        out.push_str(&format!("  = {line}\n"));
    }
    out
}

/// Leaves out the line and column that the renderer appends to a path which already ends in them.
fn unplaced(text: &str, place: &str) -> String {
    text.split('\n')
        .map(|line| match line.find(place) {
            Some(at) if line.contains("-->") => {
                let end = at + place.len();
                let rest = line.get(end..).unwrap_or_default();
                let rest =
                    rest.trim_start_matches(|char: char| char == ':' || char.is_ascii_digit());
                format!("{}{rest}", line.get(..end).unwrap_or_default())
            }
            _ => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn reasons(remark: &Remark) -> Vec<String> {
    let mut lines = Vec::new();
    if remark.part == Some(Part::Down) {
        lines.push("part: down; it runs only when the migration is taken back".to_owned());
    }
    if let Some(relief) = &remark.excepted {
        lines.push(format!(
            "excepted until {}: {}",
            relief.until,
            visible(&relief.reason)
        ));
    }
    if remark.baselined {
        lines.push("known to the baseline".to_owned());
    }
    if remark.opaque {
        lines.push("the meaning cannot be determined; the worst reading counts".to_owned());
    }
    if let Some(instead) = remark.instead.as_ref().filter(|_| remark.counts()) {
        lines.push(format!("instead: {}", visible(instead)));
    }
    lines
}

/// Cuts the line around the place, makes it visible, and returns where the place is in it.
fn excerpt(remark: &Remark) -> (String, usize, usize) {
    let source = mask(&remark.source);
    let from = byte_of(&source, remark.spot.column);
    let to = if remark.spot.end_line == remark.spot.line {
        byte_of(&source, remark.spot.end_column)
    } else {
        source.len()
    };
    let start = floor(&source, from.saturating_sub(AROUND));
    let last = floor(
        &source,
        to.min(from + 4 * AROUND)
            .saturating_add(AROUND)
            .min(source.len()),
    );
    let inner = floor(&source, to.min(last));
    let part = |from: usize, to: usize| visible(source.get(from..to).unwrap_or_default());
    let (before, inside, after) = (part(start, from), part(from, inner), part(inner, last));
    let lead = if start > 0 { "…" } else { "" };
    let tail = if last < source.len() { "…" } else { "" };
    let at = lead.len() + before.len();
    let end = at + inside.len().max(1);
    (format!("{lead}{before}{inside}{after}{tail} "), at, end)
}

fn byte_of(text: &str, column: usize) -> usize {
    text.char_indices()
        .nth(column.saturating_sub(1))
        .map_or(text.len(), |(at, _)| at)
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Returns a note on one line.
pub fn line(note: &Note) -> String {
    let file = visible(&note.file);
    let place = if note.line > 0 {
        format!("{file}:{}:{}", note.line, note.column)
    } else {
        file
    };
    format!("note[{}]: {place}: {}\n", note.name, visible(&note.text))
}

fn summary(report: &Report) -> String {
    let failing = report.failing();
    let relieved = report.remarks.len() - failing;
    let files = format!("{} of {} files hold commands", report.judged, report.files);
    match (failing, relieved) {
        (0, 0) => format!("nothing found; {files}\n"),
        (0, relieved) => format!("nothing to fail on, {relieved} noted; {files}\n"),
        (failing, 0) => format!("{failing} found; {files}\n"),
        (failing, relieved) => format!("{failing} found, {relieved} noted; {files}\n"),
    }
}
