//! `cd`, `pushd` and `popd`: where a shell is, as far as its words say it.
//! Whether a place is there is asked elsewhere.

use crate::model::command::Cwd;
use crate::model::word::Word;

use super::options::options;
use super::state::{State, literal, nowhere};
use super::unfold::{Job, Unfolder};

impl Unfolder<'_> {
    /// `cd`.
    pub(super) fn change(&mut self, job: &Job, st: &mut State) {
        let found = options(job.args(), "");
        let operands = job.args().get(found.rest..).unwrap_or_default();
        let operand = operands.first().cloned();
        let previous = st.cwd.clone();
        let next = match &operand {
            None => self.home(job, st),
            Some(word) if word.text().as_deref() == Some("-") => st.previous.clone(),
            Some(word) => {
                let mut next = self.places(word, &previous);
                next.extend(self.through_cdpath(word, job, st));
                next
            }
        };
        // bash refuses a second name, zsh puts it in the place of the first.
        let fails = operands.len() > 1 || self.may_fail(&next, operand.as_ref(), st);
        st.cwd = next;
        if fails {
            for cwd in &previous {
                if !st.cwd.contains(cwd) {
                    st.cwd.push(cwd.clone());
                }
            }
        }
        st.previous = previous;
    }

    /// Where `cd` alone leads: the call's own `HOME`, or that of the environment.
    fn home(&mut self, job: &Job, st: &mut State) -> Vec<Cwd> {
        let given = job.env.iter().rfind(|(name, _)| name == "HOME");
        let word = match given {
            Some((_, word)) => Some(word.clone()),
            None if st.variables.contains_key("HOME") => {
                let text = literal(&self.variable_text("HOME", &nowhere(), st));
                Some(text.map_or_else(
                    || Word::hole(crate::model::word::Hole::Unknown, false, nowhere()),
                    |text| Word::literal(text, nowhere()),
                ))
            }
            None => None,
        };
        match (word, &self.scene.home) {
            (Some(word), _) => self.places(&word, &st.cwd),
            (None, Some(home)) if !st.far => vec![Cwd::Known(home.clone())],
            (None, _) => vec![Cwd::Unknown],
        }
    }

    /// `pushd DIR`, and without a name the two topmost places change theirs.
    pub(super) fn push_directory(&mut self, job: &Job, st: &mut State) {
        let names: Vec<String> = job.args().iter().map(Word::shown).collect();
        let turns = |name: &String| {
            let digits = name.strip_prefix(['+', '-']);
            digits.is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
            })
        };
        if names.is_empty() {
            if let Some(top) = st.stack.pop() {
                let here = std::mem::replace(&mut st.cwd, top);
                st.stack.push(here.clone());
                st.previous = here;
            }
            return;
        }
        if names.iter().any(turns) {
            st.push_place();
            let all: Vec<Cwd> = st.stack.iter().flatten().cloned().collect();
            st.previous = std::mem::replace(&mut st.cwd, vec![Cwd::Unknown]);
            st.cwd.extend(all);
            return;
        }
        // Nothing but the list changes.
        if let Some(at) = names.iter().position(|name| name == "-n") {
            if let Some(word) = job.args().get(at + 1) {
                let places = self.places(word, &st.cwd);
                st.stack.push(places);
            }
            return;
        }
        st.push_place();
        self.change(job, st);
    }
}

/// `popd`.
pub(super) fn pop(st: &mut State) {
    if let Some(cwd) = st.stack.pop() {
        st.previous = std::mem::replace(&mut st.cwd, cwd);
    }
}
