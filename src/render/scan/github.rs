//! Workflow commands of GitHub Actions: one annotation a finding.
//! It prints nothing itself.

use crate::model::scanned::{Remark, Report};
use crate::render::redact::redact;

/// Returns one workflow command for each remark and each note.
pub fn github(report: &Report) -> String {
    let mut out = String::new();
    for remark in &report.remarks {
        let command = if remark.counts() { "error" } else { "notice" };
        out.push_str(&format!(
            "::{command} {}::{}\n",
            properties(remark),
            data(&message(remark))
        ));
    }
    for note in &report.notes {
        let place = if note.line > 0 {
            format!(",line={},col={}", note.line, note.column)
        } else {
            String::new()
        };
        let file = property(&note.file);
        let title = property(&note.name);
        out.push_str(&format!(
            "::warning file={file}{place},title={title}::{}\n",
            data(&note.text)
        ));
    }
    out
}

fn properties(remark: &Remark) -> String {
    let spot = &remark.spot;
    let mut all = format!(
        "file={},line={},endLine={}",
        property(&spot.file),
        spot.line,
        spot.end_line
    );
    // GitHub takes columns only where the stretch stands on one line.
    if spot.line == spot.end_line {
        all.push_str(&format!(
            ",col={},endColumn={}",
            spot.column, spot.end_column
        ));
    }
    all.push_str(&format!(",title={}", property(&remark.rule)));
    all
}

fn message(remark: &Remark) -> String {
    let mut text = redact(&remark.summary);
    if let Some(part) = remark.part {
        text.push_str(&format!(" ({} part)", part.name()));
    }
    if let Some(relief) = &remark.excepted {
        text.push_str(&format!(
            "; excepted until {}: {}",
            relief.until, relief.reason
        ));
    }
    if remark.baselined {
        text.push_str("; known to the baseline");
    }
    if let Some(instead) = remark.instead.as_ref().filter(|_| remark.counts()) {
        text.push_str(&format!("\ninstead: {instead}"));
    }
    text
}

/// Escapes a message as the runner reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_end_a_command_or_begin_another() {
        assert_eq!(data("50%\n::error::x"), "50%25%0A::error::x");
        assert_eq!(property("a:b,c%\r\n"), "a%3Ab%2Cc%25%0D%0A");
    }
}
