//! Parts of collections: `list[0]`, `text[1:-1]`, `map["key"]`, read, written and removed.
//! Places beyond the end raise what the language raises.

use std::rc::Rc;

use super::calls::Given;
use super::play::Player;
use super::terms::Spot;
use super::value::{Kind, Map, Outcome, Stop, Value};

/// Returns the place of an index; those below nothing count from the end.
fn at(index: i128, length: usize) -> Option<usize> {
    let length = i128::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    (index >= 0 && index < length).then(|| usize::try_from(index).ok())?
}

/// Returns the places that a slice takes.
fn taken(length: usize, from: Option<i128>, to: Option<i128>, by: i128) -> Option<Vec<usize>> {
    let length = i128::try_from(length).ok()?;
    let (low, high) = if by > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let bounded = |index: Option<i128>, absent: i128| match index {
        None => absent,
        Some(index) => (if index < 0 {
            index.saturating_add(length)
        } else {
            index
        })
        .clamp(low, high),
    };
    let (first, last) = if by > 0 {
        (0, length)
    } else {
        (length - 1, -1)
    };
    let (mut place, end) = (bounded(from, first), bounded(to, last));
    let mut all = Vec::new();
    if by == 0 {
        return None;
    }
    while by > 0 && place < end || by < 0 && place > end {
        all.push(usize::try_from(place).ok()?);
        place = place.checked_add(by)?;
    }
    Some(all)
}

impl Player<'_> {
    pub fn item(&mut self, owner: &Value, spot: Spot) -> Outcome<Value> {
        match spot {
            Spot::One(key) => self.one_item(owner, &key),
            Spot::Slice(from, to, by) => self.part(owner, from, to, by),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each kind of value, read as a table"
    )]
    fn one_item(&mut self, owner: &Value, key: &Value) -> Outcome<Value> {
        self.worked(key.weight())?;
        let missing = match owner {
            Value::List(items) | Value::Deque(items) => {
                let index = self.index(key)?;
                let items = items.borrow();
                at(index, items.len()).and_then(|at| items.get(at)).cloned()
            }
            Value::Tuple(items) => at(self.index(key)?, items.len())
                .and_then(|at| items.get(at))
                .cloned(),
            Value::Text(text) => {
                self.worked(text.len() / 64)?;
                let index = self.index(key)?;
                at(index, text.chars().count())
                    .and_then(|at| text.chars().nth(at))
                    .map(|char| Value::text(&char.to_string()))
            }
            Value::Dict(map) => {
                if let Value::List(_) | Value::Dict(_) = key {
                    return Err(self.raise("TypeError", "unhashable type"));
                }
                let found = map.borrow().get(key)?;
                return match found {
                    Some(value) => Ok(value),
                    None => self.missing(map, key),
                };
            }
            Value::Range(from, _, by) => {
                let length = self.length(owner)?;
                let place = at(self.index(key)?, length).and_then(|at| i128::try_from(at).ok());
                place.map(|place| Value::Int(from + place * by))
            }
            Value::Match(_) => return self.method(owner, "group", Given::of(vec![key.clone()])),
            Value::Library("os.environ") => return self.environment_item(key),
            Value::Library("sys.version_info") => match key {
                Value::Int(0) => Some(Value::Int(3)),
                _ => return Err(Stop::Lost),
            },
            Value::Library(name) if super::library::is_type(name) => return Ok(owner.clone()),
            Value::Object(object)
                if object
                    .class
                    .fields
                    .borrow()
                    .as_ref()
                    .is_some_and(|fields| fields.tuple) =>
            {
                let all = self.items(owner)?;
                at(self.index(key)?, all.len())
                    .and_then(|at| all.get(at))
                    .cloned()
            }
            Value::Object(object) if object.class.name == "Row" && object.class.builtin => {
                return self.row_item(object, key);
            }
            Value::Object(object) if object.class.builtin => return self.section_item(object, key),
            Value::Object(_) => {
                let method = self.attribute(owner, "__getitem__")?;
                return self.call(&method, Given::of(vec![key.clone()]));
            }
            Value::Class(class) => return self.member_named(class, key),
            Value::Bytes(bytes) => at(self.index(key)?, bytes.len())
                .and_then(|at| bytes.get(at))
                .map(|byte| Value::Int(i128::from(*byte))),
            Value::None | Value::Int(_) | Value::Bool(_) => {
                return Err(self.raise("TypeError", "object is not subscriptable"));
            }
            _ => return Err(Stop::Lost),
        };
        match missing {
            Some(value) => Ok(value),
            None => Err(self.raise("IndexError", "index out of range")),
        }
    }

    fn index(&mut self, key: &Value) -> Outcome<i128> {
        match key {
            Value::Text(_) | Value::None | Value::Float(_) => {
                Err(self.raise("TypeError", "indices must be integers"))
            }
            other => other.whole(),
        }
    }

    /// What a map says for a key that it has not.
    fn missing(&mut self, map: &Rc<std::cell::RefCell<Map>>, key: &Value) -> Outcome<Value> {
        let (counts, maker) = {
            let map = map.borrow();
            (map.counts, map.missing.clone())
        };
        if counts {
            return Ok(Value::Int(0));
        }
        match maker {
            Some(maker) => {
                let value = self.call(&maker, Given::default())?;
                map.borrow_mut().set(key.clone(), value.clone())?;
                Ok(value)
            }
            None => {
                let thrown = self.raised("KeyError", vec![key.clone()]);
                Err(match map.borrow().told {
                    true => self.surely(thrown),
                    false => thrown,
                })
            }
        }
    }

    fn part(
        &mut self,
        owner: &Value,
        from: Option<i128>,
        to: Option<i128>,
        by: i128,
    ) -> Outcome<Value> {
        if by == 0 {
            return Err(self.raise("ValueError", "slice step cannot be zero"));
        }
        match owner {
            Value::Text(text) => {
                let chars: Vec<char> = text.chars().collect();
                self.worked(chars.len() / 8)?;
                let places = taken(chars.len(), from, to, by).ok_or(Stop::Lost)?;
                let all: String = places.iter().filter_map(|at| chars.get(*at)).collect();
                self.text(all)
            }
            Value::Bytes(bytes) => {
                let places = taken(bytes.len(), from, to, by).ok_or(Stop::Lost)?;
                self.worked(places.len() / 8)?;
                Ok(Value::Bytes(
                    places
                        .iter()
                        .filter_map(|at| bytes.get(*at))
                        .copied()
                        .collect(),
                ))
            }
            Value::List(_) | Value::Tuple(_) | Value::Range(..) => {
                let items = self.items(owner)?;
                let places = taken(items.len(), from, to, by).ok_or(Stop::Lost)?;
                self.worked(places.len() / 8)?;
                let all: Vec<Value> = places
                    .iter()
                    .filter_map(|at| items.get(*at))
                    .cloned()
                    .collect();
                Ok(match owner {
                    Value::Tuple(_) => Value::tuple(all),
                    _ => Value::list(all),
                })
            }
            Value::Unknown(Kind::Text) => Ok(Value::Unknown(Kind::Text)),
            _ => Err(Stop::Lost),
        }
    }

    pub fn set_item(&mut self, owner: &Value, spot: Spot, value: Value) -> Outcome<()> {
        match (owner, spot) {
            (Value::Dict(map), Spot::One(key)) => {
                self.worked(1 + key.weight())?;
                map.borrow_mut().set(key, value)
            }
            (Value::List(items), Spot::One(key)) => {
                let index = self.index(&key)?;
                let length = items.borrow().len();
                let Some(place) = at(index, length) else {
                    return Err(self.raise("IndexError", "assignment index out of range"));
                };
                if let Some(slot) = items.borrow_mut().get_mut(place) {
                    *slot = value;
                }
                Ok(())
            }
            (Value::List(items), Spot::Slice(from, to, 1)) => {
                let new = self.items(&value)?;
                let mut items = items.borrow_mut();
                let places = taken(items.len(), from, to, 1).ok_or(Stop::Lost)?;
                let start = match places.first() {
                    Some(first) => *first,
                    None => match taken(items.len(), None, from.or(Some(0)), 1) {
                        Some(before) => before.len(),
                        None => return Err(Stop::Lost),
                    },
                };
                items.splice(start..start + places.len(), new);
                Ok(())
            }
            (Value::Library("os.environ"), Spot::One(key)) => self.set_environment(&key, value),
            (Value::Object(object), Spot::One(key)) if !object.class.builtin => {
                let method = self.attribute(owner, "__setitem__")?;
                self.call(&method, Given::of(vec![key, value])).map(|_| ())
            }
            (Value::Object(object), Spot::One(key)) => self.set_section_item(object, &key, value),
            _ => Err(Stop::Lost),
        }
    }

    pub fn delete_item(&mut self, owner: &Value, spot: Spot) -> Outcome<()> {
        match (owner, spot) {
            (Value::Dict(map), Spot::One(key)) => {
                let gone = map.borrow_mut().remove(&key)?;
                match gone {
                    Some(_) => Ok(()),
                    None if map.borrow().counts => Ok(()),
                    None => Err(self.raised("KeyError", vec![key])),
                }
            }
            (Value::List(items), Spot::One(key)) => {
                let index = self.index(&key)?;
                let length = items.borrow().len();
                match at(index, length) {
                    Some(place) => {
                        items.borrow_mut().remove(place);
                        Ok(())
                    }
                    None => Err(self.raise("IndexError", "assignment index out of range")),
                }
            }
            (Value::List(items), Spot::Slice(from, to, by)) => {
                let mut items = items.borrow_mut();
                let gone = taken(items.len(), from, to, by).ok_or(Stop::Lost)?;
                let gone: std::collections::HashSet<usize> = gone.into_iter().collect();
                let mut place = 0;
                items.retain(|_| {
                    place += 1;
                    !gone.contains(&(place - 1))
                });
                Ok(())
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn length(&mut self, value: &Value) -> Outcome<usize> {
        Ok(match value {
            Value::Text(text) => {
                self.worked(text.len() / 64)?;
                text.chars().count()
            }
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => items.borrow().len(),
            Value::Tuple(items) => items.len(),
            Value::Dict(map) | Value::Set(map, _) | Value::View(map, _) => map.borrow().len(),
            Value::Deque(items) => items.borrow().len(),
            Value::Class(class) => super::enums::members(class).ok_or(Stop::Lost)?.len(),
            Value::Object(object) if object.class.builtin && object.class.name == "DictReader" => {
                return Err(Stop::Lost);
            }
            Value::Range(from, to, by) => {
                let span = if *by > 0 { to - from } else { from - to };
                let step = by.abs().max(1);
                usize::try_from((span.max(0) + step - 1) / step).map_err(|_| Stop::Lost)?
            }
            Value::Object(object) if object.class.builtin => self.items_of_special(object)?.len(),
            Value::Object(object)
                if object
                    .class
                    .fields
                    .borrow()
                    .as_ref()
                    .is_some_and(|fields| fields.tuple) =>
            {
                self.items(value)?.len()
            }
            Value::Object(_) => {
                let method = self.attribute(value, "__len__")?;
                let told = self.call(&method, Given::default())?.whole()?;
                usize::try_from(told).map_err(|_| Stop::Lost)?
            }
            Value::None
            | Value::Int(_)
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Generator(_)
            | Value::Path(_) => {
                return Err(self.raise("TypeError", "object has no len()"));
            }
            _ => return Err(Stop::Lost),
        })
    }
}
