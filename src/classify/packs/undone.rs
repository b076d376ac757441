//! Transactions in scripts of store clients that are given up: what they take is not taken.
//! It only leaves out what is certain to be undone; everything else stays as it is written.

/// Words that can keep the start of a transaction from happening, or put another course around it.
const COURSES: [&str; 13] = [
    "if", "else", "for", "while", "do", "switch", "catch", "function", "=>", "?", "&&", "||",
    "return",
];

/// Methods of a collection that a transaction of MongoDB takes back.
const UNDONE: [&str; 9] = [
    "deleteMany(",
    "deleteOne(",
    "findOneAndDelete(",
    "findAndModify(",
    "remove(",
    "bulkWrite(",
    "updateMany(",
    "updateOne(",
    "replaceOne(",
];

/// Text of Cypher that works outside of the transaction around it.
const OUTSIDE: [&str; 5] = ["apoc.", "in transactions", "dbms.", "database", ":source"];

/// Returns a script of cypher-shell without what stands between `:begin` and `:rollback`, or the end; nothing where nothing is left out.
pub(super) fn cypher(text: &str) -> Option<String> {
    // What is not known may be a `:commit`.
    if !text.contains(":begin") || text.contains('\0') {
        return None;
    }
    let mut all = String::with_capacity(text.len());
    let mut open: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let word = line.trim().trim_end_matches(';').to_ascii_lowercase();
        match (word.as_str(), &mut open) {
            (":begin", None) => open = Some(String::new()),
            (":commit", _) => all.push_str(&open.take().unwrap_or_default()),
            (":rollback", Some(inside)) => {
                all.push_str(&outside(inside));
                open = None;
            }
            (_, Some(inside)) => inside.push_str(line),
            (_, None) => all.push_str(line),
        }
    }
    // The end of the session takes back what is open.
    all.push_str(&outside(&open.unwrap_or_default()));
    Some(all)
}

/// What of a transaction stays although it is rolled back: all of it where a part works outside.
fn outside(text: &str) -> String {
    let lower = text.to_lowercase();
    match OUTSIDE.iter().any(|word| lower.contains(word)) {
        true => text.to_owned(),
        false => String::new(),
    }
}

/// Returns a script of mongosh in which a session's writes are written as reads, where its transaction is begun for certain and committed nowhere.
pub(super) fn mongo(text: &str) -> Option<String> {
    let commits = ["commitTransaction", "withTransaction", "eval", "load("];
    let (head, behind) = text.split_once(".startTransaction(")?;
    if text.contains('\0') || commits.iter().any(|word| text.contains(word)) || has_course(head) {
        return None;
    }
    let session = name_before(head)?;
    let ends = format!("{session}.abortTransaction(");
    let inside = behind
        .split_once(ends.as_str())
        .map_or(behind, |(inside, _)| inside);
    let roots = roots(session, head, inside);
    let mut all = String::with_capacity(text.len());
    all.push_str(head);
    all.push_str(".startTransaction(");
    let mut rest = inside;
    while let Some((at, method)) = next_method(rest) {
        let (before, from) = rest.split_at_checked(at)?;
        all.push_str(before);
        let known = root(before).is_some_and(|root| roots.contains(&root));
        all.push_str(if known { "find(" } else { method });
        rest = from.get(method.len()..)?;
    }
    all.push_str(rest);
    all.push_str(behind.get(inside.len()..)?);
    Some(all)
}

fn has_course(head: &str) -> bool {
    let words = head.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
    let mut words = words.filter(|word| !word.is_empty());
    let signs = COURSES
        .iter()
        .filter(|word| !word.starts_with(|char: char| char.is_ascii_alphabetic()));
    words.any(|word| COURSES.contains(&word)) || signs.into_iter().any(|sign| head.contains(sign))
}

/// Returns the name that stands last.
fn name_before(text: &str) -> Option<&str> {
    let start = text
        .rfind(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '_' | '$')))
        .map_or(0, |at| at + 1);
    text.get(start..).filter(|name| !name.is_empty())
}

/// Names of what belongs to the session: its databases and their collections.
fn roots<'t>(session: &'t str, head: &'t str, inside: &'t str) -> Vec<&'t str> {
    let mut all = vec![session];
    for text in [head, inside] {
        for statement in text.split([';', '\n']) {
            let Some((name, value)) = statement.split_once('=') else {
                continue;
            };
            let value = value.trim_start();
            let start = value.split(['.', '(', '[']).next().unwrap_or_default();
            let of_session = start == session && value.contains(".getDatabase(");
            let of_known = start != session && all.contains(&start) && !value.contains("getMongo");
            if (of_session || of_known)
                && let Some(name) = name_before(name.trim_end())
            {
                all.push(name);
            }
        }
    }
    all
}

fn next_method(text: &str) -> Option<(usize, &'static str)> {
    let found = UNDONE.iter().filter_map(|method| {
        let at = text.find(&format!(".{method}"))?;
        Some((at + 1, *method))
    });
    found.min_by_key(|(at, _)| *at)
}

/// Returns the name with which the chain of members at the end of a text begins.
fn root(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let start = text.char_indices().rev().find(|(_, char)| {
        match char {
            ')' | ']' => depth += 1,
            '(' | '[' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            _ => return !(char.is_ascii_alphanumeric() || matches!(char, '_' | '$' | '.')),
        }
        false
    });
    let start = start.map_or(0, |(at, char)| at + char.len_utf8());
    let name = text.get(start..)?.split(['.', '(', '[']).next()?;
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_transaction_gives_up_is_left_out() {
        assert_eq!(
            cypher(":begin\nMATCH (n) DELETE n;\n:rollback\nRETURN 1;").as_deref(),
            Some("RETURN 1;")
        );
        assert_eq!(cypher(":begin\nMATCH (n) DELETE n;").as_deref(), Some(""));
        for kept in [
            ":begin\nMATCH (n) DELETE n;\n:commit",
            ":begin\nCALL apoc.periodic.iterate('MATCH (n) RETURN n', 'DELETE n', {});\n:rollback",
        ] {
            assert!(
                cypher(kept).is_some_and(|text| text.contains("DELETE n")),
                "{kept}"
            );
        }
        assert_eq!(cypher("MATCH (n) DELETE n"), None);
    }

    #[test]
    fn writes_of_an_aborted_session_are_reads_and_those_beside_it_are_not() {
        let aborted = |text: &str| mongo(text).is_some_and(|text| !text.contains("deleteMany"));
        let start = "const s = db.getMongo().startSession(); s.startTransaction(); ";
        for text in [
            "s.getDatabase('a').b.deleteMany({}); s.abortTransaction()",
            "const r = s.getDatabase('a').b.deleteMany({})",
            "const d = s.getDatabase('a'); const c = d.b; c.deleteMany({}); s.abortTransaction()",
        ] {
            assert!(aborted(&format!("{start}{text}")), "{text}");
        }
        for text in [
            "db.b.deleteMany({}); s.abortTransaction()",
            "s.abortTransaction(); s.getDatabase('a').b.deleteMany({})",
            "s.getDatabase('a').b.deleteMany({}); s.commitTransaction()",
        ] {
            assert!(!aborted(&format!("{start}{text}")), "{text}");
        }
        assert!(!aborted(
            "const s = db.getMongo().startSession(); if (x) s.startTransaction(); s.getDatabase('a').b.deleteMany({})"
        ));
    }
}
