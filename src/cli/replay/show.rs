//! The report of a replay, as text for people and as JSON `backstop.replay/1`.
//! It counts nothing.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::tally::{Hit, Loss, OfRule, Tally};
use crate::model::verdict::Answer;
use crate::render::visible::visible;

/// Different lines of one rule in the text, without `--all`.
const LINES: usize = 8;

/// Places of trouble in the text, without `--all`.
const TROUBLES: usize = 8;

/// Everything that a report says.
#[derive(Debug)]
pub struct Report<'a> {
    pub tally: &'a Tally,
    /// Where was looked.
    pub places: &'a [PathBuf],
    pub facts: &'static str,
    pub all: bool,
}

impl Report<'_> {
    /// Returns the report for people.
    pub fn text(&self) -> String {
        let tally = self.tally;
        if tally.files == 0 && tally.trouble_count == 0 {
            let places: Vec<String> = self
                .places
                .iter()
                .map(|place| format!("`{}`", visible(&place.display().to_string())))
                .collect();
            return format!("no transcripts under {}\n", places.join(", "));
        }
        let mut out = self.head();
        for (name, of) in self.by_weight() {
            out.push_str(&self.rule(name, of));
        }
        if tally.hits_left_off > 0 {
            out.push_str(&format!(
                "\n{} more calls with findings are counted, but their lines were not kept\n",
                tally.hits_left_off
            ));
        }
        out.push_str(&self.troubles());
        if tally.times.count > 0 {
            out.push_str(&format!(
                "\nspeed: {} calls per second, median {}, worst {} ({})\n",
                tally.times.per_second(),
                millis(u128::from(tally.times.median_us())),
                millis(tally.times.worst.as_micros()),
                tally.times.worst_at
            ));
        }
        out
    }

    fn head(&self) -> String {
        let tally = self.tally;
        let judged = tally.judged_calls();
        let mut out = format!(
            "{judged} calls judged in {} transcripts ({} lines); facts: {}\n",
            tally.files, tally.lines, self.facts
        );
        out.push_str(&format!(
            "  besides: {} calls of tools that lose nothing by themselves, {} repeated by resumed sessions\n",
            tally.others, tally.repeated
        ));
        if tally.sidechain > 0 {
            out.push_str(&format!("  by sub-agents: {} calls\n", tally.sidechain));
        }
        if tally.forgets {
            out.push_str(
                "  more calls than are remembered: late repetitions may be counted twice\n",
            );
        }
        for (what, count) in [
            ("would have passed in silence", tally.silent),
            ("would have been snapshotted", tally.snapshot),
            ("would have been held", tally.hold),
            ("would have been denied", tally.deny),
        ] {
            out.push_str(&format!("{count:>9} {what}{}\n", percent(count, judged)));
        }
        out
    }

    /// Returns the rules, those with the most blocked calls first.
    fn by_weight(&self) -> Vec<(&str, &OfRule)> {
        let rules = self.tally.rules.iter();
        let mut rules: Vec<(&str, &OfRule)> = rules.map(|(name, of)| (name.as_str(), of)).collect();
        rules.sort_by_key(|(_, of)| std::cmp::Reverse((of.hold + of.deny, of.snapshot)));
        rules
    }

    fn rule(&self, name: &str, of: &OfRule) -> String {
        let parts = [
            ("denied", of.deny),
            ("held", of.hold),
            ("snapshotted", of.snapshot),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        let mut out = format!("\n{name} ({}): {}\n", of.severity, parts.join(", "));
        let lines = self.lines(name);
        let most = if self.all { usize::MAX } else { LINES };
        for line in lines.iter().take(most) {
            out.push_str(&line.text());
        }
        if let Some(more) = lines.len().checked_sub(most).filter(|more| *more > 0) {
            out.push_str(&format!(
                "  and {more} other lines; `--all` or `--format json` tells them\n"
            ));
        }
        out
    }

    /// Returns the different lines of a rule, each with its first place and how often it came.
    fn lines(&self, rule: &str) -> Vec<Lines<'_>> {
        let mut lines: Vec<Lines<'_>> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for hit in &self.tally.hits {
            let Some(loss) = hit.losses.iter().find(|loss| loss.rule == rule) else {
                continue;
            };
            let at = *known
                .entry((&loss.excerpt, hit.answer))
                .or_insert(lines.len());
            if let Some(line) = lines.get_mut(at) {
                line.times += 1;
            } else {
                lines.push(Lines {
                    hit,
                    loss,
                    times: 1,
                });
            }
        }
        lines
    }

    fn troubles(&self) -> String {
        let tally = self.tally;
        if tally.trouble_count == 0 {
            return String::new();
        }
        let mut out = format!("\nnot read: {}\n", tally.trouble_count);
        let most = if self.all { usize::MAX } else { TROUBLES };
        for (place, what) in tally.trouble_list.iter().take(most) {
            out.push_str(&format!("  {place}: {what}\n"));
        }
        let shown = tally.trouble_list.len().min(most);
        let more = tally
            .trouble_count
            .saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX));
        if more > 0 {
            out.push_str(&format!("  and {more} more\n"));
        }
        out
    }

    /// Returns the object `backstop.replay/1`.
    pub fn json(&self) -> Value {
        let tally = self.tally;
        let rules: Vec<Value> = self
            .by_weight()
            .into_iter()
            .map(|(name, of)| json!({"rule": name, "severity": of.severity, "calls": of.calls(), "snapshot": of.snapshot, "hold": of.hold, "deny": of.deny}))
            .collect();
        let troubles: Vec<Value> = tally
            .trouble_list
            .iter()
            .map(|(place, what)| json!({"place": place, "what": what}))
            .collect();
        json!({
            "schema": "backstop.replay/1",
            "facts": self.facts,
            "files": tally.files,
            "lines": tally.lines,
            "calls": {
                "judged": tally.judged_calls(), "silent": tally.silent, "snapshot": tally.snapshot, "hold": tally.hold, "deny": tally.deny,
                "others": tally.others, "repeated": tally.repeated, "by_sub_agents": tally.sidechain,
            },
            "tools": tally.tools,
            "rules": rules,
            "hits": tally.hits.iter().map(hit).collect::<Vec<_>>(),
            "hits_left_off": tally.hits_left_off,
            "not_read": {"count": tally.trouble_count, "places": troubles},
            "speed": {
                "calls_per_second": tally.times.per_second(), "median_us": tally.times.median_us(),
                "worst_us": u64::try_from(tally.times.worst.as_micros()).unwrap_or(u64::MAX), "worst_at": tally.times.worst_at,
                "elapsed_ms": u64::try_from(tally.took.as_millis()).unwrap_or(u64::MAX),
            },
        })
    }
}

/// One line of a rule, as often as it came.
struct Lines<'a> {
    hit: &'a Hit,
    loss: &'a Loss,
    times: u64,
}

impl Lines<'_> {
    fn text(&self) -> String {
        let times = if self.times > 1 {
            format!(" ({} times)", self.times)
        } else {
            String::new()
        };
        let word = match self.hit.answer {
            Answer::Allow => "passes",
            Answer::Snapshot => "snapshot",
            Answer::Hold => "hold",
            Answer::Deny => "deny",
        };
        let file = visible(&self.hit.file.display().to_string());
        format!(
            "  {word}: {}: {}{times}\n    {file}:{}\n",
            self.loss.summary, self.loss.excerpt, self.hit.line
        )
    }
}

fn hit(hit: &Hit) -> Value {
    let losses: Vec<Value> = hit
        .losses
        .iter()
        .map(|loss| json!({"rule": loss.rule, "severity": loss.severity, "summary": loss.summary, "excerpt": loss.excerpt}))
        .collect();
    json!({
        "file": hit.file.display().to_string(), "line": hit.line, "tool": hit.tool,
        "cwd": hit.cwd.as_ref().map(|cwd| cwd.display().to_string()),
        "verdict": hit.answer.name(), "findings": losses,
    })
}

fn millis(micros: u128) -> String {
    format!("{}.{:03} ms", micros / 1000, micros % 1000)
}

fn percent(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1000;
    tenths
        .checked_div(u128::from(whole))
        .map_or_else(String::new, |tenths| {
            format!(" ({}.{} %)", tenths / 10, tenths % 10)
        })
}
