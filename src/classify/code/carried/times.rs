//! Moments and ages of files in comparisons: what the world answers about them.
//! It knows no clock: how old a file is, the world says itself.

use std::cmp::Ordering;
use std::path::Path;

use super::value::{Outcome, Stop, Time, Value};
use super::world::World;

/// Returns what an operator makes of moments; nothing where neither side is one.
pub(super) fn counted(operator: &str, left: &Value, right: &Value) -> Option<Value> {
    use Value::{Number, Time as Of};
    let time = match (left, operator, right) {
        (Of(Time::Now { less, unit }), "-", Number(by)) => Time::Now {
            less: less + by / unit,
            unit: *unit,
        },
        (Of(Time::Now { less, unit }), "-", Of(Time::Changed { path, unit: other }))
            if *less == 0.0 && unit == other =>
        {
            Time::Age {
                path: path.clone(),
                unit: *unit,
            }
        }
        (Of(Time::Now { less, unit }), "/", Number(by)) => Time::Now {
            less: *less,
            unit: unit / by,
        },
        (Of(Time::Changed { path, unit }), "/", Number(by)) => Time::Changed {
            path: path.clone(),
            unit: unit / by,
        },
        (Of(Time::Age { path, unit }), "/", Number(by)) => Time::Age {
            path: path.clone(),
            unit: unit / by,
        },
        (Of(_), ..) | (_, _, Of(_)) => return Some(Value::Unknown),
        _ => return None,
    };
    Some(Value::Time(time))
}

impl World<'_> {
    /// Compares two values of which one is a moment or an age: whether the first is the greater one; nothing where it is neither.
    pub fn timed(&mut self, left: &Value, right: &Value) -> Outcome<Option<Ordering>> {
        let told = |greater: bool| {
            Some(if greater {
                Ordering::Greater
            } else {
                Ordering::Less
            })
        };
        Ok(match (left, right) {
            (Value::Time(left), Value::Time(right)) => self.two_times(left, right)?,
            (Value::Time(Time::Age { path, unit }), Value::Number(other)) => {
                told(self.is_older(path, other / unit)?)
            }
            (Value::Number(other), Value::Time(Time::Age { path, unit })) => {
                told(!self.is_older(path, other / unit)?)
            }
            (Value::Time(_), _) | (_, Value::Time(_)) => return Err(Stop::Lost),
            _ => None,
        })
    }

    fn two_times(&mut self, left: &Time, right: &Time) -> Outcome<Option<Ordering>> {
        let told = |greater: bool| {
            Some(if greater {
                Ordering::Greater
            } else {
                Ordering::Less
            })
        };
        match (left, right) {
            (Time::Changed { path, .. }, Time::Now { less, .. }) => {
                Ok(told(!self.is_older(path, *less)?))
            }
            (Time::Now { less, .. }, Time::Changed { path, .. }) => {
                Ok(told(self.is_older(path, *less)?))
            }
            (Time::Changed { path: one, .. }, Time::Changed { path: two, .. }) => {
                self.newer(one, two).map(Some)
            }
            (Time::Age { path: one, .. }, Time::Age { path: two, .. }) => {
                self.newer(two, one).map(Some)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Which of two files was changed later.
    fn newer(&mut self, one: &Path, two: &Path) -> Outcome<Ordering> {
        if one == two {
            return Ok(Ordering::Equal);
        }
        // The world counts whole seconds: which of two in the same one came later is not known.
        match self.moment(one)?.cmp(&self.moment(two)?) {
            Ordering::Equal if !self.waits => Err(Stop::Lost),
            other => Ok(other),
        }
    }
}
