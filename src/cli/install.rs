//! `backstop install claude`: puts the guard into the settings of an agent; `install git` stands next door.
//! It shows the exact change first, and changes nothing without a yes.

pub mod git;
pub mod steps;

use crate::adapters::regular;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use crate::adapters::environment;
use crate::adapters::replace::{named, replace};
use crate::decide::fingerprint::sha256;
use crate::plan::settings::{self, Wanted};

use super::{say, say_error};

/// Where the guard is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// `~/.claude/settings.json`: every project of this account.
    User,
    /// `.claude/settings.json` of the project: everyone who checks it out.
    Project,
    /// `.claude/settings.local.json` of the project: this account, this project.
    Local,
}

/// What `install` and `uninstall` share.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// `claude`, or `git`.
    pub agent: String,
    /// Without it: `user` for an agent, this repository for git.
    #[arg(long, value_enum)]
    pub scope: Option<Scope>,
    /// git: for every repository of this account, as `--scope user`.
    #[arg(long)]
    pub global: bool,
    /// git: only this hook; may be repeated.
    #[arg(long, value_enum, value_name = "NAME")]
    pub hook: Vec<HookName>,
    /// Applies without asking.
    #[arg(long)]
    pub yes: bool,
    /// Shows the change and leaves everything as it is.
    #[arg(long)]
    pub dry_run: bool,
    /// For clients older than 2.1.295, which know neither `args` nor `onFailure`.
    #[arg(long)]
    pub shell_form: bool,
    /// State directory that the installed line names.
    #[arg(long)]
    pub state: Option<PathBuf>,
}

/// One of git's hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum HookName {
    PreCommit,
    PrePush,
    ReferenceTransaction,
}

impl HookName {
    /// Returns the hook of this name.
    pub const fn hook(self) -> crate::plan::hooks::Hook {
        use crate::plan::hooks::Hook;
        match self {
            Self::PreCommit => Hook::PreCommit,
            Self::PrePush => Hook::PrePush,
            Self::ReferenceTransaction => Hook::ReferenceTransaction,
        }
    }
}

impl Args {
    /// Returns the scope of an agent's settings.
    pub fn scope(&self) -> Scope {
        self.scope.unwrap_or(Scope::User)
    }
}

/// What an installation did to one settings file; kept in the state directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Installed {
    pub v: u32,
    pub agent: String,
    pub scope: Scope,
    pub file: PathBuf,
    /// Content before; nothing when there was no file.
    pub before: Option<String>,
    pub after_sha256: String,
    pub binary: PathBuf,
    pub binary_sha256: String,
    /// The folder of the file was made along with it.
    #[serde(default)]
    pub made_folder: bool,
}

/// A change of one file, ready to be shown and applied.
#[derive(Debug)]
pub struct Change {
    pub file: PathBuf,
    pub before: Option<String>,
    /// Nothing: the file goes.
    pub after: Option<String>,
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    match install(args) {
        Ok(code) => code,
        Err((what, help)) => {
            say_error(&what, &help);
            1
        }
    }
}

/// An error and its help line.
pub type Trouble = (String, String);

fn install(args: &Args) -> Result<u8, Trouble> {
    if args.agent == "git" {
        return git::install(args);
    }
    let file = settings_file(args)?;
    let state = state_dir(args)?;
    let binary = binary()?;
    let wanted = Wanted {
        binary: binary.display().to_string(),
        state: state.display().to_string(),
        shell_form: args.shell_form,
    };
    let before = read(&file)?;
    let after =
        settings::install(before.as_deref().unwrap_or_default(), &wanted).map_err(|error| {
            (
                format!("`{}` cannot be changed: {error}", file.display()),
                "mend the file, then install again".to_owned(),
            )
        })?;
    warn(&binary);
    begin_anew(&state, args)?;
    warn_of(args, &file, &wanted, &after);
    let had_record = record_path(&state, &file).exists();
    let change = Change {
        file: file.clone(),
        before: before.clone(),
        after: Some(after.clone()),
    };
    if before.as_deref() == Some(after.as_str()) && had_record {
        say(&format!("backstop already stands in {}.\n", file.display()));
        return Ok(0);
    }
    say(&shown(&change));
    if args.dry_run || !agreed(args)? {
        return Ok(u8::from(!args.dry_run));
    }
    make_state(&state)?;
    let record = recorded(args, &state, &change, binary);
    save(&state, &record)?;
    apply(&change)?;
    say(&format!(
        "Installed in {}.\nRun `backstop doctor` to see it hold.\n",
        file.display()
    ));
    Ok(0)
}

/// Returns what has to be known for taking it out again.
fn recorded(args: &Args, state: &Path, change: &Change, binary: PathBuf) -> Installed {
    let pristine = settings::uninstall(change.before.as_deref().unwrap_or_default()).ok();
    let kept = load(state, &change.file).map_or_else(
        || {
            if change.before.is_some() {
                pristine
            } else {
                None
            }
        },
        |old| old.before,
    );
    Installed {
        v: 1,
        agent: args.agent.clone(),
        scope: args.scope(),
        file: change.file.clone(),
        before: kept,
        after_sha256: sha256(change.after.as_deref().unwrap_or_default().as_bytes()),
        binary_sha256: regular::read(&binary)
            .map(|bytes| sha256(&bytes))
            .unwrap_or_default(),
        binary,
        // Two scopes share a folder: whichever is taken out last finds it empty.
        made_folder: all(state).iter().any(|old| {
            old.made_folder && named(&old.file).parent() == named(&change.file).parent()
        }) || named(&change.file)
            .parent()
            .is_some_and(|folder| !folder.exists()),
    }
}

/// Returns the settings file of the scope.
pub fn settings_file(args: &Args) -> Result<PathBuf, Trouble> {
    if args.agent != "claude" {
        return Err((
            format!(
                "`{}` is not an agent that backstop can be installed into yet",
                args.agent
            ),
            "use `claude`, or `git`".to_owned(),
        ));
    }
    if args.scope() == Scope::User {
        let home = environment::home().ok_or_else(|| {
            (
                "HOME is not set".to_owned(),
                "set HOME, or use `--scope project`".to_owned(),
            )
        })?;
        return Ok(environment::claude_config_dir()
            .unwrap_or_else(|| home.join(".claude"))
            .join("settings.json"));
    }
    let cwd = std::env::current_dir().map_err(|error| {
        (
            format!("the working directory cannot be read: {error}"),
            String::new(),
        )
    })?;
    let project = cwd
        .ancestors()
        .find(|dir| dir.join(".git").exists())
        .unwrap_or(&cwd)
        .to_path_buf();
    let name = if args.scope() == Scope::Project {
        "settings.json"
    } else {
        "settings.local.json"
    };
    Ok(project.join(".claude").join(name))
}

/// Returns the state directory, absolute.
pub fn state_dir(args: &Args) -> Result<PathBuf, Trouble> {
    let dir = args.state.clone().or_else(environment::state_dir);
    let dir = dir.ok_or_else(|| {
        (
            "no state directory: neither HOME nor XDG_STATE_HOME is set".to_owned(),
            "name one with `--state DIR`".to_owned(),
        )
    })?;
    std::path::absolute(&dir).map_err(|error| {
        (
            format!("`{}` cannot be resolved: {error}", dir.display()),
            String::new(),
        )
    })
}

fn binary() -> Result<PathBuf, Trouble> {
    let path = std::env::current_exe().and_then(|path| path.canonicalize());
    path.map_err(|error| {
        (
            format!("the path of this program cannot be found: {error}"),
            String::new(),
        )
    })
}

fn warn(binary: &Path) {
    let text = binary.display().to_string();
    if text.contains("/target/debug/") || text.contains("/target/release/") {
        say(&format!(
            "warning: `{text}` lies in a build directory: `cargo clean` would remove the guard, and every call would be blocked.\n"
        ));
    }
}

/// Says what a person should know about this very file before it is changed.
fn warn_of(args: &Args, file: &Path, wanted: &Wanted, after: &str) {
    if args.scope() == Scope::Project {
        say(&format!(
            "warning: {} goes to everyone who checks the project out, and names {} and {}: where these are missing, every call is blocked. `--scope local` keeps it to this account.\n",
            file.display(),
            wanted.binary,
            wanted.state
        ));
    }
    if settings::disables_hooks(after) {
        say(&format!(
            "warning: `disableAllHooks` is true in {}: the client runs no hook at all, so that nothing is held until it is taken out.\n",
            file.display()
        ));
    }
}

/// Reads a settings file; nothing when there is none.
pub fn read(file: &Path) -> Result<Option<String>, Trouble> {
    match regular::text(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err((
            format!("`{}` cannot be read: {error}", file.display()),
            "make it readable, then try again".to_owned(),
        )),
    }
}

/// Returns the change as a person reads it: every line that goes and every line that comes.
pub fn shown(change: &Change) -> String {
    let before = change.before.as_deref().unwrap_or_default();
    let after = change.after.as_deref().unwrap_or_default();
    let what = match (&change.before, &change.after) {
        (None, _) => "new file",
        (_, None) => "removed",
        _ => "changed",
    };
    let mut text = format!("{} ({what})\n", change.file.display());
    let diff = TextDiff::from_lines(before, after);
    for group in diff.grouped_ops(2) {
        for line in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match line.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            text.push_str(&format!(
                "  {sign} {}\n",
                line.value().trim_end_matches('\n')
            ));
        }
    }
    text
}

/// Asks on the terminal, or takes `--yes`.
pub fn agreed(args: &Args) -> Result<bool, Trouble> {
    if args.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err((
            "there is no terminal to ask on, and nothing was changed".to_owned(),
            "add `--yes`, or run it in a terminal".to_owned(),
        ));
    }
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "apply? [y/N] ");
    let _ = out.flush();
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    let yes = matches!(answer.trim(), "y" | "Y" | "yes");
    if !yes {
        say("Nothing was changed.\n");
    }
    Ok(yes)
}

/// Writes or removes the file.
pub fn apply(change: &Change) -> Result<(), Trouble> {
    let trouble = |error: std::io::Error| {
        (
            format!("`{}` cannot be written: {error}", change.file.display()),
            "nothing was changed there".to_owned(),
        )
    };
    match &change.after {
        Some(after) => {
            // A link of somebody's dotfiles stays a link, also where its file is not there yet.
            if let Some(folder) = named(&change.file).parent() {
                std::fs::create_dir_all(folder).map_err(trouble)?;
            }
            replace(&change.file, after.as_bytes(), 0o600).map_err(trouble)
        }
        None => std::fs::remove_file(named(&change.file)).map_err(trouble),
    }
}

/// The way back from a damaged ledger: where a person moved it aside, what belonged to it follows, and a new one begins.
fn begin_anew(state: &Path, args: &Args) -> Result<(), Trouble> {
    let is_there = |name: &str| state.join(name).symlink_metadata().is_ok();
    if is_there("ledger.jsonl") == is_there("head") || args.dry_run {
        return Ok(());
    }
    say(&format!(
        "The ledger in {} is not whole: what is left of it will be moved aside, and a new one begins. Requests and approvals begin anew.\n",
        state.display()
    ));
    if !agreed(args)? {
        return Ok(());
    }
    let moved = crate::store::Store::begin_anew(state, jiff::Timestamp::now())
        .map_err(|error| (error.to_string(), error.help().to_owned()))?;
    if let Some(aside) = moved {
        say(&format!(
            "A new ledger has begun; the old things lie in {}.\n",
            aside.display()
        ));
    }
    Ok(())
}

fn make_state(state: &Path) -> Result<(), Trouble> {
    crate::store::Store::create(state)
        .map(|_| ())
        .map_err(|error| {
            (
                error.to_string(),
                "name another state directory with `--state DIR`".to_owned(),
            )
        })
}

fn record_path(state: &Path, file: &Path) -> PathBuf {
    state.join("installed").join(format!(
        "{}.json",
        sha256(file.as_os_str().as_encoded_bytes())
    ))
}

/// Returns what the installation into this file recorded.
pub fn load(state: &Path, file: &Path) -> Option<Installed> {
    let text = regular::text(&record_path(state, file)).ok()?;
    serde_json::from_str(&text).ok()
}

/// Returns every recorded installation.
pub fn all(state: &Path) -> Vec<Installed> {
    let Ok(folder) = std::fs::read_dir(state.join("installed")) else {
        return Vec::new();
    };
    let texts = folder
        .flatten()
        .filter_map(|entry| regular::text(&entry.path()).ok());
    texts
        .filter_map(|text| serde_json::from_str(&text).ok())
        .collect()
}

fn save(state: &Path, record: &Installed) -> Result<(), Trouble> {
    let path = record_path(state, &record.file);
    let trouble = |error: std::io::Error| {
        (
            format!("`{}` cannot be written: {error}", path.display()),
            "nothing was installed".to_owned(),
        )
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(trouble)?;
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(folder, private).map_err(trouble)?;
    }
    let text =
        serde_json::to_string_pretty(record).map_err(|error| (error.to_string(), String::new()))?;
    replace(&path, text.as_bytes(), 0o600).map_err(trouble)
}

/// Forgets an installation.
pub fn forget(state: &Path, file: &Path) {
    let _ = std::fs::remove_file(record_path(state, file));
}
