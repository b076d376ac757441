//! What a subscript takes out of a value: a place, a stretch, a name.
//! It knows nothing of where the values come from.

use super::super::index::Part;
use super::super::tokens::{Language, Token};
use super::{Reader, Value, Values, When, spelled};
use crate::sql::HOLE;

impl Reader<'_> {
    /// `QUERIES["clean"]` of an object that the code writes down.
    pub(super) fn keyed(&self, at: usize, inside: Part, when: When) -> Option<Values> {
        let Some(Token::Text { text, .. }) = self.index.token(inside.from) else {
            return None;
        };
        let owner = self.index.name(at.checked_sub(1)?)?;
        if self.full(owner) == "os.environ"
            && let Some(text) = self.variable(inside)
        {
            return Some(vec![Value::Text(text)]);
        }
        let part = self.member(owner, text, when.at)?;
        Some(self.read(part, when.deeper()))
    }

    /// Returns what the call gives a variable of the environment; nothing where the code may change it itself.
    pub(super) fn variable(&self, part: Part) -> Option<String> {
        const CHANGES: [&str; 6] = [
            "update",
            "setdefault",
            "pop",
            "clear",
            "putenv",
            "load_dotenv",
        ];
        let index = self.index;
        let Token::Text { text, .. } = index
            .token(part.from)
            .filter(|_| index.holes(part.from).is_empty())?
        else {
            return None;
        };
        let (_, value) = self.standing.env.iter().rfind(|(name, _)| name == text)?;
        let changes = |at: usize| {
            let Some(name) = index.name(at).map(|name| self.full(name)) else {
                return false;
            };
            let last = name.rsplit('.').next().unwrap_or_default();
            let of = name.contains("environ");
            of && CHANGES.contains(&last)
                || matches!(last, "putenv" | "load_dotenv" | "setenv")
                || of && index.is_sign(at + 1, '[') && self.is_given(index.after(at + 1))
        };
        let alone = part.to == part.from + 1 && index.language == Language::Python;
        (alone && !(0..index.main_end()).any(changes)).then(|| value.clone())
    }

    pub(super) fn subscript(&self, values: &Values, inside: Part, when: When) -> Values {
        if values.iter().any(|value| matches!(value, Value::Map(_))) {
            let symbol = self
                .symbol(self.index.trimmed(inside))
                .map(|name| Value::Text(name.to_owned()));
            let keys = match symbol {
                Some(key) => vec![key],
                None => self.read(inside, when.deeper()),
            };
            return values
                .iter()
                .flat_map(|value| keys.iter().flat_map(|key| under(value, &spelled(key))))
                .collect();
        }
        let colon = (inside.from..inside.to).find(|at| self.index.is_sign(*at, ':'));
        if let Some(colon) = colon {
            let from = self.number(Part::new(inside.from, colon)).unwrap_or(0);
            return values
                .iter()
                .map(|value| match value {
                    Value::List(items) if from < items.len() => {
                        Value::List(items.iter().skip(from).cloned().collect())
                    }
                    other => other.clone(),
                })
                .collect();
        }
        let place = self.number(inside);
        values
            .iter()
            .flat_map(|value| match (value, place) {
                (Value::List(items), Some(place)) => match items.get(place) {
                    Some(item) => vec![item.clone()],
                    None => vec![Value::unknown()],
                },
                (Value::List(items), None) => items.clone(),
                (Value::Text(_) | Value::Map(_), _) => vec![Value::unknown()],
            })
            .collect()
    }

    /// Numbers are cut into signs, one for each digit.
    fn number(&self, part: Part) -> Option<usize> {
        let digits: String = (part.from..part.to)
            .map_while(|at| self.index.sign(at))
            .collect();
        digits.parse().ok()
    }

    /// `settings.get("dir", "data")`, `settings.items()`, `settings.dir`: what is asked of settings.
    pub(super) fn of_settings(
        &self,
        value: &Value,
        method: &str,
        inside: Option<Part>,
        when: When,
    ) -> Option<Values> {
        let Value::Map(entries) = value else {
            return None;
        };
        let given = inside.map(|inside| self.index.split(inside, ','));
        let Some(given) = given else {
            return Some(match method {
                "keys" | "values" | "items" | "each" | "each_pair" | "each_value" => {
                    vec![listed(entries, method)]
                }
                key => under(value, key),
            });
        };
        let mut plain = given.iter().filter(|part| {
            let named =
                self.index.name(part.from).is_some() && self.index.is_sign(part.from + 1, '=');
            !named
        });
        match method {
            "get" | "fetch" | "dig" | "getint" | "getfloat" | "getboolean" | "getlist" => {
                let key = self.read(*plain.next()?, when).first().map(spelled)?;
                let found = value_of(entries, &key);
                // `settings.get(section, key)` of INI.
                if let (Some(section @ Value::Map(_)), Some(part)) = (found, plain.next()) {
                    let key = self.read(*part, when).first().map(spelled)?;
                    return Some(under(section, &key));
                }
                match (found, given.get(1)) {
                    (None, Some(part)) if !key.contains(HOLE) => Some(self.read(*part, when)),
                    _ => Some(under(value, &key)),
                }
            }
            "sections" | "keys" | "values" | "items" => Some(vec![listed(entries, method)]),
            _ => None,
        }
    }
}

fn value_of<'v>(entries: &'v [(String, Value)], key: &str) -> Option<&'v Value> {
    let found = entries.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value)
}

/// What stands under a name; under one that is not known, everything.
fn under(value: &Value, key: &str) -> Values {
    match value {
        Value::Map(entries) if key.contains(HOLE) => {
            entries.iter().map(|(_, value)| value.clone()).collect()
        }
        Value::Map(entries) => vec![
            value_of(entries, key)
                .cloned()
                .unwrap_or_else(Value::unknown),
        ],
        Value::List(items) => items.clone(),
        Value::Text(_) => vec![Value::unknown()],
    }
}

fn listed(entries: &[(String, Value)], method: &str) -> Value {
    let item = |(name, value): &(String, Value)| match method {
        "values" | "each_value" => value.clone(),
        "items" | "each" | "each_pair" => {
            Value::List(vec![Value::Text(name.clone()), value.clone()])
        }
        _ => Value::Text(name.clone()),
    };
    Value::List(entries.iter().map(item).collect())
}
