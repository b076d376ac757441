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
/// Stands for everything that a module has: it is handed on as a whole.
pub(super) const ALL: &str = "*";

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
    /// It is asked for in a way that does not say what of it is called.
    whole: bool,
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

    /// Returns what of the module is named; what is called has a bracket behind it.
    pub fn called(&self, calls: &HashSet<String>) -> Vec<String> {
        let mut all = Vec::new();
        if self.whole {
            all.push(ALL.to_owned());
        }
        for call in calls {
            let name = call.trim_end_matches('(');
            let mut parts = name.split('.');
            let first = parts.next().unwrap_or_default();
            // A method of something that the module makes.
            if let Some(last) = parts.next_back() {
                all.push(format!(".{last}"));
            }
            let member = self
                .members
                .iter()
                .find(|(_, local)| local == name || local == first);
            if let Some((own, _)) = member {
                all.push(own.clone());
            }
            let Some(alias) = &self.alias else {
                if self.star {
                    all.push(first.to_owned());
                }
                continue;
            };
            if name == alias {
                let called = call.len() > name.len();
                all.push(if called { DEFAULT } else { ALL }.to_owned());
            } else if let Some(rest) = name.strip_prefix(alias.as_str())
                && let Some(rest) = rest.strip_prefix('.')
            {
                all.extend(rest.split('.').map(str::to_owned));
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Returns the names that stand in a text but for those that an import or an export gives; with a bracket where they are called.
pub(super) fn calls(text: &str, language: Language) -> HashSet<String> {
    let tokens = placed(text, language);
    let mut all = HashSet::new();
    let mut at = 0;
    while let Some((token, _)) = tokens.get(at) {
        let rest = tokens.get(at..).unwrap_or_default();
        let starts = at
            .checked_sub(1)
            .and_then(|at| tokens.get(at))
            .is_none_or(|(before, _)| {
                matches!(before, Token::Line | Token::Sign(';' | '{' | '}' | ':'))
            });
        if let (Token::Name { name, .. }, true) = (token, starts)
            && let Some(length) = given(name, rest, language)
        {
            at += length;
            continue;
        }
        if let Token::Name { name, .. } = token {
            let call = matches!(tokens.get(at + 1), Some((Token::Sign('('), _)));
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            let defined = matches!(before, Some((Token::Name { name, .. }, _)) if matches!(name.as_str(), "def" | "class" | "function"));
            // A property runs where it is looked at.
            if !defined && (name.contains('.') || !is_shown(&tokens, at)) {
                all.insert(if call {
                    format!("{name}(")
                } else {
                    name.clone()
                });
            }
        }
        at += 1;
    }
    all
}

/// `print(lib)`, `dir(lib)`: it is only looked at.
fn is_shown(tokens: &[(Token, usize)], at: usize) -> bool {
    const LOOKS: [&str; 8] = [
        "print",
        "dir",
        "help",
        "type",
        "repr",
        "str",
        "console.log",
        "inspect.getsource",
    ];
    let token = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|(token, _)| token);
    let alone = token(at.checked_sub(1)) == Some(&Token::Sign('('))
        && token(Some(at + 1)) == Some(&Token::Sign(')'));
    alone && name_of(token(at.checked_sub(2))).is_some_and(|name| LOOKS.contains(&name))
}

/// Returns how many tokens an import or an export takes that begins here.
fn given(name: &str, rest: &[(Token, usize)], language: Language) -> Option<usize> {
    let name_at = |at: usize| match rest.get(at) {
        Some((Token::Name { name, .. }, _)) => name.as_str(),
        _ => "",
    };
    let end =
        |is: &dyn Fn(&Token) -> bool| rest.iter().take(MAX_NAMES).position(|(token, _)| is(token));
    let line = |token: &Token| matches!(token, Token::Line | Token::Sign(';'));
    match language {
        Language::Python => {
            let from = name == "from" || name.starts_with("from.");
            if !(from || name == "import") {
                return None;
            }
            let whole = end(&line).unwrap_or(rest.len());
            let open = rest
                .get(..whole)?
                .iter()
                .any(|(token, _)| *token == Token::Sign('('));
            match from && open {
                true => end(&|token| *token == Token::Sign(')')),
                false => Some(whole),
            }
        }
        _ => match name {
            "import" if !matches!(rest.get(1), Some((Token::Sign('('), _))) => {
                end(&|token| matches!(token, Token::Text { .. }))
            }
            // `const { a, b: c } = require('./x')`.
            "const" | "let" | "var" => {
                let equal = end(&|token| *token == Token::Sign('='))?;
                let next = name_at(equal + 1);
                let required =
                    next == "require" || next == "await" && name_at(equal + 2) == "import";
                required.then_some(equal)
            }
            "export" if matches!(rest.get(1), Some((Token::Sign('{' | '*'), _))) => end(&line),
            "module.exports" if matches!(rest.get(1), Some((Token::Sign('='), _))) => {
                match rest.get(2) {
                    Some((Token::Sign('{'), _)) => {
                        let inner = end(&|token| *token == Token::Sign('}'))?;
                        let calls = rest
                            .get(..inner)?
                            .iter()
                            .any(|(token, _)| *token == Token::Sign('('));
                        (!calls).then_some(inner)
                    }
                    _ => None,
                }
            }
            _ => None,
        },
    }
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
    let mut all: Vec<Import> = asked_by_text(text, language, standard);
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name { name, .. } = token else {
            continue;
        };
        let rest = tokens.get(at + 1..).unwrap_or_default();
        let before = tokens.get(..at).unwrap_or_default();
        match (language, name.as_str()) {
            (Language::Python, "import") => python(before, rest, standard, &mut all),
            (Language::Python, _) => all.extend(by_name(name, before, rest, standard)),
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

/// `importlib.import_module('x').run()` is told as `x.run()`: the module stands under its own name.
fn asked_by_text(text: &str, language: Language, standard: &[&str]) -> Vec<Import> {
    const ASKS: [&str; 2] = ["import_module(", "__import__("];
    if language != Language::Python {
        return Vec::new();
    }
    let places = ASKS.iter().flat_map(|word| {
        let places = text.match_indices(word);
        places.map(move |(at, _)| at + word.len())
    });
    let named = places.filter_map(|at| {
        let rest = text.get(at..)?;
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let name = rest.get(1..)?.split(quote).next()?;
        let own = name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let first = name.split('.').next().unwrap_or_default();
        (own && !standard.contains(&first)).then(|| Import {
            files: vec![format!("{}.py", name.replace('.', "/"))],
            alias: Some(name.to_owned()),
            ..Import::default()
        })
    });
    named.take(MAX_IMPORTS).collect()
}

/// `importlib.import_module('x')`, `exec(open('x.py').read())`: a module that is asked for as a text.
fn by_name(name: &str, before: &[Token], rest: &[Token], standard: &[&str]) -> Option<Import> {
    const MAX_CALL: usize = 12;
    let [Token::Sign('('), rest @ ..] = rest else {
        return None;
    };
    let last = name.rsplit('.').next().unwrap_or(name);
    if matches!(last, "exec" | "run_path") {
        let mut texts = rest.iter().take(MAX_CALL).filter_map(|token| match token {
            Token::Text { text, .. } if text.ends_with(".py") => Some(text),
            _ => None,
        });
        let file = texts.next()?;
        return Some(Import {
            files: vec![file.clone()],
            star: true,
            ..Import::default()
        });
    }
    let [Token::Text { text, .. }, ..] = rest else {
        return None;
    };
    let first = text.split('.').next().unwrap_or_default();
    if !matches!(last, "import_module" | "__import__" | "run_module") || standard.contains(&first) {
        return None;
    }
    let alias = match before {
        [.., Token::Name { name, .. }, Token::Sign('=')] => Some(name.clone()),
        _ => None,
    };
    let member = match rest.get(1..) {
        Some([Token::Sign(')'), Token::Name { name, .. }, ..]) => name.strip_prefix('.'),
        _ => None,
    };
    Some(Import {
        files: vec![format!("{}.py", text.replace('.', "/"))],
        whole: alias.is_none() && member.is_none(),
        members: member
            .map(|own| (own.to_owned(), format!(".{own}")))
            .into_iter()
            .collect(),
        alias,
        ..Import::default()
    })
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
        whole: false,
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
    let mut whole = false;
    let (place, names, direct) = match rest {
        [Token::Sign('('), inner @ ..] => {
            let (place, tail) = asked_for(inner)?;
            let names = match before {
                [names @ .., Token::Sign('=')] if required => names,
                [names @ .., Token::Sign('='), Token::Name { name, .. }] if name == "await" => {
                    names
                }
                _ => &[],
            };
            let direct = name_of(tail.first()).and_then(|name| name.strip_prefix('.'));
            whole = names.is_empty() && (!required || direct.is_none());
            // A module that is only loaded: `require('./x')` as a statement.
            let alone = matches!(before.last(), None | Some(Token::Line | Token::Sign(';')))
                && matches!(tail.first(), None | Some(Token::Line | Token::Sign(';')));
            whole &= !alone;
            (place, names, direct)
        }
        [Token::Text { text, .. }, ..] if !required => (text.clone(), [].as_slice(), None),
        _ if !required => {
            let end = rest.iter().take(MAX_NAMES);
            let from = end
                .enumerate()
                .position(|(at, _)| name_of(rest.get(at)) == Some("from"))?;
            let Some(Token::Text { text, .. }) = rest.get(from + 1) else {
                return None;
            };
            (text.clone(), rest.get(..from)?, None)
        }
        _ => return None,
    };
    let mut import = Import {
        files: files(&place)?,
        whole,
        ..Import::default()
    };
    let direct = direct.map(|name| {
        let own = name.split('.').next().unwrap_or(name);
        (own.to_owned(), format!(".{name}"))
    });
    import.members.extend(direct);
    named(names, &mut import);
    // A default that stands beside others: `import wipe, { x } from './y'`.
    Some(import)
}

/// Returns the place that stands in the brackets of `require(…)`, and what follows them.
fn asked_for(inner: &[Token]) -> Option<(String, &[Token])> {
    const MAX_CALL: usize = 20;
    if let [Token::Text { text, .. }, Token::Sign(')'), tail @ ..] = inner {
        // `${__dirname}/x`.
        let own = text
            .strip_prefix(crate::sql::HOLE)
            .map(|rest| format!(".{rest}"));
        return Some((own.unwrap_or_else(|| text.clone()), tail));
    }
    // `path.join(__dirname, 'x')`, `__dirname + '/x'`.
    let last = inner
        .iter()
        .take(MAX_CALL)
        .rposition(|token| matches!(token, Token::Text { .. }))?;
    let here = inner
        .get(..last)?
        .iter()
        .any(|token| name_of(Some(token)) == Some("__dirname"));
    let parts = inner.get(..=last)?.iter().filter_map(|token| match token {
        Token::Text { text, .. } => Some(text.trim_start_matches('/')),
        _ => None,
    });
    let place = parts.collect::<Vec<&str>>().join("/");
    let mut tail = inner.get(last + 1..)?;
    while let [Token::Sign(')'), rest @ ..] = tail {
        tail = rest;
    }
    here.then(|| (format!("./{place}"), tail))
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
                names.retain(|name| !name.starts_with('.'));
                (import.files.first().cloned().unwrap_or_default(), names)
            })
            .filter(|(_, names)| !names.is_empty())
            .collect()
    }

    fn has(found: &[(String, Vec<String>)], file: &str, name: &str) -> bool {
        found
            .iter()
            .any(|(own, names)| own == file && names.iter().any(|one| one == name))
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
            ("from db import reset\nf = reset\nf()", "db.py", "reset"),
            ("import db\nThread(target=db.reset)", "db.py", "reset"),
            ("import db\ngetattr(db, name)()", "db.py", ALL),
            ("exec(open('db.py').read())\nreset()", "db.py", "reset"),
            ("m = importlib.import_module('db')\nm.reset()", "db.py", ALL),
        ] {
            let found = called(text, Language::Python);
            assert!(has(&found, file, name), "{text}: {found:?}");
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
            ("require('./lib')()", "./lib.js", ALL),
            (
                "const l = require('./lib'); const { wipe } = l",
                "./lib.js",
                ALL,
            ),
            (
                "require(path.join(__dirname, 'lib')).wipe()",
                "./lib.js",
                "wipe",
            ),
            ("import('./lib.js').then(m => m.wipe())", "./lib.js", ALL),
        ] {
            let found = called(text, Language::Javascript);
            assert!(has(&found, file, name), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_not_called_or_is_a_package_is_told_apart() {
        use Language::{Javascript, Python};
        assert!(called("from db import reset, count\nprint(1)", Python).is_empty());
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
