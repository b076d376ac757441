//! Carries out statements of Python: names are given values, branches and loops are gone through, exceptions passed on.
//! Expressions and calls are elsewhere; whoever needs what is not known ends the attempt.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{
    Expr, Stmt, StmtAnnAssign, StmtAssert, StmtFor, StmtIf, StmtRaise, StmtWhile,
};
use ruff_text_size::Ranged;

use crate::model::span::Span;

use super::super::guess::Guesses;
use super::super::world::World;
use super::Start;
use super::database::Stores;
use super::doubt;
use super::frame::{Frame, Kind as Place};
use super::library::arguments::Parser;
use super::library::files::File;
use super::value::{Class, Kind as What, Map, Outcome, Stop, Value};

/// Expressions, rounds of loops and pieces of values of one script.
const MAX_WORK: usize = 120_000;
/// Functions, statements and expressions inside one another.
const MAX_DEPTH: usize = 600;
/// Functions inside functions.
const MAX_CALLS: usize = 60;
/// Bytes of one text.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// Carries one script out.
pub(super) struct Player<'a> {
    pub world: World<'a>,
    pub span: Span,
    /// What was done so far.
    pub work: usize,
    depth: usize,
    pub calls: usize,
    pub modules: HashMap<String, Rc<Frame>>,
    /// Exceptions and other classes of the language, as far as they were named.
    pub classes: HashMap<&'static str, Rc<Class>>,
    /// Folders in which modules are looked for.
    pub paths: Vec<String>,
    /// Where the script was started.
    pub begun: String,
    pub argv: Value,
    pub environment: Rc<RefCell<Map>>,
    /// Files that were opened for writing.
    pub files: Vec<Rc<RefCell<File>>>,
    /// Exceptions that are being handled.
    pub caught: Vec<Value>,
    pub stores: Stores,
    pub numbers: usize,
    /// Blocks that catch exceptions, or do something whatever happens.
    pub tries: usize,
    /// Blocks that a generator has left because nobody wants more of it.
    pub ends: usize,
    /// An exception of the language that may as well be none has decided what was done.
    pub unsure: bool,
    /// It has changed its own environment, which programs inherit.
    pub resettled: bool,
    pub parsers: Vec<Parser>,
    /// Sets give their items in the other order.
    pub backwards: bool,
    /// What the call does not say of the environment is as whoever asks has it.
    pub inherits: bool,
    asserts: bool,
    /// The file that was started.
    pub script: Option<std::path::PathBuf>,
    pub guesses: Guesses,
}

impl<'a> Player<'a> {
    pub fn new(world: World<'a>, start: &Start<'_>, words: &[String], backwards: bool) -> Self {
        let mut environment = Map::default();
        for (name, value) in start.environment {
            let value = value
                .as_ref()
                .map_or(Value::Unknown(super::value::Kind::Any), |text| {
                    Value::text(text)
                });
            let _ = environment.set(Value::text(name), value);
        }
        let words = std::iter::once(start.name).chain(words.iter().map(String::as_str));
        let begun = world.here.to_str().unwrap_or_default().to_owned();
        Self {
            begun,
            world,
            span: Span::new(0, 0),
            work: 0,
            depth: 0,
            calls: 0,
            modules: HashMap::new(),
            classes: HashMap::new(),
            paths: start.paths.to_vec(),
            argv: Value::texts(words),
            environment: Rc::new(RefCell::new(environment)),
            files: Vec::new(),
            caught: Vec::new(),
            stores: Stores::default(),
            numbers: 0,
            tries: 0,
            ends: 0,
            unsure: false,
            resettled: false,
            parsers: Vec::new(),
            backwards,
            inherits: start.inherits,
            asserts: start.asserts,
            script: None,
            guesses: Guesses::default(),
        }
    }

    /// Goes one of the ways of a decision that is not known.
    pub fn guess(&mut self) -> bool {
        self.guesses.next()
    }

    /// Closes what is open, and hands the world back.
    pub fn finished(mut self) -> Outcome<World<'a>> {
        for file in std::mem::take(&mut self.files) {
            self.close_file(&file)?;
        }
        Ok(self.world)
    }

    /// Counts work of this size; too much ends the attempt.
    pub fn worked(&mut self, size: usize) -> Outcome<()> {
        self.work = self.work.saturating_add(size);
        if self.work > MAX_WORK {
            Err(Stop::Lost)
        } else {
            Ok(())
        }
    }

    /// Returns a text as a value; one that is too long ends the attempt.
    pub fn text(&mut self, text: impl AsRef<str>) -> Outcome<Value> {
        let text = text.as_ref();
        self.worked(1 + text.len() / 64)?;
        if text.len() > MAX_TEXT {
            Err(Stop::Lost)
        } else {
            Ok(Value::text(text))
        }
    }

    pub fn deeper<T>(&mut self, act: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.depth += 1;
        let outcome = if self.depth > MAX_DEPTH {
            Err(Stop::Lost)
        } else {
            act(self)
        };
        self.depth -= 1;
        outcome
    }

    pub fn called<T>(&mut self, act: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.calls += 1;
        let outcome = if self.calls > MAX_CALLS {
            Err(Stop::Lost)
        } else {
            act(self)
        };
        self.calls -= 1;
        outcome
    }

    pub fn block(&mut self, body: &[Stmt], frame: &Rc<Frame>) -> Outcome<()> {
        for stmt in body {
            self.worked(1)?;
            self.close_unheld()?;
            self.deeper(|player| player.statement(stmt, frame))?;
        }
        Ok(())
    }

    fn statement(&mut self, stmt: &Stmt, frame: &Rc<Frame>) -> Outcome<()> {
        match stmt {
            Stmt::Expr(one) => self.eval(&one.value, frame).map(|_| ()),
            Stmt::Assign(one) => {
                let value = self.eval(&one.value, frame)?;
                for target in &one.targets {
                    self.assign(target, value.clone(), frame)?;
                }
                Ok(())
            }
            Stmt::AugAssign(one) => self.augmented(one, frame),
            Stmt::AnnAssign(one) => self.annotated(one, frame),
            Stmt::If(one) => self.branch(one, frame),
            Stmt::For(one) => self.for_loop(one, frame),
            Stmt::While(one) => self.while_loop(one, frame),
            Stmt::With(one) if !one.is_async => self.with(&one.items, &one.body, frame),
            Stmt::Try(one) if !one.is_star => self.try_block(one, frame),
            Stmt::Raise(one) => self.raise_statement(one, frame),
            Stmt::Return(one) => {
                let value = match &one.value {
                    Some(value) => self.eval(value, frame)?,
                    None => Value::None,
                };
                Err(Stop::Return(value))
            }
            Stmt::FunctionDef(one) if !one.is_async => self.define(one, frame),
            Stmt::ClassDef(one) => self.define_class(one, frame),
            Stmt::Import(one) => self.import(one, frame),
            Stmt::ImportFrom(one) => self.import_from(one, frame),
            Stmt::Delete(one) => {
                for target in &one.targets {
                    self.delete(target, frame)?;
                }
                Ok(())
            }
            Stmt::Assert(one) => self.assert(one, frame),
            Stmt::Match(one) => self.match_statement(one, frame),
            Stmt::Break(_) => Err(Stop::Last),
            Stmt::Continue(_) => Err(Stop::Next),
            Stmt::Pass(_) | Stmt::Global(_) | Stmt::Nonlocal(_) => Ok(()),
            _ => Err(Stop::Lost),
        }
    }

    fn annotated(&mut self, one: &StmtAnnAssign, frame: &Rc<Frame>) -> Outcome<()> {
        let Some(value) = &one.value else {
            return Ok(());
        };
        let value = self.eval(value, frame)?;
        self.assign(&one.target, value, frame)
    }

    fn branch(&mut self, one: &StmtIf, frame: &Rc<Frame>) -> Outcome<()> {
        let value = self.eval(&one.test, frame)?;
        if self.truth(&value)? {
            return self.block(&one.body, frame);
        }
        for clause in &one.elif_else_clauses {
            let holds = match &clause.test {
                Some(test) => {
                    let value = self.eval(test, frame)?;
                    self.truth(&value)?
                }
                None => true,
            };
            if holds {
                return self.block(&clause.body, frame);
            }
        }
        Ok(())
    }

    fn while_loop(&mut self, one: &StmtWhile, frame: &Rc<Frame>) -> Outcome<()> {
        loop {
            self.worked(1)?;
            let value = self.eval(&one.test, frame)?;
            if !self.truth(&value)? {
                return self.block(&one.orelse, frame);
            }
            match self.block(&one.body, frame) {
                Ok(()) | Err(Stop::Next) => {}
                Err(Stop::Last) => return Ok(()),
                Err(other) => return Err(other),
            }
        }
    }

    fn for_loop(&mut self, one: &StmtFor, frame: &Rc<Frame>) -> Outcome<()> {
        if one.is_async {
            return Err(Stop::Lost);
        }
        let over = self.eval(&one.iter, frame)?;
        let outcome = if self.is_lazy(&over) {
            let (inner, body) = (Rc::clone(frame), Rc::new(one.clone()));
            self.worked(one.range().len().to_usize() / 32)?;
            let sink: super::frame::Sink =
                Rc::new(move |player, value| player.round(&body, value, &inner));
            self.pour(&over, &sink)
        } else {
            self.each(&over, &mut |player, value| player.round(one, value, frame))
        };
        match outcome {
            Ok(()) => self.block(&one.orelse, frame),
            Err(Stop::Last) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// One round of a loop.
    fn round(&mut self, one: &StmtFor, value: Value, frame: &Rc<Frame>) -> Outcome<()> {
        self.worked(1)?;
        self.assign(&one.target, value, frame)?;
        match self.block(&one.body, frame) {
            Err(Stop::Next) => Ok(()),
            other => other,
        }
    }

    fn assert(&mut self, one: &StmtAssert, frame: &Rc<Frame>) -> Outcome<()> {
        if !self.asserts {
            return Ok(());
        }
        let value = self.eval(&one.test, frame)?;
        if self.truth(&value)? {
            return Ok(());
        }
        let message = match &one.msg {
            Some(message) => vec![self.eval(message, frame)?],
            None => Vec::new(),
        };
        Err(self.raised("AssertionError", message))
    }

    fn raise_statement(&mut self, one: &StmtRaise, frame: &Rc<Frame>) -> Outcome<()> {
        let Some(what) = &one.exc else {
            return Err(match self.caught.last() {
                Some(last) => Stop::Raise(last.clone()),
                None => self.raise("RuntimeError", "no active exception to reraise"),
            });
        };
        let value = self.eval(what, frame)?;
        if let Some(cause) = &one.cause {
            self.eval(cause, frame)?;
        }
        let value = match &value {
            Value::Class(_) => self.call(&value, super::calls::Given::default())?,
            _ => value,
        };
        match &value {
            Value::Object(object) if object.class.is_exception() => Err(Stop::Raise(value)),
            _ => Err(Stop::Lost),
        }
    }

    /// Gives a value to a target.
    pub fn assign(&mut self, target: &Expr, value: Value, frame: &Rc<Frame>) -> Outcome<()> {
        match target {
            Expr::Name(name) => {
                frame.home(name.id.as_str()).put(name.id.as_str(), value);
                Ok(())
            }
            Expr::Attribute(one) => {
                let owner = self.eval(&one.value, frame)?;
                self.set_attribute(&owner, one.attr.as_str(), value)
            }
            Expr::Subscript(one) => {
                let owner = self.eval(&one.value, frame)?;
                let place = self.place(&one.slice, frame)?;
                self.set_item(&owner, place, value)
            }
            Expr::Tuple(one) => self.unpack(&one.elts, &value, frame),
            Expr::List(one) => self.unpack(&one.elts, &value, frame),
            _ => Err(Stop::Lost),
        }
    }

    fn unpack(&mut self, targets: &[Expr], value: &Value, frame: &Rc<Frame>) -> Outcome<()> {
        let mut items = self.items(value)?;
        let star = targets
            .iter()
            .position(|one| matches!(one, Expr::Starred(_)));
        let fits = match star {
            Some(_) => items.len() + 1 >= targets.len(),
            None => items.len() == targets.len(),
        };
        if !fits {
            return Err(self.raise("ValueError", "not as many values to unpack"));
        }
        if let Some(at) = star {
            let end = at + items.len() + 1 - targets.len();
            let middle: Vec<Value> = items.drain(at..end).collect();
            items.insert(at, Value::list(middle));
        }
        for (target, item) in targets.iter().zip(items) {
            let target = match target {
                Expr::Starred(one) => &one.value,
                other => other,
            };
            self.assign(target, item, frame)?;
        }
        Ok(())
    }

    fn delete(&mut self, target: &Expr, frame: &Rc<Frame>) -> Outcome<()> {
        match target {
            Expr::Name(name) => {
                let name = name.id.as_str();
                let home = frame.home(name);
                let gone = home.names.borrow_mut().remove(name);
                match gone {
                    Some(_) => Ok(()),
                    None => Err(self.raise("NameError", name)),
                }
            }
            Expr::Subscript(one) => {
                let owner = self.eval(&one.value, frame)?;
                let place = self.place(&one.slice, frame)?;
                self.delete_item(&owner, place)
            }
            Expr::Tuple(one) => one
                .elts
                .iter()
                .try_for_each(|target| self.delete(target, frame)),
            _ => Err(Stop::Lost),
        }
    }

    /// Looks a name up.
    pub fn name(&mut self, name: &str, frame: &Rc<Frame>) -> Outcome<Value> {
        if let Some(seat) = frame.seat(name) {
            if let Some(value) = seat.get(name) {
                return Ok(value);
            }
            if matches!(seat.kind, Place::Function | Place::Comprehension) {
                return Err(self.raise("UnboundLocalError", name));
            }
        }
        if let Some(value) = self.builtin(name) {
            return Ok(value);
        }
        // A name that nobody has given: an error, unless it is one that is not known here.
        if super::library::is_reckoner(name) {
            return Ok(Value::Unknown(What::Inert));
        }
        if super::library::is_unread(name) || name.starts_with("__") {
            return Err(Stop::Lost);
        }
        Err(self.raise("NameError", name))
    }

    /// Returns an exception with a text. One that says that something does not fit may as well say that it is not known here:
    /// what stands behind it is not taken to be left out for that.
    pub fn raise(&mut self, class: &'static str, text: &str) -> Stop {
        const UNSURE: [&str; 4] = [
            "TypeError",
            "AttributeError",
            "NameError",
            "UnboundLocalError",
        ];
        if UNSURE.contains(&class) {
            return Stop::Lost;
        }
        self.raised(class, vec![Value::text(text)])
    }

    pub fn raised(&mut self, class: &'static str, arguments: Vec<Value>) -> Stop {
        let Some(class) = self.exception(class) else {
            return Stop::Lost;
        };
        let object = super::value::Object {
            class,
            names: RefCell::default(),
        };
        if !doubt::is_said(&object.class.name) {
            let sure = doubt::is_sure(&object.class.name, &arguments);
            object.set(doubt::OWN, Value::Bool(sure));
        }
        object.set("args", Value::tuple(arguments));
        Stop::Raise(Value::Object(Rc::new(object)))
    }
}
