//! Calls of MCP servers: what their strings would run, what their files would become, and names of tools that say what they take away.
//! Which database stands behind a server it knows only where the owner's configuration names it.

mod lines;
mod names;
mod pushed;
mod roles;

use std::path::Path;

use crate::model::effect::Dialect;
use crate::model::fact::Needs;
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::request::ShellKind;
use crate::model::target::{Reach, Target, TargetKind};
use crate::shell::unfold::unfold;

use super::{Context, commands, later, sql, writes};
use lines::quoted;
use roles::{Call, Role, key};

/// Returns the findings of one call.
pub fn findings(
    server: &str,
    tool: &str,
    strings: &[(String, String)],
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let call = Call::new(server, tool, strings);
    if call.rehearses() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (pointer, text) in strings {
        all.extend(match call.role(key(pointer)) {
            Role::Text if call.reads => Vec::new(),
            Role::Text if call.is_sql(key(pointer)) => {
                in_database(&call, &loud(text), context, needs)
            }
            Role::Text => in_database(&call, text, context, needs),
            Role::Shell => {
                let found = in_shell(&call, text, context, needs);
                if found.is_empty() {
                    in_database(&call, text, context, needs)
                } else {
                    found
                }
            }
            Role::Code | Role::Path | Role::Prose => Vec::new(),
        });
    }
    if !call.reads {
        for line in lines::lines(&call) {
            all.extend(in_shell(&call, &line, context, needs));
        }
        all.extend(written(&call, context, needs));
        all.extend(pushed::findings(&call, context));
    }
    if all.is_empty() && by_arguments(&call) {
        all.extend(by_name(&call, context, needs));
    }
    for finding in &mut all {
        finding.span = None;
        finding.via.insert(0, format!("mcp__{server}__{tool}"));
    }
    all
}

/// SQL through a server is aimed at that server's database: the one that the owner names, or one that cannot be reached.
fn in_database(
    call: &Call<'_>,
    text: &str,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut found = sql::findings_in_prose(text, dialect(call), context);
    if found.is_empty() {
        return found;
    }
    if let Some(line) = client(call, text, context) {
        let known = run(&line, context, needs);
        if !known.is_empty() {
            return known;
        }
    }
    for finding in &mut found {
        aim(finding, call.server);
    }
    found
}

/// Writes the first word of each statement in capitals, as no sentence begins; everything keeps its place.
fn loud(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for statement in text.split_inclusive(';') {
        let start = statement.len() - statement.trim_start().len();
        let (blank, words) = statement.split_at_checked(start).unwrap_or(("", statement));
        let end = words.find(|letter: char| !letter.is_ascii_alphabetic());
        let (first, rest) = words
            .split_at_checked(end.unwrap_or(words.len()))
            .unwrap_or((words, ""));
        all.push_str(blank);
        all.push_str(&first.to_ascii_uppercase());
        all.push_str(rest);
    }
    all
}

/// The dialect that the names of a server and its tool tell.
fn dialect(call: &Call<'_>) -> Dialect {
    let of = |word: &str| match word {
        "clickhouse" => Some(Dialect::Clickhouse),
        "snowflake" => Some(Dialect::Snowflake),
        "bigquery" => Some(Dialect::Bigquery),
        "duckdb" | "motherduck" => Some(Dialect::Duckdb),
        "mssql" | "sqlserver" => Some(Dialect::Mssql),
        "oracle" => Some(Dialect::Oracle),
        "redshift" => Some(Dialect::Redshift),
        "hive" | "databricks" | "spark" => Some(Dialect::Hive),
        _ => None,
    };
    let named = call.all.iter().find_map(|word| of(word));
    named.unwrap_or(Dialect::Unknown)
}

/// Returns the client's command line that says the same to the database which the owner's configuration names for a server.
fn client(call: &Call<'_>, text: &str, context: &Context<'_>) -> Option<String> {
    let target = context.behind.get(call.server)?;
    let (place, text) = (quoted(target), quoted(text));
    let lower = target.to_ascii_lowercase();
    let is_file = [".db", ".sqlite", ".sqlite3", ".db3"]
        .iter()
        .any(|end| lower.ends_with(end));
    if let Some((container, database)) = target
        .strip_prefix("docker:")
        .and_then(|rest| rest.split_once('/'))
    {
        return Some(format!(
            "docker exec {} psql -d {} -c {text}",
            quoted(container),
            quoted(database)
        ));
    }
    if let Some(path) = target.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return Some(format!("sqlite3 {} {text}", quoted(path)));
    }
    if lower.starts_with("mysql://") || lower.starts_with("mariadb://") {
        return Some(format!("mysql {place} -e {text}"));
    }
    if is_file {
        return Some(format!("sqlite3 {place} {text}"));
    }
    Some(format!("psql {place} -c {text}"))
}

fn run(line: &str, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    run_in(ShellKind::Posix, line, context, needs)
}

fn run_in(kind: ShellKind, line: &str, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let unfolding = unfold(kind, line, context.scene, context.facts, needs);
    commands(&unfolding, context, needs)
}

/// A server that speaks for another host runs its texts there.
fn in_shell(call: &Call<'_>, text: &str, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    if call.named(&["ssh", "remote", "sftp"]) {
        let host = call
            .value(&["host", "hostname", "server", "machine", "connection"])
            .unwrap_or(call.server);
        return run(
            &format!(
                "ssh {} {}",
                quoted(host.trim_start_matches('-')),
                quoted(text)
            ),
            context,
            needs,
        );
    }
    run_in(kind(call), text, context, needs)
}

/// Which shell a call asks for, or its server speaks for.
fn kind(call: &Call<'_>) -> ShellKind {
    let asked = call
        .value(&["shell", "shelltype", "interpreter"])
        .unwrap_or_default()
        .to_ascii_lowercase();
    if asked.contains("powershell") || asked.contains("pwsh") || call.named(&["powershell", "pwsh"])
    {
        ShellKind::PowerShell
    } else if asked == "cmd" || asked.ends_with("cmd.exe") {
        ShellKind::Cmd
    } else {
        ShellKind::Posix
    }
}

/// What the tools that write files would overwrite, or let run later.
fn written(call: &Call<'_>, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let word = |list: &[&str]| call.words.iter().any(|word| list.contains(&word.as_str()));
    let writes = word(&[
        "write", "create", "save", "edit", "append", "update", "replace", "insert", "put",
    ]);
    if !writes || call.keeps_files_elsewhere() || !lines::touches_files(call) {
        return Vec::new();
    }
    let Some(path) = call.value(&[
        "path",
        "filepath",
        "file",
        "filename",
        "targetfile",
        "absolutepath",
    ]) else {
        return Vec::new();
    };
    let edit = word(&["edit", "append", "insert", "replace", "update"]);
    let texts = call.values(&[
        "content",
        "contents",
        "text",
        "data",
        "newtext",
        "newstring",
        "filecontent",
    ]);
    if texts.is_empty() && word(&["directory", "folder", "create"]) {
        return Vec::new();
    }
    let content = texts.join("\n");
    let mut found = writes::asked(Path::new(path), &content, edit, &[], context, needs);
    found.extend(later::asked(Path::new(path), &content, context));
    found
}

/// SQL through a server is aimed at that server's database, which cannot be reached from here.
fn aim(finding: &mut Finding, server: &str) {
    for target in &mut finding.targets {
        target.kind = TargetKind::Database;
        target.locator = format!("mcp:{server}");
        target.reach = Reach::Unreachable(format!(
            "the configuration does not say which database the MCP server `{server}` uses"
        ));
    }
}

/// Tells whether the name of the tool, or of the operation that it is asked for, says that data is taken away.
fn by_arguments(call: &Call<'_>) -> bool {
    if names::takes_away(&call.words) {
        return !on_local_files(call);
    }
    if call.reads {
        return false;
    }
    let operations = [
        "op",
        "operation",
        "operationname",
        "action",
        "method",
        "operationtype",
        "toolname",
        "operationid",
        "functionname",
        "function",
        "procedure",
    ];
    // A document that is stored may hold such a word as well; it says nothing of the call.
    let stored = [
        "document",
        "row",
        "record",
        "value",
        "data",
        "item",
        "field",
        "content",
        "propert",
        "update/",
        "set/",
        "filter",
        "pipeline",
        "match/",
        "where/",
        "selector",
        "criteria",
        "condition",
        "query/",
    ];
    let told = call.strings.iter().filter(|(pointer, _)| {
        let parents = pointer.to_ascii_lowercase();
        !stored.iter().any(|word| parents.contains(word))
    });
    let named = roles::under(told, &operations)
        .any(|text| is_name(text) && names::takes_away(&names::words(text)));
    let replaces = call
        .strings
        .iter()
        .any(|(pointer, _)| pointer.contains("/$out") || pointer.contains("/$merge"));
    named || replaces || sends_a_deletion(call) || changes_everything(call)
}

/// `{"command": {"drop": "visits"}}` to MongoDB, `{"DeleteRequest": …}` to DynamoDB.
fn sends_a_deletion(call: &Call<'_>) -> bool {
    const COMMANDS: [&str; 5] = [
        "drop",
        "dropDatabase",
        "delete",
        "dropIndexes",
        "convertToCapped",
    ];
    let document = call.named(&["mongo", "mongodb"]);
    call.strings.iter().any(|(pointer, _)| {
        let parts: Vec<&str> = pointer.split('/').collect();
        let command =
            matches!(parts.as_slice(), [_, "command" | "cmd", name] if COMMANDS.contains(name));
        document && command || parts.contains(&"DeleteRequest")
    })
}

/// The name of an operation; a function written out is none.
fn is_name(text: &str) -> bool {
    text.len() < 60 && !text.contains(['(', ')', '{', '}', '=', ';', '\n'])
}

/// `update-many` with a filter that is there and empty.
fn changes_everything(call: &Call<'_>) -> bool {
    let has = |word: &str| call.words.iter().any(|own| own == word);
    has("update")
        && has("many")
        && call.strings.iter().any(|(pointer, text)| {
            text.is_empty() && matches!(pointer.as_str(), "/filter" | "/query" | "/where")
        })
}

/// Deletions of local files were judged by their paths already.
fn on_local_files(call: &Call<'_>) -> bool {
    lines::touches_files(call) && !call.keeps_files_elsewhere()
}

fn by_name(call: &Call<'_>, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let (server, tool) = (call.server, call.tool);
    let object = call
        .value(&[
            "table",
            "tablename",
            "name",
            "collection",
            "collectionname",
            "id",
            "path",
            "key",
            "index",
            "bucket",
        ])
        .or_else(|| call.strings.first().map(|(_, text)| text.as_str()))
        .filter(|text| !text.is_empty() && text.len() < 200)
        .map(str::to_owned);
    let id = "mcp.delete-by-name";
    let rule = context.rules.rule(id);
    let mut target = Target {
        kind: TargetKind::Resource,
        locator: format!("mcp:{server}"),
        object: object.clone(),
        reach: Reach::Unreachable(format!(
            "nothing here can reach what the MCP server `{server}` manages"
        )),
    };
    // The owner names the database behind the server: the whole of it is what a backup has to cover.
    if let Some(line) = client(call, "DROP SCHEMA public CASCADE", context)
        && let Some(known) = run(&line, context, needs)
            .into_iter()
            .flat_map(|finding| finding.targets)
            .next()
    {
        target = Target {
            object: None,
            ..known
        };
    }
    vec![Finding {
        rule: id.to_owned(),
        severity: rule.map_or(Severity::High, |rule| rule.severity),
        summary: format!(
            "calls `{tool}` of the MCP server `{server}`{}",
            object
                .map(|name| format!(" on `{name}`"))
                .unwrap_or_default()
        ),
        command: vec![format!("mcp__{server}__{tool}")],
        span: None,
        file: None,
        via: Vec::new(),
        targets: vec![target],
        opaque: false,
        instead: rule.map(|rule| rule.instead.to_owned()),
        blast: Blast::default(),
        exempt: None,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::Bench;
    use std::collections::BTreeMap;

    fn targets(target: Option<&str>, tool: &str, strings: &[(&str, &str)]) -> Vec<Target> {
        let bench = Bench::assumed();
        let behind: BTreeMap<String, String> = target
            .map(|text| ("shop".to_owned(), text.to_owned()))
            .into_iter()
            .collect();
        let context = Context {
            behind: &behind,
            ..bench.context()
        };
        let strings: Vec<(String, String)> = strings
            .iter()
            .map(|(pointer, text)| ((*pointer).to_owned(), (*text).to_owned()))
            .collect();
        let found = findings("shop", tool, &strings, &context, &mut Needs::default());
        found
            .into_iter()
            .flat_map(|finding| finding.targets)
            .collect()
    }

    #[test]
    fn the_owners_target_names_the_database_behind_a_server() {
        let asked = [("/sql", "DROP TABLE orders")];
        let unknown = targets(None, "query", &asked);
        assert_eq!(unknown[0].locator, "mcp:shop");
        assert!(matches!(unknown[0].reach, Reach::Unreachable(_)));
        let known = targets(Some("postgresql://app@localhost/shop"), "query", &asked);
        assert!(matches!(known[0].reach, Reach::Postgres(_)), "{known:?}");
        assert_eq!(known[0].object.as_deref(), Some("orders"));
        let file = targets(Some("/home/ann/shop/app.db"), "query", &asked);
        assert!(matches!(file[0].reach, Reach::Sqlite(_)), "{file:?}");
        let named = targets(
            Some("postgresql://app@localhost/shop"),
            "reset_database",
            &[],
        );
        assert!(matches!(named[0].reach, Reach::Postgres(_)), "{named:?}");
    }

    #[test]
    fn clauses_behind_a_drop_are_read_and_sentences_are_not() {
        for text in [
            "DROP TABLE IF EXISTS default.hits SYNC",
            "drop table hits on cluster main",
            "DROP TABLE hits CASCADE CONSTRAINTS PURGE",
            "DELETE TOP (5) FROM hits",
        ] {
            assert_eq!(
                targets(None, "run_query", &[("/query", text)]).len(),
                1,
                "{text}"
            );
        }
        for (tool, text) in [
            ("run_query", "Drop table seats for the wedding"),
            ("run_query", "drop table decorations now"),
        ] {
            assert!(
                targets(None, tool, &[("/query", text)]).is_empty(),
                "{text}"
            );
        }
    }

    #[test]
    fn texts_that_people_read_are_no_statements_and_rehearsals_lose_nothing() {
        let prose = [("/title", "x"), ("/body", "DROP TABLE orders;")];
        assert!(targets(None, "create_issue", &prose).is_empty());
        let rehearsal = [("/name", "orders"), ("/dry_run", "true")];
        assert!(targets(None, "drop_table", &rehearsal).is_empty());
        assert_eq!(targets(None, "drop_table", &[("/name", "orders")]).len(), 1);
    }
}
