//! What Perl gives to names, and what its patterns find and change.
//! It evaluates nothing by itself.

use std::rc::Rc;

use regex::Regex;

use super::super::patterns;
use super::super::value::{Outcome, Stop, Value, place, set_entry};
use super::act::{MAX_TEXT, Player, Slot, is_true};
use super::tree::{Kind, Node, Piece};
use super::values::{is_list, paired};

impl Player<'_> {
    /// `=`, `+=`, `||=`.
    pub fn give(&mut self, operator: &str, to: &Node, from: &Node) -> Outcome<Value> {
        if is_list(to) {
            if !operator.is_empty() {
                return Err(Stop::Lost);
            }
            let items = self.list(from)?;
            let count = items.len();
            self.put_list(to, items)?;
            return Ok(Value::count(count));
        }
        if operator.is_empty() {
            let value = self.scalar(from)?;
            self.put(to, value.clone())?;
            return Ok(value);
        }
        let before = self.scalar(to)?;
        let stays = match operator {
            "||" => Some(is_true(&before)?),
            "&&" => Some(!is_true(&before)?),
            "//" => Some(!matches!(before, Value::Nothing)),
            _ => None,
        };
        if stays == Some(true) {
            return Ok(before);
        }
        let value = self.scalar(from)?;
        let value = match stays {
            Some(_) => value,
            None => self.worked_out(operator, &before, &value)?,
        };
        self.put(to, value.clone())?;
        Ok(value)
    }

    fn put_list(&mut self, to: &Node, items: Vec<Value>) -> Outcome<()> {
        match &to.kind {
            Kind::My(names, _) => {
                let mut items = items.into_iter();
                self.scalar(to)?;
                for name in names {
                    match self.slot(name) {
                        Slot::One(cell) => {
                            *cell.borrow_mut() = items.next().unwrap_or(Value::Nothing);
                        }
                        Slot::Many(all) => *all.borrow_mut() = items.by_ref().collect(),
                        Slot::Keyed(all) => *all.borrow_mut() = paired(items.by_ref().collect())?,
                    }
                }
                Ok(())
            }
            Kind::Name(name) => match self.slot(name) {
                Slot::Many(all) => {
                    *all.borrow_mut() = items;
                    Ok(())
                }
                Slot::Keyed(all) => {
                    *all.borrow_mut() = paired(items)?;
                    Ok(())
                }
                Slot::One(_) => Err(Stop::Lost),
            },
            Kind::List(nodes) => {
                let mut items = items.into_iter();
                for node in nodes {
                    if is_list(node) {
                        self.put_list(node, items.by_ref().collect())?;
                    } else {
                        let value = items.next().unwrap_or(Value::Nothing);
                        self.put(node, value)?;
                    }
                }
                Ok(())
            }
            Kind::Into('@', _) => {
                *self.items_of(to)?.borrow_mut() = items;
                Ok(())
            }
            Kind::Into('%', _) => {
                *self.entries_of(to)?.borrow_mut() = paired(items)?;
                Ok(())
            }
            Kind::Keys(map, keys) => {
                let entries = self.entries_of(map)?;
                let keys = self.list(keys)?;
                let mut items = items.into_iter();
                for key in keys {
                    let key = key.written().ok_or(Stop::Lost)?;
                    let value = items.next().unwrap_or(Value::Nothing);
                    set_entry(&mut entries.borrow_mut(), &key, value);
                }
                Ok(())
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Gives one value to a place.
    pub fn put(&mut self, to: &Node, value: Value) -> Outcome<()> {
        match &to.kind {
            Kind::My(names, _) => {
                self.scalar(to)?;
                let name = names.first().map_or("", String::as_str);
                self.set(name, value);
                Ok(())
            }
            Kind::Local(inner) => {
                self.scalar(to)?;
                self.put(inner, value)
            }
            Kind::Name(name) if name.starts_with('$') => {
                self.set(name, value);
                Ok(())
            }
            Kind::At(list, key) => self.put_at(list, key, value),
            Kind::Key(map, key) => {
                let entries = self.entries_of(map)?;
                let key = self.text(key)?;
                set_entry(&mut entries.borrow_mut(), &key, value);
                Ok(())
            }
            Kind::Into('$', inner) => match self.scalar(inner)? {
                Value::Place(cell) => {
                    *cell.borrow_mut() = value;
                    Ok(())
                }
                _ => Err(Stop::Lost),
            },
            // `chomp(my $x = <F>)`, `(my $n = $x) =~ s/…//`.
            Kind::Give(_, inner, _) if !is_list(inner) => {
                let place = Node {
                    span: inner.span,
                    kind: match &inner.kind {
                        Kind::My(names, _) => {
                            Kind::Name(names.first().cloned().unwrap_or_default())
                        }
                        kind => kind.clone(),
                    },
                };
                self.put(&place, value)
            }
            Kind::List(all) => match all.as_slice() {
                [one] => self.put(one, value),
                _ => Err(Stop::Lost),
            },
            _ => Err(Stop::Lost),
        }
    }

    fn put_at(&mut self, list: &Node, key: &Node, value: Value) -> Outcome<()> {
        const MAX_ITEMS: usize = 10_000;
        // What a function is handed is its caller's own.
        if matches!(&list.kind, Kind::Name(name) if name == "@_") {
            return Err(Stop::Lost);
        }
        let items = self.items_of(list)?;
        let key = self.number(key)?;
        let length = items.borrow().len();
        let at = place(key, length).filter(|at| *at < MAX_ITEMS);
        let at = at.ok_or(Stop::Lost)?;
        let mut items = items.borrow_mut();
        while items.len() <= at {
            items.push(Value::Nothing);
        }
        if let Some(item) = items.get_mut(at) {
            *item = value;
        }
        Ok(())
    }

    /// Returns a pattern as the library reads it.
    pub fn pattern(&mut self, pieces: &[Piece], flags: &str) -> Outcome<Rc<Regex>> {
        let mut all = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => all.push_str(text),
                Piece::Literal(node) => all.push_str(&regex::escape(&self.text(node)?)),
                Piece::One(node) => match self.scalar(node)? {
                    Value::Pattern(inner) if pieces.len() == 1 => return Ok(inner),
                    Value::Pattern(inner) => all.push_str(&format!("(?:{})", inner.as_str())),
                    value => all.push_str(&value.written().ok_or(Stop::Lost)?),
                },
                Piece::Many(_) => return Err(Stop::Lost),
            }
        }
        if flags.chars().any(|flag| !"imsxgroQ".contains(flag)) {
            return Err(Stop::Lost);
        }
        let all = if flags.contains('m') {
            all
        } else {
            with_line_ends(&all)
        };
        self.made_ready(&all, flags)
    }

    /// Returns a pattern that is made ready once.
    pub fn made_ready(&mut self, text: &str, flags: &str) -> Outcome<Rc<Regex>> {
        /// What making one ready costs, in steps.
        const COST: usize = 200;
        /// Patterns that are kept ready.
        const MAX_READY: usize = 64;
        let key = (text.to_owned(), flags.to_owned());
        if let Some(pattern) = self.patterns.get(&key) {
            return Ok(Rc::clone(pattern));
        }
        self.charge(COST + text.len())?;
        let pattern = patterns::pattern(text, flags).ok_or(Stop::Lost)?;
        let pattern = Rc::new(pattern);
        if self.patterns.len() < MAX_READY {
            self.patterns.insert(key, Rc::clone(&pattern));
        }
        Ok(pattern)
    }

    /// Counts what it costs to look for a pattern in a text.
    pub fn searched(&mut self, pattern: &Regex, text: &str) -> Outcome<()> {
        let pattern = pattern.as_str();
        let repeats = if pattern.contains('{') { 8 } else { 1 };
        let cost = text.len() / 16 * repeats;
        self.charge(cost.saturating_mul(1 + pattern.len() / 64))
    }

    /// `m//` and `s///`.
    pub fn matched(&mut self, node: &Node, list: bool) -> Outcome<Vec<Value>> {
        match &node.kind {
            Kind::Match(subject, pieces, flags) => {
                let pattern = self.pattern(pieces, flags)?;
                if flags.contains('Q') {
                    return Ok(vec![Value::Pattern(pattern)]);
                }
                let Some(text) = self.subject(subject.as_deref())? else {
                    return Ok(vec![Value::Unknown]);
                };
                self.looked_for(&pattern, &text, flags.contains('g'), list)
            }
            Kind::Change(subject, pieces, with, flags) => {
                let pattern = self.pattern(pieces, flags)?;
                let Some(text) = self.subject(subject.as_deref())? else {
                    return Err(Stop::Lost);
                };
                let (changed, count) = self.replaced(&pattern, &text, with, flags.contains('g'))?;
                if flags.contains('r') {
                    return Ok(vec![Value::Text(changed)]);
                }
                if count > 0 {
                    match subject {
                        Some(subject) => self.put(subject, Value::Text(changed))?,
                        None => self.set("$_", Value::Text(changed)),
                    }
                }
                Ok(vec![Value::count(count)])
            }
            _ => Err(Stop::Lost),
        }
    }

    fn subject(&mut self, node: Option<&Node>) -> Outcome<Option<String>> {
        let value = match node {
            Some(node) => self.scalar(node)?,
            None => self.get("$_"),
        };
        if value.is_unknown() {
            return Ok(None);
        }
        value.written().map(Some).ok_or(Stop::Lost)
    }

    fn looked_for(
        &mut self,
        pattern: &Regex,
        text: &str,
        all: bool,
        list: bool,
    ) -> Outcome<Vec<Value>> {
        let groups = |found: &regex::Captures<'_>| -> Vec<Option<String>> {
            found
                .iter()
                .map(|one| one.map(|one| one.as_str().to_owned()))
                .collect()
        };
        self.searched(pattern, text)?;
        if all && list {
            let mut values = Vec::new();
            for found in pattern.captures_iter(text) {
                let own = groups(&found);
                let skipped = usize::from(own.len() > 1);
                let texts = own.iter().skip(skipped).cloned();
                values.extend(texts.map(|text| text.map_or(Value::Nothing, Value::Text)));
                self.groups = own;
            }
            return Ok(values);
        }
        // Where the next search begins is not followed.
        if all {
            return Err(Stop::Lost);
        }
        let Some(found) = pattern.captures(text) else {
            return Ok(if list {
                Vec::new()
            } else {
                vec![Value::text("")]
            });
        };
        self.groups = groups(&found);
        if list && self.groups.len() > 1 {
            let texts = self.groups.iter().skip(1).cloned();
            return Ok(texts
                .map(|text| text.map_or(Value::Nothing, Value::Text))
                .collect());
        }
        Ok(vec![Value::Number(1.0)])
    }

    fn replaced(
        &mut self,
        pattern: &Regex,
        text: &str,
        with: &[Piece],
        all: bool,
    ) -> Outcome<(String, usize)> {
        self.searched(pattern, text)?;
        let mut out = String::new();
        let mut from = 0;
        let mut count = 0;
        for found in pattern.captures_iter(text) {
            let Some(whole) = found.get(0) else { break };
            self.groups = found
                .iter()
                .map(|one| one.map(|one| one.as_str().to_owned()))
                .collect();
            out.push_str(text.get(from..whole.start()).unwrap_or_default());
            out.push_str(&self.put_together(with)?.written().ok_or(Stop::Lost)?);
            self.charge(1 + own_bytes(&self.groups) / 16)?;
            if out.len() > MAX_TEXT {
                return Err(Stop::Lost);
            }
            from = whole.end();
            count += 1;
            if !all {
                break;
            }
        }
        out.push_str(text.get(from..).unwrap_or_default());
        Ok((out, count))
    }
}

fn own_bytes(groups: &[Option<String>]) -> usize {
    groups.iter().flatten().map(String::len).sum()
}

/// `$` stands before a line end at the end of the text too.
fn with_line_ends(pattern: &str) -> String {
    let mut all = String::new();
    let mut chars = pattern.chars().peekable();
    let mut class = false;
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                all.push(char);
                match chars.next() {
                    Some('Z') => {
                        all.pop();
                        all.push_str("(?:\\n?\\z)");
                    }
                    Some(next) => all.push(next),
                    None => {}
                }
            }
            '[' => {
                class = true;
                all.push(char);
            }
            ']' => {
                class = false;
                all.push(char);
            }
            '$' if !class && matches!(chars.peek(), None | Some(')' | '|')) => {
                all.push_str("(?:\\n?\\z)");
            }
            other => all.push(other),
        }
    }
    all
}
