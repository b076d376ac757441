//! Branches of a script that its command line decides: flags of `argparse`, `len(sys.argv)`, `'--yes' in sys.argv`.
//! It decides nothing where a word of the call is not known, and follows no other control flow.

use super::super::calls::Standing;
use super::super::index::{Index, Part};
use super::super::tokens::{Language, Token};
use super::changes::words_escape;
use super::sure::{is_changed, top};
use super::{Reader, When};

/// Conditions inside conditions, and names for them.
const MAX_DEPTH: usize = 10;
/// Statements with a condition that are looked at.
const MAX_STATEMENTS: usize = 200;

impl Reader<'_> {
    /// Returns the parts of the code that do not run, for certain.
    pub fn dead(&self, text: &str) -> Vec<Part> {
        if !self.told {
            return Vec::new();
        }
        let mut all = match self.index.language {
            Language::Python => [self.untaken(text), self.idle(text)].concat(),
            Language::Javascript => self.skipped(),
            Language::Ruby => self.skipped_ruby(),
            _ => Vec::new(),
        };
        all.extend(self.unselected());
        let by_name = self.unnamed(text);
        all.extend(by_name.iter().flatten());
        let open = ["getattr(", "globals(", "eval("];
        let open = by_name.is_none() && open.iter().any(|word| text.contains(word));
        if !all.is_empty() && !open {
            self.add_uncalled(&mut all);
        }
        all
    }

    /// The branches of Python that are not taken.
    fn untaken(&self, text: &str) -> Vec<Part> {
        let mut all = Vec::new();
        let mut statements = 0;
        let mut chains: Vec<Chain> = Vec::new();
        for at in 0..self.index.main_end() {
            let Some(word) = self.index.name(at).filter(|_| self.begins(at)) else {
                continue;
            };
            let Some(indent) = self.indent(text, at) else {
                return all;
            };
            let more = matches!(word, "elif" | "else");
            chains.retain(|chain| chain.indent < indent || more && chain.indent == indent);
            if !more && word != "if" {
                all.extend(self.unchosen(at));
                let part = self.index.expression(at);
                if self.only_helps(part) {
                    all.push(Part::new(part.to, self.block_end(text, part.to, indent)));
                }
                continue;
            }
            statements += 1;
            if statements > MAX_STATEMENTS {
                return all;
            }
            let Some(colon) = self.colon(at) else {
                continue;
            };
            let body = self.body(text, colon, indent);
            let truth = match word {
                "else" => Some(true),
                _ => self.truth(Part::new(at + 1, colon), 0),
            };
            if word == "if" {
                chains.push(Chain::at(indent));
            }
            // The `else` of a loop or of a `try`.
            let Some(chain) = chains.last_mut().filter(|chain| chain.indent == indent) else {
                continue;
            };
            if chain.taken || truth == Some(false) {
                all.push(body);
            } else if truth == Some(true) && !chain.open {
                chain.taken = true;
                if self.leaves(text, body) {
                    all.push(Part::new(body.to, self.block_end(text, body.to, indent)));
                }
            } else {
                chain.open = true;
            }
        }
        all
    }

    /// `show(p) if dry else remove(p)`, `apply and remove(p)`: what of a statement is not reached.
    pub(super) fn unchosen(&self, at: usize) -> Option<Part> {
        let index = self.index;
        let part = index.expression(at);
        let part = match index.name(part.from) {
            Some("return" | "await") => Part::new(part.from + 1, part.to),
            _ => part,
        };
        if let Some((first, condition, other)) = self.chosen_by(part) {
            let given = self.assigns(first) || self.assigns(condition);
            return match self.truth(condition, 0).filter(|_| !given)? {
                true => Some(other),
                false => Some(first),
            };
        }
        for (parts, stops) in [(self.either(part), true), (self.both(part), false)] {
            let [first, .., last] = parts.as_slice() else {
                continue;
            };
            if !self.assigns(*first) && self.truth(*first, 0) == Some(stops) {
                return Some(Part::new(first.to, last.to));
            }
        }
        None
    }

    /// Tells whether a part gives something to a name.
    fn assigns(&self, part: Part) -> bool {
        let index = self.index;
        let compares = |at: Option<usize>| {
            let sign = at.and_then(|at| index.sign(at));
            sign.is_some_and(|sign| "=!<>".contains(sign))
        };
        let is = |at: usize| index.is_sign(at, '=') && !compares(at.checked_sub(1));
        top(index, part, |at| is(at) && self.is_given(at)).is_some()
    }

    /// Adds the functions that are named only where nothing runs.
    fn add_uncalled(&self, all: &mut Vec<Part>) {
        const ROUNDS: usize = 3;
        let index = self.index;
        let covers =
            |all: &[Part], at: usize| all.iter().any(|part| (part.from..part.to).contains(&at));
        for _ in 0..ROUNDS {
            let before = all.len();
            for function in (0..).map_while(|number| index.function(number)) {
                let Some(body) = function.body.filter(|body| !covers(all, body.from)) else {
                    continue;
                };
                self.spend(index.tokens.len() / 16);
                let mut named = (0..index.tokens.len()).filter(|at| {
                    let name = index.name(*at).unwrap_or_default();
                    let own = name.rsplit('.').next() == Some(function.name.as_str());
                    own && !self.defines(*at) && !(body.from..body.to).contains(at)
                });
                let first = named.next();
                let dead = |at: usize| covers(all, at);
                if first.is_some_and(dead) && named.all(dead) {
                    all.push(body);
                }
            }
            if all.len() == before {
                break;
            }
        }
    }

    /// Tells whether a function gets its name here.
    fn defines(&self, at: usize) -> bool {
        const WORDS: [&str; 8] = [
            "def", "function", "func", "fn", "sub", "const", "let", "var",
        ];
        let before = at.checked_sub(1).and_then(|at| self.index.name(at));
        before.is_some_and(|word| WORDS.contains(&word))
    }

    /// Tells what a condition answers; nothing where it is not certain.
    pub(super) fn truth(&self, part: Part, depth: usize) -> Option<bool> {
        let part = self.plain(part);
        if depth > MAX_DEPTH || part.from >= part.to {
            return None;
        }
        self.known_args()?;
        for (parts, stops) in [(self.either(part), true), (self.both(part), false)] {
            if parts.len() > 1 {
                let all: Vec<Option<bool>> = parts
                    .iter()
                    .map(|part| self.truth(*part, depth + 1))
                    .collect();
                if all.contains(&Some(stops)) {
                    return Some(stops);
                }
                return all.iter().all(|one| *one == Some(!stops)).then_some(!stops);
            }
        }
        if let Some(rest) = self.turned(part) {
            return self.truth(rest, depth + 1).map(|holds| !holds);
        }
        let found = self.sure(part, depth)?;
        Some(found.holds(self.index.language))
    }

    /// Tells whether a condition holds for certain.
    pub(in crate::classify::code) fn holds(&self, part: Part) -> bool {
        self.truth(part, 0) == Some(true)
    }

    /// Returns the words of the command line, where every one is known.
    pub(super) fn known_args(&self) -> Option<&[String]> {
        self.standing.args.filter(|_| self.told)
    }

    pub(in crate::classify::code) fn begins(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.index.token(at));
        matches!(before, None | Some(Token::Line)) && self.index.around(at).is_none()
    }

    /// Returns how far a token stands from the start of its line, when only blanks are between.
    pub(in crate::classify::code) fn indent(&self, text: &str, at: usize) -> Option<usize> {
        let start = match self.index.token(at)? {
            Token::Name { start, .. } | Token::Text { start, .. } => *start,
            Token::Sign(_) | Token::Line => return None,
        };
        let head = text.get(..start)?;
        let line = head.get(head.rfind('\n').map_or(0, |at| at + 1)..)?;
        line.chars()
            .all(|c| c == ' ' || c == '\t')
            .then_some(line.len())
    }

    pub(in crate::classify::code) fn colon(&self, from: usize) -> Option<usize> {
        let mut at = from + 1;
        while at < self.index.main_end() {
            match self.index.token(at)? {
                Token::Sign(':') => return Some(at),
                Token::Line => return None,
                _ => at = self.index.after(at),
            }
        }
        None
    }

    /// Returns what stands behind the colon of a statement.
    pub(in crate::classify::code) fn body(&self, text: &str, colon: usize, indent: usize) -> Part {
        let from = colon + 1;
        if !matches!(self.index.token(from), Some(Token::Line)) {
            let end = (from..self.index.main_end())
                .find(|at| matches!(self.index.token(*at), Some(Token::Line)));
            return Part::new(from, end.unwrap_or(self.index.main_end()));
        }
        Part::new(from, self.block_end(text, from, indent + 1))
    }

    /// Returns where the lines end that stand at least so deep.
    fn block_end(&self, text: &str, from: usize, indent: usize) -> usize {
        let mut at = from;
        while at < self.index.main_end() {
            let is_line = matches!(self.index.token(at), Some(Token::Line));
            if !is_line && self.begins(at) && self.indent(text, at).is_none_or(|own| own < indent) {
                return at;
            }
            at = self.index.after(at);
        }
        self.index.main_end()
    }

    /// Tells whether the last statement of a block leaves what is around it.
    fn leaves(&self, text: &str, body: Part) -> bool {
        let mut last = None;
        let mut first = None;
        for at in body.from..body.to {
            let starts = at == body.from || self.begins(at);
            if starts && !matches!(self.index.token(at), Some(Token::Line)) {
                first = first.or(Some(at));
                last = Some(at);
            }
        }
        let (Some(first), Some(last)) = (first, last) else {
            return false;
        };
        let same = first == last || self.indent(text, first) == self.indent(text, last);
        let name = self.index.name(last).map(|name| self.full(name));
        // `def exit(): pass`.
        let own = |name: &String| {
            self.index.function_named(name).is_some() || !self.index.bindings(name).is_empty()
        };
        same && !name.as_ref().is_some_and(own)
            && matches!(
                name.as_deref(),
                Some(
                    "return"
                        | "raise"
                        | "continue"
                        | "break"
                        | "sys.exit"
                        | "exit"
                        | "quit"
                        | "os._exit"
                )
            )
    }
}

/// Tells whether a code asks for its command line or for settings, and every word of the line is known.
pub(super) fn is_told(index: &Index, standing: Standing<'_>) -> bool {
    let open = |arg: &String| arg.contains([crate::sql::HOLE, '*', '?', '[']);
    let asks = |name: &str| {
        [
            "argv",
            "parse_args",
            "parseArgs",
            "OptionParser",
            "ARGV",
            "Deno.args",
        ]
        .iter()
        .any(|word| name.contains(word))
    };
    // Another list for the one of the call: `sys.argv = ['x', '--all']`, `process.argv.push('--all')`.
    let lists = ["sys.argv", "process.argv", "Bun.argv", "Deno.args"];
    standing.args.is_some_and(|args| !args.iter().any(open))
        && !lists
            .iter()
            .any(|list| is_changed(index, list, None, |_| true) || words_escape(index, list))
        && (!standing.settings.is_empty()
            || index.language == Language::Python && stands_as_written(index)
            || (0..index.tokens.len())
                .filter_map(|at| index.name(at))
                .any(asks))
}

/// Tells whether nothing of a code gives names something by their texts: its constants are what they are written to be.
fn stands_as_written(index: &Index) -> bool {
    const GIVES: [&str; 8] = [
        "globals",
        "locals",
        "vars",
        "setattr",
        "delattr",
        "exec",
        "eval",
        "sys.modules",
    ];
    let gives = |name: &str| GIVES.contains(&name) || name.contains("__dict__");
    let all = (0..index.main_end())
        .any(|at| index.name(at) == Some("import") && index.is_sign(at + 1, '*'));
    !all && !(0..index.tokens.len())
        .filter_map(|at| index.name(at))
        .any(gives)
}

/// A statement with its branches.
struct Chain {
    indent: usize,
    /// A branch was taken for certain.
    taken: bool,
    /// A branch before may have been taken.
    open: bool,
}

impl Chain {
    const fn at(indent: usize) -> Self {
        Self {
            indent,
            taken: false,
            open: false,
        }
    }
}

impl Reader<'_> {
    /// `ARGV.fetch(0)`: one word of the command line.
    pub(super) fn fetched(&self, name: &str, inside: Part, when: When) -> Option<super::Values> {
        let (owner, method) = name.rsplit_once('.')?;
        if !matches!(method, "fetch" | "at" | "dig") {
            return None;
        }
        let list = self.argv(owner)?;
        let parts = self.index.split(inside, ',');
        let super::Value::List(items) = &list else {
            return None;
        };
        let place: String = parts.first().map(|part| {
            (part.from..part.to)
                .filter_map(|at| self.index.sign(at))
                .collect()
        })?;
        match place
            .parse::<usize>()
            .ok()
            .and_then(|place| items.get(place))
        {
            Some(item) => Some(vec![item.clone()]),
            None => Some(parts.get(1).map_or_else(
                || vec![super::Value::unknown()],
                |part| self.read(*part, when),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::calls::{Standing, deeds};
    use super::super::super::tokens::Language;

    fn removes(text: &str) -> bool {
        let standing = Standing {
            args: Some(&[]),
            ..Standing::inline()
        };
        let text = format!("import os, sys\nDRY_RUN = True\n{text}\n");
        !deeds(&text, Language::Python, standing).steps.is_empty()
    }

    #[test]
    fn a_constant_decides_a_branch_where_nothing_changes_it() {
        let branch = "if not DRY_RUN:\n    os.remove('data')";
        assert!(!removes(branch));
        assert!(removes("if DRY_RUN:\n    os.remove('data')"));
        for change in [
            "DRY_RUN = bool(os.environ.get('DRY'))",
            "DRY_RUN &= len(os.listdir('.')) > 2",
            "def real():\n    global DRY_RUN\n    DRY_RUN = False\nreal()",
            "globals()['DRY_RUN'] = False",
            "setattr(sys.modules[__name__], 'DRY_RUN', False)",
            "exec('DRY_RUN = False')",
            "from settings import DRY_RUN",
            "from settings import OTHER, DRY_RUN",
            "from settings import *",
            "from settings import (\n    OTHER,\n    DRY_RUN,\n)",
            "for DRY_RUN in (True, False):\n    print(DRY_RUN)",
            "with open('x') as DRY_RUN:\n    pass",
            "(DRY_RUN := False)",
            "del DRY_RUN",
        ] {
            assert!(removes(&format!("{change}\n{branch}")), "{change}");
        }
    }
}
