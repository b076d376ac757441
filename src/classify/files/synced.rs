//! `rsync --delete` between folders of this machine: what is missing in the source goes, and what is there in both may get other content.
//! Which filters protect what is not reckoned: they only ever keep more.

use std::path::{Path, PathBuf};

use super::argv::Args;
use super::copies::collide;
use super::deeds::{Deed, Reader};
use super::judge::{How, Judge, Over, Seen};
use super::place::{Place, lexical};
use crate::model::word::Word;

/// One folder that is made like another.
#[derive(Clone, Debug)]
pub struct Synced {
    /// Where the files come from, where it is one folder that is known.
    from: Option<PathBuf>,
    to: Place,
    shown: String,
    /// What is there already keeps its content.
    keeps: bool,
}

const HOW: How = How {
    recursive: true,
    narrowed: true,
    repository_goes: false,
    rule: Some("files.sync-delete"),
};

impl Reader<'_, '_> {
    /// Notes a folder that loses what its source does not have; `args` holds the sources.
    pub fn synced(&mut self, args: &Args<'_>, to: &Word) {
        let keeps = ["--ignore-existing", "-u", "--update"];
        let keeps = args.has(&keeps);
        // An abbreviation of these is no reason to look: `--delete` is one itself.
        let wider = |(flag, _): (&str, _)| matches!(flag, "--delete-excluded" | "--files-from");
        let wider = args.flags().any(wider);
        let from = match args.operands.as_slice() {
            [one] if !wider => self.tree(one, to),
            _ => None,
        };
        if from.is_none() || self.context.facts.assumed {
            return self.remove(to, HOW);
        }
        for place in self.places(to) {
            self.deeds.push(Deed::Sync(Synced {
                from: from.as_ref().map(|(from, _)| from.clone()),
                to: match (&from, place) {
                    (Some((_, Some(name))), Place::At { path, follow }) => Place::At {
                        path: path.join(name),
                        follow,
                    },
                    (_, place) => place,
                },
                shown: to.shown(),
                keeps,
            }));
        }
    }

    /// Returns the folder that is sent, and the name that it keeps over there; with a slash behind it only what is in it goes.
    fn tree(&mut self, word: &Word, to: &Word) -> Option<(PathBuf, Option<String>)> {
        let shown = word.text()?;
        if super::deeds::remote(&shown).is_some() || to.has_hole() {
            return None;
        }
        let places = self.places(word);
        let [Place::At { path, .. }] = places.as_slice() else {
            return None;
        };
        let path = lexical(path);
        let inside = shown.ends_with('/') || shown.ends_with("/.") || shown == ".";
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.map(str::to_owned).filter(|_| !inside);
        (inside || name.is_some()).then_some((path, name))
    }
}

impl Synced {
    /// Lets the judge say what is lost by it.
    pub fn apply(self, judge: &mut Judge<'_, '_>) {
        let known = match (&self.from, &self.to) {
            (Some(from), Place::At { path, .. }) if !judge.is_assumed() => {
                Some((from.clone(), lexical(path)))
            }
            _ => None,
        };
        let Some((from, to)) = known.filter(|_| !judge.is_changed_before()) else {
            return judge.removal(&self.to, HOW, &self.shown);
        };
        match more(judge, &from, &to) {
            Some(false) => {}
            Some(true) | None => return judge.removal(&self.to, HOW, &self.shown),
        }
        if !self.keeps {
            let over = Over {
                replaces: true,
                ..Over::NEW
            };
            collide(judge, &from, &to, over);
        }
    }
}

/// Tells whether a folder has files that another does not; nothing where there are too many of them.
fn more(judge: &mut Judge<'_, '_>, from: &Path, to: &Path) -> Option<bool> {
    match judge.entry(from) {
        // A source that is not there is an error, and nothing is deleted then.
        Seen::Absent => return Some(false),
        Seen::Unknown => return None,
        Seen::There(_) => {}
    }
    let mut any = false;
    for path in judge.files_below(to)? {
        let rest = path.strip_prefix(to).ok()?;
        match judge.entry(&from.join(rest)) {
            Seen::There(_) => {}
            Seen::Absent | Seen::Unknown => any = true,
        }
    }
    Some(any)
}
