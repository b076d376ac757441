//! Commands that drivers send as documents (`db.command("dropDatabase")`), settings under which services delete by themselves, and calls that only ask.
//! It knows them by their words; it reads no values.

use super::drivers::{Mentions, Site};
use super::tokens::Token;

/// Methods of MongoDB's drivers that send a command, whatever it is.
pub(super) const SENDERS: [&str; 12] = [
    "command",
    "runCommand",
    "run_command",
    "RunCommand",
    "adminCommand",
    "admin_command",
    "executeCommand",
    "executeWriteCommand",
    "Command",
    "executeDbAdminCommand",
    "runCommandRaw",
    "$runCommandRaw",
];

/// Owners whose `command` is one of a command line.
const OTHERS: [&str; 9] = [
    "program", "cli", "app", "yargs", "bot", "parser", "typer", "click", "group",
];

/// Tokens of a command in which its name is looked for.
const HEAD: usize = 16;

/// Tells whether a call sends MongoDB a command that takes data away.
pub(super) fn of_mongo(site: &Site<'_>, last: &str) -> bool {
    let owner = site.name.rsplit('.').nth(1).unwrap_or_default();
    if !SENDERS.contains(&last)
        || OTHERS.contains(&owner)
        || !(last.ends_with("CommandRaw") || site.text.has(&["mongo", "Mongo", "motor"]))
    {
        return false;
    }
    let says = |wanted: &str| {
        site.arguments.iter().any(|token| match token {
            Token::Name { name: text, .. } | Token::Text { text, .. } => text == wanted,
            _ => false,
        })
    };
    // PHP's driver names the database first.
    let comma = || {
        site.arguments
            .iter()
            .position(|token| *token == Token::Sign(','))
    };
    let behind = match last {
        "executeCommand" | "executeWriteCommand" => comma().map_or(0, |at| at + 1),
        _ => 0,
    };
    match first_key(site.arguments.get(behind..).unwrap_or_default()) {
        Some(
            "drop" | "dropDatabase" | "dropIndexes" | "delete" | "convertToCapped" | "emptycapped",
        ) => true,
        Some("findAndModify" | "findandmodify") => says("remove"),
        Some("update") => says("multi"),
        Some("renameCollection") => says("dropTarget"),
        Some("aggregate") => says("$out"),
        Some("bulkWrite") => says("delete"),
        _ => false,
    }
}

/// Returns the first key or string: the name of a command stands first in its document.
fn first_key(tokens: &[Token]) -> Option<&str> {
    tokens
        .iter()
        .take(HEAD)
        .enumerate()
        .find_map(|(at, token)| match token {
            Token::Text { text, .. } => Some(text.as_str()),
            Token::Name { name, .. } => {
                let next = tokens.get(at + 1);
                matches!(next, Some(Token::Sign(':' | '='))).then_some(name.as_str())
            }
            _ => None,
        })
}

/// Tells whether a call of AWS or Kubernetes only asks: `DryRun=True`, `dry_run: true`, `dry_run='All'`.
pub(super) fn is_dry(site: &Site<'_>) -> bool {
    let cloud = is_cloud(site.text);
    let cluster = site.text.has(&["kubernetes"]);
    site.arguments.iter().enumerate().any(|(at, token)| {
        let (Token::Name { name, .. } | Token::Text { text: name, .. }) = token else {
            return false;
        };
        let name = name.trim_start_matches(':');
        let key = matches!(name, "DryRun" | "dry_run" | "dryRun");
        let given = matches!(site.arguments.get(at + 1), Some(Token::Sign(':' | '=')));
        let ends = matches!(
            site.arguments.get(at + 3),
            None | Some(Token::Sign(',' | '}' | ')') | Token::Line)
        );
        key && given
            && ends
            && match site.arguments.get(at + 2) {
                Some(Token::Name { name, .. }) => cloud && matches!(name.as_str(), "True" | "true"),
                Some(Token::Text { text, .. }) => cluster && text == "All",
                _ => false,
            }
    })
}

fn is_cloud(text: &Mentions<'_>) -> bool {
    text.has(&["boto3", "botocore", "aioboto", "aws-sdk", "Aws::"])
}

/// Words that a call needs beside its name; none are needed where the list is empty.
type Weakening = (&'static str, &'static [&'static str]);
/// Calls of AWS by which a service deletes by itself, or keeps no copy: names without underscores and ends.
const WEAKENINGS: [Weakening; 8] = [
    ("decreasestreamretentionperiod", &[]),
    ("putbucketlifecycleconfiguration", &["Expiration"]),
    ("putbucketlifecycle", &["Expiration"]),
    ("putbucketversioning", &["Suspended"]),
    ("batchwriteitem", &["DeleteRequest"]),
    ("batchwrite", &["DeleteRequest"]),
    ("transactwriteitems", &["Delete"]),
    ("transactwrite", &["Delete"]),
];
/// Settings with the values under which backups or records go.
const SHORT: [(&str, &[char]); 3] = [
    ("BackupRetentionPeriod", &['0', '1']),
    ("retentionInDays", &['1', '3', '5', '7']),
    ("SnapshotRetentionLimit", &['0', '1']),
];

/// Tells whether a call of a service shortens what is kept, or takes data away in a batch of writes.
pub(super) fn weakens(site: &Site<'_>, last: &str) -> bool {
    let says = |wanted: &str| {
        site.arguments.iter().any(|token| match token {
            Token::Name { name: text, .. } | Token::Text { text, .. } => text == wanted,
            _ => false,
        })
    };
    if last == "reroute" && says("accept_data_loss") {
        return site.text.has(&["lasticsearch", "opensearch"]);
    }
    if !is_cloud(site.text) {
        return false;
    }
    let head = last.strip_suffix("Command").unwrap_or(last);
    let name: String = head.chars().filter(|c| *c != '_').collect();
    let name = name.to_ascii_lowercase();
    let listed = WEAKENINGS.iter().find(|(known, _)| name == *known);
    if let Some((_, words)) = listed {
        return words.is_empty() || words.iter().any(|word| says(word));
    }
    let sets = name.starts_with("modify") || name.starts_with("put");
    sets && SHORT.iter().any(|short| is_set(site.arguments, short))
}

/// `BackupRetentionPeriod=0`: one digit, and one of these.
fn is_set(tokens: &[Token], (wanted, values): &(&str, &[char])) -> bool {
    tokens.iter().enumerate().any(|(at, token)| {
        let (Token::Name { name, .. } | Token::Text { text: name, .. }) = token else {
            return false;
        };
        let digit = |at: usize| match tokens.get(at) {
            Some(Token::Sign(sign)) if sign.is_ascii_digit() => Some(*sign),
            _ => None,
        };
        let given = matches!(tokens.get(at + 1), Some(Token::Sign(':' | '=')));
        name == wanted
            && given
            && digit(at + 2).is_some_and(|value| values.contains(&value))
            && digit(at + 3).is_none()
    })
}
