//! Which functions of a text are reached: called, handed on, aliased, constructed; all but those that are never named again.
//! It goes by names alone and follows no values.

use std::collections::HashSet;

use super::Block;
use crate::classify::code::index::Index;
use crate::classify::code::modules::ALL;
use crate::classify::code::tokens::{Language, Token};

/// A place at which a name stands that may mean a block.
struct Use<'t> {
    /// The block in which it stands; nothing runs there before that one does.
    around: Option<usize>,
    /// The last part of a block's name, or its class.
    name: &'t str,
}

/// Returns for each block whether something may call it.
pub(super) fn called(
    text: &str,
    language: Language,
    blocks: &[Block],
    wanted: &[String],
) -> Vec<bool> {
    let all = wanted.iter().any(|name| name == ALL);
    let mut called: Vec<bool> = blocks
        .iter()
        .map(|block| !block.name.is_empty() && all)
        .collect();
    if all || blocks.is_empty() {
        return called;
    }
    let index = Index::new(text, language);
    let uses = uses(&index, blocks);
    let mut named: HashSet<&str> = wanted.iter().map(String::as_str).collect();
    let mut fresh = true;
    let mut taken = vec![false; uses.len()];
    while std::mem::take(&mut fresh) {
        for (one, taken) in uses.iter().zip(&mut taken).filter(|(_, taken)| !**taken) {
            let runs = one.around.is_none_or(|at| called.get(at) == Some(&true));
            if runs {
                *taken = true;
                named.insert(one.name);
            }
        }
        for (block, called) in blocks
            .iter()
            .zip(&mut called)
            .filter(|(_, called)| !**called)
        {
            if is_named(&block.name, &named) {
                *called = true;
                fresh = true;
            }
        }
    }
    called
}

/// Tells whether the names that are used reach a block: a method only where its class is used as well.
fn is_named(name: &str, named: &HashSet<&str>) -> bool {
    let Some((class, method)) = name.split_once('.') else {
        return !name.is_empty() && named.contains(name);
    };
    let asked = || named.contains(method) || named.contains(format!(".{method}").as_str());
    named.contains(class) && (method.starts_with("__") || asked())
}

/// Returns every place at which a name stands that may mean one of the blocks.
fn uses<'t>(index: &'t Index, blocks: &[Block]) -> Vec<Use<'t>> {
    let parts = blocks.iter().flat_map(|block| block.name.split('.'));
    let known: HashSet<&str> = parts.collect();
    let mut all = Vec::new();
    for (at, token) in index.tokens.iter().enumerate() {
        let Token::Name { name, start } = token else {
            continue;
        };
        let mut parts = name
            .split('.')
            .map(|part| part.trim_start_matches('@'))
            .filter(|part| known.contains(part))
            .peekable();
        if parts.peek().is_none() || is_definition(index, at, name) || is_given_away(index, at) {
            continue;
        }
        let around = blocks
            .iter()
            .position(|one| one.from <= *start && *start < one.to);
        all.extend(parts.map(|name| Use { around, name }));
    }
    all
}

/// `def x`, `x = …`, `x: …`: the name is given something here.
fn is_definition(index: &Index, at: usize, name: &str) -> bool {
    let before = at.checked_sub(1).and_then(|at| index.name(at));
    let defines = ["def", "class", "function", "func", "fn", "import"];
    if before.is_some_and(|word| defines.contains(&word)) {
        return true;
    }
    let given = index.is_sign(at + 1, '=') && !matches!(index.sign(at + 2), Some('=' | '>'));
    let key = index.language != Language::Python
        && index.is_sign(at + 1, ':')
        && !name.contains('.')
        && matches!(
            at.checked_sub(1).and_then(|at| index.token(at)),
            Some(Token::Sign('{' | ',') | Token::Line)
        );
    given || key
}

/// `module.exports = { x }`, `export { x }`, `from a import x`, `__all__ = [x]`: it is only given to whoever asks.
fn is_given_away(index: &Index, at: usize) -> bool {
    const GIVES: [&str; 5] = ["export", "exports", "import", "from", "__all__"];
    const MAX: usize = 2_000;
    if index.is_sign(at + 1, '(') {
        return false;
    }
    let mut outer = at;
    while let Some(open) = index.around(outer) {
        let before = open.checked_sub(1).and_then(|at| index.name(at));
        let last = before.unwrap_or_default().rsplit('.').next();
        // gulp runs them only when it is asked for the task.
        let lists = matches!(last, Some("series" | "parallel"));
        if index.is_sign(open, '(') && index.language != Language::Python && !lists {
            return false;
        }
        outer = open;
    }
    let ends = |at: &usize| {
        let own = index.around(*at).is_none();
        own && matches!(index.token(*at), Some(Token::Line | Token::Sign(';')))
    };
    let start = (outer.saturating_sub(MAX)..outer).rev().find(ends);
    let first = index.name(start.map_or(0, |at| at + 1)).unwrap_or_default();
    let root = first.split('.').next().unwrap_or_default();
    GIVES.contains(&root) || root == "module"
}

#[cfg(test)]
mod tests {
    use super::super::{brace_blocks, loaded, python_blocks};
    use super::*;

    fn left(text: &str, language: Language) -> bool {
        let blocks = match language {
            Language::Python => python_blocks(text),
            _ => brace_blocks(text),
        };
        loaded(text, language, &blocks, &[]).contains("'a'")
    }

    #[test]
    fn a_function_that_is_reached_in_any_way_stays() {
        for tail in [
            "s.set_defaults(func=purge)",
            "ways = {'purge': purge, 'show': show}",
            "Thread(target=purge).start()",
            "f = purge\nf()",
            "atexit.register(purge)",
            "go = purge if x else None",
            "pool.submit(purge)",
            "@purge\ndef other(): pass",
        ] {
            let text = format!("def purge():\n    rm('a')\n{tail}\n");
            assert!(left(&text, Language::Python), "{text}");
        }
        for text in [
            "@now\ndef purge(): rm('a')\ndef now(f): f()\n",
            "@atexit.register\ndef purge():\n    rm('a')\n",
            "def purge(a=rm('a')): pass\n",
            "class A:\n    def __init__(self): rm('a')\nA()\n",
            "class A:\n    def __init_subclass__(c): rm('a')\nclass B(A): pass\n",
            "class A:\n    def go(self): rm('a')\nx = A()\nx.go()\n",
            "def f():\n    x = '\"\"\"'\nrm('a')\n",
            "def f():\n    return 1 # \"\"\"\nrm('a')\n",
        ] {
            assert!(left(text, Language::Python), "{text}");
        }
        for text in [
            "program.command('purge').action(purge);function purge() { rm('a') }",
            "app.post('/purge', purge);\nfunction purge() { rm('a') }",
            "const x = (() => { rm('a') })()",
            "void function () { rm('a') }()",
            "const x = function () { rm('a') }()",
            "module.exports = wrap(function () { rm('a') })",
            "const c = { init() { rm('a') } }; c.init()",
            "const c = new Map([['a', () => { rm('a') }]]); c.get('a')()",
            "class A { static { rm('a') } }",
            "class A { constructor() { rm('a') } }\nnew A()",
            "function f(x) { // it's { here\n return 1 }\nrm('a')",
            "function f() { return '{' }\nrm('a')",
            "function f(x) { return /{/.test(x) }\nrm('a')",
            "const t = { 'x': () => { rm('a') } }; t[y]()",
        ] {
            assert!(left(text, Language::Javascript), "{text}");
        }
    }

    #[test]
    fn a_function_that_is_only_given_away_waits() {
        for tail in [
            "from .ways import show, purge",
            "__all__ = [purge]",
            "print('purge')",
            "x.purge = 1",
            "purges(a)",
        ] {
            let text = format!("def purge():\n    rm('a')\n{tail}\n");
            assert!(!left(&text, Language::Python), "{text}");
        }
        for text in [
            "class A:\n    def purge(self):\n        rm('a')\nx = A()\nx.show()\n",
            "@timed\ndef purge():\n    rm('a')\ndef timed(f):\n    def inner():\n        f()\n    return inner\n",
            "@app.route('/')\ndef purge():\n    rm('a')\n",
        ] {
            assert!(!left(text, Language::Python), "{text}");
        }
        for text in [
            "function purge() { rm('a') }\nmodule.exports = { show, purge };",
            "function purge() { rm('a') }\nmodule.exports = {\n  show,\n  purge,\n};",
            "function purge() { rm('a') }\nexport { purge };",
            "exports.purge = asyncHandler(async (q, r) => { rm('a') });",
        ] {
            assert!(!left(text, Language::Javascript), "{text}");
        }
    }
}
