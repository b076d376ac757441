//! Values put together, kept few, and taken apart: what every reading of an expression needs.
//! It knows no tokens.

use crate::sql::HOLE;

use std::collections::HashSet;

use super::{Joint, MAX_READINGS, MAX_SIZE, Value, Values, made};

pub(in super::super) fn add(list: &mut Vec<Value>, value: Value, splat: bool) {
    match value {
        Value::List(items) if splat => list.extend(items),
        value => list.push(value),
    }
}

/// Keeps the readings few and short; tells whether known ones were left out, for which one that is not known stands.
pub(in super::super) fn bound(all: &mut Values) -> bool {
    let mut kept: Values = Vec::new();
    let mut seen = HashSet::new();
    let mut cut = false;
    for value in all.drain(..) {
        let value = if value.size() > MAX_SIZE {
            cut = true;
            Value::unknown()
        } else {
            value
        };
        if kept.len() >= MAX_READINGS {
            cut = true;
        } else if seen.insert(value.clone()) {
            kept.push(value);
        }
    }
    if cut {
        kept.push(Value::unknown());
    }
    *all = kept;
    cut
}

pub(in super::super) fn picked(values: Values, place: Option<usize>) -> Values {
    let Some(place) = place else { return values };
    values
        .into_iter()
        .map(|value| match value {
            Value::List(items) => items.into_iter().nth(place).unwrap_or_else(Value::unknown),
            text @ Value::Text(_) => text,
            Value::Map(_) => Value::unknown(),
        })
        .collect()
}

/// Returns what stands from a place on.
pub(in super::super) fn tail(value: Value, place: usize) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().skip(place).collect()),
        other => other,
    }
}

/// Returns what a loop takes out of values.
pub(in super::super) fn elements(values: Values) -> impl Iterator<Item = Value> {
    values.into_iter().flat_map(|value| match value {
        Value::List(items) => items,
        Value::Text(_) => vec![Value::unknown()],
        Value::Map(entries) => entries
            .into_iter()
            .map(|(name, _)| Value::Text(name))
            .collect(),
    })
}

pub(in super::super) fn grown(value: Value, more: &Values) -> Value {
    let one = more.first().cloned().unwrap_or_else(Value::unknown);
    match (value, one) {
        (Value::List(mut items), Value::List(added))
            if items.iter().all(|i| i.text().is_some()) =>
        {
            items.extend(added);
            Value::List(items)
        }
        (Value::List(mut items), _) => {
            items.extend(more.iter().cloned());
            Value::List(items)
        }
        (Value::Text(text), one) => Value::Text(format!("{text}{}", spelled(&one))),
        (map @ Value::Map(_), _) => map,
    }
}

/// Returns a value as a string shows it.
pub(in super::super) fn spelled(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(_) | Value::Map(_) => HOLE.to_string(),
    }
}

/// Returns every list that takes one reading of each item.
pub(in super::super) fn crossed(items: Vec<Values>) -> Values {
    let mut lists: Vec<Vec<Value>> = vec![Vec::new()];
    for values in items {
        let mut next = Vec::new();
        for list in &lists {
            for value in &values {
                if next.len() <= MAX_READINGS {
                    let mut list = list.clone();
                    list.push(value.clone());
                    next.push(list);
                }
            }
        }
        lists = next;
    }
    lists.into_iter().map(Value::List).collect()
}

/// Puts two operands together in every reading.
pub(in super::super) fn joined(before: Values, after: &Values, joint: Joint) -> Values {
    let mut all = Vec::new();
    for left in &before {
        for right in after {
            if all.len() > MAX_READINGS {
                return all;
            }
            all.push(match (left, right, joint) {
                (Value::List(first), Value::List(second), Joint::Plus | Joint::None) => {
                    Value::List(first.iter().chain(second).cloned().collect())
                }
                (_, _, Joint::Slash) => Value::Text(made::path(&[spelled(left), spelled(right)])),
                (Value::Text(text), right, Joint::Percent) => {
                    Value::Text(made::formatted(text, &right.texts()))
                }
                _ => Value::Text(format!("{}{}", spelled(left), spelled(right))),
            });
        }
    }
    all
}
