//! Tells what a file is by its path and its first lines.
//! It reads no further than that and judges nothing.

use crate::model::request::ShellKind;

/// A file that is cut into units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sql,
    Shell(ShellKind),
    Make,
    Just,
    Package,
    Composer,
    Docker,
    Compose,
    Ci(Ci),
    Jenkins,
    /// A migration written in a scripting language.
    Code(Tongue),
}

/// Services whose jobs are described in YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ci {
    Github,
    Gitlab,
    Circle,
    /// Azure, Bitbucket, Travis, Drone, Woodpecker, AppVeyor, CodeBuild, Cloud Build, Taskfile.
    Other,
}

/// Languages in which migrations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    Python,
    Ruby,
    Php,
    Javascript,
}

/// What a path alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Its content need not be read.
    No,
    /// Its content decides.
    Perhaps,
}

/// Endings of files that hold no commands; their content is never read.
const STRANGERS: &[&str] = &[
    "rs", "go", "c", "h", "cc", "cpp", "hpp", "java", "kt", "swift", "scala", "cs", "fs", "vb",
    "m", "mm", "zig", "hs", "ml", "ex", "exs", "erl", "clj", "dart", "md", "txt", "rst", "adoc",
    "html", "htm", "css", "scss", "sass", "less", "svg", "png", "jpg", "jpeg", "gif", "webp",
    "ico", "bmp", "pdf", "zip", "gz", "tgz", "xz", "bz2", "zst", "tar", "7z", "jar", "class", "o",
    "a", "so", "dylib", "dll", "exe", "wasm", "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4",
    "mov", "avi", "webm", "wav", "csv", "tsv", "parquet", "lock", "map", "pyc", "db", "sqlite",
    "sqlite3", "jsx", "tsx", "vue", "svelte", "toml", "ini", "cfg", "conf", "xml", "proto",
    "graphql", "tf", "tfvars", "ipynb", "log", "patch", "diff", "po", "mo", "snap",
];

/// Tells by the path alone whether a file can be of a kind that is judged.
pub fn guess(path: &str) -> Guess {
    let (name, ending) = name_of(path);
    let by_name = by_name(path, &name, &ending).is_some();
    if by_name || tongue(&ending).is_some() {
        return Guess::Perhaps;
    }
    let has_ending = !ending.is_empty();
    let stranger = STRANGERS.contains(&ending.as_str());
    let other_data = matches!(ending.as_str(), "json" | "yml" | "yaml");
    if stranger || other_data && has_ending {
        Guess::No
    } else {
        Guess::Perhaps
    }
}

/// Tells what a file is; nothing for what holds no commands.
pub fn recognise(path: &str, text: &str) -> Option<Kind> {
    let (name, ending) = name_of(path);
    if let Some(kind) = by_name(path, &name, &ending) {
        return Some(kind);
    }
    if let Some(tongue) = tongue(&ending) {
        return is_migration(path, tongue, text).then_some(Kind::Code(tongue));
    }
    shebang(text).map(Kind::Shell)
}

/// Tells whether a path has the ending of a language in which migrations are written.
pub fn is_code(path: &str) -> bool {
    tongue(&name_of(path).1).is_some()
}

fn name_of(path: &str) -> (String, String) {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name
        .trim_start_matches('.')
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .unwrap_or_default();
    (name.to_ascii_lowercase(), ending)
}

fn by_name(path: &str, name: &str, ending: &str) -> Option<Kind> {
    let yaml = matches!(ending, "yml" | "yaml");
    if yaml {
        return by_yaml_name(path, name);
    }
    if name == "dockerfile"
        || name == "containerfile"
        || ending == "dockerfile"
        || name.starts_with("dockerfile.")
        || name.starts_with("containerfile.")
    {
        return (!name.ends_with(".dockerignore")).then_some(Kind::Docker);
    }
    if name == "jenkinsfile" || name.starts_with("jenkinsfile.") || ending == "jenkinsfile" {
        return Some(Kind::Jenkins);
    }
    match name {
        "makefile" | "gnumakefile" | "bsdmakefile" => return Some(Kind::Make),
        "justfile" | ".justfile" => return Some(Kind::Just),
        "package.json" => return Some(Kind::Package),
        "composer.json" => return Some(Kind::Composer),
        _ => {}
    }
    match ending {
        "sql" | "psql" | "pgsql" | "ddl" | "dml" => Some(Kind::Sql),
        "sh" | "bash" | "zsh" | "ksh" | "dash" | "ash" | "command" => {
            Some(Kind::Shell(ShellKind::Posix))
        }
        "ps1" | "psm1" => Some(Kind::Shell(ShellKind::PowerShell)),
        "bat" | "cmd" => Some(Kind::Shell(ShellKind::Cmd)),
        "mk" | "mak" => Some(Kind::Make),
        "just" => Some(Kind::Just),
        _ if ending.is_empty() && is_hook(path) => Some(Kind::Shell(ShellKind::Posix)),
        _ if name.starts_with("makefile.") => Some(Kind::Make),
        _ => None,
    }
}

/// Hooks of husky need no first line that names a shell.
fn is_hook(path: &str) -> bool {
    path.split('/').rev().nth(1) == Some(".husky")
}

fn by_yaml_name(path: &str, name: &str) -> Option<Kind> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem.starts_with("docker-compose")
        || stem == "compose"
        || stem.starts_with("compose.")
        || stem.starts_with("compose-")
    {
        return Some(Kind::Compose);
    }
    let inside = |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
    if inside(".github/workflows/")
        || inside(".gitea/workflows/")
        || inside(".forgejo/workflows/")
        || stem == "action"
    {
        return Some(Kind::Ci(Ci::Github));
    }
    if stem == ".gitlab-ci"
        || stem.ends_with(".gitlab-ci")
        || inside(".gitlab/ci/")
        || inside(".gitlab-ci/")
    {
        return Some(Kind::Ci(Ci::Gitlab));
    }
    if inside(".circleci/") {
        return Some(Kind::Ci(Ci::Circle));
    }
    let other = matches!(
        stem,
        "azure-pipelines"
            | "bitbucket-pipelines"
            | ".travis"
            | ".drone"
            | ".woodpecker"
            | "buildspec"
            | "cloudbuild"
            | "appveyor"
            | ".appveyor"
            | "taskfile"
            | ".cirrus"
            | "codemagic"
            | "wercker"
            | "semaphore"
    );
    let other = other
        || stem.starts_with("azure-pipelines")
        || inside(".woodpecker/")
        || inside(".buildkite/")
        || inside(".semaphore/")
        || inside(".azure-pipelines/");
    other.then_some(Kind::Ci(Ci::Other))
}

fn tongue(ending: &str) -> Option<Tongue> {
    match ending {
        "py" => Some(Tongue::Python),
        "rb" => Some(Tongue::Ruby),
        "php" => Some(Tongue::Php),
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" => Some(Tongue::Javascript),
        _ => None,
    }
}

/// A migration says so in its content: application code drops and deletes for good reasons and is not looked at.
fn is_migration(path: &str, tongue: Tongue, text: &str) -> bool {
    let has = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    match tongue {
        Tongue::Python => has(&[
            "from alembic import",
            "import alembic",
            "migrations.Migration",
            "op.batch_alter_table",
        ]),
        Tongue::Ruby => has(&[
            "ActiveRecord::Migration",
            "Sequel.migration",
            "ROM::SQL.migration",
            "Hanami::Model.migration",
        ]),
        Tongue::Php => has(&[
            "extends Migration",
            "extends AbstractMigration",
            "extends \\Migration",
            "Illuminate\\Database\\Migrations",
        ]),
        Tongue::Javascript => {
            has(&[
                "MigrationInterface",
                "queryInterface",
                "QueryInterface",
                "queryRunner",
            ]) || folder(path)
                && has(&[
                    "knex",
                    "exports.up",
                    "exports.down",
                    "function up",
                    "async up",
                    "up(",
                    "pgm",
                    "addSql",
                ])
        }
    }
}

fn folder(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|part| {
        let part = part.to_ascii_lowercase();
        part.contains("migration") || part == "migrate" || part == "versions"
    })
}

/// Reads the shell from a script's first line.
fn shebang(text: &str) -> Option<ShellKind> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_whitespace();
    let mut program = words.next()?.rsplit('/').next()?;
    if program == "env" {
        program = words
            .find(|word| !word.starts_with('-') && !word.contains('='))?
            .rsplit('/')
            .next()?;
    }
    match program {
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "mksh" | "rbash" | "ksh93" => {
            Some(ShellKind::Posix)
        }
        "pwsh" | "powershell" => Some(ShellKind::PowerShell),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        for (path, kind) in [
            ("db/V2__drop.sql", Kind::Sql),
            ("deploy.sh", Kind::Shell(ShellKind::Posix)),
            ("win/reset.ps1", Kind::Shell(ShellKind::PowerShell)),
            ("Makefile", Kind::Make),
            ("web/package.json", Kind::Package),
            ("Dockerfile.prod", Kind::Docker),
            ("ops/compose.override.yaml", Kind::Compose),
            ("docker-compose.yml", Kind::Compose),
            (".github/workflows/ci.yml", Kind::Ci(Ci::Github)),
            ("sub/.github/workflows/ci.yaml", Kind::Ci(Ci::Github)),
            (".gitlab-ci.yml", Kind::Ci(Ci::Gitlab)),
            (".circleci/config.yml", Kind::Ci(Ci::Circle)),
            ("azure-pipelines.yml", Kind::Ci(Ci::Other)),
            ("Jenkinsfile", Kind::Jenkins),
            (".husky/pre-push", Kind::Shell(ShellKind::Posix)),
        ] {
            assert_eq!(recognise(path, ""), Some(kind), "{path}");
            assert_eq!(guess(path), Guess::Perhaps, "{path}");
        }
    }

    #[test]
    fn content_decides_where_the_name_does_not() {
        assert_eq!(
            recognise("bin/deploy", "#!/usr/bin/env -S bash -e\n"),
            Some(Kind::Shell(ShellKind::Posix))
        );
        assert_eq!(recognise("bin/deploy", "#!/usr/bin/env python3\n"), None);
        assert_eq!(
            recognise("app/models.py", "import os\nos.remove('x')"),
            None
        );
        assert_eq!(
            recognise("alembic/versions/1.py", "from alembic import op\n"),
            Some(Kind::Code(Tongue::Python))
        );
        assert_eq!(recognise("src/knex.js", "knex('t').del()"), None);
        assert_eq!(
            recognise(
                "migrations/1.js",
                "exports.up = knex => knex.schema.dropTable('t')"
            ),
            Some(Kind::Code(Tongue::Javascript))
        );
        for path in ["src/main.rs", "logo.png", "data.json", "values.yaml"] {
            assert_eq!(guess(path), Guess::No, "{path}");
        }
    }
}
