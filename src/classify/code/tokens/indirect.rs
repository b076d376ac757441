//! Names that a code puts together: `getattr(shutil, 'rm' + 'tree')`, `global['re' + 'quire']`, `Kernel.send(:system, …)`, `$f = "sys" . "tem"; $f(…)`.
//! It looks a bounded way back from the bracket that was read last, and evaluates nothing but constants.

use super::constants::{REACH, constant, given, name_at, parted};
use super::{Language, Token};

/// Names that stand for names.
const DEPTH: usize = 4;

/// Calls that count, by the last part of their names; others are left as they are written.
const COUNTS: [&str; 54] = [
    "rm",
    "rmSync",
    "rmdir",
    "rmdirSync",
    "rmtree",
    "removedirs",
    "remove",
    "removeSync",
    "remove_tree",
    "emptyDirSync",
    "unlink",
    "unlinkSync",
    "rm_rf",
    "rm_r",
    "rm_f",
    "remove_dir",
    "remove_entry",
    "delete",
    "delete_all",
    "destroy_all",
    "truncate",
    "truncateSync",
    "writeFileSync",
    "exec",
    "execSync",
    "execFile",
    "execFileSync",
    "spawn",
    "spawnSync",
    "system",
    "popen",
    "run",
    "call",
    "check_call",
    "check_output",
    "shell_exec",
    "passthru",
    "proc_open",
    "execute",
    "executescript",
    "query",
    "require",
    "mainModule",
    "eval",
    "import_module",
    "__import__",
    "Function",
    "drop",
    "dropDatabase",
    "deleteMany",
    "flushall",
    "flushAll",
    "Popen",
    "$executeRawUnsafe",
];

/// Rewrites the end of the tokens when it names a call in a roundabout way.
pub(super) fn told(all: &mut Vec<Token>, language: Language) {
    match all.last() {
        Some(Token::Name { .. }) => named(all, language),
        Some(Token::Sign('(')) => called(all, language),
        Some(Token::Sign(',')) => sent(all, language),
        Some(Token::Sign(']')) => keyed(all, language),
        Some(Token::Sign(')')) => closed(all, language),
        _ => {}
    }
}

/// Replaces the tokens from a place on by a name.
fn put(all: &mut Vec<Token>, from: usize, name: String, behind: Vec<Token>) {
    let start = all.get(from..).unwrap_or_default().iter();
    let start = start
        .filter_map(|token| match token {
            Token::Name { start, .. } | Token::Text { start, .. } => Some(*start),
            Token::Sign(_) | Token::Line => None,
        })
        .min()
        .unwrap_or_default();
    all.truncate(from);
    all.push(Token::Name { name, start });
    all.extend(behind);
}

/// Returns the opening bracket of the closing one at a place.
fn open_of(all: &[Token], close: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let from = close.saturating_sub(REACH);
    for at in (from..=close).rev() {
        match all.get(at)? {
            Token::Sign(')' | ']' | '}') => depth += 1,
            Token::Sign('(' | '[' | '{') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn last_of(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn counts(name: &str) -> bool {
    COUNTS.contains(&last_of(name))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.' | ':'))
}

/// Returns the name that a constant is, `A::B` with a point.
fn spelled(text: Option<String>) -> Option<String> {
    let text = text?.replace("::", ".");
    let text = text.strip_prefix("CORE.").unwrap_or(&text);
    is_name(text).then(|| text.to_owned())
}

/// Names of namespaces that are said before what every code has.
fn named(all: &mut Vec<Token>, language: Language) {
    let fronts: &[&str] = match language {
        Language::Python => &["builtins.", "__builtins__."],
        Language::Javascript => &["globalThis.", "global.", "window."],
        Language::Perl | Language::Php => &["CORE.GLOBAL.", "CORE."],
        Language::Lua => &["_G."],
        _ => &[],
    };
    let Some(Token::Name { name, .. }) = all.last_mut() else {
        return;
    };
    if let Some(rest) = fronts.iter().find_map(|front| name.strip_prefix(front)) {
        *name = rest.to_owned();
    }
    let evaluates = match language {
        Language::Ruby => matches!(
            name.as_str(),
            "Kernel.eval" | "binding.eval" | "TOPLEVEL_BINDING.eval" | "instance_eval"
        ),
        Language::Lua => name == "loadstring",
        Language::Javascript => name == "vm.runInThisContext",
        _ => false,
    };
    if evaluates {
        "eval".clone_into(name);
    }
    // `X.method(:rm_rf).call(…)`
    let called = name == ".call" && language == Language::Ruby;
    if called && method_called(all) {
        return;
    }
    let second = all.len().checked_sub(2);
    let owner = name_at(all, second).unwrap_or_default().to_owned();
    let constant = owner.starts_with(char::is_uppercase) && !owner.contains('.');
    let joins = language == Language::Ruby && constant || language == Language::Lua;
    if let Some(Token::Name { name, .. }) = all.last()
        && name.starts_with('.')
        && joins
        && !owner.is_empty()
    {
        let name = format!("{owner}{name}");
        let from = all.len() - 2;
        put(all, from, name, Vec::new());
    }
}

/// `FileUtils.method(:rm_rf).call`: tells whether it was that.
fn method_called(all: &mut Vec<Token>) -> bool {
    let Some(close) = all.len().checked_sub(2) else {
        return false;
    };
    let Some(from) = open_of(all, close).filter(|from| *from > 0) else {
        return false;
    };
    let Some(callee) = name_at(all, Some(from - 1)).map(str::to_owned) else {
        return false;
    };
    let inner = all.get(from + 1..close).unwrap_or_default();
    let name = spelled(constant(all, inner, Language::Ruby, DEPTH)).filter(|name| counts(name));
    let (Some(name), "method") = (name, last_of(&callee)) else {
        return false;
    };
    let name = match callee.rsplit_once('.') {
        Some(("Kernel", _)) | None => name,
        Some((owner, _)) => format!("{owner}.{name}"),
    };
    put(all, from - 1, name, Vec::new());
    true
}

/// A call begins: what stands before its bracket may be a constant.
fn called(all: &mut Vec<Token>, language: Language) {
    let Some(before) = all.len().checked_sub(2) else {
        return;
    };
    let open = vec![Token::Sign('(')];
    match all.get(before) {
        Some(Token::Name { name, .. }) if name.starts_with('$') => {
            if language == Language::Php
                && let Some(name) = spelled(given(all, name, language, DEPTH))
            {
                put(all, before, name, open);
            }
        }
        Some(Token::Name { name, .. }) if name == "load" && language == Language::Lua => {
            put(all, before, "eval".to_owned(), open);
        }
        Some(Token::Sign('>')) if language == Language::Perl => {
            let at = before.checked_sub(2);
            if all.get(before - 1) == Some(&Token::Sign('-'))
                && let (Some(at), Some(name)) = (at, name_at(all, at))
                && let Some(name) = spelled(given(all, name, language, DEPTH))
            {
                put(all, at, name, open);
            }
        }
        Some(Token::Sign('}')) if language == Language::Perl => {
            let Some(from) = open_of(all, before).and_then(|from| from.checked_sub(1)) else {
                return;
            };
            let inner = all.get(from + 2..before).unwrap_or_default();
            let name = match inner {
                [
                    Token::Sign('\\'),
                    Token::Sign('&'),
                    Token::Sign('{'),
                    inner @ ..,
                    Token::Sign('}'),
                ]
                | inner => constant(all, inner, language, DEPTH),
            };
            if all.get(from) == Some(&Token::Sign('&'))
                && let Some(name) = spelled(name)
            {
                put(all, from, name, open);
            }
        }
        Some(Token::Sign(')')) => grouped(all, before, language),
        Some(Token::Sign(']')) => member(all, before, language),
        _ => {}
    }
}

/// `("sys"."tem")(…)`, `(0, eval)(…)`.
fn grouped(all: &mut Vec<Token>, close: usize, language: Language) {
    let Some(from) = open_of(all, close) else {
        return;
    };
    let before = from.checked_sub(1);
    if name_at(all, before).is_some() {
        return;
    }
    let inner = all.get(from + 1..close).unwrap_or_default();
    let name = match (language, parted(inner).as_slice()) {
        (Language::Php, _) => spelled(constant(all, inner, language, DEPTH)),
        (Language::Javascript, [_, [Token::Name { name, .. }]]) => Some(name.clone()),
        _ => None,
    };
    if let Some(name) = name {
        put(all, from, name, vec![Token::Sign('(')]);
    }
}

/// `require('fs')['rm' + 'Sync'](…)`, `vars(shutil)['rmtree'](…)`.
fn member(all: &mut Vec<Token>, close: usize, language: Language) {
    let Some(from) = open_of(all, close).filter(|from| *from > 0) else {
        return;
    };
    let inner = all.get(from + 1..close).unwrap_or_default();
    let Some(text) = spelled(constant(all, inner, language, DEPTH)) else {
        return;
    };
    let open = vec![Token::Sign('(')];
    match (language, all.get(from - 1)) {
        (Language::Javascript | Language::Lua, Some(Token::Name { name, .. })) if counts(&text) => {
            let name = format!("{name}.{text}");
            put(all, from - 1, name, open);
            let back = all.len() - 2;
            if let Some(Token::Name { name, .. }) = all.get_mut(back) {
                for front in ["globalThis.", "global.", "window.", "_G."] {
                    if let Some(rest) = name.strip_prefix(front) {
                        *name = rest.to_owned();
                    }
                }
            }
        }
        (Language::Javascript, Some(Token::Sign(')'))) if counts(&text) => {
            put(all, from, format!(".{text}"), open);
        }
        (Language::Python, Some(Token::Name { name, .. })) => {
            if let Some(owner) = name.strip_suffix(".__dict__") {
                let name = format!("{owner}.{text}");
                put(all, from - 1, name, open);
            }
        }
        (Language::Python, Some(Token::Sign(')'))) => {
            let base = open_of(all, from - 1).and_then(|base| base.checked_sub(1));
            let Some(base) = base else { return };
            let owner = name_at(all, Some(base + 2)).map(str::to_owned);
            match (name_at(all, Some(base)), owner) {
                (Some("vars"), Some(owner)) if base + 4 == from => {
                    put(all, base, format!("{owner}.{text}"), open);
                }
                (Some("globals" | "locals"), None) => put(all, base, text, open),
                _ => {}
            }
        }
        _ => {}
    }
}

/// `sys.modules['os']`, `globals()['__builtins__']`, `global['process']`, `_G['os']`.
fn keyed(all: &mut Vec<Token>, language: Language) {
    let Some(from) = open_of(all, all.len() - 1).filter(|from| *from > 0) else {
        return;
    };
    let Some(owner) = name_at(all, Some(from - 1)) else {
        return;
    };
    let whole = match language {
        Language::Python => owner == "sys.modules",
        Language::Javascript => matches!(owner, "global" | "globalThis" | "window"),
        Language::Lua => owner == "_G",
        _ => false,
    };
    if !whole {
        return;
    }
    let inner = all.get(from + 1..all.len() - 1).unwrap_or_default();
    if let Some(name) = spelled(constant(all, inner, language, DEPTH)) {
        put(all, from - 1, name, Vec::new());
    }
}

/// `FileUtils.send(:rm_rf, …`, `call_user_func('system', …`: the name comes first, then what it is given.
fn sent(all: &mut Vec<Token>, language: Language) {
    let end = all.len() - 1;
    let from = (end.saturating_sub(12)..end).rev().find(|at| {
        let name = name_at(all, Some(*at)).map(last_of);
        match language {
            Language::Ruby => matches!(name, Some("send" | "public_send" | "__send__")),
            Language::Php => matches!(name, Some("call_user_func")),
            _ => false,
        }
    });
    let Some(from) = from else { return };
    let opened = all.get(from + 1) == Some(&Token::Sign('('));
    let inner = all
        .get(from + 1 + usize::from(opened)..end)
        .unwrap_or_default();
    let owner = name_at(all, Some(from)).and_then(|name| name.rsplit_once('.'));
    let owner = owner.map(|(owner, _)| owner.to_owned());
    let Some(name) = spelled(constant(all, inner, language, DEPTH)).filter(|name| counts(name))
    else {
        return;
    };
    let name = match owner.as_deref() {
        Some("Kernel" | "self") | None => name,
        Some(owner) => format!("{owner}.{name}"),
    };
    let open = if opened {
        vec![Token::Sign('(')]
    } else {
        Vec::new()
    };
    put(all, from, name, open);
}

/// A call ends.
fn closed(all: &mut Vec<Token>, language: Language) {
    let close = all.len() - 1;
    let Some(from) = open_of(all, close).filter(|from| *from > 0) else {
        return;
    };
    if language == Language::Python
        && all.get(from - 1) == Some(&Token::Sign(')'))
        && handed_on(all, from - 1, from)
    {
        return;
    }
    let Some(callee) = name_at(all, Some(from - 1)).map(str::to_owned) else {
        return;
    };
    if language == Language::Python && last_of(&callee) == "partial" && prepared(all, from) {
        return;
    }
    let inner = all.get(from + 1..close).unwrap_or_default();
    let parts = parted(inner);
    let text = |at: usize| {
        let part = parts.get(at)?;
        spelled(constant(all, part, language, DEPTH))
    };
    let last = last_of(&callee);
    let owner = callee.rsplit_once('.').map(|(owner, _)| owner.to_owned());
    let single = |at: usize| match parts.get(at).copied() {
        Some([Token::Name { name, .. }]) => Some(name.clone()),
        _ => None,
    };
    let name = match (language, last) {
        (Language::Python, "getattr") => single(0)
            .zip(text(1))
            .map(|(owner, name)| format!("{owner}.{name}")),
        (Language::Python, "import_module" | "__import__") => text(0),
        (Language::Python, "__getattribute__") => owner
            .zip(text(0))
            .map(|(owner, name)| format!("{owner}.{name}")),
        (Language::Ruby, "const_get") => text(0),
        // `list.each(&FileUtils.method(:rm_rf))`; a method that is only looked at is not called.
        (Language::Ruby, "method")
            if from.checked_sub(2).and_then(|at| all.get(at)) == Some(&Token::Sign('&')) =>
        {
            text(0)
                .filter(|name| counts(name))
                .map(|name| match owner.as_deref() {
                    Some("Kernel") | None => name,
                    Some(owner) => format!("{owner}.{name}"),
                })
        }
        (Language::Javascript, "get") if callee == "Reflect.get" => single(0)
            .zip(text(1))
            .map(|(owner, name)| format!("{owner}.{name}")),
        _ => None,
    };
    if let Some(name) = name {
        let plain = ["builtins.", "__builtins__."]
            .iter()
            .find_map(|front| name.strip_prefix(front))
            .map(str::to_owned);
        return put(all, from - 1, plain.unwrap_or(name), Vec::new());
    }
    applied(all, (from, close), &callee, language);
}

/// `F.call(this, …)`, `F.apply(this, [ … ])`, `Reflect.apply(F, this, [ … ])`, `array_map(F, [ … ])`.
fn applied(all: &mut Vec<Token>, (from, close): (usize, usize), callee: &str, language: Language) {
    let inner = all.get(from + 1..close).unwrap_or_default();
    let parts = parted(inner);
    let listed = |part: Option<&&[Token]>| match part.copied() {
        Some([Token::Sign('['), items @ .., Token::Sign(']')]) => Some(items.to_vec()),
        _ => None,
    };
    let rest = |from: usize| {
        let given = parts.get(from..).unwrap_or_default();
        given.join(&Token::Sign(','))
    };
    let stem = |end: &str| {
        callee
            .strip_suffix(end)
            .filter(|stem| counts(stem))
            .map(str::to_owned)
    };
    if language == Language::Javascript
        && callee == "Reflect.get"
        && let [owner, key] = parts.as_slice()
        && let Some(name) = spelled(constant(all, key, language, DEPTH))
    {
        let owner = owner.to_vec();
        all.truncate(from - 1);
        all.extend(owner);
        let name = format!(".{name}");
        return all.push(Token::Name { name, start: 0 });
    }
    let found: Option<(Vec<Token>, Vec<Token>)> = match language {
        Language::Javascript if callee == "Reflect.apply" => parts
            .first()
            .map(|target| target.to_vec())
            .zip(listed(parts.get(2))),
        Language::Javascript => stem(".call")
            .map(|stem| (vec![name_token(all, from - 1, stem)], rest(1)))
            .or_else(|| {
                let stem = stem(".apply")?;
                Some((vec![name_token(all, from - 1, stem)], listed(parts.get(1))?))
            }),
        Language::Php if matches!(callee, "call_user_func_array" | "array_map" | "array_walk") => {
            let name = parts
                .first()
                .and_then(|part| spelled(constant(all, part, language, DEPTH)));
            name.filter(|name| counts(name))
                .map(|name| vec![name_token(all, from - 1, name)])
                .zip(listed(parts.get(1)))
        }
        _ => None,
    };
    let Some((target, given)) = found else {
        return;
    };
    all.truncate(from - 1);
    all.extend(target);
    all.push(Token::Sign('('));
    all.extend(given);
    all.push(Token::Sign(')'));
}

fn name_token(all: &[Token], at: usize, name: String) -> Token {
    let start = match all.get(at) {
        Some(Token::Name { start, .. }) => *start,
        _ => 0,
    };
    Token::Name { name, start }
}

/// `map(partial(shutil.rmtree, ignore_errors=True), folders)`: what is prepared with names alone is called as it is.
fn prepared(all: &mut Vec<Token>, open: usize) -> bool {
    let handed = open >= 2
        && all.get(open - 2) == Some(&Token::Sign('('))
        && name_at(all, open.checked_sub(3))
            .map(last_of)
            .is_some_and(|name| matches!(name, "map" | "imap" | "imap_unordered" | "starmap"));
    let given = all.get(open + 1..all.len() - 1).unwrap_or_default();
    let parts = parted(given);
    let [[Token::Name { name, .. }], rest @ ..] = parts.as_slice() else {
        return false;
    };
    let named = |part: &&[Token]| part.contains(&Token::Sign('='));
    if !handed || !rest.iter().all(named) {
        return false;
    }
    let name = name.clone();
    put(all, open - 1, name, Vec::new());
    true
}

/// `operator.attrgetter('rmtree')(shutil)`, `methodcaller('rmtree', x)(shutil)`, `partial(shutil.rmtree, x)()`.
fn handed_on(all: &mut Vec<Token>, middle: usize, open: usize) -> bool {
    let Some(first) = open_of(all, middle).filter(|first| *first > 0) else {
        return false;
    };
    let Some(maker) = name_at(all, Some(first - 1)).map(last_of) else {
        return false;
    };
    let given = all.get(first + 1..middle).unwrap_or_default();
    let later = all.get(open + 1..all.len() - 1).unwrap_or_default();
    let parts = parted(given);
    let text = || spelled(constant(all, parts.first()?, Language::Python, DEPTH));
    let owner = match later {
        [Token::Name { name, .. }] => Some(name.clone()),
        _ => None,
    };
    let rest = || {
        let given = parts.get(1..).unwrap_or_default();
        given.join(&Token::Sign(','))
    };
    let arguments = |given: Vec<Token>| {
        let mut behind = vec![Token::Sign('(')];
        behind.extend(given);
        behind.push(Token::Sign(')'));
        behind
    };
    let (name, behind) = match maker {
        "attrgetter" => match owner.zip(text()) {
            Some((owner, name)) => (format!("{owner}.{name}"), Vec::new()),
            None => return false,
        },
        "methodcaller" => match owner.zip(text()) {
            Some((owner, name)) => (format!("{owner}.{name}"), arguments(rest())),
            None => return false,
        },
        "partial" => {
            let Some([Token::Name { name, .. }]) = parts.first().copied() else {
                return false;
            };
            let name = name.clone();
            let mut given = rest();
            if !given.is_empty() && !later.is_empty() {
                given.push(Token::Sign(','));
            }
            given.extend(later.iter().cloned());
            (name, arguments(given))
        }
        _ => return false,
    };
    put(all, first - 1, name, behind);
    true
}

#[cfg(test)]
mod tests {
    use super::super::{Token, placed};
    use super::Language;

    fn names(language: Language, text: &str) -> Vec<String> {
        let tokens = placed(text, language).into_iter();
        let names = tokens.filter_map(|(token, _)| match token {
            Token::Name { name, .. } => Some(name),
            _ => None,
        });
        names.collect()
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one line for each form")]
    fn names_that_are_put_together_are_told_plainly() {
        for (language, text, expected) in [
            (
                Language::Python,
                "getattr(shutil, 'rm' + 'tree')('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "getattr(__import__('shu'+'til'), 'rmtree')('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "n = ''.join(['rm', 'tree']); getattr(shutil, n)('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "getattr(shutil, 'eertmr'[::-1])('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "getattr(shutil, '%stree' % 'rm')('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "vars(shutil)['rmtree']('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "shutil.__dict__['rmtree']('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "sys.modules['shutil'].rmtree('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "operator.attrgetter('rmtree')(shutil)('a')",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "operator.methodcaller('rmtree', 'a')(shutil)",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "functools.partial(shutil.rmtree, 'a')()",
                "shutil.rmtree",
            ),
            (
                Language::Python,
                "getattr(os, bytes([115,121,115,116,101,109]).decode())('x')",
                "os.system",
            ),
            (
                Language::Javascript,
                "global['re'+'quire']('fs')",
                "require",
            ),
            (Language::Javascript, "x['rm'+'Sync']('a')", "x.rmSync"),
            (
                Language::Javascript,
                "const f='rmSync'; fs[f]('a')",
                "fs.rmSync",
            ),
            (Language::Javascript, "(0,eval)('x')", "eval"),
            (
                Language::Javascript,
                "fs.rmSync.call(null, 'a')",
                "fs.rmSync",
            ),
            (
                Language::Javascript,
                "Reflect.apply(fs.rmSync, null, ['a'])",
                "fs.rmSync",
            ),
            (
                Language::Ruby,
                "FileUtils.send(:rm_rf, 'a')",
                "FileUtils.rm_rf",
            ),
            (Language::Ruby, "Kernel.send :system, 'a'", "system"),
            (
                Language::Ruby,
                "Object.const_get('FileUtils').rm_rf('a')",
                "FileUtils.rm_rf",
            ),
            (
                Language::Ruby,
                "FileUtils.method(:rm_rf).call('a')",
                "FileUtils.rm_rf",
            ),
            (Language::Php, "$f = \"sys\" . \"tem\"; $f('x');", "system"),
            (Language::Php, "(\"sys\".\"tem\")('x');", "system"),
            (Language::Php, "call_user_func('sys'.'tem', 'x');", "system"),
            (Language::Perl, "&{\"CORE::system\"}('x')", "system"),
            (Language::Perl, "my $f = \\&rmtree; $f->('x')", "rmtree"),
            (Language::Lua, "os['exe'..'cute']('x')", "os.execute"),
            (Language::Lua, "_G['os']['execute']('x')", "os.execute"),
        ] {
            let names = names(language, text);
            assert!(
                names.iter().any(|name| name == expected),
                "{text} {names:?}"
            );
        }
    }

    #[test]
    fn other_keys_and_calls_keep_their_names() {
        for (language, text, expected) in [
            (Language::Javascript, "handlers['close']('x')", "handlers"),
            (Language::Ruby, "list.send(:map, 1)", "list.send"),
            (Language::Python, "d['rmtree']('x')", "d"),
            (
                Language::Php,
                "array_map('strtoupper', ['a']);",
                "array_map",
            ),
        ] {
            let names = names(language, text);
            assert_eq!(names.first().map(String::as_str), Some(expected), "{text}");
        }
    }
}
