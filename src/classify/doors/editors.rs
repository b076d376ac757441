//! What editors are told on the command line, in scripts and on their standard input: `vim -c '!rm x'`, `+'lua …'`, `ed <<< '!rm x'`.
//! Commands that start programs become shell lines; calls of functions are read with the other tongues.

use crate::classify::Context;
use crate::classify::sql::Started;
use crate::model::command::{Command, Stdin};
use crate::model::fact::Needs;
use crate::model::word::Word;

use super::texts::{Told, path, quoted, read};

/// Editors that take the commands of ex.
pub(super) const EDITORS: [&str; 13] = [
    "vim",
    "vi",
    "nvim",
    "ex",
    "view",
    "gvim",
    "mvim",
    "rvim",
    "rview",
    "vimdiff",
    "vim.tiny",
    "vim.basic",
    "vim.nox",
];
/// Options of one letter that take a value.
const VALUED: &str = "cSuUitTwWqr";
/// Scripts inside scripts.
const MAX_DEEP: usize = 3;
/// Commands of one call.
const MAX_COMMANDS: usize = 2_000;

/// What an editor is told.
#[derive(Default)]
pub(super) struct Talk {
    /// Commands of ex, in their order.
    pub commands: Vec<Told>,
    files: Vec<Word>,
}

/// Returns the shell lines of what an editor is told.
pub(super) fn started(
    program: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Started> {
    if matches!(program, "ed" | "red" | "gred") {
        return typed_to_ed(command);
    }
    let mut all = Vec::new();
    let mut emptied = false;
    let talk = talk(program, command, context, needs);
    for told in &talk.commands {
        for text in parts(&told.text) {
            emptied |= empties(text);
            if emptied && writes(text) {
                let files = talk.files.iter().map(|file| path(&file.shown(), false));
                let files: Vec<String> = files.collect();
                all.push(told.line(format!("truncate -s 0 -- {}", files.join(" "))));
                emptied = false;
            }
        }
        all.extend(
            shells(&told.text, 0)
                .into_iter()
                .map(|text| told.line(text)),
        );
    }
    all
}

/// Returns the commands of ex that an editor is given.
pub(super) fn talk(
    program: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Talk {
    let mut talk = Talk::default();
    let mut scripts: Vec<String> = Vec::new();
    let mut silent = program == "ex";
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let text = super::shell_text(word);
        let told = |text: &str| Told {
            text: text.to_owned(),
            origin: word.origin.clone(),
        };
        if text == "--cmd" {
            talk.commands.extend(words.next().map(told_of));
        } else if let Some(rest) = text.strip_prefix('+') {
            talk.commands.push(told(rest));
        } else if text == "--" {
            talk.files.extend(words.by_ref().cloned());
        } else if let Some(letters) = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
            silent |= letters.starts_with(['e', 'E']);
            let found = letters.char_indices().find(|(_, letter)| {
                VALUED.contains(*letter)
                    || *letter == 's' && !silent
                    || *letter == 'l' && program == "nvim"
            });
            let Some((at, letter)) = found else {
                continue;
            };
            let rest = letters.get(at + 1..).unwrap_or_default();
            let value = match rest {
                "" => words.next().map(told_of),
                rest => Some(told(rest)),
            };
            let Some(value) = value else { continue };
            match letter {
                'c' => talk.commands.push(value),
                'S' | 'u' | 's' | 'l' => scripts.push(value.text),
                _ => {}
            }
        } else if !text.starts_with("--") {
            talk.files.push(word.clone());
        }
    }
    for name in scripts
        .iter()
        .filter(|name| !matches!(name.as_str(), "NONE" | "NORC"))
    {
        sourced(name, 0, command, context, needs, &mut talk.commands);
    }
    if silent && let Stdin::Text(word) = &command.stdin {
        talk.commands.extend(lines(&told_of(word)));
    }
    let mut named = Vec::new();
    for told in &talk.commands {
        named.extend(parts(&told.text).filter_map(source_of));
    }
    for name in named {
        sourced(&name, 1, command, context, needs, &mut talk.commands);
    }
    talk
}

fn told_of(word: &Word) -> Told {
    Told {
        text: super::shell_text(word),
        origin: word.origin.clone(),
    }
}

fn lines(told: &Told) -> Vec<Told> {
    let lines = told.text.lines().take(MAX_COMMANDS);
    lines
        .map(|text| Told {
            text: text.to_owned(),
            origin: told.origin.clone(),
        })
        .collect()
}

/// Adds the commands of a script; a script of Lua is one command.
fn sourced(
    name: &str,
    depth: usize,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
    all: &mut Vec<Told>,
) {
    if depth > MAX_DEEP || all.len() > MAX_COMMANDS {
        return;
    }
    let Some(told) = read(name, command, context, needs) else {
        return;
    };
    if name.ends_with(".lua") {
        all.push(Told {
            text: format!("lua {}", told.text),
            origin: told.origin,
        });
        return;
    }
    let inner = lines(&told);
    let named: Vec<String> = inner
        .iter()
        .filter_map(|one| source_of(&one.text))
        .collect();
    all.extend(inner);
    for name in named {
        sourced(&name, depth + 1, command, context, needs, all);
    }
}

/// `source x.vim`, `luafile x.lua`.
fn source_of(text: &str) -> Option<String> {
    let (name, rest) = bare(text).split_once(char::is_whitespace)?;
    let name = name.trim_end_matches('!');
    matches!(name, "so" | "source" | "luafile" | "luaf" | "runtime").then(|| rest.trim().to_owned())
}

/// Takes the colon, modifiers and ranges off a command.
fn bare(text: &str) -> &str {
    const MODIFIERS: [&str; 12] = [
        "silent!",
        "silent",
        "sil!",
        "sil",
        "noautocmd",
        "noa",
        "keepalt",
        "keepjumps",
        "verbose",
        "unsilent",
        "confirm",
        "try",
    ];
    let mut text = text.trim_start().trim_start_matches(':').trim_start();
    while let Some(rest) = MODIFIERS
        .iter()
        .find_map(|one| text.strip_prefix(one))
        .filter(|rest| rest.starts_with([' ', '!', ':']))
    {
        text = rest.trim_start().trim_start_matches(':').trim_start();
    }
    let range = |c: char| c.is_ascii_digit() || "%.$,'<>+-".contains(c);
    let behind = text.trim_start_matches(range);
    // What only looks like a range is one where a command follows.
    if behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!') {
        behind
    } else {
        text
    }
}

/// Splits a line at its bars; the text behind `!` keeps them.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let whole = bare(text).starts_with('!') || text.contains('"') || text.contains('\'');
    text.split(move |c| c == '|' && !whole)
}

/// Returns the shell lines that a command of ex starts.
fn shells(text: &str, depth: usize) -> Vec<String> {
    let mut all = Vec::new();
    for part in parts(text) {
        let part = bare(part);
        if let Some(line) = part.strip_prefix('!') {
            all.push(line.trim_start_matches('!').trim().to_owned());
            continue;
        }
        let end = part
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(part.len());
        let (name, rest) = part.split_at_checked(end).unwrap_or((part, ""));
        let rest = rest.trim_start_matches('!').trim_start();
        let code = rest.strip_prefix('=').unwrap_or(rest).trim();
        match name {
            "r" | "read" | "w" | "write" | "e" | "edit" => {
                let line = part.get(end..).unwrap_or_default().trim_start();
                all.extend(line.strip_prefix('!').map(str::to_owned));
            }
            "terminal" | "term" | "ter" => all.push(rest.to_owned()),
            "exe" | "execute" | "exec" if depth < MAX_DEEP => {
                all.extend(shells(&strings(rest), depth + 1));
            }
            "py" | "py3" | "python" | "python3" | "pyx" | "pythonx" => {
                all.push(format!("python3 -c {}", quoted(code)));
            }
            "lua" => all.push(format!("lua -e {}", quoted(code))),
            "ruby" | "rub" => all.push(format!("ruby -e {}", quoted(code))),
            "perl" | "pe" => all.push(format!("perl -e {}", quoted(code))),
            "tcl" => all.push(format!("tclsh -c {}", quoted(code))),
            _ => {}
        }
    }
    all.retain(|line| !line.trim().is_empty());
    all
}

/// Returns the strings of an expression as one text, unknown where a name stands.
fn strings(text: &str) -> String {
    let mut all = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\'' => {
                while let Some(inner) = letters.next().filter(|inner| *inner != letter) {
                    match inner {
                        '\\' if letter == '"' => all.extend(letters.next()),
                        other => all.push(other),
                    }
                }
            }
            letter if letter.is_alphabetic() && !all.ends_with("$UNKNOWN") => {
                all.push_str("$UNKNOWN");
            }
            _ => {}
        }
    }
    all
}

/// `%d`, `1,$d`, `norm ggdG`: nothing of the text is left.
fn empties(text: &str) -> bool {
    let text = text.trim().trim_start_matches(':');
    let text = text
        .strip_prefix("silent! ")
        .or(text.strip_prefix("silent "))
        .unwrap_or(text);
    matches!(
        text,
        "%d" | "%d_"
            | "%d _"
            | "%delete"
            | "%delete _"
            | "1,$d"
            | ",d"
            | "0,$d"
            | "g/^/d"
            | "g/.*/d"
    ) || text.starts_with("norm") && (text.contains("ggdG") || text.contains("ggVGd"))
}

/// `w`, `wq`, `x`: what is left of the text goes to its file.
fn writes(text: &str) -> bool {
    let text = bare(text).trim().trim_end_matches('!');
    matches!(
        text,
        "w" | "wq"
            | "x"
            | "xit"
            | "wa"
            | "wqa"
            | "wqall"
            | "xa"
            | "xall"
            | "up"
            | "update"
            | "write"
            | "ZZ"
    )
}

/// `ed` runs what stands behind `!` in a shell; `r !CMD` and `w !CMD` likewise.
fn typed_to_ed(command: &Command) -> Vec<Started> {
    let Stdin::Text(word) = &command.stdin else {
        return Vec::new();
    };
    let told = told_of(word);
    let mut all = Vec::new();
    let mut emptied = false;
    // Lines of a text that is put in end with a dot.
    let mut inserts = false;
    for line in told.text.lines().take(MAX_COMMANDS) {
        if inserts {
            inserts = line != ".";
            continue;
        }
        let is_address = |c: char| c.is_ascii_digit() || ".$,;%+-".contains(c);
        let text = line.trim().trim_start_matches(is_address);
        inserts = matches!(text, "a" | "i" | "c");
        let shell = ["!", "r !", "w !", "e !", "r!", "w!"]
            .iter()
            .find_map(|front| text.strip_prefix(front));
        if let Some(shell) = shell.filter(|shell| !shell.trim().is_empty()) {
            all.push(told.line(shell.trim_start_matches('!').trim()));
        }
        emptied |= empties(line);
        if emptied && matches!(text, "w" | "wq") {
            let files = command.args().iter().map(Word::shown);
            let files = files.filter(|file| !file.starts_with('-'));
            let files: Vec<String> = files.map(|file| path(&file, false)).collect();
            all.push(told.line(format!("truncate -s 0 -- {}", files.join(" "))));
            emptied = false;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::classify::files::bench::{Bench, command};
    use crate::model::fact::Needs;

    use super::*;

    fn lines_of(words: &[&str]) -> Vec<String> {
        let bench = Bench::assumed();
        let program = words.first().copied().unwrap_or_default();
        started(
            program,
            &command(words),
            &bench.context(),
            &mut Needs::default(),
        )
        .into_iter()
        .map(|one| one.text)
        .collect()
    }

    #[test]
    fn commands_that_start_a_program_become_lines() {
        for (words, wanted) in [
            (&["ex", "-sc", "!rm -rf d", "-cx", "a.md"][..], "rm -rf d"),
            (
                &["vim", "-es", "-c", "silent! !rm -rf d", "-c", "qa!"],
                "rm -rf d",
            ),
            (&["vim", "+!rm -rf d", "+q"], "rm -rf d"),
            (&["vim", "-c", "r !rm -rf d"], "rm -rf d"),
            (&["vim", "-c", "w !sh x.sh"], "sh x.sh"),
            (&["vim", "-c", "%!rm x"], "rm x"),
            (&["vim", "-c", "exe '!rm ' . \"-rf d\""], "rm -rf d"),
            (
                &["nvim", "+lua os.remove('d')"],
                "lua -e 'os.remove('\\''d'\\'')'",
            ),
            (&["vim", "-c", "py3 import os"], "python3 -c 'import os'"),
            (&["nvim", "-c", "terminal rm -rf d"], "rm -rf d"),
            (
                &["vim", "-es", "-c", "%d|w", "a.db"],
                "truncate -s 0 -- a.db",
            ),
            (
                &["vim", "-c", "%d", "-c", "wq", "a.db"],
                "truncate -s 0 -- a.db",
            ),
        ] {
            assert_eq!(lines_of(words), [wanted], "{words:?}");
        }
    }

    #[test]
    fn other_commands_of_an_editor_start_nothing() {
        for words in [
            &["vim", "-c", "set nu", "a.md"][..],
            &["vim", "-es", "-c", "%s/rm/!rm/g", "-c", "wq", "a.md"],
            &["vim", "+42", "a.md"],
            &["vim", "-c", "g/x/d", "-c", "wq", "a.md"],
            &["vim", "-c", "%d", "-c", "q!", "a.md"],
            &["vim", "+/!rm -rf d", "a.md"],
            &["nvim", "--headless", "+qa"],
        ] {
            assert_eq!(lines_of(words), Vec::<String>::new(), "{words:?}");
        }
    }
}
