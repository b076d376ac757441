//! `parseArgs` of Node: options and operands among the words of a script.
//! What it refuses ends the script as it does there.

use std::rc::Rc;

use super::play::Player;
use super::value::{Outcome, Stop, Value};

/// One option as it is declared.
struct Declared {
    name: Rc<str>,
    short: Option<Rc<str>>,
    text: bool,
    several: bool,
    default: Value,
}

/// What `parseArgs` has found.
struct Found {
    values: Vec<(Rc<str>, Value)>,
    operands: Vec<Value>,
}

impl Player<'_> {
    pub fn parsed_words(&mut self, config: Option<&Value>) -> Outcome<Value> {
        let mut words = self
            .argv
            .iter()
            .skip(self.own_words())
            .cloned()
            .collect::<Vec<Value>>();
        if let Some(argv) = self.process.get("argv").cloned() {
            words = self
                .spread(&argv)?
                .into_iter()
                .skip(self.own_words())
                .collect();
        }
        let (mut declared, mut strict, mut operands) = (Vec::new(), true, false);
        let mut said = None;
        if let Some(config) = config.filter(|config| !matches!(config, Value::Undefined)) {
            for (key, value) in self.entries_of(config)? {
                match (&*key, &value) {
                    ("options", _) => declared = self.declared_options(&value)?,
                    ("strict", Value::Bool(is)) => strict = *is,
                    ("allowPositionals", Value::Bool(is)) => said = Some(*is),
                    ("args", Value::Array(_)) => words = self.spread(&value)?,
                    ("allowNegative" | "tokens", Value::Bool(false)) => {}
                    _ => return Err(Stop::Lost),
                }
            }
            operands = said.unwrap_or(!strict);
        }
        let mut texts = Vec::new();
        for word in words {
            texts.push(word.as_text()?);
        }
        let mut found = Found {
            values: Vec::new(),
            operands: Vec::new(),
        };
        self.go_through(&texts, &declared, (strict, operands), &mut found)?;
        for option in declared {
            let there = found.values.iter().any(|(name, _)| *name == option.name);
            if !there && !matches!(option.default, Value::Undefined) {
                found.values.push((option.name, option.default));
            }
        }
        let values = found
            .values
            .iter()
            .map(|(name, value)| (&**name, value.clone()));
        Ok(Value::object(vec![
            ("values", Value::object(values.collect())),
            ("positionals", Value::list(found.operands)),
        ]))
    }

    /// Words at the head of the list that are the interpreter and the script.
    fn own_words(&self) -> usize {
        if self.inline == Some("[eval]") { 1 } else { 2 }
    }

    fn declared_options(&mut self, value: &Value) -> Outcome<Vec<Declared>> {
        let mut all = Vec::new();
        for (name, option) in self.entries_of(value)? {
            let mut one = Declared {
                name,
                short: None,
                text: false,
                several: false,
                default: Value::Undefined,
            };
            let mut told = false;
            for (key, value) in self.entries_of(&option)? {
                match (&*key, value) {
                    ("type", Value::Text(kind)) if matches!(&*kind, "string" | "boolean") => {
                        one.text = &*kind == "string";
                        told = true;
                    }
                    ("short", Value::Text(short)) if short.chars().count() == 1 => {
                        one.short = Some(short);
                    }
                    ("multiple", Value::Bool(is)) => one.several = is,
                    ("default", value) => one.default = value,
                    _ => return Err(Stop::Lost),
                }
            }
            // Without a kind, or with a default of another one, it is refused.
            if !told || !self.fits_kind(&one)? {
                return Err(Stop::Lost);
            }
            all.push(one);
        }
        Ok(all)
    }

    fn fits_kind(&mut self, one: &Declared) -> Outcome<bool> {
        let fits = |value: &Value| match value {
            Value::Text(_) => one.text,
            Value::Bool(_) => !one.text,
            _ => false,
        };
        Ok(match (&one.default, one.several) {
            (Value::Undefined, _) => true,
            (value @ Value::Array(_), true) => self.spread(value)?.iter().all(fits),
            (value, several) => !several && fits(value),
        })
    }

    fn refused(&mut self, code: &str) -> Stop {
        self.error("TypeError", code)
    }

    fn go_through(
        &mut self,
        words: &[Rc<str>],
        declared: &[Declared],
        (strict, operands): (bool, bool),
        found: &mut Found,
    ) -> Outcome<()> {
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            self.charge(declared.len() + 1)?;
            if !word.starts_with('-') || &**word == "-" {
                if !operands {
                    return Err(self.refused("ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL"));
                }
                found.operands.push(Value::Text(Rc::clone(word)));
                continue;
            }
            let (option, inline) = match word.strip_prefix("--") {
                Some("") => return Err(Stop::Lost),
                Some(long) => {
                    let (name, inline) = match long.split_once('=') {
                        Some((name, inline)) => (name, Some(inline)),
                        None => (long, None),
                    };
                    (declared.iter().find(|one| &*one.name == name), inline)
                }
                None => {
                    let short = word.get(1..).unwrap_or_default();
                    // Letters in one word each mean an option: not told apart here.
                    if short.chars().count() != 1 {
                        return Err(Stop::Lost);
                    }
                    (
                        declared
                            .iter()
                            .find(|one| one.short.as_deref() == Some(short)),
                        None,
                    )
                }
            };
            let Some(option) = option else {
                return if strict {
                    Err(self.refused("ERR_PARSE_ARGS_UNKNOWN_OPTION"))
                } else {
                    Err(Stop::Lost)
                };
            };
            let value = match (option.text, inline) {
                (false, None) => Value::Bool(true),
                (false, Some(_)) | (true, None) if !strict => return Err(Stop::Lost),
                (false, Some(_)) => return Err(self.refused("ERR_PARSE_ARGS_INVALID_OPTION_VALUE")),
                (true, Some(inline)) => Value::text(inline),
                (true, None) => match words.next() {
                    Some(next) if next.starts_with('-') && next.len() > 1 => {
                        return Err(self.refused("ERR_PARSE_ARGS_INVALID_OPTION_VALUE"));
                    }
                    Some(next) => Value::Text(Rc::clone(next)),
                    None => return Err(self.refused("ERR_PARSE_ARGS_INVALID_OPTION_VALUE")),
                },
            };
            put(found, option, value);
        }
        Ok(())
    }
}

fn put(found: &mut Found, option: &Declared, value: Value) {
    let there = found
        .values
        .iter_mut()
        .find(|(name, _)| *name == option.name);
    match there {
        Some((_, Value::Array(items))) if option.several => items.borrow_mut().push(value),
        Some((_, old)) => *old = value,
        None if option.several => {
            found
                .values
                .push((Rc::clone(&option.name), Value::list(vec![value])));
        }
        None => found.values.push((Rc::clone(&option.name), value)),
    }
}
