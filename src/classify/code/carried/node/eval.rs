//! Works out expressions of JavaScript, and gives values to names, properties and patterns.
//! Whatever is not known where it decides something ends the attempt.

use std::rc::Rc;

use super::play::Player;
use super::tree::{Entry, Item, Key, Kind, Name, Node, Part, Target};
use super::value::{Object, Outcome, Props, Stop, Value};

/// Elements of one list.
pub(super) const MAX_ITEMS: usize = 50_000;

impl Player<'_> {
    pub fn value(&mut self, node: &Node) -> Outcome<Value> {
        let found = self.link(node)?;
        Ok(found.unwrap_or(Value::Undefined))
    }

    /// Works out a link of a chain; nothing where an earlier one is nothing.
    fn link(&mut self, node: &Node) -> Outcome<Option<Value>> {
        self.deeper(|player| match &node.kind {
            Kind::Member(owner, key, optional) => {
                if let Kind::Super = owner.kind {
                    return Err(Stop::Lost);
                }
                let Some(owner) = player.link(owner)? else {
                    return Ok(None);
                };
                if *optional && owner.is_nothing() {
                    return Ok(None);
                }
                let key = player.key(key)?;
                player.member(&owner, &key).map(Some)
            }
            Kind::Call(callee, given, optional) => player.call_link(node, callee, given, *optional),
            _ => player.plain(node).map(Some),
        })
    }

    fn call_link(
        &mut self,
        node: &Node,
        callee: &Node,
        given: &[Item],
        optional: bool,
    ) -> Outcome<Option<Value>> {
        let value = match &callee.kind {
            Kind::Super => {
                let given = self.items(given)?;
                self.call_super(given)?
            }
            Kind::Member(owner, key, _) if matches!(owner.kind, Kind::Super) => {
                let key = self.key(key)?;
                let given = self.items(given)?;
                self.super_method(&key, given)?
            }
            Kind::Member(owner, key, maybe) => {
                let Some(owner) = self.link(owner)? else {
                    return Ok(None);
                };
                if *maybe && owner.is_nothing() {
                    return Ok(None);
                }
                let key = self.key(key)?;
                if optional && self.member(&owner, &key)?.is_nothing() {
                    return Ok(None);
                }
                let given = self.items(given)?;
                self.span = node.span;
                self.method(&owner, &key, given)?
            }
            _ => {
                let Some(function) = self.link(callee)? else {
                    return Ok(None);
                };
                if optional && function.is_nothing() {
                    return Ok(None);
                }
                let given = self.items(given)?;
                self.span = node.span;
                self.call(&function, Value::Undefined, given)?
            }
        };
        Ok(Some(value))
    }

    fn plain(&mut self, node: &Node) -> Outcome<Value> {
        Ok(match &node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(is) => Value::Bool(*is),
            Kind::Number(number) => Value::Number(*number),
            Kind::Text(text) => Value::Text(Rc::clone(text)),
            Kind::Template(texts, values) => self.template(texts, values)?,
            Kind::Pattern(text, flags) => self.pattern(text, flags)?,
            Kind::Name(name) => self.name(name)?,
            Kind::Array(items) => {
                let items = self.items(items)?;
                Value::list(items)
            }
            Kind::Object(entries) => self.object(entries)?,
            Kind::Function(code) => self.function(code),
            Kind::Class(code) => self.class(code)?,
            Kind::Unary(sign, inner) => self.unary(sign, inner)?,
            Kind::Binary(sign, left, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                self.binary(sign, &left, &right)?
            }
            Kind::Logic(sign, left, right) => {
                let left = self.value(left)?;
                if stays(sign, &left)? {
                    left
                } else {
                    self.value(right)?
                }
            }
            Kind::Choice(test, first, other) => {
                let chosen = if self.truth(test)? { first } else { other };
                self.value(chosen)?
            }
            Kind::Count(target, by, old) => self.counted_up(target, *by, *old)?,
            Kind::Give(sign, target, value) => self.given(sign, target, value)?,
            Kind::New(callee, given) => {
                let class = self.value(callee)?;
                let given = self.items(given)?;
                self.span = node.span;
                self.construct(&class, given)?
            }
            Kind::Chain(inner) => self.value(inner)?,
            Kind::Sequence(all) => {
                let begin = Ok(Value::Undefined);
                all.iter()
                    .fold(begin, |last, one| last.and_then(|_| self.value(one)))?
            }
            Kind::Await(inner) => {
                let value = self.value(inner)?;
                self.waited_for(value)?
            }
            Kind::Import(inner) => {
                let name = self.value(inner)?;
                self.import_later(&name)?
            }
            Kind::Meta => Value::native("import.meta"),
            Kind::Member(..) | Kind::Call(..) => self.value(node)?,
            Kind::Super | Kind::Lost => return Err(Stop::Lost),
        })
    }

    pub fn key(&mut self, key: &Key) -> Outcome<Name> {
        match key {
            Key::Plain(name) => Ok(Rc::clone(name)),
            Key::Computed(node) => {
                let value = self.value(node)?;
                self.key_text(&value)
            }
            Key::Lost => Err(Stop::Lost),
        }
    }

    fn key_text(&mut self, value: &Value) -> Outcome<Name> {
        match value {
            Value::Text(text) if text.starts_with('\0') => Err(Stop::Lost),
            Value::Text(text) => Ok(Rc::clone(text)),
            Value::Number(_) | Value::Bool(_) | Value::Undefined | Value::Null => {
                self.written(value)?.ok_or(Stop::Lost)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Works out arguments and elements.
    pub fn items(&mut self, items: &[Item]) -> Outcome<Vec<Value>> {
        let mut all = Vec::new();
        for item in items {
            let value = self.value(&item.node)?;
            if item.spread {
                all.extend(self.spread(&value)?);
            } else {
                all.push(value);
            }
            if all.len() > MAX_ITEMS {
                return Err(Stop::Lost);
            }
        }
        Ok(all)
    }

    fn template(&mut self, texts: &[Name], values: &[Node]) -> Outcome<Value> {
        let mut all = String::new();
        let mut known = true;
        for (at, text) in texts.iter().enumerate() {
            all.push_str(text);
            if let Some(node) = values.get(at) {
                let value = self.value(node)?;
                match self.written(&value)? {
                    Some(text) => all.push_str(&text),
                    None => known = false,
                }
            }
            if all.len() > super::play::MAX_TEXT {
                return Err(Stop::Lost);
            }
        }
        if known {
            self.made_text(all)
        } else {
            Ok(Value::Unknown)
        }
    }

    fn object(&mut self, entries: &[Entry]) -> Outcome<Value> {
        let mut props = Props::default();
        for entry in entries {
            match entry {
                Entry::Pair(key, node) => {
                    let key = self.key(key)?;
                    let value = self.value(node)?;
                    if &*key == "__proto__" {
                        return Err(Stop::Lost);
                    }
                    props.set(&key, value);
                }
                Entry::Spread(node) => {
                    let value = self.value(node)?;
                    for (key, value) in self.entries_of(&value)? {
                        props.set(&key, value);
                    }
                }
            }
        }
        Ok(Value::Object(Rc::new(Object {
            props: std::cell::RefCell::new(props),
            ..Object::default()
        })))
    }

    /// Returns what a name holds.
    fn name(&mut self, name: &Name) -> Outcome<Value> {
        let Some(slot) = self.scope.find(name) else {
            return self.global(name);
        };
        let (value, constant) = {
            let slot = slot.borrow();
            (slot.value.clone().ok_or(Stop::Lost)?, slot.constant)
        };
        // Whether it is nothing, or everything, depends on how strict the script is.
        if &**name == "this" && value.is_nothing() {
            return Err(Stop::Lost);
        }
        if !constant && self.name_read(Rc::as_ptr(&slot).cast::<()>() as usize)? {
            // Several count: how far they have come is not known.
            return match value {
                Value::Number(_) | Value::Unknown => Ok(Value::Unknown),
                _ => Err(Stop::Lost),
            };
        }
        Ok(value)
    }

    fn set_name(&mut self, name: &Name, value: Value, begins: bool) -> Outcome<()> {
        if begins {
            return self.begin(name, value);
        }
        let slot = self.scope.find(name).ok_or(Stop::Lost)?;
        if slot.borrow().constant || slot.borrow().value.is_none() || &**name == "this" {
            return Err(Stop::Lost);
        }
        self.name_set(Rc::as_ptr(&slot).cast::<()>() as usize)?;
        slot.borrow_mut().value = Some(value);
        Ok(())
    }

    /// Gives a value to a place; `begins` where it declares the names.
    pub fn give(&mut self, target: &Target, value: Value, begins: bool) -> Outcome<()> {
        self.deeper(|player| match target {
            Target::Name(name) => player.set_name(name, value, begins),
            Target::Member(owner, key) => {
                let owner = player.value(owner)?;
                let key = player.key(key)?;
                player.set_member(&owner, &key, value)
            }
            Target::Array(parts, rest) => {
                let items = player.spread(&value)?;
                if let Value::Walk(walk) = &value {
                    walk.spoiled.set(true);
                }
                for (at, part) in parts.iter().enumerate() {
                    if let Some(part) = part {
                        let item = items.get(at).cloned().unwrap_or(Value::Undefined);
                        player.give_part(part, item, begins)?;
                    }
                }
                match rest {
                    Some(rest) => {
                        let left = items.into_iter().skip(parts.len()).collect();
                        player.give(rest, Value::list(left), begins)
                    }
                    None => Ok(()),
                }
            }
            Target::Object(parts, rest) => {
                player.give_object((parts, rest.as_deref()), &value, begins)
            }
            Target::Lost => Err(Stop::Lost),
        })
    }

    fn give_object(
        &mut self,
        (parts, rest): (&[(Key, Part)], Option<&Target>),
        value: &Value,
        begins: bool,
    ) -> Outcome<()> {
        if value.is_nothing() {
            return Err(Stop::Lost);
        }
        let mut taken = Vec::new();
        for (key, part) in parts {
            let key = self.key(key)?;
            let item = self.member(value, &key)?;
            taken.push(key);
            self.give_part(part, item, begins)?;
        }
        let Some(rest) = rest else { return Ok(()) };
        let mut props = Props::default();
        for (key, value) in self.entries_of(value)? {
            if !taken.contains(&key) {
                props.set(&key, value);
            }
        }
        let left = Value::Object(Rc::new(Object {
            props: std::cell::RefCell::new(props),
            ..Object::default()
        }));
        self.give(rest, left, begins)
    }

    pub fn give_part(&mut self, part: &Part, value: Value, begins: bool) -> Outcome<()> {
        let value = match (&value, &part.default) {
            (Value::Any, Some(_)) => return Err(Stop::Lost),
            (Value::Undefined, Some(default)) => self.value(default)?,
            _ => value,
        };
        self.give(&part.target, value, begins)
    }

    /// Reads a place and says how to give something to it, owner and key worked out once.
    fn place(&mut self, target: &Target) -> Outcome<(Option<(Value, Name)>, Value)> {
        match target {
            Target::Name(name) => Ok((None, self.name(name)?)),
            Target::Member(owner, key) => {
                let owner = self.value(owner)?;
                let key = self.key(key)?;
                let value = self.member(&owner, &key)?;
                Ok((Some((owner, key)), value))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn give_back(
        &mut self,
        target: &Target,
        place: Option<(Value, Name)>,
        value: Value,
    ) -> Outcome<()> {
        match place {
            Some((owner, key)) => self.set_member(&owner, &key, value),
            None => self.give(target, value, false),
        }
    }

    /// An expression whose value nobody takes: what is only counted up may be so in any order.
    pub fn for_nothing(&mut self, node: &Node) -> Outcome<()> {
        let (target, step, by) = match &node.kind {
            Kind::Count(target, step, _) => (target, *step, None),
            Kind::Give("+=", target, by) => (target, 0.0, Some(by)),
            _ => return self.value(node).map(|_| ()),
        };
        let slot = match &**target {
            Target::Name(name) => self.scope.find(name).filter(|slot| !slot.borrow().constant),
            _ => None,
        };
        let before = slot.as_ref().and_then(|slot| slot.borrow().value.clone());
        let (Some(slot), Some(before @ (Value::Number(_) | Value::Unknown))) = (slot, before)
        else {
            return self.value(node).map(|_| ());
        };
        let by = match by {
            Some(by) => self.value(by)?,
            None => Value::Number(step),
        };
        let several = self.name_counted(Rc::as_ptr(&slot).cast::<()>() as usize)?;
        let after = match (&before, &by) {
            (Value::Number(before), Value::Number(by)) if !several => Value::Number(before + by),
            (_, Value::Number(_) | Value::Unknown) => Value::Unknown,
            _ if several => return Err(Stop::Lost),
            _ => self.binary("+", &before, &by)?,
        };
        slot.borrow_mut().value = Some(after);
        Ok(())
    }

    fn counted_up(&mut self, target: &Target, by: f64, old: bool) -> Outcome<Value> {
        let (place, value) = self.place(target)?;
        let before = match value {
            Value::Unknown => Value::Unknown,
            value => self.number(&value)?.map_or(Value::Unknown, Value::Number),
        };
        let after = match before {
            Value::Number(number) => Value::Number(number + by),
            _ => Value::Unknown,
        };
        self.give_back(target, place, after.clone())?;
        Ok(if old { before } else { after })
    }

    fn given(&mut self, sign: &str, target: &Target, node: &Node) -> Outcome<Value> {
        if sign == "=" {
            // What owns the place is worked out before the value.
            let place = match target {
                Target::Member(owner, key) => {
                    let owner = self.value(owner)?;
                    Some((owner, self.key(key)?))
                }
                _ => None,
            };
            let value = self.value(node)?;
            self.give_back(target, place, value.clone())?;
            return Ok(value);
        }
        let (place, before) = self.place(target)?;
        let sign = sign.strip_suffix('=').ok_or(Stop::Lost)?;
        if matches!(sign, "&&" | "||" | "??") {
            if stays(sign, &before)? {
                return Ok(before);
            }
            let value = self.value(node)?;
            self.give_back(target, place, value.clone())?;
            return Ok(value);
        }
        let value = self.value(node)?;
        let value = self.binary(sign, &before, &value)?;
        self.give_back(target, place, value.clone())?;
        Ok(value)
    }

    fn unary(&mut self, sign: &str, inner: &Node) -> Outcome<Value> {
        if sign == "delete" {
            let Kind::Member(owner, key, false) = &inner.kind else {
                return Err(Stop::Lost);
            };
            let owner = self.value(owner)?;
            let key = self.key(key)?;
            return self.delete_member(&owner, &key);
        }
        let value = self.value(inner)?;
        match sign {
            "!" => Ok(Value::Bool(!value.truth()?)),
            "void" => Ok(Value::Undefined),
            "typeof" => self.kind_of(&value),
            "-" | "+" => Ok(match self.number(&value)? {
                Some(number) if sign == "-" => Value::Number(-number),
                Some(number) => Value::Number(number),
                None => Value::Unknown,
            }),
            _ => Err(Stop::Lost),
        }
    }
}

/// Tells whether the left side of `&&`, `||` or `??` is what comes out.
fn stays(sign: &str, left: &Value) -> Outcome<bool> {
    Ok(match sign {
        "&&" => !left.truth()?,
        "||" => left.truth()?,
        _ if matches!(left, Value::Any) => return Err(Stop::Lost),
        _ => !left.is_nothing(),
    })
}
