//! Where git looks for hooks, as git itself says; for people who install, with their own environment and settings.
//! It asks and never writes.

use crate::adapters::regular;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::run;
use crate::adapters::environment;

/// A setting of git, and which layer of git's configuration it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `local`, `worktree`, `global`, `system` or `command`.
    pub scope: String,
    pub value: String,
}

/// A repository as far as hooks go.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The folder that all work trees share.
    pub common: PathBuf,
    /// Top of the work tree; nothing in a bare repository.
    pub top: Option<PathBuf>,
    /// The folder in which git looks for hooks now.
    pub hooks: PathBuf,
    /// `core.hooksPath`, when it is set.
    pub setting: Option<Setting>,
}

/// Returns the repository around a folder; nothing when there is none.
///
/// # Errors
/// Fails when git is missing or does not answer.
pub fn repository(cwd: &Path) -> io::Result<Option<Repository>> {
    let common = match said(
        cwd,
        &["rev-parse", "--path-format=absolute", "--git-common-dir"],
    )? {
        Ok(common) => common,
        Err(complaint) if complaint.contains("not a git repository") => return Ok(None),
        Err(complaint) => return Err(io::Error::other(complaint)),
    };
    let hooks = ask(
        cwd,
        &["rev-parse", "--path-format=absolute", "--git-path", "hooks"],
    )?;
    let hooks = hooks.ok_or_else(|| io::Error::other("git does not say where its hooks are"))?;
    let top = ask(
        cwd,
        &["rev-parse", "--path-format=absolute", "--show-toplevel"],
    )?;
    Ok(Some(Repository {
        common: PathBuf::from(common),
        top: top.map(PathBuf::from),
        hooks: PathBuf::from(hooks),
        setting: setting(cwd)?,
    }))
}

fn setting(cwd: &Path) -> io::Result<Option<Setting>> {
    let text = ask(
        cwd,
        &[
            "config",
            "--show-scope",
            "--null",
            "--get",
            "core.hooksPath",
        ],
    )?;
    Ok(text.and_then(|text| {
        let (scope, value) = text.trim_end_matches('\0').split_once('\0')?;
        Some(Setting {
            scope: scope.to_owned(),
            value: value.to_owned(),
        })
    }))
}

/// Returns the account's own `core.hooksPath`, with `~` resolved.
///
/// # Errors
/// Fails when git is missing or does not answer.
pub fn account_hooks(cwd: &Path) -> io::Result<Option<String>> {
    ask(
        cwd,
        &[
            "config",
            "--global",
            "--type=path",
            "--get",
            "core.hooksPath",
        ],
    )
}

/// Returns what a configuration file says with `core.hooksPath` set to this value, or without it; the file itself stays as it is.
///
/// # Errors
/// Fails when git cannot read the text, or the scratch file cannot be written.
pub fn with_hooks_path(text: &str, value: Option<&OsStr>, scratch: &Path) -> io::Result<String> {
    std::fs::write(scratch, text)?;
    let mut command = git()?;
    command.args(["config", "--file"]).arg(scratch);
    match value {
        Some(value) => command.args(["--replace-all", "core.hooksPath"]).arg(value),
        None => command.args(["--unset-all", "core.hooksPath"]),
    };
    let done = command.stdin(Stdio::null()).output();
    let changed = regular::text(scratch);
    let _ = std::fs::remove_file(scratch);
    let done = done?;
    // 5: there was none to unset.
    if !done.status.success() && done.status.code() != Some(5) {
        return Err(io::Error::other(
            String::from_utf8_lossy(&done.stderr).trim().to_owned(),
        ));
    }
    changed
}

/// The person's own git, when it comes from the system; otherwise the system's.
fn git() -> io::Result<Command> {
    let path = environment::variable("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|dir| dir.join("git"));
    let own = found
        .find(|program| program.is_file())
        .filter(|program| run::is_system(program));
    let program = own.or_else(|| run::program(&[]));
    program
        .map(Command::new)
        .ok_or_else(|| io::Error::other("the program git is not in a system folder"))
}

/// Runs git and returns its one answer; nothing when it fails.
fn ask(cwd: &Path, args: &[&str]) -> io::Result<Option<String>> {
    Ok(said(cwd, args)?.ok())
}

/// Runs git and returns its one answer, or its complaint.
fn said(cwd: &Path, args: &[&str]) -> io::Result<Result<String, String>> {
    let done = git()?
        .env("LC_ALL", "C")
        .args(args)
        .current_dir(cwd)
        .stdin(Stdio::null())
        .output()?;
    if !done.status.success() {
        let complaint = String::from_utf8_lossy(&done.stderr);
        return Ok(Err(complaint.lines().next().unwrap_or_default().to_owned()));
    }
    let text = String::from_utf8(done.stdout)
        .map_err(|_| io::Error::other("git answers with a path that is not text"))?;
    Ok(Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned()))
}
