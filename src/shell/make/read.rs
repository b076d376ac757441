//! Reads a Makefile in its order: conditions, files that it includes, definitions, and where rules begin.
//! Of a condition whose answer is not known both ways are read, and their variables meet behind it.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Make;
use super::text::{self, DOLLAR};
use super::values::{Content, Table, met};

/// Makefiles that one may include, those inside them counted too.
const MAX_FILES: usize = 400;
/// Makefiles, and texts that are evaluated, inside one another.
const MAX_DEPTH: usize = 24;

/// Where a line of a Makefile stands: its file and line.
pub(super) type Place = (PathBuf, usize);

/// A condition that is being read.
pub(super) struct Branch {
    /// The branch at hand is not taken, for certain.
    dead: bool,
    /// A branch before was taken for certain, or this one is.
    done: bool,
    /// The whole stands in a dead branch.
    outer: bool,
    /// Some answer was not known: the variables before, and those of the branches so far.
    open: Option<(Table, Option<Table>)>,
}

/// What the lines that follow belong to.
enum Within {
    Lines,
    /// `define`: the name, the operator, the lines so far and how many more `endef` are to come.
    Define(String, String, Vec<String>, usize),
}

impl Make<'_> {
    /// Reads a Makefile.
    pub(super) fn read(&mut self, path: &Path, text: &str) {
        self.files += 1;
        if self.nesting >= MAX_DEPTH || self.files > MAX_FILES {
            self.cut = true;
            return;
        }
        self.nesting += 1;
        let text = text::plain(text);
        let outer = self.place.clone();
        let mut within = Within::Lines;
        let mut lines = text.split('\n').enumerate();
        while let Some((number, line)) = lines.next() {
            self.place = (path.to_owned(), number + 1);
            if let Within::Define(..) = within {
                within = self.defines(within, line);
                continue;
            }
            let mut whole = line.trim_end_matches('\r').to_owned();
            while whole.ends_with('\\')
                && let Some((_, next)) = lines.next()
            {
                whole.push('\n');
                whole.push_str(next.trim_end_matches('\r'));
            }
            within = self.line(&whole);
            if self.stopped {
                break;
            }
        }
        self.nesting -= 1;
        self.place = outer;
    }

    fn line(&mut self, line: &str) -> Within {
        let in_rule = !self.open_rules.is_empty();
        if let Some(recipe) = line.strip_prefix(self.recipe_sign).filter(|_| in_rule) {
            if !self.is_dead() {
                self.recipe_line(recipe);
            }
            return Within::Lines;
        }
        let line = text::uncommented(&continued(line));
        let bare = line.trim();
        if bare.is_empty() || self.condition(bare) || self.is_dead() {
            return Within::Lines;
        }
        self.statement(bare)
    }

    /// Reads one line that is neither recipe nor condition.
    fn statement(&mut self, bare: &str) -> Within {
        let (word, rest) = bare.split_once([' ', '\t']).unwrap_or((bare, ""));
        let rest = rest.trim();
        match word {
            "define" => {
                let (name, sign) = rest.rsplit_once([' ', '\t']).unwrap_or((rest, ""));
                let (name, sign) = match sign.ends_with('=') {
                    true => (name.trim(), sign),
                    false => (rest, "="),
                };
                return Within::Define(name.to_owned(), sign.to_owned(), Vec::new(), 0);
            }
            "include" | "-include" | "sinclude" => self.includes(rest),
            "override" | "export" | "private" | "unexport" | "undefine" | "vpath" | "load" => {
                return self.modified(word, rest);
            }
            _ => match assignment(bare) {
                Some((name, sign, value)) => self.assigns(name, sign, value),
                None => self.rule_or_text(bare),
            },
        }
        Within::Lines
    }

    /// `override X = 1`, `export X`, `undefine X`.
    fn modified(&mut self, word: &str, rest: &str) -> Within {
        let name = assignment(rest).map(|(name, ..)| name.trim().to_owned());
        match (word, name) {
            ("override", Some(name)) => {
                self.forced.insert(name);
                return self.statement(rest);
            }
            ("export", Some(name)) => {
                self.exports.insert(name);
                return self.statement(rest);
            }
            ("export", None) if rest.is_empty() => self.exports_all = true,
            ("export", None) => {
                let names = self.expand(rest, 0).concat();
                self.exports
                    .extend(names.split_whitespace().map(str::to_owned));
            }
            ("unexport", None) => {
                for name in rest.split_whitespace() {
                    self.exports.remove(name);
                }
            }
            ("undefine", _) => {
                self.table.remove(rest);
            }
            ("override" | "private", _) => return self.statement(rest),
            _ => {}
        }
        Within::Lines
    }

    fn defines(&mut self, within: Within, line: &str) -> Within {
        let Within::Define(name, sign, mut lines, mut more) = within else {
            return within;
        };
        let word = line.split_whitespace().next().unwrap_or_default();
        match word {
            "endef" if more == 0 => {
                if !self.is_dead() {
                    self.assigns(&name, &sign, &lines.join("\n"));
                }
                return Within::Lines;
            }
            "endef" => more -= 1,
            "define" => more += 1,
            _ => {}
        }
        lines.push(line.to_owned());
        Within::Define(name, sign, lines, more)
    }

    /// Gives a variable its value.
    fn assigns(&mut self, name: &str, sign: &str, value: &str) {
        self.open_rules.clear();
        for name in self.expand(name.trim(), 0) {
            match name.as_str() {
                ".RECIPEPREFIX" => self.recipe_sign = value.chars().next().unwrap_or('\t'),
                ".DEFAULT_GOAL" => {
                    let goals = self.expand(value, 0);
                    self.begins_with(goals);
                }
                _ => {}
            }
            let name: Rc<str> = name.as_str().into();
            let contents = self.given_by(&name, sign, value);
            if let Some(contents) = contents {
                self.table.insert(name, Rc::new(contents));
            }
        }
    }

    /// Sets what is made where no goal is given; where nobody knows whether this line counts, what was set before may be.
    fn begins_with(&mut self, goals: Vec<String>) {
        if self.doubt == 0 {
            self.first.clear();
        }
        self.first.extend(goals);
        self.first_is_sure = true;
    }

    fn given_by(&mut self, name: &Rc<str>, sign: &str, value: &str) -> Option<Vec<Content>> {
        let known = self.table.get(name).map(|known| (**known).clone());
        let simple = |make: &mut Self| -> Vec<Content> {
            let readings = make.expand(value, 0);
            readings.into_iter().map(Content::Simple).collect()
        };
        Some(match sign {
            ":=" | "::=" | ":::=" => simple(self),
            "!=" => {
                let mut all = Vec::new();
                for said in self.expand(value, 0) {
                    let text = self.told(&said);
                    self.notes(text.clone());
                    all.push(Content::Simple(self.hole(&format!("$({text})"))));
                }
                all
            }
            "?=" => match known {
                Some(known) if !known.contains(&Content::Unset) => return None,
                _ if self.world.is_set(name) => return None,
                Some(mut known) => {
                    known.retain(|one| *one != Content::Unset);
                    known.push(Content::Recursive(value.to_owned()));
                    known
                }
                None => vec![Content::Recursive(value.to_owned())],
            },
            "+=" => {
                let more = simple(self);
                let mut all = Vec::new();
                for one in known.unwrap_or_else(|| vec![Content::Unset]) {
                    match one {
                        Content::Recursive(text) => {
                            all.push(Content::Recursive(format!("{text} {value}")));
                        }
                        Content::Unset => {
                            let inherited = format!("$({name}) ");
                            let inherited = match self.world.is_set(name) {
                                true => self.expand(&inherited, 0).concat(),
                                false => String::new(),
                            };
                            all.push(Content::Recursive(inherited.replace(DOLLAR, "$$") + value));
                        }
                        Content::Simple(text) => {
                            all.extend(more.iter().map(|more| match more {
                                Content::Simple(more) => Content::Simple(format!("{text} {more}")),
                                other => other.clone(),
                            }));
                        }
                    }
                }
                all
            }
            _ => vec![Content::Recursive(value.to_owned())],
        })
    }

    fn includes(&mut self, rest: &str) {
        self.open_rules.clear();
        for said in self.expand(rest, 0) {
            let told = self.told(&said);
            for name in told.split_whitespace().filter(|name| !name.contains('$')) {
                let files = self.world.files(name);
                if files.is_empty() {
                    self.missing.push(name.to_owned());
                }
                for (path, text) in files {
                    self.names.push(name.to_owned());
                    self.read(&path, &text);
                }
            }
        }
    }

    /// A line that is no assignment: a rule, or a text that stands for other lines.
    fn rule_or_text(&mut self, bare: &str) {
        if let Some(colon) = text::find(bare, |rest| rest.starts_with(':')) {
            return self.rule(bare, colon);
        }
        self.open_rules.clear();
        if !bare.contains('$') {
            return;
        }
        for said in self.expand(bare, 0) {
            self.evaluates(&said);
        }
    }

    /// Reads a text that was made while reading.
    pub(super) fn evaluates(&mut self, said: &str) {
        let path = self.place.0.clone();
        // What was `$$` is `$` now, and is expanded again.
        let text = said.replace(DOLLAR, "$");
        let text: String = self.opened(&text);
        if text.trim().is_empty() {
            return;
        }
        let (line, files) = (self.place.1, self.files);
        self.read(&path, &text);
        (self.files, self.place) = (files, (path, line));
    }

    /// Writes holes as references that make reads again: what was inherited by its name, what the shell prints as the shell's.
    fn opened(&self, said: &str) -> String {
        let mut out = String::new();
        let mut rest = said;
        while let Some((head, tail)) = rest.split_once(text::OPEN) {
            out.push_str(head);
            let (number, after) = tail.split_once(text::CLOSE).unwrap_or((tail, ""));
            let hole = number
                .parse::<usize>()
                .ok()
                .and_then(|at| self.holes.get(at));
            let hole = hole.map_or("${make_value}", String::as_str);
            match hole
                .strip_prefix("$(")
                .and_then(|hole| hole.strip_suffix(')'))
            {
                Some(command) => {
                    out.push_str(&format!("$(shell {})", command.replace('$', "$$")));
                }
                None => out.push_str(hole),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn is_dead(&self) -> bool {
        self.branches.last().is_some_and(|branch| branch.dead)
    }

    /// Takes in a line that begins, turns or ends a condition; tells whether it is one.
    fn condition(&mut self, line: &str) -> bool {
        let (word, rest) = first_word(line);
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                let outer = self.is_dead();
                let holds = if outer {
                    Some(false)
                } else {
                    self.holds(word, rest)
                };
                let open = holds.is_none().then(|| (self.table.clone(), None));
                self.doubt += usize::from(open.is_some());
                self.branches.push(Branch {
                    dead: holds == Some(false),
                    done: holds == Some(true),
                    outer,
                    open,
                });
                true
            }
            "else" if !self.branches.is_empty() => {
                self.turns(rest);
                true
            }
            "endif" if !self.branches.is_empty() => {
                if let Some(branch) = self.branches.pop() {
                    self.closes(branch);
                }
                true
            }
            _ => false,
        }
    }

    fn turns(&mut self, rest: &str) {
        let (word, tail) = first_word(rest);
        let Some(mut branch) = self.branches.pop() else {
            return;
        };
        let alive = !branch.dead;
        if let Some((before, so_far)) = &mut branch.open {
            let table = std::mem::replace(&mut self.table, before.clone());
            if alive {
                *so_far = Some(match so_far.take() {
                    Some(known) => met(known, &table),
                    None => table,
                });
            }
        }
        let holds = match word {
            _ if branch.outer || branch.done => Some(false),
            "" => Some(true),
            _ => self.holds(word, tail),
        };
        if holds.is_none() && branch.open.is_none() {
            branch.open = Some((self.table.clone(), None));
            self.doubt += 1;
        }
        branch.dead = holds == Some(false);
        branch.done |= holds == Some(true);
        self.branches.push(branch);
    }

    fn closes(&mut self, branch: Branch) {
        let Some((before, so_far)) = branch.open else {
            return;
        };
        self.doubt = self.doubt.saturating_sub(1);
        let mut table = std::mem::take(&mut self.table);
        if let Some(so_far) = so_far {
            table = match branch.dead {
                true => so_far,
                false => met(so_far, &table),
            };
        }
        if !branch.done {
            table = met(table, &before);
        }
        self.table = table;
    }

    fn holds(&mut self, word: &str, rest: &str) -> Option<bool> {
        match word {
            "ifdef" | "ifndef" => {
                let names = self.asked(rest);
                let [Some(name)] = names.as_slice() else {
                    return None;
                };
                let values = self.lookup(name.trim(), 0);
                let says: Vec<Option<bool>> = values.iter().map(|said| self.says(said)).collect();
                let set = agreed(&says)?;
                Some(set == (word == "ifdef"))
            }
            _ => {
                let (left, right) = compared(rest)?;
                let (left, right) = (self.asked(left), self.asked(right));
                let mut all = Vec::new();
                for left in &left {
                    for right in &right {
                        let both = left.as_deref().zip(right.as_deref());
                        all.push(both.map(|(left, right)| left.trim() == right.trim()));
                    }
                }
                Some(agreed(&all)? == (word == "ifeq"))
            }
        }
    }
}

fn agreed(all: &[Option<bool>]) -> Option<bool> {
    let first = (*all.first()?)?;
    all.iter().all(|one| *one == Some(first)).then_some(first)
}

fn first_word(line: &str) -> (&str, &str) {
    let end = line.find([' ', '\t', '(', '"', '\'']).unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    (word, rest.trim())
}

/// A line that goes on behind a backslash is one with a blank between.
fn continued(line: &str) -> String {
    let mut parts = line.split("\\\n");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.truncate(out.trim_end().len());
        out.push(' ');
        out.push_str(part.trim_start());
    }
    out
}

/// Splits `NAME := value` into name, operator and value.
pub(super) fn assignment(line: &str) -> Option<(&str, &str, &str)> {
    let at = text::find(line, |rest| {
        ["=", ":=", "::=", ":::=", "?=", "+=", "!="]
            .iter()
            .any(|sign| rest.starts_with(sign))
            || rest.starts_with(':')
    })?;
    let rest = line.get(at..)?;
    let signs = [":::=", "::=", ":=", "?=", "+=", "!=", "="];
    let sign = signs.iter().find(|sign| rest.starts_with(**sign))?;
    let name = line.get(..at)?.trim_end();
    // A name with a blank outside of references is none.
    let blank = text::find(name, |rest| rest.starts_with([' ', '\t']));
    (!name.is_empty() && blank.is_none()).then(|| {
        (
            name,
            *sign,
            rest.get(sign.len()..).unwrap_or_default().trim_start(),
        )
    })
}

/// Splits `(a,b)`, `"a" "b"` and `'a' 'b'`.
fn compared(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    {
        let at = text::find(inner, |rest| rest.starts_with(','))?;
        let (left, right) = text::cut(inner, at, 1);
        return Some((left.trim(), right.trim()));
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (left, rest) = text.get(1..)?.split_once(quote)?;
    let right = rest
        .trim()
        .strip_prefix(['"', '\''])?
        .strip_suffix(['"', '\''])?;
    Some((left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_compare_in_three_forms() {
        assert_eq!(compared("($(A),1)"), Some(("$(A)", "1")));
        assert_eq!(compared("($(f a,b),1)"), Some(("$(f a,b)", "1")));
        assert_eq!(compared("\"a\" 'b'"), Some(("a", "b")));
        assert_eq!(compared("a b"), None);
    }

    #[test]
    fn assignments_are_told_from_rules() {
        assert_eq!(assignment("A := b:c"), Some(("A", ":=", "b:c")));
        assert_eq!(assignment("A=b"), Some(("A", "=", "b")));
        assert_eq!(assignment("$(a:b=c) += d"), Some(("$(a:b=c)", "+=", "d")));
        assert_eq!(assignment("all: A=b"), None);
        assert_eq!(assignment("two words = x"), None);
    }
}
