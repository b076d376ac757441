//! Under which names a program is known, and where the words of the real one begin behind a package runner.
//! Wrappers in general are opened by the shell room; these are read here too, because packs name what stands behind them.

use crate::model::word::Word;

/// Runners that start a program named by a later word: their own words before it, and their options with a value.
const RUNNERS: [(&str, &[&str], &[&str]); 60] = [
    (
        "npx",
        &[],
        &["-p", "--package", "-w", "--workspace", "--prefix"],
    ),
    ("pnpx", &[], &[]),
    ("bunx", &[], &["-p", "--package"]),
    ("uvx", &[], &["--from", "--with", "-p", "--python"]),
    (
        "npm",
        &["exec"],
        &["-p", "--package", "-w", "--workspace", "--prefix"],
    ),
    (
        "npm",
        &["x"],
        &["-p", "--package", "-w", "--workspace", "--prefix"],
    ),
    ("pnpm", &["exec"], &["-F", "--filter", "-C", "--dir"]),
    (
        "pnpm",
        &["dlx"],
        &["-F", "--filter", "-C", "--dir", "--package"],
    ),
    ("pnpm", &[], &["-F", "--filter", "-C", "--dir"]),
    ("yarn", &["exec"], &["--cwd"]),
    ("yarn", &["dlx"], &["-p", "--package"]),
    ("yarn", &["run"], &["--cwd"]),
    ("yarn", &["workspace", "*"], &["--cwd"]),
    ("yarn", &[], &["--cwd"]),
    ("bun", &["x"], &["-p", "--package"]),
    ("corepack", &[], &[]),
    ("nx", &["exec"], &["-p", "--project"]),
    (
        "deno",
        &["run"],
        &["--config", "-c", "--import-map", "--env-file"],
    ),
    ("bun", &["run"], &["--cwd", "--env-file"]),
    ("bundle", &["exec"], &[]),
    (
        "poetry",
        &["run"],
        &["-C", "--directory", "-P", "--project"],
    ),
    ("pipenv", &["run"], &[]),
    (
        "pdm",
        &["run"],
        &["-p", "--project", "-s", "--site-packages"],
    ),
    ("rye", &["run"], &[]),
    ("hatch", &["run"], &["-e", "--env"]),
    (
        "uv",
        &["run"],
        &[
            "--with",
            "-p",
            "--python",
            "--project",
            "--directory",
            "--env-file",
            "--extra",
            "--group",
            "--package",
        ],
    ),
    ("pipx", &["run"], &["--spec", "--python"]),
    ("conda", &["run"], &["-n", "--name", "-p", "--prefix"]),
    ("mamba", &["run"], &["-n", "--name", "-p", "--prefix"]),
    ("mise", &["exec"], &[]),
    ("mise", &["x"], &[]),
    ("asdf", &["exec"], &[]),
    ("direnv", &["exec", "*"], &[]),
    ("dotenv", &[], &["-e", "-f", "--file", "-v", "-c"]),
    ("dotenvx", &["run"], &["-f", "--env-file", "-e", "--env"]),
    (
        "doppler",
        &["run"],
        &["-p", "--project", "-c", "--config", "-t", "--token"],
    ),
    ("op", &["run"], &["--env-file", "--account"]),
    ("infisical", &["run"], &["--env", "--path", "--projectId"]),
    ("cross-env", &[], &[]),
    ("env-cmd", &[], &["-f", "--file", "-e", "--environments"]),
    ("python", &["-m"], &["-W", "-X"]),
    ("python3", &["-m"], &["-W", "-X"]),
    ("py", &["-m"], &[]),
    ("python", &[], &["-W", "-X"]),
    ("python3", &[], &["-W", "-X"]),
    ("py", &[], &[]),
    ("sail", &[], &[]),
    (
        "node",
        &[],
        &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--env-file",
            "-C",
        ],
    ),
    ("tsx", &[], &["--tsconfig", "--env-file"]),
    ("ts-node", &[], &["-P", "--project", "-r", "--require"]),
    ("php", &[], &["-d", "-c", "-n"]),
    ("ruby", &[], &["-I", "-r", "-C"]),
    ("dotnet", &["tool", "run"], &[]),
    (
        "cephadm",
        &["shell"],
        &[
            "--fsid",
            "-c",
            "--config",
            "-k",
            "--keyring",
            "-m",
            "--mount",
            "-e",
            "--env",
            "-n",
            "--name",
        ],
    ),
    ("k3s", &[], &[]),
    ("k0s", &[], &[]),
    ("microk8s", &[], &[]),
    ("rancher", &[], &["-c", "--config"]),
    ("minikube", &[], &["-p", "--profile"]),
    ("java", &["-jar"], &["-cp", "-classpath", "--class-path"]),
];

/// Hosts whose subcommand is a program with a name of its own (`cargo-sqlx` is `sqlx`).
const PLUGINS: [(&str, &[&str]); 1] = [(
    "cargo",
    &["sqlx", "prisma", "diesel", "loco", "sea-orm-cli", "shuttle"],
)];

/// Names of modules and packages that are not those of their programs.
const MODULES: [(&str, &str); 6] = [
    ("awscli", "aws"),
    ("django", "django-admin"),
    ("gslib", "gsutil"),
    ("dbt.cli.main", "dbt"),
    ("flyway-commandline", "flyway"),
    ("liquibase-core", "liquibase"),
];

/// Runners may stand before runners (`dotenv -- npx prisma`); more than this is no real command.
const DEPTH: usize = 4;

/// Returns the words as they stand, and those of the programs that package runners lead to.
pub fn readings(words: &[Word]) -> Vec<&[Word]> {
    let mut all = vec![words];
    let mut current = words;
    for _ in 0..DEPTH {
        let Some(inner) = behind(current) else {
            break;
        };
        all.push(inner);
        current = inner;
    }
    all
}

fn behind(words: &[Word]) -> Option<&[Word]> {
    let program = words.first()?.text()?;
    let names = names(&program);
    if let Some((_, plugins)) = PLUGINS
        .iter()
        .find(|(host, _)| names.iter().any(|name| name == host))
    {
        let begins = |word: &Word| !word.prefix().starts_with(['+', '-']);
        let at = words.iter().skip(1).position(begins)? + 1;
        let inner = words.get(at..)?;
        let known = inner.first()?.text()?;
        return plugins.contains(&known.as_str()).then_some(inner);
    }
    RUNNERS
        .iter()
        .filter(|(runner, ..)| names.iter().any(|name| name == runner))
        .find_map(|(_, path, valued)| after(words, path, valued))
}

/// Returns the words from the first operand after the runner's own words.
fn after<'w>(words: &'w [Word], path: &[&str], valued: &[&str]) -> Option<&'w [Word]> {
    let mut path = path.iter();
    let mut step = path.next();
    let mut at = 1;
    loop {
        let text = words.get(at)?.text()?;
        if step.is_some_and(|step| *step == text || *step == "*" && !text.starts_with('-')) {
            step = path.next();
        } else if text.starts_with('-') && text != "--" {
            if valued.contains(&text.as_str()) {
                at += 1;
            }
        } else if step.is_some() {
            return None;
        } else if text != "--" && !is_assignment(&text) {
            return words.get(at..);
        }
        at += 1;
    }
}

/// `cross-env NODE_ENV=production …`
fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Returns the names under which rules may know a program: `/usr/bin/python3.12` is also `python3` and `python`.
pub fn names(program: &str) -> Vec<String> {
    let mut all = vec![
        program
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or(program)
            .to_owned(),
    ];
    if let Some((scope, rest)) = program
        .strip_prefix('@')
        .and_then(|name| name.split_once('/'))
        && rest.split('@').next() == Some("cli")
    {
        all.push(scope.to_owned());
    }
    // `deno run npm:prisma@5` is `prisma`.
    if let Some(first) = all.first_mut()
        && let Some(package) = first
            .strip_prefix("npm:")
            .or_else(|| first.strip_prefix("jsr:"))
    {
        *first = package.to_owned();
    }
    let base = all.first().cloned().unwrap_or_default();
    // `node node_modules/prisma/build/index.js` is `prisma`.
    if let Some((_, inside)) = program.rsplit_once("node_modules/") {
        let package = inside.split('/').find(|part| !part.starts_with('@'));
        all.extend(
            package
                .filter(|name| *name != ".bin" && *name != base)
                .map(str::to_owned),
        );
    }
    let mut name = base.as_str();
    for suffix in [".exe", ".cmd", ".bat", ".phar", ".jar"] {
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    if let Some((package, _)) = name
        .split_once('@')
        .filter(|(package, _)| !package.is_empty())
    {
        name = package;
    }
    for end in [name.len(), trimmed(name, b"."), trimmed(name, b".-")] {
        let shorter = name.get(..end).unwrap_or(name);
        if !shorter.is_empty() && !all.iter().any(|known| known == shorter) {
            all.push(shorter.to_owned());
        }
    }
    let programs = MODULES
        .iter()
        .filter(|(module, _)| all.iter().any(|name| name == module));
    let programs: Vec<String> = programs.map(|(_, program)| (*program).to_owned()).collect();
    all.extend(programs);
    if let Some((major, _)) = base
        .split_once('.')
        .filter(|(major, _)| major.starts_with("python"))
        && !all.iter().any(|known| known == major)
    {
        all.push(major.to_owned());
    }
    all
}

/// Returns the length of a name without the digits and marks at its end.
fn trimmed(name: &str, marks: &[u8]) -> usize {
    name.bytes()
        .rposition(|byte| !byte.is_ascii_digit() && !marks.contains(&byte))
        .map_or(name.len(), |last| last + 1)
}
