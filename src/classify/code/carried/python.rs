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

use std::rc::Rc;

use super::world::{Found, World};
use frame::Frame;
use play::Player;
use value::{Kind, Outcome, Stop, Value};

/// What a script is started with.
pub(super) struct Start<'s> {
    pub text: &'s str,
    /// The script as it was named; `-c` and `-` for code that is no file.
    pub name: &'s str,
    pub words: &'s [String],
    /// Settings of its environment that the call says.
    pub environment: &'s [(String, Option<String>)],
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
pub(super) fn carry<'w>(start: &Start<'_>, world: World<'w>, backwards: bool) -> Option<World<'w>> {
    let body = bounds::parsed(start.text)?;
    let mut player = Player::new(world, start, backwards);
    match whole(&mut player, start, &body) {
        Ok(()) | Err(Stop::Raise(_)) => player.finished().ok(),
        // What is still to be asked is known by now.
        Err(_) => None,
    }
}

fn whole(
    player: &mut Player<'_>,
    start: &Start<'_>,
    body: &[ruff_python_ast::Stmt],
) -> Outcome<()> {
    let mut paths = Vec::new();
    for folder in std::mem::take(&mut player.paths) {
        let path = player.world.path(&folder)?;
        paths.push(path.to_str().ok_or(Stop::Lost)?.to_owned());
    }
    player.paths = paths;
    let frame = Rc::new(Frame::module(true));
    frame.put("__name__", Value::text("__main__"));
    frame.put("__doc__", Value::Unknown(Kind::Any));
    if let Some(file) = start.file {
        let path = player.world.path(file)?;
        // A link stands in another folder than what it leads to.
        if let Found::Link { .. } = player.world.found(&path)? {
            return Err(Stop::Lost);
        }
        let text = path.to_str().ok_or(Stop::Lost)?;
        frame.put("__file__", Value::text(text));
        if start.module.is_some() {
            player.argv =
                Value::texts(std::iter::once(text).chain(start.words.iter().map(String::as_str)));
        }
    }
    player
        .modules
        .insert("__main__".to_owned(), Rc::clone(&frame));
    let package = start
        .module
        .and_then(|module| module.rsplit_once('.'))
        .map_or("", |(package, _)| package);
    frame.put("__package__", Value::text(package));
    if !package.is_empty() {
        player.package(package)?;
    }
    player.look_ahead(body, package);
    player.block(body, &frame)
}
