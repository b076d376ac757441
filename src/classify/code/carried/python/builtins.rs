//! Functions that every script has: `len`, `sorted`, `print`, `int`, `zip`.
//! What they make of unknown values is unknown, or ends the attempt.

use std::cmp::Ordering;
use std::rc::Rc;

use super::calls::Given;
use super::library;
use super::play::Player;
use super::value::{Kind, Outcome, Source, Stop, Value, Way};
use super::views;

/// Items of one range that are made at once.
const MAX_RANGE: i128 = 1 << 40;

impl Player<'_> {
    /// Returns what a name is that everybody has.
    pub fn builtin(&mut self, name: &str) -> Option<Value> {
        if let Some(class) = (!name.contains('.'))
            .then(|| self.exception(name))
            .flatten()
        {
            return Some(Value::Class(class));
        }
        library::BUILTINS
            .split_whitespace()
            .find(|one| *one == name)
            .map(Value::Library)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each function, read as a table"
    )]
    pub fn call_builtin(&mut self, name: &str, mut given: Given) -> Outcome<Option<Value>> {
        Ok(Some(match name {
            "print" => {
                let file = given.key("file");
                return self.printed(file, given).map(Some);
            }
            "input" => return Err(Stop::Lost),
            "len" => {
                let value = given.need("obj")?;
                given.end()?;
                Value::count(self.length(&value)?)
            }
            "range" => self.range(given)?,
            "str" => return self.str_of(given).map(Some),
            "repr" => {
                let value = given.need("obj")?;
                self.written(&value)?
                    .map_or(Value::Unknown(Kind::Text), |text| Value::text(&text))
            }
            "int" => return self.int_of(given).map(Some),
            "float" => return self.float_of(given).map(Some),
            "bool" => match given.take("x") {
                Some(value) => Value::Bool(self.truth(&value)?),
                None => Value::Bool(false),
            },
            "list" | "tuple" | "set" | "frozenset" => {
                let items = match given.take("iterable") {
                    Some(all) => self.items(&all)?,
                    None => Vec::new(),
                };
                given.end()?;
                self.worked(items.len() / 8)?;
                match name {
                    "list" => Value::list(items),
                    "tuple" => Value::tuple(items),
                    _ => Value::set_of(items, name == "frozenset")?,
                }
            }
            "dict" => {
                let made = Value::dict(Vec::new())?;
                self.method(&made, "update", given)?;
                made
            }
            "sorted" => {
                let all = given.need("iterable")?;
                let items = self.items(&all)?;
                Value::list(self.sorted(items, given)?)
            }
            "reversed" => {
                let all = given.need("sequence")?;
                if let Value::Set(..) | Value::Generator(_) = all {
                    return Err(Stop::Lost);
                }
                let mut items = self.items(&all)?;
                items.reverse();
                Value::given(items)
            }
            "enumerate" | "map" | "filter" => return self.one_by_one(name, given).map(Some),
            "zip" => return self.zipped(given).map(Some),
            "min" | "max" => return self.extreme(name, given).map(Some),
            "sum" => return self.sum(given).map(Some),
            "any" | "all" => {
                let over = given.need("iterable")?;
                given.end()?;
                return self
                    .any_all(&over, name == "any")
                    .map(|is| Some(Value::Bool(is)));
            }
            _ => return self.call_rare(name, given),
        }))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each function, read as a table"
    )]
    fn call_rare(&mut self, name: &str, mut given: Given) -> Outcome<Option<Value>> {
        Ok(Some(match name {
            "isinstance" => {
                let (value, class) = (given.need("obj")?, given.need("class")?);
                Value::Bool(self.is_instance(&value, &class)?)
            }
            "callable" => match given.need("obj")? {
                Value::Function(_) | Value::Class(_) | Value::Method(_) => Value::Bool(true),
                Value::Library(_) | Value::Object(_) | Value::Unknown(_) => return Err(Stop::Lost),
                _ => Value::Bool(false),
            },
            "getattr" | "hasattr" => {
                let (value, part) = (given.need("obj")?, given.need("name")?.as_text()?);
                let absent = given.take("default");
                if (name == "hasattr" || absent.is_some()) && self.lacks(&value, &part)? {
                    return Ok(Some(absent.unwrap_or(Value::Bool(false))));
                }
                match self.attribute(&value, &part) {
                    Ok(found) if name == "getattr" => found,
                    Ok(_) => Value::Bool(true),
                    Err(Stop::Raise(thrown)) => {
                        let missing = self
                            .exception("AttributeError")
                            .map(Value::Class)
                            .ok_or(Stop::Lost)?;
                        match (self.is_instance(&thrown, &missing)?, name, absent) {
                            (true, "hasattr", _) => Value::Bool(false),
                            (true, _, Some(absent)) => absent,
                            _ => return Err(Stop::Raise(thrown)),
                        }
                    }
                    Err(other) => return Err(other),
                }
            }
            "setattr" => {
                let (owner, part, value) = (
                    given.need("obj")?,
                    given.need("name")?.as_text()?,
                    given.need("value")?,
                );
                self.set_attribute(&owner, &part, value)?;
                Value::None
            }
            "abs" => match given.need("x")? {
                Value::Int(number) => Value::Int(number.checked_abs().ok_or(Stop::Lost)?),
                Value::Float(number) => Value::Float(number.abs()),
                _ => return Err(Stop::Lost),
            },
            "round" => {
                let value = given.need("number")?;
                match (value, given.take("ndigits")) {
                    (Value::Int(number), None) => Value::Int(number),
                    (Value::Unknown(Kind::Number), _) => Value::Unknown(Kind::Number),
                    #[expect(clippy::cast_possible_truncation, reason = "bounded before")]
                    (Value::Float(number), None) if number.abs() < 1e15 => {
                        Value::Int(number.round_ties_even() as i128)
                    }
                    _ => Value::Unknown(Kind::Number),
                }
            }
            "divmod" => {
                let (one, two) = (given.need("a")?, given.need("b")?);
                let whole = self.binary(ruff_python_ast::Operator::FloorDiv, &one, &two)?;
                let rest = self.binary(ruff_python_ast::Operator::Mod, &one, &two)?;
                Value::tuple(vec![whole, rest])
            }
            "next" => {
                let over = given.need("iterator")?;
                match (self.first(&over)?, given.take("default")) {
                    (Some(value), _) | (None, Some(value)) => value,
                    (None, None) => return Err(self.raised("StopIteration", Vec::new())),
                }
            }
            "iter" => {
                let over = given.need("iterable")?;
                given.end()?;
                match over {
                    Value::Generator(_) => over,
                    Value::List(list) => Value::live(&list),
                    Value::Tuple(_) | Value::Text(_) | Value::Range(..) => {
                        Value::given(self.items(&over)?)
                    }
                    _ => return Err(Stop::Lost),
                }
            }
            "type" => match given.need("object")? {
                Value::Object(object) => Value::Class(Rc::clone(&object.class)),
                _ => return Err(Stop::Lost),
            },
            "chr" => {
                let code = u32::try_from(given.need("i")?.whole()?)
                    .ok()
                    .and_then(char::from_u32);
                self.text(code.ok_or(Stop::Lost)?.to_string())?
            }
            "ord" => Value::Int(i128::from(u32::from(
                given
                    .need("c")?
                    .as_text()?
                    .chars()
                    .next()
                    .ok_or(Stop::Lost)?,
            ))),
            "exit" | "quit" => return Err(self.leave_script(given)),
            "open" => return self.open(given).map(Some),
            "object.__init__" => Value::None,
            "id" | "hash" => Value::Unknown(Kind::Number),
            _ => return Ok(None),
        }))
    }

    /// `sys.exit`.
    pub fn leave_script(&mut self, mut given: Given) -> Stop {
        let code = given.take("status").into_iter().collect();
        self.raised("SystemExit", code)
    }

    fn range(&mut self, given: Given) -> Outcome<Value> {
        let mut numbers = Vec::new();
        for value in &given.placed {
            match value {
                Value::Float(_) | Value::Text(_) | Value::None => {
                    return Err(self.raise("TypeError", "cannot be interpreted as an integer"));
                }
                value => numbers.push(value.whole()?),
            }
        }
        let (from, to, by) = match numbers.as_slice() {
            [to] => (0, *to, 1),
            [from, to] => (*from, *to, 1),
            [from, to, by] if *by != 0 => (*from, *to, *by),
            _ => return Err(Stop::Lost),
        };
        if from.abs() > MAX_RANGE || to.abs() > MAX_RANGE || by.abs() > MAX_RANGE {
            return Err(Stop::Lost);
        }
        Ok(Value::Range(from, to, by))
    }

    fn str_of(&mut self, mut given: Given) -> Outcome<Value> {
        let Some(value) = given.take("object") else {
            return self.text("");
        };
        given.end()?;
        if let Value::Bytes(_) = value {
            return Err(Stop::Lost);
        }
        match self.string(&value)? {
            Some(text) => self.text(text),
            None => Ok(Value::Unknown(Kind::Text)),
        }
    }

    fn int_of(&mut self, mut given: Given) -> Outcome<Value> {
        let Some(value) = given.take("x") else {
            return Ok(Value::Int(0));
        };
        let base = given.take("base");
        given.end()?;
        match (value, base) {
            (Value::Text(text), base) => {
                let radix = base.map_or(Ok(10), |base| base.whole())?;
                let radix = u32::try_from(radix)
                    .ok()
                    .filter(|radix| (2..=36).contains(radix))
                    .ok_or(Stop::Lost)?;
                let clean = text.trim();
                let joined = clean.replace('_', "");
                if clean.contains("__")
                    || clean.starts_with('_')
                    || clean.ends_with('_')
                    || joined.len() > 30
                    || !clean.is_ascii()
                {
                    return Err(if joined.len() > 30 || !clean.is_ascii() {
                        Stop::Lost
                    } else {
                        self.raise("ValueError", "invalid literal")
                    });
                }
                match i128::from_str_radix(&joined, radix) {
                    Ok(number) => Ok(Value::Int(number)),
                    Err(_) if radix != 10 => Err(Stop::Lost),
                    Err(_) => Err(self.raise("ValueError", "invalid literal for int()")),
                }
            }
            (Value::Int(number), None) => Ok(Value::Int(number)),
            (Value::Bool(is), None) => Ok(Value::Int(i128::from(is))),
            #[expect(clippy::cast_possible_truncation, reason = "bounded before")]
            (Value::Float(number), None) if number.abs() < 1e15 => {
                Ok(Value::Int(number.trunc() as i128))
            }
            (Value::Unknown(Kind::Number) | Value::Time(_, super::value::Clock::Number), None) => {
                Ok(Value::Unknown(Kind::Number))
            }
            (Value::None | Value::List(_) | Value::Dict(_), None) => {
                Err(self.raise("TypeError", "int() argument"))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn float_of(&mut self, mut given: Given) -> Outcome<Value> {
        let Some(value) = given.take("x") else {
            return Ok(Value::Float(0.0));
        };
        given.end()?;
        match value {
            Value::Text(text) => {
                let clean = text.trim();
                let plain = !clean.is_empty()
                    && clean
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || b".-+eE".contains(&byte));
                match clean.parse::<f64>() {
                    Ok(number) if plain && number.is_finite() => Ok(Value::Float(number)),
                    Ok(_) => Err(Stop::Lost),
                    Err(_) if clean.contains('_') => Err(Stop::Lost),
                    Err(_) => Err(self.raise("ValueError", "could not convert string to float")),
                }
            }
            Value::None | Value::List(_) => Err(self.raise("TypeError", "float() argument")),
            Value::Time(..) => Ok(value),
            Value::Unknown(Kind::Number) => Ok(value),
            other => other.number().map(Value::Float),
        }
    }

    /// Puts values in order, stable, by a key.
    pub fn sorted(&mut self, items: Vec<Value>, mut given: Given) -> Outcome<Vec<Value>> {
        let key = given.key("key").unwrap_or(Value::None);
        let reverse = match given.key("reverse") {
            None => false,
            Some(value) => self.truth(&value)?,
        };
        given.end()?;
        let mut keyed = Vec::new();
        for item in items {
            let sorts = match key.is_none() {
                true => item.clone(),
                false => self.call(&key, Given::of(vec![item.clone()]))?,
            };
            keyed.push((sorts, item));
        }
        if reverse {
            keyed.reverse();
        }
        let mut all: Vec<(Value, Value)> = Vec::new();
        for one in keyed {
            let (mut low, mut high) = (0, all.len());
            while low < high {
                let middle = low.midpoint(high);
                let other = all
                    .get(middle)
                    .map(|(sorts, _)| sorts.clone())
                    .ok_or(Stop::Lost)?;
                match self.order(&one.0, &other)?.ok_or(Stop::Lost)? {
                    Ordering::Less => high = middle,
                    _ => low = middle + 1,
                }
            }
            self.worked(all.len() / 512)?;
            all.insert(low, one);
        }
        let mut keyed = all;
        if reverse {
            keyed.reverse();
        }
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    }

    fn one_by_one(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let (way, function, over) = match name {
            "enumerate" => {
                let over = given.need("iterable")?;
                (
                    Way::Count,
                    given.take("start").unwrap_or(Value::Int(0)),
                    over,
                )
            }
            "map" if given.placed.len() > 2 => {
                let function = given.need("function")?;
                let zipped = self.zipped(std::mem::take(&mut given))?;
                (Way::Spread, function, zipped)
            }
            "map" => (Way::Map, given.need("function")?, given.need("iterable")?),
            _ => (
                Way::Filter,
                given.need("function")?,
                given.need("iterable")?,
            ),
        };
        given.end()?;
        Ok(Value::generator(Source::Each(way, function, over)))
    }

    fn zipped(&mut self, mut given: Given) -> Outcome<Value> {
        let strict = given.flag("strict", false)?;
        let lazy = views::lazy(&given.placed);
        if !given.named.is_empty() || views::share(&given.placed) || lazy.len() > 1 {
            return Err(Stop::Lost);
        }
        let before = self.world.steps.len();
        let mut shortest: Option<usize> = None;
        for over in given.placed.iter().filter(|over| !Self::is_used_up(over)) {
            let length = self.length(over)?;
            shortest = Some(shortest.map_or(length, |least| least.min(length)));
        }
        let most = shortest.map(|least| least + 1);
        let ahead = match lazy.first() {
            Some(over) => {
                let most = most
                    .filter(|_| given.placed.iter().filter(|one| self.is_lazy(one)).count() == 1);
                let taken = self.some(over, most)?;
                self.spent(over);
                Value::given(taken)
            }
            None => Value::None,
        };
        let mut columns = Vec::new();
        for over in &given.placed {
            columns.push(match over {
                over if self.is_lazy(over) => ahead.clone(),
                over if Self::is_used_up(over) => over.clone(),
                over => Value::given(self.some(over, most)?),
            });
        }
        if self.world.steps.len() != before {
            return Err(Stop::Lost);
        }
        let mut rows = Vec::new();
        'rows: loop {
            let mut row = Vec::new();
            for column in &columns {
                match self.first(column)? {
                    Some(value) => row.push(value),
                    None => break 'rows,
                }
            }
            if row.is_empty() {
                break;
            }
            rows.push(Value::tuple(row));
            self.worked(1)?;
        }
        if strict && columns.len() > 1 {
            return Err(Stop::Lost);
        }
        Ok(Value::given(rows))
    }

    fn extreme(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let key = given.key("key").unwrap_or(Value::None);
        let absent = given.key("default");
        if !given.named.is_empty() {
            return Err(Stop::Lost);
        }
        let items = match given.placed.as_slice() {
            [over] => self.items(&over.clone())?,
            _ => given.placed,
        };
        let mut best: Option<(Value, Value)> = None;
        for item in items {
            let sorts = match key.is_none() {
                true => item.clone(),
                false => self.call(&key, Given::of(vec![item.clone()]))?,
            };
            let wins = match &best {
                None => true,
                Some((other, _)) => {
                    let order = self.order(&sorts, other)?.ok_or(Stop::Lost)?;
                    order
                        == if name == "min" {
                            Ordering::Less
                        } else {
                            Ordering::Greater
                        }
                }
            };
            if wins {
                best = Some((sorts, item));
            }
        }
        match (best, absent) {
            (Some((_, item)), _) => Ok(item),
            (None, Some(absent)) => Ok(absent),
            (None, None) => Err(self.raise("ValueError", "arg is an empty sequence")),
        }
    }

    fn sum(&mut self, mut given: Given) -> Outcome<Value> {
        let over = given.need("iterable")?;
        let mut all = given.take("start").unwrap_or(Value::Int(0));
        let items = self.items(&over)?;
        // Versions differ in how they add broken numbers up.
        let broken = |value: &Value| matches!(value, Value::Float(_));
        let inexact = items.len() > 2 && items.iter().any(broken);
        for item in items {
            all = self.binary(ruff_python_ast::Operator::Add, &all, &item)?;
        }
        match (inexact, &all) {
            (true, Value::Float(_)) => Ok(Value::Unknown(Kind::Number)),
            _ => Ok(all),
        }
    }

    /// Goes through values up to the one that decides.
    fn any_all(&mut self, over: &Value, wanted: bool) -> Outcome<bool> {
        let reached = self.reaches(
            over,
            Rc::new(move |player, value| Ok(player.truth(value)? == wanted)),
        )?;
        Ok(reached == wanted)
    }
}
