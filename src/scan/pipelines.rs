//! CI files and compose files: the commands of their jobs and services.
//! A service's command runs in its container; what it deletes is the container's own, apart from the mounts.

use std::collections::HashSet;

use crate::model::request::ShellKind;

use super::build::{Built, without_expressions};
use super::kinds::Ci;
use super::unit::Unit;
use super::yaml::{Node, Text};

/// Returns the commands of a CI file.
pub fn jobs(ci: Ci, documents: &[Node]) -> Vec<Unit> {
    let mut walk = Walk {
        ci,
        units: Vec::new(),
        seen: HashSet::new(),
    };
    for document in documents {
        walk.node(document, ShellKind::Posix);
    }
    walk.units
}

struct Walk {
    ci: Ci,
    units: Vec<Unit>,
    /// Texts that became units, with where they begin.
    seen: HashSet<(usize, String)>,
}

impl Walk {
    /// Walks the tree; its depth is bounded by the reader.
    fn node(&mut self, node: &Node, shell: ShellKind) {
        match node {
            Node::Text(_) => {}
            Node::List(items) => {
                for item in items {
                    self.node(item, shell);
                }
            }
            Node::Map(entries) => {
                let shell = named_shell(node).unwrap_or(shell);
                for (key, value) in entries {
                    let texts = value.leaves();
                    if let Some(own) = self.starts(key)
                        && !texts.is_empty()
                    {
                        self.unit(&texts, node, own.unwrap_or(shell));
                    }
                    self.node(value, shell);
                }
            }
        }
    }

    /// Tells whether a key holds commands, and of which shell when the key says so.
    fn starts(&self, key: &str) -> Option<Option<ShellKind>> {
        let posix = match self.ci {
            Ci::Github => key == "run",
            Ci::Gitlab => matches!(
                key,
                "script" | "before_script" | "after_script" | "pre_get_sources_script"
            ),
            Ci::Circle => matches!(key, "run" | "command"),
            Ci::Other => {
                matches!(
                    key,
                    "script"
                        | "before_script"
                        | "after_script"
                        | "install"
                        | "before_install"
                        | "after_success"
                        | "after_failure"
                        | "before_deploy"
                        | "after_deploy"
                        | "commands"
                        | "command"
                        | "cmds"
                        | "cmd"
                        | "run"
                        | "bash"
                        | "sh"
                        | "build_script"
                        | "test_script"
                        | "deploy_script"
                        | "before_build"
                        | "after_build"
                ) || key.ends_with("_script")
            }
        };
        let windows = matches!(key, "powershell" | "pwsh") && self.ci == Ci::Other;
        match (posix, windows) {
            (true, _) => Some(None),
            (_, true) => Some(Some(ShellKind::PowerShell)),
            (false, false) => None,
        }
    }

    fn unit(&mut self, texts: &[&Text], step: &Node, shell: ShellKind) {
        let mut all = Built::default();
        for text in texts {
            let plain = self.plain(&text.text);
            all.line(&Built::new(plain, text.map.clone()));
        }
        let language = step.get("shell").and_then(Node::text).unwrap_or_default();
        let all = match language.split_whitespace().next() {
            Some(program @ ("python" | "node" | "ruby" | "perl")) => {
                let option = if program == "python" { "-c" } else { "-e" };
                let mut out = Built::default();
                out.add(&format!("{program} {option} "), all.map.span(0, 0).0);
                out.quote(&all);
                out
            }
            _ => all,
        };
        // An alias repeats a text of the file; what stands there once is told once.
        let at = all.map.span(0, 0).0;
        if !all.text.trim().is_empty() && self.seen.insert((at, all.text.clone())) {
            self.units.push(Unit::shell(shell, all.text, all.map));
        }
    }

    /// Takes out what the service fills in before a shell sees the text.
    fn plain(&self, text: &str) -> String {
        match self.ci {
            Ci::Github => without_expressions(text, "${{", "}}"),
            Ci::Gitlab => without_expressions(text, "$[[", "]]"),
            Ci::Circle => {
                let text = without_expressions(text, "<<pipeline.", ">>");
                without_expressions(&text, "<< ", " >>")
            }
            Ci::Other => {
                let text = without_expressions(text, "${{", "}}");
                without_expressions(&text, "{{", "}}")
            }
        }
    }
}

/// Reads which shell a step, a job or a workflow names.
fn named_shell(node: &Node) -> Option<ShellKind> {
    let of_defaults = node
        .get("defaults")
        .and_then(|defaults| defaults.get("run"))
        .and_then(|run| run.get("shell"));
    let name = node.get("shell").or(of_defaults).and_then(Node::text);
    if let Some(name) = name {
        return Some(match name.split_whitespace().next().unwrap_or_default() {
            "pwsh" | "powershell" | "powershell.exe" => ShellKind::PowerShell,
            "cmd" | "cmd.exe" => ShellKind::Cmd,
            _ => ShellKind::Posix,
        });
    }
    let machine = node.get("runs-on").and_then(Node::text)?;
    machine
        .to_ascii_lowercase()
        .contains("windows")
        .then_some(ShellKind::PowerShell)
}

/// Returns the commands of a compose file's services.
pub fn services(documents: &[Node]) -> Vec<Unit> {
    let mut units = Vec::new();
    for document in documents {
        let Some(Node::Map(services)) = document.get("services") else {
            continue;
        };
        for (_, service) in services {
            units.extend(service_units(service));
        }
    }
    units
}

fn service_units(service: &Node) -> Vec<Unit> {
    let mounts = mounts(service);
    let mut commands: Vec<&Node> = ["command", "entrypoint"]
        .iter()
        .filter_map(|key| service.get(key))
        .collect();
    commands.extend(
        service
            .get("healthcheck")
            .and_then(|check| check.get("test")),
    );
    for key in ["post_start", "pre_stop"] {
        if let Some(Node::List(hooks)) = service.get(key) {
            commands.extend(hooks.iter().filter_map(|hook| hook.get("command")));
        }
    }
    commands
        .into_iter()
        .filter_map(|node| {
            let built = match node {
                Node::Text(text) => Built::new(text.text.replace("$$", "$"), text.map.clone())
                    .in_container("sh -c", &mounts),
                Node::List(_) => words(&node.leaves(), &mounts)?,
                Node::Map(_) => return None,
            };
            Some(Unit::shell(ShellKind::Posix, built.text, built.map).in_own_folder())
        })
        .collect()
}

fn words(texts: &[&Text], mounts: &[String]) -> Option<Built> {
    let all: Vec<Built> = texts
        .iter()
        .map(|text| Built::new(text.text.replace("$$", "$"), text.map.clone()))
        .collect();
    match all.first()?.text.as_str() {
        "NONE" => None,
        "CMD-SHELL" => Some(all.get(1)?.in_container("sh -c", mounts)),
        "CMD" => Some(Built::words_in_container(all.get(1..)?, mounts)),
        _ => Some(Built::words_in_container(&all, mounts)),
    }
}

/// Returns the mounts of a service as `source:target`.
fn mounts(service: &Node) -> Vec<String> {
    let Some(Node::List(volumes)) = service.get("volumes") else {
        return Vec::new();
    };
    volumes
        .iter()
        .filter_map(|volume| match volume {
            Node::Text(text) => text.text.contains(':').then(|| text.text.clone()),
            Node::Map(_) => {
                let kind = volume.get("type").and_then(Node::text);
                let source = volume.get("source").and_then(Node::text)?;
                let target = volume.get("target").and_then(Node::text)?;
                (kind != Some("tmpfs")).then(|| format!("{source}:{target}"))
            }
            Node::List(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::Asked;
    use crate::scan::yaml;

    fn texts(units: Vec<Unit>) -> Vec<String> {
        units
            .into_iter()
            .map(|unit| match unit.asked {
                Asked::Shell { text, .. } => text.trim_end().to_owned(),
                _ => String::new(),
            })
            .collect()
    }

    fn of(ci: Ci, text: &str) -> Vec<String> {
        texts(jobs(ci, &yaml::read(text).unwrap()))
    }

    #[test]
    fn the_commands_of_every_service_are_found() {
        let github = "on: push\njobs:\n  a:\n    steps:\n      - uses: x/y@v1\n      - run: make ${{ inputs.x }}\n        shell: bash\n";
        assert_eq!(of(Ci::Github, github), ["make ${E___________}"]);
        let gitlab =
            "default:\n  before_script: [a]\njob:\n  script:\n    - b\n    - - c\n      - d\n";
        assert_eq!(of(Ci::Gitlab, gitlab), ["a", "b\nc\nd"]);
        let circle = "jobs:\n  a:\n    steps:\n      - checkout\n      - run: b\n      - run:\n          name: x\n          command: c\n";
        assert_eq!(of(Ci::Circle, circle), ["b", "c"]);
        let task = "tasks:\n  a:\n    cmds:\n      - rm {{.X}}\n      - cmd: b\n      - task: c\n";
        assert_eq!(of(Ci::Other, task), ["rm ${E__}", "b"]);
    }

    #[test]
    fn what_an_alias_repeats_is_told_once() {
        let text = "x: &x [a, b]\none: {script: *x}\ntwo: {script: *x, after_script: [c]}\n";
        assert_eq!(of(Ci::Gitlab, text), ["a\nb", "c"]);
    }

    #[test]
    fn services_run_in_their_containers_with_their_mounts() {
        let text = "services:\n  db:\n    volumes: [data:/d, {type: tmpfs, target: /t}]\n    command: sh -c \"a $$X\"\n    healthcheck:\n      test: [CMD-SHELL, b]\n";
        assert_eq!(
            texts(services(&yaml::read(text).unwrap())),
            [
                "docker run --rm -v 'data:/d' image sh -c 'sh -c \"a $X\"'",
                "docker run --rm -v 'data:/d' image sh -c 'b'"
            ]
        );
    }
}
