//! Finds the SQL in a line of JavaScript or Python for MySQL Shell: `session.runSql('DROP …')`, `session.dropSchema('shop')`.
//! It reads no program; a text without such calls stays as it is.

use crate::model::word::Word;

/// Calls with what they run; the first string behind each goes where the blank is.
const CALLS: [(&str, &str); 9] = [
    ("runSql(", ""),
    ("run_sql(", ""),
    (".sql(", ""),
    ("dropSchema(", "DROP SCHEMA "),
    ("drop_schema(", "DROP SCHEMA "),
    ("dropCollection(", "DROP TABLE "),
    ("drop_collection(", "DROP TABLE "),
    ("dropTable(", "DROP TABLE "),
    ("drop_table(", "DROP TABLE "),
];

/// Returns the SQL that a line would run, or the line itself.
pub(super) fn sql(word: &Word) -> Word {
    let Some(text) = word.text() else {
        return word.clone();
    };
    let mut all = String::new();
    for (call, verb) in CALLS {
        for behind in text.split(call).skip(1) {
            if let Some(inside) = first_string(behind) {
                all.push_str(verb);
                all.push_str(inside);
                all.push_str(";\n");
            }
        }
    }
    if all.is_empty() {
        word.clone()
    } else {
        Word::literal(all, word.origin.clone())
    }
}

/// Returns the content of a string that stands first.
fn first_string(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text
        .chars()
        .next()
        .filter(|char| matches!(char, '\'' | '"' | '`'))?;
    text.get(1..)?.split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span::{Origin, Span};

    #[test]
    fn calls_of_a_session_give_their_sql() {
        let read = |text: &str| sql(&Word::literal(text, Origin::Text(Span::new(0, 1)))).shown();
        assert_eq!(
            read("session.runSql('DROP TABLE a'); session.dropSchema(\"shop\")"),
            "DROP TABLE a;\nDROP SCHEMA shop;\n"
        );
        assert_eq!(read("DROP TABLE a"), "DROP TABLE a");
    }
}
