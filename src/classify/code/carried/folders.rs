//! What stands in the folders of the world: names with their kinds, one look for a whole folder.
//! A tree that a code goes through level by level is asked for at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::model::fact::{Answer, EntryKind, Question};

use super::value::{Outcome, Stop};
use super::world::{Found, World};

/// Folders that were looked into.
#[derive(Default)]
pub(super) struct Folders {
    known: BTreeMap<PathBuf, BTreeMap<String, Found>>,
    /// Pipes, sockets and devices.
    odd: BTreeSet<PathBuf>,
    /// Folders whose names the code has asked for.
    gone_through: Vec<PathBuf>,
}

impl World<'_> {
    /// Returns what stands at a place of the world as it was.
    pub(super) fn in_world(&mut self, path: &Path) -> Outcome<Found> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Found::Folder);
        };
        let name = name.to_str().ok_or(Stop::Lost)?.to_owned();
        if self.folders.odd.contains(path) {
            return Err(Stop::Lost);
        }
        if let Some(names) = self.folders.known.get(parent) {
            return Ok(names.get(&name).copied().unwrap_or(Found::Nothing));
        }
        match self.folder(&parent.to_path_buf(), false)? {
            Some(_) if self.folders.odd.contains(path) => Err(Stop::Lost),
            Some(names) => Ok(names.get(&name).copied().unwrap_or(Found::Nothing)),
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

    fn folder(&mut self, folder: &PathBuf, deep: bool) -> Outcome<Option<BTreeMap<String, Found>>> {
        if let Some(known) = self.folders.known.get(folder) {
            return Ok(Some(known.clone()));
        }
        let mut all: BTreeMap<PathBuf, Found> = BTreeMap::new();
        let kinds: [(&[&str], Found); 4] = [
            (&[], Found::File),
            (&["-type", "d"], Found::Folder),
            (&["-type", "l"], Found::Link { folder: false }),
            (&["-type", "l", "-xtype", "d"], Found::Link { folder: true }),
        ];
        let shape: &[&str] = match deep {
            true => &["-mindepth", "1"],
            false => &["-mindepth", "1", "-maxdepth", "1"],
        };
        let mut waits = false;
        let mut odd = Vec::new();
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
        let tests = shape.iter().chain(&["-type", "p,s,b,c"]);
        match self.ask(Question::Find {
            shown: format!("{}/", folder.to_str().ok_or(Stop::Lost)?),
            start: folder.clone(),
            tests: tests.map(|test| (*test).to_owned()).collect(),
        })? {
            Some(Answer::Glob(paths)) => odd = paths,
            Some(Answer::Absent) => {}
            None => waits = true,
            Some(_) => return Ok(None),
        }
        if waits {
            return Ok(Some(BTreeMap::new()));
        }
        self.folders.odd.extend(odd);
        self.folders.known.insert(folder.clone(), BTreeMap::new());
        for (path, kind) in all {
            if deep && kind == Found::Folder {
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
