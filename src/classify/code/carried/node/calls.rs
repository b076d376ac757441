//! Calls of functions, methods and classes of the script, and of what the library has.
//! A function that is not known is not called: the attempt ends there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::play::Player;
use super::tree::{ClassCode, Code, Name};
use super::value::{Class, Function, Object, Outcome, Props, Scope, Stop, Value};

impl Player<'_> {
    pub fn function(&mut self, code: &Rc<Code>) -> Value {
        Value::Function(Rc::new(Function {
            code: Rc::clone(code),
            scope: Rc::clone(&self.scope),
            own: RefCell::default(),
            class: RefCell::default(),
        }))
    }

    /// Calls a function.
    pub fn call(&mut self, function: &Value, this: Value, given: Vec<Value>) -> Outcome<Value> {
        match function {
            Value::Function(function) => self.perform(&Rc::clone(function), this, given),
            Value::Native(name) => self.call_native(&Rc::clone(name), given),
            Value::Method(bound) => {
                let (owner, key) = (bound.0.clone(), Rc::clone(&bound.1));
                if let (Value::Text(file), "\0require") = (&owner, &*key) {
                    return self.required(file, &given);
                }
                self.method(&owner, &key, given)
            }
            Value::Class(class) if class.is_error() && class.code.is_none() => {
                self.construct(function, given)
            }
            _ => Err(Stop::Lost),
        }
    }

    fn perform(
        &mut self,
        function: &Rc<Function>,
        this: Value,
        given: Vec<Value>,
    ) -> Outcome<Value> {
        if function.code.lost {
            return Err(Stop::Lost);
        }
        let code = Rc::clone(&function.code);
        if code.waits {
            return self.begun(false, |player| player.entered(function, this, given));
        }
        self.entered(function, this, given)
    }

    /// Carries out the body of a function.
    fn entered(
        &mut self,
        function: &Rc<Function>,
        this: Value,
        given: Vec<Value>,
    ) -> Outcome<Value> {
        let code = Rc::clone(&function.code);
        let mut scope = Scope::inside(&function.scope);
        if code.own {
            let named = std::mem::replace(&mut scope, Scope::inside(&function.scope));
            let itself = Value::Function(Rc::clone(function));
            self.scoped(Rc::clone(&named), |player| {
                player.declare(&code.name, Some(itself), true)
            })?;
            scope = Scope::inside(&named);
        }
        self.charge(given.len())?;
        self.scoped(scope, |player| {
            if !code.arrow {
                player.declare(&Rc::from("this"), Some(this), true)?;
                if let Some(class) = function.class.borrow().as_ref() {
                    let class = Value::Class(Rc::clone(class));
                    player.declare(&Rc::from("\0class"), Some(class), true)?;
                }
            }
            player.deeper(|player| {
                player.parameters(&code, given)?;
                player.body(&code)
            })
        })
    }

    fn parameters(&mut self, code: &Code, given: Vec<Value>) -> Outcome<()> {
        let mut names = Vec::new();
        for part in &code.parts {
            part.target.names(&mut names);
        }
        if let Some(rest) = &code.rest {
            rest.names(&mut names);
        }
        for name in &names {
            self.declare(name, None, false)?;
        }
        let mut given = given.into_iter();
        for part in &code.parts {
            let value = given.next().unwrap_or(Value::Undefined);
            self.give_part(part, value, true)?;
        }
        match &code.rest {
            Some(rest) => self.give(rest, Value::list(given.collect()), true),
            None => Ok(()),
        }
    }

    /// Calls a method of a value.
    pub fn method(&mut self, owner: &Value, key: &Name, given: Vec<Value>) -> Outcome<Value> {
        match owner {
            Value::Array(items) => self.list_method(owner, &Rc::clone(items), key, given),
            Value::Text(text) => self.text_method(&Rc::clone(text), key, &given),
            Value::Number(number) => self.number_method(*number, key, &given),
            Value::Table(table, set) => {
                self.table_method(owner, (&Rc::clone(table), *set), key, given)
            }
            Value::Promise(promise) => self.chained(&Rc::clone(promise), key, &given),
            Value::Pattern(pattern) => self.pattern_method(&Rc::clone(pattern), key, &given),
            Value::Native(name) => {
                let full = match self.native_member(&Rc::clone(name), key)? {
                    Value::Native(full) => full,
                    other => return self.call(&other, Value::Undefined, given),
                };
                self.call_native(&full, given)
            }
            Value::Object(object) => {
                let found = self.member(owner, key)?;
                match &found {
                    Value::Method(_) => self.object_method(&Rc::clone(object), key, &given),
                    Value::Function(_) => self.call(&found, owner.clone(), given),
                    Value::Native(_) | Value::Class(_) => {
                        self.call(&found, Value::Undefined, given)
                    }
                    _ => Err(Stop::Lost),
                }
            }
            Value::Class(_) => {
                let found = self.member(owner, key)?;
                self.call(&found, owner.clone(), given)
            }
            Value::Function(function) => self.function_method(&Rc::clone(function), key, given),
            Value::Bytes(_) if given.len() > 1 => Err(Stop::Lost),
            Value::Bytes(text) => match (&**key, given.first()) {
                ("toString", None) => Ok(Value::Text(Rc::clone(text))),
                ("toString", Some(Value::Text(way))) if is_text_coding(way) => {
                    Ok(Value::Text(Rc::clone(text)))
                }
                _ => Err(Stop::Lost),
            },
            Value::Address(path) if matches!(&**key, "toString") => {
                Ok(Value::text(&format!("file://{path}")))
            }
            Value::Bool(is) if &**key == "toString" => {
                Ok(Value::text(if *is { "true" } else { "false" }))
            }
            Value::Walk(walk) if &**key == "next" => {
                let item = self.step(&Rc::clone(walk))?;
                let done = Value::Bool(item.is_none());
                let value = item.unwrap_or(Value::Undefined);
                Ok(Value::object(vec![("value", value), ("done", done)]))
            }
            Value::Date(_) | Value::Time(_) | Value::Unknown => self.dim_method(owner, key, &given),
            _ => Err(Stop::Lost),
        }
    }

    fn function_method(
        &mut self,
        function: &Rc<Function>,
        key: &Name,
        given: Vec<Value>,
    ) -> Outcome<Value> {
        let own = function.own.borrow().get(key);
        let value = Value::Function(Rc::clone(function));
        if let Some(own) = own {
            return self.call(&own, value, given);
        }
        let mut given = given.into_iter();
        match &**key {
            "call" => {
                let this = given.next().unwrap_or(Value::Undefined);
                self.call(&value, this, given.collect())
            }
            "apply" => {
                let this = given.next().unwrap_or(Value::Undefined);
                let items = match given.next() {
                    Some(list) => self.spread(&list)?,
                    None => Vec::new(),
                };
                self.call(&value, this, items)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// What dates and unknown values can be asked; the answer is seldom known.
    fn dim_method(&mut self, owner: &Value, key: &Name, given: &[Value]) -> Outcome<Value> {
        const TEXTS: [&str; 24] = [
            "toISOString",
            "toString",
            "toLocaleString",
            "toLocaleDateString",
            "toLocaleTimeString",
            "toJSON",
            "toDateString",
            "toUTCString",
            "toFixed",
            "slice",
            "substring",
            "replace",
            "replaceAll",
            "trim",
            "padStart",
            "padEnd",
            "toLowerCase",
            "toUpperCase",
            "getFullYear",
            "getMonth",
            "getDate",
            "getHours",
            "getMinutes",
            "getSeconds",
        ];
        match (owner, &**key) {
            (Value::Date(Some(time)), "getTime" | "valueOf") => Ok(Value::Time(time.clone())),
            (Value::Date(None), "getTime" | "valueOf") => Ok(Value::Unknown),
            // Of no moment there is no text: an exception, or nothing.
            (Value::Date(None), "toISOString" | "toJSON") => Err(Stop::Lost),
            (_, key) if !super::texts::fits_number(key, given) => Err(Stop::Lost),
            (_, key) if TEXTS.contains(&key) => Ok(Value::Unknown),
            _ => Err(Stop::Lost),
        }
    }

    pub fn class(&mut self, code: &Rc<ClassCode>) -> Outcome<Value> {
        if code.lost {
            return Err(Stop::Lost);
        }
        let parent = match &code.parent {
            Some(node) => match self.value(node)? {
                Value::Class(parent) => Some(parent),
                _ => return Err(Stop::Lost),
            },
            None => None,
        };
        let class = Rc::new(Class {
            name: Rc::clone(&code.name),
            code: Some(Rc::clone(code)),
            scope: Some(Rc::clone(&self.scope)),
            parent,
            methods: RefCell::default(),
            own: RefCell::default(),
        });
        let value = Value::Class(Rc::clone(&class));
        let scope = Scope::inside(&self.scope);
        self.scoped(scope, |player| {
            if !code.name.is_empty() {
                player.declare(&code.name, Some(value.clone()), true)?;
            }
            for (name, of_class, method) in &code.methods {
                let function = player.bound(method, &class);
                if *of_class {
                    class.own.borrow_mut().set(name, function);
                } else {
                    class.methods.borrow_mut().insert(Rc::clone(name), function);
                }
            }
            for (name, _, code) in code.fields.iter().filter(|(_, of_class, _)| *of_class) {
                let field = player.field(code.as_ref(), &class, value.clone())?;
                class.own.borrow_mut().set(name, field);
            }
            Ok(())
        })?;
        Ok(value)
    }

    /// A function that knows the class in which it stands.
    fn bound(&mut self, code: &Rc<Code>, class: &Rc<Class>) -> Value {
        let function = Function {
            code: Rc::clone(code),
            scope: Rc::clone(&self.scope),
            own: RefCell::default(),
            class: RefCell::new(Some(Rc::clone(class))),
        };
        Value::Function(Rc::new(function))
    }

    fn field(&mut self, code: Option<&Rc<Code>>, class: &Rc<Class>, this: Value) -> Outcome<Value> {
        match code {
            Some(code) => {
                let function = self.bound(code, class);
                self.call(&function, this, Vec::new())
            }
            None => Ok(Value::Undefined),
        }
    }

    /// `new X(…)`
    pub fn construct(&mut self, class: &Value, given: Vec<Value>) -> Outcome<Value> {
        match class {
            Value::Class(class) => {
                let object = Rc::new(Object {
                    class: Some(Rc::clone(class)),
                    frozen: Cell::new(false),
                    ..Object::default()
                });
                self.deeper(|player| player.make(class, &object, given))?;
                Ok(Value::Object(object))
            }
            Value::Native(name) => self.construct_native(&Rc::clone(name), given),
            _ => Err(Stop::Lost),
        }
    }

    fn make(&mut self, class: &Rc<Class>, object: &Rc<Object>, given: Vec<Value>) -> Outcome<()> {
        let this = Value::Object(Rc::clone(object));
        let Some(code) = &class.code else {
            return self.make_error(object, given);
        };
        // The parent's part comes first, by itself or where `super()` stands.
        match &code.maker {
            None => {
                if let Some(parent) = &class.parent {
                    self.deeper(|player| player.make(parent, object, given))?;
                }
                self.make_fields(class, object)
            }
            Some(maker) => {
                if class.parent.is_none() {
                    self.make_fields(class, object)?;
                }
                let scope = class.scope.clone().ok_or(Stop::Lost)?;
                let scope = Scope::inside(&scope);
                let maker = self.scoped(scope, |player| {
                    player.declare(&class.name, Some(Value::Class(Rc::clone(class))), true)?;
                    Ok(player.bound(maker, class))
                })?;
                match self.call(&maker, this, given)? {
                    Value::Undefined => Ok(()),
                    _ => Err(Stop::Lost),
                }
            }
        }
    }

    fn make_fields(&mut self, class: &Rc<Class>, object: &Rc<Object>) -> Outcome<()> {
        let (Some(code), Some(scope)) = (&class.code, &class.scope) else {
            return Ok(());
        };
        let this = Value::Object(Rc::clone(object));
        for (name, _, field) in code.fields.iter().filter(|(_, of_class, _)| !of_class) {
            let value = self.scoped(Rc::clone(scope), |player| {
                player.field(field.as_ref(), class, this.clone())
            })?;
            object.props.borrow_mut().set(name, value);
        }
        Ok(())
    }

    fn make_error(&mut self, object: &Rc<Object>, given: Vec<Value>) -> Outcome<()> {
        let mut props = Props::default();
        let mut given = given.into_iter();
        let message = match given.next() {
            None | Some(Value::Undefined) => Value::text(""),
            Some(value) => match self.written(&value)? {
                Some(text) => Value::Text(text),
                None => Value::Unknown,
            },
        };
        props.set(&Rc::from("\0message"), message);
        if let Some(options) = given.next()
            && let Value::Object(options) = options
            && let Some(cause) = options.props.borrow().get("cause")
        {
            props.set(&Rc::from("cause"), cause);
        }
        *object.props.borrow_mut() = props;
        Ok(())
    }

    fn home(&self) -> Outcome<(Rc<Class>, Value)> {
        let held = |name: &str| {
            let slot = self.scope.find(name)?;
            slot.borrow().value.clone()
        };
        match (held("\0class"), held("this")) {
            (Some(Value::Class(class)), Some(this)) => Ok((class, this)),
            _ => Err(Stop::Lost),
        }
    }

    /// `super(…)`
    pub fn call_super(&mut self, given: Vec<Value>) -> Outcome<Value> {
        let (class, this) = self.home()?;
        let (Some(parent), Value::Object(object)) = (&class.parent, &this) else {
            return Err(Stop::Lost);
        };
        self.make(parent, object, given)?;
        self.make_fields(&class, object)?;
        Ok(Value::Undefined)
    }

    /// `super.method(…)`
    pub fn super_method(&mut self, key: &Name, given: Vec<Value>) -> Outcome<Value> {
        let (class, this) = self.home()?;
        let parent = class.parent.as_ref().ok_or(Stop::Lost)?;
        let found = match &this {
            Value::Object(_) => parent.method(key).ok_or(Stop::Lost)?,
            _ => return Err(Stop::Lost),
        };
        self.call(&found, this, given)
    }
}

pub(super) fn is_text_coding(way: &str) -> bool {
    matches!(way, "utf8" | "utf-8" | "UTF-8" | "UTF8")
}
