//! Lines of Claude Code's transcripts (`~/.claude/projects/**/*.jsonl`) as the tool calls that stand in them.
//! It opens no file and judges nothing; a line that it cannot read is a sentence, never a guess.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::model::request::ToolCall;

use super::claude::{self, Strictness};
use super::strict;

/// What one line of a transcript holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Folder in which the session stood at that moment.
    pub cwd: Option<PathBuf>,
    /// Written by a sub-agent.
    pub sidechain: bool,
    /// The calls, each with its own trouble when it cannot be read.
    pub calls: Vec<Result<ToolCall, String>>,
}

/// The fields of a line; the rest is not looked at.
#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cwd: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "isSidechain")]
    sidechain: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// `progress` lines of older clients carry a sub-agent's line inside.
#[derive(Deserialize)]
struct Progress<'a> {
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

/// Reads one line.
///
/// # Errors
/// Returns one sentence, lower case and without full stop, when the line is broken or has an unknown shape.
///
/// ```
/// use backstop::intake::transcript::line;
/// let text = r#"{"type":"assistant","cwd":"/proj","message":{"content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"ls"}}]}}"#;
/// let line = line(text.as_bytes()).unwrap();
/// assert_eq!(line.calls[0].as_ref().unwrap().tool, "Bash");
/// ```
pub fn line(bytes: &[u8]) -> Result<Line, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| "the line is not UTF-8".to_owned())?;
    outer(text, true)
}

/// `nests` bounds the recursion: a line may carry one line of a sub-agent, and that one none.
fn outer(text: &str, nests: bool) -> Result<Line, String> {
    let outer: Outer<'_> = object(text)?.ok_or("the line is no JSON object")?;
    let Some(kind) = outer.kind.and_then(string) else {
        return Err("the line has no readable `type`: no transcript's".to_owned());
    };
    let mut line = Line {
        cwd: outer
            .cwd
            .and_then(string)
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute()),
        sidechain: outer.sidechain.is_some_and(|value| value.get() == "true"),
        calls: Vec::new(),
    };
    match kind.as_str() {
        "assistant" => line.calls = calls(outer.message, line.cwd.as_ref())?,
        "progress" if nests => {
            if let Some(inner) = carried(outer.data)? {
                line.calls = inner.calls;
                line.sidechain = true;
            }
        }
        _ => {}
    }
    Ok(line)
}

/// Returns the line that a `progress` line carries, if it carries one.
fn carried(data: Option<&RawValue>) -> Result<Option<Line>, String> {
    let Some(data) = data else { return Ok(None) };
    let Some(Progress {
        message: Some(message),
    }) = object(data.get())?
    else {
        return Ok(None);
    };
    outer(message.get(), false).map(Some)
}

/// Returns the calls among the blocks of a message.
fn calls(
    message: Option<&RawValue>,
    cwd: Option<&PathBuf>,
) -> Result<Vec<Result<ToolCall, String>>, String> {
    let none = || "an assistant's line without a readable message".to_owned();
    let message: Message<'_> = object(message.ok_or_else(none)?.get())?.ok_or_else(none)?;
    let content = message.content.ok_or_else(none)?.get();
    if content.starts_with('"') {
        return Ok(Vec::new());
    }
    let blocks: Vec<&RawValue> = serde_json::from_str(content).map_err(|_| none())?;
    Ok(blocks.iter().filter_map(|raw| block(raw, cwd)).collect())
}

/// Returns the call of a `tool_use` block; other blocks hold none.
fn block(raw: &RawValue, cwd: Option<&PathBuf>) -> Option<Result<ToolCall, String>> {
    let block: Block<'_> = object(raw.get()).ok()??;
    let kind = block.kind.and_then(string)?;
    (kind == "tool_use").then(|| call(&block, cwd))
}

fn call(block: &Block<'_>, cwd: Option<&PathBuf>) -> Result<ToolCall, String> {
    let name = block
        .name
        .and_then(string)
        .ok_or("a tool_use without a readable `name`")?;
    let input = block
        .input
        .ok_or_else(|| format!("a tool_use of {name} without `input`"))?;
    let mut map = Map::new();
    map.insert("tool_name".to_owned(), Value::String(name));
    map.insert(
        "tool_input".to_owned(),
        strict::document(input.get().as_bytes())?,
    );
    if let Some(id) = block.id.and_then(string) {
        map.insert("tool_use_id".to_owned(), Value::String(id));
    }
    if let Some(cwd) = cwd {
        let cwd = cwd.to_string_lossy().into_owned();
        map.insert("cwd".to_owned(), Value::String(cwd));
    }
    claude::call(map, Strictness::Check).map_err(|error| error.to_string())
}

/// Reads an object; nothing when the JSON is something else (serde would take a list for a struct).
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Option<T>, String> {
    let is_object = text.trim_start().starts_with('{');
    let read = |error: serde_json::Error| format!("the line is broken: {error}");
    if is_object {
        serde_json::from_str(text).map(Some).map_err(read)
    } else {
        serde_json::from_str::<serde::de::IgnoredAny>(text)
            .map(|_| None)
            .map_err(read)
    }
}

fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::model::request::Asked;

    fn assistant(blocks: &str) -> String {
        format!(
            r#"{{"type":"assistant","isSidechain":false,"cwd":"/proj","message":{{"content":[{blocks}]}}}}"#
        )
    }

    #[test]
    fn every_call_of_a_message_is_read_with_its_folder_and_id() {
        let text = assistant(
            r#"{"type":"text","text":"x"},{"type":"tool_use","id":"a","name":"Bash","input":{"command":"ls"}},{"type":"tool_use","id":"b","name":"Write","input":{"file_path":"f","content":""}}"#,
        );
        let calls = line(text.as_bytes()).unwrap().calls;
        let ids: Vec<_> = calls
            .iter()
            .map(|call| call.as_ref().unwrap().tool_use_id.clone().unwrap())
            .collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(
            calls[0].as_ref().unwrap().cwd.as_deref().unwrap().to_str(),
            Some("/proj")
        );
    }

    #[test]
    fn other_lines_hold_no_call_even_when_they_quote_one() {
        for text in [
            r#"{"type":"user","message":{"content":[{"type":"tool_use","id":"a","name":"Bash","input":{"command":"ls"}}]}}"#,
            r#"{"type":"summary","summary":"tool_use"}"#,
            r#"{"type":"assistant","message":{"content":"words"}}"#,
            r#"{"type":"progress","data":{"type":"hook_progress"}}"#,
            r#"{"type":"progress"}"#,
        ] {
            assert!(line(text.as_bytes()).unwrap().calls.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_progress_line_carries_the_line_of_a_sub_agent() {
        let inner = assistant(
            r#"{"type":"tool_use","id":"a","name":"Bash","input":{"command":"rm -rf data"}}"#,
        );
        let text = format!(
            r#"{{"type":"progress","cwd":"/proj","data":{{"type":"agent_progress","message":{inner}}}}}"#
        );
        let line = line(text.as_bytes()).unwrap();
        assert!(line.sidechain);
        assert!(matches!(
            line.calls[0].as_ref().unwrap().asked,
            Asked::Shell { .. }
        ));
    }

    #[test]
    fn broken_lines_and_unknown_shapes_are_told_apart_from_empty_ones() {
        for bad in [
            "",
            "{",
            "[]",
            "7",
            "{}",
            r#"{"type":7}"#,
            r#"{"type":"assistant"}"#,
            r#"{"type":"assistant","message":[]}"#,
            r#"{"type":"assistant","message":{"content":7}}"#,
            "\u{0}\u{0}",
        ] {
            assert!(line(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(line(b"{\"type\":\"x\xff\"}").is_err());
    }

    #[test]
    fn one_call_that_cannot_be_read_leaves_the_others() {
        let text = assistant(
            r#"{"type":"tool_use","id":"a","input":{}},{"type":"tool_use","name":"Bash"},{"type":"tool_use","name":"Bash","input":{"command":["x"]}},{"type":"tool_use","name":"Bash","input":{"command":"a","command":"b"}},{"type":"tool_use","name":"Bash","input":{"command":"ls"}}"#,
        );
        let calls = line(text.as_bytes()).unwrap().calls;
        let readable: Vec<bool> = calls.iter().map(Result::is_ok).collect();
        assert_eq!(readable, [false, false, false, false, true]);
    }

    #[test]
    fn deep_nesting_is_a_broken_line() {
        let deep = "[".repeat(100_000);
        assert!(line(format!("{{\"type\":{deep}").as_bytes()).is_err());
    }
}
