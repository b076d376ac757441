//! Files of settings that a code reads: by which calls, and whether what they say stays as it is.
//! The texts are read elsewhere; here they become values.

use std::collections::HashSet;

use super::super::index::{Binding, Given, Part};
use super::super::tokens::{Language, Token};
use super::data::{Form, parsed};
use super::made::path;
use super::sure::{self, Sure, is_given};
use super::{Reader, STAR, Value, Values, When};
use crate::sql::HOLE;

/// A file of settings as it is when the code starts.
#[derive(Clone, Debug)]
pub(in super::super) struct Setting {
    /// Its name as the code spells it.
    pub name: String,
    pub text: String,
    /// Nothing that runs before the code may write it.
    pub certain: bool,
}

/// Calls that make values of a text, of an open file, or of a file by its name.
const READERS: [(&[&str], Form); 3] = [
    (
        &[
            "json.load",
            "json.loads",
            "simplejson.load",
            "simplejson.loads",
            "ujson.load",
            "ujson.loads",
            "orjson.loads",
            "JSON.parse",
            "JSON.load",
            "JSON.load_file",
            "JSON.parse!",
            "Oj.load",
            "Oj.load_file",
            "json_decode",
            "decode_json",
            "fs.readJsonSync",
            "fse.readJsonSync",
            "fs.readJson",
            "fse.readJson",
            "readJsonSync",
            "require",
        ],
        Form::Json,
    ),
    (
        &[
            "tomllib.load",
            "tomllib.loads",
            "tomli.load",
            "tomli.loads",
            "toml.load",
            "toml.loads",
            "toml.parse",
            "TOML.parse",
            "TOML.load_file",
            "Tomlrb.load_file",
            "Tomlrb.parse",
        ],
        Form::Toml,
    ),
    (
        &[
            "yaml.safe_load",
            "yaml.load",
            "yaml.full_load",
            "yaml.parse",
            "YAML.load",
            "YAML.safe_load",
            "YAML.load_file",
            "YAML.safe_load_file",
            "YAML.unsafe_load_file",
            "YAML.parse",
            "Psych.load",
            "Psych.safe_load",
            "Psych.load_file",
            "Psych.safe_load_file",
        ],
        Form::Yaml,
    ),
];
/// Words without which a code reads no settings.
const WORDS: [&str; 8] = [
    "json",
    "JSON",
    "toml",
    "yaml",
    "YAML",
    "onfig",
    "executescript",
    ".execute(",
];
/// Calls that change nothing of what they are given.
const LOOKS: [&str; 38] = [
    "len",
    "print",
    "sorted",
    "list",
    "dict",
    "set",
    "tuple",
    "str",
    "repr",
    "bool",
    "enumerate",
    "zip",
    "iter",
    "any",
    "all",
    "sum",
    "min",
    "max",
    "reversed",
    "isinstance",
    "type",
    "vars",
    "json.dumps",
    "json.dump",
    "JSON.stringify",
    "console.log",
    "console.error",
    "Object.keys",
    "Object.entries",
    "Object.values",
    "Array.isArray",
    "String",
    "Boolean",
    "puts",
    "pp",
    "p",
    "pprint.pprint",
    "pprint",
];
/// Methods that change settings, beside those that change lists.
const CHANGES: [&str; 16] = [
    "setdefault",
    "popitem",
    "set",
    "read_dict",
    "read_string",
    "read_file",
    "add_section",
    "remove_option",
    "remove_section",
    "merge!",
    "store",
    "sort!",
    "map!",
    "select!",
    "keep_if",
    "deep_merge!",
];
/// Files inside files that name the next.
const MAX_LOADING: usize = 3;
/// Files of settings of one code.
const MAX_FILES: usize = 12;
/// Rounds in which names that hold a part of the settings are found.
const ROUNDS: usize = 4;

/// Tells whether a code may read settings.
pub(in super::super) fn may_read(text: &str) -> bool {
    WORDS.iter().any(|word| text.contains(word))
}

fn form_of(name: &str, language: Language) -> Option<Form> {
    // The tree of a document is no value.
    if name == "YAML.parse" && language != Language::Javascript {
        return None;
    }
    let mut all = READERS.iter();
    let found = all.find(|(names, _)| names.contains(&name));
    found.map(|(_, form)| *form)
}

/// Tells whether a name is that of a file of settings.
fn is_settings(name: &str) -> bool {
    const ENDINGS: [&str; 10] = [
        ".json", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".config", ".json5", ".sql",
    ];
    // Each of several files of SQL is sent.
    let several = name.contains(STAR) && !name.ends_with(".sql");
    !name.contains([HOLE, super::HOME])
        && !several
        && !name.starts_with(super::FRESH)
        && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

impl Reader<'_> {
    /// Returns the names of the files of settings that the code may read.
    pub fn settings(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for at in 0..self.index.main_end() {
            let Some(name) = self
                .index
                .name(at)
                .filter(|_| self.index.is_sign(at + 1, '('))
            else {
                continue;
            };
            for name in self.opened_by(&self.full(name), at) {
                if is_settings(&name) && !all.contains(&name) && all.len() < MAX_FILES {
                    all.push(name);
                }
            }
        }
        all
    }

    /// Returns the names that a call would read a file by.
    fn opened_by(&self, name: &str, at: usize) -> Vec<String> {
        let when = When::at(at);
        let last = name.rsplit('.').next().unwrap_or(name);
        let first = || match self.arguments(at).positional.first() {
            Some(part) => self.read(*part, when),
            None => Vec::new(),
        };
        let known = super::made::reads(name) || form_of(name, self.index.language).is_some();
        let values = match last {
            "require" => return self.required_file(at).into_iter().collect(),
            _ if known || last == "read" && name.contains('.') => first(),
            "read_text" | "read_bytes" | "readText" | "open" => self.receiver(at, when),
            _ if name.contains('.') && last.starts_with("read") => first(),
            _ => return Vec::new(),
        };
        values.iter().flat_map(Value::texts).collect()
    }

    /// `require('../settings.json')`: a file beside the script.
    fn required_file(&self, at: usize) -> Option<String> {
        let inside = self.index.inside(at + 1)?;
        match self.index.token(inside.from)? {
            Token::Text { text, .. } if text.ends_with(".json") && text.starts_with(['.', '/']) => {
                Some(path(&[self.standing.folder.to_owned(), text.clone()]))
            }
            _ => None,
        }
    }

    /// Returns what a file of settings says.
    pub(super) fn setting(&self, name: &str) -> Option<&Setting> {
        self.standing.settings.iter().find(|one| one.name == name)
    }

    /// Returns what each of the files says that a name stands for.
    pub(super) fn files_of(&self, name: &str) -> Vec<&str> {
        let all = self.standing.settings.iter().filter(|one| one.name == name);
        let texts: Vec<&str> = all.map(|one| one.text.as_str()).collect();
        match texts.is_empty() {
            true => self.file(name).into_iter().collect(),
            false => texts,
        }
    }

    /// `json.load(f)`: what the settings may be.
    pub(super) fn loaded(&self, name: &str, inside: Part, at: usize, when: When) -> Option<Values> {
        let form = form_of(name, self.index.language)?;
        let texts = match name {
            "require" => self.required_file(at).into_iter().collect(),
            _ => {
                let first = *self.index.split(inside, ',').first()?;
                let values = self.read(first, when);
                values.iter().flat_map(Value::texts).collect::<Vec<_>>()
            }
        };
        let language = self.index.language;
        let found: Values = texts
            .iter()
            .filter_map(|text| parsed(self.file(text).unwrap_or(text), form, language))
            .map(|sure| sure.reading())
            .collect();
        (!found.is_empty()).then_some(found)
    }

    /// `json.load(f)`: what the settings are for certain.
    pub(super) fn surely_loaded(&self, name: &str, inside: Part, at: usize) -> Option<Sure> {
        let form = form_of(name, self.index.language).filter(|_| self.settled)?;
        if self.loading.get() >= MAX_LOADING {
            return None;
        }
        let text = match name {
            "require" => self.required_file(at)?,
            _ => {
                let given = self.index.split(inside, ',');
                let first = *given.first()?;
                // A hook or a class may make other values of what stands there.
                if given.len() > 1 && form != Form::Yaml {
                    return None;
                }
                self.loading.set(self.loading.get() + 1);
                let values = self.read(first, When::at(at));
                self.loading.set(self.loading.get() - 1);
                match values.as_slice() {
                    [Value::Text(text)] => text.clone(),
                    _ => return None,
                }
            }
        };
        let mut all = self.standing.settings.iter();
        let found = all.find(|one| one.name == text || one.text == text)?;
        parsed(&found.text, form, self.index.language).filter(|_| found.certain)
    }

    /// `c = ConfigParser()`, `c.read('a.ini')`: what stands in the file, and whether that is certain.
    pub(super) fn sections(&self, name: &str) -> Option<(Sure, bool)> {
        let [binding] = self.index.bindings(name) else {
            return None;
        };
        if !self.is_config_parser(binding) || self.loading.get() >= MAX_LOADING {
            return None;
        }
        let [read] = self.index.calls(&format!("{name}.read")) else {
            return None;
        };
        let first = *self.arguments(*read).positional.first()?;
        self.loading.set(self.loading.get() + 1);
        let values = self.read(first, When::at(*read));
        self.loading.set(self.loading.get() - 1);
        let [Value::Text(file)] = values.as_slice() else {
            return None;
        };
        let setting = self.setting(file)?;
        let found = parsed(&setting.text, Form::Ini, self.index.language)?;
        let once = self.index.nest(*read) <= self.index.nest(binding.at);
        Some((found, setting.certain && self.settled && once))
    }

    fn is_config_parser(&self, binding: &Binding) -> bool {
        let Given::Is(part, None) = binding.given else {
            return false;
        };
        let name = self.index.name(part.from).map(|name| self.full(name));
        let made = name.is_some_and(|name| {
            matches!(
                name.rsplit('.').next(),
                Some("ConfigParser" | "RawConfigParser" | "SafeConfigParser")
            )
        });
        made && self.index.is_sign(part.from + 2, ')')
    }

    /// Finds out whether anything of the code may change what it has read.
    pub(super) fn settle(&mut self) {
        if !self.told {
            return;
        }
        // Where nothing was read nothing can be changed.
        if self.standing.settings.is_empty() {
            self.settled = true;
            return;
        }
        let mut held = self.holders();
        // Taken for settled as long as it is only asked of which kind a value is.
        self.settled = true;
        held.retain(|name| {
            let at = self.index.bindings(name).last().map_or(0, |one| one.at);
            let sure = self.sure_variable(name, 0);
            !self.is_scalar(sure, || self.resolve(name, When::at(at + 1)))
        });
        self.settled = held.iter().all(|name| !self.changes(name));
    }

    /// Texts, numbers and truths cannot be changed under a second name.
    fn is_scalar(&self, sure: Option<Sure>, values: impl FnOnce() -> Values) -> bool {
        match sure {
            Some(Sure::List(_) | Sure::Map(_)) => false,
            Some(_) => true,
            None => values()
                .iter()
                .all(|value| matches!(value, Value::Text(_)) && !value.is_unknown()),
        }
    }

    /// Returns the names that may hold settings, or a part of them.
    fn holders(&self) -> HashSet<String> {
        let index = self.index;
        let mut held: HashSet<String> = HashSet::new();
        for _ in 0..ROUNDS {
            let before = held.len();
            let mentions = |part: Part| {
                (part.from..part.to).any(|at| {
                    index.name(at).is_some_and(|name| {
                        let root = name.split('.').next().unwrap_or(name);
                        held.contains(name)
                            || held.contains(root)
                            || form_of(&self.full(name), index.language).is_some()
                    })
                })
            };
            let gives = |binding: &Binding| match binding.given {
                Given::Is(part, _)
                | Given::Tail(part, _)
                | Given::More(part)
                | Given::Each(part, _) => mentions(part) || self.is_config_parser(binding),
                Given::EachOf(part) => mentions(part),
                Given::Param(number, _) | Given::Rest(number, _) => {
                    let function = index.function(number);
                    let calls = function.map_or(&[][..], |one| index.calls(&one.name));
                    let mut insides = calls.iter().filter_map(|at| index.inside(at + 1));
                    insides.any(mentions)
                }
            };
            let names = index.names().filter(|(_, all)| all.iter().any(gives));
            let names: Vec<String> = names.map(|(name, _)| name.clone()).collect();
            held.extend(names);
            if held.len() == before {
                break;
            }
        }
        held
    }

    /// Tells whether something changes what a name holds, or may.
    fn changes(&self, name: &str) -> bool {
        let index = self.index;
        let front = format!("{name}.");
        let alters = |method: &str| {
            let last = method.rsplit('.').next().unwrap_or(method);
            CHANGES.contains(&last) || sure::CHANGES.contains(&last)
        };
        (0..index.main_end()).any(|at| {
            let Some(found) = index.name(at) else {
                return false;
            };
            let inner = found.strip_prefix(&front);
            if found != name && inner.is_none() {
                return false;
            }
            let mut deep = inner.is_some();
            let mut behind = at + 1;
            let mut altered = inner.is_some_and(alters);
            loop {
                match index.token(behind) {
                    Some(Token::Sign('[')) => deep = true,
                    Some(Token::Sign('(')) if deep => {}
                    Some(Token::Name { name, .. }) if name.starts_with('.') => {
                        altered |= alters(name);
                        deep = true;
                    }
                    _ => break,
                }
                behind = index.after(behind);
            }
            let before = at.checked_sub(1).and_then(|at| index.name(at));
            let grows = is_given(index, behind) && !index.is_sign(behind, '=');
            altered
                || grows
                || deep && is_given(index, behind)
                || matches!(before, Some("del" | "delete"))
                || self.hands_over(at)
        })
    }

    /// Tells whether a name stands alone as an argument of a call that may change it.
    fn hands_over(&self, at: usize) -> bool {
        let index = self.index;
        let Some(open) = index.around(at).filter(|open| index.is_sign(*open, '(')) else {
            return false;
        };
        let before = at.checked_sub(1).and_then(|at| index.sign(at));
        let mut end = at + 1;
        while index.is_sign(end, '[') {
            end = index.after(end);
        }
        let alone = matches!(before, Some('(' | ',' | '.' | '*' | '='))
            && matches!(index.sign(end), Some(')' | ','));
        let call = open.checked_sub(1).and_then(|at| index.name(at));
        let Some(call) = call.filter(|_| alone) else {
            return false;
        };
        let full = self.full(call);
        let last = full.rsplit('.').next().unwrap_or(&full);
        let own = index.function_named(call).is_some();
        let part = Part::new(at, end);
        if self.is_scalar(self.sure(part, 0), || self.read(part, When::at(at))) {
            return false;
        }
        let looks = LOOKS.contains(&full.as_str())
            || form_of(&full, index.language).is_some()
            || matches!(
                call,
                "if" | "while" | "for" | "in" | "not" | "and" | "or" | "return"
            )
            || matches!(last, "get" | "join" | "format" | "append" | "push");
        !own && !looks
    }
}

impl Reader<'_> {
    /// What settings answer: `settings.get("dir")`, `settings.items()`, `settings.dir`.
    pub(super) fn asked_of_map(
        &self,
        value: &Sure,
        entries: &[(String, Sure)],
        method: &str,
        inside: Option<Part>,
        depth: usize,
    ) -> Option<Sure> {
        let language = self.index.language;
        let listed = |of: fn(&(String, Sure)) -> Sure| Sure::List(entries.iter().map(of).collect());
        let names = || listed(|(name, _)| Sure::Text(name.clone()));
        let Some(inside) = inside else {
            return match (language, method) {
                (Language::Javascript, key) => {
                    Some(value.key(key).cloned().unwrap_or(Sure::Nothing))
                }
                (Language::Ruby, "keys") => Some(names()),
                _ => None,
            };
        };
        let given = self.index.split(inside, ',');
        let named = |part: &&Part| {
            self.index.name(part.from).is_some() && self.index.is_sign(part.from + 1, '=')
        };
        let texts: Vec<Part> = given.iter().filter(|part| !named(part)).copied().collect();
        let default = |at: usize| match given.iter().find(named) {
            Some(part) => self.sure(Part::new(part.from + 2, part.to), depth + 1),
            None => match texts.get(at) {
                Some(part) => self.sure(*part, depth + 1),
                None => Some(Sure::Nothing),
            },
        };
        match method {
            "get" | "fetch" | "getint" | "getboolean" => {
                let Sure::Text(key) = self.sure(*texts.first()?, depth + 1)? else {
                    return None;
                };
                let (found, last) = match (value.key(&key), texts.get(1)) {
                    // `settings.get(section, key)` of INI.
                    (Some(section @ Sure::Map(_)), Some(part)) => {
                        let Sure::Text(key) = self.sure(*part, depth + 1)? else {
                            return None;
                        };
                        (section.key(&key).cloned(), 2)
                    }
                    (found, _) => (found.cloned(), 1),
                };
                match (method, found) {
                    ("get" | "fetch", Some(found)) => Some(found),
                    ("getint", Some(Sure::Text(text))) => text.parse().ok().map(Sure::Number),
                    ("getboolean", Some(Sure::Text(text))) => truth_of(&text).map(Sure::Truth),
                    (_, Some(_)) => None,
                    (_, None) => default(last),
                }
            }
            "keys" | "sections" => Some(names()),
            "values" => Some(listed(|(_, value)| value.clone())),
            "items" => Some(listed(|(name, value)| {
                Sure::List(vec![Sure::Text(name.clone()), value.clone()])
            })),
            "has_section" | "key" | "has_key" | "hasOwnProperty" | "include" => {
                match self.sure(*texts.first()?, depth + 1)? {
                    Sure::Text(key) => Some(Sure::Truth(value.key(&key).is_some())),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// A truth as INI files write it.
fn truth_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Some(true),
        "0" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}
