//! Positional parameters that may be one list or another: `[ -n "$DRY" ] && set -- --dry-run "$@"`.
//! What differs is unknown where it is asked; a command that is handed them is read once with each list.

use std::rc::Rc;

use crate::model::word::{Hole, Word};

use super::ast::Node;
use super::state::{Feed, State, nowhere};
use super::unfold::{Frame, Job, Unfolder};

/// Lists that are kept apart; where there are more, what differs is unknown.
const MAX_LISTS: usize = 4;

/// Words of the lists that are kept apart.
const MAX_WORDS: usize = 64;

/// The lists that the positional parameters may be; empty where there is one.
pub(super) type Lists = Rc<Vec<Rc<Vec<Word>>>>;

impl State {
    /// Takes in the positional parameters of another path.
    pub(super) fn join_arguments(&mut self, arguments: &Rc<Vec<Word>>, also: &Lists) {
        let same = Rc::ptr_eq(&self.arguments, arguments) || self.arguments == *arguments;
        if same && self.also == *also {
            return;
        }
        let own = |arguments: &Rc<Vec<Word>>, also: &Lists| match also.is_empty() {
            true => vec![Rc::clone(arguments)],
            false => also.to_vec(),
        };
        if self.arguments.len().max(arguments.len()) > MAX_WORDS {
            self.arguments = Rc::new(merged(&self.arguments, arguments));
            self.also = Lists::default();
            return;
        }
        let mut all = own(&self.arguments, &self.also);
        for list in own(arguments, also) {
            if !all.contains(&list) {
                all.push(list);
            }
        }
        if !same {
            self.arguments = Rc::new(merged(&self.arguments, arguments));
        }
        // The list that stands for all of them is one more where some are left out.
        if all.len() > MAX_LISTS {
            all.truncate(MAX_LISTS - 1);
            all.push(Rc::clone(&self.arguments));
        }
        self.also = Rc::new(all);
    }

    /// Says which the positional parameters are from here on.
    pub(super) fn place(&mut self, arguments: Rc<Vec<Word>>) {
        self.arguments = arguments;
        self.also = Lists::default();
        self.placed = true;
    }
}

/// Returns what two lists have in common; the rest is unknown.
fn merged(one: &[Word], other: &[Word]) -> Vec<Word> {
    let unknown = || Word::hole(Hole::Unknown, false, nowhere());
    let pairs = one.iter().zip(other);
    if one.len() == other.len() {
        return pairs
            .map(|(one, other)| match one == other {
                true => one.clone(),
                false => {
                    let mut any = unknown();
                    any.many = one.many || other.many;
                    any
                }
            })
            .collect();
    }
    let common = pairs.take_while(|(one, other)| one == other);
    let mut all: Vec<Word> = common.map(|(one, _)| one.clone()).collect();
    let mut rest = unknown();
    rest.many = true;
    all.push(rest);
    all
}

/// `shift`, `shift 2`.
pub(super) fn shift(job: &Job, st: &mut State) {
    let by = job
        .args()
        .first()
        .and_then(Word::text)
        .and_then(|t| t.parse().ok())
        .unwrap_or(1);
    shift_list(&mut st.arguments, by);
    for list in Rc::make_mut(&mut st.also) {
        shift_list(list, by);
    }
}

fn shift_list(list: &mut Rc<Vec<Word>>, by: usize) {
    // Of fewer none leaves.
    let counted = !list.iter().any(|word| word.many || word.has_glob());
    if counted && by > list.len() {
        return;
    }
    let arguments = Rc::make_mut(list);
    let by = arguments.len().min(by);
    let loose = |word: &Word| super::listed::is_loose(word);
    let end = match arguments.get(..by).unwrap_or_default().iter().any(loose) {
        // How many of them stand there is not known: they leave together.
        true => {
            by + arguments
                .iter()
                .skip(by)
                .take_while(|word| loose(word))
                .count()
        }
        false => by,
    };
    // What a pattern stands for may be more than one word.
    let kept: Vec<Word> = arguments.drain(..end).filter(Word::has_glob).collect();
    arguments.splice(..0, kept);
}

impl Unfolder<'_> {
    /// Reads a command once for each list that it may be handed.
    pub(super) fn each_list(
        &mut self,
        node: &Node,
        st: &mut State,
        fr: &Frame,
        read: &mut dyn FnMut(&mut Self, &mut State) -> Feed,
    ) -> Feed {
        if st.also.is_empty() || !is_handed(node, fr) {
            return read(self, st);
        }
        let lists = Rc::clone(&st.also);
        let mut after: Option<State> = None;
        let mut feed: Option<Feed> = None;
        for list in lists.iter() {
            let mut one = st.clone();
            one.place(Rc::clone(list));
            let printed = read(self, &mut one);
            feed = Some(match feed {
                Some(feed) => feed.or(printed),
                None => printed,
            });
            match &mut after {
                Some(after) => after.join(one),
                None => after = Some(one),
            }
        }
        if let Some(after) = after {
            *st = after;
        }
        // What was asked or done last belongs to one list alone.
        (self.asked, self.status, self.called) = (None, None, None);
        feed.unwrap_or_else(Feed::nothing)
    }
}

/// Tells whether a simple command names positional parameters, and is no question about them.
fn is_handed(node: &Node, fr: &Frame) -> bool {
    let text = fr.source.at(node.span);
    let first = text.split_whitespace().next().unwrap_or_default();
    let named = text.match_indices('$').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '@' | '*' | '#'))
    });
    named && !matches!(first, "[" | "test" | "[[" | "shift" | "getopts" | ":")
}
