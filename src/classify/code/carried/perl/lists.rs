//! `sort`, `map` and `grep` of Perl, and functions that change lists.
//! It knows no files.

use std::cmp::Ordering;

use super::super::value::{Outcome, Stop, Value, head_number, place};
use super::act::{Player, is_true};
use super::tree::{Line, Node};

impl Player<'_> {
    pub fn for_each(
        &mut self,
        verb: &str,
        body: Option<&Vec<Line>>,
        list: &[Node],
    ) -> Outcome<Vec<Value>> {
        let items = self.all(list)?;
        // A block is asked for all that it gives, whatever its function is asked for.
        let around = std::mem::replace(&mut self.single, false);
        let found = match verb {
            "sort" => self.sorted(items, body),
            _ => self.picked(verb, body, items),
        };
        self.single = around;
        found
    }

    fn picked(
        &mut self,
        verb: &str,
        body: Option<&Vec<Line>>,
        items: Vec<Value>,
    ) -> Outcome<Vec<Value>> {
        let body = body.ok_or(Stop::Lost)?;
        let before = self.get("$_");
        let mut kept = Vec::new();
        for item in items {
            self.set("$_", item.clone());
            let values = match verb {
                // The body of a filter is asked for one value.
                "grep" => match body.as_slice() {
                    [Line::Plain(node)] => vec![self.scalar(node)?],
                    _ => self.block(body)?,
                },
                _ => self.block(body)?,
            };
            if verb == "map" {
                kept.extend(values);
            } else if values.last().map_or(Ok(false), is_true)? {
                kept.push(item);
            }
        }
        self.set("$_", before);
        Ok(kept)
    }

    /// Puts items in order, one after the other; an order that is not known ends the attempt.
    fn sorted(&mut self, items: Vec<Value>, body: Option<&Vec<Line>>) -> Outcome<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        for item in items {
            let (mut low, mut high) = (0, all.len());
            while low < high {
                let middle = low + (high - low) / 2;
                let other = all.get(middle).cloned().unwrap_or(Value::Nothing);
                match self.order(&item, &other, body)? {
                    Ordering::Less => high = middle,
                    Ordering::Equal | Ordering::Greater => low = middle + 1,
                }
            }
            all.insert(low, item);
        }
        Ok(all)
    }

    fn order(&mut self, one: &Value, two: &Value, body: Option<&Vec<Line>>) -> Outcome<Ordering> {
        let Some(body) = body else {
            let one = one.written().ok_or(Stop::Lost)?;
            let two = two.written().ok_or(Stop::Lost)?;
            return Ok(one.cmp(&two));
        };
        self.set("$a", one.clone());
        self.set("$b", two.clone());
        let value = self.block(body)?.pop().unwrap_or(Value::Nothing);
        let number = match value {
            Value::Number(number) => number,
            Value::Text(text) => head_number(&text),
            Value::Nothing => 0.0,
            _ => return Err(Stop::Lost),
        };
        Ok(number.partial_cmp(&0.0).unwrap_or(Ordering::Equal))
    }

    /// `push`, `shift`, `splice` and their kin.
    pub fn changed_list(&mut self, name: &str, arguments: &[Node]) -> Outcome<Vec<Value>> {
        let words = if self.is_called() { "@_" } else { "@ARGV" };
        let items = match arguments.first() {
            Some(list) => self.items_of(list)?,
            None => match self.slot(words) {
                super::act::Slot::Many(items) => items,
                _ => return Err(Stop::Lost),
            },
        };
        let more = self.all(arguments.get(1..).unwrap_or_default())?;
        let mut items = items.borrow_mut();
        let one = |value: Option<Value>| vec![value.unwrap_or(Value::Nothing)];
        Ok(match name {
            "push" => {
                items.extend(more);
                vec![Value::count(items.len())]
            }
            "unshift" => {
                let rest = std::mem::take(&mut *items);
                items.extend(more.into_iter().chain(rest));
                vec![Value::count(items.len())]
            }
            "pop" => one(items.pop()),
            "shift" if items.is_empty() => vec![Value::Nothing],
            "shift" => vec![items.remove(0)],
            "splice" => {
                let number = |at: usize| match more.get(at) {
                    None => Ok(None),
                    Some(Value::Number(number)) => Ok(Some(*number)),
                    Some(Value::Text(text)) => Ok(Some(head_number(text))),
                    Some(_) => Err(Stop::Lost),
                };
                let length = items.len();
                let from = place(number(0)?.unwrap_or(0.0), length)
                    .ok_or(Stop::Lost)?
                    .min(length);
                let to = match number(1)? {
                    None => length,
                    Some(count) if count < 0.0 => place(count, length).unwrap_or(from).max(from),
                    Some(count) => (from + place(count, 0).unwrap_or_default()).min(length),
                };
                items.splice(from..to, more.into_iter().skip(2)).collect()
            }
            _ => return Err(Stop::Lost),
        })
    }
}
