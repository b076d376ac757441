//! Losses inside databases: what SQL clients would run, and tools that drop or overwrite databases.
//! It reads SQL through the `sql` room and decides neither what is owed nor how a backup is made.

pub(in crate::classify) mod conninfo;
pub(in crate::classify) mod gathering;
mod instead;
pub(in crate::classify) mod options;
mod path;
pub(in crate::classify) mod reach;
mod readonly;
mod renames;
mod service;
pub(in crate::classify) mod source;
mod standing;
pub(in crate::classify) mod tools;
pub(in crate::classify) mod wording;

use crate::model::backup::Definition;
use crate::model::command::Command;
use crate::model::database::{DatabaseFact, DatabaseQuestion, ObjectFact, Rows, SearchPath};
use crate::model::effect::{Bound, Dialect, Effect, ObjectKind, Verb};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::finding::{Blast, Finding, Measured, Severity};
use crate::model::span::{Origin, Span};
use crate::model::target::{Reach, Route, Target, TargetKind};
use crate::model::word::Word;
use crate::sql::{self, Loss};

use super::files::world::comes_from_elsewhere;
use super::{Context, clients};
use reach::Place;
use renames::Renames;

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
        let mut found = gathering::gather(&call, command, context, needs);
        readonly::refused(&mut found.losses, &found.texts, command);
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
    let mut all = Vec::new();
    for (mut place, mut group) in grouped(losses) {
        let mut renames = None;
        group = doubted(group, command, context, needs);
        let mut before = standing::of_file(&place, context, needs);
        if let Some(before) = &before {
            stand(&mut place, &mut group, before);
        }
        let path = match &place.reach {
            // Where nobody is asked the names decide alone.
            Reach::Postgres(_) if !context.facts.assumed => {
                let renames = renames.get_or_insert_with(|| renames_of(command, context, needs));
                match renames.moves_path() {
                    true => path_of(command, context, needs),
                    false => SearchPath::Own,
                }
            }
            _ => SearchPath::Own,
        };
        let mut said = ask(&place, &group, &path, context, needs);
        if let (Some(Answer::Absent), Reach::Postgres(_)) = (said, &place.reach) {
            let renames = renames.get_or_insert_with(|| renames_of(command, context, needs));
            let asked = |old: &Place, needs: &mut Needs| ask(old, &group, &path, context, needs);
            if let Some((old, there)) = standing::of_database(&place, renames, needs, asked) {
                stand(&mut place, &mut group, &old);
                (said, before) = (Some(there), Some(old));
            }
        }
        let start = all.len();
        for (index, located) in group.iter().enumerate() {
            let mut finding = finding(located, Some(command), context);
            weigh(&mut finding, located, said, index, context);
            if let Some(Answer::Database(fact)) = said
                && matches!(place.reach, Reach::Postgres(_))
            {
                name_found(&mut finding, located, fact.objects.get(index), &path);
            }
            if let Some(before) = &before {
                say_standing(&mut finding, before, said);
            }
            if let Reach::Sqlite(path) = &located.place.reach
                && finding.exempt.is_some()
                && comes_from_elsewhere(path, context)
            {
                moved_there(&mut finding);
            } else if may_mean_more(&finding, located, said) {
                let renames = renames.get_or_insert_with(|| renames_of(command, context, needs));
                reconsider(&mut finding, located, renames);
            }
            name_implicit(&mut finding, &located.place);
            all.push(finding);
        }
        if let (Some(Answer::Database(fact)), Reach::Postgres(_)) = (said, &place.reach) {
            empty_ones_too(all.get_mut(start..).unwrap_or_default(), &group, fact);
        }
    }
    all
}

/// Puts losses of one place together.
fn grouped(losses: Vec<Located>) -> Vec<(Place, Vec<Located>)> {
    let mut groups: Vec<(Place, Vec<Located>)> = Vec::new();
    for located in losses {
        match groups.iter_mut().find(|(place, _)| *place == located.place) {
            Some((_, group)) => group.push(located),
            None => groups.push((located.place.clone(), vec![located])),
        }
    }
    groups
}

/// Says that the place is not the one of the words; what is not there may have come there another way.
fn say_standing(finding: &mut Finding, before: &standing::Standing, said: Option<&Answer>) {
    let is_known = before.is_sure || matches!(said, Some(Answer::Database(_)));
    finding.blast.lines.push(before.line.clone());
    if finding.exempt.is_some() && !is_known {
        moved_there(finding);
    }
}

/// Puts losses where their database stands before the call.
fn stand(place: &mut Place, group: &mut [Located], before: &standing::Standing) {
    place.clone_from(&before.place);
    for located in group {
        located.place.clone_from(&before.place);
    }
}

/// A table without rows that is dropped beside others comes back with them, though nothing is owed for it alone.
fn empty_ones_too(findings: &mut [Finding], group: &[Located], fact: &DatabaseFact) {
    let is_drop = |located: &Located| {
        let effect = &located.loss.effect;
        effect.verb == Verb::Drop && effect.kind == ObjectKind::Table && !located.loss.created
    };
    let both = group.iter().zip(&fact.objects).zip(findings.iter());
    let empty: Vec<String> = both
        .filter(|((located, object), finding)| {
            is_drop(located) && object.exists && finding.exempt.is_some()
        })
        .map(|((_, object), _)| object.name.clone())
        .collect();
    let mut held = group.iter().zip(findings);
    if let Some((_, finding)) = held.find(|(located, one)| is_drop(located) && one.exempt.is_none())
    {
        finding.blast.tables.extend(empty);
    }
}

/// In a longer script any name may have been given by then.
const MAX_EARLIER: usize = 500;

/// Collects what this command and the ones before it rename: the database is asked before any of it happens.
fn renames_of(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Renames {
    let mut renames = Renames::default();
    if context.earlier.len() > MAX_EARLIER {
        renames.read_nothing();
        return renames;
    }
    for (at, one) in context.earlier.iter().chain([command]).enumerate() {
        let own = at == context.earlier.len();
        let words = one.words.iter().map(Word::shown);
        let values = one
            .env
            .iter()
            .map(|(name, value)| format!("{name} {}", value.shown()));
        let mut read = |text: &str| match own {
            true => renames.read_own(text),
            false => renames.read(text),
        };
        for text in words.chain(values) {
            read(&text);
        }
        if let Some(call) = clients::read(one) {
            for text in gathering::gather(&call, one, context, needs).texts {
                read(&text);
            }
        }
    }
    renames
}

/// Takes conditions for unknown that ask tables which the call may have filled by then.
fn doubted(
    group: Vec<Located>,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Located> {
    if !group.iter().any(asks_others) || !may_be_filled(command, context, needs) {
        return group;
    }
    let alone = |located: Located| Located {
        loss: located.loss.asked_alone(),
        ..located
    };
    group.into_iter().map(alone).collect()
}

/// Tells whether the condition of a loss asks another table.
fn asks_others(located: &Located) -> bool {
    let loss = &located.loss;
    loss.clone().asked_alone() != *loss
}

/// Tells whether something of the call may fill the tables that a condition asks, before it does.
fn may_be_filled(command: &Command, context: &Context<'_>, needs: &mut Needs) -> bool {
    const FILLS: [&str; 8] = [
        "insert",
        "replace",
        "copy",
        "import",
        "load data",
        ".read",
        "\\i",
        "source",
    ];
    let quiet = |one: &Command| {
        one.steers() || one.is_any(&super::inert::PROGRAMS) || one.is_any(&["git", "mkdir"])
    };
    if !context.earlier.iter().all(quiet) {
        return true;
    }
    let mut texts: Vec<String> = command.words.iter().map(Word::shown).collect();
    if let Some(call) = clients::read(command) {
        texts.extend(gathering::gather(&call, command, context, needs).texts);
    }
    texts.iter().any(|text| {
        let text = text.to_ascii_lowercase();
        FILLS.iter().any(|word| text.contains(word))
    })
}

/// Returns the search path that a call gives its own session; one that an earlier command sets may be any.
fn path_of(command: &Command, context: &Context<'_>, needs: &mut Needs) -> SearchPath {
    let earlier = context.earlier.iter();
    let mut before: Vec<String> = earlier
        .flat_map(|one| one.words.iter().map(Word::shown))
        .collect();
    before.extend(command.words.iter().map(Word::shown));
    let options = command.env.iter().filter(|(name, _)| name == "PGOPTIONS");
    let options: Vec<String> = options.map(|(_, value)| value.shown()).collect();
    let texts = match clients::read(command) {
        Some(call) => gathering::gather(&call, command, context, needs).texts,
        None => Vec::new(),
    };
    path::of(&texts, &options, &before)
}

/// Calls a thing by the schema in which the server found it, where its bare name would be taken for one of `public`.
fn name_found(
    finding: &mut Finding,
    located: &Located,
    object: Option<&ObjectFact>,
    path: &SearchPath,
) {
    let Some(object) = object.filter(|object| object.exists) else {
        return;
    };
    let effect = &located.loss.effect;
    let of_table = matches!(
        effect.kind,
        ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Sequence
            | ObjectKind::Column
            | ObjectKind::Partition
    );
    let name = located.loss.lookup.as_ref().or(effect.object.as_ref());
    let is_bare = name.is_some_and(|name| !name.contains('.'));
    let elsewhere = object.name.contains('.') && !object.name.starts_with("public.");
    if !of_table || !is_bare || finding.exempt.is_some() {
        return;
    }
    if *path == SearchPath::Anywhere && object.tables.len() > 1 {
        // Each of that name may be meant, so that none of their rows is known to be safe.
        finding.blast.tables.clone_from(&object.tables);
        finding.blast.rows = None;
    }
    if elsewhere {
        for target in finding
            .targets
            .iter_mut()
            .filter(|one| one.object.is_some())
        {
            target.object = Some(object.name.clone());
        }
        if let Some(rows) = &mut finding.blast.rows {
            rows.alias = rows.alias.take().or_else(|| Some(rows.table.clone()));
            rows.table.clone_from(&object.name);
        }
    }
}

/// Tells whether what the call renames first may change what is lost.
fn may_mean_more(finding: &Finding, located: &Located, said: Option<&Answer>) -> bool {
    match finding.exempt {
        Some(_) => located.place.scratch.is_none() && !located.loss.created,
        None => said.is_some(),
    }
}

/// What is not there yet, or empty now, may be something else by the time it is lost.
fn reconsider(finding: &mut Finding, located: &Located, renames: &Renames) {
    if finding.exempt.is_none() {
        return widen(finding, located, renames);
    }
    let name = located
        .loss
        .lookup
        .as_ref()
        .or(located.loss.effect.object.as_ref());
    let database = match &located.place.reach {
        Reach::Postgres(reach) => reach.database.as_ref(),
        _ => None,
    };
    if name.is_some_and(|name| renames.may_mean(name))
        || database.is_some_and(|name| renames.gives(name))
    {
        moved_there(finding);
    }
}

/// What is there now may not be what has the name by then, or may hold more: whatever is gone afterwards counts.
fn widen(finding: &mut Finding, located: &Located, renames: &Renames) {
    let name = located
        .loss
        .lookup
        .as_ref()
        .or(located.loss.effect.object.as_ref());
    let drops = located.loss.effect.verb == Verb::Drop;
    if !drops || !name.is_some_and(|name| renames.gives(name)) {
        return;
    }
    finding.blast.definitions.clear();
    finding.blast.tables.clear();
    finding.blast.rows = None;
    let line = "the same call gives this name to something else first";
    finding.blast.lines.push(line.to_owned());
    for target in &mut finding.targets {
        target.object = None;
    }
}

/// Nothing is known of what has this name by then.
fn moved_there(finding: &mut Finding) {
    finding.exempt = None;
    finding.blast.definitions.clear();
    finding.blast.lines = vec![
        "the same call renames or moves things: another one may have this name by then".to_owned(),
    ];
    for target in &mut finding.targets {
        target.object = None;
    }
}

/// Says which database is meant where the words do not.
fn name_implicit(finding: &mut Finding, place: &Place) {
    if let Reach::Postgres(reach) = &place.reach
        && reach.implicit
    {
        let line = format!(
            "implicit: the environment says that it is {}",
            place.locator
        );
        let at = finding.blast.lines.len().min(1);
        finding.blast.lines.insert(at, line);
    }
}

/// Asks the database, when it is on this machine.
fn ask<'a>(
    place: &Place,
    group: &[Located],
    path: &SearchPath,
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
        path: path.clone(),
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
        command: command.map(Command::told).unwrap_or_default(),
        span,
        file,
        via: via(command),
        targets: vec![target(&located.place, effect)],
        opaque: effect.opaque || located.place.opaque,
        instead,
        blast: Blast {
            definitions: definitions(effect),
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
    if effect.kind == ObjectKind::ReplicationSlot
        && place.kind == TargetKind::Postgres
        && effect.verb != Verb::Opaque
    {
        return slot(place, effect);
    }
    let whole = matches!(effect.kind, ObjectKind::Database | ObjectKind::Everything)
        && effect.verb != Verb::Opaque;
    Target {
        kind: place.kind,
        locator: place.locator.clone(),
        object: effect.object.clone().filter(|_| !whole),
        reach: place.reach.clone(),
    }
}

/// A replication slot is the server's own state: what it holds back is in no dump.
fn slot(place: &Place, effect: &Effect) -> Target {
    let name = effect.object.as_deref().unwrap_or("of unknown name");
    Target {
        kind: place.kind,
        locator: format!("{} (replication slot {name})", place.locator),
        object: effect.object.clone(),
        reach: match &place.reach {
            Reach::Unreachable(reason) => Reach::Unreachable(reason.clone()),
            _ => Reach::Unreachable("no backup holds a replication slot".to_owned()),
        },
    }
}

/// Returns what is lost as a definition; nothing where rows are, or where everything is.
fn definitions(effect: &Effect) -> Vec<Definition> {
    let Some(object) = effect.object.as_ref() else {
        return Vec::new();
    };
    let kind = match (effect.verb, effect.kind) {
        (Verb::Revoke, ObjectKind::Everything) => return Vec::new(),
        (Verb::Revoke | Verb::Program | Verb::Server, _) => "object",
        (Verb::Drop | Verb::CreateOver, kind) => match kind {
            ObjectKind::Index
            | ObjectKind::Function
            | ObjectKind::Trigger
            | ObjectKind::Type
            | ObjectKind::Role
            | ObjectKind::Extension
            | ObjectKind::Policy
            | ObjectKind::Publication
            | ObjectKind::Subscription
            | ObjectKind::Tablespace
            | ObjectKind::LargeObject
            | ObjectKind::Schema => wording::kind_name(kind),
            ObjectKind::Constraint | ObjectKind::Other => "object",
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Sequence
            | ObjectKind::Database
            | ObjectKind::Column
            | ObjectKind::Partition
            | ObjectKind::ReplicationSlot
            | ObjectKind::Everything => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let name = match &effect.part {
        Some(part) => format!("{object}.\"{}\"", part.replace('"', "\"\"")),
        None => object.clone(),
    };
    vec![Definition {
        kind: kind.to_owned(),
        name,
    }]
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
        let is_schema = effect.verb == Verb::Drop && effect.kind == ObjectKind::Schema;
        if effect.verb == Verb::Truncate || is_schema {
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
