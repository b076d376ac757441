//! What stands behind a dot: parts of objects, modules, paths, methods of texts and collections.
//! A name that is not known here ends the attempt; it is not taken for absent.

use std::rc::Rc;

use super::calls::Given;
use super::library;
use super::play::Player;
use super::value::{Bond, Class, Kind, Object, Outcome, Stop, Value};

impl Player<'_> {
    pub fn attribute(&mut self, owner: &Value, name: &str) -> Outcome<Value> {
        match owner {
            Value::Object(object) => match self.object_attribute(object, owner, name)? {
                Some(value) => Ok(value),
                None if object.class.builtin => Err(Stop::Lost),
                None if name.starts_with("__") => Err(Stop::Lost),
                None => Err(self.raise("AttributeError", name)),
            },
            Value::Class(class) => self.class_attribute(class, owner, name),
            Value::Module(frame) => match frame.get(name) {
                Some(value) => Ok(value),
                None => self.part_of_module(frame, name),
            },
            Value::Library(whole) => self.library_attribute(whole, name),
            Value::Method(method) => match (&method.0, &*method.1) {
                (Value::Tuple(pair), "super") => match pair.as_slice() {
                    [Value::Class(class), object] => {
                        self.above(&Rc::clone(class), &object.clone(), name)
                    }
                    _ => Err(Stop::Lost),
                },
                (_, own) if name == "__name__" => Ok(Value::text(own)),
                _ => Err(Stop::Lost),
            },
            Value::Function(function) => match name {
                "__name__" | "__qualname__" => Ok(Value::text(&function.name)),
                "__doc__" => Ok(Value::Unknown(Kind::Any)),
                _ => function
                    .attributes
                    .borrow()
                    .get(name)
                    .cloned()
                    .ok_or(Stop::Lost),
            },
            Value::None => Err(self.raise("AttributeError", name)),
            Value::Unknown(Kind::Inert) if !name.starts_with('_') => {
                Ok(Value::Unknown(Kind::Inert))
            }
            Value::Unknown(Kind::Place) => match name {
                "name" | "stem" | "suffix" => Ok(Value::Unknown(Kind::Text)),
                "parent" => Ok(Value::Unknown(Kind::Place)),
                "unlink" | "rmdir" | "exists" | "is_file" | "is_dir" | "is_symlink"
                | "joinpath" | "resolve" | "absolute" | "with_suffix" | "with_name"
                | "relative_to" => Ok(Value::Method(Rc::new((owner.clone(), Rc::from(name))))),
                _ => Err(Stop::Lost),
            },
            Value::Unknown(_) => match library::has(library::TEXT_METHODS, name)
                && matches!(owner, Value::Unknown(Kind::Text))
            {
                true => Ok(Value::Method(Rc::new((owner.clone(), Rc::from(name))))),
                false => Err(Stop::Lost),
            },
            _ => self.part_of_value(owner, name),
        }
    }

    fn part_of_value(&mut self, owner: &Value, name: &str) -> Outcome<Value> {
        if let Some(value) = self.property(owner, name)? {
            return Ok(value);
        }
        let methods: &str = match owner {
            Value::Text(_) => library::TEXT_METHODS,
            Value::Bytes(_) => {
                "decode replace split rsplit strip lstrip rstrip startswith endswith find rfind \
                index rindex count partition rpartition join splitlines removeprefix removesuffix \
                lower upper ljust rjust zfill hex"
            }
            Value::List(_) => library::LIST_METHODS,
            Value::Deque(_) => library::DEQUE_METHODS,
            Value::Tuple(_) => "index count",
            Value::Dict(_) => library::DICT_METHODS,
            Value::Set(..) => library::SET_METHODS,
            Value::Path(_) => library::PATH_METHODS,
            Value::Pattern(_) => "match search fullmatch findall finditer sub split",
            Value::Match(_) => "group groups groupdict start end span",
            Value::File(_) => library::FILE_METHODS,
            Value::Database(_) => library::CONNECTION_METHODS,
            Value::Cursor(_) => library::CURSOR_METHODS,
            Value::Time(..) => {
                "timestamp strftime isoformat date astimezone replace total_seconds time"
            }
            Value::Date(..) => {
                "strftime isoformat date weekday isoweekday isocalendar timestamp replace"
            }
            Value::Span(_) => "total_seconds",
            Value::Float(_) => "is_integer",
            Value::Int(_) => "bit_length",
            _ => return Err(Stop::Lost),
        };
        if !library::has(methods, name) {
            return match owner {
                Value::Int(_)
                | Value::Float(_)
                | Value::Bool(_)
                | Value::Text(_)
                | Value::List(_)
                | Value::Tuple(_)
                | Value::Dict(_)
                | Value::Path(_)
                    if !name.starts_with('_') && library::is_nobodys(name) =>
                {
                    Err(self.raise("AttributeError", name))
                }
                _ => Err(Stop::Lost),
            };
        }
        Ok(Value::Method(Rc::new((owner.clone(), Rc::from(name)))))
    }

    pub fn object_attribute(
        &mut self,
        object: &Rc<Object>,
        owner: &Value,
        name: &str,
    ) -> Outcome<Option<Value>> {
        if is_mangled(object, name) {
            return Err(Stop::Lost);
        }
        let of_class = object.class.find(name);
        if let Some(Value::Function(function)) = &of_class
            && function.bond == Bond::Property
        {
            let kept = object
                .get(name)
                .filter(|_| function.attributes.borrow().contains_key("cached"));
            return match kept {
                Some(value) => Ok(Some(value)),
                None => self
                    .bound(Value::Function(Rc::clone(function)), owner)
                    .map(Some),
            };
        }
        if name == "args" && super::doubt::hides_text(object) {
            return Err(Stop::Lost);
        }
        if let Some(value) = object.get(name) {
            return Ok(Some(value));
        }
        if let Some(found) = of_class {
            if matches!(&found, Value::Object(field) if field.class.builtin && field.class.name == "field")
            {
                return Err(Stop::Lost);
            }
            return self.bound(found, owner).map(Some);
        }
        if name == "__class__" {
            return Ok(Some(Value::Class(Rc::clone(&object.class))));
        }
        if object.class.line().iter().any(|class| class.name == "?") {
            return Err(Stop::Lost);
        }
        if object.class.builtin && !object.class.is_exception() {
            return self.special_attribute(object, owner, name);
        }
        if object.class.is_exception() {
            return self.exception_attribute(object, name);
        }
        if object
            .class
            .fields
            .borrow()
            .as_ref()
            .is_some_and(|fields| fields.tuple)
            && name.starts_with('_')
        {
            return Err(Stop::Lost);
        }
        if object.class.find("__getattr__").is_some() {
            let method = self.attribute(owner, "__getattr__")?;
            return self
                .call(&method, Given::of(vec![Value::text(name)]))
                .map(Some);
        }
        Ok(None)
    }

    /// Tells whether an object of the script, or what a parser has made, has no part of this name.
    pub fn lacks(&mut self, value: &Value, name: &str) -> Outcome<bool> {
        let Value::Object(object) = value else {
            return Ok(false);
        };
        let known = !name.starts_with("__") && object.get(name).is_none();
        match (object.class.builtin, object.class.name.as_str()) {
            (true, "Namespace") => Ok(known && !name.starts_with('_')),
            (true, _) => Ok(false),
            (false, _) if !known || object.class.find(name).is_some() => Ok(false),
            (false, _) => Ok(self.object_attribute(object, value, name)?.is_none()),
        }
    }

    fn exception_attribute(&mut self, object: &Rc<Object>, name: &str) -> Outcome<Option<Value>> {
        let is = |class: &str| object.class.line().iter().any(|one| one.name == class);
        if name == "code" && is("SystemExit") {
            let Some(Value::Tuple(arguments)) = object.get("args") else {
                return Err(Stop::Lost);
            };
            return Ok(Some(arguments.first().cloned().unwrap_or(Value::None)));
        }
        match name {
            "strerror" | "msg" | "__traceback__" | "lineno" => Ok(Some(Value::Unknown(Kind::Any))),
            "__cause__" | "__context__" | "__notes__" | "with_traceback" | "add_note" | "errno"
            | "filename" | "returncode" | "output" | "stderr" | "stdout" => Err(Stop::Lost),
            _ => Ok(None),
        }
    }

    fn class_attribute(&mut self, class: &Rc<Class>, owner: &Value, name: &str) -> Outcome<Value> {
        if class.line().iter().any(|one| one.name == "?") {
            return Err(Stop::Lost);
        }
        match (class.find(name), name) {
            // What a field is given where nothing is said stands elsewhere.
            (Some(Value::Object(object)), _)
                if object.class.builtin && object.class.name == "field" =>
            {
                Err(Stop::Lost)
            }
            (Some(Value::Function(function)), _) => match function.bond {
                Bond::Class => self.bound(Value::Function(function), owner),
                Bond::Plain | Bond::Static | Bond::Context => Ok(Value::Function(function)),
                Bond::Property => Err(Stop::Lost),
            },
            (Some(value), _) => Ok(value),
            (None, "__name__" | "__qualname__") => Ok(Value::text(
                class.name.rsplit('.').next().unwrap_or(&class.name),
            )),
            (None, _) if name.starts_with('_') => Err(Stop::Lost),
            (None, _) => Err(self.raise("AttributeError", name)),
        }
    }

    fn library_attribute(&mut self, whole: &'static str, name: &str) -> Outcome<Value> {
        if let Some(value) = self.constant(whole, name)? {
            return Ok(value);
        }
        if whole == "str" && library::has(library::TEXT_METHODS, name) {
            return Ok(Value::Method(Rc::new((
                Value::Library("str"),
                Rc::from(name),
            ))));
        }
        let full = format!("{whole}.{name}");
        if let Some(class) = self.exception(&full) {
            return Ok(Value::Class(class));
        }
        match library::name(&full) {
            Some(name) => Ok(Value::Library(name)),
            None if library::reckons(whole) && !name.starts_with('_') => {
                Ok(Value::Unknown(Kind::Inert))
            }
            None => Err(Stop::Lost),
        }
    }

    pub fn set_attribute(&mut self, owner: &Value, name: &str, value: Value) -> Outcome<()> {
        match owner {
            Value::Object(object) if object.class.builtin => match object.class.name.as_str() {
                "Namespace" | "field" => {
                    object.set(name, value);
                    Ok(())
                }
                _ => Err(Stop::Lost),
            },
            Value::Object(object) => {
                if !settable(object, name)? {
                    return Err(self.raise("AttributeError", name));
                }
                object.set(name, value);
                Ok(())
            }
            Value::Class(class) if !class.builtin && super::enums::members(class).is_none() => {
                class.names.borrow_mut().set(Value::text(name), value)
            }
            Value::Function(function) => {
                if matches!(name, "cache" | "cached" | "abstract") || name.starts_with("__") {
                    return Err(Stop::Lost);
                }
                function
                    .attributes
                    .borrow_mut()
                    .insert(name.to_owned(), value);
                Ok(())
            }
            Value::Module(frame) => {
                frame.put(name, value);
                Ok(())
            }
            Value::Library("sys") if name == "argv" => {
                self.argv = value;
                Ok(())
            }
            Value::Database(connection) => self.set_connection(connection, name, &value),
            _ => Err(Stop::Lost),
        }
    }
}

/// A name that the language writes with the name of the class in front of it.
fn is_mangled(object: &Object, name: &str) -> bool {
    name.starts_with("__")
        && !name.ends_with("__")
        && object.class.above.iter().any(|one| !one.builtin)
}

/// Tells whether an object takes a part of this name.
fn settable(object: &Rc<Object>, name: &str) -> Outcome<bool> {
    let line = object.class.line();
    if is_mangled(object, name) || line.iter().any(|class| class.name == "?") {
        return Err(Stop::Lost);
    }
    if let Some(Value::Function(function)) = object.class.find(name)
        && function.bond == Bond::Property
        && !function.attributes.borrow().contains_key("cached")
    {
        return Ok(false);
    }
    // A class below a frozen one keeps only those names from change.
    for (at, class) in line.iter().enumerate() {
        let fields = class.fields.borrow();
        let Some(fields) = fields.as_ref().filter(|fields| fields.frozen) else {
            continue;
        };
        if at == 0 || fields.names.iter().any(|one| one == name) {
            return Ok(false);
        }
    }
    match object.class.find("__slots__") {
        None => Ok(true),
        Some(Value::List(slots)) => Ok(named_in(&slots.borrow(), name)),
        Some(Value::Tuple(slots)) => Ok(named_in(&slots, name)),
        Some(_) => Err(Stop::Lost),
    }
}

fn named_in(slots: &[Value], name: &str) -> bool {
    slots
        .iter()
        .any(|slot| matches!(slot, Value::Text(slot) if &**slot == name))
}
