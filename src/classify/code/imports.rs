//! Names that a code gives to the few modules which delete files and start programs: `import shutil as s`, `const { rmSync: r } = require('fs')`.
//! Other modules keep the names that the code gives them; nothing is loaded.

use std::collections::HashMap;

use super::tokens::{Language, Token};

/// Modules whose names are followed, and what their members are called here.
const MODULES: [(&str, &str); 15] = [
    ("invoke", "invoke"),
    ("os", "os"),
    ("shutil", "shutil"),
    ("subprocess", "subprocess"),
    ("requests", "requests"),
    ("httpx", "httpx"),
    ("fs", "fs"),
    ("fs/promises", "fs.promises"),
    ("fs-extra", "fse"),
    ("child_process", "child_process"),
    ("shelljs", "shelljs"),
    ("axios", "axios"),
    ("rimraf", "rimraf"),
    ("del", "del"),
    ("sh", "sh"),
];

/// Names that are given in one import.
const MAX_NAMES: usize = 2_000;

/// Returns the full names behind the names of a code.
pub(super) fn read(tokens: &[Token], language: Language) -> HashMap<String, String> {
    let mut all = HashMap::new();
    for (index, token) in tokens.iter().enumerate() {
        let Token::Name { name, .. } = token else {
            continue;
        };
        match (language, name.as_str()) {
            (Language::Python, "import") => python(tokens, index, &mut all),
            (Language::Python, alias) => renamed(alias, tokens, index, &mut all),
            (Language::Javascript, "require") => required(tokens, index, &mut all),
            (Language::Javascript, "import") => imported(tokens, index, &mut all),
            _ => {}
        }
    }
    all
}

fn module(text: &str) -> Option<&'static str> {
    let text = text.strip_prefix("node:").unwrap_or(text);
    MODULES
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, known)| *known)
}

fn name_at(tokens: &[Token], at: usize) -> Option<&str> {
    match tokens.get(at)? {
        Token::Name { name, .. } => Some(name),
        _ => None,
    }
}

/// `o = os`, `m = importlib.import_module("os")` as it is told plainly.
fn renamed(alias: &str, tokens: &[Token], index: usize, all: &mut HashMap<String, String>) {
    let ends = |at: usize| matches!(tokens.get(at), None | Some(Token::Line | Token::Sign(';')));
    if tokens.get(index + 1) == Some(&Token::Sign('='))
        && ends(index + 3)
        && index.checked_sub(1).is_none_or(ends)
        && let Some(known) = name_at(tokens, index + 2).and_then(module)
        && alias != known
    {
        all.insert(alias.to_owned(), known.to_owned());
    }
}

/// `import os as o, shutil`, `from shutil import rmtree as r, copy`.
fn python(tokens: &[Token], index: usize, all: &mut HashMap<String, String>) {
    let from = index
        .checked_sub(2)
        .filter(|at| name_at(tokens, *at) == Some("from"))
        .and_then(|at| name_at(tokens, at + 1));
    let mut at = index + 1;
    for _ in 0..MAX_NAMES {
        match tokens.get(at) {
            Some(Token::Sign('(' | ',')) => at += 1,
            Some(Token::Name { name, .. }) => {
                let alias = (name_at(tokens, at + 1) == Some("as"))
                    .then(|| name_at(tokens, at + 2))
                    .flatten();
                let full = match from {
                    Some(from) => module(from)
                        .map(|known| format!("{known}.{name}"))
                        .or_else(|| alias.map(|_| name.clone())),
                    None => module(name).map(str::to_owned),
                };
                if let Some(full) = full {
                    all.insert(alias.unwrap_or(name).to_owned(), full);
                }
                at += if alias.is_some() { 3 } else { 1 };
            }
            _ => return,
        }
    }
}

/// `const x = require('fs')`, `const { rmSync: r, rm } = require('fs')`, `require('fs').promises` under a name.
fn required(tokens: &[Token], index: usize, all: &mut HashMap<String, String>) {
    let Some([Token::Sign('('), Token::Text { text, .. }, Token::Sign(')')]) =
        tokens.get(index + 1..index + 4)
    else {
        return;
    };
    let Some(at) = index
        .checked_sub(2)
        .filter(|at| tokens.get(at + 1) == Some(&Token::Sign('=')))
    else {
        return;
    };
    let Some(known) = module(text) else {
        return members(tokens, at, "", all);
    };
    let known = match tokens.get(index + 4) {
        Some(Token::Name { name, .. }) if name == ".promises" => format!("{known}.promises"),
        Some(Token::Name { .. } | Token::Sign('(')) => return,
        _ => known.to_owned(),
    };
    if let Some(name) = name_at(tokens, at) {
        all.insert(name.to_owned(), known);
    } else if tokens.get(at) == Some(&Token::Sign('}')) {
        members(tokens, at, &known, all);
    }
}

/// `import fs from 'fs'`, `import * as fs from 'fs'`, `import { rm as r } from 'fs/promises'`.
fn imported(tokens: &[Token], index: usize, all: &mut HashMap<String, String>) {
    let rest = tokens.get(index + 1..).unwrap_or_default();
    let Some(from) = rest
        .iter()
        .take(MAX_NAMES)
        .position(|token| matches!(token, Token::Name { name, .. } if name == "from"))
    else {
        return;
    };
    let Some(Token::Text { text, .. }) = rest.get(from + 1) else {
        return;
    };
    let Some(last) = from.checked_sub(1) else {
        return;
    };
    let Some(known) = module(text) else {
        return members(rest, last, "", all);
    };
    match rest.get(last) {
        Some(Token::Name { name, .. }) => {
            all.insert(name.clone(), known.to_owned());
        }
        Some(Token::Sign('}')) => members(rest, last, known, all),
        _ => {}
    }
}

/// Reads `{ a, b: c, d as e }` that ends at `close`; of a module that is not known only what it gives another name.
fn members(tokens: &[Token], close: usize, known: &str, all: &mut HashMap<String, String>) {
    if tokens.get(close) != Some(&Token::Sign('}')) {
        return;
    }
    let from = close.saturating_sub(MAX_NAMES);
    let inner = tokens.get(from..close).unwrap_or_default();
    let open = inner.iter().rposition(|token| *token == Token::Sign('{'));
    let names = open
        .and_then(|open| inner.get(open + 1..))
        .unwrap_or_default();
    for part in names.split(|token| *token == Token::Sign(',')) {
        let words: Vec<&str> = part
            .iter()
            .filter_map(|token| match token {
                Token::Name { name, .. } if name != "as" => Some(name.as_str()),
                _ => None,
            })
            .collect();
        if let (Some(first), Some(last)) = (words.first(), words.last()) {
            match known {
                "" if first == last => {}
                "" => drop(all.insert((*last).to_owned(), (*first).to_owned())),
                known => drop(all.insert((*last).to_owned(), format!("{known}.{first}"))),
            }
        }
    }
}
