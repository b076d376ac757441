//! Operators of Python: truth, equality, order, arithmetic, parts of collections.
//! Numbers that grow beyond what is counted with here end the attempt.

use std::cmp::Ordering;
use std::rc::Rc;

use ruff_python_ast::{CmpOp, Expr, Operator, StmtAugAssign};

use super::calls::Given;
use super::frame::Frame;
use super::library;
use super::play::{MAX_TEXT, Player};
use super::terms::Spot;
use super::value::{Clock, Kind, Object, Outcome, Stop, Value};

/// Items of one list.
const MAX_ITEMS: usize = 100_000;

impl Player<'_> {
    pub fn truth(&mut self, value: &Value) -> Outcome<bool> {
        Ok(match value {
            Value::None => false,
            Value::Bool(is) => *is,
            Value::Int(number) => *number != 0,
            Value::Float(number) | Value::Span(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::List(items) | Value::Deque(items) => !items.borrow().is_empty(),
            Value::Tuple(items) => !items.is_empty(),
            Value::Dict(map) | Value::Set(map, _) | Value::View(map, _) => map.borrow().len() > 0,
            Value::Object(object) if object.class.builtin && object.class.name == "Section" => {
                self.length(value)? > 0
            }
            Value::Library(name) if library::is_constant(name) => return Err(Stop::Lost),
            Value::Range(from, to, by) => *by > 0 && from < to || *by < 0 && from > to,
            Value::Object(object) => {
                for name in ["__bool__", "__len__"] {
                    if object.class.find(name).is_some() {
                        let method = self.attribute(value, name)?;
                        let told = self.call(&method, Given::default())?;
                        return self.truth(&told);
                    }
                }
                let fields = object.class.fields.borrow();
                fields
                    .as_ref()
                    .is_none_or(|fields| !fields.tuple || !fields.names.is_empty())
            }
            Value::Unknown(Kind::Place) => true,
            Value::Unknown(_) => return Ok(self.guess()),
            Value::Time(_, Clock::Span) => return Err(Stop::Lost),
            _ => true,
        })
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each pair of kinds, read as a table"
    )]
    pub fn equal(&mut self, left: &Value, right: &Value) -> Outcome<bool> {
        self.worked(1 + left.weight().min(right.weight()))?;
        Ok(match (left, right) {
            (Value::Date(_, true), Value::Time(_, Clock::Day))
            | (Value::Time(_, Clock::Day), Value::Date(_, true)) => {
                self.dates(left, right)? == Ordering::Equal
            }
            (Value::Unknown(_), _)
            | (_, Value::Unknown(_))
            | (Value::Time(..), _)
            | (_, Value::Time(..)) => match (left, right) {
                (Value::Unknown(Kind::Text | Kind::Number), Value::None)
                | (Value::None, Value::Unknown(Kind::Text | Kind::Number)) => false,
                (Value::Unknown(_), other) | (other, Value::Unknown(_)) if other.is_plain() => {
                    return Ok(self.guess());
                }
                _ => return Err(Stop::Lost),
            },
            (Value::Text(one), Value::Text(two)) | (Value::Path(one), Value::Path(two)) => {
                one == two
            }
            (Value::Date(one, a), Value::Date(two, b)) if a == b => one == two,
            (Value::Bytes(one), Value::Bytes(two)) => one == two,
            (Value::Span(one), Value::Span(two)) => (one - two).abs() < f64::EPSILON,
            (Value::Int(one), Value::Int(two)) => one == two,
            (
                Value::Int(_) | Value::Float(_) | Value::Bool(_),
                Value::Int(_) | Value::Float(_) | Value::Bool(_),
            ) => self.order(left, right)? == Some(Ordering::Equal),
            (Value::View(..), _) | (_, Value::View(..)) => {
                return self.equal_views(left, right);
            }
            (Value::Library(name), other) | (other, Value::Library(name))
                if library::is_constant(name) && !other.is_none() =>
            {
                return Err(Stop::Lost);
            }
            (Value::List(one), Value::List(two)) | (Value::Deque(one), Value::Deque(two)) => {
                self.worked(one.borrow().len() / 16)?;
                let (one, two) = (one.borrow().clone(), two.borrow().clone());
                self.deeper(|player| player.all_equal(&one, &two))?
            }
            (Value::Tuple(one), Value::Tuple(two)) => {
                self.deeper(|player| player.all_equal(one, two))?
            }
            (Value::Dict(one), Value::Dict(two)) => {
                self.worked(one.borrow().len() / 2)?;
                let (one, two) = (one.borrow().clone(), two.borrow().clone());
                // What is missing counts as none, and an order of keys counts.
                if one.counts || two.counts || one.ordered && two.ordered {
                    return Err(Stop::Lost);
                }
                if one.len() != two.len() {
                    return Ok(false);
                }
                for (key, value) in one.entries() {
                    match two.get(&key)? {
                        Some(other) if self.deeper(|player| player.equal(&value, &other))? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::Set(one, _), Value::Set(two, _)) => {
                let (one, two) = (one.borrow(), two.borrow());
                let inside = |key: &Value| two.get(key).map(|found| found.is_some());
                one.len() == two.len()
                    && one
                        .keys()
                        .iter()
                        .map(inside)
                        .collect::<Outcome<Vec<bool>>>()?
                        .iter()
                        .all(|is| *is)
            }
            (Value::Range(..), Value::Range(..)) => return Err(Stop::Lost),
            (Value::Object(one), _) | (_, Value::Object(one)) => {
                return self.equal_objects(left, right, one.is_plain());
            }
            (one, two) => match std::mem::discriminant(one) == std::mem::discriminant(two) {
                true => one.is_same(two)?,
                false => false,
            },
        })
    }

    fn equal_objects(&mut self, left: &Value, right: &Value, plain: bool) -> Outcome<bool> {
        if let (Value::Object(one), Value::Object(two)) = (left, right) {
            if Rc::ptr_eq(one, two) && (plain || one.class.builtin) {
                return Ok(true);
            }
            if one.is_row() && two.is_row() {
                return Ok(super::value::hashed(left)? == super::value::hashed(right)?);
            }
            let fields = one.class.fields.borrow().clone();
            if let Some(fields) = fields
                && Rc::ptr_eq(&one.class, &two.class)
                && one.class.find("__eq__").is_none()
            {
                for name in fields
                    .names
                    .iter()
                    .filter(|name| !fields.apart.contains(name))
                {
                    let (Some(a), Some(b)) = (one.get(name), two.get(name)) else {
                        return Err(Stop::Lost);
                    };
                    if !self.deeper(|player| player.equal(&a, &b))? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            if one.is_plain() && two.is_plain() {
                return Ok(Rc::ptr_eq(one, two));
            }
            return Err(Stop::Lost);
        }
        // A row of a database is equal to another row at most.
        let is_row = |value: &Value| matches!(value, Value::Object(object) if object.is_row());
        match plain || is_row(left) || is_row(right) {
            true => Ok(false),
            false => Err(Stop::Lost),
        }
    }

    fn all_equal(&mut self, one: &[Value], two: &[Value]) -> Outcome<bool> {
        if one.len() != two.len() {
            return Ok(false);
        }
        for (a, b) in one.iter().zip(two) {
            if !self.equal(a, b)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Which of two values is the greater one; nothing for numbers that are none.
    pub fn order(&mut self, left: &Value, right: &Value) -> Outcome<Option<Ordering>> {
        self.worked(1 + left.weight().min(right.weight()))?;
        match (left, right) {
            (Value::Int(one), Value::Int(two)) => Ok(Some(one.cmp(two))),
            (Value::Text(one), Value::Text(two)) => Ok(Some(one.cmp(two))),
            (Value::Path(one), Value::Path(two)) => Ok(Some(parts(one).cmp(&parts(two)))),
            (Value::Bytes(one), Value::Bytes(two)) => Ok(Some(one.cmp(two))),
            (Value::Date(..), _) | (_, Value::Date(..)) => self.dates(left, right).map(Some),
            (Value::Time(..), _) | (_, Value::Time(..)) => self.timed(left, right).map(Some),
            (Value::Span(one), Value::Span(two)) => Ok(one.partial_cmp(two)),
            (Value::Unknown(_), _) | (_, Value::Unknown(_)) => Err(Stop::Lost),
            (
                Value::Int(_) | Value::Float(_) | Value::Bool(_),
                Value::Int(_) | Value::Float(_) | Value::Bool(_),
            ) => Ok(left.number()?.partial_cmp(&right.number()?)),
            (Value::List(_), Value::List(_)) | (Value::Tuple(_), Value::Tuple(_)) => {
                let (one, two) = (self.items(left)?, self.items(right)?);
                for (a, b) in one.iter().zip(&two) {
                    if !self.equal(a, b)? {
                        return self.deeper(|player| player.order(a, b));
                    }
                }
                Ok(Some(one.len().cmp(&two.len())))
            }
            (Value::Object(one), Value::Object(two))
                if Rc::ptr_eq(&one.class, &two.class)
                    && one
                        .class
                        .fields
                        .borrow()
                        .as_ref()
                        .is_some_and(|fields| fields.ordered) =>
            {
                self.fields_in_order(one, two)
            }
            (Value::Object(_) | Value::Library(_) | Value::Set(..), _)
            | (_, Value::Object(_) | Value::Library(_)) => Err(Stop::Lost),
            _ => Err(self.raise("TypeError", "not supported between these")),
        }
    }

    /// Compares objects by their fields, one after the other.
    fn fields_in_order(&mut self, one: &Rc<Object>, two: &Rc<Object>) -> Outcome<Option<Ordering>> {
        let own = ["__lt__", "__gt__", "__le__", "__ge__", "__eq__"];
        if own.iter().any(|name| one.class.find(name).is_some()) {
            return Err(Stop::Lost);
        }
        let fields = one.class.fields.borrow().clone().ok_or(Stop::Lost)?;
        for name in fields
            .names
            .iter()
            .filter(|name| !fields.apart.contains(name))
        {
            let (Some(a), Some(b)) = (one.get(name), two.get(name)) else {
                return Err(Stop::Lost);
            };
            if !self.deeper(|player| player.equal(&a, &b))? {
                return self.deeper(|player| player.order(&a, &b));
            }
        }
        Ok(Some(Ordering::Equal))
    }

    /// Compares sets: whether one holds the other.
    pub fn subset(&mut self, op: CmpOp, left: &Value, right: &Value) -> Outcome<Option<bool>> {
        if let (Value::View(..), _) | (_, Value::View(..)) = (left, right) {
            let one = self.as_set(left)?.unwrap_or_else(|| left.clone());
            let two = self.as_set(right)?.unwrap_or_else(|| right.clone());
            return match (&one, &two) {
                (Value::Set(..), Value::Set(..)) => self.subset(op, &one, &two),
                _ => Err(Stop::Lost),
            };
        }
        let (Value::Set(one, _), Value::Set(two, _)) = (left, right) else {
            return Ok(None);
        };
        let (one, two) = (one.borrow(), two.borrow());
        let (small, large) = match op {
            CmpOp::Lt | CmpOp::LtE => (&one, &two),
            _ => (&two, &one),
        };
        for key in small.keys() {
            if large.get(&key)?.is_none() {
                return Ok(Some(false));
            }
        }
        let strict = matches!(op, CmpOp::Lt | CmpOp::Gt);
        Ok(Some(!strict || small.len() < large.len()))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each kind of value, read as a table"
    )]
    pub fn contains(&mut self, whole: &Value, part: &Value) -> Outcome<bool> {
        self.worked(1 + part.weight())?;
        match whole {
            Value::Text(text) => match part {
                Value::Text(part) => {
                    self.worked(text.len() / 64)?;
                    Ok(text.contains(&**part))
                }
                Value::Unknown(_) => Err(Stop::Lost),
                _ => Err(self.raise("TypeError", "requires a string")),
            },
            Value::Dict(map) | Value::Set(map, _) => {
                if let Value::List(_) | Value::Dict(_) = part {
                    return Err(self.raise("TypeError", "unhashable type"));
                }
                Ok(map.borrow().get(part)?.is_some())
            }
            Value::Range(from, to, by) => {
                let part = part.whole()?;
                let inside = if *by > 0 {
                    part >= *from && part < *to
                } else {
                    part <= *from && part > *to
                };
                Ok(inside && (part - from).checked_rem(*by) == Some(0))
            }
            Value::Bytes(bytes) => match part {
                Value::Bytes(part) if !part.is_empty() => {
                    self.worked(bytes.len() / 16)?;
                    Ok(bytes.windows(part.len()).any(|one| one == &**part))
                }
                _ => Err(Stop::Lost),
            },
            Value::Object(object) if object.class.name == "Namespace" && object.class.builtin => {
                Ok(object.get(&part.as_text()?).is_some())
            }
            Value::Object(object) if object.class.find("__contains__").is_some() => {
                let method = self.attribute(whole, "__contains__")?;
                let told = self.call(&method, Given::of(vec![part.clone()]))?;
                self.truth(&told)
            }
            Value::Library("os.environ") => self.environment_has(part),
            Value::View(map, kind) => self.shows(map, *kind, part),
            Value::Object(object) if object.class.builtin && object.class.name == "Section" => {
                let key = part.as_text()?.to_lowercase();
                let all = self.items(whole)?;
                Ok(all
                    .iter()
                    .any(|one| matches!(one, Value::Text(one) if **one == *key)))
            }
            Value::Generator(_) | Value::File(_) | Value::Cursor(_) => {
                let part = part.clone();
                self.reaches(
                    whole,
                    Rc::new(move |player, value| player.equal(value, &part)),
                )
            }
            _ => {
                for item in self.items(whole)? {
                    if self.equal(&item, part)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each pair of kinds, read as a table"
    )]
    pub fn binary(&mut self, op: Operator, left: &Value, right: &Value) -> Outcome<Value> {
        if let Some(value) = self.of_dates(op, left, right)? {
            return Ok(value);
        }
        if let Some(value) = self.moments(op, left, right)? {
            return Ok(value);
        }
        let is_type = |value: &Value| {
            matches!(value, Value::Class(_))
                || matches!(value, Value::Library(name) if !library::is_constant(name))
        };
        // `str | None`: what an annotation says.
        if op == Operator::BitOr
            && (is_type(left) && (is_type(right) || right.is_none())
                || left.is_none() && is_type(right))
        {
            return Ok(Value::Library("typing.Union"));
        }
        if let Some(value) = self.of_views(op, left, right)? {
            return Ok(value);
        }
        match (left, right) {
            (Value::Int(one), Value::Int(two)) => self.whole(op, *one, *two),
            (
                Value::Int(_) | Value::Float(_) | Value::Bool(_),
                Value::Int(_) | Value::Float(_) | Value::Bool(_),
            ) => {
                if let (Value::Bool(one), Value::Bool(two)) = (left, right) {
                    match op {
                        Operator::BitAnd => return Ok(Value::Bool(*one && *two)),
                        Operator::BitOr => return Ok(Value::Bool(*one || *two)),
                        Operator::BitXor => return Ok(Value::Bool(one != two)),
                        _ => {}
                    }
                }
                if let (Ok(one), Ok(two)) = (left.whole(), right.whole()) {
                    return self.whole(op, one, two);
                }
                let (one, two) = (left.number()?, right.number()?);
                self.broken(op, one, two)
            }
            (Value::Path(_), Value::Text(_) | Value::Path(_)) if op == Operator::Div => {
                let joined = super::library::paths::joined(&left.as_name()?, &right.as_name()?);
                self.path_value(&joined)
            }
            (Value::Text(_), Value::Path(_)) if op == Operator::Div => {
                let joined = super::library::paths::joined(&left.as_name()?, &right.as_name()?);
                self.path_value(&joined)
            }
            (Value::Text(one), Value::Text(two)) if op == Operator::Add => {
                self.worked((one.len() + two.len()) / 64)?;
                self.text(format!("{one}{two}"))
            }
            (Value::Bytes(one), Value::Bytes(two)) if op == Operator::Add => {
                self.worked((one.len() + two.len()) / 64)?;
                match one.len() + two.len() > MAX_TEXT {
                    true => Err(Stop::Lost),
                    false => Ok(Value::Bytes(Rc::from([&**one, &**two].concat()))),
                }
            }
            (Value::Text(_), _) if op == Operator::Mod => self.percent(left, right),
            (Value::Unknown(Kind::Text), Value::Text(_))
            | (Value::Text(_), Value::Unknown(Kind::Text))
                if op == Operator::Add =>
            {
                Ok(Value::Unknown(Kind::Text))
            }
            (
                Value::Unknown(Kind::Number),
                Value::Int(_) | Value::Float(_) | Value::Unknown(Kind::Number),
            )
            | (Value::Int(_) | Value::Float(_), Value::Unknown(Kind::Number))
                if matches!(op, Operator::Add | Operator::Sub | Operator::Mult) =>
            {
                Ok(Value::Unknown(Kind::Number))
            }
            (Value::Unknown(Kind::Place), other)
            | (other, Value::Unknown(Kind::Place))
            | (Value::Path(_), other @ Value::Unknown(_))
                if op == Operator::Div && other.is_plain() =>
            {
                Ok(Value::Unknown(Kind::Place))
            }
            (Value::Unknown(Kind::Inert), other) | (other, Value::Unknown(Kind::Inert))
                if other.is_plain() && self.tries == 0 =>
            {
                Ok(Value::Unknown(Kind::Inert))
            }
            (Value::Dict(one), Value::Dict(two)) if op == Operator::BitOr => {
                if !is_plain(one) || !is_plain(two) {
                    return Err(Stop::Lost);
                }
                self.worked(one.borrow().len() / 2)?;
                let mut all = one.borrow().clone();
                for (key, value) in two.borrow().entries() {
                    self.worked(1)?;
                    all.set(key, value)?;
                }
                Ok(Value::Dict(Rc::new(std::cell::RefCell::new(all))))
            }
            (Value::Set(..), Value::Set(..)) => self.of_sets(op, left, right),
            (Value::Unknown(_) | Value::Object(_) | Value::Time(..) | Value::Library(_), _)
            | (_, Value::Unknown(_) | Value::Object(_) | Value::Time(..) | Value::Library(_)) => {
                Err(Stop::Lost)
            }
            _ => self.sequences(op, left, right),
        }
    }

    fn sequences(&mut self, op: Operator, left: &Value, right: &Value) -> Outcome<Value> {
        match (op, left, right) {
            (Operator::Add, Value::List(_), Value::List(_))
            | (Operator::Add, Value::Tuple(_), Value::Tuple(_)) => {
                let mut all = self.items(left)?;
                all.extend(self.items(right)?);
                self.worked(all.len() / 8)?;
                if all.len() > MAX_ITEMS {
                    return Err(Stop::Lost);
                }
                Ok(match left {
                    Value::Tuple(_) => Value::tuple(all),
                    _ => Value::list(all),
                })
            }
            (
                Operator::Mult,
                Value::Text(_) | Value::List(_) | Value::Tuple(_),
                Value::Int(times),
            ) => self.repeated(left, *times),
            (
                Operator::Mult,
                Value::Int(times),
                Value::Text(_) | Value::List(_) | Value::Tuple(_),
            ) => self.repeated(right, *times),
            _ => {
                let simple = |value: &Value| {
                    matches!(
                        value,
                        Value::None
                            | Value::Int(_)
                            | Value::Float(_)
                            | Value::Text(_)
                            | Value::List(_)
                            | Value::Dict(_)
                            | Value::Tuple(_)
                            | Value::Path(_)
                    )
                };
                match simple(left) && simple(right) {
                    true => Err(self.raise("TypeError", "unsupported operand")),
                    false => Err(Stop::Lost),
                }
            }
        }
    }

    fn repeated(&mut self, value: &Value, times: i128) -> Outcome<Value> {
        let times = usize::try_from(times.max(0)).map_err(|_| Stop::Lost)?;
        match value {
            Value::Text(text) => {
                if text.len().saturating_mul(times) > MAX_TEXT {
                    return Err(Stop::Lost);
                }
                self.text(text.repeat(times))
            }
            _ => {
                let items = self.items(value)?;
                let length = items.len().saturating_mul(times);
                if length > MAX_ITEMS {
                    return Err(Stop::Lost);
                }
                self.worked(length / 4)?;
                let all: Vec<Value> = (0..times).flat_map(|_| items.iter().cloned()).collect();
                Ok(match value {
                    Value::Tuple(_) => Value::tuple(all),
                    _ => Value::list(all),
                })
            }
        }
    }

    fn of_sets(&mut self, op: Operator, left: &Value, right: &Value) -> Outcome<Value> {
        let (Value::Set(one, frozen), Value::Set(two, _)) = (left, right) else {
            return Err(Stop::Lost);
        };
        let (one, two) = (one.borrow().clone(), two.borrow().clone());
        self.worked(one.len() + two.len())?;
        let mut all = Vec::new();
        for key in one.keys() {
            let shared = two.get(&key)?.is_some();
            if match op {
                Operator::BitAnd => shared,
                Operator::Sub | Operator::BitXor => !shared,
                Operator::BitOr => true,
                _ => return Err(Stop::Lost),
            } {
                all.push(key);
            }
        }
        if matches!(op, Operator::BitOr | Operator::BitXor) {
            for key in two.keys() {
                if one.get(&key)?.is_none() {
                    all.push(key);
                }
            }
        }
        Value::set_of(all, *frozen)
    }

    fn whole(&mut self, op: Operator, one: i128, two: i128) -> Outcome<Value> {
        if two == 0 && matches!(op, Operator::Div | Operator::FloorDiv | Operator::Mod) {
            return Err(self.raise("ZeroDivisionError", "division by zero"));
        }
        let made = match op {
            Operator::Add => one.checked_add(two),
            Operator::Sub => one.checked_sub(two),
            Operator::Mult => one.checked_mul(two),
            Operator::Div => {
                return Ok(Value::Float(
                    Value::Int(one).number()? / Value::Int(two).number()?,
                ));
            }
            Operator::FloorDiv => {
                let cut = one.checked_div(two).ok_or(Stop::Lost)?;
                let exact = cut.checked_mul(two) == Some(one);
                Some(if !exact && (one < 0) != (two < 0) {
                    cut - 1
                } else {
                    cut
                })
            }
            Operator::Mod => {
                let rest = one.checked_rem(two).ok_or(Stop::Lost)?;
                Some(if rest != 0 && (rest < 0) != (two < 0) {
                    rest + two
                } else {
                    rest
                })
            }
            Operator::Pow if two >= 0 => {
                u32::try_from(two).ok().and_then(|two| one.checked_pow(two))
            }
            Operator::LShift => u32::try_from(two)
                .ok()
                .filter(|by| *by < 64)
                .and_then(|by| one.checked_mul(1 << by)),
            Operator::RShift => u32::try_from(two)
                .ok()
                .filter(|by| *by < 127)
                .map(|by| one >> by),
            Operator::BitAnd => Some(one & two),
            Operator::BitOr => Some(one | two),
            Operator::BitXor => Some(one ^ two),
            _ => None,
        };
        made.map(Value::Int).ok_or(Stop::Lost)
    }

    fn broken(&mut self, op: Operator, one: f64, two: f64) -> Outcome<Value> {
        if two == 0.0 && matches!(op, Operator::Div | Operator::FloorDiv | Operator::Mod) {
            return Err(self.raise("ZeroDivisionError", "division by zero"));
        }
        let made = match op {
            Operator::Add => one + two,
            Operator::Sub => one - two,
            Operator::Mult => one * two,
            Operator::Div => one / two,
            Operator::FloorDiv => floored(one, two),
            Operator::Mod => {
                let rest = one % two;
                if rest != 0.0 && (rest < 0.0) != (two < 0.0) {
                    rest + two
                } else {
                    rest
                }
            }
            _ => return Err(Stop::Lost),
        };
        if made.is_finite() {
            Ok(Value::Float(made))
        } else {
            Err(Stop::Lost)
        }
    }

    pub fn augmented(&mut self, one: &StmtAugAssign, frame: &Rc<Frame>) -> Outcome<()> {
        // The parts of the target are looked at once.
        let (owner, spot) = match one.target.as_ref() {
            Expr::Name(_) => (None, None),
            Expr::Attribute(part) => (Some(self.eval(&part.value, frame)?), None),
            Expr::Subscript(part) => {
                let owner = self.eval(&part.value, frame)?;
                let Spot::One(key) = self.place(&part.slice, frame)? else {
                    return Err(Stop::Lost);
                };
                (Some(owner), Some(key))
            }
            _ => return Err(Stop::Lost),
        };
        let old = match (one.target.as_ref(), &owner, &spot) {
            (Expr::Name(name), ..) => self.name(name.id.as_str(), &frame.home(name.id.as_str()))?,
            (Expr::Attribute(part), Some(owner), _) => self.attribute(owner, part.attr.as_str())?,
            (_, Some(owner), Some(key)) => self.item(owner, Spot::One(key.clone()))?,
            _ => return Err(Stop::Lost),
        };
        let value = self.eval(&one.value, frame)?;
        let new = self.in_place(one.op, &old, &value)?;
        match (one.target.as_ref(), owner, spot) {
            (Expr::Attribute(part), Some(owner), _) => {
                self.set_attribute(&owner, part.attr.as_str(), new)
            }
            (Expr::Subscript(_), Some(owner), Some(key)) => {
                self.set_item(&owner, Spot::One(key), new)
            }
            (target, ..) => self.assign(target, new, frame),
        }
    }

    /// `+=` and its like change lists, maps and sets themselves.
    fn in_place(&mut self, op: Operator, old: &Value, value: &Value) -> Outcome<Value> {
        match (op, old) {
            (Operator::Add, Value::List(items)) => {
                let more = self.items(value)?;
                let length = items.borrow().len() + more.len();
                if length > MAX_ITEMS {
                    return Err(Stop::Lost);
                }
                self.worked(more.len())?;
                items.borrow_mut().extend(more);
                Ok(old.clone())
            }
            (Operator::Mult, Value::List(_)) => Err(Stop::Lost),
            (_, Value::Deque(_)) => Err(Stop::Lost),
            (Operator::BitOr, Value::Dict(map)) => {
                let Value::Dict(other) = value else {
                    return Err(Stop::Lost);
                };
                if map.borrow().counts {
                    return Err(Stop::Lost);
                }
                let entries = other.borrow().entries();
                for (key, value) in entries {
                    self.worked(1)?;
                    map.borrow_mut().set(key, value)?;
                }
                Ok(old.clone())
            }
            (_, Value::Set(map, false)) => {
                let made = self.of_sets(op, old, value)?;
                let Value::Set(new, _) = made else {
                    return Err(Stop::Lost);
                };
                *map.borrow_mut() = new.borrow().clone();
                Ok(old.clone())
            }
            _ => self.binary(op, old, value),
        }
    }
}

/// Tells whether a map is nothing more than one.
fn is_plain(map: &super::value::Entries) -> bool {
    let map = map.borrow();
    !map.counts && map.missing.is_none() && !map.ordered
}

/// Divides as Python does: what is left over is taken off first.
fn floored(one: f64, two: f64) -> f64 {
    let rest = one % two;
    let mut whole = (one - rest) / two;
    if rest != 0.0 && (rest < 0.0) != (two < 0.0) {
        whole -= 1.0;
    }
    let down = whole.floor();
    if whole - down > 0.5 { down + 1.0 } else { down }
}

/// Returns the parts by which paths are put in order.
fn parts(path: &str) -> Vec<&str> {
    let front = if path.starts_with('/') {
        vec!["/"]
    } else {
        Vec::new()
    };
    front
        .into_iter()
        .chain(
            path.split('/')
                .filter(|part| !part.is_empty() && *part != "."),
        )
        .collect()
}
