//! Conditions whose answer stands in the text: `false`, `[ "$mode" = status ]`, `case dev in …`.
//! It asks nothing of the world, and answers only where every word is known and the place is read just once.

use crate::model::word::Word;

use super::ast::{CaseArm, Node, NodeKind, PartKind, Pipeline, RawPart, RawWord, Script};
use super::expand::VALUE;
use super::state::{Feed, State, literal};
use super::unfold::{Frame, Unfolder};

/// Characters that a pattern in a variable may mean as more than themselves.
const SPECIAL: [char; 5] = ['*', '?', '[', '(', '\\'];

impl Unfolder<'_> {
    /// Tells whether a pipeline that has just run succeeded, where that is certain; `from` is the number of programs before it.
    pub(super) fn truth(
        &mut self,
        pipeline: &Pipeline,
        from: usize,
        st: &mut State,
        fr: &Frame,
    ) -> Option<bool> {
        let [node] = pipeline.nodes.as_slice() else {
            return None;
        };
        let quiet = node.redirects.is_empty() && self.out.commands.len() == from;
        if self.unsure > 0 || self.again > 0 || !quiet {
            return None;
        }
        let holds = match &node.kind {
            NodeKind::Simple { assigns, .. } if assigns.is_empty() && self.single => {
                self.answered(node, fr)
            }
            NodeKind::Test(words) if self.out.commands.len() == from => {
                self.compared(words, st, fr)
            }
            _ => None,
        };
        holds.map(|holds| holds != pipeline.negated)
    }

    /// After what may change variables or matching unseen, no condition is decided any more.
    pub(super) fn doubt(&mut self, name: &str, args: &[Word]) {
        let unnamed = |word: &Word| word.text().is_none() && !word.prefix().contains('=');
        // Values of such variables are counted or written another way when they are set.
        let alters = |word: &Word| {
            let head = word.prefix();
            head.starts_with(['-', '+']) && head.contains(['i', 'u', 'l', 'c'])
        };
        let unseen = match name {
            "source" | "." | "eval" | "trap" | "shopt" | "setopt" | "emulate" => true,
            "declare" | "typeset" | "local" => {
                args.iter().any(|word| unnamed(word) || alters(word))
            }
            "export" | "readonly" | "read" | "unset" | "mapfile" | "readarray" | "getopts"
            | "let" => args.iter().any(unnamed),
            "printf" => {
                args.first()
                    .is_some_and(|word| word.prefix().starts_with("-v"))
                    && args.iter().take(2).any(unnamed)
            }
            _ => false,
        };
        self.unsure += usize::from(unseen);
    }

    /// The same of a condition that is one pipeline.
    pub(super) fn answer(
        &mut self,
        condition: &Script,
        from: usize,
        st: &mut State,
        fr: &Frame,
    ) -> Option<bool> {
        match condition.items.as_slice() {
            [item] if item.rest.is_empty() && !item.background => {
                self.truth(&item.first, from, st, fr)
            }
            _ => None,
        }
    }

    /// What the last question answers, when this node asked it.
    fn answered(&mut self, node: &Node, fr: &Frame) -> Option<bool> {
        let (origin, words) = self.asked.take()?;
        if origin != fr.source.origin(node.span) {
            return None;
        }
        let words: Option<Vec<String>> = words.iter().map(Word::text).collect();
        let words = words?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["true" | ":", ..] => Some(true),
            ["false", ..] => Some(false),
            ["[", inside @ .., "]"] | ["test", inside @ ..] => tested(inside),
            _ => None,
        }
    }

    /// `[[ a == b ]]` of known words without substitutions.
    fn compared(&mut self, words: &[RawWord], st: &mut State, fr: &Frame) -> Option<bool> {
        let (words, negated) = match words {
            [first, rest @ ..] if plain(first) == Some("!") => (rest, true),
            all => (all, false),
        };
        let holds = match words {
            [left, op, right] if matches!(plain(op)?, "=" | "==" | "!=") => {
                let left = self.known(left, st, fr)?;
                let same = self.fits(right, &left, st, fr)?;
                same == (plain(op)? != "!=")
            }
            [left, op, right] => {
                let (left, right) = (self.known(left, st, fr)?, self.known(right, st, fr)?);
                tested(&[&left, plain(op)?, &right])?
            }
            [op, word] => tested(&[plain(op)?, &self.known(word, st, fr)?])?,
            [word] => tested(&[&self.known(word, st, fr)?])?,
            _ => return None,
        };
        Some(holds != negated)
    }

    /// Returns a word that is known and does nothing.
    fn known(&mut self, word: &RawWord, st: &mut State, fr: &Frame) -> Option<String> {
        if !word.parts.iter().all(is_idle) {
            return None;
        }
        literal(&self.text(&word.parts, VALUE, st, fr))
    }

    /// Tells whether a text fits a pattern; patterns with classes and extended ones are left open.
    fn fits(&mut self, word: &RawWord, text: &str, st: &mut State, fr: &Frame) -> Option<bool> {
        let plain = |part: &RawPart| match &part.kind {
            PartKind::Glob(text) => !text.contains(['[', '(']),
            _ => is_idle(part),
        };
        if !word.parts.iter().all(plain) {
            return None;
        }
        let unsure = |part: &RawPart| matches!(part.kind, PartKind::Param(_));
        if word.parts.iter().any(unsure) && self.known(word, st, fr)?.contains(SPECIAL) {
            return None;
        }
        let pattern = self.pattern(&word.parts, st, fr)?;
        Some(pattern.matches(text))
    }

    /// Runs the only arm of a `case` that fits, where that is certain; nothing where it is not.
    pub(super) fn decided(
        &mut self,
        subject: &RawWord,
        arms: &[CaseArm],
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if self.again > 0 || arms.iter().any(|arm| arm.falls_through) {
            return None;
        }
        let subject = self.known(subject, st, fr)?;
        for arm in arms {
            for pattern in &arm.patterns {
                let fits = self.fits(pattern, &subject, st, fr)?;
                // Reading the words may have shown that others fill them in.
                if self.unsure > 0 {
                    return None;
                }
                if fits {
                    return Some(self.script(&arm.body, st, fr));
                }
            }
        }
        Some(Feed::nothing())
    }
}

/// What `test` answers to known words; nothing where it asks the world.
fn tested(words: &[&str]) -> Option<bool> {
    match words {
        [] => Some(false),
        ["!", rest @ ..] if rest.len() < 3 => tested(rest).map(|holds| !holds),
        [word] => Some(!word.is_empty()),
        ["-n", word] => Some(!word.is_empty()),
        ["-z", word] => Some(word.is_empty()),
        [left, "=" | "==", right] => Some(left == right),
        [left, "!=", right] => Some(left != right),
        [left, op, right] => {
            let (left, right) = (number(left)?, number(right)?);
            match *op {
                "-eq" => Some(left == right),
                "-ne" => Some(left != right),
                "-lt" => Some(left < right),
                "-le" => Some(left <= right),
                "-gt" => Some(left > right),
                "-ge" => Some(left >= right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Returns a number; one with zeros in front is octal to `[[` and not to `[`.
fn number(text: &str) -> Option<i64> {
    let digits = text.trim_start_matches(['+', '-']);
    let open = digits.len() > 1 && digits.starts_with('0');
    text.parse().ok().filter(|_| !open)
}

/// Tells whether reading a part a second time changes nothing.
fn is_idle(part: &RawPart) -> bool {
    match &part.kind {
        PartKind::Plain(_) | PartKind::Escaped(_) | PartKind::Single(_) | PartKind::AnsiC(_) => {
            true
        }
        PartKind::Double(parts) => parts.iter().all(is_idle),
        PartKind::Param(param) => param.op.is_empty() && param.index.is_none() && !param.indirect,
        PartKind::Glob(_)
        | PartKind::Command(_)
        | PartKind::Arith(_)
        | PartKind::Process { .. } => false,
    }
}

/// Returns a word that stands there letter by letter.
fn plain(word: &RawWord) -> Option<&str> {
    match word.parts.as_slice() {
        [part] => match &part.kind {
            PartKind::Plain(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
