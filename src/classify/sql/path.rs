//! The search path that a call gives its session before it speaks of anything.
//! What it cannot read to the last word may be any path; names are looked up by the server, not here.

use crate::model::database::SearchPath;

/// Returns the path that a session has: by its environment's options or by the first statement of its texts.
/// `others` are further words of the call; the texts may stand among them.
pub(super) fn of(texts: &[String], options: &[String], others: &[String]) -> SearchPath {
    let mentions = |all: &[String]| all.iter().map(|one| count(one)).sum::<usize>();
    let (said, optional, words) = (mentions(texts), mentions(options), mentions(others));
    let read = match (said, optional) {
        (1, 0) if words <= 1 => texts.first().and_then(|text| first_statement(text)),
        (0, 1) if words == 0 => options.iter().find_map(|text| option(text)),
        _ => None,
    };
    match read {
        Some(parts) => SearchPath::Set(parts),
        None => SearchPath::Anywhere,
    }
}

/// Counts what may change where names are looked up.
fn count(text: &str) -> usize {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|one| *one == word);
    let found = (0..words.len()).filter(|at| {
        is(*at, "search_path")
            || is(*at, "set_config")
            || is(*at, "authorization")
            || is(*at, "set") && (is(at + 1, "role") || is(at + 1, "schema"))
    });
    found.count()
}

/// Reads `SET search_path TO a, "B";` at the beginning of a text.
fn first_statement(text: &str) -> Option<String> {
    let mut rest = text.trim_start();
    for word in ["set", "session", "search_path"] {
        let head = rest.get(..word.len());
        let fits = head.is_some_and(|head| head.eq_ignore_ascii_case(word));
        match (fits, word) {
            (true, _) => rest = rest.get(word.len()..)?.trim_start(),
            (false, "session") => {}
            (false, _) => return None,
        }
    }
    let rest = match rest.strip_prefix('=') {
        Some(rest) => rest,
        None => {
            let to = rest.get(..2).filter(|to| to.eq_ignore_ascii_case("to"))?;
            let rest = rest.get(to.len()..)?;
            rest.starts_with(|letter: char| {
                letter.is_whitespace() || letter == '\'' || letter == '"'
            })
            .then_some(rest)?
        }
    };
    let list = rest.split([';', '\n']).next()?;
    parts(list)
}

/// Reads `-c search_path=a,b` and `--search_path=a`.
fn option(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let at = lower.find("search_path=")?;
    let value = text.get(at + "search_path=".len()..)?;
    let value = value.split_whitespace().next()?;
    (!value.contains('\\')).then(|| parts(value))?
}

/// Returns a list of schemas as the server takes it for a setting.
fn parts(list: &str) -> Option<String> {
    let mut all = Vec::new();
    for part in list.split(',') {
        let part = part.trim();
        let quote = part.chars().next().filter(|one| "'\"".contains(*one));
        let name = match quote {
            Some(quote) => part.strip_prefix(quote)?.strip_suffix(quote)?.to_owned(),
            None => part.to_lowercase(),
        };
        let fits = |letter: char| letter.is_alphanumeric() || "_$ ".contains(letter);
        let plain = |letter: char| letter.is_alphanumeric() || "_$".contains(letter);
        let is_default = quote.is_none() && name == "default";
        if name.is_empty()
            || is_default
            || !name.chars().all(fits)
            || quote.is_none() && !name.chars().all(plain)
        {
            return None;
        }
        all.push(format!("\"{name}\""));
    }
    Some(all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> SearchPath {
        of(&[text.to_owned()], &[], &[])
    }

    #[test]
    fn a_path_that_is_set_first_is_read() {
        let set = |path: &str| SearchPath::Set(path.to_owned());
        for (text, path) in [
            ("SET search_path=s2; DROP TABLE users", "\"s2\""),
            (
                "set session search_path to S2, \"My S\", '$user';",
                "\"s2\", \"My S\", \"$user\"",
            ),
            (" SET search_path TO 'app'\n; DELETE FROM t", "\"app\""),
        ] {
            assert_eq!(texts(text), set(path), "{text}");
        }
        let options = |text: &str| of(&[], &[text.to_owned()], &[]);
        assert_eq!(
            options("-c search_path=s2,public"),
            set("\"s2\", \"public\"")
        );
        assert_eq!(options("-c work_mem=1MB --search_path=s2"), set("\"s2\""));
    }

    #[test]
    fn a_path_that_is_not_read_may_be_any() {
        for text in [
            "SET search_path = DEFAULT; DROP TABLE users",
            "BEGIN; SET search_path = s2; DROP TABLE users",
            "SET LOCAL search_path = s2; DROP TABLE users",
            "SET search_path = s2; SET search_path = s3; DROP TABLE users",
            "SET search_path = s2; SET ROLE bob; DROP TABLE users",
            "SET search_path = :'where'; DROP TABLE users",
            "SELECT set_config('search_path', 's2', false); DROP TABLE users",
        ] {
            assert_eq!(texts(text), SearchPath::Anywhere, "{text}");
        }
        let both = of(
            &["SET search_path = s2;".to_owned()],
            &["-c search_path=s3".to_owned()],
            &[],
        );
        assert_eq!(both, SearchPath::Anywhere);
    }
}
