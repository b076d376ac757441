//! From what a call would start to what would be lost: one family, one file.
//! It knows rules as data and facts as answers; it knows neither policy nor people.

mod builds;
mod clients;
pub mod code;
mod crontab;
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
pub mod playbook;
pub mod sql;
pub mod tree;
pub mod windows;
pub mod writes;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::model::command::{Command, Cwd, Unfolding};
use crate::model::fact::{Facts, Needs, Scene};
use crate::model::finding::Finding;
use crate::model::push::Protection;
use crate::model::request::Asked;
use crate::model::span::{FilePos, Origin, Span};
use crate::model::word::Word;

use crate::shell::inside::{Inside, unfold_inside};

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
    /// Those behind it: in a loop they run before it too.
    pub after: &'a [Command],
    /// What commands of the same call write into git's configuration, and which are proven to have run; nothing where nobody has looked.
    pub aliases: Option<&'a git::Told>,
}

/// One family of rules: from one command to findings.
type Family = fn(&Command, &Context<'_>, &mut Needs) -> Vec<Finding>;

/// Every family that looks at commands, in the order in which their findings are listed.
const FAMILIES: [Family; 8] = [
    own::findings,
    files::findings,
    sql::findings,
    git::findings,
    packs::findings,
    crontab::findings,
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
            let path = &at_home(path, context);
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

/// Some clients open `~/x` in the home directory.
fn at_home(path: &Path, context: &Context<'_>) -> PathBuf {
    match (path.strip_prefix("~"), &context.scene.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => context.scene.cwd.join(path),
    }
}

/// Returns the findings of everything that an unfolding would start, now or later.
pub fn commands(unfolding: &Unfolding, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut findings = losses(unfolding, context, needs);
    findings.extend(later::findings(unfolding, context, needs));
    findings
}

/// Texts that programs start inside one another.
const MAX_INSIDE: usize = 4;
/// Commands before a text inside the call that it knows of.
const MAX_EARLIER: usize = 64;

/// Returns the findings of everything that an unfolding would start now.
fn losses(unfolding: &Unfolding, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut made = made::Made::default();
    let aliases = git::told(unfolding);
    for (index, command) in unfolding.commands.iter().enumerate() {
        if inert::is_inert(command) {
            continue;
        }
        let context = Context {
            earlier: unfolding.commands.get(..index).unwrap_or_default(),
            after: unfolding.commands.get(index + 1..).unwrap_or_default(),
            aliases: Some(&aliases),
            ..*context
        };
        let (mut findings, owned) = direct(command, &context, needs);
        if !owned {
            made.forgive(&mut findings, index, unfolding, &context, needs);
            findings.extend(within(command, &unfolding.written, 0, &context, needs));
        }
        all.extend(findings);
    }
    all.extend(opaque::findings(&unfolding.opaque, context));
    all
}

/// Returns the findings of one command among others, and of what it starts.
fn loss(
    (commands, index): (&[Command], usize),
    written: &[(PathBuf, Word)],
    depth: usize,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let Some(command) = commands.get(index) else {
        return Vec::new();
    };
    let context = Context {
        earlier: commands.get(..index).unwrap_or_default(),
        after: commands.get(index + 1..).unwrap_or_default(),
        aliases: None,
        ..*context
    };
    let (mut findings, owned) = direct(command, &context, needs);
    if !owned {
        findings.extend(within(command, written, depth, &context, needs));
    }
    findings
}

/// Returns the findings of a command itself, and whether nothing more is to be said of it.
fn direct(command: &Command, context: &Context<'_>, needs: &mut Needs) -> (Vec<Finding>, bool) {
    let said = windows::read(command, context);
    let mut findings = said.findings;
    for instead in &said.instead {
        findings.extend(same(command, instead, context, needs));
    }
    if said.owned {
        findings.extend(own::findings(command, context, needs));
        findings.extend(writes::findings(command, context, needs));
        return (findings, true);
    }
    for family in FAMILIES {
        findings.extend(family(command, context, needs));
    }
    (findings, false)
}

/// Returns the path that a command means by a name, where that is known.
fn place_of(name: &str, command: &Command) -> Option<PathBuf> {
    match &command.cwd {
        Cwd::Known(folder) => Some(sql::reach::normal(&folder.join(name))),
        Cwd::Temporary | Cwd::Unknown => name.starts_with('/').then(|| name.into()),
    }
}

/// Returns the findings of the texts that a command starts inside.
fn within(
    command: &Command,
    written: &[(PathBuf, Word)],
    depth: usize,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut texts: Vec<code::Steps> = code::started(command, context, needs);
    let mut started = sql::started(command, context, needs);
    started.extend(doors::started(command, context, needs));
    started.extend(fleet::started(command));
    started.extend(playbook::started(command, context));
    started.extend(builds::started(command, context, needs));
    texts.extend(started.into_iter().map(code::Steps::of));
    texts
        .iter()
        .flat_map(|text| inner(command, text, written, depth, context, needs))
        .collect()
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
        finding.command = command.told();
    }
    findings.extend(later::redirected(instead, context));
    findings
}

/// Returns the findings of a shell text that a program starts; it runs where that program runs.
fn inner(
    client: &Command,
    text: &code::Steps,
    written: &[(PathBuf, Word)],
    depth: usize,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let name = client.program().unwrap_or_default();
    let inside = Inside {
        client,
        name: &name,
        written,
    };
    let mut findings = if depth >= MAX_INSIDE {
        opaque::findings(&[text.too_deep(client)], context)
    } else {
        let unfolding = unfold_inside(&text.text, &inside, context.scene, context.facts, needs);
        let from = context.earlier.len().saturating_sub(MAX_EARLIER);
        let mut commands = context.earlier.get(from..).unwrap_or_default().to_vec();
        let first = commands.len();
        commands.extend(unfolding.commands.iter().cloned());
        let mut all = Vec::new();
        for index in first..commands.len() {
            let place = (commands.as_slice(), index);
            all.extend(loss(place, &unfolding.written, depth + 1, context, needs));
        }
        all.extend(opaque::findings(&unfolding.opaque, context));
        all.extend(later::findings(&unfolding, context, needs));
        all
    };
    for finding in &mut findings {
        (finding.span, finding.file) = place(&text.origin(finding.span));
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
            "{} {:?} {:?} {:?} {}",
            finding.rule,
            finding.span,
            finding.file,
            targets,
            finding.exempt.is_some()
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
