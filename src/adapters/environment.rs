//! The one file that reads environment variables.
//! Every name that changes what backstop does is listed here.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Returns the value of a variable as the hook sees it (facts for classification).
pub fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

fn path(name: &str) -> Option<PathBuf> {
    let value = PathBuf::from(env::var_os(name)?);
    value.is_absolute().then_some(value)
}

/// `HOME`.
pub fn home() -> Option<PathBuf> {
    path("HOME")
}

/// `USER`, else `LOGNAME`: a label only, never proof of who acts.
pub fn user() -> Option<String> {
    env::var("USER").or_else(|_| env::var("LOGNAME")).ok()
}

/// `TMPDIR`.
pub fn tmpdir() -> Option<PathBuf> {
    path("TMPDIR")
}

/// State directory without `--state`: `$XDG_STATE_HOME/backstop`, else `~/.local/state/backstop`.
pub fn state_dir() -> Option<PathBuf> {
    path("XDG_STATE_HOME")
        .or_else(|| home().map(|home| home.join(".local/state")))
        .map(|dir| dir.join("backstop"))
}

/// Default of `backup_dir`: `$XDG_DATA_HOME/backstop/backups`, else `~/.local/share/backstop/backups`.
pub fn backup_dir() -> Option<PathBuf> {
    path("XDG_DATA_HOME")
        .or_else(|| home().map(|home| home.join(".local/share")))
        .map(|dir| dir.join("backstop/backups"))
}

/// Folder of the user's policy layer: `$XDG_CONFIG_HOME/backstop`, else `~/.config/backstop`.
pub fn config_dir() -> Option<PathBuf> {
    path("XDG_CONFIG_HOME")
        .or_else(|| home().map(|home| home.join(".config")))
        .map(|dir| dir.join("backstop"))
}

/// `DOCKER_HOST`: the engine that containers of a call are looked for in.
pub fn docker_host() -> Option<String> {
    env::var("DOCKER_HOST")
        .ok()
        .filter(|value| !value.is_empty())
}

/// `CONTAINER_HOST`: the same of Podman.
pub fn container_host() -> Option<String> {
    env::var("CONTAINER_HOST")
        .ok()
        .filter(|value| !value.is_empty())
}

/// `DOCKER_CONTEXT`: the name of the context that the Docker client uses.
pub fn docker_context() -> Option<String> {
    env::var("DOCKER_CONTEXT")
        .ok()
        .filter(|value| !value.is_empty())
}

/// `DOCKER_CONFIG`, else `~/.docker`: where the Docker client keeps its contexts.
pub fn docker_config() -> Option<PathBuf> {
    path("DOCKER_CONFIG").or_else(|| home().map(|home| home.join(".docker")))
}

/// `XDG_RUNTIME_DIR`, where a rootless Docker engine keeps its socket.
pub fn runtime_dir() -> Option<PathBuf> {
    path("XDG_RUNTIME_DIR")
}

/// `PGPASSWORD`, for what a human runs; the hook never takes it.
pub fn pgpassword() -> Option<String> {
    env::var("PGPASSWORD")
        .ok()
        .filter(|value| !value.is_empty())
}

/// `PGPASSFILE`, else `~/.pgpass`.
pub fn pgpass() -> Option<PathBuf> {
    path("PGPASSFILE").or_else(|| home().map(|home| home.join(".pgpass")))
}

/// `CLAUDE_CONFIG_DIR`: where Claude Code keeps its user settings instead of `~/.claude`.
pub fn claude_config_dir() -> Option<PathBuf> {
    path("CLAUDE_CONFIG_DIR")
}

/// `CLAUDE_PID`: the process of the agent session, as Claude Code names it in hooks and shells.
pub fn claude_pid() -> Option<u32> {
    env::var("CLAUDE_PID").ok()?.parse().ok()
}

/// `CLAUDE_CODE_SESSION_ID`: the agent session that this process runs in.
pub fn claude_session() -> Option<String> {
    env::var("CLAUDE_CODE_SESSION_ID").ok()
}

/// Text has to be plain: `NO_COLOR` is set and not empty, or `TERM` says that the terminal knows no escapes.
pub fn is_plain() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || is_dumb()
}

/// `TERM=dumb`, or no `TERM` at all: a terminal that prints escapes as they are.
pub fn is_dumb() -> bool {
    env::var_os("TERM").is_none_or(|value| value.is_empty() || value == "dumb")
}

/// `BACKSTOP_FAILPOINT`, read in test builds only.
#[cfg(any(debug_assertions, feature = "failpoints"))]
pub fn failpoints() -> Option<String> {
    env::var("BACKSTOP_FAILPOINT").ok()
}

/// Marks that agents leave in the environment of what they start, and whether an approval is refused on them.
///
/// Refused on: those that agents set for their own shells only. Recorded only: those that also stand in
/// terminals in which people type (IDE terminals), and names that people set themselves.
pub const AGENT_MARKS: &[(&str, bool)] = &[
    ("CLAUDE_CODE_CHILD_SESSION", true),
    ("CODEX_SANDBOX", true),
    ("CODEX_CI", true),
    ("CODEX_THREAD_ID", true),
    ("GEMINI_CLI", true),
    ("CURSOR_AGENT", true),
    ("OPENCODE", true),
    ("ANTIGRAVITY_AGENT", true),
    ("AUGMENT_AGENT", true),
    ("COPILOT_CLI", true),
    ("COPILOT_AGENT", true),
    ("CLAUDECODE", false),
    ("CLAUDE_CODE_SESSION_ID", false),
    ("CLAUDE_CODE_ENTRYPOINT", false),
    ("CLAUDE_CODE_SESSION_ATTENDED", false),
    ("CLAUDE_PID", false),
    ("AI_AGENT", false),
    ("CURSOR_TRACE_ID", false),
    ("GOOSE_PROVIDER", false),
    ("REPL_ID", false),
];

/// Returns the marks of `AGENT_MARKS` that are set and not empty, with whether an approval is refused on them.
pub fn agent_marks() -> Vec<(&'static str, bool)> {
    AGENT_MARKS
        .iter()
        .filter(|(name, _)| env::var_os(name).is_some_and(|value| !value.is_empty()))
        .copied()
        .collect()
}
