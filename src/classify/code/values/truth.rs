//! Conditions of a Python script whose answer stands on its command line: flags of `argparse`, `len(sys.argv)`, `'--yes' in sys.argv`.
//! It decides nothing where a word of the call is not known, and follows no other control flow.

use super::super::index::{Given, Index, Part};
use super::super::tokens::{Language, Token};
use super::{Reader, When};

/// Conditions inside conditions, and names for them.
const MAX_DEPTH: usize = 6;
/// Statements with a condition that are looked at.
const MAX_STATEMENTS: usize = 200;

impl Reader<'_> {
    /// Returns the parts of the code that do not run, for certain.
    pub fn dead(&self, text: &str) -> Vec<Part> {
        let mut all = Vec::new();
        if self.known_args().is_none()
            || !["argv", "parse_args"]
                .iter()
                .any(|word| text.contains(word))
        {
            return all;
        }
        let mut statements = 0;
        let mut chain = Chain::default();
        for at in 0..self.index.main_end() {
            let Some(word) = self.index.name(at).filter(|_| self.begins(at)) else {
                continue;
            };
            if !matches!(word, "if" | "elif" | "else") {
                continue;
            }
            statements += 1;
            let indent = self.indent(text, at);
            let (Some(indent), true) = (indent, statements <= MAX_STATEMENTS) else {
                return all;
            };
            let Some(colon) = self.colon(at) else {
                continue;
            };
            let body = self.body(text, colon, indent);
            let truth = match word {
                "else" => Some(true),
                _ => self.truth(Part::new(at + 1, colon), 0),
            };
            if word == "if" {
                chain = Chain {
                    indent,
                    ..Chain::default()
                };
            } else if chain.indent != indent {
                chain = Chain {
                    indent,
                    open: true,
                    ..Chain::default()
                };
            }
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

    /// Tells what a condition answers; nothing where it is not certain.
    pub(super) fn truth(&self, part: Part, depth: usize) -> Option<bool> {
        let index = self.index;
        let part = index.trimmed(part);
        if depth > MAX_DEPTH || part.from >= part.to || index.language != Language::Python {
            return None;
        }
        self.known_args()?;
        for (word, stops) in [("or", true), ("and", false)] {
            let parts = words_apart(index, part, word);
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
        if index.name(part.from) == Some("not") {
            let rest = Part::new(part.from + 1, part.to);
            return self.truth(rest, depth + 1).map(|holds| !holds);
        }
        if index.is_sign(part.from, '(') && index.after(part.from) == part.to {
            return self.truth(index.inside(part.from)?, depth + 1);
        }
        self.counted(part)
            .or_else(|| self.contained(part))
            .or_else(|| self.named_truth(part, depth))
    }

    /// Returns the words of the command line, where every one is known.
    fn known_args(&self) -> Option<&[String]> {
        let args = self.standing.args?;
        let open = |arg: &String| arg.contains([crate::sql::HOLE, '*', '?', '[']);
        (!args.iter().any(open)).then_some(args)
    }

    /// `len(sys.argv) > 1`.
    fn counted(&self, part: Part) -> Option<bool> {
        let index = self.index;
        if index.name(part.from)? != "len" || !index.is_sign(part.from + 1, '(') {
            return None;
        }
        let inside = index.inside(part.from + 1)?;
        if inside.to != inside.from + 1 || self.full(index.name(inside.from)?) != "sys.argv" {
            return None;
        }
        let count = self.known_args()?.len() + 1;
        let mut at = index.after(part.from + 1);
        let mut operator = String::new();
        while let Some(sign) = index.sign(at).filter(|sign| "<>=!".contains(*sign)) {
            operator.push(sign);
            at += 1;
        }
        let mut digits = String::new();
        while let Some(sign) = index.sign(at).filter(char::is_ascii_digit) {
            digits.push(sign);
            at += 1;
        }
        let number: usize = digits.parse().ok().filter(|_| at == part.to)?;
        Some(match operator.as_str() {
            "<" => count < number,
            "<=" => count <= number,
            ">" => count > number,
            ">=" => count >= number,
            "==" => count == number,
            "!=" => count != number,
            _ => return None,
        })
    }

    /// `'--yes' in sys.argv`, `'--yes' not in sys.argv[1:]`.
    fn contained(&self, part: Part) -> Option<bool> {
        let index = self.index;
        let Token::Text { text, holes, .. } = index.token(part.from)? else {
            return None;
        };
        let negated = index.name(part.from + 1) == Some("not");
        let at = part.from + 1 + usize::from(negated);
        let list = index.name(at + 1)?;
        if index.name(at)? != "in" || self.full(list) != "sys.argv" || !holes.is_empty() {
            return None;
        }
        let whole =
            part.to == at + 2 || index.is_sign(at + 2, '[') && index.after(at + 2) == part.to;
        let dashed = text.starts_with('-');
        let args = self.known_args().filter(|_| whole && dashed)?;
        Some(args.contains(text) != negated)
    }

    /// `args.apply`, and a name that stands for such a condition.
    fn named_truth(&self, part: Part, depth: usize) -> Option<bool> {
        if part.to != part.from + 1 {
            return None;
        }
        let name = self.index.name(part.from)?;
        if let Some((owner, wanted)) = name.rsplit_once('.') {
            return self.flag(owner, wanted);
        }
        match self.index.bindings(name) {
            [binding] => match binding.given {
                Given::Is(value, None) if value.from != part.from => self.truth(value, depth + 1),
                _ => None,
            },
            _ => None,
        }
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
        same && matches!(
            name.as_deref(),
            Some("return" | "raise" | "sys.exit" | "exit" | "quit" | "os._exit")
        )
    }

    /// Tells whether a flag of `argparse` without a value is set.
    pub(super) fn flag(&self, owner: &str, wanted: &str) -> Option<bool> {
        let args = self.known_args()?;
        if !self.parses_all(owner) || !self.index.calls("set_defaults").is_empty() {
            return None;
        }
        let mut found = None;
        for at in self.index.calls("add_argument") {
            let inside = self.index.inside(at + 1)?;
            let named = self.arguments(*at);
            let text = |part: Part| match self.index.token(part.from)? {
                Token::Text { text, .. } if part.to == part.from + 1 => Some(text.clone()),
                _ => None,
            };
            let names: Vec<String> = self
                .index
                .split(inside, ',')
                .into_iter()
                .filter_map(|part| text(self.index.trimmed(part)))
                .filter(|name| name.starts_with('-'))
                .collect();
            let dest = match named.named("dest") {
                Some(part) => Some(text(self.index.trimmed(part))?),
                None => {
                    let long = names.iter().find(|name| name.starts_with("--"));
                    let name = long.or(names.first());
                    name.map(|name| name.trim_start_matches('-').replace('-', "_"))
                }
            };
            if dest.as_deref() != Some(wanted) {
                continue;
            }
            if found.is_some() || named.named("default").is_some() {
                return None;
            }
            let action = text(self.index.trimmed(named.named("action")?))?;
            let sets = match action.as_str() {
                "store_true" => true,
                "store_false" => false,
                _ => return None,
            };
            found = Some((names, sets));
        }
        let (names, sets) = found?;
        Some(given(&names, args)? == sets)
    }

    /// `args = parser.parse_args()`, with the words of the command line.
    fn parses_all(&self, owner: &str) -> bool {
        const NEAR: usize = 8;
        let [binding] = self.index.bindings(owner) else {
            return false;
        };
        let Given::Is(part, None) = binding.given else {
            return false;
        };
        (part.from..part.to.min(part.from + NEAR)).any(|at| {
            let parses = self
                .index
                .name(at)
                .is_some_and(|name| name.ends_with("parse_args"));
            let inside = self
                .index
                .inside(at + 1)
                .filter(|_| self.index.is_sign(at + 1, '('));
            parses
                && inside.is_some_and(|inside| {
                    let inside = self.index.trimmed(inside);
                    inside.from >= inside.to || self.is_left_out(inside)
                })
        })
    }

    /// `parse_args(argv)` in `def main(argv=None)`, which is only called as `main()`.
    fn is_left_out(&self, part: Part) -> bool {
        let Some(name) = self
            .index
            .name(part.from)
            .filter(|_| part.to == part.from + 1)
        else {
            return false;
        };
        let [binding] = self.index.bindings(name) else {
            return false;
        };
        let Given::Param(number, place) = binding.given else {
            return false;
        };
        let Some(function) = self.index.function(number) else {
            return false;
        };
        let default = function.params.get(place).and_then(|param| param.default);
        let none = default.is_some_and(|part| self.index.name(part.from) == Some("None"));
        let calls = self.index.calls(&function.name);
        none && !calls.is_empty() && calls.iter().all(|at| self.index.is_sign(at + 2, ')'))
    }
}

/// Tells whether one of these options is given; nothing where a word may be a short form of it.
fn given(names: &[String], args: &[String]) -> Option<bool> {
    let own = args.iter().take_while(|arg| *arg != "--");
    let mut open = false;
    for arg in own {
        if names.contains(arg) {
            return Some(true);
        }
        let head = arg.split('=').next().unwrap_or_default();
        let long = head.len() > 2 && names.iter().any(|name| name.starts_with(head));
        let short = names.iter().any(|name| {
            let letter = name.strip_prefix('-').filter(|letter| letter.len() == 1);
            letter.is_some_and(|letter| {
                !arg.starts_with("--") && arg.starts_with('-') && arg.contains(letter)
            })
        });
        open |= arg.starts_with("--") && long || short;
    }
    (!open).then_some(false)
}

/// A statement with its branches.
#[derive(Default)]
struct Chain {
    indent: usize,
    /// A branch was taken for certain.
    taken: bool,
    /// A branch before may have been taken.
    open: bool,
}

fn words_apart(index: &Index, part: Part, word: &str) -> Vec<Part> {
    let mut all = Vec::new();
    let mut from = part.from;
    let mut at = part.from;
    while at < part.to {
        if index.name(at) == Some(word) {
            all.push(Part::new(from, at));
            from = at + 1;
        }
        at = index.after(at);
    }
    all.push(Part::new(from, part.to));
    all
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
