//! Scripts of JavaScript for Node, carried out: their options, their modules, what they remove, rename and write.
//! Whatever it does not know ends the attempt; then the script is read like any other.

pub(super) mod begin;
mod bounds;
mod calls;
mod doubt;
mod errors;
mod eval;
mod files;
mod json;
mod library;
mod lists;
mod lower;
mod members;
mod modules;
mod moments;
mod operate;
mod options;
mod paths;
mod play;
mod promises;
mod terms;
mod texts;
mod tree;
mod value;
mod walks;

use super::world::{Found, World};
use play::Player;
use value::{Outcome, Stop, Value};

/// What a script is started with.
pub(super) struct Start<'s> {
    pub text: &'s str,
    /// The script as it was named; nothing for code that is no file.
    pub file: Option<&'s str>,
    pub words: &'s [begin::Said],
    /// Settings of its environment that the call says.
    pub environment: &'s [(String, Option<String>)],
    /// It is a module of imports whatever stands in it.
    pub module: bool,
    /// Code that is no file: where it comes from.
    pub inline: Option<&'static str>,
    /// It does not get the settings around it.
    pub dropped: bool,
    /// Who starts it hands settings of its own on.
    pub started: bool,
}

/// Carries a script out; what it does stands in the steps of the world.
/// The second is true where it may do more than that.
pub(super) fn carry<'w>(start: &Start<'_>, world: World<'w>) -> Option<(World<'w>, bool)> {
    let mut player = Player::new(world, start);
    let outcome = whole(&mut player, start);
    match outcome {
        Ok(()) | Err(Stop::Throw(_) | Stop::Exit) => player.ended(&outcome).ok()?,
        // What was done up to there is done, where nobody does anything beside it.
        Err(_) if player.is_alone() => return Some((player.world, true)),
        Err(_) => return None,
    }
    Some((player.world, player.unsure))
}

fn whole(player: &mut Player<'_>, start: &Start<'_>) -> Outcome<()> {
    let here = player.world.here.clone();
    let real = player.world.resolved(&here)?;
    player.world.stands_at(real);
    let mut named = None;
    let file = match start.file {
        Some(name) => {
            let path = player.world.path(name)?;
            named = path.to_str().map(Value::text);
            if let Found::Link { .. } = player.world.found(&path)? {
                return Err(Stop::Lost);
            }
            player.world.resolved(&path)?
        }
        None => player.world.here.join("[eval]"),
    };
    let mut argv = vec![Value::text("/usr/local/bin/node")];
    if start.file.is_some() {
        argv.push(named.ok_or(Stop::Lost)?);
        player.file = Some(file.clone());
    }
    for word in start.words {
        if !word.pattern {
            argv.push(Value::text(&word.text));
            continue;
        }
        let fits = player.world.glob(&word.text, true)?;
        // What stands there where nothing fits hangs on a setting of the shell.
        if fits.is_empty() && !player.world.waits {
            return Err(Stop::Lost);
        }
        argv.extend(fits.iter().map(|one| Value::text(one)));
    }
    player.argv = argv;
    player.run(start.text, &file, start.module)
}
