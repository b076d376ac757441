//! Whether one place of a code is reached only behind another: a folder that is made, a function that is replaced.
//! It goes by blocks and statements alone; where it cannot tell, the answer is no.

use super::Index;
use crate::classify::code::tokens::{Language, Token};

/// Words with which a statement, or a part of one, runs only sometimes.
const SOMETIMES: [&str; 17] = [
    "if", "elif", "else", "unless", "or", "and", "lambda", "for", "while", "until", "switch",
    "case", "catch", "rescue", "except", "try", "do",
];
/// Tokens of one statement that are looked at.
const MAX_STATEMENT: usize = 400;

impl Index {
    /// Tells whether this place is reached only where the first one ran, without an exception, before it.
    pub fn comes_behind(&self, first: usize, at: usize) -> bool {
        first < at && at < self.main_end() && self.is_plain(first) && {
            match self.goes_by_indent() {
                true => self.stays_in_lines(first, at),
                false => self.stays_in_braces(first, at),
            }
        }
    }

    const fn goes_by_indent(&self) -> bool {
        matches!(
            self.language,
            Language::Python | Language::Ruby | Language::Lua | Language::Julia
        )
    }

    /// Tells whether a part of a statement runs whenever the statement's block does.
    pub fn is_plain(&self, at: usize) -> bool {
        let Some(start) = self.statement_start(at) else {
            return false;
        };
        let sometimes = |at: usize| self.name(at).is_some_and(|name| SOMETIMES.contains(&name));
        let pairs = |at: usize, sign: char| self.is_sign(at, sign) && self.is_sign(at + 1, sign);
        let chosen = |at: usize| {
            let colon = self.goes_by_indent() && self.is_sign(at, ':') && self.around(at).is_none();
            let arrow = self.is_sign(at, '=') && self.is_sign(at + 1, '>');
            colon || arrow || self.is_sign(at, '?') || pairs(at, '&') || pairs(at, '|')
        };
        // `x = lambda: …` gives something to the name at once.
        let waits = |at: usize| self.name(at) == Some("lambda");
        let behind = (at..self.main_end())
            .take(MAX_STATEMENT)
            .take_while(|place| !self.ends_statement(*place, at))
            .any(|place| {
                sometimes(place) && !waits(place) && self.around(place) == self.around(at)
            });
        !behind && !(start..at).any(|place| sometimes(place) || chosen(place))
    }

    fn ends_statement(&self, place: usize, of: usize) -> bool {
        let own = self.around(place) == self.around(of);
        match self.token(place) {
            Some(Token::Line) => own,
            Some(Token::Sign(';' | '}')) => own || self.is_sign(place, '}'),
            None => true,
            _ => false,
        }
    }

    /// Returns the first token of a statement, brackets around it taken along; nothing where it is too long.
    fn statement_start(&self, at: usize) -> Option<usize> {
        let mut inner = at;
        for place in (at.saturating_sub(MAX_STATEMENT)..at).rev() {
            // Out of the brackets of a call.
            if Some(place) == self.around(inner) {
                if self.is_sign(place, '{') {
                    return Some(place + 1);
                }
                inner = place;
                continue;
            }
            let own = self.around(place) == self.around(inner);
            let ends = match self.token(place) {
                Some(Token::Line) => {
                    own && self
                        .around(inner)
                        .is_none_or(|open| self.is_sign(open, '{'))
                }
                Some(Token::Sign(';')) => own,
                Some(Token::Sign('}')) => self
                    .pair(place)
                    .is_some_and(|open| self.around(open) == self.around(inner)),
                _ => false,
            };
            if ends {
                // `if (x)` may stand on the line above.
                let above = self.goes_by_indent() || !self.is_sign(place.wrapping_sub(1), ')');
                return (above || self.token(place) != Some(&Token::Line)).then_some(place + 1);
            }
        }
        (at < MAX_STATEMENT).then_some(0)
    }

    fn stays_in_lines(&self, first: usize, at: usize) -> bool {
        let indent = |at: usize| self.indents.get(at).copied().unwrap_or_default();
        let begins = |at: &usize| {
            let fresh = at
                .checked_sub(1)
                .is_none_or(|before| self.token(before) == Some(&Token::Line));
            fresh && self.around(*at).is_none() && self.token(*at) != Some(&Token::Line)
        };
        let start = (0..=first).rev().find(begins).unwrap_or_default();
        let own = indent(start);
        (first..=at).filter(begins).all(|line| indent(line) >= own)
    }

    fn stays_in_braces(&self, first: usize, at: usize) -> bool {
        let mut block = self.around(first);
        while let Some(open) = block.filter(|open| !self.is_sign(*open, '{')) {
            block = self.around(open);
        }
        let inside = match block {
            Some(open) => self.pair(open).is_some_and(|close| at < close),
            None => true,
        };
        let other = (first..at).any(|place| {
            let label = matches!(self.name(place), Some("case" | "default"));
            label && self.around(place) == block
        });
        inside && !other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(text: &str, language: Language) -> bool {
        let index = Index::new(text, language);
        let place = |wanted: &str| {
            let mut all = (0..index.main_end()).filter(|at| index.name(*at) == Some(wanted));
            all.next().unwrap_or_default()
        };
        index.comes_behind(place("a.make"), place("a.take"))
    }

    #[test]
    fn what_stands_below_in_the_same_block_comes_behind() {
        for text in [
            "a.make()\na.take()",
            "a.make(); a.take()",
            "a.make()\ntry:\n    a.take()\nfinally:\n    b()",
            "def f():\n    x = a.make(1)\n    for b in c:\n        a.take()",
            "with d:\n    a.make()\n    a.take()",
            "a.make()\ntry:\n    b()\nfinally:\n    a.take()",
        ] {
            assert!(behind(text, Language::Python), "{text}");
        }
        for text in [
            "a.make(); a.take()",
            "const x = a.make()\na.take()",
            "function f() { a.make(); if (x) { a.take() } }",
            "a.make();\ntry { a.take() } catch (e) {}",
        ] {
            assert!(behind(text, Language::Javascript), "{text}");
        }
        assert!(behind("a.make\na.take\n", Language::Ruby));
    }

    #[test]
    fn what_runs_only_sometimes_is_no_ground() {
        for text in [
            "if x: a.make()\na.take()",
            "if x:\n    a.make()\na.take()",
            "if x:\n    a.make()\nelse:\n    a.take()",
            "try:\n    a.make()\nexcept E:\n    pass\na.take()",
            "try: a.make()\nexcept E: pass\na.take()",
            "with suppress(E): a.make()\na.take()",
            "with suppress(E):\n    a.make()\na.take()",
            "a.make() if x else None\na.take()",
            "x and a.make()\na.take()",
            "f = lambda: a.make()\na.take()",
            "def f():\n    a.make()\na.take()",
            "a.take()\na.make()",
        ] {
            assert!(!behind(text, Language::Python), "{text}");
        }
        for text in [
            "if (x) a.make(); a.take()",
            "if (x)\n  a.make();\na.take()",
            "if (x) { a.make() }\na.take()",
            "try { a.make() } catch {}\na.take()",
            "x && a.make(); a.take()",
            "x ? a.make() : 0; a.take()",
            "const f = () => a.make(); a.take()",
            "function f() { a.make() }\na.take()",
        ] {
            assert!(!behind(text, Language::Javascript), "{text}");
        }
        for text in ["a.make unless x\na.take\n", "if x\n  a.make\nend\na.take\n"] {
            assert!(!behind(text, Language::Ruby), "{text}");
        }
    }
}
