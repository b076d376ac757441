//! Names that stand for something else: aliases of the text itself, folders that `cd` finds by `CDPATH`, scripts on a `PATH` of the call.

use std::rc::Rc;

use crate::model::command::{Cwd, OpaqueKind};
use crate::model::span::Span;
use crate::model::word::{Part, Word};

use super::ast::{Node, PartKind, RawWord};
use super::source::Source;
use super::state::{Feed, State, literal, nowhere, word_of};
use super::unfold::{Frame, Job, Unfolder};

/// Stands for a part of `PATH` that is not known.
const HOLE: &str = "\0";

impl Unfolder<'_> {
    /// Replaces an alias that the text itself defined.
    pub(super) fn alias(
        &mut self,
        node: &Node,
        words: &[RawWord],
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if st.aliases.is_empty() {
            return None;
        }
        let first = words.first()?;
        let [part] = first.parts.as_slice() else {
            return None;
        };
        let PartKind::Plain(name) = &part.kind else {
            return None;
        };
        let value = Rc::clone(st.aliases.get(name.as_str())?);
        let mut source = Source::joined();
        source.push(&value.pieces);
        source.push_raw(
            &fr.source,
            Span::new(first.span.end, node.span.end.max(first.span.end)),
        );
        let all = Rc::clone(&st.aliases);
        Rc::make_mut(&mut st.aliases).remove(name.as_str());
        let mut inside = fr.clone();
        inside.nesting += 1;
        let feed = self.text_run(source, OpaqueKind::Syntax, false, st, &inside);
        st.aliases = all;
        // A shell that asks nobody replaces no alias unless it is told to: then the program of that name runs.
        let same =
            literal(&value.pieces).is_some_and(|text| text.split_whitespace().next() == Some(name));
        same.then_some(feed)
    }

    /// Returns the folders that `cd` may find by a `CDPATH` which the call sets.
    pub(super) fn through_cdpath(&mut self, word: &Word, job: &Job, st: &mut State) -> Vec<Cwd> {
        let Some(text) = word.text().filter(|text| !text.starts_with(['/', '.'])) else {
            return Vec::new();
        };
        let given = job.env.iter().rfind(|(name, _)| name == "CDPATH");
        if given.is_none() && !st.variables.contains_key("CDPATH") {
            return Vec::new();
        }
        let path = match given {
            Some((_, value)) => value.text(),
            None => literal(&self.variable_text("CDPATH", &nowhere(), st)),
        };
        let path = path.unwrap_or_default();
        let entries = path.split(':').filter(|entry| !entry.is_empty());
        let found =
            entries.map(|entry| Word::literal(format!("{entry}/{text}"), word.origin.clone()));
        found.flat_map(|word| self.places(&word, &st.cwd)).collect()
    }

    /// Returns the script that a bare name stands for, where the call puts folders in front of `PATH`.
    pub(super) fn on_path(&mut self, name: &str, job: &Job, st: &mut State) -> Option<Word> {
        let given = job.env.iter().rfind(|(key, _)| key == "PATH");
        let set = given.is_some() || st.variables.contains_key("PATH");
        if !set || st.far {
            return None;
        }
        let path = match given {
            Some((_, value)) => value.clone(),
            None => word_of(self.variable_text("PATH", &nowhere(), st), None),
        };
        // What is not known stands between the folders that are.
        let parts = path.pieces.iter().map(|piece| match &piece.part {
            Part::Literal(text) => text.as_str(),
            Part::Glob(_) | Part::Hole(_) => HOLE,
        });
        let all: String = parts.collect();
        let mut entries = all.split(':').filter(|entry| !entry.contains(HOLE));
        let origin = job.words.first()?.origin.clone();
        entries.find_map(|entry| {
            let front = if entry.is_empty() { "." } else { entry };
            let word = Word::literal(
                format!("{}/{name}", front.trim_end_matches('/')),
                origin.clone(),
            );
            let system = super::scripts::is_system(&word.prefix());
            (!system && self.first_line(&word, st).is_some()).then_some(word)
        })
    }
}
