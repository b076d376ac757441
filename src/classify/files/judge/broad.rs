//! New content over what only a pattern, a name or a folder tells.
//! Of too many places only the folder counts, and only what is emptied on purpose.

use std::path::Path;

use super::{Judge, Loss, Over, PATHS_MAX};
use crate::classify::files::kinds;
use crate::classify::files::place::{Place, lexical};
use crate::classify::files::world;
use crate::model::fact::{Answer, Question};

impl Judge<'_, '_> {
    /// New content over all that a pattern names; of too many places only the folder counts.
    pub(super) fn overwrite_glob(&mut self, dir: &Path, pattern: &str, over: Over) {
        let (dir, pattern) = (lexical(dir), pattern.to_owned());
        let named = dir.join(&pattern);
        let counts = over.nulled || over.emptied && kinds::guarded(&named, "").is_some();
        if self.assumed() && counts {
            return self.assumed_overwrite(&named, over);
        }
        let question = Question::Glob {
            dir: dir.clone(),
            pattern,
        };
        match self.ask(question) {
            Some(Answer::Glob(paths)) if paths.len() <= PATHS_MAX => {
                for path in paths {
                    let place = Place::At {
                        path: path.clone(),
                        follow: true,
                    };
                    self.overwrite(&place, over);
                }
            }
            _ => self.emptied_below(&dir, over),
        }
    }

    /// From a folder that is not known only the name can tell, and only what is emptied on purpose counts.
    pub(super) fn loose_overwrite(&mut self, text: &str, over: Over) {
        let path = lexical(Path::new(text));
        if over.emptied && kinds::guarded(&path, "").is_some() {
            let target = world::unnamed_target(text);
            self.losses
                .push(Loss::new("files.overwrite-guarded", target).opaque());
        }
    }

    /// `find /var/log -exec truncate -s 0 {} +`: of what lies there only the folder is known.
    pub(super) fn emptied_below(&mut self, dir: &Path, over: Over) {
        let rule = if !over.emptied {
            return;
        } else if kinds::guarded_folder(dir).is_some() {
            "files.overwrite-guarded"
        } else if kinds::is_system_log(dir) {
            "files.overwrite-system"
        } else {
            return;
        };
        let target = world::path_target(dir);
        self.losses.push(Loss::new(rule, target).opaque());
    }
}
