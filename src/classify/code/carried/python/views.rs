//! What is seen of a map, and values that are taken one by one up to some place.
//! A view is the map's own: it shows what the map holds when somebody looks.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::Operator;

use super::frame::Sink;
use super::play::Player;
use super::value::{Entries, Outcome, Part, Source, State, Stop, Value};

/// Whether one value is the one that somebody looks for.
type Test = dyn Fn(&mut Player<'_>, &Value) -> Outcome<bool>;

fn part_of(part: Part, key: Value, value: Value) -> Value {
    match part {
        Part::Keys => key,
        Part::Values => value,
        Part::Pairs => Value::tuple(vec![key, value]),
    }
}

impl<'a> Player<'a> {
    /// Returns all that a view shows.
    pub fn seen(&mut self, map: &Entries, part: Part) -> Outcome<Vec<Value>> {
        let entries = map.borrow().entries();
        self.worked(entries.len() / 2)?;
        Ok(entries
            .into_iter()
            .map(|(key, value)| part_of(part, key, value))
            .collect())
    }

    /// Goes through a view; a map that grows or shrinks meanwhile ends that.
    pub fn each_seen(
        &mut self,
        map: &Entries,
        part: Part,
        act: &mut dyn FnMut(&mut Self, Value) -> Outcome<()>,
    ) -> Outcome<()> {
        let keys = map.borrow().keys();
        let length = keys.len();
        for key in keys {
            self.worked(1)?;
            if map.borrow().len() != length {
                return Err(self.raise("RuntimeError", "changed size during iteration"));
            }
            let value = map.borrow().get(&key)?.ok_or(Stop::Lost)?;
            act(self, part_of(part, key, value))?;
        }
        match map.borrow().len() == length {
            true => Ok(()),
            false => Err(self.raise("RuntimeError", "changed size during iteration")),
        }
    }

    /// Tells whether a view shows a value.
    pub fn shows(&mut self, map: &Entries, part: Part, value: &Value) -> Outcome<bool> {
        match (part, value) {
            (Part::Keys, key) => Ok(map.borrow().get(key)?.is_some()),
            (Part::Pairs, Value::Tuple(pair)) => {
                let [key, value] = pair.as_slice() else {
                    return Ok(false);
                };
                let found = map.borrow().get(key)?;
                match found {
                    Some(found) => self.equal(&found, value),
                    None => Ok(false),
                }
            }
            (Part::Pairs, _) => Ok(false),
            (Part::Values, _) => {
                for one in self.seen(map, part)? {
                    if self.equal(&one, value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// Keys and pairs are compared as sets are; values are equal to nothing else.
    pub fn equal_views(&mut self, left: &Value, right: &Value) -> Outcome<bool> {
        let alike = |value: &Value| {
            matches!(
                value,
                Value::Set(..) | Value::View(_, Part::Keys | Part::Pairs)
            )
        };
        match (left, right) {
            (Value::View(..), Value::View(_, Part::Values))
            | (Value::View(_, Part::Values), Value::View(..))
            | (Value::Object(_), _)
            | (_, Value::Object(_)) => Err(Stop::Lost),
            _ if alike(left) && alike(right) => {
                if self.length(left)? != self.length(right)? {
                    return Ok(false);
                }
                for one in self.items(left)? {
                    if !self.contains(right, &one)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Returns a view as the set that it is compared and counted as.
    pub fn as_set(&mut self, value: &Value) -> Outcome<Option<Value>> {
        match value {
            Value::View(_, Part::Keys | Part::Pairs) => {
                let items = self.items(value)?;
                Value::set_of(items, false).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What operators make of views; nothing where neither side is one.
    pub fn of_views(
        &mut self,
        op: Operator,
        left: &Value,
        right: &Value,
    ) -> Outcome<Option<Value>> {
        if !matches!(left, Value::View(..)) && !matches!(right, Value::View(..)) {
            return Ok(None);
        }
        let (one, two) = (self.as_set(left)?, self.as_set(right)?);
        if one.is_none() && two.is_none() {
            return Err(Stop::Lost);
        }
        let mut sets = Vec::new();
        for (set, value) in [(one, left), (two, right)] {
            sets.push(match set {
                Some(set) => set,
                None => {
                    let items = self.items(value)?;
                    Value::set_of(items, false)?
                }
            });
        }
        match sets.as_slice() {
            [one, two] => self.binary(op, one, two).map(Some),
            _ => Err(Stop::Lost),
        }
    }

    /// Takes values one by one up to the one that is looked for; tells whether there was one.
    pub fn reaches(&mut self, over: &Value, test: Rc<Test>) -> Outcome<bool> {
        let sink: Sink = Rc::new(move |player, value| match test(player, &value)? {
            true => Err(Stop::Last),
            false => Ok(()),
        });
        let outcome = match self.is_lazy(over) {
            true => self.pour(over, &sink),
            false => self.each(over, &mut |player, value| sink(player, value)),
        };
        match outcome {
            Ok(()) => Ok(false),
            Err(Stop::Last) => Ok(true),
            Err(other) => Err(other),
        }
    }

    /// Takes so many values, and no more.
    pub fn some(&mut self, over: &Value, count: Option<usize>) -> Outcome<Vec<Value>> {
        let Some(count) = count else {
            return self.items(over);
        };
        if count == 0 {
            return Ok(Vec::new());
        }
        let all: Rc<RefCell<Vec<Value>>> = Rc::default();
        let inner = Rc::clone(&all);
        self.reaches(
            over,
            Rc::new(move |_, value| {
                inner.borrow_mut().push(value.clone());
                Ok(inner.borrow().len() >= count)
            }),
        )?;
        Ok(all.take())
    }

    /// What was taken ahead is not there for anybody else.
    pub fn spent(&mut self, over: &Value) {
        if let Value::Generator(generator) = over
            && !matches!(generator.source, Source::Items(_))
        {
            generator.state.set(State::Left);
        }
    }

    /// Tells whether a value is used up while it is gone through.
    pub fn is_used_up(value: &Value) -> bool {
        matches!(
            value,
            Value::Generator(_) | Value::File(_) | Value::Cursor(_)
        ) || matches!(value, Value::Object(object) if object.class.builtin)
    }
}

/// Where the values of a generator come from at last.
fn root(value: &Value) -> *const () {
    match value {
        Value::Generator(generator) => match &generator.source {
            Source::Each(_, _, over) | Source::Expression(_, _, over) => match over {
                Value::Generator(_) | Value::File(_) | Value::Cursor(_) => root(over),
                _ => Rc::as_ptr(generator).cast(),
            },
            _ => Rc::as_ptr(generator).cast(),
        },
        Value::File(file) => Rc::as_ptr(file).cast(),
        Value::Cursor(cursor) => Rc::as_ptr(cursor).cast(),
        _ => std::ptr::null(),
    }
}

fn is_same_one(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Generator(one), Value::Generator(other)) => Rc::ptr_eq(one, other),
        (Value::File(one), Value::File(other)) => Rc::ptr_eq(one, other),
        (Value::Cursor(one), Value::Cursor(other)) => Rc::ptr_eq(one, other),
        _ => false,
    }
}

/// Tells whether two of several values take from the same place, and are not the same.
pub(super) fn share(all: &[Value]) -> bool {
    all.iter().enumerate().any(|(at, one)| {
        let place = root(one);
        let shares = |other: &Value| !is_same_one(one, other) && root(other) == place;
        !place.is_null() && all.iter().skip(at + 1).any(shares)
    })
}

/// Returns those of several values that are made only while somebody takes them, each one once.
pub(super) fn lazy(all: &[Value]) -> Vec<&Value> {
    let mut found: Vec<&Value> = Vec::new();
    for one in all {
        let lazy = matches!(one, Value::Generator(generator) if !matches!(generator.source, Source::Items(_)));
        if lazy && !found.iter().any(|other| is_same_one(one, other)) {
            found.push(one);
        }
    }
    found
}
