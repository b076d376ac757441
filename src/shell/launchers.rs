//! What stands between the options of a launcher and the command that it starts: names of tools, versions of packages, a text for a shell.

use crate::model::word::Word;

use super::unfold::Job;

/// Version managers take names of tools before the `--` that the command stands behind: `mise exec node@22 -- node …`.
pub(super) fn behind_tools(name: &str, job: &Job, from: usize) -> usize {
    const MANAGERS: [&str; 16] = [
        "doppler run",
        "infisical run",
        "op run",
        "chamber exec",
        "aws-vault exec",
        "devbox run",
        "mise exec",
        "mise x",
        "rtx exec",
        "rtx x",
        "vfox exec",
        "chruby-exec",
        "guix shell",
        "guix environment",
        "wait-for-it",
        "wait-for-it.sh",
    ];
    const MAX_TOOLS: usize = 20;
    const ARCHITECTURES: [&str; 8] = ["x86", "i", "aarch", "arm", "linux", "ppc", "s390", "mips"];
    if name == "setarch" {
        // The architecture may be left out.
        let word = from.checked_sub(1).and_then(|at| job.words.get(at));
        let word = word.map(Word::prefix).unwrap_or_default();
        let named = ARCHITECTURES.iter().any(|front| word.starts_with(front));
        return if named { from } else { from - 1 };
    }
    let named = MANAGERS.contains(&name) || name == "wait-for";
    let dashed = from.checked_sub(1).and_then(|at| job.words.get(at));
    if !named || dashed.and_then(Word::text).as_deref() == Some("--") {
        return from;
    }
    let words = job.words.get(from..).unwrap_or_default();
    words
        .iter()
        .take(MAX_TOOLS)
        .position(|word| word.text().as_deref() == Some("--"))
        .map_or(from, |dash| from + dash)
}

/// Returns the options of a wrapper behind which a text for a shell stands.
pub(super) fn texts_of(name: &str) -> Option<&'static str> {
    match name {
        "npx" | "npm exec" | "npm x" => Some("-c --call"),
        "mise exec" | "mise x" | "rtx exec" | "rtx x" => Some("-c --command"),
        // `-c` names a configuration there.
        "doppler run" | "infisical run" => Some("--command"),
        _ => None,
    }
}

/// Package runners take `name@version`.
pub(super) fn unversioned(name: &str, rest: &mut Job) {
    let runs_packages = matches!(
        name,
        "npx"
            | "bunx"
            | "npm exec"
            | "npm x"
            | "pnpm dlx"
            | "yarn dlx"
            | "bun x"
            | "uvx"
            | "uv tool run"
            | "pipx run"
    );
    if !runs_packages {
        return;
    }
    if let Some(first) = rest.words.first_mut()
        && let Some(text) = first.text()
    {
        let start = usize::from(text.starts_with('@'));
        let tail = text.get(start..).unwrap_or_default();
        if let Some(at) = tail.find('@') {
            let name = text.get(..start + at).unwrap_or_default().to_owned();
            *first = Word::literal(name, first.origin.clone());
        }
    }
}

/// `zargs -- *.log -- rm -f`: the words before the last `--` stand behind the command.
pub(super) fn zargs(job: &Job) -> Option<Job> {
    let is_end = |word: &Word| word.text().as_deref() == Some("--");
    let last = job.words.iter().rposition(is_end)?;
    let before = job.words.get(1..last)?;
    let from = before.iter().position(is_end).map_or(0, |at| at + 1);
    let mut inner = job.rest(last + 1);
    if inner.words.is_empty() {
        return None;
    }
    inner.words.extend(before.get(from..)?.iter().cloned());
    Some(inner)
}

/// `sail exec APP CMD`, `sail mysql`, `sail php -r CODE`: what Laravel's Sail hands to Compose.
pub(super) fn sail(job: &Job) -> Option<Job> {
    const APP: &str = "laravel.test";
    let first = job.words.get(1)?;
    let name = first.text()?;
    let (before, from): (Vec<&str>, usize) = match name.as_str() {
        "exec" | "run" | "down" | "rm" => (vec![name.as_str()], 2),
        "mysql" | "mariadb" | "redis" => (vec!["exec", name.as_str()], 1),
        "psql" => (vec!["exec", "pgsql"], 1),
        "mongodb" => (vec!["exec", "mongodb", "mongosh"], 2),
        "php" | "node" | "npm" | "npx" | "pnpm" | "yarn" | "bun" | "composer" | "python" => {
            (vec!["exec", APP], 1)
        }
        "bash" | "shell" | "root-shell" | "root-bash" => (vec!["exec", APP, "bash"], 2),
        _ => return None,
    };
    let mut inner = job.rest(from);
    if name == "redis"
        && let Some(client) = inner.words.first_mut()
    {
        *client = Word::literal("redis-cli", first.origin.clone());
    }
    let words = ["docker", "compose"].into_iter().chain(before);
    let words = words.map(|word| Word::literal(word, first.origin.clone()));
    inner.words.splice(0..0, words);
    Some(inner)
}
