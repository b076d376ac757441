//! Scripts of Python, carried out: their options, their files, their databases, what they remove, rename and write.
//! Whatever it does not know ends the attempt; then the script is read like any other.

mod attributes;
pub(super) mod begin;
mod blocks;
mod bounds;
mod builtins;
mod bytes;
mod calls;
mod classes;
mod database;
mod doubt;
mod enums;
mod flow;
mod format;
mod frame;
mod items;
mod library;
mod methods;
mod operate;
mod play;
mod terms;
mod value;
mod views;

use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt};

use super::guess::Guesses;
use super::world::{Found, World};
use frame::Frame;
use play::Player;
use value::{Kind, Outcome, Stop, Value};

/// What a script is started with.
pub(super) struct Start<'s> {
    pub text: &'s str,
    /// The script as it was named; `-c` and `-` for code that is no file.
    pub name: &'s str,
    pub words: &'s [begin::Handed],
    /// Settings of its environment that the call says.
    pub environment: &'s [(String, Option<String>)],
    /// What the call does not say is as whoever asks has it.
    pub inherits: bool,
    /// Folders in which modules are looked for, the first one first.
    pub paths: &'s [String],
    /// The file, where it is one.
    pub file: Option<&'s str>,
    /// The module that is started, with its packages: `shop.cli`.
    pub module: Option<&'s str>,
    /// `assert` is carried out.
    pub asserts: bool,
}

/// Carries a script out; what it does stands in the steps of the world.
/// The second is true where it may do more than that.
pub(super) fn carry<'w>(
    start: &Start<'_>,
    world: World<'w>,
    backwards: bool,
    guesses: &mut Guesses,
) -> Option<(World<'w>, bool)> {
    let body = bounds::parsed(start.text)?;
    let mut world = world;
    let words = words(&mut world, start).ok()?;
    let mut player = Player::new(world, start, &words, backwards);
    player.guesses = std::mem::take(guesses);
    player.work = player.guesses.work;
    let outcome = whole(&mut player, start, &body, &words);
    *guesses = std::mem::take(&mut player.guesses);
    guesses.work = player.work;
    match outcome {
        Ok(()) => {}
        Err(Stop::Raise(thrown)) => player.doubted(&thrown, None),
        // What was done up to there is done; what is still to be asked is known by now.
        Err(_) => return Some((player.world, true)),
    }
    let unsure = player.unsure || guesses.leaves_out();
    player.finished().ok().map(|world| (world, unsure))
}

/// Returns the words that are handed on; the shell writes out the names that a pattern finds.
fn words(world: &mut World<'_>, start: &Start<'_>) -> Outcome<Vec<String>> {
    let mut all = Vec::new();
    for word in start.words {
        match word {
            begin::Handed::Word(text) => all.push(text.clone()),
            begin::Handed::Pattern(pattern) => {
                let mut found = world.glob(pattern, true)?;
                found.sort();
                match found.is_empty() && !world.waits {
                    true => all.push(pattern.clone()),
                    false => all.extend(found),
                }
            }
        }
    }
    Ok(all)
}

/// Returns what a module says of itself.
fn told_first(body: &[Stmt]) -> Value {
    let text = body.first().and_then(|first| match first {
        Stmt::Expr(one) => match one.value.as_ref() {
            Expr::StringLiteral(text) => Some(text.value.to_str()),
            _ => None,
        },
        _ => None,
    });
    match text {
        // Versions differ in the spaces that they leave at the beginning of lines.
        Some(text) if text.contains("\n ") || text.contains("\n\t") => Value::Unknown(Kind::Text),
        Some(text) => Value::text(text),
        None => Value::None,
    }
}

/// Settings of the environment by which Python loads or leaves out more than the script says.
const SETTINGS: [&str; 5] = [
    "PYTHONPATH",
    "PYTHONOPTIMIZE",
    "PYTHONHOME",
    "PYTHONWARNINGS",
    "PYTHONPLATLIBDIR",
];

fn whole(
    player: &mut Player<'_>,
    start: &Start<'_>,
    body: &[Stmt],
    words: &[String],
) -> Outcome<()> {
    for name in SETTINGS {
        let said = start.environment.iter().any(|(one, _)| one == name);
        if !said
            && player
                .world
                .inherited(name)?
                .is_some_and(|text| !text.is_empty())
        {
            return Err(Stop::Lost);
        }
    }
    let mut paths = Vec::new();
    for folder in std::mem::take(&mut player.paths) {
        let path = player.world.path(&folder)?;
        paths.push(path.to_str().ok_or(Stop::Lost)?.to_owned());
    }
    player.paths = paths;
    let frame = Rc::new(Frame::module(true));
    frame.put("__name__", Value::text("__main__"));
    frame.put("__doc__", told_first(body));
    if let Some(file) = start.file {
        let path = player.world.path(file)?;
        // A link stands in another folder than what it leads to.
        if let Found::Link { .. } = player.world.found(&path)? {
            return Err(Stop::Lost);
        }
        player.script = Some(path.clone());
        let text = path.to_str().ok_or(Stop::Lost)?;
        frame.put("__file__", Value::text(text));
        if start.module.is_some() {
            player.argv =
                Value::texts(std::iter::once(text).chain(words.iter().map(String::as_str)));
        }
    }
    player
        .modules
        .insert("__main__".to_owned(), Rc::clone(&frame));
    let package = start
        .module
        .and_then(|module| module.rsplit_once('.'))
        .map_or("", |(package, _)| package);
    // Only a module that is started by its name has one.
    let told = match start.module {
        Some(_) => Value::text(package),
        None => Value::None,
    };
    frame.put("__package__", told);
    if !package.is_empty() {
        player.package(package)?;
    }
    player.look_ahead(body, package);
    player.block(body, &frame)
}
