//! Rights and owners of whole trees: a system of which nothing may be read or run any more.
//! Rights of single files and of a project's own tree lose nothing, and are not looked at.

use std::path::Path;

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::kinds;
use super::place::{Place, lexical};
use super::report::Loss;
use super::world;
use crate::model::word::Word;

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

/// `chmod 000`, `chmod a-rwx`: nobody may read, write or run it any more, and which rights it had is gone.
fn shuts(command: &crate::model::command::Command, args: &Args<'_>) -> bool {
    let mode = args.operands.first().and_then(|word| word.text());
    let nothing = |mode: &str| {
        mode.bytes().all(|digit| digit == b'0')
            || matches!(
                mode,
                "a-rwx"
                    | "a="
                    | "ugo-rwx"
                    | "ugo="
                    | "-rwx"
                    | "="
                    | "u-rwx,g-rwx,o-rwx"
                    | "u=,g=,o="
            )
    };
    command.is_any(&["chmod"]) && mode.is_some_and(|mode| !mode.is_empty() && nothing(&mode))
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
        let shut = shuts(command, &args);
        let mut words: Vec<Word> = Vec::new();
        if args.may_have(&["-R", "--recursive"]) {
            let skip = usize::from(!args.has(&["--reference"]));
            words.extend(args.operands.iter().skip(skip).map(|word| (*word).clone()));
        } else if shut && let Some(narrowing) = super::find::feeder(command, self.context) {
            words.extend(narrowing.starts.into_iter().filter(|_| !narrowing.narrowed));
        }
        for word in &words {
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
                let away = shut && self.is_away(&path);
                if system || away || kinds::is_database_folder(&path) && locks_out(command, &args) {
                    self.deeds.extend(self.rights(&path));
                }
            }
        }
    }

    /// Tells whether a folder lies neither in the project nor in a temporary place.
    fn is_away(&self, path: &Path) -> bool {
        let scene = self.context.scene;
        let temporary = scene.temporary.iter().any(|place| path.starts_with(place));
        path.is_absolute() && !path.starts_with(&scene.project) && !temporary
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
