//! Which modules of the project a code imports, under which names, and which of their functions it calls where it runs for certain.
//! It reads tokens and blocks; it opens no file.

use std::collections::HashSet;

use super::tokens::{Language, Token, placed};

/// Imports of one code that are followed.
const MAX_IMPORTS: usize = 2_000;
/// Names of one import that are read.
const MAX_NAMES: usize = 2_000;
/// Stands for what a module gives as a whole: `module.exports = function …`.
pub(super) const DEFAULT: &str = "default";

/// A module that a code imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Import {
    /// Names of its file, the likeliest first, as they stand beside the code.
    pub files: Vec<String>,
    /// The name under which the code has it as a whole.
    alias: Option<String>,
    /// Its own names with those that the code gives them.
    members: Vec<(String, String)>,
    /// `from x import *`.
    star: bool,
}

impl Import {
    /// Returns the name under which the code has the module as a whole.
    pub fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    /// Tells whether a name of the module has another one in the code.
    pub fn renames(&self) -> bool {
        self.members.iter().any(|(own, local)| own != local)
    }

    /// Returns the functions of the module that are called.
    pub fn called(&self, calls: &HashSet<String>) -> Vec<String> {
        let mut all = Vec::new();
        for call in calls {
            let member = self.members.iter().find(|(_, local)| local == call);
            if let Some((own, _)) = member {
                all.push(own.clone());
            }
            let Some(alias) = &self.alias else {
                if self.star {
                    all.push(call.clone());
                }
                continue;
            };
            if call == alias {
                all.push(DEFAULT.to_owned());
            } else if let Some(rest) = call.strip_prefix(alias.as_str())
                && let Some(name) = rest.strip_prefix('.')
                && !name.contains('.')
            {
                all.push(name.to_owned());
            }
        }
        all
    }
}

/// Returns the names that are called, with the dots in them.
pub(super) fn calls(text: &str, language: Language) -> HashSet<String> {
    let tokens = placed(text, language);
    let pairs = tokens.windows(2);
    pairs
        .filter_map(|two| match two {
            [(Token::Name { name, .. }, _), (Token::Sign('('), _)] => Some(name.clone()),
            _ => None,
        })
        .collect()
}

/// Returns the modules of the project that a text imports; packages and what the language brings are none.
pub(super) fn imports(text: &str, language: Language, standard: &[&str]) -> Vec<Import> {
    if !matches!(language, Language::Python | Language::Javascript) || !text.contains(['r', 'm']) {
        return Vec::new();
    }
    let tokens: Vec<Token> = placed(text, language)
        .into_iter()
        .map(|(token, _)| token)
        .collect();
    let mut all: Vec<Import> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name { name, .. } = token else {
            continue;
        };
        let rest = tokens.get(at + 1..).unwrap_or_default();
        let before = tokens.get(..at).unwrap_or_default();
        match (language, name.as_str()) {
            (Language::Python, "import") => python(before, rest, standard, &mut all),
            (Language::Javascript, "require" | "import") => {
                all.extend(script(name == "require", before, rest));
            }
            _ => {}
        }
        if all.len() >= MAX_IMPORTS {
            break;
        }
    }
    all
}

fn name_of(token: Option<&Token>) -> Option<&str> {
    match token? {
        Token::Name { name, .. } => Some(name),
        _ => None,
    }
}

fn python(before: &[Token], rest: &[Token], standard: &[&str], all: &mut Vec<Import>) {
    let from = match before {
        [
            ..,
            Token::Name { name, .. },
            Token::Name { name: module, .. },
        ] if name == "from" => Some(module.trim_start_matches('.')),
        // `from .paths import resolve`.
        [.., Token::Name { name, .. }] if name.starts_with("from.") => name
            .strip_prefix("from.")
            .filter(|name| !name.starts_with('.')),
        // `from . import store`.
        [.., Token::Name { name, .. }, Token::Sign('.')] if name == "from" => Some(""),
        [.., Token::Line] | [] | [.., Token::Sign(';' | ':')] => None,
        _ => return,
    };
    let is_own = |name: &str| {
        let first = name.split('.').next().unwrap_or_default();
        let plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '.');
        !first.is_empty() && !standard.contains(&first) && name.chars().all(plain)
    };
    let file = |name: &str| format!("{}.py", name.replace('.', "/"));
    let names = listed(rest);
    let Some(module) = from else {
        for (name, alias) in names.into_iter().filter(|(name, _)| is_own(name)) {
            all.push(Import {
                files: vec![file(&name)],
                alias: Some(alias),
                ..Import::default()
            });
        }
        return;
    };
    if module.is_empty() {
        for (name, alias) in names.into_iter().filter(|(name, _)| is_own(name)) {
            all.push(Import {
                files: vec![file(&name)],
                alias: Some(alias),
                ..Import::default()
            });
        }
        return;
    }
    if !is_own(module) {
        return;
    }
    // `from shop import db`: a function of the one file, or the other file itself.
    for (name, alias) in names.iter().take(2) {
        all.push(Import {
            files: vec![format!("{}/{name}.py", module.replace('.', "/"))],
            alias: Some(alias.clone()),
            ..Import::default()
        });
    }
    all.push(Import {
        files: vec![file(module)],
        alias: None,
        star: matches!(rest.first(), Some(Token::Sign('*'))),
        members: names,
    });
}

/// Reads `a as b, c` and `(a, b)`: names with what the code calls them.
fn listed(rest: &[Token]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut open = false;
    let mut as_next = false;
    for token in rest.iter().take(MAX_NAMES) {
        match token {
            Token::Sign('(') => open = true,
            Token::Sign(',') => {}
            Token::Line if open => {}
            Token::Name { name, .. } if name == "as" => as_next = true,
            Token::Name { name, .. } if as_next => {
                as_next = false;
                if let Some((_, alias)) = all.last_mut() {
                    name.clone_into(alias);
                }
            }
            Token::Name { name, .. } => all.push((name.clone(), name.clone())),
            _ => break,
        }
    }
    all
}

/// Reads `const x = require('./y')`, `import { a as b } from './y'`, `import './y'`.
fn script(required: bool, before: &[Token], rest: &[Token]) -> Option<Import> {
    let (place, names, direct) = match rest {
        [
            Token::Sign('('),
            Token::Text { text, .. },
            Token::Sign(')'),
            tail @ ..,
        ] => {
            let names = match before {
                [names @ .., Token::Sign('=')] => names,
                _ => &[],
            };
            let direct = name_of(tail.first())
                .and_then(|name| name.strip_prefix('.'))
                .filter(|_| matches!(tail.get(1), Some(Token::Sign('('))));
            (text, names, direct)
        }
        [Token::Text { text, .. }, ..] if !required => (text, [].as_slice(), None),
        _ if !required => {
            let end = rest.iter().take(MAX_NAMES);
            let from = end
                .enumerate()
                .position(|(at, _)| name_of(rest.get(at)) == Some("from"))?;
            let Some(Token::Text { text, .. }) = rest.get(from + 1) else {
                return None;
            };
            (text, rest.get(..from)?, None)
        }
        _ => return None,
    };
    let mut import = Import {
        files: files(place)?,
        ..Import::default()
    };
    let direct = direct.map(|name| (name.to_owned(), format!(".{name}")));
    import.members.extend(direct);
    named(names, &mut import);
    // A default that stands beside others: `import wipe, { x } from './y'`.
    Some(import)
}

fn named(names: &[Token], import: &mut Import) {
    let braces = names.iter().rposition(|token| *token == Token::Sign('{'));
    let closed = names.iter().rposition(|token| *token == Token::Sign('}'));
    let (inner, outer) = match (braces, closed) {
        (Some(open), Some(close)) if open < close && names.len() - open < MAX_NAMES => (
            names.get(open + 1..close).unwrap_or_default(),
            names.get(..open).unwrap_or_default(),
        ),
        _ => ([].as_slice(), names),
    };
    for part in inner.split(|token| *token == Token::Sign(',')) {
        let words: Vec<&str> = part
            .iter()
            .filter_map(|token| name_of(Some(token)))
            .filter(|name| *name != "as")
            .collect();
        if let (Some(own), Some(local)) = (words.first(), words.last()) {
            import
                .members
                .push(((*own).to_owned(), (*local).to_owned()));
        }
    }
    if inner.is_empty() || matches!(outer.last(), Some(Token::Sign(','))) {
        let last = outer.iter().rev().find_map(|token| name_of(Some(token)));
        import.alias = last
            .filter(|name| !matches!(*name, "const" | "let" | "var" | "as" | "type"))
            .map(str::to_owned);
    }
}

/// Returns the files behind `./x` and `/srv/x.js`; a bare name is a package.
fn files(name: &str) -> Option<Vec<String>> {
    let last = name.rsplit('/').next()?;
    if !name.starts_with(['.', '/']) || last.is_empty() {
        return None;
    }
    Some(match last.rsplit_once('.').map(|(_, end)| end) {
        Some("js") => vec![
            name.to_owned(),
            format!("{}.ts", name.trim_end_matches(".js")),
        ],
        Some("mjs" | "cjs" | "ts" | "mts" | "json") => vec![name.to_owned()],
        _ => vec![
            format!("{name}.js"),
            format!("{name}.ts"),
            format!("{name}/index.js"),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(text: &str, language: Language) -> Vec<(String, Vec<String>)> {
        let calls = calls(text, language);
        imports(text, language, &["os", "json"])
            .into_iter()
            .map(|import| {
                let mut names = import.called(&calls);
                names.sort();
                (import.files.first().cloned().unwrap_or_default(), names)
            })
            .filter(|(_, names)| !names.is_empty())
            .collect()
    }

    fn one(file: &str, name: &str) -> (String, Vec<String>) {
        (file.to_owned(), vec![name.to_owned()])
    }

    #[test]
    fn a_function_is_called_under_the_name_that_the_import_gives_it() {
        for (text, file, name) in [
            ("from db import reset\nreset()", "db.py", "reset"),
            ("from db import reset as r, x\nr()", "db.py", "reset"),
            (
                "from shop.db import (\n    a,\n    reset,\n)\nreset()",
                "shop/db.py",
                "reset",
            ),
            ("import db\ndb.reset()", "db.py", "reset"),
            ("import shop.db as d\nd.reset()", "shop/db.py", "reset"),
            ("from shop import db\ndb.reset()", "shop/db.py", "reset"),
            ("from db import *\nreset()", "db.py", "reset"),
        ] {
            let found = called(text, Language::Python);
            assert!(found.contains(&one(file, name)), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_function_of_a_required_module_is_called_under_its_name() {
        for (text, file, name) in [
            (
                "const { wipe } = require('./lib');\nwipe();",
                "./lib.js",
                "wipe",
            ),
            (
                "const { wipe: w } = require('./lib')\nw()",
                "./lib.js",
                "wipe",
            ),
            (
                "const lib = require('./lib.js')\nlib.wipe()",
                "./lib.js",
                "wipe",
            ),
            (
                "import { wipe as w } from '../lib.mjs'\nawait w()",
                "../lib.mjs",
                "wipe",
            ),
            (
                "import * as lib from './lib'\nlib.wipe()",
                "./lib.js",
                "wipe",
            ),
            ("import wipe from './wipe'\nwipe()", "./wipe.js", DEFAULT),
            ("require('./lib').wipe()", "./lib.js", "wipe"),
        ] {
            let found = called(text, Language::Javascript);
            assert!(found.contains(&one(file, name)), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_not_called_or_is_a_package_is_told_apart() {
        use Language::{Javascript, Python};
        assert!(called("from db import reset, count\nprint(count)", Python).is_empty());
        assert!(called("import db\nform.reset()", Python).is_empty());
        assert!(
            imports(
                "import os, json\nfrom os.path import join",
                Python,
                &["os", "json"]
            )
            .is_empty()
        );
        assert!(
            imports(
                "const fs = require('fs'); import x from 'lib'",
                Javascript,
                &[]
            )
            .is_empty()
        );
    }
}
