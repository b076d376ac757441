//! What is gone through one by one: lists, generators, comprehensions, the levels of a tree.
//! A generator is not stopped and taken up again: whoever takes its values acts where it gives them.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::{Comprehension, Expr};

use super::super::world::Found;
use super::calls::Given;
use super::frame::{self, Frame, Kind as Place, Sink};
use super::play::Player;
use super::value::{Generator, Kind as What, Map, Outcome, Source, State, Stop, Value, Way};

type Act<'f, 'p> = &'f mut dyn FnMut(&mut Player<'p>, Value) -> Outcome<()>;

impl<'a> Player<'a> {
    /// Folders that are looked into only now have to be as they were when they were gone through here.
    fn still_there(&mut self, generator: &Generator) -> Outcome<()> {
        if let (Some((list, at)), Source::Items(items)) =
            (&mut *generator.live.borrow_mut(), &generator.source)
        {
            let next = list.borrow().get(*at).cloned();
            *at += usize::from(next.is_some());
            *items.borrow_mut() = next.into_iter().collect();
            return Ok(());
        }
        let Some(look) = generator.looks.borrow().clone() else {
            return Ok(());
        };
        let same = look.changes == self.world.changes;
        let Source::Items(items) = &generator.source else {
            return Err(Stop::Lost);
        };
        if let Some(look) = &mut *generator.looks.borrow_mut() {
            look.begun = true;
        }
        match (same, look.begun, look.deep) {
            (true, ..) | (false, true, false) => return Ok(()),
            (false, true, true) => {}
            (false, false, _) => {
                let (path, name, given) = look.again.ok_or(Stop::Lost)?;
                let Value::Generator(new) = self.path_method(&path, name, given)? else {
                    return Err(Stop::Lost);
                };
                if let (Source::Items(new), Some(look)) =
                    (&new.source, &mut *generator.looks.borrow_mut())
                {
                    *items.borrow_mut() = new.take();
                    look.changes = self.world.changes;
                }
                return Ok(());
            }
        }
        // What was removed meanwhile is perhaps not found at all.
        let next = items.borrow().front().cloned();
        if let Some(next) = next {
            let whole = self.world.path(&next.as_name()?)?;
            if self.world.found(&whole)? == Found::Nothing {
                return Err(Stop::Lost);
            }
        }
        Ok(())
    }

    /// Tells whether the values are made only while somebody takes them.
    pub fn is_lazy(&self, value: &Value) -> bool {
        matches!(value, Value::Generator(generator) if !matches!(generator.source, Source::Items(_)))
    }

    /// Hands each value to somebody who may stop: what stops him does not go through the generator.
    pub fn pour(&mut self, value: &Value, sink: &Sink) -> Outcome<()> {
        self.numbers += 1;
        let number = self.numbers;
        let stopped: Rc<RefCell<Option<Stop>>> = Rc::default();
        let (inner, told) = (Rc::clone(sink), Rc::clone(&stopped));
        let guarded: Sink = Rc::new(move |player, value| {
            inner(player, value).map_err(|stop| match stop {
                Stop::Lost => Stop::Lost,
                other => {
                    *told.borrow_mut() = Some(other);
                    Stop::Enough(number)
                }
            })
        });
        let ends = self.ends;
        let outcome = self.pour_into(value, &guarded);
        match outcome {
            Err(Stop::Enough(which)) if which == number => {
                // What a generator does at its end it does only when nobody has it any more.
                let held = matches!(value, Value::Generator(one) if Rc::strong_count(one) > 1);
                if held && self.ends != ends {
                    return Err(Stop::Lost);
                }
                if let Value::Generator(generator) = value {
                    generator.state.set(State::Left);
                }
                let stop = stopped.borrow_mut().take();
                Err(stop.unwrap_or(Stop::Lost))
            }
            other => other,
        }
    }

    /// Hands each value of a generator to somebody.
    pub fn pour_into(&mut self, value: &Value, sink: &Sink) -> Outcome<()> {
        let Value::Generator(generator) = value else {
            return self.each(value, &mut |player, value| sink(player, value));
        };
        match generator.state.get() {
            State::New => {}
            State::Left => return Err(Stop::Lost),
            State::Over => return Ok(()),
        }
        // Whoever looks while it runs sees neither a new nor an old one.
        generator.state.set(State::Left);
        self.called(|player| player.deeper(|player| player.run(generator, sink)))?;
        generator.state.set(State::Over);
        Ok(())
    }

    fn run(&mut self, generator: &Generator, sink: &Sink) -> Outcome<()> {
        match &generator.source {
            Source::Items(items) => loop {
                self.still_there(generator)?;
                let next = items.borrow_mut().pop_front();
                match next {
                    Some(value) => sink(self, value)?,
                    None => return Ok(()),
                }
            },
            Source::Function(function, frame) => {
                *frame.sink.borrow_mut() = Some(Rc::clone(sink));
                match self.body(function, frame) {
                    Ok(_) => Ok(()),
                    // It becomes another exception on its way.
                    Err(Stop::Raise(Value::Object(thrown)))
                        if thrown.class.name == "StopIteration" =>
                    {
                        Err(Stop::Lost)
                    }
                    Err(stop) => Err(stop),
                }
            }
            Source::Expression(node, outer, first) => {
                let all: Vec<&Expr> = node.generators.iter().map(|one| &one.target).collect();
                let own = Rc::new(frame::targets(all.into_iter()));
                let inner = Rc::new(Frame::inside(outer, Place::Comprehension, own));
                let mut give = |player: &mut Self, inner: &Rc<Frame>| {
                    let value = player.eval(&node.elt, inner)?;
                    sink(player, value)
                };
                self.level(&node.generators, Some(first.clone()), &inner, &mut give)
            }
            Source::Each(way, function, over) => self.each_way(*way, function, over, sink),
            Source::Walk(root, down) => self.walk(root, *down, sink, 0),
        }
    }

    fn each_way(&mut self, way: Way, function: &Value, over: &Value, sink: &Sink) -> Outcome<()> {
        let count = Rc::new(std::cell::Cell::new(match function {
            Value::Int(first) => *first,
            _ => 0,
        }));
        let (function, sink) = (function.clone(), Rc::clone(sink));
        let inner: Sink = Rc::new(move |player, value| {
            player.worked(1)?;
            match way {
                Way::Count => {
                    let number = count.get();
                    count.set(number + 1);
                    sink(player, Value::tuple(vec![Value::Int(number), value]))
                }
                Way::Map => {
                    let made = player.call(&function, Given::of(vec![value]))?;
                    sink(player, made)
                }
                Way::Spread => {
                    let all = player.items(&value)?;
                    let made = player.call(&function, Given::of(all))?;
                    sink(player, made)
                }
                Way::Chain => player.pour_into(&value, &sink),
                Way::Filter => {
                    let told = match function.is_none() {
                        true => value.clone(),
                        false => player.call(&function, Given::of(vec![value.clone()]))?,
                    };
                    match player.truth(&told)? {
                        true => sink(player, value),
                        false => Ok(()),
                    }
                }
            }
        });
        self.pour_into(over, &inner)
    }

    /// Hands each value of something that is there to somebody.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each kind of value, read as a table"
    )]
    pub fn each(&mut self, value: &Value, act: Act<'_, 'a>) -> Outcome<()> {
        match value {
            // A list may grow and shrink meanwhile.
            Value::List(items) => {
                let mut at = 0;
                loop {
                    let next = items.borrow().get(at).cloned();
                    let Some(next) = next else { return Ok(()) };
                    self.worked(1)?;
                    act(self, next)?;
                    at += 1;
                }
            }
            Value::Dict(map) | Value::Set(map, _) => {
                let keys = self.keys_of(value, map);
                let length = map.borrow().len();
                for key in keys {
                    self.worked(1)?;
                    if map.borrow().len() != length {
                        return Err(self.raise("RuntimeError", "changed size during iteration"));
                    }
                    act(self, key)?;
                }
                match map.borrow().len() == length {
                    true => Ok(()),
                    false => Err(self.raise("RuntimeError", "changed size during iteration")),
                }
            }
            Value::View(map, part) => self.each_seen(map, *part, act),
            Value::Deque(items) => {
                let all = items.borrow().clone();
                for item in &all {
                    self.worked(1)?;
                    if items.borrow().len() != all.len() {
                        return Err(self.raise("RuntimeError", "mutated during iteration"));
                    }
                    act(self, item.clone())?;
                }
                Ok(())
            }
            Value::Object(object) if object.class.builtin && object.class.name == "DictReader" => {
                let rows = object.get("rows").ok_or(Stop::Lost)?;
                self.each(&rows, act)
            }
            Value::Cursor(cursor) => {
                while let Some(row) = self.next_row(cursor)? {
                    self.worked(1)?;
                    act(self, row)?;
                }
                Ok(())
            }
            Value::File(file) => {
                while let Some(line) = self.next_line(file)? {
                    self.worked(1)?;
                    act(self, line)?;
                }
                Ok(())
            }
            Value::Generator(generator) if matches!(generator.source, Source::Items(_)) => {
                let Source::Items(items) = &generator.source else {
                    return Ok(());
                };
                loop {
                    self.still_there(generator)?;
                    let next = items.borrow_mut().pop_front();
                    let Some(next) = next else { return Ok(()) };
                    self.worked(1)?;
                    act(self, next)?;
                }
            }
            Value::Range(from, to, by) => {
                let (mut at, to, by) = (*from, *to, *by);
                while by > 0 && at < to || by < 0 && at > to {
                    self.worked(1)?;
                    act(self, Value::Int(at))?;
                    at = at.checked_add(by).ok_or(Stop::Lost)?;
                }
                Ok(())
            }
            _ => {
                for item in self.items(value)? {
                    self.worked(1)?;
                    act(self, item)?;
                }
                Ok(())
            }
        }
    }

    fn keys_of(&self, value: &Value, map: &Rc<RefCell<Map>>) -> Vec<Value> {
        let mut keys = map.borrow().keys();
        if matches!(value, Value::Set(..)) {
            // Small numbers stand in their own order.
            let whole = |key: &Value| key.whole().ok();
            if keys.iter().all(|key| whole(key).is_some()) {
                keys.sort_by_key(whole);
            }
            if self.backwards {
                keys.reverse();
            }
        }
        keys
    }

    /// Returns all values of something that can be gone through.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each kind of value, read as a table"
    )]
    pub fn items(&mut self, value: &Value) -> Outcome<Vec<Value>> {
        match value {
            Value::List(items) | Value::Deque(items) => {
                let items = items.borrow().clone();
                self.worked(items.len() / 8)?;
                Ok(items)
            }
            Value::View(map, part) => self.seen(map, *part),
            Value::Class(class) => super::enums::members(class).ok_or(Stop::Lost),
            Value::Tuple(items) => Ok(items.as_ref().clone()),
            // None of them, or one.
            Value::Unknown(What::Inert) => Ok(match self.guess() {
                true => vec![Value::Unknown(What::Inert)],
                false => Vec::new(),
            }),
            Value::Dict(map) | Value::Set(map, _) => {
                let keys = self.keys_of(value, map);
                self.worked(keys.len() / 4)?;
                Ok(keys)
            }
            Value::Text(text) => {
                self.worked(text.len())?;
                let mut buffer = [0; 4];
                Ok(text
                    .chars()
                    .map(|char| Value::text(char.encode_utf8(&mut buffer)))
                    .collect())
            }
            Value::Bytes(bytes) => {
                self.worked(bytes.len())?;
                Ok(bytes
                    .iter()
                    .map(|byte| Value::Int(i128::from(*byte)))
                    .collect())
            }
            Value::Object(object)
                if object
                    .class
                    .fields
                    .borrow()
                    .as_ref()
                    .is_some_and(|fields| fields.tuple) =>
            {
                let names = object
                    .class
                    .fields
                    .borrow()
                    .as_ref()
                    .map(|fields| fields.names.clone());
                Ok(names
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|name| object.get(name))
                    .collect())
            }
            Value::Generator(_) => {
                let all: Rc<RefCell<Vec<Value>>> = Rc::default();
                let inner = Rc::clone(&all);
                let sink: Sink = Rc::new(move |player, value| {
                    player.worked(1)?;
                    inner.borrow_mut().push(value);
                    Ok(())
                });
                self.pour(value, &sink)?;
                Ok(all.take())
            }
            Value::Range(..) | Value::Cursor(_) | Value::File(_) => {
                let mut all = Vec::new();
                self.each(value, &mut |_, value| {
                    all.push(value);
                    Ok(())
                })?;
                Ok(all)
            }
            Value::Object(object) if object.class.builtin => self.items_of_special(object),
            Value::Object(_) => {
                let method = self.attribute(value, "__iter__")?;
                let made = self.call(&method, Given::default())?;
                match made {
                    Value::Object(_) => Err(Stop::Lost),
                    made => self.items(&made),
                }
            }
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Path(_) => {
                Err(self.raise("TypeError", "object is not iterable"))
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Goes through the levels of a comprehension.
    pub fn level(
        &mut self,
        levels: &[Comprehension],
        first: Option<Value>,
        frame: &Rc<Frame>,
        give: &mut dyn FnMut(&mut Self, &Rc<Frame>) -> Outcome<()>,
    ) -> Outcome<()> {
        let [level, rest @ ..] = levels else {
            return give(self, frame);
        };
        if level.is_async {
            return Err(Stop::Lost);
        }
        let over = match first {
            Some(first) => first,
            None => self.eval(&level.iter, frame)?,
        };
        // The values of a generator are all taken first: its deeds and those of the comprehension would change places.
        let before = self.world.steps.len();
        let lazy = self.is_lazy(&over);
        let over = match lazy {
            true => Value::list(self.items(&over)?),
            false => over,
        };
        self.each(&over, &mut |player, value| {
            player.assign(&level.target, value, frame)?;
            for test in &level.ifs {
                let told = player.eval(test, frame)?;
                if !player.truth(&told)? {
                    return Ok(());
                }
            }
            player.deeper(|player| player.level(rest, None, frame, give))
        })?;
        match lazy && self.world.steps.len() != before {
            true => Err(Stop::Lost),
            false => Ok(()),
        }
    }

    /// Carries a comprehension out, and hands each round to somebody.
    pub fn comprehend(
        &mut self,
        levels: &[Comprehension],
        frame: &Rc<Frame>,
        give: &mut dyn FnMut(&mut Self, &Rc<Frame>) -> Outcome<()>,
    ) -> Outcome<()> {
        let first = levels.first().ok_or(Stop::Lost)?;
        let over = self.eval(&first.iter, frame)?;
        let own = Rc::new(frame::targets(levels.iter().map(|one| &one.target)));
        let inner = Rc::new(Frame::inside(frame, Place::Comprehension, own));
        self.deeper(|player| player.level(levels, Some(over), &inner, give))
    }

    /// Returns the first value, where there is one.
    pub fn first(&mut self, value: &Value) -> Outcome<Option<Value>> {
        match value {
            Value::Generator(generator) => {
                if let Source::Items(items) = &generator.source {
                    self.still_there(generator)?;
                    return Ok(items.borrow_mut().pop_front());
                }
                let found: Rc<RefCell<Option<Value>>> = Rc::default();
                let inner = Rc::clone(&found);
                let sink: Sink = Rc::new(move |_, value| {
                    *inner.borrow_mut() = Some(value);
                    Err(Stop::Last)
                });
                match self.pour(value, &sink) {
                    Ok(()) | Err(Stop::Last) => Ok(found.take()),
                    Err(other) => Err(other),
                }
            }
            Value::File(file) => self.next_line(file),
            Value::Cursor(cursor) => self.next_row(cursor),
            _ => Err(Stop::Lost),
        }
    }
}
