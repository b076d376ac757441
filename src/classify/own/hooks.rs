//! Hooks of git that can be backstop's: switched off for one call or for good, and their files.
//! What a hook would run is the family `later`; `--no-verify` is the family `git`.

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::classify::files::report::Loss;
use crate::classify::files::world;
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;

use super::NAME;
use super::call::{Call, nowhere};
use super::settings::Change;
use super::text::{drops, drops_from, is_text, mutes};

const RULE: &str = "git.bypass-hooks";
const HOOKS: [&str; 3] = ["pre-commit", "pre-push", "reference-transaction"];

/// Files of a project that can name backstop for git.
const HOLDERS: [&str; 12] = [
    ".git/hooks/pre-commit",
    ".git/hooks/pre-push",
    ".git/hooks/reference-transaction",
    ".husky/pre-commit",
    ".husky/pre-push",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    "lefthook.yaml",
    ".lefthook.yml",
    "lefthook-local.yml",
    ".lefthook-local.yml",
    ".config/lefthook-local.yml",
];

/// Files of an account and of a machine that can name backstop's hooks for every repository.
const ACCOUNT: [&str; 2] = [".gitconfig", ".config/git/config"];
const MACHINE: &str = "/etc/gitconfig";

/// Returns the loss when a command goes around hooks that can be backstop's.
pub fn bypass(
    command: &Command,
    program: &str,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Loss> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    if words.iter().any(|word| word == "--help") {
        return None;
    }
    let mut dir = match &command.cwd {
        Cwd::Known(dir) => Some(dir.clone()),
        Cwd::Temporary => return None,
        Cwd::Unknown => None,
    };
    let around = if program == "git" {
        let call = Call::read(&words);
        dir = match (dir, &call.dir) {
            (Some(dir), Some(other)) => Some(dir.join(other)),
            (dir, _) => dir,
        };
        if call.fires() && is_elsewhere(command, context, needs) {
            return Some(Loss::new(RULE, itself()));
        }
        around(&call, command)
    } else if uninstalls(program, &words) {
        Around::All
    } else {
        Around::No
    };
    let hit = match around {
        Around::No => false,
        Around::Named => ours(dir.as_deref(), &HOOKS, context, needs) != Ours::No,
        Around::All => match ours(dir.as_deref(), &HOOKS, context, needs) {
            Ours::Installed => true,
            Ours::Maybe => !is_begun(context),
            Ours::No => false,
        },
        Around::Some(hooks) => ours(dir.as_deref(), hooks, context, needs) == Ours::Installed,
    };
    hit.then(|| Loss::new(RULE, itself()))
}

fn itself() -> Target {
    Target {
        kind: TargetKind::Resource,
        locator: format!("{NAME}:hooks"),
        object: None,
        reach: Reach::Unreachable("it is the guard itself".to_owned()),
    }
}

/// Which hooks a command goes around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    No,
    /// Those of backstop, by name.
    Named,
    /// All there are, `reference-transaction` included, or for good.
    All,
    /// These alone, this once: nothing unless backstop is known to be among them.
    Some(&'static [&'static str]),
}

fn around(call: &Call, command: &Command) -> Around {
    if call.sets_elsewhere() {
        return Around::All;
    }
    let plumbing = call.skips();
    if !plumbing.is_empty() {
        return Around::Some(plumbing);
    }
    if !call.fires() {
        return Around::No;
    }
    if call.sends_away(command) {
        Around::All
    } else if names_us(command) {
        Around::Named
    } else if switched_off(command) {
        Around::Some(&["pre-commit", "pre-push"])
    } else {
        Around::No
    }
}

/// Tells whether a repository is made in the same call: without facts, its hooks are nobody's yet.
fn is_begun(context: &Context<'_>) -> bool {
    context.earlier.iter().any(|earlier| {
        let begins = |word: &Word| word.prefix_starts("init") || word.prefix_starts("clone");
        if !earlier.is_any(&["git"]) || !earlier.args().iter().any(begins) {
            return false;
        }
        let words: Vec<String> = earlier.args().iter().map(Word::shown).collect();
        matches!(Call::read(&words).subcommand.as_str(), "init" | "clone")
    })
}

/// `GIT_CONFIG_GLOBAL=/dev/null`: hooks that stand in the account's or the machine's settings are not found.
fn is_elsewhere(command: &Command, context: &Context<'_>, needs: &mut Needs) -> bool {
    let value = |name: &str| command.env_value(name).map(Word::shown);
    let home = context.scene.home.as_deref();
    let mut left: Vec<PathBuf> = Vec::new();
    let global = value("GIT_CONFIG_GLOBAL");
    if global.is_some() || value("HOME").is_some() || value("XDG_CONFIG_HOME").is_some() {
        let account = |home: &Path| ACCOUNT.map(|name| home.join(name));
        left.extend(home.into_iter().flat_map(account));
        left.retain(|file| global.as_deref() != Some(&*file.to_string_lossy()));
    }
    if value("GIT_CONFIG_NOSYSTEM").is_some_and(|text| text != "0" && text != "false") {
        left.push(PathBuf::from(MACHINE));
    }
    if context.facts.assumed {
        return global.is_some_and(|path| nowhere(&path)) && !is_begun(context);
    }
    left.into_iter().any(|file| names(file, context, needs))
}

/// Tells whether a file that is there names backstop.
fn names(file: PathBuf, context: &Context<'_>, needs: &mut Needs) -> bool {
    matches!(
        context.facts.ask(Question::Text(file), needs),
        Some(Answer::Text { text, .. }) if text.contains(NAME)
    )
}

/// Tells whether variables that hook managers read switch them off.
fn switched_off(command: &Command) -> bool {
    let value = |name: &str| command.env_value(name).map(Word::shown);
    let is = |name: &str, values: &[&str]| {
        value(name).is_some_and(|text| values.contains(&text.as_str()))
    };
    is("HUSKY", &["0"])
        || is("HUSKY_SKIP_HOOKS", &["1", "true"])
        || is("LEFTHOOK", &["0", "false"])
        || is("PRE_COMMIT_ALLOW_NO_CONFIG", &["1", "true"])
}

/// Tells whether a hook manager is told to leave backstop out.
fn names_us(command: &Command) -> bool {
    ["SKIP", "LEFTHOOK_EXCLUDE"].iter().any(|name| {
        let value = command.env_value(name).map(Word::shown);
        value.is_some_and(|text| text.contains(NAME))
    })
}

/// `lefthook uninstall`, `npx husky uninstall`, `pre-commit uninstall -t pre-push`.
fn uninstalls(program: &str, words: &[String]) -> bool {
    const MANAGERS: [&str; 4] = ["husky", "lefthook", "pre-commit", "prek"];
    const RUNNERS: [&str; 8] = ["npx", "pnpx", "bunx", "yarn", "pnpm", "npm", "uvx", "pipx"];
    let mut plain = words.iter().map(String::as_str);
    let managed = MANAGERS.contains(&program)
        || (RUNNERS.contains(&program)
            && plain
                .by_ref()
                .find(|word| !word.starts_with('-') && !matches!(*word, "exec" | "dlx" | "run"))
                .is_some_and(|word| MANAGERS.contains(&word)));
    if !managed || plain.find(|word| !word.starts_with('-')) != Some("uninstall") {
        return false;
    }
    let mut kinds = words
        .iter()
        .zip(words.iter().skip(1))
        .filter(|(flag, _)| matches!(flag.as_str(), "-t" | "--hook-type"))
        .map(|(_, kind)| kind.as_str())
        .peekable();
    kinds.peek().is_none() || kinds.any(|kind| HOOKS.contains(&kind))
}

/// Whether backstop is among the hooks of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ours {
    Installed,
    /// The world is not asked, and nothing that was read says otherwise.
    Maybe,
    No,
}

fn ours(dir: Option<&Path>, hooks: &[&str], context: &Context<'_>, needs: &mut Needs) -> Ours {
    let maybe = |yes: bool| if yes { Ours::Maybe } else { Ours::No };
    let Some(dir) = dir else {
        return maybe(context.facts.assumed);
    };
    let mut roots = vec![dir.to_path_buf()];
    if dir != context.scene.project && dir.starts_with(&context.scene.project) {
        roots.push(context.scene.project.clone());
    }
    let asked = |name: &&&str| {
        let last = name.rsplit('/').next().unwrap_or_default();
        !HOOKS.contains(&last) || hooks.contains(&last)
    };
    let mut known = false;
    for path in roots
        .iter()
        .flat_map(|root| HOLDERS.iter().filter(asked).map(|name| root.join(name)))
    {
        match context.facts.ask(Question::Text(path), needs) {
            Some(Answer::Text { text, .. }) if text.contains(NAME) => return Ours::Installed,
            Some(Answer::Text { .. }) => known = true,
            Some(_) | None => {}
        }
    }
    let account = context.scene.home.as_deref().into_iter();
    let everywhere = account
        .flat_map(|home| ACCOUNT.map(|name| home.join(name)))
        .chain([PathBuf::from(MACHINE)]);
    if !context.facts.assumed
        && everywhere
            .into_iter()
            .any(|file| names(file, context, needs))
    {
        return Ours::Installed;
    }
    maybe(context.facts.assumed && !known)
}

/// Returns the hook files that a path stands for; a folder that goes whole stands for all in it.
fn hook_files(path: &Path, change: Change<'_>) -> Vec<PathBuf> {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    if is_list(path) || is_config(path) {
        return vec![path.to_path_buf()];
    }
    let names = |folder: &Path| -> Option<&'static [&'static str]> {
        let inner = name(folder)?;
        let git = inner == "hooks" && folder.to_string_lossy().contains("/.git/");
        if git {
            return Some(&HOOKS);
        }
        (inner == ".husky").then_some(&["pre-commit", "pre-push"])
    };
    if let (Change::Gone, Some(all)) = (change, names(path)) {
        return all.iter().map(|hook| path.join(hook)).collect();
    }
    let (Some(folder), Some(own)) = (path.parent(), name(path)) else {
        return Vec::new();
    };
    match names(folder) {
        Some(all) if all.contains(&own.as_str()) => vec![path.to_path_buf()],
        Some(_) | None => Vec::new(),
    }
}

/// Tells whether a path may be a hook of backstop's, without asking.
pub fn is_near(path: &Path) -> bool {
    !hook_files(path, Change::Unknown).is_empty()
}

/// Tells whether a folder may hold hooks of backstop's, without asking.
pub fn holds_some(path: &Path) -> bool {
    !hook_files(path, Change::Gone).is_empty()
}

/// Returns the loss when a change takes backstop out of a hook file.
pub fn against(
    path: &Path,
    change: Change<'_>,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Loss> {
    let hit = hook_files(path, change).into_iter().any(|file| {
        let unasked = is_config(&file) && !mutes(change);
        if unasked && context.facts.assumed {
            return false;
        }
        match context.facts.ask(Question::Text(file.clone()), needs) {
            Some(Answer::Text { text, .. }) => drops_from(change, text, is_config(&file)),
            Some(Answer::Unknown(_)) => !is_config(&file) && drops(change, true),
            Some(_) if is_config(&file) => context.facts.assumed && mutes(change),
            Some(_) if is_list(&file) => context.facts.assumed && says_us(change),
            Some(_) => context.facts.assumed && drops(change, in_git(&file) && !is_text(change)),
            None => false,
        }
    });
    hit.then(|| Loss::new(RULE, world::path_target(path)))
}

fn in_git(file: &Path) -> bool {
    file.to_string_lossy().contains("/.git/")
}

/// Tells whether a file lists the hooks that a hook manager runs.
fn is_list(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name == Some(".pre-commit-config.yaml")
        || HOLDERS
            .iter()
            .any(|holder| holder.contains("lefthook") && name == holder.rsplit('/').next())
}

/// Tells whether a file holds git's settings, of a repository, an account or the machine.
pub fn is_config(path: &Path) -> bool {
    path.ends_with(".git/config")
        || path == Path::new(MACHINE)
        || ACCOUNT.iter().any(|name| path.ends_with(name))
}

/// Tells whether a change of a list names backstop to leave it out.
fn says_us(change: Change<'_>) -> bool {
    match change {
        Change::Gone | Change::Rights(_) | Change::Unknown | Change::Whole(_) => false,
        Change::Script(text) => text.contains(NAME),
        Change::Edits(edits) => super::settings::drops_line(edits),
    }
}
