//! From what a call would start to what would be lost: one family, one file.
//! It knows rules as data and facts as answers; it knows neither policy nor people.

mod clients;
pub mod code;
pub mod packs;
pub mod sql;
pub mod files;
pub mod git;
pub mod own;
pub mod packs;
pub mod writes;

use crate::model::command::Command;
use crate::model::fact::{Facts, Needs, Scene};

pub use crate::model::rule::RuleBook;

/// What every family reads while it classifies.
#[derive(Debug)]
pub struct Context<'a> {
    pub scene: &'a Scene,
    pub facts: &'a Facts,
    pub rules: &'a dyn RuleBook,
    /// Names of files and folders that hold regenerable output (policy's list; `*` stands for any text).
    pub regenerable: &'a [String],
    /// Commands of the same call that come before the one that is judged.
    pub earlier: &'a [Command],
}

/// Questions that came up while classifying.
pub type Asked = Needs;
