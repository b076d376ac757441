//! Names that are output only where their tool is at work: the same call starts it.
//! It is asked where the world is not; elsewhere the place proves itself.

use std::path::Path;

use super::kinds::like;
use crate::classify::Context;
use crate::model::command::Command;
use crate::model::word::Word;

/// Programs, and the names of what they make again; `*` stands for any text.
const MADE: &[(&[&str], &[&str])] = &[
    // https://hexdocs.pm/mix/Mix.Tasks.Deps.html
    (&["mix", "iex"], &["deps", "_build"]),
    // https://docs.flutter.dev/reference/flutter-cli
    (
        &["flutter", "fvm"],
        &[".symlinks", ".flutter-plugins*", "ephemeral"],
    ),
    // https://nix.dev/manual/nix/stable/command-ref/nix-build
    (&["nix", "nix-build"], &["result", "result-*"]),
    // https://learn.microsoft.com/dotnet/core/tools/dotnet-clean
    (&["dotnet", "msbuild"], &["bin"]),
    // https://docs.getdbt.com/reference/project-configs/clean-targets
    (&["dbt"], &["dbt_packages", "dbt_modules"]),
    // https://ctan.org/pkg/latexmk
    (
        &[
            "latexmk", "pdflatex", "xelatex", "lualatex", "bibtex", "biber", "tectonic",
        ],
        &[
            "*.out",
            "*.log",
            "*.nav",
            "*.snm",
            "*.vrb",
            "*.bcf",
            "*.run.xml",
            "*.idx",
            "*.ilg",
            "*.ind",
        ],
    ),
];

/// Tells whether a program of the same call makes what lies at a path again.
pub fn makes_again(path: &Path, context: &Context<'_>) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let named = MADE
        .iter()
        .filter(|(_, names)| names.iter().any(|one| like(name, one)));
    let both = || context.earlier.iter().chain(context.after);
    named.into_iter().any(|(programs, _)| {
        both().any(|command: &Command| command.is_here() && command.is_any(programs))
    }) || context
        .after
        .iter()
        .any(|command| configures(name, command))
}

/// Tells whether a command behind it makes the folder from nothing: `cmake -B NAME`, `meson setup NAME`, `python3 -m venv NAME`.
fn configures(name: &str, command: &Command) -> bool {
    const MAKERS: [&str; 7] = [
        "cmake",
        "meson",
        "gn",
        "virtualenv",
        "python",
        "python3",
        "uv",
    ];
    if !command.is_any(&MAKERS) {
        return false;
    }
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is = |text: &str| {
        let text = text.trim_end_matches('/').trim_start_matches("./");
        text.rsplit('/').next() == Some(name)
    };
    let follows = |option: &str| {
        let mut pairs = words.windows(2);
        pairs.any(|pair| matches!(pair, [flag, value] if *flag == option && is(value)))
    };
    let joined = |option: &str| {
        let mut words = words.iter();
        words.any(|word| {
            word.strip_prefix(option)
                .is_some_and(|value| !value.is_empty() && is(value))
        })
    };
    let operand = || words.iter().any(|word| !word.starts_with('-') && is(word));
    command.is_here()
        && match command.program().as_deref() {
            // https://cmake.org/cmake/help/latest/manual/cmake.1.html
            Some("cmake") => follows("-B") || joined("-B"),
            // https://mesonbuild.com/Commands.html#setup
            Some("meson") => words.first() == Some(&"setup") && operand(),
            // https://gn.googlesource.com/gn
            Some("gn") => words.first() == Some(&"gen") && operand(),
            Some("virtualenv") => operand(),
            // https://docs.python.org/3/library/venv.html
            Some("python" | "python3") => words.get(..2) == Some(&["-m", "venv"]) && operand(),
            Some("uv") => words.first() == Some(&"venv") && operand(),
            _ => false,
        }
}
