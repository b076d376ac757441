//! From findings in cut-out texts to remarks with file, line, column and snippet.
//! Which of them make a scan fail is said by the remarks themselves.

use std::collections::HashMap;
use std::path::Path;

use crate::model::finding::{Finding, Severity};
use crate::model::scanned::{Remark, Spot};

use super::exceptions::Exception;
use super::place::Lines;
use super::unit::Unit;
use super::{Sheet, baseline};

/// Longest snippet, in characters.
const SNIPPET: usize = 200;

/// Longest source line that is kept for showing, in bytes.
const SOURCE: usize = 4 * 1024;

/// The rule of an exception that is new or changed.
pub const NEW_EXCEPTION: &str = "scan.new-exception";

/// Reads a file that a unit's programs opened: its path relative to the root and its text.
pub type Opened<'a> = &'a dyn Fn(&Path) -> Option<(String, String)>;

/// Returns the remarks of one unit's findings. `own` is the file's path as the pipeline sees it.
pub fn of_unit(
    sheet: &Sheet,
    unit: &Unit,
    findings: &[Finding],
    own: &Path,
    opened: Opened<'_>,
) -> Vec<Remark> {
    findings
        .iter()
        .map(|finding| {
            let (spot, snippet, source) = place(sheet, unit, finding, own, opened);
            Remark {
                rule: finding.rule.clone(),
                severity: finding.severity,
                summary: finding.summary.clone(),
                spot,
                part: unit.part,
                snippet,
                source,
                instead: finding.instead.clone(),
                opaque: finding.opaque,
                excepted: None,
                baselined: false,
                key: String::new(),
            }
        })
        .collect()
}

/// Returns a remark about the file itself.
pub fn of_file(path: &str, rule: &str, severity: Severity, summary: String) -> Remark {
    Remark {
        rule: rule.to_owned(),
        severity,
        summary,
        spot: Spot {
            file: path.to_owned(),
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
        },
        part: None,
        snippet: String::new(),
        source: String::new(),
        instead: None,
        opaque: false,
        excepted: None,
        baselined: false,
        key: String::new(),
    }
}

/// Returns the remark on an exception that stands on an added line.
pub fn of_exception(
    sheet: &Sheet,
    exception: &Exception,
    severity: Severity,
    instead: &str,
) -> Option<Remark> {
    let said = exception.said.as_ref().ok()?;
    let start = sheet.lines.start(exception.line);
    let text = sheet.lines.text(&sheet.text, exception.line);
    let from = start + text.find(super::exceptions::WORD).unwrap_or_default();
    let (spot, snippet, source) = stretch(
        &sheet.path,
        &sheet.text,
        &sheet.lines,
        (from, start + text.len()),
    );
    Some(Remark {
        rule: NEW_EXCEPTION.to_owned(),
        severity,
        summary: format!("adds an exception for {}", said.rule),
        spot,
        snippet,
        source,
        instead: Some(instead.to_owned()),
        ..of_file(&sheet.path, NEW_EXCEPTION, severity, String::new())
    })
}

fn place(
    sheet: &Sheet,
    unit: &Unit,
    finding: &Finding,
    own: &Path,
    opened: Opened<'_>,
) -> (Spot, String, String) {
    if let Some(at) = &finding.file {
        if at.file == own {
            // A fed text has the offsets of the file.
            let start = sheet.lines.offset(at.line, at.column);
            let range = (start, sheet.lines.end(at.line));
            return stretch(&sheet.path, &sheet.text, &sheet.lines, range);
        }
        if let Some((path, text)) = opened(&at.file) {
            let lines = Lines::of(&text);
            let range = (lines.offset(at.line, at.column), lines.end(at.line));
            return stretch(&path, &text, &lines, range);
        }
    }
    let range = match finding.span {
        Some(span) if unit.feed.is_none() => unit.map.span(span.start, span.end),
        _ => (0, 0),
    };
    stretch(&sheet.path, &sheet.text, &sheet.lines, range)
}

/// Returns the place of a range, its text on one line, and its first line.
fn stretch(
    path: &str,
    text: &str,
    lines: &Lines,
    (start, end): (usize, usize),
) -> (Spot, String, String) {
    let inside = text.get(start..end).unwrap_or_default();
    let start = start + (inside.len() - inside.trim_start().len());
    let inside = inside.trim();
    let end = start + inside.len();
    let (line, column) = lines.place(text, start);
    let (end_line, end_column) = lines.place(text, end);
    let spot = Spot {
        file: path.to_owned(),
        line,
        column,
        end_line,
        end_column,
    };
    let source = lines.text(text, line);
    let source = if source.len() > SOURCE {
        String::new()
    } else {
        source.to_owned()
    };
    (spot, one_line(inside), source)
}

fn one_line(text: &str) -> String {
    let mut short = String::new();
    for word in text.split_whitespace() {
        if short.chars().count() + word.chars().count() > SNIPPET {
            short.extend(
                word.chars()
                    .take(SNIPPET.saturating_sub(short.chars().count())),
            );
            short.push('…');
            return short;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    short
}

/// Orders the remarks of one file, drops those said twice, and gives each its key.
pub fn finish(remarks: &mut Vec<Remark>) {
    let rank = |remark: &Remark| usize::from(!remark.counts());
    remarks.sort_by(|a, b| {
        (&a.spot, &a.rule, &a.summary, rank(a)).cmp(&(&b.spot, &b.rule, &b.summary, rank(b)))
    });
    remarks.dedup_by(|later, first| {
        later.spot == first.spot && later.rule == first.rule && later.summary == first.summary
    });
    let mut seen: HashMap<(String, String, String), usize> = HashMap::new();
    for remark in remarks {
        let same = (
            remark.rule.clone(),
            remark.spot.file.clone(),
            remark.snippet.clone(),
        );
        let ordinal = seen.entry(same).or_default();
        remark.key = baseline::key(&remark.rule, &remark.spot.file, &remark.snippet, *ordinal);
        *ordinal += 1;
    }
}

/// Tells whether a remark touches one of the line ranges (from, to; both included).
pub fn touches(remark: &Remark, ranges: &[(usize, usize)]) -> bool {
    ranges
        .iter()
        .any(|(from, to)| remark.spot.line <= *to && remark.spot.end_line >= *from)
}
