//! Classes and objects of a script, dataclasses, and the exceptions of the language.
//! No metaclass, nothing that acts when an object goes.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt, StmtClassDef};

use super::calls::Given;
use super::enums;
use super::frame::{self, Frame, Kind as Place};
use super::play::Player;
use super::value::{Bond, Class, Fields, Function, Map, Object, Outcome, Stop, Value};

/// Exceptions with what they are below.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("BaseException", ""),
    ("Exception", "BaseException"),
    ("SystemExit", "BaseException"),
    ("KeyboardInterrupt", "BaseException"),
    ("GeneratorExit", "BaseException"),
    ("ArithmeticError", "Exception"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("OverflowError", "ArithmeticError"),
    ("AssertionError", "Exception"),
    ("AttributeError", "Exception"),
    ("EOFError", "Exception"),
    ("ImportError", "Exception"),
    ("ModuleNotFoundError", "ImportError"),
    ("LookupError", "Exception"),
    ("IndexError", "LookupError"),
    ("KeyError", "LookupError"),
    ("NameError", "Exception"),
    ("UnboundLocalError", "NameError"),
    ("OSError", "Exception"),
    ("FileExistsError", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("IsADirectoryError", "OSError"),
    ("NotADirectoryError", "OSError"),
    ("PermissionError", "OSError"),
    ("TimeoutError", "OSError"),
    ("BlockingIOError", "OSError"),
    ("ConnectionError", "OSError"),
    ("RuntimeError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("RecursionError", "RuntimeError"),
    ("StopIteration", "Exception"),
    ("SyntaxError", "Exception"),
    ("TypeError", "Exception"),
    ("ValueError", "Exception"),
    ("UnicodeError", "ValueError"),
    ("UnicodeDecodeError", "UnicodeError"),
    ("UnicodeEncodeError", "UnicodeError"),
    ("Warning", "Exception"),
    ("UserWarning", "Warning"),
    ("DeprecationWarning", "Warning"),
    ("json.JSONDecodeError", "ValueError"),
    ("tomllib.TOMLDecodeError", "ValueError"),
    ("shutil.Error", "OSError"),
    ("shutil.SameFileError", "shutil.Error"),
    ("configparser.Error", "Exception"),
    ("configparser.NoSectionError", "configparser.Error"),
    ("configparser.NoOptionError", "configparser.Error"),
    ("configparser.DuplicateSectionError", "configparser.Error"),
    ("configparser.DuplicateOptionError", "configparser.Error"),
    ("csv.Error", "Exception"),
    ("re.error", "Exception"),
    ("argparse.ArgumentTypeError", "Exception"),
    ("argparse.ArgumentError", "Exception"),
    ("subprocess.SubprocessError", "Exception"),
    (
        "subprocess.CalledProcessError",
        "subprocess.SubprocessError",
    ),
    ("subprocess.TimeoutExpired", "subprocess.SubprocessError"),
    ("sqlite3.Warning", "Exception"),
    ("sqlite3.Error", "Exception"),
    ("sqlite3.InterfaceError", "sqlite3.Error"),
    ("sqlite3.DatabaseError", "sqlite3.Error"),
    ("sqlite3.DataError", "sqlite3.DatabaseError"),
    ("sqlite3.OperationalError", "sqlite3.DatabaseError"),
    ("sqlite3.IntegrityError", "sqlite3.DatabaseError"),
    ("sqlite3.InternalError", "sqlite3.DatabaseError"),
    ("sqlite3.ProgrammingError", "sqlite3.DatabaseError"),
    ("sqlite3.NotSupportedError", "sqlite3.DatabaseError"),
];

/// Classes above one.
const MAX_CLASSES: usize = 20;
/// Methods that act where nobody calls them.
const UNSEEN: [&str; 14] = [
    "__get__",
    "__set__",
    "__delete__",
    "__prepare__",
    "__subclasscheck__",
    "__new__",
    "__del__",
    "__getattribute__",
    "__setattr__",
    "__delattr__",
    "__init_subclass__",
    "__set_name__",
    "__class_getitem__",
    "__instancecheck__",
];

fn bare(name: &str, bases: &[Rc<Class>], builtin: bool) -> Class {
    Class {
        name: name.to_owned(),
        above: bases.iter().flat_map(Class::line).collect(),
        names: RefCell::default(),
        fields: RefCell::new(None),
        builtin,
    }
}

impl Player<'_> {
    /// Returns an exception of the language.
    pub fn exception(&mut self, name: &str) -> Option<Rc<Class>> {
        let name = match name {
            "IOError" | "EnvironmentError" | "os.error" => "OSError",
            "json.decoder.JSONDecodeError" => "json.JSONDecodeError",
            "re.PatternError" => "re.error",
            other => other,
        };
        let (name, base) = EXCEPTIONS.iter().find(|(one, _)| *one == name)?;
        if let Some(class) = self.classes.get(name) {
            return Some(Rc::clone(class));
        }
        let bases: Vec<Rc<Class>> = self.exception(base).into_iter().collect();
        let class = Rc::new(bare(name, &bases, true));
        self.classes.insert(name, Rc::clone(&class));
        Some(class)
    }

    /// Returns a thing of the library that has parts.
    pub fn special(&mut self, name: &'static str, parts: Vec<(&str, Value)>) -> Value {
        let class = self
            .classes
            .entry(name)
            .or_insert_with(|| Rc::new(bare(name, &[], true)));
        let object = Object {
            class: Rc::clone(class),
            names: RefCell::default(),
        };
        for (name, value) in parts {
            object.set(name, value);
        }
        Value::Object(Rc::new(object))
    }

    pub fn define_class(&mut self, one: &StmtClassDef, frame: &Rc<Frame>) -> Outcome<()> {
        let mut decorators = Vec::new();
        for decorator in &one.decorator_list {
            decorators.push(self.eval(&decorator.expression, frame)?);
        }
        let mut bases = Vec::new();
        let (mut tuple, mut members) = (false, false);
        if let Some(arguments) = &one.arguments {
            if !arguments.keywords.is_empty() {
                return Err(Stop::Lost);
            }
            for base in &arguments.args {
                match self.eval(base, frame)? {
                    // Nothing is below what has members.
                    Value::Class(class) if enums::members(&class).is_some() => {
                        return Err(Stop::Lost);
                    }
                    Value::Class(class) => bases.push(class),
                    Value::Library("enum.Enum") if arguments.args.len() == 1 => members = true,
                    Value::Library("typing.NamedTuple") => tuple = true,
                    Value::Library(
                        "object"
                        | "abc.ABC"
                        | "typing.Protocol"
                        | "typing.Generic"
                        | "contextlib.AbstractContextManager",
                    ) => {}
                    // What is below something that is not known is not made.
                    _ => bases.push(Rc::new(bare("?", &[], true))),
                }
            }
        }
        let own = Rc::new(frame::names(None, &one.body));
        let inner = Rc::new(Frame::inside(frame, Place::Class, own));
        self.deeper(|player| player.block(&one.body, &inner))?;
        let class = bare(one.name.as_str(), &bases, false);
        if has_two_ways(&class) {
            return Err(Stop::Lost);
        }
        hold_names(&class, &inner)?;
        if tuple {
            let names = fields_of(&one.body);
            *class.fields.borrow_mut() = Some(Fields {
                names,
                apart: Vec::new(),
                frozen: true,
                ordered: true,
                tuple: true,
            });
        }
        let class = Rc::new(class);
        self.own_functions(&class);
        if members {
            self.enumerated(&class, &one.body)?;
        }
        let mut value = Value::Class(class);
        for decorator in decorators.iter().rev() {
            value = self.decorated_class(decorator, value, &one.body)?;
        }
        frame.home(one.name.as_str()).put(one.name.as_str(), value);
        Ok(())
    }

    fn own_functions(&mut self, class: &Rc<Class>) {
        for value in class.names.borrow().values() {
            if let Value::Function(function) = value {
                let mut home = function.class.borrow_mut();
                if home.is_none() {
                    *home = Some(Rc::clone(class));
                }
            }
        }
    }

    fn decorated_class(
        &mut self,
        decorator: &Value,
        value: Value,
        body: &[Stmt],
    ) -> Outcome<Value> {
        let Value::Class(class) = &value else {
            return Err(Stop::Lost);
        };
        let (frozen, slots, ordered) = match decorator {
            Value::Library("dataclasses.dataclass") => (false, false, false),
            Value::Object(object) if object.class.builtin && object.class.name == "dataclass" => {
                let is = |name: &str| matches!(object.get(name), Some(Value::Bool(true)));
                (is("frozen"), is("slots"), is("order"))
            }
            _ => return Err(Stop::Lost),
        };
        let mut all = Vec::new();
        for base in class.line().iter().rev() {
            if let Some(fields) = &*base.fields.borrow() {
                all.extend(fields.names.clone());
            }
        }
        all.extend(fields_of(body));
        let mut names: Vec<String> = Vec::new();
        for name in all {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if annotates_more(body) {
            return Err(Stop::Lost);
        }
        if slots {
            let mut own = class.names.borrow_mut();
            own.set(Value::text("__slots__"), Value::texts(&names))?;
        }
        *class.fields.borrow_mut() = Some(Fields {
            apart: names
                .iter()
                .filter(|name| is_apart(class, name))
                .cloned()
                .collect(),
            names,
            frozen,
            ordered,
            tuple: false,
        });
        Ok(value)
    }

    /// Makes an object of a class.
    pub fn make(&mut self, class: &Rc<Class>, given: Given) -> Outcome<Value> {
        if class.line().iter().any(|one| one.name == "?") || is_abstract(class) {
            return Err(Stop::Lost);
        }
        if let Some(members) = enums::members(class) {
            return match (given.placed.as_slice(), given.named.is_empty()) {
                ([value], true) => self.member_of_value(&members, value),
                _ => Err(Stop::Lost),
            };
        }
        let object = Rc::new(Object {
            class: Rc::clone(class),
            names: RefCell::default(),
        });
        let value = Value::Object(Rc::clone(&object));
        if class.is_exception() {
            object.set("args", Value::tuple(given.placed.clone()));
            if class.builtin {
                let os = class.line().iter().any(|one| one.name == "OSError");
                // With a number the system's errors choose their class themselves.
                if os && given.placed.len() > 1 || !given.named.is_empty() {
                    return Err(Stop::Lost);
                }
                return Ok(value);
            }
        } else if class.builtin {
            return Err(Stop::Lost);
        }
        // The nearest class says how: by a method of its own, or by its fields.
        for one in class.line() {
            if let Some(init) = one.names.borrow().named("__init__") {
                let (Value::Function(_), false) = (&init, has_tuple(class)) else {
                    return Err(Stop::Lost);
                };
                let bound = Value::Method(Rc::new((
                    Value::tuple(vec![init, value.clone()]),
                    Rc::from("__init__"),
                )));
                self.call(&bound, given)?;
                return Ok(value);
            }
            let fields = one.fields.borrow().clone();
            if let Some(fields) = fields {
                self.fill(&object, &fields, given)?;
                return Ok(value);
            }
        }
        match class.is_exception() || given.end().is_ok() {
            true => Ok(value),
            false => Err(self.raise("TypeError", "takes no arguments")),
        }
    }

    pub fn fill(&mut self, object: &Rc<Object>, fields: &Fields, given: Given) -> Outcome<()> {
        let Given { placed, mut named } = given;
        let mut placed = placed.into_iter();
        for name in &fields.names {
            let at = named.iter().position(|(other, _)| other == name);
            let value = match (placed.next(), at) {
                (Some(_), Some(_)) => return Err(self.raise("TypeError", "multiple values")),
                (Some(value), None) => value,
                (None, Some(at)) => named.remove(at).1,
                (None, None) => match object.class.find(name) {
                    Some(Value::Object(field))
                        if field.class.builtin && field.class.name == "field" =>
                    {
                        match (field.get("factory"), field.get("default")) {
                            (Some(factory), _) => self.call(&factory, Given::default())?,
                            (None, Some(value)) => value,
                            (None, None) => {
                                return Err(self.raise("TypeError", "missing a required argument"));
                            }
                        }
                    }
                    Some(value) => value,
                    None => return Err(self.raise("TypeError", "missing a required argument")),
                },
            };
            object.set(name, value);
        }
        if placed.next().is_some() || !named.is_empty() {
            return Err(self.raise("TypeError", "unexpected argument"));
        }
        if object.class.find("__post_init__").is_some() {
            let value = Value::Object(Rc::clone(object));
            let method = self.attribute(&value, "__post_init__")?;
            self.call(&method, Given::default())?;
        }
        Ok(())
    }

    /// What `super()` gives.
    pub fn above(&mut self, class: &Rc<Class>, object: &Value, name: &str) -> Outcome<Value> {
        let own = match object {
            Value::Object(object) => Rc::clone(&object.class),
            Value::Class(class) => Rc::clone(class),
            _ => return Err(Stop::Lost),
        };
        let line = own.line();
        let at = line
            .iter()
            .position(|one| Rc::ptr_eq(one, class))
            .ok_or(Stop::Lost)?;
        for one in line.iter().skip(at + 1) {
            if one.name == "?" {
                return Err(Stop::Lost);
            }
            if let Some(found) = one.names.borrow().named(name) {
                return self.bound(found, object);
            }
            let fields = one.fields.borrow();
            match (&*fields, name) {
                (Some(fields), "__init__") if !fields.tuple => {
                    return Ok(Value::Method(Rc::new((
                        Value::tuple(vec![Value::Class(Rc::clone(one)), object.clone()]),
                        Rc::from("fill"),
                    ))));
                }
                (Some(_), name) if name.starts_with("__") => return Err(Stop::Lost),
                _ => {}
            }
        }
        match name {
            "__init__" if own.is_exception() => {
                Ok(Value::Method(Rc::new((object.clone(), Rc::from("args")))))
            }
            "__init__" => Ok(Value::Library("object.__init__")),
            _ => Err(Stop::Lost),
        }
    }

    /// Binds what a class holds to an object of it.
    pub fn bound(&mut self, found: Value, object: &Value) -> Outcome<Value> {
        let Value::Function(function) = &found else {
            return Ok(found);
        };
        let to = match function.bond {
            Bond::Static => return Ok(found),
            Bond::Class => match object {
                Value::Object(object) => Value::Class(Rc::clone(&object.class)),
                other => other.clone(),
            },
            Bond::Plain | Bond::Context | Bond::Property => object.clone(),
        };
        let bound = Value::Method(Rc::new((
            Value::tuple(vec![found.clone(), to]),
            Rc::from(function.name.as_str()),
        )));
        if function.bond != Bond::Property {
            return Ok(bound);
        }
        let value = self.call(&bound, Given::default())?;
        if let (Value::Object(object), true) = (object, is_cached(function)) {
            object.set(&function.name, value.clone());
        }
        Ok(value)
    }

    /// Tells whether a value is of a class, or of one of several.
    pub fn is_instance(&mut self, value: &Value, class: &Value) -> Outcome<bool> {
        match class {
            Value::Tuple(all) => {
                for one in all.iter() {
                    if self.is_instance(value, one)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Value::Class(class) => match value {
                Value::Object(object) => {
                    if object.class.line().iter().any(|one| one.name == "?") {
                        return Err(Stop::Lost);
                    }
                    Ok(object.class.is_below(class))
                }
                Value::Unknown(_) => Err(Stop::Lost),
                _ => Ok(false),
            },
            Value::Library(name) => {
                if let Some(class) = self.exception(name) {
                    return self.is_instance(value, &Value::Class(class));
                }
                Ok(match (*name, value) {
                    (
                        _,
                        Value::Unknown(_)
                        | Value::Library(_)
                        | Value::Time(..)
                        | Value::Date(..)
                        | Value::Span(_)
                        | Value::Generator(_),
                    ) => return Err(Stop::Lost),
                    ("str", one) => matches!(one, Value::Text(_)),
                    ("int", one) => matches!(one, Value::Int(_) | Value::Bool(_)),
                    ("float", one) => matches!(one, Value::Float(_)),
                    ("bool", one) => matches!(one, Value::Bool(_)),
                    ("list", one) => matches!(one, Value::List(_)),
                    ("tuple", Value::Object(object)) => object
                        .class
                        .fields
                        .borrow()
                        .as_ref()
                        .is_some_and(|fields| fields.tuple),
                    ("tuple", one) => matches!(one, Value::Tuple(_)),
                    ("dict", one) => matches!(one, Value::Dict(_)),
                    ("set", one) => matches!(one, Value::Set(_, false)),
                    ("os.PathLike", Value::Object(entry)) if entry.is_entry() => true,
                    ("bytes", one) => matches!(one, Value::Bytes(_)),
                    (
                        "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "os.PathLike",
                        one,
                    ) => matches!(one, Value::Path(_)),
                    _ => return Err(Stop::Lost),
                })
            }
            _ => Err(Stop::Lost),
        }
    }

    /// `collections.namedtuple`.
    pub fn named_tuple(
        &mut self,
        name: &str,
        names: Vec<String>,
        defaults: Vec<Value>,
    ) -> Outcome<Value> {
        let class = bare(name, &[], false);
        let with = names
            .iter()
            .skip(names.len().saturating_sub(defaults.len()));
        let mut map = Map::default();
        for (name, value) in with.zip(defaults) {
            map.set(Value::text(name), value)?;
        }
        *class.names.borrow_mut() = map;
        *class.fields.borrow_mut() = Some(Fields {
            names,
            apart: Vec::new(),
            frozen: true,
            ordered: true,
            tuple: true,
        });
        Ok(Value::Class(Rc::new(class)))
    }
}

fn is_cached(function: &Function) -> bool {
    function.attributes.borrow().contains_key("cached")
}

/// Tells whether a field is not compared.
fn is_apart(class: &Rc<Class>, name: &str) -> bool {
    matches!(
        class.find(name),
        Some(Value::Object(field)) if field.class.builtin && field.class.name == "field" && field.get("apart").is_some()
    )
}

fn has_tuple(class: &Rc<Class>) -> bool {
    let is = |one: &Rc<Class>| {
        one.fields
            .borrow()
            .as_ref()
            .is_some_and(|fields| fields.tuple)
    };
    class.line().iter().any(is)
}

/// Tells whether a class still lacks a method that it has to have.
fn is_abstract(class: &Rc<Class>) -> bool {
    let lacks = |found: Option<Value>| matches!(found, Some(Value::Function(function)) if function.attributes.borrow().contains_key("abstract"));
    class.line().iter().any(|one| {
        let names = one.names.borrow().keys();
        names
            .iter()
            .any(|name| matches!(name, Value::Text(name) if lacks(class.find(name))))
    })
}

/// Where two ways lead to one class, the order of names is another matter.
fn has_two_ways(class: &Class) -> bool {
    let twice = |(at, one): (usize, &Rc<Class>)| {
        let mut others = class.above.iter().skip(at + 1);
        others.any(|other| Rc::ptr_eq(one, other))
    };
    class.above.len() > MAX_CLASSES || class.above.iter().enumerate().any(twice)
}

/// Gives a class the names of its body.
fn hold_names(class: &Class, inner: &Frame) -> Outcome<()> {
    let names = std::mem::take(&mut *inner.names.borrow_mut());
    let mut names: Vec<(String, Value)> = names.into_iter().collect();
    names.sort_by(|one, two| one.0.cmp(&two.0));
    for (name, value) in names {
        if UNSEEN.contains(&name.as_str()) {
            return Err(Stop::Lost);
        }
        class.names.borrow_mut().set(Value::text(&name), value)?;
    }
    Ok(())
}

/// Returns the names that a class body annotates.
fn fields_of(body: &[Stmt]) -> Vec<String> {
    let mut names = Vec::new();
    for stmt in body {
        let Stmt::AnnAssign(one) = stmt else { continue };
        if let Expr::Name(name) = one.target.as_ref()
            && !is_class_variable(&one.annotation)
        {
            names.push(name.id.as_str().to_owned());
        }
    }
    names
}

/// Tells whether a class body annotates what is handed on or tells fields apart, and is no field.
fn annotates_more(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::AnnAssign(one) => ["InitVar", "KW_ONLY"].iter().any(|word| {
            matches!(&*one.annotation, Expr::Name(name) if name.id.as_str() == *word)
                || matches!(&*one.annotation, Expr::Attribute(part) if part.attr.as_str() == *word)
                || matches!(&*one.annotation, Expr::StringLiteral(text) if text.value.to_str().contains(word))
                || matches!(&*one.annotation, Expr::Subscript(part) if matches!(&*part.value, Expr::Name(name) if name.id.as_str() == *word)
                    || matches!(&*part.value, Expr::Attribute(part) if part.attr.as_str() == *word))
        }),
        _ => false,
    })
}

fn is_class_variable(annotation: &Expr) -> bool {
    match annotation {
        Expr::Subscript(one) => is_class_variable(&one.value),
        Expr::Name(name) => name.id.as_str() == "ClassVar",
        Expr::Attribute(one) => one.attr.as_str() == "ClassVar",
        Expr::StringLiteral(text) => text.value.to_str().contains("ClassVar"),
        _ => false,
    }
}
