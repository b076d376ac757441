//! Variables of a Makefile and what references to them stand for, in every reading that is possible.
//! What only the shell can find out stays a hole; what make itself runs on the way is noted down.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::text::{self, CLOSE, DOLLAR, OPEN, PERHAPS, Part};
use super::words;
use super::{Inherited, Make};

/// Readings of one text that are kept; what has more is not known.
const MAX_READINGS: usize = 16;
/// References inside references.
const MAX_DEPTH: usize = 40;
/// Characters and references that are looked at in one Makefile with all that it includes.
const MAX_STEPS: usize = 2_000_000;

/// What a variable was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Expanded when it was given.
    Simple(String),
    /// Expanded where it is used.
    Recursive(String),
    /// Nothing on one of the ways: what was inherited counts.
    Unset,
}

/// What each variable may hold.
pub(super) type Table = BTreeMap<Rc<str>, Rc<Vec<Content>>>;

/// Returns a table of two ways that meet.
pub(super) fn met(one: Table, other: &Table) -> Table {
    let mut all = one;
    let absent = |name: &Rc<str>| !other.contains_key(name);
    let alone: Vec<Rc<str>> = all.keys().filter(|name| absent(name)).cloned().collect();
    for name in alone {
        if let Some(list) = all.get_mut(&name) {
            add(Rc::make_mut(list), &[Content::Unset]);
        }
    }
    for (name, contents) in other {
        match all.get_mut(name) {
            Some(list) if list == contents => {}
            Some(list) => add(Rc::make_mut(list), contents),
            None => {
                let mut list = (**contents).clone();
                add(&mut list, &[Content::Unset]);
                all.insert(Rc::clone(name), Rc::new(list));
            }
        }
    }
    all
}

fn add(list: &mut Vec<Content>, more: &[Content]) {
    for one in more {
        if !list.contains(one) && list.len() <= MAX_READINGS {
            list.push(one.clone());
        }
    }
}

impl Make<'_> {
    /// Returns every reading of a text; never none.
    pub(super) fn expand(&mut self, text: &str, depth: usize) -> Vec<String> {
        self.steps += 1 + text.len() / 4;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            self.cut = true;
            return vec![self.hole("${make_value}")];
        }
        if !text.contains('$') {
            return vec![text.to_owned()];
        }
        let mut all = vec![String::new()];
        for part in text::parts(text) {
            let more = match part {
                Part::Plain(text) => vec![text.to_owned()],
                Part::Dollar => vec![DOLLAR.to_string()],
                Part::Reference(body, open) => self.reference(body, open, depth + 1),
            };
            all = self.crossed(all, &more);
        }
        all
    }

    /// Puts every reading of one text behind every reading of another.
    pub(super) fn crossed(&mut self, all: Vec<String>, more: &[String]) -> Vec<String> {
        let unknown;
        let more = if all.len() * more.len() > MAX_READINGS {
            unknown = [self.hole("${make_value}")];
            unknown.as_slice()
        } else {
            more
        };
        self.steps += more.iter().map(|one| one.len() / 16).sum::<usize>();
        let mut both = Vec::with_capacity(all.len() * more.len());
        for one in &all {
            both.extend(more.iter().map(|more| format!("{one}{more}")));
        }
        both
    }

    /// Returns a sign for a text that only the shell can find out.
    pub(super) fn hole(&mut self, shell: &str) -> String {
        let known = self.holes.iter().position(|hole| hole == shell);
        let at = known.unwrap_or_else(|| {
            self.holes.push(shell.to_owned());
            self.holes.len() - 1
        });
        format!("{OPEN}{at}{CLOSE}")
    }

    /// Tells a text to the shell.
    pub(super) fn told(&self, said: &str) -> String {
        text::told(said, &self.holes)
    }

    /// `$(...)`: a function, a variable, or one with its endings replaced.
    fn reference(&mut self, body: &str, open: char, depth: usize) -> Vec<String> {
        let blank = body.find([' ', '\t']);
        if let Some(at) = blank.filter(|_| open != ' ') {
            let (name, rest) = text::cut(body, at, 1);
            if let Some(found) = self.function(name, rest.trim_start(), open, depth) {
                return found;
            }
        }
        let colon = text::find(body, |rest| rest.starts_with(':'));
        let equals = text::find(body, |rest| rest.starts_with('='));
        if let (Some(colon), Some(equals)) = (colon, equals.filter(|at| Some(*at) > colon)) {
            let name = body.get(..colon).unwrap_or_default();
            let from = body.get(colon + 1..equals).unwrap_or_default();
            let to = body.get(equals + 1..).unwrap_or_default();
            return self.with_endings(name, from, to, depth);
        }
        let mut values = Vec::new();
        for name in self.expand(body, depth) {
            match text::has_hole(&name) {
                true => values.push(self.hole("${make_value}")),
                false => values.extend(self.lookup(&name, depth)),
            }
        }
        self.distinct(values)
    }

    fn with_endings(&mut self, name: &str, from: &str, to: &str, depth: usize) -> Vec<String> {
        let names = self.expand(name, depth);
        let mut values = Vec::new();
        for name in &names {
            values.extend(self.lookup(name, depth));
        }
        let (from, to) = (self.expand(from, depth), self.expand(to, depth));
        let pattern = |text: &String| match text.contains('%') {
            true => text.clone(),
            false => format!("%{text}"),
        };
        let whole = from.iter().any(|from| from.contains('%'));
        let mut all = Vec::new();
        for value in values {
            for (from, to) in from.iter().zip(to.iter().cycle()) {
                let to = if whole { to.clone() } else { pattern(to) };
                let args = [pattern(from), to, value.clone()];
                all.push(match words::apply("patsubst", &args, None) {
                    Some(text) => text,
                    None => self.hole("${make_value}"),
                });
            }
        }
        self.distinct(all)
    }

    fn distinct(&mut self, values: Vec<String>) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for value in values {
            if !all.contains(&value) {
                all.push(value);
            }
        }
        match all.len() {
            0 => vec![String::new()],
            1..=MAX_READINGS => all,
            _ => vec![self.hole("${make_value}")],
        }
    }

    /// Returns what a variable may hold.
    pub(super) fn lookup(&mut self, name: &str, depth: usize) -> Vec<String> {
        let local = self.locals.iter().rev().find(|(known, _)| known == name);
        if let Some((_, contents)) = local {
            let contents = contents.clone();
            return self.readings(name, &contents, depth);
        }
        if !self.forced.contains(name)
            && let Some((_, content)) = self.given.iter().rev().find(|(known, _)| known == name)
        {
            let content = content.clone();
            return self.readings(name, &[content], depth);
        }
        let scoped = self.scope.iter().rev().find(|(known, _)| known == name);
        if let Some((_, content)) = scoped {
            let content = content.clone();
            return self.readings(name, &[content], depth);
        }
        match self.table.get(name) {
            Some(contents) => {
                let contents = Rc::clone(contents);
                self.readings(name, &contents, depth)
            }
            None => vec![self.own_value(name)],
        }
    }

    fn readings(&mut self, name: &str, contents: &[Content], depth: usize) -> Vec<String> {
        let mut all = Vec::new();
        let doubt = usize::from(contents.len() > 1);
        self.doubt += doubt;
        for content in contents {
            match content {
                Content::Simple(text) => all.push(text.clone()),
                Content::Recursive(text) => all.extend(self.expand(text, depth + 1)),
                Content::Unset => all.push(self.own_value(name)),
            }
        }
        self.doubt -= doubt;
        self.distinct(all)
    }

    /// What make sets by itself, and what it inherits.
    fn own_value(&mut self, name: &str) -> String {
        let made = match name {
            "RM" => Some("rm -f".to_owned()),
            "MAKE" => Some(self.itself.clone()),
            "CURDIR" => self.world.cwd(),
            "PWD" => self.world.outer(),
            "MAKECMDGOALS" => Some(self.goals.join(" ")),
            "MAKEFILE_LIST" => Some(self.names.join(" ")),
            "CC" => Some("cc".to_owned()),
            "CXX" => Some("g++".to_owned()),
            "AR" => Some("ar".to_owned()),
            "SHELL" => Some("/bin/sh".to_owned()),
            "LN" => Some("ln".to_owned()),
            "INSTALL" => Some("install".to_owned()),
            "MAKE_COMMAND" => Some("make".to_owned()),
            "AS" | "LD" | "LEX" | "YACC" | "TEX" | "MAKEINFO" | "TEXI2DVI" | "LINT" => {
                Some(name.to_ascii_lowercase())
            }
            "CPP" => Some("cc -E".to_owned()),
            "FC" | "F77" => Some("f77".to_owned()),
            "ARFLAGS" => Some("-rv".to_owned()),
            ".SHELLFLAGS" => Some("-c".to_owned()),
            ".FEATURES" | ".VARIABLES" | ".INCLUDE_DIRS" | ".LIBPATTERNS" | ".LOADED" => {
                Some(self.hole("${make_value}"))
            }
            _ => None,
        };
        let plain = |char: char| char.is_alphanumeric() || char == '_';
        match made {
            Some(text) => text,
            // Only such names can stand in an environment.
            None if name.is_empty() || !name.chars().all(plain) => String::new(),
            None => self.hole(&format!("${{{name}}}")),
        }
    }

    /// Returns the readings of a text where what is inherited has to be known: in a condition.
    pub(super) fn asked(&mut self, text: &str) -> Vec<Option<String>> {
        let readings = self.expand(text, 0);
        readings.iter().map(|said| self.settled(said)).collect()
    }

    /// Fills in what was inherited; nothing where something is left that only the shell knows.
    fn settled(&mut self, said: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = said;
        while let Some((head, tail)) = rest.split_once(OPEN) {
            out.push_str(head);
            let (number, after) = tail.split_once(CLOSE)?;
            let hole = self.holes.get(number.parse::<usize>().ok()?)?.clone();
            let name = hole.strip_prefix("${")?.strip_suffix('}')?;
            match self.world.inherited(name) {
                Inherited::Text(text) => out.push_str(&text),
                Inherited::Absent => {}
                Inherited::Unknown => return None,
            }
            rest = after;
        }
        out.push_str(rest);
        (!text::is_pattern(&out)).then_some(out)
    }

    /// Tells whether a text says something, what was inherited filled in.
    pub(super) fn says(&mut self, said: &str) -> Option<bool> {
        match text::truth(said) {
            Some(known) => Some(known),
            None => text::truth(&self.settled(said)?),
        }
    }

    /// Returns the sign behind a word that stands there only if its file does.
    pub(super) fn there(&self, word: &str) -> String {
        format!("{}{PERHAPS}", text::found(word))
    }
}
