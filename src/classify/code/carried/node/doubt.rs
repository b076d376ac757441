//! Exceptions that Node raises by itself: how sure it is that it would raise them too, and who looks at them.
//! What stands behind one that nobody looks at is not taken to be left out for certain.

use super::play::Player;
use super::value::{Outcome, Stop, Value};

/// A part of such an exception: true where Node raises it for certain.
pub(super) const OWN: &str = "\0own";
/// A part of one whose code somebody has read.
pub(super) const LOOKED: &str = "\0looked";

/// Tells whether an exception follows from the files and the words alone.
pub(super) fn is_sure(code: &str) -> bool {
    matches!(code, "ENOENT" | "ERR_ASSERTION") || code.starts_with("ERR_PARSE_ARGS")
}

/// Tells whether a value is an exception that Node has raised itself.
pub(super) fn is_own(value: &Value) -> bool {
    matches!(value, Value::Object(object) if object.props.borrow().get(OWN).is_some())
}

impl Player<'_> {
    /// An exception has gone all the way up, or was swallowed: whether there was one at all may not be certain.
    pub fn doubt(&mut self, error: &Value) {
        let Value::Object(object) = error else { return };
        let props = object.props.borrow();
        let unsure = matches!(props.get(OWN), Some(Value::Bool(false)));
        self.unsure |= unsure && props.get(LOOKED).is_none();
    }

    /// Somebody has caught an exception; who throws it on has not swallowed it.
    pub fn caught<T>(&mut self, error: &Value, outcome: &Outcome<T>) {
        let goes_on = match outcome {
            Err(Stop::Throw(other)) => {
                other.identity().is_some() && other.identity() == error.identity()
            }
            _ => false,
        };
        if !goes_on {
            self.doubt(error);
        }
    }

    /// Tells whether no asynchronous function is under way.
    pub fn is_alone(&self) -> bool {
        self.frames.is_empty() && self.floats.is_empty()
    }

    /// What is left at the end: promises that nobody has looked at end the script at once.
    pub fn ended(&mut self, outcome: &Outcome<()>) -> Outcome<()> {
        let cut = !matches!(outcome, Ok(()));
        if cut && !self.floats.is_empty() {
            return Err(Stop::Lost);
        }
        if let Err(Stop::Throw(error)) = outcome {
            self.doubt(error);
        }
        for promise in std::mem::take(&mut self.rejections) {
            let Err(error) = &promise.outcome else {
                continue;
            };
            if promise.handled.get() {
                continue;
            }
            if self.floats.len() > usize::from(promise.float.is_some()) {
                return Err(Stop::Lost);
            }
            self.doubt(error);
        }
        Ok(())
    }
}
