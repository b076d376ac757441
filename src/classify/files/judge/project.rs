//! Removals of a whole project, or of its repository.
//! What only looks like one, because nothing stands there, goes the ordinary way.

use std::path::Path;

use super::super::report::Loss;
use super::super::rules::{is_empty, tree_lines};
use super::{Judge, Seen};
use crate::model::fact::{Answer, Question};

impl Judge<'_, '_> {
    /// Tells whether a place is the project, above it, or a repository's own folder.
    pub(super) fn is_project(&self, path: &Path, content_only: bool) -> bool {
        let project = &self.context.scene.project;
        if project.starts_with(path) {
            return true;
        }
        path.file_name().is_some_and(|name| name == ".git") && !content_only
            || path == project.join(".git")
    }

    /// Notes the loss with what the project holds; tells whether it is there: the call may put it there first.
    pub(super) fn project(&mut self, mut loss: Loss, path: &Path) -> bool {
        if matches!(self.entry(path), Seen::Absent) {
            return false;
        }
        match self.ask(Question::Tree(path.to_path_buf())) {
            Some(Answer::Tree(tree)) if is_empty(tree) => loss = loss.bare("empty"),
            Some(Answer::Tree(tree)) => loss.lines.extend(tree_lines(tree)),
            _ => {}
        }
        self.losses.push(loss);
        true
    }
}
