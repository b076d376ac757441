//! What values weigh when they are copied: a short text that copies long values again and again would fill any memory.
//! It only weighs; the walk ends where the budget of the whole call is spent.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use crate::model::command::{Command, Stdin};
use crate::model::word::{Hole, Part, Piece, Word};

use super::expand::Bit;
use super::state::State;
use super::unfold::{Job, Unfolder};

/// Pieces that one call may copy; a piece of text counts once more for each of its stretches of `STRETCH` bytes.
const MAX_WEIGHT: usize = 1 << 19;
/// About what a piece takes beside its text.
const STRETCH: usize = 64;

/// Exported variables as programs get them.
pub(super) type Environment = Arc<Vec<(String, Word)>>;

impl Unfolder<'_> {
    /// Counts what is copied, and ends the walk when that is too much.
    pub(super) fn carry(&mut self, weight: usize) {
        self.carried = self.carried.saturating_add(weight);
        if self.carried > MAX_WEIGHT {
            self.spend("it copies too much text");
        }
    }

    /// Returns the environment of a program; programs between two changes of variables share one.
    pub(super) fn environment(&mut self, job: &Job, st: &State) -> Environment {
        let known = self.exported.as_ref();
        let same = known.filter(|(place, _)| place.as_ptr() == Rc::as_ptr(&st.variables));
        let all = if let Some((_, all)) = same {
            Arc::clone(all)
        } else {
            let all = Arc::new(st.environment());
            self.carry(of_environment(&all));
            // A weak hold makes every change of the variables move them: the same place means the same values.
            self.exported = Some((Rc::downgrade(&st.variables), Arc::clone(&all)));
            all
        };
        if job.env.is_empty() {
            return all;
        }
        self.carry(of_environment(&all));
        let mut seen = BTreeSet::new();
        let both = all.iter().chain(&job.env).rev();
        let mut merged: Vec<(String, Word)> = both
            .filter(|(name, _)| seen.insert(name.as_str()))
            .cloned()
            .collect();
        merged.reverse();
        Arc::new(merged)
    }

    /// Returns the environment of a program that asks for its settings one by one: what the shell has set or unset
    /// for itself stands there as not known, because it reaches the program where it was handed on from outside.
    pub(super) fn settings(&mut self, job: &Job, st: &State) -> Environment {
        let all = self.environment(job, st);
        let program = job.words.first().and_then(Word::text);
        let program = program.as_deref().unwrap_or_default();
        let asks = ["node", "nodejs", "bun"].iter().any(|name| {
            let above = program.strip_suffix(name);
            above.is_some_and(|above| above.is_empty() || above.ends_with('/'))
        });
        if !asks
            && ![".js", ".mjs", ".cjs"]
                .iter()
                .any(|end| program.ends_with(end))
        {
            return all;
        }
        let known: BTreeSet<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        let own = st.variables.keys().filter(|name| !known.contains(&***name));
        let own: Vec<(String, Word)> = own
            .map(|name| {
                let word = Word::hole(Hole::Unknown, false, job.origin.clone());
                (name.to_string(), word)
            })
            .collect();
        if own.is_empty() {
            return all;
        }
        self.carry(of_environment(&all) + own.len());
        Arc::new(all.iter().cloned().chain(own).collect())
    }
}

/// Returns the weight of pieces.
pub(super) fn of_pieces(pieces: &[Piece]) -> usize {
    pieces.iter().map(of_piece).sum()
}

/// Returns the weight of what was evaluated.
pub(super) fn of_bits(bits: &[Bit]) -> usize {
    let each = bits.iter().map(|bit| match bit {
        Bit::Piece { piece, .. } => of_piece(piece),
        Bit::Break => 1,
    });
    each.sum()
}

/// Returns the weight of a program with what it reads and writes.
pub(super) fn of_command(command: &Command) -> usize {
    let stdin = match &command.stdin {
        Stdin::Text(word) => of_word(word),
        Stdin::Inherited | Stdin::Null | Stdin::File(_) | Stdin::Opaque { .. } => 0,
    };
    let content = command
        .writes
        .iter()
        .filter_map(|write| write.content.as_ref());
    let script = command.script.as_ref();
    let words = command.words.iter().chain(content).chain(script);
    stdin + command.via.len() + words.map(of_word).sum::<usize>()
}

fn of_word(word: &Word) -> usize {
    1 + of_pieces(&word.pieces)
}

fn of_piece(piece: &Piece) -> usize {
    match &piece.part {
        Part::Literal(text) | Part::Glob(text) => 1 + text.len() / STRETCH,
        Part::Hole(_) => 1,
    }
}

fn of_environment(all: &[(String, Word)]) -> usize {
    all.iter().map(|(_, word)| of_word(word)).sum()
}
