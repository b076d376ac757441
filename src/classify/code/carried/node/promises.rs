//! Asynchronous functions and promises: a function runs to its end at once, and what that may turn around is watched.
//! Whoever reads or changes what an unfinished function touches after its first `await` ends the attempt.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::rc::Rc;

use super::play::Player;
use super::value::{Outcome, Promise, Stop, Value};

/// What a function touches after it has waited for the first time.
#[derive(Default)]
pub(super) struct Touched {
    pub waited: bool,
    reads: HashSet<usize>,
    writes: HashSet<usize>,
}

impl Player<'_> {
    /// Notes that something is read or changed; tells whether an unfinished function touches it too.
    pub fn note(&mut self, place: usize, write: bool) -> Outcome<bool> {
        if self.frames.is_empty() && self.floats.is_empty() {
            return Ok(false);
        }
        self.charge((self.frames.len() + self.floats.len()) / 8)?;
        for frame in self.frames.iter_mut().filter(|frame| frame.waited) {
            let all = if write {
                &mut frame.writes
            } else {
                &mut frame.reads
            };
            all.insert(place);
        }
        let meets = |float: &Touched| {
            float.writes.contains(&place) || write && float.reads.contains(&place)
        };
        Ok(self.floats.values().any(meets))
    }

    /// Notes that a list or an object is read or changed.
    pub fn touch(&mut self, value: &Value, write: bool) -> Outcome<()> {
        let Some(place) = value.identity() else {
            return Ok(());
        };
        if self.mixed.contains(&place) || self.note(place, write)? {
            return Err(Stop::Lost);
        }
        Ok(())
    }

    /// Something is put at the end of a list.
    pub fn put_last(&mut self, value: &Value) -> Outcome<()> {
        let place = value.identity().ok_or(Stop::Lost)?;
        if self.note(place, true)? {
            self.mixed.insert(place);
        }
        Ok(())
    }

    /// Notes that a file is read or changed, and with it what its folder holds.
    pub fn touch_path(&mut self, path: &Path, write: bool) -> Outcome<()> {
        for path in [Some(path), path.parent().filter(|_| write)]
            .into_iter()
            .flatten()
        {
            let mut hasher = DefaultHasher::new();
            path.hash(&mut hasher);
            let place = usize::try_from(hasher.finish() >> 1).map_err(|_| Stop::Lost)?;
            if self.note(place, write)? {
                return Err(Stop::Lost);
            }
        }
        Ok(())
    }

    pub fn promise(outcome: Result<Value, Value>) -> Value {
        Value::Promise(Rc::new(Promise {
            outcome,
            float: None,
        }))
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
            Ok(Value::Promise(inner)) => {
                self.settle(inner.float);
                inner.outcome.clone()
            }
            Ok(value) => Ok(value),
            Err(Stop::Throw(error)) => Err(error),
            Err(stop) => return Err(stop),
        };
        let frame = self.frames.pop().ok_or(Stop::Lost)?;
        let float = frame.waited.then(|| {
            self.next += 1;
            self.floats.insert(self.next, frame);
            self.next
        });
        Ok(Value::Promise(Rc::new(Promise { outcome, float })))
    }

    pub fn settle(&mut self, float: Option<usize>) {
        let touched = float.and_then(|float| self.floats.remove(&float));
        if let (Some(touched), Some(frame)) = (touched, self.frames.last_mut()) {
            frame.waited = true;
            frame.reads.extend(touched.reads);
            frame.writes.extend(touched.writes);
        }
    }

    /// `await x`
    pub fn waited_for(&mut self, value: Value) -> Outcome<Value> {
        if let Some(frame) = self.frames.last_mut() {
            frame.waited = true;
        }
        let value = self.taken(value)?;
        Ok(value)
    }

    /// Takes out what a promise holds.
    fn taken(&mut self, value: Value) -> Outcome<Value> {
        match value {
            Value::Promise(promise) => {
                self.settle(promise.float);
                promise.outcome.clone().map_err(Stop::Throw)
            }
            Value::Object(object) if object.props.borrow().get("then").is_some() => Err(Stop::Lost),
            Value::Object(object)
                if object
                    .class
                    .as_ref()
                    .is_some_and(|class| class.method("then").is_some()) =>
            {
                Err(Stop::Lost)
            }
            other => Ok(other),
        }
    }

    /// `Promise.all(list)` and its like.
    pub fn gathered(&mut self, name: &str, list: &Value) -> Outcome<Value> {
        let items = self.spread(list)?;
        self.begun(true, |player| {
            let mut all = Vec::new();
            let mut failed = None;
            for item in items {
                match (player.taken(item), name) {
                    (Ok(value), "allSettled") => all.push(Value::object(vec![
                        ("status", Value::text("fulfilled")),
                        ("value", value),
                    ])),
                    (Err(Stop::Throw(reason)), "allSettled") => all.push(Value::object(vec![
                        ("status", Value::text("rejected")),
                        ("reason", reason),
                    ])),
                    (Ok(value), _) => all.push(value),
                    (Err(Stop::Throw(error)), _) => failed = failed.or(Some(error)),
                    (Err(stop), _) => return Err(stop),
                }
            }
            match failed {
                Some(error) => Err(Stop::Throw(error)),
                None => Ok(Value::list(all)),
            }
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
        self.begun(true, |player| {
            player.settle(float);
            let call = |player: &mut Self, function: Value, given: Vec<Value>| {
                let value = player.call(&function, Value::Undefined, given)?;
                player.taken(value)
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
