//! Finds variables whose text the same SQL gives, once and in plain sight: `SET @s = 'DROP …'`, `DECLARE @s text = N'…'`.
//! It follows no control flow; a variable that could have another value has none here.

use std::collections::HashSet;

use sqlparser::tokenizer::Token;

use super::lex::HOLE_LETTER;
use super::read::{Reader, Values};

/// Longest type between a name and its value in a DECLARE: `nvarchar ( 4000 )`.
const MAX_TYPE: usize = 8;
/// A value of more lexemes than this is not known.
const MAX_VALUE: usize = 200;

impl Reader<'_> {
    /// Notes the texts of `@variables` that are set once.
    pub fn settle(&mut self) {
        let mut unsure: HashSet<String> = HashSet::new();
        let mut values = Values::new();
        for index in 0..self.lexemes.len() {
            let Some(name) = self.variable(index) else {
                continue;
            };
            let Some(assignment) = self.assignment(index) else {
                continue;
            };
            let text = assignment.and_then(|value| self.literal(value));
            match text.filter(|_| !unsure.contains(&name) && !values.contains_key(&name)) {
                Some(text) => {
                    values.insert(name, text);
                }
                None => {
                    values.remove(&name);
                    unsure.insert(name);
                }
            }
        }
        self.values.extend(values);
    }

    fn variable(&self, index: usize) -> Option<String> {
        let name = self.at(index)?.bare()?;
        (name.starts_with('@') && !name.starts_with("@@")).then(|| name.to_lowercase())
    }

    /// Tells whether the variable at `index` gets a value here, and where that value begins if it is written there.
    fn assignment(&self, index: usize) -> Option<Option<usize>> {
        let before = index.checked_sub(1)?;
        let equals = |at: usize| self.token(at, &Token::Eq);
        if self.is(before, "SET")
            && (equals(index + 1) || self.token(index + 1, &Token::Assignment))
        {
            return Some(Some(index + 2));
        }
        if self.is(before, "DECLARE") {
            let value = (index + 1..index + MAX_TYPE).find(|at| equals(*at));
            let ended = (index + 1..index + MAX_TYPE)
                .find(|at| self.token(*at, &Token::SemiColon) || self.variable(*at).is_some());
            return value
                .filter(|value| ended.is_none_or(|end| end > *value))
                .map(|value| Some(value + 1));
        }
        let changes = self.token(index + 1, &Token::Assignment)
            || equals(index + 1)
            || equals(index + 2)
            || self.any(index + 1, &["OUTPUT", "OUT"])
            || self.any(before, &["INTO", "SET"])
            || self.token(before, &Token::Comma)
            || index
                .checked_sub(3)
                .is_some_and(|call| self.is(call, "CALL"));
        changes.then_some(None)
    }

    /// Returns the text that an expression gives when nothing in it is unknown.
    fn literal(&self, from: usize) -> Option<String> {
        let last = self.lexemes.len().min(from + MAX_VALUE);
        let end = self.find(from, last, |at| {
            self.token(at, &Token::SemiColon) || self.at(at).is_some_and(starts)
        });
        let end = end.or((last == self.lexemes.len()).then_some(last))?;
        let text = self.joined(from, end);
        (!text.is_empty() && !text.contains(HOLE_LETTER)).then_some(text)
    }
}

/// Tells whether a statement may start at a word: T-SQL needs no semicolon before it.
fn starts(lexeme: &super::lex::Lexeme) -> bool {
    [
        "EXEC", "EXECUTE", "SET", "DECLARE", "SELECT", "PREPARE", "IF", "BEGIN", "PRINT", "GO",
        "WHILE", "RETURN", "END",
    ]
    .iter()
    .any(|word| lexeme.is(word))
}
