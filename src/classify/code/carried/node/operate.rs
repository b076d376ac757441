//! Operators of JavaScript, and how values become texts and numbers.
//! Comparisons between different kinds that need rules of their own are not decided.

use std::cmp::Ordering;
use std::rc::Rc;

use super::super::times::counted;
use super::super::value::{Time, Value as Plain};
use super::play::Player;
use super::tree::Name;
use super::value::{Outcome, Stop, Value};

/// Returns a moment, an age or a number as the times know it.
pub(super) fn plain(value: &Value) -> Option<Plain> {
    Some(match value {
        Value::Number(number) => Plain::Number(*number),
        Value::Time(time) => Plain::Time(time.clone()),
        Value::Date(Some(time)) => Plain::Time(time.clone()),
        _ => return None,
    })
}

/// Writes a number as JavaScript does.
pub(super) fn number_text(number: f64) -> Option<String> {
    const LEAST: f64 = 1e-6;
    const MOST: f64 = 1e21;
    if number.is_nan() {
        return Some("NaN".to_owned());
    }
    if number.is_infinite() {
        return Some(
            if number > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            }
            .to_owned(),
        );
    }
    if number == 0.0 {
        return Some("0".to_owned());
    }
    (LEAST..MOST)
        .contains(&number.abs())
        .then(|| format!("{number}"))
}

/// Reads a text as a number, as `Number()` does.
pub(super) fn text_number(text: &str) -> f64 {
    let text = super::texts::trimmed(text);
    if text.is_empty() {
        return 0.0;
    }
    let prefix = text.get(..2).unwrap_or_default();
    let base = match prefix {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => 10,
    };
    if base != 10 {
        let digits = text.get(2..).unwrap_or_default();
        let add =
            |sum: f64, digit: char| Some(sum * f64::from(base) + f64::from(digit.to_digit(base)?));
        let whole = digits.chars().try_fold(0.0, add);
        return whole.filter(|_| !digits.is_empty()).unwrap_or(f64::NAN);
    }
    match text {
        "Infinity" | "+Infinity" => return f64::INFINITY,
        "-Infinity" => return f64::NEG_INFINITY,
        _ => {}
    }
    let fits = text
        .chars()
        .all(|char| char.is_ascii_digit() || "+-.eE".contains(char));
    if fits {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

/// Cuts a number to 32 bits, as the bit operators do.
fn bits(number: f64) -> Outcome<i32> {
    let fits = number.is_finite() && number.abs() < 2_147_483_648.0;
    if !fits {
        return Err(Stop::Lost);
    }
    #[expect(clippy::cast_possible_truncation, reason = "in range")]
    Ok(number.trunc() as i32)
}

impl Player<'_> {
    /// Returns how a value is written; nothing for one that is not known.
    pub fn written(&mut self, value: &Value) -> Outcome<Option<Name>> {
        Ok(Some(match value {
            Value::Text(text) => Rc::clone(text),
            Value::Number(number) => Rc::from(number_text(*number).ok_or(Stop::Lost)?),
            Value::Bool(is) => Rc::from(if *is { "true" } else { "false" }),
            Value::Undefined => Rc::from("undefined"),
            Value::Null => Rc::from("null"),
            Value::Bytes(text) => Rc::clone(text),
            Value::Unknown | Value::Any | Value::Time(_) | Value::Between(..) | Value::Date(_) => {
                return Ok(None);
            }
            Value::Array(items) => {
                self.touch(value, false)?;
                let items = items.borrow().clone();
                return self.joined(&items, ",");
            }
            Value::Object(object) if object.class.as_ref().is_some_and(|one| one.is_error()) => {
                return Ok(None);
            }
            Value::Address(path) => Rc::from(format!("file://{path}")),
            _ => return Err(Stop::Lost),
        }))
    }

    /// Puts the texts of a list together; nothing where one is not known.
    pub fn joined(&mut self, items: &[Value], between: &str) -> Outcome<Option<Name>> {
        self.deeper(|player| {
            let mut all = String::new();
            let mut known = true;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    all.push_str(between);
                }
                if !item.is_nothing() {
                    match player.written(item)? {
                        Some(text) => all.push_str(&text),
                        None => known = false,
                    }
                }
                if all.len() > super::play::MAX_TEXT {
                    return Err(Stop::Lost);
                }
            }
            player.charge(items.len() / 4 + all.len() / 64)?;
            Ok(known.then(|| Rc::from(all)))
        })
    }

    /// Returns the number that a value is; nothing where it is not known.
    pub fn number(&mut self, value: &Value) -> Outcome<Option<f64>> {
        Ok(Some(match value {
            Value::Number(number) => *number,
            Value::Text(text) => text_number(text),
            Value::Bool(is) => f64::from(u8::from(*is)),
            Value::Undefined => f64::NAN,
            Value::Null => 0.0,
            Value::Unknown | Value::Time(_) | Value::Date(_) | Value::Between(..) => {
                return Ok(None);
            }
            _ => return Err(Stop::Lost),
        }))
    }

    /// Returns a whole number that is known.
    pub fn whole(&mut self, value: &Value) -> Outcome<f64> {
        let number = self.number(value)?.ok_or(Stop::Lost)?;
        Ok(if number.is_nan() { 0.0 } else { number.trunc() })
    }

    /// `===`
    pub fn is_same(&mut self, left: &Value, right: &Value) -> Outcome<bool> {
        use Value::{Bool, Null, Number, Text, Undefined, Unknown};
        Ok(match (left, right) {
            (Value::Any, _) | (_, Value::Any) => return Err(Stop::Lost),
            (Undefined, Undefined) | (Null, Null) => true,
            (Bool(one), Bool(two)) => one == two,
            #[expect(clippy::float_cmp, reason = "as the language compares")]
            (Number(one), Number(two)) => one == two,
            (Text(one), Text(two)) => one == two,
            (Unknown | Value::Time(_) | Value::Between(..), other)
            | (other, Unknown | Value::Time(_) | Value::Between(..)) => match other {
                Undefined | Null | Bool(_) => false,
                one if one.identity().is_some() => false,
                _ => return Err(Stop::Lost),
            },
            (Undefined | Null | Bool(_) | Number(_) | Text(_), _)
            | (_, Undefined | Null | Bool(_) | Number(_) | Text(_)) => false,
            (Value::Native(one), Value::Native(two)) => one == two,
            (one, two) => match (one.identity(), two.identity()) {
                (Some(one), Some(two)) => one == two,
                (Some(_), None) | (None, Some(_)) => false,
                (None, None) => return Err(Stop::Lost),
            },
        })
    }

    /// `==`
    fn is_like(&mut self, left: &Value, right: &Value) -> Outcome<bool> {
        let kind = std::mem::discriminant;
        if matches!(left, Value::Any) || matches!(right, Value::Any) {
            return Err(Stop::Lost);
        }
        match (left.is_nothing(), right.is_nothing()) {
            (true, true) => Ok(true),
            (true, false) | (false, true) => Ok(false),
            (false, false) if kind(left) == kind(right) => self.is_same(left, right),
            (false, false) => match (left, right) {
                (Value::Number(one), Value::Text(two)) | (Value::Text(two), Value::Number(one)) =>
                {
                    #[expect(clippy::float_cmp, reason = "as the language compares")]
                    Ok(*one == text_number(two))
                }
                _ => Err(Stop::Lost),
            },
        }
    }

    pub fn binary(&mut self, sign: &str, left: &Value, right: &Value) -> Outcome<Value> {
        Ok(match sign {
            "===" => Value::Bool(self.is_same(left, right)?),
            "!==" => Value::Bool(!self.is_same(left, right)?),
            "==" => Value::Bool(self.is_like(left, right)?),
            "!=" => Value::Bool(!self.is_like(left, right)?),
            "<" | ">" | "<=" | ">=" => Value::Bool(self.is_before(sign, left, right)?),
            "+" => self.plus(left, right)?,
            "instanceof" => Value::Bool(self.is_one_of(left, right)?),
            "in" => Value::Bool(self.has_key(left, right)?),
            _ => self.reckoned(sign, left, right)?,
        })
    }

    fn is_before(&mut self, sign: &str, left: &Value, right: &Value) -> Outcome<bool> {
        let told = |order: Option<Ordering>| {
            order.is_some_and(|order| match sign {
                "<" => order.is_lt(),
                ">" => order.is_gt(),
                "<=" => order.is_le(),
                _ => order.is_ge(),
            })
        };
        let timed = |value: &Value| matches!(value, Value::Time(_) | Value::Date(_));
        if timed(left) || timed(right) {
            let (Some(one), Some(two)) = (plain(left), plain(right)) else {
                return Err(Stop::Lost);
            };
            let order = self.timed(&one, &two)?;
            return Ok(told(Some(order)));
        }
        match (left, right) {
            (Value::Between(one, two), Value::Number(zero)) if *zero == 0.0 => {
                let order = self.moments(&one.clone(), &two.clone())?;
                Ok(told(Some(order)))
            }
            (Value::Text(one), Value::Text(two)) => {
                self.charge(one.len().min(two.len()) / 64)?;
                Ok(told(Some(text_order(one, two))))
            }
            (
                Value::Number(_) | Value::Text(_) | Value::Bool(_) | Value::Undefined | Value::Null,
                Value::Number(_) | Value::Text(_) | Value::Bool(_) | Value::Undefined | Value::Null,
            ) => {
                let one = self.number(left)?.ok_or(Stop::Lost)?;
                let two = self.number(right)?.ok_or(Stop::Lost)?;
                Ok(told(one.partial_cmp(&two)))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn plus(&mut self, left: &Value, right: &Value) -> Outcome<Value> {
        let is_text = |value: &Value| {
            matches!(
                value,
                Value::Text(_)
                    | Value::Array(_)
                    | Value::Bytes(_)
                    | Value::Object(_)
                    | Value::Address(_)
            )
        };
        if is_text(left) || is_text(right) {
            let (one, two) = (self.written(left)?, self.written(right)?);
            let (Some(one), Some(two)) = (one, two) else {
                return Ok(Value::Unknown);
            };
            if one.len() + two.len() > super::play::MAX_TEXT {
                return Err(Stop::Lost);
            }
            return self.made_text(format!("{one}{two}"));
        }
        self.reckoned("+", left, right)
    }

    fn reckoned(&mut self, sign: &str, left: &Value, right: &Value) -> Outcome<Value> {
        if let (Some(one), Some(two)) = (plain(left), plain(right)) {
            if let (
                Plain::Time(Time::Changed { path: one, .. }),
                Plain::Time(Time::Changed { path: two, .. }),
                "-",
            ) = (&one, &two, sign)
            {
                return Ok(Value::Between(one.clone(), two.clone()));
            }
            match counted(sign, &one, &two) {
                Some(Plain::Time(time)) => return Ok(Value::Time(time)),
                Some(_) => return Ok(Value::Unknown),
                None => {}
            }
        }
        let (Some(one), Some(two)) = (self.number(left)?, self.number(right)?) else {
            return Ok(Value::Unknown);
        };
        Ok(Value::Number(match sign {
            "+" => one + two,
            "-" => one - two,
            "*" => one * two,
            "/" => one / two,
            "%" => one % two,
            // Elsewhere one to any power is one.
            "**" if two.is_nan() || one.abs() == 1.0 && two.is_infinite() => f64::NAN,
            "**" => one.powf(two),
            "&" => f64::from(bits(one)? & bits(two)?),
            "|" => f64::from(bits(one)? | bits(two)?),
            "^" => f64::from(bits(one)? ^ bits(two)?),
            _ => return Err(Stop::Lost),
        }))
    }

    pub fn kind_of(&mut self, value: &Value) -> Outcome<Value> {
        Ok(Value::text(match value {
            Value::Undefined => "undefined",
            Value::Bool(_) => "boolean",
            Value::Number(_) | Value::Time(_) | Value::Between(..) => "number",
            Value::Text(_) => "string",
            Value::Function(_) | Value::Class(_) | Value::Method(_) => "function",
            Value::Unknown | Value::Any | Value::Native(_) => return Err(Stop::Lost),
            _ => "object",
        }))
    }

    fn is_one_of(&mut self, value: &Value, class: &Value) -> Outcome<bool> {
        match (value, class) {
            (Value::Object(object), Value::Class(class)) => {
                Ok(object.class.as_ref().is_some_and(|own| own.is_below(class)))
            }
            (Value::Array(_), Value::Native(name)) if &**name == "Array" => Ok(true),
            (Value::Table(_, set), Value::Native(name)) => match &**name {
                "Set" => Ok(*set),
                "Map" => Ok(!set),
                _ => Err(Stop::Lost),
            },
            (
                Value::Undefined | Value::Null | Value::Text(_) | Value::Number(_) | Value::Bool(_),
                Value::Class(_) | Value::Native(_),
            ) => Ok(false),
            _ => Err(Stop::Lost),
        }
    }

    fn has_key(&mut self, key: &Value, owner: &Value) -> Outcome<bool> {
        let Value::Object(object) = owner else {
            return Err(Stop::Lost);
        };
        let key = self.written(key)?.ok_or(Stop::Lost)?;
        self.touch(owner, false)?;
        let own = object.props.borrow().get(&key).is_some();
        if !own
            && (object.class.is_some()
                || object.sort.is_some()
                || super::members::INHERITED.contains(&&*key))
        {
            return Err(Stop::Lost);
        }
        Ok(own)
    }
}

/// Compares texts as the language does.
pub(super) fn text_order(one: &str, two: &str) -> Ordering {
    if one.is_ascii() && two.is_ascii() {
        return one.cmp(two);
    }
    one.encode_utf16().cmp(two.encode_utf16())
}
