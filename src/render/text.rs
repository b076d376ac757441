//! Verdicts as text for people and agents: what was seen, what would be lost, what is missing, what to type next.
//! It prints nothing itself.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::model::finding::Finding;
use crate::model::span::Span;
use crate::model::verdict::{Answer, Verdict};

use super::redact::{mask, redact};
use super::visible::visible;

/// Longest reason that is sent to an agent, in characters; Claude Code's own limit is 10,000.
pub const REASON: usize = 1_950;

/// Most bytes of the command that are shown on either side of a span.
const AROUND: usize = 60;

/// Returns the report of `check` for people.
pub fn report(text: &str, verdict: &Verdict, mode: &str, colour: bool) -> String {
    if verdict.findings.is_empty() {
        return "nothing found\n".to_owned();
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    let masked = mask(text);
    for finding in &verdict.findings {
        out.push_str(&snippet(&masked, finding, verdict.answer, &renderer));
        out.push('\n');
        for line in notes(finding) {
            out.push_str(&format!("  = {line}\n"));
        }
    }
    for gap in &verdict.gaps {
        out.push_str(&format!("  = missing: {}\n", visible(&redact(gap))));
    }
    if mode != "enforce" {
        out.push_str(&format!(
            "  = MODE: {mode}: the guard does not enforce this verdict\n"
        ));
    }
    out.push_str(&format!("verdict: {}\n", verdict.answer.name()));
    out
}

fn notes(finding: &Finding) -> Vec<String> {
    let mut lines: Vec<String> = finding
        .blast
        .lines
        .iter()
        .take(6)
        .map(|line| format!("lost: {}", visible(line)))
        .collect();
    if finding.opaque {
        lines.push("the meaning cannot be determined; the worst reading counts".to_owned());
    }
    if let Some(at) = &finding.file {
        lines.push(format!(
            "found in {}:{}:{}",
            visible(&at.file.display().to_string()),
            at.line,
            at.column
        ));
    }
    if !finding.via.is_empty() {
        lines.push(format!("runs through {}", visible(&finding.via.join(", "))));
    }
    if let Some(instead) = &finding.instead {
        lines.push(format!("instead: {}", visible(instead)));
    }
    lines
}

/// Returns `hold[rule]: summary` with the place underlined, in a text without its secrets.
fn snippet(masked: &str, finding: &Finding, answer: Answer, renderer: &Renderer) -> String {
    let level = match answer {
        Answer::Allow | Answer::Snapshot => Level::WARNING,
        Answer::Hold | Answer::Deny => Level::ERROR,
    };
    let title = visible(&redact(&finding.summary));
    let head = level
        .with_name(answer.name())
        .primary_title(title)
        .id(finding.rule.clone());
    let Some((excerpt, at)) = finding.span.and_then(|span| excerpt(masked, span)) else {
        return renderer.render(&[annotate_snippets::Group::with_title(head)]);
    };
    let mark = AnnotationKind::Primary.span(at.start..at.end).label("here");
    renderer.render(&[head.element(Snippet::source(excerpt.as_str()).annotation(mark))])
}

/// Cuts the text around a span, to characters, and makes it visible; the span moves along.
fn excerpt(text: &str, span: Span) -> Option<(String, Span)> {
    let start = floor(text, span.start.saturating_sub(AROUND));
    let end = floor(
        text,
        span.end
            .min(span.start + 4 * AROUND)
            .saturating_add(AROUND)
            .min(text.len()),
    );
    let before = visible(text.get(start..floor(text, span.start))?);
    let inner_end = floor(text, span.end.min(end));
    let inside = visible(text.get(floor(text, span.start)..inner_end)?);
    let after = visible(text.get(inner_end..end)?);
    let lead = if start > 0 { "…" } else { "" };
    let tail = if end < text.len() { "…" } else { "" };
    let from = lead.len() + before.len();
    let span = Span::new(from, from + inside.len().max(1));
    Some((format!("{lead}{before}{inside}{after}{tail} "), span))
}

/// Returns one line around a span (or the beginning, without one): secrets hidden, misleading characters visible.
pub fn around(text: &str, span: Option<Span>) -> String {
    let span = span.unwrap_or(Span::new(0, 0));
    excerpt(&mask(text), span).map_or_else(String::new, |(line, _)| line.trim_end().to_owned())
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What the reason of a block needs besides the verdict.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hold<'a> {
    /// The deciding text as received.
    pub text: &'a str,
    /// Request id; nothing when none could be made.
    pub id: Option<&'a str>,
    /// Set when the same request was held before: one line is enough.
    pub repeated: bool,
    /// State of the backups, as sentences without full stop.
    pub backups: &'a [String],
    /// A hint at the lease command, when it is due.
    pub lease: Option<&'a str>,
    /// What to do next where asking for an approval is not it: a sentence without full stop.
    pub instead: Option<&'a str>,
    /// The option that names the state directory, with a space before it; empty where the default one is meant.
    pub state: &'a str,
}

/// Lines about one loss that an agent is told; the human sees them all.
const LOSSES: usize = 6;

/// Returns the reason of a block for the agent: first line complete, whole text short.
pub fn reason(verdict: &Verdict, hold: &Hold<'_>) -> String {
    let first = first_line(verdict, hold);
    if let (true, Some(id)) = (hold.repeated, hold.id) {
        let lease = hold
            .lease
            .map(|lease| {
                format!("; for many calls on this target your user may grant a lease: {lease}")
            })
            .unwrap_or_default();
        if let Some(instead) = hold.instead {
            return fit(vec![format!("{first}; {instead}")]);
        }
        let state = hold.state;
        return fit(vec![format!(
            "{first}; your user runs `backstop approve {id}{state}`, you may run `backstop wait {id}{state}`{lease}"
        )]);
    }
    let mut lines = vec![first];
    lines.extend(details(verdict, hold));
    lines.push(next(verdict.answer, hold));
    if let Some(lease) = hold.lease {
        lines.push(format!("  your user may also grant a lease: {lease}"));
    }
    fit(lines)
}

fn first_line(verdict: &Verdict, hold: &Hold<'_>) -> String {
    let mut kinds: Vec<String> = verdict
        .findings
        .iter()
        .map(|finding| visible(&redact(&finding.summary)))
        .collect();
    kinds.dedup();
    let more = kinds.len().saturating_sub(2);
    kinds.truncate(2);
    let mut what = kinds.join("; ");
    if more > 0 {
        what.push_str(&format!("; and {more} more"));
    }
    let what = shorten(&what, 400);
    match (verdict.answer, hold.id) {
        (Answer::Deny, _) => format!("backstop: denied: {what}; no approval opens this"),
        (_, Some(id)) => format!(
            "backstop: held: {what} (request {id}): {}",
            shorten(&missing(verdict), 500)
        ),
        (_, None) => format!(
            "backstop: held: {what}: {}",
            shorten(&missing(verdict), 500)
        ),
    }
}

fn missing(verdict: &Verdict) -> String {
    if verdict.gaps.is_empty() {
        "not allowed now".to_owned()
    } else {
        visible(&redact(&verdict.gaps.join("; ")))
    }
}

fn details(verdict: &Verdict, hold: &Hold<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let masked = mask(hold.text);
    for finding in verdict.findings.iter().take(4) {
        if let Some((excerpt, at)) = finding.span.and_then(|span| excerpt(&masked, span)) {
            let width = excerpt
                .get(at.start..at.end)
                .map_or(1, |inside| inside.chars().count())
                .clamp(1, 60);
            let indent = excerpt
                .get(..at.start)
                .map_or(0, |before| before.chars().count());
            lines.push(format!("  | {}", excerpt.trim_end()));
            lines.push(format!(
                "  | {}{} {}",
                " ".repeat(indent),
                "^".repeat(width),
                finding.rule
            ));
        } else if let Some(at) = &finding.file {
            lines.push(format!(
                "  found in {}:{}:{} ({})",
                visible(&at.file.display().to_string()),
                at.line,
                at.column,
                finding.rule
            ));
        }
        lines.extend(
            finding
                .blast
                .lines
                .iter()
                .take(LOSSES)
                .map(|line| format!("  lost: {}", visible(line))),
        );
        if let Some(instead) = &finding.instead {
            lines.push(format!("  instead: {}", visible(instead)));
        }
    }
    lines.extend(
        hold.backups
            .iter()
            .map(|line| format!("  backup: {}", redact(line))),
    );
    lines
}

fn next(answer: Answer, hold: &Hold<'_>) -> String {
    match (answer, hold.id) {
        (Answer::Deny, _) => "  next: do not look for another way; tell your user what you wanted to do and why. They can do it themselves in their own terminal.".to_owned(),
        (_, Some(_)) if hold.instead.is_some() => format!(
            "  next: {}. Do not look for another way. A person can always run the command in their own terminal.",
            hold.instead.unwrap_or_default()
        ),
        (_, Some(id)) => format!(
            "  next: ask your user to run `backstop approve {id}{state}` in another terminal; you may run `backstop wait {id}{state}`, then exactly this same command again. Do not look for another way. A person can always run the command in their own terminal.",
            state = hold.state
        ),
        (_, None) => format!(
            "  next: tell your user; they can run `backstop doctor{}`, or run the command in their own terminal. Do not look for another way.",
            hold.state
        ),
    }
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most).collect();
    short.push('…');
    short
}

/// Joins the lines and keeps the first and the last one when the whole is too long.
fn fit(mut lines: Vec<String>) -> String {
    let length = |lines: &[String]| {
        lines
            .iter()
            .map(|line| line.chars().count() + 1)
            .sum::<usize>()
    };
    while length(&lines) > REASON && lines.len() > 2 {
        lines.remove(lines.len() - 2);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
