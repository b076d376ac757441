//! What an expression of a code stands for: strings put together, lists, paths; every reading of it, up to a limit.
//! It runs nothing: what it does not know is a hole, and a name that several places give stands for all of them.

mod answers;
mod argv;
mod branches;
mod budget;
mod changes;
mod data;
mod declared;
mod dispatch;
mod ended;
mod joined;
mod keys;
pub(super) mod made;
pub(super) mod methods;
mod operators;
mod options;
mod settings;
pub(super) mod sure;
mod truth;
mod worlds;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use crate::sql::HOLE;

use super::calls::Standing;
use super::index::{Binding, Given, Index, Part};
use super::tokens::{Language, Token};
use joined::{add, crossed, grown, joined, picked, tail};
pub(super) use joined::{elements, spelled};
pub(super) use settings::{Setting, may_read};
use sure::Sure;
pub(super) use worlds::Taken;

/// Any name that is there: `*` of a shell.
pub(super) const STAR: char = '\u{E000}';
/// The home directory.
pub(super) const HOME: char = '\u{E001}';
/// A fresh place under the temporary directory.
pub(super) const FRESH: &str = "/tmp/made-by-this-code";

/// Readings of one expression; where more are put together, one more is kept, which tells of it.
const MAX_READINGS: usize = 512;
/// Expressions in expressions, names behind names.
const MAX_DEPTH: usize = 40;
/// Expressions that are read for one code.
const MAX_STEPS: usize = 400_000;
/// A string or list that grows beyond this is unknown.
const MAX_SIZE: usize = 40_000;
/// Calls of a function whose arguments are looked at.
const MAX_CALLS: usize = 512;

/// One reading of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// A text; unknown parts are holes.
    Text(String),
    List(Vec<Value>),
    /// What a file of settings holds under names.
    Map(Vec<(String, Value)>),
}

impl Value {
    pub fn unknown() -> Self {
        Self::Text(HOLE.to_string())
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Text(text) if text.chars().all(|char| char == HOLE))
    }

    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::List(items) => items.iter().map(Self::size).sum::<usize>() + items.len(),
            Self::Map(entries) => entries
                .iter()
                .map(|(name, value)| name.len() + value.size())
                .sum(),
        }
    }

    /// Returns all texts of a value, lists opened.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(_, one)| one.texts()).collect(),
        }
    }
}

pub(super) type Values = Vec<Value>;

/// Reads expressions of one code.
pub(super) struct Reader<'a> {
    pub index: &'a Index,
    pub imports: &'a HashMap<String, String>,
    pub standing: Standing<'a>,
    /// Parts of the code that do not run, for certain.
    dead: Vec<Part>,
    /// It reads its command line, every word of which is known.
    told: bool,
    /// Nothing changes the settings that it has read.
    settled: bool,
    /// What names are taken to be, in one of all ways in which the loops may go.
    taken: RefCell<Vec<(String, Sure)>>,
    /// How many of these the loops give; the others are of lists that are being put together.
    looped: Cell<usize>,
    /// Where a name is looked up.
    here: Cell<usize>,
    /// Files of settings that are being read.
    loading: Cell<usize>,
    steps: Cell<usize>,
    /// Known readings were left out: there are more than are looked at.
    cut: Cell<bool>,
    /// Which names were found to be changed, besides the place that gives them.
    changed: RefCell<HashMap<(String, Option<usize>), bool>>,
}

/// Where an expression is read: which place counts for the order of assignments, and how deep.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub at: usize,
    depth: usize,
}

impl When {
    pub const fn at(at: usize) -> Self {
        Self { at, depth: 0 }
    }

    pub(super) const fn depth(self) -> usize {
        self.depth
    }

    /// Returns the same at another place.
    pub(super) const fn moved(self, at: usize) -> Self {
        Self {
            at,
            depth: self.depth + 1,
        }
    }

    const fn deeper(self) -> Self {
        Self {
            at: self.at,
            depth: self.depth + 1,
        }
    }
}

/// Signs between operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    None,
    Plus,
    Slash,
    Percent,
}

impl<'a> Reader<'a> {
    pub fn new(
        index: &'a Index,
        imports: &'a HashMap<String, String>,
        standing: Standing<'a>,
    ) -> Self {
        let mut reader = Self {
            index,
            imports,
            standing,
            dead: Vec::new(),
            told: truth::is_told(index, standing),
            settled: false,
            taken: RefCell::default(),
            looped: Cell::new(0),
            here: Cell::new(0),
            loading: Cell::new(0),
            steps: Cell::new(0),
            cut: Cell::new(false),
            changed: RefCell::default(),
        };
        reader.settle();
        reader
    }

    /// Returns every reading of an expression; never none.
    pub fn read(&self, part: Part, when: When) -> Values {
        let length = part.to.saturating_sub(part.from);
        self.steps.set(self.steps.get() + 1 + length / 8);
        if when.depth >= MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return match self.index.token(part.from) {
                Some(Token::Text { text, .. }) if part.to == part.from + 1 => {
                    vec![Value::Text(text.clone())]
                }
                _ => vec![Value::unknown()],
            };
        }
        let part = self.bare(self.index.trimmed(part));
        if when.depth == 0
            && let Some(value) = self.sure(part, 0).and_then(|sure| sure.value())
        {
            return vec![value];
        }
        let mut all = match self.choices(part) {
            Some(parts) => parts
                .into_iter()
                .flat_map(|part| self.read(part, when.deeper()))
                .collect(),
            None => self.sum(part, when.deeper()),
        };
        self.bounded(&mut all);
        all
    }

    /// Takes parts of the code for those that do not run.
    pub fn leave_out(&mut self, dead: &[Part]) {
        self.dead = dead.to_vec();
        self.changed.borrow_mut().clear();
    }

    /// Tells whether a place of the code may run.
    pub fn runs(&self, at: usize) -> bool {
        !self
            .dead
            .iter()
            .any(|part| (part.from..part.to).contains(&at))
    }

    /// Takes off words that change nothing: `await`, `new`, `return`, `*`, `...`, `&`, an arrow's parenthesis.
    fn bare(&self, part: Part) -> Part {
        let mut part = part;
        loop {
            let skip = match self.index.token(part.from) {
                Some(Token::Name { name, .. }) => {
                    let word = matches!(
                        name.as_str(),
                        "await" | "new" | "return" | "yield" | "const" | "mut" | "my"
                    );
                    word && part.from + 1 < part.to && !self.index.is_sign(part.from + 1, '(')
                }
                Some(Token::Sign('&' | '*' | '.' | '\\')) => true,
                _ => false,
            };
            if !skip || part.from + 1 >= part.to {
                return part;
            }
            part = self.index.trimmed(Part::new(part.from + 1, part.to));
        }
    }

    /// `a if c else b`, `c ? a : b`, `a or b`, `a || b`, `a ?? b`.
    fn choices(&self, part: Part) -> Option<Vec<Part>> {
        let index = self.index;
        let mut at = part.from;
        let mut condition = None;
        while at < part.to {
            match index.token(at) {
                Some(Token::Name { name, .. }) => match name.as_str() {
                    "if" if index.language == Language::Python && at > part.from => {
                        condition = Some(at);
                    }
                    "else" => {
                        let first = Part::new(part.from, condition?);
                        let other = Part::new(at + 1, part.to);
                        return Some(match self.truth(Part::new(condition? + 1, at), 0) {
                            Some(true) => vec![first],
                            Some(false) => vec![other],
                            None => vec![first, other],
                        });
                    }
                    "or" if at > part.from && index.language == Language::Python => {
                        let (first, other) = (Part::new(part.from, at), Part::new(at + 1, part.to));
                        return Some(self.of_two(first, other));
                    }
                    _ => {}
                },
                Some(Token::Sign(sign @ ('|' | '?'))) if index.is_sign(at + 1, *sign) => {
                    let (first, other) = (Part::new(part.from, at), Part::new(at + 2, part.to));
                    return Some(self.of_two(first, other));
                }
                Some(Token::Sign('?')) if index.language != Language::Python => {
                    let mut colon = at + 1;
                    while colon < part.to && !index.is_sign(colon, ':') {
                        colon = index.after(colon);
                    }
                    let first = Part::new(at + 1, colon);
                    let other = Part::new(colon + 1, part.to);
                    let truth = self.truth(Part::new(part.from, at), 0);
                    return (colon < part.to).then(|| match truth {
                        Some(true) => vec![first],
                        Some(false) => vec![other],
                        None => vec![first, other],
                    });
                }
                _ => {}
            }
            at = index.after(at);
        }
        None
    }

    /// `a or b`: the first where it is something for certain.
    fn of_two(&self, first: Part, other: Part) -> Vec<Part> {
        match self.truth(first, 0) {
            Some(true) => vec![first],
            Some(false) => vec![other],
            None => vec![first, other],
        }
    }

    /// Operands that are put together.
    fn sum(&self, part: Part, when: When) -> Values {
        let index = self.index;
        if index.language == Language::Python && self.is_tuple(part) {
            return self.list(part, when);
        }
        let mut at = part.from;
        let mut all: Option<Values> = None;
        let mut joint = Joint::None;
        while at < part.to {
            match index.token(at) {
                Some(Token::Line) => at += 1,
                Some(Token::Sign('+')) => {
                    joint = Joint::Plus;
                    at += 1;
                }
                Some(Token::Sign(sign @ ('.' | '*' | '&' | '<'))) if self.signs(at, *sign) > 0 => {
                    joint = Joint::Plus;
                    at += self.signs(at, *sign);
                }
                Some(Token::Sign('/')) if index.language == Language::Python => {
                    joint = Joint::Slash;
                    at += 1;
                }
                Some(Token::Sign('%'))
                    if matches!(index.language, Language::Python | Language::Ruby) =>
                {
                    joint = Joint::Percent;
                    at += 1;
                }
                Some(Token::Name { .. } | Token::Text { .. } | Token::Sign('(' | '[' | '{')) => {
                    // Only strings are put together by standing side by side.
                    let awk = index.language == Language::Perl;
                    if all.is_some() && joint == Joint::None && !awk && !index.is_text(at) {
                        break;
                    }
                    let (values, next) = self.operand(at, part.to, when);
                    all = Some(match all {
                        Some(before) => joined(before, &values, joint),
                        None => values,
                    });
                    joint = Joint::None;
                    at = next;
                }
                _ => break,
            }
        }
        all.unwrap_or_else(|| vec![Value::unknown()])
    }

    fn is_tuple(&self, part: Part) -> bool {
        let mut at = part.from;
        while at < part.to {
            if self.index.is_sign(at, ',') {
                return true;
            }
            at = self.index.after(at);
        }
        false
    }

    /// One operand with the calls, attributes and subscripts behind it; and where it ends.
    fn operand(&self, at: usize, end: usize, when: When) -> (Values, usize) {
        let index = self.index;
        let (mut values, mut at) = match index.token(at) {
            Some(Token::Text { text, .. }) => (self.filled(text, at, when), at + 1),
            Some(Token::Sign('(')) => {
                let inside = index.inside(at).unwrap_or_default();
                let values = if matches!(index.language, Language::Perl | Language::Python)
                    && self.is_tuple(inside)
                {
                    self.list(inside, when)
                } else {
                    self.read(inside, when)
                };
                (values, index.after(at))
            }
            Some(Token::Sign('[')) => {
                let inside = index.inside(at).unwrap_or_default();
                (self.list(inside, when), index.after(at))
            }
            Some(Token::Sign('{')) => (vec![Value::unknown()], index.after(at)),
            Some(Token::Name { name, .. }) => self.named(&name.clone(), at, end, when),
            _ => (vec![Value::unknown()], at + 1),
        };
        while at < end {
            match index.token(at) {
                Some(Token::Name { name, .. }) if name.starts_with('.') => {
                    let call = index.is_sign(at + 1, '(');
                    let inside = call.then(|| index.inside(at + 1)).flatten();
                    for method in name.trim_start_matches('.').split('.') {
                        values = self.method(&values, method, inside, when.deeper());
                    }
                    at = if call { index.after(at + 1) } else { at + 1 };
                }
                Some(Token::Sign('[')) => {
                    let inside = index.inside(at).unwrap_or_default();
                    if let Some(found) = self.keyed(at, inside, when) {
                        values = found;
                        at = index.after(at);
                        continue;
                    }
                    values = self.subscript(&values, inside, when);
                    at = index.after(at);
                }
                Some(Token::Sign('(')) => {
                    values = vec![Value::unknown()];
                    at = index.after(at);
                }
                // A block that is given to a call.
                Some(Token::Sign('{')) if index.language == Language::Ruby => at = index.after(at),
                _ => break,
            }
        }
        self.bounded(&mut values);
        (values, at)
    }

    /// A name, or a call by that name.
    fn named(&self, name: &str, at: usize, end: usize, when: When) -> (Values, usize) {
        let index = self.index;
        let full = self.full(name);
        if index.is_sign(at + 1, '(') && at + 1 < end {
            let inside = index.inside(at + 1).unwrap_or_default();
            return (
                self.call(&full, inside, at, when.deeper()),
                index.after(at + 1),
            );
        }
        if index.is_sign(at + 1, '!') && index.is_sign(at + 2, '(') {
            let inside = index.inside(at + 2).unwrap_or_default();
            return (
                self.call(&full, inside, at, when.deeper()),
                index.after(at + 2),
            );
        }
        if index.language == Language::Perl
            && let Some(found) = self.perl_list(name, at, end, when)
        {
            return found;
        }
        let bare = matches!(index.language, Language::Ruby | Language::Perl);
        let calls = bare
            && at + 1 < end
            && self.index.bindings(name).is_empty()
            && (index.is_text(at + 1) || index.name(at + 1).is_some());
        if calls {
            return (
                self.call(&full, Part::new(at + 1, end), at, when.deeper()),
                end,
            );
        }
        (self.resolve(name, when.deeper()), at + 1)
    }

    /// Returns a name with what its first part was imported as.
    pub fn full(&self, name: &str) -> String {
        let (first, rest) = name
            .split_once('.')
            .map_or((name, None), |(first, rest)| (first, Some(rest)));
        match (self.imports.get(first), rest) {
            (Some(full), Some(rest)) => format!("{full}.{rest}"),
            (Some(full), None) => full.clone(),
            (None, _) => name.to_owned(),
        }
    }

    /// Returns what a name stands for at a place.
    pub fn resolve(&self, name: &str, when: When) -> Values {
        if when.depth >= MAX_DEPTH {
            return vec![Value::unknown()];
        }
        self.here.set(when.at);
        if let Some(value) = self.sure_variable(name, 0).and_then(|sure| sure.value()) {
            return vec![value];
        }
        if let Some((sections, _)) = self.sections(name) {
            return vec![sections.reading()];
        }
        if self.is_fixture(name) {
            return vec![Value::Text(FRESH.to_owned())];
        }
        let chosen = self.chosen(name, when.at);
        if !chosen.is_empty() {
            return self.given(&chosen, when);
        }
        if let Some(list) = self.argv(name) {
            return vec![list];
        }
        if let Some(value) = self.constant(&self.full(name)) {
            return vec![value];
        }
        // `Dir.pwd`.
        if self.index.language == Language::Ruby
            && let Some(value) = made::place(name)
        {
            return vec![value];
        }
        let Some((owner, last)) = name.rsplit_once('.').filter(|(owner, _)| !owner.is_empty())
        else {
            return vec![Value::unknown()];
        };
        if let Some(values) = self.option(owner, last, when) {
            return values;
        }
        if let Some(part) = self.member(owner, last, when.at) {
            return self.read(part, when.deeper());
        }
        let values = self.resolve(owner, when.deeper());
        self.method(&values, last, None, when.deeper())
    }

    /// Names that every program has.
    fn constant(&self, name: &str) -> Option<Value> {
        let text = match name {
            "__dirname" | "import.meta.dirname" | "__DIR__" | "__dir__" => {
                self.standing.folder.to_owned()
            }
            "__file__" | "__filename" | "import.meta.url" | "import.meta.filename" | "__FILE__" => {
                format!("{}/code", self.standing.folder)
            }
            "os.curdir" => ".".to_owned(),
            "os.sep" | "path.sep" => "/".to_owned(),
            "os.linesep" | "os.EOL" => "\n".to_owned(),
            "sys.executable" => "python3".to_owned(),
            "PHP_BINARY" => "php".to_owned(),
            "process.execPath" => "node".to_owned(),
            "os.devnull" => "/dev/null".to_owned(),
            _ => return None,
        };
        Some(Value::Text(text))
    }

    /// Returns the places that give a name what it is at this place.
    fn chosen(&self, name: &str, at: usize) -> Vec<Binding> {
        let inside = |body: Option<Part>| {
            body.is_none_or(|body| {
                (body.from..body.to).contains(&at) || at >= self.index.main_end()
            })
        };
        let all: Vec<&Binding> = self
            .index
            .bindings(name)
            .iter()
            .filter(|binding| self.runs(binding.at))
            .filter(|binding| match binding.given {
                Given::Param(function, _) | Given::Rest(function, _) => {
                    let function = self.index.function(function);
                    inside(function.and_then(|function| function.body))
                }
                _ => true,
            })
            .collect();
        let mut chosen = Vec::new();
        let nest = self.index.nest(at);
        let before: Vec<&&Binding> = all.iter().filter(|binding| binding.at <= at).collect();
        for (count, binding) in before.iter().rev().enumerate() {
            if count >= MAX_READINGS {
                self.cut();
                break;
            }
            chosen.push(***binding);
            let settles = !matches!(binding.given, Given::More(_))
                && binding.nest <= nest
                && !self.is_conditional(binding);
            let own = matches!(binding.given, Given::Param(..) | Given::Rest(..));
            if settles || own {
                break;
            }
        }
        if chosen.is_empty() {
            chosen.extend(all.iter().take(MAX_READINGS).map(|binding| **binding));
            chosen.reverse();
        }
        chosen.reverse();
        chosen
    }

    /// Returns what the chosen places give.
    fn given(&self, chosen: &[Binding], when: When) -> Values {
        let mut all: Values = Vec::new();
        if chosen.len() >= MAX_READINGS {
            all.push(Value::unknown());
        }
        for binding in chosen {
            // What a value is made of stands before it.
            let inner = When {
                at: binding.at.saturating_sub(1),
                depth: when.depth + 1,
            };
            match binding.given {
                Given::Is(part, place) => {
                    all.extend(picked(self.read(part, inner), place));
                }
                Given::Tail(part, place) => {
                    let whole = self.read(part, inner).into_iter();
                    all.extend(whole.map(|one| tail(one, place)));
                }
                Given::Each(part, place) => {
                    all.extend(
                        elements(self.read(part, inner)).flat_map(|one| picked(vec![one], place)),
                    );
                }
                Given::EachOf(part) => {
                    let name = self.index.name(part.from).unwrap_or_default();
                    let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
                    all.extend(elements(self.resolve(owner, inner)));
                }
                Given::More(part) => {
                    let more = self.read(part, inner);
                    if all.is_empty() {
                        all.push(Value::List(Vec::new()));
                    }
                    all = all.into_iter().map(|one| grown(one, &more)).collect();
                }
                Given::Param(function, place) => {
                    all.extend(self.arguments_of(function, place, false, inner));
                }
                Given::Rest(function, place) => {
                    all.extend(self.arguments_of(function, place, true, inner));
                }
            }
            self.bounded(&mut all);
        }
        if all.is_empty() {
            all.push(Value::unknown());
        }
        all
    }

    /// Returns what the calls of a function give one of its parameters.
    fn arguments_of(&self, number: usize, place: usize, rest: bool, when: When) -> Values {
        let Some(function) = self.index.function(number) else {
            return vec![Value::unknown()];
        };
        let Some(param) = function.params.get(place) else {
            return vec![Value::unknown()];
        };
        let mut all = Vec::new();
        let direct = self.index.calls(&function.name);
        let chosen = match direct.is_empty() {
            true => self.calls_of_chosen(),
            false => Vec::new(),
        };
        let calls = direct.iter().chain(&chosen);
        for (count, at) in calls.filter(|at| self.runs(**at)).enumerate() {
            if count >= MAX_CALLS {
                self.cut();
                all.push(Value::unknown());
                break;
            }
            let inner = When {
                at: *at,
                depth: when.depth + 1,
            };
            let arguments = self.arguments(*at);
            if rest {
                let given = arguments.positional.get(place..).unwrap_or_default();
                let items: Vec<Values> = given.iter().map(|part| self.read(*part, inner)).collect();
                all.extend(crossed(items));
                continue;
            }
            let named = arguments.named(&param.name);
            match named.or_else(|| arguments.positional.get(place).copied()) {
                Some(part) => all.extend(self.read(part, inner)),
                None => match param.default {
                    Some(part) => all.extend(self.read(part, inner)),
                    None => all.push(Value::unknown()),
                },
            }
            self.bounded(&mut all);
        }
        if all.is_empty() {
            match param.default {
                Some(part) => return self.read(part, when.deeper()),
                None => all.push(Value::unknown()),
            }
        }
        all
    }

    /// A string with its holes filled in.
    fn filled(&self, text: &str, at: usize, when: When) -> Values {
        let holes = self.index.holes(at);
        if holes.is_empty() {
            return vec![Value::Text(text.to_owned())];
        }
        let mut all = vec![String::new()];
        let mut holes = holes.iter();
        for piece in text.split_inclusive(HOLE) {
            let (plain, hole) = match piece.strip_suffix(HOLE) {
                Some(plain) => (plain, holes.next()),
                None => (piece, None),
            };
            for one in &mut all {
                one.push_str(plain);
            }
            if !piece.ends_with(HOLE) {
                continue;
            }
            let values = match hole {
                Some(part) => self.read(self.unformatted(*part), when.deeper()),
                None => vec![Value::unknown()],
            };
            let more = values.iter().map(spelled);
            let more: Vec<String> = more.collect();
            all = all
                .iter()
                .flat_map(|one| more.iter().map(move |more| format!("{one}{more}")))
                .take(MAX_READINGS + 1)
                .collect();
        }
        all.into_iter().map(Value::Text).collect()
    }

    /// `{x!r:>10}` of Python: what follows the expression is a format.
    fn unformatted(&self, part: Part) -> Part {
        if self.index.language != Language::Python {
            return part;
        }
        let mut at = part.from;
        while at < part.to {
            if matches!(self.index.sign(at), Some(':' | '!')) {
                return Part::new(part.from, at);
            }
            at = self.index.after(at);
        }
        part
    }

    /// The elements of a list; a comprehension is a list of what its head may be.
    pub fn list(&self, inside: Part, when: When) -> Values {
        let mut loops = (inside.from..inside.to)
            .filter(|at| self.index.name(*at) == Some("for"))
            .filter(|at| self.index.around(*at) == self.index.around(inside.from));
        if self.index.language == Language::Python
            && let Some(word) = loops.next()
        {
            let head = Part::new(inside.from, word);
            let inner = When { at: word, ..when };
            return vec![Value::List(self.read(head, inner.deeper()))];
        }
        let items = self
            .index
            .split(inside, ',')
            .into_iter()
            .filter(|part| part.from < part.to)
            .map(|part| {
                let splat = matches!(self.index.sign(part.from), Some('*' | '.'));
                let values = self.read(part, when.deeper());
                (values, splat)
            });
        let mut lists: Vec<Vec<Value>> = vec![Vec::new()];
        for (values, splat) in items {
            if let [only] = values.as_slice() {
                for list in &mut lists {
                    add(list, only.clone(), splat);
                }
                continue;
            }
            let mut next = Vec::new();
            for list in &lists {
                for value in &values {
                    if next.len() <= MAX_READINGS {
                        let mut list = list.clone();
                        add(&mut list, value.clone(), splat);
                        next.push(list);
                    }
                }
            }
            lists = next;
        }
        lists.into_iter().map(Value::List).collect()
    }
}
