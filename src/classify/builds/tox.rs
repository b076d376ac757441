//! `tox.ini`: the commands of the environments that are asked for.
//! What tox fills in is taken for its own folders; arguments of the call are left out.

use crate::classify::Context;
use crate::classify::sql::Started;
use crate::model::command::Command;
use crate::model::fact::Needs;

use super::Task;

/// What every environment has that says nothing else.
const BASE: &str = "testenv";

pub(super) fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let words = super::operands(command, &["-e", "-c", "-x", "--workdir", "--result-json"]);
    if words
        .iter()
        .any(|word| matches!(word.as_str(), "list" | "l" | "config" | "c" | "depends"))
    {
        return Vec::new();
    }
    let notest = [
        "--notest",
        "-l",
        "--listenvs",
        "-a",
        "--showconfig",
        "--help",
        "-h",
    ];
    if command
        .args()
        .iter()
        .any(|word| notest.contains(&word.prefix().as_str()))
    {
        return Vec::new();
    }
    let file = super::value(command, &["-c", "--conf"]);
    let names = [file.as_deref().unwrap_or("tox.ini"), "tox.ini"];
    let Some(source) = super::read(&names, command, context, needs) else {
        return Vec::new();
    };
    let (tasks, every) = environments(&source.text);
    let asked = super::value(command, &["-e"]);
    let asked = asked.map_or(every, |names| names.split(',').map(str::to_owned).collect());
    let known = |name: &String| tasks.iter().any(|task| task.name == *name);
    let wanted = asked
        .into_iter()
        .map(|name| if known(&name) { name } else { BASE.to_owned() })
        .collect();
    super::lines(&tasks, wanted, &source, command)
}

/// Reads the environments, and the names of those that run by themselves.
fn environments(text: &str) -> (Vec<Task>, Vec<String>) {
    let mut all: Vec<Task> = Vec::new();
    let mut every = vec![BASE.to_owned()];
    let mut section = "";
    let mut key = "";
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let from = at;
        at += line.len();
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = bare
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name;
            key = "";
            if let Some(name) = environment(name) {
                let name = name.to_owned();
                all.push(Task {
                    name,
                    ..Task::default()
                });
            }
            continue;
        }
        let mut body = bare;
        if !line.starts_with([' ', '\t']) {
            let Some((name, value)) = bare.split_once('=') else {
                continue;
            };
            (key, body) = (name.trim(), value.trim());
        }
        if section == "tox" && matches!(key, "envlist" | "env_list") {
            let names = body.split([',', ' ']).filter(|name| !name.is_empty());
            every.extend(names.map(str::to_owned));
        }
        let runs = matches!(key, "commands" | "commands_pre" | "commands_post");
        if runs && !body.is_empty() && environment(section).is_some() {
            let line = filled(body.trim_start_matches("- "));
            if let Some(task) = all.last_mut() {
                task.lines.push((from, line));
            }
        }
    }
    (all, every)
}

fn environment(section: &str) -> Option<&str> {
    match section.strip_prefix(BASE)? {
        "" => Some(BASE),
        rest => rest.strip_prefix(':'),
    }
}

/// Replaces what stands in braces.
fn filled(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((head, tail)) = rest.split_once('{') {
        out.push_str(head);
        let Some((name, after)) = tail.split_once('}') else {
            break;
        };
        let own = name.starts_with("env") && name.ends_with("dir")
            || name == "toxworkdir"
            || name == "work_dir";
        match name {
            "toxinidir" | "tox_root" => out.push('.'),
            "/" => out.push('/'),
            _ if own => out.push_str("/tmp/tox"),
            _ => {}
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_has_its_own_commands() {
        let text = "[tox]\nenvlist = py312, lint\n[testenv]\ncommands =\n  pytest {posargs}\n[testenv:wipe]\nallowlist_externals = rm\ncommands = - rm -rf {toxinidir}/data\n";
        let (tasks, every) = environments(text);
        assert_eq!(every, ["testenv", "py312", "lint"]);
        let lines: Vec<_> = tasks
            .iter()
            .map(|task| (task.name.as_str(), task.lines.clone()))
            .collect();
        let first = text.find("  pytest").unwrap_or_default();
        assert_eq!(
            lines.first(),
            Some(&("testenv", vec![(first, "pytest ".to_owned())]))
        );
        assert!(lines.get(1).is_some_and(|(name, lines)| *name == "wipe"
            && lines.iter().any(|(_, line)| line == "rm -rf ./data")));
    }
}
