//! Options of a script of Perl: `GetOptions` of Getopt::Long, `getopts` of Getopt::Std.
//! It reads the words of the command line as these modules do; a declaration that it does not know ends the attempt.

use super::super::value::{Outcome, Stop, Value, entry, set_entry};
use super::act::{Player, truth_value};
use super::tree::Node;

/// One option.
struct Declared {
    names: Vec<String>,
    /// `=s`, `:i`, `!`, `+`, or nothing.
    kind: String,
    to: Value,
}

impl Player<'_> {
    pub fn options(&mut self, arguments: &[Node]) -> Outcome<Value> {
        let mut given = self.all(arguments)?.into_iter().peekable();
        let map = match given.peek() {
            Some(Value::Map(_)) => given.next(),
            _ => None,
        };
        let mut declared: Vec<Declared> = Vec::new();
        while let Some(said) = given.next() {
            let Value::Text(said) = said else {
                return Err(Stop::Lost);
            };
            let end = said.find(['=', ':', '!', '+']).unwrap_or(said.len());
            let (names, kind) = said.split_at(end);
            let names: Vec<String> = names.split('|').map(str::to_lowercase).collect();
            let target = match given.peek() {
                Some(Value::Place(_) | Value::List(_) | Value::Map(_) | Value::Function(_)) => {
                    given.next()
                }
                _ => None,
            };
            let to = match (target, &map) {
                (Some(to), _) => to,
                (None, Some(map)) => {
                    let name = names.first().cloned().unwrap_or_default();
                    Value::list(vec![map.clone(), Value::Text(name)])
                }
                (None, None) => return Err(Stop::Lost),
            };
            declared.push(Declared {
                names,
                kind: kind.to_owned(),
                to,
            });
        }
        self.read_options(&declared, map.is_some())
    }

    fn read_options(&mut self, declared: &[Declared], mapped: bool) -> Outcome<Value> {
        let mut words = self.words().into_iter();
        let mut rest = Vec::new();
        let mut fits = true;
        while let Some(word) = words.next() {
            let text = word.written().ok_or(Stop::Lost)?;
            if text == "--" {
                rest.extend(words.by_ref());
                break;
            }
            let bare = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
            let Some(bare) = bare.filter(|bare| !bare.is_empty()) else {
                rest.push(word);
                continue;
            };
            // Ways of configuration differ in nothing but this.
            let plain = match text.starts_with("--") {
                true => bare.split('=').next().is_some_and(|name| {
                    name.len() > 1
                        && declared
                            .iter()
                            .any(|one| one.names.iter().any(|full| full == name))
                }),
                false => bare.len() == 1,
            };
            if self.careful && (!plain || bare.contains(|c: char| c.is_ascii_uppercase())) {
                return Err(Stop::Lost);
            }
            let (name, said) = match bare.split_once('=') {
                Some((name, said)) => (name.to_lowercase(), Some(said.to_owned())),
                None => (bare.to_lowercase(), None),
            };
            let Some((option, turned)) = chosen(declared, &name)? else {
                fits = false;
                continue;
            };
            let value = match option.kind.chars().next() {
                Some('=') => match said.or_else(|| words.next().and_then(|word| word.written())) {
                    Some(said) if option.kind.starts_with("=s") || said.parse::<f64>().is_ok() => {
                        Value::Text(said)
                    }
                    _ => {
                        fits = false;
                        continue;
                    }
                },
                None | Some('!') if said.is_none() => Value::Number(if turned { 0.0 } else { 1.0 }),
                Some('+') if said.is_none() => Value::Number(1.0),
                _ => return Err(Stop::Lost),
            };
            self.take_option(option, &name, value, mapped)?;
        }
        self.set_words(rest);
        Ok(truth_value(fits))
    }

    fn take_option(
        &mut self,
        option: &Declared,
        name: &str,
        value: Value,
        mapped: bool,
    ) -> Outcome<()> {
        match &option.to {
            Value::Place(cell) => {
                let counts = option.kind == "+";
                let before = cell.borrow().clone();
                *cell.borrow_mut() = match (counts, before) {
                    (true, Value::Number(before)) => Value::Number(before + 1.0),
                    _ => value,
                };
                Ok(())
            }
            // The map, and the key in it.
            Value::List(items) if mapped => {
                let items = items.borrow();
                let (Some(Value::Map(map)), Some(Value::Text(key))) = (items.first(), items.get(1))
                else {
                    return Err(Stop::Lost);
                };
                let many = option.kind.ends_with('@');
                if many
                    || entry(&map.borrow(), key)
                        .is_some_and(|one| matches!(one, Value::List(_) | Value::Place(_)))
                {
                    return Err(Stop::Lost);
                }
                set_entry(&mut map.borrow_mut(), key, value);
                Ok(())
            }
            Value::List(items) => {
                items.borrow_mut().push(value);
                Ok(())
            }
            Value::Map(entries) => {
                let text = value.written().ok_or(Stop::Lost)?;
                let (key, value) = text.split_once('=').ok_or(Stop::Lost)?;
                set_entry(&mut entries.borrow_mut(), key, Value::text(value));
                Ok(())
            }
            function @ Value::Function(_) => {
                let function = function.clone();
                self.perform(&function, vec![Value::text(name), value], true)
                    .map(|_| ())
            }
            _ => Err(Stop::Lost),
        }
    }

    /// `getopts('fs:', \%o)`.
    pub fn letters(&mut self, arguments: &[Node]) -> Outcome<Value> {
        let given = self.all(arguments)?;
        let [Value::Text(letters), Value::Map(into)] = given.as_slice() else {
            return Err(Stop::Lost);
        };
        let takes = |letter: char| {
            let at = letters.find(letter).filter(|_| letter != ':')?;
            Some(
                letters
                    .get(at + 1..)
                    .is_some_and(|rest| rest.starts_with(':')),
            )
        };
        let mut words = self.words();
        let mut fits = true;
        while let Some(word) = words.first() {
            let text = word.written().ok_or(Stop::Lost)?;
            if text == "--" {
                words.remove(0);
                break;
            }
            let Some(bare) = text.strip_prefix('-').filter(|bare| !bare.is_empty()) else {
                break;
            };
            words.remove(0);
            for (at, letter) in bare.char_indices() {
                match takes(letter) {
                    Some(true) => {
                        let rest = bare.get(at + letter.len_utf8()..).unwrap_or_default();
                        let value = match rest {
                            "" if words.is_empty() => Value::Nothing,
                            "" => words.remove(0),
                            rest => Value::text(rest),
                        };
                        set_entry(&mut into.borrow_mut(), &letter.to_string(), value);
                        break;
                    }
                    Some(false) => set_entry(
                        &mut into.borrow_mut(),
                        &letter.to_string(),
                        Value::Number(1.0),
                    ),
                    None => fits = false,
                }
            }
        }
        self.set_words(words);
        Ok(truth_value(fits))
    }
}

/// Finds the option that a name means: in full, turned round, or by its beginning.
fn chosen<'d>(declared: &'d [Declared], name: &str) -> Outcome<Option<(&'d Declared, bool)>> {
    let by = |wanted: &str| {
        declared
            .iter()
            .find(|one| one.names.iter().any(|name| name == wanted))
    };
    if let Some(found) = by(name) {
        return Ok(Some((found, false)));
    }
    let bare = name.strip_prefix("no-").or_else(|| name.strip_prefix("no"));
    if let Some(found) = bare.and_then(by).filter(|one| one.kind == "!") {
        return Ok(Some((found, true)));
    }
    let begins = |one: &&Declared| one.names.iter().any(|full| full.starts_with(name));
    let mut found = declared.iter().filter(begins);
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => Ok(Some((one, false))),
        // Which one is meant, or none.
        _ => Err(Stop::Lost),
    }
}
