//! Classes below `Enum`: their members, what makes one of a value or a name, how they are written.
//! Members that are texts or numbers as well are not known.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt};

use super::play::Player;
use super::value::{Class, Object, Outcome, Stop, Value};

/// Where a class keeps its members.
const MEMBERS: &str = "#members";

/// Returns the members of a class, where it is one that has some.
pub(super) fn members(class: &Rc<Class>) -> Option<Vec<Value>> {
    match class.names.borrow().named(MEMBERS) {
        Some(Value::List(all)) => Some(all.borrow().clone()),
        _ => None,
    }
}

impl Player<'_> {
    /// Makes the members of a class.
    pub fn enumerated(&mut self, class: &Rc<Class>, body: &[Stmt]) -> Outcome<()> {
        let own = class.names.borrow().keys();
        for name in own {
            let name = name.as_text()?;
            let known = matches!(
                &*name,
                "__module__" | "__qualname__" | "__doc__" | "__str__"
            );
            if name.starts_with('_') && !known {
                return Err(Stop::Lost);
            }
        }
        let mut all: Vec<Value> = Vec::new();
        for (name, value) in self.assigned(class, body)? {
            let member = match self.with_value(&all, &value)? {
                Some(other) => other,
                None => {
                    let object = Object {
                        class: Rc::clone(class),
                        names: RefCell::default(),
                    };
                    object.set("name", Value::text(&name));
                    object.set("value", value);
                    let member = Value::Object(Rc::new(object));
                    all.push(member.clone());
                    member
                }
            };
            class.names.borrow_mut().set(Value::text(&name), member)?;
        }
        class
            .names
            .borrow_mut()
            .set(Value::text(MEMBERS), Value::list(all))
    }

    /// Returns the names of a class body with what they are given, in their order.
    fn assigned(&mut self, class: &Rc<Class>, body: &[Stmt]) -> Outcome<Vec<(String, Value)>> {
        let mut all = Vec::new();
        let mut last = 0;
        for stmt in body {
            let one = match stmt {
                Stmt::Assign(one) => one,
                Stmt::FunctionDef(_) | Stmt::Pass(_) | Stmt::Expr(_) => continue,
                _ => return Err(Stop::Lost),
            };
            let [Expr::Name(name)] = one.targets.as_slice() else {
                return Err(Stop::Lost);
            };
            let name = name.id.as_str();
            let value = class.names.borrow().named(name).ok_or(Stop::Lost)?;
            let value = match value {
                Value::Object(object) if object.class.builtin && object.class.name == "auto" => {
                    Value::Int(last + 1)
                }
                Value::Int(_) | Value::Text(_) | Value::Float(_) | Value::Bool(_) | Value::None => {
                    value
                }
                Value::Tuple(_) | Value::Path(_) => value,
                _ => return Err(Stop::Lost),
            };
            if let Value::Int(number) = value {
                last = last.max(number);
            }
            all.push((name.to_owned(), value));
        }
        Ok(all)
    }

    fn with_value(&mut self, all: &[Value], value: &Value) -> Outcome<Option<Value>> {
        for member in all {
            let Value::Object(object) = member else {
                continue;
            };
            let other = object.get("value").ok_or(Stop::Lost)?;
            if self.equal(&other, value)? {
                return Ok(Some(member.clone()));
            }
        }
        Ok(None)
    }

    /// `Mode("wipe")`
    pub fn member_of_value(&mut self, all: &[Value], value: &Value) -> Outcome<Value> {
        if all.iter().any(|one| one.is_same(value).unwrap_or(false)) {
            return Ok(value.clone());
        }
        match self.with_value(all, value)? {
            Some(member) => Ok(member),
            None => Err(self.raise("ValueError", "is not a valid member")),
        }
    }

    /// `Mode["WIPE"]`
    pub fn member_named(&mut self, class: &Rc<Class>, key: &Value) -> Outcome<Value> {
        if members(class).is_none() {
            return Err(Stop::Lost);
        }
        let found = class.names.borrow().named(&key.as_text()?);
        match found {
            Some(member @ Value::Object(_)) => Ok(member),
            Some(_) => Err(Stop::Lost),
            None => {
                let thrown = self.raised("KeyError", vec![key.clone()]);
                Err(self.surely(thrown))
            }
        }
    }
}

/// Returns how a member is written.
pub(super) fn written(object: &Object) -> Option<String> {
    members(&object.class)?;
    match object.get("name") {
        Some(Value::Text(name)) => Some(format!("{}.{name}", object.class.name)),
        _ => None,
    }
}
