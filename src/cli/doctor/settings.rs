//! Every settings file that Claude Code may read: valid, well formed, and with the guard as it should stand.
//! What the client does with a bad file is said with each point.

use crate::adapters::regular;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::adapters::environment;
use crate::plan::settings::is_ours;

use super::{Grade, Point};

/// The guard's own deadline in seconds; the registered timeout has to be longer.
const DEADLINE_S: f64 = 20.0;

const WHY_OFF: &str = "the client then runs no hook at all, and says nothing";

struct File {
    path: PathBuf,
    level: &'static str,
}

/// A guard entry, and the file in which it stands.
pub type Entry = (PathBuf, Value);

/// Returns the points about settings files, and every guard entry that was found.
pub fn points(project: &Path) -> (Vec<Point>, Vec<Entry>) {
    let mut points = Vec::new();
    let mut entries = Vec::new();
    let mut managed = Value::Null;
    for file in files(project) {
        let text = match regular::text(&file.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                points.push(Point::new(
                    Grade::Fail,
                    format!("{}: {error}", file.path.display()),
                    "a settings file that cannot be read may hide the guard",
                    "make it readable",
                ));
                continue;
            }
        };
        match crate::plan::settings::read(&text) {
            Err(error) => points.push(Point::new(
                Grade::Fail,
                format!("{} is not valid JSON: {error}", file.path.display()),
                "the client ignores the whole file, the guard in it included",
                "mend the file",
            )),
            Ok(value) => {
                points.extend(look(&file, &value, &mut entries));
                if file.level == "managed" {
                    managed = value;
                }
            }
        }
    }
    if entries.is_empty() {
        points.push(Point::new(
            Grade::Fail,
            "the guard stands in no settings file",
            "no call is judged",
            "backstop install claude",
        ));
    }
    points.extend(several(&entries));
    points.extend(levels(&managed));
    (points, entries)
}

/// Two guards that are not the same line both judge a call: the first uses an approval up, and the second then holds the call.
fn several(entries: &[Entry]) -> Option<Point> {
    let (first, hook) = entries.first()?;
    let (other, _) = entries.iter().find(|(_, one)| one != hook)?;
    let place = match first == other {
        true => format!("{} twice", first.display()),
        false => format!("{} and {}", first.display(), other.display()),
    };
    Some(Point::new(
        Grade::Fail,
        format!("different guards stand in {place}"),
        "the client runs both: the first uses the approvals of a call up, and the second holds it, so that nothing approved ever runs",
        "keep one: `backstop uninstall claude --scope user|project|local` takes the other away; or install both with the same binary and `--state`",
    ))
}

fn files(project: &Path) -> Vec<File> {
    let managed = if cfg!(target_os = "macos") {
        "/Library/Application Support/ClaudeCode/managed-settings.json"
    } else {
        "/etc/claude-code/managed-settings.json"
    };
    let mut files = vec![File {
        path: PathBuf::from(managed),
        level: "managed",
    }];
    let user = environment::claude_config_dir()
        .or_else(|| environment::home().map(|home| home.join(".claude")));
    files.extend(user.map(|dir| File {
        path: dir.join("settings.json"),
        level: "user",
    }));
    files.push(File {
        path: project.join(".claude/settings.json"),
        level: "project",
    });
    files.push(File {
        path: project.join(".claude/settings.local.json"),
        level: "local",
    });
    files
}

fn look(file: &File, value: &Value, entries: &mut Vec<Entry>) -> Vec<Point> {
    let shown = file.path.display();
    let mut points = Vec::new();
    if value.get("disableAllHooks").and_then(Value::as_bool) == Some(true) {
        points.push(Point::new(
            Grade::Fail,
            format!("{shown}: `disableAllHooks` is true"),
            WHY_OFF,
            format!("take `disableAllHooks` out of {shown}"),
        ));
    }
    for event in ["PreToolUse", "PermissionRequest"] {
        if let Some(list) = value.pointer(&format!("/hooks/{event}"))
            && !is_well_formed(list)
        {
            points.push(Point::new(
                Grade::Fail,
                format!("{shown}: an entry of `{event}` is malformed"),
                "the client then applies nothing of this file",
                format!("mend `hooks.{event}` in {shown}"),
            ));
        }
    }
    let groups = value.pointer("/hooks/PreToolUse").and_then(Value::as_array);
    for group in groups.into_iter().flatten() {
        let hooks = group.get("hooks").and_then(Value::as_array);
        for hook in hooks.into_iter().flatten().filter(|hook| is_ours(hook)) {
            entries.push((file.path.clone(), hook.clone()));
            let faults = faults(group, hook);
            if faults.is_empty() {
                points.push(Point::ok(format!("guard in {shown} ({})", file.level)));
            } else {
                let what = format!("guard in {shown}: {}", faults.join("; "));
                points.push(Point::new(
                    Grade::Fail,
                    what,
                    "the guard can be passed by, or does not block when it fails",
                    format!("backstop install claude --scope {}", file.level),
                ));
            }
        }
    }
    points
}

/// Returns the state directory that an installed line names.
pub fn state_of(entry: &Value) -> Option<PathBuf> {
    let words: Vec<String> = match entry.get("args").and_then(Value::as_array) {
        Some(args) => args
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        None => words(entry.get("command")?.as_str()?),
    };
    let named = words
        .iter()
        .zip(words.iter().skip(1))
        .find_map(|(word, next)| {
            let rest = word.strip_prefix("--state")?;
            match rest.strip_prefix('=') {
                Some(dir) => Some(dir.to_owned()),
                None => rest.is_empty().then(|| next.clone()),
            }
        });
    named.filter(|dir| dir.starts_with('/')).map(PathBuf::from)
}

/// Splits a line of the shell form: words in single quotes, a quote inside of them as `'\''`.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => (quoted, begun) = (!quoted, true),
            '\\' if !quoted => word.extend(letters.next()),
            letter if letter.is_whitespace() && !quoted => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            letter => word.push(letter),
        }
    }
    if begun || !word.is_empty() {
        words.push(word);
    }
    words
}

fn is_well_formed(list: &Value) -> bool {
    let Some(groups) = list.as_array() else {
        return false;
    };
    groups.iter().all(|group| {
        let hooks = group.get("hooks").and_then(Value::as_array);
        group.is_object()
            && hooks.is_some_and(|hooks| {
                hooks
                    .iter()
                    .all(|hook| hook.get("type").is_some_and(Value::is_string))
            })
    })
}

/// Returns what is wrong with the shape of our entry.
fn faults(group: &Value, hook: &Value) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let matcher = group
        .get("matcher")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !matches!(matcher, "" | "*") {
        faults.push("a matcher leaves tools out");
    }
    if hook.get("if").is_some() {
        faults.push("`if` leaves calls out");
    }
    if hook.get("async").and_then(Value::as_bool) == Some(true) {
        faults.push("`async` hooks cannot block");
    }
    let command = hook
        .get("command")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if hook.get("args").is_none() && !command.ends_with("|| exit 2") {
        faults.push("shell form without `|| exit 2`");
    }
    if hook.get("args").is_some() && hook.get("onFailure").and_then(Value::as_str) != Some("block")
    {
        faults.push("`onFailure` is not `block`");
    }
    if !command.trim_start_matches('\'').starts_with('/') {
        faults.push("the path of the binary is not absolute");
    }
    if hook
        .get("timeout")
        .and_then(Value::as_f64)
        .is_none_or(|seconds| seconds <= DEADLINE_S)
    {
        faults.push("`timeout` is missing or not above the guard's own deadline of 20 s");
    }
    faults
}

/// What only managed settings can enforce.
fn levels(managed: &Value) -> Vec<Point> {
    let mut points = Vec::new();
    let is_true = |key: &str| managed.get(key).and_then(Value::as_bool) == Some(true);
    if managed.pointer("/hooks/PreToolUse").is_none() {
        points.push(Point::new(
            Grade::Warn,
            "the guard is not in managed settings",
            "the agent can edit user, project and local settings, and `--safe-mode` skips them",
            "put the entry into the managed settings file, as root",
        ));
    } else if !is_true("allowManagedHooksOnly") {
        points.push(Point::new(
            Grade::Warn,
            "`allowManagedHooksOnly` is not set",
            "other hooks may change a call after it was judged",
            "set it in the managed settings",
        ));
    }
    if managed.get("disableBypassPermissionsMode").is_none() {
        points.push(Point::new(
            Grade::Warn,
            "`disableBypassPermissionsMode` is not set",
            "in that mode the agent may edit its own settings without a question",
            "set it to \"disable\" in the managed settings",
        ));
    }
    points
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::settings::Wanted;

    #[test]
    fn the_state_directory_is_read_from_both_forms_of_the_installed_line() {
        for state in ["/srv/state", "/srv/it's a state"] {
            for shell_form in [false, true] {
                let wanted = Wanted {
                    binary: "/usr/bin/backstop".to_owned(),
                    state: state.to_owned(),
                    shell_form,
                };
                let group = wanted.group("PreToolUse");
                let hook = group.pointer("/hooks/0").unwrap();
                assert_eq!(state_of(hook).as_deref(), Some(Path::new(state)), "{hook}");
            }
        }
        for other in [
            json!({"command": "/b/backstop hook claude || exit 2"}),
            json!({"command": "/b/backstop", "args": ["hook", "claude", "--state"]}),
        ] {
            assert_eq!(state_of(&other), None, "{other}");
        }
    }
}
