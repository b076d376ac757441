//! From losses to findings: severity and words of the rule, grouped so that one command gives one finding a rule.
//! Nothing here decides whether something is lost.

use crate::classify::Context;
use crate::model::command::Command;
use crate::model::finding::{Blast, Finding, Measured, Severity};
use crate::model::span::Origin;
use crate::model::target::{Reach, Target};

/// One thing that a command would lose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub rule: &'static str,
    pub target: Target,
    /// Why nothing is lost after all.
    pub exempt: Option<String>,
    /// Nothing is in it (a link, an empty file or folder): no loss alone, but it comes back with what goes beside it.
    pub bare: bool,
    /// Set when words that are not known decide.
    pub opaque: bool,
    pub lines: Vec<String>,
    /// Counted in full, and inside the project.
    pub measured: Option<Measured>,
}

impl Loss {
    /// Returns a loss that is known and not exempt.
    pub fn new(rule: &'static str, target: Target) -> Self {
        Self {
            rule,
            target,
            exempt: None,
            bare: false,
            opaque: false,
            lines: Vec::new(),
            measured: None,
        }
    }

    /// Marks that nothing is in it, with the reason.
    pub fn bare(mut self, reason: impl Into<String>) -> Self {
        self.bare = true;
        self.exempt(reason)
    }

    /// Adds the reason why nothing is lost.
    pub fn exempt(mut self, reason: impl Into<String>) -> Self {
        self.exempt = Some(reason.into());
        self
    }

    /// Marks that words that are not known decide.
    pub fn opaque(mut self) -> Self {
        self.opaque = true;
        self
    }

    /// Adds a sentence about how much is lost.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }
}

/// Joins links, empty files and empty folders to a loss of the same command, so that its backup holds them and an undo brings them back.
pub fn join_bare(losses: &mut [Loss]) {
    let is_removal = |loss: &&Loss| {
        loss.exempt.is_none()
            && (loss.rule.starts_with("files.delete") || loss.rule == "files.recursive-delete")
            && matches!(loss.target.reach, Reach::Path(_))
    };
    let Some(first) = losses.iter().find(is_removal) else {
        return;
    };
    let (rule, opaque, measured) = (first.rule, first.opaque, first.measured);
    // What is worth naming comes first.
    losses.sort_by_key(|loss| loss.bare);
    for loss in losses.iter_mut().filter(|loss| loss.bare) {
        loss.exempt = None;
        loss.rule = rule;
        loss.opaque = opaque;
        loss.measured = measured.map(|_| Measured {
            files: 1,
            bytes: 0,
            rows: 0,
        });
    }
}

/// Where a finding stands: the words, and the wrappers that lead to them.
#[derive(Clone, Debug)]
pub struct Site<'a> {
    pub words: Vec<String>,
    pub via: Vec<String>,
    pub origin: Option<&'a Origin>,
}

impl<'a> Site<'a> {
    /// Returns the site of a command.
    pub fn of(command: &'a Command) -> Self {
        Self {
            words: command.told(),
            via: command.via.iter().map(|via| via.name.clone()).collect(),
            origin: Some(&command.origin),
        }
    }
}

/// Returns the findings of a command; nearly every command has none, and then its words are not looked at.
pub fn of(losses: Vec<Loss>, command: &Command, context: &Context<'_>) -> Vec<Finding> {
    if losses.is_empty() {
        return Vec::new();
    }
    report(losses, &Site::of(command), context)
}

/// Returns one finding for each rule among the losses, exempt ones apart.
pub fn report(losses: Vec<Loss>, site: &Site<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for loss in losses {
        let open = all.iter_mut().find(|finding| {
            finding.rule == loss.rule
                && finding.exempt.is_some() == loss.exempt.is_some()
                && finding.opaque == loss.opaque
        });
        match open {
            Some(finding) => {
                if !finding.targets.contains(&loss.target) {
                    finding.targets.push(loss.target);
                }
                finding.blast.lines.extend(loss.lines);
                finding.blast.measured = sum(finding.blast.measured, loss.measured);
            }
            None => all.push(single(loss, site, context)),
        }
    }
    for finding in &mut all {
        finding.summary = summary(&finding.summary, &finding.targets);
        finding.instead = instead(finding).or(finding.instead.take());
    }
    all
}

/// A sum is known only when both parts are.
fn sum(one: Option<Measured>, other: Option<Measured>) -> Option<Measured> {
    let (one, other) = (one?, other?);
    Some(Measured {
        files: one.files.saturating_add(other.files),
        bytes: one.bytes.saturating_add(other.bytes),
        rows: one.rows.saturating_add(other.rows),
    })
}

fn single(loss: Loss, site: &Site<'_>, context: &Context<'_>) -> Finding {
    let rule = context.rules.rule(loss.rule);
    let (span, file) = match site.origin {
        Some(Origin::Text(span)) => (Some(*span), None),
        Some(Origin::File(place)) => (None, Some(place.clone())),
        None => (None, None),
    };
    Finding {
        rule: loss.rule.to_owned(),
        severity: rule.map_or(Severity::High, |rule| rule.severity),
        summary: rule
            .map_or("loses {targets}", |rule| rule.summary)
            .to_owned(),
        command: site.words.clone(),
        span,
        file,
        via: site.via.clone(),
        targets: vec![loss.target],
        opaque: loss.opaque,
        instead: rule.map(|rule| rule.instead.to_owned()),
        blast: Blast {
            lines: loss.lines,
            measured: loss.measured,
            ..Blast::default()
        },
        exempt: loss.exempt,
    }
}

/// Returns an alternative for the one thing that goes, where there is just one and its place is known.
fn instead(finding: &Finding) -> Option<String> {
    let [target] = finding.targets.as_slice() else {
        return None;
    };
    let aside = matches!(
        finding.rule.as_str(),
        "files.delete" | "files.recursive-delete" | "files.delete-guarded"
    );
    let over = matches!(
        finding.rule.as_str(),
        "files.overwrite" | "files.overwrite-system"
    );
    let path = match &target.reach {
        Reach::Path(path) | Reach::Sqlite(path) => path.to_str()?,
        _ => return None,
    };
    let plain = !finding.opaque
        && path.starts_with('/')
        && !path.ends_with('/')
        && !path.contains(['*', '?', '[', '`', '$', '\\'])
        && !path.chars().any(char::is_control);
    if !plain || finding.targets.iter().any(|target| target.object.is_some()) {
        return None;
    }
    let quoted = |text: &str| match text
        .chars()
        .all(|one| one.is_ascii_alphanumeric() || "/._-+@%".contains(one))
    {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    };
    let (from, to) = (quoted(path), |ending: &str| {
        quoted(&format!("{path}.{ending}"))
    });
    if aside {
        return Some(format!(
            "move it aside first: `mv -n -- {from} {}`",
            to("retired")
        ));
    }
    over.then(|| format!("keep a copy first: `cp -an -- {from} {}`", to("before")))
}

/// Names shown in a summary before it says "and N more".
const SHOWN: usize = 3;

fn summary(template: &str, targets: &[Target]) -> String {
    let mut names: Vec<String> = Vec::new();
    for target in targets.iter().take(SHOWN) {
        names.push(match &target.object {
            Some(object) => object.clone(),
            None => target.locator.clone(),
        });
    }
    let mut list = names.join(", ");
    if targets.len() > SHOWN {
        list.push_str(&format!(" and {} more", targets.len() - SHOWN));
    }
    template.replace("{targets}", &list)
}

/// Returns a number of bytes as people read it.
pub fn bytes(count: u64) -> String {
    const UNITS: &[(&str, u64)] = &[("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)];
    for (unit, size) in UNITS {
        if count >= *size {
            let tenths = u128::from(count) * 10 / u128::from(*size);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{count} bytes")
}

/// Returns a number with its noun.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
