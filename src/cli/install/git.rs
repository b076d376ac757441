//! `backstop install git` and `uninstall git`: puts backstop behind git's hooks, beside whatever stands there.
//! It shows every change first; a hook that it does not understand stays, and nothing is changed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::adapters::environment;
use crate::adapters::git::place::{self, Repository};
use crate::decide::fingerprint::sha256;
use crate::plan::hooks::{self, Author, BEFORE, Chain, Hook, Lefthook, PASSED, Words};

use super::steps::{self, Step};
use super::{Args, Scope, Trouble, agreed, binary, make_state, read, state_dir, warn};
use crate::cli::say;

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
    let site = site(args, &state)?;
    let wanted = if args.hook.is_empty() {
        Hook::ALL.to_vec()
    } else {
        args.hook.iter().map(|one| one.hook()).collect()
    };
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
    let site = site(args, &state)?;
    let wanted = if args.hook.is_empty() {
        Hook::ALL.to_vec()
    } else {
        args.hook.iter().map(|one| one.hook()).collect()
    };
    let record = load(&state, &site.hooks);
    let planned = removal(&site, &wanted, record.as_ref(), &state)?;
    if planned.is_empty() {
        forget(&state, &site.hooks);
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
    if wanted.len() == Hook::ALL.len() {
        forget(&state, &site.hooks);
    }
    say(&format!(
        "Taken out of {}. State and backups stay in {}.\n",
        site.hooks.display(),
        state.display()
    ));
    Ok(0)
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
    let own = repository.common.join("backstop-hooks");
    let config = repository.common.join("config");
    let instead = |repository: Repository, onward: String| Site {
        account: false,
        way: Way::Instead,
        hooks: own.clone(),
        repository: Some(repository),
        onward: Some(onward),
        config: Some(config.clone()),
    };
    let folder = |repository: Repository, way, hooks| Site {
        account: false,
        way,
        hooks,
        repository: Some(repository),
        onward: None,
        config: None,
    };
    let hooks = repository.hooks.clone();
    if hooks == own {
        let onward = std::fs::read_to_string(own.join(ONWARD)).unwrap_or_default();
        return Ok(instead(
            repository,
            onward.trim_end_matches('\n').to_owned(),
        ));
    }
    if let Some(setting) = repository.setting.clone() {
        if hooks == own_folder(state) {
            return Err(trouble(
                "backstop stands in front of every repository of this account already",
                "to change that, use `--global`",
            ));
        }
        if !matches!(setting.scope.as_str(), "local" | "worktree") {
            return Err(trouble(
                format!(
                    "`core.hooksPath` is `{}` in git's {} settings, so git never looks into the hooks of this repository",
                    setting.value, setting.scope
                ),
                "use `--global` to install there, or take the setting away",
            ));
        }
        let is_husky = hooks.file_name().is_some_and(|name| name == "_")
            && std::fs::read_to_string(hooks.join("h")).is_ok_and(|text| text.contains("husky"));
        if is_husky {
            return Ok(folder(repository, Way::Husky, hooks));
        }
        if hooks.exists() && !hooks.is_dir() {
            return Err(trouble(
                format!(
                    "`core.hooksPath` is `{}`, which is no folder: hooks are switched off",
                    setting.value
                ),
                "git config --unset core.hooksPath",
            ));
        }
        if is_checked_out(&hooks, &repository) {
            return Ok(instead(repository, setting.value));
        }
        return Ok(folder(repository, Way::Folder, hooks));
    }
    if is_checked_out(&hooks, &repository) {
        // A linked folder of hooks, kept among the files of the project.
        return Ok(instead(repository, hooks.display().to_string()));
    }
    Ok(folder(repository, Way::Folder, hooks))
}

/// Name of the file in a folder of ours that says where hooks are passed on to.
const ONWARD: &str = "onward";

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

/// What is written, and where.
struct Told<'a> {
    binary: String,
    state: String,
    site: &'a Site,
}

impl Told<'_> {
    fn words(&self) -> Words<'_> {
        Words {
            binary: &self.binary,
            state: &self.state,
        }
    }

    fn plan(&self, wanted: &[Hook]) -> Result<Vec<Step>, Trouble> {
        let mut planned = Vec::new();
        match self.site.way {
            Way::Instead => self.instead(wanted, &mut planned)?,
            Way::Husky => self.husky(wanted, &mut planned)?,
            Way::Folder => {
                let mut lefthook = Vec::new();
                for hook in wanted {
                    self.beside(*hook, &self.site.hooks, &mut planned, &mut lefthook)?;
                }
                self.lefthook(&lefthook, &mut planned)?;
            }
        }
        Ok(planned)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.site.way == Way::Instead {
            notes.push("the folder replaces the one that git looked into; every hook that was there goes on running from it".to_owned());
        }
        if self.site.way == Way::Husky {
            notes.push("the line in husky's scripts is the same on every machine and does nothing where backstop is not installed; it can be committed".to_owned());
        }
        notes
    }

    fn put(&self, path: PathBuf, text: String, planned: &mut Vec<Step>) -> Result<(), Trouble> {
        match std::fs::read_to_string(&path) {
            Ok(now) if now == text && is_executable(&path) => return Ok(()),
            Ok(now) if hooks::is_ours(&now) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !path.is_symlink() => {}
            Ok(_) | Err(_) => return Err(foreign(&path)),
        }
        planned.push(Step::Script { path, text });
        Ok(())
    }

    /// Puts one script where git, or the framework pre-commit, runs it; what stood there runs before it.
    fn beside(
        &self,
        hook: Hook,
        folder: &Path,
        planned: &mut Vec<Step>,
        lefthook: &mut Vec<Hook>,
    ) -> Result<(), Trouble> {
        let plain = folder.join(hook.name());
        let path = match look(&plain)? {
            Some(Author::Lefthook) => {
                lefthook.push(hook);
                return Ok(());
            }
            Some(Author::PreCommit) => folder.join(format!("{}.legacy", hook.name())),
            Some(Author::Backstop | Author::Somebody) | None => plain,
        };
        let before = folder.join(format!("{}{BEFORE}", hook.name()));
        let standing = look(&path)?;
        if matches!(
            standing,
            Some(Author::Somebody | Author::PreCommit | Author::Lefthook)
        ) {
            if before.symlink_metadata().is_ok() {
                return Err(trouble(
                    format!(
                        "`{}` is left from an earlier installation, and `{}` was written by somebody else since",
                        before.display(),
                        path.display()
                    ),
                    "keep the one that you want under the plain name, remove the other, then install again",
                ));
            }
            planned.push(Step::Rename {
                from: path.clone(),
                to: before,
            });
            planned.push(Step::Script {
                path,
                text: hooks::render(hook, self.words(), Chain::Beside),
            });
            return Ok(());
        }
        self.put(
            path,
            hooks::render(hook, self.words(), Chain::Beside),
            planned,
        )
    }

    /// lefthook runs its own file only, so its own configuration has to call us.
    fn lefthook(&self, wanted: &[Hook], planned: &mut Vec<Step>) -> Result<(), Trouble> {
        let Some(top) = self.top().filter(|_| !wanted.is_empty()) else {
            return Ok(());
        };
        let folder = self.site.hooks.join(LEFTHOOK_FOLDER);
        let mut scripts = Vec::new();
        for hook in wanted {
            let script = folder.join(hook.name());
            scripts.push((*hook, text(&script)?));
            self.put(
                script,
                hooks::render(*hook, self.words(), Chain::Beside),
                planned,
            )?;
        }
        let file = lefthook_local(&top)?;
        let before = read(&file)?;
        let commands: Vec<_> = scripts
            .iter()
            .map(|(hook, script)| Lefthook {
                hook: *hook,
                script,
            })
            .collect();
        let after = hooks::lefthook_with(before.as_deref().unwrap_or_default(), &commands)
            .map_err(|blocks| {
                trouble(
                    format!(
                        "`{}` has a form that is not changed by a program",
                        file.display()
                    ),
                    format!("put this into it by hand, then install again:\n{blocks}"),
                )
            })?;
        if before.as_deref() != Some(after.as_str()) {
            planned.push(Step::Edit {
                path: file,
                before,
                after: Some(after),
            });
        }
        Ok(())
    }

    fn top(&self) -> Option<PathBuf> {
        self.site.repository.as_ref()?.top.clone()
    }

    /// husky writes its folder anew on every `npm install`; the scripts one folder up are the project's, and what else lies in the folder stays.
    fn husky(&self, wanted: &[Hook], planned: &mut Vec<Step>) -> Result<(), Trouble> {
        let shims = &self.site.hooks;
        let scripts = shims.parent().unwrap_or(shims);
        for hook in wanted {
            if *hook == Hook::ReferenceTransaction {
                self.beside(*hook, shims, planned, &mut Vec::new())?;
                continue;
            }
            let ours = shims.join(format!("backstop-{}", hook.name()));
            let chained = shims.join(format!("{}{BEFORE}", hook.name()));
            self.put(
                ours,
                hooks::render(*hook, self.words(), Chain::Beside),
                planned,
            )?;
            self.put(chained, hooks::husky_before().to_owned(), planned)?;
            let script = scripts.join(hook.name());
            let before = read(&script)?;
            let after = hooks::husky_with(before.as_deref().unwrap_or_default(), *hook);
            if before.as_deref() != Some(after.as_str()) {
                planned.push(Step::Edit {
                    path: script,
                    before,
                    after: Some(after),
                });
            }
        }
        Ok(())
    }

    /// A folder of ours takes the place of another one: for an account, or where hooks lie among the files that others check out.
    fn instead(&self, wanted: &[Hook], planned: &mut Vec<Step>) -> Result<(), Trouble> {
        let folder = &self.site.hooks;
        let chain = self
            .site
            .onward
            .as_deref()
            .map_or(Chain::Repository, Chain::Folder);
        for hook in Hook::ALL {
            let path = folder.join(hook.name());
            let is_there = look(&path)? == Some(Author::Backstop);
            if wanted.contains(&hook) {
                self.put(path, hooks::render(hook, self.words(), chain), planned)?;
            } else if !is_there {
                self.put(path, hooks::passing(hook.name(), chain), planned)?;
            }
        }
        for name in PASSED {
            self.put(folder.join(name), hooks::passing(name, chain), planned)?;
        }
        let (Some(config), Some(onward)) = (
            &self.site.config,
            self.site
                .onward
                .as_ref()
                .map_or(Some(""), |onward| Some(onward)),
        ) else {
            return Ok(());
        };
        let marker = folder.join(ONWARD);
        if read(&marker)?.is_none() {
            planned.push(Step::Edit {
                path: marker,
                before: None,
                after: Some(format!("{onward}\n")),
            });
        }
        let before = read(config)?;
        let scratch =
            std::env::temp_dir().join(format!("backstop-git-config-{}", std::process::id()));
        let after = place::with_hooks_path(
            before.as_deref().unwrap_or_default(),
            Some(folder.as_os_str()),
            &scratch,
        )
        .map_err(|error| {
            trouble(
                format!("`{}` cannot be changed: {error}", config.display()),
                "mend the file, then install again",
            )
        })?;
        if before.as_deref() != Some(after.as_str()) {
            planned.push(Step::Edit {
                path: config.clone(),
                before,
                after: Some(after),
            });
        }
        Ok(())
    }

    fn record(
        &self,
        planned: &[Step],
        wanted: &[Hook],
        old: Option<Record>,
        binary: &Path,
    ) -> Record {
        let mut edits: Vec<Edited> = old
            .as_ref()
            .map(|old| old.edits.clone())
            .unwrap_or_default();
        for step in planned {
            if let Step::Edit {
                path,
                before,
                after: Some(after),
            } = step
            {
                let first = edits
                    .iter()
                    .position(|one| one.path == *path)
                    .map(|at| edits.remove(at));
                // Only the first edit saw the file without us.
                let before = first.map_or_else(|| before.clone(), |first| first.before);
                edits.push(Edited {
                    path: path.clone(),
                    before,
                    after_sha256: sha256(after.as_bytes()),
                });
            }
        }
        let mut names: Vec<String> = old.map(|old| old.names).unwrap_or_default();
        names.extend(wanted.iter().map(|hook| hook.name().to_owned()));
        names.sort();
        names.dedup();
        let repository = self.site.repository.as_ref();
        Record {
            v: 1,
            account: self.site.account,
            way: self.site.way,
            hooks: self.site.hooks.clone(),
            repository: repository.map(|one| one.common.clone()),
            top: repository.and_then(|one| one.top.clone()),
            names,
            binary: binary.to_path_buf(),
            binary_sha256: std::fs::read(binary)
                .map(|bytes| sha256(&bytes))
                .unwrap_or_default(),
            edits,
        }
    }
}

/// Folder for the scripts that lefthook's configuration names.
const LEFTHOOK_FOLDER: &str = "backstop";

/// Returns lefthook's file for this machine alone.
fn lefthook_local(top: &Path) -> Result<PathBuf, Trouble> {
    let names = [
        "lefthook-local",
        ".lefthook-local",
        ".config/lefthook-local",
    ];
    for name in names {
        for end in ["yml", "yaml"] {
            let file = top.join(format!("{name}.{end}"));
            if file.exists() {
                return Ok(file);
            }
        }
        for end in ["toml", "json", "jsonc"] {
            let file = top.join(format!("{name}.{end}"));
            if file.exists() {
                return Err(trouble(
                    format!(
                        "`{}` is not YAML, the only form of lefthook's files that is changed here",
                        file.display()
                    ),
                    "write it as YAML, then install again",
                ));
            }
        }
    }
    Ok(top.join("lefthook-local.yml"))
}

fn foreign(path: &Path) -> Trouble {
    trouble(
        format!(
            "`{}` stands where backstop would write, and it is not its own",
            path.display()
        ),
        "move it away, then install again",
    )
}

fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

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
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(hooks::author(&String::from_utf8_lossy(&bytes)))),
        // A link that leads nowhere now may lead somewhere again.
        Err(_) if entry.is_symlink() => Ok(Some(Author::Somebody)),
        Err(error) => Err(trouble(
            format!("`{}` cannot be read: {error}", path.display()),
            "make it readable, then install again",
        )),
    }
}

/// Returns the steps that take our hooks out of wherever they are now: managers may have moved them.
fn removal(
    site: &Site,
    wanted: &[Hook],
    record: Option<&Record>,
    state: &Path,
) -> Result<Vec<Step>, Trouble> {
    let mut planned = Vec::new();
    let all = wanted.len() == Hook::ALL.len();
    if site.way == Way::Instead && all {
        for name in Hook::ALL.iter().map(|hook| hook.name()).chain(PASSED) {
            remove_ours(&site.hooks.join(name), &mut planned)?;
        }
        let marker = site.hooks.join(ONWARD);
        if marker.exists() {
            planned.push(Step::Remove { path: marker });
        }
        if let Some(config) = &site.config {
            planned.extend(config_back(config, site, record, state)?);
        }
        if site.hooks.exists() {
            planned.push(Step::RemoveFolder {
                path: site.hooks.clone(),
            });
        }
        return Ok(planned);
    }
    for hook in wanted {
        let chained = site.hooks.join(format!("{}{BEFORE}", hook.name()));
        let mut waiting = look(&chained)?
            .filter(|author| *author != Author::Backstop)
            .is_some();
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
        remove_ours(
            &site.hooks.join(format!("backstop-{}", hook.name())),
            &mut planned,
        )?;
        remove_ours(&chained, &mut planned)?;
        remove_ours(
            &site.hooks.join(LEFTHOOK_FOLDER).join(hook.name()),
            &mut planned,
        )?;
        if site.way == Way::Husky {
            let script = site.hooks.parent().unwrap_or(&site.hooks).join(hook.name());
            planned.extend(edit_back(&script, record, hooks::husky_without)?);
        }
    }
    if let Some(top) = site
        .repository
        .as_ref()
        .and_then(|one| one.top.as_ref())
        .filter(|_| all)
    {
        if site.hooks.join(LEFTHOOK_FOLDER).exists() {
            planned.push(Step::RemoveFolder {
                path: site.hooks.join(LEFTHOOK_FOLDER),
            });
        }
        if let Ok(file) = lefthook_local(top) {
            planned.extend(edit_back(&file, record, hooks::lefthook_without)?);
        }
    }
    Ok(planned)
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
    serde_json::from_str(&std::fs::read_to_string(file_of(state, hooks)).ok()?).ok()
}

/// Returns every recorded installation.
pub fn all(state: &Path) -> Vec<Record> {
    let files = std::fs::read_dir(folder_of(state))
        .into_iter()
        .flatten()
        .flatten();
    let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
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
