//! Debuggers: `gdb -ex 'shell rm x'`, `-x script`, `.gdbinit`; `lldb -o 'platform shell rm x'`.
//! Only what starts a program or another language is read.

use crate::classify::Context;
use crate::classify::sql::Started;
use crate::model::command::{Command, Stdin};
use crate::model::fact::Needs;

use super::texts::{Told, quoted, read};

pub(super) const DEBUGGERS: [&str; 6] = [
    "gdb",
    "lldb",
    "cgdb",
    "gdb-multiarch",
    "rust-gdb",
    "rust-lldb",
];
/// Options whose value is a command.
const COMMANDS: [&str; 14] = [
    "-ex",
    "--ex",
    "-iex",
    "--iex",
    "-eval-command",
    "--eval-command",
    "-init-eval-command",
    "--init-eval-command",
    "-o",
    "-O",
    "-k",
    "--one-line",
    "--one-line-before-file",
    "--one-line-on-crash",
];
/// Options whose value is a file of commands.
const FILES: [&str; 11] = [
    "-x",
    "--command",
    "-command",
    "-ix",
    "--init-command",
    "-init-command",
    "-s",
    "-S",
    "--source",
    "--source-before-file",
    "-K",
];
/// Files inside files.
const MAX_FILES: usize = 8;

/// Returns the shell lines of what a debugger is told.
pub(super) fn started(
    program: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Started> {
    let mut told: Vec<Told> = Vec::new();
    let mut files: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let text = super::shell_text(word);
        let (name, joined) = match text.split_once('=') {
            Some((name, value)) if text.starts_with('-') => {
                (name.to_owned(), Some(value.to_owned()))
            }
            _ => (text.clone(), None),
        };
        let mut value = || {
            joined
                .clone()
                .or_else(|| words.next().map(super::shell_text))
        };
        if COMMANDS.contains(&name.as_str()) {
            told.extend(value().map(|text| Told {
                text,
                origin: word.origin.clone(),
            }));
        } else if FILES.contains(&name.as_str()) && !(name == "-s" && program.contains("gdb")) {
            files.extend(value());
        } else if matches!(name.as_str(), "--args" | "-args")
            || name == "--" && program.contains("lldb")
        {
            let rest = words.by_ref().map(|word| quoted(&super::shell_text(word)));
            let line = rest.collect::<Vec<_>>().join(" ");
            lines.push(
                Told {
                    text: line.clone(),
                    origin: word.origin.clone(),
                }
                .line(line),
            );
        }
    }
    told_by_files(program, &mut files, command);
    if let Stdin::Text(word) = &command.stdin {
        told.push(Told {
            text: super::shell_text(word),
            origin: word.origin.clone(),
        });
    }
    for name in files.iter().take(MAX_FILES) {
        if name.ends_with(".py") {
            let line = format!("python3 {}", quoted(name));
            lines.push(Started {
                text: line,
                origin: command.origin.clone(),
            });
        } else {
            told.extend(read(name, command, context, needs));
        }
    }
    for one in &told {
        lines.extend(shells(&one.text).into_iter().map(|line| one.line(line)));
    }
    lines
}

/// Adds the file of commands that a debugger reads by itself.
fn told_by_files(program: &str, files: &mut Vec<String>, command: &Command) {
    if !command
        .args()
        .iter()
        .any(|word| matches!(word.plain(), Some("-nx" | "-n" | "--nx" | "-batch-silent")))
    {
        let own = if program.contains("gdb") {
            ".gdbinit"
        } else {
            ".lldbinit"
        };
        files.push(own.to_owned());
    }
}

fn shells(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match name {
            "shell" | "she" | "system" => all.push(rest.to_owned()),
            "platform" => all.extend(rest.strip_prefix("shell ").map(|rest| {
                rest.trim_start_matches("-h ")
                    .trim_start_matches("-- ")
                    .to_owned()
            })),
            "make" => all.push(line.to_owned()),
            // `pipe COMMAND | PROGRAM`
            "pipe" | "|" => all.extend(
                rest.split_once('|')
                    .map(|(_, program)| program.trim().to_owned()),
            ),
            "python" | "py" | "pi" | "python-interactive" | "script" if !rest.is_empty() => {
                all.push(format!("python3 -c {}", quoted(rest)));
            }
            "python" | "py" => {
                let body: Vec<&str> = lines
                    .by_ref()
                    .take_while(|line| line.trim() != "end")
                    .collect();
                all.push(format!("python3 -c {}", quoted(&body.join("\n"))));
            }
            _ => all.extend(line.strip_prefix('!').map(|rest| rest.trim().to_owned())),
        }
    }
    all.retain(|line| !line.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_start_a_program_become_lines() {
        for (text, wanted) in [
            ("shell rm -rf d", "rm -rf d"),
            ("!rm -rf d", "rm -rf d"),
            ("platform shell rm -rf d", "rm -rf d"),
            ("pipe info line | rm x", "rm x"),
            ("python import os", "python3 -c 'import os'"),
            ("python\nimport os\nend", "python3 -c 'import os'"),
        ] {
            assert_eq!(shells(text), [wanted], "{text}");
        }
        for text in ["info line main", "break rm", "delete 1", "run", "p shell"] {
            assert_eq!(shells(text), Vec::<String>::new(), "{text}");
        }
    }
}
