//! What goes from a place to which the call itself has moved it: it is judged, and saved, where it stands before the call.
//! Which moves there were is read in `moves`.

use std::path::{Path, PathBuf};

use super::{How, Judge, Over, PATHS_MAX, Seen, World};
use crate::classify::files::kinds;
use crate::classify::files::moves::{Moves, Origin};
use crate::classify::files::place::{Place, lexical};
use crate::classify::files::report::Loss;
use crate::classify::files::rules::usual;
use crate::classify::files::world;
use crate::classify::inert;
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, EntryKind, Question};
use crate::model::word::Word;

/// How a line begins that says of a target that it is named as it stands before the call.
pub const MOVED: &str = "the same call moves it to ";

impl Judge<'_, '_> {
    /// Returns where the content of a place stood before the call.
    fn origins(&mut self, path: &Path) -> Vec<Origin> {
        if self.assumed() || self.context.earlier.is_empty() {
            return Vec::new();
        }
        let (context, needs) = (self.context, &mut *self.needs);
        let moves = self
            .moves
            .get_or_insert_with(|| Moves::read(context, needs));
        let before = context.aliases.map(|told| told.proven.as_slice());
        let proven = before.and_then(|all| all.get(context.earlier.len()));
        let ran = proven.map(|proven| [proven.ran(), proven.places()].concat());
        moves.origins(path, ran.as_deref())
    }

    /// Judges the removal of what the call moved to a place: it goes from where it stands now.
    fn removal_moved(&mut self, origin: &Path, to: &Path, how: How) {
        let (losses, pending) = (self.losses.len(), self.pending.len());
        match self.entry(origin) {
            Seen::There(entry) => self.removal_entry(origin, entry, false, how),
            Seen::Absent => {}
            Seen::Unknown => {
                let loss = Loss::new(usual(how, origin), world::path_target(origin));
                self.losses.push(loss);
            }
        }
        self.say_moved(losses, pending, to);
    }

    /// Judges what the call moved to a place that is removed; tells whether nothing else can have come there.
    pub(super) fn removal_of_moved(&mut self, plain: &Path, how: How) -> bool {
        let origins = self.origins(plain);
        for origin in &origins {
            if how.recursive || !origin.inside {
                self.removal_moved(&origin.path, plain, how);
            }
        }
        let moves = self.moves.as_ref();
        !origins.is_empty() || moves.is_some_and(Moves::is_whole)
    }

    /// Tells whether the call has moved away what stood at a place, for certain.
    pub(super) fn is_left(&mut self, plain: &Path) -> bool {
        let before = self.context.aliases.map(|told| told.proven.as_slice());
        let proven = before.and_then(|all| all.get(self.context.earlier.len()));
        let Some(proven) = proven.filter(|proven| !proven.is_empty()) else {
            return false;
        };
        self.origins(plain);
        let moves = self.moves.as_ref();
        let left = moves.and_then(|moves| moves.left_for(plain, &proven.places()));
        let Some((to, at)) = left else {
            return false;
        };
        // A swap moves it on: it lies in one of these places then.
        let mut places = vec![to];
        let since = self.context.earlier.iter().skip(at + 1);
        for one in since.chain(self.context.after) {
            match moved_on(one).filter(|(from, _)| places.contains(from)) {
                Some((_, to)) if !self.may_be_folder(&to) => places.push(to),
                _ if places.iter().all(|place| leaves(one, place)) => {}
                _ => return false,
            }
        }
        true
    }

    fn may_be_folder(&mut self, path: &Path) -> bool {
        match self.entry(path) {
            Seen::There(entry) => entry.kind != EntryKind::File,
            Seen::Absent => false,
            Seen::Unknown => true,
        }
    }

    /// New content over a file that the call moved to its place.
    pub(super) fn overwrite_moved(&mut self, plain: &Path, over: Over) {
        for origin in self.origins(plain) {
            if !origin.inside
                && let Seen::There(entry) = self.entry(&origin.path)
            {
                let (losses, pending) = (self.losses.len(), self.pending.len());
                self.overwrite_entry(entry, over);
                self.say_moved(losses, pending, plain);
            }
        }
    }

    /// Says of what was found since that it is named as it stands before the call.
    fn say_moved(&mut self, losses: usize, pending: usize, to: &Path) {
        let line = format!("{MOVED}`{}` first", to.display());
        for loss in self.losses.iter_mut().skip(losses) {
            loss.lines.push(line.clone());
        }
        for one in self.pending.iter_mut().skip(pending) {
            one.lines.push(line.clone());
        }
    }

    /// The same pattern where the folder stood before the call, and what was moved into it since.
    pub(super) fn removal_glob_moved(
        &mut self,
        dir: &Path,
        pattern: &str,
        everything: bool,
        how: How,
    ) {
        let origins = self.origins(dir);
        let targets = self.moves.as_ref().map(Moves::targets);
        for target in targets.unwrap_or_default() {
            let name = target.file_name().map(|name| name.to_string_lossy());
            let here = target.parent() == Some(dir);
            if here && name.is_some_and(|name| fits(pattern, &name)) {
                self.removal_of_moved(&target, how);
            }
        }
        for origin in origins {
            if origin.inside {
                if everything && how.recursive {
                    self.removal_moved(&origin.path, dir, how);
                }
                continue;
            }
            let question = Question::Glob {
                dir: origin.path.clone(),
                pattern: pattern.to_owned(),
            };
            match self.ask(question) {
                Some(Answer::Glob(paths)) if paths.len() <= PATHS_MAX => {
                    for path in paths {
                        self.removal_moved(path, dir, how);
                    }
                }
                Some(Answer::Absent) => {}
                Some(_) | None => self.removal_moved(&origin.path, dir, how),
            }
        }
    }

    /// Tells whether moving something there is as good as removing it.
    pub fn is_away(&self, path: &Path) -> bool {
        let plain = lexical(path);
        plain == Path::new("/dev/null")
            || self.is_scratch_or_temporary(&plain)
            || self.is_temporary_itself(&plain)
    }

    /// Judges a move of the system, a home or backstop itself, wherever it goes.
    pub fn moved_system(&mut self, from: &Place) {
        let path = match from {
            Place::At { path, .. } => lexical(path),
            Place::Glob { dir, pattern } if pattern == "*" && lexical(dir) == Path::new("/") => {
                lexical(dir)
            }
            Place::Glob { .. }
            | Place::Below { .. }
            | Place::Loose(_)
            | Place::Scratch
            | Place::Anywhere => return,
        };
        if matches!(self.world, World::Here) && kinds::is_catastrophic(&path, self.home()) {
            self.losses
                .push(Loss::new("files.wipe", world::path_target(&path)));
        }
    }
}

/// `mv from to`, where every word is known: where it moves a thing from, and to.
fn moved_on(command: &Command) -> Option<(PathBuf, PathBuf)> {
    let Cwd::Known(here) = &command.cwd else {
        return None;
    };
    if !command.is_any(&["mv", "gmv"]) || !command.is_here() || !command.writes.is_empty() {
        return None;
    }
    let place = |word: &Word| {
        let text = word.text().filter(|_| !word.has_glob() && !word.many)?;
        let known = !text.is_empty() && !text.starts_with('-') && !text.ends_with('/');
        known.then(|| lexical(&here.join(text)))
    };
    match command.args() {
        [from, to] => Some((place(from)?, place(to)?)),
        _ => None,
    }
}

/// Tells whether a command leaves alone what was moved to a place: it is followed, and names nothing there.
fn leaves(command: &Command, place: &Path) -> bool {
    const KNOWN: [&str; 6] = ["cp", "install", "mkdir", "rm", "sqlite3", "touch"];
    let Cwd::Known(here) = &command.cwd else {
        return false;
    };
    let known = command.steers() || command.is_any(&KNOWN) || command.is_any(&inert::PROGRAMS);
    let name = place.file_name().map(std::ffi::OsStr::to_string_lossy);
    let apart = |word: &Word| {
        let Some(text) = word.text().filter(|_| !word.has_glob() && !word.many) else {
            return false;
        };
        let names = name
            .as_ref()
            .is_some_and(|name| text.contains(name.as_ref()));
        !names && !place.starts_with(lexical(&here.join(&text)))
    };
    let asks = command.is_any(&inert::PROGRAMS) || command.is_any(&["[[", "set"]);
    known
        && command.writes.iter().all(|write| apart(&write.file))
        && (asks || command.args().iter().all(apart))
}

/// Tells whether a name is one of those that `*` and `?` stand for; a pattern with classes fits any name.
fn fits(pattern: &str, name: &str) -> bool {
    if pattern.contains(['[', '(', '{', '/']) {
        return true;
    }
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let ends = name
                .char_indices()
                .map(|(at, _)| at)
                .chain([name.len()])
                .take(MAX_NAME);
            let mut tails = ends.filter_map(|at| name.get(at..));
            // A star does not stand for the dot that hides a name; such a match is one too many at most.
            tails.any(|tail| fits(rest.as_str(), tail))
        }
        Some(sign) => {
            let mut signs = name.chars();
            let first = signs.next();
            let same = first.is_some_and(|first| sign == '?' || first == sign);
            same && fits(rest.as_str(), signs.as_str())
        }
    }
}

/// Characters of a name that a star is tried on.
const MAX_NAME: usize = 256;
