//! Names of modules, functions, classes and comprehensions, and which of them are a function's own.
//! It looks names up; it evaluates nothing.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{ExceptHandler, Expr, ExprContext, Parameters, Pattern, Stmt};

use super::play::Player;
use super::value::{Class, Outcome, Value};

/// Who takes the values that a generator gives.
pub(super) type Sink = Rc<dyn Fn(&mut Player<'_>, Value) -> Outcome<()>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Module,
    Function,
    Class,
    Comprehension,
}

/// Which names a function gives something to.
#[derive(Default, Debug)]
pub(super) struct Names {
    pub own: HashSet<String>,
    pub global: HashSet<String>,
    pub outer: HashSet<String>,
    /// It gives values one by one.
    pub gives: bool,
}

/// The names of one module, call or class.
pub(super) struct Frame {
    pub kind: Kind,
    pub names: RefCell<HashMap<String, Value>>,
    pub own: Rc<Names>,
    pub outer: Option<Rc<Self>>,
    /// The module; nothing where this is one.
    pub module: Option<Rc<Self>>,
    /// The script itself.
    pub main: bool,
    /// The class whose method runs, and the object.
    pub class: Option<(Rc<Class>, Value)>,
    pub sink: RefCell<Option<Sink>>,
    /// The module is loaded to its end.
    pub loaded: Cell<bool>,
}

impl Frame {
    pub fn module(main: bool) -> Self {
        Self {
            kind: Kind::Module,
            names: RefCell::default(),
            own: Rc::default(),
            outer: None,
            module: None,
            main,
            class: None,
            sink: RefCell::new(None),
            loaded: Cell::new(false),
        }
    }

    /// Returns a frame inside of another one.
    pub fn inside(outer: &Rc<Self>, kind: Kind, own: Rc<Names>) -> Self {
        let module = outer.module.as_ref().unwrap_or(outer);
        Self {
            kind,
            names: RefCell::default(),
            own,
            outer: Some(Rc::clone(outer)),
            module: Some(Rc::clone(module)),
            main: outer.main,
            class: match kind {
                Kind::Comprehension => outer.class.clone(),
                _ => None,
            },
            sink: RefCell::new(None),
            loaded: Cell::new(false),
        }
    }

    pub fn top(self: &Rc<Self>) -> &Rc<Self> {
        self.module.as_ref().unwrap_or(self)
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        self.names.borrow().get(name).cloned()
    }

    pub fn put(&self, name: &str, value: Value) {
        self.names.borrow_mut().insert(name.to_owned(), value);
    }

    /// Returns the frame in which a name is written.
    pub fn home(self: &Rc<Self>, name: &str) -> Rc<Self> {
        if self.kind == Kind::Comprehension && !self.own.own.contains(name) {
            return self.outer.as_ref().unwrap_or(self).home(name);
        }
        if self.own.global.contains(name) {
            return Rc::clone(self.top());
        }
        if self.own.outer.contains(name) {
            let mut frame = self.outer.clone();
            while let Some(one) = frame {
                if one.kind == Kind::Function && one.own.own.contains(name) {
                    return one;
                }
                frame = one.outer.clone();
            }
        }
        Rc::clone(self)
    }

    /// Returns where a name that is read may stand: the frame, and whether it has to stand there.
    pub fn seat(self: &Rc<Self>, name: &str) -> Option<Rc<Self>> {
        if self.own.global.contains(name) {
            return Some(Rc::clone(self.top()));
        }
        let mut frame = Some(Rc::clone(self));
        let mut first = true;
        while let Some(one) = frame {
            let sees = first || one.kind != Kind::Class;
            let bound = match one.kind {
                Kind::Function | Kind::Comprehension => one.own.own.contains(name),
                Kind::Module => true,
                Kind::Class => sees && one.names.borrow().contains_key(name),
            };
            if bound && sees {
                return Some(one);
            }
            first = false;
            frame = one.outer.clone();
        }
        None
    }
}

/// Finds the names that a body gives something to.
#[derive(Default)]
struct Finder {
    names: Names,
    /// Inside of a comprehension, where only `:=` reaches the function.
    nested: usize,
}

impl Finder {
    fn bind(&mut self, name: &str) {
        self.names.own.insert(name.to_owned());
    }
}

impl<'a> Visitor<'a> for Finder {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(define) => {
                self.bind(define.name.as_str());
                for decorator in &define.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                return;
            }
            Stmt::ClassDef(define) => {
                self.bind(define.name.as_str());
                return;
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = match &alias.asname {
                        Some(name) => name.as_str(),
                        None => alias.name.as_str().split('.').next().unwrap_or_default(),
                    };
                    self.bind(name);
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    self.bind(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                }
            }
            Stmt::Global(global) => {
                let names = global.names.iter().map(|name| name.as_str().to_owned());
                self.names.global.extend(names);
            }
            Stmt::Nonlocal(outer) => {
                let names = outer.names.iter().map(|name| name.as_str().to_owned());
                self.names.outer.extend(names);
            }
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Lambda(_) => return,
            Expr::Yield(_) | Expr::YieldFrom(_) => self.names.gives = true,
            Expr::Name(name) if name.ctx != ExprContext::Load && self.nested == 0 => {
                self.bind(name.id.as_str());
            }
            Expr::Named(named) => {
                if let Expr::Name(name) = named.target.as_ref() {
                    self.bind(name.id.as_str());
                }
            }
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.nested += 1;
                visitor::walk_expr(self, expr);
                self.nested -= 1;
                return;
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(one) = handler;
        if let Some(name) = &one.name {
            self.bind(name.as_str());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(one) => one.name.as_ref(),
            Pattern::MatchStar(one) => one.name.as_ref(),
            Pattern::MatchMapping(one) => one.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind(name.as_str());
        }
        visitor::walk_pattern(self, pattern);
    }
}

/// Returns the names that a body gives something to, its parameters among them.
pub(super) fn names(parameters: Option<&Parameters>, body: &[Stmt]) -> Names {
    let mut finder = Finder::default();
    if let Some(parameters) = parameters {
        for parameter in parameters.iter() {
            finder.bind(parameter.name().as_str());
        }
    }
    for stmt in body {
        finder.visit_stmt(stmt);
    }
    let Names {
        own, global, outer, ..
    } = &mut finder.names;
    own.retain(|name| !global.contains(name) && !outer.contains(name));
    finder.names
}

/// Returns the names that targets give something to.
pub(super) fn targets<'e>(all: impl Iterator<Item = &'e Expr>) -> Names {
    let mut finder = Finder::default();
    for target in all {
        finder.visit_expr(target);
    }
    finder.names
}
