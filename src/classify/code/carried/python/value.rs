//! Values of Python while a script is carried out: numbers, texts, collections, functions, classes, objects.
//! They do nothing by themselves; what is not known stays so, and nothing is decided on it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jiff::civil::DateTime;

use regex::Regex;
use ruff_python_ast::{ExprGenerator, ExprLambda, StmtFunctionDef};

use super::super::value::{Stop as Halt, Time};
use super::calls::Given;
use super::database::{Connection, Cursor};
use super::frame::{Frame, Names};
use super::library::files::File;

pub(super) type Items = Rc<RefCell<Vec<Value>>>;
pub(super) type Entries = Rc<RefCell<Map>>;

/// What an expression is.
#[derive(Clone)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    List(Items),
    Tuple(Rc<Vec<Self>>),
    Dict(Entries),
    /// What of a map is seen, as it stands when somebody looks: `keys()`, `values()`, `items()`.
    View(Entries, Part),
    /// `collections.deque`
    Deque(Items),
    /// The second is true where it cannot be changed.
    Set(Entries, bool),
    Range(i128, i128, i128),
    /// A path of `pathlib`, as it is written.
    Path(Rc<str>),
    /// Something of the library, by its full name.
    Library(&'static str),
    /// A method of a value that is no object.
    Method(Rc<(Self, Rc<str>)>),
    Function(Rc<Function>),
    Module(Rc<Frame>),
    Class(Rc<Class>),
    Object(Rc<Object>),
    Generator(Rc<Generator>),
    Pattern(Rc<Regex>),
    Match(Rc<Found>),
    Time(Time, Clock),
    /// A span of time in seconds.
    Span(f64),
    /// A moment that is known, by the clock on the wall; the second is true for a `date`.
    Date(DateTime, bool),
    File(Rc<RefCell<File>>),
    Database(Rc<Connection>),
    Cursor(Rc<Cursor>),
    Unknown(Kind),
}

/// What of a map is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Keys,
    Values,
    Pairs,
}

/// What is known of a value that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// It comes from what only reckons: neither it nor what is made of it does anything.
    Inert,
    /// A path of `pathlib`.
    Place,
    Any,
}

/// How a moment is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// Seconds.
    Number,
    /// `datetime` of the place where the script runs, which it does not name.
    Moment,
    /// `datetime` of universal time, which it does not name either.
    Universal,
    /// `datetime` that names its zone.
    Zoned,
    /// `date` of the place where the script runs.
    Day,
    /// `timedelta`.
    Span,
}

/// What a pattern has found: groups with their places, in characters.
pub(super) struct Found {
    pub groups: Vec<Option<(String, usize, usize)>>,
    pub names: HashMap<String, usize>,
}

/// Why a code does not go on.
#[derive(Clone)]
pub(super) enum Stop {
    Next,
    Last,
    Return(Value),
    Raise(Value),
    /// Whoever takes the values of this generator wants no more.
    Enough(usize),
    /// It cannot be told how it goes on.
    Lost,
}

pub(super) type Outcome<T> = Result<T, Stop>;

impl From<Halt> for Stop {
    fn from(_: Halt) -> Self {
        Self::Lost
    }
}

/// What a function consists of.
pub(super) enum Body {
    Define(Rc<StmtFunctionDef>),
    Lambda(Rc<ExprLambda>),
}

/// How a function of a class is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bond {
    Plain,
    Static,
    Class,
    Property,
    /// `@contextmanager`
    Context,
}

pub(super) struct Function {
    pub name: String,
    pub body: Body,
    /// Defaults by the names of their parameters.
    pub defaults: HashMap<String, Value>,
    pub frame: Rc<Frame>,
    pub names: Rc<Names>,
    pub bond: Bond,
    /// The class in which it was written.
    pub class: RefCell<Option<Rc<Class>>>,
    pub attributes: RefCell<BTreeMap<String, Value>>,
}

/// What is handed to a function before the call: `functools.partial`, a method.
pub(super) struct Class {
    pub name: String,
    /// The classes above it, in the order in which names are looked up.
    pub above: Vec<Rc<Self>>,
    pub names: RefCell<Map>,
    /// Fields of a dataclass or a named tuple, with whether they have a default.
    pub fields: RefCell<Option<Fields>>,
    /// An exception of the language itself.
    pub builtin: bool,
}

/// Fields of a dataclass or a named tuple.
#[derive(Clone, Default)]
pub(super) struct Fields {
    pub names: Vec<String>,
    /// Those that are not compared.
    pub apart: Vec<String>,
    pub frozen: bool,
    /// They say which of two objects is the greater one.
    pub ordered: bool,
    pub tuple: bool,
}

pub(super) struct Object {
    pub class: Rc<Class>,
    pub names: RefCell<BTreeMap<String, Value>>,
}

/// A generator that has not begun.
pub(super) struct Generator {
    pub source: Source,
    pub state: Cell<State>,
    /// It goes through folders that are looked into only then.
    pub looks: RefCell<Option<Look>>,
    /// It goes through a list as that is by then, and so far it has come.
    pub live: RefCell<Option<(Items, usize)>>,
}

/// When a generator has looked into the folders that it goes through.
#[derive(Clone)]
pub(super) struct Look {
    /// The method of a path that looks again.
    pub again: Option<(Rc<str>, &'static str, Given)>,
    /// How often the code had changed something by then.
    pub changes: usize,
    /// It goes through folders below as well, one after the other.
    pub deep: bool,
    pub begun: bool,
}

/// How far a generator has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    New,
    /// Somebody has taken some of its values and then no more.
    Left,
    Over,
}

pub(super) enum Source {
    Function(Rc<Function>, Rc<Frame>),
    Expression(Rc<ExprGenerator>, Rc<Frame>, Value),
    /// Values that are all there.
    Items(RefCell<std::collections::VecDeque<Value>>),
    /// `map`, `filter` and `enumerate`.
    Each(Way, Value, Value),
    /// `os.walk`: where it begins, and whether the upper folders come first.
    Walk(Rc<str>, bool),
}

/// What is made of each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Map,
    Filter,
    Count,
    /// The function gets what several lists have at one place.
    Spread,
    /// One list behind the other.
    Chain,
}

/// A map in the order in which its keys came.
#[derive(Clone, Default)]
pub(super) struct Map {
    index: HashMap<String, u64>,
    order: BTreeMap<u64, (Value, Value)>,
    next: u64,
    /// What a missing key gets: `defaultdict`, `Counter`.
    pub missing: Option<Value>,
    /// It counts.
    pub counts: bool,
    /// The order of its keys is a part of it: `OrderedDict`.
    pub ordered: bool,
    /// It stands so in the script or in a file.
    pub told: bool,
}

impl Map {
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn get(&self, key: &Value) -> Outcome<Option<Value>> {
        let at = self.index.get(&hashed(key)?);
        Ok(at
            .and_then(|at| self.order.get(at))
            .map(|(_, value)| value.clone()))
    }

    pub fn named(&self, name: &str) -> Option<Value> {
        self.get(&Value::text(name)).ok().flatten()
    }

    pub fn set(&mut self, key: Value, value: Value) -> Outcome<()> {
        self.told = false;
        let hash = hashed(&key)?;
        if let Some(entry) = self.index.get(&hash).and_then(|at| self.order.get_mut(at)) {
            entry.1 = value;
            return Ok(());
        }
        self.next += 1;
        self.index.insert(hash, self.next);
        self.order.insert(self.next, (key, value));
        Ok(())
    }

    pub fn remove(&mut self, key: &Value) -> Outcome<Option<Value>> {
        let at = self.index.remove(&hashed(key)?);
        Ok(at
            .and_then(|at| self.order.remove(&at))
            .map(|(_, value)| value))
    }

    /// Takes the entry at one end.
    pub fn end(&mut self, last: bool) -> Option<(Value, Value)> {
        let (_, (key, value)) = match last {
            true => self.order.pop_last()?,
            false => self.order.pop_first()?,
        };
        if let Ok(hash) = hashed(&key) {
            self.index.remove(&hash);
        }
        Some((key, value))
    }

    pub fn clear(&mut self) {
        self.index.clear();
        self.order.clear();
    }

    pub fn keys(&self) -> Vec<Value> {
        self.order.values().map(|(key, _)| key.clone()).collect()
    }

    pub fn values(&self) -> Vec<Value> {
        self.order
            .values()
            .map(|(_, value)| value.clone())
            .collect()
    }

    pub fn entries(&self) -> Vec<(Value, Value)> {
        self.order.values().cloned().collect()
    }
}

/// Parts of one key.
const MAX_PARTS: usize = 2_000;

/// Returns what tells one key from another.
pub(super) fn hashed(value: &Value) -> Outcome<String> {
    hashed_part(value, &mut 0)
}

fn hashed_part(value: &Value, parts: &mut usize) -> Outcome<String> {
    *parts += 1;
    if *parts > MAX_PARTS {
        return Err(Stop::Lost);
    }
    Ok(match value {
        Value::None => "n".to_owned(),
        Value::Bool(is) => format!("i{}", i32::from(*is)),
        Value::Int(number) => format!("i{number}"),
        #[expect(clippy::cast_possible_truncation, reason = "a whole number in range")]
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("i{}", *number as i128)
        }
        Value::Float(number) => format!("f{number:?}"),
        Value::Text(text) => format!("s{text}"),
        Value::Date(moment, whole) => format!("d{whole}{moment}"),
        Value::Bytes(bytes) => format!("b{bytes:?}"),
        Value::Path(path) => format!("p{path}"),
        Value::Tuple(items) => {
            let mut all = String::from("t");
            for item in items.iter() {
                let one = hashed_part(item, parts)?;
                all.push_str(&format!("{}:{one},", one.len()));
            }
            all
        }
        Value::Library(name) => format!("l{name}"),
        Value::Function(function) => format!("o{:p}", Rc::as_ptr(function)),
        Value::Class(class) => format!("o{:p}", Rc::as_ptr(class)),
        Value::Object(object) if object.is_row() => {
            let part = |name: &str| object.get(name).ok_or(Stop::Lost);
            let (Value::List(names), values) = (part("#names")?, part("#values")?) else {
                return Err(Stop::Lost);
            };
            let names = Value::tuple(names.borrow().clone());
            let (names, values) = (hashed_part(&names, parts)?, hashed_part(&values, parts)?);
            format!("r{}:{names}{values}", names.len())
        }
        // Objects that say themselves what is equal are found elsewhere.
        Value::Object(object) if object.is_plain() => format!("o{:p}", Rc::as_ptr(object)),
        _ => return Err(Stop::Lost),
    })
}

impl Object {
    /// Tells whether it is what `os.scandir` gives.
    pub fn is_entry(&self) -> bool {
        self.class.builtin && self.class.name == "DirEntry"
    }

    /// Tells whether it is a row of a database.
    pub fn is_row(&self) -> bool {
        self.class.builtin && self.class.name == "Row"
    }

    /// Tells whether nothing but itself is equal to it.
    pub fn is_plain(&self) -> bool {
        let own = ["__eq__", "__hash__"];
        let says = |class: &Rc<Class>| {
            class.fields.borrow().is_some()
                || own
                    .iter()
                    .any(|name| class.names.borrow().named(name).is_some())
        };
        let special = self.class.builtin && !self.class.is_exception();
        !special && !self.class.line().iter().any(says)
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        self.names.borrow().get(name).cloned()
    }

    pub fn set(&self, name: &str, value: Value) {
        self.names.borrow_mut().insert(name.to_owned(), value);
    }
}

impl Class {
    /// Returns the class with those above, in the order in which names are looked up.
    pub fn line(self: &Rc<Self>) -> Vec<Rc<Self>> {
        let own = std::iter::once(self).chain(&self.above);
        own.map(Rc::clone).collect()
    }

    pub fn is_below(self: &Rc<Self>, other: &Rc<Self>) -> bool {
        self.line().iter().any(|one| Rc::ptr_eq(one, other))
    }

    /// Returns what a name of the class is, with the class that says so.
    pub fn find(self: &Rc<Self>, name: &str) -> Option<Value> {
        self.line()
            .iter()
            .find_map(|class| class.names.borrow().named(name))
    }

    pub fn is_exception(self: &Rc<Self>) -> bool {
        self.line()
            .iter()
            .any(|class| class.name == "BaseException" && class.builtin)
    }
}

impl Value {
    pub fn text(text: &str) -> Self {
        Self::Text(Rc::from(text))
    }

    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(RefCell::new(items)))
    }

    pub fn tuple(items: Vec<Self>) -> Self {
        Self::Tuple(Rc::new(items))
    }

    pub fn texts<S: AsRef<str>>(all: impl IntoIterator<Item = S>) -> Self {
        Self::list(
            all.into_iter()
                .map(|one| Self::text(one.as_ref()))
                .collect(),
        )
    }

    pub fn dict(entries: Vec<(Self, Self)>) -> Outcome<Self> {
        let mut map = Map::default();
        for (key, value) in entries {
            map.set(key, value)?;
        }
        Ok(Self::Dict(Rc::new(RefCell::new(map))))
    }

    pub fn set_of(items: Vec<Self>, frozen: bool) -> Outcome<Self> {
        let mut map = Map::default();
        for item in items {
            map.set(item, Self::None)?;
        }
        Ok(Self::Set(Rc::new(RefCell::new(map)), frozen))
    }

    pub fn count(count: usize) -> Self {
        Self::Int(i128::try_from(count).unwrap_or(i128::MAX))
    }

    /// Returns values that are given one by one.
    pub fn given(items: Vec<Self>) -> Self {
        Self::generator(Source::Items(RefCell::new(items.into())))
    }

    pub fn generator(source: Source) -> Self {
        Self::Generator(Rc::new(Generator {
            source,
            state: Cell::new(State::New),
            looks: RefCell::new(None),
            live: RefCell::new(None),
        }))
    }

    /// Returns the values of a list one by one, as they are when they are taken.
    pub fn live(list: &Items) -> Self {
        let value = Self::given(Vec::new());
        if let Self::Generator(generator) = &value {
            *generator.live.borrow_mut() = Some((Rc::clone(list), 0));
        }
        value
    }

    /// Returns what was found in folders, which are looked into only when somebody asks.
    pub fn found(items: Vec<Self>, look: Look) -> Self {
        let value = Self::given(items);
        if let Self::Generator(generator) = &value {
            *generator.looks.borrow_mut() = Some(look);
        }
        value
    }

    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Tells whether nobody can change it or call it.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::None
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Bytes(_)
            | Self::Path(_)
            | Self::Span(_)
            | Self::Date(..)
            | Self::Time(..)
            | Self::Range(..)
            | Self::Unknown(_) => true,
            Self::Tuple(items) => items.iter().all(Self::is_plain),
            Self::List(items) => items.borrow().iter().all(|item| {
                matches!(
                    item,
                    Self::Int(_) | Self::Float(_) | Self::Text(_) | Self::Unknown(_)
                )
            }),
            _ => false,
        }
    }

    /// Returns how much work it is to look at it once.
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(text) | Self::Path(text) => text.len() / 64,
            Self::Bytes(bytes) => bytes.len() / 64,
            Self::Tuple(items) => items.iter().map(|item| 1 + item.shallow()).sum(),
            _ => 0,
        }
    }

    fn shallow(&self) -> usize {
        match self {
            Self::Text(text) | Self::Path(text) => text.len() / 64,
            Self::Tuple(items) => items.len(),
            _ => 0,
        }
    }

    /// Returns the whole number that it is.
    pub fn whole(&self) -> Outcome<i128> {
        match self {
            Self::Int(number) => Ok(*number),
            Self::Bool(is) => Ok(i128::from(*is)),
            _ => Err(Stop::Lost),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of scripts are small; others are told apart before"
    )]
    pub fn number(&self) -> Outcome<f64> {
        match self {
            Self::Float(number) => Ok(*number),
            Self::Int(number) if number.unsigned_abs() < 1 << 53 => Ok(*number as f64),
            Self::Bool(is) => Ok(f64::from(u8::from(*is))),
            _ => Err(Stop::Lost),
        }
    }

    /// Returns the text that it is.
    pub fn as_text(&self) -> Outcome<Rc<str>> {
        match self {
            Self::Text(text) => Ok(Rc::clone(text)),
            _ => Err(Stop::Lost),
        }
    }

    /// Returns the name of a file or folder.
    pub fn as_name(&self) -> Outcome<Rc<str>> {
        match self {
            Self::Text(text) | Self::Path(text) => Ok(Rc::clone(text)),
            Self::Object(entry) if entry.is_entry() => {
                entry.get("path").ok_or(Stop::Lost)?.as_text()
            }
            Self::Bytes(bytes) => std::str::from_utf8(bytes)
                .map(Rc::from)
                .map_err(|_| Stop::Lost),
            _ => Err(Stop::Lost),
        }
    }

    /// Tells whether two names stand for the same thing.
    pub fn is_same(&self, other: &Self) -> Outcome<bool> {
        Ok(match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Bool(one), Self::Bool(two)) => one == two,
            (Self::List(one), Self::List(two)) | (Self::Deque(one), Self::Deque(two)) => {
                Rc::ptr_eq(one, two)
            }
            (Self::Dict(one), Self::Dict(two)) => Rc::ptr_eq(one, two),
            (Self::Set(one, _), Self::Set(two, _)) => Rc::ptr_eq(one, two),
            (Self::Object(one), Self::Object(two)) => Rc::ptr_eq(one, two),
            (Self::Class(one), Self::Class(two)) => Rc::ptr_eq(one, two),
            (Self::Function(one), Self::Function(two)) => Rc::ptr_eq(one, two),
            (Self::Library(one), Self::Library(two)) => one == two,
            (Self::Unknown(Kind::Text | Kind::Number), Self::None)
            | (Self::None, Self::Unknown(Kind::Text | Kind::Number)) => false,
            (Self::Unknown(_), _) | (_, Self::Unknown(_)) => return Err(Stop::Lost),
            (Self::None | Self::Bool(_), _) | (_, Self::None | Self::Bool(_)) => false,
            // Whether equal numbers and texts are the same thing is the interpreter's own affair.
            (one, two) if std::mem::discriminant(one) == std::mem::discriminant(two) => {
                return Err(Stop::Lost);
            }
            _ => false,
        })
    }
}
