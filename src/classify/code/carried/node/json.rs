//! JSON: texts as values and back.
//! What reads differently in another reader is not read.

use std::cell::RefCell;
use std::rc::Rc;

use super::play::{MAX_TEXT, Player};
use super::value::{Object, Outcome, Props, Stop, Value};

/// Lists inside lists.
const MAX_DEPTH: usize = 60;

impl Player<'_> {
    pub fn parsed_json(&mut self, text: &str) -> Outcome<Value> {
        self.charge(text.len() / 32)?;
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => self.of_json(&value, 0),
            // What the language refuses by itself, and what it takes all the same, are not told apart.
            Err(_) => Err(Stop::Lost),
        }
    }

    fn of_json(&mut self, value: &serde_json::Value, depth: usize) -> Outcome<Value> {
        use serde_json::Value as Json;
        self.charge(1)?;
        if depth > MAX_DEPTH {
            return Err(Stop::Lost);
        }
        Ok(match value {
            Json::Null => Value::Null,
            Json::Bool(is) => Value::Bool(*is),
            Json::Number(number) => Value::Number(number.as_f64().ok_or(Stop::Lost)?),
            Json::String(text) => self.made_text(text.clone())?,
            Json::Array(items) => {
                let mut all = Vec::new();
                for item in items {
                    all.push(self.of_json(item, depth + 1)?);
                }
                Value::list(all)
            }
            Json::Object(entries) => {
                let mut props = Props::default();
                for (key, value) in entries {
                    if key == "__proto__" || key.starts_with('\0') {
                        return Err(Stop::Lost);
                    }
                    props.set(&Rc::from(key.as_str()), self.of_json(value, depth + 1)?);
                }
                Value::Object(Rc::new(Object {
                    props: RefCell::new(props),
                    ..Object::default()
                }))
            }
        })
    }

    /// `JSON.stringify(value, null, indent)`
    pub fn json_text(&mut self, given: &[Value]) -> Outcome<Value> {
        let indent = match given.get(2) {
            None | Some(Value::Undefined | Value::Null) => String::new(),
            Some(Value::Number(number)) => {
                " ".repeat(super::texts::place(number.clamp(0.0, 10.0)).unwrap_or_default())
            }
            Some(Value::Text(text)) if text.len() <= 10 => text.to_string(),
            Some(_) => return Err(Stop::Lost),
        };
        if given.get(1).is_some_and(|how| !how.is_nothing()) {
            return Err(Stop::Lost);
        }
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        let mut all = String::new();
        match self.json_of(&first, &indent, 0, &mut all)? {
            Some(true) => self.made_text(all),
            Some(false) => Ok(Value::Unknown),
            None => Ok(Value::Undefined),
        }
    }

    /// Writes a value; tells whether it is known, or nothing where it is left out.
    fn json_of(
        &mut self,
        value: &Value,
        indent: &str,
        depth: usize,
        all: &mut String,
    ) -> Outcome<Option<bool>> {
        self.charge(1)?;
        if depth > MAX_DEPTH || all.len() > MAX_TEXT {
            return Err(Stop::Lost);
        }
        let mut known = true;
        match value {
            Value::Undefined | Value::Function(_) | Value::Class(_) => return Ok(None),
            Value::Null => all.push_str("null"),
            Value::Bool(_) | Value::Number(_) => match self.written(value)?.as_deref() {
                Some("NaN" | "Infinity" | "-Infinity") => all.push_str("null"),
                Some(text) => all.push_str(text),
                None => known = false,
            },
            Value::Text(text) => {
                all.push_str(&serde_json::to_string(&**text).map_err(|_| Stop::Lost)?)
            }
            Value::Date(None) => return Err(Stop::Lost),
            Value::Unknown | Value::Time(_) | Value::Date(_) => return Ok(Some(false)),
            Value::Array(_) => known = self.json_list(value, indent, depth, all)?,
            Value::Object(_) => known = self.json_object(value, indent, depth, all)?,
            Value::Table(..) => all.push_str("{}"),
            _ => return Err(Stop::Lost),
        }
        Ok(Some(known))
    }

    fn json_list(
        &mut self,
        value: &Value,
        indent: &str,
        depth: usize,
        all: &mut String,
    ) -> Outcome<bool> {
        let items = self.spread(value)?;
        let mut known = true;
        all.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                all.push(',');
            }
            line(all, indent, depth + 1);
            match self.json_of(item, indent, depth + 1, all)? {
                Some(told) => known &= told,
                None => all.push_str("null"),
            }
        }
        if !items.is_empty() {
            line(all, indent, depth);
        }
        all.push(']');
        Ok(known)
    }

    fn json_object(
        &mut self,
        value: &Value,
        indent: &str,
        depth: usize,
        all: &mut String,
    ) -> Outcome<bool> {
        let Value::Object(object) = value else {
            return Err(Stop::Lost);
        };
        let makes = object
            .class
            .as_ref()
            .is_some_and(|class| class.method("toJSON").is_some());
        if makes || object.props.borrow().get("toJSON").is_some() {
            return Err(Stop::Lost);
        }
        let mut known = true;
        let mut first = true;
        all.push('{');
        for (key, value) in self.entries_of(value)? {
            let mut text = String::new();
            let Some(told) = self.json_of(&value, indent, depth + 1, &mut text)? else {
                continue;
            };
            self.charge(text.len() / 64)?;
            known &= told;
            if !std::mem::take(&mut first) {
                all.push(',');
            }
            line(all, indent, depth + 1);
            all.push_str(&serde_json::to_string(&*key).map_err(|_| Stop::Lost)?);
            all.push_str(if indent.is_empty() { ":" } else { ": " });
            all.push_str(&text);
        }
        if !first {
            line(all, indent, depth);
        }
        all.push('}');
        Ok(known)
    }
}

fn line(all: &mut String, indent: &str, depth: usize) {
    if !indent.is_empty() {
        all.push('\n');
        (0..depth).for_each(|_| all.push_str(indent));
    }
}
