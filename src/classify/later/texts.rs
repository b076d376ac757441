//! Takes out of a file what it would run: lines of cron, `ExecStart=`, `run:` steps, commands in JSON.
//! It judges nothing, and what it cannot read it leaves out.

use super::clients;
use super::jobs::holds_steps;
use super::places::Form;
use super::system;

/// One thing that is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    Shell(String),
    PowerShell(String),
    Cmd(String),
    Code { interpreter: String, text: String },
}

/// Returns what a text of this form would run.
pub fn tasks(form: Form, text: &str) -> Vec<Task> {
    match form {
        Form::Script => vec![script(text)],
        Form::Batch => vec![Task::Cmd(text.replace('\r', ""))],
        Form::PowerShell => vec![Task::PowerShell(text.to_owned())],
        Form::Cron { user } => text
            .lines()
            .filter_map(|line| cron(line, user))
            .map(Task::Shell)
            .collect(),
        Form::Unit => settings(text, |key| key.starts_with("Exec")),
        Form::Desktop => settings(text, |key| key == "Exec"),
        Form::Logrotate => shells(system::logrotate(text)),
        Form::Udev => shells(system::udev(text)),
        Form::Tmpfiles => shells(system::tmpfiles(text)),
        Form::Plist => plist(text),
        Form::Steps => steps(text),
        Form::Hooks => hooks(text),
        Form::Toml => toml(text),
        Form::Calls => calls(text),
        Form::Entries => entries(text),
        Form::Client(client) => clients::tasks(client, text),
    }
}

fn shells(texts: Vec<String>) -> Vec<Task> {
    texts.into_iter().map(Task::Shell).collect()
}

/// A script in the language that its first line names; without one it is the shell's.
fn script(text: &str) -> Task {
    const CODE: [&str; 6] = ["python", "node", "ruby", "perl", "php", "deno"];
    let first = text.lines().next().unwrap_or_default();
    let named = first.strip_prefix("#!").map(|line| {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or_default();
        if program == "env" {
            words
                .find(|word| !word.starts_with('-'))
                .unwrap_or_default()
                .to_owned()
        } else {
            program.to_owned()
        }
    });
    match named {
        Some(name) if name == "pwsh" => Task::PowerShell(text.to_owned()),
        Some(name) if CODE.iter().any(|code| name.starts_with(code)) => Task::Code {
            interpreter: name,
            text: text.to_owned(),
        },
        _ => Task::Shell(text.to_owned()),
    }
}

/// Takes the command out of a line of a crontab.
fn cron(line: &str, user: bool) -> Option<String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let fields = if line.starts_with('@') { 1 } else { 5 };
    if fields == 5 && !line.starts_with(|c: char| c.is_ascii_digit() || c == '*') {
        return None;
    }
    let mut rest = line;
    for _ in 0..fields + usize::from(user) {
        let at = rest.find(char::is_whitespace)?;
        rest = rest.get(at..)?.trim_start();
    }
    // An unescaped `%` ends the command; what follows is its input.
    let mut command = String::new();
    let mut escaped = false;
    for c in rest.chars() {
        match c {
            '%' if escaped => {
                command.pop();
                command.push('%');
            }
            '%' => break,
            other => command.push(other),
        }
        escaped = c == '\\';
    }
    (!command.is_empty()).then_some(command)
}

/// Takes the values of some keys out of a file of `Key=value` lines.
fn settings(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<Task> {
    let joined = text.replace("\\\n", " ");
    let value = |line: &str| {
        let (key, value) = line.trim().split_once('=')?;
        let value = value.trim_start_matches(['-', '@', '+', '!', ':']).trim();
        (wanted(key.trim()) && !value.is_empty()).then(|| Task::Shell(value.to_owned()))
    };
    joined.lines().filter_map(value).collect()
}

/// Takes the program's words out of a property list.
fn plist(text: &str) -> Vec<Task> {
    let Some((_, rest)) = text.split_once("<key>ProgramArguments</key>") else {
        return Vec::new();
    };
    let array = rest.split("</array>").next().unwrap_or_default();
    let words: Vec<String> = array
        .split("<string>")
        .skip(1)
        .filter_map(|part| part.split("</string>").next())
        .map(|word| {
            let word = word
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&amp;", "&");
            format!("'{}'", word.replace('\'', "'\\''"))
        })
        .collect();
    if words.is_empty() {
        Vec::new()
    } else {
        vec![Task::Shell(words.join(" "))]
    }
}

/// Takes the shell steps out of a CI file that is not started by hand only.
fn steps(text: &str) -> Vec<Task> {
    if by_hand_only(text) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let bare = line.trim_start().trim_start_matches("- ").trim_start();
        let Some((key, value)) = bare.split_once(':') else {
            continue;
        };
        if !holds_steps(key.trim()) {
            continue;
        }
        let indent = line.len() - bare.len();
        let value = value.trim();
        let block = value.is_empty() || value.starts_with(['|', '>', '#']);
        if !block {
            all.push(Task::Shell(unquoted(value)));
            continue;
        }
        let outer = line.len() - line.trim_start().len();
        let mut body = String::new();
        while let Some(next) = lines.get(at) {
            let deep = next.len() - next.trim_start().len();
            let item = next.trim_start().starts_with("- ");
            let inside = deep > outer.min(indent) || (item && deep == outer);
            if !next.trim().is_empty() && !inside {
                break;
            }
            let content = next.trim_start();
            let content = if value.starts_with(['|', '>']) {
                content.to_owned()
            } else {
                unquoted(content.strip_prefix("- ").unwrap_or(content))
            };
            body.push_str(&content);
            body.push('\n');
            at += 1;
        }
        all.push(Task::Shell(body));
    }
    all
}

/// A workflow that only a person starts fires nothing by itself.
fn by_hand_only(text: &str) -> bool {
    const BY_ITSELF: [&str; 8] = [
        "push",
        "pull_request",
        "schedule",
        "release",
        "issues",
        "issue_comment",
        "workflow_run",
        "merge_group",
    ];
    let mut on = text.split("\non:");
    let before = on.next().unwrap_or_default();
    let head = match on.next() {
        Some(head) => head,
        None => match before.strip_prefix("on:") {
            Some(head) => head,
            None => return false,
        },
    };
    let head = head.split("\njobs:").next().unwrap_or_default();
    head.contains("workflow_dispatch") && !BY_ITSELF.iter().any(|event| head.contains(event))
}

fn unquoted(value: &str) -> String {
    let inner = |quote: char| {
        value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    match (inner('"'), inner('\'')) {
        (Some(text), _) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        (None, Some(text)) => text.replace("''", "'"),
        (None, None) => value.to_owned(),
    }
}

/// Takes every `"command": "…"` out of a text of JSON, or of a part of one.
fn hooks(text: &str) -> Vec<Task> {
    const KEYS: [&str; 9] = [
        "command",
        "initializeCommand",
        "updateContentCommand",
        "postAttachCommand",
        "bash",
        "powershell",
        "postCreateCommand",
        "postStartCommand",
        "onCreateCommand",
    ];
    let mut all = Vec::new();
    for key in KEYS {
        let quoted = format!("\"{key}\"");
        for (at, _) in text.match_indices(&quoted) {
            let rest = text
                .get(at + quoted.len()..)
                .unwrap_or_default()
                .trim_start();
            let Some(value) = rest.strip_prefix(':') else {
                continue;
            };
            let mut values = serde_json::Deserializer::from_str(value).into_iter::<String>();
            if let Some(Ok(command)) = values.next() {
                all.push(Task::Shell(with_arguments(command, value)));
            }
        }
    }
    all
}

/// A program's arguments stand in a list beside it: `"command": "sh", "args": ["-c", "…"]`.
fn with_arguments(command: String, after: &str) -> String {
    let object = after.split('}').next().unwrap_or_default();
    let list = object
        .split_once("\"args\"")
        .and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    let mut lists =
        serde_json::Deserializer::from_str(list.unwrap_or_default()).into_iter::<Vec<String>>();
    match lists.next() {
        Some(Ok(words)) if !command.contains(' ') => line(std::iter::once(command).chain(words)),
        _ => command,
    }
}

fn line(words: impl Iterator<Item = String>) -> String {
    let quoted: Vec<String> = words
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
        .collect();
    quoted.join(" ")
}

/// Takes what an agent's TOML starts: `notify = ["sh", "-c", "…"]`, `command = "sh"` with `args = […]`.
fn toml(text: &str) -> Vec<Task> {
    let value = |line: &str, wanted: &str| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == wanted).then(|| value.trim().to_owned())
    };
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).ok();
    let mut all = Vec::new();
    let mut program: Option<String> = None;
    for row in text.lines() {
        if let Some(words) = value(row, "notify").and_then(|text| list(&text)) {
            all.push(Task::Shell(line(words.into_iter())));
        }
        if let Some(command) = value(row, "command") {
            all.extend(program.take().map(Task::Shell));
            program = Some(unquoted(&command));
        }
        if let Some(words) = value(row, "args").and_then(|text| list(&text))
            && let Some(command) = program.take()
        {
            all.push(Task::Shell(line(std::iter::once(command).chain(words))));
        }
    }
    all.extend(program.map(Task::Shell));
    all
}

/// Takes the texts of `sh '…'`, `bat "…"` and `powershell '…'` out of a Jenkinsfile.
fn calls(text: &str) -> Vec<Task> {
    let mut all = Vec::new();
    for (name, power) in [
        ("sh", false),
        ("bat", false),
        ("powershell", true),
        ("pwsh", true),
    ] {
        for (at, _) in text.match_indices(name) {
            let before = text.get(..at).and_then(|head| head.chars().next_back());
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/')) {
                continue;
            }
            let rest = text.get(at + name.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches([' ', '(']);
            let rest = rest.strip_prefix("script:").map_or(rest, str::trim_start);
            let Some(inner) = quoted_text(rest) else {
                continue;
            };
            all.push(if power {
                Task::PowerShell(inner)
            } else {
                Task::Shell(inner)
            });
        }
    }
    all
}

/// Returns the string of Groovy that a text begins with.
fn quoted_text(text: &str) -> Option<String> {
    for close in ["'''", "\"\"\"", "'", "\""] {
        if let Some(rest) = text.strip_prefix(close) {
            return rest.split(close).next().map(str::to_owned);
        }
    }
    None
}

/// Takes the commands out of files that git's hooks read.
fn entries(text: &str) -> Vec<Task> {
    let values = text.lines().filter_map(|line| {
        let bare = line.trim_start().trim_start_matches("- ");
        let (key, value) = bare.split_once(':')?;
        let value = value.trim();
        let counts = matches!(key.trim(), "entry" | "run" | "command");
        (counts && !value.is_empty() && !value.starts_with(['|', '>']))
            .then(|| Task::Shell(unquoted(value)))
    });
    let mut all: Vec<Task> = values.collect();
    all.extend(steps(text));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(form: Form, text: &str) -> Vec<String> {
        tasks(form, text)
            .into_iter()
            .map(|task| match task {
                Task::Shell(text)
                | Task::PowerShell(text)
                | Task::Cmd(text)
                | Task::Code { text, .. } => text.trim().to_owned(),
            })
            .collect()
    }

    #[test]
    fn lines_of_cron_give_their_commands() {
        let text =
            "# c\nPATH=/bin\n0 3 * * * rm -rf /data\n@daily date +\\%F\n*/5 * * * * cat%in\n";
        assert_eq!(
            shell(Form::Cron { user: false }, text),
            ["rm -rf /data", "date +%F", "cat"]
        );
        assert_eq!(
            shell(Form::Cron { user: true }, "0 3 * * * root rm -rf /data"),
            ["rm -rf /data"]
        );
    }

    #[test]
    fn services_and_property_lists_give_their_programs() {
        let unit =
            "[Service]\nExecStartPre=-/bin/rm -rf \\\n /data\nUser=x\nExecStart=/usr/bin/app\n";
        assert_eq!(shell(Form::Unit, unit).len(), 2);
        let plist = "<key>ProgramArguments</key><array><string>sh</string><string>-c</string><string>rm -rf /data</string></array>";
        assert_eq!(shell(Form::Plist, plist), ["'sh' '-c' 'rm -rf /data'"]);
    }

    #[test]
    fn steps_of_ci_are_taken_by_their_keys_only() {
        let text = "name: rm -rf /\non: [push]\njobs:\n  a:\n    steps:\n      - run: make\n      - name: x\n        run: |\n          terraform destroy\n          echo\n      - uses: a/b\n";
        assert_eq!(
            shell(Form::Steps, text),
            ["make", "terraform destroy\necho"]
        );
        let gitlab = "test:\n  script:\n    - make\n    - 'kubectl delete ns a'\n  only: [main]\n";
        assert_eq!(shell(Form::Steps, gitlab), ["make\nkubectl delete ns a"]);
        let by_hand =
            "on:\n  workflow_dispatch:\njobs:\n  a:\n    steps:\n      - run: terraform destroy\n";
        assert_eq!(shell(Form::Steps, by_hand).len(), 0);
    }

    #[test]
    fn commands_in_json_are_found_in_parts_of_it_too() {
        assert_eq!(
            shell(
                Form::Hooks,
                r#"{"hooks": [{"command": "rm -rf \"/data\""}]}"#
            ),
            ["rm -rf \"/data\""]
        );
        assert_eq!(shell(Form::Hooks, r#""command": "ls", "x""#), ["ls"]);
        assert_eq!(shell(Form::Hooks, r#"{"command": ["a"]}"#).len(), 0);
    }
}
