//! Operators by which a language puts texts together.

use super::super::tokens::Language;
use super::Reader;

impl Reader<'_> {
    /// Counts the signs of an operator of this language that puts texts together, other than `+`.
    pub(super) fn signs(&self, at: usize, sign: char) -> usize {
        let next = |sign| self.index.is_sign(at + 1, sign);
        match (self.index.language, sign) {
            (Language::Php | Language::Perl, '.') => 1,
            (Language::Lua, '.') if next('.') => 2,
            // AppleScript is read as Lua, Elixir as Ruby.
            (Language::Lua, '&') | (Language::Julia, '*') => 1,
            (Language::Ruby, '<') if next('>') => 2,
            _ => 0,
        }
    }
}
