//! What git says of what goes, also where repositories lie inside: submodules, linked work trees, ignored files below a folder.
//! It says what is harmless for git's sake alone; everything else is weighed where the loss is settled.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Judge, Pending, Seen};
use crate::classify::files::kinds;
use crate::classify::files::place::lexical;
use crate::model::fact::{Answer, EntryKind, GitFact, GitPathFact, Question};
use crate::model::git::{GitAbout, GitQuestion};

/// Repositories below a folder that is none itself, of which one call removes something.
const MAX_REPOSITORIES: usize = 20;

impl<'a> Judge<'a, '_> {
    /// Asks git about all that is still open, one question for each repository.
    pub(super) fn git(
        &mut self,
        pending: &[Pending],
    ) -> BTreeMap<PathBuf, (&'a GitFact, &'a GitPathFact)> {
        let mut groups: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for one in pending {
            let project = &self.context.scene.project;
            let dir = if one.path.starts_with(project) && &one.path != project {
                project.clone()
            } else {
                one.path.parent().unwrap_or(&one.path).to_path_buf()
            };
            groups.entry(dir).or_default().push(one.path.clone());
        }
        let mut known = BTreeMap::new();
        let mut apart: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for (dir, mut paths) in groups {
            paths.sort();
            paths.dedup();
            let question = Question::Git {
                dir: dir.clone(),
                paths: paths.clone(),
            };
            match self.ask(question) {
                Some(Answer::Git(fact)) => self.say(fact, &mut known),
                // A folder of several repositories is none itself.
                Some(_) if dir == self.context.scene.project => {
                    for path in paths {
                        let dir = path.parent().unwrap_or(&path).to_path_buf();
                        apart.entry(dir).or_default().push(path);
                    }
                }
                _ => {}
            }
        }
        for (dir, paths) in apart.into_iter().take(MAX_REPOSITORIES) {
            if let Some(Answer::Git(fact)) = self.ask(Question::Git { dir, paths }) {
                self.say(fact, &mut known);
            }
        }
        known
    }

    fn say(
        &mut self,
        fact: &'a GitFact,
        known: &mut BTreeMap<PathBuf, (&'a GitFact, &'a GitPathFact)>,
    ) {
        for path in &fact.paths {
            let (fact, path) = self.inner(fact, path).unwrap_or((fact, path));
            known.insert(path.path.clone(), (fact, path));
        }
    }

    /// What git knows nothing of may lie in a repository inside: a submodule, or another work tree.
    fn inner(
        &mut self,
        all: &GitFact,
        path: &GitPathFact,
    ) -> Option<(&'a GitFact, &'a GitPathFact)> {
        let seen = path.tracked + path.untracked + path.ignored > 0 || path.is_ignored;
        let dir = path.path.parent()?;
        if seen || dir == all.root || !dir.starts_with(&all.root) {
            return None;
        }
        let question = Question::Git {
            dir: dir.to_path_buf(),
            paths: vec![path.path.clone()],
        };
        match self.ask(question) {
            Some(Answer::Git(fact)) if fact.root != all.root => Some((fact, fact.paths.first()?)),
            _ => None,
        }
    }

    /// Tells why a folder with nothing of its own is lost without loss: a clean work tree whose repository lies elsewhere.
    pub(super) fn linked(&mut self, one: &Pending, git: Option<&GitPathFact>) -> bool {
        let own = git.is_none_or(|path| path.tracked == path.submodules);
        if !one.directory || one.narrowed || one.repository_goes || self.assumed() || !own {
            return false;
        }
        let dot = one.path.join(".git");
        if !matches!(self.entry(&dot), Seen::There(entry) if entry.kind == EntryKind::File) {
            return false;
        }
        let question = Question::Git {
            dir: one.path.clone(),
            paths: vec![one.path.clone()],
        };
        let Some(Answer::Git(fact)) = self.ask(question) else {
            return false;
        };
        let clean = |path: &GitPathFact| {
            path.tracked > 0 && path.changed + path.untracked + path.ignored == 0
        };
        let module = fact
            .git_dir
            .components()
            .any(|part| part.as_os_str() == "modules");
        fact.root == one.path
            && fact.has_head
            && (module || fact.branch.is_some())
            && !lexical(&fact.git_dir).starts_with(&one.path)
            && fact.paths.first().is_some_and(clean)
    }

    /// Tells whether all that git ignores below a folder is named in policy as what can be made again.
    pub(super) fn ignored_is_regenerable(&mut self, one: &Pending, all: &GitFact) -> bool {
        let Ok(inside) = one.path.strip_prefix(&all.root) else {
            return false;
        };
        let spec = format!(":(top,literal){}", inside.to_string_lossy());
        let about = GitAbout::Clean(["-ffdX", "--", &spec].map(str::to_owned).to_vec());
        let question = Question::GitDeed(GitQuestion {
            dir: all.root.clone(),
            git_dir: None,
            about,
        });
        let Some(Answer::Glob(names)) = self.ask(question) else {
            return false;
        };
        let project = &self.context.scene.project;
        names
            .iter()
            .all(|name| kinds::regenerable(name, project, self.context.regenerable).is_some())
    }
}
