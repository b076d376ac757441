//! Counts what the transcripts held and what the guard would have said, within fixed bounds of memory.
//! It judges nothing and prints nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::finding::{Finding, Severity};
use crate::model::request::{Asked, ToolCall};
use crate::model::verdict::{Answer, Verdict};
use crate::render::redact::redact;
use crate::render::text::around;
use crate::render::visible::visible;

/// Calls that are kept with their lines; the rest is counted only.
const HITS: usize = 20_000;

/// Losses of one call that are kept with their lines; every rule of a call is counted.
const LOSSES: usize = 16;

/// Places of trouble that are kept; the rest is counted only.
const TROUBLES: usize = 1_000;

/// Names of tools that are counted one by one.
const TOOLS: usize = 500;

/// Most characters of a sentence or line that are kept.
const LONGEST: usize = 400;

/// The rule of calls that could not be judged to the end: the hook blocks those.
pub const UNJUDGED: &str = "unjudged";

/// A line of a transcript.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub path: &'a Path,
    pub number: usize,
}

/// One loss in one call.
#[derive(Clone, Debug)]
pub struct Loss {
    pub rule: String,
    pub severity: &'static str,
    pub summary: String,
    /// The line, cut to the span; the path or the tool where there is no line.
    pub excerpt: String,
}

/// One call that would not have passed in silence.
#[derive(Clone, Debug)]
pub struct Hit {
    pub file: PathBuf,
    pub line: usize,
    pub tool: String,
    pub cwd: Option<PathBuf>,
    pub answer: Answer,
    pub losses: Vec<Loss>,
}

/// What one rule would have done.
#[derive(Clone, Debug)]
pub struct OfRule {
    pub severity: &'static str,
    pub snapshot: u64,
    pub hold: u64,
    pub deny: u64,
}

impl OfRule {
    pub fn calls(&self) -> u64 {
        self.snapshot + self.hold + self.deny
    }
}

/// The counts of one run.
#[derive(Debug, Default)]
pub struct Tally {
    pub files: u64,
    pub lines: u64,
    /// Calls of tools that lose nothing by themselves.
    pub others: u64,
    pub repeated: u64,
    pub sidechain: u64,
    /// Ids beyond the number that is remembered were not compared.
    pub forgets: bool,
    pub silent: u64,
    pub snapshot: u64,
    pub hold: u64,
    pub deny: u64,
    pub tools: BTreeMap<String, u64>,
    pub rules: BTreeMap<String, OfRule>,
    pub hits: Vec<Hit>,
    pub hits_left_off: u64,
    /// Place and sentence.
    pub trouble_list: Vec<(String, String)>,
    pub trouble_count: u64,
    pub times: Times,
    pub took: Duration,
}

impl Tally {
    /// Returns the number of calls that were judged.
    pub fn judged_calls(&self) -> u64 {
        self.silent + self.snapshot + self.hold + self.deny
    }

    pub fn tool(&mut self, name: &str, sidechain: bool) {
        self.sidechain += u64::from(sidechain);
        let name = short(&visible(name));
        if self.tools.len() < TOOLS || self.tools.contains_key(&name) {
            *self.tools.entry(name).or_default() += 1;
        } else {
            *self.tools.entry("…".to_owned()).or_default() += 1;
        }
    }

    pub fn time(&mut self, elapsed: Duration, place: Place<'_>) {
        self.times.add(elapsed, || shown(place));
    }

    pub fn judged(&mut self, call: &ToolCall, verdict: &Verdict, place: Place<'_>) {
        match verdict.answer {
            Answer::Allow => self.silent += 1,
            Answer::Snapshot => self.snapshot += 1,
            Answer::Hold => self.hold += 1,
            Answer::Deny => self.deny += 1,
        }
        if verdict.answer == Answer::Allow {
            return;
        }
        let mut rules: Vec<(&str, &'static str)> = verdict
            .findings
            .iter()
            .map(|finding| (finding.rule.as_str(), finding.severity.name()))
            .collect();
        rules.sort_by_key(|(rule, _)| *rule);
        rules.dedup_by_key(|(rule, _)| *rule);
        for (rule, severity) in rules {
            self.rule(rule, severity, verdict.answer);
        }
        let kept = verdict.findings.iter().take(LOSSES);
        let losses = kept.map(|finding| loss(call, finding)).collect();
        self.hit(call, verdict.answer, losses, place);
    }

    /// A call that could not be judged to the end is one that the hook blocks.
    pub fn unjudged(&mut self, call: &ToolCall, what: &str, place: Place<'_>) {
        self.hold += 1;
        let losses = vec![Loss {
            rule: UNJUDGED.to_owned(),
            severity: Severity::High.name(),
            summary: short(&visible(what)),
            excerpt: excerpt(call, None),
        }];
        self.rule(UNJUDGED, Severity::High.name(), Answer::Hold);
        self.hit(call, Answer::Hold, losses, place);
    }

    /// Counts a call once for each of its rules.
    fn rule(&mut self, rule: &str, severity: &'static str, answer: Answer) {
        let of = self.rules.entry(rule.to_owned()).or_insert(OfRule {
            severity,
            snapshot: 0,
            hold: 0,
            deny: 0,
        });
        match answer {
            Answer::Allow => {}
            Answer::Snapshot => of.snapshot += 1,
            Answer::Hold => of.hold += 1,
            Answer::Deny => of.deny += 1,
        }
    }

    fn hit(&mut self, call: &ToolCall, answer: Answer, losses: Vec<Loss>, place: Place<'_>) {
        if self.hits.len() >= HITS {
            self.hits_left_off += 1;
            return;
        }
        self.hits.push(Hit {
            file: place.path.to_path_buf(),
            line: place.number,
            tool: short(&visible(&call.tool)),
            cwd: call.cwd.clone(),
            answer,
            losses,
        });
    }

    pub fn trouble(&mut self, place: Place<'_>, what: &str) {
        self.note(shown(place), what);
    }

    pub fn file_trouble(&mut self, path: &Path, what: &str) {
        self.note(visible(&path.display().to_string()), what);
    }

    pub fn troubles(&mut self, list: Vec<(PathBuf, String)>) {
        for (path, what) in list {
            self.file_trouble(&path, &what);
        }
    }

    fn note(&mut self, place: String, what: &str) {
        self.trouble_count += 1;
        if self.trouble_list.len() < TROUBLES {
            self.trouble_list
                .push((place, short(&visible(&redact(what)))));
        }
    }
}

/// Returns `FILE:LINE`.
pub fn shown(place: Place<'_>) -> String {
    let path = visible(&place.path.display().to_string());
    format!("{path}:{}", place.number)
}

fn loss(call: &ToolCall, finding: &Finding) -> Loss {
    let mut excerpt = excerpt(call, Some(finding));
    if let Some(at) = &finding.file {
        let file = visible(&at.file.display().to_string());
        excerpt.push_str(&format!(" (in {file}:{}:{})", at.line, at.column));
    }
    Loss {
        rule: finding.rule.clone(),
        severity: finding.severity.name(),
        summary: short(&visible(&redact(&finding.summary))),
        excerpt,
    }
}

/// Returns the words that decide, cut to the span.
fn excerpt(call: &ToolCall, finding: Option<&Finding>) -> String {
    match &call.asked {
        Asked::Shell { text, .. } | Asked::Sql { text, .. } => {
            around(text, finding.and_then(|finding| finding.span))
        }
        Asked::Write { path, .. } => short(&visible(&format!("{} {}", call.tool, path.display()))),
        Asked::Mcp { .. } | Asked::Nothing => short(&visible(&call.tool)),
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(LONGEST).collect();
    cut.push('…');
    cut
}

/// Durations in buckets: exact below 64 µs, within 1/32 above.
#[derive(Debug, Default)]
pub struct Times {
    buckets: BTreeMap<u64, u64>,
    pub count: u64,
    pub total: Duration,
    pub worst: Duration,
    pub worst_at: String,
}

impl Times {
    fn add(&mut self, elapsed: Duration, place: impl FnOnce() -> String) {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let coarse = micros.checked_ilog2().unwrap_or(0).saturating_sub(5);
        *self.buckets.entry(micros >> coarse << coarse).or_default() += 1;
        self.count += 1;
        self.total += elapsed;
        if elapsed > self.worst || self.worst_at.is_empty() {
            self.worst = elapsed;
            self.worst_at = place();
        }
    }

    /// Returns the median in microseconds.
    pub fn median_us(&self) -> u64 {
        let mut left = self.count.div_ceil(2);
        for (micros, count) in &self.buckets {
            if left <= *count {
                return *micros;
            }
            left -= count;
        }
        0
    }

    /// Returns how many calls a second of judging is enough for.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people"
    )]
    pub fn per_second(&self) -> u64 {
        let seconds = self.total.as_secs_f64();
        if seconds > 0.0 {
            (self.count as f64 / seconds) as u64
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Times;
    use std::time::Duration;

    #[test]
    fn the_median_stands_in_the_middle_and_the_worst_names_its_place() {
        let mut times = Times::default();
        for micros in [5, 10, 10, 7_000, 2_000_000] {
            times.add(Duration::from_micros(micros), || format!("f:{micros}"));
        }
        assert_eq!(times.median_us(), 10);
        assert_eq!(times.worst_at, "f:2000000");
        assert_eq!(Times::default().median_us(), 0);
    }

    #[test]
    fn long_durations_are_kept_within_one_part_in_thirty_two() {
        let mut times = Times::default();
        times.add(Duration::from_micros(123_456), String::new);
        let median = times.median_us();
        assert!((119_598..=123_456).contains(&median), "{median}");
    }
}
