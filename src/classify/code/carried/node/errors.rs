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
    /// Returns an exception.
    pub fn error(&mut self, class: &str, code: Option<&str>, path: Option<&str>) -> Stop {
        let Some(class) = self.errors.get(class) else {
            return Stop::Lost;
        };
        let mut props = Props::default();
        props.set(&Rc::from("\0message"), Value::Unknown);
        if let Some(code) = code {
            props.set(&Rc::from("code"), Value::text(code));
            props.set(&Rc::from("errno"), Value::Unknown);
            props.set(&Rc::from("syscall"), Value::Unknown);
        }
        if let Some(path) = path {
            props.set(&Rc::from("path"), Value::text(path));
        }
        Stop::Throw(Value::Object(Rc::new(Object {
            props: RefCell::new(props),
            class: Some(Rc::clone(class)),
            ..Object::default()
        })))
    }
}
