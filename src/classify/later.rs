//! What runs by itself later: crontabs, git hooks, `.envrc`, start-up files, units, CI files, judged where they are written.
//! An ordinary script that is written is none of these; it is judged when it is run.

use std::path::Path;

use crate::model::command::{Command, Cwd, Passage, Stdin, Wrapper};
use crate::model::finding::{Finding, Severity};
use crate::model::request::ShellKind;
use crate::model::span::Origin;
use crate::shell::unfold::unfold;

use super::doors::shell_text;
use super::{Context, FAMILIES, Needs};

/// A text that something runs later.
struct Later {
    text: String,
    origin: Option<Origin>,
    kind: Kind,
}

/// What will run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Crontab { user: bool },
    Hook,
    Envrc,
    StartUp,
    Unit,
    Ci,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Crontab { .. } => "crontab",
            Self::Hook => "git hook",
            Self::Envrc => ".envrc",
            Self::StartUp => "shell start-up file",
            Self::Unit => "systemd unit",
            Self::Ci => "CI file",
        }
    }
}

/// Returns what would be lost later by files that a command writes.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut all = Vec::new();
    for write in &command.writes {
        let (Some(path), Some(content)) = (
            write.file.text().or_else(|| Some(write.file.shown())),
            &write.content,
        ) else {
            continue;
        };
        if let Some(kind) = kind(&path, &command.cwd) {
            all.push(Later {
                text: shell_text(content),
                origin: Some(command.origin.clone()),
                kind,
            });
        }
    }
    all.extend(installed(command));
    judged(all, &command.via, context, needs)
}

/// Returns what would be lost later by the content of the Write and Edit tools.
pub fn asked(path: &Path, content: &str, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let Some(kind) = kind(
        &path.to_string_lossy(),
        &Cwd::Known(context.scene.cwd.clone()),
    ) else {
        return Vec::new();
    };
    let later = Later {
        text: content.to_owned(),
        origin: None,
        kind,
    };
    judged(vec![later], &[], context, needs)
}

/// Programs that take the text from standard input, or write it by their operands.
fn installed(command: &Command) -> Vec<Later> {
    let Stdin::Text(word) = &command.stdin else {
        return Vec::new();
    };
    let program = command.program().unwrap_or_default();
    let later = |kind| Later {
        text: shell_text(word),
        origin: Some(command.origin.clone()),
        kind,
    };
    match program.as_str() {
        "crontab" => {
            let looks = command
                .args()
                .iter()
                .any(|word| matches!(word.text().as_deref(), Some("-l" | "-r" | "-e")));
            if looks {
                Vec::new()
            } else {
                vec![later(Kind::Crontab { user: false })]
            }
        }
        "tee" => {
            let files = command
                .args()
                .iter()
                .filter(|word| !word.prefix().starts_with('-'));
            files
                .filter_map(|file| kind(&file.shown(), &command.cwd))
                .map(later)
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Tells what runs a file by itself, from where it lies and how it is called.
fn kind(path: &str, cwd: &Cwd) -> Option<Kind> {
    let full = match cwd {
        Cwd::Known(folder) if !path.starts_with(['/', '~', '$']) => {
            folder.join(path).to_string_lossy().into_owned()
        }
        _ => path.to_owned(),
    };
    let name = full.rsplit('/').next().unwrap_or_default();
    let within = |folder: &str| full.contains(folder);
    if within("/var/spool/cron") {
        return Some(Kind::Crontab { user: false });
    }
    if within("/etc/cron.d/") || full == "/etc/crontab" {
        return Some(Kind::Crontab { user: true });
    }
    if within("/etc/cron.") {
        return Some(Kind::StartUp);
    }
    if (within("/.git/hooks/") || within("/.husky/") || within("/.githooks/"))
        && !name.ends_with(".sample")
    {
        return Some(Kind::Hook);
    }
    if name == ".envrc" {
        return Some(Kind::Envrc);
    }
    const START_UP: [&str; 14] = [
        ".bashrc",
        ".bash_profile",
        ".bash_login",
        ".bash_logout",
        ".profile",
        ".zshrc",
        ".zshenv",
        ".zprofile",
        ".zlogin",
        ".zlogout",
        ".kshrc",
        "config.fish",
        "rc.local",
        ".xprofile",
    ];
    if START_UP.contains(&name)
        || within("/etc/profile")
        || within("/etc/bash.bashrc")
        || within("/etc/zsh/")
    {
        return Some(Kind::StartUp);
    }
    if [".service", ".timer", ".path"]
        .iter()
        .any(|end| name.ends_with(end))
        && within("systemd")
        || name.ends_with(".service")
    {
        return Some(Kind::Unit);
    }
    let ci = within("/.github/workflows/")
        || within("/.circleci/")
        || within("/.gitea/workflows/")
        || within("/.forgejo/workflows/")
        || matches!(
            name,
            ".gitlab-ci.yml"
                | "bitbucket-pipelines.yml"
                | "azure-pipelines.yml"
                | ".travis.yml"
                | ".drone.yml"
                | ".woodpecker.yml"
        );
    ci.then_some(Kind::Ci)
}

fn judged(
    list: Vec<Later>,
    via: &[Wrapper],
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut all = Vec::new();
    for later in list {
        let text = commands_of(&later.text, later.kind);
        if text.trim().is_empty() {
            continue;
        }
        let mut unfolding = unfold(ShellKind::Posix, &text, context.scene, context.facts, needs);
        for command in &mut unfolding.commands {
            let mut outer = via.to_vec();
            outer.push(Wrapper {
                name: later.kind.name().to_owned(),
                passage: Passage::Plain,
            });
            outer.append(&mut command.via);
            command.via = outer;
            if !matches!(later.kind, Kind::Hook | Kind::Envrc | Kind::Ci) {
                command.cwd = Cwd::Unknown;
            }
            command.writes.clear();
        }
        for command in &unfolding.commands {
            for family in FAMILIES {
                let mut found = family(command, context, needs);
                found.retain(|finding| counts(finding, later.kind));
                for finding in &mut found {
                    (finding.span, finding.file) =
                        later.origin.as_ref().map_or((None, None), super::place);
                }
                all.extend(found);
            }
        }
    }
    all
}

/// A hook that tidies up loses little; a runner of a CI is a machine of its own, with nothing on it to lose.
fn counts(finding: &Finding, kind: Kind) -> bool {
    let family = finding.rule.split('.').next().unwrap_or_default();
    let on_the_runner = matches!(
        family,
        "files" | "docker" | "git" | "code" | "system" | "opaque" | "own"
    );
    finding.severity >= Severity::High && !(kind == Kind::Ci && on_the_runner)
}

/// Returns the shell text in a file of this kind.
fn commands_of(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Hook | Kind::Envrc | Kind::StartUp => text.to_owned(),
        Kind::Crontab { user } => text
            .lines()
            .filter_map(|line| job(line, user))
            .collect::<Vec<_>>()
            .join("\n"),
        Kind::Unit => text.lines().filter_map(unit).collect::<Vec<_>>().join("\n"),
        Kind::Ci => steps(text),
    }
}

/// `*/5 * * * * [user] command`, `@daily command`.
fn job(line: &str, user: bool) -> Option<String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let fields = if line.starts_with('@') { 1 } else { 5 } + usize::from(user);
    let mut rest = line;
    for _ in 0..fields {
        rest = rest.trim_start().split_once(char::is_whitespace)?.1;
    }
    Some(rest.trim().to_owned())
}

/// `ExecStart=-/bin/sh -c '…'`.
fn unit(line: &str) -> Option<String> {
    let (key, value) = line.trim().split_once('=')?;
    key.trim().starts_with("Exec").then(|| {
        value
            .trim()
            .trim_start_matches(['-', '@', ':', '+', '!'])
            .to_owned()
    })
}

/// Values of `run:`, `script:` and the like, with the blocks and lists below them.
fn steps(text: &str) -> String {
    const KEYS: [&str; 6] = [
        "run",
        "script",
        "before_script",
        "after_script",
        "command",
        "commands",
    ];
    let mut all = String::new();
    let mut inside: Option<usize> = None;
    let mut listed = false;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let bare = line.trim_start();
        let item = bare.strip_prefix("- ").unwrap_or(bare);
        let key = item.split_once(':').filter(|(key, _)| KEYS.contains(key));
        if let Some((_, value)) = key {
            inside = Some(indent);
            listed = !bare.starts_with("- ");
            let value = value.trim();
            if !matches!(value, "" | "|" | ">" | "|-" | ">-" | "|+") {
                all.push_str(value.trim_matches('"'));
                all.push('\n');
            }
        } else if inside.is_some_and(|outer| {
            indent > outer || listed && bare.starts_with("- ") && indent == outer
        }) {
            all.push_str(item);
            all.push('\n');
        } else if !bare.is_empty() {
            inside = None;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_run_by_themselves_are_read() {
        let cwd = Cwd::Known("/srv/app".into());
        for (path, found) in [
            (".git/hooks/pre-commit", true),
            (".envrc", true),
            ("~/.bashrc", true),
            ("/etc/systemd/system/x.service", true),
            (".github/workflows/ci.yml", true),
            ("scripts/clean.sh", false),
            (".git/hooks/pre-commit.sample", false),
            ("docs/bashrc.md", false),
        ] {
            assert_eq!(kind(path, &cwd).is_some(), found, "{path}");
        }
    }

    #[test]
    fn jobs_units_and_steps_give_their_commands() {
        assert_eq!(
            job("*/5 * * * * rm -rf x", false).as_deref(),
            Some("rm -rf x")
        );
        assert_eq!(
            job("@daily root rm -rf x", true).as_deref(),
            Some("rm -rf x")
        );
        assert_eq!(job("# rm", false), None);
        assert_eq!(unit("ExecStart=-/bin/rm x").as_deref(), Some("/bin/rm x"));
        assert_eq!(
            steps("a:\n  - run: |\n      make\n      rm x\n  - uses: y\n"),
            "make\nrm x\n"
        );
        assert_eq!(steps("t:\n  script:\n    - make\n  stage: b\n"), "make\n");
    }
}
