//! From what a call would start to what would be lost: one family, one file.
//! It knows rules as data and facts as answers; it knows neither policy nor people.

mod clients;
pub mod code;
mod doors;
pub mod files;
pub mod fleet;
pub mod git;
mod inert;
pub mod later;
mod made;
pub mod mcp;
pub mod opaque;
pub mod own;
pub mod packs;
pub mod sql;
pub mod windows;
pub mod writes;

use std::collections::{BTreeMap, HashSet};

use crate::model::command::{Command, Passage, Unfolding, Wrapper};
use crate::model::fact::{Facts, Needs, Scene};
use crate::model::finding::Finding;
use crate::model::push::Protection;
use crate::model::request::{Asked, ShellKind};
use crate::model::span::{FilePos, Origin, Span};

use crate::shell::unfold::unfold;

pub use crate::model::rule::RuleBook;

/// What every family reads while it classifies.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub scene: &'a Scene,
    pub facts: &'a Facts,
    pub rules: &'a dyn RuleBook,
    /// Names of files and folders that hold regenerable output (policy's list; `*` stands for any text).
    pub regenerable: &'a [String],
    /// Databases behind MCP servers, as the owner's policy names them: server to connection text.
    pub behind: &'a BTreeMap<String, String>,
    /// Refs of remotes that others build on.
    pub protected: &'a Protection,
    /// Commands of the same call that come before the one that is judged.
    pub earlier: &'a [Command],
}

/// One family of rules: from one command to findings.
type Family = fn(&Command, &Context<'_>, &mut Needs) -> Vec<Finding>;

/// Every family that looks at commands, in the order in which their findings are listed.
const FAMILIES: [Family; 7] = [
    own::findings,
    files::findings,
    sql::findings,
    git::findings,
    packs::findings,
    writes::findings,
    code::findings,
];

/// Returns what the call would lose; facts that are missing are noted in `needs`, and the caller comes again.
pub fn classify(
    asked: &Asked,
    unfolding: &Unfolding,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut findings = match asked {
        Asked::Shell { .. } => commands(unfolding, context, needs),
        Asked::Write {
            path,
            content,
            edit,
            edits,
        } => {
            let mut found = writes::asked(path, content, *edit, edits, context, needs);
            found.extend(later::asked(path, content, context));
            found
        }
        Asked::Sql { dialect, text } => sql::findings_in_text(text, *dialect, context),
        Asked::Mcp {
            server,
            tool,
            strings,
        } => mcp::findings(server, tool, strings, context, needs),
        Asked::Nothing => Vec::new(),
    };
    once(&mut findings);
    findings
}

/// Returns the findings of everything that an unfolding would start, now or later.
pub fn commands(unfolding: &Unfolding, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut findings = losses(unfolding, context, needs);
    findings.extend(later::findings(unfolding, context, needs));
    findings
}

/// Returns the findings of everything that an unfolding would start now.
fn losses(unfolding: &Unfolding, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut made = made::Made::default();
    for (index, command) in unfolding.commands.iter().enumerate() {
        if inert::is_inert(command) {
            continue;
        }
        let mut findings = Vec::new();
        let earlier = unfolding.commands.get(..index).unwrap_or_default();
        let context = Context {
            earlier,
            ..*context
        };
        let said = windows::read(command, &context);
        findings.extend(said.findings);
        for instead in &said.instead {
            findings.extend(same(command, instead, &context, needs));
        }
        if said.owned {
            findings.extend(own::findings(command, &context, needs));
            findings.extend(writes::findings(command, &context, needs));
            all.extend(findings);
            continue;
        }
        for family in FAMILIES {
            findings.extend(family(command, &context, needs));
        }
        made.forgive(&mut findings, index, unfolding, &context, needs);
        let mut started = sql::started(command, &context, needs);
        started.extend(code::started(command, &context, needs));
        started.extend(doors::started(command));
        started.extend(fleet::started(command));
        for started in started {
            findings.extend(inner(command, &started, &context, needs));
        }
        all.extend(findings);
    }
    all.extend(opaque::findings(&unfolding.opaque, context));
    all
}

/// Returns the findings of a command that says the same as another in this machine's language.
fn same(
    command: &Command,
    instead: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = FAMILIES
        .iter()
        .flat_map(|family| family(instead, context, needs))
        .collect();
    for finding in &mut findings {
        finding.command = command.shown();
    }
    findings.extend(later::redirected(instead, context));
    findings
}

/// Returns the findings of a program that a SQL client starts through its own shell; it runs where the client runs.
fn inner(
    client: &Command,
    started: &sql::Started,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut unfolding = unfold(
        ShellKind::Posix,
        &started.text,
        context.scene,
        context.facts,
        needs,
    );
    let name = client.program().unwrap_or_default();
    for command in &mut unfolding.commands {
        let mut via = client.via.clone();
        via.push(Wrapper {
            name: name.clone(),
            passage: Passage::Plain,
        });
        via.append(&mut command.via);
        command.via = via;
        command.cwd = client.cwd.clone();
    }
    // The text that a client starts is a shell's: it may start another client, whose shell text is not opened again.
    let mut findings: Vec<Finding> = unfolding
        .commands
        .iter()
        .flat_map(|command| {
            FAMILIES
                .iter()
                .flat_map(|family| family(command, context, needs))
                .collect::<Vec<_>>()
        })
        .collect();
    findings.extend(opaque::findings(&unfolding.opaque, context));
    for finding in &mut findings {
        (finding.span, finding.file) = place(&started.origin);
    }
    findings
}

/// Keeps the first of findings that say the same of the same targets in the same place.
fn once(findings: &mut Vec<Finding>) {
    let mut seen = HashSet::new();
    findings.retain(|finding| {
        let targets: Vec<_> = finding
            .targets
            .iter()
            .map(|target| (&target.locator, &target.object))
            .collect();
        seen.insert(format!(
            "{} {:?} {:?} {:?}",
            finding.rule, finding.span, finding.file, targets
        ))
    });
}

/// Returns an origin as the two fields of a finding.
pub fn place(origin: &Origin) -> (Option<Span>, Option<FilePos>) {
    match origin {
        Origin::Text(span) => (Some(*span), None),
        Origin::File(at) => (None, Some(at.clone())),
    }
}
