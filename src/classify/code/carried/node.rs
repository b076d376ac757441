//! Scripts of JavaScript for Node, carried out: their options, their modules, what they remove, rename and write.
//! Whatever it does not know ends the attempt; then the script is read like any other.

pub(super) mod begin;
mod bounds;
mod calls;
mod errors;
mod eval;
mod files;
mod json;
mod library;
mod lists;
mod lower;
mod members;
mod modules;
mod operate;
mod options;
mod paths;
mod play;
mod promises;
mod terms;
mod texts;
mod tree;
mod value;

use super::world::{Found, World};
use play::Player;
use value::{Outcome, Stop, Value};

/// What a script is started with.
pub(super) struct Start<'s> {
    pub text: &'s str,
    /// The script as it was named; nothing for code that is no file.
    pub file: Option<&'s str>,
    pub words: &'s [String],
    /// Settings of its environment that the call says.
    pub environment: &'s [(String, Option<String>)],
    /// It is a module of imports whatever stands in it.
    pub module: bool,
}

/// Carries a script out; what it does stands in the steps of the world.
pub(super) fn carry<'w>(start: &Start<'_>, world: World<'w>) -> Option<World<'w>> {
    let mut player = Player::new(world, start);
    match whole(&mut player, start) {
        Ok(()) | Err(Stop::Throw(_) | Stop::Exit) => Some(player.world),
        Err(_) => None,
    }
}

fn whole(player: &mut Player<'_>, start: &Start<'_>) -> Outcome<()> {
    let file = match start.file {
        Some(name) => {
            let path = player.world.path(name)?;
            if let Found::Link { .. } = player.world.found(&path)? {
                return Err(Stop::Lost);
            }
            player.world.resolved(&path)?
        }
        None => player.world.here.join("[eval]"),
    };
    let mut argv = vec![Value::text("/usr/local/bin/node")];
    if start.file.is_some() {
        argv.push(Value::text(file.to_str().ok_or(Stop::Lost)?));
        player.file = Some(file.clone());
    }
    argv.append(&mut player.argv);
    player.argv = argv;
    player.run(start.text, &file, start.module)
}
