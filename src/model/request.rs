//! One tool call as asked, after intake.
//! The nouns only: reading JSON is the intake room's work.

use std::path::PathBuf;

/// Which shell reads a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShellKind {
    /// bash or zsh: both readings count.
    Posix,
    PowerShell,
    Cmd,
}

/// What the call asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A text for a shell.
    Shell { kind: ShellKind, text: String },
    /// A file is written or edited in place.
    Write {
        path: PathBuf,
        content: String,
        edit: bool,
        /// Old and new stretches of an edit, in order, where the tool tells them.
        edits: Vec<(String, String)>,
    },
    /// SQL alone (`check --sql`).
    Sql {
        dialect: super::effect::Dialect,
        text: String,
    },
    /// A call of an MCP server: every string value with its JSON pointer.
    Mcp {
        server: String,
        tool: String,
        strings: Vec<(String, String)>,
    },
    /// Nothing that could lose data by itself (Read, Grep, …).
    Nothing,
}

/// Which hook event brought the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    PreToolUse,
    PostToolUse,
    PostToolUseFailure,
    SessionStart,
    ConfigChange,
    /// Any other event: no opinion.
    Other(String),
}

/// One tool call or hook event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    pub event: Event,
    pub tool: String,
    pub asked: Asked,
    /// `tool_input` as received, for MCP fingerprints and outcomes.
    pub input: serde_json::Value,
    pub cwd: Option<PathBuf>,
    pub session: Option<String>,
    pub tool_use_id: Option<String>,
    pub agent_id: Option<String>,
    pub permission_mode: Option<String>,
    pub scratchpad: Option<PathBuf>,
    /// ConfigChange: the file that changed.
    pub file_path: Option<PathBuf>,
    /// Any JSON value given as `id` (batch); echoed.
    pub id: serde_json::Value,
}
