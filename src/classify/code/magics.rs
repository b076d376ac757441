//! Lines of IPython that are no Python: `!cmd`, `%sx cmd`, `x = !cmd`, cells of a shell.
//! It finds the shell text in them; what it means is read like any other.

use crate::model::span::Span;

use super::steps::{Kind, Step};

/// Lines of one code that are looked at.
const MAX_LINES: usize = 100_000;
/// Magics that run the rest of the line in a shell, and those that are programs themselves.
const SHELLS: [&str; 4] = ["%sx ", "%system ", "%%sx ", "%%system "];
const PROGRAMS: [&str; 6] = ["%rm ", "%rmdir ", "%mv ", "%cp ", "%ln ", "%mkdir "];
const CELLS: [&str; 6] = ["%%bash", "%%sh", "%%script", "%%system", "%%sx", "%%!"];

/// Returns what the lines of a code start in a shell.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let mut all = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n').take(MAX_LINES) {
        let start = at;
        at += line.len();
        let bare = line.trim();
        if CELLS.iter().any(|cell| bare.starts_with(cell)) {
            let cell = text.get(at..).unwrap_or_default();
            all.push(step(cell, start));
            if !bare.starts_with("%%!") {
                break;
            }
        }
        let spoken = shell_of(bare).map(str::to_owned).or_else(|| told(bare));
        if let Some(spoken) = spoken {
            all.push(step(&spoken, start));
        }
    }
    all
}

fn step(text: &str, start: usize) -> Step {
    Step {
        // What Python fills in is not known here.
        text: text.trim().to_owned(),
        span: Span::new(start, start + 1),
        kind: Kind::Runs,
    }
}

fn shell_of(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix('!') {
        return (!rest.starts_with('=')).then(|| rest.trim_start_matches('!'));
    }
    if let Some(rest) = SHELLS.iter().find_map(|magic| line.strip_prefix(magic)) {
        return Some(rest);
    }
    if PROGRAMS.iter().any(|magic| line.starts_with(magic)) {
        return line.strip_prefix('%');
    }
    // `files = !ls`
    let (name, rest) = line.split_once('=')?;
    let plain = name
        .trim()
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ',' | ' '));
    let rest = rest.trim_start();
    let shell = rest
        .strip_prefix('!')
        .or_else(|| rest.strip_prefix("%sx "))
        .or_else(|| rest.strip_prefix("%system "))?;
    plain.then_some(shell)
}

/// `get_ipython().system('cmd')`, `get_ipython().run_line_magic('sx', 'cmd')`.
fn told(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("get_ipython().")?;
    let (call, rest) = rest.split_once('(')?;
    let texts: Vec<&str> = rest.split(['\'', '"']).skip(1).step_by(2).collect();
    match (call, texts.as_slice()) {
        ("system" | "getoutput" | "system_raw" | "system_piped", [text, ..]) => {
            Some((*text).to_owned())
        }
        (
            "run_line_magic" | "run_cell_magic" | "magic",
            ["sx" | "system" | "bash" | "sh", .., text],
        ) => Some((*text).to_owned()),
        ("run_line_magic", [program @ ("rm" | "rmdir" | "mv"), .., text]) => {
            Some(format!("{program} {text}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn lines_for_a_shell_are_told_from_python() {
        let text = "x != 3\n!ls a\nf = !rm b\n%sx rm c\nget_ipython().system('rm d')\na = b\n%%bash\nrm e\nrm f\n";
        let all: Vec<String> = steps(text).into_iter().map(|step| step.text).collect();
        assert_eq!(all, ["ls a", "rm b", "rm c", "rm d", "rm e\nrm f"]);
        assert!(steps("a = {'b': '!'}\nprint(a)").is_empty());
    }
}
