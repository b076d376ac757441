//! What `break`, `continue` and `return` carry out of a branch: the variables and places that hold where they lead to.
//! It decides nothing about what is reached; `exit` and its kin carry nothing, since their shell is gone.

use std::rc::Rc;

use crate::model::command::Cwd;
use crate::model::word::Word;

use super::placed::Lists;
use super::state::{State, Variables};
use super::unfold::{Job, Unfolder};

/// Jumps that are kept at a time; of a text with more no condition is decided.
const MAX_JUMPS: usize = 1_024;

/// What has left the text at hand for certain, in the order in which it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gone {
    Round,
    /// So many loops.
    Loop(usize),
    Call,
    Shell,
}

impl Gone {
    /// Returns what a builtin leaves.
    pub(super) fn by(name: &str, job: &Job, loops: usize) -> Self {
        match name {
            "continue" if job.args().is_empty() => Self::Round,
            "continue" => Self::Loop(1),
            "break" => Self::Loop(counted(job, loops).unwrap_or(1)),
            "return" => Self::Call,
            _ => Self::Shell,
        }
    }
}

/// Where a jump leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// To the next round of the loop at hand.
    Round,
    /// Behind so many loops.
    Loops(usize),
    /// Behind the function or the sourced file.
    Call,
}

/// What holds where a jump starts.
#[derive(Clone, Debug)]
pub(super) struct Jump {
    goal: Goal,
    /// The subshell in which it was made.
    shell: usize,
    variables: Rc<Variables>,
    arguments: Rc<Vec<Word>>,
    also: Lists,
    /// Nothing where what came before has failed: then nothing has moved.
    cwd: Option<Vec<Cwd>>,
}

/// Returns how many of the loops around are meant; one is where none is named, and all where there are fewer.
fn counted(job: &Job, loops: usize) -> Option<usize> {
    match job.args().first() {
        None => Some(1),
        Some(word) => {
            let count: usize = word.text()?.parse().ok()?;
            (count > 0).then(|| count.min(loops.max(1)))
        }
    }
}

impl Unfolder<'_> {
    /// Keeps what holds where a builtin leaves the text at hand.
    pub(super) fn jump(&mut self, name: &str, job: &Job, st: &State) {
        let count = || counted(job, st.loops).unwrap_or(usize::MAX);
        let goal = match name {
            "break" => Goal::Loops(count()),
            "continue" if count() > 1 => Goal::Loops(count()),
            "continue" => Goal::Round,
            "return" => Goal::Call,
            _ => return,
        };
        if self.jumps.len() >= MAX_JUMPS {
            self.unsure += 1;
            return;
        }
        self.jumps.push(Jump {
            goal,
            shell: st.shell,
            variables: Rc::clone(&st.variables),
            arguments: Rc::clone(&st.arguments),
            also: Rc::clone(&st.also),
            cwd: (!self.otherwise).then(|| st.cwd.clone()),
        });
    }

    /// Lets the jumps made since then arrive that lead here, and keeps those that lead further.
    pub(super) fn arrive(&mut self, since: usize, here: Goal, st: &mut State) {
        if self.jumps.len() <= since {
            return;
        }
        let made = self.jumps.split_off(since);
        let shell = st.shell;
        for mut jump in made.into_iter().filter(|jump| jump.shell == shell) {
            let arrives = match (jump.goal, here) {
                (Goal::Loops(usize::MAX), Goal::Loops(_)) => true,
                (Goal::Loops(count), Goal::Loops(_)) => {
                    jump.goal = Goal::Loops(count.saturating_sub(1));
                    count <= 1
                }
                (goal, here) => goal == here || here == Goal::Call,
            };
            if arrives {
                // Who comes here goes on, whatever has left on the other way.
                st.gone = st
                    .gone
                    .filter(|gone| here == Goal::Call && *gone == Gone::Call);
                let arguments = (&jump.arguments, &jump.also);
                st.join_ways(&jump.variables, arguments, jump.cwd.as_deref());
            }
            let further = match jump.goal {
                Goal::Loops(left) => left > 0,
                Goal::Round => !arrives,
                Goal::Call => true,
            };
            if further && here != Goal::Call {
                self.jumps.push(jump);
            }
        }
    }
}
