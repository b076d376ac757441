//! Carries out statements and expressions of Perl.
//! Names live in scopes; what is not known decides nothing, and whoever asks it ends the attempt.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::Regex;

use super::super::value::{Entries, Items, Outcome, Stop, Time, Value};
use super::super::world::World;
use super::Start;
use super::files::Handle;
use super::tree::{Kind, Line, Node};

/// Expressions and rounds of loops of one script; what they are made of counts too.
pub(super) const MAX_WORK: usize = 200_000;
/// Bytes of text whose copying counts as much as one expression.
const BYTES_A_STEP: usize = 64;
/// Functions inside functions.
const MAX_CALLS: usize = 40;
/// Bytes of one text.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// What a name holds.
#[derive(Clone)]
pub(super) enum Slot {
    One(Rc<RefCell<Value>>),
    Many(Items),
    Keyed(Entries),
}

impl Slot {
    pub fn fresh(name: &str) -> Self {
        match name.chars().next() {
            Some('@') => Self::Many(Items::default()),
            Some('%') => Self::Keyed(Entries::default()),
            _ => Self::One(Rc::new(RefCell::new(Value::Nothing))),
        }
    }
}

/// Names of one block.
#[derive(Default)]
pub(super) struct Scope {
    names: RefCell<HashMap<String, Slot>>,
    outer: Option<Rc<Self>>,
}

/// A function with the names around it.
pub(super) struct Sub {
    body: Rc<Vec<Line>>,
    scope: Rc<Scope>,
}

/// Carries one script out.
pub(super) struct Player<'a> {
    pub world: World<'a>,
    pub scope: Rc<Scope>,
    top: Rc<Scope>,
    subs: Vec<Sub>,
    pub named: HashMap<String, usize>,
    pub handles: Vec<Handle>,
    /// What the last pattern found.
    pub groups: Vec<Option<String>>,
    /// Values to be given back at the end of a block.
    pub locals: Vec<(Rc<RefCell<Value>>, Value)>,
    /// The path of the last file test.
    pub asked: Option<std::path::PathBuf>,
    /// Patterns that are made ready, by text and letters.
    pub patterns: HashMap<(String, String), Rc<Regex>>,
    work: usize,
    calls: usize,
    /// Blocks that catch exceptions.
    pub tries: usize,
    /// The function that runs is asked for one value.
    pub single: bool,
    /// Options are read in a way of their own.
    pub careful: bool,
}

impl<'a> Player<'a> {
    pub fn new(world: World<'a>, start: &Start<'_>) -> Self {
        let top = Rc::new(Scope::default());
        let mut player = Self {
            world,
            scope: Rc::clone(&top),
            top,
            subs: Vec::new(),
            named: HashMap::new(),
            handles: Vec::new(),
            groups: Vec::new(),
            locals: Vec::new(),
            asked: None,
            patterns: HashMap::new(),
            work: 0,
            calls: 0,
            tries: 0,
            single: false,
            careful: start.text.contains(":config"),
        };
        let words = start.words.iter().cloned().map(Value::Text).collect();
        player.hold("@ARGV", Slot::Many(Rc::new(RefCell::new(words))));
        player.set("$0", Value::text(start.name));
        player.set("$/", Value::text("\n"));
        player.set("$,", Value::text(""));
        let environment = start.environment.iter().map(|(name, value)| {
            let value = value.clone().map_or(Value::Unknown, Value::Text);
            (name.clone(), value)
        });
        player.hold(
            "%ENV",
            Slot::Keyed(Rc::new(RefCell::new(environment.collect()))),
        );
        let folder = start
            .name
            .rsplit_once('/')
            .map_or(".", |(folder, _)| folder);
        if let Ok(path) = player.world.path(folder)
            && let Some(text) = path.to_str()
        {
            player.set("$FindBin::Bin", Value::text(text));
            player.set("$FindBin::RealBin", Value::text(text));
        }
        player
    }

    /// Hands the world back, unless an answer is still missing.
    pub fn finished(mut self) -> Option<World<'a>> {
        self.close_all();
        Some(self.world)
    }

    pub fn hold(&self, name: &str, slot: Slot) {
        self.scope.names.borrow_mut().insert(name.to_owned(), slot);
    }

    /// Returns what a name holds; one that nobody has declared is everybody's.
    pub fn slot(&self, name: &str) -> Slot {
        let mut scope = Some(&self.scope);
        while let Some(one) = scope {
            if let Some(slot) = one.names.borrow().get(name) {
                return slot.clone();
            }
            scope = one.outer.as_ref();
        }
        let slot = Slot::fresh(name);
        self.top
            .names
            .borrow_mut()
            .insert(name.to_owned(), slot.clone());
        slot
    }

    pub fn set(&self, name: &str, value: Value) {
        if let Slot::One(cell) = self.slot(name) {
            *cell.borrow_mut() = value;
        }
    }

    pub fn get(&self, name: &str) -> Value {
        match self.slot(name) {
            Slot::One(cell) => cell.borrow().clone(),
            Slot::Many(_) | Slot::Keyed(_) => Value::Unknown,
        }
    }

    pub fn worked(&mut self) -> Outcome<()> {
        self.charge(1)
    }

    /// Counts what values cost that came out of an expression: nothing that is long is handed on for nothing.
    pub fn weighed(&mut self, values: &[Value]) -> Outcome<()> {
        let bytes: usize = values
            .iter()
            .map(|value| match value {
                Value::Text(text) => text.len(),
                _ => 0,
            })
            .sum();
        self.charge(values.len() / 4 + bytes / BYTES_A_STEP)
    }

    pub fn charge(&mut self, steps: usize) -> Outcome<()> {
        self.work = self.work.saturating_add(steps);
        if self.work > MAX_WORK {
            Err(Stop::Lost)
        } else {
            Ok(())
        }
    }

    pub fn whole(&mut self, lines: &[Line]) -> Outcome<()> {
        self.define(lines);
        self.lines(lines).map(|_| ())
    }

    fn define(&mut self, lines: &[Line]) {
        for line in lines {
            if let Line::Define(name, body) = line {
                let number = self.function(body);
                self.named.insert(name.clone(), number);
            }
        }
    }

    pub fn function(&mut self, body: &Rc<Vec<Line>>) -> usize {
        self.subs.push(Sub {
            body: Rc::clone(body),
            scope: Rc::clone(&self.scope),
        });
        self.subs.len() - 1
    }

    /// Carries out statements; returns what the last one is.
    fn lines(&mut self, lines: &[Line]) -> Outcome<Vec<Value>> {
        let mut last = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let ends = at + 1 == lines.len();
            last = self.line(line, ends)?;
        }
        Ok(last)
    }

    /// Carries out a block with names of its own.
    pub fn block(&mut self, lines: &[Line]) -> Outcome<Vec<Value>> {
        let outer = Rc::clone(&self.scope);
        self.scope = Rc::new(Scope {
            names: RefCell::default(),
            outer: Some(Rc::clone(&outer)),
        });
        let mark = self.locals.len();
        self.define(lines);
        let outcome = self.lines(lines);
        while self.locals.len() > mark {
            if let Some((cell, value)) = self.locals.pop() {
                *cell.borrow_mut() = value;
            }
        }
        self.scope = outer;
        outcome
    }

    fn line(&mut self, line: &Line, last: bool) -> Outcome<Vec<Value>> {
        self.worked()?;
        match line {
            Line::Plain(node) if last && self.single => return Ok(vec![self.scalar(node)?]),
            Line::Plain(node) if last => return self.list(node),
            Line::Plain(node) => {
                self.scalar(node)?;
            }
            Line::If(branches, other) => {
                for (condition, body) in branches {
                    if self.truth(condition)? {
                        return self.block(body);
                    }
                }
                return self.block(other);
            }
            Line::While(label, condition, body, behind) => {
                self.rounds(label.as_ref(), condition.as_ref(), body, behind.as_ref())?;
            }
            Line::Each(label, name, list, body) => self.each(label.as_ref(), name, list, body)?,
            Line::Block(body) => match self.block(body) {
                Err(Stop::Last(None) | Stop::Next(None)) => {}
                outcome => return outcome,
            },
            Line::Define(..) => {}
        }
        Ok(Vec::new())
    }

    /// Tells whether a loop goes on after a round.
    fn goes_on(outcome: Outcome<Vec<Value>>, label: Option<&String>) -> Outcome<bool> {
        let own = |other: &Option<String>| other.is_none() || other.as_ref() == label;
        match outcome {
            Ok(_) => Ok(true),
            Err(Stop::Next(other)) if own(&other) => Ok(true),
            Err(Stop::Last(other)) if own(&other) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn rounds(
        &mut self,
        label: Option<&String>,
        condition: Option<&Node>,
        body: &[Line],
        behind: Option<&Node>,
    ) -> Outcome<()> {
        loop {
            self.worked()?;
            if let Some(condition) = condition
                && !self.holds(condition)?
            {
                return Ok(());
            }
            let outcome = self.block(body);
            if !Self::goes_on(outcome, label)? {
                return Ok(());
            }
            if let Some(behind) = behind {
                self.scalar(behind)?;
            }
        }
    }

    /// The condition of a loop: a line that is read counts where there is one.
    fn holds(&mut self, condition: &Node) -> Outcome<bool> {
        let reads = |node: &Node| match &node.kind {
            Kind::ReadLine(_) => true,
            Kind::Call(name, _) => matches!(name.as_str(), "readdir" | "shift"),
            _ => false,
        };
        match &condition.kind {
            Kind::ReadLine(_) => {
                let line = self.scalar(condition)?;
                let there = !matches!(line, Value::Nothing);
                self.set("$_", line);
                Ok(there)
            }
            Kind::Give(operator, _, given) if operator.is_empty() && reads(given) => {
                let value = self.scalar(condition)?;
                Ok(!matches!(value, Value::Nothing))
            }
            _ => self.truth(condition),
        }
    }

    fn each(
        &mut self,
        label: Option<&String>,
        name: &str,
        list: &Node,
        body: &[Line],
    ) -> Outcome<()> {
        // Changes of the name are changes of the list.
        let own = match &list.kind {
            Kind::List(items) => match items.as_slice() {
                [one] => self.own_items(one),
                _ => None,
            },
            _ => self.own_items(list),
        };
        let items = self.list(list)?;
        let outer = Rc::clone(&self.scope);
        for (at, item) in items.into_iter().enumerate() {
            self.worked()?;
            let cell = Rc::new(RefCell::new(item));
            let names = HashMap::from([(name.to_owned(), Slot::One(Rc::clone(&cell)))]);
            // `$_` is everybody's: functions that are called see it too.
            let before = (name == "$_").then(|| {
                self.top
                    .names
                    .borrow_mut()
                    .insert(name.to_owned(), Slot::One(Rc::clone(&cell)))
            });
            self.scope = Rc::new(Scope {
                names: RefCell::new(names),
                outer: Some(Rc::clone(&outer)),
            });
            let outcome = self.block(body);
            self.scope = Rc::clone(&outer);
            if let Some(Some(slot)) = before {
                self.top.names.borrow_mut().insert(name.to_owned(), slot);
            }
            if let Some(own) = &own
                && let Some(place) = own.borrow_mut().get_mut(at)
            {
                *place = cell.borrow().clone();
            }
            if !Self::goes_on(outcome, label)? {
                break;
            }
        }
        Ok(())
    }

    fn own_items(&self, node: &Node) -> Option<Items> {
        match &node.kind {
            Kind::Name(name) => match self.slot(name) {
                Slot::Many(items) => Some(items),
                Slot::One(_) | Slot::Keyed(_) => None,
            },
            _ => None,
        }
    }

    /// Tells whether an expression holds.
    pub fn truth(&mut self, node: &Node) -> Outcome<bool> {
        let value = self.scalar(node)?;
        is_true(&value)
    }

    pub fn text(&mut self, node: &Node) -> Outcome<String> {
        let value = self.scalar(node)?;
        value.written().ok_or(Stop::Lost)
    }

    pub fn tried(&mut self, body: &[Line]) -> Outcome<Vec<Value>> {
        self.tries += 1;
        let outcome = self.block_for(body, false);
        self.tries -= 1;
        match outcome {
            Err(Stop::Dies(value)) => {
                self.set("$@", value);
                Ok(Vec::new())
            }
            // `return` leaves no more than the block that catches.
            Ok(values) | Err(Stop::Return(values)) => {
                self.set("$@", Value::text(""));
                Ok(values)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Calls a function of the script.
    pub fn perform(
        &mut self,
        function: &Value,
        arguments: Vec<Value>,
        single: bool,
    ) -> Outcome<Vec<Value>> {
        let Value::Function(number) = function else {
            return Err(Stop::Lost);
        };
        let sub = self.subs.get(*number).ok_or(Stop::Lost)?;
        let (body, scope) = (Rc::clone(&sub.body), Rc::clone(&sub.scope));
        self.calls += 1;
        if self.calls > MAX_CALLS {
            return Err(Stop::Lost);
        }
        let before = std::mem::replace(
            &mut self.scope,
            Rc::new(Scope {
                names: RefCell::new(HashMap::from([(
                    "@_".to_owned(),
                    Slot::Many(Rc::new(RefCell::new(arguments))),
                )])),
                outer: Some(scope),
            }),
        );
        let around = std::mem::replace(&mut self.single, single);
        let outcome = self.block(&body);
        self.single = around;
        self.scope = before;
        self.calls -= 1;
        match outcome {
            Err(Stop::Return(values)) => Ok(values),
            other => other,
        }
    }

    /// Carries out a block that is asked for one value, or for all.
    pub fn block_for(&mut self, body: &[Line], single: bool) -> Outcome<Vec<Value>> {
        let around = std::mem::replace(&mut self.single, single);
        let outcome = self.block(body);
        self.single = around;
        outcome
    }

    pub fn own_function(&self, name: &str) -> Option<Value> {
        self.named.get(name).map(|number| Value::Function(*number))
    }

    /// Tells whether the code stands in a function.
    pub const fn is_called(&self) -> bool {
        self.calls > 0
    }
}

pub(super) fn truth_value(is: bool) -> Value {
    if is {
        Value::Number(1.0)
    } else {
        Value::text("")
    }
}

/// Tells whether a value counts as true.
pub(super) fn is_true(value: &Value) -> Outcome<bool> {
    match value {
        Value::Nothing => Ok(false),
        Value::Number(number) => Ok(*number != 0.0),
        Value::Text(text) => Ok(!text.is_empty() && text != "0"),
        Value::Time(Time::Now { .. }) => Ok(true),
        Value::Time(_) | Value::Unknown => Err(Stop::Lost),
        _ => Ok(true),
    }
}
