//! The plan that takes our hooks out of wherever they are now: managers may have moved them.
//! It reads what is there and writes nothing.

use std::path::Path;

use crate::adapters::git::place;
use crate::decide::fingerprint::sha256;
use crate::plan::hooks::{self, Author, BEFORE, Chain, Hook, PASSED};

use super::told::{LEFTHOOK_FOLDER, lefthook_local};
use super::{ONWARD, Record, Site, Step, Trouble, Way, look, read, trouble};

/// Returns the steps; none when nothing of ours is there.
pub fn plan(
    site: &Site,
    wanted: &[Hook],
    record: Option<&Record>,
    state: &Path,
) -> Result<Vec<Step>, Trouble> {
    let all = wanted.len() == Hook::ALL.len();
    if site.way == Way::Instead && all {
        return folder(site, record, state);
    }
    let mut planned = Vec::new();
    for hook in wanted {
        one(site, *hook, record, &mut planned)?;
    }
    let top = site.repository.as_ref().and_then(|one| one.top.as_ref());
    let Some(top) = top.filter(|_| all) else {
        return Ok(planned);
    };
    let scripts = site.hooks.join(LEFTHOOK_FOLDER);
    if scripts.exists() {
        planned.push(Step::RemoveFolder { path: scripts });
    }
    if let Ok(file) = lefthook_local(top) {
        planned.extend(edit_back(&file, record, hooks::lefthook_without)?);
    }
    Ok(planned)
}

/// The folder of ours goes, after git was told to look elsewhere.
fn folder(site: &Site, record: Option<&Record>, state: &Path) -> Result<Vec<Step>, Trouble> {
    let mut planned = Vec::new();
    if let Some(config) = &site.config {
        planned.extend(config_back(config, site, record, state)?);
    }
    for name in Hook::ALL.iter().map(|hook| hook.name()).chain(PASSED) {
        remove_ours(&site.hooks.join(name), &mut planned)?;
    }
    let marker = site.hooks.join(ONWARD);
    if marker.exists() {
        planned.push(Step::Remove { path: marker });
    }
    if site.hooks.exists() {
        planned.push(Step::RemoveFolder {
            path: site.hooks.clone(),
        });
    }
    Ok(planned)
}

/// One hook goes, under every name that a manager may have given it; the one that stood there before gets its name back.
fn one(
    site: &Site,
    hook: Hook,
    record: Option<&Record>,
    planned: &mut Vec<Step>,
) -> Result<(), Trouble> {
    let chained = site.hooks.join(format!("{}{BEFORE}", hook.name()));
    let mut waiting = look(&chained)?.is_some_and(|author| author != Author::Backstop);
    for end in ["", ".legacy", ".old"] {
        let path = site.hooks.join(format!("{}{end}", hook.name()));
        if look(&path)? != Some(Author::Backstop) {
            continue;
        }
        if std::mem::take(&mut waiting) {
            planned.push(Step::Rename {
                from: chained.clone(),
                to: path,
            });
        } else if site.way == Way::Instead {
            let chain = site
                .onward
                .as_deref()
                .map_or(Chain::Repository, Chain::Folder);
            let text = hooks::passing(hook.name(), chain);
            if read(&path)?.as_deref() != Some(text.as_str()) {
                planned.push(Step::Script { path, text });
            }
        } else {
            planned.push(Step::Remove { path });
        }
    }
    for path in [
        site.hooks.join(format!("backstop-{}", hook.name())),
        chained,
        site.hooks.join(LEFTHOOK_FOLDER).join(hook.name()),
    ] {
        remove_ours(&path, planned)?;
    }
    if site.way == Way::Husky {
        let script = site.hooks.parent().unwrap_or(&site.hooks).join(hook.name());
        planned.extend(edit_back(&script, record, hooks::husky_without)?);
    }
    Ok(())
}

fn remove_ours(path: &Path, planned: &mut Vec<Step>) -> Result<(), Trouble> {
    if look(path)? == Some(Author::Backstop) {
        planned.push(Step::Remove {
            path: path.to_path_buf(),
        });
    }
    Ok(())
}

/// Gives an edited file back: byte for byte when nobody else changed it, otherwise without our part.
fn edit_back(
    path: &Path,
    record: Option<&Record>,
    without: impl Fn(&str) -> String,
) -> Result<Option<Step>, Trouble> {
    let Some(now) = read(path)? else {
        return Ok(None);
    };
    let cut = without(&now);
    if cut == now {
        return Ok(None);
    }
    let edited = record.and_then(|record| record.edits.iter().find(|one| one.path == *path));
    let after = match edited {
        Some(edited) if edited.after_sha256 == sha256(now.as_bytes()) => edited.before.clone(),
        Some(edited) if edited.before.is_none() && cut.trim().is_empty() => None,
        Some(_) | None => Some(cut),
    };
    Ok(Some(Step::Edit {
        path: path.to_path_buf(),
        before: Some(now),
        after,
    }))
}

fn config_back(
    config: &Path,
    site: &Site,
    record: Option<&Record>,
    state: &Path,
) -> Result<Option<Step>, Trouble> {
    let scratch = state.join(format!("git-config.{}.tmp", std::process::id()));
    let onward = site.onward.clone().filter(|onward| {
        let usual = site.repository.as_ref().map(|one| one.common.join("hooks"));
        !onward.is_empty() && usual.as_deref() != Some(Path::new(onward))
    });
    let Some(now) = read(config)? else {
        return Ok(None);
    };
    if !now.contains(&site.hooks.display().to_string()) {
        return Ok(None);
    }
    let cut = place::with_hooks_path(&now, onward.as_deref().map(std::ffi::OsStr::new), &scratch)
        .map_err(|error| {
        trouble(
            format!("`{}` cannot be changed: {error}", config.display()),
            "mend the file, then uninstall again",
        )
    })?;
    edit_back(config, record, |_| cut.clone())
}
