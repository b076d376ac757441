//! Values of JavaScript while a script is carried out: numbers, texts, lists, objects, functions, promises.
//! They do nothing by themselves; what is not known stays so, and nothing is decided on it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::PathBuf;
use std::rc::Rc;

use super::super::value::{Stop as Halt, Time};
use super::tree::{ClassCode, Code, Name};

pub(super) type Items = Rc<RefCell<Vec<Value>>>;

/// What an expression is.
#[derive(Clone)]
pub(super) enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(Name),
    Array(Items),
    Object(Rc<Object>),
    Function(Rc<Function>),
    Class(Rc<Class>),
    /// Something of the library, by its full name.
    Native(Name),
    /// A method of the library with what it is called on.
    Method(Rc<(Self, Name)>),
    Pattern(Rc<Pattern>),
    /// The last is true for a set.
    Table(Rc<RefCell<Table>>, bool),
    Promise(Rc<Promise>),
    /// What is gone through once, one by one.
    Walk(Rc<Walk>),
    /// What a file holds, as bytes.
    Bytes(Name),
    Time(Time),
    /// A `Date`; nothing where its moment is not known.
    Date(Option<Time>),
    /// How much later the first file was changed than the second.
    Between(PathBuf, PathBuf),
    /// The address of a file.
    Address(Name),
    /// A text or a number that is not known; never nothing.
    Unknown,
    /// Something of which nothing is known: it may be nothing as well.
    Any,
}

/// Why a code does not go on.
#[derive(Clone)]
pub(super) enum Stop {
    Break(Option<Name>),
    Continue(Option<Name>),
    Return(Value),
    Throw(Value),
    Exit,
    /// It cannot be told how it goes on.
    Lost,
}

pub(super) type Outcome<T> = Result<T, Stop>;

impl From<Halt> for Stop {
    fn from(_: Halt) -> Self {
        Self::Lost
    }
}

pub(super) struct Pattern {
    pub regex: regex::Regex,
    pub source: Name,
    pub flags: Name,
}

pub(super) struct Function {
    pub code: Rc<Code>,
    pub scope: Rc<Scope>,
    pub own: Own,
    /// The class in which it was written.
    pub class: RefCell<Option<Rc<Class>>>,
}

pub(super) type Own = RefCell<Props>;

pub(super) struct Class {
    pub name: Name,
    pub code: Option<Rc<ClassCode>>,
    pub scope: Option<Rc<Scope>>,
    pub parent: Option<Rc<Self>>,
    pub methods: RefCell<HashMap<Name, Value>>,
    pub own: RefCell<Props>,
}

impl Class {
    /// Returns a method, the nearest one, with the class that has it.
    pub fn method(&self, name: &str) -> Option<Value> {
        let own = self.methods.borrow().get(name).cloned();
        own.or_else(|| self.parent.as_ref().and_then(|parent| parent.method(name)))
    }

    pub fn is_below(self: &Rc<Self>, other: &Rc<Self>) -> bool {
        Rc::ptr_eq(self, other)
            || self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_below(other))
    }

    /// Tells whether it is an exception of the language, or below one.
    pub fn is_error(&self) -> bool {
        match &self.parent {
            Some(parent) => parent.is_error(),
            None => self.code.is_none(),
        }
    }
}

#[derive(Default)]
pub(super) struct Object {
    pub props: RefCell<Props>,
    pub class: Option<Rc<Class>>,
    /// It cannot be changed any more.
    pub frozen: Cell<bool>,
    /// What kind of thing of the library it is.
    pub sort: Option<&'static str>,
}

/// Properties in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Props {
    index: HashMap<Name, u64>,
    order: BTreeMap<u64, (Name, Value)>,
    next: u64,
}

impl Props {
    pub fn get(&self, name: &str) -> Option<Value> {
        let at = self.index.get(name)?;
        self.order.get(at).map(|(_, value)| value.clone())
    }

    pub fn set(&mut self, name: &Name, value: Value) {
        if let Some(entry) = self.index.get(name).and_then(|at| self.order.get_mut(at)) {
            entry.1 = value;
            return;
        }
        self.next += 1;
        self.index.insert(Rc::clone(name), self.next);
        self.order.insert(self.next, (Rc::clone(name), value));
    }

    pub fn remove(&mut self, name: &str) {
        if let Some(at) = self.index.remove(name) {
            self.order.remove(&at);
        }
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns what others see: numbers first and in order, then names as they came.
    pub fn entries(&self) -> Vec<(Name, Value)> {
        let mut numbers: Vec<(u32, (Name, Value))> = Vec::new();
        let mut all = Vec::new();
        for entry in self
            .order
            .values()
            .filter(|(name, _)| !name.starts_with('\0'))
        {
            match index(&entry.0) {
                Some(number) => numbers.push((number, entry.clone())),
                None => all.push(entry.clone()),
            }
        }
        numbers.sort_by_key(|(number, _)| *number);
        let numbers = numbers.into_iter().map(|(_, entry)| entry);
        numbers.chain(all).collect()
    }
}

/// Returns the number that a key of an object counts as.
pub(super) fn index(name: &str) -> Option<u32> {
    let plain = name == "0" || !name.starts_with(['0', '+']);
    plain.then(|| name.parse::<u32>().ok()).flatten()
}

/// A map or set in the order in which its keys came.
#[derive(Clone, Default)]
pub(super) struct Table {
    index: HashMap<String, u64>,
    order: BTreeMap<u64, (Value, Value)>,
    next: u64,
}

impl Table {
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn get(&self, key: &Value) -> Outcome<Option<Value>> {
        let at = self.index.get(&hashed(key)?);
        let found = at.and_then(|at| self.order.get(at));
        Ok(found.map(|(_, value)| value.clone()))
    }

    pub fn set(&mut self, key: Value, value: Value) -> Outcome<()> {
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

    pub fn remove(&mut self, key: &Value) -> Outcome<bool> {
        let at = self.index.remove(&hashed(key)?);
        Ok(at.and_then(|at| self.order.remove(&at)).is_some())
    }

    /// Returns what stands behind a place.
    pub fn after(&self, at: u64) -> Option<(u64, Value, Value)> {
        let mut rest = self.order.range((Bound::Excluded(at), Bound::Unbounded));
        let (at, (key, value)) = rest.next()?;
        Some((*at, key.clone(), value.clone()))
    }

    pub fn clear(&mut self) {
        self.index.clear();
        self.order.clear();
    }

    pub fn entries(&self) -> Vec<(Value, Value)> {
        self.order.values().cloned().collect()
    }
}

/// Returns what tells one key from another.
fn hashed(value: &Value) -> Outcome<String> {
    Ok(match value {
        Value::Undefined => "u".to_owned(),
        Value::Null => "n".to_owned(),
        Value::Bool(is) => format!("b{is}"),
        Value::Number(number) if *number == 0.0 => "d0".to_owned(),
        Value::Number(number) => format!("d{number:?}"),
        Value::Text(text) => format!("s{text}"),
        other => match other.identity() {
            Some(place) => format!("o{place}"),
            None => return Err(Stop::Lost),
        },
    })
}

/// A promise that is settled; one that was not waited for may come later than what follows.
pub(super) struct Promise {
    pub outcome: Result<Value, Value>,
    pub float: Option<usize>,
    /// The script has ended before it could be settled.
    pub never: bool,
    /// Somebody looks at how it ends.
    pub handled: Cell<bool>,
}

/// How far something has been gone through: a list, a map or a set as it is then.
pub(super) struct Walk {
    pub source: Value,
    /// What it gives: keys, values or both.
    pub part: &'static str,
    pub at: Cell<u64>,
    /// How much of it was taken is not known.
    pub spoiled: Cell<bool>,
}

/// What a name holds.
#[derive(Clone)]
pub(super) struct Slot {
    /// Nothing before its declaration is reached.
    pub value: Option<Value>,
    pub constant: bool,
}

/// Names of one block.
#[derive(Default)]
pub(super) struct Scope {
    pub names: RefCell<HashMap<Name, Rc<RefCell<Slot>>>>,
    pub outer: Option<Rc<Self>>,
}

impl Scope {
    pub fn inside(outer: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self {
            names: RefCell::default(),
            outer: Some(Rc::clone(outer)),
        })
    }

    pub fn find(&self, name: &str) -> Option<Rc<RefCell<Slot>>> {
        if let Some(slot) = self.names.borrow().get(name) {
            return Some(Rc::clone(slot));
        }
        let mut scope = self.outer.as_ref();
        while let Some(one) = scope {
            if let Some(slot) = one.names.borrow().get(name) {
                return Some(Rc::clone(slot));
            }
            scope = one.outer.as_ref();
        }
        None
    }
}

impl Value {
    pub fn text(text: &str) -> Self {
        Self::Text(Rc::from(text))
    }

    pub fn list(items: Vec<Self>) -> Self {
        Self::Array(Rc::new(RefCell::new(items)))
    }

    pub fn texts(all: impl IntoIterator<Item = String>) -> Self {
        Self::list(all.into_iter().map(|one| Self::text(&one)).collect())
    }

    pub fn object(entries: Vec<(&str, Self)>) -> Self {
        let mut props = Props::default();
        for (name, value) in entries {
            props.set(&Rc::from(name), value);
        }
        Self::Object(Rc::new(Object {
            props: RefCell::new(props),
            ..Object::default()
        }))
    }

    pub fn native(name: &str) -> Self {
        Self::Native(Rc::from(name))
    }

    pub fn count(count: usize) -> Self {
        Self::Number(u32::try_from(count).map_or(f64::MAX, f64::from))
    }

    pub const fn is_nothing(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    pub fn as_text(&self) -> Outcome<Name> {
        match self {
            Self::Text(text) => Ok(Rc::clone(text)),
            _ => Err(Stop::Lost),
        }
    }

    /// Returns where a thing lies that is only itself.
    pub fn identity(&self) -> Option<usize> {
        Some(match self {
            Self::Array(items) => Rc::as_ptr(items).cast::<()>() as usize,
            Self::Object(one) => Rc::as_ptr(one).cast::<()>() as usize,
            Self::Function(one) => Rc::as_ptr(one).cast::<()>() as usize,
            Self::Class(one) => Rc::as_ptr(one).cast::<()>() as usize,
            Self::Table(one, _) => Rc::as_ptr(one).cast::<()>() as usize,
            Self::Promise(one) => Rc::as_ptr(one).cast::<()>() as usize,
            Self::Walk(one) => Rc::as_ptr(one).cast::<()>() as usize,
            Self::Pattern(one) => Rc::as_ptr(one).cast::<()>() as usize,
            _ => return None,
        })
    }

    /// Tells whether a value counts as true.
    pub fn truth(&self) -> Outcome<bool> {
        Ok(match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(is) => *is,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Unknown | Self::Any | Self::Between(..) => return Err(Stop::Lost),
            Self::Time(Time::Age { .. }) => return Err(Stop::Lost),
            _ => true,
        })
    }
}
