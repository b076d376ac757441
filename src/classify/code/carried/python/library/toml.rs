//! `tomllib`: files of settings as values, in the order in which their keys stand.
//! What only later versions of the format allow, or what is no TOML at all, ends the attempt.

use std::cell::RefCell;
use std::rc::Rc;

use toml::de::{DeTable, DeValue};

use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Kind, Map, Outcome, Stop, Value};

impl Player<'_> {
    pub fn call_toml(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let first = given.need("s")?;
        given.end()?;
        let text = match (&first, name) {
            (Value::File(_), "tomllib.load") => {
                let read = self.attribute(&first, "read")?;
                let read = self.call(&read, Given::default())?;
                // A text file is refused.
                let Value::Bytes(_) = read else {
                    return Err(Stop::Lost);
                };
                read.as_name()?
            }
            (Value::Text(text), "tomllib.loads") => Rc::clone(text),
            _ => return Err(Stop::Lost),
        };
        self.worked(text.len() / 16)?;
        if text.starts_with('\u{feff}') || is_later(&text) {
            return Err(Stop::Lost);
        }
        match DeTable::parse(&text) {
            Ok(table) => self.of_table(table.get_ref()),
            Err(_) if self.world.waits => Ok(Value::Unknown(Kind::Any)),
            Err(_) => Err(Stop::Lost),
        }
    }

    fn of_table(&mut self, table: &DeTable<'_>) -> Outcome<Value> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut all = Map::default();
        for (key, value) in entries {
            let value = self.of_toml(value.get_ref())?;
            all.set(Value::text(key.get_ref()), value)?;
        }
        all.told = true;
        Ok(Value::Dict(Rc::new(RefCell::new(all))))
    }

    fn of_toml(&mut self, value: &DeValue<'_>) -> Outcome<Value> {
        self.worked(1)?;
        self.deeper(|player| {
            Ok(match value {
                DeValue::String(text) => player.text(text)?,
                DeValue::Integer(number) => {
                    let digits = number.as_str().replace('_', "");
                    let whole = i128::from_str_radix(&digits, number.radix());
                    Value::Int(whole.map_err(|_| Stop::Lost)?)
                }
                DeValue::Float(number) => {
                    let digits = number.as_str().replace('_', "");
                    let broken: f64 = digits.parse().map_err(|_| Stop::Lost)?;
                    if !broken.is_finite() {
                        return Err(Stop::Lost);
                    }
                    Value::Float(broken)
                }
                DeValue::Boolean(is) => Value::Bool(*is),
                DeValue::Datetime(_) => Value::Unknown(Kind::Any),
                DeValue::Array(items) => {
                    let mut all = Vec::new();
                    for item in items.iter() {
                        all.push(player.of_toml(item.get_ref())?);
                    }
                    Value::list(all)
                }
                DeValue::Table(table) => player.of_table(table)?,
            })
        })
    }
}

/// Tells whether a text has something that only version 1.1 of the format knows: tables in one line that are none, new signs
/// behind `\`, times without seconds.
fn is_later(text: &str) -> bool {
    let mut rest = text;
    let mut braces = Vec::new();
    let mut comma = false;
    while let Some(char) = rest.chars().next() {
        if let Some((inside, behind)) = quoted(rest) {
            if rest.starts_with('"') && has_new_sign(inside) {
                return true;
            }
            rest = behind;
            comma = false;
            continue;
        }
        let in_table = braces.last() == Some(&'{');
        match char {
            '#' => {
                if in_table {
                    return true;
                }
                rest = rest
                    .find('\n')
                    .and_then(|end| rest.get(end..))
                    .unwrap_or_default();
                continue;
            }
            '\n' if in_table => return true,
            '}' if comma => return true,
            '{' | '[' => braces.push(char),
            '}' | ']' => {
                braces.pop();
            }
            ':' if !has_seconds(text, text.len() - rest.len()) => return true,
            _ => {}
        }
        if !char.is_whitespace() {
            comma = char == ',' && in_table;
        }
        rest = rest.get(char.len_utf8()..).unwrap_or_default();
    }
    false
}

/// Returns what stands in the quotes at the beginning of a text, and what stands behind them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| text.starts_with(quote))?;
    let inside = text.get(quote.len()..)?;
    let mut at = 0;
    while let Some(rest) = inside.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return Some((inside.get(..at)?, rest.get(quote.len()..)?));
        }
        let mut chars = rest.chars();
        let first = chars.next()?;
        at += first.len_utf8();
        if first == '\\' && quote.starts_with('"') {
            at += chars.next().map_or(0, char::len_utf8);
        }
    }
    Some((inside, ""))
}

fn has_new_sign(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char == '\\' && matches!(chars.next(), Some('e' | 'x')) {
            return true;
        }
    }
    false
}

/// Tells whether the colon at a place stands in a time that has seconds, or in what a zone is off.
fn has_seconds(text: &str, at: usize) -> bool {
    let is_time = |place: Option<&str>| {
        place.is_some_and(|part| {
            part.len() == 3
                && part.starts_with(':')
                && part.bytes().skip(1).all(|byte| byte.is_ascii_digit())
        })
    };
    let before = at.checked_sub(3).and_then(|from| text.get(from..at));
    let zone = before.is_some_and(|part| part.starts_with(['+', '-']));
    zone || is_time(text.get(at + 3..at + 6)) || is_time(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_later_version_is_told() {
        for text in [
            "a = {b=1,\n c=2}\n",
            "a = {b=1,}",
            "a = \"\\e[0m\"",
            "a = \"\\x41\"",
            "a = 07:32\n",
            "a = 1979-05-27T07:32Z",
        ] {
            assert!(is_later(text), "{text}");
        }
        for text in [
            "a = {b=1, c='x, }'}\n[t]\nb = [\n 1,\n 2,\n]\n",
            "a = '\\e' # {\nb = \"\"\"\\\\e\n\"\"\"\n",
            "a = 07:32:00\nb = 1979-05-27T07:32:00.5-07:00",
            "\"a:b\" = 'c:d'",
        ] {
            assert!(!is_later(text), "{text}");
        }
    }
}
