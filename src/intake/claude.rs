//! Hook JSON of Claude Code (and of `check --hook`, `check --batch`) as a tool call.
//! Unknown fields are ignored; whatever decides the call must be readable, or there is no call.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::model::request::{Asked, Event, ShellKind, ToolCall};

use super::strict;

/// Why a payload cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IntakeError {
    #[error("the hook input cannot be read: {0}")]
    Json(String),
    #[error("the hook input is not a JSON object")]
    NotAnObject,
    #[error("the hook input has no readable `hook_event_name`")]
    NoEvent,
    #[error("the hook input has no readable `tool_name`")]
    NoTool,
    #[error("`tool_input` of {tool} has no readable `{field}`")]
    NoField { tool: String, field: &'static str },
}

/// Which fields may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A hook call: the event has to be named.
    Hook,
    /// `check --hook` and `--batch`: a missing event means PreToolUse.
    Check,
}

/// Most string values of an MCP call that are looked at; beyond that the call is refused.
const MCP_STRINGS: usize = 20_000;

/// Reads one hook payload.
///
/// # Errors
/// Returns why the payload cannot be read; the caller blocks the call.
///
/// ```
/// use backstop::intake::{Strictness, read};
/// let call = read(br#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"}}"#, Strictness::Hook);
/// assert_eq!(call.unwrap().tool, "Bash");
/// ```
pub fn read(bytes: &[u8], strictness: Strictness) -> Result<ToolCall, IntakeError> {
    let value = strict::document(bytes).map_err(IntakeError::Json)?;
    let Value::Object(map) = value else {
        return Err(IntakeError::NotAnObject);
    };
    call(map, strictness)
}

/// Reads the fields of one payload.
pub(super) fn call(
    mut map: Map<String, Value>,
    strictness: Strictness,
) -> Result<ToolCall, IntakeError> {
    let event = event(map.get("hook_event_name"), strictness)?;
    let input = map.remove("tool_input").unwrap_or(Value::Null);
    let has_tool = matches!(
        event,
        Event::PreToolUse | Event::PostToolUse | Event::PostToolUseFailure
    );
    let tool = match text(&map, "tool_name") {
        Some(tool) if !tool.is_empty() => tool,
        _ if has_tool => return Err(IntakeError::NoTool),
        _ => String::new(),
    };
    let asked = if has_tool {
        asked(&tool, &input)?
    } else {
        Asked::Nothing
    };
    Ok(ToolCall {
        event,
        asked,
        tool,
        input,
        cwd: text(&map, "cwd").map(PathBuf::from),
        session: text(&map, "session_id"),
        tool_use_id: text(&map, "tool_use_id"),
        agent_id: text(&map, "agent_id"),
        permission_mode: text(&map, "permission_mode"),
        scratchpad: text(&map, "scratchpad_dir").map(PathBuf::from),
        file_path: text(&map, "file_path").map(PathBuf::from),
        id: map.remove("id").unwrap_or(Value::Null),
    })
}

fn text(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn event(value: Option<&Value>, strictness: Strictness) -> Result<Event, IntakeError> {
    Ok(match (value, strictness) {
        (Some(Value::String(name)), _) => match name.as_str() {
            "PreToolUse" => Event::PreToolUse,
            "PostToolUse" => Event::PostToolUse,
            "PostToolUseFailure" => Event::PostToolUseFailure,
            "SessionStart" => Event::SessionStart,
            "ConfigChange" => Event::ConfigChange,
            "" => return Err(IntakeError::NoEvent),
            other => Event::Other(other.to_owned()),
        },
        (None, Strictness::Check) => Event::PreToolUse,
        (Some(_) | None, _) => return Err(IntakeError::NoEvent),
    })
}

/// Says what a tool asks for.
fn asked(tool: &str, input: &Value) -> Result<Asked, IntakeError> {
    let field = |name: &'static str| {
        let value = input.get(name).and_then(Value::as_str);
        value.map(str::to_owned).ok_or(IntakeError::NoField {
            tool: tool.to_owned(),
            field: name,
        })
    };
    let shell = |kind| field("command").map(|text| Asked::Shell { kind, text });
    let write = |path: &'static str, content: String, edit| {
        field(path).map(|path| Asked::Write {
            path: path.into(),
            content,
            edit,
            edits: if edit { pairs(input) } else { Vec::new() },
        })
    };
    match tool {
        "Monitor" if input.get("command").is_none() && input.get("ws").is_some() => {
            Ok(Asked::Nothing)
        }
        "Bash" | "Monitor" => shell(ShellKind::Posix),
        "PowerShell" => shell(ShellKind::PowerShell),
        "Write" => write("file_path", field("content")?, false),
        "Edit" => write("file_path", field("new_string")?, true),
        "MultiEdit" => write("file_path", edits(input), true),
        "NotebookEdit" => {
            let source = input.get("new_source").and_then(Value::as_str);
            write("notebook_path", source.unwrap_or_default().to_owned(), true)
        }
        _ if tool.starts_with("mcp__") => mcp(tool, input),
        _ => unknown(tool, input),
    }
}

/// A tool that is not known is a shell when it has a `command`.
fn unknown(tool: &str, input: &Value) -> Result<Asked, IntakeError> {
    let kind = ShellKind::Posix;
    match input.get("command") {
        Some(Value::String(text)) => Ok(Asked::Shell {
            kind,
            text: text.clone(),
        }),
        Some(Value::Array(words)) => Ok(Asked::Shell {
            kind,
            text: quoted(tool, words)?,
        }),
        Some(Value::Null) | None => Ok(Asked::Nothing),
        Some(_) => Err(IntakeError::NoField {
            tool: tool.to_owned(),
            field: "command",
        }),
    }
}

/// Returns an argument vector as one shell line in which every word is quoted.
fn quoted(tool: &str, words: &[Value]) -> Result<String, IntakeError> {
    let mut line = String::new();
    for word in words {
        let Some(word) = word.as_str() else {
            return Err(IntakeError::NoField {
                tool: tool.to_owned(),
                field: "command",
            });
        };
        if !line.is_empty() {
            line.push(' ');
        }
        line.push('\'');
        line.push_str(&word.replace('\'', "'\\''"));
        line.push('\'');
    }
    Ok(line)
}

/// Returns old and new text of an edit, or of each of several.
fn pairs(input: &Value) -> Vec<(String, String)> {
    let several = input.get("edits").and_then(Value::as_array);
    let text = |edit: &Value, name: &str| edit.get(name)?.as_str().map(str::to_owned);
    several
        .into_iter()
        .flatten()
        .chain([input])
        .filter_map(|edit| Some((text(edit, "old_string")?, text(edit, "new_string")?)))
        .collect()
}

fn edits(input: &Value) -> String {
    let edits = input.get("edits").and_then(Value::as_array);
    let texts = edits
        .into_iter()
        .flatten()
        .filter_map(|edit| edit.get("new_string").and_then(Value::as_str));
    texts.collect::<Vec<_>>().join("\n")
}

/// `mcp__SERVER__TOOL`; plugin servers are `mcp__plugin_PLUGIN_SERVER__TOOL`.
fn mcp(tool: &str, input: &Value) -> Result<Asked, IntakeError> {
    let rest = tool.strip_prefix("mcp__").unwrap_or(tool);
    let (server, name) = rest.split_once("__").unwrap_or(("", rest));
    let mut strings = Vec::new();
    collect(input, &mut String::new(), &mut strings);
    // Texts say more than numbers do.
    strings.sort_by_key(|(pointer, _)| input.pointer(pointer).is_some_and(Value::is_number));
    if strings.len() > MCP_STRINGS {
        return Err(IntakeError::Json(format!("more than {MCP_STRINGS} values")));
    }
    Ok(Asked::Mcp {
        server: server.to_owned(),
        tool: name.to_owned(),
        strings,
    })
}

/// Collects every value but null with its JSON pointer; depth is bounded by the parser.
fn collect(value: &Value, pointer: &mut String, out: &mut Vec<(String, String)>) {
    let length = pointer.len();
    match value {
        Value::String(text) => out.push((pointer.clone(), text.clone())),
        Value::Array(list) => {
            // Vectors are lists of thousands of numbers.
            let items = list
                .iter()
                .enumerate()
                .filter(|(_, item)| !item.is_number());
            for (index, item) in items {
                pointer.push_str(&format!("/{index}"));
                collect(item, pointer, out);
                pointer.truncate(length);
            }
        }
        // A filter without conditions meets everything.
        Value::Object(map) if map.is_empty() => out.push((pointer.clone(), String::new())),
        Value::Object(map) => {
            for (key, item) in map {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                collect(item, pointer, out);
                pointer.truncate(length);
            }
        }
        // `force` and `dry_run` decide what a call does.
        Value::Bool(truth) => out.push((pointer.clone(), truth.to_string())),
        // `{"dropDatabase": 1}`.
        Value::Number(number) => out.push((pointer.clone(), number.to_string())),
        Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pre(tool: &str, input: &str) -> Result<ToolCall, IntakeError> {
        let json = format!(
            r#"{{"hook_event_name":"PreToolUse","tool_name":"{tool}","tool_input":{input}}}"#
        );
        read(json.as_bytes(), Strictness::Hook)
    }

    #[test]
    fn shells_are_bash_powershell_monitor_and_any_tool_with_a_command() {
        for tool in ["Bash", "PowerShell", "Monitor", "SomethingNew"] {
            let call = pre(tool, r#"{"command":"ls"}"#).unwrap();
            assert!(matches!(call.asked, Asked::Shell { .. }), "{tool}");
        }
    }

    #[test]
    fn a_shell_without_a_command_is_refused() {
        assert!(pre("Bash", "{}").is_err());
        assert!(pre("Bash", r#"{"command":["ls"]}"#).is_err());
        assert!(pre("SomethingNew", r#"{"command":7}"#).is_err());
    }

    #[test]
    fn an_argument_vector_becomes_one_quoted_line() {
        let call = pre("exec", r#"{"command":["rm","-rf","a b","it's"]}"#).unwrap();
        let line = "'rm' '-rf' 'a b' 'it'\\''s'".to_owned();
        assert_eq!(
            call.asked,
            Asked::Shell {
                kind: ShellKind::Posix,
                text: line
            }
        );
    }

    #[test]
    fn every_value_of_an_mcp_call_is_seen_with_its_pointer_texts_first() {
        let call = pre(
            "mcp__db__query",
            r#"{"n":1,"v":[1,2],"a":[{"b/c":"DROP TABLE t"}]}"#,
        )
        .unwrap();
        let Asked::Mcp {
            server,
            tool,
            strings,
        } = call.asked
        else {
            panic!("not MCP")
        };
        assert_eq!((server.as_str(), tool.as_str()), ("db", "query"));
        assert_eq!(
            strings,
            [
                ("/a/0/b~1c".to_owned(), "DROP TABLE t".to_owned()),
                ("/n".to_owned(), "1".to_owned()),
            ]
        );
    }

    #[test]
    fn a_payload_without_an_event_is_refused_by_the_hook_and_judged_by_check() {
        let json = br#"{"tool_name":"Bash","tool_input":{"command":"ls"}}"#;
        assert_eq!(read(json, Strictness::Hook), Err(IntakeError::NoEvent));
        assert_eq!(
            read(json, Strictness::Check).unwrap().event,
            Event::PreToolUse
        );
    }

    #[test]
    fn events_without_a_tool_are_read() {
        let call = read(
            br#"{"hook_event_name":"UserPromptSubmit","prompt":"yes"}"#,
            Strictness::Hook,
        )
        .unwrap();
        assert_eq!(call.event, Event::Other("UserPromptSubmit".to_owned()));
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for bad in ["", "{", "[]", "null", "{}{}", "hello {}"] {
            assert!(read(bad.as_bytes(), Strictness::Hook).is_err(), "{bad}");
        }
    }
}
