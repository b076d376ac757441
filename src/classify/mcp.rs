//! Calls of MCP servers: SQL and shell text in their string values, and tool names that say what they do.
//! It does not know where the server's data lives; the owner's configuration may name it.

use crate::model::effect::Dialect;
use crate::model::fact::Needs;
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::request::ShellKind;
use crate::model::target::{Reach, Target, TargetKind};
use crate::shell::unfold::unfold;

use super::{Context, commands, sql};

/// Verbs that a tool's name may begin or end with when it takes something away for good.
const VERBS: [&str; 9] = [
    "delete", "drop", "purge", "truncate", "destroy", "wipe", "erase", "reset", "remove",
];

/// What such a verb has to be joined with before the call counts: things that hold data.
const NOUNS: [&str; 40] = [
    "database",
    "databases",
    "db",
    "schema",
    "table",
    "tables",
    "collection",
    "collections",
    "index",
    "indices",
    "bucket",
    "buckets",
    "object",
    "objects",
    "file",
    "files",
    "directory",
    "folder",
    "volume",
    "volumes",
    "branch",
    "project",
    "repository",
    "repo",
    "instance",
    "cluster",
    "server",
    "backup",
    "backups",
    "snapshot",
    "snapshots",
    "record",
    "records",
    "row",
    "rows",
    "document",
    "documents",
    "all",
    "data",
    "namespace",
];

/// Keys under which servers take shell text.
const SHELL_KEYS: [&str; 5] = ["command", "cmd", "script", "shell", "commandline"];

/// Returns the findings of one call.
pub fn findings(
    server: &str,
    tool: &str,
    strings: &[(String, String)],
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let mut all = Vec::new();
    for (pointer, text) in strings {
        let key = pointer
            .rsplit('/')
            .find(|part| part.parse::<usize>().is_err())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let mut found = sql::findings_in_prose(text, Dialect::Unknown, context);
        if found.is_empty() && SHELL_KEYS.contains(&key.as_str()) {
            let unfolding = unfold(ShellKind::Posix, text, context.scene, context.facts, needs);
            found = commands(&unfolding, context, needs);
        } else {
            for finding in &mut found {
                aim(finding, server);
            }
        }
        for finding in &mut found {
            finding.span = None;
            finding.via.insert(0, format!("mcp__{server}__{tool}"));
        }
        all.extend(found);
    }
    if all.is_empty() && takes_away(tool) {
        all.push(by_name(server, tool, strings, context));
    }
    all
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

/// Tells whether the name of a tool says that it takes data away: a verb at either end and a noun that holds data.
fn takes_away(tool: &str) -> bool {
    let words = words(tool);
    let has_verb = [words.first(), words.last()]
        .into_iter()
        .flatten()
        .any(|word| VERBS.contains(&word.as_str()));
    let has_noun = words.iter().any(|word| NOUNS.contains(&word.as_str()));
    has_verb && (has_noun || words.len() == 1)
}

/// Splits `deleteAllRows`, `delete_all_rows` and `delete-all-rows` into lower-case words.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if matches!(c, '_' | '-' | '.' | '/' | ' ') || (c.is_ascii_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_ascii_lowercase();
        if c.is_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn by_name(
    server: &str,
    tool: &str,
    strings: &[(String, String)],
    context: &Context<'_>,
) -> Finding {
    let id = "mcp.delete-by-name";
    let rule = context.rules.rule(id);
    let object = strings
        .iter()
        .find(|(_, text)| !text.is_empty() && text.len() < 200)
        .map(|(_, text)| text.clone());
    let target = Target {
        kind: TargetKind::Resource,
        locator: format!("mcp:{server}"),
        object: object.clone(),
        reach: Reach::Unreachable(format!(
            "nothing here can reach what the MCP server `{server}` manages"
        )),
    };
    Finding {
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
    }
}

#[cfg(test)]
mod tests {
    use super::takes_away;

    #[test]
    fn tool_names_count_only_with_something_that_holds_data() {
        for found in [
            "delete_branch",
            "drop_table",
            "deleteAllRows",
            "remove_files",
            "reset_database",
            "db_reset",
            "purge",
            "bucket-delete",
        ] {
            assert!(takes_away(found), "{found}");
        }
        for not in [
            "delete_comment",
            "reset_filters",
            "remove_label",
            "list_tables",
            "undelete_file_info",
            "get_removed",
            "preset_database",
        ] {
            assert!(!takes_away(not), "{not}");
        }
    }
}
