//! Values of a code that is carried out: texts, numbers, lists, maps, opened files, ages of files.
//! It knows no language; what is not known stays so, whatever is made of it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use regex::Regex;

/// A list that several names may stand for.
pub(super) type Items = Rc<RefCell<Vec<Value>>>;
/// Entries of a map, in the order in which they came.
pub(super) type Entries = Rc<RefCell<Vec<(String, Value)>>>;

/// What an expression is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Nothing,
    Number(f64),
    Text(String),
    List(Items),
    Map(Entries),
    /// A name that is handed on to be given something.
    Place(Rc<RefCell<Self>>),
    /// A function: its number.
    Function(usize),
    /// An opened file or folder: its number.
    Handle(usize),
    Pattern(Rc<Regex>),
    Time(Time),
    Unknown,
}

/// A moment, or how long ago one was, in seconds times `unit`.
#[derive(Clone, Debug)]
pub(super) enum Time {
    /// Now, less so many seconds.
    Now { less: f64, unit: f64 },
    /// When a file was changed.
    Changed { path: PathBuf, unit: f64 },
    /// How long ago a file was changed.
    Age { path: PathBuf, unit: f64 },
}

/// Why a code does not go on.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// The next round of a loop, perhaps of the one with this name.
    Next(Option<String>),
    Last(Option<String>),
    Return(Vec<Value>),
    /// An exception.
    Dies(Value),
    /// The program is over.
    Exits,
    /// It cannot be told how it goes on.
    Lost,
}

pub(super) type Outcome<T> = Result<T, Stop>;

impl Value {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(RefCell::new(items)))
    }

    pub fn map(entries: Vec<(String, Self)>) -> Self {
        Self::Map(Rc::new(RefCell::new(entries)))
    }

    /// Returns a count as a number.
    pub fn count(count: usize) -> Self {
        Self::Number(u32::try_from(count).map_or(f64::MAX, f64::from))
    }

    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Returns how a value is written; nothing for one that is not known or has no text.
    pub fn written(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Number(number) => Some(number_written(*number)),
            Self::Nothing => Some(String::new()),
            _ => None,
        }
    }
}

/// Writes a number as scripts do.
pub(super) fn number_written(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    format!("{number}")
}

/// Reads the number at the head of a text, as Perl does.
pub(super) fn head_number(text: &str) -> f64 {
    let text = text.trim_start();
    let mut end = 0;
    let mut dot = false;
    for (at, char) in text.char_indices() {
        match char {
            '+' | '-' if at == 0 => {}
            '.' if !dot => dot = true,
            '0'..='9' => {}
            _ => break,
        }
        end = at + char.len_utf8();
    }
    let head = text.get(..end).unwrap_or_default();
    head.trim_end_matches('.').parse().unwrap_or(0.0)
}

/// Returns a number as a place in a list; those below nothing count from the end.
pub(super) fn place(number: f64, length: usize) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, reason = "cut off like an index")]
    let whole = number.trunc() as i64;
    if whole >= 0 {
        return usize::try_from(whole).ok();
    }
    let back = usize::try_from(whole.unsigned_abs()).ok()?;
    length.checked_sub(back)
}

/// Returns what stands under a key.
pub(super) fn entry(entries: &[(String, Value)], key: &str) -> Option<Value> {
    let found = entries.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.clone())
}

/// Gives something to a key.
pub(super) fn set_entry(entries: &mut Vec<(String, Value)>, key: &str, value: Value) {
    match entries.iter_mut().find(|(name, _)| name == key) {
        Some((_, old)) => *old = value,
        None => entries.push((key.to_owned(), value)),
    }
}
