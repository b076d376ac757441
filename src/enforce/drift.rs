//! What was written to a server's database since the backup that counts was begun, and the newer backup that follows from it.
//! Files and SQLite are compared by their marks elsewhere; what policy wants of it stands in `Drift`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::adapters::postgres::drift::{self, Seen};
use crate::adapters::postgres::{self};
use crate::backup::catalog;
use crate::model::backup::{Entry, Freshness, Manifest};
use crate::model::evidence::{BackupFound, Evidence};
use crate::model::fact::{Answer, Facts, Question};
use crate::model::policy::{BackupNeed, Policy};
use crate::model::target::Reach;
use crate::plan::coverage;

/// A backup that is this much older than the time it took may have been overtaken by what was written meanwhile.
const GRACE_S: u64 = 120;

/// Where and until when is compared.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub backups: &'a Path,
    pub facts: &'a Facts,
    pub policy: &'a Policy,
    /// Servers elsewhere may be asked: a human said so.
    pub elsewhere: bool,
    pub until: Instant,
}

/// Notes beside every backup of a server that counts what was written since it was begun.
pub fn note(evidence: &mut Evidence, look: &Look<'_>) {
    for found in &mut evidence.backups {
        if let Some((_, said)) = since(found, look) {
            found.drift = Some(said);
        }
    }
}

/// A backup that does not hold what was written since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overtaken {
    pub id: String,
    pub said: String,
    /// Another one would take longer than a call may wait, and this one is as young as one can be then.
    pub is_as_young_as_can_be: bool,
}

/// Returns the backups that count and were overtaken.
pub fn overtaken(evidence: &Evidence, look: &Look<'_>, wait: Duration) -> Vec<Overtaken> {
    evidence
        .backups
        .iter()
        .filter_map(|found| {
            let (entry, said) = since(found, look)?;
            Some(Overtaken {
                id: entry.manifest.id.clone(),
                said,
                is_as_young_as_can_be: is_as_young_as_can_be(&entry.manifest, wait),
            })
        })
        .collect()
}

/// What takes long to back up and is written to all the time would otherwise be held for ever.
fn is_as_young_as_can_be(manifest: &Manifest, wait: Duration) -> bool {
    let time = |text: &str| text.parse::<Timestamp>().map(Timestamp::as_second).ok();
    let taken = time(&manifest.finished_at)
        .zip(time(&manifest.snapshot_at))
        .and_then(|(end, start)| u64::try_from(end - start).ok());
    let age = coverage::age(manifest, Timestamp::now());
    match (taken, age) {
        (Some(taken), Some(age)) => taken >= wait.as_secs() && age <= taken + GRACE_S,
        _ => false,
    }
}

fn since(found: &BackupFound, look: &Look<'_>) -> Option<(Entry, String)> {
    let Reach::Postgres(reach) = &found.need.target.reach else {
        return None;
    };
    if found.freshness != Freshness::Fresh {
        return None;
    }
    let entry = catalog::load(look.backups, found.id.as_ref()?).ok()?;
    let marks = &entry.manifest.marks.position;
    let seen = Seen {
        snapshot: marks
            .split_once(' ')
            .map(|(_, snapshot)| snapshot.to_owned())
            .unwrap_or_default(),
        tables: tables(&entry.manifest, &found.need, look.facts),
    };
    let left = look.until.saturating_duration_since(Instant::now()) / 2;
    let limits = postgres::Limits {
        time: left.min(postgres::Limits::default().time),
        elsewhere: look.elsewhere,
        tool_dirs: look.policy.tool_dirs.clone(),
        ..postgres::Limits::default()
    };
    let said = match drift::drift(reach, &seen, &limits) {
        drift::Drift::None => return None,
        drift::Drift::Written(said) => said.join(", "),
        drift::Drift::Unknown(why) => {
            format!("what was written since could not be found out: {why}")
        }
    };
    Some((entry, said))
}

/// The tables whose rows the call would take, with the rows that the backup holds of each.
fn tables(manifest: &Manifest, need: &BackupNeed, facts: &Facts) -> Vec<(String, u64)> {
    let mut threatened: BTreeSet<&str> = need.objects.iter().map(String::as_str).collect();
    for (question, answer) in facts.iter() {
        if let (Question::Database(asked), Answer::Database(fact)) = (question, answer)
            && asked.reach == need.target.reach
        {
            let tables = fact.objects.iter().flat_map(|object| &object.tables);
            threatened.extend(tables.map(String::as_str));
        }
    }
    manifest
        .artefacts
        .iter()
        .flat_map(|artefact| &artefact.contents)
        .filter(|content| content.kind == "table")
        .filter(|content| {
            need.is_whole()
                || threatened.contains(content.name.as_str())
                || threatened
                    .iter()
                    .any(|asked| coverage::same_name(&content.name, asked))
        })
        .filter_map(|content| Some((content.name.clone(), content.count?)))
        .collect()
}
