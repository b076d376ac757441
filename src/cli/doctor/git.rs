//! git's hooks as git would run them here: in place, executable, not shadowed by `core.hooksPath`, their program there.
//! It starts git to ask where hooks are looked for, and runs none of them.

use crate::adapters::regular;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::adapters::environment;
use crate::adapters::git::place::{self, Repository};
use crate::cli::install::git::{Record, Way, all, look};
use crate::decide::fingerprint::sha256;
use crate::enforce::House;
use crate::plan::hooks::{self, Author, Hook};

use super::{Grade, Point};

const WHY: &str = "what this hook would judge is not judged";

/// Returns the points about git's hooks in the repository around a folder.
pub fn points(houses: &[House], cwd: &Path) -> Vec<Point> {
    let states = houses.iter().filter_map(|house| house.state().ok());
    // git's hooks may have been installed without a word about the state directory.
    let states: BTreeSet<PathBuf> = states.chain(environment::state_dir()).collect();
    let records: Vec<Record> = states.iter().flat_map(|state| all(state)).collect();
    let repository = match place::repository(cwd) {
        Ok(repository) => repository,
        Err(_) if records.is_empty() => return Vec::new(),
        Err(error) => {
            return vec![Point::new(
                Grade::Fail,
                format!("git cannot be asked: {error}"),
                "backstop stands behind hooks of git on this machine",
                "install git 2.31 or newer",
            )];
        }
    };
    let account = records.iter().find(|record| record.account);
    let Some(repository) = repository else {
        return account
            .map(|record| look_at(record, None))
            .unwrap_or_default();
    };
    let own = records
        .iter()
        .find(|record| record.repository.as_deref() == Some(&repository.common));
    match own.or(account) {
        Some(record) => look_at(record, Some(&repository)),
        None => vec![Point::new(
            Grade::Warn,
            "git hooks: backstop stands behind none in this repository",
            "pushes, commits and deletions of refs are judged only where an agent's hook sees the command",
            "backstop install git",
        )],
    }
}

fn look_at(record: &Record, repository: Option<&Repository>) -> Vec<Point> {
    let mend = if record.account {
        "backstop install git --global"
    } else {
        "backstop install git"
    };
    if let Some(point) = repository.and_then(|repository| shadowed(record, repository, mend)) {
        return vec![point];
    }
    let mut points = Vec::new();
    let mut sound = Vec::new();
    for name in &record.names {
        let Some(hook) = Hook::ALL.into_iter().find(|hook| hook.name() == name) else {
            continue;
        };
        match stands(record, hook) {
            Ok(script) => match program(&script, name, record, mend) {
                Some(point) => points.push(point),
                None => sound.push(name.as_str()),
            },
            Err((what, mending)) => points.push(Point::new(
                Grade::Fail,
                format!("git hook {name}: {what}"),
                WHY,
                mending.unwrap_or_else(|| mend.to_owned()),
            )),
        }
    }
    if !sound.is_empty() {
        points.push(Point::ok(format!(
            "git hooks {} in {}",
            sound.join(", "),
            record.hooks.display()
        )));
    }
    points
}

/// git looks into one folder only; ours may not be that one any more.
fn shadowed(record: &Record, repository: &Repository, mend: &str) -> Option<Point> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if real(&record.hooks) == real(&repository.hooks) {
        return None;
    }
    let by = match &repository.setting {
        Some(setting) => format!(
            "`core.hooksPath` is `{}` in git's {} settings",
            setting.value, setting.scope
        ),
        None => format!("git looks into {}", repository.hooks.display()),
    };
    Some(Point::new(
        Grade::Fail,
        format!(
            "git hooks: {by}, so the hooks in {} are never run",
            record.hooks.display()
        ),
        "pushes, commits and deletions of refs are not judged",
        mend,
    ))
}

/// What is wrong, and a mending other than to install again.
type Fault = (String, Option<String>);

/// Finds the script of ours that git, or a manager of hooks, would run.
fn stands(record: &Record, hook: Hook) -> Result<PathBuf, Fault> {
    let plain = record.hooks.join(hook.name());
    if record.way == Way::Husky && hook != Hook::ReferenceTransaction {
        return in_husky(record, hook);
    }
    let trouble = |(what, help): (String, String)| (what, Some(help));
    let found = look(&plain).map_err(trouble)?;
    match found {
        Some(Author::Backstop) => executable(plain),
        Some(Author::PreCommit) => {
            executable(plain)?;
            let legacy = record.hooks.join(format!("{}.legacy", hook.name()));
            if look(&legacy).map_err(trouble)? != Some(Author::Backstop) {
                return Err((
                    "the framework pre-commit wrote its own script over ours".to_owned(),
                    None,
                ));
            }
            executable(legacy)
        }
        Some(Author::Lefthook) => {
            executable(plain)?;
            in_lefthook(record, hook)
        }
        Some(Author::Somebody) => Err((
            format!("{} was written by somebody else", plain.display()),
            None,
        )),
        None => Err((format!("{} is gone", plain.display()), None)),
    }
}

fn in_husky(record: &Record, hook: Hook) -> Result<PathBuf, Fault> {
    let script = record
        .hooks
        .parent()
        .unwrap_or(&record.hooks)
        .join(hook.name());
    let text = regular::text(&script).unwrap_or_default();
    if hooks::husky_without(&text) == text {
        return Err((
            format!("{} has lost backstop's line", script.display()),
            None,
        ));
    }
    let shim = record.hooks.join(hook.name());
    if !shim.exists() {
        return Err((
            format!("husky's {} is gone", shim.display()),
            Some("npx husky".to_owned()),
        ));
    }
    executable(shim)?;
    let ours = record.hooks.join(format!("backstop-{}", hook.name()));
    if !ours.exists() {
        return Err((format!("{} is gone", ours.display()), None));
    }
    executable(ours)
}

fn in_lefthook(record: &Record, hook: Hook) -> Result<PathBuf, Fault> {
    let script = record.hooks.join("backstop").join(hook.name());
    let names = |edit: &crate::cli::install::git::Edited| {
        regular::text(&edit.path).is_ok_and(|text| {
            hooks::lefthook_without(&text) != text
                && text.contains(&format!("backstop/{}", hook.name()))
        })
    };
    if !record.edits.iter().any(names) {
        return Err((
            "lefthook runs its own script there, and its configuration does not call backstop"
                .to_owned(),
            None,
        ));
    }
    if !script.exists() {
        return Err((format!("{} is gone", script.display()), None));
    }
    executable(script)
}

fn executable(path: PathBuf) -> Result<PathBuf, Fault> {
    if rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_ok() {
        return Ok(path);
    }
    let mend = format!("chmod +x '{}'", path.display());
    Err((
        format!(
            "{} is not executable, and git passes it over",
            path.display()
        ),
        Some(mend),
    ))
}

/// Says what is wrong with the program that a script of ours starts.
fn program(script: &Path, name: &str, record: &Record, mend: &str) -> Option<Point> {
    let text = regular::text(script).unwrap_or_default();
    let named = text
        .lines()
        .find_map(|line| line.strip_prefix("backstop='")?.strip_suffix('\''))
        .map(|path| path.replace("'\\''", "'"));
    let Some(named) = named else {
        return Some(Point::new(
            Grade::Fail,
            format!("git hook {name}: {} names no program", script.display()),
            WHY,
            mend,
        ));
    };
    let why = "the hook stops every push and commit without it";
    match regular::read(Path::new(&named)) {
        Err(error) => Some(Point::new(
            Grade::Fail,
            format!("git hook {name}: its program {named} cannot be read: {error}"),
            why,
            mend,
        )),
        Ok(_) if rustix::fs::access(&named, rustix::fs::Access::EXEC_OK).is_err() => {
            Some(Point::new(
                Grade::Fail,
                format!("git hook {name}: its program {named} is not executable"),
                why,
                format!("chmod +x '{named}'"),
            ))
        }
        Ok(bytes) if sha256(&bytes) != record.binary_sha256 => Some(Point::new(
            Grade::Warn,
            format!("git hook {name}: {named} is not the program that was installed"),
            "something replaced it, or it was updated",
            mend,
        )),
        Ok(_) => None,
    }
}
