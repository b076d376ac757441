//! Functions that are called again and again with the same words: after a while one call stands for all that follow.
//! It runs nothing itself; what a settled call leaves behind is what its worst reading left.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::model::command::{Cwd, Wrapper};
use crate::model::word::{Hole, Word};

use super::state::{Feed, Function, Functions, State, Value, Variable, Variables, nowhere};
use super::unfold::Frame;

/// Calls of one function with the same words that are run as they are; loops run as many items one by one.
const MAX_SAME_CALLS: usize = 64;

/// Steps of a text up to which every call is run as it is: what is small is read exactly.
pub(super) const FREE_STEPS: usize = 10_000;

/// What makes two calls the same but for the values of variables.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    arguments: Vec<Word>,
    cwd: Vec<Cwd>,
    via: Rc<Vec<Wrapper>>,
    stdin: Feed,
    depth: usize,
}

/// A function with what its calls were.
#[derive(Debug)]
struct Calls {
    /// Kept, so that no other function gets its place in memory.
    function: Rc<Function>,
    call: Call,
    count: usize,
    first: Rc<Variables>,
    forgotten: BTreeSet<String>,
    outcome: Option<Outcome>,
}

/// What the settled call left.
#[derive(Clone, Debug)]
struct Outcome {
    feed: Feed,
    variables: BTreeMap<Rc<str>, Rc<Variable>>,
    functions: Rc<Functions>,
    written: usize,
}

/// Calls of the whole text.
#[derive(Debug, Default)]
pub(super) struct Settled {
    calls: BTreeMap<usize, Vec<Calls>>,
}

/// How a call goes on.
#[derive(Debug)]
pub(super) enum Going {
    /// As it is.
    Plain,
    /// Once more, with what changes between the calls not known; its outcome is kept under this place.
    Settling((usize, usize)),
    /// Not at all: this is what it prints.
    Done(Feed),
}

impl Settled {
    /// Tells how a call goes on; a settled one leaves its values in the state.
    pub fn begin(
        &mut self,
        function: &Rc<Function>,
        arguments: &[Word],
        st: &mut State,
        fr: &Frame,
        written: usize,
    ) -> Going {
        let key = Rc::as_ptr(function) as usize;
        let call = Call {
            arguments: arguments.to_vec(),
            cwd: st.cwd.clone(),
            via: Rc::clone(&fr.via),
            stdin: fr.stdin.clone(),
            depth: st.calls,
        };
        let all = self.calls.entry(key).or_default();
        let Some(at) = all.iter().position(|known| known.call == call) else {
            // More forms than this are not the same call over and over.
            if all.len() < MAX_SAME_CALLS {
                all.push(Calls {
                    function: Rc::clone(function),
                    call,
                    count: 1,
                    first: Rc::clone(&st.variables),
                    forgotten: BTreeSet::new(),
                    outcome: None,
                });
            }
            return Going::Plain;
        };
        let Some(known) = all.get_mut(at) else {
            return Going::Plain;
        };
        known.count += 1;
        if known.count <= MAX_SAME_CALLS || !Rc::ptr_eq(&known.function, function) {
            return Going::Plain;
        }
        let changed = changed(&known.first, &st.variables);
        if let Some(outcome) = &known.outcome
            && changed.is_subset(&known.forgotten)
            && Rc::ptr_eq(&outcome.functions, &st.functions)
            && outcome.written == written
        {
            let variables = Rc::make_mut(&mut st.variables);
            for (name, value) in &outcome.variables {
                variables.insert(Rc::clone(name), Rc::clone(value));
            }
            return Going::Done(outcome.feed.clone());
        }
        known.forgotten.extend(changed);
        for name in &known.forgotten {
            st.set(name, Value::unknown(Hole::Unknown, nowhere()));
        }
        Going::Settling((key, at))
    }

    /// Keeps what a settling call left.
    pub fn end(
        &mut self,
        place: (usize, usize),
        before: &State,
        st: &State,
        feed: &Feed,
        written: usize,
    ) {
        let calls = self.calls.get_mut(&place.0);
        let Some(known) = calls.and_then(|all| all.get_mut(place.1)) else {
            return;
        };
        let names = changed(&before.variables, &st.variables);
        let value = |name: String| {
            let (name, value) = st.variables.get_key_value(name.as_str())?;
            Some((Rc::clone(name), Rc::clone(value)))
        };
        known.forgotten.extend(names.iter().cloned());
        known.outcome = Some(Outcome {
            feed: feed.clone(),
            variables: names.into_iter().filter_map(value).collect(),
            functions: Rc::clone(&st.functions),
            written,
        });
    }
}

impl State {
    /// Leaves open what has changed since: it came from a text that may be another by now.
    pub(super) fn doubt(&mut self, before: &Variables) {
        let names = changed(before, &self.variables);
        let variables = Rc::make_mut(&mut self.variables);
        for name in names {
            if let Some(variable) = variables.get_mut(name.as_str()) {
                let unknown = Value::unknown(Hole::Unknown, nowhere());
                Rc::make_mut(variable).alternatives.push(unknown);
            }
        }
    }
}

/// Returns the names of variables whose values are not what they were.
fn changed(before: &Variables, now: &Variables) -> BTreeSet<String> {
    let differs = now
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value));
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    differs
        .map(|(name, _)| name)
        .chain(gone)
        .map(ToString::to_string)
        .collect()
}
