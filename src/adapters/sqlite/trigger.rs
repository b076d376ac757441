//! Which event fires a trigger, and which tables its body writes to, read from its definition.
//! Conditions and values are not looked at.

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

/// One thing that the body of a trigger does to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Delete, Update or Replace; nothing for rows that are only added.
    pub verb: Option<Verb>,
    pub table: String,
}

/// Returns what the body of a trigger does; nothing where no body can be found.
pub fn acts(sql: &str) -> Option<Vec<Act>> {
    let tokens = tokens(sql);
    let is = |at: usize, word: &str| {
        let token = tokens.get(at);
        token.is_some_and(|token| token.eq_ignore_ascii_case(word))
    };
    let begin = (0..tokens.len()).find(|at| is(*at, "BEGIN"))?;
    let mut found: Vec<Act> = Vec::new();
    for at in begin..tokens.len() {
        let or = if is(at + 1, "OR") { 2 } else { 0 };
        let (verb, name) = if is(at, "UPDATE") && is(at + 1, "SET") {
            // ON CONFLICT DO UPDATE: the rows of the INSERT before it.
            if let Some(last) = found.last_mut() {
                last.verb = Some(Verb::Replace);
            }
            continue;
        } else if is(at, "UPDATE") {
            (Some(Verb::Update), at + 1 + or)
        } else if is(at, "DELETE") && is(at + 1, "FROM") {
            (Some(Verb::Delete), at + 2)
        } else if is(at, "REPLACE") && is(at + 1, "INTO") {
            (Some(Verb::Replace), at + 2)
        } else if is(at, "INSERT") && is(at + 1 + or, "INTO") {
            (is(at + 2, "REPLACE").then_some(Verb::Replace), at + 2 + or)
        } else {
            continue;
        };
        let name = if is(name + 1, ".") { name + 2 } else { name };
        if let Some(table) = tokens.get(name) {
            let table = unquoted(table);
            found.push(Act { verb, table });
        }
    }
    Some(found)
}

/// Undoes the quotes of a name.
fn unquoted(token: &str) -> String {
    let inner = |quote: char, end: char| token.strip_prefix(quote)?.strip_suffix(end);
    if let Some(name) = inner('[', ']') {
        return name.to_owned();
    }
    let quotes = ['"', '`', '\''];
    let name = quotes.iter().find_map(|quote| {
        let name = inner(*quote, *quote)?;
        Some(name.replace(&format!("{quote}{quote}"), &quote.to_string()))
    });
    name.unwrap_or_else(|| token.to_owned())
}

/// Returns the word before ON: DELETE, INSERT or UPDATE. Names in quotes and comments are passed over.
fn event(sql: &str) -> Option<&'static str> {
    const EVENTS: [&str; 3] = ["DELETE", "INSERT", "UPDATE"];
    let mut found = None;
    for word in tokens(sql) {
        if word.eq_ignore_ascii_case("ON") {
            return found;
        }
        let event = EVENTS.iter().find(|event| word.eq_ignore_ascii_case(event));
        found = event.copied().or(found);
    }
    None
}

/// Cuts a definition into words, names in quotes and signs; comments and spaces are left out.
fn tokens(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let comment = rest.starts_with("--") || rest.starts_with("/*");
        let end = match first {
            '"' | '\'' | '`' => quoted(rest, first),
            '[' => after(rest, 1, "]"),
            '-' if comment => after(rest, 2, "\n"),
            '/' if comment => after(rest, 2, "*/"),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let Some((word, more)) = rest.split_at_checked(end) else {
            break;
        };
        if !comment && !first.is_whitespace() {
            found.push(word);
        }
        rest = more;
    }
    found
}

/// Returns where a name in quotes ends; a doubled quote stands for itself.
fn quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return at + letter.len_utf8();
        }
    }
    text.len()
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
    fn the_body_says_which_tables_it_writes_to() {
        let acts = |body: &str| {
            let sql = format!("CREATE TRIGGER t AFTER UPDATE OF a ON o WHEN new.a > 1 {body}");
            let found = super::acts(&sql);
            found.map(|all| all.into_iter().map(|one| (one.verb, one.table)).collect())
        };
        let found: Option<Vec<(Option<Verb>, String)>> = acts(
            "BEGIN UPDATE OR IGNORE \"my \"\"x\" SET n = 1; DELETE FROM [b c]; INSERT INTO log VALUES ('DELETE FROM z');
             INSERT OR REPLACE INTO d VALUES (1); /* UPDATE q */ REPLACE INTO e VALUES (1);
             INSERT INTO g VALUES (1) ON CONFLICT(n) DO UPDATE SET n = 2; END",
        );
        let wanted = [
            (Some(Verb::Update), "my \"x"),
            (Some(Verb::Delete), "b c"),
            (None, "log"),
            (Some(Verb::Replace), "d"),
            (Some(Verb::Replace), "e"),
            (Some(Verb::Replace), "g"),
        ];
        let wanted = wanted.map(|(verb, name)| (verb, name.to_owned()));
        assert_eq!(found, Some(wanted.to_vec()));
        assert_eq!(acts("nothing"), None);
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
