//! Which event fires a trigger, read from its definition.
//! What the trigger then does is not looked at.

use crate::model::effect::Verb;

/// Tells whether a trigger fires when rows are lost this way; one whose definition cannot be read does.
pub fn fires(sql: &str, verb: Verb) -> bool {
    let Some(event) = event(sql) else { return true };
    match verb {
        Verb::Delete | Verb::Truncate | Verb::Drop | Verb::CreateOver => event == "DELETE",
        Verb::Update | Verb::AlterRewrite => event == "UPDATE",
        Verb::AlterDrop | Verb::Rewrite => false,
        Verb::Replace
        | Verb::Detach
        | Verb::Program
        | Verb::Revoke
        | Verb::Server
        | Verb::Opaque => true,
    }
}

/// Returns the word before ON: DELETE, INSERT or UPDATE. Names in quotes and comments are passed over.
fn event(sql: &str) -> Option<&'static str> {
    const EVENTS: [&str; 3] = ["DELETE", "INSERT", "UPDATE"];
    let mut found = None;
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' | '`' => after(rest, 1, &first.to_string()),
            '[' => after(rest, 1, "]"),
            '-' if rest.starts_with("--") => after(rest, 2, "\n"),
            '/' if rest.starts_with("/*") => after(rest, 2, "*/"),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, more) = rest.split_at_checked(end)?;
        if word.eq_ignore_ascii_case("ON") {
            return found;
        }
        let event = EVENTS.iter().find(|event| word.eq_ignore_ascii_case(event));
        found = event.copied().or(found);
        rest = more;
    }
    None
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

fn after(text: &str, from: usize, end: &str) -> usize {
    let body = text.get(from..).unwrap_or_default();
    body.find(end)
        .map_or(text.len(), |at| from + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_the_word_before_on() {
        for (sql, wanted) in [
            (
                "CREATE TRIGGER t AFTER INSERT ON orders BEGIN DELETE FROM x; END",
                Some("INSERT"),
            ),
            (
                "create trigger if not exists main.t delete on orders begin select 1; end",
                Some("DELETE"),
            ),
            (
                "CREATE TRIGGER \"on delete\" /* on */ BEFORE UPDATE OF a, b ON t BEGIN SELECT 1; END",
                Some("UPDATE"),
            ),
            (
                "CREATE TRIGGER [on] INSTEAD OF -- delete on\n INSERT ON v BEGIN SELECT 1; END",
                Some("INSERT"),
            ),
            ("CREATE TRIGGER", None),
            ("\"", None),
        ] {
            assert_eq!(event(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn a_trigger_that_cannot_be_read_fires() {
        assert!(fires("nonsense", Verb::Delete));
        assert!(!fires(
            "CREATE TRIGGER t AFTER INSERT ON o BEGIN SELECT 1; END",
            Verb::Delete
        ));
    }
}
