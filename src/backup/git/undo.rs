//! Puts refs, stash entries and reflogs back into a local repository.
//! The state before has been backed up by the caller; what is only there now stays.

use crate::adapters::regular;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::local;
use super::source;
use super::store::{Kept, Store};
use crate::adapters::git::repo::{Repo, good};
use crate::adapters::replace::replace;
use crate::backup::error::BackupError;
use crate::model::backup::Entry;
use crate::plan::restore::{RestorePlan, Restored, Step, Wish};

/// What a call that prunes names as its loss.
pub const UNREACHABLE: &str = "unreachable objects";
/// The newest stash; its reflog is the list of them.
const STASH: &str = "refs/stash";
/// What reflogs say of an undo.
const UNDO: &str = "backstop: undo";

/// One thing that is put back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Deed {
    /// A ref gets its object again; `now` is what it has, nothing where it is gone.
    Ref {
        name: String,
        oid: String,
        now: Option<String>,
    },
    /// HEAD points to another branch again.
    Symbolic {
        name: String,
        to: String,
    },
    Stash {
        oid: String,
        words: String,
    },
    /// Lines of a reflog come back.
    Log {
        name: String,
        lines: usize,
    },
    /// Objects that nothing named come back, and still nothing names them.
    Objects {
        count: usize,
    },
}

impl Deed {
    /// The stash that comes back, where it is one.
    fn stashed(&self) -> Option<&str> {
        match self {
            Self::Stash { oid, .. } => Some(oid),
            Self::Ref { .. } | Self::Symbolic { .. } | Self::Log { .. } | Self::Objects { .. } => {
                None
            }
        }
    }

    fn step(&self) -> Step {
        let short = |oid: &str| oid.get(..12).unwrap_or(oid).to_owned();
        let (verb, what) = match self {
            Self::Ref {
                name,
                oid,
                now: None,
            } => ("create", format!("{name} at {}", short(oid))),
            Self::Ref {
                name,
                oid,
                now: Some(now),
            } => (
                "move",
                format!("{name} from {} to {}", short(now), short(oid)),
            ),
            Self::Symbolic { name, to } => ("point", format!("{name} to {to}")),
            Self::Stash { words, .. } => ("stash", words.clone()),
            Self::Log { name, lines } => {
                ("put", format!("{lines} lines of the reflog of {name} back"))
            }
            Self::Objects { count } => ("copy", format!("{count} objects back that nothing names")),
        };
        Step::Server {
            verb: verb.to_owned(),
            what,
        }
    }
}

/// An undo of losses in one repository.
#[derive(Debug)]
pub struct Undo<'e> {
    entry: &'e Entry,
    wish: &'e Wish,
    /// Names of what was lost; empty means everything that is missing.
    only: Vec<String>,
    repo: Repo,
    store: Store,
    kept: Kept,
    now: BTreeMap<String, String>,
    logs: BTreeMap<String, Vec<u8>>,
}

impl<'e> Undo<'e> {
    /// Looks at the backup and at the repository as it is now.
    pub fn new(
        entry: &'e Entry,
        dir: &Path,
        wish: &'e Wish,
        end: Instant,
    ) -> Result<Self, BackupError> {
        let repo = Repo::open(dir, &[], end).map_err(|error| {
            let by_hand = entry.manifest.recovery.last().cloned().unwrap_or_default();
            BackupError::NotFound(format!("{error}; the objects are safe: {by_hand}"))
        })?;
        let store = Store::of(entry, end)?;
        let kept = Kept::read(entry)?;
        store.holds(&entry.manifest.id, &kept)?;
        let now = repo.refs("").map_err(source)?;
        let logs = local::logs(&repo)?;
        // Without a request the backup itself says what it was made for.
        let only = match wish.only.is_empty() && wish.missing_only {
            true => kept.threatened.clone(),
            false => wish.only.clone(),
        };
        Ok(Self {
            entry,
            wish,
            only,
            repo,
            store,
            kept,
            now,
            logs,
        })
    }

    /// Says what would be put back.
    pub fn plan(&self) -> Result<RestorePlan, BackupError> {
        let deeds = self.deeds()?;
        let mut steps: Vec<Step> = deeds.iter().map(Deed::step).collect();
        if !steps.is_empty() {
            let what = format!("the refs of `{}`", self.repo.common.display());
            steps.insert(0, Step::SavePresent { what });
        }
        Ok(RestorePlan {
            backup: self.entry.manifest.id.clone(),
            steps,
            notes: [self.leaving(&deeds), self.entry.manifest.warnings.clone()].concat(),
            ..RestorePlan::default()
        })
    }

    /// Says which commits came since the backup to refs that are moved, and how they are kept.
    fn leaving(&self, deeds: &[Deed]) -> Vec<String> {
        let moved = deeds.iter().filter_map(|deed| match deed {
            Deed::Ref {
                name,
                now: Some(now),
                ..
            } => Some((name, now)),
            _ => None,
        });
        moved
            .filter_map(|(name, now)| self.newer(name, now))
            .collect()
    }

    fn newer(&self, name: &str, now: &str) -> Option<String> {
        // The store has what the repository may have pruned since; what came later is in the repository alone.
        let known = |repo: &Repo| {
            repo.present([now.to_owned()].iter())
                .is_ok_and(|all| !all.is_empty())
        };
        let repo = match known(&self.store.repo) {
            true => &self.store.repo,
            false => &self.repo,
        };
        let there = repo.present(self.kept.refs.values()).ok()?;
        let known = there
            .iter()
            .filter(|(_, kind)| matches!(kind.as_str(), "commit" | "tag"));
        let mut input = format!("{now}\n");
        input.extend(known.flat_map(|(oid, _)| ["^", oid.as_str(), "\n"]));
        let args = ["rev-list", "--count", "--stdin"];
        let said = repo.must(&args, input.into_bytes()).ok()?;
        let count: u64 = said.lines().next()?.trim().parse().ok()?;
        let short = now.get(..12).unwrap_or(now);
        let commits = crate::plan::restore::counted(count, "commit");
        (count > 0).then(|| {
            format!("{commits} came to {name} since the backup and will not be on it any more: `git branch NAME {short}` gives them a name again")
        })
    }

    /// Tells whether the wish names a ref: by its short or its full name.
    fn names(&self, name: &str) -> bool {
        let wished = |word: &String| {
            word == name
                || word == "history"
                || ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/"]
                    .iter()
                    .any(|start| name.strip_prefix(start) == Some(word))
        };
        let branch = self.mine().and_then(|head| self.kept.symbolic.get(&head));
        let is_head = self.wants("HEAD") && branch.is_some_and(|to| to == name);
        is_head || self.only.iter().any(wished)
    }

    fn wants(&self, word: &str) -> bool {
        let entry = format!("{word}@{{");
        self.only
            .iter()
            .any(|one| one == word || one.starts_with(&entry))
    }

    fn deeds(&self) -> Result<Vec<Deed>, BackupError> {
        let mut deeds = Vec::new();
        let everything = self.only.is_empty();
        for (name, oid) in &self.kept.refs {
            if !name.starts_with("refs/") || name == STASH {
                continue;
            }
            let now = self.now.get(name);
            let named = self.names(name);
            let moves = named || (everything && !self.wish.missing_only);
            let comes = match now {
                None => named || everything,
                Some(now) => now != oid && moves,
            };
            if comes {
                deeds.push(Deed::Ref {
                    name: name.clone(),
                    oid: oid.clone(),
                    now: now.cloned(),
                });
            }
        }
        deeds.extend(self.head());
        if everything
            || ["stash", "reflog", UNREACHABLE]
                .iter()
                .any(|word| self.wants(word))
        {
            deeds.extend(self.stash());
        }
        deeds.extend(self.log_deeds(&deeds));
        deeds.extend(self.objects()?);
        Ok(deeds)
    }

    /// Returns the name under which the HEAD of this work tree is kept.
    fn mine(&self) -> Option<String> {
        match self.repo.dir.strip_prefix(&self.repo.common) {
            Ok(below) if below.as_os_str().is_empty() => Some("HEAD".to_owned()),
            Ok(below) => Some(format!("{}/HEAD", below.display())),
            Err(_) => None,
        }
    }

    /// A detached HEAD that was moved, or a branch that was left for it.
    fn head(&self) -> Option<Deed> {
        if !self.wants("HEAD") {
            return None;
        }
        let text = regular::text(&self.repo.dir.join("HEAD")).unwrap_or_default();
        let mine = self.mine()?;
        if let Some(to) = self.kept.symbolic.get(&mine) {
            let same = text.trim().strip_prefix("ref: ") == Some(to);
            return (!same && self.kept.refs.contains_key(to)).then(|| Deed::Symbolic {
                name: "HEAD".to_owned(),
                to: to.clone(),
            });
        }
        let oid = self.kept.refs.get(&mine)?;
        let detached = !text.starts_with("ref: ");
        (detached && text.trim() != oid).then(|| Deed::Ref {
            name: "HEAD".to_owned(),
            oid: oid.clone(),
            now: Some(text.trim().to_owned()),
        })
    }

    /// Entries that are no longer listed, oldest first. The list is the reflog: without it the ref alone names one stash and lists none.
    fn stash(&self) -> Vec<Deed> {
        let mut there: BTreeSet<String> = local::stashes(&self.logs)
            .into_iter()
            .map(|(oid, _)| oid)
            .collect();
        let held: BTreeSet<&String> = self.kept.refs.values().collect();
        let mut lost = local::stashes(&self.kept.logs);
        if lost.is_empty() {
            there.extend(self.now.get(STASH).cloned());
            let newest = self.kept.refs.get(STASH);
            lost.extend(newest.map(|oid| (oid.clone(), "restored".to_owned())));
        }
        lost.retain(|(oid, _)| held.contains(oid) && !there.contains(oid));
        lost.reverse();
        lost.into_iter()
            .map(|(oid, words)| Deed::Stash { oid, words })
            .collect()
    }

    /// Reflogs that lost lines: those of refs that come back, and all of them where that was the loss.
    fn log_deeds(&self, deeds: &[Deed]) -> Vec<Deed> {
        let all = self.only.is_empty() || self.wants("reflog") || self.wants(UNREACHABLE);
        let returns = |name: &str| {
            deeds
                .iter()
                .any(|deed| matches!(deed, Deed::Ref { name: ours, now: None, .. } if ours == name))
        };
        let mut found = Vec::new();
        for (name, saved) in &self.kept.logs {
            if name == STASH || !(all || returns(name)) {
                continue;
            }
            // A log without its ref would be a log of nothing.
            let is_ref = name.starts_with("refs/");
            if is_ref && !self.now.contains_key(name) && !returns(name) {
                continue;
            }
            let lines = missing(saved, self.logs.get(name)).len();
            if lines > 0 {
                let name = name.clone();
                found.push(Deed::Log { name, lines });
            }
        }
        found
    }

    fn objects(&self) -> Result<Option<Deed>, BackupError> {
        if !(self.only.is_empty() || self.wants(UNREACHABLE) || self.wants("reflog")) {
            return Ok(None);
        }
        let lost = self.lost();
        let there = self.repo.present(lost.iter()).map_err(source)?;
        let count = lost.len() - there.len();
        Ok((count > 0).then_some(Deed::Objects { count }))
    }

    fn lost(&self) -> BTreeSet<String> {
        let names = self.kept.refs.iter();
        names
            .filter(|(name, _)| name.starts_with("lost/"))
            .map(|(_, oid)| oid.clone())
            .collect()
    }

    /// Puts everything back that the plan names.
    pub fn apply(&self) -> Result<Restored, BackupError> {
        let deeds = self.deeds()?;
        let mut restored = Restored {
            notes: self.leaving(&deeds),
            ..Restored::default()
        };
        let mut tips = BTreeSet::new();
        for deed in &deeds {
            match deed {
                Deed::Ref { oid, .. } | Deed::Stash { oid, .. } => drop(tips.insert(oid.clone())),
                Deed::Log { .. } | Deed::Objects { .. } => tips.extend(self.lost()),
                Deed::Symbolic { .. } => {}
            }
        }
        self.store.repo.give(&self.repo, &tips).map_err(source)?;
        self.put_stashes(&deeds)?;
        for deed in &deeds {
            restored.notes.extend(self.one(deed)?);
            restored.done.push(deed.step().sentence());
        }
        Ok(restored)
    }

    /// Writes the list of stashes as it was, with what was stashed since on top: every entry has its old place.
    fn put_stashes(&self, deeds: &[Deed]) -> Result<(), BackupError> {
        let lost: BTreeSet<&str> = deeds.iter().filter_map(Deed::stashed).collect();
        let saved = self.kept.logs.get(STASH).filter(|_| !lost.is_empty());
        let Some(saved) = saved else {
            return Ok(());
        };
        let path = log_path(&self.repo, STASH);
        let present = regular::read(&path).unwrap_or_default();
        let lines = stash_log(saved, &present, &lost);
        let newest = lines.iter().rev().find_map(|line| local::objects_of(line));
        let Some((_, newest)) = newest else {
            return Ok(());
        };
        let none = "0".repeat(newest.len());
        let now = self.now.get(STASH).unwrap_or(&none);
        if *now != newest {
            let args = [
                "update-ref",
                "--create-reflog",
                "-m",
                UNDO,
                STASH,
                &newest,
                now,
            ];
            self.repo.must(&args, Vec::new()).map_err(source)?;
        }
        write_log(&path, &lines.concat())
    }

    fn one(&self, deed: &Deed) -> Result<Option<String>, BackupError> {
        match deed {
            Deed::Ref { name, oid, now } => self.put_ref(name, oid, now.as_deref()),
            Deed::Symbolic { name, to } => {
                let args = ["symbolic-ref", "-m", UNDO, name, to];
                self.repo.must(&args, Vec::new()).map_err(source)?;
                Ok(Some(format!(
                    "{name} is on {to} again; the work tree was left as it is"
                )))
            }
            // Where there was a list, it is written as a whole.
            Deed::Stash { .. } if self.kept.logs.contains_key(STASH) => Ok(None),
            Deed::Stash { oid, words } => {
                let args = ["stash", "store", "-m", words, oid];
                let root = self.repo.root().unwrap_or_else(|| self.repo.dir.clone());
                let said = self.repo.ask_in(&root, &args).and_then(good);
                said.map_err(source).map(|_| None)
            }
            Deed::Log { name, .. } => self.put_log(name).map(|()| None),
            Deed::Objects { .. } => Ok(None),
        }
    }

    /// Moves a ref under the condition that it still is what was seen; files of the checked out branch follow where nothing stands against it.
    fn put_ref(
        &self,
        name: &str,
        oid: &str,
        now: Option<&str>,
    ) -> Result<Option<String>, BackupError> {
        let note = match now {
            Some(now) if self.is_checked_out(name) => self.follow(now, oid),
            _ => None,
        };
        let none = "0".repeat(oid.len());
        let args = [
            "update-ref",
            "--no-deref",
            "--create-reflog",
            "-m",
            UNDO,
            name,
            oid,
            now.unwrap_or(&none),
        ];
        self.repo.must(&args, Vec::new()).map_err(source)?;
        Ok(note)
    }

    fn is_checked_out(&self, name: &str) -> bool {
        let text = regular::text(&self.repo.dir.join("HEAD")).unwrap_or_default();
        name == "HEAD" || text.trim().strip_prefix("ref: ") == Some(name)
    }

    /// Takes index and files along, as a switch of branches does: git refuses where a change would be overwritten.
    fn follow(&self, now: &str, oid: &str) -> Option<String> {
        let left =
            "the files and the index were left as they are; `git status` shows the difference";
        let root = self.repo.root()?;
        let fresh = self
            .repo
            .ask_in(&root, &["update-index", "-q", "--refresh"]);
        let moved = fresh.and_then(|_| {
            self.repo
                .ask_in(&root, &["read-tree", "-m", "-u", now, oid])
        });
        match moved {
            Ok(said) if said.code == Some(0) => None,
            Ok(_) | Err(_) => Some(left.to_owned()),
        }
    }

    fn put_log(&self, name: &str) -> Result<(), BackupError> {
        let path = log_path(&self.repo, name);
        let saved = self
            .kept
            .logs
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let present = regular::read(&path).unwrap_or_default();
        let mut lines: Vec<u8> = missing(saved, Some(&present)).concat();
        lines.extend_from_slice(&present);
        write_log(&path, &lines)
    }
}

fn write_log(path: &Path, lines: &[u8]) -> Result<(), BackupError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| BackupError::io("create", folder, error))?;
    }
    replace(path, lines, 0o644).map_err(|error| BackupError::io("write", path, error))
}

/// Returns the lines of the list of stashes: the saved ones that are lost or still there, then newer ones, each naming the one before it.
fn stash_log(saved: &[u8], present: &[u8], lost: &BTreeSet<&str>) -> Vec<Vec<u8>> {
    fn entries(log: &[u8]) -> impl Iterator<Item = (String, &[u8])> {
        log.split(|byte| *byte == b'\n')
            .filter_map(|line| Some((local::objects_of(line)?.1, line)))
    }
    let there: BTreeSet<String> = entries(present).map(|(oid, _)| oid).collect();
    let old: BTreeSet<String> = entries(saved).map(|(oid, _)| oid).collect();
    let known =
        entries(saved).filter(|(oid, _)| lost.contains(oid.as_str()) || there.contains(oid));
    let newer = entries(present).filter(|(oid, _)| !old.contains(oid));
    let mut lines = Vec::new();
    let mut before: Option<String> = None;
    for (oid, line) in known.chain(newer) {
        let above = before.unwrap_or_else(|| "0".repeat(oid.len()));
        let rest = line.get(above.len()..).unwrap_or_default();
        lines.push([above.as_bytes(), rest, b"\n"].concat());
        before = Some(oid);
    }
    lines
}

/// Returns the saved lines that are no longer there.
fn missing<'l>(saved: &'l [u8], present: Option<&Vec<u8>>) -> Vec<&'l [u8]> {
    let present = present.map(Vec::as_slice).unwrap_or_default();
    let there: BTreeSet<&[u8]> = present.split_inclusive(|byte| *byte == b'\n').collect();
    saved
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !there.contains(line))
        .collect()
}

fn log_path(repo: &Repo, name: &str) -> PathBuf {
    let linked = name
        .strip_prefix("worktrees/")
        .and_then(|rest| rest.split_once('/'));
    match linked {
        Some((tree, rest)) => repo
            .common
            .join("worktrees")
            .join(tree)
            .join("logs")
            .join(rest),
        None => repo.common.join("logs").join(name),
    }
}

/// Says that everything goes into a new bare repository.
pub fn plan_copy(entry: &Entry, to: &str) -> Result<RestorePlan, BackupError> {
    let place = PathBuf::from(to);
    if !place.is_absolute() || place.exists() {
        return Err(BackupError::Taken(format!(
            "`{to}` is there already, or no absolute path"
        )));
    }
    let kept = Kept::read(entry)?;
    Ok(RestorePlan {
        backup: entry.manifest.id.clone(),
        steps: vec![Step::PlaceTree {
            path: place,
            entries: kept.refs.len() as u64,
        }],
        notes: entry.manifest.warnings.clone(),
        ..RestorePlan::default()
    })
}

/// Makes a new bare repository of what the backup keeps.
pub fn copy(entry: &Entry, to: &str, end: Instant) -> Result<Restored, BackupError> {
    let plan = plan_copy(entry, to)?;
    let store = Store::of(entry, end)?;
    store.fill_new(Path::new(to), &Kept::read(entry)?, end)?;
    Ok(Restored {
        done: plan.steps.iter().map(Step::sentence).collect(),
        ..Restored::default()
    })
}
