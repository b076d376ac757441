//! Methods of lists, maps and sets.
//! Functions of the script are called for each element as the language does, on the list as it is then.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::rc::Rc;

use super::eval::MAX_ITEMS;
use super::operate::text_order;
use super::play::Player;
use super::texts::relative;
use super::value::{Items, Object, Outcome, Stop, Table, Value};
use super::walks::begun;

pub(super) const METHODS: [&str; 32] = [
    "push",
    "pop",
    "shift",
    "unshift",
    "slice",
    "splice",
    "concat",
    "join",
    "map",
    "filter",
    "forEach",
    "find",
    "findIndex",
    "findLast",
    "some",
    "every",
    "reduce",
    "reduceRight",
    "includes",
    "indexOf",
    "lastIndexOf",
    "sort",
    "toSorted",
    "reverse",
    "toReversed",
    "flat",
    "flatMap",
    "fill",
    "at",
    "keys",
    "entries",
    "values",
];
const CHANGERS: [&str; 7] = [
    "pop", "shift", "unshift", "splice", "sort", "reverse", "fill",
];

/// What a pattern has found.
pub(super) fn found(all: Vec<Value>, named: Vec<(&str, Value)>) -> Value {
    if named.is_empty() {
        return Value::list(all);
    }
    let names: Vec<String> = (0..all.len()).map(|at| at.to_string()).collect();
    let mut entries: Vec<(&str, Value)> = names.iter().map(String::as_str).zip(all).collect();
    entries.push(("groups", Value::object(named)));
    // What else it has is not known.
    match Value::object(entries) {
        Value::Object(all) => Value::Object(Rc::new(Object {
            props: RefCell::new(all.props.borrow().clone()),
            sort: Some("match"),
            ..Object::default()
        })),
        other => other,
    }
}

impl Player<'_> {
    pub fn list_method(
        &mut self,
        owner: &Value,
        items: &Items,
        key: &str,
        given: Vec<Value>,
    ) -> Outcome<Value> {
        if key == "push" {
            self.put_last(owner)?;
            let mut items = items.borrow_mut();
            items.extend(given);
            if items.len() > MAX_ITEMS {
                return Err(Stop::Lost);
            }
            return Ok(Value::count(items.len()));
        }
        let known = match key {
            "join" => self.measured(owner)?,
            _ => self.touch(owner, CHANGERS.contains(&key)).map(|()| true)?,
        };
        if !known {
            return Ok(Value::Unknown);
        }
        let length = items.borrow().len();
        self.charge(1 + length / 8)?;
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        if CHANGERS.contains(&key) && !matches!(key, "splice") {
            return self.change(owner, items, key, &given);
        }
        match key {
            "slice" | "splice" => self.cut(items, key, &given),
            "join" => self.join(items, given.first()),
            "includes" | "indexOf" | "lastIndexOf" => self.sought_in(items, key, &given),
            "toReversed" => {
                let all = items.borrow().iter().rev().cloned().collect();
                self.listed(all)
            }
            "toSorted" => {
                let all = items.borrow().clone();
                let sorted = self.sorted(all, &first)?;
                self.listed(sorted)
            }
            "concat" => self.chained_lists(items, &given),
            "at" => self.at(items, &first),
            "flat" => self.flat(items, &given),
            "keys" => Ok(Value::Walk(begun(owner.clone(), "keys"))),
            "values" => Ok(Value::Walk(begun(owner.clone(), "values"))),
            "entries" => Ok(Value::Walk(begun(owner.clone(), "entries"))),
            "reduce" | "reduceRight" => self.reduced(owner, items, key, &given),
            _ => self.for_each(owner, items, key, &first),
        }
    }

    /// Methods that change the list itself.
    fn change(
        &mut self,
        owner: &Value,
        items: &Items,
        key: &str,
        given: &[Value],
    ) -> Outcome<Value> {
        let length = items.borrow().len();
        match (key, given) {
            ("pop", _) => Ok(items.borrow_mut().pop().unwrap_or(Value::Undefined)),
            ("shift", _) if length == 0 => Ok(Value::Undefined),
            ("shift", _) => Ok(items.borrow_mut().remove(0)),
            ("unshift", _) => {
                items.borrow_mut().splice(0..0, given.iter().cloned());
                Ok(Value::count(items.borrow().len()))
            }
            ("reverse", _) => {
                items.borrow_mut().reverse();
                Ok(owner.clone())
            }
            ("sort", _) => {
                let all = items.borrow().clone();
                let sorted = self.sorted(all, given.first().unwrap_or(&Value::Undefined))?;
                *items.borrow_mut() = sorted;
                Ok(owner.clone())
            }
            ("fill", [one]) => {
                items.borrow_mut().fill(one.clone());
                Ok(owner.clone())
            }
            _ => Err(Stop::Lost),
        }
    }

    fn chained_lists(&mut self, items: &Items, given: &[Value]) -> Outcome<Value> {
        let mut all = items.borrow().clone();
        for one in given {
            match one {
                Value::Array(other) => all.extend(other.borrow().iter().cloned()),
                Value::Unknown => return Err(Stop::Lost),
                _ => all.push(one.clone()),
            }
        }
        self.listed(all)
    }

    fn join(&mut self, items: &Items, between: Option<&Value>) -> Outcome<Value> {
        let between = match between {
            None | Some(Value::Undefined) => Rc::from(","),
            Some(Value::Text(text)) => Rc::clone(text),
            Some(_) => return Err(Stop::Lost),
        };
        let all = items.borrow().clone();
        let text = self.joined(&all, &between)?;
        Ok(text.map_or(Value::Unknown, Value::Text))
    }

    fn at(&mut self, items: &Items, place: &Value) -> Outcome<Value> {
        let at = self.whole(place)?;
        let items = items.borrow();
        let length = f64::from(u32::try_from(items.len()).map_err(|_| Stop::Lost)?);
        let found = (at >= -length).then(|| items.get(relative(at, items.len())));
        Ok(found.flatten().cloned().unwrap_or(Value::Undefined))
    }

    fn listed(&mut self, all: Vec<Value>) -> Outcome<Value> {
        self.charge(all.len() / 4)?;
        if all.len() > MAX_ITEMS {
            return Err(Stop::Lost);
        }
        Ok(Value::list(all))
    }

    fn cut(&mut self, items: &Items, key: &str, given: &[Value]) -> Outcome<Value> {
        let length = items.borrow().len();
        let from = match given.first() {
            None | Some(Value::Undefined) => 0,
            Some(value) => relative(self.whole(value)?, length),
        };
        let second = match given.get(1) {
            None => None,
            Some(Value::Undefined) if key == "slice" => None,
            Some(value) => Some(self.whole(value)?),
        };
        if key == "slice" {
            let to = second.map_or(length, |to| relative(to, length)).max(from);
            let part = items.borrow().get(from..to).unwrap_or_default().to_vec();
            return self.listed(part);
        }
        if given.is_empty() {
            return self.listed(Vec::new());
        }
        let count = second.map_or(length, |count| {
            super::texts::place(count.max(0.0)).unwrap_or(length)
        });
        let to = from.saturating_add(count).min(length);
        let new: Vec<Value> = given.iter().skip(2).cloned().collect();
        let part: Vec<Value> = items.borrow_mut().splice(from..to, new).collect();
        self.listed(part)
    }

    fn sought_in(&mut self, items: &Items, key: &str, given: &[Value]) -> Outcome<Value> {
        let [what] = given else {
            return Err(Stop::Lost);
        };
        let all = items.borrow().clone();
        let mut place = None;
        let nan = |value: &Value| matches!(value, Value::Number(number) if number.is_nan());
        for (at, item) in all.iter().enumerate() {
            if self.is_same(item, what)? || key == "includes" && nan(item) && nan(what) {
                place = Some(at);
                if key != "lastIndexOf" {
                    break;
                }
            }
        }
        self.charge(all.len() / 8)?;
        Ok(match key {
            "includes" => Value::Bool(place.is_some()),
            _ => place.map_or(Value::Number(-1.0), Value::count),
        })
    }

    fn flat(&mut self, items: &Items, given: &[Value]) -> Outcome<Value> {
        let mut depth = match given.first() {
            None | Some(Value::Undefined) => 1.0,
            Some(depth) => self.whole(depth)?,
        };
        let mut all = items.borrow().clone();
        while depth >= 1.0 && all.iter().any(|item| matches!(item, Value::Array(_))) {
            let mut next = Vec::new();
            for item in all {
                match &item {
                    Value::Array(inner) => next.extend(inner.borrow().iter().cloned()),
                    _ => next.push(item),
                }
                if next.len() > MAX_ITEMS {
                    return Err(Stop::Lost);
                }
            }
            self.charge(next.len() + 1)?;
            all = next;
            depth -= 1.0;
        }
        self.listed(all)
    }

    fn reduced(
        &mut self,
        owner: &Value,
        items: &Items,
        key: &str,
        given: &[Value],
    ) -> Outcome<Value> {
        let function = given.first().ok_or(Stop::Lost)?;
        callable(function)?;
        let mut all: Vec<(usize, Value)> = items.borrow().iter().cloned().enumerate().collect();
        if key == "reduceRight" {
            all.reverse();
        }
        let mut all = all.into_iter();
        let mut sum = match given.get(1) {
            Some(first) => first.clone(),
            None => all.next().ok_or(Stop::Lost)?.1,
        };
        for (at, item) in all {
            self.charge(1)?;
            sum = self.call(
                function,
                Value::Undefined,
                vec![sum, item, Value::count(at), owner.clone()],
            )?;
        }
        Ok(sum)
    }

    /// Methods that call a function for each element.
    fn for_each(
        &mut self,
        owner: &Value,
        items: &Items,
        key: &str,
        function: &Value,
    ) -> Outcome<Value> {
        callable(function)?;
        let length = items.borrow().len();
        let mut kept = Vec::new();
        let order: Vec<usize> = match key {
            "findLast" => (0..length).rev().collect(),
            "map" | "filter" | "forEach" | "find" | "findIndex" | "some" | "every" | "flatMap" => {
                (0..length).collect()
            }
            _ => return Err(Stop::Lost),
        };
        for at in order {
            self.charge(1)?;
            // A list that becomes shorter meanwhile has holes for the language.
            let item = items.borrow().get(at).cloned().ok_or(Stop::Lost)?;
            let given = vec![item.clone(), Value::count(at), owner.clone()];
            let value = self.call(function, Value::Undefined, given)?;
            match key {
                "map" => kept.push(value),
                "flatMap" => match &value {
                    Value::Array(inner) => kept.extend(inner.borrow().iter().cloned()),
                    _ => kept.push(value),
                },
                "filter" if value.truth()? => kept.push(item),
                "find" | "findLast" if value.truth()? => return Ok(item),
                "findIndex" if value.truth()? => return Ok(Value::count(at)),
                "some" if value.truth()? => return Ok(Value::Bool(true)),
                "every" if !value.truth()? => return Ok(Value::Bool(false)),
                _ => {}
            }
        }
        match key {
            "map" | "filter" | "flatMap" => self.listed(kept),
            "some" => Ok(Value::Bool(false)),
            "every" => Ok(Value::Bool(true)),
            "findIndex" => Ok(Value::Number(-1.0)),
            _ => Ok(Value::Undefined),
        }
    }

    /// Sorts; what compares must say the same in either order.
    fn sorted(&mut self, all: Vec<Value>, compare: &Value) -> Outcome<Vec<Value>> {
        let mut there: Vec<Value> = Vec::new();
        let mut missing = Vec::new();
        for item in all {
            match item {
                Value::Undefined => missing.push(item),
                item => there.push(item),
            }
        }
        if !matches!(compare, Value::Undefined) {
            callable(compare)?;
        }
        let mut sorted = if compare.is_nothing() {
            let mut keyed = Vec::new();
            for item in there {
                keyed.push((self.written(&item)?.ok_or(Stop::Lost)?, item));
            }
            let length = keyed.len();
            self.charge(length * 2)?;
            keyed.sort_by(|(one, _), (two, _)| text_order(one, two));
            keyed.into_iter().map(|(_, item)| item).collect()
        } else {
            let sorted = self.merged(there, compare)?;
            for pair in sorted.windows(2) {
                if let [one, two] = pair {
                    let back = self.compared(compare, two, one)?;
                    if self.compared(compare, one, two)? != back.reverse() {
                        return Err(Stop::Lost);
                    }
                }
            }
            sorted
        };
        sorted.extend(missing);
        Ok(sorted)
    }

    fn compared(&mut self, compare: &Value, one: &Value, two: &Value) -> Outcome<Ordering> {
        match self.call(compare, Value::Undefined, vec![one.clone(), two.clone()])? {
            Value::Number(number) => number.partial_cmp(&0.0).ok_or(Stop::Lost),
            Value::Between(one, two) => self.moments(&one, &two),
            _ => Err(Stop::Lost),
        }
    }

    fn merged(&mut self, all: Vec<Value>, compare: &Value) -> Outcome<Vec<Value>> {
        if all.len() < 2 {
            return Ok(all);
        }
        let mut left = all;
        let right = left.split_off(left.len() / 2);
        let left = self.merged(left, compare)?;
        let right = self.merged(right, compare)?;
        let mut all = Vec::new();
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        while let (Some(one), Some(two)) = (left.peek().cloned(), right.peek().cloned()) {
            let next = match self.compared(compare, &two, &one)? {
                Ordering::Less => right.next(),
                Ordering::Equal | Ordering::Greater => left.next(),
            };
            all.extend(next);
        }
        all.extend(left);
        all.extend(right);
        Ok(all)
    }

    pub fn table_method(
        &mut self,
        owner: &Value,
        (table, set): (&Rc<RefCell<Table>>, bool),
        key: &str,
        given: Vec<Value>,
    ) -> Outcome<Value> {
        self.touch(owner, matches!(key, "set" | "add" | "delete" | "clear"))?;
        let mut given = given.into_iter();
        let first = given.next().unwrap_or(Value::Undefined);
        match (key, set) {
            ("has", _) => Ok(Value::Bool(table.borrow().get(&first)?.is_some())),
            ("get", false) => Ok(table.borrow().get(&first)?.unwrap_or(Value::Undefined)),
            ("set", false) => {
                table
                    .borrow_mut()
                    .set(first, given.next().unwrap_or(Value::Undefined))?;
                Ok(owner.clone())
            }
            ("add", true) => {
                table.borrow_mut().set(first.clone(), first)?;
                Ok(owner.clone())
            }
            ("delete", _) => Ok(Value::Bool(table.borrow_mut().remove(&first)?)),
            ("clear", _) => {
                table.borrow_mut().clear();
                Ok(Value::Undefined)
            }
            ("keys" | "values" | "entries", _) => {
                let part = match key {
                    "keys" => "keys",
                    "values" => "values",
                    _ => "entries",
                };
                Ok(Value::Walk(begun(owner.clone(), part)))
            }
            ("forEach", _) => {
                callable(&first)?;
                let walk = begun(owner.clone(), "entries");
                while let Some(pair) = self.step(&walk)? {
                    self.charge(1)?;
                    let mut given = self.spread(&pair)?;
                    given.reverse();
                    given.push(owner.clone());
                    self.call(&first, Value::Undefined, given)?;
                }
                Ok(Value::Undefined)
            }
            _ => Err(Stop::Lost),
        }
    }
}

/// What is no function ends in an exception, even where it would not be called.
pub(super) const fn callable(value: &Value) -> Outcome<()> {
    match value {
        Value::Function(_) | Value::Native(_) | Value::Method(_) | Value::Class(_) => Ok(()),
        _ => Err(Stop::Lost),
    }
}
