//! Asynchronous functions and promises: a function runs to its end at once, and what that may turn around is watched.
//! Whoever reads or changes what an unfinished function touches after its first `await` ends the attempt.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::rc::Rc;

use super::play::Player;
use super::value::{Outcome, Promise, Stop, Value};

/// It is looked at.
const READS: u8 = 1;
/// It becomes another one.
const WRITES: u8 = 2;
/// Something is added; in which order does not matter to others who add.
const ADDS: u8 = 4;

/// What a function touches after it has waited for the first time.
#[derive(Default)]
pub(super) struct Touched {
    pub waited: bool,
    places: HashMap<usize, u8>,
}

/// Tells whether it matters which of two comes first.
const fn meets(way: u8, others: u8) -> bool {
    match way {
        READS => others & (WRITES | ADDS) != 0,
        ADDS => others & (READS | WRITES) != 0,
        _ => others != 0,
    }
}

impl Player<'_> {
    /// Notes that something is touched; returns how unfinished functions touch it.
    fn note(&mut self, place: usize, way: u8) -> Outcome<u8> {
        if self.frames.is_empty() && self.floats.is_empty() {
            return Ok(0);
        }
        self.charge((self.frames.len() + self.floats.len()) / 8)?;
        for frame in self.frames.iter_mut().filter(|frame| frame.waited) {
            *frame.places.entry(place).or_default() |= way;
        }
        let others = self.floats.values();
        let others = others.filter_map(|float| float.places.get(&place));
        Ok(others.fold(0, |all, way| all | way))
    }

    /// Notes that a name is read; tells whether others count it up meanwhile.
    pub fn name_read(&mut self, place: usize) -> Outcome<bool> {
        match self.note(place, READS)? {
            others if others & WRITES != 0 => Err(Stop::Lost),
            others => Ok(others & ADDS != 0),
        }
    }

    /// Notes that a name gets another value.
    pub fn name_set(&mut self, place: usize) -> Outcome<()> {
        match meets(WRITES, self.note(place, WRITES)?) {
            true => Err(Stop::Lost),
            false => Ok(()),
        }
    }

    /// Notes that a name is counted up; tells whether others do so meanwhile.
    pub fn name_counted(&mut self, place: usize) -> Outcome<bool> {
        let others = self.note(place, ADDS)?;
        match meets(ADDS, others) {
            true => Err(Stop::Lost),
            false => Ok(others & ADDS != 0),
        }
    }

    /// Notes that a list or an object is read or changed.
    pub fn touch(&mut self, value: &Value, write: bool) -> Outcome<()> {
        let Some(place) = value.identity() else {
            return Ok(());
        };
        let way = if write { WRITES } else { READS };
        if self.mixed.contains(&place) || meets(way, self.note(place, way)?) {
            return Err(Stop::Lost);
        }
        Ok(())
    }

    /// Notes that somebody asks how long a list is; tells whether its order is known.
    pub fn measured(&mut self, value: &Value) -> Outcome<bool> {
        let place = value.identity().ok_or(Stop::Lost)?;
        match meets(READS, self.note(place, READS)?) {
            true => Err(Stop::Lost),
            false => Ok(!self.mixed.contains(&place)),
        }
    }

    /// Something is put at the end of a list.
    pub fn put_last(&mut self, value: &Value) -> Outcome<()> {
        let place = value.identity().ok_or(Stop::Lost)?;
        let others = self.note(place, ADDS)?;
        if meets(ADDS, others) {
            return Err(Stop::Lost);
        }
        if others & ADDS != 0 {
            self.mixed.insert(place);
        }
        Ok(())
    }

    /// Notes that a file is read or changed: what it is hangs on all folders above it.
    pub fn touch_path(&mut self, path: &Path, write: bool) -> Outcome<()> {
        if self.frames.is_empty() && self.floats.is_empty() {
            return Ok(());
        }
        self.touch_place(path, false, if write { WRITES } else { READS })?;
        for above in path.ancestors().skip(1) {
            self.touch_place(above, false, READS)?;
        }
        match path.parent().filter(|_| write) {
            Some(above) => self.touch_place(above, true, ADDS),
            None => Ok(()),
        }
    }

    /// Notes that the names in a folder are read.
    pub fn touch_names(&mut self, path: &Path) -> Outcome<()> {
        self.touch_place(path, true, READS)
    }

    fn touch_place(&mut self, path: &Path, names: bool, way: u8) -> Outcome<()> {
        let mut hasher = DefaultHasher::new();
        (path, names).hash(&mut hasher);
        let place = usize::try_from(hasher.finish() >> 1).map_err(|_| Stop::Lost)?;
        match meets(way, self.note(place, way)?) {
            true => Err(Stop::Lost),
            false => Ok(()),
        }
    }

    pub fn promise(&mut self, outcome: Result<Value, Value>) -> Value {
        self.kept(outcome, None)
    }

    /// A promise; one that fails must be looked at by somebody.
    fn kept(&mut self, outcome: Result<Value, Value>, float: Option<usize>) -> Value {
        let failed = outcome.is_err();
        let promise = Rc::new(Promise {
            outcome,
            float,
            never: false,
            handled: Cell::new(false),
        });
        if failed {
            self.rejections.push(Rc::clone(&promise));
        }
        Value::Promise(promise)
    }

    /// Carries out what a promise stands for; what it touches late counts until somebody waits for it.
    pub fn begun(
        &mut self,
        waited: bool,
        go: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        self.frames.push(Touched {
            waited,
            ..Touched::default()
        });
        let outcome = match go(self) {
            Ok(value) => self.taken(value),
            Err(stop) => Err(stop),
        };
        let frame = self.frames.pop().ok_or(Stop::Lost)?;
        let outcome = match outcome {
            Ok(value) => Ok(value),
            Err(Stop::Throw(error)) => Err(error),
            Err(Stop::Exit) if frame.waited => return self.stopped(),
            Err(stop) => return Err(stop),
        };
        let float = frame.waited.then(|| {
            self.next += 1;
            self.floats.insert(self.next, frame);
            self.next
        });
        Ok(self.kept(outcome, float))
    }

    /// The script has ended in a function that had waited; what was called before it waited goes on behind the call.
    fn stopped(&mut self) -> Outcome<Value> {
        if !self.floats.is_empty() {
            return Err(Stop::Lost);
        }
        self.exited = true;
        Ok(Value::Promise(Rc::new(Promise {
            outcome: Ok(Value::Undefined),
            float: None,
            never: true,
            handled: Cell::new(true),
        })))
    }

    pub fn settle(&mut self, float: Option<usize>) {
        let touched = float.and_then(|float| self.floats.remove(&float));
        if let (Some(touched), Some(frame)) = (touched, self.frames.last_mut()) {
            frame.waited = true;
            for (place, way) in touched.places {
                *frame.places.entry(place).or_default() |= way;
            }
        }
    }

    /// `await x`
    pub fn waited_for(&mut self, value: Value) -> Outcome<Value> {
        if let Some(frame) = self.frames.last_mut() {
            frame.waited = true;
        }
        let ends = matches!(&value, Value::Promise(promise) if promise.never);
        if self.exited && !ends {
            return Err(Stop::Lost);
        }
        self.taken(value)
    }

    /// Takes out what a promise holds.
    fn taken(&mut self, value: Value) -> Outcome<Value> {
        match value {
            Value::Promise(promise) => {
                promise.handled.set(true);
                if promise.never {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.waited = true;
                    }
                    return Err(Stop::Exit);
                }
                self.settle(promise.float);
                promise.outcome.clone().map_err(Stop::Throw)
            }
            other if is_thenable(&other) => Err(Stop::Lost),
            other => Ok(other),
        }
    }

    /// `Promise.all(list)` and its like.
    pub fn gathered(&mut self, name: &str, list: &Value) -> Outcome<Value> {
        let items = self.spread(list)?;
        let ends = |item: &Value| matches!(item, Value::Promise(promise) if promise.never);
        if self.exited && !items.iter().any(ends) {
            return Err(Stop::Lost);
        }
        // The first that fails ends the waiting: the others go on meanwhile.
        if name == "all"
            && let Some(error) = first_failure(&items)
        {
            return Ok(self.promise(Err(error)));
        }
        self.begun(true, |player| {
            let mut all = Vec::new();
            for item in items {
                match (player.taken(item), name) {
                    (Ok(value), "allSettled") => all.push(Value::object(vec![
                        ("status", Value::text("fulfilled")),
                        ("value", value),
                    ])),
                    (Err(Stop::Throw(reason)), "allSettled") => {
                        player.doubt(&reason);
                        all.push(Value::object(vec![
                            ("status", Value::text("rejected")),
                            ("reason", reason),
                        ]));
                    }
                    (Ok(value), _) => all.push(value),
                    (Err(stop), _) => return Err(stop),
                }
            }
            Ok(Value::list(all))
        })
    }

    /// `.then`, `.catch`, `.finally`
    pub fn chained(
        &mut self,
        promise: &Rc<Promise>,
        name: &str,
        given: &[Value],
    ) -> Outcome<Value> {
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        let second = given.get(1).cloned().unwrap_or(Value::Undefined);
        let (outcome, float) = (promise.outcome.clone(), promise.float);
        let failed = outcome.is_err();
        promise.handled.set(true);
        if promise.never {
            return Ok(Value::Promise(Rc::clone(promise)));
        }
        if self.exited {
            return Err(Stop::Lost);
        }
        self.begun(true, |player| {
            player.settle(float);
            let call = |player: &mut Self, function: Value, given: Vec<Value>| {
                let caught = given.first().cloned().filter(|_| failed);
                let value = player.call(&function, Value::Undefined, given);
                let value = value.and_then(|value| player.taken(value));
                if let Some(caught) = caught {
                    player.caught(&caught, &value);
                }
                value
            };
            match (name, outcome) {
                ("then", Ok(value)) if !first.is_nothing() => call(player, first, vec![value]),
                ("then", Err(error)) if !second.is_nothing() => call(player, second, vec![error]),
                ("catch", Err(error)) if !first.is_nothing() => call(player, first, vec![error]),
                ("then" | "catch", outcome) => outcome.map_err(Stop::Throw),
                ("finally", outcome) => {
                    call(player, first, Vec::new())?;
                    outcome.map_err(Stop::Throw)
                }
                _ => Err(Stop::Lost),
            }
        })
    }
}

/// The failure that is seen first.
fn first_failure(items: &[Value]) -> Option<Value> {
    let mut failed = None;
    for item in items {
        if let Value::Promise(promise) = item
            && let Err(error) = &promise.outcome
        {
            promise.handled.set(true);
            failed = failed.or_else(|| Some(error.clone()));
        }
    }
    failed
}

/// Tells whether something is waited for by a `then` of its own.
pub(super) fn is_thenable(value: &Value) -> bool {
    match value {
        Value::Object(object) => {
            let method = |class: &Rc<super::value::Class>| class.method("then").is_some();
            object.props.borrow().get("then").is_some() || object.class.as_ref().is_some_and(method)
        }
        Value::Function(function) => function.own.borrow().get("then").is_some(),
        Value::Class(class) => class.own.borrow().get("then").is_some(),
        Value::Any => true,
        _ => false,
    }
}
