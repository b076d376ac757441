//! Conditions whose answer stands in the text: `false`, `[ "$mode" = status ]`, `case dev in …`.
//! It asks nothing of the world, and answers only where every word is known and the place is read just once.

use crate::model::word::Word;

use super::ast::{CaseArm, Node, NodeKind, PartKind, Pipeline, RawPart, RawWord, Script};
use super::expand::VALUE;
use super::pattern::Pattern;
use super::readers;
use super::reads::Reads;
use super::state::{Feed, State, literal};
use super::unfold::{Frame, Unfolder};
use super::world::is_plain;

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
        if !self.may_decide() || !is_plain(&node.redirects) {
            return None;
        }
        // What a list or a function answers was decided inside of it.
        let asks = match &node.kind {
            NodeKind::Simple { .. } => self.called.is_none(),
            NodeKind::Test(_) | NodeKind::Arith(_) => true,
            _ => false,
        };
        if asks && !self.is_settled(|st| Reads::of_node(node, st), st) {
            return None;
        }
        let mut since = self.out.commands.iter().skip(from);
        let quiet =
            since.all(|command| super::branch::asks(command) || readers::only_reads(command));
        let holds = match &node.kind {
            NodeKind::Simple { assigns, .. } if self.single => match self.called {
                Some(held) => Some(held),
                None if assigns.is_empty() && quiet => self.answered(node, st, fr),
                None => None,
            },
            // What only some shells of that name know fails in the others.
            NodeKind::Test(_) | NodeKind::Arith(_) if st.plain => None,
            NodeKind::Test(words) if quiet => self.compared(words, st, fr),
            NodeKind::Arith(_) if quiet => self.reckoned.map(|number| number != 0),
            NodeKind::Group(_) | NodeKind::If { .. } | NodeKind::Case { .. } => self.status,
            _ => None,
        };
        holds.map(|holds| holds != pipeline.negated)
    }

    /// Tells whether anything may be decided here: what is being read runs once, or its rounds are known for what they change.
    pub(super) const fn may_decide(&self) -> bool {
        self.unsure == 0 && self.again == self.repeats
    }

    /// Tells whether what is read is the same in each round of the loops around it.
    fn is_settled(&self, reads: impl Fn(&State) -> Option<Reads>, st: &State) -> bool {
        if self.shifts.is_empty() {
            return true;
        }
        reads(st).is_some_and(|reads| self.shifts.iter().all(|shift| shift.leaves(&reads)))
    }

    /// After `return $n` in a loop: another round may say something else.
    pub(super) fn varied(&mut self, node: &Node, words: &[RawWord]) {
        let leaves = matches!(super::flow::first_word(node), Some("return" | "exit"));
        if leaves && !self.shifts.is_empty() && !words.iter().all(|word| plain(word).is_some()) {
            self.status = None;
        }
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
            "shopt" | "setopt" | "emulate" => true,
            // `wait -p NAME`, `set -o posix`: what stands in front of a builtin stays then.
            "wait" => args.iter().any(|word| word.prefix().starts_with("-p")),
            "set" => args.iter().any(|word| word.prefix() == "posix"),
            // What stands behind the shell's end changes nothing before it.
            "trap" => !args
                .iter()
                .skip(1)
                .all(|word| matches!(word.text().as_deref(), Some("EXIT" | "0" | "-"))),
            "declare" | "typeset" | "local" => {
                let names = |word: &Word| {
                    let head = word.prefix();
                    head.starts_with('-') && head.contains('n')
                };
                // `declare -n r`: what it stands for is said later, or is an element.
                let open = |word: &Word| {
                    let text = word.prefix();
                    !text.starts_with(['-', '+']) && (!text.contains('=') || text.contains('['))
                };
                args.iter().any(|word| unnamed(word) || alters(word))
                    || args.iter().any(names) && args.iter().any(open)
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
        let _ = (from, st, fr);
        match condition.items.as_slice() {
            [.., last] if !last.background && self.may_decide() => self.status,
            _ => None,
        }
    }

    /// What the last question answers, when this node asked it.
    fn answered(&mut self, node: &Node, st: &State, fr: &Frame) -> Option<bool> {
        let (origin, words) = self.asked.take()?;
        if origin != fr.source.origin(node.span) {
            return None;
        }
        let words: Option<Vec<String>> = words.iter().map(Word::text).collect();
        let words = words?;
        if words.iter().any(|text| self.is_list(text)) {
            return None;
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if st.plain && words.contains(&"==") {
            return None;
        }
        match words.as_slice() {
            ["true" | ":", ..] => Some(true),
            ["false", ..] => Some(false),
            ["[", inside @ .., "]"] | ["test", inside @ ..] => self.found(inside, st),
            _ => None,
        }
    }

    /// What `test` answers to known words, the world asked where it has to be.
    fn found(&mut self, words: &[&str], st: &State) -> Option<bool> {
        match words {
            ["!", op, path] if op.starts_with('-') && tested(words).is_none() => {
                self.stands(op, path, st).map(|holds| !holds)
            }
            [op, path] if op.starts_with('-') && tested(words).is_none() => {
                self.stands(op, path, st)
            }
            _ => tested(words),
        }
    }

    /// `[[ a == b && -f c ]]` of known words without substitutions.
    fn compared(&mut self, words: &[RawWord], st: &mut State, fr: &Frame) -> Option<bool> {
        let joins = |word: &RawWord| matches!(plain(word), Some("&&" | "||" | "(" | ")"));
        if !words.iter().any(joins) {
            return self.compared_once(words, st, fr);
        }
        if words
            .iter()
            .any(|word| matches!(plain(word), Some("(" | ")")))
        {
            return None;
        }
        let mut known = Some(false);
        for either in words.split(|word| plain(word) == Some("||")) {
            let mut all = Some(true);
            for part in either.split(|word| plain(word) == Some("&&")) {
                let one = self.compared_once(part, st, fr);
                all = match (all, one) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
            }
            known = match (known, all) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        known
    }

    fn compared_once(&mut self, words: &[RawWord], st: &mut State, fr: &Frame) -> Option<bool> {
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
            [op, word] => {
                let word = self.known(word, st, fr)?;
                self.found(&[plain(op)?, &word], st)?
            }
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
        literal(&self.text(&word.parts, VALUE, st, fr)).filter(|text| !self.is_list(text))
    }

    /// Tells whether a text is a list whose order, or whose lines, are not known for certain.
    fn is_list(&self, text: &str) -> bool {
        self.lists.iter().any(|list| match list.contains('\n') {
            true => text.contains(list.as_str()),
            false => text == list,
        })
    }

    /// Tells whether a text fits a pattern; patterns with classes and extended ones are left open.
    fn fits(&mut self, word: &RawWord, text: &str, st: &mut State, fr: &Frame) -> Option<bool> {
        if let Some(pattern) = of_letters(word) {
            return Some(pattern.matches(text));
        }
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
        if self.again > self.repeats || arms.iter().any(|arm| arm.falls_through) {
            return None;
        }
        let patterns = || arms.iter().flat_map(|arm| &arm.patterns).chain([subject]);
        if !self.is_settled(|st| Reads::of_words(patterns(), st), st) {
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
        self.status = Some(true);
        Some(Feed::nothing())
    }
}

/// Returns a pattern that stands there letter by letter, with sets of plain letters: `[yY]*`.
fn of_letters(word: &RawWord) -> Option<Pattern> {
    let mut text = String::new();
    for part in &word.parts {
        match &part.kind {
            PartKind::Plain(part) | PartKind::Glob(part) => text.push_str(part),
            _ => return None,
        }
    }
    let mut rest = text.as_str();
    while let Some((_, tail)) = rest.split_once('[') {
        let (set, after) = tail.split_once(']')?;
        if set.is_empty() || !set.chars().all(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        rest = after;
    }
    if text.contains(['(', '\\', '~']) || !text.contains('[') {
        return None;
    }
    let mut pattern = Pattern::default();
    pattern.push_active(&text);
    Some(pattern)
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
        PartKind::Param(param) => {
            let quiet = matches!(param.op.as_str(), "" | "-" | ":-" | "+" | ":+");
            let idle = param.operands.iter().flatten().all(is_idle);
            quiet && idle && param.index.is_none() && !param.indirect
        }
        PartKind::Command(script) => {
            super::branch::only_asks(script) || readers::is_made_of_readers(script)
        }
        PartKind::Glob(_) | PartKind::Arith(_) | PartKind::Process { .. } => false,
    }
}

/// Returns a word that stands there letter by letter.
pub(super) fn plain(word: &RawWord) -> Option<&str> {
    match word.parts.as_slice() {
        [part] => match &part.kind {
            PartKind::Plain(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
