//! What would run by itself later, and fire no hook then: crontabs, git hooks, shell start-up files, services, CI files, agents' settings.
//! Where such a text is written, it is judged as if it ran now; an ordinary script that is written is none of this.

mod clients;
mod edited;
mod far;
mod jobs;
mod places;
mod start;
mod system;
mod texts;
mod told;
mod windows;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::classify::Context;
use crate::model::command::{Command, Cwd, Opaque, OpaqueKind, Stdin, Unfolding};
use crate::model::fact::{Answer, Facts, Needs, Question, Scene};
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::request::ShellKind;
use crate::model::span::{Origin, Span};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::{Part, Word};
use crate::shell::unfold::unfold;

use places::{Form, Place, Runs};
use texts::Task;

/// Entries of one file that are judged; a crontab has a few dozen.
const MAX_TASKS: usize = 500;

/// Stands in a text for what cannot be known.
const UNKNOWN: &str = "${UNKNOWN_TEXT}";

/// Where a text is written, and by what.
#[derive(Debug)]
struct Site<'a> {
    path: &'a Path,
    words: Vec<String>,
    via: Vec<String>,
    origin: Option<Origin>,
}

/// Returns what the files that a call writes would lose when they run.
pub fn findings(unfolding: &Unfolding, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut all = Vec::new();
    for (path, word) in &unfolding.written {
        let Some(place) = places::place(path, context.scene) else {
            continue;
        };
        let site = Site {
            path,
            words: vec![format!("> {}", path.display())],
            via: Vec::new(),
            origin: Some(word.origin.clone()),
        };
        all.extend(judged(&place, &text_of(word), &site, context));
    }
    for command in &unfolding.commands {
        all.extend(crontab(command, unfolding, context, needs));
        all.extend(told::findings(command, unfolding, context, needs));
        all.extend(edits(command, context));
    }
    all
}

/// Returns what the text that the Write or Edit tool writes would lose when it runs.
pub fn asked(path: &Path, content: &str, context: &Context<'_>) -> Vec<Finding> {
    let path = context.scene.cwd.join(path);
    let Some(place) = places::place(&path, context.scene) else {
        return Vec::new();
    };
    let site = Site {
        path: &path,
        words: vec![path.to_string_lossy().into_owned()],
        via: Vec::new(),
        origin: None,
    };
    judged(&place, content, &site, context)
}

/// Returns what the redirections of one command would let run later.
pub fn redirected(command: &Command, context: &Context<'_>) -> Vec<Finding> {
    let Cwd::Known(cwd) = &command.cwd else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for write in &command.writes {
        let (Some(file), Some(content)) = (write.file.text(), &write.content) else {
            continue;
        };
        let path = cwd.join(file);
        if let Some(place) = places::place(&path, context.scene) {
            let site = Site {
                path: &path,
                words: command.told(),
                via: super::opaque::names(&command.via),
                origin: Some(command.origin.clone()),
            };
            all.extend(judged(&place, &text_of(content), &site, context));
        }
    }
    all
}

/// Returns what programs that change files in place would let run later.
fn edits(command: &Command, context: &Context<'_>) -> Vec<Finding> {
    let Cwd::Known(cwd) = &command.cwd else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (file, text) in edited::texts(command) {
        let path = cwd.join(file);
        if let Some(place) = places::place(&path, context.scene) {
            let site = Site {
                path: &path,
                words: command.told(),
                via: super::opaque::names(&command.via),
                origin: Some(command.origin.clone()),
            };
            all.extend(judged(&place, &text, &site, context));
        }
    }
    all
}

/// `crontab -`, `crontab FILE`.
fn crontab(
    command: &Command,
    unfolding: &Unfolding,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    if command.program().as_deref() != Some("crontab") {
        return Vec::new();
    }
    let mut file = None;
    let mut args = command.args().iter();
    while let Some(word) = args.next() {
        match word.text().as_deref() {
            Some("-u") => {
                args.next();
            }
            Some("-") => {}
            Some(text) if text.starts_with('-') => return Vec::new(),
            _ => file = Some(word),
        }
    }
    let text = match file {
        Some(word) => file_text(word, command, unfolding, context, needs),
        None => match &command.stdin {
            Stdin::Text(word) => Some(text_of(word)),
            Stdin::File(word) => file_text(word, command, unfolding, context, needs),
            Stdin::Inherited | Stdin::Null | Stdin::Opaque { .. } => None,
        },
    };
    let Some(text) = text else {
        return Vec::new();
    };
    if text.trim().is_empty() {
        return vec![emptied(command, context)];
    }
    let site = Site {
        path: Path::new("crontab"),
        words: command.told(),
        via: super::opaque::names(&command.via),
        origin: Some(command.origin.clone()),
    };
    judged(&places::CRONTAB, &text, &site, context)
}

/// `echo -n | crontab -`: the whole crontab goes.
fn emptied(command: &Command, context: &Context<'_>) -> Finding {
    let id = "system.crontab";
    let rule = context.rules.rule(id);
    let (span, file) = super::place(&command.origin);
    Finding {
        rule: id.to_owned(),
        severity: rule.map_or(Severity::High, |rule| rule.severity),
        summary: "replaces the whole crontab by nothing".to_owned(),
        command: command.told(),
        span,
        file,
        via: super::opaque::names(&command.via),
        targets: vec![Target {
            kind: TargetKind::Resource,
            locator: "crontab".to_owned(),
            object: None,
            reach: Reach::Unreachable("a crontab has no backup driver".to_owned()),
        }],
        opaque: false,
        instead: rule.map(|rule| rule.instead.to_owned()),
        blast: Blast::default(),
        exempt: None,
    }
}

fn file_text(
    word: &Word,
    command: &Command,
    unfolding: &Unfolding,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<String> {
    if word.text().as_deref() == Some("/dev/null") {
        return Some(String::new());
    }
    let Cwd::Known(cwd) = &command.cwd else {
        return None;
    };
    let Some(name) = word.text() else {
        return left_under(word, unfolding);
    };
    let path: PathBuf = cwd.join(name);
    let written = unfolding
        .written
        .iter()
        .rev()
        .find(|(known, _)| *known == path);
    if let Some((_, word)) = written {
        return Some(text_of(word));
    }
    if !command.is_here() || context.facts.assumed {
        return None;
    }
    match context.facts.ask(Question::Text(path), needs) {
        Some(Answer::Text { text, .. }) => Some(text.clone()),
        _ => None,
    }
}

/// Returns what the call has put into a file whose name only the call knows: `tmp=$(mktemp); echo … >> "$tmp"`.
fn left_under(file: &Word, unfolding: &Unfolding) -> Option<String> {
    let same = |(known, content): (&Word, Option<&Word>)| {
        (known.pieces == file.pieces).then(|| content.map(text_of))?
    };
    let commands = unfolding.commands.iter();
    let all: Vec<String> = commands
        .flat_map(|command| {
            command
                .leaves()
                .into_iter()
                .filter_map(same)
                .collect::<Vec<_>>()
        })
        .collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// Returns the text of a word; what is not known of it is a variable without a value, or a line of its own.
fn text_of(word: &Word) -> String {
    let mut all = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => all.push_str(text),
            Part::Hole(_) if all.is_empty() || all.ends_with('\n') => all.push('\n'),
            Part::Hole(_) => all.push_str(UNKNOWN),
        }
    }
    all
}

/// Judges every task of a text as if it ran now, without asking the world.
fn judged(place: &Place, text: &str, site: &Site<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    let tasks = tasks(place, text);
    for (task, runs) in tasks.iter().take(MAX_TASKS) {
        for finding in judged_task(place, *runs, task, site, context) {
            if !all.contains(&finding) {
                all.push(finding);
            }
        }
    }
    if tasks.len() > MAX_TASKS {
        all.extend(super::opaque::findings(&[too_many(site)], context));
    }
    all
}

/// Says that a text runs more than is looked at.
fn too_many(site: &Site<'_>) -> Opaque {
    Opaque {
        origin: site.origin.clone().unwrap_or(Origin::Text(Span::new(0, 0))),
        reason: "the text runs more tasks than are looked at".to_owned(),
        words: Vec::new(),
        kind: OpaqueKind::Budget,
        via: Vec::new(),
    }
}

/// Returns what a text would run, and where.
fn tasks(place: &Place, text: &str) -> Vec<(Task, Runs)> {
    let steps = (place.form == Form::Steps).then(|| jobs::steps(text));
    if let Some(steps) = steps.flatten() {
        let runs = |step: &jobs::Step| match (step.kept, step.served) {
            (true, _) => Runs::OwnRunner,
            (false, true) => Runs::ServedRunner,
            (false, false) => place.runs,
        };
        let all = steps.into_iter().map(|step| (runs(&step), step.task));
        return all.map(|(runs, task)| (task, runs)).collect();
    }
    let found = texts::tasks(place.form, text).into_iter();
    let mut all: Vec<(Task, Runs)> = found.map(|task| (task, place.runs)).collect();
    if place.rule == "later.shell-start" && place.form == Form::Script {
        let (prompt, shadows) = start::later(text);
        all.extend(prompt.map(|text| (text, place.runs)));
        all.extend(shadows.into_iter().map(|text| (text, Runs::Unasked)));
    }
    all
}

fn judged_task(
    place: &Place,
    runs: Runs,
    task: &Task,
    site: &Site<'_>,
    context: &Context<'_>,
) -> Vec<Finding> {
    let (commands, found) = task_findings(task, context);
    // A hook that throws the work tree away takes whatever is not committed, each time.
    let discards = |inner: &Finding| {
        let unasked = matches!(
            place.rule,
            "later.git-hook"
                | "later.service"
                | "later.crontab"
                | "later.agent-state"
                | "later.shell-start"
        );
        unasked
            && place.runs == Runs::Here
            && inner.rule.starts_with("git.")
            && inner.exempt.is_none()
    };
    found
        .into_iter()
        .filter(|inner| discards(inner) || counts(runs, inner, &commands, context))
        .map(|mut inner| {
            // Nobody who asks for something else has made a copy before.
            if runs == Runs::Unasked || discards(&inner) {
                inner.severity = inner.severity.max(Severity::High);
            }
            finding(place, inner, site, context)
        })
        .collect()
}

fn task_findings(task: &Task, context: &Context<'_>) -> (Vec<Command>, Vec<Finding>) {
    let facts = Facts::new(true);
    let scene = Scene {
        assumed: true,
        ..context.scene.clone()
    };
    let mut needs = Needs::default();
    let inner = Context {
        scene: &scene,
        facts: &facts,
        earlier: &[],
        after: &[],
        aliases: None,
        ..*context
    };
    let unfolding = match task {
        Task::Shell(text) => unfold(ShellKind::Posix, text, &scene, &facts, &mut needs),
        Task::Cmd(text) => unfold(ShellKind::Cmd, text, &scene, &facts, &mut needs),
        Task::PowerShell(text) => unfold(ShellKind::PowerShell, text, &scene, &facts, &mut needs),
        Task::Code { interpreter, text } => {
            let origin = Origin::Text(crate::model::span::Span::default());
            let word = |text: &str| Word::literal(text, origin.clone());
            let mut command = plain(word(interpreter), word("script"), &origin);
            command.script = Some(word(text));
            Unfolding {
                commands: vec![command],
                ..Unfolding::default()
            }
        }
    };
    let found = super::losses(&unfolding, &inner, &mut needs);
    (unfolding.commands, found)
}

fn plain(program: Word, file: Word, origin: &Origin) -> Command {
    Command {
        words: vec![program, file],
        env: Arc::default(),
        env_cleared: false,
        stdin: Stdin::Null,
        writes: Vec::new(),
        via: Vec::new(),
        cwd: Cwd::Unknown,
        origin: origin.clone(),
        script: None,
    }
}

/// One small file more or less is the everyday work of such texts; so is what only another file decides.
fn counts(runs: Runs, inner: &Finding, commands: &[Command], context: &Context<'_>) -> bool {
    let family = inner.rule.split('.').next().unwrap_or_default();
    let small = inner.severity < Severity::High && runs != Runs::Unasked;
    if inner.exempt.is_some() || small || family == "opaque" {
        return false;
    }
    match runs {
        Runs::Here | Runs::Unasked => true,
        // A runner of CI is thrown away after the job: only what it reaches from there is lost.
        Runs::Runner => far::is_lost(inner, commands, false),
        Runs::ServedRunner => far::is_lost(inner, commands, true),
        Runs::OwnRunner => {
            far::is_lost(inner, commands, false)
                || far::is_of_the_machine(inner, &context.scene.cwd)
                || far::is_of_named_project(inner)
        }
    }
}

fn finding(place: &Place, inner: Finding, site: &Site<'_>, context: &Context<'_>) -> Finding {
    let rule = context.rules.rule(place.rule);
    let (span, file) = match &site.origin {
        Some(origin) => super::place(origin),
        None => (None, None),
    };
    Finding {
        rule: place.rule.to_owned(),
        severity: inner.severity,
        summary: format!(
            "lets {} later do this: {} ({})",
            place.name, inner.summary, inner.rule
        ),
        command: site.words.clone(),
        span,
        file,
        via: site.via.clone(),
        targets: inner.targets,
        opaque: inner.opaque,
        instead: rule.map(|rule| rule.instead.to_owned()),
        blast: Blast {
            lines: vec![format!("it stands in `{}`", site.path.display())],
            ..Blast::default()
        },
        exempt: None,
    }
}
