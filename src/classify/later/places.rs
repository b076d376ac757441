//! Files that are run by themselves: which they are by their path, and in which form they hold what runs.
//! Nothing here reads them.

use std::path::Path;

use crate::classify::files::place::lexical;
use crate::model::fact::Scene;

use super::clients::{self, Client};

/// How a file holds what it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A script: its first line may name the interpreter.
    Script,
    PowerShell,
    /// Lines of times and commands; `user` when a user stands between them.
    Cron {
        user: bool,
    },
    /// `ExecStart=` and its kin.
    Unit,
    /// What stands between `postrotate` and `endscript`.
    Logrotate,
    /// `RUN+="…"`.
    Udev,
    /// Lines of tmpfiles.d: a type, a path.
    Tmpfiles,
    /// `Exec=`.
    Desktop,
    /// `ProgramArguments`.
    Plist,
    /// `run:` and `script:` of a CI file.
    Steps,
    /// `"command": "…"` in JSON.
    Hooks,
    /// `notify = ["…"]` and `command = "…"` in TOML.
    Toml,
    /// `sh '…'` of a Jenkinsfile.
    Calls,
    /// A script of cmd.
    Batch,
    /// `run:` and `entry:` of files that git's hooks read.
    Entries,
    /// The start-up file of a client or a tool.
    Client(Client),
}

/// Where it will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    Here,
    /// On a machine that is made for the job and thrown away.
    Runner,
    /// The same, with services of the job beside it.
    ServedRunner,
    /// On a machine of the owner's that stays after the job.
    OwnRunner,
    /// Here, when somebody asks for something else: a small loss counts too.
    Unasked,
}

/// A kind of file that is run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub rule: &'static str,
    /// Who runs it, with an article.
    pub name: &'static str,
    pub form: Form,
    pub runs: Runs,
}

const fn here(rule: &'static str, name: &'static str, form: Form) -> Place {
    Place {
        rule,
        name,
        form,
        runs: Runs::Here,
    }
}

pub const CRONTAB: Place = here("later.crontab", "cron", Form::Cron { user: false });
const SYSTEM_CRONTAB: Place = here("later.crontab", "cron", Form::Cron { user: true });
const CRON_SCRIPT: Place = here("later.crontab", "cron", Form::Script);
const HOOK: Place = here("later.git-hook", "git", Form::Script);
const START: Place = here("later.shell-start", "every new shell", Form::Script);
const PROFILE: Place = here(
    "later.shell-start",
    "every new PowerShell",
    Form::PowerShell,
);
const BOOT: Place = here("later.service", "the start of the machine", Form::Script);
const UNIT: Place = here("later.service", "a service", Form::Unit);
const LOGROTATE: Place = here("later.crontab", "logrotate", Form::Logrotate);
const UDEV: Place = here("later.service", "udev", Form::Udev);
const TMPFILES: Place = here("later.service", "systemd-tmpfiles", Form::Tmpfiles);
const LOGIN: Place = here("later.service", "the next login", Form::Batch);
const DESKTOP: Place = here("later.service", "the next login", Form::Desktop);
const PLIST: Place = here("later.service", "launchd", Form::Plist);
const AGENT: Place = here("later.agent-state", "another agent or editor", Form::Hooks);
const CI: Place = Place {
    rule: "later.ci",
    name: "a CI runner",
    form: Form::Steps,
    runs: Runs::Runner,
};

const START_FILES: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".kshrc",
    ".mkshrc",
    ".xprofile",
    ".xinitrc",
    ".xsession",
    ".xsessionrc",
    ".envrc",
];

const START_PATHS: &[&str] = &[
    "/etc/profile",
    "/etc/bash.bashrc",
    "/etc/bashrc",
    "/etc/zshrc",
    "/etc/zsh/zshrc",
    "/etc/zsh/zshenv",
    "/etc/zsh/zprofile",
    "/etc/environment",
];

const CALLS: Place = Place {
    rule: "later.ci",
    name: "a CI runner",
    form: Form::Calls,
    // Machines of Jenkins stay after the job.
    runs: Runs::OwnRunner,
};
const ENTRIES: Place = here("later.git-hook", "git", Form::Entries);
const AGENT_TOML: Place = here("later.agent-state", "another agent or editor", Form::Toml);
/// What git, a scheduler or a package manager was told to run by its own command.
pub const TOLD: Place = here("later.git-hook", "git", Form::Script);
pub const SCHEDULED: Place = here("later.crontab", "the scheduler", Form::Script);
pub const LIFECYCLE: Place = here("later.agent-state", "the package manager", Form::Script);

/// Names of CI files without their ending; composite actions of GitHub run in whoever's job uses them.
const CI_NAMES: &[&str] = &[
    ".gitlab-ci",
    ".travis",
    ".drone",
    ".woodpecker",
    "azure-pipelines",
    "bitbucket-pipelines",
    "appveyor",
    ".appveyor",
    ".cirrus",
    "cloudbuild",
    "buildspec",
    "buildkite",
    "codefresh",
    "wercker",
    "action",
];
/// Beginnings and ends of names of which a project has several.
const CI_FRONTS: &[&str] = &[
    "azure-pipelines-",
    "azure-pipelines.",
    "buildspec-",
    "buildspec.",
];
const CI_ENDS: &[&str] = &[".gitlab-ci", ".azure-pipelines"];
/// Folders whose files are all of this kind.
const CI_FOLDERS: &[&str] = &[
    "/.github/workflows/",
    "/.gitea/workflows/",
    "/.forgejo/workflows/",
    "/.gitlab/ci/",
    "/.gitlab-ci/",
    "/.circleci/",
    "/.woodpecker/",
    "/.buildkite/",
    "/.semaphore/",
    "/.azure-pipelines/",
    "/.azuredevops/",
    "/.azure/pipelines/",
];

/// Files in which agents and editors keep commands that they run by themselves: folder and name.
const AGENT_FILES: &[(&str, &str)] = &[
    (".claude", "settings.json"),
    (".claude", "settings.local.json"),
    (".claude", "hooks.json"),
    (".cursor", "hooks.json"),
    (".cursor", "mcp.json"),
    (".gemini", "settings.json"),
    (".codex", "hooks.json"),
    (".claude", "mcp.json"),
    (".gemini", "mcp.json"),
    (".kiro", "mcp.json"),
    (".windsurf", "hooks.json"),
    (".vscode", "tasks.json"),
    (".vscode", "mcp.json"),
    (".devcontainer", "devcontainer.json"),
    (".kiro", "hooks.json"),
    ("hooks", "hooks.json"),
    (".augment", "settings.json"),
    (".factory", "settings.json"),
    (".qwen", "settings.json"),
    (".amazonq", "mcp.json"),
];

/// Tells what runs a file by itself, by its absolute path.
pub fn place(path: &Path, scene: &Scene) -> Option<Place> {
    let path = lexical(path);
    let text = path.to_str()?;
    let name = path.file_name()?.to_str()?;
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    system(text, name, folder)
        .or_else(|| of_repository(text, name, folder))
        .or_else(|| of_account(&path, text, name, folder, scene))
}

fn system(text: &str, name: &str, folder: &str) -> Option<Place> {
    if text == "/etc/crontab" || text.starts_with("/etc/cron.d/") {
        return Some(SYSTEM_CRONTAB);
    }
    if ["/var/spool/cron/", "/var/cron/tabs/"]
        .iter()
        .any(|dir| text.starts_with(dir))
    {
        return Some(CRONTAB);
    }
    if ["hourly", "daily", "weekly", "monthly"]
        .iter()
        .any(|when| text.starts_with(&format!("/etc/cron.{when}/")))
    {
        return Some(CRON_SCRIPT);
    }
    if START_PATHS.contains(&text) || text.starts_with("/etc/profile.d/") {
        return Some(START);
    }
    if text.starts_with("/etc/NetworkManager/dispatcher.d/")
        || text.starts_with("/etc/networkd-dispatcher/")
        || text.starts_with("/etc/network/if-")
        || text.starts_with("/etc/dhcp/dhclient-")
        || text.starts_with("/etc/update-motd.d/")
        || text.starts_with("/etc/acpi/")
        || text.starts_with("/lib/systemd/system-sleep/")
        || text.starts_with("/etc/ppp/ip-")
    {
        return Some(BOOT);
    }
    if text == "/etc/logrotate.conf" || text.starts_with("/etc/logrotate.d/") {
        return Some(LOGROTATE);
    }
    let rules = name.ends_with(".rules") && folder == "rules.d" && text.contains("/udev/");
    if rules {
        return Some(UDEV);
    }
    if text.contains("/tmpfiles.d/") && name.ends_with(".conf") {
        return Some(TMPFILES);
    }
    if text == "/etc/rc.local" || text.starts_with("/etc/init.d/") || text.starts_with("/etc/rc.d/")
    {
        return Some(BOOT);
    }
    let unit =
        name.ends_with(".service") || name.ends_with(".conf") && folder.ends_with(".service.d");
    if unit
        && text.contains("/systemd/")
        && (text.starts_with("/etc/")
            || text.starts_with("/usr/")
            || text.starts_with("/lib/")
            || text.starts_with("/run/"))
    {
        return Some(UNIT);
    }
    let launchd = matches!(folder, "LaunchAgents" | "LaunchDaemons");
    (launchd && name.ends_with(".plist")).then_some(PLIST)
}

fn of_repository(text: &str, name: &str, folder: &str) -> Option<Place> {
    let hooks =
        text.contains("/.git/hooks/") || text.contains("/.git/modules/") && folder == "hooks";
    if hooks && !name.ends_with(".sample") {
        return Some(HOOK);
    }
    if matches!(folder, ".husky" | ".githooks" | ".git-hooks") && !name.contains('.') {
        return Some(HOOK);
    }
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    if name.starts_with("Jenkinsfile")
        || name.ends_with(".Jenkinsfile")
        || name.ends_with(".jenkinsfile")
    {
        return Some(CALLS);
    }
    if matches!(
        name,
        ".pre-commit-config.yaml"
            | "lefthook.yml"
            | ".lefthook.yml"
            | "lefthook.yaml"
            | ".overcommit.yml"
    ) {
        return Some(ENTRIES);
    }
    (yaml && is_ci(text, name)).then_some(CI)
}

fn is_ci(text: &str, name: &str) -> bool {
    let stem = name.trim_end_matches(".yaml").trim_end_matches(".yml");
    CI_NAMES.contains(&stem)
        || CI_FRONTS.iter().any(|front| name.starts_with(front))
        || CI_ENDS.iter().any(|end| stem.ends_with(end))
        || CI_FOLDERS.iter().any(|folder| text.contains(folder))
}

fn of_account(path: &Path, text: &str, name: &str, folder: &str, scene: &Scene) -> Option<Place> {
    if name == ".envrc" {
        return Some(START);
    }
    if (folder, name) == (".codex", "config.toml") {
        return Some(AGENT_TOML);
    }
    if name == ".mcp.json"
        || name == "claude_desktop_config.json"
        || AGENT_FILES.contains(&(folder, name))
    {
        return Some(AGENT);
    }
    let lower = name.to_ascii_lowercase();
    let whole = text.to_ascii_lowercase().replace('\\', "/");
    if whole.contains("/start menu/programs/startup/") {
        return match lower.rsplit('.').next() {
            Some("bat" | "cmd") => Some(LOGIN),
            Some("ps1") => Some(Place {
                form: Form::PowerShell,
                ..LOGIN
            }),
            _ => None,
        };
    }
    if lower.ends_with("profile.ps1") && text.to_ascii_lowercase().contains("powershell") {
        return Some(PROFILE);
    }
    // In a folder of dotfiles such a name is only a copy; in a home it is read.
    let parent = path.parent();
    let home =
        parent.is_some_and(|parent| scene.home.as_deref() == Some(parent) || is_home(parent));
    if home && START_FILES.contains(&name)
        || name == "rc" && folder == ".ssh"
        || text == "/etc/ssh/sshrc"
        || matches!(name, "sitecustomize.py" | "usercustomize.py") && text.contains("/lib/python")
    {
        return Some(START);
    }
    if let Some(client) = clients::client(path, name, folder, home) {
        return Some(started(client));
    }
    if text.contains("/.config/systemd/user/") && name.ends_with(".service") {
        return Some(UNIT);
    }
    if text.contains("/.config/autostart/") && name.ends_with(".desktop") {
        return Some(DESKTOP);
    }
    let fish = text.contains("/.config/fish/") && name.ends_with(".fish");
    let config = text.contains("/.config/zsh/") && START_FILES.contains(&name);
    (fish || config).then_some(START)
}

const fn started(client: Client) -> Place {
    let name = match client {
        Client::Npm => "the package manager",
        Client::Git => "git",
        Client::Ssh | Client::Keys => "every connection of ssh",
        Client::Typed(_) | Client::Mysql => "every start of the client",
        Client::Tmux | Client::Lines(_) => "every start of the program",
    };
    // In its own folder an installation may clean up as it likes.
    let runs = match client {
        Client::Npm => Runs::OwnRunner,
        _ => Runs::Here,
    };
    Place {
        rule: "later.client-start",
        name,
        form: Form::Client(client),
        runs,
    }
}

fn is_home(folder: &Path) -> bool {
    let text = folder.to_string_lossy();
    let below = |root: &str| {
        text.strip_prefix(root)
            .is_some_and(|name| !name.is_empty() && !name.contains('/'))
    };
    text == "/root" || below("/home/") || below("/Users/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::Bench;

    #[test]
    fn files_that_run_by_themselves_are_told_from_files_that_look_like_them() {
        let bench = Bench::assumed();
        let rule = |path: &str| place(Path::new(path), &bench.scene).map(|place| place.rule);
        for (path, expected) in [
            ("/etc/crontab", "later.crontab"),
            ("/etc/cron.d/clean", "later.crontab"),
            ("/etc/cron.daily/clean", "later.crontab"),
            ("/home/ann/shop/.git/hooks/pre-commit", "later.git-hook"),
            ("/home/ann/shop/.husky/pre-push", "later.git-hook"),
            ("/home/ann/.bashrc", "later.shell-start"),
            ("/home/ann/shop/.envrc", "later.shell-start"),
            ("/etc/profile.d/x.sh", "later.shell-start"),
            ("/etc/systemd/system/x.service", "later.service"),
            ("/home/ann/.config/systemd/user/x.service", "later.service"),
            ("/Users/ann/Library/LaunchAgents/x.plist", "later.service"),
            ("/home/ann/shop/.github/workflows/ci.yml", "later.ci"),
            ("/home/ann/shop/.gitlab-ci.yml", "later.ci"),
            ("/home/ann/shop/.github/actions/x/action.yaml", "later.ci"),
            ("/home/ann/shop/.gitlab/ci/deploy.yml", "later.ci"),
            ("/home/ann/shop/azure-pipelines-nightly.yml", "later.ci"),
            ("/home/ann/shop/.cursor/hooks.json", "later.agent-state"),
        ] {
            assert_eq!(rule(path), Some(expected), "{path}");
        }
        for path in [
            "/home/ann/shop/clean.sh",
            "/home/ann/shop/hooks/pre-commit",
            "/home/ann/shop/.git/hooks/pre-commit.sample",
            "/home/ann/shop/dotfiles/.bashrc",
            "/home/ann/shop/deploy/x.service",
            "/home/ann/shop/docs/workflows/ci.yml",
            "/home/ann/shop/.github/dependabot.yml",
            "/home/ann/shop/src/action.ts",
            "/home/ann/shop/settings.json",
            "/home/ann/shop/.husky/_/husky.sh",
        ] {
            assert_eq!(rule(path), None, "{path}");
        }
    }
}
