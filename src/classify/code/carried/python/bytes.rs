//! Bytes: each stands for the letter of its number, and what is done with them is done as with texts.
//! Where texts and bytes differ, nothing is said.

use std::rc::Rc;

use super::calls::Given;
use super::play::Player;
use super::value::{Outcome, Stop, Value};

/// Methods that mean the same for bytes and for texts.
const ALIKE: &str = "replace split rsplit strip lstrip rstrip startswith endswith find rfind index rindex count \
    partition rpartition join splitlines removeprefix removesuffix lower upper ljust rjust zfill";
/// Of these, the ones for which letters are more than their number.
const LETTERS: &str = "lower upper";
/// Of these, the ones for which some bytes are white space only in texts.
const SPACES: &str = "split rsplit strip lstrip rstrip splitlines";

impl Player<'_> {
    /// Calls a method that texts have as well.
    pub fn bytes_like_text(&mut self, bytes: &[u8], name: &str, given: Given) -> Outcome<Value> {
        let letters = super::library::has(LETTERS, name) && !bytes.is_ascii();
        let spaces = super::library::has(SPACES, name)
            && bytes
                .iter()
                .any(|byte| matches!(byte, 0x0b | 0x0c | 0x1c..=0x1f | 0x85 | 0xa0));
        if !super::library::has(ALIKE, name) || letters || spaces || !given.named.is_empty() {
            return Err(Stop::Lost);
        }
        self.worked(bytes.len() / 16)?;
        let mut placed = Vec::new();
        for value in &given.placed {
            placed.push(self.as_letters(value)?);
        }
        let text = Value::text(&letters_of(bytes));
        let told = self.method(&text, name, Given::of(placed))?;
        of_letters(&told)
    }

    /// Returns bytes as the letters of their numbers, inside of collections too.
    fn as_letters(&mut self, value: &Value) -> Outcome<Value> {
        Ok(match value {
            Value::Bytes(bytes) => {
                self.worked(bytes.len() / 16)?;
                Value::text(&letters_of(bytes))
            }
            Value::None | Value::Int(_) => value.clone(),
            Value::List(_) | Value::Tuple(_) | Value::Generator(_) => {
                let mut all = Vec::new();
                for item in self.items(value)? {
                    let Value::Bytes(bytes) = &item else {
                        return Err(Stop::Lost);
                    };
                    self.worked(1 + bytes.len() / 16)?;
                    all.push(Value::text(&letters_of(bytes)));
                }
                match value {
                    Value::Tuple(_) => Value::tuple(all),
                    _ => Value::list(all),
                }
            }
            _ => return Err(Stop::Lost),
        })
    }
}

fn letters_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn of_letters(value: &Value) -> Outcome<Value> {
    Ok(match value {
        Value::Text(text) => {
            let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
            Value::Bytes(Rc::from(bytes.map_err(|_| Stop::Lost)?))
        }
        Value::List(items) => Value::list(all_of_letters(&items.borrow())?),
        Value::Tuple(items) => Value::tuple(all_of_letters(items)?),
        Value::Bool(_) | Value::Int(_) => value.clone(),
        _ => return Err(Stop::Lost),
    })
}

fn all_of_letters(values: &[Value]) -> Outcome<Vec<Value>> {
    values.iter().map(of_letters).collect()
}
