//! Stretches of a call whose meaning cannot be determined: held when they could reach a guarded family.
//! It never tries to guess what they do.

use crate::model::command::{Opaque, OpaqueKind, Wrapper};
use crate::model::effect::Dialect;
use crate::model::finding::{Blast, Finding, Severity};

use super::{Context, sql};

/// Programs that take away more than files of their own; a line that cannot be read and names one is held.
const DANGEROUS: [&str; 34] = [
    "rm",
    "rmdir",
    "shred",
    "unlink",
    "dd",
    "wipefs",
    "blkdiscard",
    "truncate",
    "find",
    "rsync",
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "mongosh",
    "mongo",
    "redis-cli",
    "dropdb",
    "dropuser",
    "clickhouse-client",
    "cqlsh",
    "kubectl",
    "helm",
    "terraform",
    "tofu",
    "pulumi",
    "aws",
    "gcloud",
    "az",
    "docker",
    "podman",
    "Remove-Item",
    "diskpart",
    "git",
];

/// Programs that bring text from somewhere else, or turn text into other text.
const FOREIGN: [&str; 40] = [
    "Invoke-WebRequest",
    "curl",
    "wget",
    "http",
    "https",
    "xh",
    "aria2c",
    "fetch",
    "nc",
    "ncat",
    "netcat",
    "socat",
    "ssh",
    "ftp",
    "base64",
    "base32",
    "xxd",
    "openssl",
    "gpg",
    "gunzip",
    "gzip",
    "zcat",
    "gzcat",
    "xz",
    "unxz",
    "xzcat",
    "bzip2",
    "bunzip2",
    "bzcat",
    "zstd",
    "unzstd",
    "zstdcat",
    "lz4",
    "brotli",
    "unzip",
    "tar",
    "7z",
    "uudecode",
    "rev",
    "tr",
];

/// Programs that print what stands in data.
const DATA: [&str; 8] = [
    "jq", "yq", "dasel", "xmllint", "tomlq", "xq", "curl", "wget",
];

/// Words that ask for a loss whatever the program is.
const VERBS: [&str; 23] = [
    "-rf",
    "-fr",
    "-Rf",
    "-rF",
    "-r",
    "-R",
    "--recursive",
    "-Recurse",
    "-delete",
    "--force",
    "--hard",
    "destroy",
    "drop",
    "dropdb",
    "prune",
    "purge",
    "wipe",
    "flushall",
    "flushdb",
    "truncate",
    "terminate",
    "--delete",
    "--no-preserve-root",
];

/// Returns one finding for every stretch that could reach a guarded family.
pub fn findings(list: &[Opaque], context: &Context<'_>) -> Vec<Finding> {
    list.iter()
        .filter(|opaque| reaches(opaque, context))
        .map(|opaque| finding(opaque, context))
        .collect()
}

fn reaches(opaque: &Opaque, context: &Context<'_>) -> bool {
    match opaque.kind {
        OpaqueKind::Script | OpaqueKind::Budget => true,
        OpaqueKind::Program => {
            let mut words = opaque.words.iter();
            // A whole line that stands in somebody's data: `$(jq -r .teardown config.json)`.
            let is_data = matches!(opaque.words.as_slice(), [one] if DATA.contains(&base(one)));
            is_data || words.any(|word| is_verb(word) || is_sql(word, context) || is_device(word))
        }
        OpaqueKind::Syntax => opaque
            .words
            .iter()
            .any(|word| is_dangerous(word, context) || is_sql(word, context)),
        OpaqueKind::Payload => {
            let mut words = opaque.words.iter();
            words.any(|word| {
                FOREIGN.contains(&base(word))
                    || word.starts_with('$')
                    || is_dangerous(word, context)
                    || is_sql(word, context)
            }) || opaque.words.is_empty()
        }
    }
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_verb(word: &str) -> bool {
    VERBS.iter().any(|verb| verb.eq_ignore_ascii_case(word))
        || word.starts_with("delete-")
        || word.starts_with("drop-")
}

fn is_device(word: &str) -> bool {
    word.contains("/dev/sd")
        || word.contains("/dev/nvme")
        || word.contains("/dev/disk")
        || word.contains("/dev/vd")
}

/// A program name anywhere in the word: the text did not parse, so words are only what could be seen.
fn is_dangerous(word: &str, context: &Context<'_>) -> bool {
    let parts = word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    parts.filter(|part| !part.is_empty()).any(|part| {
        DANGEROUS.contains(&part)
            || part.eq_ignore_ascii_case("Remove-Item")
            || part.starts_with("mkfs")
            || !context.rules.for_program(part).is_empty()
    })
}

fn is_sql(word: &str, context: &Context<'_>) -> bool {
    word.len() > 6 && !sql::findings_in_prose(word, Dialect::Unknown, context).is_empty()
}

fn finding(opaque: &Opaque, context: &Context<'_>) -> Finding {
    let id = match opaque.kind {
        OpaqueKind::Program => "opaque.program",
        OpaqueKind::Syntax => "opaque.syntax",
        OpaqueKind::Payload => "opaque.payload",
        OpaqueKind::Script => "opaque.script",
        OpaqueKind::Budget => "opaque.budget",
    };
    let rule = context.rules.rule(id);
    let (span, file) = super::place(&opaque.origin);
    Finding {
        rule: id.to_owned(),
        severity: rule.map_or(Severity::High, |rule| rule.severity),
        summary: opaque.reason.clone(),
        command: opaque.words.clone(),
        span,
        file,
        via: names(&opaque.via),
        targets: Vec::new(),
        opaque: true,
        instead: rule.map(|rule| rule.instead.to_owned()),
        blast: Blast::default(),
        exempt: None,
    }
}

/// Returns the names of wrappers, outermost first.
pub fn names(via: &[Wrapper]) -> Vec<String> {
    via.iter().map(|wrapper| wrapper.name.clone()).collect()
}
