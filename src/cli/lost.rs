//! What a call lost, as the ledger has it: the use of a request, or a call that was let through with a snapshot.
//! It reads; how a loss is undone is the business of `undo`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::moved;
use crate::model::approval::{Request, RequestId};
use crate::model::backup::{Definition, Entry};
use crate::model::finding::{Finding, RowsLost};
use crate::model::policy::{BackupNeed, Requirement};
use crate::model::target::Reach;
use crate::plan::coverage::same_name;
use crate::plan::restore::Wish;
use crate::store::{Record, Store};

/// How many of the newest records are looked at.
const RECORDS: usize = 50_000;
/// Longest command that is shown.
const SHOWN: usize = 300;

/// Which record of the ledger it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Request(RequestId),
    /// Sequence number of the record.
    Snapshot(u64),
}

/// One call that lost something, with the backups that it relied on.
#[derive(Clone, Debug)]
pub struct Lost {
    source: Source,
    at: String,
    command: String,
    cwd: String,
    /// It was let through.
    pub has_run: bool,
    pub backups: Vec<String>,
    /// It was undone before.
    undone: bool,
    /// That undo left something behind.
    again: bool,
    findings: Vec<Finding>,
    needs: Vec<BackupNeed>,
}

impl Lost {
    fn of_request(store: &Store, request: Request) -> Option<Self> {
        let undone = store.undone_of(&request.id).unwrap_or_default();
        (!request.backups.is_empty()).then(|| Self {
            has_run: request.used_at.is_some(),
            at: request.used_at.unwrap_or(request.created_at),
            source: Source::Request(request.id),
            again: undone.iter().any(|one| one.left),
            undone: !undone.is_empty(),
            command: request.command,
            cwd: request.cwd,
            backups: request.backups,
            findings: request.findings,
            needs: request.requirement.backups,
        })
    }

    fn of_snapshot(record: &Record) -> Option<Self> {
        let part = |name: &str| record.body.get(name).cloned();
        let backups: Vec<String> = serde_json::from_value(part("backups")?).ok()?;
        let said = |name: &str| part(name).and_then(|text| text.as_str().map(str::to_owned));
        let owed = part("requirement").and_then(|owed| serde_json::from_value(owed).ok());
        let owed: Option<Requirement> = owed;
        (!backups.is_empty()).then(|| Self {
            source: Source::Snapshot(record.seq),
            at: record.at.clone(),
            command: said("command").unwrap_or_default(),
            cwd: said("cwd").unwrap_or_default(),
            has_run: true,
            backups,
            again: false,
            undone: false,
            findings: part("lost")
                .and_then(|lost| serde_json::from_value(lost).ok())
                .unwrap_or_default(),
            needs: owed.map(|owed| owed.backups).unwrap_or_default(),
        })
    }

    /// Says which call it was.
    pub fn sentence(&self) -> String {
        let line = self
            .command
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let mut command: String = line.chars().take(SHOWN).collect();
        if command.len() < line.len() {
            command.push('…');
        }
        let how = match &self.source {
            Source::Request(id) => format!("request {}, used", id.0),
            Source::Snapshot(_) => "let through with a snapshot".to_owned(),
        };
        let at: String = self.at.chars().take(19).collect();
        format!("{command} ({how} at {at}Z)")
    }

    /// What has to come back from one backup: what the call took or changed there.
    pub fn wish(&self, entry: &Entry) -> Wish {
        let wish = self.lost_in(entry);
        // What the call moved and then wrote to has a backup of its own, and comes back from that.
        let own = wish.moved_from.as_ref().is_some_and(|place| {
            let mut reaches = self.needs.iter().map(|need| &need.target.reach);
            reaches.any(
                |reach| matches!(reach, Reach::Path(path) | Reach::Sqlite(path) if path == place),
            )
        });
        Wish {
            again: self.again,
            undone: self.undone,
            lost_at: self.at.parse().ok().filter(|_| !own),
            ..wish
        }
    }

    fn lost_in(&self, entry: &Entry) -> Wish {
        let key = &entry.manifest.target;
        let need = self.needs.iter().find(|need| need.target.key() == *key);
        let here: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|finding| finding.targets.iter().any(|target| target.key() == *key))
            .collect();
        // A database that was removed, moved away or written over as a file comes back as a whole.
        if need.is_some_and(|need| matches!(need.target.reach, Reach::Sqlite(_)))
            && here
                .iter()
                .any(|finding| finding.rule.starts_with("files."))
        {
            return Wish {
                moved_from: self.moved_from(entry, &here),
                ..Wish::default()
            };
        }
        // So does one whose whole content was written over through SQLite, as `.restore` does.
        if matches!(entry.manifest.reach, Reach::Sqlite(_))
            && here.iter().any(|finding| finding.rule == "sqlite.restore")
        {
            return Wish::default();
        }
        let rows = rows(&here);
        let (is_changed, columns_only) = changed(&here, &rows);
        let only: Vec<String> = need.map(BackupNeed::names).unwrap_or_default();
        let mut definitions = need
            .map(|need| need.definitions.clone())
            .unwrap_or_default();
        if definitions.is_empty() && !here.is_empty() && here.iter().all(|one| empties_large(one)) {
            definitions.push(any_large());
        }
        Wish {
            missing_only: !is_changed || only.is_empty(),
            columns_only,
            leave_present: !here.is_empty()
                && here
                    .iter()
                    .all(|finding| finding.rule.starts_with("files.find-delete")),
            only,
            rows,
            emptied: emptied(&here, entry),
            follow: true,
            redefine: here
                .iter()
                .any(|finding| empties_large(finding) || !takes_rows_alone(&finding.rule)),
            definitions,
            moved_from: self.moved_from(entry, &here),
            ..Wish::default()
        }
    }

    /// Where the thing lay that the call moved over what the backup holds.
    fn moved_from(&self, entry: &Entry, findings: &[&Finding]) -> Option<PathBuf> {
        let (Reach::Path(target) | Reach::Sqlite(target)) = &entry.manifest.reach else {
            return None;
        };
        let cwd = Path::new(&self.cwd);
        let mut found = findings
            .iter()
            .filter_map(|finding| moved::origin(&finding.command, cwd, target));
        found.next()
    }

    /// Notes in the ledger that it was undone from a backup.
    pub fn note(
        &self,
        store: &Store,
        backup: &str,
        left: bool,
    ) -> Result<(), crate::store::StoreError> {
        let now = Timestamp::now();
        match &self.source {
            Source::Request(id) => store.undone(id, (backup, left), now).map(|_| ()),
            Source::Snapshot(seq) => {
                let body = json!({"snapshot": seq, "backup": backup, "command": self.command, "left": left});
                store.record("snapshot-undone", &body, now).map(|_| ())
            }
        }
    }
}

/// Tells whether rows were changed of which it is not known which, and whether all that was done to them is dropped columns.
fn changed(here: &[&Finding], rows: &[RowsLost]) -> (bool, bool) {
    let known = |finding: &Finding| {
        let lost = finding.blast.rows.as_ref();
        lost.is_some_and(|lost| rows.iter().any(|one| same_name(&one.table, &lost.table)))
    };
    let changes = |rule: &str| {
        ["sql.update", "sql.replace", "sql.alter"]
            .iter()
            .any(|start| rule.starts_with(start))
    };
    let mut changed = here
        .iter()
        .filter(|finding| changes(&finding.rule) && !known(finding))
        .peekable();
    let is_changed = changed.peek().is_some();
    let columns_only = is_changed && changed.all(|one| one.rule == "sql.alter-drop-column");
    (is_changed, columns_only)
}

/// Tells whether the content of large objects was cut or written over: that names no table.
fn empties_large(finding: &Finding) -> bool {
    ["sql.truncate", "sql.update-large-object"].contains(&finding.rule.as_str())
        && finding.targets.iter().all(|one| one.object.is_none())
}

/// Large objects of which the call does not say the number.
fn any_large() -> Definition {
    Definition {
        kind: "large object".to_owned(),
        name: String::new(),
    }
}

/// Tells whether a rule is about rows, and about no definition.
fn takes_rows_alone(rule: &str) -> bool {
    let starts = [
        "sql.delete",
        "sql.update",
        "sql.truncate",
        "sql.replace",
        "files.",
    ];
    starts.iter().any(|start| rule.starts_with(start))
}

/// The tables that lost all their rows; with their database all that the backup has.
fn emptied(findings: &[&Finding], entry: &Entry) -> Vec<String> {
    const WHOLE: [&str; 3] = ["sql.drop-table", "sql.delete-all", "sql.truncate"];
    if findings
        .iter()
        .any(|one| ["sql.drop-database", "postgres.dropdb"].contains(&one.rule.as_str()))
    {
        let artefacts = entry.manifest.artefacts.iter();
        let rows = artefacts.filter(|artefact| artefact.role == "data");
        let tables = rows.flat_map(|artefact| &artefact.contents);
        return tables.map(|one| one.name.clone()).collect();
    }
    let drops = findings
        .iter()
        .filter(|one| WHOLE.contains(&one.rule.as_str()));
    let named = |finding: &&Finding| -> Vec<String> {
        let objects = finding.targets.iter().filter_map(|one| one.object.clone());
        objects.collect()
    };
    drops.flat_map(named).collect()
}

/// The rows that were lost one by one, of the tables of which nothing else was lost.
fn rows(findings: &[&Finding]) -> Vec<RowsLost> {
    let whole = |table: &str| {
        findings.iter().any(|finding| {
            let object = finding
                .targets
                .iter()
                .filter_map(|target| target.object.as_ref());
            finding.blast.rows.is_none()
                && finding.rule.starts_with("sql.")
                && (finding.targets.iter().any(|target| target.object.is_none())
                    || object
                        .chain(&finding.blast.tables)
                        .any(|name| same_name(name, table)))
        })
    };
    let rows = findings
        .iter()
        .filter_map(|finding| finding.blast.rows.clone());
    rows.filter(|one| !whole(&one.table)).collect()
}

/// Returns the newest call that lost something and was not undone since.
pub fn newest(store: &Store) -> Option<Lost> {
    let records = store.last_records(RECORDS).ok()?;
    let mut undone: BTreeSet<String> = BTreeSet::new();
    for record in records.iter().rev() {
        let text = |name: &str| record.body.get(name).map(Value::to_string);
        match record.kind.as_str() {
            "undone" => undone.extend(text("id")),
            "snapshot-undone" => undone.extend(text("snapshot")),
            "used" => {
                if text("id").is_some_and(|id| !undone.contains(&id))
                    && let Some(lost) = used(store, record)
                {
                    return Some(lost);
                }
            }
            "snapshot" if !undone.contains(&record.seq.to_string()) => {
                if let Some(lost) = Lost::of_snapshot(record) {
                    return Some(lost);
                }
            }
            _ => {}
        }
    }
    None
}

fn used(store: &Store, record: &Record) -> Option<Lost> {
    let id = crate::store::request_id(record.body.get("id")?.as_str()?).ok()?;
    Lost::of_request(store, store.request(&id, Timestamp::now()).ok()?)
}

/// Returns the call that a person names: by the id of its request, its fingerprint, or a backup that it relied on.
pub fn named(store: &Store, word: &str) -> Option<Lost> {
    if let Ok(id) = crate::store::request_id(word)
        && let Ok(request) = store.request(&id, Timestamp::now())
    {
        return Lost::of_request(store, request);
    }
    let names = |record: &&Record| {
        let fingerprint = record.body.get("fingerprint").and_then(Value::as_str);
        let backups = record.body.get("backups").and_then(Value::as_array);
        fingerprint == Some(word)
            || backups.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(word)))
    };
    let records = store.last_records(RECORDS).ok()?;
    let left = |seq: u64| {
        let mut undone = records.iter().filter(|one| one.kind == "snapshot-undone");
        let is = |one: &Record| one.body.get("snapshot").and_then(Value::as_u64) == Some(seq);
        undone.any(|one| is(one) && one.body.get("left") == Some(&Value::Bool(true)))
    };
    let mut found = records.iter().rev().filter(names);
    found.find_map(|record| match record.kind.as_str() {
        "used" => used(store, record),
        "snapshot" => Lost::of_snapshot(record).map(|lost| Lost {
            again: left(record.seq),
            ..lost
        }),
        _ => None,
    })
}
