//! Strings and comments in what mongosh and cypher-shell are given: texts about a drop are none.
//! It blanks them out, so that the rules over the text of a script do not see them; keys and short names stay.

use std::borrow::Cow;

use crate::model::word::Word;

use super::undone;

/// Words in a script whose strings are code.
const RUNS: [&str; 10] = [
    "eval(",
    "Function(",
    "$where",
    "runScript",
    "mapReduce",
    "setTimeout(",
    "apoc.",
    "load(",
    "cypher.",
    "run_js",
];

/// Parts of a script in which constants are looked for.
const CONSTANTS_MAX: usize = 64;

/// Returns the words of a command without the strings and comments of the script among them.
pub(super) fn blanked(words: Cow<'_, [Word]>) -> Cow<'_, [Word]> {
    let name = words.first().and_then(Word::text);
    let cypher = match name.as_deref().and_then(|name| name.rsplit('/').next()) {
        Some("mongosh" | "mongo") => false,
        Some("cypher-shell") => true,
        _ => return words,
    };
    let holds = |word: &Word| {
        let text = word.prefix();
        let begins = text.contains(":begin") || text.contains("startTransaction");
        begins || text.contains(['\'', '"', '`', '/'])
    };
    if !words.iter().skip(1).any(holds) {
        return words;
    }
    let mut all = words.to_vec();
    for word in all.iter_mut().skip(1) {
        let Some(text) = word.text() else { continue };
        if !text.contains(' ') && !text.contains('(') || RUNS.iter().any(|run| text.contains(run)) {
            continue;
        }
        let kept = match cypher {
            true => undone::cypher(&text),
            false => undone::mongo(&text),
        };
        let kept = kept.as_deref().unwrap_or(&text);
        let plain = match !cypher && kept.contains("](") {
            true => without(&computed(kept), cypher),
            false => without(kept, cypher),
        };
        if plain != text {
            *word = Word::literal(plain, word.origin.clone());
        }
    }
    Cow::Owned(all)
}

/// Returns a script with what its strings and comments say left out.
fn without(text: &str, cypher: bool) -> String {
    let mut all = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"', '`', '/']) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        all.push_str(plain);
        let mut letters = from.chars();
        let mark = letters.next().unwrap_or_default();
        let tail = letters.as_str();
        rest = match mark {
            '/' => match (tail.strip_prefix('/'), tail.strip_prefix('*')) {
                // The colon of an address.
                (Some(line), _) if !all.ends_with(':') => line
                    .find('\n')
                    .and_then(|end| line.get(end..))
                    .unwrap_or(""),
                (_, Some(block)) => block.split_once("*/").map_or("", |(_, rest)| rest),
                _ => {
                    all.push('/');
                    tail
                }
            },
            quote => {
                let end = closing(tail, quote);
                let inside = tail.get(..end).unwrap_or_default();
                let closes = end < tail.len();
                let behind = tail.get(end + 1..).unwrap_or_default();
                // `db["orders"]["drop"]()` is `db.orders.drop()`.
                if !cypher && is_member(inside) && all.ends_with('[') && behind.starts_with(']') {
                    all.pop();
                    all.push('.');
                    all.push_str(inside);
                    rest = behind.get(1..).unwrap_or_default();
                    continue;
                }
                all.push(quote);
                let says = cypher || inside.contains('(');
                match says && quote == '`' {
                    // What stands between the braces of a template is code.
                    true => all.extend(inside.split("${").skip(1).map(|part| {
                        let (code, _) = part.split_once('}').unwrap_or((part, ""));
                        format!("${{{code}}}")
                    })),
                    false => all.push_str(if says { "" } else { inside }),
                }
                if closes {
                    all.push(quote);
                }
                tail.get(end + usize::from(closes)..).unwrap_or_default()
            }
        };
    }
    all.push_str(rest);
    all
}

/// Returns a script in which `const f = "dro" + "p"; db.a[f]()` reads `db.a.drop()`.
fn computed(text: &str) -> String {
    let mut text = joined(text);
    let mut known: Vec<(String, String)> = Vec::new();
    for part in text.split([';', '\n', '{']).take(CONSTANTS_MAX) {
        let Some((head, value)) = part.split_once('=') else {
            continue;
        };
        let name = head.split_whitespace().last().unwrap_or_default();
        let inside = value.trim().trim_matches(['"', '\'', '`']);
        if is_member(name) && is_member(inside) && inside.len() < value.trim().len() {
            known.push((format!("[{name}]("), format!(".{inside}(")));
        }
    }
    for (member, plain) in known {
        text = text.replace(&member, &plain);
    }
    text
}

/// Puts strings together that are added to one another.
fn joined(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    let mut letters = text.chars();
    let (mut quote, mut first) = (None, '"');
    while let Some(letter) = letters.next() {
        match quote {
            None if matches!(letter, '"' | '\'' | '`') => {
                quote = Some(letter);
                first = letter;
            }
            Some(mark) if letter == mark => {
                let mut ahead = letters.as_str().trim_start().strip_prefix('+');
                ahead = ahead.map(str::trim_start);
                let next = ahead.and_then(|rest| rest.chars().next());
                if let (Some(rest), Some(next @ ('"' | '\'' | '`'))) = (ahead, next) {
                    letters = rest.chars();
                    letters.next();
                    quote = Some(next);
                    continue;
                }
                quote = None;
                all.push(first);
                continue;
            }
            _ => {}
        }
        all.push(letter);
    }
    all
}

fn is_member(inside: &str) -> bool {
    !inside.is_empty()
        && inside
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns where a string ends.
fn closing(tail: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in tail.char_indices() {
        if letter == quote && !escaped {
            return at;
        }
        escaped = letter == '\\' && !escaped;
    }
    tail.len()
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn a_member_whose_name_is_put_together_is_that_member() {
        let of = |text: &str| without(&super::computed(text), false);
        assert_eq!(
            of("const f=\"dropDatab\"+\"ase\"; db[f]()"),
            "const f=\"dropDatabase\"; db.dropDatabase()"
        );
        assert_eq!(of("db[\"dr\" + 'op']()"), "db.drop()");
        assert_eq!(of("const n = 3; db[n]()"), "const n = 3; db[n]()");
    }

    #[test]
    fn what_strings_and_comments_say_is_left_out_and_keys_stay() {
        for (text, cypher, expected) in [
            (
                "db.t.insertOne({text: \"run db.x.drop()\"})",
                false,
                "db.t.insertOne({text: \"\"})",
            ),
            ("db.x.find() // db.x.drop()", false, "db.x.find() "),
            (
                "db.a.aggregate([{\"$out\": \"b\"}])",
                false,
                "db.a.aggregate([{\"$out\": \"b\"}])",
            ),
            ("db['x'].drop() /* a */", false, "db.x.drop() "),
            (
                "MATCH (n) WHERE n.t = 'DETACH DELETE' RETURN n",
                true,
                "MATCH (n) WHERE n.t = '' RETURN n",
            ),
            (
                "MATCH (n {a: 'it\\'s'}) DETACH DELETE n",
                true,
                "MATCH (n {a: ''}) DETACH DELETE n",
            ),
        ] {
            assert_eq!(without(text, cypher), expected);
        }
    }
}
