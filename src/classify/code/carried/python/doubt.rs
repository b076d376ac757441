//! Exceptions that the language itself raises while a script is carried out: how sure it is that Python would raise them too.
//! What stands behind one that nobody catches is not taken to be left out for certain.

use std::rc::Rc;

use super::play::Player;
use super::value::{Object, Value};

/// A part of such an exception: true where Python raises it for certain.
pub(super) const OWN: &str = "#own";

/// Tells whether an exception is what a script says itself: that it ends, that something has to hold.
pub(super) fn is_said(class: &str) -> bool {
    matches!(class, "SystemExit" | "AssertionError")
}

/// Tells whether an exception follows from the files alone.
pub(super) fn is_sure(class: &str, arguments: &[Value]) -> bool {
    match class {
        "FileNotFoundError" => true,
        "sqlite3.OperationalError" => matches!(
            arguments.first(),
            Some(Value::Text(text)) if text.starts_with("no such table")
        ),
        _ => false,
    }
}

/// Tells whether a value is an exception that the language has raised itself.
pub(super) fn is_own(object: &Object) -> bool {
    object.get(OWN).is_some()
}

/// Tells whether what an exception says is in Python's own words; a missing key is said as it is.
pub(super) fn hides_text(object: &Object) -> bool {
    is_own(object) && object.class.name != "KeyError"
}

fn is_unsure(thrown: &Value) -> bool {
    matches!(thrown, Value::Object(object) if matches!(object.get(OWN), Some(Value::Bool(false))))
}

/// Tells whether a class stands for every exception.
fn is_broad(class: &Value) -> bool {
    match class {
        Value::Class(class) => {
            class.builtin && matches!(class.name.as_str(), "Exception" | "BaseException")
        }
        Value::Tuple(all) => all.iter().any(is_broad),
        _ => false,
    }
}

impl Player<'_> {
    /// An exception has gone all the way up, or somebody has caught it who catches whatever comes.
    pub fn doubted(&mut self, thrown: &Value, class: Option<&Value>) {
        self.unsure |= class.is_none_or(is_broad) && is_unsure(thrown);
    }

    /// A key is missing in a map that stands in the script or in a file.
    pub fn surely(&self, thrown: super::value::Stop) -> super::value::Stop {
        if let super::value::Stop::Raise(Value::Object(object)) = &thrown {
            Rc::clone(object).set(OWN, Value::Bool(true));
        }
        thrown
    }
}
