//! Names that are output only where their tool is at work: the same call starts it.
//! It is asked where the world is not; elsewhere the place proves itself.

use std::path::Path;

use super::kinds::like;
use crate::classify::Context;
use crate::model::command::Command;

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
    })
}
