//! What the name of a tool says: whether it only looks, runs a text, or takes something away.
//! It reads words only; the arguments are read elsewhere.

/// Verbs that take something away, whatever it is.
const STRONG: &[&str] = &[
    "delete",
    "drop",
    "purge",
    "truncate",
    "destroy",
    "wipe",
    "erase",
    "terminate",
    "uninstall",
    "flush",
    "flushall",
    "flushdb",
    "obliterate",
    "expunge",
    "deprovision",
    "hdel",
    "hgetdel",
    "getdel",
    "srem",
    "spop",
    "zrem",
    "zpopmin",
    "zpopmax",
    "zremrangebyrank",
    "zremrangebyscore",
    "zremrangebylex",
    "lrem",
    "ltrim",
    "lpop",
    "rpop",
    "xdel",
    "xtrim",
    "deluser",
    "del",
    "unlink",
    "rmdir",
    "rmtree",
    "decommission",
];

/// Verbs that take data away only together with something that holds data.
const WEAK: &[&str] = &[
    "remove",
    "reset",
    "clear",
    "prune",
    "empty",
    "rm",
    "overwrite",
    "trash",
    "clean",
];

/// What holds data; the plural is added.
const NOUNS: &[&str] = &[
    "database",
    "db",
    "schema",
    "table",
    "collection",
    "index",
    "indices",
    "indexes",
    "bucket",
    "object",
    "file",
    "directory",
    "directories",
    "folder",
    "volume",
    "branch",
    "branches",
    "project",
    "repository",
    "repositories",
    "repo",
    "instance",
    "cluster",
    "server",
    "backup",
    "snapshot",
    "record",
    "row",
    "document",
    "all",
    "data",
    "namespace",
    "container",
    "migration",
    "migrate",
    "parent",
    "pg",
    "postgres",
    "redis",
    "mysql",
    "queue",
    "topic",
    "stream",
    "keyspace",
    "graph",
    "key",
    "keys",
    "user",
    "account",
    "site",
    "app",
    "application",
    "service",
    "deployment",
    "environment",
    "image",
    "secret",
    "entities",
    "entity",
    "node",
    "relation",
    "vm",
    "machine",
    "droplet",
    "disk",
    "stack",
    "workspace",
    "storage",
    "store",
    "blob",
    "item",
    "point",
    "contact",
    "customer",
    "product",
    "invoice",
    "dataset",
    "asset",
    "channel",
    "messages",
    "emails",
    "member",
    "order",
    "release",
    "package",
    "domain",
    "zone",
    "certificate",
    "role",
    "policy",
    "vector",
    "embedding",
    "partition",
    "column",
];

/// Words that make many things of one.
const MANY: &[&str] = &["bulk", "batch", "mass", "many", "multiple", "everything"];

/// What people have written: `remove` takes it away, while `reset` and `clear` only change the view of it.
const WRITTEN: &[&str] = &[
    "page",
    "post",
    "article",
    "issue",
    "ticket",
    "task",
    "todo",
    "card",
    "note",
    "event",
    "entry",
    "entries",
    "message",
    "video",
    "photo",
    "attachment",
    "board",
    "epic",
    "story",
    "sprint",
    "milestone",
    "workflow",
    "dashboard",
    "report",
    "form",
    "template",
    "team",
    "group",
    "employee",
    "person",
    "lead",
    "deal",
    "company",
    "memory",
    "memories",
    "observation",
    "fact",
    "webhook",
    "doc",
    "sheet",
    "slide",
    "wiki",
    "playlist",
    "monitor",
];

/// Things of which the loss is everyday work: they are marks, views, or made again at once.
const TRIFLES: &[&str] = &[
    "reaction",
    "reactions",
    "label",
    "labels",
    "annotation",
    "annotations",
    "tag",
    "tags",
    "filter",
    "filters",
    "notification",
    "notifications",
    "breakpoint",
    "breakpoints",
    "cookie",
    "cookies",
    "marker",
    "markers",
    "highlight",
    "highlights",
    "bookmark",
    "bookmarks",
    "reminder",
    "reminders",
    "emoji",
    "star",
    "tab",
    "tabs",
    "element",
    "elements",
    "selection",
    "cache",
    "caches",
    "draft",
    "viewport",
    "cell",
    "cells",
    "watch",
    "watcher",
    "assignee",
    "assignees",
    "reviewer",
    "reviewers",
    "subscription",
    "timer",
    "session",
    "sessions",
    "console",
    "screenshot",
    "listener",
    "import",
    "imports",
    "characters",
    "text",
    "line",
    "lines",
    "override",
    "overrides",
];

/// Words before a verb that make it part of another action: `list_deleted_files`, `create_delete_rule`.
const LOOKING: &[&str] = &[
    "get", "list", "search", "find", "show", "read", "fetch", "describe", "count", "is", "can",
    "has", "check", "validate", "preview", "plan", "explain", "simulate", "test", "create", "add",
    "schedule", "confirm", "view", "lookup", "query", "watch", "wait", "recover", "restore",
    "undo", "export", "resolve", "inspect", "suggest", "estimate", "dry", "diff", "status",
    "undelete",
];

/// First words of tools that only look, think or draw.
const READERS: &[&str] = &[
    "get",
    "list",
    "search",
    "find",
    "show",
    "describe",
    "fetch",
    "count",
    "check",
    "view",
    "lookup",
    "inspect",
    "explain",
    "resolve",
    "think",
    "ask",
    "sequentialthinking",
    "suggest",
    "preview",
    "plan",
    "generate",
    "analyze",
    "analyse",
];

/// Words of tools that hand a text to something that runs it.
const RUNNERS: &[&str] = &[
    "sql",
    "query",
    "execute",
    "exec",
    "run",
    "statement",
    "cypher",
    "migration",
    "eval",
    "evaluate",
    "script",
    "command",
    "shell",
    "terminal",
    "bash",
    "code",
    "cell",
    "process",
    "cli",
    "console",
    "graphql",
    "mutation",
    "psql",
    "call",
    "invoke",
    "transaction",
    "batch",
    "write",
    "repl",
    "python",
    "node",
    "javascript",
    "job",
    "task",
];

/// Splits `deleteAllRows`, `delete_all_rows` and `delete-all-rows` into lower-case words.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if matches!(c, '_' | '-' | '.' | '/' | ' ' | ':') || (c.is_ascii_uppercase() && was_lower) {
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

fn is(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

fn is_noun(word: &str) -> bool {
    is(NOUNS, word) || word.strip_suffix('s').is_some_and(|one| is(NOUNS, one))
}

/// Tells whether a name says that something that holds data is taken away.
pub fn takes_away(words: &[String]) -> bool {
    let Some(at) = words
        .iter()
        .position(|word| is(STRONG, word) || is(WEAK, word))
    else {
        return false;
    };
    let (before, after) = words.split_at(at);
    if before.iter().any(|word| is(LOOKING, word)) {
        return false;
    }
    let rest = || before.iter().chain(after.iter().skip(1));
    let verb = after.first().map_or("", String::as_str);
    // The thing is what stands last: a file's comments are comments, a table's rows are rows.
    let last = rest().next_back().map_or("", String::as_str);
    // Comments are stripped from code every day; one that is deleted is what somebody wrote.
    let stripped = matches!(last, "comment" | "comments") && is(WEAK, verb);
    if is(TRIFLES, last) || stripped {
        return false;
    }
    let written = |word: &String| {
        is(WRITTEN, word) || word.strip_suffix('s').is_some_and(|one| is(WRITTEN, one))
    };
    let removes = matches!(verb, "remove" | "rm" | "trash");
    is(STRONG, verb)
        || removes && is_at_end(before, after, written)
        || rest().any(|word| is_noun(word) || is(MANY, word))
}

/// Tells whether the thing is what stands last, behind the verb or in front of it.
fn is_at_end(before: &[String], after: &[String], found: impl Fn(&String) -> bool) -> bool {
    match after.split_first() {
        Some((_, [])) => before.last().is_some_and(found),
        Some((_, behind)) => behind.last().is_some_and(found),
        None => false,
    }
}

/// Tells whether a tool only looks at things.
pub fn reads(words: &[String]) -> bool {
    words.iter().take(3).any(|word| is(READERS, word))
        && !words
            .iter()
            .any(|word| matches!(word.as_str(), "sql" | "execute" | "cypher"))
}

/// Tells whether a tool hands a text to something that runs it.
pub fn runs(words: &[String]) -> bool {
    words.iter().any(|word| is(RUNNERS, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_names_count_with_a_deletion_or_with_something_that_holds_data() {
        for found in [
            "delete_branch",
            "drop_table",
            "deleteAllRows",
            "remove_files",
            "reset_database",
            "db_reset",
            "purge",
            "bucket-delete",
            "chroma_delete_collection",
            "batch_delete_emails",
            "API-delete-a-block",
            "resources_delete",
            "reset_from_parent",
            "migrate-reset",
            "prune_volumes",
            "flushall",
            "delete-many",
            "n8n_delete_workflow",
            "uninstall_helm_chart",
            "bulk_remove_contacts",
            "removeManySubscribers",
            "remove_channel_messages",
            "remove_dns_zone",
            "removePage",
            "remove_task",
            "trash_note",
            "delete_comment",
            "deleteReviewComment",
            "zrem",
            "srem",
            "lrem",
            "json_del",
            "acl_deluser",
        ] {
            assert!(takes_away(&words(found)), "{found}");
        }
    }

    #[test]
    fn marks_views_and_what_is_only_looked_at_do_not_count() {
        for not in [
            "remove_comments",
            "remove_page_break",
            "remove_from_task_view",
            "zadd",
            "reset_filters",
            "remove_label",
            "list_tables",
            "undelete_file_info",
            "get_removed",
            "preset_database",
            "list_deleted_files",
            "create_delete_rule",
            "clear_completed",
            "remove_annotation",
            "browser_clear_cookies",
            "find_delete",
            "bulk_remove_labels",
            "clear_history",
            "reset_page",
            "remove_thread_reactions",
        ] {
            assert!(!takes_away(&words(not)), "{not}");
        }
    }
}
