//! Functions of a code that nothing in it calls: what stands in them does not run when the code itself is run.
//! A code that finds functions by their names, or that others may import, is none of these.

use super::super::index::Part;
use super::super::tokens::Language;
use super::Reader;

/// Rounds in which functions become uncalled since their callers are.
const ROUNDS: usize = 4;
/// Functions that are looked at.
const MAX_FUNCTIONS: usize = 200;

/// Words by which a code, or who runs it, reaches functions in another way than by a call.
const REACHES: &[&str] = &[
    "globals(",
    "locals(",
    "vars(",
    "getattr",
    "eval",
    "exec",
    "inspect",
    "__dict__",
    "sys.modules",
    "import_module",
    "Fire",
    "pytest",
    "unittest",
    "nose",
    "typer",
    "click",
    "export",
    "module",
    "window",
    "globalThis",
    "this[",
    "addEventListener",
    "describe(",
    "send",
    "method",
    "Thor",
    "Rake",
    "task",
    "class ",
    "call_user_func",
    "$$",
    "\\&",
    "&$",
    "can(",
    "AUTOLOAD",
    "${",
    "__sub__",
    "signal",
    "atexit",
    "Proc",
    "hook",
];

impl Reader<'_> {
    /// Returns the bodies of functions that nothing calls, in a code that is run itself.
    pub fn uncalled(&self, text: &str) -> Vec<Part> {
        let known = matches!(
            self.index.language,
            Language::Python
                | Language::Javascript
                | Language::Ruby
                | Language::Perl
                | Language::Php
        );
        let mut dead: Vec<Part> = Vec::new();
        if !known || REACHES.iter().any(|word| text.contains(word)) {
            return dead;
        }
        for _ in 0..ROUNDS {
            let before = dead.len();
            for number in 0..MAX_FUNCTIONS {
                let Some(function) = self.index.function(number) else {
                    break;
                };
                let Some(body) = function.body else { continue };
                let name = function.name.as_str();
                let own = name.len() > 1 && name.chars().all(|c| c.is_alphanumeric() || c == '_');
                if own
                    && !dead.contains(&body)
                    && self.mentions_of(name, &dead) == 1
                    && stands_free(text, name)
                {
                    dead.push(body);
                }
            }
            if dead.len() == before {
                break;
            }
        }
        dead
    }

    /// How often a name stands in the code, outside of what does not run; a string that holds it counts too.
    fn mentions_of(&self, name: &str, dead: &[Part]) -> usize {
        use super::super::tokens::Token;
        let runs = |at: &usize| !dead.iter().any(|part| (part.from..part.to).contains(at));
        let holds = |at: &usize| match self.index.token(*at) {
            Some(Token::Name { name: own, .. }) => {
                own == name || own.split('.').any(|part| part == name)
            }
            Some(Token::Text { text, .. }) => text.contains(name),
            _ => false,
        };
        (0..self.index.tokens.len())
            .filter(runs)
            .filter(holds)
            .count()
    }
}

/// Tells whether a function is defined by a line of its own at the left, without a decorator before it.
fn stands_free(text: &str, name: &str) -> bool {
    let mut before = "";
    for line in text.lines().flat_map(|line| line.split_inclusive(';')) {
        let head = line.trim_start();
        let defined = ["def ", "function ", "async function ", "sub ", "async def "]
            .iter()
            .any(|word| {
                head.strip_prefix(word).is_some_and(|rest| {
                    rest.strip_prefix(name).is_some_and(|rest| {
                        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    })
                })
            });
        if defined {
            return !before.trim_start().starts_with('@') && !line.starts_with([' ', '\t']);
        }
        if !head.is_empty() {
            before = line;
        }
    }
    false
}
