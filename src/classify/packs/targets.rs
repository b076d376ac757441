//! Fills the templates of a rule: what would be lost, where it lives, and the summary of the finding.
//! A name that is not known makes a target that cannot be reached, never none.

use std::path::{Component, Path, PathBuf};

use crate::classify::Context;
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::rule::TargetFrom;
use crate::model::target::{Reach, Target, TargetKind};

use super::argv::Text;
use super::matching::Match;
use super::url;

/// A template with many operands gives at most this many targets.
const MOST_TARGETS: usize = 4_096;

/// Returns the targets of a match; one of kind `unknown` when the rule can name none.
pub fn targets(
    one: &Match<'_>,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Target> {
    let mut all = Vec::new();
    for from in one.shape.targets {
        let mut choices = from.locator.split(" || ");
        let filled = choices.find_map(|choice| {
            let filled = locators(choice, one, command, context, needs);
            (!filled.is_empty()).then_some(filled)
        });
        for locator in filled.unwrap_or_default() {
            let object = fill(from.object, &mut |name| single(name, one, command));
            all.push(target(from, &locator, &object.shown, command, context));
        }
    }
    if all.is_empty() {
        all.push(Target {
            kind: TargetKind::Unknown,
            locator: one
                .words
                .first()
                .map(|word| word.shown())
                .unwrap_or_default(),
            object: None,
            reach: Reach::NoDriver,
        });
    }
    all
}

/// A filled template.
#[derive(Clone, Debug, Default)]
struct Filled {
    shown: String,
    /// Some of it is not known.
    hole: bool,
    /// A placeholder had a value, or there was none.
    named: bool,
    /// A value came from the hook's own environment.
    implicit: bool,
}

/// What a placeholder stands for.
struct Value {
    shown: String,
    hole: bool,
    implicit: bool,
}

impl Value {
    fn of(text: &Text) -> Self {
        Self {
            shown: text.shown.clone(),
            hole: text.hole,
            implicit: false,
        }
    }
}

/// Fills a template; a placeholder without a value is left out with the `/` or `:` after it.
fn fill(template: &str, value: &mut dyn FnMut(&str) -> Option<Value>) -> Filled {
    let mut filled = Filled {
        named: !template.contains('{'),
        ..Filled::default()
    };
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.shown.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        rest = tail;
        match value(name) {
            Some(value) => {
                filled.shown.push_str(&value.shown);
                filled.hole |= value.hole;
                filled.implicit |= value.implicit;
                filled.named = true;
            }
            None => rest = tail.strip_prefix(['/', ':']).unwrap_or(tail),
        }
    }
    filled.shown.push_str(rest);
    filled.shown = filled.shown.trim_end_matches(['/', ':']).to_owned();
    filled
}

/// Returns one locator for each operand that a `{1*}` stands for, or the only one.
fn locators(
    template: &str,
    one: &Match<'_>,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Filled> {
    let mut all = Vec::new();
    match list_of(template) {
        Some(first) => {
            for operand in one.rest().iter().skip(first).take(MOST_TARGETS) {
                all.push(fill(template, &mut |name| match name.strip_suffix('*') {
                    Some(_) => Some(Value::of(&operand.text)),
                    None => single(name, one, command),
                }));
            }
            if all.is_empty() {
                all.push(fill(template, &mut |name| single(name, one, command)));
            }
        }
        None => all.push(fill(template, &mut |name| {
            single(name, one, command).or_else(|| inherited(name, command, context, needs))
        })),
    }
    all.retain(|filled| filled.named && !filled.shown.is_empty());
    all
}

/// Returns the first operand that a list placeholder of the template stands for.
fn list_of(template: &str) -> Option<usize> {
    template.split('{').skip(1).find_map(|part| {
        let name = part.split('}').next()?.strip_suffix('*')?;
        if name.is_empty() {
            Some(0)
        } else {
            name.parse().ok()
        }
    })
}

fn single(name: &str, one: &Match<'_>, command: &Command) -> Option<Value> {
    if name == "cwd" {
        return match &command.cwd {
            Cwd::Known(path) => Some(Value {
                shown: path.to_string_lossy().into_owned(),
                hole: false,
                implicit: false,
            }),
            Cwd::Temporary | Cwd::Unknown => None,
        };
    }
    if let Some(flags) = name.strip_prefix("flag:") {
        let mut flags = flags.split('|');
        return flags.find_map(|flag| one.argv.values(flag, one.shape.style).last().map(Value::of));
    }
    if let Some(variable) = name.strip_prefix("env:") {
        return command
            .env_value(variable)
            .map(|word| Value::of(&Text::of(word)));
    }
    let at: usize = name.parse().ok()?;
    one.rest().get(at).map(|operand| Value::of(&operand.text))
}

/// Asks for the hook's own value of a variable, unless the command runs elsewhere or without it.
fn inherited(
    name: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Value> {
    let variable = name.strip_prefix("env:")?;
    if command.env_cleared || !command.is_here() {
        return None;
    }
    match context
        .facts
        .ask(Question::Variable(variable.to_owned()), needs)?
    {
        Answer::Variable(value) if !value.is_empty() => Some(Value {
            shown: value.clone(),
            hole: false,
            implicit: true,
        }),
        _ => None,
    }
}

fn target(
    from: &TargetFrom,
    locator: &Filled,
    object: &str,
    command: &Command,
    context: &Context<'_>,
) -> Target {
    let cwd = match &command.cwd {
        Cwd::Known(path) => Some(path.as_path()),
        Cwd::Temporary | Cwd::Unknown => None,
    };
    let object = (!object.is_empty()).then(|| url::without_password(object));
    let unreachable = |reason: &str| Reach::Unreachable(reason.to_owned());
    let (kind, text, reach) = match from.kind {
        _ if locator.hole => (
            from.kind,
            locator.shown.clone(),
            unreachable("its name is not known before the command runs"),
        ),
        TargetKind::Path | TargetKind::Sqlite => {
            path(from.kind, &locator.shown, command, cwd, context)
        }
        TargetKind::Postgres
        | TargetKind::Mysql
        | TargetKind::Database
        | TargetKind::Redis
        | TargetKind::Mongo => database(from.kind, locator, command, cwd),
        TargetKind::GitWorktree
        | TargetKind::GitRef
        | TargetKind::GitRemote
        | TargetKind::DockerVolume
        | TargetKind::Container
        | TargetKind::Image
        | TargetKind::Resource
        | TargetKind::Unknown => (from.kind, locator.shown.clone(), Reach::NoDriver),
    };
    Target {
        kind,
        locator: url::without_password(&text),
        object,
        reach,
    }
}

fn path(
    kind: TargetKind,
    text: &str,
    command: &Command,
    cwd: Option<&Path>,
    context: &Context<'_>,
) -> (TargetKind, String, Reach) {
    let home = context.scene.home.as_deref();
    let path = match (text.strip_prefix("~/"), home, cwd) {
        (Some(rest), Some(home), _) => Some(home.join(rest)),
        _ if text.starts_with('/') => Some(PathBuf::from(text)),
        (None, _, Some(cwd)) => Some(cwd.join(text)),
        _ => None,
    };
    let Some(path) = path.map(|path| normal(&path)) else {
        let reason =
            Reach::Unreachable("its folder is not known before the command runs".to_owned());
        return (kind, text.to_owned(), reason);
    };
    let locator = path.to_string_lossy().into_owned();
    let reach = match kind {
        _ if !command.is_here() => {
            Reach::Unreachable("it is not on this machine's file system".to_owned())
        }
        TargetKind::Sqlite => Reach::Sqlite(path),
        _ => Reach::Path(path),
    };
    (kind, locator, reach)
}

fn database(
    kind: TargetKind,
    locator: &Filled,
    command: &Command,
    cwd: Option<&Path>,
) -> (TargetKind, String, Reach) {
    let no_driver = matches!(kind, TargetKind::Redis | TargetKind::Mongo);
    match url::read(&locator.shown, cwd, locator.implicit) {
        Some(place) if command.is_here() => (place.kind, place.locator, place.reach),
        Some(place) => {
            let reason =
                Reach::Unreachable("it is reached from another machine or a container".to_owned());
            (place.kind, place.locator, reason)
        }
        None if no_driver => (kind, locator.shown.clone(), Reach::NoDriver),
        None => {
            let reason = "which database it is stands in configuration that the words do not show"
                .to_owned();
            (kind, locator.shown.clone(), Reach::Unreachable(reason))
        }
    }
}

/// Resolves `.` and `..` in a path without asking the file system.
pub fn normal(path: &Path) -> PathBuf {
    let mut all = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                all.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => all.push(component),
        }
    }
    all
}

/// Tells why nothing is lost, when every target is a path under a temporary folder or proven absent.
pub fn exempt(
    targets: &[Target],
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<String> {
    if targets.is_empty() || !command.is_here() {
        return None;
    }
    let mut reason = None;
    for target in targets {
        let path = match &target.reach {
            Reach::Path(path) | Reach::Sqlite(path) => path.as_path(),
            _ => image(target)?,
        };
        reason = Some(harmless(path, context, needs)?);
    }
    reason
}

/// A file that stands for a disk: `mkfs /tmp/test.img`.
fn image(target: &Target) -> Option<&Path> {
    let path = Path::new(target.locator.strip_prefix("device:")?);
    (path.is_absolute() && !path.starts_with("/dev")).then_some(path)
}

fn harmless(path: &Path, context: &Context<'_>, needs: &mut Needs) -> Option<String> {
    let temporary = |path: &Path| {
        context
            .scene
            .temporary
            .iter()
            .any(|dir| path != dir && path.starts_with(dir))
    };
    match context.facts.ask(Question::Entry(path.to_owned()), needs)? {
        Answer::Absent => Some("it does not exist".to_owned()),
        Answer::Entry(entry) if temporary(&entry.resolved) && !entry.is_mount => {
            Some("it is temporary".to_owned())
        }
        Answer::Assumed if temporary(path) => Some("it is temporary".to_owned()),
        _ => None,
    }
}

/// Fills the summary of a rule.
pub fn summary(template: &str, one: &Match<'_>, command: &Command, targets: &[Target]) -> String {
    let filled = fill(template, &mut |name| {
        let list = |texts: Vec<String>| {
            (!texts.is_empty()).then(|| Value {
                shown: texts.join(" "),
                hole: false,
                implicit: false,
            })
        };
        if name == "targets" {
            return list(targets.iter().map(Target::confirm).collect());
        }
        match name.strip_suffix('*') {
            Some(first) => {
                let first = first.parse().unwrap_or(0);
                list(
                    one.rest()
                        .iter()
                        .skip(first)
                        .map(|operand| operand.text.shown.clone())
                        .collect(),
                )
            }
            None => single(name, one, command),
        }
    });
    let words: Vec<&str> = filled.shown.split_ascii_whitespace().collect();
    url::without_password(&words.join(" "))
}
