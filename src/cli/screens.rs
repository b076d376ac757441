//! What a human reads before deciding: the call, the loss, the backup, the consequences.
//! Text in, text out; whatever comes from a command is made visible before it is shown.

use std::fmt::Write as _;

use super::evidence::{BackupShown, BackupState, Shown};
use crate::model::approval::{Request, RequestState};
use crate::model::finding::Finding;
use crate::model::span::Span;

/// A command that is longer is folded around what matters in it.
const WHOLE: usize = 1200;

/// What is kept around a span, and at both ends.
const AROUND: usize = 160;

/// Findings that are shown one by one; the rest is counted.
const MOST: usize = 20;

/// Says how many approvals are there; all of them beside a request that is pending have expired.
pub fn counted_approvals(request: &Request) -> String {
    let (have, need) = (request.approvals.len(), request.requirement.approvals);
    let is_pending = request.state == RequestState::Pending;
    match is_pending && need > 0 && have >= usize::from(need) {
        true => format!("its {have} approvals have expired"),
        false => format!("{have} of {need} approvals"),
    }
}

/// Returns the text with every character that could hide or move others written out as `<U+202E>`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if let Some(byte) = crate::model::name::byte(c) {
            let _ = write!(out, "\\x{byte:02x}");
        } else if hides(c) {
            let _ = write!(out, "<U+{:04X}>", c as u32);
        } else {
            out.push(c);
        }
    }
    out
}

fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns a command as lines that begin with `| `, folded around the spans when it is long.
pub fn command(text: &str, spans: &[Span]) -> String {
    let mut out = String::new();
    for (kept, part) in folded(text, spans) {
        if !kept {
            let _ = writeln!(out, "  … {} characters folded …", part.chars().count());
            continue;
        }
        for line in part.split('\n') {
            let _ = writeln!(out, "  | {}", visible(line));
        }
    }
    out
}

/// Cuts the text into stretches that are shown and stretches that are folded.
fn folded<'a>(text: &'a str, spans: &[Span]) -> Vec<(bool, &'a str)> {
    if text.len() <= WHOLE {
        return vec![(true, text)];
    }
    let mut windows = vec![(0, AROUND), (text.len() - AROUND, text.len())];
    for span in spans
        .iter()
        .filter(|span| span.end <= text.len())
        .take(MOST)
    {
        let end = span.end.min(span.start.saturating_add(WHOLE));
        windows.push((
            span.start.saturating_sub(AROUND),
            end.saturating_add(AROUND).min(text.len()),
        ));
    }
    windows.sort_unstable();
    let mut parts = Vec::new();
    let mut at = 0;
    for (start, end) in windows {
        let start = text.floor_char_boundary(start).max(at);
        let end = text.ceil_char_boundary(end);
        if end <= start {
            continue;
        }
        parts.extend(text.get(at..start).map(|part| (false, part)));
        parts.extend(text.get(start..end).map(|part| (true, part)));
        at = end;
    }
    parts.retain(|(_, part)| !part.is_empty());
    join(parts, text)
}

/// Puts neighbours of one kind together, so that no line is broken between two windows.
fn join<'a>(parts: Vec<(bool, &'a str)>, text: &'a str) -> Vec<(bool, &'a str)> {
    let mut joined: Vec<(bool, usize, usize)> = Vec::new();
    let mut at = 0;
    for (kept, part) in parts {
        let end = at + part.len();
        match joined.last_mut() {
            Some(last) if last.0 == kept => last.2 = end,
            _ => joined.push((kept, at, end)),
        }
        at = end;
    }
    joined
        .into_iter()
        .filter_map(|(kept, start, end)| Some((kept, text.get(start..end)?)))
        .collect()
}

/// Returns a size for people.
pub fn bytes(number: u64) -> String {
    crate::plan::restore::sized(number)
}

/// Returns a time span for people.
pub fn age(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The first screen: what runs, what it loses, what there is to bring it back.
pub fn first(request: &Request, shown: &Shown) -> String {
    let mut out = String::new();
    let held = match request.held {
        0 | 1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let _ = writeln!(
        out,
        "Request {}: {} was held {held}, first at {}.",
        request.id.0,
        visible(&request.tool),
        visible(&request.created_at)
    );
    let _ = writeln!(out, "In {}:", visible(&request.cwd));
    let spans: Vec<Span> = request
        .findings
        .iter()
        .filter_map(|finding| finding.span)
        .collect();
    out.push_str(&command(&request.command, &spans));
    out.push_str("\nWould be lost:\n");
    losses(&mut out, &request.findings);
    if !shown.blast_now.is_empty() {
        out.push_str("\nAs it is now:\n");
        for line in &shown.blast_now {
            let _ = writeln!(out, "  - {}", visible(line));
        }
    }
    if let Some(why) = &shown.unseen {
        let _ = writeln!(out, "\nAs it is now: {}.", visible(why));
    }
    backups(&mut out, shown);
    gaps(&mut out, request, shown);
    out.push('\n');
    out
}

fn losses(out: &mut String, findings: &[Finding]) {
    if findings.is_empty() {
        out.push_str("  - nothing was named; the meaning of the command is not known\n");
    }
    for finding in findings.iter().take(MOST) {
        let _ = writeln!(
            out,
            "  - {} [{} {}]",
            visible(&finding.summary),
            finding.severity.name(),
            finding.rule
        );
        if finding.opaque {
            out.push_str("      what it does could not be determined\n");
        }
        if !finding.command.is_empty() {
            let words = visible(&finding.command.join(" "));
            let _ = writeln!(out, "      runs: {}", clipped(&words, 400));
        }
        if !finding.via.is_empty() {
            let _ = writeln!(out, "      through: {}", visible(&finding.via.join(", ")));
        }
        if let Some(place) = &finding.file {
            let file = place.file.display().to_string();
            let _ = writeln!(out, "      in file: {}:{}", visible(&file), place.line);
        }
        for target in finding.targets.iter().take(MOST) {
            let object = target.object.as_deref().map(visible).unwrap_or_default();
            let dot = if object.is_empty() { "" } else { ": " };
            let _ = writeln!(
                out,
                "      where: {} {}{dot}{object}",
                target.kind.name(),
                visible(&target.locator)
            );
        }
        for line in &finding.blast.lines {
            let _ = writeln!(out, "      {}", visible(line));
        }
        if let Some(instead) = &finding.instead {
            let _ = writeln!(out, "      instead: {}", visible(instead));
        }
    }
    if findings.len() > MOST {
        let _ = writeln!(out, "  - and {} more", findings.len() - MOST);
    }
}

fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most).collect();
    short.push('…');
    short
}

fn backups(out: &mut String, shown: &Shown) {
    if shown.backups.is_empty() {
        out.push_str("\nBackup: there is none yet.\n");
        return;
    }
    out.push_str("\nBackup:\n");
    for backup in &shown.backups {
        let _ = writeln!(out, "  - {}: {}", visible(&backup.id), state(backup));
        if let Some(changed) = &backup.changed {
            let what = match (backup.state, backup.verified.as_str()) {
                (BackupState::Failed, "none") => "why",
                _ => "changed since",
            };
            let _ = writeln!(out, "      {what}: {}", visible(changed));
        }
        for line in &backup.recovery {
            let _ = writeln!(out, "      restores: {}", visible(line));
        }
    }
}

fn state(backup: &BackupShown) -> String {
    let age = match backup.age_s {
        Some(seconds) => format!(", {} old", age(seconds)),
        None => String::new(),
    };
    match backup.state {
        BackupState::Ready => format!(
            "verified to `{}`{age}, {}",
            visible(&backup.verified),
            bytes(backup.bytes)
        ),
        BackupState::Running => format!("is being made, {} so far", bytes(backup.bytes)),
        // It was made, and does not count for this call; the line below says why.
        BackupState::Failed if backup.verified != "none" => format!(
            "verified to `{}`{age}, and does not count as it stands",
            visible(&backup.verified)
        ),
        BackupState::Failed => "failed".to_owned(),
        BackupState::Unknown => "recorded, not looked at again".to_owned(),
    }
}

fn gaps(out: &mut String, request: &Request, shown: &Shown) {
    if shown.gaps.is_empty() && request.requirement.waivers.is_empty() {
        return;
    }
    out.push_str("\nMissing:\n");
    for gap in &shown.gaps {
        let _ = writeln!(out, "  - {}", visible(gap));
    }
    for (target, reason) in &request.requirement.waivers {
        let _ = writeln!(
            out,
            "  - no backup of {} {} can be made: {}",
            target.kind.name(),
            visible(&target.locator),
            visible(reason)
        );
    }
}

/// The second screen: what follows from saying yes.
pub fn second(request: &Request, shown: &Shown, ttl_s: u64) -> String {
    let mut out = String::from("\nConsequences:\n");
    for finding in request.findings.iter().take(MOST) {
        let _ = write!(out, "  - {}", visible(&finding.summary));
        for target in finding.targets.iter().take(1) {
            let _ = write!(out, ", in {}", visible(&target.locator));
        }
        if let Some(line) = finding.blast.lines.first() {
            let _ = write!(out, ": {}", visible(line));
        }
        out.push('\n');
    }
    if request.findings.len() > MOST {
        let _ = writeln!(out, "  - and {} more", request.findings.len() - MOST);
    }
    let ready = shown
        .backups
        .iter()
        .any(|backup| backup.state == BackupState::Ready);
    if ready {
        let _ = writeln!(
            out,
            "  - what is written after the backup is not in it; `backstop undo {}` brings back what the backup holds",
            request.id.0
        );
    } else {
        out.push_str(
            "  - no verified backup was shown; where none is owed, what is lost stays lost\n",
        );
    }
    let _ = writeln!(
        out,
        "  - the agent may run exactly this command, once, within {}",
        age(ttl_s)
    );
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_hide_or_move_others_are_written_out() {
        assert_eq!(
            visible("rm \u{202e}fr-\u{1b}[2K\r\u{200b}x"),
            "rm <U+202E>fr-<U+001B>[2K<U+000D><U+200B>x"
        );
        assert_eq!(visible("Grüße, 数据 — ok"), "Grüße, 数据 — ok");
    }

    #[test]
    fn a_line_feed_cannot_leave_the_frame() {
        assert_eq!(command("a\nb", &[]), "  | a\n  | b\n");
    }

    #[test]
    fn a_long_command_is_folded_around_what_matters() {
        let text = format!("{}DROP TABLE users{}", "x ".repeat(5000), " é".repeat(5000));
        let shown = command(&text, &[Span::new(10_000, 10_016)]);
        assert!(shown.contains("DROP TABLE users"));
        assert!(shown.len() < 2000, "{}", shown.len());
        assert_eq!(shown.matches("characters folded").count(), 2);
        for start in [0, 9_999, 10_017, 10_018, 24_990] {
            let span = Span::new(start, start + 3);
            assert!(command(&text, &[span, span]).len() < 2000);
        }
    }

    #[test]
    fn spans_beyond_the_text_are_left_out() {
        let text = "y".repeat(3000);
        let shown = command(&text, &[Span::new(2990, 4000), Span::new(5000, 5001)]);
        assert_eq!(shown.matches("folded").count(), 1);
    }

    #[test]
    fn sizes_and_ages_are_told_for_people() {
        assert_eq!(
            (bytes(999), bytes(96_400)),
            ("999 B".into(), "96.4 kB".into())
        );
        assert_eq!((age(5), age(7300)), ("5 s".into(), "2 h".into()));
    }
}
