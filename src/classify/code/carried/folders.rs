//! What stands in the folders of the world: names with their kinds, one look for a whole folder.
//! A tree that a code goes through level by level is asked for at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::fact::{Answer, EntryKind, Question};

use super::value::{Outcome, Stop};
use super::world::{Found, World};

/// Names in one folder, with what they are.
type Names = BTreeMap<String, Option<Found>>;

/// Folders that were looked into.
#[derive(Default)]
pub(super) struct Folders {
    /// Neither file nor folder nor link: nothing.
    known: BTreeMap<PathBuf, Names>,
    /// Folders whose names the code has asked for.
    gone_through: Vec<PathBuf>,
}

/// What stands under a name of a folder; a pipe and its like are not gone into.
const fn kind(found: Option<&Option<Found>>) -> Outcome<Found> {
    match found {
        None => Ok(Found::Nothing),
        Some(Some(found)) => Ok(*found),
        Some(None) => Err(Stop::Lost),
    }
}

impl World<'_> {
    /// Returns what stands at a place of the world as it was.
    pub(super) fn in_world(&mut self, path: &Path) -> Outcome<Found> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Found::Folder);
        };
        let name = name.to_str().ok_or(Stop::Lost)?.to_owned();
        if let Some(names) = self.folders.known.get(parent) {
            return kind(names.get(&name));
        }
        match self.folder(&parent.to_path_buf(), false)? {
            Some(names) => kind(names.get(&name)),
            None => self.entry(path),
        }
    }

    fn entry(&mut self, path: &Path) -> Outcome<Found> {
        match self.ask(Question::Entry(path.to_path_buf()))? {
            None | Some(Answer::Absent) => Ok(Found::Nothing),
            Some(Answer::Entry(entry)) => match entry.kind {
                EntryKind::File => Ok(Found::File),
                EntryKind::Directory => Ok(Found::Folder),
                EntryKind::Link | EntryKind::Device | EntryKind::Other => Err(Stop::Lost),
            },
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Returns the names in a folder of the world as it was; nothing where they are too many.
    pub(super) fn names_in_world(&mut self, folder: &Path) -> Outcome<Vec<String>> {
        // The second level of a walk: all that is below is asked for at once.
        let deep = self
            .folders
            .gone_through
            .iter()
            .any(|other| folder != other && folder.starts_with(other));
        self.folders.gone_through.push(folder.to_path_buf());
        let names = self
            .folder(&folder.to_path_buf(), deep)?
            .ok_or(Stop::Lost)?;
        Ok(names.into_keys().collect())
    }

    /// Looks into a whole tree at once.
    pub(super) fn whole_tree(&mut self, root: &Path) -> Outcome<()> {
        self.folder(&root.to_path_buf(), true)?.ok_or(Stop::Lost)?;
        Ok(())
    }

    fn folder(&mut self, folder: &PathBuf, deep: bool) -> Outcome<Option<Names>> {
        if let Some(known) = self.folders.known.get(folder) {
            return Ok(Some(known.clone()));
        }
        let mut all: BTreeMap<PathBuf, Option<Found>> = BTreeMap::new();
        let kinds: [(&[&str], Option<Found>); 5] = [
            (&[], None),
            (&["-type", "f"], Some(Found::File)),
            (&["-type", "d"], Some(Found::Folder)),
            (&["-type", "l"], Some(Found::Link { folder: false })),
            (
                &["-type", "l", "-xtype", "d"],
                Some(Found::Link { folder: true }),
            ),
        ];
        let shape: &[&str] = match deep {
            true => &["-mindepth", "1"],
            false => &["-mindepth", "1", "-maxdepth", "1"],
        };
        let mut waits = false;
        for (tests, kind) in kinds {
            let tests = shape.iter().chain(tests).map(|test| (*test).to_owned());
            let question = Question::Find {
                shown: format!("{}/", folder.to_str().ok_or(Stop::Lost)?),
                start: folder.clone(),
                tests: tests.collect(),
            };
            match self.ask(question)? {
                Some(Answer::Glob(paths)) => all.extend(paths.into_iter().map(|path| (path, kind))),
                Some(Answer::Absent) => {}
                None => waits = true,
                Some(_) => return Ok(None),
            }
        }
        if waits {
            return Ok(Some(BTreeMap::new()));
        }
        self.folders.known.insert(folder.clone(), BTreeMap::new());
        for (path, kind) in all {
            if deep && kind == Some(Found::Folder) {
                self.folders.known.entry(path.clone()).or_default();
            }
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                continue;
            };
            let name = name.to_str().ok_or(Stop::Lost)?.to_owned();
            let inside = self.folders.known.entry(parent.to_path_buf()).or_default();
            inside.insert(name, kind);
        }
        Ok(self.folders.known.get(folder).cloned())
    }
}
