//! What a settings file of Claude Code becomes when the guard is installed or taken out.
//! Only our own entries are added or cut; every other byte stays as others wrote it.

use std::ops::Range;

use serde_json::{Value, json};

use super::json::{Kind, Node, spans};

/// The hook entry as it should stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Absolute path of the binary.
    pub binary: String,
    /// Absolute path of the state directory.
    pub state: String,
    /// Shell form for clients that know neither `args` nor `onFailure`.
    pub shell_form: bool,
}

/// Events that the guard listens to, the deciding one first.
pub const EVENTS: [&str; 5] = [
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "SessionStart",
    "ConfigChange",
];

/// The registered timeout, in seconds; the guard's own deadline is shorter.
pub const TIMEOUT_S: u64 = 30;

/// The byte order mark that some editors put first; it stays where it stood.
const MARK: char = '\u{feff}';

/// Why a settings file cannot be changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingsError {
    #[error("it is not valid JSON: {0}")]
    Json(String),
    #[error("`{0}` is not {1}")]
    Shape(String, &'static str),
}

impl Wanted {
    /// Returns the matcher group for one event.
    pub fn group(&self, event: &str) -> Value {
        let mut hook = if self.shell_form {
            let command = format!(
                "{} hook claude --state {} || exit 2",
                quoted(&self.binary),
                quoted(&self.state)
            );
            json!({"type": "command", "command": command, "timeout": TIMEOUT_S})
        } else {
            let args = ["hook", "claude", "--state", self.state.as_str()];
            json!({"type": "command", "command": self.binary, "args": args, "timeout": TIMEOUT_S})
        };
        if matches!(event, "PreToolUse" | "ConfigChange")
            && let Some(map) = hook.as_object_mut()
        {
            map.insert("onFailure".to_owned(), json!("block"));
            map.insert("statusMessage".to_owned(), json!("backstop"));
        }
        json!({"hooks": [hook]})
    }
}

/// Quotes a word for a POSIX shell.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Tells whether a hook (one entry of `hooks` in a matcher group) runs `backstop hook claude`; a line that only mentions it does not.
pub fn is_ours(hook: &Value) -> bool {
    let command = hook
        .get("command")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match hook.get("args").and_then(Value::as_array) {
        Some(args) => {
            let words: Vec<&str> = args.iter().filter_map(Value::as_str).collect();
            words.starts_with(&["hook", "claude"])
                && (is_binary(command) || is_named(command, words.get(2).copied()))
        }
        None => {
            let words = words(command);
            let called = (0..words.len()).find(|at| match words.get(*at..) {
                Some([program, hook, agent, rest @ ..]) => {
                    let after = rest.first().map(String::as_str);
                    (is_binary(program) || is_named(program, after))
                        && hook == "hook"
                        && agent == "claude"
                }
                _ => false,
            });
            called.is_some_and(|at| words.iter().take(at).all(|word| starts(word)))
        }
    }
}

/// Programs that start another one and add nothing.
const STARTERS: [&str; 6] = ["exec", "command", "env", "nice", "nohup", "timeout"];

/// Tells whether a word may stand before the guard's own: an assignment, or a program that starts it.
fn starts(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    let is_number = word.trim_end_matches(['s', 'm']).parse::<f64>().is_ok();
    STARTERS.contains(&name) || word.contains('=') || word.starts_with('-') || is_number
}

/// Returns the words of a line as a shell would see them; operators that touch a word stay in it.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut letters = line.chars();
    let mut quote = None::<char>;
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn is_binary(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    name.starts_with("backstop")
}

/// Tells whether a program of any other name stands as `install` writes it: by its whole path, and with the state directory named.
fn is_named(program: &str, after: Option<&str>) -> bool {
    program.starts_with('/') && after == Some("--state")
}

/// Returns the settings with the guard in them; the same text when it already stands there.
///
/// # Errors
/// Returns why the file cannot be changed; nothing is guessed about a file that is not understood.
///
/// ```
/// use backstop::plan::settings::{Wanted, install, uninstall};
/// let wanted = Wanted { binary: "/usr/bin/backstop".into(), state: "/s".into(), shell_form: false };
/// let before = "{\n  \"model\": \"x\"\n}\n";
/// let after = install(before, &wanted).unwrap();
/// assert!(after.contains("\"onFailure\": \"block\""));
/// assert_eq!(uninstall(&after).unwrap(), before);
/// ```
pub fn install(text: &str, wanted: &Wanted) -> Result<String, SettingsError> {
    if let Some(rest) = text.strip_prefix(MARK) {
        return Ok(format!("{MARK}{}", install(rest, wanted)?));
    }
    if is_current(text, wanted)? {
        return Ok(text.to_owned());
    }
    let mut text = uninstall(text)?;
    if text.trim().is_empty() {
        text = "{}\n".to_owned();
    }
    // Lines are added as the file ends its own.
    let crlf = text.contains("\r\n") && !text.replace("\r\n", "").contains('\n');
    if crlf {
        text = text.replace("\r\n", "\n");
    }
    // Nothing is indented yet: the first list that is added must not set the measure for the next one.
    let unit = indent(&text);
    for event in EVENTS {
        text = add(&text, event, &wanted.group(event), &unit)?;
    }
    Ok(match crlf {
        true => text.replace('\n', "\r\n"),
        false => text,
    })
}

/// Tells whether every event holds exactly our entry, once.
fn is_current(text: &str, wanted: &Wanted) -> Result<bool, SettingsError> {
    if text.trim().is_empty() {
        return Ok(false);
    }
    let value: Value =
        serde_json::from_str(text).map_err(|error| SettingsError::Json(error.to_string()))?;
    Ok(EVENTS.iter().all(|event| {
        let groups = value
            .get("hooks")
            .and_then(|hooks| hooks.get(event))
            .and_then(Value::as_array);
        let ours: Vec<&Value> = groups
            .into_iter()
            .flatten()
            .filter(|group| hooks_of(group).any(is_ours))
            .collect();
        matches!(ours.as_slice(), [group] if **group == wanted.group(event))
    }))
}

fn hooks_of(group: &Value) -> impl Iterator<Item = &Value> {
    group
        .get("hooks")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Reads settings as the client does, with or without a byte order mark.
///
/// # Errors
/// Returns what is wrong with the JSON.
pub fn read(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text.strip_prefix(MARK).unwrap_or(text))
}

/// Tells whether the settings switch every hook off.
pub fn disables_hooks(text: &str) -> bool {
    read(text).is_ok_and(|value| value.get("disableAllHooks") == Some(&Value::Bool(true)))
}

/// Adds one matcher group at the end of an event's list.
fn add(text: &str, event: &str, group: &Value, unit: &str) -> Result<String, SettingsError> {
    let root = spans(text).map_err(SettingsError::Json)?;
    let Kind::Object(_) = root.kind else {
        return Err(SettingsError::Shape("the file".into(), "a JSON object"));
    };
    let Some(hooks) = root.member("hooks") else {
        return Ok(insert(
            text,
            &root,
            &format!("\"hooks\": {}", pretty(&json!({event: [group]}), unit, 1)),
            0,
            unit,
        ));
    };
    let Kind::Object(_) = hooks.kind else {
        return Err(SettingsError::Shape("hooks".into(), "an object"));
    };
    let Some(list) = hooks.member(event) else {
        return Ok(insert(
            text,
            hooks,
            &format!("\"{event}\": {}", pretty(&json!([group]), unit, 2)),
            1,
            unit,
        ));
    };
    let Kind::Array(_) = list.kind else {
        return Err(SettingsError::Shape(format!("hooks.{event}"), "an array"));
    };
    Ok(insert(text, list, &pretty(group, unit, 3), 2, unit))
}

/// Puts a new last member or item into an object or array; `depth` is that of the container's own line.
fn insert(text: &str, container: &Node, item: &str, depth: usize, unit: &str) -> String {
    let last = match &container.kind {
        Kind::Object(members) => members.last().map(|(_, _, node)| node.span.end),
        Kind::Array(items) => items.last().map(|node| node.span.end),
        Kind::Other => None,
    };
    let close = container.span.end.saturating_sub(1);
    let line = format!("\n{}", unit.repeat(depth + 1));
    let (head, tail) = (
        text.get(..last.unwrap_or(container.span.start + 1)),
        text.get(last.unwrap_or(close)..),
    );
    let (head, tail) = (head.unwrap_or_default(), tail.unwrap_or_default());
    match last {
        Some(_) => format!("{head},{line}{item}{tail}"),
        None => format!("{head}{line}{item}\n{}{tail}", unit.repeat(depth)),
    }
}

/// Returns the value in the file's own indentation, continued at a depth.
fn pretty(value: &Value, unit: &str, depth: usize) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    if serde::Serialize::serialize(value, &mut writer).is_err() {
        return value.to_string();
    }
    String::from_utf8_lossy(&bytes).replace('\n', &format!("\n{}", unit.repeat(depth)))
}

/// Returns the indentation of the first indented line; two blanks without one.
fn indent(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .zip(text.lines());
    lines
        .filter(|(width, line)| *width > 0 && *width < line.len())
        .map(|(width, line)| line.get(..width).unwrap_or("  ").to_owned())
        .next()
        .unwrap_or_else(|| "  ".to_owned())
}

/// Returns the settings without the guard; everything else stays byte for byte.
///
/// # Errors
/// Returns why the file cannot be read.
pub fn uninstall(text: &str) -> Result<String, SettingsError> {
    if let Some(rest) = text.strip_prefix(MARK) {
        return Ok(format!("{MARK}{}", uninstall(rest)?));
    }
    let mut text = text.to_owned();
    // Each round cuts one entry; more entries than this are not ours.
    for _ in 0..100 {
        if text.trim().is_empty() {
            return Ok(text);
        }
        let root = spans(&text).map_err(SettingsError::Json)?;
        let Some(cut) = first_of_ours(&text, &root) else {
            return Ok(text);
        };
        text.replace_range(cut, "");
    }
    Ok(text)
}

/// Returns the place of our first entry, with its comma; the event's list and `hooks` go too when nothing else is in them.
fn first_of_ours(text: &str, root: &Node) -> Option<Range<usize>> {
    let hooks = root.member("hooks")?;
    let Kind::Object(events) = &hooks.kind else {
        return None;
    };
    for (at, (_, _, list)) in events.iter().enumerate() {
        let Kind::Array(groups) = &list.kind else {
            continue;
        };
        for (index, group) in groups.iter().enumerate() {
            let Some(inner) = group.member("hooks") else {
                continue;
            };
            let Kind::Array(entries) = &inner.kind else {
                continue;
            };
            let value = |node: &Node| {
                text.get(node.span.clone())
                    .and_then(|raw| serde_json::from_str::<Value>(raw).ok())
            };
            let Some(entry) = entries
                .iter()
                .position(|node| value(node).is_some_and(|hook| is_ours(&hook)))
            else {
                continue;
            };
            if entries.len() > 1 {
                return cut(text, inner, &spans_of(entries), entry);
            }
            if groups.len() > 1 {
                return cut(text, list, &spans_of(groups), index);
            }
            if events.len() > 1 {
                return cut(text, hooks, &members_of(events), at);
            }
            let Kind::Object(members) = &root.kind else {
                return None;
            };
            let own = members.iter().position(|(key, _, _)| key == "hooks")?;
            return cut(text, root, &members_of(members), own);
        }
    }
    None
}

fn spans_of(nodes: &[Node]) -> Vec<Range<usize>> {
    nodes.iter().map(|node| node.span.clone()).collect()
}

fn members_of(members: &[(String, Range<usize>, Node)]) -> Vec<Range<usize>> {
    members
        .iter()
        .map(|(_, key, node)| key.start..node.span.end)
        .collect()
}

/// Returns the bytes to cut for one item: with the comma before it, or after it when it is the first.
fn cut(text: &str, container: &Node, items: &[Range<usize>], index: usize) -> Option<Range<usize>> {
    let item = items.get(index)?;
    if index > 0 {
        return Some(items.get(index - 1)?.end..item.end);
    }
    match items.get(1) {
        Some(next) => Some(item.start..next.start),
        None => {
            let inside = container.span.start + 1..container.span.end - 1;
            let only_blanks =
                |range: Range<usize>| text.get(range).is_some_and(|gap| gap.trim().is_empty());
            let whole = only_blanks(inside.start..item.start) && only_blanks(item.end..inside.end);
            Some(if whole { inside } else { item.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            binary: "/opt/backstop".into(),
            state: "/home/u/.local/state/backstop".into(),
            shell_form: false,
        }
    }

    const OTHERS: &str = r#"{
    "model": "opus",
    "hooks": {
        "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "lint.sh"}]}],
        "Stop": []
    },
    "big": 123456789012345678901234567890, "unknown": {"b": 1, "a": 2}
}
"#;

    #[test]
    fn what_others_wrote_stays_byte_for_byte() {
        for before in [
            OTHERS,
            "{}\n",
            "{}",
            "{\n}\n",
            "{\"hooks\": {}}",
            "{\n\t\"a\": 1\n}",
            "{\"hooks\":{\"PreToolUse\":[]}}",
        ] {
            let after = install(before, &wanted()).unwrap();
            serde_json::from_str::<Value>(&after).unwrap();
            assert!(after.contains("/opt/backstop"), "{after}");
            let back = uninstall(&after).unwrap();
            let same = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            // Lists that stood empty before may go with our entry; nothing else may change.
            if before.contains("[]}}") || before.contains("\"hooks\": {}}") || before == "{\n}\n" {
                assert!(same(&back).is_object());
            } else {
                assert_eq!(back, before, "{after}");
            }
        }
    }

    #[test]
    fn other_hooks_keep_their_order_and_ours_comes_last() {
        let after = install(OTHERS, &wanted()).unwrap();
        let value: Value = serde_json::from_str(&after).unwrap();
        let list = value["hooks"]["PreToolUse"].as_array().unwrap();
        assert_eq!(list[0]["hooks"][0]["command"], "lint.sh");
        assert_eq!(list[1]["hooks"][0]["args"][0], "hook");
        assert!(after.contains("123456789012345678901234567890"));
    }

    #[test]
    fn twice_is_once_and_a_new_path_replaces_the_old_one() {
        let once = install(OTHERS, &wanted()).unwrap();
        assert_eq!(install(&once, &wanted()).unwrap(), once);
        let moved = Wanted {
            binary: "/usr/bin/backstop".into(),
            ..wanted()
        };
        let again = install(&once, &moved).unwrap();
        assert!(!again.contains("/opt/backstop") && again.contains("/usr/bin/backstop"));
        assert_eq!(uninstall(&again).unwrap(), OTHERS);
    }

    #[test]
    fn a_binary_of_any_name_is_known_again() {
        for shell_form in [false, true] {
            let named = Wanted {
                binary: "/opt/guard-0.1".to_owned(),
                shell_form,
                ..wanted()
            };
            let after = install(OTHERS, &named).unwrap();
            assert_eq!(install(&after, &named).unwrap(), after);
            assert_eq!(uninstall(&after).unwrap(), OTHERS);
        }
    }

    #[test]
    fn the_shell_form_ends_closed_and_is_taken_out_again() {
        let shell = Wanted {
            shell_form: true,
            ..wanted()
        };
        let after = install(OTHERS, &shell).unwrap();
        assert!(after.contains(
            "'/opt/backstop' hook claude --state '/home/u/.local/state/backstop' || exit 2"
        ));
        assert_eq!(uninstall(&after).unwrap(), OTHERS);
    }

    #[test]
    fn a_line_that_only_mentions_the_guard_belongs_to_its_owner() {
        let line = |command: &str| json!({"type": "command", "command": command});
        for command in [
            "'/opt/back stop/backstop' hook claude --state '/s' || exit 2",
            "/opt/backstop hook claude",
            "A=1 exec backstop-0.1 hook claude",
            "timeout 20 /usr/bin/backstop hook claude || exit 2",
            "\"$HOME/bin/backstop\" hook claude",
            "'/opt/guard-0.1' hook claude --state '/s' || exit 2",
        ] {
            assert!(is_ours(&line(command)), "{command}");
        }
        for command in [
            "echo backstop hook claude",
            "logger 'backstop hook claude was called'",
            "grep -q 'hook claude' x && echo backstop",
            "backstop check --hook",
            "/bin/echo /opt/guard hook claude --state /s",
            "/opt/guard hook claude",
            "echo 'unclosed backstop hook claude",
            "",
        ] {
            assert!(!is_ours(&line(command)), "{command}");
        }
        let before = r#"{"hooks":{"PostToolUse":[{"hooks":[{"type":"command","command":"echo backstop hook claude"}]}]}}"#;
        let after = install(before, &wanted()).unwrap();
        assert!(after.contains("echo backstop hook claude"), "{after}");
        assert_eq!(install(&after, &wanted()).unwrap(), after);
        assert_eq!(uninstall(&after).unwrap(), before);
    }

    #[test]
    fn a_byte_order_mark_stays_first() {
        let before = "\u{feff}{\"a\": 1}\r\n";
        let after = install(before, &wanted()).unwrap();
        assert!(after.starts_with(before.get(..4).unwrap()) && after.contains("/opt/backstop"));
        assert!(read(&after).is_ok());
        assert_eq!(install(&after, &wanted()).unwrap(), after);
        assert_eq!(uninstall(&after).unwrap(), before);
    }

    #[test]
    fn a_file_that_is_not_understood_is_refused() {
        assert!(matches!(
            install("{", &wanted()),
            Err(SettingsError::Json(_))
        ));
        assert!(matches!(
            install("[]", &wanted()),
            Err(SettingsError::Shape(..))
        ));
        assert!(matches!(
            install("{\"hooks\": []}", &wanted()),
            Err(SettingsError::Shape(..))
        ));
        assert!(matches!(
            install("{\"hooks\": {\"PreToolUse\": 1}}", &wanted()),
            Err(SettingsError::Shape(..))
        ));
        assert!(install("{\"a\":1,\"a\":2}", &wanted()).is_err());
    }

    #[test]
    fn line_ends_and_indentation_are_those_of_the_file() {
        let wanted = Wanted {
            binary: "/usr/bin/backstop".into(),
            state: "/s".into(),
            shell_form: false,
        };
        let before = "{\r\n\t\"model\": \"x\"\r\n}\r\n";
        let after = install(before, &wanted).unwrap();
        assert_eq!(after.replace("\r\n", "").matches('\n').count(), 0);
        assert!(after.contains("\r\n\t\t\"PreToolUse\""), "{after}");
        assert_eq!(uninstall(&after).unwrap(), before);
        for before in ["{\"hooks\":{}}", "{}", ""] {
            let after = install(before, &wanted).unwrap();
            for event in EVENTS {
                assert!(
                    after.contains(&format!("\n    \"{event}\"")),
                    "{before}: {after}"
                );
            }
        }
        assert!(disables_hooks("{\"disableAllHooks\": true}"));
        assert!(!disables_hooks(before));
    }
}
