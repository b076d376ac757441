//! Reads SQL and says what each statement would do to data.
//! It knows no rule, no severity and no server; what a client does around the SQL is in `client`.

mod alter;
mod bound;
mod change;
pub mod client;
mod commits;
mod create;
mod drop;
mod dynamic;
mod lex;
mod name;
mod read;
mod session;
mod strict;
mod touched;
mod upkeep;
mod values;

use crate::model::effect::{Dialect, Effect};

pub use commits::turns_off;
pub use session::{Habits, Loss, attached, is_closed, losses, losses_of};
pub use strict::losses_in_prose;

/// Marks unknown text inside SQL.
pub const HOLE: char = '\u{FFFC}';

/// Writes the parts of a name so that a server of the dialect looks up just these; nothing where that cannot be said.
pub fn quoted(parts: &[String], dialect: Dialect) -> Option<String> {
    name::quoted(parts, dialect)
}

/// Returns the losses that a text would cause, statement by statement; spans are byte offsets into `text`.
///
/// ```
/// use backstop::model::effect::{Dialect, Verb};
/// let effects = backstop::sql::judge("SELECT 'DROP TABLE a'; DROP TABLE b", Dialect::Postgres);
/// assert_eq!(effects.len(), 1);
/// assert_eq!(effects[0].verb, Verb::Drop);
/// assert_eq!(effects[0].object.as_deref(), Some("b"));
/// ```
pub fn judge(text: &str, dialect: Dialect) -> Vec<Effect> {
    losses(text, dialect)
        .into_iter()
        .filter(|loss| !loss.created)
        .map(|loss| loss.effect)
        .collect()
}
