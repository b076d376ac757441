//! What expressions of Perl are: as one value, and as a list.
//! Statements are carried out elsewhere.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::times::counted;
use super::super::value::{
    Entries, Items, Outcome, Stop, Value, entry, head_number, place, set_entry,
};
use super::act::{MAX_TEXT, MAX_WORK, Player, Slot, is_true, truth_value};
use super::tree::{Kind, Node, Piece};

/// Entries of one map.
const MAX_ENTRIES: usize = 2_000;

impl Player<'_> {
    /// What an expression is as one value.
    pub fn scalar(&mut self, node: &Node) -> Outcome<Value> {
        self.worked()?;
        let value = self.one_value(node)?;
        self.weighed(std::slice::from_ref(&value))?;
        Ok(value)
    }

    fn one_value(&mut self, node: &Node) -> Outcome<Value> {
        match &node.kind {
            Kind::Number(number) => Ok(Value::Number(*number)),
            Kind::Text(pieces) => self.put_together(pieces),
            Kind::Name(name) => self.name(name),
            Kind::My(names, _) => self.made_anew(names),
            Kind::Local(inner) => self.localize(inner),
            Kind::At(list, key) => self.at_place(list, key),
            Kind::Key(map, key) => self.under_key(map, key),
            Kind::Into('$', inner) => self.behind_reference(inner),
            Kind::Into('@', _) => Ok(Value::count(self.items_of(node)?.borrow().len())),
            Kind::LastOf(list) => {
                let count = self.items_of(list)?.borrow().len();
                self.worked_out("-", &Value::count(count), &Value::Number(1.0))
            }
            Kind::List(all) => {
                let mut last = Value::Nothing;
                for one in all {
                    last = self.scalar(one)?;
                }
                Ok(last)
            }
            Kind::Give(operator, to, from) => self.give(operator, to, from),
            Kind::Two(operator, left, right) => self.two(operator, left, right),
            Kind::Logic(..) | Kind::Choice(..) => {
                Ok(self.decided(node, false)?.pop().unwrap_or(Value::Nothing))
            }
            Kind::Not(inner) => Ok(truth_value(!self.truth(inner)?)),
            Kind::Minus(inner) => self.negative(inner),
            Kind::Step(by, old, inner) => self.stepped(*by, *old, inner),
            Kind::Items(all) => Ok(Value::list(self.all(all)?)),
            Kind::Entries(all) => Ok(Value::map(self.paired(all)?)),
            Kind::Sub(body) => Ok(Value::Function(self.function(body))),
            Kind::Reference(inner) => self.reference(inner),
            Kind::Match(..) | Kind::Change(..) => self
                .matched(node, false)
                .map(|mut all| all.pop().unwrap_or(Value::Nothing)),
            Kind::Test(letter, inner) => self.tested(*letter, inner),
            Kind::ReadLine(handle) => self.read_line(handle),
            Kind::Return(_) | Kind::Next(_) | Kind::Last(_) => self.leaves(node),
            Kind::Each(verb, ..) => {
                let all = self.list(node)?;
                let counts = verb == "grep" || verb == "map";
                if counts {
                    Ok(Value::count(all.len()))
                } else {
                    Err(Stop::Lost)
                }
            }
            Kind::Call(name, arguments) => self.called(name, arguments, node, false).map(last_of),
            Kind::Do(_) | Kind::CallOf(..) => self.one_of(node),
            _ => self.list(node).map(last_of),
        }
    }

    fn made_anew(&mut self, names: &[String]) -> Outcome<Value> {
        for name in names {
            self.hold(name, Slot::fresh(name));
        }
        Ok(Value::Nothing)
    }

    /// A block or a function that is asked for one value.
    fn one_of(&mut self, node: &Node) -> Outcome<Value> {
        match &node.kind {
            Kind::Do(body) => self.block_for(&Rc::clone(body), true).map(last_of),
            Kind::CallOf(what, arguments) => {
                let function = self.scalar(what)?;
                let arguments = self.all(arguments)?;
                self.perform(&function, arguments, true).map(last_of)
            }
            _ => Err(Stop::Lost),
        }
    }

    fn behind_reference(&mut self, inner: &Node) -> Outcome<Value> {
        match self.scalar(inner)? {
            Value::Place(cell) => Ok(cell.borrow().clone()),
            _ => Err(Stop::Lost),
        }
    }

    /// A number that is no letters: those are counted in another way.
    fn plain_number(&mut self, node: &Node) -> Outcome<f64> {
        match self.scalar(node)? {
            Value::Number(number) => Ok(number),
            Value::Nothing => Ok(0.0),
            Value::Text(text) => text.trim().parse().map_err(|_| Stop::Lost),
            _ => Err(Stop::Lost),
        }
    }

    fn stepped(&mut self, by: f64, old: bool, inner: &Node) -> Outcome<Value> {
        let before = self.plain_number(inner)?;
        self.put(inner, Value::Number(before + by))?;
        Ok(Value::Number(if old { before } else { before + by }))
    }

    fn leaves(&mut self, node: &Node) -> Outcome<Value> {
        Err(match &node.kind {
            Kind::Return(Some(value)) if self.single => Stop::Return(vec![self.scalar(value)?]),
            Kind::Return(Some(value)) => Stop::Return(self.list(value)?),
            Kind::Next(label) => Stop::Next(label.clone()),
            Kind::Last(label) => Stop::Last(label.clone()),
            _ => Stop::Return(Vec::new()),
        })
    }

    fn at_place(&mut self, list: &Node, key: &Node) -> Outcome<Value> {
        let items = self.items_of(list)?;
        let key = self.number(key)?;
        let items = items.borrow();
        let found = place(key, items.len()).and_then(|at| items.get(at));
        Ok(found.cloned().unwrap_or(Value::Nothing))
    }

    fn under_key(&mut self, map: &Node, key: &Node) -> Outcome<Value> {
        let entries = self.entries_of(map)?;
        let key = self.text(key)?;
        // What the call does not set may be set all the same.
        let environment = matches!(&map.kind, Kind::Name(name) if name == "%ENV");
        let found = entry(&entries.borrow(), &key);
        let other = if environment {
            Value::Unknown
        } else {
            Value::Nothing
        };
        Ok(found.unwrap_or(other))
    }

    /// What an expression is as a list.
    pub fn list(&mut self, node: &Node) -> Outcome<Vec<Value>> {
        self.worked()?;
        let values = self.values(node)?;
        self.weighed(&values)?;
        Ok(values)
    }

    fn values(&mut self, node: &Node) -> Outcome<Vec<Value>> {
        match &node.kind {
            Kind::Name(name) if name.starts_with(['@', '%']) => Ok(self.spread(&self.slot(name))),
            Kind::My(names, _) => {
                for name in names {
                    self.hold(name, Slot::fresh(name));
                }
                Ok(Vec::new())
            }
            Kind::Into('@', _) => Ok(self.items_of(node)?.borrow().clone()),
            Kind::Into('%', _) => {
                let entries = self.entries_of(node)?;
                Ok(self.spread(&Slot::Keyed(entries)))
            }
            Kind::List(all) => self.all(all),
            Kind::Slice(list, places) => self.slice(list, places),
            Kind::Keys(map, keys) => {
                let entries = self.entries_of(map)?;
                let keys = self.list(keys)?;
                let found = |key: &Value| {
                    let key = key.written().ok_or(Stop::Lost)?;
                    Ok(entry(&entries.borrow(), &key).unwrap_or(Value::Nothing))
                };
                keys.iter().map(found).collect()
            }
            Kind::Two(operator, left, right) if operator == ".." => self.range(left, right),
            Kind::Logic(..) | Kind::Choice(..) => self.decided(node, true),
            Kind::Give(operator, to, from) if operator.is_empty() && is_list(to) => {
                self.give(operator, to, from)?;
                if matches!(to.kind, Kind::My(..) | Kind::Local(_)) {
                    Ok(Vec::new())
                } else {
                    self.list(to)
                }
            }
            Kind::Match(..) | Kind::Change(..) => self.matched(node, true),
            Kind::Each(verb, body, list) => self.for_each(verb, body.as_deref(), list),
            Kind::ReadLine(handle) => self.read_lines(handle),
            Kind::Do(body) => self.block_for(&Rc::clone(body), false),
            Kind::Try(body) => self.tried(&Rc::clone(body)),
            Kind::Print(verb, handle, list) => {
                self.printed(verb, handle.as_deref(), list)?;
                Ok(vec![Value::Number(1.0)])
            }
            Kind::Call(name, arguments) => self.called(name, arguments, node, true),
            Kind::CallOf(what, arguments) => {
                let function = self.scalar(what)?;
                let arguments = self.all(arguments)?;
                self.perform(&function, arguments, false)
            }
            Kind::Method(owner, method, arguments) => self.method(owner, method, arguments),
            _ => Ok(vec![self.scalar(node)?]),
        }
    }

    pub fn all(&mut self, nodes: &[Node]) -> Outcome<Vec<Value>> {
        let mut all = Vec::new();
        for node in nodes {
            all.extend(self.list(node)?);
            if all.len() > MAX_WORK {
                return Err(Stop::Lost);
            }
        }
        Ok(all)
    }

    fn spread(&self, slot: &Slot) -> Vec<Value> {
        match slot {
            Slot::One(cell) => vec![cell.borrow().clone()],
            Slot::Many(items) => items.borrow().clone(),
            Slot::Keyed(entries) => {
                let entries = entries.borrow();
                let pairs = entries.iter();
                pairs
                    .flat_map(|(key, value)| [Value::text(key), value.clone()])
                    .collect()
            }
        }
    }

    fn name(&mut self, name: &str) -> Outcome<Value> {
        if let Some(group) = name
            .strip_prefix('$')
            .and_then(|rest| rest.parse::<usize>().ok())
            && group > 0
        {
            let found = self.groups.get(group).cloned().flatten();
            return Ok(found.map_or(Value::Nothing, Value::Text));
        }
        if let Some(function) = name.strip_prefix('&') {
            let number = self.named.get(function).ok_or(Stop::Lost)?;
            return Ok(Value::Function(*number));
        }
        if matches!(name, "$!" | "$$" | "$&" | "$.") {
            return Ok(Value::Unknown);
        }
        Ok(match self.slot(name) {
            Slot::One(cell) => cell.borrow().clone(),
            Slot::Many(items) => Value::count(items.borrow().len()),
            Slot::Keyed(entries) => Value::count(entries.borrow().len()),
        })
    }

    /// Puts a text together; one with an unknown part is unknown.
    pub fn put_together(&mut self, pieces: &[Piece]) -> Outcome<Value> {
        let mut all = String::new();
        let mut known = true;
        for piece in pieces {
            match piece {
                Piece::Text(text) => all.push_str(text),
                Piece::One(node) | Piece::Literal(node) => match self.scalar(node)?.written() {
                    Some(text) => all.push_str(&text),
                    None => known = false,
                },
                Piece::Many(node) => {
                    let items = self.list(node)?;
                    let texts: Option<Vec<String>> = items.iter().map(Value::written).collect();
                    match texts {
                        Some(texts) => all.push_str(&texts.join(" ")),
                        None => known = false,
                    }
                }
            }
            if all.len() > MAX_TEXT {
                return Err(Stop::Lost);
            }
        }
        Ok(if known {
            Value::Text(all)
        } else {
            Value::Unknown
        })
    }

    pub fn number(&mut self, node: &Node) -> Outcome<f64> {
        match self.scalar(node)? {
            Value::Number(number) => Ok(number),
            Value::Text(text) => Ok(head_number(&text)),
            Value::Nothing => Ok(0.0),
            _ => Err(Stop::Lost),
        }
    }

    fn negative(&mut self, inner: &Node) -> Outcome<Value> {
        match self.scalar(inner)? {
            Value::Number(number) => Ok(Value::Number(-number)),
            Value::Text(text) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                Ok(Value::Text(format!("-{text}")))
            }
            Value::Text(text) => Ok(Value::Number(-head_number(&text))),
            Value::Nothing => Ok(Value::Number(0.0)),
            Value::Unknown => Ok(Value::Unknown),
            _ => Err(Stop::Lost),
        }
    }

    fn range(&mut self, left: &Node, right: &Node) -> Outcome<Vec<Value>> {
        const MAX_RANGE: f64 = 10_000.0;
        let (from, to) = (
            self.plain_number(left)?.trunc(),
            self.plain_number(right)?.trunc(),
        );
        if to - from > MAX_RANGE {
            return Err(Stop::Lost);
        }
        let mut all = Vec::new();
        let mut at = from;
        while at <= to {
            all.push(Value::Number(at));
            at += 1.0;
        }
        Ok(all)
    }

    fn slice(&mut self, list: &Node, places: &Node) -> Outcome<Vec<Value>> {
        let items = self.list(list)?;
        let mut all = Vec::new();
        for at in self.list(places)? {
            let (Value::Number(_) | Value::Text(_)) = at else {
                return Err(Stop::Lost);
            };
            let number = head_number(&at.written().unwrap_or_default());
            let found = place(number, items.len()).and_then(|at| items.get(at));
            all.push(found.cloned().unwrap_or(Value::Nothing));
        }
        Ok(all)
    }

    pub fn items_of(&mut self, node: &Node) -> Outcome<Items> {
        match &node.kind {
            Kind::Name(name) => match self.slot(name) {
                Slot::Many(items) => Ok(items),
                Slot::One(_) | Slot::Keyed(_) => Err(Stop::Lost),
            },
            Kind::Into(_, inner) => match self.scalar(inner)? {
                Value::List(items) => Ok(items),
                Value::Nothing => {
                    let items = Items::default();
                    self.put(inner, Value::List(Rc::clone(&items)))?;
                    Ok(items)
                }
                _ => Err(Stop::Lost),
            },
            _ => Ok(Rc::new(RefCell::new(self.list(node)?))),
        }
    }

    pub fn entries_of(&mut self, node: &Node) -> Outcome<Entries> {
        let entries = self.entries(node)?;
        let count = entries.borrow().len();
        if count > MAX_ENTRIES {
            return Err(Stop::Lost);
        }
        // A key is looked for among all of them.
        self.charge(count / 16)?;
        Ok(entries)
    }

    fn entries(&mut self, node: &Node) -> Outcome<Entries> {
        match &node.kind {
            Kind::Name(name) => match self.slot(name) {
                Slot::Keyed(entries) => Ok(entries),
                Slot::One(_) | Slot::Many(_) => Err(Stop::Lost),
            },
            Kind::Into(_, inner) => match self.scalar(inner)? {
                Value::Map(entries) => Ok(entries),
                Value::Nothing => {
                    let entries = Entries::default();
                    self.put(inner, Value::Map(Rc::clone(&entries)))?;
                    Ok(entries)
                }
                _ => Err(Stop::Lost),
            },
            _ => Err(Stop::Lost),
        }
    }

    fn paired(&mut self, nodes: &[Node]) -> Outcome<Vec<(String, Value)>> {
        let items = self.all(nodes)?;
        paired(items)
    }

    fn localize(&mut self, inner: &Node) -> Outcome<Value> {
        let Kind::Name(name) = &inner.kind else {
            return Err(Stop::Lost);
        };
        let Slot::One(cell) = self.slot(name) else {
            return Err(Stop::Lost);
        };
        let before = cell.replace(Value::Nothing);
        self.locals.push((cell, before));
        Ok(Value::Nothing)
    }

    fn reference(&mut self, inner: &Node) -> Outcome<Value> {
        match &inner.kind {
            Kind::My(names, false) => {
                for name in names {
                    self.hold(name, Slot::fresh(name));
                }
                self.reference_to(names.first().map_or("", String::as_str))
            }
            Kind::Name(name) => self.reference_to(name),
            _ => Err(Stop::Lost),
        }
    }

    fn reference_to(&mut self, name: &str) -> Outcome<Value> {
        if name.starts_with('&') {
            return self.name(name);
        }
        Ok(match self.slot(name) {
            Slot::One(cell) => Value::Place(cell),
            Slot::Many(items) => Value::List(items),
            Slot::Keyed(entries) => Value::Map(entries),
        })
    }

    /// `&&`, `||`, `//`, `?:`.
    fn decided(&mut self, node: &Node, list: bool) -> Outcome<Vec<Value>> {
        let take = |player: &mut Self, node: &Node| match list {
            true => player.list(node),
            false => player.scalar(node).map(|one| vec![one]),
        };
        match &node.kind {
            Kind::Choice(condition, first, other) => {
                let chosen = if self.truth(condition)? { first } else { other };
                take(self, chosen)
            }
            Kind::Logic(sign, left, right) => {
                let value = self.scalar(left)?;
                let gives_up = matches!(&right.kind, Kind::Call(name, _) if matches!(name.as_str(), "die" | "exit" | "croak" | "warn"));
                if value.is_unknown() && *sign == '|' && gives_up && self.tries == 0 {
                    return Ok(vec![value]);
                }
                let stays = match sign {
                    '&' => !is_true(&value)?,
                    '|' => is_true(&value)?,
                    _ if value.is_unknown() => return Err(Stop::Lost),
                    _ => !matches!(value, Value::Nothing),
                };
                if stays {
                    Ok(vec![value])
                } else {
                    take(self, right)
                }
            }
            _ => Err(Stop::Lost),
        }
    }

    fn two(&mut self, operator: &str, left: &Node, right: &Node) -> Outcome<Value> {
        if operator == "x" && matches!(left.kind, Kind::List(_)) {
            return Err(Stop::Lost);
        }
        let left = self.scalar(left)?;
        let right = self.scalar(right)?;
        self.worked_out(operator, &left, &right)
    }

    pub fn worked_out(&mut self, operator: &str, left: &Value, right: &Value) -> Outcome<Value> {
        if let Some(value) = counted(operator, left, right) {
            let compares = matches!(operator, "<" | ">" | "<=" | ">=" | "<=>");
            if !compares {
                return Ok(value);
            }
            let right = match right {
                Value::Text(text) => Value::Number(head_number(text)),
                other => other.clone(),
            };
            let left = match left {
                Value::Text(text) => Value::Number(head_number(text)),
                other => other.clone(),
            };
            let order = self.world.timed(&left, &right)?.ok_or(Stop::Lost)?;
            return compared(operator, Some(order));
        }
        if left.is_unknown() || right.is_unknown() {
            return Ok(Value::Unknown);
        }
        let texts = || Some((left.written()?, right.written()?));
        let (one, two) = texts().ok_or(Stop::Lost)?;
        if matches!(operator, "eq" | "ne" | "lt" | "gt" | "le" | "ge" | "cmp") {
            return compared(operator, Some(one.cmp(&two)));
        }
        match operator {
            "." if one.len() + two.len() <= MAX_TEXT => return Ok(Value::Text(one + &two)),
            "x" => {
                let times = place(head_number(&two).max(0.0), 0).unwrap_or_default();
                let fits = one.len().saturating_mul(times) <= MAX_TEXT;
                return if fits {
                    Ok(Value::Text(one.repeat(times)))
                } else {
                    Err(Stop::Lost)
                };
            }
            _ => {}
        }
        let number = |value: &Value, text: &str| match value {
            Value::Number(number) => *number,
            _ => head_number(text),
        };
        let (one, two) = (number(left, &one), number(right, &two));
        Ok(Value::Number(match operator {
            "+" => one + two,
            "-" => one - two,
            "*" => one * two,
            "/" if two != 0.0 => one / two,
            "%" if two > 0.0 => one.trunc().rem_euclid(two.trunc()),
            "<" | ">" | "<=" | ">=" | "==" | "!=" | "<=>" => {
                return compared(operator, one.partial_cmp(&two));
            }
            _ => return Err(Stop::Lost),
        }))
    }
}

fn last_of(mut all: Vec<Value>) -> Value {
    all.pop().unwrap_or(Value::Nothing)
}

fn compared(operator: &str, order: Option<std::cmp::Ordering>) -> Outcome<Value> {
    let order = order.ok_or(Stop::Lost)?;
    Ok(truth_value(match operator {
        "<" | "lt" => order.is_lt(),
        ">" | "gt" => order.is_gt(),
        "<=" | "le" => order.is_le(),
        ">=" | "ge" => order.is_ge(),
        "==" | "eq" => order.is_eq(),
        "!=" | "ne" => order.is_ne(),
        _ => {
            return Ok(Value::Number(match order {
                std::cmp::Ordering::Less => -1.0,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => 1.0,
            }));
        }
    }))
}

/// Keys and values in a row.
pub(super) fn paired(items: Vec<Value>) -> Outcome<Vec<(String, Value)>> {
    let mut all = Vec::new();
    if items.len() > MAX_ENTRIES * 2 {
        return Err(Stop::Lost);
    }
    let mut items = items.into_iter();
    while let Some(key) = items.next() {
        let key = key.written().ok_or(Stop::Lost)?;
        set_entry(&mut all, &key, items.next().unwrap_or(Value::Nothing));
    }
    Ok(all)
}

/// Tells whether a place takes a list.
pub(super) fn is_list(node: &Node) -> bool {
    match &node.kind {
        Kind::My(names, several) => {
            *several || names.iter().any(|name| name.starts_with(['@', '%']))
        }
        Kind::Name(name) => name.starts_with(['@', '%']),
        Kind::List(_) | Kind::Slice(..) | Kind::Keys(..) => true,
        Kind::Into(sign, _) => *sign != '$',
        Kind::Local(inner) => is_list(inner),
        _ => false,
    }
}
