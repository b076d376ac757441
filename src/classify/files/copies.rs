//! Copies and moves: what stands where something is put, by its name in a folder and, for whole trees, name by name.
//! Whether anything is lost by it is for `judge`.

use std::path::{Path, PathBuf};

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::find;
use super::judge::{How, Judge, New, Over, Seen};
use super::kinds;
use super::named;
use super::place::{Place, lexical};
use crate::model::command::Command;
use crate::model::fact::{Answer, EntryKind, Question};
use crate::model::word::Word;

/// Things of one pattern that are copied one by one.
const SOURCES_MAX: usize = 256;

const INTO: Valued = Valued {
    short: "tS",
    long: &["--target-directory", "--suffix"],
};

/// One thing that is put somewhere.
#[derive(Clone, Debug)]
pub struct Copied {
    /// As its word is written.
    pub shown: String,
    /// Where it stands, as far as that is known.
    pub from: Option<Place>,
    /// `to` is a folder into which it goes, or the file that it replaces.
    pub to: Place,
    pub over: Over,
    /// Folders go with all that is in them.
    pub whole: bool,
    /// What is in the folder goes, and not the folder (`a/.`, `cp -T`, `rsync a/`).
    pub inside: bool,
    /// Without it nothing is done.
    pub needed: bool,
}

/// Tells whether what is there is kept under another name; `--backup=none` and `VERSION_CONTROL=none` keep nothing.
fn backs_up(command: &Command, args: &Args<'_>) -> bool {
    let control = command.env_value("VERSION_CONTROL").and_then(Word::text);
    let kind = args.value(&["--backup"]).map(str::to_owned).or(control);
    args.has(&["-b", "--backup"]) && !matches!(kind.as_deref(), Some("none" | "off"))
}

impl Reader<'_, '_> {
    pub fn mv(&mut self) {
        let command = self.command;
        let mut args = Args::read(command.args(), INTO);
        let keeps = args.has(&["-n", "--no-clobber"])
            || backs_up(command, &args)
            || super::remade::answers_no(command, &args);
        let Some(last) = self.last(&mut args) else {
            return;
        };
        self.copy_beside(&args, &last);
        let destinations = self.written(&last);
        for word in args.operands {
            for (shown, from) in self.each(word) {
                for to in &destinations {
                    self.deeds.push(Deed::Move {
                        from: from.clone(),
                        to: to.clone(),
                        shown: shown.clone(),
                        keeps,
                    });
                }
            }
        }
    }

    /// `mv -b`, `cp -b`: what is there goes under its name with an ending, over what has that name.
    fn copy_beside(&mut self, args: &Args<'_>, to: &Word) {
        let numbered = ["numbered", "t", "existing", "nil", "none", "off"];
        let kind = args.value(&["--backup"]);
        let simple =
            args.has(&["-b", "--backup"]) && !kind.is_some_and(|kind| numbered.contains(&kind));
        if let Some(name) = to.text().filter(|name| simple && !name.ends_with('/')) {
            let ending = args.value(&["-S", "--suffix"]).unwrap_or("~");
            let copy = Word::literal(format!("{name}{ending}"), to.origin.clone());
            self.overwrite(&copy, Over::BESIDE);
        }
    }

    /// Returns where things go: the folder of `-t`, or else the last operand, which is taken off.
    fn last(&self, args: &mut Args<'_>) -> Option<Word> {
        let folder = args.value(&["-t", "--target-directory"]).map(|text| {
            let text = format!("{}/", text.trim_end_matches('/'));
            Word::literal(text, self.command.origin.clone())
        });
        folder.or_else(|| args.operands.pop().cloned())
    }

    /// Returns every place that a word stands for, what `find` hands on among them.
    fn each(&mut self, word: &Word) -> Vec<(String, Place)> {
        if word.has_hole()
            && let Some(paths) = find::handed(self)
        {
            let at = |path: PathBuf| {
                let shown = path.to_string_lossy().into_owned();
                let follow = false;
                (shown, Place::At { path, follow })
            };
            return paths.into_iter().map(at).collect();
        }
        let places = self.places(word).into_iter();
        places.map(|place| (word.shown(), place)).collect()
    }

    /// Returns the places of what is copied: what `find` hands on, one place, or nothing that is known.
    fn sources(&mut self, word: &Word) -> Vec<(String, Option<Place>)> {
        if word.has_hole()
            && let Some(paths) = find::handed(self)
        {
            let at = |path: PathBuf| {
                let shown = path.to_string_lossy().into_owned();
                let follow = false;
                (shown, Some(Place::At { path, follow }))
            };
            return paths.into_iter().map(at).collect();
        }
        let mut places = self.places(word);
        let place = (places.len() == 1).then(|| places.remove(0));
        vec![(word.shown(), place)]
    }

    pub fn cp(&mut self) {
        let command = self.command;
        let mut args = Args::read(command.args(), INTO);
        let kept = ["-n", "--no-clobber", "-u", "--update"];
        if args.has(&kept) || super::remade::answers_no(command, &args) {
            return;
        }
        let Some(last) = self.last(&mut args) else {
            return;
        };
        self.copy_beside(&args, &last);
        if backs_up(command, &args) {
            return;
        }
        let from_nothing = |word: &&&Word| word.text().as_deref() == Some("/dev/null");
        if args.operands.iter().any(|word| from_nothing(&word)) && find::empties(self) {
            return;
        }
        let replaces = args.has(&["--remove-destination"]);
        let whole = args.may_have(&["-r", "-R", "-a", "--recursive", "--archive"]);
        let inside = args.has(&["-T", "--no-target-directory"]);
        for to in self.written(&last) {
            for from in &args.operands {
                let emptied = from.text().is_some_and(|text| {
                    matches!(
                        text.as_str(),
                        "/dev/null" | "/dev/zero" | "/dev/urandom" | "/dev/random"
                    )
                });
                let nulled = from.text().as_deref() == Some("/dev/null");
                let over = Over {
                    emptied,
                    nulled,
                    replaces,
                    ..Over::NEW
                };
                for (shown, from) in self.sources(from) {
                    self.deeds.push(Deed::Copy(Copied {
                        inside: inside || shown.ends_with("/.") || shown == ".",
                        shown,
                        from,
                        to: to.clone(),
                        over,
                        whole,
                        needed: true,
                    }));
                }
            }
        }
    }

    pub fn install(&mut self) {
        let valued = Valued {
            short: "gmoStT",
            long: &[
                "--group",
                "--mode",
                "--owner",
                "--suffix",
                "--target-directory",
            ],
        };
        let command = self.command;
        let mut args = Args::read(command.args(), valued);
        if args.has(&["-d", "--directory"]) || backs_up(command, &args) {
            return;
        }
        let Some(last) = self.last(&mut args) else {
            return;
        };
        for to in self.written(&last) {
            for from in &args.operands {
                // `install -m 600 /dev/null FILE` makes a file that others cannot read, before a secret goes into it.
                let over = Over {
                    replaces: true,
                    provided: from.text().as_deref() == Some("/dev/null"),
                    ..Over::NEW
                };
                for (shown, from) in self.sources(from) {
                    self.deeds
                        .push(Deed::Copy(Copied::file(shown, from, to.clone(), over)));
                }
            }
        }
    }

    pub fn ln(&mut self) {
        let command = self.command;
        let mut args = Args::read(command.args(), INTO);
        if !args.may_have(&["-f", "--force"]) || backs_up(command, &args) {
            return;
        }
        let Some(last) = self.last(&mut args) else {
            return;
        };
        let hard = !args.may_have(&["-s", "--symbolic"]);
        let over = Over {
            replaces: true,
            ..Over::NEW
        };
        for to in self.written(&last) {
            for from in &args.operands {
                let over = Over {
                    emptied: from.text().as_deref() == Some("/dev/null"),
                    ..over
                };
                let place = if hard { self.sources(from) } else { Vec::new() };
                let place = place.into_iter().next().and_then(|(_, place)| place);
                self.deeds.push(Deed::Copy(Copied {
                    needed: hard,
                    ..Copied::file(from.shown(), place, to.clone(), over)
                }));
            }
        }
    }

    /// Notes what is carried to a place of this machine, by `scp` or `rsync`.
    pub fn put(&mut self, from: &Word, to: &Place, over: Over, whole: bool) {
        let shown = from.shown();
        let far = super::deeds::remote(&shown).is_some();
        let place = match far {
            true => None,
            false => self.sources(from).into_iter().next().and_then(|one| one.1),
        };
        self.deeds.push(Deed::Copy(Copied {
            inside: shown.ends_with('/') || shown.ends_with("/.") || shown == ".",
            shown,
            from: place,
            to: to.clone(),
            over,
            whole,
            needed: !far,
        }));
    }
}

impl Copied {
    /// Returns the copy of one file.
    pub const fn file(shown: String, from: Option<Place>, to: Place, over: Over) -> Self {
        Self {
            shown,
            from,
            to,
            over,
            whole: false,
            inside: false,
            needed: true,
        }
    }

    /// Lets the judge say what is lost by it.
    pub fn apply(self, judge: &mut Judge<'_, '_>) {
        for (name, from) in known(judge, self.from.as_ref(), &self.shown) {
            self.one(judge, &name, from.as_deref());
        }
    }

    /// What the call itself puts into the folder goes over what has the same name there.
    fn made(&self, judge: &mut Judge<'_, '_>, name: &str, from: &Path) {
        let to = match (self.inside, &self.to) {
            (true, Place::At { path, .. }) => Some(path.clone()),
            (true, _) => None,
            (false, to) => match landing(judge, to.clone(), name) {
                Some(Place::At { path, .. }) => Some(path),
                _ => None,
            },
        };
        let Some(to) = to else {
            return;
        };
        for path in named::below(from, judge.context()) {
            if let Ok(rest) = path.strip_prefix(from) {
                let path = to.join(rest);
                let follow = false;
                judge.replace(&Place::At { path, follow }, self.over, None);
            }
        }
    }

    fn one(&self, judge: &mut Judge<'_, '_>, name: &str, from: Option<&Path>) {
        let over = self.over;
        if let Some(from) = from.filter(|_| self.whole && !judge.is_assumed()) {
            self.made(judge, name, from);
        }
        let Some(from) = from.filter(|_| !judge.is_assumed()) else {
            if self.inside {
                return;
            }
            if let Some(place) = landing(judge, self.to.clone(), name) {
                judge.overwrite(&place, over);
            }
            return;
        };
        if over.nulled || over.emptied || over.provided {
            if let Some(place) = landing(judge, self.to.clone(), name) {
                judge.overwrite(&place, over);
            }
            return;
        }
        if self.needed
            && !is_of_the_system(&self.to)
            && matches!(judge.entry(from), Seen::Absent)
            && !judge.is_changed_before()
        {
            return;
        }
        let folder = judge
            .followed(from)
            .is_some_and(|entry| entry.kind == EntryKind::Directory);
        if folder && !self.whole {
            return;
        }
        if folder {
            let to = match self.inside {
                true => match &self.to {
                    Place::At { path, .. } => Some(path.clone()),
                    _ => None,
                },
                false => match landing(judge, self.to.clone(), name) {
                    Some(Place::At { path, .. }) => Some(path),
                    _ => None,
                },
            };
            if let Some(to) = to {
                collide(judge, from, &to, over);
            }
            return;
        }
        if let Some(place) = landing(judge, self.to.clone(), name) {
            judge.replace(&place, over, Some(New::File(from.to_path_buf())));
        }
    }
}

/// Returns the name and the path of everything that a place stands for; of one that is not known, the last name of its word.
fn known(
    judge: &mut Judge<'_, '_>,
    from: Option<&Place>,
    shown: &str,
) -> Vec<(String, Option<PathBuf>)> {
    let last = |text: &str| {
        let text = text.trim_end_matches('/');
        text.rsplit('/').next().unwrap_or_default().to_owned()
    };
    match from {
        Some(Place::At { path, .. }) => vec![(last(shown), Some(lexical(path)))],
        Some(Place::Glob { dir, pattern }) if !judge.is_assumed() => {
            match judge.given(dir, pattern) {
                Some(mut paths) if paths.len() <= SOURCES_MAX => {
                    if pattern == "*" {
                        paths.extend(children(dir, judge.context()));
                    }
                    let named = |path: &PathBuf| last(&path.to_string_lossy());
                    paths.sort();
                    paths.dedup();
                    paths
                        .into_iter()
                        .map(|path| (named(&path), Some(path)))
                        .collect()
                }
                _ => vec![(last(shown), None)],
            }
        }
        _ => vec![(last(shown), None)],
    }
}

/// Returns what the call itself puts into a folder, by the first name below it.
fn children(dir: &Path, context: &crate::classify::Context<'_>) -> Vec<PathBuf> {
    let below = named::below(dir, context).into_iter();
    let first = below.filter_map(|path| {
        let rest = path.strip_prefix(dir).ok()?;
        Some(dir.join(rest.components().next()?))
    });
    first.collect()
}

/// Tells whether a place is a device or the system's: what only fails today is worth a question there all the same.
fn is_of_the_system(place: &Place) -> bool {
    let Place::At { path, .. } = place else {
        return false;
    };
    let plain = lexical(path);
    kinds::is_disk(&plain)
        || kinds::is_tape(&plain)
        || kinds::is_setting(&plain)
        || kinds::guarded(&plain, "") == Some(kinds::Guarded::System)
}

/// Judges a tree that is put over another: files of the same name go.
pub fn collide(judge: &mut Judge<'_, '_>, from: &Path, to: &Path, over: Over) {
    if !judge.is_folder(to) {
        return;
    }
    let mut pairs = Vec::new();
    if let Some(paths) = judge.files_below(from) {
        for path in paths {
            if let Ok(rest) = path.strip_prefix(from) {
                pairs.push((path.clone(), to.join(rest)));
            }
        }
    } else if let Some(paths) = judge.files_below(to) {
        for path in paths {
            if let Ok(rest) = path.strip_prefix(to) {
                let old = from.join(rest);
                if !matches!(judge.entry(&old), Seen::Absent) {
                    pairs.push((old, path.clone()));
                }
            }
        }
    } else {
        // Too much on both sides to be compared: any of it may go.
        let place = Place::At {
            path: to.to_path_buf(),
            follow: true,
        };
        let how = How {
            recursive: true,
            narrowed: true,
            repository_goes: false,
            rule: Some("files.overwrite"),
        };
        return judge.removal(&place, how, &to.to_string_lossy());
    }
    for (from, to) in pairs {
        let place = Place::At {
            path: to,
            follow: false,
        };
        judge.replace(&place, over, Some(New::File(from)));
    }
}

/// Returns the path that is really written when something is put at `to`.
fn landing(judge: &mut Judge<'_, '_>, to: Place, name: &str) -> Option<Place> {
    let known = !name.is_empty() && !name.contains(['*', '?', '$', '[']);
    match to {
        Place::At { path, follow } if judge.is_folder(&path) || follow => {
            known.then(|| Place::At {
                path: path.join(name),
                follow: false,
            })
        }
        // An own copy that goes back: `cp /etc/sudoers.bak /etc/sudoers`.
        Place::At { path, .. } if judge.is_assumed() && is_own_copy(name, &path) => None,
        Place::At { path, follow } => Some(Place::At { path, follow }),
        Place::Loose(text) => {
            let folder = text.ends_with('/') || Path::new(&text).extension().is_none();
            match folder {
                true => known.then(|| Place::Loose(format!("{text}/{name}"))),
                false => Some(Place::Loose(text)),
            }
        }
        Place::Glob { .. } | Place::Below { .. } => Some(to),
        Place::Scratch | Place::Anywhere => None,
    }
}

/// Tells whether a name is that of a file of the system or a key, with an ending for a copy of what was there.
fn is_own_copy(name: &str, path: &Path) -> bool {
    let plain = path.file_name().and_then(|name| name.to_str());
    let ending = plain.and_then(|plain| name.strip_prefix(plain));
    super::kinds::is_file_by_name(path)
        && ending.is_some_and(|ending| {
            ending.starts_with(['.', '-', '~', '_'])
                && !matches!(ending, ".new" | ".tmp" | ".temp" | "-new" | "_new")
        })
}

/// Judges a move: what goes by it, and what stood where it goes.
pub fn moved(judge: &mut Judge<'_, '_>, from: &Place, to: Place, shown: &str, keeps: bool) {
    let away = match &to {
        Place::Scratch => true,
        Place::At { path, .. } => judge.is_away(path),
        Place::Glob { dir, .. } | Place::Below { dir, .. } => judge.is_away(&dir.join("any name")),
        Place::Loose(_) | Place::Anywhere => false,
    };
    let how = How {
        recursive: true,
        narrowed: false,
        repository_goes: false,
        rule: Some("files.move-away"),
    };
    if away {
        judge.removal(from, how, shown);
    } else {
        judge.moved_system(from);
    }
    if keeps {
        return;
    }
    let over = Over {
        replaces: true,
        ..Over::NEW
    };
    for (name, path) in known(judge, Some(from), shown) {
        if let Some(path) = path.as_ref().filter(|_| !judge.is_assumed())
            && !is_of_the_system(&to)
            && matches!(judge.entry(path), Seen::Absent)
            && !judge.is_changed_before()
        {
            continue;
        }
        if let Some(place) = landing(judge, to.clone(), &name) {
            judge.replace(&place, over, path.map(New::File));
        }
    }
}

impl Judge<'_, '_> {
    /// Tells whether a path is a folder, as far as that is known.
    fn is_folder(&mut self, path: &Path) -> bool {
        if self.is_assumed() {
            return path.extension().is_none() && !super::kinds::is_file_by_name(path);
        }
        self.followed(path)
            .is_some_and(|entry| entry.kind == EntryKind::Directory)
    }

    /// Returns what a pattern gives.
    fn given(&mut self, dir: &Path, pattern: &str) -> Option<Vec<PathBuf>> {
        let question = Question::Glob {
            dir: dir.to_path_buf(),
            pattern: pattern.to_owned(),
        };
        match self.ask(question) {
            Some(Answer::Glob(paths)) => Some(paths.clone()),
            Some(Answer::Absent) => Some(Vec::new()),
            Some(_) | None => None,
        }
    }

    /// Returns every file and link below a folder, where there are not too many.
    pub fn files_below(&mut self, dir: &Path) -> Option<Vec<PathBuf>> {
        let question = Question::Find {
            start: dir.to_path_buf(),
            shown: ".".to_owned(),
            tests: ["!", "-type", "d"].map(str::to_owned).to_vec(),
        };
        match self.ask(question) {
            Some(Answer::Glob(paths)) => Some(paths.clone()),
            Some(Answer::Absent) => Some(Vec::new()),
            // Not asked yet: nothing is said in this round.
            None => Some(Vec::new()),
            Some(_) => None,
        }
    }
}
