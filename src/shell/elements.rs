//! How an assignment changes a value that is there: one element of an array, or more behind what stands.
//! It knows no variables, only their values.

use crate::model::word::{Hole, Part, Piece};

use super::state::Value;

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
        None => items.push((index, pieces)),
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
