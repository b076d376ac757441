//! SQL that goes to a server over HTTP: in the address, in the body, or in a JSON value that names itself a statement.
//! Deletions that are no SQL (`DELETE /index`, `_delete_by_query`) are rules of the packs.

use serde_json::Value;

use crate::classify::sql::options::{self, Style};
use crate::classify::sql::reach::Server;
use crate::model::command::{Command, Stdin};
use crate::model::effect::Dialect;
use crate::model::span::Origin;
use crate::model::target::TargetKind;
use crate::model::word::Word;
use crate::sql::client::{Client, Variables};
use crate::sql::{HOLE, losses_in_prose};

use super::{Base, Call, Input};

/// Options of curl and wget that carry a body.
const BODY: &[&str] = &[
    "-d",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-ascii",
    "--data-urlencode",
    "--json",
    "--body-data",
    "--post-data",
    "--raw",
];
/// Options that name a file with the body.
const BODY_FILES: &[&str] = &["--body-file", "--post-file"];
/// Their other options with a value.
const VALUED: &[&str] = &[
    "-X",
    "-H",
    "-o",
    "-O",
    "-u",
    "-A",
    "-e",
    "-b",
    "-c",
    "-x",
    "-m",
    "-w",
    "-K",
    "-E",
    "-F",
    "-T",
    "--request",
    "--header",
    "--output",
    "--output-document",
    "--user",
    "--password",
    "--user-agent",
    "--referer",
    "--cookie",
    "--cookie-jar",
    "--proxy",
    "--max-time",
    "--connect-timeout",
    "--retry",
    "--retry-delay",
    "--write-out",
    "--config",
    "--cacert",
    "--cert",
    "--key",
    "--resolve",
    "--method",
    "--timeout",
    "--tries",
    "--form",
    "--url",
    "--url-query",
    "--unix-socket",
    "--auth",
    "--auth-type",
    "--session",
];
/// Parameters and JSON keys whose value is a statement.
const KEYS: &[&str] = &[
    "query",
    "q",
    "sql",
    "stmt",
    "stmts",
    "statement",
    "statements",
    "command",
    "queryText",
    "sqlText",
    "sql_text",
    "sql_query",
    "sql_string",
    "query_text",
];
/// JSON is looked into this deep, and no further.
const DEPTH: usize = 12;

/// One address.
struct Address {
    text: String,
    host: String,
    port: Option<String>,
}

impl Address {
    fn read(text: &str) -> Self {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let place = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if port.chars().all(|letter| letter.is_ascii_digit()) => {
                (host, Some(port.to_owned()))
            }
            _ => (place, None),
        };
        Self {
            text: text.to_owned(),
            host: if host.is_empty() { "localhost" } else { host }.to_owned(),
            port,
        }
    }

    /// Tells whether the path says that statements may be taken there.
    fn may_take_sql(&self) -> bool {
        let path = self
            .text
            .split_once("://")
            .map_or(&*self.text, |(_, rest)| rest);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let asked = self.text.split(['?', '&']).skip(1);
        path.split('/').skip(1).any(|part| DOORS.contains(&part))
            || asked
                .into_iter()
                .any(|pair| pair.starts_with("query=") || pair.starts_with("sql="))
    }

    /// Returns the dialect of an address that is known to take SQL and nothing else.
    fn takes_sql(&self) -> Option<Dialect> {
        let path = self.text.split(['?', '#']).next().unwrap_or_default();
        if matches!(self.port.as_deref(), Some("8123")) || self.host.contains("clickhouse") {
            return Some(Dialect::Clickhouse);
        }
        let ends = [
            "/v1/statement",
            "/database/query",
            "/api/v2/statements",
            "/druid/v2/sql",
            "/_plugins/_sql",
            "/db/execute",
            "/rpc/exec_sql",
            "/rpc/execute_sql",
            "/rpc/run_sql",
        ];
        let influx = self.port.as_deref() == Some("8086") && path.ends_with("/query");
        let known = influx
            || ends
                .iter()
                .any(|end| path.trim_end_matches('/').ends_with(end));
        known.then_some(Dialect::Unknown)
    }
}

/// Tells whether a header names ClickHouse, whose HTTP interface takes statements on any port.
fn says_clickhouse(command: &Command) -> bool {
    let mut args = command.args().iter();
    args.any(|word| {
        word.prefix()
            .to_ascii_lowercase()
            .starts_with("x-clickhouse-")
    })
}

/// Tells whether a body is a statement as it stands, and nothing else: who sends it sends it to a database.
fn sends_a_statement(options: &options::Options) -> bool {
    const BEGINNINGS: [&str; 6] = [
        "drop table ",
        "drop database ",
        "truncate table ",
        "delete from ",
        "alter table ",
        "drop schema ",
    ];
    options.options.iter().any(|(name, value)| {
        let text = value
            .as_ref()
            .map(shown)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let begins = |start: &&str| text.trim_start().starts_with(*start);
        BODY.contains(&name.as_str()) && BEGINNINGS.iter().any(begins)
    })
}

/// Names of parts of an address under which services take statements.
const DOORS: &[&str] = &[
    "sql",
    "_sql",
    "query",
    "queries",
    "statement",
    "statements",
    "execute",
    "exec",
    "pipeline",
    "db",
    "database",
    "exec_sql",
    "execute_sql",
    "run_sql",
    "exec-sql",
    "execute-sql",
    "run-sql",
    "sql_query",
];

/// Reads a call over HTTP; nothing when it carries no statement that loses anything.
pub(super) fn read(command: &Command) -> Option<Call> {
    let program = command.program()?;
    let body_words = matches!(
        program.as_str(),
        "http" | "https" | "xh" | "xhs" | "httpie" | "curlie"
    );
    if !body_words && !matches!(program.as_str(), "curl" | "wget" | "curl.exe") {
        return None;
    }
    let valued = [BODY, BODY_FILES, VALUED].concat();
    let options = options::read(command.args(), Style::Gnu, &valued);
    let mut operands = options.operands.iter();
    let address = options
        .value(&["--url"])
        .or_else(|| operands.find(|word| is_address(&shown(word), body_words)))?;
    let address = Address::read(&shown(address));
    let said = || says_clickhouse(command).then_some(Dialect::Clickhouse);
    let bare = || sends_a_statement(&options).then_some(Dialect::Unknown);
    let sure = address.takes_sql().or_else(said).or_else(bare);
    if sure.is_none() && !address.may_take_sql() {
        return None;
    }
    let mut texts = Texts {
        inputs: Vec::new(),
        sure: sure.is_some(),
        origin: command.origin.clone(),
    };
    texts.parameters(&address.text);
    for (name, value) in &options.options {
        let Some(value) = value else { continue };
        if BODY_FILES.contains(&name.as_str()) {
            texts.file(value);
        } else if BODY.contains(&name.as_str()) || name == "--url-query" {
            texts.body(value, name, command);
        }
    }
    if body_words {
        operands.for_each(|word| texts.item(word));
        if let Stdin::Text(word) = &command.stdin {
            texts.body(word, "--raw", command);
        }
    }
    (!texts.inputs.is_empty()).then(|| Call {
        client: Client::Plain,
        dialect: sure.unwrap_or(Dialect::Unknown),
        base: base(&address, &command.origin),
        inputs: texts.inputs,
        variables: Variables::new(),
        read_only: false,
        commits: true,
        pipe: None,
    })
}

fn base(address: &Address, origin: &Origin) -> Base {
    let word = |text: &str| Word::literal(text, origin.clone());
    Base::Other {
        kind: TargetKind::Database,
        port: "80",
        server: Server {
            host: Some(word(&address.host)),
            port: address.port.as_deref().map(word),
            ..Server::default()
        },
    }
}

fn is_address(text: &str, short: bool) -> bool {
    let method = text.chars().all(|letter| letter.is_ascii_uppercase());
    !method
        && (text.contains("://") || text.contains(['.', ':', '/']) || text == "localhost")
        && (!short || !text.contains('=') || text.contains("://"))
}

fn shown(word: &Word) -> String {
    crate::classify::sql::source::Source::of_word(word).text
}

/// Texts that may be statements.
struct Texts {
    inputs: Vec<Input>,
    /// The address takes nothing but SQL.
    sure: bool,
    origin: Origin,
}

impl Texts {
    /// Keeps a text: any for an address that takes SQL, elsewhere only one that is a losing statement to its last word.
    fn keep(&mut self, text: &str) {
        let counts = if self.sure {
            !text.trim().is_empty()
        } else {
            !text.contains(HOLE) && !losses_in_prose(text, Dialect::Unknown).is_empty()
        };
        if counts {
            let word = Word::literal(text, self.origin.clone());
            self.inputs.push(Input::Words(word));
        }
    }

    fn file(&mut self, name: &Word) {
        if self.sure {
            self.inputs.push(Input::File(name.clone()));
        }
    }

    /// Reads `?query=…` of an address.
    fn parameters(&mut self, address: &str) {
        let Some((_, query)) = address.split_once('?') else {
            return;
        };
        for pair in query.split(['&', '#']) {
            if let Some((key, value)) = pair.split_once('=')
                && KEYS.contains(&key)
            {
                self.keep(&decoded(value));
            }
        }
    }

    fn body(&mut self, word: &Word, option: &str, command: &Command) {
        let text = shown(word);
        let named = option == "--data-urlencode" || option == "--url-query";
        if let Some(file) = text.strip_prefix('@').filter(|_| option != "--data-raw") {
            return self.at(file, word, command);
        }
        if let Some((key, value)) = text.split_once('=')
            && KEYS.contains(&key)
        {
            let value = if named {
                value.to_owned()
            } else {
                decoded(value)
            };
            return match value.strip_prefix('@') {
                Some(file) => self.at(file, word, command),
                None => self.keep(&value),
            };
        }
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::String(text)) => self.keep(&text),
            Ok(value) if value.is_object() || value.is_array() => self.json(&value, true, DEPTH),
            Ok(_) | Err(_) if self.sure && word.has_hole() => {
                self.inputs.push(Input::Words(word.clone()));
            }
            Ok(_) | Err(_) => self.keep(&text),
        }
    }

    /// `@-` is standard input, `@file` a file.
    fn at(&mut self, file: &str, word: &Word, command: &Command) {
        if !matches!(file, "-" | "/dev/stdin") {
            return self.file(&options::tail(word, shown(word).len() - file.len()));
        }
        match &command.stdin {
            Stdin::Text(text) => self.body(text, "--data-raw", command),
            Stdin::File(file) if self.sure => self.inputs.push(Input::Redirected(file.clone())),
            Stdin::Opaque { from } if self.sure => self.inputs.push(Input::Unknown(from.clone())),
            Stdin::File(_) | Stdin::Opaque { .. } | Stdin::Inherited | Stdin::Null => {}
        }
    }

    /// `key=value` and `key:=json` words of HTTPie.
    fn item(&mut self, word: &Word) {
        let text = shown(word);
        let Some((key, value)) = text.split_once('=') else {
            return;
        };
        if KEYS.contains(&key.trim_end_matches([':', '='])) {
            self.keep(value.trim_start_matches('='));
        }
    }

    fn json(&mut self, value: &Value, named: bool, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        match value {
            Value::String(text) if named => self.keep(text),
            Value::Array(items) => items.iter().for_each(|item| self.json(item, named, depth)),
            Value::Object(pairs) => {
                for (key, item) in pairs {
                    self.json(item, KEYS.contains(&key.as_str()), depth);
                }
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Returns the statements of a JSON list: its strings, and what stands under `Statement`.
pub(super) fn statements(text: &str) -> Vec<String> {
    let items = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(items)) => items,
        Ok(other) => vec![other],
        // What cannot be read is taken as it stands.
        Err(_) => return vec![text.to_owned()],
    };
    let one = |item: &Value| {
        let named = item.get("Statement").or_else(|| item.get("statement"));
        named.unwrap_or(item).as_str().map(str::to_owned)
    };
    items.iter().filter_map(one).collect()
}

/// Undoes the encoding of a form: `%20` and `+`.
fn decoded(text: &str) -> String {
    let plain = text.replace('+', " ");
    crate::classify::packs::decoded(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::line;

    fn texts(text: &str) -> Vec<String> {
        let Some(call) = read(&line(text)) else {
            return Vec::new();
        };
        let known = |input: &Input| match input {
            Input::Words(word) => word.text(),
            Input::File(_) | Input::Redirected(_) | Input::Unknown(_) => None,
        };
        call.inputs.iter().filter_map(known).collect()
    }

    #[test]
    fn an_address_that_takes_sql_gives_its_parameters_and_body() {
        assert_eq!(
            texts("curl http://localhost:8123/?query=DROP%20TABLE+hits -d SELECT"),
            ["DROP TABLE hits", "SELECT"]
        );
        assert_eq!(
            texts("curl -G http://localhost:8086/query?db=m --data-urlencode q=SELECT"),
            ["SELECT"]
        );
    }

    #[test]
    fn another_address_gives_only_statements_that_lose_something() {
        assert_eq!(
            texts(r#"curl https://api.example.com/v2/sql --json {"sql":"DROP\u0020TABLE\u0020a"}"#),
            ["DROP TABLE a"]
        );
        for text in [
            r#"curl https://chat.example.com/post -d {"text":"DROP\u0020TABLE\u0020a"}"#,
            "curl https://api.example.com/search?q=drop+table+top+hits",
            "curl https://api.example.com/query -d delete=1",
            r#"curl http://localhost:3000/api/test -d {"sql":"DROP\u0020TABLE\u0020x"}"#,
        ] {
            assert_eq!(texts(text), [""; 0], "{text}");
        }
    }
}
