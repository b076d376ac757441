//! Reads the names of objects: quoted, dotted, with holes.
//! It does not resolve them; the server does.

use sqlparser::tokenizer::Token;

use crate::model::effect::Dialect;

use super::lex::{HOLE_LETTER, Lexeme};

/// A name as it stands in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Quotes undone, parts joined by `.`.
    pub written: String,
    /// The same as the server would look it up (PostgreSQL folds bare names to lower case).
    pub lookup: String,
    pub hole: bool,
}

impl Name {
    /// T-SQL's `#name`, `##name` and `@name`: tables that end with the session or the batch.
    pub fn is_of_session(&self) -> bool {
        let last = self.lookup.rsplit('.').next().unwrap_or_default();
        last.starts_with(['#', '@']) && last.len() > 1
    }
}

/// Most parts a dotted name can have; more is no name.
const MAX_PARTS: usize = 6;

/// Reads a name that starts at `at`; returns it with the index behind it.
pub(super) fn read(lexemes: &[Lexeme], at: usize, dialect: Dialect) -> Option<(Name, usize)> {
    let mut name = part(lexemes.get(at)?, dialect)?;
    let mut next = at + 1;
    for _ in 0..MAX_PARTS {
        let mut dots = 0;
        while is(lexemes, next + dots, &Token::Period) {
            dots += 1;
        }
        let Some(more) = lexemes
            .get(next + dots)
            .filter(|_| dots > 0)
            .and_then(|lexeme| part(lexeme, dialect))
        else {
            break;
        };
        name.written.push('.');
        name.written.push_str(&more.written);
        name.lookup.push('.');
        name.lookup.push_str(&more.lookup);
        name.hole |= more.hole;
        next += dots + 1;
    }
    Some((name, next))
}

fn is(lexemes: &[Lexeme], at: usize, token: &Token) -> bool {
    lexemes
        .get(at)
        .is_some_and(|lexeme| lexeme.token.token == *token)
}

fn part(lexeme: &Lexeme, dialect: Dialect) -> Option<Name> {
    let (written, bare) = match &lexeme.token.token {
        Token::Word(word) => match word.quote_style {
            Some(quote) => (undouble(&word.value, quote), false),
            None => (word.value.clone(), true),
        },
        Token::SingleQuotedString(text) => (undouble(text, '\''), false),
        Token::DoubleQuotedString(text) => (undouble(text, '"'), false),
        Token::Placeholder(text) => (format!("{HOLE_LETTER}{text}"), false),
        Token::Question => (HOLE_LETTER.to_string(), false),
        _ => return None,
    };
    let hole = written.contains(HOLE_LETTER);
    let folds = bare
        && matches!(
            dialect,
            Dialect::Postgres | Dialect::Redshift | Dialect::Unknown
        );
    let lookup = if folds {
        written.to_lowercase()
    } else {
        written.clone()
    };
    Some(Name {
        written,
        lookup,
        hole,
    })
}

fn undouble(text: &str, quote: char) -> String {
    let close = if quote == '[' { ']' } else { quote };
    text.replace(&format!("{close}{close}"), &close.to_string())
}
