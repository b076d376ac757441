//! Scripts of Perl, carried out: their options, their files, what they remove, rename and write.
//! Whatever it does not know ends the attempt; then the script is read like any other.

mod act;
mod change;
mod files;
mod functions;
mod lists;
mod options;
mod quotes;
mod read;
mod terms;
mod tree;
mod values;

use super::value::{Outcome, Stop};
use super::world::World;

/// What a script is started with.
pub(super) struct Start<'s> {
    pub text: &'s str,
    /// The script as it was named.
    pub name: &'s str,
    pub words: &'s [String],
    /// Settings of its environment that the call says.
    pub environment: &'s [(String, Option<String>)],
}

/// Tells whether a module does nothing by being named.
pub(super) fn knows(module: &str) -> bool {
    read::MODULES.contains(&module)
}

/// Carries a script out; what it does stands in the steps of the world.
pub(super) fn carry<'w>(start: &Start<'_>, world: World<'w>) -> Option<World<'w>> {
    let lines = read::script(start.text)?;
    let mut player = act::Player::new(world, start);
    let outcome: Outcome<()> = player.whole(&lines);
    match outcome {
        Ok(()) | Err(Stop::Dies(_) | Stop::Exits | Stop::Return(_)) => player.finished(),
        Err(Stop::Lost | Stop::Next(_) | Stop::Last(_)) => None,
    }
}
