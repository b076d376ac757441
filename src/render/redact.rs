//! Finds secrets in texts that people and records get to see, and blots them out.
//! It errs on the side of hiding; the fingerprint is made from the exact text elsewhere.

use std::ops::Range;

/// Words that make the value behind them a secret, in lower case.
const KEYS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "_pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "access-key",
    "private_key",
    "credential",
    "pgpass=",
    "_auth",
];

/// Returns the text with every secret replaced by `***`.
///
/// ```
/// use backstop::render::redact::redact;
/// assert_eq!(redact("psql postgres://me:hunter2@db/shop"), "psql postgres://me:***@db/shop");
/// assert_eq!(redact("PGPASSWORD='a b' psql -c x"), "PGPASSWORD=*** psql -c x");
/// ```
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in secrets(text) {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str("***");
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Shortest secret that is looked for by its value: shorter ones stand in other words by chance.
const VALUE_MIN: usize = 4;
/// Values of one text that are looked for.
const VALUES_MAX: usize = 200;

/// Returns the values of the secrets of a text, longest first, without their quotes.
pub fn values(text: &str) -> Vec<String> {
    let places = secrets(text).into_iter().take(VALUES_MAX);
    let values = places.filter_map(|place| {
        let value = text.get(place)?.trim_matches(['"', '\'', '\\']);
        (value.len() >= VALUE_MIN).then(|| value.to_owned())
    });
    let mut values: Vec<String> = values.collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.dedup();
    values
}

/// Returns the text without its secrets, and without these values wherever they stand: a word may have been taken for
/// something else than the secret that it is.
pub fn blot(text: &str, values: &[String]) -> String {
    let mut out = redact(text);
    for value in values.iter().filter(|value| text.contains(value.as_str())) {
        out = out.replace(value.as_str(), "***");
    }
    out
}

/// Returns the words of a command with every secret replaced: the program in front says what `-p` or `-a` mean.
pub fn words(words: &[String]) -> Vec<String> {
    let line = words.join(" ");
    let secrets = secrets(&line);
    let mut start = 0;
    let mut shown = Vec::with_capacity(words.len());
    for word in words {
        let place = start..start + word.len();
        start = place.end + 1;
        let inside = secrets
            .iter()
            .filter(|secret| secret.start < place.end && secret.end > place.start);
        let mut out = String::new();
        let mut at = place.start;
        for secret in inside {
            out.push_str(line.get(at..secret.start.max(at)).unwrap_or_default());
            out.push_str("***");
            at = secret.end.min(place.end);
            // The value of an assignment is the rest of its word, blanks included.
            if is_assignment(line.get(place.start..secret.start).unwrap_or_default()) {
                at = place.end;
            }
        }
        out.push_str(line.get(at..place.end).unwrap_or_default());
        shown.push(out);
    }
    for at in 1..shown.len() {
        let named = words.get(at - 1).is_some_and(|word| {
            let name = word.to_ascii_lowercase();
            matches!(
                name.as_str(),
                "--password" | "--token" | "--secret" | "--api-key"
            )
        });
        if let Some(value) = shown.get_mut(at).filter(|_| named) {
            "***".clone_into(value);
        }
    }
    shown
}

/// Tells whether a text is `NAME=` or `--name=` and nothing else.
fn is_assignment(before: &str) -> bool {
    before.strip_suffix('=').is_some_and(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

/// Returns the text with every byte of a secret replaced by `*`, so that offsets stay.
pub fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in secrets(text) {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.extend(std::iter::repeat_n('*', range.len()));
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Returns the places of secrets, in order and without overlap.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<Range<usize>> = Vec::new();
    urls(&lower, &mut found);
    keyed(&lower, &mut found);
    attached(&lower, &mut found);
    headers(&lower, &mut found);
    accounts(&lower, &mut found);
    piped(&lower, &mut found);
    found.retain(|range| {
        range.start < range.end
            && text.is_char_boundary(range.start)
            && text.is_char_boundary(range.end)
    });
    found.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in found {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// `scheme://user:secret@host`.
fn urls(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let rest = text.get(start..).unwrap_or_default();
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`'))
            .unwrap_or(rest.len());
        let rest = rest.get(..end).unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let Some(colon) = rest.find(':') else {
            continue;
        };
        let port = authority.get(colon + 1..).unwrap_or_default();
        let is_port = !authority.contains('@') && port.bytes().all(|byte| byte.is_ascii_digit());
        let last = if authority.contains('@') {
            authority.rfind('@')
        } else {
            rest.rfind('@')
        };
        if let Some(last) = last
            && !is_port
            && colon < last
        {
            found.push(start + colon + 1..start + last);
        }
    }
}

/// `PGPASSWORD=…`, `--password …`, `"token": "…"`, `password=…`, `IDENTIFIED BY '…'`.
fn keyed(text: &str, found: &mut Vec<Range<usize>>) {
    for key in KEYS {
        for (at, _) in text.match_indices(key) {
            let mut end = at + key.trim_end_matches('=').len();
            end += name_length(text.get(end..).unwrap_or_default());
            let is_option = option_starts(text, at);
            let is_sql =
                key == "password" && text.get(end..).is_some_and(|rest| rest.starts_with(" '"));
            if let Some(value) = value_after(text, end, is_option || is_sql) {
                found.push(value);
            }
        }
    }
    for (at, mark) in text.match_indices("identified by ") {
        if let Some(value) = value_at(text, at + mark.len()) {
            found.push(value);
        }
    }
}

fn name_length(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count()
}

/// Tells whether the name around `at` begins with `--`.
fn option_starts(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let name = before
        .bytes()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    before
        .get(at - name..)
        .is_some_and(|name| name.starts_with("--"))
        || before.ends_with("--")
}

/// Returns the value behind a name: after `=` or `:`, or after a blank for options.
fn value_after(text: &str, end: usize, blank: bool) -> Option<Range<usize>> {
    let rest = text.get(end..)?;
    let quote = usize::from(rest.starts_with(['"', '\'']));
    let after = rest.get(quote..)?;
    let spaces = after.bytes().take_while(|byte| *byte == b' ').count();
    let mark = after.as_bytes().get(spaces).copied();
    match mark {
        Some(b'=' | b':') => {
            let start = end + quote + spaces + 1;
            let gap = text
                .get(start..)?
                .bytes()
                .take_while(|byte| *byte == b' ')
                .count();
            value_at(
                text,
                if mark == Some(b':') {
                    start + gap
                } else {
                    start
                },
            )
        }
        // `SET PASSWORD = PASSWORD('…')`
        Some(b'(') if after.starts_with("('") => value_at(text, end + quote + 1),
        Some(other) if blank && spaces > 0 && other != b'-' => value_at(text, end + quote + spaces),
        _ => None,
    }
}

/// Returns the value that starts here: a quoted string or everything up to a separator.
fn value_at(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    if rest.starts_with("$(") || rest.starts_with("${") {
        return None;
    }
    // `\'` opens a string inside of `$'…'`, and `\"` one inside of `"…"`.
    for quote in ["\\'", "\\\"", "\"", "'"] {
        if let Some(inner) = rest.strip_prefix(quote) {
            let length = closing(inner, quote).map_or(inner.len(), |at| at + quote.len());
            return Some(start..start + quote.len() + length);
        }
    }
    let length = rest
        .find(|c: char| {
            c.is_whitespace() || matches!(c, ';' | '&' | '|' | ')' | '"' | '\'' | ',' | '}')
        })
        .unwrap_or(rest.len());
    (length > 0).then_some(start..start + length)
}

/// Finds the closing quote; in double quotes a backslash takes the next one along.
fn closing(inner: &str, quote: &str) -> Option<usize> {
    inner.match_indices(quote).map(|(at, _)| at).find(|at| {
        quote != "\""
            || !inner
                .get(..*at)
                .is_some_and(|before| before.ends_with('\\'))
    })
}

/// Programs with an option whose next word is a secret (in lower case).
const OPTIONS: [(&str, &str); 27] = [
    ("redis-cli", " -a "),
    ("valkey-cli", " -a "),
    ("sshpass", " -p "),
    ("sqlcmd", " -p "),
    ("bcp ", " -p "),
    ("mongo", " -p "),
    ("cqlsh", " -p "),
    ("cypher-shell", " -p "),
    (" login", " -p "),
    ("ldap", " -w "),
    ("plink", " -pw "),
    ("pscp", " -pw "),
    ("rabbitmqadmin", " -p "),
    ("redis-cli", " --pass "),
    ("valkey-cli", " --pass "),
    ("surreal", " --pass "),
    ("snowsql", " -p "),
    ("beeline", " -p "),
    ("isql", " -password "),
    ("sqlplus", " -password "),
    ("db2 ", " using "),
    ("nomad", " -token "),
    ("consul", " -token "),
    ("vault login", "vault login "),
    ("openssl", " -k "),
    ("with-token", "<<< "),
    ("smbclient", " -u "),
];

/// Programs with an option whose value is `user:SECRET`.
const LOGINS: [(&str, &str); 6] = [
    ("curl", " -u"),
    ("curl", " --user"),
    ("http", " -a"),
    ("http", " --auth"),
    ("etcdctl", " --user"),
    ("smbclient", " -u"),
];

/// Programs that are given `user:SECRET@host` or `user/SECRET@host` without a scheme.
const ACCOUNTS: [(&str, char); 7] = [
    ("mysqlsh", ':'),
    ("sqlplus", '/'),
    ("sqlldr", '/'),
    ("impdp", '/'),
    ("expdp", '/'),
    ("rman", '/'),
    ("usql", ':'),
];

/// `sqlplus scott/SECRET@orcl`, `mysqlsh root:SECRET@db`.
fn accounts(text: &str, found: &mut Vec<Range<usize>>) {
    for (_, mark) in ACCOUNTS
        .iter()
        .filter(|(program, _)| text.contains(program))
    {
        let mut at = 0;
        for word in text.split(|letter: char| letter.is_whitespace() || "\"'`".contains(letter)) {
            let start = at;
            at += word.len() + 1;
            let Some((user, rest)) = word.split_once(*mark) else {
                continue;
            };
            let Some((secret, _)) = rest.rsplit_once('@') else {
                continue;
            };
            if !user.is_empty() && !rest.starts_with('/') && !secret.contains('/') {
                let from = start + user.len() + mark.len_utf8();
                found.push(from..from + secret.len());
            }
        }
    }
}

/// `echo SECRET | sudo -S ...`.
fn piped(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, _) in text.match_indices("sudo -s") {
        let before = text.get(..at).unwrap_or_default();
        let from = before.rfind(['\n', ';', '&']).map_or(0, |at| at + 1);
        let line = before.get(from..).unwrap_or_default();
        for start in ["echo ", "printf ", "<<< "] {
            if let Some(place) = line.find(start).filter(|_| line.contains('|')) {
                found.extend(value_at(text, from + place + start.len()));
            }
        }
    }
}

/// `mysql -pSECRET`, `redis-cli -a SECRET`, `curl -u user:SECRET`, `sshpass -p SECRET`.
fn attached(text: &str, found: &mut Vec<Range<usize>>) {
    let has = |program: &str| text.contains(program);
    let tools = ["mysql", "mariadb", "mycli", "sqlcmd", "bcp "];
    if tools.iter().any(|program| has(program)) {
        for (at, mark) in text.match_indices(" -p") {
            let start = at + mark.len();
            if text
                .as_bytes()
                .get(start)
                .is_some_and(|byte| !byte.is_ascii_whitespace())
            {
                found.extend(value_at(text, start));
            }
        }
    }
    for (program, option) in OPTIONS {
        if has(program) {
            let places = text.match_indices(option);
            found.extend(places.filter_map(|(at, mark)| value_at(text, at + mark.len())));
        }
    }
    for (_, option) in LOGINS.iter().filter(|(program, _)| has(program)) {
        for (at, mark) in text.match_indices(option) {
            let mut start = at + mark.len();
            start += usize::from(
                text.get(start..)
                    .is_some_and(|rest| rest.starts_with([' ', '='])),
            );
            if let Some(value) = value_at(text, start)
                && let Some(colon) = text.get(value.clone()).and_then(|value| value.find(':'))
            {
                found.push(value.start + colon + 1..value.end);
            }
        }
    }
}

/// `Authorization: Bearer …`.
fn headers(text: &str, found: &mut Vec<Range<usize>>) {
    for scheme in ["bearer ", "authorization: basic "] {
        for (at, mark) in text.match_indices(scheme) {
            found.extend(value_at(text, at + mark.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{mask, redact};

    #[test]
    fn a_value_is_blotted_out_wherever_else_it_was_put() {
        let known = super::values("sqlcmd -S s -U sa -P 'hunter2' -Q 'DROP DATABASE x'");
        assert_eq!(known, ["hunter2"]);
        assert_eq!(super::blot("s:hunter2/x", &known), "s:***/x");
        assert_eq!(super::blot("s:1433/x", &known), "s:1433/x");
        assert!(super::values("psql -p 5432 -c 'DROP TABLE t'").is_empty());
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        for text in [
            "sqlplus scott/hunter2@orcl",
            "sqlcmd -S s -U sa -Phunter2 -Q x",
            "mysqlsh root:hunter2@db --sql -e x",
            "redis-cli --pass hunter2 FLUSHALL",
            "REDISCLI_AUTH=hunter2 redis-cli FLUSHALL",
            "snowsql -a x -u u -p hunter2 -q x",
            "mysql -e \"SET PASSWORD FOR x = PASSWORD('hunter2')\"",
            "echo hunter2 | sudo -S rm x",
            "db2 'connect to x user u using hunter2'",
            "gh auth login --with-token <<< hunter2",
            "psql postgresql://u:hunter2@h/db -c x",
            "psql postgresql://u:hun/ter2@h/db -c x",
            "PGPASSWORD=hunter2 psql",
            "env PGPASSWORD=\"hunter2\" psql",
            "docker exec -e PGPASSWORD=hunter2 db psql",
            "mysql -u root -phunter2 shop",
            "mysql --password=hunter2 shop",
            "tool --password hunter2 x",
            "psql \"host=h password=hunter2 dbname=x\"",
            "redis-cli -a hunter2 FLUSHALL",
            "curl -u me:hunter2 -X DELETE http://h/i",
            "curl -H 'Authorization: Bearer hunter2' http://h",
            "AWS_SECRET_ACCESS_KEY=hunter2 aws s3 rb",
            "{\"password\": \"hunter2\"}",
            "ALTER USER x PASSWORD 'hunter2'",
            "CREATE USER x IDENTIFIED BY 'hunter2'",
            "MYSQL_PWD=hunter2 mysql",
            "psql $'host=h password=\\'a hunter2\\' dbname=x' -c y",
            "psql \"host=h password=\\\"a hunter2\\\" dbname=x\" -c y",
            "PGPASSWORD=\"a\\\"hunter2\" psql",
        ] {
            let shown = redact(text);
            assert!(
                !shown.contains("hunter2") && !shown.contains("ter2"),
                "{text} -> {shown}"
            );
            assert_eq!(mask(text).len(), text.len());
        }
    }

    #[test]
    fn words_of_a_command_are_read_with_their_program() {
        for line in [
            vec!["mysql", "-u", "root", "-phunter2", "shop"],
            vec!["curl", "-u", "admin:hunter2", "-X", "DELETE", "http://h/i"],
            vec!["curl", "-uadmin:hunter2", "http://h/i"],
            vec!["redis-cli", "-a", "hunter2", "FLUSHALL"],
            vec!["env", "PGPASSWORD=a hunter2 b", "psql"],
            vec!["docker", "login", "-u", "me", "-p", "hunter2"],
            vec!["tool", "--password", "hunter2"],
            vec!["psql", "host=h password='a hunter2' dbname=x"],
            vec!["etcdctl", "--user=root:hunter2", "del", "a"],
        ] {
            let line: Vec<String> = line.into_iter().map(str::to_owned).collect();
            let shown = super::words(&line);
            assert_eq!(shown.len(), line.len());
            assert!(!shown.concat().contains("hunter2"), "{shown:?}");
            assert_eq!(shown.first(), line.first());
        }
        let plain: Vec<String> = ["psql", "-p", "5432", "-c", "DROP TABLE a, b"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(super::words(&plain), plain);
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in [
            "ls -la",
            "curl http://localhost:8080/@scope/x",
            "psql -p 5432 -c 'select 1'",
            "docker run -p 80:80 x",
            "cd $PWD",
        ] {
            assert_eq!(redact(text), text);
        }
    }
}
