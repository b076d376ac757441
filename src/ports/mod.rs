//! Traits by which the pipeline sees the world. Nothing of ours but `model` is used here.
//! There is no implementation here; `gather` and tests have them.

use crate::model::fact::{Answer, Question};

/// Answers questions about the world.
pub trait World {
    /// Returns an answer; what cannot be asked is `Answer::Unknown`, never an absence.
    fn answer(&self, question: &Question) -> Answer;
    /// Tells whether the time for this call is used up.
    fn out_of_time(&self) -> bool;
}
