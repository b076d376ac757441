//! Rules over argv shapes: matches what `policies/packs/` says against the words of a command.
//! It decides nothing that needs a grammar or the content of the world; those families have files of their own.

mod argv;
mod explained;
mod fed;
mod launch;
mod matching;
mod pattern;
mod plans;
mod quoted;
mod requests;
mod staged;
mod targets;
mod undone;
mod url;

use crate::model::command::{Command, Passage, Stdin, Wrapper};
use crate::model::fact::Needs;
use crate::model::finding::{Blast, Finding};
use crate::model::rule::Rule;
use crate::model::span::Origin;
use crate::model::word::Word;

use super::Context;
pub(super) use fed::written;
use matching::Match;
pub use pattern::compile;
pub(super) use url::decoded;

/// Returns one finding for each rule of which a shape matches the command.
///
/// ```
/// use backstop::classify::{Context, packs};
/// use backstop::model::command::{Command, Cwd, Stdin};
/// use backstop::model::fact::{Facts, Needs, Scene};
/// use backstop::model::span::{Origin, Span};
/// use backstop::model::word::Word;
///
/// let origin = Origin::Text(Span::new(0, 27));
/// let words = ["kubectl", "delete", "namespace", "shop"];
/// let command = Command {
///     script: None,
///     words: words.map(|word| Word::literal(word, origin.clone())).to_vec(),
///     env: Default::default(),
///     env_cleared: false,
///     stdin: Stdin::Null,
///     writes: Vec::new(),
///     via: Vec::new(),
///     cwd: Cwd::Unknown,
///     origin,
/// };
/// let scene = Scene {
///     cwd: "/".into(), home: None, user: None, project: "/".into(), temporary: Vec::new(), own: Vec::new(), assumed: true,
/// };
/// let rules = backstop::policy::builtin::book();
/// let context = Context { scene: &scene, facts: &Facts::new(true), rules, regenerable: &[], behind: &Default::default(), protected: &backstop::model::push::UNPROTECTED, earlier: &[], after: &[], aliases: None };
/// let found = packs::findings(&command, &context, &mut Needs::default());
/// assert_eq!(found[0].rule, "kubectl.delete-namespace");
/// ```
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut found = matched(command, context, needs);
    if is_of_an_image(command) {
        found.retain(|finding| !OWN_SYSTEM.contains(&finding.rule.as_str()));
    }
    if quits_unwritten(command) {
        found.retain(|finding| finding.rule != "system.partition");
    }
    if staged::loses_nothing(command, context) {
        found.retain(|finding| !staged::RULES.contains(&finding.rule.as_str()));
    }
    found
}

/// Tells whether an editor of partitions is told all that it does, and only to show: `printf 'p\nq\n' | fdisk /dev/sdc`.
fn quits_unwritten(command: &Command) -> bool {
    const SHOWS: [&str; 8] = ["", "p", "l", "m", "F", "i", "v", "q"];
    if !command.is_any(&["fdisk", "gdisk", "cgdisk"]) {
        return false;
    }
    let Stdin::Text(word) = &command.stdin else {
        return false;
    };
    word.text()
        .is_some_and(|text| text.lines().all(|line| SHOWS.contains(&line.trim())))
}

/// Rules of what belongs to the system that a command runs in, and to nothing that it reaches.
const OWN_SYSTEM: [&str; 6] = [
    "system.crontab",
    "system.generations",
    "system.logs",
    "system.purge-package",
    "system.user",
    "system.mail-delete",
];

/// Tells whether a command runs in a container that has just come from its image, with nothing mounted into it.
pub(super) fn is_of_an_image(command: &Command) -> bool {
    let fresh = |wrapper: &Wrapper| match &wrapper.passage {
        Passage::Fresh { mounts, .. } => Some(mounts.is_empty()),
        Passage::Plain | Passage::User { .. } => None,
        _ => Some(false),
    };
    let mut told = command.via.iter().filter_map(fresh);
    told.next() == Some(true) && told.next().is_none()
}

fn matched(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut fed = fed::lines(command, context, needs);
    fed.extend(requests::lines(command, context, needs));
    fed.extend(plans::lines(command, context));
    let mut found: Vec<(Finding, bool)> = Vec::new();
    let readings = launch::readings(&command.words).into_iter();
    for words in readings.chain(fed.iter().map(Vec::as_slice)) {
        let words = &quoted::blanked(explained::spared(words));
        let Some(program) = words.first().and_then(Word::text) else {
            continue;
        };
        let names = launch::names(&program);
        let mut rules = rules(&names, context);
        rules.sort_by_key(|rule| rule.otherwise);
        for rule in rules {
            if rule.otherwise && found.iter().any(|(_, guessed)| !guessed) {
                break;
            }
            if found.iter().any(|(finding, _)| finding.rule == rule.id) {
                continue;
            }
            if let Some(one) = matching::first(rule, &names, words, command) {
                let guessed = one.guessed;
                found.push((finding(rule, &one, command, context, needs), guessed));
            }
        }
    }
    let added = context.rules.added();
    if added.is_empty() {
        return worst_guess(found);
    }
    // What people add stands beside the rest: it must not push another rule's guess aside.
    let (more, ours): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(finding, _)| added.iter().any(|rule| rule.id == finding.rule));
    let mut all = worst_guess(ours);
    all.extend(worst_guess(more));
    all
}

/// Returns the rules for the names of a program: as written, for its name without a version, and for a package of that name.
fn rules(names: &[String], context: &Context<'_>) -> Vec<&'static Rule> {
    let mut all: Vec<&'static Rule> = Vec::new();
    for name in names {
        for rule in context.rules.for_program(name) {
            if !all.iter().any(|known| known.id == rule.id) {
                all.push(rule);
            }
        }
    }
    all
}

/// Keeps every sure finding, and of those that guess an unknown subcommand only the gravest.
fn worst_guess(found: Vec<(Finding, bool)>) -> Vec<Finding> {
    let (guesses, sure): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, guessed)| *guessed);
    let mut all: Vec<Finding> = sure.into_iter().map(|(finding, _)| finding).collect();
    if all.is_empty() {
        let worst = guesses
            .into_iter()
            .map(|(finding, _)| finding)
            .reduce(|worst, next| {
                if next.severity > worst.severity {
                    next
                } else {
                    worst
                }
            });
        all.extend(worst);
    }
    all
}

fn finding(
    rule: &'static Rule,
    one: &Match<'_>,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Finding {
    let targets = targets::targets(one, command, context, needs);
    let exempt = targets::exempt(&targets, command, context, needs);
    let (span, file) = match &command.origin {
        Origin::Text(span) => (Some(*span), None),
        Origin::File(place) => (None, Some(place.clone())),
    };
    Finding {
        rule: rule.id.to_owned(),
        severity: rule.severity,
        summary: targets::summary(rule.summary, one, command, &targets),
        command: command.told(),
        span,
        file,
        via: command
            .via
            .iter()
            .map(|wrapper| wrapper.name.clone())
            .collect(),
        targets,
        opaque: one.opaque,
        instead: Some(rule.instead.to_owned()),
        blast: Blast::default(),
        exempt,
    }
}
