//! Calls: what is handed to whom, and what the functions of a script do with it.
//! Whatever is called that is not known ends the attempt.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, Parameters, StmtFunctionDef};
use ruff_text_size::Ranged;

use crate::model::span::Span;

use super::frame::{self, Frame, Kind as Place};
use super::play::Player;
use super::value::{Body, Bond, Function, Kind, Map, Outcome, Source, Stop, Value};

/// What is handed to a call.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub placed: Vec<Value>,
    pub named: Vec<(String, Value)>,
}

impl Given {
    pub fn of(placed: Vec<Value>) -> Self {
        Self {
            placed,
            named: Vec::new(),
        }
    }

    /// Takes the next argument by its place, or the one of this name.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        if self.placed.is_empty() {
            return self.key(name);
        }
        Some(self.placed.remove(0))
    }

    /// Takes an argument that has to be there.
    pub fn need(&mut self, name: &str) -> Outcome<Value> {
        self.take(name).ok_or(Stop::Lost)
    }

    /// Takes an argument by its name alone.
    pub fn key(&mut self, name: &str) -> Option<Value> {
        let at = self.named.iter().position(|(one, _)| one == name)?;
        Some(self.named.remove(at).1)
    }

    /// Takes a switch.
    pub fn flag(&mut self, name: &str, absent: bool) -> Outcome<bool> {
        match self.key(name) {
            None => Ok(absent),
            Some(Value::Bool(is)) => Ok(is),
            Some(Value::None) => Ok(false),
            Some(Value::Int(number)) => Ok(number != 0),
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Passes over arguments that decide nothing.
    pub fn pass(mut self, names: &[&str]) -> Self {
        self.named
            .retain(|(name, _)| !names.contains(&name.as_str()));
        self
    }

    /// Nothing was handed over that could be called or changed.
    pub fn is_plain(&self) -> bool {
        let named = self.named.iter().map(|(_, value)| value);
        self.placed.iter().chain(named).all(Value::is_plain)
    }

    /// Nothing else was handed over.
    pub fn end(&self) -> Outcome<()> {
        if self.placed.is_empty() && self.named.is_empty() {
            Ok(())
        } else {
            Err(Stop::Lost)
        }
    }
}

impl Player<'_> {
    pub fn call_term(&mut self, one: &ExprCall, frame: &Rc<Frame>) -> Outcome<Value> {
        if let Some(value) = self.of_super(one, frame)? {
            return Ok(value);
        }
        let callee = self.eval(&one.func, frame)?;
        let mut given = Given {
            placed: self.elements(&one.arguments.args, frame)?,
            named: Vec::new(),
        };
        for keyword in &one.arguments.keywords {
            let value = self.eval(&keyword.value, frame)?;
            match &keyword.arg {
                Some(name) => given.named.push((name.as_str().to_owned(), value)),
                None => {
                    let Value::Dict(map) = value else {
                        return Err(Stop::Lost);
                    };
                    for (key, value) in map.borrow().entries() {
                        given.named.push((key.as_text()?.to_string(), value));
                    }
                }
            }
        }
        if frame.main {
            let range = one.range();
            self.span = Span::new(range.start().to_usize(), range.end().to_usize());
        }
        match &callee {
            Value::Library(
                "locals" | "globals" | "vars" | "eval" | "exec" | "compile" | "__import__" | "dir",
            ) => Err(Stop::Lost),
            _ => self.call(&callee, given),
        }
    }

    /// `super().name(…)`.
    fn of_super(&mut self, one: &ExprCall, frame: &Rc<Frame>) -> Outcome<Option<Value>> {
        let Expr::Name(name) = one.func.as_ref() else {
            return Ok(None);
        };
        if name.id.as_str() != "super"
            || frame
                .seat("super")
                .is_some_and(|seat| seat.get("super").is_some())
        {
            return Ok(None);
        }
        if !one.arguments.args.is_empty() {
            return Err(Stop::Lost);
        }
        let mut seat = Some(Rc::clone(frame));
        while let Some(one) = seat {
            if let Some((class, object)) = &one.class {
                return Ok(Some(Value::Method(Rc::new((
                    Value::tuple(vec![Value::Class(Rc::clone(class)), object.clone()]),
                    Rc::from("super"),
                )))));
            }
            seat = one.outer.clone();
        }
        Err(Stop::Lost)
    }

    pub fn call(&mut self, callee: &Value, given: Given) -> Outcome<Value> {
        self.worked(1)?;
        match callee {
            Value::Function(function) => self.call_function(function, None, given),
            Value::Method(method) => {
                let (owner, name) = &**method;
                match owner {
                    // A function of a class with what it is bound to.
                    Value::Tuple(pair) => match pair.as_slice() {
                        [Value::Function(function), bound] => {
                            self.call_function(function, Some(bound.clone()), given)
                        }
                        [Value::Class(class), Value::Object(object)] if &**name == "fill" => {
                            let fields = class.fields.borrow().clone().ok_or(Stop::Lost)?;
                            self.fill(object, &fields, given).map(|()| Value::None)
                        }
                        [function, Value::Tuple(before), Value::Dict(named)] => {
                            let mut all = Given::of(before.as_ref().clone());
                            all.placed.extend(given.placed);
                            for (key, value) in named.borrow().entries() {
                                let key = key.as_text()?.to_string();
                                if !given.named.iter().any(|(name, _)| *name == key) {
                                    all.named.push((key, value));
                                }
                            }
                            all.named.extend(given.named);
                            self.deeper(|player| player.call(function, all))
                        }
                        _ => Err(Stop::Lost),
                    },
                    owner => self.deeper(|player| player.method(owner, name, given)),
                }
            }
            Value::Library(name) => self.deeper(|player| player.call_library(name, given)),
            Value::Class(class) => self.called(|player| player.make(class, given)),
            Value::Object(object)
                if !object.class.builtin && object.class.find("__call__").is_some() =>
            {
                let method = self.attribute(callee, "__call__")?;
                self.call(&method, given)
            }
            Value::Object(object) if object.class.builtin => self.call_special(object, given),
            // Whether it raises something is not known.
            Value::Unknown(Kind::Inert) if self.tries == 0 && given.is_plain() => {
                Ok(Value::Unknown(Kind::Inert))
            }
            Value::None
            | Value::Int(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Bool(_)
            | Value::Dict(_)
            | Value::Path(_) => Err(self.raise("TypeError", "object is not callable")),
            _ => Err(Stop::Lost),
        }
    }

    fn call_function(
        &mut self,
        function: &Rc<Function>,
        bound: Option<Value>,
        mut given: Given,
    ) -> Outcome<Value> {
        if let Some(bound) = &bound {
            given.placed.insert(0, bound.clone());
        }
        let kept = function.attributes.borrow().get("cache").cloned();
        let key = match &kept {
            Some(_) => {
                let mut all = given.placed.clone();
                for (name, value) in &given.named {
                    all.push(Value::tuple(vec![Value::text(name), value.clone()]));
                }
                Some(Value::tuple(all))
            }
            None => None,
        };
        if let (Some(Value::Dict(map)), Some(key)) = (&kept, &key)
            && let Some(value) = map.borrow().get(key)?
        {
            return Ok(value);
        }
        let mut inner = Frame::inside(&function.frame, Place::Function, Rc::clone(&function.names));
        inner.class = match (&*function.class.borrow(), given.placed.first()) {
            (Some(class), Some(first)) => Some((Rc::clone(class), first.clone())),
            _ => None,
        };
        let inner = Rc::new(inner);
        let parameters = match &function.body {
            Body::Define(define) => Some(define.parameters.as_ref()),
            Body::Lambda(lambda) => lambda.parameters.as_deref(),
        };
        self.bind(parameters, function, given, &inner)?;
        if function.names.gives {
            return Ok(Value::generator(Source::Function(
                Rc::clone(function),
                inner,
            )));
        }
        let value = self.called(|player| player.deeper(|player| player.body(function, &inner)))?;
        if let (Some(Value::Dict(map)), Some(key)) = (kept, key) {
            map.borrow_mut().set(key, value.clone())?;
        }
        Ok(value)
    }

    /// Runs the body of a function whose parameters are set.
    pub fn body(&mut self, function: &Function, frame: &Rc<Frame>) -> Outcome<Value> {
        match &function.body {
            Body::Lambda(lambda) => self.eval(&lambda.body, frame),
            Body::Define(define) => match self.block(&define.body, frame) {
                Ok(()) => Ok(Value::None),
                Err(Stop::Return(value)) => Ok(value),
                Err(Stop::Next | Stop::Last) => Err(Stop::Lost),
                Err(other) => Err(other),
            },
        }
    }

    fn bind(
        &mut self,
        parameters: Option<&Parameters>,
        function: &Function,
        given: Given,
        frame: &Rc<Frame>,
    ) -> Outcome<()> {
        let Some(parameters) = parameters else {
            return match given.end() {
                Ok(()) => Ok(()),
                Err(_) => Err(self.raise("TypeError", "takes no arguments")),
            };
        };
        let Given { placed, mut named } = given;
        let mut placed = placed.into_iter();
        let by_place = parameters
            .posonlyargs
            .iter()
            .map(|one| (one, true))
            .chain(parameters.args.iter().map(|one| (one, false)));
        for (one, only) in by_place {
            let name = one.parameter.name.as_str();
            let at = named
                .iter()
                .position(|(other, _)| other == name)
                .filter(|_| !only);
            let value = match (placed.next(), at) {
                (Some(_), Some(_)) => return Err(self.raise("TypeError", "multiple values")),
                (Some(value), None) => Some(value),
                (None, Some(at)) => Some(named.remove(at).1),
                (None, None) => function.defaults.get(name).cloned(),
            };
            self.parameter(name, value, frame)?;
        }
        let rest: Vec<Value> = placed.collect();
        match &parameters.vararg {
            Some(one) => frame.put(one.name.as_str(), Value::tuple(rest)),
            None if rest.is_empty() => {}
            None => return Err(self.raise("TypeError", "too many positional arguments")),
        }
        for one in &parameters.kwonlyargs {
            let name = one.parameter.name.as_str();
            let at = named.iter().position(|(other, _)| other == name);
            let value = match at {
                Some(at) => Some(named.remove(at).1),
                None => function.defaults.get(name).cloned(),
            };
            self.parameter(name, value, frame)?;
        }
        match &parameters.kwarg {
            Some(one) => {
                let mut map = Map::default();
                for (name, value) in named {
                    map.set(Value::text(&name), value)?;
                }
                frame.put(one.name.as_str(), Value::Dict(Rc::new(RefCell::new(map))));
            }
            None if named.is_empty() => {}
            None => return Err(self.raise("TypeError", "unexpected keyword argument")),
        }
        Ok(())
    }

    fn parameter(&mut self, name: &str, value: Option<Value>, frame: &Rc<Frame>) -> Outcome<()> {
        match value {
            Some(value) => {
                frame.put(name, value);
                Ok(())
            }
            None => Err(self.raise("TypeError", "missing a required argument")),
        }
    }

    /// Evaluates the defaults of parameters.
    pub fn defaults(
        &mut self,
        parameters: Option<&Parameters>,
        frame: &Rc<Frame>,
    ) -> Outcome<HashMap<String, Value>> {
        let mut all = HashMap::new();
        for one in parameters
            .into_iter()
            .flat_map(Parameters::iter_non_variadic_params)
        {
            if let Some(default) = &one.default {
                let value = self.eval(default, frame)?;
                all.insert(one.parameter.name.as_str().to_owned(), value);
            }
        }
        Ok(all)
    }

    pub fn define(&mut self, one: &StmtFunctionDef, frame: &Rc<Frame>) -> Outcome<()> {
        let mut decorators = Vec::new();
        for decorator in &one.decorator_list {
            decorators.push(self.eval(&decorator.expression, frame)?);
        }
        self.worked(one.range().len().to_usize() / 32)?;
        let parameters = Some(one.parameters.as_ref());
        let function = Function {
            name: one.name.as_str().to_owned(),
            defaults: self.defaults(parameters, frame)?,
            names: Rc::new(frame::names(parameters, &one.body)),
            body: Body::Define(Rc::new(one.clone())),
            frame: Rc::clone(frame),
            bond: Bond::Plain,
            class: RefCell::new(None),
            attributes: RefCell::default(),
        };
        let mut value = Value::Function(Rc::new(function));
        for decorator in decorators.into_iter().rev() {
            value = self.decorated(&decorator, value)?;
        }
        frame.home(one.name.as_str()).put(one.name.as_str(), value);
        Ok(())
    }

    fn decorated(&mut self, decorator: &Value, value: Value) -> Outcome<Value> {
        let bond = match decorator {
            Value::Library("staticmethod") => Bond::Static,
            Value::Library("classmethod") => Bond::Class,
            Value::Library("property" | "functools.cached_property") => Bond::Property,
            Value::Library("contextlib.contextmanager") => Bond::Context,
            Value::Library("abc.abstractmethod") => {
                if let Value::Function(function) = &value {
                    let mut own = function.attributes.borrow_mut();
                    own.insert("abstract".to_owned(), Value::Bool(true));
                }
                return Ok(value);
            }
            Value::Library("typing.override" | "typing.final") => return Ok(value),
            Value::Library("functools.cache" | "functools.lru_cache") => {
                return match &value {
                    Value::Function(function) => {
                        let map = Value::dict(Vec::new())?;
                        function
                            .attributes
                            .borrow_mut()
                            .insert("cache".to_owned(), map);
                        Ok(value)
                    }
                    _ => Err(Stop::Lost),
                };
            }
            _ => return self.call(decorator, Given::of(vec![value])),
        };
        let Value::Function(function) = &value else {
            return Err(Stop::Lost);
        };
        let cached = matches!(decorator, Value::Library("functools.cached_property"));
        let bound = Function {
            name: function.name.clone(),
            body: match &function.body {
                Body::Define(define) => Body::Define(Rc::clone(define)),
                Body::Lambda(lambda) => Body::Lambda(Rc::clone(lambda)),
            },
            defaults: function.defaults.clone(),
            frame: Rc::clone(&function.frame),
            names: Rc::clone(&function.names),
            bond,
            class: RefCell::new(None),
            attributes: RefCell::new(function.attributes.borrow().clone()),
        };
        if cached {
            bound
                .attributes
                .borrow_mut()
                .insert("cached".to_owned(), Value::Bool(true));
        }
        Ok(Value::Function(Rc::new(bound)))
    }
}
