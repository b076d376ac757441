//! What multiplexers type into a terminal: it goes to a shell there, or to a client of a database that runs in it.

use crate::model::command::OpaqueKind;
use crate::model::word::Word;

use super::unfold::{Frame, Unfolder};

impl Unfolder<'_> {
    /// What is typed into a terminal may go to a client that runs there: a statement that loses data is said to be one.
    pub(super) fn typed(&mut self, text: &Word, fr: &Frame) {
        let typed = text.prefix();
        if is_statement(&typed) {
            let reason = format!("types `{}` into a client that runs elsewhere", typed.trim());
            self.opaque(
                OpaqueKind::Payload,
                reason,
                Vec::new(),
                text.origin.clone(),
                fr,
            );
        }
    }
}

/// Tells whether a text begins like a statement of a database that takes data away, and not like a program.
fn is_statement(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    let mut words = text.split(|c: char| c.is_whitespace() || c == ';');
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let takes_away = |method: &str| {
        ["drop", "delete", "remove"]
            .iter()
            .any(|verb| method.starts_with(verb))
    };
    match first {
        "drop" | "truncate" => second.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"'),
        "delete" => second == "from",
        "alter" => matches!(second, "table" | "database") && text.contains(" drop "),
        "flushall" | "flushdb" => true,
        _ => first
            .strip_prefix("db.")
            .is_some_and(|rest| rest.split('.').any(takes_away)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_from_programs() {
        for text in [
            "DROP TABLE public.imports;",
            "drop database staging",
            "TRUNCATE orders;",
            "delete from t;",
            "ALTER TABLE t DROP COLUMN c;",
            "FLUSHALL",
            "db.orders.drop()",
            "db.dropDatabase()",
        ] {
            assert!(is_statement(text), "{text}");
        }
        for text in [
            "truncate -s 0 app.log",
            "drop",
            "delete",
            "npm run dev",
            "select * from t;",
            "\\dt",
            "db.orders.find()",
            "ALTER TABLE t ADD COLUMN c int;",
        ] {
            assert!(!is_statement(text), "{text}");
        }
    }
}
