//! Properties of values: what stands under a key, and what is put there.
//! A property that is not known is nobody's guess: it ends the attempt.

use std::rc::Rc;

use super::play::Player;
use super::tree::Name;
use super::value::{Items, Object, Outcome, Stop, Value, index};

/// Names that every object has from elsewhere.
pub(super) const INHERITED: [&str; 9] = [
    "constructor",
    "hasOwnProperty",
    "toString",
    "toLocaleString",
    "valueOf",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "__proto__",
    "__defineGetter__",
];

impl Player<'_> {
    /// Returns what stands under a key.
    pub fn member(&mut self, owner: &Value, key: &Name) -> Outcome<Value> {
        if let Value::Array(items) = owner {
            return self.list_member(owner, items, key);
        }
        self.touch(owner, false)?;
        match owner {
            Value::Text(text) => {
                self.charge(text.len() / 256)?;
                text_member(owner, text, key)
            }
            Value::Object(object) => self.object_member(object, key),
            Value::Class(class) => {
                let mut one = Some(class);
                while let Some(class) = one {
                    if let Some(value) = class.own.borrow().get(key) {
                        return Ok(value);
                    }
                    one = class.parent.as_ref();
                }
                match &**key {
                    "name" => Ok(Value::Text(Rc::clone(&class.name))),
                    _ => Err(Stop::Lost),
                }
            }
            Value::Function(function) => match function.own.borrow().get(key) {
                Some(value) => Ok(value),
                None if matches!(&**key, "call" | "apply" | "bind") => Ok(method(owner, key)),
                None => Err(Stop::Lost),
            },
            Value::Native(name) => self.native_member(&Rc::clone(name), key),
            Value::Table(table, _) => match &**key {
                "size" => Ok(Value::count(table.borrow().len())),
                _ => Ok(method(owner, key)),
            },
            Value::Bytes(text) if &**key == "length" => Ok(Value::count(text.len())),
            Value::Pattern(pattern) => match &**key {
                "source" => Ok(Value::Text(Rc::clone(&pattern.source))),
                "flags" => Ok(Value::Text(Rc::clone(&pattern.flags))),
                "test" => Ok(method(owner, key)),
                _ => Err(Stop::Lost),
            },
            Value::Address(path) => address_member(path, key),
            Value::Promise(_) if matches!(&**key, "then" | "catch" | "finally") => {
                Ok(method(owner, key))
            }
            Value::Method(bound) if &*bound.1 == "\0require" && &**key == "main" => {
                Ok(self.main_module())
            }
            Value::Walk(_) if &**key == "next" => Ok(method(owner, key)),
            Value::Unknown if &**key == "length" => Ok(Value::Unknown),
            _ => Err(Stop::Lost),
        }
    }

    fn list_member(&mut self, owner: &Value, items: &Items, key: &Name) -> Outcome<Value> {
        match &**key {
            // How many there are hangs on no order.
            "length" | "push" | "join" => {
                self.measured(owner)?;
            }
            _ => self.touch(owner, false)?,
        }
        match (&**key, index(key)) {
            ("length", _) => Ok(Value::count(items.borrow().len())),
            // Where Node itself stands is not known.
            ("0", _) if self.is_argv(owner) => Ok(Value::Unknown),
            (_, Some(at)) => {
                let at = usize::try_from(at).map_err(|_| Stop::Lost)?;
                let items = items.borrow();
                Ok(items.get(at).cloned().unwrap_or(Value::Undefined))
            }
            _ if super::lists::METHODS.contains(&&**key) => Ok(method(owner, key)),
            // What a pattern has found.
            _ => Err(Stop::Lost),
        }
    }

    fn object_member(&mut self, object: &Rc<Object>, key: &Name) -> Outcome<Value> {
        let found = object.props.borrow().get(key);
        if let Some(value) = found {
            if &**key == "code" {
                let looked: Name = Rc::from(super::doubt::LOOKED);
                object.props.borrow_mut().set(&looked, Value::Bool(true));
            }
            return Ok(value);
        }
        if let Some(class) = &object.class {
            if let Some(value) = class.method(key) {
                return Ok(value);
            }
            if class.is_error() {
                return match &**key {
                    "message" => {
                        let said = object.props.borrow().get("\0message");
                        Ok(said.unwrap_or_else(|| Value::text("")))
                    }
                    "stack" => Ok(Value::Unknown),
                    "name" if class.code.is_none() => Ok(Value::Text(Rc::clone(&class.name))),
                    "name" => {
                        let mut named = class;
                        while let Some(parent) =
                            named.parent.as_ref().filter(|_| named.code.is_some())
                        {
                            named = parent;
                        }
                        Ok(Value::Text(Rc::clone(&named.name)))
                    }
                    // What else stands in one of Node's own is not known.
                    _ if object.props.borrow().get(super::doubt::OWN).is_some() => Err(Stop::Lost),
                    "code" | "cause" | "path" | "status" | "errno" | "syscall" => {
                        Ok(Value::Undefined)
                    }
                    _ => self.missing(object, key),
                };
            }
        }
        if object.sort == Some("ended") {
            return Ok(Value::Any);
        }
        if let Some(sort) = object.sort {
            return match super::files::METHODS.contains(&&**key) {
                true => Ok(method(&Value::Object(Rc::clone(object)), key)),
                false if sort == "environment" => self.setting(key),
                false => Err(Stop::Lost),
            };
        }
        self.missing(object, key)
    }

    fn is_argv(&self, value: &Value) -> bool {
        let argv = self.process.get("argv");
        argv.is_some_and(|argv| argv.identity() == value.identity())
    }

    fn missing(&self, object: &Rc<Object>, key: &Name) -> Outcome<Value> {
        if &**key == "hasOwnProperty" {
            return Ok(method(&Value::Object(Rc::clone(object)), key));
        }
        if INHERITED.contains(&&**key) || key.starts_with('\0') || key.starts_with("__") {
            return Err(Stop::Lost);
        }
        Ok(Value::Undefined)
    }

    pub fn set_member(&mut self, owner: &Value, key: &Name, value: Value) -> Outcome<()> {
        self.touch(owner, true)?;
        match owner {
            Value::Array(items) => {
                let mut items = items.borrow_mut();
                if &**key == "length" {
                    let Value::Number(number) = value else {
                        return Err(Stop::Lost);
                    };
                    let length = super::texts::place(number).ok_or(Stop::Lost)?;
                    if length > items.len() {
                        return Err(Stop::Lost);
                    }
                    items.truncate(length);
                    return Ok(());
                }
                let at = index(key).ok_or(Stop::Lost)?;
                let at = usize::try_from(at).map_err(|_| Stop::Lost)?;
                let length = items.len();
                match items.get_mut(at) {
                    Some(place) => *place = value,
                    None if at == length && at < super::eval::MAX_ITEMS => items.push(value),
                    None => return Err(Stop::Lost),
                }
                Ok(())
            }
            Value::Object(object) => {
                let exports = object.sort == Some("module") && &**key == "exports";
                let settable = exports || matches!(object.sort, None | Some("environment"));
                if object.frozen.get() || !settable || INHERITED.contains(&&**key) {
                    return Err(Stop::Lost);
                }
                let error = object.class.as_ref().is_some_and(|class| class.is_error());
                let key = match (&**key, error) {
                    ("message", true) => Rc::from("\0message"),
                    _ => Rc::clone(key),
                };
                let value = match (object.sort, value) {
                    (Some("environment"), Value::Text(text)) => Value::Text(text),
                    (Some("environment"), _) => return Err(Stop::Lost),
                    (_, value) => value,
                };
                object.props.borrow_mut().set(&key, value);
                Ok(())
            }
            Value::Class(class) if class.code.is_some() && &**key != "prototype" => {
                class.own.borrow_mut().set(key, value);
                Ok(())
            }
            Value::Function(function) if !matches!(&**key, "prototype" | "name" | "length") => {
                function.own.borrow_mut().set(key, value);
                Ok(())
            }
            Value::Native(name) if &**name == "process" && &**key == "exitCode" => {
                self.process.insert(Rc::clone(key), value);
                Ok(())
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn delete_member(&mut self, owner: &Value, key: &Name) -> Outcome<Value> {
        self.touch(owner, true)?;
        match owner {
            Value::Object(object) if !object.frozen.get() && object.sort.is_none() => {
                object.props.borrow_mut().remove(key);
                Ok(Value::Bool(true))
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Returns the properties that others see.
    pub fn entries_of(&mut self, value: &Value) -> Outcome<Vec<(Name, Value)>> {
        self.touch(value, false)?;
        if super::doubt::is_own(value) {
            return Err(Stop::Lost);
        }
        let all = match value {
            Value::Object(object) if object.sort.is_none() => object.props.borrow().entries(),
            Value::Array(items) => {
                let items = items.borrow();
                let all = items.iter().enumerate();
                all.map(|(at, item)| (Rc::from(at.to_string()), item.clone()))
                    .collect()
            }
            Value::Undefined | Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
            _ => return Err(Stop::Lost),
        };
        self.charge(all.len() / 2)?;
        Ok(all)
    }

    pub fn keys_of(&mut self, value: &Value) -> Outcome<Vec<Value>> {
        if let Value::Object(object) = value
            && object.class.is_some()
        {
            return Err(Stop::Lost);
        }
        let all = self.entries_of(value)?;
        Ok(all.into_iter().map(|(key, _)| Value::Text(key)).collect())
    }

    /// Returns what a value gives one by one.
    pub fn spread(&mut self, value: &Value) -> Outcome<Vec<Value>> {
        self.touch(value, false)?;
        let all: Vec<Value> = match value {
            Value::Array(items) => items.borrow().clone(),
            Value::Walk(walk) => self.rest_of(&Rc::clone(walk))?,
            Value::Table(table, true) => {
                let all = table.borrow().entries();
                all.into_iter().map(|(key, _)| key).collect()
            }
            Value::Table(table, false) => {
                let all = table.borrow().entries();
                all.into_iter()
                    .map(|(key, value)| Value::list(vec![key, value]))
                    .collect()
            }
            Value::Text(text) => text
                .chars()
                .map(|char| Value::text(char.encode_utf8(&mut [0; 4])))
                .collect(),
            _ => return Err(Stop::Lost),
        };
        self.charge(all.len() / 4)?;
        Ok(all)
    }
}

fn address_member(path: &Name, key: &str) -> Outcome<Value> {
    match key {
        "pathname" if path.is_ascii() => Ok(Value::Text(Rc::clone(path))),
        "href" => Ok(Value::text(&format!("file://{path}"))),
        _ => Err(Stop::Lost),
    }
}

pub(super) fn method(owner: &Value, key: &Name) -> Value {
    Value::Method(Rc::new((owner.clone(), Rc::clone(key))))
}

fn text_member(owner: &Value, text: &Name, key: &Name) -> Outcome<Value> {
    match (&**key, index(key)) {
        ("length", _) => Ok(Value::count(text.encode_utf16().count())),
        (_, Some(at)) if text.is_ascii() => {
            let at = usize::try_from(at).map_err(|_| Stop::Lost)?;
            Ok(text.get(at..=at).map_or(Value::Undefined, Value::text))
        }
        _ if super::texts::METHODS.contains(&&**key) => Ok(method(owner, key)),
        _ => Err(Stop::Lost),
    }
}
