//! From what a call would start to what would be lost: one family, one file.
//! It knows rules as data and facts as answers; it knows neither policy nor people.

mod clients;
pub mod code;
pub mod packs;
pub mod sql;

use crate::model::fact::{Facts, Needs, Scene};

pub use crate::model::rule::RuleBook;

/// What every family reads while it classifies.
#[derive(Debug)]
pub struct Context<'a> {
    pub scene: &'a Scene,
    pub facts: &'a Facts,
    pub rules: &'a dyn RuleBook,
}

/// Questions that came up while classifying.
pub type Asked = Needs;
