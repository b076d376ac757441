//! Files that a call writes here, or pushes to a forge: what of them would run by itself later.
//! What it overwrites is judged elsewhere.

use std::path::Path;

use crate::classify::{Context, later};
use crate::model::finding::Finding;

use super::roles::{Call, key, plain};

/// Files of one call that are read.
const MAX_FILES: usize = 5_000;

/// Words of tools that write files.
const WRITES: [&str; 14] = [
    "write", "create", "save", "edit", "append", "update", "replace", "insert", "put", "push",
    "commit", "upsert", "upload", "add",
];
const FORGES: [&str; 8] = [
    "github",
    "gitlab",
    "gitea",
    "forgejo",
    "bitbucket",
    "azuredevops",
    "devops",
    "codeberg",
];
const PATHS: [&str; 8] = [
    "path",
    "filepath",
    "file",
    "filename",
    "targetfile",
    "absolutepath",
    "relativepath",
    "targetpath",
];
const CONTENTS: [&str; 15] = [
    "content",
    "contents",
    "text",
    "data",
    "newtext",
    "newstring",
    "newstr",
    "newcontent",
    "filecontent",
    "filetext",
    "insertedtext",
    "inserttext",
    "body",
    "repl",
    "replacement",
];

/// Returns what the files of a call would let run later.
pub(super) fn findings(call: &Call<'_>, context: &Context<'_>) -> Vec<Finding> {
    let writes = call.all.iter().any(|word| WRITES.contains(&word.as_str()));
    if !writes || call.keeps_files_elsewhere() && !call.named(&FORGES) {
        return Vec::new();
    }
    let is = |pointer: &str, list: &[&str]| list.contains(&plain(key(pointer)).as_str());
    let paths = call
        .strings
        .iter()
        .filter(|(pointer, text)| is(pointer, &PATHS) && !text.contains('\n'));
    let mut all = Vec::new();
    for (pointer, path) in paths.take(MAX_FILES) {
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let texts = call.strings.iter().filter(|(pointer, _)| {
            let inside = pointer.strip_prefix(parent);
            inside.is_some_and(|rest| rest.starts_with('/')) && is(pointer, &CONTENTS)
        });
        let texts: Vec<&str> = texts.map(|(_, text)| text.as_str()).collect();
        if !texts.is_empty() {
            all.extend(later::asked(Path::new(path), &texts.join("\n"), context));
        }
    }
    all
}
