//! Losses inside databases: what SQL clients would run, and tools that drop or overwrite databases.
//! It reads SQL through the `sql` room and decides neither what is owed nor how a backup is made.

pub(in crate::classify) mod conninfo;
pub(in crate::classify) mod gathering;
mod instead;
pub(in crate::classify) mod options;
pub(in crate::classify) mod reach;
pub(in crate::classify) mod source;
pub(in crate::classify) mod tools;
pub(in crate::classify) mod wording;

use crate::model::command::Command;
use crate::model::database::{DatabaseFact, DatabaseQuestion, ObjectFact, Rows};
use crate::model::effect::{Bound, Dialect, Effect, ObjectKind, Verb};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::finding::{Blast, Finding, Measured, Severity};
use crate::model::span::{Origin, Span};
use crate::model::target::{Reach, Route, Target, TargetKind};
use crate::sql::{self, Loss};

use super::{Context, clients};
use reach::Place;

/// A program that a SQL client would start through its own shell (`\!`, `.shell`, `\copy … program`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub text: String,
    pub origin: Origin,
}

/// One loss with its place in the world and in the text.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub loss: Loss,
    pub place: Place,
    pub origin: Origin,
    /// The rule and the words, when the effect alone does not give them.
    pub said: Option<(&'static str, String)>,
}

/// Returns the losses that the statements of a SQL client, or a database tool, would cause.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    if let Some(call) = clients::read(command) {
        let found = gathering::gather(&call, command, context, needs);
        return judged(found.losses, command, context, needs);
    }
    tools::findings(command, context, needs)
}

/// Returns the programs that a SQL client would start; each is a text for a shell, run where the client runs.
pub fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    match clients::read(command) {
        Some(call) => gathering::gather(&call, command, context, needs).started,
        None => Vec::new(),
    }
}

/// Judges SQL without a client (`check --sql`): every statement counts.
pub fn findings_in_text(text: &str, dialect: Dialect, context: &Context<'_>) -> Vec<Finding> {
    alone(sql::losses(text, dialect), dialect, context)
}

/// Judges a text that may be SQL (a string of an MCP call): only statements that are SQL to the last word count.
pub fn findings_in_prose(text: &str, dialect: Dialect, context: &Context<'_>) -> Vec<Finding> {
    alone(sql::losses_in_prose(text, dialect), dialect, context)
}

fn alone(losses: Vec<Loss>, dialect: Dialect, context: &Context<'_>) -> Vec<Finding> {
    let kind = match dialect {
        Dialect::Postgres => TargetKind::Postgres,
        Dialect::Mysql => TargetKind::Mysql,
        Dialect::Sqlite => TargetKind::Sqlite,
        _ => TargetKind::Database,
    };
    let place = Place::nowhere(
        kind,
        "unknown",
        "the text does not say which database it is for",
    );
    losses
        .into_iter()
        .filter(|loss| !loss.created)
        .map(|loss| {
            let located = Located {
                origin: Origin::Text(loss.effect.span),
                place: place.clone(),
                loss,
                said: None,
            };
            finding(&located, None, context)
        })
        .collect()
}

/// Turns located losses into findings, with what the databases say about them.
pub(super) fn judged(
    losses: Vec<Located>,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut groups: Vec<(Place, Vec<Located>)> = Vec::new();
    for located in losses {
        match groups.iter_mut().find(|(place, _)| *place == located.place) {
            Some((_, group)) => group.push(located),
            None => groups.push((located.place.clone(), vec![located])),
        }
    }
    let mut all = Vec::new();
    for (place, group) in groups {
        let said = ask(&place, &group, context, needs);
        for (index, located) in group.iter().enumerate() {
            let mut finding = finding(located, Some(command), context);
            weigh(&mut finding, located, said, index, context);
            all.push(finding);
        }
    }
    all
}

/// Asks the database, when it is on this machine.
fn ask<'a>(
    place: &Place,
    group: &[Located],
    context: &'a Context<'_>,
    needs: &mut Needs,
) -> Option<&'a Answer> {
    if context.facts.assumed || context.scene.assumed || place.scratch.is_some() {
        return None;
    }
    let local = match &place.reach {
        Reach::Sqlite(_) => true,
        Reach::Postgres(reach) => {
            matches!(reach.route, Route::Container { .. }) || reach::is_local(reach.host.as_deref())
        }
        Reach::Path(_)
        | Reach::Worktree(_)
        | Reach::GitRefs(_)
        | Reach::GitRemote(_)
        | Reach::Unreachable(_)
        | Reach::NoDriver => false,
    };
    if !local {
        return None;
    }
    let effects = group.iter().map(|located| asked(&located.loss)).collect();
    let question = Question::Database(DatabaseQuestion {
        reach: place.reach.clone(),
        effects,
    });
    context.facts.ask(question, needs)
}

/// The effect as the server is asked about it: names as it looks them up, no place.
fn asked(loss: &Loss) -> Effect {
    let mut effect = loss.effect.clone();
    effect.object = loss.lookup.clone().or(effect.object);
    effect.span = Span::default();
    effect
}

fn finding(located: &Located, command: Option<&Command>, context: &Context<'_>) -> Finding {
    let effect = &located.loss.effect;
    let said = located.said.as_ref();
    let id = said.map_or_else(|| wording::rule(effect), |(id, _)| id);
    let rule = context.rules.rule(id);
    // A rule's own words name objects that are not these: they serve only where they name none.
    let instead = match (effect.verb, said) {
        (Verb::Opaque, None) => rule.map(|rule| rule.instead.to_owned()),
        (_, None) => instead::instead(&located.loss, located.place.kind),
        (_, Some(_)) => None,
    };
    let (span, file) = match &located.origin {
        Origin::Text(span) => (Some(*span), None),
        Origin::File(position) => (None, Some(position.clone())),
    };
    Finding {
        rule: id.to_owned(),
        severity: rule.map_or(Severity::High, |rule| rule.severity),
        summary: said.map_or_else(|| wording::summary(effect), |(_, words)| words.clone()),
        command: command.map(Command::shown).unwrap_or_default(),
        span,
        file,
        via: via(command),
        targets: vec![target(&located.place, effect)],
        opaque: effect.opaque || located.place.opaque,
        instead,
        blast: Blast {
            rows: located.loss.rows.clone(),
            ..Blast::default()
        },
        exempt: located.place.scratch.clone(),
    }
}

fn via(command: Option<&Command>) -> Vec<String> {
    command
        .map(|command| {
            command
                .via
                .iter()
                .map(|wrapper| wrapper.name.clone())
                .collect()
        })
        .unwrap_or_default()
}

fn target(place: &Place, effect: &Effect) -> Target {
    let whole = matches!(effect.kind, ObjectKind::Database) && effect.verb != Verb::Opaque;
    Target {
        kind: place.kind,
        locator: place.locator.clone(),
        object: effect.object.clone().filter(|_| !whole),
        reach: place.reach.clone(),
    }
}

/// Adds what the database said: why nothing is lost, or how much is.
fn weigh(
    finding: &mut Finding,
    located: &Located,
    said: Option<&Answer>,
    index: usize,
    context: &Context<'_>,
) {
    if finding.exempt.is_some() {
        return;
    }
    let effect = &located.loss.effect;
    match said {
        Some(Answer::Database(fact)) => weigh_fact(finding, effect, fact, index),
        Some(Answer::Absent) => {
            finding.exempt = Some(format!("`{}` does not exist", located.place.locator));
        }
        Some(Answer::Unknown(reason)) => {
            finding
                .blast
                .lines
                .push(format!("the database could not be asked: {reason}"));
        }
        None | Some(Answer::Assumed) if located.loss.created => {
            let assumed = context.facts.assumed || context.scene.assumed;
            if assumed || located.loss.temporary {
                finding.exempt = Some("it is made by the same text".to_owned());
            }
        }
        _ => {}
    }
}

fn weigh_fact(finding: &mut Finding, effect: &Effect, fact: &DatabaseFact, index: usize) {
    let Some(object) = fact.objects.get(index) else {
        return;
    };
    let keeps_rows = !matches!(
        effect.verb,
        Verb::Opaque | Verb::Program | Verb::Server | Verb::Revoke | Verb::Rewrite
    );
    if effect.opaque || !keeps_rows || effect.object.is_none() {
        finding.blast.lines = wording::blast(object);
        return;
    }
    if !object.exists {
        finding.exempt = Some(format!(
            "{} `{}` does not exist",
            wording::kind_name(effect.kind),
            object.name
        ));
    } else if is_empty(effect, object) {
        finding.exempt = Some(format!(
            "`{}` holds no rows that could be lost",
            object.name
        ));
    } else {
        finding.blast.lines = wording::blast(object);
        finding.blast.measured = measured(effect, object);
        if effect.verb == Verb::Truncate {
            finding.blast.tables.clone_from(&object.tables);
        }
    }
}

/// Returns how many rows a DELETE takes that its WHERE bounds, cascades included; nothing where they were not counted.
fn measured(effect: &Effect, object: &ObjectFact) -> Option<Measured> {
    let bounded = matches!(effect.bound, Bound::Where { pure: true, .. });
    if effect.verb != Verb::Delete || !bounded {
        return None;
    }
    let touched = object
        .dependants
        .iter()
        .filter(|one| !matches!(one.how.as_str(), "blocks" | "breaks"));
    let counted = touched.map(|one| one.rows).chain([object.rows]);
    let rows = counted.map(|rows| match rows {
        Rows::Exactly(count) => Some(count),
        Rows::MoreThan(_) | Rows::About(_) | Rows::Unknown => None,
    });
    let rows = rows.sum::<Option<u64>>()?;
    Some(Measured {
        rows,
        ..Measured::default()
    })
}

/// Tells whether it is proven that the object holds nothing that this effect takes.
fn is_empty(effect: &Effect, object: &ObjectFact) -> bool {
    // Rows that are not deleted take none along, whatever refers to the table.
    let takes_along = effect.verb != Verb::Delete;
    let holds_rows = matches!(
        effect.kind,
        ObjectKind::Table
            | ObjectKind::Column
            | ObjectKind::Partition
            | ObjectKind::MaterializedView
    );
    holds_rows
        && object.rows.is_proven_empty()
        && object.dependants.iter().all(|one| {
            !takes_along
                || one.rows.is_proven_empty()
                || !one.how.contains("cascade") && !one.how.contains("dropped")
        })
}
