//! Branches of languages with braces that the command line decides: `if`, `else`, `switch`, and what stands behind an early end.
//! It decides nothing that `truth` does not.

use super::super::index::{Binding, Given, Part};
use super::super::tokens::{Language, Token};
use super::Reader;
use super::sure::Sure;

/// Statements with a condition that are looked at.
const MAX_STATEMENTS: usize = 200;
/// Statements that have others in them.
const HEADS: [&str; 8] = ["if", "for", "while", "do", "try", "switch", "with", "else"];

impl Reader<'_> {
    /// Returns the parts of a code with braces that do not run.
    pub(super) fn skipped(&self) -> Vec<Part> {
        let index = self.index;
        let mut all = Vec::new();
        let mut statements = 0;
        for at in 0..index.main_end() {
            let Some(word) = index.name(at) else { continue };
            match word {
                "if" | "switch" => {
                    statements += 1;
                    if statements > MAX_STATEMENTS {
                        return all;
                    }
                    if word == "switch" {
                        all.extend(self.other_cases(at));
                    } else {
                        self.branches(at, &mut all);
                    }
                }
                _ if HEADS.contains(&word) => {}
                _ if self.starts(at) || self.is_under(at) => all.extend(self.unchosen(at)),
                _ => {}
            }
        }
        all
    }

    /// Tells whether a statement begins here, for certain.
    fn starts(&self, at: usize) -> bool {
        let Some(before) = self.before(at) else {
            return true;
        };
        match self.index.token(before) {
            Some(Token::Sign(';' | '}' | '{')) => true,
            // Behind the end of a line; not the body of a loop or a condition.
            Some(Token::Sign(')')) => {
                let head = self.index.pair(before).and_then(|open| open.checked_sub(1));
                let head = head.and_then(|at| self.index.name(at));
                before + 1 < at && !head.is_some_and(|word| HEADS.contains(&word))
            }
            Some(Token::Name { name, .. }) => before + 1 < at && !HEADS.contains(&name.as_str()),
            Some(Token::Text { .. }) => before + 1 < at,
            _ => false,
        }
    }

    /// Tells whether the statement of a head without braces begins here: `for (…) x`, `else x`.
    fn is_under(&self, at: usize) -> bool {
        let Some(before) = self.before(at) else {
            return false;
        };
        let open = self.index.pair(before).filter(|open| *open < before);
        let head = match open {
            Some(open) => open
                .checked_sub(1)
                .filter(|_| self.index.is_sign(before, ')')),
            None => Some(before),
        };
        let word = head.and_then(|at| self.index.name(at));
        word.is_some_and(|word| HEADS.contains(&word))
    }

    /// `if (none) dirs = …;`, `if none: dirs = …`, `$dir = … if $none;`: a name is given something only where a condition holds.
    pub(super) fn is_conditional(&self, binding: &Binding) -> bool {
        const WORDS: [&str; 9] = [
            "if", "elif", "else", "unless", "for", "while", "until", "except", "rescue",
        ];
        const MAX_HEAD: usize = 60;
        let Given::Is(part, _) = binding.given else {
            return false;
        };
        let index = self.index;
        let word = |at: usize| index.name(at).is_some_and(|name| WORDS.contains(&name));
        let postfix = matches!(index.language, Language::Ruby | Language::Perl) && word(part.to);
        let mut before = (binding.at.saturating_sub(MAX_HEAD)..binding.at).rev();
        let ends = |at: &usize| {
            matches!(
                index.token(*at),
                None | Some(Token::Line | Token::Sign(';' | '{' | '}'))
            )
        };
        let headed = before.by_ref().take_while(|at| !ends(at)).any(word);
        postfix || headed || index.language == Language::Javascript && self.is_under(binding.at)
    }

    /// Returns the token before one, ends of lines passed over.
    fn before(&self, at: usize) -> Option<usize> {
        (0..at)
            .rev()
            .find(|at| self.index.token(*at) != Some(&Token::Line))
    }

    fn behind_lines(&self, at: usize) -> usize {
        let mut at = at;
        while self.index.token(at) == Some(&Token::Line) {
            at += 1;
        }
        at
    }

    /// `if (c) … else …`.
    fn branches(&self, at: usize, all: &mut Vec<Part>) {
        let index = self.index;
        if !index.is_sign(at + 1, '(') {
            return;
        }
        let Some(condition) = index.inside(at + 1) else {
            return;
        };
        let Some(truth) = self.truth(condition, 0) else {
            return;
        };
        let Some(body) = self.statement(index.after(at + 1)) else {
            return;
        };
        let mut next = self.behind_lines(body.to);
        if index.is_sign(next, ';') {
            next = self.behind_lines(next + 1);
        }
        let other = (index.name(next) == Some("else"))
            .then(|| self.statement(next + 1))
            .flatten();
        if !truth {
            all.push(body);
            if let Some(other) = other.filter(|other| self.leaves_block(*other)) {
                all.extend(self.rest(other.to, at));
            }
            return;
        }
        all.extend(other);
        if self.leaves_block(body) {
            let from = other.map_or(body.to, |other| other.to);
            all.extend(self.rest(from, at));
        }
    }

    /// The statement that begins here, where its end is known.
    fn statement(&self, from: usize) -> Option<Part> {
        let index = self.index;
        let from = self.behind_lines(from);
        if index.is_sign(from, '{') {
            return index.pair(from).map(|_| Part::new(from, index.after(from)));
        }
        match index.name(from) {
            Some("if") => self.whole_if(from),
            Some("for" | "while") if index.is_sign(from + 1, '(') => {
                let body = self.statement(index.after(from + 1))?;
                Some(Part::new(from, body.to))
            }
            Some(word) if HEADS.contains(&word) => None,
            _ => {
                let mut end = from;
                while end < index.main_end() {
                    let part = index.expression(end);
                    if !index.is_sign(part.to, ',') {
                        return (part.to > from).then(|| Part::new(from, part.to));
                    }
                    end = part.to + 1;
                }
                None
            }
        }
    }

    fn whole_if(&self, from: usize) -> Option<Part> {
        let index = self.index;
        if !index.is_sign(from + 1, '(') {
            return None;
        }
        let body = self.statement(index.after(from + 1))?;
        let mut next = self.behind_lines(body.to);
        if index.is_sign(next, ';') {
            next = self.behind_lines(next + 1);
        }
        if index.name(next) != Some("else") {
            return Some(Part::new(from, body.to));
        }
        let other = self.statement(next + 1)?;
        Some(Part::new(from, other.to))
    }

    /// Tells whether a body leaves what is around it.
    fn leaves_block(&self, body: Part) -> bool {
        let index = self.index;
        let ends = |at: usize| {
            let name = index.name(at).unwrap_or_default();
            // `process.exit = () => {}`.
            let own = name.contains('.')
                && (index.function_named(name).is_some() || !index.bindings(name).is_empty());
            !own && matches!(
                name,
                "return" | "throw" | "continue" | "break" | "process.exit" | "Deno.exit"
            )
        };
        if !index.is_sign(body.from, '{') {
            return ends(body.from);
        }
        let Some(inside) = index.inside(body.from) else {
            return false;
        };
        (inside.from..inside.to)
            .any(|at| ends(at) && index.around(at) == Some(body.from) && self.starts(at))
    }

    /// What stands behind an early end in its block, unless something of it was called before.
    fn rest(&self, from: usize, at: usize) -> Option<Part> {
        let index = self.index;
        let end = match index.around(at) {
            Some(open) => index.pair(open)?,
            None => index.main_end(),
        };
        // Another case is entered by itself.
        let own = |place: &usize| index.around(*place) == index.around(at);
        let case = |place: &usize| matches!(index.name(*place), Some("case" | "default"));
        let end = (from..end).filter(own).find(case).unwrap_or(end);
        let hoisted = (from..end).any(|place| {
            let is = index.name(place) == Some("function");
            let calls = index.name(place + 1).map(|name| index.calls(name));
            is && calls.is_some_and(|calls| calls.iter().any(|call| *call < at))
        });
        (!hoisted && from < end).then(|| Part::new(from, end))
    }

    /// The cases of a `switch` that are not reached.
    fn other_cases(&self, at: usize) -> Vec<Part> {
        let index = self.index;
        let all = || {
            let value = match self.sure(index.inside(at + 1)?, 0)? {
                Sure::Text(text) => Some(text),
                Sure::Nothing => None,
                _ => return None,
            };
            let open = index.after(at + 1);
            let inside = index.inside(open).filter(|_| index.is_sign(open, '{'))?;
            let own = |at: &usize| index.around(*at) == Some(open);
            let labels: Vec<usize> = (inside.from..inside.to)
                .filter(own)
                .filter(|at| matches!(index.name(*at), Some("case" | "default")))
                .collect();
            let mut chosen = None;
            for label in &labels {
                if index.name(*label) == Some("default") {
                    continue;
                }
                let Token::Text { text, holes, .. } = index.token(label + 1)? else {
                    return None;
                };
                if !index.is_sign(label + 2, ':') || !holes.is_empty() {
                    return None;
                }
                if value.as_ref() == Some(text) {
                    chosen = chosen.or(Some(*label));
                }
            }
            let default = || labels.iter().find(|at| index.name(**at) == Some("default"));
            let Some(from) = chosen.or_else(|| default().copied()) else {
                return Some(vec![inside]);
            };
            let ends = |at: &usize| {
                matches!(
                    index.name(*at),
                    Some("break" | "return" | "throw" | "process.exit")
                ) && self.starts(*at)
            };
            let to = (from..inside.to).filter(own).find(ends);
            let last = to.map(|to| Part::new(index.expression(to).to, inside.to));
            let mut parts = vec![Part::new(inside.from, from)];
            parts.extend(last);
            Some(parts)
        };
        all().unwrap_or_default()
    }
}
