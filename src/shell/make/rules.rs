//! Rules of a Makefile: what a goal needs, and the lines of the shell that making it runs.

use super::Make;
use super::read::{Place, assignment};
use super::text::{self};
use super::values::Content;
use super::words::stem;

/// Targets that one call may reach.
const MAX_TARGETS: usize = 4_000;
/// Targets that need one another.
const MAX_DEPTH: usize = 200;
/// Lines that one call may run.
const MAX_LINES: usize = 8_000;

/// A rule: its targets, what they need, and its recipe.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    targets: Vec<String>,
    /// The pattern of a static pattern rule.
    pattern: Option<String>,
    needs: Vec<String>,
    lines: Vec<(Place, String)>,
}

/// A line of the shell that make runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub place: Place,
    pub text: String,
    /// Nothing further of its recipe runs where it fails.
    pub stops: bool,
    /// Which recipe it belongs to.
    pub recipe: usize,
    /// What it is given to, where that is no shell.
    pub shell: Option<String>,
    /// The recipe runs for certain: no file of the target's name can spare it, and nothing further runs where it fails.
    pub sure: bool,
}

impl Make<'_> {
    /// Reads the line on which a rule begins.
    pub(super) fn rule(&mut self, line: &str, colon: usize) {
        self.open_rules.clear();
        let (head, tail) = text::cut(line, colon, 1);
        let head = head.trim_end().trim_end_matches('&');
        let tail = tail.trim_start_matches(':').trim();
        let targets: Vec<String> = self.expanded_words(head);
        if self.scoped(&targets, tail) {
            return;
        }
        let semicolon = text::find(tail, |rest| rest.starts_with(';'));
        let (needs, inline) = match semicolon {
            Some(at) => {
                let (needs, inline) = text::cut(tail, at, 1);
                (needs, Some(inline))
            }
            None => (tail, None),
        };
        let split = text::find(needs, |rest| rest.starts_with(':'));
        let (pattern, needs) = match split {
            Some(at) => {
                let (pattern, needs) = text::cut(needs, at, 1);
                (self.expanded_words(pattern).into_iter().next(), needs)
            }
            None => (None, needs),
        };
        let mut needs = self.expanded_words(needs);
        if self.twice {
            // What was `$$` is `$` now, and is expanded once more.
            let again = self.expanded_words(&needs.join(" "));
            needs.extend(again);
        }
        for target in &targets {
            match target.as_str() {
                ".ONESHELL" => self.one_shell = true,
                ".IGNORE" => self.goes_on = true,
                ".SECONDEXPANSION" => self.twice = true,
                ".PHONY" if self.doubt == 0 => self.phony.extend(needs.iter().cloned()),
                _ => {}
            }
        }
        let first = targets.first();
        let named = first.filter(|t| !t.starts_with('.') && !t.contains('%'));
        if let Some(named) = named.filter(|_| !self.first_is_sure) {
            self.first.push(named.clone());
            self.first_is_sure = self.doubt == 0;
        }
        self.rules.push(Rule {
            targets,
            pattern,
            needs,
            lines: Vec::new(),
        });
        self.open_rules.push(self.rules.len() - 1);
        if let Some(inline) = inline.filter(|inline| !inline.trim().is_empty()) {
            self.recipe_line(inline);
        }
    }

    /// `target: NAME = value`.
    fn scoped(&mut self, targets: &[String], tail: &str) -> bool {
        let mut rest = tail;
        for word in ["override ", "export ", "private "] {
            rest = rest.strip_prefix(word).unwrap_or(rest).trim_start();
        }
        let Some((name, sign, value)) = assignment(rest) else {
            return false;
        };
        let mut contents = Vec::new();
        match sign {
            "=" | "?=" => contents.push(Content::Recursive(value.to_owned())),
            "+=" => contents.push(Content::Recursive(format!("$({name}) {value}"))),
            _ => contents.extend(self.expand(value, 0).into_iter().map(Content::Simple)),
        }
        // `+=` means what stands without the target's own value.
        let own = match (sign, contents.first()) {
            ("+=", Some(Content::Recursive(text))) => self
                .expand(text, 0)
                .into_iter()
                .map(Content::Simple)
                .collect(),
            _ => contents,
        };
        for target in targets {
            let given = own
                .iter()
                .map(|one| (target.clone(), name.to_owned(), one.clone()));
            self.own.extend(given);
        }
        true
    }

    fn expanded_words(&mut self, text: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for said in self.expand(text, 0) {
            let told = self.told(&said);
            for word in told.split_whitespace() {
                let word = word.trim_start_matches('@').to_owned();
                if !all.contains(&word) {
                    all.push(word);
                }
            }
        }
        all
    }

    /// Adds a line to the recipe of the rules that are open.
    pub(super) fn recipe_line(&mut self, line: &str) {
        let one = (self.place.clone(), line.to_owned());
        for at in self.open_rules.clone() {
            if let Some(rule) = self.rules.get_mut(at) {
                rule.lines.push(one.clone());
            }
        }
    }

    /// Returns what making the goals runs; every goal that has a rule where one is not known.
    pub(super) fn lines(&mut self, unknown: bool) -> Vec<Line> {
        let mut goals = self.goals.clone();
        if unknown {
            let named = self.rules.iter().flat_map(|rule| rule.targets.iter());
            goals.extend(named.filter(|name| !name.contains('%')).cloned());
        } else if goals.is_empty() {
            goals.extend(self.first.clone());
        }
        self.flags_of_its_own();
        let mut lines = Vec::new();
        let mut seen = Vec::new();
        let dry = std::mem::take(&mut self.dry);
        for file in self.remade() {
            self.target(&file, 0, &mut seen, &mut lines);
        }
        self.dry = dry;
        for goal in goals {
            self.target(&goal, 0, &mut seen, &mut lines);
        }
        lines
    }

    /// Returns the Makefiles that make makes first, in a dry run, too: those that are not there, and those that need what is always made anew.
    /// Whether another one is older than what it needs is not known here.
    fn remade(&self) -> Vec<String> {
        let has_recipe = |name: &&String| {
            let mut rules = self.rules.iter();
            rules.any(|rule| rule.targets.contains(name) && !rule.lines.is_empty())
        };
        let is_forced = |name: &&String| {
            let named = self.rules.iter().filter(|rule| rule.targets.contains(name));
            let mut needs = named.flat_map(|rule| &rule.needs);
            self.phony.contains(*name)
                || needs.any(|need| self.phony.contains(need) || need == "FORCE")
        };
        let missing = self.missing.iter();
        let read = self.names.iter().filter(is_forced);
        missing.chain(read).filter(has_recipe).cloned().collect()
    }

    /// `MAKEFLAGS += -i` in the Makefile itself.
    fn flags_of_its_own(&mut self) {
        if !self.table.contains_key("MAKEFLAGS") {
            return;
        }
        for value in self.lookup("MAKEFLAGS", 0) {
            for (at, word) in value.split_whitespace().enumerate() {
                let letters = match word.strip_prefix('-') {
                    Some(letters) => letters,
                    None if at == 0 => word,
                    None => continue,
                };
                let short = !letters.starts_with('-') && !letters.contains('=');
                self.goes_on |= word == "--ignore-errors" || short && letters.contains('i');
                self.keeps |= word == "--keep-going" || short && letters.contains('k');
            }
        }
    }

    /// Returns the lines of all recipes, whoever may run them.
    pub(super) fn every(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        for rule in self.rules.clone() {
            let name = rule.targets.first().cloned().unwrap_or_default();
            let stem = self.hole("${make_value}");
            self.recipe(&name, &rule, Some(&stem), &rule.needs, &mut lines);
        }
        lines
    }

    fn target(&mut self, name: &str, depth: usize, seen: &mut Vec<String>, lines: &mut Vec<Line>) {
        if self.stopped || seen.iter().any(|known| known == name) {
            return;
        }
        if depth > MAX_DEPTH || seen.len() >= MAX_TARGETS || lines.len() >= MAX_LINES {
            self.cut = true;
            return;
        }
        seen.push(name.to_owned());
        let before = self.scope.len();
        let own = self.own.iter().filter(|(target, ..)| {
            target == name || target.contains('%') && stem(target, name).is_some()
        });
        let own: Vec<_> = own
            .map(|(_, name, one)| (name.clone(), one.clone()))
            .collect();
        self.scope.extend(own);
        let rules = self.rules_of(name);
        let mut needs: Vec<String> = Vec::new();
        for (rule, stem) in &rules {
            let wanted = rule.needs.iter().filter(|need| *need != "|");
            needs.extend(wanted.map(|need| match stem {
                Some(stem) => need.replacen('%', stem, 1),
                None => need.clone(),
            }));
        }
        for need in &needs {
            self.target(need, depth + 1, seen, lines);
        }
        for (rule, stem) in &rules {
            self.recipe(name, rule, stem.as_deref(), &needs, lines);
        }
        self.scope.truncate(before);
    }

    /// Returns the rules of a target, with what `%` stands for in each: those with patterns count where no other has a recipe.
    fn rules_of(&self, name: &str) -> Vec<(Rule, Option<String>)> {
        let mut plain = Vec::new();
        let mut patterns = Vec::new();
        for rule in &self.rules {
            if rule.targets.iter().any(|target| target == name) {
                let stem = rule.pattern.as_ref();
                let stem = stem.and_then(|pattern| stem_of(pattern, name));
                plain.push((rule.clone(), stem));
                continue;
            }
            let fits = rule.targets.iter().filter(|target| target.contains('%'));
            let stem = fits.filter_map(|target| stem_of(target, name)).next();
            if let Some(stem) = stem {
                patterns.push((rule.clone(), Some(stem)));
            }
        }
        if !plain.iter().any(|(rule, _)| !rule.lines.is_empty()) {
            plain.extend(patterns);
        }
        if plain.is_empty() {
            let default = |rule: &&Rule| rule.targets.iter().any(|target| target == ".DEFAULT");
            let default = self.rules.iter().filter(default);
            plain.extend(default.map(|rule| (rule.clone(), None)));
        }
        plain
    }

    fn recipe(
        &mut self,
        name: &str,
        rule: &Rule,
        stem: Option<&str>,
        needs: &[String],
        lines: &mut Vec<Line>,
    ) {
        let before = self.locals.len();
        self.automatic(name, stem, needs);
        let mut all: Vec<Line> = Vec::new();
        for (place, raw) in &rule.lines {
            self.place = place.clone();
            let calls_make = raw.contains("$(MAKE)") || raw.contains("${MAKE}");
            let readings = self.expand(raw, 0);
            let certain = readings.len() == 1;
            for said in readings {
                let text = self.told(&said);
                all.extend(self.shell_lines(&text, place, calls_make, certain));
            }
        }
        self.locals.truncate(before);
        // An error in the text of a recipe ends make before any line of it has run.
        if self.stopped {
            // A file of the target's name may spare the recipe.
            self.stopped = self.phony.contains(name);
            return;
        }
        if self.one_shell && all.len() > 1 {
            let texts: Vec<String> = all.iter().map(|line| line.text.clone()).collect();
            all.truncate(1);
            if let Some(first) = all.first_mut() {
                first.text = texts.join("\n");
            }
        }
        self.recipes += 1;
        let sure = self.phony.contains(name) && !self.keeps;
        let shell = self.interpreter();
        lines.extend(all.into_iter().map(|line| Line {
            sure,
            shell: shell.clone(),
            ..line
        }));
    }

    /// Returns the lines of one expanded recipe line, without the signs in front.
    fn shell_lines(&self, text: &str, place: &Place, calls_make: bool, certain: bool) -> Vec<Line> {
        let mut all: Vec<Line> = Vec::new();
        let mut open = false;
        for line in text.split('\n') {
            if open && let Some(last) = all.last_mut() {
                last.text.push('\n');
                last.text
                    .push_str(line.strip_prefix(self.recipe_sign).unwrap_or(line));
                open = line.ends_with('\\');
                continue;
            }
            let bare = line.trim_start();
            let body = bare.trim_start_matches(['@', '-', '+', ' ', '\t']);
            let front = bare.get(..bare.len() - body.len()).unwrap_or_default();
            open = line.ends_with('\\');
            let runs = !self.dry || calls_make || front.contains('+');
            if body.is_empty() || !runs {
                continue;
            }
            all.push(Line {
                place: place.clone(),
                text: body.to_owned(),
                stops: certain && !front.contains('-') && !self.goes_on,
                recipe: self.recipes,
                shell: None,
                sure: false,
            });
        }
        all
    }

    /// `$@`, `$<`, `$^`, `$+`, `$?`, `$|`, `$*` and their folders and names.
    fn automatic(&mut self, name: &str, stem: Option<&str>, needs: &[String]) {
        let mut distinct: Vec<&str> = Vec::new();
        for need in needs {
            if !distinct.contains(&need.as_str()) {
                distinct.push(need);
            }
        }
        let values = [
            ("@", name.to_owned()),
            ("<", needs.first().cloned().unwrap_or_default()),
            ("^", distinct.join(" ")),
            ("?", distinct.join(" ")),
            ("+", needs.join(" ")),
            ("|", String::new()),
            ("*", stem.unwrap_or_default().to_owned()),
            ("%", String::new()),
        ];
        for (sign, value) in values {
            for (letter, function) in [("D", "dir"), ("F", "notdir")] {
                let part = super::words::apply(function, std::slice::from_ref(&value), None);
                let part = part.unwrap_or_default();
                let part = match letter {
                    "D" => part
                        .split_whitespace()
                        .map(folder)
                        .collect::<Vec<_>>()
                        .join(" "),
                    _ => part,
                };
                self.locals
                    .push((format!("{sign}{letter}"), vec![Content::Simple(part)]));
            }
            self.locals
                .push((sign.to_owned(), vec![Content::Simple(value)]));
        }
    }
}

fn folder(name: &str) -> &str {
    match name {
        "./" => ".",
        "/" => "/",
        name => name.trim_end_matches('/'),
    }
}

fn stem_of(pattern: &str, name: &str) -> Option<String> {
    let stem = stem(pattern, name).filter(|_| pattern.contains('%'))?;
    (!stem.is_empty()).then(|| stem.to_owned())
}
