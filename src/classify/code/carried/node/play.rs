//! Carries out statements of JavaScript: blocks with their names, loops, choices, exceptions.
//! What is not known decides nothing, and whoever asks it ends the attempt.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;

use crate::model::span::Span;

use super::super::world::World;
use super::Start;
use super::modules::Module;
use super::promises::Touched;
use super::tree::{Body, Code, Line, Name, Node, Target, Way};
use super::value::{Class, Outcome, Promise, Scope, Slot, Stop, Value};

/// Expressions and rounds of loops of one script; what they are made of counts too.
const MAX_WORK: usize = 200_000;
/// Bytes of text whose copying counts as much as one expression.
const BYTES_A_STEP: usize = 64;
/// Expressions and statements inside each other, with the functions that they call.
const MAX_DEPTH: usize = 500;
/// Bytes of one text.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// Carries one script out.
pub(super) struct Player<'a> {
    pub world: World<'a>,
    pub scope: Rc<Scope>,
    pub globals: Rc<Scope>,
    pub span: Span,
    pub modules: HashMap<PathBuf, Module>,
    /// The module that runs.
    pub file: Option<PathBuf>,
    pub argv: Vec<Value>,
    pub environment: Vec<(String, Option<String>)>,
    pub env: Option<Value>,
    pub process: HashMap<Name, Value>,
    pub errors: HashMap<&'static str, Rc<Class>>,
    pub patterns: HashMap<(Name, Name), Rc<super::value::Pattern>>,
    /// Names that were made up for folders of its own.
    pub made: usize,
    /// Asynchronous functions that run.
    pub frames: Vec<Touched>,
    /// What was begun and not waited for.
    pub floats: BTreeMap<usize, Touched>,
    pub next: usize,
    /// Lists whose order is not known: several put something in.
    pub mixed: HashSet<usize>,
    work: usize,
    depth: usize,
    pub tries: usize,
    /// It may do more than what is noted down.
    pub unsure: bool,
    /// The script has ended in a function that had waited: what waits then goes no further.
    pub exited: bool,
    pub rejections: Vec<Rc<Promise>>,
    /// Files that the script has copied: they are as young as that.
    pub copies: HashSet<PathBuf>,
    /// Code that is no file: where it comes from.
    pub inline: Option<&'static str>,
    /// It does not get the settings around it.
    pub dropped: bool,
    /// Who starts it hands settings of its own on.
    pub started: bool,
}

impl<'a> Player<'a> {
    pub fn new(world: World<'a>, start: &Start<'_>) -> Self {
        let globals = Rc::new(Scope::default());
        Self {
            world,
            scope: Rc::clone(&globals),
            globals,
            span: Span::new(0, 0),
            modules: HashMap::new(),
            file: None,
            argv: Vec::new(),
            environment: start.environment.to_vec(),
            env: None,
            process: HashMap::new(),
            errors: super::errors::classes(),
            patterns: HashMap::new(),
            made: 0,
            frames: Vec::new(),
            floats: BTreeMap::new(),
            next: 0,
            mixed: HashSet::new(),
            work: 0,
            depth: 0,
            tries: 0,
            unsure: false,
            exited: false,
            rejections: Vec::new(),
            copies: HashSet::new(),
            inline: start.inline,
            dropped: start.dropped,
            started: start.started,
        }
    }

    pub fn charge(&mut self, steps: usize) -> Outcome<()> {
        self.work = self.work.saturating_add(steps);
        if self.work > MAX_WORK {
            Err(Stop::Lost)
        } else {
            Ok(())
        }
    }

    /// Counts what a text costs that is made.
    pub fn made_text(&mut self, text: String) -> Outcome<Value> {
        self.charge(text.len() / BYTES_A_STEP)?;
        if text.len() > MAX_TEXT {
            return Err(Stop::Lost);
        }
        Ok(Value::Text(Rc::from(text)))
    }

    /// Goes one level down.
    pub fn deeper<T>(&mut self, go: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.charge(1)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::Lost);
        }
        let outcome = go(self);
        self.depth -= 1;
        outcome
    }

    /// Declares a name; twice is an error of the script.
    pub fn declare(&mut self, name: &Name, value: Option<Value>, constant: bool) -> Outcome<()> {
        let slot = Slot { value, constant };
        let cell = Rc::new(RefCell::new(slot));
        let before = self.scope.names.borrow_mut().insert(Rc::clone(name), cell);
        if before.is_some() {
            return Err(Stop::Lost);
        }
        Ok(())
    }

    /// Carries something out in a scope of its own.
    pub fn scoped<T>(
        &mut self,
        scope: Rc<Scope>,
        go: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        let outer = std::mem::replace(&mut self.scope, scope);
        let outcome = go(self);
        self.scope = outer;
        outcome
    }

    /// Declares what stands in a block, before anything of it runs.
    pub fn hoist(&mut self, lines: &[Line]) -> Outcome<()> {
        for line in lines {
            match line {
                Line::Declare(way, all) if *way != Way::Var => {
                    let mut names = Vec::new();
                    all.iter().for_each(|(target, _)| target.names(&mut names));
                    for name in names {
                        self.declare(&name, None, *way == Way::Const)?;
                    }
                }
                Line::Class(class) => self.declare(&class.name, None, false)?,
                Line::Define(code) => {
                    let function = self.function(code);
                    let there = self.scope.names.borrow().get(&code.name).cloned();
                    match there {
                        // A name of `var`, or a function that is defined anew.
                        Some(slot) if slot.borrow().value.is_some() => {
                            slot.borrow_mut().value = Some(function);
                        }
                        Some(_) => return Err(Stop::Lost),
                        None => self.declare(&code.name, Some(function), false)?,
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub fn block(&mut self, lines: &[Line]) -> Outcome<()> {
        self.keeps_functions(lines)?;
        let scope = Scope::inside(&self.scope);
        self.scoped(scope, |player| {
            player.hoist(lines)?;
            player.lines(lines)
        })
    }

    /// A function that stands in a block takes the place of one around it as soon as the block is reached.
    fn keeps_functions(&self, lines: &[Line]) -> Outcome<()> {
        let known = |line: &Line| matches!(line, Line::Define(code) if self.scope.find(&code.name).is_some());
        match lines.iter().any(known) {
            true => Err(Stop::Lost),
            false => Ok(()),
        }
    }

    pub fn lines(&mut self, lines: &[Line]) -> Outcome<()> {
        for line in lines {
            self.line(line, None)?;
        }
        Ok(())
    }

    /// The body of a function, or a whole script.
    pub fn body(&mut self, code: &Code) -> Outcome<Value> {
        match &code.body {
            Body::Value(node) => self.value(node),
            Body::Lines(lines) => {
                let default = code.parts.iter().any(|part| part.default.is_some());
                for name in &code.vars {
                    let known = self.scope.names.borrow().contains_key(name);
                    // What a default keeps of the parameter is then another name.
                    if known && default {
                        return Err(Stop::Lost);
                    }
                    if !known {
                        self.declare(name, Some(Value::Undefined), false)?;
                    }
                }
                self.hoist(lines)?;
                match self.lines(lines) {
                    Ok(()) => Ok(Value::Undefined),
                    Err(Stop::Return(value)) => Ok(value),
                    Err(stop) => Err(stop),
                }
            }
        }
    }

    fn line(&mut self, line: &Line, label: Option<&Name>) -> Outcome<()> {
        self.deeper(|player| player.one_line(line, label))
    }

    fn one_line(&mut self, line: &Line, label: Option<&Name>) -> Outcome<()> {
        match line {
            Line::Plain(node) => {
                self.span = node.span;
                self.for_nothing(node)
            }
            Line::Declare(way, all) => all
                .iter()
                .try_for_each(|(target, value)| self.declared(*way, target, value.as_ref())),
            Line::Define(_)
            | Line::Empty
            | Line::Import(..)
            | Line::Export(_)
            | Line::ExportFrom => Ok(()),
            Line::Class(class) => {
                let value = self.class(class)?;
                self.begin(&class.name, value)
            }
            Line::Block(lines) => own(self.block(lines), label),
            Line::If(test, body, other) => match (self.truth(test)?, other) {
                (true, _) => own(self.line(body, None), label),
                (false, Some(other)) => own(self.line(other, None), label),
                (false, None) => Ok(()),
            },
            Line::For(first, test, step, body) => self.counted(
                first.as_deref(),
                (test.as_ref(), step.as_ref()),
                body,
                label,
            ),
            Line::Each { .. } => self.each(line, label),
            Line::While(test, body) => {
                while self.truth(test)? {
                    if !goes_on(self.line(body, None), label)? {
                        break;
                    }
                }
                Ok(())
            }
            Line::DoWhile(body, test) => {
                while goes_on(self.line(body, None), label)? && self.truth(test)? {}
                Ok(())
            }
            Line::Switch(value, cases) => own(self.switched(value, cases), label),
            Line::Try(body, handler, last) => {
                own(self.tried(body, handler.as_ref(), last.as_deref()), label)
            }
            Line::Label(name, body) => {
                if label.is_some() {
                    return Err(Stop::Lost);
                }
                self.line(body, Some(name))
            }
            Line::Break(label) => Err(Stop::Break(label.clone())),
            Line::Continue(label) => Err(Stop::Continue(label.clone())),
            Line::Return(None) => Err(Stop::Return(Value::Undefined)),
            Line::Return(Some(value)) => Err(Stop::Return(self.value(value)?)),
            Line::Throw(value) => Err(Stop::Throw(self.value(value)?)),
            Line::ExportDefault(node) => self.default_export(node),
            Line::Lost => Err(Stop::Lost),
        }
    }

    fn declared(&mut self, way: Way, target: &Target, value: Option<&Node>) -> Outcome<()> {
        let value = match value {
            Some(node) => {
                self.span = node.span;
                self.value(node)?
            }
            None if way == Way::Var => return Ok(()),
            None => Value::Undefined,
        };
        self.give(target, value, way != Way::Var)
    }

    /// Gives a declared name its first value.
    pub fn begin(&mut self, name: &Name, value: Value) -> Outcome<()> {
        let slot = self.scope.names.borrow().get(name).cloned();
        slot.ok_or(Stop::Lost)?.borrow_mut().value = Some(value);
        Ok(())
    }

    pub fn truth(&mut self, node: &Node) -> Outcome<bool> {
        self.value(node)?.truth()
    }

    fn counted(
        &mut self,
        first: Option<&Line>,
        (test, step): (Option<&Node>, Option<&Node>),
        body: &Line,
        label: Option<&Name>,
    ) -> Outcome<()> {
        let mut fresh = Vec::new();
        if let Some(Line::Declare(Way::Let, all)) = first {
            all.iter().for_each(|(target, _)| target.names(&mut fresh));
        }
        let scope = Scope::inside(&self.scope);
        let outer = std::mem::replace(&mut self.scope, scope);
        let mut go = || -> Outcome<()> {
            if let Some(first) = first {
                self.hoist(std::slice::from_ref(first))?;
                self.line(first, None)?;
            }
            loop {
                self.charge(1)?;
                if let Some(test) = test
                    && !self.truth(test)?
                {
                    return Ok(());
                }
                if !goes_on(self.line(body, None), label)? {
                    return Ok(());
                }
                // Each round has names of its own, which functions may keep.
                if !fresh.is_empty() {
                    let next = Scope::inside(&outer);
                    for (name, slot) in self.scope.names.borrow().iter() {
                        let copy = Rc::new(RefCell::new(slot.borrow().clone()));
                        next.names.borrow_mut().insert(Rc::clone(name), copy);
                    }
                    self.scope = next;
                }
                if let Some(step) = step {
                    self.value(step)?;
                }
            }
        };
        let outcome = go();
        self.scope = outer;
        outcome
    }

    fn each(&mut self, line: &Line, label: Option<&Name>) -> Outcome<()> {
        let Line::Each {
            way,
            target,
            keys,
            waits,
            list,
            body,
        } = line
        else {
            return Err(Stop::Lost);
        };
        let list = self.value(list)?;
        // A list that grows or shrinks meanwhile is gone through as it is then.
        let walk = match keys {
            true => {
                let keys = Value::list(self.keys_of(&list)?);
                self.walk(&keys)?
            }
            false => self.walk(&list)?,
        };
        let outer = Rc::clone(&self.scope);
        loop {
            self.charge(1)?;
            let Some(mut item) = self.step(&walk)? else {
                break;
            };
            // A key that is gone by then is left out.
            if *keys && !self.still_has(&list, &item)? {
                continue;
            }
            if *waits {
                item = self.waited_for(item)?;
            }
            let outcome = self.scoped(Scope::inside(&outer), |player| {
                let mut names = Vec::new();
                if matches!(way, Some(Way::Let | Way::Const)) {
                    target.names(&mut names);
                }
                for name in &names {
                    player.declare(name, None, *way == Some(Way::Const))?;
                }
                player.give(target, item, !names.is_empty())?;
                player.line(body, None)
            });
            if !goes_on(outcome, label)? {
                break;
            }
        }
        Ok(())
    }

    fn still_has(&mut self, owner: &Value, key: &Value) -> Outcome<bool> {
        self.touch(owner, false)?;
        let key = key.as_text()?;
        Ok(match owner {
            Value::Object(object) => object.props.borrow().get(&key).is_some(),
            Value::Array(items) => {
                let length = items.borrow().len();
                key.parse().is_ok_and(|at: usize| at < length)
            }
            _ => true,
        })
    }

    fn switched(&mut self, value: &Node, cases: &[(Option<Node>, Vec<Line>)]) -> Outcome<()> {
        let value = self.value(value)?;
        let scope = Scope::inside(&self.scope);
        let outcome = self.scoped(scope, |player| {
            for (_, lines) in cases {
                player.keeps_functions(lines)?;
                player.hoist(lines)?;
            }
            let mut from = None;
            for (at, (test, _)) in cases.iter().enumerate() {
                if let Some(test) = test {
                    let test = player.value(test)?;
                    if player.is_same(&value, &test)? {
                        from = Some(at);
                        break;
                    }
                }
            }
            let default = || cases.iter().position(|(test, _)| test.is_none());
            let Some(from) = from.or_else(default) else {
                return Ok(());
            };
            for (_, lines) in cases.iter().skip(from) {
                player.lines(lines)?;
            }
            Ok(())
        });
        match outcome {
            Err(Stop::Break(None)) => Ok(()),
            other => other,
        }
    }

    fn tried(
        &mut self,
        body: &[Line],
        handler: Option<&(Option<Target>, Vec<Line>)>,
        last: Option<&[Line]>,
    ) -> Outcome<()> {
        self.tries += 1;
        let depth = self.depth;
        let mut outcome = self.block(body);
        self.tries -= 1;
        if let (Err(Stop::Throw(error)), Some((target, lines))) = (&outcome, handler) {
            let (error, caught) = (error.clone(), error.clone());
            self.depth = depth;
            let scope = Scope::inside(&self.scope);
            outcome = self.scoped(scope, |player| {
                if let Some(target) = target {
                    let mut names = Vec::new();
                    target.names(&mut names);
                    for name in &names {
                        player.declare(name, None, false)?;
                    }
                    player.give(target, error, true)?;
                }
                player.block(lines)
            });
            self.caught(&caught, &outcome);
        }
        match (outcome, last) {
            (Err(Stop::Lost), _) => Err(Stop::Lost),
            (Err(Stop::Exit), _) => Err(Stop::Exit),
            (outcome, Some(last)) => {
                self.depth = depth;
                let end = self.block(last);
                if let (Err(Stop::Throw(error)), Err(_)) = (&outcome, &end) {
                    self.doubt(error);
                }
                end?;
                outcome
            }
            (outcome, None) => outcome,
        }
    }
}

/// Ends a block or a choice whose name a `break` says.
fn own(outcome: Outcome<()>, label: Option<&Name>) -> Outcome<()> {
    match outcome {
        Err(Stop::Break(Some(name))) if Some(&name) == label => Ok(()),
        other => other,
    }
}

/// Tells whether a loop goes on after a round.
fn goes_on(outcome: Outcome<()>, label: Option<&Name>) -> Outcome<bool> {
    let own = |name: &Option<Name>| name.is_none() || name.as_ref() == label;
    match outcome {
        Ok(()) => Ok(true),
        Err(Stop::Continue(name)) if own(&name) => Ok(true),
        Err(Stop::Break(name)) if own(&name) => Ok(false),
        Err(stop) => Err(stop),
    }
}
