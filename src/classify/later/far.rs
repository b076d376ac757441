//! What a CI job loses that does not go with its runner: databases elsewhere, other machines, branches that others build on.
//! Where a connection comes from nowhere in the file it is taken for the job's own service.

use std::path::Path;

use crate::model::command::Command;
use crate::model::finding::Finding;
use crate::model::span::Origin;
use crate::model::target::{Reach, Target, TargetKind};

use super::jobs::{SECRET, is_read_unsaid};

/// Programs that lead to another machine.
const AWAY: [&str; 8] = [
    "ssh", "plink", "mosh", "sshpass", "kubectl", "oc", "gcloud", "flyctl",
];

/// Branches that others build on wherever they are.
const SHARED: [&str; 5] = ["/main", "/master", "/trunk", "/production", "/develop"];

/// Options whose value is an address, or holds one.
const ADDRESSES: [&str; 14] = [
    "-h",
    "--host",
    "-H",
    "-S",
    "--server",
    "--uri",
    "--url",
    "-d",
    "--dbname",
    "--database-url",
    "--connection-string",
    "--db-url",
    "--cs",
    "-u",
];

/// Options whose value is no address.
const OTHERS: [&str; 15] = [
    "-U",
    "-p",
    "-P",
    "-a",
    "-W",
    "-w",
    "-c",
    "-e",
    "-f",
    "--password",
    "--username",
    "--user",
    "--pass",
    "--port",
    "--command",
];

const LOCAL: [&str; 6] = [
    "local:",
    "localhost",
    "127.0.0.1",
    "/",
    "docker:",
    "unknown",
];

/// Tells whether a finding of a CI job stays when its runner is gone.
pub fn is_lost(inner: &Finding, commands: &[Command], served: bool) -> bool {
    let is_far = |target: &Target| is_far(target, served);
    let family = inner.rule.split('.').next().unwrap_or_default();
    let away = inner.via.iter().any(|name| {
        let program = name.split_whitespace().next().unwrap_or_default();
        AWAY.contains(&program)
    });
    match family {
        "files" | "docker" | "system" | "windows" | "code" | "sqlite" | "own" => away,
        "git" => away || inner.rule.starts_with("git.push") && inner.targets.iter().any(is_shared),
        _ => {
            let targets = &inner.targets;
            away || targets.iter().any(is_far) || kept_elsewhere(inner, commands) || is_live(inner)
        }
    }
}

/// Tells whether the server comes from a variable that says it is the real one (`$PROD_URL`).
fn is_live(inner: &Finding) -> bool {
    inner.command.iter().any(|word| {
        let names = word.split('$').skip(1);
        let plain = |name: &str| {
            let name = name.trim_start_matches('{');
            let end = name.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
            name.get(..end.unwrap_or(name.len()))
                .map(str::to_ascii_lowercase)
        };
        let mut parts = names.filter_map(plain);
        parts.any(|name| {
            let mut parts = name.split('_');
            parts.any(|part| matches!(part, "prod" | "production" | "live"))
        })
    })
}

/// Tells whether a finding is of files that a job finds on the owner's machine, outside its own folder.
pub fn is_of_the_machine(inner: &Finding, folder: &Path) -> bool {
    let outside = |target: &Target| {
        // Written out: a variable that may be empty is the runner's own folder.
        let said = inner
            .command
            .iter()
            .any(|word| word.starts_with(&target.locator));
        target.kind == TargetKind::Path
            && said
            && target.locator.starts_with('/')
            && !Path::new(&target.locator).starts_with(folder)
    };
    inner.rule.starts_with("files.") && !inner.opaque && inner.targets.iter().any(outside)
}

/// Tells whether a finding is of a compose project or a volume that the job names itself: on a machine that stays, it is there before the job.
pub fn is_of_named_project(inner: &Finding) -> bool {
    const SCRATCH: [&str; 8] = ["test", "ci", "e2e", "tmp", "build", "spec", "$", "lint"];
    let mut words = inner.command.iter();
    let named = words.any(|word| matches!(word.as_str(), "-p" | "--project-name" | "rm"));
    let name = words.find(|word| !word.starts_with('-'));
    let attached = inner
        .command
        .iter()
        .find_map(|word| word.strip_prefix("--project-name="))
        .or_else(|| stack(inner));
    let name = match attached {
        Some(name) => Some(name),
        None => name.filter(|_| named).map(String::as_str),
    };
    inner.rule.starts_with("docker.")
        && name.is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            !SCRATCH.iter().any(|word| name.contains(word))
        })
}

/// `docker compose -f /opt/stack/compose.yml`: the stack of a file that is there before the job.
fn stack(inner: &Finding) -> Option<&str> {
    let words = &inner.command;
    let at = words
        .iter()
        .position(|word| matches!(word.as_str(), "-f" | "--file"));
    let told = at.and_then(|at| words.get(at + 1)).map(String::as_str);
    let told = told.or_else(|| words.iter().find_map(|word| word.strip_prefix("--file=")));
    told.filter(|file| file.starts_with('/'))
}

fn is_shared(target: &Target) -> bool {
    SHARED.iter().any(|name| target.locator.ends_with(name))
}

fn is_far(target: &Target, served: bool) -> bool {
    let near = matches!(target.reach, Reach::Path(_) | Reach::Sqlite(_))
        || LOCAL.iter().any(|start| target.locator.starts_with(start));
    let service = is_database(target.kind) && is_service(&target.locator, served);
    !(near || service)
}

const fn is_database(kind: TargetKind) -> bool {
    matches!(
        kind,
        TargetKind::Postgres
            | TargetKind::Mysql
            | TargetKind::Database
            | TargetKind::Redis
            | TargetKind::Mongo
    )
}

/// A host of one word is a service beside the job; what only the project's settings name is one where the job has any.
fn is_service(locator: &str, served: bool) -> bool {
    if locator.starts_with("the database of ") {
        return served;
    }
    let host = locator.split([':', '/']).next().unwrap_or_default();
    if host == "prod" || host.contains("prod-") || host.contains("-prod") || host == "production" {
        return false;
    }
    let single = !host.is_empty() && !host.contains('.') && !locator.contains("://");
    single && !locator.contains(SECRET)
}

/// Tells whether the address of a database is a value that the CI system keeps.
fn kept_elsewhere(inner: &Finding, commands: &[Command]) -> bool {
    let own = |command: &&Command| match (&command.origin, inner.span) {
        (Origin::Text(whole), Some(part)) => whole.start <= part.start && part.end <= whole.end,
        _ => false,
    };
    if commands.iter().any(|command| own(&command)) {
        return commands.iter().filter(own).any(is_kept);
    }
    // A here-document stands outside its command.
    let named = |command: &&Command| inner.command.first() == command.shown().first();
    commands.iter().filter(named).any(is_kept)
}

fn is_kept(command: &Command) -> bool {
    let words = command.shown();
    let near = |word: &String| {
        ["localhost", "127.0.0.1", "::1"]
            .iter()
            .any(|name| word.contains(name))
    };
    if words.iter().any(near) {
        return false;
    }
    let before = std::iter::once("").chain(words.iter().map(String::as_str));
    words
        .iter()
        .zip(before)
        .any(|(word, before)| is_address(word, before))
        || command
            .env
            .iter()
            .any(|(name, value)| is_read_unsaid(name) && value.shown().contains(SECRET))
}

fn is_address(word: &str, before: &str) -> bool {
    let Some(at) = word.find(SECRET).or_else(|| live(word)) else {
        return false;
    };
    let front = word
        .get(..at)
        .unwrap_or_default()
        .trim_end_matches(['$', '{']);
    if front.is_empty() {
        return !OTHERS.contains(&before)
            && (!before.starts_with('-') || ADDRESSES.contains(&before));
    }
    let option = front.trim_end_matches('=');
    if front.starts_with('-') {
        return ADDRESSES.contains(&option);
    }
    // The host of an address, not its password: `postgres://u:$PW@$HOST/db`, `host=$HOST`.
    let rest = word.get(at..).unwrap_or_default();
    front.ends_with("://") && !rest.contains('@')
        || front.ends_with('@')
        || front.ends_with("host=")
        || rest
            .split_once('@')
            .is_some_and(|(_, host)| host.contains(SECRET))
}

/// Returns where a variable stands whose name says that it is no job's own: `$PROD_URL`, `${DATABASE_PRODUCTION}`.
fn live(word: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = word.get(from..)?.find('$') {
        let start = from + at + 1;
        let rest = word.get(start..)?;
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = name.find(|c: char| !is_part(c)).unwrap_or(name.len());
        let mut parts = name.get(..end)?.split('_');
        if parts.any(|part| matches!(part, "PROD" | "PRODUCTION" | "LIVE")) {
            return Some(start + rest.len() - name.len());
        }
        from = start;
    }
    None
}
