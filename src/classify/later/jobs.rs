//! CI files as trees: the steps of their jobs, with the environment that each is given and where it runs.
//! A file that is no valid tree is left to the reader of lines.

use crate::classify::tree::{Node, read};

use super::texts::Task;

/// Variables that one step is given.
const MAX_GIVEN: usize = 200;

/// Stands in a step's text for a value that the CI system keeps: never the address of a job's own service.
pub const SECRET: &str = "CI_SECRET_";

/// Keys under which CI files hold shell text.
const STEP_KEYS: [&str; 20] = [
    "run",
    "script",
    "before_script",
    "after_script",
    "command",
    "commands",
    "bash",
    "sh",
    "cmd",
    "inlineScript",
    "install",
    "before_install",
    "after_install",
    "after_success",
    "after_failure",
    "before_deploy",
    "after_deploy",
    "before_build",
    "after_build",
    "pre_get_sources_script",
];
/// Keys under which they hold text of PowerShell.
const POWER_KEYS: [&str; 3] = ["powershell", "pwsh", "ps"];

/// Tells whether a CI file holds commands under a key.
pub fn holds_steps(key: &str) -> bool {
    STEP_KEYS.contains(&key) || POWER_KEYS.contains(&key) || key.ends_with("_script")
}

/// What a job's commands find around them.
#[derive(Clone, Debug, Default)]
struct Around {
    given: Vec<(String, String)>,
    /// The machine is the owner's own and stays after the job.
    kept: bool,
    /// Services run beside it.
    served: bool,
    shell: Option<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub task: Task,
    pub kept: bool,
    pub served: bool,
}

/// Returns the steps that run without a person; nothing when the text is no tree.
pub fn steps(text: &str) -> Option<Vec<Step>> {
    let documents = read(text).ok()?;
    if !documents.iter().any(|node| !matches!(node, Node::Text(_))) {
        return None;
    }
    let mut all = Vec::new();
    for document in &documents {
        // A part of a file, as an edit puts it in: the lines of some step.
        if let Node::List(items) = document
            && items.iter().all(|item| matches!(item, Node::Text(_)))
        {
            all.push(step(&document.texts(), &Around::default()));
        }
        if !by_hand_only(document) {
            walk(document, &Around::default(), &mut all);
        }
    }
    Some(all)
}

/// A workflow that only a person starts fires nothing by itself.
fn by_hand_only(document: &Node) -> bool {
    let events = document.get("on").map(Node::names).unwrap_or_default();
    !events.is_empty()
        && events
            .iter()
            .all(|event| matches!(*event, "workflow_dispatch" | "workflow_call"))
}

/// Walks the tree; its depth is bounded by the reader.
fn walk(node: &Node, around: &Around, all: &mut Vec<Step>) {
    match node {
        Node::Text(_) => {}
        Node::List(items) => {
            for item in items {
                walk(item, around, all);
            }
        }
        Node::Map(entries) => {
            let around = inside(node, around);
            all.extend(with_words(node).map(|line| step(&[line.as_str()], &around)));
            let host = over_ssh(node);
            for (key, value) in entries {
                let texts = value.texts();
                if let (Some(host), "with", Some(script)) =
                    (&host, key.as_str(), value.get("script"))
                {
                    let text = script.texts().join("\n").replace('\'', "'\\''");
                    let line = format!("ssh {host} '{text}'");
                    all.push(step(&[line.as_str()], &around));
                } else if POWER_KEYS.contains(&key.as_str()) && !texts.is_empty() {
                    let shell = Some("pwsh".to_owned());
                    let around = Around {
                        shell,
                        ..around.clone()
                    };
                    all.push(step(&texts, &around));
                } else if holds_steps(key) && !texts.is_empty() {
                    all.push(step(&texts, &around));
                } else {
                    walk(value, &around, all);
                }
            }
        }
    }
}

/// The machine that a step of `appleboy/ssh-action` works on.
fn over_ssh(node: &Node) -> Option<String> {
    let uses = node.get("uses").and_then(Node::text)?;
    let action = uses.split('@').next().unwrap_or_default();
    let known = action.ends_with("/ssh-action") || action.ends_with("/ssh-remote-commands");
    let host = node.get("with")?.get("host").and_then(Node::text)?;
    known.then(|| format!("\"{}\"", host.replace('"', "")))
}

/// A step of Cloud Build: the image is a program, `args` are its words.
fn with_words(node: &Node) -> Option<String> {
    let Some(Node::List(words)) = node.get("args") else {
        return None;
    };
    let image = node.get("name").and_then(Node::text)?;
    let own = image.rsplit('/').next().unwrap_or_default();
    let own = own.split([':', '@']).next().unwrap_or_default();
    let program = node.get("entrypoint").and_then(Node::text).unwrap_or(own);
    let words = words.iter().filter_map(Node::text);
    let quoted = |word: &str| format!("'{}'", word.replace('\'', "'\\''"));
    let line: Vec<String> = std::iter::once(program).chain(words).map(quoted).collect();
    Some(line.join(" "))
}

/// What a mapping adds for everything inside it.
fn inside(node: &Node, before: &Around) -> Around {
    let mut around = before.clone();
    for key in ["env", "environment", "variables", "secrets"] {
        match node.get(key) {
            Some(Node::Map(entries)) => {
                for (name, value) in entries {
                    around.give(name, value);
                }
            }
            // `secrets: [database_url]`: each becomes a variable of that name.
            Some(Node::List(items)) if key == "secrets" => {
                for name in items.iter().filter_map(Node::text) {
                    let name = name.to_ascii_uppercase();
                    around.set(&name, format!("\"${{{SECRET}{name}}}\""));
                }
            }
            _ => {}
        }
    }
    around.served |= node.get("services").is_some();
    if let Some(machine) = node.get("runs-on") {
        let names = match machine.get("labels") {
            Some(labels) => labels.names(),
            None => machine.names(),
        };
        around.kept = names.contains(&"self-hosted");
        if names.iter().any(|name| name.starts_with("windows")) {
            around.shell = Some("pwsh".to_owned());
        }
    }
    let default = node.get("defaults").and_then(|all| all.get("run"));
    let shell = node
        .get("shell")
        .or(default.and_then(|run| run.get("shell")));
    if let Some(shell) = shell.and_then(Node::text) {
        around.shell = shell.split_whitespace().next().map(str::to_owned);
    }
    around
}

impl Around {
    fn give(&mut self, name: &str, value: &Node) {
        match value {
            Node::Text(text) if text.contains("${{") => {
                self.set(name, format!("\"{}\"", filled(text).replace('"', "\\\"")));
            }
            Node::Text(text) => self.set(name, format!("'{}'", text.replace('\'', "'\\''"))),
            Node::Map(_) if value.get("from_secret").is_some() => {
                self.set(name, format!("\"${{{SECRET}{name}}}\""));
            }
            Node::Map(_) | Node::List(_) => {}
        }
    }

    fn set(&mut self, name: &str, value: String) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if self.given.len() < MAX_GIVEN && !name.is_empty() && name.chars().all(plain) {
            self.given.retain(|(known, _)| known != name);
            self.given.push((name.to_owned(), value));
        }
    }
}

fn step(texts: &[&str], around: &Around) -> Step {
    let lines: Vec<String> = texts.iter().map(|text| filled(text)).collect();
    let body = lines.join("\n");
    let task = match around.shell.as_deref() {
        Some("pwsh" | "powershell") => Task::PowerShell(body),
        Some("cmd") => Task::Cmd(body),
        Some(interpreter @ ("python" | "node" | "ruby" | "perl")) => Task::Code {
            interpreter: interpreter.to_owned(),
            text: body,
        },
        _ => {
            let used = around
                .given
                .iter()
                .filter(|(name, _)| body.contains(name.as_str()) || is_read_unsaid(name));
            let mut text: String = used
                .map(|(name, value)| format!("export {name}={value}\n"))
                .collect();
            text.push_str(&body);
            Task::Shell(text)
        }
    };
    Step {
        task,
        kept: around.kept,
        served: around.served,
    }
}

/// Variables that clients read although no command names them.
pub fn is_read_unsaid(name: &str) -> bool {
    matches!(
        name,
        "PGHOST"
            | "PGHOSTADDR"
            | "PGSERVICE"
            | "PGDATABASE"
            | "PGPORT"
            | "MYSQL_HOST"
            | "REDISCLI_URI"
            | "DATABASE_URL"
            | "DIRECT_URL"
            | "DB_HOST"
            | "DB_URL"
            | "SUPABASE_DB_URL"
            | "MONGODB_URI"
            | "CLICKHOUSE_HOST"
            | "DATABASE_HOST"
            | "DOCKER_HOST"
    )
}

/// Writes expressions of the CI system as what a shell reads.
fn filled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        out.push_str(before);
        let Some((expression, tail)) = after.split_once("}}") else {
            out.push_str("${{");
            rest = after;
            break;
        };
        out.push_str(&value(expression.trim()));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn value(expression: &str) -> String {
    let named = |front: &str| -> Option<String> {
        let at = expression.find(front)?;
        let name = expression.get(at + front.len()..)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name: String = name.chars().take_while(|c| plain(*c)).collect();
        (!name.is_empty()).then_some(name)
    };
    if let Some(name) = named("secrets.").or_else(|| named("vars.")) {
        return format!("${{{SECRET}{name}}}");
    }
    if let Some(name) = named("env.").filter(|_| expression.starts_with("env.")) {
        return format!("${{{name}}}");
    }
    match expression {
        "github.workspace" => ".".to_owned(),
        "runner.temp" => "/tmp/runner".to_owned(),
        _ => "${CI_VALUE}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Vec<(String, bool)> {
        let step = |step: Step| match step.task {
            Task::Shell(text)
            | Task::PowerShell(text)
            | Task::Cmd(text)
            | Task::Code { text, .. } => (text.trim().to_owned(), step.kept),
        };
        steps(text).unwrap().into_iter().map(step).collect()
    }

    #[test]
    fn flow_style_and_json_give_the_same_steps_as_blocks() {
        let block = "on: push\njobs:\n  a:\n    steps:\n      - run: make x\n";
        let flow = "on: push\njobs: {a: {steps: [{run: 'make x'}]}}\n";
        let json = r#"{"on": ["push"], "jobs": {"a": {"steps": [{"run": "make x"}]}}}"#;
        for text in [block, flow, json] {
            assert_eq!(shell(text), [("make x".to_owned(), false)], "{text}");
        }
        let by_hand = "on: {workflow_dispatch: {}}\njobs: {a: {steps: [{run: x}]}}";
        assert_eq!(shell(by_hand), []);
    }

    #[test]
    fn what_the_ci_system_keeps_is_told_from_other_values() {
        let text = "jobs:\n  a:\n    runs-on: [self-hosted, linux]\n    env:\n      U: ${{ secrets.URL }}\n    steps:\n      - run: psql \"$U\" ${{ matrix.x }}\n";
        assert_eq!(
            shell(text),
            [(
                "export U=\"${CI_SECRET_URL}\"\npsql \"$U\" ${CI_VALUE}".to_owned(),
                true
            )]
        );
    }
}
