//! Values that are places of this run only: temporary files and folders as PowerShell code asks the system for them.
//! It reads the source of an expression; it runs nothing.

/// Stands for such a value: a path below the temporary folder.
pub const MADE: &str = "%TEMP%\\made-by-this-text";

/// Expressions that are a new file of their own.
const FILES: [&str; 6] = [
    "new-temporaryfile",
    "(new-temporaryfile).fullname",
    "new-temporaryfile).fullname",
    "[io.path]::gettempfilename()",
    "[system.io.path]::gettempfilename()",
    "new-temporarydirectory",
];

/// What stands for the temporary folder itself.
const FOLDERS: [&str; 8] = [
    "$env:temp",
    "$env:tmp",
    "$env:tmpdir",
    "[io.path]::gettemppath()",
    "[system.io.path]::gettemppath()",
    "$env:runner_temp",
    "%temp%",
    "$tmpdir",
];

/// Parts of a name that hold no `..` and no separator, whatever their value.
const NAMES: [&str; 9] = [
    "$pid",
    "$(new-guid",
    "$(get-random",
    "$(get-date",
    "$([guid]",
    "$([system.guid]",
    "$([io.path]::getrandomfilename",
    "$([system.io.path]::getrandomfilename",
    "$guid",
];

/// Tells whether an expression is a path below the temporary folder; `known` says so of a variable.
pub fn is_temporary(source: &str, known: impl Fn(&str) -> bool) -> bool {
    let text = source.trim().to_ascii_lowercase();
    let text = bare(&text);
    if FILES.contains(&text) {
        return true;
    }
    if text.contains("..") || text.contains([';', '|', '\n', '{']) {
        return false;
    }
    if let Some(path) = new_folder(text) {
        return is_temporary(path, known);
    }
    let joined = [
        "join-path",
        "[io.path]::combine",
        "[system.io.path]::combine",
    ]
    .iter()
    .find_map(|head| text.strip_prefix(head));
    let rest = joined.map_or(text, |rest| rest.trim_start_matches([' ', '(']));
    let rest = rest
        .strip_prefix("-path ")
        .unwrap_or(rest)
        .trim_start_matches(['(', '"', ' ']);
    let folder = FOLDERS.iter().find_map(|folder| rest.strip_prefix(folder));
    let tail = folder.or_else(|| {
        let name = rest.strip_prefix('$')?;
        let end = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(name.len());
        let (name, tail) = name.split_at_checked(end)?;
        known(name).then_some(tail)
    });
    let Some(tail) = tail else { return false };
    let own = tail.trim_matches([' ', ')', '(', ',', '"', '\'', '\\', '/', '+']);
    let holes = tail.match_indices('$').all(|(at, _)| {
        tail.get(at..)
            .is_some_and(|hole| NAMES.iter().any(|name| hole.starts_with(name)))
    });
    // The folder itself is no place of this run.
    !own.is_empty()
        && holes
        && (joined.is_some() || tail.starts_with(['\\', '/', ' ', '+', ')', '"']))
}

/// Returns the path of what `New-Item` makes: its value is that place.
fn new_folder(text: &str) -> Option<&str> {
    let text = text.strip_suffix(".fullname").map_or(text, bare);
    let rest = ["new-item ", "ni ", "mkdir ", "md "]
        .iter()
        .find_map(|head| text.strip_prefix(head))?;
    let at = rest.find("-path ").map_or(0, |at| at + "-path ".len());
    let path = rest.get(at..)?.trim_start();
    if path.starts_with('-') {
        return None;
    }
    let mut depth = 0_usize;
    let end = path.char_indices().find(|(_, char)| {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *char == ' '
    });
    path.get(..end.map_or(path.len(), |(at, _)| at))
}

/// Takes off the parentheses and quotes around an expression.
fn bare(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = text
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    {
        // `(a).b(c)` is not wrapped as a whole.
        if inner
            .find(')')
            .is_some_and(|at| inner.find('(').is_none_or(|open| at < open))
        {
            break;
        }
        text = inner.trim();
    }
    text.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_the_system_gives_are_told_from_those_that_only_begin_so() {
        let known = |name: &str| name == "t";
        for temporary in [
            "New-TemporaryFile",
            "(New-TemporaryFile).FullName",
            "[System.IO.Path]::GetTempFileName()",
            "Join-Path $env:TEMP 'build-x'",
            "(Join-Path $env:TEMP \"x-$PID\")",
            "[IO.Path]::GetTempPath() + 'x'",
            "Join-Path ([System.IO.Path]::GetTempPath()) ([Guid]::NewGuid())",
            "Join-Path -Path $env:TEMP -ChildPath 'x'",
            "\"$env:TEMP\\x\"",
            "Join-Path $t 'sub'",
            "New-Item -ItemType Directory -Path (Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid()))",
            "New-Item -Path (Join-Path $env:TEMP 'x') -ItemType Directory -Force",
            "(New-Item -ItemType Directory -Path (Join-Path $env:TEMP 'x')).FullName",
            "mkdir \"$env:TEMP\\x\"",
        ] {
            assert!(is_temporary(temporary, known), "{temporary}");
        }
        for other in [
            "$env:TEMP",
            "[IO.Path]::GetTempPath()",
            "Join-Path $env:TEMP '..\\x'",
            "Join-Path $env:TEMP $name",
            "Join-Path $env:USERPROFILE 'x'",
            "$env:TEMPLATES\\x",
            "Get-ChildItem $env:TEMP | x",
            "Join-Path $u 'x'",
            "New-Item -ItemType Directory -Path data",
            "New-Item -ItemType Directory -Path $env:TEMP",
            "New-Item -ItemType Directory data -Force",
            "New-Item data -Value (Join-Path $env:TEMP 'x')",
        ] {
            assert!(!is_temporary(other, known), "{other}");
        }
    }
}
