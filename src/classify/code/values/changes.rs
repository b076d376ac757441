//! Changes of what a name stands for that go by another name: an alias, a parameter, `vars(x)`; and names that are bound anew without an assignment.
//! It tells only that something may be changed, never to what.

use super::super::index::{Given, Index};
use super::super::tokens::{Language, Token};
use super::sure::{CHANGES, is_given};

/// Functions that hand a name to functions, and aliases of aliases.
const MAX_DEPTH: usize = 3;
/// Aliases of one name.
const MAX_ALIASES: usize = 20;

/// Tells whether a code may change what a name stands for in another way than by naming it before a sign.
pub(super) fn escapes(index: &Index, name: &str, given: Option<usize>) -> bool {
    let inner = format!("{name}.__dict__");
    (0..index.main_end()).any(|at| match index.name(at) {
        Some("exec") => index.language == Language::Python && index.is_sign(at + 1, '('),
        Some(found) if found == name => {
            Some(at) != given && is_bound(index, at) || is_handed_on(index, at, 0)
        }
        Some(found) => found.starts_with(&inner),
        None => false,
    }) || has_alias(index, name, 0)
}

/// `import x as yes`, `class yes`, `case yes:`, `catch (yes)`, `yes => …`: the name is given something here.
fn is_bound(index: &Index, at: usize) -> bool {
    let back = |by: usize| at.checked_sub(by).and_then(|at| index.name(at));
    let python = index.language == Language::Python;
    let word = match back(1) {
        Some("as" | "class" | "def" | "function") => true,
        Some("case") => python,
        _ => false,
    };
    // `from settings import a, yes`.
    let imported = || {
        let outer = std::iter::successors(Some(at), |at| index.around(*at)).last();
        let ends = |at: &usize| matches!(index.token(*at), Some(Token::Line | Token::Sign(';')));
        let mut line = (0..outer.unwrap_or(at)).rev().take_while(|at| !ends(at));
        python && line.any(|at| index.name(at) == Some("import"))
    };
    let caught = back(2) == Some("catch") && at > 0 && index.is_sign(at - 1, '(');
    let arrow = |at: usize| index.is_sign(at, '=') && index.is_sign(at + 1, '>');
    let listed = || {
        let open = index.around(at).filter(|open| index.is_sign(*open, '('));
        open.is_some_and(|open| arrow(index.after(open)))
    };
    word || caught || imported() || !python && (arrow(at + 1) || listed())
}

/// Tells whether a name is handed to something that changes what it is given.
fn is_handed_on(index: &Index, at: usize, depth: usize) -> bool {
    const SETS: [&str; 9] = [
        "setattr",
        "delattr",
        "Object.assign",
        "Object.defineProperty",
        "Reflect.set",
        "heapq.heappush",
        "heappush",
        "random.shuffle",
        "shuffle",
    ];
    let Some(open) = index.around(at).filter(|open| index.is_sign(*open, '(')) else {
        return false;
    };
    let Some(callee) = open.checked_sub(1).and_then(|at| index.name(at)) else {
        return false;
    };
    let behind = index.after(open);
    if callee == "vars" {
        return index.is_sign(behind, '[') || index.name(behind).is_some();
    }
    let ends = matches!(index.sign(at + 1), Some(',' | ')'));
    if SETS.contains(&callee) {
        return at == open + 1;
    }
    let Some(function) = index
        .function_named(callee)
        .filter(|_| ends && depth < MAX_DEPTH)
    else {
        return false;
    };
    let before = (open + 1..at)
        .filter(|place| index.is_sign(*place, ',') && index.around(*place) == Some(open));
    let Some(param) = function.params.get(before.count()) else {
        return false;
    };
    let Some(body) = function.body else {
        return false;
    };
    (body.from..body.to).any(|at| is_mutated(index, at, &param.name, depth + 1))
}

/// `x.append(1)`, `x.yes = True`, `x[0] = 1`, or the same by way of another function.
fn is_mutated(index: &Index, at: usize, name: &str, depth: usize) -> bool {
    let Some(found) = index.name(at) else {
        return false;
    };
    if let Some(rest) = found
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('.'))
    {
        let last = rest.rsplit('.').next().unwrap_or(rest);
        let call = index.is_sign(at + 1, '(');
        return call && CHANGES.contains(&last)
            || rest.starts_with("__dict__")
            || is_given(index, at + 1);
    }
    let mut behind = at + 1;
    while index.is_sign(behind, '[') {
        behind = index.after(behind);
    }
    found == name && (behind > at + 1 && is_given(index, behind) || is_handed_on(index, at, depth))
}

/// Tells whether another name stands for the same thing, and changes it.
fn has_alias(index: &Index, name: &str, depth: usize) -> bool {
    let same = |given: Given| match given {
        Given::Is(part, None) => part.to == part.from + 1 && index.name(part.from) == Some(name),
        _ => false,
    };
    let others = index.names().filter(|(other, bindings)| {
        *other != name && bindings.iter().any(|binding| same(binding.given))
    });
    others.take(MAX_ALIASES).any(|(other, _)| {
        (0..index.main_end()).any(|at| is_mutated(index, at, other, depth + 1))
            || depth < MAX_DEPTH && has_alias(index, other, depth + 1)
    })
}

/// Tells whether a list of the call's own words is changed under another name: `a = sys.argv; a[1] = 'x'`.
pub(super) fn words_escape(index: &Index, list: &str) -> bool {
    let handed =
        (0..index.main_end()).any(|at| index.name(at) == Some(list) && is_handed_on(index, at, 0));
    let taken_apart = || {
        let (owner, last) = list.rsplit_once('.').unwrap_or_default();
        let of = index
            .bindings(last)
            .iter()
            .any(|binding| match binding.given {
                Given::Is(part, _) => index.name(part.from) == Some(owner),
                _ => false,
            });
        let imported = index.bindings(last).is_empty();
        (of || imported) && (0..index.main_end()).any(|at| is_mutated(index, at, last, 1))
    };
    handed || has_alias(index, list, 0) || taken_apart()
}
