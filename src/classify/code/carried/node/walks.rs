//! Going through lists, maps and sets one by one, as they are at each step.
//! What was gone through once gives nothing more.

use std::cell::Cell;
use std::rc::Rc;

use super::play::Player;
use super::value::{Outcome, Stop, Value, Walk};

impl Player<'_> {
    /// Begins to go through a value, or goes on where it was left.
    pub fn walk(&mut self, value: &Value) -> Outcome<Rc<Walk>> {
        let part = match value {
            Value::Walk(walk) => return Ok(Rc::clone(walk)),
            Value::Table(_, false) => "entries",
            Value::Array(_) | Value::Table(_, true) => "values",
            Value::Text(_) => {
                let letters = Value::list(self.spread(value)?);
                return Ok(begun(letters, "values"));
            }
            _ => return Err(Stop::Lost),
        };
        Ok(begun(value.clone(), part))
    }

    /// Returns the next one.
    pub fn step(&mut self, walk: &Walk) -> Outcome<Option<Value>> {
        if walk.spoiled.get() {
            return Err(Stop::Lost);
        }
        self.touch(&walk.source, false)?;
        let at = walk.at.get();
        if at == ENDED {
            return Ok(None);
        }
        let found = match &walk.source {
            Value::Array(items) => {
                let place = usize::try_from(at).map_err(|_| Stop::Lost)?;
                let item = items.borrow().get(place).cloned();
                item.map(|item| (at + 1, Value::count(place), item))
            }
            Value::Table(table, _) => table.borrow().after(at),
            _ => return Err(Stop::Lost),
        };
        let Some((next, key, value)) = found else {
            walk.at.set(ENDED);
            return Ok(None);
        };
        walk.at.set(next);
        Ok(Some(match walk.part {
            "keys" => key,
            "values" => value,
            _ => Value::list(vec![key, value]),
        }))
    }

    /// Goes through all that is left.
    pub fn rest_of(&mut self, walk: &Walk) -> Outcome<Vec<Value>> {
        let mut all = Vec::new();
        while let Some(item) = self.step(walk)? {
            self.charge(1)?;
            all.push(item);
            if all.len() > super::eval::MAX_ITEMS {
                return Err(Stop::Lost);
            }
        }
        Ok(all)
    }
}

/// Behind the last one.
const ENDED: u64 = u64::MAX;

/// Begins to go through something.
pub(super) fn begun(source: Value, part: &'static str) -> Rc<Walk> {
    Rc::new(Walk {
        source,
        part,
        at: Cell::new(0),
        spoiled: Cell::new(false),
    })
}
