//! Where hooks belong: the folder that git looks into, and what stands in front of it.
//! It asks git and reads files; nothing is changed here.

use crate::adapters::regular;
use std::path::{Path, PathBuf};

use crate::adapters::environment;
use crate::adapters::git::place::{self, Repository, Setting};

use super::{Args, ONWARD, Scope, Site, Trouble, Way, trouble};

/// Returns where hooks belong.
///
/// # Errors
/// Names the reason why there is no such place.
pub fn site(args: &Args, state: &Path) -> Result<Site, Trouble> {
    let cwd = std::env::current_dir()
        .map_err(|error| trouble(format!("the working directory cannot be read: {error}"), ""))?;
    let asked = |error: std::io::Error| {
        trouble(
            format!("git cannot be asked: {error}"),
            "install git 2.31 or newer",
        )
    };
    if args.global || args.scope == Some(Scope::User) {
        return account(&cwd, state).map_err(asked)?;
    }
    let Some(repository) = place::repository(&cwd).map_err(asked)? else {
        return Err(trouble(
            "this is no git repository",
            "go into one, or install for the whole account with `--global`",
        ));
    };
    in_repository(repository, state)
}

/// The folder of ours that stands for a whole account.
fn own_folder(state: &Path) -> PathBuf {
    state.join("git-hooks")
}

fn account(cwd: &Path, state: &Path) -> std::io::Result<Result<Site, Trouble>> {
    let own = own_folder(state);
    let folder = |way, hooks, config| Site {
        account: true,
        way,
        hooks,
        repository: None,
        onward: None,
        config,
    };
    Ok(match place::account_hooks(cwd)? {
        Some(path) if Path::new(&path) == own => Ok(folder(Way::Instead, own, global_config())),
        None => match global_config() {
            Some(config) => Ok(folder(Way::Instead, own, Some(config))),
            None => Err(trouble(
                "there is no place for git's settings of this account: HOME is not set",
                "set HOME",
            )),
        },
        Some(path) if Path::new(&path).is_absolute() => {
            Ok(folder(Way::Folder, PathBuf::from(path), None))
        }
        Some(path) => Err(trouble(
            format!(
                "`core.hooksPath` of this account is `{path}`, which is another folder in every repository"
            ),
            "install in each repository, without `--global`",
        )),
    })
}

/// The file in which git keeps the settings of this account, chosen as git chooses.
fn global_config() -> Option<PathBuf> {
    if let Some(named) = environment::variable("GIT_CONFIG_GLOBAL") {
        return Some(PathBuf::from(named));
    }
    let home = environment::home()?;
    let plain = home.join(".gitconfig");
    let folder = environment::variable("XDG_CONFIG_HOME")
        .map_or_else(|| home.join(".config"), PathBuf::from);
    let other = folder.join("git/config");
    Some(if !plain.exists() && other.exists() {
        other
    } else {
        plain
    })
}

fn in_repository(repository: Repository, state: &Path) -> Result<Site, Trouble> {
    let hooks = repository.hooks.clone();
    if hooks == repository.common.join(OWN) {
        let onward = regular::text(&hooks.join(ONWARD)).unwrap_or_default();
        let onward = onward.trim_end_matches('\n').to_owned();
        return Ok(instead(repository, onward));
    }
    if let Some(setting) = repository.setting.clone() {
        return by_setting(repository, &setting, state);
    }
    if is_checked_out(&hooks, &repository) {
        // A linked folder of hooks, kept among the files of the project.
        return Ok(instead(repository, hooks.display().to_string()));
    }
    Ok(folder(repository, Way::Folder))
}

/// Folder of ours in a repository whose hooks lie among its files.
const OWN: &str = "backstop-hooks";

fn instead(repository: Repository, onward: String) -> Site {
    Site {
        account: false,
        way: Way::Instead,
        hooks: repository.common.join(OWN),
        config: Some(repository.common.join("config")),
        repository: Some(repository),
        onward: Some(onward),
    }
}

fn folder(repository: Repository, way: Way) -> Site {
    Site {
        account: false,
        way,
        hooks: repository.hooks.clone(),
        repository: Some(repository),
        onward: None,
        config: None,
    }
}

/// `core.hooksPath` is set: by husky, by hand, or for more than this repository.
fn by_setting(repository: Repository, setting: &Setting, state: &Path) -> Result<Site, Trouble> {
    let hooks = &repository.hooks;
    let value = &setting.value;
    if *hooks == own_folder(state) {
        return Err(trouble(
            "backstop stands in front of every repository of this account already",
            "to change that, use `--global`",
        ));
    }
    if !matches!(setting.scope.as_str(), "local" | "worktree") {
        let what = format!(
            "`core.hooksPath` is `{value}` in git's {} settings, so git never looks into the hooks of this repository",
            setting.scope
        );
        return Err(trouble(
            what,
            "use `--global` to install there, or take the setting away",
        ));
    }
    let is_husky = hooks.file_name().is_some_and(|name| name == "_")
        && regular::text(&hooks.join("h")).is_ok_and(|text| text.contains("husky"));
    if is_husky {
        return Ok(folder(repository, Way::Husky));
    }
    if hooks.exists() && !hooks.is_dir() {
        let what =
            format!("`core.hooksPath` is `{value}`, which is no folder: hooks are switched off");
        return Err(trouble(what, "git config --unset core.hooksPath"));
    }
    if is_checked_out(hooks, &repository) {
        return Ok(instead(repository, setting.value.clone()));
    }
    Ok(folder(repository, Way::Folder))
}

/// Tells whether a folder lies among the files of the project, which others check out too.
fn is_checked_out(hooks: &Path, repository: &Repository) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let hooks = real(hooks);
    repository
        .top
        .as_ref()
        .is_some_and(|top| hooks.starts_with(real(top)))
        && !hooks.starts_with(real(&repository.common))
}
