//! Rights and owners of whole trees: a system of which nothing may be read or run any more.
//! Rights of single files and of a project's own tree lose nothing, and are not looked at.

use std::path::Path;

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::kinds;
use super::place::{Place, lexical};
use super::report::Loss;
use super::world;

/// Tells whether a server of databases can no longer use its own files: rights that it refuses, an owner that is not its own.
fn locks_out(command: &crate::model::command::Command, args: &Args<'_>) -> bool {
    /// Rights with which servers start.
    const OWN: [&str; 4] = ["700", "0700", "750", "0750"];
    const ACCOUNTS: [&str; 9] = [
        "postgres", "mysql", "mongodb", "mongod", "redis", "valkey", "etcd", "root", "_mysql",
    ];
    let Some(first) = args
        .operands
        .first()
        .filter(|_| !args.has(&["--reference"]))
    else {
        return false;
    };
    let text = first.text();
    if command.is_any(&["chmod"]) {
        return text.is_some_and(
            |mode| match mode.bytes().all(|digit| digit.is_ascii_digit()) {
                true => !OWN.contains(&mode.as_str()),
                false => ["o+", "a+", "o=r", "a=", "+rwx"]
                    .iter()
                    .any(|opens| mode.contains(opens)),
            },
        );
    }
    let owner = text.map(|text| text.split([':', '.']).next().unwrap_or_default().to_owned());
    command.is_any(&["chown"])
        && owner.is_none_or(|owner| {
            !owner.is_empty()
                && !ACCOUNTS.contains(&owner.as_str())
                && !owner.bytes().all(|digit| digit.is_ascii_digit())
        })
}

impl Reader<'_, '_> {
    /// Rights of the whole system: nothing starts any more.
    pub fn permissions(&mut self) {
        let valued = Valued {
            short: "",
            long: &["--reference", "--from"],
        };
        let command = self.command;
        let args = Args::read(command.args(), valued);
        if !args.may_have(&["-R", "--recursive"]) {
            return;
        }
        let skip = usize::from(!args.has(&["--reference"]));
        for word in args.operands.iter().skip(skip) {
            for place in self.places(word) {
                let path = match &place {
                    Place::At { path, .. } => lexical(path),
                    Place::Glob { dir, pattern } if pattern == "*" => lexical(dir),
                    _ => continue,
                };
                let home = self.context.scene.home.as_deref();
                let system = kinds::is_catastrophic(&path, home)
                    && home.is_none_or(|home| path != home)
                    && !matches!(
                        path.to_str(),
                        Some("/opt" | "/srv" | "/mnt" | "/media" | "/usr/local" | "/run")
                    )
                    && path
                        .parent()
                        .is_none_or(|up| !matches!(up.to_str(), Some("/home" | "/Users")));
                if system || kinds::is_database_folder(&path) && locks_out(command, &args) {
                    self.deeds.extend(self.rights(&path));
                }
            }
        }
    }

    /// Returns what is lost when nothing of a system may be read or run any more; a fresh container goes anyway.
    fn rights(&self, path: &Path) -> Option<Deed> {
        let target = match world::of(self.command) {
            world::World::Here => world::path_target(path),
            world::World::Fresh(_) => return None,
            world::World::Elsewhere { place, reason, .. } => {
                world::far_target(&place, &reason, &path.to_string_lossy())
            }
        };
        Some(Deed::Lost(Loss::new("files.permissions", target)))
    }
}
