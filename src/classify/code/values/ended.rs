//! Branches of Ruby that the command line decides: `if … else … end`, `x if c`, and what stands behind `exit unless c`.
//! It decides nothing that `truth` does not.

use super::super::index::Part;
use super::super::tokens::Token;
use super::Reader;

/// Statements with a condition that are looked at.
const MAX_STATEMENTS: usize = 200;
/// Words that open a block where a statement begins; `end` closes it.
const OPENS: [&str; 11] = [
    "if", "unless", "while", "until", "for", "case", "begin", "def", "class", "module", "do",
];

impl Reader<'_> {
    /// Returns the parts of a code of Ruby that do not run.
    pub(super) fn skipped_ruby(&self) -> Vec<Part> {
        let index = self.index;
        let mut all = Vec::new();
        let mut statements = 0;
        for at in 0..index.main_end() {
            let Some(word @ ("if" | "unless")) = self.keyword(at) else {
                continue;
            };
            statements += 1;
            if statements > MAX_STATEMENTS {
                return all;
            }
            let end = self.line_end(at);
            let condition = Part::new(at + 1, self.before_then(at + 1, end));
            let Some(holds) = self.truth(condition, 0) else {
                continue;
            };
            let runs = holds == (word == "if");
            match self.opens(at) {
                true => self.whole(at, end, runs, &mut all),
                false => self.behind(at, end, runs, &mut all),
            }
        }
        all
    }

    /// `if c … elsif d … else … end`
    fn whole(&self, at: usize, line: usize, runs: bool, all: &mut Vec<Part>) {
        let Some((others, end)) = self.closed(at) else {
            return;
        };
        let first = others.first().copied().unwrap_or(end);
        let body = Part::new(line, first);
        if runs {
            all.push(Part::new(first, end));
            if self.leaves_ruby(body) {
                all.extend(self.to_the_end(end, at));
            }
            return;
        }
        all.push(body);
        if let [only] = others.as_slice()
            && self.index.name(*only) == Some("else")
            && self.leaves_ruby(Part::new(only + 1, end))
        {
            all.extend(self.to_the_end(end, at));
        }
    }

    /// `x if c`
    fn behind(&self, at: usize, line: usize, runs: bool, all: &mut Vec<Part>) {
        let from = self.line_start(at);
        let whole = (from..at).all(|at| self.index.token(at) != Some(&Token::Line));
        // `a = b if c` gives nothing where it does not run; that is looked at elsewhere.
        if !whole || from >= at {
            return;
        }
        if !runs {
            all.push(Part::new(from, at));
        } else if self.leaves_ruby(Part::new(from, at)) {
            all.extend(self.to_the_end(line, at));
        }
    }

    /// Tells whether the word at this place begins a statement, so that an `end` belongs to it.
    fn opens(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return true;
        };
        match self.index.token(before) {
            None | Some(Token::Line) => true,
            Some(Token::Sign(sign)) => matches!(sign, ';' | '=' | '(' | '{' | '|' | '['),
            Some(Token::Name { name, .. }) => {
                matches!(name.as_str(), "then" | "else" | "do" | "begin")
            }
            Some(Token::Text { .. }) => false,
        }
    }

    /// Returns where the other branches of a statement begin, and its `end`.
    fn closed(&self, at: usize) -> Option<(Vec<usize>, usize)> {
        let index = self.index;
        let mut depth = 0_usize;
        let mut others = Vec::new();
        // `while c do` has one end for both words.
        let mut looped = false;
        for place in at + 1..index.main_end() {
            if index.token(place) == Some(&Token::Line) {
                looped = false;
                continue;
            }
            let Some(word) = self.keyword(place) else {
                continue;
            };
            match word {
                "do" if looped => looped = false,
                "do" => depth += 1,
                _ if OPENS.contains(&word) && self.opens(place) => {
                    depth += 1;
                    looped = matches!(word, "while" | "until" | "for");
                }
                "elsif" | "else" | "rescue" | "ensure" if depth == 0 => others.push(place),
                _ if word == "end" || word.starts_with("end.") => {
                    if depth == 0 {
                        return Some((others, place));
                    }
                    depth -= 1;
                }
                _ => {}
            }
        }
        None
    }

    /// Returns the word that stands here, unless it is a key or a symbol (`if: :new?`, `:end`), or a function without an `end`.
    fn keyword(&self, at: usize) -> Option<&str> {
        let index = self.index;
        let word = index.name(at)?;
        let symbol = at.checked_sub(1).is_some_and(|at| index.is_sign(at, ':'));
        let key = index.is_sign(at + 1, ':') && !index.is_sign(at + 2, ':');
        let mut behind = at + 2;
        if index.is_sign(behind, '(') {
            behind = index.after(behind);
        }
        let endless = word == "def" && index.is_sign(behind, '=');
        (!symbol && !key && !endless).then_some(word)
    }

    fn line_end(&self, at: usize) -> usize {
        let index = self.index;
        let around = index.around(at);
        let ends = |at: &usize| {
            index.token(*at) == Some(&Token::Line) && index.around(*at) == around
                || index.is_sign(*at, ';')
        };
        (at..index.main_end())
            .find(ends)
            .unwrap_or(index.main_end())
    }

    fn before_then(&self, from: usize, end: usize) -> usize {
        let then = |at: &usize| self.index.name(*at) == Some("then");
        (from..end).find(then).unwrap_or(end)
    }

    fn line_start(&self, at: usize) -> usize {
        let index = self.index;
        let before = |at: &usize| {
            matches!(
                index.token(*at),
                Some(Token::Line | Token::Sign(';' | '{' | '|'))
            ) || matches!(index.name(*at), Some("then" | "else" | "do"))
        };
        (0..at).rev().find(before).map_or(0, |at| at + 1)
    }

    /// Tells whether a part leaves what is around it, whatever happens before.
    fn leaves_ruby(&self, body: Part) -> bool {
        let index = self.index;
        let leaves = |at: usize| {
            let word = index.name(at).unwrap_or_default();
            let own = !index.bindings(word).is_empty() || index.function_named(word).is_some();
            matches!(
                word,
                "exit" | "abort" | "exit!" | "return" | "next" | "break" | "raise"
            ) && !own
        };
        let body = index.trimmed(body);
        let first = (body.from..body.to).find(|at| index.token(*at) != Some(&Token::Line));
        let alone = (body.from..body.to)
            .filter(|at| index.token(*at) == Some(&Token::Line))
            .count()
            == 0;
        let last = self.line_start(body.to);
        // The last line, where it stands by itself and under no condition.
        let plain = |at: usize| {
            let end = self.line_end(at).min(body.to);
            (at..end).all(|at| {
                !matches!(
                    index.name(at),
                    Some("if" | "unless" | "while" | "until" | "rescue" | "or" | "and")
                )
            })
        };
        alone && first.is_some_and(|at| leaves(at) && plain(at))
            || !alone && last >= body.from && leaves(last) && plain(last) && self.is_flat(body)
    }

    /// Tells whether a part has no blocks in it.
    fn is_flat(&self, body: Part) -> bool {
        let word = |at: usize| self.index.name(at).unwrap_or_default();
        !(body.from..body.to).any(|at| OPENS.contains(&word(at)) || word(at) == "end")
    }

    /// What stands behind an early end: to the end of its block, or of the code.
    fn to_the_end(&self, from: usize, at: usize) -> Option<Part> {
        let index = self.index;
        let mut depth = 0_usize;
        let mut looped = false;
        for place in from + 1..index.main_end() {
            if index.token(place) == Some(&Token::Line) {
                looped = false;
                continue;
            }
            if index.is_sign(place, '}') && index.pair(place).is_some_and(|open| open < at) {
                return Some(Part::new(from + 1, place));
            }
            let Some(word) = self.keyword(place) else {
                continue;
            };
            match word {
                "do" if looped => looped = false,
                "do" => depth += 1,
                // What is caught or done at the end runs all the same; a function may have been called before.
                "rescue" | "ensure" | "when" | "elsif" | "else" if depth == 0 => {
                    return Some(Part::new(from + 1, place));
                }
                "def" | "class" | "module" | "at_exit" | "BEGIN" | "END" => return None,
                _ if OPENS.contains(&word) && self.opens(place) => {
                    depth += 1;
                    looped = matches!(word, "while" | "until" | "for");
                }
                _ if word == "end" || word.starts_with("end.") => {
                    if depth == 0 {
                        return Some(Part::new(from + 1, place));
                    }
                    depth -= 1;
                }
                _ => {}
            }
        }
        Some(Part::new(from + 1, index.main_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::calls::{Standing, deeds};
    use super::super::super::tokens::Language;

    /// Returns the folders that a code removes when it is given these words.
    fn removed(text: &str, words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let standing = Standing {
            args: Some(&words),
            ..Standing::inline()
        };
        let steps = deeds(text, Language::Ruby, standing).steps;
        let texts = steps.into_iter().map(|step| step.text);
        texts
            .map(|text| text.replace("rm -rf -- ", "").replace('\'', ""))
            .collect()
    }

    fn rm(name: &str) -> String {
        format!("FileUtils.rm_rf('{name}')")
    }

    #[test]
    fn a_condition_that_is_known_decides_its_branches() {
        let (a, b, c) = (rm("a"), rm("b"), rm("c"));
        let go = "ARGV.include?('--go')";
        for (text, with, without) in [
            (format!("{a} if {go}\n{c}"), "a c", "c"),
            (format!("{a} unless {go}\n{c}"), "c", "a c"),
            (format!("if {go}\n{a}\nelse\n{b}\nend\n{c}"), "a c", "b c"),
            (
                format!("unless {go}\n{a}\nelse\n{b}\nend\n{c}"),
                "b c",
                "a c",
            ),
            (
                format!("if {go} then {a} else {b} end\n{c}"),
                "a c",
                "a b c",
            ),
            (
                format!("if {go}\n{a}\nelsif x\n{b}\nend\n{c}"),
                "a c",
                "b c",
            ),
            (format!("exit 0 unless {go}\n{a}"), "a", ""),
            (format!("abort 'no' unless {go}\n{a}"), "a", ""),
            (format!("unless {go}\nputs 'no'\nexit\nend\n{a}"), "a", ""),
            (
                format!("[1].each do |x|\nnext unless {go}\n{a}\nend\n{c}"),
                "a c",
                "c",
            ),
            (
                format!("[1].each {{ |x|\nnext unless {go}\n{a}\n}}\n{c}"),
                "a c",
                "c",
            ),
            (
                format!("def f\nreturn unless {go}\n{a}\nend\nf\n{c}"),
                "a c",
                "c",
            ),
            (
                format!("if {go}\nwhile x do\n{a}\nend\nif y then z end\nelse\n{b}\nend\n{c}"),
                "a c",
                "b c",
            ),
        ] {
            assert_eq!(removed(&text, &["--go"]).join(" "), with, "{text}");
            assert_eq!(removed(&text, &[]).join(" "), without, "{text}");
        }
    }

    #[test]
    fn what_may_run_all_the_same_is_not_left_out() {
        let (a, c) = (rm("a"), rm("c"));
        let go = "ARGV.include?('--go')";
        for text in [
            format!("begin\nexit unless {go}\nensure\n{a}\nend"),
            format!("at_exit {{ {a} }}\nexit unless {go}"),
            format!("exit unless {go} || x\n{a}"),
            format!("def exit(*)\nend\nexit unless {go}\n{a}"),
            format!("exit unless {go} if x\n{a}"),
            format!("unless {go}\nexit if x\nend\n{a}"),
            format!("unless {go}\n[].each do |y|\nexit\nend\nend\n{a}"),
            format!("unless {go}\ndef f = 1\nend\n{a}"),
            format!("unless {go}\nopts = {{ if: 1, end: 2 }}\ny = :end\nend\n{a}"),
            format!("ARGV << '--go'\n{a} if {go}"),
            format!("ARGV.push('--go')\n{a} if {go}"),
            format!("case x\nwhen 1\nreturn unless {go}\nwhen 2\n{a}\nend"),
        ] {
            let all = removed(&format!("{text}\n{c}"), &[]);
            assert!(all.contains(&"a".to_owned()), "{text}: {all:?}");
        }
    }
}
