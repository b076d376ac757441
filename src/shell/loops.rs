//! Loops: known items one by one, everything else once as it is and once with what it changes unknown.
//! It decides no condition and counts no rounds.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::command::{Opaque, OpaqueKind};
use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::{NodeKind, RawWord, Script};
use super::changed::Changed;
use super::flow::{first_word, lines_of};
use super::jumps::{Goal, Gone};
use super::scripts::SHELLS;
use super::start::UNDETERMINED;
use super::state::{Feed, State, Value, literal, nowhere};
use super::unfold::{Frame, Unfolder};
use super::world::{said, taken};

/// Items of one loop that are run one by one.
pub(super) const MAX_ITEMS: usize = 64;
/// Names of files that a loop goes through one by one.
const MAX_NAMES: usize = 24;
/// Items of nested loops together that are run one by one.
const MAX_ROUNDS: usize = 512;

/// Tells whether a program may begin with these pieces: numbers of rounds are none.
fn may_be_program(pieces: &[Piece]) -> bool {
    pieces.first().is_some_and(|piece| match &piece.part {
        Part::Literal(text) => text.contains(|char: char| char.is_alphabetic()),
        Part::Glob(_) => true,
        Part::Hole(_) => false,
    })
}

impl Unfolder<'_> {
    pub(super) fn for_loop(
        &mut self,
        name: &str,
        words: Option<&[RawWord]>,
        body: &Script,
        select: bool,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let uncounted = self.uncounted;
        let items = match words {
            Some(words) => self.fields(words, st, fr),
            None => (*st.arguments).clone(),
        };
        let named = self.named_items(&items, body, st);
        let found = named.is_some();
        let items = named.unwrap_or(items);
        let open = select
            || self.uncounted > uncounted
            || items.iter().any(|item| item.many || item.has_glob());
        if name.contains(' ') {
            return self.for_several(name, &items, body, st, fr);
        }
        let count = items.len();
        if count == 0 {
            return Feed::nothing();
        }
        let (proofs, exits) = (st.proofs.settled(), self.exits);
        let certain = !select && !found && items.iter().all(Word::is_literal);
        if count > MAX_ITEMS || st.rounds.saturating_mul(count) > MAX_ROUNDS {
            let hole = if items.iter().all(is_name) {
                Hole::Name
            } else {
                Hole::Unknown
            };
            st.set(name, Value::unknown(hole, nowhere()));
            let from = self.out.opaque.len();
            let feed = self.repeated(Some(name), body, st, fr);
            self.started_items(from, items.iter().any(|item| may_be_program(&item.pieces)));
            return feed;
        }
        let outer = st.rounds;
        st.rounds = outer.saturating_mul(count);
        let choices = st.choices.take();
        let mut feed = Feed::nothing();
        let jumps = self.jumps.len();
        let before = open.then(|| (st.clone(), items.clone()));
        for item in items {
            st.set(name, Value::Text(item_pieces(item)));
            st.ended = false;
            let round = self.jumps.len();
            feed = feed.then(self.script(body, st, fr));
            self.arrive(round, Goal::Round, st);
            if self.is_spent() || over(st, certain) {
                break;
            }
        }
        behind(st);
        if let Some((before, items)) = before {
            feed = feed.or(self.later_rounds(before, items, (name, body), st, fr));
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

    /// What the rounds of a loop do where nobody knows how many there are, and which ones: what the first ones have changed is unknown to them.
    fn later_rounds(
        &mut self,
        before: State,
        items: Vec<Word>,
        (name, body): (&str, &Script),
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let mut feed = Feed::nothing();
        let mut known = Changes::default();
        let rounds = self.shift(&[body], true, st);
        let moved = known.grow(&before, st, Some(name)) || !self.is_still();
        if moved || rounds == Rounds::Nothing {
            // The second round finds what the first has set; of later ones nothing is known.
            let all = items.iter().map(|item| (false, item));
            let again = items.iter().take(1).map(|item| (true, item));
            let again = again.filter(|_| items.len() == 1 && !self.is_long());
            for (set, item) in again.chain(all).collect::<Vec<_>>() {
                if !set {
                    known.grow(&before, st, Some(name));
                    known.forget(st, Some(name));
                }
                st.set(name, Value::Text(item_pieces(item.clone())));
                st.ended = false;
                let round = self.jumps.len();
                feed = feed.or(self.once_more(|this| this.script(body, st, fr)));
                self.arrive(round, Goal::Round, st);
                st.gone = None;
            }
        }
        self.shifted(rounds);
        st.join(before);
        feed
    }

    /// Runs `for key value in …` of zsh: each round takes as many items as there are names.
    fn for_several(
        &mut self,
        names: &str,
        items: &[Word],
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let names: Vec<&str> = names.split(' ').collect();
        let rounds = items.len().div_ceil(names.len().max(1));
        if st.rounds.saturating_mul(rounds) > MAX_ROUNDS || !items.iter().all(Word::is_literal) {
            let any = || Value::unknown(Hole::Unknown, nowhere());
            names.iter().for_each(|name| st.set(name, any()));
            let program = items.iter().any(|item| may_be_program(&item.pieces));
            let from = self.out.opaque.len();
            let feed = self.repeated(None, body, st, fr);
            names.iter().for_each(|name| st.set(name, any()));
            self.started_items(from, program);
            return feed;
        }
        let (proofs, exits) = (st.proofs.settled(), self.exits);
        let outer = st.rounds;
        st.rounds = outer.saturating_mul(rounds.max(1));
        let mut feed = Feed::nothing();
        let jumps = self.jumps.len();
        for round in items.chunks(names.len().max(1)) {
            for (at, name) in names.iter().enumerate() {
                let given = round.get(at).cloned().map(item_pieces);
                st.set(name, Value::Text(given.unwrap_or_default()));
            }
            st.ended = false;
            let from = self.jumps.len();
            feed = feed.then(self.script(body, st, fr));
            self.arrive(from, Goal::Round, st);
            if self.is_spent() || over(st, false) {
                break;
            }
        }
        behind(st);
        self.arrive(jumps, Goal::Loops(1), st);
        st.ended = false;
        st.rounds = outer;
        if self.exits != exits {
            st.proofs = proofs;
        }
        feed
    }

    /// Ends the unfolding where items of a long list, which the call itself holds, are programs: which ones is not looked at.
    fn started_items(&mut self, from: usize, known: bool) {
        let opaque = self.out.opaque.get(from..).unwrap_or_default();
        let runs = |one: &Opaque| one.kind == OpaqueKind::Program && one.reason == UNDETERMINED;
        if known && opaque.iter().any(runs) {
            self.spend("a loop runs more items of a list than are gone through");
        }
    }

    /// Returns the names that patterns give here, where the loop asks something of each of them: `for d in */; do [ -f "$d/x" ] && …`.
    fn named_items(&mut self, items: &[Word], body: &Script, st: &State) -> Option<Vec<Word>> {
        let patterns = items.iter().any(|item| item.has_glob() && !item.has_hole());
        if !patterns || self.facts.assumed || st.far || !asks(body) {
            return None;
        }
        let cwd = st.known_cwd()?.to_path_buf();
        let mut all = Vec::new();
        for item in items {
            if !item.has_glob() || item.has_hole() {
                all.push(item.clone());
                continue;
            }
            let names = self.names_of(&item.shown(), &cwd)?;
            let word = |name: String| Word::literal(name, item.origin.clone());
            // A pattern that fits nothing stays what it is.
            match names.is_empty() {
                true => all.push(item.clone()),
                false => all.extend(names.into_iter().map(word)),
            }
            if all.len() > MAX_NAMES || st.rounds.saturating_mul(all.len()) > MAX_ROUNDS {
                return None;
            }
        }
        Some(all)
    }

    pub(super) fn while_loop(
        &mut self,
        condition: &Script,
        until: bool,
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
            return self.by_lines(lines, condition, body, st, fr);
        }
        if let Some(feed) = self.optioned(condition, body, st, fr) {
            return feed;
        }
        if let Some(feed) = self.by_rounds((condition, until), body, st, fr) {
            return feed;
        }
        // More lines than are gone through one by one: each is any line.
        let many = matches!(stdin, Feed::Text { .. } | Feed::Items(_));
        if is_read(condition) && many {
            let fed = fr.fed(Feed::Opaque("a long list".to_owned()));
            let from = self.out.opaque.len();
            let feed = self.repeated_with(Some(condition), None, body, st, &fed);
            let lines = lines_of(&stdin).filter(|_| matches!(stdin, Feed::Text { .. }));
            let known = lines.is_some_and(|lines| lines.iter().any(|line| may_be_program(line)));
            self.started_items(from, known);
            return feed;
        }
        self.repeated_with(Some(condition), None, body, st, fr)
    }

    /// `while read line`: a round for each line.
    fn by_lines(
        &mut self,
        lines: Vec<Vec<Piece>>,
        condition: &Script,
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let outer = st.rounds;
        let proofs = st.proofs.settled();
        st.rounds *= lines.len().max(1);
        let mut feed = Feed::nothing();
        let jumps = self.jumps.len();
        let certain = !matches!(fr.stdin, Feed::Text { certain: false, .. } | Feed::Items(_));
        let counted = match &fr.stdin {
            Feed::Items(items) => self.is_counted(items),
            _ => certain,
        };
        let before = st.clone();
        // Which lines come is not known; a round that leaves the shell as it is decides for itself.
        let rounds = match certain {
            true => Rounds::All,
            false => self.shift(&[body], true, st),
        };
        for line in lines {
            let fed = fr.fed(Feed::text(line));
            self.taken.retain(|known| *known != fed.stdin);
            self.script(condition, st, &fed);
            let rest = fr.fed(Feed::Opaque("the rest of the input".to_owned()));
            let round = self.jumps.len();
            feed = feed.then(self.script(body, st, &rest));
            self.arrive(round, Goal::Round, st);
            if over(st, certain) {
                break;
            }
        }
        behind(st);
        self.shifted(rounds);
        self.arrive(jumps, Goal::Loops(1), st);
        st.ended = false;
        if !counted {
            st.join(before);
        }
        st.proofs = proofs;
        st.rounds = outer;
        feed
    }

    /// `while getopts …`: a round for each option that was given, where all words are known.
    fn optioned(
        &mut self,
        condition: &Script,
        body: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let [item] = condition.items.as_slice() else {
            return None;
        };
        let [node] = item.first.nodes.as_slice() else {
            return None;
        };
        let NodeKind::Simple { words, .. } = &node.kind else {
            return None;
        };
        if first_word(node) != Some("getopts") || words.len() != 3 || !item.rest.is_empty() {
            return None;
        }
        let first = match st
            .variables
            .get("OPTIND")
            .map(|known| known.alternatives.as_slice())
        {
            None | Some([Value::Unset]) => true,
            Some([Value::Text(pieces)]) => literal(pieces).as_deref() == Some("1"),
            Some(_) => false,
        };
        let fields = self.fields(words, st, fr);
        let (spec, name) = (fields.get(1)?.text()?, fields.get(2)?.text()?);
        let arguments = Rc::clone(&st.arguments);
        let called = !fr.via.is_empty() || st.calls > 0;
        let (options, end) = taken(&spec, &arguments).filter(|_| first && called)?;
        let mut feed = Feed::nothing();
        let jumps = self.jumps.len();
        for (option, next) in options {
            st.set(&name, said(&option.name));
            st.set(
                "OPTARG",
                option.argument.as_deref().map_or(Value::Unset, said),
            );
            st.set("OPTIND", said(&next.to_string()));
            st.ended = false;
            let round = self.jumps.len();
            feed = feed.then(self.script(body, st, fr));
            self.arrive(round, Goal::Round, st);
            if over(st, true) {
                break;
            }
            if !Rc::ptr_eq(&arguments, &st.arguments) {
                let hole = Value::unknown(Hole::Unknown, nowhere());
                st.set(&name, hole);
                return Some(feed.or(self.repeated_with(Some(condition), None, body, st, fr)));
            }
        }
        let ended = st.gone.is_some();
        self.arrive(jumps, Goal::Loops(1), st);
        behind(st);
        if !ended {
            st.set(&name, said("?"));
            st.set("OPTIND", said(&(end + 1).to_string()));
        }
        Some(feed)
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
    pub(super) fn repeated_with(
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
            st.gone = None;
            feed
        };
        let jumps = self.jumps.len();
        let both: Vec<&Script> = condition.into_iter().chain([body]).collect();
        let rounds = self.shift(&both, false, st);
        let mut feed = round(self, st);
        // `while [ $# -gt 0 ]; do … "$1" …; shift; done`: a round for each argument.
        let (mut left, outer) = (start.arguments.len(), st.rounds);
        while st.arguments.len() < left && !st.arguments.is_empty() {
            left = st.arguments.len();
            if st.rounds.saturating_mul(left) > MAX_ROUNDS {
                let any = Word::hole(Hole::Unknown, false, nowhere());
                st.place(Rc::new(vec![any]));
            }
            st.rounds = outer.saturating_mul(left);
            feed = feed.or(round(self, st));
        }
        st.rounds = outer;
        // The second round finds what the first has set; of later ones nothing is known.
        let moved = known.grow(&start, st, keep);
        if moved && !self.is_long() {
            feed = feed.or(self.once_more(|this| round(this, st)));
            known.grow(&start, st, keep);
        }
        if moved {
            known.forget(st, keep);
            feed = feed.or(self.once_more(|this| round(this, st)));
        }
        self.shifted(rounds);
        self.arrive(jumps, Goal::Loops(1), st);
        self.loops.insert(place, known);
        let proofs = before.proofs.settled();
        st.join(before);
        st.proofs = proofs;
        perhaps(feed)
    }
}

/// What a loop prints that may run or not.
fn perhaps(feed: Feed) -> Feed {
    match feed {
        Feed::Text { pieces, .. } if !pieces.is_empty() => Feed::Text {
            pieces,
            certain: false,
        },
        other => other,
    }
}

/// How much rounds of which nobody knows which ones come may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rounds {
    All,
    /// What no round changes.
    Settled,
    Nothing,
}

impl Unfolder<'_> {
    /// Begins such rounds; `walked` where each of them is read by itself.
    fn shift(&mut self, scripts: &[&Script], walked: bool, st: &State) -> Rounds {
        match Changed::by(scripts, st) {
            Some(changed) if walked && changed.is_nothing() => Rounds::All,
            Some(changed) => {
                self.shifts.push(Changed { walked, ..changed });
                Rounds::Settled
            }
            None => {
                self.unsure += 1;
                Rounds::Nothing
            }
        }
    }

    /// Reads a round once more, with what the rounds change unknown.
    fn once_more(&mut self, round: impl FnOnce(&mut Self) -> Feed) -> Feed {
        self.again += 1;
        self.repeats += 1;
        let feed = round(self);
        self.repeats -= 1;
        self.again -= 1;
        feed
    }

    fn shifted(&mut self, rounds: Rounds) {
        match rounds {
            Rounds::All => {}
            Rounds::Settled => drop(self.shifts.pop()),
            Rounds::Nothing => self.unsure -= 1,
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
        more |= !Rc::ptr_eq(&before.functions, &now.functions)
            || !Rc::ptr_eq(&before.aliases, &now.aliases)
            // Those that `shift` takes away are gone through one by one.
            || before.arguments.len() <= now.arguments.len() && before.arguments != now.arguments;
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

/// Ends a round; tells whether the loop has ended with it.
pub(super) fn over(st: &mut State, certain: bool) -> bool {
    st.gone = st.gone.filter(|gone| certain && *gone != Gone::Round);
    st.gone.is_some()
}

/// Ends a loop.
pub(super) fn behind(st: &mut State) {
    st.gone = match st.gone {
        Some(Gone::Loop(count)) if count > 1 => Some(Gone::Loop(count - 1)),
        gone => gone.filter(|gone| *gone >= Gone::Call),
    };
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

/// Conditions that start no program.
pub(super) fn is_asked(condition: &Script) -> bool {
    let [item] = condition.items.as_slice() else {
        return false;
    };
    let [node] = item.first.nodes.as_slice() else {
        return false;
    };
    let asks = matches!(
        first_word(node),
        Some("[" | "test" | ":" | "true" | "false")
    );
    item.rest.is_empty() && (asks || matches!(node.kind, NodeKind::Test(_) | NodeKind::Arith(_)))
}

fn is_read(condition: &Script) -> bool {
    // `read -r line || [ -n "$line" ]` takes the last line too.
    matches!(condition.items.as_slice(), [item]
        if matches!(item.first.nodes.as_slice(), [node] if first_word(node) == Some("read") && node.redirects.is_empty())
        && item.rest.iter().all(|(_, other)| matches!(other.nodes.as_slice(), [node] if matches!(node.kind, NodeKind::Test(_)) || matches!(first_word(node), Some("[" | "test")))))
}

/// Programs that put each thing somewhere, and scripts, which may.
fn places(name: &str) -> bool {
    matches!(name, "mv" | "cp" | "ln" | "install")
        || name.contains('/')
        || SHELLS.contains(&name)
        || super::start::interpreter(name).is_some()
}

/// Tells whether the body of a loop decides something on its way, or puts each thing somewhere: then it counts which one it is.
fn asks(body: &Script) -> bool {
    body.items.iter().any(|item| {
        let nodes = item.first.nodes.iter();
        let mut decides = nodes.map(|node| {
            let asked = matches!(
                node.kind,
                NodeKind::If { .. } | NodeKind::Case { .. } | NodeKind::Test(_)
            );
            asked || first_word(node).is_some_and(places)
        });
        !item.rest.is_empty() || decides.any(|decides| decides)
    })
}
