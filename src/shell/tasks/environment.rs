//! What the environment of a `make` gives to the variables of its Makefile.
//! It reads no file and runs nothing.

use super::super::state::State;
use super::super::unfold::{Job, Unfolder};
use super::Makefile;

impl Unfolder<'_> {
    /// Adds what the environment gives to a Makefile's variables: to those set by `?=`, and with `-e` to all of them.
    pub(super) fn overridden(
        &self,
        job: &Job,
        all: bool,
        makefile: &Makefile,
        st: &State,
        values: &mut Vec<(String, String)>,
    ) {
        let _ = self;
        let exported = st.environment();
        for (name, word) in exported.iter().chain(&job.env) {
            if all && makefile.variables.iter().any(|(known, _)| known == name)
                || makefile.defaults.contains(name)
            {
                values.push((name.clone(), word.shown()));
            }
        }
    }
}
