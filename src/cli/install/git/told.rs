//! The plan of an installation: which script goes where, by who stands there already.
//! It reads what is there and writes nothing.

use crate::adapters::regular;
use std::path::{Path, PathBuf};

use crate::adapters::git::place;
use crate::decide::fingerprint::sha256;
use crate::plan::hooks::{self, Author, BEFORE, Chain, Hook, Lefthook, PASSED, Words};

use super::{Edited, ONWARD, Record, Site, Step, Trouble, Way, look, read, text, trouble};

/// What is written, and where.
pub struct Told<'a> {
    pub binary: String,
    pub state: String,
    pub site: &'a Site,
}

impl Told<'_> {
    fn words(&self) -> Words<'_> {
        Words {
            binary: &self.binary,
            state: &self.state,
        }
    }

    /// Returns the steps; none when all is as it should be.
    pub fn plan(&self, wanted: &[Hook]) -> Result<Vec<Step>, Trouble> {
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

    /// Returns what a person should know about this way.
    pub fn notes(&self) -> Vec<String> {
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
        match regular::text(&path) {
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
        let own = text(file.strip_prefix(&top).unwrap_or(&file))?;
        let commands: Vec<_> = scripts
            .iter()
            .map(|(hook, script)| Lefthook {
                hook: *hook,
                script,
                file: &own,
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

    /// Returns what is recorded about this installation.
    pub fn record(
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
            binary_sha256: regular::read(binary)
                .map(|bytes| sha256(&bytes))
                .unwrap_or_default(),
            edits,
        }
    }
}
/// Folder for the scripts that lefthook's configuration names.
pub const LEFTHOOK_FOLDER: &str = "backstop";

/// Returns lefthook's file for this machine alone.
pub fn lefthook_local(top: &Path) -> Result<PathBuf, Trouble> {
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
