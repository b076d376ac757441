//! Where the code gives something to a name: assignments, loops, parameters, parts that are added; and which brackets belong together.
//! It evaluates nothing: it only says which tokens to read.

mod attributes;
mod givers;
mod order;

use std::collections::HashMap;

use super::tokens::{self, Language, Token};

/// Tokens from one place up to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub from: usize,
    pub to: usize,
}

impl Part {
    pub const fn new(from: usize, to: usize) -> Self {
        Self { from, to }
    }
}

/// How a name comes to what it stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Given {
    /// `x = …`; with a place in `a, b = …`.
    Is(Part, Option<usize>),
    /// `[…, ...x] = …`: what stands from this place on.
    Tail(Part, usize),
    /// `x += …`, `x.append(…)`.
    More(Part),
    /// An element of what is looped over; with a place in it.
    Each(Part, Option<usize>),
    /// An element of what the head of the last name in the part stands for: `files.each`.
    EachOf(Part),
    /// A parameter: which function, and which place.
    Param(usize, usize),
    /// All arguments from this place on.
    Rest(usize, usize),
}

/// One place that gives something to a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    pub at: usize,
    pub nest: u16,
    pub given: Given,
}

/// A function of the code.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub name: String,
    pub params: Vec<Param>,
    /// Its body, where that can be told.
    pub body: Option<Part>,
}

/// A parameter with what it is when a call does not say.
#[derive(Clone, Debug)]
pub(super) struct Param {
    pub name: String,
    pub default: Option<Part>,
}

/// Everything that can be looked up about one code.
#[derive(Debug)]
pub(super) struct Index {
    pub language: Language,
    pub tokens: Vec<Token>,
    nests: Vec<u16>,
    /// Blanks before the line in which a token stands.
    indents: Vec<u16>,
    /// For an opening bracket its closing one, and the other way round.
    pairs: Vec<usize>,
    /// The bracket in which a token stands.
    around: Vec<usize>,
    names: HashMap<String, Vec<Binding>>,
    functions: Vec<Function>,
    by_name: HashMap<String, usize>,
    calls: HashMap<String, Vec<usize>>,
    holes: HashMap<usize, Vec<Part>>,
    /// Ends of the stretches of tokens: the code itself, then the code in holes.
    stretches: Vec<usize>,
}

/// Tokens of code in holes, besides those of the code.
const MAX_HOLE_TOKENS: usize = 20_000;
/// An expression has no more parts than this, brackets counted as one.
const MAX_PARTS: usize = 20_000;
/// Tokens that belong to a bracket without an end.
const MAX_OPEN: usize = 60;
/// Stands for no bracket.
const NONE: usize = usize::MAX;

impl Index {
    /// Reads a code.
    pub fn new(text: &str, language: Language) -> Self {
        let placed = tokens::placed(text, language);
        let mut index = Self {
            language,
            tokens: Vec::with_capacity(placed.len()),
            nests: Vec::new(),
            indents: Vec::new(),
            pairs: Vec::new(),
            around: Vec::new(),
            names: HashMap::new(),
            functions: Vec::new(),
            by_name: HashMap::new(),
            calls: HashMap::new(),
            holes: HashMap::new(),
            stretches: Vec::new(),
        };
        index.take(placed, text);
        let main = index.tokens.len();
        let mut at = 0;
        while at < index.tokens.len() && index.tokens.len() < main + MAX_HOLE_TOKENS {
            index.hole_code(at, text);
            at += 1;
        }
        index.read();
        index
    }

    /// Adds a stretch of tokens with its brackets and its nesting.
    fn take(&mut self, placed: Vec<(Token, usize)>, text: &str) {
        let base = self.tokens.len();
        let mut open: Vec<usize> = Vec::new();
        let mut braces = 0_u16;
        let mut indent = 0_u16;
        let mut fresh = true;
        for (offset, (token, start)) in placed.into_iter().enumerate() {
            let at = base + offset;
            if fresh {
                indent = indent_at(text, start);
            }
            fresh = token == Token::Line;
            let mut pair = NONE;
            match token {
                Token::Sign(sign @ (')' | ']' | '}')) => {
                    if let Some(from) = open.pop() {
                        pair = from;
                        if let Some(place) = self.pairs.get_mut(from) {
                            *place = at;
                        }
                    }
                    braces = braces.saturating_sub(u16::from(sign == '}'));
                }
                Token::Sign('{') => braces = braces.saturating_add(1),
                _ => {}
            }
            self.around.push(open.last().copied().unwrap_or(NONE));
            if matches!(token, Token::Sign('(' | '[' | '{')) {
                open.push(at);
            }
            let python = self.language == Language::Python;
            self.nests.push(if python { indent } else { braces });
            self.indents.push(indent);
            self.pairs.push(pair);
            self.tokens.push(token);
        }
        self.stretches.push(self.tokens.len());
    }

    /// Reads the code in the holes of a string.
    fn hole_code(&mut self, at: usize, text: &str) {
        let Some(Token::Text { holes, .. }) = self.tokens.get(at) else {
            return;
        };
        let mut parts = Vec::new();
        for (from, to) in holes.clone() {
            let inner = text.get(from..to).unwrap_or_default();
            let mut placed = tokens::placed(inner, self.language);
            for (token, start) in &mut placed {
                *start += from;
                match token {
                    Token::Text {
                        start, end, holes, ..
                    } => {
                        *start += from;
                        *end += from;
                        for hole in holes {
                            *hole = (hole.0 + from, hole.1 + from);
                        }
                    }
                    Token::Name { start, .. } => *start += from,
                    Token::Sign(_) | Token::Line => {}
                }
            }
            let base = self.tokens.len();
            self.take(placed, text);
            parts.push(Part::new(base, self.tokens.len()));
        }
        if !parts.is_empty() {
            self.holes.insert(at, parts);
        }
    }

    pub fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    pub fn name(&self, at: usize) -> Option<&str> {
        match self.tokens.get(at)? {
            Token::Name { name, .. } => Some(name),
            _ => None,
        }
    }

    pub fn sign(&self, at: usize) -> Option<char> {
        match self.tokens.get(at)? {
            Token::Sign(sign) => Some(*sign),
            _ => None,
        }
    }

    pub fn is_sign(&self, at: usize, wanted: char) -> bool {
        self.sign(at) == Some(wanted)
    }

    pub fn is_text(&self, at: usize) -> bool {
        matches!(self.tokens.get(at), Some(Token::Text { .. }))
    }

    /// Returns the bracket that belongs to the one at this place.
    pub fn pair(&self, at: usize) -> Option<usize> {
        self.pairs.get(at).copied().filter(|pair| *pair != NONE)
    }

    /// Returns the opening bracket around a token.
    pub fn around(&self, at: usize) -> Option<usize> {
        self.around.get(at).copied().filter(|open| *open != NONE)
    }

    pub fn nest(&self, at: usize) -> u16 {
        self.nests.get(at).copied().unwrap_or_default()
    }

    pub fn holes(&self, at: usize) -> &[Part] {
        self.holes.get(&at).map_or(&[], Vec::as_slice)
    }

    pub fn bindings(&self, name: &str) -> &[Binding] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the names that the code gives something only once.
    pub fn single(&self) -> impl Iterator<Item = (&String, &Binding)> {
        self.names
            .iter()
            .filter_map(|(name, all)| match all.as_slice() {
                [binding] => Some((name, binding)),
                _ => None,
            })
    }

    /// Returns every name with the places that give it something.
    pub fn names(&self) -> impl Iterator<Item = (&String, &Vec<Binding>)> {
        self.names.iter()
    }

    pub fn function(&self, at: usize) -> Option<&Function> {
        self.functions.get(at)
    }

    pub fn function_named(&self, name: &str) -> Option<&Function> {
        let name = ["self.", "this.", "cls.", "$this."]
            .iter()
            .find_map(|owner| name.strip_prefix(owner))
            .unwrap_or(name);
        self.functions.get(*self.by_name.get(name)?)
    }

    pub fn calls(&self, name: &str) -> &[usize] {
        self.calls.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the place behind a token, brackets taken whole.
    pub fn after(&self, at: usize) -> usize {
        match self.token(at) {
            Some(Token::Sign('(' | '[' | '{')) => self.pair(at).map_or(at + 1, |close| close + 1),
            _ => at + 1,
        }
    }

    /// Returns the inside of the brackets that open here.
    pub fn inside(&self, at: usize) -> Option<Part> {
        let close = match self.pair(at) {
            Some(close) => close,
            // No end: what belongs to it is not far.
            None => self.stretch_end(at).min(at + 1 + MAX_OPEN),
        };
        Some(Part::new(at + 1, close.min(at + 1 + 8 * MAX_PARTS)))
    }

    /// Returns where the code ends; the code in holes stands behind it.
    pub fn main_end(&self) -> usize {
        self.stretches.first().copied().unwrap_or_default()
    }

    fn stretch_end(&self, at: usize) -> usize {
        let index = self.stretches.partition_point(|end| *end <= at);
        self.stretches
            .get(index)
            .copied()
            .unwrap_or(self.tokens.len())
    }

    /// Returns a part without blank lines around it.
    pub fn trimmed(&self, part: Part) -> Part {
        let Part { mut from, mut to } = part;
        while from < to && self.token(from) == Some(&Token::Line) {
            from += 1;
        }
        while from < to && self.token(to - 1) == Some(&Token::Line) {
            to -= 1;
        }
        Part { from, to }
    }

    /// Splits a part at a sign that stands in no bracket.
    pub fn split(&self, part: Part, sign: char) -> Vec<Part> {
        let mut all = Vec::new();
        let mut from = part.from;
        let mut at = part.from;
        while at < part.to && all.len() < MAX_PARTS {
            if self.is_sign(at, sign) {
                all.push(self.trimmed(Part::new(from, at)));
                from = at + 1;
            }
            at = self.after(at);
        }
        let rest = self.trimmed(Part::new(from, part.to));
        if rest.from < rest.to {
            all.push(rest);
        }
        all
    }

    /// Returns where the expression ends that begins here.
    pub fn expression(&self, from: usize) -> Part {
        let limit = self.stretch_end(from);
        let tuples = matches!(self.language, Language::Python | Language::Ruby);
        let mut at = from;
        for _ in 0..MAX_PARTS {
            if at >= limit {
                break;
            }
            let ends = match self.token(at) {
                Some(Token::Line) => at > from && !self.goes_on(at),
                Some(Token::Sign(';' | ')' | ']' | '}')) | None => true,
                Some(Token::Sign(',')) => !tuples,
                Some(Token::Name { name, .. }) => {
                    at > from
                        && matches!(self.language, Language::Ruby | Language::Perl)
                        && matches!(name.as_str(), "if" | "unless" | "do" | "rescue" | "or")
                }
                _ => false,
            };
            if ends {
                break;
            }
            at = self.after(at);
        }
        Part::new(from, at.min(limit))
    }

    /// Tells whether an expression goes on behind the end of a line.
    fn goes_on(&self, at: usize) -> bool {
        if self.language == Language::Python {
            return false;
        }
        let signs = ['+', '=', '(', ',', '.', '?', ':', '&', '|'];
        let before = at.checked_sub(1).and_then(|at| self.sign(at));
        let behind = self.sign(at + 1);
        before.is_some_and(|sign| signs.contains(&sign))
            || behind.is_some_and(|sign| matches!(sign, '+' | '.' | '?' | ':' | '&' | '|'))
    }

    /// Returns where the chain of calls begins that a name ends.
    pub fn chain(&self, at: usize) -> usize {
        const LINKS: usize = 40;
        let mut at = at;
        for _ in 0..LINKS {
            if !self.name(at).is_some_and(|name| name.starts_with('.')) {
                break;
            }
            let Some(before) = at.checked_sub(1) else {
                break;
            };
            match self.sign(before) {
                Some(')' | ']' | '}') => {
                    let Some(open) = self.pair(before) else { break };
                    at = match open.checked_sub(1) {
                        Some(name) if self.name(name).is_some() => name,
                        _ => return open,
                    };
                }
                _ => return before,
            }
        }
        at
    }
}

/// Blanks before the first word of a line.
fn indent_at(text: &str, start: usize) -> u16 {
    const MAX_INDENT: usize = 200;
    let before = text.get(..start).unwrap_or_default();
    let blanks = before
        .bytes()
        .rev()
        .take(MAX_INDENT)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    u16::try_from(blanks).unwrap_or(u16::MAX)
}
