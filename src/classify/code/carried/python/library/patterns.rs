//! `re`: patterns that mean the same in the library that is at hand, matched, found, replaced and split.
//! A pattern that cannot be said ends the attempt.

use std::collections::HashMap;
use std::rc::Rc;

use regex::{Captures, Regex};

use super::super::super::patterns::pattern;
use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Found, Outcome, Stop, Value};

/// Bytes of a pattern.
const MAX_PATTERN: usize = 2_000;

impl Player<'_> {
    fn compiled(&mut self, value: &Value, flags: i128) -> Outcome<Rc<Regex>> {
        let text = match value {
            Value::Pattern(pattern) if flags == 0 => return Ok(Rc::clone(pattern)),
            other => other.as_text()?,
        };
        let counted = text.matches('{').count();
        self.worked(50 + text.len() * 2 + counted * 1_000)?;
        // What the two libraries read in another way: `\Z`, back references, `{,n}`, what looks around, `$` before a last line end.
        let odd = [
            "\\Z", "\\A", "(?P=", "(?=", "(?!", "(?<=", "(?<!", "{,", "(?i", "(?s", "(?m", "(?x",
            "\\B", "(?#", "[:", "--", "&&", "~~", "||", "++", "*+", "?+", "}+", "**", "+*", "?*",
        ];
        if text.len() > MAX_PATTERN || odd.iter().any(|odd| text.contains(odd)) || !text.is_ascii()
        {
            return Err(Stop::Lost);
        }
        if flags & !(2 | 8 | 16 | 256) != 0 {
            return Err(Stop::Lost);
        }
        let mut letters = String::new();
        for (bit, letter) in [(2, 'i'), (8, 'm'), (16, 's')] {
            if flags & bit != 0 {
                letters.push(letter);
            }
        }
        // `(?P<name>…)` is written `(?<name>…)` there.
        let text = text.replace("(?P<", "(?<");
        pattern(&text, &letters).map(Rc::new).ok_or(Stop::Lost)
    }

    pub fn call_re(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let short = name.strip_prefix("re.").unwrap_or(name);
        if short == "escape" {
            let text = given.need("pattern")?.as_text()?;
            let plain = text
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || char == '_');
            if text.contains([' ', '\t', '\n', '\r', '\x0b', '\x0c']) {
                return Err(Stop::Lost);
            }
            return if plain {
                self.text(text)
            } else {
                self.text(regex::escape(&text))
            };
        }
        let pattern = given.need("pattern")?;
        let flags = match (given.key("flags"), short) {
            (Some(flags), _) => flags.whole()?,
            (None, "compile") => given.take("flags").map_or(Ok(0), |flags| flags.whole())?,
            (None, "sub") if given.placed.len() > 2 => return Err(Stop::Lost),
            (None, "split") if given.placed.len() > 1 => return Err(Stop::Lost),
            (None, "match" | "search" | "fullmatch" | "findall" | "finditer")
                if given.placed.len() == 2 =>
            {
                given.placed.pop().ok_or(Stop::Lost)?.whole()?
            }
            _ => 0,
        };
        let regex = self.compiled(&pattern, flags)?;
        match short {
            "compile" => Ok(Value::Pattern(regex)),
            _ => self.pattern_method(&regex, short, given),
        }
    }

    pub fn pattern_method(
        &mut self,
        regex: &Rc<Regex>,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        if name == "sub" {
            return self.substituted(regex, given);
        }
        let text = match given.need("string")? {
            Value::None => {
                return Err(self.raise("TypeError", "expected string or bytes-like object"));
            }
            text => text.as_text()?,
        };
        given.end()?;
        self.worked(1 + text.len() / 8 + text.len() * regex.as_str().len() / 256)?;
        same_letters(regex, &text)?;
        // Where `$` stands for the place before a last line end as well, the two differ.
        if regex.as_str().contains('$') && text.ends_with('\n') {
            return Err(Stop::Lost);
        }
        match name {
            "match" | "search" | "fullmatch" => {
                let found = match name {
                    "search" => regex.captures(&text),
                    "match" => anchored(regex, false)?.captures(&text),
                    _ => anchored(regex, true)?.captures(&text),
                };
                Ok(found.map_or(Value::None, |found| matched(regex, &found, &text)))
            }
            // What is found with nothing in it comes at other places.
            "findall" | "finditer" if regex.is_match("") => Err(Stop::Lost),
            "findall" => {
                let mut all = Vec::new();
                for found in regex.captures_iter(&text) {
                    self.worked(1)?;
                    let group =
                        |at: usize| Value::text(found.get(at).map_or("", |group| group.as_str()));
                    all.push(match found.len() {
                        1 => group(0),
                        2 => group(1),
                        length => Value::tuple((1..length).map(group).collect()),
                    });
                }
                Ok(Value::list(all))
            }
            "finditer" => {
                let mut all = Vec::new();
                for found in regex.captures_iter(&text) {
                    self.worked(1)?;
                    all.push(matched(regex, &found, &text));
                }
                Ok(Value::given(all))
            }
            "split" if regex.captures_len() == 1 => {
                if regex.is_match("") {
                    return Err(Stop::Lost);
                }
                Ok(Value::texts(regex.split(&text)))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn substituted(&mut self, regex: &Rc<Regex>, mut given: Given) -> Outcome<Value> {
        let (with, text) = (given.need("repl")?, given.need("string")?.as_text()?);
        let most = given.take("count").map_or(Ok(0), |count| count.whole())?;
        given.end()?;
        self.worked(1 + text.len() / 8 + text.len() * regex.as_str().len() / 256)?;
        same_letters(regex, &text)?;
        if regex.as_str().contains('$') && text.ends_with('\n') || regex.is_match("") {
            return Err(Stop::Lost);
        }
        let mut all = String::new();
        let mut last = 0;
        for (count, found) in regex.captures_iter(&text).enumerate() {
            self.worked(1)?;
            if most > 0 && i128::try_from(count).is_ok_and(|count| count >= most) {
                break;
            }
            let Some(whole) = found.get(0) else { continue };
            all.push_str(text.get(last..whole.start()).unwrap_or_default());
            last = whole.end();
            match &with {
                Value::Text(with) => {
                    if with.contains('\\') {
                        return Err(Stop::Lost);
                    }
                    all.push_str(with);
                }
                function => {
                    let told =
                        self.call(function, Given::of(vec![matched(regex, &found, &text)]))?;
                    all.push_str(&told.as_text()?);
                }
            }
            if all.len() > super::super::play::MAX_TEXT {
                return Err(Stop::Lost);
            }
        }
        all.push_str(text.get(last..).unwrap_or_default());
        self.text(all)
    }

    pub fn match_method(
        &mut self,
        found: &Rc<Found>,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        let shown = |group: &Option<(String, usize, usize)>| {
            group
                .as_ref()
                .map_or(Value::None, |(text, ..)| Value::text(text))
        };
        match name {
            "group" => {
                if given.placed.len() > 1 {
                    let all: Outcome<Vec<Value>> = given
                        .placed
                        .iter()
                        .map(|key| self.match_method(found, "group", Given::of(vec![key.clone()])))
                        .collect();
                    return all.map(Value::tuple);
                }
                let at = self.group_at(found, given.take("group"))?;
                Ok(found.groups.get(at).map_or(Value::None, shown))
            }
            "groups" => {
                given.end()?;
                Ok(Value::tuple(
                    found.groups.iter().skip(1).map(shown).collect(),
                ))
            }
            "groupdict" => {
                given.end()?;
                let mut names: Vec<(&String, &usize)> = found.names.iter().collect();
                names.sort_by_key(|(_, at)| **at);
                let entries = names.into_iter().map(|(name, at)| {
                    (
                        Value::text(name),
                        found.groups.get(*at).map_or(Value::None, shown),
                    )
                });
                Value::dict(entries.collect())
            }
            "start" | "end" | "span" => {
                let at = self.group_at(found, given.take("group"))?;
                let Some(Some((_, start, end))) = found.groups.get(at) else {
                    return Ok(Value::Int(-1));
                };
                Ok(match name {
                    "start" => Value::count(*start),
                    "end" => Value::count(*end),
                    _ => Value::tuple(vec![Value::count(*start), Value::count(*end)]),
                })
            }
            _ => Err(Stop::Lost),
        }
    }

    fn group_at(&mut self, found: &Found, key: Option<Value>) -> Outcome<usize> {
        let at = match key {
            None => Some(0),
            Some(Value::Text(name)) => found.names.get(&*name).copied(),
            Some(number) => usize::try_from(number.whole()?)
                .ok()
                .filter(|at| *at < found.groups.len()),
        };
        match at {
            Some(at) => Ok(at),
            None => Err(self.raise("IndexError", "no such group")),
        }
    }
}

/// Letters, digits and spaces of other languages are such in Python too.
fn same_letters(regex: &Regex, text: &str) -> Outcome<()> {
    let classes = ["0-9", "\\t\\n", "\\b", "A-Z", "a-z"];
    let odd = !text.is_ascii() || text.contains(|char| ('\x1c'..='\x1f').contains(&char));
    match odd && classes.iter().any(|class| regex.as_str().contains(class)) {
        true => Err(Stop::Lost),
        false => Ok(()),
    }
}

fn anchored(regex: &Regex, whole: bool) -> Outcome<Regex> {
    let end = if whole { "\\z" } else { "" };
    Regex::new(&format!("\\A(?:{}){end}", regex.as_str())).map_err(|_| Stop::Lost)
}

fn matched(regex: &Regex, found: &Captures<'_>, text: &str) -> Value {
    let place = |at: usize| text.get(..at).map_or(0, |before| before.chars().count());
    let groups = (0..found.len()).map(|at| {
        found.get(at).map(|one| {
            (
                one.as_str().to_owned(),
                place(one.start()),
                place(one.end()),
            )
        })
    });
    let names: HashMap<String, usize> = regex
        .capture_names()
        .enumerate()
        .filter_map(|(at, name)| Some((name?.to_owned(), at)))
        .collect();
    Value::Match(Rc::new(Found {
        groups: groups.collect(),
        names,
    }))
}
