//! Exceptions of JavaScript: those of the language, those of files, and how they are told apart.
//! What they say in words is not known; what they are called is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::play::Player;
use super::value::{Class, Object, Props, Stop, Value};

const NAMES: [&str; 7] = [
    "Error",
    "TypeError",
    "RangeError",
    "SyntaxError",
    "ReferenceError",
    "AssertionError",
    "EvalError",
];

/// Returns the classes of exceptions.
pub(super) fn classes() -> HashMap<&'static str, Rc<Class>> {
    let class = |name: &str, parent: Option<Rc<Class>>| {
        Rc::new(Class {
            name: Rc::from(name),
            code: None,
            scope: None,
            parent,
            methods: RefCell::default(),
            own: RefCell::default(),
        })
    };
    let first = class("Error", None);
    let rest = NAMES.iter().skip(1);
    let mut all: HashMap<&'static str, Rc<Class>> = rest
        .map(|name| (*name, class(name, Some(Rc::clone(&first)))))
        .collect();
    all.insert("Error", first);
    all
}

impl Player<'_> {
    /// Returns an exception of Node with its code.
    pub fn error(&mut self, class: &str, code: &str) -> Stop {
        let Some(class) = self.errors.get(class) else {
            return Stop::Lost;
        };
        let mut props = Props::default();
        props.set(&Rc::from("\0message"), Value::Unknown);
        props.set(&Rc::from("code"), Value::text(code));
        let sure = Value::Bool(super::doubt::is_sure(code));
        props.set(&Rc::from(super::doubt::OWN), sure);
        if code.starts_with("ERR_FS") {
            props.set(&Rc::from("name"), Value::Any);
        }
        Stop::Throw(Value::Object(Rc::new(Object {
            props: RefCell::new(props),
            class: Some(Rc::clone(class)),
            ..Object::default()
        })))
    }
}
