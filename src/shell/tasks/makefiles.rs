//! What makes one text of a Makefile before its rules are read: files that it includes, and conditions whose answer is known.
//! It reads no rules and runs nothing; a condition that is not certain leaves both of its branches.

use std::path::{Path, PathBuf};

use crate::model::fact::{Answer, Question};
use crate::model::word::Word;

use super::super::state::Feed;
use super::super::state::{State, Value, lexical, literal};
use super::super::unfold::{Content, Unfolder};
use super::super::world::said;

/// Makefiles that one may include, those inside them counted too.
const MAX_INCLUDED: usize = 64;
/// Makefiles inside makefiles.
const MAX_DEPTH: usize = 6;
/// Lines of all of them together.
const MAX_LINES: usize = 20_000;

/// The lines of a Makefile with those that it includes, and where each comes from.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    lines: Vec<String>,
    places: Vec<(PathBuf, usize)>,
    files: usize,
}

impl Assembled {
    pub(super) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Returns the file and line that a line of the whole text comes from.
    pub(super) fn place(&self, number: usize) -> Option<&(PathBuf, usize)> {
        self.places.get(number.checked_sub(1)?)
    }
}

/// Variables on the way through a Makefile: those that were given outside win.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub variables: &'a [(String, String)],
    pub own: Vec<(String, String)>,
}

/// A condition that is being read.
struct Branch {
    /// The branch at hand is not taken, for certain.
    dead: bool,
    /// A branch before was taken for certain.
    done: bool,
    /// The whole stands in a dead branch.
    outer: bool,
}

impl Unfolder<'_> {
    /// Returns a Makefile with what it includes, and without what its conditions leave out for certain.
    pub(super) fn assembled(
        &mut self,
        path: &Path,
        text: &str,
        given: &mut Given<'_>,
        st: &State,
    ) -> Assembled {
        let mut all = Assembled::default();
        self.assemble(path, text, given, st, 0, &mut all);
        all
    }

    fn assemble(
        &mut self,
        path: &Path,
        text: &str,
        given: &mut Given<'_>,
        st: &State,
        depth: usize,
        all: &mut Assembled,
    ) {
        let mut branches: Vec<Branch> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if all.lines.len() >= MAX_LINES {
                return;
            }
            let bare = line.trim();
            let mut kept = line;
            let is_recipe = line.starts_with('\t');
            let left_out = !is_recipe && self.condition(bare, given, st, &mut branches)
                || branches.last().is_some_and(|branch| branch.dead);
            if left_out {
                kept = "";
            } else if !is_recipe {
                if let Some(files) = included(bare) {
                    self.include(files, given, st, depth, all);
                    kept = "";
                } else {
                    given.define(bare);
                }
            }
            all.lines.push(kept.to_owned());
            all.places.push((path.to_owned(), index + 1));
        }
    }

    fn include(
        &mut self,
        files: &str,
        given: &mut Given<'_>,
        st: &State,
        depth: usize,
        all: &mut Assembled,
    ) {
        if depth >= MAX_DEPTH {
            return;
        }
        let files = super::expand_make(files, "", &given.all());
        for name in files.split_whitespace().filter(|name| !name.contains('$')) {
            for path in self.named(name, st) {
                all.files += 1;
                if all.files > MAX_INCLUDED {
                    return;
                }
                let file = Word::literal(path.to_string_lossy(), super::super::state::nowhere());
                let known = match self.content(&file, st) {
                    Some(Content::Feed(Feed::Text { pieces, .. })) => literal(pieces),
                    _ => None,
                };
                let text = match known {
                    Some(text) => Some(text),
                    None => match self.read(path.clone()) {
                        Some(Answer::Text { text, .. }) => Some(text),
                        _ => None,
                    },
                };
                if let Some(text) = text {
                    self.assemble(&path, &text, given, st, depth + 1, all);
                }
            }
        }
    }

    fn named(&mut self, name: &str, st: &State) -> Vec<PathBuf> {
        let Some(cwd) = st.known_cwd().filter(|_| !st.far) else {
            return Vec::new();
        };
        if !name.contains(['*', '?', '[']) {
            return vec![lexical(cwd, name)];
        }
        let question = Question::Glob {
            dir: cwd.to_owned(),
            pattern: name.to_owned(),
        };
        match self.facts.ask(question, self.needs) {
            Some(Answer::Glob(paths)) => paths.iter().map(|path| cwd.join(path)).collect(),
            _ => Vec::new(),
        }
    }

    /// Takes in a line that begins, turns or ends a condition; tells whether it is one.
    fn condition(
        &mut self,
        line: &str,
        given: &Given<'_>,
        st: &State,
        branches: &mut Vec<Branch>,
    ) -> bool {
        let (word, rest) = line
            .split_once([' ', '\t', '('])
            .map_or((line, ""), |(word, _)| {
                (word, line.get(word.len()..).unwrap_or_default())
            });
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                let outer = branches.last().is_some_and(|branch| branch.dead);
                let holds = if outer {
                    None
                } else {
                    self.holds(word, rest.trim(), given, st)
                };
                branches.push(Branch {
                    dead: outer || holds == Some(false),
                    done: holds == Some(true),
                    outer,
                });
                true
            }
            "else" if !branches.is_empty() => {
                let next = rest.trim();
                let (word, tail) = next.split_once([' ', '(']).map_or((next, ""), |(word, _)| {
                    (word, next.get(word.len()..).unwrap_or_default())
                });
                let holds = match word {
                    "" => None,
                    _ => self.holds(word, tail.trim(), given, st),
                };
                if let Some(branch) = branches.last_mut() {
                    branch.dead = branch.outer || branch.done || holds == Some(false);
                    branch.done |= holds == Some(true);
                }
                true
            }
            "endif" if !branches.is_empty() => {
                branches.pop();
                true
            }
            _ => false,
        }
    }

    fn holds(&mut self, word: &str, rest: &str, given: &Given<'_>, st: &State) -> Option<bool> {
        match word {
            "ifdef" | "ifndef" => {
                let set = !self.make_value(rest, given, st)?.is_empty();
                Some(set == (word == "ifdef"))
            }
            "ifeq" | "ifneq" => {
                let (left, right) = compared(rest)?;
                let left = self.make_text(left, given, st)?;
                let right = self.make_text(right, given, st)?;
                Some((left == right) == (word == "ifeq"))
            }
            _ => None,
        }
    }

    /// Returns a text with its variables replaced; nothing where one is not known.
    fn make_text(&mut self, text: &str, given: &Given<'_>, st: &State) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((head, tail)) = rest.split_once('$') {
            out.push_str(head);
            let close = match tail.chars().next()? {
                '(' => ')',
                '{' => '}',
                _ => return None,
            };
            let (name, after) = tail.get(1..)?.split_once(close)?;
            let name = name.strip_prefix("strip ").unwrap_or(name).trim();
            out.push_str(&self.make_value(name, given, st)?);
            rest = after;
        }
        out.push_str(rest);
        Some(out.trim().to_owned())
    }

    /// Returns what a variable holds; one that is set nowhere holds nothing.
    fn make_value(&mut self, name: &str, given: &Given<'_>, st: &State) -> Option<String> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        if let Some(value) = given.value(name) {
            return (!value.contains(['$', '\u{1}'])).then(|| value.to_owned());
        }
        let known = st.variables.get(name).filter(|known| known.exported);
        if let Some(known) = known {
            return match known.alternatives.as_slice() {
                [Value::Text(pieces)] => literal(pieces),
                _ => None,
            };
        }
        if matches!(
            name,
            "MAKECMDGOALS" | "MAKEFLAGS" | "OS" | "SHELL" | "CURDIR" | "MAKE" | "CC"
        ) {
            return None;
        }
        match self
            .facts
            .ask(Question::Variable(name.to_owned()), self.needs)
        {
            Some(Answer::Absent) => Some(String::new()),
            Some(Answer::Variable(value)) => Some(value.clone()),
            _ => None,
        }
    }

    /// Sets the variables that a runner was given for the shells of its recipes.
    pub(super) fn hand_on(variables: &[(String, String)], st: &mut State) {
        for (name, value) in variables.iter().filter(|(_, value)| !value.contains('$')) {
            st.set(name, said(value));
            st.export(name, true);
        }
    }
}

impl Given<'_> {
    fn all(&self) -> Vec<(String, String)> {
        self.own.iter().chain(self.variables).cloned().collect()
    }

    fn value(&self, name: &str) -> Option<&str> {
        let of = |list: &'_ [(String, String)]| list.iter().rposition(|(known, _)| known == name);
        if let Some(at) = of(self.variables) {
            return self.variables.get(at).map(|(_, value)| value.as_str());
        }
        of(&self.own)
            .and_then(|at| self.own.get(at))
            .map(|(_, value)| value.as_str())
    }

    /// Takes in `NAME := value`.
    fn define(&mut self, line: &str) {
        let Some((head, value)) = line.split_once('=') else {
            return;
        };
        let name = head.trim_end_matches([':', '?', '+', '!', ' ', '\t']);
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return;
        }
        let value = value.trim();
        // What is added, run or continued is not followed.
        let open = head.trim_end().ends_with(['+', '!']) || value.ends_with('\\');
        let value = if open { "$" } else { value };
        if head.trim_end().ends_with('?') && self.own.iter().any(|(known, _)| known == name) {
            return;
        }
        self.own.push((name.to_owned(), value.to_owned()));
    }
}

fn included(line: &str) -> Option<&str> {
    let (word, files) = line.split_once([' ', '\t'])?;
    matches!(word, "include" | "-include" | "sinclude")
        .then(|| files.split('#').next().unwrap_or_default())
}

/// Splits `(a,b)`, `"a" "b"` and `'a' 'b'`.
fn compared(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    {
        return inner.split_once(',').map(|(a, b)| (a.trim(), b.trim()));
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (left, rest) = text.get(1..)?.split_once(quote)?;
    let right = rest
        .trim()
        .strip_prefix(['"', '\''])?
        .strip_suffix(['"', '\''])?;
    Some((left, right))
}

fn stem<'t>(target: &'t str, pattern: &str) -> Option<&'t str> {
    let (head, tail) = pattern.split_once('%')?;
    target.strip_prefix(head)?.strip_suffix(tail)
}

/// Returns what a rule needs for this target.
pub(super) fn needs(target: &str, pattern: &str, needs: &[String]) -> Vec<String> {
    let stem = stem(target, pattern).unwrap_or("%");
    let all = needs.iter().filter(|need| *need != "|");
    all.map(|need| need.replacen('%', stem, 1)).collect()
}

/// Replaces `$*`, `$<`, `$^` and `$+` where the rule says what they stand for.
pub(super) fn automatic(line: &str, target: &str, pattern: &str, needs: &[String]) -> String {
    let stem = stem(target, pattern);
    let needs = self::needs(target, pattern, needs);
    let mut out = String::new();
    let mut rest = line;
    while let Some((head, tail)) = rest.split_once('$') {
        out.push_str(head);
        let short = |name: char| {
            let long = [format!("({name})"), format!("{{{name}}}")];
            let after = long
                .iter()
                .find_map(|long| tail.strip_prefix(long.as_str()));
            after.or_else(|| tail.strip_prefix(name))
        };
        if let Some(after) = tail.strip_prefix('$') {
            out.push_str("$$");
            rest = after;
        } else if let (Some(after), Some(stem)) = (short('*'), stem) {
            out.push_str(stem);
            rest = after;
        } else if let (Some(after), Some(first)) = (short('<'), needs.first()) {
            out.push_str(first);
            rest = after;
        } else if let (Some(after), false) = (short('^').or_else(|| short('+')), needs.is_empty()) {
            out.push_str(&needs.join(" "));
            rest = after;
        } else {
            out.push('$');
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_variables_are_what_the_rule_gives_them() {
        let needs = ["%.src".to_owned(), "lib".to_owned()];
        let text = automatic("rm -rf $* $< $^ $$* $(X)", "old.purge", "%.purge", &needs);
        assert_eq!(text, "rm -rf old old.src old.src lib $$* $(X)");
        assert_eq!(automatic("rm $*", "plain", "plain", &[]), "rm $*");
    }

    #[test]
    fn conditions_compare_in_three_forms() {
        assert_eq!(compared("($(A),1)"), Some(("$(A)", "1")));
        assert_eq!(compared("\"a\" 'b'"), Some(("a", "b")));
        assert_eq!(compared("a b"), None);
    }
}
