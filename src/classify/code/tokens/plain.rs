//! Roundabout names said plainly: `getattr(os, "system")`, `import_module("shutil").rmtree`, `require('fs')['rmSync']`, `fs['rmSync']`.
//! It looks at the last few tokens only, as they come.

use super::{Language, Token};

/// Rewrites the end of the tokens when it is such a name.
pub(super) fn told(all: &mut Vec<Token>, language: Language) {
    match (language, all.last()) {
        (Language::Python, Some(Token::Sign(')'))) => python(all),
        (Language::Javascript, Some(Token::Sign(']'))) => script(all),
        (Language::Python, Some(Token::Name { name, .. })) if name.starts_with('.') => joined(all),
        _ => {}
    }
}

fn tail(all: &[Token], count: usize) -> Option<&[Token]> {
    all.get(all.len().checked_sub(count)?..)
}

fn python(all: &mut Vec<Token>) {
    let found = match tail(all, 6) {
        Some(
            [
                Token::Name { name: get, start },
                Token::Sign('('),
                Token::Name { name: owner, .. },
                Token::Sign(','),
                Token::Text { text, .. },
                Token::Sign(')'),
            ],
        ) if get == "getattr" && is_name(text) => Some((6, format!("{owner}.{text}"), *start)),
        _ => match tail(all, 4) {
            Some(
                [
                    Token::Name { name: get, start },
                    Token::Sign('('),
                    Token::Text { text, .. },
                    Token::Sign(')'),
                ],
            ) if matches!(
                get.as_str(),
                "importlib.import_module" | "import_module" | "__import__"
            ) && is_name(text) =>
            {
                Some((4, text.clone(), *start))
            }
            _ => None,
        },
    };
    if let Some((count, name, start)) = found {
        all.truncate(all.len() - count);
        all.push(Token::Name { name, start });
    }
}

/// A name that was told plainly, and the member behind it.
fn joined(all: &mut Vec<Token>) {
    let Some(
        [
            Token::Name { name: first, start },
            Token::Name { name: member, .. },
        ],
    ) = tail(all, 2)
    else {
        return;
    };
    let (name, start) = (format!("{first}{member}"), *start);
    all.truncate(all.len() - 2);
    all.push(Token::Name { name, start });
}

/// `x['name']` where `x` is a name or the end of a call.
fn script(all: &mut Vec<Token>) {
    let Some(
        [
            before,
            Token::Sign('['),
            Token::Text { text, start, .. },
            Token::Sign(']'),
        ],
    ) = tail(all, 4)
    else {
        return;
    };
    if !is_name(text) {
        return;
    }
    let (count, name, start) = match before {
        Token::Name { name, start }
            if matches!(
                name.as_str(),
                "fs" | "fse" | "cp" | "child_process" | "process" | "os" | "fsp"
            ) =>
        {
            (4, format!("{name}.{text}"), *start)
        }
        Token::Sign(')') => (3, format!(".{text}"), *start),
        _ => return,
    };
    all.truncate(all.len() - count);
    all.push(Token::Name { name, start });
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
