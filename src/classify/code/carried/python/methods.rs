//! Methods of texts, lists, maps and sets.
//! A method with arguments that are not known here ends the attempt.

use std::cell::RefCell;
use std::rc::Rc;

use super::calls::Given;
use super::play::Player;
use super::value::{Entries, Items, Kind, Outcome, Part, Stop, Value};

impl Player<'_> {
    /// Calls a method of a value that is no object.
    pub fn method(&mut self, owner: &Value, name: &str, given: Given) -> Outcome<Value> {
        self.worked(given.placed.iter().map(Value::weight).sum())?;
        match owner {
            Value::Text(text) => self.text_method(text, name, given),
            Value::List(items) => self.list_method(items, name, given),
            Value::Deque(items) if name == "copy" => {
                given.end()?;
                let copy = items.borrow().clone();
                Ok(Value::Deque(Rc::new(RefCell::new(copy))))
            }
            Value::Deque(items) => self.list_method(items, name, given),
            Value::Dict(map) => self.dict_method(map, name, given),
            Value::Set(map, frozen) => self.set_method(owner, map, *frozen, name, given),
            Value::Path(path) => self.path_method(&Rc::clone(path), name, given),
            Value::Pattern(pattern) => self.pattern_method(&Rc::clone(pattern), name, given),
            Value::Match(found) => self.match_method(&Rc::clone(found), name, given),
            Value::File(file) => self.file_method(&Rc::clone(file), name, given),
            Value::Database(connection) => {
                self.connection_method(&Rc::clone(connection), name, given)
            }
            Value::Cursor(cursor) => self.cursor_method(&Rc::clone(cursor), name, given),
            Value::Object(object) => self.special_method(&Rc::clone(object), name, given),
            Value::Time(..) | Value::Span(_) => self.time_method(owner, name, given),
            Value::Date(moment, whole) => self.date_method((*moment, *whole), name, given),
            Value::Library("str") => {
                let mut given = given;
                let text = given.need("self")?.as_text()?;
                self.text_method(&text, name, given)
            }
            Value::Library(_) => self.environment_method(name, given),
            Value::Tuple(items) => {
                let copy = Rc::new(RefCell::new(items.as_ref().clone()));
                self.list_method(&copy, name, given)
            }
            Value::Bytes(bytes) => self.bytes_method(bytes, name, given),
            Value::Float(number) if name == "is_integer" => Ok(Value::Bool(number.fract() == 0.0)),
            // What a text that is not known is made to is not known either.
            Value::Unknown(Kind::Text) => match name {
                "index" | "rindex" => Err(Stop::Lost),
                "startswith" | "endswith" | "isdigit" | "isidentifier" | "split" | "rsplit"
                | "splitlines" | "partition" | "rpartition" | "isalnum" | "isalpha"
                    if given.is_plain() =>
                {
                    Ok(Value::Unknown(Kind::Inert))
                }
                "find" | "rfind" | "count" => Ok(Value::Unknown(Kind::Number)),
                _ => Ok(Value::Unknown(Kind::Text)),
            },
            Value::Unknown(Kind::Place) => match name {
                "unlink" | "rmdir" => self.remove_unknown(),
                "exists" | "is_file" | "is_dir" | "is_symlink" => Ok(Value::Unknown(Kind::Inert)),
                _ => Ok(Value::Unknown(Kind::Place)),
            },
            _ => Err(Stop::Lost),
        }
    }

    /// Removes what is not known.
    pub fn remove_unknown(&mut self) -> Outcome<Value> {
        // Whether it stands there is not known: whoever would catch it is not followed.
        self.unsure = true;
        self.world.removes_something(self.span)?;
        Ok(Value::None)
    }

    fn bytes_method(&mut self, bytes: &Rc<[u8]>, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "decode" => {
                let encoding = given.take("encoding");
                given.end()?;
                if encoding.is_some_and(|name| {
                    !name
                        .as_text()
                        .is_ok_and(|name| matches!(&*name, "utf-8" | "utf8" | "ascii"))
                }) {
                    return Err(Stop::Lost);
                }
                match std::str::from_utf8(bytes) {
                    Ok(text) => self.text(text),
                    Err(_) => Err(self.raise("UnicodeDecodeError", "invalid bytes")),
                }
            }
            _ => self.bytes_like_text(bytes, name, given),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    fn text_method(&mut self, text: &Rc<str>, name: &str, mut given: Given) -> Outcome<Value> {
        self.worked(text.len() / 64)?;
        let plain = match name {
            "lower" | "casefold" if text.is_ascii() => text.to_ascii_lowercase(),
            "lower" => text.to_lowercase(),
            "upper" => text.to_uppercase(),
            "title" | "capitalize" | "swapcase" if text.is_ascii() => cased(text, name),
            "strip" | "lstrip" | "rstrip" => {
                let set = given.take("chars").unwrap_or(Value::None);
                given.end()?;
                return self.stripped(text, name, &set);
            }
            "replace" => {
                let (from, to) = (given.need("old")?.as_text()?, given.need("new")?.as_text()?);
                let most = given.take("count").map_or(Ok(-1), |count| count.whole())?;
                given.end()?;
                let times = if from.is_empty() {
                    text.len() + 1
                } else {
                    text.matches(&*from).count()
                };
                self.worked(times)?;
                if text.len() + times.saturating_mul(to.len()) > super::play::MAX_TEXT {
                    return Err(Stop::Lost);
                }
                match usize::try_from(most) {
                    Ok(most) => text.replacen(&*from, &to, most),
                    Err(_) => text.replace(&*from, &to),
                }
            }
            "join" => {
                let all = given.need("iterable")?;
                given.end()?;
                return self.text_joined(text, &all);
            }
            "format" => return self.braces(text, &given),
            "format_map" => {
                let Value::Dict(map) = given.need("mapping")? else {
                    return Err(Stop::Lost);
                };
                given.end()?;
                for (key, value) in map.borrow().entries() {
                    given.named.push((key.as_text()?.to_string(), value));
                }
                return self.braces(text, &given);
            }
            "zfill" => {
                let width = usize::try_from(given.need("width")?.whole()?.max(0))
                    .map_err(|_| Stop::Lost)?
                    .min(10_000);
                let (sign, digits) = match text.strip_prefix(['-', '+']) {
                    Some(digits) => (text.get(..1).unwrap_or_default(), digits),
                    None => ("", &**text),
                };
                let lack = width.saturating_sub(text.chars().count());
                format!("{sign}{}{digits}", "0".repeat(lack))
            }
            "removeprefix" => {
                let front = given.need("prefix")?.as_text()?;
                text.strip_prefix(&*front).unwrap_or(text).to_owned()
            }
            "removesuffix" => {
                let end = given.need("suffix")?.as_text()?;
                text.strip_suffix(&*end).unwrap_or(text).to_owned()
            }
            "ljust" | "rjust" | "center" => return self.justified(text, name, given),
            "expandtabs" | "translate" | "encode" => return self.encoded(text, name, given),
            _ => return self.asked(text, name, given),
        };
        given.end()?;
        self.text(plain)
    }

    fn encoded(&mut self, text: &Rc<str>, name: &str, mut given: Given) -> Outcome<Value> {
        let encoding = given.take("encoding");
        given.end()?;
        match (name, encoding) {
            ("encode", None) => Ok(Value::Bytes(Rc::from(text.as_bytes()))),
            ("encode", Some(Value::Text(name))) if matches!(&*name, "utf-8" | "utf8") => {
                Ok(Value::Bytes(Rc::from(text.as_bytes())))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn justified(&mut self, text: &Rc<str>, name: &str, mut given: Given) -> Outcome<Value> {
        let width = usize::try_from(given.need("width")?.whole()?.max(0))
            .map_err(|_| Stop::Lost)?
            .min(10_000);
        let fill = given
            .take("fillchar")
            .map_or(Ok(Rc::from(" ")), |fill| fill.as_text())?;
        given.end()?;
        let lack = width.saturating_sub(text.chars().count());
        match name {
            "ljust" => self.text(format!("{text}{}", fill.repeat(lack))),
            "rjust" => self.text(format!("{}{text}", fill.repeat(lack))),
            _ if lack == 0 => self.text(text),
            _ => Ok(Value::Unknown(Kind::Text)),
        }
    }

    fn stripped(&mut self, text: &str, name: &str, set: &Value) -> Outcome<Value> {
        let set: Option<Vec<char>> = match set {
            Value::None => None,
            set => Some(set.as_text()?.chars().collect()),
        };
        let is = |char: char| match &set {
            Some(set) => set.contains(&char),
            None => char.is_whitespace() || ('\x1c'..='\x1f').contains(&char),
        };
        self.text(match name {
            "strip" => text.trim_matches(is),
            "lstrip" => text.trim_start_matches(is),
            _ => text.trim_end_matches(is),
        })
    }

    fn text_joined(&mut self, text: &str, all: &Value) -> Outcome<Value> {
        let items = self.items(all)?;
        let mut parts = Vec::new();
        for item in &items {
            match item {
                Value::Text(part) => parts.push(Rc::clone(part)),
                Value::Unknown(Kind::Text) => return Ok(Value::Unknown(Kind::Text)),
                Value::Unknown(_) => return Err(Stop::Lost),
                _ => return Err(self.raise("TypeError", "expected str instance")),
            }
            self.worked(1)?;
        }
        let length: usize = parts.iter().map(|part| part.len() + text.len()).sum();
        if length > super::play::MAX_TEXT + text.len() {
            return Err(Stop::Lost);
        }
        self.text(parts.join(text))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    fn asked(&mut self, text: &Rc<str>, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "startswith" | "endswith" => {
                let what = given.need("prefix")?;
                given.end()?;
                let all = match &what {
                    Value::Tuple(all) => all.as_ref().clone(),
                    Value::Text(_) => vec![what.clone()],
                    Value::List(_) | Value::None | Value::Path(_) => {
                        return Err(self.raise("TypeError", "must be str"));
                    }
                    _ => return Err(Stop::Lost),
                };
                for one in all {
                    let one = one.as_text()?;
                    if if name == "startswith" {
                        text.starts_with(&*one)
                    } else {
                        text.ends_with(&*one)
                    } {
                        return Ok(Value::Bool(true));
                    }
                }
                Ok(Value::Bool(false))
            }
            "split" | "rsplit" => self.split(text, name, given),
            "splitlines" => {
                let keep = given
                    .take("keepends")
                    .is_some_and(|keep| matches!(keep, Value::Bool(true)));
                given.end()?;
                if text.contains([
                    '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}',
                ]) {
                    return Err(Stop::Lost);
                }
                self.worked(text.len() / 16)?;
                Ok(Value::texts(lines(text, keep)))
            }
            "partition" | "rpartition" => {
                let sep = given.need("sep")?.as_text()?;
                given.end()?;
                if sep.is_empty() {
                    return Err(self.raise("ValueError", "empty separator"));
                }
                let parts = match name {
                    "partition" => text
                        .split_once(&*sep)
                        .map_or([text, "", ""], |(one, two)| [one, &sep, two]),
                    _ => text
                        .rsplit_once(&*sep)
                        .map_or(["", "", text], |(one, two)| [one, &sep, two]),
                };
                Ok(Value::tuple(
                    parts.iter().map(|part| Value::text(part)).collect(),
                ))
            }
            "find" | "rfind" | "index" | "rindex" | "count" => {
                let part = given.need("sub")?.as_text()?;
                given.end()?;
                if name == "count" {
                    return Ok(Value::count(if part.is_empty() {
                        text.chars().count() + 1
                    } else {
                        text.matches(&*part).count()
                    }));
                }
                let at = if name.starts_with('r') {
                    text.rfind(&*part)
                } else {
                    text.find(&*part)
                };
                match at.and_then(|at| text.get(..at)) {
                    Some(before) => Ok(Value::count(before.chars().count())),
                    None if name.ends_with("find") => Ok(Value::Int(-1)),
                    None => Err(self.raise("ValueError", "substring not found")),
                }
            }
            _ => {
                given.end()?;
                self.letters(text, name)
            }
        }
    }

    fn letters(&mut self, text: &str, name: &str) -> Outcome<Value> {
        if !text.is_ascii() {
            return Err(Stop::Lost);
        }
        let mut bytes = text.bytes();
        let all = |is: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(is);
        Ok(Value::Bool(match name {
            "isdigit" | "isdecimal" | "isnumeric" => all(u8::is_ascii_digit),
            "isalpha" => all(u8::is_ascii_alphabetic),
            "isalnum" => all(u8::is_ascii_alphanumeric),
            "isspace" => all(|byte| byte.is_ascii_whitespace() || *byte == 0x0b),
            "isupper" => {
                text == text.to_ascii_uppercase() && bytes.any(|byte| byte.is_ascii_alphabetic())
            }
            "islower" => {
                text == text.to_ascii_lowercase() && bytes.any(|byte| byte.is_ascii_alphabetic())
            }
            "isidentifier" => {
                let word = all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                word && !text.starts_with(|char: char| char.is_ascii_digit())
            }
            "isascii" => true,
            _ => return Err(Stop::Lost),
        }))
    }

    fn split(&mut self, text: &Rc<str>, name: &str, mut given: Given) -> Outcome<Value> {
        let sep = given.take("sep").unwrap_or(Value::None);
        let most = given.take("maxsplit").map_or(Ok(-1), |most| most.whole())?;
        given.end()?;
        self.worked(text.len() / 8)?;
        let most = usize::try_from(most).ok();
        // Python parts at these as well.
        let odd = text.contains(|char| ('\x1c'..='\x1f').contains(&char));
        if sep.is_none() && odd {
            return Err(Stop::Lost);
        }
        let parts: Vec<&str> = match (&sep, most) {
            (Value::None, None) => text.split_whitespace().collect(),
            (Value::None, Some(most)) if name == "split" => {
                let mut all = Vec::new();
                let mut rest = text.trim_start();
                while !rest.is_empty() {
                    match rest.find(char::is_whitespace).filter(|_| all.len() < most) {
                        Some(end) => {
                            all.push(rest.get(..end).unwrap_or_default());
                            rest = rest.get(end..).unwrap_or_default().trim_start();
                        }
                        None => {
                            all.push(if all.len() < most {
                                rest.trim_end()
                            } else {
                                rest
                            });
                            break;
                        }
                    }
                }
                all
            }
            (Value::None, _) => return Err(Stop::Lost),
            (sep, most) => {
                let sep = sep.as_text()?;
                if sep.is_empty() {
                    return Err(self.raise("ValueError", "empty separator"));
                }
                let most = most.map_or(usize::MAX, |most| most.saturating_add(1));
                if name == "split" {
                    return Ok(Value::texts(text.splitn(most, &*sep)));
                }
                let mut all: Vec<&str> = text.rsplitn(most, &*sep).collect();
                all.reverse();
                return Ok(Value::texts(all));
            }
        };
        Ok(Value::texts(parts))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    fn list_method(&mut self, items: &Items, name: &str, mut given: Given) -> Outcome<Value> {
        if !matches!(name, "append") {
            self.worked(items.borrow().len() / 64)?;
        }
        match name {
            "append" | "appendleft" => {
                let value = given.need("object")?;
                given.end()?;
                let at = if name == "append" {
                    items.borrow().len()
                } else {
                    0
                };
                items.borrow_mut().insert(at, value);
            }
            "extend" => {
                let more = given.need("iterable")?;
                given.end()?;
                let more = self.items(&more)?;
                self.worked(more.len() / 4)?;
                items.borrow_mut().extend(more);
            }
            "insert" => {
                let at = given.need("index")?.whole()?;
                let value = given.need("object")?;
                let length = items.borrow().len();
                let signed = i128::try_from(length).map_err(|_| Stop::Lost)?;
                let at = if at < 0 {
                    (at + signed).max(0)
                } else {
                    at.min(signed)
                };
                items
                    .borrow_mut()
                    .insert(usize::try_from(at).unwrap_or(length).min(length), value);
            }
            "pop" | "popleft" => return self.popped(items, name, given),
            "remove" => {
                let value = given.need("value")?;
                let at = self.position(items, &value)?;
                match at {
                    Some(at) => {
                        items.borrow_mut().remove(at);
                    }
                    None => return Err(self.raise("ValueError", "x not in list")),
                }
            }
            "index" => {
                let value = given.need("value")?;
                given.end()?;
                return match self.position(items, &value)? {
                    Some(at) => Ok(Value::count(at)),
                    None => Err(self.raise("ValueError", "is not in list")),
                };
            }
            "count" => {
                let value = given.need("value")?;
                let all = items.borrow().clone();
                let mut count = 0;
                for one in &all {
                    count += usize::from(self.equal(one, &value)?);
                }
                return Ok(Value::count(count));
            }
            "clear" => items.borrow_mut().clear(),
            "reverse" => items.borrow_mut().reverse(),
            "copy" => return Ok(Value::list(items.borrow().clone())),
            "sort" => {
                let all = items.borrow().clone();
                let sorted = self.sorted(all, given)?;
                *items.borrow_mut() = sorted;
            }
            _ => return Err(Stop::Lost),
        }
        Ok(Value::None)
    }

    fn popped(&mut self, items: &Items, name: &str, mut given: Given) -> Outcome<Value> {
        let at = match name {
            "pop" => given.take("index").map_or(Ok(-1), |at| at.whole())?,
            _ => 0,
        };
        given.end()?;
        let length = i128::try_from(items.borrow().len()).map_err(|_| Stop::Lost)?;
        let at = if at < 0 { at + length } else { at };
        if at < 0 || at >= length {
            return Err(self.raise("IndexError", "pop index out of range"));
        }
        Ok(items
            .borrow_mut()
            .remove(usize::try_from(at).map_err(|_| Stop::Lost)?))
    }

    fn position(&mut self, items: &Items, value: &Value) -> Outcome<Option<usize>> {
        let all = items.borrow().clone();
        for (at, one) in all.iter().enumerate() {
            if self.equal(one, value)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    fn dict_method(&mut self, map: &Entries, name: &str, mut given: Given) -> Outcome<Value> {
        if !matches!(name, "get" | "pop" | "setdefault") {
            self.worked(map.borrow().len() / 2)?;
        }
        match name {
            "get" => {
                let key = given.need("key")?;
                let absent = given.take("default").unwrap_or(Value::None);
                given.end()?;
                let found = map.borrow().get(&key)?;
                Ok(found.unwrap_or(absent))
            }
            "items" => {
                given.end()?;
                Ok(Value::View(Rc::clone(map), Part::Pairs))
            }
            "keys" | "values" => {
                given.end()?;
                let part = if name == "keys" {
                    Part::Keys
                } else {
                    Part::Values
                };
                Ok(Value::View(Rc::clone(map), part))
            }
            "copy" => Ok(Value::Dict(Rc::new(RefCell::new(map.borrow().clone())))),
            "clear" => {
                map.borrow_mut().clear();
                Ok(Value::None)
            }
            "pop" => {
                let key = given.need("key")?;
                let absent = given.take("default");
                given.end()?;
                let found = map.borrow_mut().remove(&key)?;
                match found.or(absent) {
                    Some(value) => Ok(value),
                    None => Err(self.raised("KeyError", vec![key])),
                }
            }
            "popitem" => {
                let ordered = map.borrow().ordered;
                let last = match ordered {
                    true => given
                        .take("last")
                        .map_or(Ok(true), |last| self.truth(&last))?,
                    false => true,
                };
                given.end()?;
                let last = map.borrow_mut().end(last);
                match last {
                    Some((key, value)) => Ok(Value::tuple(vec![key, value])),
                    None => Err(self.raise("KeyError", "dictionary is empty")),
                }
            }
            "setdefault" => {
                let key = given.need("key")?;
                let value = given.take("default").unwrap_or(Value::None);
                let found = map.borrow().get(&key)?;
                match found {
                    Some(found) => Ok(found),
                    None => {
                        map.borrow_mut().set(key, value.clone())?;
                        Ok(value)
                    }
                }
            }
            "update" => self.updated(map, given),
            "move_to_end" if map.borrow().ordered => {
                let key = given.need("key")?;
                if !given
                    .take("last")
                    .map_or(Ok(true), |last| self.truth(&last))?
                {
                    return Err(Stop::Lost);
                }
                let gone = map.borrow_mut().remove(&key)?.ok_or(Stop::Lost)?;
                map.borrow_mut().set(key, gone)?;
                Ok(Value::None)
            }
            "most_common" if map.borrow().counts => {
                let most = given.take("n").unwrap_or(Value::None);
                let mut entries = map.borrow().entries();
                let mut counts = Vec::new();
                for (_, count) in &entries {
                    counts.push(count.whole()?);
                }
                let mut order: Vec<usize> = (0..entries.len()).collect();
                order.sort_by_key(|at| std::cmp::Reverse(counts.get(*at).copied()));
                let mut sorted: Vec<Value> = Vec::new();
                for at in order {
                    if let Some((key, value)) = entries.get_mut(at) {
                        sorted.push(Value::tuple(vec![key.clone(), value.clone()]));
                    }
                }
                if !most.is_none() {
                    sorted.truncate(usize::try_from(most.whole()?).map_err(|_| Stop::Lost)?);
                }
                Ok(Value::list(sorted))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn updated(&mut self, map: &Entries, mut given: Given) -> Outcome<Value> {
        let counts = map.borrow().counts;
        let other = match given.placed.is_empty() {
            true => None,
            false => Some(given.placed.remove(0)),
        };
        if !given.placed.is_empty() {
            return Err(Stop::Lost);
        }
        if let Some(other) = other.filter(|_| !counts) {
            let entries = match &other {
                Value::Dict(other) => other.borrow().entries(),
                Value::Object(row) if row.is_row() => {
                    let mut all = Vec::new();
                    for name in self.items(&row.get("#names").ok_or(Stop::Lost)?)? {
                        all.push((name.clone(), self.row_item(row, &name)?));
                    }
                    all
                }
                Value::Object(object) => self.entries_of_special(object)?,
                other => {
                    let mut all = Vec::new();
                    for pair in self.items(other)? {
                        match self.items(&pair)?.as_slice() {
                            [key, value] => all.push((key.clone(), value.clone())),
                            _ => return Err(Stop::Lost),
                        }
                    }
                    all
                }
            };
            for (key, value) in entries {
                self.worked(1)?;
                map.borrow_mut().set(key, value)?;
            }
        } else if counts {
            return Err(Stop::Lost);
        }
        for (name, value) in given.named {
            map.borrow_mut().set(Value::text(&name), value)?;
        }
        Ok(Value::None)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    fn set_method(
        &mut self,
        owner: &Value,
        map: &Entries,
        frozen: bool,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        use ruff_python_ast::Operator;
        if !matches!(name, "add" | "discard" | "remove") {
            self.worked(map.borrow().len() / 2)?;
        }
        let op = match name {
            "union" => Some(Operator::BitOr),
            "difference" => Some(Operator::Sub),
            "intersection" => Some(Operator::BitAnd),
            "symmetric_difference" => Some(Operator::BitXor),
            _ => None,
        };
        if let Some(op) = op {
            let mut all = owner.clone();
            for other in std::mem::take(&mut given.placed) {
                let other = Value::set_of(self.items(&other)?, false)?;
                all = self.binary(op, &all, &other)?;
            }
            given.end()?;
            return Ok(all);
        }
        if matches!(name, "issubset" | "issuperset" | "isdisjoint") {
            let other = Value::set_of(self.items(&given.need("other")?)?, false)?;
            let op = match name {
                "issubset" => ruff_python_ast::CmpOp::LtE,
                "issuperset" => ruff_python_ast::CmpOp::GtE,
                _ => {
                    let shared = self.binary(Operator::BitAnd, owner, &other)?;
                    return Ok(Value::Bool(!self.truth(&shared)?));
                }
            };
            return Ok(Value::Bool(
                self.subset(op, owner, &other)?.ok_or(Stop::Lost)?,
            ));
        }
        if frozen {
            return Err(Stop::Lost);
        }
        match name {
            "add" => {
                let value = given.need("elem")?;
                if map.borrow().get(&value)?.is_none() {
                    map.borrow_mut().set(value, Value::None)?;
                }
            }
            "discard" | "remove" => {
                let value = given.need("elem")?;
                let gone = map.borrow_mut().remove(&value)?;
                if gone.is_none() && name == "remove" {
                    return Err(self.raised("KeyError", vec![value]));
                }
            }
            "update" => {
                for other in std::mem::take(&mut given.placed) {
                    for item in self.items(&other)? {
                        self.worked(1)?;
                        map.borrow_mut().set(item, Value::None)?;
                    }
                }
            }
            "clear" => map.borrow_mut().clear(),
            "copy" => return Value::set_of(map.borrow().keys(), false),
            _ => return Err(Stop::Lost),
        }
        Ok(Value::None)
    }
}

/// Returns the lines of a text, each with its end or without.
fn lines(text: &str, keep: bool) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let end = match behind.starts_with("\r\n") {
            true => 2,
            false => behind.len().min(1),
        };
        let whole = rest.get(..at + end).unwrap_or(rest);
        all.push(if keep { whole } else { line });
        rest = behind.get(end..).unwrap_or_default();
    }
    all
}

fn cased(text: &str, name: &str) -> String {
    let mut before = false;
    text.char_indices()
        .map(|(at, char)| {
            let upper = match name {
                "title" => !before,
                "capitalize" => at == 0,
                _ => char.is_ascii_lowercase(),
            };
            before = char.is_ascii_alphabetic();
            if upper {
                char.to_ascii_uppercase()
            } else {
                char.to_ascii_lowercase()
            }
        })
        .collect()
}
