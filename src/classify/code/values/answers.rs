//! What lists, maps and texts that are certain answer: by place, by key, by method.
//! It decides nothing by itself; what is not certain stays so.

use super::super::index::Part;
use super::super::tokens::Language;
use super::sure::{Sure, number, top};
use super::{Reader, Value, Values, When};

impl Reader<'_> {
    /// `map(Path, list)`: the list itself where each is only written in another way, or else as many that are not known.
    pub(super) fn made_each(&self, maker: Part, list: Part, when: When) -> Values {
        const SPELL: [&str; 9] = [
            "str",
            "Path",
            "PurePath",
            "abspath",
            "realpath",
            "normpath",
            "expanduser",
            "fspath",
            "strip",
        ];
        let values = self.read(list, when.deeper());
        let name = self.index.name(self.index.trimmed(maker).from);
        let last = name.and_then(|name| name.rsplit('.').next());
        if last.is_some_and(|last| SPELL.contains(&last)) {
            return values;
        }
        let open = values.into_iter().map(|value| match value {
            Value::List(items) => Value::List(items.iter().map(|_| Value::unknown()).collect()),
            Value::Text(_) | Value::Map(_) => Value::unknown(),
        });
        open.collect()
    }

    /// `[1]`, `[-1]`, `[1:]`, `[i + 1]`.
    pub(super) fn at_place(&self, value: &Sure, inside: Part, depth: usize) -> Option<Sure> {
        let index = self.index;
        if let Sure::Map(_) = value {
            let Sure::Text(key) = self.sure(inside, depth + 1)? else {
                return None;
            };
            let python = index.language == Language::Python;
            return match value.key(&key) {
                Some(found) => Some(found.clone()),
                None => (!python).then_some(Sure::Nothing),
            };
        }
        let Sure::List(items) = value else {
            return None;
        };
        if index.language == Language::Python
            && let Some(colon) = top(index, inside, |at| index.is_sign(at, ':'))
        {
            let place = |part: Part, otherwise: usize| match part.from >= part.to {
                true => Some(otherwise),
                false => usize::try_from(number(index, part)?).ok(),
            };
            let from = place(Part::new(inside.from, colon), 0)?;
            let to = place(Part::new(colon + 1, inside.to), items.len())?.min(items.len());
            let kept = items.get(from.min(to)..to).unwrap_or_default();
            return Some(Sure::List(kept.to_vec()));
        }
        let Sure::Number(place) = self.sure(inside, depth + 1)? else {
            return None;
        };
        let python = index.language == Language::Python;
        let place = match usize::try_from(place) {
            Ok(place) => Some(place),
            Err(_) if index.language == Language::Javascript => return Some(Sure::Nothing),
            Err(_) => usize::try_from(-place)
                .ok()
                .and_then(|back| items.len().checked_sub(back)),
        };
        match place.and_then(|place| items.get(place)) {
            Some(item) => Some(item.clone()),
            None => (!python).then_some(Sure::Nothing),
        }
    }

    /// What a method or an attribute answers.
    pub(super) fn asked(
        &self,
        value: &Sure,
        method: &str,
        inside: Option<Part>,
        depth: usize,
    ) -> Option<Sure> {
        match self.index.language {
            // `include?`, `empty?`.
            Language::Ruby => self.answer(value, method.trim_end_matches('?'), inside, depth),
            _ => self.answer(value, method, inside, depth),
        }
    }

    fn answer(
        &self,
        value: &Sure,
        method: &str,
        inside: Option<Part>,
        depth: usize,
    ) -> Option<Sure> {
        let arguments = inside.map(|inside| self.index.split(inside, ','));
        let argument = |at: usize| self.sure(*arguments.as_ref()?.get(at)?, depth + 1);
        let count = arguments.as_ref().map_or(0, Vec::len);
        let size = |length: usize| i64::try_from(length).ok().map(Sure::Number);
        match (value, method) {
            (Sure::List(items), "length" | "size" | "count") if count == 0 => size(items.len()),
            (Sure::Text(text), "length") if count == 0 => size(text.chars().count()),
            (Sure::List(items), "empty") if count == 0 => Some(Sure::Truth(items.is_empty())),
            (Sure::List(items), "any") if inside.is_none() => Some(Sure::Truth(!items.is_empty())),
            (Sure::List(items), "first") if count == 0 => {
                Some(items.first().cloned().unwrap_or(Sure::Nothing))
            }
            (Sure::List(items), "includes" | "include" | "has" | "contains") if count == 1 => {
                match argument(0)? {
                    text @ Sure::Text(_) => Some(Sure::Truth(items.contains(&text))),
                    _ => None,
                }
            }
            (Sure::List(items), "indexOf") if count == 1 => {
                let text = argument(0)?;
                let place = items.iter().position(|item| *item == text);
                place.map_or(Some(Sure::Number(-1)), size)
            }
            (Sure::List(items), "slice") if count == 1 => match argument(0)? {
                Sure::Number(from) => {
                    let from = usize::try_from(from).ok()?;
                    Some(Sure::List(items.iter().skip(from).cloned().collect()))
                }
                _ => None,
            },
            (Sure::List(items), "filter" | "find") if count == 1 => {
                let keeps = self.answers(items, *arguments.as_ref()?.first()?, depth)?;
                let kept = items.iter().zip(keeps).filter(|(_, keeps)| *keeps);
                let mut kept = kept.map(|(item, _)| item.clone());
                Some(match method {
                    "find" => kept.next().unwrap_or(Sure::Nothing),
                    _ => Sure::List(kept.collect()),
                })
            }
            (Sure::List(items), "some" | "every") if count == 1 => {
                let answers = self.answers(items, *arguments.as_ref()?.first()?, depth)?;
                Some(Sure::Truth(match method {
                    "some" => answers.contains(&true),
                    _ => !answers.contains(&false),
                }))
            }
            (Sure::Map(entries), _) => self.asked_of_map(value, entries, method, inside, depth),
            (Sure::List(items), "at") if count == 1 => {
                self.at_place(&Sure::List(items.clone()), inside?, depth)
            }
            (Sure::Text(text), _) if count < 2 => {
                let given = match count {
                    0 => None,
                    _ => Some(argument(0)?),
                };
                asked_of_text(text, method, given.as_ref())
            }
            _ => None,
        }
    }
}

/// What a method of a text answers.
fn asked_of_text(text: &str, method: &str, given: Option<&Sure>) -> Option<Sure> {
    Some(match (method, given) {
        ("startsWith" | "startswith" | "start_with", Some(Sure::Text(front))) => {
            Sure::Truth(text.starts_with(front))
        }
        ("endsWith" | "endswith" | "end_with", Some(Sure::Text(tail))) => {
            Sure::Truth(text.ends_with(tail))
        }
        ("lower" | "toLowerCase" | "downcase", None) => Sure::Text(text.to_lowercase()),
        ("strip" | "trim", None) => Sure::Text(text.trim().to_owned()),
        _ => return None,
    })
}
