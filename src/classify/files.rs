//! Files and trees: what a program would remove, move away or write over.
//! Redirections and the Write tool are the family `writes`; backstop's own files are the family `own`.

mod argv;
#[cfg(test)]
pub mod bench;
mod copies;
mod deeds;
mod fd;
mod find;
mod inplace;
pub mod judge;
mod keys;
pub mod kinds;
mod linked;
pub(in crate::classify) mod mounted;
pub mod moves;
mod named;
mod outs;
mod over;
mod packed;
mod patches;
pub mod place;
mod remade;
pub mod report;
mod rights;
mod rules;
mod synced;
mod tools;
mod unpack;
pub mod world;

pub use argv::{Args, Valued};
pub use deeds::cut;
pub use kinds::REGENERABLE;
pub use outs::outputs;

use std::path::PathBuf;

use crate::classify::Context;
use crate::model::command::{Command, Cwd};
use crate::model::fact::Needs;
use crate::model::finding::Finding;

use judge::Judge;

/// Returns what a command would lose of files and trees.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    if !deeds::knows(&program) {
        return Vec::new();
    }
    let deeds = deeds::read(&program, command, context, needs);
    if deeds.is_empty() {
        return Vec::new();
    }
    let mut judge = Judge::new(context, needs, world::of(command), folder(&command.cwd));
    for deed in deeds {
        deed.apply(&mut judge);
    }
    report::of(judge.finish(), command, context)
}

/// Returns what a redirection empties of what `find` hands on: `find … -exec sh -c ': > "$1"' _ {} \\;`.
pub fn emptied(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let deeds = deeds::emptied(command, context, needs);
    if deeds.is_empty() {
        return Vec::new();
    }
    let mut judge = Judge::new(context, needs, world::of(command), folder(&command.cwd));
    for deed in deeds {
        deed.apply(&mut judge);
    }
    report::of(judge.finish(), command, context)
}

/// Returns the words at which a `find` starts.
pub fn starts_of_find(command: &Command) -> Vec<crate::model::word::Word> {
    find::narrowing(command).starts
}

/// Returns the working directory as far as it is known.
pub fn folder(cwd: &Cwd) -> PathBuf {
    match cwd {
        Cwd::Known(path) => path.clone(),
        Cwd::Temporary | Cwd::Unknown => PathBuf::new(),
    }
}

#[cfg(test)]
mod tests;
