//! How an assignment changes a value that is there: one element of an array, or more behind what stands; and what the keys of an array are.
//! It knows no variables, only their values.

use crate::model::span::Origin;
use crate::model::word::{Hole, Part, Piece};

use super::expand::literal_piece;
use super::state::Value;

/// Stands for the key of an element whose key is not known.
pub(super) const UNKNOWN: &str = "\u{fffc}";

/// Stands for the key of each element of an array that may have more elements, or fewer.
pub(super) fn uncounted() -> String {
    format!("{UNKNOWN}*")
}

/// An element of an array that may have more elements, or fewer.
pub(super) fn loose(item: (Option<String>, Vec<Piece>)) -> (Option<String>, Vec<Piece>) {
    (item.0.or_else(|| Some(uncounted())), item.1)
}

/// Tells whether it is not known how many elements an array has.
pub(super) fn is_uncounted(value: &Value) -> bool {
    let uncounted = uncounted();
    matches!(value, Value::List(items) if items.iter().any(|(key, _)| key.as_ref() == Some(&uncounted)))
}

/// Tells whether an array has an element whose key is not known.
pub(super) fn has_unknown_key(items: &[(Option<String>, Vec<Piece>)]) -> bool {
    let unknown = |key: &Option<String>| key.as_ref().is_some_and(|key| key.contains(UNKNOWN));
    items.iter().any(|(key, _)| unknown(key))
}

/// `${!name[@]}`: the keys of an array, in words of their own.
pub(super) fn keys(value: &Value, origin: &Origin) -> Vec<Vec<Piece>> {
    let hole = |hole: Hole| Piece {
        part: Part::Hole(hole),
        origin: origin.clone(),
    };
    let items = match value {
        Value::List(items) => items,
        Value::Text(pieces) => {
            let holes = |piece: &Piece| matches!(piece.part, Part::Hole(_));
            return match pieces.iter().any(holes) {
                true => vec![vec![hole(Hole::Unknown)]],
                false => vec![vec![literal_piece("0", origin)]],
            };
        }
        Value::Unset => return Vec::new(),
    };
    let counted = |key: &Option<String>| {
        let digits = |key: &String| key.bytes().all(|byte| byte.is_ascii_digit());
        key.as_ref().is_none_or(digits)
    };
    let numbers = items.iter().all(|(key, _)| counted(key));
    let key = |(at, (key, _)): (usize, &(Option<String>, Vec<Piece>))| {
        vec![match key {
            Some(key) if key.contains(UNKNOWN) => hole(Hole::Unknown),
            Some(key) => literal_piece(key, origin),
            None if numbers => literal_piece(&at.to_string(), origin),
            None => hole(Hole::Unknown),
        }]
    };
    items.iter().enumerate().map(key).collect()
}

pub(super) fn with_element(
    old: Value,
    index: Option<String>,
    pieces: Vec<Piece>,
    append: bool,
) -> Value {
    let mut items = match old {
        Value::List(items) => items,
        Value::Text(text)
            if !matches!(
                text.first().map(|p| &p.part),
                Some(Part::Hole(Hole::Inherited(_)))
            ) =>
        {
            vec![(Some("0".to_owned()), text)]
        }
        Value::Text(_) | Value::Unset => Vec::new(),
    };
    for (at, item) in items.iter_mut().enumerate() {
        item.0.get_or_insert_with(|| at.to_string());
    }
    match items
        .iter_mut()
        .find(|item| index.is_some() && item.0 == index)
    {
        Some(item) if append => item.1.extend(pieces),
        Some(item) => item.1 = pieces,
        None => items.push((index.or_else(|| Some(UNKNOWN.to_owned())), pieces)),
    }
    Value::List(items)
}

pub(super) fn appended(old: Value, new: Value) -> Value {
    match (old, new) {
        (Value::Text(mut a), Value::Text(b)) => {
            a.extend(b);
            Value::Text(a)
        }
        (Value::List(mut a), Value::List(b)) => {
            a.extend(b);
            Value::List(a)
        }
        (Value::Text(a), Value::List(b))
            if !matches!(
                a.first().map(|p| &p.part),
                Some(Part::Hole(Hole::Inherited(_)))
            ) =>
        {
            let mut all = vec![(None, a)];
            all.extend(b);
            Value::List(all)
        }
        (Value::List(mut a), Value::Text(b)) => {
            if let Some(first) = a.first_mut() {
                first.1.extend(b);
            }
            Value::List(a)
        }
        (_, new) => new,
    }
}
