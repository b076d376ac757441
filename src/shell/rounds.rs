//! Loops that count or use up their arguments, round by round, as long as what decides them is known: `while [ $# -gt 0 ]`,
//! `while [ "$i" -lt 3 ]`, `for ((i = 0; i < n; i++))`. Where it is not, the loop runs as one of unknown rounds.

use super::ast::{NodeKind, PartKind, RawPart, Script};
use super::flow::first_word;
use super::jumps::Goal;
use super::loops::{MAX_ITEMS, behind, is_asked, over};
use super::state::{Feed, State, Value, nowhere};
use super::unfold::{Frame, Unfolder};
use crate::model::word::Hole;

/// Rounds of all loops of one call that are counted.
const MAX_COUNTED: usize = 256;

impl Unfolder<'_> {
    /// Runs a loop round by round, as long as its condition is certain and something changes; nothing where it is not from the start.
    pub(super) fn by_rounds(
        &mut self,
        (condition, until): (&Script, bool),
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        // Outside of scripts and functions they are those that `set --` has given.
        let given = !fr.via.is_empty() || st.calls > 0 || st.placed;
        let arguments = given
            && st.arguments.len() <= MAX_ITEMS
            && (st.arguments.iter()).all(|word| word.is_literal() && !word.many);
        if !is_asked(condition) {
            return None;
        }
        let counts = !is_endless(condition) && {
            let asked = condition.items.iter().flat_map(|item| &item.first.nodes);
            let asked: Vec<String> = asked
                .flat_map(|node| identifiers(fr.source.at(node.span)))
                .collect();
            is_used(body, &asked, fr)
        };
        let mut feed = Feed::nothing();
        let jumps = self.jumps.len();
        let mut before: Option<State> = None;
        loop {
            let goes_on = self.goes_on(condition, until, st, fr);
            if goes_on == Some(false) {
                break;
            }
            let fewer = before
                .as_ref()
                .is_none_or(|before| st.arguments.len() < before.arguments.len());
            let moves = (before.as_ref()).is_none_or(|before| before.variables != st.variables);
            let known = arguments && fewer || counts && moves && self.count();
            if goes_on.is_none() || !known {
                before?;
                self.again += 1;
                let next = self.repeated_with(Some(condition), None, body, st, fr);
                self.again -= 1;
                return Some(feed.or(next));
            }
            before = Some(st.clone());
            feed = feed.then(self.round(body, st, fr));
            if over(st, true) || self.is_spent() {
                break;
            }
        }
        self.arrive(jumps, Goal::Loops(1), st);
        behind(st);
        st.ended = false;
        Some(feed)
    }

    /// Asks the condition of a loop; tells whether the loop goes on, where that is known.
    fn goes_on(
        &mut self,
        condition: &Script,
        until: bool,
        st: &mut State,
        fr: &Frame,
    ) -> Option<bool> {
        let guarded = std::mem::replace(&mut self.guarded, true);
        let shielded = std::mem::replace(&mut self.shielded, true);
        let from = self.out.commands.len();
        self.script(condition, st, fr);
        let truth = self.answer(condition, from, st, fr);
        self.guarded = guarded;
        self.shielded = shielded;
        truth.map(|truth| truth != until)
    }

    fn round(&mut self, body: &Script, st: &mut State, fr: &Frame) -> Feed {
        st.ended = false;
        let jumps = self.jumps.len();
        let feed = self.script(body, st, fr);
        self.arrive(jumps, Goal::Round, st);
        feed
    }

    /// Counts a round, where there are any left.
    const fn count(&mut self) -> bool {
        self.counted += 1;
        self.counted <= MAX_COUNTED
    }

    /// `for ((first; condition; step))`.
    pub(super) fn for_numbers(
        &mut self,
        header: &[RawPart],
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let mut feed = Feed::nothing();
        let parts = parts_of(header);
        if let Some(first) = parts.first() {
            self.arith(first, st, fr);
        }
        let jumps = self.jumps.len();
        if let [_, condition, step] = parts.as_slice()
            && self.unsure == 0
            && self.shifts.is_empty()
            && self.again == 0
            && is_used(body, &names_in(header), fr)
        {
            loop {
                let goes_on = self.arith(condition, st, fr);
                if goes_on.is_none() || !self.count() {
                    break;
                }
                if goes_on != Some(0) {
                    feed = feed.then(self.round(body, st, fr));
                }
                if goes_on == Some(0) || over(st, true) || self.is_spent() {
                    self.arrive(jumps, Goal::Loops(1), st);
                    behind(st);
                    st.ended = false;
                    return feed;
                }
                self.arith(step, st, fr);
            }
        }
        for part in parts.iter().skip(1) {
            self.arith(part, st, fr);
        }
        for name in names_in(header) {
            st.set(&name, Value::unknown(Hole::Name, nowhere()));
        }
        feed.or(self.repeated(None, body, st, fr))
    }
}

/// `while true`, `while :`.
fn is_endless(condition: &Script) -> bool {
    let mut nodes = condition.items.iter().flat_map(|item| &item.first.nodes);
    nodes.any(|node| matches!(first_word(node), Some("true" | ":")))
}

/// Cuts the header of a counting loop at its semicolons.
fn parts_of(header: &[RawPart]) -> Vec<Vec<RawPart>> {
    let mut parts = vec![Vec::new()];
    for one in header {
        let PartKind::Plain(text) = &one.kind else {
            if let Some(part) = parts.last_mut() {
                part.push(one.clone());
            }
            continue;
        };
        for (at, piece) in text.split(';').enumerate() {
            if at > 0 {
                parts.push(Vec::new());
            }
            if let Some(part) = parts.last_mut() {
                part.push(RawPart {
                    kind: PartKind::Plain(piece.to_owned()),
                    span: one.span,
                });
            }
        }
    }
    parts
}

/// Programs that only show what they are told, ask about it, or wait.
const SHOWS: [&str; 6] = ["echo", "printf", "sleep", "[", "test", "let"];

/// Tells whether a body does more with one of these variables than showing, asking and counting it: which round it is matters.
fn is_used(body: &Script, names: &[String], fr: &Frame) -> bool {
    let items = body.items.iter();
    items
        .flat_map(|item| {
            let rest = item.rest.iter().map(|(_, pipeline)| pipeline);
            std::iter::once(&item.first).chain(rest)
        })
        .flat_map(|pipeline| &pipeline.nodes)
        .any(|node| {
            let inner = |script: &Script| is_used(script, names, fr);
            match &node.kind {
                NodeKind::Group(script) | NodeKind::Subshell(script) => inner(script),
                NodeKind::If { arms, otherwise } => {
                    let mut arms = arms.iter();
                    arms.any(|(condition, body)| inner(condition) || inner(body))
                        || otherwise.as_ref().is_some_and(inner)
                }
                NodeKind::Test(_) | NodeKind::Arith(_) => false,
                NodeKind::Simple { .. }
                    if first_word(node).is_some_and(|name| SHOWS.contains(&name)) =>
                {
                    !node.redirects.is_empty()
                }
                _ => {
                    let text = fr.source.at(node.span);
                    names.iter().any(|name| is_named(text, name))
                }
            }
        })
}

/// Tells whether a text has `$name`, `${name}` or `[name]`.
fn is_named(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let rest = text.get(at + name.len()..).unwrap_or_default();
        before.ends_with(['$', '{', '[', '#', '!'])
            && !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn identifiers(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        .map(ToOwned::to_owned)
}

/// Returns the names of variables that the header of a counting loop may set.
fn names_in(header: &[RawPart]) -> Vec<String> {
    let texts = header.iter().filter_map(|part| match &part.kind {
        PartKind::Plain(text) => Some(text.as_str()),
        _ => None,
    });
    texts.flat_map(identifiers).collect()
}
