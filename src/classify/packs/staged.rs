//! Transactions of Cloud DNS: their changes are collected in a file and lose nothing before they are executed.
//! It says only when the call itself shows what becomes of them; a file that was there before the call is not read.

use crate::classify::Context;
use crate::model::command::Command;

/// Rules that see the steps of a transaction.
pub(super) const RULES: [&str; 2] = ["gcloud.delete", "gcloud.delete-any"];

/// Tells whether a step of a transaction takes nothing away: it is given up later in the call, or executes what the call has only added.
pub(super) fn loses_nothing(command: &Command, context: &Context<'_>) -> bool {
    let of = |commands: &[Command], wanted: &str| {
        commands
            .iter()
            .any(|command| step(command).as_deref() == Some(wanted))
    };
    match step(command).as_deref() {
        Some("remove") => of(context.after, "abort") && !of(context.after, "execute"),
        // What is started in the call holds what the call puts into it: a removal is found by itself.
        Some("execute") => of(context.earlier, "start"),
        _ => false,
    }
}

/// Returns the word behind `record-sets transaction`.
fn step(command: &Command) -> Option<String> {
    if !command.is_any(&["gcloud"]) {
        return None;
    }
    let texts: Vec<String> = command
        .args()
        .iter()
        .filter_map(|word| word.text())
        .collect();
    let at = texts
        .windows(2)
        .position(|pair| pair == ["record-sets", "transaction"])?;
    texts.get(at + 2).cloned()
}
