//! Where a runner finds its tasks: in the folder at hand, or in the nearest one above it that keeps such a file.
//! There it also runs them.

use std::path::{Path, PathBuf};

use crate::model::command::Cwd;
use crate::model::fact::Answer;
use crate::model::word::Word;

use super::super::state::{State, nowhere};
use super::super::unfold::Unfolder;

/// Folders above that are looked at.
const ABOVE_MAX: usize = 12;

impl Unfolder<'_> {
    /// Takes a shell to the nearest folder that keeps one of these files; where there is none it stays.
    pub(super) fn go_home(&mut self, names: &[&str], st: &mut State) {
        let Some(cwd) = st.known_cwd().filter(|_| !st.far).map(Path::to_owned) else {
            return;
        };
        match self.keeps(&cwd, names, st) {
            Some(false) => {}
            Some(true) | None => return,
        }
        let above: Vec<PathBuf> = (cwd.ancestors().skip(1).take(ABOVE_MAX))
            .map(Path::to_owned)
            .collect();
        // All are asked at once: each round of questions costs.
        let kept: Vec<Option<bool>> = (above.iter())
            .map(|folder| self.keeps(folder, names, st))
            .collect();
        if kept.contains(&None) {
            return;
        }
        let mut found = above.into_iter().zip(kept);
        if let Some((folder, _)) = found.find(|(_, kept)| *kept == Some(true)) {
            st.cwd = vec![Cwd::Known(folder)];
        }
    }

    /// Tells whether a folder keeps one of these files; nothing while that is not answered.
    fn keeps(&mut self, folder: &Path, names: &[&str], st: &State) -> Option<bool> {
        let mut known = Some(false);
        for name in names {
            let path = folder.join(name);
            let word = Word::literal(path.to_string_lossy(), nowhere());
            if self.content(&word, st).is_some() {
                return Some(true);
            }
            match self.read(path) {
                Some(Answer::Text { .. } | Answer::Unknown(_)) => return Some(true),
                Some(_) => {}
                None => known = None,
            }
        }
        known
    }
}
