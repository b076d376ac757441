//! Values that a class of Python gives its attributes: `folder = "data"` is also `self.folder`, `cls.folder` and `Store.folder`.
//! An attribute that anything else may set has none of them.

use std::collections::HashMap;

use super::super::tokens::{Language, Token};
use super::{Binding, Index};

/// Ways to an attribute that do not name it.
const INDIRECT: [&str; 5] = [
    "__dict__",
    "__setattr__",
    "__getattr__",
    "__getattribute__",
    "__slots__",
];
/// Attributes of all classes of a code.
const MAX_ATTRIBUTES: usize = 200;

impl Index {
    pub(super) fn attributes(&mut self) {
        if self.language != Language::Python {
            return;
        }
        let sets = |token: &Token| {
            let Token::Name { name, .. } = token else {
                return false;
            };
            let last = name.rsplit('.').next().unwrap_or(name);
            last == "setattr"
                || last == "vars"
                || last.starts_with("__") && INDIRECT.contains(&last)
        };
        if self.tokens.iter().any(sets) {
            return;
        }
        let mut all: Vec<(String, Binding)> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for at in 0..self.main_end() {
            let Some((class, level, end)) = self.class(at) else {
                continue;
            };
            for inside in at..end {
                let Some(name) = self.attribute(inside, level) else {
                    continue;
                };
                let found = self.bindings(name).iter().find(|one| one.at == inside);
                let Some(binding) = found.filter(|_| !self.is_set_elsewhere(name)) else {
                    continue;
                };
                *seen.entry(name.to_owned()).or_default() += 1;
                for owner in ["self", "cls", class] {
                    all.push((format!("{owner}.{name}"), *binding));
                }
                if all.len() > MAX_ATTRIBUTES * 3 {
                    return;
                }
            }
        }
        // Of two classes with the same one, either may be the one that a method is called on.
        let single = |name: &str| {
            let attribute = name.rsplit('.').next().unwrap_or(name);
            seen.get(attribute) == Some(&1)
        };
        all.retain(|(name, _)| single(name));
        for (name, binding) in all {
            self.names.entry(name).or_default().push(binding);
        }
    }

    /// Returns the class that is defined here: its name, the blanks before its lines, and its end.
    fn class(&self, at: usize) -> Option<(&str, u16, usize)> {
        if self.name(at) != Some("class") || !self.begins_line(at) {
            return None;
        }
        let class = self.name(at + 1)?;
        let indent = |at: usize| self.indents.get(at).copied().unwrap_or_default();
        let colon = (at..self.main_end())
            .take_while(|at| self.token(*at) != Some(&Token::Line))
            .filter(|at| self.is_sign(*at, ':') && self.around(*at).is_none())
            .last()?;
        let first =
            (colon + 1..self.main_end()).find(|at| self.token(*at) != Some(&Token::Line))?;
        if indent(first) <= indent(at) {
            return None;
        }
        let outside = |one: &usize| {
            self.begins_line(*one)
                && self.around(*one).is_none()
                && self.token(*one) != Some(&Token::Line)
                && indent(*one) <= indent(at)
        };
        let end = (first..self.main_end()).find(outside);
        Some((class, indent(first), end.unwrap_or(self.main_end())))
    }

    /// Returns the name that is given a value here, on a line of the class itself.
    fn attribute(&self, at: usize, level: u16) -> Option<&str> {
        let name = self.name(at)?;
        let plain = self.nest(at) == level
            && !name.contains('.')
            && self.begins_line(at)
            && self.around(at).is_none()
            && self.is_sign(at + 1, '=')
            && !self.is_sign(at + 2, '=');
        plain.then_some(name)
    }

    fn begins_line(&self, at: usize) -> bool {
        at.checked_sub(1)
            .is_none_or(|before| self.token(before) == Some(&Token::Line))
    }

    /// Tells whether anything gives an attribute of this name another value: `self.x = …`, `Store(x=…)`, `for a.x in …`, `def x(…)`.
    fn is_set_elsewhere(&self, name: &str) -> bool {
        (0..self.tokens.len()).any(|at| {
            let Some(found) = self.name(at) else {
                return false;
            };
            let gives = self.is_sign(at + 1, '=') && !self.is_sign(at + 2, '=');
            if found == name {
                let before = at.checked_sub(1).and_then(|at| self.name(at));
                return before == Some("def") || gives && self.around(at).is_some();
            }
            let member = found
                .strip_suffix(name)
                .is_some_and(|owner| owner.ends_with('.'));
            member && (gives || self.is_target(at))
        })
    }

    /// Tells whether a place may be given something although no sign stands behind it: the first of several, what a loop runs over.
    fn is_target(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return true;
        };
        match self.token(before) {
            Some(Token::Line) | None => true,
            Some(Token::Name { name, .. }) => matches!(name.as_str(), "for" | "as" | "del"),
            Some(Token::Sign(',')) => self.around(at).is_none(),
            Some(Token::Sign('(' | '[' | '*')) => self.begins_line(before),
            _ => false,
        }
    }
}
