//! How deep a text of Python may be nested: a look at its tokens before it is parsed.
//! What is beyond is not read: whatever goes through its tree would need a stack without end.

use ruff_python_ast::Stmt;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer, parse_module};

/// Bytes of one script or module.
const MAX_TEXT: usize = 64 << 10;
/// Brackets inside brackets, texts with values inside texts with values.
const MAX_BRACKETS: usize = 40;
/// Blocks inside blocks.
const MAX_BLOCKS: usize = 40;
/// Signs of one statement of which each may hold all that stands before or behind it: operators, calls, parts, `not`, `lambda`, `if`.
const MAX_SIGNS: usize = 1_500;

/// Returns the statements of a text; nothing where it is too deep, or no Python.
pub(super) fn parsed(text: &str) -> Option<Vec<Stmt>> {
    if text.len() > MAX_TEXT || !is_shallow(text) {
        return None;
    }
    let parsed = parse_module(text).ok()?;
    Some(parsed.into_suite().into_iter().collect())
}

/// Tells whether nothing of a text stands too deep in something else.
fn is_shallow(text: &str) -> bool {
    let mut lexer = lexer::lex(text, Mode::Module);
    let (mut brackets, mut blocks, mut signs) = (0_usize, 0_usize, 0_usize);
    // Every token but the last few takes a byte at least.
    for _ in 0..text.len() * 2 + 100 {
        match lexer.next_token() {
            TokenKind::EndOfFile => return true,
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                brackets += 1;
                signs += 1;
            }
            TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd => {
                brackets = brackets.saturating_sub(1);
            }
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Newline => signs = 0,
            TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::String
            | TokenKind::Comma
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline => {}
            _ => signs += 1,
        }
        if brackets > MAX_BRACKETS || blocks > MAX_BLOCKS || signs > MAX_SIGNS {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_is_not_read() {
        assert!(parsed("a = [1, 2]\nif a:\n    print(f'{a[0]}')\n").is_some());
        for text in [
            "(".repeat(30_000),
            format!("x = {}1{}", "(".repeat(9_000), ")".repeat(9_000)),
            format!("x = {}1", "-".repeat(30_000)),
            format!("x = {}1", "not ".repeat(9_000)),
            format!("x = {}1", "lambda: ".repeat(6_000)),
            format!("x = {}1", "1 if 1 else ".repeat(4_000)),
            format!("x = {}1", "1 ** ".repeat(9_000)),
            format!("x = a{}", ".b()".repeat(9_000)),
            format!("x = a{}", "[0]".repeat(9_000)),
            format!("x = {}1{}", "f'{".repeat(900), "}'".repeat(900)),
            (0..200)
                .map(|at| format!("{}if 1:\n", " ".repeat(at)))
                .collect::<String>()
                + &" ".repeat(200)
                + "pass\n",
            "x = 1\n".repeat(20_000),
            "def f(:\n".to_owned(),
        ] {
            assert!(
                parsed(&text).is_none(),
                "{}",
                text.chars().take(40).collect::<String>()
            );
        }
    }
}
