//! What stands between the options of a launcher and the command that it starts: names of tools, versions of packages, a text for a shell.

use crate::model::command::Passage;
use crate::model::word::Word;

use super::options::options;
use super::state::{Feed, State};
use super::unfold::{Frame, Job, Unfolder};
use super::world::is_silent;

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

impl Unfolder<'_> {
    /// `start-stop-daemon --start --exec PROGRAM -- ARGS`.
    pub(super) fn run_daemon(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        const VALUED: &str = "-x --exec -a --startas -p --pidfile -u --user -g --group -c --chuid -n --name -s --signal -R --retry -d --chdir -r --chroot -N --nicelevel -P --procsched -I --iosched -k --umask -O --output";
        let found = options(job.args(), VALUED);
        if !(found.has("-S") || found.has("--start")) || found.has("-t") || found.has("--test") {
            return None;
        }
        let program = found
            .value("-a --startas")
            .or_else(|| found.value("-x --exec"))?;
        let mut inner = job.rest(1 + found.rest);
        inner.words.insert(0, program.clone());
        self.inner("start-stop-daemon", Passage::Plain, inner, st, fr)
    }

    /// `capsh … -- -c TEXT`: what stands behind the dashes goes to bash.
    pub(super) fn capabilities(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let dashes = job
            .words
            .iter()
            .position(|word| word.text().as_deref() == Some("--"))?;
        let mut inner = job.rest(dashes + 1);
        let bash = Word::literal("bash".to_owned(), job.origin.clone());
        inner.words.insert(0, bash);
        self.inner("capsh", Passage::Plain, inner, st, fr)
    }

    /// A program of no table: a shell of Windows, a script, or one that says itself that it runs something.
    pub(super) fn unlisted(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if let Some(feed) = self.windows_shell(job, st, fr) {
            return Some(feed);
        }
        if let Some(feed) = self.direct(job, st, fr) {
            return Some(feed);
        }
        let inner = behind_dashes(program, job)?;
        self.inner(program, Passage::Plain, inner, st, fr)
    }
}

/// What a program runs that nobody knows, where its name or its verb says that it runs something: `with-env -- CMD`, `tool exec -- CMD`.
fn behind_dashes(program: &str, job: &Job) -> Option<Job> {
    let text = |at: usize| job.words.get(at).and_then(Word::text);
    let verb = text(1).filter(|verb| ["run", "exec"].contains(&verb.as_str()));
    let named = program.split(['-', '_', '.']).any(|part| {
        let ends = ["env", "exec", "run", "wrap", "wrapper"];
        let starts = ["with", "retry", "wait", "secret", "cred", "vault"];
        ends.iter().any(|end| part.ends_with(end))
            || starts.iter().any(|start| part.starts_with(start))
    });
    let runs = match verb.as_deref() {
        Some("exec") => true,
        // What stands behind `cargo run --` is for the program that was built.
        Some(_) => !BUILDERS.contains(&program),
        None => named && program != "printenv",
    };
    if !runs || is_silent(program) {
        return None;
    }
    let dashes = (1..job.words.len()).find(|at| text(*at).as_deref() == Some("--"))?;
    let from = 1 + usize::from(verb.is_some());
    let mut valued = false;
    for word in job.words.get(from..dashes)? {
        let flag = word.prefix().starts_with('-');
        // An option may take the word behind it; a second operand is no option's, but the place to run in may be one.
        if !flag && !valued && verb.as_deref() != Some("exec") {
            return None;
        }
        valued = flag;
    }
    Some(job.rest(dashes + 1)).filter(|inner| !inner.words.is_empty())
}

/// Programs that build what they run, or hand words on to one program of their own: those are not commands.
const BUILDERS: [&str; 19] = [
    "cargo",
    "dotnet",
    "swift",
    "go",
    "stack",
    "cabal",
    "zig",
    "mix",
    "sbt",
    "dub",
    "crystal",
    "nim",
    "deno",
    "flutter",
    "dart",
    "gleam",
    "wasmtime",
    "wasmer",
    "terragrunt",
];

/// Packages whose program bears another name.
const PROGRAM_OF: [(&str, &str); 6] = [
    ("dotenv-cli", "dotenv"),
    ("dotenv-flow-cli", "dotenv-flow"),
    ("@infisical/cli", "infisical"),
    ("@dopplerhq/cli", "doppler"),
    ("cdktf-cli", "cdktf"),
    ("rimraf-cli", "rimraf"),
];

/// Package runners take `name@version`, and packages whose program has another name.
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
    if let Some(first) = rest.words.first_mut()
        && let Some(text) = first.text()
        && let Some((_, program)) = PROGRAM_OF.iter().find(|(package, _)| *package == text)
    {
        *first = Word::literal((*program).to_owned(), first.origin.clone());
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
