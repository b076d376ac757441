//! `backstop install git` and `uninstall git`: puts backstop behind git's hooks, beside whatever stands there.
//! It shows every change first; a hook that it does not understand stays, and nothing is changed.

mod removal;
mod site;
mod told;

use crate::adapters::regular;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::adapters::git::place::Repository;
use crate::cli::say;
use crate::decide::fingerprint::sha256;
use crate::plan::hooks::{self, Author, Hook};

use super::steps::{self, Step};
use super::{Args, Scope, Trouble, agreed, binary, make_state, read, state_dir, warn};
use told::Told;

/// How backstop stands in a folder of hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Its scripts stand in the folder itself.
    Folder,
    /// In husky's scripts.
    Husky,
    /// A folder of its own stands in place of another one and passes on.
    Instead,
}

/// One installation, as recorded in the state directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub v: u32,
    /// The whole account, not one repository.
    pub account: bool,
    pub way: Way,
    /// Folder that holds our scripts.
    pub hooks: PathBuf,
    /// The repository; nothing for the account.
    pub repository: Option<PathBuf>,
    pub top: Option<PathBuf>,
    pub names: Vec<String>,
    pub binary: PathBuf,
    pub binary_sha256: String,
    pub edits: Vec<Edited>,
}

/// A file of somebody else that was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    pub path: PathBuf,
    pub before: Option<String>,
    pub after_sha256: String,
}

/// Where to install, and how.
#[derive(Clone, Debug)]
pub struct Site {
    pub account: bool,
    pub way: Way,
    /// Folder that holds our scripts.
    pub hooks: PathBuf,
    pub repository: Option<Repository>,
    /// For `Way::Instead`: the folder that hooks are passed on to (nothing: that of each repository), and the file with the setting.
    onward: Option<String>,
    config: Option<PathBuf>,
}

/// Runs `install git`.
///
/// # Errors
/// Says what stands in the way; then nothing was changed.
pub fn install(args: &Args) -> Result<u8, Trouble> {
    let state = state_dir(args)?;
    let binary = binary()?;
    let site = site::site(args, &state)?;
    let wanted = wanted(args);
    let told = Told {
        binary: text(&binary)?,
        state: text(&state)?,
        site: &site,
    };
    let planned = told.plan(&wanted)?;
    warn(&binary);
    let old = load(&state, &site.hooks);
    if planned.is_empty() && old.is_some() {
        say(&format!(
            "backstop already stands in {}.\n",
            site.hooks.display()
        ));
        return Ok(0);
    }
    say(&steps::told(&planned));
    for note in told.notes() {
        say(&format!("note: {note}\n"));
    }
    if args.dry_run || !agreed(args)? {
        return Ok(u8::from(!args.dry_run));
    }
    make_state(&state)?;
    let record = told.record(&planned, &wanted, old, &binary);
    save(&state, &record)?;
    steps::apply(&planned)?;
    say(&format!(
        "Installed in {}.\nRun `backstop doctor` there to see it hold.\n",
        site.hooks.display()
    ));
    Ok(0)
}

/// Runs `uninstall git`.
///
/// # Errors
/// Says what stands in the way; then nothing was changed.
pub fn uninstall(args: &Args) -> Result<u8, Trouble> {
    let state = state_dir(args)?;
    let site = site::site(args, &state)?;
    let removable = removal::plan(
        &site,
        &Hook::ALL,
        load(&state, &site.hooks).as_ref(),
        &state,
    )?;
    // Where `core.hooksPath` was set since, our scripts stand where git looked before.
    let site = match elsewhere(&site, &state) {
        Some(old) if removable.is_empty() => old,
        Some(_) | None => site,
    };
    let wanted = wanted(args);
    let record = load(&state, &site.hooks);
    let planned = removal::plan(&site, &wanted, record.as_ref(), &state)?;
    if planned.is_empty() {
        left(&state, &site, &wanted, record)?;
        say(&format!(
            "backstop does not stand in {}.\n",
            site.hooks.display()
        ));
        return Ok(0);
    }
    say(&steps::told(&planned));
    if args.dry_run || !agreed(args)? {
        return Ok(u8::from(!args.dry_run));
    }
    steps::apply(&planned)?;
    left(&state, &site, &wanted, record)?;
    say(&format!(
        "Taken out of {}. State and backups stay in {}.\n",
        site.hooks.display(),
        state.display()
    ));
    Ok(0)
}

fn wanted(args: &Args) -> Vec<Hook> {
    if args.hook.is_empty() {
        return Hook::ALL.to_vec();
    }
    args.hook.iter().map(|one| one.hook()).collect()
}

/// Returns another place in which backstop was installed for the same repository.
fn elsewhere(site: &Site, state: &Path) -> Option<Site> {
    let repository = site.repository.as_ref()?;
    let is_other = |record: &Record| {
        record.repository.as_ref() == Some(&repository.common) && record.hooks != site.hooks
    };
    let record = all(state).into_iter().find(is_other)?;
    Some(Site {
        account: false,
        way: record.way,
        hooks: record.hooks,
        repository: site.repository.clone(),
        onward: None,
        config: None,
    })
}

/// Notes which hooks are left after some were taken out.
fn left(state: &Path, site: &Site, gone: &[Hook], record: Option<Record>) -> Result<(), Trouble> {
    let Some(mut record) = record else {
        return Ok(());
    };
    record
        .names
        .retain(|name| gone.iter().all(|hook| hook.name() != name));
    if record.names.is_empty() {
        forget(state, &site.hooks);
        return Ok(());
    }
    save(state, &record)
}

fn trouble(what: impl Into<String>, help: impl Into<String>) -> Trouble {
    (what.into(), help.into())
}

fn text(path: &Path) -> Result<String, Trouble> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        trouble(
            format!(
                "`{}` is not text, and a script cannot name it",
                path.display()
            ),
            "use another folder",
        )
    })
}

/// Name of the file in a folder of ours that says where hooks are passed on to.
const ONWARD: &str = "onward";

/// Says who wrote the hook at a path; nothing when there is none.
///
/// # Errors
/// Names what is no file, and what cannot be read.
pub fn look(path: &Path) -> Result<Option<Author>, Trouble> {
    let Ok(entry) = path.symlink_metadata() else {
        return Ok(None);
    };
    if entry.is_dir() || !(entry.is_file() || entry.is_symlink()) {
        return Err(trouble(
            format!("`{}` is no file, and git cannot run it", path.display()),
            "move it away, then install again",
        ));
    }
    match regular::read(path) {
        Ok(bytes) => Ok(Some(hooks::author(&String::from_utf8_lossy(&bytes)))),
        // A link that leads nowhere now may lead somewhere again.
        Err(_) if entry.is_symlink() => Ok(Some(Author::Somebody)),
        Err(error) => Err(trouble(
            format!("`{}` cannot be read: {error}", path.display()),
            "make it readable, then install again",
        )),
    }
}
fn folder_of(state: &Path) -> PathBuf {
    state.join("installed-git")
}

fn file_of(state: &Path, hooks: &Path) -> PathBuf {
    folder_of(state).join(format!(
        "{}.json",
        sha256(hooks.as_os_str().as_encoded_bytes())
    ))
}

fn load(state: &Path, hooks: &Path) -> Option<Record> {
    serde_json::from_str(&regular::text(&file_of(state, hooks)).ok()?).ok()
}

/// Returns every recorded installation.
pub fn all(state: &Path) -> Vec<Record> {
    let files = std::fs::read_dir(folder_of(state))
        .into_iter()
        .flatten()
        .flatten();
    let texts = files.filter_map(|file| regular::text(&file.path()).ok());
    texts
        .filter_map(|text| serde_json::from_str(&text).ok())
        .collect()
}

fn save(state: &Path, record: &Record) -> Result<(), Trouble> {
    let file = file_of(state, &record.hooks);
    let written = std::fs::create_dir_all(folder_of(state))
        .and_then(|()| {
            std::fs::set_permissions(
                folder_of(state),
                std::os::unix::fs::PermissionsExt::from_mode(0o700),
            )
        })
        .and_then(|()| {
            crate::adapters::replace::replace(
                &file,
                serde_json::to_string_pretty(record)?.as_bytes(),
                0o600,
            )
        });
    written.map_err(|error| {
        trouble(
            format!("`{}` cannot be written: {error}", file.display()),
            "nothing was installed",
        )
    })
}

fn forget(state: &Path, hooks: &Path) {
    let _ = std::fs::remove_file(file_of(state, hooks));
}
