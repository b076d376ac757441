//! Settings of agents as they are and as they would be: whether backstop's entry stays.
//! Where the files are, and who writes them, is said by the caller.

use std::path::Path;

use crate::classify::Context;
use crate::classify::files::report::Loss;
use crate::classify::files::world;
use crate::model::fact::{Answer, Needs, Question};

use super::NAME;

/// What becomes of the text of a file.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// It goes.
    Gone,
    /// Its rights change; set when it cannot run any more.
    Rights(bool),
    /// It changes, who knows how.
    Unknown,
    /// A script changes it (`sed -i`).
    Script(&'a str),
    /// This is the new text.
    Whole(&'a str),
    /// Old stretches are replaced by new ones.
    Edits(&'a [(String, String)]),
}

impl Change<'_> {
    fn switches_off(self) -> bool {
        let off = |text: &str| text.contains("disableAllHooks");
        match self {
            Change::Gone | Change::Rights(_) | Change::Unknown => false,
            Change::Script(text) | Change::Whole(text) => off(text),
            Change::Edits(edits) => edits.iter().any(|(_, new)| off(new)),
        }
    }

    /// Tells whether backstop, or hooks as such, go by what the change itself says.
    fn drops(self, guards: bool) -> bool {
        match self {
            Change::Gone => guards,
            Change::Rights(_) | Change::Unknown => false,
            Change::Script(text) => (guards && text.contains("hooks")) || text.contains(NAME),
            Change::Whole(text) => guards && text.contains("hooks") && !text.contains(NAME),
            Change::Edits(edits) => drops_line(edits),
        }
    }

    /// Returns the text after the change, where it can be told.
    pub fn applied(self, now: &str) -> Option<String> {
        match self {
            Change::Gone | Change::Rights(_) | Change::Unknown | Change::Script(_) => None,
            Change::Whole(text) => Some(text.to_owned()),
            Change::Edits(edits) => {
                let mut text = now.to_owned();
                for (old, new) in edits {
                    if old.is_empty() || !text.contains(old.as_str()) {
                        return None;
                    }
                    text = text.replace(old.as_str(), new);
                }
                Some(text)
            }
        }
    }
}

/// Tells whether an edit takes backstop's name out.
pub fn drops_line(edits: &[(String, String)]) -> bool {
    let old = edits.iter().any(|(old, _)| old.contains(NAME));
    old && !edits.iter().any(|(_, new)| new.contains(NAME))
}

/// Tells whether the account or the machine reads this file, not one project alone.
fn guards(path: &Path, context: &Context<'_>) -> bool {
    let home = context.scene.home.as_deref();
    path.ends_with("managed-settings.json")
        || home.is_some_and(|home| path.starts_with(home.join(".claude")))
}

/// Returns what a change of an agent's settings would do to backstop's entry.
pub fn loss(
    path: &Path,
    hit: bool,
    change: Change<'_>,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Loss> {
    let tampers = || Some(Loss::new("own.tamper", world::path_target(path)));
    let alters = || Some(Loss::new("own.settings", world::path_target(path)));
    if change.switches_off() {
        return tampers();
    }
    match context.facts.ask(Question::Text(path.to_path_buf()), needs) {
        Some(Answer::Text { text, .. }) if text.contains(NAME) => match change.applied(text) {
            Some(new) if keeps(text, &new) => None,
            Some(new) if !new.contains(NAME) => tampers(),
            None if matches!(change, Change::Gone) => tampers(),
            Some(_) | None => alters(),
        },
        // INVARIANT: settings that cannot be read may hold the hook.
        Some(Answer::Unknown(_)) | None => alters(),
        Some(Answer::Text { .. }) if !hit => None,
        Some(_) => {
            let wide = guards(path, context);
            let unseen = context.facts.assumed;
            let managed = unseen && path.ends_with("managed-settings.json");
            if (hit || unseen) && change.drops(wide || hit) {
                return tampers();
            }
            let goes = unseen && matches!(change, Change::Gone);
            if hit || managed || goes {
                alters()
            } else {
                None
            }
        }
    }
}

/// Tells whether every entry of backstop is still there, word for word.
fn keeps(now: &str, new: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let (Some(now), Some(new)) = (json(now), json(new)) else {
        return json(now).is_none()
            && now
                .lines()
                .filter(|line| line.contains(NAME))
                .all(|line| new.lines().any(|other| other == line));
    };
    let left = entries(&new);
    entries(&now).iter().all(|entry| left.contains(entry))
}

/// Returns backstop's entries below `hooks`, each with its event.
fn entries(settings: &serde_json::Value) -> Vec<(String, serde_json::Value)> {
    let hooks = settings.get("hooks").and_then(serde_json::Value::as_object);
    let mut all = Vec::new();
    for (event, list) in hooks.into_iter().flatten() {
        for entry in list.as_array().into_iter().flatten() {
            if entry.to_string().contains(NAME) {
                all.push((event.clone(), entry.clone()));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str =
        r#"{"hooks":{"PreToolUse":[{"hooks":[{"command":"/opt/bin/backstop"}]}]},"model":"a"}"#;

    #[test]
    fn an_entry_is_kept_only_word_for_word_and_at_its_event() {
        let edit = |old: &str, new: &str| {
            let edits = [(old.to_owned(), new.to_owned())];
            let after = Change::Edits(&edits).applied(NOW).unwrap();
            keeps(NOW, &after)
        };
        assert!(edit(r#""model":"a""#, r#""model":"b","permissions":{}"#));
        assert!(edit(r#""PreToolUse":["#, r#""PreToolUse":[{"hooks":[]},"#));
        assert!(!edit("PreToolUse", "PostToolUse"));
        assert!(!edit("/opt/bin/backstop", "/opt/bin/backstop || true"));
        assert!(!edit(r#""hooks":{"#, r#""hooks_":{"#));
    }
}
