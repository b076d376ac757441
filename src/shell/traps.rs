//! Commands that a shell keeps for its end: `trap … EXIT`, with what the variables were on the way on which each was set.
//! They are only kept here; the shell runs them.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::model::command::Proven;
use crate::model::word::Word;

use super::state::{State, Variables};

/// One trap.
#[derive(Clone, Debug)]
pub(super) struct Trap {
    pub text: Word,
    /// What was proven when it was set: it may run at any time after that.
    pub proven: Proven,
    /// Set when a way without this trap came in: the variables after that, and as they were on its own way.
    own: Option<(Rc<Variables>, Rc<Variables>)>,
}

impl Trap {
    /// Returns a trap that is set here.
    pub fn new(text: Word, st: &State) -> Self {
        Self {
            text,
            proven: st.proofs.always.clone(),
            own: None,
        }
    }

    /// Returns the variables that the trap sees: those of its own way, unless they were set since.
    pub fn variables(&self, now: &Rc<Variables>) -> Rc<Variables> {
        let Some((joined, own)) = &self.own else {
            return Rc::clone(now);
        };
        let mut all = Variables::clone(own);
        for name in joined.keys().filter(|name| !now.contains_key(*name)) {
            all.remove(name);
        }
        for (name, value) in now.iter() {
            if joined.get(name) != Some(value) {
                all.insert(Rc::clone(name), Rc::clone(value));
            }
        }
        Rc::new(all)
    }

    /// Takes the trap out of a function: a local variable was what the trap meant, but for names that the environment has too.
    fn leave(&mut self, inner: &Rc<Variables>, outer: &Rc<Variables>, locals: &[String]) {
        let mut own = Variables::clone(&self.variables(inner));
        for name in locals.iter().filter(|name| is_environment(name)) {
            match outer.get_key_value(name.as_str()) {
                Some((key, value)) => own.insert(Rc::clone(key), Rc::clone(value)),
                None => own.remove(name.as_str()),
            };
        }
        // A name that is gone outside is compared as what it is there: nothing.
        self.own = Some((Rc::clone(outer), Rc::new(own)));
    }

    /// Takes in the same trap of another way.
    fn meet(&mut self, other: &Self) {
        if !self.is_like(other) {
            self.own = None;
        }
        self.proven = self.proven.common(&other.proven);
    }

    fn is_like(&self, other: &Self) -> bool {
        match (&self.own, &other.own) {
            (None, None) => true,
            (Some(a), Some(b)) => Rc::ptr_eq(&a.0, &b.0) && Rc::ptr_eq(&a.1, &b.1),
            _ => false,
        }
    }
}

/// Environment variables are written in capitals.
fn is_environment(name: &str) -> bool {
    !name.contains(|c: char| c.is_ascii_lowercase())
}

/// Traps of two ways that meet.
#[derive(Debug, Default)]
pub(super) struct Met {
    kept: Vec<Rc<Trap>>,
    /// Traps of one way only, with the variables of that way.
    pinned: Vec<(Rc<Trap>, Rc<Variables>)>,
}

impl State {
    /// Takes the traps out of two ways that meet.
    pub(super) fn meet(&mut self, other: &mut Self) -> Met {
        let mut met = Met::default();
        // Both ways have most of them in the same order: what is looked for stands in front.
        let mut theirs = VecDeque::from(std::mem::take(&mut other.traps));
        for mut trap in std::mem::take(&mut self.traps) {
            let at = theirs.iter().position(|known| known.text == trap.text);
            if let Some(same) = at.and_then(|at| theirs.remove(at)) {
                if !Rc::ptr_eq(&trap, &same) {
                    Rc::make_mut(&mut trap).meet(&same);
                }
                met.kept.push(trap);
            } else if other.ended {
                met.kept.push(trap);
            } else {
                let own = trap.variables(&self.variables);
                met.pinned.push((trap, own));
            }
        }
        for trap in theirs {
            if self.ended {
                met.kept.push(trap);
            } else {
                let own = trap.variables(&other.variables);
                met.pinned.push((trap, own));
            }
        }
        met
    }

    /// Gives the traps back after the ways have met.
    pub(super) fn met(&mut self, met: Met) {
        let pinned = met.pinned.into_iter().map(|(mut trap, own)| {
            Rc::make_mut(&mut trap).own = Some((Rc::clone(&self.variables), own));
            trap
        });
        let pinned: Vec<Rc<Trap>> = pinned.collect();
        self.traps = met.kept;
        self.traps.extend(pinned);
    }

    /// Takes traps out of a function whose local variables were just given up.
    pub(super) fn leave_function(&mut self, from: usize, inner: &Rc<Variables>, locals: &[String]) {
        let outer = Rc::clone(&self.variables);
        for trap in self.traps.iter_mut().skip(from) {
            Rc::make_mut(trap).leave(inner, &outer, locals);
        }
    }
}
