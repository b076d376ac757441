//! Other names that a code gives to calls: `run = subprocess.run`, `exec = promisify(cp.exec)`, `partial(subprocess.run, shell=True)`.
//! A name that the code gives more than once keeps its own.

use std::collections::HashMap;

use super::super::index::{Given, Index, Part};
use super::super::tables::{EXECUTES, FILES, SHELLS, TREES};
use super::super::tokens::Token;
use super::is_one_of;

/// Calls that give back the call which they are given.
const HANDED: [&str; 6] = [
    "partial",
    "functools.partial",
    "promisify",
    "util.promisify",
    "asyncify",
    "sync_to_async",
];

/// Adds the names of a code that stand for calls which count.
pub(super) fn add(index: &Index, imports: &mut HashMap<String, String>) {
    let mut found = Vec::new();
    for (name, binding) in index.single() {
        let Given::Is(part, None) = binding.given else {
            continue;
        };
        let Some(target) = target(index, part) else {
            continue;
        };
        let full = match target.split_once('.') {
            Some((first, rest)) => imports
                .get(first)
                .map_or_else(|| target.clone(), |known| format!("{known}.{rest}")),
            None => imports.get(&target).cloned().unwrap_or(target),
        };
        let last = full.rsplit('.').next().unwrap_or(&full);
        let counts = SHELLS.contains(&full.as_str())
            || is_one_of(&TREES, &full)
            || is_one_of(&FILES, &full)
            || EXECUTES.contains(&last) && full.contains('.');
        if counts && full != *name {
            found.push((name.clone(), full));
        }
    }
    imports.extend(found);
}

/// Returns the name of the call that an expression is.
fn target(index: &Index, part: Part) -> Option<String> {
    let name = index.name(part.from)?;
    if part.to == part.from + 1 {
        return Some(name.to_owned());
    }
    if HANDED.contains(&name) && index.is_sign(part.from + 1, '(') {
        let inner = index.name(part.from + 2)?;
        if inner != "require" {
            return Some(inner.to_owned());
        }
        return required(index, part.from + 2);
    }
    (name == "require" && part.to == part.from + 5)
        .then(|| required(index, part.from))
        .flatten()
}

/// `require('fs').rmSync`.
fn required(index: &Index, at: usize) -> Option<String> {
    let Some(Token::Text { text, .. }) = index.token(at + 2) else {
        return None;
    };
    let module = match text.strip_prefix("node:").unwrap_or(text) {
        "fs-extra" => "fse".to_owned(),
        module => module.replace('/', "."),
    };
    let member = index.name(at + 4)?.strip_prefix('.')?;
    Some(format!("{module}.{member}"))
}
