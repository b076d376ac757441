//! Sessions of PostgreSQL that the call itself opens for reading only: the server refuses what would change a table.
//! What it does outside of tables (programs, files, other sessions) goes on as ever.

use crate::model::command::{Command, Passage};
use crate::model::effect::Verb;

use super::Located;

/// What turns a session back to writing, or leads to another one.
const TURNS: [&str; 8] = [
    "transaction_read_only",
    "read write",
    "set_config",
    "reset",
    "discard",
    "\\c",
    "dblink",
    "\\!",
];

/// Leaves out what a session for reading refuses.
pub(super) fn refused(losses: &mut Vec<Located>, texts: &[String], command: &Command) {
    if !reads_only(command) || texts.iter().any(|text| turns(text)) {
        return;
    }
    losses.retain(|located| {
        !matches!(
            located.loss.effect.verb,
            Verb::Drop
                | Verb::Truncate
                | Verb::Delete
                | Verb::Update
                | Verb::AlterDrop
                | Verb::AlterRewrite
                | Verb::Detach
                | Verb::Replace
        ) || located.loss.effect.opaque
    });
}

/// `PGOPTIONS='-c default_transaction_read_only=on' psql …`.
fn reads_only(command: &Command) -> bool {
    let mut options = command.env.iter().filter(|(name, _)| name == "PGOPTIONS");
    let said = options.next().and_then(|(_, value)| value.text());
    let more = options.next().is_some();
    // Another account, machine or connection has options of its own.
    let mut around = command.via.iter();
    let direct = around.all(|wrapper| matches!(wrapper.passage, Passage::Plain));
    let leads = command.args().iter().any(|word| {
        let text = word.shown().to_ascii_lowercase();
        ["options", "\\c", "service="]
            .iter()
            .any(|lead| text.contains(lead))
    });
    let plain = command.is_any(&["psql"]) && direct && !leads && !more;
    let Some(said) = said.filter(|_| plain) else {
        return false;
    };
    let bare = said
        .to_ascii_lowercase()
        .replace("-c ", "-c")
        .replace("--", "-c");
    let name = "-cdefault_transaction_read_only=";
    let mut values = bare
        .split_whitespace()
        .filter_map(|word| word.strip_prefix(name));
    let first = values.next();
    matches!(first, Some("on" | "true" | "yes" | "1")) && values.next().is_none()
}

/// Tells whether a statement may turn the session back to writing.
fn turns(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.split([';', '\n']).any(|statement| {
        let one = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let shows = one.starts_with("show ");
        !shows && TURNS.iter().any(|word| one.contains(word))
    })
}
