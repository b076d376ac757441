//! Expressions that the words of the command line decide for certain: `sys.argv[1] == 'list'`, `process.argv.includes('--dry-run')`.
//! It gives one answer or none; a name that anything could change has none.

use super::super::index::{Binding, Given, Index, Part};
use super::super::tokens::{Language, Token};
use super::{Reader, Value};

/// Expressions inside expressions, and names for them.
const MAX_DEPTH: usize = 10;
/// Signs of one operator.
const MAX_OPERATOR: usize = 3;
/// Methods that change the list that they are called on.
pub(super) const CHANGES: [&str; 17] = [
    "append",
    "extend",
    "insert",
    "pop",
    "remove",
    "clear",
    "push",
    "unshift",
    "shift",
    "splice",
    "reverse",
    "fill",
    "delete",
    "delete_if",
    "reject!",
    "update",
    "concat",
];

/// What an expression is for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Sure {
    Nothing,
    Truth(bool),
    Number(i64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    /// A number with a point, a date: only whether it counts as true.
    Other(bool),
}

impl Sure {
    /// Tells whether it counts as true, in the ways of the language.
    pub fn holds(&self, language: Language) -> bool {
        match self {
            Self::Nothing => false,
            Self::Truth(is) | Self::Other(is) => *is,
            Self::Number(number) => *number != 0 || language == Language::Ruby,
            Self::Text(text) => {
                let zero = language == Language::Perl && text == "0";
                !text.is_empty() && !zero || language == Language::Ruby
            }
            Self::List(items) => {
                !items.is_empty() || matches!(language, Language::Javascript | Language::Ruby)
            }
            Self::Map(entries) => {
                !entries.is_empty() || matches!(language, Language::Javascript | Language::Ruby)
            }
        }
    }

    pub fn texts(items: Vec<String>) -> Self {
        Self::List(items.into_iter().map(Self::Text).collect())
    }

    /// Returns what a key leads to.
    pub fn key(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns a value as an expression of the code reads it; what has no text is unknown.
    pub fn reading(&self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text.clone()),
            Self::Number(number) => Value::Text(number.to_string()),
            Self::List(items) => Value::List(items.iter().map(Self::reading).collect()),
            Self::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), value.reading()))
                    .collect(),
            ),
            Self::Nothing | Self::Truth(_) | Self::Other(_) => Value::unknown(),
        }
    }

    pub fn value(&self) -> Option<Value> {
        match self {
            Self::Text(_) | Self::List(_) | Self::Map(_) => Some(self.reading()),
            _ => None,
        }
    }
}

impl Reader<'_> {
    /// Returns what an expression is; nothing where it is not certain.
    pub(in super::super) fn sure(&self, part: Part, depth: usize) -> Option<Sure> {
        let mut part = self.plain(part);
        // `new Set(list)`.
        let makes = |at: usize, name: &str| self.index.name(at) == Some(name);
        if makes(part.from, "new") && makes(part.from + 1, "Set") {
            part = Part::new(part.from + 1, part.to);
        }
        if !self.told || depth > MAX_DEPTH || part.from >= part.to || self.is_spent() {
            return None;
        }
        if self.index.language == Language::Python && self.is_tuple(part) {
            let items = self.index.split(part, ',').into_iter();
            let items = items.map(|item| self.sure(item, depth + 1));
            return Some(Sure::List(items.collect::<Option<_>>()?));
        }
        if let Some((first, condition, other)) = self.chosen_by(part) {
            let chosen = if self.truth(condition, depth + 1)? {
                first
            } else {
                other
            };
            return self.sure(chosen, depth + 1);
        }
        for (parts, stops) in [(self.either(part), true), (self.both(part), false)] {
            let Some((last, before)) = parts.split_last().filter(|(_, more)| !more.is_empty())
            else {
                continue;
            };
            for part in before {
                let one = self.sure(*part, depth + 1)?;
                if one.holds(self.index.language) == stops {
                    return Some(one);
                }
            }
            return self.sure(*last, depth + 1);
        }
        if let Some(rest) = self.turned(part) {
            return self.truth(rest, depth + 1).map(|is| Sure::Truth(!is));
        }
        if let Some(found) = self.compared(part, depth) {
            return found.map(Sure::Truth);
        }
        self.added_up(part, depth)
    }

    /// A part without blank lines and brackets around it.
    pub(in super::super) fn plain(&self, part: Part) -> Part {
        let mut part = self.index.trimmed(part);
        while self.index.is_sign(part.from, '(') && self.index.after(part.from) == part.to {
            let tuple =
                |inside: &Part| self.index.language == Language::Python && self.is_tuple(*inside);
            let Some(inside) = self.index.inside(part.from).filter(|inside| !tuple(inside)) else {
                break;
            };
            part = self.index.trimmed(inside);
        }
        part
    }

    /// `a if c else b`, `c ? a : b`: what is chosen, by what, and what else.
    pub(super) fn chosen_by(&self, part: Part) -> Option<(Part, Part, Part)> {
        let index = self.index;
        if index.language == Language::Python {
            let condition = top(index, part, |at| index.name(at) == Some("if"))?;
            let behind = Part::new(condition + 1, part.to);
            let other = top(index, behind, |at| index.name(at) == Some("else"))?;
            return Some((
                Part::new(part.from, condition),
                Part::new(condition + 1, other),
                Part::new(other + 1, part.to),
            ));
        }
        let is = |at: usize, sign: char| index.is_sign(at, sign);
        let mark = top(index, part, |at| {
            is(at, '?')
                && !is(at + 1, '?')
                && !is(at + 1, '.')
                && at > part.from
                && !is(at - 1, '?')
        })?;
        // `include?(x)` of Ruby.
        if is(mark + 1, '(') && index.language == Language::Ruby {
            return None;
        }
        let colon = top(index, Part::new(mark + 1, part.to), |at| {
            matches!(index.sign(at), Some(':' | '?'))
        })?;
        is(colon, ':').then(|| {
            (
                Part::new(mark + 1, colon),
                Part::new(part.from, mark),
                Part::new(colon + 1, part.to),
            )
        })
    }

    /// The parts between `or`, `||` and `??`.
    pub(super) fn either(&self, part: Part) -> Vec<Part> {
        let nothing = self.index.language == Language::Javascript;
        let mut all = apart(self.index, part, "or", '|');
        if all.len() == 1 && nothing {
            all = apart(self.index, part, "", '?');
        }
        all
    }

    /// The parts between `and` and `&&`.
    pub(super) fn both(&self, part: Part) -> Vec<Part> {
        apart(self.index, part, "and", '&')
    }

    /// What stands behind `not` and `!`.
    pub(super) fn turned(&self, part: Part) -> Option<Part> {
        let index = self.index;
        let sign = index.is_sign(part.from, '!')
            && !index.is_sign(part.from + 1, '=')
            && !index.is_sign(part.from + 1, '~');
        let is = sign && index.language != Language::Python || index.name(part.from) == Some("not");
        // `!a == b` of JavaScript binds the other way round.
        let rest = Part::new(part.from + 1, part.to);
        let compares = sign && self.operator(rest).is_some();
        (is && !compares).then_some(rest)
    }

    /// `a == b`, `a in b`: nothing where nothing is compared, and no answer where it is not certain.
    fn compared(&self, part: Part, depth: usize) -> Option<Option<bool>> {
        let (at, end, operator) = self.operator(part)?;
        let sides = || {
            let left = self.sure(Part::new(part.from, at), depth + 1)?;
            let right = self.sure(Part::new(end, part.to), depth + 1)?;
            Some((left, right))
        };
        let Some((left, right)) = sides() else {
            return Some(None);
        };
        // Elsewhere `in` asks for a place, and two lists are never the same one.
        let both = matches!((&left, &right), (Sure::List(_), Sure::List(_)));
        let lists = (both || operator.ends_with("in")) && self.index.language != Language::Python;
        Some(answer(&left, &operator, &right).filter(|_| !lists))
    }

    /// Finds the operator of a comparison: where it stands, where it ends, and which it is.
    fn operator(&self, part: Part) -> Option<(usize, usize, String)> {
        let index = self.index;
        let mut at = part.from;
        while at < part.to {
            match index.token(at) {
                Some(Token::Sign('=' | '!' | '<' | '>')) => {
                    let mut end = at;
                    let mut all = String::new();
                    while let Some(sign) = index.sign(end).filter(|sign| "=!<>".contains(*sign))
                        && all.len() < MAX_OPERATOR
                        && end < part.to
                    {
                        all.push(sign);
                        end += 1;
                    }
                    return Some((at, end, all));
                }
                Some(Token::Name { name, .. }) if at > part.from => match name.as_str() {
                    "in" | "is" => {
                        let more = index.name(at + 1) == Some("not");
                        let word = if more {
                            format!("not {name}")
                        } else {
                            name.clone()
                        };
                        return Some((at, at + 1 + usize::from(more), word));
                    }
                    "not" if index.name(at + 1) == Some("in") => {
                        return Some((at, at + 2, "not in".to_owned()));
                    }
                    "eq" | "ne" if index.language == Language::Perl => {
                        let sign = if name == "eq" { "==" } else { "!=" };
                        return Some((at, at + 1, sign.to_owned()));
                    }
                    _ => {}
                },
                _ => {}
            }
            at = index.after(at);
        }
        None
    }

    /// Operands with `+` between.
    fn added_up(&self, part: Part, depth: usize) -> Option<Sure> {
        let index = self.index;
        if let Some(name) = self.symbol(part) {
            return Some(Sure::Text(name.to_owned()));
        }
        if let Some(number) = number(index, part) {
            return Some(Sure::Number(number));
        }
        let parts = index.split(part, '+');
        let [only] = parts.as_slice() else {
            let mut parts = parts.into_iter();
            let mut all = self.sure(parts.next()?, depth + 1)?;
            for part in parts {
                all = match (all, self.sure(part, depth + 1)?) {
                    (Sure::Number(left), Sure::Number(right)) => {
                        Sure::Number(left.checked_add(right)?)
                    }
                    (Sure::Text(left), Sure::Text(right)) => Sure::Text(left + &right),
                    _ => return None,
                };
            }
            return Some(all);
        };
        if *only != part {
            return None;
        }
        self.chained(part, depth)
    }

    /// `:name` of Ruby.
    pub(super) fn symbol(&self, part: Part) -> Option<&str> {
        let ruby = self.index.language == Language::Ruby;
        let is = ruby && self.index.is_sign(part.from, ':') && part.to == part.from + 2;
        self.index.name(part.from + 1).filter(|_| is)
    }

    /// One operand with what is asked of it.
    fn chained(&self, part: Part, depth: usize) -> Option<Sure> {
        let index = self.index;
        let (mut value, mut at) = match index.token(part.from)? {
            Token::Text { text, holes, .. } if holes.is_empty() => {
                (Sure::Text(text.clone()), part.from + 1)
            }
            Token::Text { .. } => (self.surely_filled(part.from, depth)?, part.from + 1),
            Token::Sign('[') if self.is_comprehension(part.from) => (
                self.comprehended(index.inside(part.from)?, depth)?,
                index.after(part.from),
            ),
            Token::Sign('[') => {
                let inside = index.inside(part.from)?;
                let items = index.split(inside, ',');
                let items = items.into_iter().map(|part| self.sure(part, depth + 1));
                (
                    Sure::List(items.collect::<Option<_>>()?),
                    index.after(part.from),
                )
            }
            Token::Sign('(') => {
                let inside = index.inside(part.from)?;
                let items = index.split(inside, ',');
                let value = if index.language == Language::Python && items.len() > 1 {
                    let items = items.into_iter().map(|part| self.sure(part, depth + 1));
                    Sure::List(items.collect::<Option<_>>()?)
                } else {
                    self.sure(inside, depth + 1)?
                };
                (value, index.after(part.from))
            }
            Token::Name { name, .. } => match self.entry_of(name, part.from, depth) {
                Some(found) => found,
                None => self.sure_name(&name.clone(), part, depth)?,
            },
            Token::Sign('{') if index.language == Language::Python => {
                let key = index.after(part.from);
                (self.entry_under(part.from, key, depth)?, index.after(key))
            }
            _ => return None,
        };
        while at < part.to {
            match index.token(at)? {
                Token::Sign('[') => {
                    value = self.at_place(&value, index.inside(at)?, depth)?;
                    at = index.after(at);
                }
                Token::Name { name, .. } if name.starts_with('.') => {
                    let (open, next) = self.given_to(at, part.to);
                    let method = name.trim_start_matches('.');
                    value = self.asked(&value, method, open, depth)?;
                    at = next;
                }
                _ => return None,
            }
        }
        Some(value)
    }

    /// `QUERIES[args.what]` of a table that the code writes down: what stands under the key, and where the subscript ends.
    fn entry_of(&self, name: &str, at: usize, depth: usize) -> Option<(Sure, usize)> {
        let index = self.index;
        if index.language != Language::Python || !index.is_sign(at + 1, '[') {
            return None;
        }
        if self.full(name) == "os.environ" {
            let text = self.variable(index.inside(at + 1)?)?;
            return Some((Sure::Text(text), index.after(at + 1)));
        }
        let [binding] = index.bindings(name) else {
            return None;
        };
        let Given::Is(part, None) = binding.given else {
            return None;
        };
        let open = index.trimmed(part).from;
        if !index.is_sign(open, '{') || self.is_changed(name, Some(binding.at)) {
            return None;
        }
        let value = self.entry_under(open, at + 1, depth)?;
        Some((value, index.after(at + 1)))
    }

    /// What stands in a table that is written out, under the key in brackets.
    fn entry_under(&self, open: usize, key: usize, depth: usize) -> Option<Sure> {
        let index = self.index;
        let asked = index.inside(key).filter(|_| index.is_sign(key, '['))?;
        let Sure::Text(key) = self.sure(asked, depth + 1)? else {
            return None;
        };
        let entries = index.split(index.inside(open)?, ',');
        let plain = |entry: &Part| {
            index.is_text(entry.from)
                && index.holes(entry.from).is_empty()
                && index.is_sign(entry.from + 1, ':')
        };
        let mut entries = entries.iter().filter(|entry| entry.from < entry.to);
        if !entries.clone().all(plain) {
            return None;
        }
        let says = |entry: &&Part| matches!(index.token(entry.from), Some(Token::Text { text, .. }) if *text == key);
        let entry = entries.rfind(says)?;
        self.sure(Part::new(entry.from + 2, entry.to), depth + 1)
    }

    fn is_comprehension(&self, open: usize) -> bool {
        let inside = self.index.inside(open).unwrap_or_default();
        self.index.language == Language::Python
            && top(self.index, inside, |at| self.index.name(at) == Some("for")).is_some()
    }

    /// Returns the brackets behind a name, and where they end.
    fn given_to(&self, at: usize, end: usize) -> (Option<Part>, usize) {
        let index = self.index;
        let asks = index.is_sign(at + 1, '?') && index.language == Language::Ruby;
        let open = at + 1 + usize::from(asks);
        if open < end && index.is_sign(open, '(') {
            return (index.inside(open), index.after(open));
        }
        (None, open)
    }

    /// A name, or a call by that name; and where it ends.
    fn sure_name(&self, name: &str, part: Part, depth: usize) -> Option<(Sure, usize)> {
        let index = self.index;
        self.here.set(part.from);
        let (inside, next) = self.given_to(part.from, part.to);
        let word = match name {
            "True" | "true" => Some(Sure::Truth(true)),
            "False" | "false" => Some(Sure::Truth(false)),
            "None" | "null" | "undefined" | "nil" => Some(Sure::Nothing),
            _ => None,
        };
        if let Some(word) = word.filter(|_| inside.is_none()) {
            return Some((word, next));
        }
        let Some(inside) = inside else {
            return Some((self.sure_dotted(name, depth)?, next));
        };
        if let Some(value) = self.surely_loaded(&self.full(name), inside, part.from) {
            return Some((value, next));
        }
        if matches!(self.full(name).as_str(), "os.environ.get" | "os.getenv")
            && let Some(text) = self.variable(*index.split(inside, ',').first()?)
        {
            return Some((Sure::Text(text), next));
        }
        if matches!(
            name,
            "len"
                | "bool"
                | "Boolean"
                | "list"
                | "set"
                | "Set"
                | "tuple"
                | "frozenset"
                | "str"
                | "String"
                | "new"
        ) && index.function_named(name).is_none()
        {
            let value = self.sure(inside, depth + 1)?;
            let value = match (name, value) {
                ("len", Sure::List(items)) => Sure::Number(i64::try_from(items.len()).ok()?),
                ("len", Sure::Map(entries)) => Sure::Number(i64::try_from(entries.len()).ok()?),
                ("len", Sure::Text(text)) => {
                    Sure::Number(i64::try_from(text.chars().count()).ok()?)
                }
                ("bool" | "Boolean", value) => Sure::Truth(value.holds(index.language)),
                ("list" | "tuple" | "set" | "Set" | "frozenset", value @ Sure::List(_))
                | ("str" | "String", value @ Sure::Text(_)) => value,
                _ => return None,
            };
            return Some((value, next));
        }
        let (owner, method) = name
            .rsplit_once('.')
            .filter(|(owner, _)| !owner.is_empty())?;
        let value = self.sure_dotted(owner, depth)?;
        Some((self.asked(&value, method, Some(inside), depth)?, next))
    }

    /// `settings.clean.allow`: a name, or what is asked of one without brackets.
    fn sure_dotted(&self, name: &str, depth: usize) -> Option<Sure> {
        if let Some(value) = self.sure_variable(name, depth) {
            return Some(value);
        }
        let (owner, last) = name
            .rsplit_once('.')
            .filter(|(owner, _)| !owner.is_empty() && depth <= MAX_DEPTH)?;
        let value = self.sure_dotted(owner, depth + 1)?;
        self.asked(&value, last, None, depth)
    }

    /// What a name stands for that nothing changes.
    pub(super) fn sure_variable(&self, name: &str, depth: usize) -> Option<Sure> {
        let index = self.index;
        self.known_args()?;
        if let Some(taken) = self.taken(name) {
            return Some(taken);
        }
        if let Some((sections, certain)) = self.sections(name) {
            return certain.then_some(sections);
        }
        if let Some(options) = self.declared_options(name, depth) {
            return Some(options);
        }
        let bindings = index.bindings(name);
        let mut live = bindings.iter().filter(|one| self.runs(one.at));
        // What is given in a branch that is not taken is not given.
        let live = match (live.next(), live.next()) {
            (Some(only), None) => std::slice::from_ref(only),
            _ => bindings,
        };
        match live {
            [] => {
                let full = self.full(name);
                if let Some(Value::List(items)) = self.argv(&full) {
                    if index.language == Language::Perl || self.is_changed(name, None) {
                        return None;
                    }
                    let texts = items.into_iter().map(|item| match item {
                        Value::Text(text) => Some(Sure::Text(text)),
                        Value::List(_) | Value::Map(_) => None,
                    });
                    return Some(Sure::List(texts.collect::<Option<_>>()?));
                }
                let (owner, wanted) = name.rsplit_once('.')?;
                self.sure_option(owner, wanted, depth)
            }
            [binding] if !name.contains('.') => self.surely_given(name, binding, depth),
            _ => None,
        }
    }

    /// What the one place gives that gives a name something.
    fn surely_given(&self, name: &str, binding: &Binding, depth: usize) -> Option<Sure> {
        let index = self.index;
        let (part, place) = match binding.given {
            Given::Is(part, place) => (part, place),
            Given::Tail(part, place) if !self.is_changed(name, Some(binding.at)) => {
                let Sure::List(items) = self.sure(part, depth + 1)? else {
                    return None;
                };
                return Some(Sure::List(items.into_iter().skip(place).collect()));
            }
            Given::Param(number, place)
                if (self.settled || self.standing.settings.is_empty())
                    && !self.is_changed(name, Some(binding.at)) =>
            {
                return self.sure_argument(number, place, depth);
            }
            _ => return None,
        };
        let declared = binding
            .at
            .checked_sub(1)
            .and_then(|at| index.name(at))
            .is_some_and(|word| matches!(word, "const" | "let" | "var" | "my"));
        let open = index.around(binding.at).filter(|_| place.is_some());
        let taken_apart = open
            .and_then(|open| open.checked_sub(1))
            .and_then(|at| index.name(at))
            .is_some_and(|word| matches!(word, "const" | "let" | "var"));
        let certain = declared || taken_apart || index.language == Language::Python;
        if !certain || self.is_changed(name, Some(binding.at)) {
            return None;
        }
        let value = self.sure(part, depth + 1)?;
        match (place, value) {
            (None, value) => Some(value),
            // Python wants as many as there are names.
            (Some(place), Sure::List(items)) if index.language == Language::Python => {
                items.get(place).cloned()
            }
            (Some(place), Sure::List(items)) if taken_apart => match items.get(place) {
                Some(item) => Some(item.clone()),
                // `[dir = 'data']` says what it is then.
                None => (!index.is_sign(binding.at + 1, '=')).then_some(Sure::Nothing),
            },
            _ => None,
        }
    }

    /// Tells whether something of the code may change what a name stands for, besides the place that gives it.
    pub(in super::super) fn is_changed(&self, name: &str, given: Option<usize>) -> bool {
        let key = (name.to_owned(), given);
        if let Some(known) = self.changed.borrow().get(&key) {
            return *known;
        }
        self.spend(self.index.main_end() / 16);
        let is = is_changed(self.index, name, given, |at| self.runs(at))
            || super::changes::escapes(self.index, name, given);
        self.changed.borrow_mut().insert(key, is);
        is
    }

    /// `= …`, `+= …`, `||= …`; no comparison, no arrow.
    pub(super) fn is_given(&self, at: usize) -> bool {
        is_given(self.index, at)
    }
}

/// Tells whether something of a code may change what a name stands for, besides the place that gives it.
pub(super) fn is_changed(
    index: &Index,
    name: &str,
    given: Option<usize>,
    runs: impl Fn(usize) -> bool,
) -> bool {
    let front = format!("{name}.");
    (0..index.main_end()).any(|at| {
        let Some(found) = index.name(at).filter(|_| Some(at) != given) else {
            return false;
        };
        if found != name && !found.starts_with(&front) || !runs(at) {
            return false;
        }
        if let Some(method) = found.strip_prefix(&front) {
            return CHANGES.contains(&method);
        }
        if found != name {
            return false;
        }
        let before = |by: usize| at.checked_sub(by);
        let word = before(1).and_then(|at| index.name(at));
        let twice = |at: usize, sign: char| index.is_sign(at, sign) && index.is_sign(at + 1, sign);
        let steps = ['+', '-']
            .iter()
            .any(|sign| twice(at + 1, *sign) || before(2).is_some_and(|at| twice(at, *sign)));
        let mut behind = at + 1;
        while index.is_sign(behind, '[') {
            behind = index.after(behind);
        }
        let around = index.around(at);
        let apart = around.is_some_and(|open| {
            matches!(index.sign(open), Some('{' | '[')) && is_given(index, index.after(open))
        });
        steps || word == Some("del") || word == Some("delete") || apart || is_given(index, behind)
    })
}

/// `= …`, `+= …`, `||= …`; no comparison, no arrow.
pub(super) fn is_given(index: &Index, at: usize) -> bool {
    let mut end = at;
    while index
        .sign(end)
        .is_some_and(|sign| "+-*/|&?%^".contains(sign))
        && end < at + 3
    {
        end += 1;
    }
    index.is_sign(end, '=') && !matches!(index.sign(end + 1), Some('=' | '>' | '~'))
}

/// Finds a token that stands in no bracket of a part.
pub(super) fn top(index: &Index, part: Part, is: impl Fn(usize) -> bool) -> Option<usize> {
    let mut at = part.from;
    while at < part.to {
        if is(at) {
            return Some(at);
        }
        at = index.after(at);
    }
    None
}

/// The parts between a word, or between two of a sign.
fn apart(index: &Index, part: Part, word: &str, sign: char) -> Vec<Part> {
    let words = matches!(
        index.language,
        Language::Python | Language::Ruby | Language::Perl
    );
    let signs = index.language != Language::Python;
    let mut all = Vec::new();
    let mut from = part.from;
    let mut at = part.from;
    while at < part.to {
        let width = if words && index.name(at) == Some(word) {
            1
        } else if signs && index.is_sign(at, sign) && index.is_sign(at + 1, sign) {
            2
        } else {
            at = index.after(at);
            continue;
        };
        all.push(Part::new(from, at));
        at += width;
        from = at;
    }
    all.push(Part::new(from, part.to));
    all
}

/// Numbers are cut into signs, one for each digit.
pub(in super::super) fn number(index: &Index, part: Part) -> Option<i64> {
    let signs = (part.from..part.to).map(|at| index.sign(at));
    let text: String = signs.collect::<Option<_>>()?;
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// Compares what is certain.
fn answer(left: &Sure, operator: &str, right: &Sure) -> Option<bool> {
    let same = || match (left, right) {
        (Sure::Nothing, Sure::Nothing) => Some(true),
        (Sure::Nothing, Sure::Text(_) | Sure::List(_) | Sure::Number(_) | Sure::Map(_))
        | (Sure::Text(_) | Sure::List(_) | Sure::Number(_) | Sure::Map(_), Sure::Nothing) => {
            Some(false)
        }
        (Sure::Number(left), Sure::Number(right)) => Some(left == right),
        (Sure::List(left), Sure::List(right)) => Some(left == right),
        (Sure::Text(left), Sure::Text(right)) => Some(left == right),
        (Sure::Truth(left), Sure::Truth(right)) => Some(left == right),
        _ => None,
    };
    let order = || match (left, right) {
        (Sure::Number(left), Sure::Number(right)) => Some(left.cmp(right)),
        _ => None,
    };
    match operator {
        "==" | "===" | "is" => same(),
        "!=" | "!==" | "not is" => same().map(|is| !is),
        "<" => order().map(std::cmp::Ordering::is_lt),
        "<=" => order().map(std::cmp::Ordering::is_le),
        ">" => order().map(std::cmp::Ordering::is_gt),
        ">=" => order().map(std::cmp::Ordering::is_ge),
        "in" | "not in" => match (left, right) {
            (text @ Sure::Text(_), Sure::List(items)) => {
                Some(items.contains(text) == (operator == "in"))
            }
            (Sure::Text(key), map @ Sure::Map(_)) => {
                Some(map.key(key).is_some() == (operator == "in"))
            }
            _ => None,
        },
        _ => None,
    }
}
