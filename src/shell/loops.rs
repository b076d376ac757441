//! Loops: known items one by one, everything else once as it is and once with what it changes unknown.
//! It decides no condition and counts no rounds.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::{RawWord, Script};
use super::flow::{first_word, lines_of};
use super::jumps::Goal;
use super::state::{Feed, State, Value, nowhere};
use super::unfold::{Frame, Unfolder};

/// Items of one loop that are run one by one.
const MAX_ITEMS: usize = 64;
/// Items of nested loops together that are run one by one.
const MAX_ROUNDS: usize = 512;

impl Unfolder<'_> {
    pub(super) fn for_loop(
        &mut self,
        name: &str,
        words: Option<&[RawWord]>,
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let items = match words {
            Some(words) => self.fields(words, st, fr),
            None => (*st.arguments).clone(),
        };
        let count = items.len();
        if count == 0 {
            return Feed::nothing();
        }
        let (proofs, exits) = (st.proofs.settled(), self.exits);
        let certain = items.iter().all(Word::is_literal);
        if count > MAX_ITEMS || st.rounds.saturating_mul(count) > MAX_ROUNDS {
            let hole = if items.iter().all(is_name) {
                Hole::Name
            } else {
                Hole::Unknown
            };
            st.set(name, Value::unknown(hole, nowhere()));
            return self.repeated(Some(name), body, st, fr);
        }
        let outer = st.rounds;
        st.rounds = outer.saturating_mul(count);
        let choices = st.choices.take();
        let mut feed = Feed::nothing();
        let jumps = self.jumps.len();
        for item in items {
            st.set(name, Value::Text(item_pieces(item)));
            st.ended = false;
            let round = self.jumps.len();
            feed = feed.then(self.script(body, st, fr));
            self.arrive(round, Goal::Round, st);
            if self.is_spent() {
                break;
            }
        }
        self.arrive(jumps, Goal::Loops(1), st);
        st.choices = choices;
        st.ended = false;
        st.rounds = outer;
        if !certain || self.exits != exits {
            st.proofs = proofs;
        }
        feed
    }

    pub(super) fn while_loop(
        &mut self,
        condition: &Script,
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let stdin = match is_read(condition) {
            true => self.listed_or_more(fr.stdin.clone(), st),
            false => Feed::Inherited,
        };
        if is_read(condition)
            && let Some(lines) = lines_of(&stdin)
            && lines.len() <= MAX_ITEMS
            && st.rounds.saturating_mul(lines.len()) <= MAX_ROUNDS
        {
            let outer = st.rounds;
            let proofs = st.proofs.settled();
            st.rounds *= lines.len().max(1);
            let mut feed = Feed::nothing();
            let jumps = self.jumps.len();
            for line in lines {
                let fed = fr.fed(Feed::text(line));
                self.script(condition, st, &fed);
                let rest = fr.fed(Feed::Opaque("the rest of the input".to_owned()));
                let round = self.jumps.len();
                feed = feed.then(self.script(body, st, &rest));
                self.arrive(round, Goal::Round, st);
            }
            self.arrive(jumps, Goal::Loops(1), st);
            st.ended = false;
            st.proofs = proofs;
            st.rounds = outer;
            return feed;
        }
        // More lines than are gone through one by one: each is any line.
        let many = matches!(stdin, Feed::Text { .. } | Feed::Items(_));
        if is_read(condition) && many {
            let fed = fr.fed(Feed::Opaque("a long list".to_owned()));
            return self.repeated_with(Some(condition), None, body, st, &fed);
        }
        self.repeated_with(Some(condition), None, body, st, fr)
    }

    pub(super) fn repeated(
        &mut self,
        name: Option<&str>,
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        self.repeated_with(None, name, body, st, fr)
    }

    /// Runs a loop body once as it is, and once more with everything that it changed unknown.
    fn repeated_with(
        &mut self,
        condition: Option<&Script>,
        keep: Option<&str>,
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let before = st.clone();
        let place = std::ptr::from_ref(body) as usize;
        let mut known = match self.loops.get(&place) {
            // A loop that moves is gone through twice each time: from where it stands, and from where it came.
            Some(known) if self.is_long() => Changes {
                names: known.names.clone(),
                place: false,
            },
            _ => Changes::default(),
        };
        known.forget(st, keep);
        let start = st.clone();
        let round = |this: &mut Self, st: &mut State| {
            if let Some(condition) = condition {
                let guarded = std::mem::replace(&mut this.guarded, true);
                let shielded = std::mem::replace(&mut this.shielded, true);
                this.script(condition, st, fr);
                this.guarded = guarded;
                this.shielded = shielded;
            }
            let jumps = this.jumps.len();
            let feed = this.script(body, st, fr);
            this.arrive(jumps, Goal::Round, st);
            st.ended = false;
            feed
        };
        let jumps = self.jumps.len();
        self.unsure += 1;
        let mut feed = round(self, st);
        // `while [ $# -gt 0 ]; do … "$1" …; shift; done`: a round for each argument.
        let (mut left, outer) = (start.arguments.len(), st.rounds);
        while st.arguments.len() < left && !st.arguments.is_empty() {
            left = st.arguments.len();
            if st.rounds.saturating_mul(left) > MAX_ROUNDS {
                let any = Word::hole(Hole::Unknown, false, nowhere());
                st.arguments = Rc::new(vec![any]);
            }
            st.rounds = outer.saturating_mul(left);
            feed = feed.or(round(self, st));
        }
        st.rounds = outer;
        if known.grow(&start, st, keep) {
            known.forget(st, keep);
            self.again += 1;
            let next = round(self, st);
            self.again -= 1;
            feed = feed.or(next);
        }
        self.unsure -= 1;
        self.arrive(jumps, Goal::Loops(1), st);
        self.loops.insert(place, known);
        let proofs = before.proofs.settled();
        st.join(before);
        st.proofs = proofs;
        match feed {
            Feed::Text { pieces, .. } if !pieces.is_empty() => Feed::Text {
                pieces,
                certain: false,
            },
            other => other,
        }
    }
}

/// What the rounds of one loop change.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    names: BTreeMap<String, Hole>,
    place: bool,
}

impl Changes {
    /// Makes what the loop changes unknown; where it stands after a round that moved is taken as it is.
    fn forget(&self, st: &mut State, keep: Option<&str>) {
        for (name, hole) in &self.names {
            if Some(name.as_str()) != keep {
                st.set(name, Value::unknown(hole.clone(), nowhere()));
            }
        }
    }

    /// Takes in what a round has changed; tells whether there is anything that was not known.
    fn grow(&mut self, before: &State, now: &State, keep: Option<&str>) -> bool {
        let mut more = !self.place && before.cwd != now.cwd;
        self.place |= more;
        if Rc::ptr_eq(&before.variables, &now.variables) {
            return more;
        }
        let changed = now.variables.iter().filter(|(name, value)| {
            Some(&***name) != keep && before.variables.get(*name) != Some(value)
        });
        for (name, value) in changed {
            let hole = if value.alternatives.iter().all(is_number) {
                Hole::Name
            } else {
                Hole::Unknown
            };
            match self.names.get(&**name) {
                Some(known) if *known == Hole::Unknown || *known == hole => {}
                _ => {
                    self.names.insert(name.to_string(), hole);
                    more = true;
                }
            }
        }
        more
    }
}

fn is_number(value: &Value) -> bool {
    let digit = |c: char| c.is_ascii_digit() || c == '-';
    match value {
        Value::Text(pieces) => pieces.iter().all(|piece| match &piece.part {
            Part::Literal(text) => text.chars().all(digit),
            Part::Hole(hole) => *hole == Hole::Name,
            Part::Glob(_) => false,
        }),
        Value::List(_) | Value::Unset => false,
    }
}

fn is_name(word: &Word) -> bool {
    let known = |piece: &Piece| match &piece.part {
        Part::Literal(text) | Part::Glob(text) => !text.contains('/') && text != "..",
        Part::Hole(hole) => *hole == Hole::Name,
    };
    word.pieces.iter().all(known)
}

/// A loop item is one field: an inherited list gives items that are not empty.
fn item_pieces(item: Word) -> Vec<Piece> {
    let whole = item.pieces.len() == 1;
    let fix = |piece: Piece| match piece.part {
        Part::Hole(Hole::Inherited(_)) if whole && item.many => Piece {
            part: Part::Hole(Hole::Unknown),
            origin: piece.origin,
        },
        _ => piece,
    };
    item.pieces.into_iter().map(fix).collect()
}

fn is_read(condition: &Script) -> bool {
    matches!(condition.items.as_slice(), [item]
        if matches!(item.first.nodes.as_slice(), [node] if first_word(node) == Some("read") && node.redirects.is_empty()))
}
